//! Invariant 1: nothing leaves before it is on disk, unless no disk can be written.

use std::collections::BTreeSet;

use vardkase::domain::delivery::DeliveryState;
use vardkase::domain::ids::DeliveryId;
use vardkase::domain::incident::input::{Action, IfShared, Report};

use super::rig::*;

#[tokio::test]
async fn jobs_leave_only_after_the_commit() {
    let dir = tempfile::tempdir().unwrap();
    let rig = start(dir.path(), Options::default());
    rig.settled().await;
    rig.gate.set(Disk::Held);
    let mut report = Box::pin(rig.report());
    tokio::select! {
        biased;
        _ = &mut report => panic!("answered before it was on disk"),
        _ = rig.state() => panic!("shown before it was on disk"),
        () = tokio::time::sleep(std::time::Duration::from_millis(300)) => {}
    }
    assert!(rig.far.ids().is_empty(), "sent before it was on disk");
    assert!(replay(dir.path()).state.incidents.is_empty());
    rig.gate.set(Disk::Fine);
    assert!(report.as_mut().await.on_record);
    drop(report);
    rig.until("sent", |_, far| !far.ids().is_empty()).await;
    rig.stop().await;
}

#[tokio::test]
async fn when_nothing_can_be_written_people_come_first_and_the_record_catches_up() {
    let dir = tempfile::tempdir().unwrap();
    let rig = start(dir.path(), Options::default());
    rig.settled().await;
    rig.gate.set(Disk::Full);
    let done = rig.report().await;
    assert!(!done.on_record);
    rig.until("sent", |_, far| !far.ids().is_empty()).await;
    rig.settled().await;
    assert!(!rig.on_record().await);
    let second = Report { playbook: "ehr-down".into(), shared: IfShared::Separate, ..Report::default() };
    assert!(!rig.act("it-bered", Action::Report(second)).await.on_record);
    rig.settled().await;
    assert!(replay(dir.path()).state.incidents.is_empty());
    rig.gate.set(Disk::Fine);
    let back = async {
        while !rig.on_record().await {
            tokio::time::sleep(std::time::Duration::from_millis(10)).await;
        }
    };
    tokio::time::timeout(WITHIN, back).await.unwrap();
    rig.settled().await;
    let ids = rig.far.ids();
    let once: BTreeSet<DeliveryId> = ids.iter().copied().collect();
    assert_eq!(once.len(), ids.len(), "something left twice");
    let state = rig.state().await;
    for inc in state.incidents.values() {
        assert!(inc.deliveries.iter().all(|d| d.state != DeliveryState::Queued));
    }
    assert!(rig.report_again().await.on_record);
    rig.settled().await;
    let state = rig.state().await;
    rig.stop().await;
    assert!(replay(dir.path()).state == state, "the record is another than what happened");
    let report = vardkase::journal::verify(dir.path(), Default::default()).unwrap();
    assert!(report.fault.is_none(), "{report:?}");
}

impl Rig {
    async fn report_again(&self) -> vardkase::dispatch::engine::Done {
        self.act(
            "it-bered",
            vardkase::domain::incident::input::Action::Report(vardkase::domain::incident::input::Report {
                playbook: "ehr-down".into(),
                shared: vardkase::domain::incident::input::IfShared::Separate,
                ..Default::default()
            }),
        )
        .await
    }
}

#[tokio::test]
async fn in_memory_too_an_unusable_gateway_passes_on_and_the_record_stays_in_order() {
    let dir = tempfile::tempdir().unwrap();
    let first =
        shipped().plan.gateways.iter().find(|g| g.channel == vardkase::domain::plan::Channel::Sms).unwrap().id.clone();
    let unusable = [first.to_string()].into();
    let rig = start(dir.path(), Options { unusable, ..Options::default() });
    rig.settled().await;
    rig.gate.set(Disk::Full);
    assert!(!rig.report().await.on_record);
    rig.settled().await;
    rig.gate.set(Disk::Fine);
    let back = async {
        while !rig.on_record().await {
            tokio::time::sleep(std::time::Duration::from_millis(10)).await;
        }
    };
    tokio::time::timeout(WITHIN, back).await.unwrap();
    rig.settled().await;
    let state = rig.state().await;
    rig.stop().await;
    assert!(replay(dir.path()).state == state);
}

/// The lock keeps other processes out, and a copied folder or a broken file system does not know it: what stands in the file
/// where the loop's own commit was to stand is not taken for it, however many records it has.
#[tokio::test]
async fn what_another_process_wrote_is_not_taken_for_the_own_commit() {
    let dir = tempfile::tempdir().unwrap();
    let rig = start(dir.path(), Options::default());
    rig.report().await;
    rig.settled().await;
    let (sent, before) = (rig.far.ids().len(), replay(dir.path()).head.seq);
    rig.gate.set(Disk::Foreign);
    let report = vardkase::domain::incident::input::Report {
        playbook: "hall".into(),
        shared: vardkase::domain::incident::input::IfShared::Separate,
        ..Default::default()
    };
    let action = Box::new(vardkase::domain::incident::input::Action::Report(report.clone()));
    let input = vardkase::domain::incident::input::Input::Command { who: None, by: "it-bered".into(), action };
    let answer = tokio::time::timeout(WITHIN, rig.handle.input(input)).await.unwrap();
    assert!(answer.is_err(), "it stands in no frame, and was told as done");
    rig.settled().await;
    // Read with the plan that is in force, as the loop read it.
    let read = |plan| {
        let reader = vardkase::journal::SqliteReader::open(dir.path()).unwrap();
        vardkase::dispatch::recover::recover(&reader, plan).unwrap()
    };
    let state = rig.state().await;
    let again = read(state.plan.clone());
    assert_eq!(again.head.seq, before + FOREIGN as u64);
    assert!(state == again.state && again.state.incidents.len() == 1, "the state is what is on record");
    assert_eq!(rig.far.ids().len(), sent, "what lost was sent");
    // It goes on from there.
    assert!(rig.act("it-bered", vardkase::domain::incident::input::Action::Report(report)).await.on_record);
    rig.settled().await;
    let state = rig.state().await;
    rig.stop().await;
    assert!(read(state.plan.clone()).state == state && state.incidents.len() == 2);
    assert!(vardkase::journal::verify(dir.path(), Default::default()).unwrap().is_whole());
}
