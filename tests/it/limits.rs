//! `docs/operate/limits.md` is made from the code: every constant and every default whose name says that it is a bound, with what
//! its comment says. `UPDATE_LIMITS=1 cargo test --test it limits::` writes it anew.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

fn root() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR"))
}

/// A bound.
#[derive(PartialEq, Eq, PartialOrd, Ord, Debug)]
struct Bound {
    module: String,
    name: String,
    value: String,
    what: String,
}

fn sources(dir: &Path, out: &mut Vec<PathBuf>) {
    let mut entries: Vec<_> = std::fs::read_dir(dir).unwrap().map(|e| e.unwrap().path()).collect();
    entries.sort();
    for path in entries {
        if path.is_dir() {
            sources(&path, out);
        } else if path.extension().is_some_and(|e| e == "rs") {
            out.push(path);
        }
    }
}

/// `dispatch::worker` of `src/dispatch/worker.rs`.
fn module(path: &Path) -> String {
    let name = path.strip_prefix(root().join("src")).unwrap().with_extension("");
    let name = name.to_string_lossy().replace('/', "::");
    name.strip_suffix("::mod").unwrap_or(&name).to_owned()
}

fn is_bound(name: &str) -> bool {
    name.to_lowercase().split('_').any(|part| part == "max")
}

/// The first sentence of the comment above a line.
fn said(lines: &[&str], at: usize) -> String {
    // Lines that follow one another share the comment above the first.
    if at > 0 && lines[at - 1].contains("const ") && lines[at - 1].ends_with(';') {
        return said(lines, at - 1);
    }
    let mut first = at;
    while first > 0 && (lines[first - 1].trim().starts_with("///") || lines[first - 1].trim().starts_with("#[")) {
        first -= 1;
    }
    let words: Vec<&str> =
        lines[first..at].iter().filter_map(|l| l.trim().strip_prefix("///")).map(str::trim).collect();
    let text = words.join(" ");
    let end = text.find(". ").map_or(text.len(), |at| at + 1);
    text[..end].trim_end_matches('.').replace('|', "\\|").replace("[`", "`").replace("`]", "`")
}

/// `const NAME: T = VALUE;`
fn constants(module: &str, lines: &[&str], all: &mut Vec<Bound>) {
    for (at, line) in lines.iter().enumerate() {
        let code = line.trim().trim_start_matches("pub(super) ").trim_start_matches("pub(crate) ");
        let Some(rest) = code.trim_start_matches("pub ").strip_prefix("const ") else { continue };
        let Some((name, rest)) = rest.split_once(':') else { continue };
        let Some((_, value)) = rest.split_once(" = ") else { continue };
        if is_bound(name) && value.ends_with(';') {
            let (name, value) = (name.to_owned(), value.trim_end_matches(';').to_owned());
            all.push(Bound { module: module.to_owned(), name, value, what: said(lines, at) });
        }
    }
}

/// Fields of structures with a `Default` of their own.
fn defaults(module: &str, lines: &[&str], all: &mut Vec<Bound>) {
    let mut fields: BTreeMap<(String, String), String> = BTreeMap::new();
    let mut of = None;
    for (at, line) in lines.iter().enumerate() {
        let code = line.trim();
        if let Some(rest) = code.strip_prefix("pub struct ") {
            of = rest.strip_suffix(" {").map(str::to_owned);
        } else if *line == "}" {
            of = None;
        } else if let (Some(of), Some((name, _))) = (&of, code.trim_start_matches("pub ").split_once(": ")) {
            fields.insert((of.clone(), name.to_owned()), said(lines, at));
        }
    }
    for (at, line) in lines.iter().enumerate() {
        let Some(of) = line.strip_prefix("impl Default for ").and_then(|r| r.strip_suffix(" {")) else { continue };
        let end = (at..lines.len()).find(|i| lines[*i] == "}").unwrap();
        let body = lines[at + 1..end].join(" ");
        let Some((_, inner)) = body.split_once("Self {") else { continue };
        for pair in inner.split(',') {
            let Some((name, value)) = pair.trim().split_once(": ") else { continue };
            if let Some(what) = fields.get(&(of.to_owned(), name.to_owned()))
                && is_bound(name)
            {
                let name = format!("{of}.{name}");
                let value = value.trim().trim_end_matches(['}', ' ']).to_owned();
                all.push(Bound { module: module.to_owned(), name, value, what: what.clone() });
            }
        }
    }
}

fn bounds() -> Vec<Bound> {
    let (mut files, mut all) = (Vec::new(), Vec::new());
    sources(&root().join("src"), &mut files);
    for path in files {
        let name = path.to_string_lossy();
        if name.ends_with("tests.rs") || name.contains("/tests/") || name.contains("/sim/") || name.contains("/bench/")
        {
            continue;
        }
        let text = std::fs::read_to_string(&path).unwrap();
        let code = text.split("#[cfg(test)]\nmod tests").next().unwrap();
        let lines: Vec<&str> = code.lines().collect();
        constants(&module(&path), &lines, &mut all);
        defaults(&module(&path), &lines, &mut all);
    }
    all.sort();
    all
}

const HEAD: &str = "# Limits

Everything that can grow has a bound with a name. Reaching one is never silent: an input is refused with the reason, a delivery
waits and is shown as waiting, a sender is slowed down, or an alarm stands on every screen. Bounds of gateways
(`connections_max`, `window_max`, `per_second_max`, `per_minute_max`, `queue_len_max`, `timeout`) are set under `limits:` in
`channels/*.yaml`; what is not given there is the default here.

Made from the code by `UPDATE_LIMITS=1 cargo test --test it limits::`; a test holds it.

";

fn page(all: &[Bound]) -> String {
    let mut page = HEAD.to_owned();
    page.push_str("| where | limit | value | what |\n|---|---|---|---|\n");
    for b in all {
        let value = b.value.replace('|', "\\|");
        page.push_str(&format!("| {} | `{}` | `{value}` | {} |\n", b.module, b.name, b.what));
    }
    page
}

#[test]
fn the_table_of_limits_says_what_the_code_says() {
    let all = bounds();
    for expected in ["INPUTS_MAX", "open_incidents_max", "deliveries_max", "BODY_BYTES_MAX"] {
        let there = all.iter().any(|b| b.name.to_lowercase().contains(&expected.to_lowercase()));
        assert!(there, "no bound is called {expected}");
    }
    let mute: Vec<&Bound> = all.iter().filter(|b| b.what.is_empty()).collect();
    assert!(mute.is_empty(), "these bounds do not say what they bound: {mute:#?}");
    let file = root().join("docs/operate/limits.md");
    let page = page(&all);
    if std::env::var_os("UPDATE_LIMITS").is_some_and(|v| v == "1") {
        std::fs::create_dir_all(file.parent().unwrap()).unwrap();
        std::fs::write(&file, &page).unwrap();
    }
    let written = std::fs::read_to_string(&file).unwrap_or_default();
    let missing: Vec<&str> = page.lines().filter(|l| !written.lines().any(|w| w == *l)).collect();
    let gone: Vec<&str> = written.lines().filter(|w| !page.lines().any(|l| l == *w)).collect();
    assert!(
        missing.is_empty() && gone.is_empty(),
        "docs/operate/limits.md is old: run UPDATE_LIMITS=1 cargo test --test it limits::\nnew: {missing:#?}\ngone: {gone:#?}"
    );
}
