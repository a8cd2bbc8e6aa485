//! The owner of the state with a real journal, real workers and gateways that misbehave: what is told and sent when, what a
//! crash or a full disk changes, and what stands in the journal.

mod callbacks;
mod checkpoint;
mod disk;
mod drills;
mod forgetting;
mod gateways;
mod kept;
mod privacy;
mod restart;
pub mod rig;
