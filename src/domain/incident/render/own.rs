//! What an approver wrote (RULES A13): it stays until it runs again, while the facts around it are always rendered.

use super::{Brief, fields, public};
use crate::domain::lang::Lang;
use crate::domain::plan::Audience;

/// An approver's own sentences, without those that are rendered anyway.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct Own(pub Vec<String>);

/// So many words at its beginning tell that a sentence says what a rendered one says, with another time.
const FIRST_WORDS: usize = 2;

impl Own {
    /// What stays of a typed text: `brief` is what it was typed over.
    pub fn of(typed: &str, brief: &Brief<'_>, lang: Lang) -> Self {
        let words = brief.plan.words(lang);
        // News and routines are the approver's; what stands beside them is rendered.
        let nothing = [(lang, Self::default())];
        let brief = &Brief { own: &nothing, public_told: &[], ..*brief };
        let rendered: Vec<String> = match brief.audience {
            Audience::Public => public::rendered(brief, words, lang),
            Audience::Internal | Audience::Outside => {
                let values = fields::values(brief, words, lang);
                let named = |name: &str| values.iter().find(|(k, _)| *k == name).map_or("", |(_, v)| v.as_str());
                sentences(&format!("{}. {}", named("what"), named("core")))
            }
        };
        let begins = |s: &str| s.split(' ').take(FIRST_WORDS).map(str::to_lowercase).collect::<Vec<_>>();
        let first: Vec<Vec<String>> = rendered.iter().map(|s| begins(s)).collect();
        // An internal text begins with kind, mode and site, up to its colon.
        let body = match brief.audience {
            Audience::Public => typed,
            _ => typed.split_once(": ").map_or(typed, |(_, body)| body),
        };
        let own = sentences(body).into_iter().filter(|s| !rendered.contains(s) && !first.contains(&begins(s)));
        Self(own.collect())
    }
}

/// A text by its sentences: each ends before a space, with a full stop, a question mark or an exclamation mark.
pub fn sentences(text: &str) -> Vec<String> {
    let mut all = Vec::new();
    let mut rest = text.trim();
    while let Some(at) = rest.match_indices(' ').map(|(at, _)| at).find(|at| rest[..*at].ends_with(['.', '?', '!'])) {
        all.push(rest[..at].to_owned());
        rest = rest[at + 1..].trim_start();
    }
    if !rest.is_empty() {
        all.push(rest.to_owned());
    }
    all
}
