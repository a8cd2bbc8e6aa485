//! The store in the state folder: SQLite, one durable transaction per group of batches.
//!
//! WAL with `synchronous=FULL`: a commit is one write and one fsync of the WAL. What piles up there goes into the database
//! when nothing waits, or at the latest after [`WAL_FORCED_BYTES`], so that neither commits nor the disk suffer.

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use rusqlite::{Connection, OpenFlags, OptionalExtension, Transaction, TransactionBehavior, params};
use tokio::sync::watch;

use super::chain::{Hash, Head};
use super::disks::{CopyState, Disks};
use super::error::{DiskKind, JournalError};
#[cfg(feature = "cluster")]
use super::etcd::Group;
use super::folder::{DB_FILE, FileId, Folder, KEY_FILE, file_id, read_key};
use super::frame::FrameWriter;
use super::read::{SqliteReader, recorded_head, uri};
use super::reserve::Reserve;
use super::schema::{check_foreign, check_format, create_tables, guard, is_bare};
use super::vault::{MasterKey, Sealed, Sealer};
use super::{Append, Batch, OpenReader, Reader, Store};

/// The first SQLite without the WAL-reset bug, which could corrupt the database after a checkpoint.
const SQLITE_VERSION_MIN: i32 = 3_051_003;
/// How long another program (a backup) may hold the file before a commit fails.
pub(super) const BUSY_TIMEOUT: Duration = Duration::from_secs(5);
/// From here on the WAL is moved into the database when nothing waits.
const WAL_IDLE_BYTES: u64 = 4 << 20;
/// From here on it is moved even under load.
const WAL_FORCED_BYTES: u64 = 32 << 20;
/// The WAL file shrinks to this after it was moved.
const WAL_KEPT_BYTES: u64 = 64 << 20;
/// What a commit writes besides its records: about two pages.
const COMMIT_OVERHEAD_BYTES: u64 = 2 * 4096;
/// Stands behind the name of an incident whose key can't be read any more.
const LOST: &str = "~lost";

/// How a folder is opened.
#[derive(Clone, Copy, Default, Debug)]
pub struct OpenOptions {
    /// Goes on with a new master key when the old one is gone. What was sealed stays, unreadable, until the old key file
    /// is found; the chain still verifies.
    pub accept_lost_key: bool,
    /// How much space is held back for the time when the disk is full; 0: none. See [`RESERVE_BYTES`](super::RESERVE_BYTES).
    pub reserve_bytes: u64,
    /// Begins a new journal where one was and is gone: its keys, which are still there, are set aside. A folder with a journal is
    /// opened as ever.
    pub new: bool,
}

/// The journal in the state folder.
#[derive(Debug)]
pub struct SqliteStore {
    conn: Connection,
    head: Head,
    sealer: Sealer,
    master: MasterKey,
    told: watch::Sender<Head>,
    /// Bytes written since the WAL was last moved.
    wal_bytes: u64,
    /// A key was destroyed, and old pages may still hold it.
    purge: bool,
    /// A commit failed: what the disk holds must be read anew before the next one.
    unsure: bool,
    reserve: Reserve,
    /// What tells the database file from another of the same name.
    file_id: Option<FileId>,
    disks: watch::Sender<Disks>,
    /// Last: let go of when all else is closed.
    folder: Folder,
}

fn check_sqlite_version() -> Result<(), JournalError> {
    if rusqlite::version_number() >= SQLITE_VERSION_MIN {
        Ok(())
    } else {
        Err(JournalError::OldSqlite { found: rusqlite::version().into() })
    }
}

