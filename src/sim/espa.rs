//! An on-site paging system on loopback (ESPA 4.4.4): the station that is called, or the one that polls. Each call is shown as
//! a pager shows it.

use std::collections::{BTreeMap, VecDeque};
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

/// Bytes of one block.
const BLOCK_BYTES_MAX: usize = 1024;

/// How long it waits for the answer to a poll.
const POLL_TIMEOUT_MS: u64 = 200;

/// How one pager's paging system misbehaves.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Behaviour {
    /// So often `1 NAK`, then it takes the block.
    Damaged(u32),
    /// `3 NAK`, always.
    Refuses,
    /// Takes the block, never says so.
    Silent,
    /// Takes the block, closes without a word.
    Closes,
    /// Breaks off with EOT.
    BreaksOff,
    /// Takes the call, and says "absent" when it is polled.
    Absent,
}

/// How the paging system behaves.
#[derive(Clone, Debug)]
pub struct Options {
    /// It polls, every so many milliseconds. `None`: it is polled.
    pub polls_every_ms: Option<u64>,
    /// Its address.
    pub own: u8,
    /// The calling station's.
    pub caller: u8,
    /// What its pagers display.
    pub charset: Charset,
    /// So often it is not ready when it is selected.
    pub not_ready: u32,
    /// By pager number.
    pub behaviours: BTreeMap<String, Behaviour>,
}

impl Default for Options {
    fn default() -> Self {
        Self {
            polls_every_ms: None,
            own: b'2',
            caller: b'1',
            charset: Charset::Iso646Se,
            not_ready: 0,
            behaviours: BTreeMap::new(),
        }
    }
}

/// A running paging system; stops when it is dropped.
#[derive(Debug)]
pub struct Handle {
    /// Where it listens.
    pub addr: SocketAddr,
    shared: Arc<Shared>,
    listener: AbortHandle,
}

impl Handle {
    /// All bytes that came.
    pub fn heard(&self) -> Vec<u8> {
        self.shared.heard.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }
    /// All records of all calls: identifier and data.
    pub fn records(&self) -> Vec<(u8, Vec<u8>)> {
        self.shared.records.lock().unwrap_or_else(PoisonError::into_inner).clone()
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
    records: Mutex<Vec<(u8, Vec<u8>)>>,
}

/// Listens on a port of its own on loopback.
///
/// # Errors
/// When the machine gives no port.
pub async fn start(far: Far, name: &str, options: Options) -> io::Result<Handle> {
    let listener = TcpListener::bind(("127.0.0.1", 0)).await?;
    let addr = listener.local_addr()?;
    let (heard, records) = (Mutex::default(), Mutex::default());
    let shared = Arc::new(Shared { far, name: name.into(), options, heard, records });
    let served = shared.clone();
    let task = tokio::spawn(async move {
        let mut lines = JoinSet::new();
        while let Ok((tcp, _)) = listener.accept().await {
            let shared = served.clone();
            lines.spawn(async move {
                let not_ready = shared.options.not_ready;
                let system = System { tcp, shared, not_ready, damaged: 0, left: false, tell: VecDeque::new() };
                let _ = system.serve().await;
            });
            while lines.try_join_next().is_some() {}
        }
    });
    Ok(Handle { addr, shared, listener: task.abort_handle() })
}

struct System {
    tcp: TcpStream,
    shared: Arc<Shared>,
    not_ready: u32,
    damaged: u32,
    /// It broke off.
    left: bool,
    /// Pagers whose absence is still to be told.
    tell: VecDeque<String>,
}

impl System {
    async fn serve(mut self) -> io::Result<()> {
        self.tcp.set_nodelay(true)?;
        let (own, caller) = (self.shared.options.own, self.shared.options.caller);
        let Some(every) = self.shared.options.polls_every_ms else {
            loop {
                self.turn(own, caller).await?;
            }
        };
        loop {
            tokio::time::sleep(Duration::from_millis(every)).await;
            if let Some(pager) = self.tell.pop_front() {
                self.tcp.write_all(&[own, 5, caller, 5]).await?;
                if self.byte().await? == 6 {
                    self.tell_absent(&pager).await?;
                }
                continue;
            }
            self.tcp.write_all(&[caller, 5]).await?;
            self.polled(own).await?;
        }
    }

    async fn byte(&mut self) -> io::Result<u8> {
        let byte = self.tcp.read_u8().await?;
        self.shared.heard.lock().unwrap_or_else(PoisonError::into_inner).push(byte);
        Ok(byte)
    }

