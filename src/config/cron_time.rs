//! Times in cron notation, as `shifts:` has them: minute, hour, day, month, weekday. Reads the notation and says when the clock
//! on the wall shows such a time; the zone belongs to the plan's calendar.

use cron::{Crontab, FallbackTimezoneOption, MakeTimestamp, ParseOptions};
use jiff::civil::DateTime;
use jiff::tz::TimeZone;

/// A time that comes again, read.
#[derive(Clone, Debug)]
pub struct CronTime(Crontab);

impl CronTime {
    /// Reads `0 7 * * *`.
    ///
    /// # Errors
    /// What is wrong with it, in a line.
    pub fn read(text: &str) -> Result<Self, String> {
        if text.split_ascii_whitespace().count() > 5 {
            return Err("there are more than five fields".into());
        }
        // The crate wants a zone. In UTC every time of the wall exists, and once.
        let mut options = ParseOptions::default();
        options.fallback_timezone_option = FallbackTimezoneOption::UTC;
        cron::parse_crontab_with(text, options).map(Self).map_err(|e| {
            // Its text shows the notation once more, with a mark below: the last line has the reason.
            let text = e.to_string();
            text.rsplit('\n').next().unwrap_or_default().trim_start_matches([' ', '^']).to_owned()
        })
    }

    /// When the clock on the wall shows it next, later than `wall`. `None`: not within four years.
    pub fn next_on_the_wall(&self, wall: DateTime) -> Option<DateTime> {
        let after = TimeZone::UTC.to_timestamp(wall).ok()?;
        self.0.find_next(MakeTimestamp(after)).ok().map(|next| next.datetime())
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
    }
}
