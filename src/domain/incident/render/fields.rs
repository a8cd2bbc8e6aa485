//! What fills the words of internal and outside texts, phase by phase.

use super::changes::{Field, changed, written};
use super::{Brief, Telling, Values, is_everywhere, joined, mode_line, trimmed};
use crate::domain::incident::facts::Restore;
use crate::domain::incident::standing::Standing;
use crate::domain::incident::values::Kind;
use crate::domain::ladder::ModeIx;
use crate::domain::lang::{L10n, Lang};
use crate::domain::plan::Audience;
use crate::domain::text::beginning;
use crate::domain::time::At;
use crate::domain::words::{TextWord, Words, fill};

/// A reason is told in so many characters, cut before a word: it may not cost a pager its text.
const REASON_CHARS_MAX: usize = 80;

pub(super) fn values(brief: &Brief<'_>, words: &Words, lang: Lang) -> Values {
    let outside = brief.audience == Audience::Outside;
    let time = |at: At| words.time(&brief.plan.calendar, at.timestamp(), brief.now.timestamp());
    let said = |l: &L10n| trimmed(l.get(lang)).to_owned();
    let only = |yes: bool, text: String| if yes { text } else { String::new() };
    let (open, restored) = (brief.phase == Telling::Open, matches!(brief.phase, Telling::Restored(_)));
    let going_on = open || restored;
    let after = &brief.book.after;
    let what = said(&brief.facts.what);
    let what = match outside {
        true => {
            let with = vec![("what", what.clone()), ("region", brief.plan.region.name.clone())];
            joined(words, TextWord::OutsideWhat, &with)
        }
        false => what,
    };
    let at = match (brief.kind, brief.phase) {
        (Kind::Mode | Kind::Redirection { over: true, .. }, _) | (_, Telling::Open | Telling::Stopped) => brief.now,
        (_, Telling::Restored(at) | Telling::Closed(at)) => at,
    };
    // What a text of kind mode says of its time, its other half must not.
    let mode = mode(brief, lang);
    let ended_at = only(brief.kind != Kind::Mode || !mode.0.is_empty(), time(at));
    let (new, old) = correction(brief, words, lang);
    let false_alarm = brief.stop.is_some_and(|s| s.false_alarm);
    let number = match brief.kind {
        Kind::Correction { of } | Kind::Stopped { of } => of.written(&words.drill_prefix),
        _ => String::new(),
    };
    let over = |s: &Standing<'_>| said(s.over);
    let all_over: Vec<String> = match (brief.kind, &brief.redirection) {
        (Kind::Redirection { over: true, .. }, Some(r)) => vec![over(r)],
        _ => brief.standing.iter().map(over).collect(),
    };
    let all_over: Vec<String> = all_over.into_iter().filter(|o| !o.is_empty()).collect();
    let redirected = brief.redirection.as_ref();
    vec![
        ("text", only(all_over.is_empty(), redirected.map_or_else(String::new, |r| said(r.text)))),
        ("redirection", redirected.map_or_else(String::new, |r| until(brief, r, words, lang))),
        ("for", redirected.map_or_else(String::new, |r| said(r.concerns))),
        ("over", all_over.join(". ")),
        ("what", only(open, what.clone())),
        // That it runs again is news enough: what else is new is only what somebody typed (INCIDENTS B: a mix-up).
        ("news", only(brief.kind != Kind::Restored || typed_news(brief), news(brief, words, lang))),
        ("core", core(brief, words, lang)),
        ("up", only(restored, said(&after.up))),
        ("keep", only(restored && !outside, said(&after.keep))),
        ("well", only(matches!(brief.phase, Telling::Closed(_)) || false_alarm, said(&after.well))),
        ("after", if outside { for_you(words, &said(&brief.book.outside.closed)) } else { said(&after.after) }),
        ("at", ended_at),
        ("since", time(brief.facts.since)),
        ("next", only(going_on, time(brief.facts.next))),
        ("contact", only(!outside && brief.phase != Telling::Stopped, brief.facts.contact.clone())),
        ("call", only(outside, call(brief))),
        ("ended", mode.0),
        ("line", mode.1),
        ("new", new),
        ("old", old),
        ("number", number),
        ("other", brief.other.map_or_else(String::new, |n| n.written(&words.drill_prefix))),
        // Typed in the region's own language, it is said in no other.
        ("reason", reason(brief, lang)),
        ("stays", stays(brief, words, lang)),
        ("region", brief.plan.region.name.clone()),
        ("said", what),
    ]
}

/// Where nothing is down (data that leaked), nothing comes back.
pub(super) fn has_a_back(brief: &Brief<'_>) -> bool {
    !brief.book.systems.is_empty() || !brief.book.infra.is_empty()
}

