//! What is down when something is down, and what still stands: the closure over `needs` (INCIDENTS lessons 8, 20, 25).
//!
//! Here is what an open incident asks: what it takes down, batteries not counted on. In [`left`] a whole plan is asked what is left of it
//! without some of it, and in [`targets`] what it takes to silence somebody.

pub mod cuts;
pub mod left;
pub mod net;
pub mod targets;
pub mod worst;

use std::collections::BTreeSet;

use super::ids::{InfraId, SystemId};
use super::incident::state::Incident;
use super::plan::{Needs, Plan, Playbook};

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

/// What an incident takes down: by its playbook, and by what people named (RULES D14).
pub fn down_of(inc: &Incident) -> Down {
    down_by(&inc.plan, inc.book(), &inc.down)
}

/// What a playbook takes down, with what people named beside.
pub fn down_by(plan: &Plan, book: &Playbook, named: &[InfraId]) -> Down {
    let infra: Vec<InfraId> = book.infra.iter().chain(named).cloned().collect();
    down(plan, &book.systems, &infra)
}

/// What is down when these systems and this infrastructure are. Infrastructure that holds itself up only in a circle is down; a name
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
