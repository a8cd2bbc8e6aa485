//! Reading what is committed: replay with the chain verified on the way, blobs, private values.
//!
//! Read-only connections; reading goes page by page, so that no long snapshot keeps the WAL from being reused.

use std::ops::ControlFlow;
use std::path::{Path, PathBuf};

use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, percent_encode};
use rusqlite::{Connection, OpenFlags, OptionalExtension, Row, params};

use super::chain::{Hash, Head, hash_of};
use super::error::{DiskKind, JournalError};
use super::folder::{DB_FILE, KEY_FILE, check_emptied, read_key};
use super::frame::FrameReader;
use super::schema::{check_format, guard};
use super::sqlite::BUSY_TIMEOUT;
use super::vault::{Commitment, MasterKey};
use super::{Reader, RecordRef, Visit};

/// Frames that one statement reads.
const PAGE_FRAMES: i64 = 256;

/// Reads a state folder, also while another process writes to it, and without its lock.
pub struct SqliteReader {
    pub(super) conn: Connection,
    pub(super) master: Option<MasterKey>,
    pub(super) key_file: PathBuf,
}

impl std::fmt::Debug for SqliteReader {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("SqliteReader")
    }
}

impl SqliteReader {
    /// Opens a state folder or its `journal.db`. Without a readable key file everything but private values is read.
    ///
    /// # Errors
    /// There is no journal, it is from a newer version, or the disk does not give it.
    pub fn open(path: &Path) -> Result<Self, JournalError> {
        let file = if path.is_dir() { path.join(DB_FILE) } else { path.to_path_buf() };
        let folder = file.parent().unwrap_or(Path::new("."));
        if path.is_dir() {
            check_emptied(path)?;
        }
        if let Err(e) = std::fs::metadata(&file) {
            return Err(match e.kind() {
                std::io::ErrorKind::NotFound => JournalError::NotAJournal { file },
                _ => JournalError::io("opening", &file, &e),
            });
        }
        let conn = open_read_only(&file)?;
        check_format(&conn, &file)?;
        let master = read_key(folder).ok().flatten();
        Ok(Self { conn, master, key_file: folder.join(KEY_FILE) })
    }
}

/// On a medium that can't be written and without a WAL, SQLite needs to be told that nobody else writes either.
pub(super) fn open_read_only(file: &Path) -> Result<Connection, JournalError> {
    let flags = OpenFlags::SQLITE_OPEN_READ_ONLY | OpenFlags::SQLITE_OPEN_NO_MUTEX | OpenFlags::SQLITE_OPEN_URI;
    let open = |tail: &str| -> rusqlite::Result<Connection> {
        let conn = Connection::open_with_flags(uri(file, tail), flags)?;
        conn.busy_timeout(BUSY_TIMEOUT)?;
        guard(&conn)?;
        conn.query_row("SELECT count(*) FROM sqlite_schema", [], |_| Ok(()))?;
        Ok(conn)
    };
    let failed = |e: rusqlite::Error| match e.sqlite_error_code() {
        Some(rusqlite::ErrorCode::NotADatabase) => JournalError::NotAJournal { file: file.into() },
        _ => JournalError::sqlite("opening for reading", &e),
    };
    match open("").map_err(failed) {
        Err(JournalError::Disk { kind: DiskKind::ReadOnly, .. }) if !wal_of(file).exists() => {
            open("?immutable=1").map_err(failed)
        }
        other => other,
    }
}

fn wal_of(file: &Path) -> PathBuf {
    let mut name = file.as_os_str().to_owned();
    name.push("-wal");
    name.into()
}

/// A path as SQLite's URI (sqlite.org/uri.html 3): every byte that might mean something there is escaped, so that a folder
/// of any name is found.
pub(super) fn uri(file: &Path, tail: &str) -> String {
    const BESIDE_LETTERS: &AsciiSet = &NON_ALPHANUMERIC.remove(b'/').remove(b'.').remove(b'-').remove(b'_');
    let scheme = if file.is_absolute() { "file://" } else { "file:" };
    format!("{scheme}{}{tail}", percent_encode(file.as_os_str().as_encoded_bytes(), BESIDE_LETTERS))
}

/// One frame as it lies in its row.
struct FrameRow {
    first: u64,
    end: Head,
}

