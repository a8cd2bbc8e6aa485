//! ID tokens (OpenID Connect Core 1.0, 2 and 3.1.3.7; RFC 7515, 7517, 7519): what is looked at before one is believed, and nothing
//! that asks anybody. RS256 and ES256 alone: whoever signs with less, or with a secret that we hold too, signs nothing here.
//!
//! `jsonwebtoken` has left ring, and brings 25 packages of another family; the signatures are ring's here as they are for passkeys.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use ring::signature::{ECDSA_P256_SHA256_FIXED, RSA_PKCS1_2048_8192_SHA256};
use ring::signature::{RsaPublicKeyComponents, UnparsedPublicKey};
use serde::Deserialize;
use serde_json::{Map, Value};

use crate::domain::time::At;

/// Longest ID token, in bytes.
pub const TOKEN_BYTES_MAX: usize = 64 * 1024;
/// Keys of a provider that are looked at.
pub const KEYS_MAX: usize = 64;
/// Groups of one person that are read.
pub const GROUPS_READ_MAX: usize = 1_000;
/// So far the provider's clock may be off, in seconds.
const SKEW_S: i64 = 60;
/// A token is at most so old, in seconds.
const AGE_S: i64 = 600;
/// Longest name of a person at the provider, in bytes (Core, 2: 255).
const SUBJECT_BYTES_MAX: usize = 255;

/// What must stand in it.
pub struct Expected<'a> {
    pub issuer: &'a str,
    pub client_id: &'a str,
    pub nonce: &'a str,
    pub groups_claim: &'a str,
    pub now: At,
}

/// What it says of somebody.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Person {
    /// Who it is, for this provider alone.
    pub subject: String,
    pub groups: Vec<String>,
}

/// Why it is not believed. For the log.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Lie {
    Form,
    Algorithm,
    Signature,
    Issuer,
    Audience,
    Party,
    Expired,
    Issued,
    Nonce,
    Subject,
}

/// Why not: the key that signed it is not known (a provider changes its keys), or it lies.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Not {
    Known,
    True(Lie),
}

impl From<Lie> for Not {
    fn from(lie: Lie) -> Self {
        Self::True(lie)
    }
}

/// A key of the provider (RFC 7517, 4; RFC 7518, 6).
#[derive(Clone, Deserialize)]
pub struct Key {
    kty: String,
    kid: Option<String>,
    alg: Option<String>,
    r#use: Option<String>,
    crv: Option<String>,
    n: Option<String>,
    e: Option<String>,
    x: Option<String>,
    y: Option<String>,
}

/// Those of a key set that can be read; others are for others.
pub fn keys(set: &Value) -> Option<Vec<Key>> {
    let all = set.get("keys")?.as_array()?;
    Some(all.iter().take(KEYS_MAX).filter_map(|key| Key::deserialize(key).ok()).collect())
}

#[derive(Deserialize)]
struct Header {
    alg: String,
    kid: Option<String>,
    crit: Option<Value>,
}

impl Key {
    fn is_for(&self, header: &Header) -> bool {
        let kind = if header.alg == "RS256" { "RSA" } else { "EC" };
        self.kty == kind
            && self.alg.as_ref().is_none_or(|alg| *alg == header.alg)
            && self.r#use.as_ref().is_none_or(|to| to == "sig")
            && (header.kid.is_none() || self.kid == header.kid)
    }

    fn signed(&self, message: &[u8], signature: &[u8]) -> bool {
        let bytes = |text: &Option<String>| URL_SAFE_NO_PAD.decode(text.as_deref().unwrap_or("")).unwrap_or_default();
        let judged = match (self.kty.as_str(), self.crv.as_deref()) {
            ("RSA", _) => {
                let key = RsaPublicKeyComponents { n: bytes(&self.n), e: bytes(&self.e) };
                key.verify(&RSA_PKCS1_2048_8192_SHA256, message, signature)
            }
            ("EC", Some("P-256")) => {
                let (x, y) = (bytes(&self.x), bytes(&self.y));
                let point = [&[4][..], &x, &y].concat();
                UnparsedPublicKey::new(&ECDSA_P256_SHA256_FIXED, point).verify(message, signature)
            }
            _ => return false,
        };
        judged.is_ok()
    }
}

