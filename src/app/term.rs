//! What runs while this node decides: the loop, a worker for each gateway, what turns outwards, and all that decides by the clock. One
//! node that is alone decides from its start to its end; of several, one at a time does.
//!
//! What a node always has (listeners, journal, pages, sign-in) is [`House`], and outlives it.

use std::path::PathBuf;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use jiff::Timestamp;
use tokio::sync::{mpsc, watch};
use tokio::task::JoinSet;

use super::answers::Backs;
use super::auditor;
use super::drills;
use super::mirrors::{Publication, Told};
use super::outside::Outside;
use super::publish::Places;
use super::retention;
use super::seals::Seals;
use super::shifts;
use super::task_set::TaskSet;
use super::training::Ends;
use super::workers::Workers;
use crate::clock::SharedClock;
use crate::config::Loaded;
use crate::dispatch::effects::Env;
use crate::dispatch::engine::{self, Desk, Handle, Left, Parts};
use crate::dispatch::links::LinkKey;
use crate::dispatch::recover::Recovered;
use crate::dispatch::worker::{MaySend, WORKER_EVENTS_MAX};
use crate::domain::incident::input::Input;
use crate::gateways::protocol;
use crate::journal::{Journal, SealKey};

/// Shift times are looked at that often.
const SHIFTS_EVERY: Duration = Duration::from_secs(20);

/// What a node has whether it decides or not, as far as deciding needs it.
pub struct House {
    pub ends: Ends,
    pub handle: Handle,
    pub journal: Journal,
    pub clock: SharedClock,
    pub state: PathBuf,
    /// Where the public listener is reached from outside.
    pub public_url: Option<String>,
    /// Where our own public listener is read back.
    pub own: String,
    pub link_key: Arc<LinkKey>,
    pub seal_key: Arc<SealKey>,
    /// Whether this node may send at this moment.
    pub may_send: MaySend,
    /// The gateways that call back: none while another node decides.
    pub backs: Backs,
    /// What mirrors are to show.
    pub published: watch::Sender<Arc<Publication>>,
    /// Where mirrors tell how they fared.
    pub tell: mpsc::Sender<Told>,
    /// Where the page must be seen.
    pub places: watch::Sender<Places>,
    /// This node decides.
    pub decides: watch::Sender<bool>,
    /// What a reload changes, while this node decides.
    pub now: Mutex<Option<Outwards>>,
}

/// What turns outwards, for as long as a node decides.
#[derive(Clone)]
pub struct Outwards {
    pub workers: Arc<Workers>,
    pub outside: Arc<Outside>,
}

