//! Exactly what each command asks of the server, and what it makes of each answer.

use serde_json::{Value, json};

use super::server::{Answer, Asked, Fake, says};
use super::{Ran, run, run_with};

const OFF: &str = "2031-01-15T03:25:00Z";

/// Runs against a server that says yes to everything.
fn asked(args: &[&str]) -> (Ran, Vec<Asked>) {
    let fake = Fake::new(|a| {
        let body = match a.line.as_str() {
            "POST /api/v1/reload" => json!({ "on_record": true, "warnings": 0, "changes": [], "gateways": [] }),
            line if line.ends_with("/adopt") => json!({ "changes": [] }),
            _ => json!({ "on_record": true, "incident": "14", "message": null, "events": [] }),
        };
        says(200, body)
    });
    let dir = tempfile::tempdir().expect("a folder");
    std::fs::write(dir.path().join("console-token"), "abcdefghijklmnopqrstuvwxyz\n").expect("written");
    let state = dir.path().to_str().expect("UTF-8");
    let ran = run(&[args, &["--server", &fake.url, "--state", state]].concat());
    (ran, fake.asked())
}

/// A report with only these fields said.
fn report(said: Value) -> Value {
    let mut all = json!({
        "exercise": false, "playbook": "", "level": null, "sites": [], "what": null, "scope": null, "routines": null,
        "since": null, "restore": null, "next": null, "contact": null, "safety": "unknown", "shared": "ask",
    });
    merge(&mut all, said);
    json!({ "report": all })
}

/// A step with only these fields said.
fn start(said: Value) -> Value {
    let mut all = json!({
        "rule": null, "kind": null, "title": null, "owner": null, "to": [], "due": null, "every_s": null,
        "lasts_s": null,
    });
    merge(&mut all, said);
    all
}

/// An improvement with only these fields said.
fn improve(id: Value, said: Value) -> Value {
    let mut all = json!({
        "capability": null, "issue": null, "action": null, "element": null, "owner": null, "start": null, "due": null,
    });
    merge(&mut all, said);
    json!({ "improve": { "incident": "Ö-3", "id": id, "improvement": all } })
}

/// News with only these fields said.
fn news(said: Value) -> Value {
    let mut all = json!({
        "what": null, "scope": null, "routines": null, "restore": null, "next": null, "contact": null, "safety": null,
        "known": null, "unknown": null, "level": null, "sites": null,
    });
    merge(&mut all, said);
    all
}

fn merge(all: &mut Value, said: Value) {
    let Value::Object(said) = said else { return };
    for (key, value) in said {
        assert!(all.get(&key).is_some(), "{key} is not a field");
        all[key] = value;
    }
}

