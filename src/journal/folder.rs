//! The state folder: created for its owner alone, held by one process, with the key file in it.

use std::fs::{self, File, TryLockError};
use std::io::{ErrorKind, Read, Write};
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use super::checkpoint::CHECKPOINT_FILE;
use super::error::JournalError;
use super::vault::MasterKey;
use crate::private_files::{create_folder, is_ours, private_options, replace, sync_folder};

/// The database.
pub(crate) const DB_FILE: &str = "journal.db";
/// What SQLite keeps beside it.
const WAL_FILES: [&str; 2] = ["journal.db-wal", "journal.db-shm"];
/// Held for life by the process that owns the folder.
pub(crate) const LOCK_FILE: &str = "lock";
/// A folder that is in use is tried again for so long.
const LOCK_PATIENCE: Duration = Duration::from_millis(500);
/// It is looked at again after that time.
const LOCK_PAUSE: Duration = Duration::from_millis(20);
/// The master key.
pub(crate) const KEY_FILE: &str = "key";
/// The first master key, until the tables are there that it belongs to.
const STAGED_KEY_FILE: &str = "key.first";
/// What was left of a journal that is gone lies here when a new one was begun.
const ASIDE_FOLDER: &str = "before-new";
/// Longest file read whole here; both are a line.
const LINE_FILE_BYTES_MAX: u64 = 256;
/// Others may write (`chmod` g+w, o+w): whoever can, can put another journal in the place of ours.
#[cfg(unix)]
const WRITABLE_BY_OTHERS: u32 = 0o022;
/// Others may do anything with it.
#[cfg(unix)]
const OTHERS: u32 = 0o077;

/// Device and number of a file.
pub(super) type FileId = (u64, u64);

#[cfg(unix)]
pub(super) fn file_id(file: &Path) -> Option<FileId> {
    fs::metadata(file).ok().as_ref().map(id_of)
}

#[cfg(unix)]
fn id_of(meta: &fs::Metadata) -> FileId {
    use std::os::unix::fs::MetadataExt;
    (meta.dev(), meta.ino())
}

#[cfg(not(unix))]
pub(super) fn file_id(_: &Path) -> Option<FileId> {
    None
}

/// The state folder, held. Dropping it lets go.
#[derive(Debug)]
pub(crate) struct Folder {
    pub path: PathBuf,
    lock: File,
    /// What tells the lock file from another of the same name.
    lock_id: Option<FileId>,
    /// The folder itself, locked: whoever removes the file `lock` does not let a second process in. `None`: its file system
    /// has no locks on folders.
    held: Option<File>,
}

impl Folder {
    /// Makes the folder (mode 0700) unless it is there, and takes its locks.
    ///
    /// # Errors
    /// Others may write into it, or it is somebody else's; another process owns it; the disk does not take it.
    pub fn take(path: &Path) -> Result<Self, JournalError> {
        create_folder(path).map_err(|e| JournalError::io("creating", path, &e))?;
        check_alone(path)?;
        let held = patiently(|| hold_folder(path))?;
        let lock = patiently(|| take_lock(path))?;
        tighten(path);
        Ok(Self { path: path.into(), lock, lock_id: file_id(&path.join(LOCK_FILE)), held })
    }

    /// Before each commit: the lock file may have been removed, or another have come in its place. It is taken anew, so that
    /// whoever looks at it finds it held.
    ///
    /// # Errors
    /// Another process holds the one that is there now.
    pub fn hold(&mut self) -> Result<(), JournalError> {
        let now = file_id(&self.path.join(LOCK_FILE));
        if now.is_some() && now == self.lock_id || cfg!(not(unix)) {
            return Ok(());
        }
        match take_lock(&self.path) {
            Ok(lock) => {
                (self.lock, self.lock_id) = (lock, file_id(&self.path.join(LOCK_FILE)));
                tracing::warn!("the file `lock` was removed or replaced while it was held; it is held again");
                Ok(())
            }
            // The folder itself is held; a full disk takes no new file.
            Err(JournalError::Disk { .. }) if self.held.is_some() => Ok(()),
            Err(error) => Err(error),
        }
    }

    /// Makes the database file with mode 0600 before SQLite opens it; SQLite gives its WAL the same mode.
    pub fn prepare_db(&self) -> Result<PathBuf, JournalError> {
        let path = self.path.join(DB_FILE);
        private_options()
            .write(true)
            .create(true)
            .truncate(false)
            .open(&path)
            .map_err(|e| JournalError::io("creating", &path, &e))?;
        Ok(path)
    }

