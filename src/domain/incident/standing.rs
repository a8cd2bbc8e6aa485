//! What steps mean for their incident: who was reached by one, and which redirections stand.

use super::state::{Delivery, Incident};
use super::steps::Step;
use super::values::{Item, Phase};
use crate::domain::delivery::DeliveryState;
use crate::domain::ids::FunctionIx;
use crate::domain::lang::L10n;
use crate::domain::plan::Channel;
use crate::domain::step::StepKind;
use crate::domain::time::At;

/// Whether a function was reached by one of a step's notes: a far device of whoever was asked for it has one, or somebody
/// answered (RULES G5). A pager that tells nothing back counts when its transmitter took it: no more can be known. A mailbox does
/// not: nobody need have looked into it.
pub fn reached(inc: &Incident, step: &Step, function: FunctionIx) -> bool {
    if step.answers.get(&function).is_some_and(|a| a.yes) {
        return true;
    }
    let who: Vec<FunctionIx> = step.asked.iter().filter(|a| a.function == function).map(|a| a.who).collect();
    inc.deliveries.iter().any(|d| {
        matches!(d.item(), Item::Note(n) if step.notes.contains(&n))
            && (d.state == DeliveryState::Delivered || d.state == DeliveryState::Accepted && tells_nothing(inc, d))
            && inc.plan.point(d.point).functions.iter().any(|f| who.contains(f))
    })
}

/// Whether a delivery goes over a gateway that is no mail and gives no receipts.
fn tells_nothing(inc: &Incident, d: &Delivery) -> bool {
    let gateway = inc.plan.point(d.point).gateways.get(usize::from(d.gateway)).map(|g| inc.plan.gateway(*g));
    gateway.is_some_and(|g| !g.receipts && g.channel != Channel::Email)
}

/// The functions of a step that were not reached.
pub fn unreached(inc: &Incident, step: &Step) -> Vec<FunctionIx> {
    step.new.to.iter().copied().filter(|f| !reached(inc, step, *f)).collect()
}

/// A redirection as texts say it.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Standing<'a> {
    pub step: u32,
    /// Where patients go.
    pub text: &'a L10n,
    pub until: At,
    /// What holds when it is over.
    pub over: &'a L10n,
    /// Whom it concerns.
    pub concerns: &'a L10n,
}

/// A redirection that was typed has no words besides its own.
static NO_WORDS: L10n = L10n(std::collections::BTreeMap::new());

/// The redirection that a step is.
pub fn redirection(inc: &Incident, step: u32) -> Option<Standing<'_>> {
    let s = inc.steps.get(step as usize).filter(|s| s.kind() == StepKind::Redirection)?;
    let rule = inc.book().steps.iter().find(|r| r.id == s.new.rule);
    let (over, concerns) = rule.map_or((&NO_WORDS, &NO_WORDS), |r| (&r.over, &r.concerns));
    Some(Standing { step, text: &s.new.title, until: s.new.due, over, concerns })
}

/// Redirections that stand: each with its end. Every later text says them.
pub fn standing(inc: &Incident) -> Vec<Standing<'_>> {
    if inc.phase == Phase::Closed {
        return Vec::new();
    }
    let holds = |s: &&Step| s.kind() == StepKind::Redirection && s.is_open();
    inc.steps.iter().filter(holds).filter_map(|s| redirection(inc, s.id)).collect()
}
