//! Rosters: calendars (RFC 5545) that say which duty point of a function is reached when. `contacts/rosters/tib.ics` is the
//! roster of `tib`; the summary of each event names the duty points by the `id` that they have under `reach`.
//!
//! ```text
//! lines (parts, properties) ─► values, zones, rule (what they mean) ─► event ─► series (one UID: rule, exceptions, moved times) ─► times
//! ```
//!
//! What a calendar leaves out is never silence: whoever is not named in it, and everybody while it names nobody, is reached. What
//! is not understood here, or is read in different ways by different programs, is a mistake with its line.
//!
//! Must not: know the time of day, or the duty points.

mod event;
mod lines;
mod rule;
mod series;
mod values;
mod windows;
mod zones;

use std::cell::RefCell;

use jiff::civil::{Date, DateTime};

use lines::Part;
use values::Reading;
use zones::{Zone, Zones};

/// Times of one roster. Three shifts a day for twenty years are 22 000.
pub const TIMES_MAX: usize = 30_000;
/// Events of one roster.
pub const EVENTS_MAX: usize = 5_000;
/// A rule without an end is followed for so many years from the latest start and the latest export that the file names.
pub const YEARS: i16 = 20;
/// Days and hours that are looked at in the rules of one roster.
pub const STEPS_MAX: u32 = 4_000_000;
/// Mistakes of one roster that are told.
pub const MISTAKES_MAX: usize = 100;
/// The first year of a turn.
pub const YEAR_FIRST: i16 = 1970;
/// The last one.
pub const YEAR_LAST: i16 = 2200;

/// A time in a roster.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Entry {
    /// Seconds since 1970.
    pub from: i64,
    /// Seconds since 1970.
    pub to: i64,
    /// Which duty points, as they are called in the calendar.
    pub names: Vec<String>,
    /// The line on which its event begins.
    pub line: u32,
}

/// What is wrong with a roster.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Mistake {
    /// Where; 0: in the file as a whole.
    pub line: u32,
    pub what: String,
}

/// Mistakes of a roster, so far.
#[derive(Default)]
struct Mistakes {
    list: Vec<Mistake>,
}

impl Mistakes {
    fn add(&mut self, line: u32, what: impl Into<String>) {
        match self.list.len() {
            MISTAKES_MAX.. => {}
            len => {
                let what = if len + 1 == MISTAKES_MAX {
                    "and more mistakes, which are told when these are mended".into()
                } else {
                    what.into()
                };
                self.list.push(Mistake { line, what });
            }
        }
    }
    fn is_empty(&self) -> bool {
        self.list.is_empty()
    }
    fn len(&self) -> usize {
        self.list.len()
    }
}

/// More than a roster may take.
struct TooMuch;

/// What the rules of a file have cost so far.
#[derive(Default)]
struct Work {
    steps: u32,
    times: usize,
}

impl Work {
    /// A day was looked at.
    fn step(&mut self) -> Result<(), TooMuch> {
        self.steps += 1;
        if self.steps > STEPS_MAX { Err(TooMuch) } else { Ok(()) }
    }
    /// A time was found, or one that falls out: nothing may be cut off unseen.
    fn time(&mut self) -> Result<(), TooMuch> {
        self.times += 1;
        if self.times > TIMES_MAX { Err(TooMuch) } else { Ok(()) }
    }
}

/// The last moment of a turn.
fn last_moment() -> DateTime {
    DateTime::constant(YEAR_LAST, 12, 31, 23, 59, 59, 0)
}

/// The times of a roster; times without a zone are those of `zone`.
///
/// # Errors
/// Every mistake that is in it.
pub fn parse(text: &str, zone: &str) -> Result<Vec<Entry>, Vec<Mistake>> {
    let mut mistakes = Mistakes::default();
    let entries = match zones::named(zone) {
        Some(zone) => read(text, &Zone::Known(zone), &mut mistakes),
        None => {
            mistakes.add(0, format!("the region's zone {zone} is not known: see contacts/organisation.yaml"));
            Vec::new()
        }
    };
    if mistakes.is_empty() {
        return Ok(entries);
    }
    let mut list = mistakes.list;
    // The last one says that there are more.
    let sorted = list.len().min(MISTAKES_MAX - 1);
    list[..sorted].sort_by_key(|m| m.line);
    list.dedup();
    Err(list)
}

