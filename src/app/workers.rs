//! Keeps a worker running for each gateway, also when the configuration changes under it. A gateway that is no longer
//! configured runs until the program ends, since open incidents keep the plan that they began with (invariant 5).

use std::sync::{Arc, Mutex, PoisonError};

use tokio::sync::mpsc;

use super::answers::{Back, Backs};
use super::gateways::{self, Built};
use super::task_set::{Reconciled, Replaced, TaskSet};
use super::training::Ends;
use crate::config::Loaded;
use crate::dispatch::engine::Swap;
use crate::dispatch::retry::Jitter;
use crate::dispatch::worker::{MaySend, Worker, WorkerEvent};
use crate::dispatch::worker_limits::WorkerLimits;
use crate::domain::ids::GatewayId;
use crate::gateways::protocol::Env;

/// The workers of all gateways.
pub struct Workers {
    env: Env,
    ends: Ends,
    backs: Backs,
    set: TaskSet<GatewayId>,
    may_send: MaySend,
    /// Gone when the program goes down: the loop hears that nothing more comes.
    events: Mutex<Option<mpsc::Sender<WorkerEvent>>>,
}

impl Workers {
    /// Without any workers. `backs`: where gateways call back, kept as they change.
    pub fn new(env: Env, ends: Ends, backs: Backs, may_send: MaySend, events: mpsc::Sender<WorkerEvent>) -> Self {
        let set = TaskSet::default();
        Self { env, ends, backs, set, may_send, events: Mutex::new(Some(events)) }
    }

    /// Starts what a configuration has and does not run yet as it is there. Gives what the loop must know, and the workers
    /// that were replaced: they are to be ended with [`Replaced::end`] once the loop knows the new ones.
    pub fn reconcile(&self, loaded: &Loaded) -> (Swap, Replaced) {
        let (mut swap, mut replaced) = (Swap::default(), Replaced::default());
        let events = self.events.lock().unwrap_or_else(PoisonError::into_inner);
        let Some(events) = events.as_ref() else { return (swap, replaced) };
        let all = loaded.gateways.iter().zip(&loaded.plan.gateways).filter(|(config, _)| config.speaks());
        let wanted = all.map(|(config, info)| (config.id.clone(), gateways::digest(config, info)));
        let build = |id: &GatewayId| {
            let mut built = gateways::build(loaded, &self.env, &self.ends, &|wanted| wanted == id);
            let built = built.pop().ok_or_else(|| "it speaks no protocol".to_owned())?;
            built.gateway.clone().map(|gateway| (gateway, built))
        };
        let Reconciled { unusable, .. } = self.set.reconcile(wanted, build, |id, digest, (gateway, built)| {
            let Built { bounds, callback, receipts_soon, .. } = built;
            let limits = WorkerLimits {
                queue_len_max: bounds.queue_len_max as usize,
                in_flight_max: bounds.in_hand_max().max(1),
                per_minute_max: (bounds.per_minute_max > 0).then_some(bounds.per_minute_max),
                per_second_max: (bounds.per_second_max > 0).then_some(bounds.per_second_max),
                receipts_promised: receipts_soon,
                outcome_timeout_s: bounds.timeout_s.saturating_mul(6).max(180),
                ..WorkerLimits::default()
            };
            let jitter = Jitter::seeded(seed());
            let mut started = None;
            replaced.extend(self.set.start_beside(id.clone(), digest, |stopped| {
                let may = self.may_send.clone();
                let worker = Worker::start_while(id.clone(), gateway, limits, events.clone(), jitter, stopped, may);
                started = Some(worker.clone());
                async move {
                    worker.ended().await;
                }
            }));
            let Some(worker) = started else { return };
            let mut backs = self.backs.write().unwrap_or_else(PoisonError::into_inner);
            match callback {
                Some(callback) => backs.insert(id.clone(), Arc::new(Back { callback, worker: worker.clone() })),
                None => backs.remove(id),
            };
            swap.workers.insert(id.clone(), worker);
        });
        swap.unusable.extend(unusable);
        (swap, replaced)
    }

    /// Tells all to end; [`Self::ended`] waits for them.
    pub fn stop(&self) {
        *self.events.lock().unwrap_or_else(PoisonError::into_inner) = None;
        self.set.close();
        self.backs.write().unwrap_or_else(PoisonError::into_inner).clear();
    }

    /// Waits until all have ended.
    pub async fn ended(&self) {
        self.set.ended().await;
    }
}

/// A seed for jitter; it need not be secret.
fn seed() -> u64 {
    let mut bytes = [0; 8];
    // Without randomness the retries of several nodes fall together, no more.
    let _ = getrandom::fill(&mut bytes);
    u64::from_le_bytes(bytes)
}
