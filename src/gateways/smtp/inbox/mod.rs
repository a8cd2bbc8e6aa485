//! What comes back by mail: reports on delivery, and answers. A mailbox of the gateway's own is looked at every few seconds;
//! each mail in it is marked as seen, whatever it is, and none is removed.
//!
//! | file | owns |
//! |---|---|
//! | `mime` | headers, parts, encodings, character sets |
//! | `told` | which of these a mail is |
//! | `report` | RFC 3464: delivered or failed |
//! | `returned` | reports of failure that only people can read |
//! | `machine` | whether a machine wrote it |
//! | `answer`, `written`, `html` | who answered, and in which lines; without what is quoted |
//! | `maildir` | a folder of this machine |
//! | `imap_wire`, `imap` | a mailbox on a server |
//!
//! A mail is marked only in the round after the one that told its news, so that a program that dies in between reads it again.
//! Nothing here makes the gateway unwell: mails go out while nobody can read what comes back.

mod answer;
mod html;
mod imap;
mod imap_wire;
mod machine;
mod maildir;
pub(super) mod mime;
mod report;
mod returned;
mod told;
mod written;

use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use self::imap::ImapReader;
use self::maildir::Maildir;
use self::mime::Entity;
use self::told::Told;
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

/// Whatever a stranger may send, read as what it may be. A word for what it told.
pub(super) fn any_mail(bytes: &[u8]) -> &'static str {
    told::judged(bytes)
}

/// Whatever somebody may answer whom we wrote to: headers and a body behind those that make it an answer.
pub(super) fn any_answer(bytes: &[u8]) -> &'static str {
    let [_, message_id] = told::sample_ids();
    let head = format!("From: iva@fs.example\nIn-Reply-To: <{message_id}>\n");
    told::judged(&[head.as_bytes(), bytes].concat())
}

/// Whatever a mailer may report on a mail of ours.
pub(super) fn any_report(bytes: &[u8]) -> &'static str {
    let [_, message_id] = told::sample_ids();
    let head = format!("Return-Path: <>\nFrom: MAILER-DAEMON@mx.example\nReferences: <{message_id}>\n");
    told::judged(&[head.as_bytes(), bytes].concat())
}

/// ENVID and Message-ID of a mail that [`any_mail`] knows as ours.
pub(super) fn sample_ids() -> [String; 2] {
    told::sample_ids()
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
        let told = Told::by(&Entity::read(mail), &self.tokens);
        let gateway = self.gateway.clone();
        match told {
            Told::Fate(delivery, result) => {
                let gateway_ref = String::new();
                Some(GatewayEvent::Receipt { gateway, delivery: Some(delivery), gateway_ref, result })
            }
            Told::Waits(delivery) => {
                tracing::info!(%gateway, %delivery, "a report that decides nothing yet");
                None
            }
            Told::OfAnother => {
                tracing::warn!(%gateway, "a report on no mail of ours was left alone");
                None
            }
            Told::Answer(answer) if self.answers => {
                tracing::info!(%gateway, delivery = %answer.delivery, "answered by mail");
                Some(GatewayEvent::Reply { gateway, from: answer.from, text: answer.text, ack: AckToken::default() })
            }
            Told::Answer(_) => None,
            Told::NoAnswer(why) => {
                tracing::info!(%gateway, ?why, "a mail that is not an answer was left alone");
                None
            }
        }
    }
}
