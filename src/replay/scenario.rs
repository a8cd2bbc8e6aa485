//! A scenario with its names looked up: what stands in the file means something in this plan, times are in order, and each thing that
//! happens or is expected is exactly one. Every mistake is said, with its line.

use std::collections::{BTreeMap, BTreeSet};

use super::Region;
use super::book::Book;
use super::expect::Expectation;
use super::form::{self, FactKind, Form};
use super::people::{Person, Verdict};
use crate::domain::ids::{FunctionId, FunctionIx, InfraId, SiteId};
use crate::domain::incident::input::{News, Report, StepStart};
use crate::domain::lang::L10n;
use crate::domain::plan::Channel;
use crate::domain::reach::left::Loss;
use crate::domain::time::At as Moment;
use crate::yaml::diagnostics::Sources;
use crate::yaml::{Diagnostic, Found, Place, parse, read as typed};

/// The most moments that one `every` makes.
pub const REPEATS_MAX: usize = 5_000;
/// The longest replay, in days.
pub const DAYS_MAX: i64 = 400;

/// A scenario, ready to be replayed.
#[derive(Clone, Debug)]
pub struct Scenario {
    pub id: String,
    pub title: L10n,
    pub about: L10n,
    /// Short name and title of each source.
    pub sources: Vec<(String, String)>,
    /// Minutes are counted from here.
    pub from: Moment,
    pub until: Moment,
    /// The beginning is invented.
    pub assumed: bool,
    pub owners: Vec<FunctionIx>,
    pub wards: Vec<FunctionIx>,
    pub history: BTreeMap<Question, Known>,
    /// Functions that stand for those who were told in history.
    pub told: Vec<HistoryTold>,
    pub facts: Vec<Fact>,
    pub unknown: Vec<L10n>,
    /// By function.
    pub people: Vec<Person>,
    pub happens: Vec<Happening>,
    pub expect: Vec<Expectation>,
    /// The file, so that what does not hold can show its line.
    pub files: Sources,
    /// Where the scenario begins in its file.
    pub place: Place,
}

/// What is compared with history.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub enum Question {
    FirstKeyFunction,
    Owners,
    Wards,
    Public,
    Mode,
    Restored,
}

impl Question {
    /// All of them, in the order in which they are shown.
    pub const ALL: [Question; 6] = [
        Question::FirstKeyFunction,
        Question::Owners,
        Question::Wards,
        Question::Public,
        Question::Mode,
        Question::Restored,
    ];
    /// As in the file.
    pub fn key(self) -> &'static str {
        match self {
            Question::FirstKeyFunction => "first_key_function",
            Question::Owners => "owners",
            Question::Wards => "wards",
            Question::Public => "public",
            Question::Mode => "mode",
            Question::Restored => "restored",
        }
    }
}

/// What history tells of a question.
#[derive(Clone, Debug)]
pub struct Known {
    /// Seconds after the beginning, at the earliest.
    pub earliest_s: Option<u32>,
    pub latest_s: Option<u32>,
    pub never: bool,
    pub say: L10n,
    pub src: String,
    pub place: Place,
}

/// Who was told in history, and when at the earliest.
#[derive(Clone, Debug)]
pub struct HistoryTold {
    pub who: Vec<FunctionIx>,
    pub at: Moment,
    pub place: Place,
}

/// A fact with its source.
#[derive(Clone, Debug)]
pub struct Fact {
    /// The beginning of the day where no clock time is known.
    pub at: Moment,
    /// Only the day is known.
    pub day_only: bool,
    pub what: L10n,
    pub src: String,
    pub kind: FactKind,
}

/// Something that happens, at one moment or again and again.
#[derive(Clone, Debug)]
pub struct Happening {
    pub id: Option<String>,
    pub at: Vec<Moment>,
    pub place: Place,
    pub assumed: bool,
    pub say: L10n,
    pub by: Option<FunctionId>,
    pub what: What,
}

/// What happens.
#[derive(Clone, Debug)]
pub enum What {
    Lost(Lost),
    Regained(Lost),
    Report { report: Box<Report>, next_s: Option<u32> },
    Update(Box<NewsOf>),
    Correct(Box<NewsOf>),
    Restored(Box<NewsOf>),
    Relapse(Box<NewsOf>),
    DataComplete,
    AllClear,
    Merge,
    Stop(String),
    Mode { site: SiteId, mode: String, reason: String },
    Decide { yes: bool, reason: String },
    Start { start: Box<StepStart>, in_s: Option<u32> },
    Done { step: String, reference: String },
    FallbackFailed,
}

