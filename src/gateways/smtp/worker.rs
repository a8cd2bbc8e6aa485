//! One connection's jobs, one after another. Every job taken ends in exactly one outcome.
//!
//! Pipelined, one write carries the text of one message and the envelope of the next (RFC 2920), so that a message costs one
//! round trip. A server that falls out of step is spoken to one command at a time from then on.

use std::collections::VecDeque;
use std::future::pending;
use std::sync::Arc;

use lettre::Address;
use tokio::sync::Mutex;

use super::codec::{DATA, Reply, envelope, needs_smtputf8, with_dot};
use super::session::{Lost, Session};
use super::{Inner, Manner};
use crate::domain::delivery::{Accepted, SendError};
use crate::gateways::{Events, GatewayEvent, Job, Jobs, Stop};

/// Characters of the server's own number that are kept.
const GATEWAY_REF_CHARS_MAX: usize = 100;

/// A job whose message is built.
pub(super) struct Ready {
    pub job: Job,
    pub to: Address,
    /// Dots not doubled.
    pub message: Vec<u8>,
    /// The word by which a report names it.
    pub token: String,
    /// What it counts as.
    pub units: u16,
    /// Its envelope is on the wire already, behind the message before it.
    asked: bool,
    /// A connection that had stood idle failed it before it was begun; once is not a failure.
    pub given_back: bool,
}

/// How an envelope fared.
pub(super) enum Verdict {
    /// 354: the text may come.
    Go,
    /// Refused; the connection is fine.
    Refused(SendError),
    /// The connection is gone. `first`: no reply to this envelope had come.
    Lost { lost: Lost, first: bool },
    /// The server says goodbye (421).
    Leaving { error: SendError, first: bool },
}

/// Takes jobs until there are none or it is told to stop.
pub(super) async fn serve(inner: Arc<Inner>, jobs: Arc<Mutex<Jobs>>, out: Events, stop: Stop) {
    let mut worker = Worker { inner, jobs, out, stop, session: None };
    // Begun with, or built, and not told yet: their turn is next.
    let mut carried: VecDeque<Ready> = VecDeque::new();
    loop {
        let ready = match carried.pop_front() {
            Some(ready) => ready,
            None => match worker.next().await {
                Some(ready) => ready,
                None => break,
            },
        };
        worker.send(ready, &mut carried).await;
    }
    worker.quit().await;
}

pub(super) struct Worker {
    pub inner: Arc<Inner>,
    jobs: Arc<Mutex<Jobs>>,
    out: Events,
    stop: Stop,
    pub session: Option<Session>,
}

impl Worker {
    /// Waits for a job. Closes a connection that stands idle.
    async fn next(&mut self) -> Option<Ready> {
        loop {
            if *self.stop.borrow() {
                return None;
            }
            let idle = self.inner.config.idle_max.duration();
            let jobs = self.jobs.clone();
            let stop = &mut self.stop;
            let received = tokio::select! {
                biased;
                () = stopped(stop) => return None,
                job = async move { jobs.lock().await.recv().await } => Some(job?),
                () = tokio::time::sleep(idle), if self.session.is_some() => None,
            };
            match received {
                Some(job) => {
                    if let Some(ready) = self.ready(job).await {
                        return Some(ready);
                    }
                }
                None => self.quit().await,
            }
        }
    }

    /// A job that is there already.
    pub async fn next_now(&mut self) -> Option<Ready> {
        loop {
            if *self.stop.borrow() {
                return None;
            }
            // Somebody else holds the lock only while he waits for a job himself: then there is none for us.
            let job = self.jobs.try_lock().ok()?.try_recv().ok()?;
            if let Some(ready) = self.ready(job).await {
                return Some(ready);
            }
        }
    }

    /// Builds the message; what can't be built ends here.
    async fn ready(&mut self, job: Job) -> Option<Ready> {
        match self.built(&job) {
            Ok((to, message, token, units)) => {
                Some(Ready { job, to, message, token, units, asked: false, given_back: false })
            }
            Err(error) => {
                self.tell(&job, Err(error)).await;
                None
            }
        }
    }

    fn built(&self, job: &Job) -> Result<(Address, Vec<u8>, String, u16), SendError> {
        let address = |to: &str| to.parse().map_err(|_| SendError::permanent("the address is not a mail address"));
        let now = (self.inner.now)();
        if let Some(letters) = &self.inner.letters {
            let letter = letters.letter(job, now)?;
            return Ok((address(&letter.to)?, letter.message, String::new(), letter.units));
        }
        let to = address(&job.to.0)?;
        let (message, token) = self.inner.composer.message(job, &to, now).map_err(SendError::permanent)?;
        Ok((to, message, token, 1))
    }

    pub async fn tell(&self, job: &Job, result: Result<Accepted, SendError>) {
        let _ = self.out.send(GatewayEvent::Outcome { delivery: job.delivery, result }).await;
    }

    async fn quit(&mut self) {
        if let Some(session) = self.session.take() {
            session.quit().await;
        }
    }

