//! Tests of gateways, alarms of the program's own parts, and the auditor that trusts no rule.

use vardkase::domain::audit::{Finding, audit};
use vardkase::domain::delivery::DeliveryState as S;
use vardkase::domain::ids::DeliveryId;
use vardkase::domain::incident::ask_list::AskState;
use vardkase::domain::incident::event::Event;
use vardkase::domain::incident::event::GatewayChange;
use vardkase::domain::incident::gateways::Reached;
use vardkase::domain::incident::input::{Action, Input, ProgramAlarm, Report};
use vardkase::domain::incident::state::{SYSTEM_NOTES, SystemNote};
use vardkase::domain::lang::{L10n, Lang};
use vardkase::domain::plan::Channel;
use vardkase::domain::words::NoteWord;

use super::timeline::Timeline;

fn test(gateway: &str, function: &str) -> Action {
    Action::TestGateway { gateway: gateway.into(), function: function.into() }
}

/// A gateway with answers that reaches the function over SMS.
fn sms_way(t: &Timeline, function: &str) -> String {
    let plan = t.plan();
    let point = plan.point(t.point(function, Channel::Sms));
    plan.gateway(point.gateways[0]).id.to_string()
}

fn outcome(t: &mut Timeline, ordinal: u32, state: S) {
    let id = DeliveryId { incident: SYSTEM_NOTES, ordinal };
    t.input(Input::outcomes(vec![(id, state)])).unwrap();
}

/// A gateway that is out gives back what it is handed: it must not be handed the same for ever.
#[test]
fn a_test_over_a_gateway_that_is_out_has_failed_and_is_not_sent_again() {
    let mut t = Timeline::by_day();
    let way = sms_way(&t, "tib");
    t.act("it", test(&way, "tib")).unwrap();
    let ordinal = t.state.tests[0].ordinal;
    let back = Input::outcomes(vec![(DeliveryId { incident: SYSTEM_NOTES, ordinal }, S::Queued)]);
    let events = t.input(back).unwrap();
    assert!(!events.iter().any(|e| matches!(e, Event::SystemNote { .. })), "{events:?}");
    assert_eq!(t.state.system_notes.get(ordinal).map(|n| n.state), Some(S::Failed));
}

#[test]
fn a_test_is_marked_goes_over_that_gateway_and_is_proof_by_how_far_it_came() {
    let mut t = Timeline::by_day();
    let way = sms_way(&t, "tib");
    let events = t.act("it", test(&way, "tib")).unwrap();
    let sent: Vec<_> = events
        .iter()
        .filter_map(|e| match e {
            Event::Gateway { change } => match &**change {
                GatewayChange::TestSent { send, code, text, .. } => Some((*send, code.clone(), text.clone())),
                _ => None,
            },
            _ => None,
        })
        .collect();
    assert!(!sent.is_empty());
    let plan = t.plan();
    for (send, code, text) in &sent {
        let point = plan.point(send.point);
        assert_eq!(plan.gateway(point.gateways[usize::from(send.gateway)]).id.as_str(), way);
        assert!(text.as_str().contains(code.as_str()) && text.as_str().contains(&way), "{}", text.as_str());
        let out = vardkase::domain::incident::asks::system_note_outgoing(NoteWord::Test, text.as_str()).unwrap();
        assert!(out.whole(None).starts_with("TEST "), "{}", out.whole(None));
    }
    let ordinal = t.state.tests[0].ordinal;
    assert!(t.state.proofs.is_empty(), "sent proves nothing");
    outcome(&mut t, ordinal, S::Accepted);
    let reached = |t: &Timeline| t.state.proofs.get(&way.as_str().into()).map(|p| p.reached);
    assert_eq!(reached(&t), Some(Reached::Accepted));
    outcome(&mut t, ordinal, S::Delivered);
    assert_eq!(reached(&t), Some(Reached::Delivered));
    // The answer, by the code, from the address that got it.
    let code = t.state.tests[0].code.as_str().to_owned();
    t.reply("tib", Channel::Sms, &format!("ja {code}"));
    assert_eq!(reached(&t), Some(Reached::Answered));
    assert_eq!(t.state.tests[0].answered_at, Some(t.now));
    // A newer one that fails takes nothing away.
    t.advance(3600);
    t.act("it", test(&way, "tib")).unwrap();
    let second = t.state.tests.back().unwrap().ordinal;
    outcome(&mut t, second, S::Failed);
    assert_eq!(reached(&t), Some(Reached::Answered));
}

