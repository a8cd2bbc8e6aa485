//! Steps begin, are looked at, and end. What all kinds share is here; what is special to one has a file of its own.

use super::release::count;
use super::{Decider, bad_text, ids};
use crate::domain::ids::{FunctionId, FunctionIx, IncidentNo};
use crate::domain::incident::asks::within_s;
use crate::domain::incident::event::Change;
use crate::domain::incident::input::StepStart;
use crate::domain::incident::refused::{List, Refused, refuse};
use crate::domain::incident::steps::{
    CALL_BEFORE_S, DUE_MAX_S, ENDING_S, STEPS_MAX, Step, StepState, is_outside, looks_at,
};
use crate::domain::incident::values::{NewStep, StepAsk, StepEnd};
use crate::domain::incident::values::{Phase, Via};
use crate::domain::ladder::LevelIx;
use crate::domain::plan::Plan;
use crate::domain::private::Private;
use crate::domain::step::{Beat, EVERY_MIN_S, StepKind, StepRule};
use crate::domain::time::At;
use crate::domain::words::NoteWord;

/// Those who are told of an intervention have at least that long to stop it, in seconds.
pub(super) const VETO_MIN_S: u32 = 300;
/// How long an intervention may take when nothing is said, in seconds.
const LASTS_S: u32 = 2 * 3600;
/// What the text of a step may have, in characters: it stands in an SMS, and a redirection in every text.
const TITLE_CHARS_MAX: usize = 160;

