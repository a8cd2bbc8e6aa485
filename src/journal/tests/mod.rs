//! Tests of the whole journal; those of one codec stand beside it.
#![expect(clippy::unwrap_used, reason = "tests")]

use std::ops::ControlFlow;
use std::path::Path;

use super::*;

mod attacks;
mod backup;
mod copies;
mod crash;
mod private;
mod proof;
mod second_copy;
mod speed;
mod store;
mod writer;

fn open(dir: &Path) -> SqliteStore {
    SqliteStore::open(dir, OpenOptions::default()).unwrap()
}

fn record(text: &str) -> NewRecord {
    NewRecord::new(7, 1, 1_229_589_900_000, text.as_bytes().to_vec())
}

fn batch(texts: &[&str]) -> Batch {
    Batch::of(texts.iter().map(|text| record(text)).collect())
}

/// Appends one batch at the head.
fn append(store: &mut SqliteStore, batch: Batch) -> Result<Head, JournalError> {
    let expected_seq = store.head().seq;
    store.append(&[Append { expected_seq, batch }]).remove(0)
}

/// All records after `after`, verified.
fn read_after(reader: &dyn Reader, after: Head) -> Result<Vec<Record>, JournalError> {
    let mut all = Vec::new();
    reader.read(after, &mut |record| {
        all.push(record.to_record());
        ControlFlow::Continue(())
    })?;
    Ok(all)
}

fn texts(dir: &Path) -> Result<Vec<String>, JournalError> {
    let records = read_after(&SqliteReader::open(dir)?, Head::START)?;
    Ok(records.into_iter().map(|record| String::from_utf8(record.bytes).unwrap()).collect())
}

/// The bytes of every file in the folder.
fn all_bytes(dir: &Path) -> Vec<u8> {
    std::fs::read_dir(dir).unwrap().flat_map(|entry| std::fs::read(entry.unwrap().path()).unwrap()).collect()
}

fn contains(haystack: &[u8], needle: &[u8]) -> bool {
    haystack.windows(needle.len()).any(|window| window == needle)
}

/// Another connection to the same file: how somebody would tamper.
fn tamper(dir: &Path) -> rusqlite::Connection {
    rusqlite::Connection::open(dir.join("journal.db")).unwrap()
}
