//! The owner of the state: takes one input at a time, decides, commits what was decided together with what else waits, and
//! only then answers, sends and publishes (invariant 1). A commit never waits for a send, a send never for a commit of its
//! outcome; what is in flight between them is bounded.

use std::collections::{BTreeMap, VecDeque};
use std::sync::Arc;
use std::time::Duration;

use tokio::sync::{mpsc, oneshot, watch};

use super::effects::{self, Jobs, Surroundings};
use super::queue::Queued;
use super::record::encode;
use super::recover::{Recovered, frozen};
use super::worker::WorkerHandle;
use super::worker_event::WorkerEvent;
use crate::clock::SharedClock;
use crate::config::load::{Contacts, Loaded};
use crate::domain::delivery::DeliveryState;
use crate::domain::ids::{DeliveryId, GatewayId, IncidentNo, Px};
use crate::domain::incident::decide::decide;
use crate::domain::incident::event::{Change, Event};
use crate::domain::incident::input::{Input, Refused};
use crate::domain::incident::state::{DESK, Phase, State};
use crate::domain::plan::{Channel, Plan};
use crate::domain::time::At;
use crate::journal::{Batch, Journal, NewRecord, Pending};

/// Inputs that may wait for the loop. A full queue makes the sender wait: it is never dropped.
pub const INPUTS_MAX: usize = 4_096;
/// Inputs that are decided before the next commit is handed to the journal.
const TOGETHER_MAX: usize = 1_024;
/// Commits that may be on their way to the disk.
const COMMITS_MAX: usize = 8;
/// Commits that may wait in memory while nothing can be written; then new inputs wait.
const FROM_MEMORY_MAX: usize = 100_000;
/// So many deliveries of a release are handed over before the jobs of the rest are made.
const AT_ONCE: u32 = 1_000;
/// The loop looks at its timers at least that often: the machine may have slept.
const LOOK_EVERY: Duration = Duration::from_secs(1);
/// A commit that failed is tried again after that.
const RETRY_COMMIT: Duration = Duration::from_millis(500);

/// What comes to the loop.
enum Request {
    Input { input: Box<Input>, reply: Option<oneshot::Sender<Result<Done, Refused>>> },
    Reply { channel: Channel, from: String, text: String },
    Query(Box<dyn FnOnce(&State, &Meta) + Send>),
    Config { loaded: Box<Loaded>, reply: oneshot::Sender<Result<Done, Refused>> },
}

/// What was decided, once it is on disk.
#[derive(Clone, Debug)]
pub struct Done {
    /// The events.
    pub events: Arc<Vec<Event>>,
    /// They are on disk. When not, nothing can be written and the incident goes on from memory (invariant 1).
    pub on_record: bool,
}

/// Why an input got no answer.
#[derive(Clone, Debug)]
pub enum Failed {
    /// The domain refused it; nothing changed.
    Refused(Refused),
    /// The program is going down.
    GoingDown,
}
impl std::fmt::Display for Failed {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Refused(r) => write!(f, "{r}"),
            Self::GoingDown => f.write_str("the program is going down"),
        }
    }
}

/// What the loop knows besides the state.
#[derive(Clone, Debug)]
pub struct Meta {
    /// Now.
    pub now: At,
    /// The last record.
    pub seq: u64,
    /// Everything is on disk.
    pub on_record: bool,
    /// Gateways with a worker, by ID.
    pub workers: BTreeMap<GatewayId, WorkerHandle>,
    /// Gateways without one, and why.
    pub unusable: BTreeMap<GatewayId, String>,
    /// What each gateway last said of itself.
    pub health: BTreeMap<GatewayId, (bool, String)>,
    /// Why deliveries ended as they did, for those that did not go well.
    pub reasons: Arc<BTreeMap<DeliveryId, String>>,
    /// The region does not exist.
    pub fictional: bool,
    /// What `check` warns of.
    pub warnings: usize,
}

/// Speaks to the loop. Cheap to clone.
#[derive(Clone)]
pub struct Handle {
    tx: mpsc::Sender<Request>,
    changed: watch::Receiver<u64>,
}

