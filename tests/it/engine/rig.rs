//! The shipped region, a temporary journal whose disk can be held up or fail, and gateways in this process.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;
use std::sync::{Arc, Condvar, Mutex};
use std::time::Duration;

use tokio::sync::{mpsc, watch};
use vardkase::clock::VirtualClock;
use vardkase::config::{Loaded, Source, load};
use vardkase::dispatch::effects::Env;
use vardkase::dispatch::engine::{self, Done, Handle, Parts};
use vardkase::dispatch::links::LinkKey;
use vardkase::dispatch::recover::{Recovered, recover};
use vardkase::dispatch::retry::Jitter;
use vardkase::dispatch::worker::{WORKER_EVENTS_MAX, Worker, WorkerHandle};
use vardkase::dispatch::worker_limits::WorkerLimits;
use vardkase::domain::delivery::{Accepted, SendError};
use vardkase::domain::ids::{DeliveryId, GatewayId};
use vardkase::domain::incident::actor::Actor;
use vardkase::domain::incident::input::{Action, Input, Report};
use vardkase::domain::incident::state::State;
use vardkase::domain::plan::Channel;
use vardkase::gateways::{Boxed, Cancelled, Events, Gateway, GatewayEvent, Health, Job, Jobs, Stop};
use vardkase::journal::*;

/// Everything that a test waits for comes within that time, or it fails.
pub const WITHIN: Duration = Duration::from_secs(20);

/// How the disk is.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Disk {
    Fine,
    Held,
    Full,
    /// Another process appends once, before what comes next.
    Foreign,
}

#[derive(Default)]
pub struct Gate(Mutex<Option<Disk>>, Condvar);
impl Gate {
    pub fn set(&self, disk: Disk) {
        *self.0.lock().unwrap() = Some(disk);
        self.1.notify_all();
    }
    fn foreign(&self) -> bool {
        let mut disk = self.0.lock().unwrap();
        let foreign = *disk == Some(Disk::Foreign);
        if foreign {
            *disk = Some(Disk::Fine);
        }
        foreign
    }
    fn pass(&self) -> bool {
        let mut disk = self.0.lock().unwrap();
        while *disk == Some(Disk::Held) {
            disk = self.1.wait(disk).unwrap();
        }
        *disk != Some(Disk::Full)
    }
}

struct Slow(SqliteStore, Arc<Gate>);
impl Store for Slow {
    fn head(&self) -> Head {
        self.0.head()
    }
    fn append(&mut self, group: &[Append]) -> Vec<Result<Head, JournalError>> {
        if self.1.foreign() {
            let record = vardkase::record::encode(&vardkase::domain::incident::event::Event::StrangerWrote);
            let record = NewRecord::new(record.kind, record.version, 1_229_566_320_000, record.bytes);
            let batch = Batch::of(vec![record; FOREIGN]);
            let answers = self.0.append(&[Append { expected_seq: self.0.head().seq, batch }]);
            assert!(answers.iter().all(Result::is_ok), "{answers:?}");
        }
        if self.1.pass() {
            return self.0.append(group);
        }
        let full = JournalError::Disk { kind: DiskKind::Full, what: "appending".into() };
        group.iter().map(|_| Err(full.clone())).collect()
    }
    fn idle(&mut self) {
        self.0.idle();
    }
    fn heads(&self) -> watch::Receiver<Head> {
        self.0.heads()
    }
    fn open_reader(&self) -> OpenReader {
        self.0.open_reader()
    }
}

/// So many records another process writes.
pub const FOREIGN: usize = 5_000;

/// What gateways say.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Say {
    Accepted,
    /// Nothing: what was taken is on the wire.
    Nothing,
    /// That it should be asked again in an hour.
    Later,
    /// What nobody understands.
    Unclear,
}

