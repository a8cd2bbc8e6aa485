//! A mail server on loopback (RFC 5321). What arrives is shown as a mail reader shows it; the first word of a receiver's
//! local part says how this receiver misbehaves.
//!
//! | local part | does |
//! |---|---|
//! | `temp`, `full`, `perm` | 450, 452, 550 to RCPT |
//! | `drop` | closes at RCPT |
//! | `garbage` | answers RCPT with something that is not SMTP |
//! | `away` | says 421 to RCPT and closes |
//! | `halfway` | takes DATA, closes amid the text |
//! | `reject` | 554 after the text |
//! | `closed` | takes the text, closes without an answer |
//! | `silent` | takes the text, never answers |
//! | `slow` | takes the text, answers after [`Options::slow_ms`] |
//!
//! The word ends at the first `+`, `-` or `.`: `temp-3@fs.example` is `temp`.

mod mail;

use std::io;
use std::net::SocketAddr;
use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::task::{AbortHandle, JoinSet};

pub use mail::Mail;

use super::Far;
use super::hylafax::pdf;

/// Bytes of one message.
const MESSAGE_BYTES_MAX: usize = 10 * 1024 * 1024;
/// Bytes of one command line.
const LINE_BYTES_MAX: usize = 4096;

/// How the whole server behaves.
#[derive(Clone, Debug)]
pub struct Options {
    /// Announces PIPELINING (RFC 2920).
    pub pipelining: bool,
    /// Announces CHUNKING (RFC 3030).
    pub chunking: bool,
    /// Announces DSN (RFC 3461). What was asked for shows in [`Handle::commands`].
    pub dsn: bool,
    /// Announces PIPELINING but forgets what it has read ahead after each answer: falls out of step.
    pub loses_commands: bool,
    /// The first so many connections are greeted with 421.
    pub greets_421: u32,
    /// Closes a connection after so many messages, without a word.
    pub closes_after: Option<u32>,
    /// What `slow` waits, milliseconds.
    pub slow_ms: u64,
    /// User and password that AUTH wants before MAIL.
    pub login: Option<(String, String)>,
    /// AUTH LOGIN instead of AUTH PLAIN.
    pub login_only: bool,
    /// Nothing is kept of what arrives: a trivial sink for measuring.
    pub sink: bool,
}

impl Default for Options {
    fn default() -> Self {
        Self {
            pipelining: true,
            chunking: false,
            dsn: false,
            loses_commands: false,
            greets_421: 0,
            closes_after: None,
            slow_ms: 2_000,
            login: None,
            login_only: false,
            sink: false,
        }
    }
}

/// A running server; stops when it is dropped.
#[derive(Debug)]
pub struct Handle {
    /// Where it listens.
    pub addr: SocketAddr,
    shared: Arc<Shared>,
    listener: AbortHandle,
}

impl Handle {
    /// All mails so far.
    pub fn mails(&self) -> Vec<Mail> {
        self.shared.mails.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }
    /// Connections so far.
    pub fn connections(&self) -> u32 {
        self.shared.connections.load(Ordering::SeqCst)
    }
    /// Commands so far, each connection's in its order.
    pub fn commands(&self) -> Vec<String> {
        self.shared.commands.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }
}

impl Drop for Handle {
    fn drop(&mut self) {
        self.listener.abort();
    }
}

#[derive(Debug)]
struct Shared {
    far: Far,
    name: String,
    options: Options,
    mails: Mutex<Vec<Mail>>,
    commands: Mutex<Vec<String>>,
    connections: AtomicU32,
}

/// Listens on a port of its own on loopback.
///
/// # Errors
/// When the machine gives no port.
pub async fn start(far: Far, name: &str, options: Options) -> io::Result<Handle> {
    start_at(far, name, options, SocketAddr::from(([127, 0, 0, 1], 0))).await
}

