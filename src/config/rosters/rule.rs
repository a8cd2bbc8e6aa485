//! A rule by which an event comes again (RRULE, RFC 5545, section 3.3.10): read strictly, and followed on the clock on the wall.
//!
//! What the RFC leaves open, or what programs read in different ways, is a mistake and no guess.

use jiff::civil::{Date, DateTime, Weekday};

use super::lines::Property;
use super::values::{self, short};
use super::zones::Zone;
use super::{Mistakes, TIMES_MAX, TooMuch, Work};

/// Times of one day that BYHOUR, BYMINUTE and BYSECOND of a rule may name.
pub const TIMES_A_DAY_MAX: usize = 96;
/// The largest INTERVAL.
pub const INTERVAL_MAX: i64 = 1_000;

/// How often.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Freq {
    Hourly,
    Daily,
    Weekly,
    Monthly,
    Yearly,
}

/// Until when.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Until {
    Day(Date),
    Utc(DateTime),
    Local(DateTime),
}

/// Whether a time is before a rule's end.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Within {
    Yes,
    No,
    /// By one way of reading it is, by another it isn't.
    Unclear,
}

/// A rule.
#[derive(Clone, Debug)]
pub struct Rule {
    pub line: u32,
    freq: Freq,
    interval: i64,
    pub count: Option<usize>,
    pub until: Option<Until>,
    months: Vec<i64>,
    weeks: Vec<i64>,
    year_days: Vec<i64>,
    month_days: Vec<i64>,
    /// Number (0: every one) and weekday.
    weekdays: Vec<(i64, Weekday)>,
    hours: Vec<i64>,
    minutes: Vec<i64>,
    seconds: Vec<i64>,
    positions: Vec<i64>,
    week_starts: Weekday,
}

/// Parts of a rule with numbers: name, least, most, whether it may count from the end.
const NUMBERS: [(&str, i64, i64, bool); 8] = [
    ("BYMONTH", 1, 12, false),
    ("BYWEEKNO", 1, 53, true),
    ("BYYEARDAY", 1, 366, true),
    ("BYMONTHDAY", 1, 31, true),
    ("BYHOUR", 0, 23, false),
    ("BYMINUTE", 0, 59, false),
    ("BYSECOND", 0, 59, false),
    ("BYSETPOS", 1, 366, true),
];
/// All parts of a rule that are read.
const PARTS: [&str; 14] = [
    "FREQ",
    "UNTIL",
    "COUNT",
    "INTERVAL",
    "WKST",
    "BYDAY",
    "BYMONTH",
    "BYWEEKNO",
    "BYYEARDAY",
    "BYMONTHDAY",
    "BYHOUR",
    "BYMINUTE",
    "BYSECOND",
    "BYSETPOS",
];
const FREQS: [&str; 5] = ["DAILY", "WEEKLY", "MONTHLY", "YEARLY", "HOURLY"];

impl Rule {
    /// Reads it; `None` was told.
    pub fn read(property: &Property, start: DateTime, whole_days: bool, mistakes: &mut Mistakes) -> Option<Self> {
        match read(property, whole_days) {
            Ok(rule) => {
                let rule = rule.with_start(start);
                let hours = if rule.freq == Freq::Hourly { 24 } else { rule.hours.len() };
                let times = hours * rule.minutes.len() * rule.seconds.len();
                if times > TIMES_A_DAY_MAX {
                    mistakes.add(
                        property.line,
                        format!("the rule names {times} times a day, at most {TIMES_A_DAY_MAX} go"),
                    );
                    return None;
                }
                Some(rule)
            }
            Err(what) => {
                mistakes.add(property.line, what);
                None
            }
        }
    }

