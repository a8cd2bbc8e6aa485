//! What far devices would show of a text, before it leaves: found by trying its release on a copy, so that holders, deputies,
//! languages and gateways are exactly those of the release itself.

use std::collections::{BTreeMap, BTreeSet};

use serde::{Deserialize, Serialize};

use super::incident::cannot;
use super::{count, id};
use crate::domain::delivery::DeliveryState;
use crate::domain::ids::{FunctionId, FunctionIx, GatewayId, IncidentNo, MessageNo, PointIx};
use crate::domain::incident::asks::{outgoing, reworded};
use crate::domain::incident::decide::decide;
use crate::domain::incident::event::{Change, Event};
use crate::domain::incident::input::{Action, Input};
use crate::domain::incident::state::{Delivery, Entry, EntryState, Incident, State};
use crate::domain::incident::trailers::around;
use crate::domain::incident::values::Item;
use crate::domain::lang::Lang;
use crate::domain::plan::{Audience, Channel, Plan};
use crate::domain::public_view::as_published;
use crate::domain::text::sms::{self, SmsLimits};
use crate::domain::text::{Charset, DoesNotFit, Fingerprint, Outgoing, fit};
use crate::domain::time::At;

/// What far devices show of one message.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize, Debug, schemars::JsonSchema)]
pub struct PreviewsView {
    pub number: MessageNo,
    pub audience: Audience,
    /// It was released: this is what was sent, not what would be.
    pub released: bool,
    pub texts: Vec<TextPreview>,
    /// What each gateway shows, in the order of channels.
    pub shown: Vec<PreviewView>,
    /// What can't carry it.
    pub cannot: Vec<CannotView>,
}

/// A text in one language, with what it costs.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize, Debug, schemars::JsonSchema)]
pub struct TextPreview {
    pub lang: Lang,
    /// The canonical text.
    pub text: String,
    pub fingerprint: Fingerprint,
    /// Somebody read it in this language.
    pub reviewed: bool,
    /// How many SMS it takes without what asks for an answer.
    pub sms_parts: Option<u32>,
    /// How many it would take with the replacements that are offered.
    pub sms_parts_replaced: Option<u32>,
    /// What makes it longer (RULES A6).
    pub costly: Vec<CostlyView>,
}

/// A character that no SMS alphabet has: it halves what one SMS holds. Never replaced in silence (RULES A6).
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize, Debug, schemars::JsonSchema)]
pub struct CostlyView {
    pub character: char,
    /// What could stand instead, if there is something that reads the same.
    pub replacement: Option<String>,
    /// Where it stands, in characters from 0.
    pub at: Vec<u32>,
}

/// What one gateway shows, in one language, with one trailer.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize, Debug, schemars::JsonSchema)]
pub struct PreviewView {
    pub channel: Channel,
    /// Over which gateway; none for the public page.
    pub gateway: Option<GatewayId>,
    /// In which language.
    pub lang: Lang,
    /// Exactly what each unit shows: SMS, page, sheet, mail.
    pub units: Vec<String>,
    /// What it takes there: SMS parts, pages, sheets.
    pub parts: u32,
    /// Duty points that get it so.
    pub points: u32,
    /// The functions whose points they are.
    pub functions: Vec<FunctionId>,
    /// The holding text goes instead: nobody read this language (RULES A7).
    pub other_text: bool,
}

/// A duty point that can't get it whole.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize, Debug, schemars::JsonSchema)]
pub struct CannotView {
    pub channel: Channel,
    /// Whose duty point.
    pub functions: Vec<FunctionId>,
    pub why: DoesNotFit,
    /// What they get it over instead; empty: the switchboard reads it out.
    pub instead: Vec<Channel>,
}

