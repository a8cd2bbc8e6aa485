//! `channels/`: gateways. What they can carry and hang on is for the plan; how they are spoken to is for the channels, which
//! get these structures as they are. Secrets are references; no file holds one.

mod email;
mod mirror;
mod paging;
mod sms;
mod watch;

use schemars::JsonSchema;
use serde::Deserialize;

use super::{At, List, Name, Need, Ordered, Secs, Texts};
use crate::config::secrets::Secret;

pub use email::{AuthWord, EmailFile, EmailGateway, ImapEntry, MailboxEntry, SmtpEntry};
pub use mirror::{MirrorEntry, S3Entry, WebDavEntry};
pub use paging::{
    AudioWord, EspaEntry, FlowWord, FramingWord, LineEntry, PagingFile, PagingGateway, PocsagEntry, RoleWord,
    SnppEntry, TapEntry, TwoWayEntry,
};
pub use sms::{
    BindWord, BodyWord, CallbackEntry, DaemonWord, JoinWord, OtherwiseWord, PresetWord, ReceiptIdsWord, SmppEntry,
    SmppVersionWord, SmsFile, SmsGateway, SmsHttpEntry, SmsSpoolEntry,
};
pub use watch::{HeartbeatEntry, WatchFile};

/// Where a secret lies: `{ env: NAME }` or `{ file: PATH }`, one of the two.
#[derive(Clone, PartialEq, Eq, Debug, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct SecretEntry {
    /// Name of an environment variable.
    #[serde(default)]
    pub env: Option<String>,
    /// Path of a file; relative paths count from the configuration folder.
    #[serde(default)]
    pub file: Option<String>,
    /// Made by the program itself for its gateways on loopback; no file can say it.
    #[serde(skip)]
    pub made: Option<Secret>,
}

/// How a connection is protected.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum TlsWord {
    /// Not at all: loopback and closed networks.
    #[default]
    None,
    /// Plain at first, then STARTTLS; without it nothing is sent.
    Starttls,
    /// Plain at first, then STARTTLS if the server offers it. Somebody on the line can take the offer away.
    Opportunistic,
    /// TLS from the first byte.
    Tls,
}

/// Bounds of a gateway; what is left out has a default of its channel.
#[derive(Clone, PartialEq, Eq, Debug, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct LimitsEntry {
    /// Connections at one time.
    #[serde(default)]
    pub connections_max: Option<u32>,
    /// Unanswered requests at one time on a connection.
    #[serde(default)]
    pub window_max: Option<u32>,
    /// Units a second that the far end allows.
    #[serde(default)]
    pub per_second_max: Option<u32>,
    /// Units a minute that the far end allows.
    #[serde(default)]
    pub per_minute_max: Option<u32>,
    /// Waiting deliveries.
    #[serde(default)]
    pub queue_len_max: Option<u32>,
    /// How long an answer of the far end may take.
    #[serde(default)]
    pub timeout: Option<Secs>,
}

/// What a gateway hangs on and what comes back.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum CharsetWord {
    /// Everything.
    Utf8,
    /// GSM 03.38.
    Gsm7,
    /// ISO 8859-1.
    Latin1,
    /// ISO 646-SE: å ä ö in the places of brackets.
    Iso646Se,
    /// Seven-bit ASCII.
    Ascii7,
    /// ISO 646-NO: æ ø å in the places of brackets.
    Iso646No,
    /// ISO 646-DK: æ ø å in the places of brackets.
    Iso646Dk,
    /// ISO 646-DE: ä ö ü ß in the places of brackets.
    Iso646De,
    /// Finland's, which is Sweden's.
    Iso646Fi,
    /// A pager that shows digits only: it carries no text.
    Numeric,
}

/// Whether a long SMS goes as one message or as several.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum SplitWord {
    /// Joined by the telephone.
    #[default]
    Joined,
    /// Each part a message of its own.
    Separate,
}

/// `channels/fax.yaml`.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct FaxFile {
    /// In the order in which they are tried.
    pub gateways: Ordered<FaxGateway>,
}

/// A way to fax machines: exactly one of `hylafax`, `mail`.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct FaxGateway {
    /// What it hangs on.
    #[serde(default)]
    pub needs: List<At<Need>>,
    /// The most pages of one text.
    pub pages_max: At<u32>,
    /// The most characters of one text.
    pub chars_max: At<u32>,
    /// It tells when the far machine has every page.
    #[serde(default)]
    pub receipts: bool,
    /// Bounds.
    #[serde(default)]
    pub limits: LimitsEntry,
    /// The HylaFAX client protocol.
    #[serde(default)]
    pub hylafax: Option<HylafaxEntry>,
    /// By mail to a provider.
    #[serde(default)]
    pub mail: Option<FaxMailEntry>,
}

