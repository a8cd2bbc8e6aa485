//! The loop that owns the state, and a worker per gateway between it and the channels.

pub mod health;
pub mod links;
pub mod queue;
pub mod rate;
pub mod receipts;
pub mod retry;
#[cfg(test)]
pub mod testing;
pub mod worker;
pub mod worker_event;
pub mod worker_limits;
pub mod worker_state;
