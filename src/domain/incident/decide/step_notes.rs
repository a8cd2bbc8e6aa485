//! Notes about steps: who is told what of a step, and what the words are filled from.

use std::collections::BTreeMap;

use super::Decider;
use super::note::{NoteCtx, Values};
use super::release::count;
use crate::domain::ids::{FunctionIx, IncidentNo, PointIx};
use crate::domain::incident::steps::{Step, StepState};
use crate::domain::words::NoteWord;

/// What a note's template is filled with.
type Said = Box<dyn Fn(&NoteCtx<'_>) -> Values>;

impl Decider<'_> {
    /// A note to everybody who was asked, and to the owner; not to whoever did it.
    pub(super) fn tell_asked(
        &mut self,
        no: IncidentNo,
        step: &Step,
        by: Option<FunctionIx>,
        word: NoteWord,
        reason: &str,
    ) {
        let plan = self.plan(no);
        let mut to: Vec<FunctionIx> = step.asked.iter().map(|a| a.who).collect();
        to.push(self.holds(&plan, step.new.owner));
        to.sort_unstable();
        to.dedup();
        to.retain(|f| Some(*f) != by);
        let said: Vec<FunctionIx> = by.into_iter().collect();
        for f in to {
            self.step_note(no, step.id, f, word, &said, reason);
        }
    }

    /// A note about a step. Gives the numbers of the notes that it became.
    pub(super) fn step_note(
        &mut self,
        no: IncidentNo,
        id: u32,
        to: FunctionIx,
        word: NoteWord,
        functions: &[FunctionIx],
        reason: &str,
    ) -> Vec<u32> {
        let before = count(self.inc(no).notes.len());
        if let Some(values) = self.step_values(no, id, functions, reason) {
            self.note(no, to, word, &*values);
        }
        (before..count(self.inc(no).notes.len())).collect()
    }

    /// The same to one point: where an answer came from.
    pub(super) fn step_note_to(&mut self, no: IncidentNo, id: u32, p: PointIx, word: NoteWord, state: &str) {
        let to = self.inc(no).plan.point(p).functions.first().copied();
        if let (Some(to), Some(values)) = (to, self.step_values(no, id, &[], state)) {
            self.note_to(no, to, &[p], word, &*values);
        }
    }

    /// What notes about a step are filled from.
    pub(super) fn step_values(&self, no: IncidentNo, id: u32, functions: &[FunctionIx], reason: &str) -> Option<Said> {
        let inc = self.inc(no);
        let plan = &inc.plan;
        let step = inc.steps.get(id as usize)?.clone();
        let title = inc.headline();
        let owner = step.new.owner;
        // The owner's duty telephone, when it may stand in a text; else the switchboard connects.
        let phone = [self.holds(plan, owner), plan.region.switchboard]
            .into_iter()
            .filter_map(|f| plan.functions.get(f.ix())?.phone.as_ref())
            .find(|p| p.publishable)
            .map(|p| p.number.clone())
            .unwrap_or_default();
        let (functions, reason) = (functions.to_vec(), reason.to_owned());
        let due = match &step.state {
            StepState::Begun { at } => *at + step.new.lasts_s,
            _ => step.new.due,
        };
        Some(Box::new(move |n: &NoteCtx<'_>| {
            let names = n.titles(&functions);
            vec![
                ("number", format!("S{}", step.number())),
                ("title", title.get(n.lang).to_owned()),
                ("what", step.new.title.get(n.lang).to_owned()),
                ("deadline", n.time(due)),
                ("time", n.time(due)),
                ("owner", n.title(owner)),
                ("phone", phone.clone()),
                ("functions", names.clone()),
                ("by", names),
                ("reason", reason.clone()),
                ("state", reason.clone()),
                ("code", step.new.code.as_str().to_owned()),
            ]
        }))
    }

    /// The holders of `functions` now: one note each, however many duties one holder has.
    pub(super) fn by_holder(&self, no: IncidentNo, functions: &[FunctionIx]) -> BTreeMap<FunctionIx, Vec<FunctionIx>> {
        let plan = self.plan(no);
        let mut all: BTreeMap<FunctionIx, Vec<FunctionIx>> = BTreeMap::new();
        for f in functions {
            all.entry(self.holds(&plan, *f)).or_default().push(*f);
        }
        all
    }
}
