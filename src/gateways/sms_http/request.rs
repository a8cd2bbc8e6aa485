//! A job as an HTTP request. No IO.

use serde_json::{Map, Value};

use super::config::{SendAs, SmsHttpConfig};
use crate::domain::delivery::SendError;
use crate::domain::text::sms::Encoding;
use crate::gateways::Job;

/// The highest place in a list that a pointer may name.
const LIST_LEN_MAX: usize = 16;

/// The request for one text.
pub fn build(
    client: &reqwest::Client,
    config: &SmsHttpConfig,
    job: &Job,
    text: &str,
    encoding: Encoding,
) -> Result<reqwest::Request, SendError> {
    let id = job.delivery.to_string();
    let ttl_s = job.ttl_s.to_string();
    let ttl_min = job.ttl_s.div_ceil(60).to_string();
    let to: String = job.to.0.chars().filter(|c| !" -()/".contains(*c)).collect();
    let known = [
        ("to", to.as_str()),
        ("to_digits", to.trim_start_matches('+')),
        ("text", text),
        ("id", &id),
        ("from", &config.from),
        ("coding", if encoding == Encoding::Ucs2 { "2" } else { "0" }),
        ("ttl_s", &ttl_s),
        ("ttl_min", &ttl_min),
        ("user", &config.user),
        ("password", config.password.expose()),
    ];
    let fields: Vec<(&str, String)> = config.fields.iter().map(|(k, t)| (k.as_str(), filled(t, &known))).collect();
    let mut request = match config.send_as {
        SendAs::Query => client.get(&config.url).query(&fields),
        SendAs::Form => client.post(&config.url).form(&fields),
        SendAs::Json => client.post(&config.url).json(&json(&fields)),
    };
    for (name, template) in &config.headers {
        request = request.header(name, filled(template, &known));
    }
    if config.basic_auth {
        request = request.basic_auth(&config.user, Some(config.password.expose()));
    }
    if !config.token.expose().is_empty() {
        request = request.bearer_auth(config.token.expose());
    }
    request.build().map_err(|_| SendError::permanent("the request can't be made; check url and headers"))
}

/// Fills `{name}`. What is put in is not looked at again, so a text with braces stays as it is; an unknown name, too.
fn filled(template: &str, known: &[(&str, &str)]) -> String {
    let mut out = String::with_capacity(template.len());
    let mut rest = template;
    while let Some((before, after)) = rest.split_once('{') {
        out.push_str(before);
        match known.iter().find_map(|(name, value)| after.strip_prefix(*name)?.strip_prefix('}').map(|a| (value, a))) {
            Some((value, after)) => {
                out.push_str(value);
                rest = after;
            }
            None => {
                out.push('{');
                rest = after;
            }
        }
    }
    out.push_str(rest);
    out
}

/// The fields as JSON: plain names at the top, pointers where they point. A number in a pointer is a place in a list.
fn json(fields: &[(&str, String)]) -> Value {
    let mut root = Value::Object(Map::new());
    for (name, value) in fields {
        let steps: Vec<&str> = name.strip_prefix('/').map_or_else(|| vec![*name], |p| p.split('/').collect());
        put(&mut root, &steps, value);
    }
    root
}

fn put(at: &mut Value, steps: &[&str], value: &str) {
    let Some((step, rest)) = steps.split_first() else {
        *at = Value::String(value.into());
        return;
    };
    if let (Ok(place), false) = (step.parse::<usize>(), at.is_object()) {
        if !at.is_array() {
            *at = Value::Array(Vec::new());
        }
        let list = at.as_array_mut().filter(|_| place < LIST_LEN_MAX);
        if let Some(list) = list {
            if list.len() <= place {
                list.resize(place + 1, Value::Null);
            }
            put(&mut list[place], rest, value);
        }
        return;
    }
    if !at.is_object() {
        *at = Value::Object(Map::new());
    }
    if let Some(object) = at.as_object_mut() {
        put(object.entry(*step).or_insert(Value::Null), rest, value);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn templates_are_filled_once() {
        let known = [("to", "+46"), ("text", "{to} {x} 100%"), ("to_digits", "46")];
        assert_eq!(filled("{text}", &known), "{to} {x} 100%");
        assert_eq!(filled("a{to}b{to_digits}{unknown}{", &known), "a+46b46{unknown}{");
        assert_eq!(filled("", &known), "");
    }

    #[test]
    fn pointers_make_objects_and_lists() {
        let fields = [
            ("from", "R".to_owned()),
            ("/message/text", "T".into()),
            ("/to/0", "+46".into()),
            ("/list/0/msisdn", "46".into()),
            ("/far/99", "x".into()),
        ];
        let expected = serde_json::json!({
            "from": "R", "message": {"text": "T"}, "to": ["+46"], "list": [{"msisdn": "46"}], "far": []
        });
        assert_eq!(json(&fields), expected);
    }
}