    /// What the rule leaves out is as at its start.
    fn with_start(mut self, start: DateTime) -> Self {
        let nothing_of_days = self.weeks.is_empty()
            && self.year_days.is_empty()
            && self.month_days.is_empty()
            && self.weekdays.is_empty();
        if nothing_of_days {
            match self.freq {
                Freq::Yearly => {
                    if self.months.is_empty() {
                        self.months.push(i64::from(start.month()));
                    }
                    self.month_days.push(i64::from(start.day()));
                }
                Freq::Monthly => self.month_days.push(i64::from(start.day())),
                Freq::Weekly => self.weekdays.push((0, start.weekday())),
                Freq::Daily | Freq::Hourly => {}
            }
        }
        if self.hours.is_empty() && self.freq != Freq::Hourly {
            self.hours.push(i64::from(start.hour()));
        }
        if self.minutes.is_empty() {
            self.minutes.push(i64::from(start.minute()));
        }
        if self.seconds.is_empty() {
            self.seconds.push(i64::from(start.second()));
        }
        for list in [&mut self.months, &mut self.hours, &mut self.minutes, &mut self.seconds] {
            list.sort_unstable();
            list.dedup();
        }
        self
    }

    /// Its end for clocks of a time zone's own rules, which are read as Greenwich would.
    pub fn until_wall(&self) -> Option<DateTime> {
        self.until.map(|until| match until {
            Until::Day(day) => day.at(23, 59, 59, 0),
            // No zone is further than a day from Greenwich, and no zone changes twice on a day.
            Until::Utc(wall) | Until::Local(wall) => values::later(wall, 86_400 / 2),
        })
    }

    /// Whether a time is before its end. `zone`: in which the event's times are; `whole_days`, `floating`: how they are written.
    pub fn within(&self, wall: DateTime, zone: &Zone, whole_days: bool, floating: bool) -> Within {
        let utc = Zone::utc();
        let ways = match self.until {
            None => return Within::Yes,
            Some(Until::Day(until)) if whole_days => return is(wall.date() <= until),
            Some(Until::Local(until)) if whole_days => return is(wall.date() <= until.date()),
            Some(Until::Utc(until)) if whole_days => {
                [wall.date() <= until.date(), zone.moment(wall) <= utc.moment(until)]
            }
            Some(Until::Day(until)) if wall.date() == until => {
                [wall.time() == jiff::civil::Time::midnight() && zone.moment(wall) <= utc.moment(wall), true]
            }
            Some(Until::Day(until)) => {
                let midnight = until.at(0, 0, 0, 0);
                [wall <= midnight && zone.moment(wall) <= utc.moment(midnight), wall <= midnight]
            }
            Some(Until::Utc(until)) if floating => [wall <= until, zone.moment(wall) <= utc.moment(until)],
            Some(Until::Utc(until)) => return is(zone.moment(wall) <= utc.moment(until)),
            Some(Until::Local(until)) if floating => return is(wall <= until),
            Some(Until::Local(until)) => [wall <= until, zone.moment(wall) <= utc.moment(until)],
        };
        match ways {
            [true, true] => Within::Yes,
            [false, false] => Within::No,
            _ => Within::Unclear,
        }
    }

    /// Hands over each time from `start` on until `each` says that it is enough, or `last` has passed. COUNT is counted here, the end
    /// (UNTIL) is not looked at.
    pub fn walls(
        &self,
        start: DateTime,
        last: DateTime,
        work: &mut Work,
        mut each: impl FnMut(DateTime) -> bool,
    ) -> Result<(), TooMuch> {
        let mut left = self.count.unwrap_or(usize::MAX);
        let mut give = |wall: DateTime| {
            if wall < start {
                return true;
            }
            if left == 0 || wall > last {
                return false;
            }
            left -= 1;
            each(wall) && left > 0
        };
        if self.freq == Freq::Hourly {
            return self.hourly(start, last, work, give);
        }
        let mut period = Some(self.first_period(start.date()));
        let mut days = Vec::new();
        while let Some(first) = period.filter(|p| *p <= last.date()) {
            days.clear();
            self.days(first, work, &mut days)?;
            let times = self.times(&days);
            if self.positions.is_empty() {
                for wall in times {
                    if !give(wall) {
                        return Ok(());
                    }
                }
            } else {
                let times: Vec<DateTime> = times.collect();
                let mut chosen: Vec<usize> =
                    self.positions.iter().filter_map(|p| from_either_end(*p, times.len())).collect();
                chosen.sort_unstable();
                chosen.dedup();
                for i in chosen {
                    if !give(times[i]) {
                        return Ok(());
                    }
                }
            }
            period = self.next_period(first);
        }
        Ok(())
    }

