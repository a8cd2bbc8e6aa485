//! Six digits that a duty point wrote back: whose code it is, how often wrong ones came, and what a used one did (RULES B2, C16).

use super::Decider;
use crate::domain::ids::{FunctionId, FunctionIx, IncidentNo, PointIx};
use crate::domain::incident::codes::{CodeFor, NO_TRIES_FOR_S, TRIES_COUNT_S, Tries};
use crate::domain::incident::event::Event;
use crate::domain::incident::reading::{Reading, Verb};
use crate::domain::incident::state::EntryState;
use crate::domain::plan::{Channel, Plan};
use crate::domain::words::NoteWord;

/// What became of a code that was sent.
#[derive(Clone, Copy, PartialEq, Eq)]
enum CodeIs {
    /// It holds.
    Live,
    /// It held once.
    Spent,
    /// It is none.
    Wrong,
}

impl Decider<'_> {
    /// Six digits from an address: what it was asked there, or a wrong one (RULES B2, C16).
    pub(super) fn six_digits(
        &mut self,
        from: &[(IncidentNo, PointIx)],
        known: Option<PointIx>,
        r: &Reading,
        code: &str,
    ) {
        let Some(tries) = self.whose_tries(from, known) else { return };
        if self.state.tries.get(&tries).is_some_and(|t| t.are_over(self.now)) {
            self.tries_are_over(&tries, known);
            return;
        }
        let code_is = if self.pending_report(known, r, code) {
            CodeIs::Live
        } else if self.started_already(known, code) {
            CodeIs::Spent
        } else {
            let mut each = from.iter().map(|(no, p)| self.code_at(*no, *p, r, code));
            each.find(|is| *is != CodeIs::Wrong).unwrap_or(CodeIs::Wrong)
        };
        match code_is {
            // Who has a code that holds guesses nothing. One that was used says nothing of who sends it.
            CodeIs::Live if self.state.tries.contains_key(&tries) => {
                self.emit_event(Event::CodeTried { function: tries, count: 0, until: None });
            }
            CodeIs::Live | CodeIs::Spent => {}
            CodeIs::Wrong => self.wrong_code(from, known, tries),
        }
    }

    /// Where what an address says in vain is counted (RULES C13): its point, or for one that only an open incident knows still the first of
    /// its function.
    pub(super) fn counted_at(&self, from: &[(IncidentNo, PointIx)], known: Option<PointIx>) -> Option<PointIx> {
        known.or_else(|| {
            let function = self.whose_tries(from, None)?;
            let plan = &self.state.plan;
            plan.function(plan.function_ix(function.as_str())?).points.first().copied()
        })
    }

    /// The function that an address belongs to: what is tried from there is counted as its tries.
    fn whose_tries(&self, from: &[(IncidentNo, PointIx)], known: Option<PointIx>) -> Option<FunctionId> {
        let of = |plan: &Plan, p: PointIx| plan.point(p).functions.first().map(|f| plan.function(*f).id.clone());
        known
            .and_then(|p| of(&self.state.plan, p))
            .or_else(|| from.iter().find_map(|(no, p)| of(&self.state.incidents.get(no)?.plan, *p)))
    }

    /// A code of an incident, sent from a point of it.
    fn code_at(&mut self, no: IncidentNo, p: PointIx, r: &Reading, code: &str) -> CodeIs {
        let inc = self.inc(no);
        let at_point = inc.plan.point(p).functions.clone();
        let waiting = self.approvals_at(no, p);
        let hit = waiting.iter().copied().find_map(|id| {
            let Some(EntryState::Waiting(a)) = inc.entry(id).map(|e| &e.state) else { return None };
            let its = |f: &&FunctionIx| inc.code_of(CodeFor::Approval, id, **f, &a.code).as_str() == code;
            a.asked.iter().filter(|f| at_point.contains(f)).find(its).map(|who| (id, *who))
        });
        if let Some((entry, who)) = hit {
            self.approval_reply(no, p, entry, who, r);
            return CodeIs::Live;
        }
        if let Some(step) = self.step_of_code(no, p, code) {
            self.step_reply(no, p, step, r, code);
            return CodeIs::Live;
        }
        let asked_here = inc.proposals.iter().find_map(|q| {
            let its = |f: &&FunctionIx| inc.code_of(CodeFor::Decision, q.id, **f, &q.code).as_str() == code;
            let here = || q.asked.iter().filter(|f| at_point.contains(f));
            let void = || here().next().filter(|_| q.code.as_str() == code);
            here().find(its).map(|who| (q.id, *who, true)).or_else(|| void().map(|who| (q.id, *who, false)))
        });
        if let Some((id, who, holds)) = asked_here {
            if !holds {
                // It was replaced by one of its own.
                if self.is_seldom_asked(no, who, NoteWord::DecisionWanted) {
                    self.page_decider(no, id, who);
                }
                return CodeIs::Spent;
            }
            if matches!(r.verb, Verb::Yes | Verb::No) {
                self.acts_by_reply(no, who);
                self.decided(no, id, r.verb == Verb::Yes, who, &r.rest.clone().into());
            } else {
                self.not_understood(&[(no, p)]);
            }
            return CodeIs::Live;
        }
        // A code that was used, or voided when the text changed, does not count as a guess: say how it stands.
        let inc = self.inc(no);
        let mine = |to: FunctionIx| at_point.contains(&to);
        let own = inc.own_codes.get(&code.into()).filter(|o| mine(o.to)).map(|o| o.id);
        let once = own.or_else(|| inc.codes.get(&code.into()).copied());
        let Some(entry) = once.filter(|e| self.asked_at(no, *e, p)) else { return CodeIs::Wrong };
        self.spent_code(no, p, entry, &waiting);
        CodeIs::Spent
    }

    /// Five wrong codes from the addresses of a function end its trying for ten minutes, with an alarm that names the function and never
    /// the number (RULES C16). What waits goes on: others are asked with codes of their own, and the console takes it.
    fn wrong_code(&mut self, from: &[(IncidentNo, PointIx)], known: Option<PointIx>, function: FunctionId) {
        let max = self.state.plan.region.limits.wrong_codes_max;
        let counted = |t: &Tries| t.until.is_none() && t.at + TRIES_COUNT_S > self.now;
        let count = self.state.tries.get(&function).filter(|t| counted(t)).map_or(0, |t| t.count) + 1;
        let until = (count >= max).then(|| self.now + NO_TRIES_FOR_S);
        self.emit_event(Event::CodeTried { function: function.clone(), count, until });
        if until.is_some() {
            self.tries_are_over(&function, None);
            return;
        }
        let waits = from.iter().copied().find(|(no, p)| !self.approvals_at(*no, *p).is_empty());
        match (waits, known) {
            (Some((no, p)), _) => {
                let to = self.inc(no).plan.point(p).functions.first().copied();
                if let Some(to) = to {
                    self.note_to(no, to, &[p], NoteWord::WrongCode, &|_| vec![("left", (max - count).to_string())]);
                }
            }
            // No incident to answer from: a report whose code has run out, most likely. Silence would look like a start.
            (None, Some(p)) if from.is_empty() => self.report_note(p, None),
            _ => self.late_or_unknown(from),
        }
    }

    /// Says that codes from a function's addresses are not looked at: to who sent one, or, when it begins, to the switchboard, the last
    /// resort and the function itself.
    fn tries_are_over(&mut self, function: &FunctionId, to: Option<PointIx>) {
        let plan = self.state.plan.clone();
        let Some(until) = self.state.tries.get(function).and_then(|t| t.until) else { return };
        let Some(f) = plan.function_ix(function.as_str()) else { return };
        let mut points: Vec<PointIx> = to.into_iter().collect();
        if to.is_none() {
            let told = [Some(plan.region.switchboard), plan.region.last_resort.first().copied(), Some(f)];
            for duty in told.into_iter().flatten() {
                let carries =
                    |p: &PointIx| matches!(plan.point(*p).channel, Channel::Sms | Channel::Paging | Channel::Email);
                let at = plan.points_at(self.holds(&plan, duty), self.now);
                points.extend(at.iter().copied().filter(|p| carries(p) && !points.contains(p)).collect::<Vec<_>>());
            }
        }
        for p in points {
            self.system_note(p, NoteWord::TriesOver, &|n| vec![("function", n.title(f)), ("until", n.time(until))]);
        }
    }

    /// The code of a report that was started: which incident that is, and when (RULES C16).
    fn started_already(&mut self, known: Option<PointIx>, code: &str) -> bool {
        let plan = self.state.plan.clone();
        let Some(p) = known else { return false };
        let mine = |by: &FunctionId| plan.point(p).functions.iter().any(|f| plan.function(*f).id == *by);
        let hit = self.state.started.iter().find(|s| s.code.as_str() == code && mine(&s.by)).cloned();
        let Some(s) = hit else { return false };
        self.system_note(p, NoteWord::ReportStarted, &|n| {
            vec![("number", n.incident(s.incident)), ("time", n.time(s.at))]
        });
        true
    }

    /// A code that was good once: its text went out, or the text changed and the approver gets the newest request again.
    fn spent_code(&mut self, no: IncidentNo, p: PointIx, entry: u32, waiting: &[u32]) {
        if matches!(self.inc(no).entry(entry).map(|e| &e.state), Some(EntryState::Released { .. })) {
            self.already_released(no, p, entry);
            return;
        }
        let inc = self.inc(no);
        let at_point = &inc.plan.point(p).functions;
        let asked = match inc.entry(entry).map(|e| &e.state) {
            Some(EntryState::Waiting(a)) if waiting.contains(&entry) => {
                a.asked.iter().copied().find(|f| at_point.contains(f))
            }
            _ => None,
        };
        match asked {
            // Sent again and again it asks nobody again and again.
            Some(f) if self.is_seldom_asked(no, f, NoteWord::ApprovalWanted) => self.page_approver(no, f, true),
            Some(_) => {}
            None => self.not_understood(&[(no, p)]),
        }
    }
}
