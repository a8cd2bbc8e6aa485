//! One mail server, as it stands in `channels/email.yaml` under `smtp:`. Every limit has a default that suits a hospital's own.

use std::path::PathBuf;
use std::sync::Arc;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::SmtpGateway;
use crate::gateways::Secret;
use crate::gateways::entry::Tls;
use crate::gateways::protocol::{BuildCx, Built, Entry, Facts, FarEnd, Protocol, bounded};
use crate::yaml::addresses::check_mail_address;
use crate::yaml::{At, Found, Name, Secs};

/// Mails in the hands of one connection: the one on the wire, and what may ride behind it. More would only make an urgent one
/// wait behind a slow server.
const MAILS_IN_HAND_MAX: u32 = 4;
/// …but with few connections so many in all, so that the next is always there when the answer to the last one comes.
const MAILS_IN_HAND_IN_ALL: u32 = 16;

/// Mails in the hands of each of so many connections.
pub fn mails_in_hand_max(connections: u16) -> u32 {
    (MAILS_IN_HAND_IN_ALL / u32::from(connections.max(1))).max(MAILS_IN_HAND_MAX)
}

/// How a password is shown to a server (RFC 4954, RFC 9051).
#[derive(Clone, Copy, PartialEq, Eq, Default, Deserialize, Serialize, JsonSchema, Debug)]
#[serde(rename_all = "kebab-case")]
pub enum AuthBy {
    /// What the server offers: PLAIN, LOGIN or CRAM-MD5, in this order.
    #[default]
    Auto,
    /// PLAIN (RFC 4616).
    Plain,
    /// LOGIN, which old servers want.
    Login,
    /// CRAM-MD5 (RFC 2195), also without TLS: the password itself does not go over the wire.
    CramMd5,
    /// XOAUTH2: the password is an access token that somebody renews.
    Xoauth2,
}

/// SMTP.
#[derive(Clone, PartialEq, Eq, Deserialize, JsonSchema, Debug)]
#[serde(deny_unknown_fields, default)]
#[schemars(extend("required" = ["host", "port", "from"]))]
pub struct SmtpConfig {
    /// Name or address.
    pub host: Name,
    /// Port: 25, 587 (STARTTLS with login) or 465 (TLS).
    pub port: u16,
    /// none, starttls, opportunistic or tls.
    pub tls: Tls,
    /// A CA file for TLS: no other is believed. Default: the machine's.
    pub ca_file: Option<PathBuf>,
    /// The name in the server's certificate. Default: host.
    pub tls_name: Option<String>,
    /// The user for AUTH.
    pub user: Option<String>,
    /// How the password is shown: auto, plain, login, cram-md5 or xoauth2. Default: auto.
    pub auth: AuthBy,
    /// The password for AUTH, or the access token for xoauth2. A file is read again at each login. Never sent over an
    /// unprotected connection, except to loopback.
    pub password: Option<Secret>,
    /// The sender. The name beside it is the region's.
    pub from: Name,
    /// Where reports of failed delivery go. Default: from. With a mailbox: its address.
    pub return_path: Option<Name>,
    /// Where answers by mail go, if they are read.
    pub reply_to: Option<Name>,
    /// The name given in EHLO. Default: the domain of from.
    pub hello: Option<String>,
    /// Several commands in one write, when the server announces it (RFC 2920). Default: true.
    pub pipelining: bool,
    /// Several whole messages in one write, when the server announces CHUNKING too (RFC 3030). Default: true.
    pub chunking: bool,
    /// Where reports on mails and answers to them come in. Without it a mail is accepted and never known to be delivered.
    pub mailbox: Option<At<Mailbox>>,
    /// Messages over one connection before a new one is made; many servers count. Default: 1000.
    pub messages_per_connection_max: u32,
    /// How long connecting may take. Default: 10s.
    pub connect_timeout: Secs,
    /// How long the answer after the text may take: after it the outcome is unknown, and the mail is repeated. Default: 60s.
    pub accept_timeout: Secs,
    /// A connection without work is closed after that. Default: 2m.
    pub idle_max: Secs,
    /// Of the entry: connections at the same time.
    #[serde(skip)]
    pub connections_max: u16,
    /// Of the entry: answers in the mailbox count.
    #[serde(skip)]
    pub answers: bool,
    /// Of the entry: one answer to one command.
    #[serde(skip)]
    pub reply_timeout: Secs,
}

