//! What asks for an answer: what leaves, answer times, and who is next when nobody answers.

use super::ask_list::Ask;
use super::render;
use super::state::Incident;
use super::values::Item;
use crate::domain::holder::{deputies_in_turn, holder};
use crate::domain::ids::{FunctionIx, PointIx, Status};
use crate::domain::lang::Lang;
use crate::domain::plan::Plan;
use crate::domain::text::{Actual, Canonical, Exercise, Fingerprint, Mark, NO_MARK, Outgoing, Text};
use crate::domain::time::At;
use crate::domain::words::NoteWord;

/// Answer time of a function, in seconds: its own; a playbook may only shorten it (RULES C8).
pub fn within_s(plan: &Plan, f: FunctionIx, row: Option<u32>) -> u32 {
    let own = plan.function(f).answer_within_s.max(1);
    row.map_or(own, |r| own.min(r.max(1)))
}

/// How many of those who are asked for `f` with an entry must answer: as the function itself asks for, or its row where
/// that is more.
pub fn answers_needed(inc: &Incident, entry: u32, f: FunctionIx) -> u8 {
    let own = inc.plan.functions.get(f.ix()).map_or(1, |f| f.answers);
    own.max(row_of(inc, entry).and_then(|r| r.answers).unwrap_or(1)).max(1)
}

/// How long after its answer a function is to be there, when its row says so (INCIDENTS lesson 4).
pub fn arrive_within_s(inc: &Incident, entry: u32) -> Option<u32> {
    row_of(inc, entry).and_then(|r| r.arrive_within_s)
}

fn row_of(inc: &Incident, entry: u32) -> Option<&crate::domain::plan::Row> {
    match inc.entry(entry)?.source {
        super::values::Source::Row(id) => inc.plan.row(inc.book(), id),
        _ => None,
    }
}

/// The next one to ask for `f`: its deputies in turn, then the last resort. Each holder once (RULES C9, C10).
pub fn next_to_ask(plan: &Plan, f: FunctionIx, asked: &[FunctionIx], at: At) -> Option<FunctionIx> {
    let t = at.timestamp();
    let last = plan.region.last_resort.iter().map(|l| holder(plan, *l, t).unwrap_or_else(|c| c.last));
    deputies_in_turn(plan, f, t).into_iter().chain(last).find(|x| !asked.contains(x))
}

/// What an ask is pursued with: the newest text that was released to its function (RULES C9), never an outdated one.
pub fn newest_for(inc: &Incident, ask: &Ask) -> u32 {
    let Some(audience) = inc.message(ask.message).map(|m| m.audience) else { return ask.message };
    let newer = |m: &super::state::Message| {
        m.seq > ask.message
            && m.audience == audience
            && m.released_at.is_some()
            && !m.stopped
            && m.kind != super::values::Kind::Holding
            && inc.entries.iter().any(|e| {
                e.message == m.seq
                    && matches!(e.state, super::state::EntryState::Released { .. })
                    && e.to.contains(&ask.function)
            })
    };
    inc.messages.iter().rev().take_while(|m| m.seq > ask.message).find(|m| newer(m)).map_or(ask.message, |m| m.seq)
}

/// What leaves in one language: the body that all who get it share.
pub fn outgoing(inc: &Incident, item: Item, lang: Lang) -> Option<Outgoing> {
    match item {
        Item::Message(seq) => {
            let draft = inc.message(seq)?.texts.get(&lang)?;
            Some(message_outgoing(inc, seq, lang, draft.fingerprint, &draft.text))
        }
        Item::Note(id) => note_outgoing(inc, inc.notes.get(id as usize)?.text.as_str(), lang),
    }
}

/// A message as it would leave with another wording in that language, under the fingerprint that it would then have.
pub fn reworded(inc: &Incident, seq: u32, lang: Lang, wording: &str) -> Option<Outgoing> {
    let audience = inc.message(seq)?.audience;
    let text = Canonical::from_typed(wording).ok()?;
    let fingerprint = render::fingerprint(&inc.plan, inc.number(seq), audience, lang, &text);
    Some(message_outgoing(inc, seq, lang, fingerprint, &text))
}

fn message_outgoing(inc: &Incident, seq: u32, lang: Lang, fingerprint: Fingerprint, text: &Canonical) -> Outgoing {
    let words = inc.plan.words(lang);
    let number = inc.number(seq).written(&words.drill_prefix);
    match inc.no.status {
        Status::Actual => Outgoing::message(&Text::<Actual>::new(&number, fingerprint, text.clone()), NO_MARK),
        Status::Exercise => {
            let text = Text::<Exercise>::new(&number, fingerprint, text.clone());
            Outgoing::message(&text, mark(&words.mark))
        }
    }
}

/// A note's text as it leaves.
pub fn note_outgoing(inc: &Incident, text: &str, lang: Lang) -> Option<Outgoing> {
    let words = inc.plan.words(lang);
    let text = Canonical::from_typed(text).ok()?;
    let number = inc.no.written(&words.drill_prefix);
    Some(match inc.no.status {
        Status::Actual => Outgoing::note::<Actual>(&number, &text, NO_MARK),
        Status::Exercise => Outgoing::note::<Exercise>(&number, &text, mark(&words.mark)),
    })
}

/// A note that belongs to no incident, as it leaves. A test begins with `TEST`.
pub fn system_note_outgoing(word: NoteWord, text: &str) -> Option<Outgoing> {
    let header = if word == NoteWord::Test { "TEST" } else { "VK" };
    Some(Outgoing::note::<Actual>(header, &Canonical::from_typed(text).ok()?, NO_MARK))
}

/// The exercise mark of a language; a plan without one can't be made, and a drill without a mark must not leave.
fn mark(word: &str) -> Mark {
    Mark::new(word).or_else(|| Mark::new("EXERCISE")).unwrap_or_else(|| unreachable!("EXERCISE is one word of letters"))
}

/// The asks that a point answers for: those whose request went to one of the functions reached there (RULES C1). What it is told
/// of later it does not answer yet.
pub fn served_by(inc: &Incident, p: PointIx) -> Vec<u32> {
    let at_point = &inc.plan.point(p).functions;
    let asks = inc.asks.current().values().copied();
    let serves = |id: &u32| {
        let asked = |f: &FunctionIx| at_point.contains(f) && !inc.is_untold(*f, *id);
        inc.asks.get(*id as usize).is_some_and(|a| a.asked.iter().any(asked))
    };
    asks.filter(serves).collect()
}
