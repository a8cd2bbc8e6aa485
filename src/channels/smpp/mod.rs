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

use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use tokio::time::{Instant, sleep_until};

pub use config::{BindAs, ReceiptIds, SmppConfig};

use self::connect::{BIND_SEQUENCE, bound};
use self::link::{End, serve, stopped};
use self::pdu::id;
use self::receipts::Book;
use self::session::Session;
use super::{Boxed, Events, Gateway, GatewayEvent, Health, Jobs, Stop};
use crate::domain::delivery::SendError;
use crate::domain::ids::GatewayId;

/// First wait before another try to connect; doubled up to `backoff_max_s`.
const BACKOFF_MIN: Duration = Duration::from_secs(1);
/// A session that held so long was a good one: the next wait begins anew.
const GOOD_SESSION: Duration = Duration::from_secs(30);

/// Whatever a gateway may send goes through the decoders, for fuzzing: no bytes may panic, each PDU takes something away.
#[doc(hidden)]
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
    /// The session's state, for [`Gateway::probe`]: a second bind could end the first.
    up: Mutex<Option<String>>,
}

impl Smpp {
    /// A gateway. Nothing is connected before [`Gateway::run`].
    pub fn new(gateway: GatewayId, config: SmppConfig) -> Self {
        let book = Arc::new(Mutex::new(Book::new(gateway.clone(), config.receipt_ids)));
        Self { gateway, config: Arc::new(config), book, up: Mutex::new(None) }
    }

    /// How many SMS wait for their receipt.
    pub fn receipts_waiting(&self) -> usize {
        self.book.lock().unwrap_or_else(PoisonError::into_inner).len()
    }

    fn set_up(&self, up: Option<String>) {
        *self.up.lock().unwrap_or_else(PoisonError::into_inner) = up;
    }

    /// Keeps one connection: bind, serve, wait, again.
    async fn keep(&self, command: u32, mut jobs: Option<Jobs>, out: Events, mut stop: Stop) {
        let mut backoff = BACKOFF_MIN;
        let mut told_down = false;
        loop {
            let bound = tokio::select! {
                bound = bound(&self.config, command) => bound,
                () = stopped(&mut stop) => return,
            };
            let why = match bound {
                Ok(bound) => {
                    told_down = false;
                    let since = Instant::now();
                    self.set_up(Some(format!("bound to {}", name_of(&bound.system_id))));
                    self.tell(&out, None).await;
                    let mut session = Session::new(
                        self.gateway.clone(),
                        self.config.clone(),
                        self.book.clone(),
                        BIND_SEQUENCE,
                        since,
                    );
                    let end = serve(&mut session, bound.wire, bound.input, jobs.as_mut(), &out, &mut stop).await;
                    self.set_up(None);
                    if since.elapsed() >= GOOD_SESSION {
                        backoff = BACKOFF_MIN;
                    }
                    match end {
                        End::Done => return,
                        End::Broken(why) => why,
                    }
                }
                Err(why) => why,
            };
            if !told_down {
                tracing::warn!(gateway = %self.gateway, why, "SMPP session is down");
                self.tell(&out, Some(why.clone())).await;
                told_down = true;
            }
            let until = Instant::now() + jittered(backoff);
            backoff = (backoff * 2).min(Duration::from_secs(u64::from(self.config.backoff_max_s.max(1))));
            if self.refuse_until(until, &mut jobs, &out, &mut stop, &why).await {
                return;
            }
        }
    }

    /// While there is no session, jobs go back at once, so that another gateway can have them. True: it is over.
    async fn refuse_until(
        &self,
        until: Instant,
        jobs: &mut Option<Jobs>,
        out: &Events,
        stop: &mut Stop,
        why: &str,
    ) -> bool {
        loop {
            let job = tokio::select! {
                biased;
                () = stopped(stop) => return true,
                () = sleep_until(until) => return false,
                job = async { match jobs { Some(jobs) => jobs.recv().await, None => std::future::pending().await } } => job,
            };
            let Some(job) = job else { return true };
            let left = until.saturating_duration_since(Instant::now()).as_secs_f64().ceil() as u32;
            let result = Err(SendError::Temporary { cause: format!("no session: {why}"), retry_after_s: Some(left) });
            if out.send(GatewayEvent::Outcome { delivery: job.delivery, result }).await.is_err() {
                return true;
            }
        }
    }

    async fn tell(&self, out: &Events, cause: Option<String>) {
        // Nobody listening is noticed when the session is served.
        let _ = out.send(GatewayEvent::Down { gateway: self.gateway.clone(), cause }).await;
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
            if self.config.bind_as == BindAs::Transceiver {
                return self.keep(id::BIND_TRANSCEIVER, Some(jobs), out, stop).await;
            }
            let receive = self.keep(id::BIND_RECEIVER, None, out.clone(), stop.clone());
            let send = self.keep(id::BIND_TRANSMITTER, Some(jobs), out, stop);
            tokio::pin!(send, receive);
            let mut receives = true;
            loop {
                tokio::select! {
                    () = &mut send => return,
                    () = &mut receive, if receives => receives = false,
                }
            }
        })
    }

    fn probe(&self) -> Boxed<'_, Health> {
        Box::pin(async move {
            let up = self.up.lock().unwrap_or_else(PoisonError::into_inner).clone();
            if let Some(detail) = up {
                return Health { ok: true, detail };
            }
            let command = match self.config.bind_as {
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
                Err(detail) => Health { ok: false, detail },
            }
        })
    }
}