    /// Refuses to begin a new journal in the place of one that is gone: its file is missing or of no length, and what belongs
    /// to it is there.
    pub fn check_emptied(&self) -> Result<(), JournalError> {
        check_emptied(&self.path)
    }

    /// The same for a file that is a database and has nothing in it.
    pub fn check_bare(&self) -> Result<(), JournalError> {
        refuse_if_any(&self.path, keys_left(&self.path))
    }

    /// The same for a journal without a record: a checkpoint is made of records.
    pub fn check_unrecorded(&self) -> Result<(), JournalError> {
        let left = fs::symlink_metadata(self.path.join(CHECKPOINT_FILE)).is_ok().then_some(CHECKPOINT_FILE);
        refuse_if_any(&self.path, left.into_iter().collect())
    }

    /// Moves all that is left of a journal that is gone into a folder of its own.
    pub fn set_aside(&self) -> Result<(), JournalError> {
        let mut left = keys_left(&self.path);
        if left.is_empty() && wal_left(&self.path).is_none() {
            return Ok(());
        }
        left.extend([DB_FILE, WAL_FILES[0], WAL_FILES[1]]);
        let aside = self.path.join(ASIDE_FOLDER);
        let failed =
            |e: std::io::Error| JournalError::io("setting the keys of the journal that is gone aside in", &aside, &e);
        if fs::symlink_metadata(&aside).is_ok() {
            let what = "it holds those of an earlier one: move it out of the state folder first";
            return Err(failed(std::io::Error::new(ErrorKind::AlreadyExists, what)));
        }
        create_folder(&aside).map_err(failed)?;
        for name in left {
            match fs::rename(self.path.join(name), aside.join(name)) {
                Err(e) if e.kind() != ErrorKind::NotFound => return Err(failed(e)),
                _ => {}
            }
        }
        sync_folder(&aside).and_then(|()| sync_folder(&self.path)).map_err(failed)?;
        tracing::warn!(folder = %aside.display(), "a NEW journal begins; the keys of the one that is gone were set aside");
        Ok(())
    }

    /// Writes the first key file, durably, before anything is wrapped by it, under a name that is not yet its own.
    pub fn stage_key(&self, key: &MasterKey) -> Result<(), JournalError> {
        write_private(&self.path, STAGED_KEY_FILE, key.to_file_text().as_bytes())
    }

    /// The first key, if it has not got its name yet.
    pub fn staged_key(&self) -> Option<MasterKey> {
        MasterKey::from_file_text(&read_side_key(&self.path, STAGED_KEY_FILE)?)
    }

    /// Gives the first key its name: the tables are there.
    pub fn name_key(&self) -> Result<(), JournalError> {
        let key = self.path.join(KEY_FILE);
        fs::rename(self.path.join(STAGED_KEY_FILE), &key)
            .and_then(|()| sync_folder(&self.path))
            .map_err(|e| JournalError::io("naming", &key, &e))
    }

    /// Writes a new key file, durably, before anything is wrapped by it.
    pub fn write_key(&self, key: &MasterKey) -> Result<(), JournalError> {
        write_key(&self.path, key)
    }
}

/// Whoever held it may be going: a process that has ended, or a child of one that has not begun its own program yet.
fn patiently<T>(take: impl Fn() -> Result<T, JournalError>) -> Result<T, JournalError> {
    let until = Instant::now() + LOCK_PATIENCE;
    loop {
        match take() {
            Err(JournalError::InUse { .. }) if Instant::now() < until => std::thread::sleep(LOCK_PAUSE),
            taken => return taken,
        }
    }
}

/// The lock file, made unless it is there, and locked.
fn take_lock(folder: &Path) -> Result<File, JournalError> {
    let path = folder.join(LOCK_FILE);
    let open = || private_options().read(true).write(true).create(true).truncate(false).open(&path);
    let mut lock = open().map_err(|e| JournalError::io("opening", &path, &e))?;
    match lock.try_lock() {
        Ok(()) => {}
        Err(TryLockError::WouldBlock) => return Err(in_use(folder)),
        Err(TryLockError::Error(e)) => return Err(JournalError::io("locking", &path, &e)),
    }
    // Only for the message that another process shows: a full disk here must not stop the start.
    let _ = lock.set_len(0).and_then(|()| writeln!(lock, "{}", std::process::id()));
    Ok(lock)
}

