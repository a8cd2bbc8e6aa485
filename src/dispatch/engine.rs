//! The owner of the state: takes one input at a time, decides, commits what was decided together with what else waits, and
//! only then answers, sends and publishes (invariant 1). A commit never waits for a send, a send never for a commit of its
//! outcome; what is in flight between them is bounded.

mod conflict;
mod forget;
mod handle;
mod leaving;
mod proofs;

use handle::Answers;
pub(crate) use handle::{Answer, Look, Request};
pub use handle::{Desk, Done, Failed, Handle, Left, Marks, Meta, Place, Swap, Touched};

use std::collections::{BTreeMap, VecDeque};
use std::sync::Arc;
use std::time::Duration;

use tokio::sync::{mpsc, oneshot, watch};
use tokio::time::Instant;

use super::board::Board;
use super::effects::{self, Env, Jobs};
use super::queue::Queued;
use super::record::{encode_anyway, encode_system, in_batches, in_parts};
use super::recover::{Recovered, frozen};
use super::system_record::{RecordFormat, SystemRecord, SystemState};
use super::worker::WorkerHandle;
use super::worker_event::WorkerEvent;
use crate::clock::{SharedClock, mono};
use crate::config::{Contacts, Loaded, Statement, same_as};
use crate::domain::delivery::{Cause, DeliveryState};
use crate::domain::ids::{DeliveryId, GatewayId, IncidentNo, PointIx};
use crate::domain::incident::actor::Actor;
use crate::domain::incident::better::better_ways;
use crate::domain::incident::decide::decide;
use crate::domain::incident::event::GatewayChange;
use crate::domain::incident::event::{Change, Event};
use crate::domain::incident::gateways::TEST_TTL_S;
use crate::domain::incident::input::{Input, Told};
use crate::domain::incident::recall::recalled;
use crate::domain::incident::refused::{Refused, refuse};
use crate::domain::incident::state::{Delivery, Incident, SYSTEM_NOTES, State};
use crate::domain::incident::values::Doubt;
use crate::domain::incident::values::{Item, Phase};
use crate::domain::plan::{Channel, Plan};
use crate::domain::time::At;
use crate::domain::words::NoteWord;
use crate::gateways::trainee::Inbox;
use crate::gateways::{AckToken, PriorAccept};
use crate::journal::{BLOB_BYTES_MAX, Batch, Disks, Head, Journal, JournalError, NewRecord, Pending, Sealer};
use crate::record;

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
/// A start so long after the last record tells whoever leads an open incident, in milliseconds (RULES D12).
const STOOD_STILL_MS: i64 = 24 * 3600 * 1000;
/// The loop looks at its timers at least that often: the machine may have slept.
const LOOK_EVERY: Duration = Duration::from_secs(1);
/// A commit that failed is tried again after that.
const RETRY_COMMIT: Duration = Duration::from_millis(500);
/// A disk that has said nothing for so long counts as one that can't be written: people come first.
const COMMIT_LATE: Duration = Duration::from_secs(10);
/// What gateways still tell while the program goes down is heard and written for so long. Above the workers' own time.
const DRAIN: Duration = Duration::from_secs(12);

/// A commit on its way.
struct InFlight {
    pending: Option<Pending>,
    /// Kept until it is on disk: what failed is tried again.
    batch: Batch,
    expected: u64,
    /// The last record before all that was decided with it.
    first: u64,
    submitted: Instant,
    /// It was told and sent: once it is on disk, or before when nothing can be written.
    carried_out: bool,
    events: Vec<Event>,
    kept: Vec<(At, SystemRecord)>,
    replies: Answers,
    /// Gateways that let go of an answer when this is on disk.
    acks: Vec<AckToken>,
}

