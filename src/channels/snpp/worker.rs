//! One connection's jobs, one after another, each page by page in order. Every job taken ends in exactly one outcome, and it
//! is Accepted only when all its pages were.

use std::future::pending;
use std::sync::Arc;
use std::time::Duration;

use tokio::sync::Mutex;

use super::Inner;
use super::codec::{Command, Reply, encoded, word};
use super::config::Level;
use super::session::{Lost, Session};
use crate::channels::{Events, GatewayEvent, Job, Jobs, Stop};
use crate::domain::delivery::{Accepted, SendError};
use crate::domain::text::pages::pages;

/// Characters of the transmitter's own words that are kept.
const GATEWAY_REF_CHARS_MAX: usize = 100;

/// How one page fared.
enum Fared {
    Taken(String),
    Failed(SendError),
    /// The connection had stood idle and was dead before the page was begun.
    NotBegun,
}

/// Takes jobs until there are none or it is told to stop.
pub(super) async fn serve(inner: Arc<Inner>, jobs: Arc<Mutex<Jobs>>, out: Events, stop: Stop) {
    let mut worker = Worker { inner, jobs, out, stop, session: None };
    while let Some(job) = worker.next().await {
        let result = worker.send(&job).await;
        let _ = worker.out.send(GatewayEvent::Outcome { delivery: job.delivery, result }).await;
    }
    worker.quit().await;
}

struct Worker {
    inner: Arc<Inner>,
    jobs: Arc<Mutex<Jobs>>,
    out: Events,
    stop: Stop,
    session: Option<Session>,
}

impl Worker {
    /// Waits for a job. Closes a connection that stands idle.
    async fn next(&mut self) -> Option<Job> {
        loop {
            if *self.stop.borrow() {
                return None;
            }
            let idle = Duration::from_secs(self.inner.config.idle_s.into());
            let jobs = self.jobs.clone();
            let stop = &mut self.stop;
            tokio::select! {
                biased;
                () = stopped(stop) => return None,
                job = async move { jobs.lock().await.recv().await } => return job,
                () = tokio::time::sleep(idle), if self.session.is_some() => {}
            }
            self.quit().await;
        }
    }

    async fn quit(&mut self) {
        if let Some(session) = self.session.take() {
            session.quit().await;
        }
    }

    /// All pages of a job. What can't go whole is refused before the first page.
    async fn send(&mut self, job: &Job) -> Result<Accepted, SendError> {
        let config = &self.inner.config;
        let pager = word(&job.to.0).ok_or_else(|| SendError::permanent("the address is no pager number"))?;
        let pages = pages(&job.out, job.trailer.as_deref(), &config.page_rules())
            .map_err(|e| SendError::permanent(format!("the transmitter can't carry the text: it {e}")))?;
        let mut wire = Vec::with_capacity(pages.len());
        for page in &pages {
            let bytes = encoded(page, config.charset)
                .map_err(|c| SendError::permanent(format!("the transmitter has no “{}”", c.escape_debug())))?;
            let is_long = bytes.len() > config.mess_bytes_max as usize;
            if is_long && config.level == Level::One {
                return Err(SendError::permanent("a page is longer than MESS allows, and there is no DATA at level 1"));
            }
            wire.push((bytes, is_long));
        }
        let mut gateway_ref = String::new();
        for (k, (bytes, is_long)) in (1..).zip(&wire) {
            let mut fared = self.page(pager, bytes, *is_long).await;
            if matches!(fared, Fared::NotBegun) {
                fared = self.page(pager, bytes, *is_long).await;
            }
            match fared {
                Fared::Taken(words) => gateway_ref = words,
                Fared::Failed(e) if wire.len() > 1 => return Err(at_page(k, wire.len(), e)),
                Fared::Failed(e) => return Err(e),
                Fared::NotBegun => return Err(SendError::temporary("connection lost")),
            }
        }
        let units = u16::try_from(wire.len()).unwrap_or(u16::MAX);
        Ok(Accepted { gateway_ref, delivered: false, units })
    }

