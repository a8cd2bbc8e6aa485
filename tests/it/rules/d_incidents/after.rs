//! D20: what people write after an incident or a drill, or of one that goes on.

use super::*;
use vardkase::domain::day::Day;
use vardkase::domain::drills::*;
use vardkase::domain::incident::after::*;
use vardkase::domain::lang::L10n;
use vardkase::domain::private::Private;
use vardkase::domain::report::*;
use vardkase::domain::time::At;
use vardkase::domain::view;

/// A drill with one objective, led by `it`.
fn drill(t: &mut Timeline) -> IncidentNo {
    let aim =
        Objective { capability: L10n::of([(Lang::SV, "Nås"), (Lang::EN, "Reached")]), percent: 90, within_s: 900 };
    let drill = Drill {
        id: Some("trial".into()),
        title: L10n::of([(Lang::SV, "Prov"), (Lang::EN, "Trial")]),
        kind: DrillKind::CommunicationTest,
        leads: vec!["it".into()],
        to: ["it", "desk", "kib", "tib"].map(FunctionId::from).to_vec(),
        objectives: vec![aim],
        ..Drill::default()
    };
    let order = DrillOrder { report: ehr_down("outage"), drill };
    let events = t.act("it", Action::DrillStart(Box::new(order))).unwrap();
    events.iter().find_map(Event::incident).unwrap()
}

fn over(t: &mut Timeline, abort: bool) -> IncidentNo {
    let no = drill(t);
    t.advance(1_200);
    t.act("it", Action::DrillEnd { incident: no, abort }).unwrap();
    no
}

fn day(text: &str) -> Day {
    text.parse().unwrap()
}

fn improving(action: &str, owner: &str, due: &str) -> Improving {
    Improving { action: Some(action.into()), owner: Some(owner.into()), due: Some(day(due)), ..Improving::default() }
}

fn improve(no: IncidentNo, id: Option<u32>, improvement: Improving) -> Action {
    Action::Improve { incident: no, id, improvement }
}

fn remark(no: IncidentNo, text: &str) -> Action {
    remark_of(no, RemarkKind::Observation, [text, "", "", ""])
}

fn remark_of(no: IncidentNo, kind: RemarkKind, words: [&str; 4]) -> Action {
    let [text, reference, analysis, recommendation] = words.map(Private::from);
    Action::Remark { incident: no, kind, text, reference, analysis, recommendation }
}

fn feedback(no: IncidentNo, change: &str) -> Action {
    Action::Feedback {
        incident: no,
        went_well: Private::default(),
        went_badly: Private::default(),
        change: change.into(),
    }
}

fn none_needed(no: IncidentNo) -> Action {
    Action::NoImprovement { incident: no, reason: "allt gick som tänkt".into() }
}

fn done(no: IncidentNo, id: u32, verified: &str) -> Action {
    Action::ImprovementDone { incident: no, id, verified: verified.into() }
}

fn code(t: &mut Timeline, by: &str, action: Action) -> &'static str {
    t.act(by, action).unwrap_err().code
}

fn after(t: &Timeline, no: IncidentNo) -> &After {
    &t.state.after[&no]
}

/// Seconds in so many days.
fn days(n: u32) -> u32 {
    n * 86_400
}

#[test]
fn rule_d20_a_plan_is_written_when_it_is_over_and_remarks_while_it_goes_on() {
    let mut t = Timeline::by_day();
    let no = drill(&mut t);
    assert_eq!(code(&mut t, "it", improve(no, None, improving("Nytt modem", "it", "2009-03-01"))), "not-over");
    assert_eq!(code(&mut t, "it", none_needed(no)), "not-over");
    t.act("kib", remark(no, "  Alla svarade\r\ntill slut ")).unwrap();
    t.act("tib", feedback(no, "Ring avdelningen först")).unwrap();
    assert_eq!(after(&t, no).remarks[0].what.text.as_str(), "Alla svarade\ntill slut");
    t.act("it", Action::DrillEnd { incident: no, abort: false }).unwrap();
    t.act("it", improve(no, None, improving("Nytt modem", "kib", "2009-03-01"))).unwrap();
    t.act("desk", remark(no, "En sak till")).unwrap();
    let a = after(&t, no);
    assert_eq!((a.remarks.len(), a.feedback.len(), a.improvements.len()), (2, 1, 1));
    // A real one alike.
    let real = t.ehr_down("outage");
    assert_eq!(code(&mut t, "it", improve(real, None, improving("Nytt modem", "it", "2009-03-01"))), "not-over");
    t.act("it", clear(real)).unwrap();
    t.act("it", improve(real, None, improving("Nytt modem", "it", "2009-03-01"))).unwrap();
    assert_eq!(code(&mut t, "it", remark(IncidentNo::actual(99), "x")), "unknown-incident");
}

