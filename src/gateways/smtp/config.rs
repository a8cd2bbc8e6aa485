//! What one mail gateway is told. Every limit has a default that suits a hospital's own mail server.

use std::path::PathBuf;

use serde::Deserialize;

use crate::bounded::read_text;
use crate::gateways::Secret;

/// How the connection is protected.
#[derive(Clone, Copy, PartialEq, Eq, Deserialize, Default, Debug)]
#[serde(rename_all = "kebab-case")]
pub enum Tls {
    /// Not at all: loopback, or a wire of one's own.
    None,
    /// STARTTLS when the server offers it.
    Opportunistic,
    /// STARTTLS (RFC 3207), or nothing is sent.
    #[default]
    Starttls,
    /// TLS from the first byte (port 465, RFC 8314).
    Implicit,
}

/// How the password is shown to the server (RFC 4954, RFC 9051).
#[derive(Clone, Copy, PartialEq, Eq, Deserialize, Default, Debug)]
#[serde(rename_all = "kebab-case")]
pub enum AuthBy {
    /// What the server offers, in this order: PLAIN, LOGIN, CRAM-MD5.
    #[default]
    Auto,
    /// PLAIN (RFC 4616).
    Plain,
    /// LOGIN, which old servers want.
    Login,
    /// CRAM-MD5 (RFC 2195): the password itself does not go over the wire, so it is also used without TLS.
    CramMd5,
    /// XOAUTH2: the password is an access token that somebody renews.
    Xoauth2,
}

/// Who we are to the server (RFC 4954).
#[derive(Clone, PartialEq, Eq, Deserialize, Default, Debug)]
#[serde(deny_unknown_fields)]
pub struct Login {
    /// User name.
    pub user: String,
    /// Secret, as it was at the start.
    pub password: Secret,
    /// How it is shown.
    #[serde(default)]
    pub by: AuthBy,
    /// Where the secret lies: read again at each login, so that a renewed token or a changed password needs no restart.
    #[serde(default)]
    pub password_file: Option<PathBuf>,
}

/// Bytes of a secret's file.
const SECRET_BYTES_MAX: u64 = 64 * 1024;

impl Login {
    /// The secret as it is now. A file that can't be read now leaves the one that was read at the start.
    pub(super) async fn secret_now(&self) -> Secret {
        let Some(path) = self.password_file.clone() else { return self.password.clone() };
        let read = move || {
            let text = read_text(&path, SECRET_BYTES_MAX).ok()?;
            let text = text.trim_end_matches(['\r', '\n']);
            (!text.is_empty()).then(|| Secret::new(text))
        };
        tokio::task::spawn_blocking(read).await.ok().flatten().unwrap_or_else(|| self.password.clone())
    }
}

/// Where reports on mails that were sent, and answers to them, lie.
#[derive(Clone, PartialEq, Eq, Deserialize, Debug)]
#[serde(rename_all = "kebab-case")]
pub enum Mailbox {
    /// A Maildir on this machine, into which its own mail server delivers.
    Maildir(PathBuf),
    /// A mailbox on a server (RFC 9051).
    Imap(ImapConfig),
}

/// A mailbox on a server.
#[derive(Clone, PartialEq, Eq, Deserialize, Debug)]
#[serde(deny_unknown_fields, default)]
pub struct ImapConfig {
    /// Host name or IP address.
    pub host: String,
    /// 993 (TLS) or 143 (STARTTLS).
    pub port: u16,
    /// How the connection is protected.
    pub tls: Tls,
    /// As for SMTP.
    pub ca_file: Option<PathBuf>,
    /// As for SMTP.
    pub tls_name: Option<String>,
    /// User and password.
    pub login: Login,
    /// The folder that is read.
    pub folder: String,
    /// Name look-up, connection and TLS handshake, seconds each.
    pub connect_timeout_s: u16,
    /// One answer to one command, seconds.
    pub reply_timeout_s: u16,
}

