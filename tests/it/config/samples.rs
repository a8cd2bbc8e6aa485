//! `valid/*.yaml` and `invalid/*.yaml`: each replaces or adds files (`# file: path`) of `base.yaml`. What is found in an
//! invalid one stands beside it in a `.txt`; `UPDATE_EXPECT=1` writes it. `# strict` checks strictly, `# warnings` allows
//! warnings in a valid one.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use vardkase::config::{Source, load, run_check};
use vardkase::domain::lang::Lang;

fn folder() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/it/config")
}

/// The files of a bundle. A file without text is taken away.
fn unbundle(text: &str) -> BTreeMap<String, String> {
    let mut files = BTreeMap::new();
    let mut current: Option<&mut String> = None;
    for line in text.lines() {
        if let Some(path) = line.strip_prefix("# file: ") {
            current = Some(files.entry(path.trim().to_owned()).or_insert_with(String::new));
        } else if let Some(file) = &mut current {
            file.push_str(line);
            file.push('\n');
        }
    }
    files
}

fn base() -> BTreeMap<String, String> {
    let read = |path: PathBuf| std::fs::read_to_string(path).expect("a file of the tests");
    let mut files = unbundle(&read(folder().join("base.yaml")));
    let messages = Path::new(env!("CARGO_MANIFEST_DIR")).join("playbooks/messages.yaml");
    files.insert("playbooks/messages.yaml".into(), read(messages));
    files
}

fn source(sample: &str) -> Source {
    let mut files = base();
    files.extend(unbundle(sample));
    Source::Files(files.into_iter().filter(|(_, text)| !text.is_empty()).collect())
}

fn samples(kind: &str) -> Vec<(PathBuf, String)> {
    let mut all: Vec<(PathBuf, String)> = std::fs::read_dir(folder().join(kind))
        .expect("the folder of samples")
        .map(|e| e.expect("a sample").path())
        .filter(|p| p.extension().is_some_and(|e| e == "yaml"))
        .map(|p| (p.clone(), std::fs::read_to_string(&p).expect("a sample")))
        .collect();
    all.sort();
    assert!(!all.is_empty(), "no samples in {kind}");
    all
}

#[test]
fn the_smallest_region_has_no_warning() {
    let report = run_check(&source(""), None, true);
    assert_eq!(report.text(Lang::EN), "fine\n");
    assert_eq!(report.exit_code, 0);
}

#[test]
fn valid_samples_load() {
    for (path, text) in samples("valid") {
        let source = source(&text);
        let loaded = load(&source)
            .unwrap_or_else(|_| panic!("{}:\n{}", path.display(), run_check(&source, None, false).text(Lang::EN)));
        let wanted = text.starts_with("# warnings");
        assert_eq!(
            !loaded.warnings.is_empty(),
            wanted,
            "{}:\n{}",
            path.display(),
            run_check(&source, None, false).text(Lang::EN)
        );
    }
}

#[test]
fn invalid_samples_say_everything_that_is_wrong() {
    let mut wrong = Vec::new();
    for (path, text) in samples("invalid") {
        let report = run_check(&source(&text), None, text.starts_with("# strict"));
        assert_eq!(report.exit_code, 2, "{}:\n{}", path.display(), report.text(Lang::EN));
        let beside = path.with_extension("txt");
        if std::env::var_os("UPDATE_EXPECT").is_some() {
            std::fs::write(&beside, report.text(Lang::EN)).expect("the expected text");
        }
        let expected = std::fs::read_to_string(&beside).unwrap_or_default();
        if report.text(Lang::EN) != expected {
            wrong.push(format!("{}:\n{}", path.display(), report.text(Lang::EN)));
        }
        for diagnostic in &report.diagnostics {
            assert!(!diagnostic.file.is_empty() && !diagnostic.message.is_empty(), "{diagnostic:?}");
        }
        let json: serde_json::Value = serde_json::from_str(&report.json()).expect("JSON for editors");
        assert_eq!(json["diagnostics"].as_array().map(Vec::len), Some(report.diagnostics.len()));
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

/// Without notes of its own, a language of the built-in region has those; another one must bring them.
#[test]
fn notes_may_be_left_out_in_languages_that_have_some() {
    let shipped = base()["playbooks/messages.yaml"].clone();
    let mut without = String::new();
    let mut in_notes = false;
    for line in shipped.lines() {
        in_notes = line == "    notes:" || in_notes && line.starts_with("      ");
        if !in_notes {
            without += line;
            without.push('\n');
        }
    }
    let with = |messages: String, organisation: (&str, &str)| {
        let mut files = base();
        let text = files["contacts/organisation.yaml"].replace(organisation.0, organisation.1);
        files.insert("contacts/organisation.yaml".into(), text);
        files.insert("playbooks/messages.yaml".into(), messages);
        Source::Files(files.into_iter().collect())
    };
    let whole = load(&source("")).unwrap().plan.words;
    let plan = load(&with(without.clone(), ("", ""))).unwrap().plan;
    assert!(plan.words == whole, "the notes of the built-in region");
    // The plan changes with the program's notes, so its name does not hang on the region's files alone.
    let complete = load(&with(shipped.clone(), ("", ""))).unwrap().plan.hash;
    assert!(plan.hash != complete && complete == load(&source("")).unwrap().plan.hash);
    let welsh = without.replace("\n  en:", "\n  cy:");
    let report = run_check(&with(welsh, ("languages: [sv, en]", "languages: [sv, cy]")), None, false);
    assert!(report.diagnostics.iter().any(|d| d.code == "missing-note"), "{}", report.text(Lang::EN));
}

#[test]
fn the_small_region_to_begin_with_has_no_mistake() {
    let report = run_check(&Source::Files(vardkase::config::minimal()), None, false);
    assert_eq!(report.exit_code, 0, "{}", report.text(Lang::EN));
    let codes: std::collections::BTreeSet<&str> = report.diagnostics.iter().map(|d| d.code).collect();
    assert!(codes.iter().all(|c| *c == "never-proven"), "{}", report.text(Lang::EN));
}