impl Default for SmtpConfig {
    fn default() -> Self {
        Self {
            host: "127.0.0.1".into(),
            port: 0,
            tls: Tls::None,
            ca_file: None,
            tls_name: None,
            user: None,
            auth: AuthBy::Auto,
            password: None,
            from: Name::default(),
            return_path: None,
            reply_to: None,
            hello: None,
            pipelining: true,
            chunking: true,
            mailbox: None,
            messages_per_connection_max: 1_000,
            connect_timeout: Secs(10),
            accept_timeout: Secs(60),
            idle_max: Secs(120),
            connections_max: 4,
            answers: false,
            reply_timeout: Secs(30),
        }
    }
}

/// A mailbox of the gateway's own: every mail in it is marked as seen. One of maildir and imap.
#[derive(Clone, PartialEq, Eq, Deserialize, JsonSchema, Debug)]
#[serde(deny_unknown_fields, default)]
pub struct Mailbox {
    /// A Maildir on this machine, into which its own mail server delivers.
    pub maildir: Option<PathBuf>,
    /// A mailbox on a server.
    pub imap: Option<ImapConfig>,
    /// How often it is looked at. Default: 5s.
    pub every: Secs,
}

impl Default for Mailbox {
    fn default() -> Self {
        Self { maildir: None, imap: None, every: Secs(5) }
    }
}

/// IMAP.
#[derive(Clone, PartialEq, Eq, Deserialize, JsonSchema, Debug)]
#[serde(deny_unknown_fields)]
pub struct ImapConfig {
    /// Name or address. Default: that of smtp.
    #[serde(default)]
    pub host: Option<Name>,
    /// Port. Default: 993.
    #[serde(default = "imaps")]
    pub port: u16,
    /// none, starttls, opportunistic or tls. Default: tls.
    #[serde(default = "implicit")]
    pub tls: Tls,
    /// A CA file for TLS. Default: that of smtp.
    #[serde(default)]
    pub ca_file: Option<PathBuf>,
    /// The name in the server's certificate. Default: host.
    #[serde(default)]
    pub tls_name: Option<String>,
    /// The user.
    pub user: String,
    /// The password, or the access token for xoauth2.
    pub password: Secret,
    /// How the password is shown. Default: auto.
    #[serde(default)]
    pub auth: AuthBy,
    /// The folder that is read. Default: INBOX.
    #[serde(default = "inbox")]
    pub folder: String,
    /// Of smtp: name look-up, connection and TLS handshake.
    #[serde(skip)]
    pub connect_timeout: Secs,
    /// Of the entry: one answer to one command.
    #[serde(skip)]
    pub reply_timeout: Secs,
}

impl Default for ImapConfig {
    fn default() -> Self {
        Self {
            host: None,
            port: imaps(),
            tls: implicit(),
            ca_file: None,
            tls_name: None,
            user: String::new(),
            password: Secret::default(),
            auth: AuthBy::Auto,
            folder: inbox(),
            connect_timeout: Secs(10),
            reply_timeout: Secs(30),
        }
    }
}

fn imaps() -> u16 {
    993
}
fn implicit() -> Tls {
    Tls::Implicit
}
fn inbox() -> String {
    "INBOX".into()
}

impl SmtpConfig {
    /// What can be seen of it alone, whatever travels over it.
    pub fn check_server(&self, entry: &Entry<'_>, found: &mut Found) {
        entry.needs(
            &[("host", self.host.place.line > 0), ("port", self.port != 0), ("from", self.from.place.line > 0)],
            found,
        );
        entry.host(&self.host, found);
        let addresses =
            [(self.from.place.line > 0).then_some(&self.from), self.reply_to.as_ref(), self.return_path.as_ref()];
        for address in addresses.into_iter().flatten() {
            check_mail_address(address, found);
        }
        entry.secret(self.password.as_ref(), found);
    }

