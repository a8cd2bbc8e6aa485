//! What tables show: the same words with and without a terminal, made from the region's own views.

use std::collections::BTreeSet;

use serde_json::{Value, json};
use vardkase::config::{Source, load};
use vardkase::dispatch::journal_view::JournalView;
use vardkase::domain::delivery::{Cause, DeliveryState};
use vardkase::domain::ids::DeliveryId;
use vardkase::domain::incident::decide::decide;
use vardkase::domain::incident::input::{Action, Input, Report, Told};
use vardkase::domain::incident::state::State;
use vardkase::domain::time::At;
use vardkase::domain::view;

use super::server::{Fake, says};
use super::{run, run_with};

/// The shipped region after a report, as the server would tell it.
fn fake() -> Fake {
    fake_after(|_, _| {})
}

/// The same after more has happened.
fn fake_after(more: impl Fn(&mut State, At)) -> Fake {
    let plan = load(&Source::Shipped).expect("the shipped region").plan;
    let mut state = State::new(plan.into());
    let now = At("2031-01-15T02:12:00Z".parse::<jiff::Timestamp>().expect("a time").as_millisecond());
    let report = Report { playbook: "ehr-down".into(), level: Some("major".into()), ..Report::default() };
    let by = state.plan.functions[0].id.clone();
    let input = Input::Command { who: None, by, action: Box::new(Action::Report(report)) };
    decide(&mut state, &input, now, [7; 16]).expect("reported");
    more(&mut state, now);
    let no = *state.incidents.keys().next().expect("an incident");
    let json = |v: Result<Value, serde_json::Error>| v.expect("JSON");
    let status = json(serde_json::to_value(view::status(&state, now)));
    let incident = json(serde_json::to_value(view::incident(&state, no, now)));
    let previews = json(serde_json::to_value(view::previews(&state, no, 1, now)));
    Fake::new(move |a| match a.line.as_str() {
        "GET /api/v1/status" => says(
            200,
            json!({
                "on_record": true, "fictional": true, "warnings": 26, "journal_seq": 9, "journal": JournalView::default(),
                "status": status.clone(), "alarms": [], "trouble": [], "heartbeat": null,
            }),
        ),
        "GET /api/v1/incidents/1" => says(200, incident.clone()),
        "GET /api/v1/incidents/1/messages/1/previews" => says(200, previews.clone()),
        other => panic!("{other}"),
    })
}

#[test]
fn the_region_and_an_incident_are_readable_off_a_terminal() {
    let fake = fake();
    let ran = run_with(&["status", "--server", &fake.url], &[("LANG", "sv_SE.UTF-8")]);
    assert_eq!(ran.code, 0, "{}", ran.err);
    for part in ["PÅHITTAD REGION", "Händelse", "STABSLÄGE", "Journalen är nere"] {
        assert!(ran.out.contains(part), "{part}\n{}", ran.out);
    }
    assert!(!ran.out.contains('\u{1b}'), "no colours off a terminal");
    let one = run(&["status", "1", "--server", &fake.url]);
    assert_eq!(one.code, 0, "{}", one.err);
    for part in [
        "Records system is down",
        "How far",
        "waits for",
        "queued sms",
        "1-1 alert: released 03:12",
        "1-2 to the public waits for kib until 03:32",
    ] {
        assert!(one.out.contains(part), "{part}\n{}", one.out);
    }
}

#[test]
fn a_cause_stands_once_below_the_table_and_makes_no_row_wider() {
    let fake = fake_after(|state, now| {
        // Whatever takes over fails too.
        for _ in 0..3 {
            let no = *state.incidents.keys().next().expect("an incident");
            let waits =
                (0u32..).zip(&state.incidents[&no].deliveries).filter(|(_, d)| d.state == DeliveryState::Queued);
            let failed = waits.map(|(ordinal, _)| Told {
                delivery: DeliveryId { incident: no, ordinal },
                state: DeliveryState::Failed,
                cause: Cause::new("the line is cut"),
            });
            decide(state, &Input::Outcomes(failed.collect()), now, [8; 16]).expect("told");
        }
    });
    let one = run(&["status", "1", "--server", &fake.url]);
    assert_eq!(one.code, 0, "{}", one.err);
    let lines: Vec<&str> = one.out.lines().filter(|l| l.contains("the line is cut")).collect();
    let once: BTreeSet<&str> = lines.iter().copied().collect();
    assert!(!lines.is_empty() && lines.len() == once.len(), "{}", one.out);
    assert!(lines.iter().all(|l| l.ends_with(": the line is cut") && !l.contains("waits for")), "{}", one.out);
    assert!(one.out.contains("FAILED"), "{}", one.out);
}

#[test]
fn previews_show_each_unit_whole() {
    let fake = fake();
    let ran = run(&["preview", "1-1", "--server", &fake.url]);
    assert_eq!(ran.code, 0, "{}", ran.err);
    assert!(ran.out.contains("[sv]") && ran.out.contains("LARM STABSLÄGE"), "{}", ran.out);
    assert!(ran.out.contains("  1/"), "a text that goes in parts shows each: {}", ran.out);
}
