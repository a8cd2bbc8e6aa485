//! The state folder: created for its owner alone, held by one process, with the key file in it.

use std::fs::{self, File, TryLockError};
use std::io::{ErrorKind, Read, Write};
use std::path::{Path, PathBuf};

use super::error::JournalError;
use super::vault::MasterKey;

/// The database.
pub(crate) const DB_FILE: &str = "journal.db";
/// Held for life by the process that owns the folder.
pub(crate) const LOCK_FILE: &str = "lock";
/// The master key.
pub(crate) const KEY_FILE: &str = "key";
/// Longest file read whole here; both are a line.
const LINE_FILE_BYTES_MAX: u64 = 256;

/// The state folder, held. Dropping it lets go.
#[derive(Debug)]
pub(crate) struct Folder {
    pub path: PathBuf,
    _lock: File,
}

impl Folder {
    /// Makes the folder (mode 0700) unless it is there, and takes its lock.
    pub fn take(path: &Path) -> Result<Self, JournalError> {
        create_private_folder(path).map_err(|e| JournalError::io("creating", path, &e))?;
        let lock_path = path.join(LOCK_FILE);
        let open = || private_options().read(true).write(true).create(true).truncate(false).open(&lock_path);
        let mut lock = open().map_err(|e| JournalError::io("opening", &lock_path, &e))?;
        match lock.try_lock() {
            Ok(()) => {}
            Err(TryLockError::WouldBlock) => {
                let pid = read_line(&mut lock).ok().and_then(|line| line.trim().parse().ok());
                return Err(JournalError::InUse { folder: path.into(), pid });
            }
            Err(TryLockError::Error(e)) => return Err(JournalError::io("locking", &lock_path, &e)),
        }
        // Only for the message that another process shows: a full disk here must not stop the start.
        let _ = lock.set_len(0).and_then(|()| writeln!(lock, "{}", std::process::id()));
        Ok(Self { path: path.into(), _lock: lock })
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

    /// Writes a new key file, durably, before anything is wrapped by it.
    pub fn write_key(&self, key: &MasterKey) -> Result<(), JournalError> {
        write_key(&self.path, key)
    }
}

/// Writes a key file into a folder whose lock is held, or that is new.
pub(crate) fn write_key(folder: &Path, key: &MasterKey) -> Result<(), JournalError> {
    write_private(folder, KEY_FILE, key.to_file_text().as_bytes())
}

/// Writes a file that its owner alone may read, durably and whole or not at all.
pub(crate) fn write_private(folder: &Path, name: &str, bytes: &[u8]) -> Result<(), JournalError> {
    let path = folder.join(name);
    let new = folder.join(format!("{name}.new"));
    let write = || {
        match fs::remove_file(&new) {
            Err(e) if e.kind() != ErrorKind::NotFound => return Err(e),
            _ => {}
        }
        let mut file = private_options().write(true).create_new(true).open(&new)?;
        file.write_all(bytes)?;
        file.sync_all()?;
        fs::rename(&new, &path)?;
        sync_folder(folder)
    };
    write().map_err(|e| JournalError::io("writing", &path, &e))
}

/// Keys that are not the journal's, and that a program started on a copy needs: links that are out go on to work, and seals
/// are by the same hand.
pub(crate) const SIDE_KEYS: [&str; 2] = ["link-key", "seal-key"];

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

pub(crate) fn private_options() -> fs::OpenOptions {
    #[cfg_attr(not(unix), expect(unused_mut, reason = "modes are a matter of Unix"))]
    let mut options = File::options();
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    options
}

pub(crate) fn create_private_folder(path: &Path) -> std::io::Result<()> {
    let mut builder = fs::DirBuilder::new();
    builder.recursive(true);
    #[cfg(unix)]
    std::os::unix::fs::DirBuilderExt::mode(&mut builder, 0o700);
    builder.create(path)
}

/// A new name is durable when its folder is (POSIX leaves it open; ext4 and XFS need it).
pub(crate) fn sync_folder(path: &Path) -> std::io::Result<()> {
    if cfg!(unix) { File::open(path)?.sync_all() } else { Ok(()) }
}
