//! One control connection to `hfaxd`: login, commands, transfers. It decides nothing about jobs.

use std::net::IpAddr;
use std::sync::Arc;
use std::time::Duration;

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::time::timeout;

use super::config::HylafaxConfig;
use super::wire::{self, Reply};
use crate::gateways::Secret;
use crate::gateways::fax_page::FaxDocument;

/// Documents that one connection remembers to have uploaded.
const UPLOADS_MAX: usize = 32;
/// Preliminary replies before a greeting.
const PRELIMINARY_MAX: usize = 4;
/// Asked of the server, so that a quiet night does not end the connection: the most that `hfaxd` allows by default.
const IDLE_S: u32 = 7_200;

/// Why a command came to nothing.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(super) enum Fault {
    /// The server said no.
    Refused(Reply),
    /// No connection, or it is of no use any more.
    Lost(String),
}

impl Fault {
    /// In the server's words where there are any.
    pub fn cause(&self) -> String {
        match self {
            Fault::Refused(reply) => format!("HylaFAX {}: {}", reply.code, reply.text),
            Fault::Lost(why) => why.clone(),
        }
    }
}

/// A control connection that is logged in.
pub(super) struct Session {
    stream: TcpStream,
    received: Vec<u8>,
    peer: IpAddr,
    connect_timeout: Duration,
    reply_timeout: Duration,
    /// Bodies on the server and their names there. Temporary files end with the connection.
    uploads: Vec<(Arc<FaxDocument>, String)>,
    /// Has carried a job already: a loss may mean no more than that it grew old.
    pub used: bool,
}

fn lost(what: &str) -> impl Fn(std::io::Error) -> Fault + '_ {
    move |e| Fault::Lost(format!("{what}: {}", e.kind()))
}

async fn dial(address: impl tokio::net::ToSocketAddrs, limit: Duration) -> Result<TcpStream, Fault> {
    let connecting = timeout(limit, TcpStream::connect(address));
    let stream = connecting.await.map_err(|_| Fault::Lost("no connection in time".into()))?;
    let stream = stream.map_err(lost("no connection"))?;
    stream.set_nodelay(true).map_err(lost("no connection"))?;
    Ok(stream)
}

impl Session {
    /// Connects and logs in.
    pub async fn open(config: &HylafaxConfig) -> Result<Self, Fault> {
        let connect_timeout = config.connect_timeout.duration();
        let stream = dial((config.host.as_str(), config.port), connect_timeout).await?;
        let peer = stream.peer_addr().map_err(lost("no connection"))?.ip();
        let mut session = Self {
            stream,
            received: Vec::new(),
            peer,
            connect_timeout,
            reply_timeout: config.reply_timeout.duration(),
            uploads: Vec::new(),
            used: false,
        };
        let mut greeting = session.reply().await?;
        for _ in 0..PRELIMINARY_MAX {
            if !greeting.preliminary() {
                break;
            }
            greeting = session.reply().await?;
        }
        accept(greeting)?;
        let user = session.ask(&format!("USER {}", plain(&config.user)?)).await?;
        if user.code == 331 {
            let password = config.password.as_ref().map_or("", Secret::expose);
            session.command(&format!("PASS {}", plain(password)?)).await?;
        } else {
            accept(user)?;
        }
        if let Some(admin) = &config.admin_password {
            session.command(&format!("ADMIN {}", plain(admin.expose())?)).await?;
        }
        session.command("TZONE GMT").await?;
        session.command("TYPE I").await?;
        // A server that does not allow it keeps its own time.
        session.ask(&format!("IDLE {IDLE_S}")).await?;
        Ok(session)
    }

    /// Sends a command and gives whatever is answered.
    pub async fn ask(&mut self, command: &str) -> Result<Reply, Fault> {
        self.write(command).await?;
        self.reply().await
    }

    /// Sends a command that must be answered by 2yz.
    pub async fn command(&mut self, command: &str) -> Result<Reply, Fault> {
        accept(self.ask(command).await?)
    }

    /// Writes a command; [`Session::reply`] is to follow. Once this is called, the server may have it.
    pub async fn write(&mut self, command: &str) -> Result<(), Fault> {
        let line = format!("{command}\r\n");
        timeout(self.reply_timeout, self.stream.write_all(line.as_bytes()))
            .await
            .map_err(|_| Fault::Lost("the server takes nothing".into()))?
            .map_err(lost("connection lost"))
    }

