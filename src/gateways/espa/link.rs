//! One ESPA 4.4.4 link: select, block, end; poll and be polled. Limits on every wait.

use std::time::Duration;

use tokio::time::Instant;

use super::super::line::{Line, Lost};
use super::super::pager::is_seven_bit;
use super::codec::{self, ACK, Block, ENQ, EOT, Heard, NAK};
use super::config::{EspaConfig, Role};
use crate::domain::delivery::SendError;

/// Between two tries to select a system that was not ready, seconds.
const BETWEEN_TRIES_S: u64 = 1;
/// Signals out of place that are heard before an answer.
const STRAY_MAX: usize = 32;
/// Blocks that a paging system may send in one turn.
const BLOCKS_A_TURN_MAX: usize = 16;

/// How one try ended.
enum Tried {
    Taken,
    /// Another try may help.
    Again(SendError),
    /// None will, now.
    Refused(SendError),
}

/// Whose turn it is.
enum Turn {
    Ours,
    Told,
}

/// An open link.
pub(super) struct Link {
    line: Line,
    own: u8,
    system: u8,
    role: Role,
    reply: Duration,
    poll: Duration,
    gap: Duration,
    sends_max: u16,
    tries_max: u16,
    kept: Vec<Block>,
    /// The line is of no more use, because of this.
    pub lost: Option<Lost>,
}

impl Link {
    /// Opens the line. Says nothing on it.
    pub async fn open(config: &EspaConfig) -> Result<Self, SendError> {
        let within = config.connect_timeout.duration();
        let line = Line::open(&config.line, is_seven_bit(config.charset), within).await?;
        let byte = |c: char| u8::try_from(c).unwrap_or(b'?');
        Ok(Self {
            line,
            own: byte(config.own),
            system: byte(config.system),
            role: config.role,
            reply: config.reply_timeout.at_least_a_second(),
            poll: config.poll_timeout.at_least_a_second(),
            gap: Duration::from_millis(config.quiet_ms.max(1).into()),
            sends_max: config.sends_max.max(1),
            tries_max: config.tries_max.max(1),
            kept: Vec::new(),
            lost: None,
        })
    }

    /// One block to the paging system. ACK is its yes; it says nothing of a person.
    pub async fn send(&mut self, block: &Block) -> Result<(), SendError> {
        let bytes = block.bytes();
        let mut last = SendError::temporary("select: not tried");
        for n in 0..self.tries_max {
            // A polled station waits for its next turn anyhow, and would answer a stale one after a sleep.
            if n > 0 && self.role == Role::Control {
                tokio::time::sleep(Duration::from_secs(BETWEEN_TRIES_S)).await;
            }
            match self.one_try(&bytes).await {
                Tried::Taken => return Ok(()),
                Tried::Refused(e) => {
                    last = worse(last, e);
                    break;
                }
                Tried::Again(e) => last = worse(last, e),
            }
        }
        Err(last)
    }

    async fn one_try(&mut self, block: &[u8]) -> Tried {
        match self.select().await {
            Ok(true) => {}
            Ok(false) => return Tried::Again(SendError::temporary("select: the paging system is not ready")),
            Err(Lost::TimedOut) => return Tried::Again(SendError::temporary("select: no answer in time")),
            Err(Lost::Closed) => return Tried::Refused(SendError::temporary("select: connection lost")),
        }
        for _ in 0..self.sends_max {
            if self.write(block).await.is_err() {
                return Tried::Refused(SendError::temporary("block: connection lost"));
            }
            match self.answer().await {
                Ok(Heard::Ack) => {
                    let _ = self.write(&[EOT]).await;
                    return Tried::Taken;
                }
                // 1: damaged on the way (2.4). The same again.
                Ok(Heard::Nak(None | Some(b'1'))) => {}
                Ok(Heard::Nak(Some(why))) => {
                    let _ = self.write(&[EOT]).await;
                    let why = char::from(why);
                    return Tried::Again(SendError::temporary(format!(
                        "block: the paging system refuses it (NAK {why})"
                    )));
                }
                // Out of its turn it means nothing good; some send one behind each turn, which may come late.
                Ok(_) => match self.late_answer().await {
                    Some(Heard::Ack) => {
                        let _ = self.write(&[EOT]).await;
                        return Tried::Taken;
                    }
                    Some(_) => {}
                    None => {
                        let e = SendError::unknown("block: the paging system broke off");
                        return if self.lost.is_some() { Tried::Refused(e) } else { Tried::Again(e) };
                    }
                },
                // It may have it, and the ACK was lost.
                Err(lost) => {
                    let e = SendError::unknown(format!("block: {}", lost.as_str()));
                    let _ = self.write(&[EOT]).await;
                    return if lost == Lost::Closed { Tried::Refused(e) } else { Tried::Again(e) };
                }
            }
        }
        let _ = self.write(&[EOT]).await;
        Tried::Again(SendError::temporary("block: damaged on the line each time"))
    }

