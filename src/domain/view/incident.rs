//! One incident: who has it, on what it hangs, what was said, and what waits.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use serde::{Deserialize, Serialize};

use super::steps::{self, ArrivalView, StepStateView, StepView};
use super::{SummaryView, id, ids, mode_rung, summary};
use crate::domain::delivery::DeliveryState;
use crate::domain::ids::{FunctionId, Fx, GatewayId, IncidentNo, MessageNo, Px, RoutineId, SiteId};
use crate::domain::incident::asks::{Trailers, next_to_ask, outgoing};
use crate::domain::incident::facts::{Restore, Safety};
use crate::domain::incident::state::{
    Approval, Ask, AskState, ClosedBy, Delivery, Dropped, Entry, EntryState, Incident, Item, Kind, Phase,
    ProposalState, ReleasedBy, Source, State, Via,
};
use crate::domain::lang::{L10n, Lang};
use crate::domain::plan::{AnswerRule, Audience, Channel, Plan, Then};
use crate::domain::step::StepKind;
use crate::domain::text::{CannotCarry, Fingerprint, carry};
use crate::domain::time::At;
use crate::domain::words::NoteWord;

use super::RungView;

/// One incident.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize, Debug)]
pub struct IncidentView {
    /// As of.
    pub now: At,
    /// On one line.
    pub summary: SummaryView,
    /// What is known.
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
    pub tasks: Vec<TaskView>,
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
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize, Debug)]
pub struct FactsView {
    /// What happened.
    pub what: L10n,
    /// Who is affected.
    pub scope: L10n,
    /// Routines to use now.
    pub routines: Vec<RoutineId>,
    /// Since when.
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
}

/// One function: what it was told, and whether it has it.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize, Debug)]
pub struct RowView {
    /// Which.
    pub function: FunctionId,
    /// What it is called.
    pub title: L10n,
    /// Where.
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
    /// How it stands.
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
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize, Debug)]
pub struct PreparedView {
    /// Its name there.
    pub rule: String,
    /// What kind.
    pub kind: StepKind,
    /// What it says.
    pub title: L10n,
    /// Who would see to it.
    pub owner: FunctionId,
}

/// How an ask stands.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize, Debug)]
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
    NotReached {
        /// Since.
        at: At,
    },
    /// Closed without an answer.
    Closed {
        /// `superseded`, `newer_answer`, `stopped`, `all_clear`, `merged`, `shift_change`, `drill_stopped`.
        by: String,
        /// The number that did it, if one did.
        number: Option<String>,
        /// When.
        at: At,
    },
}

/// How far a text came at one duty point.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize, Debug)]
pub struct CellView {
    /// Over what.
    pub channel: Channel,
    /// Over which gateway.
    pub gateway: GatewayId,
    /// Whose duty point: who was asked.
    pub of: FunctionId,
    /// In which language.
    pub lang: Lang,
    /// How it stands.
    pub state: DeliveryState,
    /// Accepted so many seconds after the release, when that is where it stands.
    pub accepted_s: Option<u32>,
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
}

/// What happens next to an ask, and why.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize, Debug)]
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
    Remind {
        /// When.
        at: At,
    },
    /// Somebody else is asked.
    Ask {
        /// Who.
        who: FunctionId,
        /// When.
        at: At,
    },
    /// Nobody is left: it becomes a standing alarm.
    Alarm {
        /// When.
        at: At,
    },
    /// It is a standing alarm: people call.
    Call,
}

/// A text with its number.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize, Debug)]
pub struct MessageView {
    /// `14-2`.
    pub number: MessageNo,
    /// `alert`, `mode`, `update`, `correction`, `stopped`, `restored`, `all_clear`, `holding`, `redirection`,
    /// `redirection_over`.
    pub kind: String,
    /// What it corrects or ends.
    pub of: Option<MessageNo>,
    /// For whom.
    pub audience: Audience,
    /// The texts.
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
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize, Debug)]
pub struct TextView {
    /// The canonical text.
    pub text: String,
    /// Its fingerprint.
    pub fingerprint: Fingerprint,
    /// Somebody read it in this language, or nothing in it was typed by hand.
    pub reviewed: bool,
}

