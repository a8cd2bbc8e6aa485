//! A mailbox on a server (RFC 9051): a kept connection that asks for what is unseen. Peeks, so that nothing counts as seen
//! that was not taken.

use std::time::Duration;

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::time::{Instant, timeout, timeout_at};

use super::super::auth::{self, LoginGate};
use super::super::config::{AuthBy, ImapConfig, Tls};
use super::super::session::{Wire, dial};
use super::super::tls::{Connector, tls_words};
use super::imap_wire::{End, Response, quoted};
use super::{MAIL_BYTES_MAX, ROUND_MAILS_MAX};

/// Answers to one command.
const RESPONSES_MAX: usize = 5_000;
/// UIDs in one STORE: keeps the line short.
const STORE_UIDS_MAX: usize = 100;

/// How one mailbox is read.
pub(super) struct ImapReader {
    config: ImapConfig,
    tls: Option<Connector>,
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
        let tls = match config.tls {
            Tls::None => None,
            Tls::Opportunistic | Tls::Starttls | Tls::Implicit => {
                Some(Connector::for_imap(config).map_err(|e| format!("mailbox: {e}"))?)
            }
        };
        let folder = quoted(&config.folder).ok_or("mailbox: folder: only ASCII goes; write INBOX")?;
        Ok(Self { config: config.clone(), tls, folder, gate: LoginGate::default() })
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
        let password = config.login.secret_now().await;
        self.gate.may(&password, Instant::now())?;
        let limit = Duration::from_secs(config.connect_timeout_s.into());
        let (tcp, loopback) = dial(&config.host, config.port, limit).await?;
        let mut session = Session {
            wire: Box::new(tcp),
            read: Vec::new(),
            tags: 0,
            within: Duration::from_secs(config.reply_timeout_s.into()),
        };
        let mut protected = false;
        if let (Tls::Implicit, Some(tls)) = (config.tls, &self.tls) {
            session = session.protect(tls, limit).await?;
            protected = true;
        }
        let greeting = session.response(Instant::now() + session.within).await?;
        let greeted = greeting.untagged().unwrap_or_default().to_ascii_uppercase();
        if !greeted.starts_with("OK") && !greeted.starts_with("PREAUTH") {
            return Err("greeting: the server does not want us, or is no IMAP".into());
        }
        let mut can = session.capabilities().await?;
        match (config.tls, &self.tls) {
            (Tls::Starttls | Tls::Opportunistic, Some(tls)) if can.iter().any(|c| c == "STARTTLS") => {
                session.ask("STARTTLS").await?;
                // What was sent before the handshake could be anybody's (CVE-2011-0411).
                if !session.read.is_empty() {
                    return Err("STARTTLS: more came than its answer".into());
                }
                session = session.protect(tls, limit).await?;
                protected = true;
                can = session.capabilities().await?;
            }
            (Tls::Starttls, _) => return Err("STARTTLS: the server does not offer it".into()),
            _ => {}
        }
        if !greeted.starts_with("PREAUTH") {
            if !protected && !loopback && config.login.by != AuthBy::CramMd5 {
                return Err("login: the connection is not protected; the password was not sent".into());
            }
            let _turn = self.gate.turn(&password).await?;
            match session.log_in(config, &password, &can).await? {
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
    async fn protect(mut self, tls: &Connector, limit: Duration) -> Result<Self, String> {
        let protected =
            timeout(limit, tls.protect(self.wire)).await.map_err(|_| "TLS: no answer in time".to_owned())?;
        self.wire = Box::new(protected.map_err(|e| tls_words(&e))?);
        Ok(self)
    }

    async fn capabilities(&mut self) -> Result<Vec<String>, String> {
        let answers = self.ask("CAPABILITY").await?;
        Ok(answers.iter().filter_map(Response::capabilities).flatten().collect())
    }

    async fn log_in(
        &mut self,
        config: &ImapConfig,
        password: &crate::gateways::Secret,
        can: &[String],
    ) -> Result<End, String> {
        let user = &config.login.user;
        let offers = |mechanism: &str| can.iter().any(|c| c == mechanism);
        let by = match config.login.by {
            AuthBy::Auto if offers("AUTH=PLAIN") => AuthBy::Plain,
            AuthBy::Auto => AuthBy::Login,
            by => by,
        };
        match by {
            AuthBy::Plain => self.authenticate("PLAIN", |_| Some(auth::plain(user, password))).await,
            AuthBy::Xoauth2 => self.authenticate("XOAUTH2", |_| Some(auth::xoauth2(user, password))).await,
            AuthBy::CramMd5 => self.authenticate("CRAM-MD5", |c| auth::cram_md5(user, password, c)).await,
            AuthBy::Auto | AuthBy::Login => {
                if offers("LOGINDISABLED") {
                    return Err("login: the server takes no password over this connection; set tls".into());
                }
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
                return Err("what came is no IMAP or out of step".into());
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
                Err(_) => return Err("what came is no IMAP".into()),
            }
            match timeout_at(until, self.wire.read_buf(&mut self.read)).await {
                Ok(Ok(0) | Err(_)) => return Err("connection lost".into()),
                Ok(Ok(_)) => {}
                Err(_) => return Err("no answer in time".into()),
            }
        }
    }
}
