//! One connection to a mail server. Writes and reads with a limit on every wait; what an answer means is decided elsewhere.

use std::time::Duration;

use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::time::{Instant, timeout, timeout_at};

use super::codec::{Garbage, Offers, Reply, auth_login, auth_plain};
use super::config::{SmtpConfig, Tls};
use super::tls::Connector;
use crate::domain::delivery::SendError;

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
    /// What came is no SMTP, or an answer to another question.
    OutOfStep,
}

impl Lost {
    pub fn as_str(&self) -> &'static str {
        match self {
            Lost::Closed => "connection lost",
            Lost::TimedOut => "no answer in time",
            Lost::OutOfStep => "the answer is no SMTP or out of step",
        }
    }
}

impl From<Garbage> for Lost {
    fn from(Garbage: Garbage) -> Self {
        Lost::OutOfStep
    }
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
    pub async fn open(config: &SmtpConfig, tls: Option<&Connector>) -> Result<Self, SendError> {
        let limit = Duration::from_secs(config.connect_timeout_s.into());
        let tcp = timeout(limit, TcpStream::connect((config.host.as_str(), config.port)))
            .await
            .map_err(|_| SendError::temporary("connect: no answer in time"))?
            .map_err(|e| SendError::temporary(format!("connect: {}", e.kind())))?;
        // Without it, a small write after a small write waits 40 ms for the delayed acknowledgement of the first.
        let _ = tcp.set_nodelay(true);
        let loopback = tcp.peer_addr().is_ok_and(|a| a.ip().to_canonical().is_loopback());

        let mut session = Self {
            wire: Box::new(tcp),
            read: Vec::new(),
            offers: Offers::default(),
            begun: 0,
            dirty: false,
            protected: false,
            reply_timeout: Duration::from_secs(config.reply_timeout_s.into()),
        };
        if let (Tls::Implicit, Some(tls)) = (config.tls, tls) {
            session = session.protect(tls, limit).await?;
        }
        expect(session.reply(session.reply_timeout).await, 220, "greeting")?;
        session.hello(config).await?;
        match (config.tls, tls) {
            (Tls::Starttls | Tls::Opportunistic, Some(tls)) if session.offers.starttls => {
                expect(session.ask("STARTTLS\r\n").await, 220, "STARTTLS")?;
                // What was sent before the handshake could be anybody's (CVE-2011-0411).
                if !session.read.is_empty() {
                    return Err(SendError::temporary("STARTTLS: more came than its answer"));
                }
                session = session.protect(tls, limit).await?;
                session.hello(config).await?;
            }
            (Tls::Starttls, _) => return Err(SendError::temporary("STARTTLS: the server does not offer it")),
            _ => {}
        }
        session.authenticate(config, loopback).await?;
        Ok(session)
    }

    async fn protect(mut self, tls: &Connector, limit: Duration) -> Result<Self, SendError> {
        let protected = timeout(limit, tls.protect(self.wire))
            .await
            .map_err(|_| SendError::temporary("TLS: no answer in time"))?
            .map_err(|e| SendError::temporary(format!("TLS: {e}")))?;
        self.wire = Box::new(protected);
        self.protected = true;
        Ok(self)
    }

    async fn hello(&mut self, config: &SmtpConfig) -> Result<(), SendError> {
        let domain = config.from.rsplit_once('@').map_or("localhost", |(_, domain)| domain);
        let name = config.hello_name.as_deref().unwrap_or(domain);
        let name: String = name.chars().filter(char::is_ascii_graphic).collect();
        let name = if name.is_empty() { "localhost" } else { &name };
        self.offers = Offers::of(&expect(self.ask(&format!("EHLO {name}\r\n")).await, 250, "EHLO")?);
        Ok(())
    }

    async fn authenticate(&mut self, config: &SmtpConfig, loopback: bool) -> Result<(), SendError> {
        let Some(login) = &config.login else { return Ok(()) };
        if !self.protected && !loopback {
            return Err(SendError::temporary("AUTH: the connection is not protected; the password was not sent"));
        }
        let reply = if self.offers.auth_plain {
            self.ask(&auth_plain(login)).await
        } else if self.offers.auth_login {
            let mut reply = self.ask("AUTH LOGIN\r\n").await;
            for answer in auth_login(login) {
                expect(reply, 334, "AUTH")?;
                reply = self.ask(&answer).await;
            }
            reply
        } else {
            return Err(SendError::temporary("AUTH: the server offers neither PLAIN nor LOGIN"));
        };
        expect(reply, 235, "AUTH").map(drop)
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
        let yes = |b| if b { "yes" } else { "no" };
        format!("connected; TLS: {}; pipelining: {}", yes(self.protected), yes(self.offers.pipelining))
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