/// Locks the folder itself, by its inode.
fn hold_folder(folder: &Path) -> Result<Option<File>, JournalError> {
    // Elsewhere folders can't be opened as files.
    if cfg!(not(unix)) {
        return Ok(None);
    }
    let held = File::open(folder).map_err(|e| JournalError::io("opening", folder, &e))?;
    match held.try_lock() {
        Ok(()) => Ok(Some(held)),
        Err(TryLockError::WouldBlock) => Err(in_use(folder)),
        // Network file systems lock files alone: then the file `lock` holds it.
        Err(TryLockError::Error(error)) => {
            tracing::info!(%error, "this file system has no locks on folders");
            Ok(None)
        }
    }
}

fn in_use(folder: &Path) -> JournalError {
    let line = File::open(folder.join(LOCK_FILE)).and_then(|mut lock| read_line(&mut lock));
    JournalError::InUse { folder: folder.into(), pid: line.ok().and_then(|line| line.trim().parse().ok()) }
}

/// A folder that others may write into is not ours alone: they can put anything into it, and take the journal out of it.
#[cfg(unix)]
pub(crate) fn check_alone(folder: &Path) -> Result<(), JournalError> {
    use std::os::unix::fs::MetadataExt;
    let meta = fs::metadata(folder).map_err(|e| JournalError::io("looking at", folder, &e))?;
    if !is_ours(&meta) {
        let us = rustix::process::geteuid().as_raw();
        return Err(JournalError::NotOurs { folder: folder.into(), owner: meta.uid(), us });
    }
    if meta.mode() & WRITABLE_BY_OTHERS != 0 {
        return Err(JournalError::Writable { folder: folder.into(), mode: meta.mode() & 0o7777 });
    }
    Ok(())
}

#[cfg(not(unix))]
pub(crate) fn check_alone(_: &Path) -> Result<(), JournalError> {
    Ok(())
}

/// Takes from others what they may do with the files in the folder. A copy that was put here by hand often lets them read.
#[cfg(unix)]
fn tighten(folder: &Path) {
    use std::os::unix::fs::{MetadataExt, PermissionsExt};
    let own = [DB_FILE, KEY_FILE, CHECKPOINT_FILE, LOCK_FILE, "console-token", "first-account"];
    for name in own.into_iter().chain(WAL_FILES).chain(SIDE_KEYS).chain(SIDE_FILES) {
        let path = folder.join(name);
        let open = |meta: &fs::Metadata| meta.is_file() && meta.mode() & OTHERS != 0;
        if fs::symlink_metadata(&path).is_ok_and(|meta| open(&meta)) {
            match fs::set_permissions(&path, fs::Permissions::from_mode(0o600)) {
                Ok(()) => tracing::warn!(file = name, "others could read or write it; now its owner alone can"),
                Err(error) => tracing::warn!(file = name, %error, "others can read or write it: chmod 600"),
            }
        }
    }
}

#[cfg(not(unix))]
fn tighten(_: &Path) {}

/// Refuses a folder whose journal is gone, or of no length, while what belongs to it is there.
pub(crate) fn check_emptied(folder: &Path) -> Result<(), JournalError> {
    let there = fs::metadata(folder.join(DB_FILE)).is_ok_and(|meta| meta.len() > 0);
    if there {
        return Ok(());
    }
    let mut left = keys_left(folder);
    left.extend(wal_left(folder));
    refuse_if_any(folder, left)
}

fn refuse_if_any(folder: &Path, left: Vec<&'static str>) -> Result<(), JournalError> {
    if left.is_empty() {
        return Ok(());
    }
    Err(JournalError::Emptied { folder: folder.into(), left: left.join(", ") })
}

/// Which files are there that come after a journal's first record.
fn keys_left(folder: &Path) -> Vec<&'static str> {
    let after = [KEY_FILE, SIDE_KEYS[0], SIDE_KEYS[1], CHECKPOINT_FILE];
    after.into_iter().filter(|name| fs::symlink_metadata(folder.join(name)).is_ok()).collect()
}

/// SQLite's log without the database that it belongs to.
fn wal_left(folder: &Path) -> Option<&'static str> {
    fs::metadata(folder.join(WAL_FILES[0])).is_ok_and(|meta| meta.len() > 0).then_some(WAL_FILES[0])
}

/// Writes a key file into a folder whose lock is held, or that is new.
pub(crate) fn write_key(folder: &Path, key: &MasterKey) -> Result<(), JournalError> {
    write_private(folder, KEY_FILE, key.to_file_text().as_bytes())
}

/// Writes a file that its owner alone may read, durably and whole or not at all.
pub(crate) fn write_private(folder: &Path, name: &str, bytes: &[u8]) -> Result<(), JournalError> {
    replace(folder, name, bytes).map_err(|e| JournalError::io("writing", &folder.join(name), &e))
}

