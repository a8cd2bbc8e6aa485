//! Steps and arrivals: what must be done beside telling, by whom, until when, and how it stands.

use serde::{Deserialize, Serialize};

use super::{id, ids};
use crate::domain::ids::{FunctionId, FunctionIx};
use crate::domain::incident::state::Incident;
use crate::domain::incident::steps::{Arrival, ArrivalState, Round, Step, StepAnswer, StepState};
use crate::domain::incident::values::StepEnd;
use crate::domain::incident::values::Via;
use crate::domain::lang::L10n;
use crate::domain::plan::Plan;
use crate::domain::step::{Beat, StepKind};
use crate::domain::time::At;

/// A step.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize, Debug, schemars::JsonSchema)]
pub struct StepView {
    /// As people count, from 1: `S3` is 3.
    pub number: u32,
    pub kind: StepKind,
    /// Its name in the playbook, if it has one.
    pub rule: Option<String>,
    /// What is to be done, said or talked about.
    pub title: L10n,
    /// Who sees to it.
    pub owner: FunctionId,
    /// Who was asked for the owner, in order.
    pub asked: Vec<FunctionId>,
    /// Who said "I have it".
    pub claimed: Option<FunctionId>,
    /// Whom it concerns.
    pub to: Vec<FunctionId>,
    /// Of these, nothing reached them yet (interventions).
    pub unreached: Vec<FunctionId>,
    /// When it began.
    pub since: At,
    /// The deadline; the beginning of an intervention; the end of a redirection; the next round of a conference.
    pub due: At,
    pub late: bool,
    /// The program looks at it again then.
    pub next_check: Option<At>,
    /// How often a conference meets.
    pub beat: Option<Beat>,
    /// The last meetings of a conference, the newest first.
    pub rounds: Vec<RoundView>,
    pub state: StepStateView,
}

/// A meeting.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize, Debug, schemars::JsonSchema)]
pub struct RoundView {
    pub at: At,
    /// Who is there.
    pub present: Vec<FunctionId>,
    /// Who said that they can't.
    pub declined: Vec<FunctionId>,
    /// Who was called and has not answered.
    pub missing: Vec<FunctionId>,
}

/// How a step stands.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize, Debug, schemars::JsonSchema)]
#[serde(tag = "state", rename_all = "snake_case")]
pub enum StepStateView {
    /// Waited for.
    Open,
    /// An intervention whose time has come, and not everybody was reached.
    Held,
    /// An intervention that has begun.
    Begun {
        at: At,
        /// Who wants it stopped nevertheless.
        stop_wanted: Vec<FunctionId>,
    },
    /// It ended: `done`, `stopped`, `over`, `closed`.
    Ended { end: String, by: Option<FunctionId>, at: At },
}

/// Who answered and is to be there.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize, Debug, schemars::JsonSchema)]
pub struct ArrivalView {
    pub by: FunctionId,
    pub due: At,
    /// When it said that it is there.
    pub arrived: Option<At>,
    /// `reply`, `console`, `phone`.
    pub via: Option<String>,
    /// Not there in time; the next one was asked.
    pub missed: bool,
}

/// So many meetings are shown.
const ROUNDS_SHOWN: usize = 5;

/// How an answer came, in one word.
pub(super) fn via(via: &Via) -> &'static str {
    match via {
        Via::Reply => "reply",
        Via::Link => "link",
        Via::Console => "console",
        Via::Phone { .. } => "phone",
        Via::Paper { .. } => "paper",
    }
}

pub(super) fn step(inc: &Incident, s: &Step, now: At) -> StepView {
    let plan = &inc.plan;
    let asked: Vec<FunctionIx> = s.asked.iter().filter(|a| a.function == s.new.owner).map(|a| a.who).collect();
    let unreached = match (s.kind(), &s.state) {
        (StepKind::Intervention, StepState::Open) => crate::domain::incident::standing::unreached(inc, s),
        _ => Vec::new(),
    };
    let no = |a: &&StepAnswer| !a.yes;
    StepView {
        number: s.number(),
        kind: s.kind(),
        rule: Some(s.new.rule.clone()).filter(|r| !r.is_empty()),
        title: s.new.title.clone(),
        owner: id(plan, s.new.owner),
        asked: ids(plan, &asked),
        claimed: s.claimed().map(|f| id(plan, f)),
        to: ids(plan, &s.new.to),
        unreached: ids(plan, &unreached),
        since: s.since,
        due: s.new.due,
        late: s.is_late(now),
        next_check: s.is_open().then_some(s.new.next_check),
        beat: s.new.beat.clone(),
        rounds: s.rounds.iter().rev().take(ROUNDS_SHOWN).map(|r| round(plan, r)).collect(),
        state: match &s.state {
            StepState::Open if s.kind() == StepKind::Intervention && s.late > 0 => StepStateView::Held,
            StepState::Open => StepStateView::Open,
            StepState::Begun { at } => {
                let stop = s.answers.values().filter(no).map(|a| id(plan, a.by));
                StepStateView::Begun { at: *at, stop_wanted: stop.collect() }
            }
            StepState::Ended { end, by, at, .. } => StepStateView::Ended {
                end: match end {
                    StepEnd::Done => "done",
                    StepEnd::Stopped => "stopped",
                    StepEnd::Over => "over",
                    StepEnd::Closed => "closed",
                }
                .into(),
                by: by.map(|f| id(plan, f)),
                at: *at,
            },
        },
    }
}

fn round(plan: &Plan, r: &Round) -> RoundView {
    let mut called: Vec<FunctionIx> = r.called.iter().map(|c| c.function).collect();
    called.sort_unstable();
    called.dedup();
    let by = |yes: Option<bool>| -> Vec<FunctionId> {
        let hit = |f: &&FunctionIx| r.answers.get(f).map(|a| a.yes) == yes;
        called.iter().filter(hit).map(|f| id(plan, *f)).collect()
    };
    RoundView { at: r.at, present: by(Some(true)), declined: by(Some(false)), missing: by(None) }
}

pub(super) fn arrival(plan: &Plan, a: &Arrival) -> ArrivalView {
    let (arrived, how) = match &a.state {
        ArrivalState::Arrived { at, via: how } => (Some(*at), Some(via(how).to_owned())),
        _ => (None, None),
    };
    ArrivalView { by: id(plan, a.by), due: a.due, arrived, via: how, missed: a.state == ArrivalState::Missed }
}