#[test]
fn rule_d20_it_may_be_written_after_it_left_memory_and_says_who_wrote() {
    let mut t = Timeline::by_day();
    let no = over(&mut t, false);
    t.advance(days(2));
    assert!(t.state.incidents.is_empty());
    let events = t.act("it", improve(no, None, improving("Nytt modem", "kib", "2009-03-01"))).unwrap();
    let [Event::After { by: Some(by), who: Some(who), .. }] = &events[..] else { panic!("{events:?}") };
    assert_eq!((by.as_str(), who.0.as_str()), ("it", "account it"));
    assert_eq!(events[0].incident(), Some(no));
    t.act("tib", feedback(no, "Färre texter")).unwrap();
}

#[test]
fn rule_d20_only_who_led_plans_and_the_owner_says_that_it_is_done() {
    let mut t = Timeline::by_day();
    let no = over(&mut t, false);
    let plan = improving("Nytt modem", "desk", "2009-03-01");
    let refused = t.act("desk", improve(no, None, plan.clone())).unwrap_err();
    assert_eq!(refused.code, "not-yours");
    assert!(refused.given("may").to_string().contains("it"), "{refused}");
    t.act("it", improve(no, None, plan)).unwrap();
    let drop = Action::ImprovementDropped { incident: no, id: 1, reason: "för dyrt".into() };
    let rate = Action::Rate { incident: no, objective: 1, rating: Rating::Unable, reason: "för sent".into() };
    for action in [drop, rate, none_needed(no)] {
        assert_eq!(code(&mut t, "desk", action), "not-yours");
    }
    assert_eq!(code(&mut t, "desk", done(no, 1, "  ")), "not-verified");
    assert_eq!(code(&mut t, "desk", done(no, 2, "övning 7")), "unknown-improvement");
    t.act("desk", done(no, 1, "övning 7")).unwrap();
    let first = after(&t, no).improvement(1).unwrap();
    assert_eq!((first.progress, first.verified.as_str()), (Progress::Done, "övning 7"));
}

#[test]
fn rule_d20_an_improvement_says_what_who_and_by_when_and_a_change_opens_it_again() {
    let mut t = Timeline::by_day();
    let no = over(&mut t, false);
    let whole = improving("Nytt modem", "kib", "2009-03-01");
    for (lacking, wanted) in [
        (Improving { action: None, ..whole.clone() }, "improvement-lacks"),
        (Improving { owner: None, ..whole.clone() }, "improvement-lacks"),
        (Improving { due: None, ..whole.clone() }, "improvement-lacks"),
        (Improving { owner: Some("nobody".into()), ..whole.clone() }, "unknown-function"),
        (Improving { start: Some(day("2009-03-02")), ..whole.clone() }, "due-before-start"),
        (Improving { issue: Some("x".repeat(AFTER_CHARS_MAX + 1).into()), ..whole.clone() }, "bad-text"),
        (Improving { issue: Some("a\u{7}b".into()), ..whole.clone() }, "bad-text"),
    ] {
        assert_eq!(code(&mut t, "it", improve(no, None, lacking)), wanted);
    }
    assert_eq!(code(&mut t, "it", improve(no, Some(1), whole.clone())), "unknown-improvement");
    t.act("it", improve(no, None, whole.clone())).unwrap();
    t.act("it", done(no, 1, "övning 7")).unwrap();
    assert_eq!(code(&mut t, "it", improve(no, Some(1), Improving::default())), "improvement-lacks");
    assert_eq!(after(&t, no).improvement(1).unwrap().progress, Progress::Done, "nothing was said, nothing is done");
    for bad in ["0000-01-01", "2008-12-17", "2019-01-01", "9999-12-31"] {
        let bad = Improving { due: Some(day(bad)), ..Improving::default() };
        assert_eq!(code(&mut t, "it", improve(no, Some(1), bad)), "bad-input");
    }
    let later = Improving { due: Some(day("2009-04-01")), ..Improving::default() };
    t.act("it", improve(no, Some(1), later)).unwrap();
    let first = after(&t, no).improvement(1).unwrap().clone();
    assert_eq!((first.action.as_str(), first.owner.as_str()), ("Nytt modem", "kib"), "what was not said stays");
    assert_eq!((first.due, first.progress, first.verified.is_empty()), (day("2009-04-01"), Progress::Open, true));
    for _ in 1..IMPROVEMENTS_MAX {
        t.act("it", improve(no, None, whole.clone())).unwrap();
    }
    assert_eq!(code(&mut t, "it", improve(no, None, whole.clone())), "after-full");
    t.act("it", improve(no, Some(7), whole)).unwrap();
    assert_eq!(after(&t, no).improvements.len(), IMPROVEMENTS_MAX);
}

