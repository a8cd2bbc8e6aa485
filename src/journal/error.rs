//! What can go wrong with the journal, and what to do about it.

use std::fmt;
use std::path::{Path, PathBuf};

/// Why the journal did not do as asked. Cloneable: one failed commit refuses every batch that waited in it.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum JournalError {
    /// Another process owns the state folder. Two owners would tell people two different things (INCIDENTS D, split brain).
    InUse {
        /// The state folder.
        folder: PathBuf,
        /// Who holds it, as written in the lock file.
        pid: Option<u32>,
    },
    /// Others may write into the state folder.
    Writable {
        folder: PathBuf,
        /// Its mode.
        mode: u32,
    },
    /// The state folder is another user's.
    NotOurs {
        folder: PathBuf,
        /// Whose it is.
        owner: u32,
        /// As whom this process runs.
        us: u32,
    },
    /// The folder is one node's of several: what it wrote by itself would be in no other.
    OneOfSeveral { folder: PathBuf },
    /// The journal is gone or has nothing in it, and what belongs to it is there.
    Emptied {
        folder: PathBuf,
        /// What is there.
        left: String,
    },
    /// Something has the name that a new file was to get.
    Taken { file: PathBuf },
    /// There is something in the database that this program never made: it may carry out what somebody else wants.
    Foreign { file: PathBuf, what: String },
    /// The folder was written by a newer version.
    Newer {
        file: PathBuf,
        /// Its format.
        found: u32,
        /// The newest format that this program reads.
        known: u32,
    },
    /// The file is something else than a journal.
    NotAJournal { file: PathBuf },
    /// What was read is not what was written.
    Corrupt {
        /// The first record that can't be trusted, where that is known.
        seq: Option<u64>,
        what: String,
    },
    /// The disk did not take or give it. Nothing of the batch counts as recorded; the same batch may be tried again.
    Disk {
        /// What kind of trouble.
        kind: DiskKind,
        /// What was tried, and what the system said.
        what: String,
    },
    /// Two copies of the journal hold different records from one on. Neither is repaired: either may be the true one.
    Differ {
        /// The first record that differs.
        seq: u64,
        /// One folder, and its last record.
        first: (PathBuf, u64),
        second: (PathBuf, u64),
    },
    /// A copy did not answer in time. It may have taken it.
    Late { folder: PathBuf },
    /// Somebody else appended first: decide again on the newer state.
    Conflict {
        /// The head that the caller believed in.
        expected: u64,
        /// The head that there is.
        found: u64,
    },
    /// A value is larger than its limit.
    TooLarge {
        /// The limit that was passed.
        limit: &'static str,
        /// What was given.
        found: usize,
        /// The most that is taken.
        max: usize,
    },
    /// The key of this incident is destroyed; nothing more can be sealed for it.
    Forgotten { incident: String },
    /// The file with the master key is missing, damaged, or belongs to another journal.
    Key {
        /// The key file.
        file: PathBuf,
        /// What is wrong with it.
        what: &'static str,
    },
    /// The operating system gave no random bytes.
    Random(String),
    /// SQLite older than the one that fixed a bug which corrupts journals.
    OldSqlite {
        /// The version found.
        found: String,
    },
    /// The writer has ended; nothing more is recorded in this process.
    Closed,
    /// Another site decides now. Nothing of the batch is recorded.
    #[cfg(feature = "cluster")]
    NotLeader,
    /// The sites' common journal was not reached, or did not take it, as long as this site may decide. Nothing counts as recorded; it
    /// may yet be found there.
    #[cfg(feature = "cluster")]
    CutOff {
        /// What was said last.
        what: String,
    },
    /// The sites' common journal no longer has all that this folder lacks.
    #[cfg(feature = "cluster")]
    Behind {
        /// The last record here.
        have: u64,
        /// The first one that is still there.
        first: u64,
    },
    /// This folder holds other records than the other sites. It follows no more, and nothing in it is changed.
    #[cfg(feature = "cluster")]
    Apart {
        /// A record that is another one there.
        seq: u64,
    },
    /// The sites' common journal is not as it must be for this folder.
    #[cfg(feature = "cluster")]
    Cluster { what: String },
}