fn read(text: &str, region: &Zone, mistakes: &mut Mistakes) -> Vec<Entry> {
    let calendars = lines::calendars(text, mistakes);
    if !mistakes.is_empty() {
        return Vec::new();
    }
    let events: usize = calendars.iter().map(|c| c.parts.iter().filter(|p| p.name == "VEVENT").count()).sum();
    if events > EVENTS_MAX {
        mistakes.add(0, format!("it has {events} events, at most {EVENTS_MAX} go: leave out what is long over"));
        return Vec::new();
    }
    if events == 0 {
        mistakes.add(0, "the calendar has no event");
        return Vec::new();
    }
    let mut all = Vec::new();
    let work = RefCell::default();
    for calendar in &calendars {
        all.extend(of_calendar(calendar, region, &work, mistakes));
    }
    let last = last_of(&calendars);
    let entries = series::expand(all, region, last, mistakes);
    if entries.is_empty() && mistakes.is_empty() {
        mistakes.add(0, "the calendar has no event: all are cancelled, or fall out");
    }
    entries
}

/// The events of one calendar.
fn of_calendar(calendar: &Part, region: &Zone, work: &RefCell<Work>, mistakes: &mut Mistakes) -> Vec<event::Event> {
    if let Some(scale) =
        calendar.one("CALSCALE", mistakes).filter(|p| !p.value.trim().eq_ignore_ascii_case("GREGORIAN"))
    {
        mistakes.add(scale.line, "the calendar is not in the Gregorian calendar: export it so");
        return Vec::new();
    }
    let method = calendar.one("METHOD", mistakes);
    if let Some(method) =
        method.filter(|p| !matches!(p.value.trim().to_ascii_uppercase().as_str(), "PUBLISH" | "REQUEST"))
    {
        mistakes.add(
            method.line,
            "this is an answer or a cancellation that a calendar program mailed: export the calendar itself",
        );
        return Vec::new();
    }
    let zones = Zones::new(calendar, work, mistakes);
    let said = calendar.one("X-WR-TIMEZONE", mistakes);
    let own = match said {
        None => region.clone(),
        Some(property) => match zones.of(property, &property.value, mistakes) {
            Some(zone) => zone,
            None => return Vec::new(),
        },
    };
    let reading = Reading { zones: &zones, region, own: &own };
    let events = calendar.parts.iter().filter(|p| p.name == "VEVENT").filter_map(|part| {
        let mut event = event::read(part, &reading, mistakes)?;
        event.calendar_line = calendar.line;
        if said.is_some() && event.is_series_in_utc() && !own.is_fixed() {
            let what = "the event comes again at times in UTC, and the calendar has a zone of its own (X-WR-TIMEZONE): programs read it in \
                        different ways; write DTSTART;TZID=…";
            mistakes.add(event.line, what);
        }
        Some(event)
    });
    events.collect()
}

/// Until when rules without an end are followed.
fn last_of(calendars: &[Part]) -> DateTime {
    let events = calendars.iter().flat_map(|c| &c.parts).filter(|p| p.name == "VEVENT");
    let named = events.flat_map(|e| e.all("DTSTART").chain(e.all("DTSTAMP")));
    let years = named.filter_map(|p| values::date(p.value.trim().get(..8)?)).map(Date::year);
    let latest = years.max().unwrap_or(YEAR_FIRST).saturating_add(YEARS).clamp(YEAR_FIRST, YEAR_LAST);
    DateTime::constant(latest, 12, 31, 23, 59, 59, 0)
}
