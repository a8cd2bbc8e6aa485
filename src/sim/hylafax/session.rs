//! One client's connection.

use std::collections::{HashMap, HashSet};
use std::io;
use std::sync::Arc;
use std::time::Duration;

use tokio::io::{AsyncBufReadExt, AsyncReadExt, AsyncWriteExt, BufReader};
use tokio::net::tcp::OwnedWriteHalf;
use tokio::net::{TcpListener, TcpStream};
use tokio::time::timeout;

use super::{Fate, Line, Server, SimJob, fate};

/// Bytes that one command may have.
const COMMAND_BYTES_MAX: u64 = 4096;
/// Bytes that one document may have.
const DOCUMENT_BYTES_MAX: u64 = 16 << 20;
/// For a client to open the data connection that it asked for, and to use it.
const DATA_TIMEOUT_S: u64 = 30;

/// What the client gets to see next.
enum Next {
    Say(String),
    Close,
    Hang,
}

struct Client {
    server: Arc<Server>,
    out: OwnedWriteHalf,
    passive: Option<TcpListener>,
    logged_in: bool,
    job: Option<u32>,
    /// The job had not ended when this session last knew it.
    job_was_open: bool,
    format: String,
    seen: HashMap<String, String>,
    own_files: HashSet<String>,
}

pub(super) async fn serve(server: Arc<Server>, stream: TcpStream, number: usize) {
    let (read, out) = stream.into_split();
    let mut client = Client {
        server: server.clone(),
        out,
        passive: None,
        logged_in: false,
        job: None,
        job_was_open: false,
        format: "%-4j %3i %1a %6.6o %-12.12e %5P %5D %7z %.25s".into(),
        seen: HashMap::new(),
        own_files: HashSet::new(),
    };
    let _ = client.talk(BufReader::new(read), number).await;
    // Temporary documents end with the session.
    let mut state = server.state();
    for file in &client.own_files {
        state.files.remove(file);
    }
}

impl Client {
    async fn talk(&mut self, mut lines: BufReader<tokio::net::tcp::OwnedReadHalf>, number: usize) -> io::Result<()> {
        if self.server.options.silent {
            return std::future::pending().await;
        }
        if self.server.options.garbage {
            return self.out.write_all(b"\x00\xff hello\r\nwhat\r\n").await;
        }
        self.say("220 sim server (HylaFAX (tm) Version 6.0.7) ready.").await?;
        loop {
            let mut line = Vec::new();
            if (&mut lines).take(COMMAND_BYTES_MAX).read_until(b'\n', &mut line).await? == 0 {
                return Ok(());
            }
            let Some(command) = line.strip_suffix(b"\r\n") else {
                return self.say("500 Line too long.").await;
            };
            let command = String::from_utf8_lossy(command).into_owned();
            self.server.state().log.push(Line { connection: number, command: command.clone() });
            match self.answer(&command).await? {
                Next::Say(reply) => self.say(&reply).await?,
                Next::Close => return Ok(()),
                Next::Hang => return std::future::pending().await,
            }
            if command == "QUIT" || (command == "JSUBM" && self.server.options.close_after_job) {
                return Ok(());
            }
        }
    }

    async fn say(&mut self, reply: &str) -> io::Result<()> {
        let bytes = format!("{reply}\r\n").into_bytes();
        if self.server.options.slow {
            for byte in bytes {
                self.out.write_all(&[byte]).await?;
                tokio::task::yield_now().await;
            }
            return Ok(());
        }
        self.out.write_all(&bytes).await
    }

    async fn data(&mut self) -> io::Result<TcpStream> {
        let listener = self.passive.take().ok_or(io::ErrorKind::NotConnected)?;
        let (stream, _) = timeout(Duration::from_secs(DATA_TIMEOUT_S), listener.accept()).await??;
        stream.set_nodelay(true)?;
        Ok(stream)
    }

