//! Codes for answers by SMS: whose they are, who tried wrong ones, and what became of those that were used (RULES C16, B2, E2).

use serde::{Deserialize, Serialize};

use crate::domain::ids::{FunctionId, FunctionIx, IncidentNo};
use crate::domain::private::Private;
use crate::domain::time::At;

/// After so many wrong codes in a row from the addresses of a function, none from there is looked at for that long, in seconds.
pub const NO_TRIES_FOR_S: u32 = 600;
/// Wrong codes are counted together for so long, in seconds.
pub const TRIES_COUNT_S: u32 = 24 * 3600;
/// So many reports by SMS that were started are remembered, the newest.
pub const STARTED_MAX: usize = 50;
/// So many reports of one function may wait for their code; the oldest of its own gives way.
pub const PENDING_EACH_MAX: usize = 3;
/// Answers from nobody known are counted together for so long, in seconds; the alarm stands as long after the last.
pub const STRANGERS_FOR_S: u32 = 3600;
/// So many of them are put on record in that time: whoever sends more fills no disk.
pub const STRANGERS_MAX: u32 = 20;

/// What a code answers.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, Debug)]
pub enum CodeFor {
    /// An entry that waits for its approval.
    Approval,
    /// A mode that is to be decided.
    Decision,
}

/// A code that one duty alone was given.
#[derive(Clone, Copy, PartialEq, Eq, Serialize, Deserialize, Debug)]
pub struct OwnCode {
    /// What it answers.
    pub of: CodeFor,
    /// Number of the entry, or of the proposal.
    pub id: u32,
    /// Whom it was sent to.
    pub to: FunctionIx,
}

/// Wrong codes from the addresses of a function.
#[derive(Clone, Copy, PartialEq, Eq, Serialize, Deserialize, Debug)]
pub struct Tries {
    /// In a row.
    pub count: u32,
    /// The last one.
    pub at: At,
    /// Until then no code from there is looked at.
    pub until: Option<At>,
}

impl Strangers {
    /// Counted from now on.
    pub fn new(at: At) -> Self {
        Self { count: 0, wrote: 0, since: at, at, incident: None }
    }
}

impl Tries {
    /// Nothing from there is looked at.
    pub fn are_over(&self, now: At) -> bool {
        self.until.is_some_and(|until| now < until)
    }
}

/// A report by SMS that was started, so that its code says so when it comes again.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize, Debug)]
pub struct Started {
    /// The code that started it.
    pub code: Private,
    /// Who reported.
    pub by: FunctionId,
    /// What it started.
    pub incident: IncidentNo,
    /// When.
    pub at: At,
}

/// Answers that came from nobody known (RULES C15).
#[derive(Clone, Copy, PartialEq, Eq, Serialize, Deserialize, Debug)]
pub struct Strangers {
    /// So many of late.
    pub count: u32,
    /// So many other texts came from nobody known in that time.
    #[serde(default)]
    pub wrote: u32,
    /// The first of them.
    pub since: At,
    /// The last one.
    pub at: At,
    /// What the last one named.
    pub incident: Option<IncidentNo>,
}
