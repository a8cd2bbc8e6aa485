//! The journal of a node among several sites.

use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use tokio::sync::{mpsc, oneshot, watch};

use super::{Command, Head, Journal, JournalError, ManualWriter, OpenOptions, SqliteStore};
use crate::journal::etcd::{ClusterStore, Fence, Following, Keys, Kv, Waiter};

/// It is looked for what is new at least so often, whatever etcd tells.
const FOLLOW_EVERY: Duration = Duration::from_secs(5);

impl Journal {
    /// Opens the state folder of a node among several, and follows the others from then on. Called in the runtime, which has to have
    /// threads of its own.
    ///
    /// # Errors
    /// As [`SqliteStore::open`]. Whether etcd is reached shows in [`following`](Self::following).
    pub fn open_shared(
        dir: &Path,
        options: OpenOptions,
        kv: Arc<dyn Kv>,
        keys: Keys,
        fence: Fence,
    ) -> Result<Self, JournalError> {
        let waiter = Waiter::Runtime(tokio::runtime::Handle::current());
        let changes = kv.changes(keys.head());
        let store = ClusterStore::new(SqliteStore::open(dir, options)?, kv, keys, fence, waiter);
        let sealer = store.sealer();
        let journal = Self::start(store, sealer)?;
        tokio::spawn(follow(journal.commands.downgrade(), changes));
        Ok(journal)
    }

    /// As [`open_shared`](Self::open_shared), for a simulation on one thread, where each answer of etcd is there at once: the writer is
    /// moved by hand, and whoever moves it also [wakes](Self::wake) it.
    ///
    /// # Errors
    /// As [`SqliteStore::open`].
    pub fn shared_by_hand(
        dir: &Path,
        options: OpenOptions,
        kv: Arc<dyn Kv>,
        keys: Keys,
        fence: Fence,
    ) -> Result<(Self, ManualWriter<ClusterStore>), JournalError> {
        let store = ClusterStore::new(SqliteStore::open(dir, options)?, kv, keys, fence, Waiter::AtOnce);
        let sealer = store.sealer();
        Ok(Self::by_hand(store, sealer))
    }

    /// Something may be new in the sites' common journal: the writer looks when nothing waits.
    pub fn wake(&self) {
        // A full queue has it awake already, and what is not looked at now is a little later.
        let _ = self.commands.try_send(Command::Wake);
    }

    /// Takes over all that the sites had agreed on when this was called; gives this folder's last record then. A node that leads from
    /// now on asks for it before it decides anything.
    ///
    /// # Errors
    /// Without a majority ([`JournalError::CutOff`]), with a folder that lacks more than etcd has ([`JournalError::Behind`]) or that has
    /// another history ([`JournalError::Apart`]), or the disk does not take it.
    pub async fn caught_up(&self) -> Result<Head, JournalError> {
        let (answer, answered) = oneshot::channel();
        self.commands.send(Command::CaughtUp(answer)).await.map_err(|_| JournalError::Closed)?;
        answered.await.unwrap_or(Err(JournalError::Closed))
    }

    /// Takes over one append that another node gave, made by [`groups_after`](crate::journal::etcd::groups_after); gives this folder's
    /// last record then. One that is here already is passed over.
    ///
    /// # Errors
    /// It is damaged, or does not follow on what is here; or the disk does not take it. Nothing is changed then.
    pub async fn take(&self, group: Vec<u8>) -> Result<Head, JournalError> {
        let (answer, answered) = oneshot::channel();
        self.commands.send(Command::Take(group, answer)).await.map_err(|_| JournalError::Closed)?;
        answered.await.unwrap_or(Err(JournalError::Closed))
    }

    /// How this node keeps up with the others; none on a journal of one node.
    pub fn following(&self) -> Option<watch::Receiver<Following>> {
        self.following.clone()
    }
}

/// Wakes the writer when etcd tells a change, and now and then; ends with the journal.
async fn follow(commands: mpsc::WeakSender<Command>, mut changes: watch::Receiver<u64>) {
    let mut told = true;
    while let Some(commands) = commands.upgrade() {
        // A full queue: it is looked at the next time.
        let _ = commands.try_send(Command::Wake);
        drop(commands);
        let changed = async {
            match told {
                true => changes.changed().await.is_ok(),
                false => std::future::pending().await,
            }
        };
        told = tokio::time::timeout(FOLLOW_EVERY, changed).await.unwrap_or(told);
    }
}