/// News, with what is counted from the moment at which they come.
#[derive(Clone, Debug, Default)]
pub struct NewsOf {
    pub news: News,
    pub next_s: Option<u32>,
}

/// What is lost: parts of the net, and channels that nobody can read.
#[derive(Clone, Debug, Default)]
pub struct Lost {
    pub loss: Loss,
    pub channels: BTreeSet<Channel>,
    /// As it was written.
    pub names: Vec<String>,
}

/// Reads a scenario.
pub fn read(path: &str, text: &str, region: Region<'_>) -> Result<Scenario, Vec<Diagnostic>> {
    let mut files = Sources::default();
    let file = files.add(path, text);
    let mut found = Found::new(files.clone());
    let form: Option<Form> = parse(file, text, &mut found).and_then(|root| typed(&root, &mut found).0);
    let Some(form) = form.filter(|_| !found.has_errors()) else { return Err(found.into_sorted()) };
    let scenario = {
        let mut book = Book { plan: region.plan, found: &mut found };
        of_form(&form, files, &mut book)
    };
    match scenario {
        Some(scenario) if !found.has_errors() => Ok(scenario),
        _ => Err(found.into_sorted()),
    }
}

fn of_form(form: &Form, files: Sources, book: &mut Book<'_, '_>) -> Option<Scenario> {
    let (from, until) = (book.time(&form.from)?, book.time(&form.until)?);
    if until <= from {
        book.found.error(form.until.place, "time-order", "the end is not after the beginning");
        return None;
    }
    if until.0 - from.0 > DAYS_MAX * 86_400_000 {
        let message = format!("this lasts more than {DAYS_MAX} days (DAYS_MAX)");
        book.found.error(form.until.place, "too-long", message).help("replay a part of it");
        return None;
    }
    let fine = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '-';
    if form.scenario.is_empty() || !form.scenario.chars().all(fine) {
        book.found.error(form.scenario.place, "name", "a name has small letters, digits and hyphens");
    }
    let sources: Vec<(String, String)> = form.sources.iter().map(|(k, v)| (k.value.clone(), v.value.clone())).collect();
    let happens = happenings(form, from, until, book);
    let ids: BTreeMap<String, Vec<Moment>> =
        happens.iter().filter_map(|h| Some((h.id.clone()?, h.at.clone()))).collect();
    let expect = form.expect.iter().filter_map(|e| super::expect::of(e, from, until, &ids, book)).collect();
    Some(Scenario {
        id: form.scenario.value.clone(),
        title: book.said(&form.title),
        about: form.about.as_ref().map(|a| book.said(a)).unwrap_or_default(),
        from,
        until,
        assumed: form.assumed,
        owners: book.functions(&form.measure.owners),
        wards: book.functions(&form.measure.wards),
        history: history(form, &sources, book),
        told: told(form, &sources, book),
        facts: facts(form, &sources, book),
        unknown: form.unknown.iter().map(|u| book.said(u)).collect(),
        people: people(form, book),
        happens,
        expect,
        sources,
        files,
        place: form.scenario.place,
    })
}

fn known_source(src: &crate::yaml::Name, sources: &[(String, String)], book: &mut Book<'_, '_>) -> String {
    if !sources.iter().any(|(k, _)| *k == src.value) {
        let message = format!("no source is called \"{}\"", src.value);
        let told = book.found.error(src.place, "unknown-source", message);
        told.nearest(src, sources.iter().map(|(k, _)| k.as_str()));
    }
    src.value.clone()
}

fn history(form: &Form, sources: &[(String, String)], book: &mut Book<'_, '_>) -> BTreeMap<Question, Known> {
    let h = &form.history;
    let all = [
        (Question::FirstKeyFunction, &h.first_key_function),
        (Question::Owners, &h.owners),
        (Question::Wards, &h.wards),
        (Question::Public, &h.public),
        (Question::Mode, &h.mode),
        (Question::Restored, &h.restored),
    ];
    let mut known = BTreeMap::new();
    for (question, entry) in all {
        let Some(entry) = entry else { continue };
        let (earliest_s, latest_s) = (entry.earliest.map(|l| l.0), entry.latest.map(|l| l.0));
        if earliest_s > latest_s && latest_s.is_some() {
            book.found.error(entry.place, "time-order", "the earliest time is after the latest");
        }
        let say = entry.say.as_ref().map(|s| book.said(s)).unwrap_or_default();
        let src = known_source(&entry.src, sources, book);
        known.insert(question, Known { earliest_s, latest_s, never: entry.never, say, src, place: entry.place });
    }
    known
}

