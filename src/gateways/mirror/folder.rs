//! A folder that a web server serves. Pages are written beside, forced to disk, renamed, and read back.

use std::fs::{self, File};
use std::io::{ErrorKind, Write as _};
use std::path::{Path, PathBuf};

use super::{MIRROR_PAGE_BYTES_MAX, PageName, same};
use crate::bounded::read_file;
use crate::domain::delivery::SendError;

/// The folder.
#[derive(Clone, Debug)]
pub(super) struct Folder {
    path: PathBuf,
}

impl Folder {
    pub fn new(path: PathBuf) -> Self {
        Self { path }
    }

    pub fn far_end(&self) -> Vec<(String, String)> {
        vec![("folder".into(), self.path.display().to_string())]
    }

    pub async fn put(&self, name: &PageName, body: &[u8]) -> Result<(), SendError> {
        let (root, name, body) = (self.path.clone(), name.clone(), body.to_vec());
        on_a_thread(move || put(&root, &name, &body)).await
    }

    pub async fn remove(&self, name: &PageName) -> Result<(), SendError> {
        let path = self.path.join(name.as_str());
        on_a_thread(move || match fs::remove_file(&path) {
            Err(e) if e.kind() != ErrorKind::NotFound => Err(said("removing the page", &e)),
            _ => Ok(()),
        })
        .await
    }
}

/// A disk may hang; the runtime must not.
async fn on_a_thread(work: impl FnOnce() -> Result<(), SendError> + Send + 'static) -> Result<(), SendError> {
    match tokio::task::spawn_blocking(work).await {
        Ok(done) => done,
        Err(_) => Err(SendError::unknown("writing the page ended early")),
    }
}

fn put(root: &Path, name: &PageName, body: &[u8]) -> Result<(), SendError> {
    if !root.is_dir() {
        return Err(SendError::temporary("the folder is not there; is its disk mounted?"));
    }
    let place = root.join(name.as_str());
    let beside = root.join(name.beside(body).as_str());
    let folder = place.parent().unwrap_or(root);
    fs::create_dir_all(folder).map_err(|e| said("making the page's folder", &e))?;
    let written = write(&beside, body).and_then(|()| {
        let read = read_file(&beside, MIRROR_PAGE_BYTES_MAX as u64).map_err(|e| said("reading back", &e))?;
        same(body, &read, "the disk gives another page back")?;
        fs::rename(&beside, &place).map_err(|e| said("swapping the page in", &e))
    });
    if written.is_err() {
        let _ = fs::remove_file(&beside);
    }
    written?;
    // The swap itself is durable when the folder is.
    if cfg!(unix) {
        File::open(folder).and_then(|f| f.sync_all()).map_err(|e| said("forcing the folder to disk", &e))?;
    }
    let read = read_file(&place, MIRROR_PAGE_BYTES_MAX as u64).map_err(|e| said("reading back", &e))?;
    same(body, &read, "the folder shows another page")
}

fn write(path: &Path, body: &[u8]) -> Result<(), SendError> {
    let made = || {
        // One that a crash left behind has the same content or half of it.
        match fs::remove_file(path) {
            Err(e) if e.kind() != ErrorKind::NotFound => return Err(e),
            _ => {}
        }
        let mut file = File::options().write(true).create_new(true).open(path)?;
        file.write_all(body)?;
        file.sync_all()
    };
    made().map_err(|e| said("writing the page", &e))
}

fn said(what: &str, e: &std::io::Error) -> SendError {
    match e.kind() {
        ErrorKind::PermissionDenied | ErrorKind::ReadOnlyFilesystem => SendError::permanent(format!("{what}: {e}")),
        _ => SendError::temporary(format!("{what}: {e}")),
    }
}
