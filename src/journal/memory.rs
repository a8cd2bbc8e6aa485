//! A store without a disk, for simulations: the same frames, chain, keys and private values as in the state folder, in
//! memory. What lies on a [`MemoryDisk`] outlives the store that wrote it, as files outlive a crash.
//!
//! Must not be used for anything that has to survive the process.

use std::collections::BTreeMap;
use std::ops::ControlFlow;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use tokio::sync::watch;

use super::chain::{Hash, Head};
use super::error::JournalError;
use super::frame::{FrameReader, FrameWriter};
use super::vault::{Commitment, MasterKey, Sealer};
use super::{Append, Batch, OpenReader, Reader, Store, Visit};

/// One group as it was written.
#[derive(Debug)]
struct Frame {
    before: Head,
    end: Head,
    body: Vec<u8>,
}

/// A private value: whose, and its bytes unless they were forgotten.
type Private = (Arc<str>, Option<Vec<u8>>);

#[derive(Debug)]
struct Held {
    master: MasterKey,
    frames: Vec<Frame>,
    blobs: BTreeMap<Hash, Vec<u8>>,
    keys: BTreeMap<Arc<str>, Option<Arc<[u8]>>>,
    private: BTreeMap<Commitment, Private>,
}

impl Held {
    fn head(&self) -> Head {
        self.frames.last().map_or(Head::START, |f| f.end)
    }

    fn write_beside(&mut self, batch: &Batch) {
        for value in batch.records.iter().flat_map(|r| &r.private) {
            let key = self.keys.entry(value.incident.clone()).or_insert_with(|| Some(value.wrapped.clone()));
            let sealed = key.is_some().then(|| value.sealed.clone());
            self.private.entry(value.commitment).or_insert((value.incident.clone(), sealed));
        }
        for (hash, bytes) in &batch.blobs {
            self.blobs.entry(*hash).or_insert_with(|| bytes.clone());
        }
        for incident in &batch.forget {
            self.keys.insert(incident.as_str().into(), None);
            for (_, sealed) in self.private.values_mut().filter(|(whose, _)| **whose == **incident) {
                *sealed = None;
            }
        }
    }
}

/// What would lie on a disk. Clones are the same disk.
#[derive(Clone, Debug)]
pub struct MemoryDisk(Arc<Mutex<Held>>);

impl MemoryDisk {
    /// An empty disk with a master key of its own.
    ///
    /// # Errors
    /// The system gives no randomness.
    pub fn new() -> Result<Self, JournalError> {
        Ok(Self(Arc::new(Mutex::new(Held {
            master: MasterKey::random()?,
            frames: Vec::new(),
            blobs: BTreeMap::new(),
            keys: BTreeMap::new(),
            private: BTreeMap::new(),
        }))))
    }

    /// Reads it, also beside a store that writes.
    pub fn reader(&self) -> MemoryReader {
        MemoryReader(self.clone())
    }

    /// A panic elsewhere can't leave it half-changed: a group is put there at the end.
    fn lock(&self) -> MutexGuard<'_, Held> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// A store on a [`MemoryDisk`].
#[derive(Debug)]
pub struct MemoryStore {
    disk: MemoryDisk,
    sealer: Sealer,
    told: watch::Sender<Head>,
}

impl MemoryStore {
    /// Goes on where the disk ends.
    pub fn open(disk: &MemoryDisk) -> Self {
        let held = disk.lock();
        let sealer = Sealer::new(held.master.clone());
        for (incident, wrapped) in &held.keys {
            sealer.learn(incident, wrapped.as_deref());
        }
        let told = watch::Sender::new(held.head());
        drop(held);
        Self { disk: disk.clone(), sealer, told }
    }

    /// Seals private values for batches of this store.
    pub fn sealer(&self) -> Sealer {
        self.sealer.clone()
    }
}

impl Store for MemoryStore {
    fn head(&self) -> Head {
        self.disk.lock().head()
    }

    fn append(&mut self, group: &[Append]) -> Vec<Result<Head, JournalError>> {
        let mut held = self.disk.lock();
        let before = held.head();
        let mut frame = FrameWriter::after(before);
        let mut answers = Vec::with_capacity(group.len());
        for Append { expected_seq, batch } in group {
            let checked = match frame.head.seq == *expected_seq {
                true => batch.check_limits(),
                false => Err(JournalError::Conflict { expected: *expected_seq, found: frame.head.seq }),
            };
            if checked.is_ok() {
                held.write_beside(batch);
                batch.records.iter().for_each(|record| frame.push(record));
                batch.forget.iter().for_each(|incident| self.sealer.forget(incident));
            }
            answers.push(checked.map(|()| frame.head));
        }
        if frame.count > 0 {
            held.frames.push(Frame { before, end: frame.head, body: frame.body });
        }
        let head = held.head();
        drop(held);
        self.told.send_if_modified(|told| std::mem::replace(told, head) != head);
        answers
    }

    fn idle(&mut self) {}