fn told(form: &Form, sources: &[(String, String)], book: &mut Book<'_, '_>) -> Vec<HistoryTold> {
    let mut all = Vec::new();
    for entry in form.history.told.iter() {
        known_source(&entry.src, sources, book);
        let who = book.functions(&entry.who);
        if let Some(at) = book.time(&entry.at) {
            all.push(HistoryTold { who, at, place: entry.place });
        }
    }
    all
}

fn facts(form: &Form, sources: &[(String, String)], book: &mut Book<'_, '_>) -> Vec<Fact> {
    let mut all = Vec::new();
    for fact in form.facts.iter() {
        let src = known_source(&fact.src, sources, book);
        let day_only = fact.at.len() == "2009-01-05".len();
        if let Some(at) = book.time_or_day(&fact.at) {
            let what = book.said(&fact.what);
            all.push(Fact { at, day_only, what, src, kind: fact.kind });
        }
    }
    all
}

fn people(form: &Form, book: &mut Book<'_, '_>) -> Vec<Person> {
    let mut all = Person::default();
    let mut named: Vec<(FunctionIx, usize)> = Vec::new();
    for (i, (name, entry)) in form.people.iter().enumerate() {
        if name.value == "all" {
            all = person(entry, &all, book);
        } else if let Some(f) = book.function(name) {
            named.push((f, i));
        }
    }
    let mut people = vec![all.clone(); book.plan.functions.len()];
    for (f, i) in named {
        people[f.ix()] = person(&form.people[i].1, &all, book);
    }
    people
}

fn person(entry: &crate::yaml::At<form::PersonEntry>, all: &Person, book: &mut Book<'_, '_>) -> Person {
    let mut p = all.clone();
    if let Some(name) = &entry.answers {
        p.answers_s = book.span_or_never(name);
    }
    if let Some(jitter) = entry.jitter {
        p.jitter_s = jitter.0;
    }
    for (percent, into) in [(entry.nonsense, &mut p.nonsense), (entry.attends, &mut p.attends)] {
        if let Some(percent) = percent {
            if percent > 100 {
                book.found.error(entry.place, "percent", format!("{percent} is more than 100 of a hundred"));
            }
            *into = percent.min(100);
        }
    }
    if let Some(reason) = &entry.reason {
        p.reason.clone_from(&reason.value);
    }
    if let Some(name) = &entry.approves {
        p.approves = if name.value == "no" { Verdict::No } else { Verdict::of(book.span_or_never(name)) };
    }
    if let Some(name) = &entry.decides {
        p.decides = match name.value.as_str() {
            "yes" => Verdict::Yes(p.answers_s.unwrap_or(300)),
            "no" => Verdict::No,
            "never" => Verdict::Never,
            other => {
                let told = book.found.error(name.place, "unknown-word", format!("\"{other}\" is no decision"));
                told.help("write yes, no or never");
                Verdict::Never
            }
        };
    }
    if let Some(name) = &entry.does {
        p.does_s = book.span_or_never(name);
    }
    if let Some(name) = &entry.arrives {
        p.arrives_s = book.span_or_never(name);
    }
    if let Some(stops) = entry.stops {
        p.stops_s = Some(stops.0);
    }
    p
}

fn happenings(form: &Form, from: Moment, until: Moment, book: &mut Book<'_, '_>) -> Vec<Happening> {
    let mut all: Vec<Happening> = Vec::new();
    let mut ids: BTreeSet<String> = BTreeSet::new();
    let mut last: Option<(Moment, u32)> = None;
    for entry in form.happens.iter() {
        let Some(at) = book.time(&entry.at) else { continue };
        if let Some((before, line)) = last.filter(|(before, _)| at < *before) {
            let when = book.written(before);
            let message = format!("this comes before what stands above it (line {line}: {when})");
            book.found.error(entry.at.place, "time-order", message).help("write what happens in the order of time");
        } else if at < from || at > until {
            let message = "this lies outside of the replay, which goes from `from` to `until`";
            book.found.error(entry.at.place, "time-order", message);
        }
        last = Some((at, entry.at.place.line));
        if let Some(id) = &entry.id
            && !ids.insert(id.value.clone())
        {
            book.found.error(id.place, "duplicate-name", format!("\"{}\" stands here twice", id.value));
        }
        let times = repeated(entry, at, until, book);
        let by = entry.by.as_ref().and_then(|by| book.function(by)).map(|f| book.plan.function(f).id.clone());
        let Some(what) = what_of(entry, book) else { continue };
        let acts = !matches!(what, What::Lost(_) | What::Regained(_));
        if acts && entry.by.is_none() {
            book.found.missing_key(entry.place, "by");
        }
        all.push(Happening {
            id: entry.id.as_ref().map(|id| id.value.clone()),
            at: times,
            place: entry.place,
            assumed: entry.assumed,
            say: entry.say.as_ref().map(|s| book.said(s)).unwrap_or_default(),
            by,
            what,
        });
    }
    all
}

