//! What stands after a text: how to answer, for whom, and that it is a reminder. It is chosen once, when the delivery is planned,
//! and stands in the event that plans it: what is sent later is that, word for word.

use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;

use super::ask_list::AskState;
use super::asks::outgoing;
use super::event::{Batch, BatchTrailers, NewAsk};
use super::state::{Delivery, Incident};
use super::values::{Item, Send};
use crate::domain::ids::{FunctionIx, GatewayIx, PointIx};
use crate::domain::lang::Lang;
use crate::domain::plan::AnswerRule;
use crate::domain::text::Outgoing;
use crate::domain::text::fit::units;
use crate::domain::words::fill;

/// Makes the trailers of one message: the common one for functions that answer for themselves, a personal one for those
/// that answer for others.
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
            for a in stored.filter(|a| !matches!(a.state, AskState::Closed { .. } | AskState::Answered { .. })) {
                t.add(a.function, &a.asked);
            }
        }
        t
    }

    /// What stands after each text of a batch, as its gateway can carry it.
    pub fn of_batch(&self, batch: &Batch) -> BatchTrailers {
        let mut chosen = Chosen::default();
        let of: Vec<u32> = batch.sends.iter().map(|send| self.place(batch, *send, &mut chosen)).collect();
        let of = if chosen.texts.is_empty() { Vec::new() } else { of };
        BatchTrailers { texts: chosen.texts, of }
    }

    fn place(&self, batch: &Batch, send: Send, chosen: &mut Chosen) -> u32 {
        let plan = &self.inc.plan;
        let Some(gateway) = plan.point(send.point).gateways.get(usize::from(send.gateway)).copied() else { return 0 };
        let lang = plan.region.languages.get(usize::from(send.lang)).copied().unwrap_or(plan.lang());
        let Some(wanted) = self.for_point(send.point, gateway, lang, batch.flags) else { return 0 };
        let key = (gateway, lang, wanted);
        if let Some(known) = chosen.known.get(&key) {
            return *known;
        }
        let body = chosen.bodies.entry(lang).or_insert_with(|| outgoing(self.inc, batch.item, lang));
        let fits = |t: &String| {
            body.as_ref().is_some_and(|out| units(out, Some(t), &plan.gateway(gateway).capability).is_ok())
        };
        let fitting = if fits(&key.2) {
            Some(key.2.clone())
        } else {
            self.shorter(send.point, gateway, lang, batch.flags).into_iter().find(fits)
        };
        let place = fitting.map_or(0, |text| chosen.place_of(&text));
        chosen.known.insert(key, place);
        place
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
    fn shorter(&self, p: PointIx, g: GatewayIx, lang: Lang, flags: u8) -> Vec<String> {
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

/// Trailers of a batch while they are chosen.
#[derive(Default)]
struct Chosen {
    texts: Vec<Arc<str>>,
    places: HashMap<Arc<str>, u32>,
    bodies: BTreeMap<Lang, Option<Outgoing>>,
    /// By gateway and language: where what fits there of a wanted trailer stands.
    known: HashMap<(GatewayIx, Lang, String), u32>,
}

impl Chosen {
    fn place_of(&mut self, text: &str) -> u32 {
        if let Some(place) = self.places.get(text) {
            return *place;
        }
        let text: Arc<str> = text.into();
        self.texts.push(text.clone());
        let place = u32::try_from(self.texts.len()).unwrap_or(u32::MAX);
        self.places.insert(text, place);
        place
    }
}

/// Chooses the trailers of a batch that is about to leave with `asks`.
pub fn add(inc: &Incident, batch: &mut Batch, asks: &[NewAsk]) {
    if matches!(batch.item, Item::Message(_)) {
        batch.trailers = Trailers::new(inc, batch.item, asks).of_batch(batch);
    }
}
