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
        let txn = Txn { when: vec![When::Absent(self.keys.leader()), ours], acts: vec![put] };
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
            let Some(held) = self.fence.held() else { return };
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
