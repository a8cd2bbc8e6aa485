//! Gateways, one protocol a folder: its configuration, its codec, its sessions. A gateway turns jobs into bytes and answers
//! into outcomes; it decides nothing, keeps no journal and knows no other gateway.
//!
//! A folder's `config` is the type that reads its YAML, with its defaults, its checks and what it is built to; the
//! [`registry`] has a line for each. A new protocol is its folder, that line, an example in `channels/`, its far end in `sim` and
//! its page in the documents.

use std::fmt;
use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;

use jiff::Timestamp;
use tokio::sync::{mpsc, watch};

use crate::domain::delivery::{Accepted, SendError};
use crate::domain::ids::{DeliveryId, GatewayId};
use crate::domain::lang::Lang;
use crate::domain::text::Outgoing;

pub mod callback;
mod entry;
pub mod espa;
pub mod fax_mail;
mod fax_number;
pub mod fax_page;
pub mod handed_over;
pub mod http_api;
pub mod hylafax;
mod in_turn;
#[cfg(test)]
mod key_tests;
pub mod letter;
pub mod line;
mod manual;
pub mod mirror;
mod pager;
pub mod paging_http;
pub mod pocsag;
pub mod protocol;
pub mod registry;
mod sender;
pub mod smpp;
pub mod sms_http;
pub mod sms_spool;
pub mod smtp;
pub mod snpp;
pub mod tap;
pub mod trainee;
mod unanswered;
mod way;
mod web;

pub use crate::yaml::Secret;

/// Where the time comes from.
pub type Now = Arc<dyn Fn() -> Timestamp + Send + Sync>;

/// An address at the far end: a telephone number, a pager code, a mailbox. Never shown by Debug, never in a log.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Address(pub Arc<str>);
impl fmt::Debug for Address {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Address(…)")
    }
}

/// What stands around a text on paper, in a mail's subject and in a fax header. Shared by all deliveries of a message.
#[derive(Clone, Debug)]
pub struct MessageContext {
    /// Name of the region or hospital.
    pub sender: String,
    /// Language of the text.
    pub lang: Lang,
    /// Short title (mail subject, without number and mark).
    pub title: String,
    /// Site and staff mode, as they stand in the text.
    pub mode_line: String,
    /// The incident's page: the QR code on a fax. Empty when `public_url` is not set.
    pub page_url: String,
    /// Threading: all messages of an incident carry the same (`incident-14@region`).
    pub thread: String,
    /// Alerts go before updates, actual before exercise: 0 is first.
    pub priority: u8,
    /// The last seal of the journal (`Journal 1234 7K4F-…`), small at the foot of mails and faxes, outside of the text: it
    /// leaves the machine with them, where nobody can change it. Empty when nothing was sealed yet.
    pub foot: String,
}

/// One delivery for one gateway.
#[derive(Clone, Debug)]
pub struct Job {
    /// The key that the gateway is given; a repeat carries the same.
    pub delivery: DeliveryId,
    pub to: Address,
    /// What; one body shared by all receivers of that language.
    pub out: Arc<Outgoing>,
    /// What stands around it.
    pub head: Arc<MessageContext>,
    /// What asks for the answer (`Svara JA 14`). Outside the text.
    pub trailer: Option<Arc<str>>,
    /// A link to a page with an answer button. E-mail shows it; others leave it.
    pub link: Option<Arc<str>>,
    /// This may be a repeat: an earlier try had an unknown outcome.
    pub repeat: bool,
    /// After that it is of no use (seconds from hand-over). Gateways that can are told.
    pub ttl_s: u32,
}

/// Told by whoever keeps an answer, once it is on disk: only then does a gateway let go of it (acknowledges it to the far
/// end, removes the file that it came in). Never told: the far end brings it again, and an answer that came twice does no
/// harm. Some gateways have nothing to let go of.
#[derive(Clone, Default)]
pub struct AckToken(Option<Arc<dyn Fn() + Send + Sync>>);
impl AckToken {
    /// Calls `let_go` when the answer is kept; it must not wait.
    pub fn new(let_go: impl Fn() + Send + Sync + 'static) -> Self {
        Self(Some(Arc::new(let_go)))
    }
    /// The answer is kept.
    pub fn tell(&self) {
        if let Some(let_go) = &self.0 {
            let_go();
        }
    }
}
impl fmt::Debug for AckToken {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(if self.0.is_some() { "AckToken(…)" } else { "AckToken" })
    }
}

