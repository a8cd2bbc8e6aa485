//! SMS over a modem on this machine, for when every network is down: the spool folders of `smsd` (SMS Server Tools 3) or
//! `gammu-smsd`. Files are put into one folder and looked for in others; the daemon speaks to the modem.
//!
//! | file | holds |
//! |---|---|
//! | `config` | what an operator says about a spool |
//! | `outgoing` | a job as files; `incoming` what the daemons write |
//! | `folder` | blocking IO on the folders |
//! | `state` | what waits for an outcome or a report, without IO |
//!
//! Accepted means that the daemon put the file into its `sent` folder: the network took it. A file that lies in the spool when
//! the program begins anew is recognised by its name and not written again.
//!
//! Deliberately absent: retries (the worker's), AT commands, a watch on the file system (a look every half second costs less
//! than a modem needs for one SMS, and works on every file system).

mod config;
mod folder;
mod incoming;
mod outgoing;
mod state;

use std::collections::BTreeMap;
use std::io;
use std::path::PathBuf;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use tokio::sync::mpsc;
use tokio::time::{Instant, MissedTickBehavior, interval, timeout};

pub use config::{Daemon, Folders, SpoolConfig};

use self::folder::{Inbox, Read};
use self::incoming::Came;
use self::state::State;
use super::{AckToken, Address, Boxed, Events, Gateway, GatewayEvent, Health, Job, Jobs, Stop};
use crate::domain::delivery::SendError;
use crate::domain::ids::GatewayId;

/// A file system that has not answered by then counts as out of order.
const IO_TIMEOUT: Duration = Duration::from_secs(10);
/// What lies in the spool is looked after so long when the program goes down. The next start finds the rest.
const DRAIN: Duration = Duration::from_secs(5);
/// How often old files of ours are removed.
const TIDY_EVERY: Duration = Duration::from_secs(3_600);
/// gammu writes the parts of a text one after the other: they are read when none has come for so many looks.
const STILL_LOOKS: u32 = 2;

/// A modem spool.
pub struct Spool {
    gateway: GatewayId,
    config: Arc<SpoolConfig>,
}

impl Spool {
    /// A gateway. Nothing is touched before [`Gateway::run`].
    pub fn new(gateway: GatewayId, config: SpoolConfig) -> Self {
        Self { gateway, config: Arc::new(config) }
    }
}

/// Blocking IO, away from everybody else, and not for ever.
async fn blocking<T: Send + 'static>(
    config: &Arc<SpoolConfig>,
    work: impl FnOnce(&SpoolConfig) -> io::Result<T> + Send + 'static,
) -> Result<T, String> {
    let config = config.clone();
    match timeout(IO_TIMEOUT, tokio::task::spawn_blocking(move || work(&config))).await {
        Ok(Ok(result)) => result.map_err(|e| e.to_string()),
        Ok(Err(e)) => Err(e.to_string()),
        Err(_) => Err(format!("the file system does not answer within {} s", IO_TIMEOUT.as_secs())),
    }
}

/// The parts of a text in gammu's inbox.
#[derive(Default)]
struct Joining {
    sender: String,
    parts: BTreeMap<usize, Read>,
    still: u32,
}

/// One run.
struct Run {
    gateway: GatewayId,
    config: Arc<SpoolConfig>,
    state: State,
    out: Events,
    inbox: Arc<Mutex<Inbox>>,
    joining: BTreeMap<String, Joining>,
    let_go: mpsc::UnboundedSender<Vec<PathBuf>>,
    down: Option<String>,
    told: bool,
    tidy_at: Instant,
}

impl Run {
    async fn tell(&self, event: GatewayEvent) {
        // Nobody listening is the end of the program; what lies in the spool is found by the next start.
        let _ = self.out.send(event).await;
    }

    async fn take(&mut self, job: Job, now: Instant) {
        let result = match outgoing::files(&job, &self.config) {
            Ok(files) => {
                let parts = files.parts.clone();
                match blocking(&self.config, move |c| folder::put(c, &parts)).await {
                    Ok(()) => return self.state.put(job.delivery, &files, job.ttl_s, now),
                    Err(why) => Err(SendError::temporary(format!("writing to the modem's spool: {why}"))),
                }
            }
            Err(why) => Err(why),
        };
        self.tell(GatewayEvent::Outcome { delivery: job.delivery, result }).await;
    }

