//! What to do after a failed try: again, when, and marked how; or give up, as what. Pure: jitter and time come in as
//! arguments.
//!
//! Temporary is tried again with growing waits, Permanent never, Unknown once more and marked as a possible repeat
//! (invariant 4). Once a try has ended Unknown the delivery never ends as anything that says "it did not go out": not as
//! failed, not as expired, not as withdrawn. People who may have got a text must be told when it no longer holds
//! (RULES D2).

use std::time::Duration;

use crate::domain::delivery::SendError;

/// A gateway that asks for a pause means everybody (SMPP throttling, HTTP 429 and 503), not this delivery: the worker pauses, and
/// the try does not count (RULES G2). After so long it is asked again, whatever it said.
pub const PAUSE_S_MAX: u32 = 3600;

/// How often and how fast a delivery is tried again on one gateway.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct RetryPolicy {
    /// Tries on this gateway, the first included. A delivery without another way left goes on until its time is up.
    pub attempts_max: u32,
    /// The first wait; each further one is twice as long.
    pub wait_min_ms: u32,
    /// The longest wait.
    pub wait_max_ms: u32,
    /// How often a try with unknown outcome is repeated, marked as a possible repeat.
    pub unknown_repeats_max: u32,
}

impl Default for RetryPolicy {
    fn default() -> Self {
        Self { attempts_max: 5, wait_min_ms: 1_000, wait_max_ms: 60_000, unknown_repeats_max: 1 }
    }
}

/// The tries of one delivery so far.
#[derive(Clone, Copy, PartialEq, Eq, Default, Debug)]
pub struct Tries {
    /// How many counted tries have ended.
    pub ended: u32,
    /// How many of them with unknown outcome.
    pub unknown: u32,
}

/// What a delivery ends as when it is given up.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum GiveUp {
    /// It did not go out.
    Failed,
    /// It did not go out in its time.
    Expired,
    /// It may have gone out.
    Unknown,
}

/// What comes after a failed try.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Step {
    /// Once more, after this wait.
    RetryAfter {
        /// How long from now.
        wait: Duration,
        /// It may be a repeat: say so.
        repeat: bool,
        /// Nothing else is handed over meanwhile either: the gateway asked everybody to slow down.
        pause_all: bool,
    },
    /// No more tries.
    GiveUp(GiveUp),
}

/// What follows from `error`, and counts it in `tries`. `left` is what remains of the delivery's time; `last_path` says
/// that no other gateway is left, so that only the time bounds the tries. `jitter` lies in 0..1.
pub fn next(
    tries: &mut Tries,
    error: &SendError,
    policy: &RetryPolicy,
    left: Duration,
    last_path: bool,
    jitter: f64,
) -> Step {
    let throttled = matches!(error, SendError::Temporary { retry_after_s: Some(_), .. });
    if !throttled {
        tries.ended = tries.ended.saturating_add(1);
    }
    let give_up = |how| Step::GiveUp(if tries.unknown > 0 { GiveUp::Unknown } else { how });
    let asked = match error {
        SendError::Permanent { .. } => return give_up(GiveUp::Failed),
        SendError::Unknown { .. } => {
            tries.unknown = tries.unknown.saturating_add(1);
            if tries.unknown > policy.unknown_repeats_max {
                return Step::GiveUp(GiveUp::Unknown);
            }
            None
        }
        SendError::Temporary { retry_after_s, .. } => {
            if tries.ended >= policy.attempts_max && !last_path {
                return give_up(GiveUp::Failed);
            }
            retry_after_s.map(|s| s.min(PAUSE_S_MAX))
        }
    };
    let wait = backoff(tries.ended, policy, jitter).max(Duration::from_secs(asked.unwrap_or(0).into()));
    if wait >= left {
        return Step::GiveUp(if tries.unknown > 0 { GiveUp::Unknown } else { GiveUp::Expired });
    }
    Step::RetryAfter { wait, repeat: tries.unknown > 0, pause_all: throttled }
}

/// Exponential, with "equal jitter": between half of the wait and all of it, so that a thousand deliveries that failed
/// together do not come back together.
pub fn backoff(ended: u32, policy: &RetryPolicy, jitter: f64) -> Duration {
    let doubled = u64::from(policy.wait_min_ms).saturating_mul(1 << ended.saturating_sub(1).min(20));
    let full = doubled.min(policy.wait_max_ms.into()) as f64;
    Duration::from_micros((full * (500.0 + 500.0 * jitter.clamp(0.0, 1.0))) as u64)
}

