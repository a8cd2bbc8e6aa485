//! One connection to a mail server. Writes and reads with a limit on every wait; what an answer means is decided elsewhere.

use std::time::Duration;

use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::time::{Instant, timeout, timeout_at};

use super::auth::{self, LoginGate, Offered};
use super::codec::{Garbage, Offers, Reply};
use super::config::{AuthBy, SmtpConfig};
use super::tls::Protection;
use crate::domain::delivery::SendError;
use crate::gateways::Secret;

/// Seconds that a parting QUIT may take.
const QUIT_TIMEOUT_S: u64 = 2;

/// A protected or bare connection.
pub(super) trait Wire: AsyncRead + AsyncWrite + Send + Sync + Unpin {}
impl<T: AsyncRead + AsyncWrite + Send + Sync + Unpin> Wire for T {}

/// Why a connection is of no more use.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(super) enum Lost {
    /// The far end closed it, or the network did.
    Closed,
    /// No answer in its time.
    TimedOut,
    /// What came is not SMTP, or an answer to another question.
    OutOfStep,
}

impl Lost {
    pub fn as_str(&self) -> &'static str {
        match self {
            Lost::Closed => "connection lost",
            Lost::TimedOut => "no answer in time",
            Lost::OutOfStep => "the answer is not SMTP or is out of step",
        }
    }
}

impl From<Garbage> for Lost {
    fn from(Garbage: Garbage) -> Self {
        Lost::OutOfStep
    }
}

/// A bare connection, and whether it stays on this machine.
pub(super) async fn dial(host: &str, port: u16, limit: Duration) -> Result<(TcpStream, bool), String> {
    let tcp = timeout(limit, TcpStream::connect((host, port)))
        .await
        .map_err(|_| "connect: no answer in time".to_owned())?
        .map_err(|e| format!("connect: {}", e.kind()))?;
    // Without it, a small write after a small write waits 40 ms for the delayed acknowledgement of the first.
    let _ = tcp.set_nodelay(true);
    let loopback = tcp.peer_addr().is_ok_and(|a| a.ip().to_canonical().is_loopback());
    Ok((tcp, loopback))
}

/// An open connection, greeted, protected and logged in.
pub(super) struct Session {
    wire: Box<dyn Wire>,
    read: Vec<u8>,
    /// What the server offers.
    pub offers: Offers,
    /// Messages begun over it.
    pub begun: u32,
    /// A transaction was refused midway: RSET before the next.
    pub dirty: bool,
    protected: bool,
    reply_timeout: Duration,
}

impl Session {
    /// Connects, greets, protects, logs in. Every failure is Temporary, a wrong password too: it is the gateway that is
    /// wrong then, not the address, and it may be mended while the alert is still wanted.
    pub async fn open(config: &SmtpConfig, protection: &Protection, gate: &LoginGate) -> Result<Self, SendError> {
        let password = match &config.password {
            Some(password) => Some(password.now().await),
            None => None,
        };
        if let Some(password) = &password {
            gate.may(password, Instant::now()).map_err(SendError::temporary)?;
        }
        let limit = config.connect_timeout.duration();
        let (tcp, loopback) = dial(&config.host, config.port, limit).await.map_err(SendError::temporary)?;

        let (wire, protected) = protection.at_once(Box::new(tcp), limit).await.map_err(SendError::temporary)?;
        let mut session = Self {
            wire,
            read: Vec::new(),
            offers: Offers::default(),
            begun: 0,
            dirty: false,
            protected,
            reply_timeout: config.reply_timeout.duration(),
        };
        expect(session.reply(session.reply_timeout).await, 220, "greeting")?;
        session.hello(config).await?;
        if protection.upgrades(session.offers.starttls).map_err(SendError::temporary)? {
            expect(session.ask("STARTTLS\r\n").await, 220, "STARTTLS")?;
            let upgraded = protection.upgrade(session.wire, &session.read, limit).await;
            session.wire = upgraded.map_err(SendError::temporary)?;
            session.protected = true;
            session.hello(config).await?;
        }
        if let Some(password) = password {
            session.authenticate(config, &password, loopback, gate).await?;
        }
        Ok(session)
    }

    async fn hello(&mut self, config: &SmtpConfig) -> Result<(), SendError> {
        let domain = config.from.rsplit_once('@').map_or("localhost", |(_, domain)| domain);
        let name = config.hello.as_deref().unwrap_or(domain);
        let name: String = name.chars().filter(char::is_ascii_graphic).collect();
        let name = if name.is_empty() { "localhost" } else { &name };
        let reply = self.ask(&format!("EHLO {name}\r\n")).await;
        // A server from before 1995 knows neither the word nor anything that it would announce (RFC 5321 4.1.4).
        if reply.as_ref().is_ok_and(|r| matches!(r.code, 500 | 502)) {
            self.offers = Offers::default();
            return expect(self.ask(&format!("HELO {name}\r\n")).await, 250, "HELO").map(drop);
        }
        self.offers = Offers::of(&expect(reply, 250, "EHLO")?);
        Ok(())
    }

