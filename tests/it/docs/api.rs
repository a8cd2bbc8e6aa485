//! The API's description is kept beside the tests, so that a change of it is seen where it is made (`UPDATE_GOLDEN=1` writes it anew);
//! its page names every path, and the page of refusals every code with its sentence.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::Value;
use vardkase::web::openapi::description;
use vardkase::web::problem::kinds;

use super::{page, root, update};

const DESCRIPTION: &str = "tests/golden/openapi.json";
const REFUSALS: &str = "docs/operate/api-refusals.md";
const BEGIN: &str = "<!-- refusals -->\n";
const END: &str = "<!-- end -->";

#[test]
fn the_description_of_the_api_is_that_of_the_program() {
    let written = serde_json::to_string_pretty(&description()).unwrap() + "\n";
    let file = root().join(DESCRIPTION);
    if std::env::var_os("UPDATE_GOLDEN").is_some_and(|v| v == "1") {
        std::fs::write(&file, &written).unwrap();
    }
    let there = std::fs::read_to_string(&file).unwrap_or_default();
    assert!(there == written, "{DESCRIPTION} is out of date: UPDATE_GOLDEN=1 cargo test --test it docs::api writes it");
}

#[test]
fn what_the_description_refers_to_is_in_it() {
    fn references(value: &Value, all: &mut BTreeSet<String>) {
        match value {
            Value::Object(fields) => {
                all.extend(fields.get("$ref").and_then(Value::as_str).map(str::to_owned));
                fields.values().for_each(|v| references(v, all));
            }
            Value::Array(items) => items.iter().for_each(|v| references(v, all)),
            _ => {}
        }
    }
    let whole = description();
    let mut all = BTreeSet::new();
    references(&whole, &mut all);
    assert!(all.len() > 50, "{all:?}");
    for to in all {
        assert!(whole.pointer(to.trim_start_matches('#')).is_some(), "{to} leads nowhere");
    }
    let text = whole.to_string();
    for inside in ["crate::", "[`", "Self::"] {
        assert!(!text.contains(inside), "{inside} is for readers of the sources");
    }
}

#[test]
fn every_path_of_the_api_is_in_its_page_and_no_other() {
    let whole = description();
    let paths = whole["paths"].as_object().unwrap().iter();
    let rows: BTreeSet<String> = paths
        .flat_map(|(path, methods)| {
            let methods = methods.as_object().unwrap().keys();
            methods.map(move |method| format!("| {} | `{path}` |", method.to_uppercase()))
        })
        .collect();
    let page = page("docs/operate/api.md").text;
    let there = page.lines().filter(|l| l.starts_with("| GET |") || l.starts_with("| POST |"));
    let there: BTreeSet<String> = there.map(|l| l.splitn(4, '|').take(3).collect::<Vec<_>>().join("|") + "|").collect();
    assert_eq!(there, rows);
}

/// The first sentence of each code, as its catalogue has it.
fn sentences() -> BTreeMap<String, String> {
    let words = std::fs::read_to_string(root().join("assets/words/en.ftl")).unwrap();
    let mut all = BTreeMap::new();
    for line in words.lines() {
        if let Some((key, said)) = line.strip_prefix("refusal-").and_then(|l| l.split_once(" =")) {
            let code = key.split("--").next().unwrap();
            // What depends on a number goes on in lines of its own.
            let said = said.trim().trim_start_matches('{').trim();
            let said = said.replace("{ $", "‹").replace(" }", "›").replace('|', "\\|");
            let said = if said.contains("->") { String::new() } else { said };
            let place: &mut String = all.entry(code.to_owned()).or_default();
            if place.is_empty() {
                *place = said;
            }
        }
    }
    all
}

#[test]
fn every_kind_of_refusal_is_in_its_page() {
    let sentences = sentences();
    let mut table = String::from("| code | status | for example |\n|---|---|---|\n");
    for kind in kinds() {
        let said = sentences.get(kind.code).unwrap_or_else(|| panic!("{} has no sentence", kind.code));
        table.push_str(&format!("| `{}` | {} | {said} |\n", kind.code, kind.status));
    }
    let text = page(REFUSALS).text;
    let (before, rest) = text.split_once(BEGIN).unwrap();
    let (there, after) = rest.split_once(END).unwrap();
    if there != table {
        assert!(update(), "{REFUSALS} is out of date: UPDATE_DOCS=1 cargo test --test it docs::api writes it");
        std::fs::write(root().join(REFUSALS), format!("{before}{BEGIN}{table}{END}{after}")).unwrap();
    }
}
