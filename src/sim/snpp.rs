//! A paging transmitter on loopback (RFC 1861, levels 1 to 3). Each page that SEND finishes is shown as a pager shows it:
//! in the letters of its display, without the spaces at the end.

use std::collections::BTreeMap;
use std::io;
use std::net::SocketAddr;
use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::task::{AbortHandle, JoinSet};

use super::Far;
use super::display::displayed;
use super::two_way::{Asked, Pages};
use crate::domain::text::Charset;

/// Bytes of one command line, and of the text after DATA.
const TEXT_BYTES_MAX: usize = 64 * 1024;

/// How one pager's transmitter misbehaves.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Behaviour {
    /// 421 to PAGE, and closes.
    Busy,
    /// 550 to PAGE.
    Unknown,
    /// 554 to SEND.
    Technical,
    /// Takes so many pages, then 554 to SEND.
    TakesOnly(usize),
    /// Closes when the text has come.
    DropsBeforeSend,
    /// Sends the page, says so after so many milliseconds.
    Slow(u64),
    /// Sends the page, never says so.
    Silent,
    /// Sends the page, closes its side without a word.
    HalfClosed,
    /// Answers PAGE with something that is not SNPP.
    Garbage,
    /// The pager is out of reach: 750 to PING, its pages are queued.
    OutOfReach,
}

/// How the whole transmitter behaves.
#[derive(Clone, Debug)]
pub struct Options {
    /// 1, 2 or 3.
    pub level: u8,
    /// Wants LOGI with these before anything else.
    pub login: Option<(String, String)>,
    /// What its pagers display.
    pub charset: Charset,
    /// Bytes of a MESS line.
    pub mess_bytes_max: usize,
    /// Its yes to SEND.
    pub send_code: u16,
    /// Reads MESS as words, as HylaFAX does: one space of several, no quotes.
    pub mess_by_words: bool,
    /// RESE logs out, as HylaFAX does.
    pub rese_logs_out: bool,
    /// Closes after each page.
    pub closes_after_send: bool,
    /// The first so many connections are greeted with 421.
    pub greets_421: u32,
    /// By pager number.
    pub behaviours: BTreeMap<String, Behaviour>,
}

impl Default for Options {
    fn default() -> Self {
        Self {
            level: 2,
            login: None,
            charset: Charset::Iso646Se,
            mess_bytes_max: 128,
            send_code: 250,
            mess_by_words: false,
            rese_logs_out: false,
            closes_after_send: false,
            greets_421: 0,
            behaviours: BTreeMap::new(),
        }
    }
}

/// A running transmitter; stops when it is dropped.
#[derive(Debug)]
pub struct Handle {
    /// Where it listens.
    pub addr: SocketAddr,
    shared: Arc<Shared>,
    listener: AbortHandle,
}

