//! Receipts and replies that a gateway brings by calling us. Reading only; the web server receives them.

use std::collections::BTreeMap;
use std::fmt;

use serde_json::Value;

use super::answer::plain;
use super::config::CallbackConfig;
use crate::domain::delivery::SendError;
use crate::domain::ids::GatewayId;
use crate::gateways::{AckToken, Address, GatewayEvent};

/// The longest callback that is read.
pub const CALLBACK_LEN_MAX: usize = 64 * 1024;

/// What a gateway calls for.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum CallbackKind {
    /// News of a delivery.
    Receipt,
    /// Somebody wrote back.
    Reply,
}

/// Why a callback was not understood. Goes to the gateway as 400.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct BadCallback(pub String);
impl fmt::Display for BadCallback {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}
impl std::error::Error for BadCallback {}

/// Fields of a callback, from its query, a form or JSON.
#[derive(Debug, Default)]
struct Fields {
    named: BTreeMap<String, String>,
    json: Option<Value>,
}

impl Fields {
    fn read(query: &str, body: &[u8]) -> Result<Self, BadCallback> {
        if query.len() + body.len() > CALLBACK_LEN_MAX {
            return Err(BadCallback(format!("longer than {CALLBACK_LEN_MAX} octets")));
        }
        let mut fields = Self::default();
        form(query.as_bytes(), &mut fields.named);
        match body.trim_ascii_start().first() {
            Some(b'{' | b'[') => {
                let json = serde_json::from_slice(body).map_err(|e| BadCallback(format!("no JSON: {e}")))?;
                fields.json = Some(json);
            }
            _ => form(body, &mut fields.named),
        }
        Ok(fields)
    }

    fn get(&self, name: &str) -> Option<String> {
        if name.is_empty() {
            return None;
        }
        let in_json = |json: &Value| {
            if name.starts_with('/') { json.pointer(name).map(plain) } else { json.get(name).map(plain) }
        };
        self.json.as_ref().and_then(in_json).or_else(|| self.named.get(name).cloned())
    }

    fn need(&self, name: &str) -> Result<String, BadCallback> {
        self.get(name).ok_or_else(|| BadCallback(format!("has no field “{name}”")))
    }
}

/// Reads `application/x-www-form-urlencoded` (the URL standard, 5.1). What is not UTF-8 is read as far as it goes.
fn form(octets: &[u8], into: &mut BTreeMap<String, String>) {
    for pair in octets.split(|b| *b == b'&').filter(|p| !p.is_empty()) {
        let mut halves = pair.splitn(2, |b| *b == b'=');
        let mut half = || decoded(halves.next().unwrap_or_default());
        let (name, value) = (half(), half());
        into.insert(name, value);
    }
}

fn decoded(octets: &[u8]) -> String {
    let hex = |b: Option<&u8>| b.and_then(|b| char::from(*b).to_digit(16)).map(|d| d as u8);
    let mut out = Vec::with_capacity(octets.len());
    let mut at = 0;
    while let Some(byte) = octets.get(at) {
        at += 1;
        match (byte, hex(octets.get(at)), hex(octets.get(at + 1))) {
            (b'+', _, _) => out.push(b' '),
            (b'%', Some(high), Some(low)) => {
                out.push(high << 4 | low);
                at += 2;
            }
            _ => out.push(*byte),
        }
    }
    String::from_utf8_lossy(&out).into_owned()
}

