//! What the public reads (RULES A12): heading, what is new, where and since when, what it means, what to do, what works, when it
//! is fixed, when the next word comes, whom to call, who says so. Nothing internal flows into it by itself: no kind word, mode,
//! site code or number.

use super::{Brief, Telling, Values, is_everywhere, joined, trimmed, word_of};
use crate::domain::incident::facts::Restore;
use crate::domain::incident::values::Kind;
use crate::domain::lang::{L10n, Lang};
use crate::domain::plan::PublicWords;
use crate::domain::time::At;
use crate::domain::words::{TextWord, Words};

static NO_WORDS: std::sync::LazyLock<PublicWords> = std::sync::LazyLock::new(PublicWords::default);

pub(super) fn text(brief: &Brief<'_>, words: &Words, lang: Lang) -> String {
    joined(words, word_of(brief), &values(brief, words, lang))
}

/// What is always rendered, whatever an approver wrote: where and since when, when it is fixed, the next word, the numbers.
pub(super) fn rendered(brief: &Brief<'_>, words: &Words, lang: Lang) -> Vec<String> {
    let mut values = values(brief, words, lang);
    for (name, value) in &mut values {
        if matches!(*name, "heading" | "means" | "do" | "works" | "up" | "well" | "still" | "after") {
            value.clear();
        }
    }
    super::sentences(&joined(words, word_of(brief), &values))
}

fn values(brief: &Brief<'_>, words: &Words, lang: Lang) -> Values {
    let region = &brief.plan.region;
    let time = |at: At| words.public_time(&brief.plan.calendar, at.timestamp(), brief.now.timestamp());
    let said = |l: &L10n| l.get(lang).trim().to_owned();
    let p = brief.book.public_words.as_ref().unwrap_or(&NO_WORDS);
    let heading = if p.heading.0.is_empty() { &brief.facts.what } else { &p.heading };
    let mut shown = [trimmed(heading.get(lang)).to_owned(), said(&p.means), said(&p.todo), said(&p.works)];
    if !brief.works {
        shown[3].clear();
    }
    if let Some((_, own)) = brief.own.iter().find(|(of, _)| *of == lang) {
        // What an approver wrote replaces the playbook's words of that language (RULES A13); its first sentence is the heading.
        let (first, rest) = own.0.split_first().map_or(("", Vec::new()), |(f, r)| (f.as_str(), r.to_vec()));
        shown = [trimmed(first).to_owned(), rest.join(" "), String::new(), String::new()];
    }
    let [heading, means, todo, works] = shown;
    let at = match brief.phase {
        Telling::Restored(at) | Telling::Closed(at) => at,
        Telling::Open | Telling::Stopped => brief.now,
    };
    let fixed = match brief.facts.restore {
        _ if !super::fields::has_a_back(brief) => String::new(),
        Restore::At(at) => joined(words, TextWord::PublicFixedAt, &vec![("back", time(at))]),
        Restore::Unknown { .. } => joined(words, TextWord::PublicFixedUnknown, &Vec::new()),
    };
    let well = match brief.phase {
        Telling::Closed(_) => trimmed(p.well.get(lang)).to_owned(),
        _ if brief.stop.is_some_and(|s| s.false_alarm) => trimmed(p.well.get(lang)).to_owned(),
        _ => String::new(),
    };
    let (news, right) = news(brief, words, lang);
    vec![
        ("heading", heading),
        ("news", news),
        ("right", right),
        ("where", place(brief, p, words, lang)),
        ("since", time(brief.facts.since)),
        ("means", means),
        ("do", todo),
        ("works", works),
        ("fixed", fixed),
        ("next", time(brief.facts.next)),
        ("tail", tail(brief.plan, words)),
        ("up", trimmed(p.up.get(lang)).to_owned()),
        ("still", said(&p.still)),
        ("well", well),
        ("after", said(&p.after)),
        ("at", time(at)),
        ("sent", brief.sent.map_or_else(String::new, time)),
        ("call", region.call.clone()),
        ("emergency", region.emergency.clone()),
        ("region", region.name.clone()),
        ("said", trimmed(brief.facts.what.get(lang)).to_owned()),
        ("number", String::new()),
        ("stays", String::new()),
    ]
}

/// What was typed for the public and what it has not read: as news, each with its time; in a correction, what is right.
fn news(brief: &Brief<'_>, words: &Words, lang: Lang) -> (String, String) {
    let corrects = matches!(brief.kind, Kind::Correction { .. }) && brief.phase == Telling::Open;
    let fresh = brief.facts.public_news.iter().filter(|n| !brief.public_told.contains(n) && (n.right || !corrects));
    // Who typed it in one language said nothing in the others.
    let fresh = fresh.filter_map(|n| Some((n.at, trimmed(n.said.0.get(&lang)?).to_owned())));
    let fresh: Vec<(At, String)> = fresh.filter(|(_, said)| !said.is_empty()).collect();
    if corrects {
        return (String::new(), fresh.into_iter().map(|(_, said)| said).collect::<Vec<_>>().join(". "));
    }
    let at = |at: At| words.public_time(&brief.plan.calendar, at.timestamp(), brief.now.timestamp());
    let one = |(t, said)| joined(words, TextWord::PublicNews, &vec![("now", at(t)), ("news", said)]);
    (fresh.into_iter().map(one).collect::<Vec<_>>().join(" "), String::new())
}

/// Whom to call, and who says so.
pub(super) fn tail(plan: &crate::domain::plan::Plan, words: &Words) -> String {
    let region = &plan.region;
    let numbers =
        vec![("emergency", region.emergency.clone()), ("call", region.call.clone()), ("region", region.name.clone())];
    joined(words, TextWord::PublicTail, &numbers)
}

/// How each text for the public ends in that language.
pub fn public_tail(plan: &crate::domain::plan::Plan, lang: Lang) -> String {
    tail(plan, plan.words(lang))
}

/// What the page says while nothing is approved; with the time by which more is told, if that is known.
pub fn investigating(plan: &crate::domain::plan::Plan, lang: Lang, by: Option<At>, now: At) -> String {
    let words = plan.words(lang);
    let by = by.map_or_else(String::new, |at| words.public_time(&plan.calendar, at.timestamp(), now.timestamp()));
    joined(words, TextWord::PublicInvestigating, &vec![("next", by), ("tail", tail(plan, words))])
}

/// Where: in the playbook's words for its own sites, else by the names of the sites that were reported.
fn place(brief: &Brief<'_>, p: &PublicWords, words: &Words, lang: Lang) -> String {
    let sites: Vec<_> = brief.sites.iter().collect();
    let book: Vec<_> = brief.book.sites.iter().collect();
    let everywhere = is_everywhere(brief.plan, &sites);
    let own = everywhere && is_everywhere(brief.plan, &book)
        || sites.len() == book.len() && sites.iter().all(|s| book.contains(s));
    let words_for_it = if p.place.0.is_empty() { &brief.facts.scope } else { &p.place };
    if own || p.place.0.is_empty() {
        let here = trimmed(words_for_it.get(lang)).to_owned();
        if !everywhere {
            return here;
        }
        let with = vec![("where", here), ("region", brief.plan.region.name.clone())];
        return joined(words, TextWord::PublicWhere, &with);
    }
    let name = |id: &crate::domain::ids::SiteId| {
        let site = brief.plan.region.sites.iter().find(|s| s.id == *id);
        site.map_or_else(|| id.to_string(), |s| s.name.get(lang).to_owned())
    };
    sites.into_iter().map(name).collect::<Vec<_>>().join(", ")
}