#[test]
fn rule_d20_feedback_of_a_function_is_replaced_by_its_next_and_says_something() {
    let mut t = Timeline::by_day();
    let no = over(&mut t, false);
    assert_eq!(code(&mut t, "tib", feedback(no, " ")), "bad-text");
    t.act("tib", feedback(no, "Färre texter")).unwrap();
    t.act("kib", feedback(no, "Fler texter")).unwrap();
    t.act("tib", feedback(no, "Kortare texter")).unwrap();
    let said: Vec<_> = after(&t, no).feedback.iter().map(|(f, said)| (f.as_str(), said.what.change.as_str())).collect();
    assert_eq!(said, [("kib", "Fler texter"), ("tib", "Kortare texter")]);
    // Sent once more it changes nothing; a link is enough to say it, and fills no disk.
    assert!(t.act("tib", feedback(no, "Kortare texter")).unwrap().is_empty());
    for n in 2..FEEDBACK_AGAIN_MAX {
        t.act("tib", feedback(no, &format!("Text {n}"))).unwrap();
    }
    assert_eq!(code(&mut t, "tib", feedback(no, "Text")), "after-full");
    t.act("kib", feedback(no, "Text")).unwrap();
}

#[test]
fn rule_d20_none_is_needed_where_none_is_planned() {
    let mut t = Timeline::by_day();
    let no = over(&mut t, false);
    t.act("it", none_needed(no)).unwrap();
    t.act("it", improve(no, None, improving("Nytt modem", "kib", "2009-03-01"))).unwrap();
    assert!(after(&t, no).none_needed.is_none(), "the plan stands instead");
    assert_eq!(code(&mut t, "it", none_needed(no)), "improvements-planned");
}

#[test]
fn rule_d20_a_rating_by_hand_needs_a_reason_and_stands_beside_the_computed_one() {
    let mut t = Timeline::by_day();
    let no = over(&mut t, false);
    let rate = |objective, reason: &str| Action::Rate {
        incident: no,
        objective,
        rating: Rating::SomeChallenges,
        reason: reason.into(),
    };
    assert_eq!(code(&mut t, "it", rate(1, "")), "no-reason");
    for objective in [0, 2] {
        assert_eq!(code(&mut t, "it", rate(objective, "x")), "unknown-objective");
    }
    t.act("it", rate(1, "svar kom per telefon")).unwrap();
    let report = report(&t, no);
    let objective = &report.objectives[0];
    assert_eq!(objective.rating, Some(Rating::Unable), "as it was computed");
    let hand = objective.by_hand.as_ref().unwrap();
    assert_eq!((hand.rating, hand.reason.as_str()), (Rating::SomeChallenges, "svar kom per telefon"));
}

/// The report with what was written, as it is shown.
fn report(t: &Timeline, no: IncidentNo) -> AfterReport {
    let mut reading = Reading::new(no, t.plan());
    for (at, event) in &t.events {
        if let Event::Incident { no: of, change } = event
            && *of == no
        {
            reading.see(*at, change).unwrap();
        }
    }
    let report = reading.report(RecordSeal::default()).unwrap();
    report.with_written(after(t, no), &t.state.plan, t.now)
}

/// Texts that say that the plan is missing, with the moment.
fn told(t: &Timeline) -> Vec<(At, String)> {
    let notes = t.state.system_notes.iter().filter(|(_, n)| n.word == NoteWord::PlanMissing);
    notes.map(|(_, n)| (n.at, n.text.as_str().to_owned())).collect()
}

