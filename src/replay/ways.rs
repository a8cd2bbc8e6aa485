//! Texts on their way in a replay: which gateway takes them and when, what a dead one gives back, what arrives, what whoever reads it does.

use std::sync::Arc;

use super::people::Read;
use super::run::{Next, Runner};
use super::seen::{Got, Item as SeenItem};
use crate::domain::delivery::DeliveryState;
use crate::domain::ids::{DeliveryId, FunctionId, GatewayIx, IncidentNo, PointIx};
use crate::domain::incident::actor::Actor;
use crate::domain::incident::asks::{outgoing, served_by};
use crate::domain::incident::input::{Action, Input, Told};
use crate::domain::incident::state::{Delivery, Incident};
use crate::domain::incident::trailers::around;
use crate::domain::incident::values::{Item, Standing};
use crate::domain::lang::Lang;
use crate::domain::plan::Channel;
use crate::domain::time::At;

/// A gateway that can't be reached is given up after that, in milliseconds.
const GIVEN_UP_MS: i64 = 10_000;
/// Deliveries of one gateway that end together: receipts come in so many handfuls.
const HANDFULS: usize = 3;
/// Who was reached by a pager alone calls the switchboard so much after an answer in writing would have come, in milliseconds.
const CALLS_AFTER_MS: u64 = 30_000;

