//! Passkeys: where they are good, the challenges that are given out, and who comes in by one.
//!
//! A challenge says itself until when it is good and what for, under a key of this run: giving one out costs nothing, so nobody uses
//! them up. Only one that let somebody in, or added a passkey, is remembered until it ends: it is good once.

use std::collections::HashMap;
use std::io;
use std::net::IpAddr;
use std::str::FromStr;
use std::sync::{Arc, Mutex, PoisonError};

use axum::http::{HeaderMap, Uri, header};
use ring::hmac;

use super::{Auth, Denied, place};
use crate::accounts::WhoId;
use crate::accounts::passkey::{Lie, Place, Shown, base64url, made};
use crate::domain::incident::refused::{Refused, refuse};
use crate::domain::time::At;

/// A challenge is good for so many seconds (WebAuthn Level 3, 15.1: 300 to 600).
pub const CHALLENGE_S: u32 = 300;
/// Challenges that were used and have not ended; with more of them nobody comes in by a passkey until some have.
pub const CHALLENGES_USED_MAX: usize = 4_096;
const NONCE_BYTES: usize = 16;
const UNTIL_BYTES: usize = 8;

/// Under which address browsers reach the console.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct ConsoleUrl {
    origin: String,
    /// As browsers name it in `Host`.
    authority: String,
    /// Passkeys need a name, and TLS but for the machine itself (Secure Contexts, 3.1).
    passkeys: Option<Place>,
}

impl ConsoleUrl {
    /// As browsers write it: `https://konsol.region.example`.
    pub fn origin(&self) -> &str {
        &self.origin
    }
}

impl FromStr for ConsoleUrl {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let example = "write it as https://konsol.region.example";
        let uri: Uri = text.trim().parse().map_err(|_| example)?;
        let scheme = uri.scheme_str().filter(|s| ["http", "https"].contains(s)).ok_or(example)?;
        if !["", "/"].contains(&uri.path()) || uri.query().is_some() {
            return Err(format!("{example}, with nothing behind the host"));
        }
        let authority = uri.authority().filter(|a| !a.as_str().contains('@')).ok_or(example)?;
        let host = authority.host().to_ascii_lowercase();
        if host.is_empty() {
            return Err(example.into());
        }
        let usual = if scheme == "https" { 443 } else { 80 };
        let port = authority.port_u16().filter(|port| *port != usual).map(|port| format!(":{port}"));
        let authority = format!("{host}{}", port.unwrap_or_default());
        let is_here = host == "localhost" || host.ends_with(".localhost");
        let is_name = host.parse::<IpAddr>().is_err() && !host.starts_with('[') && !host.ends_with('.');
        let origin = format!("{scheme}://{authority}");
        let passkeys =
            (is_name && (scheme == "https" || is_here)).then(|| Place { rp_id: host.clone(), origin: origin.clone() });
        Ok(Self { origin, authority, passkeys })
    }
}

/// Where passkeys are good, seen from a request.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Passkeys {
    /// Where it was sent.
    Here(Place),
    /// At that address.
    At(String),
    /// The console has no name for them.
    Nowhere,
}

/// What a challenge is for.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Ceremony {
    /// To come in.
    ComeIn,
    /// To add a passkey to that account.
    Add(String),
}

/// Challenges that are out, without a list of them.
pub(super) struct Challenges {
    key: hmac::Key,
    used: Mutex<HashMap<[u8; NONCE_BYTES], At>>,
}

impl Challenges {
    pub(super) fn new() -> io::Result<Self> {
        let mut key = [0; 32];
        getrandom::fill(&mut key).map_err(io::Error::other)?;
        Ok(Self { key: hmac::Key::new(hmac::HMAC_SHA256, &key), used: Mutex::default() })
    }

    fn give(&self, of: &Ceremony, now: At) -> io::Result<Vec<u8>> {
        let mut challenge = vec![0; NONCE_BYTES];
        getrandom::fill(&mut challenge).map_err(io::Error::other)?;
        challenge.extend_from_slice(&(now + CHALLENGE_S).0.to_be_bytes());
        let tag = hmac::sign(&self.key, &signed(&challenge, of));
        challenge.extend_from_slice(tag.as_ref());
        Ok(challenge)
    }

    /// Whether it was given out for that, and is not over.
    fn is_good(&self, challenge: &[u8], of: &Ceremony, now: At) -> bool {
        let Some((head, tag)) = challenge.split_at_checked(NONCE_BYTES + UNTIL_BYTES) else { return false };
        if hmac::verify(&self.key, &signed(head, of), tag).is_err() {
            return false;
        }
        let (nonce, until) = head.split_at(NONCE_BYTES);
        let until = until.try_into().map(i64::from_be_bytes).map(At).unwrap_or_default();
        let used = self.used.lock().unwrap_or_else(PoisonError::into_inner);
        now < until && !used.keys().any(|kept| kept == nonce)
    }

