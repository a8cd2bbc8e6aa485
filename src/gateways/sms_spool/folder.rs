//! The folders of a spool: putting files in, looking where they are, taking them back. Blocking IO; decides nothing.

use std::collections::{HashMap, HashSet};
use std::fs::{self, OpenOptions};
use std::io::{self, Write};
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};
use std::time::{Duration, SystemTime};

use super::config::{Daemon, SpoolConfig};
use super::incoming;
use super::outgoing::{Part, ours};
use crate::domain::delivery::SendError;

/// What is read of one file. A text of 255 parts has 40 KiB.
const FILE_LEN_MAX: u64 = 64 * 1024;
/// What is looked at of one folder.
const ENTRIES_MAX: usize = 20_000;
/// Incoming files read in one look; the rest waits for the next.
const READ_MAX: usize = 64;
/// Sent files of an earlier run whose status reports are still recognised.
const RECALL_MAX: usize = 2_000;
/// A file of ours that lies unsent for so long when the program begins belongs to nobody any more: whatever is still to be
/// sent is handed over anew.
const STALE_S: u64 = 3_600;
/// The daemon and we need not be the same user: members of the group may read and move the file.
const MODE: u32 = 0o660;

/// Where a file is, and what is written in it.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Place {
    /// In none of the folders.
    Nowhere,
    /// The daemon has not taken it.
    Outgoing,
    /// The daemon has taken it.
    Queued,
    /// Sent, under the number that the network gave.
    Sent(Option<u8>),
    /// Not sent; `None` while the reason is not written.
    Failed(Option<SendError>),
    /// It was taken back: the daemon had not begun it.
    Withdrawn,
}

/// A file to look for.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Sought {
    pub name: String,
    /// It is late: taken back, if the daemon has certainly not begun it.
    pub is_late: bool,
    /// It is of no use any more: taken back even from the daemon's queue.
    pub is_expired: bool,
}

fn read(path: &Path) -> io::Result<Vec<u8>> {
    let mut octets = Vec::new();
    io::Read::read_to_end(&mut io::Read::take(fs::File::open(path)?, FILE_LEN_MAX), &mut octets)?;
    Ok(octets)
}

/// A file that is not there is no error.
fn if_there<T>(result: io::Result<T>) -> io::Result<Option<T>> {
    match result {
        Ok(value) => Ok(Some(value)),
        Err(e) if e.kind() == io::ErrorKind::NotFound => Ok(None),
        Err(e) => Err(e),
    }
}

/// Names and lengths in a folder, in order, without what is hidden or being written.
fn names(folder: &Path) -> io::Result<Vec<(String, u64)>> {
    let mut all = Vec::new();
    for entry in fs::read_dir(folder)?.take(ENTRIES_MAX) {
        let entry = entry?;
        let Ok(name) = entry.file_name().into_string() else { continue };
        if name.starts_with('.') || name.starts_with("LOCKED") || name.ends_with(".LOCK") {
            continue;
        }
        if let Some(meta) = if_there(entry.metadata())?.filter(fs::Metadata::is_file) {
            all.push((name, meta.len()));
        }
    }
    all.sort();
    Ok(all)
}

/// Where a file is. Files only move forward, so they are looked for in that order: one that moves meanwhile is still found.
pub fn place(config: &SpoolConfig, name: &str) -> io::Result<Place> {
    if if_there(fs::metadata(config.folders.outgoing.join(name)))?.is_some() {
        return Ok(Place::Outgoing);
    }
    for folder in &config.folders.queued {
        if if_there(fs::metadata(folder.join(name)))?.is_some() {
            return Ok(Place::Queued);
        }
    }
    if let Some(octets) = if_there(read(&config.folders.sent.join(name)))? {
        return Ok(Place::Sent(incoming::message_id(&octets)));
    }
    if let Some(octets) = if_there(read(&config.folders.failed.join(name)))? {
        return Ok(Place::Failed(incoming::fail_reason(config.daemon, &octets)));
    }
    Ok(Place::Nowhere)
}

/// Puts the files of a text where the daemon takes them; what lies somewhere in the spool already stays as it is. A file is
/// written under a hidden name in the same folder and then renamed, so that the daemon never sees half of it.
pub fn put(config: &SpoolConfig, parts: &[Part]) -> io::Result<()> {
    let mut written = Vec::new();
    for part in parts {
        let one = || -> io::Result<bool> {
            match place(config, &part.name)? {
                Place::Outgoing | Place::Queued | Place::Sent(_) => return Ok(false),
                Place::Failed(_) => forget(config, &part.name)?,
                Place::Nowhere | Place::Withdrawn => {}
            }
            let hidden = config.folders.outgoing.join(format!(".{}.tmp", part.name));
            let mut options = OpenOptions::new();
            let mut file = options.write(true).create(true).truncate(true).mode(MODE).open(&hidden)?;
            // After a loss of power an empty file would be sent.
            file.write_all(&part.octets).and_then(|()| file.sync_data()).inspect_err(|_| {
                // What can't be removed is hidden, and goes at the next start.
                let _ = fs::remove_file(&hidden);
            })?;
            fs::rename(&hidden, config.folders.outgoing.join(&part.name)).map(|()| true)
        };
        match one() {
            Ok(true) => written.push(&part.name),
            Ok(false) => {}
            Err(e) => {
                // Half a text reaches nobody whole.
                for name in written {
                    let _ = withdraw(config, &config.folders.outgoing.join(name));
                }
                return Err(e);
            }
        }
    }
    Ok(())
}

