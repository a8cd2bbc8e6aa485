//! What must be forgettable: addresses, senders of replies, free notes, the frozen contacts.
//!
//! Each incident has a random key. A private value is encrypted under it and lies in a side table; the chained record holds
//! only a *commitment*, a keyed hash under the same incident's key. With the key, the commitment proves the value; without
//! it, nobody can tell the value nor try out all telephone numbers. Destroying the key forgets the values, and the chain
//! still verifies, since it never held them.
//!
//! The incident's key is itself wrapped by the master key in the file `key` beside the journal. Keys and values never
//! stand in `Debug` output.

use std::collections::HashMap;
use std::fmt;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use chacha20poly1305::aead::{Aead, Payload};
use chacha20poly1305::{KeyInit, XChaCha20Poly1305, XNonce};
use hmac::{Hmac, Mac};
use sha2::Sha256;

use super::error::JournalError;

/// Longest name of an incident (`14`, `X3`, `2026-11`).
pub const INCIDENT_NAME_BYTES_MAX: usize = 64;
/// Largest private value: the frozen contacts of a large region are well below it.
pub const PRIVATE_BYTES_MAX: usize = 16 << 20;

const KEY_BYTES: usize = 32;
/// A mark is cut to so many bytes.
const MARK_BYTES: usize = 16;
/// XChaCha20's nonce is long enough to be drawn at random.
const NONCE_BYTES: usize = 24;

/// What the chain knows of a private value: HMAC-SHA256 under a key of its incident, cut to 16 bytes. The same value gives
/// the same commitment within an incident and another one in each other incident.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, serde::Serialize, serde::Deserialize)]
#[serde(transparent)]
pub struct Commitment(pub [u8; Self::BYTES]);

impl Commitment {
    /// How long it is, in bytes.
    pub const BYTES: usize = 16;
}
impl fmt::Display for Commitment {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&hex::encode(self.0))
    }
}
impl fmt::Debug for Commitment {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

/// A private value, encrypted, on its way into the side table. It is stored in the same transaction as its record.
#[derive(Clone)]
pub struct Sealed {
    pub(crate) incident: Arc<str>,
    pub(crate) commitment: Commitment,
    /// Nonce and ciphertext.
    pub(crate) sealed: Vec<u8>,
    /// The incident's key under the master key: stored with the first value.
    pub(crate) wrapped: Arc<[u8]>,
}

impl Sealed {
    /// What the record may hold instead of the value.
    pub fn commitment(&self) -> Commitment {
        self.commitment
    }
    /// The incident that it is forgotten with.
    #[cfg_attr(not(feature = "internals"), allow(dead_code, reason = "tests ask for it"))]
    pub fn incident(&self) -> &str {
        &self.incident
    }
}
impl fmt::Debug for Sealed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Sealed({}, {})", self.incident, self.commitment)
    }
}

/// The key that wraps all incidents' keys.
#[derive(Clone)]
pub(crate) struct MasterKey {
    key: Arc<[u8; KEY_BYTES]>,
    /// What it wraps with, derived once: a start unwraps the key of every incident.
    wrapping: [u8; KEY_BYTES],
}

impl fmt::Debug for MasterKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("MasterKey(hidden)")
    }
}

impl MasterKey {
    /// What stands before the digits in the key file: its format.
    const FILE_MARK: &'static str = "vardkase-key-1:";

    fn of(key: [u8; KEY_BYTES]) -> Self {
        Self { wrapping: derive(&key, b"vardkase/wrap/1"), key: Arc::new(key) }
    }

    pub fn random() -> Result<Self, JournalError> {
        Ok(Self::of(random()?))
    }

    /// The key file's text.
    pub fn to_file_text(&self) -> String {
        format!("{}{}\n", Self::FILE_MARK, hex::encode(*self.key))
    }

    /// Reads a key file's text.
    pub fn from_file_text(text: &str) -> Option<Self> {
        let mut key = [0; KEY_BYTES];
        hex::decode_to_slice(text.trim_ascii_end().strip_prefix(Self::FILE_MARK)?, &mut key).ok()?;
        Some(Self::of(key))
    }