    fn hourly(
        &self,
        start: DateTime,
        last: DateTime,
        work: &mut Work,
        mut give: impl FnMut(DateTime) -> bool,
    ) -> Result<(), TooMuch> {
        let mut hour = start.date().at(start.hour(), 0, 0, 0);
        while hour <= last {
            work.step()?;
            let fits = self.hours.is_empty() || self.hours.contains(&i64::from(hour.hour()));
            if fits && self.takes(hour.date()) {
                for (minute, second) in self.minutes.iter().flat_map(|m| self.seconds.iter().map(move |s| (*m, *s))) {
                    if !give(values::later(hour, minute * 60 + second)) {
                        return Ok(());
                    }
                }
            }
            hour = values::later(hour, self.interval * 3600);
        }
        Ok(())
    }

    fn times<'a>(&'a self, days: &'a [Date]) -> impl Iterator<Item = DateTime> + 'a {
        let of_day = |day: &'a Date| {
            let hours = self.hours.iter().flat_map(|h| self.minutes.iter().map(move |m| (*h, *m)));
            let all = hours.flat_map(|(h, m)| self.seconds.iter().map(move |s| (h, m, *s)));
            all.map(|(h, m, s)| day.at(h as i8, m as i8, s as i8, 0))
        };
        days.iter().flat_map(of_day)
    }

    fn first_period(&self, day: Date) -> Date {
        match self.freq {
            Freq::Yearly => day.first_of_year(),
            Freq::Monthly => day.first_of_month(),
            Freq::Weekly => days_later(day, -i64::from(day.weekday().since(self.week_starts))).unwrap_or(day),
            Freq::Daily | Freq::Hourly => day,
        }
    }

    fn next_period(&self, first: Date) -> Option<Date> {
        let months = |months: i64| {
            let month = i64::from(first.year()) * 12 + i64::from(first.month()) - 1 + months;
            Date::new(i16::try_from(month.div_euclid(12)).ok()?, month.rem_euclid(12) as i8 + 1, 1).ok()
        };
        match self.freq {
            Freq::Yearly => months(12 * self.interval),
            Freq::Monthly => months(self.interval),
            Freq::Weekly => days_later(first, 7 * self.interval),
            Freq::Daily | Freq::Hourly => days_later(first, self.interval),
        }
    }

    /// The days of a period that the rule takes.
    fn days(&self, first: Date, work: &mut Work, days: &mut Vec<Date>) -> Result<(), TooMuch> {
        let mut take = |day: Date| {
            work.step()?;
            if self.takes(day) {
                days.push(day);
            }
            Ok(())
        };
        let mut month = |first: Date| {
            (1..=first.days_in_month())
                .filter_map(|d| Date::new(first.year(), first.month(), d).ok())
                .try_for_each(&mut take)
        };
        match self.freq {
            Freq::Daily | Freq::Hourly => take(first),
            Freq::Weekly => (0..7).filter_map(|n| days_later(first, n)).try_for_each(take),
            Freq::Monthly if self.months.is_empty() || self.months.contains(&i64::from(first.month())) => month(first),
            Freq::Monthly => work.step(),
            Freq::Yearly if self.months.is_empty() => {
                (1..=12).filter_map(|m| Date::new(first.year(), m, 1).ok()).try_for_each(month)
            }
            Freq::Yearly => {
                self.months.iter().filter_map(|m| Date::new(first.year(), *m as i8, 1).ok()).try_for_each(month)
            }
        }
    }

    /// Whether a day is one of the rule's.
    fn takes(&self, day: Date) -> bool {
        let in_list = |list: &[i64], number: i64, of: i64| {
            list.is_empty() || list.contains(&number) || list.contains(&(number - of - 1))
        };
        in_list(&self.months, i64::from(day.month()), 1_000)
            && in_list(&self.month_days, i64::from(day.day()), i64::from(day.days_in_month()))
            && in_list(&self.year_days, i64::from(day.day_of_year()), i64::from(day.days_in_year()))
            && (self.weekdays.is_empty() || self.weekdays.iter().any(|(n, weekday)| self.is_nth(day, *n, *weekday)))
            && (self.weeks.is_empty() || {
                let (number, of) = week(day, self.week_starts);
                in_list(&self.weeks, number, of)
            })
    }

    /// Whether a day is the `n`th of such weekdays in its month, or year.
    fn is_nth(&self, day: Date, n: i64, weekday: Weekday) -> bool {
        if day.weekday() != weekday {
            return false;
        }
        let (at, of) = match self.freq {
            Freq::Yearly if self.months.is_empty() => (i64::from(day.day_of_year()), i64::from(day.days_in_year())),
            _ => (i64::from(day.day()), i64::from(day.days_in_month())),
        };
        n == 0 || n == (at - 1) / 7 + 1 || n == -((of - at) / 7 + 1)
    }
}

