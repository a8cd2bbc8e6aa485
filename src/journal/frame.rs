//! Codec of a frame: the records of one commit, packed. No IO.
//!
//! ```text
//! frame  = 1 (format) record*
//! record = kind u16, version u16, at_ms i64, private u16, len u32, check [8], private × commitment [16], bytes [len]
//! ```
//!
//! Numbers are little-endian. `check` is the beginning of the record's link in the chain, so that a fault is pinned to one
//! record; the whole link of the last one stands beside the frame. Packing a commit into one row makes reading a million
//! records a matter of a few thousand rows, and costs 26 bytes a record.

use super::chain::{Fields, Head};
use super::error::JournalError;
use super::vault::limit;
use super::{NewRecord, RecordRef};

/// Largest record. A release is one record, whatever it reaches: with 1 000 000 deliveries and an ask for every second of them
/// it is about 20 MB, and a limit that it does not fit means that it goes out of memory alone. Other large things are blobs,
/// named by hash.
pub const RECORD_BYTES_MAX: usize = 32 << 20;
/// Most private values that one record commits to.
pub const PRIVATE_PER_RECORD_MAX: usize = u16::MAX as usize;

const FORMAT: u8 = 1;
const FIXED_BYTES: usize = 2 + 2 + 8 + 2 + 4 + CHECK_BYTES;
const CHECK_BYTES: usize = 8;

/// A frame being written.
pub(crate) struct FrameWriter {
    pub head: Head,
    pub count: u32,
    pub body: Vec<u8>,
    commitments: Vec<[u8; 16]>,
}

impl FrameWriter {
    pub fn after(head: Head) -> Self {
        Self { head, count: 0, body: vec![FORMAT], commitments: Vec::new() }
    }

    /// Adds a record that [`check_limits`] passed.
    pub fn push(&mut self, record: &NewRecord) {
        self.commitments.clear();
        self.commitments.extend(record.private.iter().map(|value| value.commitment().0));
        let fields = Fields {
            kind: record.kind,
            version: record.version,
            at_ms: record.at_ms,
            commitments: &self.commitments,
            bytes: &record.bytes,
        };
        self.head = self.head.then(&fields);
        self.count += 1;
        let mut fixed = [0; FIXED_BYTES];
        fixed[0..2].copy_from_slice(&fields.kind.to_le_bytes());
        fixed[2..4].copy_from_slice(&fields.version.to_le_bytes());
        fixed[4..12].copy_from_slice(&fields.at_ms.to_le_bytes());
        fixed[12..14].copy_from_slice(&(self.commitments.len() as u16).to_le_bytes());
        fixed[14..18].copy_from_slice(&(record.bytes.len() as u32).to_le_bytes());
        fixed[18..].copy_from_slice(&self.head.hash[..CHECK_BYTES]);
        self.body.extend_from_slice(&fixed);
        self.body.extend_from_slice(self.commitments.as_flattened());
        self.body.extend_from_slice(&record.bytes);
    }
}

/// Refuses a record that the frame can't hold.
pub(crate) fn check_limits(record: &NewRecord) -> Result<(), JournalError> {
    limit("RECORD_BYTES_MAX", record.bytes.len(), RECORD_BYTES_MAX)?;
    limit("PRIVATE_PER_RECORD_MAX", record.private.len(), PRIVATE_PER_RECORD_MAX)
}

/// How many bytes it takes up in a frame.
pub(crate) fn stored_bytes(record: &NewRecord) -> usize {
    FIXED_BYTES + record.private.len() * 16 + record.bytes.len()
}

/// Reads a frame record by record and recomputes the chain on the way.
pub(crate) struct FrameReader<'a> {
    head: Head,
    rest: &'a [u8],
}

impl<'a> FrameReader<'a> {
    /// `before` is the head that the frame was appended to.
    pub fn new(before: Head, body: &'a [u8]) -> Result<Self, JournalError> {
        match body {
            [FORMAT, rest @ ..] => Ok(Self { head: before, rest }),
            [other, ..] => Err(JournalError::corrupt(before.seq + 1, format!("frame of unknown format {other}"))),
            [] => Err(JournalError::corrupt(before.seq + 1, "empty frame")),
        }
    }

    /// Head after the records read so far.
    pub fn head(&self) -> Head {
        self.head
    }

