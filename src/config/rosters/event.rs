//! An event of a calendar, as it is written.
//!
//! Must not: follow its rule (`series` does).

use jiff::civil::{Date, DateTime};

use super::Mistakes;
use super::lines::{Part, Property, unescaped};
use super::rule::Rule;
use super::values::{self, Length, Moment, Reading, When, Written, apart, later, short};
use super::zones::{Zone, greenwich};

/// How an event's end follows from its start.
#[derive(Clone, Copy, PartialEq, Debug)]
pub enum Lasts {
    /// As clocks on the wall show: from 08.00 to 08.00 is also what it says on the day the clocks change.
    Wall(i64),
    /// Days as the calendar counts them, then seconds as a clock does (DURATION).
    Nominal(Length),
    /// Until a moment: start and end are in different zones.
    Until(i64),
}

/// Whose turn it is, and how long.
#[derive(Clone, PartialEq, Debug)]
pub struct Turns {
    pub names: Vec<String>,
    pub lasts: Lasts,
    /// Nobody's, it was cancelled.
    pub cancelled: bool,
    pub line: u32,
}

/// A time at which an event begins: on the wall, and in which zone.
#[derive(Clone, PartialEq, Debug)]
pub struct Start {
    pub wall: DateTime,
    pub zone: Zone,
    pub written: Written,
    /// A day, no time.
    pub whole_day: bool,
}

impl Start {
    /// Seconds since 1970.
    pub fn seconds(&self) -> i64 {
        self.zone.moment(self.wall)
    }
}

/// A moved occurrence: which one it was.
#[derive(Clone, PartialEq, Debug)]
pub struct Moved {
    pub from: When,
    /// All that follow as well (RANGE=THISANDFUTURE).
    pub following: bool,
    pub line: u32,
}

/// An event.
#[derive(Clone, Debug)]
pub struct Event {
    pub line: u32,
    /// Where its calendar begins.
    pub calendar_line: u32,
    pub uid: Option<String>,
    pub sequence: i64,
    pub start: Start,
    pub turns: Turns,
    pub rules: Vec<Rule>,
    /// Further times, with an end of their own or without.
    pub more: Vec<(u32, When, Option<Lasts>)>,
    /// Times that fall out.
    pub out: Vec<(u32, When)>,
    pub moved: Option<Moved>,
}

impl Event {
    pub fn is_series_in_utc(&self) -> bool {
        self.start.written == Written::Utc && !(self.rules.is_empty() && self.more.is_empty())
    }
}

/// When it ends, in seconds since 1970.
pub fn end(start: &Start, lasts: Lasts) -> i64 {
    match lasts {
        Lasts::Wall(seconds) => start.zone.moment(later(start.wall, seconds)),
        Lasts::Nominal(Length { days, seconds }) => {
            start.zone.moment(later(start.wall, days * 86_400)).saturating_add(seconds)
        }
        Lasts::Until(moment) => moment,
    }
}

/// Reads an event; `None` was told.
pub fn read(part: &Part, reading: &Reading<'_>, mistakes: &mut Mistakes) -> Option<Event> {
    let before = mistakes.len();
    let uid = part.one("UID", mistakes).map(|p| p.value.trim().to_owned()).filter(|uid| !uid.is_empty());
    let sequence = part.one("SEQUENCE", mistakes).map_or(Some(-1), |p| {
        let read = p.value.trim().parse::<i64>().ok();
        if read.is_none() {
            mistakes.add(p.line, format!("SEQUENCE: \"{}\" is no number", short(&p.value)));
        }
        read
    });
    let status = part.one("STATUS", mistakes).map(|p| p.value.trim().to_ascii_uppercase());
    let cancelled = status.as_deref() == Some("CANCELLED");
    let moved = moved(part, reading, mistakes);
    let start = start(part, cancelled, moved.as_ref(), reading, mistakes);
    let names = names(part, mistakes);
    if names.is_empty() && !cancelled {
        mistakes.add(part.line, "the event names no duty point: write its id as SUMMARY");
    }
    if let Some(old) = part.all("EXRULE").next() {
        mistakes.add(old.line, "EXRULE is no longer in use: write EXDATE for each time that falls out");
    }
    let start = start?;
    let comes_again = part.all("RRULE").chain(part.all("RDATE")).next();
    let lasts = lasts(part, &start, cancelled, comes_again.is_some(), reading, mistakes);
    if let (Some(again), Some(_)) = (comes_again, &moved) {
        mistakes.add(again.line, "a single time of a series (RECURRENCE-ID) has a rule of its own: write it as an event with a UID of its own");
    }
    let rules: Vec<Rule> =
        part.all("RRULE").filter_map(|p| Rule::read(p, start.wall, start.whole_day, mistakes)).collect();
    let more = more(part, reading, mistakes);
    let mut out = Vec::new();
    for p in part.all("EXDATE") {
        for value in p.value.split(',').filter(|v| !v.trim().is_empty()) {
            out.extend(reading.when(p, value, mistakes).map(|when| (p.line, when)));
        }
    }
    if mistakes.len() > before {
        return None;
    }
    let turns = Turns { names, lasts: lasts?, cancelled, line: part.line };
    Some(Event { line: part.line, calendar_line: 0, uid, sequence: sequence?, start, turns, rules, more, out, moved })
}

