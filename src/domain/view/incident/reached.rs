//! How far what was sent has come, by function.

use super::super::id;
use super::shown::*;
use crate::domain::delivery::DeliveryState;
use crate::domain::ids::{FunctionIx, PointIx};
use crate::domain::incident::ask_list::Ask;
use crate::domain::incident::asks::outgoing;
use crate::domain::incident::state::{Delivery, Entry, EntryState, Incident};
use crate::domain::incident::trailers::Trailers;
use crate::domain::incident::values::Item;
use crate::domain::plan::{Channel, Plan};
use crate::domain::text::{DoesNotFit, fit};
use crate::domain::time::At;
use std::collections::{BTreeMap, BTreeSet, HashMap};

/// A function that was told something: with the newest entry that did, and the ask that counts.
pub(in crate::domain::view) struct Told<'a> {
    pub function: FunctionIx,
    pub entry: &'a Entry,
    pub released: At,
    pub ask: Option<&'a Ask>,
}

impl Told<'_> {
    /// Whose duty points got it.
    pub(super) fn receivers(&self) -> Vec<FunctionIx> {
        match self.ask {
            Some(ask) => ask.asked.clone(),
            None => vec![self.function],
        }
    }
    /// Which message its row is about.
    pub(super) fn message(&self) -> u32 {
        self.ask.map_or(self.entry.message, |a| a.message)
    }
}

/// Every function that a released entry names, with the newest message that asks it, or else the newest it was told.
pub(in crate::domain::view) fn addressed(inc: &Incident) -> Vec<Told<'_>> {
    let mut newest: BTreeMap<FunctionIx, (&Entry, At)> = BTreeMap::new();
    for e in &inc.entries {
        let EntryState::Released { at, .. } = e.state else { continue };
        for f in &e.to {
            newest.insert(*f, (e, at));
        }
    }
    newest
        .into_iter()
        .map(|(function, (entry, released))| {
            let ask = inc.ask(function);
            let (entry, released) = ask
                .and_then(|a| inc.entry(a.entry))
                .and_then(|e| match e.state {
                    EntryState::Released { at, .. } => Some((e, at)),
                    _ => None,
                })
                .unwrap_or((entry, released));
            Told { function, entry, released, ask }
        })
        .collect()
}

/// The deliveries of an incident, found by what was sent to which point.
pub(in crate::domain::view) struct Best {
    /// The first delivery over each gateway of a point, and the reminders after it.
    pub(super) by_point: HashMap<(u32, PointIx), Vec<u32>>,
    pub(super) notes: BTreeMap<u32, DeliveryState>,
}

/// How far a text came to anybody who was asked.
#[derive(Clone, Copy, Default)]
pub(in crate::domain::view) struct Reached {
    pub handed_over: bool,
    pub delivered: bool,
}

impl Best {
    pub(in crate::domain::view) fn of(inc: &Incident) -> Self {
        let mut best = Best { by_point: HashMap::new(), notes: BTreeMap::new() };
        for (ordinal, d) in (0u32..).zip(&inc.deliveries) {
            match d.item() {
                Item::Message(m) => best.by_point.entry((m, d.point)).or_default().push(ordinal),
                Item::Note(n) => {
                    let seen = best.notes.entry(n).or_insert(d.state);
                    if rank(d.state) > rank(*seen) {
                        *seen = d.state;
                    }
                }
            }
        }
        best
    }

    pub(super) fn deliveries<'a>(
        &'a self,
        inc: &'a Incident,
        message: u32,
        p: PointIx,
    ) -> impl Iterator<Item = (u32, &'a Delivery)> {
        let all = self.by_point.get(&(message, p)).map_or(&[][..], Vec::as_slice);
        all.iter().filter_map(|o| inc.deliveries.get(*o as usize).map(|d| (*o, d)))
    }

    pub(in crate::domain::view) fn of_function(&self, inc: &Incident, told: &Told<'_>) -> Reached {
        let mut reached = Reached::default();
        for f in told.receivers() {
            for p in &inc.plan.function(f).points {
                for (_, d) in self.deliveries(inc, told.message(), *p) {
                    reached.delivered |= d.state == DeliveryState::Delivered;
                    reached.handed_over |= matches!(d.state, DeliveryState::Delivered | DeliveryState::Accepted);
                }
            }
        }
        reached
    }
}

/// How good a state is: the best of several is what a person is shown first.
pub(super) fn rank(state: DeliveryState) -> u8 {
    match state {
        DeliveryState::Delivered => 7,
        DeliveryState::Accepted => 6,
        DeliveryState::Unknown => 5,
        DeliveryState::Attempting => 4,
        DeliveryState::Queued => 3,
        DeliveryState::Failed => 2,
        DeliveryState::Expired => 1,
        DeliveryState::Withdrawn => 0,
    }
}

/// Points of listed channels that got nothing of a message which their function was told: found anew from the text, since
/// what a gateway carries does not change within a plan.
pub(super) fn dropped(inc: &Incident, told: &[Told<'_>], best: &Best) -> Vec<DroppedView> {
    let plan: &Plan = &inc.plan;
    let mut all = Vec::new();
    let mut seen = BTreeSet::new();
    for t in told {
        let seq = t.message();
        for f in t.receivers() {
            let points = &plan.function(f).points;
            let sent = |p: &PointIx| best.by_point.contains_key(&(seq, *p));
            let instead: BTreeSet<Channel> =
                points.iter().filter(|p| sent(p)).map(|p| plan.point(*p).channel).collect();
            for p in points.iter().filter(|p| !sent(p)) {
                let channel = plan.point(*p).channel;
                if !t.entry.channels.contains(&channel)
                    || matches!(channel, Channel::Web | Channel::Manual)
                    || !seen.insert((seq, *p))
                {
                    continue;
                }
                if let Some(why) = cannot(inc, seq, *p) {
                    let instead = instead.iter().copied().collect();
                    all.push(DroppedView { message: inc.number(seq), function: id(plan, f), channel, why, instead });
                }
            }
        }
    }
    all
}

/// Why none of a point's gateways can carry a message in any of its languages.
pub(in crate::domain::view) fn cannot(inc: &Incident, seq: u32, p: PointIx) -> Option<DoesNotFit> {
    let plan: &Plan = &inc.plan;
    let trailers = Trailers::new(inc, Item::Message(seq), &[]);
    let point = plan.point(p);
    let mut first = None;
    for g in &point.gateways {
        for lang in &point.languages {
            let Some(out) = outgoing(inc, Item::Message(seq), *lang) else { continue };
            let trailer = trailers.least(p, *g, *lang);
            match fit::units(&out, trailer.as_deref(), &plan.gateway(*g).capability) {
                Ok(_) => return None,
                Err(why) => first = first.or(Some(why)),
            }
        }
    }
    first
}
