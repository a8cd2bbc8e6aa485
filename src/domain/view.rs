//! What people and programs are shown: one set of shapes for the API, the console, the command line and the demo, so that
//! all of them say the same. Made from the state and the time, nothing else.
//!
//! IDs only: no address, no code, no free note. A view is safe to print, to send to a browser and to keep.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::delivery::DeliveryState;
use super::holder::holder;
use super::ids::{FunctionId, FunctionIx, IncidentNo, MessageNo, PlaybookId, SiteId, Status};
use super::incident::ask_list::AskState;
use super::incident::state::{EntryState, Incident, ProposalState, State};
use super::incident::steps::ArrivalState;
use super::incident::values::Phase;
use super::ladder::{LevelIx, ModeIx};
use super::lang::L10n;
use super::plan::Plan;
use super::report::{OverdueImprovement, overdue};
use super::time::At;

mod approvals;
mod directory;
mod drills;
mod foresight;
mod history;
mod incident;
mod lists;
mod obligations;
mod previews;
mod proofs;
mod reach;
mod steps;
mod trial;
mod walk;

pub use approvals::{
    AnswerView, ApprovalView, DecisionView, ErrandTodoView, EyesView, StepTodoView, TodoView, approvals_for,
    same_eyes_of, todo_for,
};
pub use directory::{DayView, DutyView, PhoneView, PointView, ShiftView, TurnView, TurnsView, directory, turns};
pub use drills::{DrillForesight, GatewayTested, RunningDrill, foresee_drill, gateway_tested, running_drills};
pub use foresight::{Consequence, ForesightView, PublicThen, WaitView, consequences, foresee};
pub use history::{HistoryView, RejectionView, history};
pub use incident::{
    ApprovalState, AskView, CellView, DroppedView, EntryStateView, EntryView, ErrandView, FactsView, IncidentView,
    MessageView, NextStep, NoteView, PreparedView, ProposalStateView, ProposalView, ReleasedView, RowView, TextView,
    incident,
};
pub use lists::{FunctionView, LevelView, ListsView, ModeView, PlaybookView, RoutineView, functions, lists, playbooks};
pub use obligations::{
    ModeMeaning, Obligation, Silence, What, mode_meanings, next_unanswered, not_reached, obligations,
};
pub use previews::{CannotView, CostlyView, PreviewView, PreviewsView, TextPreview, costly, previews, replaced};
pub use proofs::{AddressView, addresses, proven_days, with_proofs};
pub use reach::{
    AlsoKnown, ChannelStanding, ChannelView, LastOut, LeftView, NoWayView, PageProof, ReachView, WayInTroubleView,
    WayTrouble, reach,
};
pub use steps::{ArrivalView, RoundView, StepStateView, StepView};
pub use trial::{TrialMessage, TrialView, trial};
pub use walk::{StopView, WhyWalk, walk};

/// A rung of a ladder by its ID, with what people read.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize, Debug, schemars::JsonSchema)]
pub struct RungView {
    /// Its place, from the mildest.
    pub rung: u8,
    /// `staff`, `major`.
    pub id: String,
    /// `STABSLÄGE`.
    pub label: L10n,
}

/// A site with its mode.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize, Debug, schemars::JsonSchema)]
pub struct SiteView {
    /// `FS`.
    pub id: SiteId,
    /// The name in full.
    pub name: L10n,
    /// It stands for the whole region.
    pub whole: bool,
    pub mode: RungView,
    /// Why: open incidents that ask for this mode. Empty while a mode waits to be lowered by decision (RULES D4).
    pub because_of: Vec<IncidentNo>,
}

