//! A mailbox on a server (RFC 9051): a kept connection that asks for what is unseen. Peeks, so that nothing counts as seen
//! that was not taken.

use std::time::Duration;

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::time::{Instant, timeout_at};

use super::super::auth::{self, LoginGate, Offered};
use super::super::config::{AuthBy, ImapConfig};
use super::super::session::{Wire, dial};
use super::super::tls::Protection;
use super::imap_wire::{End, Response, quoted};
use super::{MAIL_BYTES_MAX, ROUND_MAILS_MAX};
use crate::gateways::Secret;

/// Answers to one command.
const RESPONSES_MAX: usize = 5_000;
/// UIDs in one STORE: keeps the line short.
const STORE_UIDS_MAX: usize = 100;

/// How one mailbox is read.
pub(super) struct ImapReader {
    config: ImapConfig,
    host: String,
    protection: Protection,
    folder: String,
    gate: LoginGate,
}

/// What lasts from one round to the next.
#[derive(Default)]
pub(super) struct Standing {
    session: Option<Session>,
    /// Taken, and to be marked in the next round.
    taken: Vec<u32>,
}

impl ImapReader {
    pub fn new(config: &ImapConfig) -> Result<Self, String> {
        let host = config.host.as_ref().map(|h| h.value.clone()).unwrap_or_default();
        let name = config.tls_name.as_deref().unwrap_or(&host);
        let protection =
            Protection::new(config.tls, config.ca_file.as_deref(), name).map_err(|e| format!("mailbox: {e}"))?;
        let folder = quoted(&config.folder).ok_or("mailbox: folder: only ASCII goes; write INBOX")?;
        Ok(Self { config: config.clone(), host, protection, folder, gate: LoginGate::default() })
    }

    /// Marks what was taken before, and gives the UIDs of what is unseen.
    pub async fn unseen(&self, standing: &mut Standing) -> Result<Vec<u32>, String> {
        let mut session = match standing.session.take() {
            Some(session) => session,
            None => {
                // Of another connection: what was taken over it and not marked is read again, which changes nothing.
                standing.taken.clear();
                self.open().await?
            }
        };
        for uids in std::mem::take(&mut standing.taken).chunks(STORE_UIDS_MAX) {
            let list: Vec<String> = uids.iter().map(u32::to_string).collect();
            session.ask(&format!("UID STORE {} +FLAGS.SILENT (\\Seen)", list.join(","))).await?;
        }
        let answers = session.ask("UID SEARCH UNSEEN").await?;
        let mut uids: Vec<u32> = answers.iter().filter_map(Response::found).flatten().collect();
        uids.sort_unstable();
        uids.dedup();
        uids.truncate(ROUND_MAILS_MAX);
        standing.session = Some(session);
        Ok(uids)
    }

    /// One mail, as much of it as is read at all; empty when it is gone.
    pub async fn fetch(&self, standing: &mut Standing, uid: u32) -> Result<Vec<u8>, String> {
        let Some(mut session) = standing.session.take() else { return Err("connection lost".into()) };
        let answers = session.ask(&format!("UID FETCH {uid} (BODY.PEEK[]<0.{MAIL_BYTES_MAX}>)")).await?;
        standing.session = Some(session);
        standing.taken.push(uid);
        Ok(answers.into_iter().find_map(Response::mail).unwrap_or_default())
    }

    async fn open(&self) -> Result<Session, String> {
        let config = &self.config;
        let password = config.password.now().await;
        self.gate.may(&password, Instant::now())?;
        let limit = config.connect_timeout.duration();
        let (tcp, loopback) = dial(&self.host, config.port, limit).await?;
        let (wire, mut protected) = self.protection.at_once(Box::new(tcp), limit).await?;
        let mut session = Session { wire, read: Vec::new(), tags: 0, within: config.reply_timeout.duration() };
        let greeting = session.response(Instant::now() + session.within).await?;
        let greeted = greeting.untagged().unwrap_or_default().to_ascii_uppercase();
        if !greeted.starts_with("OK") && !greeted.starts_with("PREAUTH") {
            return Err("greeting: the server does not want us, or is not IMAP".into());
        }
        let mut can = session.capabilities().await?;
        if self.protection.upgrades(can.iter().any(|c| c == "STARTTLS"))? {
            session.ask("STARTTLS").await?;
            session.wire = self.protection.upgrade(session.wire, &session.read, limit).await?;
            protected = true;
            can = session.capabilities().await?;
        }
        if !greeted.starts_with("PREAUTH") {
            let offers = |mechanism: &str| can.iter().any(|c| c == mechanism);
            // A server without any mechanism still has its command LOGIN, unless it says that it has not.
            let (by, _) = Offered {
                plain: offers("AUTH=PLAIN"),
                login: !offers("LOGINDISABLED") || !offers("AUTH=CRAM-MD5"),
                cram_md5: offers("AUTH=CRAM-MD5"),
                xoauth2: offers("AUTH=XOAUTH2"),
            }
            .choose(config.auth);
            auth::may_show(by, protected, loopback).map_err(|why| format!("login: {why}"))?;
            if by == AuthBy::Login && offers("LOGINDISABLED") {
                return Err("login: the server takes no password over this connection; set tls".into());
            }
            let _turn = self.gate.turn(&password).await?;
            match session.log_in(by, &config.user, &password).await? {
                End::Ok => self.gate.worked(),
                End::Refused(words) if words.to_ascii_uppercase().contains("[UNAVAILABLE]") => {
                    return Err(format!("login: {words}"));
                }
                End::Refused(words) => {
                    let cause = format!("login: {words}; the server refuses user or password");
                    self.gate.refused(cause.clone(), password.clone(), Instant::now());
                    return Err(cause);
                }
            }
        }
        session.ask(&format!("SELECT {}", self.folder)).await?;
        Ok(session)
    }
}

