//! What one worker knows and decides: what goes next, what an outcome means, when a gateway is out. No IO and no clock;
//! [`super::worker`] carries it out.

use std::collections::VecDeque;
use std::time::Duration;

use tokio::time::Instant;

use super::doubt::{self, Doubts};
use super::gateway_refs::{GatewayRef, REF_BYTES_MAX};
use super::health::{Breaker, Change, Standing};
use super::queue::{Held, Place, Queue, Queued};
use super::rate::Bucket;
use super::receipts::Receipts;
use super::retry::{self, GiveUp, Jitter, Step};
use super::worker_event::{Outcome, WorkerEvent};
use super::worker_limits::WorkerLimits;
use crate::domain::delivery::{Accepted, DeliveryState, SendError};
use crate::domain::ids::{DeliveryId, GatewayId};
use crate::domain::incident::values::Doubt;
use crate::gateways::{GatewayEvent, Health, Job, PriorAccept};

/// Priorities up to this one are alerts, and what is as urgent: they wait for nobody's "later" when another way is left.
const ALERT_PRIORITY_MAX: u8 = 1;
/// While a gateway says "later", what waits for it is looked at so often.
const LATER_LOOK: Duration = Duration::from_secs(1);

/// Events that wait for the loop. From there on the gateway's news wait in its channel, and nothing more is handed over.
pub const BACKLOG_EVENTS_MAX: usize = 16;
/// Handed-over deliveries whose outcome has come are cleared away in one go.
const WATCHED_STALE_MAX: usize = 1024;

/// Deliveries that the far end may still be asked for. Beyond that they go out, each followed by the word that it does not
/// apply.
const WANTED_BACK_MAX: usize = 100_000;

/// The decisions of one worker.
#[derive(Debug)]
pub struct WorkerState {
    gateway: GatewayId,
    limits: WorkerLimits,
    queue: Queue,
    breaker: Breaker,
    doubts: Doubts,
    /// What is held against the gateway now.
    doubt: Option<Doubt>,
    bucket: Bucket,
    receipts: Receipts,
    jitter: Jitter,
    /// Handed over when, in order, by ticket.
    watched: VecDeque<(Instant, DeliveryId, u64)>,
    paused_until: Option<Instant>,
    heard_at: Instant,
    batch: Vec<Outcome>,
    /// Whether the gateway's receipts name nothing but its own numbers; those of the batch.
    keeps_refs: bool,
    refs: Vec<GatewayRef>,
    batch_since: Option<Instant>,
    told: VecDeque<WorkerEvent>,
    expired: Vec<Held>,
    /// Accepted, and called back: the far end is to be asked for them.
    wanted_back: Vec<DeliveryId>,
    detail: String,
    /// What was last told of its health.
    told_health: Option<(Standing, bool)>,
    /// When something was last accepted.
    pub last_accepted: Option<Instant>,
    /// Deliveries handed to the gateway, repeats included.
    pub handed_over_total: u64,
    /// Deliveries that it accepted.
    pub accepted_total: u64,
}

/// How long a delivery may wait for a gateway that says "later", when another way is left.
fn patience(job: &Job) -> Duration {
    if job.head.priority <= ALERT_PRIORITY_MAX { doubt::LATER } else { doubt::LATER_OTHERS }
}

/// How a delivery ends that is called back and did not leave: a repeat that never left says nothing of the try before it
/// (invariant 4), so that whoever may have that one is told.
fn given_back(held: &Held) -> DeliveryState {
    if held.job.repeat { DeliveryState::Unknown } else { DeliveryState::Withdrawn }
}

impl WorkerState {
    /// Nothing held, gateway well until proven otherwise.
    pub fn new(gateway: GatewayId, limits: WorkerLimits, jitter: Jitter, now: Instant) -> Self {
        Self {
            queue: Queue::default(),
            breaker: Breaker::new(limits.breaker.clone(), now),
            doubts: Doubts::new(limits.receipts_promised),
            doubt: None,
            bucket: Bucket::new(limits.per_second_max, now).per_minute(limits.per_minute_max),
            receipts: Receipts::new(&limits.receipts, now),
            jitter,
            watched: VecDeque::new(),
            paused_until: None,
            heard_at: now,
            batch: Vec::new(),
            keeps_refs: false,
            refs: Vec::new(),
            batch_since: None,
            told: VecDeque::new(),
            expired: Vec::new(),
            wanted_back: Vec::new(),
            detail: "not proven yet".into(),
            told_health: None,
            last_accepted: None,
            handed_over_total: 0,
            accepted_total: 0,
            gateway,
            limits,
        }
    }

