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
/// A step of the machine's clock from here on is distrusted (RULES D12).
pub const STEP_DISTRUSTED: SignedDuration = SignedDuration::from_secs(60);
/// A clock that was stepped is believed when it has gone well for so long (RULES D12).
pub const BELIEVED_AFTER: Duration = Duration::from_secs(600);

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
    /// By how much the machine's clock is ahead (or behind, negative), where it is not followed (RULES D12).
    fn distrusted(&self) -> Option<SignedDuration> {
        None
    }
    /// The machine's clock is right: it is followed again.
    fn accept(&self) {}
}

/// A clock, shared.
pub type SharedClock = Arc<dyn Clock>;

/// Makes a steady time of day out of one that may be set and one that can't (RULES D12).
///
/// The one that can't be set counts the machine's sleep too (Linux: `CLOCK_BOOTTIME`): a deadline is a deadline, and sleep is no step. A
/// small difference is followed forwards; backwards it goes at a slightly slower pace until the machine has caught up, and at its own
/// while deadlines run, so that none comes later than was planned.
///
/// A step of [`STEP_DISTRUSTED`] and more is not followed, in either direction: time goes on at its own pace until the machine's clock is
/// set right again, or has gone on for [`BELIEVED_AFTER`] without another step, or somebody says that it is right.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Steady {
    last: Timestamp,
    last_mono: Duration,
    last_wall: Timestamp,
    may_slow: bool,
    /// The machine's clock was stepped then, and is not followed.
    distrusted_since: Option<Duration>,
}

/// What one look at both clocks gives.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Reading {
    /// The time of day.
    pub now: Timestamp,
    /// The machine's clock was stepped by so much since the last look.
    pub stepped: Option<SignedDuration>,
    /// The machine's clock is ahead of this one by so much (or behind, negative) and is not followed.
    pub distrusted: Option<SignedDuration>,
}

impl Steady {
    /// Starts at the machine's time.
    pub fn new(wall: Timestamp, mono: Duration) -> Self {
        Self { last: wall, last_mono: mono, last_wall: wall, may_slow: true, distrusted_since: None }
    }

    /// It is at least that late: what the journal holds has happened, whatever the machine's clock says after a restart. A machine that
    /// is far behind it is distrusted.
    pub fn not_before(&mut self, at: Timestamp) {
        self.last = self.last.max(at);
        if self.last.duration_since(self.last_wall) >= STEP_DISTRUSTED {
            self.distrusted_since = Some(self.last_mono);
        }
    }

    /// Whether it may go slower to fall back to the machine's clock: only while no deadline runs.
    pub fn may_slow(&mut self, may: bool) {
        self.may_slow = may;
    }

    /// Somebody looked at the machine's clock: it is right.
    pub fn accept(&mut self) {
        self.distrusted_since = None;
        self.last = self.last.max(self.last_wall);
    }

    /// The time, given what both clocks say now.
    pub fn read(&mut self, wall: Timestamp, mono: Duration) -> Reading {
        let passed = SignedDuration::try_from(mono.saturating_sub(self.last_mono)).unwrap_or(SignedDuration::ZERO);
        let stepped = wall.duration_since(self.last_wall) - passed;
        let stepped = (stepped.abs() >= STEP_DISTRUSTED).then_some(stepped);
        self.last_mono = self.last_mono.max(mono);
        self.last_wall = wall;
        let own = self.last.saturating_add(passed).unwrap_or(self.last);
        let apart = wall.duration_since(own);
        if stepped.is_some() {
            self.distrusted_since = Some(self.last_mono);
        }
        let gone_well = |since: Duration| self.last_mono.saturating_sub(since) >= BELIEVED_AFTER;
        if apart.abs() < STEP_DISTRUSTED || self.distrusted_since.is_some_and(gone_well) {
            self.distrusted_since = None;
        }
        self.last = match self.distrusted_since {
            Some(_) => own,
            None if wall >= own => wall,
            None => self.slowed(own, passed).max(wall),
        };
        let distrusted = self.distrusted_since.map(|_| wall.duration_since(self.last));
        Reading { now: self.last, stepped, distrusted }
    }

    /// Ahead of the machine: slower, where nothing waits for a deadline.
    fn slowed(&self, own: Timestamp, passed: SignedDuration) -> Timestamp {
        if !self.may_slow {
            return own;
        }
        let less = SignedDuration::from_nanos((passed.as_nanos() / i128::from(SLOWER_BY)) as i64);
        own.saturating_sub(less).unwrap_or(own)
    }
}

/// The machine's clock, made steady.
#[derive(Debug)]
pub struct SystemClock {
    steady: Mutex<Steady>,
    steps: watch::Sender<SignedDuration>,
    distrusted: watch::Sender<Option<SignedDuration>>,
}

/// Time since the machine started, its sleep included: nothing sets it.
fn since_boot() -> Duration {
    let at = rustix::time::clock_gettime(rustix::time::ClockId::Boottime);
    Duration::new(u64::try_from(at.tv_sec).unwrap_or(0), u32::try_from(at.tv_nsec).unwrap_or(0))
}

impl SystemClock {
    /// A clock that starts at the machine's time.
    pub fn new() -> Self {
        Self {
            steady: Mutex::new(Steady::new(Timestamp::now(), since_boot())),
            steps: watch::Sender::new(SignedDuration::ZERO),
            distrusted: watch::Sender::new(None),
        }
    }

    /// Tells each step of the machine's clock of [`STEP_DISTRUSTED`] and more: by how much.
    pub fn steps(&self) -> watch::Receiver<SignedDuration> {
        self.steps.subscribe()
    }

