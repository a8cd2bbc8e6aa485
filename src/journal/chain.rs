//! The hash chain: pure, no IO.
//!
//! ```text
//! hash(n) = SHA-256( hash(n-1) ‖ seq u64 ‖ kind u16 ‖ version u16 ‖ at_ms i64 ‖ private u16 ‖ len u32
//!                    ‖ private × commitment [16] ‖ bytes )            all numbers little-endian
//! hash(0) = SHA-256("vardkase journal chain, format 1")
//! ```
//!
//! Lengths stand before what they measure, so that no two different records give the same input.

use std::fmt;

use sha2::{Digest, Sha256};

use super::vault::Commitment;

/// Length of a link of the chain.
pub const HASH_BYTES: usize = 32;

/// A hash, as the chain and the blob store use it.
pub type Hash = [u8; HASH_BYTES];

/// What [`Head::START`] is made from; another format gets another start.
#[cfg(test)]
const START_TEXT: &[u8] = b"vardkase journal chain, format 1";

/// The last record and its hash: all records up to it, proved by 32 bytes. Noted elsewhere (on paper, in a report, on
/// another site) it shows later that nothing before it was changed or cut off.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub struct Head {
    /// Number of the last record; 0 in an empty journal.
    pub seq: u64,
    pub hash: Hash,
}

impl Head {
    /// Before the first record.
    pub const START: Self = Self {
        seq: 0,
        hash: [
            0x6f, 0x28, 0x58, 0x02, 0x1e, 0x3d, 0xcb, 0x3a, 0xdf, 0x14, 0x4b, 0xd3, 0x8b, 0x10, 0x0f, 0x16, 0x41, 0x72,
            0xe4, 0xed, 0x9c, 0x38, 0x78, 0xda, 0x36, 0x18, 0x95, 0x64, 0x99, 0x75, 0x38, 0x23,
        ],
    };

    /// The head after one more record.
    pub fn then(self, record: &Fields<'_>) -> Self {
        let seq = self.seq + 1;
        let mut fixed = [0; 32 + 8 + 2 + 2 + 8 + 2 + 4];
        fixed[..32].copy_from_slice(&self.hash);
        fixed[32..40].copy_from_slice(&seq.to_le_bytes());
        fixed[40..42].copy_from_slice(&record.kind.to_le_bytes());
        fixed[42..44].copy_from_slice(&record.version.to_le_bytes());
        fixed[44..52].copy_from_slice(&record.at_ms.to_le_bytes());
        // The callers' limits keep both counts inside their types (frame.rs).
        fixed[52..54].copy_from_slice(&(record.commitments.len() as u16).to_le_bytes());
        fixed[54..58].copy_from_slice(&(record.bytes.len() as u32).to_le_bytes());
        let mut sha = Sha256::new();
        sha.update(fixed);
        sha.update(record.commitments.as_flattened());
        sha.update(record.bytes);
        Self { seq, hash: sha.finalize().into() }
    }
}

impl fmt::Display for Head {
    /// `1234:9f86d081…`, in full: it is meant to be noted and compared.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:", self.seq)?;
        f.write_str(&hex::encode(self.hash))
    }
}
impl fmt::Debug for Head {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

impl std::str::FromStr for Head {
    type Err = BadHead;
    fn from_str(s: &str) -> Result<Self, BadHead> {
        let (seq, digits) = s.trim().split_once(':').ok_or(BadHead)?;
        let mut hash = [0; HASH_BYTES];
        hex::decode_to_slice(digits, &mut hash).map_err(|_| BadHead)?;
        Ok(Self { seq: seq.parse().map_err(|_| BadHead)?, hash })
    }
}

/// What was given is not a head.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct BadHead;
impl fmt::Display for BadHead {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a head is written as NUMBER:HASH, the hash with 64 hexadecimal digits, as `verify` prints it")
    }
}
impl std::error::Error for BadHead {}

/// What of a record goes into the chain.
#[derive(Clone, Copy, Debug)]
pub struct Fields<'a> {
    /// The record's type. The journal gives it no meaning.
    pub kind: u16,
    /// The version of that type.
    pub version: u16,
    /// When it was recorded, in milliseconds since 1970, UTC.
    pub at_ms: i64,
    /// Commitments to the private values that belong to it.
    pub commitments: &'a [[u8; Commitment::BYTES]],
    /// The record itself.
    pub bytes: &'a [u8],
}

/// SHA-256 of bytes: names of blobs.
pub fn hash_of(bytes: &[u8]) -> Hash {
    Sha256::digest(bytes).into()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_start_is_the_hash_of_its_text() {
        assert_eq!(Head::START, Head { seq: 0, hash: hash_of(START_TEXT) });
    }

    /// The definition written out again, so that the code above can't drift from what auditors implement.
    #[test]
    fn a_link_is_as_the_page_says() {
        let record = Fields { kind: 3, version: 1, at_ms: -5, commitments: &[[7; 16], [8; 16]], bytes: b"event" };
        let mut input = Head::START.hash.to_vec();
        input.extend(1u64.to_le_bytes());
        input.extend([3, 0, 1, 0]);
        input.extend((-5i64).to_le_bytes());
        input.extend([2, 0, 5, 0, 0, 0]);
        input.extend([7; 16]);
        input.extend([8; 16]);
        input.extend(b"event");
        assert_eq!(Head::START.then(&record), Head { seq: 1, hash: hash_of(&input) });
    }

    #[test]
    fn a_head_is_read_back() {
        assert_eq!(Head::START.to_string().parse(), Ok(Head::START));
        for bad in ["", "1", "1:", "x:00", "1:zz", &format!("1:{}", "0".repeat(63)), &format!("1:{}", "å".repeat(32))]
        {
            assert_eq!(bad.parse::<Head>(), Err(BadHead), "{bad}");
        }
    }
}
