//! Sign-in at a provider of the house (OpenID Connect Core 1.0; authorization code with PKCE, RFC 7636). It stands beside accounts of
//! this machine and never in their way: the provider is asked when somebody presses its button, by requests that end soon.
//!
//! What a sign-in waits with lies in its browser, under a key of this run: whoever begins many uses nothing up. Who comes in is an ID
//! made of what the provider calls him; what that one may, only the file says.
//!
//! Must not: believe a provider by its name; read what it says beyond a limit; log a person, a group or a token.

mod id_token;
mod settings;

use std::collections::BTreeSet;
use std::time::Duration;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use reqwest::redirect::Policy;
use ring::hmac;
use serde::Deserialize;
use serde_json::Value;
use sha2::{Digest, Sha256};
use tokio::sync::{Mutex, Semaphore};
use tokio::time::{Instant, timeout};

use crate::accounts::passkey::{base64url, from_base64url};
use crate::accounts::{Functions, Right, Who, WhoId};
use crate::bounded::{read_body, read_ca_file};
use crate::domain::time::At;
use id_token::{Expected, Key, Not, Person};
#[cfg(any(test, feature = "internals"))]
pub use settings::Group;
pub use settings::Settings;
use settings::secure;

/// Where the provider leads a browser back.
pub const BACK_PATH: &str = "/sign-in/oidc/back";
/// What stands before the ID of who comes in by a provider; no account of this machine can be called so.
pub const OUTSIDE: &str = "oidc:";
/// A sign-in at the provider may take so many seconds.
pub const SIGN_IN_S: u32 = 600;
/// A provider is waited for so long, for all that one step asks of it.
const STEP_TIMEOUT: Duration = Duration::from_secs(8);
/// One request.
const REQUEST_TIMEOUT: Duration = Duration::from_secs(4);
/// To connect and secure.
const CONNECT_TIMEOUT: Duration = Duration::from_secs(3);
/// The most that is read of an answer.
const ANSWER_BYTES_MAX: usize = 256 * 1024;
/// Sign-ins that wait for the provider at one time; one more is told to come again.
const STEPS_MAX: usize = 32;
/// Where the provider's parts are is asked anew after that: nobody is led to one that is down.
const METADATA_FOR: Duration = Duration::from_secs(10);
/// Its keys are asked for anew after that.
const KEYS_FOR: Duration = Duration::from_secs(3600);
/// A provider that did not answer is not asked again within that.
const FAILED_FOR: Duration = Duration::from_secs(5);
/// Keys are asked for again because one is not known, once in that.
const KEYS_AGAIN: Duration = Duration::from_secs(60);
const STATE_BYTES: usize = 16;
const UNTIL_BYTES: usize = 8;
const TAG_BYTES: usize = 32;

/// Why nobody comes in.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Trouble {
    /// It can't be reached, answers too late, or that it can't.
    Down,
    /// What it says can't be believed.
    Lies,
    /// It was told to stop, there.
    Stopped,
    /// It took too long, or another browser began it.
    Over,
    /// It is somebody, of no group that may come in here.
    NoGroup(WhoId),
}

/// What the provider says of itself (Discovery 1.0, 3).
#[derive(Clone, Deserialize)]
struct Metadata {
    issuer: String,
    authorization_endpoint: String,
    token_endpoint: String,
    jwks_uri: String,
    #[serde(default)]
    token_endpoint_auth_methods_supported: Vec<String>,
}

/// What is known of it by now.
#[derive(Default)]
struct Known {
    metadata: Option<(Metadata, Instant)>,
    keys: Option<(Vec<Key>, Instant)>,
    failed: Option<Instant>,
}

/// How a browser came back (RFC 6749, 4.1.2; RFC 9207).
#[derive(Deserialize, Default)]
pub struct Back {
    code: Option<String>,
    state: Option<String>,
    iss: Option<String>,
    error: Option<String>,
}

