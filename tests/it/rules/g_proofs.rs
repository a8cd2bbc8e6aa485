//! What proves that an address reaches somebody (RULES G8), and tests of those that nothing proved for long.

use std::collections::BTreeSet;

use vardkase::domain::delivery::DeliveryState as S;
use vardkase::domain::drills::{Drill, DrillKind};
use vardkase::domain::ids::{DeliveryId, FunctionId, IncidentNo, PointIx};
use vardkase::domain::incident::addresses::{AddressKey, PROOF_OLD_DAYS, ProvenBy};
use vardkase::domain::incident::event::{Event, GatewayChange};
use vardkase::domain::incident::gateways::ADDRESS_TESTS_MAX;
use vardkase::domain::incident::input::{Action, Input, Report};
use vardkase::domain::incident::state::SYSTEM_NOTES;
use vardkase::domain::plan::Channel;
use vardkase::domain::view::addresses;

use super::timeline::{Timeline, ehr_down};

/// Seconds of a day.
const DAY_S: u32 = 24 * 3600;

/// A day at the desk; nothing in it was ever proven, and each point has an address of its own.
fn unproven(by_night: bool) -> Timeline {
    let mut plan = super::region::plan().plan;
    plan.points.iter_mut().for_each(|p| p.proven = None);
    let when = if by_night { "2008-12-18T03:12:00+01:00" } else { "2008-12-18T09:45:00+01:00" };
    let mut t = Timeline::starting(when, plan);
    t.gateways_say = None;
    know(&mut t, |n| n);
    t
}

/// The address of each point by its place.
fn know(t: &mut Timeline, key: impl Fn(u64) -> u64) {
    let keys = (0..t.plan().points.len() as u64).map(|n| AddressKey(1_000 + key(n))).collect();
    t.input(Input::Addresses(keys)).unwrap();
}

fn proven(t: &Timeline, function: &str, channel: Channel) -> Option<ProvenBy> {
    t.state.proven(t.point(function, channel), t.now).map(|p| p.by)
}

/// The delivery of a text to a point.
fn delivery(t: &Timeline, no: IncidentNo, point: PointIx) -> DeliveryId {
    let ordinal = t.inc(no).deliveries.iter().position(|d| d.point == point).unwrap();
    DeliveryId { incident: no, ordinal: u32::try_from(ordinal).unwrap() }
}

fn tell(t: &mut Timeline, id: DeliveryId, state: S) {
    t.input(Input::outcomes(vec![(id, state)])).unwrap();
}

/// The tests that an act sent: their ordinals and points.
fn sent(events: &[Event]) -> Vec<PointIx> {
    let test = |e: &Event| match e {
        Event::Gateway { change } => match &**change {
            GatewayChange::TestSent { send, .. } => Some(send.point),
            _ => None,
        },
        _ => None,
    };
    events.iter().filter_map(test).collect()
}

fn campaign(channel: Option<Channel>) -> Action {
    Action::TestAddresses { older_than_days: PROOF_OLD_DAYS, channel, at_night: false }
}

#[test]
fn rule_g8_a_receipt_proves_an_address_and_that_a_gateway_took_it_does_not() {
    let mut t = unproven(false);
    let no = t.ehr_down("outage");
    let point = t.point("owner", Channel::Sms);
    let id = delivery(&t, no, point);
    tell(&mut t, id, S::Accepted);
    assert_eq!(proven(&t, "owner", Channel::Sms), None, "accepted is no proof");
    tell(&mut t, id, S::Delivered);
    assert_eq!(proven(&t, "owner", Channel::Sms), Some(ProvenBy::Receipt));
    // The same receipt again is as good; one of another address says nothing of this one.
    tell(&mut t, id, S::Delivered);
    assert_eq!(proven(&t, "owner", Channel::Email), None);
    // What fails after it is shown beside the proof.
    t.now = t.now + 60;
    let later = t.act("it", Action::TestGateway { gateway: "sms".into(), function: "owner".into() }).unwrap();
    assert_eq!(sent(&later), [point]);
    let ordinal = t.state.tests[0].ordinal;
    tell(&mut t, DeliveryId { incident: SYSTEM_NOTES, ordinal }, S::Failed);
    let row = addresses(&t.state, t.now).into_iter().find(|a| a.point == point).unwrap();
    assert_eq!((row.failed, row.waits(), row.proven.map(|p| p.by)), (Some(t.now), false, Some(ProvenBy::Receipt)));
}

