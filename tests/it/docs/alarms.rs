//! Every alarm that the program can raise, and every number that it shows, is explained to whoever operates it.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use super::{files, page, root};

/// Sources without their tests.
fn sources() -> BTreeMap<String, String> {
    let mut all = BTreeMap::new();
    for path in files(Path::new("src"), ".rs") {
        let name = path.to_string_lossy().into_owned();
        if name.ends_with("tests.rs") || name.contains("/tests/") {
            continue;
        }
        let text = std::fs::read_to_string(root().join(&path)).unwrap();
        let code = text.split("#[cfg(test)]\nmod tests").next().unwrap().to_owned();
        all.insert(name, code);
    }
    all
}

/// The string literal that a text begins with.
fn literal(text: &str) -> Option<&str> {
    text.trim_start().strip_prefix('"').and_then(|r| r.split('"').next())
}

/// The names that stand behind a call's opening parenthesis: literals, constants, functions that make a name.
fn names(sources: &BTreeMap<String, String>) -> BTreeSet<String> {
    let constant = |own: &str, name: &str| {
        let of =
            |text: &String| text.split(&format!("const {name}: &str = ")).nth(1).and_then(literal).map(str::to_owned);
        sources.get(own).and_then(of).or_else(|| sources.values().find_map(of))
    };
    let maker = |name: &str| {
        let body = sources.values().find_map(|text| text.split(&format!("fn {name}(")).nth(1).map(str::to_owned))?;
        let made = body.split("format!(").nth(1).and_then(literal).map(str::to_owned)?;
        Some(made.split([' ', '{']).next().unwrap_or_default().to_owned())
    };
    let mut all = BTreeSet::new();
    for (file, text) in sources {
        if file == "src/dispatch/board.rs" {
            continue;
        }
        for call in ["board.raise(", "board().raise(", "set(board, ", "each(board, "] {
            for rest in text.split(call).skip(1) {
                let first = rest.split(',').next().unwrap_or_default().trim();
                let name = match literal(first) {
                    Some(name) => Some(name.to_owned()),
                    // The helpers `set` and `each` hand on the name that they were given.
                    None if first == "name" || first.contains("{name}") => continue,
                    None => match first.strip_prefix('&').and_then(|f| f.split('(').next()) {
                        Some(function) => maker(function.rsplit("::").next().unwrap_or_default()),
                        None => constant(file, first.rsplit("::").next().unwrap_or_default()),
                    },
                };
                all.insert(name.unwrap_or_else(|| panic!("{file}: which alarm is {call}{first}?")));
            }
        }
    }
    all
}

#[test]
fn every_alarm_has_a_line_that_says_what_to_do() {
    let text = page("docs/operate/alarms.md").text;
    let all = names(&sources());
    for expected in ["loop", "step-overdue", "gateway-down", "heartbeat", "page"] {
        assert!(all.contains(expected), "{expected} was not found in the sources: {all:?}");
    }
    let missing: Vec<&String> = all.iter().filter(|n| !text.contains(&format!("| `{n}"))).collect();
    assert!(missing.is_empty(), "docs/operate/alarms.md does not explain {missing:?}");
}

#[test]
fn what_alarms_say_stands_beside_what_to_do() {
    let text = page("docs/operate/alarms.md").text;
    let catalogue = std::fs::read_to_string(root().join("assets/words/en.ftl")).unwrap();
    let mut found = 0;
    for line in catalogue.lines().filter(|l| l.starts_with("alarm-")) {
        let said = line.split_once(" = ").unwrap().1;
        // Between what is filled in, the longest piece must stand on the page.
        let piece = said.split(['{', '}']).step_by(2).max_by_key(|p| p.len()).unwrap_or_default().trim();
        if piece.len() >= 12 {
            found += 1;
            assert!(text.contains(piece.trim_end_matches([':', '('])), "docs/operate/alarms.md lacks “{piece}”");
        }
    }
    assert!(found >= 12, "only {found} sentences were found");
}

#[test]
fn every_metric_is_explained() {
    let text = page("docs/operate/monitoring.md").text;
    let source = std::fs::read_to_string(root().join("src/web/metrics.rs")).unwrap();
    let mut found = 0;
    for call in ["add(", "of(", "count("] {
        for rest in source.split(call).skip(1) {
            let Some(name) = literal(rest) else { continue };
            if name.chars().all(|c| c.is_ascii_lowercase() || c == '_') {
                found += 1;
                assert!(
                    text.contains(&format!("`vardkase_{name}`")),
                    "docs/operate/monitoring.md lacks vardkase_{name}"
                );
            }
        }
    }
    assert!(found > 25, "only {found} metrics were found");
}