    /// Whose worker it is.
    pub fn gateway(&self) -> &GatewayId {
        &self.gateway
    }

    /// The gateway's receipts name its own numbers: they are told, to be kept.
    #[must_use]
    pub fn keeping_refs(mut self, keeps: bool) -> Self {
        self.keeps_refs = keeps;
        self
    }

    /// The deliveries that it holds.
    pub fn queue(&self) -> &Queue {
        &self.queue
    }
    /// How the gateway stands.
    pub fn standing(&self) -> Standing {
        match self.breaker.standing() {
            Standing::Healthy if self.doubt.is_some() => Standing::Suspect,
            standing => standing,
        }
    }
    /// Why it is not trusted although it answers.
    pub fn doubt(&self) -> Option<Doubt> {
        self.doubt
    }
    /// What it says to everybody, if it refuses them all.
    pub fn refuses(&self) -> Option<&str> {
        self.doubts.refuses()
    }
    /// Its breaker.
    pub fn breaker(&self) -> &Breaker {
        &self.breaker
    }
    /// A probe was started.
    pub fn probe_started(&mut self) {
        self.breaker.probe_started();
    }
    /// Its allowance of a minute is used up, and more waits.
    pub fn minute_full(&self) -> bool {
        self.bucket.minute_full() && self.queue.in_line_now()
    }
    /// What the gateway last said of itself.
    pub fn detail(&self) -> &str {
        &self.detail
    }

    /// Takes in what was submitted.
    pub fn submit(&mut self, jobs: Vec<Queued>, now: Instant) {
        for queued in jobs {
            // Its receipt was here before it: a repeat after a start, overtaken by news of the earlier try.
            if self.receipts.arrived(queued.job.delivery) {
                continue;
            }
            if self.breaker.standing() == Standing::Down && !queued.last_path {
                let reason = self.out_reason();
                self.tell(queued.job.delivery, DeliveryState::Queued, Some(reason), now);
            } else {
                self.queue.push(queued, now);
            }
        }
        self.hand_back_late(now);
    }

    /// A better way is left for these: what has not left goes back.
    pub fn hand_back_these(&mut self, deliveries: &[DeliveryId], now: Instant) {
        for delivery in deliveries {
            if let Some(held) = self.queue.take_one(*delivery) {
                self.end(&held, DeliveryState::Queued, Some("a better gateway is left".into()), now);
            }
        }
        self.queue.clear_stale();
    }

    /// The gateway says "later": what can't wait for it and has another way goes back (RULES G2).
    fn hand_back_late(&mut self, now: Instant) {
        let Some(since) = self.doubts.later_since() else { return };
        let until = self.paused_until.map_or(now, |until| until.max(now));
        let late = |h: &Held| !h.last_path && until >= h.since.max(since) + patience(&h.job);
        let mut back = self.queue.take_waiting(late);
        back.sort_unstable_by_key(|held| held.job.delivery);
        for held in back {
            self.end(&held, DeliveryState::Queued, Some("the gateway asks us to wait".into()), now);
        }
    }

    /// Whether the gateway is trusted may change with what happened, or by time alone.
    fn look(&mut self, now: Instant) {
        let doubt = self.doubts.look(now);
        if doubt == self.doubt {
            return;
        }
        self.doubt = doubt;
        match doubt {
            Some(doubt) => self.health(false, self.doubts.words(doubt)),
            None if self.breaker.standing() == Standing::Healthy => self.health(true, "it is trusted again".into()),
            None => {}
        }
    }

    /// Takes out what is not on the wire. What is not held here was accepted, perhaps: the far end may still have it.
    pub fn withdraw(&mut self, deliveries: &[DeliveryId], now: Instant) {
        for delivery in deliveries {
            if let Some(held) = self.queue.withdraw(*delivery) {
                self.end(&held, given_back(&held), None, now);
            } else if self.queue.get(*delivery).is_none() {
                self.want_back([*delivery].into_iter());
            }
        }
        self.queue.clear_stale();
    }

