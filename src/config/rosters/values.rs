//! Values of a calendar: days, times, lengths (RFC 5545, section 3.3).

use jiff::civil::{Date, DateTime, Time};

use super::lines::Property;
use super::zones::{Zone, Zones, greenwich};
use super::{Mistakes, YEAR_FIRST, YEAR_LAST};

/// A day, or a time in a zone.
#[derive(Clone, PartialEq, Debug)]
pub enum When {
    Day(Date),
    Time(Moment),
}

/// A time as it is written.
#[derive(Clone, PartialEq, Debug)]
pub struct Moment {
    pub wall: DateTime,
    pub zone: Zone,
    pub written: Written,
}

/// What says the zone of a time.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Written {
    /// A Z behind it.
    Utc,
    /// TZID.
    Named,
    /// Nothing: it is that of the calendar, or the region.
    Floating,
}

impl Moment {
    /// Seconds since 1970.
    pub fn seconds(&self) -> i64 {
        self.zone.moment(self.wall)
    }
}

/// A length: days as the calendar counts them, then seconds as a clock does.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Length {
    pub days: i64,
    pub seconds: i64,
}

/// What times are read with.
pub struct Reading<'a> {
    pub zones: &'a Zones<'a>,
    /// Of whole days.
    pub region: &'a Zone,
    /// Of times without one.
    pub own: &'a Zone,
}

impl Reading<'_> {
    /// A value of DTSTART, DTEND, RECURRENCE-ID, RDATE, EXDATE; `None` was told.
    pub fn when(&self, property: &Property, text: &str, mistakes: &mut Mistakes) -> Option<When> {
        let text = text.trim();
        let says_day = property.param("VALUE").is_some_and(|v| v.eq_ignore_ascii_case("DATE"));
        let wrong = |mistakes: &mut Mistakes| {
            let form = if says_day { "20261005" } else { "20261005T080000" };
            let what = format!(
                "{}: \"{}\" is no date of the years {YEAR_FIRST} to {YEAR_LAST}: write {form}",
                property.name,
                short(text)
            );
            mistakes.add(property.line, what);
        };
        if says_day || text.len() == 8 {
            let Some(day) = date(text).filter(in_years) else {
                wrong(mistakes);
                return None;
            };
            return Some(When::Day(day));
        }
        let (bare, utc) = match text.strip_suffix(['Z', 'z']) {
            Some(bare) => (bare, true),
            None => (text, false),
        };
        let Some(wall) = wall_of_any_year(bare).filter(|w| in_years(&w.date())) else {
            wrong(mistakes);
            return None;
        };
        let (zone, written) = match (property.param("TZID"), utc) {
            (None, true) => (Zone::utc(), Written::Utc),
            (None, false) => (self.own.clone(), Written::Floating),
            (Some(name), false) => (self.zones.of(property, name, mistakes)?, Written::Named),
            (Some(name), true) => {
                if self.zones.of(property, name, mistakes)? != Zone::utc() {
                    let what =
                        format!("{} has a zone (TZID={}) and a Z: take one of them out", property.name, short(name));
                    mistakes.add(property.line, what);
                    return None;
                }
                (Zone::utc(), Written::Utc)
            }
        };
        Some(When::Time(Moment { wall, zone, written }))
    }
}

fn in_years(day: &Date) -> bool {
    (YEAR_FIRST..=YEAR_LAST).contains(&day.year())
}

/// A text as it fits into a message.
pub fn short(text: &str) -> String {
    let mut short: String = text.chars().take(40).collect();
    if short.len() < text.len() {
        short.push('…');
    }
    short
}

/// `20261005`.
pub fn date(text: &str) -> Option<Date> {
    if text.len() != 8 || !text.bytes().all(|b| b.is_ascii_digit()) {
        return None;
    }
    Date::new(text[..4].parse().ok()?, text[4..6].parse().ok()?, text[6..].parse().ok()?).ok()
}

/// `20261005T080000`, without a zone.
pub fn wall_of_any_year(text: &str) -> Option<DateTime> {
    let text = text.trim();
    let (day, time) = text.split_once(['T', 't'])?;
    if time.len() != 6 || !time.bytes().all(|b| b.is_ascii_digit()) {
        return None;
    }
    // A leap second is the last one of its minute.
    let second = time[4..].parse::<i8>().ok()?;
    let time =
        Time::new(time[..2].parse().ok()?, time[2..4].parse().ok()?, if second == 60 { 59 } else { second }, 0).ok()?;
    Some(DateTime::from_parts(date(day)?, time))
}

/// `+0100`, `-023000`, in seconds.
pub fn offset(text: &str) -> Option<i64> {
    let text = text.trim();
    let (sign, digits) = match text.split_at_checked(1)? {
        ("+", digits) => (1, digits),
        ("-", digits) => (-1, digits),
        _ => return None,
    };
    if !matches!(digits.len(), 4 | 6) || !digits.bytes().all(|b| b.is_ascii_digit()) {
        return None;
    }
    let part = |from: usize| digits.get(from..from + 2).map_or(Some(0), |d| d.parse::<i64>().ok());
    let (hours, minutes, seconds) = (part(0)?, part(2)?, part(4)?);
    (hours < 24 && minutes < 60 && seconds < 60).then_some(sign * (hours * 3600 + minutes * 60 + seconds))
}

/// `P1W`, `P1DT2H`, `PT24H` (section 3.3.6).
pub fn length(text: &str) -> Option<Length> {
    let text = text.trim().to_ascii_uppercase();
    let mut rest = text.strip_prefix('+').unwrap_or(&text).strip_prefix('P')?;
    let mut length = Length { days: 0, seconds: 0 };
    let (mut in_time, mut any) = (false, false);
    while !rest.is_empty() {
        if let Some(time) = rest.strip_prefix('T').filter(|_| !in_time) {
            (in_time, rest) = (true, time);
            continue;
        }
        let end = rest.find(|c: char| !c.is_ascii_digit())?;
        // Seven digits are more than any turn has seconds.
        let number = rest[..end].parse::<i64>().ok().filter(|_| end <= 7)?;
        let unit = rest[end..].chars().next()?;
        match (unit, in_time) {
            ('W', false) => length.days += number * 7,
            ('D', false) => length.days += number,
            ('H', true) => length.seconds += number * 3600,
            ('M', true) => length.seconds += number * 60,
            ('S', true) => length.seconds += number,
            _ => return None,
        }
        any = true;
        rest = &rest[end + 1..];
    }
    any.then_some(length)
}

/// Seconds from one time on a wall to another.
pub fn apart(from: DateTime, to: DateTime) -> i64 {
    greenwich(to) - greenwich(from)
}

/// A time on a wall so many seconds later.
pub fn later(wall: DateTime, seconds: i64) -> DateTime {
    Zone::utc().wall(greenwich(wall).saturating_add(seconds))
}