    /// Connects when there is no connection, or the one that is has carried its share.
    async fn connected(&mut self, ready: &mut Ready) -> Result<(), SendError> {
        let share = self.inner.config.messages_per_connection_max.max(1);
        if !ready.asked && self.session.as_ref().is_some_and(|s| s.begun >= share) {
            self.quit().await;
        }
        if self.session.is_some() {
            return Ok(());
        }
        ready.asked = false;
        let opened = tokio::select! {
            biased;
            () = stopped(&mut self.stop) => return Err(SendError::temporary("stopped before it was handed over")),
            opened = self.inner.open() => opened,
        };
        match opened {
            Ok(session) => {
                self.inner.tell(&self.out, None).await;
                self.session = Some(session);
                Ok(())
            }
            Err(e) => {
                self.inner.tell(&self.out, Some(e.cause().to_owned())).await;
                Err(e)
            }
        }
    }

    /// Sends one message and tells its outcome, or several. Puts into `carried` what is to be sent next: a job whose envelope
    /// went out behind this message, or this one itself when an idle connection turned out to be dead before anything was
    /// begun.
    async fn send(&mut self, mut ready: Ready, carried: &mut VecDeque<Ready>) {
        if let Err(e) = self.connected(&mut ready).await {
            self.tell(&ready.job, Err(e)).await;
            return;
        }
        let Some(session) = self.session.take() else { return carried.push_front(ready) };
        if self.is_too_plain(&session, &ready).await {
            self.session = Some(session);
            return;
        }
        let manner = self.inner.manner(&session.offers);
        if manner == Manner::Chunked && !ready.asked {
            return self.send_group(session, ready, carried).await;
        }
        if let Some(next) = self.send_one(session, ready, manner >= Manner::Pipelined).await {
            carried.push_front(next);
        }
    }

    /// The server can't carry its address: told.
    pub async fn is_too_plain(&self, session: &Session, ready: &Ready) -> bool {
        let is = needs_smtputf8(&ready.to) && !session.offers.smtputf8;
        if is {
            let cause = "the address needs SMTPUTF8, which the server lacks";
            self.tell(&ready.job, Err(SendError::permanent(cause))).await;
        }
        is
    }

    async fn send_one(&mut self, mut session: Session, mut ready: Ready, pipelined: bool) -> Option<Ready> {
        let idle_before = session.begun > 0;
        let verdict = if ready.asked {
            self.answers(&mut session, &ready).await
        } else {
            session.begun += 1;
            self.ask(&mut session, &ready, pipelined).await
        };
        let error = match verdict {
            Verdict::Go => return self.hand_over(session, &ready, pipelined).await,
            Verdict::Refused(e) => {
                session.dirty = true;
                self.session = Some(session);
                e
            }
            // Nothing was begun: a connection that the server closed while it stood idle is not a failure of this message.
            Verdict::Lost { lost: Lost::Closed, first: true } | Verdict::Leaving { first: true, .. }
                if idle_before && !ready.given_back =>
            {
                ready.given_back = true;
                ready.asked = false;
                return Some(ready);
            }
            Verdict::Leaving { error, .. } => error,
            Verdict::Lost { lost, .. } => {
                if pipelined && lost != Lost::Closed {
                    self.inner.more_carefully_than(Manner::Pipelined);
                }
                SendError::temporary(format!("before the text: {}", lost.as_str()))
            }
        };
        self.tell(&ready.job, Err(error)).await;
        None
    }

    /// The transaction before was refused midway (RFC 5321 4.1.1.5).
    pub async fn reset(&self, session: &mut Session) -> Result<(), Verdict> {
        if session.dirty {
            match session.ask("RSET\r\n").await {
                Ok(reply) if reply.is_yes() => session.dirty = false,
                Ok(reply) => return Err(Verdict::Leaving { error: reply.refusal("RSET", ""), first: true }),
                Err(lost) => return Err(Verdict::Lost { lost, first: true }),
            }
        }
        Ok(())
    }

    /// Sends the envelope: in one write, or command by command.
    async fn ask(&self, session: &mut Session, ready: &Ready, pipelined: bool) -> Verdict {
        let within = session.reply_timeout();
        if let Err(verdict) = self.reset(session).await {
            return verdict;
        }
        let [mail, rcpt] = self.envelope(session, ready);
        let commands = [mail.as_str(), rcpt.as_str(), DATA];
        if pipelined {
            return match session.write(commands.concat().as_bytes()).await {
                Ok(()) => self.answers(session, ready).await,
                Err(_) => Verdict::Lost { lost: Lost::Closed, first: true },
            };
        }
        for (i, (command, at)) in commands.iter().zip(STEPS).enumerate() {
            if session.write(command.as_bytes()).await.is_err() {
                return Verdict::Lost { lost: Lost::Closed, first: i == 0 };
            }
            match session.reply(within).await {
                Ok(reply) if is_expected(&reply, at) => {}
                Ok(reply) => return refused(&reply, at, ready, i == 0),
                Err(lost) => return Verdict::Lost { lost, first: i == 0 },
            }
        }
        Verdict::Go
    }

