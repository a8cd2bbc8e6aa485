//! What needs no server: help, usage, checks, schemas, proofs.

use serde_json::Value;

use super::{run, run_with};

const COMMANDS: [&str; 36] = [
    "config",
    "reach",
    "report",
    "status",
    "preview",
    "approve",
    "reject",
    "ack",
    "unack",
    "update",
    "level",
    "correct",
    "stop",
    "mode",
    "decide",
    "merge",
    "handover",
    "restored",
    "relapse",
    "all-clear",
    "log",
    "verify",
    "forget",
    "backup",
    "restore",
    "check",
    "schema",
    "reload",
    "adopt",
    "account",
    "device",
    "token",
    "serve",
    "demo",
    "completions",
    "bench",
];

#[test]
fn every_command_has_help_with_an_example() {
    for name in COMMANDS {
        let ran = run(&[name, "--help"]);
        assert_eq!(ran.code, 0, "{name}");
        assert!(ran.out.contains(&format!("Examples:\n  vardkase {name}")), "{name}: {}", ran.out);
    }
    let all = run(&["--help"]).out;
    for name in &COMMANDS[..34] {
        assert!(all.contains(&format!("\n  {name} ")), "{name} is not listed");
    }
    assert!(!all.contains("\n  bench"), "bench is hidden");
}

#[test]
fn the_shipped_region_checks_clean() {
    let ran = run(&["check"]);
    assert_eq!(ran.code, 0, "{}", ran.out);
    assert!(ran.out.ends_with("warnings\n"), "its traps show");
    assert_eq!(run(&["check", "--strict"]).code, 2, "they are errors under --strict");
    for args in [["check", "--format", "json"].as_slice(), &["check", "--json"]] {
        let report: Value = serde_json::from_str(&run(args).out).expect("JSON for editors");
        assert!(report["diagnostics"].as_array().is_some_and(|d| !d.is_empty()));
    }
}

#[test]
fn a_broken_folder_is_told_with_its_places() {
    let dir = tempfile::tempdir().expect("a folder");
    for folder in ["channels", "contacts", "playbooks"] {
        let to = dir.path().join(folder);
        std::fs::create_dir(&to).expect("made");
        for file in std::fs::read_dir(folder).expect("the shipped region") {
            let file = file.expect("a file").path();
            std::fs::copy(&file, to.join(file.file_name().expect("a name"))).expect("copied");
        }
    }
    let path = dir.path().to_str().expect("UTF-8").to_owned();
    assert_eq!(run(&["check", "--config", &path]).code, 0, "whole so far");
    let playbook = dir.path().join("playbooks/ehr-down.yaml");
    let text = std::fs::read_to_string(&playbook).expect("read");
    std::fs::write(&playbook, format!("{text}\nfrobnicate: 1\n")).expect("written");
    let line = text.lines().count() + 2;
    let ran = run(&["check", "--config", &path]);
    assert_eq!(ran.code, 2);
    assert!(ran.out.contains(&format!("playbooks/ehr-down.yaml:{line}:1: ")), "{}", ran.out);
    assert!(ran.out.contains("frobnicate"), "the line is shown");
    let missing = run(&["check", "--config", "/nowhere"]);
    assert_eq!((missing.code, missing.err.lines().next()), (2, Some("error: /nowhere is not a folder")));
}

#[test]
fn schemas_are_printed_and_listed() {
    assert!(run(&["schema"]).out.lines().any(|l| l == "playbook"));
    let schema: Value = serde_json::from_str(&run(&["schema", "playbook"]).out).expect("JSON");
    assert!(schema["properties"]["levels"].is_object());
    let wrong = run(&["schema", "playbok"]);
    assert_eq!((wrong.code, wrong.out.as_str()), (2, ""));
    assert_eq!(wrong.err, "error: there is no schema “playbok”\nhelp: did you mean “playbook”?\n");
}

#[test]
fn shells_can_complete() {
    for shell in ["bash", "zsh", "fish", "elvish", "powershell"] {
        let ran = run(&["completions", shell]);
        assert_eq!(ran.code, 0);
        assert!(ran.out.contains("all-clear"), "{shell}");
    }
}

