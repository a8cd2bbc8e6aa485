//! One journal for several sites, on etcd: `docs/develop/cluster.md`.
//!
//! | file | holds |
//! |---|---|
//! | `kv` | what is needed of etcd, as a trait |
//! | `memory` | that without a network, for simulations |
//! | `keys` | how keys are called |
//! | `group` | what one append writes, as bytes |
//! | `fence` | whether this node may write, and until when |
//! | `store` | [`ClusterStore`]: appends as the leader, follows as any other |
//! | `waiter` | how a thread without a runtime waits |
//! | `found` | how the common journal begins, and how it is known again |
//! | `history` | a folder's own history, for a node that was away for long |
//! | `trim` | what all nodes hold is let go of |
#![cfg_attr(
    not(feature = "internals"),
    allow(dead_code, unused_imports, reason = "nothing in the program calls it yet")
)]

mod fence;
mod found;
mod group;
mod history;
mod keys;
mod kv;
mod memory;
mod store;
#[cfg(test)]
mod tests;
mod trim;
mod waiter;

pub use fence::{Fence, Held, Standing};
pub use found::{check_cluster, found};
pub use group::{GROUP_CONTENT_BYTES_MAX, GROUP_VALUE_BYTES_MAX};
pub use history::groups_after;
pub use keys::{KeyRange, Keys, PartName};
pub use kv::{Act, Committed, Kv, KvError, LeaseId, Pair, Range, Status, Txn, Wait, When, after_prefix};
pub use memory::{MemoryCluster, MemoryKv, Mishap};
pub use store::{ClusterStore, Following};
pub use trim::{Trimmed, trim};

pub(super) use group::Group;
pub(super) use waiter::Waiter;
