//! Receipts and replies that a gateway brings by calling us. Reading only; the web server receives them.

use std::collections::BTreeMap;

use schemars::JsonSchema;
use serde::Deserialize;
use serde_json::Value;

use super::answer::plain;
use crate::domain::delivery::SendError;
use crate::domain::ids::GatewayId;
use crate::gateways::callback::{BadCallback, CallbackKind};
use crate::gateways::{AckToken, Address, GatewayEvent};
use crate::yaml::List;

/// The longest callback that is read.
pub const CALLBACK_LEN_MAX: usize = 64 * 1024;

/// Names in the calls that a gateway makes to us; a name that begins with / is a JSON pointer. What is left out is as the
/// preset has it.
#[derive(Clone, PartialEq, Eq, Default, Deserialize, JsonSchema, Debug)]
#[serde(deny_unknown_fields, default)]
pub struct CallbackNames {
    /// Receipt: the gateway's number, as in its answer.
    pub id: Option<String>,
    /// Receipt: our own key, when the callback carries it.
    pub delivery: Option<String>,
    /// Receipt: what became of it.
    pub state: Option<String>,
    /// States that mean that the far device has it.
    pub delivered: Option<List<String>>,
    /// States that mean that it never will. Any other state is on the way.
    pub failed: Option<List<String>>,
    /// Receipt: why it failed.
    pub error: Option<String>,
    /// Answer: who wrote.
    pub from: Option<String>,
    /// Where the text of an answer stands.
    pub text: Option<String>,
}

/// What most gateways say.
const DELIVERED: [&str; 2] = ["delivered", "DELIVRD"];
const FAILED: [&str; 8] = ["failed", "undelivered", "expired", "rejected", "UNDELIV", "EXPIRED", "REJECTD", "DELETED"];

impl CallbackNames {
    /// These, and where they say nothing, those of a preset.
    pub fn over(self, preset: Self) -> Self {
        Self {
            id: self.id.or(preset.id),
            delivery: self.delivery.or(preset.delivery),
            state: self.state.or(preset.state),
            delivered: self.delivered.or(preset.delivered),
            failed: self.failed.or(preset.failed),
            error: self.error.or(preset.error),
            from: self.from.or(preset.from),
            text: self.text.or(preset.text),
        }
    }

    fn is_delivered(&self, state: &str) -> bool {
        is_one_of(state, self.delivered.as_ref(), &DELIVERED)
    }

    fn is_failed(&self, state: &str) -> bool {
        is_one_of(state, self.failed.as_ref(), &FAILED)
    }
}

fn is_one_of(state: &str, given: Option<&List<String>>, usual: &[&str]) -> bool {
    match given {
        Some(given) => given.iter().any(|s| s.eq_ignore_ascii_case(state)),
        None => usual.iter().any(|s| s.eq_ignore_ascii_case(state)),
    }
}

/// The name that is configured, or the usual one.
fn or<'n>(given: &'n Option<String>, usual: &'n str) -> &'n str {
    given.as_deref().unwrap_or(usual)
}

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
    into.extend(form_urlencoded::parse(octets).into_owned());
}

/// What a call says.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Called {
    /// News of something that was accepted. One of the two names says of what.
    Receipt {
        /// Our own key, or empty.
        key: String,
        /// The gateway's number, or empty.
        gateway_ref: String,
        /// The far device has it, or never will.
        result: Result<(), SendError>,
    },
    /// Somebody wrote back.
    Reply {
        /// Who answered.
        from: Address,
        /// What was answered.
        text: String,
    },
}

