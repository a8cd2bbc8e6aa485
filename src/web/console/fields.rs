//! What a form sent: names and values, read into the types of the domain.

use jiff::civil;

use super::form_words::FormWord;
use crate::domain::ids::{InfraId, SiteId};
use crate::domain::incident::facts::{Restore, Safety};
use crate::domain::incident::input::News;
use crate::domain::incident::refused::refuse;
use crate::domain::lang::{L10n, Lang};
use crate::domain::plan::Plan;
use crate::domain::time::At;
use crate::web::problem::Problem;

/// So much is shown of a word that is not known.
const WORD_SHOWN_MAX: usize = 40;

/// So far ahead a clock may be, in milliseconds.
const AHEAD_MS: i64 = 300_000;

/// `03.05`, `3:05`, `3,05` (the comma of a telephone's digits), `0305`.
fn clock_time(text: &str) -> Option<civil::Time> {
    let (hour, minute) = match text.split_once(['.', ':', ',']) {
        Some(both) => both,
        None if text.len() == 4 && text.is_ascii() => text.split_at(2),
        None => return None,
    };
    let digits = |t: &str| (1..=2).contains(&t.len()) && t.bytes().all(|b| b.is_ascii_digit());
    if !digits(hour) || !digits(minute) || minute.len() != 2 {
        return None;
    }
    civil::Time::new(hour.parse().ok()?, minute.parse().ok()?, 0, 0).ok()
}

/// Whoever ticks it has looked: what looks like a person's number is none.
pub const NOT_PERSONAL: &str = "not_personal";

/// Names and values, in order.
#[derive(Debug, Default)]
pub struct Fields(pub Vec<(String, String)>);

