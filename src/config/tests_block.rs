//! A playbook's `tests:` block in a typed form: what is reported and what must follow. `check::expect` runs it.

use jiff::Timestamp;

use super::raw::playbook::TestExpect;
pub use super::raw::playbook::{AfterWord as After, SafetyWord as Safety};
use crate::domain::ids::{FunctionIx, PlaybookId, SiteId};
use crate::domain::ladder::LevelIx;
use crate::domain::plan::Channel;
use crate::yaml::Place;

/// A report, and what must follow.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct TestCase {
    /// The playbook that is tested.
    pub playbook: PlaybookId,
    /// Where it stands.
    pub place: Place,
    /// Reported at; `None`: the playbook's level.
    pub level: Option<LevelIx>,
    /// When it is reported.
    pub at: Timestamp,
    /// Where; empty: the playbook's sites.
    pub sites: Vec<SiteId>,
    /// Patient safety as reported.
    pub safety: Safety,
    /// It is reported as a drill.
    pub exercise: bool,
    /// What must follow.
    pub expect: Vec<Expect>,
}

/// One delivery that must come, or must not.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Expect {
    /// To this function; `None`: to the public.
    pub to: Option<FunctionIx>,
    /// Over this channel.
    pub over: Channel,
    /// At most that long after the report, or after what it waits for, in seconds.
    pub within_s: Option<u32>,
    /// What it must not come before.
    pub after: Option<After>,
    /// It must not come at all.
    pub never: bool,
    /// Where it stands.
    pub place: Place,
}

pub(super) fn expect(line: &crate::yaml::At<TestExpect>, to: Option<FunctionIx>, over: Channel) -> Expect {
    Expect { to, over, within_s: line.within.map(|s| s.0), after: line.after, never: line.never, place: line.place }
}