/// A provider of sign-in.
pub struct Provider {
    settings: Settings,
    redirect_uri: String,
    http: reqwest::Client,
    key: hmac::Key,
    known: Mutex<Known>,
    steps: Semaphore,
}

impl std::fmt::Debug for Provider {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Provider(…)")
    }
}

impl Provider {
    /// One that leads back to the console at that origin. Nothing is asked yet.
    ///
    /// # Errors
    /// Its CA file can't be used, or there is no randomness.
    pub fn new(settings: Settings, console: &str) -> Result<Self, String> {
        let builder = reqwest::Client::builder().no_proxy().redirect(Policy::none());
        let mut builder = builder.connect_timeout(CONNECT_TIMEOUT).timeout(REQUEST_TIMEOUT);
        if let Some(file) = &settings.ca_file {
            builder = builder.tls_certs_only(read_ca_file(file).map_err(|e| format!("ca_file: {e}"))?);
        }
        let mut key = [0; 32];
        getrandom::fill(&mut key).map_err(|e| e.to_string())?;
        Ok(Self {
            settings,
            redirect_uri: format!("{console}{BACK_PATH}"),
            http: builder.build().map_err(|e| format!("HTTP client: {e}"))?,
            key: hmac::Key::new(hmac::HMAC_SHA256, &key),
            known: Mutex::default(),
            steps: Semaphore::new(STEPS_MAX),
        })
    }

    /// What it is called on its button.
    pub fn name(&self) -> &str {
        &self.settings.name
    }

    /// Begins a sign-in that leads to that path: gives where the browser goes, and what it keeps meanwhile.
    ///
    /// # Errors
    /// The provider does not answer, or can't be believed.
    pub async fn begin(&self, next: &str, now: At) -> Result<(String, String), Trouble> {
        let metadata = self.step(self.metadata()).await?;
        let mut state = [0; STATE_BYTES];
        getrandom::fill(&mut state).map_err(|_| Trouble::Down)?;
        let mut kept = [&state[..], &(now + SIGN_IN_S).0.to_be_bytes(), next.as_bytes()].concat();
        let tag = hmac::sign(&self.key, &[b"kept", &kept[..]].concat());
        kept.extend_from_slice(tag.as_ref());
        let mut to = secure(&metadata.authorization_endpoint).ok_or(Trouble::Lies)?;
        let scopes = ["openid"].into_iter().chain(self.settings.scopes.iter().map(String::as_str));
        to.query_pairs_mut()
            .append_pair("response_type", "code")
            .append_pair("client_id", &self.settings.client_id)
            .append_pair("redirect_uri", &self.redirect_uri)
            .append_pair("scope", &scopes.collect::<Vec<_>>().join(" "))
            .append_pair("state", &base64url(&state))
            .append_pair("nonce", &self.derived("nonce", &state))
            // RFC 7636, 4.2.
            .append_pair("code_challenge", &base64url(&Sha256::digest(self.derived("verifier", &state))))
            .append_pair("code_challenge_method", "S256");
        Ok((to.into(), base64url(&kept)))
    }

    /// Ends a sign-in: gives who it is, what that one may, and where it leads. `kept`: what the browser kept meanwhile.
    ///
    /// # Errors
    /// See [`Trouble`].
    pub async fn end(&self, kept: &str, back: &Back, now: At) -> Result<(Who, String), Trouble> {
        let (state, next) = self.kept(kept, now).ok_or(Trouble::Over)?;
        // Who did not begin it here is led into nobody's session.
        if back.state.as_deref() != Some(&*base64url(&state)) {
            return Err(Trouble::Over);
        }
        if back.iss.as_ref().is_some_and(|iss| *iss != self.settings.issuer) {
            return Err(self.lies("another issuer answers"));
        }
        let code = match (&back.error, &back.code) {
            (Some(error), _) if error == "server_error" || error == "temporarily_unavailable" => {
                return Err(Trouble::Down);
            }
            (Some(_), _) => return Err(Trouble::Stopped),
            (None, Some(code)) => code,
            (None, None) => return Err(self.lies("no code")),
        };
        let token = self.step(self.exchanged(code, &state)).await?;
        let person = self.step(self.believed(&token, &state, now)).await?;
        let id = WhoId::Account(self.id_of(&person.subject));
        let (rights, functions): (BTreeSet<Right>, Functions) =
            self.settings.granted(&person.groups).ok_or_else(|| Trouble::NoGroup(id.clone()))?;
        Ok((Who { id, rights, functions }, next))
    }