/// A seeded source of jitter (SplitMix64, Steele et al. 2014). No secret depends on it.
#[derive(Clone, Debug)]
pub struct Jitter(u64);

impl Jitter {
    /// The same seed gives the same waits.
    pub fn seeded(seed: u64) -> Self {
        Self(seed)
    }
    /// A number in 0..1.
    pub fn unit(&mut self) -> f64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        ((z ^ (z >> 31)) >> 11) as f64 / (1_u64 << 53) as f64
    }
}

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, reason = "tests")]

    use proptest::prelude::*;

    use super::*;

    const LONG: Duration = Duration::from_secs(4 * 3600);

    fn steps(errors: &[SendError], left: Duration, last_path: bool) -> Vec<Step> {
        let (policy, mut tries) = (RetryPolicy::default(), Tries::default());
        errors.iter().map(|e| next(&mut tries, e, &policy, left, last_path, 1.0)).collect()
    }
    fn again(ms: u64, repeat: bool, pause_all: bool) -> Step {
        Step::RetryAfter { wait: Duration::from_millis(ms), repeat, pause_all }
    }
    fn busy(s: u32) -> SendError {
        SendError::Temporary { cause: "busy".into(), retry_after_s: Some(s) }
    }

    #[test]
    fn temporary_is_tried_again_with_doubled_waits_and_then_fails() {
        let five = vec![SendError::temporary("busy"); 5];
        let expected: Vec<_> = [1_000, 2_000, 4_000, 8_000].map(|ms| again(ms, false, false)).into();
        assert_eq!(steps(&five, LONG, false)[..4], expected);
        assert_eq!(steps(&five, LONG, false)[4], Step::GiveUp(GiveUp::Failed));
    }

    #[test]
    fn without_another_way_only_time_ends_the_tries() {
        let many = vec![SendError::temporary("refused"); 50];
        assert_eq!(steps(&many, LONG, true)[49], again(60_000, false, false));
        assert_eq!(steps(&many, Duration::from_secs(3), true)[2], Step::GiveUp(GiveUp::Expired));
    }

    #[test]
    fn permanent_is_never_tried_again() {
        assert_eq!(steps(&[SendError::permanent("unknown number")], LONG, true), [Step::GiveUp(GiveUp::Failed)]);
    }

    #[test]
    fn unknown_is_repeated_once_marked_and_then_stays_unknown() {
        let two = vec![SendError::unknown("no answer"); 2];
        assert_eq!(steps(&two, LONG, false), [again(1_000, true, false), Step::GiveUp(GiveUp::Unknown)]);
    }

    #[test]
    fn after_an_unknown_try_nothing_says_that_it_did_not_go_out() {
        for then in [SendError::permanent("duplicate"), busy(20)] {
            let last = *steps(&[SendError::unknown("no answer"), then], Duration::from_secs(20), false).last().unwrap();
            assert_eq!(last, Step::GiveUp(GiveUp::Unknown));
        }
        let retried = steps(&[SendError::unknown("no answer"), SendError::temporary("busy")], LONG, false);
        assert_eq!(retried[1], again(2_000, true, false), "still marked as a possible repeat");
    }

    #[test]
    fn a_gateway_that_throttles_uses_up_no_tries() {
        let many = vec![busy(2); 50];
        assert_eq!(steps(&many, LONG, false)[49], again(2_000, false, true));
        assert_eq!(steps(&[busy(300)], LONG, false), [again(300_000, false, true)], "however long it asks for");
        assert_eq!(
            steps(&[busy(86_400)], LONG, false),
            [again(3_600_000, false, true)],
            "it is asked again after an hour"
        );
    }

    proptest! {
        #[test]
        fn waits_stay_in_their_bounds(ended in 0_u32..1000, seed: u64) {
            let policy = RetryPolicy::default();
            let wait = backoff(ended, &policy, Jitter::seeded(seed).unit());
            prop_assert!(wait >= Duration::from_millis(u64::from(policy.wait_min_ms) / 2));
            prop_assert!(wait <= Duration::from_millis(policy.wait_max_ms.into()));
        }
    }
}
