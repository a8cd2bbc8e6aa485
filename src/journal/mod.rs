//! The journal: what happened, in order, on disk before anybody is told, and provable afterwards.
//!
//! **Owns** the state folder: `journal.db` (SQLite: frames of records, private values, blobs), `checkpoint`, `key` (the
//! master key) and `lock`; the order of records; durability; the hash chain; what can be forgotten. One process owns a
//! folder; any number may read it meanwhile.
//!
//! **Must not**: know what a record means (`kind`, `version` and `bytes` are opaque here), read a clock (`at_ms` comes in),
//! change or remove a record, retry on its own (a refused batch goes back to its owner, who knows what may be told from
//! memory), or hold a private value unencrypted, in memory longer than needed, in `Debug` output or in a log line.
//!
//! ```text
//! owner of the state ── Sealer::seal ─► Commitment into the record's bytes
//!        │
//!        └─ Journal::submit(expected_seq, Batch) ─► writer thread ─► Store::append: one durable transaction
//!               ◄──────── Pending: new Head, or Refused with the batch ─┘   for everything that waited
//! ```
//!
//! | file | holds |
//! |---|---|
//! | `chain` | what a link of the chain is made of |
//! | `frame` | codec of one commit's records |
//! | `seal` | keys, commitments, sealing |
//! | `folder` | state folder, lock, key file |
//! | `schema` | the tables, and what must not stand beside them |
//! | `sqlite` | [`SqliteStore`]: group append, WAL |
//! | `read` | [`SqliteReader`]: replay, blobs, unsealing |
//! | `writer` | [`Journal`]: the writer thread and its handle; a writer moved by hand |
//! | `memory` | [`MemoryStore`]: the same frames and keys without a disk, for simulations |
//! | `verify` | the offline proof |
//! | `copies` | [`Copies`]: two copies on two disks, each commit on both |
//! | `signature` | signatures of the chain's head |
//! | `checkpoint` | what the journal gave up to one record, in a file beside it |
//! | `backup` | one file that holds it all, and back |
//! | `compare` | what two copies are to each other before a start |
//! | `disks` | how the disks are, for screens |
//! | `etcd` | one journal for several sites (feature `cluster`) |
//! | `reserve` | space that is held back for the time when the disk is full |
//! | `second_copy` | brings one copy up to the other |
//!
//! [`Store`] and [`Reader`] are the seam for a store of several sites: `append(expected_seq, batch) -> seq`, `read`,
//! `heads`. A batch is the unit there, and the compare on `expected_seq` keeps a node on the wrong side of a cut from
//! writing.
//!
//! # Crash window
//!
//! A batch whose [`Pending`] gave a [`Head`] is on disk. One that was refused with [`JournalError::Disk`] counts as not
//! recorded, and yet may be found after a crash, when the disk had taken more than it admitted: recovery is replay, and what
//! the journal says then holds. A batch is recorded whole or not at all.
//!
//! # What the chain proves, and what it can't
//!
//! Any changed, missing, inserted or moved record is found by [`verify()`]. Somebody who may write the file can compute a
//! new chain from any point on, or cut the tail and set the head back: only a [`Head`] noted elsewhere (the report on paper,
//! the second copy, another site) shows that. [`VerifyOptions::expect`] takes it. What lies beside the chain is proved by name:
//! private values by the commitments in records, plans by the records that name them (`dispatch/beside.rs`), and a database that
//! holds anything else than our tables is told and not written.

use std::ops::ControlFlow;

use tokio::sync::watch;

mod backup;
mod chain;
mod checkpoint;
mod compare;
mod copies;
mod disks;
mod error;
#[cfg(feature = "cluster")]
pub mod etcd;
mod folder;
mod frame;
#[cfg_attr(not(feature = "internals"), expect(dead_code, reason = "the simulation's journal"))]
mod memory;
mod read;
mod reserve;
mod schema;
mod second_copy;
mod signature;
mod sqlite;
#[cfg(test)]
mod tests;
mod vault;
mod verify;
mod writer;

