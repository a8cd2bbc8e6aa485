//! What one mail gateway is told. Every limit has a default that suits a hospital's own mail server.

use std::path::PathBuf;

use serde::Deserialize;

use crate::channels::Secret;

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

/// Who we are to the server (RFC 4954).
#[derive(Clone, PartialEq, Eq, Deserialize, Debug)]
#[serde(deny_unknown_fields)]
pub struct Login {
    /// User name.
    pub user: String,
    /// Secret.
    pub password: Secret,
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
            reply_to: None,
            hello_name: None,
            connections_max: 4,
            messages_per_connection_max: 1_000,
            pipelining: true,
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
