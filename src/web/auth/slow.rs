//! Whoever guesses is slowed: by the address that it comes from, and by the account that it is about. Nobody is ever locked out from
//! elsewhere.

use std::collections::HashMap;
use std::net::IpAddr;

use crate::domain::time::At;

/// Wrong ones in a row that are answered at once…
pub const WRONG_BURST: u32 = 10;
/// …and one more for each so many seconds.
pub const WRONG_EVERY_S: u32 = 6;
/// So many addresses and accounts about which wrong ones came are remembered.
pub const WRONG_ADDRESSES_MAX: usize = 4_096;

/// What guesses are counted by.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub(super) enum Key {
    /// Where they come from; nothing: this machine, where a proxy may be.
    Address(Option<IpAddr>),
    /// The account whose password is guessed, by the hash of what was typed.
    Password([u8; 32]),
    /// The account whose password is known and whose code is guessed.
    Code([u8; 32]),
}

/// Wrong ones of late, as the moment at which they are forgotten.
#[derive(Default)]
pub(super) struct Slow {
    wrong: HashMap<Key, At>,
}

impl Slow {
    /// So many seconds must pass before the next one is looked at; nothing: it is at once.
    pub fn wait(&self, key: &Key, now: At) -> Option<u32> {
        let full = now + WRONG_BURST * WRONG_EVERY_S;
        let next = self.until(key).max(now) + WRONG_EVERY_S;
        (next > full).then(|| next.seconds_since(full).max(1))
    }

    /// Whether any wrong one is remembered.
    pub fn guessed(&self, key: &Key, now: At) -> bool {
        self.until(key) > now
    }

    /// One more.
    pub fn wrong(&mut self, key: Key, now: At) {
        let full = now + WRONG_BURST * WRONG_EVERY_S;
        let next = (self.until(&key).max(now) + WRONG_EVERY_S).min(full);
        if self.wrong.len() >= WRONG_ADDRESSES_MAX {
            self.wrong.retain(|_, until| *until > now);
        }
        if self.wrong.len() >= WRONG_ADDRESSES_MAX && !self.wrong.contains_key(&key) {
            // Guessed from everywhere at once: the one that is free first gives way.
            let first = self.wrong.iter().min_by_key(|(_, until)| **until).map(|(key, _)| *key);
            first.map(|key| self.wrong.remove(&key));
        }
        self.wrong.insert(key, next);
    }

    /// One that was counted before it was looked at, and was right.
    pub fn right(&mut self, key: &Key) {
        if let Some(until) = self.wrong.get_mut(key) {
            *until = *until - WRONG_EVERY_S;
        }
    }

    /// How many are remembered.
    #[cfg(test)]
    pub fn len(&self) -> usize {
        self.wrong.len()
    }

    fn until(&self, key: &Key) -> At {
        self.wrong.get(key).copied().unwrap_or_default()
    }
}