    async fn answer(&mut self, command: &str) -> io::Result<Next> {
        let (verb, rest) = command.split_once(' ').unwrap_or((command, ""));
        let verb = verb.to_ascii_uppercase();
        if !self.logged_in && !matches!(verb.as_str(), "USER" | "PASS" | "QUIT" | "NOOP") {
            return Ok(Next::Say("530 Please login with USER and PASS.".into()));
        }
        let reply = match verb.as_str() {
            "USER" => self.user(rest),
            "PASS" if self.server.options.password.as_deref() == Some(rest) => {
                self.logged_in = true;
                "230 User logged in.".into()
            }
            "PASS" => "530 Login incorrect.".into(),
            "ADMIN" => "230 Administrative privileges established.".into(),
            "TZONE" => "200 Using time values in GMT.".into(),
            "TYPE" => "200 Type set to Image.".into(),
            "IDLE" => format!("213 Idle timeout set to {rest}."),
            "NOOP" => "200 NOOP command successful.".into(),
            "QUIT" => "221 Goodbye.".into(),
            "PASV" => {
                let listener = TcpListener::bind("127.0.0.1:0").await?;
                let [high, low] = listener.local_addr()?.port().to_be_bytes();
                self.passive = Some(listener);
                format!("227 Entering passive mode (127,0,0,1,{high},{low})")
            }
            "STOT" => self.store().await?,
            "LIST" => self.list(rest).await?,
            "JOBFMT" => {
                self.format = rest.trim_matches('"').into();
                "200 JOBFMT command successful.".into()
            }
            "JNEW" if self.server.options.no_jobs => {
                "503 Unable to open sequence number file sendq/seqf; File exists.".into()
            }
            "JNEW" => {
                let mut state = self.server.state();
                let id = state.jobs.last_key_value().map_or(1, |(id, _)| id + 1);
                let job = SimJob {
                    parameters: HashMap::new(),
                    document: None,
                    submitted: false,
                    state: 'T',
                    pages_sent: 0,
                    pages: 0,
                    status: String::new(),
                };
                state.jobs.insert(id, job);
                (self.job, self.job_was_open) = (Some(id), true);
                format!("200 New job created: jobid: {id} groupid: {id}.")
            }
            "JOB" => self.select(rest),
            "JPARM" => self.parameter(rest),
            "JSUBM" => return Ok(self.submit()),
            "JWAIT" if !self.server.options.no_waits => self.wait(rest).await?,
            "JKILL" => {
                let mut state = self.server.state();
                match rest.parse().ok().and_then(|id: u32| state.jobs.get_mut(&id)) {
                    Some(job) if job.submitted && !job.ended() => {
                        (job.state, job.status) = ('F', "Job aborted by request".into());
                        format!("200 Job {rest} killed.")
                    }
                    Some(_) => "504 Cannot kill job: Operation not permitted.".into(),
                    None => format!("500 Cannot kill job {rest}; job does not exist (No such file or directory)."),
                }
            }
            other => format!("500 {other}: Command not recognized."),
        };
        Ok(Next::Say(reply))
    }

    async fn wait(&mut self, id: &str) -> io::Result<String> {
        let Some((n, over)) = id.parse().ok().and_then(|n: u32| Some((n, self.server.over(n)?))) else {
            return Ok(format!("500 Cannot wait for job {id}; job does not exist (No such file or directory)."));
        };
        if over {
            return Ok(format!("216 Job {n} done (already)."));
        }
        self.say(&format!("216-Waiting for job {n}; use ABOR command to interrupt.")).await?;
        let server = self.server.clone();
        loop {
            let mut moved = std::pin::pin!(server.moved.notified());
            moved.as_mut().enable();
            if server.over(n) != Some(false) {
                return Ok(format!("216 Wait for job {n} completed."));
            }
            moved.await;
        }
    }

    fn user(&mut self, user: &str) -> String {
        if let Some(reply) = &self.server.options.user_reply {
            return reply.clone();
        }
        if self.server.options.password.is_some() {
            return format!("331 Password required for {user}.");
        }
        self.logged_in = true;
        format!("230 User {user} logged in.")
    }

    async fn store(&mut self) -> io::Result<String> {
        let name = {
            let mut state = self.server.state();
            state.next_file += 1;
            format!("/tmp/doc{}.ps", state.next_file)
        };
        self.say(&format!("150 FILE: {name} (Opening new data connection).")).await?;
        let data = self.data().await?;
        let mut bytes = Vec::new();
        timeout(Duration::from_secs(DATA_TIMEOUT_S), data.take(DOCUMENT_BYTES_MAX).read_to_end(&mut bytes)).await??;
        let bytes = Arc::new(bytes);
        let mut state = self.server.state();
        state.uploads.push(bytes.clone());
        state.files.insert(name.clone(), bytes);
        self.own_files.insert(name.clone());
        Ok(format!("226 Transfer complete (FILE: {name})."))
    }

