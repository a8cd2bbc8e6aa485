//! Small values written as words: `5m`, `07:30`, `quiet_until 06:30`, `inet-1|mob-2`, `2026-12-24`.

use std::borrow::Cow;
use std::str::FromStr;
use std::time::Duration;

use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::de::{Deserialize, Deserializer, Error as _};
use serde::{Serialize, Serializer};

use super::de::word_or;

/// A span of time: `90s`, `5m`, `1h`, `30d`; in seconds. Files can't say nothing (`0s`), since a wait or a deadline of nothing
/// never holds, nor more than [`SPAN_S_MAX`]; where nothing has a meaning there is [`Lapse`].
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug, Default)]
pub struct Secs(pub u32);

impl Secs {
    /// As long as it says.
    pub fn duration(self) -> Duration {
        Duration::from_secs(self.0.into())
    }

    /// As long as it says, but never nothing: for waits that are limits.
    pub fn at_least_a_second(self) -> Duration {
        Duration::from_secs(self.0.max(1).into())
    }
}

impl Serialize for Secs {
    fn serialize<S: Serializer>(&self, s: S) -> Result<S::Ok, S::Error> {
        let (n, unit) = match self.0 {
            n if n > 0 && n % 86_400 == 0 => (n / 86_400, 'd'),
            n if n > 0 && n % 3_600 == 0 => (n / 3_600, 'h'),
            n if n > 0 && n % 60 == 0 => (n / 60, 'm'),
            n => (n, 's'),
        };
        s.collect_str(&format_args!("{n}{unit}"))
    }
}

/// A span of time that may be nothing: `0s`.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug, Default)]
pub struct Lapse(pub u32);

/// The longest span of time, in seconds: a year. Whoever writes more has taken one unit for another.
pub const SPAN_S_MAX: u32 = 366 * 86_400;

/// A span until a deadline: `72h`, or months of the calendar: `1mo`.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Span {
    /// Seconds.
    Secs(u32),
    /// Months.
    Months(u8),
}

/// Months of the calendar: `24mo`, `2y`.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Months(pub u32);

/// A time on the wall: `07:30`; in minutes after midnight.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Clock(pub u16);

/// `page`, or `quiet_until 06:30`.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Night {
    /// Told as by day.
    Page,
    /// It waits until then.
    QuietUntil(Clock),
}

/// Any one of these: `inet-1|mob-2`.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Need(pub Vec<String>);

/// A date: `2026-12-24`.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Day(pub jiff::civil::Date);

impl FromStr for Secs {
    type Err = String;
    fn from_str(s: &str) -> Result<Self, String> {
        let bad = || format!("\"{s}\" is not a span of time; write 90s, 5m, 1h or 30d");
        let unit = match s.chars().last() {
            Some('s') => 1,
            Some('m') => 60,
            Some('h') => 3600,
            Some('d') => 86_400,
            _ => return Err(bad()),
        };
        let digits = &s[..s.len() - 1];
        if digits.is_empty() || !digits.bytes().all(|b| b.is_ascii_digit()) {
            return Err(bad());
        }
        match digits.parse::<u32>().ok().and_then(|n| n.checked_mul(unit)).filter(|n| *n <= SPAN_S_MAX) {
            Some(0) => Err(format!("\"{s}\" is no time at all; write at least 1s")),
            Some(n) => Ok(Secs(n)),
            None => Err(format!("\"{s}\" is more than a year")),
        }
    }
}

impl FromStr for Lapse {
    type Err = String;
    fn from_str(s: &str) -> Result<Self, String> {
        let digits = s.strip_suffix(['s', 'm', 'h', 'd']).unwrap_or("");
        match !digits.is_empty() && digits.bytes().all(|b| b == b'0') {
            true => Ok(Lapse(0)),
            false => s.parse().map(|s: Secs| Lapse(s.0)),
        }
    }
}

impl FromStr for Span {
    type Err = String;
    fn from_str(s: &str) -> Result<Self, String> {
        let months = s.strip_suffix("mo").filter(|n| !n.is_empty() && n.bytes().all(|b| b.is_ascii_digit()));
        match months.map(str::parse::<u8>) {
            Some(Ok(0)) => Err(format!("\"{s}\" is no time at all; write at least 1s")),
            Some(Ok(n)) if n <= 12 => Ok(Span::Months(n)),
            Some(_) => Err(format!("\"{s}\" is more than a year")),
            None => s.parse().map(|s: Secs| Span::Secs(s.0)).map_err(|why| format!("{why}, or 1mo")),
        }
    }
}

