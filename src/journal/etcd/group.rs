//! What one append writes, as bytes: in etcd, and between nodes. No IO.
//!
//! ```text
//! value   = 1, hash [32] of content, content
//!         | 2, hash [32] of content, length u64, parts u32           the content lies in that many `part/` values
//! content = before (seq u64, hash [32]), end (seq u64, hash [32])
//!           frame    len u32, bytes                                  as in the folder: frame.rs
//!           keys     count u32 × ( name len u8, name, wrapped len u16, wrapped )
//!           private  count u32 × ( key u32, commitment [16], sealed len u32, sealed )
//!           blobs    count u32 × ( hash [32], len u32, bytes )
//!           forget   count u32 × ( name len u8, name )
//! ```
//!
//! Numbers are little-endian. A wrapped key or a sealed value without bytes is one that is forgotten by now. Whatever the bytes are,
//! reading gives an error or a group whose chain holds, whose private values are just those that its records commit to, and whose blobs
//! are what they are called.

use std::collections::{BTreeSet, HashMap, HashSet};
use std::fmt;
use std::sync::Arc;

use super::super::frame::{FrameReader, FrameWriter, RECORD_BYTES_MAX};
use super::super::vault::{self, INCIDENT_NAME_BYTES_MAX, PRIVATE_BYTES_MAX, Sealer};
use super::super::{Append, BLOB_BYTES_MAX, Batch, Commitment, Hash, Head, JournalError, Sealed, hash_of};

/// Largest value that is put into etcd, which refuses more than 1.5 MiB in a request.
pub const GROUP_VALUE_BYTES_MAX: usize = 1 << 20;
/// Largest content of one append: many times what one batch of a large region is.
pub const GROUP_CONTENT_BYTES_MAX: usize = 256 << 20;
/// Most incidents that one append forgets. Who was away for long is told all of them at once.
pub const GROUP_FORGET_MAX: usize = 1_000_000;

/// Format byte: the content follows.
const WHOLE: u8 = 1;
/// Format byte: the content lies elsewhere.
const IN_PARTS: u8 = 2;
const HEAD_BYTES: usize = 8 + 32;
/// What stands before a whole content.
const WHOLE_BYTES: usize = 1 + 32;
/// Most bytes of a wrapped key: nonce, key and tag are 72.
const WRAPPED_BYTES_MAX: usize = 256;
/// What encryption adds to a private value: nonce and tag.
const SEALED_OVERHEAD_BYTES: usize = 24 + 16;
/// What stands beside a private value, a blob or a name, at most.
const BESIDE_BYTES: usize = 2 * (INCIDENT_NAME_BYTES_MAX + WRAPPED_BYTES_MAX);

/// What one append writes, read and checked or about to be written.
#[derive(Clone)]
pub(in crate::journal) struct Group {
    pub before: Head,
    pub end: Head,
    /// The frame.
    pub body: Vec<u8>,
    /// Private values; without bytes, when they are forgotten.
    pub private: Vec<Sealed>,
    pub blobs: Vec<(Hash, Vec<u8>)>,
    pub forget: Vec<String>,
}

impl fmt::Debug for Group {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Group({} to {})", self.before, self.end)
    }
}

/// One answer a batch, in order: the head after it.
pub(in crate::journal) type Answers = Vec<Result<Head, JournalError>>;

impl Group {
    /// Of those batches that fit, one after the other.
    pub fn of(before: Head, group: &[Append], sealer: &Sealer) -> (Self, Answers) {
        let mut frame = FrameWriter::after(before);
        let mut made =
            Self { before, end: before, body: Vec::new(), private: Vec::new(), blobs: Vec::new(), forget: Vec::new() };
        let mut answers = Vec::with_capacity(group.len());
        for Append { expected_seq, batch } in group {
            let checked = match frame.head.seq == *expected_seq {
                true => check(batch, sealer),
                false => Err(JournalError::Conflict { expected: *expected_seq, found: frame.head.seq }),
            };
            if checked.is_ok() {
                batch.records.iter().for_each(|record| frame.push(record));
                made.private.extend(batch.records.iter().flat_map(|r| &r.private).cloned());
                made.blobs.extend(batch.blobs.iter().cloned());
                made.forget.extend(batch.forget.iter().cloned());
            }
            answers.push(checked.map(|()| frame.head));
        }
        (made.end, made.body) = (frame.head, frame.body);
        (made, answers)
    }