pub use backup::{BackupInfo, backup, read_backup, restore};
pub use chain::{BadHead, HASH_BYTES, Hash, Head, hash_of};
pub use checkpoint::{CHECKPOINT_BYTES_MAX, CHECKPOINT_FILE, Checkpoint, Unusable, write_checkpoint};
pub use compare::{Repaired, Standing, compare};
pub use copies::{Copies, LATE_AFTER};
pub use disks::{CopyState, Disks};
pub use error::{DiskKind, JournalError};
pub use folder::copy_side_keys;
#[cfg(feature = "cluster")]
pub use folder::{cluster_id, join_cluster};
pub use frame::{PRIVATE_PER_RECORD_MAX, RECORD_BYTES_MAX};
pub use memory::{MemoryDisk, MemoryReader, MemoryStore};
pub use read::SqliteReader;
pub use reserve::RESERVE_BYTES;
pub use second_copy::CatchUp;
pub use signature::{HeadSeal, SealKey, ShortHead};
pub use sqlite::{OpenOptions, SqliteStore};
pub use vault::{Commitment, INCIDENT_NAME_BYTES_MAX, PRIVATE_BYTES_MAX, Sealed, Sealer};
pub use verify::{Fault, Report, SIDE_FAULTS_MAX, VerifyOptions, What, verify};
pub use writer::{GROUP_BATCHES_MAX, GROUP_BYTES_MAX, Journal, ManualWriter, Pending, QUEUE_BATCHES_MAX, Refused};

/// Whatever may stand in a frame goes through its reader, for fuzzing: no bytes may panic, and only a chain that holds passes.
#[doc(hidden)]
#[cfg_attr(not(feature = "internals"), expect(dead_code, reason = "tests ask for it"))]
pub fn any_frame(bytes: &[u8]) -> u64 {
    let Ok(mut reader) = frame::FrameReader::new(Head::START, bytes) else { return 0 };
    let mut records = 0;
    while let Ok(Some(record)) = reader.next() {
        records += 1;
        assert_eq!(record.seq, records);
    }
    records
}

/// Largest blob (a frozen plan of a large region is well below it).
pub const BLOB_BYTES_MAX: usize = 64 << 20;
/// Most records in a batch.
pub const BATCH_RECORDS_MAX: usize = 100_000;
/// Most bytes of records in a batch.
pub const BATCH_BYTES_MAX: usize = 64 << 20;

/// A record to be appended.
#[derive(Clone, Debug)]
pub struct NewRecord {
    /// Its type. A published type never changes its meaning.
    pub kind: u16,
    /// Version of that type.
    pub version: u16,
    /// When it happened, in milliseconds since 1970, UTC. The journal has no clock.
    pub at_ms: i64,
    /// The record: IDs only. Addresses, senders and free notes go into `private`.
    pub bytes: Vec<u8>,
    /// Private values that belong to it; the chain holds their commitments, in this order.
    pub private: Vec<Sealed>,
}

impl NewRecord {
    /// A record without private values.
    pub fn new(kind: u16, version: u16, at_ms: i64, bytes: Vec<u8>) -> Self {
        Self { kind, version, at_ms, bytes, private: Vec::new() }
    }
    /// What it takes up of a batch.
    pub fn stored_bytes(&self) -> usize {
        frame::stored_bytes(self)
    }
    /// The head after it, when it follows `head` with these commitments: for whoever proves a chain without the journal.
    /// `None` when it is over a limit, and so was never in one.
    pub fn linked(&self, head: Head, commitments: &[[u8; Commitment::BYTES]]) -> Option<Head> {
        if commitments.len() > PRIVATE_PER_RECORD_MAX || frame::check_limits(self).is_err() {
            return None;
        }
        let Self { kind, version, at_ms, bytes, .. } = self;
        let (kind, version, at_ms) = (*kind, *version, *at_ms);
        Some(head.then(&chain::Fields { kind, version, at_ms, commitments, bytes }))
    }
    /// As it would be read back with that link.
    pub fn at<'a>(&'a self, head: Head, commitments: &'a [[u8; Commitment::BYTES]]) -> RecordRef<'a> {
        let Self { kind, version, at_ms, bytes, .. } = self;
        let Head { seq, hash } = head;
        RecordRef { seq, kind: *kind, version: *version, at_ms: *at_ms, bytes, hash, commitments }
    }
    /// With a private value beside it.
    #[must_use]
    pub fn with_private(mut self, value: Sealed) -> Self {
        self.private.push(value);
        self
    }
}

