//! C16: codes are bounded by the address that they come from, and each who is asked has one of its own. C15: who a sender is.

use super::*;
use vardkase::domain::incident::codes::STRANGERS_MAX;
use vardkase::domain::incident::event::Event;

/// A code that nobody was given.
fn wrong(t: &Timeline, n: u32) -> String {
    let inc = t.state.incidents.values();
    let given: Vec<String> = inc
        .flat_map(|i| i.codes.keys().chain(i.own_codes.keys()))
        .chain(t.state.pending.keys())
        .map(|c| c.as_str().to_owned())
        .collect();
    (100_000 + n..).map(|w| w.to_string()).find(|w| !given.contains(w)).unwrap()
}

fn tries_end(t: &mut Timeline, from: &str) {
    for n in 0..5 {
        let w = wrong(t, 7 * n);
        t.reply(from, SMS, &format!("JA {w}"));
    }
}

#[test]
fn rule_c16_five_wrong_codes_end_the_trying_of_an_address_whatever_they_were_for() {
    // A report, a decision, an approval: each waits while somebody guesses from the address that may answer it.
    for what in ["report", "decision", "approval"] {
        let mut t = day();
        let (who, right, no) = match what {
            "report" => {
                t.reply("it", SMS, "LARM journal D3");
                ("it", t.state.pending.keys().next().unwrap().as_str().to_owned(), None)
            }
            "decision" => {
                let no = t.ehr_down("major");
                ("tib", t.inc(no).proposals[0].code.as_str().to_owned(), Some(no))
            }
            _ => {
                let no = t.ehr_down("major");
                ("kib", code(&t, no, "icu"), Some(no))
            }
        };
        let done = |t: &Timeline| match (what, no) {
            ("decision", Some(no)) => t.inc(no).proposals[0].state != ProposalState::Asked,
            ("approval", Some(no)) => t.waiting(no, "icu").is_none(),
            _ => !t.state.incidents.is_empty(),
        };
        tries_end(&mut t, who);
        for told in ["desk", "tib", who] {
            let notes = t.notes_to(told, NoteWord::TriesOver);
            assert!(!notes.is_empty(), "{what}: {told} is told");
            assert!(
                notes[0].whole.contains(&format!("function={who}-sv; until=09.55")),
                "the function and the time: {notes:?}"
            );
        }
        t.clear();
        t.reply(who, SMS, &format!("JA {right}"));
        assert!(!done(&t), "{what}: the right code comes too late");
        assert_eq!(t.notes_to(who, NoteWord::TriesOver).len(), 1, "and hears until when");
        for n in 0..2_000 {
            let w = wrong(&t, n);
            t.reply(who, SMS, &format!("JA {w}"));
        }
        assert!(t.notes_to(who, NoteWord::TriesOver).len() <= 3, "whoever goes on gets no more of them");
        t.advance(600);
        if what == "decision" || what == "report" {
            t.reply(who, SMS, &format!("JA {right}"));
            assert!(done(&t), "{what}: ten minutes later it is taken");
            assert!(t.state.tries.is_empty(), "a right code begins anew");
        }
    }
}

#[test]
fn rule_c16_wrong_codes_are_counted_for_a_day_and_a_right_one_begins_anew() {
    let mut t = day();
    let no = t.ehr_down("major");
    for n in 0..4 {
        let w = wrong(&t, n);
        t.reply("kib", SMS, &format!("OK {w}"));
    }
    let icu = code(&t, no, "icu");
    t.reply("kib", SMS, &format!("OK {icu}"));
    assert!(t.waiting(no, "icu").is_none());
    let w = wrong(&t, 9);
    t.reply("kib", SMS, &format!("OK {w}"));
    assert_eq!(t.state.tries.values().map(|x| (x.count, x.until)).collect::<Vec<_>>(), [(1, None)]);
    // Nobody who is slow gets a sixth try.
    t.advance(6 * 3600);
    tries_end(&mut t, "kib");
    assert!(t.state.tries.values().any(|x| x.until.is_some()));
}

#[test]
fn rule_c16_each_who_is_asked_has_a_code_of_its_own_and_anothers_is_none() {
    let mut t = day();
    // The request does not arrive: the deputy is asked beside.
    t.gateways_say = Some(DeliveryState::Accepted);
    let no = t.ehr_down("major");
    t.advance(181);
    let entry =
        t.inc(no).entries.iter().find(|e| matches!(&e.state, EntryState::Waiting(a) if a.asked.len() > 1)).unwrap();
    let EntryState::Waiting(a) = entry.state.clone() else { panic!() };
    let (id, plan) = (entry.id, t.plan());
    let names: Vec<String> = a.asked.iter().map(|f| plan.function(*f).id.to_string()).collect();
    let own: Vec<String> =
        a.asked.iter().map(|f| t.inc(no).code_of(CodeFor::Approval, id, *f, &a.code).as_str().to_owned()).collect();
    assert_ne!(own[0], own[1], "{names:?}");
    let wanted = t.notes_to(&names[1], NoteWord::ApprovalWanted);
    assert!(wanted.iter().any(|n| n.whole.contains(&own[1])), "the deputy is sent its own");
    assert!(wanted.iter().all(|n| !n.whole.contains(&own[0])), "and never that of the first");
    // Whoever holds the lost phone of the first ends its trying alone: the deputy goes on.
    tries_end(&mut t, &names[0]);
    t.reply(&names[1], SMS, &format!("OK {}", own[0]));
    assert!(matches!(t.inc(no).entry(id).unwrap().state, EntryState::Waiting(_)), "another's code is a wrong one");
    t.reply(&names[1], SMS, &format!("OK {}", own[1]));
    assert!(matches!(t.inc(no).entry(id).unwrap().state, EntryState::Released { .. }));
}

