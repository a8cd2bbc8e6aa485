//! Planned drills at their time (RULES D17): looks at the clock, and says which moment has come and what the calendar and the clock say of
//! it. Whether one begins the domain decides, and remembers: a moment is used once, however often it is looked at.

use std::time::Duration;

use jiff::Timestamp;
use tokio::sync::watch;

use crate::clock::SharedClock;
use crate::config::PlannedDrill;
use crate::dispatch::engine::Handle;
use crate::domain::drills::{Drills, HeldBack};
use crate::domain::incident::input::Input;
use crate::domain::plan::Plan;

/// Planned drills are looked for that often.
const EVERY: Duration = Duration::from_secs(20);
/// A drill that is so many seconds late begins no more: people were told another time.
const LATE_S_MAX: i64 = 120;
/// So many moments of one drill are passed over in one look, the oldest first.
const PASSED_OVER_MAX: usize = 10_000;

/// What a look at the clock found.
#[derive(Clone, Copy, Debug)]
pub struct Look {
    /// The look before.
    pub from: Timestamp,
    pub now: Timestamp,
    /// The machine's clock is followed (RULES D12).
    pub trusted: bool,
}

/// What has come of planned drills since the look before: moments, and what is to be told before one.
pub fn due(plan: &Plan, drills: &[PlannedDrill], known: &Drills, look: Look) -> Vec<Input> {
    let mut due = Vec::new();
    for drill in drills {
        let Some(id) = &drill.order.drill.id else { continue };
        let settled = known.moments.get(id).map(|m| m.planned.timestamp());
        let after = settled.map_or(look.from, |at| at.max(look.from));
        let next = |at: &Timestamp| drill.next_moment(&plan.calendar, *at);
        // Where the program was down for long, the last of the moments says it for all.
        let come = std::iter::successors(next(&after), next).take_while(|at| *at <= look.now);
        if let Some(planned) = come.take(PASSED_OVER_MAX).last() {
            let late = look.now.duration_since(planned).as_secs() > LATE_S_MAX;
            let held_back = match (late, look.trusted) {
                (true, _) => Some(HeldBack::Missed),
                (false, false) => Some(HeldBack::Clock),
                (false, true) => drill.held_back(plan, planned),
            };
            let (by, order) = (drill.by.clone(), Box::new(drill.order.clone()));
            due.push(Input::DrillDue { planned: planned.into(), by, order, held_back });
        }
        let Some(soon_s) = drill.soon_s.filter(|_| look.trusted) else { continue };
        let Some(planned) = drill.next_used(plan, look.now) else { continue };
        let told = known.announced.get(id).is_some_and(|at| at.timestamp() >= planned);
        if !told && planned.duration_since(look.now).as_secs() <= i64::from(soon_s) {
            due.push(Input::DrillSoon {
                drill: id.clone(),
                title: drill.order.drill.title.clone(),
                planned: planned.into(),
                to: drill.soon_to.clone(),
            });
        }
    }
    due
}

