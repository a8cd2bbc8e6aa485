//! A day of the region's calendar: what is planned for weeks ahead has a day, and no time.

use std::fmt;
use std::str::FromStr;

use jiff::ToSpan;
use jiff::civil::Date;
use serde::{Deserialize, Serialize};

use super::calendar::Calendar;
use super::time::At;

/// The day that something is planned for. Written `2026-12-20` everywhere.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Day(pub Date);

/// Not a day.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct BadDay(pub String);
impl fmt::Display for BadDay {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "“{}” is not a day: write it as 2026-12-20", self.0)
    }
}
impl std::error::Error for BadDay {}

impl Day {
    /// The day that a moment lies on, by the region's clocks.
    pub fn of(at: At, calendar: &Calendar) -> Self {
        Self(calendar.local(at.timestamp()).date())
    }
    /// So many days later; the same day where calendars end.
    pub fn later(self, days: u16) -> Self {
        Self(self.0.checked_add(i64::from(days).days()).unwrap_or(self.0))
    }
    /// So many days earlier; the same day where calendars begin.
    pub fn earlier(self, days: u16) -> Self {
        Self(self.0.checked_sub(i64::from(days).days()).unwrap_or(self.0))
    }
    /// When that hour begins on it, by the region's clocks; nothing where calendars end.
    pub fn at_hour(self, hour: i8, calendar: &Calendar) -> Option<At> {
        let local = self.0.at(hour, 0, 0, 0);
        calendar.zone.0.to_ambiguous_zoned(local).compatible().ok().map(|z| z.timestamp().into())
    }
}

impl FromStr for Day {
    type Err = BadDay;
    fn from_str(text: &str) -> Result<Self, BadDay> {
        let text = text.trim();
        // Jiff would take more forms; one that has another length is none of ours.
        let read = (text.len() == 10).then(|| text.parse::<Date>().ok()).flatten();
        read.map(Self).ok_or_else(|| BadDay(text.chars().take(20).collect()))
    }
}
impl fmt::Display for Day {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(&self.0, f)
    }
}
impl fmt::Debug for Day {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(&self.0, f)
    }
}
impl Serialize for Day {
    fn serialize<S: serde::Serializer>(&self, s: S) -> Result<S::Ok, S::Error> {
        s.collect_str(self)
    }
}
impl<'de> Deserialize<'de> for Day {
    fn deserialize<D: serde::Deserializer<'de>>(d: D) -> Result<Self, D::Error> {
        String::deserialize(d)?.parse().map_err(serde::de::Error::custom)
    }
}
impl schemars::JsonSchema for Day {
    fn schema_name() -> std::borrow::Cow<'static, str> {
        "Day".into()
    }
    fn json_schema(_: &mut schemars::SchemaGenerator) -> schemars::Schema {
        schemars::json_schema!({ "type": "string", "format": "date", "description": "A day of the region's calendar." })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::calendar::Zone;

    #[test]
    fn a_day_is_written_in_one_way() {
        for (typed, day) in [("2026-12-20", Some("2026-12-20")), (" 2028-02-29 ", Some("2028-02-29"))] {
            assert_eq!(typed.parse::<Day>().ok().map(|d| d.to_string()), day.map(str::to_owned));
        }
        for typed in ["", "20261220", "2026-13-01", "2027-02-29", "20/12 2026", "2026-12-20T10:00", "2026-12-2x"] {
            assert!(typed.parse::<Day>().is_err(), "{typed}");
        }
    }

    #[test]
    fn a_moment_lies_on_the_day_of_the_regions_clocks() {
        let calendar = Calendar { zone: Zone::named("Europe/Stockholm").unwrap_or_default(), ..Calendar::default() };
        let at = |t: &str| At::from(t.parse::<jiff::Timestamp>().unwrap_or_default());
        let day = Day::of(at("2026-12-19T23:30:00Z"), &calendar);
        assert_eq!(day.to_string(), "2026-12-20");
        assert_eq!(day.at_hour(9, &calendar), Some(at("2026-12-20T08:00:00Z")));
        assert_eq!(
            (day.later(30).to_string(), day.earlier(20).to_string()),
            ("2027-01-19".into(), "2026-11-30".into())
        );
        // The hour that a spring night skips is the first after it.
        let spring = "2027-03-28".parse::<Day>().ok().and_then(|d| d.at_hour(2, &calendar));
        assert_eq!(spring, Some(at("2027-03-28T01:00:00Z")));
    }
}