#[test]
fn each_command_asks_exactly_this() {
    let cases: Vec<(&str, Value)> = vec![
        ("report journal D3 --safety no", report(json!({ "playbook": "journal", "level": "D3", "safety": "no" }))),
        ("report journal --level D3", report(json!({ "playbook": "journal", "level": "D3" }))),
        (
            "report ehr-down --sites FS,LS --since 2031-01-15T03:25:00Z --restore 2031-01-15T04:25:00+01:00 \
             --contact 0980-319200 --do paper-record --do print-drug-list --what sv=Nere --what en=Down --exercise",
            report(json!({
                "playbook": "ehr-down", "sites": ["FS", "LS"], "since": OFF, "contact": "0980-319200",
                "restore": { "at": "2031-01-15T03:25:00Z" }, "routines": ["paper-record", "print-drug-list"],
                "what": { "sv": "Nere", "en": "Down" }, "exercise": true,
            })),
        ),
        ("report x --separate --safety ja", report(json!({ "playbook": "x", "shared": "separate", "safety": "yes" }))),
        ("report x --restore unknown", report(json!({ "playbook": "x" }))),
        (
            "report x --restore unknown --forecast 2031-01-15T03:25:00Z",
            report(json!({ "playbook": "x", "restore": { "unknown": { "forecast": OFF } } })),
        ),
        (
            "addresses test --older-than 30 --channel email",
            json!({ "test_addresses": { "older_than_days": 30, "channel": "email", "at_night": false } }),
        ),
        ("approve 14-2 7k4f2a", json!({ "approve": { "number": "14-2", "fingerprint": "7K4F2A", "entry": null } })),
        (
            "approve Ö-3-2 7K4F2A --entry 1",
            json!({ "approve": { "number": "Ö-3-2", "fingerprint": "7K4F2A", "entry": 1 } }),
        ),
        ("approve 14-2 --reviewed en", json!({ "reviewed": { "number": "14-2", "lang": "en" } })),
        ("approve 14-2 --wait", json!({ "wait": { "number": "14-2" } })),
        ("approve 14-2 --break-glass silent", json!({ "break_glass": { "number": "14-2", "reason": "silent" } })),
        (
            "reject 14-2 --reason wrong",
            json!({ "reject": { "number": "14-2", "reason": "wrong", "replacement": null } }),
        ),
        (
            "reject 14-2 --reason wrong --text sv=LARM",
            json!({ "reject": { "number": "14-2", "reason": "wrong", "replacement": { "sv": "LARM" } } }),
        ),
        (
            "reject 14-2 --text sv=LARM --text en=ALERT",
            json!({ "change": { "number": "14-2", "texts": { "sv": "LARM", "en": "ALERT" } } }),
        ),
        (
            "ack 14 icu",
            json!({ "ack": { "incident": "14", "message": null, "function": "icu", "phone": false, "paper": false, "at": null } }),
        ),
        (
            "ack 14-1",
            json!({ "ack": { "incident": "14", "message": 1, "function": "kib", "phone": false, "paper": false, "at": null } }),
        ),
        (
            "ack 14-1 icu --via phone --by kib --at 2031-01-15T03:25:00Z",
            json!({ "ack": { "incident": "14", "message": 1, "function": "icu", "phone": true, "paper": false, "at": OFF } }),
        ),
        ("ack 14 icu --pass-on", json!({ "pass_on": { "incident": "14", "function": "icu" } })),
        ("ack 14 icu --fallback-failed", json!({ "fallback_failed": { "incident": "14", "function": "icu" } })),
        (
            "ack 14 icu --arrived",
            json!({ "arrived": { "incident": "14", "function": "icu", "phone": false, "at": null } }),
        ),
        (
            "ack 14 icu --arrived --via phone --by kib --at 2031-01-15T03:25:00Z",
            json!({ "arrived": { "incident": "14", "function": "icu", "phone": true, "at": OFF } }),
        ),
        (
            "step start 14 divert --at 2031-01-15T03:25:00Z",
            json!({ "step_start": { "incident": "14", "start": start(json!({ "rule": "divert", "due": OFF })) } }),
        ),
        (
            "step start 14 --kind intervention --what sv=Byt --what en=Swap --to icu,lead --owner it --every 1h30m \
             --lasts 20m --at 2031-01-15T03:25:00Z",
            json!({ "step_start": { "incident": "14", "start": start(json!({
                "kind": "intervention", "title": { "sv": "Byt", "en": "Swap" }, "to": ["icu", "lead"], "owner": "it",
                "every_s": 5400, "lasts_s": 1200, "due": OFF,
            })) } }),
        ),
        (
            "step have 14 S3",
            json!({ "step_have": {
                "incident": "14", "step": 3, "function": null, "yes": true, "phone": false, "reason": "" } }),
        ),
        (
            "step have 14 3 --no --for icu --via phone --reason ill",
            json!({ "step_have": {
                "incident": "14", "step": 3, "function": "icu", "yes": false, "phone": true, "reason": "ill" } }),
        ),
        ("step done 14 3 --reference d17", json!({ "step_done": { "incident": "14", "step": 3, "reference": "d17" } })),
        ("step stop 14 3 --reason bed", json!({ "step_stop": { "incident": "14", "step": 3, "reason": "bed" } })),
        (
            "step move 14 3 --at 2031-01-15T03:25:00Z",
            json!({ "step_move": { "incident": "14", "step": 3, "due": OFF, "reason": "" } }),
        ),
        (
            "drill improve X-3 --action modem --owner it-net --due 2026-12-20 --element equipment",
            improve(
                json!(null),
                json!({ "action": "modem", "owner": "it-net", "due": "2026-12-20", "element": "equipment" }),
            ),
        ),
        (
            "incident improve X-3 2 --issue slow --capability reach --start 2026-12-01",
            improve(json!(2), json!({ "issue": "slow", "capability": "reach", "start": "2026-12-01" })),
        ),
        (
            "drill improve X-3 2 --done seen",
            json!({ "improvement_done": { "incident": "Ö-3", "id": 2, "verified": "seen" } }),
        ),
        (
            "drill improve X-3 2 --drop dear",
            json!({ "improvement_dropped": { "incident": "Ö-3", "id": 2, "reason": "dear" } }),
        ),
        ("incident improve 14 --none fine", json!({ "no_improvement": { "incident": "14", "reason": "fine" } })),
        (
            "incident remark 14 --strength quick",
            json!({ "remark": {
                "incident": "14", "kind": "strength", "text": "quick", "reference": "", "analysis": "", "recommendation": "",
            } }),
        ),
        (
            "drill remark X-3 --improve late --reference D3 --analysis waited --recommendation call",
            json!({ "remark": {
                "incident": "Ö-3", "kind": "improve", "text": "late", "reference": "D3", "analysis": "waited",
                "recommendation": "call",
            } }),
        ),
        (
            "drill remark X-3 --observation seen",
            json!({ "remark": {
                "incident": "Ö-3", "kind": "observation", "text": "seen", "reference": "", "analysis": "",
                "recommendation": "",
            } }),
        ),
        (
            "drill feedback X-3 --well good --change less",
            json!({ "feedback": { "incident": "Ö-3", "went_well": "good", "went_badly": "", "change": "less" } }),
        ),
        (
            "drill rate X-3 1 s --reason late",
            json!({ "rate": { "incident": "Ö-3", "objective": 1, "rating": "some-challenges", "reason": "late" } }),
        ),
        ("ack 14 --errand 3", json!({ "errand_done": { "incident": "14", "errand": 3 } })),
        ("unack 14 icu --reason wrong", json!({ "unack": { "incident": "14", "function": "icu", "reason": "wrong" } })),
        (
            "update 14 --next 2031-01-15T03:25:00Z --safety no --known backup",
            json!({ "update": { "incident": "14",
                "news": news(json!({ "next": OFF, "safety": "no", "known": { "en": "backup" } })) } }),
        ),
        (
            "update 14 --restore unknown --next 2031-01-15T03:25:00Z",
            json!({ "update": { "incident": "14",
                "news": news(json!({ "next": OFF, "restore": { "unknown": { "forecast": OFF } } })) } }),
        ),
        ("level 14 D4", json!({ "update": { "incident": "14", "news": news(json!({ "level": "D4" })) } })),
        (
            "level 14 --sites FS,LS",
            json!({ "update": { "incident": "14", "news": news(json!({ "sites": ["FS", "LS"] })) } }),
        ),
        (
            "correct 14-2 --contact 0980-319200",
            json!({ "correct": { "number": "14-2", "news": news(json!({ "contact": "0980-319200" })) } }),
        ),
        (
            "stop 14-1 --reason wrong",
            json!({ "stop": { "incident": "14", "message": 1, "false_alarm": false, "reason": "wrong" } }),
        ),
        (
            "stop Ö-3 --false-alarm --reason real",
            json!({ "stop": { "incident": "Ö-3", "message": null, "false_alarm": true, "reason": "real" } }),
        ),
        ("mode FS reinforced", json!({ "mode": { "site": "FS", "mode": "reinforced", "reason": "" } })),
        ("mode FS normal --reason over", json!({ "mode": { "site": "FS", "mode": "normal", "reason": "over" } })),
        ("decide 14 yes", json!({ "decide": { "incident": "14", "proposal": null, "yes": true, "reason": "" } })),
        (
            "decide 14 nej --reason two --proposal 2",
            json!({ "decide": { "incident": "14", "proposal": 2, "yes": false, "reason": "two" } }),
        ),
        ("merge 15 --into 14", json!({ "merge": { "incident": "15", "into": "14" } })),
        ("handover icu", json!({ "handover": { "function": "icu" } })),
        (
            "restored 14 --what back",
            json!({ "restored": { "incident": "14", "news": news(json!({ "what": { "en": "back" } })) } }),
        ),
        ("restored 14 --data-complete", json!({ "data_complete": { "incident": "14" } })),
        (
            "relapse 14 --what down",
            json!({ "relapse": { "incident": "14", "news": news(json!({ "what": { "en": "down" } })) } }),
        ),
        ("all-clear 14", json!({ "all_clear": { "incident": "14", "override_reason": null } })),
        ("all-clear 14 --override train", json!({ "all_clear": { "incident": "14", "override_reason": "train" } })),
        ("adopt 14 --json", json!({ "adopt": { "incident": "14" } })),
    ];
    for (line, action) in cases {
        // What takes the call is the duty that acts.
        let acting: &[&str] = if line.contains("--by") { &[] } else { &["--as", "kib"] };
        let args: Vec<&str> = line.split_whitespace().chain(acting.iter().copied()).collect();
        let (ran, all) = asked(&args);
        assert_eq!(ran.code, 0, "{line}: {}", ran.err);
        let body = Some(json!({ "as": "kib", "action": action.clone() }));
        let token = Some("abcdefghijklmnopqrstuvwxyz".to_owned());
        assert_eq!(all, [Asked { line: "POST /api/v1/commands".into(), token, body }], "{line}");
        let read = serde_json::from_value::<vardkase::domain::incident::input::Action>(action);
        assert!(read.is_ok(), "{line}: the server would not understand this");
    }
}

