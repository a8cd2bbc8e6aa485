//! Reports that somebody has begun: kept from the first screen that is left until they are sent, so that a refusal, *Back*, an ended
//! session or a start of the program loses nothing that was typed (RULES H4), and so that one draft is sent once.
//!
//! A small private file, bounded, forgotten after a day. Must not: say what is in it in any log.

use std::fmt;
use std::fs::File;
use std::io::{self, ErrorKind, Read as _};
use std::path::{Path, PathBuf};
use std::sync::{Mutex, MutexGuard, PoisonError};

use serde::{Deserialize, Serialize};

use crate::domain::ids::{FunctionId, IncidentNo};
use crate::domain::time::At;
use crate::private_files;

/// Drafts at one time; one more takes the place of the oldest.
pub const DRAFTS_MAX: usize = 64;
/// Bytes of names and values in one draft.
pub const DRAFT_BYTES_MAX: usize = 16 * 1024;
/// A draft is forgotten after that, in seconds.
pub const DRAFT_S: u32 = 24 * 3600;
/// The file in the state folder.
const FILE: &str = "drafts.json";
/// Longest file that is read: escaped, a byte may take six.
const FILE_BYTES_MAX: u64 = (DRAFTS_MAX * (6 * DRAFT_BYTES_MAX + 1024)) as u64;

/// A report that somebody has begun.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Draft {
    /// Not to be guessed: whoever has it may go on with it.
    pub id: String,
    /// For which duty.
    pub by: FunctionId,
    pub pairs: Vec<(String, String)>,
    /// Last changed.
    pub at: At,
    /// It was sent, as this: then nothing else is left of it.
    pub sent: Option<IncidentNo>,
}

/// Somebody's words are in no log.
impl fmt::Debug for Draft {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Draft({}…)", self.id.get(..4).unwrap_or(""))
    }
}

impl Draft {
    /// A new one.
    ///
    /// # Errors
    /// The operating system gives no randomness.
    pub fn begin(by: FunctionId, pairs: Vec<(String, String)>, at: At) -> io::Result<Self> {
        let mut id = [0; 16];
        getrandom::fill(&mut id).map_err(io::Error::other)?;
        Ok(Self { id: hex::encode(id), by, pairs, at, sent: None })
    }
    pub fn get(&self, name: &str) -> &str {
        self.pairs.iter().find(|(n, _)| n == name).map_or("", |(_, v)| v)
    }
    fn bytes(&self) -> usize {
        self.pairs.iter().map(|(n, v)| n.len() + v.len()).sum()
    }
}

/// All of them.
pub struct Drafts {
    folder: Option<PathBuf>,
    all: Mutex<Vec<Draft>>,
}

impl fmt::Debug for Drafts {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Drafts(…)")
    }
}

impl Drafts {
    /// Reads those of a state folder. What can't be read is no reason not to start: it is lost, and the log says so.
    pub fn load(folder: &Path) -> Self {
        let all = read(&folder.join(FILE)).unwrap_or_else(|error| {
            tracing::warn!(%error, "drafts of reports could not be read: they are lost");
            Vec::new()
        });
        Self { folder: Some(folder.to_owned()), all: Mutex::new(all) }
    }
    fn all(&self) -> MutexGuard<'_, Vec<Draft>> {
        self.all.lock().unwrap_or_else(PoisonError::into_inner)
    }
    pub fn find(&self, id: &str, now: At) -> Option<Draft> {
        self.all().iter().find(|d| d.id == id && d.at + DRAFT_S > now).cloned()
    }
    /// Those of a duty that were not sent, the newest first.
    pub fn of(&self, by: &FunctionId, now: At) -> Vec<Draft> {
        let mine = |d: &&Draft| d.by == *by && d.sent.is_none() && d.at + DRAFT_S > now;
        let mut mine: Vec<Draft> = self.all().iter().filter(mine).cloned().collect();
        mine.sort_by_key(|d| std::cmp::Reverse(d.at));
        mine
    }
    /// Keeps a draft in the place of the one with its ID. One that is longer than [`DRAFT_BYTES_MAX`] is not kept.
    pub fn keep(&self, draft: Draft) {
        if draft.bytes() > DRAFT_BYTES_MAX {
            return;
        }
        let now = draft.at;
        self.change(now, |all| {
            all.retain(|d| d.id != draft.id);
            if all.len() >= DRAFTS_MAX
                && let Some(oldest) = all.iter().enumerate().min_by_key(|(_, d)| d.at).map(|(n, _)| n)
            {
                all.remove(oldest);
            }
            all.push(draft);
        });
    }
    /// It was sent: what was typed is forgotten.
    pub fn sent(&self, id: &str, no: IncidentNo, now: At) {
        self.change(now, |all| {
            for d in all.iter_mut().filter(|d| d.id == id) {
                d.pairs.clear();
                d.sent = Some(no);
            }
        });
    }
    pub fn forget(&self, id: &str, now: At) {
        self.change(now, |all| all.retain(|d| d.id != id));
    }
    fn change(&self, now: At, change: impl FnOnce(&mut Vec<Draft>)) {
        let mut all = self.all();
        all.retain(|d| d.at + DRAFT_S > now);
        change(&mut all);
        let Some(folder) = &self.folder else { return };
        let written = serde_json::to_vec(&*all).map_err(io::Error::other);
        if let Err(error) = written.and_then(|bytes| private_files::replace(folder, FILE, &bytes)) {
            // It is in memory still.
            tracing::warn!(%error, "drafts of reports could not be written: they do not outlive this run");
        }
    }
}

