//! What stands outside and runs as the configuration says: mirrors of the public page, the watcher that gets signs of life, and programs
//! that are told what happens.
//! What is new starts, what changed starts anew, what is configured no longer ends; what is as before goes on.

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::sync::Arc;

use sha2::{Digest as _, Sha256};
use tokio::sync::{mpsc, watch};

use super::gateways;
use super::heartbeat::{self, Heartbeat};
use super::mirrors::{MirrorSync, Publication, Told, alarm_name, alarm_text};
use super::printing::{self, IppPrinter, Printing};
use super::publish::Places;
use super::task_set::{Digest, Reconciled, TaskSet};
use super::training::Ends;
use super::webhooks::{self, Teller};
use crate::clock::SharedClock;
use crate::config::{Loaded, Printer, Watch, Webhook};
use crate::dispatch::board::{Board, PageState, WebhookState};
use crate::dispatch::engine::Handle;
use crate::domain::ids::GatewayId;
use crate::gateways::mirror::Mirror;
use crate::gateways::registry::{Kind, PageWord};
use crate::journal::Journal;
use crate::web::log::JournalLog;

/// What a configuration says of the outside.
#[derive(Default)]
pub struct Wanted {
    mirrors: Vec<(GatewayId, Digest, Result<Arc<Mirror>, String>)>,
    watch: Option<Watch>,
    webhooks: Vec<Webhook>,
    printers: Vec<Printer>,
    places: Places,
}

/// Mirrors and watcher, as they run.
pub struct Outside {
    /// In training none of it runs.
    pub ends: Ends,
    /// The loop, and its board.
    pub handle: Handle,
    /// The head that goes with a sign of life.
    pub journal: Journal,
    pub clock: SharedClock,
    /// Where our own listener is read back.
    pub own: String,
    /// What mirrors are to show.
    pub published: watch::Sender<Arc<Publication>>,
    /// Where mirrors tell how they fared.
    pub tell: mpsc::Sender<Told>,
    /// Where the page must be seen.
    pub places: watch::Sender<Places>,
    /// Each mirror that runs.
    pub mirrors: TaskSet<GatewayId>,
    /// The signs of life; there is one watcher.
    pub heartbeat: TaskSet<()>,
    /// The state folder: how far each program was told lies there.
    pub state: PathBuf,
    /// Each program that is told.
    pub webhooks: TaskSet<String>,
    /// Each printer.
    pub printers: TaskSet<String>,
}

/// What began anew, or ended.
pub struct Changed {
    /// Mirrors that started, or started anew.
    pub mirrors: Vec<GatewayId>,
    /// The signs of life did, or ended.
    pub heartbeat: bool,
    /// Programs that are told did, or ended.
    pub webhooks: Vec<String>,
    /// Printers did, or ended.
    pub printers: Vec<String>,
}

impl Outside {
    /// Reads what a configuration says. Starts nothing.
    pub fn wanted(&self, loaded: &Loaded) -> Wanted {
        let Some(outward) = self.ends.outward() else { return Wanted::default() };
        let digest_of = |id: &GatewayId| {
            let of = loaded.gateways.iter().zip(&loaded.plan.gateways).find(|(config, _)| config.id == *id);
            of.map(|(config, info)| gateways::digest(config, info)).unwrap_or_default()
        };
        let mirrors = gateways::mirrors(loaded, outward).into_iter().map(|(id, mirror)| {
            let digest = digest_of(&id);
            (id, digest, mirror)
        });
        let mirrors: Vec<_> = mirrors.collect();
        let mut read_back = vec![self.own.clone()];
        read_back.extend(loaded.gateways.iter().filter_map(|g| match &g.kind {
            // The shipped page is read back on our own listener, wherever it was bound. Mirrors are read back by what
            // keeps them equal.
            Kind::Page(w) if w.page == PageWord::Public && w.mirror.is_none() && !loaded.fictional => {
                Some(w.readback_url.value.clone())
            }
            _ => None,
        }));
        let places =
            Places { read_back, mirrors: mirrors.iter().map(|(id, digest, _)| (id.clone(), *digest)).collect() };
        let (watch, webhooks, printers) = (loaded.watch.clone(), loaded.webhooks.clone(), loaded.printers.clone());
        Wanted { mirrors, watch, webhooks, printers, places }
    }

    /// Makes it so.
    pub fn reconcile(&self, wanted: Wanted) -> Changed {
        let Wanted { mirrors, watch, webhooks, printers, places } = wanted;
        let is_gone = |id: &GatewayId| !places.mirrors.contains_key(id);
        let wanted: Vec<_> = mirrors.iter().map(|(id, digest, _)| (id.clone(), *digest)).collect();
        let mut built: BTreeMap<GatewayId, Result<Arc<Mirror>, String>> =
            mirrors.into_iter().map(|(id, _, mirror)| (id, mirror)).collect();
        let build = |id: &GatewayId| built.remove(id).unwrap_or_else(|| Err("it is not a mirror".into()));
        let begin = |id: &GatewayId, digest, mirror| self.begin(id.clone(), digest, mirror);
        let Reconciled { started, unusable, gone } = self.mirrors.reconcile(wanted, build, begin);
        gone.iter().for_each(|id| self.forget(id));
        for (id, why) in unusable {
            let board = self.handle.board();
            board.set_page(&id, PageState { detail: why, ..PageState::default() });
            board.raise(&alarm_name(&id), alarm_text(&id), self.clock.now().into(), true);
        }
        // Those that could never be used too.
        for id in self.handle.board().paged().iter().filter(|id| is_gone(id)) {
            unshow(self.handle.board(), id);
        }
        self.places.send_if_modified(|now| {
            let differs = *now != places;
            *now = places;
            differs
        });
        Changed {
            mirrors: started,
            heartbeat: self.watch(watch),
            webhooks: self.tell(webhooks),
            printers: self.print(printers),
        }
    }

