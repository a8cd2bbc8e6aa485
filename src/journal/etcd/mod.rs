//! One journal for several sites, on etcd: `docs/develop/cluster.md`.
//!
//! | file | holds |
//! |---|---|
//! | `kv` | what is needed of etcd, as a trait |
//! | `client` | a real etcd over gRPC |
//! | `codec`, `messages` | what goes over that line |
//! | `failure` | what became of a question |
//! | `probe` | whether a member refuses our certificate |
//! | `settings` | where etcd is, and with which certificates |
//! | `version` | which versions are taken |
//! | `memory` | a [`Kv`] without a network, for simulations |
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

mod client;
mod codec;
mod failure;
mod fence;
mod found;
mod group;
mod history;
mod keys;
mod kv;
mod memory;
mod messages;
mod probe;
mod settings;
mod store;
#[cfg(test)]
mod tests;
mod trim;
mod version;
mod waiter;

pub use client::{CALL_TIMEOUT, Client};
pub use fence::{Fence, Held, Standing};
pub use found::{check_cluster, found};
pub use group::{GROUP_CONTENT_BYTES_MAX, GROUP_VALUE_BYTES_MAX};
pub use history::groups_after;
pub use keys::{KeyRange, Keys, PartName};
pub use kv::{Act, Committed, Kv, KvError, LeaseId, Pair, Range, Status, Txn, Wait, When, after_prefix};
pub use memory::{MemoryCluster, MemoryKv, Mishap};
pub use settings::{BadSettings, ENDPOINTS_MAX, Settings};
pub use store::{ClusterStore, Following};
pub use trim::{Trimmed, trim};
pub use version::check_version;

pub(super) use group::Group;
pub(super) use waiter::Waiter;
