//! What happened. Events are what the journal keeps; a published one never changes (DESIGN §5), so new fields need a new
//! version and an upcaster. They hold IDs and texts, never an address; free notes and codes are [`Private`].

use std::collections::BTreeMap;
use std::fmt;
use std::sync::Arc;

use serde::Serialize;

use super::actor::Actor;
use super::addresses::AddressKey;
use super::after::AfterChange;
use super::codes::CodeFor;
use super::facts::Facts;
use super::values::Standing;
use super::values::{
    Approval, ClosedBy, Draft, Dropped, Item, Kind, NewStep, PendingReport, Phase, ReleasedBy, Send, Source, StepAsk,
    StepEnd, Via,
};
use crate::domain::delivery::{Cause, DeliveryState};
use crate::domain::drills::{Drill, DrillEnd, Fate, Figures};
use crate::domain::ids::{
    DrillId, FunctionId, FunctionIx, GatewayId, IncidentNo, InfraId, PlaybookId, PointIx, SiteId,
};
use crate::domain::ladder::{LevelIx, ModeIx, Propose};
use crate::domain::lang::Lang;
use crate::domain::plan::{AnswerRule, ApprovalRule, Audience, Channel, DeputyRule};
use crate::domain::private::Private;
use crate::domain::time::At;
use crate::domain::words::NoteWord;

/// What leaves together: one plan record, not a row per delivery. Ordinals follow on from the incident's last.
#[derive(Clone, PartialEq, Eq, Serialize, Debug)]
pub struct Batch {
    pub item: Item,
    /// Flags of [`super::state::Delivery`].
    pub flags: u8,
    /// Ordinal of the first.
    pub first: u32,
    pub sends: Arc<Vec<Send>>,
    /// What stands after the text of each of them.
    pub trailers: BatchTrailers,
}

/// What stands around the texts of a batch, each once: what stands before a text is the first line. It is chosen when the batch is
/// planned, and sent as it stands here.
#[derive(Clone, PartialEq, Eq, Serialize, Debug, Default)]
pub struct BatchTrailers {
    /// The trailers.
    pub texts: Vec<Arc<str>>,
    /// For each send the place of its trailer among them, counted from 1; 0: it has none. Empty: no send has one.
    pub of: Vec<u32>,
}

/// A text that was rendered or typed.
#[derive(Clone, PartialEq, Eq, Serialize, Debug)]
pub struct NewMessage {
    /// Its place in the incident: `14-2` is 2.
    pub seq: u32,
    pub kind: Kind,
    pub audience: Audience,
    pub texts: BTreeMap<Lang, Draft>,
    /// The earlier number that it replaces before release, if any.
    pub replaces: Option<u32>,
}

/// One group of receivers with its channels and its approval.
#[derive(Clone, PartialEq, Eq, Serialize, Debug)]
pub struct NewEntry {
    /// Its place in the incident's list.
    pub id: u32,
    /// Where it comes from.
    pub source: Source,
    pub audience: Audience,
    pub to: Vec<FunctionIx>,
    /// The public page.
    pub public: bool,
    pub channels: Vec<Channel>,
    /// Whether an answer is wanted.
    pub answer: AnswerRule,
    /// May shorten the answer times, in seconds.
    pub answer_within_s: Option<u32>,
    /// When deputies are asked.
    pub deputies: DeputyRule,
    /// Who must approve.
    pub rule: Option<ApprovalRule>,
    /// The message that it waits with.
    pub message: u32,
}

/// Who answered is to be there by then.
#[derive(Clone, Copy, PartialEq, Eq, Serialize, Debug)]
pub struct NewArrival {
    /// Which ask was answered.
    pub ask: u32,
    pub due: At,
}

/// Which positions of the plan before are which of the plan from now on.
#[derive(Clone, PartialEq, Eq, Serialize, Debug, Default)]
pub struct Renumbering {
    /// Functions that the incident uses.
    pub functions: Vec<(FunctionIx, FunctionIx)>,
    /// Duty points that it uses.
    pub points: Vec<(PointIx, PointIx)>,
    /// Gateways that it used, within each point.
    pub gateways: Vec<MovedGateway>,
}