impl Fields {
    /// The first value of that name, trimmed; nothing sent is empty.
    pub fn get(&self, name: &str) -> &str {
        self.0.iter().find(|(n, _)| n == name).map_or("", |(_, v)| v.trim())
    }
    /// Something other than white space was sent.
    pub fn some(&self, name: &str) -> Option<&str> {
        Some(self.get(name)).filter(|v| !v.is_empty())
    }
    /// Every value of that name.
    pub fn all<'a>(&'a self, name: &'a str) -> impl Iterator<Item = &'a str> {
        self.0.iter().filter(move |(n, _)| n == name).map(|(_, v)| v.as_str())
    }
    /// Sites that were ticked.
    pub fn sites(&self) -> Vec<SiteId> {
        self.all("site").map(SiteId::from).collect()
    }
    /// Infrastructure that was ticked as down; nothing where the form did not ask.
    pub fn down(&self) -> Option<Vec<InfraId>> {
        self.some("down-asked").map(|_| self.all("down").map(InfraId::from).collect())
    }
    /// A number of this program.
    pub fn number<T: std::str::FromStr>(&self, name: &str) -> Result<T, Problem> {
        self.get(name).parse().map_err(|_| refuse!(BadInputUnread { typed: self.get(name) }).into())
    }
    /// One of the words that may stand there.
    pub fn word<T: FormWord>(&self, name: &str) -> Result<T, Problem> {
        T::named(self.get(name)).ok_or_else(|| {
            let word: String = self.get(name).chars().take(WORD_SHOWN_MAX).collect();
            refuse!(UnknownAct { typed: word }).into()
        })
    }
    /// `name.sv`, `name.en`: what was typed, or nothing when it is what stood there before.
    pub fn l10n(&self, name: &str, langs: &[Lang], before: &L10n) -> Option<L10n> {
        let typed =
            L10n(langs.iter().filter_map(|l| self.some(&format!("{name}.{l}")).map(|t| (*l, t.to_owned()))).collect());
        let sent = langs.iter().any(|l| self.0.iter().any(|(n, _)| *n == format!("{name}.{l}")));
        (sent && typed != *before && !(typed.0.is_empty() && before.0.values().all(String::is_empty))).then_some(typed)
    }
    /// A local time of the region, as people type it or a form sends it; nothing where nothing was typed.
    pub fn time(&self, name: &str, plan: &Plan, now: At) -> Result<Option<At>, Problem> {
        let Some(text) = self.some(name) else { return Ok(None) };
        let typed: String = text.chars().take(WORD_SHOWN_MAX).collect();
        read_time(text, plan, now, Day::Nearest).map(Some).ok_or_else(|| refuse!(BadInputTime { typed }).into())
    }
    /// A time that lies behind: the latest one of that clock time. `03.05`, `0305`, `29/11 23.50`, or a local date and time.
    pub fn past(&self, name: &str, plan: &Plan, now: At) -> Result<Option<At>, Problem> {
        // A clock may be a little ahead of ours.
        self.moment(name, plan, now, |at| at.0 <= now.0 + AHEAD_MS, false)
    }
    /// A time that is to come: the next one of that clock time.
    pub fn coming(&self, name: &str, plan: &Plan, now: At) -> Result<Option<At>, Problem> {
        self.moment(name, plan, now, |at| at > now, true)
    }
    fn moment(
        &self,
        name: &str,
        plan: &Plan,
        now: At,
        fits: impl Fn(At) -> bool,
        first: bool,
    ) -> Result<Option<At>, Problem> {
        let Some(text) = self.some(name) else { return Ok(None) };
        if text.contains('-') {
            return self.time(name, plan, now);
        }
        let bad = || Problem::from(refuse!(BadInputTime { typed: text }));
        let (day, clock) = text.split_once([' ', 'T']).map_or((None, text), |(day, clock)| (Some(day), clock));
        let clock = clock_time(clock.trim()).ok_or_else(bad)?;
        let today = plan.calendar.local(now.timestamp()).date();
        let days: Vec<civil::Date> = match day {
            None => [today.yesterday(), Ok(today), today.tomorrow()].into_iter().flatten().collect(),
            Some(day) => {
                let (d, m) = day.trim_end_matches('.').split_once(['/', '.']).ok_or_else(bad)?;
                let (d, m) = (d.parse().map_err(|_| bad())?, m.parse().map_err(|_| bad())?);
                let year = |y: i16| civil::Date::new(y, m, d).ok();
                [today.year() - 1, today.year(), today.year() + 1].into_iter().filter_map(year).collect()
            }
        };
        let zone = plan.calendar.zone.0.clone();
        let all = days.into_iter().filter_map(|d| d.to_datetime(clock).to_zoned(zone.clone()).ok());
        let fitting = all.map(|z| At::from(z.timestamp())).filter(|at| fits(*at));
        let best = if first { fitting.min() } else { fitting.max() };
        best.map(Some).ok_or_else(bad)
    }
    /// Patient safety.
    pub fn safety(&self) -> Safety {
        match self.get("safety") {
            "yes" => Safety::Yes,
            "no" => Safety::No,
            _ => Safety::Unknown,
        }
    }
    /// What is new against what was known.
    pub fn news(&self, plan: &Plan, before: &crate::domain::view::IncidentView, now: At) -> Result<News, Problem> {
        let langs = &plan.region.languages;
        let f = &before.facts;
        // What people read has no seconds: the same minute is the same time.
        let same = |a: At, b: At| a.0.div_euclid(60_000) == b.0.div_euclid(60_000);
        let known = |at: &At| matches!(f.restore, Restore::At(before) if same(before, *at));
        let restore = self.coming("restore", plan, now)?.filter(|at| !known(at)).map(Restore::At);
        let sites = self.sites();
        let old_sites: Vec<SiteId> = before.summary.sites.iter().map(|s| s.0.clone()).collect();
        Ok(News {
            what: self.l10n("what", langs, &f.what),
            scope: self.l10n("scope", langs, &f.scope),
            routines: None,
            restore,
            next: self.coming("next", plan, now)?,
            contact: self.some("contact").filter(|c| *c != f.contact).map(str::to_owned),
            safety: self.some("safety").map(|_| self.safety()).filter(|s| *s != f.safety),
            known: self.l10n("known", langs, &L10n::default()),
            unknown: self.l10n("unknown", langs, &f.unknown),
            public_news: self.l10n("public_news", langs, &L10n::default()).or_else(|| {
                // What waits is taken back.
                self.some("public_news-drop").map(|_| L10n::default())
            }),
            level: self.some("level").filter(|l| *l != before.summary.level.id).map(str::to_owned),
            sites: (!sites.is_empty() && sites != old_sites).then_some(sites),
            down: self.down().filter(|down| *down != f.down),
        })
    }
}

/// Which day a clock without a date is of.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Day {
    /// The one nearest to now.
    Nearest,
    /// The first on which it is still to come.
    Next,
}

