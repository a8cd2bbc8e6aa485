//! `vardkase replay`: what people see, what programs read, what it says of mistakes.

use std::collections::BTreeSet;

use serde_json::Value;

use super::{run, run_with};

fn keys(value: &Value) -> BTreeSet<&str> {
    value.as_object().expect("an object").keys().map(String::as_str).collect()
}

fn file(name: &str, text: &str) -> (tempfile::TempDir, String) {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join(name);
    std::fs::write(&path, text).unwrap();
    let path = path.to_string_lossy().into_owned();
    (dir, path)
}

const SMALL: &str = "scenario: small
title: { sv: Litet, en: Small }
from: 2026-01-12 08:00
until: 2026-01-12 12:00
measure: { owners: [so-vard], wards: [clin] }
happens:
  - { id: report, at: 2026-01-12 08:05, by: it-bered, report: { playbook: ehr-slow } }
expect:
  - { that: { sv: stabsläge, en: staff mode }, after: report, within: 1s, mode: staff }
";

#[test]
fn people_read_history_beside_ours_in_their_language() {
    for (lang, words) in [
        (
            "sv_SE.UTF-8",
            [
                "mellan 5 och 34 min",
                "avdelningarna inom tio minuter",
                "tjänsteman i beredskap",
                "Alla 9 förväntningar håller.",
            ],
        ),
        (
            "en_GB.UTF-8",
            ["between 5 and 34 min", "wards within ten minutes", "regional duty officer", "All 9 expectations hold."],
        ),
    ] {
        let ran = run_with(&["replay", "b-records-stockholm"], &[("LANG", lang)]);
        assert_eq!((ran.code, ran.err.as_str()), (0, ""), "{}", ran.out);
        for word in words {
            assert!(ran.out.contains(word), "{word}: {}", ran.out);
        }
    }
}

#[test]
fn programs_read_one_shape_that_the_schema_names() {
    let (_dir, path) = file("small.yaml", SMALL);
    let ran = run(&["replay", &path, "--json", "--seed", "7"]);
    assert_eq!((ran.code, ran.err.as_str()), (0, ""));
    let told: Value = serde_json::from_str(&ran.out).expect("JSON");
    let schema: Value = serde_json::from_str(&run(&["schema", "replay"]).out).expect("JSON");
    assert!(keys(&told).is_subset(&keys(&schema["properties"])));
    assert_eq!((told["passed"].as_bool(), told["seed"].as_u64()), (Some(true), Some(7)));
    assert_eq!(told["beside"][0]["question"], "first_key_function");
    assert_eq!(told["beside"][0]["history"], Value::Null, "what is unknown stays unknown");
    let form: Value = serde_json::from_str(&run(&["schema", "scenario"]).out).expect("JSON");
    for key in ["scenario", "history", "people", "happens", "expect"] {
        assert!(keys(&form["properties"]).contains(key), "{key}");
    }
}

#[test]
fn what_does_not_hold_ends_with_a_code_the_line_and_what_was_seen() {
    let (_dir, path) = file("small.yaml", &SMALL.replace("mode: staff", "mode: disaster"));
    let ran = run(&["replay", &path]);
    assert_eq!(ran.code, 1);
    for said in [
        ":9:5: this does not hold: staff mode",
        "help: seen: at 2026-01-12 08:05:01 it was FS staff",
        "One thing does not hold.",
    ] {
        assert!(ran.out.contains(said), "{said}: {}", ran.out);
    }
}

#[test]
fn mistakes_are_said_and_nothing_is_replayed() {
    let (_dir, path) = file(
        "small.yaml",
        &SMALL.replace("at: 2026-01-12 08:05", "at: 2026-01-12 07:05").replace("ehr-slow", "ehr-slo"),
    );
    for args in [&["replay", &path][..], &["replay", &path, "--check"][..]] {
        let ran = run(args);
        assert_eq!(ran.code, 2, "{}", ran.out);
        for said in
            [":7:23: this lies outside of the replay", "did you mean \"ehr-slow\"?", "3 mistakes: nothing was replayed"]
        {
            assert!(ran.out.contains(said), "{said}: {}", ran.out);
        }
    }
    let (_dir, path) = file("small.yaml", SMALL);
    assert_eq!(run(&["replay", &path, "--check"]).out, "The scenario is fine.\n");
    let ran = run(&["replay", "no-such-outage"]);
    assert_eq!((ran.code, ran.out.as_str()), (2, ""));
    assert!(ran.err.contains("no-such-outage") && ran.err.contains("h-privacy-stockholm"), "{}", ran.err);
    let ran = run(&["replay", &path, "--config", "/nowhere"]);
    assert_eq!(ran.code, 2);
}

#[test]
fn a_page_is_written() {
    let (dir, path) = file("small.yaml", SMALL);
    let page = dir.path().join("page.html");
    let ran = run(&["replay", &path, "--html", &page.to_string_lossy()]);
    assert_eq!(ran.code, 0, "{}{}", ran.out, ran.err);
    assert!(std::fs::read_to_string(&page).unwrap().contains("<h1>Small</h1>"));
    let ran = run(&["replay", &path, "--html", "/nowhere/page.html"]);
    assert_eq!(ran.code, 2, "{}", ran.err);
}

#[test]
fn a_user_replays_an_outage_of_her_own_region() {
    let dir = tempfile::tempdir().unwrap();
    let region = dir.path().join("region").to_string_lossy().into_owned();
    assert_eq!(run(&["config", "init", &region]).code, 0);
    let names =
        |text: &str| text.replace("so-vard", "it").replace("[clin]", "[icu, emergency]").replace("it-bered", "it");
    let (_dir, path) = file("mine.yaml", &names(SMALL).replace("ehr-slow", "ehr-down"));
    let ran = run(&["replay", &path, "--config", &region]);
    assert_eq!(ran.code, 0, "{}{}", ran.out, ran.err);
    // Names of another region are mistakes, with their line.
    let (_dir, path) = file("other.yaml", SMALL);
    let ran = run(&["replay", &path, "--config", &region]);
    assert!(ran.code == 2 && ran.out.contains("other.yaml:5:"), "{}{}", ran.out, ran.err);
}
