//! Each delivery goes by the best way there is: gateways that stand badly, are silent, answer what nobody understands, are taken out
//! by hand, or hang on what is down.

use vardkase::domain::delivery::{Cause, DeliveryState as S};
use vardkase::domain::ids::{DeliveryId, GatewayId, IncidentNo, InfraId};
use vardkase::domain::incident::better::better_ways;
use vardkase::domain::incident::facts::Safety;
use vardkase::domain::incident::input::{Action, Input, News, Report};
use vardkase::domain::incident::state::Delivery;
use vardkase::domain::incident::values::Kind;
use vardkase::domain::incident::values::{Doubt, Standing};
use vardkase::domain::plan::{Channel, Infra};
use vardkase::domain::words::NoteWord;

use super::timeline::{Sent, Timeline, ehr_down};

fn stands(t: &mut Timeline, gateway: &str, standing: Standing) {
    doubted(t, gateway, standing, None);
}

fn doubted(t: &mut Timeline, gateway: &str, standing: Standing, doubt: Option<Doubt>) {
    let why = Cause::new("as told");
    t.input(Input::GatewayStands { gateway: gateway.into(), standing, doubt, why }).unwrap();
}

fn outcome(t: &mut Timeline, id: DeliveryId, state: S) {
    t.input(Input::outcomes([(id, state)])).unwrap();
}

/// What a function got of a message over SMS, oldest first.
fn sms<'t>(t: &'t Timeline, function: &str, message: u32) -> Vec<&'t Sent> {
    t.messages_to(function).into_iter().filter(|s| s.channel == Channel::Sms && s.message == Some(message)).collect()
}

fn over(t: &Timeline, function: &str, message: u32) -> Vec<String> {
    sms(t, function, message).into_iter().map(|s| s.gateway.clone()).collect()
}

/// Over which gateways the updates to a function went.
fn updates(t: &Timeline, function: &str) -> Vec<String> {
    t.got(function, Kind::Update).into_iter().filter(|s| s.channel == Channel::Sms).map(|s| s.gateway.clone()).collect()
}

/// `ehr-down` where patients may be in danger: care gets it at once.
fn unsafe_report() -> Report {
    Report { safety: Safety::Yes, ..ehr_down("major") }
}

fn silent_by_day() -> (Timeline, IncidentNo) {
    let mut t = Timeline::by_day();
    t.gateways_say = None;
    let no = t.ehr_down("major");
    (t, no)
}

#[test]
fn rule_g1_what_is_sent_goes_over_healthy_gateways_before_suspect_before_down() {
    for (sms, modem, best) in [
        (Standing::Healthy, Standing::Healthy, "sms"),
        (Standing::Suspect, Standing::Healthy, "modem"),
        (Standing::Down, Standing::Suspect, "modem"),
        (Standing::Suspect, Standing::Down, "sms"),
        (Standing::Down, Standing::Down, "sms"),
    ] {
        let mut t = Timeline::by_day();
        stands(&mut t, "sms", sms);
        stands(&mut t, "modem", modem);
        t.ehr_down("major");
        assert_eq!(over(&t, "tib", 1)[0], best, "{sms:?} {modem:?}");
        // Reminders and escalations too, and notes (TRIALS O1).
        t.advance(150);
        assert!(over(&t, "tib", 1).iter().all(|g| g == best), "{sms:?} {modem:?}: {:?}", over(&t, "tib", 1));
        let notes = t.sent.iter().filter(|s| s.note.is_some() && s.channel == Channel::Sms && s.to == ["kib"]);
        assert!(notes.clone().count() > 0 && notes.clone().all(|s| s.gateway == best));
    }
}

