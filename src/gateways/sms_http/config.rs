//! One HTTP gateway as an operator configures it, and the forms that are common.

use serde::Deserialize;
use std::collections::BTreeMap;

use crate::domain::text::sms::SmsLimits;
use crate::gateways::Secret;

/// Where the fields go.
#[derive(Clone, Copy, PartialEq, Eq, Default, Deserialize, Debug)]
#[serde(rename_all = "kebab-case")]
pub enum SendAs {
    /// `GET` with a query.
    Query,
    /// `POST` of a form.
    #[default]
    Form,
    /// `POST` of JSON; a field whose name begins with `/` is a JSON pointer (`/message/text`, `/to/0`).
    Json,
}

/// What a refusal inside a good answer means when neither list of words says it.
#[derive(Clone, Copy, PartialEq, Eq, Default, Deserialize, Debug)]
#[serde(rename_all = "kebab-case")]
pub enum Otherwise {
    /// Worth another try.
    #[default]
    Temporary,
    /// For good.
    Permanent,
}

/// An HTTP gateway for SMS.
#[derive(Clone, PartialEq, Eq, Deserialize, Debug)]
#[serde(default, deny_unknown_fields)]
pub struct SmsHttpConfig {
    /// Where to send.
    pub url: String,
    /// Where the fields go.
    pub send_as: SendAs,
    /// Names and templates of the fields: `{to}` with `+`, `{to_digits}` without, `{text}`, `{id}` (the delivery's key),
    /// `{from}`, `{coding}` (0, or 2 when the text needs UCS-2), `{ttl_s}`, `{ttl_min}`, `{user}`, `{password}`.
    pub fields: BTreeMap<String, String>,
    /// Further headers; the same templates.
    pub headers: BTreeMap<String, String>,
    /// What the receiver sees as sender.
    pub from: String,
    /// For Basic authentication, or in a field.
    pub user: String,
    /// For Basic authentication, or in a field.
    pub password: Secret,
    /// Whether user and password go as Basic authentication (RFC 7617).
    pub basic_auth: bool,
    /// A bearer token (RFC 6750).
    pub token: Secret,
    /// PEM file with the CA to trust; the machine's own CAs when empty.
    pub tls_ca_file: String,
    /// Statuses that mean "taken", if the body agrees.
    pub status_ok: Vec<u16>,
    /// Statuses that mean that the gateway does not know who we are: then nobody asks it again for a while.
    pub status_credentials: Vec<u16>,
    /// A good body contains this, when set.
    pub body_contains: String,
    /// A good body has one of `body_values` at this JSON pointer, when set.
    pub body_pointer: String,
    /// See `body_pointer`.
    pub body_values: Vec<String>,
    /// Words in a refusal that mean "later" (any case).
    pub temporary_words: Vec<String>,
    /// Words in a refusal that mean "never" (any case).
    pub permanent_words: Vec<String>,
    /// What a refusal means without such a word.
    pub otherwise: Otherwise,
    /// JSON pointer to the gateway's own number.
    pub id_pointer: String,
    /// In a body that is no JSON, the number stands behind this, up to white space.
    pub id_after: String,
    /// Alphabet, parts; `split: separate` sends one request per SMS, all others leave splitting to the gateway.
    pub sms: SmsLimits,
    /// Requests at the same time.
    pub connections_max: u16,
    /// The most requests a second; 0 for no limit of ours.
    pub per_second_max: u32,
    /// To connect and secure.
    pub connect_timeout_s: u32,
    /// For the whole request.
    pub request_timeout_s: u32,
    /// The most that is read of an answer.
    pub answer_len_max: u32,
    /// Asked by `probe` (GET); the root of `url` when empty. Must not send anything.
    pub probe_url: String,
    /// How the gateway calls back.
    pub callback: CallbackConfig,
}

/// Names in callbacks; a name that begins with `/` is a JSON pointer.
#[derive(Clone, PartialEq, Eq, Deserialize, Debug)]
#[serde(default, deny_unknown_fields)]
pub struct CallbackConfig {
    /// Receipt: the gateway's number, as in the answer.
    pub receipt_id: String,
    /// Receipt: our own key, when the callback's address carries it.
    pub receipt_delivery: String,
    /// Receipt: what became of it.
    pub receipt_state: String,
    /// States that mean that the far device has it.
    pub delivered: Vec<String>,
    /// States that mean that it never will. Any other state is on the way.
    pub failed: Vec<String>,
    /// Receipt: why it failed.
    pub receipt_error: String,
    /// Reply: who wrote.
    pub reply_from: String,
    /// Reply: what.
    pub reply_text: String,
}

fn words(list: &[&str]) -> Vec<String> {
    list.iter().map(|w| (*w).to_owned()).collect()
}
fn pairs(list: &[(&str, &str)]) -> BTreeMap<String, String> {
    list.iter().map(|(k, v)| ((*k).to_owned(), (*v).to_owned())).collect()
}

impl Default for CallbackConfig {
    fn default() -> Self {
        Self {
            receipt_id: "id".into(),
            receipt_delivery: "delivery".into(),
            receipt_state: "status".into(),
            delivered: words(&["delivered", "DELIVRD"]),
            failed: words(&[
                "failed",
                "undelivered",
                "expired",
                "rejected",
                "UNDELIV",
                "EXPIRED",
                "REJECTD",
                "DELETED",
            ]),
            receipt_error: "error".into(),
            reply_from: "from".into(),
            reply_text: "text".into(),
        }
    }
}

