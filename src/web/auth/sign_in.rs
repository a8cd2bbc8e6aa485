//! Two steps in: a password, then a code. How many passwords are hashed at once is bounded, and whoever guesses is turned away before
//! anything is hashed.

use std::net::IpAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use tokio::sync::{OwnedSemaphorePermit, Semaphore};

use super::slow::Key;
use super::{Auth, Denied, hash, place, random_hex};
use crate::accounts::password::Hashed;
use crate::accounts::totp::{self, Code};
use crate::accounts::{Account, Changed, ID_CHARS_MAX, Who, WhoId, prepare};
use crate::domain::incident::refused::Refused;
use crate::domain::time::At;

/// Passwords that are hashed at one time, 19 MiB each.
const HASHING_MAX: usize = 2;
/// Passwords that wait for that; one more is told to come again.
const HASHING_WAITING_MAX: usize = 64;
/// A password waits for so long.
const HASHING_WAIT: Duration = Duration::from_secs(10);
/// A code must come within so many seconds after the password.
const CODE_WITHIN_S: u32 = 300;
/// Sign-ins that wait for their code; one more ends the oldest.
const CODES_WAITED_FOR_MAX: usize = 256;
/// So many codes may be tried for one password.
const CODE_TRIES_MAX: u32 = 5;
/// The first account may take so many seconds to be set up.
const FIRST_WITHIN_S: u32 = 1_800;
/// First accounts that are being set up.
const FIRST_MAX: usize = 8;

/// The bound on hashing.
pub(super) struct Hashing {
    permits: Arc<Semaphore>,
    waiting: AtomicUsize,
}

impl Default for Hashing {
    fn default() -> Self {
        Self { permits: Arc::new(Semaphore::new(HASHING_MAX)), waiting: AtomicUsize::new(0) }
    }
}

impl Hashing {
    async fn turn(&self) -> Option<OwnedSemaphorePermit> {
        let before = self.waiting.fetch_add(1, Ordering::SeqCst);
        let permit = match before < HASHING_WAITING_MAX {
            true => tokio::time::timeout(HASHING_WAIT, self.permits.clone().acquire_owned()).await.ok(),
            false => None,
        };
        self.waiting.fetch_sub(1, Ordering::SeqCst);
        permit?.ok()
    }
}

/// Somebody whose password was right.
pub(super) struct AwaitsCode {
    account: String,
    until: At,
    tries_left: u32,
}

/// The first account, until its authenticator has shown a code.
pub(super) struct First {
    account: Account,
    told: Changed,
    until: At,
}

impl Auth {
    /// Looks at a password. A right one gives what the code is sent with.
    ///
    /// # Errors
    /// It is wrong, or the account is not known or disabled, which is told and takes as long the same; too many wrong ones came from
    /// that address, or about that account by one that has guessed; or too much is being hashed.
    pub async fn password(
        &self,
        account: &str,
        password: &str,
        from: Option<IpAddr>,
        now: At,
    ) -> Result<String, Denied> {
        let from = place(from);
        let account: String = account.trim().to_lowercase().chars().take(ID_CHARS_MAX + 1).collect();
        let keys = [Key::Address(from), Key::Password(hash(&account))];
        let slowed = {
            let mut slow = self.slow();
            let by_account = slow.wait(&keys[1], now).filter(|_| slow.guessed(&keys[0], now));
            let slowed = slow.wait(&keys[0], now).max(by_account);
            if let (Some(seconds), true) = (slowed, from.is_some()) {
                return Err(Denied::TooMany(seconds));
            }
            // Before it is looked at: many at once are counted too.
            keys.iter().for_each(|key| slow.wrong(*key, now));
            slowed
        };
        let take_back = || keys.iter().for_each(|key| self.slow().right(key));
        let Some(permit) = self.hashing.turn().await else {
            take_back();
            return Err(Denied::Busy);
        };
        let (hashed, typed) = (self.accounts.hashed(&account), password.to_owned());
        let right = hashed_is(hashed, typed, permit).await;
        if !right {
            tracing::warn!(from = %self.id_of(from), "a wrong password was refused");
            return Err(slowed.map_or(Denied::Wrong, Denied::TooMany));
        }
        take_back();
        let id = random_hex().map_err(|_| Denied::Busy)?;
        let mut inner = self.inner();
        inner.codes.retain(|_, w| now < w.until);
        if inner.codes.len() >= CODES_WAITED_FOR_MAX
            && let Some(oldest) = inner.codes.iter().min_by_key(|(_, w)| w.until).map(|(id, _)| *id)
        {
            inner.codes.remove(&oldest);
        }
        let waits = AwaitsCode { account, until: now + CODE_WITHIN_S, tries_left: CODE_TRIES_MAX };
        inner.codes.insert(hash(&id), waits);
        Ok(id)
    }

