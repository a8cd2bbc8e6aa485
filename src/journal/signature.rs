//! Seals of the chain's head: an ed25519 signature (RFC 8032) over what the chain was at a moment. Somebody who may write the
//! file can compute a new chain, and as the key lies beside it, sign that too; so each sealed head also leaves the machine, at
//! the foot of mails and faxes and with the heartbeat, where nobody can call it back.
//!
//! ```text
//! signed = "vardkase seal 1" 00 ‖ seq u64 ‖ hash [32] ‖ at_ms i64 ‖ len u32 ‖ region [len]      numbers little-endian
//! ```

use std::fmt;
use std::path::Path;

use ed25519_dalek::{Signature, Signer, SigningKey, VerifyingKey};
use serde::{Deserialize, Serialize};

use super::chain::{HASH_BYTES, Hash, Head};
use super::error::JournalError;
use super::folder::{read_side_key, write_private};

/// The file with the signing key, in the state folder.
const SEAL_KEY_FILE: &str = "seal-key";
/// What stands before its digits: its format.
const FILE_MARK: &str = "vardkase-seal-key-1:";
/// What every signature begins with, so that none can be taken for a signature of something else.
const CONTEXT: &[u8] = b"vardkase seal 1\0";
/// Characters of a hash at the foot of a mail: 80 bits, more than anybody can try out.
const FOOT_CHARS: usize = 16;
/// Crockford's base 32, as fingerprints have it.
const DIGITS: &[u8; 32] = b"0123456789ABCDEFGHJKMNPQRSTVWXYZ";

/// The key that seals are made with. Never shown by Debug.
pub struct SealKey(SigningKey);

impl fmt::Debug for SealKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("SealKey(hidden)")
    }
}

impl SealKey {
    /// The key of a state folder; `None` when it has none yet.
    ///
    /// # Errors
    /// The file is damaged. It is not replaced in silence: seals by another hand prove nothing of this one.
    pub fn load(folder: &Path) -> Result<Option<Self>, JournalError> {
        let path = folder.join(SEAL_KEY_FILE);
        let Some(text) = read_side_key(folder, SEAL_KEY_FILE) else {
            return if path.exists() { Err(JournalError::Key { file: path, what: "can't be read" }) } else { Ok(None) };
        };
        let mut bytes = [0; 32];
        let digits = text.trim_ascii_end().strip_prefix(FILE_MARK);
        match digits.and_then(|digits| hex::decode_to_slice(digits, &mut bytes).ok()) {
            Some(()) => Ok(Some(Self(SigningKey::from_bytes(&bytes)))),
            None => Err(JournalError::Key { file: path, what: "is damaged" }),
        }
    }

    /// The key of a state folder, made at the first start (mode 0600). The folder's lock is held by the caller.
    ///
    /// # Errors
    /// As [`load`](Self::load); or it can't be written.
    pub fn load_or_create(folder: &Path) -> Result<Self, JournalError> {
        if let Some(key) = Self::load(folder)? {
            return Ok(key);
        }
        let mut bytes = [0; 32];
        getrandom::fill(&mut bytes).map_err(|e| JournalError::Random(e.to_string()))?;
        write_private(folder, SEAL_KEY_FILE, format!("{FILE_MARK}{}\n", hex::encode(bytes)).as_bytes())?;
        Ok(Self(SigningKey::from_bytes(&bytes)))
    }

    /// By whom its seals are: what to note elsewhere.
    pub fn public(&self) -> [u8; 32] {
        self.0.verifying_key().to_bytes()
    }

    /// Seals a head.
    pub fn seal(&self, head: Head, at_ms: i64, region: &str) -> HeadSeal {
        let mut seal = HeadSeal {
            seq: head.seq,
            hash: head.hash,
            at_ms,
            region: region.into(),
            key: self.public(),
            signature: vec![],
        };
        seal.signature = self.0.sign(&seal.signed()).to_bytes().to_vec();
        seal
    }
}

/// A sealed head.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct HeadSeal {
    /// Number of the last record that it seals.
    pub seq: u64,
    pub hash: Hash,
    /// When, in milliseconds since 1970, UTC.
    pub at_ms: i64,
    /// The region whose journal it is.
    pub region: String,
    pub key: [u8; 32],
    /// 64 bytes.
    pub signature: Vec<u8>,
}

impl fmt::Debug for HeadSeal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "HeadSeal({}, at {})", self.head(), self.at_ms)
    }
}

impl HeadSeal {
    /// The head that it seals.
    pub fn head(&self) -> Head {
        Head { seq: self.seq, hash: self.hash }
    }

    /// Whether the signature is of this key and over all of it.
    pub fn is_genuine(&self) -> bool {
        let key = VerifyingKey::from_bytes(&self.key);
        let signature = Signature::from_slice(&self.signature);
        // Strict: no second signature can be made from one, and no weak key has one that fits everything (RFC 8032 5.1.7).
        matches!((key, signature), (Ok(key), Ok(signature)) if key.verify_strict(&self.signed(), &signature).is_ok())
    }

    /// As it stands at the foot of mails and faxes: `1234 7K4F-2A9B-3C5D-8E1F`.
    pub fn foot(&self) -> String {
        ShortHead::of(self.head()).to_string()
    }

    fn signed(&self) -> Vec<u8> {
        let mut signed = CONTEXT.to_vec();
        signed.extend(self.seq.to_le_bytes());
        signed.extend(self.hash);
        signed.extend(self.at_ms.to_le_bytes());
        signed.extend((self.region.len() as u32).to_le_bytes());
        signed.extend(self.region.as_bytes());
        signed
    }
}

/// A head as it stands on paper: its number and the first 80 bits of its link.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct ShortHead {
    /// Number of the record.
    pub seq: u64,
    digits: [u8; FOOT_CHARS],
}