    /// Whether the paging system is ready to take a block.
    async fn select(&mut self) -> Result<bool, Lost> {
        match self.role {
            Role::Control => {
                self.quiet().await?;
                // We poll ourselves, which makes us the temporary master, and select (3.2).
                self.write(&[self.own, ENQ, self.system, ENQ]).await?;
            }
            Role::Polled => {
                self.polled().await?;
                self.write(&[self.system, ENQ]).await?;
            }
        }
        match self.answer().await {
            Ok(Heard::Ack) => Ok(true),
            Ok(_) => {
                let _ = self.write(&[EOT]).await;
                Ok(false)
            }
            Err(lost) => {
                let _ = self.write(&[EOT]).await;
                Err(lost)
            }
        }
    }

    /// What stands in the buffer, and what still comes, is of a turn that is over: waits until nothing comes any more.
    async fn quiet(&mut self) -> Result<(), Lost> {
        let until = Instant::now() + self.reply;
        while Instant::now() < until {
            self.line.read.clear();
            match self.line.fill(Instant::now() + self.gap).await {
                Ok(()) => {}
                Err(Lost::TimedOut) => break,
                Err(lost) => {
                    self.lost = Some(lost);
                    return Err(lost);
                }
            }
        }
        self.line.read.clear();
        Ok(())
    }

    /// ACK or NAK behind an EOT that was out of its turn.
    async fn late_answer(&mut self) -> Option<Heard> {
        let until = Instant::now() + self.reply.min(Duration::from_secs(BETWEEN_TRIES_S));
        loop {
            match self.hear(until).await {
                Ok(heard @ (Heard::Ack | Heard::Nak(_))) => return Some(heard),
                // The next turn has begun.
                Ok(Heard::Enq(_)) | Err(_) => return None,
                Ok(_) => {}
            }
        }
    }

    /// Waits until the control station gives us our turn. What it tells us before that is kept.
    async fn polled(&mut self) -> Result<(), Lost> {
        let until = Instant::now() + self.poll;
        loop {
            match self.turn(until).await? {
                Turn::Ours => return Ok(()),
                Turn::Told => {}
            }
        }
    }

    /// Polled station: what the control station does next. It polls us with our address; it selects us with its own address
    /// before ours (3.2), and then tells us something.
    async fn turn(&mut self, until: Instant) -> Result<Turn, Lost> {
        let mut selects = false;
        loop {
            match self.hear(until).await? {
                Heard::Enq(Some(to)) if to == self.own && selects => {
                    let blocks = self.receive().await?;
                    self.kept.extend(blocks);
                    return Ok(Turn::Told);
                }
                Heard::Enq(Some(to)) if to == self.own => return Ok(Turn::Ours),
                Heard::Enq(Some(from)) => selects = from == self.system,
                _ => selects = false,
            }
        }
    }

