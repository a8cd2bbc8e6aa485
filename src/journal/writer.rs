//! The writer thread and its handle: many batches, one commit.
//!
//! While one commit waits for the disk, the next batches queue up, and all of them go into the next one. No lingering: a
//! lone batch is written at once.

use std::fmt;
use std::future::Future;
use std::path::Path;
use std::pin::Pin;
use std::sync::{Arc, Mutex, PoisonError};
use std::task::{Context, Poll};
use std::thread::JoinHandle;

use tokio::sync::{mpsc, oneshot, watch};

use super::chain::Head;
use super::compare::Repaired;
use super::copies::Copies;
use super::disks::Disks;
use super::error::JournalError;
use super::folder::check_single;
use super::sqlite::{OpenOptions, SqliteStore};
use super::vault::Sealer;
use super::{Append, Batch, OpenReader, Reader, Store};

#[cfg(feature = "cluster")]
#[cfg_attr(not(feature = "internals"), allow(dead_code, reason = "nothing in the program calls it yet"))]
mod shared;

/// Batches that may wait for the writer. A full queue makes [`Journal::submit`] wait: nothing is dropped.
pub const QUEUE_BATCHES_MAX: usize = 4096;
/// Most batches in one commit.
pub const GROUP_BATCHES_MAX: usize = 4096;
/// A commit takes no further batch from this size on, so that reading it back needs little memory.
pub const GROUP_BYTES_MAX: usize = 4 << 20;

/// A running journal. Cheap to clone; the writer ends when all clones are gone, or with [`Journal::close`].
#[derive(Clone)]
pub struct Journal {
    commands: mpsc::Sender<Command>,
    told: watch::Receiver<Head>,
    sealer: Sealer,
    open_reader: OpenReader,
    disks: Option<watch::Receiver<Disks>>,
    #[cfg(feature = "cluster")]
    #[cfg_attr(not(feature = "internals"), allow(dead_code, reason = "nothing in the program calls it yet"))]
    following: Option<watch::Receiver<super::etcd::Following>>,
    thread: Arc<Mutex<Option<JoinHandle<()>>>>,
}

impl fmt::Debug for Journal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Journal({})", self.head())
    }
}

enum Command {
    /// Nothing is asked; the store looks after itself.
    Wake,
    Append(Append, oneshot::Sender<Result<Head, Refused>>),
    /// Takes over what other sites appended by now.
    #[cfg(feature = "cluster")]
    #[cfg_attr(not(feature = "internals"), allow(dead_code, reason = "nothing in the program calls it yet"))]
    CaughtUp(oneshot::Sender<Result<Head, JournalError>>),
    /// Takes over what another node gave.
    #[cfg(feature = "cluster")]
    #[cfg_attr(not(feature = "internals"), allow(dead_code, reason = "nothing in the program calls it yet"))]
    Take(Vec<u8>, oneshot::Sender<Result<Head, JournalError>>),
    Stop,
}

/// A batch that was not recorded, handed back: its owner decides whether to try again, or to go on from memory.
#[derive(Debug)]
pub struct Refused {
    pub error: JournalError,
    /// The batch; `None` if the writer ended with it in hand.
    #[cfg_attr(not(feature = "internals"), allow(dead_code, reason = "tests ask for it"))]
    pub batch: Option<Batch>,
}

impl fmt::Display for Refused {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.error.fmt(f)
    }
}
impl std::error::Error for Refused {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        Some(&self.error)
    }
}

/// A batch on its way to the disk: gives the new head when it is durable. Dropping it does not call the batch back.
#[derive(Debug)]
pub struct Pending(oneshot::Receiver<Result<Head, Refused>>);

impl Future for Pending {
    type Output = Result<Head, Refused>;
    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        Pin::new(&mut self.0)
            .poll(cx)
            .map(|answer| answer.unwrap_or(Err(Refused { error: JournalError::Closed, batch: None })))
    }
}

impl Pending {
    /// Waits for it outside of the runtime.
    ///
    /// # Errors
    /// As [`Journal::append`].
    pub fn wait(self) -> Result<Head, Refused> {
        self.0.blocking_recv().unwrap_or(Err(Refused { error: JournalError::Closed, batch: None }))
    }
}

impl Journal {
    /// Opens the state folder and starts its writer.
    ///
    /// # Errors
    /// As [`SqliteStore::open`].
    pub fn open(dir: &Path, options: OpenOptions) -> Result<Self, JournalError> {
        check_single(dir)?;
        let store = SqliteStore::open(dir, options)?;
        let sealer = store.sealer();
        Self::start(store, sealer)
    }

