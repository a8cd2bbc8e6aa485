//! B. Who gets the first text, and approval.

#![expect(clippy::unwrap_used, reason = "tests")]

mod codes;
mod deadlines;
mod eyes;
mod requests;

use std::collections::BTreeMap;

use crate::rules::a_texts::{approve_all, newest_of};
use crate::rules::region;
use crate::rules::timeline::*;
use vardkase::domain::delivery::DeliveryState;
use vardkase::domain::ids::*;
use vardkase::domain::incident::codes::CodeFor;
use vardkase::domain::incident::facts::{Restore, Safety};
use vardkase::domain::incident::input::*;
use vardkase::domain::incident::refused::Refused;
use vardkase::domain::incident::state::*;
use vardkase::domain::incident::values::*;
use vardkase::domain::lang::{L10n, Lang};
use vardkase::domain::plan::{Audience, Channel, Plan, PublicRule, Then};
use vardkase::domain::time::At;
use vardkase::domain::words::NoteWord;

const SV: Lang = Lang::SV;
const SMS: Channel = Channel::Sms;

/// By day, with gateways that prove delivery.
fn day() -> Timeline {
    with(|_| {})
}

fn with(change: impl Fn(&mut Plan)) -> Timeline {
    let mut b = region::plan();
    change(&mut b.plan);
    let mut t = Timeline::starting("2008-12-18T09:45:00+01:00", b.plan);
    t.gateways_say = Some(DeliveryState::Delivered);
    t
}

/// The care row's approval: who, within 600 s, then and finally as said.
fn care_row(plan: &mut Plan, then: Then, finally: Then) {
    let book = plan.playbooks.get_mut(&"ehr-down".into()).unwrap();
    let rule = book.levels[2].notify[0].approval.as_mut().unwrap();
    (rule.then, rule.finally) = (then, finally);
}

fn code(t: &Timeline, no: IncidentNo, to: &str) -> String {
    t.waiting(no, to).unwrap().1.code.as_str().to_owned()
}

/// The code of one who was asked.
fn code_of(t: &Timeline, no: IncidentNo, to: &str, who: &str) -> String {
    let (entry, a) = t.waiting(no, to).unwrap();
    let who = t.plan().function_ix(who).unwrap();
    t.inc(no).code_of(CodeFor::Approval, entry.id, who, &a.code).as_str().to_owned()
}

fn asked(t: &Timeline, no: IncidentNo, to: &str) -> Vec<String> {
    let plan = t.plan();
    t.waiting(no, to).unwrap().1.asked.iter().map(|f| plan.function(*f).id.to_string()).collect()
}

fn number(t: &Timeline, no: IncidentNo, to: &str) -> MessageNo {
    t.inc(no).number(t.waiting(no, to).unwrap().0.message)
}

fn approve(t: &mut Timeline, by: &str, number: MessageNo) -> Result<(), Refused> {
    let fingerprint = t.inc(number.incident).message(number.seq).unwrap().texts[&SV].fingerprint;
    t.act(by, Action::Approve { number, fingerprint, entry: None, works: true }).map(|_| ())
}

fn icu_got(t: &Timeline) -> usize {
    t.got("icu", Kind::Alert).len()
}

fn released_by(t: &Timeline, no: IncidentNo, to: &str) -> Option<(At, ReleasedBy)> {
    let f = t.plan().function_ix(to).unwrap();
    t.inc(no).entries.iter().find_map(|e| match e.state {
        EntryState::Released { at, by } if e.to.contains(&f) => Some((at, by)),
        _ => None,
    })
}

#[test]
fn rule_b1_care_waits_for_kib_when_patients_are_safe_and_tech_does_not() {
    let mut t = Timeline::by_day();
    let no = t.ehr_down("major");
    assert_eq!(t.got("it", Kind::Alert).len(), 2);
    assert_eq!(t.got("icu", Kind::Alert).len(), 0);
    let (_, approval) = t.waiting(no, "icu").unwrap();
    t.reply("kib", SMS, &format!("OK {}", approval.code.as_str()));
    assert_eq!(t.got("icu", Kind::Alert).len(), 2, "sms and fax");
}