#[test]
fn what_only_reads_asks_exactly_this() {
    let cases = [
        ("status --json", "GET /api/v1/status"),
        ("status Ö-3 --json", "GET /api/v1/incidents/X-3"),
        ("step list 14 --json", "GET /api/v1/incidents/14"),
        ("preview Ö-3-2 --json", "GET /api/v1/incidents/X-3/messages/2/previews"),
        ("preview 14-2 --json", "GET /api/v1/incidents/14/messages/2/previews"),
    ];
    for (line, expected) in cases {
        let (ran, all) = asked(&line.split(' ').collect::<Vec<_>>());
        assert_eq!(ran.code, 0, "{line}: {}", ran.err);
        assert_eq!(all.iter().map(|a| a.line.as_str()).collect::<Vec<_>>(), [expected], "{line}");
    }
    let lines = |all: &[Asked]| all.iter().map(|a| a.line.clone()).collect::<Vec<_>>();
    let (_, all) = asked(&["adopt", "14", "--as", "kib"]);
    assert_eq!(lines(&all), ["GET /api/v1/incidents/14/adopt", "POST /api/v1/commands"], "what changes is shown first");
    let (_, all) = asked(&["adopt", "14", "--dry-run"]);
    assert_eq!(lines(&all), ["GET /api/v1/incidents/14/adopt"]);
    let (ran, all) = asked(&["reload", "--as", "it-duty"]);
    assert_eq!(ran.code, 0, "{}", ran.err);
    assert_eq!((all[0].line.as_str(), &all[0].body), ("POST /api/v1/reload", &Some(json!({ "as": "it-duty" }))));
    let (_, all) = asked(&["report", "x", "--dry-run", "--as", "a"]);
    assert_eq!(all[0].line, "POST /api/v1/dry-runs");
    let body = json!({ "as": "a", "report": report(json!({ "playbook": "x" }))["report"] });
    assert_eq!(all[0].body, Some(body));
}

