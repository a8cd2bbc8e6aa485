//! Carries out what was written after an incident, and keeps what it was when it is over.
//!
//! Must not: ask a rule, as [`super::apply`].

use super::after::{AFTER_INCIDENTS_MAX, After, AfterChange, Ended, Said};
use super::state::{Incident, State};
use crate::domain::drills::DrillEnd;
use crate::domain::ids::{FunctionId, FunctionIx, IncidentNo};
use crate::domain::private::Private;
use crate::domain::time::At;

impl After {
    fn apply(&mut self, at: At, by: Option<&FunctionId>, change: &AfterChange) {
        let by = by.cloned();
        match change {
            AfterChange::Improvement(new) => {
                self.none_needed = None;
                let place = usize::try_from(new.id).unwrap_or(usize::MAX).saturating_sub(1);
                let said = Said { at, by, what: new.clone() };
                match self.improvements.get_mut(place) {
                    Some(before) => *before = said,
                    None => self.improvements.push(said),
                }
            }
            AfterChange::NoneNeeded(why) => self.none_needed = Some(Said { at, by, what: why.clone() }),
            AfterChange::Remark(remark) => self.remarks.push(Said { at, by, what: remark.clone() }),
            AfterChange::Feedback(feedback) => {
                if let Some(function) = by {
                    *self.feedback_times.entry(function.clone()).or_default() += 1;
                    let said = Said { at, by: Some(function.clone()), what: feedback.clone() };
                    self.feedback.insert(function, said);
                }
            }
            AfterChange::Rated(rated) => {
                drop(self.ratings.insert(rated.objective, Said { at, by, what: rated.clone() }))
            }
            AfterChange::PlanMissing(count) => self.told_missing = *count,
            // What it was stays, and what is planned by when; no word that somebody wrote does.
            AfterChange::Forgotten => {
                let forget = &mut |value: &mut Private| -> Result<(), std::convert::Infallible> {
                    *value = Private::default();
                    Ok(())
                };
                let Ok(()) = self.change_private(forget);
                self.forgotten = true;
            }
        }
    }
}

impl State {
    /// Carries out what was written.
    pub(super) fn apply_after(&mut self, at: At, no: IncidentNo, by: Option<&FunctionId>, change: &AfterChange) {
        self.after_of(no).apply(at, by, change);
    }

    /// It is over: what it was is kept for what follows.
    pub(super) fn keep_after(&mut self, at: At, no: IncidentNo) {
        if let Some(inc) = self.incidents.get(&no) {
            let ended = ended(at, inc);
            self.after_of(no).ended = Some(ended);
        }
    }

    fn after_of(&mut self, no: IncidentNo) -> &mut After {
        if self.after.len() >= AFTER_INCIDENTS_MAX && !self.after.contains_key(&no) {
            let age = |(no, a): (&IncidentNo, &After)| {
                (a.ended.is_none() || a.has_open(), a.ended.as_ref().map_or(At(i64::MAX), |e| e.at), *no)
            };
            if let Some((.., oldest)) = self.after.iter().map(age).min() {
                self.after.remove(&oldest);
            }
        }
        self.after.entry(no).or_default()
    }
}

fn ended(at: At, inc: &Incident) -> Ended {
    let plan = &inc.plan;
    let id = |f: FunctionIx| plan.functions.get(f.ix()).map(|f| f.id.clone());
    let ordered = inc.drill.as_deref().map_or(&[][..], |d| &d.leads[..]);
    let owners = inc.book().systems.iter().filter_map(|s| plan.system(s)).filter_map(|s| id(s.owner));
    let reporter = id(inc.reporter);
    let mut leads: Vec<FunctionId> = reporter.iter().cloned().chain(owners).chain(ordered.iter().cloned()).collect();
    leads.sort_unstable();
    leads.dedup();
    let led_by = inc.leader.and_then(id).or_else(|| ordered.first().cloned()).or(reporter);
    Ended {
        at,
        title: inc.drill.as_deref().map_or_else(|| inc.book().title.clone(), |d| d.title.clone()),
        led_by: led_by.unwrap_or_else(|| FunctionId::from("")),
        leads,
        objectives: u32::try_from(inc.objectives().len()).unwrap_or(u32::MAX),
        whole: matches!(inc.drill_end, None | Some(DrillEnd::Done)),
    }
}