    /// Begins: what earlier runs left.
    async fn begin(&mut self) {
        let receipts = self.config.folders.reports.is_some();
        let begun = blocking(&self.config, move |c| {
            folder::usable(c).map_err(io::Error::other)?;
            folder::tidy(c, true)?;
            if receipts { folder::recall(c) } else { Ok(Vec::new()) }
        });
        match begun.await {
            Ok(recalled) => {
                self.state.recall(recalled);
                self.stands(None).await;
            }
            Err(why) => self.stands(Some(why)).await,
        }
    }

    /// Tells a change of how the spool stands.
    async fn stands(&mut self, down: Option<String>) {
        if self.told && self.down.is_some() == down.is_some() {
            return;
        }
        self.told = true;
        if let Some(why) = &down {
            tracing::warn!(gateway = %self.gateway, error = why, "the modem's spool can't be used");
        }
        self.down.clone_from(&down);
        self.tell(GatewayEvent::Down { gateway: self.gateway.clone(), cause: down }).await;
    }

    /// Looks at all folders once.
    async fn look(&mut self, now: Instant) {
        let sought = self.state.sought(now);
        let list: Vec<_> = sought.iter().map(|(_, _, s)| s.clone()).collect();
        let inbox = self.inbox.clone();
        let (forget, gone) = (self.state.forget.clone(), self.state.gone.clone());
        let tidies = now >= self.tidy_at;
        let looked = blocking(&self.config, move |c| {
            forget.iter().try_for_each(|name| folder::forget(c, name))?;
            folder::remove(&gone)?;
            let places = folder::look(c, &list)?;
            let mut folders: Vec<PathBuf> = c.folders.incoming.iter().chain(&c.folders.reports).cloned().collect();
            folders.dedup();
            let (read, growing) = inbox.lock().unwrap_or_else(PoisonError::into_inner).look(&folders)?;
            if tidies {
                folder::tidy(c, false)?;
            }
            Ok((places, read, growing))
        });
        match looked.await {
            Ok((places, read, growing)) => {
                self.state.forget.clear();
                self.state.gone.clear();
                if tidies {
                    self.tidy_at = now + TIDY_EVERY;
                }
                for ((delivery, k, _), place) in sought.into_iter().zip(places) {
                    self.state.found(delivery, k, place);
                }
                self.came(read, &growing).await;
                self.stands(None).await;
            }
            Err(why) => self.stands(Some(why)).await,
        }
        self.state.settle(now);
        while let Some(event) = self.state.events.pop_front() {
            self.tell(event).await;
        }
    }

    /// What was understood goes with the run: the next would tell it again.
    async fn end(&mut self) {
        let (forget, gone) = (std::mem::take(&mut self.state.forget), std::mem::take(&mut self.state.gone));
        let removed = blocking(&self.config, move |c| {
            forget.iter().try_for_each(|name| folder::forget(c, name))?;
            folder::remove(&gone)
        });
        if let Err(why) = removed.await {
            tracing::warn!(gateway = %self.gateway, error = why, "reports that were read can't be removed");
        }
    }

