//! The catalogues of the screens' words: what is wrong in one is named while the program is built, and those that ship hold
//! what they promise.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

#[path = "../../build/words.rs"]
mod generator;

const EN: &str =
    "console-report = Report\nconsole-told = { $n ->\n    [one] One is told.\n   *[other] { $n } are told.\n}\n";
const SV: &str =
    "console-report = Rapportera\nconsole-told = { $n ->\n    [one] En får veta.\n   *[other] { $n } får veta.\n}\n";

fn generated(files: &[(&str, &str)]) -> Result<String, Vec<String>> {
    let files: Vec<_> = files.iter().map(|(lang, text)| ((*lang).to_owned(), (*text).to_owned())).collect();
    generator::generate(&files)
}

#[test]
fn a_word_becomes_a_constant_and_a_choice_whole_sentences() {
    let rust = generated(&[("en", EN), ("sv", SV), ("da", "### Covers: \n")]).unwrap_err();
    assert_eq!(rust, ["da.ftl: there is no section "], "an empty list is a mistake, not everything");
    let rust = generated(&[("en", EN), ("sv", SV)]).unwrap();
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

/// The codes that the sources give to refusals, with a file that does; and calls whose code can't be read there.
fn codes() -> (BTreeMap<String, String>, Vec<String>) {
    /// Every Rust file below a folder that is not a test.
    fn sources(folder: &Path, out: &mut Vec<PathBuf>) {
        for entry in std::fs::read_dir(folder).unwrap().map(|e| e.unwrap().path()) {
            if entry.is_dir() {
                sources(&entry, out);
            } else if entry.to_string_lossy().ends_with(".rs") && !entry.to_string_lossy().ends_with("tests.rs") {
                out.push(entry);
            }
        }
    }
    /// What stands first in the code: a word in quotes, or nothing that can be read.
    fn word(code: &str) -> Option<&str> {
        code.trim_start().strip_prefix('"')?.split('"').next()
    }
    let mut files = Vec::new();
    sources(&root().join("src"), &mut files);
    let (mut codes, mut unread) = (BTreeMap::new(), Vec::new());
    for file in files {
        let name = file.strip_prefix(root()).unwrap().display().to_string();
        let text = std::fs::read_to_string(&file).unwrap();
        let code = text.split("#[cfg(test)]\nmod ").next().unwrap_or_default();
        let calls = code.split("Refused::new(").skip(1).map(word);
        // The status comes first.
        let problems = code.split("Problem::new(").skip(1).map(|c| c.split_once(',').and_then(|(_, c)| word(c)));
        for found in calls.chain(problems) {
            match found {
                Some(code) => drop(codes.insert(code.to_owned(), name.clone())),
                None => unread.push(name.clone()),
            }
        }
    }
    (codes, unread)
}

#[test]
fn every_refusal_has_its_words_and_no_word_is_left_over() {
    let (codes, unread) = codes();
    assert!(unread.is_empty(), "the code is not a literal in the call itself, so that nobody finds it: {unread:?}");
    assert!(codes.len() > 70, "the sources are not read as they should be: {codes:?}");
    let text = std::fs::read_to_string(root().join("assets/words/en.ftl")).unwrap();
    let words: BTreeSet<&str> = text.lines().filter_map(|l| l.strip_prefix("refusal-")?.split(" =").next()).collect();
    let without: Vec<_> = codes.iter().filter(|(code, _)| !words.contains(code.as_str())).collect();
    assert!(without.is_empty(), "without words: {without:?}");
    let left: Vec<_> = words.iter().filter(|code| !codes.contains_key(**code)).collect();
    assert!(left.is_empty(), "no source gives these codes any more: {left:?}");
}

#[test]
fn a_refusal_is_one_plain_sentence_and_what_to_do_another() {
    for lang in ["sv", "en", "da"] {
        let text = std::fs::read_to_string(root().join(format!("assets/words/{lang}.ftl"))).unwrap();
        let mut inside = false;
        for line in text.lines() {
            inside = line.starts_with("refusal-") || (inside && line.starts_with(' '));
            let Some((key, said)) = line.split_once(" = ").filter(|_| inside) else { continue };
            assert!(said.ends_with('.') && !said.contains(". "), "{lang} {key}: {said}");
            assert!(!said.contains(['`', '{', '–']), "{lang} {key}: {said}");
            assert!(said.chars().next().is_some_and(|c| c.is_uppercase() || "”“".contains(c)), "{lang} {key}: {said}");
        }
    }
}
