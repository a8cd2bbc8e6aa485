//! The only reader of time. Rules get the time as an argument.
//!
//! Two clocks, for two uses. [`Clock::now`] is the time of day, for deadlines that must survive a restart: it never goes
//! backwards, and it never stands still because somebody set the machine's clock back. [`mono`] is for waits inside the
//! process (timeouts, backoff): nothing can set it.

#![expect(clippy::disallowed_methods, reason = "the only reader of the machine's time")]

use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use jiff::{SignedDuration, Timestamp};
use tokio::sync::watch;
use tokio::time::Instant;

/// While it is ahead of the machine's clock, it goes slower by one part in so many, until the machine has caught up.
const SLOWER_BY: i64 = 16;
/// A step of the machine's clock from here on is worth a warning.
const STEP_WARN: SignedDuration = SignedDuration::from_secs(60);

/// The monotonic clock, which tests can pause.
pub fn mono() -> Instant {
    Instant::now()
}

/// The time of day.
pub trait Clock: Send + Sync {
    /// Now. Never less than it was.
    fn now(&self) -> Timestamp;
    /// Whether deadlines run, which must not come later than was planned.
    fn deadlines_run(&self, _run: bool) {}
}

/// A clock, shared.
pub type SharedClock = Arc<dyn Clock>;

/// Makes a steady time of day out of one that may be set and one that can't.
///
/// Forwards it follows the machine: it may have slept, and a deadline is a deadline. Backwards it does not. As long as a
/// deadline runs it goes on at its own pace, so that none comes later than was planned; when nothing runs, it goes at a slightly
/// slower pace until the machine's clock has caught up. Standing still instead would hold up what begins meanwhile.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Steady {
    last: Timestamp,
    last_mono: Duration,
    last_wall: Timestamp,
    may_slow: bool,
}

impl Steady {
    /// Starts at the machine's time.
    pub fn new(wall: Timestamp, mono: Duration) -> Self {
        Self { last: wall, last_mono: mono, last_wall: wall, may_slow: true }
    }

    /// It is at least that late: what the journal holds has happened, whatever the machine's clock says after a restart.
    pub fn not_before(&mut self, at: Timestamp) {
        self.last = self.last.max(at);
    }

    /// Whether it may go slower to fall back to the machine's clock: only while no deadline runs.
    pub fn may_slow(&mut self, may: bool) {
        self.may_slow = may;
    }

    /// The time, given what both clocks say now; and how far the machine's clock was stepped, when it was far.
    pub fn read(&mut self, wall: Timestamp, mono: Duration) -> (Timestamp, Option<SignedDuration>) {
        let passed = SignedDuration::try_from(mono.saturating_sub(self.last_mono)).unwrap_or(SignedDuration::ZERO);
        let stepped = wall.duration_since(self.last_wall) - passed;
        let slower = match self.may_slow {
            true => SignedDuration::from_nanos((passed.as_nanos() / i128::from(SLOWER_BY)) as i64),
            false => SignedDuration::ZERO,
        };
        let ahead = self.last.saturating_add(passed - slower).unwrap_or(self.last);
        self.last = wall.max(ahead);
        self.last_mono = self.last_mono.max(mono);
        self.last_wall = wall;
        (self.last, (stepped.abs() >= STEP_WARN).then_some(stepped))
    }
}

/// The machine's clock, made steady.
#[derive(Debug)]
pub struct SystemClock {
    steady: Mutex<Steady>,
    start: std::time::Instant,
    steps: watch::Sender<SignedDuration>,
}

impl SystemClock {
    /// A clock that starts at the machine's time.
    pub fn new() -> Self {
        Self {
            steady: Mutex::new(Steady::new(Timestamp::now(), Duration::ZERO)),
            start: std::time::Instant::now(),
            steps: watch::Sender::new(SignedDuration::ZERO),
        }
    }

    /// Tells each jump of the machine's clock of [`STEP_WARN`] and more: by how much.
    pub fn steps(&self) -> watch::Receiver<SignedDuration> {
        self.steps.subscribe()
    }

    /// Time goes on from there: the last record's. A machine whose clock is behind it counts as one that was set back.
    pub fn not_before(&self, at: Timestamp) {
        self.lock().not_before(at);
        let behind = Timestamp::now().duration_since(at);
        if behind <= -STEP_WARN {
            self.tell(behind);
        }
    }

