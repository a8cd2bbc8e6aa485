//! What a replay gave, for a table, for programs and for a page: history beside ours, what holds, what each duty got, and the timeline of
//! both.

use std::collections::{BTreeMap, BTreeSet};

use schemars::JsonSchema;
use serde::Serialize;

use super::Region;
use super::form::FactKind;
use super::judge::{Judge, span};
use super::measure::{Answer, answer, first_told};
use super::run::Run;
use super::scenario::{Question, Scenario, What};
use super::seen::{Asked, Item, Seen};
use crate::domain::ids::{FunctionId, FunctionIx};
use crate::domain::incident::values::Kind;
use crate::domain::ladder::ModeIx;
use crate::domain::lang::{L10n, Lang};
use crate::domain::personal_number;
use crate::domain::plan::{Audience, Channel, Plan};
use crate::domain::time::At;
use crate::words::cli as words;
use crate::yaml::{Diagnostic, Found, Place};

/// What a replay gave.
#[derive(Clone, Debug, Serialize, JsonSchema)]
pub struct Outcome {
    /// The scenario's name.
    pub scenario: String,
    pub title: L10n,
    #[serde(skip_serializing_if = "no_words")]
    pub about: L10n,
    /// Where the facts come from, by a short name.
    pub sources: BTreeMap<String, String>,
    pub seed: u64,
    /// From when minutes are counted.
    pub from: At,
    pub until: At,
    /// The beginning is invented.
    pub assumed: bool,
    /// All holds.
    pub passed: bool,
    /// History beside ours.
    pub beside: Vec<Beside>,
    /// What is expected, and what was seen.
    pub expectations: Vec<Held>,
    /// What each duty got.
    pub told: Vec<ToldTo>,
    /// History and ours, in the order of time.
    pub timeline: Vec<Shown>,
    /// What was said, first to last.
    pub texts: Vec<Spoken>,
    /// What the sources leave open.
    pub unknown: Vec<L10n>,
    /// What does not hold, with its line in the file.
    #[serde(skip)]
    pub failures: Vec<Diagnostic>,
}

/// One question, as history answers it and as the replay does.
#[derive(Clone, Debug, Serialize, JsonSchema)]
pub struct Beside {
    /// `first_key_function`, `owners`, `wards`, `public`, `mode`, or `restored` (minutes after it ran again).
    pub question: &'static str,
    /// Nothing: it is unknown.
    pub history: Option<Told>,
    pub ours: Measured,
}

/// What history tells.
#[derive(Clone, Debug, Serialize, JsonSchema)]
pub struct Told {
    /// Minutes, at the earliest.
    pub earliest_min: Option<f64>,
    /// Minutes, at the latest.
    pub latest_min: Option<f64>,
    /// It never happened.
    pub never: bool,
    #[serde(skip_serializing_if = "no_words")]
    pub say: L10n,
    /// The source's short name.
    pub src: String,
}

/// What the replay measured.
#[derive(Clone, Debug, Serialize, JsonSchema)]
pub struct Measured {
    /// Minutes; nothing: it did not happen.
    pub minutes: Option<f64>,
    /// Over what.
    pub over: Vec<Channel>,
    /// What was down then.
    pub down: Vec<String>,
}

/// Something that was expected.
#[derive(Clone, Debug, Serialize, JsonSchema)]
pub struct Held {
    pub that: L10n,
    pub held: bool,
    /// What was seen.
    pub seen: String,
    /// The line in the file.
    pub line: u32,
}

/// What a duty got.
#[derive(Clone, Debug, Serialize, JsonSchema)]
pub struct ToldTo {
    pub function: FunctionId,
    pub title: L10n,
    /// Minutes until the first text that arrived.
    pub first_min: Option<f64>,
    /// Messages over SMS, of the telephone that got most.
    pub sms: u32,
    /// Notes over SMS, of the telephone that got most.
    pub notes: u32,
    pub paging: u32,
    pub fax: u32,
    pub email: u32,
    /// What notes over SMS were about, of all its telephones.
    pub about: BTreeMap<&'static str, u32>,
}

/// One line of the timeline.
#[derive(Clone, Debug, Serialize, JsonSchema)]
pub struct Shown {
    pub at: At,
    /// Only the day is known.
    pub day_only: bool,
    /// It is history's; otherwise it is the replay's.
    pub history: bool,
    /// The time is invented.
    pub assumed: bool,
    /// A source's judgement, or a conclusion of ours; otherwise a fact.
    pub kind: Option<&'static str>,
    /// The source's short name.
    pub src: Option<String>,
    /// What kind of line: `fact`, `happens`, `said`, `page`, `mode`, `decision`.
    pub of: &'static str,
    pub what: L10n,
}