#[test]
fn rule_g8_an_answer_proves_the_address_that_it_came_from() {
    let mut t = unproven(false);
    let no = t.ehr_down("outage");
    t.reply("owner", Channel::Sms, "hej");
    t.reply("owner", Channel::Sms, "ja 999999");
    t.reply("owner", Channel::Sms, "Autosvar: jag är på semester. ja 1");
    t.reply("owner", Channel::Sms, "LARM journal D3");
    assert_eq!(proven(&t, "owner", Channel::Sms), None, "nonsense, a wrong code, a machine, a report prove nothing");
    t.reply("owner", Channel::Sms, &format!("ja {no}"));
    assert_eq!(proven(&t, "owner", Channel::Sms), Some(ProvenBy::Answer));
    assert_eq!(proven(&t, "owner", Channel::Email), None);
}

#[test]
fn rule_g8_an_act_behind_a_link_proves_the_address_that_the_link_went_to() {
    let mut t = unproven(false);
    let no = t.ehr_down("outage");
    let id = delivery(&t, no, t.point("owner", Channel::Email));
    t.input(Input::LinkUsed { delivery: id }).unwrap();
    assert_eq!(proven(&t, "owner", Channel::Email), Some(ProvenBy::Answer));
    t.input(Input::LinkUsed { delivery: DeliveryId { incident: no, ordinal: 9_999 } }).unwrap();
    t.input(Input::LinkUsed { delivery: DeliveryId { incident: IncidentNo::actual(77), ordinal: 0 } }).unwrap();
}

#[test]
fn rule_g8_another_address_has_no_proof_and_the_old_one_keeps_its_own() {
    let mut t = unproven(false);
    let no = t.ehr_down("outage");
    let point = t.point("owner", Channel::Sms);
    let id = delivery(&t, no, point);
    tell(&mut t, id, S::Accepted);
    t.reply("owner", Channel::Sms, &format!("ja {no}"));
    let first = t.state.proven(point, t.now).unwrap();
    t.now = t.now + DAY_S;
    // The number is another one now; what was sent before goes to the old one, and its receipts are of that.
    let changed = u64::from(point.0);
    know(&mut t, |n| if n == changed { 500 } else { n });
    assert_eq!(proven(&t, "owner", Channel::Sms), None);
    tell(&mut t, id, S::Delivered);
    assert_eq!(proven(&t, "owner", Channel::Sms), None, "a late receipt of the old number");
    know(&mut t, |n| n);
    let back = t.state.proven(point, t.now).unwrap();
    assert_eq!(first.by, ProvenBy::Answer);
    assert!(
        back.by == ProvenBy::Receipt && back.date > first.date,
        "it is known again, with what came since: {back:?}"
    );
    // The same addresses again are no news.
    let before = t.events.len();
    know(&mut t, |n| n);
    assert_eq!(t.events.len(), before);
}

#[test]
fn rule_g8_a_tabletop_proves_nothing() {
    let mut t = unproven(false);
    let drill = Drill { kind: DrillKind::Tabletop, leads: vec!["it".into()], ..Drill::default() };
    let report = Report { exercise: true, ..ehr_down("outage") };
    t.act("it", Action::DrillStart(Box::new(vardkase::domain::incident::input::DrillOrder { report, drill }))).unwrap();
    let no = *t.state.incidents.keys().next().unwrap();
    for ordinal in 0..t.inc(no).deliveries.len() {
        let incident = no;
        tell(&mut t, DeliveryId { incident, ordinal: u32::try_from(ordinal).unwrap() }, S::Delivered);
    }
    assert!(addresses(&t.state, t.now).iter().all(|a| a.proven.is_none()));
}

#[test]
fn rule_d18_a_gateway_test_tells_how_many_took_it_answered_and_were_silent() {
    use vardkase::domain::view::gateway_tested;
    let mut t = unproven(false);
    t.gateways_say = None;
    let to: Vec<FunctionId> = ["owner", "tib"].map(Into::into).to_vec();
    let (gateway, title) = ("sms".into(), Default::default());
    assert_eq!(gateway_tested(&t.state, &gateway, &to), None);
    let drill = Drill {
        kind: DrillKind::GatewayTest,
        gateway: Some(gateway.clone()),
        to: to.clone(),
        title,
        ..Drill::default()
    };
    let report = ehr_down("outage");
    let order = vardkase::domain::incident::input::DrillOrder { report, drill };
    t.act("it", Action::DrillStart(Box::new(order))).unwrap();
    let sent: Vec<_> = t.state.tests.iter().map(|x| (x.ordinal, x.function.clone())).collect();
    assert_eq!(gateway_tested(&t.state, &gateway, &to).unwrap().handed_over, 0);
    let owner = sent.iter().find(|(_, f)| f.as_str() == "owner").unwrap().0;
    tell(&mut t, DeliveryId { incident: SYSTEM_NOTES, ordinal: owner }, S::Accepted);
    t.now = t.now + 90;
    t.reply("owner", Channel::Sms, "ja");
    let seen = gateway_tested(&t.state, &gateway, &to).unwrap();
    assert_eq!((seen.addresses as usize, seen.handed_over, seen.answered), (sent.len(), 1, 1));
    assert_eq!((seen.last_answer_s, seen.silent), (Some(90), vec!["tib".into()]));
    // One of others over the same gateway is not it.
    assert_eq!(gateway_tested(&t.state, &gateway, &["kib".into()]), None);
}

