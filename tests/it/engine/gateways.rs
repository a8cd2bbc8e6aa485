//! Gateways that can't be used or are full, and a stop that comes when a text is on the wire.

use std::collections::BTreeSet;

use vardkase::dispatch::effects::Maker;
use vardkase::domain::delivery::{Accepted, DeliveryState};
use vardkase::domain::ids::GatewayId;
use vardkase::domain::incident::input::Action;
use vardkase::domain::incident::values::{Item, Standing};
use vardkase::domain::plan::Channel;
use vardkase::gateways::{GatewayEvent, Job};

use super::rig::*;

#[tokio::test]
async fn an_unusable_gateway_hands_over_to_the_next_at_once() {
    let dir = tempfile::tempdir().unwrap();
    let plan = shipped().plan;
    let two = plan.points.iter().find(|p| p.channel == Channel::Sms && p.gateways.len() > 1).unwrap();
    let first = plan.gateway(two.gateways[0]).id.clone();
    let rig = start(dir.path(), Options { unusable: [first.to_string()].into(), ..Options::default() });
    rig.report().await;
    rig.settled().await;
    let state = rig.state().await;
    let inc = state.incidents.values().next().unwrap();
    let mut failed = 0;
    for d in &inc.deliveries {
        let gateways = &inc.plan.point(d.point).gateways;
        if inc.plan.gateway(gateways[usize::from(d.gateway)]).id != first {
            continue;
        }
        assert_eq!(d.state, DeliveryState::Failed);
        failed += 1;
        let next = inc.deliveries.iter().any(|o| {
            o.point == d.point && o.item() == d.item() && o.gateway > d.gateway && o.state == DeliveryState::Accepted
        });
        assert!(next || gateways.len() == 1, "nobody took over");
    }
    assert!(failed > 0);
    // Why stands in the journal, and where the incident is shown.
    assert_eq!(inc.causes.values().next().unwrap().as_str(), "its secret is missing");
    let shown = vardkase::domain::view::incident(&state, inc.no, inc.opened).unwrap();
    let causes: BTreeSet<_> = shown.rows.iter().flat_map(|r| &r.cells).filter_map(|c| c.cause.as_deref()).collect();
    assert!(causes.is_empty() || causes == BTreeSet::from(["its secret is missing"]), "{causes:?}");
    rig.stop().await;
    assert!(replay(dir.path()).state == state);
}

#[tokio::test]
async fn a_worker_that_is_full_keeps_the_rest_in_order_and_drops_nothing() {
    let dir = tempfile::tempdir().unwrap();
    let rig = start(dir.path(), Options { queue_len_max: 2, ..Options::default() });
    rig.report().await;
    rig.until("all of it", |s, _| {
        s.incidents.values().all(|i| i.deliveries.iter().all(|d| d.state != DeliveryState::Queued))
    })
    .await;
    rig.settled().await;
    let ids = rig.far.ids();
    assert_eq!(ids.iter().collect::<BTreeSet<_>>().len(), ids.len());
    // Within a gateway and a priority, first come first served.
    let took = rig.far.took();
    let state = rig.state().await;
    let inc = state.incidents.values().next().unwrap();
    for g in &inc.plan.gateways {
        for item in inc.deliveries.iter().map(|d| d.item()).collect::<BTreeSet<Item>>() {
            let order: Vec<u32> = took
                .iter()
                .filter(|(id, j)| *id == g.id && inc.deliveries[j.delivery.ordinal as usize].item() == item)
                .map(|(_, j)| j.delivery.ordinal)
                .collect();
            assert!(order.is_sorted(), "{}: {order:?}", g.id);
        }
    }
    rig.stop().await;
}

