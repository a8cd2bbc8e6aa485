//! A replay as a page: history beside ours, what holds, the timeline of both, what each duty got, what was said. One file, no script: it is
//! carried about and printed.

use askama::Template;

use super::outcome::{Beside, Held, Outcome, Shown, Spoken, Told, ToldTo};
use crate::domain::lang::{L10n, Lang};
use crate::domain::plan::{Channel, Plan};
use crate::domain::time::At;
use crate::words::{Word, cli as words};

/// How it looks: no server stands behind it.
const STYLE: &str = include_str!("../../assets/console/replay.css");
/// So many texts stand on the page, the first ones; JSON has all.
const TEXTS_SHOWN_MAX: usize = 80;
/// So many lines of the timeline stand on the page.
const LINES_SHOWN_MAX: usize = 300;

/// The picture of minutes, in its own units: narrow, so that its words can be read on a phone. Each label stands above its line.
const WIDE: f64 = 420.0;
const LEFT: f64 = 12.0;
const ROW: f64 = 62.0;

#[derive(Template)]
#[template(path = "replay.html")]
struct Page<'o> {
    outcome: &'o Outcome,
    plan: &'o Plan,
    lang: Lang,
}

/// The page.
///
/// # Errors
/// It could not be made.
pub fn page(outcome: &Outcome, plan: &Plan, lang: Lang) -> Result<String, askama::Error> {
    Page { outcome, plan, lang }.render()
}

/// What a question is called.
pub(crate) fn question(lang: Lang, key: &str) -> &'static str {
    match key {
        "first_key_function" => words::REPLAY_FIRST_FUNCTION,
        "owners" => words::REPLAY_OWNERS,
        "wards" => words::REPLAY_WARDS,
        "public" => words::REPLAY_PUBLIC,
        "mode" => words::REPLAY_MODE,
        _ => words::REPLAY_RESTORED,
    }
    .say(lang)
}

/// What history answers, in words.
pub(crate) fn in_history(lang: Lang, b: &Beside) -> String {
    let Some(h) = &b.history else { return words::REPLAY_UNKNOWN.say(lang).to_owned() };
    let minutes = |m: f64| words::replay_minutes(lang, format!("{m:.0}"));
    let when = match (h.earliest_min, h.latest_min) {
        _ if h.never => words::REPLAY_NEVER.say(lang).to_owned(),
        (Some(a), Some(b)) if a < b => words::replay_between(lang, format!("{a:.0}"), format!("{b:.0}")),
        (Some(a), _) | (None, Some(a)) => minutes(a),
        (None, None) => String::new(),
    };
    let say = h.say.get(lang);
    match (when.is_empty(), say.is_empty()) {
        (true, _) => say.to_owned(),
        (false, true) => when,
        (false, false) => format!("{when} ({say})"),
    }
}

/// What a channel is called.
pub(crate) fn over(lang: Lang, c: Channel) -> &'static str {
    match c {
        Channel::Sms => words::REPLAY_SMS,
        Channel::Email => words::REPLAY_MAIL,
        Channel::Fax => words::REPLAY_FAX,
        Channel::Paging => words::REPLAY_PAGES,
        Channel::Web => words::REPLAY_WEB,
        Channel::Manual => words::REPLAY_MANUAL,
    }
    .say(lang)
}

/// How it was told, although what was down.
pub(crate) fn way(lang: Lang, b: &Beside) -> String {
    let all: Vec<&str> = b.ours.over.iter().map(|c| over(lang, *c)).collect();
    let way = all.join(", ");
    match b.ours.down.is_empty() || way.is_empty() {
        true => way,
        false => words::replay_although(lang, way, b.ours.down.join(", ")),
    }
}

/// When, in ours.
pub(crate) fn in_ours(lang: Lang, b: &Beside) -> String {
    match b.ours.minutes {
        Some(m) => words::replay_minutes(lang, format!("{m:.1}")),
        None => words::REPLAY_NOT.say(lang).to_owned(),
    }
}

/// A line of the picture.
struct Bar<'o> {
    label: &'static str,
    y: f64,
    /// From the earliest to the latest of history.
    history: Option<(f64, f64)>,
    ours: Option<f64>,
    of: &'o Beside,
}

