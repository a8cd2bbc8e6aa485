//! Looks at the state as somebody does who trusts no rule: is any step late, is anybody who was addressed left without a
//! next step? It shares no code with the timers that it audits, and decides nothing: what it finds is an alarm.

use std::collections::{BTreeMap, BTreeSet};

use super::delivery::DeliveryState;
use super::ids::{FunctionId, FunctionIx, IncidentNo, PointIx};
use super::incident::ask_list::AskState;
use super::incident::facts::Restore;
use super::incident::state::{EntryState, Incident, ProposalState, State};
use super::incident::values::{Item, Phase};
use super::plan::AnswerRule;
use super::time::At;

/// A step may be late by that much before it is an alarm, in seconds: the loop looks every second, a disk may be slow.
pub const OVERDUE_S: u32 = 30;
/// A delivery that nobody ended so long after its time was up, in seconds. Gateways have their own last word.
pub const DELIVERY_OVERDUE_S: u32 = 600;
/// A published text is read back within that time, in seconds.
const READ_BACK_S: u32 = 120;
/// An overdue update is told again after so many minutes each time…
const UPDATE_AGAIN_MIN: [u32; 6] = [10, 20, 40, 80, 160, 320];
/// …and then each so many.
const UPDATE_LATER_MIN: u32 = 360;
/// Findings that one look gives; the first is alarm enough.
pub const FINDINGS_MAX: usize = 100;

/// What was found.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub enum Finding {
    /// Something should have happened.
    Overdue {
        incident: IncidentNo,
        /// What: `answer`, `reminder`, `approval`, `quiet`, `decision`, `update`, `restoration`, `page`, `release`,
        /// `delivery`.
        step: &'static str,
        /// Of what, by its place.
        id: u32,
        /// It was due then.
        due: At,
    },
    /// A function was addressed, and nothing is known to happen next.
    NoNextStep { incident: IncidentNo, function: FunctionId },
}

/// Looks at everything.
pub fn audit(state: &State, now: At) -> Vec<Finding> {
    let mut found = Vec::new();
    for inc in state.incidents.values() {
        late(inc, now, &mut found);
        if inc.phase != Phase::Closed {
            forgotten(inc, &mut found);
        }
        if found.len() >= FINDINGS_MAX {
            found.truncate(FINDINGS_MAX);
            break;
        }
    }
    found
}

fn late(inc: &Incident, now: At, found: &mut Vec<Finding>) {
    let open = inc.phase != Phase::Closed;
    let mut look = |step: &'static str, id: u32, due: At| {
        if due + OVERDUE_S < now && found.len() < FINDINGS_MAX {
            found.push(Finding::Overdue { incident: inc.no, step, id, due });
        }
    };
    for e in &inc.entries {
        match &e.state {
            EntryState::Waiting(a) => look("approval", e.id, a.due),
            EntryState::Quiet { until } => look("quiet", e.id, *until),
            EntryState::Released { at, .. } if e.public && !inc.is_drill() => {
                let proven = inc.message(e.message).is_none_or(|m| m.page_equal.is_some() || m.stopped);
                if !proven {
                    look("page", e.id, *at + READ_BACK_S);
                }
            }
            // Between two inputs nothing is half carried out.
            EntryState::Ready => look("release", e.id, inc.opened),
            EntryState::Released { .. } | EntryState::Dropped { .. } => {}
        }
    }
    for p in &inc.proposals {
        match &p.state {
            ProposalState::Asked => look("decision", p.id, p.due),
            ProposalState::Declined { again, .. } if open => look("decision", p.id, *again),
            _ => {}
        }
    }
    if open {
        for id in inc.asks.current().values() {
            let Some(ask) = inc.asks.get(*id as usize) else { continue };
            if ask.state == AskState::Waiting && ask.rule == AnswerRule::Required {
                look("answer", *id, ask.due);
                if let Some(at) = ask.remind_at {
                    look("reminder", *id, at);
                }
            }
        }
        let told = inc.overdue_told;
        let first: u32 = UPDATE_AGAIN_MIN.into_iter().zip(0..told).map(|(min, _)| min).sum();
        let later = told.saturating_sub(6).saturating_mul(UPDATE_LATER_MIN);
        look("update", 0, inc.update_due + first.saturating_add(later).saturating_mul(60));
        if let (Restore::At(at), Phase::Open, false) = (inc.facts.restore, inc.phase, inc.restore_told) {
            look("restoration", 0, at + inc.plan.region.limits.restored_within_s);
        }
    }
    let lives = inc.plan.region.limits.delivery_ttl_s.saturating_add(DELIVERY_OVERDUE_S);
    let stuck = inc.deliveries.iter().position(|d| {
        matches!(d.state, DeliveryState::Queued | DeliveryState::Attempting)
            && inc.opened + d.changed_s.saturating_add(lives) < now
    });
    if let Some(ordinal) = stuck.and_then(|i| u32::try_from(i).ok()) {
        look("delivery", ordinal, now - OVERDUE_S - 1);
    }
}

/// Everybody whom a released entry names has an answer that is waited for, was given or was given up visibly; or a text
/// that is on its way or there; or an errand that somebody walks.
fn forgotten(inc: &Incident, found: &mut Vec<Finding>) {
    let plan = &inc.plan;
    let mut named: BTreeMap<FunctionIx, AnswerRule> = BTreeMap::new();
    for e in &inc.entries {
        if matches!(e.state, EntryState::Released { .. }) && !e.public {
            for f in &e.to {
                named.insert(*f, e.answer);
            }
        }
    }
    if named.is_empty() {
        return;
    }
    let mut told: BTreeSet<PointIx> = BTreeSet::new();
    let mut last: Option<PointIx> = None;
    for d in &inc.deliveries {
        // What failed and went on over another gateway has a later delivery of its own.
        if last != Some(d.point) && matches!(d.item(), Item::Message(_)) {
            told.insert(d.point);
            last = Some(d.point);
        }
    }
    let walked: BTreeSet<FunctionIx> = inc.errands.iter().flat_map(|t| t.functions.iter().copied()).collect();
    for (f, rule) in named {
        let asked = inc.ask(f).is_some();
        let function = plan.function(f);
        let has_text = || {
            let own = function.points.iter().any(|p| told.contains(p));
            // Who held the duty then may have got it.
            own || plan.functions.iter().enumerate().any(|(i, g)| {
                let covers = u32::try_from(i).is_ok_and(|i| plan.covers(FunctionIx(i)).contains(&f));
                covers && g.points.iter().any(|p| told.contains(p))
            })
        };
        let cared_for = asked || walked.contains(&f) || (rule != AnswerRule::Required && has_text());
        if !cared_for && found.len() < FINDINGS_MAX {
            found.push(Finding::NoNextStep { incident: inc.no, function: function.id.clone() });
        }
    }
}