impl Decider<'_> {
    /// Steps that the level brings by itself: all of its level and below, or only those above `from`.
    pub(super) fn open_steps(&mut self, no: IncidentNo, from: Option<LevelIx>) {
        let inc = self.inc(no);
        let plan = inc.plan.clone();
        let (level, opened) = (inc.level, inc.opened);
        let Some(book) = plan.playbooks.get(&inc.playbook) else { return };
        let brought = |r: &&StepRule| r.at_once && r.level <= level && from.is_none_or(|f| r.level > f);
        for rule in book.steps.iter().filter(brought) {
            let there = self.inc(no).steps.iter().any(|s| s.new.rule == rule.id);
            if !there && self.inc(no).steps.len() < STEPS_MAX {
                // The clock of an authority runs from the report, whenever the level came.
                let from = if rule.kind == StepKind::Clock { opened } else { self.now };
                let new = self.of_rule(&plan, rule, from, None);
                self.begin(no, new);
            }
        }
    }

    fn of_rule(&mut self, plan: &Plan, rule: &StepRule, from: At, by: Option<FunctionIx>) -> NewStep {
        let within = rule.within.after(&plan.calendar, from);
        let due = match (rule.kind, &rule.beat) {
            (StepKind::Conference, Some(beat)) => first_round(plan, beat, self.now),
            _ => within,
        };
        NewStep {
            rule: rule.id.clone(),
            kind: rule.kind,
            title: rule.title.clone(),
            owner: rule.owner,
            to: rule.to.clone(),
            due,
            lasts_s: rule.lasts_s,
            beat: rule.beat.clone(),
            code: Private::default(),
            next_check: due,
            by,
        }
    }

    /// Keeps a step and tells it to whom it must be told.
    fn begin(&mut self, no: IncidentNo, mut new: NewStep) {
        let plan = self.plan(no);
        if self.inc(no).is_drill() {
            // A drill never reaches those outside (invariant 6).
            new.to.retain(|f| !is_outside(&plan, *f));
        }
        new.code = self.code().into();
        new.next_check = match new.kind {
            StepKind::Task | StepKind::Clock => {
                looks_at(self.now, new.due, within_s(&plan, new.owner, None), false, self.now)
            }
            StepKind::Intervention => self.now + new.due.seconds_since(self.now) / 2,
            StepKind::Redirection => ending(self.now, new.due),
            StepKind::Conference => (new.due - CALL_BEFORE_S).max(self.now),
        };
        let (kind, next_check) = (new.kind, new.next_check);
        let id = count(self.inc(no).steps.len());
        self.emit(no, Change::StepOpened { step: new });
        match kind {
            StepKind::Task | StepKind::Clock => self.tell_owner(no, id),
            StepKind::Intervention => self.announce(no, id),
            StepKind::Redirection => self.tell_redirection(no, id, false),
            StepKind::Conference if next_check <= self.now => self.call_round(no, id),
            StepKind::Conference => {}
        }
    }

    /// `step start`: one that the playbook prepared, or one that was typed.
    pub(super) fn step_start(&mut self, by: &FunctionId, no: IncidentNo, start: &StepStart) -> Result<(), Refused> {
        let inc = self.open(no)?;
        let plan = inc.plan.clone();
        let actor = self.duty(&plan, by)?;
        if inc.steps.len() >= STEPS_MAX {
            return Err(refuse!(TooManySteps { incident: no, max: STEPS_MAX }));
        }
        let mut new = match &start.rule {
            Some(name) => {
                let book = &plan.playbooks[&inc.playbook];
                let Some(rule) = book.steps.iter().find(|r| r.id == *name) else {
                    let steps = List::of(book.steps.iter().map(|r| &r.id));
                    return Err(refuse!(UnknownStepRule { playbook: &book.id, step: name, steps }));
                };
                if inc.steps.iter().any(|s| s.new.rule == rule.id && s.is_open()) {
                    return Err(refuse!(StepOpenAlready { step: name }));
                }
                self.of_rule(&plan, rule, self.now, Some(actor))
            }
            None => self.step_typed(&plan, actor, start)?,
        };
        if let Some(title) = &start.title {
            new.title = title.clone();
        }
        if let Some(owner) = &start.owner {
            new.owner = self.duty(&plan, owner)?;
        }
        if !start.to.is_empty() {
            new.to = self.duties(&plan, &start.to)?;
        }
        if let Some(s) = start.every_s {
            new.beat = Some(Beat::Every(s.max(EVERY_MIN_S)));
        }
        if let Some(s) = start.lasts_s {
            new.lasts_s = s.max(60);
        }
        new.due = start.due.unwrap_or(new.due);
        self.check_step(no, actor, by, &new)?;
        self.begin(no, new);
        Ok(())
    }

    fn step_typed(&self, plan: &Plan, actor: FunctionIx, start: &StepStart) -> Result<NewStep, Refused> {
        let kinds = || List::of(StepKind::ALL.iter().map(|k| k.as_str()));
        let kind = start.kind.ok_or_else(|| refuse!(MissingKind { kinds: kinds() }))?;
        let title = start.title.clone().ok_or_else(|| refuse!(MissingWhat))?;
        let due = match (start.due, kind, start.every_s) {
            (Some(due), ..) => due,
            (None, StepKind::Conference, Some(s)) => first_round(plan, &Beat::Every(s), self.now),
            (None, ..) => return Err(refuse!(MissingTime)),
        };
        Ok(NewStep {
            rule: String::new(),
            kind,
            title,
            owner: actor,
            to: Vec::new(),
            due,
            lasts_s: LASTS_S,
            beat: None,
            code: Private::default(),
            next_check: due,
            by: Some(actor),
        })
    }

    /// What must hold before a step is kept.
    fn check_step(&self, no: IncidentNo, actor: FunctionIx, by: &FunctionId, new: &NewStep) -> Result<(), Refused> {
        let plan = self.plan(no);
        // What somebody sees to himself he may begin himself.
        if new.kind == StepKind::Redirection {
            let rule = self.inc(no).book().steps.iter().find(|r| r.id == new.rule);
            self.may_redirect(&plan, actor, by, rule.map(|r| r.owner))?;
        } else if !self.acts_for(&plan, actor, &[new.owner]) {
            self.lead(no, by)?;
        }
        let longest = new.title.0.values().map(|t| t.chars().count()).max().unwrap_or(0);
        if longest == 0 || longest > TITLE_CHARS_MAX {
            return Err(refuse!(TextTooLongStep { chars: longest, max: TITLE_CHARS_MAX }));
        }
        for text in new.title.0.values() {
            crate::domain::text::Canonical::from_typed(text).map_err(|bad| bad_text(&bad))?;
        }
        if new.kind.concerns_others() && new.to.is_empty() && new.kind != StepKind::Redirection {
            return Err(refuse!(MissingTo));
        }
        self.check_due(new.kind, new.due)
    }

    /// Where patients go is decided by those who lead any incident, or by those whom the playbook names; not by the
    /// reporter, nor by a system's owner.
    fn may_redirect(
        &self,
        plan: &Plan,
        actor: FunctionIx,
        by: &FunctionId,
        owner: Option<FunctionIx>,
    ) -> Result<(), Refused> {
        let who: Vec<FunctionIx> = plan.region.command.iter().copied().chain(owner).collect();
        if self.acts_for(plan, actor, &who) {
            return Ok(());
        }
        Err(refuse!(NotYoursRedirect { by, may: ids(plan, &who) }))
    }

    fn check_due(&self, kind: StepKind, due: At) -> Result<(), Refused> {
        let least = if kind == StepKind::Intervention { VETO_MIN_S } else { 0 };
        if due < self.now + least || due <= self.now && kind != StepKind::Conference {
            return Err(match kind {
                StepKind::Intervention => refuse!(TooSoonVeto { minutes: VETO_MIN_S / 60 }),
                _ => refuse!(TooSoon),
            });
        }
        if due > self.now + DUE_MAX_S {
            return Err(refuse!(TooLate));
        }
        Ok(())
    }

    /// Functions and groups by name, each function once.
    fn duties(&self, plan: &Plan, names: &[FunctionId]) -> Result<Vec<FunctionIx>, Refused> {
        let mut all = Vec::new();
        for name in names {
            match plan.groups.iter().find(|(g, _)| g.as_str() == name.as_str()) {
                Some((_, members)) => all.extend(members.iter().copied()),
                None => all.push(self.duty(plan, name)?),
            }
        }
        let mut seen = std::collections::BTreeSet::new();
        all.retain(|f| seen.insert(*f));
        Ok(all)
    }

    /// A step by the number that people use.
    pub(super) fn step(&self, no: IncidentNo, number: u32) -> Result<&Step, Refused> {
        let inc = self.known(no)?;
        let found = number.checked_sub(1).and_then(|id| inc.steps.get(id as usize));
        found.ok_or_else(|| refuse!(UnknownStep { incident: no, step: number }))
    }

    /// The same, waited for.
    pub(super) fn open_step(&self, no: IncidentNo, number: u32) -> Result<Step, Refused> {
        let step = self.step(no, number)?;
        match &step.state {
            StepState::Ended { by, .. } => {
                let incident = no;
                Err(match by {
                    Some(f) => refuse!(StepOverBy { step: number, incident, by: &self.inc(no).plan.function(*f).id }),
                    None => refuse!(StepOver { step: number, incident }),
                })
            }
            _ => Ok(step.clone()),
        }
    }

    /// Whether a duty may end or move a step: owns it, was asked for its owner, or leads the incident.
    fn may_end(&self, no: IncidentNo, step: &Step, by: &FunctionId) -> Result<FunctionIx, Refused> {
        let plan = self.plan(no);
        let actor = self.duty(&plan, by)?;
        let mut who: Vec<FunctionIx> =
            step.asked.iter().filter(|a| a.function == step.new.owner).map(|a| a.who).collect();
        who.push(step.new.owner);
        if self.acts_for(&plan, actor, &who) {
            return Ok(actor);
        }
        if step.kind() == StepKind::Redirection {
            return self.may_redirect(&plan, actor, by, Some(step.new.owner)).map(|()| actor);
        }
        self.lead(no, by)
    }

    /// `step done`: what was done, with its reference.
    pub(super) fn step_done(
        &mut self,
        by: &FunctionId,
        no: IncidentNo,
        number: u32,
        reference: &Private,
    ) -> Result<(), Refused> {
        let step = self.open_step(no, number)?;
        let actor = self.may_end(no, &step, by)?;
        if step.kind() == StepKind::Clock && reference.is_empty() {
            return Err(refuse!(NoReference));
        }
        self.done(no, step.id, actor, reference);
        Ok(())
    }

    pub(super) fn done(&mut self, no: IncidentNo, id: u32, by: FunctionIx, reference: &Private) {
        self.end_step(no, id, StepEnd::Done, Some(by), reference);
    }

    /// `step stop`: it shall not be done. An intervention may be stopped by any duty (INCIDENTS lesson 36).
    pub(super) fn step_stop(
        &mut self,
        by: &FunctionId,
        no: IncidentNo,
        number: u32,
        reason: &Private,
    ) -> Result<(), Refused> {
        let step = self.open_step(no, number)?;
        if reason.is_empty() {
            return Err(refuse!(NoReason));
        }
        if step.kind() == StepKind::Intervention {
            let plan = self.plan(no);
            let actor = self.duty(&plan, by)?;
            let functions = step.new.to.iter().copied().filter(|f| self.acts_for(&plan, actor, &[*f])).collect();
            self.veto(no, step.id, actor, functions, reason, Via::Console);
            return Ok(());
        }
        let actor = self.may_end(no, &step, by)?;
        self.end_step(no, step.id, StepEnd::Stopped, Some(actor), reason);
        Ok(())
    }

    /// `step move`: another deadline, beginning or end.
    pub(super) fn step_move(
        &mut self,
        by: &FunctionId,
        no: IncidentNo,
        number: u32,
        due: At,
        reason: &Private,
    ) -> Result<(), Refused> {
        let step = self.open_step(no, number)?;
        let actor = self.may_end(no, &step, by)?;
        match (step.kind(), &step.state) {
            (StepKind::Clock, _) => return Err(refuse!(CannotMoveAuthority)),
            (StepKind::Intervention, StepState::Begun { .. }) => return Err(refuse!(CannotMoveBegun)),
            _ => {}
        }
        self.check_due(step.kind(), due)?;
        let plan = self.plan(no);
        let next_check = match step.kind() {
            StepKind::Task | StepKind::Clock => {
                let claim_s = within_s(&plan, step.new.owner, None);
                looks_at(step.since, due, claim_s, step.claimed().is_some(), self.now)
            }
            StepKind::Intervention => self.now + due.seconds_since(self.now) / 2,
            StepKind::Redirection => ending(self.now, due),
            StepKind::Conference => (due - CALL_BEFORE_S).max(self.now),
        };
        self.emit(no, Change::StepMoved { step: step.id, due, next_check, by: actor, reason: reason.clone() });
        match step.kind() {
            StepKind::Task | StepKind::Clock => self.tell_owner(no, step.id),
            // Another time is another notice: whoever was reached for the old one is asked for the new one.
            StepKind::Intervention => self.announce(no, step.id),
            StepKind::Redirection => self.tell_redirection(no, step.id, false),
            StepKind::Conference => {}
        }
        Ok(())
    }

    /// `step have`: somebody has it, has read it, attends; or not.
    #[expect(clippy::too_many_arguments, reason = "who says what of which step, for whom, how")]
    pub(super) fn step_have(
        &mut self,
        by: &FunctionId,
        no: IncidentNo,
        number: u32,
        function: Option<&FunctionId>,
        yes: bool,
        phone: bool,
        reason: &Private,
    ) -> Result<(), Refused> {
        let step = self.open_step(no, number)?;
        let plan = self.plan(no);
        let actor = self.duty(&plan, by)?;
        let wanted = function.map(|f| self.duty(&plan, f)).transpose()?;
        let mine = |a: &&StepAsk| match wanted {
            Some(f) => a.function == f && (phone || self.acts_for(&plan, actor, &[a.who, f])),
            None => self.acts_for(&plan, actor, &[a.who]),
        };
        let mut functions: Vec<FunctionIx> = step.asked.iter().filter(mine).map(|a| a.function).collect();
        functions.sort_unstable();
        functions.dedup();
        if functions.is_empty() {
            let asked = List::of(step.asked.iter().map(|a| &plan.function(a.function).id));
            return Err(refuse!(NotYoursStep { step: number, function: function.unwrap_or(by), asked }));
        }
        let (who, via) = match (phone, wanted) {
            (true, Some(f)) => (f, Via::Phone { noted_by: actor }),
            _ => (actor, Via::Console),
        };
        self.answer_step(no, step.id, &functions, who, yes, via, reason);
        Ok(())
    }

    /// What an answer to a step means, by its kind.
    #[expect(clippy::too_many_arguments, reason = "who says what of which step, for whom, how")]
    pub(super) fn answer_step(
        &mut self,
        no: IncidentNo,
        id: u32,
        functions: &[FunctionIx],
        by: FunctionIx,
        yes: bool,
        via: Via,
        reason: &Private,
    ) {
        let Some(step) = self.inc(no).steps.get(id as usize).cloned() else { return };
        if step.kind() == StepKind::Intervention && !yes {
            self.veto(no, id, by, functions.to_vec(), reason, via);
            return;
        }
        let answers = match step.rounds.last() {
            Some(round) if step.kind() == StepKind::Conference => &round.answers,
            _ => &step.answers,
        };
        let same = |f: &FunctionIx| answers.get(f).is_some_and(|a| a.by == by && a.yes == yes);
        let new: Vec<FunctionIx> = functions.iter().copied().filter(|f| !same(f)).collect();
        if new.is_empty() {
            return;
        }
        let at = self.now;
        self.emit(no, Change::StepAnswered { step: id, functions: new.clone(), by, yes, at, via });
        if !yes {
            for f in new {
                self.ask_next(no, id, f);
            }
        }
    }

    /// A step is looked at.
    pub(super) fn step_due(&mut self, no: IncidentNo, id: u32) {
        let Some(step) = self.inc(no).steps.get(id as usize).cloned() else { return };
        match step.kind() {
            StepKind::Task | StepKind::Clock => self.task_due(no, &step),
            StepKind::Intervention => self.intervention_due(no, &step),
            StepKind::Redirection => self.redirection_due(no, &step),
            StepKind::Conference => self.conference_due(no, &step),
        }
    }

    /// Ends a step, and tells everybody who was told that it began.
    pub(super) fn end_step(&mut self, no: IncidentNo, id: u32, end: StepEnd, by: Option<FunctionIx>, words: &Private) {
        let Some(step) = self.inc(no).steps.get(id as usize).cloned() else { return };
        self.emit(no, Change::StepEnded { step: id, end, by, words: words.clone() });
        match (step.kind(), end) {
            (StepKind::Intervention, StepEnd::Done) => self.tell_asked(no, &step, by, NoteWord::InterventionDone, ""),
            (StepKind::Intervention, _) => {
                self.tell_asked(no, &step, by, NoteWord::InterventionStopped, words.as_str());
            }
            (StepKind::Redirection, StepEnd::Done | StepEnd::Stopped | StepEnd::Over) => {
                self.tell_redirection(no, id, true);
            }
            _ => {}
        }
    }

    /// What does not outlive the incident ends with it; in a drill, everything does. Redirections are named in the all clear
    /// itself, which everybody gets.
    pub(super) fn end_steps(&mut self, no: IncidentNo, by: Option<FunctionIx>, all: bool) {
        let inc = self.inc(no);
        let all = all || inc.is_drill();
        let ending: Vec<(u32, StepKind)> = inc
            .steps
            .iter()
            .filter(|s| {
                s.is_open()
                    && (all && (s.kind() != StepKind::Clock || inc.is_drill()) || !s.kind().outlives_the_incident())
            })
            .map(|s| (s.id, s.kind()))
            .collect();
        let drill = inc.is_drill();
        for (id, kind) in ending {
            let end = StepEnd::Closed;
            if kind == StepKind::Intervention && !drill {
                self.end_step(no, id, end, by, &Private::default());
            } else {
                self.emit(no, Change::StepEnded { step: id, end, by, words: Private::default() });
            }
        }
    }

    /// Steps still take answers when the incident is closed: what outlives it must be ended.
    pub(super) fn steps_live(&self, no: IncidentNo, step: &Step) -> bool {
        self.inc(no).phase != Phase::Closed || step.kind().outlives_the_incident()
    }
}

/// The first round of a conference: with a span between rounds at once, since it was asked for now.
fn first_round(plan: &Plan, beat: &Beat, now: At) -> At {
    match beat {
        Beat::Every(_) => now + CALL_BEFORE_S,
        Beat::Daily(_) => beat.next(&plan.calendar, None, now),
    }
}

/// When the owner of a redirection is reminded; short ones end without.
fn ending(now: At, due: At) -> At {
    if due.seconds_since(now) > 2 * ENDING_S { due - ENDING_S } else { due }
}
