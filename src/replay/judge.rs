//! Whether what is expected holds, by what was seen alone; and what was seen, in a line, whether it holds or not.

use std::collections::BTreeSet;

use super::Region;
use super::expect::{Expectation, Expected, KindWord, Mark, StepWanted, TextWanted, Whose};
use super::scenario::Lost;
use super::seen::{Asked, Got, Item, Said, Seen, StepSeen};
use crate::domain::holder::holder;
use crate::domain::ids::{FunctionIx, SiteId};
use crate::domain::incident::values::{Kind, Phase, StepEnd};
use crate::domain::ladder::ModeIx;
use crate::domain::plan::{Audience, Channel};
use crate::domain::reach;
use crate::domain::time::At;

/// So many names stand in what was seen.
const NAMES_MAX: usize = 6;
/// So much of a text is quoted, in characters.
const QUOTED_CHARS_MAX: usize = 160;
const DAY_MS: i64 = 86_400_000;

/// Holds, with what was seen; or does not, with what was seen instead.
pub type Verdict = Result<String, String>;

/// Somebody who judges.
pub struct Judge<'j> {
    pub region: Region<'j>,
    pub seen: &'j Seen,
}

/// Whether a text was for a function: at a point of it, or of whoever held it then.
pub fn is_for(region: Region<'_>, got: &Got, f: FunctionIx) -> bool {
    if got.functions.contains(&f) {
        return true;
    }
    let held = holder(region.plan, f, got.planned.timestamp()).unwrap_or_else(|c| c.last);
    got.functions.contains(&held)
}

/// Seconds as people say them.
pub fn span(ms: i64) -> String {
    let s = ms / 1000;
    match s {
        0..100 => format!("{}.{} s", s, ms % 1000 / 100),
        100..7_200 => format!("{} min {} s", s / 60, s % 60),
        7_200..172_800 => format!("{} h {} min", s / 3600, s / 60 % 60),
        _ => format!("{} d {} h", s / 86_400, s / 3600 % 24),
    }
}