/// Takes a file back. `false`: the daemon has moved it on, or holds its lock.
fn withdraw(config: &SpoolConfig, path: &Path) -> io::Result<bool> {
    let Some(name) = path.file_name().and_then(|n| n.to_str()) else { return Ok(false) };
    if if_there(fs::metadata(path.with_file_name(format!("{name}.LOCK"))))?.is_some() {
        return Ok(false);
    }
    // Renamed first: of a daemon that takes it in the same moment and us, one gets it.
    let hidden = config.folders.outgoing.join(format!(".{name}.tmp"));
    match fs::rename(path, &hidden) {
        Ok(()) => {}
        // On another disk it can't be taken in one step: it stays.
        Err(e) if matches!(e.kind(), io::ErrorKind::NotFound | io::ErrorKind::CrossesDevices) => return Ok(false),
        Err(e) => return Err(e),
    }
    if_there(fs::remove_file(&hidden))?;
    Ok(true)
}

/// Removes a failed file whose reason was told.
pub fn forget(config: &SpoolConfig, name: &str) -> io::Result<()> {
    if_there(fs::remove_file(config.folders.failed.join(name))).map(|_| ())
}

/// Looks where files are, and takes back what is late or expired.
pub fn look(config: &SpoolConfig, sought: &[Sought]) -> io::Result<Vec<Place>> {
    // A file that is not there says something only when its folder is.
    for folder in [&config.folders.outgoing, &config.folders.sent, &config.folders.failed]
        .into_iter()
        .chain(&config.folders.queued)
    {
        fs::metadata(folder).map_err(|e| io::Error::new(e.kind(), format!("{}: {e}", folder.display())))?;
    }
    sought.iter().map(|s| look_for(config, s)).collect()
}

fn look_for(config: &SpoolConfig, sought: &Sought) -> io::Result<Place> {
    let found = place(config, &sought.name)?;
    let takes_back = match found {
        Place::Outgoing if sought.is_expired => Some(config.folders.outgoing.join(&sought.name)),
        Place::Outgoing if sought.is_late && !may_be_under_way(config, &sought.name)? => {
            Some(config.folders.outgoing.join(&sought.name))
        }
        Place::Queued if sought.is_expired => {
            config.folders.queued.iter().map(|f| f.join(&sought.name)).find(|path| path.exists())
        }
        _ => None,
    };
    match takes_back {
        Some(path) if withdraw(config, &path)? => Ok(Place::Withdrawn),
        _ => Ok(found),
    }
}

/// gammu sends a file while it lies in its outbox, in the order of names: only the first can be under way. smstools moves it
/// away first.
fn may_be_under_way(config: &SpoolConfig, name: &str) -> io::Result<bool> {
    if config.daemon == Daemon::Smstools {
        return Ok(false);
    }
    Ok(names(&config.folders.outgoing)?.first().is_none_or(|(first, _)| first == name))
}

/// An incoming file that was read whole.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Read {
    pub path: PathBuf,
    pub name: String,
    /// What is in it.
    pub octets: Vec<u8>,
}

/// The files that have come, each once. A daemon writes them in place: one is read when it has not grown since the last look.
#[derive(Debug, Default)]
pub struct Inbox {
    /// As they were at the last look.
    lengths: HashMap<PathBuf, u64>,
    /// Files that were read already.
    passed: HashSet<PathBuf>,
}

impl Inbox {
    /// Reads what is new in these folders. The second list has what is still being written.
    pub fn look(&mut self, folders: &[PathBuf]) -> io::Result<(Vec<Read>, Vec<String>)> {
        let (mut all, mut growing, mut lengths) = (Vec::new(), Vec::new(), HashMap::new());
        for folder in folders {
            for (name, len) in names(folder)? {
                let path = folder.join(&name);
                let is_still = self.lengths.get(&path) == Some(&len);
                lengths.insert(path.clone(), len);
                if self.passed.contains(&path) {
                    continue;
                }
                if !is_still || all.len() >= READ_MAX {
                    growing.push(name);
                    continue;
                }
                if let Some(octets) = if_there(read(&path))? {
                    self.passed.insert(path.clone());
                    all.push(Read { path, name, octets });
                }
            }
        }
        self.passed.retain(|path| lengths.contains_key(path));
        self.lengths = lengths;
        Ok((all, growing))
    }
}

