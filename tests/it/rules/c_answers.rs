//! C. Answers: whose they are, which they are, and how they are understood.

#![expect(clippy::unwrap_used, reason = "tests")]

mod few_texts;
mod turns;

use super::region::{self, Builder};
use super::timeline::*;
use vardkase::domain::delivery::DeliveryState;
use vardkase::domain::ids::{FunctionIx, IncidentNo, PointIx};
use vardkase::domain::incident::ask_list::*;
use vardkase::domain::incident::event::{Change, Event};
use vardkase::domain::incident::input::*;
use vardkase::domain::incident::state::*;
use vardkase::domain::incident::values::*;
use vardkase::domain::ladder::LevelIx;
use vardkase::domain::plan::*;
use vardkase::domain::words::NoteWord;

/// The region with changes of one's own.
pub fn region_with(change: impl FnOnce(&mut Builder)) -> Plan {
    let mut b = region::plan();
    change(&mut b);
    b.plan.index();
    b.plan
}

/// Two functions get one SMS address: one point that serves both (RULES C2).
pub fn share_sms(b: &mut Builder, of: &str, with: &str) {
    let sms = |b: &Builder, f: FunctionIx| {
        *b.plan.function(f).points.iter().find(|p| b.plan.point(**p).channel == Channel::Sms).unwrap()
    };
    let (f, g) = (b.function_ix(of), b.function_ix(with));
    let (kept, gone) = (sms(b, f), sms(b, g));
    b.plan.points[kept.ix()].functions.push(g);
    b.plan.points[gone.ix()].functions.clear();
    for p in &mut b.plan.functions[g.ix()].points {
        if *p == gone {
            *p = kept;
        }
    }
}

pub const DAY: &str = "2008-12-18T09:45:00+01:00";
pub const NIGHT: &str = "2008-12-18T03:12:00+01:00";

/// How an ask stands: `waiting`, `answered by icu`, `not reached`, `closed`.
pub fn stands(t: &Timeline, no: IncidentNo, function: &str) -> String {
    match &t.ask(no, function).state {
        AskState::Waiting => "waiting".into(),
        AskState::Answered { by, .. } => format!("answered by {}", t.inc(no).plan.function(*by).id),
        AskState::NotReached { .. } => "not reached".into(),
        AskState::Closed { .. } => "closed".into(),
    }
}

/// Who was asked for a function so far, in order.
pub fn asked(t: &Timeline, no: IncidentNo, function: &str) -> Vec<String> {
    t.ask(no, function).asked.iter().map(|f| t.inc(no).plan.function(*f).id.to_string()).collect()
}

fn approve_all(t: &mut Timeline, no: IncidentNo) {
    while let Some((_, a)) = t.inc(no).entries.iter().find_map(|e| match &e.state {
        EntryState::Waiting(a) => Some((e.id, a.clone())),
        _ => None,
    }) {
        t.reply("kib", Channel::Sms, &format!("OK {}", a.code.as_str()));
    }
}

fn only<'a>(all: &[&'a Sent]) -> &'a Sent {
    assert_eq!(all.len(), 1, "{all:#?}");
    all[0]
}

#[test]
fn rule_c1_an_answer_counts_for_the_function_whose_request_went_to_that_address() {
    let mut t = Timeline::by_day();
    let no = t.report("desk", ehr_down("outage"));
    t.reply("it", Channel::Sms, "JA 1");
    assert_eq!(stands(&t, no, "it"), "answered by it");
    assert_eq!(stands(&t, no, "tib"), "waiting", "another address, another duty");
    // The laboratory answers by telephone only; the chief physician was never asked.
    t.clear();
    t.reply("cl", Channel::Sms, "JA 1");
    assert!(t.notes_to("cl", NoteWord::YouOwnIt).is_empty());
    only(&t.notes_to("cl", NoteWord::NotUnderstood));
    assert_eq!(stands(&t, no, "tib"), "waiting");
}

