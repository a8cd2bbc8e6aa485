//! Times as people type them at night: `now`, `03:12`, `in 2h`, `20m ago`, `2031-01-01 03:12`, RFC 3339.

use jiff::civil::{Date, DateTime, Time};
use jiff::tz::TimeZone;
use jiff::{SignedDuration, Timestamp, ToSpan};

use crate::domain::time::At;

/// Where a time without a date lies.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Side {
    /// It has passed: since when, when somebody called.
    Past,
    /// It is still to come: expected back, next update.
    Future,
}

/// What needs no zone.
pub fn absolute(text: &str, now: At) -> Option<At> {
    let text = text.trim();
    let low = text.to_lowercase();
    if matches!(low.as_str(), "now" | "nu") {
        return Some(now);
    }
    let later = low.strip_prefix("in ").or_else(|| low.strip_prefix("om "));
    let ago = low.strip_suffix(" ago").or_else(|| low.strip_suffix(" sedan"));
    if let Some(span) = later {
        return by(now, duration(span)?);
    }
    if let Some(span) = ago {
        return by(now, -duration(span.strip_prefix("för ").unwrap_or(span))?);
    }
    text.parse::<Timestamp>().ok().map(At::from)
}

fn by(now: At, span: SignedDuration) -> Option<At> {
    now.timestamp().checked_add(span).ok().map(At::from)
}

/// A span in seconds.
pub fn seconds(text: &str) -> Option<u32> {
    u32::try_from(duration(&text.trim().to_lowercase())?.as_secs()).ok()
}

/// `2h`, `1h30m`, `90 min`: hours, minutes and days, no more than a year.
fn duration(text: &str) -> Option<SignedDuration> {
    let mut total_s: i64 = 0;
    let mut rest = text.trim();
    if rest.is_empty() {
        return None;
    }
    while !rest.is_empty() {
        let digits = rest.len() - rest.trim_start_matches(|c: char| c.is_ascii_digit()).len();
        let n: i64 = rest[..digits].parse().ok()?;
        rest = rest[digits..].trim_start();
        let letters = rest.len() - rest.trim_start_matches(char::is_alphabetic).len();
        let unit_s = match &rest[..letters] {
            "m" | "min" | "minute" | "minutes" | "minut" | "minuter" => 60,
            "h" | "hour" | "hours" | "tim" | "timme" | "timmar" => 3600,
            "d" | "day" | "days" | "dag" | "dagar" | "dygn" => 86_400,
            _ => return None,
        };
        rest = rest[letters..].trim_start();
        total_s = total_s.checked_add(n.checked_mul(unit_s)?)?;
    }
    (total_s <= 366 * 86_400).then(|| SignedDuration::from_secs(total_s))
}

enum Form {
    Clock(Time),
    Dated(DateTime),
}

fn form(text: &str) -> Option<Form> {
    let text = text.trim();
    let clock = |t: &str| {
        let (h, m) = t.split_once([':', '.'])?;
        let number =
            |s: &str| ((1..=2).contains(&s.len()) && s.bytes().all(|b| b.is_ascii_digit())).then(|| s.parse().ok())?;
        if m.len() != 2 {
            return None;
        }
        Time::new(number(h)?, number(m)?, 0, 0).ok()
    };
    if let Some(time) = clock(text) {
        return Some(Form::Clock(time));
    }
    let (date, time) = text.split_once([' ', 'T'])?;
    let date: Date = date.parse().ok()?;
    Some(Form::Dated(date.to_datetime(clock(time.trim())?)))
}

/// Whether it is a time at all.
pub fn is_time(text: &str) -> bool {
    form(text).is_some()
}

