//! How several sites' common journal begins, and how a node sees that it is the one it means.

use std::time::Duration;

use tokio::time::timeout;

use super::super::{Head, JournalError};
use super::keys::Keys;
use super::kv::{Act, Kv, KvError, Pair, Txn, When};
use super::store::{read_head, told};

/// How often founding is tried when it is not known what became of it.
const TRIES: u32 = 3;
/// How long each attempt waits.
const WAIT: Duration = Duration::from_secs(6);

/// Begins the common journal where a folder's own ends. Called once, on one node; repeating it is harmless.
///
/// # Errors
/// There is one under this prefix already, or etcd is not reached.
pub async fn found(kv: &dyn Kv, keys: &Keys, cluster_id: &str, head: Head) -> Result<(), JournalError> {
    let (id, at) = (cluster_id.as_bytes().to_vec(), head.to_string().into_bytes());
    let txn = Txn {
        when: vec![When::Absent(keys.head()), When::Absent(keys.cluster())],
        acts: vec![Act::Put(keys.cluster(), id.clone(), None), Act::Put(keys.head(), at.clone(), None)],
    };
    let mut last = JournalError::CutOff { what: "no answer in time".into() };
    for _ in 0..TRIES {
        match timeout(WAIT, kv.commit(txn.clone())).await.unwrap_or_else(|_| late()) {
            Ok(committed) if committed.held => return Ok(()),
            Ok(_) => {
                let value = |pair: Option<Pair>| pair.map(|pair| pair.value);
                let there = (value(one(kv, keys.cluster()).await?), value(one(kv, keys.head()).await?));
                // An earlier attempt, whose answer was lost.
                if there == (Some(id), Some(at)) {
                    return Ok(());
                }
                let what = "there is one under its prefix already; join it, or name another prefix".into();
                return Err(JournalError::Cluster { what });
            }
            // Without space it may have been done: the next attempt tells.
            Err(error @ (KvError::Down(_) | KvError::Unknown(_) | KvError::NoSpace)) => last = told(&error),
            Err(error) => return Err(told(&error)),
        }
    }
    Err(last)
}

/// Whether what is under the prefix is the journal that is meant, and its last record.
///
/// # Errors
/// It is another one, or none; or etcd is not reached.
pub async fn check_cluster(kv: &dyn Kv, keys: &Keys, cluster_id: &str) -> Result<Head, JournalError> {
    let wrong = |what: &str| JournalError::Cluster { what: what.into() };
    let id = one(kv, keys.cluster()).await?.ok_or_else(|| wrong("nothing was founded under its prefix"))?;
    if id.value != cluster_id.as_bytes() {
        return Err(wrong("what is under its prefix belongs to other sites"));
    }
    let head = one(kv, keys.head()).await?.ok_or_else(|| wrong("it has no head"))?;
    read_head(&head)
}

async fn one(kv: &dyn Kv, key: Vec<u8>) -> Result<Option<Pair>, JournalError> {
    let end = [&key[..], &[0]].concat();
    let range = timeout(WAIT, kv.range(key, end, 1)).await.unwrap_or_else(|_| late());
    Ok(range.map_err(|e| told(&e))?.pairs.into_iter().next())
}

fn late<T>() -> Result<T, KvError> {
    Err(KvError::Unknown("no answer in time".into()))
}