#[test]
fn rule_c1_a_deputy_counts_only_after_a_request_that_says_so() {
    let mut t = Timeline::by_day();
    let no = t.report("desk", ehr_down("outage"));
    // it-led is asked for itself, not yet as deputy of it.
    assert!(!only(&t.messages_to("it-led")).whole.contains("DU SVARAR NU FÖR"));
    t.reply("it-led", Channel::Sms, "JA 1");
    assert_eq!(stands(&t, no, "it-led"), "answered by it-led");
    assert_eq!(stands(&t, no, "it"), "waiting", "it-led was not asked for it");
    t.clear();
    t.advance(301);
    let second: Vec<_> = t.messages_to("it-led").into_iter().filter(|s| s.flags & Delivery::REMINDER == 0).collect();
    assert!(only(&second).whole.starts_with("DU SVARAR NU FÖR: it-sv 1-1 "), "{}", second[0].whole);
    t.reply("it-led", Channel::Sms, "JA 1");
    assert_eq!(stands(&t, no, "it"), "answered by it-led");
}

#[test]
fn rule_c1_who_has_the_text_is_told_when_it_becomes_deputy_beside() {
    // The deputy of the ward is it-led, which has the text already when the ward's is approved.
    let plan = region_with(|b| b.deputies("ward-ls", &["it-led"]));
    let mut t = Timeline::starting(DAY, plan);
    let no = t.report("desk", Report { sites: vec!["LS".into()], ..ehr_down("major") });
    let before = t.messages_to("it-led").len();
    approve_all(&mut t, no);
    assert_eq!(t.messages_to("it-led").len(), before, "it was told of others a moment ago (RULES C12)");
    t.advance(300);
    let got = t.messages_to("it-led");
    assert_eq!(got.len(), before + 1);
    assert!(
        got[before].whole.starts_with("PÅMINNELSE. DU SVARAR NU FÖR: it-sv, ward-ls-sv 1-1 "),
        "{}",
        got[before].whole
    );
    t.reply("it-led", Channel::Sms, "ja 1");
    assert_eq!(stands(&t, no, "ward-ls"), "answered by it-led");
}

#[test]
fn rule_c2_one_delivery_per_message_and_point_lists_every_function_and_one_answer_covers_them() {
    let mut t = Timeline::starting(DAY, region_with(|b| share_sms(b, "icu", "ed")));
    let no = t.report("desk", Report { safety: Default::default(), ..ehr_down("major") });
    let sms: Vec<_> = t.messages_to("icu").into_iter().filter(|s| s.channel == Channel::Sms).collect();
    let one = only(&sms);
    assert_eq!(one.to, ["icu", "ed"]);
    assert!(one.whole.starts_with("DU SVARAR NU FÖR: icu-sv, ed-sv 1-1 "), "{}", one.whole);
    t.reply("ed", Channel::Sms, "Ja 1");
    assert!(stands(&t, no, "icu").starts_with("answered"));
    assert!(stands(&t, no, "ed").starts_with("answered"));
    let confirmed = only(&t.notes_to("icu", NoteWord::Noted)).whole.clone();
    assert!(confirmed.contains("functions=icu-sv, ed-sv"), "{confirmed}");
}

#[test]
fn rule_c2_an_address_that_serves_one_function_says_nothing_of_functions() {
    let mut t = Timeline::by_day();
    t.report("desk", ehr_down("outage"));
    let got = t.messages_to("it");
    assert!(got.iter().any(|s| s.whole.ends_with("Svara JA 1") && !s.whole.contains("Du svarar")), "{got:#?}");
}

#[test]
fn rule_c3_a_bare_yes_binds_to_the_only_request_of_the_last_hour() {
    let mut t = Timeline::by_day();
    let no = t.report("desk", ehr_down("outage"));
    t.reply("it", Channel::Sms, "ja");
    assert_eq!(stands(&t, no, "it"), "answered by it");
    // An hour later it binds to nothing.
    let mut t = Timeline::by_day();
    t.gateways_say = None;
    let no = t.report("desk", Report { playbook: "dictation-slow".into(), ..Report::default() });
    // The reminder at half time was a request too.
    t.advance(3751);
    t.clear();
    t.reply("it", Channel::Sms, "ja");
    assert!(!stands(&t, no, "it").starts_with("answered"));
    let codes = &only(&t.notes_to("it", NoteWord::WhichCode)).whole;
    assert!(codes.contains("codes=1"), "{codes}");
}

#[test]
fn rule_c3_the_hour_of_a_deputy_begins_when_it_was_asked() {
    let plan = region_with(|b| {
        let f = b.function_ix("it");
        b.plan.functions[f.ix()].answer_within_s = 4000;
    });
    let mut t = Timeline::starting(DAY, plan);
    let no = t.report("desk", Report { playbook: "dictation-slow".into(), ..Report::default() });
    t.advance(4001);
    assert_eq!(asked(&t, no, "it"), ["it", "it-led"]);
    t.reply("it-led", Channel::Sms, "JA");
    assert_eq!(stands(&t, no, "it"), "answered by it-led");
}

