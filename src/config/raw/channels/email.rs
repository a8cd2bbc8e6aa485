//! `channels/email.yaml`: mail servers, and the mailbox in which reports and answers come back.

use schemars::JsonSchema;
use serde::Deserialize;

use super::super::{At, List, Name, Need, Ordered, Secs};
use super::{LimitsEntry, SecretEntry, TlsWord};

/// `channels/email.yaml`.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct EmailFile {
    /// In the order in which they are tried.
    pub gateways: Ordered<EmailGateway>,
}

/// A mail server.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct EmailGateway {
    /// What it hangs on.
    #[serde(default)]
    pub needs: List<At<Need>>,
    /// Answers come back over it.
    #[serde(default)]
    pub answers: bool,
    /// It tells when the mailbox has it.
    #[serde(default)]
    pub receipts: bool,
    /// Bounds.
    #[serde(default)]
    pub limits: LimitsEntry,
    /// SMTP.
    pub smtp: SmtpEntry,
}

/// SMTP.
#[derive(Clone, PartialEq, Eq, Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct SmtpEntry {
    /// Name or address.
    pub host: Name,
    /// Port.
    pub port: u16,
    /// none, starttls, opportunistic or tls.
    #[serde(default)]
    pub tls: TlsWord,
    /// A CA file for TLS. Default: the machine's.
    #[serde(default)]
    pub ca_file: Option<String>,
    /// The name in the server's certificate. Default: host.
    #[serde(default)]
    pub tls_name: Option<String>,
    /// The user for AUTH.
    #[serde(default)]
    pub user: Option<String>,
    /// How the password is shown: auto, plain, login, cram-md5 or xoauth2. Default: auto.
    #[serde(default)]
    pub auth: AuthWord,
    /// The password for AUTH, or the access token for xoauth2. A file is read again at each login.
    #[serde(default)]
    pub password: Option<At<SecretEntry>>,
    /// The sender.
    pub from: Name,
    /// Where reports of failed delivery go. Default: from. With a mailbox: its address.
    #[serde(default)]
    pub return_path: Option<Name>,
    /// Where answers by mail go, if they are read.
    #[serde(default)]
    pub reply_to: Option<Name>,
    /// The name given in EHLO. Default: the domain of from.
    #[serde(default)]
    pub hello: Option<String>,
    /// Several commands in one write, when the server announces it. Default: true.
    #[serde(default)]
    pub pipelining: Option<bool>,
    /// Several whole messages in one write, when the server announces CHUNKING too. Default: true.
    #[serde(default)]
    pub chunking: Option<bool>,
    /// Where reports on mails and answers to them come in. Without it a mail is accepted and never known to be delivered.
    #[serde(default)]
    pub mailbox: Option<At<MailboxEntry>>,
    /// Messages over one connection before a new one is made; many servers count. Default: 1000.
    #[serde(default)]
    pub messages_per_connection_max: Option<u32>,
    /// How long connecting may take. Default: 10s.
    #[serde(default)]
    pub connect_timeout: Option<Secs>,
    /// How long the answer after the text may take: after it the outcome is unknown, and the mail is repeated. Default: 60s.
    #[serde(default)]
    pub accept_timeout: Option<Secs>,
    /// A connection without work is closed after that. Default: 2m.
    #[serde(default)]
    pub idle_max: Option<Secs>,
}

/// How a password is shown to a server.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum AuthWord {
    /// What the server offers: PLAIN, LOGIN or CRAM-MD5, in this order.
    #[default]
    Auto,
    /// PLAIN.
    Plain,
    /// LOGIN.
    Login,
    /// CRAM-MD5, also without TLS.
    CramMd5,
    /// XOAUTH2: the password is an access token.
    Xoauth2,
}

/// A mailbox of the gateway's own: every mail in it is marked as seen. One of maildir and imap.
#[derive(Clone, PartialEq, Eq, Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct MailboxEntry {
    /// A Maildir on this machine, into which its own mail server delivers.
    #[serde(default)]
    pub maildir: Option<String>,
    /// A mailbox on a server.
    #[serde(default)]
    pub imap: Option<ImapEntry>,
    /// How often it is looked at. Default: 5s.
    #[serde(default)]
    pub every: Option<Secs>,
}

/// IMAP.
#[derive(Clone, PartialEq, Eq, Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct ImapEntry {
    /// Name or address. Default: that of smtp.
    #[serde(default)]
    pub host: Option<Name>,
    /// Port. Default: 993.
    #[serde(default)]
    pub port: Option<u16>,
    /// none, starttls, opportunistic or tls. Default: tls.
    #[serde(default)]
    pub tls: Option<TlsWord>,
    /// A CA file for TLS. Default: that of smtp.
    #[serde(default)]
    pub ca_file: Option<String>,
    /// The name in the server's certificate. Default: host.
    #[serde(default)]
    pub tls_name: Option<String>,
    /// The user.
    pub user: String,
    /// The password, or the access token for xoauth2.
    pub password: At<SecretEntry>,
    /// How the password is shown. Default: auto.
    #[serde(default)]
    pub auth: AuthWord,
    /// The folder that is read. Default: INBOX.
    #[serde(default)]
    pub folder: Option<String>,
}
