//! Style that code can check: the layers and their arrows, what the domain may know, what must not stand in the sources.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

mod causes;
mod names;

fn root() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR"))
}

/// Every Rust file below a folder, with its text.
fn sources(folder: &str) -> Vec<(String, String)> {
    fn walk(dir: &Path, out: &mut Vec<PathBuf>) {
        for entry in std::fs::read_dir(dir).unwrap().map(Result::unwrap) {
            let path = entry.path();
            if path.is_dir() {
                walk(&path, out);
            } else if path.extension().is_some_and(|e| e == "rs") {
                out.push(path);
            }
        }
    }
    let mut files = Vec::new();
    walk(&root().join(folder), &mut files);
    files.sort();
    files
        .into_iter()
        .map(|p| {
            let name = p.strip_prefix(root()).unwrap().to_string_lossy().into_owned();
            (name, std::fs::read_to_string(&p).unwrap())
        })
        .collect()
}

/// The module that a file under `src/` belongs to.
fn layer(file: &str) -> &str {
    let rest = file.strip_prefix("src/").unwrap();
    rest.split(['/', '.']).next().unwrap()
}

/// Which layer may name which others. `error` and `clock` are leaves that everybody but the domain may use.
fn arrows() -> BTreeMap<&'static str, Vec<&'static str>> {
    BTreeMap::from([
        ("domain", vec![]),
        // Kinds of failure and their exit codes: what the command line shows.
        ("error", vec!["domain", "journal"]),
        ("clock", vec![]),
        // The words of the screens: whoever speaks to people.
        ("words", vec!["domain"]),
        // Who may come in. Knows no HTTP and no session.
        ("accounts", vec!["domain", "private_files"]),
        ("bounded", vec![]),
        ("private_files", vec![]),
        ("journal", vec!["domain", "clock", "private_files"]),
        // The written form: frozen, and read by whoever keeps or shows records.
        ("record", vec!["domain"]),
        ("yaml", vec!["bounded"]),
        // What is set on paper, and the faces of it: a fax page is one more.
        ("paper", vec!["domain", "words"]),
        ("gateways", vec!["yaml", "domain", "words", "error", "clock", "bounded", "paper"]),
        // Its registry alone: see `configuration_and_wiring_know_no_protocol`.
        ("config", vec!["gateways", "yaml", "domain", "words", "error", "bounded"]),
        ("sim", vec!["domain"]),
        // Outages on a virtual clock: pure, but for the notation of shift times that `config` reads.
        ("replay", vec!["config", "yaml", "domain", "words"]),
        (
            "dispatch",
            vec![
                "record",
                "journal",
                "gateways",
                "config",
                "yaml",
                "domain",
                "words",
                "error",
                "clock",
                "bounded",
                "private_files",
            ],
        ),
        ("api", vec!["accounts", "dispatch", "domain"]),
        (
            "web",
            vec![
                "accounts",
                "api",
                "paper",
                "dispatch",
                "journal",
                "gateways",
                "config",
                "yaml",
                "domain",
                "words",
                "error",
                "clock",
                "bounded",
                "private_files",
            ],
        ),
        (
            "app",
            vec![
                "paper",
                "accounts",
                "web",
                "dispatch",
                "record",
                "journal",
                "gateways",
                "config",
                "yaml",
                "domain",
                "words",
                "sim",
                "error",
                "clock",
                "bounded",
                "private_files",
                "api",
            ],
        ),
        (
            "bench",
            vec![
                "replay",
                "api",
                "app",
                "web",
                "dispatch",
                "record",
                "journal",
                "gateways",
                "config",
                "yaml",
                "domain",
                "sim",
                "error",
                "clock",
                "bounded",
                "private_files",
            ],
        ),
        (
            "cli",
            vec![
                "accounts",
                "replay",
                "api",
                "paper",
                "app",
                "bench",
                "web",
                "dispatch",
                "journal",
                "gateways",
                "config",
                "yaml",
                "domain",
                "words",
                "error",
                "clock",
                "bounded",
                "private_files",
            ],
        ),
        ("main", vec!["cli", "error"]),
        ("lib", vec![]),
    ])
}