/// The loop that owns the state.
pub struct Engine {
    state: State,
    /// When the state wants to be looked at again; `None`: it has changed since, and must be scanned.
    due: Option<Option<At>>,
    contacts: BTreeMap<IncidentNo, Arc<Contacts>>,
    current: Arc<Contacts>,
    env: Env,
    clock: SharedClock,
    journal: Journal,
    /// The number that the next record gets, minus one; ahead of the disk by what is in flight.
    seq: u64,
    /// The last record that is known to be on disk.
    on_disk: Head,
    /// Another process wrote into the journal: these have lost, and the state must be read anew.
    overtaken: Option<VecDeque<InFlight>>,
    rx: mpsc::Receiver<Request>,
    news: mpsc::Receiver<WorkerEvent>,
    meta: Meta,
    waiting: BTreeMap<GatewayId, VecDeque<Queued>>,
    in_flight: VecDeque<InFlight>,
    /// The journal refused what is in flight; it is tried again then.
    retry_at: Option<Instant>,
    /// Outcomes that the loop knows by itself: it decides on them next, so that the order of decisions is that of records.
    own: Vec<Told>,
    /// The next note of the program itself that is handed over.
    system_notes_next: u32,
    /// The contacts that go with each plan of this run: notes of the program itself name the plan that they were decided with.
    system_notes_contacts: BTreeMap<String, Arc<Contacts>>,
    /// Workers whose place another took, and whose last word has not come.
    replaced: BTreeMap<GatewayId, u32>,
    /// Why gateways that answer are not trusted.
    doubts: BTreeMap<GatewayId, Doubt>,
    /// Queries that wait.
    looks: Vec<Look>,
    /// Something of an earlier run went out again in this one.
    repeats: bool,
    stopped: Option<watch::Receiver<bool>>,
    changed: watch::Sender<u64>,
    touched: watch::Sender<Touched>,
    closed: watch::Sender<u64>,
    /// What stands at the foot of mails and faxes from now on.
    foot: String,
    /// It stood still since then, for [`STOOD_STILL_MS`] and more.
    stood_still: Option<At>,
    nonces: Nonces,
    look_every: Duration,
    /// The journal is one of several nodes: what it does not take is decided by nobody here, least of all from memory.
    one_of_several: bool,
    /// Turns true when another node may decide from now on.
    lost: Option<watch::Receiver<bool>>,
    /// Another node decides from now on, or none can: why.
    over: Option<JournalError>,
}

/// Gives fresh randomness for each decision, or says why it can't.
pub type Nonces = Box<dyn FnMut() -> Result<[u8; 16], String> + Send>;

/// From the operating system.
fn system_nonces() -> Nonces {
    Box::new(|| {
        let mut nonce = [0; 16];
        getrandom::fill(&mut nonce).map(|()| nonce).map_err(|e| e.to_string())
    })
}

/// What the loop is built from.
pub struct Parts {
    pub journal: Journal,
    /// What the journal gave.
    pub recovered: Recovered,
    /// The configuration.
    pub loaded: Loaded,
    /// Links and pages.
    pub env: Env,
    pub clock: SharedClock,
    /// Workers by gateway.
    pub workers: BTreeMap<GatewayId, WorkerHandle>,
    /// Gateways that can't be used, and why.
    pub unusable: BTreeMap<GatewayId, String>,
    /// What workers tell.
    pub news: mpsc::Receiver<WorkerEvent>,
}

/// Builds the loop with a desk of its own. Its first input sets the plan for new incidents, if it is another than the journal's.
pub fn build(parts: Parts) -> (Engine, Handle) {
    let (desk, handle) = Desk::new();
    (build_at(desk, parts), handle)
}

/// The same, at a desk that was there before.
pub fn build_at(desk: Desk, parts: Parts) -> Engine {
    let Parts { journal, mut recovered, loaded, env, clock, workers, unusable, news } = parts;
    let Desk { rx, changed, touched, closed, board, looks } = desk;
    let now: At = clock.now().into();
    recovered.kept.since.get_or_insert(now);
    let meta = Meta {
        now,
        seq: recovered.head.seq,
        on_record: true,
        trouble: None,
        disks: journal.disks(),
        kept: recovered.kept,
        workers,
        unusable,
        board,
        ..Meta::of(&loaded)
    };
    Engine {
        foot: meta.kept.foot(),
        stood_still: recovered.last_at.filter(|at| at.0 + STOOD_STILL_MS <= now.0),
        closed,
        system_notes_next: recovered.state.system_notes.next(),
        retry_at: None,
        replaced: BTreeMap::new(),
        doubts: BTreeMap::new(),
        looks,
        repeats: false,
        own: Vec::new(),
        system_notes_contacts: BTreeMap::new(),
        stopped: None,
        state: recovered.state,
        due: None,
        contacts: recovered.contacts,
        current: Arc::new(loaded.contacts),
        env,
        clock,
        journal,
        seq: recovered.head.seq,
        on_disk: recovered.head,
        overtaken: None,
        rx,
        news,
        meta,
        waiting: BTreeMap::new(),
        in_flight: VecDeque::new(),
        changed,
        touched,
        nonces: system_nonces(),
        look_every: LOOK_EVERY,
        one_of_several: false,
        lost: None,
        over: None,
    }
}

/// What is decided and not handed to the journal yet.
#[derive(Default)]
struct Gathered {
    events: Vec<Decided>,
    kept: Vec<(At, SystemRecord)>,
    replies: Answers,
    acks: Vec<AckToken>,
    blobs: Vec<Vec<u8>>,
    /// Whose keys are destroyed with this commit.
    forget: Vec<String>,
}

