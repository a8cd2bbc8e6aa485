//! What differs between two configurations, for people: which thing, which setting, from what to what. Made from plans, and
//! so without a single address.

use serde_json::Value;

use crate::domain::plan::Plan;

/// A value that is longer is shown by its beginning.
const VALUE_CHARS_MAX: usize = 60;
/// Fields by which the things of a list are told apart.
const NAMES: [&str; 2] = ["id", "gateway"];

/// A line for each difference, in the order of the plan: `functions.iva.answer_within_s: 300 → 120`.
pub fn lines(from: &Plan, to: &Plan) -> Vec<String> {
    let value = |plan: &Plan| {
        let mut value = serde_json::to_value(plan).unwrap_or(Value::Null);
        if let Value::Object(fields) = &mut value {
            fields.remove("hash");
        }
        value
    };
    let mut lines = Vec::new();
    compare("", &value(from), &value(to), &mut lines);
    lines
}

fn compare(path: &str, from: &Value, to: &Value, lines: &mut Vec<String>) {
    if from == to {
        return;
    }
    match (from, to) {
        (Value::Object(a), Value::Object(b)) => {
            for (key, before) in a {
                match b.get(key) {
                    Some(after) => compare(&below(path, key), before, after, lines),
                    None => lines.push(format!("{}: gone", below(path, key))),
                }
            }
            for key in b.keys().filter(|k| !a.contains_key(*k)) {
                lines.push(format!("{}: new", below(path, key)));
            }
        }
        (Value::Array(a), Value::Array(b)) => match (named(a), named(b)) {
            (Some(a), Some(b)) => {
                for (name, before) in &a {
                    match b.iter().find(|(n, _)| n == name) {
                        Some((_, after)) => compare(&below(path, name), before, after, lines),
                        None => lines.push(format!("{}: gone", below(path, name))),
                    }
                }
                for (name, _) in b.iter().filter(|(name, _)| !a.iter().any(|(n, _)| n == name)) {
                    lines.push(format!("{}: new", below(path, name)));
                }
            }
            _ if a.len() == b.len() && a.iter().chain(b).any(|v| v.is_object() || v.is_array()) => {
                for (i, (before, after)) in a.iter().zip(b).enumerate() {
                    compare(&below(path, &(i + 1).to_string()), before, after, lines);
                }
            }
            _ => lines.push(format!("{path}: {} → {}", shown(from), shown(to))),
        },
        _ => lines.push(format!("{path}: {} → {}", shown(from), shown(to))),
    }
}

fn below(path: &str, key: &str) -> String {
    if path.is_empty() { key.to_owned() } else { format!("{path}.{key}") }
}

/// The things of a list by their names, when all have one and no two the same.
fn named(list: &[Value]) -> Option<Vec<(&str, &Value)>> {
    let name = |v: &Value| NAMES.iter().find_map(|field| v.get(field)?.as_str().map(str::to_owned));
    let mut seen = std::collections::BTreeSet::new();
    if list.is_empty() || !list.iter().all(|v| name(v).is_some_and(|n| seen.insert(n))) {
        return None;
    }
    list.iter().map(|v| NAMES.iter().find_map(|field| v.get(field)?.as_str()).map(|n| (n, v))).collect()
}

fn shown(value: &Value) -> String {
    let text = match value {
        Value::String(s) => format!("“{s}”"),
        Value::Null => "nothing".into(),
        other => other.to_string(),
    };
    match text.char_indices().nth(VALUE_CHARS_MAX) {
        Some((at, _)) => format!("{}…", &text[..at]),
        None => text,
    }
}

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, reason = "tests")]
    use super::*;
    use crate::config::{Source, load};

    #[test]
    fn each_difference_is_named_where_it_is() {
        let before = load(&Source::Shipped).unwrap().plan;
        assert!(lines(&before, &before).is_empty());
        let mut after = before.clone();
        let iva = after.functions.iter().position(|f| f.id.as_str() == "iva").unwrap();
        after.functions[iva].answer_within_s = 77;
        after.region.name = "Region Fjällmark och Kust".into();
        let gone = after.playbooks.keys().next().unwrap().clone();
        after.playbooks.remove(&gone);
        let told = lines(&before, &after);
        let was = before.functions[iva].answer_within_s;
        assert!(told.contains(&format!("functions.iva.answer_within_s: {was} → 77")), "{told:#?}");
        assert!(
            told.contains(&"region.name: “Region Fjällmark” → “Region Fjällmark och Kust”".to_owned()),
            "{told:#?}"
        );
        assert!(told.contains(&format!("playbooks.{gone}: gone")), "{told:#?}");
        assert_eq!(told.len(), 3, "{told:#?}");
        assert!(lines(&after, &before).contains(&format!("playbooks.{gone}: new")));
    }

    #[test]
    fn a_long_value_is_shown_by_its_beginning() {
        let long = Value::String("å".repeat(100));
        assert_eq!(shown(&long).chars().count(), VALUE_CHARS_MAX + 1);
    }
}
