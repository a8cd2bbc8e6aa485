//! The state of steps and of arrivals: what stands open beside the texts, since when, until when, with whom.

use std::collections::BTreeMap;
use std::sync::Arc;

use serde::{Deserialize, Serialize};

use super::values::{NewStep, StepAsk, StepEnd, Via};
use crate::domain::ids::FunctionIx;
use crate::domain::plan::Plan;
use crate::domain::private::Private;
use crate::domain::step::StepKind;
use crate::domain::time::At;

/// Steps of one incident.
pub const STEPS_MAX: usize = 200;
/// Rounds of one conference that are kept; it ends with the last, and its owner is told.
pub const ROUNDS_MAX: usize = 400;
/// A conference is called so long before it begins, in seconds.
pub const CALL_BEFORE_S: u32 = 900;
/// Whoever has not answered so long after a conference began is missing, in seconds.
pub const MISSING_AFTER_S: u32 = 600;
/// An intervention that not everybody was reached for waits, and looks again after that time, in seconds.
pub const HELD_AGAIN_S: u32 = 300;
/// An overdue step is told again no sooner than this, in seconds.
pub const LATE_AGAIN_MIN_S: u32 = 600;
/// And no later, in seconds.
pub const LATE_AGAIN_MAX_S: u32 = 24 * 3600;
/// The owner of a redirection is reminded so long before it ends, in seconds.
pub const ENDING_S: u32 = 1800;
/// A step lies no further ahead than that, in seconds: what is due in a year belongs in another list.
pub const DUE_MAX_S: u32 = 366 * 24 * 3600;

/// What somebody said to a step.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize, Debug)]
pub struct StepAnswer {
    pub by: FunctionIx,
    /// "I have it", "we have read it", "we attend"; or the opposite.
    pub yes: bool,
    pub at: At,
    pub via: Via,
}

/// One meeting of a conference.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize, Debug)]
pub struct Round {
    pub at: At,
    /// Who was called for which function.
    pub called: Vec<StepAsk>,
    /// Who came, by function.
    pub answers: BTreeMap<FunctionIx, StepAnswer>,
    /// Its owner was told who is missing.
    pub told: bool,
}

/// How far a step is.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize, Debug)]
pub enum StepState {
    /// Waited for.
    Open,
    /// An intervention that has begun.
    Begun { at: At },
    /// It ended.
    Ended {
        end: StepEnd,
        /// By whom; time when none.
        by: Option<FunctionIx>,
        at: At,
        /// The reference of what was done, or the reason.
        words: Private,
    },
}

/// A step.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize, Debug)]
pub struct Step {
    /// Its place in the incident's list, from 0; people count from 1.
    pub id: u32,
    /// What it began as; `due`, `look` and `code` change.
    pub new: NewStep,
    /// When it began.
    pub since: At,
    /// Who was asked, in order.
    pub asked: Vec<StepAsk>,
    /// The notes that told it (those of the present round, for a conference).
    pub notes: Vec<u32>,
    /// What was answered, by function; a conference keeps it by round.
    pub answers: BTreeMap<FunctionIx, StepAnswer>,
    /// The meetings. A step is looked at whole for each answer, and of hundreds of meetings the last alone changes.
    pub rounds: Vec<Arc<Round>>,
    /// Codes that no longer hold: whoever sends one is told how it stands.
    pub spent: Vec<Private>,
    /// How often it was told that it is overdue, or that somebody was not reached.
    pub late: u32,
    /// How far it is.
    pub state: StepState,
}

