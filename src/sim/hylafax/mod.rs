//! A fax server on loopback that speaks the client protocol of `hfaxd`, with a fax machine behind each number.
//!
//! The last four digits of a number choose what happens there ([`Fate`]); [`Options`] choose how the server itself
//! misbehaves. A job moves on when somebody looks at the queue: ready, running, ended. What arrives is shown as a person
//! would read it from the paper: the text of each page, pages parted by a form feed.

pub mod pdf;
mod session;

use std::collections::{BTreeMap, HashMap};
use std::io;
use std::net::SocketAddr;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use tokio::net::TcpListener;
use tokio::sync::Notify;
use tokio::task::JoinHandle;

use super::Far;

/// How the server misbehaves.
#[derive(Clone, Debug, Default)]
pub struct Options {
    /// What USER is answered with, instead of a welcome (`530 User denied.`).
    pub user_reply: Option<String>,
    /// Asked for after USER.
    pub password: Option<String>,
    /// Instead of the greeting: bytes that are not a reply.
    pub garbage: bool,
    /// Takes connections and says nothing.
    pub silent: bool,
    /// A document serves one job; the next must bring its own.
    pub one_use_documents: bool,
    /// A session goes on showing each queue as it first saw it.
    pub stale: bool,
    /// Ends each connection after a submitted job, without a word.
    pub close_after_job: bool,
    /// Replies come one byte at a time.
    pub slow: bool,
    /// Makes no job: another connection is just creating the file that counts them.
    pub no_jobs: bool,
    /// Knows no JWAIT.
    pub no_waits: bool,
    /// Jobs move on only when [`Handle::step`] says so, not when somebody looks at the queue.
    pub by_hand: bool,
}

/// What happens at a number.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Fate {
    /// A good fax machine (any other number).
    Good,
    /// `0001`
    Busy,
    /// `0002`
    NoAnswer,
    /// `0004`: somebody lifts the receiver and talks.
    Voice,
    /// `0005`: DONE, but a page is missing.
    PageMissing,
    /// `0006`: the job is in no queue any more.
    Vanishes,
    /// `0007`: the connection ends after JSUBM without a reply; the fax goes out.
    DropsAndSends,
    /// `0008`: the connection ends after JSUBM without a reply; nothing was queued.
    DropsOnly,
    /// `0009`: the scheduler refuses the job.
    Refused,
    /// `0010`: the dial string is refused.
    BadNumber,
    /// `0011`: JSUBM is answered with bytes that are not a reply.
    Garbage,
    /// `0012`: it runs for ever.
    Endless,
    /// `0013`: JSUBM is never answered.
    Silent,
}

fn fate(number: &str) -> Fate {
    let digits: Vec<char> = number.chars().filter(char::is_ascii_digit).collect();
    let last: String = digits[digits.len().saturating_sub(4)..].iter().collect();
    match last.as_str() {
        "0001" => Fate::Busy,
        "0002" => Fate::NoAnswer,
        "0004" => Fate::Voice,
        "0005" => Fate::PageMissing,
        "0006" => Fate::Vanishes,
        "0007" => Fate::DropsAndSends,
        "0008" => Fate::DropsOnly,
        "0009" => Fate::Refused,
        "0010" => Fate::BadNumber,
        "0011" => Fate::Garbage,
        "0012" => Fate::Endless,
        "0013" => Fate::Silent,
        _ => Fate::Good,
    }
}

/// What came over one connection, and what the server holds.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Line {
    /// The connection, counted from 0.
    pub connection: usize,
    /// The command, without its line end.
    pub command: String,
}

struct SimJob {
    parameters: HashMap<String, String>,
    document: Option<Arc<Vec<u8>>>,
    submitted: bool,
    /// T waiting, R running, D done, F failed.
    state: char,
    pages_sent: usize,
    pages: usize,
    status: String,
}

impl SimJob {
    fn number(&self) -> &str {
        self.parameters.get("DIALSTRING").map_or("", String::as_str)
    }
    fn ended(&self) -> bool {
        matches!(self.state, 'D' | 'F')
    }
}

