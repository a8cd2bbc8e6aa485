//! What comments and test names speak of exists: RULES, INCIDENTS (outages and lessons) and DESIGN lead to an anchor in
//! `docs/develop/`. A rule without the mark "(to come)" has a test that is named after it, one with the mark has none.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use super::links::anchors;
use super::{files, page, root};

/// Sources, tests, scripts and configuration: path and text, with comment signs and line ends taken out.
fn texts() -> Vec<(String, String)> {
    let mut all = Vec::new();
    for folder in ["src", "tests", "examples", "fuzz/fuzz_targets", "playbooks", "contacts", "channels", "layout"] {
        for end in [".rs", ".sh", ".yaml", ".py", ".c", ".js", ".md"] {
            all.extend(files(Path::new(folder), end));
        }
    }
    all.extend(["build.rs", "Cargo.toml", "ARCHITECTURE.md", "README.md", "CHANGELOG.md"].map(Into::into));
    let read = |p: std::path::PathBuf| {
        let text = std::fs::read_to_string(root().join(&p)).unwrap();
        let plain: Vec<&str> = text.lines().map(|l| l.trim().trim_start_matches(['/', '!', '#']).trim()).collect();
        (p.to_string_lossy().into_owned(), plain.join(" "))
    };
    let own = ["tests/it/docs/named.rs"];
    all.into_iter().map(read).filter(|(p, _)| !own.contains(&p.as_str())).collect()
}

/// The names that follow a word: `A3, A5` of `RULES A3, A5: …`.
fn names_after<'a>(rest: &'a str, is_name: &dyn Fn(&str) -> bool) -> Vec<&'a str> {
    let mut found = Vec::new();
    let mut rest = rest.trim_start_matches([' ', '§']);
    loop {
        let end = rest.find(|c: char| !c.is_ascii_alphanumeric()).unwrap_or(rest.len());
        if !is_name(&rest[..end]) {
            return found;
        }
        found.push(&rest[..end]);
        rest = &rest[end..];
        let Some(next) = rest.strip_prefix(", ").or_else(|| rest.strip_prefix(" and ")) else { return found };
        rest = next.trim_start_matches('§');
    }
}

fn is_rule(word: &str) -> bool {
    let mut chars = word.chars();
    chars.next().is_some_and(|c| c.is_ascii_uppercase())
        && chars.clone().count() <= 2
        && chars.all(|c| c.is_ascii_digit())
}

fn is_number(word: &str) -> bool {
    !word.is_empty() && word.chars().all(|c| c.is_ascii_digit())
}

fn is_section(word: &str) -> bool {
    is_number(word.trim_end_matches('a'))
}

/// What a text names: page and anchor.
fn named(text: &str) -> BTreeSet<(&'static str, String)> {
    let mut all = BTreeSet::new();
    let mut add = |word: &str, page: &'static str, prefix: &str, is_name: &dyn Fn(&str) -> bool| {
        for (at, _) in text.match_indices(word) {
            let before = text[..at].chars().next_back();
            if before.is_some_and(|c| c.is_alphanumeric() || c == '_') {
                continue;
            }
            for name in names_after(&text[at + word.len()..], is_name) {
                all.insert((page, format!("{prefix}{}", name.to_lowercase())));
            }
        }
    };
    add("RULES ", "rules.md", "", &is_rule);
    add("lesson ", "lessons.md", "lesson-", &is_number);
    add("lessons ", "lessons.md", "lesson-", &is_number);
    add("INCIDENTS ", "lessons.md", "outage-", &|w| is_rule(w) && w.len() == 1);
    add("DESIGN ", "design.md", "section-", &is_section);
    all
}

