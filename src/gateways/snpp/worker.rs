//! One connection's jobs, one after another, each page by page in order. Every job taken ends in exactly one outcome, and it
//! is Accepted only when all its pages were.

use std::future::pending;
use std::sync::Arc;

use tokio::sync::Mutex;

use super::Inner;
use super::codec::{Command, Reply, ReplyType, Status, Ticket, status, ticket};
use super::config::{SnppConfig, TwoWay};
use super::follow::{Followed, Page};
use super::session::{Lost, Session};
use crate::domain::delivery::{Accepted, SendError};
use crate::gateways::pager::{self, at_page};
use crate::gateways::{Events, GatewayEvent, Job, Jobs, Stop};

/// Characters of the transmitter's own words that are kept.
const GATEWAY_REF_CHARS_MAX: usize = 100;

/// How one page fared.
enum Fared {
    Taken {
        words: String,
        /// The pager has it already.
        delivered: bool,
        ticket: Option<Ticket>,
    },
    Failed(SendError),
    /// The connection had stood idle and was dead before the page was begun.
    NotBegun,
}

/// Takes jobs until there are none or it is told to stop.
pub(super) async fn serve(inner: Arc<Inner>, jobs: Arc<Mutex<Jobs>>, out: Events, stop: Stop) {
    let mut worker = Worker { inner, jobs, out, stop, session: None };
    while let Some(job) = worker.next().await {
        let mut pages = Vec::new();
        let result = worker.send(&job, &mut pages).await;
        let accepted = result.is_ok();
        let _ = worker.out.send(GatewayEvent::Outcome { delivery: job.delivery, result }).await;
        // Only now: no receipt comes before its acceptance.
        if accepted && let Some(two_way) = &worker.inner.config.two_way {
            worker.inner.follow(Followed::new(&job, pages, two_way)).await;
        }
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
            let idle = self.inner.config.idle_max.duration();
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
    async fn send(&mut self, job: &Job, followed: &mut Vec<Page>) -> Result<Accepted, SendError> {
        let inner = self.inner.clone();
        let config = &inner.config;
        let pager = pager::number(job)?;
        let pages = pager::wire(job, &config.page_rules())?;
        let is_long = |bytes: &Vec<u8>| bytes.len() > config.mess_bytes_max as usize;
        let by_data = |bytes: &Vec<u8>| is_long(bytes) || (config.level > 1 && is_altered_by_mess(bytes));
        if config.level < 2 && pages.iter().any(is_long) {
            return Err(SendError::permanent("a page is longer than MESS allows, and there is no DATA at level 1"));
        }
        let mut delivered = true;
        let mut gateway_ref = String::new();
        for (k, bytes) in (1..).zip(&pages) {
            // An answer is asked for where the trailer stands: on the last page.
            let asks = job.trailer.is_some() && k == pages.len();
            let page = OnePage { pager, text: bytes, by_data: by_data(bytes), asks, ttl_s: job.ttl_s };
            let mut fared = self.page(&page).await;
            if matches!(fared, Fared::NotBegun) {
                fared = self.page(&page).await;
            }
            match fared {
                Fared::Taken { words, delivered: has_it, ticket } => {
                    gateway_ref = words;
                    delivered &= has_it;
                    followed.extend(ticket.map(|ticket| Page::new(ticket, asks, has_it)));
                }
                Fared::Failed(e) => return Err(at_page(k, pages.len(), e)),
                Fared::NotBegun => return Err(SendError::temporary("connection lost")),
            }
        }
        let units = u16::try_from(pages.len()).unwrap_or(u16::MAX);
        Ok(Accepted { gateway_ref, delivered, units })
    }

    /// One page, one transaction.
    async fn page(&mut self, page: &OnePage<'_>) -> Fared {
        let mut session = match self.connected().await {
            Ok(session) => session,
            Err(e) => return Fared::Failed(e),
        };
        let idle_before = std::mem::replace(&mut session.used, true);
        let inner = self.inner.clone();
        let config = &inner.config;
        let commands = commands(config, page);

        let pager = page.pager;
        let mut words = String::new();
        let (mut delivered, mut given) = (false, None);
        for (i, command) in commands.iter().enumerate() {
            let first = i == 0 && idle_before;
            match session.ask(command).await {
                Ok(reply) if command.is_yes(&reply) => {
                    words = reply.words(pager);
                    if *command == Command::Send && config.two_way.is_some() {
                        given = ticket(&reply);
                        delivered = matches!(status(&reply), Status::Delivered | Status::Final);
                        // The pass code is nobody's business; the tag is how people ask the transmitter's operator.
                        if let Some(ticket) = &given {
                            words = format!("{} {}", reply.code, ticket.tag);
                        }
                    }
                }
                Ok(Reply { code: 421, .. }) if first => return Fared::NotBegun,
                // A transmitter without that extra still takes the page.
                Ok(reply) if command.is_extra() && reply.code != 421 && !command.is_out_of_reach(&reply) => {}
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
        let words = words.chars().take(GATEWAY_REF_CHARS_MAX).collect();
        Fared::Taken { words, delivered, ticket: given }
    }

    /// The next page must not find half a page before it: RESE clears it. Where we logged in, RESE may log out (HylaFAX does),
    /// and inside DATA nothing is a command: there a new connection is made.
    async fn keep_after_refusal(&mut self, mut session: Session, refused: &Command<'_>) {
        let amid_text = matches!(refused, Command::Text(_));
        if self.inner.config.user.is_some() || amid_text {
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

/// One pager page and what goes with it.
struct OnePage<'p> {
    pager: &'p str,
    text: &'p [u8],
    /// DATA carries it, not MESS.
    by_data: bool,
    /// The page asks for an answer.
    asks: bool,
    ttl_s: u32,
}

/// HylaFAX reads MESS as words: it makes one space of several and takes quotes away. DATA it leaves alone. A page that goes on
/// within a text has two spaces behind its header (RFC 1861 knows nothing of all that).
fn is_altered_by_mess(text: &[u8]) -> bool {
    text.contains(&b'"') || text.windows(2).any(|two| two == b"  ") || text.starts_with(b" ") || text.ends_with(b" ")
}

/// The commands of one transaction, in the order that RFC 1861 wants: what concerns a pager comes before its PAGE.
fn commands<'p>(config: &'p SnppConfig, page: &OnePage<'p>) -> Vec<Command<'p>> {
    let mut commands = Vec::with_capacity(16);
    if let Some(two_way) = &config.two_way {
        commands.push(Command::TwoWay);
        commands.extend(two_way.ping.then_some(Command::Ping(page.pager)));
        commands.extend(two_way.read_ack.then_some(Command::AckRead));
        commands.push(Command::Expire(page.ttl_s.div_ceil(3_600).max(1)));
        commands.push(Command::ReplyType(reply_type(two_way, page.asks)));
    }
    commands.extend(config.jqueue.then_some(Command::QueueOnly));
    if config.level > 1 {
        // ALER alters what the next PAGE asks for (RFC 1861, ALERt), so it comes before.
        commands.extend(config.alert.then_some(Command::Alert));
        commands.extend(config.caller.as_deref().map(Command::Caller));
    }
    commands.push(Command::Page(page.pager));
    if let Some(two_way) = config.two_way.as_ref().filter(|_| page.asks) {
        commands.extend((1..).zip(two_way.replies.iter()).map(|(code, words)| Command::Choice(code, words)));
    }
    if page.by_data {
        commands.extend([Command::Data, Command::Text(page.text)]);
    } else {
        commands.push(Command::Message(page.text));
    }
    commands.push(Command::Send);
    commands
}

fn reply_type(two_way: &TwoWay, asks: bool) -> ReplyType {
    match (asks, two_way.replies.is_empty()) {
        (false, _) => ReplyType::None,
        (true, true) => ReplyType::Words,
        (true, false) => ReplyType::Choices,
    }
}

/// Waits for the order to stop; for ever when nobody is left to give it.
async fn stopped(stop: &mut Stop) {
    if stop.wait_for(|stop| *stop).await.is_err() {
        pending::<()>().await;
    }
}
