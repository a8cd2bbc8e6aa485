//! What gateways have accepted and must not begin any more. A fax server may hold a job for half an hour because the line is
//! busy: an alert that starts to come out of the machine after the all clear is worse than none.

use std::collections::{BTreeMap, BTreeSet};

use super::state::Incident;
use super::values::{Item, Kind, Phase};
use crate::domain::delivery::DeliveryState;
use crate::domain::ids::PointIx;
use crate::domain::plan::Audience;

/// Deliveries, by ordinal, that a far end should give back if it has not begun: of stopped messages (RULES D2), of messages
/// that a newer one for the same duty point replaces (RULES C9), and notes of an incident that is closed. The last word of a
/// closed incident stays. What is not out at all is called back by a decision of its own.
pub fn recalled(inc: &Incident) -> Vec<u32> {
    // The newest number that each duty point has or will have, by audience.
    let mut newest: BTreeMap<(PointIx, Audience), u32> = BTreeMap::new();
    let stays = |s| !matches!(s, DeliveryState::Failed | DeliveryState::Expired | DeliveryState::Withdrawn);
    for d in inc.deliveries.iter().filter(|d| stays(d.state)) {
        let Item::Message(seq) = d.item() else { continue };
        let Some(m) = inc.message(seq).filter(|m| m.released_at.is_some() && !m.stopped) else { continue };
        // "We are investigating" and "14-1 does not apply" replace no text that holds.
        if matches!(m.kind, Kind::Holding | Kind::Stopped { .. }) {
            continue;
        }
        let known = newest.entry((d.point, m.audience)).or_insert(seq);
        *known = seq.max(*known);
    }
    let stopped: BTreeSet<u32> = inc.messages.iter().filter(|m| m.stopped).map(|m| m.seq).collect();
    let drill_over = inc.drill_end.is_some();
    let gone = |point: PointIx, item: Item| match item {
        Item::Message(seq) => {
            let audience = inc.message(seq).map(|m| m.audience);
            stopped.contains(&seq)
                || drill_over && !inc.is_last_word(item)
                || audience.and_then(|a| newest.get(&(point, a))).is_some_and(|n| *n > seq)
        }
        Item::Note(_) => inc.phase == Phase::Closed && !inc.is_last_word(item),
    };
    (0u32..)
        .zip(&inc.deliveries)
        .filter(|(_, d)| matches!(d.state, DeliveryState::Accepted | DeliveryState::Unknown))
        .filter(|(_, d)| gone(d.point, d.item()))
        .map(|(ordinal, _)| ordinal)
        .collect()
}
