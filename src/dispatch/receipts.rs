//! Which delivery a receipt belongs to. Gateways answer with numbers of their own, twice, late, or before they have said
//! that they accepted. Pure, and bounded: the oldest go first.

use std::collections::HashMap;
use std::hash::Hash;
use std::time::Duration;

use tokio::time::Instant;

use crate::domain::delivery::{DeliveryState, SendError};
use crate::domain::ids::DeliveryId;

/// Longest number of a gateway that is kept. SMPP allows 65 bytes, HTTP gateways use UUIDs.
pub const GATEWAY_REF_BYTES_MAX: usize = 256;

/// How much is kept to match receipts.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct ReceiptLimits {
    /// Accepted deliveries that a receipt can still be matched to.
    pub receipts_max: usize,
    /// Receipts kept that came before their acceptance.
    pub early_max: usize,
    /// How long such a one is kept at least.
    pub early_keep_s: u32,
}

impl Default for ReceiptLimits {
    fn default() -> Self {
        Self { receipts_max: 200_000, early_max: 10_000, early_keep_s: 300 }
    }
}

/// A map that forgets its older half when it is full.
#[derive(Debug)]
struct Fading<K, V> {
    young: HashMap<K, V>,
    old: HashMap<K, V>,
    half: usize,
}

impl<K: Hash + Eq, V> Fading<K, V> {
    fn new(max: usize) -> Self {
        Self { young: HashMap::new(), old: HashMap::new(), half: max.div_ceil(2).max(1) }
    }
    fn insert(&mut self, key: K, value: V) {
        if self.young.len() >= self.half {
            self.fade();
        }
        self.old.remove(&key);
        self.young.insert(key, value);
    }
    fn get<Q: Hash + Eq + ?Sized>(&self, key: &Q) -> Option<&V>
    where
        K: std::borrow::Borrow<Q>,
    {
        self.young.get(key).or_else(|| self.old.get(key))
    }
    fn remove<Q: Hash + Eq + ?Sized>(&mut self, key: &Q) -> Option<V>
    where
        K: std::borrow::Borrow<Q>,
    {
        self.young.remove(key).or_else(|| self.old.remove(key))
    }
    fn fade(&mut self) {
        self.old = std::mem::take(&mut self.young);
    }
    fn is_empty(&self) -> bool {
        self.young.is_empty() && self.old.is_empty()
    }
}

/// A receipt's news.
pub type News = (DeliveryId, DeliveryState, Option<String>);

/// What is known of accepted deliveries.
#[derive(Debug)]
pub struct Receipts {
    refs: Fading<String, DeliveryId>,
    /// The last word on a delivery, so that a duplicate is not news.
    told: Fading<DeliveryId, DeliveryState>,
    early: Fading<String, Result<(), SendError>>,
    early_keep: Duration,
    faded_at: Instant,
    unmatched: u64,
}

impl Receipts {
    /// Nothing known yet.
    pub fn new(limits: &ReceiptLimits, now: Instant) -> Self {
        Self {
            refs: Fading::new(limits.receipts_max),
            told: Fading::new(limits.receipts_max),
            early: Fading::new(limits.early_max),
            early_keep: Duration::from_secs(limits.early_keep_s.into()),
            faded_at: now,
            unmatched: 0,
        }
    }

    /// A delivery was accepted under that number. Gives the news of a receipt that had come before.
    pub fn accepted(&mut self, delivery: DeliveryId, gateway_ref: String) -> Option<News> {
        if gateway_ref.is_empty() || gateway_ref.len() > GATEWAY_REF_BYTES_MAX {
            return None;
        }
        let early = self.take_early(&gateway_ref);
        self.refs.insert(gateway_ref, delivery);
        early.and_then(|result| self.news(delivery, result))
    }

    /// A receipt came. `None`: no news, or not matched (yet).
    pub fn receipt(
        &mut self,
        delivery: Option<DeliveryId>,
        gateway_ref: String,
        result: Result<(), SendError>,
        now: Instant,
    ) -> Option<News> {
        match delivery.or_else(|| self.refs.get(&gateway_ref).copied()) {
            Some(delivery) => {
                self.take_early(&gateway_ref);
                self.news(delivery, result)
            }
            None if gateway_ref.is_empty() || gateway_ref.len() > GATEWAY_REF_BYTES_MAX => None,
            None => {
                if now >= self.faded_at + self.early_keep {
                    self.faded_at = now;
                    self.early.fade();
                }
                self.unmatched += 1;
                self.early.insert(gateway_ref, result);
                None
            }
        }
    }

    /// What came before its acceptance, which is here now.
    fn take_early(&mut self, gateway_ref: &str) -> Option<Result<(), SendError>> {
        let early = if self.early.is_empty() { None } else { self.early.remove(gateway_ref) };
        self.unmatched -= u64::from(early.is_some());
        early
    }

    /// Receipts that belong to no delivery that is known here, since the start.
    pub fn unmatched(&self) -> u64 {
        self.unmatched
    }