#[test]
fn an_answer_to_a_test_counts_from_its_own_address_and_answers_nothing_else() {
    let mut t = Timeline::by_day();
    let no = t.ehr_down("major");
    let way = sms_way(&t, "tib");
    t.act("it", test(&way, "tib")).unwrap();
    let code = t.state.tests.back().unwrap().code.as_str().to_owned();
    t.reply("kib", Channel::Sms, &format!("JA {code}"));
    assert!(t.state.tests.back().unwrap().answered_at.is_none(), "somebody else's code");
    // A bare yes is for the incident, which asks too: never for the test.
    t.reply("tib", Channel::Sms, "JA");
    assert!(t.state.tests.back().unwrap().answered_at.is_none());
    t.reply("tib", Channel::Sms, &format!("JA {code}"));
    assert!(t.state.tests.back().unwrap().answered_at.is_some());
    let answered = matches!(t.ask(no, "tib").state, AskState::Answered { .. });
    t.reply("tib", Channel::Sms, &format!("JA {code}"));
    assert_eq!(matches!(t.ask(no, "tib").state, AskState::Answered { .. }), answered);
}

#[test]
fn a_bare_yes_answers_the_only_test_when_nothing_is_open() {
    let mut t = Timeline::by_day();
    let way = sms_way(&t, "kib");
    t.act("it", test(&way, "kib")).unwrap();
    let p = t.point("kib", Channel::Sms);
    t.input(Input::Reply { who: None, from: Vec::new(), known: Some(p), text: "Ja, den kom!".into() }).unwrap();
    assert!(t.state.tests.back().unwrap().answered_at.is_some());
}

#[test]
fn a_code_that_was_said_by_telephone_is_noted_once() {
    let mut t = Timeline::by_day();
    let way = sms_way(&t, "tib");
    t.act("it", test(&way, "tib")).unwrap();
    let code = t.state.tests.back().unwrap().code.clone();
    let answered = |code: vardkase::domain::private::Private| Action::TestAnswered { code };
    assert_eq!(t.act("desk", answered("000000".into())).unwrap_err().code, "unknown-code");
    assert_eq!(t.act("desk", answered("".into())).unwrap_err().code, "unknown-code");
    t.act("desk", answered(code.clone())).unwrap();
    assert_eq!(t.act("desk", answered(code)).unwrap_err().code, "answered-already");
}

#[test]
fn a_test_that_reaches_nobody_is_refused_and_says_whom_it_would_reach() {
    let mut t = Timeline::by_day();
    let way = sms_way(&t, "tib");
    let refused = t.act("it", test("no-such-way", "tib")).unwrap_err();
    assert!(refused.code == "unknown-gateway" && refused.given("gateways").to_string().contains(&way), "{refused:?}");
    assert_eq!(t.act("it", test(&way, "nobody")).unwrap_err().code, "unknown-function");
    assert_eq!(t.act("nobody", test(&way, "tib")).unwrap_err().code, "unknown-function");
    let fax = t.plan().gateways.iter().find(|g| g.channel == Channel::Fax).unwrap().id.to_string();
    let plan = t.plan();
    let without =
        plan.functions.iter().find(|f| f.points.iter().all(|p| plan.point(*p).channel != Channel::Fax)).unwrap();
    let refused = t.act("it", test(&fax, without.id.as_str())).unwrap_err();
    assert!(refused.key() == "no-way" && !refused.given("functions").to_string().is_empty(), "{refused:?}");
    let page = t.plan().gateways.iter().find(|g| g.channel == Channel::Web).unwrap().id.to_string();
    assert_eq!(t.act("it", test(&page, "tib")).unwrap_err().code, "no-way");
    assert!(t.state.tests.is_empty());
}

