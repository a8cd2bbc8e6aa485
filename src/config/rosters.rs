//! Rosters: calendars (RFC 5545) that say which duty point of a function is reached when. `contacts/rosters/tib.ics` is the
//! roster of `tib`; the summary of each event names the duty points by the `id` that they have under `reach`.
//!
//! What a calendar leaves out is never silence: whoever is not named in it, and everybody while it names nobody, is reached.

use std::str::FromStr;

use calcard::common::PartialDateTime;
use calcard::common::timezone::Tz;
use calcard::icalendar::{ICalendar, ICalendarComponentType, ICalendarProperty, ICalendarStatus, ICalendarValue};

/// Times of one roster. Three shifts a day for twenty years are 22 000.
pub const TIMES_MAX: usize = 30_000;
/// Events of one roster, and calendars in its file.
pub const EVENTS_MAX: usize = 5_000;
/// A rule without an end is followed for so many years from its first time on.
pub const YEARS: u16 = 20;

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

/// The times of a roster; times without a zone are those of `zone`.
///
/// # Errors
/// Every mistake that is in it.
pub fn parse(text: &str, zone: &str) -> Result<Vec<Entry>, Vec<Mistake>> {
    let whole = |what: String| vec![Mistake { line: 0, what }];
    let zone = Tz::from_str(zone).map_err(|()| whole(format!("the zone {zone} is not known to calendars")))?;
    let mut calendar = ICalendar::parse(text).map_err(|_| whole("this is not a calendar: BEGIN:VCALENDAR".into()))?;
    let lines = begins(text);
    let line = |component: usize| lines.get(component).copied().unwrap_or(0);
    if calendar.components.len() > EVENTS_MAX {
        return Err(whole(format!("it has {} events, at most {EVENTS_MAX} go", calendar.components.len())));
    }
    let mut mistakes = Vec::new();
    let mut names: Vec<Vec<String>> = Vec::with_capacity(calendar.components.len());
    for (i, component) in calendar.components.iter_mut().enumerate() {
        if component.component_type != ICalendarComponentType::VEvent {
            names.push(Vec::new());
            continue;
        }
        let mut summary = Vec::new();
        let mut starts = None;
        for entry in &component.entries {
            match (&entry.name, entry.values.first()) {
                (ICalendarProperty::Summary, Some(ICalendarValue::Text(text))) => {
                    summary = text.split(',').map(|n| n.trim().to_lowercase()).filter(|n| !n.is_empty()).collect();
                }
                (ICalendarProperty::Dtstart, Some(ICalendarValue::PartialDateTime(at))) => starts = at.year,
                (ICalendarProperty::Status, Some(ICalendarValue::Status(ICalendarStatus::Cancelled))) => {
                    let what = "a cancelled event: take it out, or write EXDATE in the one that it belongs to";
                    mistakes.push(Mistake { line: line(i), what: what.into() });
                }
                _ => {}
            }
        }
        if summary.is_empty() {
            let what = "the event names no duty point: write its id as SUMMARY".into();
            mistakes.push(Mistake { line: line(i), what });
        }
        names.push(summary);
        for value in component.entries.iter_mut().flat_map(|e| &mut e.values) {
            if let ICalendarValue::RecurrenceRule(rule) = value
                && rule.until.is_none()
                && rule.count.is_none()
            {
                let year = starts.map(|y| y.saturating_add(YEARS));
                rule.until = Some(PartialDateTime { year, month: Some(12), day: Some(31), ..Default::default() });
            }
        }
    }
    let exceptions =
        calendar.components.iter().flat_map(|c| &c.entries).filter(|e| e.name == ICalendarProperty::Exdate);
    let exceptions: usize = exceptions.map(|e| e.values.len()).sum();
    let expanded = calendar.expand_dates(zone, TIMES_MAX + 1);
    // What falls out counts as well: nothing may be cut off unseen.
    if expanded.events.len() + exceptions > TIMES_MAX {
        return Err(whole(format!("it has more than {TIMES_MAX} times: give its rules an end (UNTIL)")));
    }
    for e in &expanded.errors {
        mistakes.push(Mistake { line: line(e.comp_id as usize), what: e.error.to_string() });
    }
    let mut entries = Vec::with_capacity(expanded.events.len());
    for event in expanded.events {
        let component = event.comp_id as usize;
        let Some(named) = names.get(component).filter(|n| !n.is_empty()) else { continue };
        let exact = event.timestamps();
        // From 08.00 to 08.00 is also what it says on the day the clocks change.
        let (from, to) = event.try_into_date_time().map_or(exact, |e| (e.start.timestamp(), e.end.timestamp()));
        if from >= to {
            mistakes
                .push(Mistake { line: line(component), what: "the event has no end, or ends before it begins".into() });
            continue;
        }
        entries.push(Entry { from, to, names: named.clone(), line: line(component) });
    }
    if entries.is_empty() && mistakes.is_empty() {
        mistakes.push(Mistake { line: 0, what: "the calendar has no event".into() });
    }
    mistakes.sort_by_key(|m| m.line);
    mistakes.dedup();
    if mistakes.is_empty() { Ok(entries) } else { Err(mistakes) }
}

/// The lines on which the parts of a calendar begin, in their order.
fn begins(text: &str) -> Vec<u32> {
    let is = |l: &str| l.get(..6).is_some_and(|b| b.eq_ignore_ascii_case("BEGIN:"));
    (1u32..).zip(text.lines()).filter(|(_, l)| is(l)).map(|(n, _)| n).collect()
}
