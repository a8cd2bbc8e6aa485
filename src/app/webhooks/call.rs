//! One call: what it says, how it is signed (Standard Webhooks 1.0.0), and whether it was taken.
//!
//! Whatever is not answered by 2xx in time was not taken, and is called again; why, is for people. There is no refusal for good: calls are
//! made alike, so that a far end which refuses one refuses all, and it is mended there.

use std::time::Duration;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use jiff::Timestamp;
use reqwest::header::{CONTENT_TYPE, DATE, RETRY_AFTER};
use reqwest::redirect::Policy;
use ring::hmac;
use serde::Serialize;
use serde_json::json;

use crate::api::{Happened, VERSION};
use crate::bounded::{no_answer, read_body, read_ca_file};
use crate::config::Webhook;
use crate::domain::time::At;
use crate::gateways::Boxed;
use crate::gateways::http_api::answer::retry_after_s;
use crate::yaml::Secret;

/// What secrets begin with.
const PREFIX: &str = "whsec_";
/// The fewest and the most octets of a secret.
const SECRET_OCTETS: std::ops::RangeInclusive<usize> = 24..=64;
/// What is read of an answer, so that its connection can be used again.
const ANSWER_BYTES_MAX: usize = 16 * 1024;

/// What is said.
pub struct Call {
    /// The same each time that it is said.
    pub id: String,
    pub body: String,
}

impl Call {
    /// Of what happened.
    pub fn of(event: &Happened) -> Self {
        Self::new(&event.kind, event.seq, event.at, event)
    }

    /// Of anything.
    pub fn new(kind: &str, seq: u64, at: At, data: &impl Serialize) -> Self {
        // A journal that was begun anew counts from the start: the time tells its numbers from those before.
        let id = format!("{kind}_{seq}_{}", at.0);
        Self { id, body: json!({ "type": kind, "timestamp": at, "data": data }).to_string() }
    }
}

/// Why a call was not taken.
#[derive(Debug)]
pub struct NotTaken {
    pub why: String,
    /// The far end asks for that.
    pub retry_after: Option<Duration>,
}

/// Whoever is told.
pub trait FarEnd: Send + Sync {
    /// Says it once.
    ///
    /// # Errors
    /// It was not taken, as far as is known.
    fn take<'a>(&'a self, call: &'a Call, now: Timestamp) -> Boxed<'a, Result<(), NotTaken>>;
}

/// A program behind HTTP.
pub struct HttpEnd {
    url: String,
    keys: Vec<hmac::Key>,
    client: reqwest::Client,
}

impl HttpEnd {
    /// As it is configured. Calls nobody.
    ///
    /// # Errors
    /// In words, with what to do.
    pub fn new(webhook: &Webhook) -> Result<Self, String> {
        let secrets = [("secret", Some(&webhook.secret)), ("secret_before", webhook.secret_before.as_ref())];
        let keys = secrets.into_iter().filter_map(|(what, secret)| Some((what, secret?)));
        let keys = keys.map(|(what, secret)| key(what, &secret.read(what, webhook.base.as_deref())?));
        let keys = keys.collect::<Result<_, String>>()?;
        let mut builder = reqwest::Client::builder()
            .timeout(Duration::from_secs(webhook.timeout_s.max(1).into()))
            .redirect(Policy::none())
            .user_agent(format!("vardkase/{VERSION}"))
            .no_proxy();
        if let Some(file) = &webhook.ca_file {
            let all = read_ca_file(file).map_err(|e| format!("ca_file: {e}"))?;
            builder = builder.tls_certs_only(all);
        }
        let client = builder.build().map_err(|e| format!("HTTP client: {e}"))?;
        Ok(Self { url: webhook.url.clone(), keys, client })
    }

    async fn post(&self, call: &Call, now: Timestamp) -> Result<(), NotTaken> {
        let second = now.as_second();
        let request = self
            .client
            .post(&self.url)
            .header(CONTENT_TYPE, "application/json")
            .header("webhook-id", &call.id)
            .header("webhook-timestamp", second)
            .header("webhook-signature", signatures(&self.keys, call, second))
            .body(call.body.clone());
        let answer = request.send().await.map_err(|e| NotTaken { why: no_answer(&e).into(), retry_after: None })?;
        let status = answer.status();
        let header = |name| answer.headers().get(name).and_then(|value| value.to_str().ok());
        let retry_after = header(RETRY_AFTER).and_then(|after| retry_after_s(after, header(DATE)));
        let retry_after = retry_after.map(|s| Duration::from_secs(s.into()));
        // What it says besides is nobody's business.
        let _ = read_body(answer, ANSWER_BYTES_MAX).await;
        match status.is_success() {
            true => Ok(()),
            false => Err(NotTaken { why: format!("it answered HTTP {}", status.as_u16()), retry_after }),
        }
    }
}

impl FarEnd for HttpEnd {
    fn take<'a>(&'a self, call: &'a Call, now: Timestamp) -> Boxed<'a, Result<(), NotTaken>> {
        Box::pin(self.post(call, now))
    }
}

/// The key of a secret in its written form.
fn key(what: &str, secret: &Secret) -> Result<hmac::Key, String> {
    let octets = secret.expose().trim().strip_prefix(PREFIX).and_then(|text| STANDARD.decode(text).ok());
    let octets = octets.filter(|octets| SECRET_OCTETS.contains(&octets.len()));
    octets.map(|octets| hmac::Key::new(hmac::HMAC_SHA256, &octets)).ok_or_else(|| {
        let (least, most) = (SECRET_OCTETS.start(), SECRET_OCTETS.end());
        format!(
            "its {what} is not {PREFIX} and {least} to {most} octets in Base64; make one: printf 'whsec_%s' \"$(openssl rand -base64 32)\""
        )
    })
}

/// The signatures of a call, one by each key.
fn signatures(keys: &[hmac::Key], call: &Call, second: i64) -> String {
    let signed = format!("{}.{second}.{}", call.id, call.body);
    let all = keys.iter().map(|key| format!("v1,{}", STANDARD.encode(hmac::sign(key, signed.as_bytes()))));
    all.collect::<Vec<_>>().join(" ")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_call_is_signed_as_the_standard_says() {
        // The example of the standard's own libraries.
        let secret = Secret::new("whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw");
        let call = Call { id: "msg_p5jXN8AQM9LWM0D4loKWxJek".into(), body: r#"{"test": 2432232314}"#.into() };
        let keys = [key("secret", &secret).expect("a key")];
        assert_eq!(signatures(&keys, &call, 1_614_265_330), "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=");
    }

    #[test]
    fn a_secret_that_can_be_guessed_is_none() {
        for bad in ["", "hemligt", "whsec_", "whsec_aGVtbGlndA==", "MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw", "whsec_å"] {
            let why = key("secret", &Secret::new(bad)).expect_err(bad);
            assert!(why.starts_with("its secret is not whsec_") && !why.contains("hemligt"), "{why}");
        }
        assert!(key("secret", &Secret::new(format!("whsec_{}", STANDARD.encode([1; 65])))).is_err());
    }
}
