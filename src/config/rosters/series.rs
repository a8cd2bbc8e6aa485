//! What the events of one UID come to: the series with its rules, further times, exceptions, and the times that were moved or
//! cancelled (RFC 5545, sections 3.8.4.4 and 3.8.5).
//!
//! Which of several versions holds says SEQUENCE. An exception that meets no time although one begins on its day is a mistake: it
//! would be the wrong telephone, in silence.

use std::collections::HashMap;

use jiff::civil::DateTime;

use super::event::{Event, Lasts, Moved, Start, Turns, day_number, end, midnight};
use super::rule::{Rule, Within};
use super::values::{Moment, When, Written, apart, later};
use super::zones::Zone;
use super::{Entry, Mistakes, TIMES_MAX, TooMuch, Work, last_moment};

/// The times of all events.
pub fn expand(events: Vec<Event>, region: &Zone, last: DateTime, mistakes: &mut Mistakes) -> Vec<Entry> {
    let mut entries = Vec::new();
    let mut work = Work::default();
    for group in groups(events, mistakes) {
        if of_group(group, region, last, &mut work, &mut entries, mistakes).is_err() {
            let what = if work.times > TIMES_MAX {
                format!("it has more than {TIMES_MAX} times: give its rules an end (UNTIL)")
            } else {
                "its rules take too long to follow: give them an end (UNTIL), or fewer parts".into()
            };
            mistakes.add(0, what);
            return Vec::new();
        }
    }
    entries
}

/// Events that belong together, in the order in which they stand.
fn groups(events: Vec<Event>, mistakes: &mut Mistakes) -> Vec<Vec<Event>> {
    let mut groups: Vec<Vec<Event>> = Vec::new();
    let mut by_uid: HashMap<String, usize> = HashMap::new();
    for event in events {
        let known = event.uid.as_ref().and_then(|uid| by_uid.get(uid)).copied();
        match known {
            Some(i) if groups[i][0].calendar_line != event.calendar_line => {
                let first = groups[i][0].line;
                mistakes.add(event.line, format!("the event has the UID of the one on line {first}, which is in another calendar: leave one of them"));
            }
            Some(i) => groups[i].push(event),
            None => {
                if let Some(uid) = &event.uid {
                    by_uid.insert(uid.clone(), groups.len());
                }
                if let Some(moved) = event.moved.as_ref().filter(|_| event.uid.is_none()) {
                    mistakes.add(moved.line, "RECURRENCE-ID without a UID: nobody can say of which event");
                }
                groups.push(vec![event]);
            }
        }
    }
    groups
}

/// A time of a series.
struct Time {
    seconds: i64,
    start: Start,
    /// Its own end (RDATE with PERIOD).
    lasts: Option<Lasts>,
    /// It falls out.
    out: bool,
    /// Another event stands for it.
    moved: bool,
}

/// The times of a series, in their order.
struct Times {
    list: Vec<Time>,
    /// By the day on the wall in the zone of the series.
    by_day: HashMap<i64, Vec<usize>>,
    zone: Zone,
}

fn of_group(
    group: Vec<Event>,
    region: &Zone,
    last: DateTime,
    work: &mut Work,
    entries: &mut Vec<Entry>,
    mistakes: &mut Mistakes,
) -> Result<(), TooMuch> {
    let (cores, moved): (Vec<Event>, Vec<Event>) = group.into_iter().partition(|e| e.moved.is_none());
    let Some(core) = highest(cores, mistakes) else {
        return without_series(&moved, work, entries, mistakes);
    };
    let moved = one_for_each(moved, mistakes);
    if core.turns.cancelled {
        if let Some(held) = moved.iter().find(|e| !e.turns.cancelled) {
            let what = format!(
                "the event of line {} is cancelled, and this time of it is not: take one of them out",
                core.line
            );
            mistakes.add(held.line, what);
        }
        return Ok(());
    }
    let mut times = times(&core, region, last, work, mistakes)?;
    for (line, when) in &core.out {
        work.time()?;
        let found = times.meant(&core, when, region, *line, "EXDATE", mistakes);
        for i in found.unwrap_or_default() {
            times.list[i].out = true;
        }
    }
    let mut following: Vec<(i64, i64, &Turns)> = Vec::new();
    let mut apart_from: Vec<&Event> = Vec::new();
    for event in &moved {
        let Some(moved) = &event.moved else { continue };
        let Some(met) = times.meant(&core, &moved.from, region, moved.line, "RECURRENCE-ID", mistakes) else {
            continue;
        };
        if !event.turns.cancelled && (met.iter().any(|i| times.list[*i].out) || is_out(&core, &moved.from)) {
            let what = format!(
                "the event of line {} says that this time falls out (EXDATE), and here it is moved: leave one of them",
                core.line
            );
            mistakes.add(moved.line, what);
        }
        for i in &met {
            times.list[*i].moved = true;
        }
        if !event.turns.cancelled {
            apart_from.push(event);
        }
        if moved.following {
            following.extend(all_after(&core, event, moved, mistakes));
        }
    }
    following.sort_by_key(|(from, _, _)| *from);
    for time in times.list.iter().filter(|t| !t.out && !t.moved) {
        let before = following.partition_point(|(from, _, _)| *from < time.seconds);
        let (by, turns) = following[..before].last().map_or((0, &core.turns), |(_, by, turns)| (*by, *turns));
        let start = Start { wall: later(time.start.wall, by), ..time.start.clone() };
        give(&start, time.lasts.unwrap_or(turns.lasts), turns, entries);
    }
    for event in apart_from {
        work.time()?;
        give(&event.start, event.turns.lasts, &event.turns, entries);
    }
    Ok(())
}