/// By whose word a text went out.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize, Debug)]
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
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize, Debug)]
pub struct EntryView {
    /// Its place.
    pub id: u32,
    /// `row`, `dependents`, `followers`, `holding`.
    pub source: String,
    /// For whom.
    pub audience: Audience,
    /// The functions.
    pub to: Vec<FunctionId>,
    /// The public page.
    pub public: bool,
    /// Over what.
    pub channels: Vec<Channel>,
    /// Whether an answer is wanted.
    pub answer: AnswerRule,
    /// The message that it waits with or was released with.
    pub message: MessageNo,
    /// How far it is.
    pub state: EntryStateView,
}

/// How far an entry is.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize, Debug)]
#[serde(tag = "state", rename_all = "snake_case")]
pub enum EntryStateView {
    /// Being carried out.
    Ready,
    /// It waits for approval.
    Waiting {
        /// How that stands.
        approval: ApprovalState,
    },
    /// It waits for the morning.
    Quiet {
        /// Until.
        until: At,
    },
    /// It went out.
    Released {
        /// When.
        at: At,
        /// By whose word.
        word: ReleasedView,
    },
    /// It never will: `stopped`, `closed`, `drill_stopped`, `told`.
    Dropped {
        /// Why.
        why: String,
    },
}

/// An approval that waits. Its code is not here, nor anywhere but with the approver.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize, Debug)]
pub struct ApprovalState {
    /// Who was asked, in order; the last is the one whose time runs.
    pub asked: Vec<FunctionId>,
    /// When the last of them was asked.
    pub asked_at: At,
    /// The time is up then.
    pub due: At,
    /// What then.
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
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize, Debug)]
pub struct ProposalView {
    /// Its place.
    pub id: u32,
    /// To which mode.
    pub mode: RungView,
    /// Where.
    pub sites: Vec<SiteId>,
    /// It lowers.
    pub lower: bool,
    /// Who was asked, in order.
    pub asked: Vec<FunctionId>,
    /// Up then.
    pub due: At,
    /// How it stands.
    pub state: ProposalStateView,
}

/// How a proposal stands.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize, Debug)]
#[serde(tag = "state", rename_all = "snake_case")]
pub enum ProposalStateView {
    /// Waited for.
    Asked,
    /// Yes.
    Accepted {
        /// Whose.
        by: FunctionId,
        /// When.
        at: At,
    },
    /// No; asked again then.
    Declined {
        /// Whose.
        by: FunctionId,
        /// Asked again.
        again: At,
    },
    /// No longer needed.
    Moot,
}

/// What people must walk.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize, Debug)]
pub struct TaskView {
    /// Its place.
    pub id: u32,
    /// Who.
    pub owner: FunctionId,
    /// For whom.
    pub functions: Vec<FunctionId>,
    /// Which message.
    pub message: MessageNo,
    /// Why no channel could.
    pub why: String,
    /// Done then.
    pub done_at: Option<At>,
    /// By whom.
    pub done_by: Option<FunctionId>,
}

/// A note, without its text.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize, Debug)]
pub struct NoteView {
    /// Its place.
    pub id: u32,
    /// To whom.
    pub to: FunctionId,
    /// Which.
    pub word: NoteWord,
    /// When.
    pub at: At,
    /// The furthest that any of its deliveries came.
    pub state: Option<DeliveryState>,
}

/// A path that could not carry a text whole.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize, Debug)]
pub struct DroppedView {
    /// Which message.
    pub message: MessageNo,
    /// Whose duty point.
    pub function: FunctionId,
    /// Over what.
    pub channel: Channel,
    /// Why.
    pub why: CannotCarry,
    /// What it goes over instead; empty: the switchboard reads it out.
    pub instead: Vec<Channel>,
}

