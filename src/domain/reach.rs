//! What is down when something is down, and what still stands: the closure over `needs` (INCIDENTS lessons 8, 20, 25).

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

/// What is down when these systems and this infrastructure are.
pub fn down(plan: &Plan, systems: &[SystemId], infra: &[InfraId]) -> Down {
    let mut down = Down { infra: infra.iter().cloned().collect(), systems: systems.iter().cloned().collect() };
    loop {
        let before = (down.infra.len(), down.systems.len());
        for i in &plan.infra {
            if !down.infra.contains(&i.id) && !down.stands(&i.needs) {
                down.infra.insert(i.id.clone());
            }
        }
        for s in &plan.systems {
            let hangs = !down.stands(&s.needs) || s.needs_systems.iter().any(|n| down.systems.contains(n));
            if hangs && !down.systems.contains(&s.id) {
                down.systems.insert(s.id.clone());
            }
        }
        if before == (down.infra.len(), down.systems.len()) {
            return down;
        }
    }
}