/// Fax by mail: the page as a PDF to a provider, who dials. It never tells that a fax was delivered.
#[derive(Clone, PartialEq, Eq, Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct FaxMailEntry {
    /// The provider's address, with {number} where the number goes: "{number}@fax.provider.example".
    pub to: Name,
    /// What a leading + becomes ("00", or ""). Default: it stays.
    #[serde(default)]
    pub dial_prefix: Option<String>,
    /// The subject, where the provider reads it. Default: number, fingerprint and title.
    #[serde(default)]
    pub subject: Option<String>,
    /// The mail server that takes it.
    pub smtp: SmtpEntry,
}

/// How fine a fax is.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum ResolutionWord {
    /// 196 lines an inch.
    #[default]
    Fine,
    /// 98 lines an inch: half the time on the line, still readable.
    Standard,
}

/// The HylaFAX client protocol.
#[derive(Clone, PartialEq, Eq, Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct HylafaxEntry {
    /// Name or address.
    pub host: Name,
    /// Port.
    pub port: u16,
    /// The user.
    pub user: String,
    /// The password.
    #[serde(default)]
    pub password: Option<At<SecretEntry>>,
    /// The administrator's password, where the jobs of this user need it.
    #[serde(default)]
    pub admin_password: Option<At<SecretEntry>>,
    /// The sender that the server notes with a job.
    #[serde(default)]
    pub from: String,
    /// The modem, or any.
    #[serde(default)]
    pub modem: Option<String>,
    /// fine or standard.
    #[serde(default)]
    pub resolution: ResolutionWord,
    /// How often the server dials. Default: 12.
    #[serde(default)]
    pub dials_max: Option<u32>,
    /// How often it tries again after a call that was answered and failed. Default: 3.
    #[serde(default)]
    pub tries_max: Option<u32>,
    /// The time between its tries. Default: the server's own rule.
    #[serde(default)]
    pub retry_after: Option<Secs>,
    /// What a leading + becomes (00). Default: the server's own dial rules see to it.
    #[serde(default)]
    pub dial_prefix: Option<String>,
    /// How long connecting may take. Default: 5s.
    #[serde(default)]
    pub connect_timeout: Option<Secs>,
    /// Connections that wait for the end of a fax; with 0, ends are found by looking alone. Default: 4.
    #[serde(default)]
    pub waits_max: Option<u16>,
    /// How often the queue is looked at while a fax is on its way, whatever is waited for. Default: 5s.
    #[serde(default)]
    pub poll_every: Option<Secs>,
}

/// `channels/web.yaml`.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct WebFile {
    /// Pages.
    pub gateways: Ordered<WebGateway>,
}

/// Who reads a page.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum PageWord {
    /// Everybody.
    Public,
    /// The staff.
    Internal,
}

/// A page.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct WebGateway {
    /// What it hangs on.
    #[serde(default)]
    pub needs: List<At<Need>>,
    /// Who reads it.
    pub page: PageWord,
    /// Bounds.
    #[serde(default)]
    pub limits: LimitsEntry,
    /// Where it is read back: what does not stand there was not published.
    pub readback_url: Name,
    /// Where the page is put, when another server shows it. Without: this program's own listener shows it.
    #[serde(default)]
    pub mirror: Option<At<MirrorEntry>>,
}

/// `channels/manual.yaml`.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct ManualFile {
    /// Ways out that people walk.
    pub gateways: Ordered<ManualGateway>,
}

/// What shows that it was done.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum ReceiptWord {
    /// Who walked it says so.
    Operator,
    /// The receiver signs.
    Signature,
}

/// A way out that people walk.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct ManualGateway {
    /// What it is called.
    pub title: Texts,
    /// What to do, for whoever walks it.
    pub how: Texts,
    /// What it hangs on.
    #[serde(default)]
    pub needs: List<At<Need>>,
    /// The most characters. Default: no bound.
    #[serde(default)]
    pub chars_max: Option<u32>,
    /// What shows that it was done.
    pub receipt: ReceiptWord,
    /// Whom it reaches: the rest needs another way.
    #[serde(default)]
    pub coverage: Option<Coverage>,
}

/// Whom a way out reaches.
#[derive(Clone, PartialEq, Eq, Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Coverage {
    /// Of what: wards.
    pub of: Texts,
    /// How many it reaches.
    pub reached: At<u32>,
    /// How many there are.
    pub total: u32,
}
