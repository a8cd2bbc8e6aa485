//! The writer thread: grouping, order, refusals, the end.

use std::sync::mpsc;

use super::*;

/// A store in memory that tells each group, and waits to be allowed to commit it.
struct Fake {
    head: Head,
    told: watch::Sender<Head>,
    groups: mpsc::Sender<usize>,
    allow: mpsc::Receiver<Result<(), JournalError>>,
    idles: mpsc::Sender<usize>,
}

impl Store for Fake {
    fn head(&self) -> Head {
        self.head
    }
    fn append(&mut self, group: &[Append]) -> Vec<Result<Head, JournalError>> {
        // Nobody may be counting.
        let _ = self.groups.send(group.len());
        let allowed = self.allow.recv().unwrap();
        let answers = group.iter().map(|append| {
            allowed.clone()?;
            match append.expected_seq == self.head.seq {
                true => self.head.seq += append.batch.records.len() as u64,
                false => return Err(JournalError::Conflict { expected: append.expected_seq, found: self.head.seq }),
            }
            Ok(self.head)
        });
        let answers = answers.collect();
        self.told.send_replace(self.head);
        answers
    }
    fn idle(&mut self) {
        let _ = self.idles.send(0);
    }
    fn heads(&self) -> watch::Receiver<Head> {
        self.told.subscribe()
    }
    fn open_reader(&self) -> OpenReader {
        std::sync::Arc::new(|| Err(JournalError::Closed))
    }
}

struct Rig {
    journal: Journal,
    groups: mpsc::Receiver<usize>,
    allow: mpsc::Sender<Result<(), JournalError>>,
    idles: mpsc::Receiver<usize>,
    _dir: tempfile::TempDir,
}

fn rig() -> Rig {
    let dir = tempfile::tempdir().unwrap();
    let sealer = open(dir.path()).sealer();
    let (groups_tx, groups) = mpsc::channel();
    let (allow, allow_rx) = mpsc::channel();
    let (idles_tx, idles) = mpsc::channel();
    let store = Fake {
        head: Head::START,
        told: watch::Sender::new(Head::START),
        groups: groups_tx,
        allow: allow_rx,
        idles: idles_tx,
    };
    Rig { journal: Journal::start(store, sealer).unwrap(), groups, allow, idles, _dir: dir }
}

#[test]
fn what_waits_for_the_disk_goes_into_one_commit() {
    let Rig { journal, groups, allow, idles, .. } = rig();
    let first = journal.submit_blocking(0, batch(&["a"])).unwrap();
    assert_eq!(groups.recv().unwrap(), 1, "a lone batch is written at once");
    let rest: Vec<Pending> = (1..=100).map(|seq| journal.submit_blocking(seq, batch(&["b"])).unwrap()).collect();
    allow.send(Ok(())).unwrap();
    assert_eq!(first.wait().unwrap().seq, 1);
    assert_eq!(groups.recv().unwrap(), 100);
    assert!(idles.try_recv().is_err(), "no housekeeping while batches wait");
    allow.send(Ok(())).unwrap();
    for (n, pending) in rest.into_iter().enumerate() {
        assert_eq!(pending.wait().unwrap().seq, n as u64 + 2);
    }
    idles.recv().unwrap();
    assert_eq!(journal.head().seq, 101);
}

#[test]
fn a_refused_batch_comes_back_and_goes_through_later() {
    let Rig { journal, allow, .. } = rig();
    let full = JournalError::Disk { kind: DiskKind::Full, what: "appending".into() };
    allow.send(Err(full.clone())).unwrap();
    let refused = journal.submit_blocking(0, batch(&["a"])).unwrap().wait().unwrap_err();
    assert_eq!(refused.error, full);
    let again = refused.batch.unwrap();
    assert_eq!(again.records[0].bytes, b"a");
    allow.send(Ok(())).unwrap();
    assert_eq!(journal.submit_blocking(0, again).unwrap().wait().unwrap().seq, 1);
    allow.send(Ok(())).unwrap();
    let refused = journal.submit_blocking(0, batch(&["b"])).unwrap().wait().unwrap_err();
    assert_eq!(refused.error, JournalError::Conflict { expected: 0, found: 1 });
    assert!(refused.batch.is_some());
}

#[test]
fn closing_writes_what_waits_and_hands_back_the_rest() {
    let dir = tempfile::tempdir().unwrap();
    let journal = Journal::open(dir.path(), OpenOptions::default()).unwrap();
    let other = journal.clone();
    let pending: Vec<Pending> = (0..50).map(|n| journal.submit_blocking(n, batch(&["a"])).unwrap()).collect();
    journal.close();
    for pending in pending {
        pending.wait().unwrap();
    }
    let refused = other.submit_blocking(50, batch(&["b"])).unwrap_err();
    assert_eq!(refused.error, JournalError::Closed);
    assert!(refused.batch.is_some());
    assert_eq!(open(dir.path()).head().seq, 50, "the folder is free again");
}

#[tokio::test]
async fn a_reader_reads_on_at_each_new_head() {
    let dir = tempfile::tempdir().unwrap();
    let journal = Journal::open(dir.path(), OpenOptions::default()).unwrap();
    let (mut heads, reader) = (journal.heads(), journal.reader().unwrap());
    let mut at = Head::START;
    for n in 0..10 {
        journal.append(n, batch(&["a"])).await.unwrap();
        heads.changed().await.unwrap();
        at = reader
            .read(at, &mut |record| {
                assert_eq!(record.seq, n + 1);
                ControlFlow::Continue(())
            })
            .unwrap();
        assert_eq!(at, *heads.borrow_and_update());
    }
    tokio::task::spawn_blocking(move || journal.close()).await.unwrap();
}

/// Many producers beside each other, each with batches of its own: the order is whole, nothing is lost.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_owner_counts_ahead_without_waiting() {
    let dir = tempfile::tempdir().unwrap();
    let journal = Journal::open(dir.path(), OpenOptions::default()).unwrap();
    let mut waiting = Vec::new();
    for n in 0..2000 {
        waiting.push(journal.submit(n, batch(&["event"])).await.unwrap());
    }
    for pending in waiting {
        pending.await.unwrap();
    }
    tokio::task::spawn_blocking(move || journal.close()).await.unwrap();
    let db = tamper(dir.path());
    let frames: i64 = db.query_row("SELECT count(*) FROM frames", [], |row| row.get(0)).unwrap();
    assert!(frames < 2000, "batches were grouped");
    assert_eq!(verify(dir.path(), VerifyOptions::default()).unwrap().records, 2000);
}