    /// The far end is to be asked for these.
    pub fn want_back(&mut self, deliveries: impl Iterator<Item = DeliveryId>) {
        let room = WANTED_BACK_MAX.saturating_sub(self.wanted_back.len());
        self.wanted_back.extend(deliveries.take(room));
    }
    /// There is something to ask the far end for.
    pub fn wants_back(&self) -> bool {
        !self.wanted_back.is_empty()
    }
    /// What to ask for.
    pub fn take_wanted_back(&mut self) -> Vec<DeliveryId> {
        std::mem::take(&mut self.wanted_back)
    }
    /// The far end gave these back: they never go out.
    pub fn taken_back(&mut self, deliveries: &[DeliveryId], now: Instant) {
        for delivery in deliveries {
            self.tell(*delivery, DeliveryState::Withdrawn, None, now);
        }
    }

    /// The next job for the gateway, if one may go now.
    pub fn next_job(&mut self, now: Instant) -> Option<Job> {
        if !self.may_hand_over(now) || !self.bucket.ready() {
            return None;
        }
        let mut expired = std::mem::take(&mut self.expired);
        let job = self.queue.pop(now, &mut expired);
        for held in expired.drain(..) {
            self.end(&held, DeliveryState::Expired, Some("its time was up".into()), now);
        }
        self.expired = expired;
        let job = job?;
        self.bucket.take();
        self.handed_over_total += 1;
        if self.queue.handed_over() == 1 {
            self.heard_at = now;
        }
        if let Some(held) = self.queue.get(job.delivery) {
            self.watched.push_back((now, job.delivery, held.ticket()));
        }
        Some(job)
    }

    fn may_hand_over(&self, now: Instant) -> bool {
        self.breaker.standing() == Standing::Healthy
            && self.paused_until.is_none_or(|until| until <= now)
            && self.queue.handed_over() < self.limits.in_flight_max.max(1)
            && !self.behind()
    }

    /// More could go, and only a place in the gateway's channel is missing.
    pub fn wants_to_hand_over(&self, now: Instant) -> bool {
        self.may_hand_over(now) && self.bucket.ready() && self.queue.in_line_now()
    }

    /// The loop is behind: news of the gateway have to wait in its channel.
    pub fn behind(&self) -> bool {
        self.told.len() >= BACKLOG_EVENTS_MAX
    }

    /// Receipts that belong to no delivery known here.
    pub fn unmatched(&self) -> u64 {
        self.receipts.unmatched()
    }

    /// Takes what the gateway told.
    pub fn on_gateway_events(&mut self, events: impl Iterator<Item = GatewayEvent>, now: Instant) {
        self.heard_at = now;
        let accepted_before = self.accepted_total;
        for event in events {
            match event {
                GatewayEvent::Outcome { delivery, result } => self.outcome(delivery, result, now),
                GatewayEvent::Receipt { delivery, gateway_ref, result, .. } => {
                    if delivery.is_some() || self.receipts.knows(&gateway_ref) {
                        self.doubts.receipt();
                    }
                    if let Some((delivery, state, reason)) = self.receipts.receipt(delivery, gateway_ref, result, now) {
                        if state == DeliveryState::Delivered {
                            self.queue.settle(delivery);
                        }
                        self.tell(delivery, state, reason, now);
                    }
                }
                GatewayEvent::Reply { from, text, ack, .. } => {
                    self.flush();
                    self.told.push_back(WorkerEvent::Reply { gateway: self.gateway.clone(), from, text, ack });
                }
                GatewayEvent::Down { cause: Some(cause), .. } => {
                    self.breaker.session_down(now);
                    self.health(false, cause);
                }
                GatewayEvent::Down { cause: None, .. } => {
                    self.breaker.proof(now);
                    self.doubts.session_up();
                    self.paused_until = None;
                    self.health(true, "the session is up".into());
                }
            }
        }
        if self.accepted_total > accepted_before {
            // The first proof is told too: an earlier run may have left another word of it.
            let well = self.breaker.proof(now) == Change::Well;
            if well || self.told_health.is_none() {
                self.health(true, "it accepts deliveries".into());
            }
        }
        self.look(now);
    }