/// A record as it was read and verified; borrowed, so that a million of them cost no allocation.
#[derive(Clone, Copy, Debug)]
pub struct RecordRef<'a> {
    /// Its number, counted from 1 without gaps.
    pub seq: u64,
    pub kind: u16,
    /// Version of that type.
    pub version: u16,
    /// When it happened, in milliseconds since 1970, UTC.
    pub at_ms: i64,
    pub bytes: &'a [u8],
    /// Its link of the chain, recomputed while reading.
    pub hash: Hash,
    commitments: &'a [[u8; Commitment::BYTES]],
}

impl RecordRef<'_> {
    /// Commitments to its private values.
    pub fn commitments(&self) -> impl ExactSizeIterator<Item = Commitment> + '_ {
        self.commitments.iter().map(|bytes| Commitment(*bytes))
    }
    /// The head after this record.
    pub fn head(&self) -> Head {
        Head { seq: self.seq, hash: self.hash }
    }
    /// A copy that lives on.
    #[cfg_attr(not(feature = "internals"), expect(dead_code, reason = "tests ask for it"))]
    pub fn to_record(self) -> Record {
        Record {
            seq: self.seq,
            kind: self.kind,
            version: self.version,
            at_ms: self.at_ms,
            bytes: self.bytes.to_vec(),
            commitments: self.commitments().collect(),
            hash: self.hash,
        }
    }
}

/// A record that owns its bytes.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Record {
    /// Its number, counted from 1 without gaps.
    pub seq: u64,
    pub kind: u16,
    /// Version of that type.
    pub version: u16,
    /// When it happened, in milliseconds since 1970, UTC.
    pub at_ms: i64,
    pub bytes: Vec<u8>,
    /// Commitments to its private values.
    pub commitments: Vec<Commitment>,
    /// Its link of the chain.
    pub hash: Hash,
}

/// What is recorded together, whole or not at all.
#[derive(Clone, Default, Debug)]
pub struct Batch {
    /// Records, in order.
    pub records: Vec<NewRecord>,
    /// Incidents whose keys are destroyed in the same transaction, beside the record that says so.
    pub forget: Vec<String>,
    blobs: Vec<(Hash, Vec<u8>)>,
}

impl Batch {
    /// A batch of records.
    pub fn of(records: Vec<NewRecord>) -> Self {
        Self { records, ..Self::default() }
    }
    /// Stores a blob beside the records; they name it by the hash. Blobs lie outside the chain, are kept for good and are
    /// not encrypted: no address belongs in one.
    pub fn put_blob(&mut self, bytes: Vec<u8>) -> Hash {
        let hash = hash_of(&bytes);
        self.blobs.push((hash, bytes));
        hash
    }
    /// Whether there is nothing to record.
    pub fn is_empty(&self) -> bool {
        self.records.is_empty() && self.forget.is_empty() && self.blobs.is_empty()
    }
    /// Checks all named limits.
    pub(crate) fn check_limits(&self) -> Result<(), JournalError> {
        vault::limit("BATCH_RECORDS_MAX", self.records.len(), BATCH_RECORDS_MAX)?;
        vault::limit("BATCH_BYTES_MAX", self.stored_bytes(), BATCH_BYTES_MAX)?;
        for record in &self.records {
            frame::check_limits(record)?;
        }
        for incident in &self.forget {
            vault::limit("INCIDENT_NAME_BYTES_MAX", incident.len(), INCIDENT_NAME_BYTES_MAX)?;
        }
        self.blobs.iter().try_for_each(|(_, bytes)| vault::limit("BLOB_BYTES_MAX", bytes.len(), BLOB_BYTES_MAX))
    }
    /// What its records take up in a frame.
    pub(crate) fn stored_bytes(&self) -> usize {
        self.records.iter().map(frame::stored_bytes).sum()
    }
}

