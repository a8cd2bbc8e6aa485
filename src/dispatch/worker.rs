//! A worker per gateway, between the loop that owns the state and a [`Gateway`]: it queues, keeps the gateway's limits,
//! tries again, and tells what became of each delivery. Its decisions are [`super::worker_state`]'s; here is the IO.
//!
//! A worker never waits for the loop before it sends the next delivery; the channel to the loop is bounded, and when the
//! loop is behind, the gateway's news wait in theirs. The loop never waits for a worker: what does not fit comes back.
//! No worker knows another, so that a broken channel delays nobody else (invariant 8).
//!
//! Must not: write the journal, choose another gateway, or know a protocol.

use std::collections::{HashSet, VecDeque};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tokio::sync::{Notify, mpsc};
use tokio::task::JoinHandle;
use tokio::time::Instant;

use super::health::Standing;
use super::queue::Queued;
use super::retry::{Jitter, RetryPolicy, backoff};

pub use super::worker_event::{Outcome, WorkerEvent};
pub use super::worker_limits::WorkerLimits;
use super::worker_state::WorkerState;
use crate::clock::mono;
use crate::domain::ids::{DeliveryId, GatewayId};
use crate::domain::incident::values::Doubt;
use crate::gateways::{Cancelled, Gateway, GatewayEvent, Health, Job, PriorAccept, Stop};

/// The gateway's news that may wait for the worker.
pub const GATEWAY_EVENTS_MAX: usize = 1024;
/// Jobs that may lie between worker and gateway. Small: a more urgent one can't overtake them.
pub const HAND_OVER_MAX: usize = 256;
/// A gateway is asked to take deliveries back; then it has so long.
const CANCEL_TIMEOUT: Duration = Duration::from_secs(60);
/// A gateway that could not ask its far end is asked again after that.
const CANCEL_AGAIN: Duration = Duration::from_secs(5);
/// So many times in a row: a far end that is out of reach for longer begins nothing that can still be helped.
const CANCELS_MAX: u32 = 60;
/// Events of a worker that the loop should let wait in the channel that it gives to [`Worker::start`].
pub const WORKER_EVENTS_MAX: usize = 64;

/// What did not fit. Nothing of it is lost: the caller keeps it, and hears [`WorkerEvent::Room`].
#[derive(Debug)]
#[cfg_attr(not(feature = "internals"), expect(dead_code, reason = "tests ask for it"))]
pub struct Full {
    /// What was not taken, in order.
    pub rest: Vec<Queued>,
    /// The worker has ended; there will be no room.
    pub ended: bool,
}

/// How a worker is.
#[derive(Clone, Debug)]
pub struct Snapshot {
    /// In line, waiting retries included.
    pub queue_len: usize,
    /// Handed over, without an outcome yet.
    pub in_flight: usize,
    /// Handed over so far, repeats included.
    pub handed_over_total: u64,
    /// Accepted so far.
    pub accepted_total: u64,
    /// Receipts so far that belong to no delivery known here.
    pub unmatched_total: u64,
    /// How long ago something was accepted.
    pub last_accepted_age: Option<Duration>,
    /// How long ago anything was proven: a probe, a session, an accepted delivery.
    pub last_proof_age: Option<Duration>,
    /// How the gateway stands.
    pub standing: Standing,
    /// Why it is not trusted although it answers.
    pub doubt: Option<Doubt>,
    /// It refuses whatever comes, for good: what it says.
    pub refuses: Option<Arc<str>>,
    /// Its allowance of a minute is used up, and more waits.
    pub minute_full: bool,
    /// What the gateway last said of itself.
    pub detail: Arc<str>,
}

/// Whether this node may send at this moment.
pub type MaySend = Arc<dyn Fn() -> bool + Send + Sync>;

/// Starts workers.
#[derive(Debug)]
pub struct Worker;