/// A gateway's place in the list of a point, before and from now on.
#[derive(Clone, Copy, PartialEq, Eq, Serialize, Debug)]
pub struct MovedGateway {
    /// The point, as it was numbered before.
    pub point: PointIx,
    /// The place before.
    pub from: u8,
    /// Its place from now on.
    pub to: u8,
}

/// A path that a text can't take (RULES A5).
#[derive(Clone, PartialEq, Eq, Serialize, Debug)]
pub struct DroppedPath {
    pub point: PointIx,
    pub why: String,
}

/// An answer that is waited for from now on.
#[derive(Clone, PartialEq, Eq, Serialize, Debug)]
pub struct NewAsk {
    pub function: FunctionIx,
    /// Who is asked at once.
    pub asked: Vec<FunctionIx>,
    /// How many of its chain are used by that.
    pub stage: u32,
    pub due: At,
    /// When a reminder is sent.
    pub remind_at: Option<At>,
    /// Wanted or required.
    pub rule: AnswerRule,
    /// So many of those who are asked must answer.
    pub needs: u8,
    /// Who had answered before the shift changed.
    pub before_shift: Option<FunctionIx>,
}

/// How an approval ended.
#[derive(Clone, PartialEq, Eq, Serialize, Debug)]
pub enum ApprovalEnd {
    Released(ReleasedBy),
    /// Rejected: back to the chain, the deadline runs.
    Rejected {
        by: FunctionIx,
        reason: Private,
    },
}

/// What became of a delivery.
#[derive(Clone, PartialEq, Eq, Serialize, Debug)]
pub struct Outcome {
    pub ordinal: u32,
    /// How it stands now.
    pub state: DeliveryState,
    /// Why, when it did not go well.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub cause: Option<Cause>,
}

