//! A paging terminal on loopback (TAP 1.8, automatic mode). Each transaction is shown as a pager shows it.

use std::collections::BTreeMap;
use std::io;
use std::net::SocketAddr;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::task::{AbortHandle, JoinSet};

use super::Far;
use super::display::displayed;
use crate::domain::text::Charset;

/// Bytes of one block; a terminal has no room for more.
const BLOCK_BYTES_MAX: usize = 256;

/// How one pager's terminal misbehaves.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Behaviour {
    /// 511 and RS.
    Unknown,
    /// 512 and RS.
    Busy,
    /// So often 514 and NAK, then it takes the block.
    NotUnderstood(u32),
    /// 214 and ACK: it cut the text.
    Cut,
    /// ACK, and 511 in front of it.
    AckAndRefused,
    /// ACK, and RS when the session ends.
    RefusedAtEnd,
    /// Takes the block, never says so.
    Silent,
    /// Takes the block, closes without a word.
    Closes,
    /// Hangs up with ESC EOT.
    Leaves,
    /// Answers with something that is not TAP.
    Garbage,
    /// Says ACK a byte at a time, so many milliseconds apart.
    Slow(u64),
}

/// How the whole terminal behaves.
#[derive(Clone, Debug)]
pub struct Options {
    /// Wanted behind PG1.
    pub password: String,
    /// What its pagers display.
    pub charset: Charset,
    /// So many CR go unheard.
    pub deaf: u32,
    /// So many logons are not understood.
    pub logons_nak: u32,
    /// By pager number.
    pub behaviours: BTreeMap<String, Behaviour>,
}

impl Default for Options {
    fn default() -> Self {
        Self {
            password: String::new(),
            charset: Charset::Iso646Se,
            deaf: 0,
            logons_nak: 0,
            behaviours: BTreeMap::new(),
        }
    }
}

/// A running terminal; stops when it is dropped.
#[derive(Debug)]
pub struct Handle {
    /// Where it listens.
    pub addr: SocketAddr,
    shared: Arc<Shared>,
    listener: AbortHandle,
}

impl Handle {
    /// All bytes that came, over all calls.
    pub fn heard(&self) -> Vec<u8> {
        self.shared.heard.lock().unwrap_or_else(PoisonError::into_inner).clone()
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
    heard: Mutex<Vec<u8>>,
}

/// Listens on a port of its own on loopback.
///
/// # Errors
/// When the machine gives no port.
pub async fn start(far: Far, name: &str, options: Options) -> io::Result<Handle> {
    let listener = TcpListener::bind(("127.0.0.1", 0)).await?;
    let addr = listener.local_addr()?;
    let shared = Arc::new(Shared { far, name: name.into(), options, heard: Mutex::default() });
    let served = shared.clone();
    let task = tokio::spawn(async move {
        let mut calls = JoinSet::new();
        while let Ok((tcp, _)) = listener.accept().await {
            let shared = served.clone();
            calls.spawn(async move {
                let call = Call { tcp, shared, tries: 0, fields: Vec::new(), field: Vec::new(), refused: false };
                let _ = call.serve().await;
            });
            while calls.try_join_next().is_some() {}
        }
    });
    Ok(Handle { addr, shared, listener: task.abort_handle() })
}

struct Call {
    tcp: TcpStream,
    shared: Arc<Shared>,
    tries: u32,
    fields: Vec<Vec<u8>>,
    field: Vec<u8>,
    refused: bool,
}

impl Call {
    async fn serve(mut self) -> io::Result<()> {
        self.tcp.set_nodelay(true)?;
        for _ in 0..=self.shared.options.deaf {
            while self.byte().await? != b'\r' {}
        }
        self.say(b"\rID=").await?;
        let mut naks = self.shared.options.logons_nak;
        loop {
            let line = self.line().await?;
            let right = line == [b"\x1bPG1", self.shared.options.password.as_bytes()].concat();
            if naks > 0 {
                naks -= 1;
                self.say(b"\x15\r").await?;
            } else if right {
                break;
            } else if line.starts_with(b"\x1bPG1") {
                return self.say(b"509 Invalid password\r\x1b\x04\r").await;
            }
        }
        self.say(b"110 1.8\r\x06\r\x1b[p\r").await?;
        loop {
            match self.byte().await? {
                2 if !self.block().await? => return Ok(()),
                4 => {
                    let refused: &[u8] = if self.refused { b"\x1e\r" } else { b"" };
                    return self.say(&[refused, b"115 Goodbye\r\x1b\x04\r"].concat()).await;
                }
                _ => {}
            }
        }
    }

