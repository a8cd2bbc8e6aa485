//! Addresses as the domain knows them: by marks that say nothing of them, keyed for this journal.

use super::*;
use crate::domain::incident::addresses::AddressKey;

impl Engine {
    /// Which addresses the plan for new incidents has, by marks. In training nothing goes to any of them, and nothing proves them.
    pub(super) fn know_addresses(&mut self, gathered: &mut Gathered) {
        if self.state.drills_only {
            return;
        }
        let plan = &self.state.plan;
        let points = self.current.addresses().iter().zip(&plan.points);
        let keys = points.map(|(address, point)| self.address_key(point.channel, address, &plan.region.country));
        let keys = keys.collect();
        let salt = self.journal.sealer().mark(b"proofs of addresses");
        let marks = self.current.marks(plan, salt.as_bytes());
        self.meta.marks = Arc::new(Marks { salt, of: marks });
        self.decide(&Input::Addresses(keys), None, gathered);
    }

    pub(super) fn address_key(&self, channel: Channel, address: &str, country: &str) -> AddressKey {
        let of = format!("{channel} {}", same_as(channel, address, country));
        let mark = self.journal.sealer().mark(of.as_bytes());
        AddressKey(mark.get(..16).and_then(|hex| u64::from_str_radix(hex, 16).ok()).unwrap_or_default())
    }
}
