//! What comes back by mail: reports on delivery, and answers. A mailbox of the gateway's own is looked at every few seconds;
//! each mail in it is marked as seen, whatever it is, and none is removed.
//!
//! | file | owns |
//! |---|---|
//! | `mime` | headers, parts, encodings, character sets |
//! | `report` | RFC 3464: delivered or failed |
//! | `answer` | what a person wrote, and whether it was one |
//! | `maildir` | a folder of this machine |
//! | `imap_wire`, `imap` | a mailbox on a server |
//!
//! A mail is marked only in the round after the one that told its news, so that a program that dies in between reads it again.
//! Nothing here makes the gateway unwell: mails go out while nobody can read what comes back.

mod answer;
mod imap;
mod imap_wire;
mod maildir;
mod mime;
mod report;

use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use self::answer::Answer;
use self::imap::ImapReader;
use self::maildir::Maildir;
use self::mime::Entity;
use self::report::Report;
use super::config::{Mailbox, SmtpConfig};
use super::token::Tokens;
use crate::domain::ids::GatewayId;
use crate::gateways::{AckToken, Events, GatewayEvent, Stop};

/// Bytes of one mail that are read: a report that carries the whole text back, many times over.
pub(super) const MAIL_BYTES_MAX: usize = 512 * 1024;
/// Mails of one round.
pub(super) const ROUND_MAILS_MAX: usize = 200;
/// A mailbox that can't be read is tried again after so long at most.
const WAIT_MAX: Duration = Duration::from_secs(300);

/// Reads one mailbox.
pub(super) struct Inbox {
    gateway: GatewayId,
    tokens: Tokens,
    answers: bool,
    every: Duration,
    source: Source,
    standing: Mutex<String>,
}

enum Source {
    Maildir(Maildir),
    Imap(Box<ImapReader>),
}

/// Whatever a stranger may send, read as a report and as an answer.
pub(super) fn any_mail(bytes: &[u8]) {
    let mail = Entity::read(bytes);
    let _ = Answer::read(&mail, &Tokens::new([7; 32]));
    if let Some(Err(why)) = Report::read(&mail).and_then(|r| r.fate) {
        assert!(!why.cause().contains('@'), "an address stays out of what is logged");
    }
}

/// The receiver of events is gone.
struct Gone;

impl Inbox {
    /// Reads the CA file, looks into nothing.
    pub fn new(gateway: GatewayId, mailbox: &Mailbox, config: &SmtpConfig, tokens: Tokens) -> Result<Self, String> {
        let source = match mailbox {
            Mailbox { maildir: Some(path), .. } => Source::Maildir(Maildir::new(path.clone())),
            Mailbox { imap: Some(imap), .. } => Source::Imap(Box::new(ImapReader::new(imap)?)),
            Mailbox { .. } => return Err("its mailbox lies in one place: give it maildir or imap".into()),
        };
        let every = mailbox.every.at_least_a_second();
        let standing = Mutex::new("not read yet".to_owned());
        Ok(Self { gateway, tokens, answers: config.answers, every, source, standing })
    }

    /// How the last look went.
    pub fn standing(&self) -> String {
        self.standing.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// Looks again and again, until told to stop or nobody wants to know.
    pub async fn watch(&self, out: Events, mut stop: Stop) {
        let mut failures = 0u32;
        let mut imap = imap::Standing::default();
        let mut seen = Vec::new();
        loop {
            let round = async {
                match &self.source {
                    Source::Maildir(maildir) => self.maildir_round(maildir, &mut seen, &out).await,
                    Source::Imap(reader) => self.imap_round(reader, &mut imap, &out).await,
                }
            };
            let round = tokio::select! {
                biased;
                _ = stop.wait_for(|stop| *stop) => return,
                round = round => round,
            };
            let Ok(round) = round else { return };
            let now = match round {
                Ok(()) => {
                    failures = 0;
                    "is read".to_owned()
                }
                Err(why) => {
                    failures = failures.saturating_add(1);
                    why
                }
            };
            self.say(now);
            let wait = self.every.saturating_mul(1 << failures.min(10)).min(WAIT_MAX.max(self.every));
            tokio::select! {
                biased;
                _ = stop.wait_for(|stop| *stop) => return,
                () = out.closed() => return,
                () = tokio::time::sleep(wait) => {}
            }
        }
    }

    /// Notes how it went; warns once about each trouble.
    fn say(&self, now: String) {
        let mut standing = self.standing.lock().unwrap_or_else(PoisonError::into_inner);
        if *standing != now {
            if now == "is read" {
                tracing::info!(gateway = %self.gateway, "mailbox is read");
            } else {
                tracing::warn!(gateway = %self.gateway, error = %now, "no reports and no answers come in by mail");
            }
            *standing = now;
        }
    }

    async fn maildir_round(
        &self,
        maildir: &Maildir,
        seen: &mut Vec<std::ffi::OsString>,
        out: &Events,
    ) -> Result<Result<(), String>, Gone> {
        let mails = match maildir.round(std::mem::take(seen)).await {
            Ok(mails) => mails,
            Err(why) => return Ok(Err(why)),
        };
        for (name, mail) in mails {
            self.take(&mail, out).await?;
            seen.push(name);
        }
        Ok(Ok(()))
    }

    async fn imap_round(
        &self,
        reader: &ImapReader,
        standing: &mut imap::Standing,
        out: &Events,
    ) -> Result<Result<(), String>, Gone> {
        let uids = match reader.unseen(standing).await {
            Ok(uids) => uids,
            Err(why) => return Ok(Err(why)),
        };
        for uid in uids {
            match reader.fetch(standing, uid).await {
                Ok(mail) => self.take(&mail, out).await?,
                Err(why) => return Ok(Err(why)),
            }
        }
        Ok(Ok(()))
    }

    /// Tells what one mail says.
    async fn take(&self, mail: &[u8], out: &Events) -> Result<(), Gone> {
        let Some(event) = self.read(mail) else { return Ok(()) };
        out.send(event).await.map_err(|_| Gone)
    }

    fn read(&self, mail: &[u8]) -> Option<GatewayEvent> {
        let mail = Entity::read(mail);
        if let Some(report) = Report::read(&mail) {
            let by_envelope = report.envelope_id.as_deref().and_then(|id| self.tokens.delivery(id));
            let delivery = by_envelope.or_else(|| self.tokens.of_message_id(report.message_id.as_deref()?));
            let Some(delivery) = delivery else {
                tracing::warn!(gateway = %self.gateway, "a report on no mail of ours was left alone");
                return None;
            };
            let result = report.fate?;
            let (gateway, gateway_ref) = (self.gateway.clone(), String::new());
            return Some(GatewayEvent::Receipt { gateway, delivery: Some(delivery), gateway_ref, result });
        }
        if !self.answers {
            return None;
        }
        match Answer::read(&mail, &self.tokens) {
            Ok(answer) => {
                tracing::info!(gateway = %self.gateway, delivery = %answer.delivery, "answered by mail");
                let (gateway, ack) = (self.gateway.clone(), AckToken::default());
                Some(GatewayEvent::Reply { gateway, from: answer.from, text: answer.text, ack })
            }
            Err(why) => {
                tracing::info!(gateway = %self.gateway, ?why, "a mail that is not an answer was left alone");
                None
            }
        }
    }
}