impl Runner<'_> {
    /// Keeps a delivery that was planned; over which gateway.
    pub(super) fn planned(&mut self, id: DeliveryId) -> Option<GatewayIx> {
        let inc = self.state.incidents.get(&id.incident)?;
        let d = *inc.deliveries.get(id.ordinal as usize)?;
        let plan = inc.plan.clone();
        let point = plan.point(d.point);
        let gateway = point.gateways.get(usize::from(d.gateway)).copied()?;
        let lang = plan.region.languages.get(usize::from(d.lang)).copied().unwrap_or(plan.lang());
        let key = (id.incident, d.item(), lang, d.trailer);
        let text = match self.texts.get(&key) {
            Some(text) => text.clone(),
            None => {
                let text = whole(inc, &d, lang);
                self.texts.insert(key, text.clone());
                text
            }
        };
        let what = match d.item() {
            Item::Message(seq) => {
                let m = inc.message(seq)?;
                SeenItem::Message { seq, kind: m.kind, audience: m.audience }
            }
            Item::Note(n) => SeenItem::Note(inc.notes.get(n as usize)?.word),
        };
        self.by_delivery.insert(id, self.seen.got.len());
        self.seen.got.push(Got {
            planned: self.now,
            handed: None,
            arrived: None,
            no: id.incident,
            point: d.point,
            functions: point.functions.clone(),
            channel: point.channel,
            gateway: plan.gateway(gateway).id.to_string(),
            lang,
            what,
            text,
        });
        Some(gateway)
    }

    /// How long a gateway takes to take a text.
    pub(super) fn latency_ms(&mut self, g: GatewayIx) -> i64 {
        let (from, to) = match self.region.plan.gateway(g).channel {
            Channel::Sms => (300, 1_500),
            Channel::Paging => (1_000, 4_000),
            Channel::Fax => (20_000, 90_000),
            Channel::Email => (500, 3_000),
            Channel::Web | Channel::Manual => (100, 200),
        };
        let works = self.world.works(g);
        i64::try_from(self.dice.between(from, to)).unwrap_or(0) + if works { 0 } else { GIVEN_UP_MS }
    }

    fn delivery(&self, id: DeliveryId) -> Option<Delivery> {
        self.state.incidents.get(&id.incident)?.deliveries.get(id.ordinal as usize).copied()
    }

    pub(super) fn waits(&self, id: DeliveryId) -> bool {
        self.delivery(id).is_some_and(|d| d.state == DeliveryState::Queued)
    }

    pub(super) fn outcomes(&mut self, ids: impl Iterator<Item = DeliveryId>, state: DeliveryState) {
        let told: Vec<Told> = ids.map(|id| Told::from((id, state))).collect();
        if !told.is_empty() {
            let _ = self.input(&Input::Outcomes(told));
        }
    }

    pub(super) fn try_over(&mut self, gateway: GatewayIx, ids: Vec<DeliveryId>) {
        let (live, gone): (Vec<_>, Vec<_>) = ids.into_iter().partition(|id| self.waits(*id));
        let withdrawn = gone.into_iter().filter(|id| self.delivery(*id).is_some_and(|d| d.called_back_unheard()));
        let withdrawn: Vec<DeliveryId> = withdrawn.collect();
        self.outcomes(withdrawn.into_iter(), DeliveryState::Withdrawn);
        if live.is_empty() {
            return;
        }
        if !self.world.works(gateway) {
            self.give_back(gateway, live);
            return;
        }
        for id in &live {
            if let Some(got) = self.by_delivery.get(id).and_then(|i| self.seen.got.get_mut(*i)) {
                got.handed = Some(self.now);
            }
        }
        self.outcomes(live.iter().copied(), DeliveryState::Accepted);
        let channel = self.region.plan.gateway(gateway).channel;
        let (from, to) = match channel {
            Channel::Sms => (2_000, 15_000),
            Channel::Fax => (15_000, 60_000),
            _ => (500, 3_000),
        };
        let size = live.len().div_ceil(HANDFULS).max(1);
        for handful in live.chunks(size) {
            let after = i64::try_from(self.dice.between(from, to)).unwrap_or(0);
            self.put(At(self.now.0 + after), Next::Arrive(handful.to_vec()));
        }
    }

    /// What a dead gateway can't carry goes back, and another way is found; where there is none it waits there.
    fn give_back(&mut self, gateway: GatewayIx, ids: Vec<DeliveryId>) {
        if !std::mem::replace(&mut self.told_down[gateway.ix()], true) {
            let id = self.region.plan.gateway(gateway).id.clone();
            let stands = Input::GatewayStands { gateway: id, standing: Standing::Down, doubt: None, why: None };
            let _ = self.input(&stands);
        }
        let (hold, back): (Vec<_>, Vec<_>) =
            ids.into_iter().partition(|id| self.delivery(*id).is_some_and(|d| d.flags & Delivery::WAITS != 0));
        if !hold.is_empty() {
            let ttl = self.region.plan.region.limits.delivery_ttl_s;
            let until = |id: &DeliveryId| {
                let inc = self.state.incidents.get(&id.incident)?;
                Some(inc.opened + inc.deliveries.get(id.ordinal as usize)?.planned_s + ttl)
            };
            let over = hold.iter().filter_map(until).min().unwrap_or(self.now).max(self.now);
            self.held.entry(gateway).or_default().extend(hold.iter().copied());
            self.put(over, Next::Expire(hold));
        }
        self.outcomes(back.into_iter(), DeliveryState::Queued);
    }

    pub(super) fn up(&self) -> Vec<bool> {
        (0..).take(self.region.plan.gateways.len()).map(|g| self.world.works(GatewayIx(g))).collect()
    }

    /// Gateways that stand otherwise than before.
    pub(super) fn stands_anew(&mut self, before: &[bool]) {
        self.seen.down.push((self.now, self.world.names()));
        if let Some(at) = self.world.next_fall() {
            self.put(at.max(At(self.now.0 + 1)), Next::Batteries);
        }
        let now = self.up();
        for (i, (was, is)) in before.iter().zip(&now).enumerate() {
            if *was || !*is {
                continue;
            }
            let gateway = GatewayIx(u32::try_from(i).unwrap_or(u32::MAX));
            if std::mem::replace(&mut self.told_down[i], false) {
                let id = self.region.plan.gateway(gateway).id.clone();
                let stands = Input::GatewayStands { gateway: id, standing: Standing::Healthy, doubt: None, why: None };
                let _ = self.input(&stands);
            }
        }
        if before.iter().zip(&now).any(|(was, is)| !was && *is) {
            for (gateway, ids) in std::mem::take(&mut self.held) {
                if now.get(gateway.ix()).copied().unwrap_or(false) {
                    let after = self.latency_ms(gateway);
                    self.put(At(self.now.0 + after), Next::Try { gateway, ids });
                } else {
                    let live: Vec<DeliveryId> = ids.into_iter().filter(|id| self.waits(*id)).collect();
                    self.outcomes(live.into_iter(), DeliveryState::Queued);
                }
            }
        }
    }

    /// It is at its duty point, if that can be reached.
    pub(super) fn arrive(&mut self, ids: &[DeliveryId]) {
        let mut delivered = Vec::new();
        let mut read = Vec::new();
        for id in ids {
            let Some(i) = self.by_delivery.get(id).copied() else { continue };
            let point = self.seen.got[i].point;
            if !self.world.arrives(self.region, point) || self.seen.got[i].channel == Channel::Email {
                continue;
            }
            self.seen.got[i].arrived = Some(self.now);
            let d = self.delivery(*id);
            let gateway = d.and_then(|d| self.region.plan.point(point).gateways.get(usize::from(d.gateway)).copied());
            if gateway.is_some_and(|g| self.region.plan.gateway(g).receipts) {
                delivered.push(*id);
            }
            read.push((i, gateway));
        }
        self.outcomes(delivered.into_iter(), DeliveryState::Delivered);
        for (i, gateway) in read {
            self.read(i, gateway);
        }
    }

    /// Whoever holds the duty reads it, and writes back.
    fn read(&mut self, i: usize, gateway: Option<GatewayIx>) {
        let plan = self.region.plan.clone();
        let got = &self.seen.got[i];
        let (point, no, lang, text) = (got.point, got.no, got.lang, got.text.clone());
        let Some(function) = got.functions.first().copied() else { return };
        let Some(inc) = self.state.incidents.get(&no) else { return };
        let person = self.scenario.people[function.ix()].clone();
        let answers = gateway.is_some_and(|g| plan.gateway(g).answers);
        let waited = |id: &u32| inc.asks.get(*id as usize).is_some_and(|a| a.state.is_open());
        let what = match got.what {
            SeenItem::Message { .. } if served_by(inc, point).iter().any(waited) => {
                Read::Message { code: no.written(&plan.words(lang).drill_prefix) }
            }
            SeenItem::Message { .. } => return,
            SeenItem::Note(word) => Read::Note { word, text: &text },
        };
        if answers {
            for (after, text) in person.writes(&what, &plan, lang, &mut self.dice) {
                // Who has two telephones answers on one.
                if !self.writing.insert((function, text.clone())) {
                    continue;
                }
                let at = At(self.now.0 + i64::try_from(after).unwrap_or(0));
                self.put(at, Next::Reply { point, text });
            }
        } else if matches!(what, Read::Message { .. })
            && let Some(after) = person.answer_ms(&mut self.dice)
        {
            let at = At(self.now.0 + i64::try_from(after + CALLS_AFTER_MS).unwrap_or(0));
            self.put(at, Next::Phone { no, point });
        }
    }

    pub(super) fn reply(&mut self, point: PointIx, text: String) {
        if let Some(function) = self.region.plan.point(point).functions.first() {
            self.writing.remove(&(*function, text.clone()));
        }
        let from: Vec<(IncidentNo, PointIx)> = self.state.incidents.keys().map(|no| (*no, point)).collect();
        let who = Some(Actor::address(&format!("{point:?}")));
        let _ = self.input(&Input::Reply { who, from, known: Some(point), text: text.into() });
    }

    /// Whoever was reached by a way that takes no answer calls the switchboard, which notes it (RULES C6).
    pub(super) fn phone(&mut self, no: IncidentNo, point: PointIx) {
        if !self.world.switchboard_answers(self.region) {
            return;
        }
        let plan = self.region.plan.clone();
        let Some(inc) = self.state.incidents.get(&no) else { return };
        let mine = &plan.point(point).functions;
        let written = |p: &PointIx| {
            let way = plan.point(*p).gateways.iter().any(|g| plan.gateway(*g).answers);
            way && self.seen.got.iter().rev().take(2_000).any(|g| g.no == no && g.point == *p && g.arrived.is_some())
        };
        // Who has it in writing too answers there.
        if mine.iter().any(|f| plan.function(*f).points.iter().any(written)) {
            return;
        }
        let asked = served_by(inc, point);
        let open = asked.iter().filter_map(|id| inc.asks.get(*id as usize)).filter(|a| a.state.is_open());
        let functions: Vec<FunctionId> = open.map(|a| plan.function(a.function).id.clone()).collect();
        let by = plan.function(plan.region.switchboard).id.clone();
        for function in functions {
            let action =
                Action::Ack { incident: no, message: None, function, phone: true, paper: false, at: Some(self.now) };
            let who = Some(Actor::account(by.as_str()));
            let _ = self.input(&Input::Command { who, by: by.clone(), action: Box::new(action) });
        }
    }
}

/// All of a text as it leaves.
fn whole(inc: &Incident, d: &Delivery, lang: Lang) -> Arc<str> {
    let Some(out) = outgoing(inc, d.item(), lang) else { return "".into() };
    let (lead, trailer) = inc.trailer(d).map(|chosen| around(chosen)).unwrap_or_default();
    match lead {
        Some(lead) => out.led_by(lead).whole(trailer).into(),
        None => out.whole(trailer).into(),
    }
}
