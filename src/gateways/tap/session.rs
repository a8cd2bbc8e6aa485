//! One call to a paging terminal: wake it, log on, page after page, log off. Limits on every wait.

use std::time::Duration;

use tokio::time::Instant;

use super::super::line::{Line, Lost};
use super::super::{Secret, pager};
use super::codec::{self, Heard};
use super::config::TapConfig;
use super::verdict::{End, Verdict, verdict};
use crate::domain::delivery::SendError;

/// Lines of words before one answer.
const LINES_MAX: usize = 20;
/// Characters of a terminal's own words that are kept.
const WORDS_CHARS_MAX: usize = 100;
/// Seconds that the log-off may take.
const PARTING_TIMEOUT_S: u64 = 5;

/// Why there was no answer.
enum Mute {
    Lost(Lost),
    Garbage,
}

impl Mute {
    fn as_str(&self) -> &'static str {
        match self {
            Mute::Lost(lost) => lost.as_str(),
            Mute::Garbage => "the answer is not TAP",
        }
    }
}

/// A terminal that said "go ahead".
pub(super) struct Session {
    line: Line,
    reply: Duration,
    sends_max: u16,
    gone: bool,
}

impl Session {
    /// Connects, wakes the terminal, logs on, waits for its go-ahead. Every failure is Temporary: it is the terminal that is
    /// wrong then, not the pager.
    pub async fn open(config: &TapConfig) -> Result<Self, SendError> {
        let within = config.connect_timeout.duration();
        let line = Line::open(&config.line, true, within).await?;
        let reply = config.reply_timeout.duration();
        let mut session = Self { line, reply, sends_max: config.sends_max.max(1), gone: false };
        session.wake(config).await?;
        session.log_on(config.password.as_ref()).await?;
        Ok(session)
    }

    /// CR every two seconds until it asks who is there (3.0, step 3).
    async fn wake(&mut self, config: &TapConfig) -> Result<(), SendError> {
        let every = config.wake_every.at_least_a_second();
        for _ in 0..config.wakes_max.max(1) {
            let until = Instant::now() + every;
            if self.line.write(b"\r", every).await.is_err() {
                return Err(SendError::temporary("ID=: connection lost"));
            }
            loop {
                match self.hear(until).await {
                    Ok(Heard::Prompt) => return Ok(()),
                    Ok(_) => {}
                    // What a modem or a terminal server says before.
                    Err(Mute::Garbage) => self.line.read.clear(),
                    Err(Mute::Lost(Lost::TimedOut)) => break,
                    Err(Mute::Lost(Lost::Closed)) => return Err(SendError::temporary("ID=: connection lost")),
                }
            }
        }
        Err(SendError::temporary("ID=: no answer in time"))
    }

    async fn log_on(&mut self, password: Option<&Secret>) -> Result<(), SendError> {
        let line = codec::logon(password.map_or("", Secret::expose));
        let at = |why: &str| SendError::temporary(format!("logon: {why}"));
        for _ in 0..self.sends_max {
            self.write(&line).await.map_err(|lost| at(lost.as_str()))?;
            let mut words = Vec::new();
            let until = Instant::now() + self.reply;
            loop {
                match self.hear(until).await.map_err(|mute| at(mute.as_str()))? {
                    Heard::Words(w) if words.len() < LINES_MAX => words.push(w),
                    Heard::Words(_) => return Err(at("it talks on and on")),
                    // Taken; "go ahead" follows.
                    Heard::Ack | Heard::Prompt => {}
                    Heard::Go => return Ok(()),
                    Heard::Nak => break,
                    Heard::Abandon | Heard::Leave => {
                        let told = words.last().map_or_else(|| "refused".to_owned(), |w| self::shown(w, ""));
                        return Err(at(&told));
                    }
                }
            }
        }
        Err(at("not understood"))
    }

    /// One page: all its blocks. `Ok`: the terminal's words.
    pub async fn page(&mut self, pager: &str, text: &[u8]) -> Result<String, SendError> {
        let blocks = codec::blocks(pager.as_bytes(), text);
        let mut told = String::new();
        for (i, block) in blocks.iter().enumerate() {
            told = self.block(block, i + 1 == blocks.len(), pager).await?;
        }
        Ok(told)
    }

    async fn block(&mut self, block: &[u8], is_last: bool, pager: &str) -> Result<String, SendError> {
        let mut last = SendError::temporary("block: not sent");
        for _ in 0..self.sends_max {
            if let Err(lost) = self.write(block).await {
                self.gone = true;
                return Err(SendError::temporary(format!("block: {}", lost.as_str())));
            }
            let mut words = Vec::new();
            let until = Instant::now() + self.reply;
            let end = loop {
                match self.hear(until).await {
                    Ok(Heard::Words(w)) if words.len() < LINES_MAX => words.push(w),
                    Ok(Heard::Ack) => break End::Ack,
                    Ok(Heard::Nak) => break End::Nak,
                    Ok(Heard::Abandon) => break End::Abandon,
                    Ok(Heard::Leave) => break End::Leave,
                    // A second go-ahead, a prompt out of place: the answer is still to come.
                    Ok(Heard::Go | Heard::Prompt) => {}
                    Ok(Heard::Words(_)) => return Err(self.mute("it talks on and on", is_last)),
                    Err(mute) => return Err(self.mute(mute.as_str(), is_last)),
                }
            };
            match verdict(&words, end, pager) {
                Verdict::Taken => return Ok(words.last().map(|w| shown(w, pager)).unwrap_or_default()),
                Verdict::Again(e) => last = e,
                Verdict::Failed(e) => return Err(e),
                Verdict::Gone(e) => {
                    self.gone = true;
                    return Err(e);
                }
            }
        }
        // It never took it: the page is not on the air.
        Err(last)
    }

    /// No answer that makes sense. After the last block the page may be on the air; before, it is not.
    fn mute(&mut self, why: &str, is_last: bool) -> SendError {
        self.gone = true;
        let cause = format!("block: {why}");
        if is_last { SendError::unknown(cause) } else { SendError::temporary(cause) }
    }

    /// Logs off and hears the terminal out: RS there says that it found a page's content unacceptable after all (3.0, step 10).
    pub async fn log_off(mut self) -> Result<(), SendError> {
        let parting = Duration::from_secs(PARTING_TIMEOUT_S).min(self.reply);
        let mut result = Ok(());
        if !self.gone && self.line.write(&codec::LOGOFF, parting).await.is_ok() {
            let until = Instant::now() + parting;
            let mut words = Vec::new();
            loop {
                match self.hear(until).await {
                    Ok(Heard::Words(w)) if words.len() < LINES_MAX => words.push(w),
                    Ok(Heard::Abandon) => {
                        let Verdict::Failed(e) = verdict(&words, End::Abandon, "") else { break };
                        result = Err(e);
                    }
                    Ok(Heard::Leave | Heard::Words(_)) | Err(_) => break,
                    Ok(_) => {}
                }
            }
        }
        self.line.close(parting).await;
        result
    }

    async fn write(&mut self, bytes: &[u8]) -> Result<(), Lost> {
        self.line.write(bytes, self.reply).await
    }

    async fn hear(&mut self, until: Instant) -> Result<Heard, Mute> {
        loop {
            match codec::take(&mut self.line.read) {
                Ok(Some(heard)) => return Ok(heard),
                Ok(None) => self.line.fill(until).await.map_err(Mute::Lost)?,
                Err(codec::Garbage) => return Err(Mute::Garbage),
            }
        }
    }
}

fn shown(words: &str, pager: &str) -> String {
    pager::shown(words, pager, WORDS_CHARS_MAX)
}
