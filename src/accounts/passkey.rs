//! The two ceremonies of passkeys: WebAuthn Level 3, 7.1 (one is made) and 7.2 (one is shown), each check beside its number there.
//! Whoever shows one was verified by his authenticator, so a passkey alone is two factors. No attestation is asked for: which make
//! an authenticator is of decides nothing here.

use minicbor::Decoder;
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

use super::public_key::{NoKey, PublicKey};
use crate::domain::time::At;

/// Longest client data, in bytes.
pub const CLIENT_BYTES_MAX: usize = 4_096;
/// Longest attestation object, in bytes.
pub const ATTESTATION_BYTES_MAX: usize = 8_192;
/// Longest authenticator data, in bytes.
pub const AUTHENTICATOR_BYTES_MAX: usize = 4_096;
/// Longest signature, in bytes: RSA with 8192 bits.
pub const SIGNATURE_BYTES_MAX: usize = 1_024;
/// Longest credential ID, in bytes (7.1, step 26).
pub const CREDENTIAL_BYTES_MAX: usize = 1_023;

/// Bits of the authenticator's flags (6.1).
const PRESENT: u8 = 0x01;
const VERIFIED: u8 = 0x04;
const BACKUP_ELIGIBLE: u8 = 0x08;
const BACKED_UP: u8 = 0x10;
const HAS_CREDENTIAL: u8 = 0x40;
const HAS_EXTENSIONS: u8 = 0x80;
/// The hash of the relying party's ID, flags, counter.
const HEAD_BYTES: usize = 32 + 1 + 4;

/// Where passkeys are good: one name, one origin.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Place {
    /// The relying party's ID: the name of the host.
    pub rp_id: String,
    /// As browsers write it: `https://konsol.region.example`.
    pub origin: String,
}

/// A passkey of an account.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Passkey {
    pub id: String,
    /// What its owner calls it.
    pub label: String,
    /// The authenticator's ID of it, in hexadecimal.
    pub credential: String,
    pub key: PublicKey,
    /// How often it signed, where the authenticator counts; else 0.
    pub counter: u32,
    /// It may be copied to other devices of its owner.
    pub backup_eligible: bool,
    pub added: At,
    pub used: Option<At>,
}

impl std::fmt::Debug for Passkey {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Passkey({})", self.id)
    }
}

/// What an authenticator made.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Made {
    pub credential: Vec<u8>,
    pub key: PublicKey,
    pub counter: u32,
    pub backup_eligible: bool,
}

/// What a browser shows of a passkey.
#[derive(Clone, Default)]
pub struct Shown {
    pub credential: Vec<u8>,
    pub client: Vec<u8>,
    pub authenticator: Vec<u8>,
    pub signature: Vec<u8>,
    /// Whose it says it is.
    pub user: Vec<u8>,
}

/// Why a passkey is not believed. For the log: who shows it is told no more than that it is not.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Lie {
    TooLong,
    ClientData,
    Type,
    Challenge,
    Origin,
    Framed,
    Attestation,
    AuthenticatorData,
    OtherPlace,
    NobodyPresent,
    NotVerified,
    Backup,
    Algorithm,
    Unknown,
    OtherAccount,
    Signature,
    Counter,
}

/// The client data (5.8.1). Other members may come.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Client {
    r#type: String,
    challenge: String,
    origin: String,
    #[serde(default)]
    cross_origin: bool,
    top_origin: Option<String>,
}