impl Handle {
    /// Carries an input out and waits until it is on disk.
    ///
    /// # Errors
    /// The domain's refusal, or the program is going down.
    pub async fn input(&self, input: Input) -> Result<Done, Failed> {
        let (reply, answer) = oneshot::channel();
        let request = Request::Input { input: Box::new(input), reply: Some(reply) };
        self.tx.send(request).await.map_err(|_| Failed::GoingDown)?;
        answer.await.map_err(|_| Failed::GoingDown)?.map_err(Failed::Refused)
    }

    /// Somebody wrote back over a channel.
    pub async fn reply(&self, channel: Channel, from: String, text: String) {
        // When the loop is gone there is nobody left to tell; the gateway was not told "done" either.
        let _ = self.tx.send(Request::Reply { channel, from, text }).await;
    }

    /// Looks at the state between two inputs.
    ///
    /// # Errors
    /// The program is going down.
    pub async fn ask<T: Send + 'static>(
        &self,
        look: impl FnOnce(&State, &Meta) -> T + Send + 'static,
    ) -> Result<T, Failed> {
        let (reply, answer) = oneshot::channel();
        let query = Box::new(move |state: &State, meta: &Meta| {
            let _ = reply.send(look(state, meta));
        });
        self.tx.send(Request::Query(query)).await.map_err(|_| Failed::GoingDown)?;
        answer.await.map_err(|_| Failed::GoingDown)
    }

    /// A checked configuration for new incidents.
    ///
    /// # Errors
    /// It could not be kept.
    pub async fn config(&self, loaded: Loaded) -> Result<Done, Failed> {
        let (reply, answer) = oneshot::channel();
        self.tx.send(Request::Config { loaded: Box::new(loaded), reply }).await.map_err(|_| Failed::GoingDown)?;
        answer.await.map_err(|_| Failed::GoingDown)?.map_err(Failed::Refused)
    }

    /// Counts up with each commit.
    pub fn changed(&self) -> watch::Receiver<u64> {
        self.changed.clone()
    }
}

/// A commit on its way.
struct InFlight {
    pending: Option<Pending>,
    /// Kept until it is on disk: what failed is tried again.
    batch: Batch,
    expected: u64,
    events: Vec<(At, Event)>,
    replies: Vec<(oneshot::Sender<Result<Done, Refused>>, std::ops::Range<usize>)>,
}

/// The loop.
pub struct Owner {
    state: State,
    contacts: BTreeMap<IncidentNo, Arc<Contacts>>,
    current: Arc<Contacts>,
    around: Surroundings,
    clock: SharedClock,
    journal: Journal,
    /// The number that the next record gets, minus one; ahead of the disk by what is in flight.
    seq: u64,
    rx: mpsc::Receiver<Request>,
    news: mpsc::Receiver<WorkerEvent>,
    meta: Meta,
    waiting: BTreeMap<GatewayId, VecDeque<Queued>>,
    in_flight: VecDeque<InFlight>,
    changed: watch::Sender<u64>,
}

/// What the loop is built from.
pub struct Parts {
    /// The journal.
    pub journal: Journal,
    /// What it gave.
    pub recovered: Recovered,
    /// The configuration.
    pub loaded: Loaded,
    /// Links and pages.
    pub around: Surroundings,
    /// Time.
    pub clock: SharedClock,
    /// Workers by gateway.
    pub workers: BTreeMap<GatewayId, WorkerHandle>,
    /// Gateways that can't be used, and why.
    pub unusable: BTreeMap<GatewayId, String>,
    /// What workers tell.
    pub news: mpsc::Receiver<WorkerEvent>,
}

/// Builds the loop. Its first input sets the plan for new incidents, if it is another than the journal's.
pub fn build(parts: Parts) -> (Owner, Handle) {
    let Parts { journal, recovered, loaded, around, clock, workers, unusable, news } = parts;
    let (tx, rx) = mpsc::channel(INPUTS_MAX);
    let (changed, watch_changed) = watch::channel(0);
    let meta = Meta {
        now: clock.now().into(),
        seq: recovered.head.seq,
        on_record: true,
        workers,
        unusable,
        health: BTreeMap::new(),
        reasons: Arc::default(),
        fictional: loaded.fictional,
        warnings: loaded.warnings.len(),
    };
    let owner = Owner {
        state: recovered.state,
        contacts: recovered.contacts,
        current: Arc::new(loaded.contacts),
        around,
        clock,
        journal,
        seq: recovered.head.seq,
        rx,
        news,
        meta,
        waiting: BTreeMap::new(),
        in_flight: VecDeque::new(),
        changed,
    };
    (owner, Handle { tx, changed: watch_changed })
}

