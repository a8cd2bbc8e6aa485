//! Tasks and clocks of the authorities (INCIDENTS lessons 44, 50): asked of their owner, passed on when nobody takes them,
//! reminded, and told one rung up when they are late, until somebody ends them.

use super::Decider;
use crate::domain::ids::{FunctionIx, IncidentNo};
use crate::domain::incident::asks::{next_to_ask, within_s};
use crate::domain::incident::event::Change;
use crate::domain::incident::steps::{Step, StepState, again_s, looks_at};
use crate::domain::incident::values::StepAsk;
use crate::domain::step::StepKind;
use crate::domain::time::At;
use crate::domain::words::NoteWord;

impl Decider<'_> {
    /// Whoever can't passes it on: the deputy is asked at once.
    pub(super) fn ask_next(&mut self, no: IncidentNo, id: u32, function: FunctionIx) {
        let plan = self.plan(no);
        let Some(step) = self.inc(no).steps.get(id as usize).cloned() else { return };
        let asked: Vec<FunctionIx> = step.asked.iter().filter(|a| a.function == function).map(|a| a.who).collect();
        let Some(next) = next_to_ask(&plan, function, &asked, self.now) else { return };
        let word = match step.kind() {
            StepKind::Task | StepKind::Clock => NoteWord::StepWanted,
            StepKind::Intervention => NoteWord::InterventionNotice,
            StepKind::Conference => NoteWord::ConferenceCall,
            StepKind::Redirection => return,
        };
        let notes = self.step_note(no, id, next, word, &[], "");
        let (late, next_check) = (step.late, step.new.next_check);
        let asked = vec![StepAsk { function, who: next }];
        self.emit(no, Change::StepTold { step: id, asked, notes, late, next_check });
    }

    /// Somebody must see to it: whoever holds the owning duty is asked.
    pub(super) fn tell_owner(&mut self, no: IncidentNo, id: u32) {
        let plan = self.plan(no);
        let Some(step) = self.inc(no).steps.get(id as usize).cloned() else { return };
        let who = self.holds(&plan, step.new.owner);
        let notes = self.step_note(no, id, who, NoteWord::StepWanted, &[], "");
        let known = step.asked.iter().any(|a| a.who == who);
        let asked = if known { Vec::new() } else { vec![StepAsk { function: step.new.owner, who }] };
        self.emit(no, Change::StepTold { step: id, asked, notes, late: step.late, next_check: step.new.next_check });
    }

    pub(super) fn task_due(&mut self, no: IncidentNo, step: &Step) {
        if self.now >= step.new.due {
            self.step_late(no, step, step.new.due);
            return;
        }
        let plan = self.plan(no);
        let claimed = step.claimed();
        let half = step.since + step.new.due.seconds_since(step.since) / 2;
        let (mut asked, mut notes) = (Vec::new(), Vec::new());
        let remind: Vec<FunctionIx> = match claimed {
            Some(who) => vec![who],
            None => step.asked.iter().map(|a| a.who).collect(),
        };
        if claimed.is_none() || self.now >= half {
            for who in &remind {
                notes.extend(self.step_note(no, step.id, *who, NoteWord::StepReminder, &[], ""));
            }
        }
        if claimed.is_none()
            && let Some(next) = next_to_ask(&plan, step.new.owner, &remind, self.now)
        {
            notes.extend(self.step_note(no, step.id, next, NoteWord::StepWanted, &[], ""));
            asked.push(StepAsk { function: step.new.owner, who: next });
        }
        let claim_s = within_s(&plan, step.new.owner, None);
        let next_check = looks_at(step.since, step.new.due, claim_s, claimed.is_some(), self.now);
        self.emit(no, Change::StepTold { step: step.id, asked, notes, late: 0, next_check });
    }

    /// It should have been done: everybody who was asked is told, one more is asked each time, and the last resort hears of it
    /// from the first time on. It stays visible until somebody ends it.
    pub(super) fn step_late(&mut self, no: IncidentNo, step: &Step, due: At) {
        let plan = self.plan(no);
        let owner = step.new.owner;
        let mut tell: Vec<FunctionIx> = step.asked.iter().filter(|a| a.function == owner).map(|a| a.who).collect();
        let holder = self.holds(&plan, owner);
        if !tell.contains(&holder) {
            tell.push(holder);
        }
        let mut asked: Vec<StepAsk> = tell
            .iter()
            .filter(|w| !step.asked.iter().any(|a| a.function == owner && a.who == **w))
            .map(|who| StepAsk { function: owner, who: *who })
            .collect();
        if let Some(next) = next_to_ask(&plan, owner, &tell, self.now) {
            tell.push(next);
            asked.push(StepAsk { function: owner, who: next });
        }
        let last = plan.region.last_resort.first().map(|l| self.holds(&plan, *l));
        tell.extend(last.filter(|l| !tell.contains(l)));
        let mut notes = Vec::new();
        for who in tell {
            notes.extend(self.step_note(no, step.id, who, NoteWord::StepLate, &[], ""));
        }
        let next_check = self.now + again_s(step.since, due);
        self.emit(no, Change::StepTold { step: step.id, asked, notes, late: step.late + 1, next_check });
    }

    /// Whoever comes on hears of the steps that it owns or that concern it, and answers for itself (RULES C11).
    pub(super) fn steps_anew(&mut self, no: IncidentNo, f: FunctionIx) {
        let plan = self.plan(no);
        let who = self.holds(&plan, f);
        let open: Vec<Step> = self.inc(no).steps.iter().filter(|s| s.is_open()).cloned().collect();
        for step in open {
            let word = match (step.kind(), &step.state) {
                (StepKind::Task | StepKind::Clock, _) if step.new.owner == f => NoteWord::StepReminder,
                (StepKind::Intervention, StepState::Open) if step.new.to.contains(&f) => NoteWord::InterventionNotice,
                _ => continue,
            };
            let notes = self.step_note(no, step.id, who, word, &[], "");
            let known = step.asked.iter().any(|a| a.function == f && a.who == who);
            let asked = if known { Vec::new() } else { vec![StepAsk { function: f, who }] };
            let (late, next_check) = (step.late, step.new.next_check);
            self.emit(no, Change::StepTold { step: step.id, asked, notes, late, next_check });
        }
    }
}
