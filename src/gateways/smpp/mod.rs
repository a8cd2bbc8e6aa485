//! SMS over SMPP 3.4: a session that is kept, a window, receipts, and what people write back.
//!
//! | file | holds |
//! |---|---|
//! | `config` | what an operator says about a gateway |
//! | `pdu` | bytes and PDUs; `status` what a status means |
//! | `submit` | a job as octets; `receipts` and `inbound` what comes back |
//! | `session` | the window and its rules, without IO; `pace` how fast |
//! | `connect`, `link` | IO: to a bound connection, and serving it |
//!
//! Deliberately absent: retries (the worker's), a queue of our own beyond the window, a crate's codec (`pdu` says why).

mod config;
mod connect;
mod inbound;
mod link;
mod pace;
mod pdu;
mod receipts;
mod session;
mod status;
mod submit;

use std::future::poll_fn;
use std::pin::Pin;
use std::sync::{Arc, Mutex, PoisonError};
use std::task::{Context, Poll};
use std::time::Duration;

use tokio::sync::watch;
use tokio::time::{Instant, sleep_until};

pub use super::entry::Tls;
pub use config::{BindAs, Join, ReceiptIds, SmppConfig, Version};

use self::connect::{BIND_SEQUENCE, NotBound, bound};
use self::link::{End, SharedJobs, serve, stopped};
use self::pdu::id;
use self::receipts::Book;
use self::session::Session;
use super::{Boxed, Events, Gateway, GatewayEvent, Health, Jobs, PriorAccept, Stop};
use crate::domain::delivery::SendError;
use crate::domain::ids::GatewayId;

/// First wait before another try to connect; doubled up to `backoff_max_s`.
const BACKOFF_MIN: Duration = Duration::from_secs(1);
/// The same after a refused password, which does not get right by trying, and locks accounts.
const REFUSED_MIN: Duration = Duration::from_secs(60);
/// The longest wait after a refused password: somebody may have put it right at the gateway.
const REFUSED_MAX: Duration = Duration::from_secs(600);
/// A session that held so long was a good one: the next wait begins anew.
const GOOD_SESSION: Duration = Duration::from_secs(30);

/// What a connection is for.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Role {
    Sends,
    OnlyReceives,
}

/// Which of several sessions.
#[derive(Clone, Debug)]
enum Turn {
    /// The one that tries.
    First,
    /// Follows when one is up: a gateway that refuses is asked once, not by all. Turns true when there is no work any more.
    Further(watch::Receiver<bool>),
}

/// How many sessions of each role are bound, and what was last told of it.
#[derive(Clone, Default, Debug)]
struct Ups {
    sending: usize,
    receiving: usize,
    name: String,
    told_up: Option<bool>,
    /// The gateway refused who we are; until then nobody asks it again.
    refused: Option<(Instant, String)>,
}

/// Whatever a gateway may send goes through the decoders, for fuzzing: no bytes may panic, each PDU takes something away.
#[doc(hidden)]
#[cfg_attr(not(feature = "internals"), expect(dead_code, reason = "fuzzing calls it"))]
pub fn any_bytes(bytes: &[u8]) {
    let (mut rest, mut taken) = (bytes, 0);
    let (mut joiner, mut book) = (inbound::Joiner::default(), Book::new("any".into(), ReceiptIds::default()));
    let now = crate::clock::mono();
    while let Ok(Some((header, body))) = pdu::next(rest) {
        let delivered = pdu::delivered(header.id, body);
        match receipts::read(&delivered) {
            Some(receipt) => drop(book.receipt(receipt, delivered.source)),
            None => drop(joiner.heard(&delivered, crate::domain::text::sms::Alphabet::Gsm7, now)),
        }
        let delivery = crate::domain::ids::DeliveryId {
            incident: crate::domain::ids::IncidentNo::actual(14),
            ordinal: header.sequence,
        };
        book.accepted(delivery, b"46701740605", &pdu::message_id(body), None);
        rest = &rest[header.len..];
        taken += header.len;
    }
    joiner.overdue(now + Duration::from_secs(3_600));
    assert!(taken + rest.len() == bytes.len());
}

/// An SMPP gateway.
pub struct Smpp {
    gateway: GatewayId,
    config: Arc<SmppConfig>,
    book: Arc<Mutex<Book>>,
    /// The sessions' state, also for [`Gateway::probe`]: a further bind could end the first.
    ups: watch::Sender<Ups>,
}

impl Smpp {
    /// A gateway. Nothing is connected before [`Gateway::run`].
    pub fn new(gateway: GatewayId, mut config: SmppConfig) -> Self {
        if config.per_second_max > 0 {
            // The limit is the account's; each session keeps its share.
            config.per_second_max = (config.per_second_max / u32::from(config.binds.max(1))).max(1);
        }
        let book = Arc::new(Mutex::new(Book::new(gateway.clone(), config.receipt_ids)));
        Self { gateway, config: Arc::new(config), book, ups: watch::Sender::new(Ups::default()) }
    }

