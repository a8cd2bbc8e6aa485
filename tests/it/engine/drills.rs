//! Drills at the loop: what stays at a table reaches no gateway, not over a restart either; what is taken away gets nothing.

use std::collections::BTreeSet;

use vardkase::domain::delivery::DeliveryState;
use vardkase::domain::drills::{Drill, DrillKind, Fate, Inject};
use vardkase::domain::ids::{GatewayId, IncidentNo};
use vardkase::domain::incident::input::{Action, DrillOrder, Input, Report};
use vardkase::domain::lang::{L10n, Lang};

use super::rig::*;

fn ordered(kind: DrillKind) -> DrillOrder {
    let title = L10n::of([(Lang::SV, "Prov"), (Lang::EN, "Trial")]);
    let report = Report { playbook: "ehr-down".into(), level: Some("major".into()), ..Report::default() };
    let drill = Drill { id: Some("trial".into()), title, kind, leads: vec!["it-bered".into()], ..Drill::default() };
    DrillOrder { report, drill }
}

#[tokio::test]
async fn rule_d18_a_tabletop_reaches_no_gateway_whatever_happens_to_it() {
    let dir = tempfile::tempdir().unwrap();
    let rig = start(dir.path(), Options::default());
    let mut order = ordered(DrillKind::Tabletop);
    let text = L10n::of([(Lang::SV, "Ett inspel"), (Lang::EN, "An inject")]);
    order.drill.injects = vec![Inject { after_s: 0, text, to: vec!["kib".into()] }];
    rig.act("it-bered", Action::DrillStart(Box::new(order))).await;
    let no = IncidentNo::exercise(1);
    let there = |d: &vardkase::domain::incident::state::Delivery| d.state == DeliveryState::Delivered;
    rig.until("all of it is there", |s, _| {
        let inc = &s.incidents[&no];
        inc.injects_given == 1 && inc.deliveries.len() > 10 && inc.deliveries.iter().all(there)
    })
    .await;
    let clock = rig.clock.clone();
    rig.settled().await;
    assert!(rig.far.took().is_empty(), "{:?}", rig.far.ids());
    rig.stop().await;

    // Over a restart, through deadlines, and to its end.
    let rig = start(dir.path(), Options { clock: clock.clone(), ..Options::default() });
    for _ in 0..20 {
        clock.advance(std::time::Duration::from_secs(300));
        rig.settled().await;
    }
    rig.act("it-bered", Action::DrillEnd { incident: no, abort: false }).await;
    rig.settled().await;
    assert!(rig.far.took().is_empty(), "{:?}", rig.far.ids());
    // What is real goes out as ever.
    rig.report().await;
    rig.until("the real alert", |_, far| !far.ids().is_empty()).await;
    assert!(rig.far.ids().iter().all(|id| id.incident == IncidentNo::actual(1)));
    rig.stop().await;
}

#[tokio::test]
async fn rule_d18_a_gateway_that_is_taken_away_gets_nothing_of_that_drill() {
    let dir = tempfile::tempdir().unwrap();
    let rig = start(dir.path(), Options::default());
    let away = [GatewayId::from("sms-api"), GatewayId::from("mail-int")];
    let mut order = ordered(DrillKind::Functional);
    order.drill.gateways_away = away.to_vec();
    rig.act("it-bered", Action::DrillStart(Box::new(order))).await;
    rig.until("the drill", |_, far| far.took().len() > 10).await;
    rig.act("it-bered", Action::DrillEnd { incident: IncidentNo::exercise(1), abort: true }).await;
    rig.settled().await;
    let used: BTreeSet<GatewayId> = rig.far.took().into_iter().map(|(gateway, _)| gateway).collect();
    assert!(!used.is_empty() && away.iter().all(|gone| !used.contains(gone)), "{used:?}");
    rig.report().await;
    rig.until("the real alert", |_, far| far.took().iter().any(|(gateway, _)| away.contains(gateway))).await;
    rig.stop().await;
}

#[tokio::test]
async fn rule_d17_a_planned_drill_begins_once_over_a_restart() {
    let dir = tempfile::tempdir().unwrap();
    let rig = start(dir.path(), Options::default());
    let planned = rig.handle.query(|_, m| m.now).await.unwrap();
    let due = || Input::DrillDue {
        planned,
        by: "it-bered".into(),
        order: Box::new(ordered(DrillKind::Functional)),
        held_back: None,
    };
    rig.handle.input(due()).await.unwrap();
    rig.settled().await;
    let clock = rig.clock.clone();
    rig.stop().await;
    let rig = start(dir.path(), Options { clock, ..Options::default() });
    rig.handle.input(due()).await.unwrap();
    let state = rig.state().await;
    assert_eq!(state.exercise_count, 1);
    assert_eq!(state.drills.moments[&"trial".into()].fate, Fate::Started(IncidentNo::exercise(1)));
    rig.stop().await;
}
