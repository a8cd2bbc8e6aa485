//! What screens and the API get of an incident.

use super::super::steps::{ArrivalView, StepView};
use super::super::{RungView, SummaryView};
use crate::domain::delivery::DeliveryState;
use crate::domain::ids::{FunctionId, GatewayId, InfraId, MessageNo, RoutineId, SiteId};
use crate::domain::incident::facts::{Restore, Safety};
use crate::domain::lang::{L10n, Lang};
use crate::domain::plan::{AnswerRule, Audience, Channel, Then};
use crate::domain::step::StepKind;
use crate::domain::text::{DoesNotFit, Fingerprint};
use crate::domain::time::At;
use crate::domain::words::NoteWord;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// One incident.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize, Debug, schemars::JsonSchema)]
pub struct IncidentView {
    pub now: At,
    /// On one line.
    pub summary: SummaryView,
    /// What it is called: a sentence that is true in this phase (RULES A11).
    #[serde(default)]
    pub headline: L10n,
    pub facts: FactsView,
    /// Who confirmed that data are complete.
    pub data_confirmed: Option<FunctionId>,
    /// Who has it: one row per function that was told.
    pub rows: Vec<RowView>,
    /// Texts, the oldest first.
    pub messages: Vec<MessageView>,
    /// Who gets what.
    pub entries: Vec<EntryView>,
    /// Modes to decide.
    pub proposals: Vec<ProposalView>,
    /// What people must walk.
    pub errands: Vec<ErrandView>,
    /// What must be done beside telling: open ones first, the first deadline first.
    #[serde(default)]
    pub steps: Vec<StepView>,
    /// Steps that the playbook prepares and that nobody has begun.
    #[serde(default)]
    pub prepared: Vec<PreparedView>,
    /// Notes that were sent, without their text.
    pub notes: Vec<NoteView>,
    /// Paths that could not carry a text whole (RULES A5).
    pub dropped: Vec<DroppedView>,
}

/// What is known.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize, Debug, schemars::JsonSchema)]
pub struct FactsView {
    pub what: L10n,
    pub scope: L10n,
    /// Routines to use now.
    pub routines: Vec<RoutineId>,
    pub since: At,
    /// Expected back.
    pub restore: Restore,
    /// The next update, as it was promised.
    pub next: At,
    /// The number to call, as it stands in the texts (publishable, RULES A10).
    pub contact: String,
    /// Patient safety.
    pub safety: Safety,
    /// What else is known.
    pub known: L10n,
    /// What is not known.
    pub unknown: L10n,
    /// Infrastructure that people named as down, beside the playbook's.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub down: Vec<InfraId>,
    /// What the public is told is new and has not read yet.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub public_news: Vec<L10n>,
}

/// One function: what it was told, and whether it has it.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize, Debug, schemars::JsonSchema)]
pub struct RowView {
    pub function: FunctionId,
    /// What it is called.
    pub title: L10n,
    pub site: SiteId,
    /// The newest text that it was told.
    pub message: MessageNo,
    /// With which entry.
    pub entry: u32,
    /// Who was asked, in order: who holds it, then deputies. Empty when no answer is wanted.
    pub asked: Vec<FunctionId>,
    /// The last of them, whose time runs.
    pub current: Option<FunctionId>,
    /// Whether an answer is wanted.
    pub answer: AnswerRule,
    pub state: AskView,
    /// So many must answer.
    #[serde(default = "one")]
    pub needs: u8,
    /// Who did, in order.
    #[serde(default)]
    pub answered: Vec<FunctionId>,
    /// Who answered and is to be there.
    #[serde(default)]
    pub arrival: Option<ArrivalView>,
    /// Answered before the shift changed; this is the new ask (RULES C11).
    pub before_shift: Option<FunctionId>,
    /// The time of the last asked is up then.
    pub deadline: Option<At>,
    /// Per duty point how far the text came.
    pub cells: Vec<CellView>,
    /// What happens next, and why.
    pub next: NextStep,
}

fn one() -> u8 {
    1
}

