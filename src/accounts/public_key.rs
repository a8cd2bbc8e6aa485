//! Public keys of passkeys, as COSE writes them (RFC 9052, 7; RFC 9053), and signatures that are held against them. Three algorithms,
//! as the WebAuthn specification advises (Level 3, 5.4, `pubKeyCredParams`): every authenticator has one of them.

use minicbor::Decoder;
use minicbor::data::Type;
use ring::signature::{ECDSA_P256_SHA256_ASN1, ED25519, RSA_PKCS1_2048_8192_SHA256};
use ring::signature::{RsaPublicKeyComponents, UnparsedPublicKey};
use serde::{Deserialize, Serialize};

/// What is offered, the best first: Ed25519, ECDSA on P-256, RSA (COSE algorithms, IANA).
pub const ALGORITHMS: [i64; 3] = [-8, -7, -257];
/// Most entries that a key may have.
const KEY_ENTRIES_MAX: u64 = 16;

/// A key that signs; its numbers in hexadecimal.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(rename_all = "lowercase", deny_unknown_fields)]
pub enum PublicKey {
    /// ECDSA on P-256 with SHA-256: the point, uncompressed (SEC 1, 2.3.3).
    Es256(String),
    /// Ed25519: the point.
    EdDsa(String),
    /// RSA with PKCS #1 v1.5 and SHA-256: 2048 to 8192 bits.
    Rs256 { n: String, e: String },
}

/// The numbers of a COSE key, by their labels.
#[derive(Default)]
struct Parts<'a> {
    kind: Option<i64>,
    algorithm: Option<i64>,
    /// -1: a curve, or the modulus of RSA.
    curve: Option<i64>,
    first: Option<&'a [u8]>,
    /// -2.
    second: Option<&'a [u8]>,
    /// -3.
    third: Option<&'a [u8]>,
}

impl PublicKey {
    /// Reads a COSE key and goes on behind it. `Ok(None)`: it is a key, of an algorithm that was not offered.
    ///
    /// # Errors
    /// It is no COSE key.
    pub fn read(from: &mut Decoder<'_>) -> Result<Option<Self>, NoKey> {
        let entries = from.map()?.filter(|n| *n <= KEY_ENTRIES_MAX).ok_or(NoKey)?;
        let (mut parts, mut seen) = (Parts::default(), Vec::new());
        for _ in 0..entries {
            let label = from.i64()?;
            if seen.contains(&label) {
                return Err(NoKey);
            }
            seen.push(label);
            match label {
                1 => parts.kind = Some(from.i64()?),
                3 => parts.algorithm = Some(from.i64()?),
                -1 if from.datatype()? == Type::Bytes => parts.first = Some(from.bytes()?),
                -1 => parts.curve = Some(from.i64()?),
                -2 => parts.second = Some(from.bytes()?),
                -3 => parts.third = Some(from.bytes()?),
                _ => from.skip()?,
            }
        }
        let key = match (parts.algorithm.ok_or(NoKey)?, parts) {
            // RFC 9053, 7.1.1: P-256 is curve 1.
            (-7, Parts { kind: Some(2), curve: Some(1), second: Some(x), third: Some(y), .. })
                if x.len() == 32 && y.len() == 32 =>
            {
                Self::Es256(format!("04{}{}", hex::encode(x), hex::encode(y)))
            }
            // RFC 9053, 7.2: Ed25519 is curve 6.
            (-8, Parts { kind: Some(1), curve: Some(6), second: Some(x), .. }) if x.len() == 32 => {
                Self::EdDsa(hex::encode(x))
            }
            // RFC 8230, 4.
            (-257, Parts { kind: Some(3), first: Some(n), second: Some(e), .. }) => {
                Self::Rs256 { n: hex::encode(n), e: hex::encode(e) }
            }
            (algorithm, _) if ALGORITHMS.contains(&algorithm) => return Err(NoKey),
            _ => return Ok(None),
        };
        Ok(Some(key))
    }

    /// Whether the key signed that.
    pub fn signed(&self, message: &[u8], signature: &[u8]) -> bool {
        let bytes = |text: &str| hex::decode(text).unwrap_or_default();
        match self {
            Self::Es256(point) => {
                UnparsedPublicKey::new(&ECDSA_P256_SHA256_ASN1, bytes(point)).verify(message, signature)
            }
            Self::EdDsa(point) => UnparsedPublicKey::new(&ED25519, bytes(point)).verify(message, signature),
            Self::Rs256 { n, e } => {
                let key = RsaPublicKeyComponents { n: bytes(n), e: bytes(e) };
                key.verify(&RSA_PKCS1_2048_8192_SHA256, message, signature)
            }
        }
        .is_ok()
    }
}

/// It is no COSE key.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct NoKey;

impl From<minicbor::decode::Error> for NoKey {
    fn from(_: minicbor::decode::Error) -> Self {
        Self
    }
}
