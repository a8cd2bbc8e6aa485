//! Time zones of a calendar: by the names that everybody knows, by those of Windows, and by the rules that the file brings along
//! (VTIMEZONE, RFC 5545, section 3.6.5).
//!
//! A time that the clocks leave out is read by the offset before; of one that comes twice the first is meant (section 3.3.5).

use std::cell::RefCell;
use std::collections::HashMap;
use std::rc::Rc;

use jiff::civil::DateTime;
use jiff::tz::{Offset, TimeZone, TimeZoneDatabase};

use super::lines::{Part, Property};
use super::rule::Rule;
use super::values;
use super::windows;
use super::{Mistakes, TIMES_MAX, TooMuch, Work, YEAR_FIRST, last_moment};

/// A day, in seconds.
const DAY: i64 = 86_400;

/// What a time stands in.
#[derive(Clone, PartialEq, Debug)]
pub enum Zone {
    /// Known by its name to everybody.
    Known(TimeZone),
    /// By the rules in the file.
    OfFile(Rc<Changes>),
}

/// When a zone's offset changes.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Changes {
    /// Until the first one.
    before: i64,
    /// Moment and offset from then on, in seconds.
    at: Vec<(i64, i64)>,
}

impl Changes {
    fn offset(&self, moment: i64) -> i64 {
        let next = self.at.partition_point(|(at, _)| *at <= moment);
        self.at[..next].last().map_or(self.before, |(_, offset)| *offset)
    }
}

/// The zone of that name, by the rules that are in the program.
pub fn named(name: &str) -> Option<TimeZone> {
    TimeZoneDatabase::bundled().get(name).ok()
}

/// Seconds since 1970 of a time at Greenwich.
pub fn greenwich(wall: DateTime) -> i64 {
    Offset::UTC.to_timestamp(wall).map_or(0, |t| t.as_second())
}

impl Zone {
    /// Greenwich.
    pub fn utc() -> Self {
        Zone::Known(TimeZone::UTC)
    }

    /// Seconds since 1970 of a time there.
    pub fn moment(&self, wall: DateTime) -> i64 {
        match self {
            Zone::Known(zone) => {
                zone.to_ambiguous_timestamp(wall).compatible().map_or_else(|_| greenwich(wall), |t| t.as_second())
            }
            Zone::OfFile(changes) => {
                let wall = greenwich(wall);
                let (before, after) = (changes.offset(wall - DAY), changes.offset(wall + DAY));
                let later = wall - after;
                if changes.offset(wall - before) != before && changes.offset(later) == after {
                    later
                } else {
                    wall - before
                }
            }
        }
    }

    /// What clocks there show.
    pub fn wall(&self, moment: i64) -> DateTime {
        let offset = match self {
            Zone::Known(zone) => {
                let moment = jiff::Timestamp::from_second(moment).unwrap_or_default();
                i64::from(zone.to_offset(moment).seconds())
            }
            Zone::OfFile(changes) => changes.offset(moment),
        };
        jiff::Timestamp::from_second(moment + offset).map_or(DateTime::MAX, |t| Offset::UTC.to_datetime(t))
    }

    /// Whether its clocks are never changed.
    pub fn is_fixed(&self) -> bool {
        match self {
            Zone::Known(zone) => zone.to_fixed_offset().is_ok() || *zone == TimeZone::UTC,
            Zone::OfFile(changes) => changes.at.iter().all(|(_, offset)| *offset == changes.before),
        }
    }
}

/// The zones of a file, each looked up once.
pub struct Zones<'a> {
    /// VTIMEZONE by its name.
    of_file: HashMap<&'a str, &'a Part>,
    found: RefCell<HashMap<String, Option<Zone>>>,
    /// What the rules of all of the file's zones have cost.
    work: &'a RefCell<Work>,
}

impl<'a> Zones<'a> {
    /// Of one calendar.
    pub fn new(calendar: &'a Part, work: &'a RefCell<Work>, mistakes: &mut Mistakes) -> Self {
        let mut of_file = HashMap::new();
        for part in calendar.parts.iter().filter(|p| p.name == "VTIMEZONE") {
            match part.one("TZID", mistakes) {
                Some(id) => {
                    of_file.entry(cleaned(&id.value)).or_insert(part);
                }
                None => mistakes.add(part.line, "the time zone has no name: write it as TZID"),
            }
        }
        Self { of_file, found: RefCell::default(), work }
    }

    /// The zone of a time; `None` was told.
    pub fn of(&self, property: &Property, name: &str, mistakes: &mut Mistakes) -> Option<Zone> {
        if let Some(known) = self.found.borrow().get(name) {
            return known.clone();
        }
        let zone = self.look_up(property, name, mistakes);
        self.found.borrow_mut().insert(name.to_owned(), zone.clone());
        zone
    }