    /// One page, one transaction.
    async fn page(&mut self, pager: &str, text: &[u8], is_long: bool) -> Fared {
        let mut session = match self.connected().await {
            Ok(session) => session,
            Err(e) => return Fared::Failed(e),
        };
        let idle_before = std::mem::replace(&mut session.used, true);
        let inner = self.inner.clone();
        let config = &inner.config;
        let mut commands = Vec::with_capacity(8);
        commands.extend(config.jqueue.then_some(Command::QueueOnly));
        if config.level == Level::Two {
            // ALER alters what the next PAGE asks for (RFC 1861, ALERt), so it comes before.
            commands.extend(config.alert.then_some(Command::Alert));
            commands.extend(config.caller.as_deref().map(Command::Caller));
        }
        commands.push(Command::Page(pager));
        if is_long {
            commands.extend([Command::Data, Command::Text(text)]);
        } else {
            commands.push(Command::Message(text));
        }
        commands.push(Command::Send);

        let mut words = String::new();
        for (i, command) in commands.iter().enumerate() {
            let first = i == 0 && idle_before;
            match session.ask(command).await {
                Ok(reply) if command.is_yes(&reply) => words = reply.words(pager),
                Ok(Reply { code: 421, .. }) if first => return Fared::NotBegun,
                // A transmitter without that extra still takes the page.
                Ok(reply) if command.is_extra() && reply.code != 421 => {}
                Ok(reply) => {
                    let error = reply.refusal(command, pager);
                    if reply.code != 421 {
                        self.keep_after_refusal(session, command).await;
                    }
                    return Fared::Failed(error);
                }
                Err(Lost::Closed | Lost::Unsent) if first => return Fared::NotBegun,
                // After SEND left, the page may be on the air (RFC 1861: SEND finishes the transaction).
                Err(lost) if *command == Command::Send && lost != Lost::Unsent => {
                    return Fared::Failed(SendError::unknown(format!("SEND: {}", lost.as_str())));
                }
                Err(lost) => {
                    return Fared::Failed(SendError::temporary(format!("{}: {}", command.name(), lost.as_str())));
                }
            }
        }
        self.session = Some(session);
        Fared::Taken(words.chars().take(GATEWAY_REF_CHARS_MAX).collect())
    }

    /// The next page must not find half a page before it: RESE clears it. Where we logged in, RESE may log out (HylaFAX does),
    /// and inside DATA nothing is a command: there a new connection is made.
    async fn keep_after_refusal(&mut self, mut session: Session, refused: &Command<'_>) {
        let amid_text = matches!(refused, Command::Text(_));
        if self.inner.config.login.is_some() || amid_text {
            session.quit().await;
            return;
        }
        if session.ask(&Command::Reset).await.is_ok_and(|reply| Command::Reset.is_yes(&reply)) {
            self.session = Some(session);
        }
    }

    async fn connected(&mut self) -> Result<Session, SendError> {
        if let Some(session) = self.session.take() {
            return Ok(session);
        }
        let opened = tokio::select! {
            biased;
            () = stopped(&mut self.stop) => return Err(SendError::temporary("stopped before it was handed over")),
            opened = Session::open(&self.inner.config) => opened,
        };
        match opened {
            Ok(session) => {
                self.inner.tell(&self.out, None).await;
                Ok(session)
            }
            Err(e) => {
                self.inner.tell(&self.out, Some(e.cause().to_owned())).await;
                Err(e)
            }
        }
    }
}

fn at_page(k: u32, n: usize, e: SendError) -> SendError {
    let at = |cause: String| format!("page {k} of {n}: {cause}");
    match e {
        SendError::Temporary { cause, retry_after_s } => SendError::Temporary { cause: at(cause), retry_after_s },
        SendError::Permanent { cause } => SendError::Permanent { cause: at(cause) },
        SendError::Unknown { cause } => SendError::Unknown { cause: at(cause) },
    }
}

/// Waits for the order to stop; for ever when nobody is left to give it.
async fn stopped(stop: &mut Stop) {
    if stop.wait_for(|stop| *stop).await.is_err() {
        pending::<()>().await;
    }
}