/// Single times whose series is not in the file.
fn without_series(
    moved: &[Event],
    work: &mut Work,
    entries: &mut Vec<Entry>,
    mistakes: &mut Mistakes,
) -> Result<(), TooMuch> {
    for event in one_for_each(moved.to_vec(), mistakes) {
        work.time()?;
        if let Some(moved) = event.moved.as_ref().filter(|m| m.following) {
            mistakes.add(
                moved.line,
                "RANGE=THISANDFUTURE of an event that is not in the file: export the calendar with it",
            );
        }
        give(&event.start, event.turns.lasts, &event.turns, entries);
    }
    Ok(())
}

/// Takes a time in. One that the changing of the clocks leaves nothing of is none.
fn give(start: &Start, lasts: Lasts, turns: &Turns, entries: &mut Vec<Entry>) {
    let (from, to) = (start.seconds(), end(start, lasts));
    if !turns.cancelled && from < to {
        entries.push(Entry { from, to, names: turns.names.clone(), line: turns.line });
    }
}

/// The version that holds.
fn highest(events: Vec<Event>, mistakes: &mut Mistakes) -> Option<Event> {
    let mut highest: Option<Event> = None;
    for event in events {
        match &highest {
            Some(h) if h.sequence > event.sequence => {}
            Some(h) if h.sequence == event.sequence => {
                let what = format!(
                    "the event has the UID of the one on line {}: give it one of its own, or the newer one a higher SEQUENCE",
                    h.line
                );
                mistakes.add(event.line, what);
            }
            _ => highest = Some(event),
        }
    }
    highest
}

/// Of several versions of one moved time the one that holds.
fn one_for_each(events: Vec<Event>, mistakes: &mut Mistakes) -> Vec<Event> {
    let mut by_time: HashMap<i64, Vec<Event>> = HashMap::new();
    let mut order = Vec::new();
    for event in events {
        let Some(moved) = &event.moved else { continue };
        let key = match &moved.from {
            When::Day(day) => i64::MIN / 2 + day_number(midnight(*day)),
            When::Time(moment) => moment.seconds(),
        };
        let same = by_time.entry(key).or_default();
        if same.is_empty() {
            order.push(key);
        }
        same.push(event);
    }
    let mut all: Vec<Event> =
        order.iter().filter_map(|key| highest(by_time.remove(key).unwrap_or_default(), mistakes)).collect();
    all.sort_by_key(|e| e.line);
    all
}

/// The moved time falls out as well, although the series has none there.
fn is_out(core: &Event, moved: &When) -> bool {
    core.out.iter().any(|(_, out)| match (out, moved) {
        (When::Day(a), When::Day(b)) => a == b,
        (When::Time(a), When::Time(b)) => a.seconds() == b.seconds(),
        _ => false,
    })
}