fn is(within: bool) -> Within {
    if within { Within::Yes } else { Within::No }
}

fn days_later(day: Date, days: i64) -> Option<Date> {
    day.checked_add(jiff::Span::new().try_days(days).ok()?).ok()
}

/// The index of the first (1), the second (2), the last (-1).
fn from_either_end(position: i64, len: usize) -> Option<usize> {
    let len = i64::try_from(len).ok()?;
    let at = if position > 0 { position - 1 } else { len + position };
    (0..len).contains(&at).then(|| usize::try_from(at).ok()).flatten()
}

/// The week's number, and how many its year has: the first one has four days of the year at least.
fn week(day: Date, starts: Weekday) -> (i64, i64) {
    // In days from the year's first day on.
    let first_of = |year: i16| {
        let since = Date::new(year, 1, 1).map_or(0, |d| i64::from(d.weekday().since(starts)));
        if since <= 3 { -since } else { 7 - since }
    };
    let days_in = |year: i16| Date::new(year, 1, 1).map_or(365, |d| i64::from(d.days_in_year()));
    let year = day.year();
    let at = i64::from(day.day_of_year()) - 1;
    let next = days_in(year) + first_of(year + 1);
    if at < first_of(year) {
        let before = days_in(year - 1);
        let first = first_of(year - 1);
        ((at + before - first) / 7 + 1, (before + first_of(year) - first) / 7)
    } else if at >= next {
        let of = (days_in(year + 1) + first_of(year + 2) - first_of(year + 1)) / 7;
        ((at - next) / 7 + 1, of)
    } else {
        ((at - first_of(year)) / 7 + 1, (next - first_of(year)) / 7)
    }
}

