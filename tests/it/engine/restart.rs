//! Recovery is replay; what was not known to be accepted goes out again, marked.

use std::collections::BTreeSet;
use std::time::Duration;

use vardkase::domain::delivery::DeliveryState;
use vardkase::domain::ids::DeliveryId;
use vardkase::domain::incident::input::{Action, Input};
use vardkase::domain::incident::state::State;
use vardkase::domain::plan::Channel;
use vardkase::domain::words::NoteWord;
use vardkase::gateways::GatewayEvent;
use vardkase::journal::{Batch, Journal, NewRecord, OpenOptions, SqliteReader};

use super::rig::*;

#[tokio::test]
async fn after_a_restart_the_state_is_the_same_and_only_what_is_not_known_goes_again() {
    let dir = tempfile::tempdir().unwrap();
    let rig = start(dir.path(), Options::default());
    for g in rig.loaded.plan.gateways.iter().filter(|g| g.channel == Channel::Sms) {
        rig.far.say(&g.id, Say::Nothing);
    }
    rig.report().await;
    rig.until("some took", |_, far| !far.ids().is_empty()).await;
    rig.settled().await;
    let before = rig.state().await;
    let clock = rig.clock.clone();
    let contacts = rig.loaded.contacts.clone();
    rig.stop().await;
    let again = replay(dir.path());
    assert!(again.state == before, "another state after the start");
    let no = *before.incidents.keys().next().unwrap();
    assert!(*again.contacts[&no] == contacts);
    let waiting: BTreeSet<DeliveryId> = (0u32..)
        .zip(&before.incidents[&no].deliveries)
        .filter(|(_, d)| matches!(d.state, DeliveryState::Queued | DeliveryState::Unknown))
        .map(|(ordinal, _)| DeliveryId { incident: no, ordinal })
        .collect();
    let (old, asks) = (before.incidents[&no].deliveries.len(), before.incidents[&no].asks.len());
    assert!(!waiting.is_empty() && waiting.len() < old);

    // Timers fall due while it is down.
    let due = before.next_due().unwrap();
    clock.advance_to(due.timestamp());
    clock.advance(Duration::from_secs(1));
    let rig = start(dir.path(), Options { clock, ..Options::default() });
    rig.until("all of it", |_, far| waiting.iter().all(|id| far.ids().contains(id))).await;
    rig.until("the timer", |s, _| s.next_due().unwrap() > due).await;
    rig.settled().await;
    for (_, job) in rig.far.took() {
        let known = (job.delivery.ordinal as usize) < old;
        assert!(!known || waiting.contains(&job.delivery), "{} was known to be accepted", job.delivery);
        assert!(!known || job.repeat, "{} may be a repeat", job.delivery);
    }
    let ids = rig.far.ids();
    assert_eq!(ids.iter().collect::<BTreeSet<_>>().len(), ids.len(), "once each");
    let after = rig.state().await;
    assert!(after.incidents[&no].asks.len() >= asks);
    rig.settled().await;
    let seq = rig.handle.query(|_, m| m.seq).await.unwrap();
    rig.settled().await;
    assert_eq!(rig.handle.query(|_, m| m.seq).await.unwrap(), seq, "the timer fired once");
    rig.stop().await;
    assert!(replay(dir.path()).state == after);
    let report = vardkase::journal::verify(dir.path(), Default::default()).unwrap();
    assert!(report.fault.is_none(), "{report:?}");
}

