//! The program's two edges as the simulation gives them: gateways that misbehave by the weather, and a disk that is slow,
//! full, silent, or torn by a crash in the middle of a write.

use std::path::Path;
use std::time::Duration;

use tokio::sync::watch;
use vardkase::domain::delivery::{Accepted, SendError};
use vardkase::domain::ids::{DeliveryId, GatewayId};
use vardkase::domain::plan::Capability;
use vardkase::gateways::{Boxed, Events, Gateway, GatewayEvent, Health, Jobs, Stop};
use vardkase::journal::*;

use super::world::{DiskIs, Fate, Say, Seen, Shared, Torn, Way};

pub struct SimGateway {
    pub id: GatewayId,
    pub capability: Capability,
    pub world: Shared,
}

impl SimGateway {
    fn tell(&self, out: &Events, id: DeliveryId, after_ms: u64, say: Say, times: u32) {
        let (world, gateway, out) = (self.world.clone(), self.id.clone(), out.clone());
        tokio::spawn(async move {
            tokio::time::sleep(Duration::from_millis(after_ms)).await;
            for _ in 0..times {
                let (what, certain, result) = match say {
                    Say::Accepted { delivered } => {
                        ("accepted", false, Ok(Accepted { gateway_ref: format!("r{id}"), delivered, units: 1 }))
                    }
                    Say::Busy(retry_after_s) => {
                        ("busy", true, Err(SendError::Temporary { cause: "busy".into(), retry_after_s }))
                    }
                    Say::Refused => ("refused", true, Err(SendError::permanent("no such subscriber"))),
                    Say::Unknown => ("unknown", false, Err(SendError::unknown("the line broke"))),
                };
                {
                    let mut w = world.lock();
                    if w.dead {
                        return;
                    }
                    w.see(Seen::Told { gateway: gateway.clone(), id, what, certain });
                }
                let _ = out.send(GatewayEvent::Outcome { delivery: id, result }).await;
            }
        });
    }
}

impl Gateway for SimGateway {
    fn run(&self, mut jobs: Jobs, out: Events, mut stop: Stop) -> Boxed<'_, ()> {
        Box::pin(async move {
            loop {
                let job = tokio::select! {
                    biased;
                    _ = stop.changed() => return,
                    job = jobs.recv() => match job { Some(job) => job, None => return },
                };
                let fate = {
                    let mut w = self.world.lock();
                    if w.dead { Fate::Dead } else { w.took(&self.id, &job, &self.capability) }
                };
                match fate {
                    Fate::Tell(after, say) => self.tell(&out, job.delivery, after, say, 1),
                    Fate::Twice(after, say) => self.tell(&out, job.delivery, after, say, 2),
                    Fate::Silence => {}
                    Fate::Die => return,
                    Fate::Dead => {
                        self.world.die();
                        std::future::pending::<()>().await;
                    }
                }
            }
        })
    }

    fn probe(&self) -> Boxed<'_, Health> {
        Box::pin(async {
            let way = self.world.lock().ways.get(&self.id).copied().unwrap_or(Way::Well);
            if way == Way::Hung {
                std::future::pending::<()>().await;
            }
            Health { ok: way != Way::Down, detail: format!("{way:?}") }
        })
    }
}

/// What the journal lies on.
pub enum Disk {
    Memory(MemoryDisk),
    /// Real files: a crash is a copy of them, the last write torn anywhere.
    Files(tempfile::TempDir),
}

pub enum Inner {
    Memory(MemoryStore),
    Files(SqliteStore),
}

impl Disk {
    pub fn open(&self) -> (Inner, Sealer) {
        match self {
            Disk::Memory(disk) => {
                let store = MemoryStore::open(disk);
                let sealer = store.sealer();
                (Inner::Memory(store), sealer)
            }
            Disk::Files(dir) => {
                let store = SqliteStore::open(dir.path(), OpenOptions::default()).expect("opens after any crash");
                let sealer = store.sealer();
                (Inner::Files(store), sealer)
            }
        }
    }
    pub fn reader(&self) -> Box<dyn Reader> {
        match self {
            Disk::Memory(disk) => Box::new(disk.reader()),
            Disk::Files(dir) => Box::new(SqliteReader::open(dir.path()).expect("reads after any crash")),
        }
    }
    pub fn folder(&self) -> Option<&Path> {
        match self {
            Disk::Memory(_) => None,
            Disk::Files(dir) => Some(dir.path()),
        }
    }
}

