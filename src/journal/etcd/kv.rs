//! What a journal of several sites needs of etcd, and no more: ranges, transactions with a compare, leases, and to be told that something
//! changed. [`client`](super::client) speaks to a real one; [`memory`](super::memory) is the same without a network, for simulations. What
//! one of both does and the other does not is found by the tests that run over both.

use std::fmt;
use std::future::Future;
use std::pin::Pin;
use std::time::Duration;

use tokio::sync::watch;

/// An answer that is waited for.
pub type Wait<'a, T> = Pin<Box<dyn Future<Output = Result<T, KvError>> + Send + 'a>>;
/// The number of a lease.
pub type LeaseId = i64;

/// Why etcd did not do as asked.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum KvError {
    /// It was surely not carried out: nobody was reached, or there is no quorum to say so. The same may be asked again.
    Down(String),
    /// Nothing came back in time, or the connection broke: it may have been carried out, or may be yet (etcd repeats what it took over
    /// from an old leader up to half a minute later).
    Unknown(String),
    /// Its disk quota is used up; it takes deletes alone until the alarm is taken back. The transaction that used it up was carried out all
    /// the same (`quotaApplierV3` in etcd's `apply.go`): so it may have been, and is not yet to come.
    NoSpace,
    /// It refuses for good: no right, a wrong certificate, a value that is too large.
    Refused(String),
}

impl fmt::Display for KvError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Down(what) => write!(f, "etcd is not reached: {what}"),
            Self::Unknown(what) => write!(f, "etcd did not say what became of it: {what}"),
            Self::NoSpace => f.write_str("etcd's quota is used up (alarm NOSPACE)"),
            Self::Refused(what) => write!(f, "etcd refuses: {what}"),
        }
    }
}
impl std::error::Error for KvError {}

/// A key with its value.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Pair {
    pub key: Vec<u8>,
    pub value: Vec<u8>,
    /// The revision that made the key: the same key made anew has another one.
    pub created: i64,
}

/// What a range of keys held.
#[derive(Clone, PartialEq, Eq, Default, Debug)]
pub struct Range {
    /// The store's revision when it was read.
    pub revision: i64,
    /// In the order of the keys.
    pub pairs: Vec<Pair>,
    /// There was more than was asked for.
    pub more: bool,
}

/// What must hold for a transaction to be carried out.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum When {
    /// The key has this value.
    Value(Vec<u8>, Vec<u8>),
    /// There is no such key.
    Absent(Vec<u8>),
    /// The key is there, and was made by this revision.
    Created(Vec<u8>, i64),
}

/// What a transaction does, in this order.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Act {
    /// Sets a key, under a lease when there is one.
    Put(Vec<u8>, Vec<u8>, Option<LeaseId>),
    /// Deletes one key.
    Delete(Vec<u8>),
    /// Deletes keys from the first up to before the second.
    DeleteRange(Vec<u8>, Vec<u8>),
}

/// A transaction: all of `acts`, when all of `when` holds.
#[derive(Clone, PartialEq, Eq, Default, Debug)]
pub struct Txn {
    pub when: Vec<When>,
    pub acts: Vec<Act>,
}

/// How a transaction ended.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Committed {
    /// All of `when` held, and it was carried out.
    pub held: bool,
    /// The store's revision after it: that of the keys it made.
    pub revision: i64,
}

/// How a member is.
#[derive(Clone, PartialEq, Eq, Default, Debug)]
pub struct Status {
    /// Of the program, as `3.5.16`.
    pub version: String,
    /// What its database takes up on disk, in bytes.
    pub size: u64,
    /// It takes no values: the quota is used up.
    pub no_space: bool,
    /// Which member answered.
    pub member: u64,
    /// Which member leads; 0: none does.
    pub leader: u64,
}

/// A store of keys with one order for all who use it.
pub trait Kv: Send + Sync {
    /// Keys from `from` up to before `to`, at most `limit`, as they are at this moment (linearizable): a store without a quorum does
    /// not answer.
    fn range(&self, from: Vec<u8>, to: Vec<u8>, limit: usize) -> Wait<'_, Range>;
    /// Carries a transaction out, whole or not at all.
    fn commit(&self, txn: Txn) -> Wait<'_, Committed>;
    /// Grants a lease. Its time counts from before this was asked.
    fn grant(&self, ttl: Duration) -> Wait<'_, LeaseId>;
    /// Gives a lease its whole time again. `false`: it is over.
    fn keep(&self, lease: LeaseId) -> Wait<'_, bool>;
    /// Ends a lease, and its keys with it.
    fn revoke(&self, lease: LeaseId) -> Wait<'_, ()>;
    /// Lets go of what was overwritten or deleted before this revision.
    fn compact(&self, revision: i64) -> Wait<'_, ()>;
    /// How the member is that answers.
    fn status(&self) -> Wait<'_, Status>;
    /// Counts up when something with that beginning may have changed: at each change (several may be one), and whenever the connection
    /// was made anew. It says that it is worth looking, not what changed.
    fn changes(&self, prefix: Vec<u8>) -> watch::Receiver<u64>;
}

/// The first key after all that begin with `prefix`.
pub fn after_prefix(prefix: &[u8]) -> Vec<u8> {
    let mut end = prefix.to_vec();
    while let Some(last) = end.pop() {
        if last < u8::MAX {
            end.push(last + 1);
            return end;
        }
    }
    vec![0]
}
