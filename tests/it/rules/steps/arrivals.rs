//! Lesson 4: answering and arriving are different timers.

use super::*;
use vardkase::domain::incident::steps::ArrivalState;

fn plan() -> Plan {
    region_with(|b| {
        let row = Row { arrive_within_s: Some(2700), ..b.row(&["icu", "it-led"], &[Channel::Sms]) };
        b.plan.playbooks.get_mut(&"dictation-slow".into()).unwrap().levels[0].notify = vec![row];
    })
}

fn there(t: &Timeline, no: IncidentNo, f: &str) -> String {
    match t.inc(no).arrivals.get(&t.plan().function_ix(f).unwrap()) {
        None => "nobody".into(),
        Some(a) => {
            let by = t.plan().function(a.by).id.clone();
            match a.state {
                ArrivalState::Expected => format!("{by} on the way"),
                ArrivalState::Arrived { .. } => format!("{by} there"),
                ArrivalState::Missed => format!("{by} late"),
            }
        }
    }
}

#[test]
fn lesson_4_who_answers_says_when_he_is_there() {
    let mut t = Timeline::starting(DAY, plan());
    let no = slow(&mut t);
    assert_eq!(there(&t, no, "icu"), "nobody");
    t.clear();
    t.reply("icu", Channel::Sms, "ja 1");
    assert_eq!(there(&t, no, "icu"), "icu on the way");
    let note = &t.notes_to("icu", NoteWord::ArriveBy)[0].whole;
    assert!(note.contains("deadline=10.30") && note.contains("code=1"), "{note}");
    t.advance(2600);
    t.reply("icu", Channel::Sms, "Framme");
    assert_eq!(there(&t, no, "icu"), "icu there");
    assert_eq!(t.notes_to("icu", NoteWord::ArrivedNoted).len(), 1);
    t.clear();
    t.advance(3600);
    assert!(t.notes_to("icu", NoteWord::NotArrived).is_empty());
    assert_eq!(stands(&t, no, "icu"), "answered by icu");
}

#[test]
fn lesson_4_who_does_not_arrive_is_passed_over_visibly() {
    let mut t = Timeline::starting(DAY, plan());
    let no = slow(&mut t);
    t.reply("icu", Channel::Sms, "ja 1");
    t.reply("it-led", Channel::Sms, "ja 1");
    t.act("it-led", Action::Arrived { incident: no, function: "it-led".into(), phone: false, at: None }).unwrap();
    t.clear();
    t.advance(2700);
    assert_eq!(there(&t, no, "icu"), "icu late");
    assert_eq!(noted(&t, NoteWord::NotArrived), ["icu", "desk", "tib"]);
    assert_eq!((stands(&t, no, "icu").as_str(), asked(&t, no, "icu")), ("waiting", vec!["icu".into(), "ed".into()]));
    // The deputy answers, and is on the way; then the first arrives after all: it is there.
    t.reply("ed", Channel::Sms, "ja 1");
    assert_eq!(there(&t, no, "icu"), "ed on the way");
    t.reply("icu", Channel::Sms, "FRAMME 1");
    assert_eq!(there(&t, no, "icu"), "icu there");
    t.clear();
    t.advance(3 * 3600);
    assert!(noted(&t, NoteWord::NotArrived).is_empty());
}

#[test]
fn lesson_4_arriving_without_an_answer_is_one() {
    let mut t = Timeline::starting(DAY, plan());
    let no = slow(&mut t);
    t.reply("icu", Channel::Sms, "framme 1");
    assert_eq!((stands(&t, no, "icu"), there(&t, no, "icu")), ("answered by icu".into(), "icu there".into()));
    // Told by telephone, with its time.
    let at = Some(t.now);
    t.advance(60);
    t.act("desk", Action::Arrived { incident: no, function: "it-led".into(), phone: true, at }).unwrap();
    assert_eq!(there(&t, no, "it-led"), "it-led there");
    let twice = Action::Arrived { incident: no, function: "it-led".into(), phone: true, at: None };
    assert_eq!(refused(&mut t, "desk", twice), "arrived-already");
    let nobody = Action::Arrived { incident: no, function: "lab".into(), phone: true, at: None };
    assert_eq!(refused(&mut t, "desk", nobody), "nobody-comes");
    let stranger = Action::Arrived { incident: no, function: "icu".into(), phone: false, at: None };
    assert_eq!(refused(&mut t, "lab", stranger), "not-yours");
}

#[test]
fn lesson_4_the_time_runs_from_the_answer_as_it_was_claimed() {
    let mut t = Timeline::starting(DAY, plan());
    let no = slow(&mut t);
    let called = t.now + 60;
    t.advance(1200);
    let ack = Action::Ack {
        incident: no,
        message: None,
        function: "icu".into(),
        phone: true,
        paper: false,
        at: Some(called),
    };
    t.act("desk", ack).unwrap();
    t.advance(2700 - 1200 + 60 - 1);
    assert_eq!(there(&t, no, "icu"), "icu on the way");
    t.advance(1);
    assert_eq!(there(&t, no, "icu"), "icu late");
}

#[test]
fn lesson_4_an_answer_that_is_taken_back_brings_nobody() {
    let mut t = Timeline::starting(DAY, plan());
    let no = slow(&mut t);
    t.reply("icu", Channel::Sms, "ja 1");
    t.act("icu", Action::Unack { incident: no, function: "icu".into(), reason: "fel".into() }).unwrap();
    assert_eq!(there(&t, no, "icu"), "nobody");
    t.reply("it-led", Channel::Sms, "ja 1");
    t.act("it-led", clear(no)).unwrap();
    t.clear();
    t.advance(3 * 3600);
    assert!(noted(&t, NoteWord::NotArrived).is_empty(), "what is over waits for nobody");
}
