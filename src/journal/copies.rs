//! Two copies of the journal on two disks: a commit counts when it is on both.
//!
//! Each copy is a state folder of its own, written by a thread of its own, both at the same time; so that a disk that hangs
//! (a dead network mount) holds up its own thread only. A copy that fails, or takes longer than [`LATE_AFTER`] while the other
//! has answered, is out: commits go on with the one that is left, it is told in [`Disks`], and it is caught up when it can be
//! written again. Either of them may be the one that is out, the state folder too.
//!
//! ```text
//! In ── fails, late, differs ──► Out ── CatchUp (again each RETRY) ──► caught up ── Join: the last records, then ──► In
//! ```
//!
//! Must not: let the last copy go out. When none takes a commit, its owner is told and decides (invariant 1).

use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::mpsc::{Receiver, RecvTimeoutError, Sender, channel};
use std::sync::{Arc, OnceLock};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use tokio::sync::watch;

use super::chain::Head;
use super::compare::{Repaired, settle};
use super::disks::{CopyState, Disks};
use super::error::JournalError;
use super::folder::copy_side_keys;
use super::read::SqliteReader;
use super::second_copy::{CatchUp, same_disk};
use super::sqlite::{OpenOptions, SqliteStore};
use super::vault::{MasterKey, Sealer};
use super::{Append, OpenReader, Reader, Store};

/// A copy that takes longer than the other and longer than this is out.
pub const LATE_AFTER: Duration = Duration::from_millis(500);
/// When the copies that answered could not write, the others are waited for so long.
const LAST_HOPE: Duration = Duration::from_secs(5);
/// A copy that is out is tried again after this.
const RETRY: Duration = Duration::from_millis(if cfg!(test) { 50 } else { 5_000 });

/// Wakes the writer, so that a copy that was caught up joins although nothing is written.
pub(super) type Wake = Arc<dyn Fn() + Send + Sync>;
/// The wake is known once the writer runs.
pub(super) type LateWake = Arc<OnceLock<Wake>>;

/// What a copy's thread is asked.
enum Task {
    Append {
        id: u64,
        group: Arc<Vec<Append>>,
    },
    Idle,
    /// The writer is to be woken when it is time to try this copy again.
    Again,
    /// Copies what is missing from that folder; more may come meanwhile.
    CatchUp {
        id: u64,
        from: PathBuf,
    },
    /// Copies the rest, while nothing else is written, and opens the folder for commits.
    Join {
        id: u64,
        from: PathBuf,
    },
}

/// What a copy's thread answers.
struct Told {
    copy: usize,
    id: u64,
    what: Answer,
    reserve_used: bool,
}

enum Answer {
    Appended { answers: Vec<Result<Head, JournalError>>, head: Head },
    CaughtUp(Result<Head, JournalError>),
    Joined(Result<Head, JournalError>),
}

/// How a copy stands.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Stands {
    In,
    Out,
    /// All but the newest records are there.
    CaughtUp,
}

/// The writer's end of a copy.
struct Copy {
    dir: PathBuf,
    tasks: Sender<Task>,
    thread: JoinHandle<()>,
    stands: Stands,
    /// What it was asked last and has not answered.
    busy: Option<u64>,
    retry_at: Instant,
}

/// Two copies as one store.
pub struct Copies {
    copies: Vec<Copy>,
    told: Receiver<Told>,
    head: Head,
    sealer: Sealer,
    master: MasterKey,
    heads: watch::Sender<Head>,
    disks: watch::Sender<Disks>,
    /// Which copy readers open first.
    readable: Arc<AtomicUsize>,
    next_id: u64,
    wake: LateWake,
}

impl std::fmt::Debug for Copies {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Copies({}, {:?})", self.head, self.copies.iter().map(|c| c.stands).collect::<Vec<_>>())
    }
}

/// What a copy answered: which one, each batch, and its head.
type Taken = (usize, Vec<Result<Head, JournalError>>, Head);

