//! Where a far end calls us: the keys of a gateway that say it, what is wrong with them, and the address that comes of them.

use std::collections::BTreeSet;
use std::sync::Arc;

use schemars::JsonSchema;
use serde::Deserialize;

use super::callback::{CallbackNames, read};
use super::signature::Signature;
use crate::gateways::callback::{Callback, CallbackKind, Reader, path};
use crate::gateways::protocol::{BuildCx, Entry};
use crate::yaml::addresses::check_url;
use crate::yaml::{Found, Name, Ordered, Secret};

/// How a gateway signs its calls: HMAC-SHA-256 over the body (without one, over the query), as hexadecimal digits or Base64.
#[derive(Clone, PartialEq, Eq, Deserialize, JsonSchema, Debug)]
#[serde(deny_unknown_fields)]
pub struct SignatureConfig {
    /// The header that the signature stands in, such as X-Signature.
    pub header: Name,
    /// The secret that the gateway makes it with.
    pub secret: Secret,
}

/// The keys of a gateway that say how it is called back.
#[derive(Clone, Copy)]
pub struct Keys<'k> {
    /// `callback_secret`.
    pub secret: Option<&'k Secret>,
    /// `callback_signature`.
    pub signature: Option<&'k SignatureConfig>,
    /// `callback_base`.
    pub base: Option<&'k Name>,
}

/// The shortest secret that opens the way back: whoever finds it out decides what became of an alert.
const SECRET_CHARS_MIN: usize = 16;
/// It has at least so many different characters.
const SECRET_DIFFERENT_MIN: usize = 6;
/// What to do instead of thinking one up.
const MADE_SO: &str = "make one of at least 16 characters with `openssl rand -hex 16`";

/// Whether somebody could find it out by trying.
fn is_weak(secret: &str) -> bool {
    let different: BTreeSet<char> = secret.chars().collect();
    let halves = secret.len().is_multiple_of(2) && secret.get(..secret.len() / 2) == secret.get(secret.len() / 2..);
    secret.chars().count() < SECRET_CHARS_MIN || different.len() < SECRET_DIFFERENT_MIN || halves
}

/// RFC 9110, 5.6.2: the characters of a header's name; those that nobody uses are left out.
fn is_header_name(name: &str) -> bool {
    !name.is_empty() && name.chars().all(|c| c.is_ascii_alphanumeric() || matches!(c, '-' | '_'))
}

/// Headers that say where a request begins and ends: the program writes them itself.
const OWN_HEADERS: [&str; 5] = ["content-length", "transfer-encoding", "connection", "host", "upgrade"];

/// Says which headers of a request can't be sent, or would become two.
pub fn check_headers(headers: &Ordered<String>, found: &mut Found) {
    for (name, value) in headers.iter() {
        if !is_header_name(name) {
            let message = format!("\"{}\" is not the name of a header", name.value);
            found.error(name.place, "header", message).help("such as X-Tenant");
        } else if OWN_HEADERS.contains(&name.to_lowercase().as_str()) {
            let message = format!("the header \"{}\" is written by the program itself", name.value);
            found.error(name.place, "header", message).help("leave it out");
        }
        // A tab may stand in a header (RFC 9110, 5.5); all else that is not seen could begin another one.
        if let Some(c) = value.chars().find(|c| c.is_control() && *c != '\t') {
            let message = format!("the header \"{}\" holds U+{:04X}, which would end it", name.value, u32::from(c));
            found.error(name.place, "header", message).help("write its value on one line");
        }
    }
}

/// A way back that is open, or not.
#[derive(Default)]
pub struct Back {
    /// Where the far end calls with receipts.
    pub receipt_url: Option<String>,
    secret: Option<Secret>,
    signature: Option<Signature>,
    /// Why nothing comes in over it.
    pub warnings: Vec<String>,
}

impl Keys<'_> {
    /// Says what is wrong with them.
    pub fn check(&self, entry: &Entry<'_>, found: &mut Found) {
        entry.secret(self.secret, found);
        if let Some(signature) = self.signature {
            entry.secret(Some(&signature.secret), found);
            let header = &signature.header;
            if !is_header_name(header) {
                let message = format!("\"{}\" is not the name of a header", header.value);
                found.error(header.place, "callback-signature", message).help("such as X-Signature");
            }
            if self.secret.is_none() {
                found
                    .error(header.place, "callback-signature", "nobody calls back without a callback_secret")
                    .help("give it one beside the signature: it makes the path");
            }
        }
        if let Some(base) = self.base {
            check_url(base, found);
        }
    }

    /// Opens the way back. Without it a gateway still sends, and that comes first: what is missing becomes a warning.
    pub fn open(&self, cx: &BuildCx<'_>) -> Back {
        match self.read(cx) {
            Err(why) => {
                Back { warnings: vec![format!("no receipts and no answers come in over it: {why}")], ..Back::default() }
            }
            Ok((secret, signature)) => {
                let base = self.base.map(|b| b.as_str()).or(cx.env.public_url.as_deref());
                let url = |(secret, base): (&Secret, &str)| {
                    format!("{}{}", base.trim_end_matches('/'), path(cx.id, secret, CallbackKind::Receipt))
                };
                Back { receipt_url: secret.as_ref().zip(base).map(url), secret, signature, warnings: Vec::new() }
            }
        }
    }

    fn read(&self, cx: &BuildCx<'_>) -> Result<(Option<Secret>, Option<Signature>), String> {
        let read = |what, secret: Option<&Secret>| secret.map(|s| s.read(what, cx.base)).transpose();
        let secret = read("callback_secret", self.secret)?;
        let plain = |s: &Secret| s.expose().bytes().all(|b| b.is_ascii_alphanumeric() || b"-_".contains(&b));
        if secret.as_ref().is_some_and(|s| !plain(s)) {
            return Err("its callback_secret stands in an address: only letters, digits, - and _ go".into());
        }
        if secret.as_ref().is_some_and(|s| is_weak(s.expose())) {
            return Err(format!("its callback_secret can be guessed: {MADE_SO}"));
        }
        // Without what it is to be checked with, no call can be believed.
        let signature = match self.signature {
            Some(signature) => {
                let secret = signature.secret.read("secret of callback_signature", cx.base)?;
                if is_weak(secret.expose()) {
                    return Err(format!("the secret of its callback_signature can be guessed: {MADE_SO}"));
                }
                Some(Signature { header: signature.header.value.clone(), secret })
            }
            None => None,
        };
        Ok((secret, signature))
    }
}

impl Back {
    /// What comes in over it is one message a delivery, under those names.
    pub fn callback(self, cx: &BuildCx<'_>, names: CallbackNames) -> Option<Callback> {
        let gateway = cx.id.clone();
        self.read_by(Arc::new(move |kind, query: &str, body: &[u8]| read(&gateway, &names, kind, query, body)))
    }

    /// What comes in over it is read so; nothing, if it is not open.
    pub fn read_by(self, reader: Arc<Reader>) -> Option<Callback> {
        self.secret.map(|secret| Callback { reader, secret, signature: self.signature })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_secret_that_can_be_guessed_opens_nothing() {
        let weak = [
            "",
            "x",
            "hemligt",
            "0123456789abcde",
            "aaaaaaaaaaaaaaaaaaaaaaaa",
            "abcababcababcabc",
            "larmlarm12larmlarm12",
        ];
        for secret in weak {
            assert!(is_weak(secret), "{secret}");
        }
        for secret in ["690682c58266b93c67e63d2d40dd9e62", "0123456789abcdef", "Zx9-rT5_qLw2-mN8k"] {
            assert!(!is_weak(secret), "{secret}");
        }
    }
}