/// Reads a rule; otherwise what is wrong with it.
fn read(property: &Property, whole_days: bool) -> Result<Rule, String> {
    let mut parts: Vec<(String, String)> = Vec::new();
    for part in property.value.trim().split(';').filter(|p| !p.trim().is_empty()) {
        let (name, value) = part
            .split_once('=')
            .ok_or_else(|| format!("\"{}\" says nothing: a rule has parts like FREQ=WEEKLY", short(part)))?;
        let name = name.trim().to_ascii_uppercase();
        if !PARTS.contains(&name.as_str()) {
            return Err(unknown_part(&name));
        }
        if parts.iter().any(|(n, _)| *n == name) {
            return Err(format!("{name} stands twice in the rule: leave one of them"));
        }
        parts.push((name, value.trim().to_ascii_uppercase()));
    }
    let get = |name: &str| parts.iter().find(|(n, _)| n == name).map(|(_, v)| v.as_str());
    let freq = freq(get("FREQ").ok_or("the rule has no FREQ: write FREQ=WEEKLY")?)?;
    let number = |name: &str, most: i64| match get(name) {
        None => Ok(None),
        Some(text) => match text.parse::<i64>() {
            Ok(n) if (1..=most).contains(&n) => Ok(Some(n)),
            _ => Err(format!("{name}={}: write a number from 1 to {most}", short(text))),
        },
    };
    let mut lists: Vec<Vec<i64>> = Vec::new();
    for (name, least, most, backwards) in NUMBERS {
        lists.push(get(name).map_or(Ok(Vec::new()), |text| numbers(name, text, least, most, backwards))?);
    }
    let [months, weeks, year_days, month_days, hours, minutes, seconds, positions] =
        <[Vec<i64>; 8]>::try_from(lists).map_err(|_| "the rule can't be read".to_owned())?;
    let rule = Rule {
        line: property.line,
        freq,
        interval: number("INTERVAL", INTERVAL_MAX)?.unwrap_or(1),
        count: number("COUNT", TIMES_MAX as i64)?.and_then(|n| usize::try_from(n).ok()),
        until: get("UNTIL").map(until).transpose()?,
        months,
        weeks,
        year_days,
        month_days,
        weekdays: get("BYDAY").map_or(Ok(Vec::new()), weekdays)?,
        hours,
        minutes,
        seconds,
        positions,
        week_starts: get("WKST")
            .map_or(Some(Weekday::Monday), weekday)
            .ok_or("WKST: write MO, TU, WE, TH, FR, SA or SU")?,
    };
    together(&rule, whole_days)?;
    Ok(rule)
}

fn unknown_part(name: &str) -> String {
    match crate::yaml::diagnostics::nearest(name, PARTS) {
        Some(near) => format!("a rule has no part {}: is it {near}?", short(name)),
        None => format!(
            "the rule's {} is not followed here: write the rule without it, or each time as an event",
            short(name)
        ),
    }
}

fn freq(text: &str) -> Result<Freq, String> {
    Ok(match text {
        "HOURLY" => Freq::Hourly,
        "DAILY" => Freq::Daily,
        "WEEKLY" => Freq::Weekly,
        "MONTHLY" => Freq::Monthly,
        "YEARLY" => Freq::Yearly,
        "SECONDLY" | "MINUTELY" => {
            return Err(format!(
                "FREQ={text} is no turn of duty, and at most {TIMES_MAX} times go: write DAILY, WEEKLY, MONTHLY or YEARLY"
            ));
        }
        _ => {
            return Err(match crate::yaml::diagnostics::nearest(text, FREQS) {
                Some(near) => format!("FREQ={} is not known: is it {near}?", short(text)),
                None => format!("FREQ={} is not known: write DAILY, WEEKLY, MONTHLY or YEARLY", short(text)),
            });
        }
    })
}

fn numbers(name: &str, text: &str, least: i64, most: i64, backwards: bool) -> Result<Vec<i64>, String> {
    let mut list = Vec::new();
    for item in text.split(',') {
        let number = item
            .trim()
            .parse::<i64>()
            .ok()
            .filter(|n| (least..=most).contains(n) || (backwards && (least..=most).contains(&-n)));
        let Some(number) = number else {
            return Err(format!("{name}={}: write numbers from {least} to {most}", short(item)));
        };
        if !list.contains(&number) {
            list.push(number);
        }
    }
    Ok(list)
}

fn weekday(text: &str) -> Option<Weekday> {
    Some(match text {
        "MO" => Weekday::Monday,
        "TU" => Weekday::Tuesday,
        "WE" => Weekday::Wednesday,
        "TH" => Weekday::Thursday,
        "FR" => Weekday::Friday,
        "SA" => Weekday::Saturday,
        "SU" => Weekday::Sunday,
        _ => return None,
    })
}

