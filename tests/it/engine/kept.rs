//! Gateways whose far end keeps what it accepted: what has not begun is taken back, and after a restart its end is found out.

use std::collections::BTreeSet;
use std::time::Duration;

use vardkase::domain::delivery::DeliveryState;
use vardkase::domain::ids::{DeliveryId, IncidentNo};
use vardkase::domain::incident::input::Action;
use vardkase::domain::incident::state::State;
use vardkase::domain::incident::values::Item;
use vardkase::domain::plan::Channel;

use super::rig::*;

fn fax() -> Options {
    Options { keeps: Some(Channel::Fax), ..Options::default() }
}

/// Deliveries over fax of a state, with the message that they carry.
fn faxes(state: &State, no: IncidentNo, wanted: DeliveryState) -> Vec<(DeliveryId, u32)> {
    let inc = &state.incidents[&no];
    (0u32..)
        .zip(&inc.deliveries)
        .filter(|(_, d)| d.state == wanted && inc.plan.point(d.point).channel == Channel::Fax)
        .filter_map(|(ordinal, d)| match d.item() {
            Item::Message(seq) => Some((DeliveryId { incident: no, ordinal }, seq)),
            Item::Note(_) => None,
        })
        .collect()
}

/// An incident whose first text was accepted by the fax servers, and one of these that has begun.
async fn faxed(rig: &Rig) -> (IncidentNo, Vec<DeliveryId>, DeliveryId) {
    rig.report().await;
    rig.until("faxes", |state, _| {
        state.incidents.keys().next().is_some_and(|no| faxes(state, *no, DeliveryState::Accepted).len() > 1)
    })
    .await;
    rig.settled().await;
    let state = rig.state().await;
    let no = *state.incidents.keys().next().unwrap();
    let all = faxes(&state, no, DeliveryState::Accepted);
    assert!(all.iter().all(|(_, seq)| *seq == all[0].1), "one text");
    let mut ids: Vec<DeliveryId> = all.into_iter().map(|(id, _)| id).collect();
    let begun = ids.remove(0);
    rig.far.begun.lock().unwrap().insert(begun);
    (no, ids, begun)
}

fn asked(rig: &Rig) -> BTreeSet<DeliveryId> {
    rig.far.recalled.lock().unwrap().iter().flatten().copied().collect()
}

fn state_of(state: &State, id: DeliveryId) -> DeliveryState {
    state.incidents[&id.incident].deliveries[id.ordinal as usize].state
}

#[tokio::test]
async fn rule_d2_a_stopped_text_that_no_fax_has_begun_with_is_taken_back() {
    let dir = tempfile::tempdir().unwrap();
    let rig = start(dir.path(), fax());
    let (no, waiting, begun) = faxed(&rig).await;
    assert!(asked(&rig).is_empty(), "nothing is taken back before");
    // The far end can't be asked at first.
    *rig.far.out_of_reach.lock().unwrap() = 1;
    rig.act("tib", Action::Stop { incident: no, message: None, false_alarm: false, reason: "wrong hospital".into() })
        .await;
    rig.until("taken back", |s, _| waiting.iter().all(|id| state_of(s, *id) == DeliveryState::Withdrawn)).await;
    assert!(rig.far.recalled.lock().unwrap().len() > 1, "asked again");
    let state = rig.state().await;
    assert_eq!(state_of(&state, begun), DeliveryState::Accepted, "it ends as it ends");
    // Whatever of the old text was accepted was asked for, over fax alone; "does not apply" goes out.
    let mine: BTreeSet<DeliveryId> = waiting.iter().copied().chain([begun]).collect();
    assert!(asked(&rig).is_superset(&mine));
    rig.settled().await;
    let stays = faxes(&rig.state().await, no, DeliveryState::Accepted);
    assert!(stays.iter().any(|(id, _)| !mine.contains(id)), "the word that it does not apply stays");
    rig.stop().await;
}

#[tokio::test]
async fn rule_c9_an_all_clear_takes_back_the_alert_that_still_waits_for_a_line_and_stays_itself() {
    let dir = tempfile::tempdir().unwrap();
    let rig = start(dir.path(), fax());
    let (no, waiting, begun) = faxed(&rig).await;
    rig.act("tib", Action::Restored { incident: no, news: Default::default() }).await;
    rig.act("tib", Action::AllClear { incident: no, override_reason: Some("checked on paper".into()) }).await;
    rig.until("taken back", |s, _| waiting.iter().all(|id| state_of(s, *id) == DeliveryState::Withdrawn)).await;
    rig.settled().await;
    let state = rig.state().await;
    assert_eq!(state_of(&state, begun), DeliveryState::Accepted);
    let last = state.incidents[&no].messages.len() as u32;
    let stays: Vec<u32> = faxes(&state, no, DeliveryState::Accepted).iter().map(|(_, seq)| *seq).collect();
    assert!(stays.contains(&last), "the all clear goes out");
    assert!(!asked(&rig).iter().any(|id| faxes(&state, no, DeliveryState::Accepted).contains(&(*id, last))));
    rig.stop().await;
    assert!(replay(dir.path()).state == state, "it is on record");
}

#[tokio::test]
async fn after_a_restart_what_was_accepted_is_followed_and_not_sent() {
    let dir = tempfile::tempdir().unwrap();
    let rig = start(dir.path(), fax());
    let (_, mut waiting, begun) = faxed(&rig).await;
    waiting.insert(0, begun);
    let (far, clock) = (rig.far.clone(), rig.clock.clone());
    rig.stop().await;
    let rig = start(dir.path(), Options { clock: clock.clone(), ..fax() });
    rig.settled().await;
    let followed = rig.far.followed.lock().unwrap().clone();
    let mut ids: Vec<DeliveryId> = followed.iter().map(|j| j.delivery).collect();
    ids.sort();
    assert_eq!(ids, waiting);
    for job in &followed {
        let (_, sent) = far.took().into_iter().find(|(_, j)| j.delivery == job.delivery).unwrap();
        assert_eq!((&job.out, &job.to, &job.trailer), (&sent.out, &sent.to, &sent.trailer), "the same key");
    }
    assert!(!rig.far.ids().iter().any(|id| waiting.contains(id)), "nothing is sent again");
    rig.stop().await;

    // What is older than any far end keeps is not asked for.
    clock.advance(Duration::from_secs(5 * 3_600));
    let rig = start(dir.path(), Options { clock, ..fax() });
    rig.settled().await;
    let followed = rig.far.followed.lock().unwrap().clone();
    assert!(!followed.iter().any(|j| waiting.contains(&j.delivery)));
    rig.stop().await;
}

#[tokio::test]
async fn what_was_called_back_just_before_the_end_is_asked_for_after_the_start() {
    let dir = tempfile::tempdir().unwrap();
    let rig = start(dir.path(), fax());
    let (no, waiting, _) = faxed(&rig).await;
    *rig.far.out_of_reach.lock().unwrap() = u32::MAX;
    rig.act("tib", Action::Stop { incident: no, message: None, false_alarm: false, reason: "wrong hospital".into() })
        .await;
    rig.settled().await;
    assert_eq!(state_of(&rig.state().await, waiting[0]), DeliveryState::Accepted);
    let clock = rig.clock.clone();
    rig.stop().await;
    let rig = start(dir.path(), Options { clock, ..fax() });
    let wanted = waiting.clone();
    rig.until("asked for", |_, far| {
        let asked: BTreeSet<DeliveryId> = far.recalled.lock().unwrap().iter().flatten().copied().collect();
        wanted.iter().all(|id| asked.contains(id))
    })
    .await;
    rig.stop().await;
}
