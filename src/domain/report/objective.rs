//! What an objective of a drill is rated by (RULES D19).

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::written::RatedByHand;
use crate::domain::drills::Objective;
use crate::domain::lang::L10n;

/// How well it went, the best first.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, Debug, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Rating {
    /// Performed (P).
    Performed,
    /// Performed with some challenges (S).
    SomeChallenges,
    /// Performed with major challenges (M).
    MajorChallenges,
    /// Unable to be performed (U).
    Unable,
}

impl Rating {
    /// All of them.
    pub const ALL: [Self; 4] = [Self::Performed, Self::SomeChallenges, Self::MajorChallenges, Self::Unable];
    /// The one that goes by that letter.
    pub fn of_letter(letter: &str) -> Option<Self> {
        let mut letters = letter.trim().chars();
        let letter = letters.next().filter(|_| letters.next().is_none())?.to_ascii_uppercase();
        Self::ALL.into_iter().find(|r| r.letter() == letter)
    }
    /// The letter by which it goes.
    pub fn letter(self) -> char {
        match self {
            Self::Performed => 'P',
            Self::SomeChallenges => 'S',
            Self::MajorChallenges => 'M',
            Self::Unable => 'U',
        }
    }
}

/// Why the program does not rate one.
#[derive(Clone, Copy, PartialEq, Eq, Serialize, Deserialize, Debug, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Unrated {
    /// Nobody was asked for an answer.
    NobodyAsked,
    /// It ended, or this report was made, before the time was up.
    TimeNotUp,
}

/// An objective, what came of it, and how it is rated.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize, Debug, JsonSchema)]
pub struct ObjectiveResult {
    pub capability: L10n,
    /// So many of a hundred functions that are asked answer…
    pub percent: u8,
    /// …within so many seconds.
    pub within_s: u32,
    /// Functions that were asked.
    pub asked: u32,
    /// Of these, so many answered in that time.
    pub within: u32,
    /// So many answered in twice that time.
    pub within_twice: u32,
    /// As the program rates it; none: see `unrated`.
    pub rating: Option<Rating>,
    /// Why it is not rated.
    pub unrated: Option<Unrated>,
    /// How somebody rates it, beside that.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub by_hand: Option<RatedByHand>,
}

impl ObjectiveResult {
    /// So many of a hundred answered in time, rounded down; `None`: nobody was asked.
    pub fn reached_percent(&self) -> Option<u32> {
        (self.asked > 0).then(|| percent_of(self.within, self.asked))
    }
}

fn percent_of(part: u32, of: u32) -> u32 {
    u32::try_from(u64::from(part) * 100 / u64::from(of.max(1))).unwrap_or(u32::MAX)
}

/// One function that was asked.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Asked {
    /// Seconds from when it was asked to its answer.
    pub answered_s: Option<u32>,
    /// It had so many seconds until the drill ended.
    pub had_s: u32,
}

/// Rates an objective by what those who were asked answered (RULES D19).
pub fn rate(objective: &Objective, all: &[Asked]) -> ObjectiveResult {
    let Objective { capability, percent, within_s } = objective;
    let (within_s, twice_s) = (*within_s, within_s.saturating_mul(2));
    let in_time = |s: u32| all.iter().filter(|a| a.answered_s.is_some_and(|t| t <= s)).count();
    let (within, within_twice) = (in_time(within_s), in_time(twice_s));
    // Whoever's time was cut short might have answered yet.
    let cut_short = all.iter().filter(|a| a.answered_s.is_none() && a.had_s < within_s).count();
    let enough = |n: usize, percent: u64| (n as u64) * 100 >= percent * (all.len() as u64);
    let percent_u64 = u64::from(*percent);
    let rated = if all.is_empty() {
        Err(Unrated::NobodyAsked)
    } else if enough(within, percent_u64) {
        Ok(Rating::Performed)
    } else if enough(within + cut_short, percent_u64) {
        Err(Unrated::TimeNotUp)
    } else if enough(within_twice, percent_u64) {
        Ok(Rating::SomeChallenges)
    } else if enough(within_twice * 2, percent_u64) && within_twice > 0 {
        Ok(Rating::MajorChallenges)
    } else {
        Ok(Rating::Unable)
    };
    let count = super::curve::count;
    ObjectiveResult {
        capability: capability.clone(),
        percent: *percent,
        within_s,
        asked: count(all.len()),
        within: count(within),
        within_twice: count(within_twice),
        rating: rated.ok(),
        unrated: rated.err(),
        by_hand: None,
    }
}