#[tokio::test]
async fn rule_d13_what_is_too_old_by_now_does_not_leave_after_an_outage() {
    let dir = tempfile::tempdir().unwrap();
    let rig = start(dir.path(), Options::default());
    for g in &rig.loaded.plan.gateways {
        rig.far.say(&g.id, Say::Nothing);
    }
    rig.report().await;
    rig.until("some took", |_, far| !far.ids().is_empty()).await;
    rig.settled().await;
    let before = rig.state().await;
    let no = *before.incidents.keys().next().unwrap();
    let clock = rig.clock.clone();
    rig.stop().await;
    let old = before.incidents[&no].deliveries.len();
    let ttl_s = before.incidents[&no].plan.region.limits.delivery_ttl_s;
    // Half of their time is left: they go, with that half.
    clock.advance(Duration::from_secs(u64::from(ttl_s / 2)));
    let rig = start(dir.path(), Options { otherwise: Say::Nothing, clock: clock.clone(), ..Options::default() });
    rig.until("some took", |_, far| !far.ids().is_empty()).await;
    let known = |job: &vardkase::gateways::Job| job.delivery.incident == no && (job.delivery.ordinal as usize) < old;
    assert!(rig.far.took().iter().any(|(_, job)| known(job)));
    for (_, job) in rig.far.took().iter().filter(|(_, job)| known(job)) {
        assert!(job.ttl_s <= ttl_s / 2 + 60, "{} has {} s", job.delivery, job.ttl_s);
    }
    rig.stop().await;
    // None is left.
    clock.advance(Duration::from_secs(u64::from(ttl_s)));
    let rig = start(dir.path(), Options { clock, ..Options::default() });
    let over = |s: &State| s.incidents[&no].deliveries[..old].iter().all(|d| !waits(d.state));
    rig.until("all are over", |s, _| over(s)).await;
    let late: Vec<DeliveryId> =
        rig.far.took().iter().filter(|(_, job)| known(job)).map(|(_, job)| job.delivery).collect();
    assert!(late.is_empty(), "too old: {late:?}");
    let state = rig.state().await;
    assert!(state.incidents[&no].deliveries[..old].iter().any(|d| d.state == DeliveryState::Expired));
    rig.stop().await;
}

fn waits(state: DeliveryState) -> bool {
    matches!(state, DeliveryState::Queued | DeliveryState::Attempting)
}

#[tokio::test]
async fn an_all_clear_that_was_not_sent_goes_out_after_a_restart_though_its_incident_is_closed() {
    let dir = tempfile::tempdir().unwrap();
    let rig = start(dir.path(), Options::default());
    rig.report().await;
    rig.settled().await;
    let no = *rig.state().await.incidents.keys().next().unwrap();
    for g in &rig.loaded.plan.gateways {
        rig.far.say(&g.id, Say::Nothing);
    }
    rig.act("tib", Action::Restored { incident: no, news: Default::default() }).await;
    rig.act("tib", Action::AllClear { incident: no, override_reason: Some("checked on paper".into()) }).await;
    rig.settled().await;
    let before = rig.state().await;
    let queued: Vec<DeliveryId> = (0u32..)
        .zip(&before.incidents[&no].deliveries)
        .filter(|(_, d)| d.state == DeliveryState::Queued)
        .map(|(ordinal, _)| DeliveryId { incident: no, ordinal })
        .collect();
    let clock = rig.clock.clone();
    rig.stop().await;
    assert!(!queued.is_empty(), "the all clear is on its way");
    let rig = start(dir.path(), Options { clock, ..Options::default() });
    rig.until("all of it", |_, far| queued.iter().all(|id| far.ids().contains(id))).await;
    rig.stop().await;
}

#[tokio::test]
async fn a_receipt_after_a_restart_finds_its_delivery_by_the_gateways_own_number() {
    let dir = tempfile::tempdir().unwrap();
    let options = || Options { by_ref: Some(Channel::Sms), ..Options::default() };
    let rig = start(dir.path(), options());
    let sms: BTreeSet<_> =
        rig.loaded.plan.gateways.iter().filter(|g| g.channel == Channel::Sms).map(|g| &g.id).collect();
    rig.report().await;
    rig.until("some took", |_, far| far.took().iter().any(|(g, _)| sms.contains(g))).await;
    rig.settled().await;
    let (gateway, job) = rig.far.took().into_iter().find(|(g, _)| sms.contains(g)).unwrap();
    let (id, clock) = (job.delivery, rig.clock.clone());
    let is = |state: DeliveryState| {
        move |s: &vardkase::domain::incident::state::State, _: &Far| {
            s.incidents[&id.incident].deliveries[id.ordinal as usize].state == state
        }
    };
    rig.until("accepted", is(DeliveryState::Accepted)).await;
    rig.stop().await;
    assert_eq!(replay(dir.path()).kept.refs.get(id), Some(&*format!("m-{id}")));

    let rig = start(dir.path(), Options { clock, ..options() });
    rig.settled().await;
    let receipt = |gateway_ref: String| GatewayEvent::Receipt {
        gateway: gateway.clone(),
        delivery: None,
        gateway_ref,
        result: Ok(()),
    };
    let delivered = |s: &vardkase::domain::incident::state::State| {
        s.incidents[&id.incident].deliveries.iter().filter(|d| d.state == DeliveryState::Delivered).count()
    };
    let before = delivered(&rig.state().await);
    assert!(rig.workers[&gateway].tell(receipt("m-14.999999".into())), "nobody's");
    assert!(rig.workers[&gateway].tell(receipt(format!("m-{id}"))));
    rig.until("delivered", is(DeliveryState::Delivered)).await;
    rig.settled().await;
    assert_eq!(delivered(&rig.state().await), before + 1);
    assert!(!rig.far.ids().contains(&id), "nothing is sent again for it");
    rig.stop().await;
}