#[test]
fn the_log_goes_on_where_it_was() {
    let fake = Fake::new(|a| {
        let record = |seq: u64| json!({ "seq": seq, "at": OFF, "incident": "14", "event": "opened", "what": {} });
        says(
            200,
            match a.line.as_str() {
                "GET /api/v1/log?incident=14&after=0" => {
                    json!({ "records": [record(3), record(7)], "after": 9, "more": true })
                }
                "GET /api/v1/log?incident=14&after=9" => json!({ "records": [], "after": 40, "more": true }),
                "GET /api/v1/log?incident=14&after=40" => {
                    json!({ "records": [record(41)], "after": 41, "more": false })
                }
                other => panic!("{other}"),
            },
        )
    });
    let ran = run(&["log", "14", "--json", "--server", &fake.url]);
    assert_eq!(ran.code, 0, "{}", ran.err);
    let seqs: Vec<u64> =
        ran.out.lines().filter_map(|l| serde_json::from_str::<Value>(l).ok()?["seq"].as_u64()).collect();
    assert_eq!(seqs, [3, 7, 41]);
}

#[test]
fn the_same_fault_twice_is_added_unless_separate() {
    // RULES D5: "add to 14" is the default.
    let fake = Fake::new(|a| match a.body.as_ref().map(|b| b["action"]["report"]["shared"].clone()) {
        Some(shared) if shared == "ask" => says(
            409,
            json!({
                "code": "shares-a-system",
                "why": "the same systems are concerned by one that is open",
                "help": "add to that one, or report it as separate",
                "already": "14",
            }),
        ),
        _ => {
            says(200, json!({ "on_record": true, "incident": "14", "message": "14-3", "events": ["facts", "drafted"] }))
        }
    });
    let ran = run(&["report", "journal", "--as", "a", "--server", &fake.url]);
    assert_eq!(ran.code, 0, "{}", ran.err);
    assert_eq!((ran.out.as_str(), ran.err.as_str()), ("Done 14-3: facts changed\n", "Adding to 14\n"));
    let shared: Vec<Value> =
        fake.asked().iter().map(|a| a.body.as_ref().expect("a body")["action"]["report"]["shared"].clone()).collect();
    assert_eq!(shared, [json!("ask"), json!({ "add_to": "14" })]);
}