impl Worker {
    /// Starts a worker on the current runtime. It ends when `stop` turns true: what is on the wire is waited for, the rest
    /// is named in [`WorkerEvent::Ended`].
    pub fn start(
        id: GatewayId,
        gateway: Arc<dyn Gateway>,
        limits: WorkerLimits,
        out: mpsc::Sender<WorkerEvent>,
        jitter: Jitter,
        stop: Stop,
    ) -> WorkerHandle {
        Self::start_while(id, gateway, limits, out, jitter, stop, Arc::new(|| true))
    }

    /// The same, for as long as this node may send at all: it is asked before each job, since a node that hung wakes in the middle.
    pub fn start_while(
        id: GatewayId,
        gateway: Arc<dyn Gateway>,
        limits: WorkerLimits,
        out: mpsc::Sender<WorkerEvent>,
        jitter: Jitter,
        stop: Stop,
        may_send: MaySend,
    ) -> WorkerHandle {
        let now = mono();
        let state = WorkerState::new(id, limits.clone(), jitter.clone(), now).keeping_refs(gateway.receipts_by_ref());
        let shared = Arc::new(Shared {
            keeps_jobs: gateway.keeps_jobs(),
            receipts_by_ref: gateway.receipts_by_ref(),
            queue_len_max: limits.queue_len_max.max(1),
            mailbox: Mutex::new(Mailbox::new(&state)),
            bell: Notify::new(),
        });
        let (events, news) = mpsc::channel(GATEWAY_EVENTS_MAX);
        let probe_timeout = state.breaker().probe_timeout();
        let work = Work {
            state,
            limits,
            asked: Asked { gateway: gateway.clone(), timeout: probe_timeout },
            gateway,
            shared: shared.clone(),
            out,
            stop,
            may_send,
            jitter,
            events,
            news,
            heard: Vec::with_capacity(GATEWAY_EVENTS_MAX),
            run: None,
            run_at: now,
            deaths: 0,
            accepted_at_start: 0,
            probe: None,
            cancelling: None,
            cancels: 0,
            cancel_at: now,
        };
        let asked = work.asked.clone();
        let task = tokio::spawn(work.work());
        WorkerHandle { shared, task: Arc::new(Mutex::new(Some(task))), gateway: asked }
    }
}

/// A running worker. Cheap to clone; nothing here waits but [`WorkerHandle::probe`] and [`WorkerHandle::ended`].
#[derive(Clone, Debug)]
pub struct WorkerHandle {
    shared: Arc<Shared>,
    task: Arc<Mutex<Option<JoinHandle<()>>>>,
    gateway: Asked,
}

/// The gateway, to be asked how it is.
#[derive(Clone)]
struct Asked {
    gateway: Arc<dyn Gateway>,
    timeout: Duration,
}
impl std::fmt::Debug for Asked {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Asked(…)")
    }
}
impl Asked {
    async fn probe(&self) -> Health {
        tokio::time::timeout(self.timeout, self.gateway.probe()).await.unwrap_or_else(|_| Health {
            ok: false,
            detail: format!("no answer to the probe in {} s", self.timeout.as_secs()),
        })
    }
}

impl WorkerHandle {
    /// Hands deliveries to the worker. One that it holds already is not taken twice.
    ///
    /// # Errors
    /// [`Full`] gives back what did not fit.
    #[cfg_attr(not(feature = "internals"), expect(dead_code, reason = "tests ask for it"))]
    pub fn submit(&self, jobs: Vec<Queued>) -> Result<(), Full> {
        let mut waiting = VecDeque::from(jobs);
        let ended = !self.submit_from(&mut waiting);
        if waiting.is_empty() && !ended { Ok(()) } else { Err(Full { rest: waiting.into(), ended }) }
    }

