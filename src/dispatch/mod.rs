//! The loop that owns the state, and a worker per gateway between it and the channels. Inputs are decided one at a time, many
//! are committed together, and only what is on disk is told and sent (invariant 1).

pub mod after;
pub mod beside;
pub mod board;
pub mod doubt;
pub mod effects;
pub mod engine;
pub mod evidence;
#[cfg(feature = "cluster")]
pub mod follow;
pub mod follower;
pub mod forgotten;
pub mod gateway_refs;
pub mod health;
pub mod journal_view;
pub mod links;
#[cfg(feature = "cluster")]
pub mod pass_on;
pub mod queue;
pub mod rate;
pub mod receipts;
pub mod record;
pub mod recover;
pub mod rehearse;
pub mod replay;
pub mod retry;
pub mod system_record;
#[cfg(test)]
pub mod testing;
pub mod worker;
pub mod worker_event;
pub mod worker_limits;
pub mod worker_state;