#[tokio::test]
async fn what_gateways_took_on_the_way_down_is_on_record() {
    let dir = tempfile::tempdir().unwrap();
    let rig = start(dir.path(), Options::default());
    rig.report().await;
    rig.until("some took", |_, far| !far.ids().is_empty()).await;
    let far = rig.far.clone();
    let clock = rig.clock.clone();
    rig.stop().await;
    let taken: BTreeSet<DeliveryId> = far.ids().into_iter().collect();
    let rig = start(dir.path(), Options { clock, ..Options::default() });
    rig.settled().await;
    let twice: Vec<DeliveryId> = rig.far.ids().into_iter().filter(|id| taken.contains(id)).collect();
    assert!(twice.is_empty(), "{twice:?} left twice after an orderly end");
    rig.stop().await;
}

#[test]
fn a_record_of_a_newer_program_is_refused_and_said() {
    let dir = tempfile::tempdir().unwrap();
    let journal = Journal::open(dir.path(), OpenOptions::default()).unwrap();
    let record = NewRecord::new(5, 2, 0, vec![4]);
    journal.submit_blocking(0, Batch::of(vec![record])).unwrap().wait().unwrap();
    journal.close();
    let reader = SqliteReader::open(dir.path()).unwrap();
    let plan = std::sync::Arc::new(shipped().plan);
    let error = vardkase::dispatch::recover::recover(&reader, plan).unwrap_err().to_string();
    let why = "record 1 can't be read: a newer vardkase wrote it: kind 5 version 2, and this one ";
    assert!(error.starts_with(why) && error.ends_with("reads up to version 1"), "{error}");
}

#[tokio::test]
async fn a_program_without_any_worker_still_takes_reports() {
    let dir = tempfile::tempdir().unwrap();
    let unusable = shipped().plan.gateways.iter().map(|g| g.id.to_string()).collect();
    let rig = start(dir.path(), Options { unusable, ..Options::default() });
    assert!(rig.report().await.on_record);
    rig.handle.input(Input::Due).await.unwrap();
    rig.settled().await;
    let state = rig.state().await;
    let inc = state.incidents.values().next().unwrap();
    assert!(inc.deliveries.iter().all(|d| d.state == DeliveryState::Failed) && !inc.errands.is_empty());
    rig.stop().await;
    assert!(replay(dir.path()).state == state);
}

#[tokio::test]
async fn rule_d12_a_start_after_days_tells_whoever_leads_once() {
    let dir = tempfile::tempdir().unwrap();
    let rig = start(dir.path(), Options::default());
    rig.report().await;
    rig.settled().await;
    let no = *rig.state().await.incidents.keys().next().unwrap();
    let clock = rig.clock.clone();
    rig.stop().await;
    let told = |s: &State| s.incidents[&no].notes.iter().filter(|n| n.word == NoteWord::StoodStill).count();
    for (passed_h, notes) in [(23, 0), (27, 1), (1, 1)] {
        clock.advance(Duration::from_secs(passed_h * 3600));
        let rig = start(dir.path(), Options { clock: clock.clone(), ..Options::default() });
        rig.settled().await;
        assert_eq!(told(&rig.state().await), notes, "{passed_h} h");
        rig.stop().await;
    }
}
