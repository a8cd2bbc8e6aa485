//! What stands around each page, and how times, names and states are said.

use std::borrow::Cow;
use std::sync::Arc;

use super::{SCRIPT_PATH, STYLE_PATH, words};
use crate::accounts::WhoId;
use crate::dispatch::board::Alarm;
use crate::dispatch::engine::Meta;
use crate::dispatch::journal_view::journal_view;
use crate::domain::ids::{FunctionId, SiteId};
use crate::domain::incident::state::State;
use crate::domain::incident::values::Phase;
use crate::domain::lang::{L10n, Lang};
use crate::domain::plan::{Audience, Channel, Plan};
use crate::domain::step::StepKind;
use crate::domain::time::At;
use crate::domain::view::{MessageView, ReleasedView, RungView};
use crate::words::causes::cause;
use crate::words::{Section, Word, console as w, desk as d};

/// What every page of the console knows.
pub struct Ui {
    pub lang: Lang,
    pub plan: Arc<Plan>,
    pub now: At,
    pub fictional: bool,
    pub training: bool,
    pub on_record: bool,
    /// What of the journal must be looked after at once.
    pub journal_alarms: Vec<L10n>,
    pub me: Option<FunctionId>,
    pub csrf: String,
    pub path: String,
    /// What stands after the path in the address, without `?`.
    pub query: String,
    /// What waits for the acting duty: one for each card of *You must now*.
    pub todo: usize,
    /// Texts that wait for the acting duty's yes.
    pub waiting: usize,
    /// The page has no form: it is loaded anew after so many seconds.
    pub refresh_s: Option<u32>,
    /// What was just done.
    pub done: Option<String>,
    /// Parts of the program that are not well: they stand on every page.
    pub alarms: Vec<Alarm>,
    /// Who came in; and when this device ends, where that is near.
    pub came_in: Option<(WhoId, Option<At>)>,
}