#[tokio::test]
async fn what_was_on_the_wire_when_it_was_stopped_is_told_when_it_turns_out_to_have_left() {
    let dir = tempfile::tempdir().unwrap();
    let rig = start(dir.path(), Options { otherwise: Say::Nothing, ..Options::default() });
    rig.report().await;
    rig.until("on the wire", |_, far| !far.ids().is_empty()).await;
    rig.settled().await;
    let state = rig.state().await;
    let no = *state.incidents.keys().next().unwrap();
    rig.act("tib", Action::Stop { incident: no, message: None, false_alarm: false, reason: "wrong".into() }).await;
    rig.settled().await;
    let state = rig.state().await;
    let (gateway, job) = rig
        .far
        .took()
        .into_iter()
        .find(|(_, j)| {
            let d = state.incidents[&no].deliveries[j.delivery.ordinal as usize];
            d.state == DeliveryState::Withdrawn && matches!(d.item(), Item::Message(_))
        })
        .expect("withdrawn while on the wire");
    let point = state.incidents[&no].deliveries[job.delivery.ordinal as usize].point;
    assert!(!rig.far.took().iter().any(|(_, j)| j.out.whole(None).contains("gäller inte")));
    for g in &rig.loaded.plan.gateways {
        rig.far.say(&g.id, Say::Accepted);
    }
    rig.workers[&gateway].tell(GatewayEvent::Outcome { delivery: job.delivery, result: Ok(Accepted::default()) });
    rig.until("told that it does not hold", |s, far| {
        far.took().iter().any(|(_, j)| {
            j.delivery.incident == no
                && s.incidents[&no].deliveries[j.delivery.ordinal as usize].point == point
                && j.out.whole(None).contains("gäller inte")
        })
    })
    .await;
    rig.stop().await;
}

/// The first gateway of a point is impaired by the incident itself, so that the second is tried first; when that one is out,
/// the first must still get it: places in a list say nothing about which ways are left.
#[tokio::test]
async fn what_is_handed_over_knows_whether_another_way_is_left() {
    let dir = tempfile::tempdir().unwrap();
    let rig = start(dir.path(), Options { otherwise: Say::Nothing, ..Options::default() });
    rig.report().await;
    rig.until("on the wire", |_, far| !far.ids().is_empty()).await;
    rig.settled().await;
    let state = rig.state().await;
    let inc = state.incidents.values().next().unwrap();
    let env = vardkase::dispatch::effects::Env {
        public_url: String::new(),
        link_key: std::sync::Arc::new(vardkase::dispatch::links::LinkKey::from_bytes([1; 32])),
    };
    let contacts = &rig.loaded.contacts;
    // As if the delivery had gone first over each of its point's gateways in turn.
    let (ordinal, d) =
        (0_u32..).zip(&inc.deliveries).find(|(_, d)| inc.plan.point(d.point).gateways.len() > 1).unwrap();
    for place in 0..u8::try_from(inc.plan.point(d.point).gateways.len()).unwrap() {
        let mut state = state.clone();
        let inc = state.incidents.get_mut(&inc.no).unwrap();
        inc.deliveries[ordinal as usize].gateway = place;
        inc.deliveries[ordinal as usize].state = DeliveryState::Queued;
        let inc = inc.clone();
        let mut jobs = vardkase::dispatch::effects::Jobs::new();
        let one = std::iter::once(ordinal);
        let maker = Maker { state: &state, env: &env, foot: "", now: inc.opened };
        maker.jobs(&inc, contacts, one, &mut jobs);
        let queued = jobs.into_values().flatten().next().unwrap();
        assert!(!queued.last_path, "place {place}: another way is left");
    }
    // Both were tried: now it is the last.
    let mut state = state.clone();
    let inc = state.incidents.get_mut(&inc.no).unwrap();
    let mut other = inc.deliveries[ordinal as usize];
    for place in 0..u8::try_from(inc.plan.point(other.point).gateways.len()).unwrap() {
        (other.gateway, other.state) = (place, DeliveryState::Queued);
        let here = u32::try_from(inc.deliveries.len()).unwrap();
        inc.deliveries.push(other);
        if place > 0 {
            inc.before.insert(here, here - 1);
        }
    }
    let last = u32::try_from(inc.deliveries.len() - 1).unwrap();
    let inc = inc.clone();
    let mut jobs = vardkase::dispatch::effects::Jobs::new();
    let maker = Maker { state: &state, env: &env, foot: "", now: inc.opened };
    maker.jobs(&inc, contacts, std::iter::once(last), &mut jobs);
    assert!(jobs.into_values().flatten().next().unwrap().last_path);
    rig.stop().await;
}