    /// Takes from the front as many as there is room for; what stays is told of by [`WorkerEvent::Room`]. Costs as much as is
    /// taken, however many wait behind. `false`: the worker has ended and takes nothing.
    pub fn submit_from(&self, waiting: &mut VecDeque<Queued>) -> bool {
        let mut mailbox = self.shared.mailbox();
        if mailbox.ended {
            return false;
        }
        let room = self.shared.queue_len_max.saturating_sub(mailbox.queue_len + mailbox.submitted);
        let jobs: Vec<Queued> = waiting.drain(..room.min(waiting.len())).collect();
        mailbox.submitted += jobs.len();
        mailbox.wants_room |= !waiting.is_empty();
        if !jobs.is_empty() {
            mailbox.commands.push(Command::Submit(jobs));
        }
        drop(mailbox);
        self.shared.bell.notify_one();
        true
    }

    /// News that reached the program by another way than the gateway's own session: a callback. `false`: the worker has ended.
    pub fn tell(&self, event: GatewayEvent) -> bool {
        let mut mailbox = self.shared.mailbox();
        if mailbox.ended {
            return false;
        }
        mailbox.commands.push(Command::Tell(event));
        drop(mailbox);
        self.shared.bell.notify_one();
        true
    }

    /// Whether the gateway's far end keeps accepted jobs, so that they can be followed after a restart and taken back.
    pub fn keeps_jobs(&self) -> bool {
        self.shared.keeps_jobs
    }

    /// Deliveries that the gateway accepted before a restart: it finds out how they ended. Nothing is sent.
    pub fn follow(&self, jobs: Vec<Job>) {
        if jobs.is_empty() || !self.shared.keeps_jobs {
            return;
        }
        self.shared.mailbox().commands.push(Command::Follow(jobs));
        self.shared.bell.notify_one();
    }

    /// Whether the gateway's receipts name its own numbers only.
    pub fn receipts_by_ref(&self) -> bool {
        self.shared.receipts_by_ref
    }

    /// Deliveries that an earlier run of the gateway accepted, with its numbers: receipts that come now are theirs.
    pub fn reclaim(&self, earlier: Vec<PriorAccept>) {
        if earlier.is_empty() || !self.shared.receipts_by_ref {
            return;
        }
        self.shared.mailbox().commands.push(Command::Reclaim(earlier));
        self.shared.bell.notify_one();
    }

    /// Asks the gateway how it is, now, and lets the worker know. Never reaches a person.
    pub async fn probe(&self) -> Health {
        let health = self.gateway.probe().await;
        let mut mailbox = self.shared.mailbox();
        if !mailbox.ended {
            mailbox.commands.push(Command::Probed(health.clone()));
            drop(mailbox);
            self.shared.bell.notify_one();
        }
        health
    }

    /// What the far end said it can do.
    pub fn far_end(&self) -> Vec<(String, String)> {
        self.gateway.gateway.far_end()
    }

    /// Takes back what the gateway does not have yet; each ends as `Withdrawn`. What is on the wire stays and tells its
    /// outcome, but is not tried again. What the gateway has accepted and its far end has not begun is taken back there, if
    /// that is possible. Other IDs are passed over.
    pub fn withdraw(&self, deliveries: Vec<DeliveryId>) {
        if deliveries.is_empty() {
            return;
        }
        self.shared.mailbox().commands.push(Command::Withdraw(deliveries));
        self.shared.bell.notify_one();
    }

    /// Gives back those of these that have not left: a better way is left for them (RULES G1). Other IDs are passed over.
    pub fn hand_back(&self, deliveries: Vec<DeliveryId>) {
        if deliveries.is_empty() {
            return;
        }
        self.shared.mailbox().commands.push(Command::HandBack(deliveries));
        self.shared.bell.notify_one();
    }