    /// Stored in the journal, so that a key file of another journal is noticed at once.
    pub fn check_value(&self) -> [u8; 16] {
        cut(derive(&self.key, b"vardkase/check/1"))
    }

    fn wrap(&self, incident: &str, key: &[u8; KEY_BYTES]) -> Result<Arc<[u8]>, JournalError> {
        Ok(encrypt(&self.wrapping, key, incident.as_bytes())?.into())
    }

    /// The key of an incident. `None`: damaged, or wrapped by another master key.
    pub fn unwrap_key(&self, incident: &str, wrapped: &[u8]) -> Option<IncidentKey> {
        let key = decrypt(&self.wrapping, wrapped, incident.as_bytes())?;
        Some(IncidentKey::new(incident, &key.try_into().ok()?, wrapped.into()))
    }
}

/// The keys of one incident.
#[derive(Clone)]
pub(crate) struct IncidentKey {
    incident: Arc<str>,
    sealing: [u8; KEY_BYTES],
    committing: [u8; KEY_BYTES],
    wrapped: Arc<[u8]>,
}

impl fmt::Debug for IncidentKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "IncidentKey({}, hidden)", self.incident)
    }
}

impl IncidentKey {
    fn new(incident: &str, key: &[u8; KEY_BYTES], wrapped: Arc<[u8]>) -> Self {
        Self {
            incident: incident.into(),
            sealing: derive(key, b"vardkase/seal/1"),
            committing: derive(key, b"vardkase/commit/1"),
            wrapped,
        }
    }

    fn commit(&self, bytes: &[u8]) -> Commitment {
        Commitment(cut(derive(&self.committing, bytes)))
    }

    /// The ciphertext is bound to incident and commitment: moved to another row, it does not open.
    fn context(&self, commitment: Commitment) -> Vec<u8> {
        [&commitment.0, self.incident.as_bytes()].concat()
    }

    fn seal(&self, bytes: &[u8]) -> Result<Sealed, JournalError> {
        let commitment = self.commit(bytes);
        Ok(Sealed {
            incident: self.incident.clone(),
            commitment,
            sealed: encrypt(&self.sealing, bytes, &self.context(commitment))?,
            wrapped: self.wrapped.clone(),
        })
    }

    /// The value, if it is the one that was committed to.
    pub fn open(&self, commitment: Commitment, sealed: &[u8]) -> Option<Vec<u8>> {
        decrypt(&self.sealing, sealed, &self.context(commitment)).filter(|bytes| self.commit(bytes) == commitment)
    }
}

/// A key that is at hand. Those of a start stay wrapped until they are used: most incidents are long over.
#[derive(Clone)]
enum Known {
    Wrapped(Arc<[u8]>),
    Open(IncidentKey),
}

/// Seals private values without touching the disk, so that the owner of the state can put commitments into records before
/// they are appended. Cheap to clone; all clones share the incidents' keys.
#[derive(Clone)]
pub struct Sealer {
    master: MasterKey,
    /// `None`: forgotten.
    keys: Arc<Mutex<HashMap<Arc<str>, Option<Known>>>>,
}

impl fmt::Debug for Sealer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Sealer(hidden)")
    }
}

impl Sealer {
    pub(crate) fn new(master: MasterKey) -> Self {
        Self { master, keys: Arc::default() }
    }

    /// Takes up a key from the keys table, at start and when another site's records came; `None` for a forgotten incident. It takes
    /// the place of a key that was drawn here and is not stored.
    pub(crate) fn learn(&self, incident: &str, wrapped: Option<&[u8]>) {
        let mut keys = self.lock();
        if let (Some(Some(Known::Open(key))), Some(wrapped)) = (keys.get(incident), wrapped)
            && *key.wrapped == *wrapped
        {
            return;
        }
        keys.insert(incident.into(), wrapped.map(|wrapped| Known::Wrapped(wrapped.into())));
    }

    /// Whether a value was sealed with the key that its incident has now. True for one that is forgotten: it is not stored anyway.
    #[cfg(feature = "cluster")]
    pub(crate) fn is_current(&self, value: &Sealed) -> bool {
        match self.lock().get(&value.incident) {
            Some(Some(Known::Wrapped(wrapped))) => *wrapped == value.wrapped,
            Some(Some(Known::Open(key))) => key.wrapped == value.wrapped,
            Some(None) | None => true,
        }
    }