impl SqliteStore {
    /// Opens the state folder, making it if it is not there, and holds it until dropped.
    ///
    /// # Errors
    /// In use, from a newer version, damaged, without its key, or the disk does not take it.
    pub fn open(dir: &Path, options: OpenOptions) -> Result<Self, JournalError> {
        check_sqlite_version()?;
        let folder = Folder::take(dir)?;
        if options.new {
            anew(&folder)?;
        }
        folder.check_emptied()?;
        let file = folder.prepare_db()?;
        let mut conn = open_connection(&file)?;
        let empty = is_bare(&conn).map_err(|e| match e.sqlite_error_code() {
            Some(rusqlite::ErrorCode::NotADatabase) => JournalError::NotAJournal { file: file.clone() },
            _ => JournalError::sqlite("opening", &e),
        })?;
        if empty {
            folder.check_bare()?;
        } else {
            check_format(&conn, &file)?;
            check_foreign(&conn, &file)?;
        }
        set_pragmas(&conn).map_err(|e| JournalError::sqlite("setting up", &e))?;
        let master = take_key(&folder, &mut conn, empty, options)?;
        let sealer = Sealer::new(master.clone());
        // A crash may have come between a forgetting and the moving of old pages that still hold what was forgotten.
        let purge = learn_keys(&mut conn, &master, &sealer, options.accept_lost_key)?;
        let head = recorded_head(&conn)?;
        check_tail(&conn, head)?;
        if head == Head::START {
            folder.check_unrecorded()?;
        }
        let told = watch::Sender::new(head);
        let file_id = file_id(&file);
        let reserve = Reserve::take(dir, options.reserve_bytes);
        let disks = Disks { copies: vec![CopyState::well(dir.into(), head)], same_disk: false };
        let disks = watch::Sender::new(disks);
        Ok(Self {
            conn,
            head,
            sealer,
            master,
            told,
            wal_bytes: 0,
            purge,
            unsure: false,
            reserve,
            file_id,
            disks,
            folder,
        })
    }

    /// Makes the state folder of one more node: a journal without a record, with the master key of the others, as their key file has
    /// it. It can be opened then, and takes over what they have.
    ///
    /// # Errors
    /// There is a journal already, or what belongs to one; the text is no key; the disk does not take it.
    #[cfg(feature = "cluster")]
    #[cfg_attr(not(feature = "internals"), allow(dead_code, reason = "nothing in the program calls it yet"))]
    pub fn begin_with_key(dir: &Path, key_file_text: &str) -> Result<(), JournalError> {
        check_sqlite_version()?;
        let key = |what| JournalError::Key { file: dir.join(KEY_FILE), what };
        let master = MasterKey::from_file_text(key_file_text).ok_or_else(|| key("is damaged"))?;
        let folder = Folder::take(dir)?;
        folder.check_emptied()?;
        let file = folder.prepare_db()?;
        let mut conn = open_connection(&file)?;
        if !is_bare(&conn).map_err(|e| JournalError::sqlite("opening", &e))? {
            return Err(JournalError::Taken { file });
        }
        folder.check_bare()?;
        set_pragmas(&conn).map_err(|e| JournalError::sqlite("setting up", &e))?;
        begin(&folder, &mut conn, &master)
    }

    /// The key that wraps all others.
    pub(super) fn master(&self) -> &MasterKey {
        &self.master
    }

    /// The disk ran full, and the reserve was given up.
    pub(super) fn reserve_used(&self) -> bool {
        self.reserve.used()
    }

    /// Tells how the disk is, if that has changed.
    fn tell_disk(&self, out: Option<&JournalError>) {
        let (head, reserve_used) = (self.head, self.reserve.used());
        self.disks.send_if_modified(|disks| {
            let Some(copy) = disks.copies.first_mut() else { return false };
            let now = CopyState { dir: copy.dir.clone(), head, out: out.cloned(), reserve_used };
            let changed = copy.out != now.out || copy.reserve_used != now.reserve_used;
            *copy = now;
            changed
        });
    }

    /// Seals private values for batches of this store.
    pub fn sealer(&self) -> Sealer {
        self.sealer.clone()
    }

