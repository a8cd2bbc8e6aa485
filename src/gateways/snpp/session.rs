//! One connection to a transmitter. Writes and reads with a limit on every wait; what an answer means is decided elsewhere.

use std::time::Duration;

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::time::{Instant, timeout, timeout_at};

use super::codec::{Command, Garbage, Reply};
use super::config::SnppConfig;
use crate::domain::delivery::SendError;

/// Seconds that a parting QUIT may take.
const QUIT_TIMEOUT_S: u64 = 2;

/// Why a connection is of no more use.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Lost {
    /// Nothing of the command left.
    Unsent,
    /// The far end closed it, or the network did.
    Closed,
    /// No answer in its time.
    TimedOut,
    /// What came is not SNPP.
    Garbage,
}

impl Lost {
    pub fn as_str(self) -> &'static str {
        match self {
            Lost::Unsent | Lost::Closed => "connection lost",
            Lost::TimedOut => "no answer in time",
            Lost::Garbage => "the answer is not SNPP",
        }
    }
}

impl From<Garbage> for Lost {
    fn from(Garbage: Garbage) -> Self {
        Lost::Garbage
    }
}

/// An open connection, greeted and logged in.
pub(super) struct Session {
    tcp: TcpStream,
    read: Vec<u8>,
    reply_timeout: Duration,
    send_timeout: Duration,
    /// A page went over it.
    pub used: bool,
}

impl Session {
    /// Connects, waits for the greeting, logs in. Every failure is Temporary, a wrong password too: it is the gateway that is
    /// wrong then, not the pager.
    pub async fn open(config: &SnppConfig) -> Result<Self, SendError> {
        let limit = config.connect_timeout.duration();
        let tcp = timeout(limit, TcpStream::connect((config.host.as_str(), config.port)))
            .await
            .map_err(|_| SendError::temporary("connect: no answer in time"))?
            .map_err(|e| SendError::temporary(format!("connect: {}", e.kind())))?;
        let _ = tcp.set_nodelay(true);
        let mut session = Self {
            tcp,
            read: Vec::new(),
            reply_timeout: config.reply_timeout.duration(),
            send_timeout: config.send_timeout.duration(),
            used: false,
        };
        let expect = |at: &str, reply: Result<Reply, Lost>| match reply {
            Ok(reply) if reply.code / 100 == 2 => Ok(()),
            Ok(reply) => Err(SendError::temporary(format!("{at}: {}", reply.words("")))),
            Err(lost) => Err(SendError::temporary(format!("{at}: {}", lost.as_str()))),
        };
        expect("greeting", session.reply(session.reply_timeout).await)?;
        if let Some(user) = &config.user {
            expect("LOGI", session.ask(&Command::Login(user, config.password.as_ref())).await)?;
        }
        Ok(session)
    }

    /// One command, one reply.
    pub async fn ask(&mut self, command: &Command<'_>) -> Result<Reply, Lost> {
        match timeout(self.reply_timeout, self.tcp.write_all(&command.bytes())).await {
            Ok(Ok(())) => {}
            Ok(Err(_)) | Err(_) => return Err(Lost::Unsent),
        }
        let within = if *command == Command::Send { self.send_timeout } else { self.reply_timeout };
        self.reply(within).await
    }

    async fn reply(&mut self, within: Duration) -> Result<Reply, Lost> {
        let until = Instant::now() + within;
        loop {
            if let Some(reply) = Reply::take(&mut self.read)? {
                return Ok(reply);
            }
            match timeout_at(until, self.tcp.read_buf(&mut self.read)).await {
                Ok(Ok(0) | Err(_)) => return Err(Lost::Closed),
                Ok(Ok(_)) => {}
                Err(_) => return Err(Lost::TimedOut),
            }
        }
    }

    /// A parting word; it may fail.
    pub async fn quit(mut self) {
        let _ = timeout(Duration::from_secs(QUIT_TIMEOUT_S), self.ask(&Command::Quit)).await;
        let _ = timeout(Duration::from_secs(QUIT_TIMEOUT_S), self.tcp.shutdown()).await;
    }
}