/// A time in the region's zone: `18.49`, `18:49`, `18,49`, `1849`; or with its date, `2026-11-29 18.49`, also as `datetime-local`
/// sends it (HTML, "local date and time string").
fn read_time(text: &str, plan: &Plan, now: At, day: Day) -> Option<At> {
    let text = text.trim();
    let zone = plan.calendar.zone.0.clone();
    if let Some((date, time)) = text.split_once(['T', ' ']) {
        let date: civil::Date = date.parse().ok()?;
        let at = date.to_datetime(clock(time.trim())?).to_zoned(zone).ok()?;
        return Some(at.timestamp().into());
    }
    let time = clock(text)?;
    let today = plan.calendar.local(now.timestamp()).date();
    let days = [today.yesterday(), Ok(today), today.tomorrow()];
    let all = days.into_iter().filter_map(|day| day.ok()?.to_datetime(time).to_zoned(zone.clone()).ok());
    let mut all = all.map(|z| At::from(z.timestamp()));
    match day {
        Day::Nearest => all.min_by_key(|at| at.0.abs_diff(now.0)),
        Day::Next => all.find(|at| *at > now),
    }
}

/// Hours and minutes; seconds, which some forms send, are left out.
fn clock(text: &str) -> Option<civil::Time> {
    let digits = |part: &str| part.bytes().all(|b| b.is_ascii_digit());
    let parts: Vec<&str> = match text.split(['.', ':', ',']).collect::<Vec<_>>()[..] {
        [one] if digits(one) && (3..=4).contains(&one.len()) => vec![&one[..one.len() - 2], &one[one.len() - 2..]],
        [hour, minute] | [hour, minute, _] => vec![hour, minute],
        _ => return None,
    };
    let fits = parts.iter().all(|p| digits(p)) && (1..=2).contains(&parts[0].len()) && parts[1].len() == 2;
    if !fits {
        return None;
    }
    civil::Time::new(parts[0].parse().ok()?, parts[1].parse().ok()?, 0, 0).ok()
}

