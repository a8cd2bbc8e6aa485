//! Tests of the journal of several sites on etcd in memory, on virtual time.
#![expect(clippy::unwrap_used, reason = "tests")]

use std::ops::ControlFlow;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use tempfile::TempDir;
use tokio::time::{Instant, advance};

use super::*;
use crate::journal::{
    Append, Batch, Commitment, Head, JournalError, NewRecord, OpenOptions, Reader, SqliteReader, SqliteStore, Store,
    VerifyOptions, verify,
};

mod chaos;
mod codec;
mod follow;
mod founding;
mod journal;
mod lead;
mod tail;

/// How long a term holds.
const TERM: Duration = Duration::from_secs(3);

fn keys() -> Keys {
    Keys::new("/hall")
}

fn batch(texts: &[&str]) -> Batch {
    Batch::of(texts.iter().map(|text| record(text)).collect())
}

fn record(text: &str) -> NewRecord {
    NewRecord::new(7, 1, 1_229_589_900_000, text.as_bytes().to_vec())
}

fn append(store: &mut impl Store, batch: Batch) -> Result<Head, JournalError> {
    let expected_seq = store.head().seq;
    store.append(&[Append { expected_seq, batch }]).remove(0)
}

fn texts(dir: &Path) -> Vec<String> {
    let mut all = Vec::new();
    let reader = SqliteReader::open(dir).unwrap();
    reader
        .read(Head::START, &mut |record| {
            all.push(String::from_utf8_lossy(record.bytes).into_owned());
            ControlFlow::Continue(())
        })
        .unwrap();
    all
}

fn unseal(dir: &Path, commitment: Commitment) -> Result<Option<Vec<u8>>, JournalError> {
    SqliteReader::open(dir).unwrap().unseal(commitment)
}

/// One node.
struct Site {
    dir: TempDir,
    kv: MemoryKv,
    fence: Fence,
    store: ClusterStore,
}

impl Site {
    /// It gets the term, whoever had it.
    async fn lead(&self, cluster: &MemoryCluster) {
        // Over a line that is never cut.
        let kv = cluster.node();
        let lease = kv.grant(TERM).await.unwrap();
        let act = |act| Txn { when: vec![], acts: vec![act] };
        kv.commit(act(Act::Delete(keys().leader()))).await.unwrap();
        let put = Act::Put(keys().leader(), b"name".to_vec(), Some(lease));
        let created = kv.commit(act(put)).await.unwrap().revision;
        self.fence.hold(Held { created, until: Instant::now() + TERM });
    }
    fn path(&self) -> &Path {
        self.dir.path()
    }
    fn following(&self) -> Following {
        self.store.following().unwrap().borrow().clone()
    }
}

fn open_site(cluster: &MemoryCluster, dir: TempDir) -> Site {
    let (kv, fence) = (cluster.node(), Fence::new());
    let local = SqliteStore::open(dir.path(), OpenOptions::default()).unwrap();
    let store = ClusterStore::new(local, Arc::new(kv.clone()), keys(), fence.clone(), Waiter::AtOnce);
    Site { dir, kv, fence, store }
}

/// Nodes that share a master key and a journal without a record.
async fn sites(count: usize) -> (MemoryCluster, Vec<Site>) {
    let cluster = MemoryCluster::default();
    let first = tempfile::tempdir().unwrap();
    drop(SqliteStore::open(first.path(), OpenOptions::default()).unwrap());
    let key = std::fs::read_to_string(first.path().join("key")).unwrap();
    let mut dirs = vec![first];
    for _ in 1..count {
        let dir = tempfile::tempdir().unwrap();
        SqliteStore::begin_with_key(dir.path(), &key).unwrap();
        dirs.push(dir);
    }
    found(&cluster.node(), &keys(), "vk-1", Head::START).await.unwrap();
    let sites = dirs.into_iter().map(|dir| open_site(&cluster, dir)).collect();
    (cluster, sites)
}

/// Node `n`, to be changed.
fn two(sites: &mut [Site]) -> (&mut Site, &mut Site) {
    let (a, b) = sites.split_at_mut(1);
    (&mut a[0], &mut b[0])
}

fn whole_chain(dir: &Path) {
    let report = verify(dir, VerifyOptions::default()).unwrap();
    assert!(report.is_whole(), "{report:?}");
}
