//! Fax through a HylaFAX server.
//!
//! Owns the client protocol of `hfaxd`: connections, the hand-over of jobs, and following them to their end. Must not:
//! retry by itself (the server dials again within the job's time; the worker decides what comes after), lay out a page
//! ([`super::fax_page`]), or keep what it knows: after a restart [`Hylafax::follow`] takes up jobs again.
//!
//! | file | holds |
//! |---|---|
//! | `config` | what an operator sets |
//! | `wire` | bytes to types and back |
//! | `session` | one connection |
//! | `submit` | one job, up to JSUBM's answer |
//! | `follow` | all jobs, from there to DONE or FAILED |

mod config;
mod follow;
mod session;
mod submit;
pub mod wire;

use std::sync::Arc;
use std::time::Duration;

use tokio::sync::Mutex;
use tokio::sync::mpsc::error::SendError as Closed;
use tokio::task::JoinSet;

pub use config::HylafaxConfig;

use self::follow::{Followed, Following, Watch};
use self::session::{Fault, Session};
use self::submit::{NotSubmitted, Submitted};
use super::fax_page::{FaxDocument, FaxPages};
use super::{Boxed, Events, Gateway, GatewayEvent, Health, Job, Jobs, Stop};
use crate::domain::delivery::{Accepted, SendError};
use crate::domain::ids::{DeliveryId, GatewayId};
use crate::domain::text::CannotCarry;

/// Control connections that one gateway may have, whatever its configuration says.
const CONNECTIONS_MAX: u16 = 16;

/// One fax server.
pub struct Hylafax(Arc<Inner>);

struct Inner {
    id: GatewayId,
    config: HylafaxConfig,
    pages: FaxPages,
    following: Following,
    /// Whether the last word about the connection was "down".
    down: std::sync::atomic::AtomicBool,
}

impl Hylafax {
    /// A gateway; nothing is connected yet.
    pub fn new(id: GatewayId, config: HylafaxConfig) -> Self {
        Self(Arc::new(Inner {
            id,
            config,
            pages: FaxPages::default(),
            following: Following::default(),
            down: std::sync::atomic::AtomicBool::new(false),
        }))
    }

    /// Takes up a job that was accepted before a restart: its receipt will come from [`Gateway::run`]. `ttl_s` is what is
    /// left of the job's time.
    pub fn follow(&self, delivery: DeliveryId, accepted: &Accepted, ttl_s: u32) {
        self.0.following.add(&accepted.gateway_ref, Followed::new(delivery, accepted.units, ttl_s, true));
    }

    /// Takes a job out of the server's queue (JKILL): for what was withdrawn after it was accepted (RULES D2). No receipt
    /// follows. A page that is on the line may still arrive.
    ///
    /// # Errors
    /// Permanent when the job is not there any more (it has ended: its receipt says how); Temporary when the server could
    /// not be asked.
    pub async fn cancel(&self, gateway_ref: &str) -> Result<(), SendError> {
        if gateway_ref.is_empty() || !gateway_ref.bytes().all(|b| b.is_ascii_digit()) {
            return Err(SendError::permanent("no number of a fax job"));
        }
        let killed = async {
            let mut session = Session::open(&self.0.config).await?;
            session.command(&format!("JKILL {gateway_ref}")).await
        };
        match killed.await {
            Ok(_) => {
                self.0.following.remove(gateway_ref);
                Ok(())
            }
            Err(Fault::Refused(reply)) => Err(submit::refused(&reply)),
            Err(fault) => Err(SendError::temporary(fault.cause())),
        }
    }
}

impl Gateway for Hylafax {
    fn run(&self, jobs: Jobs, out: Events, stop: Stop) -> Boxed<'_, ()> {
        let inner = self.0.clone();
        Box::pin(async move {
            let jobs = Arc::new(Mutex::new(jobs));
            let mut workers = JoinSet::new();
            for _ in 0..inner.config.connections_max.clamp(1, CONNECTIONS_MAX) {
                workers.spawn(hand_over(inner.clone(), jobs.clone(), out.clone(), stop.clone()));
            }
            let (ended, all_handed_over) = tokio::sync::watch::channel(false);
            let watching = watch(&inner, &out, stop, all_handed_over);
            let handing = async {
                while workers.join_next().await.is_some() {}
                let _ = ended.send(true);
            };
            tokio::join!(watching, handing);
        })
    }

    fn probe(&self) -> Boxed<'_, Health> {
        Box::pin(async move {
            let looked = async {
                let mut session = Session::open(&self.0.config).await?;
                session.list("status").await
            };
            match looked.await {
                Ok(status) => {
                    let detail = String::from_utf8_lossy(&status).trim().replace("\r\n", "; ");
                    // `HylaFAX scheduler on fax1: Running`, then a line for each modem.
                    let ok = detail.split("; ").any(|l| l.contains("scheduler") && l.ends_with(": Running"));
                    let detail = if ok { detail } else { format!("{detail}: start faxq on the fax server") };
                    Health { ok, detail }
                }
                Err(fault) => {
                    Health { ok: false, detail: format!("{}; check host, port, user and hosts.hfaxd", fault.cause()) }
                }
            }
        })
    }
}

/// Resolves when the program is going down. A sender that is gone can't say so any more and counts as going down.
async fn stopped(stop: &mut Stop) {
    let _ = stop.wait_for(|stop| *stop).await;
}