#[test]
fn rule_g1_what_a_gateway_gives_back_goes_by_the_next_and_comes_back_where_that_is_better() {
    let (mut t, no) = silent_by_day();
    let id = sms(&t, "tib", 1)[0].id;
    stands(&mut t, "sms", Standing::Down);
    assert!(better_ways(&t.state).contains(&id), "the loop asks for what waits");
    outcome(&mut t, id, S::Queued);
    assert_eq!(over(&t, "tib", 1), ["sms", "modem"]);
    assert_eq!(t.inc(no).deliveries[id.ordinal as usize].state, S::Failed, "that way has not carried it");
    // The second goes down as well, and the first is well again: nothing was tried, so it may go there.
    let second = sms(&t, "tib", 1)[1].id;
    stands(&mut t, "sms", Standing::Healthy);
    assert!(!better_ways(&t.state).contains(&second), "both are well");
    stands(&mut t, "modem", Standing::Down);
    assert!(better_ways(&t.state).contains(&second));
    outcome(&mut t, second, S::Queued);
    assert_eq!(over(&t, "tib", 1), ["sms", "modem", "sms"]);
    assert!(t.inc(no).errands.is_empty(), "nobody walks for what waits");
    // It was there before: it stays until another is better, so that two that go up and down pass nothing to and fro for ever.
    let third = sms(&t, "tib", 1)[2].id;
    assert!(t.inc(no).deliveries[third.ordinal as usize].flags & Delivery::WAITS != 0);
}

#[test]
fn rule_g1_what_was_tried_counts_by_delivery() {
    let (mut t, no) = silent_by_day();
    let first = sms(&t, "tib", 1)[0].id;
    outcome(&mut t, first, S::Failed);
    assert_eq!(over(&t, "tib", 1), ["sms", "modem"]);
    let second = sms(&t, "tib", 1)[1].id;
    outcome(&mut t, second, S::Failed);
    assert_eq!(over(&t, "tib", 1).len(), 2, "no gateway is tried twice by one delivery");
    // A reminder is a delivery of its own: it begins with the best, whatever the first one met.
    t.advance(150);
    let reminder: Vec<_> =
        sms(&t, "tib", 1).into_iter().filter(|s| s.flags & Delivery::REMINDER != 0).map(|s| s.id).collect();
    assert!(!reminder.is_empty());
    outcome(&mut t, reminder[0], S::Failed);
    assert_eq!(over(&t, "tib", 1)[2..4], ["sms", "modem"], "and goes on to the next");
    assert!(t.inc(no).deliveries.len() > 4);
}

#[test]
fn rule_g1_what_was_stopped_or_called_back_moves_nowhere() {
    let (mut t, no) = silent_by_day();
    let id = sms(&t, "tib", 1)[0].id;
    t.act("it", Action::Stop { incident: no, message: None, reason: "prov".into(), false_alarm: false }).unwrap();
    stands(&mut t, "sms", Standing::Down);
    outcome(&mut t, id, S::Queued);
    assert_eq!(over(&t, "tib", 1), ["sms"]);
    assert_eq!(t.inc(no).deliveries[id.ordinal as usize].state, S::Withdrawn, "it had not left, and that is known now");
}

#[test]
fn rule_g3_unconfirmed_alerts_of_a_silent_gateway_go_by_the_next_beside_once() {
    let mut t = Timeline::by_day();
    let no = t.report("it", unsafe_report());
    t.reply("icu", Channel::Sms, "JA 1");
    let arrived = sms(&t, "it", 1)[0].id;
    outcome(&mut t, arrived, S::Delivered);
    t.advance(120);
    let before = t.sent.len();
    doubted(&mut t, "sms", Standing::Suspect, Some(Doubt::Silent));
    assert_eq!(over(&t, "tib", 1), ["sms", "modem"], "beside: nobody knows what became of the first");
    let beside = sms(&t, "tib", 1)[1].clone();
    assert!(beside.flags & Delivery::REPEAT != 0, "it may be there twice, and says so");
    assert_eq!(over(&t, "it", 1), ["sms"], "that one was confirmed");
    assert_eq!(over(&t, "icu", 1), ["sms"], "somebody has it");
    assert_eq!(over(&t, "it-led", 1), ["sms"], "no other way");
    let sent = t.sent.len();
    assert!(sent > before);
    doubted(&mut t, "sms", Standing::Suspect, Some(Doubt::Silent));
    assert_eq!(t.sent.len(), sent, "once");
    // From now on the other one is better.
    t.act("it", Action::Update { incident: no, news: News::default() }).unwrap();
    assert_eq!(updates(&t, "tib"), ["modem"]);
}