    fn write_group(
        &mut self,
        group: &[Append],
        answers: &mut Vec<Result<Head, JournalError>>,
    ) -> Result<Head, JournalError> {
        let failed = |e: rusqlite::Error| JournalError::sqlite("appending", &e);
        self.make_sure()?;
        let transaction = self.conn.transaction_with_behavior(TransactionBehavior::Immediate).map_err(failed)?;
        let mut frame = FrameWriter::after(self.head);
        for Append { expected_seq, batch } in group {
            let checked = match frame.head.seq == *expected_seq {
                true => batch.check_limits(),
                false => Err(JournalError::Conflict { expected: *expected_seq, found: frame.head.seq }),
            };
            if checked.is_ok() {
                write_beside(&transaction, batch).map_err(failed)?;
                batch.records.iter().for_each(|record| frame.push(record));
            }
            answers.push(checked.map(|()| frame.head));
        }
        if frame.count > 0 {
            write_frame(&transaction, self.head, frame.head, &frame.body).map_err(failed)?;
        }
        transaction.commit().map_err(failed)?;
        self.wal_bytes += frame.body.len() as u64 + COMMIT_OVERHEAD_BYTES;
        Ok(frame.head)
    }

    /// The folder is still ours, and it is known where its journal ends.
    fn make_sure(&mut self) -> Result<(), JournalError> {
        // A file that was removed or replaced takes commits as before, and nobody will ever find them.
        let file = self.folder.path.join(DB_FILE);
        if self.file_id.is_some() && file_id(&file) != self.file_id {
            let what = format!("{} was removed or replaced while it is in use", file.display());
            return Err(JournalError::Disk { kind: DiskKind::Io, what });
        }
        self.folder.hold()?;
        if self.unsure {
            self.head = recorded_head(&self.conn)?;
            self.unsure = false;
        }
        Ok(())
    }

    /// Appends what all sites have agreed on, as it is: the same frame, and with it the same chain. One that is here already is
    /// passed over.
    ///
    /// # Errors
    /// It does not follow on what is here, or the disk does not take it; nothing is changed then.
    #[cfg(feature = "cluster")]
    pub(super) fn append_group(&mut self, group: &Group) -> Result<Head, JournalError> {
        let mut written = self.write_foreign(group);
        if let Err(JournalError::Disk { kind: DiskKind::Full, .. }) = &written
            && self.reserve.give_up()
        {
            self.unsure = true;
            written = self.write_foreign(group);
        }
        match written {
            Ok(false) => Ok(self.head),
            Ok(true) => {
                self.head = group.end;
                self.tell_disk(None);
                self.purge |= !group.forget.is_empty();
                let beside = group.blobs.iter().map(|(_, bytes)| bytes.len());
                let beside = beside.chain(group.private.iter().map(|value| value.sealed.len())).sum::<usize>();
                self.wal_bytes += (group.body.len() + beside) as u64 + COMMIT_OVERHEAD_BYTES;
                let head = self.head;
                self.told.send_if_modified(|told| std::mem::replace(told, head) != head);
                if self.wal_bytes >= WAL_FORCED_BYTES || self.purge {
                    self.move_wal();
                }
                Ok(head)
            }
            Err(error) => {
                if let JournalError::Disk { .. } | JournalError::Corrupt { .. } = &error {
                    self.unsure = true;
                    self.tell_disk(Some(&error));
                }
                Err(error)
            }
        }
    }

