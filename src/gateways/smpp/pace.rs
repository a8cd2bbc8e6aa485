//! How fast to submit: the configured rate, and slower when the gateway says so. Time comes in as an argument.

use std::time::Duration;

use tokio::time::Instant;

/// First pause after the gateway said "too fast".
const PAUSE_MIN: Duration = Duration::from_secs(1);
/// The longest pause.
const PAUSE_MAX: Duration = Duration::from_secs(30);
/// How much may be made up for when we were late (timers and tasks are not exact).
const CATCH_UP: Duration = Duration::from_millis(50);
/// A rate above which nothing is held back any more when none is configured.
const FREE_PER_S: f64 = 20_000.0;

/// The pace of one session.
#[derive(Debug)]
pub struct Pace {
    max_per_s: f64,
    now_per_s: f64,
    next: Instant,
    pause_until: Instant,
    pause: Duration,
    second_began: Instant,
    submitted: u32,
    submitted_before: u32,
}

impl Pace {
    /// `per_second_max` 0: no limit.
    pub fn new(per_second_max: u32, now: Instant) -> Self {
        let max_per_s = if per_second_max == 0 { f64::INFINITY } else { f64::from(per_second_max) };
        Self {
            max_per_s,
            now_per_s: max_per_s,
            next: now,
            pause_until: now,
            pause: PAUSE_MIN,
            second_began: now,
            submitted: 0,
            submitted_before: 0,
        }
    }

    /// From when on one may be submitted; `None`: at once.
    pub fn wait_until(&self, now: Instant) -> Option<Instant> {
        let from = self.pause_until.max(if self.now_per_s.is_finite() { self.next } else { now });
        (from > now).then_some(from)
    }

    /// One was submitted.
    pub fn submitted(&mut self, now: Instant) {
        self.submitted = self.submitted.saturating_add(1);
        if self.now_per_s.is_finite() {
            let earliest = now.checked_sub(CATCH_UP).unwrap_or(now);
            self.next = self.next.max(earliest) + Duration::from_secs_f64(1.0 / self.now_per_s);
        }
    }

    /// The gateway said "too fast" or "full": a pause, then half as fast. Answers to what was under way when the pause
    /// began do not count again. Gives the pause in seconds.
    pub fn throttled(&mut self, now: Instant) -> u32 {
        if now >= self.pause_until {
            let seen = f64::from(self.submitted.max(self.submitted_before)).max(2.0);
            self.now_per_s = (self.now_per_s.min(seen) / 2.0).max(1.0);
            self.pause_until = now + self.pause;
            self.next = self.pause_until;
            self.pause = (self.pause * 2).min(PAUSE_MAX);
        }
        (self.pause_until - now).as_secs_f64().ceil() as u32
    }

    /// Called now and then: a second without complaint makes it a quarter faster again.
    pub fn tick(&mut self, now: Instant) {
        if now - self.second_began < Duration::from_secs(1) {
            return;
        }
        self.second_began = now;
        self.submitted_before = std::mem::take(&mut self.submitted);
        if now >= self.pause_until && self.now_per_s < self.max_per_s {
            self.pause = (self.pause / 2).max(PAUSE_MIN);
            self.now_per_s = (self.now_per_s * 1.25 + 1.0).min(self.max_per_s);
            if self.now_per_s > FREE_PER_S && self.max_per_s.is_infinite() {
                self.now_per_s = f64::INFINITY;
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// How many go out in `for_ms` when as many as allowed are submitted.
    fn count(pace: &mut Pace, now: &mut Instant, for_ms: u64) -> u32 {
        let mut n = 0;
        for _ in 0..for_ms {
            while pace.wait_until(*now).is_none() && n < 100_000 {
                pace.submitted(*now);
                n += 1;
            }
            *now += Duration::from_millis(1);
            pace.tick(*now);
        }
        n
    }

    #[test]
    fn keeps_the_configured_rate() {
        let mut now = Instant::now();
        let mut pace = Pace::new(50, now);
        assert!((50..=53).contains(&count(&mut pace, &mut now, 1000)));
        now += Duration::from_secs(60);
        assert!((50..=53).contains(&count(&mut pace, &mut now, 1000)), "an idle minute is not saved up");
    }

    #[test]
    fn without_a_limit_nothing_is_held_back() {
        let now = Instant::now();
        let mut pace = Pace::new(0, now);
        for _ in 0..1000 {
            assert_eq!(pace.wait_until(now), None);
            pace.submitted(now);
        }
    }

    #[test]
    fn slows_down_when_told_and_recovers() {
        let mut now = Instant::now();
        let mut pace = Pace::new(40, now);
        count(&mut pace, &mut now, 2000);
        assert_eq!(pace.throttled(now), 1);
        assert_eq!(pace.throttled(now), 1, "answers to the same burst count once");
        assert_eq!(count(&mut pace, &mut now, 999), 0, "a pause");
        let slow = count(&mut pace, &mut now, 1000);
        assert!((15..=30).contains(&slow), "half as fast, not {slow}");
        count(&mut pace, &mut now, 10_000);
        assert!((40..=43).contains(&count(&mut pace, &mut now, 1000)));
        assert!(pace.throttled(now) >= 1);
    }

    #[test]
    fn pauses_grow_and_are_bounded() {
        let mut now = Instant::now();
        let mut pace = Pace::new(0, now);
        let mut pauses = Vec::new();
        for _ in 0..7 {
            let pause = pace.throttled(now);
            pauses.push(pause);
            now += Duration::from_secs(u64::from(pause));
        }
        assert_eq!(pauses, [1, 2, 4, 8, 16, 30, 30]);
    }
}
