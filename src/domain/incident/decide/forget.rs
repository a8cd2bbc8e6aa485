//! Before private values of an incident are forgotten it leaves memory: nothing may still need them.

use super::{Decider, ids};
use crate::domain::delivery::DeliveryState;
use crate::domain::ids::{FunctionId, IncidentNo};
use crate::domain::incident::event::Change;
use crate::domain::incident::refused::{Refused, refuse};
use crate::domain::incident::values::Phase;

impl Decider<'_> {
    /// A closed incident leaves memory now, on the word of a function that may lead any, or because its time is over.
    pub(super) fn leave_memory(&mut self, no: IncidentNo, by: Option<&FunctionId>) -> Result<(), Refused> {
        let plan = self.state.plan.clone();
        if let Some(by) = by {
            let function = self.duty(&plan, by)?;
            if !self.acts_for(&plan, function, &plan.region.command) {
                return Err(refuse!(NotYoursForget { by, incident: no, may: ids(&plan, &plan.region.command) }));
            }
        }
        let inc = match self.state.incidents.get(&no) {
            Some(inc) => inc,
            None if self.state.archived.contains_key(&no) => {
                self.forget_after(no);
                return Ok(());
            }
            None => return self.open(no).map(|_| ()),
        };
        if inc.phase != Phase::Closed {
            return Err(refuse!(NotClosed { incident: no }));
        }
        let under_way = |s: DeliveryState| matches!(s, DeliveryState::Queued | DeliveryState::Attempting);
        if !inc.is_settled() || inc.deliveries.iter().any(|d| under_way(d.state)) {
            return Err(refuse!(NotClosedUnderWay { incident: no }));
        }
        self.emit(no, Change::Archived);
        self.forget_after(no);
        Ok(())
    }
}