/// What happened to an incident.
#[derive(Clone, PartialEq, Serialize, Debug)]
pub enum Change {
    /// It was reported.
    Opened {
        /// Which plan: its hash. The plan itself lies beside the chain.
        plan: String,
        playbook: PlaybookId,
        /// Disruption level.
        level: LevelIx,
        sites: Vec<SiteId>,
        facts: Facts,
        /// Who reported.
        by: FunctionIx,
    },
    /// New facts.
    FactsSet {
        /// All of them.
        facts: Facts,
        /// Who said so; the program itself when none.
        by: Option<FunctionIx>,
        /// An update came: the beat starts anew.
        beat: Option<At>,
    },
    /// Another level or other sites (RULES D5).
    ScopeSet {
        level: LevelIx,
        sites: Vec<SiteId>,
        /// Who said so.
        by: Option<FunctionIx>,
    },
    /// Modes of sites, as this incident asks for them, or as was decided.
    ModeSet {
        sites: Vec<SiteId>,
        /// The mode.
        mode: ModeIx,
        /// Whose decision; the playbook's when none.
        by: Option<FunctionIx>,
        /// Why, where a reason is asked for.
        reason: Private,
        /// A decision to lower.
        lower: bool,
    },
    /// A text was rendered or typed.
    Drafted { message: NewMessage },
    /// Somebody read a language that was edited or left behind by an edit (RULES A7).
    Reviewed { message: u32, lang: Lang, by: FunctionIx },
    /// Receivers of a message.
    EntryAdded { entry: NewEntry },
    /// An entry that waited goes on with another message (RULES B2, B4).
    EntryMoved {
        entry: u32,
        /// With which message.
        message: u32,
    },
    /// Somebody is asked to approve.
    ApprovalAsked {
        entry: u32,
        /// How it stands now.
        approval: Approval,
    },
    /// An approval ended or went back.
    ApprovalEnded { entry: u32, end: ApprovalEnd },
    /// Break-glass or release with a reason.
    ReasonGiven { entry: u32, by: FunctionIx, reason: Private },
    /// One who is asked got a code of its own (RULES C16).
    CodeGiven { of: CodeFor, id: u32, to: FunctionIx, code: Private },
    /// A wrong code came; written until format 5, when all who were asked had one code.
    WrongCode {
        /// Which entries were guessed at.
        entries: Vec<u32>,
        /// SMS is blocked from now on.
        blocked: bool,
    },
    /// An entry waits for the morning.
    Quieted { entry: u32, until: At },
    /// An entry went out: the plan record.
    Released {
        entry: u32,
        /// By whose word.
        by: ReleasedBy,
        /// What leaves; more than one batch when a language is replaced by its holding text.
        batches: Vec<Batch>,
        /// Who is asked.
        asks: Vec<NewAsk>,
        /// Paths that can't carry it.
        dropped: Vec<DroppedPath>,
        /// Deputies and holders who get it, besides the functions of the entry.
        also: Vec<FunctionIx>,
    },
    /// An entry never goes out.
    EntryDropped { entry: u32, why: Dropped },
    /// A note leaves.
    NoteSent { id: u32, to: FunctionIx, word: NoteWord, text: Private, batch: Batch },
    /// What gateways told, packed.
    Results { results: Vec<Outcome> },
    /// A gateway failed for good; the next one of the channel takes over.
    Rerouted {
        /// The delivery that ended.
        from: u32,
        /// What leaves instead.
        batch: Batch,
    },
    /// Waiting deliveries were called back.
    Withdrawn { ordinals: Vec<u32> },
    /// Somebody answered.
    Answered {
        /// Which asks, by their place.
        asks: Vec<u32>,
        by: FunctionIx,
        /// When, as claimed.
        at: At,
        via: Via,
        /// Who is to come from now on.
        arrivals: Vec<NewArrival>,
    },
    /// An answer was taken back (RULES C6).
    Unanswered {
        ask: u32,
        /// The function that says so.
        by: FunctionIx,
        reason: Private,
        /// It runs again until.
        due: At,
    },
    /// A missed deadline, or a no: somebody else is asked.
    Escalated {
        ask: u32,
        /// Who is asked beside.
        to: Vec<FunctionIx>,
        /// How many of the chain are used now.
        stage: u32,
        due: At,
        batch: Batch,
    },
    /// Who is asked with these is told so later: its points were told of others a moment ago (RULES C12).
    Untold { who: FunctionIx, asks: Vec<u32>, at: At },
    /// It is told now.
    Told { who: FunctionIx, asks: Vec<u32>, batch: Batch },
    /// The standing alarm named these (RULES C9, C12).
    AlarmNamed { asks: Vec<u32> },
    /// Half of the time is gone.
    Reminded { asks: Vec<u32>, batch: Batch },
    /// Nobody is left to ask: a standing alarm.
    NotReached { asks: Vec<u32> },
    /// Asks end without an answer.
    AsksClosed { asks: Vec<u32>, by: ClosedBy },
    /// The function is asked anew (RULES C11), or for a message that was delivered before.
    AskedAgain { message: u32, entry: u32, asks: Vec<NewAsk>, batch: Batch },
    /// A mode must be decided.
    Proposed {
        /// To which mode.
        mode: ModeIx,
        sites: Vec<SiteId>,
        /// Whether it lowers the mode.
        lower: bool,
        /// Who is asked.
        asked: Vec<FunctionIx>,
        /// Each has that long, in seconds.
        within_s: u32,
        due: At,
        /// The code for an answer.
        code: Private,
        /// What comes after it.
        next: Vec<Propose>,
    },
    /// It is asked again, or of somebody beside.
    ProposedAgain {
        proposal: u32,
        /// Who is asked beside.
        to: Option<FunctionIx>,
        due: At,
    },
    /// The step after it is asked.
    NextProposed {
        /// The proposal before it.
        proposal: u32,
    },
    Decided {
        proposal: u32,
        /// Yes or no.
        yes: bool,
        by: FunctionIx,
        reason: Private,
        /// Asked again then, after a no.
        again: At,
    },
    /// No longer asked.
    ProposalMoot { proposal: u32 },
    /// It was told that an update is overdue.
    OverdueTold {
        /// How often by now.
        count: u32,
    },
    /// It was told that the restoration did not come.
    RestoreMissed,
    /// A message no longer holds.
    Stopped { message: u32, by: FunctionIx, reason: Private },
    /// Another phase.
    PhaseSet {
        phase: Phase,
        by: Option<FunctionIx>,
        /// Why (override, relapse).
        reason: Private,
    },
    /// Data are complete (lesson 33).
    DataConfirmed {
        /// Who says so.
        by: FunctionIx,
    },
    /// It goes on under another number.
    Merged { into: IncidentNo, by: FunctionIx },
    /// People must walk.
    ErrandAdded { owner: FunctionIx, functions: Vec<FunctionIx>, message: u32, why: String },
    /// An errand was walked.
    ErrandDone { errand: u32, by: FunctionIx },
    /// The public page was read back and is equal, or is not.
    PageChecked { message: u32, equal: bool },
    /// It goes on with another plan.
    Adopted {
        plan: String,
        by: FunctionIx,
        /// What it uses, under its positions there.
        moved: Renumbering,
    },
    /// Out of memory; a summary stays.
    Archived,
    /// A step begins.
    StepOpened { step: NewStep },
    /// Somebody was asked or told, or a reminder went out; the step is looked at again.
    StepTold {
        step: u32,
        /// Who is asked from now on, beside those before.
        asked: Vec<StepAsk>,
        /// The notes that said it.
        notes: Vec<u32>,
        /// How often it was told that it is late, by now.
        late: u32,
        /// When it is looked at again.
        next_check: At,
    },
    /// A conference is called: a new round with a code of its own.
    StepRound {
        step: u32,
        /// When it begins.
        at: At,
        /// The code for answers by SMS.
        code: Private,
        /// Who is called.
        called: Vec<StepAsk>,
        /// The notes that call them.
        notes: Vec<u32>,
        /// When it is looked at again.
        next_check: At,
    },
    /// Its owner was told who is missing; the next round comes then.
    StepRolled {
        step: u32,
        /// The next round.
        due: At,
        /// When it is looked at again.
        next_check: At,
    },
    /// Somebody has it, has read it, attends; or does not.
    StepAnswered {
        step: u32,
        functions: Vec<FunctionIx>,
        by: FunctionIx,
        yes: bool,
        /// When, as claimed.
        at: At,
        via: Via,
    },
    /// An intervention began: everybody was reached, nobody stopped it.
    StepBegun {
        step: u32,
        /// When it is looked at again.
        next_check: At,
    },
    /// Its time was moved.
    StepMoved {
        step: u32,
        /// The new deadline, beginning, or end.
        due: At,
        /// When it is looked at again.
        next_check: At,
        by: FunctionIx,
        reason: Private,
    },
    /// It ended.
    StepEnded {
        step: u32,
        end: StepEnd,
        /// By whom; time when none.
        by: Option<FunctionIx>,
        /// The reference, or the reason.
        words: Private,
    },
    /// Who answered is there.
    Arrived {
        functions: Vec<FunctionIx>,
        by: FunctionIx,
        /// When, as claimed.
        at: At,
        /// How it was said.
        via: Via,
    },
    /// Who answered was not there in time.
    ArrivalMissed { functions: Vec<FunctionIx> },
    /// Infrastructure that is down with it, as people named it: all of it (RULES D14).
    DownNamed { infra: Vec<InfraId>, by: FunctionIx },
    /// Who stood behind what was decided just now (RULES H3).
    Acted {
        /// For which function; `None`: for those of the address that was asked.
        by: Option<FunctionIx>,
        who: Actor,
        /// Texts tell of it: it was reported, or there is news.
        told: bool,
    },
    /// It is a drill that was ordered as such (RULES D18).
    DrillSet { drill: Drill },
    /// The drill is over; its phase follows (RULES D16).
    DrillOver { end: DrillEnd, by: Option<FunctionIx>, figures: Figures },
    /// A tabletop was told more: which of its injects, counted from 0.
    InjectGiven { inject: u32 },
}

