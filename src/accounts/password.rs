//! Passwords: Argon2id (RFC 9106), with the cost that OWASP's Password Storage Cheat Sheet gives. What a hash was made with stands
//! beside it, so that the cost can be raised and older ones be read.

use std::fmt;
use std::sync::{Mutex, PoisonError};

use argon2::{Algorithm, Argon2, Block, Params, Version};
use serde::{Deserialize, Serialize};
use unicode_normalization::UnicodeNormalization;

use crate::domain::incident::refused::{Refused, refuse};

/// Memory of one hash, in KiB: 19 MiB.
const MEMORY_KIB: u32 = 19_456;
/// Passes over it.
const PASSES: u32 = 2;
/// Lanes.
const LANES: u32 = 1;
/// Most memory that a hash of the file may ask for, in KiB: a damaged file takes no more.
const MEMORY_KIB_MAX: u32 = 256 * 1024;
/// Most passes that a hash of the file may ask for.
const PASSES_MAX: u32 = 16;
/// Memory of hashes that ended is kept for so many others.
const MEMORY_KEPT_MAX: usize = 2;
const SALT_BYTES: usize = 16;
const HASH_BYTES: usize = 32;
/// A password has at least so many characters (OWASP ASVS 2.1.1).
pub const PASSWORD_CHARS_MIN: usize = 12;
/// A password has at most so many characters.
pub const PASSWORD_CHARS_MAX: usize = 128;

/// Memory of hashes that ended, for the next ones: freed each time, an allocator keeps 19 MiB for every thread that ever made one.
static MEMORY: Mutex<Vec<Vec<Block>>> = Mutex::new(Vec::new());

/// What is kept of a password.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Hashed {
    memory_kib: u32,
    passes: u32,
    lanes: u32,
    salt: String,
    hash: String,
}

impl fmt::Debug for Hashed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Hashed(…)")
    }
}

impl Hashed {
    /// Takes its time and 19 MiB: whoever calls bounds how many are made at once.
    ///
    /// # Errors
    /// No randomness.
    pub fn of(password: &str) -> Result<Self, Refused> {
        let mut salt = [0; SALT_BYTES];
        let broken = |why: &dyn fmt::Display| refuse!(AccessNotKept { detail: why });
        getrandom::fill(&mut salt).map_err(|e| broken(&e))?;
        let mut made =
            Self { memory_kib: MEMORY_KIB, passes: PASSES, lanes: LANES, salt: hex::encode(salt), hash: String::new() };
        made.hash = hex::encode(made.made_of(password).ok_or_else(|| broken(&"Argon2id"))?);
        Ok(made)
    }

    /// One that no password has: whoever is not known takes as long as whoever is.
    pub fn of_nobody() -> Self {
        let (salt, hash) = (hex::encode([0; SALT_BYTES]), String::new());
        Self { memory_kib: MEMORY_KIB, passes: PASSES, lanes: LANES, salt, hash }
    }

    /// Whether it is the password.
    pub fn is(&self, password: &str) -> bool {
        let made = self.made_of(password);
        made.is_some_and(|made| hex::decode(&self.hash).is_ok_and(|kept| super::same(&made, &kept)))
    }

    fn made_of(&self, password: &str) -> Option<[u8; HASH_BYTES]> {
        let bounded = self.memory_kib <= MEMORY_KIB_MAX && self.passes <= PASSES_MAX && self.lanes <= 4;
        let params =
            Params::new(self.memory_kib, self.passes, self.lanes, Some(HASH_BYTES)).ok().filter(|_| bounded)?;
        let salt = hex::decode(&self.salt).ok()?;
        let mut out = [0; HASH_BYTES];
        // The same word from another keyboard is the same (NIST SP 800-63B, 5.1.1.2).
        let text: String = password.chars().take(PASSWORD_CHARS_MAX + 1).nfc().collect();
        let blocks = params.block_count();
        let mut memory = MEMORY.lock().unwrap_or_else(PoisonError::into_inner).pop().unwrap_or_default();
        if memory.len() < blocks {
            memory.resize(blocks, Block::default());
        }
        // Whatever lies in it is overwritten before it is read.
        let made = Argon2::new(Algorithm::Argon2id, Version::V0x13, params).hash_password_into_with_memory(
            text.as_bytes(),
            &salt,
            &mut out,
            &mut memory[..blocks],
        );
        keep(memory);
        made.ok()?;
        Some(out)
    }
}