/// Reads the client data and looks at what both ceremonies ask of it; numbers are those of 7.1 and 7.2.
fn client(bytes: &[u8], kind: &str, place: &Place, is_challenge: impl FnOnce(&[u8]) -> bool) -> Result<[u8; 32], Lie> {
    if bytes.len() > CLIENT_BYTES_MAX {
        return Err(Lie::TooLong);
    }
    // 7.1: 5, 6. 7.2: 8, 9.
    let read: Client = serde_json::from_slice(bytes).map_err(|_| Lie::ClientData)?;
    // 7.1: 7. 7.2: 10.
    if read.r#type != kind {
        return Err(Lie::Type);
    }
    // 7.1: 8. 7.2: 11.
    let challenge = from_base64url(&read.challenge).ok_or(Lie::Challenge)?;
    if !is_challenge(&challenge) {
        return Err(Lie::Challenge);
    }
    // 7.1: 9. 7.2: 12.
    if read.origin != place.origin {
        return Err(Lie::Origin);
    }
    // 7.1: 10, 11. 7.2: 13, 14. No page of ours stands in a frame.
    if read.cross_origin || read.top_origin.is_some() {
        return Err(Lie::Framed);
    }
    // 7.1: 12. 7.2: 20.
    Ok(Sha256::digest(bytes).into())
}

/// The authenticator data (6.1).
struct Authenticator<'a> {
    flags: u8,
    counter: u32,
    /// What stands behind the head.
    rest: &'a [u8],
}

impl<'a> Authenticator<'a> {
    /// Reads the head and looks at what both ceremonies ask of it.
    fn read(bytes: &'a [u8], place: &Place) -> Result<Self, Lie> {
        if bytes.len() > AUTHENTICATOR_BYTES_MAX {
            return Err(Lie::TooLong);
        }
        let (head, rest) = bytes.split_at_checked(HEAD_BYTES).ok_or(Lie::AuthenticatorData)?;
        let (rp, head) = head.split_at(32);
        // 7.1: 14. 7.2: 15.
        if rp != Sha256::digest(place.rp_id.as_bytes()).as_slice() {
            return Err(Lie::OtherPlace);
        }
        let [flags, c0, c1, c2, c3] = *head else { return Err(Lie::AuthenticatorData) };
        // 7.1: 15. 7.2: 16.
        if flags & PRESENT == 0 {
            return Err(Lie::NobodyPresent);
        }
        // 7.1: 16. 7.2: 17.
        if flags & VERIFIED == 0 {
            return Err(Lie::NotVerified);
        }
        // 7.1: 17. 7.2: 18.
        if flags & BACKUP_ELIGIBLE == 0 && flags & BACKED_UP != 0 {
            return Err(Lie::Backup);
        }
        Ok(Self { flags, counter: u32::from_be_bytes([c0, c1, c2, c3]), rest })
    }

    fn has(&self, flag: u8) -> bool {
        self.flags & flag != 0
    }

    /// Nothing but extensions follows, and those only where they are said to. What they say is not asked for and not read.
    fn ends(&self, rest: &[u8]) -> Result<(), Lie> {
        let mut decoder = Decoder::new(rest);
        if self.has(HAS_EXTENSIONS) {
            decoder.map().ok().flatten().ok_or(Lie::AuthenticatorData)?;
            decoder.set_position(0);
            decoder.skip().map_err(|_| Lie::AuthenticatorData)?;
        }
        if decoder.position() == rest.len() { Ok(()) } else { Err(Lie::AuthenticatorData) }
    }
}

