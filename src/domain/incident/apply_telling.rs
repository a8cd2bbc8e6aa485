//! Carries out who was told for whom it answers, and who is told later (RULES C12).

use std::collections::BTreeSet;

use super::event::{ApplyError, Batch, Change};
use super::state::{Delivery, Incident, Untold};
use super::values::Item;
use crate::domain::ids::FunctionIx;
use crate::domain::time::At;

impl Incident {
    pub(super) fn apply_telling(&mut self, at: At, change: &Change) -> Result<(), ApplyError> {
        match change {
            Change::Untold { who, asks, at: then } => {
                let untold = self.untold.entry(*who).or_insert_with(|| Untold { asks: BTreeSet::new(), at: *then });
                untold.asks.extend(asks);
                untold.at = *then;
            }
            Change::Told { who, asks, batch } => {
                self.add_batch(at, batch)?;
                self.name_to(at, batch, std::slice::from_ref(who));
                if let Some(untold) = self.untold.get_mut(who) {
                    untold.asks.retain(|id| !asks.contains(id));
                }
                self.untold.retain(|_, u| !u.asks.is_empty());
            }
            Change::AlarmNamed { asks } => {
                self.alarm_untold.retain(|id| !asks.contains(id));
                self.alarm_told = Some(at);
            }
            _ => {}
        }
        Ok(())
    }

    /// Points where one of these is reached were told now for whom they answer; a holding text names nobody.
    pub(super) fn name_to(&mut self, at: At, batch: &Batch, who: &[FunctionIx]) {
        if batch.flags & Delivery::OTHER_TEXT != 0 {
            return;
        }
        let plan = self.plan.clone();
        let theirs = batch.sends.iter().filter(|s| plan.point(s.point).functions.iter().any(|f| who.contains(f)));
        self.named.extend(theirs.map(|s| (s.point, at)));
    }

    /// A text names everybody that its receiver answers for by then: nobody has to be told of them later.
    pub(super) fn names_all(&mut self, batch: &Batch) {
        let Item::Message(message) = batch.item else { return };
        if batch.flags & Delivery::OTHER_TEXT != 0 || self.untold.is_empty() {
            return;
        }
        let told: BTreeSet<FunctionIx> =
            batch.sends.iter().flat_map(|s| self.plan.point(s.point).functions.iter().copied()).collect();
        let asks = &self.asks;
        let other = |id: &u32| asks.get(*id as usize).is_some_and(|a| a.message != message);
        for (_, untold) in self.untold.iter_mut().filter(|(f, _)| told.contains(f)) {
            untold.asks.retain(other);
        }
        self.untold.retain(|_, u| !u.asks.is_empty());
    }
}
