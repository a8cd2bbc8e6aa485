//! The file `checkpoint` beside a journal: what the journal gave up to one record, so that a start need not read all of it.
//!
//! It lies outside the chain and proves nothing. Whatever does not fit (another build, a flipped bit, half a file, a record
//! that is not in this journal) is a reason to read the journal from its start, and never a reason not to start.
//!
//! ```text
//! "vardkase checkpoint\n"  build: len u16, text  seq u64  hash [32]  body: len u64, bytes  SHA-256 of all before [32]
//! ```
//!
//! Numbers are little-endian. What the body holds is its writer's; no private value may stand in it.

use std::fs::{self, File};
use std::io::{ErrorKind, Read};
use std::path::Path;

use super::chain::{HASH_BYTES, Head, hash_of};
use super::error::JournalError;
use super::folder::{DB_FILE, write_private};

/// Its name in the state folder.
pub const CHECKPOINT_FILE: &str = "checkpoint";
/// Largest checkpoint: above a state with a million deliveries and as many asks.
pub const CHECKPOINT_BYTES_MAX: u64 = 512 << 20;

const MARK: &[u8] = b"vardkase checkpoint\n";

/// What the journal gave up to one record.
#[derive(Clone, PartialEq, Eq)]
pub struct Checkpoint {
    /// The last record that it holds.
    pub head: Head,
    /// Which build wrote it: only the same one reads the body.
    pub build: String,
    /// In a form that is the caller's.
    pub body: Vec<u8>,
}

impl std::fmt::Debug for Checkpoint {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Checkpoint({}, {}, {} bytes)", self.head, self.build, self.body.len())
    }
}

/// Why a checkpoint is not used.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Unusable {
    /// There is none.
    Missing,
    /// It can't be read from the disk.
    Disk(String),
    /// Half a file, a flipped bit, or something else altogether.
    Damaged(&'static str),
    /// Another build wrote it.
    OtherBuild(String),
    /// It is of a record that this journal does not have: the journal was put back from a backup, or is another one.
    NotInJournal(u64),
    /// Its body is whole, and can't be taken over.
    Body(String),
}

impl std::fmt::Display for Unusable {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Missing => f.write_str("there is none"),
            Self::Disk(why) => write!(f, "it can't be read: {why}"),
            Self::Damaged(what) => write!(f, "it is damaged: {what}"),
            Self::OtherBuild(build) => write!(f, "another build wrote it ({build})"),
            Self::NotInJournal(seq) => write!(f, "it is of record {seq}, which is not in this journal"),
            Self::Body(why) => write!(f, "what it holds can't be taken over: {why}"),
        }
    }
}
impl std::error::Error for Unusable {}

impl Checkpoint {
    /// As it stands in the file.
    pub fn to_bytes(&self) -> Vec<u8> {
        let build = &self.build.as_bytes()[..self.build.len().min(usize::from(u16::MAX))];
        let mut bytes = Vec::with_capacity(MARK.len() + build.len() + self.body.len() + 128);
        bytes.extend_from_slice(MARK);
        bytes.extend_from_slice(&(build.len() as u16).to_le_bytes());
        bytes.extend_from_slice(build);
        bytes.extend_from_slice(&self.head.seq.to_le_bytes());
        bytes.extend_from_slice(&self.head.hash);
        bytes.extend_from_slice(&(self.body.len() as u64).to_le_bytes());
        bytes.extend_from_slice(&self.body);
        let check = hash_of(&bytes);
        bytes.extend_from_slice(&check);
        bytes
    }

    /// From a file that `build` is to read.
    ///
    /// # Errors
    /// It is not whole, or of another build.
    pub fn from_bytes(bytes: &[u8], build: &str) -> Result<Self, Unusable> {
        let damaged = |what| move || Unusable::Damaged(what);
        let rest = bytes.strip_prefix(MARK).ok_or_else(damaged("it does not begin as a checkpoint does"))?;
        let (whole, check) = bytes.split_last_chunk::<HASH_BYTES>().ok_or_else(damaged("the file is cut off"))?;
        if hash_of(whole) != *check {
            return Err(Unusable::Damaged("its checksum is another one"));
        }
        let short = damaged("the file is cut off");
        let rest = &rest[..rest.len().checked_sub(HASH_BYTES).ok_or_else(short)?];
        let (len, rest) = rest.split_first_chunk().ok_or_else(short)?;
        let (wrote, rest) = rest.split_at_checked(usize::from(u16::from_le_bytes(*len))).ok_or_else(short)?;
        if wrote != build.as_bytes() {
            return Err(Unusable::OtherBuild(String::from_utf8_lossy(wrote).into_owned()));
        }
        let (seq, rest) = rest.split_first_chunk().ok_or_else(short)?;
        let (hash, rest) = rest.split_first_chunk().ok_or_else(short)?;
        let (len, body) = rest.split_first_chunk().ok_or_else(short)?;
        if u64::from_le_bytes(*len) != body.len() as u64 {
            return Err(Unusable::Damaged("its length is another one"));
        }
        let head = Head { seq: u64::from_le_bytes(*seq), hash: *hash };
        Ok(Self { head, build: build.to_owned(), body: body.to_vec() })
    }