/// One connection's worker: takes a job, hands it over, tells what came of it.
async fn hand_over(inner: Arc<Inner>, jobs: Arc<Mutex<Jobs>>, out: Events, mut stop: Stop) {
    let mut kept: Option<Session> = None;
    loop {
        let next = async { jobs.lock().await.recv().await };
        let job = tokio::select! {
            biased;
            () = stopped(&mut stop) => break,
            () = out.closed() => break,
            job = next => match job {
                Some(job) => job,
                None => break,
            },
        };
        let (result, follow) = inner.one(&mut kept, &job, &out).await;
        let outcome = GatewayEvent::Outcome { delivery: job.delivery, result };
        if out.send(outcome).await.is_err() {
            break;
        }
        // Followed only now, so that no receipt comes before its outcome.
        if let Some((id, followed)) = follow {
            inner.following.add(&id, followed);
        }
    }
    if let Some(mut session) = kept {
        let _ = session.ask("QUIT").await;
    }
}

/// What became of a job, and what is to be followed then.
type Handed = (Result<Accepted, SendError>, Option<(String, Followed)>);

fn refuse(error: SendError) -> Handed {
    (Err(error), None)
}

impl Inner {
    async fn one(&self, kept: &mut Option<Session>, job: &Job, out: &Events) -> Handed {
        let document = match self.pages.get(job) {
            Ok(document) => document,
            Err(why) => return refuse(cannot_carry(&why)),
        };
        if document.pages > self.config.pages_max {
            let (needs, max) = (document.pages.into(), self.config.pages_max.into());
            return refuse(cannot_carry(&CannotCarry::TooLong { needs, max, unit: "pages".into() }));
        }
        loop {
            let mut session = match kept.take() {
                Some(session) => session,
                None => match Session::open(&self.config).await {
                    Ok(session) => {
                        self.tell(out, None).await;
                        session
                    }
                    // A refused login says nothing about this delivery, and a person may mend it while tries last.
                    Err(fault) => {
                        self.tell(out, Some(fault.cause())).await;
                        return refuse(SendError::temporary(fault.cause()));
                    }
                },
            };
            let worn = session.used;
            let follow = |certain| Followed::new(job.delivery, document.pages, job.ttl_s, certain);
            match self.submit(&mut session, job, &document).await {
                Ok(Submitted::Yes { id }) => {
                    *kept = Some(session);
                    let accepted = Accepted { gateway_ref: id.clone(), delivered: false, units: document.pages };
                    return (Ok(accepted), Some((id, follow(true))));
                }
                // Should it turn up after all, its receipt closes what is unknown now.
                Ok(Submitted::Perhaps { id, cause }) => {
                    return (Err(SendError::unknown(cause)), Some((id, follow(false))));
                }
                Err(NotSubmitted::Error(error)) => return refuse(error),
                // Nothing was handed over: once more, on a fresh connection.
                Err(NotSubmitted::Lost(_)) if worn => {}
                Err(NotSubmitted::Lost(why)) => {
                    self.tell(out, Some(why.clone())).await;
                    return refuse(SendError::temporary(why));
                }
            }
        }
    }

    async fn submit(
        &self,
        session: &mut Session,
        job: &Job,
        document: &Arc<FaxDocument>,
    ) -> Result<Submitted, NotSubmitted> {
        if job.repeat
            && let Some(line) = submit::earlier(session, &submit::tag(job)).await?
        {
            session.used = true;
            return Ok(Submitted::Yes { id: line.id });
        }
        submit::submit(session, &self.config, job, document).await
    }

    /// Tells when the way to the server breaks, and when it is there again; each once.
    async fn tell(&self, out: &Events, cause: Option<String>) {
        let was_down = self.down.swap(cause.is_some(), std::sync::atomic::Ordering::Relaxed);
        if was_down != cause.is_some() {
            let _ = out.send(GatewayEvent::Down { gateway: self.id.clone(), cause }).await;
        }
    }
}

fn cannot_carry(why: &CannotCarry) -> SendError {
    SendError::permanent(format!("the fax page {why}"))
}

/// Looks at the queue while jobs are on their way, and tells their ends.
async fn watch(inner: &Inner, out: &Events, mut stop: Stop, mut all_handed_over: Stop) {
    let interval = Duration::from_millis(inner.config.poll_interval_ms.max(1).into());
    let mut watch = Watch::default();
    loop {
        if inner.following.is_empty() {
            tokio::select! {
                () = stopped(&mut stop) => return,
                () = out.closed() => return,
                () = inner.following.added.notified() => {}
                _ = all_handed_over.wait_for(|ended| *ended) => {
                    if inner.following.is_empty() {
                        return;
                    }
                }
            }
            continue;
        }
        tokio::select! {
            () = stopped(&mut stop) => return,
            () = out.closed() => return,
            () = tokio::time::sleep(interval) => {}
        }
        let looked = tokio::select! {
            () = stopped(&mut stop) => return,
            looked = watch.look(&inner.config, &inner.following) => looked,
        };
        match looked {
            Ok(ends) => {
                inner.tell(out, None).await;
                for end in ends {
                    if report(inner, out, end).await.is_err() {
                        return;
                    }
                }
            }
            Err(fault) => inner.tell(out, Some(fault.cause())).await,
        }
    }
}

async fn report(inner: &Inner, out: &Events, end: follow::End) -> Result<(), Closed<GatewayEvent>> {
    let receipt = GatewayEvent::Receipt {
        gateway: inner.id.clone(),
        delivery: Some(end.delivery),
        gateway_ref: end.id,
        result: end.result,
    };
    out.send(receipt).await
}
