//! What waits with one gateway while a better one is left: the loop asks for it back whenever a gateway stands otherwise (RULES G1).

use super::state::{Delivery, Incident, State};
use crate::domain::delivery::DeliveryState;
use crate::domain::ids::DeliveryId;

/// Deliveries that have not left and have a better way than the one that they wait for. Whether that way can carry the text is
/// found when they are given back.
pub fn better_ways(state: &State) -> Vec<DeliveryId> {
    let mut all = Vec::new();
    if state.ways.stands.is_empty() && state.ways.out.is_empty() {
        return all;
    }
    for inc in state.incidents.values() {
        let waits = |d: &Delivery| matches!(d.state, DeliveryState::Queued | DeliveryState::Attempting);
        let several = |d: &Delivery| inc.plan.point(d.point).gateways.len() > 1;
        let waiting = (0u32..).zip(&inc.deliveries).filter(|(_, d)| waits(d) && several(d));
        let better = waiting.filter(|(ordinal, d)| has_better(state, inc, *ordinal, d));
        all.extend(better.map(|(ordinal, _)| DeliveryId { incident: inc.no, ordinal }));
    }
    all
}

fn has_better(state: &State, inc: &Incident, ordinal: u32, d: &Delivery) -> bool {
    let gateways = &inc.plan.point(d.point).gateways;
    let rank = |place: usize| gateways.get(place).map(|g| state.ways.rank(&inc.plan.gateway(*g).id));
    let here = rank(usize::from(d.gateway));
    let tried = inc.tried_before(ordinal);
    let left = (0..gateways.len()).filter(|place| !tried.iter().any(|t| usize::from(*t) == *place));
    left.filter_map(rank).min() < here
}
