//! How files come about that hold records or secrets: new, for their owner alone, whole or not at all, and never through a link
//! or into a file that somebody else has laid out under their name.
//!
//! Must not: know what stands in them. Pages for the public and spool files, which others read by design, are not made here.

use std::ffi::OsString;
use std::fs::{self, File, OpenOptions};
use std::io::{self, ErrorKind, Write};
use std::path::{Path, PathBuf};

/// For files that their owner alone may read, once they are made.
pub fn private_options() -> OpenOptions {
    #[cfg_attr(not(unix), expect(unused_mut, reason = "modes are a matter of Unix"))]
    let mut options = File::options();
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    options
}

/// A file that was not there: one that is, of whatever kind, is refused, and so is a link to nowhere (POSIX open, `O_EXCL`).
///
/// # Errors
/// The name is taken, or the disk does not take it.
pub fn create_new(path: &Path) -> io::Result<File> {
    private_options().write(true).create_new(true).open(path)
}

/// Writes a new file, durably; what the disk doesn't take whole it doesn't keep in part.
///
/// # Errors
/// [`ErrorKind::AlreadyExists`]: a file, folder or link has the name. Or the disk does not take it.
pub fn write_new(path: &Path, bytes: &[u8]) -> io::Result<()> {
    let mut file = create_new(path)?;
    let written = file.write_all(bytes).and_then(|()| file.sync_all());
    if written.is_err() {
        let _ = fs::remove_file(path);
    }
    written
}

/// Writes a file in the place of the one before it, durably and whole or not at all. The folder is its owner's alone.
///
/// # Errors
/// The disk does not take it; the one before is as it was.
pub fn replace(folder: &Path, name: &str, bytes: &[u8]) -> io::Result<()> {
    let new = folder.join(format!("{name}.new"));
    // What a crash has left; a link goes, and not what it leads to.
    match fs::remove_file(&new) {
        Err(e) if e.kind() != ErrorKind::NotFound => return Err(e),
        _ => {}
    }
    let mut file = create_new(&new)?;
    file.write_all(bytes)?;
    file.sync_all()?;
    fs::rename(&new, folder.join(name))?;
    sync_folder(folder)
}

/// Gives a file its name, if nothing has that name; in one step wherever the file system can.
///
/// # Errors
/// [`ErrorKind::AlreadyExists`]: a file, folder or link has the name. Or the disk does not take it.
pub fn name_new(from: &Path, to: &Path) -> io::Result<()> {
    #[cfg(target_os = "linux")]
    {
        use rustix::fs::{CWD, RenameFlags, renameat_with};
        use rustix::io::Errno;
        match renameat_with(CWD, from, CWD, to, RenameFlags::NOREPLACE) {
            Ok(()) => return Ok(()),
            // Some network file systems can't.
            Err(Errno::INVAL | Errno::NOSYS | Errno::OPNOTSUPP) => {}
            Err(error) => return Err(error.into()),
        }
    }
    match fs::hard_link(from, to) {
        Ok(()) => fs::remove_file(from),
        Err(e) if e.kind() == ErrorKind::AlreadyExists => Err(e),
        // Without hard links nothing is left but to look first.
        Err(_) => match fs::symlink_metadata(to) {
            Ok(_) => Err(ErrorKind::AlreadyExists.into()),
            Err(_) => fs::rename(from, to),
        },
    }
}

/// Makes a folder, and those above it that are missing, for their owner alone. One that is there is left as it is.
///
/// # Errors
/// The disk does not take it.
pub fn create_folder(path: &Path) -> io::Result<()> {
    folder_builder().recursive(true).create(path)
}

/// A new name is durable when its folder is (POSIX leaves it open; ext4 and XFS need it).
///
/// # Errors
/// What the system says.
pub fn sync_folder(path: &Path) -> io::Result<()> {
    if cfg!(unix) { File::open(path)?.sync_all() } else { Ok(()) }
}

fn folder_builder() -> fs::DirBuilder {
    #[cfg_attr(not(unix), expect(unused_mut, reason = "modes are a matter of Unix"))]
    let mut builder = fs::DirBuilder::new();
    #[cfg(unix)]
    std::os::unix::fs::DirBuilderExt::mode(&mut builder, 0o700);
    builder
}

/// A folder for work, with a name that nobody can guess, for its owner alone; it goes with all that is in it when this is dropped.
#[derive(Debug)]
pub struct Scratch {
    path: PathBuf,
    /// Held for life, so that the next one can tell what a crash has left.
    _held: Option<File>,
}

impl Scratch {
    /// A new one in `within`, its name begun with `prefix`. What earlier ones of this name have left there is removed: it may
    /// hold secrets, and it takes up the disk that a backup needs.
    ///
    /// # Errors
    /// No randomness, or the disk does not take it.
    pub fn new(within: &Path, prefix: &str) -> io::Result<Self> {
        remove_left_behind(within, prefix);
        let mut name = [0; 8];
        getrandom::fill(&mut name).map_err(|e| io::Error::other(e.to_string()))?;
        let path = within.join(format!("{prefix}{:016x}", u64::from_le_bytes(name)));
        folder_builder().create(&path)?;
        // Where a folder can't be locked, what a crash leaves stays until somebody removes it.
        let held = File::open(&path).ok().filter(|folder| folder.try_lock().is_ok());
        Ok(Self { path, _held: held })
    }

