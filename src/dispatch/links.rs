//! Links by which a function answers: `{public_url}/a/14.17/<token>`. The token is what somebody must have got to answer
//! for that delivery; nothing is stored per link.
//!
//! token = the first 128 bits of HMAC-SHA-256(key, delivery ID), in Crockford base 32, lower case. A link dies when the
//! incident closes; that is the state's affair, not the token's.

use std::fmt;
use std::fs::File;
use std::io::{self, ErrorKind, Read};
use std::path::Path;

use hmac::{Hmac, KeyInit, Mac};
use sha2::Sha256;

use crate::domain::ids::DeliveryId;
use crate::private_files::replace;

/// The file in the state folder that holds the key.
pub const LINK_KEY_FILE: &str = "link-key";
/// Before the delivery ID in a link's path.
pub const LINK_PREFIX: &str = "/a/";
/// Bytes of a token.
const TOKEN_BYTES: usize = 16;
/// Its characters: 26 × 5 = 130 bits, the last two of them 0.
const TOKEN_CHARS: usize = 26;
/// Digits of Crockford's base 32: no i, l, o or u.
const DIGITS: &[u8; 32] = b"0123456789abcdefghjkmnpqrstvwxyz";
/// Longest path that is looked at.
const PATH_BYTES_MAX: usize = 96;
/// Longest key file that is read.
const KEY_FILE_BYTES_MAX: u64 = 256;

/// The key of all links.
#[derive(Clone)]
pub struct LinkKey([u8; 32]);

impl fmt::Debug for LinkKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("LinkKey(…)")
    }
}

impl LinkKey {
    /// From bytes that nobody can guess.
    pub fn from_bytes(bytes: [u8; 32]) -> Self {
        Self(bytes)
    }

    /// Reads the key of a state folder, or makes one at the first start (mode 0600). The folder's lock is held by the
    /// caller.
    ///
    /// # Errors
    /// The file can't be read or written, or is not a key. A new key would make every link that is out useless, so a damaged
    /// file is not replaced in silence.
    pub fn load_or_create(folder: &Path) -> io::Result<Self> {
        let path = folder.join(LINK_KEY_FILE);
        match File::open(&path) {
            Ok(file) => {
                let mut text = String::new();
                file.take(KEY_FILE_BYTES_MAX).read_to_string(&mut text)?;
                let damaged = || {
                    let path = path.display();
                    let what =
                        format!("{path} is damaged; restore it from a copy, or remove it: links already sent then end");
                    io::Error::new(ErrorKind::InvalidData, what)
                };
                let mut bytes = [0; 32];
                hex::decode_to_slice(text.trim(), &mut bytes).map_err(|_| damaged())?;
                Ok(Self(bytes))
            }
            Err(e) if e.kind() == ErrorKind::NotFound => {
                let mut bytes = [0; 32];
                getrandom::fill(&mut bytes).map_err(io::Error::other)?;
                // Durable before the first link leaves the house.
                replace(folder, LINK_KEY_FILE, format!("{}\n", hex::encode(bytes)).as_bytes())?;
                Ok(Self(bytes))
            }
            Err(e) => Err(e),
        }
    }

    /// A key for another purpose, from which this one can't be found.
    pub fn derived(&self, purpose: &str) -> [u8; 32] {
        let mut block = [0; 64];
        block[..32].copy_from_slice(&self.0);
        let mut mac = <Hmac<Sha256> as KeyInit>::new(&block.into());
        mac.update(b"key for ");
        mac.update(purpose.as_bytes());
        mac.finalize().into_bytes().into()
    }

    fn mac(&self, delivery: DeliveryId) -> Hmac<Sha256> {
        // RFC 2104: a key shorter than SHA-256's block of 64 bytes is filled up with zeros.
        let mut block = [0; 64];
        block[..32].copy_from_slice(&self.0);
        let mut mac = <Hmac<Sha256> as KeyInit>::new(&block.into());
        mac.update(delivery.to_string().as_bytes());
        mac
    }
}

/// The link by which a delivery is answered. `public_url` without a slash at its end, or with.
pub fn link(key: &LinkKey, public_url: &str, delivery: DeliveryId) -> String {
    let mac = key.mac(delivery).finalize().into_bytes();
    format!("{}{LINK_PREFIX}{delivery}/{}", public_url.trim_end_matches('/'), encode(&mac[..TOKEN_BYTES]))
}

/// The delivery that a path (`/a/14.17/<token>`) answers. The comparison takes the same time wherever tokens differ.
pub fn check(key: &LinkKey, path: &str) -> Option<DeliveryId> {
    let path = Some(path).filter(|p| p.len() <= PATH_BYTES_MAX)?;
    let (id, token) = path.strip_prefix(LINK_PREFIX)?.split_once('/')?;
    let delivery: DeliveryId = id.parse().ok()?;
    let token = decode(token)?;
    let right = key.mac(delivery).verify_truncated_left(&token).is_ok();
    // One link for one delivery: not 014.17, not Ö3.1.
    (right && delivery.to_string() == id).then_some(delivery)
}

