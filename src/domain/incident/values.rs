//! Values that an event and the state have in common. What an event says is said in these, and in nothing that only the
//! state has: a field that the state gains must not change what is written.

use serde::{Deserialize, Serialize};

use crate::domain::ids::{FunctionId, FunctionIx, IncidentNo, MessageNo, PlaybookId, PointIx, SiteId};
use crate::domain::ladder::LevelIx;
use crate::domain::lang::L10n;
use crate::domain::plan::{AnswerRule, RowId};
use crate::domain::private::Private;
use crate::domain::step::{Beat, StepKind};
use crate::domain::text::{Canonical, Fingerprint};
use crate::domain::time::At;

/// One thing that is sent: which point, over which of its gateways, in which language.
#[derive(Clone, Copy, PartialEq, Eq, Serialize, Deserialize, Debug)]
pub struct Send {
    pub point: PointIx,
    /// Which of the point's gateways.
    pub gateway: u8,
    /// Which of the region's languages.
    pub lang: u8,
}

/// A report that waits for its `JA code`.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize, Debug)]
pub struct PendingReport {
    pub playbook: PlaybookId,
    pub level: LevelIx,
    pub sites: Vec<SiteId>,
    /// Who reported.
    pub by: FunctionId,
    /// Until when the code holds.
    pub until: At,
}

/// How far an incident is (INCIDENTS lesson 33: running again and data complete are different).
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, Debug, schemars::JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum Phase {
    /// Going on.
    Open,
    /// Running again; data are being checked.
    Restored,
    /// All clear was given, or merged into another.
    Closed,
}

/// What kind of text.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, Debug, schemars::JsonSchema)]
pub enum Kind {
    /// LARM
    Alert,
    /// A mode was raised or lowered (RULES A9).
    Mode,
    /// UPPDATERING
    Update,
    /// RÄTTELSE av …
    Correction {
        /// Which number is corrected.
        of: MessageNo,
    },
    /// … gäller inte (RULES D2).
    Stopped {
        /// Which number no longer holds.
        of: MessageNo,
    },
    /// ÅTER I DRIFT
    Restored,
    /// FARAN ÖVER
    AllClear,
    /// The pre-approved text (RULES B7, A7).
    Holding,
    /// OMLEDNING, or OMLEDNING UPPHÖR (INCIDENTS lesson 35): everything that holds, with where patients go.
    Redirection {
        step: u32,
        /// They no longer go there.
        over: bool,
    },
}

impl Kind {
    /// Whether an answer is wanted when the row says nothing (RULES C7).
    pub fn default_answer(self) -> AnswerRule {
        match self {
            Kind::Alert
            | Kind::Mode
            | Kind::Correction { .. }
            | Kind::Stopped { .. }
            | Kind::Restored
            | Kind::Redirection { over: false, .. } => AnswerRule::Required,
            Kind::Update | Kind::AllClear | Kind::Holding | Kind::Redirection { over: true, .. } => AnswerRule::None,
        }
    }
    /// Before all others when gateways are full: 0 is first.
    pub fn priority(self) -> u8 {
        match self {
            Kind::Alert | Kind::Stopped { .. } | Kind::Correction { .. } | Kind::Redirection { over: false, .. } => 0,
            Kind::Mode | Kind::Restored | Kind::Holding | Kind::Redirection { over: true, .. } => 1,
            Kind::Update => 2,
            Kind::AllClear => 3,
        }
    }
}

/// How a gateway stands, the best first.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, Debug)]
#[serde(rename_all = "kebab-case")]
pub enum Standing {
    /// It takes deliveries.
    Healthy,
    /// There is a doubt: it is being probed, asks us to wait, gives no receipts, or answers what nobody understands.
    Suspect,
    /// It is handed nothing until a probe succeeds.
    Down,
}

/// Why a gateway that answers is not trusted (RULES G2 to G4).
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, Debug)]
#[serde(rename_all = "kebab-case")]
pub enum Doubt {
    /// It says "later".
    Later,
    /// It accepts, and the receipts that it promises don't come.
    Silent,
    /// Its answers are not understood.
    Unclear,
}

/// A text in one language.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize, Debug)]
pub struct Draft {
    /// The canonical text.
    pub text: Canonical,
    pub fingerprint: Fingerprint,
    /// Somebody read it in this language, or nothing in it was typed by hand (RULES A7).
    pub reviewed: bool,
}

/// Where an entry comes from.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, Debug)]
pub enum Source {
    /// A row of the playbook.
    Row(RowId),
    /// Owners of systems that depend on the failed one (RULES D8).
    Dependents,
    /// Everybody who was told before (RULES A8, A9).
    Followers,
    /// The holding text for the public (RULES B7).
    Holding,
}