#[tokio::test]
async fn a_test_of_a_gateway_leaves_over_it_once_and_its_proof_survives_a_start() {
    let dir = tempfile::tempdir().unwrap();
    let rig = start(dir.path(), Options::default());
    let plan = rig.loaded.plan.clone();
    let tib = plan.functions.iter().find(|f| f.id.as_str() == "tib").unwrap();
    let point = tib.points.iter().map(|p| plan.point(*p)).find(|p| p.channel == Channel::Sms).unwrap();
    let gateway = plan.gateway(*point.gateways.last().unwrap()).id.clone();
    let action = Action::TestGateway { gateway: gateway.clone(), function: "tib".into() };
    rig.act("it-bered", action).await;
    rig.until("a proof", |s, _| s.proofs.contains_key(&gateway)).await;
    rig.settled().await;
    let took = rig.far.took();
    assert!(!took.is_empty() && took.iter().all(|(g, j)| *g == gateway && j.out.whole(None).starts_with("TEST ")));
    assert!(took.iter().all(|(_, j)| j.ttl_s <= 600), "an old test helps nobody");
    let state = rig.state().await;
    rig.stop().await;
    assert!(replay(dir.path()).state == state);
}

/// The two gateways of TiB's telephone, and its address.
fn two_ways(rig: &Rig) -> (GatewayId, GatewayId, String) {
    let plan = &rig.loaded.plan;
    let tib = plan.functions.iter().find(|f| f.id.as_str() == "tib").unwrap();
    let point = tib.points.iter().copied().find(|p| plan.point(*p).channel == Channel::Sms).unwrap();
    let ways = &plan.point(point).gateways;
    let id = |n: usize| plan.gateway(ways[n]).id.clone();
    (id(0), id(1), rig.loaded.contacts.address(point).unwrap().to_string())
}

/// What a gateway took to that address.
fn took_by(far: &Far, gateway: &GatewayId, to: &str) -> Vec<Job> {
    far.took().into_iter().filter(|(id, j)| id == gateway && *j.to.0 == *to).map(|(_, j)| j).collect()
}

#[tokio::test]
async fn rule_g2_a_gateway_that_says_later_holds_up_nothing_that_has_another_way() {
    let dir = tempfile::tempdir().unwrap();
    let rig = start(dir.path(), Options::default());
    let (first, second, to) = two_ways(&rig);
    rig.far.say(&first, Say::Later);
    rig.report().await;
    rig.until("the alert goes over the second", |_, far| !took_by(far, &second, &to).is_empty()).await;
    rig.until("it is known that the first does not carry", |s, _| s.ways.standing(&first) == Standing::Suspect).await;
    rig.settled().await;
    let asked = took_by(&rig.far, &first, &to);
    let once: BTreeSet<_> = asked.iter().map(|j| j.delivery).collect();
    assert_eq!(once.len(), asked.len(), "each is tried once there, and then it is left alone");
    // What comes next goes over the second at once (TRIALS O2).
    let before = took_by(&rig.far, &second, &to).len();
    let no = *rig.state().await.incidents.keys().next().unwrap();
    let news = vardkase::domain::incident::input::News::default();
    rig.act("tib", Action::Update { incident: no, news }).await;
    rig.until("the update", |_, far| took_by(far, &second, &to).len() > before).await;
    assert_eq!(took_by(&rig.far, &first, &to).len(), asked.len());
    rig.stop().await;
}

#[tokio::test]
async fn rule_g4_an_answer_that_nobody_understands_is_repeated_once_marked_and_then_goes_by_the_next() {
    let dir = tempfile::tempdir().unwrap();
    let rig = start(dir.path(), Options::default());
    let (first, second, to) = two_ways(&rig);
    rig.far.say(&first, Say::Unclear);
    rig.report().await;
    rig.until("the alert goes over the second", |_, far| !took_by(far, &second, &to).is_empty()).await;
    rig.settled().await;
    let marked = |j: &Job| j.out.lead().is_some_and(|lead| lead.starts_with("UPPREPAS"));
    let over_first = took_by(&rig.far, &first, &to);
    for job in &over_first {
        let same: Vec<&Job> = over_first.iter().filter(|j| j.delivery == job.delivery).collect();
        assert!(same.len() <= 2, "{} times", same.len());
        assert!(!marked(same[0]) && same.iter().skip(1).all(|j| marked(j) && j.repeat));
    }
    assert!(marked(&took_by(&rig.far, &second, &to)[0]), "it may be there already");
    let health = rig.workers[&first].snapshot();
    assert!(health.detail.contains("MERCI"), "{}", health.detail);
    rig.stop().await;
}