impl ShortHead {
    /// The foot of a head.
    pub fn of(head: Head) -> Self {
        let mut digits = [0; FOOT_CHARS];
        let mut bits = [false; FOOT_CHARS * 5];
        for (ix, bit) in bits.iter_mut().enumerate() {
            *bit = head.hash[ix / 8 % HASH_BYTES] >> (7 - ix % 8) & 1 == 1;
        }
        for (digit, five) in digits.iter_mut().zip(bits.chunks_exact(5)) {
            *digit = DIGITS[five.iter().fold(0, |n, bit| n * 2 + usize::from(*bit))];
        }
        Self { seq: head.seq, digits }
    }
}

impl fmt::Display for ShortHead {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} ", self.seq)?;
        for (ix, digit) in self.digits.iter().enumerate() {
            if ix > 0 && ix % 4 == 0 {
                f.write_str("-")?;
            }
            write!(f, "{}", char::from(*digit))?;
        }
        Ok(())
    }
}

impl std::str::FromStr for ShortHead {
    type Err = super::chain::BadHead;
    /// As it is read off paper: any case, with or without dashes, `O` for 0, `I` and `L` for 1; a colon or space after the
    /// number, and the word before it.
    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let bad = || super::chain::BadHead;
        let text = text.trim();
        let text = text.strip_prefix("Journal").unwrap_or(text).trim();
        let (seq, rest) = text.split_once([' ', ':']).ok_or_else(bad)?;
        let mut digits = [0; FOOT_CHARS];
        let mut given = rest.chars().filter(|c| !matches!(c, '-' | ' '));
        for digit in &mut digits {
            let c = match given.next().ok_or_else(bad)?.to_ascii_uppercase() {
                'O' => '0',
                'I' | 'L' => '1',
                c => c,
            };
            *digit = u8::try_from(c).ok().filter(|c| DIGITS.contains(c)).ok_or_else(bad)?;
        }
        if given.next().is_some() {
            return Err(bad());
        }
        Ok(Self { seq: seq.parse().map_err(|_| bad())?, digits })
    }
}

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, reason = "tests")]
    use super::*;

    fn head() -> Head {
        Head { seq: 1234, hash: super::super::hash_of(b"x") }
    }

    #[test]
    fn a_seal_is_of_all_that_it_says_and_of_nothing_else() {
        let dir = tempfile::tempdir().unwrap();
        assert!(SealKey::load(dir.path()).unwrap().is_none());
        let key = SealKey::load_or_create(dir.path()).unwrap();
        let again = SealKey::load_or_create(dir.path()).unwrap();
        assert_eq!(key.public(), again.public(), "made once");
        #[cfg(unix)]
        {
            use std::os::unix::fs::PermissionsExt;
            let mode = std::fs::metadata(dir.path().join(SEAL_KEY_FILE)).unwrap().permissions().mode();
            assert_eq!(mode & 0o777, 0o600);
        }
        let seal = key.seal(head(), 1_229_566_320_000, "fjallmark");
        assert!(seal.is_genuine());
        let bytes = postcard::to_stdvec(&seal).unwrap();
        assert_eq!(postcard::from_bytes::<HeadSeal>(&bytes).unwrap(), seal);
        let other = SealKey(SigningKey::from_bytes(&[7; 32]));
        type Forge = fn(&mut HeadSeal);
        let forged: [Forge; 6] = [
            |s| s.seq += 1,
            |s| s.hash[31] ^= 1,
            |s| s.at_ms -= 1,
            |s| s.region.push('x'),
            |s| s.signature[5] ^= 1,
            |s| s.signature.truncate(63),
        ];
        for (n, forge) in forged.iter().enumerate() {
            let mut seal = seal.clone();
            forge(&mut seal);
            assert!(!seal.is_genuine(), "{n}");
        }
        assert!(!HeadSeal { key: other.public(), ..seal.clone() }.is_genuine());
        assert!(!format!("{key:?}").contains(&format!("{:02x}", key.0.to_bytes()[0])) || format!("{key:?}").len() < 20);
    }

    #[test]
    fn a_damaged_key_is_not_replaced() {
        let dir = tempfile::tempdir().unwrap();
        SealKey::load_or_create(dir.path()).unwrap();
        let path = dir.path().join(SEAL_KEY_FILE);
        let text = std::fs::read_to_string(&path).unwrap();
        for bad in ["vardkase-seal-key-1:", &text[1..], &text[..text.len() - 3], ""] {
            std::fs::write(&path, bad).unwrap();
            assert!(SealKey::load_or_create(dir.path()).is_err(), "{bad:?}");
            assert_eq!(std::fs::read_to_string(&path).unwrap(), bad);
        }
    }

    #[test]
    fn what_stands_on_paper_is_read_back() {
        let short = ShortHead::of(head());
        let written = short.to_string();
        assert_eq!(written.len(), 4 + 1 + 16 + 3, "{written}");
        let sloppy =
            written.to_lowercase().replace('-', "").replace('0', "o").replace('1', "l").replacen("l234", "1234", 1);
        for text in [written.clone(), sloppy, format!(" Journal {written} "), written.replacen(' ', ":", 1)] {
            assert_eq!(text.parse::<ShortHead>().unwrap(), short, "{text}");
        }
        for bad in
            ["", "1234", "1234 7K4F", &format!("{written}0"), &written.replace('-', "å"), "x 7K4F-7K4F-7K4F-7K4F"]
        {
            assert!(bad.parse::<ShortHead>().is_err(), "{bad}");
        }
        let mut near = head();
        near.hash[9] ^= 1;
        assert_ne!(ShortHead::of(near), short, "80 bits are looked at");
    }
}
