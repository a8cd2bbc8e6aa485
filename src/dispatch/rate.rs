//! A token bucket: how many deliveries a second a gateway is given. Pure: time comes in.

use std::time::Duration;

use tokio::time::Instant;

/// So much of a second's allowance may go at once; the rest is spread.
const BURST_SHARE: f64 = 0.1;

/// At most `per_second_max`, spread over the second.
#[derive(Debug)]
pub struct Bucket {
    per_second: f64,
    burst: f64,
    tokens: f64,
    filled_at: Instant,
}

impl Bucket {
    /// A full bucket; `None` never runs empty.
    pub fn new(per_second_max: Option<u32>, now: Instant) -> Self {
        let per_second = per_second_max.map_or(f64::INFINITY, |n| f64::from(n.max(1)));
        let burst = (per_second * BURST_SHARE).max(1.0);
        Self { per_second, burst, tokens: burst, filled_at: now }
    }

    /// Fills up to now. Call it before a row of [`Bucket::take`].
    pub fn fill(&mut self, now: Instant) {
        let passed = now.saturating_duration_since(self.filled_at).as_secs_f64();
        self.tokens = (self.tokens + passed * self.per_second).min(self.burst);
        self.filled_at = now;
    }

    /// One may go now.
    pub fn ready(&self) -> bool {
        // A timer wakes in whole milliseconds; what floating point lost must not cost another one.
        self.tokens >= 1.0 - 1e-6
    }

    /// One goes.
    pub fn take(&mut self) {
        self.tokens -= 1.0;
    }

    /// When the next may go.
    pub fn ready_at(&self) -> Instant {
        if self.ready() {
            return self.filled_at;
        }
        self.filled_at + Duration::from_secs_f64((1.0 - self.tokens) / self.per_second)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// How many go in so many steps of 10 ms.
    fn sent(per_second_max: Option<u32>, steps: u32) -> u32 {
        let start = Instant::now();
        let mut bucket = Bucket::new(per_second_max, start);
        let mut sent = 0;
        for step in 1..=steps {
            bucket.fill(start + Duration::from_millis(10) * step);
            while bucket.ready() && sent < 1_000_000 {
                bucket.take();
                sent += 1;
            }
        }
        sent
    }

    #[test]
    fn the_rate_is_kept_and_the_burst_is_a_tenth_of_a_second() {
        let second_and_burst = sent(Some(100), 100);
        assert!((109..=110).contains(&second_and_burst), "{second_and_burst}");
        assert!((10..=11).contains(&sent(Some(1), 1000)));
        assert_eq!(sent(None, 1), 1_000_000);
    }

    #[test]
    fn it_says_when_the_next_may_go() {
        let start = Instant::now();
        let mut bucket = Bucket::new(Some(4), start);
        bucket.take();
        assert_eq!(bucket.ready_at(), start + Duration::from_millis(250));
        bucket.fill(bucket.ready_at());
        assert!(bucket.ready());
    }
}