impl Default for SmsHttpConfig {
    fn default() -> Self {
        Self {
            url: String::new(),
            send_as: SendAs::Form,
            fields: pairs(&[("to", "{to}"), ("from", "{from}"), ("text", "{text}"), ("id", "{id}")]),
            headers: BTreeMap::new(),
            from: String::new(),
            user: String::new(),
            password: Secret::default(),
            basic_auth: false,
            token: Secret::default(),
            tls_ca_file: String::new(),
            status_ok: vec![200, 201, 202],
            status_credentials: vec![401, 407],
            body_contains: String::new(),
            body_pointer: String::new(),
            body_values: Vec::new(),
            temporary_words: words(&["throttl", "busy", "too many", "try again", "temporar", "queue"]),
            permanent_words: words(&["invalid", "not allowed", "blocked", "blacklist", "unknown number"]),
            otherwise: Otherwise::Temporary,
            id_pointer: String::new(),
            id_after: String::new(),
            sms: SmsLimits::default(),
            connections_max: 8,
            per_second_max: 0,
            connect_timeout_s: 5,
            request_timeout_s: 20,
            answer_len_max: 64 * 1024,
            probe_url: String::new(),
            callback: CallbackConfig::default(),
        }
    }
}

/// Kannel's `sendsms` (its User's Guide, "SMS Push"). `callback_url` is where Kannel reports, or empty: it gets the
/// delivery's key, so that a receipt needs no number of Kannel's own, which it does not give.
pub fn kannel(url: &str, user: &str, password: Secret, callback_url: &str) -> SmsHttpConfig {
    let mut fields = pairs(&[
        ("username", "{user}"),
        ("password", "{password}"),
        ("to", "{to}"),
        ("from", "{from}"),
        ("text", "{text}"),
        ("charset", "UTF-8"),
        ("coding", "{coding}"),
        ("validity", "{ttl_min}"),
    ]);
    if !callback_url.is_empty() {
        // 1 delivered, 2 not delivered, 16 refused by the centre; %d is filled in by Kannel.
        fields.insert("dlr-mask".into(), "19".into());
        let glue = if callback_url.contains('?') { '&' } else { '?' };
        fields.insert("dlr-url".into(), format!("{callback_url}{glue}delivery={{id}}&status=%d&error=%A"));
    }
    SmsHttpConfig {
        url: url.into(),
        send_as: SendAs::Query,
        fields,
        user: user.into(),
        password,
        status_ok: vec![202],
        // Kannel's "Authorization failed for sendsms".
        status_credentials: vec![401, 403, 407],
        // "0: Accepted for delivery" or "3: Queued for later delivery".
        body_contains: ": ".into(),
        callback: CallbackConfig { delivered: words(&["1"]), failed: words(&["2", "16"]), ..CallbackConfig::default() },
        ..SmsHttpConfig::default()
    }
}

/// Gateways in the manner of 46elks: a form, Basic authentication, JSON back.
pub fn elks_like(url: &str, user: &str, password: Secret, callback_url: &str) -> SmsHttpConfig {
    let mut fields = pairs(&[("from", "{from}"), ("to", "{to}"), ("message", "{text}")]);
    if !callback_url.is_empty() {
        fields.insert("whendelivered".into(), callback_url.into());
    }
    SmsHttpConfig {
        url: url.into(),
        fields,
        user: user.into(),
        password,
        basic_auth: true,
        status_ok: vec![200],
        body_pointer: "/status".into(),
        body_values: words(&["created", "sent", "delivered"]),
        id_pointer: "/id".into(),
        callback: CallbackConfig { reply_text: "message".into(), ..CallbackConfig::default() },
        ..SmsHttpConfig::default()
    }
}

/// Gateways in the manner of Twilio: a form, Basic authentication, JSON back, capitals in callbacks.
pub fn twilio_like(url: &str, user: &str, password: Secret, callback_url: &str) -> SmsHttpConfig {
    let mut fields = pairs(&[("From", "{from}"), ("To", "{to}"), ("Body", "{text}"), ("ValidityPeriod", "{ttl_s}")]);
    if !callback_url.is_empty() {
        fields.insert("StatusCallback".into(), callback_url.into());
    }
    SmsHttpConfig {
        url: url.into(),
        fields,
        user: user.into(),
        password,
        basic_auth: true,
        status_ok: vec![200, 201],
        body_pointer: "/status".into(),
        body_values: words(&["accepted", "scheduled", "queued", "sending", "sent", "delivered"]),
        id_pointer: "/sid".into(),
        callback: CallbackConfig {
            receipt_id: "MessageSid".into(),
            receipt_state: "MessageStatus".into(),
            receipt_error: "ErrorCode".into(),
            delivered: words(&["delivered", "read"]),
            failed: words(&["undelivered", "failed", "canceled"]),
            reply_from: "From".into(),
            reply_text: "Body".into(),
            ..CallbackConfig::default()
        },
        ..SmsHttpConfig::default()
    }
}

/// A plain JSON interface with a bearer token: `{"to", "from", "text", "id"}` gives `{"status": "accepted", "id": …}`.
pub fn generic_json(url: &str, token: Secret) -> SmsHttpConfig {
    SmsHttpConfig {
        url: url.into(),
        send_as: SendAs::Json,
        token,
        body_pointer: "/status".into(),
        body_values: words(&["accepted", "ok", "queued"]),
        id_pointer: "/id".into(),
        ..SmsHttpConfig::default()
    }
}
