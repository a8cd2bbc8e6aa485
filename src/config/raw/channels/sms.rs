//! `channels/sms.yaml`: SMPP, gateways with an HTTP interface, and modems on this machine.

use schemars::JsonSchema;
use serde::Deserialize;

use super::{CharsetWord, LimitsEntry, SecretEntry, SplitWord, TlsWord};
use crate::config::raw::{At, List, Name, Need, Ordered, Secs};

/// `channels/sms.yaml`.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct SmsFile {
    /// In the order in which they are tried.
    pub gateways: Ordered<SmsGateway>,
}

/// An SMS gateway: exactly one of `smpp`, `http`, `spool`.
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
    /// SMPP 3.4 or 5.0.
    #[serde(default)]
    pub smpp: Option<SmppEntry>,
    /// An HTTP gateway.
    #[serde(default)]
    pub http: Option<SmsHttpEntry>,
    /// A modem on this machine.
    #[serde(default)]
    pub spool: Option<SmsSpoolEntry>,
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

/// The version told when the session is bound.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default, Deserialize, JsonSchema)]
pub enum SmppVersionWord {
    /// What nearly every gateway speaks.
    #[default]
    #[serde(rename = "3.4")]
    V34,
    /// What some ask for.
    #[serde(rename = "5.0")]
    V50,
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
    /// One connection for both directions, or two. limits.connections_max says how many sessions send.
    #[serde(default)]
    pub bind: BindWord,
    /// The version told when binding, in quotes: "3.4" or "5.0".
    #[serde(default)]
    pub version: SmppVersionWord,
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

/// How a gateway signs its calls: HMAC-SHA-256 over the body (without one, over the query), as hexadecimal digits or Base64.
#[derive(Clone, PartialEq, Eq, Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct CallbackSignatureEntry {
    /// The header that the signature stands in, such as X-Signature.
    pub header: Name,
    /// The secret that the gateway makes it with.
    pub secret: At<SecretEntry>,
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
    /// Calls count only when the gateway has signed them. Default: whoever knows the callback's path is believed.
    #[serde(default)]
    pub callback_signature: Option<CallbackSignatureEntry>,
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

/// The program that speaks to the modem.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum DaemonWord {
    /// SMS Server Tools 3: smsd.
    Smstools,
    /// gammu-smsd with its FILES backend.
    Gammu,
}

/// The spool folders of a modem's daemon on this machine. Folders count from `folder`.
#[derive(Clone, PartialEq, Eq, Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct SmsSpoolEntry {
    /// smstools or gammu.
    pub daemon: DaemonWord,
    /// Where its folders lie, such as /var/spool/sms.
    pub folder: Name,
    /// Files to send. Default: outgoing; of gammu: outbox.
    #[serde(default)]
    pub outgoing: Option<String>,
    /// Where the daemon keeps what it has taken, queues included. Default: checked; gammu has none.
    #[serde(default)]
    pub queued: Option<List<String>>,
    /// What was sent. Default: sent.
    #[serde(default)]
    pub sent: Option<String>,
    /// What could not be sent. Default: failed; of gammu: error.
    #[serde(default)]
    pub failed: Option<String>,
    /// Answers. Default: incoming; of gammu: inbox. Read when answers is true.
    #[serde(default)]
    pub incoming: Option<String>,
    /// Status reports. Default: report; the same as incoming where the daemon has no folder of its own for them. Read when
    /// receipts is true.
    #[serde(default)]
    pub report: Option<String>,
    /// The queue of smstools that texts go to. Default: by its own rules.
    #[serde(default)]
    pub queue: String,
    /// How long our files stay among the sent ones: after a crash they tell what went out. Default: 7d.
    #[serde(default)]
    pub keep: Option<Secs>,
}
