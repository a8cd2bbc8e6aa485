//! Steps: what must be done beside telling. One shape for all of them: an owner function, a deadline, reminders, an end. What
//! differs is what happens on the way, and that is the kind.
//!
//! | kind | told to | on the way | ends by |
//! |---|---|---|---|
//! | task (INCIDENTS lesson 50) | its owner | claimed or passed on; reminded; overdue one rung up | `done` |
//! | clock (lesson 44) | its owner | the same; its deadline can't be moved | `done` with a reference |
//! | intervention (lesson 36) | whom it concerns, with the code that stops it | does not begin before all are reached | `done`, or stopped |
//! | redirection (lesson 35) | everybody who was told and all who send patients | stands in every text | its time, or `done` |
//! | conference (lesson 10) | who is called, each round | attendance by answer; the missing are shown | `done`, or the all clear |

use serde::{Deserialize, Serialize};

use super::calendar::Calendar;
use super::ids::FunctionIx;
use super::ladder::LevelIx;
use super::lang::L10n;
use super::time::At;

/// What kind of step.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, Debug, schemars::JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum StepKind {
    /// Somebody must do something and say that it is done.
    Task,
    /// An authority wants a notification in time.
    Clock,
    /// IT takes over something that care may be using.
    Intervention,
    /// Patients go elsewhere.
    Redirection,
    /// A recurring meeting.
    Conference,
}

impl StepKind {
    /// All of them.
    pub const ALL: [StepKind; 5] =
        [StepKind::Task, StepKind::Clock, StepKind::Intervention, StepKind::Redirection, StepKind::Conference];
    /// As in YAML.
    pub fn as_str(self) -> &'static str {
        match self {
            StepKind::Task => "task",
            StepKind::Clock => "clock",
            StepKind::Intervention => "intervention",
            StepKind::Redirection => "redirection",
            StepKind::Conference => "conference",
        }
    }
    /// By its name.
    pub fn named(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|k| k.as_str() == word)
    }
    /// It goes on when the incident is over: a patch that was never installed (lesson 50), a notification that is still due,
    /// hands that are still in a machine.
    pub fn outlives_the_incident(self) -> bool {
        matches!(self, StepKind::Task | StepKind::Clock | StepKind::Intervention)
    }
    /// It concerns others than its owner.
    pub fn concerns_others(self) -> bool {
        matches!(self, StepKind::Intervention | StepKind::Redirection | StepKind::Conference)
    }
}
impl std::fmt::Display for StepKind {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.pad(self.as_str())
    }
}

/// A span until a deadline. A month is one of the calendar: thirty days after 31 January would be late.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, Debug)]
#[serde(rename_all = "lowercase")]
pub enum Within {
    Seconds(u32),
    /// Months of the calendar, at the same local time of day.
    Months(u8),
}

impl Within {
    /// The moment that lies so long after `from`.
    pub fn after(self, calendar: &Calendar, from: At) -> At {
        match self {
            Within::Seconds(s) => from + s,
            Within::Months(m) => calendar.months_after(m, from.timestamp()).into(),
        }
    }
}

/// How often a conference meets.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize, Debug, schemars::JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum Beat {
    /// So many seconds after the one before.
    Every(u32),
    /// At these minutes after local midnight, each day.
    Daily(Vec<u16>),
}

impl Beat {
    /// The first round that is not before `from`, counted on from `last` where there was one.
    pub fn next(&self, calendar: &Calendar, last: Option<At>, from: At) -> At {
        match self {
            Beat::Every(s) => {
                let step = i64::from((*s).max(EVERY_MIN_S)) * 1000;
                let Some(last) = last else { return from };
                // Rounds that passed while nobody ran the program are not held after the fact.
                let missed = (from.0 - last.0).max(1).saturating_add(step - 1) / step;
                At(last.0.saturating_add(missed.max(1).saturating_mul(step)))
            }
            Beat::Daily(minutes) => {
                let after = last.unwrap_or(At(from.0 - 1)).max(At(from.0 - 1)).timestamp();
                minutes.iter().map(|m| At::from(calendar.next_at(*m, after))).min().unwrap_or(from + DAY_S)
            }
        }
    }
}