    /// As the station that is polled: `caller ENQ own ENQ` selects it, `own ENQ` alone polls it.
    async fn turn(&mut self, own: u8, caller: u8) -> io::Result<()> {
        let first = self.byte().await?;
        if first != own && first != caller {
            return Ok(());
        }
        if self.byte().await? != 5 {
            return Ok(());
        }
        if first == caller {
            if self.byte().await? == own && self.byte().await? == 5 {
                self.selected().await?;
            }
            return Ok(());
        }
        match self.tell.pop_front() {
            None => self.tcp.write_all(&[4]).await,
            Some(pager) => {
                self.tcp.write_all(&[caller, 5]).await?;
                if self.byte().await? == 6 {
                    self.tell_absent(&pager).await?;
                }
                Ok(())
            }
        }
    }

    /// As the control station, after a poll: EOT, or the caller selects it.
    async fn polled(&mut self, own: u8) -> io::Result<()> {
        loop {
            // Whoever does not answer a poll is polled again.
            let Ok(byte) = tokio::time::timeout(Duration::from_millis(POLL_TIMEOUT_MS), self.byte()).await else {
                return Ok(());
            };
            match byte? {
                4 => return Ok(()),
                byte if byte == own && self.byte().await? == 5 => return self.selected().await,
                _ => {}
            }
        }
    }

    async fn tell_absent(&mut self, pager: &str) -> io::Result<()> {
        let body = [b"2\x021\x1f", pager.as_bytes(), b"\x1e7\x1f4\x03"].concat();
        let sum = body.iter().fold(0, |a, b| a ^ b);
        // Damaged the first time: the caller says NAK, and gets it again.
        for wrong in [1, 0] {
            self.tcp.write_all(&[&[1], body.as_slice(), &[sum ^ wrong]].concat()).await?;
            while !matches!(self.byte().await?, 6 | 0x15) {}
        }
        self.tcp.write_all(&[4]).await
    }

    async fn selected(&mut self) -> io::Result<()> {
        if self.not_ready > 0 {
            self.not_ready -= 1;
            return self.tcp.write_all(&[0x15]).await;
        }
        self.tcp.write_all(&[6]).await?;
        loop {
            match self.byte().await? {
                1 => {
                    if !self.block().await? {
                        return Err(io::ErrorKind::ConnectionAborted.into());
                    }
                    if std::mem::take(&mut self.left) {
                        return Ok(());
                    }
                }
                4 => return Ok(()),
                _ => {}
            }
        }
    }

    /// Behind SOH. `false`: it closes.
    async fn block(&mut self) -> io::Result<bool> {
        let mut body = Vec::new();
        while body.last() != Some(&3) {
            body.push(self.byte().await?);
            if body.len() > BLOCK_BYTES_MAX {
                return Ok(false);
            }
        }
        let mut sum = self.byte().await?;
        for byte in &body {
            sum ^= byte;
        }
        let text = &body[..body.len() - 1];
        let records: Vec<(u8, Vec<u8>)> = text
            .get(2..)
            .unwrap_or_default()
            .split(|b| *b == 0x1e)
            .filter_map(|r| Some((*r.first()?, r.get(2..)?.to_vec())))
            .collect();
        let good = sum == 0 && text.starts_with(b"1\x02");
        let find = |id: u8| records.iter().find(|(i, _)| *i == id).map(|(_, data)| data.clone());
        let (Some(pager), Some(display), true) = (find(b'1'), find(b'2'), good) else {
            self.tcp.write_all(b"1\x15").await?;
            return Ok(true);
        };
        let pager = String::from_utf8_lossy(&pager).into_owned();
        let how = self.shared.options.behaviours.get(&pager).copied();
        match how {
            Some(Behaviour::Damaged(n)) if self.damaged < n => {
                self.damaged += 1;
                self.tcp.write_all(b"1\x15").await?;
                return Ok(true);
            }
            Some(Behaviour::Refuses) => {
                self.tcp.write_all(b"3\x15").await?;
                return Ok(true);
            }
            Some(Behaviour::BreaksOff) => {
                self.left = true;
                self.tcp.write_all(&[4]).await?;
                return Ok(true);
            }
            _ => {}
        }
        self.shared.records.lock().unwrap_or_else(PoisonError::into_inner).extend(records);
        let shown = displayed(&display, self.shared.options.charset);
        self.shared.far.show(&self.shared.name, &pager, shown.trim_end_matches(' '));
        match how {
            Some(Behaviour::Silent) => {}
            Some(Behaviour::Closes) => return Ok(false),
            Some(Behaviour::Absent) => {
                self.tell.push_back(pager);
                self.tcp.write_all(&[6]).await?;
            }
            _ => self.tcp.write_all(&[6]).await?,
        }
        Ok(true)
    }
}
