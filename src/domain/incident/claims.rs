//! What a text claims beside what is known: whoever approves it stands for that (RULES A12).

use std::collections::BTreeMap;

use super::state::{Incident, Message};
use super::values::Draft;
use crate::domain::lang::Lang;
use crate::domain::plan::Audience;
use crate::domain::text::Canonical;

/// What a text for the public says works, in each of its languages: a claim of the playbook that somebody must stand for.
pub fn claims(inc: &Incident, message: &Message) -> BTreeMap<Lang, String> {
    let Some(words) = inc.book().public_words.as_ref().filter(|_| message.audience == Audience::Public) else {
        return BTreeMap::new();
    };
    let claim = |(lang, draft): (&Lang, &Draft)| {
        let said = Canonical::from_typed(words.works.get(*lang).trim()).ok()?;
        (!said.as_str().is_empty() && draft.text.as_str().contains(said.as_str())).then(|| (*lang, said.to_string()))
    };
    message.texts.iter().filter_map(claim).collect()
}