    /// How it is.
    pub fn snapshot(&self) -> Snapshot {
        let now = mono();
        let mailbox = self.shared.mailbox();
        let age = |at: Option<Instant>| at.map(|at| now.saturating_duration_since(at));
        Snapshot {
            queue_len: mailbox.queue_len + mailbox.submitted,
            in_flight: mailbox.in_flight,
            handed_over_total: mailbox.handed_over_total,
            accepted_total: mailbox.accepted_total,
            unmatched_total: mailbox.unmatched_total,
            last_accepted_age: age(mailbox.last_accepted),
            last_proof_age: age(mailbox.last_proof),
            standing: mailbox.standing,
            doubt: mailbox.doubt,
            refuses: mailbox.refuses.clone(),
            minute_full: mailbox.minute_full,
            detail: mailbox.detail.clone(),
        }
    }

    /// Returns when the worker has ended, with `false` if it ended by a panic of its own.
    pub async fn ended(&self) -> bool {
        let task = self.task.lock().unwrap_or_else(PoisonError::into_inner).take();
        match task {
            Some(task) => task.await.is_ok(),
            None => true,
        }
    }
}

#[derive(Debug)]
enum Command {
    Submit(Vec<Queued>),
    Withdraw(Vec<DeliveryId>),
    HandBack(Vec<DeliveryId>),
    Follow(Vec<Job>),
    Reclaim(Vec<PriorAccept>),
    Tell(GatewayEvent),
    Probed(Health),
}

/// Where handle and worker meet: held for moments only.
#[derive(Debug)]
struct Shared {
    keeps_jobs: bool,
    receipts_by_ref: bool,
    queue_len_max: usize,
    mailbox: Mutex<Mailbox>,
    bell: Notify,
}

impl Shared {
    fn mailbox(&self) -> MutexGuard<'_, Mailbox> {
        self.mailbox.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[derive(Debug)]
struct Mailbox {
    commands: Vec<Command>,
    submitted: usize,
    wants_room: bool,
    ended: bool,
    queue_len: usize,
    in_flight: usize,
    handed_over_total: u64,
    accepted_total: u64,
    unmatched_total: u64,
    last_accepted: Option<Instant>,
    last_proof: Option<Instant>,
    standing: Standing,
    doubt: Option<Doubt>,
    refuses: Option<Arc<str>>,
    minute_full: bool,
    detail: Arc<str>,
}

impl Mailbox {
    fn new(state: &WorkerState) -> Self {
        Self {
            commands: Vec::new(),
            submitted: 0,
            wants_room: false,
            ended: false,
            queue_len: 0,
            in_flight: 0,
            handed_over_total: 0,
            accepted_total: 0,
            unmatched_total: 0,
            last_accepted: None,
            last_proof: None,
            standing: state.standing(),
            doubt: None,
            refuses: None,
            minute_full: false,
            detail: state.detail().into(),
        }
    }