/// What happened.
#[derive(Clone, PartialEq, Serialize, Debug)]
pub enum Event {
    /// To an incident.
    Incident { no: IncidentNo, change: Box<Change> },
    /// A configuration is in force for new incidents.
    PlanSet { plan: String },
    /// These are the addresses of that plan's points from now on, by keyed marks (RULES G8).
    AddressesKnown { plan: String, keys: Vec<AddressKey> },
    /// What was sent to that address was answered from it.
    AddressAnswered { key: AddressKey },
    /// A report waits for its code.
    ReportPending { code: Private, report: PendingReport },
    /// It was started, or its time is up.
    ReportGone {
        code: Private,
        /// What it started.
        started: Option<IncidentNo>,
    },
    /// So many wrong codes in a row came from the addresses of a function; 0: a right one came (RULES C16).
    CodeTried { function: FunctionId, count: u32, until: Option<At> },
    /// What looks like an answer came from nobody known (RULES C15); what it named.
    StrangerAnswered { incident: Option<IncidentNo> },
    /// Somebody without a duty address wrote (RULES E2: logged).
    StrangerWrote,
    /// So many notes in return in a row changed nothing at that point of the plan for new incidents; 0: it said something valid
    /// (RULES C13).
    InVain { point: PointIx, count: u32 },
    /// A command with an ID was carried out, or came again and was not (RULES D11).
    Carried {
        /// Of the duty and the key that the sender chose.
        key: [u8; 16],
        /// Of what was wanted.
        body: [u8; 8],
        /// The incident that it concerned.
        incident: Option<IncidentNo>,
        /// The newest message that it made.
        message: Option<u32>,
    },
    /// A note that belongs to no incident leaves.
    SystemNote {
        send: Send,
        /// The plan that the point belongs to.
        plan: String,
        word: NoteWord,
        text: Private,
    },
    /// What gateways told of such notes.
    SystemNoteResults { results: Vec<Outcome> },
    /// To a gateway, or to the program's own parts.
    Gateway { change: Box<GatewayChange> },
    /// A moment at which a drill was planned is used up: what became of it (RULES D17).
    DrillMoment { drill: DrillId, planned: At, fate: Fate },
    /// Functions were told that a drill will begin.
    DrillAnnounced { drill: DrillId, planned: At },
    /// Somebody wrote something after an incident or of one that goes on, or the program asked for it (RULES D20). The incident may have
    /// left memory: so who acts stands here.
    After {
        incident: IncidentNo,
        /// For which function; the program itself when none.
        by: Option<FunctionId>,
        who: Option<Actor>,
        change: Box<AfterChange>,
    },
}

