//! Planned drills: when they begin, and when they don't. What follows from a moment the rules decide.
//!
//! Must not: ask what time it is.

use jiff::civil::{Date, DateTime};
use jiff::{Timestamp, ToSpan};

use super::cron_time::CronTime;
use crate::domain::calendar::Calendar;
use crate::domain::drills::HeldBack;
use crate::domain::ids::{FunctionId, FunctionIx, GatewayId, InfraId, PlaybookId};
use crate::domain::incident::input::DrillOrder;
use crate::domain::plan::{Plan, To};
use crate::domain::reach::left::{Around, Loss, Reach, Unknown};

/// A drill of `playbooks/drills.yaml`.
#[derive(Clone, Debug)]
pub struct PlannedDrill {
    /// What is ordered at its time, or by hand; its name stands in it.
    pub order: DrillOrder,
    /// Who orders it: the first who leads it.
    pub by: FunctionId,
    /// When it begins by itself.
    pub cron: Option<CronTime>,
    /// So many seconds before…
    pub soon_s: Option<u32>,
    /// …these are told.
    pub soon_to: Vec<FunctionId>,
    /// It may begin close to a change of shift.
    pub near_shift: bool,
    /// When it does not begin by itself.
    pub excluded: Vec<Excluded>,
}

/// Times in which no drill begins by itself. What is not said does not narrow it.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct Excluded {
    pub days: Option<Days>,
    /// Minutes after midnight, from and to; a night may pass midnight.
    pub hours: Option<(u16, u16)>,
    pub holidays: bool,
}

/// Days of one year, or of each.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Days {
    Dates(Date, Date),
    /// Month and day, from and to; a winter may pass the year.
    EachYear((i8, i8), (i8, i8)),
}

/// A drill begins at least so long before and after a change of shift, unless it says otherwise, in minutes.
pub const NEAR_SHIFT_MIN: i64 = 30;
/// So many moments are looked at for the next one that is used.
const MOMENTS_MAX: usize = 500;

impl Excluded {
    fn has(&self, calendar: &Calendar, at: DateTime) -> bool {
        let day = (at.date().month(), at.date().day());
        let in_days = self.days.is_none_or(|days| match days {
            Days::Dates(from, to) => (from..=to).contains(&at.date()),
            Days::EachYear(from, to) if from <= to => (from..=to).contains(&day),
            Days::EachYear(from, to) => day >= from || day <= to,
        });
        let minute = u16::try_from(i32::from(at.hour()) * 60 + i32::from(at.minute())).unwrap_or(0);
        let in_hours = self.hours.is_none_or(|(from, to)| match from <= to {
            true => (from..to).contains(&minute),
            false => minute >= from || minute < to,
        });
        in_days && in_hours && (!self.holidays || calendar.holidays.contains(&at.date()))
    }
}

impl PlannedDrill {
    /// The next moment at which it is planned, used or not.
    pub fn next_moment(&self, calendar: &Calendar, after: Timestamp) -> Option<Timestamp> {
        self.cron.as_ref()?.next_in(calendar, after)
    }

    /// Why a moment is not used, as far as the calendar says.
    pub fn held_back(&self, plan: &Plan, at: Timestamp) -> Option<HeldBack> {
        let local = plan.calendar.local(at).datetime();
        if self.excluded.iter().any(|e| e.has(&plan.calendar, local)) {
            return Some(HeldBack::Excluded);
        }
        (!self.near_shift && self.is_near_shift(plan, at)).then_some(HeldBack::NearShift)
    }

    /// The next moment that is used, as far as the calendar says.
    pub fn next_used(&self, plan: &Plan, after: Timestamp) -> Option<Timestamp> {
        let next =
            std::iter::successors(self.next_moment(&plan.calendar, after), |at| self.next_moment(&plan.calendar, *at));
        next.take(MOMENTS_MAX).find(|at| self.held_back(plan, *at).is_none())
    }

    /// Whether one of those whom it concerns changes shift then or within half an hour.
    pub fn is_near_shift(&self, plan: &Plan, at: Timestamp) -> bool {
        near_shift(plan, self.concerned(plan), at)
    }

    /// Whom it addresses.
    pub fn concerned(&self, plan: &Plan) -> Vec<FunctionIx> {
        let drill = &self.order.drill;
        let named = drill.to.iter().chain(&drill.leads).filter_map(|id| plan.function_ix(id.as_str()));
        let mut all: Vec<FunctionIx> = named.collect();
        if drill.to.is_empty()
            && let Some(book) = plan.playbooks.get(&PlaybookId::from(self.order.report.playbook.as_str()))
        {
            let level = self.order.report.level.as_deref().and_then(|l| plan.ladders.level(l)).unwrap_or(book.level);
            for row in book.levels.iter().filter(|l| l.level <= level).flat_map(|l| &l.notify) {
                if let To::Functions(to) = &row.to {
                    all.extend(to);
                }
            }
        }
        all.sort_unstable();
        all.dedup();
        all
    }
}