/// An accepted delivery of an earlier run, as it was journaled.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct PriorAccept {
    pub delivery: DeliveryId,
    /// Where it went.
    pub to: Address,
    /// [`Accepted::gateway_ref`], as it was told.
    pub gateway_ref: String,
}

/// What a gateway tells.
#[derive(Clone, Debug)]
pub enum GatewayEvent {
    /// The gateway took it, or did not.
    Outcome {
        delivery: DeliveryId,
        /// Accepted, or why not.
        result: Result<Accepted, SendError>,
    },
    /// News of an accepted delivery: the far device has it, or never will. Temporary says only that the gateway goes on
    /// trying: what is over for this gateway is Permanent, so that the next one takes over, or Unknown.
    Receipt {
        gateway: GatewayId,
        /// The delivery, when the gateway knows it.
        delivery: Option<DeliveryId>,
        /// The gateway's own number, as in [`Accepted::gateway_ref`].
        gateway_ref: String,
        /// Delivered, or why not.
        result: Result<(), SendError>,
    },
    /// Somebody wrote back.
    Reply {
        gateway: GatewayId,
        /// The sender's address, as the gateway gave it.
        from: Address,
        /// What was written, as received.
        text: String,
        /// To be told when the answer can't be lost any more.
        ack: AckToken,
    },
    /// The session is down (or up again, when `None`).
    Down { gateway: GatewayId, cause: Option<String> },
}

/// Jobs for one gateway, most urgent first. The worker that fills it keeps the gateway's limits.
pub type Jobs = mpsc::Receiver<Job>;
/// Where a gateway tells what happened.
pub type Events = mpsc::Sender<GatewayEvent>;
/// Turns true when the program is going down: finish what is on the wire, start nothing new.
pub type Stop = watch::Receiver<bool>;

/// How a gateway is.
#[derive(Clone, PartialEq, Eq, Debug, serde::Serialize)]
pub struct Health {
    /// Connected and logged in.
    pub ok: bool,
    /// What the far end said, or why not; what to do next.
    pub detail: String,
}

/// A boxed future, so that gateways are used as `dyn`.
pub type Boxed<'a, T> = Pin<Box<dyn Future<Output = T> + Send + 'a>>;

/// One configured gateway. Batches, windows, pipelines and kept connections are its own affair, within its own limits.
pub trait Gateway: Send + Sync {
    /// Takes jobs until the sender is gone or `stop` turns true. Every job taken from `jobs` ends in exactly one
    /// [`GatewayEvent::Outcome`], unless this future is dropped midway: then what was taken counts as Unknown.
    /// Never retries by itself; the worker does.
    fn run(&self, jobs: Jobs, out: Events, stop: Stop) -> Boxed<'_, ()>;
    /// Connects and logs in. Never reaches a person.
    fn probe(&self) -> Boxed<'_, Health>;
    /// Whether receipts may name nothing but the gateway's own numbers: then they are kept beside the journal's chain of events,
    /// and given back by [`Gateway::reclaim`] after a restart. A gateway whose receipts carry our own key needs none of it.
    fn receipts_by_ref(&self) -> bool {
        false
    }
    /// Deliveries of an earlier run that were accepted and have no receipt yet: receipts that come now are theirs. It may run
    /// already; gives what receipts said that were faster.
    fn reclaim(&self, earlier: &[PriorAccept]) -> Vec<GatewayEvent> {
        let _ = earlier;
        Vec::new()
    }
    /// Whether the far end keeps accepted jobs by the delivery's key for a while, so that [`Gateway::follow`] and
    /// [`Gateway::cancel`] come to something.
    fn keeps_jobs(&self) -> bool {
        false
    }
    /// Deliveries that the gateway accepted before a restart and whose end is not known: their receipts come from
    /// [`Gateway::run`]. Sends nothing.
    fn follow(&self, jobs: Vec<Job>) {
        drop(jobs);
    }
    /// Takes back what was accepted and has not begun (RULES D2, C9): no receipt follows. What has begun, or has ended, ends
    /// as it does.
    fn cancel(&self, deliveries: Vec<DeliveryId>) -> Boxed<'_, Cancelled> {
        drop(deliveries);
        Box::pin(std::future::ready(Cancelled::default()))
    }
    /// What the far end said it can do when it was last spoken to, as name and value (`("STARTTLS", "yes")`). For
    /// people: nothing depends on it.
    fn far_end(&self) -> Vec<(String, String)> {
        Vec::new()
    }
}

/// What became of a wish to take deliveries back.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct Cancelled {
    /// These never go out.
    pub taken_back: Vec<DeliveryId>,
    /// The far end could not be asked about all of them: worth asking again.
    pub again: bool,
}
