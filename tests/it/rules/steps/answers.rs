//! A function can require more than one answer.

use super::*;

fn plan() -> Plan {
    region_with(|b| {
        let f = b.function_ix("icu");
        b.plan.functions[f.ix()].answers = 2;
        let row = b.row(&["icu", "it-led"], &[Channel::Sms, Channel::Fax]);
        b.plan.playbooks.get_mut(&"dictation-slow".into()).unwrap().levels[0].notify = vec![row];
    })
}

fn answered(t: &Timeline, no: IncidentNo, f: &str) -> Vec<String> {
    t.ask(no, f).answers.iter().map(|a| t.plan().function(a.by).id.to_string()).collect()
}

#[test]
fn two_answers_come_from_two_duties_and_the_first_owns_it() {
    let mut t = Timeline::starting(DAY, plan());
    let no = slow(&mut t);
    assert_eq!(asked(&t, no, "icu"), ["icu", "ed"], "as many holders as answers are asked at once");
    assert_eq!(asked(&t, no, "it-led"), ["it-led"]);
    t.clear();
    t.reply("icu", Channel::Sms, "ja 1");
    t.reply("icu", Channel::Sms, "JA 1");
    t.act(
        "icu",
        Action::Ack { incident: no, message: None, function: "icu".into(), phone: false, paper: false, at: None },
    )
    .unwrap_err();
    assert_eq!((stands(&t, no, "icu").as_str(), answered(&t, no, "icu").len()), ("waiting", 1));
    t.reply("ed", Channel::Sms, "ja 1");
    assert_eq!(stands(&t, no, "icu"), "answered by icu");
    assert_eq!(answered(&t, no, "icu"), ["icu", "ed"]);
    for who in ["icu", "ed"] {
        let noted = &t.notes_to(who, NoteWord::Noted)[0].whole;
        assert!(noted.contains("functions=icu-sv"), "{noted}");
    }
    t.clear();
    t.advance(3600);
    assert!(noted(&t, NoteWord::NotReached).iter().all(|f| f != "icu"));
}

#[test]
fn one_answer_of_two_does_not_stop_escalation() {
    let mut t = Timeline::starting(DAY, plan());
    let no = slow(&mut t);
    t.reply("icu", Channel::Sms, "ja 1");
    t.clear();
    t.advance(150);
    assert!(t.messages_to("icu").is_empty(), "who answered is not reminded");
    assert!(!t.messages_to("ed").is_empty(), "the other is");
    t.advance(150);
    assert_eq!(asked(&t, no, "icu"), ["icu", "ed", "cl-fs"]);
    t.reply("cl-fs", Channel::Sms, "ja 1");
    assert_eq!(stands(&t, no, "icu"), "answered by icu");
    // One of the two is taken back: it goes on.
    t.act("it-led", Action::Unack { incident: no, function: "icu".into(), reason: "fel person".into() }).unwrap();
    assert_eq!(stands(&t, no, "icu"), "waiting");
}

#[test]
fn a_no_after_a_yes_takes_that_answer_back() {
    let mut t = Timeline::starting(DAY, plan());
    let no = slow(&mut t);
    t.reply("icu", Channel::Sms, "ja 1");
    t.reply("icu", Channel::Sms, "nej 1");
    assert!(answered(&t, no, "icu").is_empty());
    assert_eq!(asked(&t, no, "icu"), ["icu", "ed", "cl-fs"]);
    t.reply("ed", Channel::Sms, "ja 1");
    assert_eq!(stands(&t, no, "icu"), "waiting");
    t.reply("cl-fs", Channel::Sms, "ja 1");
    assert_eq!(stands(&t, no, "icu"), "answered by ed");
}

#[test]
fn with_nobody_left_one_of_two_is_an_alarm() {
    let mut t = Timeline::starting(DAY, plan());
    let no = slow(&mut t);
    t.reply("icu", Channel::Sms, "ja 1");
    t.advance(2 * 3600);
    assert_eq!(stands(&t, no, "icu"), "not reached");
    // A later answer still closes it.
    t.reply("ed", Channel::Sms, "ja 1");
    assert_eq!(stands(&t, no, "icu"), "answered by icu");
}

#[test]
fn rule_c11_after_the_shift_two_must_answer_anew() {
    let mut t = Timeline::starting(DAY, plan());
    let no = slow(&mut t);
    t.reply("icu", Channel::Sms, "ja 1");
    t.reply("ed", Channel::Sms, "ja 1");
    t.input(Input::Shift { functions: vec!["icu".into()] }).unwrap();
    assert_eq!(stands(&t, no, "icu"), "waiting");
    t.reply("icu", Channel::Sms, "ja 1");
    assert_eq!((stands(&t, no, "icu").as_str(), answered(&t, no, "icu").len()), ("waiting", 1));
}