/// One incident, if it is in memory.
pub fn incident(state: &State, no: IncidentNo, now: At) -> Option<IncidentView> {
    let inc = state.incidents.get(&no)?;
    let plan = &inc.plan;
    let best = Best::of(inc);
    let told = addressed(inc);
    let f = &inc.facts;
    Some(IncidentView {
        now,
        summary: summary(state, inc, now),
        facts: FactsView {
            what: f.what.clone(),
            scope: f.scope.clone(),
            routines: f.routines.clone(),
            since: f.since,
            restore: f.restore,
            next: f.next,
            contact: f.contact.clone(),
            safety: f.safety,
            known: f.known.clone(),
            unknown: f.unknown.clone(),
        },
        data_confirmed: inc.data_confirmed.map(|f| id(plan, f)),
        rows: told.iter().map(|t| row(inc, t, &best, now)).collect(),
        messages: inc.messages.iter().map(|m| message(inc, m)).collect(),
        entries: inc.entries.iter().map(|e| entry(inc, e)).collect(),
        proposals: inc.proposals.iter().map(|p| proposal(inc, p)).collect(),
        tasks: inc
            .tasks
            .iter()
            .map(|t| TaskView {
                id: t.id,
                owner: id(plan, t.owner),
                functions: ids(plan, &t.functions),
                message: inc.number(t.message),
                why: t.why.clone(),
                done_at: t.done.map(|d| d.0),
                done_by: t.done.map(|d| id(plan, d.1)),
            })
            .collect(),
        steps: steps_of(inc, now),
        prepared: prepared(inc),
        notes: inc
            .notes
            .iter()
            .map(|n| NoteView {
                id: n.id,
                to: id(plan, n.to),
                word: n.word,
                at: n.at,
                state: best.notes.get(&n.id).copied(),
            })
            .collect(),
        dropped: dropped(inc, &told, &best),
    })
}

fn steps_of(inc: &Incident, now: At) -> Vec<StepView> {
    let mut all: Vec<StepView> = inc.steps.iter().map(|s| steps::step(inc, s, now)).collect();
    all.sort_by_key(|s| (matches!(s.state, StepStateView::Ended { .. }), s.due));
    all
}

fn prepared(inc: &Incident) -> Vec<PreparedView> {
    let begun = |rule: &str| inc.steps.iter().any(|s| s.new.rule == rule && s.is_open());
    let rules = inc.book().steps.iter().filter(|r| !r.at_once && r.level <= inc.level && !begun(&r.id));
    rules
        .map(|r| PreparedView {
            rule: r.id.clone(),
            kind: r.kind,
            title: r.title.clone(),
            owner: id(&inc.plan, r.owner),
        })
        .collect()
}

/// A function that was told something: with the newest entry that did, and the ask that counts.
pub(super) struct Told<'a> {
    pub function: Fx,
    pub entry: &'a Entry,
    pub released: At,
    pub ask: Option<&'a Ask>,
}

impl Told<'_> {
    /// Whose duty points got it.
    fn receivers(&self) -> Vec<Fx> {
        match self.ask {
            Some(ask) => ask.asked.clone(),
            None => vec![self.function],
        }
    }
    /// Which message its row is about.
    fn message(&self) -> u32 {
        self.ask.map_or(self.entry.message, |a| a.message)
    }
}

/// Every function that a released entry names, with the newest message that asks it, or else the newest it was told.
pub(super) fn addressed(inc: &Incident) -> Vec<Told<'_>> {
    let mut newest: BTreeMap<Fx, (&Entry, At)> = BTreeMap::new();
    for e in &inc.entries {
        let EntryState::Released { at, .. } = e.state else { continue };
        for f in &e.to {
            newest.insert(*f, (e, at));
        }
    }
    newest
        .into_iter()
        .map(|(function, (entry, released))| {
            let ask = inc.ask(function);
            let (entry, released) = ask
                .and_then(|a| inc.entry(a.entry))
                .and_then(|e| match e.state {
                    EntryState::Released { at, .. } => Some((e, at)),
                    _ => None,
                })
                .unwrap_or((entry, released));
            Told { function, entry, released, ask }
        })
        .collect()
}

/// The deliveries of an incident, found by what was sent to which point.
pub(super) struct Best {
    /// The first delivery over each gateway of a point, and the reminders after it.
    by_point: HashMap<(u32, Px), Vec<u32>>,
    notes: BTreeMap<u32, DeliveryState>,
}

/// How far a text came to anybody who was asked.
#[derive(Clone, Copy, Default)]
pub(super) struct Reached {
    pub accepted: bool,
    pub delivered: bool,
}

impl Best {
    pub(super) fn of(inc: &Incident) -> Self {
        let mut best = Best { by_point: HashMap::new(), notes: BTreeMap::new() };
        for (ordinal, d) in (0u32..).zip(&inc.deliveries) {
            match d.item() {
                Item::Message(m) => best.by_point.entry((m, d.point)).or_default().push(ordinal),
                Item::Note(n) => {
                    let seen = best.notes.entry(n).or_insert(d.state);
                    if rank(d.state) > rank(*seen) {
                        *seen = d.state;
                    }
                }
            }
        }
        best
    }