    async fn list(&mut self, what: &str) -> io::Result<String> {
        let now = match what {
            "status" => {
                "HylaFAX scheduler on sim: Running\r\nModem ttyFAX0 (+46.8.555000): Running and idle\r\n".into()
            }
            "sendq" | "doneq" => {
                let now = self.queue(what == "doneq");
                if what == "sendq" && !self.server.options.by_hand {
                    self.server.step();
                }
                now
            }
            _ => return Ok(format!("550 {what}: No such file or directory.")),
        };
        let shown = if self.server.options.stale { self.seen.entry(what.into()).or_insert(now).clone() } else { now };
        self.say(&format!("150 Opening new data connection for \"{what}\".")).await?;
        let mut data = self.data().await?;
        data.write_all(shown.as_bytes()).await?;
        data.shutdown().await?;
        Ok("226 Transfer complete.".into())
    }

    fn queue(&self, done: bool) -> String {
        let state = self.server.state();
        let mut listing = String::new();
        for (id, job) in state.jobs.iter().filter(|(_, j)| j.submitted && j.ended() == done) {
            let mut format = self.format.chars();
            while let Some(c) = format.next() {
                if c != '%' {
                    listing.push(c);
                    continue;
                }
                // Widths are passed over.
                match format.find(char::is_ascii_alphabetic) {
                    Some('j') => listing.push_str(&id.to_string()),
                    Some('a') => listing.push(job.state),
                    Some('p') => listing.push_str(&job.pages_sent.to_string()),
                    Some('y') => listing.push_str(&job.pages.to_string()),
                    Some('J') => listing.push_str(job.parameters.get("JOBINFO").map_or("", String::as_str)),
                    Some('s') => listing.push_str(&job.status),
                    _ => {}
                }
            }
            listing.push_str("\r\n");
        }
        listing
    }

    fn select(&mut self, id: &str) -> String {
        let state = self.server.state();
        let found = id.parse().ok().and_then(|n: u32| state.jobs.get(&n).map(|job| (n, job)));
        let Some((n, job)) = found else {
            return format!("500 Cannot set job {id}; job does not exist (No such file or directory).");
        };
        self.job_was_open = !job.ended();
        self.job = Some(n);
        format!("200 Current job: jobid: {n} groupid: {n}.")
    }

    fn parameter(&mut self, rest: &str) -> String {
        let mut state = self.server.state();
        let Some(job) = self.job.and_then(|id| state.jobs.get_mut(&id)) else {
            return "500 Cannot access job state; job deleted by another party.".into();
        };
        let Some((name, value)) = rest.split_once(' ') else {
            if job.ended() && self.job_was_open {
                return "500 Cannot access job state; job deleted by another party.".into();
            }
            let value = match (rest, job.state) {
                ("STATE", 'D') => "DONE",
                ("STATE", 'F') => "FAILED",
                ("STATE", 'R') => "RUNNING",
                ("STATE", _) => "SUSPENDED",
                ("STATUS", _) => &job.status,
                (name, _) => job.parameters.get(name).map_or("", String::as_str),
            };
            return format!("213 {value}");
        };
        let value = value.trim_matches('"').to_owned();
        if name == "DOCUMENT" {
            let found = if self.server.options.one_use_documents {
                state.files.remove(&value)
            } else {
                state.files.get(&value).cloned()
            };
            let Some(document) = found else { return format!("550 {value}: No such file or directory.") };
            if let Some(job) = self.job.and_then(|id| state.jobs.get_mut(&id)) {
                job.document = Some(document);
            }
            return format!("200 Added document {value} as docq{value}.");
        }
        if name == "DIALSTRING" && fate(&value) == Fate::BadNumber {
            return format!("501 DIALSTRING: \"{value}\" is not a number.");
        }
        let reply = format!("213 {name} set to {value}.");
        job.parameters.insert(name.into(), value);
        reply
    }

    fn submit(&mut self) -> Next {
        let mut state = self.server.state();
        let Some(id) = self.job else { return Next::Say("500 No current job.".into()) };
        let Some(job) = state.jobs.get_mut(&id) else { return Next::Say("500 No such job.".into()) };
        let fate = fate(job.number());
        if job.document.is_none() || fate == Fate::Refused {
            state.jobs.remove(&id);
            let why = "Unspecified reason (scheduler NAK'd request)";
            return Next::Say(format!("460 Failed to submit job {id}: {why}."));
        }
        job.submitted = !matches!(fate, Fate::DropsOnly | Fate::Silent | Fate::Garbage);
        match fate {
            Fate::DropsAndSends | Fate::DropsOnly => Next::Close,
            Fate::Garbage => Next::Say("OK go\r\n\x01".into()),
            Fate::Silent => Next::Hang,
            _ => Next::Say(format!("200 Job {id} submitted.")),
        }
    }
}