impl Default for ImapConfig {
    fn default() -> Self {
        Self {
            host: "127.0.0.1".into(),
            port: 993,
            tls: Tls::Implicit,
            ca_file: None,
            tls_name: None,
            login: Login::default(),
            folder: "INBOX".into(),
            connect_timeout_s: 10,
            reply_timeout_s: 30,
        }
    }
}

/// One mail server.
#[derive(Clone, PartialEq, Eq, Deserialize, Debug)]
#[serde(deny_unknown_fields, default)]
pub struct SmtpConfig {
    /// Host name or IP address.
    pub host: String,
    /// 25, 587 (STARTTLS with login) or 465 (TLS).
    pub port: u16,
    /// How the connection is protected.
    pub tls: Tls,
    /// PEM file with the certificate authority that signed the server's certificate. Given: no other is believed.
    pub ca_file: Option<PathBuf>,
    /// The name in the server's certificate, when it is not `host`.
    pub tls_name: Option<String>,
    /// User and password. Never sent over an unprotected connection, except to loopback.
    pub login: Option<Login>,
    /// The sender's address. The name beside it is the region's, from the letterhead.
    pub from: String,
    /// Where reports of failed delivery go (MAIL FROM), when not to `from`.
    pub return_path: Option<String>,
    /// Where answers go, when not to `from`.
    pub reply_to: Option<String>,
    /// What we call ourselves in EHLO; the sender's domain when absent.
    pub hello_name: Option<String>,
    /// Connections at the same time.
    pub connections_max: u16,
    /// Messages over one connection before a new one is made; many servers count.
    pub messages_per_connection_max: u32,
    /// Several commands in one write, when the server announces it (RFC 2920). Off: one command at a time.
    pub pipelining: bool,
    /// Several whole messages in one write, when the server announces CHUNKING too (RFC 3030). Off: one text at a time.
    pub chunking: bool,
    /// Where reports and answers come in. With it, the server is asked for reports (RFC 3461).
    pub mailbox: Option<Mailbox>,
    /// Answers in the mailbox count.
    pub answers: bool,
    /// The mailbox is looked at so often, seconds.
    pub mailbox_every_s: u16,
    /// Name look-up, connection and TLS handshake, seconds each.
    pub connect_timeout_s: u16,
    /// One answer to one command, seconds.
    pub reply_timeout_s: u16,
    /// The answer after the final dot, seconds. After it the outcome is unknown, and the message is repeated.
    pub accept_timeout_s: u16,
    /// A connection without work is closed after that, seconds. Servers close theirs after 300.
    pub idle_s: u16,
}

impl Default for SmtpConfig {
    fn default() -> Self {
        Self {
            host: "127.0.0.1".into(),
            port: 25,
            tls: Tls::default(),
            ca_file: None,
            tls_name: None,
            login: None,
            from: String::new(),
            return_path: None,
            reply_to: None,
            hello_name: None,
            connections_max: 4,
            messages_per_connection_max: 1_000,
            pipelining: true,
            chunking: true,
            mailbox: None,
            answers: false,
            mailbox_every_s: 5,
            connect_timeout_s: 10,
            reply_timeout_s: 30,
            accept_timeout_s: 60,
            idle_s: 120,
        }
    }
}

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, reason = "tests")]
    use super::*;

    #[test]
    fn a_password_never_shows() {
        let config: SmtpConfig =
            serde_json::from_str(r#"{"from":"a@b.example","login":{"user":"larm","password":"hemligt"}}"#).unwrap();
        assert_eq!(config.login.as_ref().unwrap().password.expose(), "hemligt");
        assert!(!format!("{config:?}").contains("hemligt"));
        assert_eq!(config.tls, Tls::Starttls, "protected unless somebody says otherwise");
        assert!(serde_json::from_str::<SmtpConfig>(r#"{"prot":25}"#).is_err());
    }
}