/// What is decided and not handed to the journal yet.
#[derive(Default)]
struct Gathered {
    events: Vec<(At, Event)>,
    replies: Vec<(oneshot::Sender<Result<Done, Refused>>, std::ops::Range<usize>)>,
    blobs: Vec<Vec<u8>>,
}

impl Owner {
    /// Runs until every handle is gone or `stop` turns true; what is in flight is committed first.
    pub async fn run(mut self, plan: Plan, mut stop: watch::Receiver<bool>) {
        let mut gathered = Gathered::default();
        self.set_plan(plan, None, &mut gathered);
        self.resume();
        self.commit(&mut gathered).await;
        let mut open = true;
        while open {
            let due = self.state.next_due();
            let now = self.now();
            let wait = due.map_or(LOOK_EVERY, |d| Duration::from_millis(u64::try_from(d.0 - now.0).unwrap_or(0)));
            let room = self.in_flight.len() < if self.meta.on_record { COMMITS_MAX } else { FROM_MEMORY_MAX };
            tokio::select! {
                biased;
                _ = stop.changed() => open = false,
                done = committed(&mut self.in_flight) => self.committed(done),
                news = self.news.recv(), if room => match news {
                    Some(news) => self.hear(news, &mut gathered),
                    None => open = false,
                },
                request = self.rx.recv(), if room => match request {
                    Some(request) => self.take(request, &mut gathered),
                    None => open = false,
                },
                () = tokio::time::sleep(wait.min(LOOK_EVERY)) => {}
            }
            if !room {
                continue;
            }
            // Whatever else waits is decided with it and committed together.
            for _ in 0..TOGETHER_MAX {
                if let Ok(news) = self.news.try_recv() {
                    self.hear(news, &mut gathered);
                } else if let Ok(request) = self.rx.try_recv() {
                    self.take(request, &mut gathered);
                } else {
                    break;
                }
            }
            let now = self.now();
            if self.state.next_due().is_some_and(|d| d <= now) {
                self.decide(&Input::Due, None, &mut gathered);
            }
            self.commit(&mut gathered).await;
        }
        while !self.in_flight.is_empty() {
            let done = committed(&mut self.in_flight).await;
            let on_record = matches!(done, Some(Ok(())));
            self.committed(done);
            if !on_record {
                tracing::error!("going down with records that could not be written");
                return;
            }
        }
    }

    fn now(&self) -> At {
        self.clock.now().into()
    }

    fn take(&mut self, request: Request, gathered: &mut Gathered) {
        match request {
            Request::Input { input, reply } => self.decide(&input, reply, gathered),
            Request::Reply { channel, from, text } => self.heard(channel, &from, text, gathered),
            Request::Query(look) => {
                self.meta.now = self.now();
                self.meta.seq = self.seq;
                look(&self.state, &self.meta);
            }
            Request::Config { loaded, reply } => {
                let Loaded { plan, contacts, warnings, fictional, .. } = *loaded;
                self.current = Arc::new(contacts);
                self.meta.warnings = warnings.len();
                self.meta.fictional = fictional;
                self.set_plan(plan, Some(reply), gathered);
            }
        }
    }

    fn set_plan(&mut self, plan: Plan, reply: Option<oneshot::Sender<Result<Done, Refused>>>, gathered: &mut Gathered) {
        let (bytes, plan) = frozen(plan);
        if self.state.plan.hash == plan.hash && self.seq > 0 {
            if let Some(reply) = reply {
                let _ = reply.send(Ok(Done { events: Arc::default(), on_record: true }));
            }
            return;
        }
        gathered.blobs.push(bytes);
        self.decide(&Input::NewPlan(Arc::new(plan)), reply, gathered);
    }

