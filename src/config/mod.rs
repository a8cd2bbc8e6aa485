//! YAML to a checked [`Plan`](crate::domain::plan::Plan).
//!
//! ```text
//! source (three folders) ─► parse (raw: typed, goes on after a mistake) ─► resolve ─► Plan + Contacts ─► check ─► diagnostics
//! ```
//!
//! Each step knows those before it and none after it; [`load`] alone knows all of them. What stands under the key of a
//! protocol is read, checked and built by its folder in `gateways`: here a gateway is an entry of its registry.
//!
//! Every mistake of all files is found in one run. A plan comes out only if there is no error; warnings say by day what would
//! hurt at night (RULES F). The shipped region is compiled in and is the template.
//!
//! Must not: open a socket, resolve a secret before a gateway wants it, or know a protocol.

mod check;
mod cron_time;
pub mod diff;
mod drills;
mod load;
mod loaded;
mod parse;
mod places;
mod proofs;
pub mod raw;
mod report;
mod resolve;
pub mod rosters;
pub mod schema;
mod source;
pub mod tests_block;

pub use check::{Spoken, Typed, report_of, spoken};
pub use cron_time::CronTime;
pub use drills::{Away, PlannedDrill, near_shift};
pub use load::{load, load_checked};
pub use loaded::{Accepted, Contacts, Loaded, Printed, Printer, Statement, Watch, Webhook, same_as};
pub use proofs::Proofs;
pub use report::{CheckReport, run_check};
pub use source::{FILES_MAX, Source, minimal, shipped, texts};
