//! How the writer's thread, which has no runtime of its own, waits for etcd's answers.

use std::task::{Context, Poll, Waker};
use std::time::Duration;

use tokio::runtime::{EnterGuard, Handle};
use tokio::time::Instant;

use super::kv::{KvError, Wait};

/// Attempts where nobody can wait between them.
const AT_ONCE_TRIES: u32 = 3;

/// Waits for answers.
#[derive(Clone, Debug)]
pub(in crate::journal) enum Waiter {
    /// On a runtime that runs on other threads.
    Runtime(Handle),
    /// Each answer is there at once: a simulation on one thread, whose time does not pass meanwhile.
    AtOnce,
}

impl Waiter {
    /// Times are those of its runtime from here on.
    pub fn enter(&self) -> Option<EnterGuard<'_>> {
        match self {
            Self::Runtime(handle) => Some(handle.enter()),
            Self::AtOnce => None,
        }
    }
    /// An answer, or that there was none by then.
    pub fn ask<T>(&self, answer: Wait<'_, T>, until: Instant) -> Result<T, KvError> {
        let late = || Err(KvError::Unknown("no answer in time".into()));
        match self {
            Self::Runtime(handle) => {
                handle.block_on(async { tokio::time::timeout_at(until, answer).await.unwrap_or_else(|_| late()) })
            }
            Self::AtOnce => {
                let mut answer = answer;
                match answer.as_mut().poll(&mut Context::from_waker(Waker::noop())) {
                    Poll::Ready(answer) => answer,
                    Poll::Pending => late(),
                }
            }
        }
    }
    /// Whether another attempt makes sense after so many.
    pub fn goes_on(&self, tries: u32) -> bool {
        matches!(self, Self::Runtime(_)) || tries < AT_ONCE_TRIES
    }
    /// A pause, not beyond that time.
    pub fn pause(&self, pause: Duration, until: Instant) {
        if let Self::Runtime(handle) = self {
            handle.block_on(async { tokio::time::sleep_until(until.min(Instant::now() + pause)).await });
        }
    }
}
