//! A state folder that somebody has been at, as the operator meets it: what `verify`, `serve`, `backup` and `log` say, and their
//! exit codes.

use std::path::Path;

use rusqlite::Connection;
use serde_json::Value;
use vardkase::dispatch::record;
use vardkase::dispatch::system_record::{Forgotten, SystemRecord};
use vardkase::domain::ids::IncidentNo;
use vardkase::domain::incident::event::Event;
use vardkase::domain::time::At;
use vardkase::journal::{Append, Batch, NewRecord, OpenOptions, ShortHead, SqliteStore, Store};

use super::{Ran, run};

/// Three records in a frame each: a plan, a private value of incident 14, a plan.
fn folder() -> tempfile::TempDir {
    let dir = tempfile::tempdir().unwrap();
    let mut store = SqliteStore::open(dir.path(), OpenOptions::default()).unwrap();
    let sealer = store.sealer();
    for n in 0..3_u64 {
        let mut batch = Batch::default();
        let at = At(1_926_000_000_000 + n as i64 * 1000);
        let record = match n {
            1 => {
                let sealed = sealer.seal("14", b"+46701740605").unwrap();
                let NewRecord { kind, version, at_ms, bytes, .. } =
                    record::encode(at, &Event::StrangerWrote, None, &sealer).unwrap();
                NewRecord::new(kind, version, at_ms, bytes).with_private(sealed)
            }
            _ => {
                let plan = hex::encode(batch.put_blob(format!("plan {n}").into_bytes()));
                record::encode(at, &Event::PlanSet { plan }, None, &sealer).unwrap()
            }
        };
        batch.records.push(record);
        store.append(&[Append { expected_seq: n, batch }]).remove(0).unwrap();
    }
    dir
}

fn tamper(dir: &Path, sql: &str) {
    Connection::open(dir.join("journal.db")).unwrap().execute_batch(sql).unwrap();
}

fn verify(dir: &Path, more: &[&str]) -> Ran {
    run(&[&["verify", "--state", dir.to_str().unwrap()], more].concat())
}

const REWIND: &str = "DELETE FROM frames WHERE first = 3;
    UPDATE head SET (seq, hash) = (SELECT first + count - 1, hash FROM frames ORDER BY first DESC LIMIT 1)";

#[test]
fn what_records_name_and_is_gone_is_found_and_what_was_forgotten_on_record_is_not() {
    let cases = [
        ("DELETE FROM blobs", "record 1: the plan "),
        ("DELETE FROM blobs WHERE rowid = 2", "record 3: the plan "),
        ("DELETE FROM private", "record 2: its private value "),
        ("DELETE FROM keys", "the key of private value "),
        ("UPDATE keys SET wrapped = NULL; UPDATE private SET sealed = NULL", "private values of 14 were destroyed"),
        ("CREATE TRIGGER t AFTER INSERT ON frames BEGIN DELETE FROM blobs; END", "trigger t was never made"),
    ];
    for (sql, says) in cases {
        let dir = folder();
        assert_eq!(verify(dir.path(), &[]).code, 0);
        tamper(dir.path(), sql);
        let ran = verify(dir.path(), &[]);
        assert_eq!(ran.code, 5, "{sql}: {}", ran.out);
        assert!(ran.out.contains(&format!("beside the chain: {says}")), "{sql}: {}", ran.out);
        let proof: Value = serde_json::from_str(&verify(dir.path(), &["--json"]).out).unwrap();
        assert_eq!(proof["whole"], false, "{sql}");
    }
    let dir = folder();
    let mut store = SqliteStore::open(dir.path(), OpenOptions::default()).unwrap();
    let forgotten = Forgotten { incident: IncidentNo::actual(14), by: None, reason: "its time is over".into() };
    let record = record::encode_system(At(1_926_000_009_000), &SystemRecord::Forgotten(forgotten));
    let mut batch = Batch::of(vec![record]);
    batch.forget.push("14".into());
    store.append(&[Append { expected_seq: 3, batch }]).remove(0).unwrap();
    drop(store);
    let ran = verify(dir.path(), &[]);
    assert_eq!(ran.code, 0, "{}", ran.out);
    assert!(ran.out.contains("1 forgotten"), "{}", ran.out);
}