/// A text that was said.
#[derive(Clone, Debug, Serialize, JsonSchema)]
pub struct Spoken {
    pub number: String,
    pub at: At,
    pub audience: Audience,
    pub kind: &'static str,
    pub text: L10n,
}

fn no_words(l: &L10n) -> bool {
    l.0.is_empty()
}

/// Makes it of what was seen.
pub fn of(scenario: &Scenario, region: Region<'_>, run: &Run, seed: u64) -> Outcome {
    let mut found = Found::new(scenario.files.clone());
    let beside = beside(scenario, region, run, &mut found);
    let expectations = expectations(scenario, region, run, &mut found);
    always(scenario, region, run, &mut found);
    let passed = !found.has_errors();
    Outcome {
        scenario: scenario.id.clone(),
        title: scenario.title.clone(),
        about: scenario.about.clone(),
        sources: scenario.sources.iter().cloned().collect(),
        seed,
        from: scenario.from,
        until: scenario.until,
        assumed: scenario.assumed,
        passed,
        beside,
        expectations,
        told: told(region, run, scenario.from),
        timeline: timeline(scenario, region, run),
        texts: texts(&run.seen),
        unknown: scenario.unknown.clone(),
        failures: found.into_sorted(),
    }
}

/// Minutes with one decimal.
fn minutes(ms: i64) -> f64 {
    (ms as f64 / 6_000.0).round() / 10.0
}

fn beside(scenario: &Scenario, region: Region<'_>, run: &Run, found: &mut Found) -> Vec<Beside> {
    let mut all = Vec::new();
    for question in Question::ALL {
        let known = scenario.history.get(&question);
        let ours = answer(question, scenario, region, run);
        if let Some(known) = known {
            no_later(question, known, &ours, found);
        }
        let in_min = |s: Option<u32>| s.map(|s| minutes(i64::from(s) * 1000));
        let history = known.map(|k| Told {
            earliest_min: in_min(k.earliest_s),
            latest_min: in_min(k.latest_s),
            never: k.never,
            say: k.say.clone(),
            src: k.src.clone(),
        });
        let ours = Measured { minutes: ours.after_ms.map(minutes), over: ours.over, down: ours.down };
        all.push(Beside { question: question.key(), history, ours });
    }
    for t in &scenario.told {
        for f in &t.who {
            let first = first_told(*f, region, run);
            // History's clock shows minutes.
            if first.is_none_or(|at| at.0 >= t.at.0 + 60_000) {
                let id = &region.plan.function(*f).id;
                let message = format!("{id} is told later than in history");
                let seen = first.map_or("it was never told".to_owned(), |at| {
                    format!("it was told {} after that", span(at.0 - t.at.0))
                });
                found.error(t.place, "later-than-history", message).help(seen);
            }
        }
    }
    all
}

/// Not later than history, where history is known: its clock shows minutes.
fn no_later(question: Question, known: &super::scenario::Known, ours: &Answer, found: &mut Found) {
    let Some(earliest) = known.earliest_s.or(known.latest_s) else { return };
    let in_time = ours.after_ms.is_some_and(|ms| ms < i64::from(earliest) * 1000 + 60_000);
    if !in_time {
        let message = format!("{} is later than in history", question.key());
        let seen = ours.after_ms.map_or("it never happened".to_owned(), |ms| format!("ours: after {}", span(ms)));
        found.error(known.place, "later-than-history", message).help(seen);
    }
}

fn expectations(scenario: &Scenario, region: Region<'_>, run: &Run, found: &mut Found) -> Vec<Held> {
    let judge = Judge { region, seen: &run.seen };
    let mut all = Vec::new();
    for e in &scenario.expect {
        let verdict = judge.judge(e);
        if let Err(seen) = &verdict {
            let that = e.that.get(Lang::EN);
            found
                .error(e.place, "expectation-fails", format!("this does not hold: {that}"))
                .help(format!("seen: {seen}"));
        }
        let held = verdict.is_ok();
        let seen = verdict.unwrap_or_else(|seen| seen);
        all.push(Held { that: e.that.clone(), held, seen, line: e.place.line });
    }
    if scenario.expect.is_empty() {
        let told =
            found.error(scenario.place, "asserts-nothing", "this scenario expects nothing, so that nothing can fail");
        told.help("write under `expect:` what must hold");
    }
    all
}

/// What must hold of every replay.
fn always(scenario: &Scenario, region: Region<'_>, run: &Run, found: &mut Found) {
    for refused in &run.seen.refused {
        let at = region.plan.calendar.local(refused.at.timestamp()).strftime("%Y-%m-%d %H:%M");
        found.error(refused.place, "refused", format!("at {at} this is refused: {}", refused.why));
    }
    let whole = Place { line: 0, ..scenario.place };
    for (at, finding) in run.seen.findings.iter().take(3) {
        let message = format!("something is late or somebody forgotten at {at}: {finding:?}");
        found.error(whole, "audit", message);
    }
    for bad in unclean(region.plan, &run.seen).into_iter().take(3) {
        found.error(whole, "unclean-text", bad);
    }
}

