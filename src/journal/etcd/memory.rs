//! etcd without a network, on the runtime's own time: one order for all nodes, leases that end, and all that goes wrong between a node and
//! a quorum. Each answer is there at once, so that a simulation on one thread can ask it anywhere.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tokio::sync::watch;
use tokio::time::Instant;

use super::kv::{Act, Committed, Kv, KvError, LeaseId, Pair, Range, Status, Txn, Wait, When};

/// A value over this is refused, as etcd does with its default settings.
const VALUE_BYTES_MAX: usize = 1_536 << 10;

/// The store that all nodes share.
#[derive(Clone, Default, Debug)]
pub struct MemoryCluster(Arc<Mutex<Inner>>);

#[derive(Default, Debug)]
struct Inner {
    revision: i64,
    keys: BTreeMap<Vec<u8>, Item>,
    leases: BTreeMap<LeaseId, (Instant, Duration)>,
    next_lease: LeaseId,
    watched: Vec<(Vec<u8>, watch::Sender<u64>)>,
    /// Carried out then, whoever asked for it is told nothing.
    late: Vec<(Instant, Txn)>,
    no_quorum: bool,
    no_space: bool,
    /// The next transaction is the one that uses the quota up.
    uses_up: bool,
}

#[derive(Clone, Debug)]
struct Item {
    value: Vec<u8>,
    created: i64,
    lease: Option<LeaseId>,
}

/// What happens to a node's next transaction.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Mishap {
    /// It is carried out, and the answer is lost.
    AnswerLost,
    /// It is carried out that much later, or refused by what came before; the answer is lost.
    Late(Duration),
    /// It is lost on the way, and nobody can say so.
    Lost,
}

/// The store as one node reaches it.
#[derive(Clone, Debug)]
pub struct MemoryKv {
    cluster: MemoryCluster,
    line: Arc<Mutex<Line>>,
}

#[derive(Default, Debug)]
struct Line {
    cut: bool,
    mishaps: Vec<Mishap>,
}

fn lock<T>(of: &Mutex<T>) -> MutexGuard<'_, T> {
    of.lock().unwrap_or_else(PoisonError::into_inner)
}

impl MemoryCluster {
    /// One more node's way to it.
    pub fn node(&self) -> MemoryKv {
        MemoryKv { cluster: self.clone(), line: Arc::default() }
    }
    /// Two of three members are down, or up again. Leases have their whole time again then, as with a new leader of etcd.
    pub fn without_quorum(&self, so: bool) {
        let mut inner = lock(&self.0);
        if inner.no_quorum && !so {
            let now = Instant::now();
            inner.leases.values_mut().for_each(|(until, ttl)| *until = now + *ttl);
        }
        inner.no_quorum = so;
    }
    /// The quota is used up by the next transaction, or is not any more. That one is carried out, and told otherwise, as etcd does.
    pub fn without_space(&self, so: bool) {
        let mut inner = lock(&self.0);
        (inner.no_space, inner.uses_up) = (so, so);
    }
    /// What keys and values take up.
    pub fn size(&self) -> usize {
        lock(&self.0).keys.iter().map(|(key, item)| key.len() + item.value.len()).sum()
    }
}

impl MemoryKv {
    /// Nobody is reached from this node any more, or again.
    pub fn cut(&self, so: bool) {
        lock(&self.line).cut = so;
        if !so {
            lock(&self.cluster.0).tell(&[]);
        }
    }
    /// Happens to the next transactions of this node, in order.
    pub fn mishap(&self, mishap: Mishap) {
        lock(&self.line).mishaps.push(mishap);
    }

    fn at_once<T: Send + 'static>(&self, ask: impl FnOnce(&mut Inner) -> Result<T, KvError>) -> Wait<'_, T> {
        let answer = self.reached().and_then(|mut inner| ask(&mut inner));
        Box::pin(std::future::ready(answer))
    }

    fn reached(&self) -> Result<MutexGuard<'_, Inner>, KvError> {
        let mut inner = lock(&self.cluster.0);
        inner.time_passes();
        if lock(&self.line).cut || inner.no_quorum {
            return Err(KvError::Down("no member answers".into()));
        }
        Ok(inner)
    }
}

impl Inner {
    /// What was late is carried out, and leases end, in the order of time.
    fn time_passes(&mut self) {
        let now = Instant::now();
        if self.no_quorum {
            return;
        }
        loop {
            let late = self.late.iter().enumerate().min_by_key(|(_, (at, _))| *at).map(|(n, (at, _))| (*at, n));
            let lease = self.leases.iter().min_by_key(|(_, (until, _))| *until).map(|(id, (until, _))| (*until, *id));
            match (late.filter(|(at, _)| *at <= now), lease.filter(|(until, _)| *until <= now)) {
                (Some((at, n)), lease) if lease.is_none_or(|(until, _)| at <= until) => {
                    let (_, txn) = self.late.remove(n);
                    let _ = self.carry_out(&txn);
                }
                (_, Some((_, id))) => self.end(id),
                _ => return,
            }
        }
    }

    fn end(&mut self, lease: LeaseId) {
        self.leases.remove(&lease);
        let gone: Vec<_> = self.keys.iter().filter(|(_, i)| i.lease == Some(lease)).map(|(k, _)| k.clone()).collect();
        if !gone.is_empty() {
            self.revision += 1;
        }
        for key in gone {
            self.keys.remove(&key);
            self.tell(&key);
        }
    }

