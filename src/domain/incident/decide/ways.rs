//! Gateways that stand otherwise than before, and those that somebody takes out by hand.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use super::Decider;
use super::release::{Sender, count};
use crate::domain::delivery::{Cause, DeliveryState};
use crate::domain::ids::{FunctionId, GatewayId, IncidentNo, PointIx};
use crate::domain::incident::ask_list::AskState;
use crate::domain::incident::event::{Batch, BatchTrailers, Change, GatewayChange};
use crate::domain::incident::gateways::Rank;
use crate::domain::incident::refused::{List, Refused, refuse};
use crate::domain::incident::state::{Delivery, Incident};
use crate::domain::incident::values::{Doubt, Standing};
use crate::domain::incident::values::{Item, Phase};
use crate::domain::plan::Audience;
use crate::domain::private::Private;

/// What was accepted longer ago, in seconds, is not repeated beside when its gateway turns out to be silent: the silence was seen
/// within minutes.
const UNCONFIRMED_S: u32 = 900;

impl Decider<'_> {
    /// A gateway stands otherwise. One that accepts and tells nothing may have lost all of it: alerts that nobody has confirmed
    /// go by the next gateway beside (RULES G3).
    pub(super) fn gateway_stands(
        &mut self,
        gateway: &GatewayId,
        standing: Standing,
        doubt: Option<Doubt>,
        why: Option<Cause>,
    ) {
        if self.state.ways.standing(gateway) != standing {
            self.ways(GatewayChange::Stands { gateway: gateway.clone(), standing, why });
        }
        if doubt != Some(Doubt::Silent) {
            return;
        }
        let open: Vec<IncidentNo> = self.state.open().map(|i| i.no).collect();
        for no in open {
            self.unconfirmed_beside(no, gateway);
        }
    }

    fn unconfirmed_beside(&mut self, no: IncidentNo, gateway: &GatewayId) {
        for ordinal in unconfirmed(self.inc(no), gateway, self.now.seconds_since(self.inc(no).opened)) {
            let inc = self.inc(no);
            let Some(d) = inc.deliveries.get(ordinal as usize).copied() else { continue };
            let (item, tried) = (d.item(), inc.tried(ordinal));
            let mut sender = Sender::new(&self.state.ways, self.now, inc, item, &[]);
            let next = sender.choose(d.point, &tried).ok().filter(|send| sender.rank(send) <= Rank::Doubtful);
            drop(sender);
            let Some(send) = next else { continue };
            let batch = Batch {
                item,
                flags: d.flags & !Delivery::OWN | Delivery::REPEAT,
                first: count(inc.deliveries.len()),
                sends: Arc::new(vec![send]),
                trailers: BatchTrailers::default(),
            };
            self.emit(no, Change::Rerouted { from: ordinal, batch });
        }
    }

    /// Somebody takes a gateway out: it is used only where no other way is left, and what waits for it moves (RULES G6).
    pub(super) fn gateway_out(
        &mut self,
        by: &FunctionId,
        gateway: &GatewayId,
        reason: &Private,
    ) -> Result<(), Refused> {
        self.known_gateway(by, gateway)?;
        if reason.as_str().trim().is_empty() {
            return Err(refuse!(NoReason));
        }
        if self.state.ways.out.contains_key(gateway) {
            return Err(refuse!(GatewayIsOut { gateway }));
        }
        let (gateway, by, reason) = (gateway.clone(), by.clone(), reason.clone());
        self.ways(GatewayChange::TakenOut { gateway, by, reason });
        Ok(())
    }

    /// It may be used again.
    pub(super) fn gateway_in(&mut self, by: &FunctionId, gateway: &GatewayId, reason: &Private) -> Result<(), Refused> {
        // One that the configuration lacks by now can be put back too.
        let plan = self.state.plan.clone();
        self.duty(&plan, by)?;
        if reason.as_str().trim().is_empty() {
            return Err(refuse!(NoReason));
        }
        if !self.state.ways.out.contains_key(gateway) {
            return Err(refuse!(GatewayIsNotOut { gateway }));
        }
        let (gateway, by, reason) = (gateway.clone(), by.clone(), reason.clone());
        self.ways(GatewayChange::PutBack { gateway, by, reason });
        Ok(())
    }

    fn known_gateway(&self, by: &FunctionId, gateway: &GatewayId) -> Result<(), Refused> {
        let plan = &self.state.plan;
        self.duty(plan, by)?;
        if plan.gateways.iter().any(|g| g.id == *gateway) {
            return Ok(());
        }
        Err(refuse!(UnknownGateway { gateway, gateways: List::of(plan.gateways.iter().map(|g| &g.id)) }))
    }
}

/// What a silent gateway accepted lately and nobody has confirmed: texts that can't wait, or that somebody was asked to answer, the
/// newest that went to each point.
fn unconfirmed(inc: &Incident, gateway: &GatewayId, now_s: u32) -> Vec<u32> {
    if inc.phase == Phase::Closed {
        return Vec::new();
    }
    let plan = &inc.plan;
    let audience = |seq: u32| inc.message(seq).map(|m| m.audience);
    let mut newest: BTreeMap<(PointIx, Option<Audience>), u32> = BTreeMap::new();
    let mut arrived: BTreeSet<(PointIx, u32)> = BTreeSet::new();
    for d in &inc.deliveries {
        let Item::Message(seq) = d.item() else { continue };
        if d.may_be_out() || d.state == DeliveryState::Queued {
            let known = newest.entry((d.point, audience(seq))).or_insert(seq);
            *known = seq.max(*known);
        }
        if d.state == DeliveryState::Delivered {
            arrived.insert((d.point, seq));
        }
    }
    let wanted = |d: &Delivery| {
        let Item::Message(seq) = d.item() else { return false };
        let Some(m) = inc.message(seq).filter(|m| !m.stopped) else { return false };
        if newest.get(&(d.point, Some(m.audience))) != Some(&seq) || arrived.contains(&(d.point, seq)) {
            return false;
        }
        let asks = plan.point(d.point).functions.iter().filter_map(|f| inc.ask(*f)).filter(|a| a.message == seq);
        let (answered, open): (Vec<_>, Vec<_>) = asks.partition(|a| matches!(a.state, AskState::Answered { .. }));
        !open.is_empty() || answered.is_empty() && m.kind.priority() == 0
    };
    let here = |d: &Delivery| {
        let over = plan.point(d.point).gateways.get(usize::from(d.gateway));
        over.is_some_and(|g| plan.gateway(*g).id == *gateway)
    };
    (0u32..)
        .zip(&inc.deliveries)
        .filter(|(_, d)| d.state == DeliveryState::Accepted && d.flags & Delivery::PASSED_ON == 0)
        .filter(|(_, d)| d.changed_s.saturating_add(UNCONFIRMED_S) >= now_s)
        .filter(|(_, d)| here(d) && wanted(d))
        .map(|(ordinal, _)| ordinal)
        .collect()
}
