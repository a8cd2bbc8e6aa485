//! Local time and office hours: when a daytime function is covered by another. Zone rules come in with the plan; nothing here
//! asks what time it is.

use jiff::civil::{Date, Weekday};
use jiff::tz::{TimeZone, TimeZoneDatabase};
use jiff::{Timestamp, ToSpan, Zoned};
use serde::{Deserialize, Serialize};

/// A time zone by its IANA name, with the rules that are in the program: what was decided by them is decided so everywhere, and no
/// zone database of the machine is read.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Zone(pub TimeZone);

impl Zone {
    /// The zone of that name.
    pub fn named(name: &str) -> Option<Self> {
        TimeZoneDatabase::bundled().get(name).ok().map(Zone)
    }
    /// Its name.
    pub fn name(&self) -> &str {
        self.0.iana_name().unwrap_or("UTC")
    }
}
impl Default for Zone {
    fn default() -> Self {
        Zone(TimeZone::UTC)
    }
}
impl Serialize for Zone {
    fn serialize<S: serde::Serializer>(&self, s: S) -> Result<S::Ok, S::Error> {
        s.serialize_str(self.name())
    }
}
impl<'de> Deserialize<'de> for Zone {
    fn deserialize<D: serde::Deserializer<'de>>(d: D) -> Result<Self, D::Error> {
        let name = String::deserialize(d)?;
        Zone::named(&name).ok_or_else(|| serde::de::Error::custom(format!("no time zone “{name}”")))
    }
}

/// So many beginnings and ends of office hours are looked at for the next one that counts: a fortnight of holidays.
const DAY_CHANGES_MAX: usize = 30;

/// Office hours and holidays of the region.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize, Debug, Default)]
pub struct Calendar {
    /// The region's zone.
    pub zone: Zone,
    /// Office hours begin, in minutes after midnight.
    pub day_from_min: u16,
    /// Office hours end.
    pub day_to_min: u16,
    /// Night begins, for `night: quiet_until` (RULES D6).
    pub night_from_min: u16,
    /// Night ends.
    pub night_to_min: u16,
    /// Days on which nobody is in the office (INCIDENTS lesson 48: holiday rosters).
    pub holidays: Vec<Date>,
}

impl Calendar {
    /// The local time at a moment.
    pub fn local(&self, at: Timestamp) -> Zoned {
        at.to_zoned(self.zone.0.clone())
    }

    /// Office hours: a weekday, no holiday, between the two times.
    pub fn is_day(&self, at: Timestamp) -> bool {
        let local = self.local(at);
        let minute = minute_of(&local);
        !matches!(local.weekday(), Weekday::Saturday | Weekday::Sunday)
            && !self.holidays.contains(&local.date())
            && (self.day_from_min..self.day_to_min).contains(&minute)
    }

    /// When office hours next begin or end after a moment; `None` where that is further away than the longest holidays.
    pub fn day_changes(&self, at: Timestamp) -> Option<Timestamp> {
        let is_day = self.is_day(at);
        let mut next = at;
        for _ in 0..DAY_CHANGES_MAX {
            next = self.next_at(self.day_from_min, next).min(self.next_at(self.day_to_min, next));
            if self.is_day(next) != is_day {
                return Some(next);
            }
        }
        None
    }

    /// Night, as `night:` means it. A night may pass midnight.
    pub fn is_night(&self, at: Timestamp) -> bool {
        let minute = minute_of(&self.local(at));
        if self.night_from_min <= self.night_to_min {
            (self.night_from_min..self.night_to_min).contains(&minute)
        } else {
            minute >= self.night_from_min || minute < self.night_to_min
        }
    }

    /// The next time the clock on the wall shows that minute, strictly after `after`. In the hour that a spring night skips,
    /// the first minute after it.
    pub fn next_at(&self, minute: u16, after: Timestamp) -> Timestamp {
        let local = self.local(after);
        for day in 0..3 {
            let Ok(date) = local.date().checked_add(day.days()) else { break };
            let time = date.at((minute / 60) as i8, (minute % 60) as i8, 0, 0);
            if let Ok(zoned) = self.zone.0.to_ambiguous_zoned(time).compatible() {
                let at = zoned.timestamp();
                if at > after {
                    return at;
                }
            }
        }
        after + 24.hours()
    }

    /// The same local time of day so many months later; the last day of a month that is too short.
    pub fn months_after(&self, months: u8, from: Timestamp) -> Timestamp {
        let later = self.local(from).checked_add(i64::from(months).months());
        later.map_or_else(|_| from + (i64::from(months) * 28 * 24).hours(), |z| z.timestamp())
    }
}

/// Minutes after midnight.
fn minute_of(local: &Zoned) -> u16 {
    u16::from(local.hour().unsigned_abs()) * 60 + u16::from(local.minute().unsigned_abs())
}

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, reason = "tests")]
    use super::*;

    fn stockholm() -> Calendar {
        Calendar {
            zone: Zone::named("Europe/Stockholm").unwrap(),
            day_from_min: 7 * 60 + 30,
            day_to_min: 16 * 60 + 30,
            night_from_min: 22 * 60,
            night_to_min: 6 * 60 + 30,
            holidays: vec![Date::constant(2008, 12, 25)],
        }
    }
    fn at(s: &str) -> Timestamp {
        s.parse().unwrap()
    }

    #[test]
    fn day_is_a_weekday_in_office_hours() {
        let cal = stockholm();
        for (when, day) in [
            ("2008-12-18T09:45:00+01:00", true),
            ("2008-12-18T07:29:59+01:00", false),
            ("2008-12-18T16:30:00+01:00", false),
            ("2008-12-20T12:00:00+01:00", false),
            ("2008-12-25T12:00:00+01:00", false),
        ] {
            assert_eq!(cal.is_day(at(when)), day, "{when}");
        }
        assert!(cal.is_night(at("2008-12-18T03:12:00+01:00")));
        assert!(cal.is_night(at("2008-12-18T22:00:00+01:00")));
        assert!(!cal.is_night(at("2008-12-18T06:30:00+01:00")));
    }

    #[test]
    fn office_hours_change_after_the_holidays() {
        let cal = stockholm();
        for (now, next) in [
            ("2008-12-18T09:45:00+01:00", "2008-12-18T16:30:00+01:00"),
            ("2008-12-18T16:30:00+01:00", "2008-12-19T07:30:00+01:00"),
            ("2008-12-24T20:00:00+01:00", "2008-12-26T07:30:00+01:00"),
        ] {
            assert_eq!(cal.day_changes(at(now)), Some(at(next)), "{now}");
        }
        assert_eq!(Calendar::default().day_changes(at("2008-12-18T09:45:00Z")), None, "there are none");
    }

    #[test]
    fn a_wall_clock_time_is_found_on_the_days_the_clocks_change() {
        let cal = stockholm();
        // 2009-03-29 02:00-03:00 does not exist.
        assert_eq!(cal.next_at(150, at("2009-03-29T00:30:00+01:00")), at("2009-03-29T03:30:00+02:00"));
        // 2009-10-25 02:30 comes twice: the first one.
        assert_eq!(cal.next_at(150, at("2009-10-25T00:30:00+02:00")), at("2009-10-25T02:30:00+02:00"));
        assert_eq!(cal.next_at(420, at("2009-06-01T07:00:00+02:00")), at("2009-06-02T07:00:00+02:00"));
    }
}