#[test]
fn every_gateway_carries_a_test_to_everybody_it_reaches() {
    let mut t = Timeline::by_day();
    let plan = t.plan();
    for g in plan.gateways.iter().filter(|g| !matches!(g.channel, Channel::Web | Channel::Manual)) {
        for f in &plan.functions {
            let reached = f.points.iter().any(|p| plan.point(*p).gateways.iter().any(|x| plan.gateway(*x).id == g.id));
            if reached {
                t.act("it", test(g.id.as_str(), f.id.as_str())).unwrap();
            }
        }
    }
    assert_eq!(t.state.tests.len().min(200), t.state.tests.len(), "what is kept is bounded");
}

#[test]
fn an_alarm_of_the_program_is_told_over_ways_that_are_not_out() {
    let mut t = Timeline::by_night();
    let first = sms_way(&t, "desk");
    let alarm = |n: u32| ProgramAlarm {
        name: format!("gateway-down {n}"),
        what: L10n::of([(Lang::SV, "sms-api är ur bruk")]),
    };
    let alarms: Vec<_> = (0..5).map(alarm).collect();
    let events = t.input(Input::ProgramAlarm { alarms, avoid: vec![first.as_str().into()] }).unwrap();
    let plan = t.plan();
    let mut points = Vec::new();
    for e in &events {
        if let Event::SystemNote { send, word: NoteWord::ProgramAlarm, text, .. } = e {
            let point = plan.point(send.point);
            let over = &plan.gateway(point.gateways[usize::from(send.gateway)]).id;
            assert!(over.as_str() != first || point.gateways.len() == 1, "over the way that is out");
            assert!(text.as_str().contains("+2"), "{}", text.as_str());
            points.push(send.point);
        }
    }
    let vaxel = t.point("desk", Channel::Sms);
    assert!(points.contains(&vaxel));
    let mut once = points.clone();
    once.sort_unstable();
    once.dedup();
    assert_eq!(once.len(), points.len(), "nobody is told twice");
}

#[test]
fn rule_g1_a_note_of_no_incident_goes_over_the_next_way_and_over_each_once() {
    let mut t = Timeline::by_night();
    let plan = t.plan();
    let what = L10n::of([(Lang::SV, "kopian av journalen är trasig")]);
    let alarms = vec![ProgramAlarm { name: "journal-copy".into(), what }];
    let mut events = t.input(Input::ProgramAlarm { alarms, avoid: Vec::new() }).unwrap();
    // A point with several ways.
    let several = |e: &Event| match e {
        Event::SystemNote { send, .. } => Some(send.point).filter(|p| plan.point(*p).gateways.len() > 1),
        _ => None,
    };
    let told = events.iter().find_map(several).expect("a point with several ways");
    let mut ways = Vec::new();
    // Each way refuses it in its turn.
    loop {
        let sent = |e: &Event| match e {
            Event::SystemNote { send, text, .. } if send.point == told => Some((send.gateway, text.clone())),
            _ => None,
        };
        let Some((gateway, text)) = events.iter().find_map(sent) else { break };
        assert!(text.as_str().contains("kopian av journalen"), "the same text: {}", text.as_str());
        ways.push(gateway);
        let (ordinal, _) = t.state.system_notes.iter().filter(|(_, n)| n.send.point == told).last().unwrap();
        t.advance(1);
        let delivery = DeliveryId { incident: SYSTEM_NOTES, ordinal };
        events = t.input(Input::outcomes(vec![(delivery, S::Failed)])).unwrap();
    }
    assert!(ways.len() > 1);
    let mut once = ways.clone();
    once.sort_unstable();
    assert_eq!(once, (0u8..).take(plan.point(told).gateways.len()).collect::<Vec<_>>());
    // A test asks about its own way.
    let way = sms_way(&t, "desk");
    t.act("it", test(&way, "desk")).unwrap();
    let (ordinal, _) = t.state.system_notes.iter().last().unwrap();
    let delivery = DeliveryId { incident: SYSTEM_NOTES, ordinal };
    let events = t.input(Input::outcomes(vec![(delivery, S::Failed)])).unwrap();
    assert!(!events.iter().any(|e| matches!(e, Event::SystemNote { .. } | Event::Gateway { .. })), "{events:?}");
}