/// What it means for those outside, with its label.
fn for_you(words: &Words, means: &str) -> String {
    let l = &words.labels;
    let label = if l.for_you.is_empty() { &l.do_now } else { &l.for_you };
    if means.is_empty() { String::new() } else { format!("{label}: {means}") }
}

/// The number for those outside.
fn call(brief: &Brief<'_>) -> String {
    let region = &brief.plan.region;
    if region.outside_call.is_empty() { region.call.clone() } else { region.outside_call.clone() }
}

/// A redirection with its end.
fn until(brief: &Brief<'_>, standing: &Standing<'_>, words: &Words, lang: Lang) -> String {
    let text = trimmed(standing.text.get(lang));
    if words.redirection_until.is_empty() {
        return text.to_owned();
    }
    let time = words.time(&brief.plan.calendar, standing.until.timestamp(), brief.now.timestamp());
    fill(&words.redirection_until, &[("text", text), ("time", &time)])
}

/// When it is expected back, as texts say it.
pub(super) fn back(brief: &Brief<'_>, restore: Restore, words: &Words) -> String {
    let time = |at: At| words.time(&brief.plan.calendar, at.timestamp(), brief.now.timestamp());
    match restore {
        Restore::At(at) => time(at),
        Restore::Unknown { forecast } if forecast == brief.facts.next && !words.not_known.is_empty() => {
            words.not_known.clone()
        }
        Restore::Unknown { forecast } => fill(&words.restore_unknown, &[("time", &time(forecast))]),
    }
}

/// The facts with their labels, in the order for short screens (RULES A3).
fn core(brief: &Brief<'_>, words: &Words, lang: Lang) -> String {
    let (open, restored) = (brief.phase == Telling::Open, matches!(brief.phase, Telling::Restored(_)));
    if !open && !restored {
        return String::new();
    }
    let facts = brief.facts;
    let l = &words.labels;
    let time = |at: At| words.time(&brief.plan.calendar, at.timestamp(), brief.now.timestamp());
    let corrected: Vec<Field> = match brief.kind {
        Kind::Correction { .. } => changed(brief, words, lang).into_iter().map(|c| c.field).collect(),
        // What the news is made of is not said twice.
        Kind::Update if !typed_news(brief) => {
            let told = |f: &Field| matches!(f, Field::Back | Field::Contact);
            changed(brief, words, lang).into_iter().map(|c| c.field).filter(told).collect()
        }
        _ => Vec::new(),
    };
    let mut all = String::new();
    let mut add = |sentence: String| {
        if !all.is_empty() {
            all.push(' ');
        }
        all.push_str(&sentence);
    };
    let own = brief.own.iter().find(|(of, _)| *of == lang).map(|(_, own)| own).filter(|_| open);
    if let Some(own) = own {
        // What an approver wrote stands where news and routines would (RULES A13).
        if !own.0.is_empty() {
            add(own.0.join(" "));
        }
    }
    let mut field = |label: &str, value: &str| {
        if !value.is_empty() {
            add(format!("{label}: {value}."));
        }
    };
    let told = brief.redirection.map(|r| r.step);
    for standing in brief.standing.iter().filter(|s| Some(s.step) != told) {
        field(&l.redirection, &until(brief, standing, words, lang));
    }
    if brief.audience == Audience::Outside {
        let means = &brief.book.outside;
        let means = if restored { &means.restored } else { &means.open };
        let label = if l.for_you.is_empty() { &l.do_now } else { &l.for_you };
        let means = trimmed(means.get(lang));
        // Plans that were frozen before have words for them in their routines alone.
        let may = routines(brief, lang);
        field(label, if means.is_empty() && open { &may } else { means });
    } else if open && own.is_none() && !corrected.contains(&Field::Routines) {
        field(&l.do_now, &routines(brief, lang));
    }
    if open && brief.audience == Audience::Internal {
        field(&l.unknown, trimmed(facts.unknown.exact(lang).unwrap_or_default()));
    }
    if !corrected.contains(&Field::Scope) {
        field(&l.scope, trimmed(facts.scope.get(lang)));
    }
    if open {
        if !matches!(brief.kind, Kind::Mode | Kind::Correction { .. }) {
            field(&l.since, &time(facts.since));
        }
        if !corrected.contains(&Field::Back) && has_a_back(brief) {
            field(&l.restore, &back(brief, facts.restore, words));
        }
    }
    field(&l.next, &time(facts.next));
    if brief.audience == Audience::Outside {
        field(&l.call, &call(brief));
    } else if !corrected.contains(&Field::Contact) {
        field(&l.contact, &facts.contact);
    }
    all
}

/// What care does now; outside of the region only what may be said there.
pub(super) fn routines(brief: &Brief<'_>, lang: Lang) -> String {
    routines_of(brief, &brief.facts.routines, lang)
}

