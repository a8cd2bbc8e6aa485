//! Where a far end calls us: the keys of a gateway that say it, what is wrong with them, and the address that comes of them.

use std::sync::Arc;

use schemars::JsonSchema;
use serde::Deserialize;

use super::callback::{CallbackNames, read};
use super::signature::Signature;
use crate::gateways::callback::{Callback, CallbackKind, Reader, path};
use crate::gateways::protocol::{BuildCx, Entry};
use crate::yaml::addresses::check_url;
use crate::yaml::{Found, Name, Secret};

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
            // RFC 9110, 5.6.2: the characters of a name; those that nobody uses are left out.
            let good = |c: char| c.is_ascii_alphanumeric() || matches!(c, '-' | '_');
            if header.is_empty() || !header.chars().all(good) {
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
        // Without what it is to be checked with, no call can be believed.
        let signature = match self.signature {
            Some(signature) => Some(Signature {
                header: signature.header.value.clone(),
                secret: signature.secret.read("secret of callback_signature", cx.base)?,
            }),
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
