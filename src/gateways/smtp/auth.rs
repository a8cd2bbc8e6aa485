//! Who we are to a server, for SMTP and IMAP alike: which mechanism is taken, whether the password may be shown, what is said in
//! each (RFC 4954); and when a login that was refused may be tried again. No IO.
//!
//! A directory locks an account after a handful of wrong passwords, and then nobody gets in, the right password
//! included. So the first login of a gateway is tried over one connection alone, and a refused one is not tried again
//! for [`WAIT_MIN_S`], then twice as long, up to [`WAIT_MAX_S`], unless the password has changed.

use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use base64::Engine;
use base64::engine::general_purpose::STANDARD as BASE64;
use hmac::{Hmac, KeyInit, Mac};
use md5::Md5;
use tokio::sync::MutexGuard;
use tokio::time::Instant;

use super::config::AuthBy;
use crate::gateways::Secret;

/// A refused login is not tried again for that long…
pub(super) const WAIT_MIN_S: u64 = 60;
/// …doubled each time, up to this: fewer than a directory's usual five tries in a quarter of an hour.
pub(super) const WAIT_MAX_S: u64 = 600;

/// Mechanisms that a server offers.
#[derive(Clone, Copy, Default)]
pub(super) struct Offered {
    pub plain: bool,
    pub login: bool,
    pub cram_md5: bool,
    pub xoauth2: bool,
}

impl Offered {
    /// The mechanism that is taken, of what the server offers when none is configured; and whether it is offered.
    pub fn choose(self, wanted: AuthBy) -> (AuthBy, bool) {
        let by = match wanted {
            AuthBy::Auto if self.plain => AuthBy::Plain,
            AuthBy::Auto if self.login => AuthBy::Login,
            AuthBy::Auto => AuthBy::CramMd5,
            by => by,
        };
        let offered = match by {
            AuthBy::Plain => self.plain,
            AuthBy::Login => self.login,
            AuthBy::Auto | AuthBy::CramMd5 => self.cram_md5,
            AuthBy::Xoauth2 => self.xoauth2,
        };
        (by, offered)
    }
}

/// Whether a password may be shown in that way over a connection.
///
/// # Errors
/// Somebody could read it.
pub(super) fn may_show(by: AuthBy, is_protected: bool, is_loopback: bool) -> Result<(), &'static str> {
    if is_protected || is_loopback || by == AuthBy::CramMd5 {
        return Ok(());
    }
    Err("the connection is not protected; the password was not sent")
}

/// The response of PLAIN (RFC 4616).
pub(super) fn plain(user: &str, password: &Secret) -> String {
    BASE64.encode(format!("\0{user}\0{}", password.expose()))
}

/// The two responses of LOGIN, whatever the server asks in between.
pub(super) fn login(user: &str, password: &Secret) -> [String; 2] {
    [user, password.expose()].map(|word| BASE64.encode(word))
}

/// The response of XOAUTH2.
pub(super) fn xoauth2(user: &str, token: &Secret) -> String {
    BASE64.encode(format!("user={user}\x01auth=Bearer {}\x01\x01", token.expose()))
}

/// The response of CRAM-MD5 to what the server sent (RFC 2195 2). `None`: its challenge is not base64.
pub(super) fn cram_md5(user: &str, password: &Secret, challenge: &str) -> Option<String> {
    let challenge = BASE64.decode(challenge.trim()).ok()?;
    let mut mac = <Hmac<Md5> as KeyInit>::new_from_slice(password.expose().as_bytes()).ok()?;
    mac.update(&challenge);
    let digest = hex::encode(mac.finalize().into_bytes());
    Some(BASE64.encode(format!("{user} {digest}")))
}

/// What is known of a login.
#[derive(Default)]
struct Known {
    /// It worked, and was not refused since.
    proven: bool,
    refused: Option<Refused>,
}

struct Refused {
    cause: String,
    password: Secret,
    times: u32,
    until: Instant,
}

/// Keeps a wrong password from being tried again and again, by all connections at once.
#[derive(Default)]
pub(super) struct LoginGate {
    known: Mutex<Known>,
    alone: tokio::sync::Mutex<()>,
}

/// The right to try. While it is held by a login that was never proven, nobody else tries.
pub(super) struct Turn<'g>(#[expect(dead_code, reason = "held")] Option<MutexGuard<'g, ()>>);

