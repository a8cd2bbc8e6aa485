//! Whether drills begin when they are meant to: never, never in the time that is left, close to a change of shift, or in a night in which
//! the clock is moved.

use jiff::{Timestamp, ToSpan};

use crate::config::drills::{NEAR_SHIFT_MIN, PlannedDrill};
use crate::config::loaded::Loaded;
use crate::config::places::Places;
use crate::domain::drills::HeldBack;
use crate::domain::plan::Plan;
use crate::yaml::Found;

/// Moments are looked at from here on, over years in which every weekday falls on every date that matters.
const FROM: &str = "2026-01-01T00:00:00Z";
/// So many moments of each drill are looked at…
const MOMENTS_MAX: usize = 200;
/// …within so many years.
const YEARS: i64 = 4;

pub(super) fn check(loaded: &Loaded, places: &Places, found: &mut Found) {
    let Ok(from) = FROM.parse::<Timestamp>() else { return };
    for drill in &loaded.drills {
        one(&loaded.plan, drill, from, places, found);
    }
}

fn one(plan: &Plan, drill: &PlannedDrill, from: Timestamp, places: &Places, found: &mut Found) {
    let Some(cron) = &drill.cron else { return };
    let place = drill.order.drill.id.as_ref().and_then(|id| places.drills.get(id)).map(|p| p.1).unwrap_or_default();
    let until = from + (YEARS * 366 * 24).hours();
    let all = std::iter::successors(cron.next_in(&plan.calendar, from), |at| cron.next_in(&plan.calendar, *at));
    let all: Vec<Timestamp> = all.take_while(|at| *at < until).take(MOMENTS_MAX).collect();
    if all.is_empty() {
        found.error(place, "cron-never", "this time never comes");
        return;
    }
    let why = |at: &Timestamp| drill.held_back(plan, *at);
    if all.iter().all(|at| why(at) == Some(HeldBack::Excluded)) {
        let message = "every time at which this drill would begin is excluded";
        found
            .error(place, "cron-excluded", message)
            .help("move it, or what is excluded; without cron: it is started by hand");
    } else if all.iter().all(|at| why(at).is_some()) {
        let message =
            format!("every time at which this drill would begin is within {NEAR_SHIFT_MIN} min of a change of shift");
        found.error(place, "cron-shift", message).help("move it, or write near_shift: true");
    } else if let Some(at) = all.iter().find(|at| why(at) == Some(HeldBack::NearShift)) {
        let local = plan.calendar.local(*at).strftime("%Y-%m-%d %H:%M");
        let message = format!("on {local} a shift changes within {NEAR_SHIFT_MIN} min: the drill does not begin then");
        found.warning(place, "near-shift", message).help("move it, or write near_shift: true");
    }
    clock_change(plan, cron, from, until, place, found);
}

/// A night in which the clock is moved has no such time, or two.
fn clock_change(
    plan: &Plan,
    cron: &crate::config::CronTime,
    from: Timestamp,
    until: Timestamp,
    place: crate::yaml::Place,
    found: &mut Found,
) {
    let zone = &plan.calendar.zone.0;
    for change in zone.following(from).take_while(|t| t.timestamp() < until) {
        let at = change.timestamp();
        // The hours of the wall around it: a gap or a fold lies within.
        let Ok(mut wall) = plan.calendar.local(at - 1.second()).datetime().checked_sub(3.hours()) else { return };
        let Ok(last) = plan.calendar.local(at).datetime().checked_add(3.hours()) else { return };
        while let Some(next) = cron.next_on_the_wall(wall).filter(|next| *next <= last) {
            wall = next;
            let ambiguous = zone.to_ambiguous_zoned(next);
            if !ambiguous.is_ambiguous() {
                continue;
            }
            let shown = |t: Timestamp| plan.calendar.local(t).strftime("%H:%M").to_string();
            let Ok(placed) = ambiguous.compatible().map(|z| z.timestamp()) else { continue };
            let (day, hour) = (next.strftime("%Y-%m-%d"), next.strftime("%H:%M").to_string());
            let message = match shown(placed) == hour {
                true => format!("on {day} the clock shows {hour} twice: the drill begins at the first"),
                false => format!("on {day} the clock does not show {hour}: the drill begins at {}", shown(placed)),
            };
            found.warning(place, "clock-change", message).help("choose an hour in which the clock is never moved");
            return;
        }
    }
}
