//! Brings one copy of a journal up to another: what is committed there is verified and then taken over, key file included, so
//! that the copy is a state folder of its own: a process can be started on it (INCIDENTS lesson 45: the transaction log lay
//! on the storage that failed). What is forgotten is forgotten there too.
//!
//! Must not: repair. A copy that holds another history is left as it is, for it may be the true one.

use std::path::{Path, PathBuf};

use rusqlite::{Connection, TransactionBehavior, params};

use super::Reader;
use super::chain::Head;
use super::error::JournalError;
use super::folder::{DB_FILE, Folder, KEY_FILE, read_key};
use super::frame::FrameReader;
use super::read::{SqliteReader, recorded_head, uri};
use super::schema::{check_foreign, check_format, create_tables, is_bare};
use super::sqlite::{open_connection, set_pragmas};

/// Frames that one transaction copies.
const STEP_FRAMES_MAX: i64 = 256;
/// Pages of WAL after which SQLite moves them by itself; nobody waits for it.
const WAL_PAGES: i64 = 1000;

/// Copies a journal into a second folder.
#[derive(Debug)]
pub struct CatchUp {
    source: PathBuf,
    dir: PathBuf,
    target: Option<Target>,
}

/// The second folder, held.
#[derive(Debug)]
struct Target {
    conn: Connection,
    head: Head,
    /// Up to which rows the two side tables were taken over; nothing is known of that when the copy was just opened. Rows there
    /// are only ever added.
    taken: Option<[i64; 2]>,
    _folder: Folder,
}

impl CatchUp {
    /// Names the two folders: from where, and to where. Nothing is opened yet: a disk that is missing must not stop a start.
    pub fn new(source: &Path, dir: &Path) -> Self {
        Self { source: source.into(), dir: dir.into(), target: None }
    }

    /// Copies all that is committed by now. Blocks on both disks. After an error the folder is opened anew the next time.
    ///
    /// # Errors
    /// The second folder is in use, full, of another journal, or of another history; or the journal itself is broken. A copy
    /// that is ahead is a [`JournalError::Conflict`].
    pub fn step(&mut self) -> Result<Head, JournalError> {
        let result = self.catch_up();
        if result.is_err() {
            self.target = None;
        }
        result
    }

    fn catch_up(&mut self) -> Result<Head, JournalError> {
        let target = match &mut self.target {
            Some(target) => target,
            None => self.target.insert(Target::open(&self.source, &self.dir)?),
        };
        while target.copy_some()? {}
        Ok(target.head)
    }
}

impl Target {
    fn open(source: &Path, dir: &Path) -> Result<Self, JournalError> {
        let failed = |e: rusqlite::Error| JournalError::sqlite("setting up the second copy", &e);
        let key_file = |what| JournalError::Key { file: source.join(KEY_FILE), what };
        let reader = SqliteReader::open(source)?;
        let master = read_key(source)?.ok_or_else(|| key_file("is missing"))?;
        let folder = Folder::take(dir)?;
        let file = folder.prepare_db()?;
        let mut conn = open_connection(&file)?;
        let empty = is_bare(&conn).map_err(|e| JournalError::sqlite("opening the second copy", &e))?;
        if empty {
            // The key of another journal, whose records are gone: they may come back, and then need it.
            if read_key(dir)?.is_some_and(|other| other.check_value() != master.check_value()) {
                return Err(JournalError::Key { file: dir.join(KEY_FILE), what: "belongs to another journal" });
            }
        } else {
            check_format(&conn, &file)?;
            check_foreign(&conn, &file)?;
        }
        set_pragmas(&conn).map_err(failed)?;
        conn.pragma_update(None, "wal_autocheckpoint", WAL_PAGES).map_err(failed)?;
        if empty {
            folder.write_key(&master)?;
            let transaction = conn.transaction_with_behavior(TransactionBehavior::Immediate).map_err(failed)?;
            create_tables(&transaction, &master).map_err(failed)?;
            transaction.commit().map_err(failed)?;
        }
        let check: Vec<u8> =
            conn.query_row("SELECT value FROM meta WHERE name = 'key_check'", [], |row| row.get(0)).map_err(failed)?;
        if check[..] != master.check_value()[..] {
            return Err(key_file("is not the one of the second copy"));
        }
        let head = recorded_head(&conn)?;
        match reader.head_at(head.seq)? {
            Some(same) if same == head => {}
            Some(_) => {
                super::compare::compare(source, dir)?;
            }
            None => {
                super::compare::compare(source, dir)?;
                return Err(JournalError::Conflict { expected: reader.head()?.seq, found: head.seq });
            }
        }
        conn.execute("ATTACH ?1 AS source", [uri(&source.join(DB_FILE), "?mode=ro")]).map_err(failed)?;
        Ok(Self { conn, head, taken: None, _folder: folder })
    }