/// The longest time for which private values may be kept: whoever writes more wants to keep them for ever.
const MONTHS_MAX: u32 = 1_200;

impl FromStr for Months {
    type Err = String;
    fn from_str(s: &str) -> Result<Self, String> {
        let (digits, times) = match (s.strip_suffix("mo"), s.strip_suffix('y')) {
            (Some(digits), _) => (digits, 1),
            (_, Some(digits)) => (digits, 12),
            _ => ("", 0),
        };
        let number = digits.parse::<u32>().ok().filter(|_| digits.bytes().all(|b| b.is_ascii_digit()));
        match number.and_then(|n| n.checked_mul(times)) {
            Some(n) if (1..=MONTHS_MAX).contains(&n) => Ok(Months(n)),
            Some(_) => Err(format!("\"{s}\" is not between 1mo and {}y", MONTHS_MAX / 12)),
            None => Err(format!("\"{s}\" is not a number of months or years; write 24mo or 2y")),
        }
    }
}

impl FromStr for Clock {
    type Err = String;
    fn from_str(s: &str) -> Result<Self, String> {
        let parts = s.split_once([':', '.']).filter(|(h, m)| {
            matches!(h.len(), 1 | 2) && m.len() == 2 && h.bytes().chain(m.bytes()).all(|b| b.is_ascii_digit())
        });
        let read = parts.and_then(|(h, m)| Some((h.parse::<u16>().ok()?, m.parse::<u16>().ok()?)));
        match read {
            Some((h, m)) if h < 24 && m < 60 => Ok(Clock(h * 60 + m)),
            _ => Err(format!("\"{s}\" is not a time of day; write 07:30")),
        }
    }
}

impl FromStr for Night {
    type Err = String;
    fn from_str(s: &str) -> Result<Self, String> {
        match s.split_once(' ') {
            None if s == "page" => Ok(Night::Page),
            Some(("quiet_until", time)) => time.parse().map(Night::QuietUntil),
            _ => Err(format!("\"{s}\" is not understood; write page, or quiet_until 06:30")),
        }
    }
}

impl FromStr for Need {
    type Err = String;
    fn from_str(s: &str) -> Result<Self, String> {
        let names: Vec<String> = s.split('|').map(|n| n.trim().to_owned()).collect();
        if names.iter().any(String::is_empty) {
            return Err(format!(
                "\"{s}\": a name is missing; write one name, or several with | between when any one is enough"
            ));
        }
        Ok(Need(names))
    }
}

impl FromStr for Day {
    type Err = String;
    fn from_str(s: &str) -> Result<Self, String> {
        let form = s.len() == 10
            && s.bytes().enumerate().all(|(at, b)| if matches!(at, 4 | 7) { b == b'-' } else { b.is_ascii_digit() });
        match s.parse() {
            Ok(day) if form => Ok(Day(day)),
            _ if form => Err(format!("there is no day {s} in the calendar")),
            _ => Err(format!("\"{s}\" is not a date; write 2026-12-24")),
        }
    }
}