/// What the disk's trouble is.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum DiskKind {
    /// No space left.
    Full,
    /// Not writable, or no permission.
    ReadOnly,
    /// Another program holds the file.
    Busy,
    /// Reading or writing failed.
    Io,
}

impl JournalError {
    /// What to do next.
    pub fn hint(&self) -> String {
        match self {
            Self::InUse { pid: Some(pid), .. } => format!(
                "process {pid} runs on this folder: give commands to it over its API, or end it before you start another; \
                 to only look, use a command that reads (log, verify)"
            ),
            Self::InUse { pid: None, .. } => {
                "end the other process before you start another; to only look, use a command that reads (log, verify)"
                    .into()
            }
            Self::Writable { folder, .. } => format!(
                "see that nothing was put into it (`vardkase verify`), then close it: chmod 700 {}",
                folder.display()
            ),
            Self::NotOurs { folder, .. } => format!(
                "run as the user that owns it (sudo -u USER vardkase …), or give it to this one: chown -R USER {}",
                folder.display()
            ),
            Self::OneOfSeveral { .. } => "start it with `vardkase serve --cluster FILE` and give the command to it. Only if this node is to go on alone, with what it has: \
                 stop all others for good, and remove the file `cluster-id` from the folder"
                .into(),
            Self::Emptied { folder, .. } => format!(
                "put it back: start with --second-copy DIR when a second copy has it, or `vardkase restore BACKUP --state NEW`. \
                 Only if you mean to begin a new journal: `vardkase serve --new --state {}`, which sets aside what is left",
                folder.display()
            ),
            Self::Taken { .. } => "name a file that is not there; remove what has the name if nobody needs it".into(),
            Self::Foreign { .. } => {
                "keep a copy of the folder and find out who put it there; then start on its second copy, or on a restored \
                 backup, once `vardkase verify` calls that whole"
                    .into()
            }
            Self::Newer { .. } => "start the newer version again; an older one must not write here".into(),
            Self::NotAJournal { .. } => "name the state folder, or the file journal.db in it".into(),
            Self::Corrupt { .. } => {
                "keep the folder as it is; run `vardkase verify` on it and on its second copy, and start on the one that \
                verifies. In an emergency with neither, start on an empty folder and look into this one later"
                    .into()
            }
            Self::Disk { kind: DiskKind::Full, .. } => "free space on this disk; the same batch is then taken".into(),
            Self::Disk { kind: DiskKind::ReadOnly, .. } => {
                "check who owns the folder and that the disk is mounted for writing".into()
            }
            Self::Disk { kind: DiskKind::Busy, .. } => {
                "end the program that holds the file (a backup, a database browser); copy instead of opening".into()
            }
            Self::Disk { kind: DiskKind::Io, .. } => {
                "look at the system log for this disk, and move the state folder to another one".into()
            }
            Self::Differ { seq, first, second } => format!(
                "two programs have run on the two copies, or one was put back from elsewhere. Keep both folders; look at what \
                 each says with `vardkase log --offline --after {} --state {}` and with --state {}; then start on the one \
                 that tells what really happened, and give it an empty folder as --second-copy",
                seq.saturating_sub(1),
                first.0.display(),
                second.0.display()
            ),
            Self::Late { .. } => "look at the disk or the network mount that it lies on; it is caught up by itself".into(),
            Self::Conflict { .. } => "decide again on the newer state; if this repeats, two processes write".into(),
            Self::TooLarge { .. } => "split it, or keep it out of the journal".into(),
            Self::Forgotten { .. } => "the incident was forgotten on purpose; open a new one".into(),
            Self::Key { .. } => {
                "put the key file back from its backup; opening without it (`accept_lost_key`) gives up \
                what is sealed, while the chain still verifies"
                    .into()
            }
            Self::Random(_) => "the machine has no source of randomness; nothing private can be sealed on it".into(),
            Self::OldSqlite { .. } => "use the binary with its own SQLite (3.51.3 or later)".into(),
            Self::Closed => "look for the error that ended the writer, then start again".into(),
            #[cfg(feature = "cluster")]
            Self::NotLeader => "give the command to the site that decides; any node passes it on".into(),
            #[cfg(feature = "cluster")]
            Self::CutOff { what } if what.contains("NOSPACE") => "what all nodes hold is deleted by the node that decides; then, on a member of \
                 etcd: `etcdctl defrag --cluster` and `etcdctl alarm disarm`. If it comes back, a node holds too much back, or the quota is \
                 too small"
                .into(),
            #[cfg(feature = "cluster")]
            Self::CutOff { .. } => "look at the lines between the sites and at etcd (`etcdctl endpoint status`); two of three must run. \
                 The site that reaches a majority goes on"
                .into(),
            #[cfg(feature = "cluster")]
            Self::Behind { .. } => "it copies what it lacks from another node; see that one of them is reached".into(),
            #[cfg(feature = "cluster")]
            Self::Apart { seq } => format!(
                "keep this folder and look at what it says with `vardkase log --offline --after {}`; then start this node on an \
                 empty folder, which the others fill",
                seq.saturating_sub(1)
            ),
            #[cfg(feature = "cluster")]
            Self::Cluster { .. } => "see that this node names the etcd and the prefix of its own sites".into(),
        }
    }