#[test]
fn each_kind_of_answer_has_its_exit_code() {
    let refused = |code: &str| json!({ "code": code, "why": "no, because", "help": "do this" });
    let cases: Vec<(&str, Fake, i32, &str, &str)> = vec![
        ("unknown level", Fake::always(404, refused("unknown-level")), 1, "unknown-level", "no, because"),
        ("unknown playbook", Fake::always(404, refused("unknown-playbook")), 1, "unknown-playbook", "no, because"),
        ("a rule", Fake::always(403, refused("not-yours")), 1, "not-yours", "no, because"),
        ("the limit of incidents", Fake::always(429, refused("too-many-open")), 1, "too-many-open", "no, because"),
        ("too large", Fake::new(|_| Answer::Says(413, "x".into())), 1, "too-large", "the request is too large"),
        ("no token", Fake::always(401, refused("no-token")), 4, "not-signed-in", "no token: "),
        ("too many wrong tokens", Fake::always(429, refused("too-many-tries")), 4, "not-signed-in", "no token: "),
        ("going down", Fake::always(503, refused("going-down")), 1, "going-down", "no, because"),
        ("a fault", Fake::new(|_| Answer::Says(500, "oops".into())), 6, "outcome-unknown", "the request left for "),
        ("hung up", Fake::new(|_| Answer::HangsUp), 6, "outcome-unknown", "the request left for "),
        ("broken off", Fake::new(|_| Answer::Breaks), 6, "outcome-unknown", "the request left for "),
        ("garbage", Fake::new(|_| Answer::Garbage), 6, "outcome-unknown", "the request left for "),
        ("200 and no JSON", Fake::new(|_| Answer::Says(200, "<p>Hi".into())), 6, "outcome-unknown", "the request left"),
        ("another program", Fake::new(|_| Answer::Says(404, "<p>".into())), 1, "failed", "the server at "),
        ("a proxy", Fake::new(|_| Answer::Says(302, String::new())), 1, "failed", "the server at "),
    ];
    for (what, fake, code, word, why) in cases {
        let args = ["mode", "FS", "staff", "--as", "kib", "--server", &fake.url];
        let ran = run(&args);
        assert_eq!(ran.code, code, "{what}: {}", ran.err);
        assert!(ran.err.starts_with(&format!("error: {why}")), "{what}: {}", ran.err);
        assert!(ran.err.contains("\nhelp: "), "{what}");
        // What may have been done is asked for again under its ID; nothing else is repeated by itself.
        let times = if code == 6 { 3 } else { 1 };
        assert_eq!(fake.asked().len(), times, "{what}");
        let ran = run(&[&args[..], &["--json"]].concat());
        let said: Value = serde_json::from_str(&ran.out).expect("JSON");
        assert_eq!((ran.code, said["error"]["code"].as_str()), (code, Some(word)), "{what}");
    }
}

