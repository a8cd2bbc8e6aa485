//! What stands in the database, and what must not: the tables, how a file is told to be a journal, and whatever somebody else
//! has put there. A trigger runs inside the program that writes; so no connection of ours carries one out, and a file that has
//! anything that we never made is not opened for writing.

use std::collections::BTreeMap;
use std::path::Path;

use rusqlite::config::DbConfig;
use rusqlite::{Connection, OptionalExtension, Transaction};

use super::chain::Head;
use super::error::JournalError;
use super::vault::MasterKey;

/// Version of the tables. A newer one is refused.
const FORMAT: u32 = 1;
/// "VKJ1", so that `file` and others can tell what it is (sqlite.org/fileformat2.html 1.3.17).
const APPLICATION_ID: i32 = 0x564b_4a31;

const SCHEMA: &str = "
CREATE TABLE meta (name TEXT PRIMARY KEY, value) WITHOUT ROWID;
CREATE TABLE head (id INTEGER PRIMARY KEY CHECK (id = 1), seq INTEGER NOT NULL, hash BLOB NOT NULL) STRICT;
CREATE TABLE frames (first INTEGER PRIMARY KEY, count INTEGER NOT NULL, hash BLOB NOT NULL, body BLOB NOT NULL) STRICT;
CREATE TABLE keys (incident TEXT PRIMARY KEY, wrapped BLOB) STRICT, WITHOUT ROWID;
CREATE TABLE private (commitment BLOB PRIMARY KEY, incident TEXT NOT NULL, sealed BLOB) STRICT;
CREATE INDEX private_of_incident ON private (incident);
CREATE TABLE blobs (hash BLOB PRIMARY KEY, bytes BLOB NOT NULL) STRICT;
";
/// What a backup has besides.
pub(super) const BACKUP_SCHEMA: &str = "CREATE TABLE backup (name TEXT PRIMARY KEY, value) WITHOUT ROWID";
/// What an earlier build kept in the database: it is read by nobody now, and stays where it is.
const EARLIER_SCHEMA: &str = "CREATE TABLE checkpoints (seq INTEGER PRIMARY KEY, hash BLOB NOT NULL, state BLOB NOT NULL, guard BLOB NOT NULL) STRICT";
/// Statistics that SQLite itself makes when somebody asks it to (sqlite.org/fileformat2.html 2.6.3): they change no answer.
const STATISTICS: &str = "sqlite_stat";
/// Most that is said of what is foreign, in characters of its definition.
const SHOWN_CHARS: usize = 80;

/// Makes the tables.
pub(super) fn create_tables(transaction: &Transaction<'_>, master: &MasterKey) -> rusqlite::Result<()> {
    transaction.pragma_update(None, "application_id", APPLICATION_ID)?;
    transaction.execute_batch(SCHEMA)?;
    transaction.execute("INSERT INTO meta (name, value) VALUES ('format', ?1)", [FORMAT])?;
    transaction.execute("INSERT INTO meta (name, value) VALUES ('key_check', ?1)", [master.check_value()])?;
    transaction.execute("INSERT INTO head (id, seq, hash) VALUES (1, 0, ?1)", [Head::START.hash])?;
    Ok(())
}

/// Whether the file is a journal of a format that is known here.
pub(super) fn check_format(conn: &Connection, file: &Path) -> Result<(), JournalError> {
    let not_a_journal = || JournalError::NotAJournal { file: file.into() };
    let failed = |e: &rusqlite::Error| match e.sqlite_error_code() {
        Some(rusqlite::ErrorCode::NotADatabase) => not_a_journal(),
        _ => JournalError::sqlite("reading the format", e),
    };
    let id: i32 = conn.pragma_query_value(None, "application_id", |row| row.get(0)).map_err(|e| failed(&e))?;
    if id != APPLICATION_ID {
        return Err(not_a_journal());
    }
    let format: Option<u32> = conn
        .query_row("SELECT value FROM meta WHERE name = 'format'", [], |row| row.get(0))
        .optional()
        .map_err(|e| failed(&e))?;
    match format {
        Some(FORMAT) => Ok(()),
        Some(found) if found > FORMAT => Err(JournalError::Newer { file: file.into(), found, known: FORMAT }),
        _ => Err(not_a_journal()),
    }
}