#[test]
fn rule_c3_two_requests_acknowledge_nothing_and_the_reply_lists_the_codes() {
    let mut t = Timeline::by_day();
    let a = t.report("desk", ehr_down("outage"));
    let b = t.report("desk", Report { playbook: "dictation-slow".into(), ..Report::default() });
    t.clear();
    t.reply("it", Channel::Sms, "Ja");
    assert_eq!((stands(&t, a, "it"), stands(&t, b, "it")), ("waiting".into(), "waiting".into()));
    let codes = &only(&t.notes_to("it", NoteWord::WhichCode)).whole;
    assert!(codes.contains("codes=1, 2"), "{codes}");
}

#[test]
fn rule_c3_a_decision_that_waits_at_the_address_is_a_request_too() {
    let mut t = Timeline::by_day();
    let no = t.report("desk", ehr_down("major"));
    let code = t.inc(no).proposals[0].code.clone();
    t.clear();
    t.reply("tib", Channel::Sms, "ja");
    assert_eq!(stands(&t, no, "tib"), "waiting");
    assert_eq!(t.inc(no).proposals[0].state, ProposalState::Asked);
    let codes = &only(&t.notes_to("tib", NoteWord::WhichCode)).whole;
    assert!(codes.contains(&format!("codes=1, {}", code.as_str())), "{codes}");
}

#[test]
fn rule_c3_drill_and_actual_requests_never_share_a_bare_answer() {
    let mut t = Timeline::by_day();
    let drill = t.report("desk", Report { exercise: true, ..ehr_down("outage") });
    let real = t.report("desk", ehr_down("outage"));
    t.clear();
    // The real one broke the drill off (RULES D16): nothing of that is answered any more, and no answer to it counts for the real one.
    t.reply("it", Channel::Sms, "ja ö-1");
    assert!(!stands(&t, real, "it").starts_with("answered"));
    assert!(!stands(&t, drill, "it").starts_with("answered"));
    assert_eq!(t.notes_to("it", NoteWord::NothingOpen).len(), 1);
    t.reply("it", Channel::Sms, "ja");
    assert_eq!(stands(&t, real, "it"), "answered by it");
    assert!(!stands(&t, drill, "it").starts_with("answered"));
}

#[test]
fn rule_c4_a_confirmation_names_incident_title_function_and_who_owns_it() {
    let mut t = Timeline::by_day();
    let no = t.report("desk", Report { safety: Default::default(), ..ehr_down("major") });
    // Nobody leads yet who may.
    t.reply("ed", Channel::Sms, "JA 1");
    let noted = only(&t.notes_to("ed", NoteWord::Noted)).whole.clone();
    assert_eq!(noted, "1 noted sv functions=icu-sv, ed-sv");
    t.reply("it", Channel::Sms, "JA 1");
    let leads = only(&t.notes_to("it", NoteWord::YouOwnIt)).whole.clone();
    assert_eq!(leads, "1 you_own_it sv title=Journalen ligger nere; functions=it-sv; due=10.45");
    t.reply("icu", Channel::Sms, "JA 1");
    let confirms = only(&t.notes_to("icu", NoteWord::YouConfirm)).whole.clone();
    assert_eq!(confirms, "1 you_confirm sv title=Journalen ligger nere; functions=icu-sv; owner=it-sv");
    assert_eq!(stands(&t, no, "icu"), "answered by ed");
    // The confirmation goes to where the answer came from.
    assert_eq!(t.sent.last().unwrap().channel, Channel::Sms);
}

#[test]
fn rule_c5_yes_is_understood_in_every_language_with_case_and_punctuation() {
    for text in [
        "ja 1",
        "JA 1.",
        "Ja, 1!",
        "yes 1",
        "Ok 1",
        "jag tar det 1",
        "I have it 1",
        "1 ja",
        "ja 1-1 /Jouren",
        "JA1",
        "ja,1",
        "Ja: 1",
        "Ja, jag tar det 1",
        "\n JA 1\nMvh IT-jouren\n> 1-1 citat",
    ] {
        let mut t = Timeline::by_day();
        let no = t.report("desk", ehr_down("outage"));
        t.reply("it", Channel::Sms, text);
        assert_eq!(stands(&t, no, "it"), "answered by it", "{text:?}");
    }
    for text in ["jaja 1", "👍", "nja 1", "ring mig", ""] {
        let mut t = Timeline::by_day();
        let no = t.report("desk", ehr_down("outage"));
        t.reply("it", Channel::Sms, text);
        assert_eq!(stands(&t, no, "it"), "waiting", "{text:?}");
        only(&t.notes_to("it", NoteWord::NotUnderstood));
    }
}

