//! Owners of what depends on the failed system are told, each once (RULES D8): the closure over `needs`.

use std::collections::{BTreeMap, BTreeSet};

use super::Decider;
use crate::domain::ids::{FunctionIx, IncidentNo};
use crate::domain::incident::state::EntryState;
use crate::domain::incident::values::{Kind, Source};
use crate::domain::ladder::LevelIx;
use crate::domain::lang::L10n;
use crate::domain::plan::{AnswerRule, Audience, Channel, DeputyRule, NightRule, Row, To};
use crate::domain::reach;
use crate::domain::words::NoteWord;

/// So many systems are named in the note to their owner; of the others their number.
const SYSTEMS_NAMED_MAX: usize = 5;

impl Decider<'_> {
    /// Owners of every system that depends on the failed one are told (RULES D8), unless they are addressed already.
    pub(super) fn tell_dependents(&mut self, no: IncidentNo) {
        let inc = self.inc(no);
        let plan = inc.plan.clone();
        let down = reach::down_of(inc);
        let level = plan.ladders.level_at(inc.level);
        if level.is_none() || inc.level == LevelIx(0) {
            // Degraded: nothing has stopped (RULES D6: noise).
            return;
        }
        // Functions that wait for somebody's approval, or for the morning, have not been told: a system's owner is, at once.
        let told = |s: &EntryState| matches!(s, EntryState::Released { .. } | EntryState::Ready);
        let addressed: BTreeSet<FunctionIx> =
            inc.entries.iter().filter(|e| told(&e.state)).flat_map(|e| e.to.iter().copied()).collect();
        let mut owners: Vec<FunctionIx> = plan
            .systems
            .iter()
            .filter(|s| down.systems.contains(&s.id))
            .map(|s| s.owner)
            .filter(|o| !addressed.contains(o))
            .collect();
        owners.sort_unstable();
        owners.dedup();
        if owners.is_empty() {
            self.name_dependents(no);
            return;
        }
        let message =
            // The alert of this decision, not one with older facts.
            match inc.messages.iter().rev().find(|m| {
                m.audience == Audience::Internal
                    && m.kind == Kind::Alert
                    && !m.stopped
                    && m.released_at.is_none_or(|at| at == self.now)
                    && inc.entries.iter().any(|e| e.message == m.seq)
            }) {
                Some(m) => m.seq,
                None => self.draft(no, Kind::Alert, Audience::Internal),
            };
        let row = Row {
            to: To::Functions(Vec::new()),
            audience: Audience::Internal,
            channels: vec![Channel::Sms, Channel::Paging, Channel::Email],
            approval: None,
            answer: Some(AnswerRule::Wanted),
            answer_within_s: None,
            deputies: Some(DeputyRule::After),
            night: NightRule::Page,
            answers: None,
            arrive_within_s: None,
            if_unsafe: false,
        };
        let entry = self.add_row_entry(no, Source::Dependents, &row, owners, None, message, Kind::Alert);
        self.start(no, &[entry], &[]);
        self.name_dependents(no);
    }

    /// The alert says what failed; which of his own systems hang on it an owner reads in a note, once (INCIDENTS lesson 8).
    fn name_dependents(&mut self, no: IncidentNo) {
        let inc = self.inc(no);
        let plan = inc.plan.clone();
        let book = inc.book();
        let title = book.title.clone();
        let down = reach::down_of(inc);
        let mut by_owner: BTreeMap<FunctionIx, Vec<L10n>> = BTreeMap::new();
        for s in plan.systems.iter().filter(|s| down.systems.contains(&s.id) && !book.systems.contains(&s.id)) {
            by_owner.entry(self.holds(&plan, s.owner)).or_default().push(s.title.clone());
        }
        let inc = self.inc(no);
        let told: BTreeSet<FunctionIx> =
            inc.notes.iter().filter(|n| n.word == NoteWord::DependentDown).map(|n| n.to).collect();
        let number = inc.newest(Audience::Internal).map_or(inc.number(1), |m| inc.number(m.seq));
        for (owner, systems) in by_owner.into_iter().filter(|(o, _)| !told.contains(o)) {
            self.note(no, owner, NoteWord::DependentDown, &|n| {
                let named: Vec<&str> = systems.iter().take(SYSTEMS_NAMED_MAX).map(|s| s.get(n.lang)).collect();
                let more = systems.len().saturating_sub(named.len());
                let more = if more > 0 { format!(" +{more}") } else { String::new() };
                vec![
                    ("system", format!("{}{more}", named.join(", "))),
                    ("title", title.get(n.lang).to_owned()),
                    ("number", n.number(number)),
                ]
            });
        }
    }
}
