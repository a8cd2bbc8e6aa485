//! A certificate of this run alone, signed by itself (RFC 5280 4.1, RFC 5480): what a listener shows whose files can't be used. Whoever
//! comes is warned by the browser, which is better than a console that nobody reaches; plain HTTP would be worse than either.

use std::sync::Arc;

use jiff::Timestamp;
use ring::rand::SystemRandom;
use ring::signature::{ECDSA_P256_SHA256_ASN1_SIGNING, EcdsaKeyPair, KeyPair as _};
use rustls::sign::CertifiedKey;
use rustls_pki_types::{CertificateDer, PrivateKeyDer, PrivatePkcs8KeyDer};

use super::pair::Pair;

/// What it says of itself, to whoever looks at a browser's warning.
const NAME: &str = "vardkase, for this run alone";
/// It holds whatever the clock says: a wrong one must not make it worse.
const DATES: [&str; 2] = ["200101000000Z", "491231235959Z"];
/// Bytes of its serial number.
const SERIAL_BYTES: usize = 8;

/// Makes one; `None`: the system gives no randomness.
pub(super) fn stand_in() -> Option<Pair> {
    let random = SystemRandom::new();
    let key = EcdsaKeyPair::generate_pkcs8(&ECDSA_P256_SHA256_ASN1_SIGNING, &random).ok()?;
    let own = EcdsaKeyPair::from_pkcs8(&ECDSA_P256_SHA256_ASN1_SIGNING, key.as_ref(), &random).ok()?;
    // ecdsa-with-SHA256; id-ecPublicKey on secp256r1.
    let algorithm = der(0x30, &[&oid(&[0x2a, 0x86, 0x48, 0xce, 0x3d, 4, 3, 2])?])?;
    let kind = [oid(&[0x2a, 0x86, 0x48, 0xce, 0x3d, 2, 1])?, oid(&[0x2a, 0x86, 0x48, 0xce, 0x3d, 3, 1, 7])?].concat();
    let bits = |bytes: &[u8]| der(3, &[&[0], bytes]);
    // The first bytes of the key make the serial number, below 0x80 so that it is positive, and not 0.
    let serial: Vec<u8> = own.public_key().as_ref().get(1..=SERIAL_BYTES)?.iter().map(|b| b & 0x7f | 1).collect();
    let name = der(0x30, &[&der(0x31, &[&der(0x30, &[&oid(&[0x55, 4, 3])?, &der(0x0c, &[NAME.as_bytes()])?])?])?])?;
    let signed = der(
        0x30,
        &[
            &der(0xa0, &[&[2, 1, 2]])?,
            &der(2, &[&serial])?,
            &algorithm,
            &name,
            &der(0x30, &[&der(0x17, &[DATES[0].as_bytes()])?, &der(0x17, &[DATES[1].as_bytes()])?])?,
            &name,
            &der(0x30, &[&der(0x30, &[&kind])?, &bits(own.public_key().as_ref())?])?,
        ],
    )?;
    let signature = own.sign(&random, &signed).ok()?;
    let whole = der(0x30, &[&signed, &algorithm, &bits(signature.as_ref())?])?;
    let chain = vec![CertificateDer::from(whole)];
    let key = PrivateKeyDer::from(PrivatePkcs8KeyDer::from(key.as_ref().to_vec()));
    let pair = CertifiedKey::from_der(chain, key, &rustls::crypto::ring::default_provider()).ok()?;
    Some(Pair { key: Arc::new(pair), begins: Timestamp::MIN, ends: Timestamp::MAX })
}

/// A value of DER (X.690 8.1) of at most 65 535 bytes.
fn der(tag: u8, parts: &[&[u8]]) -> Option<Vec<u8>> {
    let content = parts.concat();
    let mut out = vec![tag];
    match u8::try_from(content.len()) {
        Ok(short @ ..=0x7f) => out.push(short),
        Ok(byte) => out.extend([0x81, byte]),
        Err(_) => {
            out.push(0x82);
            out.extend(u16::try_from(content.len()).ok()?.to_be_bytes());
        }
    }
    out.extend(content);
    Some(out)
}

fn oid(bytes: &[u8]) -> Option<Vec<u8>> {
    der(6, &[bytes])
}
