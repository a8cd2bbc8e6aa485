//! Whoever mends a configuration at night has never heard of the libraries that read it: none of their words reaches him.

use vardkase::config::{Source, load, minimal, shipped};
use vardkase::yaml::Diagnostic;

/// What libraries say, and what says nothing to those who write YAML.
const RAW: [&str; 34] = [
    "expected u8",
    "expected u16",
    "expected u32",
    "expected usize",
    "invalid type",
    "invalid value",
    "invalid length",
    "missing field",
    "unknown field",
    "unknown variant",
    "duplicate field",
    "did not find expected",
    "while scanning",
    "while parsing",
    "block mapping",
    "flow mapping",
    "flow sequence",
    "simple key",
    "scalar",
    "mapping values",
    "at line ",
    "os error",
    "No such file",
    "Permission denied",
    "stream did not contain",
    "crontab",
    "malformed expression",
    "failed to parse",
    "trailing characters",
    "EOF",
    "struct ",
    "enum ",
    "Err(",
    "RelativeUrl",
];

/// Other values in the place of one: of another kind, too large, of another form.
const VALUES: [&str; 22] = [
    "99999999999",
    "-1",
    "70000",
    "300",
    "1.5",
    "true",
    "~",
    "[]",
    "[a, [b]]",
    "{}",
    "{ a: b }",
    "\"\"",
    "\"a\\qb\"",
    "'it''s",
    "@a",
    "a: b: c",
    "|",
    "0s",
    "2026-02-30",
    "25:99",
    "\"[::1]:x\"",
    "ÅÄÖ 🙂",
];

/// Each kind of file, each protocol, and no more than that: names that lead nowhere are no matter here.
fn files() -> Vec<(String, String)> {
    let mut files = minimal();
    files.retain(|(path, _)| !path.starts_with("channels/"));
    files.extend(
        shipped().into_iter().filter(|(path, _)| path.starts_with("channels/") || path.ends_with("ehr-down.yaml")),
    );
    files
}

fn found(files: Vec<(String, String)>) -> Vec<Diagnostic> {
    load(&Source::Files(files)).err().unwrap_or_default()
}

/// Where a value begins in a line: behind `: `, `- `, `[` or `, `.
fn starts(text: &str) -> Vec<usize> {
    let mut all = Vec::new();
    for sign in [": ", "- ", "[", ", "] {
        all.extend(text.match_indices(sign).map(|(at, _)| at + sign.len()));
    }
    all.sort_unstable();
    all
}

#[test]
fn no_word_of_a_library_reaches_the_person() {
    let files = files();
    let mut seen = 0;
    for (i, (path, text)) in files.iter().enumerate() {
        // A share of the values, each in turn replaced by a value of another kind.
        let places = starts(text);
        let step = (places.len() / 16).max(1);
        for (n, at) in places.iter().step_by(step).enumerate() {
            let end = text[*at..].find([',', '\n', '}', ']']).map_or(text.len(), |e| at + e);
            let value = VALUES[(n + i) % VALUES.len()];
            let mut changed = files.clone();
            changed[i].1 = format!("{}{value}{}", &text[..*at], &text[end..]);
            for d in found(changed) {
                seen += 1;
                let said = format!("{} {}", d.message, d.help.as_deref().unwrap_or_default());
                let raw = RAW.iter().find(|raw| said.contains(**raw));
                assert_eq!(raw, None, "{path}, {value} at {at}: {said}");
            }
        }
    }
    assert!(seen > 300, "{seen}");
}

#[test]
fn a_bad_indentation_is_said_in_plain_words() {
    let files = files();
    for (i, (path, text)) in files.iter().enumerate() {
        let lines: Vec<&str> = text.lines().collect();
        let step = (lines.len() / 3).max(1);
        for at in (0..lines.len()).step_by(step) {
            for indent in ["\t", " ", "   "] {
                let mut changed = files.clone();
                let moved: Vec<String> = lines
                    .iter()
                    .enumerate()
                    .map(|(n, line)| if n == at { format!("{indent}{line}") } else { (*line).to_owned() })
                    .collect();
                changed[i].1 = moved.join("\n");
                for d in found(changed) {
                    let raw = RAW.iter().find(|raw| d.message.contains(**raw));
                    assert_eq!(raw, None, "{path}:{at}: {}", d.message);
                }
            }
        }
    }
}
