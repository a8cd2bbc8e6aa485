//! One journal for several sites, on etcd: `docs/develop/cluster.md`.
//!
//! | file | holds |
//! |---|---|
//! | `kv` | what is needed of etcd, as a trait |
//! | `client` | a real etcd over gRPC |
//! | `codec`, `messages` | what goes over that line |
//! | `failure` | what became of a question |
//! | `settings` | where etcd is, and with which certificates |
//! | `version` | which versions are taken |
//! | `memory` | a [`Kv`] without a network, for simulations |

#![cfg_attr(not(feature = "internals"), allow(dead_code, unused_imports, reason = "the program does not open it yet"))]

mod client;
mod codec;
mod failure;
mod kv;
mod memory;
mod messages;
mod settings;
mod version;

pub use client::{CALL_TIMEOUT, Client};
pub use kv::{Act, Committed, Kv, KvError, LeaseId, Pair, Range, Status, Txn, Wait, When, after_prefix};
pub use memory::{MemoryCluster, MemoryKv, Mishap};
pub use settings::{BadSettings, ENDPOINTS_MAX, Settings};
pub use version::check_version;