/// A step that the playbook prepares.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize, Debug, schemars::JsonSchema)]
pub struct PreparedView {
    /// What the playbook calls it.
    pub rule: String,
    pub kind: StepKind,
    pub title: L10n,
    /// Who would see to it.
    pub owner: FunctionId,
}

/// How an ask stands.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize, Debug, schemars::JsonSchema)]
#[serde(tag = "state", rename_all = "snake_case")]
pub enum AskView {
    /// No answer is wanted.
    NotAsked,
    /// Waited for.
    Waiting,
    /// Somebody who holds the duty answered.
    Answered {
        /// Itself, or a deputy.
        by: FunctionId,
        /// When, as claimed.
        at: At,
        /// `reply`, `link`, `console`, `phone`.
        via: String,
        /// Who noted a call.
        noted_by: Option<FunctionId>,
    },
    /// Nobody left to ask: a standing alarm.
    NotReached { at: At },
    /// Closed without an answer.
    Closed {
        /// `superseded`, `newer_answer`, `stopped`, `all_clear`, `merged`, `shift_change`, `drill_stopped`.
        by: String,
        /// The number that did it, if one did.
        number: Option<String>,
        at: At,
    },
}

/// How far a text came at one duty point.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize, Debug, schemars::JsonSchema)]
pub struct CellView {
    pub channel: Channel,
    pub gateway: GatewayId,
    /// Whose duty point it is: the function that was asked.
    pub of: FunctionId,
    /// In which language.
    pub lang: Lang,
    pub state: DeliveryState,
    /// Accepted so many seconds after the release, when that is where it stands.
    pub handed_over_s: Option<u32>,
    /// Delivered so many seconds after the release.
    pub delivered_s: Option<u32>,
    /// When the state last changed.
    pub changed: At,
    /// A reminder of it went out too.
    pub reminded: bool,
    /// It may have arrived twice: an earlier try had an unknown outcome.
    pub repeat: bool,
    /// The holding text went instead, since nobody read that language (RULES A7).
    pub other_text: bool,
    /// Why it did not come further, in the gateway's words.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub cause: Option<String>,
}

/// What happens next to an ask, and why.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize, Debug, schemars::JsonSchema)]
#[serde(tag = "next", rename_all = "snake_case")]
pub enum NextStep {
    /// Nothing: somebody has it.
    Answered,
    /// Nothing: no answer is wanted.
    NotWanted,
    /// Nothing: it was closed.
    Closed,
    /// Silence escalates to nobody (`answer: wanted`).
    SilenceIsEnough,
    /// Reminded at half time.
    Remind { at: At },
    /// Somebody else is asked.
    Ask { who: FunctionId, at: At },
    /// Nobody is left: it becomes a standing alarm.
    Alarm { at: At },
    /// It is a standing alarm: people call.
    Call,
}

/// A text with its number.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize, Debug, schemars::JsonSchema)]
pub struct MessageView {
    /// `14-2`.
    pub number: MessageNo,
    /// `alert`, `mode`, `update`, `correction`, `stopped`, `restored`, `all_clear`, `holding`, `redirection`,
    /// `redirection_over`.
    pub kind: String,
    /// What it corrects or ends.
    pub of: Option<MessageNo>,
    pub audience: Audience,
    pub texts: BTreeMap<Lang, TextView>,
    /// The earlier number that it replaced before release.
    pub replaces: Option<MessageNo>,
    /// First released.
    pub released_at: Option<At>,
    /// By whose word.
    pub released_by: Option<ReleasedView>,
    /// It no longer holds.
    pub stopped: bool,
    /// The public page was read back: equal or not.
    pub page_equal: Option<bool>,
}

/// A text in one language.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize, Debug, schemars::JsonSchema)]
pub struct TextView {
    /// The canonical text.
    pub text: String,
    pub fingerprint: Fingerprint,
    /// Somebody read it in this language, or nothing in it was typed by hand.
    pub reviewed: bool,
}

