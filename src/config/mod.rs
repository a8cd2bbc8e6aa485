//! YAML to a checked [`Plan`](crate::domain::plan::Plan).
//!
//! ```text
//! three folders ─► yaml (tree with places) ─► de (typed, goes on after a mistake) ─► raw ─► resolve ─► Plan + Contacts
//!                                                                                      check ─► diagnostics
//! ```
//!
//! Every mistake of all files is found in one run. A plan comes out only if there is no error; warnings say by day what would
//! hurt at night (RULES F). The shipped region is compiled in and is the template.
//!
//! Must not: open a socket, resolve a secret before a gateway wants it, or know a protocol.

pub mod check;
mod cron_time;
pub mod de;
pub mod diagnostics;
pub mod diff;
pub mod load;
pub mod raw;
mod resolve;
pub mod rosters;
pub mod schema;
pub mod secrets;
pub mod tests_block;
mod yaml;

pub use check::{CheckReport, run_check};
pub use cron_time::CronTime;
pub use load::{Contacts, GatewayConfig, GatewayKind, Loaded, Settings, Source, load, load_checked};
