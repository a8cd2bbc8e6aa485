//! `vardkase reach`: what programs read of it, and what people do.

use std::collections::BTreeSet;

use serde_json::{Value, json};

use super::{run, run_with};

fn json(args: &[&str]) -> Value {
    let ran = run(args);
    assert_eq!((ran.code, ran.err.as_str()), (0, ""), "{args:?}");
    serde_json::from_str(&ran.out).expect("JSON")
}

fn keys(value: &Value) -> BTreeSet<&str> {
    value.as_object().expect("an object").keys().map(String::as_str).collect()
}

#[test]
fn what_is_left_without_the_core_network_is_told_to_programs() {
    let told = json(&["reach", "--without", "intra,core", "--json"]);
    assert_eq!(told["without"], json!(["core", "intra"]));
    assert_eq!(told["at_once"]["nodes_down"], json!(["ad", "core", "inet-1", "intra", "mail", "pbx"]));
    assert_eq!(told["at_once"]["public_page"], true);
    assert_eq!(told["at_once"]["functions_day"]["tib"]["over"], json!(["fax", "paging", "sms"]));
    assert_eq!(told["at_once"]["approval"]["ehr-down"], json!({ "told": true, "can_answer": true }));
    assert_eq!(told["at_once"]["unreachable_day"], json!([]));
    assert!(!told["at_once"]["gateways_up"].as_array().unwrap().contains(&json!("mail-int")));
    assert_eq!(told["falls"], json!([]));
    // Both operators, and the host outside: mail and SMS are gone, and nobody can answer.
    let told = json(&["reach", "--without", "mob-1,mob-2,ext", "--json"]);
    assert_eq!(told["at_once"]["public_page"], false);
    let asked = &told["at_once"]["approval"]["ehr-down"];
    assert_eq!((&asked["told"], &asked["can_answer"]), (&json!(true), &json!(false)));
    // What is said of each moment has one shape, and the schema names it.
    assert_eq!(keys(&told["at_once"]), keys(&told["after_batteries"]));
    let schema = json(&["schema", "reach", "--json"]);
    let parts: BTreeSet<&str> = keys(&schema["$defs"]["LeftThen"]["properties"]);
    assert_eq!(keys(&told["at_once"]), parts);
    assert_eq!(keys(&told), keys(&schema["$defs"]["ReachWithout"]["properties"]));
}

#[test]
fn sets_of_losses_are_told_to_programs() {
    let told = json(&["reach", "--json"]);
    assert_eq!(told, json(&["reach", "--cuts", "--json"]));
    assert_eq!(told["never"], json!([]));
    assert!(told["cuts_at_once"]["public-page"].as_array().unwrap().contains(&json!(["ext"])));
    for target in ["function:tib", "function-night:dso", "approval:ehr-down", "playbook:ehr-down", "silent"] {
        assert!(told["cuts_at_once"][target].is_array(), "{target}");
    }
    let schema = json(&["schema", "reach", "--json"]);
    assert_eq!(keys(&told), keys(&schema["$defs"]["ReachCuts"]["properties"]));
}

#[test]
fn an_unknown_name_is_an_error_with_the_nearest() {
    let ran = run(&["reach", "--without", "intra,cores"]);
    assert_eq!((ran.code, ran.out.as_str()), (2, ""));
    assert!(ran.err.contains("cores") && ran.err.contains("did you mean “core”?"), "{}", ran.err);
    let ran = run(&["reach", "--without", "x", "--json"]);
    let error: Value = serde_json::from_str(&ran.out).expect("JSON");
    assert!(error.to_string().contains("unknown-name"), "{error}");
}

#[test]
fn people_read_it_in_their_language() {
    for (lang, words) in [
        ("sv_SE.UTF-8", ["Utan mob-2", "Publika sidan visas", "tjänsteman i beredskap (tib)"]),
        ("en_GB.UTF-8", ["Without mob-2", "The public page stands", "regional duty officer (tib)"]),
    ] {
        let ran = run_with(&["reach", "--without", "mob-2"], &[("LANG", lang)]);
        assert_eq!(ran.code, 0, "{}", ran.err);
        for word in words {
            assert!(ran.out.contains(word), "{word}: {}", ran.out);
        }
    }
    let ran = run(&["reach"]);
    assert!(ran.out.contains("the public page"), "{}", ran.out);
    let without = run(&["reach", "--without", "sökare"]);
    assert!(without.out.contains("is an IT system"), "{}", without.out);
}
