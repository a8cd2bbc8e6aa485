//! `drill report`, `incident report` and `drill trends`: each form, to a terminal, to a file, off a terminal.

use std::sync::Arc;

use serde_json::{Value, json};
use vardkase::api::ReportAnswer;
use vardkase::config::{Source, load};
use vardkase::domain::incident::decide::decide;
use vardkase::domain::incident::event::Event;
use vardkase::domain::incident::input::{Action, Input, Report};
use vardkase::domain::incident::state::State;
use vardkase::domain::report::{Reading, RecordSeal, Trend};
use vardkase::domain::time::At;

use super::server::{Fake, says};
use super::{run, run_with};

/// A server with one real incident, that was just reported in the shipped region.
fn fake() -> Fake {
    let plan = Arc::new(load(&Source::Shipped).expect("the shipped region").plan);
    let mut state = State::new(plan.clone());
    let now = At("2031-01-15T02:12:00Z".parse::<jiff::Timestamp>().expect("a time").as_millisecond());
    let report = Report { playbook: "ehr-down".into(), level: Some("major".into()), ..Report::default() };
    let by = state.plan.functions[0].id.clone();
    let input = Input::Command { who: None, by, action: Box::new(Action::Report(report)) };
    let events = decide(&mut state, &input, now, [7; 16]).expect("reported");
    let no = events.iter().find_map(Event::incident).expect("an incident");
    let mut reading = Reading::new(no, plan);
    for event in &events {
        if let Event::Incident { change, .. } = event {
            reading.see(now, change).expect("it fits");
        }
    }
    let report = reading.report(RecordSeal { record: 9, hash: "ab".repeat(32) }).expect("a report");
    let trend = serde_json::to_value(Trend::of(&report)).expect("JSON");
    let answer = ReportAnswer { report, made_at: now, fictional: true, training: false };
    let answer = serde_json::to_value(answer).expect("JSON");
    Fake::new(move |a| match a.line.as_str() {
        "GET /api/v1/incidents/1/report" => says(200, answer.clone()),
        "GET /api/v1/drills/trends" => says(
            200,
            json!({
                "rows": [trend.clone()], "older": 3, "region": "Region", "zone": "Europe/Stockholm", "made_at": now,
                "fictional": true, "training": false,
            }),
        ),
        other => panic!("{other}"),
    })
}

const SV: [(&str, &str); 1] = [("LANG", "sv_SE.UTF-8")];

#[test]
fn off_a_terminal_a_report_is_json_and_each_form_is_made_when_it_is_asked_for() {
    let fake = fake();
    let at = ["--server", &fake.url];
    let ran = run(&[&["drill", "report", "1"][..], &at].concat());
    assert_eq!(ran.code, 0, "{}", ran.err);
    let json: Value = serde_json::from_str(&ran.out).expect("JSON");
    assert_eq!(json["report"]["no"], "1");
    let told = json["report"]["totals"]["told"].as_u64().expect("a number");
    let ran = run_with(&[&["incident", "report", "1", "--format", "text"][..], &at].concat(), &SV);
    assert_eq!(ran.code, 0, "{}", ran.err);
    for said in ["Rapport efter 1:", "Påhittad region", "Det pågår ännu", "verklig händelse", "inte känt", "aldrig"]
    {
        assert!(ran.out.contains(said), "{said}\n{}", ran.out);
    }
    let ran = run(&[&["drill", "report", "1", "--format", "csv"][..], &at].concat());
    assert!(ran.out.contains(&format!("total,1,told,{told},\r\n")), "{}", ran.out);
    let ran = run(&[&["drill", "report", "1", "--format", "html"][..], &at].concat());
    assert!(
        ran.out.contains("<svg") && ran.out.contains("<style>") && !ran.out.contains("src="),
        "it needs nothing else"
    );
}

#[test]
fn what_is_no_text_goes_into_a_file() {
    let fake = fake();
    let dir = tempfile::tempdir().expect("a folder");
    for (form, begins) in [("pdf", &b"%PDF-"[..]), ("xlsx", b"PK\x03\x04")] {
        let args = ["drill", "report", "1", "--format", form, "--server", &fake.url];
        let ran = run_with(&args, &SV);
        assert_eq!(ran.code, 2, "{}", ran.out);
        assert!(ran.err.contains("den behöver en fil") && ran.err.contains("--out"), "{}", ran.err);
        let path = dir.path().join(form).to_str().expect("a path").to_owned();
        let ran = run_with(&[&args[..], &["--out", &path]].concat(), &SV);
        assert_eq!(ran.code, 0, "{}", ran.err);
        assert!(std::fs::read(&path).expect("it is there").starts_with(begins));
        let nowhere = dir.path().join("no/such/folder").to_str().expect("a path").to_owned();
        let ran = run_with(&[&args[..], &["--out", &nowhere]].concat(), &SV);
        assert_eq!(ran.code, 2, "{}", ran.out);
    }
}

#[test]
fn drills_and_incidents_stand_side_by_side() {
    let fake = fake();
    let ran = run_with(&["drill", "trends", "--server", &fake.url], &SV);
    assert_eq!(ran.code, 0, "{}", ran.err);
    for said in ["Övningar och händelser över tid", "verklig händelse", "3 äldre visas inte."] {
        assert!(ran.out.contains(said), "{said}\n{}", ran.out);
    }
}
