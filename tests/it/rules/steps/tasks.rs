//! Lessons 44 and 50: what an authority wants in time, and what was to be done and never was.

use super::*;

#[test]
fn lesson_50_a_task_that_nobody_takes_goes_to_the_deputy_and_stays_visible_until_it_is_done() {
    let plan = with_steps(|b| vec![rule(b, "patch", StepKind::Task, "it", &[], 8 * 3600)]);
    let mut t = Timeline::starting(DAY, plan);
    let no = slow(&mut t);
    assert_eq!(noted(&t, NoteWord::StepWanted), ["it"]);
    let text = &t.notes_to("it", NoteWord::StepWanted)[0].whole;
    assert!(
        text.contains("what=patch") && text.contains("deadline=17.45") && text.contains(&code(&t, no, 1)),
        "{text}"
    );
    t.clear();
    // An eighth of the time: nobody said "I have it".
    t.advance(3600);
    assert_eq!(noted(&t, NoteWord::StepReminder), ["it"]);
    assert_eq!(noted(&t, NoteWord::StepWanted), ["it-led"]);
    // The deputy takes it: nobody else is asked, and whoever took it is reminded at half time and at the last eighth.
    let c = code(&t, no, 1);
    t.reply("it-led", Channel::Sms, &format!("ja {c}"));
    assert_eq!(step_of(&t, no, 1).claimed(), t.plan().function_ix("it-led"));
    t.clear();
    t.advance(3 * 3600 + 60);
    assert_eq!((noted(&t, NoteWord::StepReminder), noted(&t, NoteWord::StepWanted)), (vec!["it-led".into()], vec![]));
    t.clear();
    t.advance(3 * 3600);
    assert_eq!(noted(&t, NoteWord::StepReminder), ["it-led"]);
    // The deadline passes, and the incident is over: the task is not.
    t.act("it-led", clear(no)).unwrap();
    t.clear();
    t.advance(3600);
    let late = noted(&t, NoteWord::StepLate);
    assert!(late.contains(&"it".into()) && late.contains(&"it-led".into()) && late.contains(&"tib".into()), "{late:?}");
    assert_eq!(step_of(&t, no, 1).late, 1);
    t.clear();
    t.advance(2 * 3600);
    assert!(!noted(&t, NoteWord::StepLate).is_empty(), "told again, a quarter of its time later");
    // It keeps its incident at hand for as long as it takes.
    t.advance(72 * 3600);
    assert!(t.state.incidents.contains_key(&no));
    t.clear();
    t.reply("it-led", Channel::Sms, &format!("KLAR {c} ärende 4711"));
    assert_eq!(how(&t, no, 1), "done");
    assert_eq!(t.notes_to("it-led", NoteWord::StepNoted).len(), 1);
    t.advance(48 * 3600);
    assert!(t.state.archived.contains_key(&no), "nothing holds it any more");
    assert!(noted(&t, NoteWord::StepLate).is_empty());
}

#[test]
fn lesson_44_a_clock_runs_from_the_report_and_ends_with_a_reference() {
    let plan = with_steps(|b| {
        let mut clock = rule(b, "gdpr", StepKind::Clock, "owner", &[], 0);
        (clock.within, clock.level) = (Within::Seconds(72 * 3600), LevelIx(1));
        vec![clock]
    });
    let mut t = Timeline::starting(DAY, plan);
    let no = t.ehr_down("degraded");
    assert!(t.inc(no).steps.is_empty(), "its level has not come");
    let opened = t.now;
    t.advance(2 * 3600);
    let raised = News { level: Some("outage".into()), next: Some(t.now + 10 * 24 * 3600), ..News::default() };
    t.act("tib", Action::Update { incident: no, news: raised }).unwrap();
    assert_eq!(step_of(&t, no, 1).new.due, opened + 72 * 3600);
    // A deadline of an authority can't be moved, and without a reference nothing was sent.
    let later = Action::StepMove { incident: no, step: 1, due: t.now + 90 * 3600, reason: "hinner inte".into() };
    assert_eq!(refused(&mut t, "owner", later), "cannot-move");
    assert_eq!(refused(&mut t, "owner", done(no, 1, "")), "no-reference");
    t.clear();
    let c = code(&t, no, 1);
    t.reply("owner", Channel::Sms, &format!("KLAR {c}"));
    assert_eq!((how(&t, no, 1), t.notes_to("owner", NoteWord::StepReminder).len()), ("open", 1));
    // Others can't end it.
    assert_eq!(refused(&mut t, "icu", done(no, 1, "dnr 1")), "not-yours");
    t.act("owner", done(no, 1, "dnr 2008-17")).unwrap();
    assert_eq!(refused(&mut t, "owner", done(no, 1, "dnr 2")), "step-over");
    t.clear();
    t.reply("owner", Channel::Sms, &format!("KLAR {c} dnr 3"));
    assert_eq!(t.notes_to("owner", NoteWord::StepOver).len(), 1);
    t.advance(80 * 3600);
    assert!(noted(&t, NoteWord::StepLate).is_empty());
}

#[test]
fn a_level_that_comes_again_begins_no_step_twice() {
    let plan = with_steps(|b| vec![rule(b, "patch", StepKind::Task, "it", &[], 8 * 3600)]);
    let mut t = Timeline::starting(DAY, plan);
    let no = t.ehr_down("degraded");
    for level in ["outage", "degraded", "outage"] {
        let news = News { level: Some(level.into()), ..News::default() };
        t.act("tib", Action::Update { incident: no, news }).unwrap();
    }
    assert_eq!(t.inc(no).steps.len(), 1);
}

