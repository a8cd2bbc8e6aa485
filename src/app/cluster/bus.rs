//! The way between the nodes: a node that does not decide puts what somebody wants under `cmd/`, sealed; the one that decides carries it
//! out and puts what came of it under `ans/`, in the transaction that takes the command away. It goes over etcd, without which nothing is
//! decided anyhow: so the nodes need no second port, no second set of certificates, and no way to each other.
//!
//! A command stays until it is answered: when the deciding node is lost, the next one finds it there. Its ID makes that it is carried out
//! once (RULES D11).

use std::collections::{BTreeMap, HashSet};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tokio::sync::{mpsc, oneshot, watch};
use tokio::time::Instant;

use super::envelope::Envelopes;
use crate::clock::mono;
use crate::dispatch::engine::Handle;
use crate::dispatch::pass_on::{Called, Carried, PassOn, Passed, Wanted, carry_out};
use crate::domain::incident::refused::refuse;
use crate::gateways::Boxed;
use crate::journal::etcd::{Act, Keys, Kv, KvError, LeaseId, Pair, Txn, When, after_prefix};

/// Somebody who wants something waits so long for a node that decides: a takeover is done by then.
pub const PASSED_ON_WITHIN: Duration = Duration::from_secs(15);
/// What nobody fetches goes after that.
const KEPT_FOR: Duration = Duration::from_secs(60);
/// It is looked at that often, and whenever something changes.
const LOOK_EVERY: Duration = Duration::from_secs(1);
/// Commands that are read at one time.
const READ_MAX: usize = 64;
/// Commands of other nodes that are carried out at one time.
const IN_HAND_MAX: usize = 256;

/// The way to the node that decides.
pub struct Bus {
    kv: Arc<dyn Kv>,
    keys: Keys,
    /// Who we are.
    node: String,
    envelopes: Envelopes,
    waiting: Mutex<BTreeMap<String, oneshot::Sender<Passed>>>,
    /// What goes with our own keys that nobody fetches, and until when it is good.
    lease: tokio::sync::Mutex<Option<(LeaseId, Instant)>>,
}

fn lock<T>(of: &Mutex<T>) -> MutexGuard<'_, T> {
    of.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Carries out gateways' calls that reached another node.
pub trait Calls: Send + Sync {
    /// The status and the body of the answer.
    fn call(&self, called: Called) -> Boxed<'_, (u16, Vec<u8>)>;
}

impl Bus {
    /// A node's end of it.
    pub fn new(kv: Arc<dyn Kv>, keys: Keys, node: String, envelopes: Envelopes) -> Self {
        Self { kv, keys, node, envelopes, waiting: Mutex::default(), lease: tokio::sync::Mutex::default() }
    }

    fn command(&self, id: &str) -> Vec<u8> {
        self.keys.command(&format!("{}/{id}", self.node))
    }

    /// What all answers to this node begin with.
    fn own_answers(&self) -> Vec<u8> {
        self.keys.answer(&format!("{}/", self.node))
    }

    /// Puts what others answered where it is waited for, until `stop` turns true.
    pub async fn fetch(self: Arc<Self>, mut stop: watch::Receiver<bool>) {
        let mut changes = self.kv.changes(self.own_answers());
        loop {
            if !lock(&self.waiting).is_empty()
                && let Err(error) = self.fetched().await
            {
                tracing::debug!(%error, "answers could not be fetched");
            }
            tokio::select! {
                _ = stop.changed() => return,
                _ = changes.changed() => {}
                () = tokio::time::sleep(LOOK_EVERY) => {}
            }
        }
    }

    async fn fetched(&self) -> Result<(), KvError> {
        let from = self.own_answers();
        let found = self.kv.range(from.clone(), after_prefix(&from), READ_MAX).await?;
        let mut acts = Vec::new();
        for Pair { key, value, .. } in found.pairs {
            let waits =
                key.strip_prefix(&*from).and_then(|id| lock(&self.waiting).remove(&*String::from_utf8_lossy(id)));
            if let Some(waits) = waits {
                let passed = self.envelopes.open(&key, &value);
                // Whoever does not wait any more looks at what is on record.
                let _ = waits.send(passed.unwrap_or_else(changed));
            }
            acts.push(Act::Delete(key));
        }
        if !acts.is_empty() {
            self.kv.commit(Txn { when: Vec::new(), acts }).await?;
        }
        Ok(())
    }

    /// The lease of keys that nobody may fetch.
    async fn lease(&self) -> Result<LeaseId, KvError> {
        let mut lease = self.lease.lock().await;
        if let Some((id, until)) = *lease
            && mono() < until
        {
            return Ok(id);
        }
        let asked = mono();
        let id = self.kv.grant(KEPT_FOR).await?;
        *lease = Some((id, asked + KEPT_FOR / 3));
        Ok(id)
    }