struct Session {
    wire: Box<dyn Wire>,
    read: Vec<u8>,
    tags: u32,
    within: Duration,
}

impl Session {
    async fn capabilities(&mut self) -> Result<Vec<String>, String> {
        let answers = self.ask("CAPABILITY").await?;
        Ok(answers.iter().filter_map(Response::capabilities).flatten().collect())
    }

    async fn log_in(&mut self, by: AuthBy, user: &str, password: &Secret) -> Result<End, String> {
        match by {
            AuthBy::Plain => self.authenticate("PLAIN", |_| Some(auth::plain(user, password))).await,
            AuthBy::Xoauth2 => self.authenticate("XOAUTH2", |_| Some(auth::xoauth2(user, password))).await,
            AuthBy::CramMd5 => self.authenticate("CRAM-MD5", |c| auth::cram_md5(user, password, c)).await,
            AuthBy::Auto | AuthBy::Login => {
                let (Some(user), Some(password)) = (quoted(user), quoted(password.expose())) else {
                    return Err("login: the server takes ASCII only; change user or password".into());
                };
                self.end(&format!("LOGIN {user} {password}"), |_| None).await.map(|(end, _)| end)
            }
        }
    }

    /// The first question gets the answer, a second one (XOAUTH2's refusal) an empty line.
    async fn authenticate(&mut self, mechanism: &str, answer: impl Fn(&str) -> Option<String>) -> Result<End, String> {
        let mut asked = false;
        let reply = |question: &str| {
            let first = !std::mem::replace(&mut asked, true);
            Some(if first { answer(question).unwrap_or_else(|| "*".into()) } else { String::new() })
        };
        self.end(&format!("AUTHENTICATE {mechanism}"), reply).await.map(|(end, _)| end)
    }

    /// A command that must end with OK, and what came before its end.
    async fn ask(&mut self, command: &str) -> Result<Vec<Response>, String> {
        let word = command.split(' ').next().unwrap_or_default();
        match self.end(command, |_| None).await? {
            (End::Ok, answers) => Ok(answers),
            (End::Refused(words), _) => Err(format!("{word}: {words}")),
        }
    }

    async fn end(
        &mut self,
        command: &str,
        mut answer: impl FnMut(&str) -> Option<String>,
    ) -> Result<(End, Vec<Response>), String> {
        self.tags = self.tags.wrapping_add(1);
        let tag = format!("v{}", self.tags);
        let until = Instant::now() + self.within;
        self.write(&format!("{tag} {command}\r\n"), until).await?;
        let mut answers = Vec::new();
        loop {
            let response = self.response(until).await?;
            if let Some(end) = response.end(&tag) {
                return Ok((end, answers));
            }
            if let Some(question) = response.text.strip_prefix('+') {
                let Some(line) = answer(question.trim()) else { return Err("out of step: nothing was asked".into()) };
                self.write(&format!("{line}\r\n"), until).await?;
            } else if response.untagged().is_some_and(|r| r.to_ascii_uppercase().starts_with("BYE")) {
                return Err("the server said goodbye".into());
            } else if response.untagged().is_some() && answers.len() < RESPONSES_MAX {
                answers.push(response);
            } else {
                return Err("what came is not IMAP or is out of step".into());
            }
        }
    }

    async fn write(&mut self, line: &str, until: Instant) -> Result<(), String> {
        let write = async {
            self.wire.write_all(line.as_bytes()).await?;
            self.wire.flush().await
        };
        match timeout_at(until, write).await {
            Ok(Ok(())) => Ok(()),
            _ => Err("connection lost".into()),
        }
    }

    async fn response(&mut self, until: Instant) -> Result<Response, String> {
        loop {
            match Response::take(&mut self.read) {
                Ok(Some(response)) => return Ok(response),
                Ok(None) => {}
                Err(_) => return Err("what came is not IMAP".into()),
            }
            match timeout_at(until, self.wire.read_buf(&mut self.read)).await {
                Ok(Ok(0) | Err(_)) => return Err("connection lost".into()),
                Ok(Ok(_)) => {}
                Err(_) => return Err("no answer in time".into()),
            }
        }
    }
}