#[test]
fn a_task_passed_on_is_asked_of_the_deputy_at_once_and_moves_with_the_shift() {
    let plan = with_steps(|b| vec![rule(b, "patch", StepKind::Task, "owner", &[], 8 * 3600)]);
    let mut t = Timeline::starting(DAY, plan);
    let no = slow(&mut t);
    t.clear();
    let c = code(&t, no, 1);
    t.reply("owner", Channel::Sms, &format!("NEJ {c} sjuk"));
    assert_eq!(noted(&t, NoteWord::StepWanted), ["it-led"]);
    assert_eq!(step_of(&t, no, 1).claimed(), None);
    // At night `it` holds the duty of the owner; the shift brings the task with it, with an answer of its own.
    t.advance(8 * 3600);
    t.clear();
    t.input(Input::Shift { functions: vec!["owner".into()] }).unwrap();
    assert_eq!(noted(&t, NoteWord::StepReminder), ["it"]);
    t.reply("it", Channel::Sms, &format!("ja {c}"));
    assert_eq!(step_of(&t, no, 1).claimed(), t.plan().function_ix("it"));
}

#[test]
fn what_outlives_its_incident_is_handed_on_at_the_shift() {
    let plan = with_steps(|b| vec![rule(b, "gdpr", StepKind::Clock, "owner", &[], 72 * 3600)]);
    let mut t = Timeline::starting(DAY, plan);
    let no = slow(&mut t);
    t.act("it-led", clear(no)).unwrap();
    t.clear();
    t.advance(10 * 3600);
    t.clear();
    t.input(Input::Shift { functions: vec!["owner".into(), "icu".into()] }).unwrap();
    assert_eq!(noted(&t, NoteWord::StepReminder), ["it"], "the holder at night");
    assert!(t.sent.iter().all(|s| s.message.is_none()), "nothing else of what is over");
}

#[test]
fn steps_of_ones_own_are_checked_before_they_are_kept() {
    let mut t = Timeline::by_day();
    let no = t.ehr_down("outage");
    let now = t.now;
    let cases = [
        ("it", own(no, StepKind::Task, "x", &[], now), "too-soon"),
        ("it", own(no, StepKind::Task, "x", &[], now + 400 * 24 * 3600), "too-late"),
        ("it", own(no, StepKind::Task, "", &[], now + 3600), "text-too-long"),
        ("it", own(no, StepKind::Task, &"x".repeat(161), &[], now + 3600), "text-too-long"),
        ("it", own(no, StepKind::Task, "a\u{202e}b", &[], now + 3600), "bad-text"),
        ("it", own(no, StepKind::Intervention, "x", &[], now + 3600), "missing"),
        ("it", own(no, StepKind::Intervention, "x", &["icu"], now + 60), "too-soon"),
        ("it", own(no, StepKind::Conference, "x", &["nobody"], now + 60), "unknown-function"),
        ("icu", own(no, StepKind::Redirection, "x", &[], now + 3600), "not-yours"),
        // Who reported does not say where patients go.
        ("it", own(no, StepKind::Redirection, "x", &[], now + 3600), "not-yours"),
        ("it", start(no, "patch"), "unknown-step"),
        ("it", Action::StepStart { incident: no, start: StepStart::default() }, "missing"),
        ("it", done(no, 1, ""), "unknown-step"),
        ("it", done(no, 0, ""), "unknown-step"),
        ("nobody", own(no, StepKind::Task, "x", &[], now + 3600), "unknown-function"),
    ];
    for (by, action, code) in cases {
        let what = format!("{action:?}");
        assert_eq!(refused(&mut t, by, action), code, "{what}");
    }
    assert!(t.inc(no).steps.is_empty());
    t.act("it", own(no, StepKind::Task, "Byt disk", &[], now + 3600)).unwrap();
    assert_eq!(step_of(&t, no, 1).new.owner, t.plan().function_ix("it").unwrap());
}

#[test]
fn steps_of_a_drill_end_with_it_and_are_marked() {
    let plan = with_steps(|b| {
        vec![
            rule(b, "gdpr", StepKind::Clock, "it", &[], 72 * 3600),
            rule(b, "divert", StepKind::Redirection, "tib", &["ed", "town"], 3600),
        ]
    });
    let mut t = Timeline::starting(DAY, plan);
    let no = t.report("it", Report { exercise: true, ..ehr_down("outage") });
    t.act("tib", start(no, "divert")).unwrap();
    assert!(t.sent.iter().all(|s| s.whole.starts_with("ÖVNING") || s.whole.starts_with("EXERCISE")));
    assert!(t.messages_to("town").is_empty(), "a drill never reaches the outside");
    assert!(!t.got("ed", Kind::Redirection { step: 1, over: false }).is_empty());
    t.act("tib", clear(no)).unwrap();
    assert_eq!((how(&t, no, 1), how(&t, no, 2)), ("closed", "closed"));
    t.clear();
    t.advance(80 * 3600);
    assert!(noted(&t, NoteWord::StepLate).is_empty());
    assert!(t.state.archived.contains_key(&no));
}