    /// Whether anything had to be written.
    #[cfg(feature = "cluster")]
    fn write_foreign(&mut self, group: &Group) -> Result<bool, JournalError> {
        let failed = |e: rusqlite::Error| JournalError::sqlite("appending", &e);
        self.make_sure()?;
        let (here, before) = (self.head, group.before);
        if here.seq >= group.end.seq {
            return Ok(false);
        }
        if here.seq < before.seq {
            return Err(JournalError::Behind { have: here.seq, first: before.seq + 1 });
        }
        if here != before {
            return Err(JournalError::Apart { seq: here.seq });
        }
        let transaction = self.conn.transaction_with_behavior(TransactionBehavior::Immediate).map_err(failed)?;
        for value in &group.private {
            write_private(&transaction, value).map_err(failed)?;
        }
        write_blobs(&transaction, &group.blobs).map_err(failed)?;
        write_forgotten(&transaction, &group.forget).map_err(failed)?;
        write_frame(&transaction, before, group.end, &group.body).map_err(failed)?;
        // As the table says, whatever came in between: another site's key for an incident, or that it is forgotten.
        let mut keys = Vec::new();
        for incident in group.private.iter().map(|v| &*v.incident).chain(group.forget.iter().map(String::as_str)) {
            if keys.last().is_some_and(|(last, _)| *last == incident) {
                continue;
            }
            let wrapped: Option<Vec<u8>> = transaction
                .prepare_cached("SELECT wrapped FROM keys WHERE incident = ?1")
                .and_then(|mut s| s.query_row([incident], |row| row.get(0)))
                .map_err(failed)?;
            keys.push((incident, wrapped));
        }
        transaction.commit().map_err(failed)?;
        keys.iter().for_each(|(incident, wrapped)| self.sealer.learn(incident, wrapped.as_deref()));
        Ok(true)
    }

    /// Moves the WAL into the database. Not doing so harms nobody now, so that a failure is only tried again.
    fn move_wal(&mut self) {
        let mode = if self.purge { "TRUNCATE" } else { "PASSIVE" };
        // Truncating waits for readers; appending must not.
        let _ = self.conn.busy_timeout(Duration::ZERO);
        let moved = self.conn.query_row(&format!("PRAGMA wal_checkpoint({mode})"), [], |row| {
            let (busy, in_wal, moved): (bool, i64, i64) = (row.get(0)?, row.get(1)?, row.get(2)?);
            Ok(!busy && in_wal == moved)
        });
        let _ = self.conn.busy_timeout(BUSY_TIMEOUT);
        match moved {
            Ok(true) => (self.wal_bytes, self.purge) = (0, false),
            // A reader holds an old page: again after as much as makes it worth while.
            Ok(false) => self.wal_bytes /= 2,
            Err(error) => {
                self.wal_bytes /= 2;
                tracing::warn!(%error, "the journal's WAL could not be moved into the database; it grows until that works");
            }
        }
    }
}

impl Store for SqliteStore {
    fn head(&self) -> Head {
        self.head
    }

    fn append(&mut self, group: &[Append]) -> Vec<Result<Head, JournalError>> {
        let mut answers = Vec::with_capacity(group.len());
        let mut written = self.write_group(group, &mut answers);
        if let Err(JournalError::Disk { kind: DiskKind::Full, .. }) = &written
            && self.reserve.give_up()
        {
            self.unsure = true;
            answers.clear();
            written = self.write_group(group, &mut answers);
        }
        match written {
            Ok(head) => {
                self.head = head;
                self.tell_disk(None);
                for (append, answer) in group.iter().zip(&answers) {
                    if answer.is_ok() && !append.batch.forget.is_empty() {
                        append.batch.forget.iter().for_each(|incident| self.sealer.forget(incident));
                        self.purge = true;
                    }
                    for blob in append.batch.blobs.iter().filter(|_| answer.is_ok()) {
                        self.wal_bytes += blob.1.len() as u64;
                    }
                }
                self.told.send_if_modified(|told| std::mem::replace(told, head) != head);
                if self.wal_bytes >= WAL_FORCED_BYTES || self.purge {
                    self.move_wal();
                }
            }
            // What was refused for a reason of its own keeps it.
            Err(error) => {
                self.unsure = true;
                self.tell_disk(Some(&error));
                answers.resize(group.len(), Ok(self.head));
                answers.iter_mut().filter(|a| a.is_ok()).for_each(|answer| *answer = Err(error.clone()));
            }
        }
        answers
    }

