//! Whether the texts of a playbook can be read in a hurry (TEXTS): internal ones in two SMS, what the public reads in plain words.

use std::sync::Arc;

use super::spoken::{Spoken, Typed, report_of, spoken};
use crate::config::places::Places;
use crate::domain::incident::render::sentences;
use crate::domain::incident::values::Kind;
use crate::domain::lang::Lang;
use crate::domain::plan::{Audience, Plan, Playbook, PublicRule, To};
use crate::domain::text::readable::{grade, lix, words};
use crate::domain::text::sms::{self, SmsLimits};
use crate::domain::time::At;
use crate::domain::words::fill;
use crate::yaml::diagnostics::{Found, Place};

/// LIX of a Swedish text for the public, at most.
const LIX_MAX: f64 = 40.0;
/// Grade of an English text for the public, at most.
const GRADE_MAX: f64 = 9.0;
/// Words of a text for the public.
const WORDS_MAX: usize = 120;
/// Words of one of its sentences.
const SENTENCE_WORDS_MAX: usize = 20;
/// Characters of its heading.
const HEADING_CHARS_MAX: usize = 60;
/// An internal text takes so many SMS, in a drill too.
const SMS_MAX: u32 = 2;
/// A correction or a raised mode may take so many in a drill.
const SMS_DRILL_MAX: u32 = 3;
/// A Wednesday in winter, by day.
const BY_DAY: &str = "2026-11-18T09:45:00Z";

/// What of the words may not stand in a text.
#[derive(Clone, Debug, Default)]
pub struct Avoid {
    /// In what the public reads.
    pub public: Vec<String>,
    /// In what care reads.
    pub internal: Vec<String>,
}

/// Whether a playbook can publish anything.
pub fn publishes(playbook: &Playbook) -> bool {
    playbook.public != PublicRule::Never
        && (playbook.public == PublicRule::Holding
            || playbook.levels.iter().flat_map(|l| &l.notify).any(|r| r.to == To::Public))
}