/// Keeps memory for the next hash: no more of it, and none larger, than today's hashes take.
fn keep(memory: Vec<Block>) {
    let mut kept = MEMORY.lock().unwrap_or_else(PoisonError::into_inner);
    if kept.len() < MEMORY_KEPT_MAX && memory.len() * Block::SIZE <= MEMORY_KIB as usize * 1024 {
        kept.push(memory);
    }
}

/// Whether it may be a password of that account.
///
/// # Errors
/// It is too short, too long, or the account's own name; the sentence says which bounds there are.
pub fn check(account: &str, password: &str) -> Result<(), Refused> {
    let chars = password.chars().count();
    let low = password.to_lowercase();
    let guessed =
        low.contains("vardkase") || low.trim() == account.repeat(PASSWORD_CHARS_MIN.div_ceil(account.len().max(1)));
    let distinct = low.chars().collect::<std::collections::BTreeSet<_>>().len();
    if !(PASSWORD_CHARS_MIN..=PASSWORD_CHARS_MAX).contains(&chars) || guessed || distinct < 5 {
        return Err(refuse!(WeakPassword { from: PASSWORD_CHARS_MIN, to: PASSWORD_CHARS_MAX }));
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, reason = "tests")]

    use super::*;

    #[test]
    fn what_lay_in_the_memory_before_changes_no_hash_and_no_more_of_it_is_kept() {
        let hashed = Hashed::of("trettio gula elefanter").unwrap();
        let all: Vec<_> = (0..2 * MEMORY_KEPT_MAX)
            .map(|n| {
                let hashed = hashed.clone();
                std::thread::spawn(move || {
                    assert!(!hashed.is(&format!("ett annat lösenord {n}")));
                    assert!(hashed.is("trettio gula elefanter"));
                })
            })
            .collect();
        all.into_iter().for_each(|one| one.join().unwrap());
        let kept = MEMORY.lock().unwrap().iter().map(|m| m.len() * Block::SIZE).collect::<Vec<_>>();
        assert!((1..=MEMORY_KEPT_MAX).contains(&kept.len()), "{kept:?}");
        assert!(kept.iter().all(|bytes| *bytes <= MEMORY_KIB as usize * 1024), "{kept:?}");
    }

    #[test]
    fn a_password_is_known_again_by_its_hash_alone() {
        let one = Hashed::of("korrekt häst batteri").unwrap();
        let two = Hashed::of("korrekt häst batteri").unwrap();
        assert!(
            one.is("korrekt häst batteri") && two.is("korrekt ha\u{308}st batteri"),
            "in either form of the letter"
        );
        assert!(!one.is("korrekt häst batterI") && !one.is("") && !one.is("korrekt häst batteri "));
        assert_ne!((&one.salt, &one.hash), (&two.salt, &two.hash), "each has a salt of its own");
        assert_eq!(format!("{one:?}"), "Hashed(…)");
        let kept: Hashed = serde_json::from_str(&serde_json::to_string(&one).unwrap()).unwrap();
        assert_eq!(kept, one);
        assert!((one.memory_kib, one.passes) == (19_456, 2), "OWASP's first choice");
        assert!(!Hashed::of_nobody().is("") && !Hashed::of_nobody().is("x"));
        let greedy = Hashed { memory_kib: u32::MAX, ..one };
        assert!(!greedy.is("korrekt häst batteri"), "a damaged file takes no memory");
    }

    #[test]
    fn any_character_goes_and_what_is_guessed_first_does_not() {
        for good in ["korrekt häst batteri", "🚑🚒🚓🔥💧 är tolv!", &"abcdefgh".repeat(16)] {
            assert!(check("anna", good).is_ok(), "{good}");
        }
        for bad in ["", "elva tecken", "annaannaanna", "aaaaaaaaaaaaaaaa", "Vardkase2026!", &"abcdefgh".repeat(17)] {
            assert!(check("anna", bad).is_err(), "{bad}");
        }
    }
}