/// What all gateways took, in order.
#[derive(Default)]
pub struct Far {
    pub took: Mutex<Vec<(GatewayId, Job)>>,
    pub says: Mutex<BTreeMap<GatewayId, Say>>,
    /// What those that keep jobs were told to follow.
    pub followed: Mutex<Vec<Job>>,
    /// What they were asked to take back, each time.
    pub recalled: Mutex<Vec<Vec<DeliveryId>>>,
    /// What can't be taken back any more.
    pub begun: Mutex<BTreeSet<DeliveryId>>,
    /// So many times the far end can't be asked.
    pub out_of_reach: Mutex<u32>,
}
impl Far {
    pub fn took(&self) -> Vec<(GatewayId, Job)> {
        self.took.lock().unwrap().clone()
    }
    pub fn ids(&self) -> Vec<DeliveryId> {
        self.took().iter().map(|(_, j)| j.delivery).collect()
    }
    pub fn say(&self, gateway: &GatewayId, say: Say) {
        self.says.lock().unwrap().insert(gateway.clone(), say);
    }
}

struct Fake {
    id: GatewayId,
    far: Arc<Far>,
    otherwise: Say,
    keeps: bool,
    by_ref: bool,
}
impl Gateway for Fake {
    fn run(&self, mut jobs: Jobs, out: Events, mut stop: Stop) -> Boxed<'_, ()> {
        Box::pin(async move {
            loop {
                let job = tokio::select! {
                    _ = stop.changed() => return,
                    job = jobs.recv() => match job { Some(job) => job, None => return },
                };
                let delivery = job.delivery;
                self.far.took.lock().unwrap().push((self.id.clone(), job));
                let says = self.far.says.lock().unwrap().get(&self.id).copied().unwrap_or(self.otherwise);
                let result = match says {
                    Say::Accepted if self.by_ref => {
                        Ok(Accepted { gateway_ref: format!("m-{delivery}"), ..Accepted::default() })
                    }
                    Say::Accepted => Ok(Accepted::default()),
                    Say::Nothing => continue,
                    Say::Later => {
                        Err(SendError::Temporary { cause: "HTTP 503: later".into(), retry_after_s: Some(3_600) })
                    }
                    Say::Unclear => Err(SendError::unknown("HTTP 200, not understood: MERCI")),
                };
                if out.send(GatewayEvent::Outcome { delivery, result }).await.is_err() {
                    return;
                }
            }
        })
    }
    fn probe(&self) -> Boxed<'_, Health> {
        Box::pin(async { Health { ok: true, detail: "fine".into() } })
    }
    fn receipts_by_ref(&self) -> bool {
        self.by_ref
    }
    fn keeps_jobs(&self) -> bool {
        self.keeps
    }
    fn follow(&self, jobs: Vec<Job>) {
        self.far.followed.lock().unwrap().extend(jobs);
    }
    fn cancel(&self, deliveries: Vec<DeliveryId>) -> Boxed<'_, Cancelled> {
        let again = {
            let mut left = self.far.out_of_reach.lock().unwrap();
            let again = *left > 0;
            *left = left.saturating_sub(1);
            again
        };
        self.far.recalled.lock().unwrap().push(deliveries.clone());
        let took: BTreeSet<DeliveryId> = self.far.ids().into_iter().collect();
        let begun = self.far.begun.lock().unwrap();
        let back = deliveries.into_iter().filter(|id| !again && took.contains(id) && !begun.contains(id)).collect();
        Box::pin(std::future::ready(Cancelled { taken_back: back, again }))
    }
}

pub struct Options {
    pub otherwise: Say,
    /// Gateways that have no worker.
    pub unusable: BTreeSet<String>,
    /// The channel whose gateways keep what they accepted.
    pub keeps: Option<Channel>,
    /// The channel whose gateways give numbers of their own, and name them in receipts.
    pub by_ref: Option<Channel>,
    pub queue_len_max: usize,
    pub clock: VirtualClock,
}
impl Default for Options {
    fn default() -> Self {
        Self {
            otherwise: Say::Accepted,
            unusable: BTreeSet::new(),
            keeps: None,
            by_ref: None,
            queue_len_max: 20_000,
            clock: VirtualClock::stepped("2008-12-18T03:12:00+01:00".parse().unwrap()),
        }
    }
}

pub struct Rig {
    pub loaded: Loaded,
    pub handle: Handle,
    pub far: Arc<Far>,
    pub gate: Arc<Gate>,
    pub clock: VirtualClock,
    pub workers: BTreeMap<GatewayId, WorkerHandle>,
    stop: watch::Sender<bool>,
    task: tokio::task::JoinHandle<vardkase::dispatch::engine::Left>,
    journal: Journal,
}

