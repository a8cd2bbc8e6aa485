//! Recurring conferences (INCIDENTS lesson 10: 18 heads, twice a day). Each round calls whoever holds each function then;
//! attendance is an answer; its owner is told who is missing, and that is shown.

use super::Decider;
use crate::domain::ids::{FunctionIx, IncidentNo};
use crate::domain::incident::event::Change;
use crate::domain::incident::steps::{CALL_BEFORE_S, MISSING_AFTER_S, ROUNDS_MAX, Round, Step};
use crate::domain::incident::values::{StepAsk, StepEnd};
use crate::domain::private::Private;
use crate::domain::words::NoteWord;

impl Decider<'_> {
    pub(super) fn conference_due(&mut self, no: IncidentNo, step: &Step) {
        match step.rounds.last() {
            Some(round) if !round.told => self.roll(no, step, round),
            // The program slept through it: nobody is called to what is over.
            _ if self.now > step.new.due + MISSING_AFTER_S => self.next_round(no, step, step.new.due),
            _ => self.call_round(no, step.id),
        }
    }

    /// Calls whoever holds each function, with a code for this round.
    pub(super) fn call_round(&mut self, no: IncidentNo, id: u32) {
        let Some(step) = self.inc(no).steps.get(id as usize).cloned() else { return };
        let code = self.code();
        let at = step.new.due;
        let title = step.new.title.clone();
        let number = format!("S{}", step.number());
        let (mut called, mut notes) = (Vec::new(), Vec::new());
        for (who, functions) in self.by_holder(no, &step.new.to) {
            let before = super::release::count(self.inc(no).notes.len());
            self.note(no, who, NoteWord::ConferenceCall, &|n| {
                vec![
                    ("number", number.clone()),
                    ("what", title.get(n.lang).to_owned()),
                    ("time", n.time(at)),
                    ("code", code.clone()),
                ]
            });
            notes.extend(before..super::release::count(self.inc(no).notes.len()));
            called.extend(functions.into_iter().map(|function| StepAsk { function, who }));
        }
        let next_check = at.max(self.now) + MISSING_AFTER_S;
        self.emit(no, Change::StepRound { step: id, at, code: code.into(), called, notes, next_check });
    }

    /// Its owner hears who is missing; the next round comes.
    fn roll(&mut self, no: IncidentNo, step: &Step, round: &Round) {
        let missing = missing(round);
        if !missing.is_empty() {
            let plan = self.plan(no);
            let owner = self.holds(&plan, step.new.owner);
            self.step_note(no, step.id, owner, NoteWord::ConferenceMissing, &missing, "");
        }
        self.next_round(no, step, round.at);
    }

    fn next_round(&mut self, no: IncidentNo, step: &Step, last: crate::domain::time::At) {
        let plan = self.plan(no);
        let next = match &step.new.beat {
            Some(beat) if step.rounds.len() < ROUNDS_MAX => beat.next(&plan.calendar, Some(last), self.now),
            _ => {
                self.end_step(no, step.id, StepEnd::Over, None, &Private::default());
                return;
            }
        };
        let next_check = (next - CALL_BEFORE_S).max(self.now);
        self.emit(no, Change::StepRolled { step: step.id, due: next, next_check });
    }
}

/// Functions that were called and did not say that they are there.
pub(super) fn missing(round: &Round) -> Vec<FunctionIx> {
    let mut all: Vec<FunctionIx> = round.called.iter().map(|c| c.function).collect();
    all.sort_unstable();
    all.dedup();
    all.retain(|f| !round.answers.get(f).is_some_and(|a| a.yes));
    all
}