    fn decide(
        &mut self,
        input: &Input,
        reply: Option<oneshot::Sender<Result<Done, Refused>>>,
        gathered: &mut Gathered,
    ) {
        let now = self.now();
        let mut nonce = [0; 16];
        if let Err(e) = getrandom::fill(&mut nonce) {
            // Codes must not be guessable: without randomness they are as unlike as time makes them, and it is said.
            tracing::error!("the operating system gives no randomness ({e}): codes are weaker");
            nonce[..8].copy_from_slice(&now.0.to_le_bytes());
            nonce[8..].copy_from_slice(&self.seq.to_le_bytes());
        }
        match decide(&mut self.state, input, now, nonce) {
            Ok(events) => {
                let from = gathered.events.len();
                gathered.events.extend(events.into_iter().map(|e| (now, e)));
                if let Some(reply) = reply {
                    gathered.replies.push((reply, from..gathered.events.len()));
                }
            }
            Err(refused) => {
                if let Some(reply) = reply {
                    let _ = reply.send(Err(refused));
                } else {
                    tracing::info!(code = refused.code, "refused");
                }
            }
        }
    }

    /// What a worker told.
    fn hear(&mut self, news: WorkerEvent, gathered: &mut Gathered) {
        match news {
            WorkerEvent::Outcomes(outcomes) => {
                let mut states: Vec<(DeliveryId, DeliveryState)> = Vec::with_capacity(outcomes.len());
                for (id, state, reason) in outcomes {
                    if let Some(reason) = reason {
                        self.keep_reason(id, reason);
                    }
                    states.push((id, state));
                }
                self.decide(&Input::Outcomes(states), None, gathered);
            }
            WorkerEvent::Reply { gateway, from, text } => {
                let channel = self.channel_of(&gateway);
                if let Some(channel) = channel {
                    self.heard(channel, &from.0, text, gathered);
                }
            }
            WorkerEvent::Health { gateway, health, .. } => {
                self.meta.health.insert(gateway, (health.ok, health.detail));
            }
            WorkerEvent::Room { gateway, .. } => self.push(&gateway),
            WorkerEvent::Ended { .. } => {}
        }
    }

    fn channel_of(&self, gateway: &GatewayId) -> Option<Channel> {
        self.state.plan.gateways.iter().find(|g| g.id == *gateway).map(|g| g.channel)
    }

    /// Finds which duty points have that address, per open incident's own contacts, and lets the domain read the text.
    fn heard(&mut self, channel: Channel, from: &str, text: String, gathered: &mut Gathered) {
        let in_incidents: Vec<(IncidentNo, Px)> = self
            .state
            .incidents
            .values()
            .filter_map(|i| Some((i.no, self.contacts.get(&i.no)?.find(&i.plan, channel, from)?)))
            .collect();
        let known = self.current.find(&self.state.plan, channel, from);
        self.decide(&Input::Reply { from: in_incidents, known, text: text.into() }, None, gathered);
    }

    fn keep_reason(&mut self, id: DeliveryId, reason: String) {
        let reasons = Arc::make_mut(&mut self.meta.reasons);
        if reasons.len() >= REASONS_MAX {
            reasons.pop_first();
        }
        reasons.insert(id, reason);
    }

    /// Hands what was decided to the journal, as one batch.
    async fn commit(&mut self, gathered: &mut Gathered) {
        if gathered.events.is_empty() {
            for (reply, _) in gathered.replies.drain(..) {
                let _ = reply.send(Ok(Done { events: Arc::default(), on_record: self.meta.on_record }));
            }
            return;
        }
        let Gathered { events, replies, blobs } = std::mem::take(gathered);
        let mut records: Vec<NewRecord> = Vec::with_capacity(events.len());
        for (at, event) in &events {
            let attached = self.frozen_contacts(event);
            match encode(*at, event, attached.as_deref(), self.journal.sealer()) {
                Ok(record) => records.push(record),
                Err(e) => tracing::error!("an event can't be recorded: {e}"),
            }
        }
        let mut batch = Batch::of(records);
        for blob in blobs {
            batch.put_blob(blob);
        }
        let expected = self.seq;
        self.seq += batch.records.len() as u64;
        let mut this = InFlight { pending: None, batch, expected, events, replies };
        if self.meta.on_record {
            this.pending = self.journal.submit(expected, this.batch.clone()).await.ok();
        } else {
            self.carry_out(&mut this);
        }
        self.in_flight.push_back(this);
    }

    /// An incident keeps the contacts that it began with, sealed beside the record that opens it.
    fn frozen_contacts(&mut self, event: &Event) -> Option<Vec<u8>> {
        let Event::Incident { no, change } = event else { return None };
        if !matches!(**change, Change::Opened { .. } | Change::Adopted { .. }) {
            return None;
        }
        self.contacts.insert(*no, self.current.clone());
        serde_json::to_vec(&*self.current).ok()
    }