#[test]
fn layers_keep_their_arrows() {
    let arrows = arrows();
    let mut wrong = Vec::new();
    for (file, text) in sources("src") {
        let from = layer(&file).to_owned();
        let allowed = arrows.get(from.as_str()).unwrap_or_else(|| panic!("{file}: no layer is called {from}"));
        // Test modules included: tests keep the layers too.
        for named in names::read(&file, &text).named.iter().filter(|n| n.own && !n.path.is_empty()) {
            let to = named.path[0].as_str();
            if to != from && arrows.contains_key(to) && !allowed.contains(&to) {
                wrong.push(format!("{file} names {}", named.text()));
            }
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

/// The folders of protocols. What several of them share is not a protocol.
fn protocols() -> Vec<String> {
    let shared = ["fax_page", "http_api"];
    let folders = std::fs::read_dir(root().join("src/gateways")).unwrap().map(Result::unwrap);
    let names = folders.filter(|f| f.path().is_dir()).map(|f| f.file_name().into_string().unwrap());
    names.filter(|name| !shared.contains(&name.as_str())).collect()
}

#[test]
fn protocols_know_nothing_of_each_other() {
    let protocols = protocols();
    assert!(protocols.len() > 10, "{protocols:?}");
    // A fax to a provider travels as a mail.
    let may = [("fax_mail", "smtp")];
    for (file, text) in sources("src/gateways") {
        let Some(own) = protocols.iter().find(|p| file.starts_with(&format!("src/gateways/{p}/"))) else { continue };
        for named in names::read(&file, &text).named.iter().filter(|n| n.own && n.path.len() > 1) {
            let to = &named.path[1];
            let knows = named.path[0] == "gateways" && to != own && protocols.contains(to);
            assert!(!knows || may.contains(&(own.as_str(), to.as_str())), "{file} knows {to}");
        }
    }
}

/// What `[dependencies]` of the manifest has, as it is written in Rust.
fn dependencies() -> Vec<String> {
    let manifest = std::fs::read_to_string(root().join("Cargo.toml")).unwrap();
    let part = manifest.split("\n[dependencies]\n").nth(1).unwrap().split("\n[").next().unwrap();
    let names = part.lines().filter(|l| !l.starts_with('#')).filter_map(|l| l.split_once(" ="));
    names.map(|(name, _)| name.replace('-', "_")).collect()
}

#[test]
fn the_domain_is_pure() {
    // Shapes alone: how a type is written, and how that is described.
    let may = ["serde", "schemars", "sha2", "unicode_normalization", "jiff"];
    let mut must_not: Vec<String> = dependencies().into_iter().filter(|d| !may.contains(&d.as_str())).collect();
    let of_std = ["fs", "net", "io", "env", "thread", "process", "time::Instant", "time::SystemTime"];
    must_not.extend(of_std.map(|module| format!("std::{module}")));
    must_not.extend(["Timestamp::now", "Zoned::now", "jiff::Timestamp::now", "jiff::Zoned::now"].map(str::to_owned));
    for (file, text) in sources("src/domain") {
        let source = names::read(&file, &text);
        for named in source.named.iter().filter(|n| !n.own && !n.test) {
            let text = named.text();
            let wrong = must_not.iter().find(|m| text == **m || text.starts_with(&format!("{m}::")));
            assert!(wrong.is_none(), "{file} names {text}");
        }
        for called in &source.macros {
            assert!(!["println", "eprintln", "print", "eprint", "dbg"].contains(&called.as_str()), "{file} prints");
        }
    }
}

/// Whoever loads files, wires the program or starts far ends knows gateways by the registry: a new protocol changes none of it.
#[test]
fn configuration_and_wiring_know_no_protocol() {
    for (file, text) in sources("src/config").into_iter().chain(sources("src/app")) {
        let tests = file.ends_with("tests.rs");
        for protocol in protocols().iter().filter(|p| *p != "mirror" && !tests) {
            assert!(!text.contains(&format!("gateways::{protocol}")), "{file} knows {protocol}");
        }
        if file.starts_with("src/config") {
            let named = text.split("crate::gateways::").skip(1);
            let other = named.filter(|rest| !rest.starts_with("registry")).count();
            assert_eq!(other, 0, "{file} knows more of gateways than their registry");
        }
    }
}

/// Whoever comes in acts for what is his, by what he may: there is one gate.
#[test]
fn the_console_and_the_api_act_through_one_gate() {
    // A link's key is the right of whoever was asked.
    let own = ["src/web/command.rs", "src/web/approve_link.rs", "src/web/feedback_link.rs"];
    for (file, text) in sources("src/web").into_iter().filter(|(file, _)| !own.contains(&file.as_str())) {
        let code = text.split("#[cfg(test)]").next().unwrap();
        for past in ["Input::Command", "Input::Once"] {
            assert!(!code.contains(past), "{file} acts past src/web/command.rs by {past}");
        }
    }
}

#[test]
fn what_others_use_says_what_it_is_for() {
    let mut silent = Vec::new();
    // A file of the console is a page and one of the command line a command, each with its words at the top.
    for (file, text) in sources("src").into_iter().filter(|(file, _)| !file.starts_with("src/web/console/")) {
        let undocumented = names::read(&file, &text).undocumented;
        silent.extend(undocumented.iter().filter(|name| *name != "run").map(|name| format!("{file}: {name}")));
    }
    assert!(silent.is_empty(), "public, and without a word on what for:\n{}", silent.join("\n"));
}

#[test]
fn nothing_stands_in_the_sources_that_must_not() {
    let words = ["todo!(", "unimplemented!(", "dbg!("];
    for (file, text) in sources("src") {
        for word in words {
            assert!(!text.contains(word), "{file} has {word}");
        }
        assert!(
            names::is_test(&file) || text.starts_with("//!"),
            "{file} does not begin with what it owns and what it must not do"
        );
    }
}

#[test]
fn words_of_the_screens_stand_in_the_catalogues() {
    // Swedish letters in a string: a sentence that only some can read, or one that belongs into assets/words.
    let allowed = [
        ("src/cli/report.rs", "what may be typed"),
        ("src/cli/times.rs", "what may be typed"),
        ("src/cli/typed.rs", "what may be typed"),
        ("src/config/check/ladders.rs", "what regions call their modes"),
        ("src/config/resolve/messages.rs", "names the letters themselves"),
        ("src/config/resolve/organisation.rs", "names the letters themselves"),
        ("src/dispatch/testing.rs", "a text of tests"),
        ("src/domain/ids.rs", "how the number of a drill is written"),
        ("src/gateways/smtp/inbox/machine.rs", "what others' programs write"),
        ("src/gateways/smtp/inbox/returned.rs", "what others' programs write"),
        ("src/gateways/smtp/inbox/written.rs", "what others' programs write"),
        ("src/yaml/addresses.rs", "names the letters themselves"),
        ("src/yaml/keys.rs", "what may be typed"),
    ];
    let swedish = |text: &str| text.replace("Vårdkase", "").contains(['å', 'ä', 'ö', 'Å', 'Ä', 'Ö']);
    for (file, text) in sources("src") {
        let tests = file.ends_with("tests.rs") || file.contains("/tests/") || file.starts_with("src/sim/");
        if tests || allowed.iter().any(|(name, _)| *name == file) {
            continue;
        }
        let code = text.split("#[cfg(test)]\nmod ").next().unwrap();
        for line in code.lines().filter(|l| !l.trim_start().starts_with("//")) {
            let strings: String = line.split('"').skip(1).step_by(2).collect();
            assert!(!swedish(&strings), "{file}: this belongs into assets/words: {}", line.trim());
        }
    }
    let files = |folder: PathBuf| std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path());
    let (folders, mut templates): (Vec<_>, Vec<_>) = files(root().join("templates")).partition(|path| path.is_dir());
    templates.extend(folders.into_iter().flat_map(files));
    for path in templates {
        let text = std::fs::read_to_string(&path).unwrap();
        let line = text.lines().find(|l| swedish(l));
        assert_eq!(line, None, "{}: this belongs into assets/words", path.display());
    }
}

#[test]
fn every_dependency_has_its_reason() {
    let manifest = std::fs::read_to_string(root().join("Cargo.toml")).unwrap();
    let mut inside = false;
    let mut before = "";
    for line in manifest.lines() {
        if line.starts_with('[') {
            inside = line.contains("dependencies");
        } else if inside && line.contains('=') && !line.starts_with('#') && !before.starts_with('#') {
            // Lines that follow one another share the reason above the first.
            assert!(before.contains('='), "{line} has no reason above it");
        }
        before = line;
    }
}

/// What a file of the incident's folder takes from that folder, and from the domain: the first words of its imports.
fn imports(file: &str) -> Vec<String> {
    let text = std::fs::read_to_string(root().join("src/domain/incident").join(file)).unwrap();
    let code = text.split("#[cfg(test)]").next().unwrap();
    let code: String = code.lines().filter(|l| !l.trim_start().starts_with("//")).collect::<Vec<_>>().join("\n");
    let mut all = Vec::new();
    for at in ["super::", "crate::domain::incident::", "crate::domain::"] {
        for rest in code.split(at).skip(1) {
            let word: String = rest.chars().take_while(|c| c.is_alphanumeric() || *c == '_').collect();
            if !word.is_empty() && word != "incident" {
                all.push(word);
            }
        }
    }
    all
}

/// An event is written in frozen forms, the state is not: what an event says must not change when the state does.
#[test]
fn an_event_knows_nothing_of_the_state() {
    let state = ["state", "ask_list", "steps", "gateways", "apply", "decide", "asks", "standing", "renumber"];
    for file in ["event.rs", "values.rs"] {
        let wrong: Vec<String> = imports(file).into_iter().filter(|w| state.contains(&w.as_str())).collect();
        assert!(wrong.is_empty(), "{file} names {wrong:?}");
    }
    for (file, not) in [
        ("ask_list.rs", &["state", "asks", "event"][..]),
        ("steps.rs", &["state", "asks", "event"]),
        ("gateways.rs", &["state", "asks", "event"]),
        ("state.rs", &["event", "asks", "apply", "decide", "standing"]),
    ] {
        let wrong: Vec<String> = imports(file).into_iter().filter(|w| not.contains(&w.as_str())).collect();
        assert!(wrong.is_empty(), "{file} names {wrong:?}: a circle");
    }
}

/// Replay is `apply`, and must give in twenty years what it gave: what a rule decided stands in the event.
#[test]
fn apply_asks_no_rule() {
    let may = [
        // What is there.
        "after", "ask_list", "codes", "event", "gateways", "renumber", "state", "steps", "values", // Values.
        "delivery", "drills", "ids", "ladder", "plan", "private", "step", "time", "words",
    ];
    for file in ["apply.rs", "apply_after.rs", "apply_steps.rs", "apply_telling.rs", "renumber.rs"] {
        for word in imports(file) {
            assert!(may.contains(&word.as_str()), "{file} takes something from `{word}`, where rules are");
        }
    }
}

/// A frozen form holds numbers, strings and other frozen forms, whose names end in their version. A type of the domain stands
/// behind `of`, and nowhere else.
#[test]
fn frozen_forms_mention_no_type_that_can_change() {
    let plain = ["String", "Vec", "Option", "Box", "BTreeMap", "Words"];
    let mut forms = 0;
    for (file, text) in sources("src/record") {
        let lines = text.lines().filter(|l| !l.trim_start().starts_with("//") && !l.trim_start().starts_with("#["));
        let code: String = lines.collect::<Vec<_>>().join("\n");
        for block in ["frozen_struct! {", "frozen_enum! {", "changes! {", "changes0! {", "events! {"] {
            for block in code.split(&format!("\n{block}")).skip(1) {
                let block = block.split("\n}").next().unwrap();
                for word in
                    block.split(|c: char| !c.is_alphanumeric() && c != '_' && c != ':').filter(|w| !w.is_empty())
                {
                    forms += usize::from(word.ends_with('1'));
                }
                // What stands behind a colon or in brackets is a type: fields, and what a variant holds.
                for (at, _) in block.match_indices([':', '(']) {
                    let path = block[at..].starts_with("::") || block[..at].ends_with(':');
                    let of: &str = block[at + 1..].split([',', ')', '}', '{', '=']).next().unwrap();
                    for word in of.split(|c: char| !c.is_alphanumeric() && c != '_').filter(|w| !w.is_empty() && !path)
                    {
                        let capital = word.starts_with(|c: char| c.is_ascii_uppercase());
                        let frozen = word.ends_with(|c: char| c.is_ascii_digit()) || plain.contains(&word);
                        assert!(!capital || frozen, "{file} has a field of type {word}: {of}");
                    }
                }
            }
        }
    }
    assert!(forms > 200, "{forms} forms were looked at");
}