    /// Shows how the worker is; says for how many there is room, if somebody waits for that.
    fn show(&mut self, state: &WorkerState, queue_len_max: usize) -> Option<usize> {
        self.queue_len = state.queue().waiting();
        self.in_flight = state.queue().handed_over();
        self.handed_over_total = state.handed_over_total;
        self.accepted_total = state.accepted_total;
        self.unmatched_total = state.unmatched();
        self.last_accepted = state.last_accepted;
        self.last_proof = state.breaker().last_proof();
        (self.standing, self.doubt) = (state.standing(), state.doubt());
        if self.refuses.as_deref() != state.refuses() {
            self.refuses = state.refuses().map(Into::into);
        }
        self.minute_full = state.minute_full();
        if *self.detail != *state.detail() {
            self.detail = state.detail().into();
        }
        let room = queue_len_max.saturating_sub(self.queue_len + self.submitted);
        (self.wants_room && room >= queue_len_max.div_ceil(2)).then(|| {
            self.wants_room = false;
            room
        })
    }
}

/// A run of the gateway's code.
struct Run {
    /// `None` once the gateway takes no more.
    jobs: Option<mpsc::Sender<Job>>,
    task: JoinHandle<()>,
    /// It takes no more, and must have ended by then.
    end_by: Option<Instant>,
}

struct Work {
    state: WorkerState,
    limits: WorkerLimits,
    gateway: Arc<dyn Gateway>,
    asked: Asked,
    shared: Arc<Shared>,
    out: mpsc::Sender<WorkerEvent>,
    stop: Stop,
    may_send: MaySend,
    jitter: Jitter,
    events: mpsc::Sender<GatewayEvent>,
    news: mpsc::Receiver<GatewayEvent>,
    heard: Vec<GatewayEvent>,
    run: Option<Run>,
    run_at: Instant,
    deaths: u32,
    accepted_at_start: u64,
    probe: Option<JoinHandle<Health>>,
    /// What the gateway is asked to take back, and its answer to come.
    cancelling: Option<(Vec<DeliveryId>, JoinHandle<Option<Cancelled>>)>,
    cancels: u32,
    cancel_at: Instant,
}

/// What the worker woke for.
enum Woke {
    News,
    Ended(Result<(), tokio::task::JoinError>),
    Probed(Health),
    Cancelled(Vec<DeliveryId>, Cancelled),
    LoopGone,
    Other,
}

impl Work {
    async fn work(mut self) {
        while !*self.stop.borrow() {
            let now = mono();
            self.take_commands(now);
            let overdue = self.run.as_ref().and_then(|run| run.end_by).is_some_and(|by| by <= now);
            if self.state.timers(now) || overdue {
                self.end_run("the gateway was silent for too long", now).await;
            }
            self.start_what_is_due(now);
            self.cancel_what_is_wanted(now);
            self.hand_over(now);
            self.tell_and_show();
            match self.wake(now).await {
                Woke::News => {
                    let now = mono();
                    self.state.on_gateway_events(self.heard.drain(..), now);
                }
                Woke::Ended(_) if *self.stop.borrow() => self.run = None,
                Woke::Ended(how) => {
                    let cause = if how.is_err() { "the gateway's code panicked" } else { "the gateway's code ended" };
                    self.end_run(cause, mono()).await;
                }
                Woke::Probed(health) => self.state.probed(health, mono()),
                Woke::Cancelled(asked, cancelled) => self.cancelled(asked, &cancelled, mono()),
                Woke::LoopGone => break,
                Woke::Other => {}
            }
        }
        self.go_down().await;
    }

    fn take_commands(&mut self, now: Instant) {
        let commands = {
            let mut mailbox = self.shared.mailbox();
            mailbox.submitted = 0;
            let commands = std::mem::take(&mut mailbox.commands);
            let coming: usize =
                commands.iter().map(|c| if let Command::Submit(jobs) = c { jobs.len() } else { 0 }).sum();
            // Counted until `show`, so that nobody submits into room that is not there.
            mailbox.queue_len += coming;
            commands
        };
        for command in commands {
            match command {
                Command::Submit(jobs) => self.state.submit(jobs, now),
                Command::Withdraw(deliveries) => self.state.withdraw(&deliveries, now),
                Command::HandBack(deliveries) => self.state.hand_back_these(&deliveries, now),
                Command::Follow(jobs) => self.gateway.follow(jobs),
                Command::Reclaim(earlier) => {
                    let news = self.gateway.reclaim(&earlier);
                    self.state.reclaim(earlier, now);
                    self.state.on_gateway_events(news.into_iter(), now);
                }
                Command::Tell(event) => self.state.on_gateway_events(std::iter::once(event), now),
                Command::Probed(health) => self.state.asked(health, now),
            }
        }
    }

    fn start_what_is_due(&mut self, now: Instant) {
        if self.run.is_none() && now >= self.run_at {
            let (jobs, queue) = mpsc::channel(self.limits.in_flight_max.clamp(1, HAND_OVER_MAX));
            let (gateway, events, stop) = (self.gateway.clone(), self.events.clone(), self.stop.clone());
            let task = tokio::spawn(async move { gateway.run(queue, events, stop).await });
            self.accepted_at_start = self.state.accepted_total;
            self.run = Some(Run { jobs: Some(jobs), task, end_by: None });
        }
        if self.state.breaker().probe_due().is_some_and(|at| at <= now) {
            self.state.probe_started();
            let asked = self.asked.clone();
            self.probe = Some(tokio::spawn(async move { asked.probe().await }));
        }
    }