impl House {
    /// What turns outwards, while this node decides.
    pub fn outwards(&self) -> Option<Outwards> {
        self.now.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    fn set(&self, now: Option<Outwards>) {
        *self.now.lock().unwrap_or_else(PoisonError::into_inner) = now;
    }

    /// What an own page must be seen at while another node decides: here.
    pub fn at_home(&self) -> Places {
        Places { read_back: vec![self.own.clone()], ..Places::default() }
    }
}

/// What runs while this node decides.
pub struct Term {
    house: Arc<House>,
    outwards: Outwards,
    tasks: JoinSet<()>,
    stop: watch::Sender<bool>,
    loop_task: tokio::task::JoinHandle<Left>,
}

impl Term {
    /// Begins to decide, at that desk and from that state. `since`: drills that fell due from then on are looked at.
    pub fn begin(
        house: &Arc<House>,
        desk: Desk,
        recovered: Recovered,
        loaded: Loaded,
        since: Timestamp,
        built: impl FnOnce(engine::Engine) -> engine::Engine,
    ) -> Self {
        let (stop, stopped) = watch::channel(false);
        let (events, news) = mpsc::channel(WORKER_EVENTS_MAX);
        let now = house.clock.clone();
        let env = protocol::Env {
            now: Arc::new(move || now.now()),
            public_url: house.public_url.clone(),
            mail_key: house.link_key.derived("mail"),
        };
        let workers =
            Arc::new(Workers::new(env, house.ends.clone(), house.backs.clone(), house.may_send.clone(), events));
        let (swap, _none) = workers.reconcile(&loaded);
        let plan = loaded.plan.clone();
        let region = plan.region.id.clone();
        let outside = Arc::new(Outside {
            ends: house.ends.clone(),
            handle: house.handle.clone(),
            journal: house.journal.clone(),
            clock: house.clock.clone(),
            own: house.own.clone(),
            published: house.published.clone(),
            tell: house.tell.clone(),
            places: house.places.clone(),
            mirrors: TaskSet::default(),
            heartbeat: TaskSet::default(),
            state: house.state.clone(),
            webhooks: TaskSet::default(),
            printers: TaskSet::default(),
        });
        let wanted = outside.wanted(&loaded);
        let parts = Parts {
            journal: house.journal.clone(),
            recovered,
            loaded,
            env: Env { public_url: house.public_url.clone().unwrap_or_default(), link_key: house.link_key.clone() },
            clock: house.clock.clone(),
            workers: swap.workers,
            unusable: swap.unusable,
            news,
        };
        let engine = built(engine::build_at(desk, parts));
        let engine = match house.ends.inbox() {
            Some(inbox) => engine.in_training(inbox.clone()),
            None => engine,
        };
        let loop_task = tokio::spawn(engine.run(plan, stopped.clone()));
        outside.reconcile(wanted);
        let outwards = Outwards { workers, outside };
        house.set(Some(outwards.clone()));
        house.decides.send_replace(true);

        let (handle, clock) = (&house.handle, &house.clock);
        let mut tasks = JoinSet::new();
        tasks.spawn(auditor::run(handle.clone(), clock.clone(), stopped.clone()));
        let seals = Seals {
            handle: handle.clone(),
            journal: house.journal.clone(),
            key: house.seal_key.clone(),
            region,
            clock: clock.clone(),
        };
        tasks.spawn(seals.run(stopped.clone()));
        tasks.spawn(retention::run(handle.clone(), clock.clone(), stopped.clone()));
        tasks.spawn(watch_shifts(handle.clone(), clock.clone(), stopped.clone()));
        tasks.spawn(drills::run(handle.clone(), clock.clone(), since, stopped));
        Self { house: house.clone(), outwards, tasks, stop, loop_task }
    }

    /// Waits until the loop has ended by itself: another node decides. Cancel safe.
    #[cfg_attr(not(feature = "cluster"), expect(dead_code, reason = "a node that is alone decides to its end"))]
    pub async fn over(&mut self) -> Option<Left> {
        (&mut self.loop_task).await.ok()
    }

    /// Ends all of it: what is on the wire is waited for, what was decided is written.
    pub async fn end(mut self) -> Option<Left> {
        self.quit();
        self.outwards.outside.stop().await;
        self.outwards.workers.ended().await;
        let left = self.loop_task.await.ok();
        while self.tasks.join_next().await.is_some() {}
        left
    }

    /// Another node may decide from now on, and the loop was told to end, or has: then `over` is what [`over`](Self::over) gave. Gives what
    /// it left. What is on the wire comes to its end beside it.
    #[cfg(feature = "cluster")]
    pub async fn lost(self, over: Option<Option<Left>>) -> Option<Left> {
        self.quit();
        let left = match over {
            Some(left) => left,
            None => self.loop_task.await.ok(),
        };
        let Self { outwards, mut tasks, .. } = self;
        tokio::spawn(async move {
            outwards.outside.stop().await;
            outwards.workers.ended().await;
            while tasks.join_next().await.is_some() {}
        });
        left
    }

    /// From now on nothing is begun.
    fn quit(&self) {
        let _ = self.stop.send(true);
        self.outwards.workers.stop();
        self.house.decides.send_replace(false);
        self.house.set(None);
        self.house.places.send_replace(self.house.at_home());
    }
}

/// Looks for shift changes (RULES C11).
async fn watch_shifts(handle: Handle, clock: SharedClock, mut stop: watch::Receiver<bool>) {
    let mut from = clock.now();
    loop {
        tokio::select! {
            _ = stop.changed() => return,
            () = tokio::time::sleep(SHIFTS_EVERY) => {}
        }
        let to = clock.now();
        let functions = handle.query(move |state, _| shifts::changed(&state.plan, from, to)).await;
        from = to;
        if let Ok(functions) = functions
            && !functions.is_empty()
            && let Err(error) = handle.input(Input::Shift { functions }).await
        {
            tracing::warn!(%error, "a shift change was not told");
        }
    }
}