    fn begin(&self, id: GatewayId, digest: Digest, mirror: Arc<Mirror>) {
        let (board, clock) = (self.handle.board().clone(), self.clock.clone());
        let (published, told) = (self.published.subscribe(), self.tell.clone());
        let sync = MirrorSync { mirror, board, clock, published, told };
        self.mirrors.start(id, digest, |stop| sync.run(stop));
    }

    fn forget(&self, id: &GatewayId) {
        let (board, gone) = (self.handle.board().clone(), id.clone());
        self.mirrors.end(id, move || unshow(&board, &gone));
    }

    fn watch(&self, watch: Option<Watch>) -> bool {
        let board = self.handle.board().clone();
        let forget = move || {
            // What stands there is of another watcher.
            board.forget_heartbeat();
            board.clear(heartbeat::ALARM);
        };
        let wanted = watch.as_ref().map(|watch| ((), Sha256::digest(format!("{watch:?}")).into()));
        let build = |(): &()| watch.clone().ok_or(());
        let Reconciled { started, gone, .. } = self.heartbeat.reconcile(wanted, build, |(), digest, watch| {
            let (handle, journal, clock) = (self.handle.clone(), self.journal.clone(), self.clock.clone());
            let heartbeat = Heartbeat { watch, handle, journal, clock, seal: None };
            let forget = forget.clone();
            self.heartbeat.start((), digest, |stop| async move {
                forget();
                heartbeat.run(stop).await;
            });
        });
        let changed = !started.is_empty() || !gone.is_empty();
        if !gone.is_empty() {
            self.heartbeat.end(&(), forget);
        }
        changed
    }

    fn tell(&self, webhooks: Vec<Webhook>) -> Vec<String> {
        let wanted: Vec<_> = webhooks.iter().map(|w| (w.id.clone(), webhooks::digest(w))).collect();
        let board = self.handle.board();
        let build = |id: &String| {
            let webhook = webhooks.iter().find(|w| w.id == *id).ok_or_else(String::new)?;
            let log = Arc::new(JournalLog(self.journal.clone()));
            Teller::new(webhook, &self.state, log, board.clone(), self.clock.clone())
        };
        let begin =
            |id: &String, digest, teller: Teller| self.webhooks.start(id.clone(), digest, |stop| teller.run(stop));
        let Reconciled { mut started, unusable, gone } = self.webhooks.reconcile(wanted, build, begin);
        for (id, why) in unusable {
            tracing::error!(webhook = id, error = why, "a webhook can't be used");
            board.set_webhook(&id, WebhookState { why, ..WebhookState::default() });
            board.raise(&webhooks::alarm_name(&id), webhooks::alarm_text(&id), self.clock.now().into(), false);
        }
        for id in &gone {
            let (board, state, gone) = (board.clone(), self.state.clone(), id.clone());
            self.webhooks.end(id, move || {
                board.forget_webhook(&gone);
                board.clear(&webhooks::alarm_name(&gone));
                webhooks::forget(&state, &gone);
            });
        }
        // Those that could never be used too.
        for id in board.webhooks().keys().filter(|id| !webhooks.iter().any(|w| w.id == **id) && !gone.contains(*id)) {
            board.forget_webhook(id);
            board.clear(&webhooks::alarm_name(id));
        }
        started.extend(gone);
        started
    }

    fn print(&self, printers: Vec<Printer>) -> Vec<String> {
        let wanted: Vec<_> = printers.iter().map(|p| (p.id.clone(), printing::digest(p))).collect();
        let board = self.handle.board();
        let build = |id: &String| {
            let printer = printers.iter().find(|p| p.id == *id).ok_or_else(String::new)?.clone();
            let far = IppPrinter::new(&printer)?;
            Ok(Printing { printer, far, handle: self.handle.clone(), clock: self.clock.clone() })
        };
        let begin = |id: &String, digest, one: Printing| self.printers.start(id.clone(), digest, |stop| one.run(stop));
        let Reconciled { mut started, unusable, gone } = self.printers.reconcile(wanted, build, begin);
        for (id, why) in unusable {
            let why: String = why;
            tracing::error!(printer = id, error = why, "a printer can't be used");
            let now = self.clock.now().into();
            board.raise(&printing::alarm_name(&id), printing::alarm_text(&id, &why), now, true);
        }
        for id in &gone {
            let (board, gone) = (board.clone(), id.clone());
            self.printers.end(id, move || board.clear(&printing::alarm_name(&gone)));
        }
        started.extend(gone);
        started
    }

    /// Ends all of it.
    pub async fn stop(&self) {
        self.webhooks.stop().await;
        self.printers.stop().await;
        self.mirrors.stop().await;
        self.heartbeat.stop().await;
    }
}

/// A mirror that is gone has neither state nor alarm.
fn unshow(board: &Board, id: &GatewayId) {
    board.clear(&alarm_name(id));
    board.forget_page(id);
}
