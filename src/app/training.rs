//! Training (`vardkase serve --training`): the program with one's own configuration, in which nothing can leave the machine.
//!
//! **Owns** the one thing that lets a part of the program turn outwards: [`Outward`]. Whatever builds a gateway, a mirror, a sign of life, a
//! webhook, a sign-in at a provider, or reads the page back, asks for one, and in training there is none to be had. So what is forgotten
//! here does not compile, where a flag that is forgotten in one place would send.
//!
//! **Also owns** the mark in the state folder that keeps training and real operation apart.

use std::fmt;
use std::io::ErrorKind;
use std::path::{Path, PathBuf};

use crate::gateways::trainee::Inbox;
use crate::private_files::{create_folder, replace};

/// How the program is run.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Operation {
    /// Texts go out over the gateways of the configuration.
    Real,
    /// Nothing leaves the machine.
    Training,
}

/// May turn outwards. Only [`Ends::of`] makes one, and not in training.
#[derive(Clone, Copy, Debug)]
pub struct Outward(());

/// Where texts end.
#[derive(Clone)]
pub enum Ends {
    /// At the far ends of gateways.
    Outside(Outward),
    /// Here, to be read.
    Here(Inbox),
}

impl Ends {
    /// As the program is run.
    pub fn of(operation: Operation) -> Self {
        match operation {
            Operation::Real => Self::Outside(Outward(())),
            Operation::Training => Self::Here(Inbox::default()),
        }
    }

    /// What lets a part turn outwards; none in training.
    pub fn outward(&self) -> Option<Outward> {
        match self {
            Self::Outside(outward) => Some(*outward),
            Self::Here(_) => None,
        }
    }

    /// Where texts end in training.
    pub fn inbox(&self) -> Option<&Inbox> {
        match self {
            Self::Outside(_) => None,
            Self::Here(inbox) => Some(inbox),
        }
    }
}

/// The file that marks a state folder of training. A backup holds the journal and not this, as it is of the folder.
const MARK_FILE: &str = "training";
/// What it says to whoever looks into the folder.
const MARK_TEXT: &str = "This state folder belongs to training: vardkase serve --training\n";
/// Lies at the top of a disk that is mounted as the folder.
const OF_THE_DISK: &str = "lost+found";

/// Why a state folder is not for this way of running.
#[derive(Debug)]
pub enum NotForThis {
    /// Training would begin in a folder that holds something else.
    OfRealOperation(PathBuf),
    /// Real operation would go on in a folder of training.
    OfTraining(PathBuf),
    /// It can't be looked at, or marked.
    Io(PathBuf, std::io::Error),
}

impl fmt::Display for NotForThis {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::OfRealOperation(folder) => {
                write!(f, "{} is in use and not a state folder of training", folder.display())
            }
            Self::OfTraining(folder) => write!(f, "{} is a state folder of training", folder.display()),
            Self::Io(folder, error) => write!(f, "marking {}: {error}", folder.display()),
        }
    }
}

impl NotForThis {
    /// What to do next.
    pub fn hint(&self) -> &'static str {
        match self {
            Self::OfRealOperation(_) => "give training an empty folder of its own: --state vardkase-training",
            Self::OfTraining(_) => "start with --training, or name the state folder of real operation with --state",
            Self::Io(..) => "choose a folder that this user may write",
        }
    }
}

/// Keeps training and real operation apart: marks an empty folder for training, and refuses one of the other kind. Before anything else
/// is written into it.
///
/// # Errors
/// [`NotForThis`]: nothing was changed.
pub fn keep_apart(folder: &Path, operation: Operation) -> Result<(), NotForThis> {
    let io = |e| NotForThis::Io(folder.into(), e);
    let is_marked = match std::fs::symlink_metadata(folder.join(MARK_FILE)) {
        Ok(_) => true,
        Err(e) if matches!(e.kind(), ErrorKind::NotFound | ErrorKind::NotADirectory) => false,
        Err(e) => return Err(io(e)),
    };
    match (operation, is_marked) {
        (Operation::Real, false) | (Operation::Training, true) => Ok(()),
        (Operation::Real, true) => Err(NotForThis::OfTraining(folder.into())),
        (Operation::Training, false) => {
            // Not a look for a journal alone: where one was lost, its keys and accounts are left.
            create_folder(folder).map_err(io)?;
            for entry in std::fs::read_dir(folder).map_err(io)? {
                if entry.map_err(io)?.file_name() != OF_THE_DISK {
                    return Err(NotForThis::OfRealOperation(folder.into()));
                }
            }
            replace(folder, MARK_FILE, MARK_TEXT.as_bytes()).map_err(io)
        }
    }
}

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, reason = "tests")]

    use super::*;

    #[test]
    fn a_folder_is_of_training_or_of_real_operation_for_good() {
        let dir = tempfile::tempdir().unwrap();
        let (training, real) = (dir.path().join("new/training"), dir.path().join("real"));
        keep_apart(&training, Operation::Training).unwrap();
        std::fs::write(training.join("journal.db"), "").unwrap();
        keep_apart(&training, Operation::Training).unwrap();
        let why = keep_apart(&training, Operation::Real).unwrap_err();
        assert!(matches!(why, NotForThis::OfTraining(_)) && why.hint().contains("--training"), "{why}");

        // One that is not there yet is made by the journal.
        keep_apart(&real, Operation::Real).unwrap();
        assert!(!real.exists());
        std::fs::create_dir(&real).unwrap();
        std::fs::create_dir(real.join(OF_THE_DISK)).unwrap();
        // The key alone: the journal that it belonged to is gone.
        std::fs::write(real.join("key"), "").unwrap();
        let why = keep_apart(&real, Operation::Training).unwrap_err();
        assert!(matches!(why, NotForThis::OfRealOperation(_)) && why.to_string().contains("real"), "{why}");
        assert!(!real.join(MARK_FILE).exists());
        keep_apart(&real, Operation::Real).unwrap();
        std::fs::remove_file(real.join("key")).unwrap();
        keep_apart(&real, Operation::Training).unwrap();
    }

    #[test]
    fn nothing_turns_outwards_in_training() {
        assert!(Ends::of(Operation::Training).outward().is_none() && Ends::of(Operation::Training).inbox().is_some());
        assert!(Ends::of(Operation::Real).outward().is_some() && Ends::of(Operation::Real).inbox().is_none());
    }
}
