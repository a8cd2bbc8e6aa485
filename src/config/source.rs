//! The files of a configuration: from a folder, from the folders that are compiled in, or handed over. Knows their names, and
//! nothing of what stands in them.

use std::path::{Path, PathBuf};

use include_dir::{Dir, include_dir};
use sha2::{Digest, Sha256};

use crate::bounded::{read_file, why};
use crate::yaml::signs::visible;
use crate::yaml::{Diagnostic, FILE_BYTES_MAX, Found, Place};

/// The most files in one of the three folders.
pub const FILES_MAX: usize = 2_000;
/// The most bytes of all files together.
const TOTAL_BYTES_MAX: u64 = 32 << 20;
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

/// The files of a configuration that has been read before, by their paths.
pub fn texts(source: &Source) -> Vec<(String, String)> {
    read(source).0
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
pub(super) fn file_error<'f>(
    found: &'f mut Found,
    path: &str,
    code: &'static str,
    message: String,
) -> &'f mut Diagnostic {
    let told = found.error(Place::whole(u32::MAX), code, message);
    told.file = visible(path);
    told
}

/// What is read of a folder, while it is read.
struct Reading<'r> {
    /// The folder of the configuration, without links in its path. Nothing outside it is read.
    root: PathBuf,
    files: Files,
    bytes: u64,
    unread: &'r mut Vec<String>,
    found: &'r mut Found,
}

fn read_dir(dir: &Path, unread: &mut Vec<String>, found: &mut Found) -> Files {
    let shown = dir.display();
    let root = match dir.canonicalize() {
        Ok(root) if root.is_dir() => root,
        Ok(_) => {
            nothing_there(&format!("{shown} is not a folder"), unread, found);
            return Vec::new();
        }
        Err(e) => {
            nothing_there(&format!("{shown} can't be read: {}", why(&e)), unread, found);
            return Vec::new();
        }
    };
    if FOLDERS.iter().all(|folder| matches!(root.join(folder).try_exists(), Ok(false))) {
        nothing_there(&format!("there is no configuration in {shown}"), unread, found);
        return Vec::new();
    }
    let mut reading = Reading { root, files: Vec::new(), bytes: 0, unread, found };
    for folder in FOLDERS {
        reading.folder(&format!("{folder}/"), ".yaml", true);
    }
    reading.folder(ROSTERS, ".ics", false);
    reading.files
}

/// Without a configuration there is one mistake, whatever follows from it.
fn nothing_there(why: &str, unread: &mut Vec<String>, found: &mut Found) {
    file_error(found, "configuration", "folder", why.to_owned()).help(
        "it is a folder with channels/, contacts/ and playbooks/ in it; `vardkase config init DIR` writes one to begin with",
    );
    unread.extend(FOLDERS.iter().map(|folder| format!("{folder}/")));
}

impl Reading<'_> {
    /// The files of a folder, in the order of their names.
    fn folder(&mut self, folder: &str, ending: &str, is_needed: bool) {
        let dir = self.root.join(folder);
        let entries = self.inside(&dir).and_then(std::fs::read_dir).map_err(|e| (e.kind(), why(&e)));
        let entries = match entries {
            Ok(entries) => entries,
            Err((std::io::ErrorKind::NotFound, _)) if !is_needed => return,
            Err((kind, why)) => {
                let message = match kind {
                    std::io::ErrorKind::NotFound => format!("the folder {folder} is missing"),
                    _ => format!("the folder {folder} can't be read: {why}"),
                };
                let help = "a configuration has the folders channels/, contacts/ and playbooks/";
                file_error(self.found, folder.trim_end_matches('/'), "folder", message).help(help);
                self.unread.push(folder.to_owned());
                return;
            }
        };
        let mut names: Vec<String> = Vec::new();
        for entry in entries.flatten() {
            names.push(entry.file_name().to_string_lossy().into_owned());
            if names.len() > FILES_MAX {
                let message = format!("more than {FILES_MAX} files lie in {folder} (FILES_MAX)");
                file_error(self.found, folder, "too-many-files", message).help("leave only those that are read there");
                self.unread.push(folder.to_owned());
                return;
            }
        }
        names.sort_unstable();
        for name in names {
            self.file(folder, &name, ending);
        }
    }

    /// One file, if it is one that is read.
    fn file(&mut self, folder: &str, name: &str, ending: &str) {
        let path = format!("{folder}{name}");
        let at = self.root.join(folder).join(name);
        if name.starts_with('.') || at.is_dir() {
            return;
        }
        if !name.ends_with(ending) {
            self.misnamed(&path, ending);
            return;
        }
        let read = self.inside(&at).and_then(|at| read_file(&at, FILE_BYTES_MAX as u64));
        let text = match read {
            Err(e) => {
                let (code, limit) = match e.kind() {
                    std::io::ErrorKind::FileTooLarge => ("file-too-large", " (FILE_BYTES_MAX)"),
                    _ => ("file", ""),
                };
                let told = file_error(self.found, &path, code, format!("the file can't be read: {}{limit}", why(&e)));
                if e.kind() == std::io::ErrorKind::InvalidFilename {
                    told.help("copy the file into the folder; links within the folder may stay");
                }
                self.unread.push(path);
                return;
            }
            Ok(bytes) => String::from_utf8(bytes),
        };
        self.bytes += text.as_ref().map_or(0, |text| text.len() as u64);
        if self.bytes > TOTAL_BYTES_MAX {
            let message = format!("with it, the files have more than {TOTAL_BYTES_MAX} bytes (TOTAL_BYTES_MAX)");
            file_error(self.found, &path, "file-too-large", message);
            self.unread.push(path);
            return;
        }
        match text {
            Ok(text) => self.files.push((path, text)),
            Err(e) => {
                let at = e.utf8_error().valid_up_to();
                let line = 1 + e.as_bytes()[..at].iter().filter(|b| **b == b'\n').count();
                let message = format!("line {line} is not UTF-8");
                file_error(self.found, &path, "encoding", message).help("save the file as UTF-8");
                self.unread.push(path);
            }
        }
    }

    /// Where a path leads in the end, when that is within the folder: whoever may write a link there must not have the program read
    /// what only the program may.
    fn inside(&self, path: &Path) -> std::io::Result<PathBuf> {
        let end = path.canonicalize()?;
        match end.starts_with(&self.root) {
            true => Ok(end),
            false => Err(std::io::Error::new(
                std::io::ErrorKind::InvalidFilename,
                "it is a link that leads out of the folder of the configuration",
            )),
        }
    }

    /// A file that nobody reads, though somebody may think so.
    fn misnamed(&mut self, path: &str, ending: &str) {
        let low = path.to_lowercase();
        let message = match ending {
            ".yaml" if low.ends_with(".ics") => format!("{path} is not read: rosters lie in {ROSTERS}"),
            _ if [".yml", ".yaml", ".yaml.txt", ".ical", ".ics"].iter().any(|e| low.ends_with(e)) => {
                format!("{path} is not read: its name does not end in {ending}")
            }
            _ => return,
        };
        let help = format!("rename it to end in {ending}");
        let told = file_error(self.found, path, "file-name", message);
        if !low.ends_with(".ics") {
            told.help(help);
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