#[test]
fn reading_that_fails_has_changed_nothing() {
    for answer in [|| Answer::HangsUp, || Answer::Breaks, || Answer::Garbage] {
        let fake = Fake::new(move |_| answer());
        assert_eq!(run(&["status", "--server", &fake.url]).code, 3, "look again; nothing can have happened");
    }
    let odd = Fake::always(200, json!({ "status": { "now": "then" } }));
    let ran = run(&["status", "--server", &odd.url]);
    assert_eq!(ran.code, 1);
    assert!(ran.err.starts_with("error: the server's answer was not understood: "), "{}", ran.err);
}

#[test]
fn a_server_of_another_version_is_named() {
    let newer = |status: u16, body: &str| {
        let body = body.to_owned();
        Fake::new(move |_| Answer::Says(status, body.clone())).of_version("9.1.0")
    };
    let own = env!("CARGO_PKG_VERSION");
    let ran = run(&["status", "--server", &newer(200, "{\"status\":{}}").url]);
    assert_eq!(ran.code, 1);
    assert!(ran.err.contains(&format!("(the server is vardkase 9.1.0, this is {own})")), "{}", ran.err);
    let ran = run(&["adopt", "14", "--dry-run", "--server", &newer(404, "gone").url]);
    assert!(
        ran.err.contains(&format!("does not know this request: it is vardkase 9.1.0, this is {own}")),
        "{}",
        ran.err
    );
    // What was carried out is never told as if it was not.
    let fake = newer(200, "{\"done\":true}");
    let ran = run(&["ack", "14", "icu", "--as", "a", "--server", &fake.url]);
    assert_eq!(ran.code, 6, "{}", ran.err);
    assert!(ran.err.contains("it was carried out"), "{}", ran.err);
    let ran = run(&["ack", "14", "icu", "--as", "a", "--json", "--server", &fake.url]);
    assert_eq!((ran.code, ran.out.as_str()), (0, "{\"done\":true}\n"), "{}", ran.err);
}

#[test]
fn the_token_comes_from_a_file_and_is_never_shown() {
    let dir = tempfile::tempdir().expect("a folder");
    let file = dir.path().join("t");
    std::fs::write(&file, "  secret-token-of-this-house \n").expect("written");
    let file = file.to_str().expect("UTF-8");
    let fake = Fake::always(401, json!({ "code": "no-token", "why": "wrong", "help": "" }));
    let by_env = run_with(&["status", "--server", &fake.url], &[("VARDKASE_TOKEN_FILE", file)]);
    let by_option = run(&["status", "--server", &fake.url, "--token-file", file]);
    for ran in [by_env, by_option] {
        assert_eq!(ran.code, 4);
        assert!(ran.err.contains("does not take this token (it says: wrong)"), "{}", ran.err);
        assert!(!ran.err.contains("secret-token"), "{}", ran.err);
    }
    let tokens: Vec<_> = fake.asked().into_iter().map(|a| a.token).collect();
    assert_eq!(tokens, vec![Some("secret-token-of-this-house".to_owned()); 2]);
}

