//! The only wiring: from a configuration to running parts, and down again. Decides nothing.

pub mod answers;
pub mod auditor;
pub mod checkpoints;
#[cfg(feature = "cluster")]
pub mod cluster;
#[cfg(not(feature = "cluster"))]
#[path = "alone.rs"]
pub mod cluster;
pub mod demo;
pub mod doors;
pub mod drills;
pub mod files;
pub mod gateways;
pub mod heartbeat;
pub mod loopback;
pub mod mirrors;
pub mod outside;
pub mod printing;
pub mod publish;
pub mod reload;
pub mod retention;
pub mod running;
pub mod seals;
pub mod seat;
pub mod shifts;
pub mod sign_in;
pub mod task_set;
pub mod term;
pub mod training;
pub mod webhooks;
pub mod workers;

pub use doors::Doors;
pub use running::{Options, Running, StartError, Wrong, start};
pub use training::Operation;
