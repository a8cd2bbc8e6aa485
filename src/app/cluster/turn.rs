//! Whose turn it is to decide: the node that holds the key `leader`, for as long as its lease lasts.
//!
//! The lease only decides who tries; what keeps two from writing is the compare on the journal's head (`journal/etcd/store`). A node counts
//! its lease from before it asked for it, by the monotonic clock, and stops [`MARGIN`] before its end: a new leader of etcd gives leases
//! their whole time again, never less.

use std::sync::Arc;
use std::time::Duration;

use tokio::sync::watch;
use tokio::time::Instant;

use crate::clock::mono;
use crate::journal::etcd::{Act, Fence, Held, Keys, Kv, KvError, LeaseId, Txn, When};

/// How long a node that is silent keeps its turn. A takeover takes the election of etcd and this: below 10 s, also when a whole hall is
/// lost (measured: 5.5 to 7 s).
pub const LEASE: Duration = Duration::from_secs(3);
/// A lease is given its whole time again that often.
const RENEW_EVERY: Duration = Duration::from_millis(700);
/// So long before its lease can end a node stops.
pub const MARGIN: Duration = Duration::from_millis(500);
/// Whether it is our turn is looked at that often, and whenever the key changes.
const LOOK_EVERY: Duration = Duration::from_secs(1);
/// Nobody waits longer for the end of a lease that is given back.
const GIVEN_BACK_WITHIN: Duration = Duration::from_secs(1);

/// Takes turns.
#[derive(Clone)]
pub struct Turns {
    pub kv: Arc<dyn Kv>,
    pub keys: Keys,
    /// What lets the journal write.
    pub fence: Fence,
    /// Who we are.
    pub name: String,
    /// Which cluster we are of: where another one has the same prefix we take no turn.
    pub cluster: String,
}

/// Our turn.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Turn {
    lease: LeaseId,
}

impl Turns {
    /// Waits until it is our turn. From then on [`keep`](Self::keep) has to run.
    pub async fn wait(&self) -> Turn {
        let mut changes = self.kv.changes(self.keys.leader());
        loop {
            match self.take().await {
                Ok(Some(turn)) => return turn,
                Ok(None) => {}
                Err(error) => tracing::debug!(%error, "our turn could not be taken"),
            }
            let changed = tokio::time::timeout(LOOK_EVERY, changes.changed()).await;
            if matches!(changed, Ok(Err(_))) {
                // Nobody watches any more: the look each second goes on.
                tokio::time::sleep(LOOK_EVERY).await;
            }
        }
    }

    /// Who has the turn; `None`: nobody.
    ///
    /// # Errors
    /// As etcd says.
    pub async fn whose(&self) -> Result<Option<String>, KvError> {
        let (key, mut end) = (self.keys.leader(), self.keys.leader());
        end.push(0);
        let found = self.kv.range(key, end, 1).await?;
        Ok(found.pairs.into_iter().next().map(|pair| String::from_utf8_lossy(&pair.value).into_owned()))
    }

    async fn take(&self) -> Result<Option<Turn>, KvError> {
        if self.whose().await?.is_some() {
            return Ok(None);
        }
        let asked = mono();
        let lease = self.kv.grant(LEASE).await?;
        let put = Act::Put(self.keys.leader(), self.name.clone().into_bytes(), Some(lease));
        let ours = When::Value(self.keys.cluster(), self.cluster.clone().into_bytes());
        let txn = Txn {
            when: vec![When::Absent(self.keys.leader()), When::Absent(self.keys.gone(&self.name)), ours],
            acts: vec![put],
        };
        match self.kv.commit(txn).await {
            Ok(done) if done.held => {
                self.fence.hold(Held { created: done.revision, until: until(asked) });
                Ok(Some(Turn { lease }))
            }
            // Unknown, too: if the key is there, it goes with its lease.
            other => {
                self.give_back(Turn { lease }).await;
                other.map(|_| None)
            }
        }
    }

    /// Keeps the turn until it is lost or `stop` turns true. The fence says which: it is not held any more, or it is.
    pub async fn keep(&self, turn: Turn, mut stop: watch::Receiver<bool>) {
        let mut fence = self.fence.changed();
        loop {
            let Some(held) = self.fence.held() else {
                // Its time ran out while nobody looked, as when this process hung.
                self.fence.lose("the lease ran out");
                return;
            };
            tokio::select! {
                biased;
                _ = stop.changed() => return,
                _ = fence.changed() => continue,
                () = tokio::time::sleep_until(held.until.min(mono() + RENEW_EVERY)) => {}
            }
            let asked = mono();
            let kept = tokio::time::timeout_at(held.until, self.kv.keep(turn.lease)).await;
            match kept {
                Ok(Ok(true)) => self.fence.renew(until(asked)),
                Ok(Ok(false)) => self.fence.lose("the lease is over"),
                // Asked again, as long as the lease lasts.
                Ok(Err(_)) => {}
                Err(_) => self.fence.lose("etcd was not reached for as long as the lease lasts"),
            }
        }
    }

    /// Ends our turn at once: the next need not wait for the lease.
    pub async fn give_back(&self, turn: Turn) {
        // One that can't be given back ends by itself.
        let _ = tokio::time::timeout(GIVEN_BACK_WITHIN, self.kv.revoke(turn.lease)).await;
    }
}