    fn heads(&self) -> watch::Receiver<Head> {
        self.told.subscribe()
    }

    fn open_reader(&self) -> OpenReader {
        let disk = self.disk.clone();
        Arc::new(move || Ok(Box::new(disk.reader()) as Box<dyn Reader>))
    }
}

/// Reads a [`MemoryDisk`].
#[derive(Clone, Debug)]
pub struct MemoryReader(MemoryDisk);

impl Reader for MemoryReader {
    fn head(&self) -> Result<Head, JournalError> {
        Ok(self.0.lock().head())
    }

    fn head_at(&self, seq: u64) -> Result<Option<Head>, JournalError> {
        let mut found = (seq == 0).then_some(Head::START);
        self.read(Head::START, &mut |record| {
            if record.seq == seq {
                found = Some(record.head());
                return ControlFlow::Break(());
            }
            ControlFlow::Continue(())
        })?;
        Ok(found)
    }

    fn read(&self, after: Head, visit: Visit<'_>) -> Result<Head, JournalError> {
        let held = self.0.lock();
        let mut head = Head::START;
        for frame in held.frames.iter().filter(|f| f.end.seq > after.seq) {
            let mut reader = FrameReader::new(frame.before, &frame.body)?;
            while let Some(record) = reader.next()? {
                if record.seq == after.seq && record.hash != after.hash {
                    return Err(JournalError::corrupt(
                        after.seq,
                        "its hash is not the one that reading was to go on from",
                    ));
                }
                if record.seq > after.seq && visit(record).is_break() {
                    return Ok(record.head());
                }
            }
            head = reader.head();
        }
        Ok(if head.seq > after.seq { head } else { after })
    }

    fn get_blob(&self, hash: &Hash) -> Result<Option<Vec<u8>>, JournalError> {
        Ok(self.0.lock().blobs.get(hash).cloned())
    }

    fn unseal(&self, commitment: Commitment) -> Result<Option<Vec<u8>>, JournalError> {
        let held = self.0.lock();
        let missing = || JournalError::corrupt(None, format!("the private value {commitment} is missing"));
        let (incident, sealed) = held.private.get(&commitment).ok_or_else(missing)?;
        let (Some(sealed), Some(Some(wrapped))) = (sealed, held.keys.get(incident)) else { return Ok(None) };
        let opened = held.master.unwrap_key(incident, wrapped).and_then(|key| key.open(commitment, sealed));
        let damaged = || JournalError::corrupt(None, format!("the private value {commitment} is damaged"));
        opened.map(Some).ok_or_else(damaged)
    }
}

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, reason = "tests")]

    use super::*;
    use crate::journal::NewRecord;

    fn batch(sealer: &Sealer, texts: &[&str]) -> Batch {
        let records = texts.iter().map(|t| {
            let private = sealer.seal("14", t.as_bytes()).unwrap();
            NewRecord::new(1, 1, 0, t.as_bytes().to_vec()).with_private(private)
        });
        Batch::of(records.collect())
    }

    #[test]
    fn what_was_written_outlives_its_store() {
        let disk = MemoryDisk::new().unwrap();
        let mut store = MemoryStore::open(&disk);
        let sealer = store.sealer();
        let group = [
            Append { expected_seq: 0, batch: batch(&sealer, &["a", "b"]) },
            Append { expected_seq: 0, batch: batch(&sealer, &["stale"]) },
            Append { expected_seq: 2, batch: batch(&sealer, &["c"]) },
        ];
        let answers = store.append(&group);
        assert_eq!(
            answers.iter().map(|a| a.as_ref().ok().map(|h| h.seq)).collect::<Vec<_>>(),
            [Some(2), None, Some(3)]
        );
        drop(store);
        let mut store = MemoryStore::open(&disk);
        let last = Append { expected_seq: 3, batch: batch(&store.sealer(), &["d"]) };
        assert_eq!(store.append(&[last])[0].as_ref().unwrap().seq, 4);
        let reader = disk.reader();
        let mut seen = Vec::new();
        let from = reader.head_at(1).unwrap().unwrap();
        let head = reader
            .read(from, &mut |r| {
                seen.push((r.bytes.to_vec(), r.commitments().next().unwrap()));
                ControlFlow::Continue(())
            })
            .unwrap();
        assert_eq!((head, seen.len()), (reader.head().unwrap(), 3));
        for (bytes, commitment) in seen {
            assert_eq!(reader.unseal(commitment).unwrap(), Some(bytes));
        }
        let forget = Batch { forget: vec!["14".into()], ..Batch::of(vec![NewRecord::new(1, 1, 0, vec![1])]) };
        store.append(&[Append { expected_seq: 4, batch: forget }]);
        let mut commitments = Vec::new();
        reader
            .read(Head::START, &mut |r| {
                commitments.extend(r.commitments());
                ControlFlow::Continue(())
            })
            .unwrap();
        assert!(commitments.iter().all(|c| reader.unseal(*c).unwrap().is_none()) && commitments.len() == 4);
    }
}