    /// Where it is.
    pub fn path(&self) -> &Path {
        &self.path
    }
}

impl Drop for Scratch {
    fn drop(&mut self) {
        // What can't be removed is left for its next one, or for the system to clear.
        let _ = fs::remove_dir_all(&self.path);
    }
}

/// Most names that are looked at for what was left behind.
const LOOKED_AT_MAX: usize = 100_000;

fn remove_left_behind(within: &Path, prefix: &str) {
    let Ok(entries) = fs::read_dir(within) else { return };
    let named = |name: OsString| {
        let rest = name.to_str().and_then(|name| name.strip_prefix(prefix)).map(str::as_bytes);
        rest.is_some_and(|rest| rest.len() == 16 && rest.iter().all(u8::is_ascii_hexdigit))
    };
    for entry in entries.take(LOOKED_AT_MAX).flatten() {
        let path = entry.path();
        // Ours, and no link; whoever works in it holds it.
        let ours = fs::symlink_metadata(&path).is_ok_and(|meta| meta.is_dir() && is_ours(&meta));
        if named(entry.file_name()) && ours && File::open(&path).is_ok_and(|folder| folder.try_lock().is_ok()) {
            let _ = fs::remove_dir_all(&path);
        }
    }
}

/// Whether the file belongs to the user that this process runs as.
#[cfg(unix)]
pub fn is_ours(meta: &fs::Metadata) -> bool {
    std::os::unix::fs::MetadataExt::uid(meta) == rustix::process::geteuid().as_raw()
}

/// Elsewhere that is not asked.
#[cfg(not(unix))]
pub fn is_ours(_: &fs::Metadata) -> bool {
    true
}

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, reason = "tests")]

    use super::*;

    #[cfg(unix)]
    fn mode(path: &Path) -> u32 {
        std::os::unix::fs::PermissionsExt::mode(&fs::metadata(path).unwrap().permissions()) & 0o777
    }

    #[cfg(unix)]
    #[test]
    fn what_stands_under_the_name_is_refused_and_left_alone() {
        let dir = tempfile::tempdir().unwrap();
        let at = |name: &str| dir.path().join(name);
        fs::write(at("foreign"), "theirs").unwrap();
        std::os::unix::fs::symlink(at("foreign"), at("link")).unwrap();
        std::os::unix::fs::symlink(at("nowhere"), at("dangling")).unwrap();
        fs::create_dir(at("folder")).unwrap();
        for taken in ["foreign", "link", "dangling", "folder"] {
            assert_eq!(create_new(&at(taken)).unwrap_err().kind(), ErrorKind::AlreadyExists, "{taken}");
            fs::write(at("made"), "ours").unwrap();
            assert_eq!(name_new(&at("made"), &at(taken)).unwrap_err().kind(), ErrorKind::AlreadyExists, "{taken}");
        }
        assert_eq!(fs::read(at("foreign")).unwrap(), b"theirs");
        assert!(!at("nowhere").exists());
        create_new(&at("new")).unwrap();
        assert_eq!(mode(&at("new")), 0o600);
        name_new(&at("made"), &at("named")).unwrap();
        assert_eq!((fs::read(at("named")).unwrap(), at("made").exists()), (b"ours".to_vec(), false));
    }

    #[cfg(unix)]
    #[test]
    fn a_link_in_the_place_of_what_is_replaced_leads_nowhere() {
        let dir = tempfile::tempdir().unwrap();
        let at = |name: &str| dir.path().join(name);
        fs::write(at("foreign"), "theirs").unwrap();
        std::os::unix::fs::symlink(at("foreign"), at("key.new")).unwrap();
        std::os::unix::fs::symlink(at("foreign"), at("key")).unwrap();
        replace(dir.path(), "key", b"secret").unwrap();
        assert_eq!(fs::read(at("foreign")).unwrap(), b"theirs");
        assert!(fs::symlink_metadata(at("key")).unwrap().is_file());
        assert_eq!((fs::read(at("key")).unwrap(), mode(&at("key"))), (b"secret".to_vec(), 0o600));
    }

    #[cfg(unix)]
    #[test]
    fn a_folder_for_work_goes_and_takes_along_what_a_crash_left() {
        let dir = tempfile::tempdir().unwrap();
        let left = dir.path().join("work-0123456789abcdef");
        fs::create_dir(&left).unwrap();
        fs::write(left.join("secret"), "x").unwrap();
        for other in ["work-", "work-mine", "else-0123456789abcdef"] {
            fs::create_dir(dir.path().join(other)).unwrap();
        }
        std::os::unix::fs::symlink("else-0123456789abcdef", dir.path().join("work-fedcba9876543210")).unwrap();
        let first = Scratch::new(dir.path(), "work-").unwrap();
        assert!(!left.exists());
        assert_eq!(mode(first.path()), 0o700);
        let second = Scratch::new(dir.path(), "work-").unwrap();
        assert!(first.path().exists(), "somebody works in it");
        drop((first, second));
        assert_eq!(fs::read_dir(dir.path()).unwrap().count(), 4);
    }
}
