//! E-mail over SMTP (RFC 5321): one message a receiver, over kept connections.
//!
//! | file | owns |
//! |---|---|
//! | `config` | what one gateway is told in `channels/email.yaml` |
//! | `message` | a job to the bytes of a message (RFC 5322, MIME); lettre builds it, what is shared is built once |
//! | `codec` | commands, replies, the dot |
//! | `tls` | which certificates are believed |
//! | `session` | one connection: greeting, STARTTLS, AUTH; writes and reads, decides nothing |
//! | `worker` | one connection's jobs, one after another, pipelined when the server takes it (RFC 2920) |
//!
//! lettre builds messages, knows addresses and commands. Its connection is not used: it can't tell a connection lost before
//! the final dot (nothing was sent: Temporary) from one lost after it (Unknown), and it writes body and dot apart.
//!
//! Must not: retry by itself, log an address or a text, accept a certificate that does not verify.

mod codec;
mod config;
mod message;
mod session;
mod tls;
mod worker;

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use jiff::Timestamp;
use lettre::Address as MailAddress;
use tokio::sync::Mutex;
use tokio::task::JoinSet;

pub use config::{Login, SmtpConfig, Tls};

use crate::channels::{Boxed, Events, Gateway, GatewayEvent, Health, Jobs, Stop};
use crate::domain::ids::GatewayId;

/// Where the time comes from; a message carries its date.
pub type Now = Arc<dyn Fn() -> Timestamp + Send + Sync>;

/// Whatever a server may say goes through the decoder, for fuzzing: no bytes may panic, each reply takes something away.
#[doc(hidden)]
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

/// One mail server that takes our messages.
pub struct SmtpGateway {
    inner: Arc<Inner>,
}

struct Inner {
    id: GatewayId,
    config: SmtpConfig,
    from: MailAddress,
    tls: Option<tls::Connector>,
    composer: message::Composer,
    now: Now,
    /// The server fell out of step under pipelining: from then on one command at a time.
    one_at_a_time: AtomicBool,
    down: AtomicBool,
}

impl SmtpGateway {
    /// From its configuration. Reads the CA file, connects nowhere.
    ///
    /// # Errors
    /// Says which setting is wrong, and what to write instead.
    pub fn new(id: GatewayId, config: SmtpConfig, now: Now) -> Result<Self, String> {
        let from: MailAddress = config
            .from
            .parse()
            .map_err(|_| "from: no mail address; write one such as larm@region.example".to_owned())?;
        let tls = match config.tls {
            Tls::None => None,
            Tls::Opportunistic | Tls::Starttls | Tls::Implicit => Some(tls::Connector::new(&config)?),
        };
        let composer = message::Composer::new(&from, config.reply_to.as_deref())?;
        let (one_at_a_time, down) = (AtomicBool::new(!config.pipelining), AtomicBool::new(false));
        Ok(Self { inner: Arc::new(Inner { id, config, from, tls, composer, now, one_at_a_time, down }) })
    }
}

impl Inner {
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
            let mut workers = JoinSet::new();
            for _ in 0..self.inner.config.connections_max.max(1) {
                workers.spawn(worker::serve(self.inner.clone(), jobs.clone(), out.clone(), stop.clone()));
            }
            while workers.join_next().await.is_some() {}
        })
    }

    fn probe(&self) -> Boxed<'_, Health> {
        Box::pin(async move {
            match session::Session::open(&self.inner.config, self.inner.tls.as_ref()).await {
                Ok(session) => {
                    let detail = session.describe();
                    session.quit().await;
                    Health { ok: true, detail }
                }
                Err(e) => Health { ok: false, detail: e.cause().to_owned() },
            }
        })
    }
}
