//! Under which numbers gateways accepted deliveries, for those whose receipts name nothing else. They are kept in the journal
//! beside what happened: a receipt that comes after a restart must still find its delivery. Pure, and bounded: the oldest go
//! first.

use std::collections::{HashMap, VecDeque};

use serde::{Deserialize, Deserializer, Serialize, Serializer};

use crate::domain::ids::{DeliveryId, IncidentNo};

/// Numbers of gateways that are known at a time. A receipt of an older delivery is passed over, as if it had not come.
pub const REFS_MAX: usize = 200_000;
/// The longest number that is kept: sixteen numbers of an SMPP gateway, which has 65 bytes for each, with spaces between them.
pub const REF_BYTES_MAX: usize = 16 * 66;

/// The number that a gateway gave to a delivery.
pub type GatewayRef = (DeliveryId, String);

/// The numbers of accepted deliveries.
#[derive(Clone, Default, Debug)]
pub struct GatewayRefs {
    /// With the place in the order at which it came.
    known: HashMap<DeliveryId, (u64, String)>,
    /// What is not known any more, or came anew later, is passed over.
    order: VecDeque<(u64, DeliveryId)>,
    came: u64,
}

impl GatewayRefs {
    /// A gateway accepted it under that number. A repeat has a new one; the last counts.
    pub fn insert(&mut self, delivery: DeliveryId, gateway_ref: String) {
        self.came += 1;
        let place = self.known.get(&delivery).map(|(place, _)| *place);
        self.known.insert(delivery, (place.unwrap_or(self.came), gateway_ref));
        if place.is_none() {
            self.order.push_back((self.came, delivery));
        }
        while self.known.len() > REFS_MAX {
            let Some((place, oldest)) = self.order.pop_front() else { break };
            if self.stands_at(place, oldest) {
                self.known.remove(&oldest);
            }
        }
        if self.order.len() > 2 * self.known.len() + 1_000 {
            let mut order = std::mem::take(&mut self.order);
            order.retain(|(place, delivery)| self.stands_at(*place, *delivery));
            self.order = order;
        }
    }

    fn stands_at(&self, place: u64, delivery: DeliveryId) -> bool {
        self.known.get(&delivery).is_some_and(|(at, _)| *at == place)
    }

    /// The gateway's number of a delivery.
    pub fn get(&self, delivery: DeliveryId) -> Option<&str> {
        self.known.get(&delivery).map(|(_, number)| number.as_str())
    }

    /// Its end is known: no receipt can say more.
    pub fn remove(&mut self, delivery: DeliveryId) {
        self.known.remove(&delivery);
    }

    /// Only those of incidents for which `keep` says so stay.
    pub fn retain(&mut self, mut keep: impl FnMut(IncidentNo) -> bool) {
        self.known.retain(|delivery, _| keep(delivery.incident));
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

/// In a checkpoint: the numbers in the order in which they came.
impl Serialize for GatewayRefs {
    fn serialize<S: Serializer>(&self, s: S) -> Result<S::Ok, S::Error> {
        let in_order = self.order.iter().filter(|(place, delivery)| self.stands_at(*place, *delivery));
        let all: Vec<(DeliveryId, &str)> =
            in_order.filter_map(|(_, delivery)| Some((*delivery, self.get(*delivery)?))).collect();
        all.serialize(s)
    }
}
impl<'de> Deserialize<'de> for GatewayRefs {
    fn deserialize<D: Deserializer<'de>>(d: D) -> Result<Self, D::Error> {
        let all = Vec::<GatewayRef>::deserialize(d)?;
        let mut refs = Self::default();
        all.into_iter().for_each(|(delivery, name)| refs.insert(delivery, name));
        Ok(refs)
    }
}
/// Whether the same numbers are known, in whichever order they came.
impl PartialEq for GatewayRefs {
    fn eq(&self, other: &Self) -> bool {
        let same = |(delivery, (_, name)): (&DeliveryId, &(u64, String))| other.get(*delivery) == Some(name);
        self.len() == other.len() && self.known.iter().all(same)
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
    fn what_went_and_came_again_is_new() {
        let mut refs = GatewayRefs::default();
        refs.insert(actual(0), "first".into());
        refs.remove(actual(0));
        refs.insert(actual(1), "older".into());
        refs.insert(actual(0), "newer".into());
        for n in 2..=REFS_MAX as u32 {
            refs.insert(actual(n), n.to_string());
        }
        assert_eq!((refs.get(actual(1)), refs.get(actual(0))), (None, Some("newer")));
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

    #[test]
    fn a_checkpoint_keeps_the_numbers_and_their_order() {
        let mut refs = GatewayRefs::default();
        for n in 0..5 {
            refs.insert(actual(n), n.to_string());
        }
        refs.remove(actual(1));
        let bytes = postcard::to_stdvec(&refs).expect("it is written");
        let mut again: GatewayRefs = postcard::from_bytes(&bytes).expect("it is read");
        assert!(again == refs);
        for n in 5..=REFS_MAX as u32 + 1 {
            again.insert(actual(n), n.to_string());
        }
        assert_eq!((again.get(actual(0)), again.get(actual(2))), (None, Some("2")), "the oldest go first");
        again.retain(|no| no != actual(0).incident);
        assert!(again.is_empty());
    }
}
