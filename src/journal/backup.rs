//! A backup: one file that holds the whole journal as it was at one moment, taken beside the running process, and with it the
//! keys that a start on it needs. It is itself a journal (SQLite), with a table `backup` that says what it holds; `restore`
//! makes a state folder of it.

use std::fs::{self, File};
use std::io::ErrorKind;
use std::path::Path;

use rusqlite::{Connection, OpenFlags, OptionalExtension, params};

use super::Reader;
use super::chain::Head;
use super::error::JournalError;
use super::folder::{
    DB_FILE, KEY_FILE, SIDE_FILES, SIDE_KEYS, check_alone, read_key, read_side_file, read_side_key, write_private,
};
use super::read::{SqliteReader, recorded_head, uri};
use super::schema::{BACKUP_SCHEMA, guard};
use super::sqlite::open_connection;
use super::vault::MasterKey;
use super::verify::{VerifyOptions, verify};
use crate::private_files::{Scratch, create_folder, create_new, name_new, sync_folder};

/// Version of the table `backup`.
const FORMAT: i64 = 1;

/// What a backup holds.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct BackupInfo {
    /// The last record in it.
    pub head: Head,
    /// When it was made, in milliseconds since 1970, UTC.
    pub made_at_ms: i64,
    /// By which version of the program.
    pub program: String,
    /// The keys are in it: whoever has the file reads all private values. Without them it can be proved, and carried on only
    /// together with the key file.
    pub with_keys: bool,
}

/// Begins the name of the folder in which a backup is written until it is whole.
const SCRATCH_PREFIX: &str = ".vardkase-backup-";

/// Writes a backup of a state folder into a new file (mode 0600), beside a running process. It is written in a folder of its own
/// beside that file, which nobody else can look into, and is read back and proved before it gets its name.
///
/// # Errors
/// Something has the file's name already, be it a link to nowhere; the disk does not take it; or the journal is not whole.
pub fn backup(state: &Path, file: &Path, with_keys: bool, made_at_ms: i64) -> Result<BackupInfo, JournalError> {
    let taken = || JournalError::Taken { file: file.into() };
    if fs::symlink_metadata(file).is_ok() {
        return Err(taken());
    }
    let scratch = Scratch::new(parent(file), SCRATCH_PREFIX).map_err(|e| JournalError::io("writing", file, &e))?;
    let part = scratch.path().join(DB_FILE);
    let info = write_backup(state, &part, with_keys, made_at_ms)?;
    match name_new(&part, file).and_then(|()| sync_folder(parent(file))) {
        Ok(()) => Ok(info),
        Err(e) if e.kind() == ErrorKind::AlreadyExists => Err(taken()),
        Err(e) => Err(JournalError::io("naming", file, &e)),
    }
}

fn write_backup(state: &Path, part: &Path, with_keys: bool, made_at_ms: i64) -> Result<BackupInfo, JournalError> {
    let failed = |e: rusqlite::Error| JournalError::sqlite("writing the backup", &e);
    let io = |tried: &'static str| move |e: std::io::Error| JournalError::io(tried, part, &e);
    let reader = SqliteReader::open(state)?;
    create_new(part).map_err(io("creating"))?;
    // One statement, one snapshot: what is committed meanwhile is not in it (sqlite.org/lang_vacuum.html).
    reader.conn.execute("VACUUM INTO ?1", [uri(part, "")]).map_err(failed)?;
    let conn = open_connection(part)?;
    let head = recorded_head(&conn)?;
    let info = BackupInfo { head, made_at_ms, program: env!("CARGO_PKG_VERSION").into(), with_keys };
    let write = |name: &str, value: &dyn rusqlite::ToSql| {
        conn.execute("INSERT INTO backup (name, value) VALUES (?1, ?2)", params![name, value]).map(|_| ())
    };
    conn.execute_batch(&format!("DROP TABLE IF EXISTS backup; {BACKUP_SCHEMA}")).map_err(failed)?;
    write("format", &FORMAT).map_err(failed)?;
    write("made_at_ms", &made_at_ms).map_err(failed)?;
    write("program", &info.program).map_err(failed)?;
    if with_keys {
        let file = state.join(KEY_FILE);
        let key = read_key(state)?.ok_or(JournalError::Key { file, what: "is missing" })?;
        write(KEY_FILE, &key.to_file_text()).map_err(failed)?;
        for name in SIDE_KEYS {
            if let Some(text) = read_side_key(state, name) {
                write(name, &text).map_err(failed)?;
            }
        }
        for name in SIDE_FILES {
            if let Some(text) = read_side_file(state, name)? {
                write(name, &text).map_err(failed)?;
            }
        }
    }
    conn.close().map_err(|(_, e)| failed(e))?;
    File::open(part).and_then(|f| f.sync_all()).map_err(io("writing"))?;
    prove(part, head)?;
    Ok(info)
}

/// A backup that was not read back does not count.
fn prove(file: &Path, head: Head) -> Result<(), JournalError> {
    let report = verify(file, VerifyOptions { expect: Some(head) })?;
    match report.fault.or_else(|| report.side_faults.into_iter().next()) {
        None => Ok(()),
        Some(fault) => Err(JournalError::corrupt(fault.seq, fault.text)),
    }
}