fn encode(bytes: &[u8]) -> String {
    let (mut text, mut bits, mut value) = (String::with_capacity(TOKEN_CHARS), 0, 0_u32);
    for byte in bytes {
        value = value << 8 | u32::from(*byte);
        bits += 8;
        while bits >= 5 {
            bits -= 5;
            text.push(char::from(DIGITS[(value >> bits & 31) as usize]));
        }
    }
    if bits > 0 {
        text.push(char::from(DIGITS[(value << (5 - bits) & 31) as usize]));
    }
    text
}

/// As people may type it from paper: any case, o for 0, i and l for 1.
fn decode(text: &str) -> Option<[u8; TOKEN_BYTES]> {
    if text.len() != TOKEN_CHARS {
        return None;
    }
    let (mut bytes, mut n, mut bits, mut value) = ([0; TOKEN_BYTES], 0, 0, 0_u32);
    for c in text.bytes() {
        let c = match c.to_ascii_lowercase() {
            b'o' => b'0',
            b'i' | b'l' => b'1',
            c => c,
        };
        let digit = DIGITS.iter().position(|d| *d == c)?;
        value = value << 5 | digit as u32;
        bits += 5;
        if bits >= 8 {
            bits -= 8;
            bytes[n] = (value >> bits & 255) as u8;
            n += 1;
        }
    }
    (value & 3 == 0).then_some(bytes)
}

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, reason = "tests")]

    use proptest::prelude::*;

    use std::fs;

    use super::*;
    use crate::dispatch::testing::{actual, drill};

    const KEY: LinkKey = LinkKey([7; 32]);

    #[test]
    fn a_link_is_exactly_this() {
        // Computed with Python's hmac and integers, not with this code.
        let link = link(&KEY, "https://lage.region.example/", actual(17));
        assert_eq!(link, "https://lage.region.example/a/14.17/yssexrc0027422z7rr5qhxxw6c");
    }

    #[test]
    fn a_link_answers_for_its_delivery_and_no_other() {
        for delivery in [actual(0), actual(17), drill(17)] {
            let link = link(&KEY, "", delivery);
            assert_eq!(check(&KEY, &link), Some(delivery));
            assert_eq!(check(&KEY, &link.to_uppercase().replace("/A/", "/a/")), Some(delivery), "typed in capitals");
            assert_eq!(check(&LinkKey([8; 32]), &link), None, "another key");
        }
        let of_17 = link(&KEY, "", actual(17));
        for other in ["/a/14.18/", "/a/15.17/", "/a/X14.17/", "/a/014.17/", "/a/14.017/", "/b/14.17/"] {
            assert_eq!(check(&KEY, &of_17.replace("/a/14.17/", other)), None, "{other}");
        }
    }

    #[test]
    fn a_token_has_128_bits_and_one_spelling() {
        assert_eq!(encode(&[0xff; 16]), "zzzzzzzzzzzzzzzzzzzzzzzzzw");
        assert_eq!(decode("zzzzzzzzzzzzzzzzzzzzzzzzzw"), Some([0xff; 16]));
        for bad in [
            "zzzzzzzzzzzzzzzzzzzzzzzzzx",
            "zzzzzzzzzzzzzzzzzzzzzzzzz",
            "zzzzzzzzzzzzzzzzzzzzzzzzzww",
            "uuuuuuuuuuuuuuuuuuuuuuuuuu",
        ] {
            assert_eq!(decode(bad), None, "{bad}");
        }
        assert_eq!(decode("ooooooooooooooooooooooooil"), decode("00000000000000000000000011"));
    }

    #[test]
    fn the_key_is_made_once_and_is_its_owners_alone() {
        let folder = tempfile::tempdir().unwrap();
        let first = LinkKey::load_or_create(folder.path()).unwrap();
        let again = LinkKey::load_or_create(folder.path()).unwrap();
        assert_eq!(first.0, again.0);
        assert_ne!(first.0, [0; 32]);
        assert_eq!(format!("{first:?}"), "LinkKey(…)");
        let file = folder.path().join(LINK_KEY_FILE);
        #[cfg(unix)]
        assert_eq!(std::os::unix::fs::PermissionsExt::mode(&fs::metadata(&file).unwrap().permissions()) & 0o777, 0o600);
        fs::write(&file, "0123").unwrap();
        assert_eq!(LinkKey::load_or_create(folder.path()).unwrap_err().kind(), ErrorKind::InvalidData);
    }

    proptest! {
        #[test]
        fn no_path_from_outside_passes_or_panics(path in "\\PC{0,120}", id in "[X0-9.]{0,12}", token in "[0-9a-z]{20,30}") {
            prop_assert_eq!(check(&KEY, &path), None);
            prop_assert_eq!(check(&KEY, &format!("/a/{id}/{token}")), None);
        }
        #[test]
        fn what_is_encoded_is_decoded(bytes: [u8; 16]) {
            prop_assert_eq!(decode(&encode(&bytes)), Some(bytes));
        }
    }
}