/// Why an entry was given up.
#[derive(Clone, Copy, PartialEq, Eq, Serialize, Deserialize, Debug)]
pub enum Dropped {
    /// The message was stopped.
    Stopped,
    /// The incident closed.
    Closed,
    /// The drill was stopped.
    DrillStopped,
    /// Its functions were told by another entry meanwhile.
    Told,
}

/// By whose word a text went out.
#[derive(Clone, Copy, PartialEq, Eq, Serialize, Deserialize, Debug)]
pub enum ReleasedBy {
    /// The playbook asks for no approval, or RULES B1 lets care have it at once.
    Playbook,
    /// Released by this approver's yes.
    Approval(FunctionIx),
    /// The time was up, and `then` or `finally` says release.
    Deadline,
    /// Break-glass, with a reason on record (invariant 7).
    BreakGlass(FunctionIx),
}

/// A text that waits for a yes.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize, Debug)]
pub struct Approval {
    /// Who was asked, in order; the last is the one whose time runs.
    pub asked: Vec<FunctionIx>,
    /// When the last of them was asked.
    pub asked_at: At,
    /// Its time is up then.
    pub due: At,
    /// The code for an answer by SMS. Single-use.
    pub code: Private,
    /// Wrong codes so far.
    pub wrong: u32,
    /// SMS is blocked (RULES B2).
    pub blocked: bool,
    /// VÄNTA was said; once.
    pub extended: bool,
    /// The request reached the approver's device.
    pub delivered: bool,
    /// The deputy was asked beside since it did not (RULES B5).
    pub beside: bool,
    /// The chain ended in hold: a standing alarm, asked again at `due`.
    pub held: bool,
    /// Rejected, with no replacement yet.
    pub rejected: bool,
    /// Number of the note that asked.
    pub note: Option<u32>,
}

/// A no to a text that waits, with its reason: whoever is asked next reads it (RULES B3).
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize, Debug)]
pub struct Rejection {
    /// Which entry.
    pub entry: u32,
    /// With which message it waited then.
    pub message: u32,
    pub by: FunctionIx,
    pub at: At,
    pub reason: Private,
}

/// What closed an ask that nobody answered (invariant 3).
#[derive(Clone, Copy, PartialEq, Eq, Serialize, Deserialize, Debug)]
pub enum ClosedBy {
    /// A newer message asks the same function.
    Superseded(u32),
    /// An answer to a newer message.
    NewerAnswer(u32),
    /// It was stopped.
    Stopped,
    AllClear,
    /// Merged into another incident.
    Merged(IncidentNo),
    /// The shift changed; the new holder is asked.
    ShiftChange,
    /// A drill gave way.
    DrillStopped,
}

/// How an answer came.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize, Debug)]
pub enum Via {
    /// Written back.
    Reply,
    /// The button behind the link.
    Link,
    /// Console, command line or API.
    Console,
    /// Told by telephone; noted by that function (RULES C6).
    Phone {
        /// Who noted it.
        noted_by: FunctionIx,
    },
    /// On a sheet that was carried there and back; entered by that function.
    Paper {
        /// Who entered it.
        noted_by: FunctionIx,
    },
}

/// What is delivered.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, Debug)]
pub enum Item {
    /// A message, by its place in the incident.
    Message(u32),
    Note(u32),
}

/// A step as it begins.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize, Debug)]
pub struct NewStep {
    /// Its name in the playbook; empty for one that was typed.
    pub rule: String,
    pub kind: StepKind,
    /// What is to be done, said or talked about.
    pub title: L10n,
    /// Who sees to it.
    pub owner: FunctionIx,
    /// Whom it concerns.
    pub to: Vec<FunctionIx>,
    /// The deadline; the beginning of an intervention; the end of a redirection; the first round of a conference.
    pub due: At,
    /// How long an intervention may take, in seconds.
    pub lasts_s: u32,
    /// How often a conference meets.
    pub beat: Option<Beat>,
    /// The code for answers by SMS.
    pub code: Private,
    /// Something happens then.
    pub next_check: At,
    /// Who began it; the playbook when none.
    pub by: Option<FunctionIx>,
}

/// Who was asked for which function.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, Debug)]
pub struct StepAsk {
    pub function: FunctionIx,
    /// Who: its holder, or a deputy.
    pub who: FunctionIx,
}

/// How a step ended.
#[derive(Clone, Copy, PartialEq, Eq, Serialize, Deserialize, Debug)]
pub enum StepEnd {
    Done,
    /// Somebody stopped it.
    Stopped,
    /// Its time has passed.
    Over,
    /// The incident is over, or was stopped.
    Closed,
}