#[derive(Default)]
struct State {
    log: Vec<Line>,
    connections: usize,
    uploads: Vec<Arc<Vec<u8>>>,
    files: HashMap<String, Arc<Vec<u8>>>,
    jobs: BTreeMap<u32, SimJob>,
    next_file: u32,
}

struct Server {
    far: Far,
    name: String,
    options: Options,
    state: Mutex<State>,
    /// Jobs moved on.
    moved: Notify,
}

impl Server {
    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Moves every waiting or running job on by one step.
    fn step(&self) {
        let mut state = self.state();
        for job in state.jobs.values_mut().filter(|j| j.submitted && !j.ended()) {
            let fate = fate(job.number());
            if job.state == 'T' {
                job.state = 'R';
                continue;
            }
            if fate != Fate::Endless {
                self.end(job, fate);
            }
        }
        state.jobs.retain(|_, job| !(job.ended() && fate(job.number()) == Fate::Vanishes));
        drop(state);
        self.moved.notify_waiters();
    }

    /// Whether JWAIT has nothing to wait for: `None` when there is no such job.
    fn over(&self, id: u32) -> Option<bool> {
        self.state().jobs.get(&id).map(SimJob::ended)
    }

    fn end(&self, job: &mut SimJob, fate: Fate) {
        let read = job.document.as_deref().map_or_else(|| Err("no document".into()), |d| pdf::pages(d));
        let pages = match read {
            Ok(pages) => pages,
            Err(why) => {
                job.state = 'F';
                job.status = format!("Document conversion failed: {why}");
                return;
            }
        };
        job.pages = pages.len();
        let failed = match fate {
            Fate::Busy => "Busy signal detected; too many attempts to dial",
            Fate::NoAnswer => "No answer from remote; too many attempts to dial",
            Fate::Voice => "No carrier detected",
            _ => "",
        };
        if !failed.is_empty() {
            (job.state, job.status) = ('F', failed.into());
            return;
        }
        job.state = 'D';
        job.pages_sent = pages.len();
        match fate {
            Fate::PageMissing => job.pages_sent = pages.len() - 1,
            Fate::Vanishes => {}
            _ => self.far.show(&self.name, job.number(), &pages.join("\u{c}")),
        }
    }
}

/// A running server; it ends when this is dropped.
pub struct Handle {
    /// Where it listens.
    pub addr: SocketAddr,
    server: Arc<Server>,
    task: JoinHandle<()>,
}

impl Handle {
    /// Every command so far, in order.
    pub fn log(&self) -> Vec<Line> {
        self.server.state().log.clone()
    }
    /// Every document that was uploaded, in order.
    pub fn uploads(&self) -> Vec<Arc<Vec<u8>>> {
        self.server.state().uploads.clone()
    }
    /// Moves every waiting or running job on by one step.
    pub fn step(&self) {
        self.server.step();
    }
    /// How many connections there were.
    pub fn connections(&self) -> usize {
        self.server.state().connections
    }
}

impl Drop for Handle {
    fn drop(&mut self) {
        self.task.abort();
    }
}

/// Starts a server on a free port of 127.0.0.1.
///
/// # Errors
/// When there is no free port.
pub async fn start(far: Far, name: &str, options: Options) -> io::Result<Handle> {
    let listener = TcpListener::bind("127.0.0.1:0").await?;
    let addr = listener.local_addr()?;
    let server = Arc::new(Server { far, name: name.into(), options, state: Mutex::default(), moved: Notify::new() });
    let shared = server.clone();
    let task = tokio::spawn(async move {
        let mut sessions = tokio::task::JoinSet::new();
        while let Ok((stream, _)) = listener.accept().await {
            let _ = stream.set_nodelay(true);
            let number = {
                let mut state = shared.state();
                state.connections += 1;
                state.connections - 1
            };
            sessions.spawn(session::serve(shared.clone(), stream, number));
            while sessions.try_join_next().is_some() {}
        }
    });
    Ok(Handle { addr, server, task })
}