    fn is_up(&self, ups: &Ups) -> bool {
        ups.sending > 0 && (ups.receiving > 0 || self.config.bind == BindAs::Transceiver)
    }

    /// Notes a change and tells it when the gateway as a whole came up or went down.
    async fn note(&self, out: &Events, why: Option<&str>, change: impl FnOnce(&mut Ups)) {
        let mut tells = false;
        self.ups.send_modify(|ups| {
            change(ups);
            let up = self.is_up(ups);
            // Up is told only with a session that came; down at the first failure, once.
            tells = ups.told_up != Some(up) && (up || why.is_some());
            if tells {
                ups.told_up = Some(up);
            }
        });
        if !tells {
            return;
        }
        if let Some(why) = why {
            tracing::warn!(gateway = %self.gateway, error = why, "SMPP session is down");
        }
        let cause = why.map(str::to_owned);
        // Nobody listening is noticed when the session is served.
        let _ = out.send(GatewayEvent::Down { gateway: self.gateway.clone(), cause }).await;
    }

    /// Keeps one connection: bind, serve, wait, again.
    async fn keep(&self, command: u32, jobs: Option<&SharedJobs>, turn: Turn, out: &Events, mut stop: Stop) {
        let role = if jobs.is_some() { Role::Sends } else { Role::OnlyReceives };
        let mut backoff = BACKOFF_MIN;
        let mut refused = REFUSED_MIN;
        loop {
            if let Turn::Further(over) = &turn {
                let (mut ups, mut over) = (self.ups.subscribe(), over.clone());
                tokio::select! {
                    // The sender lives as long as we do.
                    _ = ups.wait_for(|ups| ups.sending > 0) => {}
                    _ = over.wait_for(|over| *over) => return,
                    () = stopped(&mut stop) => return,
                }
            }
            let bound = tokio::select! {
                bound = bound(&self.config, command) => bound,
                () = stopped(&mut stop) => return,
            };
            let not_bound = match bound {
                Ok(bound) => {
                    let since = Instant::now();
                    refused = REFUSED_MIN;
                    self.note(out, None, |ups| {
                        ups.name = format!("bound to {}", name_of(&bound.system_id));
                        *count(ups, role) += 1;
                    })
                    .await;
                    let mut session = Session::new(
                        self.gateway.clone(),
                        self.config.clone(),
                        self.book.clone(),
                        BIND_SEQUENCE,
                        since,
                    );
                    let end = serve(&mut session, bound.wire, bound.input, jobs, out, &mut stop).await;
                    let why = match &end {
                        End::Done => None,
                        End::Broken(why) => Some(why.as_str()),
                    };
                    self.note(out, why, |ups| *count(ups, role) -= 1).await;
                    if since.elapsed() >= GOOD_SESSION {
                        backoff = BACKOFF_MIN;
                    }
                    match end {
                        End::Done => return,
                        End::Broken(why) => NotBound::from(why),
                    }
                }
                Err(not_bound) => {
                    self.note(out, Some(&not_bound.why), |_| ()).await;
                    not_bound
                }
            };
            let wait = jittered(if not_bound.about_credentials { refused } else { backoff });
            if not_bound.about_credentials {
                refused = (refused * 2).min(REFUSED_MAX);
                self.ups.send_modify(|ups| ups.refused = Some((Instant::now() + wait, not_bound.why.clone())));
            } else {
                backoff = (backoff * 2).min(self.config.reconnect_max.at_least_a_second());
            }
            if self.refuse_until(Instant::now() + wait, jobs, out, &mut stop, &not_bound.why).await {
                return;
            }
        }
    }

    /// While no session sends, jobs go back at once, so that another gateway can have them. True: it is over.
    async fn refuse_until(
        &self,
        until: Instant,
        jobs: Option<&SharedJobs>,
        out: &Events,
        stop: &mut Stop,
        why: &str,
    ) -> bool {
        let mut ups = self.ups.subscribe();
        loop {
            let none_sends = ups.borrow_and_update().sending == 0;
            let job = tokio::select! {
                biased;
                () = stopped(stop) => return true,
                () = sleep_until(until) => return false,
                _ = ups.changed() => continue,
                job = next(jobs), if none_sends => job,
            };
            let Some(job) = job else { return true };
            let left = until.saturating_duration_since(Instant::now()).as_secs_f64().ceil() as u32;
            let result = Err(SendError::Temporary { cause: format!("no session: {why}"), retry_after_s: Some(left) });
            if out.send(GatewayEvent::Outcome { delivery: job.delivery, result }).await.is_err() {
                return true;
            }
        }
    }
}

