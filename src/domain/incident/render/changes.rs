//! Which facts are other ones than a message said.

use super::{Before, Brief, fields};
use crate::domain::ids::SiteId;
use crate::domain::incident::facts::{Facts, Restore};
use crate::domain::lang::Lang;
use crate::domain::plan::Audience;
use crate::domain::words::{TextWord, Words};

/// A fact that people read.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Field {
    What,
    Scope,
    Sites,
    Routines,
    Back,
    Contact,
}

const FIELDS: [Field; 6] = [Field::What, Field::Scope, Field::Sites, Field::Routines, Field::Back, Field::Contact];

/// One fact that changed, as texts write it.
pub(super) struct Changed {
    pub field: Field,
    label: String,
    pub new: String,
    pub old: String,
}

impl Changed {
    /// In a correction: what speaks for itself stands alone.
    pub fn right(&self) -> String {
        let mut label = self.label.chars();
        match label.next() {
            Some(first) => format!("{}{} {}", first.to_lowercase(), label.as_str(), self.new),
            None => self.new.clone(),
        }
    }

    /// In an update; what broke stands there anyway.
    pub fn as_news(&self, words: &Words) -> Option<String> {
        if self.field == Field::What {
            return None;
        }
        if self.label.is_empty() {
            return Some(self.new.clone());
        }
        let with = vec![("label", self.label.clone()), ("new", self.new.clone()), ("old", self.old.clone())];
        let said = super::joined(words, TextWord::Changed, &with);
        Some(super::trimmed(&said).to_owned()).filter(|s| !s.is_empty())
    }
}

/// The facts that are others than before. The time of the next update always is, and is no news.
pub(super) fn changed(brief: &Brief<'_>, words: &Words, lang: Lang) -> Vec<Changed> {
    let Some(Before { facts, sites, .. }) = brief.before else { return Vec::new() };
    let unknown = |r: Restore| matches!(r, Restore::Unknown { .. });
    let l = &words.labels;
    let mut all = Vec::new();
    for field in FIELDS {
        let both_unknown = unknown(facts.restore) && unknown(brief.facts.restore);
        if field == Field::Back && (both_unknown || !fields::has_a_back(brief)) {
            continue;
        }
        if brief.audience == Audience::Outside && matches!(field, Field::Routines | Field::Contact) {
            continue;
        }
        let old = match field {
            // The forecast of then was the one of its next update.
            Field::Back if unknown(facts.restore) && !words.not_known.is_empty() => words.not_known.clone(),
            _ => written(brief, words, lang, field, facts, sites),
        };
        let new = fields::fact(brief, words, lang, field);
        if old != new && !new.is_empty() {
            let label = match field {
                Field::What | Field::Scope | Field::Sites | Field::Routines => String::new(),
                Field::Back => l.restore.clone(),
                Field::Contact => l.contact.clone(),
            };
            all.push(Changed { field, label, new, old });
        }
    }
    all
}

/// A fact as texts write it.
pub(super) fn written(
    brief: &Brief<'_>,
    words: &Words,
    lang: Lang,
    field: Field,
    facts: &Facts,
    sites: &[SiteId],
) -> String {
    match field {
        Field::What => super::trimmed(facts.what.get(lang)).to_owned(),
        Field::Scope => super::trimmed(facts.scope.get(lang)).to_owned(),
        Field::Sites => fields::sites(brief, sites, lang),
        Field::Routines => fields::routines_of(brief, &facts.routines, lang),
        Field::Back => fields::back(brief, facts.restore, words),
        Field::Contact => facts.contact.clone(),
    }
}
