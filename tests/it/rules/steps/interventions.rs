//! Lesson 36: a notice before an intervention, with the number that stops it.

use super::*;

/// `vm`: remote cleaning concerns icu and ed, announced two hours before.
fn plan() -> Plan {
    with_steps(|b| vec![rule(b, "clean", StepKind::Intervention, "it", &["icu", "ed"], 2 * 3600)])
}

fn begun() -> (Timeline, IncidentNo) {
    let mut t = Timeline::starting(DAY, plan());
    // Handed over is not reached (RULES G5).
    t.gateways_say = Some(DeliveryState::Delivered);
    let no = slow(&mut t);
    t.act("it", start(no, "clean")).unwrap();
    (t, no)
}

#[test]
fn lesson_36_it_begins_when_everybody_was_reached_and_nobody_said_stop() {
    let (mut t, no) = begun();
    assert_eq!(noted(&t, NoteWord::InterventionNotice), ["icu", "ed"]);
    let text = &t.notes_to("icu", NoteWord::InterventionNotice)[0].whole;
    assert!(text.contains("what=clean") && text.contains("time=11.45") && text.contains("phone=0980-319"), "{text}");
    assert!(text.contains(&format!("code={}", code(&t, no, 1))), "{text}");
    t.advance(2 * 3600 - 1);
    assert_eq!(how(&t, no, 1), "open");
    t.clear();
    t.advance(1);
    assert_eq!(how(&t, no, 1), "begun");
    assert_eq!(noted(&t, NoteWord::InterventionGo), ["it"]);
    // Its own time passes: its owner is asked, and the last resort hears.
    t.clear();
    t.advance(3600);
    assert!(noted(&t, NoteWord::StepLate).contains(&"it".into()));
    t.clear();
    t.reply("it", Channel::Sms, &format!("klar {}", code(&t, no, 1)));
    assert_eq!(how(&t, no, 1), "done");
    assert_eq!(noted(&t, NoteWord::InterventionDone), ["it-led", "icu", "ed"], "it may be used again");
}

#[test]
fn lesson_36_a_stop_by_reply_ends_it_and_everybody_hears_of_it() {
    for text in ["STOPP {code} patient i maskinen", "NEJ {code} patient i maskinen", "stopp", "Stopp!!", "STOPP 1"] {
        let (mut t, no) = begun();
        t.clear();
        let text = text.replace("{code}", &code(&t, no, 1));
        t.reply("icu", Channel::Sms, &text);
        assert_eq!(how(&t, no, 1), "stopped", "{text}");
        assert_eq!(noted(&t, NoteWord::InterventionStopped), ["it", "ed"], "{text}");
        assert_eq!(noted(&t, NoteWord::StepNoted), ["icu"], "{text}");
        t.clear();
        t.advance(4 * 3600);
        assert!(noted(&t, NoteWord::InterventionGo).is_empty(), "{text}");
    }
}

#[test]
fn lesson_36_who_was_not_reached_has_not_consented() {
    let mut t = Timeline::starting(DAY, plan());
    let no = slow(&mut t);
    t.gateways_say = Some(DeliveryState::Failed);
    t.act("it", start(no, "clean")).unwrap();
    // Half time: the deputies get the notice too.
    t.clear();
    t.advance(3600);
    assert_eq!(noted(&t, NoteWord::InterventionNotice), ["ed", "cl-fs"]);
    t.clear();
    t.advance(3600);
    assert_eq!(how(&t, no, 1), "open", "it waits");
    let held = t.notes_to("it", NoteWord::InterventionHeld);
    assert!(held[0].whole.contains("icu-sv") && held[0].whole.contains("ed-sv"), "{}", held[0].whole);
    // One says by telephone that it is fine; the other is reached at last.
    let phone = Action::StepHave {
        incident: no,
        step: 1,
        function: Some("icu".into()),
        yes: true,
        phone: true,
        reason: "".into(),
    };
    t.act("desk", phone).unwrap();
    t.gateways_say = Some(DeliveryState::Delivered);
    t.advance(600);
    assert_eq!(how(&t, no, 1), "begun");
    assert!(!noted(&t, NoteWord::InterventionGo).is_empty());
}

#[test]
fn lesson_36_a_stop_that_comes_too_late_still_reaches_its_owner() {
    let (mut t, no) = begun();
    t.advance(2 * 3600);
    t.clear();
    t.reply("ed", Channel::Sms, &format!("stopp {} nu", code(&t, no, 1)));
    assert_eq!(how(&t, no, 1), "begun");
    let told = noted(&t, NoteWord::InterventionStopLate);
    assert!(told.contains(&"it".into()) && told.contains(&"tib".into()), "{told:?}");
}

#[test]
fn lesson_36_only_who_was_told_is_heard_by_sms_and_any_duty_by_command() {
    let (mut t, no) = begun();
    let c = code(&t, no, 1);
    // The right code from the wrong address, a wrong code from the right one, and nobody's address.
    t.reply("press", Channel::Sms, &format!("STOPP {c} x"));
    t.reply("icu", Channel::Sms, "STOPP 000001 x");
    t.input(Input::Reply { who: None, from: vec![], known: None, text: format!("STOPP {c} x").as_str().into() })
        .unwrap();
    assert_eq!(how(&t, no, 1), "open");
    assert_eq!(refused(&mut t, "ward-ls", Action::StepStop { incident: no, step: 1, reason: "".into() }), "no-reason");
    t.act("ward-ls", stop_step(no, 1)).unwrap();
    assert_eq!(how(&t, no, 1), "stopped");
    assert_eq!(refused(&mut t, "icu", stop_step(no, 1)), "step-over");
    // The code is spent: said, and nothing changes.
    t.clear();
    t.reply("icu", Channel::Sms, &format!("STOPP {c} x"));
    assert_eq!(noted(&t, NoteWord::StepOver), ["icu"]);
}

#[test]
fn lesson_36_another_time_is_another_notice() {
    let (mut t, no) = begun();
    let icu = Action::StepHave { incident: no, step: 1, function: None, yes: true, phone: false, reason: "".into() };
    t.act("icu", icu).unwrap();
    t.gateways_say = None;
    t.clear();
    let due = t.now + 3600;
    t.act("it", Action::StepMove { incident: no, step: 1, due, reason: "lunch".into() }).unwrap();
    assert_eq!(noted(&t, NoteWord::InterventionNotice), ["icu", "ed"]);
    t.advance(3600);
    assert_eq!(
        how(&t, no, 1),
        "open",
        "nobody was reached for the new time, and consent to the old one does not count"
    );
    t.act("it-led", Action::Stop { incident: no, message: None, false_alarm: false, reason: "falsklarm".into() })
        .unwrap();
    assert_eq!(how(&t, no, 1), "closed");
    assert!(noted(&t, NoteWord::InterventionStopped).contains(&"icu".into()));
}

#[test]
fn lesson_36_two_interventions_are_told_apart() {
    let (mut t, no) = begun();
    let due = t.now + 3600;
    t.act("it", own(no, StepKind::Intervention, "omstart", &["icu"], due)).unwrap();
    t.clear();
    t.reply("icu", Channel::Sms, "stopp");
    assert_eq!((how(&t, no, 1), how(&t, no, 2)), ("open", "open"));
    let asked = &t.notes_to("icu", NoteWord::WhichCode)[0].whole;
    assert!(asked.contains(&code(&t, no, 1)) && asked.contains(&code(&t, no, 2)), "{asked}");
    t.reply("ed", Channel::Sms, "stopp");
    assert_eq!((how(&t, no, 1), how(&t, no, 2)), ("stopped", "open"), "only one can be meant there");
}