    /// Drops the key from memory. Values sealed before and not yet stored are not stored any more.
    pub(crate) fn forget(&self, incident: &str) {
        self.lock().insert(incident.into(), None);
    }

    /// Encrypts a value of an incident: `14`, `X3` for a drill. What belongs to no incident goes under a label that can be
    /// forgotten as a whole, such as its month `2026-11`.
    ///
    /// # Errors
    /// The incident is forgotten, the value too large, or the system gives no randomness.
    pub fn seal(&self, incident: &str, bytes: &[u8]) -> Result<Sealed, JournalError> {
        limit("PRIVATE_BYTES_MAX", bytes.len(), PRIVATE_BYTES_MAX)?;
        limit("INCIDENT_NAME_BYTES_MAX", incident.len(), INCIDENT_NAME_BYTES_MAX)?;
        let key = {
            let mut keys = self.lock();
            match keys.get(incident) {
                Some(Some(Known::Open(key))) => key.clone(),
                Some(Some(Known::Wrapped(wrapped))) => {
                    let key = self.master.unwrap_key(incident, wrapped).ok_or_else(|| JournalError::Key {
                        file: super::folder::KEY_FILE.into(),
                        what: "does not open this incident",
                    })?;
                    keys.insert(key.incident.clone(), Some(Known::Open(key.clone())));
                    key
                }
                Some(None) => return Err(JournalError::Forgotten { incident: incident.into() }),
                None => {
                    let fresh = random()?;
                    let key = IncidentKey::new(incident, &fresh, self.master.wrap(incident, &fresh)?);
                    keys.insert(key.incident.clone(), Some(Known::Open(key.clone())));
                    key
                }
            }
        };
        key.seal(bytes)
    }

    /// A mark by which one value is known again, whatever incident it is in; who does not have the master key can't try values out.
    pub fn mark(&self, bytes: &[u8]) -> String {
        let key = derive(&self.master.key, b"vardkase/mark/1");
        hex::encode(&derive(&key, bytes)[..MARK_BYTES])
    }