    fn holds(&self, when: &When) -> bool {
        match when {
            When::Value(key, value) => self.keys.get(key).is_some_and(|i| i.value == *value),
            When::Absent(key) => !self.keys.contains_key(key),
            When::Created(key, revision) => self.keys.get(key).is_some_and(|i| i.created == *revision),
        }
    }

    fn carry_out(&mut self, txn: &Txn) -> Result<Committed, KvError> {
        let puts = || {
            txn.acts.iter().filter_map(|a| if let Act::Put(_, value, lease) = a { Some((value, lease)) } else { None })
        };
        if puts().map(|(value, _)| value.len()).sum::<usize>() > VALUE_BYTES_MAX {
            return Err(KvError::Refused("request is too large".into()));
        }
        let put: Vec<_> =
            txn.acts.iter().filter_map(|a| if let Act::Put(key, ..) = a { Some(key) } else { None }).collect();
        if put.iter().enumerate().any(|(n, key)| put.iter().take(n).any(|before| before == key)) {
            return Err(KvError::Refused("duplicate key given in txn request".into()));
        }
        let no_space = self.no_space && puts().next().is_some();
        if no_space && !self.uses_up {
            return Err(KvError::NoSpace);
        }
        if !txn.when.iter().all(|when| self.holds(when)) {
            return Ok(Committed { held: false, revision: self.revision });
        }
        if puts().any(|(_, lease)| lease.is_some_and(|id| !self.leases.contains_key(&id))) {
            return Err(KvError::Refused("requested lease not found".into()));
        }
        self.revision += 1;
        for act in &txn.acts {
            match act {
                Act::Put(key, value, lease) => {
                    let created = self.keys.get(key).map_or(self.revision, |i| i.created);
                    self.keys.insert(key.clone(), Item { value: value.clone(), created, lease: *lease });
                    self.tell(key);
                }
                Act::Delete(key) => {
                    if self.keys.remove(key).is_some() {
                        self.tell(key);
                    }
                }
                Act::DeleteRange(from, to) => {
                    if from >= to {
                        continue;
                    }
                    let gone: Vec<_> = self.keys.range(from.clone()..to.clone()).map(|(k, _)| k.clone()).collect();
                    for key in gone {
                        self.keys.remove(&key);
                        self.tell(&key);
                    }
                }
            }
        }
        if no_space {
            self.uses_up = false;
            return Err(KvError::NoSpace);
        }
        Ok(Committed { held: true, revision: self.revision })
    }

    /// Whoever watches a beginning of this key looks again; an empty key: everybody.
    fn tell(&mut self, key: &[u8]) {
        self.watched.retain(|(_, watch)| !watch.is_closed());
        for (prefix, watch) in &self.watched {
            if key.is_empty() || key.starts_with(prefix) {
                watch.send_modify(|n| *n += 1);
            }
        }
    }
}

impl Kv for MemoryKv {
    fn range(&self, from: Vec<u8>, to: Vec<u8>, limit: usize) -> Wait<'_, Range> {
        self.at_once(|inner| {
            let to = to.max(from.clone());
            let mut found = inner.keys.range(from..to);
            let pair =
                |(key, i): (&Vec<u8>, &Item)| Pair { key: key.clone(), value: i.value.clone(), created: i.created };
            let pairs = found.by_ref().take(limit).map(pair).collect();
            Ok(Range { revision: inner.revision, pairs, more: found.next().is_some() })
        })
    }

    fn commit(&self, txn: Txn) -> Wait<'_, Committed> {
        let mishap = {
            let mut line = lock(&self.line);
            if line.mishaps.is_empty() { None } else { Some(line.mishaps.remove(0)) }
        };
        self.at_once(move |inner| {
            let unknown = Err(KvError::Unknown("no answer in time".into()));
            match mishap {
                None => inner.carry_out(&txn),
                Some(Mishap::AnswerLost) => {
                    let _ = inner.carry_out(&txn);
                    unknown
                }
                Some(Mishap::Late(by)) => {
                    inner.late.push((Instant::now() + by, txn));
                    unknown
                }
                Some(Mishap::Lost) => unknown,
            }
        })
    }

    fn grant(&self, ttl: Duration) -> Wait<'_, LeaseId> {
        self.at_once(|inner| {
            if inner.no_space {
                return Err(KvError::NoSpace);
            }
            inner.next_lease += 1;
            inner.leases.insert(inner.next_lease, (Instant::now() + ttl, ttl));
            Ok(inner.next_lease)
        })
    }

    fn keep(&self, lease: LeaseId) -> Wait<'_, bool> {
        self.at_once(|inner| {
            let Some((until, ttl)) = inner.leases.get_mut(&lease) else { return Ok(false) };
            *until = Instant::now() + *ttl;
            Ok(true)
        })
    }

    fn revoke(&self, lease: LeaseId) -> Wait<'_, ()> {
        self.at_once(|inner| {
            inner.end(lease);
            Ok(())
        })
    }

    fn compact(&self, _: i64) -> Wait<'_, ()> {
        self.at_once(|_| Ok(()))
    }

    fn status(&self) -> Wait<'_, Status> {
        self.at_once(|inner| {
            let size = inner.keys.iter().map(|(k, i)| k.len() + i.value.len()).sum::<usize>() as u64;
            Ok(Status { version: "3.5.16".into(), size, no_space: inner.no_space, member: 1, leader: 1 })
        })
    }

    fn changes(&self, prefix: Vec<u8>) -> watch::Receiver<u64> {
        let (tell, told) = watch::channel(0);
        lock(&self.cluster.0).watched.push((prefix, tell));
        told
    }
}
