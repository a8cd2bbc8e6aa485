//! An open incident moves to another plan: positions are looked up anew by ID; what is still used must still be there.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use super::apply::ApplyError;
use super::state::{AskState, EntryState, Incident, ProposalState, ReleasedBy, Via};
use super::steps::{Arrival, ArrivalState, StepAnswer, StepAsk, StepState};
use crate::domain::delivery::DeliveryState;
use crate::domain::ids::{FunctionIx, PointIx};
use crate::domain::plan::Plan;

/// Moves the incident.
///
/// # Errors
/// A function, duty point, language or playbook that it uses is gone.
pub fn adopt(inc: &mut Incident, plan: Arc<Plan>) -> Result<(), ApplyError> {
    let old = inc.plan.clone();
    if !plan.playbooks.contains_key(&inc.playbook) {
        return Err(ApplyError(format!("the new configuration has no playbook {}", inc.playbook)));
    }
    if plan.region.languages != old.region.languages {
        return Err(ApplyError("the new configuration has other languages".into()));
    }
    let rungs = |p: &Plan| {
        let levels: Vec<String> = p.ladders.levels.iter().map(|l| l.id.clone()).collect();
        (levels, p.ladders.modes.iter().map(|m| m.id.clone()).collect::<Vec<_>>())
    };
    if rungs(&plan) != rungs(&old) {
        return Err(ApplyError("the new configuration has other levels or modes".into()));
    }
    if let Some(site) = inc.sites.iter().find(|s| !plan.region.sites.iter().any(|n| n.id == **s)) {
        return Err(ApplyError(format!("the new configuration has no site {site}")));
    }
    let functions = map_functions(&old, &plan);
    let points = map_points(&old, &plan, &functions);
    let f = |x: FunctionIx| -> Result<FunctionIx, ApplyError> {
        functions
            .get(&x)
            .copied()
            .ok_or_else(|| ApplyError(format!("the new configuration has no function {}", old.function(x).id)))
    };
    let all = |xs: &[FunctionIx]| xs.iter().map(|x| f(*x)).collect::<Result<Vec<_>, _>>();

    let mut new = inc.clone();
    for d in &mut new.deliveries {
        let before = old.point(d.point);
        let gone = |what: &str| {
            let whose: Vec<&str> = before.functions.iter().map(|f| old.function(*f).id.as_str()).collect();
            ApplyError(format!("{what} of {} that was used is gone", whose.join(", ")))
        };
        d.point = *points.get(&d.point).ok_or_else(|| gone("a duty point"))?;
        let gateways = &plan.point(d.point).gateways;
        let same = before
            .gateways
            .get(usize::from(d.gateway))
            .and_then(|g| gateways.iter().position(|n| plan.gateway(*n).id == old.gateway(*g).id));
        let under_way = matches!(d.state, DeliveryState::Queued | DeliveryState::Attempting | DeliveryState::Unknown);
        match same {
            Some(place) => d.gateway = u8::try_from(place).unwrap_or(u8::MAX),
            None if under_way || gateways.is_empty() => return Err(gone("a gateway")),
            // What ended over a gateway that is gone stands under the first one.
            None => d.gateway = 0,
        }
    }
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
    new.asks = inc.asks.renumbered(|a| {
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
    for p in &mut new.proposals {
        p.asked = all(&p.asked)?;
        for step in &mut p.next {
            step.decides = f(step.decides)?;
        }
        if let ProposalState::Accepted { by, .. } | ProposalState::Declined { by, .. } = &mut p.state {
            *by = f(*by)?;
        }
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
        let asks = |list: &mut Vec<StepAsk>| -> Result<(), ApplyError> {
            for a in list {
                *a = StepAsk { function: f(a.function)?, who: f(a.who)? };
            }
            Ok(())
        };
        let answers = |of: &BTreeMap<FunctionIx, StepAnswer>| -> Result<BTreeMap<FunctionIx, StepAnswer>, ApplyError> {
            let one = |(k, a): (&FunctionIx, &StepAnswer)| {
                Ok((f(*k)?, StepAnswer { by: f(a.by)?, via: via(&f, &a.via)?, ..a.clone() }))
            };
            of.iter().map(one).collect()
        };
        asks(&mut s.asked)?;
        s.answers = answers(&s.answers)?;
        for round in &mut s.rounds {
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
    new.data_confirmed = new.data_confirmed.map(f).transpose()?;
    new.reporter = f(new.reporter)?;
    new.plan = plan;
    *inc = new;
    Ok(())
}

fn via(f: &impl Fn(FunctionIx) -> Result<FunctionIx, ApplyError>, via: &Via) -> Result<Via, ApplyError> {
    Ok(match via {
        Via::Phone { noted_by } => Via::Phone { noted_by: f(*noted_by)? },
        via => via.clone(),
    })
}

fn map_functions(old: &Plan, new: &Plan) -> BTreeMap<FunctionIx, FunctionIx> {
    (0u32..)
        .zip(&old.functions)
        .filter_map(|(i, f)| new.function_ix(f.id.as_str()).map(|n| (FunctionIx(i), n)))
        .collect()
}

/// A point is the same when it is the same place in the list of one of its functions' points of that channel.
fn map_points(old: &Plan, new: &Plan, functions: &BTreeMap<FunctionIx, FunctionIx>) -> BTreeMap<PointIx, PointIx> {
    let nth = |plan: &Plan, f: FunctionIx, p: PointIx| {
        let channel = plan.point(p).channel;
        plan.function(f).points.iter().filter(|q| plan.point(**q).channel == channel).position(|q| *q == p)
    };
    let mut map = BTreeMap::new();
    for (i, point) in (0u32..).zip(&old.points) {
        let p = PointIx(i);
        let found = point.functions.iter().find_map(|f| {
            let place = nth(old, *f, p)?;
            let there = &new.functions.get(functions.get(f)?.ix())?.points;
            there.iter().copied().filter(|q| new.point(*q).channel == point.channel).nth(place)
        });
        if let Some(q) = found {
            map.insert(p, q);
        }
    }
    map
}