impl Judge<'_> {
    pub fn judge(&self, e: &Expectation) -> Verdict {
        match &e.what {
            Expected::Mode { mode, sites } => self.mode(e, *mode, sites),
            Expected::Told { who, over } => self.told(e, who, over),
            Expected::Uncounted(lost) => self.uncounted(e, lost),
            Expected::Text(wanted) => self.text(e, wanted),
            Expected::Beat { at_most_s } => self.beat(e, *at_most_s),
            Expected::Public { told } => self.public(e, *told),
            Expected::Stage(phase) => self.stage(e, *phase),
            Expected::Order(marks) => self.order(marks),
            Expected::Step(wanted) => self.step(e, wanted),
            Expected::AskedAgain(mode) => self.asked_again(e, *mode),
            Expected::Corrected => self.corrected(e),
            Expected::Flat => self.flat(e),
            Expected::Few { to, sms } => self.few(e, to, *sms),
        }
    }

    fn time(&self, at: At) -> String {
        self.region.plan.calendar.local(at.timestamp()).strftime("%Y-%m-%d %H:%M:%S").to_string()
    }

    fn names(&self, all: &[FunctionIx]) -> String {
        let shown: Vec<&str> = all.iter().take(NAMES_MAX).map(|f| self.region.plan.function(*f).id.as_str()).collect();
        match all.len().saturating_sub(NAMES_MAX) {
            0 => shown.join(", "),
            more => format!("{} and {more} more", shown.join(", ")),
        }
    }

    fn mode_at(&self, site: &SiteId, at: At) -> ModeIx {
        let last = self.seen.modes.iter().rev().find(|(since, s, _)| s == site && *since <= at);
        last.map(|(.., m)| *m).unwrap_or_default()
    }

    fn mode(&self, e: &Expectation, mode: ModeIx, sites: &[SiteId]) -> Verdict {
        let region = &self.region.plan.region;
        let everywhere: Vec<SiteId>;
        let sites = match sites {
            [] => {
                let touched: BTreeSet<&SiteId> = self.seen.modes.iter().map(|(_, s, _)| s).collect();
                everywhere = region.sites.iter().map(|s| s.id.clone()).filter(|s| touched.contains(s)).collect();
                &everywhere[..]
            }
            some => some,
        };
        if sites.is_empty() {
            return Err("no mode was ever raised".into());
        }
        let mut moments: Vec<At> = self.seen.modes.iter().map(|(at, ..)| *at).collect();
        moments.retain(|at| *at >= e.from && *at <= e.to);
        moments.push(e.from);
        moments.sort_unstable();
        let all = |at: At| sites.iter().all(|s| self.mode_at(s, at) >= mode);
        let name = |m: ModeIx| self.region.plan.ladders.mode_at(m).map_or("?", |m| m.id.as_str()).to_owned();
        if e.by_then {
            return match moments.iter().find(|at| all(**at)) {
                Some(at) => Ok(format!("after {}", span(at.0 - e.from.0))),
                None => {
                    let stood: Vec<String> =
                        sites.iter().map(|s| format!("{s} {}", name(self.mode_at(s, e.to)))).collect();
                    Err(format!("at {} it was {}", self.time(e.to), stood.join(", ")))
                }
            };
        }
        match moments.iter().find(|at| !all(**at)) {
            None => Ok(format!("from {} to {}", self.time(e.from), self.time(e.to))),
            Some(at) => Err(format!("at {} it was lower", self.time(*at))),
        }
    }

    fn arrived(&self, f: FunctionIx, from: At, over: &[Channel]) -> Option<&Got> {
        let text = |g: &&Got| matches!(g.what, Item::Message { .. });
        let there = |g: &&Got| g.arrived.is_some_and(|at| at >= from);
        let way = |g: &&Got| over.is_empty() || over.contains(&g.channel);
        let all = self.seen.got.iter().filter(text).filter(there).filter(way);
        all.filter(|g| is_for(self.region, g, f)).min_by_key(|g| g.arrived)
    }

    fn told(&self, e: &Expectation, who: &[FunctionIx], over: &[Channel]) -> Verdict {
        let (mut missing, mut last) = (Vec::new(), e.from);
        for f in who {
            match self.arrived(*f, e.from, over).and_then(|g| g.arrived).filter(|at| *at <= e.to) {
                Some(at) => last = last.max(at),
                None => missing.push(*f),
            }
        }
        if missing.is_empty() {
            return Ok(format!("all {} after {}", who.len(), span(last.0 - e.from.0)));
        }
        let later: Vec<String> = missing
            .iter()
            .take(NAMES_MAX)
            .map(|f| match self.arrived(*f, e.from, &[]) {
                Some(g) => format!(
                    "{} after {} over {}",
                    self.region.plan.function(*f).id,
                    span(g.arrived.map_or(0, |at| at.0 - e.from.0)),
                    g.channel
                ),
                None => format!("{} never", self.region.plan.function(*f).id),
            })
            .collect();
        Err(format!("{} of {} were not told: {}", missing.len(), who.len(), later.join("; ")))
    }

    /// Nothing counts as arrived over them; and of gateways and what hangs on infrastructure nothing is even handed over.
    fn uncounted(&self, e: &Expectation, lost: &Lost) -> Verdict {
        let plan = self.region.plan;
        let down = reach::down(plan, &[], &lost.infra());
        let dead: BTreeSet<&str> = plan
            .gateways
            .iter()
            .filter(|g| lost.loss.gateways.contains(&g.id) || !down.stands(&g.needs))
            .map(|g| g.id.as_str())
            .collect();
        let within = |at: Option<At>| at.is_some_and(|at| at >= e.from && at <= e.to);
        let mut tried = 0;
        for got in &self.seen.got {
            let channel = lost.channels.contains(&got.channel);
            let gateway = dead.contains(got.gateway.as_str());
            if !channel && !gateway || !within(Some(got.planned)) {
                continue;
            }
            tried += 1;
            if within(got.arrived) || gateway && within(got.handed) {
                let who = self.names(&got.functions);
                let at = self.time(got.arrived.or(got.handed).unwrap_or(got.planned));
                return Err(format!("at {at} {} counts as having brought a text to {who}", got.gateway));
            }
        }
        Ok(format!("{tried} texts were tried that way, and none counts"))
    }

    /// Texts of a duty, of the public or of all, each with when it was there.
    fn texts(&self, e: &Expectation, wanted: &TextWanted, of: Option<FunctionIx>) -> Vec<(At, String)> {
        let plan = self.region.plan;
        let kind = |k: Kind| wanted.kinds.is_empty() || wanted.kinds.contains(&KindWord::of(k));
        let within = |at: At| at >= e.from && at <= e.to;
        let said = |s: &Said| s.texts.get(&plan.lang()).cloned().unwrap_or_default();
        match (&wanted.to, of) {
            (Whose::Internal, _) => {
                let all = self.seen.said.iter().filter(|s| s.audience == Audience::Internal && kind(s.kind));
                all.filter(|s| within(s.at)).map(|s| (s.at, said(s))).collect()
            }
            (Whose::Public, _) => {
                let shown = self.seen.page.iter().filter(|(at, ..)| within(*at)).filter_map(|(at, no, seq)| {
                    let m = self.seen.said.iter().find(|s| s.no == *no && s.seq == *seq)?;
                    kind(m.kind).then(|| (*at, said(m)))
                });
                shown.collect()
            }
            (Whose::Functions(_), Some(f)) => {
                let text =
                    |g: &&Got| matches!(g.what, Item::Message { kind: k, .. } if kind(k)) && g.lang == plan.lang();
                let there = self.seen.got.iter().filter(text).filter(|g| is_for(self.region, g, f));
                there.filter_map(|g| Some((g.arrived.filter(|at| within(*at))?, g.text.to_string()))).collect()
            }
            (Whose::Functions(_), None) => Vec::new(),
        }
    }

    fn text(&self, e: &Expectation, wanted: &TextWanted) -> Verdict {
        let whose: Vec<Option<FunctionIx>> = match &wanted.to {
            Whose::Functions(all) => all.iter().copied().map(Some).collect(),
            _ => vec![None],
        };
        let mut looked = 0;
        for of in whose {
            let who = of.map_or(String::new(), |f| format!("{}: ", self.region.plan.function(f).id));
            let texts = self.texts(e, wanted, of);
            looked += texts.len();
            let bad = texts.iter().find_map(|(at, t)| {
                let word = wanted.never.iter().find(|w| t.contains(w.as_str()))?;
                Some(format!("{who}at {} a text has \"{word}\": {}", self.time(*at), quoted(t)))
            });
            if let Some(bad) = bad {
                return Err(bad);
            }
            if wanted.has.is_empty() && wanted.always.is_empty() {
                continue;
            }
            let Some((_, last)) = texts.last() else { return Err(format!("{who}there is no such text")) };
            let lacks = |t: &str, all: &[String]| all.iter().find(|w| !t.contains(w.as_str())).cloned();
            for (at, t) in texts.iter().filter(|_| !wanted.always.is_empty()) {
                if let Some(word) = lacks(t, &wanted.always) {
                    return Err(format!("{who}at {} a text lacks \"{word}\": {}", self.time(*at), quoted(t)));
                }
            }
            if !wanted.has.is_empty() && !texts.iter().any(|(_, t)| lacks(t, &wanted.has).is_none()) {
                let word = lacks(last, &wanted.has).unwrap_or_default();
                return Err(format!(
                    "{who}none of {} texts has all of it; the last lacks \"{word}\": {}",
                    texts.len(),
                    quoted(last)
                ));
            }
        }
        Ok(format!("{looked} texts"))
    }

    fn beat(&self, e: &Expectation, at_most_s: u32) -> Verdict {
        if let Some(at) = self.seen.overdue.iter().find(|at| **at >= e.from && **at <= e.to) {
            return Err(format!("at {} an update was told to be overdue", self.time(*at)));
        }
        let internal = self.seen.said.iter().filter(|s| s.audience == Audience::Internal);
        let mut times: Vec<At> = internal.map(|s| s.at).filter(|at| *at >= e.from && *at <= e.to).collect();
        times.sort_unstable();
        let texts = times.len();
        times.insert(0, e.from);
        times.push(e.to);
        let gaps = times.windows(2).map(|w| (w[1].0 - w[0].0, w[0]));
        let (longest, since) = gaps.max_by_key(|(gap, _)| *gap).unwrap_or((0, e.from));
        if longest > i64::from(at_most_s) * 1000 {
            return Err(format!("nothing was said for {} from {}", span(longest), self.time(since)));
        }
        Ok(format!("{texts} texts, at most {} apart", span(longest)))
    }

    fn public(&self, e: &Expectation, told: bool) -> Verdict {
        let first = self.seen.page.iter().find(|(at, ..)| *at >= e.from && *at <= e.to);
        if told {
            return match first {
                Some((at, ..)) => Ok(format!("after {}", span(at.0 - e.from.0))),
                None => Err(match self.seen.page.iter().find(|(at, ..)| *at >= e.from) {
                    Some((at, ..)) => format!("the first text was there after {}", span(at.0 - e.from.0)),
                    None => "the public was never told".into(),
                }),
            };
        }
        if let Some((at, no, seq)) = first {
            return Err(format!("at {} the page shows {no}-{seq}", self.time(*at)));
        }
        match self.seen.page_says.iter().find(|(at, says)| *says && *at >= e.from && *at <= e.to) {
            Some((at, _)) => Err(format!("from {} on the page says that something is wrong", self.time(*at))),
            None => Ok("the page says nothing".into()),
        }
    }

    fn stage(&self, e: &Expectation, phase: Phase) -> Verdict {
        let mut now = self.seen.phases.iter().rev().find(|(at, ..)| *at <= e.from).map(|(.., p)| *p);
        if e.by_then {
            let later = self.seen.phases.iter().find(|(at, _, p)| *p == phase && *at >= e.from && *at <= e.to);
            now = later.map(|(.., p)| *p).or(now);
        } else if let Some((at, _, p)) =
            self.seen.phases.iter().find(|(at, _, p)| *at > e.from && *at <= e.to && *p != phase)
        {
            return Err(format!("at {} it became {p:?}", self.time(*at)).to_lowercase());
        }
        match now {
            Some(p) if p == phase => Ok(format!("from {} to {}", self.time(e.from), self.time(e.to))),
            Some(p) => Err(format!("at {} it was {p:?}", self.time(e.from)).to_lowercase()),
            None => Err("nothing was reported".into()),
        }
    }

    fn order(&self, marks: &[Mark]) -> Verdict {
        let phase = |p: Phase| self.seen.phases.iter().find(|(.., q)| *q == p).map(|(at, ..)| *at);
        let mut times = Vec::new();
        for mark in marks {
            let (at, name) = match mark {
                Mark::Restored => (phase(Phase::Restored), "restored"),
                Mark::Complete => (self.seen.complete.first().copied(), "complete"),
                Mark::Closed => (phase(Phase::Closed), "closed"),
                Mark::Happens(at) => (Some(*at), "it happens"),
            };
            let Some(at) = at else { return Err(format!("it was never {name}")) };
            times.push(at);
        }
        let told: Vec<String> = times.iter().map(|at| self.time(*at)).collect();
        match times.windows(2).all(|w| w[0] < w[1]) {
            true => Ok(told.join(", then ")),
            false => Err(format!("not one after the other: {}", told.join(", "))),
        }
    }

    fn step(&self, e: &Expectation, wanted: &StepWanted) -> Verdict {
        let own = |l: &&super::seen::StepLine| l.rule == wanted.step || l.kind.as_str() == wanted.step;
        let lines: Vec<_> = self.seen.steps.iter().filter(own).collect();
        let within = |at: At| at >= e.from && at <= e.to;
        let mut told = Vec::new();
        if let Some(count) = wanted.count {
            let opened = lines.iter().filter(|l| l.seen == StepSeen::Opened && within(l.at)).count();
            if opened < count as usize {
                return Err(format!("{opened} began"));
            }
            told.push(format!("{opened} began"));
        }
        if wanted.open {
            let opened = lines.iter().find(|l| l.seen == StepSeen::Opened && l.at <= e.from);
            let Some(opened) = opened else { return Err(format!("it had not begun at {}", self.time(e.from))) };
            let ended = lines.iter().find(|l| {
                (l.no, l.id) == (opened.no, opened.id) && matches!(l.seen, StepSeen::Ended(_)) && l.at <= e.to
            });
            if let Some(ended) = ended {
                return Err(format!("it ended at {}", self.time(ended.at)));
            }
            told.push("open all the time".into());
        }
        if let Some(late) = wanted.late {
            let most =
                lines.iter().filter(|l| within(l.at)).map(|l| if let StepSeen::Late(n) = l.seen { n } else { 0 });
            let most = most.max().unwrap_or(0);
            if most < late {
                return Err(format!("it was told {most} times that it is late"));
            }
            told.push(format!("told {most} times that it is late"));
        }
        if let Some(end) = wanted.ended {
            let ended = lines.iter().find(|l| matches!(l.seen, StepSeen::Ended(_)) && within(l.at));
            match ended.map(|l| (l.at, l.seen)) {
                Some((at, StepSeen::Ended(how))) if how == end => {
                    told.push(format!("{} after {}", word(how), span(at.0 - e.from.0)));
                }
                Some((at, StepSeen::Ended(how))) => return Err(format!("at {} it was {}", self.time(at), word(how))),
                _ => return Err("it did not end".into()),
            }
        }
        if !wanted.daily.is_empty() {
            let rounds: Vec<At> =
                lines.iter().filter_map(|l| if let StepSeen::Round(at) = l.seen { Some(at) } else { None }).collect();
            told.push(self.daily(e, &rounds, &wanted.daily)?);
        }
        Ok(told.join(", "))
    }

    /// Each whole day of the time has rounds at exactly these minutes.
    fn daily(&self, e: &Expectation, rounds: &[At], minutes: &[u16]) -> Verdict {
        let local = |at: At| self.region.plan.calendar.local(at.timestamp());
        let (mut day, last) = (local(e.from).date(), local(e.to).date());
        let mut days = 0;
        while let Ok(next) = day.tomorrow() {
            day = next;
            if day >= last {
                break;
            }
            let of_day = rounds.iter().map(|at| local(*at)).filter(|at| at.date() == day);
            let mut met: Vec<u16> = of_day.map(|at| at.hour() as u16 * 60 + at.minute() as u16).collect();
            met.sort_unstable();
            met.dedup();
            let mut want = minutes.to_vec();
            want.sort_unstable();
            if met != want {
                let times: Vec<String> = met.iter().map(|m| format!("{:02}:{:02}", m / 60, m % 60)).collect();
                return Err(format!("on {day} it met at: {}", times.join(", ")));
            }
            days += 1;
        }
        match days {
            0 => Err("no whole day lies in that time".into()),
            _ => Ok(format!("on each of {days} days")),
        }
    }

    fn asked_again(&self, e: &Expectation, mode: ModeIx) -> Verdict {
        let all: Vec<_> =
            self.seen.proposals.iter().filter(|(at, m, _)| *m == mode && *at >= e.from && *at <= e.to).collect();
        let Some(no) = all.iter().find(|(.., a)| *a == Asked::No) else { return Err("nobody declined it".into()) };
        match all.iter().find(|(at, _, a)| *a == Asked::Again && *at > no.0) {
            Some((at, ..)) => Ok(format!("declined at {}, asked again after {}", self.time(no.0), span(at.0 - no.0.0))),
            None => Err(format!("declined at {}, and not asked again", self.time(no.0))),
        }
    }

    fn corrected(&self, e: &Expectation) -> Verdict {
        let is = |g: &Got| matches!(g.what, Item::Message { kind: Kind::Correction { .. }, .. });
        let within = |at: At| at >= e.from && at <= e.to;
        let mut before: BTreeSet<FunctionIx> = BTreeSet::new();
        let mut after: BTreeSet<FunctionIx> = BTreeSet::new();
        for g in self.seen.got.iter().filter(|g| matches!(g.what, Item::Message { .. })) {
            if is(g) && within(g.planned) {
                after.extend(g.functions.iter().copied());
            } else if g.planned < e.from {
                before.extend(g.functions.iter().copied());
            }
        }
        let missing: Vec<FunctionIx> = before.difference(&after).copied().collect();
        match (before.is_empty(), missing.is_empty()) {
            (true, _) => Err("nobody had been told anything".into()),
            (false, true) => Ok(format!("attempted at all {} functions", before.len())),
            (false, false) => {
                Err(format!("{} of {} were not attempted: {}", missing.len(), before.len(), self.names(&missing)))
            }
        }
    }

    /// Texts of each whole week: the last costs no more than the dearest of the first month. By then everybody was asked whom
    /// escalation can ask, so that what still grows grows with the time that it is open.
    fn flat(&self, e: &Expectation) -> Verdict {
        let week = |n: i64| {
            let (from, to) = (e.from.0 + n * 7 * DAY_MS, e.from.0 + (n + 1) * 7 * DAY_MS);
            self.seen.got.iter().filter(|g| g.planned.0 >= from && g.planned.0 < to).count()
        };
        let weeks: Vec<usize> = (0..(e.to.0 - e.from.0) / (7 * DAY_MS)).map(week).collect();
        let told = weeks.iter().map(ToString::to_string).collect::<Vec<_>>().join(", ");
        let [month @ .., last] = weeks.as_slice() else { return Err("it lasts less than a week".into()) };
        match month.iter().take(4).max() {
            Some(most) if weeks.len() > 4 && last <= most => Ok(format!("texts a week: {told}")),
            Some(_) if weeks.len() > 4 => Err(format!("texts a week: {told}")),
            _ => Err("it lasts less than five weeks".into()),
        }
    }

    fn few(&self, e: &Expectation, to: &[FunctionIx], sms: u32) -> Verdict {
        let all: Vec<FunctionIx> = match to {
            [] => (0..).map(FunctionIx).take(self.region.plan.functions.len()).collect(),
            some => some.to_vec(),
        };
        let mut most = (0, None);
        for f in all {
            let own = self.seen.got.iter().filter(|g| g.channel == Channel::Sms && g.functions.contains(&f));
            let points: BTreeSet<_> = self.region.plan.function(f).points.iter().collect();
            let mine = own.filter(|g| points.contains(&g.point) && g.planned >= e.from && g.planned <= e.to);
            // Of one telephone: a duty may have two.
            let mut by_point = std::collections::BTreeMap::new();
            for g in mine {
                *by_point.entry(g.point).or_insert(0_u32) += 1;
            }
            let n = by_point.values().copied().max().unwrap_or(0);
            if n > most.0 {
                most = (n, Some(f));
            }
        }
        let (n, who) = most;
        let who = who.map_or("nobody", |f| self.region.plan.function(f).id.as_str());
        match n <= sms {
            true => Ok(format!("at most {n} SMS to one telephone ({who})")),
            false => Err(format!("{who} got {n} SMS on one telephone")),
        }
    }
}

fn word(end: StepEnd) -> &'static str {
    match end {
        StepEnd::Done => "done",
        StepEnd::Stopped => "stopped",
        StepEnd::Over => "over",
        StepEnd::Closed => "closed with its incident",
    }
}

fn quoted(text: &str) -> String {
    let short: String = text.chars().take(QUOTED_CHARS_MAX).collect();
    if short.len() < text.len() { format!("“{short}…”") } else { format!("“{short}”") }
}