#[test]
fn rule_g8_a_campaign_tests_what_was_not_proven_for_long_once_and_no_more() {
    let mut t = unproven(false);
    let all = addresses(&t.state, t.now);
    assert!(all.iter().all(|a| a.waits()) && all.len() > 10);
    // By channel.
    let mail: BTreeSet<PointIx> = all.iter().filter(|a| a.channel == Channel::Email).map(|a| a.point).collect();
    let tested = sent(&t.act("it", campaign(Some(Channel::Email))).unwrap());
    assert_eq!(tested.iter().copied().collect::<BTreeSet<_>>(), mail);
    assert_eq!(t.act("it", campaign(Some(Channel::Email))).unwrap_err().code, "all-proven", "all were asked just now");
    assert!(addresses(&t.state, t.now).iter().all(|a| a.asked.is_some() == mail.contains(&a.point)));
    // The rest, without those that were asked.
    let rest = sent(&t.act("it", campaign(None)).unwrap());
    assert_eq!(rest.len() + mail.len(), all.len().min(ADDRESS_TESTS_MAX));
    assert!(rest.iter().all(|p| !mail.contains(p)));
    // A duty has several tests at once: a bare yes is to the one that went to the address that it came from.
    t.reply("owner", Channel::Sms, "ja");
    assert_eq!(proven(&t, "owner", Channel::Sms), Some(ProvenBy::Answer));
    assert_eq!(proven(&t, "owner", Channel::Email), None);
    // The code of the mail, sent from the telephone, proves that the mail is read.
    let mail_key = t
        .state
        .addresses
        .key(t.state.incidents.values().next().map_or(1, |i| i.book), t.point("owner", Channel::Email));
    let test = t.state.tests.iter().find(|x| x.key == mail_key).unwrap();
    let code = test.code.as_str().to_owned();
    t.reply("owner", Channel::Sms, &format!("ja {code}"));
    assert_eq!(proven(&t, "owner", Channel::Email), Some(ProvenBy::Answer));
    // Those that nobody answered are asked again a day later; those that are proven are not, for ninety days.
    t.now = t.now + DAY_S + 1;
    let again = sent(&t.act("it", campaign(None)).unwrap());
    assert!(!again.contains(&t.point("owner", Channel::Sms)) && !again.contains(&t.point("owner", Channel::Email)));
    t.now = t.now + (PROOF_OLD_DAYS + 1) * DAY_S;
    let again = sent(&t.act("it", campaign(None)).unwrap());
    let (sms, mail) = (t.point("owner", Channel::Sms), t.point("owner", Channel::Email));
    let place = |p| again.iter().position(|x| *x == p);
    assert!(place(sms).is_some() && place(mail).is_some());
    assert!(
        place(sms) > again.iter().position(|p| t.state.proven(*p, t.now).is_none()),
        "those that nothing ever proved go first"
    );
}

#[test]
fn rule_g8_no_campaign_wakes_people_or_runs_beside_a_real_incident() {
    let mut t = unproven(true);
    assert_eq!(t.act("it", campaign(None)).unwrap_err().code, "by-night");
    let anyway = Action::TestAddresses { older_than_days: PROOF_OLD_DAYS, channel: None, at_night: true };
    assert!(!sent(&t.act("it", anyway).unwrap()).is_empty());
    let mut t = unproven(false);
    t.ehr_down("outage");
    assert_eq!(t.act("it", campaign(None)).unwrap_err().code, "real-is-open");
    assert!(t.state.tests.is_empty());
}

#[test]
fn rule_g8_what_is_typed_counts_until_the_program_knows_better() {
    let t = unproven(false);
    let point = t.point("owner", Channel::Sms);
    let mut plan = (*t.plan()).clone();
    plan.points[point.ix()].proven = Some("2008-12-01".parse().unwrap());
    let mut t = Timeline::starting("2008-12-18T09:45:00+01:00", plan);
    t.gateways_say = None;
    know(&mut t, |n| n);
    let typed = t.state.proven(point, t.now).unwrap();
    assert_eq!((typed.by, typed.age_days, typed.is_old()), (ProvenBy::Configuration, 17, false));
    let no = t.ehr_down("outage");
    let id = delivery(&t, no, point);
    tell(&mut t, id, S::Delivered);
    assert_eq!(t.state.proven(point, t.now).map(|p| (p.by, p.age_days)), Some((ProvenBy::Receipt, 0)));
}
