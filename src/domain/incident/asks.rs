//! What asks for an answer: the trailer outside the text, answer times, and who is next when nobody answers.

use std::collections::BTreeMap;

use super::event::NewAsk;
use super::render;
use super::state::{Ask, AskState, Delivery, Incident, Item};
use crate::domain::holder::{deputies_in_turn, holder};
use crate::domain::ids::{FunctionIx, GatewayIx, PointIx, Status};
use crate::domain::lang::Lang;
use crate::domain::plan::{AnswerRule, Plan};
use crate::domain::text::{Actual, Canonical, Exercise, Fingerprint, Mark, NO_MARK, Outgoing, Text};
use crate::domain::time::At;
use crate::domain::words::{NoteWord, fill};

/// Answer time of a function, in seconds: its own; a playbook may only shorten it (RULES C8).
pub fn within_s(plan: &Plan, f: FunctionIx, row: Option<u32>) -> u32 {
    let own = plan.function(f).answer_within_s.max(1);
    row.map_or(own, |r| own.min(r.max(1)))
}

/// How many of who is asked for `f` with an entry must answer: as the function itself asks for, or its row where that is more.
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
        super::state::Source::Row(id) => inc.plan.row(inc.book(), id),
        _ => None,
    }
}

/// Who is asked for `f` after those who were: its deputies in turn, then the last resort. Each holder once (RULES C9, C10).
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
            && m.kind != super::state::Kind::Holding
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

/// Makes the trailers of one message: the common one for who is asked for itself, a personal one for who answers for others.
pub struct Trailers<'a> {
    inc: &'a Incident,
    /// Per function that was asked: for which others.
    for_others: BTreeMap<FunctionIx, Vec<FunctionIx>>,
    asked: std::collections::BTreeSet<FunctionIx>,
    /// Functions that an answer is wanted for.
    asked_for: std::collections::BTreeSet<FunctionIx>,
}

impl<'a> Trailers<'a> {
    /// For a message that is being released with `asks`, or that was released before (no `asks`). A note has none.
    pub fn new(inc: &'a Incident, item: Item, asks: &[NewAsk]) -> Self {
        let mut t =
            Trailers { inc, for_others: BTreeMap::new(), asked: Default::default(), asked_for: Default::default() };
        if let Item::Message(seq) = item {
            for a in asks {
                t.add(a.function, &a.asked);
            }
            let stored = inc.asks.iter().filter(|a| a.message == seq && a.rule != AnswerRule::None);
            for a in stored.filter(|a| !matches!(a.state, AskState::Closed { .. })) {
                t.add(a.function, &a.asked);
            }
        }
        t
    }

    fn add(&mut self, function: FunctionIx, asked: &[FunctionIx]) {
        self.asked_for.insert(function);
        for f in asked {
            self.asked.insert(*f);
            if *f != function {
                let others = self.for_others.entry(*f).or_default();
                if !others.contains(&function) {
                    others.push(function);
                }
            }
        }
    }

    /// The same where the gateway can't carry all of it beside the text: without the word that it is a reminder, then only what
    /// asks for the answer, then nothing. An answer's confirmation says for whom it counts (RULES C4); a text that does not
    /// come at all says nothing to anybody.
    pub fn shorter(&self, p: PointIx, g: GatewayIx, lang: Lang, flags: u8) -> Vec<String> {
        let unremarked = self.for_point(p, g, lang, flags & !Delivery::REMINDER);
        unremarked.into_iter().chain([self.request(g, lang)]).collect()
    }

    /// What asks for the answer over that gateway.
    fn request(&self, g: GatewayIx, lang: Lang) -> String {
        let plan = &self.inc.plan;
        let words = plan.words(lang);
        let code = self.inc.no.written(&words.drill_prefix);
        if plan.gateway(g).answers {
            return fill(&words.answer_by_reply, &[("code", &code)]);
        }
        let switchboard = plan.functions.get(plan.region.switchboard.ix()).and_then(|f| f.phone.as_ref());
        let number = switchboard.map_or("", |p| p.number.as_str());
        fill(&words.answer_by_phone, &[("code", &code), ("phone", number)])
    }

    /// What stands after the text at that point, over that gateway, in that language.
    pub fn for_point(&self, p: PointIx, g: GatewayIx, lang: Lang, flags: u8) -> Option<String> {
        let plan = &self.inc.plan;
        let serves: Vec<FunctionIx> =
            plan.point(p).functions.iter().copied().filter(|f| self.asked.contains(f)).collect();
        if serves.is_empty() || flags & Delivery::OTHER_TEXT != 0 {
            return None;
        }
        let words = plan.words(lang);
        let mut parts = Vec::new();
        if flags & Delivery::REMINDER != 0 {
            parts.push(format!("{}.", words.reminder));
        }
        let mut others: Vec<FunctionIx> =
            serves.iter().flat_map(|f| self.for_others.get(f)).flatten().copied().collect();
        others.sort_unstable();
        others.dedup();
        others.retain(|o| !serves.contains(o));
        // An address that serves several functions says which (RULES C2).
        let own: Vec<FunctionIx> = serves.iter().copied().filter(|f| self.asked_for.contains(f)).collect();
        if own.len() > 1 {
            others.splice(0..0, own);
        }
        if !others.is_empty() {
            let names: Vec<&str> = others.iter().map(|o| plan.function(*o).title.get(lang)).collect();
            parts.push(fill(&words.you_answer_for, &[("functions", &names.join(", "))]));
        }
        parts.push(self.request(g, lang));
        Some(parts.join(" "))
    }
}

/// The asks that a point answers for: those whose request went to one of the functions reached there (RULES C1).
pub fn served_by(inc: &Incident, p: PointIx) -> Vec<u32> {
    let at_point = &inc.plan.point(p).functions;
    let asks = inc.asks.current().values().copied();
    asks.filter(|id| inc.asks.get(*id as usize).is_some_and(|a| a.asked.iter().any(|f| at_point.contains(f)))).collect()
}

/// When an ask needs something done: the reminder, or the deadline.
pub fn ask_due(ask: &Ask) -> Option<At> {
    if ask.rule != AnswerRule::Required || ask.state != AskState::Waiting {
        return None;
    }
    Some(ask.remind_at.map_or(ask.due, |r| r.min(ask.due)))
}