#[test]
fn rule_g1_a_note_given_back_by_the_only_way_there_is_goes_over_it_again() {
    let mut t = Timeline::by_night();
    let plan = t.plan();
    let what = L10n::of([(Lang::SV, "kopian av journalen är trasig")]);
    let alarms = vec![ProgramAlarm { name: "journal-copy".into(), what }];
    t.input(Input::ProgramAlarm { alarms, avoid: Vec::new() }).unwrap();
    let only = |n: &SystemNote| plan.point(n.send.point).gateways.len() == 1;
    let (ordinal, note) = t.state.system_notes.iter().find(|(_, n)| only(n)).map(|(o, n)| (o, n.clone())).unwrap();
    let delivery = DeliveryId { incident: SYSTEM_NOTES, ordinal };
    let events = t.input(Input::outcomes(vec![(delivery, S::Queued)])).unwrap();
    let again = |e: &Event| match e {
        Event::SystemNote { send, text, .. } => Some((send.point, send.gateway, text.clone())),
        _ => None,
    };
    let again: Vec<_> = events.iter().filter_map(again).collect();
    assert_eq!(again, [(note.send.point, note.send.gateway, note.text)]);
}

#[test]
fn the_auditor_finds_each_step_that_is_late_and_everybody_who_was_left_alone() {
    let mut t = Timeline::by_day();
    let no = t.ehr_down("major");
    assert_eq!(audit(&t.state, t.now), []);
    // The loop stands still: nothing that falls due is carried out.
    let found = audit(&t.state, t.now + 3 * 3600);
    for step in ["answer", "reminder", "approval", "update"] {
        assert!(found.iter().any(|f| matches!(f, Finding::Overdue { step: s, .. } if *s == step)), "{step}: {found:?}");
    }
    // An answer is late by more than its grace, not before.
    let due = t.ask(no, "tib").remind_at.unwrap();
    let reminder = |at| {
        let id = t.state.incidents[&no].asks.current()[&t.plan().function_ix("tib").unwrap()];
        audit(&t.state, at).iter().any(|f| matches!(f, Finding::Overdue { step: "reminder", id: i, .. } if *i == id))
    };
    assert!(!reminder(due + 30) && reminder(due + 31));
    // Somebody falls out of the books.
    let f = t.plan().function_ix("tib").unwrap();
    let mut state = t.state.clone();
    let inc = state.incidents.get_mut(&no).unwrap();
    let others = std::mem::take(&mut inc.asks);
    others.iter().filter(|a| a.function != f).for_each(|a| inc.asks.add(a.clone()));
    let alone = Finding::NoNextStep { incident: no, function: "tib".into() };
    assert_eq!(audit(&state, t.now), [alone]);
}

#[test]
fn a_sign_of_life_goes_to_the_watchers_telephones_alone() {
    let mut t = Timeline::by_day();
    let events = t.input(Input::SignOfLife { to: "tib".into(), head: "1234 abcd".into() }).unwrap();
    let plan = t.plan();
    let all_sms = events.iter().all(|e| {
        matches!(e, Event::SystemNote { send, word: NoteWord::SignOfLife, text, .. }
            if plan.point(send.point).channel == Channel::Sms && text.as_str().contains("1234 abcd"))
    });
    assert!(!events.is_empty() && all_sms);
    assert!(t.input(Input::SignOfLife { to: "nobody".into(), head: String::new() }).unwrap().is_empty());
}

