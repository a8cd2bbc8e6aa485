//! The real loop, the real journal on disk and real workers, with whatever gateways a measure brings.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use tokio::sync::{mpsc, watch};

use super::machine::StateFolder;
use super::machine::scratch;
use super::region::Region;
use crate::clock::{SharedClock, SystemClock, mono};
use crate::dispatch::effects::Env;
use crate::dispatch::engine::{self, Handle, Parts};
use crate::dispatch::links::LinkKey;
use crate::dispatch::recover::recover;
use crate::dispatch::retry::Jitter;
use crate::dispatch::worker::{WORKER_EVENTS_MAX, Worker, WorkerHandle};
use crate::dispatch::worker_limits::WorkerLimits;
use crate::domain::delivery::{Accepted, DeliveryState};
use crate::domain::ids::GatewayId;
use crate::gateways::{Boxed, Events, Gateway, GatewayEvent, Health, Jobs, Stop};
use crate::journal::{Journal, OpenOptions, Reader};

/// A run that takes longer is given up.
const OVER_AFTER: Duration = Duration::from_secs(600);
/// Progress is looked at that often.
const LOOK_EVERY: Duration = Duration::from_millis(2);
/// Deliveries that wait in a worker, as in a configuration that says nothing.
const QUEUE_LEN_MAX: usize = 10_000;

/// A gateway of the rig: its name, itself, and how many deliveries it can have in hand.
pub type Way = (GatewayId, Arc<dyn Gateway>, usize);

/// The running loop.
pub struct Rig {
    /// Speaks to the loop.
    pub handle: Handle,
    workers: Vec<WorkerHandle>,
    stop: watch::Sender<bool>,
    task: tokio::task::JoinHandle<crate::dispatch::engine::Left>,
    journal: Journal,
    _dir: StateFolder,
}

impl Rig {
    /// Starts it and waits until it takes reports.
    ///
    /// # Errors
    /// The machine does not give what it needs.
    pub async fn start(region: Region, ways: Vec<Way>) -> Result<Self, String> {
        let dir = scratch()?;
        let journal = Journal::open(dir.path(), OpenOptions::default()).map_err(|e| e.to_string())?;
        let plan = region.loaded.plan.clone();
        let reader = journal.reader().map_err(|e| e.to_string())?;
        let recovered = recover(&*reader, Arc::new(plan.clone())).map_err(|e| e.to_string())?;
        let (stop, stopped) = watch::channel(false);
        let (events, news) = mpsc::channel(WORKER_EVENTS_MAX);
        let mut workers = BTreeMap::new();
        for (id, gateway, in_flight_max) in ways {
            let limits = WorkerLimits { queue_len_max: QUEUE_LEN_MAX, in_flight_max, ..WorkerLimits::default() };
            let jitter = Jitter::seeded(super::SEED);
            workers.insert(id.clone(), Worker::start(id, gateway, limits, events.clone(), jitter, stopped.clone()));
        }
        drop(events);
        let clock: SharedClock = Arc::new(SystemClock::default());
        let link_key = Arc::new(LinkKey::from_bytes([14; 32]));
        let all = workers.values().cloned().collect();
        let (engine, handle) = engine::build(Parts {
            journal: journal.clone(),
            recovered,
            loaded: region.loaded,
            env: Env { public_url: "https://larm.region.example".into(), link_key },
            clock,
            workers,
            unusable: BTreeMap::new(),
            news,
        });
        let task = tokio::spawn(engine.run(plan, stopped));
        let rig = Self { handle, workers: all, stop, task, journal, _dir: dir };
        // The plan for new incidents is on disk: then it is ready, as a program that has run for a while is.
        rig.until(|rig| rig.journal.head().seq > 0, "the plan was not written").await?;
        rig.handle.query(|_, _| ()).await.map_err(|e| e.to_string())?;
        Ok(rig)
    }

    /// Waits for something.
    ///
    /// # Errors
    /// It did not come: `why`.
    pub async fn until(&self, is: impl Fn(&Self) -> bool, why: &str) -> Result<(), String> {
        let from = mono();
        while !is(self) {
            if from.elapsed() > OVER_AFTER {
                return Err(why.to_owned());
            }
            tokio::time::sleep(LOOK_EVERY).await;
        }
        Ok(())
    }

    /// Reads the journal.
    ///
    /// # Errors
    /// It can't be read.
    pub fn reader(&self) -> Result<Box<dyn Reader>, String> {
        self.journal.reader().map_err(|e| e.to_string())
    }

    /// Accepted by gateways so far.
    pub fn accepted(&self) -> u64 {
        self.workers.iter().map(|w| w.snapshot().accepted_total).sum()
    }

    /// Waits until the loop knows of that many accepted deliveries, and all of it is on disk.
    ///
    /// # Errors
    /// It did not come to that.
    pub async fn until_known(&self, n: usize) -> Result<(), String> {
        let from = mono();
        loop {
            let count = |state: &crate::domain::incident::state::State| {
                let all = state.incidents.values().flat_map(|i| &i.deliveries);
                all.filter(|d| matches!(d.state, DeliveryState::Accepted | DeliveryState::Delivered)).count()
            };
            let look = self.handle.query(move |state, meta| (count(state), meta.on_record)).await;
            let (known, on_record) = look.map_err(|e| e.to_string())?;
            if !on_record {
                return Err(
                    "the journal refused a record: the run is from memory, and its figures are worth nothing".into()
                );
            }
            if known >= n {
                return Ok(());
            }
            if from.elapsed() > OVER_AFTER {
                return Err(format!("{known} of {n} deliveries were accepted"));
            }
            tokio::time::sleep(LOOK_EVERY * 10).await;
        }
    }

    /// Ends it.
    pub async fn stop(self) {
        let _ = self.stop.send(true);
        for worker in &self.workers {
            worker.ended().await;
        }
        let _ = self.task.await;
        let journal = self.journal;
        // Nothing depends on how it went: the folder goes away with it.
        let _ = tokio::task::spawn_blocking(move || journal.close()).await;
    }
}

/// A gateway that takes everything at once, and notes when the first came.
#[derive(Default)]
pub struct Taker {
    first: Arc<std::sync::OnceLock<tokio::time::Instant>>,
}

impl Taker {
    /// One that notes it there, whichever of several is first.
    pub fn noting(first: Arc<std::sync::OnceLock<tokio::time::Instant>>) -> Self {
        Self { first }
    }
}

impl Gateway for Taker {
    fn run(&self, mut jobs: Jobs, out: Events, _stop: Stop) -> Boxed<'_, ()> {
        Box::pin(async move {
            while let Some(job) = jobs.recv().await {
                self.first.get_or_init(mono);
                let event = GatewayEvent::Outcome { delivery: job.delivery, result: Ok(Accepted::default()) };
                if out.send(event).await.is_err() {
                    return;
                }
            }
        })
    }

    fn probe(&self) -> Boxed<'_, Health> {
        Box::pin(async { Health { ok: true, detail: String::new() } })
    }
}
