//! What `--json` prints, to the byte: the server's answer as it came, also what this version does not know of it.

use serde_json::{Value, json};

use super::run;
use super::server::{Fake, says};

const AT: &str = "2031-01-15T03:25:00Z";

/// With a field that only a newer server tells.
fn newer(mut body: Value) -> Value {
    body["told_by_a_newer_server"] = json!({ "list": [1, "två", null] });
    body
}

/// The answer to each request, and a command line that makes it.
fn answers() -> Vec<(&'static str, &'static str, Value)> {
    let done =
        json!({ "on_record": true, "incident": "14", "message": null, "events": ["opened", "of-a-newer-server"] });
    vec![
        ("status", "GET /api/v1/status", json!({ "status": { "zone": "Europe/Stockholm" }, "on_record": true })),
        ("status Ö-3", "GET /api/v1/incidents/X-3", json!({ "summary": { "no": "Ö-3" }, "a": [] })),
        ("preview 14-2", "GET /api/v1/incidents/14/messages/2/previews", json!({ "number": "14-2", "a": "<é>" })),
        ("report x --as a", "POST /api/v1/commands", done.clone()),
        ("report x --dry-run --as a", "POST /api/v1/dry-runs", json!({ "duties": 18, "mode": { "id": "staff" } })),
        ("ack 14 icu --as a", "POST /api/v1/commands", done.clone()),
        ("adopt 14 --as a", "POST /api/v1/commands", done),
        ("adopt 14 --dry-run", "GET /api/v1/incidents/14/adopt", json!({ "changes": ["+ playbook flood"] })),
        (
            "reload --as a",
            "POST /api/v1/reload",
            json!({ "gateways": ["sms-api"], "on_record": true, "warnings": 26, "changes": [] }),
        ),
    ]
}

#[test]
fn an_answer_is_printed_as_it_came() {
    for (line, request, body) in answers() {
        let body = newer(body);
        let expected = format!("{body}\n");
        let fake = Fake::new(move |asked| {
            assert_eq!(asked.line, request);
            says(200, body.clone())
        });
        let args: Vec<&str> = line.split(' ').chain(["--json", "--server", &fake.url]).collect();
        let ran = run(&args);
        assert_eq!((ran.code, ran.out.as_str(), ran.err.as_str()), (0, expected.as_str(), ""), "{line}");
    }
}

#[test]
fn a_part_of_an_answer_is_printed_as_it_came() {
    let step = newer(json!({ "number": 1, "kind": "task" }));
    let incident = json!({ "prepared": [{ "rule": "divert" }], "summary": {}, "steps": [step] });
    let fake = Fake::always(200, incident);
    let ran = run(&["step", "list", "14", "--json", "--server", &fake.url]);
    let expected = format!("{{\"steps\":[{step}],\"prepared\":[{{\"rule\":\"divert\"}}]}}\n");
    assert_eq!((ran.code, ran.out), (0, expected), "{}", ran.err);
    let ran = run(&["step", "list", "14", "--json", "--server", &Fake::always(200, json!({})).url]);
    assert_eq!((ran.code, ran.out.as_str()), (0, "{\"steps\":[],\"prepared\":[]}\n"), "{}", ran.err);
}

#[test]
fn lists_and_what_is_gathered_of_several_answers_keep_their_shape() {
    let gateway = json!({
        "id": "sms-api", "channel": "sms", "standing": "healthy", "detail": "", "queue_len": 0, "in_flight": 0,
        "handed_over_total": 0, "accepted_total": 0, "last_accepted_s": null, "last_proof_s": 4,
    });
    let list = json!([newer(gateway)]);
    let expected = format!("{list}\n");
    let probed = json!({ "ok": true, "detail": "well", "far_end": [["bind", "transceiver"]] });
    let test = json!({
        "id": 7, "gateway": "sms-api", "function": "tib", "by": "it", "at": AT, "state": "delivered", "why": "",
        "taken_at": AT, "answered_at": AT, "receipts": true, "answers": true,
    });
    let (tests, probed_too) = (json!([test]), probed.clone());
    let fake = Fake::new(move |asked| match asked.line.as_str() {
        "GET /api/v1/gateways" => says(200, list.clone()),
        "POST /api/v1/gateways/sms-api/probe" => says(200, newer(probed_too.clone())),
        "POST /api/v1/gateways/sms-api/test" => says(200, json!({ "on_record": true, "tests": [7] })),
        "GET /api/v1/gateways/tests?gateway=sms-api" => says(200, tests.clone()),
        other => panic!("{other}"),
    });
    let out = |args: &[&str]| {
        let ran = run(&[args, &["--json", "--server", &fake.url]].concat());
        assert_eq!(ran.code, 0, "{args:?}: {}", ran.err);
        ran.out
    };
    assert_eq!(out(&["gateway", "list"]), expected);
    assert_eq!(out(&["gateway", "probe"]), format!("{{\"sms-api\":{probed}}}\n"));
    assert_eq!(out(&["gateway", "test", "sms-api", "tib", "--as", "it"]), format!("{{\"tests\":[{test}]}}\n"));
}

#[test]
fn a_record_of_the_log_is_a_line() {
    let record = |seq: u64, incident: Value| json!({ "seq": seq, "at": AT, "incident": incident, "event": "opened", "what": { "b": 1, "a": [null, "ö"] } });
    let (first, second) = (record(3, "14".into()), record(4, Value::Null));
    let expected = format!("{first}\n{second}\n");
    let fake = Fake::always(200, json!({ "records": [first, second], "after": 4, "more": false }));
    let ran = run(&["log", "--json", "--server", &fake.url]);
    assert_eq!((ran.code, ran.out), (0, expected), "{}", ran.err);
}

#[test]
fn what_was_refused_is_printed_for_programs() {
    let refused = json!({ "code": "not-yours", "why": "no, because", "help": "do this" });
    let fake = Fake::always(403, newer(refused.clone()));
    let ran = run(&["stop", "14", "--reason", "r", "--as", "a", "--json", "--server", &fake.url]);
    assert_eq!((ran.code, ran.out), (1, format!("{}\n", json!({ "error": refused }))), "{}", ran.err);
}