/// Texts that name what none may: a person's number, an address, a telephone that may not stand in texts, a person.
fn unclean(plan: &Plan, seen: &Seen) -> Vec<String> {
    let digits = |s: &str| s.chars().filter(char::is_ascii_digit).collect::<String>();
    let mut may: Vec<String> = plan
        .functions
        .iter()
        .filter_map(|f| f.phone.as_ref())
        .filter(|p| p.publishable)
        .map(|p| digits(&p.number))
        .collect();
    may.extend([&plan.region.call, &plan.region.emergency, &plan.region.outside_call].map(|n| digits(n)));
    let mut known = String::new();
    let names = plan.region.sites.iter().map(|s| &s.name).chain(plan.functions.iter().map(|f| &f.title));
    names.flat_map(|n| n.0.values()).for_each(|n| known.push_str(n));
    known.push_str(&plan.region.name);
    let mut bad = Vec::new();
    for said in &seen.said {
        let number = format!("{}-{}", said.no, said.seq);
        for text in said.texts.values() {
            if let Some(found) = personal_number::find(text) {
                bad.push(format!("{number} holds what looks like a person's number ({})", found.register.name()));
            }
            if text.contains('@') {
                bad.push(format!("{number} holds a mail address"));
            }
            for phone in telephones(text) {
                if !may.contains(&phone) {
                    bad.push(format!("{number} holds a telephone number that may not stand in texts"));
                }
            }
            if let Some(name) = person(text, &known) {
                bad.push(format!("{number} holds what looks like a name: {name}"));
            }
        }
    }
    bad
}

/// Runs of seven digits and more, spaces and hyphens aside.
fn telephones(text: &str) -> Vec<String> {
    let mut all = Vec::new();
    let mut digits = String::new();
    for c in text.chars().chain(['.']) {
        match c {
            '0'..='9' => digits.push(c),
            '-' | ' ' | '+' if !digits.is_empty() => {}
            _ => {
                if digits.len() >= 7 {
                    all.push(std::mem::take(&mut digits));
                }
                digits.clear();
            }
        }
    }
    all
}

/// Two words in a row that begin with a capital, within a sentence, that the plan does not have so: a first name and a family name.
fn person(text: &str, known: &str) -> Option<String> {
    let words: Vec<&str> = text.split(' ').collect();
    words.windows(3).find_map(|w| {
        let begins = w[0].ends_with(['.', ':', '!', '?']);
        let name = |w: &str| {
            let mut chars = w.trim_end_matches([',', '.', ':']).chars();
            chars.next().is_some_and(char::is_uppercase) && chars.clone().count() > 1 && chars.all(char::is_lowercase)
        };
        let both = format!("{} {}", w[1], w[2].trim_end_matches([',', '.', ':']));
        (!begins && name(w[1]) && name(w[2]) && !w[1].ends_with([',', '.', ':']) && !known.contains(&both))
            .then_some(both)
    })
}

fn told(region: Region<'_>, run: &Run, from: At) -> Vec<ToldTo> {
    let plan = region.plan;
    let mut all = Vec::new();
    for (i, f) in (0_u32..).zip(&plan.functions) {
        let fx = FunctionIx(i);
        let mut counts: BTreeMap<(Channel, bool), BTreeMap<u32, u32>> = BTreeMap::new();
        let mut about: BTreeMap<&'static str, u32> = BTreeMap::new();
        for got in run.seen.got.iter().filter(|g| f.points.contains(&g.point)) {
            let note = matches!(got.what, Item::Note(_));
            if let (Item::Note(word), Channel::Sms) = (got.what, got.channel) {
                *about.entry(word.key()).or_insert(0) += 1;
            }
            *counts.entry((got.channel, note)).or_default().entry(got.point.0).or_insert(0) += 1;
        }
        let most = |c: Channel, note: bool| counts.get(&(c, note)).and_then(|p| p.values().max()).copied().unwrap_or(0);
        let both = |c: Channel| most(c, false) + most(c, true);
        all.push(ToldTo {
            function: f.id.clone(),
            title: f.title.clone(),
            first_min: first_told(fx, region, run).map(|at| minutes(at.0 - from.0)),
            sms: most(Channel::Sms, false),
            notes: most(Channel::Sms, true),
            paging: both(Channel::Paging),
            fax: both(Channel::Fax),
            email: both(Channel::Email),
            about,
        });
    }
    all
}