pub(super) fn routines_of(brief: &Brief<'_>, of: &[crate::domain::ids::RoutineId], lang: Lang) -> String {
    let internal = brief.audience == Audience::Internal;
    let texts = of.iter().filter_map(|r| brief.plan.routines.get(r));
    let texts = texts.filter_map(|r| if internal { Some(&r.text) } else { r.outside.as_ref() });
    texts.map(|l| trimmed(l.get(lang)).to_owned()).collect::<Vec<_>>().join(". ")
}

/// Whether somebody typed what is new, or worded the text.
fn typed_news(brief: &Brief<'_>) -> bool {
    !brief.own.is_empty() || brief.audience == Audience::Internal && !brief.facts.known.0.is_empty()
}

/// What is new: as it was typed, or made of the facts that changed; else that nothing is.
fn news(brief: &Brief<'_>, words: &Words, lang: Lang) -> String {
    if brief.own.iter().any(|(of, _)| *of == lang) {
        return String::new();
    }
    if typed_news(brief) {
        // Typed in one language, it is not said in another.
        return trimmed(brief.facts.known.exact(lang).unwrap_or_default()).to_owned();
    }
    let all = changed(brief, words, lang);
    let made: Vec<String> = all.iter().filter_map(|c| c.as_news(words)).collect();
    if !made.is_empty() {
        return made.join(". ");
    }
    let same_level = brief.before.is_none_or(|b| b.level == brief.level);
    let nothing = all.is_empty() && same_level && brief.before.is_some();
    if nothing { trimmed(&joined(words, TextWord::NothingNew, &Vec::new())).to_owned() } else { String::new() }
}

/// What is right, and what was wrong: only what changed.
fn correction(brief: &Brief<'_>, words: &Words, lang: Lang) -> (String, String) {
    if !matches!(brief.kind, Kind::Correction { .. }) {
        return Default::default();
    }
    let all = changed(brief, words, lang);
    let new: Vec<String> = all.iter().map(|c| c.right()).collect();
    let old: Vec<&str> = all.iter().map(|c| c.old.as_str()).collect();
    (new.join(", "), old.join(", "))
}

/// What a change of mode says: what ended, and what happens now.
fn mode(brief: &Brief<'_>, lang: Lang) -> (String, String) {
    let Some(change) = brief.mode.filter(|_| brief.kind == Kind::Mode) else { return Default::default() };
    let of = |mode: ModeIx| brief.plan.ladders.mode_at(mode);
    let lowered = change.to < change.from;
    let ended = of(change.from).filter(|_| lowered).map_or("", |m| m.ended.get(lang));
    let line = of(change.to).filter(|_| !lowered || change.all_well).map_or("", |m| m.line.get(lang));
    (trimmed(ended).to_owned(), trimmed(line).to_owned())
}

/// Which mode stands in spite of it, and why (RULES D4).
fn stays(brief: &Brief<'_>, words: &Words, lang: Lang) -> String {
    if !matches!(brief.phase, Telling::Closed(_) | Telling::Stopped) {
        return String::new();
    }
    let raised: Vec<_> = brief.modes.iter().filter(|m| m.1 > ModeIx::NORMAL).cloned().collect();
    if raised.is_empty() {
        return String::new();
    }
    let numbers: Vec<String> = brief.stays.iter().map(|n| n.written(&words.drill_prefix)).collect();
    let why = if numbers.is_empty() { words.mode_until_decided.clone() } else { numbers.join(", ") };
    fill(&words.mode_stays, &[("mode", &mode_line(brief.plan, &raised, lang)), ("why", &why)])
}

/// Sites by their short names; all of them by the region's.
pub(super) fn sites(brief: &Brief<'_>, of: &[crate::domain::ids::SiteId], lang: Lang) -> String {
    let all: Vec<_> = of.iter().collect();
    if is_everywhere(brief.plan, &all) {
        let whole = brief.plan.region.sites.iter().find(|s| s.id == brief.plan.region.whole);
        return whole.map_or_else(String::new, |s| s.name.get(lang).to_owned());
    }
    all.iter().map(|s| s.as_str()).collect::<Vec<_>>().join(" ")
}

/// The time of a fact, for changes.
pub(super) fn fact(brief: &Brief<'_>, words: &Words, lang: Lang, field: Field) -> String {
    written(brief, words, lang, field, brief.facts, brief.sites)
}

/// Why something is stopped; not for those outside.
fn reason(brief: &Brief<'_>, lang: Lang) -> String {
    let told = brief.audience == Audience::Internal && lang == brief.plan.lang();
    brief
        .stop
        .filter(|_| told)
        .map_or_else(String::new, |s| trimmed(beginning(trimmed(&s.reason), REASON_CHARS_MAX)).to_owned())
}