impl Copies {
    /// Holds both folders against each other, repairs the state folder where its copy is longer, opens it, and begins to
    /// write the second copy too. A second folder that can't be opened stops no start: it is out, and tried again.
    ///
    /// # Errors
    /// The two hold different records ([`JournalError::Differ`]), or as [`SqliteStore::open`] for the state folder.
    pub fn open(
        state: &Path,
        second_copy: &Path,
        options: OpenOptions,
    ) -> Result<(Self, Option<Repaired>), JournalError> {
        let repaired = settle(state, second_copy)?;
        let store = SqliteStore::open(state, options)?;
        let (head, sealer, master) = (store.head(), store.sealer(), store.master().clone());
        let (tell, told) = channel();
        let wake = LateWake::default();
        let mut copies = Vec::with_capacity(2);
        let mut states = Vec::with_capacity(2);
        for (ix, (dir, store)) in [(state, Some(store)), (second_copy, None)].into_iter().enumerate() {
            let stands = if store.is_some() { Stands::In } else { Stands::Out };
            let hand = CopyThread {
                copy: ix,
                dir: dir.into(),
                options,
                store,
                catching_up: None,
                tell: tell.clone(),
                wake: wake.clone(),
            };
            let (tasks, queue) = channel();
            let thread = std::thread::Builder::new()
                .name(format!("journal-copy-{}", ix + 1))
                .spawn(move || hand.run(&queue))
                .map_err(|e| JournalError::io("starting a thread for", dir, &e))?;
            let now = Instant::now();
            copies.push(Copy { dir: dir.into(), tasks, thread, stands, busy: None, retry_at: now });
            states.push(CopyState::well(dir.into(), if ix == 0 { head } else { Head::START }));
        }
        let disks = Disks { copies: states, same_disk: false };
        let mut this = Self {
            copies,
            told,
            head,
            sealer,
            master,
            heads: watch::Sender::new(head),
            disks: watch::Sender::new(disks),
            readable: Arc::default(),
            next_id: 0,
            wake,
        };
        this.first_join();
        Ok((this, repaired))
    }

    /// Seals private values for batches of this store.
    pub fn sealer(&self) -> Sealer {
        self.sealer.clone()
    }

    /// Where the writer leaves how it is woken.
    pub(super) fn wake(&self) -> LateWake {
        self.wake.clone()
    }

    /// Before the first commit there is time to copy everything, so that a start is told how it stands: nobody waits yet.
    fn first_join(&mut self) {
        let from = self.copies[0].dir.clone();
        self.ask(1, |id| Task::Join { id, from });
        match self.answer_until(Instant::now() + LAST_HOPE) {
            Some(told) => self.hear(told),
            None => {
                let folder = self.copies[1].dir.clone();
                self.put_out(1, JournalError::Late { folder });
            }
        }
        let same = same_disk(&self.copies[0].dir, &self.copies[1].dir);
        if same {
            tracing::warn!("both copies of the journal lie on the same device: when it fails, both are gone");
        }
        self.disks.send_modify(|d| d.same_disk = same);
    }

    fn ask(&mut self, copy: usize, task: impl FnOnce(u64) -> Task) {
        self.next_id += 1;
        let id = self.next_id;
        let copy = &mut self.copies[copy];
        // A thread that is gone never answers: the copy is late, and out.
        let _ = copy.tasks.send(task(id));
        copy.busy = Some(id);
    }

    fn answer_until(&mut self, at: Instant) -> Option<Told> {
        let told = self.told.recv_timeout(at.saturating_duration_since(Instant::now())).ok()?;
        let copy = &mut self.copies[told.copy];
        if copy.busy == Some(told.id) {
            copy.busy = None;
        }
        Some(told)
    }

    /// Takes note of what copies that are out have to say, and asks them on.
    fn look(&mut self) {
        while let Some(told) = self.answer_until(Instant::now()) {
            self.hear(told);
        }
        for ix in 0..self.copies.len() {
            let Some(from) = self.source(ix) else { continue };
            let copy = &self.copies[ix];
            if copy.busy.is_some() {
                continue;
            }
            match copy.stands {
                Stands::Out if Instant::now() >= copy.retry_at => self.ask(ix, |id| Task::CatchUp { id, from }),
                Stands::CaughtUp => {
                    self.ask(ix, |id| Task::Join { id, from });
                    // Nobody may wait for it longer than for a commit; nor again and again.
                    (self.copies[ix].stands, self.copies[ix].retry_at) = (Stands::Out, Instant::now() + RETRY);
                    if let Some(told) = self.answer_until(Instant::now() + LATE_AFTER) {
                        self.hear(told);
                    }
                }
                Stands::In | Stands::Out => {}
            }
        }
    }

    /// Another copy than this one that takes commits.
    fn source(&self, of: usize) -> Option<PathBuf> {
        let mut others = self.copies.iter().enumerate().filter(|(ix, c)| *ix != of && c.stands == Stands::In);
        others.next().map(|(_, c)| c.dir.clone())
    }