impl Change {
    /// The private values, in a fixed order: the journal takes them out and puts them back.
    pub fn private_mut(&mut self) -> Vec<&mut Private> {
        match self {
            Change::ModeSet { reason, .. }
            | Change::ReasonGiven { reason, .. }
            | Change::Unanswered { reason, .. }
            | Change::Decided { reason, .. }
            | Change::Stopped { reason, .. }
            | Change::PhaseSet { reason, .. }
            | Change::ApprovalEnded { end: ApprovalEnd::Rejected { reason, .. }, .. } => vec![reason],
            Change::ApprovalAsked { approval, .. } => vec![&mut approval.code],
            Change::NoteSent { text, .. } => vec![text],
            Change::Proposed { code, .. } | Change::StepRound { code, .. } | Change::CodeGiven { code, .. } => {
                vec![code]
            }
            Change::StepOpened { step } => vec![&mut step.code],
            Change::Acted { who, .. } => vec![&mut who.0],
            Change::StepMoved { reason: words, .. } | Change::StepEnded { words, .. } => vec![words],
            _ => Vec::new(),
        }
    }

    /// The function whose doing it is; none where the program decided, or nothing says.
    pub fn doer(&self) -> Option<FunctionIx> {
        match self {
            Change::Opened { by, .. }
            | Change::Reviewed { by, .. }
            | Change::ApprovalEnded { end: ApprovalEnd::Rejected { by, .. }, .. }
            | Change::ReasonGiven { by, .. }
            | Change::Answered { by, .. }
            | Change::Unanswered { by, .. }
            | Change::Decided { by, .. }
            | Change::Stopped { by, .. }
            | Change::DataConfirmed { by }
            | Change::Merged { by, .. }
            | Change::ErrandDone { by, .. }
            | Change::Adopted { by, .. }
            | Change::StepAnswered { by, .. }
            | Change::StepMoved { by, .. }
            | Change::Arrived { by, .. }
            | Change::DownNamed { by, .. } => Some(*by),
            Change::FactsSet { by, .. }
            | Change::ScopeSet { by, .. }
            | Change::ModeSet { by, .. }
            | Change::PhaseSet { by, .. }
            | Change::DrillOver { by, .. }
            | Change::StepEnded { by, .. } => *by,
            Change::ApprovalEnded { end: ApprovalEnd::Released(by), .. } | Change::Released { by, .. } => match by {
                ReleasedBy::Approval(by) | ReleasedBy::BreakGlass(by) => Some(*by),
                ReleasedBy::Playbook | ReleasedBy::Deadline => None,
            },
            _ => None,
        }
    }

