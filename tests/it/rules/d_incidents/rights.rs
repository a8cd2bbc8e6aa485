//! D3: who may do what. Every function of the region tries every command; those that must not are refused with the reason.

use std::sync::Arc;

use super::*;
use vardkase::domain::incident::codes::CodeFor;
use vardkase::domain::incident::decide::decide as decide_now;

/// Every function tries; exactly `may` get through, everybody else hears why not and who may.
fn only_these(t: &Timeline, action: &Action, may: &[&str]) {
    let plan = t.plan();
    for f in &plan.functions {
        let mut copy = t.state.clone();
        let input = Input::Command { who: None, by: f.id.clone(), action: Box::new(action.clone()) };
        let result = decide_now(&mut copy, &input, t.now, [9; 16]);
        if may.contains(&f.id.as_str()) {
            assert!(result.is_ok(), "{} may: {action:?}: {result:?}", f.id);
        } else {
            let refused = result.map(|_| ()).expect_err(&format!("{} may not: {action:?}", f.id));
            assert_eq!(refused.code, "not-yours", "{}: {action:?}: {refused:?}", f.id);
            assert_eq!(refused.given("by").to_string(), f.id.as_str(), "{refused:?}");
            let named = ["may", "asked", "owners"].map(|list| refused.given(list).to_string());
            assert!(may.iter().any(|m| named.iter().any(|n| n.contains(m))), "names one who may: {refused:?}");
            assert!(copy == t.state, "a refusal changes nothing");
        }
    }
}

/// Reports by `desk`, so that the reporter is nobody who may for another reason.
fn reported(t: &mut Timeline, level: &str) -> IncidentNo {
    t.report("desk", ehr_down(level))
}

/// `command`, the reporter, the owner of what is down.
const LEAD: &[&str] = &["tib", "it-led", "cl", "kib", "desk", "owner"];

#[test]
fn rule_d3_any_duty_reports_into_staff_mode() {
    let plan = super::super::region::plan().plan;
    for f in &plan.functions {
        let mut t = Timeline::by_day();
        t.report(f.id.as_str(), ehr_down("outage"));
        assert_eq!(mode_at(&t, "FS"), 1, "{}", f.id);
    }
}

#[test]
fn rule_d3_approve_reject_and_change_are_for_who_was_asked() {
    let mut t = Timeline::by_day();
    let no = reported(&mut t, "major");
    let number = t.inc(no).number(t.waiting(no, "icu").unwrap().0.message);
    let fingerprint = t.inc(no).message(number.seq).unwrap().texts[&Lang::SV].fingerprint;
    only_these(&t, &Action::Approve { number, fingerprint, entry: None, works: true }, &["kib"]);
    only_these(&t, &Action::Reject { number, reason: "fel".into(), replacement: None }, &["kib"]);
    only_these(&t, &Action::Change { number, texts: [(Lang::SV, "LARM: annat".into())].into() }, &["kib"]);
    only_these(&t, &Action::Wait { number }, &["kib"]);
    only_these(&t, &Action::Reviewed { number, lang: Lang::EN }, &["kib"]);
    only_these(&t, &Action::BreakGlass { number, reason: "nu".into() }, LEAD);
}

#[test]
fn rule_d3_ack_and_pass_on_are_for_who_was_asked_and_unack_for_who_answered_or_leads() {
    let mut t = Timeline::by_day();
    let no = reported(&mut t, "outage");
    let ack = Action::Ack { incident: no, message: None, function: "it".into(), phone: false, paper: false, at: None };
    only_these(&t, &ack, &["it"]);
    only_these(&t, &Action::PassOn { incident: no, function: "it".into() }, &["it"]);
    t.act("it", ack).unwrap();
    let unack = Action::Unack { incident: no, function: "it".into(), reason: "fel".into() };
    only_these(&t, &unack, &["it", "tib", "it-led", "cl", "kib", "desk", "owner"]);
    // A deputy may once it was asked.
    let mut t = Timeline::by_day();
    let no = reported(&mut t, "outage");
    t.advance(301);
    let ack = Action::Ack { incident: no, message: None, function: "it".into(), phone: false, paper: false, at: None };
    only_these(&t, &ack, &["it", "it-led"]);
}

