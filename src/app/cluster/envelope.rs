//! What nodes write to each other through etcd is sealed with a key that only they have: whoever may read etcd reads no text and no number
//! in it, and whoever may write there can make no command.

use chacha20poly1305::aead::{Aead, Payload};
use chacha20poly1305::{KeyInit, XChaCha20Poly1305, XNonce};
use serde::Serialize;
use serde::de::DeserializeOwned;
use sha2::{Digest, Sha256};

use crate::journal::Sealer;

/// Of the nonce before what is sealed.
const NONCE_BYTES: usize = 24;
/// What the key is made for.
const PURPOSE: &[u8] = b"vardkase between nodes 1";

/// Seals and opens.
pub struct Envelopes(XChaCha20Poly1305);

impl Envelopes {
    /// With the key that all nodes make of their common master key.
    pub fn new(sealer: &Sealer) -> Self {
        let key = Sha256::new().chain_update(PURPOSE).chain_update(sealer.mark(PURPOSE)).finalize();
        Self(XChaCha20Poly1305::new(&<[u8; 32]>::from(key).into()))
    }

    /// Seals something that lies at that key: elsewhere it does not open. `None`: no randomness, or it has no form.
    pub fn seal(&self, at: &[u8], what: &impl Serialize) -> Option<Vec<u8>> {
        let mut nonce = [0; NONCE_BYTES];
        getrandom::fill(&mut nonce).ok()?;
        let text = serde_json::to_vec(what).ok()?;
        let sealed = self.0.encrypt(&XNonce::from(nonce), Payload { msg: &text, aad: at }).ok()?;
        Some([&nonce[..], &sealed].concat())
    }

    /// Opens what lies at that key. `None`: it is not by one of us, or lay elsewhere.
    pub fn open<T: DeserializeOwned>(&self, at: &[u8], sealed: &[u8]) -> Option<T> {
        let (nonce, sealed) = sealed.split_first_chunk::<NONCE_BYTES>()?;
        let text = self.0.decrypt(&XNonce::from(*nonce), Payload { msg: sealed, aad: at }).ok()?;
        serde_json::from_slice(&text).ok()
    }
}

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, reason = "tests")]
    use super::*;
    use crate::journal::{MemoryDisk, MemoryStore};

    fn sealer() -> Sealer {
        MemoryStore::open(&MemoryDisk::new().unwrap()).sealer()
    }

    #[test]
    fn what_is_sealed_opens_where_it_lay_and_nowhere_else() {
        let (one, other) = (sealer(), sealer());
        let envelopes = Envelopes::new(&one);
        let sealed = envelopes.seal(b"cmd/fs/1", &"larm").unwrap();
        assert_eq!(envelopes.open::<String>(b"cmd/fs/1", &sealed).unwrap(), "larm");
        assert!(envelopes.open::<String>(b"cmd/fs/2", &sealed).is_none(), "moved");
        assert!(!String::from_utf8_lossy(&sealed).contains("larm"));
        for n in 0..sealed.len() {
            let mut spoilt = sealed.clone();
            spoilt[n] ^= 1;
            assert!(envelopes.open::<String>(b"cmd/fs/1", &spoilt).is_none(), "octet {n}");
            assert!(envelopes.open::<String>(b"cmd/fs/1", &sealed[..n]).is_none());
        }
        assert!(Envelopes::new(&other).open::<String>(b"cmd/fs/1", &sealed).is_none(), "another key");
    }
}