    /// One request at a time; what comes meanwhile goes with the next.
    fn cancel_what_is_wanted(&mut self, now: Instant) {
        if self.cancelling.is_some() || now < self.cancel_at || !self.state.wants_back() {
            return;
        }
        let wanted = self.state.take_wanted_back();
        if !self.shared.keeps_jobs {
            return;
        }
        let (gateway, asked) = (self.gateway.clone(), wanted.clone());
        let task = tokio::spawn(async move { tokio::time::timeout(CANCEL_TIMEOUT, gateway.cancel(asked)).await.ok() });
        self.cancelling = Some((wanted, task));
    }

    fn cancelled(&mut self, asked: Vec<DeliveryId>, cancelled: &Cancelled, now: Instant) {
        self.state.taken_back(&cancelled.taken_back, now);
        self.cancels = if cancelled.again && cancelled.taken_back.is_empty() { self.cancels + 1 } else { 0 };
        if !cancelled.again {
            return;
        }
        if self.cancels < CANCELS_MAX {
            self.cancel_at = now + CANCEL_AGAIN;
            let back: HashSet<&DeliveryId> = cancelled.taken_back.iter().collect();
            self.state.want_back(asked.into_iter().filter(|id| !back.contains(id)));
        } else {
            let gateway = self.state.gateway();
            tracing::warn!(%gateway, left = asked.len(), "the gateway could not be asked to take deliveries back");
            self.cancels = 0;
        }
    }

    fn hand_over(&mut self, now: Instant) {
        let Some(run) = &mut self.run else { return };
        let Some(jobs) = &run.jobs else { return };
        while (self.may_send)()
            && let Ok(place) = jobs.try_reserve()
        {
            match self.state.next_job(now) {
                Some(job) => place.send(job),
                None => break,
            }
        }
        if jobs.is_closed() {
            run.jobs = None;
            run.end_by = Some(now + Duration::from_secs(self.limits.outcome_timeout_s.into()));
        }
    }

    fn tell_and_show(&mut self) {
        while self.state.has_told() {
            let Ok(place) = self.out.try_reserve() else { break };
            if let Some(event) = self.state.next_told() {
                place.send(event);
            }
        }
        let room = self.shared.mailbox().show(&self.state, self.shared.queue_len_max);
        if let Some(room) = room {
            self.state.room(room);
        }
    }

    async fn wake(&mut self, now: Instant) -> Woke {
        let wants_place = self.state.wants_to_hand_over(now) && (self.may_send)();
        let restart = self.run.as_ref().map_or(Some(self.run_at), |run| run.end_by);
        let cancel = (self.cancelling.is_none() && self.state.wants_back()).then_some(self.cancel_at);
        let wake =
            [self.state.next_wake(now), restart, self.state.breaker().probe_due(), cancel].into_iter().flatten().min();
        let (task, jobs) = match &mut self.run {
            Some(run) => (Some(&mut run.task), run.jobs.as_ref().filter(|_| wants_place)),
            None => (None, None),
        };
        // In this order, so that the same run gives the same order again. What may always be ready comes late, and nothing is
        // starved: commands, timers and hand-over have their turn in each round of `work`.
        tokio::select! {
            biased;
            changed = self.stop.changed() => if changed.is_ok() { Woke::Other } else { Woke::LoopGone },
            Some(how) = async { Some(task?.await) } => Woke::Ended(how),
            Some(how) = async { Some(self.probe.as_mut()?.await) } => {
                self.probe = None;
                Woke::Probed(how.unwrap_or_else(|_| Health { ok: false, detail: "the probe's code panicked".into() }))
            }
            () = self.shared.bell.notified() => Woke::Other,
            place = self.out.reserve(), if self.state.has_told() => match place {
                Ok(place) => {
                    if let Some(event) = self.state.next_told() {
                        place.send(event);
                    }
                    Woke::Other
                }
                Err(_) => Woke::LoopGone,
            },
            n = self.news.recv_many(&mut self.heard, GATEWAY_EVENTS_MAX), if !self.state.behind() => {
                if n > 0 { Woke::News } else { Woke::Other }
            }
            Some(how) = async { Some((&mut self.cancelling.as_mut()?.1).await) } => {
                let asked = self.cancelling.take().map(|(asked, _)| asked).unwrap_or_default();
                // Out of time, or its code panicked: asked again.
                let again = Cancelled { taken_back: Vec::new(), again: true };
                Woke::Cancelled(asked, how.ok().flatten().unwrap_or(again))
            }
            Some(_) = async { Some(jobs?.reserve().await.is_ok()) } => Woke::Other,
            Some(()) = async { tokio::time::sleep_until(wake?).await; Some(()) } => Woke::Other,
        }
    }