fn number(row: &Row<'_>, column: usize) -> rusqlite::Result<u64> {
    let n: i64 = row.get(column)?;
    u64::try_from(n).map_err(|_| rusqlite::Error::IntegralValueOutOfRange(column, n))
}

impl FrameRow {
    /// From the columns `first, count, hash`.
    fn read(row: &Row<'_>) -> rusqlite::Result<Self> {
        let (first, count) = (number(row, 0)?, number(row, 1)?);
        let seq = first.checked_add(count).and_then(|n| n.checked_sub(1));
        let seq = seq.ok_or(rusqlite::Error::IntegralValueOutOfRange(1, i64::MAX))?;
        Ok(Self { first, end: Head { seq, hash: row.get(2)? } })
    }
}

/// The recorded head.
pub(super) fn recorded_head(conn: &Connection) -> Result<Head, JournalError> {
    conn.prepare_cached("SELECT seq, hash FROM head WHERE id = 1")
        .and_then(|mut s| s.query_row([], |row| Ok(Head { seq: number(row, 0)?, hash: row.get(1)? })).optional())
        .map_err(|e| JournalError::sqlite("reading the head", &e))?
        .ok_or_else(|| JournalError::corrupt(None, "the recorded head is missing"))
}

/// The end of the last frame that begins at or before `seq`, and of the one before it.
fn frames_before(conn: &Connection, seq: u64) -> Result<Vec<FrameRow>, JournalError> {
    let seq = i64::try_from(seq).unwrap_or(i64::MAX);
    conn.prepare_cached("SELECT first, count, hash FROM frames WHERE first <= ?1 ORDER BY first DESC LIMIT 2")
        .and_then(|mut s| s.query_map([seq], FrameRow::read)?.collect())
        .map_err(|e| JournalError::sqlite("reading frames", &e))
}

/// Visits the records after `after`, verifying; see [`Reader::read`].
pub(super) fn scan(conn: &Connection, after: Head, visit: Visit<'_>) -> Result<Head, JournalError> {
    let recorded = recorded_head(conn)?;
    if after.seq > recorded.seq {
        return Err(JournalError::corrupt(
            after.seq,
            format!("the journal ends before it, at record {}", recorded.seq),
        ));
    }
    // Start at the frame that holds the first record wanted: its beginning is where the frame before ends.
    let (mut head, mut cursor) = (Head::START, i64::MIN);
    if after.seq > 0 {
        let found = frames_before(conn, after.seq)?;
        if let Some(frame) = found.iter().find(|frame| frame.end.seq <= after.seq) {
            (head, cursor) = (frame.end, i64::try_from(frame.first).unwrap_or(i64::MAX));
        }
    }
    let same = |head: Head, other: Head, what: &str| {
        if head.seq == other.seq && head.hash != other.hash {
            Err(JournalError::corrupt(head.seq, what))
        } else {
            Ok(())
        }
    };
    let differs_after = "its hash is not the one that reading was to go on from";
    let differs_recorded = "its hash is not the one recorded as the head";
    same(head, after, differs_after)?;
    same(head, recorded, differs_recorded)?;
    let failed = |seq: u64, e: rusqlite::Error| match JournalError::sqlite("reading frames", &e) {
        JournalError::Corrupt { seq: None, what } => JournalError::corrupt(seq, what),
        other => other,
    };
    let mut page = conn
        .prepare_cached("SELECT first, count, hash, body FROM frames WHERE first > ?1 ORDER BY first LIMIT ?2")
        .map_err(|e| failed(head.seq + 1, e))?;
    loop {
        let mut rows = page.query(params![cursor, PAGE_FRAMES]).map_err(|e| failed(head.seq + 1, e))?;
        let mut any = false;
        while let Some(row) = rows.next().map_err(|e| failed(head.seq + 1, e))? {
            any = true;
            cursor = row.get(0).map_err(|e| failed(head.seq + 1, e))?;
            let frame = FrameRow::read(row).map_err(|e| failed(head.seq + 1, e))?;
            if frame.first > head.seq + 1 {
                let what = format!("records {} to {} are missing", head.seq + 1, frame.first - 1);
                return Err(JournalError::corrupt(head.seq + 1, what));
            }
            if frame.first <= head.seq {
                return Err(JournalError::corrupt(frame.first, "a frame stands where another one is already"));
            }
            let body = row.get_ref(3).ok().and_then(|value| value.as_blob().ok());
            let body = body.ok_or_else(|| JournalError::corrupt(frame.first, "the frame is not a blob"))?;
            let mut reader = FrameReader::new(head, body)?;
            while let Some(record) = reader.next()? {
                if record.seq == after.seq {
                    same(record.head(), after, differs_after)?;
                }
                if record.seq == recorded.seq {
                    same(record.head(), recorded, differs_recorded)?;
                }
                if record.seq > after.seq && visit(record).is_break() {
                    return Ok(record.head());
                }
            }
            let end = reader.head();
            if end.seq != frame.end.seq {
                let what = format!("its frame says that it ends at {}, and ends at {}", frame.end.seq, end.seq);
                return Err(JournalError::corrupt(end.seq.min(frame.end.seq) + 1, what));
            }
            same(end, frame.end, "its hash is not the one that stands beside its frame")?;
            head = end;
        }
        if !any {
            break;
        }
    }
    if head.seq < recorded.seq {
        let what = format!("the tail is cut off: the recorded head is {}", recorded.seq);
        return Err(JournalError::corrupt(head.seq + 1, what));
    }
    // Frames are read by an index of their own: an end that never passed `after` means that frames are damaged.
    if head.seq < after.seq {
        return Err(JournalError::corrupt(head.seq + 1, "records are missing"));
    }
    Ok(head)
}

