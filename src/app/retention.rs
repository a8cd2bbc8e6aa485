//! Forgets the private values of incidents whose time is over: `retention` of `contacts/organisation.yaml` after they closed.
//!
//! A key that is destroyed does not come back, and a machine's clock can be years ahead for a while. So an incident's time has to
//! be over for a whole day of this program's own time, by whatever the clock said at each look.

use std::collections::BTreeMap;
use std::time::Duration;

use tokio::sync::watch;

use crate::clock::{SharedClock, mono};
use crate::dispatch::engine::{Failed, Handle, Meta};
use crate::dispatch::forgotten::due;
use crate::dispatch::system_record::Forgotten;
use crate::domain::ids::IncidentNo;
use crate::domain::incident::state::State;
use crate::domain::time::At;

/// How often it is looked at.
const EVERY: Duration = Duration::from_secs(3600);
/// How soon after a start.
const FIRST_AFTER: Duration = Duration::from_secs(60);
/// So many at a time: each is a commit of its own, and people may be waiting for theirs.
const AT_ONCE: usize = 20;
/// When there are more, they follow after this.
const NEXT_AFTER: Duration = Duration::from_secs(10);

/// An incident's time is over for so long before it is forgotten, measured by a clock that nobody sets.
pub const OVER_FOR: Duration = Duration::from_secs(24 * 3600);

/// The incidents whose time is over, the oldest first.
pub fn overdue(state: &State, meta: &Meta, now: At) -> Vec<IncidentNo> {
    let mut over: Vec<(At, IncidentNo)> = state
        .archived
        .iter()
        .filter(|(no, _)| !meta.kept.forgotten.contains_key(no))
        .filter_map(|(no, summary)| Some((due(summary.closed, meta.retention_months)?, *no)))
        .filter(|(due, _)| *due <= now)
        .collect();
    over.sort_unstable();
    over.into_iter().map(|(_, no)| no).collect()
}

/// Since when the time of incidents is over, by a clock that nobody sets.
#[derive(Default, Debug)]
pub struct Overdue(BTreeMap<IncidentNo, Duration>);

impl Overdue {
    /// Those of `over`, in its order, that were overdue at every look of [`OVER_FOR`]. `at` is the time of that other clock.
    pub fn still(&mut self, over: Vec<IncidentNo>, at: Duration) -> Vec<IncidentNo> {
        let before = std::mem::take(&mut self.0);
        self.0 = over.iter().map(|no| (*no, before.get(no).copied().unwrap_or(at))).collect();
        over.into_iter().filter(|no| at.saturating_sub(self.0[no]) >= OVER_FOR).collect()
    }
}

/// Forgets what is overdue, as much as goes at a time. Whether there is more. `now` is the machine's time, `at` that of a clock
/// that nobody sets.
///
/// # Errors
/// The program is going down.
pub async fn forget_overdue(handle: &Handle, seen: &mut Overdue, now: At, at: Duration) -> Result<bool, Failed> {
    let (over, months) = handle.query(move |s, m| (overdue(s, m, now), m.retention_months)).await?;
    let over = seen.still(over, at);
    let more = over.len() > AT_ONCE;
    for incident in over.into_iter().take(AT_ONCE) {
        let reason = format!("retention of {months} months is over");
        if let Err(error) = handle.forget(Forgotten { incident, by: None, reason }).await {
            tracing::warn!(%incident, %error, "private values were not forgotten, and will be tried again");
        }
    }
    Ok(more)
}

/// Runs until `stop` turns true.
pub async fn run(handle: Handle, clock: SharedClock, mut stop: watch::Receiver<bool>) {
    let (mut wait, mut seen, from) = (FIRST_AFTER, Overdue::default(), mono());
    loop {
        tokio::select! {
            _ = stop.changed() => return,
            () = tokio::time::sleep(wait) => {}
        }
        let Ok(more) = forget_overdue(&handle, &mut seen, clock.now().into(), from.elapsed()).await else { return };
        wait = if more { NEXT_AFTER } else { EVERY };
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn months_are_those_of_the_calendar() {
        for (closed, months, expected) in [
            ("2024-11-28T19:12:00Z", 24, "2026-11-28T19:12:00Z"),
            ("2026-01-31T12:00:00Z", 1, "2026-02-28T12:00:00Z"),
            ("2024-02-29T00:00:00Z", 12, "2025-02-28T00:00:00Z"),
        ] {
            let at = |text: &str| At::from(text.parse::<jiff::Timestamp>().expect("a moment"));
            assert_eq!(due(at(closed), months), Some(at(expected)));
        }
        assert_eq!(due(At(0), u32::MAX), None, "beyond all calendars");
    }

    #[test]
    fn a_clock_that_is_years_ahead_for_a_while_forgets_nothing() {
        let (old, young) = (IncidentNo::actual(1), IncidentNo::actual(2));
        let hours = |n: u64| Duration::from_secs(n * 3600);
        let mut seen = Overdue::default();
        assert_eq!(seen.still(vec![old], hours(0)), []);
        // Ten years ahead for an evening, and set right.
        for n in 1..=5 {
            assert_eq!(seen.still(vec![old, young], hours(n)), []);
        }
        assert_eq!(seen.still(vec![old], hours(6)), []);
        assert_eq!(seen.still(vec![old], hours(23)), []);
        // Ahead again: what was over all the time goes, and nothing else.
        assert_eq!(seen.still(vec![old, young], hours(24)), [old]);
        assert_eq!(seen.still(vec![young], hours(47)), [], "counted anew");
        assert_eq!(seen.still(vec![young], hours(48)), [young]);
    }
}