#[test]
fn rule_d20_a_missing_plan_is_told_twice_by_day_and_then_no_more() {
    let mut t = Timeline::by_day();
    let no = over(&mut t, false);
    let ended = Day::of(t.now, &t.state.plan.calendar);
    t.advance(days(22));
    assert!(told(&t).is_empty());
    t.advance(days(2));
    let first = told(&t);
    assert!(!first.is_empty(), "seven days before it is due");
    let calendar = t.state.plan.calendar.clone();
    assert_eq!(Some(first[0].0), ended.later(23).at_hour(9, &calendar));
    assert!(first[0].1.contains(&format!("day={}", ended.later(30))), "{first:?}");
    t.advance(days(7));
    let kept = t.state.after[&no].told_missing;
    assert_eq!(
        (kept, told(&t).iter().filter(|n| Some(n.0) == ended.later(30).at_hour(9, &calendar)).count() > 0),
        (2, true)
    );
    let count = t.events.len();
    t.advance(days(400));
    assert_eq!(t.events.len(), count, "nothing more is told");
}

#[test]
fn rule_d20_nothing_is_told_where_a_plan_is_or_none_is_due() {
    for planned in [
        |t: &mut Timeline, no| drop(t.act("it", improve(no, None, improving("Nytt modem", "it", "2012-01-01")))),
        |t: &mut Timeline, no| drop(t.act("it", none_needed(no))),
    ] {
        let mut t = Timeline::by_day();
        let no = over(&mut t, false);
        planned(&mut t, no);
        t.advance(days(40));
        assert_eq!((t.state.after[&no].told_missing, told(&t).len()), (0, 0));
    }
    // What was broken off was not carried out, and what was merged goes on elsewhere.
    let mut t = Timeline::by_day();
    let aborted = over(&mut t, true);
    t.advance(days(40));
    assert_eq!((t.state.after[&aborted].told_missing, told(&t).len()), (0, 0));
}

#[test]
fn rule_d20_after_a_long_stop_nobody_hears_of_what_was_due_long_ago() {
    let mut t = Timeline::by_day();
    let no = over(&mut t, false);
    t.now = t.now + days(60);
    t.input(Input::Due).unwrap();
    assert_eq!((t.state.after[&no].told_missing, told(&t).len()), (2, 0));
}

#[test]
fn rule_d20_after_a_stop_it_is_told_once_and_nobody_is_woken() {
    // At three in the night of the day after it was due, and of the day before.
    for (later, hour, mails_only) in [(31, 3, true), (29, 3, true), (31, 12, false)] {
        let mut t = Timeline::by_day();
        let no = over(&mut t, false);
        let calendar = t.state.plan.calendar.clone();
        t.now = Day::of(t.now, &calendar).later(later).at_hour(hour, &calendar).unwrap();
        t.input(Input::Due).unwrap();
        let notes: Vec<_> = t.state.system_notes.iter().filter(|(_, n)| n.word == NoteWord::PlanMissing).collect();
        let points = notes.len();
        let mails = notes.iter().filter(|(_, n)| t.state.plan.point(n.send.point).channel == Channel::Email).count();
        assert_eq!(t.state.after[&no].told_missing, if later > 30 { 2 } else { 1 });
        assert!(points == mails || !mails_only, "{later}: {points} {mails}");
        t.advance(60);
        assert_eq!(told(&t).len(), points, "once");
    }
}

#[test]
fn rule_d20_what_is_overdue_stands_before_its_owner_and_who_led() {
    let mut t = Timeline::by_day();
    let no = over(&mut t, false);
    let tomorrow = Day::of(t.now, &t.state.plan.calendar).later(1).to_string();
    t.act("it", improve(no, None, improving("Nytt modem", "kib", &tomorrow))).unwrap();
    let waits = |t: &Timeline, who: &str| {
        let all = view::obligations(&t.state, &who.into(), t.now);
        all.iter().filter(|o| matches!(&o.what, view::What::Improvement(i) if i.incident == no && i.id == 1)).count()
    };
    t.advance(days(1));
    assert_eq!([waits(&t, "kib"), waits(&t, "it")], [0, 0], "its day is not over yet");
    t.advance(days(1));
    assert_eq!(["kib", "it", "desk"].map(|who| waits(&t, who)), [1, 1, 0]);
    assert_eq!(view::status(&t.state, t.now).improvements_overdue.len(), 1);
    t.act("kib", done(no, 1, "övning 7")).unwrap();
    assert_eq!(["kib", "it"].map(|who| waits(&t, who)), [0, 0]);
    assert_eq!(view::status(&t.state, t.now).improvements_overdue, []);
}