fn repeated(entry: &form::HappeningEntry, at: Moment, until: Moment, book: &mut Book<'_, '_>) -> Vec<Moment> {
    let (Some(every), Some(end)) = (entry.every, &entry.until) else {
        if let Some(place) = entry.every.map(|e| e.place).or(entry.until.as_ref().map(|u| u.place)) {
            book.found.error(place, "missing-key", "\"every\" and \"until\" stand together");
        }
        return vec![at];
    };
    let Some(end) = book.time(end) else { return vec![at] };
    let mut times = Vec::new();
    let mut next = at;
    while next <= end.min(until) {
        times.push(next);
        if times.len() > REPEATS_MAX {
            let message = format!("this happens more than {REPEATS_MAX} times (REPEATS_MAX)");
            book.found.error(every.place, "too-often", message);
            break;
        }
        next = next + every.value.0.max(1);
    }
    times
}

/// The one thing that an entry says.
fn what_of(entry: &crate::yaml::At<form::HappeningEntry>, book: &mut Book<'_, '_>) -> Option<What> {
    let mut all: Vec<What> = Vec::new();
    if !entry.lost.is_empty() {
        all.push(What::Lost(book.lost(&entry.lost)));
    }
    if !entry.regained.is_empty() {
        all.push(What::Regained(book.lost(&entry.regained)));
    }
    if let Some(report) = &entry.report {
        let next_s = report.next.map(|s| s.0);
        all.push(What::Report { report: Box::new(book.report(report)?), next_s });
    }
    let news = [
        (&entry.update, What::Update as fn(Box<NewsOf>) -> What),
        (&entry.correct, What::Correct),
        (&entry.restored, What::Restored),
        (&entry.relapse, What::Relapse),
    ];
    for (given, kind) in news {
        if let Some(given) = given {
            all.push(kind(Box::new(book.news(given))));
        }
    }
    if entry.data_complete {
        all.push(What::DataComplete);
    }
    if entry.all_clear {
        all.push(What::AllClear);
    }
    if entry.merge {
        all.push(What::Merge);
    }
    if let Some(reason) = &entry.stop {
        all.push(What::Stop(reason.value.clone()));
    }
    if let Some(mode) = &entry.mode {
        let site = book.sites(std::slice::from_ref(&mode.site)).into_iter().next();
        book.mode(&mode.mode);
        let (mode, reason) = (mode.mode.value.clone(), mode.reason.value.clone());
        all.extend(site.map(|site| What::Mode { site, mode, reason }));
    }
    if let Some(decide) = &entry.decide {
        let yes = decide.value == "yes";
        let reason = if yes { String::new() } else { decide.value.clone() };
        all.push(What::Decide { yes, reason });
    }
    if let Some(start) = &entry.start {
        all.push(What::Start { start: Box::new(book.start(start)), in_s: start.within.map(|s| s.0) });
    }
    if let Some(done) = &entry.done {
        book.step(&done.step);
        let reference = done.reference.as_ref().map(|r| r.value.clone()).unwrap_or_default();
        all.push(What::Done { step: done.step.value.clone(), reference });
    }
    if entry.fallback_failed {
        all.push(What::FallbackFailed);
    }
    match all.len() {
        1 => all.pop(),
        0 => {
            let told = book.found.error(entry.place, "nothing-happens", "nothing happens here");
            told.help("write what is lost or regained, or what a duty does: report, update, correct, restored, …");
            None
        }
        _ => {
            let told = book.found.error(entry.place, "several", "several things happen here");
            told.help("write each as an entry of its own");
            None
        }
    }
}

impl Lost {
    /// Takes what is lost too.
    pub fn add(&mut self, other: &Lost) {
        self.loss.infra.extend(other.loss.infra.iter().cloned());
        self.loss.gateways.extend(other.loss.gateways.iter().cloned());
        self.loss.systems.extend(other.loss.systems.iter().cloned());
        self.channels.extend(other.channels.iter().copied());
    }
    /// Gives back what is there again.
    pub fn take(&mut self, other: &Lost) {
        self.loss.infra.retain(|x| !other.loss.infra.contains(x));
        self.loss.gateways.retain(|x| !other.loss.gateways.contains(x));
        self.loss.systems.retain(|x| !other.loss.systems.contains(x));
        self.channels.retain(|c| !other.channels.contains(c));
    }
    /// Infrastructure alone.
    pub fn infra(&self) -> Vec<InfraId> {
        self.loss.infra.iter().cloned().collect()
    }
}