#[test]
fn rule_c5_no_passes_on_at_once() {
    let mut t = Timeline::by_day();
    let no = t.report("desk", ehr_down("outage"));
    t.advance(60);
    t.clear();
    t.reply("it", Channel::Sms, "NEJ 1");
    assert_eq!(asked(&t, no, "it"), ["it", "it-led"]);
    let next = only(&t.messages_to("it-led"));
    assert!(next.whole.starts_with("DU SVARAR NU FÖR: it-sv ") && next.at == t.now);
    assert_eq!(t.ask(no, "it").due, t.now + 600, "the deputy has its own time");
}

#[test]
fn rule_c5_no_after_yes_takes_it_back_and_passes_on() {
    let mut t = Timeline::by_day();
    let no = t.report("desk", ehr_down("outage"));
    t.reply("it", Channel::Sms, "JA 1");
    t.reply("it", Channel::Sms, "NEJ 1");
    assert_eq!(stands(&t, no, "it"), "waiting");
    assert_eq!(asked(&t, no, "it"), ["it", "it-led"]);
}

#[test]
fn rule_c5_no_from_the_last_one_is_a_standing_alarm_at_once() {
    let plan = region_with(|b| {
        b.deputies("it", &[]);
        b.plan.region.last_resort = vec![b.function_ix("it")];
    });
    let mut t = Timeline::starting(DAY, plan);
    let no = t.report("desk", Report { playbook: "dictation-slow".into(), ..Report::default() });
    t.reply("it", Channel::Sms, "NEJ 1");
    assert_eq!(stands(&t, no, "it"), "not reached");
    assert_eq!(t.notes_to("desk", NoteWord::NotReached).len(), 1, "the switchboard is paged");
}

#[test]
fn rule_c5_our_fallback_failed_tells_owner_and_tib_at_once() {
    let mut t = Timeline::by_day();
    let no = t.report("desk", Report { safety: Default::default(), ..ehr_down("major") });
    t.clear();
    t.reply("icu", Channel::Sms, "FEL 1 reservdatorn startar inte");
    for who in ["owner", "tib"] {
        let told = t.notes_to(who, NoteWord::FallbackFailed);
        assert!(!told.is_empty() && told.iter().all(|n| n.at == t.now), "{who}");
        assert!(told[0].whole.contains("function=icu-sv"), "{}", told[0].whole);
    }
    assert_eq!(stands(&t, no, "icu"), "waiting", "it is not an answer");
}

#[test]
fn rule_c6_by_telephone_is_shown_as_such() {
    let mut t = Timeline::by_day();
    let no = t.report("desk", Report { safety: Default::default(), ..ehr_down("major") });
    t.advance(200);
    let call = t.now - 60;
    let ack =
        |at| Action::Ack { incident: no, message: Some(1), function: "icu".into(), phone: true, paper: false, at };
    for bad in [t.now + 1, t.now - 201] {
        assert_eq!(t.act("desk", ack(Some(bad))).unwrap_err().code, "bad-time");
    }
    t.act("desk", ack(Some(call))).unwrap();
    let plan = t.plan();
    let (icu, desk) = (plan.function_ix("icu").unwrap(), plan.function_ix("desk").unwrap());
    assert_eq!(t.ask(no, "icu").state, AskState::Answered { by: icu, at: call, via: Via::Phone { noted_by: desk } });
    let twice = t.act("desk", ack(None)).unwrap_err();
    assert_eq!(twice.key(), "answered-already");
    let never =
        Action::Ack { incident: no, message: None, function: "town".into(), phone: true, paper: false, at: None };
    assert_eq!(t.act("desk", never).unwrap_err().code, "nothing-asked");
}