#[test]
fn rule_c16_a_used_report_code_says_what_it_started_and_when() {
    let mut t = day();
    t.reply("it", SMS, "LARM journal D3");
    let code = t.state.pending.keys().next().unwrap().as_str().to_owned();
    t.reply("it", SMS, &format!("JA {code}"));
    assert_eq!(t.state.incidents.len(), 1);
    t.advance(300);
    t.clear();
    t.reply("it", SMS, &format!("JA {code}"));
    let said = t.notes_to("it", NoteWord::ReportStarted);
    assert!(said.len() == 1 && said[0].whole.contains("number=1; time=09.45"), "{said:?}");
    assert!(t.state.incidents.len() == 1 && t.state.tries.is_empty(), "nothing is done again, and nobody guessed");
    // What was used gives nobody five tries more.
    for n in 0..4 {
        let w = wrong(&t, n);
        t.reply("it", SMS, &format!("JA {w}"));
    }
    t.reply("it", SMS, &format!("JA {code}"));
    assert!(t.state.tries.values().any(|x| x.count == 4));
    t.reply("cl", SMS, &format!("JA {code}"));
    assert!(t.state.tries.contains_key(&FunctionId::from("cl")), "from elsewhere it is a guess");
}

#[test]
fn rule_e2_whoever_asks_for_many_codes_pushes_out_nobody_elses_report() {
    let mut t = day();
    t.reply("tib", SMS, "LARM journal D3");
    let code = t.state.pending.keys().next().unwrap().as_str().to_owned();
    for _ in 0..60 {
        t.reply("it", SMS, "LARM journal D3");
    }
    assert_eq!(t.state.pending.len(), 4);
    assert_eq!(t.notes_to("it", NoteWord::ReportSummary).len(), 3, "three codes are enough for ten minutes");
    t.reply("tib", SMS, &format!("JA {code}"));
    assert_eq!(t.state.incidents.len(), 1);
}

#[test]
fn rule_c13_an_address_that_only_an_open_incident_knows_gets_no_more_notes_either() {
    let mut t = day();
    let no = t.ehr_down("outage");
    t.clear();
    let p = t.point("it", SMS);
    for _ in 0..20 {
        t.input(Input::Reply { who: None, from: vec![(no, p)], known: None, text: "Jag är på väg hem".into() })
            .unwrap();
    }
    assert_eq!(t.notes_to("it", NoteWord::NotUnderstood).len(), 3);
}

#[test]
fn rule_c15_an_answer_from_nobody_known_is_on_record_and_bounded() {
    let mut t = day();
    let no = t.ehr_down("outage");
    let stranger = |text: &str| Input::Reply { who: None, from: vec![], known: None, text: text.into() };
    let sent = t.sent.len();
    assert_eq!(t.input(stranger("JA 1")).unwrap(), [Event::StrangerAnswered { incident: Some(no) }]);
    assert_eq!(t.input(stranger("ok")).unwrap(), [Event::StrangerAnswered { incident: None }]);
    assert_eq!(t.input(stranger("Ditt paket har kommit")).unwrap(), [Event::StrangerWrote]);
    assert_eq!(t.state.strangers.unwrap().count, 2);
    for _ in 0..1_000 {
        t.input(stranger("JA 1")).unwrap();
    }
    assert_eq!(t.state.strangers.unwrap().count, STRANGERS_MAX, "whoever sends many fills no disk");
    assert_eq!(t.sent.len(), sent, "nobody is answered");
    for _ in 0..1_000 {
        t.input(stranger("Ditt paket har kommit")).unwrap();
    }
    assert_eq!(t.state.strangers.unwrap().wrote, STRANGERS_MAX, "nor does whoever writes anything else");
    t.advance(3600);
    t.input(stranger("JA 1")).unwrap();
    assert_eq!(t.state.strangers.unwrap().count, 1);
    // One each minute for hours: as many an hour, and no more.
    let before = t.events.len();
    for _ in 0..180 {
        t.advance(60);
        t.input(stranger("JA 1")).unwrap();
    }
    let told = t.events[before..].iter().filter(|(_, e)| e.name() == "stranger-answered").count();
    assert!(told <= 4 * STRANGERS_MAX as usize, "{told}");
}
