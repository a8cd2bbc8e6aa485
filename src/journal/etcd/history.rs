//! A folder's own history as appends, for another node that was away for longer than etcd remembers.

use std::collections::HashSet;

use rusqlite::{Connection, OptionalExtension, params};

use super::super::frame::FrameReader;
use super::super::read::{SqliteReader, recorded_head};
use super::super::vault::Sealed;
use super::super::{Commitment, Hash, Head, JournalError, Reader};
use super::group::{Group, whole};

/// Digits of a blob's hash, as records name it.
const NAME_DIGITS: usize = 64;

/// What a folder holds after a head, one append each, as [`Journal::take`](super::super::Journal::take) wants it: from the oldest on, so many
/// that they take up about `max_bytes`, but at least one; none, when there is nothing more. What this folder has forgotten, the first one
/// forgets. A blob goes with the append whose records name it by its hash, in hexadecimal digits.
///
/// # Errors
/// The head is none of this folder's, or does not end an append here; or the folder can't be read.
pub fn groups_after(reader: &SqliteReader, after: Head, max_bytes: usize) -> Result<Vec<Vec<u8>>, JournalError> {
    let failed = |e: rusqlite::Error| JournalError::sqlite("reading for another node", &e);
    let conn = &reader.conn;
    let recorded = recorded_head(conn)?;
    if after.seq > recorded.seq {
        return Err(JournalError::Behind { have: recorded.seq, first: after.seq + 1 });
    }
    if reader.head_at(after.seq)? != Some(after) {
        return Err(JournalError::Apart { seq: after.seq });
    }
    let blobs = Blobs::read(conn).map_err(failed)?;
    let mut frames = conn.prepare_cached("SELECT body FROM frames WHERE first = ?1").map_err(failed)?;
    let (mut before, mut groups, mut bytes) = (after, Vec::new(), 0);
    while before.seq < recorded.seq && (groups.is_empty() || bytes < max_bytes) {
        let first = before.seq + 1;
        let body: Option<Vec<u8>> =
            frames.query_row([first.cast_signed()], |row| row.get(0)).optional().map_err(failed)?;
        let body = body.ok_or_else(|| JournalError::corrupt(first, "no append begins with it here"))?;
        let mut records = FrameReader::new(before, &body)?;
        let (mut private, mut seen) = (Vec::new(), HashSet::new());
        while let Some(record) = records.next()? {
            for commitment in record.commitments() {
                if seen.insert(commitment) {
                    private.push(sealed(conn, record.seq, commitment)?);
                }
            }
        }
        let end = records.head();
        let forget = if groups.is_empty() { forgotten(conn).map_err(failed)? } else { Vec::new() };
        let blobs = blobs.named(conn, &body).map_err(failed)?;
        let group = whole(&Group { before, end, body, private, blobs, forget }.content());
        bytes += group.len();
        groups.push(group);
        before = end;
    }
    Ok(groups)
}

fn sealed(conn: &Connection, seq: u64, commitment: Commitment) -> Result<Sealed, JournalError> {
    type Found = (String, Option<Vec<u8>>, Option<Vec<u8>>);
    let found: Option<Found> = conn
        .prepare_cached(
            "SELECT incident, sealed, wrapped FROM private LEFT JOIN keys USING (incident) WHERE commitment = ?1",
        )
        .and_then(|mut s| s.query_row([commitment.0], |row| Ok((row.get(0)?, row.get(1)?, row.get(2)?))).optional())
        .map_err(|e| JournalError::sqlite("reading for another node", &e))?;
    let missing = || JournalError::corrupt(seq, format!("its private value {commitment} is missing"));
    let (incident, sealed, wrapped) = found.ok_or_else(missing)?;
    let bytes = |bytes: Option<Vec<u8>>| bytes.unwrap_or_default();
    Ok(Sealed { incident: incident.into(), commitment, sealed: bytes(sealed), wrapped: bytes(wrapped).into() })
}

fn forgotten(conn: &Connection) -> rusqlite::Result<Vec<String>> {
    conn.prepare_cached("SELECT incident FROM keys WHERE wrapped IS NULL")?.query_map([], |row| row.get(0))?.collect()
}

/// The names of all blobs.
struct Blobs(HashSet<Hash>);

impl Blobs {
    fn read(conn: &Connection) -> rusqlite::Result<Self> {
        conn.prepare_cached("SELECT hash FROM blobs")?
            .query_map([], |row| row.get(0))?
            .collect::<Result<_, _>>()
            .map(Self)
    }

    /// Those that a frame names.
    fn named(&self, conn: &Connection, body: &[u8]) -> rusqlite::Result<Vec<(Hash, Vec<u8>)>> {
        let (mut found, mut blobs) = (HashSet::new(), Vec::new());
        if self.0.is_empty() {
            return Ok(blobs);
        }
        for digits in body.chunk_by(|a, b| a.is_ascii_hexdigit() == b.is_ascii_hexdigit()) {
            for name in digits.windows(NAME_DIGITS) {
                let mut hash = [0; 32];
                if hex::decode_to_slice(name, &mut hash).is_ok() && self.0.contains(&hash) && found.insert(hash) {
                    let bytes = conn
                        .prepare_cached("SELECT bytes FROM blobs WHERE hash = ?1")?
                        .query_row(params![hash], |row| row.get(0))?;
                    blobs.push((hash, bytes));
                }
            }
        }
        Ok(blobs)
    }
}
