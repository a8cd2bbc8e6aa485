//! Carries out what happens to steps and arrivals.

use std::sync::Arc;

use super::event::{ApplyError, Change};
use super::state::Incident;
use super::steps::{ArrivalState, Round, Step, StepAnswer, StepState};
use crate::domain::ids::FunctionIx;
use crate::domain::step::StepKind;
use crate::domain::time::At;

impl Incident {
    fn step_mut(&mut self, id: u32) -> Result<&mut Step, ApplyError> {
        self.steps.get_mut(id as usize).ok_or_else(|| ApplyError(format!("there is no step {id}")))
    }

    pub(super) fn apply_step(&mut self, now: At, change: &Change) -> Result<(), ApplyError> {
        match change {
            Change::StepOpened { step } => {
                let id = u32::try_from(self.steps.len()).unwrap_or(u32::MAX);
                self.steps.push(Step {
                    id,
                    new: step.clone(),
                    since: now,
                    asked: Vec::new(),
                    notes: Vec::new(),
                    answers: Default::default(),
                    rounds: Vec::new(),
                    spent: Vec::new(),
                    late: 0,
                    state: StepState::Open,
                });
            }
            Change::StepTold { step, asked, notes, late, next_check } => {
                let step = self.step_mut(*step)?;
                step.asked.extend(asked);
                step.notes.extend(notes);
                if let Some(round) = step.rounds.last_mut().map(Arc::make_mut) {
                    round.called.extend(asked);
                }
                step.late = *late;
                step.new.next_check = *next_check;
            }
            Change::StepRound { step, at, code, called, notes, next_check } => {
                let step = self.step_mut(*step)?;
                let before = std::mem::replace(&mut step.new.code, code.clone());
                step.spent.push(before);
                step.new.due = *at;
                step.new.next_check = *next_check;
                step.asked.clone_from(called);
                step.notes.clone_from(notes);
                let round = Round { at: *at, called: called.clone(), answers: Default::default(), told: false };
                step.rounds.push(Arc::new(round));
            }
            Change::StepRolled { step, due, next_check } => {
                let step = self.step_mut(*step)?;
                if let Some(round) = step.rounds.last_mut().map(Arc::make_mut) {
                    round.told = true;
                }
                step.new.due = *due;
                step.new.next_check = *next_check;
            }
            Change::StepAnswered { step, functions, by, yes, at, via } => {
                let step = self.step_mut(*step)?;
                let answer = StepAnswer { by: *by, yes: *yes, at: *at, via: via.clone() };
                for f in functions {
                    let answers = match step.rounds.last_mut() {
                        Some(round) if step.new.kind == StepKind::Conference => &mut Arc::make_mut(round).answers,
                        _ => &mut step.answers,
                    };
                    answers.insert(*f, answer.clone());
                }
            }
            Change::StepBegun { step, next_check } => {
                let step = self.step_mut(*step)?;
                step.state = StepState::Begun { at: now };
                step.new.next_check = *next_check;
                step.late = 0;
            }
            Change::StepMoved { step, due, next_check, .. } => {
                let step = self.step_mut(*step)?;
                step.new.due = *due;
                step.new.next_check = *next_check;
                step.late = 0;
                if step.new.kind == StepKind::Intervention {
                    // Those who were reached for the old time were not asked for the new one.
                    step.asked.clear();
                    step.notes.clear();
                    step.answers.clear();
                }
            }
            Change::StepEnded { step, end, by, words } => {
                let step = self.step_mut(*step)?;
                step.state = StepState::Ended { end: *end, by: *by, at: now, words: words.clone() };
            }
            Change::Arrived { functions, by, at, via } => {
                for f in functions {
                    if let Some(arrival) = self.arrivals.get_mut(f) {
                        arrival.by = *by;
                        arrival.state = ArrivalState::Arrived { at: *at, via: via.clone() };
                    }
                }
            }
            Change::ArrivalMissed { functions } => {
                for f in functions {
                    if let Some(arrival) = self.arrivals.get_mut(f) {
                        arrival.state = ArrivalState::Missed;
                    }
                }
            }
            _ => {}
        }
        Ok(())
    }

    /// The answer that somebody was to come after was taken back.
    pub(super) fn forget_arrival(&mut self, function: FunctionIx, ask: u32) {
        if self.arrivals.get(&function).is_some_and(|a| a.ask == ask && a.state != ArrivalState::Missed) {
            self.arrivals.remove(&function);
        }
    }
}