    /// What came outside of a commit.
    fn hear(&mut self, told: Told) {
        let Told { copy: ix, id: _, what, reserve_used } = told;
        self.disks
            .send_if_modified(|d| std::mem::replace(&mut d.copies[ix].reserve_used, reserve_used) != reserve_used);
        match what {
            Answer::CaughtUp(Ok(head)) => {
                self.copies[ix].stands = Stands::CaughtUp;
                self.disks.send_modify(|d| d.copies[ix].head = head);
            }
            // More was written meanwhile: later once more.
            Answer::Joined(Ok(head)) if head != self.head => {
                let copy = &mut self.copies[ix];
                (copy.stands, copy.retry_at) = (Stands::Out, Instant::now() + RETRY);
                let _ = copy.tasks.send(Task::Again);
                self.disks.send_modify(|d| d.copies[ix].head = head);
            }
            Answer::Joined(Ok(head)) => {
                self.copies[ix].stands = Stands::In;
                copy_side_keys(&self.copies[1 - ix].dir, &self.copies[ix].dir);
                let same = same_disk(&self.copies[0].dir, &self.copies[1].dir);
                let mut was_out = false;
                self.disks.send_modify(|d| {
                    d.same_disk = same;
                    d.copies[ix].head = head;
                    was_out = d.copies[ix].out.take().is_some();
                });
                if was_out {
                    tracing::warn!(
                        copy = ix + 1,
                        seq = head.seq,
                        "a copy of the journal is whole again and takes commits"
                    );
                }
                self.choose_readable();
            }
            Answer::CaughtUp(Err(error)) | Answer::Joined(Err(error)) => self.put_out(ix, error),
            // Late news of a commit.
            Answer::Appended { .. } => {}
        }
    }

    fn put_out(&mut self, ix: usize, error: JournalError) {
        let copy = &mut self.copies[ix];
        copy.stands = Stands::Out;
        copy.retry_at = Instant::now() + RETRY;
        let _ = copy.tasks.send(Task::Again);
        let mut fresh = false;
        self.disks.send_modify(|d| fresh = d.copies[ix].out.replace(error.clone()).is_none());
        if fresh {
            tracing::error!(copy = ix + 1, %error, "a copy of the journal is OUT: what is written now is on one disk only");
        }
        self.choose_readable();
    }

    fn choose_readable(&self) {
        let first = self.copies.iter().position(|c| c.stands == Stands::In).unwrap_or(0);
        self.readable.store(first, Ordering::Relaxed);
    }

    /// What each copy that takes commits made of a group, in the order of the copies.
    fn gather(&mut self, id_of: &[(usize, u64)]) -> Vec<Taken> {
        let begin = Instant::now();
        let mut got: Vec<Taken> = Vec::new();
        while got.len() < id_of.len() {
            let until = match got.iter().any(|(_, answers, _)| counts(answers)) {
                true => begin + LATE_AFTER,
                false if got.is_empty() => begin + Duration::from_secs(24 * 3600),
                false => begin + LAST_HOPE,
            };
            let Some(told) = self.answer_until(until) else { break };
            match told.what {
                Answer::Appended { answers, head } if id_of.contains(&(told.copy, told.id)) => {
                    let used = told.reserve_used;
                    self.disks
                        .send_if_modified(|d| std::mem::replace(&mut d.copies[told.copy].reserve_used, used) != used);
                    got.push((told.copy, answers, head));
                }
                _ => self.hear(told),
            }
        }
        got.sort_by_key(|(ix, ..)| *ix);
        got
    }
}

/// Whether what a copy said of a group is about the group, and not about its disk.
fn counts(answers: &[Result<Head, JournalError>]) -> bool {
    let about_the_group = |e: &JournalError| matches!(e, JournalError::Conflict { .. } | JournalError::TooLarge { .. });
    answers.iter().all(|a| a.as_ref().err().is_none_or(about_the_group))
}

impl Drop for Copies {
    /// Lets go of the folders. A thread that hangs on its disk is left behind.
    fn drop(&mut self) {
        for Copy { tasks, thread, busy, .. } in self.copies.drain(..) {
            drop(tasks);
            if busy.is_none() && thread.join().is_err() {
                tracing::error!("the thread of a copy of the journal ended in a panic");
            }
        }
    }
}

impl Store for Copies {
    fn head(&self) -> Head {
        self.head
    }

    fn append(&mut self, group: &[Append]) -> Vec<Result<Head, JournalError>> {
        self.look();
        let group = Arc::new(group.to_vec());
        let mut asked = Vec::with_capacity(self.copies.len());
        for ix in 0..self.copies.len() {
            // One that is still at an older commit takes this one after it, in order.
            if self.copies[ix].stands == Stands::In {
                self.ask(ix, |id| Task::Append { id, group: group.clone() });
                asked.push((ix, self.next_id));
            }
        }
        let mut got = self.gather(&asked);
        let Some(winner) = got.iter().position(|(_, answers, _)| counts(answers)) else {
            // No copy could write: nothing counts, and both are asked again with the next try.
            let error = JournalError::Closed;
            let failed = got.drain(..).next().map(|(_, answers, _)| answers);
            return failed.unwrap_or_else(|| group.iter().map(|_| Err(error.clone())).collect());
        };
        let (chosen, answers, head) = got.swap_remove(winner);
        for (ix, _) in asked.into_iter().filter(|(ix, _)| *ix != chosen) {
            match got.iter().find(|(of, ..)| *of == ix) {
                Some((_, same, _)) if *same == answers => self.disks.send_modify(|d| d.copies[ix].head = head),
                Some((_, other, _)) => {
                    let error = other.iter().find_map(|a| a.as_ref().err().cloned());
                    let error = error.unwrap_or_else(|| JournalError::corrupt(head.seq, "it holds other records"));
                    self.put_out(ix, error);
                }
                None => {
                    let folder = self.copies[ix].dir.clone();
                    self.put_out(ix, JournalError::Late { folder });
                }
            }
        }
        for (append, _) in group.iter().zip(&answers).filter(|(_, answer)| answer.is_ok()) {
            append.batch.forget.iter().for_each(|incident| self.sealer.forget(incident));
        }
        self.head = head;
        self.disks.send_modify(|d| d.copies[chosen].head = head);
        self.heads.send_if_modified(|told| std::mem::replace(told, head) != head);
        answers
    }