#[test]
fn rule_d3_update_correct_stop_restored_and_all_clear_are_for_who_leads() {
    let mut t = Timeline::by_day();
    let no = reported(&mut t, "outage");
    only_these(&t, &update(no, News::default()), LEAD);
    only_these(&t, &Action::Correct { number: t.inc(no).number(1), news: News::default() }, LEAD);
    only_these(&t, &stop(no, None), LEAD);
    only_these(&t, &restored(no), LEAD);
    only_these(&t, &clear(no), LEAD);
    let other = t.report("desk", slow());
    only_these(&t, &Action::Merge { incident: other, into: no }, LEAD);
}

#[test]
fn rule_d3_relapse_is_for_who_leads_and_data_complete_for_the_owner() {
    let mut t = Timeline::by_day();
    let no = reported(&mut t, "outage");
    t.act("tib", restored(no)).unwrap();
    only_these(&t, &Action::Relapse { incident: no, news: News::default() }, LEAD);
    only_these(&t, &Action::DataComplete { incident: no }, &["owner"]);
    // At night `it` holds the owner's duty.
    let mut t = Timeline::by_night();
    let no = reported(&mut t, "outage");
    t.act("tib", restored(no)).unwrap();
    only_these(&t, &Action::DataComplete { incident: no }, &["owner", "it"]);
}

#[test]
fn rule_d3_handover_is_for_the_function_itself_and_command() {
    let mut t = Timeline::by_day();
    reported(&mut t, "outage");
    only_these(&t, &Action::Handover { function: "it".into() }, &["it", "tib", "it-led", "cl", "kib"]);
}

#[test]
fn rule_d3_adopt_is_for_who_leads() {
    let mut t = Timeline::by_day();
    let no = reported(&mut t, "outage");
    t.input(Input::NewPlan(Arc::new(region_with(|b| b.plan.hash = "second".into())))).unwrap();
    only_these(&t, &Action::Adopt { incident: no }, LEAD);
}

#[test]
fn rule_d3_a_task_is_done_by_its_owner_or_who_leads() {
    let plan = region_with(|b| {
        let f = b.function_ix("ward-ls");
        b.plan.functions[f.ix()].points.clear();
    });
    let mut t = Timeline::starting(DAY, plan);
    let safety = Safety::Unknown;
    let no = t.report("town", Report { sites: vec!["LS".into()], safety, ..ehr_down("major") });
    let done = Action::ErrandDone { incident: no, errand: 0 };
    only_these(&t, &done, &["desk", "tib", "it-led", "cl", "kib", "town", "owner"]);
    t.act("desk", done.clone()).unwrap();
    assert_eq!(t.act("desk", done).unwrap_err().code, "done-already");
}

#[test]
fn rule_d3_raise_per_mode_and_site() {
    let mut t = Timeline::by_day();
    t.report("desk", Report { safety: Safety::No, sites: vec!["FS".into(), "LS".into()], ..slow() });
    assert_eq!(mode_at(&t, "FS"), 0);
    let everybody: Vec<String> = t.plan().functions.iter().map(|f| f.id.to_string()).collect();
    let everybody: Vec<&str> = everybody.iter().map(String::as_str).collect();
    only_these(&t, &mode("FS", "staff"), &everybody);
    only_these(&t, &mode("LS", "reinforced"), &["tib"]);
    // A hospital's chief physician raises its own site only.
    only_these(&t, &mode("FS", "reinforced"), &["tib", "cl-fs"]);
    only_these(&t, &mode("FS", "disaster"), &["cl"]);
    only_these(&t, &mode("LS", "disaster"), &["cl"]);
}

#[test]
fn rule_d3_tib_or_the_chief_physician_lowers() {
    for high in ["staff", "reinforced", "disaster"] {
        let mut t = Timeline::by_day();
        t.report("desk", Report { safety: Safety::No, sites: vec!["FS".into()], ..slow() });
        let by = if high == "disaster" { "cl" } else { "tib" };
        t.act(by, mode("FS", high)).unwrap();
        only_these(&t, &mode("FS", "normal"), &["tib", "cl"]);
        let no_reason = Action::Mode { site: "FS".into(), mode: "normal".into(), reason: "".into() };
        assert_eq!(t.act("tib", no_reason).unwrap_err().code, "no-reason");
        t.act("tib", mode("FS", "normal")).unwrap();
        assert_eq!(mode_at(&t, "FS"), 0, "{high}");
    }
}

