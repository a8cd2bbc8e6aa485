//! Keeps a worker running for each gateway, also when the configuration changes under it: what is new starts, what changed
//! starts anew, what is as before goes on with its connections. A gateway that is no longer configured runs until the
//! program ends, since open incidents keep the plan that they began with (invariant 5).

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, PoisonError, RwLock};

use sha2::{Digest, Sha256};
use tokio::sync::{mpsc, watch};

use super::answers::{Back, Backs};
use super::gateways::{self, Built};
use crate::config::{GatewayConfig, Loaded};
use crate::dispatch::engine::Swap;
use crate::dispatch::retry::Jitter;
use crate::dispatch::worker::{Worker, WorkerEvent, WorkerHandle};
use crate::dispatch::worker_limits::WorkerLimits;
use crate::domain::ids::GatewayId;
use crate::domain::plan::GatewayInfo;
use crate::gateways::Stop;

/// A gateway that runs.
struct Runs {
    worker: WorkerHandle,
    /// Ends this worker alone.
    stop: watch::Sender<bool>,
    /// What it was built from; another digest means that it must be built anew.
    built_from: [u8; 32],
}

/// The workers of all gateways.
pub struct Workers {
    env: gateways::Env,
    backs: Backs,
    state: Mutex<State>,
}

struct State {
    runs: BTreeMap<GatewayId, Runs>,
    /// All that were ever started: each is waited for at the end.
    started: Vec<WorkerHandle>,
    /// Gone when the program goes down: the loop hears that nothing more comes.
    events: Option<mpsc::Sender<WorkerEvent>>,
}

impl Workers {
    /// None yet.
    pub fn new(env: gateways::Env, events: mpsc::Sender<WorkerEvent>) -> Self {
        let state = State { runs: BTreeMap::new(), started: Vec::new(), events: Some(events) };
        Self { env, backs: Arc::new(RwLock::default()), state: Mutex::new(state) }
    }

    /// Where gateways call back, kept as they change.
    pub fn backs(&self) -> Backs {
        self.backs.clone()
    }

    /// Starts what a configuration has and does not run yet as it is there. Gives what the loop must know, and the workers
    /// that were replaced: they are to be ended with [`Replaced::end`] once the loop knows the new ones.
    pub fn follow(&self, loaded: &Loaded) -> (Swap, Replaced) {
        let mut state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
        let (mut swap, mut replaced) = (Swap::default(), Replaced::default());
        let Some(events) = state.events.clone() else { return (swap, replaced) };
        let digests: BTreeMap<&GatewayId, [u8; 32]> = {
            let all = loaded.gateways.iter().zip(&loaded.plan.gateways);
            all.map(|(config, info)| (&config.id, digest(config, info))).collect()
        };
        let same = |id: &GatewayId| state.runs.get(id).is_some_and(|r| digests.get(id) == Some(&r.built_from));
        let built = gateways::build(loaded, &self.env, &|id| !same(id));
        for Built { id, gateway, bounds, callback, .. } in built {
            let gateway = match gateway {
                Ok(gateway) => gateway,
                Err(why) => {
                    // One that ran before goes on as it was rather than leaving people without a way.
                    if !state.runs.contains_key(&id) {
                        swap.unusable.insert(id, why);
                    }
                    continue;
                }
            };
            let limits = WorkerLimits {
                queue_len_max: bounds.queue_len_max as usize,
                in_flight_max: bounds.in_hand_max().max(1),
                per_minute_max: (bounds.per_minute_max > 0).then_some(bounds.per_minute_max),
                per_second_max: (bounds.per_second_max > 0).then_some(bounds.per_second_max),
                outcome_timeout_s: bounds.timeout_s.saturating_mul(6).max(180),
                ..WorkerLimits::default()
            };
            let (stop, stopped): (_, Stop) = watch::channel(false);
            let jitter = Jitter::seeded(seed());
            let worker = Worker::start(id.clone(), gateway, limits, events.clone(), jitter, stopped);
            let mut backs = self.backs.write().unwrap_or_else(PoisonError::into_inner);
            match callback {
                Some(callback) => backs.insert(id.clone(), Arc::new(Back { callback, worker: worker.clone() })),
                None => backs.remove(&id),
            };
            drop(backs);
            state.started.push(worker.clone());
            swap.workers.insert(id.clone(), worker.clone());
            let built_from = digests.get(&id).copied().unwrap_or_default();
            if let Some(old) = state.runs.insert(id, Runs { worker, stop, built_from }) {
                replaced.0.push(old);
            }
        }
        (swap, replaced)
    }

    /// Tells all to end; [`Self::ended`] waits for them.
    pub fn stop(&self) {
        let mut state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
        state.events = None;
        for run in state.runs.values() {
            let _ = run.stop.send(true);
        }
    }

    /// Waits until all have ended.
    pub async fn ended(&self) {
        let all = std::mem::take(&mut self.state.lock().unwrap_or_else(PoisonError::into_inner).started);
        for worker in all {
            worker.ended().await;
        }
    }
}

/// Workers whose place others took.
#[derive(Default)]
pub struct Replaced(Vec<Runs>);

impl Replaced {
    /// Their gateways.
    pub fn len(&self) -> usize {
        self.0.len()
    }
    /// There are none.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
    /// Ends them: what is on the wire is waited for, the rest goes over the new ones.
    pub async fn end(self) {
        for run in &self.0 {
            let _ = run.stop.send(true);
        }
        for run in &self.0 {
            run.worker.ended().await;
        }
    }
}

/// What a gateway is built from: its settings, its limits, what it carries, and its secrets as they are now.
fn digest(config: &GatewayConfig, info: &GatewayInfo) -> [u8; 32] {
    let mut hash = Sha256::new();
    hash.update(format!("{:?} {:?} {:?}", config.kind, config.settings, config.limits));
    hash.update(format!("{:?} {} {}", info.capability, info.answers, info.receipts));
    let secrets =
        [config.password(), config.callback_secret(), config.callback_signature_secret(), config.mailbox_password()];
    for secret in secrets.into_iter().flatten() {
        if let Ok(secret) = secret.read() {
            hash.update([0]);
            hash.update(secret.reveal());
        }
    }
    hash.finalize().into()
}

/// A seed for jitter; it need not be secret.
fn seed() -> u64 {
    let mut bytes = [0; 8];
    // Without randomness the retries of several nodes fall together, no more.
    let _ = getrandom::fill(&mut bytes);
    u64::from_le_bytes(bytes)
}