    /// Looks at the code that follows a right password: of the authenticator, or one for when that is lost. Gives the account.
    ///
    /// # Errors
    /// It is wrong or used up, a clock is off, too many wrong ones came, or the password is too long ago.
    pub async fn code(&self, waits: &str, typed: &str, from: Option<IpAddr>, now: At) -> Result<WhoId, Denied> {
        let (from, key) = (place(from), hash(waits));
        let account = {
            let mut inner = self.inner();
            let waits = inner.codes.get_mut(&key).filter(|w| now < w.until).ok_or(Denied::Over)?;
            if waits.tries_left == 0 {
                inner.codes.remove(&key);
                return Err(Denied::Over);
            }
            waits.tries_left -= 1;
            waits.account.clone()
        };
        let keys = [Key::Address(from), Key::Code(hash(&account))];
        {
            let mut slow = self.slow();
            let guesses = from.is_none() || slow.guessed(&keys[0], now);
            let by_address = slow.wait(&keys[0], now).filter(|_| from.is_some());
            if let Some(seconds) = by_address.max(slow.wait(&keys[1], now).filter(|_| guesses)) {
                return Err(Denied::TooMany(seconds));
            }
            keys.iter().for_each(|key| slow.wrong(*key, now));
        }
        let (accounts, of, typed) = (self.accounts.clone(), account.clone(), typed.to_owned());
        let judged = tokio::task::spawn_blocking(move || accounts.code(&of, &typed, now)).await;
        let denied = match judged {
            Ok(Ok(Code::Right(_))) => {
                keys.iter().for_each(|key| self.slow().right(key));
                self.inner().codes.remove(&key);
                return Ok(WhoId::Account(account));
            }
            Ok(Ok(Code::Used)) => Denied::Used,
            Ok(Ok(Code::ClockOff(seconds))) => Denied::ClockOff(seconds),
            Ok(Ok(Code::Wrong)) => Denied::WrongCode,
            Ok(Err(_)) | Err(_) => Denied::Busy,
        };
        tracing::warn!(account = %account, from = %self.id_of(from), why = ?denied, "a code was refused");
        Err(denied)
    }

    /// Whether it is the account's own password, asked for before it is changed. Bounded as a sign-in is.
    ///
    /// # Errors
    /// As [`Auth::password`].
    pub async fn is_password(&self, account: &str, typed: &str, from: Option<IpAddr>, now: At) -> Result<(), Denied> {
        let waits = self.password(account, typed, from, now).await?;
        self.inner().codes.remove(&hash(&waits));
        Ok(())
    }

    /// Sets the first account up: gives what it is confirmed with, and what its owner must note down. Nothing is kept yet.
    ///
    /// # Errors
    /// The ID or the password will not do.
    pub async fn first(&self, id: &str, password: &str, now: At) -> Result<(String, Changed), Refused> {
        let busy = || crate::domain::incident::refused::refuse!(TooSlow {});
        let permit = self.hashing.turn().await.ok_or_else(busy)?;
        let (of, typed) = (id.trim().to_lowercase(), password.to_owned());
        let prepared = tokio::task::spawn_blocking(move || {
            let _permit = permit;
            prepare(&of, Some(&typed), now)
        });
        let (account, told) = prepared.await.map_err(|_| busy())??;
        let id = random_hex().map_err(|_| busy())?;
        let mut inner = self.inner();
        inner.firsts.retain(|_, f| now < f.until);
        if inner.firsts.len() >= FIRST_MAX
            && let Some(oldest) = inner.firsts.iter().min_by_key(|(_, f)| f.until).map(|(id, _)| *id)
        {
            inner.firsts.remove(&oldest);
        }
        inner.firsts.insert(hash(&id), First { account, told: told.clone(), until: now + FIRST_WITHIN_S });
        Ok((id, told))
    }

    /// What is being set up under that, to be shown once more.
    pub fn first_told(&self, waits: &str, now: At) -> Option<Changed> {
        self.inner().firsts.get(&hash(waits)).filter(|f| now < f.until).map(|f| f.told.clone())
    }

    /// The authenticator has shown a code: the first account is kept.
    ///
    /// # Errors
    /// `Err(None)`: it took too long, or the code is wrong, by what is said; `Err(Some(_))`: it can't be kept.
    pub async fn first_confirmed(&self, waits: &str, typed: &str, now: At) -> Result<WhoId, (Denied, Option<Refused>)> {
        let mut account = match self.inner().firsts.get(&hash(waits)).filter(|f| now < f.until) {
            Some(first) => first.account.clone(),
            None => return Err((Denied::Over, None)),
        };
        let secret = hex::decode(&account.totp).unwrap_or_default();
        match totp::judge(&secret, typed, 0, now) {
            Code::Right(step) => account.last_step = step,
            Code::ClockOff(seconds) => return Err((Denied::ClockOff(seconds), None)),
            Code::Used | Code::Wrong => return Err((Denied::WrongCode, None)),
        }
        account.used = Some(now);
        let (accounts, id) = (self.accounts.clone(), account.id.clone());
        match tokio::task::spawn_blocking(move || accounts.add_account(account)).await {
            Ok(Ok(())) => {
                self.inner().firsts.clear();
                Ok(WhoId::Account(id))
            }
            Ok(Err(refused)) => Err((Denied::Wrong, Some(refused))),
            Err(_) => Err((Denied::Busy, None)),
        }
    }

    /// Makes a duty device of a browser: gives who it is, and what its cookie holds.
    ///
    /// # Errors
    /// The link is not good any more, or the disk does not take it.
    pub async fn enrol(&self, link: &str, now: At) -> Result<(Who, String), Refused> {
        let (accounts, link) = (self.accounts.clone(), link.to_owned());
        let busy = || crate::domain::incident::refused::refuse!(TooSlow {});
        let made = tokio::task::spawn_blocking(move || accounts.enrol(&link, now)).await.map_err(|_| busy())?;
        let (id, shown) = made?;
        let who = self.accounts.who(&WhoId::Device(id), now).ok_or_else(busy)?;
        Ok((who, shown))
    }
}

async fn hashed_is(hashed: Hashed, typed: String, permit: OwnedSemaphorePermit) -> bool {
    let work = tokio::task::spawn_blocking(move || {
        // Held until it is done, though nobody waits for it any more.
        let _permit = permit;
        hashed.is(&typed)
    });
    work.await.unwrap_or(false)
}