    fn tell(&self, by: SignedDuration) {
        tracing::warn!(by_s = by.as_secs(), "the machine's clock was set; deadlines follow it forwards only");
        self.steps.send_replace(by);
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, Steady> {
        self.steady.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Default for SystemClock {
    fn default() -> Self {
        Self::new()
    }
}

impl Clock for SystemClock {
    fn now(&self) -> Timestamp {
        // Both are read under the lock, so that two callers can't read them in one order and use them in the other.
        let mut steady = self.lock();
        let (now, stepped) = steady.read(Timestamp::now(), self.start.elapsed());
        drop(steady);
        if let Some(by) = stepped {
            self.tell(by);
        }
        now
    }
    fn deadlines_run(&self, run: bool) {
        self.lock().may_slow(!run);
    }
}

/// A clock for tests, drills on fast forward and replays: it starts where it is told and moves when it is told.
///
/// Made by [`VirtualClock::with_runtime`] it also moves with [`mono`], so that a test that pauses the runtime's time steers
/// both with one hand.
#[derive(Clone, Debug)]
pub struct VirtualClock {
    base: Timestamp,
    since: Option<Instant>,
    added: Arc<Mutex<Duration>>,
}

#[cfg_attr(not(feature = "internals"), expect(dead_code, reason = "time of tests"))]
impl VirtualClock {
    /// Stands still until it is moved.
    pub fn stepped(at: Timestamp) -> Self {
        Self { base: at, since: None, added: Arc::default() }
    }

    /// Moves with [`mono`] too.
    pub fn with_runtime(at: Timestamp) -> Self {
        Self { since: Some(mono()), ..Self::stepped(at) }
    }

    /// Moves on by that much.
    pub fn advance(&self, by: Duration) {
        *self.added() += by;
    }

    /// Moves on to a time; nothing happens if it has passed.
    pub fn advance_to(&self, at: Timestamp) {
        if let Ok(by) = Duration::try_from(at.duration_since(self.now())) {
            self.advance(by);
        }
    }

    fn added(&self) -> std::sync::MutexGuard<'_, Duration> {
        self.added.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Clock for VirtualClock {
    fn now(&self) -> Timestamp {
        let passed = self.since.map_or(Duration::ZERO, |since| mono().duration_since(since)) + *self.added();
        self.base.saturating_add(passed).unwrap_or(Timestamp::MAX)
    }
}

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, reason = "tests")]

    use proptest::prelude::*;

    use super::*;

    fn at(s: i64) -> Timestamp {
        Timestamp::from_second(1_230_000_000 + s).unwrap()
    }
    fn secs(s: u64) -> Duration {
        Duration::from_secs(s)
    }

    #[test]
    fn a_clock_set_back_neither_goes_back_nor_stands_still() {
        let mut clock = Steady::new(at(0), secs(0));
        assert_eq!(clock.read(at(100), secs(100)), (at(100), None));
        let (after, stepped) = clock.read(at(101 - 3600), secs(101));
        assert!(after > at(100) && after < at(101));
        assert_eq!(stepped, Some(SignedDuration::from_secs(-3600)));
        let (later, _) = clock.read(at(1701 - 3600), secs(1701));
        assert!(later > at(1600) && later < at(1605), "a sixteenth slower: {later}");
        let day = 24 * 3600;
        assert_eq!(clock.read(at(day - 3600), secs(24 * 3600)).0, at(day - 3600), "the machine has caught up");
    }

    #[test]
    fn while_deadlines_run_a_clock_set_back_makes_none_of_them_later() {
        let mut clock = Steady::new(at(0), secs(0));
        clock.may_slow(false);
        assert_eq!(clock.read(at(100), secs(100)), (at(100), None));
        assert_eq!(clock.read(at(101 - 3600), secs(101)), (at(101), Some(SignedDuration::from_secs(-3600))));
        assert_eq!(clock.read(at(400 - 3600), secs(400)), (at(400), None), "a deadline of 300 s comes after 300 s");
        let (again, stepped) = clock.read(at(401 - 7200), secs(401));
        assert_eq!((again, stepped), (at(401), Some(SignedDuration::from_secs(-3600))), "each jump is told");
        clock.may_slow(true);
        assert_eq!(clock.read(at(401 + 160 - 7200), secs(401 + 160)).0, at(401 + 150));
    }

    #[test]
    fn after_a_restart_time_goes_on_from_the_last_record() {
        let mut clock = Steady::new(at(0), secs(0));
        clock.not_before(at(3600));
        clock.may_slow(false);
        assert_eq!(clock.read(at(10), secs(10)), (at(3610), None));
        clock.not_before(at(100));
        assert_eq!(clock.read(at(11), secs(11)).0, at(3611), "never backwards");

        let machine = SystemClock::new();
        let mut steps = machine.steps();
        machine.not_before(Timestamp::now() - SignedDuration::from_secs(5));
        assert!(!steps.has_changed().unwrap(), "behind by nothing");
        let later = Timestamp::now() + SignedDuration::from_secs(7200);
        machine.not_before(later);
        assert!(machine.now() >= later);
        assert!(steps.has_changed().unwrap() && steps.borrow_and_update().as_secs() <= -7199);
    }

    #[test]
    fn a_clock_set_forward_or_a_machine_that_slept_is_followed() {
        let mut clock = Steady::new(at(0), secs(0));
        assert_eq!(clock.read(at(7200), secs(1)), (at(7200), Some(SignedDuration::from_secs(7199))));
        assert_eq!(clock.read(at(7201), secs(2)), (at(7201), None));
    }

    proptest! {
        #[test]
        fn it_never_goes_back(steps in prop::collection::vec((0_u64..10_000, -100_000_i64..100_000), 1..50)) {
            let mut clock = Steady::new(at(0), secs(0));
            let (mut before, mut mono) = (at(0), 0);
            for (passed, wall) in steps {
                mono += passed;
                let (now, _) = clock.read(at(wall), secs(mono));
                prop_assert!(now >= before);
                prop_assert!(now.duration_since(before) >= SignedDuration::from_secs((passed as i64) * 15 / 16));
                before = now;
            }
        }
    }

    #[tokio::test(start_paused = true)]
    async fn a_virtual_clock_moves_when_it_is_told_or_with_the_paused_runtime() {
        let clock = VirtualClock::stepped(at(0));
        tokio::time::advance(secs(3600)).await;
        clock.clone().advance(secs(300));
        assert_eq!(clock.now(), at(300));
        clock.advance_to(at(200));
        assert_eq!(clock.now(), at(300), "never back");
        let clock = VirtualClock::with_runtime(at(0));
        tokio::time::advance(secs(3600)).await;
        assert_eq!(clock.now(), at(3600));
        clock.advance(secs(60));
        assert_eq!(clock.now(), at(3660));
    }

    #[test]
    fn the_machines_clock_does_not_go_back() {
        let clock = SystemClock::new();
        let first = clock.now();
        assert!(clock.now() >= first);
    }
}