impl Ui {
    pub fn new(
        state: &State,
        meta: &Meta,
        lang: Lang,
        me: Option<&FunctionId>,
        csrf: String,
        path: String,
        waiting: usize,
    ) -> Self {
        Self {
            lang,
            plan: state.plan.clone(),
            now: meta.now,
            fictional: meta.fictional,
            training: meta.board.is_training(),
            on_record: meta.on_record,
            journal_alarms: journal_view(meta).alarms,
            me: me.cloned(),
            csrf,
            path,
            query: String::new(),
            todo: 0,
            waiting,
            refresh_s: None,
            done: None,
            alarms: meta.board.alarms(),
            came_in: None,
        }
    }
    /// Who came in, as it is called.
    pub fn who(&self) -> String {
        match &self.came_in {
            Some((WhoId::Account(id), _)) => id.clone(),
            Some((WhoId::Device(id), _)) => format!("{} {id}", self.t(w::DUTY_DEVICE)),
            _ => self.t(w::SERVER_S_TOKEN).to_owned(),
        }
    }
    /// When this device ends, where that is near.
    pub fn device_ends(&self) -> Option<At> {
        self.came_in.as_ref().and_then(|(_, ends)| *ends)
    }
    pub fn style(&self) -> &'static str {
        STYLE_PATH.as_str()
    }
    pub fn script(&self) -> &'static str {
        SCRIPT_PATH.as_str()
    }
    /// Without script this page is loaded anew after so many seconds, unless its reader asked it to stand still.
    pub fn refreshes(&self) -> Option<u32> {
        self.refresh_s.filter(|_| !self.query.split('&').any(|p| p == "still=1"))
    }
    /// This page, standing still.
    pub fn stand_still(&self) -> String {
        self.with_query("still", "1")
    }
    /// This page in another language.
    pub fn in_language(&self, lang: &Lang) -> String {
        self.with_query("lang", lang.as_str())
    }
    /// This page's address with one value more in its query, in the place of an earlier one of that name.
    fn with_query(&self, name: &str, value: &str) -> String {
        let named = |p: &&str| !p.is_empty() && p.split('=').next() != Some(name) && !p.starts_with("done=");
        let mut pairs: Vec<String> = self.query.split('&').filter(named).map(str::to_owned).collect();
        pairs.push(format!("{name}={value}"));
        format!("?{}", pairs.join("&"))
    }
    /// This page's address within the query of another one.
    pub fn here(&self) -> String {
        let there = if self.query.is_empty() { self.path.clone() } else { format!("{}?{}", self.path, self.query) };
        super::escaped(&there)
    }
    /// `(2) `, before the title.
    pub fn badge(&self) -> String {
        let training = if self.training { format!("{} ", self.t(crate::words::training::TAB)) } else { String::new() };
        if self.todo > 0 { format!("{training}({}) ", self.todo) } else { training }
    }
    /// What the grey band says when the server is not heard; the script puts the time in for `{}`.
    pub fn cut_off(&self) -> String {
        d::cut_off(self.lang, "{}")
    }
    /// What is said of answers that came while a page stood open; the script puts the number in for `{}`.
    pub fn new_answers(&self) -> String {
        d::new_answers(self.lang, "{}")
    }
    /// Below *More*.
    pub fn is_of_more(&self) -> bool {
        ["/more", "/earlier", "/system", "/mode", "/approve", "/account", "/directory", "/drills", "/plan", "/training"]
            .iter()
            .any(|p| self.path.starts_with(p))
    }
    /// What of the system is not well, the worst first.
    pub fn troubles(&self) -> Vec<String> {
        let unrecorded = (!self.on_record).then(|| self.t(w::NOT_ON_RECORD_NOTHING).to_owned());
        let journal = self.journal_alarms.iter().map(|a| self.l(a).to_owned());
        let parts =
            self.alarms.iter().map(|a| format!("{} ({} {})", self.l(&a.what), self.t(w::SINCE), self.time(&a.since)));
        unrecorded.into_iter().chain(journal).chain(parts).collect()
    }
    /// The acting duty in few characters.
    pub fn me_short(&self) -> String {
        let Some(me) = &self.me else { return String::new() };
        self.short(me)
    }
    /// A duty in few characters, where many are listed.
    pub fn short(&self, id: &FunctionId) -> String {
        let Some(f) = self.plan.function_ix(id.as_str()) else { return id.to_string() };
        let short = self.l(&self.plan.function(f).short);
        if short.is_empty() { self.name(id) } else { short.to_owned() }
    }
    /// In the visitor's language.
    pub fn t(&self, word: Word) -> &'static str {
        word.say(self.lang)
    }
    /// Why a text did not come further, or how a gateway is.
    pub fn cause<'l>(&self, line: &'l str) -> Cow<'l, str> {
        cause(self.lang, line)
    }
    /// What a language calls itself.
    pub fn own_name(&self, lang: &Lang) -> &'static str {
        crate::words::language::OWN.say(*lang)
    }
    /// The languages that the console speaks besides this one.
    pub fn other_languages(&self) -> impl Iterator<Item = Lang> {
        Section::Console.languages().filter(|lang| *lang != self.lang)
    }
    pub fn l<'a>(&self, text: &'a L10n) -> &'a str {
        text.get(self.lang)
    }
    pub fn region(&self) -> &str {
        &self.plan.region.name
    }
    /// `03.24`, with the day before it when it is another one.
    pub fn time(&self, at: &At) -> String {
        self.plan.words(self.lang).time(&self.plan.calendar, at.timestamp(), self.now.timestamp())
    }
    /// `8 min kvar`, `3 min för sent`.
    pub fn left(&self, at: &At) -> String {
        let late = self.now > *at;
        let seconds = if late { self.now.seconds_since(*at) } else { at.seconds_since(self.now) };
        let long = words::span(seconds);
        if late { format!("{long} {}", self.t(w::TIME_LATE)) } else { format!("{long} {}", self.t(w::LEFT)) }
    }
    pub fn late(&self, at: &At) -> bool {
        self.now > *at
    }
    /// `12 s`, `3 min`.
    pub fn span(&self, seconds: &u64) -> String {
        words::span(u32::try_from(*seconds).unwrap_or(u32::MAX))
    }
    /// What a duty is called.
    pub fn name(&self, id: &FunctionId) -> String {
        match self.plan.function_ix(id.as_str()) {
            Some(f) => self.l(&self.plan.function(f).title).to_owned(),
            None => id.to_string(),
        }
    }
    pub fn names(&self, ids: &[FunctionId]) -> String {
        ids.iter().map(|i| self.name(i)).collect::<Vec<_>>().join(", ")
    }
    pub fn me_name(&self) -> String {
        self.me.as_ref().map_or_else(String::new, |m| self.name(m))
    }
    pub fn sites(&self, sites: &[SiteId]) -> String {
        sites.iter().map(ToString::to_string).collect::<Vec<_>>().join(", ")
    }
    pub fn channel(&self, c: &Channel) -> &'static str {
        words::channel(self.lang, *c)
    }
    pub fn channels(&self, all: &[Channel]) -> String {
        all.iter().map(|c| self.channel(c)).collect::<Vec<_>>().join(", ")
    }
    pub fn audience(&self, a: &Audience) -> &'static str {
        words::audience(self.lang, *a)
    }
    pub fn phase(&self, p: &Phase) -> &'static str {
        words::phase(self.lang, *p)
    }
    pub fn kind(&self, m: &MessageView) -> String {
        words::kind(self.lang, &m.kind, m.of)
    }
    pub fn released(&self, by: &ReleasedView) -> String {
        match by {
            ReleasedView::Playbook => self.t(w::AT_ONCE_BY_PLAYBOOK).into(),
            ReleasedView::Approval(f) => format!("{} {}", self.t(w::APPROVED_BY), self.name(f)),
            ReleasedView::Deadline => self.t(w::TIME_FOR_APPROVAL_RAN).into(),
            ReleasedView::BreakGlass(f) => {
                format!("{} {}", self.t(w::WITHOUT_APPROVAL_BY), self.name(f))
            }
        }
    }
    pub fn step_kind(&self, kind: &StepKind) -> &'static str {
        words::step_kind(self.lang, *kind)
    }
    /// All of them, with what a form sends.
    pub fn step_kinds(&self) -> Vec<(&'static str, &'static str)> {
        StepKind::ALL.iter().map(|k| (k.as_str(), words::step_kind(self.lang, *k))).collect()
    }
    /// A sign besides the word and the colour, for people who don't see colours.
    pub fn sign(&self, mode: &RungView) -> &'static str {
        ["○", "▲", "◆", "■"][usize::from(mode.rung.min(3))]
    }
    pub fn rung(&self, mode: &RungView) -> u8 {
        mode.rung.min(3)
    }
    /// A number within a path.
    pub fn seg(&self, number: &impl ToString) -> String {
        super::escaped(&number.to_string())
    }
    pub fn lang_name(&self, lang: &Lang) -> &'static str {
        self.t(match lang.as_str() {
            "sv" => w::LANGUAGE_SV,
            "en" => w::LANGUAGE_EN,
            "da" => w::LANGUAGE_DA,
            "no" | "nb" | "nn" => w::LANGUAGE_NO,
            "fi" => w::LANGUAGE_FI,
            _ => w::LANGUAGE_OTHER,
        })
    }
}
