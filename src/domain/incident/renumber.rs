//! An incident under the positions of another plan: each place in it that names a function, a duty point or a gateway. Which is
//! which is asked of a [`Positions`]: [`super::adopt`] looks it up by ID, a replay in the event.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use super::ask_list::AskState;
use super::event::{ApplyError, Renumbering};
use super::state::{Delivery, EntryState, Incident, ProposalState};
use super::steps::{Arrival, ArrivalState, StepAnswer, StepState};
use super::values::{ReleasedBy, StepAsk, Via};
use crate::domain::ids::{FunctionIx, PointIx};
use crate::domain::plan::Plan;

/// Where things are in another plan.
pub trait Positions {
    /// Why something has none.
    type Gone;
    /// A function.
    ///
    /// # Errors
    /// It is not there.
    fn function(&self, f: FunctionIx) -> Result<FunctionIx, Self::Gone>;
    /// The duty point of a delivery, and the place of its gateway there.
    ///
    /// # Errors
    /// It is not there.
    fn delivery(&self, d: &Delivery) -> Result<(PointIx, u8), Self::Gone>;
}

/// As an event says.
#[derive(Debug)]
pub struct Moved {
    functions: BTreeMap<FunctionIx, FunctionIx>,
    points: BTreeMap<PointIx, PointIx>,
    gateways: BTreeMap<(PointIx, u8), u8>,
}

impl Moved {
    /// From the event.
    pub fn of(moved: &Renumbering) -> Self {
        Self {
            functions: moved.functions.iter().copied().collect(),
            points: moved.points.iter().copied().collect(),
            gateways: moved.gateways.iter().map(|g| ((g.point, g.from), g.to)).collect(),
        }
    }
}

impl Positions for Moved {
    type Gone = ApplyError;
    fn function(&self, f: FunctionIx) -> Result<FunctionIx, ApplyError> {
        self.functions.get(&f).copied().ok_or_else(|| ApplyError(format!("function {} is not in the new plan", f.0)))
    }
    fn delivery(&self, d: &Delivery) -> Result<(PointIx, u8), ApplyError> {
        let point = self.points.get(&d.point).copied();
        let gateway = self.gateways.get(&(d.point, d.gateway)).copied();
        point.zip(gateway).ok_or_else(|| ApplyError(format!("duty point {} is not in the new plan", d.point.0)))
    }
}

impl Incident {
    /// The same incident, in another plan.
    ///
    /// # Errors
    /// What `to` says.
    pub fn renumbered<P: Positions>(&self, plan: Arc<Plan>, to: &P) -> Result<Self, P::Gone> {
        let f = |x: FunctionIx| to.function(x);
        let all = |xs: &[FunctionIx]| xs.iter().map(|x| f(*x)).collect::<Result<Vec<_>, _>>();
        let mut new = self.clone();
        let mut points = BTreeMap::new();
        for d in &mut new.deliveries {
            let before = d.point;
            (d.point, d.gateway) = to.delivery(d)?;
            points.insert(before, d.point);
        }
        new.named = self.named.iter().filter_map(|(p, at)| Some((*points.get(p)?, *at))).collect();
        for e in &mut new.entries {
            e.to = all(&e.to)?;
            if let Some(rule) = &mut e.rule {
                rule.by = f(rule.by)?;
            }
            match &mut e.state {
                EntryState::Waiting(a) => a.asked = all(&a.asked)?,
                EntryState::Released { by: ReleasedBy::Approval(by) | ReleasedBy::BreakGlass(by), .. } => *by = f(*by)?,
                _ => {}
            }
        }
        new.asks = self.asks.renumbered(|a| {
            a.function = f(a.function)?;
            a.asked = all(&a.asked)?;
            a.before_shift = a.before_shift.map(f).transpose()?;
            for g in &mut a.answers {
                g.by = f(g.by)?;
                g.via = via(&f, &g.via)?;
            }
            if let AskState::Answered { by, via: v, .. } = &mut a.state {
                *by = f(*by)?;
                *v = via(&f, v)?;
            }
            Ok(())
        })?;
        for own in new.own_codes.values_mut() {
            own.to = f(own.to)?;
        }
        for p in &mut new.proposals {
            p.asked = all(&p.asked)?;
            for step in &mut p.next {
                step.decides = f(step.decides)?;
            }
            if let ProposalState::Accepted { by, .. } | ProposalState::Declined { by, .. } = &mut p.state {
                *by = f(*by)?;
            }
        }
        for r in &mut new.rejections {
            r.by = f(r.by)?;
        }
        for n in &mut new.notes {
            n.to = f(n.to)?;
        }
        for t in &mut new.errands {
            t.owner = f(t.owner)?;
            t.functions = all(&t.functions)?;
            t.done = t.done.map(|(at, by)| f(by).map(|by| (at, by))).transpose()?;
        }
        for s in &mut new.steps {
            s.new.owner = f(s.new.owner)?;
            s.new.to = all(&s.new.to)?;
            s.new.by = s.new.by.map(f).transpose()?;
            let asks = |list: &mut Vec<StepAsk>| -> Result<(), P::Gone> {
                for a in list {
                    *a = StepAsk { function: f(a.function)?, who: f(a.who)? };
                }
                Ok(())
            };
            let answers = |of: &BTreeMap<FunctionIx, StepAnswer>| -> Result<BTreeMap<FunctionIx, StepAnswer>, P::Gone> {
                let one = |(k, a): (&FunctionIx, &StepAnswer)| {
                    Ok((f(*k)?, StepAnswer { by: f(a.by)?, via: via(&f, &a.via)?, ..a.clone() }))
                };
                of.iter().map(one).collect()
            };
            asks(&mut s.asked)?;
            s.answers = answers(&s.answers)?;
            for round in s.rounds.iter_mut().map(Arc::make_mut) {
                asks(&mut round.called)?;
                round.answers = answers(&round.answers)?;
            }
            if let StepState::Ended { by, .. } = &mut s.state {
                *by = by.map(f).transpose()?;
            }
        }
        let mut arrivals = BTreeMap::new();
        for (k, a) in &new.arrivals {
            let state = match &a.state {
                ArrivalState::Arrived { at, via: v } => ArrivalState::Arrived { at: *at, via: via(&f, v)? },
                state => state.clone(),
            };
            arrivals.insert(f(*k)?, Arrival { by: f(a.by)?, state, ..a.clone() });
        }
        new.arrivals = arrivals;
        new.attempted = new.attempted.iter().map(|x| f(*x)).collect::<Result<BTreeSet<_>, _>>()?;
        new.leader = new.leader.map(f).transpose()?;
        new.untold = self.untold.iter().map(|(k, u)| Ok((f(*k)?, u.clone()))).collect::<Result<_, P::Gone>>()?;
        new.data_confirmed = new.data_confirmed.map(f).transpose()?;
        new.reporter = f(new.reporter)?;
        new.plan = plan;
        Ok(new)
    }
}

fn via<Gone>(f: &impl Fn(FunctionIx) -> Result<FunctionIx, Gone>, via: &Via) -> Result<Via, Gone> {
    Ok(match via {
        Via::Phone { noted_by } => Via::Phone { noted_by: f(*noted_by)? },
        Via::Paper { noted_by } => Via::Paper { noted_by: f(*noted_by)? },
        via => via.clone(),
    })
}
