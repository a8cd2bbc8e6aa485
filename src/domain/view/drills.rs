//! Drills that go on, and what one would do before it begins.

use std::collections::BTreeMap;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::{count, ids};
use crate::domain::drills::{DrillKind, Figures};
use crate::domain::ids::{FunctionId, GatewayId, IncidentNo};
use crate::domain::incident::decide::decide;
use crate::domain::incident::decide::{figures, leaders};
use crate::domain::incident::event::{Change, Event, GatewayChange};
use crate::domain::incident::gateways::GatewayTest;
use crate::domain::incident::input::{Action, DrillOrder, Input};
use crate::domain::incident::refused::Refused;
use crate::domain::incident::state::{EntryState, State};
use crate::domain::lang::L10n;
use crate::domain::plan::Channel;
use crate::domain::time::At;

/// A drill that goes on.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize, Debug, JsonSchema)]
pub struct RunningDrill {
    pub no: IncidentNo,
    pub title: L10n,
    pub kind: DrillKind,
    pub begun: At,
    /// It is over by itself then.
    pub until: Option<At>,
    /// Who may end it.
    pub leads: Vec<FunctionId>,
    /// What was taken away.
    pub without: Vec<String>,
    /// How it stands.
    pub figures: Figures,
}

/// The drills that go on, the newest first.
pub fn running_drills(state: &State) -> Vec<RunningDrill> {
    let mut all: Vec<RunningDrill> = state
        .open()
        .filter(|i| i.is_drill())
        .map(|inc| {
            let order = inc.drill.as_deref();
            let mut leads = leaders(inc);
            leads.sort_unstable();
            leads.dedup();
            RunningDrill {
                no: inc.no,
                title: order.map_or_else(|| inc.headline(), |d| d.title.clone()),
                kind: order.map_or(DrillKind::Functional, |d| d.kind),
                begun: inc.opened,
                until: order.and_then(|d| d.lasts_s).map(|s| inc.opened + s),
                leads: ids(&inc.plan, &leads),
                without: order.map(|d| d.without.clone()).unwrap_or_default(),
                figures: figures(inc),
            }
        })
        .collect();
    all.sort_by_key(|d| std::cmp::Reverse(d.no.n));
    all
}

/// What a test of one gateway came to, the newest that somebody made or that was planned.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize, Debug, JsonSchema)]
pub struct GatewayTested {
    pub at: At,
    /// Addresses that a test went to.
    pub addresses: u32,
    /// Of these: the gateway took it.
    pub handed_over: u32,
    /// Of these: somebody answered.
    pub answered: u32,
    /// Seconds until the last answer; none: nobody answered.
    pub last_answer_s: Option<u32>,
    /// Functions none of whose addresses answered, in the order of the drill.
    pub silent: Vec<FunctionId>,
}

/// The newest test over that gateway of these functions; `None`: there is none in memory.
pub fn gateway_tested(state: &State, gateway: &GatewayId, to: &[FunctionId]) -> Option<GatewayTested> {
    let of_these = || state.tests.iter().filter(|t| t.gateway == *gateway && to.contains(&t.function));
    let at = of_these().map(|t| t.at).max()?;
    let newest: Vec<&GatewayTest> = of_these().filter(|t| t.at == at).collect();
    let answered = |t: &&&GatewayTest| t.answered_at.is_some();
    let silent = |f: &&FunctionId| {
        let mut of = newest.iter().filter(|t| t.function == **f).peekable();
        of.peek().is_some() && !of.any(|t| answered(&t))
    };
    Some(GatewayTested {
        at,
        addresses: count(newest.len()),
        handed_over: count(newest.iter().filter(|t| t.reached_at.is_some() || answered(t)).count()),
        answered: count(newest.iter().filter(answered).count()),
        last_answer_s: newest.iter().filter_map(|t| t.answered_at).max().map(|last| last.seconds_since(at)),
        silent: to.iter().filter(silent).cloned().collect(),
    })
}

/// What a drill will do when it begins.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize, Debug, JsonSchema)]
pub struct DrillForesight {
    pub title: L10n,
    pub kind: DrillKind,
    /// Whom it reaches at once.
    pub reaches: Vec<FunctionId>,
    /// Over what: so many texts by each channel.
    pub over: BTreeMap<Channel, usize>,
    /// Texts that wait for an approval.
    pub waits: usize,
    /// No text leaves the program.
    pub stays_here: bool,
    /// What is taken away.
    pub without: Vec<String>,
    /// One of them changes shift within half an hour: who goes home takes it for real, or for nothing (Hawaii, 2018).
    #[serde(default)]
    pub near_shift: bool,
}

/// What a drill would do, on a copy of the state.
///
/// # Errors
/// What its beginning would be refused for.
pub fn foresee_drill(state: &State, by: &FunctionId, order: &DrillOrder, now: At) -> Result<DrillForesight, Refused> {
    let mut copy = state.clone();
    let mut order = order.clone();
    order.report.confirmed = true;
    let action = Box::new(Action::DrillStart(Box::new(order.clone())));
    let events = decide(&mut copy, &Input::Command { who: None, by: by.clone(), action }, now, [0; 16])?;
    let mut seen = DrillForesight {
        title: order.drill.title.clone(),
        kind: order.drill.kind,
        reaches: Vec::new(),
        over: BTreeMap::new(),
        waits: 0,
        stays_here: order.drill.stays_here(),
        without: order.drill.without.clone(),
        near_shift: false,
    };
    let told = crate::domain::incident::decide::told(&copy, &events);
    for event in &events {
        match event {
            Event::Incident { no, change } => {
                let Some(inc) = copy.incidents.get(no) else { continue };
                for send in change.batches().iter().flat_map(|b| b.sends.iter()) {
                    *seen.over.entry(inc.plan.point(send.point).channel).or_default() += 1;
                }
                if let Change::Opened { .. } = **change {
                    seen.reaches = ids(&inc.plan, &told.iter().copied().collect::<Vec<_>>());
                    seen.waits = inc.entries.iter().filter(|e| matches!(e.state, EntryState::Waiting(_))).count();
                }
            }
            Event::Gateway { change } => {
                if let GatewayChange::TestSent { send, function, .. } = &**change {
                    *seen.over.entry(copy.plan.point(send.point).channel).or_default() += 1;
                    if !seen.reaches.contains(function) {
                        seen.reaches.push(function.clone());
                    }
                }
            }
            _ => {}
        }
    }
    Ok(seen)
}
