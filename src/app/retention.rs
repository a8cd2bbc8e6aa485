//! Forgets the private values of incidents whose time is over: `retention` of `contacts/organisation.yaml` after they closed.

use std::time::Duration;

use tokio::sync::watch;

use crate::clock::SharedClock;
use crate::dispatch::engine::{Failed, Handle, Meta};
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

/// When what belongs to an incident that closed then is forgotten; `None` when that lies beyond all calendars.
pub fn due(closed: At, months: u32) -> Option<At> {
    let closed = closed.timestamp().to_zoned(jiff::tz::TimeZone::UTC);
    let span = jiff::Span::new().try_months(months).ok()?;
    closed.checked_add(span).ok().map(|due| due.timestamp().into())
}

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

/// Forgets what is overdue, as much as goes at a time. Whether there is more.
///
/// # Errors
/// The program is going down.
pub async fn forget_overdue(handle: &Handle, now: At) -> Result<bool, Failed> {
    let (over, months) = handle.query(move |s, m| (overdue(s, m, now), m.retention_months)).await?;
    let more = over.len() > AT_ONCE;
    for incident in over.into_iter().take(AT_ONCE) {
        let reason = format!("retention of {months} months is over");
        if let Err(error) = handle.forget(Forgotten { incident, by: None, reason }).await {
            tracing::warn!(%incident, "private values were not forgotten, and will be tried again: {error}");
        }
    }
    Ok(more)
}

/// Runs until `stop` turns true.
pub async fn run(handle: Handle, clock: SharedClock, mut stop: watch::Receiver<bool>) {
    let mut wait = FIRST_AFTER;
    loop {
        tokio::select! {
            _ = stop.changed() => return,
            () = tokio::time::sleep(wait) => {}
        }
        let Ok(more) = forget_overdue(&handle, clock.now().into()).await else { return };
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
}
