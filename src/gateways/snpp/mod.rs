//! Paging over SNPP (RFC 1861, levels 1 to 3): each pager page a transaction of its own.
//!
//! | file | owns |
//! |---|---|
//! | `config` | what one transmitter is told in `channels/paging.yaml` |
//! | `codec` | commands, replies, what became of a two-way page |
//! | `session` | one connection: greeting, login; writes and reads, decides nothing |
//! | `worker` | one connection's jobs, page after page |
//! | `follow` | asks what became of two-way pages |
//!
//! A transmitter's 250 says that it took the page: a store-and-forward server says it even of a page that it could not send.
//! Nobody knows then whether the pager got it. Only a two-way transmitter (level 3) tells: delivered, and what was answered.
//! What it does not offer is done without: the page goes one way.
//! SUBJ is never sent: a pager would show it as a unit of its own, without number and mark.
//!
//! Must not: retry by itself, respell, log an address or a text.

mod codec;
mod config;
mod follow;
mod session;
mod worker;

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use tokio::sync::Mutex;
use tokio::task::JoinSet;

pub use config::{SnppConfig, TwoWay};

use crate::domain::ids::GatewayId;
use crate::domain::text::Charset;
use crate::gateways::pager;
use crate::gateways::{Boxed, Events, Gateway, GatewayEvent, Health, Jobs, Stop};

/// Answers to choose from.
const REPLIES_MAX: usize = 9;
/// Characters of one.
const REPLY_CHARS_MAX: usize = 20;

/// Whatever a transmitter may say goes through the decoder, for fuzzing: no bytes may panic, each reply takes something away.
#[doc(hidden)]
#[cfg_attr(not(feature = "internals"), expect(dead_code, reason = "fuzzing calls it"))]
pub fn any_bytes(bytes: &[u8]) {
    let mut read = bytes.to_vec();
    loop {
        let before = read.len();
        match codec::Reply::take(&mut read) {
            Ok(Some(reply)) => {
                assert!(read.len() < before);
                assert!(!reply.words("550").contains(" 550 "), "a pager's number stays out of what is logged");
                drop(reply.refusal(&codec::Command::Send, "550"));
            }
            Ok(None) | Err(codec::Garbage) => return,
        }
    }
}

/// One transmitter.
pub struct SnppGateway {
    inner: Arc<Inner>,
}

struct Inner {
    id: GatewayId,
    config: SnppConfig,
    down: AtomicBool,
    /// Two-way pages whose end is not known yet.
    followed: Mutex<Vec<follow::Followed>>,
}

impl SnppGateway {
    /// From its configuration. Connects nowhere.
    ///
    /// # Errors
    /// Says which setting is wrong, and what to write instead.
    pub fn new(id: GatewayId, config: SnppConfig) -> Result<Self, String> {
        if config.charset == Charset::Gsm7 {
            return Err(
                "charset: no transmitter speaks gsm7; write utf8, latin1, a variant of iso646, or ascii7".into()
            );
        }
        if config.caller.as_deref().is_some_and(|c| pager::word(c).is_none()) {
            return Err("caller: one word of printable ASCII, such as 0980319200".into());
        }
        if config.user.is_none() && config.password.is_some() {
            return Err("it has a password but no user: give it user".into());
        }
        if config.level < 2 && (config.user.is_some() || config.alert || config.caller.is_some()) {
            return Err("a login, alert and caller need level: 2 (RFC 1861)".into());
        }
        if !config.is_login_sendable() {
            return Err("login: user and password are words of printable ASCII without spaces".into());
        }
        if let Some(two_way) = &config.two_way {
            if config.level != 3 {
                return Err("two_way: needs level: 3 (RFC 1861)".into());
            }
            let good = |r: &String| {
                let short = !r.is_empty() && r.chars().count() <= REPLY_CHARS_MAX;
                short && r.trim() == r && pager::letters(r, Charset::Ascii7).is_ok()
            };
            if two_way.replies.len() > REPLIES_MAX || !two_way.replies.iter().all(good) {
                return Err(format!("replies: at most {REPLIES_MAX}, each of 1 to {REPLY_CHARS_MAX} ASCII characters"));
            }
        }
        let (down, followed) = (AtomicBool::new(false), Mutex::default());
        Ok(Self { inner: Arc::new(Inner { id, config, down, followed }) })
    }
}

impl Inner {
    /// Tells when the transmitter goes out of reach and when it is back; once each time, whichever connection notices.
    async fn tell(&self, out: &Events, cause: Option<String>) {
        let down = cause.is_some();
        if self.down.swap(down, Ordering::Relaxed) != down {
            let _ = out.send(GatewayEvent::Down { gateway: self.id.clone(), cause }).await;
        }
    }
}

impl Gateway for SnppGateway {
    fn run(&self, jobs: Jobs, out: Events, stop: Stop) -> Boxed<'_, ()> {
        Box::pin(async move {
            let jobs = Arc::new(Mutex::new(jobs));
            let mut workers = JoinSet::new();
            for _ in 0..self.inner.config.connections_max.max(1) {
                workers.spawn(worker::serve(self.inner.clone(), jobs.clone(), out.clone(), stop.clone()));
            }
            let done = async { while workers.join_next().await.is_some() {} };
            tokio::select! {
                () = done => {}
                () = follow::serve(&self.inner, &out) => {}
            }
        })
    }

    fn probe(&self) -> Boxed<'_, Health> {
        Box::pin(async move {
            match session::Session::open(&self.inner.config).await {
                Ok(session) => {
                    let detail = "connected".to_owned();
                    session.quit().await;
                    Health { ok: true, detail }
                }
                Err(e) => Health { ok: false, detail: e.cause().to_owned() },
            }
        })
    }
}