/// Believes a token, or says why not; numbers are those of Core, 3.1.3.7.
///
/// # Errors
/// See [`Not`].
pub fn believed(token: &str, keys: &[Key], expected: &Expected<'_>) -> Result<Person, Not> {
    if token.len() > TOKEN_BYTES_MAX {
        return Err(Lie::Form.into());
    }
    let mut parts = token.split('.');
    let (Some(head), Some(body), Some(tag), None) = (parts.next(), parts.next(), parts.next(), parts.next()) else {
        return Err(Lie::Form.into());
    };
    let decoded = |text: &str| URL_SAFE_NO_PAD.decode(text).map_err(|_| Lie::Form);
    let header: Header = serde_json::from_slice(&decoded(head)?).map_err(|_| Lie::Form)?;
    // 7, 8: never `none`, never a secret of ours. RFC 7515, 4.1.11: what must be understood is not.
    if !["RS256", "ES256"].contains(&header.alg.as_str()) || header.crit.is_some() {
        return Err(Lie::Algorithm.into());
    }
    let mut fit = keys.iter().filter(|key| key.is_for(&header)).peekable();
    if fit.peek().is_none() {
        return Err(Not::Known);
    }
    // 6.
    let (message, signature) = (&token[..head.len() + 1 + body.len()], decoded(tag)?);
    if !fit.any(|key| key.signed(message.as_bytes(), &signature)) {
        return Err(Lie::Signature.into());
    }
    let claims: Map<String, Value> = serde_json::from_slice(&decoded(body)?).map_err(|_| Lie::Form)?;
    Ok(person(&claims, expected)?)
}

fn person(claims: &Map<String, Value>, expected: &Expected<'_>) -> Result<Person, Lie> {
    let text = |name: &str| claims.get(name).and_then(Value::as_str);
    // 2.
    if text("iss") != Some(expected.issuer) {
        return Err(Lie::Issuer);
    }
    // 3.
    let audience = texts(claims.get("aud"));
    if !audience.iter().any(|of| of == expected.client_id) {
        return Err(Lie::Audience);
    }
    // 4, 5.
    match claims.get("azp") {
        Some(party) if party.as_str() != Some(expected.client_id) => return Err(Lie::Party),
        None if audience.len() > 1 => return Err(Lie::Party),
        _ => {}
    }
    let now = expected.now.0 / 1000;
    let second = |name: &str| claims.get(name).and_then(Value::as_f64).filter(|s| s.is_finite());
    #[expect(clippy::cast_precision_loss, reason = "seconds of this millennium")]
    let since = |name: &str| second(name).map(|s| now as f64 - s);
    // 9.
    if since("exp").is_none_or(|over| over >= SKEW_S as f64) {
        return Err(Lie::Expired);
    }
    // 10; RFC 7519, 4.1.5.
    let age = since("iat").ok_or(Lie::Issued)?;
    if age < -(SKEW_S as f64) || age > (AGE_S + SKEW_S) as f64 {
        return Err(Lie::Issued);
    }
    if claims.contains_key("nbf") && since("nbf").is_none_or(|s| s < -(SKEW_S as f64)) {
        return Err(Lie::Issued);
    }
    // 11.
    if text("nonce") != Some(expected.nonce) {
        return Err(Lie::Nonce);
    }
    let subject = text("sub").filter(|s| !s.is_empty() && s.len() <= SUBJECT_BYTES_MAX).ok_or(Lie::Subject)?;
    Ok(Person { subject: subject.to_owned(), groups: texts(claims.get(expected.groups_claim)) })
}

/// One text, or several.
fn texts(value: Option<&Value>) -> Vec<String> {
    match value {
        Some(Value::String(one)) => vec![one.clone()],
        Some(Value::Array(all)) => {
            all.iter().take(GROUPS_READ_MAX).filter_map(Value::as_str).map(str::to_owned).collect()
        }
        _ => Vec::new(),
    }
}
