//! All asks of an incident, and which of them wants to be looked at first. The order of deadlines is kept with each change:
//! the loop asks for the first one many times a second, with 100 000 functions too.
//!
//! Must not: know what is done when a deadline has passed (`decide` does).

use std::collections::{BTreeMap, BTreeSet};
use std::ops::{Deref, DerefMut};

use serde::{Deserialize, Serialize};

use super::values::{ClosedBy, Via};
use crate::domain::ids::FunctionIx;
use crate::domain::plan::AnswerRule;
use crate::domain::time::At;

/// An answer that is waited for.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize, Debug)]
pub struct Ask {
    pub function: FunctionIx,
    pub message: u32,
    pub entry: u32,
    /// Who was asked, in order: who holds the function, then deputies.
    pub asked: Vec<FunctionIx>,
    /// How many of the chain were used.
    pub stage: u32,
    /// When it was asked.
    pub since: At,
    /// The time of the last asked is up then.
    pub due: At,
    /// One reminder at half time (RULES C8).
    pub remind_at: Option<At>,
    /// A gateway accepted it then; the clock starts.
    pub accepted: Option<At>,
    /// Wanted or required.
    pub rule: AnswerRule,
    /// So many of those who are asked must answer.
    pub needs: u8,
    /// Who did, in order; the first owns it.
    pub answers: Vec<GivenAnswer>,
    pub state: AskState,
    /// Answered before the shift changed; this is the new ask (RULES C11).
    pub before_shift: Option<FunctionIx>,
}

/// One of the answers to an ask.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize, Debug)]
pub struct GivenAnswer {
    /// Which function answered: itself, or a deputy.
    pub by: FunctionIx,
    /// When, as claimed.
    pub at: At,
    pub via: Via,
}

/// How an ask stands.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize, Debug)]
pub enum AskState {
    /// Waited for.
    Waiting,
    /// Somebody who holds the duty answered.
    Answered {
        /// Which function answered: itself, or a deputy.
        by: FunctionIx,
        /// When, as claimed.
        at: At,
        via: Via,
    },
    /// Nobody left to ask: a standing alarm. A later answer still closes it.
    NotReached { at: At },
    /// Closed without an answer, visibly.
    Closed { by: ClosedBy, at: At },
}

impl AskState {
    /// An answer would still change something.
    pub fn is_open(&self) -> bool {
        matches!(self, AskState::Waiting | AskState::NotReached { .. })
    }
}

/// When an ask needs something done: the reminder, or the deadline.
pub fn ask_due(ask: &Ask) -> Option<At> {
    if ask.rule != AnswerRule::Required || ask.state != AskState::Waiting {
        return None;
    }
    Some(ask.remind_at.map_or(ask.due, |r| r.min(ask.due)))
}

/// Asks by their ID, the place in the list. What was asked is never taken out.
#[derive(Clone, Default, PartialEq, Eq, Debug)]
pub struct AskList {
    all: Vec<Ask>,
    /// Per function the ask that counts.
    current: BTreeMap<FunctionIx, u32>,
    /// When those that count want to be looked at, the first first.
    due: BTreeSet<(At, u32)>,
}

impl AskList {
    /// Per function the ask that counts.
    pub fn current(&self) -> &BTreeMap<FunctionIx, u32> {
        &self.current
    }

    /// Which ask that counts is due first, and when.
    pub fn first_due(&self) -> Option<(At, u32)> {
        self.due.first().copied()
    }

    /// Which asks that count are due by then, the first first.
    pub fn due_until(&self, until: At) -> Vec<u32> {
        self.due.range(..=(until, u32::MAX)).map(|(_, id)| *id).collect()
    }

    /// From now on this one counts for its function.
    pub fn add(&mut self, ask: Ask) {
        let id = u32::try_from(self.all.len()).unwrap_or(u32::MAX);
        if let Some(before) = self.current.insert(ask.function, id)
            && let Some(at) = self.all.get(before as usize).and_then(ask_due)
        {
            self.due.remove(&(at, before));
        }
        self.due.extend(ask_due(&ask).map(|at| (at, id)));
        self.all.push(ask);
    }

    /// One ask, to be changed.
    pub fn change(&mut self, id: u32) -> Option<Changing<'_>> {
        let before = ask_due(self.all.get(id as usize)?);
        Some(Changing { list: self, id, before })
    }

    /// The same asks under the numbers that functions have in another plan: `change` sees to everything in an ask.
    ///
    /// # Errors
    /// What `change` says.
    pub fn renumbered<E>(&self, mut change: impl FnMut(&mut Ask) -> Result<(), E>) -> Result<Self, E> {
        let mut new = self.clone();
        new.all.iter_mut().try_for_each(&mut change)?;
        new.current = self.current.values().map(|id| (new.all[*id as usize].function, *id)).collect();
        Ok(new)
    }
}

impl From<Vec<Ask>> for AskList {
    /// Of asks in the order in which they were added.
    fn from(all: Vec<Ask>) -> Self {
        let current: BTreeMap<FunctionIx, u32> = all.iter().map(|a| a.function).zip(0..).collect();
        let due = current.values().filter_map(|id| Some((ask_due(all.get(*id as usize)?)?, *id))).collect();
        Self { all, current, due }
    }
}

impl Deref for AskList {
    type Target = [Ask];
    fn deref(&self) -> &[Ask] {
        &self.all
    }
}

impl<'a> IntoIterator for &'a AskList {
    type Item = &'a Ask;
    type IntoIter = std::slice::Iter<'a, Ask>;
    fn into_iter(self) -> Self::IntoIter {
        self.all.iter()
    }
}

/// An ask while it is changed; its deadline is put in order afterwards.
#[derive(Debug)]
pub struct Changing<'a> {
    list: &'a mut AskList,
    id: u32,
    before: Option<At>,
}

impl Deref for Changing<'_> {
    type Target = Ask;
    fn deref(&self) -> &Ask {
        &self.list.all[self.id as usize]
    }
}

impl DerefMut for Changing<'_> {
    fn deref_mut(&mut self) -> &mut Ask {
        &mut self.list.all[self.id as usize]
    }
}

impl Drop for Changing<'_> {
    fn drop(&mut self) {
        let (after, counts) = (ask_due(self), self.list.current.get(&self.function) == Some(&self.id));
        if after == self.before || !counts {
            return;
        }
        self.before.map(|at| self.list.due.remove(&(at, self.id)));
        self.list.due.extend(after.map(|at| (at, self.id)));
    }
}
