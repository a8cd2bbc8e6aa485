//! Shift changes: whoever comes on is told the state anew, with its open approvals, proposals and tasks, and answers for
//! itself (RULES C11, INCIDENTS lesson 11). Deadlines stay.

use super::{Decider, ids};
use crate::domain::ids::{FunctionId, FunctionIx, IncidentNo};
use crate::domain::incident::ask_list::AskState;
use crate::domain::incident::asks::{answers_needed, within_s};
use crate::domain::incident::codes::CodeFor;
use crate::domain::incident::event::{Change, NewAsk};
use crate::domain::incident::refused::{Refused, refuse};
use crate::domain::incident::state::{EntryState, ProposalState};
use crate::domain::incident::values::{Approval, ClosedBy, Kind, Phase};
use crate::domain::plan::{AnswerRule, Audience};
use crate::domain::words::NoteWord;

impl Decider<'_> {
    pub(super) fn handover(&mut self, by: &FunctionId, function: &FunctionId) -> Result<(), Refused> {
        let plan = self.state.plan.clone();
        let (actor, f) = (self.duty(&plan, by)?, self.duty(&plan, function)?);
        let command = plan.region.command.contains(&actor);
        if !command && !self.acts_for(&plan, actor, &[f]) {
            return Err(refuse!(NotYoursHandover { by, function, may: ids(&plan, &plan.region.command) }));
        }
        let concerns = |i: &crate::domain::incident::state::Incident| {
            i.plan.function_ix(function.as_str()).is_some_and(|f| self.concerned(i.no, f))
        };
        if !self.state.open().any(concerns) {
            return Err(refuse!(NothingOpen { function }));
        }
        self.shift(std::slice::from_ref(function));
        Ok(())
    }

    pub(super) fn shift(&mut self, functions: &[FunctionId]) {
        let open: Vec<IncidentNo> = self.state.open().map(|i| i.no).collect();
        for no in open {
            for id in functions {
                if let Some(f) = self.plan(no).function_ix(id.as_str()) {
                    self.shift_of(no, f);
                }
            }
        }
        // What outlives its incident is handed on too.
        let over = |i: &&crate::domain::incident::state::Incident| {
            i.phase == Phase::Closed && i.steps.iter().any(|s| s.is_open())
        };
        let closed: Vec<IncidentNo> = self.state.incidents.values().filter(over).map(|i| i.no).collect();
        for no in closed {
            for id in functions {
                if let Some(f) = self.plan(no).function_ix(id.as_str()) {
                    self.steps_anew(no, f);
                }
            }
        }
    }

    fn shift_of(&mut self, no: IncidentNo, f: FunctionIx) {
        if !self.concerned(no, f) {
            return;
        }
        let inc = self.inc(no);
        let plan = inc.plan.clone();
        let holder = self.holds(&plan, f);
        let open = self.what_is_open(no, f);
        let (title, modes, since) = (inc.headline(), self.state.modes_for(inc), inc.facts.since);
        self.note(no, f, NoteWord::ShiftState, &|n| {
            vec![
                ("title", title.get(n.lang).to_owned()),
                ("mode", n.modes(&modes)),
                ("since", n.time(since)),
                ("open", open.to_string()),
            ]
        });
        self.ask_anew(no, f, holder);
        self.page_anew(no, f, holder);
        self.tasks_anew(no, f);
        self.steps_anew(no, f);
    }

    /// Told something, or asked to approve, decide or walk.
    fn concerned(&self, no: IncidentNo, f: FunctionIx) -> bool {
        let inc = self.inc(no);
        let waits = inc.steps.iter().any(|s| s.is_open() && s.new.to.contains(&f));
        inc.attempted.contains(&f) || waits || self.what_is_open(no, f) > 0
    }

    /// What it must still walk is sent anew.
    fn tasks_anew(&mut self, no: IncidentNo, f: FunctionIx) {
        let tasks: Vec<_> = self.inc(no).errands.iter().filter(|t| t.done.is_none() && t.owner == f).cloned().collect();
        for task in tasks {
            let number = self.inc(no).number(task.message);
            self.note(no, f, NoteWord::ReadOut, &|n| {
                vec![("number", n.number(number)), ("functions", n.titles(&task.functions)), ("why", task.why.clone())]
            });
        }
    }

    /// How many approvals, proposals and tasks wait for it.
    fn what_is_open(&self, no: IncidentNo, f: FunctionIx) -> usize {
        let inc = self.inc(no);
        let approvals =
            inc.entries.iter().filter(|e| matches!(&e.state, EntryState::Waiting(a) if a.asked.contains(&f))).count();
        let proposals =
            inc.proposals.iter().filter(|p| p.state == ProposalState::Asked && p.asked.contains(&f)).count();
        let tasks = inc.errands.iter().filter(|t| t.done.is_none() && t.owner == f).count();
        let steps = inc.steps.iter().filter(|s| s.is_open() && s.new.owner == f).count();
        approvals + proposals + tasks + steps
    }

    /// The newest text goes out again with an answer of its own; the old answer shows as before the shift change.
    fn ask_anew(&mut self, no: IncidentNo, f: FunctionIx, holder: FunctionIx) {
        let inc = self.inc(no);
        let plan = inc.plan.clone();
        let newest = inc.newest(Audience::Internal).filter(|m| m.kind != Kind::Holding).map(|m| m.seq);
        let (Some(message), Some(old)) = (newest, inc.asks.current().get(&f).copied()) else { return };
        let Some(ask) = inc.asks.get(old as usize).cloned() else { return };
        let before = match &ask.state {
            AskState::Answered { by, .. } => Some(*by),
            _ => None,
        };
        let waiting = ask.state.is_open();
        let due = if waiting && ask.rule == AnswerRule::Required {
            // A deadline that runs stays.
            ask.due.max(self.now + 60)
        } else {
            self.now + within_s(&plan, f, None)
        };
        if waiting {
            self.emit(no, Change::AsksClosed { asks: vec![old], by: ClosedBy::ShiftChange });
        }
        let asks = vec![NewAsk {
            function: f,
            asked: vec![holder],
            stage: 0,
            due,
            remind_at: Some(self.now + due.seconds_since(self.now) / 2),
            rule: AnswerRule::Required,
            needs: answers_needed(self.inc(no), ask.entry, f),
            before_shift: before,
        }];
        let channels = self.channels_of(no, message);
        let batch = self.batch_to(no, message, &[holder], &channels, 0, &asks);
        self.emit(no, Change::AskedAgain { message, entry: ask.entry, asks, batch });
    }

    /// Approvals and proposals that wait for the function are sent anew, with new codes.
    fn page_anew(&mut self, no: IncidentNo, f: FunctionIx, holder: FunctionIx) {
        let mine: Vec<u32> = self
            .inc(no)
            .entries
            .iter()
            .filter(|e| matches!(&e.state, EntryState::Waiting(a) if a.asked.contains(&f) || a.asked.contains(&holder)))
            .map(|e| e.id)
            .collect();
        for id in &mine {
            if let Some(EntryState::Waiting(a)) = self.inc(no).entry(*id).map(|e| e.state.clone())
                && !a.asked.contains(&holder)
            {
                let mut approval: Approval = *a;
                approval.asked.push(holder);
                self.emit(no, Change::ApprovalAsked { entry: *id, approval });
            }
        }
        self.ask_moved(no, &mine);
        let proposals: Vec<(u32, crate::domain::time::At)> = self
            .inc(no)
            .proposals
            .iter()
            .filter(|p| p.state == ProposalState::Asked && (p.asked.contains(&f) || p.asked.contains(&holder)))
            .map(|p| (p.id, p.due))
            .collect();
        for (proposal, due) in proposals {
            let to = (!self.inc(no).proposals[proposal as usize].asked.contains(&holder)).then_some(holder);
            self.emit(no, Change::ProposedAgain { proposal, to, due });
            self.give_code(no, CodeFor::Decision, proposal, holder);
            self.page_decider(no, proposal, holder);
        }
    }
}