    /// A delivery was accepted under that number.
    pub fn knows(&self, gateway_ref: &str) -> bool {
        self.refs.get(gateway_ref).is_some()
    }

    /// The far device has it.
    pub fn arrived(&self, delivery: DeliveryId) -> bool {
        self.told.get(&delivery) == Some(&DeliveryState::Delivered)
    }

    /// A delivery was given up with unknown outcome.
    pub fn given_up(&mut self, delivery: DeliveryId) {
        self.told.insert(delivery, DeliveryState::Unknown);
    }

    /// It was given up with unknown outcome, and nothing more is known: a late word is news, once.
    pub fn was_given_up(&mut self, delivery: DeliveryId) -> bool {
        let unknown = self.told.get(&delivery) == Some(&DeliveryState::Unknown);
        if unknown {
            self.told.remove(&delivery);
        }
        unknown
    }

    /// Delivered is the last word. "Failed" may still be followed by "delivered", never the other way round.
    fn news(&mut self, delivery: DeliveryId, result: Result<(), SendError>) -> Option<News> {
        let (state, reason) = match result {
            Ok(()) => (DeliveryState::Delivered, None),
            Err(SendError::Permanent { cause }) => (DeliveryState::Failed, Some(cause)),
            Err(SendError::Unknown { cause }) => (DeliveryState::Unknown, Some(cause)),
            // The far device is off or out of reach; the gateway goes on trying and will say so.
            Err(SendError::Temporary { .. }) => return None,
        };
        match self.told.get(&delivery) {
            Some(DeliveryState::Delivered) => return None,
            Some(told) if *told == state => return None,
            _ => {}
        }
        self.told.insert(delivery, state);
        Some((delivery, state, reason))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::dispatch::testing::actual;

    fn receipts(receipts_max: usize) -> (Receipts, Instant) {
        let now = Instant::now();
        (Receipts::new(&ReceiptLimits { receipts_max, early_max: 4, early_keep_s: 300 }, now), now)
    }
    const DELIVERED: DeliveryState = DeliveryState::Delivered;

    #[test]
    fn a_receipt_finds_its_delivery_and_a_duplicate_is_no_news() {
        let (mut r, now) = receipts(100);
        assert_eq!(r.accepted(actual(1), "a".into()), None);
        assert_eq!(r.receipt(None, "a".into(), Ok(()), now), Some((actual(1), DELIVERED, None)));
        assert_eq!(r.receipt(None, "a".into(), Ok(()), now), None);
        assert_eq!(r.receipt(Some(actual(1)), String::new(), Ok(()), now), None);
        assert_eq!(r.receipt(None, "a".into(), Err(SendError::permanent("expired")), now), None);
    }

    #[test]
    fn a_receipt_before_its_acceptance_is_kept() {
        let (mut r, now) = receipts(100);
        assert_eq!(r.receipt(None, "a".into(), Ok(()), now), None);
        assert_eq!(r.unmatched(), 1);
        assert_eq!(r.accepted(actual(1), "a".into()), Some((actual(1), DELIVERED, None)));
        assert_eq!(r.unmatched(), 0);
        r.receipt(None, "b".into(), Ok(()), now);
        r.receipt(Some(actual(2)), "b".into(), Ok(()), now);
        r.receipt(None, "c".into(), Ok(()), now);
        assert_eq!(r.unmatched(), 1, "one belongs to nobody");
    }

    #[test]
    fn a_failure_can_be_followed_by_delivered() {
        let (mut r, now) = receipts(100);
        r.accepted(actual(1), "a".into());
        let failed = Some((actual(1), DeliveryState::Failed, Some("no subscriber".into())));
        assert_eq!(r.receipt(None, "a".into(), Err(SendError::permanent("no subscriber")), now), failed);
        assert_eq!(r.receipt(None, "a".into(), Err(SendError::temporary("phone off")), now), None);
        assert_eq!(r.receipt(None, "a".into(), Ok(()), now), Some((actual(1), DELIVERED, None)));
    }

    #[test]
    fn memory_is_bounded_and_the_newest_stay() {
        let (mut r, now) = receipts(10);
        for n in 0..1000 {
            r.accepted(actual(n), n.to_string());
            r.receipt(None, format!("stray {n}"), Ok(()), now);
        }
        assert!(r.refs.young.len() + r.refs.old.len() <= 10);
        assert!(r.early.young.len() + r.early.old.len() <= 4);
        assert!(r.receipt(None, "0".into(), Ok(()), now).is_none());
        assert!(r.receipt(None, "999".into(), Ok(()), now).is_some());
    }

    #[test]
    fn early_receipts_fade_with_time() {
        let (mut r, now) = receipts(100);
        r.receipt(None, "a".into(), Ok(()), now);
        for minutes in [6, 12] {
            r.receipt(None, "other".into(), Ok(()), now + Duration::from_secs(minutes * 60));
        }
        assert_eq!(r.accepted(actual(1), "a".into()), None);
    }
}