    /// The gateway's code has ended, or is ended here: what it said is heard, what it had is Unknown, and it starts again
    /// after a wait.
    async fn end_run(&mut self, cause: &str, now: Instant) {
        if let Some(run) = self.run.take() {
            run.task.abort();
            // A task that is aborted ends at its next await; one that never awaits must not hold up the worker.
            if !run.task.is_finished() {
                let _ = tokio::time::timeout(Duration::from_secs(1), run.task).await;
            }
        }
        self.hear_the_rest(now);
        self.deaths =
            if self.state.accepted_total > self.accepted_at_start { 1 } else { self.deaths.saturating_add(1) };
        let gateway = self.state.gateway();
        tracing::warn!(%gateway, deaths = self.deaths, error = cause, "a gateway's code is started again");
        self.state.lost(cause, now);
        if self.deaths >= self.limits.deaths_max.max(1) {
            self.state.broken(cause, now);
        }
        let policy = RetryPolicy {
            wait_min_ms: self.limits.restart_min_ms,
            wait_max_ms: self.limits.restart_max_ms,
            ..RetryPolicy::default()
        };
        self.run_at = now + backoff(self.deaths, &policy, self.jitter.unit());
    }

    fn hear_the_rest(&mut self, now: Instant) {
        let news = &mut self.news;
        self.state.on_gateway_events(std::iter::from_fn(|| news.try_recv().ok()), now);
    }

    /// Nothing new goes out; what is on the wire may end. Everything that is known is told.
    async fn go_down(mut self) {
        let end = mono() + Duration::from_secs(self.limits.drain_s.into());
        if let Some(probe) = self.probe.take() {
            probe.abort();
        }
        if let Some((_, cancelling)) = self.cancelling.take() {
            // The next start asks again.
            cancelling.abort();
        }
        if let Some(mut run) = self.run.take() {
            run.jobs = None;
            loop {
                tokio::select! {
                    biased;
                    () = tokio::time::sleep_until(end) => {
                        run.task.abort();
                        break;
                    }
                    n = self.news.recv_many(&mut self.heard, GATEWAY_EVENTS_MAX) => {
                        if n > 0 {
                            let now = mono();
                            self.state.on_gateway_events(self.heard.drain(..), now);
                            self.tell_and_show();
                        }
                    }
                    _ = &mut run.task => break,
                }
            }
        }
        self.hear_the_rest(mono());
        self.shared.mailbox().ended = true;
        self.take_commands(mono());
        self.state.ended();
        while let Some(event) = self.state.next_told() {
            // The loop has its own end of the drain; without it nobody is left to be told.
            if !matches!(tokio::time::timeout_at(end + Duration::from_secs(1), self.out.send(event)).await, Ok(Ok(())))
            {
                break;
            }
        }
        let _ = self.shared.mailbox().show(&self.state, self.shared.queue_len_max);
    }
}

#[cfg(test)]
#[path = "worker_tests.rs"]
mod tests;