#[test]
fn rule_d11_a_report_names_the_playbook_that_it_took() {
    let done =
        json!({ "on_record": true, "incident": "14", "message": "14-1", "playbook": "ehr-down", "events": ["opened"] });
    let fake = Fake::always(200, done);
    let ran = run(&["report", "journal", "--as", "a", "--server", &fake.url]);
    assert!(ran.out.starts_with("Done 14-1 (ehr-down): "), "{}", ran.out);
}

#[test]
fn what_is_not_on_record_is_said_loudly() {
    let fake =
        Fake::always(200, json!({ "on_record": false, "incident": "14", "message": null, "events": ["opened"] }));
    let ran = run(&["report", "x", "--as", "a", "--server", &fake.url]);
    assert_eq!(ran.code, 0);
    assert!(ran.err.starts_with("*** NOT ON RECORD: "), "{}", ran.err);
}

#[test]
fn times_go_by_the_regions_clock() {
    let zoned = |zone: Value| {
        Fake::new(move |a| match a.line.as_str() {
            "GET /api/v1/status" => says(200, json!({ "status": { "zone": zone } })),
            _ => says(200, json!({ "on_record": true, "incident": "14", "message": null, "events": [] })),
        })
    };
    let args = ["report", "x", "--since", "2031-07-15 03:12", "--as", "a", "--server"];
    let fake = zoned("Europe/Stockholm".into());
    let ran = run(&[&args[..], &[&fake.url]].concat());
    assert_eq!(ran.code, 0, "{}", ran.err);
    let body = fake.asked().pop().and_then(|a| a.body).expect("a report");
    assert_eq!(body["action"]["report"]["since"], "2031-07-15T01:12:00Z");
    // No zone is guessed.
    let ran = run(&[&args[..], &[&zoned(Value::Null).url]].concat());
    assert_eq!(ran.code, 2, "{}", ran.err);
    assert!(ran.err.starts_with("error: “2031-07-15 03:12” needs a time zone"), "{}", ran.err);
}

#[test]
fn a_test_of_a_gateway_is_followed_until_somebody_answers() {
    let mut looks = 0;
    let test = |state: &str, answered: bool| {
        json!([{ "id": 7, "gateway": "sms-api", "function": "tib", "by": "it", "at": OFF, "state": state, "why": "",
            "taken_at": null, "answered_at": answered.then_some(OFF), "receipts": true, "answers": true }])
    };
    let fake = Fake::new(move |asked| match asked.line.as_str() {
        "POST /api/v1/gateways/sms-api/test" => says(200, json!({ "on_record": true, "tests": [7] })),
        "GET /api/v1/gateways/tests?gateway=sms-api" => {
            looks += 1;
            says(200, test(["queued", "handed-over", "delivered"][(looks - 1).min(2)], looks > 3))
        }
        other => panic!("{other}"),
    });
    let dir = tempfile::tempdir().expect("a folder");
    std::fs::write(dir.path().join("console-token"), "abcdefghijklmnopqrstuvwxyz\n").expect("written");
    let state = dir.path().to_str().expect("UTF-8");
    let ran = run(&["gateway", "test", "sms-api", "tib", "--as", "it", "--server", &fake.url, "--state", state]);
    assert_eq!(ran.code, 0, "{}", ran.err);
    let asked = fake.asked();
    assert_eq!(asked[0].body, Some(json!({ "as": "it", "function": "tib" })));
    for said in
        ["in line", "handed over to the gateway", "delivered to the far device", "answered", "proven on 2031-01-15"]
    {
        assert!(ran.out.contains(said), "{said}: {}", ran.out);
    }
}