    /// As [`open`](Self::open), with a second copy in another folder: each commit is on both before it counts. Gives what was
    /// repaired in the state folder before.
    ///
    /// # Errors
    /// As [`Copies::open`].
    pub fn open_with_second_copy(
        dir: &Path,
        second_copy: &Path,
        options: OpenOptions,
    ) -> Result<(Self, Option<Repaired>), JournalError> {
        check_single(dir)?;
        let (store, repaired) = Copies::open(dir, second_copy, options)?;
        let (sealer, wake) = (store.sealer(), store.wake());
        let journal = Self::start(store, sealer)?;
        // Weak: what waits for a disk must not keep the writer alive.
        let commands = journal.commands.downgrade();
        let _ = wake.set(Arc::new(move || {
            if let Some(commands) = commands.upgrade() {
                // A full queue has the writer awake already.
                let _ = commands.try_send(Command::Wake);
            }
        }));
        Ok((journal, repaired))
    }

    /// Starts a writer on any store.
    ///
    /// # Errors
    /// The system gives no thread.
    pub fn start(store: impl Store + 'static, sealer: Sealer) -> Result<Self, JournalError> {
        let (commands, queue) = mpsc::channel(QUEUE_BATCHES_MAX);
        let (told, open_reader, disks) = (store.heads(), store.open_reader(), store.disks());
        #[cfg(feature = "cluster")]
        let following = store.following();
        let thread = std::thread::Builder::new()
            .name("journal".into())
            .spawn(move || write(store, queue))
            .map_err(|e| JournalError::io("starting a thread for", Path::new("the journal"), &e))?;
        Ok(Self {
            commands,
            told,
            sealer,
            open_reader,
            disks,
            #[cfg(feature = "cluster")]
            following,
            thread: Arc::new(Mutex::new(Some(thread))),
        })
    }

    /// A journal whose writer is moved by hand.
    #[cfg_attr(not(any(feature = "internals", feature = "cluster")), expect(dead_code, reason = "tests ask for it"))]
    pub fn by_hand<S: Store>(store: S, sealer: Sealer) -> (Self, ManualWriter<S>) {
        let (commands, queue) = mpsc::channel(QUEUE_BATCHES_MAX);
        let (told, open_reader, disks) = (store.heads(), store.open_reader(), store.disks());
        #[cfg(feature = "cluster")]
        let following = store.following();
        let writer = Writer { store, group: Vec::new(), answers: Vec::new() };
        let hand = ManualWriter { writer, queue, next: None };
        let journal = Self {
            commands,
            told,
            sealer,
            open_reader,
            disks,
            #[cfg(feature = "cluster")]
            following,
            thread: Arc::default(),
        };
        (journal, hand)
    }

    /// The last durable record.
    pub fn head(&self) -> Head {
        *self.told.borrow()
    }

    /// Tells each new head; a reader then reads on from where it stands. Intermediate heads may be skipped.
    pub fn heads(&self) -> watch::Receiver<Head> {
        self.told.clone()
    }

    /// How the disks under it are, as they were at the last commit; nothing where the store can't tell.
    pub fn disks(&self) -> Disks {
        self.disks.as_ref().map(|d| d.borrow().clone()).unwrap_or_default()
    }

    /// Seals private values.
    pub fn sealer(&self) -> &Sealer {
        &self.sealer
    }

    /// Opens a reader beside the writer. It blocks on the disk: use it where that is allowed.
    ///
    /// # Errors
    /// As [`SqliteReader::open`](super::SqliteReader::open).
    pub fn reader(&self) -> Result<Box<dyn Reader>, JournalError> {
        (self.open_reader)()
    }

    /// Puts a batch into the queue, in the order of the calls, and returns at once unless the queue is full. `expected_seq`
    /// is the last record before it, those still in the queue included: an owner of the state knows it by counting.
    ///
    /// # Errors
    /// The writer has ended.
    pub async fn submit(&self, expected_seq: u64, batch: Batch) -> Result<Pending, Refused> {
        let (answer, pending) = oneshot::channel();
        let command = Command::Append(Append { expected_seq, batch }, answer);
        self.commands.send(command).await.map_err(|mpsc::error::SendError(command)| closed(command))?;
        Ok(Pending(pending))
    }

    /// As [`submit`](Self::submit), without waiting.
    ///
    /// # Errors
    /// The queue is full or the writer has ended.
    pub fn try_submit(&self, expected_seq: u64, batch: Batch) -> Result<Pending, Refused> {
        let (answer, pending) = oneshot::channel();
        let command = Command::Append(Append { expected_seq, batch }, answer);
        self.commands.try_send(command).map_err(|e| closed(e.into_inner()))?;
        Ok(Pending(pending))
    }

    /// As [`submit`](Self::submit), outside of the runtime.
    ///
    /// # Errors
    /// The writer has ended.
    pub fn submit_blocking(&self, expected_seq: u64, batch: Batch) -> Result<Pending, Refused> {
        let (answer, pending) = oneshot::channel();
        let command = Command::Append(Append { expected_seq, batch }, answer);
        self.commands.blocking_send(command).map_err(|mpsc::error::SendError(command)| closed(command))?;
        Ok(Pending(pending))
    }