    /// One transaction; whether there may be more.
    fn copy_some(&mut self) -> Result<bool, JournalError> {
        let failed = |e: rusqlite::Error| JournalError::sqlite("writing the second copy", &e);
        let transaction = self.conn.transaction_with_behavior(TransactionBehavior::Immediate).map_err(failed)?;
        let taken = copy_side_tables(&transaction, self.taken).map_err(failed)?;
        let forgotten = copy_keys(&transaction).map_err(failed)?;
        let (head, frames) = copy_frames(&transaction, self.head)?;
        transaction.commit().map_err(failed)?;
        (self.head, self.taken) = (head, Some(taken));
        if forgotten {
            // Old pages still hold the keys; if a reader is in the way, SQLite moves them later.
            let _ = self.conn.query_row("PRAGMA main.wal_checkpoint(TRUNCATE)", [], |_| Ok(()));
        }
        Ok(frames == STEP_FRAMES_MAX)
    }
}

/// The side tables, what tells their rows apart, and what is copied of them.
const SIDE_TABLES: [(&str, &str, &str); 2] =
    [("blobs", "hash", "hash, bytes"), ("private", "commitment", "commitment, incident, sealed")];
/// So many rows are looked at together where it is not known up to which they were taken over.
const LOOK_ROWS: i64 = 1_000;

/// What lies outside the chain; rows there are only ever added, or forgotten. Up to which rows they were taken.
fn copy_side_tables(conn: &Connection, taken: Option<[i64; 2]>) -> rusqlite::Result<[i64; 2]> {
    let mut last = [0; 2];
    for (n, (table, key, columns)) in SIDE_TABLES.into_iter().enumerate() {
        last[n] = conn
            .prepare_cached(&format!("SELECT ifnull(max(rowid), 0) FROM source.{table}"))?
            .query_row([], |row| row.get(0))?;
        let from = match taken {
            Some(taken) => taken[n],
            None => first_missing(conn, table, key, last[n])?,
        };
        conn.prepare_cached(&format!(
            "INSERT INTO main.{table} ({columns}) SELECT {columns} FROM source.{table} WHERE rowid > ?1 AND rowid <= ?2
             ORDER BY rowid ON CONFLICT DO NOTHING"
        ))?
        .execute([from, last[n]])?;
    }
    Ok(last)
}

/// A row of the source up to which the copy has all. Rows came in the order of the commits that they belong to, so that what is
/// missing is the newest: it is looked for from there, and no start looks at a whole old journal. A copy that was put back from
/// a backup may have numbered its rows anew; they are told apart by their keys.
fn first_missing(conn: &Connection, table: &str, key: &str, last: i64) -> rusqlite::Result<i64> {
    let mut missing = conn.prepare(&format!(
        "SELECT EXISTS (SELECT 1 FROM source.{table} AS theirs WHERE rowid > ?1 AND rowid <= ?2
             AND NOT EXISTS (SELECT 1 FROM main.{table} AS ours WHERE ours.{key} = theirs.{key}))"
    ))?;
    let mut upto = last;
    while upto > 0 && missing.query_row([upto - LOOK_ROWS, upto], |row| row.get(0))? {
        upto -= LOOK_ROWS;
    }
    Ok(upto.max(0))
}