#[test]
fn a_test_that_failed_says_why_and_fails() {
    let fake = Fake::new(|asked| match asked.line.split(' ').next() {
        Some("POST") => says(200, json!({ "on_record": true, "tests": [7] })),
        _ => says(
            200,
            json!([{ "id": 7, "gateway": "sms-api", "function": "tib", "by": "it", "at": OFF, "state": "failed",
                "why": "no such subscriber", "taken_at": null, "answered_at": null, "receipts": true, "answers": true }]),
        ),
    });
    let dir = tempfile::tempdir().expect("a folder");
    std::fs::write(dir.path().join("console-token"), "abcdefghijklmnopqrstuvwxyz\n").expect("written");
    let state = dir.path().to_str().expect("UTF-8");
    let ran = run(&["gateway", "test", "sms-api", "tib", "--as", "it", "--server", &fake.url, "--state", state]);
    assert_eq!(ran.code, 1);
    assert!(ran.out.contains("FAILED: no such subscriber"), "{}", ran.out);
}

#[test]
fn a_roster_is_shown_with_its_gaps_in_the_regions_time() {
    let dir = tempfile::tempdir().expect("a folder");
    let region = dir.path().join("region");
    let config = region.to_str().expect("UTF-8");
    assert_eq!(run(&["config", "init", config]).code, 0);
    let functions = region.join("contacts/functions.yaml");
    let text = std::fs::read_to_string(&functions).expect("it is there");
    std::fs::write(&functions, text.replacen("- { sms: ", "- { id: phone-a, sms: ", 1)).expect("written");
    std::fs::create_dir_all(region.join("contacts/rosters")).expect("made");
    let show = |name: &str, more: &[&str]| {
        run(&[&["roster", "show", name, "--from", "2026-10-24", "--weeks", "1", "--config", config], more].concat())
    };
    let none = show("tib", &[]);
    assert!(none.code == 2 && none.err.contains("contacts/rosters/tib.ics"), "{}", none.err);
    let roster = "BEGIN:VCALENDAR\nBEGIN:VEVENT\nUID:1\nDTSTART:20261024T200000\nDTEND:20261025T080000\nRRULE:FREQ=DAILY;COUNT=2\n\
                  SUMMARY:phone-a\nEND:VEVENT\nEND:VCALENDAR\n";
    std::fs::write(region.join("contacts/rosters/tib.ics"), roster).expect("written");
    let table = show("tib", &[]);
    assert_eq!(table.code, 0, "{}", table.err);
    for row in [
        "Sat 2026-10-24 00.00  Sat 2026-10-24 20.00  NOBODY: all are reached",
        "Sat 2026-10-24 20.00  Sun 2026-10-25 08.00  phone-a",
        "Mon 2026-10-26 08.00  Sat 2026-10-31 00.00  NOBODY: all are reached",
    ] {
        assert!(table.out.contains(row), "{row}\n{}", table.out);
    }
    let value: serde_json::Value = serde_json::from_str(&show("tib", &["--json"]).out).expect("JSON");
    let turn = json!({ "from": "2026-10-24T20:00:00+02:00", "to": "2026-10-25T08:00:00+01:00", "points": ["phone-a"], "gap": false });
    assert_eq!(value["turns"][1], turn, "{value}");
    let unknown = show("tibb", &[]);
    assert!(unknown.code == 2 && unknown.err.contains("“tib”?"), "{}", unknown.err);
}

#[test]
fn gateways_are_listed_and_probed_without_a_server() {
    let dir = env!("CARGO_MANIFEST_DIR");
    let ran = run(&["gateway", "list", "--config", dir]);
    assert_eq!(ran.code, 0, "{}", ran.err);
    for gateway in ["sms-api", "mail-int", "fax-ip", "page-fs", "web-pub"] {
        assert!(ran.out.contains(gateway), "{gateway}: {}", ran.out);
    }
    // Nothing listens on the shipped ports, or something else does: either way it is said, and nobody waits for ever.
    let ran = run(&["gateway", "probe", "nothing", "--config", dir]);
    assert_eq!(ran.code, 2);
    assert!(ran.err.contains("sms-api"), "what there is: {}", ran.err);
    let ran = run(&["gateway", "list", "--server", "http://127.0.0.1:9"]);
    assert_eq!(ran.code, 3);
    assert!(ran.err.contains("gateway list --config"), "{}", ran.err);
}