/// A time that is to come as a field shows it, so that reading it gives the same minute: the clock alone when it is the next one.
pub fn typed_time(plan: &Plan, lang: Lang, at: At, now: At) -> String {
    let local = plan.calendar.local(at.timestamp());
    let between = if lang == Lang::EN { ':' } else { '.' };
    let clock = format!("{:02}{between}{:02}", local.hour(), local.minute());
    let same = |read: At| read.0.div_euclid(60_000) == at.0.div_euclid(60_000);
    if read_time(&clock, plan, now, Day::Next).is_some_and(same) { clock } else { format!("{} {clock}", local.date()) }
}

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, reason = "tests")]

    use super::*;

    fn fields(pairs: &[(&str, &str)]) -> Fields {
        Fields(pairs.iter().map(|(n, v)| ((*n).to_owned(), (*v).to_owned())).collect())
    }

    #[test]
    fn times_are_local_and_hours_mean_the_nearest_day() {
        let mut plan = Plan::default();
        plan.calendar.zone = crate::domain::calendar::Zone::named("Europe/Stockholm").unwrap();
        let at = |t: &str| At::from(t.parse::<jiff::Timestamp>().unwrap());
        let now = at("2026-11-22T23:50:00+01:00");
        for (typed, expected) in [
            ("2026-11-22T03:24", Some("2026-11-22T03:24:00+01:00")),
            ("2026-11-22T03:24:59", Some("2026-11-22T03:24:00+01:00")),
            ("2026-11-24 18.49", Some("2026-11-24T18:49:00+01:00")),
            ("23.40", Some("2026-11-22T23:40:00+01:00")),
            ("2340", Some("2026-11-22T23:40:00+01:00")),
            ("23,40", Some("2026-11-22T23:40:00+01:00")),
            ("00:10", Some("2026-11-23T00:10:00+01:00")),
            ("0:10", Some("2026-11-23T00:10:00+01:00")),
            ("010", Some("2026-11-23T00:10:00+01:00")),
            (" 23:40 ", Some("2026-11-22T23:40:00+01:00")),
            ("", None),
        ] {
            assert_eq!(fields(&[("t", typed)]).time("t", &plan, now).unwrap(), expected.map(at), "{typed}");
        }
        let nonsense = [
            "soon",
            "24.00",
            "18.60",
            "25",
            "1",
            "18.4",
            "1.849",
            "18.49.00.00",
            "-1.20",
            "+1.20",
            "٠٩.١٥",
            "11/29/2026",
            "2026-13-01 10.00",
            "2026-11-22T",
            "T18.49",
            "18.49 2026-11-22",
            "99999",
            ".",
            ":",
            "18 49",
            "1e10",
            "½.00",
        ];
        for typed in nonsense {
            assert!(fields(&[("t", typed)]).time("t", &plan, now).is_err(), "{typed}");
        }
        let long = "9".repeat(100_000);
        let said = fields(&[("t", &long)]).time("t", &plan, now).unwrap_err().said(Lang::SV).0;
        assert!(said.len() < 300, "{said}");
        // What a field shows is read as the same minute, whatever the day.
        for shown in ["2026-11-22T23:51:40+01:00", "2026-11-23T11:00:00+01:00", "2026-11-25T11:00:00+01:00"] {
            for lang in [Lang::SV, Lang::EN] {
                let field = typed_time(&plan, lang, at(shown), now);
                let read = fields(&[("t", &field)]).coming("t", &plan, now).unwrap().unwrap();
                assert!(at(shown).seconds_since(read) < 60 && read <= at(shown), "{shown}: {field}");
            }
        }
        // What is to come is the next one of that clock, however far.
        let early = fields(&[("t", "23.40")]).coming("t", &plan, now).unwrap();
        assert_eq!(early, Some(at("2026-11-23T23:40:00+01:00")));
        assert_eq!(
            typed_time(&plan, Lang::SV, at("2026-11-22T23:40:00+01:00"), now),
            "2026-11-22 23.40",
            "it has passed"
        );
        assert_eq!(typed_time(&plan, Lang::SV, at("2026-11-23T00:10:00+01:00"), now), "00.10");
        assert_eq!(typed_time(&plan, Lang::EN, at("2026-11-25T00:10:00+01:00"), now), "2026-11-25 00:10");
    }

    #[test]
    fn a_clock_time_lies_behind_or_ahead_as_its_field_means_it() {
        let mut plan = Plan::default();
        plan.calendar.zone = crate::domain::calendar::Zone::named("Europe/Stockholm").unwrap();
        let at = |t: &str| At::from(t.parse::<jiff::Timestamp>().unwrap());
        let now = at("2026-11-22T03:12:00+01:00");
        for (typed, past, coming) in [
            ("03.05", "2026-11-22T03:05:00+01:00", "2026-11-23T03:05:00+01:00"),
            ("18:00", "2026-11-21T18:00:00+01:00", "2026-11-22T18:00:00+01:00"),
            ("3,05", "2026-11-22T03:05:00+01:00", "2026-11-23T03:05:00+01:00"),
            ("2350", "2026-11-21T23:50:00+01:00", "2026-11-22T23:50:00+01:00"),
            ("20/11 09.00", "2026-11-20T09:00:00+01:00", "2027-11-20T09:00:00+01:00"),
            ("24/11 09.00", "2025-11-24T09:00:00+01:00", "2026-11-24T09:00:00+01:00"),
            ("2026-11-22T03:24", "2026-11-22T03:24:00+01:00", "2026-11-22T03:24:00+01:00"),
        ] {
            let f = fields(&[("t", typed)]);
            assert_eq!(f.past("t", &plan, now).unwrap(), Some(at(past)), "{typed}");
            assert_eq!(f.coming("t", &plan, now).unwrap(), Some(at(coming)), "{typed}");
        }
        // A clock that is a few minutes ahead means now.
        assert_eq!(fields(&[("t", "03.14")]).past("t", &plan, now).unwrap(), Some(at("2026-11-22T03:14:00+01:00")));
        assert_eq!(fields(&[]).past("t", &plan, now).unwrap(), None);
        for wrong in ["soon", "25.00", "3.5", "12.60", "31/2 09.00", "x/11 09.00", "12.", ".12", "12345", "å1.00", "-"]
        {
            assert!(fields(&[("t", wrong)]).coming("t", &plan, now).is_err(), "{wrong}");
        }
    }

    #[test]
    fn what_stands_unchanged_is_no_news() {
        let langs = [Lang::SV, Lang::EN];
        let before = L10n::of([(Lang::SV, "Nere"), (Lang::EN, "Down")]);
        assert_eq!(fields(&[("what.sv", " Nere "), ("what.en", "Down")]).l10n("what", &langs, &before), None);
        assert_eq!(fields(&[]).l10n("what", &langs, &before), None);
        let changed = fields(&[("what.sv", "Uppe"), ("what.en", "")]).l10n("what", &langs, &before).unwrap();
        assert_eq!(changed, L10n::of([(Lang::SV, "Uppe")]));
    }
}