/// Listens there.
///
/// # Errors
/// When the port is taken.
pub async fn start_at(far: Far, name: &str, options: Options, at: SocketAddr) -> io::Result<Handle> {
    let listener = TcpListener::bind(at).await?;
    let addr = listener.local_addr()?;
    let shared = Arc::new(Shared {
        far,
        name: name.into(),
        options,
        mails: Mutex::default(),
        commands: Mutex::default(),
        connections: AtomicU32::new(0),
    });
    let served = shared.clone();
    let task = tokio::spawn(async move {
        // Dropped with the task: its connections end with it.
        let mut connections = JoinSet::new();
        while let Ok((tcp, _)) = listener.accept().await {
            let shared = served.clone();
            connections.spawn(async move {
                let _ = Connection::new(tcp, shared).serve().await;
            });
            while connections.try_join_next().is_some() {}
        }
    });
    Ok(Handle { addr, shared, listener: task.abort_handle() })
}

struct Connection {
    tcp: TcpStream,
    read: Vec<u8>,
    shared: Arc<Shared>,
    from: Option<String>,
    to: Vec<String>,
    authenticated: bool,
    taken: u32,
}

enum Next {
    Go,
    Close,
}

impl Connection {
    fn new(tcp: TcpStream, shared: Arc<Shared>) -> Self {
        Self { tcp, read: Vec::new(), shared, from: None, to: Vec::new(), authenticated: false, taken: 0 }
    }

    async fn serve(mut self) -> io::Result<()> {
        self.tcp.set_nodelay(true)?;
        let nth = self.shared.connections.fetch_add(1, Ordering::SeqCst);
        if nth < self.shared.options.greets_421 {
            return self.say("421 4.3.2 sim.example too busy").await;
        }
        self.say("220 sim.example ESMTP").await?;
        while let Some(line) = self.line().await? {
            if !self.shared.options.sink {
                let log = if line.to_ascii_uppercase().starts_with("AUTH") { "AUTH".to_owned() } else { line.clone() };
                self.shared.commands.lock().unwrap_or_else(PoisonError::into_inner).push(log);
            }
            if matches!(self.command(&line).await?, Next::Close) {
                break;
            }
            if self.shared.options.loses_commands {
                self.read.clear();
            }
        }
        Ok(())
    }

    async fn say(&mut self, reply: &str) -> io::Result<()> {
        self.tcp.write_all(format!("{reply}\r\n").as_bytes()).await
    }

    async fn line(&mut self) -> io::Result<Option<String>> {
        loop {
            if let Some(end) = self.read.iter().position(|b| *b == b'\n') {
                let line: Vec<u8> = self.read.drain(..=end).collect();
                return Ok(Some(String::from_utf8_lossy(&line).trim_end().to_owned()));
            }
            if self.read.len() > LINE_BYTES_MAX || self.tcp.read_buf(&mut self.read).await? == 0 {
                return Ok(None);
            }
        }
    }

    async fn command(&mut self, line: &str) -> io::Result<Next> {
        let (verb, rest) = line.split_once(' ').unwrap_or((line, ""));
        match verb.to_ascii_uppercase().as_str() {
            "EHLO" => {
                let o = &self.shared.options;
                let auth = match (&o.login, o.login_only) {
                    (None, _) => "",
                    (Some(_), false) => "250-AUTH PLAIN\r\n",
                    (Some(_), true) => "250-AUTH LOGIN\r\n",
                };
                let pipelining = if o.pipelining || o.loses_commands { "250-PIPELINING\r\n" } else { "" };
                let chunking = if o.chunking { "250-CHUNKING\r\n" } else { "" };
                let dsn = if o.dsn { "250-DSN\r\n" } else { "" };
                let reply = format!(
                    "250-sim.example\r\n{auth}{pipelining}{chunking}{dsn}250-SIZE {MESSAGE_BYTES_MAX}\r\n250 8BITMIME"
                );
                self.say(&reply).await?;
            }
            "HELO" | "NOOP" => self.say("250 sim.example").await?,
            "AUTH" => self.auth(rest).await?,
            "RSET" => {
                self.reset();
                self.say("250 2.0.0 Ok").await?;
            }
            "QUIT" => {
                self.say("221 2.0.0 Bye").await?;
                return Ok(Next::Close);
            }
            "MAIL" if self.shared.options.login.is_some() && !self.authenticated => {
                self.say("530 5.7.0 Authentication required").await?;
            }
            "MAIL" if self.from.is_some() => self.say("503 5.5.1 nested MAIL").await?,
            "MAIL" => {
                self.from = Some(path(rest));
                self.say("250 2.1.0 Ok").await?;
            }
            "RCPT" if self.from.is_none() => self.say("503 5.5.1 MAIL first").await?,
            "RCPT" => return self.rcpt(path(rest)).await,
            "BDAT" => return self.bdat(rest).await,
            "DATA" if self.to.is_empty() => self.say("554 5.5.1 no valid recipients").await?,
            "DATA" => return self.data().await,
            _ => self.say("502 5.5.2 command not recognised").await?,
        }
        Ok(Next::Go)
    }

