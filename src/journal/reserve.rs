//! Space that is held back in the state folder, and given up when the disk is full: what an incident has to write in the next
//! hours fits into it, while somebody frees the disk.

use std::fs::{self, File};
use std::io::Write;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use crate::private_files::private_options;

/// What a server holds back: some hundred thousand deliveries with all that becomes of them.
pub const RESERVE_BYTES: u64 = 64 << 20;
/// The file that holds the space.
const RESERVE_FILE: &str = "reserve";
/// It is taken again at most so often, and only when the disk has this space once more beside it.
const AGAIN_AFTER: Duration = Duration::from_secs(60);

/// The reserve of one folder.
#[derive(Debug)]
pub(crate) struct Reserve {
    path: PathBuf,
    bytes: u64,
    held: bool,
    used: bool,
    again_at: Option<Instant>,
}

impl Reserve {
    /// Takes it, if the disk has as much once more. A reserve must not itself fill a disk, nor stop a start.
    pub fn take(folder: &Path, bytes: u64) -> Self {
        let path = folder.join(RESERVE_FILE);
        let held = bytes > 0 && (is_there(&path, bytes) || allocate(&path, bytes));
        if bytes > 0 && !held {
            tracing::warn!("the state folder's disk has no space for the journal's reserve");
        }
        Self { path, bytes, held, used: bytes > 0 && !held, again_at: None }
    }

    /// It was given up, or could never be taken: the disk is as good as full.
    pub fn used(&self) -> bool {
        self.used
    }

    /// Gives its space to what must be written. `false`: there was none left.
    pub fn give_up(&mut self) -> bool {
        if !self.held {
            return false;
        }
        self.held = false;
        self.used = true;
        self.again_at = Some(Instant::now() + AGAIN_AFTER);
        let given = fs::remove_file(&self.path).is_ok();
        tracing::error!(
            bytes = self.bytes,
            given,
            "the disk is FULL: the journal's reserve is given up; free space now"
        );
        given
    }

    /// Takes it again when there is space. Whether that has changed anything.
    pub fn take_again(&mut self) -> bool {
        let now = Instant::now();
        if self.held || self.bytes == 0 || self.again_at.is_some_and(|at| now < at) {
            return false;
        }
        self.again_at = Some(now + AGAIN_AFTER);
        self.held = allocate(&self.path, self.bytes);
        if self.held {
            self.used = false;
            tracing::warn!("the disk has space again: the journal's reserve is back");
        }
        self.held
    }

    #[cfg(test)]
    pub fn at_once(&mut self) {
        self.again_at = None;
    }
}

/// Whether all of it lies on the disk: a file with holes holds nothing back.
fn is_there(path: &Path, bytes: u64) -> bool {
    #[cfg(unix)]
    let allocated = |meta: &fs::Metadata| std::os::unix::fs::MetadataExt::blocks(meta) * 512;
    #[cfg(not(unix))]
    let allocated = |meta: &fs::Metadata| meta.len();
    fs::metadata(path).is_ok_and(|meta| meta.len() == bytes && allocated(&meta) >= bytes)
}

fn allocate(path: &Path, bytes: u64) -> bool {
    // Twice as much, for a moment: a disk that has just this much is left alone.
    let room = bytes * 2;
    let whole = || -> std::io::Result<()> {
        let file = private_options().write(true).create(true).truncate(true).open(path)?;
        fill(&file, room)?;
        file.set_len(bytes)
    };
    let taken = whole().is_ok() && is_there(path, bytes);
    if !taken {
        let _ = fs::remove_file(path);
    }
    taken
}

fn fill(file: &File, bytes: u64) -> std::io::Result<()> {
    #[cfg(target_os = "linux")]
    match rustix::fs::fallocate(file, rustix::fs::FallocateFlags::empty(), 0, bytes) {
        Ok(()) => return Ok(()),
        // A file system that can't: it gets zeros.
        Err(rustix::io::Errno::OPNOTSUPP | rustix::io::Errno::NOSYS) => {}
        Err(error) => return Err(error.into()),
    }
    let zeros = vec![0; 1 << 20];
    let mut left = bytes;
    let mut file = file;
    while left > 0 {
        let now = usize::try_from(left).unwrap_or(usize::MAX).min(zeros.len());
        file.write_all(&zeros[..now])?;
        left -= now as u64;
    }
    Ok(())
}
