//! Signatures on what a gateway calls back with: a keyed hash (HMAC-SHA-256, RFC 2104) in a header of the gateway's choice, as
//! hexadecimal digits or Base64, with or without `sha256=` in front.
//!
//! Signed is the body as it came; of a call without a body, what stands behind the question mark. No time is signed, so that an
//! old call can be made again by anybody who has seen it: a receipt or an answer that comes twice does no harm.

use base64::Engine;
use base64::engine::general_purpose::{STANDARD, STANDARD_NO_PAD, URL_SAFE, URL_SAFE_NO_PAD};
use hmac::{Hmac, KeyInit, Mac};
use sha2::Sha256;

use crate::gateways::Secret;

/// What some gateways write in front.
const PREFIX: &str = "sha256=";

/// How a gateway signs its calls.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Signature {
    /// The header that the signature stands in.
    pub header: String,
    /// What it is made with.
    pub secret: Secret,
}

impl Signature {
    /// Whether what stands in the header signs the call. Compared in the same time wherever it differs.
    pub fn signs(&self, header: Option<&[u8]>, query: &str, body: &[u8]) -> bool {
        let Some(tag) = header.and_then(tag) else { return false };
        let Ok(mut mac) = Hmac::<Sha256>::new_from_slice(self.secret.expose().as_bytes()) else { return false };
        mac.update(if body.is_empty() { query.as_bytes() } else { body });
        mac.verify_slice(&tag).is_ok()
    }
}

/// The octets of a signature; `None`: it is not a signature.
fn tag(header: &[u8]) -> Option<Vec<u8>> {
    let text = std::str::from_utf8(header).ok()?.trim();
    let text = match text.get(..PREFIX.len()) {
        Some(prefix) if prefix.eq_ignore_ascii_case(PREFIX) => text.get(PREFIX.len()..)?,
        _ => text,
    };
    if text.len() == 64 && text.bytes().all(|b| b.is_ascii_hexdigit()) {
        return hex::decode(text).ok();
    }
    [STANDARD, STANDARD_NO_PAD, URL_SAFE, URL_SAFE_NO_PAD].iter().find_map(|engine| engine.decode(text).ok())
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    // Computed with `openssl dgst -sha256 -hmac hemligt`, not with this code.
    const BODY: &[u8] = b"id=a7&status=delivered";
    const HEX: &str = "690682c58266b93c67e63d2d40dd9e620d4b8ce8db3672d3f5128bcda9f965f7";
    const BASE64: &str = "aQaCxYJmuTxn5j0tQN2eYg1LjOjbNnLT9RKLzan5Zfc=";

    fn signature() -> Signature {
        Signature { header: "X-Signature".into(), secret: Secret::new("hemligt") }
    }

    #[test]
    fn a_signature_in_each_of_its_forms() {
        let s = signature();
        let bare = BASE64.trim_end_matches('=');
        let url = BASE64.replace('+', "-").replace('/', "_");
        for good in
            [HEX.to_owned(), HEX.to_uppercase(), format!("sha256={HEX}"), format!("SHA256={BASE64}"), bare.into(), url]
        {
            assert!(s.signs(Some(good.as_bytes()), "", BODY), "{good}");
            assert!(s.signs(Some(good.as_bytes()), "delivery=14.17", BODY), "the body counts when there is one");
            assert!(s.signs(Some(format!(" {good} ").as_bytes()), "id=a7&status=delivered", b""), "{good}");
            assert!(!s.signs(Some(good.as_bytes()), "", b"id=a7&status=delivered&x=1"), "{good}");
            assert!(!s.signs(Some(good.as_bytes()), "id=a8&status=delivered", b""), "{good}");
        }
        let other = Signature { secret: Secret::new("hemlig"), ..signature() };
        assert!(!other.signs(Some(HEX.as_bytes()), "", BODY));
    }

    #[test]
    fn what_is_no_signature_signs_nothing() {
        let s = signature();
        for bad in ["", "sha256=", "sha1=00", &HEX[..62], &HEX[..63], "åäö", &format!("sha256=sha256={HEX}")] {
            assert!(!s.signs(Some(bad.as_bytes()), "", BODY), "{bad}");
        }
        assert!(!s.signs(None, "", BODY));
        assert!(!s.signs(Some(b"\xff\xfe"), "", BODY));
    }

    proptest! {
        #[test]
        fn no_bytes_panic_or_pass(header in prop::collection::vec(any::<u8>(), 0..100)) {
            prop_assert!(!signature().signs(Some(&header), "", BODY));
        }
    }
}
