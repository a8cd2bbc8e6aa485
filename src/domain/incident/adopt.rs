//! An open incident moves to another plan: positions are looked up anew by ID; what is still used must still be there.

use std::cell::RefCell;
use std::collections::BTreeMap;
use std::sync::Arc;

use super::event::{MovedGateway, Renumbering};
use super::refused::{List, Refused, refuse};
use super::renumber::Positions;
use super::state::{Delivery, Incident};
use crate::domain::delivery::DeliveryState;
use crate::domain::ids::{FunctionIx, IncidentNo, PointIx};
use crate::domain::plan::Plan;

/// Where what the incident uses is in another plan.
///
/// # Errors
/// A function, duty point, language or playbook that it uses is gone.
pub fn moved(inc: &Incident, plan: &Arc<Plan>) -> Result<Renumbering, Refused> {
    let (old, incident): (&Plan, _) = (&inc.plan, inc.no);
    if !plan.playbooks.contains_key(&inc.playbook) {
        return Err(refuse!(CannotAdoptPlaybook { playbook: &inc.playbook, incident }));
    }
    if plan.region.languages != old.region.languages {
        return Err(refuse!(CannotAdoptLanguages { incident }));
    }
    let rungs = |p: &Plan| {
        let levels: Vec<String> = p.ladders.levels.iter().map(|l| l.id.clone()).collect();
        (levels, p.ladders.modes.iter().map(|m| m.id.clone()).collect::<Vec<_>>())
    };
    if rungs(plan) != rungs(old) {
        return Err(refuse!(CannotAdoptLadders { incident }));
    }
    if let Some(site) = inc.sites.iter().find(|s| !plan.region.sites.iter().any(|n| n.id == **s)) {
        return Err(refuse!(CannotAdoptSite { site, incident }));
    }
    let functions = map_functions(old, plan);
    let points = map_points(old, plan, &functions);
    let lookup = Lookup { incident, old, plan, functions, points, used: RefCell::default() };
    inc.renumbered(plan.clone(), &lookup)?;
    let used = lookup.used.into_inner();
    Ok(Renumbering {
        functions: used.functions.into_iter().collect(),
        points: used.points.into_iter().collect(),
        gateways: used.gateways.into_iter().map(|((point, from), to)| MovedGateway { point, from, to }).collect(),
    })
}

/// Looks positions up by ID, and keeps those that were asked for.
struct Lookup<'a> {
    incident: IncidentNo,
    old: &'a Plan,
    plan: &'a Plan,
    functions: BTreeMap<FunctionIx, FunctionIx>,
    points: BTreeMap<PointIx, PointIx>,
    used: RefCell<Used>,
}

#[derive(Default)]
struct Used {
    functions: BTreeMap<FunctionIx, FunctionIx>,
    points: BTreeMap<PointIx, PointIx>,
    gateways: BTreeMap<(PointIx, u8), u8>,
}

impl Positions for Lookup<'_> {
    type Gone = Refused;

    fn function(&self, f: FunctionIx) -> Result<FunctionIx, Refused> {
        let gone = || refuse!(CannotAdoptFunction { function: &self.old.function(f).id, incident: self.incident });
        let to = self.functions.get(&f).copied().ok_or_else(gone)?;
        self.used.borrow_mut().functions.insert(f, to);
        Ok(to)
    }

    fn delivery(&self, d: &Delivery) -> Result<(PointIx, u8), Refused> {
        let (incident, old, plan) = (self.incident, self.old, self.plan);
        let before = old.point(d.point);
        let functions = || List::of(before.functions.iter().map(|f| &old.function(*f).id));
        let gone = || refuse!(CannotAdoptPoint { functions: functions(), incident });
        let point = *self.points.get(&d.point).ok_or_else(gone)?;
        let gateways = &plan.point(point).gateways;
        let same = before
            .gateways
            .get(usize::from(d.gateway))
            .and_then(|g| gateways.iter().position(|n| plan.gateway(*n).id == old.gateway(*g).id));
        let under_way = matches!(d.state, DeliveryState::Queued | DeliveryState::Attempting | DeliveryState::Unknown);
        let gateway = match same {
            Some(place) => u8::try_from(place).unwrap_or(u8::MAX),
            None if under_way || gateways.is_empty() => {
                return Err(refuse!(CannotAdoptGateway { functions: functions(), incident }));
            }
            // What ended over a gateway that is gone stands under the first one.
            None => 0,
        };
        let mut used = self.used.borrow_mut();
        used.points.insert(d.point, point);
        used.gateways.insert((d.point, d.gateway), gateway);
        Ok((point, gateway))
    }
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