/// A conference meets no more often than that, in seconds.
pub const EVERY_MIN_S: u32 = 300;
const DAY_S: u32 = 24 * 3600;

/// A step as a playbook describes it.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize, Debug)]
pub struct StepRule {
    /// Its name in the playbook (`patch`).
    pub id: String,
    /// Begins, or can be begun, from that level on.
    pub level: LevelIx,
    pub kind: StepKind,
    /// What is to be done, said or talked about.
    pub title: L10n,
    /// Of a redirection: what holds when it is over. Nobody reads the old order as the new one.
    #[serde(default)]
    pub over: L10n,
    /// Of a redirection: whom it concerns (`alla ambulanser`).
    #[serde(default)]
    pub concerns: L10n,
    /// Who sees to it.
    pub owner: FunctionIx,
    /// Whom it concerns: announced to, redirected, called.
    pub to: Vec<FunctionIx>,
    /// The deadline of a task or a clock; how long before its beginning an intervention is announced; how long a redirection
    /// holds.
    pub within: Within,
    /// How long an intervention may take before its owner is asked, in seconds.
    pub lasts_s: u32,
    /// How often a conference meets.
    pub beat: Option<Beat>,
    /// It begins with the level; otherwise somebody must say so. What may hurt is never begun by a table alone.
    pub at_once: bool,
}

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, reason = "tests")]
    use super::*;
    use crate::domain::calendar::Zone;

    fn at(s: &str) -> At {
        s.parse::<jiff::Timestamp>().unwrap().into()
    }
    fn stockholm() -> Calendar {
        Calendar { zone: Zone::named("Europe/Stockholm").unwrap(), ..Calendar::default() }
    }

    #[test]
    fn lesson_44_a_month_is_one_of_the_calendar() {
        let cal = stockholm();
        for (from, months, expected) in [
            ("2026-01-31T09:45:00+01:00", 1, "2026-02-28T09:45:00+01:00"),
            ("2026-03-15T09:45:00+01:00", 1, "2026-04-15T09:45:00+02:00"),
            ("2026-12-31T23:59:00+01:00", 2, "2027-02-28T23:59:00+01:00"),
        ] {
            assert_eq!(Within::Months(months).after(&cal, at(from)), at(expected), "{from}");
        }
        assert_eq!(
            Within::Seconds(86_400).after(&cal, at("2026-03-28T12:00:00+01:00")),
            at("2026-03-29T13:00:00+02:00")
        );
    }

    #[test]
    fn lesson_10_a_beat_goes_on_from_the_round_before_and_holds_none_after_the_fact() {
        let cal = stockholm();
        let start = at("2026-03-28T08:00:00+01:00");
        let hourly = Beat::Every(3600);
        assert_eq!(hourly.next(&cal, None, start), start);
        assert_eq!(hourly.next(&cal, Some(start), start), start + 3600);
        assert_eq!(hourly.next(&cal, Some(start), start + 60), start + 3600);
        assert_eq!(hourly.next(&cal, Some(start), start + 3600), start + 3600, "a round that is due now is held");
        assert_eq!(hourly.next(&cal, Some(start), start + 3601), start + 7200);
        assert_eq!(hourly.next(&cal, Some(start), start + 10 * 3600 + 1), start + 11 * 3600);
        let twice = Beat::Daily(vec![8 * 60 + 30, 15 * 60 + 30]);
        assert_eq!(twice.next(&cal, None, start), at("2026-03-28T08:30:00+01:00"));
        let first = at("2026-03-28T15:30:00+01:00");
        assert_eq!(twice.next(&cal, Some(first), first + 600), at("2026-03-29T08:30:00+02:00"), "the clocks changed");
        assert_eq!(Beat::Daily(vec![]).next(&cal, None, start), start + 86_400);
    }
}
