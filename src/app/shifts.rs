//! Shift changes (RULES C11): when they fall, in cron notation and local time, or by the roster. What follows from one the domain decides.

use std::collections::BTreeSet;

use jiff::{Timestamp, ToSpan};

use crate::config::CronTime;
use crate::domain::ids::FunctionId;
use crate::domain::plan::Plan;

/// Functions whose shift changed after `from` and not after `to`: each once, however many changes were slept through.
pub fn changed(plan: &Plan, from: Timestamp, to: Timestamp) -> Vec<FunctionId> {
    let mut changed = BTreeSet::new();
    // Older changes are history: whoever came on since was told by a later one.
    let from = from.max(to - 24.hours());
    for f in &plan.functions {
        // Another duty telephone from now on: whoever holds it has none of the texts (DESIGN: rosters).
        if f.roster.changes(from.into(), to.into()) {
            changed.insert(f.id.clone());
        }
        for shift in &f.shifts {
            if CronTime::read(shift).is_ok_and(|time| time.next_in(&plan.calendar, from).is_some_and(|at| at <= to)) {
                changed.insert(f.id.clone());
            }
        }
    }
    changed.into_iter().collect()
}

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, reason = "tests")]
    use super::*;
    use crate::config::{Source, load};

    #[test]
    fn a_shift_changes_once_at_its_local_time_also_when_the_clocks_change() {
        let mut plan = load(&Source::Shipped).unwrap().plan;
        for f in &mut plan.functions {
            f.shifts = if f.id.as_str() == "tib" { vec!["30 2 * * *".into()] } else { Vec::new() };
        }
        let at = |s: &str| s.parse::<Timestamp>().unwrap();
        let tib = vec![FunctionId::from("tib")];
        assert_eq!(changed(&plan, at("2026-06-01T02:29:00+02:00"), at("2026-06-01T02:30:00+02:00")), tib);
        assert!(changed(&plan, at("2026-06-01T02:30:00+02:00"), at("2026-06-01T02:31:00+02:00")).is_empty());
        // The spring night has no 02.30: it comes as long after the gap, also where the looks are short.
        assert_eq!(changed(&plan, at("2026-03-29T01:59:00+01:00"), at("2026-03-29T03:31:00+02:00")), tib);
        assert_eq!(changed(&plan, at("2026-03-29T03:29:30+02:00"), at("2026-03-29T03:30:00+02:00")), tib);
        assert!(changed(&plan, at("2026-03-29T03:30:00+02:00"), at("2026-03-29T03:30:30+02:00")).is_empty());
        // The autumn night has two: one change.
        assert_eq!(changed(&plan, at("2026-10-25T02:00:00+02:00"), at("2026-10-25T02:45:00+02:00")), tib);
        assert!(changed(&plan, at("2026-10-25T02:45:00+02:00"), at("2026-10-25T02:45:00+01:00")).is_empty());
        assert!(changed(&plan, at("2026-10-25T02:29:30+01:00"), at("2026-10-25T02:30:00+01:00")).is_empty());
        // Slept through: once.
        assert_eq!(changed(&plan, at("2026-06-01T00:00:00+02:00"), at("2026-06-09T00:00:00+02:00")), tib);
    }
}
