//! Limits of one worker, with what ships as the default.

use super::health::BreakerLimits;
use super::receipts::ReceiptLimits;
use super::retry::RetryPolicy;

/// Limits of one worker.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct WorkerLimits {
    /// Deliveries in line, waiting retries included. What does not fit stays with the caller.
    pub queue_len_max: usize,
    /// Deliveries that the gateway has without an outcome yet.
    pub in_flight_max: usize,
    /// Deliveries a second; `None`: as fast as the gateway takes them.
    pub per_second_max: Option<u32>,
    /// Deliveries in any minute; `None`: no bound.
    pub per_minute_max: Option<u32>,
    /// A gateway that tells no outcome in this time lost it. Above all timeouts of the channel itself.
    pub outcome_timeout_s: u32,
    /// How often and when a delivery is tried again.
    pub retry: RetryPolicy,
    /// Failures in a row and probes.
    pub breaker: BreakerLimits,
    /// Receipts are promised, and come soon where the gateway works: one that accepts and tells nothing is suspected (RULES G3).
    pub receipts_promised: bool,
    pub receipts: ReceiptLimits,
    /// Outcomes in one event.
    pub batch_max: usize,
    /// An outcome waits so long for company.
    pub linger_ms: u32,
    /// A gateway whose code ended is started again after this, doubled each time…
    pub restart_min_ms: u32,
    /// …up to this.
    pub restart_max_ms: u32,
    /// So many ends in a row without an accepted delivery put it out.
    pub deaths_max: u32,
    /// What is on the wire may take so long when the program is going down.
    pub drain_s: u32,
}

impl Default for WorkerLimits {
    fn default() -> Self {
        Self {
            queue_len_max: 20_000,
            in_flight_max: 256,
            per_second_max: None,
            per_minute_max: None,
            outcome_timeout_s: 180,
            retry: RetryPolicy::default(),
            breaker: BreakerLimits::default(),
            receipts_promised: false,
            receipts: ReceiptLimits::default(),
            batch_max: 1_000,
            linger_ms: 2,
            restart_min_ms: 500,
            restart_max_ms: 30_000,
            deaths_max: 3,
            drain_s: 10,
        }
    }
}