/// `MO,WE` or `1MO,-1FR`.
fn weekdays(text: &str) -> Result<Vec<(i64, Weekday)>, String> {
    let mut list: Vec<(i64, Weekday)> = Vec::new();
    for item in text.split(',') {
        let item = item.trim();
        let read = item.len().checked_sub(2).and_then(|at| item.split_at_checked(at)).and_then(|(n, day)| {
            let n = if n.is_empty() { 0 } else { n.parse::<i64>().ok().filter(|n| *n != 0 && n.abs() <= 53)? };
            Some((n, weekday(day)?))
        });
        let Some(day) = read else {
            return Err(format!("BYDAY={}: write MO, TU, WE, TH, FR, SA, SU, or 1MO, -1FR", short(item)));
        };
        if !list.contains(&day) {
            list.push(day);
        }
    }
    Ok(list)
}

fn until(text: &str) -> Result<Until, String> {
    let wrong = || format!("UNTIL={}: write 20261031T225959Z, or 20261031 for whole days", short(text));
    if text.len() == 8 {
        return values::date(text).map(Until::Day).ok_or_else(wrong);
    }
    match text.strip_suffix('Z') {
        Some(utc) => values::wall_of_any_year(utc).map(Until::Utc),
        None => values::wall_of_any_year(text).map(Until::Local),
    }
    .ok_or_else(wrong)
}

/// Parts that don't go together, by the RFC or because programs follow them in different ways.
fn together(rule: &Rule, whole_days: bool) -> Result<(), String> {
    let numbered = rule.weekdays.iter().filter(|(n, _)| *n != 0).count();
    let of_year = rule.freq == Freq::Yearly;
    let wrong = [
        (rule.count.is_some() && rule.until.is_some(), "the rule has COUNT and UNTIL: leave one of them"),
        (
            whole_days
                && (rule.freq == Freq::Hourly
                    || !rule.hours.is_empty()
                    || !rule.minutes.is_empty()
                    || !rule.seconds.is_empty()),
            "the event is whole days, and its rule names hours: give DTSTART a time",
        ),
        (
            numbered > 0 && !(of_year || rule.freq == Freq::Monthly),
            "BYDAY with a number goes with FREQ=MONTHLY or YEARLY only: write BYDAY=MO",
        ),
        (
            numbered > 0 && numbered < rule.weekdays.len(),
            "BYDAY names weekdays with and without numbers, which programs follow in different ways: write two events",
        ),
        (!rule.weeks.is_empty() && !of_year, "BYWEEKNO goes with FREQ=YEARLY only"),
        (!rule.weeks.is_empty() && numbered > 0, "BYDAY with a number does not go with BYWEEKNO: write BYDAY=MO"),
        (!rule.weeks.is_empty() && rule.weekdays.is_empty(), "BYWEEKNO without a weekday: say which, BYDAY=MO"),
        (
            !rule.weeks.is_empty() && rule.interval > 1,
            "BYWEEKNO with an INTERVAL is followed in different ways: write the weeks of each year as an event",
        ),
        (!(rule.year_days.is_empty() || of_year || rule.freq == Freq::Hourly), "BYYEARDAY goes with FREQ=YEARLY only"),
        (
            !rule.month_days.is_empty() && rule.freq == Freq::Weekly,
            "BYMONTHDAY does not go with FREQ=WEEKLY: write FREQ=MONTHLY",
        ),
        (
            !(rule.positions.is_empty() || of_year || rule.freq == Freq::Monthly),
            "BYSETPOS goes with FREQ=MONTHLY or YEARLY only",
        ),
        (
            !rule.positions.is_empty()
                && rule.weekdays.is_empty()
                && rule.month_days.is_empty()
                && rule.year_days.is_empty(),
            "BYSETPOS chooses from nothing: say from which days, BYDAY=MO",
        ),
    ];
    match wrong.into_iter().find(|(is, _)| *is) {
        Some((_, what)) => Err(what.into()),
        None => Ok(()),
    }
}