    fn outcome(&mut self, delivery: DeliveryId, result: Result<Accepted, SendError>, now: Instant) {
        match (self.queue.finish(delivery), result) {
            (Some(held), Ok(accepted)) => {
                self.accepted(delivery, accepted, now);
                if held.withdrawn {
                    self.want_back([delivery].into_iter());
                }
            }
            (Some(held), Err(error)) => self.failed(held, error, now),
            // After the time that an outcome may take: a repeat that waits is not needed any more.
            (None, Ok(accepted)) => {
                let repeat_waits = self.queue.get(delivery).is_some_and(|h| h.tries.unknown > 0);
                if repeat_waits {
                    self.queue.remove(delivery);
                }
                if repeat_waits || self.receipts.was_given_up(delivery) {
                    self.accepted(delivery, accepted, now);
                }
            }
            (None, Err(_)) => {}
        }
    }

    fn accepted(&mut self, delivery: DeliveryId, accepted: Accepted, now: Instant) {
        self.accepted_total += 1;
        self.last_accepted = Some(now);
        self.doubts.accepted(now);
        let name = &accepted.gateway_ref;
        if self.keeps_refs && !accepted.delivered && (1..=REF_BYTES_MAX).contains(&name.len()) {
            self.refs.push((delivery, name.clone()));
        }
        self.tell(delivery, DeliveryState::Accepted, None, now);
        let news = if accepted.delivered {
            self.receipts.receipt(Some(delivery), String::new(), Ok(()), now)
        } else {
            self.receipts.accepted(delivery, accepted.gateway_ref)
        };
        if let Some((delivery, state, reason)) = news {
            self.doubts.receipt();
            self.tell(delivery, state, reason, now);
        }
    }

    /// Deliveries of an earlier run, with the numbers under which they were accepted. Tells what receipts said that were faster.
    pub fn reclaim(&mut self, earlier: Vec<PriorAccept>, now: Instant) {
        for PriorAccept { delivery, gateway_ref, .. } in earlier {
            if let Some((delivery, state, reason)) = self.receipts.accepted(delivery, gateway_ref) {
                self.tell(delivery, state, reason, now);
            }
        }
    }

    fn failed(&mut self, mut held: Held, error: SendError, now: Instant) {
        let temporary = matches!(error, SendError::Temporary { .. });
        if let SendError::Permanent { cause } = &error {
            self.doubts.refused(&held.job.to, cause);
        }
        match error {
            SendError::Permanent { .. } | SendError::Temporary { retry_after_s: Some(_), .. } => self.breaker.spoke(),
            SendError::Temporary { .. } | SendError::Unknown { .. } => self.breaker.failure(now),
        }
        if held.settled {
            return;
        }
        if let SendError::Temporary { retry_after_s: Some(asked), .. } = &error {
            // It speaks to everybody, whatever becomes of this delivery.
            let until = now + Duration::from_secs((*asked).min(retry::PAUSE_S_MAX).into());
            self.paused_until = self.paused_until.max(Some(until));
            self.doubts.later(error.cause(), until, now);
            self.look(now);
        }
        let left = held.deadline.saturating_duration_since(now);
        let (policy, jitter) = (&self.limits.retry, self.jitter.unit());
        let step = retry::next(&mut held.tries, &error, policy, left, held.last_path, jitter);
        let cause = || Some(error.cause().to_owned());
        match step {
            Step::RetryAfter { .. } if held.withdrawn => self.end(&held, given_back(&held), cause(), now),
            Step::RetryAfter { .. } if self.breaker.standing() == Standing::Down && !held.last_path => {
                self.end(&held, DeliveryState::Queued, cause(), now);
            }
            Step::RetryAfter { wait, repeat, pause_all } => {
                if pause_all {
                    self.paused_until = self.paused_until.max(Some(now + wait));
                }
                let since = *held.later_since.get_or_insert(now);
                if temporary && !held.last_path && now + wait > since + patience(&held.job) {
                    self.end(&held, DeliveryState::Queued, cause(), now);
                } else {
                    self.queue.retry(held, now + wait, repeat, now);
                }
                self.hand_back_late(now);
            }
            Step::GiveUp(GiveUp::Failed) if held.withdrawn => self.end(&held, given_back(&held), cause(), now),
            Step::GiveUp(GiveUp::Failed) if temporary => self.end(&held, DeliveryState::Queued, cause(), now),
            Step::GiveUp(GiveUp::Failed) => self.end(&held, DeliveryState::Failed, cause(), now),
            // It asks for longer than the delivery has: no reason to give it up where another way is left.
            Step::GiveUp(GiveUp::Expired) if temporary && !held.last_path && !left.is_zero() => {
                self.end(&held, DeliveryState::Queued, cause(), now);
                self.hand_back_late(now);
            }
            Step::GiveUp(GiveUp::Expired) => self.end(&held, DeliveryState::Expired, cause(), now),
            Step::GiveUp(GiveUp::Unknown) => {
                self.doubts.unclear(error.cause(), now);
                self.look(now);
                self.end(&held, DeliveryState::Unknown, cause(), now);
            }
        }
    }

