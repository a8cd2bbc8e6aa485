//! An envelope that only its recipients open, in the format of age-encryption.org/v1 with X25519 recipients: the usual tools open it.
//! Written here on `ring`, since the crate of that name brings 85 packages; it is judged by Debian's `age` in `tests/peers/kit.sh`.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD_NO_PAD as BASE64;
use ring::aead::{Aad, CHACHA20_POLY1305, LessSafeKey, Nonce, UnboundKey};
use ring::agreement::{EphemeralPrivateKey, UnparsedPublicKey, X25519, agree_ephemeral};
use ring::error::Unspecified;
use ring::hkdf::{HKDF_SHA256, KeyType, Salt};
use ring::hmac;
use ring::rand::{SecureRandom, SystemRandom};

/// Bytes of a chunk of the payload.
const CHUNK: usize = 64 * 1024;
/// The first line, which also names the format in keys.
const VERSION: &str = "age-encryption.org/v1";
const X25519_LABEL: &[u8] = b"age-encryption.org/v1/X25519";
/// What a recipient begins with, before the digit 1 that parts it from the key.
const PREFIX: &str = "age";
const BECH32: &[u8; 32] = b"qpzry9x8gf2tvdw0s3jn54khce6mua7l";

/// Somebody who opens it: a public key, `age1…`.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Recipient([u8; 32]);

impl Recipient {
    /// `None`: it is no such key, or a character of it is wrong.
    pub fn parse(text: &str) -> Option<Self> {
        let data = text.trim().strip_prefix(PREFIX)?.strip_prefix('1')?;
        let digits: Vec<u8> = data
            .bytes()
            .map(|b| BECH32.iter().position(|c| *c == b).and_then(|p| u8::try_from(p).ok()))
            .collect::<Option<_>>()?;
        if digits.len() < 6 || checksum(&digits) != 1 {
            return None;
        }
        // Five bits a character, without the six of the checksum.
        let (mut bits, mut held, mut key) = (0_u32, 0_u32, Vec::new());
        for digit in &digits[..digits.len() - 6] {
            bits = bits << 5 | u32::from(*digit);
            held += 5;
            if held >= 8 {
                held -= 8;
                key.push(u8::try_from(bits >> held & 0xff).ok()?);
            }
            bits &= (1 << held) - 1;
        }
        if held >= 5 || bits != 0 {
            return None;
        }
        Some(Self(key.try_into().ok()?))
    }
}

/// Of the whole with its checksum, 1 (BIP 173).
fn checksum(digits: &[u8]) -> u32 {
    const STEPS: [u32; 5] = [0x3b6a_57b2, 0x2650_8e6d, 0x1ea1_19fa, 0x3d42_33dd, 0x2a14_62b3];
    let high = PREFIX.bytes().map(|b| b >> 5);
    let low = PREFIX.bytes().map(|b| b & 31);
    let all = high.chain([0]).chain(low).chain(digits.iter().copied());
    all.fold(1, |sum, digit| {
        let top = sum >> 25;
        let sum = (sum & 0x1ff_ffff) << 5 ^ u32::from(digit);
        STEPS.iter().enumerate().filter(|(i, _)| top >> i & 1 == 1).fold(sum, |sum, (_, step)| sum ^ step)
    })
}

/// Output of a key derivation.
struct Len(usize);
impl KeyType for Len {
    fn len(&self) -> usize {
        self.0
    }
}

fn derived(input: &[u8], salt: &[u8], label: &[u8]) -> Result<[u8; 32], Unspecified> {
    let mut out = [0; 32];
    Salt::new(HKDF_SHA256, salt).extract(input).expand(&[label], Len(32))?.fill(&mut out)?;
    Ok(out)
}

fn sealed(key: &[u8; 32], nonce: [u8; 12], plain: &[u8]) -> Result<Vec<u8>, Unspecified> {
    let key = LessSafeKey::new(UnboundKey::new(&CHACHA20_POLY1305, key)?);
    let mut bytes = plain.to_vec();
    key.seal_in_place_append_tag(Nonce::assume_unique_for_key(nonce), Aad::empty(), &mut bytes)?;
    Ok(bytes)
}

