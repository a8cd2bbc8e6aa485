//! Certificates of all names, dates and faults, made while a test runs (RFC 5280 4.1, RFC 5480, SEC 1).

use base64::Engine as _;
use ring::rand::SystemRandom;
use ring::signature::{ECDSA_P256_SHA256_ASN1_SIGNING, EcdsaKeyPair, KeyPair as _};

/// Dates that hold for as long as anybody tests this.
pub const LONG: (&str, &str) = ("200101000000Z", "491231235959Z");

/// A certificate and its key.
pub struct Made {
    name: String,
    pub der: Vec<u8>,
    key: Vec<u8>,
}

impl Made {
    /// An authority.
    pub fn authority(name: &str) -> Self {
        Self::of(
            name,
            LONG,
            None,
            &der(0x30, &[&oid(&[0x55, 0x1d, 0x13]), &[1, 1, 0xff], &der(4, &[&der(0x30, &[&[1, 1, 0xff]])])]),
        )
    }
    /// Signed by itself.
    pub fn own(name: &str, dates: (&str, &str)) -> Self {
        Self::of(name, dates, None, &names(name))
    }
    /// Signed by an authority.
    pub fn by(authority: &Self, name: &str) -> Self {
        Self::of(name, LONG, Some(authority), &names(name))
    }

    fn of(name: &str, dates: (&str, &str), by: Option<&Self>, extension: &[u8]) -> Self {
        let random = SystemRandom::new();
        let new =
            |pkcs8: &[u8]| EcdsaKeyPair::from_pkcs8(&ECDSA_P256_SHA256_ASN1_SIGNING, pkcs8, &random).expect("a key");
        let key = EcdsaKeyPair::generate_pkcs8(&ECDSA_P256_SHA256_ASN1_SIGNING, &random).expect("randomness");
        let own = new(key.as_ref());
        let signer = by.map(|by| new(&by.key));
        // ecdsa-with-SHA256; id-ecPublicKey on secp256r1.
        let algorithm = der(0x30, &[&oid(&[0x2a, 0x86, 0x48, 0xce, 0x3d, 4, 3, 2])]);
        let kind = [oid(&[0x2a, 0x86, 0x48, 0xce, 0x3d, 2, 1]), oid(&[0x2a, 0x86, 0x48, 0xce, 0x3d, 3, 1, 7])].concat();
        let bits = |bytes: &[u8]| der(3, &[&[0], bytes]);
        // The first bytes of the key make the serial number, below 0x80 so that it is positive.
        let serial: Vec<u8> = own.public_key().as_ref()[1..9].iter().map(|b| b & 0x7f | 1).collect();
        let signed = der(
            0x30,
            &[
                &der(0xa0, &[&[2, 1, 2]]),
                &der(2, &[&serial]),
                &algorithm,
                &common_name(by.map_or(name, |by| &by.name)),
                &der(0x30, &[&der(0x17, &[dates.0.as_bytes()]), &der(0x17, &[dates.1.as_bytes()])]),
                &common_name(name),
                &der(0x30, &[&der(0x30, &[&kind]), &bits(own.public_key().as_ref())]),
                &der(0xa3, &[&der(0x30, &[extension])]),
            ],
        );
        let signature = signer.as_ref().unwrap_or(&own).sign(&random, &signed).expect("a signature");
        let whole = der(0x30, &[&signed, &algorithm, &bits(signature.as_ref())]);
        Self { name: name.into(), der: whole, key: key.as_ref().to_vec() }
    }

    pub fn certificate(&self) -> String {
        pem("CERTIFICATE", &self.der)
    }
    pub fn key(&self) -> String {
        pem("PRIVATE KEY", &self.key)
    }
}

pub fn pem(label: &str, der: &[u8]) -> String {
    let text = base64::prelude::BASE64_STANDARD.encode(der);
    let lines: Vec<&str> = text.as_bytes().chunks(64).map(|line| std::str::from_utf8(line).expect("ASCII")).collect();
    format!("-----BEGIN {label}-----\n{}\n-----END {label}-----\n", lines.join("\n"))
}

fn der(tag: u8, parts: &[&[u8]]) -> Vec<u8> {
    let content = parts.concat();
    let mut out = vec![tag];
    match u8::try_from(content.len()) {
        Ok(short @ ..=0x7f) => out.push(short),
        Ok(byte) => out.extend([0x81, byte]),
        Err(_) => {
            out.push(0x82);
            out.extend(u16::try_from(content.len()).expect("it is short").to_be_bytes());
        }
    }
    out.extend(content);
    out
}

fn oid(bytes: &[u8]) -> Vec<u8> {
    der(6, &[bytes])
}

fn common_name(name: &str) -> Vec<u8> {
    der(0x30, &[&der(0x31, &[&der(0x30, &[&oid(&[0x55, 4, 3]), &der(0x0c, &[name.as_bytes()])])])])
}

/// subjectAltName with one name, or one number.
fn names(name: &str) -> Vec<u8> {
    let one = match name.parse::<std::net::IpAddr>() {
        Ok(std::net::IpAddr::V4(four)) => der(0x87, &[&four.octets()]),
        Ok(std::net::IpAddr::V6(six)) => der(0x87, &[&six.octets()]),
        Err(_) => der(0x82, &[name.as_bytes()]),
    };
    der(0x30, &[&oid(&[0x55, 0x1d, 0x11]), &der(4, &[&der(0x30, &[&one])])])
}