    fn idle(&mut self) {
        if self.reserve.take_again() {
            self.tell_disk(None);
        }
        if self.wal_bytes >= WAL_IDLE_BYTES || self.purge {
            self.move_wal();
        }
    }

    fn heads(&self) -> watch::Receiver<Head> {
        self.told.subscribe()
    }

    fn open_reader(&self) -> OpenReader {
        let (dir, master): (PathBuf, _) = (self.folder.path.clone(), self.master.clone());
        Arc::new(move || {
            let mut reader = SqliteReader::open(&dir)?;
            reader.master = Some(master.clone());
            Ok(Box::new(reader) as Box<dyn Reader>)
        })
    }

    fn disks(&self) -> Option<watch::Receiver<Disks>> {
        Some(self.disks.subscribe())
    }
}

pub(super) fn open_connection(file: &Path) -> Result<Connection, JournalError> {
    let flags = OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_NO_MUTEX | OpenFlags::SQLITE_OPEN_URI;
    let open = || {
        let conn = Connection::open_with_flags(uri(file, ""), flags)?;
        conn.busy_timeout(BUSY_TIMEOUT)?;
        guard(&conn)?;
        Ok(conn)
    };
    open().map_err(|e: rusqlite::Error| JournalError::sqlite("opening", &e))
}

pub(super) fn set_pragmas(conn: &Connection) -> rusqlite::Result<()> {
    conn.pragma_update(None, "journal_mode", "WAL")?;
    conn.pragma_update(None, "synchronous", "FULL")?;
    // Destroyed keys are overwritten in the database, not only unlinked.
    conn.pragma_update(None, "secure_delete", true)?;
    conn.pragma_update(None, "wal_autocheckpoint", 0)?;
    conn.pragma_update(None, "journal_size_limit", WAL_KEPT_BYTES.cast_signed())?;
    conn.pragma_update(None, "trusted_schema", false)
}

/// Sets aside what is left of a journal that is gone, so that a new one begins; leaves alone a folder that holds one.
fn anew(folder: &Folder) -> Result<(), JournalError> {
    let file = folder.path.join(DB_FILE);
    let blank = match std::fs::metadata(&file) {
        Ok(meta) if meta.len() > 0 => {
            let conn = open_connection(&file)?;
            let bare = is_bare(&conn).map_err(|e| JournalError::sqlite("opening", &e))?;
            bare || check_format(&conn, &file).is_ok() && recorded_head(&conn)? == Head::START
        }
        _ => true,
    };
    if blank {
        return folder.set_aside();
    }
    tracing::warn!("the folder holds a journal, which goes on: `--new` did nothing; leave it out");
    Ok(())
}

/// Finds or makes the master key, and the tables with it: a folder has both or neither.
fn take_key(
    folder: &Folder,
    conn: &mut Connection,
    empty: bool,
    options: OpenOptions,
) -> Result<MasterKey, JournalError> {
    let failed = |e: rusqlite::Error| JournalError::sqlite("setting up", &e);
    if empty {
        let master = MasterKey::random()?;
        begin(folder, conn, &master)?;
        return Ok(master);
    }
    let check: Vec<u8> = conn
        .query_row("SELECT value FROM meta WHERE name = 'key_check'", [], |row| row.get(0))
        .map_err(|e| JournalError::sqlite("reading the key's check", &e))?;
    // A crash may have come before the first key got its name.
    if folder.staged_key().is_some_and(|staged| staged.check_value()[..] == check[..]) {
        folder.name_key()?;
    }
    let on_disk = match read_key(&folder.path) {
        Err(JournalError::Key { .. }) if options.accept_lost_key => None,
        other => other?,
    };
    let wrong = match on_disk {
        Some(master) if master.check_value()[..] == check[..] => return Ok(master),
        Some(_) => "belongs to another journal",
        None => "is missing",
    };
    if !options.accept_lost_key {
        return Err(JournalError::Key { file: folder.path.join(KEY_FILE), what: wrong });
    }
    let master = new_key(folder)?;
    conn.execute("UPDATE meta SET value = ?1 WHERE name = 'key_check'", [master.check_value()]).map_err(failed)?;
    Ok(master)
}