    /// The next record, verified; `None` at the end of the frame.
    pub fn next(&mut self) -> Result<Option<RecordRef<'a>>, JournalError> {
        if self.rest.is_empty() {
            return Ok(None);
        }
        let seq = self.head.seq + 1;
        let record = self.split(seq)?;
        self.head = Head { seq, hash: record.hash };
        Ok(Some(record))
    }

    fn split(&mut self, seq: u64) -> Result<RecordRef<'a>, JournalError> {
        let short = || JournalError::corrupt(seq, "the frame ends within it");
        let (kind, rest) = self.rest.split_first_chunk().ok_or_else(short)?;
        let (version, rest) = rest.split_first_chunk().ok_or_else(short)?;
        let (at_ms, rest) = rest.split_first_chunk().ok_or_else(short)?;
        let (private, rest) = rest.split_first_chunk().ok_or_else(short)?;
        let (len, rest) = rest.split_first_chunk().ok_or_else(short)?;
        let (check, rest) = rest.split_first_chunk::<CHECK_BYTES>().ok_or_else(short)?;
        let private = usize::from(u16::from_le_bytes(*private));
        let (commitments, rest) = rest.split_at_checked(private * 16).ok_or_else(short)?;
        let (bytes, rest) = rest.split_at_checked(u32::from_le_bytes(*len) as usize).ok_or_else(short)?;
        let fields = Fields {
            kind: u16::from_le_bytes(*kind),
            version: u16::from_le_bytes(*version),
            at_ms: i64::from_le_bytes(*at_ms),
            commitments: commitments.as_chunks().0,
            bytes,
        };
        let head = self.head.then(&fields);
        if head.hash[..CHECK_BYTES] != check[..] {
            return Err(JournalError::corrupt(seq, "its hash does not follow from its bytes and the record before"));
        }
        self.rest = rest;
        Ok(RecordRef {
            seq,
            kind: fields.kind,
            version: fields.version,
            at_ms: fields.at_ms,
            bytes,
            hash: head.hash,
            commitments: fields.commitments,
        })
    }
}

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, reason = "tests")]
    use proptest::prelude::*;

    use super::*;

    fn frame(records: &[Vec<u8>]) -> FrameWriter {
        let mut frame = FrameWriter::after(Head::START);
        for (n, bytes) in records.iter().enumerate() {
            frame.push(&NewRecord::new(n as u16, 1, 1000 + n as i64, bytes.clone()));
        }
        frame
    }

    fn read(body: &[u8]) -> Result<(Vec<Vec<u8>>, Head), JournalError> {
        let mut reader = FrameReader::new(Head::START, body)?;
        let mut all = Vec::new();
        while let Some(record) = reader.next()? {
            assert_eq!(record.seq as usize, all.len() + 1);
            all.push(record.bytes.to_vec());
        }
        Ok((all, reader.head()))
    }

    #[test]
    fn exact_bytes() {
        let mut writer = FrameWriter::after(Head::START);
        writer.push(&NewRecord::new(0x0102, 3, 4, b"ab".to_vec()));
        let mut expected = vec![1, 2, 1, 3, 0, 4, 0, 0, 0, 0, 0, 0, 0, 0, 0, 2, 0, 0, 0];
        expected.extend(&writer.head.hash[..8]);
        expected.extend(b"ab");
        assert_eq!(writer.body, expected);
    }

    proptest! {
        #[test]
        fn records_come_back(records in prop::collection::vec(prop::collection::vec(any::<u8>(), 0..40), 0..20)) {
            let writer = frame(&records);
            prop_assert_eq!(read(&writer.body).unwrap(), (records, writer.head));
        }

        /// A flipped byte is found in the record that holds it, or in the one after when a length moved.
        #[test]
        fn any_flipped_byte_is_found(
            records in prop::collection::vec(prop::collection::vec(any::<u8>(), 0..40), 1..20),
            at in any::<prop::sample::Index>(), flip in 1..=255u8,
        ) {
            let mut writer = frame(&records);
            let at = at.index(writer.body.len());
            writer.body[at] ^= flip;
            let error = read(&writer.body).unwrap_err();
            let mut end = 1;
            let holder = records.iter().position(|r| { end += FIXED_BYTES + r.len(); at < end }).unwrap() as u64 + 1;
            prop_assert!(matches!(error, JournalError::Corrupt { seq: Some(seq), .. } if seq == holder), "{error} {holder}");
        }

        #[test]
        fn any_bytes_are_read_without_panic(body in prop::collection::vec(any::<u8>(), 0..200)) {
            let _ = read(&body);
            let _ = read(&[&[FORMAT], &body[..]].concat());
        }
    }
}