pub fn shipped() -> Loaded {
    load(&Source::Shipped).unwrap()
}

/// What a start would find.
pub fn replay(dir: &Path) -> Recovered {
    let reader = SqliteReader::open(dir).unwrap();
    recover(&reader, Arc::new(shipped().plan)).unwrap()
}

pub fn start(dir: &Path, options: Options) -> Rig {
    let loaded = shipped();
    let store = SqliteStore::open(dir, OpenOptions::default()).unwrap();
    let gate = Arc::new(Gate::default());
    let sealer = store.sealer();
    let journal = Journal::start(Slow(store, gate.clone()), sealer).unwrap();
    let recovered = recover(&*journal.reader().unwrap(), Arc::new(loaded.plan.clone())).unwrap();
    let (stop, stopped) = watch::channel(false);
    let (events, news) = mpsc::channel(WORKER_EVENTS_MAX);
    let far = Arc::new(Far::default());
    let (mut workers, mut unusable) = (BTreeMap::new(), BTreeMap::new());
    for g in &loaded.plan.gateways {
        if options.unusable.contains(g.id.as_str()) {
            unusable.insert(g.id.clone(), "its secret is missing".to_owned());
            continue;
        }
        let keeps = options.keeps == Some(g.channel);
        let by_ref = options.by_ref == Some(g.channel);
        let fake = Arc::new(Fake { id: g.id.clone(), far: far.clone(), otherwise: options.otherwise, keeps, by_ref });
        let limits = WorkerLimits { queue_len_max: options.queue_len_max, drain_s: 1, ..WorkerLimits::default() };
        let w = Worker::start(g.id.clone(), fake, limits, events.clone(), Jitter::seeded(7), stopped.clone());
        workers.insert(g.id.clone(), w);
    }
    drop(events);
    let parts = Parts {
        journal: journal.clone(),
        recovered,
        loaded: loaded.clone(),
        env: Env { public_url: String::new(), link_key: Arc::new(LinkKey::from_bytes([1; 32])) },
        clock: Arc::new(options.clock.clone()),
        workers: workers.clone(),
        unusable,
        news,
    };
    let (engine, handle) = engine::build(parts);
    let task = tokio::spawn(engine.run(loaded.plan.clone(), stopped));
    Rig { loaded, handle, far, gate, clock: options.clock, workers, stop, task, journal }
}

impl Rig {
    pub async fn act(&self, by: &str, action: Action) -> Done {
        let input = Input::Command { who: Some(Actor::account(by)), by: by.into(), action: Box::new(action) };
        tokio::time::timeout(WITHIN, self.handle.input(input)).await.unwrap().unwrap()
    }
    pub async fn report(&self) -> Done {
        self.act("it-bered", ehr_down()).await
    }
    pub async fn state(&self) -> State {
        self.handle.query(|state, _| state.clone()).await.unwrap()
    }
    pub async fn on_record(&self) -> bool {
        self.handle.query(|_, meta| meta.on_record).await.unwrap()
    }
    /// Looks until it is so.
    pub async fn until(&self, what: &str, mut so: impl FnMut(&State, &Far) -> bool) {
        let looked = async {
            while !so(&self.state().await, &self.far) {
                tokio::time::sleep(Duration::from_millis(5)).await;
            }
        };
        assert!(tokio::time::timeout(WITHIN, looked).await.is_ok(), "never: {what}");
    }
    /// Nothing is on its way between gateways, workers, loop and disk any more.
    pub async fn settled(&self) {
        let mut last = (0, 0, 0);
        let mut same = 0;
        while same < 5 {
            let seq = self.handle.query(|_, meta| meta.seq).await.unwrap();
            let now = (seq, self.far.took.lock().unwrap().len(), self.journal.head().seq);
            same = if now == last { same + 1 } else { 0 };
            last = now;
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
    }
    pub async fn stop(self) {
        self.stop.send(true).unwrap();
        tokio::time::timeout(WITHIN, self.task).await.unwrap().unwrap();
        let journal = self.journal;
        tokio::task::spawn_blocking(move || journal.close()).await.unwrap();
    }
}

pub fn ehr_down() -> Action {
    Action::Report(Report { playbook: "ehr-down".into(), level: Some("major".into()), ..Report::default() })
}