/// By whose word a text went out.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize, Debug, schemars::JsonSchema)]
#[serde(tag = "by", content = "function", rename_all = "snake_case")]
pub enum ReleasedView {
    /// The playbook asks for no approval, or care gets it at once.
    Playbook,
    /// It was approved.
    Approval(FunctionId),
    /// The time was up.
    Deadline,
    /// Break-glass.
    BreakGlass(FunctionId),
}

/// One group of receivers.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize, Debug, schemars::JsonSchema)]
pub struct EntryView {
    pub id: u32,
    /// `row`, `dependents`, `followers`, `holding`.
    pub source: String,
    pub audience: Audience,
    pub to: Vec<FunctionId>,
    /// The public page.
    pub public: bool,
    pub channels: Vec<Channel>,
    /// Whether an answer is wanted.
    pub answer: AnswerRule,
    /// The message that it waits with or was released with.
    pub message: MessageNo,
    /// How far it is.
    pub state: EntryStateView,
}

/// How far an entry is.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize, Debug, schemars::JsonSchema)]
#[serde(tag = "state", rename_all = "snake_case")]
pub enum EntryStateView {
    /// Being carried out.
    Ready,
    /// It waits for approval.
    Waiting {
        /// How the approval stands.
        approval: ApprovalState,
    },
    /// It waits for the morning.
    Quiet { until: At },
    /// It went out.
    Released {
        at: At,
        /// By whose word.
        word: ReleasedView,
    },
    /// It never will: `stopped`, `closed`, `drill_stopped`, `told`.
    Dropped { why: String },
}

/// An approval that waits. Its code is not here, nor anywhere but with the approver.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize, Debug, schemars::JsonSchema)]
pub struct ApprovalState {
    /// Who was asked, in order; the last is the one whose time runs.
    pub asked: Vec<FunctionId>,
    /// When the last of them was asked.
    pub asked_at: At,
    /// The time is up then.
    pub due: At,
    pub then: Then,
    /// What when the last of the chain is silent.
    pub finally: Then,
    /// More time was given.
    pub extended: bool,
    /// The request reached the approver's device.
    pub delivered: bool,
    /// The chain ended: a standing alarm, asked again at `due`.
    pub held: bool,
    /// It was rejected and has no replacement yet.
    pub rejected: bool,
    /// Too many wrong codes: SMS is blocked.
    pub blocked: bool,
}

/// A mode to decide.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize, Debug, schemars::JsonSchema)]
pub struct ProposalView {
    pub id: u32,
    pub mode: RungView,
    pub sites: Vec<SiteId>,
    /// Whether it lowers the mode.
    pub lower: bool,
    /// Who was asked, in order.
    pub asked: Vec<FunctionId>,
    pub due: At,
    pub state: ProposalStateView,
}

/// How a proposal stands.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize, Debug, schemars::JsonSchema)]
#[serde(tag = "state", rename_all = "snake_case")]
pub enum ProposalStateView {
    /// Waited for.
    Asked,
    Accepted {
        by: FunctionId,
        at: At,
    },
    /// No; asked again then.
    Declined {
        by: FunctionId,
        /// When it is asked again.
        again: At,
    },
    /// No longer needed.
    Moot,
}

/// What people must walk.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize, Debug, schemars::JsonSchema)]
pub struct ErrandView {
    pub id: u32,
    pub owner: FunctionId,
    pub functions: Vec<FunctionId>,
    pub message: MessageNo,
    /// Why no channel could.
    pub why: String,
    /// When it was walked.
    pub done_at: Option<At>,
    pub done_by: Option<FunctionId>,
}

/// A note, without its text.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize, Debug, schemars::JsonSchema)]
pub struct NoteView {
    pub id: u32,
    pub to: FunctionId,
    pub word: NoteWord,
    pub at: At,
    /// The furthest that any of its deliveries came.
    pub state: Option<DeliveryState>,
}

/// A path that could not carry a text whole.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize, Debug, schemars::JsonSchema)]
pub struct DroppedView {
    pub message: MessageNo,
    /// Whose duty point.
    pub function: FunctionId,
    pub channel: Channel,
    pub why: DoesNotFit,
    /// What it goes over instead; empty: the switchboard reads it out.
    pub instead: Vec<Channel>,
}
