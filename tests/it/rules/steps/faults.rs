//! Steps and answers where things go wrong: late, twice, forged, wrong address, one holder with many duties, a drill beside.

use super::*;

#[test]
fn rule_c3_a_bare_yes_is_no_answer_where_a_step_asked_too() {
    let plan = with_steps(|b| vec![rule(b, "patch", StepKind::Task, "it", &[], 8 * 3600)]);
    let mut t = Timeline::starting(DAY, plan);
    let no = slow(&mut t);
    t.clear();
    t.reply("it", Channel::Sms, "ja");
    assert_eq!((stands(&t, no, "it").as_str(), step_of(&t, no, 1).claimed()), ("waiting", None));
    let asked = &t.notes_to("it", NoteWord::WhichCode)[0].whole;
    assert!(asked.contains(&code(&t, no, 1)) && asked.contains('1'), "{asked}");
    let c = code(&t, no, 1);
    t.reply("it", Channel::Sms, &format!("ja {c}"));
    t.reply("it", Channel::Sms, "ja");
    assert_eq!(stands(&t, no, "it"), "answered by it", "the step is answered; only the alert is left");
}

#[test]
fn rule_c2_one_holder_with_many_duties_is_called_once_and_answers_for_all() {
    let plan = with_steps(|b| vec![rule(b, "bridge", StepKind::Conference, "cl", &["tib", "press", "owner", "it"], 0)]);
    let mut t = Timeline::starting(NIGHT, plan);
    let no = slow(&mut t);
    // At night tib holds press, and it holds owner.
    assert_eq!(t.notes_to("tib", NoteWord::ConferenceCall).len(), 2, "SMS and e-mail, once each");
    let c = code(&t, no, 1);
    t.reply("tib", Channel::Sms, &format!("ja {c}"));
    let there: Vec<String> =
        step_of(&t, no, 1).rounds[0].answers.keys().map(|f| t.plan().function(*f).id.to_string()).collect();
    assert_eq!(there, ["tib", "press"]);
}

#[test]
fn a_forged_or_foreign_answer_changes_no_step() {
    let plan = with_steps(|b| {
        vec![
            rule(b, "patch", StepKind::Task, "it", &[], 8 * 3600),
            rule(b, "bridge", StepKind::Conference, "tib", &["icu"], 0),
        ]
    });
    let mut t = Timeline::starting(DAY, plan);
    let no = slow(&mut t);
    let (patch, bridge) = (code(&t, no, 1), code(&t, no, 2));
    let before = t.inc(no).steps.clone();
    for (who, text) in [
        ("press", format!("KLAR {patch} x")),
        ("press", format!("ja {bridge}")),
        ("icu", format!("KLAR {patch} x")),
        ("icu", "KLAR 1".to_owned()),
        ("icu", "KLAR".to_owned()),
        ("icu", "FRAMME 1".to_owned()),
        ("icu", format!("VÄNTA {bridge}")),
        ("icu", "ja 000000".to_owned()),
        ("icu", format!("ja {bridge}9")),
    ] {
        t.reply(who, Channel::Sms, &text);
        assert_eq!(t.inc(no).steps, before, "{who}: {text}");
    }
}

#[test]
fn a_step_code_is_no_guess_at_an_approval() {
    let plan = with_steps(|b| vec![rule(b, "patch", StepKind::Task, "kib", &[], 8 * 3600)]);
    let mut t = Timeline::starting(DAY, plan);
    let no = t.ehr_down("major");
    let c = code(&t, no, 1);
    t.act("tib", done(no, 1, "x")).unwrap();
    for _ in 0..6 {
        t.reply("kib", Channel::Sms, &format!("ja {c}"));
    }
    let (_, a) = t.waiting(no, "icu").unwrap();
    assert_eq!((a.wrong, a.blocked), (0, false));
}

#[test]
fn rule_d1_a_drill_beside_an_incident_shares_no_bare_arrival_and_no_bare_stop() {
    let plan = region_with(|b| {
        let row = Row { arrive_within_s: Some(2700), ..b.row(&["icu"], &[Channel::Sms]) };
        let clean = rule(b, "clean", StepKind::Intervention, "it", &["icu"], 7200);
        let book = b.plan.playbooks.get_mut(&"dictation-slow".into()).unwrap();
        book.levels[0].notify = vec![row];
        book.steps = vec![clean];
    });
    let mut t = Timeline::starting(DAY, plan);
    let drill = t.report("desk", Report { playbook: "dictation-slow".into(), exercise: true, ..Report::default() });
    t.act("it", start(drill, "clean")).unwrap();
    let real = slow(&mut t);
    t.act("it", start(real, "clean")).unwrap();
    // The real one broke the drill off (RULES D16), with its steps: a bare stop can only be of the real one.
    assert_eq!((how(&t, real, 1), how(&t, drill, 1)), ("open", "closed"));
    t.reply("icu", Channel::Sms, "stopp Ö-1");
    assert_eq!((how(&t, real, 1), how(&t, drill, 1)), ("open", "closed"));
    t.reply("icu", Channel::Sms, "stopp");
    assert_eq!((how(&t, real, 1), how(&t, drill, 1)), ("stopped", "closed"));
    assert!(t.inc(drill).arrivals.is_empty());
}