    /// Records a batch: when this gives the new head, it is on disk.
    ///
    /// # Errors
    /// Refused, with the batch: see [`JournalError`].
    #[cfg_attr(not(feature = "internals"), expect(dead_code, reason = "tests ask for it"))]
    pub async fn append(&self, expected_seq: u64, batch: Batch) -> Result<Head, Refused> {
        self.submit(expected_seq, batch).await?.await
    }

    /// Writes what waits, ends the writer and lets go of the folder. Blocks: outside of the runtime, or in `spawn_blocking`.
    pub fn close(self) {
        let thread = self.thread.lock().unwrap_or_else(PoisonError::into_inner).take();
        // An error means that the writer has ended already.
        let _ = self.commands.blocking_send(Command::Stop);
        if let Some(Err(_)) = thread.map(JoinHandle::join) {
            tracing::error!("the journal's writer ended in a panic; what it had not confirmed is not recorded");
        }
    }
}

fn closed(command: Command) -> Refused {
    let batch = match command {
        Command::Append(append, _) => Some(append.batch),
        Command::Stop | Command::Wake => None,
        #[cfg(feature = "cluster")]
        Command::CaughtUp(_) | Command::Take(..) => None,
    };
    Refused { error: JournalError::Closed, batch }
}

/// The writer's life.
fn write(store: impl Store, mut queue: mpsc::Receiver<Command>) {
    let mut writer = Writer { store, group: Vec::new(), answers: Vec::new() };
    let mut next = queue.blocking_recv();
    while let Some(command) = next.take() {
        next = writer.run_effects(command, &mut queue).or_else(|| queue.try_recv().ok());
        if next.is_none() {
            writer.store.idle();
            next = queue.blocking_recv();
        }
    }
}

struct Writer<S> {
    store: S,
    group: Vec<Append>,
    answers: Vec<oneshot::Sender<Result<Head, Refused>>>,
}

impl<S: Store> Writer<S> {
    /// Carries a command out, and what waits behind an append together with it. Gives back what it met and could not join.
    fn run_effects(&mut self, command: Command, queue: &mut mpsc::Receiver<Command>) -> Option<Command> {
        let mut next = None;
        match command {
            Command::Append(append, answer) => {
                let mut bytes = append.batch.stored_bytes();
                self.group.push(append);
                self.answers.push(answer);
                while bytes < GROUP_BYTES_MAX && self.group.len() < GROUP_BATCHES_MAX {
                    match queue.try_recv() {
                        Ok(Command::Append(append, answer)) => {
                            bytes = bytes.saturating_add(append.batch.stored_bytes());
                            self.group.push(append);
                            self.answers.push(answer);
                        }
                        Ok(other) => {
                            next = Some(other);
                            break;
                        }
                        Err(_) => break,
                    }
                }
                let results = self.store.append(&self.group);
                for ((append, answer), result) in self.group.drain(..).zip(self.answers.drain(..)).zip(results) {
                    // Whoever does not wait any more reads it in the journal.
                    let _ = answer.send(result.map_err(|error| Refused { error, batch: Some(append.batch) }));
                }
            }
            Command::Wake => self.store.wake(),
            // Whoever does not wait any more asks again.
            #[cfg(feature = "cluster")]
            Command::CaughtUp(answer) => {
                let _ = answer.send(self.store.caught_up());
            }
            #[cfg(feature = "cluster")]
            Command::Take(group, answer) => {
                let _ = answer.send(self.store.take(&group));
            }
            // What was queued before is written; what comes after is handed back by the closed queue.
            Command::Stop => queue.close(),
        }
        next
    }
}

/// A writer without a thread: whoever holds it says when the disk takes what waits. A simulation on virtual time can't have
/// a second thread, and places its crashes between any two steps.
pub struct ManualWriter<S> {
    writer: Writer<S>,
    queue: mpsc::Receiver<Command>,
    next: Option<Command>,
}

impl<S> fmt::Debug for ManualWriter<S> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("ManualWriter")
    }
}

#[cfg_attr(not(feature = "internals"), expect(dead_code, reason = "tests and the simulation turn it"))]
impl<S: Store> ManualWriter<S> {
    /// Waits until something is to be written. `false`: nobody can ask for anything any more.
    pub async fn wait(&mut self) -> bool {
        if self.next.is_none() {
            self.next = self.queue.recv().await;
        }
        self.next.is_some()
    }

    /// Writes what waits, as far as it goes into one commit.
    pub fn turn(&mut self) {
        if let Some(command) = self.next.take().or_else(|| self.queue.try_recv().ok()) {
            self.next = self.writer.run_effects(command, &mut self.queue);
        }
        if self.next.is_none() {
            self.writer.store.idle();
        }
    }
}