    /// Texts tell of it: what happened, where, and how it stands.
    pub fn is_news(&self) -> bool {
        let told = matches!(
            self,
            Change::Opened { .. }
                | Change::FactsSet { .. }
                | Change::ScopeSet { .. }
                | Change::PhaseSet { .. }
                | Change::Stopped { .. }
                | Change::DownNamed { .. }
        );
        told && self.doer().is_some()
    }

    /// What leaves because of it, to be completed.
    pub fn batches_mut(&mut self) -> &mut [Batch] {
        match self {
            Change::Released { batches, .. } => batches,
            Change::NoteSent { batch, .. }
            | Change::Rerouted { batch, .. }
            | Change::Escalated { batch, .. }
            | Change::Told { batch, .. }
            | Change::Reminded { batch, .. }
            | Change::AskedAgain { batch, .. } => std::slice::from_mut(batch),
            _ => &mut [],
        }
    }

    /// What leaves because of it.
    pub fn batches(&self) -> &[Batch] {
        match self {
            Change::Released { batches, .. } => batches,
            Change::NoteSent { batch, .. }
            | Change::Rerouted { batch, .. }
            | Change::Escalated { batch, .. }
            | Change::Told { batch, .. }
            | Change::Reminded { batch, .. }
            | Change::AskedAgain { batch, .. } => std::slice::from_ref(batch),
            _ => &[],
        }
    }