/// A journal without a record.
fn begin(folder: &Folder, conn: &mut Connection, master: &MasterKey) -> Result<(), JournalError> {
    let failed = |e: rusqlite::Error| JournalError::sqlite("setting up", &e);
    // The key gets its name last: a key beside a journal that is empty then always says that there was one.
    folder.stage_key(master)?;
    let transaction = conn.transaction_with_behavior(TransactionBehavior::Immediate).map_err(failed)?;
    create_tables(&transaction, master).map_err(failed)?;
    transaction.commit().map_err(failed)?;
    // Into the file itself: whatever becomes of the WAL, it is a journal from now on.
    conn.query_row("PRAGMA wal_checkpoint(TRUNCATE)", [], |_| Ok(())).map_err(failed)?;
    folder.name_key()
}

fn new_key(folder: &Folder) -> Result<MasterKey, JournalError> {
    let master = MasterKey::random()?;
    folder.write_key(&master)?;
    Ok(master)
}

/// Takes up the incidents' keys. One that can't be read is set aside under another name, so that its incident can go on
/// with a new key: an open incident must be able to record whom it reaches. Whether any is forgotten.
fn learn_keys(conn: &mut Connection, master: &MasterKey, sealer: &Sealer, look: bool) -> Result<bool, JournalError> {
    let read = |conn: &Connection| -> rusqlite::Result<Vec<(String, Option<Vec<u8>>)>> {
        conn.prepare("SELECT incident, wrapped FROM keys")?
            .query_map([], |row| Ok((row.get(0)?, row.get(1)?)))?
            .collect()
    };
    let (mut lost, mut forgotten) = (Vec::new(), false);
    for (incident, wrapped) in read(conn).map_err(|e| JournalError::sqlite("reading keys", &e))? {
        // Only where a key may be lost is each looked at: a start does not grow with the number of incidents that are over.
        let opens = |wrapped: &[u8]| !look || master.unwrap_key(&incident, wrapped).is_some();
        match wrapped.as_deref() {
            None => {
                forgotten = true;
                sealer.learn(&incident, None);
            }
            Some(_) if incident.ends_with(LOST) => {}
            Some(wrapped) if opens(wrapped) => sealer.learn(&incident, Some(wrapped)),
            Some(_) => lost.push(incident),
        }
    }
    if lost.is_empty() {
        return Ok(forgotten);
    }
    tracing::error!(incidents = lost.len(), "keys of incidents can't be read; their private values stay sealed");
    let set_aside = |conn: &mut Connection| {
        let transaction = conn.transaction_with_behavior(TransactionBehavior::Immediate)?;
        for incident in &lost {
            let mut aside = format!("{incident}{LOST}");
            while transaction
                .query_row("SELECT EXISTS (SELECT 1 FROM keys WHERE incident = ?1)", [&aside], |r| r.get(0))?
            {
                aside.push_str(LOST);
            }
            transaction.execute("UPDATE keys SET incident = ?2 WHERE incident = ?1", [incident, &aside])?;
            transaction.execute("UPDATE private SET incident = ?2 WHERE incident = ?1", [incident, &aside])?;
        }
        transaction.commit()
    };
    set_aside(conn).map_err(|e| JournalError::sqlite("setting lost keys aside", &e))?;
    Ok(forgotten)
}

