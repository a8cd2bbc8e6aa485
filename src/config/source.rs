//! The files of a configuration: from a folder, from the folders that are compiled in, or handed over. Knows their names, and
//! nothing of what stands in them.

use std::path::{Path, PathBuf};

use include_dir::{Dir, include_dir};
use sha2::{Digest, Sha256};

use crate::bounded::read_file;
use crate::yaml::{FILE_BYTES_MAX, Found, Place};

/// The most files in one of the three folders.
pub const FILES_MAX: usize = 2_000;
/// The folders, in the order in which they are read.
const FOLDERS: [&str; 3] = ["channels", "contacts", "playbooks"];
/// Calendars, for those who take turns; the folder need not be there.
pub(super) const ROSTERS: &str = "contacts/rosters/";

/// The fictional region, compiled in.
const SHIPPED: [(&str, Dir<'static>); 3] = [
    ("channels", include_dir!("$CARGO_MANIFEST_DIR/channels")),
    ("contacts", include_dir!("$CARGO_MANIFEST_DIR/contacts")),
    ("playbooks", include_dir!("$CARGO_MANIFEST_DIR/playbooks")),
];

/// A small region with comments, to be filled in; its `messages.yaml` is that of the fictional region.
const MINIMAL: [(&str, Dir<'static>); 3] = [
    ("channels", include_dir!("$CARGO_MANIFEST_DIR/examples/minimal/channels")),
    ("contacts", include_dir!("$CARGO_MANIFEST_DIR/examples/minimal/contacts")),
    ("playbooks", include_dir!("$CARGO_MANIFEST_DIR/examples/minimal/playbooks")),
];

/// Where configuration comes from.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Source {
    /// The fictional region that is compiled in.
    Shipped,
    /// A folder with `channels/`, `playbooks/` and `contacts/`.
    Dir(PathBuf),
    /// Files by path (`playbooks/flood.yaml`) with their text.
    #[cfg_attr(not(feature = "internals"), expect(dead_code, reason = "tests give files"))]
    Files(Vec<(String, String)>),
}

/// Files by path, with their text.
pub(super) type Files = Vec<(String, String)>;

/// The files, and the paths of those that could not be read.
pub(super) fn read(source: &Source) -> (Files, Vec<String>, Found) {
    let mut found = Found::default();
    let mut unread = Vec::new();
    let mut files: Files = match source {
        Source::Files(files) => files.clone(),
        Source::Shipped => shipped(),
        Source::Dir(dir) => read_dir(dir, &mut unread, &mut found),
    };
    files.sort();
    for (path, text) in &files {
        found.sources.add(path, text);
    }
    (files, unread, found)
}

/// The fictional region, file by file: what `--config` starts from.
pub fn shipped() -> Vec<(String, String)> {
    yaml_of(&SHIPPED)
}

/// A small region with comments, file by file.
pub fn minimal() -> Vec<(String, String)> {
    let mut files = yaml_of(&MINIMAL);
    files.extend(messages_text().map(|text| (MESSAGES.to_owned(), text)));
    files.sort();
    files
}

/// The words of the fictional region.
pub(super) fn messages_text() -> Option<String> {
    shipped().into_iter().find(|(path, _)| path == MESSAGES).map(|(_, text)| text)
}

/// Where the words of a region stand.
const MESSAGES: &str = "playbooks/messages.yaml";

fn yaml_of(folders: &[(&str, Dir<'static>)]) -> Vec<(String, String)> {
    let mut files = Vec::new();
    for (folder, dir) in folders {
        for file in dir.files() {
            let name = file.path().to_string_lossy();
            if name.ends_with(".yaml") {
                files.push((format!("{folder}/{name}"), String::from_utf8_lossy(file.contents()).into_owned()));
            }
        }
    }
    files.sort();
    files
}

/// Mistakes about files that were not read have a path of their own.
pub(super) fn file_error(found: &mut Found, path: &str, code: &'static str, message: String) {
    found.error(Place::whole(u32::MAX), code, message).file = path.into();
}

fn read_dir(dir: &Path, unread: &mut Vec<String>, found: &mut Found) -> Files {
    let mut files = Vec::new();
    for folder in FOLDERS {
        match std::fs::read_dir(dir.join(folder)) {
            Ok(entries) => read_files(entries, &format!("{folder}/"), ".yaml", &mut files, unread, found),
            Err(e) => {
                let message = format!("the folder {} can't be read: {e}", dir.join(folder).display());
                file_error(found, folder, "folder", message);
                unread.push(format!("{folder}/"));
            }
        }
    }
    match std::fs::read_dir(dir.join(ROSTERS)) {
        Ok(entries) => read_files(entries, ROSTERS, ".ics", &mut files, unread, found),
        Err(e) if e.kind() == std::io::ErrorKind::NotFound => {}
        Err(e) => file_error(found, ROSTERS, "folder", format!("the folder can't be read: {e}")),
    }
    files
}

fn read_files(
    entries: std::fs::ReadDir,
    folder: &str,
    ending: &str,
    files: &mut Files,
    unread: &mut Vec<String>,
    found: &mut Found,
) {
    for entry in entries.flatten().take(FILES_MAX) {
        let name = entry.file_name().to_string_lossy().into_owned();
        let path = format!("{folder}{name}");
        if name.starts_with('.') || entry.path().is_dir() {
            continue;
        }
        if name.ends_with(".yml") {
            file_error(found, &path, "file-name", format!("{path} is not read: rename it to end in .yaml"));
        }
        if !name.ends_with(ending) {
            continue;
        }
        match read_file(&entry.path(), FILE_BYTES_MAX as u64) {
            Err(e) if e.kind() == std::io::ErrorKind::FileTooLarge => {
                file_error(found, &path, "file-too-large", e.to_string());
                unread.push(path);
            }
            Err(e) => {
                file_error(found, &path, "file", format!("the file can't be read: {e}"));
                unread.push(path);
            }
            Ok(bytes) => match String::from_utf8(bytes) {
                Ok(text) => files.push((path, text)),
                Err(e) => {
                    let at = e.utf8_error().valid_up_to();
                    let line = 1 + e.as_bytes()[..at].iter().filter(|b| **b == b'\n').count();
                    let message = format!("line {line} is not UTF-8; save the file as UTF-8");
                    file_error(found, &path, "encoding", message);
                    unread.push(path);
                }
            },
        }
    }
}

/// What the journal names a plan by: SHA-256 over the sorted paths and bytes.
/// The same with the notes of the program, which some of the plan's are.
pub(super) fn hash_with_notes(files: &Files) -> String {
    let mut all = files.clone();
    all.extend(messages_text().map(|text| ("built-in".to_owned(), text)));
    hash(&all)
}

pub(super) fn hash(files: &Files) -> String {
    let mut hash = Sha256::new();
    for (path, text) in files {
        hash.update(path.as_bytes());
        hash.update([0]);
        hash.update((text.len() as u64).to_be_bytes());
        hash.update(text.as_bytes());
    }
    hash.finalize().iter().map(|b| format!("{b:02x}")).collect()
}
