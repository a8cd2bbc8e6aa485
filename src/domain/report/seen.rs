//! What came of each delivery, in the order in which gateways told it: a receipt that comes late, twice or against an earlier one
//! changes nothing that was known.

use crate::domain::delivery::DeliveryState;
use crate::domain::time::At;

/// One delivery.
#[derive(Clone, Copy, Debug)]
pub(super) struct Seen {
    /// When it was planned.
    pub planned: At,
    /// When a gateway took it first.
    pub accepted: Option<At>,
    /// When the device had it first.
    pub delivered: Option<At>,
}

impl Seen {
    pub fn new(planned: At) -> Self {
        Self { planned, accepted: None, delivered: None }
    }

    /// What was told of it. Whether it speaks against what is known: that it was delivered.
    pub fn told(&mut self, at: At, state: DeliveryState) -> bool {
        match state {
            DeliveryState::Accepted => drop(self.accepted.get_or_insert(at)),
            DeliveryState::Delivered => {
                self.delivered.get_or_insert(at);
                // What the device has, a gateway took; some tell the one and not the other, or in the wrong order.
                self.accepted.get_or_insert(at);
            }
            DeliveryState::Failed | DeliveryState::Expired | DeliveryState::Unknown | DeliveryState::Withdrawn => {
                return self.delivered.is_some();
            }
            DeliveryState::Queued | DeliveryState::Attempting => {}
        }
        false
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_delivered_stays_delivered() {
        let mut seen = Seen::new(At(0));
        assert!(!seen.told(At(2_000), DeliveryState::Delivered));
        assert!(!seen.told(At(3_000), DeliveryState::Accepted), "late");
        assert!(!seen.told(At(4_000), DeliveryState::Delivered), "twice");
        assert!(seen.told(At(5_000), DeliveryState::Failed), "against it");
        assert_eq!((seen.accepted, seen.delivered), (Some(At(2_000)), Some(At(2_000))));
    }
}
