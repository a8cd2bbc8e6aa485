//! `channels/`: gateways. What they can carry and hang on is for the plan; how they are spoken to is for the channels, which
//! get these structures as they are. Secrets are references; no file holds one.

use schemars::JsonSchema;
use serde::Deserialize;

use super::{At, List, Name, Need, Ordered, Secs, Texts};
use crate::config::secrets::Secret;

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

/// How an SMPP session is bound.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum BindWord {
    /// One connection for both directions.
    #[default]
    Transceiver,
    /// Two connections, for gateways that know no transceiver.
    TransmitterAndReceiver,
}

/// Who puts the parts of a long SMS together.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum JoinWord {
    /// The telephone, by a header that we write; every operator knows it.
    #[default]
    Udh,
    /// The telephone, by a header that the gateway writes (sar_* parameters).
    Sar,
    /// The gateway gets the text whole (message_payload) and cuts it.
    Payload,
}

/// How message numbers in receipts relate to those in answers.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum ReceiptIdsWord {
    /// As given; when that is not found, converted.
    #[default]
    Auto,
    /// As given, always.
    AsGiven,
    /// Hexadecimal in the answer, decimal in the receipt.
    HexInAnswer,
    /// Decimal in the answer, hexadecimal in the receipt.
    HexInReceipt,
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
    /// The name in the gateway's certificate. Default: host.
    #[serde(default)]
    pub tls_name: Option<String>,
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
    /// One connection for both directions, or two.
    #[serde(default)]
    pub bind: BindWord,
    /// Who joins the parts of a long SMS. Without meaning when split is separate.
    #[serde(default)]
    pub join: JoinWord,
    /// How message numbers stand in receipts: operators differ.
    #[serde(default)]
    pub receipt_ids: ReceiptIdsWord,
    /// Type of number of the sender. Default: by its form (alphanumeric, short, international).
    #[serde(default)]
    pub from_ton: Option<u8>,
    /// Numbering plan of the sender. Default: by its form.
    #[serde(default)]
    pub from_npi: Option<u8>,
    /// Type of number of receivers that do not begin with +: 0 unknown, 2 national. Default: 0.
    #[serde(default)]
    pub to_ton: Option<u8>,
    /// Numbering plan of receivers. Default: 1 (telephony).
    #[serde(default)]
    pub to_npi: Option<u8>,
    /// The service type, as the operator wants it; at most 5 characters.
    #[serde(default)]
    pub service_type: String,
    /// The gateway is told after what time a text is no use. Default: true.
    #[serde(default)]
    pub validity: Option<bool>,
    /// priority_flag of the most urgent texts, 0 to 3; some gateways refuse anything but 0. Default: 0.
    #[serde(default)]
    pub urgent_priority: Option<u8>,
    /// Each SMS carries our key for it (user_message_reference). Default: false.
    #[serde(default)]
    pub user_reference: bool,
    /// How long connecting and logging in may take. Default: 10s.
    #[serde(default)]
    pub connect_timeout: Option<Secs>,
    /// The longest wait before the next try to connect. Default: 30s.
    #[serde(default)]
    pub reconnect_max: Option<Secs>,
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

/// An HTTP gateway whose fields, good answers and callbacks are built in.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum PresetWord {
    /// to, from, text, id; the answer is JSON with a status accepted, ok or queued and an id.
    #[default]
    Generic,
    /// Kannel's sendsms.
    Kannel,
    /// 46elks, and those who do as it does.
    #[serde(rename = "46elks")]
    Elks,
    /// Twilio, and those who do as it does.
    Twilio,
}

/// What a refusal means that says neither "later" nor "never".
#[derive(Clone, Copy, PartialEq, Eq, Debug, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum OtherwiseWord {
    /// Worth another try.
    Temporary,
    /// For good.
    Permanent,
}

/// Names in the calls that a gateway makes to us; a name that begins with / is a JSON pointer. What is left out is as the
/// preset has it.
#[derive(Clone, PartialEq, Eq, Debug, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct CallbackEntry {
    /// Receipt: the gateway's number, as in its answer.
    #[serde(default)]
    pub id: Option<String>,
    /// Receipt: our own key, when the callback carries it.
    #[serde(default)]
    pub delivery: Option<String>,
    /// Receipt: what became of it.
    #[serde(default)]
    pub state: Option<String>,
    /// States that mean that the telephone has it.
    #[serde(default)]
    pub delivered: Option<List<String>>,
    /// States that mean that it never will.
    #[serde(default)]
    pub failed: Option<List<String>>,
    /// Receipt: why it failed.
    #[serde(default)]
    pub error: Option<String>,
    /// Answer: who wrote.
    #[serde(default)]
    pub from: Option<String>,
    /// Answer: what.
    #[serde(default)]
    pub text: Option<String>,
}