    /// Reads its secrets, finds its files, takes over what its entry says.
    ///
    /// # Errors
    /// What is missing, and what to do.
    pub fn settled(&self, cx: &BuildCx<'_>) -> Result<Self, String> {
        let mut config = self.clone();
        cx.read("password", &mut config.password)?;
        match (&config.user, &config.password) {
            (Some(_), None) => return Err("it has a user but no password: give it password: { env: NAME }".into()),
            (None, Some(_)) => return Err("it has a password but no user: give it user".into()),
            _ => {}
        }
        cx.settle(&mut config.ca_file);
        config.connections_max = cx.limits.connections_max.map_or(config.connections_max, bounded);
        config.reply_timeout = cx.limits.timeout.unwrap_or(config.reply_timeout);
        config.answers = cx.answers;
        if let Some(mailbox) = &mut config.mailbox {
            let mailbox = &mut mailbox.value;
            cx.settle(&mut mailbox.maildir);
            if let Some(imap) = &mut mailbox.imap {
                imap.password = imap.password.read("password of the mailbox", cx.base)?;
                cx.settle(&mut imap.ca_file);
                imap.ca_file = imap.ca_file.take().or_else(|| config.ca_file.clone());
                imap.host.get_or_insert_with(|| config.host.clone());
                (imap.connect_timeout, imap.reply_timeout) = (config.connect_timeout, config.reply_timeout);
            }
            if mailbox.maildir.is_some() == mailbox.imap.is_some() {
                return Err("its mailbox lies in one place: give it maildir or imap".into());
            }
        }
        Ok(config)
    }

    /// Turns it to a mail server on this machine.
    pub fn turn_server_to(&mut self, far: &FarEnd<'_>) -> Facts {
        (self.host.value, self.port) = (far.addr.ip().to_string(), far.addr.port());
        (self.tls, self.ca_file) = (Tls::None, None);
        (self.mailbox, self.auth) = (None, AuthBy::Auto);
        let mut facts = Facts::new();
        self.password = self.user.as_ref().map(|user| {
            let password = (far.made)(16);
            facts.extend([("user", user.clone()), ("password", password.clone())]);
            Secret::new(password)
        });
        facts
    }

    /// How long an answer may take at most.
    pub fn timeout_s(&self) -> u32 {
        self.reply_timeout.max(self.accept_timeout).0
    }

    /// What comes back by mail, and whether anybody reads it.
    fn check_returns(&self, entry: &Entry<'_>, found: &mut Found) {
        let name = entry.name;
        let Some(mailbox) = &self.mailbox else {
            for (says, what) in [(entry.receipts, "receipts"), (entry.answers, "answers")] {
                if says {
                    let message = format!("gateway \"{}\" says {what}: true, but no mailbox is read", name.value);
                    found
                        .error(name.place, "mailbox", message)
                        .help("give smtp a mailbox: { maildir: PATH } or { imap: … }");
                }
            }
            return;
        };
        if let Some(imap) = &mailbox.value.imap {
            if let Some(host) = &imap.host {
                entry.host(host, found);
            }
            entry.secret(Some(&imap.password), found);
        }
        if mailbox.value.maildir.is_some() == mailbox.value.imap.is_some() {
            found
                .error(mailbox.place, "mailbox", "a mailbox lies in one place")
                .help("write { maildir: PATH } or { imap: { host: …, user: …, password: … } }");
        }
        if !entry.receipts && !entry.answers {
            let message = format!("nothing counts that comes into the mailbox of gateway \"{}\"", name.value);
            found
                .warning(mailbox.place, "mailbox", message)
                .help("add receipts: true, and answers: true if people may answer by mail");
        }
    }
}

impl Protocol for SmtpConfig {
    fn protocol(&self) -> &'static str {
        "smtp"
    }

    fn copy(&self) -> Box<dyn Protocol> {
        Box::new(self.clone())
    }

    fn check(&self, entry: &Entry<'_>, found: &mut Found) {
        self.check_server(entry, found);
        self.check_returns(entry, found);
    }

    fn host(&self) -> Option<&str> {
        Some(&self.host)
    }

    fn secrets(&self) -> Vec<&Secret> {
        let of_mailbox = self.mailbox.as_ref().and_then(|m| m.value.imap.as_ref()).map(|imap| &imap.password);
        self.password.iter().chain(of_mailbox).collect()
    }

    fn build(&self, cx: &BuildCx<'_>) -> Result<Built, String> {
        let config = self.settled(cx)?;
        let connections_max = config.connections_max;
        let timeout_s = config.timeout_s();
        let gateway = SmtpGateway::new(cx.id.clone(), config, cx.env.now.clone(), cx.env.mail_key)?;
        Ok(Built {
            connections_max: connections_max.into(),
            window_max: mails_in_hand_max(connections_max),
            ..Built::new(Arc::new(gateway), timeout_s)
        })
    }

    fn turn_to(&mut self, far: &FarEnd<'_>) -> Facts {
        self.turn_server_to(far)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_password_never_shows() {
        let config = SmtpConfig { password: Some(Secret::new("hemligt")), ..SmtpConfig::default() };
        assert!(!format!("{config:?}").contains("hemligt"));
    }
}