fn read(path: &Path) -> io::Result<Vec<Draft>> {
    let file = match File::open(path) {
        Ok(file) => file,
        Err(e) if e.kind() == ErrorKind::NotFound => return Ok(Vec::new()),
        Err(e) => return Err(e),
    };
    let mut bytes = Vec::new();
    file.take(FILE_BYTES_MAX).read_to_end(&mut bytes)?;
    let mut all: Vec<Draft> = serde_json::from_slice(&bytes).map_err(io::Error::other)?;
    all.truncate(DRAFTS_MAX);
    Ok(all)
}

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, reason = "tests")]

    use super::*;

    fn draft(text: &str, at: At) -> Draft {
        Draft::begin("it-bered".into(), vec![("what.sv".into(), text.into())], at).unwrap()
    }

    #[test]
    fn rule_h4_a_draft_outlives_the_program_and_is_its_owners_alone() {
        let folder = tempfile::tempdir().unwrap();
        let now = At(1_000_000_000);
        let drafts = Drafts::load(folder.path());
        let one = draft("Journalen är \"långsam\"\n", now);
        drafts.keep(one.clone());
        let again = Drafts::load(folder.path());
        assert_eq!(again.find(&one.id, now), Some(one.clone()));
        assert_eq!(again.of(&"it-bered".into(), now), std::slice::from_ref(&one));
        assert_eq!(again.of(&"tib".into(), now), []);
        #[cfg(unix)]
        {
            let mode = std::fs::metadata(folder.path().join(FILE)).unwrap();
            assert_eq!(std::os::unix::fs::PermissionsExt::mode(&mode.permissions()) & 0o777, 0o600);
        }
        assert!(!format!("{one:?} {drafts:?}").contains("Journalen"));
        again.sent(&one.id, IncidentNo::actual(14), now);
        let read = std::fs::read_to_string(folder.path().join(FILE)).unwrap();
        assert!(!read.contains("Journalen"), "what was sent is forgotten here: {read}");
        let sent = Drafts::load(folder.path()).find(&one.id, now).unwrap();
        assert_eq!(sent.sent, Some(IncidentNo::actual(14)), "and is not sent twice");
    }

    #[test]
    fn drafts_are_few_short_and_forgotten_after_a_day() {
        let folder = tempfile::tempdir().unwrap();
        let now = At(1_000_000_000);
        let drafts = Drafts::load(folder.path());
        let first = draft("först", now);
        drafts.keep(first.clone());
        for n in 0..u32::try_from(DRAFTS_MAX).unwrap() {
            drafts.keep(draft("x", now + n + 1));
        }
        assert_eq!(drafts.find(&first.id, now + 1000), None, "the oldest gave way");
        assert_eq!(drafts.all().len(), DRAFTS_MAX);
        let long = draft(&"x".repeat(DRAFT_BYTES_MAX), now + 2000);
        drafts.keep(long.clone());
        assert_eq!(drafts.find(&long.id, now + 2000), None);
        let last = draft("sist", now + 3000);
        drafts.keep(last.clone());
        assert!(drafts.find(&last.id, now + 3000 + DRAFT_S - 1).is_some());
        assert_eq!(drafts.find(&last.id, now + 3000 + DRAFT_S), None);
        assert_eq!(drafts.of(&"it-bered".into(), now + 3000 + DRAFT_S), []);
        std::fs::write(folder.path().join(FILE), b"[{").unwrap();
        assert_eq!(Drafts::load(folder.path()).all().len(), 0, "a torn file stops nothing");
    }
}