/// A time in the region. One without a date is the nearest on its side; of an hour that comes twice, the nearest to now.
pub fn local(text: &str, now: At, zone: &TimeZone, side: Side) -> Option<At> {
    let today = now.timestamp().to_zoned(zone.clone()).date();
    let candidates: Vec<DateTime> = match form(text) {
        Some(Form::Dated(at)) => vec![at],
        Some(Form::Clock(time)) => [-1, 0, 1]
            .into_iter()
            .filter_map(|days| today.checked_add(i64::from(days).days()).ok())
            .map(|day| day.to_datetime(time))
            .collect(),
        None => Vec::new(),
    };
    let dated = candidates.len() == 1;
    let moments = candidates.into_iter().flat_map(|at| {
        let ambiguous = zone.to_ambiguous_zoned(at);
        [ambiguous.clone().earlier(), ambiguous.later()]
    });
    let moments: Vec<At> = moments.filter_map(|z| z.ok().map(|z| z.timestamp().into())).collect();
    let found = match side {
        Side::Past => moments.iter().filter(|at| **at <= now).max(),
        Side::Future => moments.iter().filter(|at| **at > now).min(),
    };
    // A date on the wrong side is for the server to refuse, with its reason.
    let found = found.or_else(|| moments.first().filter(|_| dated));
    found.copied()
}

#[cfg(test)]
#[expect(clippy::unwrap_used, reason = "tests")]
mod tests {
    use super::*;

    fn at(text: &str) -> At {
        text.parse::<Timestamp>().unwrap().into()
    }
    fn read(text: &str, now: &str, side: Side) -> Option<String> {
        let zone = crate::domain::calendar::Zone::named("Europe/Stockholm").unwrap().0;
        let found = absolute(text, at(now)).or_else(|| local(text, at(now), &zone, side));
        found.map(|a| a.to_string())
    }

    #[test]
    fn times_are_read_as_people_mean_them() {
        let now = "2031-01-15T02:12:00Z";
        let cases = [
            ("now", Side::Past, "2031-01-15T02:12:00Z"),
            ("03:00", Side::Past, "2031-01-15T02:00:00Z"),
            ("03.00", Side::Past, "2031-01-15T02:00:00Z"),
            ("3:12", Side::Past, "2031-01-15T02:12:00Z"),
            ("23:50", Side::Past, "2031-01-14T22:50:00Z"),
            ("03:00", Side::Future, "2031-01-16T02:00:00Z"),
            ("03:30", Side::Future, "2031-01-15T02:30:00Z"),
            ("in 2h", Side::Future, "2031-01-15T04:12:00Z"),
            ("om 1 tim 30 min", Side::Future, "2031-01-15T03:42:00Z"),
            ("20m ago", Side::Past, "2031-01-15T01:52:00Z"),
            ("för 20 min sedan", Side::Past, "2031-01-15T01:52:00Z"),
            ("2031-01-14 12:00", Side::Past, "2031-01-14T11:00:00Z"),
            ("2031-01-14T12:00", Side::Past, "2031-01-14T11:00:00Z"),
            ("2031-01-14T12:00:00+01:00", Side::Past, "2031-01-14T11:00:00Z"),
            ("2031-01-16 12:00", Side::Past, "2031-01-16T11:00:00Z"),
        ];
        for (text, side, expected) in cases {
            assert_eq!(read(text, now, side).as_deref(), Some(expected), "{text} {side:?}");
        }
        for bad in [
            "",
            "soon",
            "25:00",
            "03:60",
            "3:1",
            "in h",
            "in 2 weeks",
            "in",
            "in ",
            "ago",
            "+3:12",
            "03:1å",
            "2031-02-30 12:00",
        ] {
            assert_eq!(read(bad, now, Side::Past), None, "{bad}");
        }
    }

    #[test]
    fn the_hour_that_comes_twice_is_the_nearest() {
        // On 2031-10-26 02:30 comes twice in Stockholm: at 00:30Z and 01:30Z.
        assert_eq!(read("02:30", "2031-10-26T00:45:00Z", Side::Past).as_deref(), Some("2031-10-26T00:30:00Z"));
        assert_eq!(read("02:30", "2031-10-26T00:45:00Z", Side::Future).as_deref(), Some("2031-10-26T01:30:00Z"));
        assert_eq!(read("02:30", "2031-10-26T01:45:00Z", Side::Past).as_deref(), Some("2031-10-26T01:30:00Z"));
    }
}