/// Judges what an authenticator made (7.1). `is_challenge`: one that was given out for this, and is still good.
///
/// # Errors
/// Which step it fails.
pub fn made(
    place: &Place,
    client_data: &[u8],
    attestation: &[u8],
    is_challenge: impl FnOnce(&[u8]) -> bool,
) -> Result<Made, Lie> {
    client(client_data, "webauthn.create", place, is_challenge)?;
    if attestation.len() > ATTESTATION_BYTES_MAX {
        return Err(Lie::TooLong);
    }
    // 13, and 21 to 25: no attestation is asked for, and none is taken.
    let data = none_attestation(attestation).ok_or(Lie::Attestation)?;
    // 14 to 17.
    let authenticator = Authenticator::read(data, place)?;
    if !authenticator.has(HAS_CREDENTIAL) {
        return Err(Lie::AuthenticatorData);
    }
    // 6.5.1: AAGUID, the length of the ID, the ID, the key.
    let (_aaguid, rest) = authenticator.rest.split_at_checked(16).ok_or(Lie::AuthenticatorData)?;
    let (length, rest) = rest.split_first_chunk::<2>().ok_or(Lie::AuthenticatorData)?;
    let length = usize::from(u16::from_be_bytes(*length));
    // 26.
    if length == 0 || length > CREDENTIAL_BYTES_MAX {
        return Err(Lie::TooLong);
    }
    let (credential, rest) = rest.split_at_checked(length).ok_or(Lie::AuthenticatorData)?;
    let mut decoder = Decoder::new(rest);
    let key = PublicKey::read(&mut decoder).map_err(|NoKey| Lie::AuthenticatorData)?;
    // 20.
    let key = key.ok_or(Lie::Algorithm)?;
    authenticator.ends(rest.get(decoder.position()..).unwrap_or(&[]))?;
    let (counter, backup_eligible) = (authenticator.counter, authenticator.has(BACKUP_ELIGIBLE));
    Ok(Made { credential: credential.to_vec(), key, counter, backup_eligible })
}

/// The authenticator data of an attestation object that attests nothing (6.5.4, 8.7); nothing where it is any other.
fn none_attestation(bytes: &[u8]) -> Option<&[u8]> {
    let mut decoder = Decoder::new(bytes);
    let (mut format, mut statement, mut data) = (None, None, None);
    if decoder.map().ok()?? != 3 {
        return None;
    }
    for _ in 0..3 {
        match decoder.str().ok()? {
            "fmt" => format = Some(decoder.str().ok()?),
            "attStmt" => statement = decoder.map().ok()?,
            "authData" => data = Some(decoder.bytes().ok()?),
            _ => return None,
        }
    }
    let whole = decoder.position() == bytes.len();
    data.filter(|_| whole && format == Some("none") && statement == Some(0))
}

/// Judges a passkey that is shown (7.2), from step 7 on: gives its new counter.
///
/// # Errors
/// Which step it fails.
pub fn shown(
    place: &Place,
    passkey: &Passkey,
    shown: &Shown,
    is_challenge: impl FnOnce(&[u8]) -> bool,
) -> Result<u32, Lie> {
    // 8 to 14, 20.
    let hash = client(&shown.client, "webauthn.get", place, is_challenge)?;
    if shown.signature.len() > SIGNATURE_BYTES_MAX {
        return Err(Lie::TooLong);
    }
    // 15 to 18.
    let authenticator = Authenticator::read(&shown.authenticator, place)?;
    if authenticator.has(HAS_CREDENTIAL) {
        return Err(Lie::AuthenticatorData);
    }
    authenticator.ends(authenticator.rest)?;
    // 19: that never changes.
    if authenticator.has(BACKUP_ELIGIBLE) != passkey.backup_eligible {
        return Err(Lie::Backup);
    }
    // 21.
    if !passkey.key.signed(&[&shown.authenticator[..], &hash].concat(), &shown.signature) {
        return Err(Lie::Signature);
    }
    // 22: one that counts backwards was copied.
    if (authenticator.counter != 0 || passkey.counter != 0) && authenticator.counter <= passkey.counter {
        return Err(Lie::Counter);
    }
    Ok(authenticator.counter)
}

/// Bytes as browsers write them (RFC 4648, 5, without padding).
pub fn from_base64url(text: &str) -> Option<Vec<u8>> {
    use base64::Engine as _;
    base64::engine::general_purpose::URL_SAFE_NO_PAD.decode(text).ok()
}

/// The same, the other way.
pub fn base64url(bytes: &[u8]) -> String {
    use base64::Engine as _;
    base64::engine::general_purpose::URL_SAFE_NO_PAD.encode(bytes)
}

#[cfg(test)]
#[path = "passkey_tests.rs"]
mod tests;