    fn look_up(&self, property: &Property, name: &str, mistakes: &mut Mistakes) -> Option<Zone> {
        let clean = cleaned(name);
        let known = |name: &str| named(name).map(Zone::Known);
        if matches!(clean.to_ascii_uppercase().as_str(), "UTC" | "GMT" | "ETC/UTC" | "Z") {
            return Some(Zone::utc());
        }
        if let Some(zone) = known(clean) {
            return Some(zone);
        }
        if let Some(part) = self.of_file.get(clean) {
            return changes(part, &mut self.work.borrow_mut(), mistakes).map(|c| Zone::OfFile(Rc::new(c)));
        }
        if let Some(zone) = windows::zone(clean) {
            return Some(Zone::Known(zone));
        }
        // "/freeassociation.sourceforge.net/Europe/Stockholm": whose name it is stands before it.
        let ends = clean.match_indices('/').map(|(i, _)| &clean[i + 1..]);
        let global = if name.starts_with('/') { ends.filter(|n| !n.is_empty()).find_map(known) } else { None };
        if global.is_none() {
            let what = format!(
                "\"{name}\" is no time zone that is known here, and the file has no VTIMEZONE of that name: write one as Europe/Stockholm"
            );
            mistakes.add(property.line, what);
        }
        global
    }
}

fn cleaned(name: &str) -> &str {
    name.trim().trim_matches('/')
}

/// What the rules of a VTIMEZONE come to.
fn changes(part: &Part, work: &mut Work, mistakes: &mut Mistakes) -> Option<Changes> {
    let before_mistakes = mistakes.len();
    let mut at: Vec<(i64, i64, i64)> = Vec::new();
    for observance in part.parts.iter().filter(|p| p.name == "STANDARD" || p.name == "DAYLIGHT") {
        let (from, to) = (offset(observance, "TZOFFSETFROM", mistakes), offset(observance, "TZOFFSETTO", mistakes));
        let (Some(from), Some(to)) = (from, to) else { continue };
        let Ok(walls) = onsets(observance, work, mistakes) else {
            let what = format!(
                "the zones that the file brings along change more than {TIMES_MAX} times: write their known names, Europe/Stockholm"
            );
            mistakes.add(part.line, what);
            return None;
        };
        at.extend(walls.into_iter().map(|wall| (greenwich(wall).saturating_sub(from), to, from)));
    }
    if at.is_empty() && mistakes.len() == before_mistakes {
        let what =
            "the time zone says no offset: it needs STANDARD or DAYLIGHT with DTSTART, TZOFFSETFROM and TZOFFSETTO";
        mistakes.add(part.line, what);
    }
    if mistakes.len() > before_mistakes {
        return None;
    }
    at.sort_unstable();
    let before = at.first().map_or(0, |(_, _, from)| *from);
    Some(Changes { before, at: at.into_iter().map(|(moment, to, _)| (moment, to)).collect() })
}

fn offset(observance: &Part, name: &str, mistakes: &mut Mistakes) -> Option<i64> {
    let Some(property) = observance.one(name, mistakes) else {
        let what = format!(
            "{} of the time zone has no {name}: write the zone's known name, Europe/Stockholm",
            observance.name
        );
        mistakes.add(observance.line, what);
        return None;
    };
    let read = values::offset(&property.value);
    if read.is_none() {
        mistakes.add(property.line, format!("\"{}\" is no offset: write +0100", values::short(&property.value)));
    }
    read
}

/// When an observance begins, by its clocks before that. What was long before the first turn is left out.
fn onsets(observance: &Part, work: &mut Work, mistakes: &mut Mistakes) -> Result<Vec<DateTime>, TooMuch> {
    let mut walls = Vec::new();
    let Some(start) = observance.one("DTSTART", mistakes) else {
        mistakes.add(
            observance.line,
            format!("{} of the time zone has no DTSTART: write 20261025T030000", observance.name),
        );
        return Ok(walls);
    };
    let wrong = |line: u32, text: &str, mistakes: &mut Mistakes| {
        mistakes.add(line, format!("\"{}\" is no time: write 20261025T030000", values::short(text)));
    };
    let Some(first) = values::wall_of_any_year(&start.value) else {
        wrong(start.line, &start.value, mistakes);
        return Ok(walls);
    };
    work.time()?;
    walls.push(first);
    for more in observance.all("RDATE") {
        for value in more.value.split(',') {
            work.time()?;
            match values::wall_of_any_year(value.split('/').next().unwrap_or_default()) {
                Some(wall) => walls.push(wall),
                None => wrong(more.line, value, mistakes),
            }
        }
    }
    for property in observance.all("RRULE") {
        let Some(rule) = Rule::read(property, first, false, mistakes) else { continue };
        let until = rule.until_wall();
        let (mut steps, mut too_many) = (Work { steps: work.steps, times: 0 }, false);
        let done = rule.walls(first, last_moment(), &mut steps, |wall| {
            let goes_on = until.is_none_or(|until| wall <= until);
            if goes_on && wall != first && wall.year() >= YEAR_FIRST - 1 {
                walls.push(wall);
                too_many = work.time().is_err();
            }
            goes_on && !too_many
        });
        work.steps = steps.steps;
        done?;
        if too_many {
            return Err(TooMuch);
        }
    }
    Ok(walls)
}