    /// A panic elsewhere can't leave the map half-changed: each change is one insert.
    fn lock(&self) -> MutexGuard<'_, HashMap<Arc<str>, Option<Known>>> {
        self.keys.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Refuses what is over a named limit.
pub(crate) fn limit(limit: &'static str, found: usize, max: usize) -> Result<(), JournalError> {
    if found > max { Err(JournalError::TooLarge { limit, found, max }) } else { Ok(()) }
}

fn random<const N: usize>() -> Result<[u8; N], JournalError> {
    let mut bytes = [0; N];
    getrandom::fill(&mut bytes).map_err(|error| JournalError::Random(error.to_string()))?;
    Ok(bytes)
}

/// HMAC-SHA256: as a keyed hash and to derive one key from another (RFC 5869's expand step with one block).
#[expect(clippy::expect_used, reason = "HMAC takes keys of any length (RFC 2104 section 3)")]
fn derive(key: &[u8; KEY_BYTES], data: &[u8]) -> [u8; KEY_BYTES] {
    let mut mac = Hmac::<Sha256>::new_from_slice(key).expect("any length");
    mac.update(data);
    mac.finalize().into_bytes().into()
}

fn cut(full: [u8; 32]) -> [u8; 16] {
    let mut short = [0; 16];
    short.copy_from_slice(&full[..16]);
    short
}

fn encrypt(key: &[u8; KEY_BYTES], bytes: &[u8], context: &[u8]) -> Result<Vec<u8>, JournalError> {
    let nonce: [u8; NONCE_BYTES] = random()?;
    let sealed = XChaCha20Poly1305::new(&(*key).into())
        .encrypt(&XNonce::from(nonce), Payload { msg: bytes, aad: context })
        .map_err(|_| JournalError::TooLarge { limit: "the cipher", found: bytes.len(), max: PRIVATE_BYTES_MAX })?;
    Ok([&nonce[..], &sealed].concat())
}

fn decrypt(key: &[u8; KEY_BYTES], sealed: &[u8], context: &[u8]) -> Option<Vec<u8>> {
    let (nonce, sealed) = sealed.split_first_chunk::<NONCE_BYTES>()?;
    XChaCha20Poly1305::new(&(*key).into()).decrypt(&XNonce::from(*nonce), Payload { msg: sealed, aad: context }).ok()
}

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, reason = "tests")]
    use super::*;

    fn open(sealer: &Sealer, value: &Sealed) -> Option<Vec<u8>> {
        sealer.master.unwrap_key(&value.incident, &value.wrapped)?.open(value.commitment, &value.sealed)
    }

    #[test]
    fn a_value_comes_back_and_is_bound_to_its_incident() {
        let sealer = Sealer::new(MasterKey::random().unwrap());
        let a = sealer.seal("14", b"+46701740605").unwrap();
        let again = sealer.seal("14", b"+46701740605").unwrap();
        let b = sealer.seal("15", b"+46701740605").unwrap();
        assert_eq!(open(&sealer, &a).unwrap(), b"+46701740605");
        assert_eq!(a.commitment, again.commitment, "the same value within an incident is recognised");
        assert_ne!(a.commitment, b.commitment, "but not across incidents");
        assert_ne!(a.sealed, again.sealed, "nonces are never repeated");
        let moved = Sealed { sealed: b.sealed.clone(), ..a.clone() };
        assert_eq!(open(&sealer, &moved), None);
        let mut flipped = a.clone();
        flipped.sealed[30] ^= 1;
        assert_eq!(open(&sealer, &flipped), None);
        assert_eq!(open(&Sealer::new(MasterKey::random().unwrap()), &a), None);
        for short in 0..40 {
            assert_eq!(open(&sealer, &Sealed { sealed: a.sealed[..short].into(), ..a.clone() }), None);
        }
    }

    #[test]
    fn a_forgotten_incident_takes_nothing_more() {
        let sealer = Sealer::new(MasterKey::random().unwrap());
        sealer.seal("14", b"x").unwrap();
        sealer.forget("14");
        assert_eq!(sealer.seal("14", b"x").unwrap_err(), JournalError::Forgotten { incident: "14".into() });
        assert!(sealer.seal("15", b"x").is_ok());
    }

    #[test]
    fn keys_and_values_stay_out_of_debug_output() {
        let master = MasterKey::random().unwrap();
        let digits = master.to_file_text();
        let sealer = Sealer::new(master.clone());
        let value = sealer.seal("14", b"+46701740605").unwrap();
        let key = master.unwrap_key("14", &value.wrapped).unwrap();
        let shown = format!("{master:?} {sealer:?} {value:?} {key:?}");
        assert!(!shown.contains(&digits[20..40]) && !shown.contains('['), "{shown}");
    }

    #[test]
    fn a_key_file_is_read_back_or_refused() {
        let master = MasterKey::random().unwrap();
        let text = master.to_file_text();
        assert_eq!(MasterKey::from_file_text(&text).unwrap().check_value(), master.check_value());
        for bad in ["", "vardkase-key-1:", &text[1..], &text[..text.len() - 3], &text.replace("-1:", "-2:")] {
            assert!(MasterKey::from_file_text(bad).is_none());
        }
    }

    #[test]
    fn a_mark_is_the_same_for_one_value_and_key() {
        let sealer = Sealer::new(MasterKey::random().unwrap());
        let mark = sealer.mark(b"46701740605");
        assert_eq!((mark.len(), &mark), (2 * MARK_BYTES, &sealer.clone().mark(b"46701740605")));
        assert_ne!(mark, sealer.mark(b"46701740606"));
        assert_ne!(mark, Sealer::new(MasterKey::random().unwrap()).mark(b"46701740605"));
    }

    #[test]
    fn limits_are_named() {
        let sealer = Sealer::new(MasterKey::random().unwrap());
        let error = sealer.seal(&"1".repeat(65), b"").unwrap_err();
        assert_eq!(error, JournalError::TooLarge { limit: "INCIDENT_NAME_BYTES_MAX", found: 65, max: 64 });
    }
}