/// What stands for a word that was not understood, where nothing else hangs on it: the mistake is said, and what stands beside it
/// is still looked at. `None`: its entry is left out.
macro_rules! word {
    ($name:ident, $instead:expr, $pattern:literal, $about:literal) => {
        impl<'de> Deserialize<'de> for $name {
            fn deserialize<D: Deserializer<'de>>(d: D) -> Result<Self, D::Error> {
                let instead: Option<Self> = $instead;
                match instead {
                    Some(instead) => word_or(d, instead),
                    None => String::deserialize(d)?.parse().map_err(D::Error::custom),
                }
            }
        }
        impl JsonSchema for $name {
            fn schema_name() -> Cow<'static, str> {
                stringify!($name).into()
            }
            fn json_schema(_: &mut SchemaGenerator) -> Schema {
                json_schema!({ "type": "string", "pattern": $pattern, "description": $about })
            }
        }
    };
}
word!(Lapse, Some(Lapse(0)), "^[0-9]+[smhd]$", "A span of time, or nothing: 90s, 5m, 1h, 30d, 0s");
word!(Secs, Some(Secs(300)), "^[0-9]+[smhd]$", "A span of time: 90s, 5m, 1h, 30d");
word!(
    Span,
    Some(Span::Secs(86_400)),
    "^[0-9]+(mo|[smhd])$",
    "A span of time: 90s, 5m, 1h, 30d, or 1mo for a month of the calendar"
);
word!(Months, Some(Months(MONTHS_MAX)), "^[0-9]+(mo|y)$", "Months or years of the calendar: 24mo, 2y");
word!(Clock, None, "^[0-2]?[0-9][:.][0-5][0-9]$", "A time of day: 07:30");
word!(Night, None, "^(page|quiet_until [0-2]?[0-9][:.][0-5][0-9])$", "page, or quiet_until 06:30");
word!(Need, None, "^[^|]+([|][^|]+)*$", "A name, or several with | between when any one is enough");
word!(Day, Some(Day(jiff::civil::Date::ZERO)), "^[0-9]{4}-[0-9]{2}-[0-9]{2}$", "A date: 2026-12-24");

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn spans_of_time_are_read() {
        for (text, expected) in [("90s", Some(90)), ("5m", Some(300)), ("1h", Some(3600)), ("30d", Some(2_592_000))] {
            assert_eq!(text.parse::<Secs>().ok().map(|s| s.0), expected, "{text}");
        }
        for bad in ["", "5", "m", "-5m", "5 m", "5min", "99999999h", "1.5h", "å"] {
            assert!(bad.parse::<Secs>().is_err() || bad == "m", "{bad}");
        }
        assert!("m".parse::<Secs>().is_err());
        for (text, why) in [("0s", "no time at all"), ("0d", "no time at all"), ("367d", "more than a year")] {
            assert!(text.parse::<Secs>().is_err_and(|e| e.contains(why)), "{text}");
        }
        assert_eq!(("0m".parse(), "90s".parse()), (Ok(Lapse(0)), Ok(Lapse(90))));
        assert!("s".parse::<Lapse>().is_err() && "0".parse::<Lapse>().is_err());
        for text in ["1s", "90s", "5m", "25h", "7d"] {
            let span: Secs = text.parse().expect("a span");
            assert_eq!(serde_json::to_string(&span).ok(), Some(format!("\"{text}\"")));
        }
    }

    #[test]
    fn months_are_read_beside_spans() {
        assert_eq!("72h".parse::<Span>(), Ok(Span::Secs(72 * 3600)));
        assert_eq!("1mo".parse::<Span>(), Ok(Span::Months(1)));
        for bad in ["13mo", "0mo", "0h", "mo", "1 mo", "-1mo", "1m o"] {
            assert!(bad.parse::<Span>().is_err(), "{bad}");
        }
    }

    #[test]
    fn days_are_those_of_the_calendar() {
        for (text, why) in [
            ("2026-02-30", "there is no day 2026-02-30"),
            ("2026-13-01", "there is no day"),
            ("2025-02-29", "there is no day"),
            ("nonsense", "is not a date"),
            ("2026-2-3", "is not a date"),
            ("24.12.2026", "is not a date"),
            ("20261224", "is not a date"),
            ("2026-12-24T10:00", "is not a date"),
        ] {
            assert!(text.parse::<Day>().is_err_and(|e| e.contains(why)), "{text}");
        }
        assert!("2024-02-29".parse::<Day>().is_ok());
    }

    #[test]
    fn a_retention_is_read_in_months_or_years() {
        for (text, months) in [("24mo", 24), ("2y", 24), ("1mo", 1), ("100y", 1_200)] {
            assert_eq!(text.parse::<Months>(), Ok(Months(months)), "{text}");
        }
        for bad in ["", "mo", "24", "24m", "0mo", "101y", "99999999999mo", "-1y", "+1y", "1.5y", "2 y", "never"] {
            assert!(bad.parse::<Months>().is_err(), "{bad}");
        }
    }

    #[test]
    fn times_nights_and_needs_are_read() {
        assert_eq!("07:30".parse::<Clock>(), Ok(Clock(450)));
        assert_eq!("6.05".parse::<Clock>(), Ok(Clock(365)));
        for bad in ["24:00", "7", "07:60", "7:5", "+7:05", "å:00"] {
            assert!(bad.parse::<Clock>().is_err(), "{bad}");
        }
        assert_eq!("quiet_until 06:30".parse::<Night>(), Ok(Night::QuietUntil(Clock(390))));
        assert!("quiet".parse::<Night>().is_err());
        assert_eq!("a| b".parse::<Need>(), Ok(Need(vec!["a".into(), "b".into()])));
        assert!("a|".parse::<Need>().is_err());
    }
}