/// Whether one of these changes shift then or within half an hour.
pub fn near_shift(plan: &Plan, functions: impl IntoIterator<Item = FunctionIx>, at: Timestamp) -> bool {
    let (from, to) = (at - NEAR_SHIFT_MIN.minutes(), at + NEAR_SHIFT_MIN.minutes());
    // What comes at the very beginning counts too.
    let from = from - 1.second();
    functions.into_iter().map(|f| plan.function(f)).any(|f| {
        let comes = |shift: &String| {
            CronTime::read(shift).is_ok_and(|t| t.next_in(&plan.calendar, from).is_some_and(|next| next <= to))
        };
        f.roster.changes(from.into(), to.into()) || f.shifts.iter().any(comes)
    })
}

/// What is taken away.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct Away {
    /// By its own names.
    pub names: Vec<String>,
    /// Gateways that fall with it at once.
    pub gateways: Vec<GatewayId>,
    /// Infrastructure among it.
    pub infra: Vec<InfraId>,
}

impl Away {
    /// From what people call it.
    ///
    /// # Errors
    /// A name that is nothing which could be lost, with all that could.
    pub fn of(plan: &Plan, around: &Around, names: &[String]) -> Result<Self, Unknown> {
        if names.is_empty() {
            return Ok(Self::default());
        }
        let loss = Loss::named(plan, names)?;
        let (names, infra) = (loss.names(), loss.infra.iter().cloned().collect());
        let Some(reach) = Reach::of(plan, around) else { return Ok(Self { names, infra, ..Self::default() }) };
        Ok(Self { names, gateways: reach.fallen_gateways(&loss), infra })
    }
}

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, reason = "tests")]
    use super::*;
    use crate::config::{Source, load};

    fn at(s: &str) -> Timestamp {
        s.parse().unwrap()
    }

    #[test]
    fn times_in_which_no_drill_begins_may_pass_midnight_and_the_year() {
        let calendar = load(&Source::Shipped).unwrap().plan.calendar;
        let has = |e: &Excluded, s: &str| e.has(&calendar, s.parse().unwrap());
        let winter = Excluded { days: Some(Days::EachYear((12, 20), (1, 7))), ..Excluded::default() };
        assert!(has(&winter, "2026-12-20T00:00") && has(&winter, "2027-01-07T23:59"));
        assert!(!has(&winter, "2026-12-19T23:59") && !has(&winter, "2027-01-08T00:00"));
        let night = Excluded { hours: Some((22 * 60, 6 * 60)), ..Excluded::default() };
        assert!(has(&night, "2026-06-01T22:00") && has(&night, "2026-06-01T05:59"));
        assert!(!has(&night, "2026-06-01T06:00") && !has(&night, "2026-06-01T21:59"));
        let dates = Days::Dates("2026-06-19".parse().unwrap(), "2026-06-21".parse().unwrap());
        let once = Excluded { days: Some(dates), hours: Some((0, 12 * 60)), holidays: false };
        assert!(has(&once, "2026-06-21T11:59") && !has(&once, "2026-06-21T12:00") && !has(&once, "2027-06-20T10:00"));
    }

    #[test]
    fn a_drill_keeps_away_from_changes_of_shift_and_from_excluded_times() {
        let mut loaded = load(&Source::Shipped).unwrap();
        let mut drill = loaded.drills[0].clone();
        for f in &mut loaded.plan.functions {
            f.shifts = vec!["0 7 * * *".into()];
        }
        drill.near_shift = false;
        drill.excluded.clear();
        for (when, near) in [("06:29", false), ("06:30", true), ("07:00", true), ("07:30", true), ("07:31", false)] {
            let when = at(&format!("2026-06-01T{when}:00+02:00"));
            assert_eq!(drill.held_back(&loaded.plan, when), near.then_some(HeldBack::NearShift), "{when}");
        }
        drill.cron = Some(CronTime::read("0 7,10 * * *").unwrap());
        assert_eq!(drill.next_used(&loaded.plan, at("2026-06-01T04:00:00Z")), Some(at("2026-06-01T10:00:00+02:00")));
        drill.near_shift = true;
        assert_eq!(drill.next_used(&loaded.plan, at("2026-06-01T04:00:00Z")), Some(at("2026-06-01T07:00:00+02:00")));
        drill.excluded = vec![Excluded { hours: Some((0, 1440)), ..Excluded::default() }];
        assert_eq!(drill.next_used(&loaded.plan, at("2026-06-01T04:00:00Z")), None);
    }
}