/// The duty points in the summary.
fn names(part: &Part, mistakes: &mut Mistakes) -> Vec<String> {
    let summary = part.one("SUMMARY", mistakes).map(|p| unescaped(&p.value)).unwrap_or_default();
    summary.split(',').map(|n| n.trim().to_lowercase()).filter(|n| !n.is_empty()).collect()
}

fn moved(part: &Part, reading: &Reading<'_>, mistakes: &mut Mistakes) -> Option<Moved> {
    let property = part.one("RECURRENCE-ID", mistakes)?;
    let following = match property.param("RANGE").map(str::to_ascii_uppercase).as_deref() {
        None => false,
        Some("THISANDFUTURE") => true,
        Some(range) => {
            mistakes.add(property.line, format!("RANGE={} is not known: write THISANDFUTURE, or none", short(range)));
            return None;
        }
    };
    Some(Moved { from: reading.when(property, &property.value, mistakes)?, following, line: property.line })
}

fn start(
    part: &Part,
    cancelled: bool,
    moved: Option<&Moved>,
    reading: &Reading<'_>,
    mistakes: &mut Mistakes,
) -> Option<Start> {
    let when = match (part.one("DTSTART", mistakes), moved) {
        (Some(p), _) => reading.when(p, &p.value, mistakes)?,
        // What was cancelled need not say when it would have been.
        (None, Some(moved)) if cancelled => moved.from.clone(),
        (None, _) => {
            mistakes.add(part.line, "the event has no start: write DTSTART");
            return None;
        }
    };
    Some(started(when, reading))
}

fn started(when: When, reading: &Reading<'_>) -> Start {
    match when {
        When::Day(day) => {
            Start { wall: midnight(day), zone: reading.region.clone(), written: Written::Floating, whole_day: true }
        }
        When::Time(Moment { wall, zone, written }) => Start { wall, zone, written, whole_day: false },
    }
}

/// The time on the wall at which a day begins.
pub fn midnight(day: Date) -> DateTime {
    day.at(0, 0, 0, 0)
}

const NO_LENGTH: &str = "the event has no end, or ends before it begins";

fn lasts(
    part: &Part,
    start: &Start,
    cancelled: bool,
    comes_again: bool,
    reading: &Reading<'_>,
    mistakes: &mut Mistakes,
) -> Option<Lasts> {
    let (end, duration) = (part.one("DTEND", mistakes), part.one("DURATION", mistakes));
    let lasts = match (end, duration) {
        _ if cancelled => return Some(Lasts::Wall(1)),
        (Some(_), Some(p)) => {
            mistakes.add(p.line, "the event has DTEND and DURATION: leave one of them");
            return None;
        }
        (Some(p), None) => {
            let when = reading.when(p, &p.value, mistakes)?;
            until(start, when, comes_again, p, mistakes)?
        }
        (None, Some(p)) => Lasts::Nominal(duration_of(p, start.whole_day, mistakes)?),
        (None, None) if start.whole_day => Lasts::Wall(86_400),
        (None, None) => Lasts::Wall(0),
    };
    let has_length = match lasts {
        Lasts::Wall(seconds) => seconds > 0,
        Lasts::Nominal(length) => length.days + length.seconds > 0,
        Lasts::Until(moment) => moment > start.seconds(),
    };
    if !has_length {
        mistakes.add(part.line, NO_LENGTH);
        return None;
    }
    Some(lasts)
}

