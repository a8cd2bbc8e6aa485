//! E-mail over SMTP (RFC 5321): one message a receiver, over kept connections.
//!
//! | file | owns |
//! |---|---|
//! | `config` | what one gateway is told in `channels/email.yaml` |
//! | `message` | a job to the bytes of a message (RFC 5322, MIME); lettre builds it, what is shared is built once |
//! | `token` | the word by which reports and answers name a mail |
//! | `codec` | commands, replies, the dot, chunks |
//! | `auth` | which mechanism is taken and what is said in it; that a refused login is not tried again and again |
//! | `tls` | when a connection is protected, and which certificates are believed |
//! | `session` | one connection: greeting, STARTTLS, AUTH; writes and reads, decides nothing |
//! | `worker` | one connection's jobs, one after another, pipelined when the server takes it (RFC 2920) |
//! | `group` | several whole messages in one write, when the server takes chunks (RFC 3030) |
//! | `inbox` | what comes back: reports (RFC 3464) and answers, out of a Maildir or over IMAP |
//!
//! lettre builds messages and knows addresses. Its connection is not used: it can't tell a connection lost before
//! the final dot (nothing was sent: Temporary) from one lost after it (Unknown), and it writes body and dot apart.
//!
//! Must not: retry by itself, log an address or a text, accept a certificate that does not verify, take a stranger's word for
//! the fate of a delivery.

mod auth;
mod codec;
mod config;
mod group;
mod inbox;
mod message;
mod session;
mod tls;
mod token;
mod worker;

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU8, Ordering};

use lettre::Address as MailAddress;
use tokio::sync::Mutex;
use tokio::task::JoinSet;

pub use super::entry::Tls;
pub use config::{AuthBy, ImapConfig, Mailbox, SmtpConfig, mails_in_hand_max};
pub use message::shown;

use auth::LoginGate;

use crate::domain::delivery::SendError;
use crate::domain::ids::GatewayId;
use crate::gateways::letter::Letters;
use crate::gateways::{Boxed, Events, Gateway, GatewayEvent, Health, Jobs, Now, Stop};

/// Whatever a server may say goes through the decoder, for fuzzing: no bytes may panic, each reply takes something away.
#[doc(hidden)]
#[cfg_attr(not(feature = "internals"), expect(dead_code, reason = "fuzzing calls it"))]
pub fn any_bytes(bytes: &[u8]) {
    let mut read = bytes.to_vec();
    loop {
        let before = read.len();
        match codec::Reply::take(&mut read) {
            Ok(Some(reply)) => {
                assert!(read.len() < before);
                let _ = (codec::Offers::of(&reply), reply.is_yes(), reply.refusal("DATA", "a@b.example"));
                assert!(!reply.words("a@b.example").contains('@'), "an address stays out of what is logged");
            }
            Ok(None) | Err(codec::Garbage) => return,
        }
    }
}

/// Whatever may lie in the mailbox, for fuzzing and for collections of real mails. Says in a word what it was taken for.
#[doc(hidden)]
#[cfg_attr(not(feature = "internals"), expect(dead_code, reason = "fuzzing calls it"))]
pub fn any_mail(bytes: &[u8]) -> &'static str {
    inbox::any_mail(bytes)
}

/// Whatever somebody may answer to a mail of ours, for fuzzing.
#[doc(hidden)]
#[cfg_attr(not(feature = "internals"), expect(dead_code, reason = "fuzzing calls it"))]
pub fn any_mail_answer(bytes: &[u8]) -> &'static str {
    inbox::any_answer(bytes)
}

/// Whatever a mailer may report on a mail of ours, for fuzzing.
#[doc(hidden)]
#[cfg_attr(not(feature = "internals"), expect(dead_code, reason = "fuzzing calls it"))]
pub fn any_mail_report(bytes: &[u8]) -> &'static str {
    inbox::any_report(bytes)
}

/// ENVID and Message-ID that [`any_mail`] knows as those of a mail of ours.
#[doc(hidden)]
#[cfg_attr(not(feature = "internals"), expect(dead_code, reason = "tests call it"))]
pub fn sample_mail_ids() -> [String; 2] {
    inbox::sample_ids()
}

/// One mail server that takes our messages.
pub struct SmtpGateway {
    inner: Arc<Inner>,
}

struct Inner {
    id: GatewayId,
    config: SmtpConfig,
    /// MAIL FROM.
    return_path: MailAddress,
    protection: tls::Protection,
    gate: LoginGate,
    composer: message::Composer,
    /// What travels instead of mails to people.
    letters: Option<Arc<dyn Letters>>,
    inbox: Option<inbox::Inbox>,
    now: Now,
    manner: AtomicU8,
    down: AtomicBool,
}

/// How a server is spoken to, the safest first. One that falls out of step is spoken to more carefully from then on.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
enum Manner {
    /// One command at a time.
    Sequential,
    /// The envelope in one write, the next one behind the text.
    Pipelined,
    /// Several whole messages in one write.
    Chunked,
}