    /// Tells what a delivery that was not accepted ends as: nothing but Unknown once a try may have gone out.
    fn end(&mut self, held: &Held, state: DeliveryState, reason: Option<String>, now: Instant) {
        let state = if held.tries.unknown > 0 { DeliveryState::Unknown } else { state };
        if state == DeliveryState::Unknown {
            self.receipts.given_up(held.job.delivery);
        } else if held.job.repeat && state != DeliveryState::Withdrawn {
            // Its earlier try went down with the program that made it, and nobody wrote down what became of it: the refusal
            // goes on over the next gateway, and a stop is told to everybody who may have the text (RULES D2).
            self.tell(held.job.delivery, DeliveryState::Unknown, None, now);
        }
        self.tell(held.job.delivery, state, reason, now);
    }

    fn tell(&mut self, delivery: DeliveryId, state: DeliveryState, reason: Option<String>, now: Instant) {
        self.batch_since.get_or_insert(now);
        self.batch.push((delivery, state, reason));
        if self.batch.len() >= self.limits.batch_max.max(1) {
            self.flush();
        }
    }

    /// Makes an event of the outcomes so far.
    pub fn flush(&mut self) {
        self.batch_since = None;
        // A loop that is behind gets fewer and larger events.
        let grows = matches!(self.told.back(), Some(WorkerEvent::Outcomes { of: last, .. })
            if last.len() + self.batch.len() <= self.limits.batch_max);
        if !self.refs.is_empty() {
            let at = self.told.len() - usize::from(grows);
            match at.checked_sub(1).and_then(|before| self.told.get_mut(before)) {
                Some(WorkerEvent::Refs(before)) => before.append(&mut self.refs),
                _ => self.told.insert(at, WorkerEvent::Refs(std::mem::take(&mut self.refs))),
            }
        }
        if let Some(WorkerEvent::Outcomes { of: last, .. }) = self.told.back_mut()
            && grows
        {
            last.append(&mut self.batch);
        }
        if !self.batch.is_empty() {
            let room = self.batch.len().min(self.limits.batch_max);
            let batch = std::mem::replace(&mut self.batch, Vec::with_capacity(room));
            self.told.push_back(WorkerEvent::Outcomes { gateway: self.gateway.clone(), of: batch });
        }
    }

    /// The next event for the loop.
    pub fn next_told(&mut self) -> Option<WorkerEvent> {
        self.told.pop_front()
    }
    /// Something waits for the loop.
    pub fn has_told(&self) -> bool {
        !self.told.is_empty()
    }

    /// There is room again.
    pub fn room(&mut self, room: usize) {
        self.told.push_back(WorkerEvent::Room { gateway: self.gateway.clone(), room });
    }

    /// A probe ended.
    pub fn probed(&mut self, health: Health, now: Instant) {
        let change = self.breaker.probed(health.ok, now);
        self.health(health.ok, health.detail);
        if change == Change::Out {
            self.hand_back(now);
        }
    }

    /// Somebody asked, beside the worker's own probes: a good answer is a proof, a bad one brings the next probe forward.
    pub fn asked(&mut self, health: Health, now: Instant) {
        if health.ok {
            self.breaker.proof(now);
        } else {
            self.breaker.session_down(now);
        }
        self.health(health.ok, health.detail);
    }

    /// The gateway's code ended or was ended: what it had may have gone out.
    pub fn lost(&mut self, cause: &str, now: Instant) {
        let mut on_the_wire: Vec<_> = self.queue.on_the_wire().collect();
        on_the_wire.sort_unstable();
        for delivery in on_the_wire {
            if let Some(held) = self.queue.finish(delivery) {
                self.failed(held, SendError::unknown(cause), now);
            }
        }
        self.watched.clear();
    }

    /// The gateway's code ends again and again.
    pub fn broken(&mut self, cause: &str, now: Instant) {
        if self.breaker.broken(now) == Change::Out {
            self.health(false, cause.to_owned());
            self.hand_back(now);
        }
    }

