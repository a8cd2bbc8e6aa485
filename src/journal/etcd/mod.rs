//! One journal for several sites, on etcd: `docs/develop/cluster.md`.
//!
//! | file | holds |
//! |---|---|
//! | `kv` | what is needed of etcd, as a trait |
//! | `memory` | that without a network, for simulations |

mod kv;
mod memory;

pub use kv::{Act, Committed, Kv, KvError, LeaseId, Pair, Range, Status, Txn, Wait, When, after_prefix};
pub use memory::{MemoryCluster, MemoryKv, Mishap};