/// An HTTP gateway for SMS. What is left out is as the preset has it.
#[derive(Clone, PartialEq, Eq, Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct SmsHttpEntry {
    /// Where requests go.
    pub url: Name,
    /// A known gateway: generic, kannel, 46elks, twilio.
    #[serde(default)]
    pub preset: PresetWord,
    /// How a request is written: form, json, query.
    #[serde(default)]
    pub body: Option<BodyWord>,
    /// Fields of the request, instead of the preset's. {to} with +, {to_digits} without, {from}, {text}, {id}, {callback},
    /// {coding}, {ttl_s}, {ttl_min}, {user} and {password} are filled in.
    #[serde(default)]
    pub fields: Ordered<String>,
    /// Further headers; the same is filled in.
    #[serde(default)]
    pub headers: Ordered<String>,
    /// Statuses that mean "taken", if the body agrees.
    #[serde(default)]
    pub status_ok: Option<List<u16>>,
    /// What the answer must contain; a status of 200 alone is no success.
    #[serde(default)]
    pub success: Option<String>,
    /// Where in a JSON answer the state stands (a JSON pointer, such as /status).
    #[serde(default)]
    pub success_at: Option<String>,
    /// What stands there in a good answer.
    #[serde(default)]
    pub success_values: Option<List<String>>,
    /// Where in a JSON answer the gateway's number stands (a JSON pointer, such as /id).
    #[serde(default)]
    pub id_at: Option<String>,
    /// What stands before the gateway's number in an answer that is no JSON.
    #[serde(default)]
    pub id_after: Option<String>,
    /// Words in a refusal that mean "later".
    #[serde(default)]
    pub temporary_words: Option<List<String>>,
    /// Words in a refusal that mean "never".
    #[serde(default)]
    pub permanent_words: Option<List<String>>,
    /// What a refusal without such a word means. Default: temporary.
    #[serde(default)]
    pub otherwise: Option<OtherwiseWord>,
    /// The user, for Basic authentication unless a field or header carries {password}.
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
    /// Where the gateway reaches our public listener, such as https://larm.region.example. Default: the public page's address.
    #[serde(default)]
    pub callback_base: Option<Name>,
    /// What the gateway calls things when it calls us.
    #[serde(default)]
    pub callback: CallbackEntry,
    /// Asked when the gateway is probed; must not send anything. Default: the root of url.
    #[serde(default)]
    pub probe_url: Option<Name>,
    /// How long connecting may take. Default: 5s.
    #[serde(default)]
    pub connect_timeout: Option<Secs>,
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
    /// The password for AUTH.
    #[serde(default)]
    pub password: Option<At<SecretEntry>>,
    /// The sender.
    pub from: Name,
    /// Where answers by mail go, if they are read.
    #[serde(default)]
    pub reply_to: Option<Name>,
    /// The name given in EHLO. Default: the domain of from.
    #[serde(default)]
    pub hello: Option<String>,
    /// Several commands in one write, when the server announces it. Default: true.
    #[serde(default)]
    pub pipelining: Option<bool>,
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
    /// How often the queue is looked at while a fax is on its way. Default: 3s.
    #[serde(default)]
    pub poll_every: Option<Secs>,
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
    /// SNPP level 1 to 3; 3 is spoken as 2. Default: 1.
    #[serde(default)]
    pub level: Option<u8>,
    /// Bytes of one MESS line; a longer page goes by DATA (level 2). Default: 128.
    #[serde(default)]
    pub mess_bytes_max: Option<u32>,
    /// The transmitter is HylaFAX: it answers when a page is queued, not when it was sent (SITE JQUEUE YES). Default: false.
    #[serde(default)]
    pub jqueue: bool,
    /// The pager sounds even when it is set to silent (ALER 1, level 2). Default: false.
    #[serde(default)]
    pub alert: bool,
    /// The number that pagers show as caller (CALL, level 2).
    #[serde(default)]
    pub caller: Option<String>,
    /// How long connecting may take. Default: 10s.
    #[serde(default)]
    pub connect_timeout: Option<Secs>,
    /// How long the answer to SEND may take: after it the outcome is unknown, and the page is repeated. Default: 60s.
    #[serde(default)]
    pub send_timeout: Option<Secs>,
    /// A connection without work is closed after that. Default: 30s.
    #[serde(default)]
    pub idle_max: Option<Secs>,
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
