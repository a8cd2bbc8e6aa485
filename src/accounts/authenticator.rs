//! An authenticator for tests: it signs as one does, and lies where it is told to. Shares no code with what judges it.

#![expect(clippy::unwrap_used, reason = "tests")]

use ring::rand::SystemRandom;
use ring::signature::{ECDSA_P256_SHA256_ASN1_SIGNING, EcdsaKeyPair, KeyPair};
use sha2::{Digest, Sha256};

use super::passkey::Shown;

/// Somebody is present and was verified.
pub const VERIFIED: u8 = 0x05;

/// One passkey.
pub struct Authenticator {
    pub credential: Vec<u8>,
    /// The account's handle, as it was told.
    pub user: Vec<u8>,
    pub rp_id: String,
    pub origin: String,
    pub counter: u32,
    pub flags: u8,
    key: EcdsaKeyPair,
}

impl Authenticator {
    /// With a new key on P-256.
    pub fn new(credential: &[u8], rp_id: &str, origin: &str) -> Self {
        let random = SystemRandom::new();
        let made = EcdsaKeyPair::generate_pkcs8(&ECDSA_P256_SHA256_ASN1_SIGNING, &random).unwrap();
        let key = EcdsaKeyPair::from_pkcs8(&ECDSA_P256_SHA256_ASN1_SIGNING, made.as_ref(), &random).unwrap();
        let (rp_id, origin) = (rp_id.to_owned(), origin.to_owned());
        Self { credential: credential.to_vec(), user: Vec::new(), rp_id, origin, counter: 0, flags: VERIFIED, key }
    }

    /// The client data; `kind`: `create` or `get`.
    pub fn client(&self, kind: &str, challenge: &str) -> Vec<u8> {
        let (origin, kind) = (&self.origin, format!("webauthn.{kind}"));
        format!(r#"{{"type":"{kind}","challenge":"{challenge}","origin":"{origin}","crossOrigin":false,"more":1}}"#)
            .into_bytes()
    }

    fn head(&self, flags: u8) -> Vec<u8> {
        let mut head = Sha256::digest(self.rp_id.as_bytes()).to_vec();
        head.push(flags);
        head.extend(self.counter.to_be_bytes());
        head
    }

    /// Its key (RFC 9053, 7.1.1), of that algorithm.
    pub fn cose_key(&self, algorithm: u8) -> Vec<u8> {
        let (x, y) = self.key.public_key().as_ref()[1..].split_at(32);
        let head = [0xa5, 1, 2, 3, algorithm, 0x20, 1];
        [&head[..], &[0x21, 0x58, 0x20], x, &[0x22, 0x58, 0x20], y].concat()
    }

    /// The authenticator data of a new credential.
    pub fn made_data(&self, cose_key: &[u8]) -> Vec<u8> {
        let length = u16::try_from(self.credential.len()).unwrap().to_be_bytes();
        [self.head(self.flags | 0x40), vec![0; 16], length.to_vec(), self.credential.clone(), cose_key.to_vec()]
            .concat()
    }

    /// An attestation object of that format around it.
    pub fn attestation(format: &str, data: &[u8]) -> Vec<u8> {
        let (long, length) = (u8::try_from(format.len()).unwrap(), u16::try_from(data.len()).unwrap().to_be_bytes());
        let head =
            [&b"\xa3\x63fmt"[..], &[0x60 | long], format.as_bytes(), b"\x67attStmt\xa0\x68authData\x59"].concat();
        [&head[..], &length, data].concat()
    }

    /// What a browser sends of a passkey that was made: client data and attestation object.
    pub fn make(&self, challenge: &str) -> (Vec<u8>, Vec<u8>) {
        (self.client("create", challenge), Self::attestation("none", &self.made_data(&self.cose_key(0x26))))
    }

    /// What it sends of one that is shown.
    pub fn show(&mut self, challenge: &str) -> Shown {
        self.counter += u32::from(self.counter > 0);
        let (client, authenticator) = (self.client("get", challenge), self.head(self.flags));
        self.sign(client, authenticator)
    }

    /// The same, of any data.
    pub fn sign(&self, client: Vec<u8>, authenticator: Vec<u8>) -> Shown {
        let message = [&authenticator[..], &Sha256::digest(&client)].concat();
        let signature = self.key.sign(&SystemRandom::new(), &message).unwrap().as_ref().to_vec();
        Shown { credential: self.credential.clone(), client, authenticator, signature, user: self.user.clone() }
    }
}