#[test]
fn rule_d8_an_owner_whose_own_text_waits_for_approval_is_told_at_once_and_which_systems() {
    let plan = region_with(|b| {
        let icu = b.function_ix("icu");
        let mut far = b.plan.systems[1].clone();
        (far.id, far.owner, far.needs_systems) = ("pumps".into(), icu, vec!["lab-system".into()]);
        far.title = said("pumps");
        b.plan.systems.push(far);
    });
    let mut t = Timeline::starting(DAY, plan);
    let no = t.ehr_down("major");
    // The row of the ICU waits for KiB; the ICU owns something that hangs on what failed.
    assert!(t.waiting(no, "icu").is_some());
    assert!(!t.got("icu", Kind::Alert).is_empty());
    let note = &t.notes_to("icu", NoteWord::DependentDown)[0].whole;
    assert!(note.contains("system=pumps;") && note.contains("number=1-1"), "{note}");
    assert!(!t.notes_to("lab", NoteWord::DependentDown).is_empty());
    assert!(t.notes_to("owner", NoteWord::DependentDown).is_empty(), "the owner of what failed reads it in the alert");
    // The approval brings the text to the others of that row; the ICU is not told twice.
    t.clear();
    t.advance(600);
    let again = t.messages_to("icu").into_iter().filter(|s| s.channel == Channel::Sms && s.flags == 0);
    assert_eq!(again.count(), 0, "only reminders, and the paths that the owner's row did not take");
    // Its row asks for more than the wish to an owner did: silence escalates.
    assert_eq!((t.ask(no, "icu").rule, stands(&t, no, "icu").as_str()), (AnswerRule::Required, "waiting"));
    assert!(!t.got("ed", Kind::Alert).is_empty());
}

#[test]
fn what_fell_due_while_the_program_was_down_comes_once_at_once() {
    let plan = with_steps(|b| {
        vec![
            rule(b, "patch", StepKind::Task, "it", &[], 3600),
            rule(b, "divert", StepKind::Redirection, "tib", &["ed"], 3600),
            rule(b, "clean", StepKind::Intervention, "it", &["icu"], 3600),
        ]
    });
    let mut t = Timeline::starting(DAY, plan);
    t.gateways_say = Some(vardkase::domain::delivery::DeliveryState::Delivered);
    let no = slow(&mut t);
    t.act("tib", start(no, "divert")).unwrap();
    t.act("it", start(no, "clean")).unwrap();
    t.clear();
    t.now = t.now + 10 * 3600;
    t.input(Input::Due).unwrap();
    assert_eq!(how(&t, no, 2), "over");
    assert_eq!(how(&t, no, 3), "begun");
    assert_eq!(step_of(&t, no, 1).late, 1);
    let late: Vec<_> = t.notes_to("tib", NoteWord::StepLate);
    assert_eq!(late.iter().filter(|s| s.channel == Channel::Sms).count(), 1);
    t.input(Input::Due).unwrap();
    assert_eq!(step_of(&t, no, 1).late, 1, "once");
}

#[test]
fn an_incident_that_goes_on_by_another_plan_keeps_its_steps() {
    let plan = with_steps(|b| vec![rule(b, "patch", StepKind::Task, "it", &[], 3600)]);
    let mut t = Timeline::starting(DAY, plan.clone());
    let no = slow(&mut t);
    let c = code(&t, no, 1);
    t.reply("it", Channel::Sms, &format!("ja {c}"));
    let mut moved = plan;
    moved.hash = "other".into();
    t.input(Input::NewPlan(std::sync::Arc::new(moved))).unwrap();
    t.act("it-led", Action::Adopt { incident: no }).unwrap();
    assert_eq!(step_of(&t, no, 1).claimed(), t.plan().function_ix("it"));
    t.act("it", done(no, 1, "")).unwrap();
}

#[test]
fn the_limit_of_steps_is_said() {
    let mut t = Timeline::by_day();
    let no = slow(&mut t);
    let due = t.now + 3600;
    for _ in 0..vardkase::domain::incident::steps::STEPS_MAX {
        t.act("it", own(no, StepKind::Task, "x", &[], due)).unwrap();
    }
    assert_eq!(refused(&mut t, "it", own(no, StepKind::Task, "x", &[], due)), "too-many-steps");
    let opened = t
        .events
        .iter()
        .filter(|(_, e)| matches!(e, Event::Incident { change, .. } if matches!(**change, Change::StepOpened { .. })));
    assert_eq!(opened.count(), vardkase::domain::incident::steps::STEPS_MAX);
    let _ = have(no, 1, true);
}