    async fn say(&mut self, bytes: &[u8]) -> io::Result<()> {
        self.tcp.write_all(bytes).await
    }

    async fn byte(&mut self) -> io::Result<u8> {
        let byte = self.tcp.read_u8().await?;
        self.shared.heard.lock().unwrap_or_else(PoisonError::into_inner).push(byte);
        Ok(byte)
    }

    async fn line(&mut self) -> io::Result<Vec<u8>> {
        let mut line = Vec::new();
        loop {
            match self.byte().await? {
                b'\r' => return Ok(line),
                byte if line.len() < BLOCK_BYTES_MAX => line.push(byte),
                _ => return Err(io::ErrorKind::InvalidData.into()),
            }
        }
    }

    /// Behind STX. `false`: hung up.
    async fn block(&mut self) -> io::Result<bool> {
        let mut sum = 2_u32;
        let mut body = Vec::new();
        let end = loop {
            let byte = self.byte().await?;
            sum += u32::from(byte);
            match byte {
                3 | 0x17 | 0x1f => break byte,
                _ if body.len() < BLOCK_BYTES_MAX => body.push(byte),
                _ => return Ok(false),
            }
        };
        let said = self.line().await?;
        let wanted: Vec<u8> = [sum / 256 % 16, sum / 16 % 16, sum % 16].iter().map(|d| 0x30 + *d as u8).collect();
        if said != wanted || body.len() + 6 > BLOCK_BYTES_MAX {
            self.say(b"514 Checksum error\r\x15\r").await?;
            return Ok(true);
        }
        let (mut fields, mut field) = (self.fields.clone(), self.field.clone());
        for byte in body {
            if byte == b'\r' { fields.push(std::mem::take(&mut field)) } else { field.push(byte) }
        }
        let pager = fields.first().map(|p| String::from_utf8_lossy(p).into_owned()).unwrap_or_default();
        let how = self.shared.options.behaviours.get(&pager).copied();
        if let Some(Behaviour::NotUnderstood(n)) = how
            && self.tries < n
        {
            self.tries += 1;
            self.say(b"514 Checksum error\r\x15\r").await?;
            return Ok(true);
        }
        (self.fields, self.field) = (fields, field);
        if end != 3 {
            self.say(b"\x06\r").await?;
            return Ok(true);
        }
        let text = self.fields.get(1).cloned().unwrap_or_default();
        (self.fields, self.field) = (Vec::new(), Vec::new());
        let show = |text: &[u8]| {
            let shown = displayed(text, self.shared.options.charset);
            self.shared.far.show(&self.shared.name, &pager, shown.trim_end_matches(' '));
        };
        match how {
            Some(Behaviour::Unknown) => self.say(b"511 Invalid pager ID\r\x1e\r").await?,
            Some(Behaviour::Busy) => self.say(b"512 Try later\r\x1e\r").await?,
            Some(Behaviour::Cut) => {
                show(&text[..text.len() / 2]);
                self.say(b"214 40 character maximum\r\x06\r").await?;
            }
            Some(Behaviour::AckAndRefused) => self.say(b"511 Invalid pager ID\r\x06\r").await?,
            Some(Behaviour::Leaves) => {
                self.say(b"501 Timeout\r\x1b\x04\r").await?;
                return Ok(false);
            }
            Some(Behaviour::Garbage) => self.say(b"\x01\x02NO CARRIER\r").await?,
            Some(Behaviour::Silent) => {
                show(&text);
                // Hears on until the far end has had enough.
                while self.byte().await.is_ok() {}
                return Ok(false);
            }
            Some(Behaviour::Closes) => {
                show(&text);
                return Ok(false);
            }
            Some(Behaviour::Slow(ms)) => {
                show(&text);
                for byte in b"211 Page sent\r\x06\r" {
                    tokio::time::sleep(Duration::from_millis(ms)).await;
                    self.say(&[*byte]).await?;
                }
            }
            Some(Behaviour::RefusedAtEnd) => {
                self.refused = true;
                self.say(b"\x06\r").await?;
            }
            Some(Behaviour::NotUnderstood(_)) | None => {
                show(&text);
                self.say(b"211 Page(s) sent successfully\r\x06\r").await?;
            }
        }
        Ok(true)
    }
}