/// One batch on its way into a store.
#[derive(Clone, Debug)]
pub struct Append {
    /// The number of the last record before it, as its owner believes.
    pub expected_seq: u64,
    /// The records.
    pub batch: Batch,
}

/// Makes readers beside a running writer.
pub type OpenReader = std::sync::Arc<dyn Fn() -> Result<Box<dyn Reader>, JournalError> + Send + Sync>;

/// Where records are written: SQLite in the state folder, later a store over several sites. Called by one thread and may
/// block.
pub trait Store: Send {
    /// The last record.
    fn head(&self) -> Head;
    /// Appends each batch whose `expected_seq` fits, all in one durable step. One answer per batch, in order; a batch that
    /// is refused leaves nothing behind and does not harm the others.
    fn append(&mut self, group: &[Append]) -> Vec<Result<Head, JournalError>>;
    /// Called when nothing waits: time for housekeeping.
    fn idle(&mut self);
    /// Tells each new head, whoever wrote it.
    fn heads(&self) -> watch::Receiver<Head>;
    /// How readers are opened.
    fn open_reader(&self) -> OpenReader;
    /// Something may be new elsewhere: it looks when it is [`idle`](Self::idle).
    fn wake(&mut self) {}
    /// Takes over what other sites appended by now.
    ///
    /// # Errors
    /// See [`Journal::caught_up`].
    #[cfg(feature = "cluster")]
    fn caught_up(&mut self) -> Result<Head, JournalError> {
        Ok(self.head())
    }
    /// Takes over what another node gave.
    ///
    /// # Errors
    /// See [`Journal::take`]. This store is of one node.
    #[cfg(feature = "cluster")]
    fn take(&mut self, _: &[u8]) -> Result<Head, JournalError> {
        Err(JournalError::Cluster { what: "this node has a journal of its own".into() })
    }
    /// How it keeps up with other sites; none where there are none.
    #[cfg(feature = "cluster")]
    fn following(&self) -> Option<watch::Receiver<etcd::Following>> {
        None
    }
    /// How the disks under it are, where it knows.
    fn disks(&self) -> Option<watch::Receiver<Disks>> {
        None
    }
}

/// What a reader's visitor gets for each record; `Break` ends the reading.
pub type Visit<'a> = &'a mut dyn FnMut(RecordRef<'_>) -> ControlFlow<()>;

/// Reads what is committed, beside a running writer.
pub trait Reader: Send {
    /// The last record.
    fn head(&self) -> Result<Head, JournalError>;
    /// The head as it was after record `seq`, to read on from there. `None`: there is no such record.
    fn head_at(&self, seq: u64) -> Result<Option<Head>, JournalError>;
    /// Gives every record after `after` to `visit`, in order, the chain verified on the way, `after` itself included;
    /// returns the last head visited. To keep up with a journal, read on from there whenever [`Store::heads`] tells a new head.
    fn read(&self, after: Head, visit: Visit<'_>) -> Result<Head, JournalError>;
    /// A blob by its hash, verified.
    fn get_blob(&self, hash: &Hash) -> Result<Option<Vec<u8>>, JournalError>;
    /// A private value by its commitment; `None` once its incident is forgotten.
    fn unseal(&self, commitment: Commitment) -> Result<Option<Vec<u8>>, JournalError>;
}