#[test]
fn rule_c6_on_a_sheet_counts_from_the_time_that_stands_on_it_and_is_shown_as_such() {
    let mut t = Timeline::by_day();
    let no = t.report("desk", Report { safety: Default::default(), ..ehr_down("major") });
    // The sheet is back a quarter of an hour after it was signed; meanwhile deputies were asked.
    t.advance(1200);
    let signed = t.now - 900;
    let ack =
        |at| Action::Ack { incident: no, message: Some(1), function: "icu".into(), phone: false, paper: true, at };
    for bad in [t.now + 1, t.now - 1201] {
        assert_eq!(t.act("desk", ack(Some(bad))).unwrap_err().code, "bad-time");
    }
    t.act("desk", ack(Some(signed))).unwrap();
    let plan = t.plan();
    let (icu, desk) = (plan.function_ix("icu").unwrap(), plan.function_ix("desk").unwrap());
    assert_eq!(t.ask(no, "icu").state, AskState::Answered { by: icu, at: signed, via: Via::Paper { noted_by: desk } });
    // It is passed on to nobody any more.
    let passed = t.ask(no, "icu").clone();
    t.advance(3600);
    assert_eq!(t.ask(no, "icu").state, passed.state);
    assert_eq!(t.ask(no, "icu").asked, passed.asked);
    assert_eq!(t.act("desk", ack(None)).unwrap_err().key(), "answered-already");
}

#[test]
fn rule_c6_an_answer_to_an_older_number_answers_what_is_asked_now() {
    let mut t = Timeline::by_day();
    let no = t.report("desk", ehr_down("outage"));
    t.act("it-led", Action::Correct { number: "1-1".parse().unwrap(), news: News::default() }).unwrap();
    t.reply("tib", Channel::Sms, "JA 1-1");
    assert_eq!(stands(&t, no, "tib"), "answered by tib");
    let ack =
        Action::Ack { incident: no, message: Some(1), function: "it".into(), phone: false, paper: false, at: None };
    t.act("it", ack).unwrap();
    assert_eq!(stands(&t, no, "it"), "answered by it");
}

#[test]
fn rule_c6_taking_an_answer_back_resumes_escalation() {
    let mut t = Timeline::by_day();
    let no = t.report("desk", ehr_down("outage"));
    t.reply("it", Channel::Sms, "JA 1");
    let due = t.ask(no, "it").due;
    t.advance(120);
    let unack = |reason: &str| Action::Unack { incident: no, function: "it".into(), reason: reason.into() };
    assert_eq!(t.act("it", unack("")).unwrap_err().code, "no-reason");
    t.act("it", unack("fel person")).unwrap();
    assert_eq!(stands(&t, no, "it"), "waiting");
    assert_eq!(t.ask(no, "it").due, due, "the deadline is where it was");
    assert_eq!(t.act("it", unack("igen")).unwrap_err().code, "not-answered");
    t.advance(due.seconds_since(t.now));
    assert_eq!(asked(&t, no, "it"), ["it", "it-led"]);
    // Nor does a gateway move it that takes a text only then: here the answer came before any took one.
    let mut t = Timeline::by_day();
    t.gateways_say = None;
    let no = t.report("desk", ehr_down("outage"));
    let ack = Action::Ack { incident: no, function: "it".into(), phone: false, paper: false, at: None, message: None };
    t.act("it", ack).unwrap();
    let due = t.ask(no, "it").due;
    t.act("it", unack("fel person")).unwrap();
    t.advance(120);
    let taken: Vec<_> = t.messages_to("it").iter().map(|s| (s.id, DeliveryState::Accepted)).collect();
    t.input(Input::outcomes(taken)).unwrap();
    assert_eq!(t.ask(no, "it").due, due);
    // Taken back after the deadline: the next one is asked at once.
    let mut t = Timeline::by_day();
    let no = t.report("desk", ehr_down("outage"));
    t.reply("it", Channel::Sms, "JA 1");
    t.advance(900);
    t.act("tib", unack("svarade i sömnen")).unwrap();
    t.advance(0);
    assert_eq!(asked(&t, no, "it"), ["it", "it-led"]);
}

#[test]
fn rule_c6_a_pager_only_function_gets_a_number_to_call() {
    let mut t = Timeline::by_day();
    t.report("desk", Report { sites: vec!["LS".into()], safety: Default::default(), ..ehr_down("major") });
    let page = only(&t.messages_to("ward-ls"));
    assert!(page.whole.ends_with("Call 0980-319 213 and say 1"), "the switchboard's: {}", page.whole);
    assert!(!page.whole.contains("Reply"), "{}", page.whole);
}