    /// Whether the sites' common journal is why, so that nobody may go on from memory.
    #[cfg(feature = "cluster")]
    #[cfg_attr(not(feature = "internals"), allow(dead_code, reason = "nothing in the program calls it yet"))]
    pub fn is_cluster(&self) -> bool {
        matches!(
            self,
            Self::NotLeader | Self::CutOff { .. } | Self::Behind { .. } | Self::Apart { .. } | Self::Cluster { .. }
        )
    }

    /// Whether the same batch may go through later without anything decided anew.
    #[cfg_attr(not(feature = "internals"), expect(dead_code, reason = "tests ask for it"))]
    pub fn is_disk(&self) -> bool {
        matches!(self, Self::Disk { .. })
    }

    pub(crate) fn corrupt(seq: impl Into<Option<u64>>, what: impl Into<String>) -> Self {
        Self::Corrupt { seq: seq.into(), what: what.into() }
    }

    pub(crate) fn io(tried: &str, path: &Path, error: &std::io::Error) -> Self {
        use std::io::ErrorKind as K;
        let kind = match error.kind() {
            K::StorageFull | K::QuotaExceeded => DiskKind::Full,
            K::PermissionDenied | K::ReadOnlyFilesystem => DiskKind::ReadOnly,
            K::ResourceBusy | K::WouldBlock => DiskKind::Busy,
            _ => DiskKind::Io,
        };
        Self::Disk { kind, what: format!("{tried} {}: {error}", path.display()) }
    }

    /// From SQLite. Its messages name tables and files, never values.
    pub(crate) fn sqlite(tried: &str, error: &rusqlite::Error) -> Self {
        use rusqlite::ErrorCode as C;
        let what = format!("{tried}: {error}");
        let kind = match error.sqlite_error_code() {
            Some(C::DatabaseCorrupt | C::NotADatabase) => return Self::corrupt(None, what),
            Some(C::DiskFull) => DiskKind::Full,
            Some(C::ReadOnly | C::PermissionDenied | C::CannotOpen | C::AuthorizationForStatementDenied) => {
                DiskKind::ReadOnly
            }
            Some(C::DatabaseBusy | C::DatabaseLocked) => DiskKind::Busy,
            Some(C::SystemIoFailure | C::FileLockingProtocolFailed | C::OutOfMemory) => DiskKind::Io,
            // A missing table, a column of the wrong type: the file is not as it was written.
            _ => return Self::corrupt(None, what),
        };
        Self::Disk { kind, what }
    }
}

