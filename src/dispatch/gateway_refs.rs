//! Under which numbers gateways accepted deliveries, for those whose receipts name nothing else. They are kept in the journal
//! beside what happened: a receipt that comes after a restart must still find its delivery. Pure, and bounded: the oldest go
//! first.

use std::collections::{HashMap, VecDeque};

use crate::domain::ids::DeliveryId;

/// Numbers of gateways that are known at a time. A receipt of an older delivery is passed over, as if it had not come.
pub const REFS_MAX: usize = 200_000;
/// The longest number that is kept: sixteen numbers of an SMPP gateway, which has 65 bytes for each, with spaces between them.
pub const REF_BYTES_MAX: usize = 16 * 66;

/// The number that a gateway gave to a delivery.
pub type GatewayRef = (DeliveryId, String);

/// The numbers of accepted deliveries.
#[derive(Clone, Default, Debug)]
pub struct GatewayRefs {
    known: HashMap<DeliveryId, String>,
    order: VecDeque<DeliveryId>,
}

impl GatewayRefs {
    /// A gateway accepted it under that number. A repeat has a new one; the last counts.
    pub fn insert(&mut self, delivery: DeliveryId, gateway_ref: String) {
        if self.known.insert(delivery, gateway_ref).is_none() {
            self.order.push_back(delivery);
        }
        while self.known.len() > REFS_MAX {
            let Some(oldest) = self.order.pop_front() else { break };
            self.known.remove(&oldest);
        }
        if self.order.len() > 2 * self.known.len() + 1_000 {
            let known = &self.known;
            self.order.retain(|delivery| known.contains_key(delivery));
        }
    }

    /// Its number.
    pub fn get(&self, delivery: DeliveryId) -> Option<&str> {
        self.known.get(&delivery).map(String::as_str)
    }

    /// Its end is known: no receipt can say more.
    pub fn remove(&mut self, delivery: DeliveryId) {
        self.known.remove(&delivery);
    }

    /// How many are known.
    pub fn len(&self) -> usize {
        self.known.len()
    }

    /// None is known.
    pub fn is_empty(&self) -> bool {
        self.known.is_empty()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::dispatch::testing::actual;

    #[test]
    fn the_newest_stay_and_the_last_number_counts() {
        let mut refs = GatewayRefs::default();
        for n in 0..=REFS_MAX as u32 {
            refs.insert(actual(n), n.to_string());
        }
        assert_eq!((refs.len(), refs.get(actual(0)), refs.get(actual(1))), (REFS_MAX, None, Some("1")));
        refs.insert(actual(1), "again".into());
        assert_eq!((refs.len(), refs.get(actual(1))), (REFS_MAX, Some("again")));
        refs.remove(actual(1));
        assert_eq!(refs.get(actual(1)), None);
    }

    #[test]
    fn what_comes_and_goes_takes_no_room() {
        let mut refs = GatewayRefs::default();
        for n in 0..50_000 {
            refs.insert(actual(n), "m".into());
            refs.remove(actual(n));
        }
        assert!(refs.is_empty() && refs.order.len() <= 1_001);
    }
}