/// What a backup says of itself.
///
/// # Errors
/// It is not a backup, is of a newer version, or can't be read.
pub fn read_backup(file: &Path) -> Result<BackupInfo, JournalError> {
    let reader = SqliteReader::open(file)?;
    let failed = |e: rusqlite::Error| JournalError::sqlite("reading what the backup holds", &e);
    let there: bool = reader
        .conn
        .query_row("SELECT EXISTS (SELECT 1 FROM sqlite_schema WHERE name = 'backup')", [], |row| row.get(0))
        .map_err(failed)?;
    if !there {
        return Err(JournalError::NotAJournal { file: file.into() });
    }
    let number = |name: &str| -> Result<Option<i64>, JournalError> {
        reader
            .conn
            .query_row("SELECT value FROM backup WHERE name = ?1", [name], |r| r.get(0))
            .optional()
            .map_err(failed)
    };
    let format = number("format")?.unwrap_or_default();
    if format != FORMAT {
        let found = u32::try_from(format).unwrap_or(u32::MAX);
        return Err(JournalError::Newer { file: file.into(), found, known: FORMAT as u32 });
    }
    Ok(BackupInfo {
        head: reader.head()?,
        made_at_ms: number("made_at_ms")?.unwrap_or_default(),
        program: text(&reader.conn, "program")?.unwrap_or_default(),
        with_keys: text(&reader.conn, KEY_FILE)?.is_some(),
    })
}

fn text(conn: &Connection, name: &str) -> Result<Option<String>, JournalError> {
    conn.query_row("SELECT value FROM backup WHERE name = ?1", [name], |row| row.get(0))
        .optional()
        .map_err(|e| JournalError::sqlite("reading what the backup holds", &e))
}

/// Makes a state folder of a backup. The folder must be new or empty. `key_from` names a folder with the key file, for a backup
/// without keys; without it such a folder can be proved, and started only with the key put beside it.
///
/// # Errors
/// The folder holds something; the backup is not whole; the disk does not take it. Nothing is left half done: the journal gets
/// its name last.
pub fn restore(file: &Path, dir: &Path, key_from: Option<&Path>) -> Result<BackupInfo, JournalError> {
    let info = read_backup(file)?;
    create_folder(dir).map_err(|e| JournalError::io("creating", dir, &e))?;
    check_alone(dir)?;
    let mut entries = fs::read_dir(dir).map_err(|e| JournalError::io("reading", dir, &e))?;
    if entries.next().is_some() {
        let full = std::io::Error::new(std::io::ErrorKind::DirectoryNotEmpty, "it is not empty");
        return Err(JournalError::io("restoring into", dir, &full));
    }
    let part = dir.join("journal.db.part");
    let result = write_restored(file, dir, &part, key_from, info.head);
    if let Err(error) = result {
        for name in ["journal.db.part", "journal.db.part-journal", DB_FILE, KEY_FILE]
            .iter()
            .chain(&SIDE_KEYS)
            .chain(&SIDE_FILES)
        {
            let _ = fs::remove_file(dir.join(name));
        }
        return Err(error);
    }
    Ok(info)
}

fn write_restored(
    file: &Path,
    dir: &Path,
    part: &Path,
    key_from: Option<&Path>,
    head: Head,
) -> Result<(), JournalError> {
    let failed = |e: rusqlite::Error| JournalError::sqlite("restoring", &e);
    let io = |tried: &'static str| move |e: std::io::Error| JournalError::io(tried, part, &e);
    let mut from = File::open(file).map_err(|e| JournalError::io("opening", file, &e))?;
    let mut to = create_new(part).map_err(io("creating"))?;
    std::io::copy(&mut from, &mut to).map_err(io("writing"))?;
    drop(to);
    // The copy is proved: the file may be changed meanwhile.
    prove(part, head)?;
    let flags = OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_NO_MUTEX | OpenFlags::SQLITE_OPEN_URI;
    let conn = Connection::open_with_flags(uri(part, ""), flags).map_err(failed)?;
    guard(&conn).map_err(failed)?;
    for name in SIDE_KEYS.iter().chain(&SIDE_FILES).chain([&KEY_FILE]) {
        if let Some(text) = text(&conn, name)? {
            write_private(dir, name, text.as_bytes())?;
        }
    }
    if let (Some(folder), false) = (key_from, dir.join(KEY_FILE).exists())
        && let Some(key) = read_key(folder)?
    {
        check_key(&conn, &key, folder)?;
        super::folder::write_key(dir, &key)?;
    }
    // The keys lie in files now, and nowhere in the database.
    conn.execute_batch("PRAGMA secure_delete = ON; DROP TABLE backup;").map_err(failed)?;
    conn.close().map_err(|(_, e)| failed(e))?;
    File::open(part).and_then(|f| f.sync_all()).map_err(io("writing"))?;
    let db = dir.join(DB_FILE);
    fs::rename(part, &db).and_then(|()| sync_folder(dir)).map_err(|e| JournalError::io("naming", &db, &e))
}

fn check_key(conn: &Connection, key: &MasterKey, folder: &Path) -> Result<(), JournalError> {
    let check: Vec<u8> = conn
        .query_row("SELECT value FROM meta WHERE name = 'key_check'", [], |row| row.get(0))
        .map_err(|e| JournalError::sqlite("reading the key's check", &e))?;
    if check[..] == key.check_value()[..] {
        return Ok(());
    }
    Err(JournalError::Key { file: folder.join(KEY_FILE), what: "belongs to another journal than the backup" })
}

fn parent(file: &Path) -> &Path {
    file.parent().filter(|p| !p.as_os_str().is_empty()).unwrap_or(Path::new("."))
}
