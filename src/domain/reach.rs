//! What is down when something is down, and what still stands: the closure over `needs` (INCIDENTS lessons 8, 20, 25).
//!
//! Here is what an open incident asks: what it takes down in the end, and what of it has fallen by now, since batteries hold for a while.
//! In [`left`] a whole plan is asked what is left of it without some of it, and in [`targets`] what it takes to silence somebody.

pub mod cuts;
pub mod left;
pub mod net;
pub mod targets;
pub mod worst;

use std::collections::{BTreeMap, BTreeSet};

use self::net::{Net, Node, NodeIx, Nodes, Wants, When};
use super::ids::{InfraId, SystemId};
use super::incident::state::Incident;
use super::plan::{Needs, Plan, Playbook};
use super::time::At;

/// The most infrastructure that is looked at as a net: what is found grows with its square.
pub const NODES_MAX: usize = 4_096;

/// Everything that does not work.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct Down {
    /// Infrastructure.
    pub infra: BTreeSet<InfraId>,
    /// Systems: those that were named and all that hang on them or on the infrastructure.
    pub systems: BTreeSet<SystemId>,
}

impl Down {
    /// Whether these needs are met: all of the list, any one of each.
    pub fn stands(&self, needs: &Needs) -> bool {
        needs.iter().all(|any| any.iter().any(|i| !self.infra.contains(i)))
    }
}

/// What an incident takes down in the end: by its playbook, and by what people named (RULES D14).
pub fn down_of(inc: &Incident) -> Down {
    down_by(&inc.plan, inc.book(), &inc.down)
}

/// What infrastructure of it has fallen by now: a way that a battery still carries is a way (INCIDENTS lesson 48). The batteries count
/// from when the fault began; what was named later has none the longer. Systems are not looked at.
pub fn fallen(inc: &Incident, now: At) -> Down {
    let infra: Vec<InfraId> = inc.book().infra.iter().chain(&inc.down).cloned().collect();
    down_after(&inc.plan, &infra, u64::from(now.seconds_since(inc.facts.since)))
}

/// What a playbook takes down, with what people named beside.
pub fn down_by(plan: &Plan, book: &Playbook, named: &[InfraId]) -> Down {
    let infra: Vec<InfraId> = book.infra.iter().chain(named).cloned().collect();
    down(plan, &book.systems, &infra)
}

/// What infrastructure is down so many seconds after this was lost. Systems are not looked at.
pub fn down_after(plan: &Plan, infra: &[InfraId], after_s: u64) -> Down {
    // Batteries in chains add up: when all of them together would be empty, each is.
    let holds_s: u64 = plan.infra.iter().filter_map(|i| i.holds_s).map(u64::from).sum();
    let Some((net, places)) = net_of(plan) else { return down(plan, &[], infra) };
    let mut lost = Nodes::none(net.count());
    for n in infra.iter().filter_map(|i| places.get(i)) {
        lost.put(*n);
    }
    let mut up = net.standing(&lost, if after_s < holds_s { When::AtOnce } else { When::AfterBatteries });
    if after_s < holds_s {
        for fall in net.falls(&lost).iter().filter(|f| f.after_s <= after_s) {
            fall.nodes.iter().for_each(|n| up.take(*n));
        }
    }
    let is_down = |i: &&InfraId| places.get(*i).is_some_and(|n| !up.has(*n));
    let infra = plan.infra.iter().map(|i| &i.id).filter(is_down).chain(infra).cloned().collect();
    Down { infra, systems: BTreeSet::new() }
}

/// The infrastructure of a plan as a net, and where each of it is there. What the plan does not have counts as up. `None`: there is more
/// than [`NODES_MAX`].
fn net_of(plan: &Plan) -> Option<(Net, BTreeMap<&InfraId, NodeIx>)> {
    if plan.infra.len() > NODES_MAX {
        return None;
    }
    let places = plan.infra.iter().enumerate().filter_map(|(i, x)| Some((&x.id, NodeIx::try_from(i).ok()?))).collect();
    let node = |x: &super::plan::Infra| Node { needs: wants(&places, &x.needs), holds_s: x.holds_s.unwrap_or(0) };
    Some((Net::new(plan.infra.iter().map(node).collect()), places))
}

/// Needs, as places in a net.
fn wants(places: &BTreeMap<&InfraId, NodeIx>, needs: &Needs) -> Wants {
    let known = needs.iter().filter(|any| any.iter().all(|n| places.contains_key(n)));
    known.map(|any| any.iter().filter_map(|n| places.get(n).copied()).collect()).collect()
}

/// What is down in the end when these systems and this infrastructure are. Infrastructure that holds itself up only in a circle is down; a name
/// that the plan does not have counts as up.
pub fn down(plan: &Plan, systems: &[SystemId], infra: &[InfraId]) -> Down {
    let mut down = Down { infra: plan.infra.iter().map(|i| i.id.clone()).collect(), systems: BTreeSet::new() };
    loop {
        let before = down.infra.len();
        for i in plan.infra.iter().filter(|i| !infra.contains(&i.id)) {
            if down.infra.contains(&i.id) && down.stands(&i.needs) {
                down.infra.remove(&i.id);
            }
        }
        if down.infra.len() == before {
            break;
        }
    }
    down.infra.extend(infra.iter().cloned());
    down.systems = systems_down(plan, &down, systems);
    down
}

/// Those systems, and all that hang on them or on what is down.
fn systems_down(plan: &Plan, down: &Down, named: &[SystemId]) -> BTreeSet<SystemId> {
    let mut lost: BTreeSet<SystemId> = named.iter().cloned().collect();
    loop {
        let before = lost.len();
        for s in &plan.systems {
            if !down.stands(&s.needs) || s.needs_systems.iter().any(|n| lost.contains(n)) {
                lost.insert(s.id.clone());
            }
        }
        if lost.len() == before {
            return lost;
        }
    }
}