    /// How many records it holds.
    pub fn count(&self) -> u64 {
        self.end.seq - self.before.seq
    }

    /// Its content, as bytes.
    pub fn content(&self) -> Vec<u8> {
        let mut keys: Vec<&Sealed> = Vec::new();
        let mut indices: HashMap<&str, u32> = HashMap::new();
        for value in &self.private {
            indices.entry(&value.incident).or_insert_with(|| {
                keys.push(value);
                (keys.len() - 1) as u32
            });
        }
        let mut out = Writer(Vec::with_capacity(2 * HEAD_BYTES + self.body.len() + 64));
        out.head(self.before);
        out.head(self.end);
        out.bytes(&self.body);
        out.count(keys.len());
        for key in keys {
            out.name(&key.incident);
            out.0.extend_from_slice(&(key.wrapped.len() as u16).to_le_bytes());
            out.0.extend_from_slice(&key.wrapped);
        }
        out.count(self.private.len());
        for value in &self.private {
            let key = indices.get(&*value.incident).copied().unwrap_or_default();
            out.0.extend_from_slice(&key.to_le_bytes());
            out.0.extend_from_slice(&value.commitment.0);
            out.bytes(&value.sealed);
        }
        out.count(self.blobs.len());
        for (hash, bytes) in &self.blobs {
            out.0.extend_from_slice(hash);
            out.bytes(bytes);
        }
        out.count(self.forget.len());
        self.forget.iter().for_each(|incident| out.name(incident));
        out.0
    }

    /// Reads a content.
    ///
    /// # Errors
    /// [`JournalError::Corrupt`].
    pub fn read(content: &[u8]) -> Result<Self, JournalError> {
        let mut rest = Rest { bytes: content, seq: None };
        let before = rest.head()?;
        rest.seq = before.seq.checked_add(1);
        let end = rest.head()?;
        let body = rest.counted(GROUP_CONTENT_BYTES_MAX)?.to_vec();
        let count = rest.count(1 + 2)?;
        let mut keys: Vec<(Arc<str>, Arc<[u8]>)> = Vec::with_capacity(count);
        let mut names = HashSet::with_capacity(count);
        for _ in 0..count {
            let name = rest.name()?;
            if !names.insert(name) {
                return rest.wrong("two keys for one incident");
            }
            let len = usize::from(u16::from_le_bytes(rest.array()?));
            keys.push((name.into(), rest.take(len, WRAPPED_BYTES_MAX)?.into()));
        }
        let count = rest.count(4 + Commitment::BYTES + 4)?;
        let mut private = Vec::with_capacity(count);
        let mut used = 0;
        for _ in 0..count {
            let key = u32::from_le_bytes(rest.array()?) as usize;
            let commitment = Commitment(rest.array()?);
            let sealed = rest.counted(PRIVATE_BYTES_MAX + SEALED_OVERHEAD_BYTES)?.to_vec();
            // Keys stand in the order in which they are first used.
            let Some((incident, wrapped)) = keys.get(key).filter(|_| key <= used) else {
                return rest.wrong("a private value without a key");
            };
            used = used.max(key + 1);
            private.push(Sealed { incident: incident.clone(), commitment, sealed, wrapped: wrapped.clone() });
        }
        if used < keys.len() {
            return rest.wrong("a key without a private value");
        }
        let count = rest.count(32 + 4)?;
        let mut blobs = Vec::with_capacity(count);
        for _ in 0..count {
            let hash: Hash = rest.array()?;
            let bytes = rest.counted(BLOB_BYTES_MAX)?;
            if hash_of(bytes) != hash {
                return rest.wrong("a blob is not what its hash says");
            }
            blobs.push((hash, bytes.to_vec()));
        }
        let count = rest.count(1)?;
        if count > GROUP_FORGET_MAX {
            return rest.wrong("it forgets too much");
        }
        let mut forget = Vec::with_capacity(count);
        for _ in 0..count {
            forget.push(rest.name()?.to_owned());
        }
        if !rest.bytes.is_empty() {
            return rest.wrong("something stands behind its end");
        }
        let group = Self { before, end, body, private, blobs, forget };
        group.check_chain()?;
        Ok(group)
    }

