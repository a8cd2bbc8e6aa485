//! `channels/`: gateways. What they can carry and hang on is for the plan; how they are spoken to is for the channels, which
//! get these structures as they are. Secrets are references; no file holds one.

use schemars::JsonSchema;
use serde::Deserialize;

use super::{At, List, Name, Need, Ordered, Secs, Texts};

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

/// `channels/sms.yaml`.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct SmsFile {
    /// In the order in which they are tried.
    pub gateways: Ordered<SmsGateway>,
}

/// An SMS gateway: exactly one of `smpp`, `http`.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct SmsGateway {
    /// What it hangs on.
    #[serde(default)]
    pub needs: List<At<Need>>,
    /// What data_coding 0 means there: gsm7, latin1 or ascii7.
    pub alphabet: At<CharsetWord>,
    /// UCS-2 may be used for what the alphabet lacks.
    #[serde(default)]
    pub ucs2: bool,
    /// 16-bit reference in joined parts.
    #[serde(default)]
    pub ref16: bool,
    /// Joined, or separate.
    #[serde(default)]
    pub split: SplitWord,
    /// The most parts of one text.
    pub parts_max: At<u32>,
    /// Answers come back over it.
    #[serde(default)]
    pub answers: bool,
    /// It tells when the telephone has it.
    #[serde(default)]
    pub receipts: bool,
    /// Bounds.
    #[serde(default)]
    pub limits: LimitsEntry,
    /// SMPP 3.4.
    #[serde(default)]
    pub smpp: Option<SmppEntry>,
    /// An HTTP gateway.
    #[serde(default)]
    pub http: Option<SmsHttpEntry>,
}

/// SMPP 3.4.
#[derive(Clone, PartialEq, Eq, Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct SmppEntry {
    /// Name or address.
    pub host: Name,
    /// Port.
    pub port: u16,
    /// TLS from the first byte, or none.
    #[serde(default)]
    pub tls: TlsWord,
    /// A CA file for TLS. Default: the machine's.
    #[serde(default)]
    pub ca_file: Option<String>,
    /// Who we are.
    pub system_id: String,
    /// The password.
    #[serde(default)]
    pub password: Option<At<SecretEntry>>,
    /// The system type, as the operator wants it.
    #[serde(default)]
    pub system_type: String,
    /// The sender that telephones show; answers go to it.
    pub from: String,
    /// Seconds between enquiries while it is quiet.
    #[serde(default)]
    pub enquire_every: Option<Secs>,
}

/// How a request is written.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum BodyWord {
    /// `a=b&c=d` in the body.
    #[default]
    Form,
    /// JSON.
    Json,
    /// `a=b&c=d` in the address.
    Query,
}

/// An HTTP gateway for SMS.
#[derive(Clone, PartialEq, Eq, Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct SmsHttpEntry {
    /// Where requests go.
    pub url: Name,
    /// A known gateway whose fields are built in: kannel, 46elks, generic.
    #[serde(default)]
    pub preset: Option<String>,
    /// How a request is written.
    #[serde(default)]
    pub body: BodyWord,
    /// Fields of the request; {to}, {from}, {text}, {id} and {callback} are filled in.
    #[serde(default)]
    pub fields: Ordered<String>,
    /// What the answer must contain; a status of 200 alone is no success.
    #[serde(default)]
    pub success: Option<String>,
    /// The user for Basic authentication.
    #[serde(default)]
    pub user: Option<String>,
    /// The password for it, or the bearer token when there is no user.
    #[serde(default)]
    pub password: Option<At<SecretEntry>>,
    /// The sender that telephones show.
    #[serde(default)]
    pub from: String,
    /// The secret part of the callback's path.
    #[serde(default)]
    pub callback_secret: Option<At<SecretEntry>>,
    /// A CA file for TLS. Default: the machine's.
    #[serde(default)]
    pub ca_file: Option<String>,
}

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
    /// none, starttls or tls.
    #[serde(default)]
    pub tls: TlsWord,
    /// A CA file for TLS. Default: the machine's.
    #[serde(default)]
    pub ca_file: Option<String>,
    /// The user for AUTH.
    #[serde(default)]
    pub user: Option<String>,
    /// The password for AUTH.
    #[serde(default)]
    pub password: Option<At<SecretEntry>>,
    /// The sender.
    pub from: Name,
    /// Where answers by mail go, if they are read.
    #[serde(default)]
    pub reply_to: Option<Name>,
    /// The name given in EHLO. Default: the machine's.
    #[serde(default)]
    pub hello: Option<String>,
}

/// `channels/fax.yaml`.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct FaxFile {
    /// In the order in which they are tried.
    pub gateways: Ordered<FaxGateway>,
}

/// A fax server.
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
    pub hylafax: HylafaxEntry,
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
    /// The number that stands on the page.
    #[serde(default)]
    pub from: String,
    /// The modem, or any.
    #[serde(default)]
    pub modem: Option<String>,
    /// How often the server dials.
    #[serde(default)]
    pub dials_max: Option<u32>,
    /// Where the server looks for the called number, when it wants a prefix.
    #[serde(default)]
    pub dial_prefix: Option<String>,
}

/// `channels/paging.yaml`.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct PagingFile {
    /// In the order in which they are tried.
    pub gateways: Ordered<PagingGateway>,
}

/// A paging transmitter.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct PagingGateway {
    /// What it hangs on.
    #[serde(default)]
    pub needs: List<At<Need>>,
    /// What it can show.
    pub charset: At<CharsetWord>,
    /// Characters of one page.
    pub chars_max: At<u32>,
    /// The most pages of one text.
    pub pages_max: At<u32>,
    /// The pagers can answer.
    #[serde(default)]
    pub answers: bool,
    /// It tells when the pager has it.
    #[serde(default)]
    pub receipts: bool,
    /// Bounds.
    #[serde(default)]
    pub limits: LimitsEntry,
    /// SNPP (RFC 1861).
    pub snpp: SnppEntry,
}

/// SNPP (RFC 1861).
#[derive(Clone, PartialEq, Eq, Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct SnppEntry {
    /// Name or address.
    pub host: Name,
    /// Port.
    pub port: u16,
    /// The login, if the server wants one.
    #[serde(default)]
    pub user: Option<String>,
    /// Its password.
    #[serde(default)]
    pub password: Option<At<SecretEntry>>,
    /// SNPP level 1 to 3.
    #[serde(default)]
    pub level: Option<u8>,
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
