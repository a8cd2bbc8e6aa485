//! Times in cron notation, as `shifts:` has them: minute, hour, day, month, weekday. Reads the notation and says when the clock
//! on the wall shows such a time; the zone belongs to the plan's calendar.

use cron::{Crontab, FallbackTimezoneOption, MakeTimestamp, ParseOptions};
use jiff::civil::DateTime;
use jiff::tz::TimeZone;
use jiff::{Timestamp, ToSpan};

use crate::domain::calendar::Calendar;

/// What the fields are, and what goes there.
const FIELDS: [(&str, &str); 5] = [
    ("minute", "0 to 59, or *"),
    ("hour", "0 to 23, or *"),
    ("day of the month", "1 to 31, L for the last, or *"),
    ("month", "1 to 12, JAN to DEC, or *"),
    ("weekday", "1 to 7 from Monday, MON to SUN, or *"),
];

/// A time that comes again, read.
#[derive(Clone, Debug)]
pub struct CronTime(Crontab);

impl CronTime {
    /// Reads `0 7 * * *`.
    ///
    /// # Errors
    /// What is wrong with it, in a line.
    pub fn read(text: &str) -> Result<Self, String> {
        let fields: Vec<&str> = text.split_ascii_whitespace().collect();
        if fields.len() != FIELDS.len() {
            return Err(format!("a time has {} fields, not {}", FIELDS.len(), fields.len()));
        }
        let read = |text: &str| {
            // The crate wants a zone. In UTC every time of the wall exists, and once.
            let mut options = ParseOptions::default();
            options.fallback_timezone_option = FallbackTimezoneOption::UTC;
            cron::parse_crontab_with(text, options)
        };
        read(text).map(Self).map_err(|_| {
            // Which field it is: all others are replaced by any time.
            let alone = |at: usize| {
                let one: Vec<&str> = (0..FIELDS.len()).map(|i| if i == at { fields[i] } else { "*" }).collect();
                read(&one.join(" ")).is_err()
            };
            let wrong = FIELDS.iter().enumerate().find(|(at, _)| alone(*at));
            wrong.map_or_else(
                || "its day of the month and its weekday do not go together".to_owned(),
                |(at, (what, range))| format!("\"{}\" is no {what}: {range}", fields[at]),
            )
        })
    }

    /// When the clock on the wall shows it next, later than `wall`. `None`: not within four years.
    pub fn next_on_the_wall(&self, wall: DateTime) -> Option<DateTime> {
        let after = TimeZone::UTC.to_timestamp(wall).ok()?;
        self.0.find_next(MakeTimestamp(after)).ok().map(|next| next.datetime())
    }

    /// When it comes next in a place, later than `after`. A time that a spring night skips comes as long after the gap as it stands in
    /// it; one that an autumn night has twice comes the first time. `None`: not within four years.
    pub fn next_in(&self, calendar: &Calendar, after: Timestamp) -> Option<Timestamp> {
        // The clock on the wall is moved by less than this.
        let mut wall = calendar.local(after).datetime().checked_sub(3.hours()).ok()?;
        let latest = calendar.local(after).datetime().checked_add(3.hours()).ok()?;
        loop {
            let next = self.next_on_the_wall(wall)?;
            let placed = calendar.zone.0.to_ambiguous_zoned(next).compatible().ok()?.timestamp();
            // Where the clock is moved, a later time on the wall may come before an earlier one: the first that is left is not
            // always the next, so that all of those few hours are looked at.
            if placed > after {
                let rest =
                    std::iter::successors(Some(next), |w| self.next_on_the_wall(*w)).take_while(|w| *w <= latest);
                let placed_of = |w| calendar.zone.0.to_ambiguous_zoned(w).compatible().ok().map(|z| z.timestamp());
                return rest.filter_map(placed_of).filter(|at| *at > after).chain([placed]).min();
            }
            wall = next;
        }
    }
}

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, reason = "tests")]
    use super::*;

    #[test]
    fn the_notation_is_read_and_mistakes_are_said_in_a_line() {
        let wall = |s: &str| s.parse::<DateTime>().unwrap();
        for (text, after, next) in [
            ("0 7 * * *", "2026-06-01T06:59:59", "2026-06-01T07:00:00"),
            ("0 7 * * *", "2026-06-01T07:00:00", "2026-06-02T07:00:00"),
            ("0 8 * * MON", "2026-06-01T09:00:00", "2026-06-08T08:00:00"),
            ("0 8 * * 1", "2026-06-01T09:00:00", "2026-06-08T08:00:00"),
            ("0 6,18 * * *", "2026-06-01T06:00:00", "2026-06-01T18:00:00"),
            // No such time in Stockholm; whoever asks for it places it.
            ("30 2 * * *", "2026-03-29T01:59:00", "2026-03-29T02:30:00"),
        ] {
            assert_eq!(CronTime::read(text).unwrap().next_on_the_wall(wall(after)), Some(wall(next)), "{text}");
        }
        assert_eq!(CronTime::read("0 0 30 2 *").unwrap().next_on_the_wall(wall("2026-01-01T00:00:00")), None);
        for bad in ["7 o'clock", "0 25 * * *", "", "0 7 * * * Europe/Oslo", "* * * *"] {
            let why = CronTime::read(bad).unwrap_err();
            assert!(!why.is_empty() && !why.contains('\n'), "{bad}: {why}");
        }
        for (bad, said) in [
            ("0 25 * * *", "\"25\" is no hour"),
            ("60 7 * * *", "\"60\" is no minute"),
            ("0 7 32 * *", "\"32\" is no day of the month"),
            ("0 7 * MAJ *", "\"MAJ\" is no month"),
            ("0 7 * * MÅN", "\"MÅN\" is no weekday"),
            ("0 7 * * 9", "\"9\" is no weekday"),
            ("0 20-6 * * *", "\"20-6\" is no hour"),
            ("7 o'clock", "a time has 5 fields, not 2"),
            ("@daily", "a time has 5 fields, not 1"),
        ] {
            let why = CronTime::read(bad).unwrap_err();
            assert!(why.starts_with(said), "{bad}: {why}");
        }
    }
}