    /// The next reply.
    pub async fn reply(&mut self) -> Result<Reply, Fault> {
        let limit = self.reply_timeout;
        timeout(limit, self.read_reply()).await.map_err(|_| Fault::Lost("no reply in time".into()))?
    }

    /// Sends a command that is answered only when something has happened.
    pub async fn wait(&mut self, command: &str, limit: Duration) -> Result<Reply, Fault> {
        self.write(command).await?;
        accept(timeout(limit, self.read_reply()).await.map_err(|_| Fault::Lost("nothing happened".into()))??)
    }

    async fn read_reply(&mut self) -> Result<Reply, Fault> {
        loop {
            let taken = wire::take_reply(&self.received);
            if let Some((reply, used)) =
                taken.map_err(|_| Fault::Lost("what the server answers is not a reply".into()))?
            {
                self.received.drain(..used);
                return Ok(reply);
            }
            let read = self.stream.read_buf(&mut self.received).await.map_err(lost("connection lost"))?;
            if read == 0 {
                return Err(Fault::Lost("the server closed the connection".into()));
            }
        }
    }

    async fn data(&mut self) -> Result<TcpStream, Fault> {
        let passive = self.command("PASV").await?;
        let port = wire::passive_port(&passive).ok_or_else(|| Fault::Lost("no passive port in the reply".into()))?;
        dial((self.peer, port), self.connect_timeout).await
    }

    /// The name of that body on the server: uploaded now, or by an earlier job of this connection.
    pub async fn upload(&mut self, document: &Arc<FaxDocument>) -> Result<String, Fault> {
        if let Some((_, name)) = self.uploads.iter().find(|(kept, _)| Arc::ptr_eq(kept, document)) {
            return Ok(name.clone());
        }
        let mut data = self.data().await?;
        let opening = self.ask("STOT").await?;
        if !opening.preliminary() {
            return Err(Fault::Refused(opening));
        }
        let sending = async {
            data.write_all(&document.pdf).await?;
            data.shutdown().await
        };
        timeout(self.reply_timeout, sending)
            .await
            .map_err(|_| Fault::Lost("the document is not taken".into()))?
            .map_err(lost("the document was not taken"))?;
        drop(data);
        let stored = accept(self.reply().await?)?;
        let name = wire::stored_name(&opening).or_else(|| wire::stored_name(&stored));
        let name = name.ok_or_else(|| Fault::Lost("the server names no file".into()))?.to_owned();
        if self.uploads.len() == UPLOADS_MAX {
            self.uploads.remove(0);
        }
        self.uploads.push((document.clone(), name.clone()));
        Ok(name)
    }

    /// The server has that body no more.
    pub fn forget(&mut self, document: &Arc<FaxDocument>) {
        self.uploads.retain(|(kept, _)| !Arc::ptr_eq(kept, document));
    }

    /// A listing (`LIST sendq`), whole.
    pub async fn list(&mut self, what: &str) -> Result<Vec<u8>, Fault> {
        let mut data = self.data().await?;
        let opening = self.ask(&format!("LIST {what}")).await?;
        if !opening.preliminary() {
            return Err(Fault::Refused(opening));
        }
        let mut listing = Vec::new();
        let limit = wire::LISTING_BYTES_MAX as u64 + 1;
        timeout(self.reply_timeout, (&mut data).take(limit).read_to_end(&mut listing))
            .await
            .map_err(|_| Fault::Lost("the listing does not end".into()))?
            .map_err(lost("the listing broke off"))?;
        if listing.len() > wire::LISTING_BYTES_MAX {
            return Err(Fault::Lost("the listing is too long".into()));
        }
        accept(self.reply().await?)?;
        Ok(listing)
    }
}

fn accept(reply: Reply) -> Result<Reply, Fault> {
    match reply.code {
        // 421: the server ends the connection, whatever was asked (RFC 959, 4.2.2).
        421 => Err(Fault::Lost(format!("HylaFAX 421: {}", reply.text))),
        _ if reply.done() => Ok(reply),
        _ => Err(Fault::Refused(reply)),
    }
}

/// A word for a command line. Nothing that would end the line.
fn plain(word: &str) -> Result<&str, Fault> {
    if word.bytes().any(|b| b < b' ' || b == 0x7f) {
        return Err(Fault::Lost("user or password has a control character".into()));
    }
    Ok(word)
}