/// What a callback tells. `None`: a state on the way, nothing to tell.
pub fn read(
    gateway: &GatewayId,
    config: &CallbackConfig,
    kind: CallbackKind,
    query: &str,
    body: &[u8],
) -> Result<Option<GatewayEvent>, BadCallback> {
    let fields = Fields::read(query, body)?;
    if kind == CallbackKind::Reply {
        let from = fields.need(&config.reply_from)?;
        let from = from.trim();
        // A `+` that nobody encoded arrives as a space.
        let from = if fields.json.is_none() && fields.need(&config.reply_from)?.starts_with(' ') {
            format!("+{from}")
        } else {
            from.to_owned()
        };
        if from.is_empty() {
            return Err(BadCallback(format!("field “{}” is empty", config.reply_from)));
        }
        let text = fields.need(&config.reply_text)?;
        let from = Address(from.into());
        return Ok(Some(GatewayEvent::Reply { gateway: gateway.clone(), from, text, ack: AckToken::default() }));
    }
    let state = fields.need(&config.receipt_state)?;
    let is = |list: &[String]| list.iter().any(|s| s.eq_ignore_ascii_case(state.trim()));
    let result = if is(&config.delivered) {
        Ok(())
    } else if is(&config.failed) {
        let error: String = fields.get(&config.receipt_error).unwrap_or_default().chars().take(80).collect();
        let error = if error.is_empty() { String::new() } else { format!(", error {error}") };
        Err(SendError::permanent(format!("receipt {state}{error}")))
    } else {
        return Ok(None);
    };
    let delivery = fields.get(&config.receipt_delivery).and_then(|d| d.parse().ok());
    let gateway_ref = fields.get(&config.receipt_id).unwrap_or_default();
    if delivery.is_none() && gateway_ref.is_empty() {
        return Err(BadCallback(format!("has no field “{}”", config.receipt_id)));
    }
    Ok(Some(GatewayEvent::Receipt { gateway: gateway.clone(), delivery, gateway_ref, result }))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::super::config::{kannel, twilio_like};
    use super::*;
    use crate::gateways::Secret;

    fn told(config: &CallbackConfig, kind: CallbackKind, query: &str, body: &str) -> String {
        match read(&"sms".into(), config, kind, query, body.as_bytes()) {
            Ok(None) => "nothing".into(),
            Ok(Some(GatewayEvent::Reply { from, text, .. })) => format!("{}: {text}", from.0),
            Ok(Some(GatewayEvent::Receipt { delivery, gateway_ref, result, .. })) => {
                let delivery = delivery.map_or("?".into(), |d| d.to_string());
                format!("{delivery} [{gateway_ref}] {}", result.map_or_else(|e| e.to_string(), |()| "delivered".into()))
            }
            Ok(Some(other)) => panic!("{other:?}"),
            Err(e) => format!("bad: {e}"),
        }
    }

    #[test]
    fn receipts_and_replies_in_query_form_and_json() {
        use CallbackKind::{Receipt, Reply};
        let plain = CallbackConfig::default();
        let kannel = kannel("", "", Secret::default(), "").callback;
        let twilio = twilio_like("", "", Secret::default(), "").callback;
        let nested = CallbackConfig {
            receipt_id: "/data/id".into(),
            receipt_state: "/data/state".into(),
            ..CallbackConfig::default()
        };
        let cases = [
            (&plain, Receipt, "delivery=14.17&status=delivered", "", "14.17 [] delivered"),
            (&plain, Receipt, "", "id=a7&status=failed&error=12", "? [a7] receipt failed, error 12 (for good)"),
            (&plain, Receipt, "delivery=X3.1", r#"{"id":7,"status":"DELIVRD"}"#, "X3.1 [7] delivered"),
            (&plain, Receipt, "", "id=a7&status=buffered", "nothing"),
            (&plain, Receipt, "status=delivered", "", "bad: has no field “id”"),
            (&plain, Receipt, "id=7", "", "bad: has no field “status”"),
            (&kannel, Receipt, "delivery=14.17&status=8&error=", "", "nothing"),
            (&kannel, Receipt, "delivery=14.17&status=1&error=", "", "14.17 [] delivered"),
            (
                &kannel,
                Receipt,
                "delivery=14.17&status=16&error=NACK%2F11",
                "",
                "14.17 [] receipt 16, error NACK/11 (for good)",
            ),
            (&twilio, Receipt, "", "MessageSid=SM1&MessageStatus=delivered", "? [SM1] delivered"),
            (&twilio, Reply, "", "From=%2B46701740605&Body=JA+14+%C3%A5", "+46701740605: JA 14 å"),
            (&nested, Receipt, "", r#"{"data":{"id":"q","state":"undelivered"}}"#, "bad: has no field “/data/state”"),
            (&plain, Reply, "from=+46701740605&text=JA+14", "", "+46701740605: JA 14"),
            (&plain, Reply, "", r#"{"from":"46701740605","text":"JA\n14"}"#, "46701740605: JA\n14"),
            (&plain, Reply, "from=&text=JA", "", "bad: field “from” is empty"),
            (&plain, Reply, "from=1", "", "bad: has no field “text”"),
            (&plain, Reply, "", "{", "bad: no JSON: EOF while parsing an object at line 1 column 1"),
            (&plain, Reply, "from=1&text=100%25+%zz%", "", "1: 100% %zz%"),
        ];
        for (config, kind, query, body, expected) in cases {
            let mut expected = expected.to_owned();
            if std::ptr::eq(config, &nested) {
                expected = "? [q] receipt undelivered (for good)".into();
            }
            assert_eq!(told(config, kind, query, body), expected, "{query} {body}");
        }
        let long = "x".repeat(CALLBACK_LEN_MAX + 1);
        assert!(told(&plain, Reply, "", &long).starts_with("bad: longer"));
    }

    proptest! {
        #[test]
        fn no_bytes_panic(query in ".{0,80}", body in prop::collection::vec(any::<u8>(), 0..200)) {
            for kind in [CallbackKind::Receipt, CallbackKind::Reply] {
                let _ = read(&"sms".into(), &CallbackConfig::default(), kind, &query, &body);
            }
        }
    }
}