fn until(start: &Start, end: When, comes_again: bool, p: &Property, mistakes: &mut Mistakes) -> Option<Lasts> {
    match end {
        When::Day(day) if start.whole_day => Some(Lasts::Wall(apart(start.wall, midnight(day)))),
        When::Time(end) if !start.whole_day && end.zone == start.zone => Some(Lasts::Wall(apart(start.wall, end.wall))),
        When::Time(end) if !start.whole_day => {
            let moment = end.seconds();
            if !comes_again {
                return Some(Lasts::Until(moment));
            }
            let seconds = apart(start.wall, start.zone.wall(moment));
            if seconds != moment - start.seconds() {
                mistakes.add(
                    p.line,
                    "the clocks change between start and end, which stand in different zones: write both in one",
                );
                return None;
            }
            Some(Lasts::Wall(seconds))
        }
        _ => {
            mistakes.add(p.line, "one of DTSTART and DTEND is a day and the other a time: write both alike");
            None
        }
    }
}

fn duration_of(p: &Property, whole_day: bool, mistakes: &mut Mistakes) -> Option<Length> {
    match values::length(&p.value) {
        Some(length) if whole_day && length.seconds != 0 => {
            mistakes.add(
                p.line,
                "the event is whole days, and its DURATION names hours: give DTSTART a time, or write P1D",
            );
            None
        }
        Some(length) => Some(length),
        None => {
            mistakes.add(p.line, format!("DURATION: \"{}\" is no length: write PT8H, or P1D", short(&p.value)));
            None
        }
    }
}

/// RDATE: days, times, or times with an end (PERIOD).
fn more(part: &Part, reading: &Reading<'_>, mistakes: &mut Mistakes) -> Vec<(u32, When, Option<Lasts>)> {
    let mut more = Vec::new();
    for p in part.all("RDATE") {
        for value in p.value.split(',').filter(|v| !v.trim().is_empty()) {
            let (from, to) = match value.split_once('/') {
                Some((from, to)) => (from, Some(to)),
                None => (value, None),
            };
            let Some(when) = reading.when(p, from, mistakes) else { continue };
            let lasts = match (to, &when) {
                (None, _) => None,
                (Some(_), When::Day(_)) => {
                    mistakes.add(p.line, "RDATE: a day has no end of its own here: write times");
                    continue;
                }
                (Some(to), When::Time(start)) => match period(p, start, to, reading, mistakes) {
                    Some(lasts) => Some(lasts),
                    None => continue,
                },
            };
            more.push((p.line, when, lasts));
        }
    }
    more
}

fn period(p: &Property, start: &Moment, to: &str, reading: &Reading<'_>, mistakes: &mut Mistakes) -> Option<Lasts> {
    let length = if to.trim_start().starts_with(['P', 'p', '+', '-']) {
        let Some(length) = values::length(to) else {
            mistakes.add(p.line, format!("RDATE: \"{}\" is no length: write PT8H", short(to)));
            return None;
        };
        Some((Lasts::Nominal(length), length.days + length.seconds))
    } else {
        match reading.when(p, to, mistakes)? {
            When::Time(end) if end.zone == start.zone => {
                let seconds = apart(start.wall, end.wall);
                Some((Lasts::Wall(seconds), seconds))
            }
            When::Time(end) => Some((Lasts::Until(end.seconds()), end.seconds() - start.seconds())),
            When::Day(_) => None,
        }
    };
    match length {
        Some((lasts, seconds)) if seconds > 0 => Some(lasts),
        _ => {
            mistakes.add(p.line, "RDATE: a time has no end, or ends before it begins");
            None
        }
    }
}

/// A time on the wall as a number, for comparing days of series.
pub fn day_number(wall: DateTime) -> i64 {
    greenwich(wall).div_euclid(86_400)
}