#[test]
fn rule_d3_a_mode_change_is_refused_when_nothing_would_change_or_nobody_would_be_told() {
    let mut t = Timeline::by_day();
    assert_eq!(t.act("tib", mode("FS", "staff")).unwrap_err().code, "no-incident");
    reported(&mut t, "outage");
    assert_eq!(t.act("tib", mode("FS", "staff")).unwrap_err().code, "mode-stands");
    assert_eq!(t.act("tib", mode("FS", "panik")).unwrap_err().code, "unknown-mode");
    assert_eq!(t.act("tib", mode("XX", "staff")).unwrap_err().code, "unknown-site");
}

#[test]
fn rule_d3_a_decision_is_for_who_has_the_right_or_was_asked() {
    let mut t = Timeline::by_day();
    let no = reported(&mut t, "major");
    assert_eq!(t.inc(no).proposals[0].mode, ModeIx(2));
    only_these(&t, &decide(no, 0, true), &["tib"]);
    only_these(&t, &decide(no, 0, false), &["tib"]);
    // Only at FS may its own chief physician decide too.
    let mut t = Timeline::by_day();
    let no = t.report("desk", Report { sites: vec!["FS".into()], ..ehr_down("major") });
    only_these(&t, &decide(no, 0, true), &["tib", "cl-fs"]);
    let silent = Action::Decide { incident: no, proposal: None, yes: false, reason: "".into() };
    assert_eq!(t.act("tib", silent).unwrap_err().code, "no-reason");
}

#[test]
fn rule_d3_a_deputy_may_when_its_function_was_silent_for_long_enough() {
    let mut t = Timeline::by_day();
    let no = t.report("desk", Report { sites: vec!["HS".into()], ..ehr_down("outage") });
    t.advance(899);
    assert_eq!(t.act("tib-2", mode("HS", "reinforced")).unwrap_err().code, "not-yours");
    t.advance(1);
    t.act("tib-2", mode("HS", "reinforced")).unwrap();
    assert_eq!(mode_at(&t, "HS"), 2);
    // Not while it answers.
    let mut t = Timeline::by_day();
    t.report("desk", Report { sites: vec!["HS".into()], ..ehr_down("outage") });
    t.reply("tib", Channel::Sms, &format!("JA {no}"));
    t.advance(2000);
    assert_eq!(t.act("tib-2", mode("HS", "reinforced")).unwrap_err().code, "not-yours");
}

#[test]
fn rule_h2_whoever_is_covered_at_night_has_none_of_the_rights_of_whom_covers() {
    // tib holds the duty of press at night, and it that of the owner.
    let mut t = Timeline::by_night();
    reported(&mut t, "outage");
    only_these(&t, &mode("FS", "reinforced"), &["tib", "cl-fs"]);
    let to_it = Action::Ack {
        incident: IncidentNo::actual(1),
        message: None,
        function: "it".into(),
        phone: false,
        paper: false,
        at: None,
    };
    assert_eq!(t.act("owner", to_it.clone()).unwrap_err().code, "not-yours");
    t.act("it", to_it).unwrap();
}

#[test]
fn rule_d3_who_holds_a_duty_at_night_has_its_rights() {
    let plan = region_with(|b| {
        let press = b.function_ix("press");
        b.plan.ladders.modes[2].rights[0].raise_by = vec![press];
    });
    let mut t = Timeline::starting(NIGHT, plan);
    t.report("desk", Report { safety: Safety::No, sites: vec!["HS".into()], ..slow() });
    t.act("tib", mode("HS", "reinforced")).unwrap();
}