/// From when on, by how many seconds on the wall, and who: what a change of this and all following times says.
fn all_after<'a>(
    core: &Event,
    event: &'a Event,
    moved: &Moved,
    mistakes: &mut Mistakes,
) -> Option<(i64, i64, &'a Turns)> {
    let zone = &core.start.zone;
    let from = match &moved.from {
        When::Day(day) => midnight(*day),
        When::Time(moment) if moment.zone == *zone || moment.written == Written::Floating => moment.wall,
        When::Time(moment) => zone.wall(moment.seconds()),
    };
    let is_alike =
        event.start.whole_day == core.start.whole_day && (event.turns.cancelled || event.start.zone == *zone);
    if !is_alike || matches!(event.turns.lasts, Lasts::Until(_)) {
        let what = format!(
            "the event of line {} and all of its times from here on must be alike, days or times of one zone",
            core.line
        );
        mistakes.add(moved.line, what);
        return None;
    }
    let start = if event.start.zone == *zone { event.start.wall } else { from };
    Some((zone.moment(from), apart(from, start), &event.turns))
}

/// All times of a series, before anything falls out.
fn times(
    core: &Event,
    region: &Zone,
    last: DateTime,
    work: &mut Work,
    mistakes: &mut Mistakes,
) -> Result<Times, TooMuch> {
    let mut walls: Vec<DateTime> = Vec::new();
    for rule in &core.rules {
        follow(core, rule, last, work, &mut walls, mistakes)?;
    }
    if !walls.contains(&core.start.wall)
        && let Some(rule) = core.rules.iter().find(|r| r.count.is_some())
    {
        let what = "COUNT of a rule that the event's own start does not follow is counted in different ways: move DTSTART to the rule's first time";
        mistakes.add(rule.line, what);
    }
    walls.push(core.start.wall);
    walls.sort_unstable();
    walls.dedup();
    let time =
        |start: Start, lasts: Option<Lasts>| Time { seconds: start.seconds(), start, lasts, out: false, moved: false };
    let mut list: Vec<Time> = walls.into_iter().map(|wall| time(Start { wall, ..core.start.clone() }, None)).collect();
    for (line, when, lasts) in &core.more {
        work.time()?;
        let start = match when {
            When::Day(day) if core.start.whole_day => Start { wall: midnight(*day), ..core.start.clone() },
            When::Time(_) if core.start.whole_day => {
                mistakes.add(*line, "RDATE names a time, and the event is whole days: write RDATE;VALUE=DATE:20261005");
                continue;
            }
            When::Day(_) => {
                mistakes.add(*line, "RDATE names a day, and the event has times: write it with the time");
                continue;
            }
            When::Time(Moment { wall, zone, written }) => {
                Start { wall: *wall, zone: zone.clone(), written: *written, whole_day: false }
            }
        };
        // An end of its own goes before that of the rule.
        let new = time(start, *lasts);
        let same = if lasts.is_some() { list.iter_mut().find(|t| t.seconds == new.seconds) } else { None };
        match same {
            Some(same) => same.lasts = *lasts,
            None => list.push(new),
        }
    }
    // The same moment twice is one time, unless the clock on the wall shows two.
    list.sort_by_key(|t| (t.seconds, t.start.wall));
    list.dedup_by(|a, b| a.seconds == b.seconds && (a.start.wall == b.start.wall || a.start.zone != b.start.zone));
    let zone = if core.start.written == Written::Floating { region.clone() } else { core.start.zone.clone() };
    let mut by_day: HashMap<i64, Vec<usize>> = HashMap::new();
    for (i, time) in list.iter().enumerate() {
        by_day.entry(day_number(zone.wall(time.seconds))).or_default().push(i);
    }
    Ok(Times { list, by_day, zone })
}

