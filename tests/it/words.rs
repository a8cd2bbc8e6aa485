//! The catalogues of the screens' words: what is wrong in one is named while the program is built, and those that ship hold
//! what they promise.

use std::collections::BTreeSet;
use std::path::PathBuf;

#[path = "../../build/words.rs"]
mod generator;

const EN: &str =
    "console-report = Report\nconsole-told = { $n ->\n    [one] One is told.\n   *[other] { $n } are told.\n}\n";
const SV: &str =
    "console-report = Rapportera\nconsole-told = { $n ->\n    [one] En får veta.\n   *[other] { $n } får veta.\n}\n";

fn generated(files: &[(&str, &str)]) -> Result<generator::Made, Vec<String>> {
    let files: Vec<_> = files.iter().map(|(lang, text)| ((*lang).to_owned(), (*text).to_owned())).collect();
    generator::generate(&files)
}

#[test]
fn a_word_becomes_a_constant_and_a_choice_whole_sentences() {
    let rust = generated(&[("en", EN), ("sv", SV), ("da", "### Covers: \n")]).unwrap_err();
    assert_eq!(rust, ["da.ftl: there is no section "], "an empty list is a mistake, not everything");
    let rust = generated(&[("en", EN), ("sv", SV)]).unwrap().words;
    assert!(rust.contains("pub(crate) const REPORT: Word = Word(0);"), "{rust}");
    assert!(rust.contains("pub(crate) fn told(lang: impl Borrow<Lang>, n: impl Count) -> String"), "{rust}");
    assert!(
        rust.contains(r#"if n.number() == 1 { "En får veta.".to_owned() } else { format!("{n} får veta.") }"#),
        "{rust}"
    );
    assert!(rust.contains(r#"const TEXTS: &str = "ReportRapportera";"#), "{rust}");
}

#[test]
fn what_is_wrong_in_a_catalogue_is_named() {
    let da = |text: &str| generated(&[("en", EN), ("sv", SV), ("da", text)]).unwrap_err().join("\n");
    let told = "console-told = { $n } får det at vide.\n";
    for (text, expected) in [
        ("### Covers: console\n\nconsole-report = Meld\n", "da.ftl: console-told is missing"),
        (told, "da.ftl: console-report is missing"),
        ("### Covers: public\n", "da.ftl: there is no section public"),
        (
            "### Covers: console\n\nconsole-report = Meld { $what }\nconsole-told = Sagt\n",
            "da.ftl: console-report has $what, and in en.ftl it has not\nda.ftl: console-told lacks $n",
        ),
        (
            "### Covers: console\n\nconsole-report = Meld\nconsole-report = Meld\nconsole-told = { $n }\n",
            "da.ftl: console-report stands there twice",
        ),
        (
            "### Covers: console\n\nconsole-report = Meld\nconsole-reprot = Meld\nconsole-told = { $n }\n",
            "da.ftl: console-reprot is not in en.ftl",
        ),
        (
            "### Covers: console\n\nconsole-report = Meld\nconsole-told = { $n ->\n    [few] Få\n   *[other] { $n }\n}\n",
            "da.ftl: console-told: [few] is neither a number nor a plural form",
        ),
        (
            "### Covers: console\n\nconsole-report = { -brand }\nconsole-told = { $n }\n",
            "da.ftl: console-report: only { $name }, { \"text\" } and a choice by number are understood",
        ),
    ] {
        assert_eq!(da(text), expected);
    }
    let broken = da("### Covers: console\n\nconsole-report = Meld\nconsole-told = { $n\n");
    assert!(broken.starts_with("da.ftl:") && broken.contains("Expected"), "{broken}");
    let lonely = generated(&[("sv", SV)]).unwrap_err();
    assert_eq!(lonely, ["en.ftl is missing"]);
    let hidden = generated(&[("en", EN), ("sv", "### Covers: console\n\nconsole-report = R\nconsole-told = { $n }\n")]);
    assert_eq!(hidden.unwrap_err(), ["sv.ftl must have every section"]);
}

fn root() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR"))
}

#[test]
fn danish_has_all_that_the_public_and_people_who_answer_meet() {
    let text = std::fs::read_to_string(root().join("assets/words/da.ftl")).unwrap();
    let covers: BTreeSet<&str> =
        text.lines().find_map(|l| l.strip_prefix("### Covers: ")).unwrap().split(", ").collect();
    assert_eq!(covers, BTreeSet::from(["common", "fax", "language", "link", "public", "refusal"]));
}

#[test]
fn a_refusal_becomes_a_type_that_holds_what_its_sentences_name() {
    let en = "refusal-closed--merged = Goes on as { $into }.\n    .next = Go on, { $by }.\n";
    let made = generated(&[("en", en), ("sv", en)]).unwrap();
    let line = r#"ClosedMerged("closed--merged", "closed") { into, by }"#;
    assert!(made.refusals.contains(line), "{}", made.refusals);
    let said =
        r#""closed--merged" => (closed_merged(lang, it.given("into")), closed_merged_next(lang, it.given("by"))),"#;
    assert!(made.words.contains(said), "{}", made.words);
    let silent = "refusal-closed = Is closed.\n";
    let wrong = generated(&[("en", silent), ("sv", silent)]).unwrap_err();
    assert_eq!(wrong, ["en.ftl: refusal-closed does not say what to do next: .next"]);
}

#[test]
fn a_refusal_is_one_plain_sentence_and_what_to_do_another() {
    for lang in ["sv", "en", "da"] {
        let text = std::fs::read_to_string(root().join(format!("assets/words/{lang}.ftl"))).unwrap();
        let mut inside = false;
        for line in text.lines() {
            inside = line.starts_with("refusal-") || (inside && line.starts_with(' '));
            let Some((key, said)) = line.split_once(" = ").filter(|_| inside) else { continue };
            assert!(said.ends_with(['.', '}']) && !said.contains(". "), "{lang} {key}: {said}");
            assert!(!said.contains(['`', '–']), "{lang} {key}: {said}");
            assert!(said.chars().next().is_some_and(|c| c.is_uppercase() || "”“{".contains(c)), "{lang} {key}: {said}");
        }
    }
}