    fn deliveries<'a>(&'a self, inc: &'a Incident, message: u32, p: Px) -> impl Iterator<Item = &'a Delivery> {
        let all = self.by_point.get(&(message, p)).map_or(&[][..], Vec::as_slice);
        all.iter().filter_map(|o| inc.deliveries.get(*o as usize))
    }

    pub(super) fn of_function(&self, inc: &Incident, told: &Told<'_>) -> Reached {
        let mut reached = Reached::default();
        for f in told.receivers() {
            for p in &inc.plan.function(f).points {
                for d in self.deliveries(inc, told.message(), *p) {
                    reached.delivered |= d.state == DeliveryState::Delivered;
                    reached.accepted |= matches!(d.state, DeliveryState::Delivered | DeliveryState::Accepted);
                }
            }
        }
        reached
    }
}

/// How good a state is: the best of several is what a person is shown first.
fn rank(state: DeliveryState) -> u8 {
    match state {
        DeliveryState::Delivered => 7,
        DeliveryState::Accepted => 6,
        DeliveryState::Unknown => 5,
        DeliveryState::Attempting => 4,
        DeliveryState::Queued => 3,
        DeliveryState::Failed => 2,
        DeliveryState::Expired => 1,
        DeliveryState::Withdrawn => 0,
    }
}

fn row(inc: &Incident, told: &Told<'_>, best: &Best, now: At) -> RowView {
    let plan: &Plan = &inc.plan;
    let function = plan.function(told.function);
    let ask = told.ask;
    let mut cells = Vec::new();
    let mut seen = BTreeSet::new();
    for f in told.receivers() {
        for p in &plan.function(f).points {
            if seen.insert(*p) {
                cells.extend(cell(inc, told, best, f, *p));
            }
        }
    }
    cells.sort_by_key(|c| c.channel);
    RowView {
        function: function.id.clone(),
        title: function.title.clone(),
        site: function.site.clone(),
        message: inc.number(told.message()),
        entry: told.entry.id,
        asked: ask.map_or_else(Vec::new, |a| ids(plan, &a.asked)),
        current: ask.and_then(|a| a.asked.last()).map(|f| id(plan, *f)),
        answer: ask.map_or(told.entry.answer, |a| a.rule),
        state: ask.map_or(AskView::NotAsked, |a| ask_view(plan, inc, a)),
        needs: ask.map_or(1, |a| a.needs),
        answered: ask.map_or_else(Vec::new, |a| a.answers.iter().map(|g| id(plan, g.by)).collect()),
        arrival: inc.arrivals.get(&told.function).map(|a| steps::arrival(plan, a)),
        before_shift: ask.and_then(|a| a.before_shift).map(|f| id(plan, f)),
        deadline: ask.filter(|a| a.state == AskState::Waiting).map(|a| a.due),
        cells,
        next: next_step(inc, ask, now),
    }
}

/// The newest try at a point that is no reminder; reminders are told beside it.
fn cell(inc: &Incident, told: &Told<'_>, best: &Best, of: Fx, p: Px) -> Option<CellView> {
    let plan: &Plan = &inc.plan;
    let mut shown: Option<&Delivery> = None;
    let mut reminded = false;
    for d in best.deliveries(inc, told.message(), p) {
        if d.flags & Delivery::REMINDER != 0 {
            reminded = true;
        } else if shown.is_none_or(|s| rank(d.state) >= rank(s.state) || s.flags & Delivery::PASSED_ON != 0) {
            shown = Some(d);
        }
    }
    let d = shown?;
    let point = plan.point(p);
    let gateway = point.gateways.get(usize::from(d.gateway))?;
    let changed = inc.opened + d.changed_s;
    let after = changed.seconds_since(told.released);
    Some(CellView {
        channel: point.channel,
        gateway: plan.gateway(*gateway).id.clone(),
        of: id(plan, of),
        lang: plan.region.languages.get(usize::from(d.lang)).copied().unwrap_or(plan.lang()),
        state: d.state,
        accepted_s: (d.state == DeliveryState::Accepted).then_some(after),
        delivered_s: (d.state == DeliveryState::Delivered).then_some(after),
        changed,
        reminded,
        repeat: d.flags & Delivery::REPEAT != 0,
        other_text: d.flags & Delivery::OTHER_TEXT != 0,
    })
}

