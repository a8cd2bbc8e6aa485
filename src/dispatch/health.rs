//! Whether a gateway is healthy, suspect or down (a circuit breaker). Pure: it decides, the worker probes.
//!
//! Failures in a row only raise a doubt: five engaged fax machines are five engaged fax machines. The probe, which never
//! reaches a person, tells the gateway's own trouble from that of the receivers.

use std::time::Duration;

use tokio::time::Instant;

pub use crate::domain::incident::values::Standing;

/// A gateway that was well and whose probe failed is probed again after this.
const SECOND_LOOK: Duration = Duration::from_secs(1);

/// When a gateway is suspected and probed.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct BreakerLimits {
    /// Failures in a row, with no success between, until the gateway is suspected and probed.
    pub failures_max: u32,
    /// A gateway that is out is probed after that time, and after twice as long each time that it is still out…
    pub probe_every_s: u32,
    /// …up to this: a far end that refuses our login must not be hammered, and one that is back be found soon.
    pub probe_every_max_s: u32,
    /// A probe that takes longer has failed.
    pub probe_timeout_s: u32,
    /// A gateway that is well but carries nothing is probed so often (0: never), so that its last proof is never older.
    pub idle_probe_every_s: u32,
}

impl Default for BreakerLimits {
    fn default() -> Self {
        Self { failures_max: 5, probe_every_s: 15, probe_every_max_s: 60, probe_timeout_s: 10, idle_probe_every_s: 120 }
    }
}

/// What changed. The worker acts on it.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Change {
    None,
    /// It is well again.
    Well,
    /// It is out: hand back what has another way.
    Out,
}

/// A gateway's breaker.
#[derive(Debug)]
pub struct Breaker {
    limits: BreakerLimits,
    standing: Standing,
    failures: u32,
    last_proof: Option<Instant>,
    probing: bool,
    probe_at: Option<Instant>,
    /// Probes in a row that failed.
    in_vain: u32,
}

impl Breaker {
    /// Well until proven otherwise; the first probe is due at once, unless idle probes are off.
    pub fn new(limits: BreakerLimits, now: Instant) -> Self {
        let probe_at = (limits.idle_probe_every_s > 0).then_some(now);
        Self {
            limits,
            standing: Standing::Healthy,
            failures: 0,
            last_proof: None,
            probing: false,
            probe_at,
            in_vain: 0,
        }
    }

    /// How it stands.
    pub fn standing(&self) -> Standing {
        self.standing
    }

    /// When something last worked: a probe, a session, an accepted delivery.
    pub fn last_proof(&self) -> Option<Instant> {
        self.last_proof
    }

    /// A delivery was accepted, or a session came up.
    pub fn proof(&mut self, now: Instant) -> Change {
        self.failures = 0;
        self.in_vain = 0;
        self.last_proof = Some(now);
        if !self.probing {
            self.probe_at = self.idle_from(now);
        }
        match std::mem::replace(&mut self.standing, Standing::Healthy) {
            Standing::Healthy => Change::None,
            Standing::Suspect | Standing::Down => Change::Well,
        }
    }

    /// The gateway spoke, if only to refuse a delivery for good: it is there.
    pub fn spoke(&mut self) {
        self.failures = 0;
    }

    /// A delivery failed in a way that may be the gateway's fault.
    pub fn failure(&mut self, now: Instant) {
        self.failures = self.failures.saturating_add(1);
        if self.standing == Standing::Healthy && self.failures >= self.limits.failures_max.max(1) {
            self.standing = Standing::Suspect;
            self.probe_at = Some(now);
        }
    }

    /// The session is down. It may come back by itself; a probe says so sooner.
    pub fn session_down(&mut self, now: Instant) {
        if self.standing == Standing::Healthy {
            self.probe_at = Some(now);
        }
    }

    /// Its own code ended again and again: out, whatever a probe says.
    pub fn broken(&mut self, now: Instant) -> Change {
        self.probe_at = Some(now + self.every());
        match std::mem::replace(&mut self.standing, Standing::Down) {
            Standing::Down => Change::None,
            Standing::Healthy | Standing::Suspect => Change::Out,
        }
    }

    /// When a probe is due; `None` while one runs.
    pub fn probe_due(&self) -> Option<Instant> {
        if self.probing { None } else { self.probe_at }
    }

    /// A probe was started.
    pub fn probe_started(&mut self) {
        self.probing = true;
        self.probe_at = None;
    }

    /// A probe ended. Of a gateway that was well it takes two that fail, so that one lost packet moves no traffic.
    pub fn probed(&mut self, ok: bool, now: Instant) -> Change {
        self.probing = false;
        if ok {
            return self.proof(now);
        }
        if self.standing == Standing::Healthy {
            self.standing = Standing::Suspect;
            self.probe_at = Some(now + SECOND_LOOK);
            return Change::None;
        }
        self.probe_at = Some(now + self.every());
        self.in_vain = self.in_vain.saturating_add(1);
        match std::mem::replace(&mut self.standing, Standing::Down) {
            Standing::Down => Change::None,
            Standing::Healthy | Standing::Suspect => Change::Out,
        }
    }