/// How many functions stand how.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize, Debug, Default, schemars::JsonSchema)]
pub struct Counts {
    /// Functions that were sent a text.
    pub addressed: u32,
    /// Of these: handed over. A gateway took the newest text for at least one of their duty points; no more is known by that.
    pub handed_over: u32,
    /// Of these: a far device has it.
    pub delivered: u32,
    /// Of these: reached. A far device has it, or somebody who holds the duty answered (RULES G5).
    #[serde(default)]
    pub reached: u32,
    /// Functions that were asked for an answer, as to the newest text that asks them.
    pub asked: u32,
    /// Of these: somebody who holds the duty answered.
    pub acknowledged: u32,
    /// Of these: nobody is left to ask.
    pub not_reached: u32,
    /// Entries that wait for approval.
    pub approvals: u32,
    /// Modes that wait for a decision.
    pub proposals: u32,
    /// What people must walk and have not yet.
    pub errands: u32,
    /// Steps that are open.
    #[serde(default)]
    pub steps: u32,
    /// Of these: late.
    #[serde(default)]
    pub steps_late: u32,
    /// Who answered and was not there in time.
    #[serde(default)]
    pub not_arrived: u32,
    /// Deliveries by how they stand.
    pub deliveries: BTreeMap<DeliveryState, u32>,
}

/// An incident on one line.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize, Debug, schemars::JsonSchema)]
pub struct SummaryView {
    /// `14`, `Ö-3`.
    pub no: IncidentNo,
    /// It is a drill.
    pub exercise: bool,
    pub playbook: PlaybookId,
    /// What the playbook calls it.
    pub title: L10n,
    /// Disruption level.
    pub level: RungView,
    /// How far it is.
    pub phase: Phase,
    /// When the phase began.
    pub phase_at: At,
    /// Its sites, each with the mode that stands there.
    pub sites: Vec<(SiteId, RungView)>,
    /// The highest of these modes.
    pub mode: RungView,
    /// When it was reported.
    pub opened: At,
    /// Going on since.
    pub since: At,
    /// Who reported.
    pub reporter: FunctionId,
    /// The next update is due.
    pub next_update: At,
    pub overdue: bool,
    /// The newest number.
    pub newest: Option<MessageNo>,
    /// Into which other one it was merged.
    pub merged_into: Option<IncidentNo>,
    pub counts: Counts,
}

/// Everything at a glance.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize, Debug, schemars::JsonSchema)]
pub struct StatusView {
    pub now: At,
    /// The region's name.
    pub region: String,
    /// The region's zone (`Europe/Stockholm`): clocks on screens are read beside texts, and must say the same.
    #[serde(default)]
    pub zone: String,
    /// The configuration for new incidents, by its hash.
    pub plan: String,
    /// Sites with their modes.
    pub sites: Vec<SiteView>,
    /// Open incidents: real ones first, the newest first.
    pub open: Vec<SummaryView>,
    /// Closed ones that are still in memory, the newest first.
    pub closed: Vec<SummaryView>,
    /// Closed ones of which a summary is left.
    pub archived: Vec<IncidentNo>,
    /// Improvements after incidents and drills whose day has passed (RULES D20).
    #[serde(default)]
    pub improvements_overdue: Vec<OverdueImprovement>,
}

/// Everything at a glance.
pub fn status(state: &State, now: At) -> StatusView {
    let plan = &state.plan;
    let sites = plan
        .region
        .sites
        .iter()
        .map(|s| {
            let mode = state.modes.get(&s.id).copied().unwrap_or(ModeIx::NORMAL);
            let asks = |i: &&Incident| !i.is_drill() && mode > ModeIx::NORMAL && i.modes.get(&s.id) == Some(&mode);
            SiteView {
                id: s.id.clone(),
                name: s.name.clone(),
                whole: s.id == plan.region.whole,
                mode: mode_rung(plan, mode),
                because_of: state.open().filter(asks).map(|i| i.no).collect(),
            }
        })
        .collect();
    let newest_first = |mut all: Vec<SummaryView>| {
        all.sort_by_key(|i| (i.exercise, std::cmp::Reverse(i.no.n)));
        all
    };
    let closed = state.incidents.values().filter(|i| i.phase == Phase::Closed);
    StatusView {
        now,
        region: plan.region.name.clone(),
        zone: plan.calendar.zone.name().to_owned(),
        plan: plan.hash.clone(),
        sites,
        open: newest_first(state.open().map(|i| summary(state, i, now)).collect()),
        closed: newest_first(closed.map(|i| summary(state, i, now)).collect()),
        archived: state.archived.keys().copied().collect(),
        improvements_overdue: overdue(state, now),
    }
}