    /// A commit ended: now it is told and sent.
    fn committed(&mut self, done: Option<Result<(), String>>) {
        let Some(done) = done else { return };
        let Some(mut front) = self.in_flight.pop_front() else { return };
        if let Err(why) = done {
            if self.meta.on_record {
                tracing::error!("nothing can be written: {why}. Open incidents go on from memory, NOT ON RECORD");
            }
            self.meta.on_record = false;
            // People come first: once, what was decided leaves although it is not on disk (invariant 1's one exception).
            self.carry_out(&mut front);
            self.in_flight.push_front(front);
            let mut rest = std::mem::take(&mut self.in_flight);
            rest.iter_mut().for_each(|f| self.carry_out(f));
            rest.append(&mut self.in_flight);
            self.in_flight = rest;
            self.resubmit();
            return;
        }
        if !self.meta.on_record && self.in_flight.is_empty() {
            tracing::warn!("records can be written again; everything is on disk");
            self.meta.on_record = true;
        }
        self.carry_out(&mut front);
        self.changed.send_modify(|n| *n += 1);
    }

    fn carry_out(&mut self, done: &mut InFlight) {
        let events = Arc::new(std::mem::take(&mut done.events).into_iter().map(|(_, e)| e).collect::<Vec<_>>());
        for (reply, range) in done.replies.drain(..) {
            let own = if range == (0..events.len()) { events.clone() } else { Arc::new(events[range].to_vec()) };
            let _ = reply.send(Ok(Done { events: own, on_record: self.meta.on_record }));
        }
        let mut jobs = Jobs::new();
        for event in events.iter() {
            self.effects_of(event, &mut jobs);
        }
        self.hand_over(jobs);
    }

    fn effects_of(&mut self, event: &Event, jobs: &mut Jobs) {
        match event {
            Event::DeskNote { .. } => {
                // The newest desk notes are those that wait; each is handed over once, by its state.
                let last = self.state.desk.len().saturating_sub(1);
                let ordinal = (0..=last).rev().find(|i| {
                    self.state.desk.get(*i).is_some_and(|n| {
                        Event::DeskNote { send: n.send, plan: n.plan.clone(), word: n.word, text: n.text.clone() }
                            == *event
                    })
                });
                if let Some(ordinal) = ordinal.and_then(|o| u32::try_from(o).ok()) {
                    effects::desk_job(&self.state, ordinal, &self.current, jobs);
                }
            }
            Event::Incident { no, change } => {
                if let Change::Withdrawn { ordinals } = &**change {
                    let ids: Vec<DeliveryId> =
                        ordinals.iter().map(|o| DeliveryId { incident: *no, ordinal: *o }).collect();
                    self.withdraw(ids);
                }
                for batch in change.batches() {
                    let n = u32::try_from(batch.sends.len()).unwrap_or(u32::MAX);
                    let end = batch.first.saturating_add(n);
                    // Gateways begin with the first while the jobs of a large release are still being made.
                    let begin = batch.first.saturating_add(AT_ONCE).min(end);
                    for range in [batch.first..begin, begin..end] {
                        if range.is_empty() {
                            continue;
                        }
                        let (inc, contacts) = (self.state.incidents.get(no), self.contacts.get(no));
                        let (Some(inc), Some(contacts)) = (inc, contacts) else { return };
                        effects::jobs(&self.state, inc, contacts, &self.around, range, jobs);
                        if begin < end {
                            self.hand_over(std::mem::take(jobs));
                        }
                    }
                }
                if matches!(**change, Change::Archived) {
                    self.contacts.remove(no);
                }
            }
            _ => {}
        }
    }

    fn withdraw(&mut self, ids: Vec<DeliveryId>) {
        let gone: std::collections::BTreeSet<DeliveryId> = ids.iter().copied().collect();
        for waiting in self.waiting.values_mut() {
            waiting.retain(|q| !gone.contains(&q.job.delivery));
        }
        for worker in self.meta.workers.values() {
            worker.withdraw(ids.clone());
        }
    }

    fn hand_over(&mut self, jobs: Jobs) {
        for (gateway, jobs) in jobs {
            self.waiting.entry(gateway.clone()).or_default().extend(jobs);
            self.push(&gateway);
        }
    }