/// Keys that are not the journal's, and that a program started on a copy needs: links that are out go on to work, and seals
/// are by the same hand.
pub(crate) const SIDE_KEYS: [&str; 2] = ["link-key", "seal-key"];

/// What else a program started on a copy needs, and whose secrets go where the keys go: who may come in.
pub(crate) const SIDE_FILES: [&str; 2] = ["access.json", CLUSTER_ID_FILE];
/// Of which cluster a node is: a folder that was restored from one of its nodes belongs to it, too.
const CLUSTER_ID_FILE: &str = "cluster-id";
/// Longest such file.
const SIDE_FILE_BYTES_MAX: u64 = 4 * 1024 * 1024;

/// Such a file; `None` when there is none.
///
/// # Errors
/// It can't be read, or is too long: a backup without it would not be whole.
pub(crate) fn read_side_file(folder: &Path, name: &str) -> Result<Option<String>, JournalError> {
    let path = folder.join(name);
    let failed = |e: &std::io::Error| JournalError::io("reading", &path, e);
    let file = match File::open(&path) {
        Ok(file) => file,
        Err(e) if e.kind() == ErrorKind::NotFound => return Ok(None),
        Err(e) => return Err(failed(&e)),
    };
    let mut text = String::new();
    let read = file.take(SIDE_FILE_BYTES_MAX + 1).read_to_string(&mut text).map_err(|e| failed(&e))?;
    if read as u64 > SIDE_FILE_BYTES_MAX {
        return Err(failed(&std::io::Error::new(ErrorKind::InvalidData, "it is too long")));
    }
    Ok(Some(text))
}

/// Of which cluster the folder's node is; `None`: of none.
///
/// # Errors
/// It can't be read.
pub fn cluster_id(folder: &Path) -> Result<Option<String>, JournalError> {
    let text = read_side_file(folder, CLUSTER_ID_FILE)?;
    Ok(text.map(|text| text.trim().to_owned()).filter(|id| !id.is_empty()))
}

/// A folder of a cluster is not written by one node for itself.
///
/// # Errors
/// [`JournalError::OneOfSeveral`]; or it can't be read.
pub(super) fn check_single(folder: &Path) -> Result<(), JournalError> {
    match cluster_id(folder)? {
        None => Ok(()),
        Some(_) => Err(JournalError::OneOfSeveral { folder: folder.into() }),
    }
}

/// Makes the folder's node one of a cluster, durably.
///
/// # Errors
/// It can't be written.
#[cfg(feature = "cluster")]
pub fn join_cluster(folder: &Path, id: &str) -> Result<(), JournalError> {
    write_private(folder, CLUSTER_ID_FILE, format!("{id}\n").as_bytes())
}

/// A side key's file; `None` when there is none, or it can't be read.
pub(crate) fn read_side_key(folder: &Path, name: &str) -> Option<String> {
    let mut file = File::open(folder.join(name)).ok()?;
    read_line(&mut file).ok().filter(|text| !text.is_empty())
}

/// Gives a folder the side keys that it lacks. One that can't be written is worth a warning and no more.
pub fn copy_side_keys(from: &Path, to: &Path) {
    for name in SIDE_KEYS {
        if let (Some(text), false) = (read_side_key(from, name), to.join(name).exists())
            && let Err(error) = write_private(to, name, text.as_bytes())
        {
            tracing::warn!(%error, "a key was not copied to the other copy of the journal");
        }
    }
}

/// The master key in a folder; `None` when there is no key file.
pub(crate) fn read_key(folder: &Path) -> Result<Option<MasterKey>, JournalError> {
    let path = folder.join(KEY_FILE);
    let mut file = match File::open(&path) {
        Ok(file) => file,
        Err(e) if e.kind() == ErrorKind::NotFound => return Ok(None),
        Err(e) => return Err(JournalError::io("opening", &path, &e)),
    };
    match read_line(&mut file) {
        Ok(text) => match MasterKey::from_file_text(&text) {
            Some(key) => Ok(Some(key)),
            None => Err(JournalError::Key { file: path, what: "is damaged" }),
        },
        Err(e) if e.kind() == ErrorKind::InvalidData => Err(JournalError::Key { file: path, what: "is damaged" }),
        Err(e) => Err(JournalError::io("reading", &path, &e)),
    }
}

fn read_line(file: &mut File) -> std::io::Result<String> {
    let mut text = String::new();
    file.take(LINE_FILE_BYTES_MAX).read_to_string(&mut text)?;
    Ok(text)
}