    fn reset(&mut self) {
        self.from = None;
        self.to.clear();
    }

    async fn auth(&mut self, rest: &str) -> io::Result<()> {
        let Some((user, password)) = self.shared.options.login.clone() else {
            return self.say("503 5.5.1 not here").await;
        };
        let given = if self.shared.options.login_only {
            let mut words = Vec::new();
            for ask in ["334 VXNlcm5hbWU6", "334 UGFzc3dvcmQ6"] {
                self.say(ask).await?;
                words.push(self.line().await?.unwrap_or_default());
            }
            words
        } else {
            vec![rest.trim_start_matches("PLAIN ").to_owned()]
        };
        let encoded = if self.shared.options.login_only {
            vec![encode(user.as_bytes()), encode(password.as_bytes())]
        } else {
            vec![encode(format!("\0{user}\0{password}").as_bytes())]
        };
        self.authenticated = given == encoded;
        self.say(if self.authenticated { "235 2.7.0 Ok" } else { "535 5.7.8 wrong user or password" }).await
    }

    async fn rcpt(&mut self, to: String) -> io::Result<Next> {
        match word(&to) {
            "temp" => self.say(&format!("450 4.2.1 <{to}>: Recipient address rejected: Mailbox busy")).await?,
            "full" => self.say("452 4.2.2 Mailbox full").await?,
            "perm" => self.say(&format!("550 5.1.1 <{to}>: Recipient address rejected: User unknown")).await?,
            "drop" => return Ok(Next::Close),
            "garbage" => self.say("\u{7}HTTP/1.0 400 Bad Request").await?,
            "away" => {
                self.say("421 4.3.2 going down").await?;
                return Ok(Next::Close);
            }
            _ => {
                self.to.push(to);
                self.say("250 2.1.5 Ok").await?;
            }
        }
        Ok(Next::Go)
    }

    /// One chunk is one text here; more than one is not understood.
    async fn bdat(&mut self, rest: &str) -> io::Result<Next> {
        let Some(octets) = rest.strip_suffix(" LAST").and_then(|n| n.parse::<usize>().ok()) else {
            self.say("501 5.5.4 BDAT size LAST").await?;
            return Ok(Next::Close);
        };
        if octets > MESSAGE_BYTES_MAX {
            self.say("552 5.3.4 too large").await?;
            return Ok(Next::Close);
        }
        let to = std::mem::take(&mut self.to);
        let how = to.first().map_or("", |t| word(t)).to_owned();
        while self.read.len() < octets {
            if how == "halfway" || self.tcp.read_buf(&mut self.read).await? == 0 {
                return Ok(Next::Close);
            }
        }
        let raw: Vec<u8> = self.read.drain(..octets).collect();
        if to.is_empty() {
            // The transaction stays open, as with some servers: only RSET ends it.
            self.say("554 5.5.1 no valid recipients").await?;
            return Ok(Next::Go);
        }
        let from = self.from.take().unwrap_or_default();
        self.arrived(&from, &to, &how, &raw).await
    }