    /// Its name in the log.
    pub fn name(&self) -> &'static str {
        match self {
            Change::Opened { .. } => "opened",
            Change::FactsSet { .. } => "facts",
            Change::ScopeSet { .. } => "level-and-sites",
            Change::ModeSet { .. } => "mode",
            Change::Drafted { .. } => "drafted",
            Change::Reviewed { .. } => "reviewed",
            Change::EntryAdded { .. } => "entry",
            Change::EntryMoved { .. } => "entry-moved",
            Change::ApprovalAsked { .. } => "approval-asked",
            Change::ApprovalEnded { .. } => "approval-ended",
            Change::ReasonGiven { .. } => "reason",
            Change::WrongCode { .. } => "wrong-code",
            Change::CodeGiven { .. } => "code-given",
            Change::Quieted { .. } => "quiet-until",
            Change::Released { .. } => "released",
            Change::EntryDropped { .. } => "entry-dropped",
            Change::NoteSent { .. } => "note",
            Change::Results { .. } => "results",
            Change::Rerouted { .. } => "rerouted",
            Change::Withdrawn { .. } => "withdrawn",
            Change::Answered { .. } => "answered",
            Change::Unanswered { .. } => "answer-taken-back",
            Change::Escalated { .. } => "escalated",
            Change::Untold { .. } => "told-later",
            Change::Told { .. } => "told",
            Change::AlarmNamed { .. } => "alarm-named",
            Change::Reminded { .. } => "reminded",
            Change::NotReached { .. } => "not-reached",
            Change::AsksClosed { .. } => "asks-closed",
            Change::AskedAgain { .. } => "asked-again",
            Change::Proposed { .. } => "proposed",
            Change::ProposedAgain { .. } => "proposed-again",
            Change::NextProposed { .. } => "next-proposed",
            Change::Decided { .. } => "decided",
            Change::ProposalMoot { .. } => "proposal-moot",
            Change::OverdueTold { .. } => "update-overdue",
            Change::RestoreMissed => "restoration-missed",
            Change::Stopped { .. } => "stopped",
            Change::PhaseSet { .. } => "phase",
            Change::DataConfirmed { .. } => "data-confirmed",
            Change::Merged { .. } => "merged",
            Change::ErrandAdded { .. } => "errand",
            Change::ErrandDone { .. } => "errand-done",
            Change::PageChecked { .. } => "page-checked",
            Change::Adopted { .. } => "adopted",
            Change::Archived => "archived",
            Change::StepOpened { .. } => "step",
            Change::StepTold { .. } => "step-told",
            Change::StepRound { .. } => "conference-called",
            Change::StepRolled { .. } => "conference-rolled",
            Change::StepAnswered { .. } => "step-answered",
            Change::StepBegun { .. } => "step-begun",
            Change::StepMoved { .. } => "step-moved",
            Change::StepEnded { .. } => "step-ended",
            Change::Arrived { .. } => "arrived",
            Change::ArrivalMissed { .. } => "arrival-missed",
            Change::DownNamed { .. } => "down-named",
            Change::Acted { .. } => "acted",
            Change::DrillSet { .. } => "drill",
            Change::DrillOver { .. } => "drill-over",
            Change::InjectGiven { .. } => "inject",
        }
    }
}

impl Event {
    /// The private values, in a fixed order.
    pub fn private_mut(&mut self) -> Vec<&mut Private> {
        match self {
            Event::Incident { change, .. } => change.private_mut(),
            Event::ReportPending { code, .. } | Event::ReportGone { code, .. } => vec![code],
            Event::SystemNote { text, .. } => vec![text],
            Event::Gateway { change } => change.private_mut(),
            Event::After { who, change, .. } => {
                change.private_mut().into_iter().chain(who.iter_mut().map(|who| &mut who.0)).collect()
            }
            Event::PlanSet { .. }
            | Event::AddressesKnown { .. }
            | Event::AddressAnswered { .. }
            | Event::StrangerWrote
            | Event::StrangerAnswered { .. }
            | Event::CodeTried { .. }
            | Event::InVain { .. }
            | Event::Carried { .. }
            | Event::DrillMoment { .. }
            | Event::DrillAnnounced { .. }
            | Event::SystemNoteResults { .. } => Vec::new(),
        }
    }
    /// Its name in the log.
    pub fn name(&self) -> &'static str {
        match self {
            Event::Incident { change, .. } => change.name(),
            Event::PlanSet { .. } => "plan",
            Event::AddressesKnown { .. } => "addresses",
            Event::AddressAnswered { .. } => "address-answered",
            Event::ReportPending { .. } => "report-pending",
            Event::ReportGone { .. } => "report-gone",
            Event::StrangerWrote => "stranger",
            Event::StrangerAnswered { .. } => "stranger-answered",
            Event::CodeTried { .. } => "code-tried",
            Event::InVain { .. } => "answered-in-vain",
            Event::Carried { .. } => "command",
            Event::SystemNote { .. } => "system-note",
            Event::SystemNoteResults { .. } => "system-note-results",
            Event::Gateway { change } => change.name(),
            Event::DrillMoment { .. } => "drill-moment",
            Event::DrillAnnounced { .. } => "drill-announced",
            Event::After { change, .. } => change.name(),
        }
    }
    /// The incident that it belongs to, if any.
    pub fn incident(&self) -> Option<IncidentNo> {
        match self {
            Event::Incident { no, .. } | Event::After { incident: no, .. } => Some(*no),
            _ => None,
        }
    }
}