    /// Uses one up that is good; whether it was the first to do so.
    fn use_up(&self, challenge: &[u8], now: At) -> bool {
        let Some(nonce) = challenge.first_chunk::<NONCE_BYTES>() else { return false };
        let mut used = self.used.lock().unwrap_or_else(PoisonError::into_inner);
        used.retain(|_, until| now < *until);
        used.len() < CHALLENGES_USED_MAX && used.insert(*nonce, now + CHALLENGE_S).is_none()
    }
}

fn signed(head: &[u8], of: &Ceremony) -> Vec<u8> {
    let (what, whose) = match of {
        Ceremony::ComeIn => (0, ""),
        Ceremony::Add(account) => (1, account.as_str()),
    };
    [head, &[what], whose.as_bytes()].concat()
}

impl Auth {
    /// Where browsers reach the console.
    #[must_use]
    pub fn reached_at(mut self, url: Option<ConsoleUrl>) -> Self {
        self.url = url;
        self
    }

    /// Where passkeys are good, seen from a request.
    pub fn passkeys(&self, headers: &HeaderMap) -> Passkeys {
        let Some(ConsoleUrl { authority, passkeys: Some(place), .. }) = &self.url else { return Passkeys::Nowhere };
        let host = headers.get(header::HOST).and_then(|v| v.to_str().ok());
        match host.is_some_and(|host| host.eq_ignore_ascii_case(authority)) {
            true => Passkeys::Here(place.clone()),
            false => Passkeys::At(place.origin.clone()),
        }
    }

    /// What an authenticator is to sign.
    ///
    /// # Errors
    /// The operating system gives no randomness.
    pub fn challenge(&self, of: &Ceremony, now: At) -> io::Result<String> {
        self.challenges.give(of, now).map(|challenge| base64url(&challenge))
    }

    /// Looks at a passkey: gives whose it is. A signature can't be guessed, so nobody is slowed here, and whoever guesses passwords
    /// from the same address shuts nobody out who has a passkey.
    ///
    /// # Errors
    /// It is not believed, with the account that it may be of; or that it was used can't be kept.
    pub async fn by_passkey(
        &self,
        at: Place,
        shown: Shown,
        from: Option<IpAddr>,
        now: At,
    ) -> Result<WhoId, (Option<String>, Denied)> {
        let (accounts, challenges) = (self.accounts.clone(), self.challenges.clone());
        let judged = tokio::task::spawn_blocking(move || {
            let mut given = Vec::new();
            let is_challenge = |challenge: &[u8]| {
                given = challenge.to_vec();
                challenges.is_good(challenge, &Ceremony::ComeIn, now)
            };
            let judged = accounts.by_passkey(&at, &shown, now, is_challenge)?;
            Ok::<_, Refused>(judged.and_then(|account| match challenges.use_up(&given, now) {
                true => Ok(account),
                false => Err((Some(account), Lie::Challenge)),
            }))
        });
        match judged.await {
            Ok(Ok(Ok(account))) => Ok(WhoId::Account(account)),
            Ok(Ok(Err((account, lie)))) => {
                let of = account.as_deref().unwrap_or("unknown");
                tracing::warn!(account = of, from = %self.id_of(place(from)), why = ?lie, "a passkey was refused");
                Err((account, Denied::WrongPasskey))
            }
            Ok(Err(_)) | Err(_) => Err((None, Denied::Busy)),
        }
    }

    /// Adds a passkey that an authenticator made to an account; gives its ID.
    ///
    /// # Errors
    /// It is not believed, is known already, or can't be kept.
    pub async fn add_passkey(
        &self,
        at: Place,
        account: &str,
        label: &str,
        (client, attestation): (Vec<u8>, Vec<u8>),
        now: At,
    ) -> Result<String, Refused> {
        let (accounts, challenges) = (self.accounts.clone(), Arc::clone(&self.challenges));
        let (account, label) = (account.to_owned(), label.to_owned());
        let added = tokio::task::spawn_blocking(move || {
            let (mut given, of) = (Vec::new(), Ceremony::Add(account.clone()));
            let judged = made(&at, &client, &attestation, |challenge| {
                given = challenge.to_vec();
                challenges.is_good(challenge, &of, now)
            });
            let judged = judged.and_then(|made| match challenges.use_up(&given, now) {
                true => Ok(made),
                false => Err(Lie::Challenge),
            });
            match judged {
                Ok(made) => accounts.add_passkey(&account, &label, &made, now),
                Err(lie) => {
                    tracing::warn!(%account, why = ?lie, "a passkey was not added");
                    Err(refuse!(BadPasskey {}))
                }
            }
        });
        added.await.unwrap_or_else(|_| Err(refuse!(TooSlow {})))
    }
}

#[cfg(test)]
#[path = "passkey_tests.rs"]
mod tests;