#[test]
fn rule_g4_what_nobody_knows_goes_by_the_next_gateway_marked() {
    let (mut t, no) = silent_by_day();
    let id = sms(&t, "tib", 1)[0].id;
    outcome(&mut t, id, S::Unknown);
    assert_eq!(over(&t, "tib", 1), ["sms", "modem"]);
    assert!(sms(&t, "tib", 1)[1].flags & Delivery::REPEAT != 0);
    let second = sms(&t, "tib", 1)[1].id;
    outcome(&mut t, second, S::Unknown);
    assert_eq!(over(&t, "tib", 1).len(), 2, "no more: it may have come twice by now");
    assert!(t.inc(no).errands.is_empty(), "it may be there");
    // The first was accepted after all: known, and sends nothing.
    outcome(&mut t, id, S::Accepted);
    assert_eq!(over(&t, "tib", 1).len(), 2);
}

#[test]
fn rule_g6_a_gateway_that_is_taken_out_is_used_only_where_no_other_way_is_left() {
    let mut t = Timeline::by_day();
    let out = |gateway: &str, reason: &str| Action::GatewayOut { gateway: gateway.into(), reason: reason.into() };
    let back = |gateway: &str| Action::GatewayIn { gateway: gateway.into(), reason: "lagat".into() };
    assert_eq!(t.act("it", out("sms", " ")).unwrap_err().code, "no-reason");
    assert_eq!(t.act("it", out("no-such", "x")).unwrap_err().code, "unknown-gateway");
    assert_eq!(t.act("nobody", out("sms", "x")).unwrap_err().code, "unknown-function");
    assert_eq!(t.act("it", back("sms")).unwrap_err().code, "gateway-is-not-out");
    t.act("it", out("sms", "tar emot och tappar")).unwrap();
    assert_eq!(t.act("tib", out("sms", "x")).unwrap_err().code, "gateway-is-out");
    let known = &t.state.ways.out[&GatewayId::from("sms")];
    assert_eq!((known.by.as_str(), known.at), ("it", t.now));
    stands(&mut t, "modem", Standing::Down);
    let no = t.ehr_down("major");
    assert_eq!(over(&t, "tib", 1)[0], "modem", "better one that is down than one that was taken out");
    assert_eq!(over(&t, "it-led", 1)[0], "sms", "nothing else is left for that one");
    t.act("it", back("sms")).unwrap();
    t.act("it", Action::Update { incident: no, news: News::default() }).unwrap();
    assert_eq!(updates(&t, "tib"), ["sms"]);
}

#[test]
fn rule_g7_what_a_duty_point_hangs_on_counts_when_a_way_is_chosen() {
    let mut b = super::region::plan();
    b.plan.infra.push(Infra { id: "mob-1".into(), needs: vec![], holds_s: None });
    let icu = b.function_ix("icu");
    for p in b.plan.functions[icu.ix()].points.clone() {
        if b.plan.points[p.ix()].channel == Channel::Sms {
            b.plan.points[p.ix()].needs = vec![vec!["mob-1".into()]];
        }
    }
    let mut t = Timeline::starting("2008-12-18T09:45:00+01:00", b.plan.clone());
    let channels = |t: &Timeline| -> Vec<Channel> { t.messages_to("icu").into_iter().map(|s| s.channel).collect() };
    t.ehr_down("degraded");
    t.clear();
    // A row that names SMS alone: the telephone hangs on what is down, so the fax gets it too.
    for level in &mut b.plan.playbooks.get_mut(&"ehr-down".into()).unwrap().levels {
        for row in &mut level.notify {
            row.channels.retain(|c| matches!(c, Channel::Sms | Channel::Web));
        }
    }
    for (down, expected) in [(vec![], vec![Channel::Sms]), (vec!["mob-1".into()], vec![Channel::Fax, Channel::Sms])] {
        let mut t = Timeline::starting("2008-12-18T09:45:00+01:00", b.plan.clone());
        t.gateways_say = None;
        t.report("it", Report { down, ..unsafe_report() });
        assert_eq!(channels(&t), expected);
    }
}