impl fmt::Display for JournalError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::InUse { folder, pid: Some(pid) } => {
                write!(f, "the state folder {} is in use by process {pid}", folder.display())
            }
            Self::InUse { folder, pid: None } => {
                write!(f, "the state folder {} is in use by another process", folder.display())
            }
            Self::Writable { folder, mode } => {
                write!(f, "others may write into the state folder {} (mode {mode:04o})", folder.display())
            }
            Self::NotOurs { folder, owner, us } => {
                write!(
                    f,
                    "the state folder {} belongs to user {owner}, and this process is user {us}",
                    folder.display()
                )
            }
            Self::OneOfSeveral { folder } => {
                write!(
                    f,
                    "the state folder {} belongs to a node of a cluster, and is written by that alone",
                    folder.display()
                )
            }
            Self::Emptied { folder, left } => write!(
                f,
                "the journal in {} is missing or empty, and what belongs to it is there ({left}): its records are gone",
                folder.display()
            ),
            Self::Taken { file } => {
                write!(f, "{} is there already, as a file, folder or link; a backup overwrites nothing", file.display())
            }
            Self::Foreign { file, what } => {
                write!(f, "{} holds what this program never put there: {what}", file.display())
            }
            Self::Newer { file, found, known } => {
                write!(f, "{} has format {found}; this version knows formats up to {known}", file.display())
            }
            Self::NotAJournal { file } => write!(f, "{} is not a journal", file.display()),
            Self::Corrupt { seq: Some(seq), what } => write!(f, "the journal is broken at record {seq}: {what}"),
            Self::Corrupt { seq: None, what } => write!(f, "the journal is broken: {what}"),
            Self::Disk { kind, what } => {
                let kind = match kind {
                    DiskKind::Full => "the disk is full",
                    DiskKind::ReadOnly => "the disk can't be written",
                    DiskKind::Busy => "the file is held by another program",
                    DiskKind::Io => "the disk failed",
                };
                write!(f, "{kind}: {what}")
            }
            Self::Differ { seq, first, second } => write!(
                f,
                "the two copies of the journal differ from record {seq} on: {} goes on to {}, {} to {}",
                first.0.display(),
                first.1,
                second.0.display(),
                second.1
            ),
            Self::Late { folder } => write!(f, "{} did not answer in time", folder.display()),
            Self::Conflict { expected, found } => {
                write!(f, "the journal stands at record {found}, not at {expected}: somebody appended first")
            }
            Self::TooLarge { limit, found, max } => write!(f, "{found} is more than {limit} allows ({max})"),
            Self::Forgotten { incident } => write!(f, "incident {incident} is forgotten: its key is destroyed"),
            Self::Key { file, what } => write!(f, "the key file {} {what}", file.display()),
            Self::Random(what) => write!(f, "no randomness from the operating system: {what}"),
            Self::OldSqlite { found } => write!(f, "SQLite {found} can corrupt a journal under load"),
            Self::Closed => f.write_str("the journal's writer has ended"),
            #[cfg(feature = "cluster")]
            Self::NotLeader => f.write_str("this site does not decide now"),
            #[cfg(feature = "cluster")]
            Self::CutOff { what } => write!(f, "cut off from the other sites: {what}"),
            #[cfg(feature = "cluster")]
            Self::Behind { have, first } => write!(
                f,
                "this folder ends at record {have}, and the common journal begins at {first}: what is between is with the other nodes"
            ),
            #[cfg(feature = "cluster")]
            Self::Apart { seq } => write!(f, "record {seq} in this folder is not the one that the other sites have"),
            #[cfg(feature = "cluster")]
            Self::Cluster { what } => write!(f, "the sites' common journal: {what}"),
        }
    }
}
impl std::error::Error for JournalError {}
