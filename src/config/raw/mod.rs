//! The YAML as it is written: one serde type per file, one idea per module. Nothing is looked up here; names stay names.
//! JSON Schema for editors comes from the same types.

pub mod contacts;
pub mod drills;
pub mod messages;
pub mod playbook;
pub mod printers;
pub mod readiness;
pub mod steps;
pub mod systems;
pub mod watch;
pub mod webhooks;