#[test]
fn rule_d14_infrastructure_that_is_named_as_down_counts_in_routing_texts_and_reach() {
    let mut b = super::region::plan();
    b.plan.infra.push(Infra { id: "mob-1".into(), needs: vec![], holds_s: None });
    for g in &mut b.plan.gateways {
        if g.id.as_str() == "sms" {
            g.needs = vec![vec!["mob-1".into()]];
        }
    }
    // The owner's telephone hangs on it too; it covers itself by day.
    let owner = b.function_ix("owner");
    let phone = b.plan.functions[owner.ix()].phone.as_mut().unwrap();
    phone.needs = vec![vec!["mob-1".into()]];
    let number = phone.number.clone();
    let down = |names: &[&str]| names.iter().map(|n| InfraId::from(*n)).collect::<Vec<_>>();

    let mut t = Timeline::starting("2008-12-18T09:45:00+01:00", b.plan.clone());
    let refused = t.act("it", Action::Report(Report { down: down(&["no-such"]), ..ehr_down("major") })).unwrap_err();
    assert_eq!(refused.code, "unknown-infra");
    let no = t.report("it", Report { down: down(&["mob-1"]), ..ehr_down("major") });
    assert_eq!(over(&t, "tib", 1)[0], "modem");
    assert_ne!(t.inc(no).facts.contact, number, "no text names a telephone that is down");
    assert!(vardkase::domain::reach::down_of(t.inc(no)).infra.contains(&InfraId::from("mob-1")));

    // The same by an update: the way, and the number that stands in texts.
    let mut t = Timeline::starting("2008-12-18T09:45:00+01:00", b.plan.clone());
    let no = t.ehr_down("major");
    assert_eq!((over(&t, "tib", 1)[0].as_str(), t.inc(no).facts.contact.as_str()), ("sms", number.as_str()));
    let news = |names: &[&str]| News { down: Some(down(names)), ..News::default() };
    assert_eq!(t.act("it", Action::Update { incident: no, news: news(&["x"]) }).unwrap_err().code, "unknown-infra");
    t.act("it", Action::Update { incident: no, news: news(&["mob-1"]) }).unwrap();
    assert_eq!(updates(&t, "tib"), ["modem"]);
    assert_ne!(t.inc(no).facts.contact, number);
    // It is up again.
    t.act("it", Action::Update { incident: no, news: news(&[]) }).unwrap();
    assert_eq!(updates(&t, "tib"), ["modem", "sms"]);
    assert!(t.notes_to("desk", NoteWord::ReadOut).is_empty());
}

#[test]
fn rule_d14_a_way_on_a_battery_counts_until_it_is_empty() {
    let mut b = super::region::plan();
    let infra = |id: &str, needs: &[&str], holds_s| Infra {
        id: id.into(),
        needs: needs.iter().map(|n| vec![InfraId::from(*n)]).collect(),
        holds_s,
    };
    b.plan.infra.extend([
        infra("grid", &[], None),
        infra("ups", &["grid"], Some(27 * 60)),
        infra("mast", &["ups"], None),
    ]);
    let sms = b.plan.gateways.iter_mut().find(|g| g.id.as_str() == "sms").unwrap();
    sms.needs = vec![vec!["mast".into()]];
    let mut t = Timeline::starting("2008-12-18T09:45:00+01:00", b.plan.clone());
    let no = t.report("it", Report { down: vec!["grid".into()], ..ehr_down("major") });
    assert_eq!(over(&t, "tib", 1)[0], "sms", "the battery carries the mast");
    let update = |t: &mut Timeline| t.act("it", Action::Update { incident: no, news: News::default() }).unwrap();
    t.advance(26 * 60);
    update(&mut t);
    t.advance(60);
    update(&mut t);
    assert_eq!(updates(&t, "tib"), ["sms", "modem"], "after 27 minutes nothing over it is counted");
    // Who will be hit is told at once, battery or not.
    assert!(vardkase::domain::reach::down_of(t.inc(no)).infra.contains(&InfraId::from("mast")));
}

#[test]
fn rule_g5_handed_over_is_not_reached() {
    let mut t = Timeline::by_day();
    let no = t.report("desk", unsafe_report());
    let counts = |t: &Timeline| vardkase::domain::view::incident(&t.state, no, t.now).unwrap().summary.counts;
    let first = counts(&t);
    assert!(first.addressed > 0 && first.handed_over == first.addressed);
    assert_eq!((first.delivered, first.acknowledged, first.reached), (0, 0, 0), "all of it was handed over, no more");
    let id = sms(&t, "tib", 1)[0].id;
    outcome(&mut t, id, S::Delivered);
    t.reply("icu", Channel::Sms, "JA 1");
    let then = counts(&t);
    assert!(then.delivered > 0 && then.acknowledged == 1);
    assert_eq!(then.reached, then.delivered + then.acknowledged, "delivered, or answered");
    assert_eq!(then.handed_over, first.handed_over);
}