    /// Gives a worker what it has room for; the rest waits here, in order.
    fn push(&mut self, gateway: &GatewayId) {
        let Some(waiting) = self.waiting.get_mut(gateway) else { return };
        if waiting.is_empty() {
            return;
        }
        let jobs: Vec<Queued> = std::mem::take(waiting).into();
        match self.meta.workers.get(gateway) {
            Some(worker) => {
                if let Err(full) = worker.submit(jobs) {
                    if !full.ended {
                        tracing::warn!(gateway = %gateway, waiting = full.rest.len(), "the queue is full; the rest waits");
                    }
                    *waiting = full.rest.into();
                }
            }
            None => {
                // No such way out: each delivery fails, so that the next gateway of the channel takes over.
                let why =
                    self.meta.unusable.get(gateway).cloned().unwrap_or_else(|| "the gateway is not configured".into());
                let failed: Vec<(DeliveryId, DeliveryState)> =
                    jobs.iter().map(|q| (q.job.delivery, DeliveryState::Failed)).collect();
                for (id, _) in &failed {
                    self.keep_reason(*id, why.clone());
                }
                self.later(failed);
            }
        }
    }

    /// Outcomes that the loop itself knows come back as inputs, after the commit that is being carried out.
    fn later(&mut self, outcomes: Vec<(DeliveryId, DeliveryState)>) {
        let now = self.now();
        if let Ok(events) = decide(&mut self.state, &Input::Outcomes(outcomes), now, [0; 16])
            && !events.is_empty()
        {
            let events: Vec<(At, Event)> = events.into_iter().map(|e| (now, e)).collect();
            let records: Vec<NewRecord> =
                events.iter().filter_map(|(at, e)| encode(*at, e, None, self.journal.sealer()).ok()).collect();
            let batch = Batch::of(records);
            let expected = self.seq;
            self.seq += batch.records.len() as u64;
            let pending =
                if self.meta.on_record { self.journal.try_submit(expected, batch.clone()).ok() } else { None };
            self.in_flight.push_back(InFlight { pending, batch, expected, events, replies: Vec::new() });
        }
    }

    /// Commits that were not taken are handed to the journal again, in order; all of them, since one that is refused takes
    /// those behind it along.
    fn resubmit(&mut self) {
        for f in self.in_flight.iter_mut().take(COMMITS_MAX) {
            f.pending = self.journal.try_submit(f.expected, f.batch.clone()).ok();
        }
    }

    /// After a start: whatever was not known to be accepted goes out again. What was on the wire is marked as a possible
    /// repeat (invariant 4).
    fn resume(&mut self) {
        let mut jobs = Jobs::new();
        for inc in self.state.incidents.values() {
            let Some(contacts) = self.contacts.get(&inc.no) else { continue };
            if inc.phase == Phase::Closed {
                continue;
            }
            let waiting = (0u32..)
                .zip(&inc.deliveries)
                .filter(|(_, d)| {
                    matches!(d.state, DeliveryState::Queued | DeliveryState::Attempting | DeliveryState::Unknown)
                })
                .map(|(o, _)| o);
            effects::jobs(&self.state, inc, contacts, &self.around, waiting, &mut jobs);
        }
        for (ordinal, note) in (0u32..).zip(&self.state.desk) {
            if note.state == DeliveryState::Queued && note.plan == self.state.plan.hash {
                effects::desk_job(&self.state, ordinal, &self.current, &mut jobs);
            }
        }
        // Nobody knows whether what was queued had left before the crash: all of it is a possible repeat.
        for queued in jobs.values_mut().flatten() {
            queued.job.repeat = queued.job.delivery.incident != DESK;
        }
        self.hand_over(jobs);
    }
}

/// Reasons that are kept for screens.
const REASONS_MAX: usize = 20_000;

/// Waits for the oldest commit. `None` when nothing is in flight: then it waits for ever.
async fn committed(in_flight: &mut VecDeque<InFlight>) -> Option<Result<(), String>> {
    let Some(front) = in_flight.front_mut() else { return std::future::pending().await };
    match &mut front.pending {
        Some(pending) => match pending.await {
            Ok(_) => Some(Ok(())),
            Err(refused) => {
                front.pending = None;
                Some(Err(refused.error.to_string()))
            }
        },
        None => {
            tokio::time::sleep(RETRY_COMMIT).await;
            Some(Err("waiting to be written".into()))
        }
    }
}
