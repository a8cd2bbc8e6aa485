//! How the disks under the journal are: what screens, metrics and the watcher outside are told.

use std::path::PathBuf;

use super::chain::Head;
use super::error::{DiskKind, JournalError};

/// One copy of the journal.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct CopyState {
    pub dir: PathBuf,
    /// What it held when it was last heard of.
    pub head: Head,
    /// Why it takes no commits, if it does not.
    pub out: Option<JournalError>,
    /// The disk ran full, and the reserve was given up for what had to be written.
    pub reserve_used: bool,
}

impl CopyState {
    /// A copy that takes commits.
    pub fn well(dir: PathBuf, head: Head) -> Self {
        Self { dir, head, out: None, reserve_used: false }
    }
    /// It ran out of space, whether or not the reserve still carries it.
    #[cfg_attr(not(feature = "internals"), expect(dead_code, reason = "tests ask for it"))]
    pub fn is_full(&self) -> bool {
        self.reserve_used || matches!(self.out, Some(JournalError::Disk { kind: DiskKind::Full, .. }))
    }
}

/// All copies, the state folder first.
#[derive(Clone, PartialEq, Eq, Default, Debug)]
pub struct Disks {
    /// One, or two with a second copy.
    pub copies: Vec<CopyState>,
    /// Two copies lie on one device: no second copy in the sense that matters.
    pub same_disk: bool,
}

impl Disks {
    /// Whether nobody must look after them.
    #[cfg_attr(not(feature = "internals"), expect(dead_code, reason = "tests ask for it"))]
    pub fn are_well(&self) -> bool {
        !self.same_disk && self.copies.iter().all(|c| c.out.is_none() && !c.reserve_used)
    }
}