    /// How long one probe may take.
    pub fn probe_timeout(&self) -> Duration {
        Duration::from_secs(self.limits.probe_timeout_s.max(1).into())
    }

    fn every(&self) -> Duration {
        let first = self.limits.probe_every_s.max(1);
        let grown = first.saturating_mul(1 << self.in_vain.min(16));
        Duration::from_secs(grown.min(self.limits.probe_every_max_s.max(first)).into())
    }
    fn idle_from(&self, now: Instant) -> Option<Instant> {
        let every = self.limits.idle_probe_every_s;
        (every > 0).then(|| now + Duration::from_secs(every.into()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn breaker(now: Instant) -> Breaker {
        Breaker::new(BreakerLimits { failures_max: 3, idle_probe_every_s: 0, ..BreakerLimits::default() }, now)
    }

    #[test]
    fn failures_in_a_row_make_it_suspect_and_only_the_probe_condemns() {
        let now = Instant::now();
        let mut b = breaker(now);
        b.failure(now);
        b.failure(now);
        b.spoke();
        b.failure(now);
        b.failure(now);
        assert_eq!((b.standing(), b.probe_due()), (Standing::Healthy, None), "not in a row");
        b.failure(now);
        assert_eq!((b.standing(), b.probe_due()), (Standing::Suspect, Some(now)));
        b.probe_started();
        assert_eq!(b.probe_due(), None);
        assert_eq!(b.probed(true, now), Change::Well, "engaged receivers, not the gateway");
        for _ in 0..3 {
            b.failure(now);
        }
        b.probe_started();
        assert_eq!(b.probed(false, now), Change::Out);
        assert_eq!((b.standing(), b.probe_due()), (Standing::Down, Some(now + Duration::from_secs(15))));
        b.probe_started();
        assert_eq!(b.probed(false, now), Change::None);
        b.probe_started();
        assert_eq!(b.probed(true, now), Change::Well);
        assert_eq!(b.last_proof(), Some(now));
    }

    #[test]
    fn one_that_stays_out_is_not_hammered_and_is_found_within_a_minute() {
        let now = Instant::now();
        let mut b = breaker(now);
        b.session_down(now);
        let mut waits = Vec::new();
        for _ in 0..6 {
            b.probe_started();
            b.probed(false, now);
            waits.push(b.probe_due().map(|at| (at - now).as_secs()));
        }
        assert_eq!(waits, [1, 15, 30, 60, 60, 60].map(Some));
        b.probe_started();
        assert_eq!(b.probed(true, now), Change::Well);
        b.session_down(now);
        for _ in 0..2 {
            b.probe_started();
            b.probed(false, now);
        }
        assert_eq!(b.probe_due(), Some(now + Duration::from_secs(15)), "a new outage is a new beginning");
    }

    #[test]
    fn an_accepted_delivery_ends_any_doubt() {
        let now = Instant::now();
        let mut b = breaker(now);
        assert_eq!(b.broken(now), Change::Out);
        assert_eq!(b.proof(now), Change::Well);
        assert_eq!(b.standing(), Standing::Healthy);
    }

    #[test]
    fn an_idle_gateway_is_probed_at_start_and_then_on_its_beat() {
        let now = Instant::now();
        let mut b = Breaker::new(BreakerLimits::default(), now);
        assert_eq!(b.probe_due(), Some(now));
        b.probe_started();
        assert_eq!(b.probed(true, now), Change::None);
        assert_eq!(b.probe_due(), Some(now + Duration::from_secs(120)));
        let later = now + Duration::from_secs(60);
        assert_eq!(b.proof(later), Change::None);
        assert_eq!(b.probe_due(), Some(later + Duration::from_secs(120)), "traffic is proof enough");
    }

    #[test]
    fn a_session_that_goes_down_is_probed_at_once() {
        let now = Instant::now();
        let mut b = breaker(now);
        b.session_down(now);
        assert_eq!((b.standing(), b.probe_due()), (Standing::Healthy, Some(now)));
    }

    #[test]
    fn one_failed_probe_of_a_gateway_that_was_well_is_looked_at_twice() {
        let now = Instant::now();
        let mut b = breaker(now);
        b.session_down(now);
        b.probe_started();
        assert_eq!(b.probed(false, now), Change::None);
        assert_eq!((b.standing(), b.probe_due()), (Standing::Suspect, Some(now + SECOND_LOOK)));
        b.probe_started();
        assert_eq!(b.probed(false, now + SECOND_LOOK), Change::Out);
    }
}