#[test]
fn lesson_23_whoever_every_way_to_is_cut_off_is_walked_to_at_once_and_nobody_else() {
    use vardkase::domain::view::walk;
    let plan = vardkase::config::load(&vardkase::config::Source::Shipped).unwrap().plan;
    let mut t = Timeline::starting("2026-10-07T09:45:00+02:00", plan);
    t.gateways_say = None;
    let down = ["mob-1", "mail", "pag-fs"].map(Into::into).to_vec();
    let no = t.report("it-bered", Report { down, ..super::timeline::ehr_down("outage") });
    let walked = |t: &Timeline| -> Vec<String> {
        let stops = walk(&t.state, no, t.now).unwrap();
        let now = stops.iter().filter(|s| s.given_up);
        now.map(|s| t.plan().function(s.function).id.to_string()).collect()
    };
    let at_once = walked(&t);
    assert!(at_once.contains(&"srv-jour".to_owned()), "its telephone and its mail are down: {at_once:?}");
    assert!(!at_once.contains(&"tib".to_owned()), "its second mobile telephone stands");
    // It arrived all the same: the text is there, and the escalation sees to the rest.
    let to = t.sent.iter().filter(|s| s.message.is_some() && s.to.contains(&"srv-jour".to_owned()));
    let to: Vec<_> = to.map(|s| (s.id, S::Delivered)).collect();
    assert!(!to.is_empty(), "it is tried over what is down, too");
    t.input(Input::outcomes(to)).unwrap();
    assert!(!walked(&t).contains(&"srv-jour".to_owned()));
}

#[test]
fn lesson_23_whoever_no_text_is_known_to_have_reached_is_walked_to_until_it_has_answered() {
    use vardkase::domain::view::{WhyWalk, walk};
    let mut t = Timeline::by_day();
    t.gateways_say = None;
    let no = t.report("it", super::timeline::ehr_down("outage"));
    let why = |t: &Timeline, f: &str| {
        let stops = walk(&t.state, no, t.now).unwrap();
        let ix = t.plan().function_ix(f).unwrap();
        stops.into_iter().find(|s| s.function == ix).map(|s| s.why)
    };
    assert_eq!(why(&t, "tib"), Some(WhyWalk::Unknown));
    let all: Vec<_> = t.sent.iter().filter(|s| s.message.is_some()).map(|s| (s.id, S::Delivered)).collect();
    t.input(Input::outcomes(all)).unwrap();
    assert_eq!(why(&t, "tib"), Some(WhyWalk::NoAnswer));
    t.reply("tib", Channel::Sms, "JA 1");
    assert_eq!(why(&t, "tib"), None, "it has it");
    // The words on paper are those on every other way.
    let stops = walk(&t.state, no, t.now).unwrap();
    assert!(!stops.is_empty());
    for (n, stop) in stops.iter().enumerate() {
        assert_eq!(stop.n as usize, n + 1);
        let id = t.plan().function(stop.function).id.to_string();
        let text = &stop.texts[&t.plan().function(stop.function).lang];
        assert!(t.messages_to(&id).iter().any(|s| s.whole.starts_with(text.as_str())), "{id}: {text}");
    }
    let places = |s: &vardkase::domain::view::StopView| {
        let f = t.plan().function(s.function).clone();
        (f.site, f.place.get(Lang::SV).to_owned())
    };
    let places: Vec<_> = stops.iter().map(places).collect();
    assert!(places.is_sorted(), "in the order of the way: {places:?}");
    assert!(walk(&t.state, vardkase::domain::ids::IncidentNo::actual(99), t.now).is_none());
    // A drill's sheets are marked as its texts are.
    let mut t = Timeline::by_day();
    let drill = t.report(
        "it",
        vardkase::domain::incident::input::Report { exercise: true, ..super::timeline::ehr_down("outage") },
    );
    assert!(
        walk(&t.state, drill, t.now)
            .unwrap()
            .iter()
            .all(|s| s.texts.values().all(|w| w.starts_with("ÖVNING ") || w.starts_with("EXERCISE ")))
    );
}
