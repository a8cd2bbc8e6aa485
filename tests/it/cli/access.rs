//! `account`, `device` and `token` on a state folder that no server holds, and what they never show.

use std::ops::ControlFlow;

use serde_json::Value;

use vardkase::accounts::{Accounts, WhoId};
use vardkase::clock::{Clock, SystemClock};
use vardkase::dispatch::record::{Decoder, Entry};
use vardkase::dispatch::system_record::SystemRecord;
use vardkase::domain::ids::FunctionId;
use vardkase::domain::time::At;
use vardkase::journal::{Head, Journal, OpenOptions, Reader, SqliteReader};

use super::{Ran, run};

/// Nobody listens there.
const NOBODY: &str = "http://127.0.0.1:1";

fn on(state: &str, args: &[&str]) -> Ran {
    run(&[args, &["--state", state, "--server", NOBODY]].concat())
}

fn told(state: &str, args: &[&str]) -> Value {
    let ran = on(state, &[args, &["--json"]].concat());
    assert_eq!(ran.code, 0, "{args:?}: {}", ran.err);
    serde_json::from_str(&ran.out).unwrap()
}

fn folder() -> tempfile::TempDir {
    let folder = tempfile::tempdir().unwrap();
    Journal::open(folder.path(), OpenOptions::default()).unwrap().close();
    folder
}

#[test]
fn accounts_devices_and_tokens_are_kept_without_a_server_and_stand_on_record() {
    let folder = folder();
    let state = folder.path().to_str().unwrap();
    let add = ["account", "add", "it-3", "--right", "report", "--right", "answer", "--function", "it-bered"];
    let made = told(state, &add);
    let password = made["password"].as_str().unwrap().to_owned();
    assert!(made["otpauth"].as_str().unwrap().starts_with("otpauth://totp/Vardkase:it-3?secret="), "{made}");
    assert_eq!(made["recovery"].as_array().unwrap().len(), 8);
    let accounts = || Accounts::open(folder.path(), None).unwrap();
    assert!(accounts().hashed("it-3").is(&password), "the one that was made comes in");
    let twice = on(state, &add);
    assert!(twice.code == 1 && twice.err.contains("there already"), "{}", twice.err);

    let link = told(state, &["device", "add", "--function", "tib", "--url", "https://konsol.example/"]);
    let link = link["link"].as_str().unwrap();
    let secret = link.strip_prefix("https://konsol.example/device/").unwrap_or_else(|| panic!("{link}"));
    let now = At::from(SystemClock::new().now());
    let (id, _) = accounts().enrol(secret, now).unwrap();
    let listed = on(state, &["device", "list"]);
    assert!(listed.code == 0 && listed.out.contains(&id) && listed.out.contains("tib"), "{}", listed.out);
    assert_eq!(on(state, &["device", "revoke", &id]).code, 0);
    assert!(accounts().who(&WhoId::Device(id.clone()), now).is_none());
    let again = on(state, &["device", "revoke", &id]);
    assert!(again.code == 1 && again.err.contains("device list"), "{}", again.err);

    let token = told(state, &["token", "add", "--right", "report", "--function", "it-bered", "--expires", "90"]);
    let who = accounts().token(token["token"].as_str().unwrap(), now).unwrap();
    assert!(who.functions.has(&FunctionId::from("it-bered")) && !who.functions.has(&FunctionId::from("tib")));
    let listed = on(state, &["token", "list"]);
    assert!(listed.out.contains(token["id"].as_str().unwrap()) && !listed.out.contains("vk_"), "{}", listed.out);
    assert_eq!(on(state, &["token", "revoke", token["id"].as_str().unwrap()]).code, 0);

    let before = accounts().look(|book| book.account("it-3").map(|a| a.totp.clone()));
    assert_eq!(on(state, &["account", "reset-totp", "it-3"]).code, 0);
    assert_ne!(accounts().look(|book| book.account("it-3").map(|a| a.totp.clone())), before);
    let reset = told(state, &["account", "reset-password", "it-3"]);
    assert!(accounts().hashed("it-3").is(reset["password"].as_str().unwrap()));
    assert_eq!(on(state, &["account", "disable", "it-3"]).code, 0);
    let listed = on(state, &["account", "list"]);
    assert!(listed.out.contains("disabled") && listed.out.contains("answer, report"), "{}", listed.out);

    let (mut decoder, mut record) = (Decoder::default(), Vec::new());
    let read = SqliteReader::open(folder.path()).unwrap().read(Head::START, &mut |stored| {
        if let Ok(Entry::System(_, SystemRecord::Access(access))) = decoder.next(&stored) {
            record.push(format!("{access:?}"));
        }
        ControlFlow::Continue(())
    });
    read.unwrap();
    let record = record.join("\n");
    for what in [
        "account-added",
        "device-link-made",
        "device-revoked",
        "token-added",
        "totp-reset",
        "password-reset",
        "account-disabled",
    ] {
        assert!(record.contains(what), "{what}: {record}");
    }
    assert!(!record.contains(&password) && !record.contains(secret));
}

#[test]
fn what_can_not_be_is_said_with_what_to_do() {
    let folder = folder();
    let state = folder.path().to_str().unwrap();
    for (args, code, said) in [
        (&["account", "add", "it-3", "--right", "root"][..], 2, "all-clear"),
        (&["account", "add", "Anna Ek", "--right", "read"], 1, "small letters"),
        (&["account", "add", "it-3", "--right", "report"], 1, "function"),
        (&["account", "disable", "nobody"], 1, "account list"),
        (&["token", "add", "--right", "read", "--expires", "0"], 1, "days"),
        (&["token", "add", "--right", "read", "--expires", "4000000"], 1, "days"),
        (&["token", "add", "--right", "read"], 2, "--expires"),
    ] {
        let ran = on(state, args);
        assert!(ran.code == code && ran.err.contains(said), "{args:?}: {} {}", ran.code, ran.err);
    }
    let nowhere = tempfile::tempdir().unwrap();
    let ran = on(nowhere.path().join("none").to_str().unwrap(), &["account", "list"]);
    assert_eq!(ran.code, 3, "neither a server nor a journal: {}", ran.err);
    assert!(!nowhere.path().join("none").exists(), "nothing is made");
    std::fs::write(folder.path().join("access.json"), "{").unwrap();
    let ran = on(state, &["account", "list"]);
    assert!(ran.code == 1 && ran.err.contains("access.json") && ran.err.contains("damaged"), "{}", ran.err);
}

#[test]
fn a_folder_that_a_server_holds_is_changed_by_that_server_alone() {
    let folder = folder();
    let held = Journal::open(folder.path(), OpenOptions::default()).unwrap();
    let ran = on(folder.path().to_str().unwrap(), &["token", "add", "--right", "read", "--expires", "9"]);
    assert_eq!(ran.code, 5, "{}", ran.err);
    assert!(!folder.path().join("access.json").exists());
    held.close();
}