/// Futures that run side by side in one task, until all have ended.
struct All<F>(Vec<Option<Pin<Box<F>>>>);

fn all<F: Future<Output = ()>>(futures: impl Iterator<Item = F>) -> All<F> {
    All(futures.map(|f| Some(Box::pin(f))).collect())
}

impl<F: Future<Output = ()>> All<F> {
    fn poll_all(&mut self, cx: &mut Context<'_>) -> Poll<()> {
        for place in &mut self.0 {
            if place.as_mut().is_some_and(|f| f.as_mut().poll(cx).is_ready()) {
                *place = None;
            }
        }
        if self.0.iter().all(Option::is_none) { Poll::Ready(()) } else { Poll::Pending }
    }
}

fn count(ups: &mut Ups, role: Role) -> &mut usize {
    match role {
        Role::Sends => &mut ups.sending,
        Role::OnlyReceives => &mut ups.receiving,
    }
}

async fn next(jobs: Option<&SharedJobs>) -> Option<super::Job> {
    match jobs {
        Some(jobs) => jobs.lock().await.recv().await,
        None => std::future::pending().await,
    }
}

fn name_of(system_id: &str) -> &str {
    if system_id.is_empty() { "a gateway without a name" } else { system_id }
}

/// Between half and all of it: after an outage, sessions should not all come back in the same moment.
fn jittered(wait: Duration) -> Duration {
    let random = getrandom::u32().unwrap_or(0);
    wait.mul_f64(0.5 + 0.5 * f64::from(random) / f64::from(u32::MAX))
}

impl Gateway for Smpp {
    fn run(&self, jobs: Jobs, out: Events, stop: Stop) -> Boxed<'_, ()> {
        Box::pin(async move {
            // An earlier run may have been dropped midway.
            self.ups.send_modify(|ups| (ups.sending, ups.receiving, ups.told_up) = (0, 0, None));
            let jobs = SharedJobs::new(jobs);
            let (command, receives_apart) = match self.config.bind {
                BindAs::Transceiver => (id::BIND_TRANSCEIVER, false),
                BindAs::TransmitterAndReceiver => (id::BIND_TRANSMITTER, true),
            };
            let (over, is_over) = watch::channel(false);
            let send = |n: u16| {
                let turn = if n == 0 { Turn::First } else { Turn::Further(is_over.clone()) };
                let (jobs, out, stop, over) = (&jobs, &out, stop.clone(), &over);
                async move {
                    self.keep(command, Some(jobs), turn, out, stop).await;
                    over.send_replace(true);
                }
            };
            let receive = async {
                if receives_apart {
                    self.keep(id::BIND_RECEIVER, None, Turn::First, &out, stop.clone()).await;
                }
            };
            let mut senders = all((0..self.config.binds.max(1)).map(send));
            tokio::pin!(receive);
            let mut receives = true;
            loop {
                tokio::select! {
                    () = poll_fn(|cx| senders.poll_all(cx)) => return,
                    () = &mut receive, if receives => receives = false,
                }
            }
        })
    }

    fn probe(&self) -> Boxed<'_, Health> {
        Box::pin(async move {
            let ups = self.ups.borrow().clone();
            if self.is_up(&ups) {
                return Health { ok: true, detail: ups.name };
            }
            if let Some((until, detail)) = ups.refused.filter(|(until, _)| *until > Instant::now()) {
                let s = (until - Instant::now()).as_secs();
                return Health { ok: false, detail: format!("{detail}; asked again in {s} s") };
            }
            let command = match self.config.bind {
                BindAs::Transceiver => id::BIND_TRANSCEIVER,
                BindAs::TransmitterAndReceiver => id::BIND_TRANSMITTER,
            };
            match bound(&self.config, command).await {
                Ok(mut bound) => {
                    let mut bye = Vec::new();
                    pdu::bare(&mut bye, id::UNBIND, 0, BIND_SEQUENCE + 1);
                    let wait = Duration::from_secs(2);
                    let _ =
                        tokio::time::timeout(wait, tokio::io::AsyncWriteExt::write_all(&mut bound.wire, &bye)).await;
                    Health { ok: true, detail: format!("bound to {}", name_of(&bound.system_id)) }
                }
                Err(not_bound) => Health { ok: false, detail: not_bound.why },
            }
        })
    }

    fn receipts_by_ref(&self) -> bool {
        self.config.receipts
    }

    fn reclaim(&self, earlier: &[PriorAccept]) -> Vec<GatewayEvent> {
        self.book.lock().unwrap_or_else(PoisonError::into_inner).reclaim(earlier)
    }
}