    /// The frame leads from one head to the other, and the private values are those that its records commit to.
    fn check_chain(&self) -> Result<(), JournalError> {
        let wrong = |what: &str| JournalError::corrupt(self.before.seq.checked_add(1), what);
        if self.end.seq <= self.before.seq || self.end.seq > i64::MAX as u64 {
            return Err(wrong("an append without records"));
        }
        let mut reader = FrameReader::new(self.before, &self.body)?;
        let mut committed = BTreeSet::new();
        while let Some(record) = reader.next()? {
            if record.bytes.len() > RECORD_BYTES_MAX {
                return Err(wrong("a record is over its limit"));
            }
            committed.extend(record.commitments());
        }
        if reader.head() != self.end {
            return Err(wrong("its frame does not lead to its end"));
        }
        let there: BTreeSet<_> = self.private.iter().map(|value| value.commitment).collect();
        if there != committed {
            return Err(wrong("its private values are not those that its records commit to"));
        }
        Ok(())
    }
}

/// What of a batch can be refused by itself.
fn check(batch: &Batch, sealer: &Sealer) -> Result<(), JournalError> {
    batch.check_limits()?;
    vault::limit("GROUP_FORGET_MAX", batch.forget.len(), GROUP_FORGET_MAX)?;
    vault::limit("GROUP_CONTENT_BYTES_MAX", bytes_of(batch), GROUP_CONTENT_BYTES_MAX)?;
    if batch.records.is_empty() && !batch.is_empty() {
        return Err(JournalError::Cluster {
            what: "a batch without records has no place in the order of all sites".into(),
        });
    }
    // Another node's key for this incident has come since: sealed under a key that nobody stores, it could never be opened.
    if !batch.records.iter().flat_map(|r| &r.private).all(|value| sealer.is_current(value)) {
        return Err(JournalError::Cluster {
            what: "a private value was sealed before another site sealed for its incident".into(),
        });
    }
    Ok(())
}

/// What a batch takes up in a content, at most.
pub(super) fn bytes_of(batch: &Batch) -> usize {
    let private = batch.records.iter().flat_map(|r| &r.private).map(|v| v.sealed.len() + BESIDE_BYTES);
    let blobs = batch.blobs.iter().map(|(_, bytes)| bytes.len() + BESIDE_BYTES);
    let forget = batch.forget.iter().map(|name| name.len() + 1);
    private.chain(blobs).chain(forget).fold(batch.stored_bytes() + BESIDE_BYTES, usize::saturating_add)
}

/// A content with what stands before it, as it goes from node to node, and into etcd when it is not too large.
pub(in crate::journal) fn whole(content: &[u8]) -> Vec<u8> {
    [&[WHOLE], &hash_of(content)[..], content].concat()
}

/// What goes into etcd for a content.
pub(super) struct Encoded {
    /// Under `j/`.
    pub value: Vec<u8>,
    pub hash: Hash,
    /// Under `part/`, before that; none, when the value holds it all.
    pub parts: Vec<Vec<u8>>,
}

impl Encoded {
    pub fn of(content: &[u8]) -> Self {
        let hash = hash_of(content);
        if content.len() + WHOLE_BYTES <= GROUP_VALUE_BYTES_MAX {
            return Self { value: [&[WHOLE], &hash[..], content].concat(), hash, parts: Vec::new() };
        }
        let parts: Vec<_> = content.chunks(GROUP_VALUE_BYTES_MAX).map(<[u8]>::to_vec).collect();
        let mut value = vec![IN_PARTS];
        value.extend_from_slice(&hash);
        value.extend_from_slice(&(content.len() as u64).to_le_bytes());
        value.extend_from_slice(&(parts.len() as u32).to_le_bytes());
        Self { value, hash, parts }
    }
}

/// What a value says.
#[derive(Debug)]
pub(super) enum Value<'a> {
    Whole(&'a [u8]),
    InParts { hash: Hash, len: usize, parts: u32 },
}