#[test]
fn without_a_terminal_what_is_missing_is_an_error() {
    let cases: &[(&[&str], &str)] = &[
        (&["report"], "it is not said what is down"),
        (&["report", "--exercise", "--as", "kib"], "it is not said what is down"),
        (&["report", "ehr-down"], "which function acts is missing"),
        (&["approve", "--as", "kib"], "the number or the fingerprint is missing"),
        (&["approve", "14-2", "--as", "kib"], "the number or the fingerprint is missing"),
        (&["reject", "14-2", "--as", "kib"], "the reason is missing"),
        (&["reject", "14-2", "--text", "LARM", "--as", "kib"], "it is not said in which language the text is"),
        (&["unack", "14", "icu", "--as", "kib"], "the reason is missing"),
        (&["stop", "14", "--as", "tib"], "the reason is missing"),
        (&["decide", "14", "no", "--as", "tib"], "the reason is missing"),
        (&["update", "14", "--restore", "unknown"], "“unknown” needs a time for the next forecast"),
        (&["restored", "14", "--data-complete", "--known", "x"], "--data-complete sends nothing, so it takes no news"),
        (&["ack", "14", "--via", "phone", "--by", "kib"], "it is not said who called"),
        (
            &["ack", "14", "icu", "--via", "phone", "--by", "kib", "--as", "tib"],
            "the call was taken by kib, and tib acts",
        ),
        (&["status", "--watch"], "--watch needs a terminal"),
        (&["report", "x", "--since", "soon", "--as", "a"], "“soon” is not a time"),
        (&["status", "--server", "nonsense"], "“nonsense” is not the address of a server"),
        (&["status", "--server", "ftp://x"], "“ftp://x” is not the address of a server"),
        (&[], "no command was given"),
        (&["frobnicate"], "unrecognized subcommand 'frobnicate'"),
    ];
    for (args, why) in cases {
        let ran = run(args);
        assert_eq!(ran.code, 2, "{args:?}: {}", ran.err);
        assert_eq!(ran.err.lines().next(), Some(format!("error: {why}").as_str()), "{args:?}");
        assert!(ran.err.contains("\nhelp: "), "{args:?}: {}", ran.err);
        assert_eq!(ran.out, "", "{args:?}");
    }
}

#[test]
fn errors_are_json_for_programs() {
    let cases: &[(&[&str], i32, &str)] = &[
        (&["frobnicate", "--json"], 2, "usage"),
        (&["--json", "report", "ehr-down"], 2, "missing"),
        (&["schema", "x", "--json"], 2, "unknown-schema"),
        (&["check", "--config", "/nowhere", "--json"], 2, "configuration"),
        (&["verify", "--state", "/nowhere", "--json"], 5, "journal"),
        (&["status", "--json", "--server", "http://127.0.0.1:1"], 3, "not-reachable"),
    ];
    for (args, code, word) in cases {
        let ran = run(args);
        assert_eq!(ran.code, *code, "{args:?}");
        let said: Value = serde_json::from_str(&ran.out).unwrap_or_else(|e| panic!("{args:?}: {e}: {}", ran.out));
        assert_eq!(said["error"]["code"], *word, "{args:?}");
        assert!(!said["error"]["help"].as_str().unwrap_or_default().is_empty(), "{args:?}");
        assert_eq!(ran.err, "", "{args:?}");
    }
}

#[test]
fn a_server_that_is_not_there_is_told_plainly() {
    let ran = run(&["status", "--server", "http://127.0.0.1:1"]);
    assert_eq!(ran.code, 3);
    assert!(ran.err.starts_with("error: the server at http://127.0.0.1:1 can't be reached: "), "{}", ran.err);
    assert!(ran.err.contains("\nhelp: is `vardkase serve` running?"), "{}", ran.err);
    // The same by the environment.
    let ran = run_with(&["status"], &[("VARDKASE_SERVER", "http://127.0.0.1:1")]);
    assert_eq!(ran.code, 3);
    assert!(ran.err.contains("http://127.0.0.1:1"));
}

mod journal {
    use super::*;
    use vardkase::dispatch::record;
    use vardkase::domain::incident::event::Event;
    use vardkase::domain::time::At;
    use vardkase::journal::{Append, Batch, OpenOptions, SqliteStore, Store};

    fn folder() -> (tempfile::TempDir, String) {
        let dir = tempfile::tempdir().expect("a folder");
        let mut store = SqliteStore::open(dir.path(), OpenOptions::default()).expect("a journal");
        let sealer = store.sealer();
        for n in 0..3_u64 {
            let mut batch = Batch::default();
            let plan = hex::encode(batch.put_blob(format!("plan {n}").into_bytes()));
            let event = if n == 1 { Event::StrangerWrote } else { Event::PlanSet { plan } };
            let at = At(1_926_000_000_000 + n as i64 * 1000);
            batch.records.push(record::encode(at, &event, None, &sealer).expect("encoded"));
            store.append(&[Append { expected_seq: n, batch }]).remove(0).expect("appended");
        }
        drop(store);
        let path = dir.path().to_str().expect("UTF-8").to_owned();
        (dir, path)
    }