fn ask_view(plan: &Plan, inc: &Incident, ask: &Ask) -> AskView {
    match &ask.state {
        AskState::Waiting => AskView::Waiting,
        AskState::Answered { by, at, via } => AskView::Answered {
            by: id(plan, *by),
            at: *at,
            via: steps::via(via).into(),
            noted_by: match via {
                Via::Phone { noted_by } => Some(id(plan, *noted_by)),
                _ => None,
            },
        },
        AskState::NotReached { at } => AskView::NotReached { at: *at },
        AskState::Closed { by, at } => {
            let number = match by {
                ClosedBy::Superseded(m) | ClosedBy::NewerAnswer(m) => Some(inc.number(*m).to_string()),
                ClosedBy::Merged(no) => Some(no.to_string()),
                _ => None,
            };
            let by = match by {
                ClosedBy::Superseded(_) => "superseded",
                ClosedBy::NewerAnswer(_) => "newer_answer",
                ClosedBy::Stopped => "stopped",
                ClosedBy::AllClear => "all_clear",
                ClosedBy::Merged(_) => "merged",
                ClosedBy::ShiftChange => "shift_change",
                ClosedBy::DrillStopped => "drill_stopped",
            };
            AskView::Closed { by: by.into(), number, at: *at }
        }
    }
}

fn next_step(inc: &Incident, ask: Option<&Ask>, now: At) -> NextStep {
    let Some(ask) = ask else { return NextStep::NotWanted };
    match &ask.state {
        AskState::Answered { .. } => NextStep::Answered,
        AskState::Closed { .. } => NextStep::Closed,
        AskState::NotReached { .. } => NextStep::Call,
        AskState::Waiting if ask.rule != AnswerRule::Required => NextStep::SilenceIsEnough,
        AskState::Waiting if inc.phase == Phase::Closed => NextStep::Closed,
        AskState::Waiting => {
            if let Some(at) = ask.remind_at.filter(|r| *r < ask.due) {
                return NextStep::Remind { at };
            }
            let at = ask.due;
            match next_to_ask(&inc.plan, ask.function, &ask.asked, at.max(now)) {
                Some(who) => NextStep::Ask { who: id(&inc.plan, who), at },
                None => NextStep::Alarm { at },
            }
        }
    }
}

fn message(inc: &Incident, m: &crate::domain::incident::state::Message) -> MessageView {
    let (kind, of) = match m.kind {
        Kind::Alert => ("alert", None),
        Kind::Mode => ("mode", None),
        Kind::Update => ("update", None),
        Kind::Correction { of } => ("correction", Some(of)),
        Kind::Stopped { of } => ("stopped", Some(of)),
        Kind::Restored => ("restored", None),
        Kind::AllClear => ("all_clear", None),
        Kind::Holding => ("holding", None),
        Kind::Redirection { over: false, .. } => ("redirection", None),
        Kind::Redirection { over: true, .. } => ("redirection_over", None),
    };
    let released = inc.entries.iter().filter(|e| e.message == m.seq).filter_map(|e| match &e.state {
        EntryState::Released { at, by } => Some((*at, *by)),
        _ => None,
    });
    MessageView {
        number: inc.number(m.seq),
        kind: kind.into(),
        of,
        audience: m.audience,
        texts: m
            .texts
            .iter()
            .map(|(l, d)| {
                let view = TextView { text: d.text.as_str().into(), fingerprint: d.fingerprint, reviewed: d.reviewed };
                (*l, view)
            })
            .collect(),
        replaces: m.replaces.map(|r| inc.number(r)),
        released_at: m.released_at,
        released_by: released.min_by_key(|r| r.0).map(|(_, by)| released_by(&inc.plan, by)),
        stopped: m.stopped,
        page_equal: m.page_equal,
    }
}

fn released_by(plan: &Plan, by: ReleasedBy) -> ReleasedView {
    match by {
        ReleasedBy::Playbook => ReleasedView::Playbook,
        ReleasedBy::Approval(f) => ReleasedView::Approval(id(plan, f)),
        ReleasedBy::Deadline => ReleasedView::Deadline,
        ReleasedBy::BreakGlass(f) => ReleasedView::BreakGlass(id(plan, f)),
    }
}