/// The envelope with that content.
///
/// # Errors
/// The machine gives no random numbers, or a key is none that can be agreed with.
pub fn envelope(content: &[u8], recipients: &[Recipient]) -> Result<Vec<u8>, Unspecified> {
    let random = SystemRandom::new();
    let mut file_key = [0_u8; 16];
    random.fill(&mut file_key)?;
    let mut header = format!("{VERSION}\n");
    for Recipient(recipient) in recipients {
        let own = EphemeralPrivateKey::generate(&X25519, &random)?;
        let share = own.compute_public_key()?;
        let salt = [share.as_ref(), &recipient[..]].concat();
        let their = UnparsedPublicKey::new(&X25519, recipient);
        let wrap = agree_ephemeral(own, &their, |shared| derived(shared, &salt, X25519_LABEL))??;
        // Each key wraps one thing: the nonce of zeros is used once (the format's own choice).
        let body = sealed(&wrap, [0; 12], &file_key)?;
        header += &format!("-> X25519 {}\n{}\n", BASE64.encode(share.as_ref()), BASE64.encode(body));
    }
    header += "---";
    let tag = hmac::sign(&hmac::Key::new(hmac::HMAC_SHA256, &derived(&file_key, &[], b"header")?), header.as_bytes());
    let mut out = format!("{header} {}\n", BASE64.encode(tag.as_ref())).into_bytes();
    let mut nonce = [0_u8; 16];
    random.fill(&mut nonce)?;
    out.extend_from_slice(&nonce);
    let key = derived(&file_key, &nonce, b"payload")?;
    let chunks: Vec<&[u8]> = if content.is_empty() { vec![&[]] } else { content.chunks(CHUNK).collect() };
    for (n, chunk) in (0_u64..).zip(&chunks) {
        let mut counted = [0_u8; 12];
        counted[3..11].copy_from_slice(&n.to_be_bytes());
        counted[11] = u8::from(n + 1 == chunks.len() as u64);
        out.extend(sealed(&key, counted, chunk)?);
    }
    Ok(out)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// From the documentation of age.
    const KEY: &str = "age1ql3z7hjy54pw3hyww5ayyfg7zqgvc7w3j2elw8zmrj2kg5sfn9aqmcac8p";

    #[test]
    fn a_recipient_is_read_and_no_wrong_character_goes_through() {
        assert!(Recipient::parse(KEY).is_some());
        assert!(Recipient::parse(&format!(" {KEY}\n")).is_some(), "as it is copied");
        for at in 4..KEY.len() {
            let mut wrong: Vec<u8> = KEY.bytes().collect();
            wrong[at] = if wrong[at] == b'q' { b'p' } else { b'q' };
            let wrong = String::from_utf8(wrong).expect("ASCII");
            assert_eq!(Recipient::parse(&wrong), None, "{wrong}");
        }
        for no in ["", "age", "age1", "ssh-ed25519 AAAA", "AGE-SECRET-KEY-1QQQ", "age1qqqqqq"] {
            assert_eq!(Recipient::parse(no), None, "{no}");
        }
    }

    #[test]
    fn an_envelope_has_a_stanza_for_each_recipient_and_the_size_of_its_content() {
        let who = Recipient::parse(KEY).expect("a key");
        for len in [0, 1, CHUNK, CHUNK + 1] {
            let made = envelope(&vec![7; len], &[who.clone(), who.clone()]).expect("made");
            let text = String::from_utf8_lossy(&made);
            assert!(text.starts_with("age-encryption.org/v1\n-> X25519 "));
            assert_eq!(text.matches("-> X25519 ").count(), 2);
            let header = made.windows(5).position(|w| w == b"\n--- ").expect("its end") + 5 + 43 + 1;
            let chunks = len.div_ceil(CHUNK).max(1);
            assert_eq!(made.len() - header, 16 + len + 16 * chunks);
        }
    }
}