    /// Reads the one in a state folder, or beside a second copy.
    ///
    /// # Errors
    /// There is none that `build` may use.
    pub fn read(dir: &Path, build: &str) -> Result<Self, Unusable> {
        let path = dir.join(CHECKPOINT_FILE);
        // To open a pipe would wait for whoever writes into it.
        if fs::metadata(&path).is_ok_and(|found| !found.is_file()) {
            return Err(Unusable::Damaged("it is not a file"));
        }
        let read = || {
            let file = File::open(&path)?;
            let mut bytes = Vec::new();
            let n = file.take(CHECKPOINT_BYTES_MAX + 1).read_to_end(&mut bytes)?;
            Ok((n as u64 <= CHECKPOINT_BYTES_MAX).then_some(bytes))
        };
        match read() {
            Ok(Some(bytes)) => Self::from_bytes(&bytes, build),
            Ok(None) => Err(Unusable::Damaged("it is larger than any checkpoint is")),
            Err(e) if std::io::Error::kind(&e) == ErrorKind::NotFound => Err(Unusable::Missing),
            Err(e) => Err(Unusable::Disk(e.to_string())),
        }
    }
}

/// Puts a checkpoint in the place of the one before it, whole or not at all. A folder without a journal gets none: it may be a
/// disk that is not mounted.
///
/// # Errors
/// The disk does not take it. Nothing is lost: the next start reads more of the journal.
pub fn write_checkpoint(dir: &Path, bytes: &[u8]) -> Result<(), JournalError> {
    fs::metadata(dir.join(DB_FILE)).map_err(|e| JournalError::io("looking for the journal of", dir, &e))?;
    let found = bytes.len();
    if found as u64 > CHECKPOINT_BYTES_MAX {
        let max = usize::try_from(CHECKPOINT_BYTES_MAX).unwrap_or(usize::MAX);
        return Err(JournalError::TooLarge { limit: "CHECKPOINT_BYTES_MAX", found, max });
    }
    write_private(dir, CHECKPOINT_FILE, bytes)
}

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, reason = "tests")]
    use proptest::prelude::*;

    use super::*;

    fn checkpoint() -> Checkpoint {
        Checkpoint {
            head: Head { seq: 1204, hash: [7; 32] },
            build: "1.0 form 3".into(),
            body: b"what it holds".to_vec(),
        }
    }

    #[test]
    fn exact_bytes() {
        let bytes = checkpoint().to_bytes();
        let mut expected = b"vardkase checkpoint\n\x0a\x001.0 form 3".to_vec();
        expected.extend([0xb4, 4, 0, 0, 0, 0, 0, 0]);
        expected.extend([7; 32]);
        expected.extend([13, 0, 0, 0, 0, 0, 0, 0]);
        expected.extend(b"what it holds");
        expected.extend(hash_of(&expected));
        assert_eq!(bytes, expected);
        assert_eq!(Checkpoint::from_bytes(&bytes, "1.0 form 3").unwrap(), checkpoint());
    }

    #[test]
    fn another_build_is_named() {
        let bytes = checkpoint().to_bytes();
        let other = Checkpoint::from_bytes(&bytes, "1.1 form 3").unwrap_err();
        assert_eq!(other.to_string(), "another build wrote it (1.0 form 3)");
    }

    #[test]
    fn it_replaces_the_one_before_and_leaves_nothing_else() {
        let dir = tempfile::tempdir().unwrap();
        assert_eq!(Checkpoint::read(dir.path(), "b").unwrap_err(), Unusable::Missing);
        fs::create_dir(dir.path().join(CHECKPOINT_FILE)).unwrap();
        assert_eq!(Checkpoint::read(dir.path(), "b").unwrap_err(), Unusable::Damaged("it is not a file"));
        fs::remove_dir(dir.path().join(CHECKPOINT_FILE)).unwrap();
        write_checkpoint(dir.path(), &checkpoint().to_bytes()).unwrap_err();
        fs::write(dir.path().join(DB_FILE), "a journal").unwrap();
        // As a crash in the middle of an earlier one leaves it.
        fs::write(dir.path().join("checkpoint.new"), &checkpoint().to_bytes()[..20]).unwrap();
        for seq in [1204, 1205] {
            let next = Checkpoint { head: Head { seq, hash: [8; 32] }, ..checkpoint() };
            write_checkpoint(dir.path(), &next.to_bytes()).unwrap();
            assert_eq!(Checkpoint::read(dir.path(), "1.0 form 3").unwrap(), next);
        }
        assert_eq!(fs::read_dir(dir.path()).unwrap().count(), 2);
        #[cfg(unix)]
        {
            use std::os::unix::fs::PermissionsExt;
            let mode = fs::metadata(dir.path().join(CHECKPOINT_FILE)).unwrap().permissions().mode();
            assert_eq!(mode & 0o777, 0o600);
        }
    }

    proptest! {
        #[test]
        fn no_flipped_byte_and_no_cut_passes(
            at in any::<prop::sample::Index>(), flip in 1..=255u8, cut in any::<prop::sample::Index>(),
        ) {
            let bytes = checkpoint().to_bytes();
            let mut flipped = bytes.clone();
            flipped[at.index(bytes.len())] ^= flip;
            prop_assert!(matches!(Checkpoint::from_bytes(&flipped, "1.0 form 3"), Err(Unusable::Damaged(_))));
            let cut = &bytes[..cut.index(bytes.len())];
            prop_assert!(matches!(Checkpoint::from_bytes(cut, "1.0 form 3"), Err(Unusable::Damaged(_))));
        }

        #[test]
        fn any_bytes_are_read_without_panic(bytes in prop::collection::vec(any::<u8>(), 0..200)) {
            let _ = Checkpoint::from_bytes(&bytes, "b");
            let _ = Checkpoint::from_bytes(&[MARK, &bytes].concat(), "b");
            let mut whole = [MARK, &bytes].concat();
            let check = hash_of(&whole);
            whole.extend(check);
            let _ = Checkpoint::from_bytes(&whole, "b");
        }
    }
}