    fn idle(&mut self) {
        self.look();
        for copy in self.copies.iter().filter(|c| c.stands == Stands::In && c.busy.is_none()) {
            let _ = copy.tasks.send(Task::Idle);
        }
    }

    fn heads(&self) -> watch::Receiver<Head> {
        self.heads.subscribe()
    }

    fn open_reader(&self) -> OpenReader {
        let dirs: Vec<PathBuf> = self.copies.iter().map(|c| c.dir.clone()).collect();
        let (first, master) = (self.readable.clone(), self.master.clone());
        Arc::new(move || {
            let first = first.load(Ordering::Relaxed).min(dirs.len() - 1);
            let open = |dir: &PathBuf| SqliteReader::open(dir);
            let mut reader =
                open(&dirs[first]).or_else(|error| open(&dirs[dirs.len() - 1 - first]).map_err(|_| error))?;
            reader.master = Some(master.clone());
            Ok(Box::new(reader) as Box<dyn Reader>)
        })
    }

    fn disks(&self) -> Option<watch::Receiver<Disks>> {
        Some(self.disks.subscribe())
    }
}

/// A copy's own thread: the only place that touches its disk.
struct CopyThread {
    copy: usize,
    dir: PathBuf,
    options: OpenOptions,
    store: Option<SqliteStore>,
    catching_up: Option<CatchUp>,
    tell: Sender<Told>,
    wake: LateWake,
}

impl CopyThread {
    fn run(mut self, tasks: &Receiver<Task>) {
        let mut wake_at: Option<Instant> = None;
        loop {
            let task = match wake_at {
                None => tasks.recv().map_err(|_| RecvTimeoutError::Disconnected),
                Some(at) => tasks.recv_timeout(at.saturating_duration_since(Instant::now())),
            };
            let task = match task {
                Ok(task) => task,
                Err(RecvTimeoutError::Disconnected) => return,
                Err(RecvTimeoutError::Timeout) => {
                    wake_at = None;
                    self.wake();
                    continue;
                }
            };
            let (id, what) = match task {
                Task::Append { id, group } => {
                    let answers = match &mut self.store {
                        Some(store) => store.append(&group),
                        None => group.iter().map(|_| Err(JournalError::Closed)).collect(),
                    };
                    let head = self.store.as_ref().map_or(Head::START, Store::head);
                    (id, Answer::Appended { answers, head })
                }
                Task::Idle => {
                    if let Some(store) = &mut self.store {
                        store.idle();
                    }
                    continue;
                }
                Task::Again => {
                    wake_at = Some(Instant::now() + RETRY);
                    continue;
                }
                Task::CatchUp { id, from } => (id, Answer::CaughtUp(self.catch_up(&from))),
                Task::Join { id, from } => (id, Answer::Joined(self.join(&from))),
            };
            let alone = matches!(what, Answer::CaughtUp(_) | Answer::Joined(_));
            let reserve_used = self.store.as_ref().is_some_and(SqliteStore::reserve_used);
            if self.tell.send(Told { copy: self.copy, id, what, reserve_used }).is_err() {
                return;
            }
            if alone {
                self.wake();
            }
        }
    }

    fn wake(&self) {
        if let Some(wake) = self.wake.get() {
            wake();
        }
    }

    fn catch_up(&mut self, from: &Path) -> Result<Head, JournalError> {
        // Opened anew: what a disk holds after a failure is not what the process believes.
        self.store = None;
        let result = self.catching_up.get_or_insert_with(|| CatchUp::new(from, &self.dir)).step();
        if result.is_err() {
            self.catching_up = None;
        }
        result
    }

    fn join(&mut self, from: &Path) -> Result<Head, JournalError> {
        self.catch_up(from)?;
        self.catching_up = None;
        let options = OpenOptions { accept_lost_key: false, new: false, ..self.options };
        let store = SqliteStore::open(&self.dir, options)?;
        let head = store.head();
        self.store = Some(store);
        Ok(head)
    }
}