    /// Reports are asked for when somebody reads them, of a server that sends them.
    pub fn envelope(&self, session: &Session, ready: &Ready) -> [String; 2] {
        let reports = self.inner.inbox.is_some() && session.offers.dsn;
        let id = reports.then_some(ready.token.as_str());
        envelope(&self.inner.return_path, &ready.to, needs_smtputf8(&ready.to), id)
    }

    /// Reads the three answers to an envelope that went out in one write. All three come, also after a refusal.
    async fn answers(&self, session: &mut Session, ready: &Ready) -> Verdict {
        let within = session.reply_timeout();
        let mut verdict = None;
        for (i, at) in STEPS.iter().copied().enumerate() {
            let reply = match session.reply(within).await {
                Ok(reply) => reply,
                Err(lost) => return verdict.unwrap_or(Verdict::Lost { lost, first: i == 0 }),
            };
            if reply.code == 421 {
                return verdict.unwrap_or_else(|| refused(&reply, at, ready, i == 0));
            }
            let expected = is_expected(&reply, at);
            match (at, &verdict) {
                // The server wants a text although it refused the recipients: an empty one, which it must refuse.
                // When even that fails, the connection is dead, which its next message finds out.
                ("DATA", Some(_)) if expected && session.write(b".\r\n").await.is_ok() => {
                    let _ = session.reply(within).await;
                }
                ("DATA", None) if !expected && reply.is_yes() => {
                    return Verdict::Lost { lost: Lost::OutOfStep, first: false };
                }
                (_, None) if !expected => verdict = Some(refused(&reply, at, ready, i == 0)),
                _ => {}
            }
        }
        verdict.unwrap_or(Verdict::Go)
    }

    /// Sends the text, with the next envelope behind it when pipelined, and reads the outcome.
    async fn hand_over(&mut self, mut session: Session, ready: &Ready, pipelined: bool) -> Option<Ready> {
        let share = self.inner.config.messages_per_connection_max.max(1);
        let mut next = None;
        if pipelined && session.begun < share {
            next = self.next_now().await;
        }
        let mut wire = with_dot(&ready.message);
        let text_len = wire.len();
        if let Some(next) = &mut next
            && (!needs_smtputf8(&next.to) || session.offers.smtputf8)
        {
            next.asked = true;
            session.begun += 1;
            self.envelope(&session, next).iter().for_each(|command| wire.extend_from_slice(command.as_bytes()));
            wire.extend_from_slice(DATA.as_bytes());
        }
        let sent = session.write(&wire).await;
        // Fewer bytes than the text has: its final dot never left, so the server must not deliver it (RFC 5321 4.1.1.4).
        let dot_left = !matches!(sent, Err(written) if written < text_len);
        let accept_timeout = self.inner.config.accept_timeout.duration();
        let replied = if dot_left { session.reply(accept_timeout).await } else { Err(Lost::Closed) };
        let (result, alive) = match replied {
            Ok(reply) if reply.is_yes() => (Ok(accepted(&reply, ready)), true),
            Ok(reply) if reply.code / 100 == 3 => (Err(SendError::unknown("after the text: out of step")), false),
            Ok(reply) => (Err(reply.refusal("after the text", &ready.job.to.0)), reply.code != 421),
            Err(lost) if dot_left => (Err(SendError::unknown(format!("after the text: {}", lost.as_str()))), false),
            Err(lost) => (Err(SendError::temporary(format!("amid the text: {}", lost.as_str()))), false),
        };
        if matches!(&result, Err(SendError::Unknown { .. })) && next.is_some() {
            // It may be the pipelining that it does not bear.
            self.inner.more_carefully_than(Manner::Pipelined);
        }
        if alive && sent.is_ok() {
            self.session = Some(session);
        } else if let Some(next) = &mut next {
            next.asked = false;
            next.given_back = true;
        }
        self.tell(&ready.job, result).await;
        next
    }
}

const STEPS: [&str; 3] = ["MAIL", "RCPT", "DATA"];

fn is_expected(reply: &Reply, at: &str) -> bool {
    if at == "DATA" { reply.code == 354 } else { reply.is_yes() }
}

fn refused(reply: &Reply, at: &str, ready: &Ready, first: bool) -> Verdict {
    let error = reply.refusal(at, &ready.job.to.0);
    if reply.code == 421 { Verdict::Leaving { error, first } } else { Verdict::Refused(error) }
}

pub(super) fn accepted(reply: &Reply, ready: &Ready) -> Accepted {
    let gateway_ref = reply.words(&ready.job.to.0).chars().take(GATEWAY_REF_CHARS_MAX).collect();
    Accepted { gateway_ref, delivered: false, units: ready.units }
}

/// Waits for the order to stop; for ever when nobody is left to give it.
async fn stopped(stop: &mut Stop) {
    if stop.wait_for(|stop| *stop).await.is_err() {
        pending::<()>().await;
    }
}