    async fn authenticate(
        &mut self,
        config: &SmtpConfig,
        password: &Secret,
        loopback: bool,
        gate: &LoginGate,
    ) -> Result<(), SendError> {
        let Some(user) = &config.user else { return Ok(()) };
        let offers = self.offers;
        let (by, offered) = Offered {
            plain: offers.auth_plain,
            login: offers.auth_login,
            cram_md5: offers.auth_cram_md5,
            xoauth2: offers.auth_xoauth2,
        }
        .choose(config.auth);
        if !offered {
            let wanted = match config.auth {
                AuthBy::Auto => "any of PLAIN, LOGIN and CRAM-MD5",
                AuthBy::Plain => "PLAIN",
                AuthBy::Login => "LOGIN",
                AuthBy::CramMd5 => "CRAM-MD5",
                AuthBy::Xoauth2 => "XOAUTH2",
            };
            let before = if self.protected { "" } else { " before TLS" };
            return Err(SendError::temporary(format!("AUTH: the server does not offer {wanted}{before}")));
        }
        auth::may_show(by, self.protected, loopback).map_err(|why| SendError::temporary(format!("AUTH: {why}")))?;
        let _turn = gate.turn(password).await.map_err(SendError::temporary)?;
        let reply = match self.auth_dialogue(by, user, password).await {
            Ok(reply) => reply,
            Err(lost) => return Err(SendError::temporary(format!("AUTH: {}", lost.as_str()))),
        };
        match reply.code {
            235 => {
                gate.worked();
                Ok(())
            }
            // 4yz: its directory is away. 5yz: it is our login that is wrong, and will be wrong the next time.
            code => {
                let mut cause = format!("AUTH: {}", reply.words(""));
                if code / 100 == 5 {
                    cause.push_str("; the server refuses user or password");
                    gate.refused(cause.clone(), password.clone(), Instant::now());
                }
                Err(SendError::temporary(cause))
            }
        }
    }

    /// Up to the reply that is neither a question nor lost.
    async fn auth_dialogue(&mut self, by: AuthBy, user: &str, password: &Secret) -> Result<Reply, Lost> {
        let mut answers = match by {
            AuthBy::Plain => {
                return self.ask(&format!("AUTH PLAIN {}\r\n", auth::plain(user, password))).await;
            }
            AuthBy::Xoauth2 => {
                let reply = self.ask(&format!("AUTH XOAUTH2 {}\r\n", auth::xoauth2(user, password))).await?;
                // A refusal comes as a question first; an empty answer gets the refusal itself.
                return if reply.code == 334 { self.ask("\r\n").await } else { Ok(reply) };
            }
            AuthBy::Login => auth::login(user, password).to_vec(),
            AuthBy::Auto | AuthBy::CramMd5 => Vec::new(),
        }
        .into_iter();
        let is_login = by == AuthBy::Login;
        let mut reply = self.ask(if is_login { "AUTH LOGIN\r\n" } else { "AUTH CRAM-MD5\r\n" }).await?;
        let questions = if is_login { 2 } else { 1 };
        for _ in 0..questions {
            if reply.code != 334 {
                break;
            }
            let answer = if is_login {
                answers.next()
            } else {
                auth::cram_md5(user, password, reply.lines.first().map_or("", String::as_str))
            };
            // `*` takes the question back (RFC 4954 4).
            reply = self.ask(&format!("{}\r\n", answer.as_deref().unwrap_or("*"))).await?;
        }
        Ok(reply)
    }

    /// Whether the far end has closed it, or said something unasked: nothing can be begun over it then. Waits for nothing.
    pub async fn is_stale(&mut self) -> bool {
        !self.read.is_empty() || timeout(Duration::ZERO, self.wire.read_buf(&mut self.read)).await.is_ok()
    }

    /// Writes all, and says how many bytes went down the wire before it failed: whether the final dot was among them is the
    /// difference between "not sent" and "unknown".
    pub async fn write(&mut self, bytes: &[u8]) -> Result<(), usize> {
        let until = Instant::now() + self.reply_timeout;
        let mut written = 0;
        while written < bytes.len() {
            match timeout_at(until, self.wire.write(&bytes[written..])).await {
                Ok(Ok(n)) if n > 0 => written += n,
                _ => return Err(written),
            }
        }
        match timeout_at(until, self.wire.flush()).await {
            Ok(Ok(())) => Ok(()),
            _ => Err(written),
        }
    }

    /// The next reply.
    pub async fn reply(&mut self, within: Duration) -> Result<Reply, Lost> {
        let until = Instant::now() + within;
        loop {
            if let Some(reply) = Reply::take(&mut self.read)? {
                return Ok(reply);
            }
            match timeout_at(until, self.wire.read_buf(&mut self.read)).await {
                Ok(Ok(0) | Err(_)) => return Err(Lost::Closed),
                Ok(Ok(_)) => {}
                Err(_) => return Err(Lost::TimedOut),
            }
        }
    }

    /// One command, one reply.
    pub async fn ask(&mut self, command: &str) -> Result<Reply, Lost> {
        self.write(command.as_bytes()).await.map_err(|_| Lost::Closed)?;
        self.reply(self.reply_timeout).await
    }

    /// How long one answer may take.
    pub fn reply_timeout(&self) -> Duration {
        self.reply_timeout
    }

    /// For a screen.
    pub fn describe(&self) -> String {
        let offers = self.offers;
        let table = [
            ("TLS", self.protected),
            ("pipelining", offers.pipelining),
            ("chunking", offers.chunking),
            ("reports", offers.dsn),
        ];
        let words: Vec<String> = table.iter().map(|(w, b)| format!("{w}: {}", if *b { "yes" } else { "no" })).collect();
        format!("connected; {}", words.join("; "))
    }

    /// A parting word; it may fail.
    pub async fn quit(mut self) {
        let _ = timeout(Duration::from_secs(QUIT_TIMEOUT_S), self.ask("QUIT\r\n")).await;
        let _ = timeout(Duration::from_secs(QUIT_TIMEOUT_S), self.wire.shutdown()).await;
    }
}

fn expect(reply: Result<Reply, Lost>, code: u16, at: &str) -> Result<Reply, SendError> {
    match reply {
        Ok(reply) if reply.code == code => Ok(reply),
        Ok(reply) => Err(SendError::temporary(format!("{at}: {}", reply.words("")))),
        Err(lost) => Err(SendError::temporary(format!("{at}: {}", lost.as_str()))),
    }
}