/// One incident on one line.
pub fn summary(state: &State, inc: &Incident, now: At) -> SummaryView {
    let plan = &inc.plan;
    let modes = state.modes_for(inc);
    let highest = modes.iter().map(|m| m.1).max().unwrap_or(ModeIx::NORMAL);
    SummaryView {
        no: inc.no,
        exercise: inc.is_drill(),
        playbook: inc.playbook.clone(),
        title: inc.book().title.clone(),
        level: level_rung(plan, inc.level),
        phase: inc.phase,
        phase_at: inc.phase_at,
        sites: modes.into_iter().map(|(s, m)| (s, mode_rung(plan, m))).collect(),
        mode: mode_rung(plan, highest),
        opened: inc.opened,
        since: inc.facts.since,
        reporter: id(plan, inc.reporter),
        next_update: inc.update_due,
        overdue: inc.phase != Phase::Closed && inc.update_due < now,
        newest: u32::try_from(inc.messages.len()).ok().filter(|n| *n > 0).map(|n| inc.number(n)),
        merged_into: inc.merged_into,
        counts: counts(inc, now),
    }
}

fn counts(inc: &Incident, now: At) -> Counts {
    let mut counts = Counts::default();
    for d in &inc.deliveries {
        *counts.deliveries.entry(d.state).or_default() += 1;
    }
    let best = incident::Best::of(inc);
    for row in incident::addressed(inc) {
        counts.addressed += 1;
        let reached = best.of_function(inc, &row);
        counts.handed_over += u32::from(reached.handed_over);
        counts.delivered += u32::from(reached.delivered);
        let answered = row.ask.is_some_and(|ask| matches!(ask.state, AskState::Answered { .. }));
        counts.reached += u32::from(reached.delivered || answered);
        if let Some(ask) = row.ask {
            counts.asked += 1;
            counts.acknowledged += u32::from(matches!(ask.state, AskState::Answered { .. }));
            counts.not_reached += u32::from(matches!(ask.state, AskState::NotReached { .. }));
        }
    }
    counts.approvals = count(inc.entries.iter().filter(|e| matches!(e.state, EntryState::Waiting(_))).count());
    counts.proposals = count(inc.proposals.iter().filter(|p| p.state == ProposalState::Asked).count());
    counts.steps = count(inc.steps.iter().filter(|s| s.is_open()).count());
    counts.steps_late = count(inc.steps.iter().filter(|s| s.is_late(now)).count());
    counts.not_arrived = count(inc.arrivals.values().filter(|a| a.state == ArrivalState::Missed).count());
    counts.errands = count(inc.errands.iter().filter(|t| t.done.is_none()).count());
    counts
}

/// A function's ID.
fn id(plan: &Plan, f: FunctionIx) -> FunctionId {
    plan.function(f).id.clone()
}

fn ids(plan: &Plan, all: &[FunctionIx]) -> Vec<FunctionId> {
    all.iter().map(|f| id(plan, *f)).collect()
}

/// Who holds a duty now; in a circle of covering, the last who was not seen before.
fn holds(plan: &Plan, f: FunctionIx, now: At) -> FunctionIx {
    holder(plan, f, now.timestamp()).unwrap_or_else(|circle| circle.last)
}

/// Whether `by` acts for one of `asked`, as the rules see it: is it, or holds it now. Never the other way round (RULES H2).
pub fn acts_for(plan: &Plan, by: FunctionIx, asked: &[FunctionIx], now: At) -> bool {
    asked.iter().any(|a| *a == by || holds(plan, *a, now) == by)
}

fn mode_rung(plan: &Plan, at: ModeIx) -> RungView {
    let mode = plan.ladders.mode_at(at);
    RungView {
        rung: at.0,
        id: mode.map_or_else(String::new, |m| m.id.clone()),
        label: mode.map(|m| m.label.clone()).unwrap_or_default(),
    }
}

fn level_rung(plan: &Plan, at: LevelIx) -> RungView {
    let level = plan.ladders.level_at(at);
    RungView {
        rung: at.0,
        id: level.map_or_else(String::new, |l| l.id.clone()),
        label: level.map(|l| l.label.clone()).unwrap_or_default(),
    }
}

/// Whether a number is a drill's.
fn is_drill(no: IncidentNo) -> bool {
    no.status == Status::Exercise
}

fn count(n: usize) -> u32 {
    u32::try_from(n).unwrap_or(u32::MAX)
}
