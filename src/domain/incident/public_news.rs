//! News that is typed for the public (RULES A12): what of it the public has read, and what waits.

use super::facts::PublicNews;
use super::state::{Incident, Message};
use crate::domain::lang::L10n;
use crate::domain::plan::Audience;
use crate::domain::text::Canonical;
use crate::domain::time::At;

/// So much waits for a text that says it; the oldest gives way. Where nothing goes to the public, nothing is told.
pub const WAITING_MAX: usize = 5;

/// What the public has read, also where that text was stopped since; and what an approver took out of a text that went out.
pub fn told(inc: &Incident) -> Vec<PublicNews> {
    let public = |m: &&Message| m.audience == Audience::Public && m.released_at.is_some();
    let mut all: Vec<PublicNews> = Vec::new();
    for m in inc.messages.iter().filter(public) {
        let says = |n: &&PublicNews| m.replaces.is_some() || says(m, n);
        all.extend(m.facts.public_news.iter().filter(says).filter(|n| !all.contains(n)).cloned().collect::<Vec<_>>());
    }
    all
}

/// A plan that was frozen before there were words for news says none.
fn says(m: &Message, news: &PublicNews) -> bool {
    news.said.0.iter().any(|(lang, said)| {
        let said = Canonical::from_typed(said.trim().trim_end_matches('.'));
        m.texts.get(lang).zip(said.ok()).is_some_and(|(text, said)| text.text.as_str().contains(said.as_str()))
    })
}

/// What waits for a text once `typed` came: said with `right`, it takes the place of what nobody has read. What is typed empty takes it back.
pub fn waiting(inc: &Incident, typed: Option<&L10n>, right: bool, now: At) -> Vec<PublicNews> {
    let told = told(inc);
    let mut waits: Vec<PublicNews> = inc.facts.public_news.iter().filter(|n| !told.contains(n)).cloned().collect();
    if let Some(typed) = typed {
        let said = L10n(typed.0.iter().filter(|(_, t)| !t.trim().is_empty()).map(|(l, t)| (*l, t.clone())).collect());
        if right || said.0.is_empty() {
            waits.clear();
        }
        if !said.0.is_empty() {
            waits.push(PublicNews { at: now, said, right });
        }
    }
    waits.drain(..waits.len().saturating_sub(WAITING_MAX));
    waits
}
