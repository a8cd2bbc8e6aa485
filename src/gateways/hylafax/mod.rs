//! Fax through a HylaFAX server.
//!
//! Owns the client protocol of `hfaxd`: connections, the hand-over of jobs, following them to their end, taking them back.
//! Must not: retry by itself (the server dials again within the job's time; the worker decides what comes after), lay out a
//! page ([`super::fax_page`]), or keep what it knows. Each job carries the delivery's key as its tag, so that after a restart
//! the server's own queue tells which number it has ([`Gateway::follow`]), and a repeat finds an earlier try.
//!
//! | file | holds |
//! |---|---|
//! | `config` | what an operator sets |
//! | `wire` | bytes to types and back |
//! | `session` | one connection |
//! | `submit` | one job, up to JSUBM's answer |
//! | `follow` | which jobs are on their way, and how one ends |
//! | `watch` | waits for ends, looks at the queue |
//! | `recall` | takes jobs back that have not begun |

mod config;
mod follow;
mod recall;
mod session;
mod submit;
mod watch;
pub mod wire;

use std::sync::{Arc, PoisonError};
use std::time::Duration;

use tokio::sync::Mutex;
use tokio::task::JoinSet;
use tokio::time::Instant;

pub use config::{HylafaxConfig, Resolution};

use self::follow::{Followed, Following};
use self::session::{Fault, Session};
use self::submit::{Earlier, NotSubmitted, Submitted};
use self::watch::{stopped, watch};
use self::wire::Reply;
use super::fax_page::{FaxDocument, FaxPages};
use super::{Boxed, Cancelled, Events, Gateway, GatewayEvent, Health, Job, Jobs, Stop};
use crate::domain::delivery::{Accepted, SendError};
use crate::domain::ids::{DeliveryId, GatewayId};
use crate::domain::text::DoesNotFit;

/// Control connections that one gateway may have, whatever its configuration says.
const CONNECTIONS_MAX: u16 = 16;
/// A server that refused the login is left alone for so long: servers count, and lock who hammers. A probe still asks.
const REFUSED_REST: Duration = Duration::from_secs(30);

/// One fax server.
pub struct Hylafax(Arc<Inner>);

struct Inner {
    id: GatewayId,
    config: HylafaxConfig,
    pages: FaxPages,
    following: Following,
    earlier: Mutex<Earlier>,
    /// The login was refused then, in these words.
    refused: std::sync::Mutex<Option<(Instant, Reply)>>,
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
            earlier: Mutex::default(),
            refused: std::sync::Mutex::default(),
            down: std::sync::atomic::AtomicBool::new(false),
        }))
    }
}

impl Gateway for Hylafax {
    fn run(&self, jobs: Jobs, out: Events, stop: Stop) -> Boxed<'_, ()> {
        let inner = self.0.clone();
        Box::pin(async move {
            // A run that was ended midway may have left tries that no listing of before shows.
            inner.earlier.lock().await.forget();
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
                *self.0.refused() = None;
                let mut session = self.0.open().await?;
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

    fn keeps_jobs(&self) -> bool {
        true
    }

    fn follow(&self, jobs: Vec<Job>) {
        for job in jobs {
            // The page was made before it was accepted; should it not be possible now, the server's count stands alone.
            let pages = self.0.pages.get(&job).map_or(0, |document| document.pages);
            let followed = Followed::new(job.delivery, pages, job.ttl_s, true);
            self.0.following.add_tagged(submit::tag(&job), followed);
        }
    }

    fn cancel(&self, deliveries: Vec<DeliveryId>) -> Boxed<'_, Cancelled> {
        Box::pin(async move { recall::cancel(&self.0, &deliveries).await })
    }
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
    fn refused(&self) -> std::sync::MutexGuard<'_, Option<(Instant, Reply)>> {
        self.refused.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// A connection that is logged in; none while the login stands refused.
    async fn open(&self) -> Result<Session, Fault> {
        if let Some((at, reply)) = &*self.refused()
            && at.elapsed() < REFUSED_REST
        {
            return Err(Fault::Refused(reply.clone()));
        }
        let opened = Session::open(&self.config).await;
        *self.refused() = match &opened {
            Err(Fault::Refused(reply)) => Some((Instant::now(), reply.clone())),
            _ => None,
        };
        opened
    }

    async fn one(&self, kept: &mut Option<Session>, job: &Job, out: &Events) -> Handed {
        let document = match self.pages.get(job) {
            Ok(document) => document,
            Err(why) => return refuse(cannot_carry(&why)),
        };
        if document.pages > self.config.pages_max {
            let (needs, max) = (document.pages.into(), self.config.pages_max.into());
            return refuse(cannot_carry(&DoesNotFit::TooLong { needs, max, unit: "pages".into() }));
        }
        loop {
            let mut session = match kept.take() {
                Some(session) => session,
                None => match self.open().await {
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
                    self.earlier.lock().await.forget();
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
            && let Some(id) = self.earlier.lock().await.find(session, &submit::tag(job)).await?
        {
            session.used = true;
            return Ok(Submitted::Yes { id });
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

fn cannot_carry(why: &DoesNotFit) -> SendError {
    SendError::permanent(format!("the fax page {why}"))
}
