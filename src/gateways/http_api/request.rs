//! Placeholders filled in, JSON made, and who we are to the far end. No IO.

use serde_json::{Map, Value};

use crate::yaml::Secret;

/// The highest place in a list that a pointer may name.
const LIST_LEN_MAX: usize = 16;

/// Who we are to the far end.
#[derive(Clone, PartialEq, Eq, Default, Debug)]
pub enum Auth {
    /// It knows by a field or a header, or does not ask.
    #[default]
    None,
    /// User and password (RFC 7617).
    Basic(String, Secret),
    /// A token (RFC 6750).
    Bearer(Secret),
}

impl Auth {
    /// With a user Basic, with a password alone a token; nothing when the password stands `in_a_field`.
    pub fn of(user: Option<&str>, password: Option<&Secret>, in_a_field: bool) -> Self {
        match (user, password) {
            _ if in_a_field => Auth::None,
            (Some(user), password) if !user.is_empty() => {
                Auth::Basic(user.into(), password.cloned().unwrap_or_default())
            }
            (_, Some(token)) if !token.is_empty() => Auth::Bearer(token.clone()),
            _ => Auth::None,
        }
    }

    /// Puts it into a request.
    pub fn on(&self, request: reqwest::RequestBuilder) -> reqwest::RequestBuilder {
        match self {
            Auth::None => request,
            Auth::Basic(user, password) => request.basic_auth(user, Some(password.expose())),
            Auth::Bearer(token) => request.bearer_auth(token.expose()),
        }
    }
}

/// Fills `{name}`. What is put in is not looked at again, so a text with braces stays as it is; an unknown name, too.
pub fn filled(template: &str, known: &[(&str, &str)]) -> String {
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

/// Fills `{name}` in each text of a JSON value; numbers, yes and no stay as they are.
pub fn filled_json(template: &Value, known: &[(&str, &str)]) -> Value {
    match template {
        Value::String(text) => Value::String(filled(text, known)),
        Value::Array(items) => items.iter().map(|item| filled_json(item, known)).collect(),
        Value::Object(fields) => fields.iter().map(|(name, v)| (name.clone(), filled_json(v, known))).collect(),
        other => other.clone(),
    }
}

/// The fields as JSON: plain names at the top, pointers where they point. A number in a pointer is a place in a list.
pub fn json<N: AsRef<str>>(fields: &[(N, String)]) -> Value {
    let mut root = Value::Object(Map::new());
    for (name, value) in fields {
        let name = name.as_ref();
        let steps: Vec<&str> = name.strip_prefix('/').map_or_else(|| vec![name], |p| p.split('/').collect());
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
        let template = serde_json::json!({ "to": ["{to}"], "n": 1, "is": { "alert": true, "text": "<{text}>" } });
        let expected = serde_json::json!({ "to": ["+46"], "n": 1, "is": { "alert": true, "text": "<{to} {x} 100%>" } });
        assert_eq!(filled_json(&template, &known), expected);
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

    #[test]
    fn who_we_are() {
        let password = Secret::new("p");
        assert_eq!(Auth::of(Some("u"), Some(&password), false), Auth::Basic("u".into(), password.clone()));
        assert_eq!(Auth::of(None, Some(&password), false), Auth::Bearer(password.clone()));
        assert_eq!(Auth::of(Some("u"), Some(&password), true), Auth::None);
        assert_eq!(Auth::of(None, None, false), Auth::None);
    }
}