impl SmtpGateway {
    /// From its configuration. Reads the CA files, connects nowhere. `key` stays the same over restarts: it signs the words
    /// by which reports and answers name a mail.
    ///
    /// # Errors
    /// Says which setting is wrong, and what to write instead.
    pub fn new(id: GatewayId, config: SmtpConfig, now: Now, key: [u8; 32]) -> Result<Self, String> {
        let address = |what: &str, text: &str| -> Result<MailAddress, String> {
            text.parse().map_err(|_| format!("{what}: no mail address; write one such as larm@region.example"))
        };
        let from = address("from", &config.from)?;
        let return_path = match &config.return_path {
            Some(path) => address("return_path", path)?,
            None => from.clone(),
        };
        let name = config.tls_name.as_deref().unwrap_or(&config.host);
        let protection = tls::Protection::new(config.tls, config.ca_file.as_deref(), name)?;
        let tokens = token::Tokens::new(key);
        let composer = message::Composer::new(&from, config.reply_to.as_ref().map(|r| r.as_str()), tokens.clone())?;
        let inbox = match &config.mailbox {
            Some(mailbox) => Some(inbox::Inbox::new(id.clone(), &mailbox.value, &config, tokens)?),
            None => None,
        };
        let manner = match (config.pipelining, config.chunking) {
            (false, _) => Manner::Sequential,
            (true, false) => Manner::Pipelined,
            (true, true) => Manner::Chunked,
        };
        let (manner, down, gate) = (AtomicU8::new(manner as u8), AtomicBool::new(false), LoginGate::default());
        let letters = None;
        let inner = Inner { id, config, return_path, protection, gate, composer, letters, inbox, now, manner, down };
        Ok(Self { inner: Arc::new(inner) })
    }

    /// As [`Self::new`], for what travels by mail without being a mail to a person.
    ///
    /// # Errors
    /// As [`Self::new`].
    pub fn carrying(
        id: GatewayId,
        config: SmtpConfig,
        now: Now,
        key: [u8; 32],
        letters: Arc<dyn Letters>,
    ) -> Result<Self, String> {
        let mut this = Self::new(id, config, now, key)?;
        if let Some(inner) = Arc::get_mut(&mut this.inner) {
            inner.letters = Some(letters);
        }
        Ok(this)
    }
}

impl Inner {
    /// The fastest manner that this server takes, as far as is known.
    fn manner(&self, offers: &codec::Offers) -> Manner {
        let most = match self.manner.load(Ordering::Relaxed) {
            0 => Manner::Sequential,
            1 => Manner::Pipelined,
            _ => Manner::Chunked,
        };
        most.min(match (offers.pipelining, offers.chunking) {
            (false, _) => Manner::Sequential,
            (true, false) => Manner::Pipelined,
            (true, true) => Manner::Chunked,
        })
    }

    /// It may be this manner that the server does not bear.
    fn more_carefully_than(&self, manner: Manner) {
        let lower = match manner {
            Manner::Chunked => Manner::Pipelined,
            Manner::Pipelined | Manner::Sequential => Manner::Sequential,
        };
        if self.manner.fetch_min(lower as u8, Ordering::Relaxed) > lower as u8 {
            tracing::warn!(gateway = %self.id, manner = ?lower, "server fell out of step; it is spoken to more carefully");
        }
    }

    async fn open(&self) -> Result<session::Session, SendError> {
        session::Session::open(&self.config, &self.protection, &self.gate).await
    }

    /// Tells when the server goes out of reach and when it is back; once each time, whichever connection notices.
    async fn tell(&self, out: &Events, cause: Option<String>) {
        let down = cause.is_some();
        if self.down.swap(down, Ordering::Relaxed) != down {
            let _ = out.send(GatewayEvent::Down { gateway: self.id.clone(), cause }).await;
        }
    }
}

impl Gateway for SmtpGateway {
    fn run(&self, jobs: Jobs, out: Events, stop: Stop) -> Boxed<'_, ()> {
        Box::pin(async move {
            let jobs = Arc::new(Mutex::new(jobs));
            // Ends with this future, after the last job.
            let mut reading = JoinSet::new();
            if self.inner.inbox.is_some() {
                let (inner, out, stop) = (self.inner.clone(), out.clone(), stop.clone());
                reading.spawn(async move {
                    if let Some(inbox) = &inner.inbox {
                        inbox.watch(out, stop).await;
                    }
                });
            }
            let mut workers = JoinSet::new();
            for _ in 0..self.inner.config.connections_max.max(1) {
                workers.spawn(worker::serve(self.inner.clone(), jobs.clone(), out.clone(), stop.clone()));
            }
            while workers.join_next().await.is_some() {}
        })
    }

    fn probe(&self) -> Boxed<'_, Health> {
        Box::pin(async move {
            let mut health = match self.inner.open().await {
                Ok(session) => {
                    let detail = session.describe();
                    session.quit().await;
                    Health { ok: true, detail }
                }
                Err(e) => Health { ok: false, detail: e.cause().to_owned() },
            };
            // Mails go out without it: it makes nothing unwell.
            if let Some(inbox) = &self.inner.inbox {
                health.detail.push_str("; mailbox: ");
                health.detail.push_str(&inbox.standing());
            }
            health
        })
    }
}