/// The last frame must end in the recorded head: cheap, and finds a folder put together from two.
fn check_tail(conn: &Connection, head: Head) -> Result<(), JournalError> {
    let last: Option<(i64, Vec<u8>)> = conn
        .query_row("SELECT first + count - 1, hash FROM frames ORDER BY first DESC LIMIT 1", [], |row| {
            Ok((row.get(0)?, row.get(1)?))
        })
        .optional()
        .map_err(|e| JournalError::sqlite("reading the last frame", &e))?;
    match last {
        None if head == Head::START => Ok(()),
        Some((seq, hash)) if seq == head.seq.cast_signed() && hash == head.hash => Ok(()),
        Some((seq, _)) if seq != head.seq.cast_signed() => {
            Err(JournalError::corrupt(None, format!("the last record is {seq}, the recorded head {}", head.seq)))
        }
        Some(_) => Err(JournalError::corrupt(head.seq, "its hash is not the one recorded as the head")),
        None => Err(JournalError::corrupt(1, format!("no records, but the recorded head is {}", head.seq))),
    }
}

/// All of a batch that lies outside the chain.
fn write_beside(transaction: &Transaction<'_>, batch: &Batch) -> rusqlite::Result<()> {
    for value in batch.records.iter().flat_map(|record| &record.private) {
        write_private(transaction, value)?;
    }
    write_blobs(transaction, &batch.blobs)?;
    write_forgotten(transaction, &batch.forget)
}

fn write_blobs(transaction: &Transaction<'_>, blobs: &[(Hash, Vec<u8>)]) -> rusqlite::Result<()> {
    for (hash, bytes) in blobs {
        transaction
            .prepare_cached("INSERT INTO blobs (hash, bytes) VALUES (?1, ?2) ON CONFLICT DO NOTHING")?
            .execute(params![hash, bytes])?;
    }
    Ok(())
}

fn write_forgotten(transaction: &Transaction<'_>, incidents: &[String]) -> rusqlite::Result<()> {
    for incident in incidents {
        transaction
            .prepare_cached(
                "INSERT INTO keys (incident, wrapped) VALUES (?1, NULL) ON CONFLICT DO UPDATE SET wrapped = NULL",
            )?
            .execute([incident])?;
        transaction.prepare_cached("UPDATE private SET sealed = NULL WHERE incident = ?1")?.execute([incident])?;
    }
    Ok(())
}

/// A value that was sealed before its incident was forgotten, and comes after, is not stored.
fn write_private(transaction: &Transaction<'_>, value: &Sealed) -> rusqlite::Result<()> {
    transaction
        .prepare_cached("INSERT INTO keys (incident, wrapped) VALUES (?1, ?2) ON CONFLICT DO NOTHING")?
        .execute(params![value.incident, some(&value.wrapped)])?;
    transaction
        .prepare_cached(
            "INSERT INTO private (commitment, incident, sealed)
             SELECT ?1, ?2, iif(wrapped IS NULL, NULL, ?3) FROM keys WHERE incident = ?2 ON CONFLICT DO NOTHING",
        )?
        .execute(params![value.commitment.0, value.incident, some(&value.sealed)])?;
    Ok(())
}

/// Without bytes: forgotten where it comes from.
fn some(bytes: &[u8]) -> Option<&[u8]> {
    Some(bytes).filter(|bytes| !bytes.is_empty())
}

fn write_frame(transaction: &Transaction<'_>, before: Head, end: Head, body: &[u8]) -> rusqlite::Result<()> {
    let count = end.seq - before.seq;
    transaction
        .prepare_cached("INSERT INTO frames (first, count, hash, body) VALUES (?1, ?2, ?3, ?4)")?
        .execute(params![(before.seq + 1).cast_signed(), count.cast_signed(), end.hash, body])?;
    transaction
        .prepare_cached("UPDATE head SET seq = ?1, hash = ?2 WHERE id = 1")?
        .execute(params![end.seq.cast_signed(), end.hash])?;
    Ok(())
}

#[cfg(test)]
impl SqliteStore {
    /// For tests that make the disk misbehave.
    pub(super) fn conn(&self) -> &Connection {
        &self.conn
    }
    pub(super) fn reserve(&mut self) -> &mut Reserve {
        &mut self.reserve
    }
}