/// The files as a power cut leaves them: the WAL cut at `wal_len`.
pub fn cut(from: &Path, wal_len: Option<u64>) -> tempfile::TempDir {
    let dir = scratch();
    for name in ["journal.db", "key"] {
        std::fs::copy(from.join(name), dir.path().join(name)).unwrap();
    }
    if let Ok(wal) = std::fs::read(from.join("journal.db-wal")) {
        let len = wal_len.map_or(wal.len(), |l| (l as usize).min(wal.len()));
        std::fs::write(dir.path().join("journal.db-wal"), &wal[..len]).unwrap();
    }
    dir
}

/// In memory where the machine has such a folder: an fsync costs nothing there.
pub fn scratch() -> tempfile::TempDir {
    match Path::new("/dev/shm").is_dir() {
        true => tempfile::tempdir_in("/dev/shm").unwrap(),
        false => tempfile::tempdir().unwrap(),
    }
}

pub struct SimStore {
    pub inner: Inner,
    pub world: Shared,
    /// Where the files that a crash left are put.
    pub left: std::sync::Arc<std::sync::Mutex<Option<tempfile::TempDir>>>,
    pub folder: Option<std::path::PathBuf>,
}

impl SimStore {
    fn store(&mut self) -> &mut dyn Store {
        match &mut self.inner {
            Inner::Memory(s) => s,
            Inner::Files(s) => s,
        }
    }
    fn look(&self) -> &dyn Store {
        match &self.inner {
            Inner::Memory(s) => s,
            Inner::Files(s) => s,
        }
    }
    fn wal_len(&self) -> u64 {
        let wal = self.folder.as_ref().map(|f| f.join("journal.db-wal"));
        wal.and_then(|w| std::fs::metadata(w).ok()).map_or(0, |m| m.len())
    }
}

impl Store for SimStore {
    fn head(&self) -> Head {
        self.look().head()
    }
    fn append(&mut self, group: &[Append]) -> Vec<Result<Head, JournalError>> {
        let (disk, torn, dice) = {
            let mut w = self.world.lock();
            let torn = match &mut w.torn {
                Some((0, _)) => w.torn.take().map(|t| t.1),
                Some((n, _)) => {
                    *n -= 1;
                    None
                }
                None => None,
            };
            let dice = if torn.is_some() { w.rng.next() } else { 0 };
            (w.disk, torn, dice)
        };
        let full = |_: &Append| Err(JournalError::Disk { kind: DiskKind::Full, what: "appending".into() });
        if disk == DiskIs::Full {
            return group.iter().map(full).collect();
        }
        let before = self.wal_len();
        let written = match torn {
            Some(Torn::Nothing) => 0,
            // The files are torn below the level of batches; memory between them.
            Some(Torn::Part) if self.folder.is_none() => (dice % group.len() as u64) as usize,
            _ => group.len(),
        };
        let answers = self.store().append(&group[..written]);
        let head = self.head();
        if let Some(torn) = torn {
            if let Some(folder) = &self.folder {
                let after = self.wal_len();
                let len = match torn {
                    Torn::Part if after > before => Some(before + dice % (after - before)),
                    _ => None,
                };
                *self.left.lock().unwrap() = Some(cut(folder, len));
            }
            self.world.die();
            return group.iter().map(full).collect();
        }
        self.world.lock().durable = head.seq;
        answers
    }
    fn idle(&mut self) {
        self.store().idle();
    }
    fn heads(&self) -> watch::Receiver<Head> {
        self.look().heads()
    }
    fn open_reader(&self) -> OpenReader {
        self.look().open_reader()
    }
}

/// Moves the journal's writer: a commit takes its time, or does not come back.
pub async fn write(mut hand: ManualWriter<SimStore>, world: Shared) {
    while hand.wait().await {
        let wait = {
            let mut w = world.lock();
            match w.disk {
                DiskIs::Slow => w.rng.between(500, 9_000),
                _ => w.rng.between(0, 12),
            }
        };
        tokio::time::sleep(Duration::from_millis(wait)).await;
        while world.lock().disk == DiskIs::Held {
            tokio::time::sleep(Duration::from_millis(500)).await;
        }
        if world.is_dead() {
            std::future::pending::<()>().await;
        }
        hand.turn();
    }
}