/// Until when a node may act that asked for its lease then.
fn until(asked: Instant) -> Instant {
    asked + LEASE.saturating_sub(MARGIN)
}

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, reason = "tests")]
    use super::*;
    use crate::journal::etcd::{MemoryCluster, MemoryKv};

    /// A node of the cluster `one`, and its line to etcd.
    fn node(cluster: &MemoryCluster, name: &str) -> (Turns, MemoryKv) {
        let kv = cluster.node();
        let turns = Turns {
            kv: Arc::new(kv.clone()),
            keys: Keys::new("/vk/"),
            fence: Fence::new(),
            name: name.into(),
            cluster: "one".into(),
        };
        (turns, kv)
    }

    async fn founded() -> MemoryCluster {
        let cluster = MemoryCluster::default();
        let put = Act::Put(Keys::new("/vk/").cluster(), b"one".to_vec(), None);
        cluster.node().commit(Txn { when: vec![], acts: vec![put] }).await.unwrap();
        cluster
    }

    /// Takes its turn whenever it can, and says when it got it and lost it.
    fn living(turns: Turns) -> (watch::Sender<bool>, watch::Receiver<Vec<(bool, Instant)>>) {
        let (stop, stopped) = watch::channel(false);
        let (tell, told) = watch::channel(Vec::new());
        tokio::spawn(async move {
            loop {
                let turn = turns.wait().await;
                tell.send_modify(|all| all.push((true, mono())));
                turns.keep(turn, stopped.clone()).await;
                tell.send_modify(|all| all.push((false, mono())));
                if *stopped.borrow() {
                    return turns.give_back(turn).await;
                }
            }
        });
        (stop, told)
    }

    #[tokio::test(start_paused = true)]
    async fn one_decides_and_the_next_within_the_lease_and_never_two_at_once() {
        let cluster = founded().await;
        let ((a, line_a), (b, _line_b)) = (node(&cluster, "a"), node(&cluster, "b"));
        let (_stop_a, told_a) = living(a.clone());
        tokio::time::sleep(Duration::from_secs(1)).await;
        let (_stop_b, told_b) = living(b.clone());
        tokio::time::sleep(Duration::from_secs(60)).await;
        assert_eq!((told_a.borrow().len(), told_b.borrow().len()), (1, 0), "a keeps its turn");
        assert_eq!(b.whose().await.unwrap().unwrap(), "a");

        // Cut off: it stops before its lease can end, and the other begins after that.
        let cut_at = mono();
        line_a.cut(true);
        tokio::time::sleep(Duration::from_secs(10)).await;
        let ended = told_a.borrow()[1];
        let began = told_b.borrow()[0];
        assert!(!ended.0 && began.0 && ended.1 < began.1, "{ended:?} {began:?}");
        assert!(began.1 - cut_at <= LEASE + LOOK_EVERY, "{:?}", began.1 - cut_at);
        line_a.cut(false);
        tokio::time::sleep(Duration::from_secs(30)).await;
        assert_eq!((told_a.borrow().len(), told_b.borrow().len()), (2, 1), "it comes back and waits");
    }

    #[tokio::test(start_paused = true)]
    async fn a_turn_that_is_given_back_goes_on_at_once() {
        let cluster = founded().await;
        let ((a, _), (b, _)) = (node(&cluster, "a"), node(&cluster, "b"));
        let (stop_a, told_a) = living(a);
        tokio::time::sleep(Duration::from_secs(1)).await;
        let (_stop_b, told_b) = living(b);
        tokio::time::sleep(Duration::from_secs(5)).await;
        stop_a.send_replace(true);
        tokio::time::sleep(Duration::from_millis(100)).await;
        assert_eq!((told_a.borrow().len(), told_b.borrow().len()), (2, 1));
    }

    #[tokio::test(start_paused = true)]
    async fn without_a_majority_nobody_decides_and_then_one_does() {
        let cluster = founded().await;
        let ((a, _), (b, _)) = (node(&cluster, "a"), node(&cluster, "b"));
        let ((_sa, told_a), (_sb, told_b)) = (living(a.clone()), living(b.clone()));
        tokio::time::sleep(Duration::from_secs(5)).await;
        assert_eq!(told_a.borrow().len() + told_b.borrow().len(), 1);
        cluster.without_quorum(true);
        tokio::time::sleep(Duration::from_secs(60)).await;
        assert!(a.fence.held().is_none() && b.fence.held().is_none());
        cluster.without_quorum(false);
        tokio::time::sleep(Duration::from_secs(10)).await;
        assert_eq!(usize::from(a.fence.held().is_some()) + usize::from(b.fence.held().is_some()), 1);
    }

    #[tokio::test(start_paused = true)]
    async fn a_node_of_another_cluster_or_one_that_was_taken_out_gets_no_turn() {
        let cluster = founded().await;
        let (mut stranger, _) = node(&cluster, "a");
        stranger.cluster = "other".into();
        let (_s, told) = living(stranger);
        let (gone, kv) = node(&cluster, "gone");
        let put = Act::Put(gone.keys.gone("gone"), Vec::new(), None);
        kv.commit(Txn { when: vec![], acts: vec![put] }).await.unwrap();
        let (_g, told_gone) = living(gone);
        tokio::time::sleep(Duration::from_secs(60)).await;
        assert!(told.borrow().is_empty() && told_gone.borrow().is_empty());
    }
}