impl Handle {
    /// Command lines so far, as bytes, each connection's in its order; of LOGI the word alone.
    pub fn commands(&self) -> Vec<Vec<u8>> {
        self.shared.commands.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }
    /// A two-way pager comes into reach. `false`: it has no pages.
    pub fn arrive(&self, pager: &str) -> bool {
        self.shared.pages.arrive(pager)
    }
    /// What is queued for it expires.
    pub fn expire(&self, pager: &str) -> bool {
        self.shared.pages.expire(pager)
    }
    /// Its bearer reads.
    pub fn read(&self, pager: &str) -> bool {
        self.shared.pages.read(pager)
    }
    /// Its bearer answers. `false`: no page of it waits for that.
    pub fn answer(&self, pager: &str, text: &str) -> bool {
        self.shared.pages.answer(pager, text)
    }
    /// Connections so far.
    pub fn connections(&self) -> u32 {
        self.shared.connections.load(Ordering::SeqCst)
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
    commands: Mutex<Vec<Vec<u8>>>,
    connections: AtomicU32,
    pages: Pages,
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
        commands: Mutex::default(),
        connections: AtomicU32::new(0),
        pages: Pages::default(),
    });
    let served = shared.clone();
    let task = tokio::spawn(async move {
        // Dropped with the task: its connections end with it.
        let mut connections = JoinSet::new();
        while let Ok((tcp, _)) = listener.accept().await {
            let shared = served.clone();
            connections.spawn(async move {
                let logged_in = shared.options.login.is_none();
                let read = Vec::new();
                let two_way = None;
                let _ = Connection { tcp, read, shared, logged_in, pager: None, text: None, two_way }.serve().await;
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
    logged_in: bool,
    pager: Option<String>,
    text: Option<Vec<u8>>,
    /// A two-way transaction, and what is asked of its page.
    two_way: Option<Asked>,
}

enum Next {
    Go,
    Close,
}

impl Connection {
    async fn serve(mut self) -> io::Result<()> {
        self.tcp.set_nodelay(true)?;
        let nth = self.shared.connections.fetch_add(1, Ordering::SeqCst);
        if nth < self.shared.options.greets_421 {
            return self.say("421 Gateway busy, try again").await;
        }
        self.say("220 SNPP sim ready").await?;
        while let Some(line) = self.line().await? {
            let log = if line.starts_with(b"LOGI") { b"LOGI".to_vec() } else { line.clone() };
            self.shared.commands.lock().unwrap_or_else(PoisonError::into_inner).push(log);
            if matches!(self.command(&line).await?, Next::Close) {
                break;
            }
        }
        Ok(())
    }

    async fn say(&mut self, reply: &str) -> io::Result<()> {
        self.tcp.write_all(format!("{reply}\r\n").as_bytes()).await
    }

    /// A line without its end.
    async fn line(&mut self) -> io::Result<Option<Vec<u8>>> {
        loop {
            if let Some(end) = self.read.iter().position(|b| *b == b'\n') {
                let mut line: Vec<u8> = self.read.drain(..=end).collect();
                line.pop();
                if line.last() == Some(&b'\r') {
                    line.pop();
                }
                return Ok(Some(line));
            }
            if self.read.len() > TEXT_BYTES_MAX || self.tcp.read_buf(&mut self.read).await? == 0 {
                return Ok(None);
            }
        }
    }

    fn behaviour(&self) -> Option<Behaviour> {
        self.shared.options.behaviours.get(self.pager.as_deref()?).copied()
    }

    async fn command(&mut self, line: &[u8]) -> io::Result<Next> {
        let (verb, rest) = match line.iter().position(|b| *b == b' ') {
            Some(at) => (&line[..at], &line[at + 1..]),
            None => (line, &b""[..]),
        };
        let verb = String::from_utf8_lossy(verb).to_ascii_uppercase();
        let words = String::from_utf8_lossy(rest).into_owned();
        let level2 = self.shared.options.level >= 2;
        match verb.as_str() {
            "QUIT" => {
                self.say("221 OK, goodbye").await?;
                return Ok(Next::Close);
            }
            "LOGI" if level2 => {
                let right = match &self.shared.options.login {
                    Some((user, password)) => words == format!("{user} {password}"),
                    None => true,
                };
                self.logged_in = right;
                self.say(if right { "250 Login accepted" } else { "550 Invalid login" }).await?;
            }
            _ if !self.logged_in => self.say("550 Login first").await?,
            "RESE" => {
                (self.pager, self.text, self.two_way) = (None, None, None);
                self.logged_in = self.shared.options.login.is_none() || !self.shared.options.rese_logs_out;
                self.say("250 Reset OK").await?;
            }
            "PAGE" => return self.page(words).await,
            "MESS" if self.text.is_some() => self.say("503 Message already entered").await?,
            "MESS" if rest.is_empty() || rest.len() > self.shared.options.mess_bytes_max => {
                self.say("550 Message empty or too long").await?;
            }
            "MESS" if self.shared.options.mess_by_words => {
                let words: Vec<&[u8]> = rest.split(|b| *b == b' ').filter(|w| !w.is_empty()).collect();
                let mut text = words.join(&b' ');
                text.retain(|b| *b != b'"');
                return self.take(text).await;
            }
            "MESS" => return self.take(rest.to_vec()).await,
            "DATA" if level2 && self.text.is_some() => self.say("503 Message already entered").await?,
            "DATA" if level2 => return self.data().await,
            "ALER" if level2 && matches!(words.as_str(), "0" | "1") => self.say("250 Alert override accepted").await?,
            "CALL" if level2 && !words.is_empty() => self.say("250 Caller ID accepted").await?,
            "SITE" => self.say("250 OK").await?,
            "SEND" => return self.send().await,
            "2WAY" if self.shared.options.level >= 3 => {
                self.two_way = Some(Asked::default());
                self.say("250 OK, beginning two-way transaction").await?;
            }
            "PING" | "ACKR" | "RTYP" | "MCRE" | "EXPT" | "MSTA" | "KTAG" if self.two_way.is_some() => {
                let reply = self.level_three(&verb, &words);
                self.say(&reply).await?;
            }
            _ => self.say("500 Command unknown").await?,
        }
        Ok(Next::Go)
    }

    fn level_three(&mut self, verb: &str, words: &str) -> String {
        let Some(asked) = &mut self.two_way else { return "500 Command unknown".into() };
        match verb {
            "MSTA" => self.shared.pages.status(words),
            "KTAG" => self.shared.pages.kill(words),
            "PING" => match self.shared.options.behaviours.get(words) {
                Some(Behaviour::OutOfReach) => "750 Unit valid but not online at this time".into(),
                _ => "821 Unit on system".into(),
            },
            "ACKR" if words == "1" => {
                asked.read_ack = true;
                "250 Read acknowledgment enabled".into()
            }
            "RTYP" if matches!(words, "NONE" | "YESNO" | "MULTICHOICE" | "TEXT") => {
                asked.reply_type = words.into();
                "250 Reply type accepted".into()
            }
            "MCRE" if self.pager.is_none() => "503 Pager first".into(),
            "MCRE" => match words.split_once(' ') {
                Some((code, text)) if asked.reply_type == "MULTICHOICE" && code.len() == 2 => match code.parse() {
                    Ok(code) => {
                        asked.choices.push((code, text.into()));
                        "250 Response added to transaction".into()
                    }
                    Err(_) => "550 Invalid MCResponse code".into(),
                },
                _ => "550 MCResponses not enabled".into(),
            },
            "EXPT" if words.parse().is_ok_and(|hours: u32| hours > 0) => "250 Message expiry time changed".into(),
            _ => "550 Invalid".into(),
        }
    }

    async fn page(&mut self, pager: String) -> io::Result<Next> {
        if self.pager.is_some() {
            self.say("503 Pager already entered").await?;
            return Ok(Next::Go);
        }
        let reply = format!("550 Pager {pager} unknown");
        self.pager = Some(pager);
        match self.behaviour() {
            Some(Behaviour::Busy) => {
                self.say("421 Gateway service unavailable").await?;
                return Ok(Next::Close);
            }
            Some(Behaviour::Unknown) => {
                self.pager = None;
                self.say(&reply).await?;
            }
            Some(Behaviour::Garbage) => self.say("\u{1}\u{2}NO CARRIER").await?,
            Some(Behaviour::OutOfReach) if self.two_way.is_some() => self.say("950 Unit not online, queued").await?,
            _ if self.two_way.is_some() => self.say("850 Two-way unit online, accepted").await?,
            _ => self.say("250 Pager ID accepted").await?,
        }
        Ok(Next::Go)
    }

    async fn take(&mut self, text: Vec<u8>) -> io::Result<Next> {
        self.text = Some(text);
        if self.behaviour() == Some(Behaviour::DropsBeforeSend) {
            return Ok(Next::Close);
        }
        self.say("250 Message OK").await?;
        Ok(Next::Go)
    }

    async fn data(&mut self) -> io::Result<Next> {
        self.say("354 Begin input; end with <CRLF>.<CRLF>").await?;
        let mut text: Vec<u8> = Vec::new();
        loop {
            let Some(line) = self.line().await? else { return Ok(Next::Close) };
            if line == b"." {
                break;
            }
            if !text.is_empty() {
                text.push(b'\n');
            }
            text.extend_from_slice(if line.starts_with(b".") { &line[1..] } else { &line });
            if text.len() > TEXT_BYTES_MAX {
                return Ok(Next::Close);
            }
        }
        self.take(text).await
    }

    async fn send(&mut self) -> io::Result<Next> {
        let how = self.behaviour();
        let (Some(pager), Some(text)) = (self.pager.take(), self.text.take()) else {
            self.say("503 Pager or message missing").await?;
            return Ok(Next::Go);
        };
        let taken = || self.shared.far.all().iter().filter(|s| s.to == pager).count();
        if how == Some(Behaviour::Technical) || matches!(how, Some(Behaviour::TakesOnly(n)) if taken() >= n) {
            self.say("554 Message failed, transmitter fault").await?;
            return Ok(Next::Go);
        }
        let shown = displayed(&text, self.shared.options.charset);
        self.shared.far.show(&self.shared.name, &pager, shown.trim_end_matches(' '));
        match how {
            Some(Behaviour::Slow(ms)) => tokio::time::sleep(Duration::from_millis(ms)).await,
            Some(Behaviour::HalfClosed) => {
                self.tcp.shutdown().await?;
                self.hear_out().await?;
                return Ok(Next::Close);
            }
            Some(Behaviour::Silent) => {
                self.hear_out().await?;
                return Ok(Next::Close);
            }
            _ => {}
        }
        let reply = match self.two_way.take() {
            Some(asked) => self.shared.pages.send(&pager, asked, how == Some(Behaviour::OutOfReach)),
            None => format!("{} Message sent", self.shared.options.send_code),
        };
        self.say(&reply).await?;
        Ok(if self.shared.options.closes_after_send { Next::Close } else { Next::Go })
    }

    /// Reads until the far end has had enough.
    async fn hear_out(&mut self) -> io::Result<()> {
        while self.tcp.read_buf(&mut self.read).await? > 0 {
            self.read.clear();
        }
        Ok(())
    }
}