/// Keys of incidents, and what was forgotten. Whether anything was.
fn copy_keys(conn: &Connection) -> rusqlite::Result<bool> {
    conn.prepare_cached(
        "INSERT INTO main.keys (incident, wrapped) SELECT incident, wrapped FROM source.keys AS theirs
         WHERE wrapped IS NOT NULL AND NOT EXISTS (SELECT 1 FROM main.keys WHERE incident = theirs.incident)",
    )?
    .execute([])?;
    let forgotten = conn
        .prepare_cached(
            "INSERT INTO main.keys (incident, wrapped) SELECT incident, NULL FROM source.keys AS theirs
             WHERE wrapped IS NULL AND NOT EXISTS
                 (SELECT 1 FROM main.keys WHERE incident = theirs.incident AND wrapped IS NULL)
             ON CONFLICT DO UPDATE SET wrapped = NULL",
        )?
        .execute([])?;
    if forgotten > 0 {
        conn.prepare_cached(
            "UPDATE main.private SET sealed = NULL WHERE sealed IS NOT NULL
             AND incident IN (SELECT incident FROM main.keys WHERE wrapped IS NULL)",
        )?
        .execute([])?;
    }
    Ok(forgotten > 0)
}

/// Frames as they are, each verified before it is taken over: a broken journal must not spread.
fn copy_frames(conn: &Connection, mut head: Head) -> Result<(Head, i64), JournalError> {
    let failed = |e: rusqlite::Error| JournalError::sqlite("copying frames", &e);
    let mut page = conn
        .prepare_cached("SELECT first, count, hash, body FROM source.frames WHERE first > ?1 ORDER BY first LIMIT ?2")
        .map_err(failed)?;
    let mut insert = conn
        .prepare_cached("INSERT INTO main.frames (first, count, hash, body) VALUES (?1, ?2, ?3, ?4)")
        .map_err(failed)?;
    let mut rows = page.query(params![head.seq.cast_signed(), STEP_FRAMES_MAX]).map_err(failed)?;
    let mut frames = 0;
    while let Some(row) = rows.next().map_err(failed)? {
        let read = || Ok((row.get(0)?, row.get(1)?, row.get(2)?, row.get_ref(3)?.as_blob()?));
        let (first, count, hash, body): (i64, i64, [u8; 32], &[u8]) = read().map_err(failed)?;
        let next = head.seq + 1;
        if first != next.cast_signed() {
            return Err(JournalError::corrupt(next, format!("the next frame begins at {first}")));
        }
        let mut reader = FrameReader::new(head, body)?;
        while reader.next()?.is_some() {}
        head = reader.head();
        if head.hash != hash || head.seq.cast_signed() != first.saturating_add(count).saturating_sub(1) {
            return Err(JournalError::corrupt(head.seq, "it is not the one that stands beside its frame"));
        }
        insert.execute(params![first, count, hash, body]).map_err(failed)?;
        frames += 1;
    }
    if frames > 0 {
        conn.prepare_cached("UPDATE main.head SET seq = ?1, hash = ?2 WHERE id = 1")
            .and_then(|mut s| s.execute(params![head.seq.cast_signed(), head.hash]))
            .map_err(failed)?;
    }
    Ok((head, frames))
}

/// Whether two folders lie on one device: then there is no second copy in the sense that matters. An unmounted disk shows
/// so too.
#[cfg(unix)]
pub(super) fn same_disk(a: &Path, b: &Path) -> bool {
    use std::os::unix::fs::MetadataExt;
    let device = |path: &Path| std::fs::metadata(path).map(|meta| meta.dev());
    matches!((device(a), device(b)), (Ok(a), Ok(b)) if a == b)
}

#[cfg(not(unix))]
pub(super) fn same_disk(_: &Path, _: &Path) -> bool {
    false
}