#[test]
fn a_rewound_journal_is_whole_by_itself_and_so_verify_asks_for_a_foot() {
    let dir = folder();
    let proof: Value = serde_json::from_str(&verify(dir.path(), &["--json"]).out).unwrap();
    let (head, foot) = (proof["head"].as_str().unwrap().to_owned(), proof["foot"].as_str().unwrap().to_owned());
    assert_eq!(proof["compared_up_to"], Value::Null);
    let asks = "this proves record 1 up to 3, and not that none came after it";
    assert!(verify(dir.path(), &[]).err.contains(asks));
    let feet = dir.path().join("feet.txt");
    std::fs::write(&feet, format!("# noted each morning\n\n2031-01-12 Journal {foot} fjallmark\n{head}\n")).unwrap();
    let feet = feet.to_str().unwrap();
    for given in [&["--foot", &foot][..], &["--expect", &head], &["--foot", feet], &["--foot", feet, "--foot", &foot]] {
        let ran = verify(dir.path(), given);
        assert_eq!(ran.code, 0, "{given:?}: {}{}", ran.out, ran.err);
        assert!(ran.out.contains("up to record 3") && !ran.err.contains(asks), "{given:?}: {}{}", ran.out, ran.err);
    }
    tamper(dir.path(), REWIND);
    let ran = verify(dir.path(), &[]);
    assert_eq!(ran.code, 0, "{}", ran.out);
    assert!(ran.err.contains("this proves record 1 up to 2, and not that none came after it"), "{}", ran.err);
    for given in [&["--foot", &foot][..], &["--expect", &head], &["--foot", feet]] {
        let ran = verify(dir.path(), given);
        assert_eq!(ran.code, 7, "{given:?}: {}", ran.out);
        assert!(
            ran.out.contains("ends before it") || ran.out.contains("the journal ends at 2"),
            "{given:?}: {}",
            ran.out
        );
    }
    // What can't be compared is an error, never silence.
    for bad in ["", "# nothing\n", "Journal 3\n", &format!("Journal {foot}\nabc\n")] {
        std::fs::write(feet, bad).unwrap();
        assert_eq!(verify(dir.path(), &["--foot", feet]).code, 2, "{bad:?}");
    }
    assert_eq!(verify(dir.path(), &["--foot", "no-such-file"]).code, 2);
    assert!(foot.parse::<ShortHead>().is_ok());
}

#[test]
fn a_journal_that_is_gone_is_told_by_every_command_and_never_begun_in_silence() {
    let dir = folder();
    let state = dir.path().to_str().unwrap();
    std::fs::write(dir.path().join("journal.db"), "").unwrap();
    let listen = ["--listen", "127.0.0.1:0", "--public-listen", "127.0.0.1:0"];
    let out = dir.path().join("b.vkb");
    let (verify, log) = (vec!["verify"], vec!["log", "--offline"]);
    let commands = [verify, log, vec!["backup", out.to_str().unwrap()], [&["serve"][..], &listen].concat()];
    for command in commands {
        let ran = run(&[&command[..], &["--state", state]].concat());
        assert_eq!(ran.code, 5, "{command:?}: {}", ran.out);
        assert!(ran.err.contains("is missing or empty") && ran.err.contains("--new"), "{command:?}: {}", ran.err);
    }
    assert!(!out.exists());
}

#[cfg(unix)]
#[test]
fn a_folder_that_others_may_write_into_does_not_start() {
    use std::os::unix::fs::PermissionsExt;
    let dir = folder();
    std::fs::set_permissions(dir.path(), std::fs::Permissions::from_mode(0o777)).unwrap();
    let state = dir.path().to_str().unwrap();
    let ran = run(&["serve", "--state", state, "--listen", "127.0.0.1:0", "--public-listen", "127.0.0.1:0"]);
    assert_eq!(ran.code, 5, "{}", ran.out);
    assert!(ran.err.contains("others may write into") && ran.err.contains("chmod 700"), "{}", ran.err);
}

#[cfg(unix)]
#[test]
fn backup_and_evidence_are_for_their_owner_alone_and_go_through_no_link() {
    use std::os::unix::fs::PermissionsExt;
    let dir = folder();
    let state = dir.path().to_str().unwrap();
    let out = tempfile::tempdir().unwrap();
    let at = |name: &str| out.path().join(name).to_str().unwrap().to_owned();
    std::fs::write(at("foreign"), "theirs").unwrap();
    for link in ["b.vkb.part", "link.vkb", "link.jsonl"] {
        std::os::unix::fs::symlink(at("foreign"), at(link)).unwrap();
    }
    let unreachable = ["--server", "http://127.0.0.1:1", "--state", state];
    for (file, command) in [("b.vkb", vec!["backup"]), ("e.jsonl", vec!["log", "--export"])] {
        let ran = run(&[&command[..], &[&at(file)], &unreachable].concat());
        assert_eq!(ran.code, 0, "{file}: {}{}", ran.out, ran.err);
        assert_eq!(std::fs::metadata(at(file)).unwrap().permissions().mode() & 0o777, 0o600, "{file}");
    }
    for (file, command) in [("link.vkb", vec!["backup"]), ("link.jsonl", vec!["log", "--export"])] {
        let ran = run(&[&command[..], &[&at(file)], &unreachable].concat());
        assert!(ran.code != 0, "{file}: {}", ran.out);
    }
    assert_eq!(std::fs::read(at("foreign")).unwrap(), b"theirs");
}

/// The evidence of a journal without its plans is written, and its proof says which is missing.
#[test]
fn evidence_says_which_plan_is_missing_and_a_backup_is_refused() {
    let dir = folder();
    let state = dir.path().to_str().unwrap();
    tamper(dir.path(), "DELETE FROM blobs WHERE rowid = 2");
    let (file, backup) = (dir.path().join("e.jsonl"), dir.path().join("b.vkb"));
    let (file, backup) = (file.to_str().unwrap(), backup.to_str().unwrap());
    assert_eq!(run(&["log", "--export", file, "--state", state]).code, 0);
    let ran = run(&["verify", "--export", file]);
    assert_eq!(ran.code, 5, "{}", ran.out);
    assert!(ran.out.contains("record 3 names plan") && ran.out.contains("which is missing"), "{}", ran.out);
    let ran = run(&["backup", backup, "--state", state, "--server", "http://127.0.0.1:1"]);
    assert_eq!(ran.code, 5, "{}", ran.out);
    assert!(ran.err.contains("record 3 names the plan") && !Path::new(backup).exists(), "{}", ran.err);
}