/// What a command made, by its events: in which incident, and its newest text there. One that came again made what it made the first
/// time.
pub fn made(events: &[Event]) -> (Option<IncidentNo>, Option<u32>) {
    if let Some(Event::Carried { incident, message, .. }) = events.last() {
        return (*incident, *message);
    }
    let incident = events.iter().find_map(Event::incident);
    let drafts = events.iter().filter_map(|event| match event {
        Event::Incident { no, change } if Some(*no) == incident => match &**change {
            Change::Drafted { message } => Some(message.seq),
            _ => None,
        },
        _ => None,
    });
    (incident, drafts.max())
}

/// The playbook of the incident that these open.
pub fn opened(events: &[Event]) -> Option<&PlaybookId> {
    events.iter().find_map(|event| match event {
        Event::Incident { change, .. } => match &**change {
            Change::Opened { playbook, .. } => Some(playbook),
            _ => None,
        },
        _ => None,
    })
}

/// What happened to a gateway.
#[derive(Clone, PartialEq, Eq, Serialize, Debug)]
pub enum GatewayChange {
    /// A marked test note leaves over one gateway. It takes the program itself's next ordinal.
    TestSent {
        /// Where to, in the plan for new incidents.
        send: Send,
        /// The plan's hash.
        plan: String,
        gateway: GatewayId,
        function: FunctionId,
        /// Who wanted it.
        by: FunctionId,
        /// The code that an answer names.
        code: Private,
        text: Private,
    },
    /// Somebody answered a test.
    TestAnswered {
        /// Which: the program itself's ordinal.
        ordinal: u32,
    },
    /// Somebody was told that parts of the program are not well.
    AlarmTold {
        /// Which alarms, by their names.
        alarms: Vec<String>,
    },
    /// It stands otherwise from now on (RULES G1).
    Stands {
        gateway: GatewayId,
        standing: Standing,
        /// What was said of it.
        why: Option<Cause>,
    },
    /// Somebody took it out by hand (RULES G6).
    TakenOut { gateway: GatewayId, by: FunctionId, reason: Private },
    /// It may be used again.
    PutBack { gateway: GatewayId, by: FunctionId, reason: Private },
}

impl GatewayChange {
    /// Its name in the log.
    pub fn name(&self) -> &'static str {
        match self {
            Self::TestSent { .. } => "gateway-test",
            Self::TestAnswered { .. } => "gateway-test-answered",
            Self::AlarmTold { .. } => "alarm-told",
            Self::Stands { .. } => "gateway-stands",
            Self::TakenOut { .. } => "gateway-out",
            Self::PutBack { .. } => "gateway-in",
        }
    }
    /// The private values, in a fixed order.
    pub fn private_mut(&mut self) -> Vec<&mut Private> {
        match self {
            Self::TestSent { code, text, .. } => vec![code, text],
            Self::TakenOut { reason, .. } | Self::PutBack { reason, .. } => vec![reason],
            Self::TestAnswered { .. } | Self::AlarmTold { .. } | Self::Stands { .. } => Vec::new(),
        }
    }
}

/// An event that does not fit the state: a damaged or foreign journal.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct ApplyError(pub String);
impl fmt::Display for ApplyError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "an event does not fit what came before: {}", self.0)
    }
}
impl std::error::Error for ApplyError {}