    #[test]
    fn is_proved_and_read_without_a_server() {
        let (_dir, state) = folder();
        let ran = run(&["verify", "--state", &state]);
        assert_eq!(ran.code, 0, "{}{}", ran.out, ran.err);
        assert!(ran.out.starts_with("3 records are proved\nhead: 3:"), "{}", ran.out);
        let head = ran.out.lines().nth(1).and_then(|l| l.strip_prefix("head: ")).expect("a head").to_owned();
        assert_eq!(run(&["verify", "--state", &state, "--expect", &head]).code, 0);
        let other = format!("3:{}", "0".repeat(64));
        let forged = run(&["verify", "--state", &state, "--expect", &other]);
        assert_eq!(forged.code, 7, "{}", forged.out);
        assert!(forged.out.starts_with("BROKEN at "), "{}", forged.out);
        let proof: Value = serde_json::from_str(&run(&["verify", "--state", &state, "--json"]).out).expect("JSON");
        assert_eq!((&proof["whole"], &proof["records"], &proof["head"]), (&true.into(), &3.into(), &head.into()));
        assert_eq!(run(&["verify", "--state", &state, "--expect", "3"]).code, 2, "no head");
    }

    #[test]
    fn is_logged_one_record_a_line() {
        let (_dir, state) = folder();
        let ran = run(&["log", "--offline", "--state", &state, "--json"]);
        assert_eq!(ran.code, 0, "{}", ran.err);
        let lines: Vec<Value> = ran.out.lines().map(|l| serde_json::from_str(l).expect("JSON a line")).collect();
        let told: Vec<_> = lines.iter().map(|l| (l["seq"].as_u64(), l["event"].as_str())).collect();
        assert_eq!(told, [(Some(1), Some("plan")), (Some(2), Some("stranger")), (Some(3), Some("plan"))]);
        assert_eq!(lines[0]["at"], "2031-01-12T16:00:00Z");
        let after = run(&["log", "--offline", "--state", &state, "--after", "2"]);
        assert_eq!(after.out.lines().count(), 2, "a head and a record: {}", after.out);
        assert_eq!(run(&["log", "--offline", "--state", &state, "--after", "9"]).code, 2);
        assert_eq!(run(&["log", "14", "--offline", "--state", &state]).out, "", "nothing of that incident");
    }

    #[test]
    fn that_was_changed_is_broken_at_its_first_record() {
        let (dir, state) = folder();
        let db = dir.path().join("journal.db");
        let mut bytes = std::fs::read(&db).expect("read");
        let name = hex::encode(vardkase::journal::hash_of(b"plan 2"));
        let at = bytes.windows(64).rposition(|w| w == name.as_bytes()).expect("the plan's name is in the file");
        bytes[at] = b'q';
        std::fs::write(&db, bytes).expect("written");
        let ran = run(&["verify", "--state", &state]);
        assert_eq!(ran.code, 5, "{}", ran.out);
        assert!(ran.out.starts_with("BROKEN at record 3: "), "{}", ran.out);
        assert!(ran.out.contains("\n2 records before it are proved\n"), "{}", ran.out);
        assert!(ran.err.contains("help: keep the folder as it is"), "{}", ran.err);
        assert_eq!(run(&["log", "--offline", "--state", &state]).code, 5);
    }
}

#[test]
fn config_init_writes_a_region_to_begin_with_and_overwrites_nothing() {
    let folder = tempfile::tempdir().unwrap();
    for (name, flags, files) in [("small", &[][..], 11), ("whole", &["--built-in"], 22)] {
        let dir = folder.path().join(name);
        let dir = dir.to_str().unwrap();
        let ran = run(&[&["config", "init", dir], flags].concat());
        assert_eq!(ran.code, 0, "{}{}", ran.out, ran.err);
        assert!(ran.out.contains(&format!("{files} files in {dir}")), "{}", ran.out);
        let checked = run(&["check", "--config", dir]);
        assert_eq!(checked.code, 0, "{}{}", checked.out, checked.err);
        let again = run(&["config", "init", dir, "--json"]);
        assert_eq!(again.code, 2);
        assert!(again.out.contains("is not empty"), "{}{}", again.out, again.err);
    }
}