#[test]
fn rule_d20_what_is_forgotten_takes_all_words_with_it_and_no_more_are_taken() {
    let mut t = Timeline::by_day();
    let no = over(&mut t, false);
    let words = Improving { issue: Some("hemligt".into()), ..improving("hemligt", "kib", "2012-01-01") };
    t.act("it", improve(no, None, words)).unwrap();
    t.act("it", remark(no, "hemligt")).unwrap();
    t.act("tib", feedback(no, "hemligt")).unwrap();
    let rate = Action::Rate { incident: no, objective: 1, rating: Rating::Unable, reason: "hemligt".into() };
    t.act("it", rate).unwrap();
    t.advance(days(2));
    let whole = serde_json::to_string(&report(&t, no).written).unwrap();
    assert!(whole.contains("hemligt"));
    t.input(Input::LeaveMemory { incident: no, by: None }).unwrap();
    let left = report(&t, no);
    let (kept, objectives) =
        (serde_json::to_string(&left.written).unwrap(), serde_json::to_string(&left.objectives).unwrap());
    assert!(!kept.contains("hemligt") && !objectives.contains("hemligt"), "{kept} {objectives}");
    assert_eq!((left.written.improvements.len(), left.written.forgotten), (1, true));
    // Nobody can say any more that it is done: it is nobody's task.
    t.advance(days(1_200));
    assert!(after(&t, no).improvements[0].what.is_overdue(Day::of(t.now, &t.state.plan.calendar)));
    assert_eq!(view::status(&t.state, t.now).improvements_overdue, []);
    assert_eq!(report(&t, no).written.counts().2, 0);
    for action in [remark(no, "x"), feedback(no, "x"), done(no, 1, "x")] {
        assert_eq!(code(&mut t, "it", action), "after-forgotten");
    }
    let events = t.input(Input::LeaveMemory { incident: no, by: None }).unwrap();
    assert!(events.is_empty(), "once");
}

#[test]
fn rule_d20_so_many_are_at_hand_and_the_oldest_that_is_settled_gives_way() {
    let mut t = Timeline::by_day();
    let first = over(&mut t, false);
    t.act("it", improve(first, None, improving("Nytt modem", "kib", "2012-01-01"))).unwrap();
    let at = t.now;
    let said = |n: u32| Event::After {
        incident: IncidentNo::actual(n),
        by: None,
        who: None,
        change: Box::new(AfterChange::PlanMissing(1)),
    };
    let ended = after(&t, first).ended.clone().unwrap();
    t.advance(days(2));
    let mut state = t.state.clone();
    for n in 1..=u32::try_from(AFTER_INCIDENTS_MAX).unwrap() + 5 {
        state.apply(at, &said(n)).unwrap();
        state.after.get_mut(&IncidentNo::actual(n)).unwrap().ended = Some(Ended { at: at + n, ..ended.clone() });
    }
    assert_eq!(state.after.len(), AFTER_INCIDENTS_MAX);
    assert!(state.after.contains_key(&first), "an improvement of it is still to be made");
    assert!(!state.after.contains_key(&IncidentNo::actual(1)));
    state.after.remove(&first);
    let written = Input::Command { who: None, by: "it".into(), action: Box::new(remark(first, "x")) };
    let refused = vardkase::domain::incident::decide::decide(&mut state, &written, t.now, [0; 16]).unwrap_err();
    assert_eq!(refused.code, "after-not-kept");
}

#[test]
fn rule_d20_what_can_be_better_says_what_it_is_about_why_and_what_should_be_done() {
    let mut t = Timeline::by_day();
    let no = drill(&mut t);
    let more = ["Två svarade sent", " regel D3 ", "De väntade på växeln", "Skriv numret i kortet"];
    for kind in [RemarkKind::Strength, RemarkKind::Observation] {
        assert_eq!(code(&mut t, "kib", remark_of(no, kind, more)), "remark-says-more");
    }
    t.act("kib", remark_of(no, RemarkKind::Improve, more)).unwrap();
    t.act("kib", remark_of(no, RemarkKind::Improve, ["Bara det", "", "", ""])).unwrap();
    let said = &after(&t, no).remarks[0].what;
    let said = [&said.text, &said.reference, &said.analysis, &said.recommendation].map(Private::as_str);
    assert_eq!(said, more.map(str::trim));
    let long = "x".repeat(AFTER_CHARS_MAX + 1);
    assert_eq!(code(&mut t, "kib", remark_of(no, RemarkKind::Improve, ["x", "", &long, ""])), "bad-text");
    // Each stands in the report under a name of its own, and a remark without them says nothing of them.
    let report = report(&t, no);
    let on = vardkase::paper::Occasion { lang: Lang::SV, now: t.now, fictional: true, training: false };
    let said = vardkase::paper::text(&vardkase::paper::report::sheet(&report, on));
    for (label, words) in [("Regel", "regel D3"), ("Varför", "De väntade"), ("Rekommendation", "Skriv numret")] {
        assert!(said.contains(label) && said.matches(words).count() == 1, "{label}: {said}");
    }
    let json = serde_json::to_value(&report.written.remarks).unwrap();
    assert!(json[0]["analysis"] == "De väntade på växeln" && json[1].get("analysis").is_none(), "{json}");
}