/// What every connection of ours is: whatever the file says, no trigger runs and no view stands for a table.
pub(super) fn guard(conn: &Connection) -> rusqlite::Result<()> {
    conn.set_db_config(DbConfig::SQLITE_DBCONFIG_ENABLE_TRIGGER, false)?;
    conn.set_db_config(DbConfig::SQLITE_DBCONFIG_ENABLE_VIEW, false)?;
    conn.set_db_config(DbConfig::SQLITE_DBCONFIG_TRUSTED_SCHEMA, false)?;
    Ok(())
}

/// Whether there is nothing in the database at all: no journal was ever made in it, or everything was thrown out.
pub(super) fn is_bare(conn: &Connection) -> rusqlite::Result<bool> {
    conn.query_row("SELECT NOT EXISTS (SELECT 1 FROM sqlite_schema)", [], |row| row.get(0))
}

/// Refuses a file for writing that has anything in it that we never made.
pub(super) fn check_foreign(conn: &Connection, file: &Path) -> Result<(), JournalError> {
    let found = foreign(conn).map_err(|e| JournalError::sqlite("reading what the file holds", &e))?;
    match found.into_iter().next() {
        None => Ok(()),
        Some(what) => Err(JournalError::Foreign { file: file.into(), what }),
    }
}

/// All that is in the database and was never made by this program, and all that it made and that is gone or changed.
pub(super) fn foreign(conn: &Connection) -> rusqlite::Result<Vec<String>> {
    let ours = Connection::open_in_memory()?;
    ours.execute_batch(SCHEMA)?;
    let mut expected = objects(&ours)?;
    ours.execute_batch(BACKUP_SCHEMA)?;
    ours.execute_batch(EARLIER_SCHEMA)?;
    let optional = objects(&ours)?;
    let mut found = Vec::new();
    for (key, sql) in objects(conn)? {
        let (kind, name) = &key;
        let known = expected.remove(&key).or_else(|| optional.get(&key).cloned());
        match known {
            Some(known) if known == sql => {}
            Some(_) => found.push(format!("{kind} {name} is not as it was made: {}", shown(&sql))),
            None if kind == "table" && name.starts_with(STATISTICS) => {}
            None => found.push(format!("{kind} {name} was never made by this program: {}", shown(&sql))),
        }
    }
    found.extend(expected.into_keys().map(|(kind, name)| format!("{kind} {name} is missing")));
    let version: i64 = conn.pragma_query_value(None, "user_version", |row| row.get(0))?;
    if version != 0 {
        found.push(format!("its user_version is {version}; this program leaves it at 0"));
    }
    Ok(found)
}

/// What a database holds: by kind and name, how it was made. Blanks in that don't matter.
fn objects(conn: &Connection) -> rusqlite::Result<BTreeMap<(String, String), String>> {
    let text = |row: &rusqlite::Row<'_>, ix: usize| -> rusqlite::Result<String> {
        Ok(match row.get_ref(ix)? {
            rusqlite::types::ValueRef::Text(text) => String::from_utf8_lossy(text).into_owned(),
            _ => String::new(),
        })
    };
    let mut rows = conn.prepare("SELECT type, name, tbl_name, sql FROM sqlite_schema")?;
    let objects = rows.query_map([], |row| {
        let sql = text(row, 3)?.split_whitespace().collect::<Vec<_>>().join(" ");
        Ok(((text(row, 0)?, text(row, 1)?), format!("{sql} of {}", text(row, 2)?)))
    })?;
    objects.collect()
}

fn shown(sql: &str) -> String {
    let plain: String = sql.chars().filter(|c| !c.is_control()).take(SHOWN_CHARS).collect();
    if plain.chars().count() < SHOWN_CHARS { plain } else { plain + "…" }
}