    async fn data(&mut self) -> io::Result<Next> {
        let to = std::mem::take(&mut self.to);
        let from = self.from.take().unwrap_or_default();
        let how = to.first().map_or("", |t| word(t)).to_owned();
        self.say("354 End data with <CR><LF>.<CR><LF>").await?;
        if how == "halfway" {
            return Ok(Next::Close);
        }
        let Some(raw) = self.text().await? else { return Ok(Next::Close) };
        self.arrived(&from, &to, &how, &raw).await
    }

    /// A whole text is there.
    async fn arrived(&mut self, from: &str, to: &[String], how: &str, raw: &[u8]) -> io::Result<Next> {
        if how == "reject" {
            self.say("554 5.7.1 refused by content").await?;
            return Ok(Next::Go);
        }
        if self.shared.options.sink {
            self.say("250 2.0.0 Ok: taken").await?;
            return Ok(Next::Go);
        }
        let mail = Mail::read(from, to, raw);
        // A PDF is for a fax machine: the provider dials what stands before the @.
        let fax = (!mail.pdf.is_empty()).then(|| pdf::pages(&mail.pdf).unwrap_or_default().join("\u{c}"));
        for to in &mail.to {
            match &fax {
                Some(pages) => {
                    let number = to.split('@').next().unwrap_or(to);
                    self.shared.far.show(&self.shared.name, number, pages);
                }
                None => self.shared.far.show(&self.shared.name, to, mail.plain.trim_end()),
            }
        }
        let n = {
            let mut mails = self.shared.mails.lock().unwrap_or_else(PoisonError::into_inner);
            mails.push(mail);
            mails.len()
        };
        match how {
            "closed" => return Ok(Next::Close),
            "silent" => {
                // Until the far end has had enough.
                while self.tcp.read_buf(&mut self.read).await? > 0 {
                    self.read.clear();
                }
                return Ok(Next::Close);
            }
            "slow" => tokio::time::sleep(Duration::from_millis(self.shared.options.slow_ms)).await,
            _ => {}
        }
        self.taken += 1;
        self.say(&format!("250 2.0.0 Ok: queued as SIM{n}")).await?;
        Ok(if self.shared.options.closes_after == Some(self.taken) { Next::Close } else { Next::Go })
    }

    /// Up to the dot, dots undoubled.
    async fn text(&mut self) -> io::Result<Option<Vec<u8>>> {
        let mut text = Vec::new();
        loop {
            while let Some(end) = self.read.iter().position(|b| *b == b'\n') {
                let line: Vec<u8> = self.read.drain(..=end).collect();
                if line == b".\r\n" {
                    return Ok(Some(text));
                }
                text.extend_from_slice(line.strip_prefix(b".").unwrap_or(&line));
            }
            if text.len() + self.read.len() > MESSAGE_BYTES_MAX || self.tcp.read_buf(&mut self.read).await? == 0 {
                return Ok(None);
            }
        }
    }
}

/// What stands in angle brackets.
fn path(rest: &str) -> String {
    let begin = rest.find('<').map_or(rest.len(), |i| i + 1);
    let end = rest.find('>').unwrap_or(rest.len());
    rest.get(begin..end).unwrap_or_default().to_owned()
}

/// The first word of the local part.
fn word(to: &str) -> &str {
    to.split(['@', '+', '-', '.']).next().unwrap_or_default()
}

fn encode(bytes: &[u8]) -> String {
    const LETTERS: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    let mut out = String::new();
    for three in bytes.chunks(3) {
        let bits = three.iter().fold(0usize, |bits, b| bits << 8 | usize::from(*b)) << (8 * (3 - three.len()));
        for i in 0..4 {
            let letter = char::from(LETTERS[bits >> (18 - 6 * i) & 63]);
            out.push(if i <= three.len() { letter } else { '=' });
        }
    }
    out
}