#[test]
fn rule_d20_what_nobody_sees_and_turns_the_words_around_is_refused() {
    let mut t = Timeline::by_day();
    let no = over(&mut t, false);
    for sign in ['\u{202a}', '\u{202e}', '\u{2066}', '\u{2069}', '\u{200f}', '\u{7}'] {
        let text = format!("Bra{sign} gjort");
        for action in [
            remark(no, &text),
            remark_of(no, RemarkKind::Improve, ["x", "", "", &text]),
            feedback(no, &text),
            improve(no, None, improving(&text, "it", "2009-03-01")),
        ] {
            let refused = t.act("it", action).unwrap_err();
            assert_eq!((refused.code, refused.given("at").to_string().as_str()), ("bad-text", "4"), "{refused}");
        }
    }
    // What people paste from a telephone stays: it turns nothing around.
    t.act("it", remark(no, "Bra\u{a0}gjort \u{2764}\u{fe0f}")).unwrap();
}

/// Whatever somebody types is a text, in every form.
#[test]
fn what_people_write_is_a_text_in_every_form() {
    use vardkase::paper::report::{csv, sheet, xlsx};
    use vardkase::paper::{Occasion, Style, html, pdf, text};
    let hostile = "=HYPERLINK(\"http://x\",\"y\")<script>alert(1)</script>\n@SUM(A1) åäö 🚑";
    let mut t = Timeline::by_day();
    let no = over(&mut t, false);
    let words = Improving {
        capability: Some(hostile.into()),
        issue: Some(format!("-{hostile}").into()),
        start: Some(day("2009-01-01")),
        ..improving(hostile, "kib", "2012-01-01")
    };
    t.act("it", improve(no, None, words)).unwrap();
    t.act("it", Action::ImprovementDropped { incident: no, id: 1, reason: hostile.into() }).unwrap();
    for kind in RemarkKind::ALL {
        let more = if kind == RemarkKind::Improve { hostile } else { "" };
        t.act("kib", remark_of(no, kind, [hostile, more, more, more])).unwrap();
    }
    t.act("tib", feedback(no, hostile)).unwrap();
    t.act("it", Action::Rate { incident: no, objective: 1, rating: Rating::Unable, reason: hostile.into() }).unwrap();
    let report = report(&t, no);
    for lang in [Lang::SV, Lang::EN] {
        let on = Occasion { lang, now: t.now, fictional: true, training: false };
        let page = html(&sheet(&report, on), Style::Within).unwrap();
        assert!(
            !page.contains("<script>alert") && page.contains("&#60;script") || page.contains("&lt;script"),
            "{page}"
        );
        let said = text(&sheet(&report, on));
        for word in ["HYPERLINK", if lang == Lang::SV { "Det som ska bli bättre" } else { "What is to be better" }] {
            assert!(said.contains(word), "{said}");
        }
        assert!(pdf(&sheet(&report, on)).is_ok_and(|bytes| bytes.starts_with(b"%PDF")));
        assert!(xlsx(&report, lang).starts_with(b"PK"));
    }
    let lines = csv(&report);
    assert!(lines.contains("improvement,1,action,\"'=HYPERLINK("), "{lines}");
    for more in ["reference", "analysis", "recommendation"] {
        assert!(lines.contains(&format!("remark,2,{more},\"'=HYPERLINK(")), "{lines}");
    }
    assert!(lines.contains("feedback,tib,change,\"'=HYPERLINK("), "{lines}");
    for line in lines.lines().filter(|l| l.contains("HYPERLINK") && l.contains(',')) {
        assert!(!line.contains(",=HYPERLINK") && !line.contains(",\"=HYPERLINK"), "{line}");
    }
}