impl Page<'_> {
    fn t(&self, word: Word) -> &'static str {
        word.say(self.lang)
    }
    fn said<'l>(&self, l: &'l L10n) -> &'l str {
        l.get(self.lang)
    }
    fn question(&self, b: &Beside) -> &'static str {
        question(self.lang, b.question)
    }
    fn history(&self, b: &Beside) -> String {
        in_history(self.lang, b)
    }
    fn ours(&self, b: &Beside) -> String {
        in_ours(self.lang, b)
    }
    fn way(&self, b: &Beside) -> String {
        way(self.lang, b)
    }
    fn src<'b>(&self, b: &'b Beside) -> &'b str {
        b.history.as_ref().map_or("", |h: &Told| h.src.as_str())
    }
    fn sources(&self) -> String {
        let all = self.outcome.sources.iter().map(|(k, v)| format!("{k}: {v}"));
        all.collect::<Vec<_>>().join("; ")
    }
    fn local(&self, at: At, form: &str) -> String {
        self.plan.calendar.local(at.timestamp()).strftime(form).to_string()
    }
    fn day(&self, at: At) -> String {
        self.local(at, "%Y-%m-%d")
    }
    fn clock(&self, at: At) -> String {
        self.local(at, if self.lang == Lang::SV { "%H.%M" } else { "%H:%M" })
    }
    fn moment(&self, at: At) -> String {
        format!("{} {}", self.day(at), self.clock(at))
    }
    /// The timeline by days.
    fn days(&self) -> Vec<(String, Vec<&Shown>)> {
        let mut days: Vec<(String, Vec<&Shown>)> = Vec::new();
        for line in self.outcome.timeline.iter().take(LINES_SHOWN_MAX) {
            let day = self.day(line.at);
            match days.last_mut() {
                Some((d, lines)) if *d == day => lines.push(line),
                _ => days.push((day, vec![line])),
            }
        }
        days
    }
    fn more_lines(&self) -> usize {
        self.outcome.timeline.len().saturating_sub(LINES_SHOWN_MAX)
    }
    /// What kind of line it is, in a word.
    fn of(&self, line: &Shown) -> &'static str {
        match (line.of, line.kind) {
            (_, Some("judgement")) => self.t(words::REPLAY_JUDGEMENT),
            (_, Some(_)) => self.t(words::REPLAY_INFERENCE),
            ("page", _) => self.t(words::REPLAY_ON_PAGE),
            ("said", _) => self.t(words::REPLAY_SAID),
            ("mode", _) => self.t(words::REPLAY_MODE_NOW),
            ("decided", _) => self.t(words::REPLAY_DECIDED),
            ("declined", _) => self.t(words::REPLAY_DECLINED),
            _ => "",
        }
    }
    /// Duties that got something, those with most first.
    fn told(&self) -> Vec<&ToldTo> {
        let got = |t: &&ToldTo| t.sms + t.notes + t.paging + t.fax + t.email > 0;
        let mut all: Vec<&ToldTo> = self.outcome.told.iter().filter(got).collect();
        all.sort_by_key(|t| std::cmp::Reverse(t.sms + t.notes));
        all
    }
    fn first(&self, t: &ToldTo) -> String {
        t.first_min.map_or_else(|| "–".to_owned(), |m| format!("{m:.1}"))
    }
    fn texts(&self) -> Vec<&Spoken> {
        self.outcome.texts.iter().take(TEXTS_SHOWN_MAX).collect()
    }
    fn more_texts(&self) -> usize {
        self.outcome.texts.len().saturating_sub(TEXTS_SHOWN_MAX)
    }
    fn state(&self, e: &Held) -> &'static str {
        self.t(if e.held { words::REPLAY_HOLDS } else { words::REPLAY_FAILS })
    }

    /// The most minutes that anybody took.
    fn most(&self) -> f64 {
        let history = |b: &Beside| b.history.as_ref().and_then(|h| h.latest_min.or(h.earliest_min));
        let all = self.outcome.beside.iter().flat_map(|b| [history(b), b.ours.minutes]);
        all.flatten().fold(10.0, f64::max)
    }
    /// Where so many minutes lie: each tenfold is as far as the one before.
    fn x(&self, minutes: f64) -> f64 {
        LEFT + (1.0 + minutes.max(0.0)).ln() / (1.0 + self.most()).ln() * (WIDE - LEFT - 20.0)
    }
    fn bars(&self) -> Vec<Bar<'_>> {
        let bar = |(i, b)| {
            let b: &Beside = b;
            let from = b.history.as_ref().and_then(|h| h.earliest_min.or(h.latest_min));
            let to = b.history.as_ref().and_then(|h| h.latest_min.or(h.earliest_min));
            let y = 20.0 + f64::from(u32::try_from(i).unwrap_or(0)) * ROW;
            let history = from.zip(to).map(|(a, b)| (self.x(a), self.x(b)));
            Bar { label: self.question(b), y, history, ours: b.ours.minutes.map(|m| self.x(m)), of: b }
        };
        self.outcome.beside.iter().enumerate().map(bar).collect()
    }
    fn height(&self) -> f64 {
        20.0 + self.outcome.beside.len() as f64 * ROW
    }
    /// Lines of the scale: minutes and where.
    fn scale(&self) -> Vec<(u32, f64)> {
        let most = self.most();
        [0, 1, 10, 60, 600, 6_000, 60_000]
            .into_iter()
            .filter(|m| f64::from(*m) <= most)
            .map(|m| (m, self.x(f64::from(m))))
            .collect()
    }
}