/// What a call says. `None`: a state on the way, nothing to tell.
///
/// # Errors
/// What it lacks: answer 400.
pub fn called(
    names: &CallbackNames,
    kind: CallbackKind,
    query: &str,
    body: &[u8],
) -> Result<Option<Called>, BadCallback> {
    let fields = Fields::read(query, body)?;
    if kind == CallbackKind::Reply {
        let name = or(&names.from, "from");
        let written = fields.need(name)?;
        // A `+` that nobody encoded arrives as a space.
        let plus = if fields.json.is_none() && written.starts_with(' ') { "+" } else { "" };
        let from = format!("{plus}{}", written.trim());
        if written.trim().is_empty() {
            return Err(BadCallback(format!("field “{name}” is empty")));
        }
        let text = fields.need(or(&names.text, "text"))?;
        return Ok(Some(Called::Reply { from: Address(from.into()), text }));
    }
    let state = fields.need(or(&names.state, "status"))?;
    let result = if names.is_delivered(state.trim()) {
        Ok(())
    } else if names.is_failed(state.trim()) {
        let error: String = fields.get(or(&names.error, "error")).unwrap_or_default().chars().take(80).collect();
        let error = if error.is_empty() { String::new() } else { format!(", error {error}") };
        Err(SendError::permanent(format!("receipt {state}{error}")))
    } else {
        return Ok(None);
    };
    let key = fields.get(or(&names.delivery, "delivery")).unwrap_or_default();
    let gateway_ref = fields.get(or(&names.id, "id")).unwrap_or_default();
    Ok(Some(Called::Receipt { key, gateway_ref, result }))
}

/// What a callback tells of a gateway whose deliveries are one message each. `None`: a state on the way, nothing to tell.
///
/// # Errors
/// What it lacks: answer 400.
pub fn read(
    gateway: &GatewayId,
    names: &CallbackNames,
    kind: CallbackKind,
    query: &str,
    body: &[u8],
) -> Result<Option<GatewayEvent>, BadCallback> {
    let gateway = gateway.clone();
    Ok(match called(names, kind, query, body)? {
        None => None,
        Some(Called::Reply { from, text }) => {
            Some(GatewayEvent::Reply { gateway, from, text, ack: AckToken::default() })
        }
        Some(Called::Receipt { key, gateway_ref, result }) => {
            let delivery = key.parse().ok();
            if delivery.is_none() && gateway_ref.is_empty() {
                return Err(BadCallback(format!("has no field “{}”", or(&names.id, "id"))));
            }
            Some(GatewayEvent::Receipt { gateway, delivery, gateway_ref, result })
        }
    })
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::gateways::http_api::answer::words;

    fn told(config: &CallbackNames, kind: CallbackKind, query: &str, body: &str) -> String {
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
        let plain = CallbackNames::default();
        let numbers = CallbackNames {
            delivered: Some(words(&["1"])),
            failed: Some(words(&["2", "16"])),
            ..CallbackNames::default()
        };
        let capitals = CallbackNames {
            id: Some("MessageSid".into()),
            state: Some("MessageStatus".into()),
            from: Some("From".into()),
            text: Some("Body".into()),
            ..CallbackNames::default()
        };
        let nested = CallbackNames {
            id: Some("/data/id".into()),
            state: Some("/data/state".into()),
            ..CallbackNames::default()
        };
        let cases = [
            (&plain, Receipt, "delivery=14.17&status=delivered", "", "14.17 [] delivered"),
            (&plain, Receipt, "", "id=a7&status=failed&error=12", "? [a7] receipt failed, error 12 (for good)"),
            (&plain, Receipt, "delivery=X3.1", r#"{"id":7,"status":"DELIVRD"}"#, "X3.1 [7] delivered"),
            (&plain, Receipt, "", "id=a7&status=buffered", "nothing"),
            (&plain, Receipt, "status=delivered", "", "bad: has no field “id”"),
            (&plain, Receipt, "id=7", "", "bad: has no field “status”"),
            (&numbers, Receipt, "delivery=14.17&status=8&error=", "", "nothing"),
            (&numbers, Receipt, "delivery=14.17&status=1&error=", "", "14.17 [] delivered"),
            (
                &numbers,
                Receipt,
                "delivery=14.17&status=16&error=NACK%2F11",
                "",
                "14.17 [] receipt 16, error NACK/11 (for good)",
            ),
            (&capitals, Receipt, "", "MessageSid=SM1&MessageStatus=delivered", "? [SM1] delivered"),
            (&capitals, Reply, "", "From=%2B46701740605&Body=JA+14+%C3%A5", "+46701740605: JA 14 å"),
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
                let _ = read(&"sms".into(), &CallbackNames::default(), kind, &query, &body);
            }
        }
    }
}