fn entry(inc: &Incident, e: &Entry) -> EntryView {
    let plan = &inc.plan;
    EntryView {
        id: e.id,
        source: match e.source {
            Source::Row(_) => "row",
            Source::Dependents => "dependents",
            Source::Followers => "followers",
            Source::Holding => "holding",
        }
        .into(),
        audience: e.audience,
        to: ids(plan, &e.to),
        public: e.public,
        channels: e.channels.clone(),
        answer: e.answer,
        message: inc.number(e.message),
        state: match &e.state {
            EntryState::Ready => EntryStateView::Ready,
            EntryState::Waiting(a) => EntryStateView::Waiting { approval: approval(plan, e, a) },
            EntryState::Quiet { until } => EntryStateView::Quiet { until: *until },
            EntryState::Released { at, by } => EntryStateView::Released { at: *at, word: released_by(plan, *by) },
            EntryState::Dropped { why } => EntryStateView::Dropped {
                why: match why {
                    Dropped::Stopped => "stopped",
                    Dropped::Closed => "closed",
                    Dropped::DrillStopped => "drill_stopped",
                    Dropped::Told => "told",
                }
                .into(),
            },
        },
    }
}

pub(super) fn approval(plan: &Plan, e: &Entry, a: &Approval) -> ApprovalState {
    ApprovalState {
        asked: ids(plan, &a.asked),
        asked_at: a.asked_at,
        due: a.due,
        then: e.rule.as_ref().map_or(Then::Hold, |r| r.then),
        finally: e.rule.as_ref().map_or(Then::Hold, |r| r.finally),
        extended: a.extended,
        delivered: a.delivered,
        held: a.held,
        rejected: a.rejected,
        blocked: a.blocked,
    }
}

pub(super) fn proposal(inc: &Incident, p: &crate::domain::incident::state::Proposal) -> ProposalView {
    let plan = &inc.plan;
    ProposalView {
        id: p.id,
        mode: mode_rung(plan, p.mode),
        sites: p.sites.clone(),
        lower: p.lower,
        asked: ids(plan, &p.asked),
        due: p.due,
        state: match &p.state {
            ProposalState::Asked => ProposalStateView::Asked,
            ProposalState::Accepted { by, at } => ProposalStateView::Accepted { by: id(plan, *by), at: *at },
            ProposalState::Declined { by, again, .. } => {
                ProposalStateView::Declined { by: id(plan, *by), again: *again }
            }
            ProposalState::Moot => ProposalStateView::Moot,
        },
    }
}

/// Points of listed channels that got nothing of a message which their function was told: found anew from the text, since
/// what a gateway carries does not change within a plan.
fn dropped(inc: &Incident, told: &[Told<'_>], best: &Best) -> Vec<DroppedView> {
    let plan: &Plan = &inc.plan;
    let mut all = Vec::new();
    let mut seen = BTreeSet::new();
    for t in told {
        let seq = t.message();
        for f in t.receivers() {
            let points = &plan.function(f).points;
            let sent = |p: &Px| best.by_point.contains_key(&(seq, *p));
            let instead: BTreeSet<Channel> =
                points.iter().filter(|p| sent(p)).map(|p| plan.point(*p).channel).collect();
            for p in points.iter().filter(|p| !sent(p)) {
                let channel = plan.point(*p).channel;
                if !t.entry.channels.contains(&channel)
                    || matches!(channel, Channel::Web | Channel::Manual)
                    || !seen.insert((seq, *p))
                {
                    continue;
                }
                if let Some(why) = cannot(inc, seq, *p) {
                    let instead = instead.iter().copied().collect();
                    all.push(DroppedView { message: inc.number(seq), function: id(plan, f), channel, why, instead });
                }
            }
        }
    }
    all
}

/// Why none of a point's gateways can carry a message in any of its languages.
pub(super) fn cannot(inc: &Incident, seq: u32, p: Px) -> Option<CannotCarry> {
    let plan: &Plan = &inc.plan;
    let trailers = Trailers::new(inc, Item::Message(seq), &[]);
    let point = plan.point(p);
    let mut first = None;
    for g in &point.gateways {
        for lang in &point.languages {
            let Some(out) = outgoing(inc, Item::Message(seq), *lang) else { continue };
            let trailer = trailers.for_point(p, *g, *lang, 0);
            match carry::units(&out, trailer.as_deref(), &plan.gateway(*g).carry) {
                Ok(_) => return None,
                Err(why) => first = first.or(Some(why)),
            }
        }
    }
    first
}