    fn out_reason(&self) -> String {
        format!("the gateway is out: {}", self.detail)
    }

    /// What has another way goes back, so that the next gateway of the channel takes over; the rest waits.
    fn hand_back(&mut self, now: Instant) {
        let mut back = self.queue.take_waiting(|held| !held.last_path);
        back.sort_unstable_by_key(|held| held.job.delivery);
        let reason = self.out_reason();
        for held in back {
            self.end(&held, DeliveryState::Queued, Some(reason.clone()), now);
        }
    }

    fn health(&mut self, ok: bool, detail: String) {
        // What is held against it is what people must read, whatever a probe says.
        let held_against = self.doubt.filter(|_| ok).map(|doubt| self.doubts.words(doubt));
        let (ok, detail) = held_against.map_or((ok, detail), |words| (false, words));
        let news = Some((self.standing(), ok));
        if self.told_health == news && self.detail == detail {
            return;
        }
        self.told_health = news;
        self.flush();
        self.detail.clone_from(&detail);
        let (gateway, standing, doubt) = (self.gateway.clone(), self.standing(), self.doubt);
        self.told.push_back(WorkerEvent::Health { gateway, standing, health: Health { ok, detail }, doubt });
    }

    /// What is due now. `true`: the gateway has been silent for too long with deliveries in hand; start it anew.
    pub fn timers(&mut self, now: Instant) -> bool {
        self.queue.promote(now);
        self.bucket.fill(now);
        self.look(now);
        self.hand_back_late(now);
        for held in self.queue.expire(now) {
            self.end(&held, DeliveryState::Expired, Some("its time was up".into()), now);
        }
        if self.batch_since.is_some_and(|since| now >= since + self.linger()) {
            self.flush();
        }
        !self.behind() && self.watch(now)
    }

    fn watch(&mut self, now: Instant) -> bool {
        let timeout = self.outcome_timeout();
        while let Some((at, delivery, ticket)) = self.watched.front().copied() {
            if now < at + timeout {
                break;
            }
            self.watched.pop_front();
            if self.is_on_the_wire(delivery, ticket) {
                if now >= self.heard_at + timeout {
                    return true;
                }
                if let Some(held) = self.queue.finish(delivery) {
                    let cause = format!("no outcome in {} s", self.limits.outcome_timeout_s);
                    self.failed(held, SendError::unknown(cause), now);
                }
            }
        }
        if self.watched.len() > 2 * self.queue.handed_over() + WATCHED_STALE_MAX {
            let mut watched = std::mem::take(&mut self.watched);
            watched.retain(|(_, delivery, ticket)| self.is_on_the_wire(*delivery, *ticket));
            self.watched = watched;
        }
        false
    }

    fn is_on_the_wire(&self, delivery: DeliveryId, ticket: u64) -> bool {
        self.queue.get(delivery).is_some_and(|h| h.place() == Place::HandedOver && h.ticket() == ticket)
    }
    fn outcome_timeout(&self) -> Duration {
        Duration::from_secs(self.limits.outcome_timeout_s.max(1).into())
    }
    fn linger(&self) -> Duration {
        Duration::from_millis(self.limits.linger_ms.into())
    }

    /// When [`WorkerState::timers`] or [`WorkerState::next_job`] have something to do again.
    pub fn next_wake(&self, now: Instant) -> Option<Instant> {
        let watch = self.watched.front().map(|(at, ..)| *at + self.outcome_timeout());
        let linger = self.batch_since.map(|since| since + self.linger());
        let well = self.breaker.standing() == Standing::Healthy && self.queue.in_line_now();
        let paused = self.paused_until.filter(|until| well && *until > now);
        let rate = Some(self.bucket.ready_at()).filter(|at| well && *at > now);
        let watch = watch.filter(|_| !self.behind());
        let late = self.doubts.later_since().filter(|_| self.queue.waiting() > 0).map(|_| now + LATER_LOOK);
        let look = [late, self.doubts.next_look(now)].into_iter().flatten().min();
        [watch, linger, paused, rate, look, self.queue.next_due(), self.queue.next_expiry()].into_iter().flatten().min()
    }

