//! Interventions (INCIDENTS lesson 36: remote cleaning froze a treatment PC mid-treatment). Announced to everybody concerned
//! with the code that stops it; it does not begin before everybody was reached. Silence is consent, being unreached is not.

use super::Decider;
use crate::domain::ids::{FunctionIx, IncidentNo};
use crate::domain::incident::asks::next_to_ask;
use crate::domain::incident::event::Change;
use crate::domain::incident::standing::unreached;
use crate::domain::incident::steps::{HELD_AGAIN_S, Step, StepState};
use crate::domain::incident::values::Via;
use crate::domain::incident::values::{StepAsk, StepEnd};
use crate::domain::private::Private;
use crate::domain::words::NoteWord;

/// The owner is told anew that it waits each time it was looked at so often.
const HELD_TOLD_EACH: u32 = 3;

impl Decider<'_> {
    /// The notice goes to whoever holds each function that it concerns.
    pub(super) fn announce(&mut self, no: IncidentNo, id: u32) {
        let Some(step) = self.inc(no).steps.get(id as usize).cloned() else { return };
        let (mut asked, mut notes) = (Vec::new(), Vec::new());
        for (who, functions) in self.by_holder(no, &step.new.to) {
            notes.extend(self.step_note(no, id, who, NoteWord::InterventionNotice, &[], ""));
            asked.extend(functions.into_iter().map(|function| StepAsk { function, who }));
        }
        // Who did not begin it himself must know what he is to do, and when.
        let plan = self.plan(no);
        let owner = self.holds(&plan, step.new.owner);
        let began = step.new.by.is_some_and(|by| self.acts_for(&plan, by, &[step.new.owner]));
        if !began && !asked.iter().any(|a| a.who == owner) {
            self.step_note(no, id, owner, NoteWord::InterventionNotice, &[], "");
        }
        self.emit(no, Change::StepTold { step: id, asked, notes, late: 0, next_check: step.new.next_check });
    }

    pub(super) fn intervention_due(&mut self, no: IncidentNo, step: &Step) {
        if let StepState::Begun { at } = step.state {
            self.step_late(no, step, at + step.new.lasts_s);
            return;
        }
        let missing = unreached(self.inc(no), step);
        let (asked, notes) = self.beside(no, step, &missing);
        if self.now < step.new.due {
            self.emit(no, Change::StepTold { step: step.id, asked, notes, late: 0, next_check: step.new.due });
            return;
        }
        let plan = self.plan(no);
        let owner = self.holds(&plan, step.new.owner);
        if missing.is_empty() {
            self.emit(no, Change::StepBegun { step: step.id, next_check: self.now + step.new.lasts_s });
            self.step_note(no, step.id, owner, NoteWord::InterventionGo, &[], "");
            return;
        }
        if step.late.is_multiple_of(HELD_TOLD_EACH) {
            self.step_note(no, step.id, owner, NoteWord::InterventionHeld, &missing, "");
        }
        let next_check = self.now + HELD_AGAIN_S;
        self.emit(no, Change::StepTold { step: step.id, asked, notes, late: step.late + 1, next_check });
    }

    /// Functions that nothing reached: their deputies get the notice too.
    fn beside(&mut self, no: IncidentNo, step: &Step, missing: &[FunctionIx]) -> (Vec<StepAsk>, Vec<u32>) {
        let plan = self.plan(no);
        let (mut asked, mut notes) = (Vec::new(), Vec::new());
        for &function in missing {
            let tried: Vec<FunctionIx> = step.asked.iter().filter(|a| a.function == function).map(|a| a.who).collect();
            if let Some(who) = next_to_ask(&plan, function, &tried, self.now) {
                if !asked.iter().any(|a: &StepAsk| a.who == who) {
                    notes.extend(self.step_note(no, step.id, who, NoteWord::InterventionNotice, &[], ""));
                }
                asked.push(StepAsk { function, who });
            }
        }
        (asked, notes)
    }

    /// Somebody says stop. Before it began it ends; after that its owner is told at once, and breaks off if that is possible.
    pub(super) fn veto(
        &mut self,
        no: IncidentNo,
        id: u32,
        by: FunctionIx,
        functions: Vec<FunctionIx>,
        reason: &Private,
        via: Via,
    ) {
        let Some(step) = self.inc(no).steps.get(id as usize).cloned() else { return };
        let at = self.now;
        match step.state {
            StepState::Open => {
                self.emit(no, Change::StepAnswered { step: id, functions, by, yes: false, at, via });
                self.end_step(no, id, StepEnd::Stopped, Some(by), reason);
            }
            StepState::Begun { .. } => {
                self.emit(no, Change::StepAnswered { step: id, functions, by, yes: false, at, via });
                let plan = self.plan(no);
                let mut to = vec![self.holds(&plan, step.new.owner)];
                to.extend(plan.region.last_resort.first().map(|l| self.holds(&plan, *l)));
                to.dedup();
                for f in to {
                    self.step_note(no, id, f, NoteWord::InterventionStopLate, &[by], reason.as_str());
                }
            }
            StepState::Ended { .. } => {}
        }
    }
}