#[test]
fn rule_d3_the_first_recorded_decision_stands_and_all_who_were_asked_are_told() {
    let mut t = Timeline::by_day();
    let no = reported(&mut t, "major");
    t.advance(901);
    let p = t.inc(no).proposals[0].clone();
    let asked: Vec<_> = p.asked.iter().map(|f| t.inc(no).plan.function(*f).id.to_string()).collect();
    assert_eq!(asked, ["tib", "tib-2"]);
    t.clear();
    let own = t.inc(no).code_of(CodeFor::Decision, p.id, p.asked[1], &p.code).as_str().to_owned();
    t.reply("tib-2", Channel::Sms, &format!("JA {own}"));
    assert_eq!(mode_at(&t, "FS"), 2);
    let told = &t.notes_to("tib", NoteWord::DecisionTaken)[0].whole;
    assert!(told.contains("mode=FÖRSTÄRKNINGSLÄGE; site=FS HS; decision=JA; by=tib-2-sv"), "{told}");
    // Too late: told who decided, not asked again.
    t.clear();
    t.reply("tib", Channel::Sms, &format!("NEJ {} behövs inte", p.code.as_str()));
    assert_eq!(mode_at(&t, "FS"), 2);
    assert!(t.notes_to("tib", NoteWord::DecisionWanted).is_empty());
    assert!(t.notes_to("tib", NoteWord::DecisionTaken)[0].whole.contains("by=tib-2-sv"));
    let late = t.act("tib", decide(no, 0, false)).unwrap_err();
    assert_eq!(late.code, "decided-already");
    assert!(late.given("by").to_string() == "tib-2", "{late:?}");
}

#[test]
fn rule_d3_a_later_raise_beats_a_decline() {
    let mut t = Timeline::by_day();
    let no = reported(&mut t, "major");
    t.act("tib", decide(no, 0, false)).unwrap();
    assert_eq!(mode_at(&t, "FS"), 1);
    t.act("tib", decide(no, 0, true)).unwrap();
    assert_eq!(mode_at(&t, "FS"), 2);
}

#[test]
fn rule_d3_a_mode_set_by_another_way_ends_the_question_and_tells_who_was_asked() {
    let mut t = Timeline::by_day();
    let no = t.report("desk", Report { sites: vec!["FS".into()], ..ehr_down("major") });
    t.clear();
    t.act("cl-fs", mode("FS", "reinforced")).unwrap();
    assert_eq!(t.inc(no).proposals[0].state, ProposalState::Moot);
    assert!(t.notes_to("tib", NoteWord::DecisionTaken)[0].whole.contains("by=cl-fs-sv"));
    // Raised by the level itself: the question whether to raise is over.
    let mut t = Timeline::starting(DAY, super::danger::plan());
    let no = t.report("desk", ehr_down("degraded"));
    assert_eq!(t.inc(no).proposals[0].mode, ModeIx(1));
    t.act("tib", update(no, level("outage"))).unwrap();
    assert_eq!(t.inc(no).proposals[0].state, ProposalState::Moot);
}

/// How long after one another somebody was asked to decide, in minutes, when nobody decides for two days.
fn asked_after(t: &mut Timeline, to: &str) -> Vec<u32> {
    let no = reported(t, "major");
    let mut at = vec![t.now];
    if to == "declined" {
        t.act("tib", decide(no, 0, false)).unwrap();
    }
    for _ in 0..2 * 24 * 60 {
        let notes = t.inc(no).notes.len();
        t.advance(60);
        let new = &t.inc(no).notes[notes..];
        let tib = t.plan().function_ix("tib").unwrap();
        if new.iter().any(|n| n.word == NoteWord::DecisionWanted && n.to == tib) {
            at.push(t.now);
        }
    }
    at.windows(2).map(|w| w[1].seconds_since(w[0]) / 60).collect()
}

#[test]
fn rule_d3_what_nobody_decides_is_asked_ever_later_once_nobody_is_left_to_ask_beside() {
    for decision in ["none", "declined"] {
        let waits = asked_after(&mut Timeline::by_day(), decision);
        assert!(waits[0] <= 16, "{decision}: {waits:?}");
        // Two questions stand by then, each four times a day; every quarter of an hour it were 96.
        let first_day = waits
            .iter()
            .scan(0, |at, w| {
                *at += w;
                Some(*at)
            })
            .filter(|at| *at <= 24 * 60)
            .count();
        assert!(waits.len() - first_day <= 10 && first_day <= 24, "{decision}: {waits:?}");
        // Never silent: at least every six hours.
        assert!(waits.iter().all(|w| *w <= 361), "{decision}: {waits:?}");
    }
}