pub(super) fn check(plan: &Arc<Plan>, places: &Places, found: &mut Found) {
    let now = BY_DAY.parse::<jiff::Timestamp>().map_or(At(0), At::from);
    for playbook in plan.playbooks.values() {
        let place = places.playbooks.get(&playbook.id).copied().unwrap_or_default();
        let public_place = places.public_words.get(&playbook.id).copied().unwrap_or(place);
        heading(found, public_place, playbook);
        let after = &playbook.after;
        if after.up.0.is_empty() || after.well.0.is_empty() {
            let message = format!("playbook {} does not say that it works again", playbook.id);
            found.warning(place, "no-afterwards", message).help("write message: up and well");
        }
        for exercise in [false, true] {
            // Why a drill is refused is said where its gateways are measured.
            let report = report_of(plan, playbook, exercise, now);
            let Ok(all) = spoken(plan, &report, &Typed::default(), now) else { continue };
            let mut said: Vec<(String, &'static str)> = Vec::new();
            for text in &all {
                if text.audience == Audience::Public && playbook.public_words.is_none() {
                    continue;
                }
                let (place, found_here) = match text.audience {
                    Audience::Public => (public_place, public(plan, places, text)),
                    Audience::Internal | Audience::Outside => (place, internal(plan, places, text, exercise)),
                };
                for (code, why) in found_here {
                    let message = format!("{} of {} in {}: {why}", text.label, playbook.id, text.lang);
                    // A drill says the same: once is enough.
                    if !said.iter().any(|(m, c)| *c == code && *m == message) {
                        found.warning(place, code, message.clone());
                        said.push((message, code));
                    }
                }
            }
        }
    }
}

fn heading(found: &mut Found, place: Place, playbook: &Playbook) {
    for (lang, text) in playbook.public_words.iter().flat_map(|p| &p.heading.0) {
        let chars = text.chars().count();
        if chars > HEADING_CHARS_MAX {
            let message = format!("the heading in {lang} has {chars} characters, at most {HEADING_CHARS_MAX}");
            found.warning(place, "public-text", message);
        }
    }
}

/// What is wrong with a text for the public.
pub fn public(plan: &Plan, places: &Places, spoken: &Spoken) -> Vec<(&'static str, String)> {
    let text = spoken.out.text();
    let mut wrong = Vec::new();
    let mut say = |why: String| wrong.push(("public-text", why));
    let all = words(text).len();
    if all > WORDS_MAX {
        say(format!("{all} words, at most {WORDS_MAX}"));
    }
    for sentence in sentences(text) {
        let n = words(&sentence).len();
        if n > SENTENCE_WORDS_MAX {
            say(format!("{n} words in “{sentence}”, at most {SENTENCE_WORDS_MAX}"));
        }
    }
    let (lix, grade) = (lix(text), grade(text));
    if spoken.lang == Lang::SV && lix > LIX_MAX {
        say(format!("LIX {lix:.0}, at most {LIX_MAX:.0}"));
    }
    if spoken.lang == Lang::EN && grade > GRADE_MAX {
        say(format!("grade {grade:.0}, at most {GRADE_MAX:.0}"));
    }
    let w = plan.words(spoken.lang);
    let kinds = [&w.kinds.alert, &w.kinds.update, &w.kinds.restored, &w.kinds.all_clear, &w.kinds.redirection];
    let modes = plan.ladders.modes.iter().map(|m| m.label.get(spoken.lang));
    let inner =
        kinds.into_iter().map(String::as_str).chain(modes).chain(plan.region.sites.iter().map(|s| s.id.as_str()));
    // As they stand in internal texts; “update” in small letters is a word like any other.
    for word in inner.filter(|word| has(text, word, false)) {
        say(format!("“{word}” is not for the public"));
    }
    if let Some(number) = words(text).into_iter().find(|word| is_number_or_print(word)) {
        say(format!("“{number}” is not for the public"));
    }
    for word in places.avoid.get(&spoken.lang).into_iter().flat_map(|a| &a.public).filter(|word| has(text, word, true))
    {
        say(format!("“{word}” is hard for the public"));
    }
    wrong
}

/// What is wrong with an internal text, or one to the outside.
fn internal(plan: &Plan, places: &Places, spoken: &Spoken, exercise: bool) -> Vec<(&'static str, String)> {
    let mut wrong = Vec::new();
    let trailer = spoken.asks.then(|| {
        let w = plan.words(spoken.lang);
        let code = if exercise { format!("{}-14", w.drill_prefix) } else { "14".to_owned() };
        fill(&w.answer_by_reply, &[("code", &code)])
    });
    let limits = SmsLimits { parts_max: sms::PARTS_MAX, ..SmsLimits::default() };
    let parts = sms::fit(&spoken.out, trailer.as_deref(), &limits).map(|f| u32::from(f.parts));
    let longer = matches!(spoken.kind, Kind::Correction { .. } | Kind::Mode) && exercise;
    let most = if longer { SMS_DRILL_MAX } else { SMS_MAX };
    if let Ok(parts) = parts
        && parts > most
    {
        let chars = spoken.out.text().chars().count();
        wrong.push(("long-text", format!("{parts} SMS ({chars} characters), at most {most}")));
    }
    let avoid = places.avoid.get(&spoken.lang).into_iter().flat_map(|a| &a.internal);
    for word in avoid.filter(|word| has(spoken.out.text(), word, true)) {
        wrong.push(("hard-word", format!("“{word}” is not what care says")));
    }
    wrong
}

/// Whether a text has a word, or one that begins with it when it ends with `*`.
fn has(text: &str, word: &str, any_case: bool) -> bool {
    let low = |s: &str| if any_case { s.to_lowercase() } else { s.to_owned() };
    let (stem, begins) = word.strip_suffix('*').map_or((word, false), |stem| (stem, true));
    let (text, stem) = (low(text), low(stem));
    if stem.is_empty() {
        return false;
    }
    text.match_indices(&stem).any(|(at, _)| {
        let free = |c: Option<char>| c.is_none_or(|c| !c.is_alphanumeric());
        free(text[..at].chars().next_back()) && (begins || free(text[at + stem.len()..].chars().next()))
    })
}

/// `14-2`, or a fingerprint.
fn is_number_or_print(word: &str) -> bool {
    let number = word.split_once('-').is_some_and(|(a, b)| {
        [a, b].iter().all(|p| !p.is_empty() && p.bytes().all(|c| c.is_ascii_digit())) && a.len() < 4
    });
    let print = word.len() == 6
        && word.bytes().all(|b| b.is_ascii_digit() || b.is_ascii_uppercase())
        && word.bytes().any(|b| b.is_ascii_digit())
        && word.bytes().any(|b| b.is_ascii_uppercase());
    number || print
}
