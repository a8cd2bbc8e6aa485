//! What the server writes is what the command line reads: each of its calls, made at a real server, is read in the types that
//! both share, and gives back the same bytes.

use reqwest::{Method, StatusCode};
use serde::Serialize;
use serde::de::DeserializeOwned;

use vardkase::api::calls::{self, Call};
use vardkase::api::{DrillRequest, Refusal, VERSION, VERSION_HEADER};
use vardkase::dispatch::system_record::Rehearsal;
use vardkase::domain::drills::DrillEnd;
use vardkase::domain::ids::{FunctionId, GatewayId, IncidentNo, MessageNo, Status};
use vardkase::domain::incident::facts::Safety;
use vardkase::domain::incident::input::{Action, IfShared, Report};
use vardkase::domain::time::At;

use super::site::{Site, TOKEN};

async fn send<A, B: Serialize>(site: &Site, call: &Call<A, B>) -> (StatusCode, String) {
    let method = if call.body.is_some() { Method::POST } else { Method::GET };
    let mut request = site.request(method, &call.path).bearer_auth(TOKEN);
    if let Some(body) = &call.body {
        request = request.json(body);
    }
    let response = request.send().await.unwrap();
    assert_eq!(response.headers()[VERSION_HEADER], VERSION, "{}", call.path);
    (response.status(), response.text().await.unwrap())
}

/// The answer, read; it gives back the same bytes, so that nothing of it was lost.
async fn answer<A: Serialize + DeserializeOwned, B: Serialize>(site: &Site, call: Call<A, B>) -> A {
    let (status, text) = send(site, &call).await;
    assert_eq!(status, StatusCode::OK, "{}: {text}", call.path);
    let read: A = serde_json::from_str(&text).unwrap_or_else(|e| panic!("{}: {e}: {text}", call.path));
    assert_eq!(serde_json::to_string(&read).unwrap(), text, "{}", call.path);
    read
}

#[tokio::test]
async fn each_call_is_answered_in_the_types_that_both_share() {
    let site = Site::start().await;
    let (by, sms) = (FunctionId::from("it-bered"), GatewayId::from("sms-api"));
    let report = Report {
        playbook: "ehr-down".into(),
        sites: vec!["FS".into()],
        level: Some("major".into()),
        safety: Safety::No,
        ..Report::default()
    };
    let drill = Report { exercise: true, ..report.clone() };
    let drill = answer(&site, calls::command(&by, &Action::Report(drill))).await.incident.expect("a drill");
    assert_eq!(drill.status, Status::Exercise);
    let asked = DrillRequest {
        by: by.clone(),
        drill: Some("ways-by-day".into()),
        playbook: None,
        level: None,
        sites: Vec::new(),
        tabletop: false,
        without: vec!["mail".into()],
        confirmed: true,
    };
    let seen = answer(&site, calls::drill_dry_run(asked.clone())).await;
    assert!(seen.reaches.len() > 10 && !seen.stays_here && seen.without == ["mail"], "{seen:?}");
    let test = answer(&site, calls::drill_start(asked)).await.incident.expect("a test");
    let drills = answer(&site, calls::drills()).await;
    assert_eq!(drills.running.iter().map(|d| d.no).collect::<Vec<_>>(), [test, drill]);
    assert!(drills.planned.iter().any(|p| p.next.is_some()) && drills.past.is_empty());
    let foreseen = answer(&site, calls::dry_run(&by, &report)).await;
    assert!(foreseen.duties > 3 && foreseen.waiting > 0);
    let done = answer(&site, calls::command(&by, &Action::Report(report.clone()))).await;
    let no = done.incident.expect("an incident");
    assert!(done.on_record && done.events.iter().any(|e| e == "opened"), "{done:?}");
    let sent = answer(&site, calls::gateway_test(&sms, &by, &"tib".into())).await;
    assert!(!sent.tests.is_empty());
    site.settle().await;
    let past = answer(&site, calls::drills()).await.past;
    assert!(past.len() == 2 && past.iter().all(|p| p.end == DrillEnd::BrokenOff(no)), "{past:?}");

    let status = answer(&site, calls::status()).await;
    assert_eq!(answer::<vardkase::api::StatusAnswer, _>(&site, calls::status()).await.status.zone, status.status.zone);
    let (_, text) = send(&site, &calls::zone()).await;
    let zone: vardkase::api::RegionZone = serde_json::from_str(&text).unwrap();
    assert_eq!(zone.status.zone.as_deref(), Some("Europe/Stockholm"));
    for no in [no, drill] {
        answer(&site, calls::incident(no)).await;
        answer(&site, calls::previews(MessageNo { incident: no, seq: 1 })).await;
        answer(&site, calls::adoption(no)).await;
        assert!(!answer(&site, calls::log(Some(no), 0)).await.records.is_empty());
    }
    answer(&site, calls::log(None, 3)).await;
    assert!(!answer(&site, calls::approvals(&"kib".into())).await.is_empty());
    assert!(!answer(&site, calls::lists()).await.playbooks.is_empty());
    assert!(answer(&site, calls::gateways()).await.iter().any(|g| g.id == sms && !g.in_trouble()));
    assert_eq!(answer(&site, calls::gateway_tests(&sms)).await.len(), sent.tests.len());
    assert!(answer(&site, calls::probe(&sms)).await.ok);
    assert!(answer(&site, calls::addresses()).await.iter().any(|a| a.proven_by.is_some()));
    assert!(!answer(&site, calls::address_proofs()).await.proofs.is_empty());
    let rehearsal = Rehearsal { ok: true, what: "whole".into(), records: 9, backup_at: At(0), took_ms: 1 };
    assert!(answer(&site, calls::rehearsed(&rehearsal)).await.on_record);

    // What is refused is read as one type, too.
    let again = Report { shared: IfShared::Ask, safety: Safety::Yes, ..report.clone() };
    let (status, text) = send(&site, &calls::command(&by, &Action::Report(again))).await;
    let refused: Refusal = serde_json::from_str(&text).unwrap();
    assert_eq!(
        (status, &*refused.code, refused.already),
        (StatusCode::CONFLICT, "shares-a-system", Some(no)),
        "{text}"
    );
    let (status, text) = send(&site, &calls::incident(IncidentNo::actual(99))).await;
    let refused: Refusal = serde_json::from_str(&text).unwrap();
    assert_eq!((status, &*refused.code, refused.already), (StatusCode::NOT_FOUND, "unknown-incident", None), "{text}");
    assert!(!text.contains("already"), "{text}");
    let (_, text) = send(&site, &calls::reload(&by)).await;
    assert!(serde_json::from_str::<Refusal>(&text).is_ok(), "{text}");
}
