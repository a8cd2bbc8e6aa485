//! What all nodes hold need not stay in etcd, which is the journal's tail and not its history: it is deleted, and its space is freed for
//! what comes next.

use super::group::parts_named;
use super::keys::{Keys, PartName};
use super::kv::{Act, Kv, KvError, Pair, Txn, When, after_prefix};

/// Most appends whose pieces are looked at in one go; the next one goes on.
const PARTS_LOOKED_AT_MAX: usize = 1_000;

/// What was let go of.
#[derive(Clone, Copy, PartialEq, Eq, Default, Debug)]
pub struct Trimmed {
    /// Appends before the one with this first record are gone; 0: none was to go.
    pub before: u64,
    /// So many appends in pieces that nobody named are gone.
    pub orphans: usize,
    /// History before this revision is gone.
    pub revision: i64,
}

/// Deletes what every registered node holds, which is all up to record `held`, but never the last append; sweeps pieces of appends that came
/// to nothing; and compacts. By the leader, whose key was made by the revision `created`.
///
/// # Errors
/// As etcd says. [`KvError::Refused`] too, when this node does not lead any more. It can be called again.
pub async fn trim(kv: &dyn Kv, keys: &Keys, created: i64, held: u64) -> Result<Trimmed, KvError> {
    let leads = When::Created(keys.leader(), created);
    let mut trimmed = Trimmed::default();
    let Some(oldest) = first_from(kv, keys, 0).await? else {
        trimmed.revision = compact(kv, keys).await?;
        return Ok(trimmed);
    };
    let keep = kept(kv, keys, oldest, held).await?;
    if keep > oldest {
        let gone = [
            Act::DeleteRange(keys.journal(0), keys.journal(keep)),
            Act::DeleteRange(keys.parts_from(0).0, keys.parts_from(keep).0),
        ];
        carry_out(kv, &leads, gone.into()).await?;
        trimmed.before = keep;
    }
    trimmed.orphans = sweep(kv, keys, &leads).await?;
    trimmed.revision = compact(kv, keys).await?;
    Ok(trimmed)
}

async fn carry_out(kv: &dyn Kv, leads: &When, acts: Vec<Act>) -> Result<(), KvError> {
    match kv.commit(Txn { when: vec![leads.clone()], acts }).await?.held {
        true => Ok(()),
        false => Err(KvError::Refused("another site decides".into())),
    }
}

/// The first append from a record on.
async fn first_from(kv: &dyn Kv, keys: &Keys, seq: u64) -> Result<Option<u64>, KvError> {
    let (from, to) = keys.journal_from(seq);
    Ok(kv.range(from, to, 1).await?.pairs.first().and_then(|pair| keys.first_of(&pair.key)))
}

/// The first append that stays: that with record `held + 1`, or the last one there is.
async fn kept(kv: &dyn Kv, keys: &Keys, oldest: u64, held: u64) -> Result<u64, KvError> {
    if let Some(next) = first_from(kv, keys, held.saturating_add(1)).await? {
        // What all hold ends where an append ends; if not, the one that it ends in stays, with all before.
        return Ok(if next == held + 1 { next } else { oldest });
    }
    // All is held: the last append is found by halving, for etcd reads forwards alone.
    let (mut there, mut none) = (oldest, held.saturating_add(1));
    while there + 1 < none {
        let middle = there + (none - there) / 2;
        match first_from(kv, keys, middle).await? {
            Some(first) => there = first,
            None => none = middle,
        }
    }
    Ok(there)
}

/// Deletes pieces that no append names, although its number is taken. Those of an append that is on its way have a number that is not.
async fn sweep(kv: &dyn Kv, keys: &Keys, leads: &When) -> Result<usize, KvError> {
    let head = one(kv, keys.head()).await?.and_then(|pair| super::store::read_head(&pair).ok());
    let Some(head) = head else { return Ok(0) };
    let (mut from, to) = keys.parts_from(0);
    let mut orphans = 0;
    for _ in 0..PARTS_LOOKED_AT_MAX {
        let found = kv.range(from.clone(), to.clone(), 1).await?;
        let Some(PartName { first, hash, .. }) = found.pairs.first().and_then(|pair| keys.part_of(&pair.key)) else {
            break;
        };
        if first > head.seq {
            break;
        }
        let (begin, end) = keys.parts_of(first, hash);
        let named = one(kv, keys.journal(first)).await?.and_then(|pair| parts_named(&pair.value));
        if named != Some(hash) {
            carry_out(kv, leads, vec![Act::DeleteRange(begin, end.clone())]).await?;
            orphans += 1;
        }
        from = end;
    }
    Ok(orphans)
}

async fn one(kv: &dyn Kv, key: Vec<u8>) -> Result<Option<Pair>, KvError> {
    let end = [&key[..], &[0]].concat();
    Ok(kv.range(key, end, 1).await?.pairs.into_iter().next())
}

/// Frees what was overwritten or deleted up to now.
async fn compact(kv: &dyn Kv, keys: &Keys) -> Result<i64, KvError> {
    let revision = kv.range(keys.head(), after_prefix(&keys.head()), 1).await?.revision;
    kv.compact(revision).await?;
    Ok(revision)
}