    async fn came(&mut self, read: Vec<Read>, growing: &[String]) {
        for file in read {
            if self.config.daemon == Daemon::Gammu {
                if let Some((text, sender, sequence)) = incoming::gammu_name(&file.name) {
                    let joining = self.joining.entry(text.to_owned()).or_default();
                    joining.sender = sender.to_owned();
                    joining.still = 0;
                    joining.parts.insert(sequence, file);
                }
                continue;
            }
            match incoming::smstools(&file.octets) {
                Came::Report(report) => self.state.report(report, file.path),
                Came::Text { from, text } if self.config.folders.incoming.is_some() => {
                    self.reply(from, text, vec![file.path]).await;
                }
                // Not ours to remove: it may be somebody else's, or tell a person something.
                Came::Text { .. } | Came::Nothing => {}
            }
        }
        let mut whole = Vec::new();
        for (text, joining) in &mut self.joining {
            let grows = growing.iter().any(|name| name.starts_with(text.as_str()));
            joining.still = if grows { 0 } else { joining.still + 1 };
            if joining.still >= STILL_LOOKS {
                whole.push(text.clone());
            }
        }
        for text in whole {
            let Some(joining) = self.joining.remove(&text) else { continue };
            let text: String = joining.parts.values().map(|p| incoming::gammu_text(&p.octets)).collect();
            let paths = joining.parts.into_values().map(|p| p.path).collect();
            let text = text.trim_end_matches(['\n', '\r', '\0']).to_owned();
            if !text.is_empty() {
                self.reply(Address(joining.sender.into()), text, paths).await;
            }
        }
    }

    /// Somebody wrote. The file goes when the answer is on disk: after a crash before that, it is read again.
    async fn reply(&self, from: Address, text: String, paths: Vec<PathBuf>) {
        let let_go = self.let_go.clone();
        let ack = AckToken::new(move || {
            // The run is over: the next one reads the file again.
            let _ = let_go.send(paths.clone());
        });
        self.tell(GatewayEvent::Reply { gateway: self.gateway.clone(), from, text, ack }).await;
    }
}

impl Gateway for Spool {
    fn run(&self, mut jobs: Jobs, out: Events, mut stop: Stop) -> Boxed<'_, ()> {
        Box::pin(async move {
            let config = self.config.clone();
            let window_max = usize::from(config.window_max.max(1));
            let accept_timeout = config.accept_timeout.at_least_a_second();
            let (let_go, mut let_gone) = mpsc::unbounded_channel();
            let mut run = Run {
                gateway: self.gateway.clone(),
                state: State::new(self.gateway.clone(), config.folders.reports.is_some(), accept_timeout),
                out,
                inbox: Arc::default(),
                joining: BTreeMap::new(),
                let_go,
                down: None,
                told: false,
                tidy_at: Instant::now() + TIDY_EVERY,
                config,
            };
            run.begin().await;
            let mut tick = interval(Duration::from_millis(u64::from(run.config.poll_interval_ms.max(10))));
            tick.set_missed_tick_behavior(MissedTickBehavior::Delay);
            let mut closing = stop.borrow().then(|| Instant::now() + DRAIN);
            loop {
                tokio::select! {
                    biased;
                    () = stopped(&mut stop), if closing.is_none() => closing = Some(Instant::now() + DRAIN),
                    Some(paths) = let_gone.recv() => {
                        if let Err(why) = blocking(&run.config, move |_| folder::remove(&paths)).await {
                            tracing::warn!(gateway = %run.gateway, error = why, "an answer that was read can't be removed");
                        }
                    }
                    _ = tick.tick() => run.look(Instant::now()).await,
                    job = jobs.recv(), if closing.is_none() && run.state.pending() < window_max => match job {
                        None => closing = Some(Instant::now() + DRAIN),
                        Some(job) => run.take(job, Instant::now()).await,
                    },
                }
                if closing.is_some_and(|until| run.state.pending() == 0 || Instant::now() >= until) {
                    return run.end().await;
                }
            }
        })
    }

    fn probe(&self) -> Boxed<'_, Health> {
        Box::pin(async move {
            let late_s = u64::from(self.config.accept_timeout.0);
            let looked = blocking(&self.config, move |c| {
                folder::usable(c).map_err(io::Error::other)?;
                folder::oldest_unsent_s(c)
            });
            match looked.await {
                Ok(age_s) if age_s > late_s => Health {
                    ok: false,
                    detail: format!(
                        "a file waits in the outgoing folder since {age_s} s; is the modem's daemon running?"
                    ),
                },
                Ok(_) => Health { ok: true, detail: "the folders can be read and written".into() },
                Err(detail) => Health { ok: false, detail },
            }
        })
    }
}

async fn stopped(stop: &mut Stop) {
    if stop.wait_for(|stop| *stop).await.is_err() {
        std::future::pending::<()>().await;
    }
}