impl Reader for SqliteReader {
    fn head(&self) -> Result<Head, JournalError> {
        recorded_head(&self.conn)
    }

    fn head_at(&self, seq: u64) -> Result<Option<Head>, JournalError> {
        if seq == 0 {
            return Ok(Some(Head::START));
        }
        if seq > recorded_head(&self.conn)?.seq {
            return Ok(None);
        }
        let found = frames_before(&self.conn, seq)?;
        let from = found.iter().find(|frame| frame.end.seq <= seq).map_or(Head::START, |frame| frame.end);
        if from.seq == seq {
            return Ok(Some(from));
        }
        let mut at = None;
        scan(&self.conn, from, &mut |record: RecordRef<'_>| {
            at = Some(record.head());
            if record.seq == seq { ControlFlow::Break(()) } else { ControlFlow::Continue(()) }
        })?;
        Ok(at)
    }

    fn read(&self, after: Head, visit: Visit<'_>) -> Result<Head, JournalError> {
        scan(&self.conn, after, visit)
    }

    fn get_blob(&self, hash: &Hash) -> Result<Option<Vec<u8>>, JournalError> {
        let bytes: Option<Vec<u8>> = self
            .conn
            .prepare_cached("SELECT bytes FROM blobs WHERE hash = ?1")
            .and_then(|mut s| s.query_row([hash], |row| row.get(0)).optional())
            .map_err(|e| JournalError::sqlite("reading a blob", &e))?;
        match bytes {
            Some(bytes) if hash_of(&bytes) != *hash => {
                Err(JournalError::corrupt(None, "a blob is not what its hash says"))
            }
            other => Ok(other),
        }
    }

    fn unseal(&self, commitment: Commitment) -> Result<Option<Vec<u8>>, JournalError> {
        type Found = (String, Option<Vec<u8>>, Option<Vec<u8>>);
        let found: Option<Found> = self
            .conn
            .prepare_cached(
                "SELECT incident, sealed, wrapped FROM private LEFT JOIN keys USING (incident) WHERE commitment = ?1",
            )
            .and_then(|mut s| s.query_row([commitment.0], |row| Ok((row.get(0)?, row.get(1)?, row.get(2)?))).optional())
            .map_err(|e| JournalError::sqlite("reading a private value", &e))?;
        let missing = || JournalError::corrupt(None, format!("the private value {commitment} is missing"));
        let (incident, sealed, wrapped) = found.ok_or_else(missing)?;
        let (Some(sealed), Some(wrapped)) = (sealed, wrapped) else { return Ok(None) };
        let key = |what| JournalError::Key { file: self.key_file.clone(), what };
        let master = self.master.as_ref().ok_or_else(|| key("can't be read"))?;
        let opened = master.unwrap_key(&incident, &wrapped).ok_or_else(|| key("does not open this incident"))?;
        let damaged = || JournalError::corrupt(None, format!("the private value {commitment} is damaged"));
        opened.open(commitment, &sealed).map(Some).ok_or_else(damaged)
    }
}