/// An event with what is sealed beside it.
struct Decided {
    at: At,
    event: Event,
    /// The contacts that an incident begins with, or goes on with: those of the plan that it was decided with, whatever
    /// configuration came before the commit.
    contacts: Option<Arc<Contacts>>,
}

/// How the oldest commit stands.
enum Ended {
    Written(Head),
    /// Nothing was heard of it for too long; it may still come.
    Late,
    Refused(JournalError),
    /// It is time to try again.
    Retry,
}

/// Refusals that somebody without the right to it tried something.
const RIGHTS: [&str; 3] = ["not-yours", "four-eyes", "same-eyes"];

impl Engine {
    /// Takes its randomness elsewhere: a simulation repeats a run by its seed.
    #[must_use]
    #[cfg_attr(
        not(feature = "internals"),
        expect(dead_code, reason = "the simulation brings its own randomness and pace")
    )]
    pub fn with_nonces(mut self, nonces: Nonces) -> Self {
        self.nonces = nonces;
        self
    }

    /// Looks at its timers less often than each second: virtual time neither sleeps nor is set.
    #[must_use]
    #[cfg_attr(
        not(feature = "internals"),
        expect(dead_code, reason = "the simulation brings its own randomness and pace")
    )]
    pub fn looking_every(mut self, every: Duration) -> Self {
        self.look_every = every;
        self
    }

    /// The journal is one of several nodes: what it refuses ends the loop, and nothing ever goes on from memory. When `lost` turns
    /// true the loop ends at once, with all that it decided and that is not on record.
    #[must_use]
    #[cfg(feature = "cluster")]
    pub fn one_of_several(mut self, lost: watch::Receiver<bool>) -> Self {
        (self.one_of_several, self.lost) = (true, Some(lost));
        self
    }

    /// Runs until every handle is gone, `stop` turns true, or another node decides from now on; what is in flight is committed first.
    pub async fn run(mut self, plan: Plan, mut stop: watch::Receiver<bool>) -> Left {
        self.stopped = Some(stop.clone());
        let mut gathered = Gathered::default();
        if self.meta.kept.format < record::FORMAT {
            gathered.kept.push((self.now(), SystemRecord::Format(RecordFormat::current())));
        }
        self.set_plan(plan, None, &mut gathered);
        self.commit(&mut gathered);
        self.resume();
        self.follow(None);
        self.reclaim(None);
        self.own_outcomes(&mut gathered);
        if let Some(since) = self.stood_still.take() {
            self.decide(&Input::StoodStill { since }, None, &mut gathered);
            self.commit(&mut gathered);
        }
        // What fell due while the program was down comes first, before anything that could move it.
        if self.next_due().is_some_and(|d| d <= self.now()) {
            self.decide(&Input::Due, None, &mut gathered);
            self.commit(&mut gathered);
            self.own_outcomes(&mut gathered);
        }
        let (mut open, mut hearing) = (true, true);
        while open {
            // Without room what is due has to wait for the disk: looking at it again and again would only burn the machine.
            let room = self.has_room() && self.looks.is_empty();
            let next = self.next_due();
            let due = next.filter(|_| room);
            self.clock.deadlines_run(next.is_some());
            let now = self.now();
            let wait = due.map_or(self.look_every, |d| Duration::from_millis(u64::try_from(d.0 - now.0).unwrap_or(0)));
            tokio::select! {
                biased;
                () = lost(&mut self.lost) => return self.leave(gathered),
                _ = stop.changed() => open = false,
                ended = ended(&mut self.in_flight, self.retry_at) => self.ended(ended),
                news = self.news.recv(), if room && hearing => match news {
                    Some(news) => self.on_worker_event(news, &mut gathered),
                    None => {
                        // Incidents are still led, over the console and on paper.
                        tracing::error!("no gateway has a worker any more: nothing can be sent");
                        hearing = false;
                    }
                },
                request = self.rx.recv(), if room => match request {
                    Some(request) => self.on_request(request, &mut gathered),
                    None => open = false,
                },
                () = tokio::time::sleep(wait.min(self.look_every)) => {}
            }
            self.all_ended().await;
            if self.over.is_some() {
                return self.leave(gathered);
            }
            if let Some(lost) = self.overtaken.take()
                && !self.read_anew(lost, &mut gathered).await
            {
                return self.leave(gathered);
            }
            if gathered.events.is_empty() && gathered.kept.is_empty() {
                self.show();
            }
            if !self.has_room() {
                continue;
            }
            // Whatever else waits is decided with it and committed together.
            for _ in 0..TOGETHER_MAX {
                if !self.looks.is_empty() {
                    break;
                } else if let Ok(news) = self.news.try_recv() {
                    self.on_worker_event(news, &mut gathered);
                } else if let Ok(request) = self.rx.try_recv() {
                    self.on_request(request, &mut gathered);
                } else {
                    break;
                }
            }
            let now = self.now();
            if self.looks.is_empty() && self.next_due().is_some_and(|d| d <= now) {
                self.decide(&Input::Due, None, &mut gathered);
            }
            self.commit(&mut gathered);
            self.own_outcomes(&mut gathered);
            // Asked while nothing was on its way to the disk: no commit will come that could wake the loop.
            self.show();
        }
        // Nothing new is taken; what gateways took on the way down is heard, so that the next start does not repeat it.
        let until = mono() + DRAIN;
        hearing &= *stop.borrow();
        while hearing || !self.in_flight.is_empty() {
            tokio::select! {
                biased;
                ended = ended(&mut self.in_flight, self.retry_at) => self.ended(ended),
                news = self.news.recv(), if hearing => match news {
                    Some(news) => self.on_worker_event(news, &mut gathered),
                    None => hearing = false,
                },
                () = tokio::time::sleep_until(until) => break,
            }
            self.commit(&mut gathered);
            if self.over.is_some() {
                break;
            }
        }
        if !self.in_flight.is_empty() && self.over.is_none() {
            tracing::error!("going down with records that could not be written");
        }
        self.leave(gathered)
    }

    /// When something is due. With 100 000 asks a scan costs more than the decisions of a turn: once after each change is enough.
    fn next_due(&mut self) -> Option<At> {
        *self.due.get_or_insert_with(|| self.state.next_due())
    }

    fn has_room(&self) -> bool {
        self.in_flight.len() < if self.meta.on_record { COMMITS_MAX } else { FROM_MEMORY_MAX }
    }

    /// Answers the queries that wait, once all of the state is on disk: a page or an answer must not say what a crash could
    /// still take back (invariant 1). Nothing new is decided before. What goes on from memory is shown as such.
    fn show(&mut self) {
        if self.in_flight.iter().any(|f| !f.carried_out) {
            return;
        }
        for look in std::mem::take(&mut self.looks) {
            self.meta.now = self.now();
            self.meta.seq = self.seq;
            self.meta.disks = self.journal.disks();
            look(&self.state, &self.meta);
        }
    }

    fn going_down(&self) -> bool {
        self.stopped.as_ref().is_some_and(|s| *s.borrow())
    }

    /// Decides on what the loop found out by itself: each round moves deliveries on to their next gateway, so that it ends.
    fn own_outcomes(&mut self, gathered: &mut Gathered) {
        while !self.own.is_empty() {
            let own = std::mem::take(&mut self.own);
            self.decide(&Input::Outcomes(own), None, gathered);
            self.commit(gathered);
        }
    }

    /// In training: every report is a drill, and texts end in that inbox. Before the loop is run.
    pub fn in_training(mut self, inbox: Inbox) -> Self {
        self.state.drills_only = true;
        self.meta.board.train(inbox);
        self
    }

    fn now(&self) -> At {
        self.clock.now().into()
    }

    fn on_request(&mut self, request: Request, gathered: &mut Gathered) {
        match request {
            Request::Input { mut input, link, reply } => {
                self.put_address(&mut input, link);
                let used = match *input {
                    Input::Link { delivery, .. } => Some(delivery),
                    _ => link,
                };
                if self.decide(&input, reply, gathered)
                    && let Some(delivery) = used
                {
                    self.decide(&Input::LinkUsed { delivery }, None, gathered);
                }
            }
            Request::Reply { channel, from, text } => self.heard(channel, &from, text, gathered),
            Request::Query(look) => self.looks.push(look),
            Request::Asked { delivery, reply } => drop(reply.send(self.asked_at(delivery))),
            Request::System { record, reply } => {
                gathered.kept.push((self.now(), *record));
                gathered.replies.push((reply, 0..0));
            }
            Request::Forget { forgotten, reply } => self.forget(*forgotten, reply, gathered),
            Request::Config { loaded, swap, reply } => {
                self.swap(swap);
                self.meta.take_up(&loaded);
                let Loaded { plan, contacts, .. } = *loaded;
                self.current = Arc::new(contacts);
                self.set_plan(plan, Some(reply), gathered);
            }
        }
    }

    fn swap(&mut self, swap: Swap) {
        self.meta.unusable.extend(swap.unusable);
        for (id, worker) in swap.workers {
            self.meta.unusable.remove(&id);
            if self.meta.workers.insert(id.clone(), worker).is_some() {
                *self.replaced.entry(id.clone()).or_default() += 1;
            }
            self.push(&id);
        }
    }

    fn set_plan(&mut self, plan: Plan, reply: Option<Answer>, gathered: &mut Gathered) {
        let (bytes, plan) = frozen(plan);
        self.system_notes_contacts.insert(plan.hash.clone(), self.current.clone());
        if self.state.plan.hash == plan.hash && self.seq > 0 {
            self.know_addresses(gathered);
            if let Some(reply) = reply {
                let _ = reply.send(Ok(Done::nothing(true)));
            }
            return;
        }
        if bytes.len() > BLOB_BYTES_MAX {
            // The journal would refuse it for ever, and with it all that comes after.
            tracing::error!(
                bytes = bytes.len(),
                max = BLOB_BYTES_MAX,
                "the configuration is too large and not in force"
            );
            if let Some(reply) = reply {
                let (bytes, max) = (bytes.len(), BLOB_BYTES_MAX);
                let _ = reply.send(Err(refuse!(TooLargeConfiguration { bytes, max })));
            }
            return;
        }
        gathered.blobs.push(bytes);
        self.decide(&Input::NewPlan(Arc::new(plan)), reply, gathered);
        self.know_addresses(gathered);
    }

    /// Decides, and says whether anything happened.
    fn decide(&mut self, input: &Input, reply: Option<Answer>, gathered: &mut Gathered) -> bool {
        let decided = self.decided(input, gathered);
        let happened = decided.as_ref().is_ok_and(|events| !events.is_empty());
        match (decided, reply) {
            (Ok(events), Some(reply)) => gathered.replies.push((reply, events)),
            (Ok(_), None) => {}
            (Err(refused), Some(reply)) => {
                if let Some(next) = input.after(&refused) {
                    self.decide(&next, None, gathered);
                }
                if RIGHTS.contains(&refused.code) {
                    let by = match input {
                        Input::Command { by, .. } | Input::Once { by, .. } => by.as_str(),
                        _ => "",
                    };
                    tracing::warn!(code = refused.code, %by, "refused");
                }
                drop(reply.send(Err(refused)));
            }
            (Err(refused), None) => tracing::info!(code = refused.code, "refused"),
        }
        happened
    }

    /// Decides; which of the gathered events are its own.
    fn decided(&mut self, input: &Input, gathered: &mut Gathered) -> Result<std::ops::Range<usize>, Refused> {
        let now = self.now();
        let nonce = (self.nonces)().unwrap_or_else(|error| {
            // Codes must not be guessable: without randomness they are as unlike as time makes them, and it is said.
            tracing::error!(%error, "the operating system gives no randomness: codes are weaker");
            let mut nonce = [0; 16];
            nonce[..8].copy_from_slice(&now.0.to_le_bytes());
            nonce[8..].copy_from_slice(&self.seq.to_le_bytes());
            nonce
        });
        self.due = None;
        let events = decide(&mut self.state, input, now, nonce)?;
        let from = gathered.events.len();
        for event in events {
            let contacts = self.contacts_of(&event);
            gathered.events.push(Decided { at: now, event, contacts });
        }
        Ok(from..gathered.events.len())
    }

    /// What a worker told.
    fn on_worker_event(&mut self, news: WorkerEvent, gathered: &mut Gathered) {
        match news {
            WorkerEvent::Refs(refs) => match gathered.kept.last_mut() {
                Some((_, SystemRecord::GatewayRefs(last))) if last.len() + refs.len() <= REFS_TOGETHER_MAX => {
                    last.extend(refs)
                }
                _ => gathered.kept.push((self.now(), SystemRecord::GatewayRefs(refs))),
            },
            WorkerEvent::Outcomes { gateway, of } => {
                let mut told = Vec::with_capacity(of.len());
                for (delivery, state, reason) in of {
                    if self.state.handed_to(delivery).is_some_and(|its| *its != gateway) {
                        // A callback that names a delivery is believed for its own gateway's alone (RULES H1).
                        tracing::warn!(%gateway, %delivery, "news of a delivery that is another gateway's was not taken");
                        continue;
                    }
                    if state == DeliveryState::Delivered {
                        self.meta.kept.refs.remove(delivery);
                    }
                    told.push(Told { delivery, state, cause: reason.and_then(|r| Cause::new(&r)) });
                }
                self.decide(&Input::Outcomes(told), None, gathered);
            }
            WorkerEvent::Reply { gateway, from, text, ack } => {
                let channel = self.channel_of(&gateway);
                if let Some(channel) = channel {
                    self.heard(channel, &from.0, text, gathered);
                }
                gathered.acks.push(ack);
            }
            WorkerEvent::Health { gateway, standing, health, doubt } => {
                let before = match doubt {
                    Some(doubt) => self.doubts.insert(gateway.clone(), doubt),
                    None => self.doubts.remove(&gateway),
                };
                let silent = doubt == Some(Doubt::Silent) && before != doubt;
                if silent || self.state.ways.standing(&gateway) != standing {
                    let (gateway, why) = (gateway.clone(), Cause::new(&health.detail));
                    let doubt = doubt.filter(|d| *d != Doubt::Silent || silent);
                    self.decide(&Input::GatewayStands { gateway, standing, doubt, why }, None, gathered);
                }
                self.meta.health.insert(gateway, (health.ok, health.detail));
            }
            WorkerEvent::Room { gateway, .. } => self.push(&gateway),
            WorkerEvent::Ended { gateway, on_the_wire, in_line } => {
                if self.going_down() {
                    return;
                }
                if let Some(n) = self.replaced.get_mut(&gateway).filter(|n| **n > 0) {
                    // Another took its place: what it had not handed over leaves there.
                    *n -= 1;
                    self.own.extend(on_the_wire.into_iter().map(|id| Told::from((id, DeliveryState::Unknown))));
                    self.again(in_line);
                    self.follow(Some(&gateway));
                    self.reclaim(Some(&gateway));
                } else {
                    let ended = in_line.into_iter().map(|id| Told::from((id, DeliveryState::Failed)));
                    let unknown = on_the_wire.into_iter().map(|id| Told::from((id, DeliveryState::Unknown)));
                    self.own.extend(ended.chain(unknown));
                    self.lost(&gateway);
                    self.push(&gateway);
                }
            }
        }
    }

    fn channel_of(&self, gateway: &GatewayId) -> Option<Channel> {
        self.state.plan.gateways.iter().find(|g| g.id == *gateway).map(|g| g.channel)
    }

    /// Finds which duty points have that address, per open incident's own contacts, and lets the domain read the text.
    fn heard(&mut self, channel: Channel, from: &str, text: String, gathered: &mut Gathered) {
        let in_incidents: Vec<(IncidentNo, PointIx)> = self
            .state
            .incidents
            .values()
            .filter_map(|i| Some((i.no, self.contacts.get(&i.no)?.find(&i.plan, channel, from)?)))
            .collect();
        let known = self.current.find(&self.state.plan, channel, from);
        let known_at = known.and_then(|p| self.current.address(p));
        let in_one = in_incidents.first().and_then(|(no, p)| self.contacts.get(no)?.address(*p));
        let who = known_at.or(in_one).map(|address| self.eyes_of(channel, address));
        self.decide(&Input::Reply { who, from: in_incidents, known, text: text.into() }, None, gathered);
    }

    /// What a link does is the doing of the address that it was sent to (RULES H3).
    fn put_address(&self, input: &mut Input, link: Option<DeliveryId>) {
        match (input, link) {
            (Input::Link { who, delivery, .. }, _) => *who = self.asked_at(*delivery),
            (Input::Command { who, .. } | Input::Once { who, .. }, Some(delivery)) => *who = self.asked_at(delivery),
            _ => {}
        }
    }

    fn asked_at(&self, delivery: DeliveryId) -> Option<Actor> {
        asked_at(&self.state, &self.contacts, self.journal.sealer(), delivery)
    }

    fn eyes_of(&self, channel: Channel, address: &str) -> Actor {
        eyes_of(&self.state.plan, self.journal.sealer(), channel, address)
    }

    /// Hands what was decided to the journal, as one batch.
    fn commit(&mut self, gathered: &mut Gathered) {
        if gathered.events.is_empty() && gathered.kept.is_empty() {
            gathered.acks.drain(..).for_each(|ack| ack.tell());
            for (reply, _) in gathered.replies.drain(..) {
                let _ = reply.send(Ok(Done::nothing(self.meta.on_record)));
            }
            return;
        }
        let Gathered { events: decided, kept, replies, acks, blobs, forget } = std::mem::take(gathered);
        let mut records: Vec<NewRecord> = Vec::with_capacity(decided.len() + kept.len());
        let mut events = Vec::with_capacity(decided.len());
        // In which format it goes on stands before the first record of that format.
        let is_format = |(_, r): &(At, SystemRecord)| matches!(r, SystemRecord::Format(_));
        records.extend(kept.iter().filter(|k| is_format(k)).map(|(at, format)| encode_system(*at, format)));
        for Decided { at, event, contacts } in decided {
            let attached = contacts.map(|c| record::contacts::encode(c.addresses()));
            records.extend(in_parts(encode_anyway(at, &event, attached.as_deref(), self.journal.sealer())));
            events.push(event);
        }
        records.extend(kept.iter().filter(|k| !is_format(k)).map(|(at, record)| encode_system(*at, record)));
        let mut batches = in_batches(records);
        if let Some(first) = batches.first_mut() {
            for blob in blobs {
                first.put_blob(blob);
            }
        }
        // The record that says so is among the last ones.
        if let Some(last) = batches.last_mut() {
            last.forget = forget;
        }
        // What was decided is told when the last of it is on disk.
        let last = batches.len() - 1;
        let mut told = Some((events, kept, replies, acks));
        let first = self.seq;
        for (n, batch) in batches.into_iter().enumerate() {
            let (events, kept, replies, acks) =
                if n == last { told.take().unwrap_or_default() } else { Default::default() };
            let expected = self.seq;
            self.seq += batch.records.len() as u64;
            let mut this = InFlight {
                pending: None,
                batch,
                expected,
                first,
                submitted: mono(),
                carried_out: false,
                events,
                kept,
                replies,
                acks,
            };
            if !self.meta.on_record {
                self.run_effects(&mut this);
            }
            self.in_flight.push_back(this);
        }
        if self.retry_at.is_none() {
            self.submit();
        }
    }

    /// An incident keeps the contacts that it began with, sealed beside the record that opens it.
    fn contacts_of(&mut self, event: &Event) -> Option<Arc<Contacts>> {
        let Event::Incident { no, change } = event else { return None };
        if !matches!(**change, Change::Opened { .. } | Change::Adopted { .. }) {
            return None;
        }
        self.contacts.insert(*no, self.current.clone());
        Some(self.current.clone())
    }

    /// Hands the oldest commits to the journal, in order, as many as may be on their way.
    fn submit(&mut self) {
        self.retry_at = None;
        for f in self.in_flight.iter_mut().take(COMMITS_MAX).filter(|f| f.pending.is_none()) {
            match self.journal.try_submit(f.expected, f.batch.clone()) {
                Ok(pending) => (f.pending, f.submitted) = (Some(pending), mono()),
                Err(refused) if self.one_of_several => {
                    self.over = Some(refused.error);
                    return;
                }
                Err(_) => {
                    self.retry_at = Some(mono() + RETRY_COMMIT);
                    return;
                }
            }
        }
    }

    /// Takes note of all commits that have ended by now: a backlog shrinks although more comes in.
    async fn all_ended(&mut self) {
        while self.overtaken.is_none()
            && self.over.is_none()
            && self.in_flight.front().is_some_and(|f| f.pending.is_some())
        {
            tokio::select! {
                biased;
                ended = ended(&mut self.in_flight, self.retry_at) => self.ended(ended),
                () = std::future::ready(()) => return,
            }
        }
    }

    /// How the oldest commit stands; one that is on disk is told and sent.
    fn ended(&mut self, ended: Ended) {
        match ended {
            Ended::Written(head) => self.written(head),
            // The store tries for as long as it may; then another node decides, or none.
            Ended::Refused(error) if self.one_of_several => self.over = Some(error),
            Ended::Late if self.one_of_several => self.patient(),
            Ended::Late => self.go_on_from_memory("the disk has not answered"),
            Ended::Refused(JournalError::Conflict { found, .. })
                if self.in_flight.front().is_some_and(|f| found > f.expected) =>
            {
                // The disk had taken more than it admitted, or another process wrote. Their hashes tell them apart.
                match self.oldest_on_disk() {
                    Some(head) => self.written(head),
                    None => self.set_aside(),
                }
            }
            Ended::Refused(error) => self.refused(&error.to_string()),
            Ended::Retry => {
                self.submit();
                if self.in_flight.front().is_some_and(|f| f.pending.is_none()) {
                    self.refused("the journal takes nothing");
                }
            }
        }
    }

    /// Waits on for the oldest commit.
    fn patient(&mut self) {
        if let Some(front) = self.in_flight.front_mut() {
            front.submitted = mono();
        }
    }

    fn written(&mut self, head: Head) {
        let Some(mut front) = self.in_flight.pop_front() else { return };
        self.on_disk = head;
        if !self.meta.on_record && self.in_flight.is_empty() {
            tracing::warn!("records can be written again; everything is on disk");
            self.meta.on_record = true;
            self.meta.trouble = None;
        }
        self.run_effects(&mut front);
        if self.retry_at.is_none() {
            self.submit();
        }
        self.changed.send_modify(|n| *n += 1);
    }

    /// All of it is tried again, in order: one that is refused takes those behind it along.
    fn refused(&mut self, why: &str) {
        self.go_on_from_memory(why);
        self.in_flight.iter_mut().for_each(|f| f.pending = None);
        self.retry_at = Some(mono() + RETRY_COMMIT);
    }

    /// People come first: what was decided leaves although it is not on disk (invariant 1's one exception). Once.
    fn go_on_from_memory(&mut self, why: &str) {
        if self.meta.on_record {
            tracing::error!(error = why, "nothing can be written; open incidents go on from memory, NOT ON RECORD");
        }
        self.meta.on_record = false;
        self.meta.trouble = Some(why.to_owned());
        let mut all = std::mem::take(&mut self.in_flight);
        all.iter_mut().for_each(|f| self.run_effects(f));
        self.in_flight = all;
        self.changed.send_modify(|n| *n += 1);
    }

    fn run_effects(&mut self, done: &mut InFlight) {
        if std::mem::replace(&mut done.carried_out, true) {
            return;
        }
        self.touched.send_modify(|touched| touched.add(&done.events));
        for (at, record) in std::mem::take(&mut done.kept) {
            self.meta.kept.apply(done.expected + done.batch.records.len() as u64, at, &record);
            self.foot = self.meta.kept.foot();
            if let SystemRecord::Forgotten(forgotten) = &record {
                self.forgotten(forgotten.incident);
            }
        }
        let events = Arc::new(std::mem::take(&mut done.events));
        for (reply, range) in done.replies.drain(..) {
            let own =
                if range == (0..events.len()) { events.clone() } else { Arc::new(events[range.clone()].to_vec()) };
            let (after, last) = (done.first, done.expected + done.batch.records.len() as u64);
            let place = Place { after, last, events: range };
            let _ = reply.send(Ok(Done { events: own, on_record: self.meta.on_record, place }));
        }
        done.acks.drain(..).for_each(|ack| ack.tell());
        let mut jobs = Jobs::new();
        for event in events.iter() {
            self.effects_of(event, &mut jobs);
        }
        self.hand_over(jobs);
    }
}