    async fn put(&self, wanted: &Wanted, id: &str) -> Result<(), Passed> {
        let key = self.command(id);
        let failed = |error: KvError| match error {
            KvError::Unknown(_) => None,
            KvError::Refused(why) => Some(Passed::refused(&refuse!(RefusedElsewhere { what: why }))),
            KvError::Down(_) | KvError::NoSpace => Some(Passed::refused(&refuse!(NoLeader))),
        };
        let sealed = self.envelopes.seal(&key, wanted).ok_or_else(|| Passed::refused(&refuse!(NoLeader)))?;
        let lease = self.lease().await.map_err(|_| Passed::refused(&refuse!(NoLeader)))?;
        let put = Txn { when: Vec::new(), acts: vec![Act::Put(key, sealed, Some(lease))] };
        match self.kv.commit(put).await {
            Ok(_) => Ok(()),
            // It may be there: it is waited for.
            Err(error) => failed(error).map_or(Ok(()), Err),
        }
    }

    async fn passed_on(&self, wanted: Wanted) -> Passed {
        let mut id = [0; 16];
        if getrandom::fill(&mut id).is_err() {
            return Passed::refused(&refuse!(NoLeader));
        }
        let id = hex::encode(id);
        let (tell, told) = oneshot::channel();
        lock(&self.waiting).insert(id.clone(), tell);
        if let Err(refused) = self.put(&wanted, &id).await {
            lock(&self.waiting).remove(&id);
            return refused;
        }
        if let Ok(Ok(passed)) = tokio::time::timeout(PASSED_ON_WITHIN, told).await {
            return passed;
        }
        lock(&self.waiting).remove(&id);
        // What is taken back before anybody took it was done by nobody; that it was is not known here.
        let back = Txn { when: Vec::new(), acts: vec![Act::Delete(self.command(&id))] };
        let _ = self.kv.commit(back).await;
        changed()
    }

    /// Carries out what other nodes want, for as long as this one decides.
    pub async fn serve(self: Arc<Self>, handle: Handle, calls: Arc<dyn Calls>, mut stop: watch::Receiver<bool>) {
        let mut changes = self.kv.changes(self.keys.commands().0);
        let mut in_hand: HashSet<Vec<u8>> = HashSet::new();
        let (tell, mut told) = mpsc::channel::<Vec<u8>>(IN_HAND_MAX);
        loop {
            match self.wanted(&in_hand).await {
                Ok(all) => {
                    for pair in all.into_iter().take(IN_HAND_MAX - in_hand.len()) {
                        in_hand.insert(pair.key.clone());
                        let (this, handle, calls, tell) = (self.clone(), handle.clone(), calls.clone(), tell.clone());
                        tokio::spawn(async move {
                            let key = pair.key.clone();
                            this.carried_out(pair, &handle, &calls).await;
                            // When nobody counts any more another node decides.
                            let _ = tell.send(key).await;
                        });
                    }
                }
                Err(error) => tracing::debug!(%error, "commands of other nodes could not be read"),
            }
            tokio::select! {
                _ = stop.changed() => return,
                _ = changes.changed() => {}
                Some(done) = told.recv() => {
                    in_hand.remove(&done);
                    while let Ok(done) = told.try_recv() {
                        in_hand.remove(&done);
                    }
                }
                () = tokio::time::sleep(LOOK_EVERY) => {}
            }
        }
    }

    /// Commands that are not in hand yet.
    async fn wanted(&self, in_hand: &HashSet<Vec<u8>>) -> Result<Vec<Pair>, KvError> {
        let (mut from, end) = self.keys.commands();
        let mut new = Vec::new();
        loop {
            let found = self.kv.range(from, end.clone(), READ_MAX).await?;
            let Some(last) = found.pairs.last().map(|pair| pair.key.clone()) else { return Ok(new) };
            new.extend(found.pairs.into_iter().filter(|pair| !in_hand.contains(&pair.key)));
            if !found.more || new.len() >= IN_HAND_MAX {
                return Ok(new);
            }
            from = last;
            from.push(0);
        }
    }

    async fn carried_out(&self, pair: Pair, handle: &Handle, calls: &Arc<dyn Calls>) {
        let Pair { key, value, created } = pair;
        let Some(name) = Keys::name_in(&self.keys.commands(), &key).map(str::to_owned) else { return };
        let node = name.split('/').next().unwrap_or_default();
        let answer = self.keys.answer(&name);
        let passed = match self.envelopes.open::<Wanted>(&key, &value) {
            Some(wanted) => match carry_out(handle, wanted).await {
                Carried::Out(passed) => passed,
                Carried::Call(called) => {
                    let (status, body) = calls.call(called).await;
                    Passed::Answered { status, body }
                }
                Carried::Not => return,
            },
            None => {
                tracing::error!(%node, "a command was not sealed by a node of this cluster, or by a newer program");
                Passed::refused(&refuse!(RefusedElsewhere { what: "unreadable" }))
            }
        };
        // Without an answer the command stays, and the next node finds it.
        let Ok(lease) = self.lease().await else { return };
        let Some(sealed) = self.envelopes.seal(&answer, &passed) else { return };
        let acts = vec![Act::Put(answer, sealed, Some(lease)), Act::Delete(key.clone())];
        if let Err(error) = self.kv.commit(Txn { when: vec![When::Created(key, created)], acts }).await {
            tracing::warn!(%error, %node, "an answer to another node could not be given; it asks again");
        }
    }
}

/// Nobody can say what became of it.
fn changed() -> Passed {
    Passed::refused(&refuse!(LeaderChanged))
}

impl PassOn for Bus {
    fn pass_on(&self, wanted: Wanted) -> Boxed<'_, Passed> {
        Box::pin(self.passed_on(wanted))
    }
}
