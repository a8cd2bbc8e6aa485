//! The public listener: prebuilt pages straight from memory, answer links and gateway callbacks. A small hyper service
//! before any router, on a thread of its own, so that the page stands while everything else is busy, and the other way
//! round.
//!
//! It owns no state, reads no journal, sets no cookie and runs no script. What acts ([`Dynamic`]) is somebody else's.
//!
//! Everything that comes in has a limit: connections, per address too, header bytes and time, body bytes and time, time
//! to answer.

mod dynamic;
mod patience;
mod published;
mod serve;

pub use dynamic::{ANSWER_PREFIX, Answer, BODY_BYTES_MAX, Call, Dynamic};
pub use published::{FRESH_S, PAGES_MAX, Pages, PublicSite, Published};
pub use serve::{Limits, Public, run, spawn_thread};

#[cfg(test)]
mod slow_tests;
#[cfg(test)]
mod tests;