#[test]
fn rule_b1_care_gets_the_first_text_at_once_when_lives_may_hang_on_it() {
    for report in [
        ehr_down("critical"),
        Report { safety: Safety::Yes, ..ehr_down("major") },
        Report { safety: Safety::Unknown, ..ehr_down("major") },
        Report { routines: Some(vec!["extra-staff".into()]), ..ehr_down("major") },
        Report { playbook: "malware".into(), ..ehr_down("major") },
    ] {
        let mut t = day();
        let no = t.report("it", report.clone());
        assert_eq!(icu_got(&t), 2, "{report:?}");
        assert_eq!(released_by(&t, no, "icu").unwrap(), (t.now, ReleasedBy::Playbook));
        assert!(t.waiting(no, "icu").is_none());
        // Everything public waits all the same.
        assert!(t.waiting(no, "public").is_some());
        // KiB says no to what waits: that takes nothing back.
        t.reply("kib", SMS, &format!("NEJ {} fel text", code(&t, no, "public")));
        assert_eq!(icu_got(&t), 2);
    }
}

#[test]
fn rule_b1_kib_gates_what_follows() {
    let mut t = day();
    let no = t.report("it", ehr_down("critical"));
    let news = News { what: Some(L10n::same(&[SV, Lang::EN], "Nu ligger allt nere")), ..News::default() };
    t.act("it-led", Action::Update { incident: no, news }).unwrap();
    assert!(!t.got("it", Kind::Update).is_empty(), "tech needs no approval");
    assert_eq!(t.got("icu", Kind::Update).len(), 0);
    let waiting = number(&t, no, "icu");
    approve(&mut t, "kib", waiting).unwrap();
    assert_eq!(t.got("icu", Kind::Update).len(), 2);
}

#[test]
fn rule_b1_what_turns_dangerous_while_it_waits_goes_at_once() {
    for news in [
        News { safety: Some(Safety::Yes), ..News::default() },
        News { level: Some("D4".into()), ..News::default() },
        News { routines: Some(vec!["extra-staff".into()]), ..News::default() },
    ] {
        let mut t = day();
        let no = t.ehr_down("major");
        t.advance(60);
        assert_eq!(icu_got(&t), 0);
        t.act("it-led", Action::Update { incident: no, news: news.clone() }).unwrap();
        assert_eq!(icu_got(&t), 2, "{news:?}");
        assert_eq!(t.got("icu", Kind::Update).len(), 0, "the first text is the alert");
        assert!(t.waiting(no, "icu").is_none());
    }
}

#[test]
fn rule_b1_the_rest_of_an_entry_waits_on_when_care_goes_at_once() {
    let mut t = with(|plan| {
        let press = plan.function_ix("press").unwrap();
        let book = plan.playbooks.get_mut(&"ehr-down".into()).unwrap();
        let vardkase::domain::plan::To::Functions(to) = &mut book.levels[2].notify[0].to else { panic!() };
        to.push(press);
    });
    let no = t.ehr_down("major");
    let news = News { safety: Some(Safety::Yes), ..News::default() };
    t.act("it-led", Action::Update { incident: no, news }).unwrap();
    assert_eq!(icu_got(&t), 2);
    assert_eq!(t.got("press", Kind::Alert).len(), 0);
    let waiting = number(&t, no, "press");
    approve(&mut t, "kib", waiting).unwrap();
    assert_eq!(t.got("press", Kind::Alert).len(), 1);
    assert_eq!(icu_got(&t), 2, "once");
}

#[test]
fn rule_b1_tech_is_not_gated_by_what_was_told_to_all() {
    let mut t = day();
    let no = t.report("it", ehr_down("critical"));
    t.act("tib", Action::Mode { site: "FS".into(), mode: "reinforced".into(), reason: "".into() }).unwrap();
    t.act("it-led", Action::Update { incident: no, news: News::default() }).unwrap();
    for who in ["it", "tib", "lab"] {
        assert!(!t.got(who, Kind::Update).is_empty(), "{who} needs no approval, before or after a change of mode");
    }
    assert!(t.got("icu", Kind::Update).is_empty(), "KiB gates what follows for care");
}