impl<'a> Value<'a> {
    /// Reads a value; `seq` is told when it is damaged.
    pub fn read(value: &'a [u8], seq: u64) -> Result<Self, JournalError> {
        let mut rest = Rest { bytes: value, seq: Some(seq) };
        let [format] = rest.array()?;
        let hash = rest.array()?;
        match format {
            WHOLE if hash_of(rest.bytes) == hash => Ok(Self::Whole(rest.bytes)),
            WHOLE => rest.wrong("its hash does not follow from its bytes"),
            IN_PARTS => {
                let len = usize::try_from(u64::from_le_bytes(rest.array()?)).unwrap_or(usize::MAX);
                let parts = u32::from_le_bytes(rest.array()?);
                if len > GROUP_CONTENT_BYTES_MAX || parts as usize != len.div_ceil(GROUP_VALUE_BYTES_MAX) {
                    return rest.wrong("its length is not that of its parts");
                }
                if !rest.bytes.is_empty() {
                    return rest.wrong("something stands behind its end");
                }
                Ok(Self::InParts { hash, len, parts })
            }
            other => rest.wrong(format!("an append of unknown format {other}: a newer version wrote it")),
        }
    }
}

/// The hash of the parts that a value names, for whoever sweeps.
pub(super) fn parts_named(value: &[u8]) -> Option<Hash> {
    match Value::read(value, 0) {
        Ok(Value::InParts { hash, .. }) => Some(hash),
        _ => None,
    }
}

struct Writer(Vec<u8>);

/// Limits that were checked before keep all lengths inside their types.
impl Writer {
    fn head(&mut self, head: Head) {
        self.0.extend_from_slice(&head.seq.to_le_bytes());
        self.0.extend_from_slice(&head.hash);
    }
    fn count(&mut self, count: usize) {
        self.0.extend_from_slice(&(count as u32).to_le_bytes());
    }
    fn bytes(&mut self, bytes: &[u8]) {
        self.count(bytes.len());
        self.0.extend_from_slice(bytes);
    }
    fn name(&mut self, name: &str) {
        self.0.push(name.len() as u8);
        self.0.extend_from_slice(name.as_bytes());
    }
}

/// What is left to read.
struct Rest<'a> {
    bytes: &'a [u8],
    /// The first record that can't be trusted when it is damaged.
    seq: Option<u64>,
}

impl<'a> Rest<'a> {
    fn wrong<T>(&self, what: impl Into<String>) -> Result<T, JournalError> {
        Err(JournalError::corrupt(self.seq, what))
    }
    fn array<const N: usize>(&mut self) -> Result<[u8; N], JournalError> {
        let Some((array, rest)) = self.bytes.split_first_chunk() else { return self.wrong("it ends too early") };
        self.bytes = rest;
        Ok(*array)
    }
    fn take(&mut self, len: usize, max: usize) -> Result<&'a [u8], JournalError> {
        if len > max {
            return self.wrong("a length is over its limit");
        }
        let Some((taken, rest)) = self.bytes.split_at_checked(len) else { return self.wrong("it ends too early") };
        self.bytes = rest;
        Ok(taken)
    }
    fn counted(&mut self, max: usize) -> Result<&'a [u8], JournalError> {
        let len = u32::from_le_bytes(self.array()?) as usize;
        self.take(len, max)
    }
    fn head(&mut self) -> Result<Head, JournalError> {
        Ok(Head { seq: u64::from_le_bytes(self.array()?), hash: self.array()? })
    }
    fn name(&mut self) -> Result<&'a str, JournalError> {
        let [len] = self.array()?;
        let name = self.take(usize::from(len), INCIDENT_NAME_BYTES_MAX)?;
        std::str::from_utf8(name).or_else(|_| self.wrong("a name is not text"))
    }
    /// How many there are; a number that the bytes can't hold, with at least so many bytes each, must not take memory.
    fn count(&mut self, least: usize) -> Result<usize, JournalError> {
        let count = u32::from_le_bytes(self.array()?) as usize;
        if count > self.bytes.len() / least { self.wrong("it ends too early") } else { Ok(count) }
    }
}
