//! What the threat model, the table of OWASP ASVS and the list of trials say shows something, is there.

use std::path::Path;

fn page(name: &str) -> String {
    std::fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join("docs/develop").join(name)).unwrap()
}

/// `src/web/auth.rs::a_name` in backquotes.
fn named(page: &str) -> Vec<(&str, &str)> {
    page.split('`').skip(1).step_by(2).filter_map(|code| code.split_once(".rs::")).collect()
}

#[test]
fn every_test_that_is_named_there_is() {
    for name in ["threat-model.md", "asvs.md", "trials.md"] {
        let page = page(name);
        let all = named(&page);
        assert!(all.len() > 30, "{name}: {} tests", all.len());
        for (file, function) in all {
            let source = std::fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join(format!("{file}.rs")));
            let source = source.unwrap_or_else(|e| panic!("{name}: {file}.rs: {e}"));
            assert!(source.contains(&format!("fn {function}(")), "{name}: {file}.rs has no {function}");
        }
    }
}

#[test]
fn the_states_of_the_table_are_counted() {
    let page = page("asvs.md");
    let (head, rows) = page.split_once("\n## V1 ").unwrap();
    let states = ["holds", "not applicable", "accepted", "**does not hold**"];
    let mut sum = 0;
    for state in states {
        let count = rows.lines().filter(|l| l.split(" | ").nth(3).is_some_and(|c| c.starts_with(state))).count();
        let line = head.lines().find(|l| l.starts_with(&format!("| {state} |"))).unwrap();
        assert!(line.ends_with(&format!("| {count} |")), "{state}: {count}, and there stands {line}");
        sum += count;
    }
    assert!(head.contains(&format!("Of {sum} rows")), "{sum}");
}