/// Removes files whose contents are kept elsewhere.
pub fn remove(paths: &[PathBuf]) -> io::Result<()> {
    paths.iter().try_for_each(|path| if_there(fs::remove_file(path)).map(|_| ()))
}

fn age_s(path: &Path) -> io::Result<u64> {
    let modified = fs::metadata(path)?.modified()?;
    #[expect(clippy::disallowed_methods, reason = "the age of a file is told by the clock that dated it")]
    let now = SystemTime::now();
    Ok(now.duration_since(modified).unwrap_or(Duration::ZERO).as_secs())
}

/// Removes our own files that nobody needs: half-written ones, unsent ones of long ago, sent ones after their time.
pub fn tidy(config: &SpoolConfig, at_start: bool) -> io::Result<()> {
    if at_start {
        for entry in fs::read_dir(&config.folders.outgoing)?.take(ENTRIES_MAX) {
            let Ok(name) = entry?.file_name().into_string() else { continue };
            let hidden = name.strip_prefix('.').and_then(|n| n.strip_suffix(".tmp"));
            if hidden.is_some_and(|n| ours(n).is_some()) {
                if_there(fs::remove_file(config.folders.outgoing.join(name)))?;
            }
        }
        for folder in std::iter::once(&config.folders.outgoing).chain(&config.folders.queued) {
            for path in ours_in(folder)? {
                if if_there(age_s(&path))?.is_some_and(|age| age >= STALE_S) {
                    withdraw(config, &path)?;
                }
            }
        }
    }
    for path in ours_in(&config.folders.sent)? {
        if if_there(age_s(&path))?.is_some_and(|age| age >= u64::from(config.keep.0)) {
            if_there(fs::remove_file(path))?;
        }
    }
    Ok(())
}

fn ours_in(folder: &Path) -> io::Result<Vec<PathBuf>> {
    let own = |(name, _): (String, u64)| ours(&name).map(|_| folder.join(name));
    Ok(names(folder)?.into_iter().filter_map(own).collect())
}

/// A file of ours that an earlier run sent: its name, the number that the network gave, and whom it went to.
pub type Recalled = (String, u8, String);

/// What earlier runs sent, the oldest first.
pub fn recall(config: &SpoolConfig) -> io::Result<Vec<Recalled>> {
    let mut all = Vec::new();
    for path in ours_in(&config.folders.sent)? {
        let Some(age) = if_there(age_s(&path))? else { continue };
        all.push((age, path));
    }
    all.sort_by_key(|(age, _)| std::cmp::Reverse(*age));
    let skip = all.len().saturating_sub(RECALL_MAX);
    let mut recalled = Vec::new();
    for (_, path) in all.into_iter().skip(skip) {
        let Some(octets) = if_there(read(&path))? else { continue };
        let name = path.file_name().and_then(|n| n.to_str()).unwrap_or_default().to_owned();
        if let Some((id, to)) = incoming::message_id(&octets).zip(incoming::receiver(&octets)) {
            recalled.push((name, id, to));
        }
    }
    Ok(recalled)
}

/// Whether the folders can be used. `Err`: what to do.
pub fn usable(config: &SpoolConfig) -> Result<(), String> {
    let probe = config.folders.outgoing.join(".vk-probe.tmp");
    let say = |what: &str, path: &Path, e: &io::Error| format!("{what} {}: {e}", path.display());
    OpenOptions::new().write(true).create(true).truncate(true).mode(MODE).open(&probe).map_err(|e| {
        let say = say("can't write to", &config.folders.outgoing, &e);
        format!("{say}; create it, and put our user into the daemon's group")
    })?;
    fs::remove_file(&probe).map_err(|e| say("can't remove from", &config.folders.outgoing, &e))?;
    let read = config.folders.queued.iter().chain([&config.folders.sent, &config.folders.failed]);
    for folder in read.chain(&config.folders.incoming).chain(&config.folders.reports) {
        fs::read_dir(folder).map_err(|e| say("can't read", folder, &e))?;
    }
    if config.folders.sent == config.folders.failed || config.folders.sent == config.folders.outgoing {
        return Err("sent and failed must be folders of their own: nobody could tell what went out".into());
    }
    Ok(())
}

/// How old the oldest file is that the daemon should have taken: seconds.
pub fn oldest_unsent_s(config: &SpoolConfig) -> io::Result<u64> {
    let mut oldest = 0;
    for (name, _) in names(&config.folders.outgoing)? {
        if let Some(age) = if_there(age_s(&config.folders.outgoing.join(name)))? {
            oldest = oldest.max(age);
        }
    }
    Ok(oldest)
}
