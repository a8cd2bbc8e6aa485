//! What duty points write back to steps: JA, NEJ, KLAR and STOPP with the code of the step, or without one where only one
//! step can be meant. Only who was asked, or owns it, is heard.

use super::Decider;
use crate::domain::ids::{FunctionIx, IncidentNo, PointIx};
use crate::domain::incident::reading::{Code, Reading, Verb};
use crate::domain::incident::steps::{Step, StepState};
use crate::domain::incident::values::StepEnd;
use crate::domain::incident::values::Via;
use crate::domain::private::Private;
use crate::domain::step::StepKind;
use crate::domain::words::NoteWord;

impl Decider<'_> {
    /// The step that a code belongs to, if its answer may come from that point.
    pub(super) fn step_of_code(&self, no: IncidentNo, p: PointIx, code: &str) -> Option<u32> {
        let inc = self.inc(no);
        let mine = |s: &&Step| s.has_code(code) && self.heard_from(no, s, p);
        inc.steps.iter().find(mine).map(|s| s.id)
    }

    /// Whether a point belongs to somebody who was asked, or to the owner.
    fn heard_from(&self, no: IncidentNo, step: &Step, p: PointIx) -> bool {
        let at_point = &self.inc(no).plan.point(p).functions;
        let asked = step.rounds.iter().flat_map(|r| &r.called).chain(&step.asked).any(|a| at_point.contains(&a.who));
        asked || self.owns_from(no, step, p)
    }

    /// Whether a point belongs to the owner, its holder, or somebody who was asked for it.
    fn owns_from(&self, no: IncidentNo, step: &Step, p: PointIx) -> bool {
        let plan = &self.inc(no).plan;
        let at_point = &plan.point(p).functions;
        let owner = step.new.owner;
        let asked = step.asked.iter().any(|a| a.function == owner && at_point.contains(&a.who));
        asked || at_point.contains(&owner) || at_point.contains(&self.holds(plan, owner))
    }

    /// An answer with a step's code.
    pub(super) fn step_reply(&mut self, no: IncidentNo, p: PointIx, id: u32, r: &Reading, code: &str) {
        let Some(step) = self.inc(no).steps.get(id as usize).cloned() else { return };
        let at_point = self.inc(no).plan.point(p).functions.clone();
        if !step.is_open() || !self.steps_live(no, &step) || step.was_code(code) && step.new.code.as_str() != code {
            self.step_note_to(no, id, p, NoteWord::StepOver, "");
            return;
        }
        let mine = step.asked_at(&at_point);
        let functions: Vec<FunctionIx> = mine.iter().map(|a| a.function).collect();
        let owns = self.owns_from(no, &step, p);
        let who = mine.first().map(|a| a.who).or(at_point.first().copied());
        let Some(who) = who else { return };
        let reason = Private::from(r.rest.clone());
        let intervention = step.kind() == StepKind::Intervention;
        match r.verb {
            Verb::Done if owns && step.kind() == StepKind::Clock && reason.is_empty() => {
                // What was sent to an authority has a reference: asked for again, with the code.
                self.step_note_to(no, id, p, NoteWord::StepReminder, "");
                return;
            }
            Verb::Done if owns => self.done(no, id, who, &reason),
            Verb::Stop | Verb::No if intervention => self.veto(no, id, who, functions, &reason, Via::Reply),
            Verb::Stop if owns && step.kind() == StepKind::Conference => {
                self.end_step(no, id, StepEnd::Stopped, Some(who), &reason);
            }
            Verb::Yes | Verb::No if !functions.is_empty() => {
                self.answer_step(no, id, &functions, who, r.verb == Verb::Yes, Via::Reply, &reason);
            }
            _ => {
                self.not_understood(&[(no, p)]);
                return;
            }
        }
        let plan = self.plan(no);
        let lang = plan.point(p).languages.first().copied().unwrap_or(plan.lang());
        let said = plan.words(lang);
        let said = match r.verb {
            Verb::Done => said.replies.done.first(),
            Verb::Stop => said.replies.stop.first(),
            Verb::No if intervention => said.replies.stop.first(),
            Verb::No => said.replies.no.first(),
            _ => said.replies.yes.first(),
        };
        let said = said.map(|w| w.to_uppercase()).unwrap_or_default();
        self.step_note_to(no, id, p, NoteWord::StepNoted, &said);
    }

    /// STOPP or KLAR without a code: taken where exactly one step can be meant, else the codes are listed. Stopping is cheap and
    /// its opposite is not, so a number that is not a code does not keep a STOPP from its intervention.
    pub(super) fn step_by_verb(&mut self, from: &[(IncidentNo, PointIx)], r: &Reading) {
        let named = match &r.code {
            Code::Number(no, _) => Some(*no),
            _ => None,
        };
        let mut hits: Vec<(IncidentNo, PointIx, Step)> = Vec::new();
        for (no, p) in from.iter().copied().filter(|f| named.is_none_or(|n| n == f.0)) {
            for step in &self.inc(no).steps {
                let fits = match (r.verb, step.kind(), &step.state) {
                    (_, _, StepState::Ended { .. }) => false,
                    (Verb::Stop, StepKind::Intervention, _) => self.heard_from(no, step, p),
                    (Verb::Done, StepKind::Task | StepKind::Clock | StepKind::Intervention, _) => {
                        self.owns_from(no, step, p)
                    }
                    _ => false,
                };
                if fits && self.steps_live(no, step) {
                    hits.push((no, p, step.clone()));
                }
            }
        }
        match hits.as_slice() {
            [] => self.not_understood(from),
            [(no, p, step)] => {
                let (no, p, id, code) = (*no, *p, step.id, step.new.code.as_str().to_owned());
                self.step_reply(no, p, id, r, &code);
            }
            [(no, p, _), ..] => {
                let codes: Vec<String> =
                    hits.iter().map(|(_, _, s)| format!("{} (S{})", s.new.code.as_str(), s.number())).collect();
                if let Some(to) = self.inc(*no).plan.point(*p).functions.first().copied() {
                    self.note_to(*no, to, &[*p], NoteWord::WhichCode, &|_| vec![("codes", codes.join(", "))]);
                }
            }
        }
    }

    /// Codes of the steps that asked at that address not long ago and were not answered: requests too, where a bare answer is
    /// concerned (RULES C3).
    pub(super) fn steps_at(&self, no: IncidentNo, p: PointIx) -> Vec<String> {
        let inc = self.inc(no);
        let at_point = &inc.plan.point(p).functions;
        let limit = inc.plan.region.limits.bare_answer_s;
        let recent = |s: &Step| {
            s.notes.iter().filter_map(|n| inc.notes.get(*n as usize)).any(|n| {
                at_point.contains(&n.to) && self.now.seconds_since(n.at) <= limit && n.word != NoteWord::StepNoted
            })
        };
        let unanswered = |s: &Step| {
            let answers = match s.rounds.last() {
                Some(round) if s.kind() == StepKind::Conference => &round.answers,
                _ => &s.answers,
            };
            s.asked_at(at_point).iter().any(|a| !answers.contains_key(&a.function))
        };
        let open = inc.steps.iter().filter(|s| s.is_open() && self.steps_live(no, s) && recent(s) && unanswered(s));
        open.map(|s| s.new.code.as_str().to_owned()).collect()
    }
}
