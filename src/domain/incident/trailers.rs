//! What stands around a text, outside of it: before it that it is a reminder, or for whom its reader answers; after it how to answer
//! (RULES A14). It is chosen once, when the delivery is planned, and stands in the event that plans it: what is sent later is
//! that, word for word. What stands before is its first line: `PÅMINNELSE⏎Svara JA 14`.

use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;

use super::ask_list::AskState;
use super::asks::outgoing;
use super::event::{Batch, BatchTrailers, NewAsk};
use super::state::{Delivery, Incident};
use super::values::{Item, Send};
use crate::domain::ids::{FunctionIx, GatewayIx, PointIx};
use crate::domain::lang::Lang;
use crate::domain::plan::{AnswerRule, Capability};
use crate::domain::text::fit::units;
use crate::domain::text::{DoesNotFit, Outgoing};
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

    /// What stands around each text of a batch, as its gateway can carry it.
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
        let wanted = self.choices(send.point, gateway, lang, batch.flags);
        let Some(first) = wanted.first().cloned() else { return 0 };
        let key = (gateway, lang, first);
        if let Some(known) = chosen.known.get(&key) {
            return *known;
        }
        let body = chosen.bodies.entry(lang).or_insert_with(|| outgoing(self.inc, batch.item, lang));
        let capability = &plan.gateway(gateway).capability;
        let parts = |around: &str| body.as_ref().and_then(|out| units_with(out, Some(around), capability).ok());
        // What stands before a text may cost a third SMS, and no more than that.
        let bare = wanted.last().and_then(|last| parts(last)).unwrap_or(0);
        let most = if matches!(capability, Capability::Sms { .. }) { bare.max(LED_PARTS_MAX) } else { u32::MAX };
        let fitting = wanted.iter().find(|w| parts(w).is_some_and(|n| n <= most));
        let place = fitting.map_or(0, |text| chosen.place_of(text));
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

    /// The functions that are asked there, and those that they answer for beside themselves.
    fn names(&self, p: PointIx) -> Option<Vec<FunctionIx>> {
        let plan = &self.inc.plan;
        let serves: Vec<FunctionIx> =
            plan.point(p).functions.iter().copied().filter(|f| self.asked.contains(f)).collect();
        if serves.is_empty() {
            return None;
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
        Some(others)
    }

    /// What may stand around the text at that point, over that gateway, in that language: the first of these that fits. Of many
    /// functions as many as fit are named (`+3`), the confirmation lists all (RULES C4); last what only asks for the answer. A
    /// text that does not come at all says nothing to anybody.
    fn choices(&self, p: PointIx, g: GatewayIx, lang: Lang, flags: u8) -> Vec<String> {
        let words = self.inc.plan.words(lang);
        let names = if flags & Delivery::OTHER_TEXT != 0 { None } else { self.names(p) };
        let request = if names.is_some() { self.request(g, lang) } else { String::new() };
        let names = names.unwrap_or_default();
        let mut leads: Vec<String> = Vec::new();
        if flags & Delivery::REPEAT != 0 && !words.repeated.is_empty() {
            leads.push(words.repeated.clone());
        } else {
            // A reminder names them too: for somebody whom it names it may be the first text.
            let reminder = (flags & Delivery::REMINDER != 0).then_some(words.reminder.as_str());
            for named in (1..=names.len()).rev() {
                let shorts: Vec<&str> = names.iter().take(named).map(|f| self.short(*f, lang)).collect();
                let more = names.len() - named;
                let more = if more > 0 { format!(" +{more}") } else { String::new() };
                let named = fill(&words.you_answer_for, &[("functions", &format!("{}{more}", shorts.join(", ")))]);
                leads.push(reminder.map_or(named.clone(), |reminder| format!("{reminder}. {named}")));
            }
            leads.extend(reminder.map(str::to_owned));
        }
        let mut all: Vec<String> = leads.into_iter().map(|lead| format!("{lead}\n{request}")).collect();
        if !request.is_empty() {
            all.push(request);
        }
        all
    }

    /// What a function is called where many are listed.
    fn short(&self, f: FunctionIx, lang: Lang) -> &str {
        self.inc.plan.function(f).short_name(lang)
    }

    /// The least that stands around a text there: what asks for the answer, if it asks for one.
    pub fn least(&self, p: PointIx, g: GatewayIx, lang: Lang) -> Option<String> {
        self.names(p).map(|_| self.request(g, lang))
    }
}

/// What stands before a text may make it so many SMS.
const LED_PARTS_MAX: u32 = 3;

/// What stands before a text and after it, of what was chosen for it.
pub fn around(chosen: &str) -> (Option<&str>, Option<&str>) {
    let (lead, trailer) = chosen.split_once('\n').unwrap_or(("", chosen));
    let some = |s: &'_ str| !s.is_empty();
    (Some(lead).filter(|s| some(s)), Some(trailer).filter(|s| some(s)))
}

/// How many units a text takes with what stands around it.
///
/// # Errors
/// Why it can't go whole.
pub fn units_with(out: &Outgoing, chosen: Option<&str>, capability: &Capability) -> Result<u32, DoesNotFit> {
    let (lead, trailer) = chosen.map(around).unwrap_or_default();
    match lead {
        Some(lead) => units(&out.led_by(lead), trailer, capability),
        None => units(out, trailer, capability),
    }
}

/// Trailers of a batch while they are chosen.
#[derive(Default)]
struct Chosen {
    texts: Vec<Arc<str>>,
    places: HashMap<Arc<str>, u32>,
    bodies: BTreeMap<Lang, Option<Outgoing>>,
    /// By gateway, language and what was wanted: where what fits there stands.
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