    /// The last word: what was never handed over, and what was without an outcome.
    pub fn ended(&mut self) {
        self.flush();
        let mut on_the_wire: Vec<_> = self.queue.on_the_wire().collect();
        let mut in_line: Vec<_> = self.queue.in_line().collect();
        on_the_wire.sort_unstable();
        in_line.sort_unstable();
        self.told.push_back(WorkerEvent::Ended { gateway: self.gateway.clone(), on_the_wire, in_line });
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::dispatch::testing::{actual, job};
    use DeliveryState::{Accepted as Took, Delivered, Expired, Unknown};

    fn state(now: Instant) -> WorkerState {
        let limits = WorkerLimits { outcome_timeout_s: 60, ..WorkerLimits::default() };
        WorkerState::new("g".into(), limits, Jitter::seeded(1), now)
    }
    fn hand_over(state: &mut WorkerState, now: Instant) -> bool {
        state.timers(now);
        state.next_job(now).is_some()
    }
    fn accepted(state: &mut WorkerState, now: Instant) {
        let result = Ok(Accepted { gateway_ref: "m".into(), ..Accepted::default() });
        state.on_gateway_events([GatewayEvent::Outcome { delivery: actual(1), result }].into_iter(), now);
    }
    fn told(state: &mut WorkerState) -> Vec<(DeliveryId, DeliveryState)> {
        state.flush();
        let mut all = Vec::new();
        while let Some(event) = state.next_told() {
            if let WorkerEvent::Outcomes { of: batch, .. } = event {
                all.extend(batch.into_iter().map(|(d, s, _)| (d, s)));
            }
        }
        all
    }

    #[test]
    fn numbers_of_the_gateway_are_told_before_the_outcomes_that_they_are_of() {
        let now = Instant::now();
        let limits = WorkerLimits { batch_max: 4, in_flight_max: 100, ..WorkerLimits::default() };
        let mut s = WorkerState::new("g".into(), limits, Jitter::seeded(1), now).keeping_refs(true);
        // Known to be well before: the first acceptance is no news of that.
        s.asked(Health { ok: true, detail: String::new() }, now);
        s.submit(
            (1..=9)
                .map(|n| Queued { job: job(actual(n), 1), last_path: false, since: now, if_repeated: None })
                .collect(),
            now,
        );
        while hand_over(&mut s, now) {}
        let outcome = |(n, gateway_ref): (u32, &str)| GatewayEvent::Outcome {
            delivery: actual(n),
            result: Ok(Accepted { gateway_ref: gateway_ref.into(), ..Accepted::default() }),
        };
        let long = "x".repeat(REF_BYTES_MAX + 1);
        let all = [(1, "a"), (2, "b"), (3, ""), (4, &*long), (5, "e"), (6, "f"), (7, "g"), (8, "h"), (9, "i")];
        for one in all {
            s.on_gateway_events([outcome(one)].into_iter(), now);
            s.flush();
        }
        let mut told: Vec<Vec<u32>> = Vec::new();
        let mut refs: Vec<GatewayRef> = Vec::new();
        while let Some(event) = s.next_told() {
            match event {
                WorkerEvent::Refs(more) => refs.extend(more),
                WorkerEvent::Outcomes { of: batch, .. } => {
                    let named = |n: &u32| refs.iter().any(|(id, _)| id.ordinal == *n);
                    let ordinals: Vec<u32> = batch.iter().map(|(id, ..)| id.ordinal).collect();
                    assert!(ordinals.iter().all(|n| named(n) || [3, 4].contains(n)), "{ordinals:?} {refs:?}");
                    told.push(ordinals);
                }
                _ => {}
            }
        }
        assert_eq!(told, [vec![1, 2, 3, 4], vec![5, 6, 7, 8], vec![9]]);
        assert_eq!(refs.len(), 7);
    }

    #[test]
    fn a_late_acceptance_calls_the_waiting_repeat_off() {
        let now = Instant::now();
        let mut s = state(now);
        s.submit(vec![Queued { job: job(actual(1), 1), last_path: false, since: now, if_repeated: None }], now);
        assert!(hand_over(&mut s, now));
        let later = now + Duration::from_secs(60);
        assert!(s.timers(later), "silent");
        s.lost("silent", later);
        assert_eq!((told(&mut s), s.queue().waiting()), (vec![], 1));
        accepted(&mut s, later);
        assert_eq!((told(&mut s), s.queue().waiting()), (vec![(actual(1), Took)], 0));
        accepted(&mut s, later);
        assert_eq!(told(&mut s), [], "a duplicate is not news");
    }

    #[test]
    fn a_late_acceptance_of_what_was_given_up_is_news_once() {
        let now = Instant::now();
        let mut s = state(now);
        s.submit(vec![Queued { job: job(actual(1), 1), last_path: false, since: now, if_repeated: None }], now);
        let mut later = now;
        for _ in 0..2 {
            assert!(hand_over(&mut s, later));
            s.lost("the line broke", later);
            later += Duration::from_secs(2);
        }
        assert_eq!(told(&mut s), [(actual(1), Unknown)]);
        accepted(&mut s, later);
        accepted(&mut s, later);
        let gateway_ref = "m".into();
        let receipt = GatewayEvent::Receipt { gateway: "g".into(), delivery: None, gateway_ref, result: Ok(()) };
        s.on_gateway_events([receipt].into_iter(), later);
        assert_eq!(told(&mut s), [(actual(1), Took), (actual(1), Delivered)]);
    }

    #[test]
    fn a_receipt_for_what_is_being_repeated_calls_the_repeat_off() {
        let now = Instant::now();
        let mut s = state(now);
        s.submit(
            (1..3).map(|n| Queued { job: job(actual(n), 1), last_path: true, since: now, if_repeated: None }).collect(),
            now,
        );
        assert!(hand_over(&mut s, now));
        let delivered = |n| GatewayEvent::Receipt {
            gateway: "g".into(),
            delivery: Some(actual(n)),
            gateway_ref: String::new(),
            result: Ok(()),
        };
        // One is on the wire again, one in line, one not here yet; all arrived before the program was started anew.
        s.on_gateway_events([delivered(1), delivered(2), delivered(3)].into_iter(), now);
        s.submit(vec![Queued { job: job(actual(3), 1), last_path: true, since: now, if_repeated: None }], now);
        let busy = Err(SendError::temporary("busy"));
        s.on_gateway_events([GatewayEvent::Outcome { delivery: actual(1), result: busy }].into_iter(), now);
        assert_eq!(told(&mut s), [1, 2, 3].map(|n| (actual(n), Delivered)));
        let later = now + Duration::from_secs(300);
        assert!(!hand_over(&mut s, later), "known to have arrived");
        assert_eq!((s.queue().waiting(), s.queue().handed_over()), (0, 0));
    }

    #[test]
    fn a_refused_repeat_of_an_earlier_start_says_first_that_the_try_before_it_is_unknown() {
        let now = Instant::now();
        let mut s = state(now);
        for (n, repeat) in [(1, true), (2, false)] {
            s.submit(
                vec![Queued {
                    job: Job { repeat, ..job(actual(n), 1) },
                    last_path: true,
                    since: now,
                    if_repeated: None,
                }],
                now,
            );
            assert!(hand_over(&mut s, now));
            let refused = Err(SendError::permanent("no such subscriber"));
            s.on_gateway_events([GatewayEvent::Outcome { delivery: actual(n), result: refused }].into_iter(), now);
        }
        assert_eq!(
            told(&mut s),
            [(actual(1), Unknown), (actual(1), DeliveryState::Failed), (actual(2), DeliveryState::Failed)]
        );
    }

    #[test]
    fn a_gateway_that_refuses_one_after_the_other_is_said_to_refuse() {
        let now = Instant::now();
        let mut s = state(now);
        for n in 1..=3 {
            assert_eq!(s.refuses(), None);
            let job = Job { to: crate::gateways::Address(n.to_string().into()), ..job(actual(n), 1) };
            s.submit(vec![Queued { job, last_path: true, since: now, if_repeated: None }], now);
            assert!(hand_over(&mut s, now));
            let refused = Err(SendError::permanent("HTTP 402"));
            s.on_gateway_events([GatewayEvent::Outcome { delivery: actual(n), result: refused }].into_iter(), now);
        }
        assert_eq!(s.refuses(), Some("HTTP 402"));
    }

    #[test]
    fn what_may_have_gone_out_never_ends_as_expired() {
        let now = Instant::now();
        let mut s = state(now);
        s.submit(
            (1..3).map(|n| Queued { job: job(actual(n), 1), last_path: true, since: now, if_repeated: None }).collect(),
            now,
        );
        assert!(hand_over(&mut s, now));
        s.lost("the line broke", now);
        let end = now + Duration::from_secs(600);
        s.timers(end);
        let mut all = told(&mut s);
        all.sort();
        assert_eq!(all, [(actual(1), Unknown), (actual(2), Expired)]);
    }
}
