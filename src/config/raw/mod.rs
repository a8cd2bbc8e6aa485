//! The YAML as it is written: one serde type per file, one idea per module. Nothing is looked up here; names stay names.
//! JSON Schema for editors comes from the same types.

mod base;
pub mod channels;
pub mod contacts;
pub mod messages;
pub mod playbook;
pub mod readiness;
pub mod steps;
pub mod systems;
mod words;

pub use base::{At, List, Name, NoneOr, OneOrMany, Ordered, Texts};
pub use words::{Clock, Day, Need, Night, Secs, Span};