    /// Time goes on from there: the last record's. A machine whose clock is behind it counts as one that was set back.
    pub fn not_before(&self, at: Timestamp) {
        self.lock().not_before(at);
        let behind = Timestamp::now().duration_since(at);
        if behind <= -STEP_DISTRUSTED {
            self.tell(behind);
        }
    }

    fn tell(&self, by: SignedDuration) {
        tracing::warn!(by_s = by.as_secs(), "the machine's clock was set; it is not followed");
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
        let Reading { now, stepped, distrusted } = steady.read(Timestamp::now(), since_boot());
        drop(steady);
        if let Some(by) = stepped {
            self.tell(by);
        }
        self.distrusted.send_if_modified(|was| std::mem::replace(was, distrusted).is_some() != distrusted.is_some());
        now
    }
    fn deadlines_run(&self, run: bool) {
        self.lock().may_slow(!run);
    }
    fn distrusted(&self) -> Option<SignedDuration> {
        *self.distrusted.borrow()
    }
    fn accept(&self) {
        self.lock().accept();
        self.distrusted.send_replace(None);
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

    fn now_of(clock: &mut Steady, wall: i64, mono: u64) -> Timestamp {
        clock.read(at(wall), secs(mono)).now
    }

    #[test]
    fn rule_d12_a_step_is_not_followed_and_is_over_when_the_clock_is_set_right() {
        for by in [3600, 86_400, 10 * 365 * 86_400, -3600, -86_400] {
            let mut clock = Steady::new(at(0), secs(0));
            assert_eq!(now_of(&mut clock, 100, 100), at(100));
            let read = clock.read(at(101 + by), secs(101));
            assert_eq!(read.now, at(101), "its own pace");
            assert_eq!(read.stepped.map(|by| by.as_secs()), Some(by));
            assert_eq!(read.distrusted.map(|by| by.as_secs()), Some(by));
            assert_eq!(now_of(&mut clock, 112 + by, 112), at(112));
            let right = clock.read(at(113), secs(113));
            assert_eq!((right.now, right.distrusted), (at(113), None), "the true time at once");
            assert_eq!(right.stepped.map(|by| by.as_secs()), Some(-by), "both steps are told");
        }
    }

    #[test]
    fn rule_d12_a_clock_that_goes_well_for_ten_minutes_is_believed_and_sooner_if_somebody_says_so() {
        let mut clock = Steady::new(at(0), secs(0));
        assert_eq!(now_of(&mut clock, 7201, 1), at(1));
        assert_eq!(now_of(&mut clock, 7200 + 600, 600), at(600));
        assert_eq!(now_of(&mut clock, 7200 + 601, 601), at(7801), "ten minutes after the step");
        let mut clock = Steady::new(at(0), secs(0));
        assert_eq!(now_of(&mut clock, 7201, 1), at(1));
        // Another step begins the ten minutes anew.
        assert_eq!(now_of(&mut clock, 10_000, 500), at(500));
        assert_eq!(now_of(&mut clock, 10_200, 700), at(700));
        clock.accept();
        assert_eq!(now_of(&mut clock, 10_201, 701), at(10_201));
    }

    #[test]
    fn rule_d12_sleep_is_no_step() {
        let mut clock = Steady::new(at(0), secs(0));
        let read = clock.read(at(7200), secs(7200));
        assert_eq!(read, Reading { now: at(7200), stepped: None, distrusted: None });
    }

    #[test]
    fn a_little_ahead_it_goes_slower_unless_deadlines_run() {
        let mut clock = Steady::new(at(0), secs(0));
        assert_eq!(now_of(&mut clock, 100, 100), at(100));
        let set_back = now_of(&mut clock, 101 - 32, 101);
        assert!(set_back > at(100) && set_back < at(101));
        assert_eq!(now_of(&mut clock, 101 - 32 + 1600, 101 + 1600), at(101 - 32 + 1600), "the machine has caught up");
        clock.may_slow(false);
        assert_eq!(now_of(&mut clock, 1702 - 64, 1702), at(1702 - 32), "a deadline comes when it was planned");
    }

    #[test]
    fn rule_d12_a_start_before_the_last_record_goes_on_from_there() {
        let mut clock = Steady::new(at(0), secs(0));
        clock.not_before(at(3600));
        let read = clock.read(at(10), secs(10));
        assert_eq!((read.now, read.distrusted.is_some()), (at(3610), true));
        clock.not_before(at(100));
        assert_eq!(now_of(&mut clock, 11, 11), at(3611), "never backwards");

        let machine = SystemClock::new();
        let mut steps = machine.steps();
        machine.not_before(Timestamp::now() - SignedDuration::from_secs(5));
        assert!(!steps.has_changed().unwrap(), "behind by nothing");
        let later = Timestamp::now() + SignedDuration::from_secs(7200);
        machine.not_before(later);
        assert!(machine.now() >= later);
        assert!(steps.has_changed().unwrap() && steps.borrow_and_update().as_secs() <= -7199);
        assert!(machine.distrusted().is_some());
        machine.accept();
        assert!(machine.distrusted().is_none() && machine.now() >= later, "what has happened stays past");
    }

    proptest! {
        #[test]
        fn it_never_goes_back(steps in prop::collection::vec((0_u64..10_000, -100_000_i64..100_000), 1..50)) {
            let mut clock = Steady::new(at(0), secs(0));
            let (mut before, mut mono) = (at(0), 0);
            for (passed, wall) in steps {
                mono += passed;
                let now = clock.read(at(wall), secs(mono)).now;
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