    /// The next ACK, NAK or EOT.
    async fn answer(&mut self) -> Result<Heard, Lost> {
        let until = Instant::now() + self.reply;
        for _ in 0..STRAY_MAX {
            let heard = self.hear(until).await?;
            if matches!(heard, Heard::Ack | Heard::Nak(_) | Heard::Eot) {
                return Ok(heard);
            }
        }
        Err(Lost::TimedOut)
    }

    /// Control station: asks the paging system whether it has something to tell, and takes it. `Ok(None)`: it did not answer.
    pub async fn ask(&mut self) -> Result<Option<Vec<Block>>, Lost> {
        self.quiet().await?;
        self.write(&[self.system, ENQ]).await?;
        let until = Instant::now() + self.reply;
        let heard = match self.hear(until).await {
            Err(Lost::TimedOut) => {
                self.write(&[EOT]).await?;
                return Ok(None);
            }
            heard => heard?,
        };
        match heard {
            Heard::Enq(Some(to)) if to == self.own => self.receive().await.map(Some),
            Heard::Eot => Ok(Some(Vec::new())),
            _ => {
                self.write(&[EOT]).await?;
                Ok(Some(Vec::new()))
            }
        }
    }

    /// We were selected: ready, and blocks until EOT.
    async fn receive(&mut self) -> Result<Vec<Block>, Lost> {
        let mut blocks = Vec::new();
        self.write(&[ACK]).await?;
        for _ in 0..BLOCKS_A_TURN_MAX {
            let until = Instant::now() + self.reply;
            match self.hear(until).await {
                Ok(Heard::Block(block)) => {
                    self.write(&[ACK]).await?;
                    blocks.push(block);
                }
                Ok(Heard::Damaged) => self.write(&[b'1', NAK]).await?,
                Ok(Heard::Eot) | Err(Lost::TimedOut) => break,
                Ok(_) => {}
                Err(lost) => return Err(lost),
            }
        }
        Ok(blocks)
    }

    /// Polled station, with nothing to send: waits until something is there to be heard. Loses nothing when dropped.
    pub async fn listen(&mut self) {
        while self.line.read.is_empty() {
            // No bound: a control station that is silent is not a failure of ours until we want to send.
            let until = Instant::now() + self.poll;
            match self.line.fill(until).await {
                Ok(()) | Err(Lost::TimedOut) => {}
                Err(lost) => {
                    self.lost = Some(lost);
                    return;
                }
            }
        }
    }

    /// Polled station: answers what was heard. Nothing to send is EOT (3.1).
    pub async fn respond(&mut self) -> Result<Vec<Block>, Lost> {
        let until = Instant::now() + self.reply;
        match self.turn(until).await {
            Ok(Turn::Ours) => self.write(&[EOT]).await?,
            Ok(Turn::Told) | Err(Lost::TimedOut) => {}
            Err(lost) => return Err(lost),
        }
        Ok(self.kept())
    }

    /// What was told meanwhile.
    pub fn kept(&mut self) -> Vec<Block> {
        std::mem::take(&mut self.kept)
    }

    async fn write(&mut self, bytes: &[u8]) -> Result<(), Lost> {
        let written = self.line.write(bytes, self.reply).await;
        if let Err(lost) = written {
            self.lost = Some(lost);
            return Err(Lost::Closed);
        }
        Ok(())
    }

    async fn hear(&mut self, until: Instant) -> Result<Heard, Lost> {
        loop {
            if let Some(heard) = codec::take(&mut self.line.read) {
                return Ok(heard);
            }
            let filled = self.line.fill(until).await;
            if filled == Err(Lost::Closed) {
                self.lost = Some(Lost::Closed);
            }
            filled?;
        }
    }

    /// Hangs up.
    pub async fn close(self) {
        self.line.close(Duration::from_secs(BETWEEN_TRIES_S)).await;
    }
}

/// The outcome of several tries: once one of them may have come through, no later one makes it certain that it did not.
fn worse(before: SendError, now: SendError) -> SendError {
    match (&before, &now) {
        (SendError::Unknown { .. }, SendError::Temporary { .. }) => before,
        _ => now,
    }
}
