//! How far a program was told, in a file of the state folder: a number and the hash of its record, so that a place of another journal is
//! not taken for one of this.

use std::io;
use std::path::{Path, PathBuf};

use crate::bounded::read_text;
use crate::journal::Head;
use crate::private_files;

/// A place is a line.
const PLACE_BYTES_MAX: u64 = 200;

/// Where places lie.
pub fn folder(state: &Path) -> PathBuf {
    state.join("webhooks")
}

/// How far that program was told; `None`: it never was.
pub fn read(folder: &Path, id: &str) -> Option<Head> {
    let text = match read_text(&folder.join(id), PLACE_BYTES_MAX) {
        Ok(text) => text,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return None,
        Err(error) => {
            tracing::warn!(webhook = id, %error, "how far a webhook was told can't be read");
            String::new()
        }
    };
    // What can't be read is a place of no journal: whoever is told hears that there is a gap.
    Some(parse(&text).unwrap_or(Head { seq: 0, hash: [0; 32] }))
}

fn parse(text: &str) -> Option<Head> {
    let (seq, hash) = text.trim_end().split_once(' ')?;
    let mut head = Head { seq: seq.parse().ok()?, hash: [0; 32] };
    hex::decode_to_slice(hash, &mut head.hash).ok()?;
    Some(head)
}

/// Writes it down, durably.
///
/// # Errors
/// The disk does not take it; the one before is as it was.
pub fn write(folder: &Path, id: &str, place: Head) -> io::Result<()> {
    private_files::create_folder(folder)?;
    private_files::replace(folder, id, format!("{} {}\n", place.seq, hex::encode(place.hash)).as_bytes())
}

/// One that is configured no longer begins anew when it comes back.
pub fn forget(folder: &Path, id: &str) {
    // One that stays behind leads to a gap that is told.
    let _ = std::fs::remove_file(folder.join(id));
}