    /// The same for the same person each time, and nothing that tells who it is.
    fn id_of(&self, subject: &str) -> String {
        let mut hash = Sha256::new();
        hash.update(self.settings.issuer.as_bytes());
        hash.update([0]);
        hash.update(subject.as_bytes());
        format!("{OUTSIDE}{}", hex::encode(&hash.finalize()[..8]))
    }

    /// One secret of a sign-in; without the key nobody can tell it from its state.
    fn derived(&self, what: &str, state: &[u8]) -> String {
        base64url(hmac::sign(&self.key, &[what.as_bytes(), state].concat()).as_ref())
    }

    fn kept(&self, text: &str, now: At) -> Option<([u8; STATE_BYTES], String)> {
        let all = from_base64url(text)?;
        let (head, tag) = all.split_at_checked(all.len().checked_sub(TAG_BYTES)?)?;
        hmac::verify(&self.key, &[b"kept", head].concat(), tag).ok()?;
        let (state, rest) = head.split_first_chunk::<STATE_BYTES>()?;
        let (until, next) = rest.split_first_chunk::<UNTIL_BYTES>()?;
        let next = String::from_utf8(next.to_vec()).ok()?;
        (now.0 < i64::from_be_bytes(*until)).then_some((*state, next))
    }

    /// Not too many wait for it, and none for long.
    async fn step<T>(&self, work: impl Future<Output = Result<T, Trouble>>) -> Result<T, Trouble> {
        let Ok(_turn) = self.steps.try_acquire() else { return Err(Trouble::Down) };
        timeout(STEP_TIMEOUT, work).await.unwrap_or_else(|_| {
            tracing::warn!("the provider of sign-in answers too late");
            Err(Trouble::Down)
        })
    }

    fn lies(&self, why: &'static str) -> Trouble {
        tracing::warn!(why, "the provider of sign-in was not believed");
        Trouble::Lies
    }

    /// Where its parts are.
    async fn metadata(&self) -> Result<Metadata, Trouble> {
        let mut known = self.known.lock().await;
        if let Some((metadata, at)) = &known.metadata
            && at.elapsed() < METADATA_FOR
        {
            return Ok(metadata.clone());
        }
        if known.failed.is_some_and(|at| at.elapsed() < FAILED_FOR) {
            return Err(Trouble::Down);
        }
        // Discovery 1.0, 4.1.
        known.failed = Some(Instant::now());
        let url = format!("{}/.well-known/openid-configuration", self.settings.issuer.trim_end_matches('/'));
        let read = self.asked(self.http.get(url)).await?;
        let metadata: Metadata = serde_json::from_value(read).map_err(|_| self.lies("its configuration"))?;
        // 4.3: byte for byte.
        if metadata.issuer != self.settings.issuer {
            return Err(self.lies("its configuration is of another issuer"));
        }
        let parts = [&metadata.authorization_endpoint, &metadata.token_endpoint, &metadata.jwks_uri];
        if parts.into_iter().any(|part| secure(part).is_none()) {
            return Err(self.lies("a part of it is not secured"));
        }
        known.failed = None;
        known.metadata = Some((metadata.clone(), Instant::now()));
        Ok(metadata)
    }

