//! A token bucket: how many deliveries a second, and a minute, a gateway is given. Pure: time comes in.

use std::collections::VecDeque;
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
    /// The minute's: what was sent in the last minute counts, so that no minute ever has more.
    minute: Option<Minute>,
}

/// What left within the last minute.
#[derive(Debug)]
struct Minute {
    max: usize,
    sent: VecDeque<Instant>,
}

/// The span of `per_minute_max`.
const MINUTE: Duration = Duration::from_secs(60);
/// The largest allowance a minute that is counted; a larger one sets no bound.
const PER_MINUTE_MAX: u32 = 100_000;

impl Bucket {
    /// A full bucket; `None` never runs empty.
    pub fn new(per_second_max: Option<u32>, now: Instant) -> Self {
        let per_second = per_second_max.map_or(f64::INFINITY, |n| f64::from(n.max(1)));
        let burst = (per_second * BURST_SHARE).max(1.0);
        Self { per_second, burst, tokens: burst, filled_at: now, minute: None }
    }

    /// With a bound for any minute.
    #[must_use]
    pub fn per_minute(mut self, per_minute_max: Option<u32>) -> Self {
        let max = per_minute_max.filter(|n| *n <= PER_MINUTE_MAX);
        self.minute = max.map(|n| Minute { max: n.max(1) as usize, sent: VecDeque::new() });
        self
    }

    /// Fills up to now. Call it before a row of [`Bucket::take`].
    pub fn fill(&mut self, now: Instant) {
        let passed = now.saturating_duration_since(self.filled_at).as_secs_f64();
        self.tokens = (self.tokens + passed * self.per_second).min(self.burst);
        self.filled_at = now;
        if let Some(minute) = &mut self.minute {
            while minute.sent.front().is_some_and(|at| *at + MINUTE <= now) {
                minute.sent.pop_front();
            }
        }
    }

    /// One may go now.
    pub fn ready(&self) -> bool {
        self.second_ready() && !self.minute_full()
    }

    fn second_ready(&self) -> bool {
        // A timer wakes in whole milliseconds; what floating point lost must not cost another one.
        self.tokens >= 1.0 - 1e-6
    }

    /// The minute's allowance is used up.
    pub fn minute_full(&self) -> bool {
        self.minute.as_ref().is_some_and(|m| m.sent.len() >= m.max)
    }

    /// Counts one that goes.
    pub fn take(&mut self) {
        self.tokens -= 1.0;
        if let Some(minute) = &mut self.minute {
            minute.sent.push_back(self.filled_at);
        }
    }

    /// When the next may go.
    pub fn ready_at(&self) -> Instant {
        let second = if self.second_ready() {
            self.filled_at
        } else {
            self.filled_at + Duration::from_secs_f64((1.0 - self.tokens) / self.per_second)
        };
        let full = self.minute.as_ref().filter(|m| m.sent.len() >= m.max);
        let minute = full.and_then(|m| m.sent.front()).map(|at| *at + MINUTE);
        minute.map_or(second, |at| at.max(second))
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
    fn no_minute_has_more_than_its_own() {
        let start = Instant::now();
        let mut bucket = Bucket::new(Some(100), start).per_minute(Some(30));
        let mut sent = Vec::new();
        for ms in (0..180_000).step_by(10) {
            bucket.fill(start + Duration::from_millis(ms));
            while bucket.ready() {
                bucket.take();
                sent.push(ms);
            }
            assert_eq!(bucket.ready(), bucket.ready_at() <= start + Duration::from_millis(ms));
        }
        assert_eq!(sent.len(), 90);
        assert!(sent.windows(31).all(|w| w[30] - w[0] >= 60_000), "{sent:?}");
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