/// The times of one rule.
fn follow(
    core: &Event,
    rule: &Rule,
    last: DateTime,
    work: &mut Work,
    walls: &mut Vec<DateTime>,
    mistakes: &mut Mistakes,
) -> Result<(), TooMuch> {
    let start = &core.start;
    let endless = rule.count.is_none() && rule.until.is_none();
    let before = walls.len();
    let (mut unclear, mut too_many) = (None, false);
    let mut given = 0;
    let mut steps = Work { steps: work.steps, times: 0 };
    let done = rule.walls(start.wall, if endless { last } else { last_moment() }, &mut steps, |wall| {
        given += 1;
        match rule.within(wall, &start.zone, start.whole_day, start.written == Written::Floating) {
            Within::Yes => walls.push(wall),
            // A day after the end at the latest nothing is unclear.
            Within::No => return false,
            Within::Unclear => unclear = unclear.or(Some(wall)),
        }
        too_many = work.time().is_err();
        !too_many
    });
    work.steps = steps.steps;
    if too_many {
        return Err(TooMuch);
    }
    done?;
    if let Some(wall) = unclear {
        let what = format!(
            "whether {} is still before the rule's UNTIL is read in different ways: write UNTIL as {}, with a Z",
            wall.strftime("%Y-%m-%d %H.%M"),
            if start.whole_day { "a day, 20261031" } else { "a time in UTC, 20261031T225959Z" }
        );
        mistakes.add(rule.line, if start.whole_day { what.replace(", with a Z", "") } else { what });
    } else if walls.len() == before {
        mistakes.add(rule.line, "the rule gives no time: it ends before it begins, or no day is as it says");
    } else if rule.count.is_some_and(|count| given < count) {
        mistakes.add(rule.line, "the rule is counted beyond what can be meant: give it an end (UNTIL)");
    }
    Ok(())
}

impl Times {
    /// Which times an exception means; `None` was told. None at all: it is of a day on which the series has no time.
    fn meant(
        &self,
        core: &Event,
        when: &When,
        region: &Zone,
        line: u32,
        what: &str,
        mistakes: &mut Mistakes,
    ) -> Option<Vec<usize>> {
        let whole_day = core.start.whole_day;
        match when {
            When::Day(day) if whole_day => Some(self.on(day_number(midnight(*day)))),
            When::Day(day) if what == "EXDATE" => {
                let on = self.on(day_number(midnight(*day)));
                let in_region =
                    |i: &usize| day_number(region.wall(self.list[*i].seconds)) == day_number(midnight(*day));
                let around = [-1, 1].iter().flat_map(|d| self.on(day_number(midnight(*day)) + d));
                if core.start.written == Written::Utc
                    && (!on.iter().all(in_region) || around.into_iter().any(|i| in_region(&i)))
                {
                    mistakes.add(line, "EXDATE names a day, and the event's times in UTC are on another day here: write it with the time");
                    return None;
                }
                Some(on)
            }
            When::Day(day) => {
                let on = self.on(day_number(midnight(*day)));
                if on.iter().any(|i| self.list[*i].start.wall != midnight(*day)) {
                    mistakes.add(line, format!("{what} names a day, and the event has times: write it with the time"));
                    return None;
                }
                Some(on)
            }
            When::Time(moment) if whole_day => {
                if moment.wall != midnight(moment.wall.date())
                    || region.wall(moment.seconds()).date() != moment.wall.date()
                {
                    mistakes.add(
                        line,
                        format!("{what} names a time, and the event is whole days: write {what};VALUE=DATE:20261005"),
                    );
                    return None;
                }
                Some(self.on(day_number(moment.wall)))
            }
            When::Time(moment) => self.at(core, moment, line, what, mistakes),
        }
    }

    fn on(&self, day: i64) -> Vec<usize> {
        self.by_day.get(&day).cloned().unwrap_or_default()
    }

    fn at(&self, core: &Event, moment: &Moment, line: u32, what: &str, mistakes: &mut Mistakes) -> Option<Vec<usize>> {
        let by_series = core.start.written;
        let alike = by_series == moment.written
            || !(by_series == Written::Floating || moment.written == Written::Floating)
            || (moment.zone == core.start.zone)
            || (moment.written == Written::Floating && by_series == Written::Named);
        if !alike {
            let said = format!(
                "{what} is written in another zone than the event of line {}, which programs read in different ways: write both alike",
                core.line
            );
            mistakes.add(line, said);
            return None;
        }
        // Without a zone it is in that of the event.
        let zone = if moment.written == Written::Floating { &core.start.zone } else { &moment.zone };
        let seconds = zone.moment(moment.wall);
        let met: Vec<usize> = {
            let first = self.list.partition_point(|t| t.seconds < seconds);
            (first..self.list.len()).take_while(|i| self.list[*i].seconds == seconds).collect()
        };
        if met.is_empty() {
            let on = self.on(day_number(self.zone.wall(seconds)));
            if let Some(near) = on.first() {
                let at = self.zone.wall(self.list[*near].seconds).strftime("%H.%M");
                mistakes.add(
                    line,
                    format!(
                        "{what} meets no time of the event of line {}, which begins at {at} on that day",
                        core.line
                    ),
                );
                return None;
            }
        }
        Some(met)
    }
}