/// `a10` of `fn rule_a10_…`, `4` of `fn lesson_4_…`.
fn tests(word: &str) -> BTreeSet<String> {
    let mut all = BTreeSet::new();
    for (_, text) in texts() {
        for rest in text.split(&format!("fn {word}_")).skip(1) {
            let name = rest.split(['_', '(']).next().unwrap_or_default();
            if name.chars().any(|c| c.is_ascii_digit()) {
                all.insert(name.to_owned());
            }
            // `rule_c9_and_c11_…`
            if let Some(second) = rest.split("_and_").nth(1).and_then(|r| r.split('_').next())
                && rest.split('_').nth(1) == Some("and")
            {
                all.insert(second.to_owned());
            }
        }
    }
    all
}

#[test]
fn what_comments_name_is_in_the_repository() {
    let pages: BTreeMap<&str, BTreeSet<String>> = ["rules.md", "lessons.md", "design.md"]
        .map(|p| (p, anchors(&page(format!("docs/develop/{p}")))))
        .into_iter()
        .collect();
    let (mut wrong, mut found) = (Vec::new(), 0);
    for (path, text) in texts() {
        for (page, anchor) in named(&text) {
            found += 1;
            if !pages[page].contains(&anchor) {
                wrong.push(format!("{path} names {anchor} of docs/develop/{page}, which is not there"));
            }
        }
    }
    for (word, page, prefix) in [("rule", "rules.md", ""), ("lesson", "lessons.md", "lesson-")] {
        for name in tests(word) {
            if !pages[page].contains(&format!("{prefix}{name}")) {
                wrong.push(format!("a test is called {word}_{name}_…, which docs/develop/{page} does not have"));
            }
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
    assert!(found > 150, "only {found} references were found: this test does not see them any more");
}

#[test]
fn a_rule_has_its_test_or_is_marked_as_to_come() {
    let rules = page("docs/develop/rules.md");
    let tested = tests("rule");
    let mut wrong = Vec::new();
    let mut seen = 0;
    for (n, line) in rules.prose() {
        let Some(id) = line.strip_prefix("- <a id=\"").and_then(|r| r.split('"').next()) else { continue };
        seen += 1;
        let to_come = line.contains("**(to come)**");
        match (tested.contains(id), to_come) {
            (false, false) => wrong.push(format!("rules.md:{n}: {id} has no test rule_{id}_…, and is not marked")),
            (true, true) => wrong.push(format!("rules.md:{n}: {id} is marked as to come, and rule_{id}_… tests it")),
            _ => {}
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
    assert!(seen > 40, "only {seen} rules were found");
}

#[test]
fn the_glossary_names_what_the_code_has() {
    let all: Vec<(String, String)> =
        texts().into_iter().filter(|(p, _)| !p.starts_with("tests/") && p != "ARCHITECTURE.md").collect();
    let glossary = page("docs/develop/glossary.md");
    let (mut wrong, mut found) = (Vec::new(), 0);
    for (n, line) in glossary.prose().filter(|(_, l)| l.starts_with('|')) {
        // The column before the last: names of the code and of YAML.
        let cells: Vec<&str> = line.trim_matches('|').split('|').collect();
        for name in cells[cells.len().saturating_sub(2)].split('`').skip(1).step_by(2) {
            found += 1;
            let last = name.trim_end_matches([':', '…']).rsplit("::").next().unwrap_or_default();
            if !all.iter().any(|(path, text)| path.contains(last) || text.contains(last)) {
                wrong.push(format!("glossary.md:{n}: nothing is called {name}"));
            }
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
    assert!(found > 80, "only {found} names were found");
}

#[test]
fn references_are_read_as_they_are_written() {
    let of = |text: &str| named(text).into_iter().map(|(_, a)| a).collect::<Vec<_>>();
    assert_eq!(of("(RULES A3, A5): x"), ["a3", "a5"]);
    assert_eq!(of("RULES D5 default"), ["d5"]);
    assert_eq!(of("(INCIDENTS lessons 8, 20, 25)"), ["lesson-20", "lesson-25", "lesson-8"]);
    assert_eq!(of("INCIDENTS B: two hours"), ["outage-b"]);
    assert_eq!(of("DESIGN §5, DESIGN 3a"), ["section-3a", "section-5"]);
    assert!(of("RULES' own; INCIDENTS: who watches").is_empty());
}