/// What far devices would show of a message to those who wait for it; once nobody does, what they were sent.
pub fn previews(state: &State, no: IncidentNo, seq: u32, now: At) -> Option<PreviewsView> {
    let original = state.incidents.get(&no)?;
    let message = original.message(seq)?;
    let tried = try_release(state, original, seq, now);
    let released = tried.is_none() && message.released_at.is_some();
    let inc = tried.as_ref().and_then(|s| s.incidents.get(&no)).unwrap_or(original);
    // Some may have had this number at once while it waits for others (RULES B1): those are not asked about here.
    let had = if tried.is_some() { original.deliveries.len() } else { 0 };
    let mine = |e: &&Entry| e.message == seq && (tried.is_none() || original.entry(e.id).is_none_or(waits));
    let entries: Vec<&Entry> = inc.entries.iter().filter(mine).collect();
    let mut shown = shown(inc, seq, had);
    if entries.iter().any(|e| e.public) {
        // As the page would show it: a language that nobody read has the holding text (RULES A7, A14).
        for (lang, text) in as_published(inc, message) {
            shown.push(PreviewView {
                channel: Channel::Web,
                gateway: None,
                lang,
                other_text: message.texts.get(&lang).is_none_or(|draft| draft.text.as_str() != text),
                units: vec![text],
                parts: 1,
                points: 1,
                functions: Vec::new(),
            });
        }
    }
    shown.sort_by(|a, b| (a.channel, a.lang, b.points).cmp(&(b.channel, b.lang, a.points)));
    Some(PreviewsView {
        number: original.number(seq),
        audience: message.audience,
        released,
        texts: original
            .plan
            .region
            .languages
            .iter()
            .filter_map(|lang| Some((lang, message.texts.get(lang)?)))
            .map(|(lang, d)| {
                let out = outgoing(original, Item::Message(seq), *lang);
                let costly = costly(d.text.as_str());
                let wording = (!costly.is_empty()).then(|| replaced(d.text.as_str()));
                let replaced = wording.and_then(|wording| reworded(original, seq, *lang, &wording));
                TextPreview {
                    lang: *lang,
                    text: d.text.as_str().into(),
                    fingerprint: d.fingerprint,
                    reviewed: d.reviewed,
                    sms_parts: out.as_ref().and_then(sms_parts),
                    sms_parts_replaced: replaced.as_ref().and_then(sms_parts),
                    costly,
                }
            })
            .collect(),
        shown,
        cannot: all_cannot(inc, seq, &entries),
    })
}

/// It has not gone out, and may.
fn waits(e: &Entry) -> bool {
    matches!(e.state, EntryState::Waiting(_) | EntryState::Quiet { .. })
}

/// The state with this incident alone, after the message's waiting entries were released; none when nothing waits.
fn try_release(state: &State, inc: &Incident, seq: u32, now: At) -> Option<State> {
    if !inc.entries.iter().any(|e| e.message == seq && waits(e)) {
        return None;
    }
    let mut copy = State::new(state.plan.clone());
    copy.plans.clone_from(&state.plans);
    copy.modes.clone_from(&state.modes);
    copy.drilled.clone_from(&state.drilled);
    copy.incidents.insert(inc.no, inc.clone());
    let action = Action::BreakGlass { number: inc.number(seq), reason: "preview".into() };
    // Who reported may break the glass; what waits and what each gets is the same whoever says yes.
    let by = id(&inc.plan, inc.reporter);
    let events = decide(&mut copy, &Input::Command { who: None, by, action: Box::new(action) }, now, [0; 16]).ok()?;
    let some = |e: &Event| matches!(e, Event::Incident { change, .. } if matches!(**change, Change::Released { .. }));
    events.iter().any(some).then_some(copy)
}

/// What was sent of a message from that ordinal on, grouped by what the far device shows.
pub(super) fn shown(inc: &Incident, seq: u32, from: usize) -> Vec<PreviewView> {
    let plan: &Plan = &inc.plan;
    type Key = (u32, u8, Option<String>, Item);
    let mut groups: BTreeMap<Key, BTreeSet<PointIx>> = BTreeMap::new();
    let item = Item::Message(seq);
    for d in of_message(inc, seq, from) {
        let Some(g) = plan.point(d.point).gateways.get(usize::from(d.gateway)) else { continue };
        let trailer = inc.trailer(d).map(|t| t.to_string());
        groups.entry((g.0, d.lang, trailer, d.item())).or_default().insert(d.point);
    }
    let mut all = Vec::new();
    for ((g, lang, trailer, sent), points) in groups {
        let gateway = plan.gateway(crate::domain::ids::GatewayIx(g));
        let lang = plan.region.languages.get(usize::from(lang)).copied().unwrap_or(plan.lang());
        let Some(out) = outgoing(inc, sent, lang) else { continue };
        let (lead, trailer) = trailer.as_deref().map(around).unwrap_or_default();
        let out = lead.map_or(out.clone(), |lead| out.led_by(lead));
        let Ok(units) = fit::shown(&out, trailer, &gateway.capability) else { continue };
        let parts = fit::units(&out, trailer, &gateway.capability).unwrap_or(1);
        all.push(PreviewView {
            channel: gateway.channel,
            gateway: Some(gateway.id.clone()),
            lang,
            units,
            parts,
            points: count(points.len()),
            functions: owners(plan, &points),
            other_text: sent != item,
        });
    }
    all
}

/// What was sent of a message so far, as devices show it.
pub(super) fn sent(inc: &Incident, seq: u32) -> Vec<PreviewView> {
    let mut all = shown(inc, seq, 0);
    all.sort_by(|a, b| (a.channel, a.lang, b.points).cmp(&(b.channel, b.lang, a.points)));
    all
}

