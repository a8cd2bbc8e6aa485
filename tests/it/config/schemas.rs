//! The JSON Schemas that editors get accept the shipped files and refuse what the loader refuses. The validator here knows
//! only the words that our schemas use.

use std::path::Path;

use serde_json::{Value, json};
use vardkase::config::schema::{names, schema};

fn problems(root: &Value, rule: &Value, value: &Value, at: &str, out: &mut Vec<String>) {
    let Some(rule) = rule.as_object() else { return };
    for key in rule.keys() {
        let known = [
            "$schema",
            "$ref",
            "$defs",
            "title",
            "description",
            "default",
            "type",
            "format",
            "pattern",
            "const",
            "enum",
            "oneOf",
            "anyOf",
            "allOf",
            "items",
            "properties",
            "additionalProperties",
            "required",
            "minimum",
            "maximum",
        ];
        assert!(known.contains(&key.as_str()), "the schema uses {key}, which this test does not know");
    }
    if let Some(reference) = rule.get("$ref").and_then(Value::as_str) {
        let target = root.pointer(reference.trim_start_matches('#')).expect("a reference that exists");
        problems(root, target, value, at, out);
    }
    let fits = |types: &Value| {
        let is = |t: &str| match t {
            "object" => value.is_object(),
            "array" => value.is_array(),
            "string" => value.is_string(),
            "integer" => value.is_u64(),
            "boolean" => value.is_boolean(),
            "null" => value.is_null(),
            _ => false,
        };
        types.as_str().map_or_else(|| types.as_array().expect("types").iter().any(|t| is(t.as_str().unwrap_or(""))), is)
    };
    if rule.get("type").is_some_and(|t| !fits(t)) {
        out.push(format!("{at}: wants {}", rule["type"]));
    }
    if rule.get("const").is_some_and(|c| c != value)
        || rule.get("enum").is_some_and(|e| !e.as_array().expect("enum").contains(value))
    {
        out.push(format!("{at}: not one of the words"));
    }
    for word in ["oneOf", "anyOf"] {
        if let Some(options) = rule.get(word).and_then(Value::as_array) {
            let fitting = options.iter().filter(|o| {
                let mut sub = Vec::new();
                problems(root, o, value, at, &mut sub);
                sub.is_empty()
            });
            if fitting.count() == 0 {
                out.push(format!("{at}: fits nothing of {word}"));
            }
        }
    }
    for each in rule.get("allOf").and_then(Value::as_array).into_iter().flatten() {
        problems(root, each, value, at, out);
    }
    if let (Some(items), Some(list)) = (rule.get("items"), value.as_array()) {
        for (i, item) in list.iter().enumerate() {
            problems(root, items, item, &format!("{at}[{i}]"), out);
        }
    }
    if let Some(map) = value.as_object() {
        for (key, item) in map {
            match (rule.get("properties").and_then(|p| p.get(key)), rule.get("additionalProperties")) {
                (Some(known), _) => problems(root, known, item, &format!("{at}.{key}"), out),
                (None, Some(Value::Bool(false))) => out.push(format!("{at}.{key}: unknown")),
                (None, Some(rest)) => problems(root, rest, item, &format!("{at}.{key}"), out),
                (None, None) => (),
            }
        }
        for key in rule.get("required").and_then(Value::as_array).into_iter().flatten() {
            if !map.contains_key(key.as_str().unwrap_or("")) {
                out.push(format!("{at}: {key} is missing"));
            }
        }
    }
}

fn check(name: &str, value: &Value) -> Vec<String> {
    let schema = schema(name).expect("a schema");
    let mut out = Vec::new();
    problems(&schema, &schema, value, name, &mut out);
    out
}

#[test]
fn every_shipped_file_fits_its_schema() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let mut seen = std::collections::BTreeSet::new();
    for folder in ["channels", "contacts", "playbooks"] {
        for entry in std::fs::read_dir(root.join(folder)).expect("a folder").flatten() {
            let stem = entry.path().file_stem().expect("a name").to_string_lossy().into_owned();
            let name = names().find(|n| *n == stem).unwrap_or("playbook");
            let text = std::fs::read_to_string(entry.path()).expect("a file");
            let value: Value = serde_yaml::from_str(&text).expect("YAML");
            assert_eq!(check(name, &value), Vec::<String>::new(), "{stem}");
            seen.insert(name);
        }
    }
    // Nobody outside watches a region that does not exist, or is told what happens there, and it has no printer.
    seen.extend(["watch", "webhooks", "printers"]);
    assert_eq!(seen.len(), names().count(), "a schema without a shipped file");
    assert_eq!(schema("people"), None);
}

#[test]
fn a_schema_refuses_what_the_loader_refuses() {
    let bad = json!({ "groups": { "all": ["tib", 7] }, "people": [] });
    assert_eq!(check("groups", &bad), ["groups.groups.all[1]: wants \"string\"", "groups.people: unknown"]);
    assert_eq!(check("groups", &json!({})), ["groups: \"groups\" is missing"]);
    assert!(
        !check("email", &json!({ "gateways": { "a": { "smtp": { "host": "a", "port": "25", "from": "b" } } } }))
            .is_empty()
    );
}
