//! Writes checkpoints beside the running program: what the journal gives up to now, so that the next start reads little of it.
//!
//! They are made from the journal and never from the loop's memory. So the loop waits for nothing and hands over nothing, what
//! is not on disk is in no checkpoint, and no private value is opened: a checkpoint holds commitments only. Each copy of the
//! journal has its own, and a thread of its own that writes it: a disk that hangs holds up nobody.

use std::path::PathBuf;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, mpsc};
use std::time::Duration;

use tokio::sync::watch;

use crate::dispatch::replay::{build, replay_from};
use crate::domain::plan::Plan;
use crate::journal::{Checkpoint, Journal, Unusable, write_checkpoint};

/// So many records behind the journal, a checkpoint is made anew.
pub const RECORDS_BETWEEN: u64 = 20_000;
/// A journal that grows by more than this between two looks is busy: the checkpoint waits.
const BUSY_RECORDS: u64 = 1_000;
/// So many records behind, it waits no longer.
const BEHIND_RECORDS_MAX: u64 = 10 * RECORDS_BETWEEN;
/// How often that is looked at.
const LOOK_EVERY: Duration = Duration::from_secs(10);
/// A disk may take so long to write one; then it is left alone with it.
const WRITTEN_WITHIN: Duration = Duration::from_secs(5);

/// The newest checkpoint of several folders that this build reads; else why the first folder's is not used.
///
/// # Errors
/// None of them can be used.
pub fn newest(dirs: &[PathBuf]) -> Result<Checkpoint, Unusable> {
    let mut found: Vec<Result<Checkpoint, Unusable>> = dirs.iter().map(|dir| Checkpoint::read(dir, &build())).collect();
    let best = (0..found.len()).max_by_key(|n| found[*n].as_ref().map_or((false, 0), |c| (true, c.head.seq)));
    match best {
        Some(n) if found[n].is_ok() => found.swap_remove(n),
        _ => found.into_iter().next().unwrap_or(Err(Unusable::Missing)),
    }
}

/// A folder that gets checkpoints.
struct Folder {
    dir: PathBuf,
    /// It has not answered for the last one.
    busy: Arc<AtomicBool>,
}

/// Makes and writes them.
pub struct Checkpoints {
    journal: Journal,
    plan: Arc<Plan>,
    folders: Vec<Folder>,
    /// The last record in the one that was written last.
    written: AtomicU64,
}

impl Checkpoints {
    /// For a journal and its copies. `found` is the record of the one that the start used.
    pub fn new(journal: Journal, plan: Arc<Plan>, dirs: Vec<PathBuf>, found: u64) -> Self {
        let folders = dirs.into_iter().map(|dir| Folder { dir, busy: Arc::default() }).collect();
        Self { journal, plan, folders, written: AtomicU64::new(found) }
    }

    /// Makes one whenever the last is far behind and the journal rests, until `stop` turns true.
    pub async fn run(self: Arc<Self>, mut stop: watch::Receiver<bool>) {
        let mut seen = self.journal.head().seq;
        loop {
            tokio::select! {
                _ = stop.changed() => return,
                () = tokio::time::sleep(LOOK_EVERY) => {}
            }
            let now = self.journal.head().seq;
            let behind = now.saturating_sub(self.written.load(Ordering::Relaxed));
            let busy = now.saturating_sub(std::mem::replace(&mut seen, now)) > BUSY_RECORDS;
            if behind >= BEHIND_RECORDS_MAX || behind >= RECORDS_BETWEEN && !busy {
                let this = self.clone();
                // Ends with the program at the latest.
                let _ = tokio::task::spawn_blocking(move || this.renew()).await;
            }
        }
    }

    /// Makes one now, if anything was recorded since the last. What goes wrong costs time at the next start, and is logged.
    pub fn renew(&self) {
        if self.journal.head().seq == self.written.load(Ordering::Relaxed) {
            return;
        }
        let dirs: Vec<PathBuf> = self.folders.iter().map(|f| f.dir.clone()).collect();
        let made = self.journal.reader().map_err(|e| e.to_string()).and_then(|reader| {
            let (replay, _) = replay_from(&*reader, self.plan.clone(), newest(&dirs)).map_err(|e| e.to_string())?;
            Ok(replay.checkpoint())
        });
        let checkpoint = match made {
            Ok(Some(checkpoint)) => checkpoint,
            // In the middle of a record that goes in parts, or an empty journal.
            Ok(None) => return,
            Err(error) => {
                tracing::warn!(%error, "no checkpoint could be made; the next start reads more of the journal");
                return;
            }
        };
        let bytes = Arc::new(checkpoint.to_bytes());
        let out: Vec<PathBuf> =
            self.journal.disks().copies.into_iter().filter(|c| c.out.is_some()).map(|c| c.dir).collect();
        let (tell, told) = mpsc::channel();
        let mut asked = 0;
        for folder in self.folders.iter().filter(|f| !out.contains(&f.dir)) {
            if !folder.busy.swap(true, Ordering::AcqRel) {
                asked += usize::from(begin(folder, bytes.clone(), tell.clone()));
            }
        }
        for _ in 0..asked {
            match told.recv_timeout(WRITTEN_WITHIN) {
                Ok(true) => self.written.store(checkpoint.head.seq, Ordering::Relaxed),
                Ok(false) => {}
                Err(_) => tracing::warn!("a disk did not take a checkpoint in time; the next start there is slower"),
            }
        }
        tracing::info!(seq = checkpoint.head.seq, bytes = bytes.len(), "checkpoint written");
    }
}

/// Whether the thread that writes was started.
fn begin(folder: &Folder, bytes: Arc<Vec<u8>>, tell: mpsc::Sender<bool>) -> bool {
    let (dir, busy) = (folder.dir.clone(), folder.busy.clone());
    let write = move || {
        let written = write_checkpoint(&dir, &bytes);
        if let Err(error) = &written {
            tracing::warn!(%error, "a checkpoint was not written; the next start reads more of the journal");
        }
        busy.store(false, Ordering::Release);
        // Whoever does not wait any more looks at the next one.
        let _ = tell.send(written.is_ok());
    };
    let started = std::thread::Builder::new().name("checkpoint".into()).spawn(write).is_ok();
    if !started {
        folder.busy.store(false, Ordering::Release);
    }
    started
}