/// The first deliveries of a message, and of the holding text that goes in its stead.
fn of_message(inc: &Incident, seq: u32, from: usize) -> impl Iterator<Item = &Delivery> {
    inc.deliveries.iter().skip(from).filter(move |d| match d.item() {
        Item::Message(m) => {
            let repeated =
                d.flags & (Delivery::REMINDER | Delivery::PASSED_ON) != 0 || d.state == DeliveryState::Withdrawn;
            let instead = d.flags & Delivery::OTHER_TEXT != 0 && m > seq;
            (m == seq || instead) && !repeated
        }
        Item::Note(_) => false,
    })
}

fn owners(plan: &Plan, points: &BTreeSet<PointIx>) -> Vec<FunctionId> {
    let owners: BTreeSet<FunctionIx> = points.iter().flat_map(|p| plan.point(*p).functions.iter().copied()).collect();
    owners.into_iter().map(|f| id(plan, f)).collect()
}

fn all_cannot(inc: &Incident, seq: u32, entries: &[&Entry]) -> Vec<CannotView> {
    let plan: &Plan = &inc.plan;
    let got: BTreeSet<PointIx> = of_message(inc, seq, 0).map(|d| d.point).collect();
    let mut out: BTreeMap<PointIx, CannotView> = BTreeMap::new();
    for e in entries {
        let asked = e.to.iter().flat_map(|f| inc.ask(*f).map_or_else(|| vec![*f], |a| a.asked.clone()));
        for f in asked {
            let points = &plan.function(f).points;
            for p in points.iter().filter(|p| !got.contains(p)) {
                let channel = plan.point(*p).channel;
                if out.contains_key(p) || !e.channels.contains(&channel) {
                    continue;
                }
                let Some(why) = cannot(inc, seq, *p) else { continue };
                let instead: BTreeSet<Channel> =
                    points.iter().filter(|p| got.contains(p)).map(|p| plan.point(*p).channel).collect();
                let functions = plan.point(*p).functions.iter().map(|f| id(plan, *f)).collect();
                out.insert(*p, CannotView { channel, functions, why, instead: instead.into_iter().collect() });
            }
        }
    }
    out.into_values().collect()
}

fn sms_parts(out: &Outgoing) -> Option<u32> {
    let limits = SmsLimits { parts_max: sms::PARTS_MAX, ..SmsLimits::default() };
    sms::fit(out, None, &limits).ok().map(|f| u32::from(f.parts))
}

/// What phone keyboards type for what people mean, and what reads the same in an SMS alphabet.
fn plain(c: char) -> Option<&'static str> {
    Some(match c {
        '“' | '”' | '„' | '‟' | '«' | '»' | '″' => "\"",
        '‘' | '’' | '‚' | '‛' | '´' | '`' | '′' => "'",
        '‐' | '‑' | '‒' | '–' | '—' | '―' | '−' | '•' | '·' => "-",
        '…' => "...",
        '×' => "x",
        '½' => "1/2",
        '¼' => "1/4",
        '¾' => "3/4",
        '°' => " grader",
        _ => return None,
    })
}

/// The text with every costly character replaced that has a plain form: offered, and taken only at a click (RULES A6).
pub fn replaced(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for c in text.chars() {
        match plain(c).filter(|_| !Charset::Gsm7.has(c)) {
            Some(p) => out.push_str(p),
            None => out.push(c),
        }
    }
    out
}

/// The characters of a text that no SMS alphabet has (RULES A6).
pub fn costly(text: &str) -> Vec<CostlyView> {
    let mut found: BTreeMap<char, Vec<u32>> = BTreeMap::new();
    for (i, c) in (0u32..).zip(text.chars()) {
        if !Charset::Gsm7.has(c) {
            found.entry(c).or_default().push(i);
        }
    }
    found
        .into_iter()
        .map(|(character, at)| CostlyView { character, replacement: plain(character).map(str::to_owned), at })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rule_a6_what_phone_keyboards_type_is_shown_with_its_place_and_never_replaced_by_itself() {
        let typed = "“Åter” – snart…";
        let found = costly(typed);
        let places: Vec<(char, &[u32])> = found.iter().map(|c| (c.character, c.at.as_slice())).collect();
        assert_eq!(places, [('–', &[7][..]), ('“', &[0]), ('”', &[5]), ('…', &[14])]);
        assert_eq!(replaced(typed), "\"Åter\" - snart...");
        assert_eq!(replaced("Åäö é €"), "Åäö é €", "what every SMS has stays");
        let [no_plain_form] = &costly("Ř")[..] else { panic!("one") };
        assert_eq!(no_plain_form.replacement, None);
    }
}