impl LoginGate {
    fn known(&self) -> std::sync::MutexGuard<'_, Known> {
        self.known.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Whether that password may be tried now.
    ///
    /// # Errors
    /// What the server said when it was refused, and when it is tried again.
    pub fn may(&self, password: &Secret, now: Instant) -> Result<(), String> {
        match &self.known().refused {
            Some(r) if r.password == *password && now < r.until => {
                let left = r.until.saturating_duration_since(now).as_secs() + 1;
                Err(format!("{}; not tried again for {left} s, so that the account is not locked", r.cause))
            }
            _ => Ok(()),
        }
    }

    /// Waits until one may try.
    ///
    /// # Errors
    /// As [`LoginGate::may`]: somebody else has tried meanwhile.
    pub async fn turn(&self, password: &Secret) -> Result<Turn<'_>, String> {
        let alone = if self.known().proven { None } else { Some(self.alone.lock().await) };
        self.may(password, Instant::now())?;
        Ok(Turn(alone.filter(|_| !self.known().proven)))
    }

    /// It worked.
    pub fn worked(&self) {
        *self.known() = Known { proven: true, refused: None };
    }

    /// It was refused, in those words.
    pub fn refused(&self, cause: String, password: Secret, now: Instant) {
        let mut known = self.known();
        known.proven = false;
        let times = known.refused.as_ref().filter(|r| r.password == password).map_or(0, |r| r.times);
        let wait = WAIT_MIN_S.saturating_mul(1 << times.min(16)).min(WAIT_MAX_S);
        let until = now + Duration::from_secs(wait);
        known.refused = Some(Refused { cause, password, times: times.saturating_add(1), until });
    }
}

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, reason = "tests")]
    use super::*;

    #[test]
    fn responses_byte_for_byte() {
        let secret = Secret::new("å");
        assert_eq!(plain("larm", &secret), "AGxhcm0Aw6U=");
        assert_eq!(login("larm", &secret), ["bGFybQ==", "w6U="]);
        // RFC 2195 2, the example.
        let challenge = "PDE4OTYuNjk3MTcwOTUyQHBvc3RvZmZpY2UucmVzdG9uLm1jaS5uZXQ+";
        let response = cram_md5("tim", &Secret::new("tanstaaftanstaaf"), challenge);
        assert_eq!(response.as_deref(), Some("dGltIGI5MTNhNjAyYzdlZGE3YTQ5NWI0ZTZlNzMzNGQzODkw"));
        assert_eq!(cram_md5("tim", &secret, "no base 64"), None);
        // The example of Google's description of XOAUTH2.
        let token = Secret::new("ya29.vF9dft4qmTc2Nvb3RlckBhdHRhdmlzdGEuY29tCg");
        let expected = "dXNlcj1zb21ldXNlckBleGFtcGxlLmNvbQFhdXRoPUJlYXJlciB5YTI5LnZGOWRmdDRxbVRjMk52YjNSbGNrQmhkSFJoZG1semRHRXVZMjl0Q2cBAQ==";
        assert_eq!(xoauth2("someuser@example.com", &token), expected);
    }

    #[tokio::test(start_paused = true)]
    async fn a_wrong_password_waits_longer_each_time_and_a_new_one_does_not() {
        let gate = LoginGate::default();
        let (wrong, right) = (Secret::new("fel"), Secret::new("rätt"));
        for wait in [60, 120, 240, 480, 600, 600] {
            let turn = gate.turn(&wrong).await.unwrap();
            gate.refused("AUTH: 535 no".into(), wrong.clone(), Instant::now());
            drop(turn);
            let why = gate.turn(&wrong).await.err().unwrap();
            assert!(why.starts_with("AUTH: 535 no; not tried again for "), "{why}");
            tokio::time::advance(Duration::from_secs(wait - 1)).await;
            assert!(gate.may(&wrong, Instant::now()).is_err(), "{wait}");
            assert!(gate.may(&right, Instant::now()).is_ok());
            tokio::time::advance(Duration::from_secs(1)).await;
        }
        gate.worked();
        assert!(gate.may(&wrong, Instant::now()).is_ok());
    }

    #[tokio::test(start_paused = true)]
    async fn the_first_login_is_tried_by_one_alone() {
        let gate = std::sync::Arc::new(LoginGate::default());
        let password = Secret::new("x");
        let first = gate.turn(&password).await.unwrap();
        let other = {
            let (gate, password) = (gate.clone(), password.clone());
            tokio::spawn(async move { gate.turn(&password).await.is_err() })
        };
        tokio::task::yield_now().await;
        assert!(!other.is_finished(), "it waits");
        gate.refused("AUTH: 535".into(), password.clone(), Instant::now());
        drop(first);
        assert!(other.await.unwrap(), "and is told what the first was told");
        gate.worked();
        let _beside = (gate.turn(&password).await.unwrap(), gate.turn(&password).await.unwrap());
    }
}