fn texts(seen: &Seen) -> Vec<Spoken> {
    let one = |s: &super::seen::Said| Spoken {
        number: format!("{}-{}", s.no, s.seq),
        at: s.at,
        audience: s.audience,
        kind: super::expect::KindWord::of(s.kind).word(),
        text: L10n(s.texts.clone()),
    };
    seen.said.iter().map(one).collect()
}

fn timeline(scenario: &Scenario, region: Region<'_>, run: &Run) -> Vec<Shown> {
    let plan = region.plan;
    let ours = |at: At, of: &'static str, what: L10n| Shown {
        at,
        day_only: false,
        history: false,
        assumed: false,
        kind: None,
        src: None,
        of,
        what,
    };
    let mut all: Vec<Shown> = Vec::new();
    for fact in &scenario.facts {
        all.push(Shown {
            day_only: fact.day_only,
            history: true,
            kind: match fact.kind {
                FactKind::Fact => None,
                FactKind::Judgement => Some("judgement"),
                FactKind::Inference => Some("inference"),
            },
            src: Some(fact.src.clone()),
            ..ours(fact.at, "fact", fact.what.clone())
        });
    }
    let mut often: BTreeMap<usize, u32> = BTreeMap::new();
    for (at, i) in &run.seen.done {
        let Some(h) = scenario.happens.get(*i) else { continue };
        let n = often.entry(*i).or_insert(0);
        *n += 1;
        // What comes again and again stands there once.
        if *n == 1 {
            let what = if h.say.0.is_empty() { said_of(&h.what) } else { h.say.clone() };
            all.push(Shown { assumed: h.assumed, ..ours(*at, "happens", what) });
        }
    }
    let mut shown = L10n::default();
    for (at, no, seq) in &run.seen.page {
        if let Some(m) = run.seen.said.iter().find(|s| s.no == *no && s.seq == *seq) {
            let first = |(lang, text): (&Lang, &String)| (*lang, heading(text));
            let said = L10n(m.texts.iter().map(first).collect());
            // An update that begins as the one before is no line of its own.
            if said != shown {
                all.push(ours(*at, "page", said.clone()));
            }
            shown = said;
        }
    }
    for said in run.seen.said.iter().filter(|s| s.audience == Audience::Internal && s.kind != Kind::Update) {
        let first = |(lang, text): (&Lang, &String)| (*lang, heading(text));
        all.push(ours(said.at, "said", L10n(said.texts.iter().map(first).collect())));
    }
    let mut last: Option<(At, ModeIx)> = None;
    for (at, _, mode) in &run.seen.modes {
        if last != Some((*at, *mode)) {
            let label = plan.ladders.mode_at(*mode).map(|m| m.label.clone()).unwrap_or_default();
            all.push(ours(*at, "mode", label));
        }
        last = Some((*at, *mode));
    }
    let mut declined: BTreeSet<ModeIx> = BTreeSet::new();
    for (at, mode, asked) in run.seen.proposals.iter().filter(|(.., a)| matches!(a, Asked::Yes | Asked::No)) {
        // Who says no again and again stands there once.
        if *asked == Asked::No && !declined.insert(*mode) {
            continue;
        }
        let label = plan.ladders.mode_at(*mode).map(|m| m.label.clone()).unwrap_or_default();
        let of = if *asked == Asked::Yes { "decided" } else { "declined" };
        all.push(ours(*at, of, label));
    }
    all.sort_by_key(|s| (s.at, !s.history));
    all
}

/// What happens, where the scenario has no words for it; else as it stands in the file.
fn said_of(what: &What) -> L10n {
    let same = |text: String| L10n::same(&[Lang::SV, Lang::EN], &text);
    same(match what {
        What::Update(_) => return words::REPLAY_UPDATES.in_all(),
        What::DataComplete => return words::REPLAY_COMPLETE.in_all(),
        What::AllClear => return words::REPLAY_OVER_NOW.in_all(),
        What::Lost(lost) => format!("– {}", lost.names.join(", ")),
        What::Regained(there) => format!("+ {}", there.names.join(", ")),
        What::Report { report, .. } => format!("report {}", report.playbook),
        What::Correct(_) => "correct".into(),
        What::Restored(_) => "restored".into(),
        What::Relapse(_) => "relapse".into(),
        What::Merge => "merge".into(),
        What::Stop(_) => "stop".into(),
        What::Mode { site, mode, .. } => format!("mode {site} {mode}"),
        What::Decide { .. } => "decide".into(),
        What::Start { start, .. } => format!("step start {}", start.rule.clone().unwrap_or_default()),
        What::Done { step, .. } => format!("step done {step}"),
        What::FallbackFailed => "fallback failed".into(),
    })
}

/// The first sentence.
fn heading(text: &str) -> String {
    text.split_inclusive(". ").next().unwrap_or(text).trim_end().to_owned()
}