impl Step {
    /// It is waited for.
    pub fn is_open(&self) -> bool {
        !matches!(self.state, StepState::Ended { .. })
    }
    /// What kind.
    pub fn kind(&self) -> StepKind {
        self.new.kind
    }
    /// As people name it.
    pub fn number(&self) -> u32 {
        self.id + 1
    }
    /// Who said "I have it" for the owner.
    pub fn claimed(&self) -> Option<FunctionIx> {
        self.answers.get(&self.new.owner).filter(|a| a.yes).map(|a| a.by)
    }
    /// Whether somebody was asked at that point: for which functions, and who.
    pub fn asked_at(&self, at_point: &[FunctionIx]) -> Vec<StepAsk> {
        self.asked.iter().copied().filter(|a| at_point.contains(&a.who)).collect()
    }
    /// The code belongs to it, now or before.
    pub fn has_code(&self, code: &str) -> bool {
        self.new.code.as_str() == code || self.was_code(code)
    }
    /// The code belonged to it before.
    pub fn was_code(&self, code: &str) -> bool {
        self.spent.iter().any(|c| c.as_str() == code)
    }
    /// Whether it is late.
    pub fn is_late(&self, now: At) -> bool {
        match (self.kind(), &self.state) {
            (_, StepState::Ended { .. }) => false,
            (StepKind::Task | StepKind::Clock, _) => self.new.due < now,
            (StepKind::Intervention, StepState::Begun { at }) => *at + self.new.lasts_s < now,
            (StepKind::Intervention, _) => self.new.due < now,
            (StepKind::Redirection | StepKind::Conference, _) => false,
        }
    }
}

/// Somebody who answered is on the way (INCIDENTS lesson 4: answering and arriving are different timers).
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize, Debug)]
pub struct Arrival {
    /// Who answered, and is to come; who came.
    pub by: FunctionIx,
    /// To which ask that answer belongs.
    pub ask: u32,
    /// Since when it is waited for.
    pub since: At,
    pub due: At,
    pub state: ArrivalState,
}

/// How an arrival stands.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize, Debug)]
pub enum ArrivalState {
    /// On the way.
    Expected,
    /// There.
    Arrived {
        at: At,
        /// How it was said.
        via: Via,
    },
    /// Not there in time; the next one was asked.
    Missed,
}

/// Functions outside of the organisation: addressed by rows for the outside only. A drill never reaches them (invariant 6).
pub fn is_outside(plan: &Plan, f: FunctionIx) -> bool {
    use crate::domain::plan::{Audience, To};
    let mut outside = false;
    for row in plan.playbooks.values().flat_map(|p| &p.levels).flat_map(|l| &l.notify) {
        if matches!(&row.to, To::Functions(all) if all.contains(&f)) {
            if row.audience != Audience::Outside {
                return false;
            }
            outside = true;
        }
    }
    outside
}

/// When a task or a clock is looked at next, strictly after `after`: to see whether anybody claimed it, at half time, when an
/// eighth is left, at its deadline.
pub fn looks_at(since: At, due: At, claim_s: u32, claimed: bool, after: At) -> At {
    let span = due.seconds_since(since);
    let claim = since + claim_s.max(span / 8).min(span / 2);
    let looks = [(!claimed).then_some(claim), Some(since + span / 2), Some(due - span / 8), Some(due)];
    looks.into_iter().flatten().filter(|at| *at > after).min().unwrap_or(due)
}

/// When an overdue step is told again: a quarter of the time that it had, within bounds.
pub fn again_s(since: At, due: At) -> u32 {
    (due.seconds_since(since) / 4).clamp(LATE_AGAIN_MIN_S, LATE_AGAIN_MAX_S)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_step_is_looked_at_before_it_is_late() {
        let (since, due) = (At(0), At(0) + 24 * 3600);
        let mut at = since;
        let mut looks = Vec::new();
        while at < due {
            at = looks_at(since, due, 600, false, at);
            looks.push(at.seconds_since(since) / 3600);
        }
        assert_eq!(looks, [3, 12, 21, 24]);
        assert_eq!(looks_at(since, due, 600, true, since), since + 12 * 3600, "claimed: nobody is asked beside");
        // Shorter than anybody's answer time: half of it, not after it.
        assert_eq!(looks_at(since, since + 600, 900, false, since), since + 300);
        assert_eq!(looks_at(since, due, 600, false, due), due);
        assert_eq!(again_s(since, due), 6 * 3600);
        assert_eq!(again_s(since, since + 60), LATE_AGAIN_MIN_S);
    }
}