/// Looks until `stop` turns true. `from`: when the program last wrote anything; what was planned since was missed.
pub async fn run(handle: Handle, clock: SharedClock, mut from: Timestamp, mut stop: watch::Receiver<bool>) {
    if handle.board().is_training() {
        // In training people begin drills, and no clock does.
        return;
    }
    loop {
        let look = Look { from, now: clock.now(), trusted: clock.distrusted().is_none() };
        let found = handle.query(move |state, meta| due(&state.plan, &meta.drills, &state.drills, look)).await;
        if let Ok(inputs) = found {
            // Looked at again from here where one of them was not taken.
            let mut taken = true;
            for input in inputs {
                if let Err(error) = handle.input(input).await {
                    taken = false;
                    tracing::error!(%error, "a planned drill was not decided on");
                }
            }
            if taken {
                from = look.now;
            }
        }
        tokio::select! {
            _ = stop.changed() => return,
            () = tokio::time::sleep(EVERY) => {}
        }
    }
}

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, reason = "tests")]
    use super::*;
    use crate::config::{CronTime, Loaded, Source, load};
    use crate::domain::drills::{Fate, Moment};

    fn at(s: &str) -> Timestamp {
        s.parse().unwrap()
    }

    /// One drill, at that time, far from every shift.
    fn planned(cron: &str) -> Loaded {
        let mut loaded = load(&Source::Shipped).unwrap();
        loaded.drills.truncate(1);
        let drill = &mut loaded.drills[0];
        drill.cron = Some(CronTime::read(cron).unwrap());
        (drill.near_shift, drill.soon_s) = (true, None);
        drill.excluded.clear();
        loaded
    }

    fn looked(
        loaded: &Loaded,
        known: &Drills,
        from: &str,
        now: &str,
        trusted: bool,
    ) -> Vec<(Timestamp, Option<HeldBack>)> {
        let look = Look { from: at(from), now: at(now), trusted };
        let moment = |input| match input {
            Input::DrillDue { planned, held_back, .. } => (planned.timestamp(), held_back),
            other => unreachable!("{other:?}"),
        };
        due(&loaded.plan, &loaded.drills, known, look).into_iter().map(moment).collect()
    }

    #[test]
    fn a_moment_comes_once_however_late_the_look() {
        let (loaded, none) = (planned("0 10 * * *"), Drills::default());
        let ten = at("2026-06-01T10:00:00+02:00");
        let look = |from, now| looked(&loaded, &none, from, now, true);
        assert_eq!(look("2026-06-01T09:59:40+02:00", "2026-06-01T09:59:59+02:00"), []);
        assert_eq!(look("2026-06-01T09:59:59+02:00", "2026-06-01T10:00:19+02:00"), [(ten, None)]);
        assert_eq!(look("2026-06-01T10:00:00+02:00", "2026-06-01T10:00:20+02:00"), []);
        // Late by so much that it is not begun any more, and a week in which the program was down: one moment for all.
        let missed = Some(HeldBack::Missed);
        assert_eq!(look("2026-06-01T09:00:00+02:00", "2026-06-01T10:02:01+02:00"), [(ten, missed)]);
        assert_eq!(look("2026-05-25T09:00:00+02:00", "2026-06-01T10:30:00+02:00"), [(ten, missed)]);
        // It was decided on before the program ended, or before the clock was set back.
        let mut known = Drills::default();
        let id = loaded.drills[0].order.drill.id.clone().unwrap();
        known.settle(&id, Moment { planned: ten.into(), at: ten.into(), fate: Fate::Missed });
        assert_eq!(looked(&loaded, &known, "2026-06-01T09:00:00+02:00", "2026-06-01T10:00:30+02:00", true), []);
    }

    #[test]
    fn a_clock_that_is_not_followed_begins_no_drill() {
        let (loaded, none) = (planned("0 10 * * *"), Drills::default());
        let seen = looked(&loaded, &none, "2026-06-01T09:59:50+02:00", "2026-06-01T10:00:10+02:00", false);
        assert_eq!(seen, [(at("2026-06-01T10:00:00+02:00"), Some(HeldBack::Clock))]);
    }

    #[test]
    fn a_night_in_which_the_clock_is_moved_has_the_moment_once() {
        let (loaded, none) = (planned("30 2 * * *"), Drills::default());
        let spring = at("2026-03-29T03:30:00+02:00");
        let first = at("2026-10-25T02:30:00+02:00");
        let look = |from: &str, now: &str| looked(&loaded, &none, from, now, true);
        assert_eq!(look("2026-03-29T03:29:50+02:00", "2026-03-29T03:30:10+02:00"), [(spring, None)]);
        assert_eq!(look("2026-03-29T03:30:10+02:00", "2026-03-29T23:00:00+02:00"), []);
        assert_eq!(look("2026-10-25T02:29:50+02:00", "2026-10-25T02:30:10+02:00"), [(first, None)]);
        assert_eq!(look("2026-10-25T02:29:50+01:00", "2026-10-25T02:30:10+01:00"), []);
    }

    #[test]
    fn who_is_told_before_is_told_of_the_next_moment_that_is_used() {
        let mut loaded = planned("0 10 * * *");
        loaded.drills[0].soon_s = Some(3600);
        let told = |known: &Drills, now: &str| {
            let look = Look { from: at(now), now: at(now), trusted: true };
            let found = due(&loaded.plan, &loaded.drills, known, look);
            found.into_iter().find_map(|i| if let Input::DrillSoon { planned, .. } = i { Some(planned) } else { None })
        };
        let none = Drills::default();
        assert_eq!(told(&none, "2026-06-01T08:59:59+02:00"), None);
        let ten: crate::domain::time::At = at("2026-06-01T10:00:00+02:00").into();
        assert_eq!(told(&none, "2026-06-01T09:00:00+02:00"), Some(ten));
        let id = loaded.drills[0].order.drill.id.clone().unwrap();
        let known = Drills { announced: [(id, ten)].into(), ..Drills::default() };
        assert_eq!(told(&known, "2026-06-01T09:30:00+02:00"), None);
    }
}