    /// The ID token for a code (Core, 3.1.3).
    async fn exchanged(&self, code: &str, state: &[u8]) -> Result<String, Trouble> {
        let metadata = self.metadata().await?;
        let verifier = self.derived("verifier", state);
        let mut form = vec![
            ("grant_type", "authorization_code"),
            ("code", code),
            ("redirect_uri", &self.redirect_uri),
            ("code_verifier", &verifier),
        ];
        let secret = match &self.settings.secret {
            Some(secret) => Some(secret.now().await),
            None => None,
        };
        let methods = &metadata.token_endpoint_auth_methods_supported;
        let has = |method: &str| methods.iter().any(|m| m == method);
        // RFC 8414, 2: without a word on it, Basic.
        let basic = has("client_secret_basic") || !has("client_secret_post");
        let mut request = self.http.post(&metadata.token_endpoint);
        match &secret {
            Some(secret) if basic => {
                // RFC 6749, 2.3.1.
                let [id, secret] = [&*self.settings.client_id, secret.expose()]
                    .map(|text| form_urlencoded::byte_serialize(text.as_bytes()).collect::<String>());
                let basic = STANDARD.encode(format!("{id}:{secret}"));
                request = request.header("authorization", format!("Basic {basic}"));
            }
            Some(secret) => form.extend([("client_id", &*self.settings.client_id), ("client_secret", secret.expose())]),
            None => form.push(("client_id", &self.settings.client_id)),
        }
        let read = self.asked(request.form(&form)).await?;
        let token = read.get("id_token").and_then(Value::as_str);
        token.map(str::to_owned).ok_or_else(|| self.lies("no ID token"))
    }

    async fn believed(&self, token: &str, state: &[u8], now: At) -> Result<Person, Trouble> {
        let nonce = self.derived("nonce", state);
        let expected = Expected {
            issuer: &self.settings.issuer,
            client_id: &self.settings.client_id,
            nonce: &nonce,
            groups_claim: &self.settings.groups_claim,
            now,
        };
        let judge = |keys: &[Key]| match id_token::believed(token, keys, &expected) {
            Ok(person) => Ok(Some(person)),
            Err(Not::Known) => Ok(None),
            Err(Not::True(lie)) => {
                tracing::warn!(why = ?lie, "an ID token was not believed");
                Err(Trouble::Lies)
            }
        };
        if let Some(person) = judge(&self.keys(KEYS_FOR).await?)? {
            return Ok(person);
        }
        // It may have changed its keys.
        let person = judge(&self.keys(KEYS_AGAIN).await?)?;
        person.ok_or_else(|| self.lies("a key that is not its own"))
    }

    /// Its keys, not older than that.
    async fn keys(&self, age_max: Duration) -> Result<Vec<Key>, Trouble> {
        let uri = self.metadata().await?.jwks_uri;
        let mut known = self.known.lock().await;
        if let Some((keys, at)) = &known.keys
            && at.elapsed() < age_max
        {
            return Ok(keys.clone());
        }
        let read = self.asked(self.http.get(uri)).await?;
        let keys = id_token::keys(&read).ok_or_else(|| self.lies("its keys"))?;
        known.keys = Some((keys.clone(), Instant::now()));
        Ok(keys)
    }

    /// What it answers, as JSON.
    async fn asked(&self, request: reqwest::RequestBuilder) -> Result<Value, Trouble> {
        let answer = request.header("accept", "application/json").send().await.map_err(|error| {
            tracing::warn!(why = %crate::bounded::innermost(&error), "the provider of sign-in does not answer");
            Trouble::Down
        })?;
        let status = answer.status();
        if !status.is_success() {
            tracing::warn!(status = status.as_u16(), "the provider of sign-in refuses");
            return Err(if status.is_server_error() { Trouble::Down } else { Trouble::Lies });
        }
        let body = read_body(answer, ANSWER_BYTES_MAX).await.map_err(|error| match error {
            crate::bounded::BodyError::TooLong(_) => self.lies("an answer that is too long"),
            crate::bounded::BodyError::BrokeOff(_) => Trouble::Down,
        })?;
        serde_json::from_slice(&body).map_err(|_| self.lies("no JSON"))
    }
}

#[cfg(test)]
mod tests;
