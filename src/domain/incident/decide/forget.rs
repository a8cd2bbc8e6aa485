//! Before private values of an incident are forgotten it leaves memory: nothing may still need them.

use super::Decider;
use crate::domain::delivery::DeliveryState;
use crate::domain::ids::{FunctionId, IncidentNo};
use crate::domain::incident::event::Change;
use crate::domain::incident::input::Refused;
use crate::domain::incident::values::Phase;

impl Decider<'_> {
    /// A closed incident leaves memory now, on the word of a function that may lead any, or because its time is over.
    pub(super) fn leave_memory(&mut self, no: IncidentNo, by: Option<&FunctionId>) -> Result<(), Refused> {
        let plan = self.state.plan.clone();
        if let Some(by) = by {
            let function = self.duty(&plan, by)?;
            if !self.acts_for(&plan, function, &plan.region.command) {
                let names: Vec<&str> = plan.region.command.iter().map(|f| plan.function(*f).id.as_str()).collect();
                let why = format!("{by} may not have the private values of {no} forgotten");
                return Err(Refused::new("not-yours", why, format!("these may: {}", names.join(", "))));
            }
        }
        let inc = match self.state.incidents.get(&no) {
            Some(inc) => inc,
            None if self.state.archived.contains_key(&no) => return Ok(()),
            None => return self.open(no).map(|_| ()),
        };
        if inc.phase != Phase::Closed {
            let why = format!("incident {no} is not closed: its addresses and notes are still needed");
            return Err(Refused::new("not-closed", why, format!("`vardkase all-clear {no}` first")));
        }
        let under_way = |s: DeliveryState| matches!(s, DeliveryState::Queued | DeliveryState::Attempting);
        if !inc.is_settled() || inc.deliveries.iter().any(|d| under_way(d.state)) {
            let why = format!("incident {no} is closed, and something of it is still under way or to be decided");
            let help = format!("`vardkase status {no}` shows what; a day after that it is settled by itself");
            return Err(Refused::new("not-closed", why, help));
        }
        self.emit(no, Change::Archived);
        Ok(())
    }
}