/// The address that a delivery went to, as one pair of eyes. Where it is not known any more its point is: somebody has the link.
pub(super) fn asked_at(
    state: &State,
    contacts: &BTreeMap<IncidentNo, Arc<Contacts>>,
    sealer: &Sealer,
    delivery: DeliveryId,
) -> Option<Actor> {
    let inc = state.incidents.get(&delivery.incident)?;
    let point = inc.deliveries.get(delivery.ordinal as usize)?.point;
    let address = contacts.get(&delivery.incident).and_then(|all| all.address(point));
    Some(match address {
        Some(address) => eyes_of(&state.plan, sealer, inc.plan.point(point).channel, address),
        None => Actor::address(&format!("{} {point:?}", delivery.incident)),
    })
}

/// An address as one pair of eyes: the same however it is written, and told to nobody.
fn eyes_of(plan: &Plan, sealer: &Sealer, channel: Channel, address: &str) -> Actor {
    Actor::address(&sealer.mark(same_as(channel, address, &plan.region.country).as_bytes()))
}

/// A far end is asked about what it accepted for so long after the delivery's own time.
const FOLLOW_GRACE_S: u32 = 600;
/// So many numbers of gateways stand in one record.
const REFS_TOGETHER_MAX: usize = 4_096;

/// Waits until another node may decide; alone, for ever.
async fn lost(lost: &mut Option<watch::Receiver<bool>>) {
    if let Some(lost) = lost
        && lost.wait_for(|lost| *lost).await.is_ok()
    {
        return;
    }
    std::future::pending().await
}

/// Waits for news of the oldest commit. When nothing is in flight, it waits for ever.
async fn ended(in_flight: &mut VecDeque<InFlight>, retry_at: Option<Instant>) -> Ended {
    let Some(front) = in_flight.front_mut() else { return std::future::pending().await };
    let (late_at, told) = (front.submitted + COMMIT_LATE, front.carried_out);
    let Some(pending) = &mut front.pending else {
        if let Some(at) = retry_at {
            tokio::time::sleep_until(at).await;
        }
        return Ended::Retry;
    };
    tokio::select! {
        biased;
        done = pending => match done {
            Ok(head) => Ended::Written(head),
            Err(refused) => Ended::Refused(refused.error),
        },
        () = tokio::time::sleep_until(late_at), if !told => Ended::Late,
    }
}
