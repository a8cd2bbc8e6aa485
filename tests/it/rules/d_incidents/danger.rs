//! D15: a critical system that is only slow, where patients may be in danger.

use super::super::region::ALL;
use super::*;
use vardkase::domain::ladder::{Class, Least, Propose};

/// Staff mode by itself where patients may be in danger, proposed else; its functions are told, and a row for care fires.
pub fn plan() -> Plan {
    region_with(|b| {
        let [tib, cl, kib] = ["tib", "cl", "kib"].map(|f| b.function_ix(f));
        b.plan.ladders.modes[1].tell = vec![tib, kib, cl];
        let proposed = Propose { mode: ModeIx(1), decides: tib, within_s: 900 };
        let rule = |mode, propose, if_unsafe| Least { level: LevelIx(0), class: Class::A, mode, propose, if_unsafe };
        let outage = Least { level: LevelIx(1), ..rule(ModeIx(1), vec![], false) };
        b.plan.ladders.least = vec![rule(ModeIx(1), vec![], true), rule(ModeIx(0), vec![proposed], false), outage];
        let care = Row { if_unsafe: true, answer: Some(AnswerRule::Required), ..b.row(&["icu"], &ALL) };
        let sleeps =
            Row { night: NightRule::QuietUntil(390), answer: Some(AnswerRule::Wanted), ..b.row(&["it-led"], &ALL) };
        let approved = Row { approval: b.approval(600, Then::Release), ..b.row(&["kib"], &ALL) };
        let book = b.plan.playbooks.get_mut(&PlaybookId::from("ehr-down")).unwrap();
        book.levels[0].notify.extend([care, sleeps, approved]);
    })
}

fn slow_with(safety: Safety) -> Report {
    Report { safety, ..ehr_down("degraded") }
}

/// Who got the first text within a minute, and who is asked for an answer.
fn told(t: &Timeline) -> Vec<&'static str> {
    let within = |s: &&Sent| s.at.seconds_since(at("2008-12-18T03:12:00+01:00")) <= 60;
    ["tib", "kib", "cl", "it", "it-led", "icu"].into_iter().filter(|f| t.messages_to(f).iter().any(within)).collect()
}

#[test]
fn rule_d15_danger_raises_staff_mode_and_wakes_whom_it_tells() {
    for safety in [Safety::Unknown, Safety::Yes] {
        let mut t = Timeline::starting("2008-12-18T03:12:00+01:00", plan());
        let no = t.report("desk", slow_with(safety));
        t.advance(5);
        assert_eq!(mode_at(&t, "FS"), 1);
        assert!(t.inc(no).proposals.is_empty(), "it is raised: nobody decides");
        assert_eq!(told(&t), ["tib", "kib", "cl", "it", "it-led", "icu"]);
        for f in ["tib", "kib", "cl", "icu"] {
            assert_eq!(t.ask(no, f).rule, AnswerRule::Required, "{f}");
        }
        let tib = t.plan().function_ix("tib").unwrap();
        let rows = t.inc(no).entries.iter().filter(|e| e.to.contains(&tib)).count();
        assert_eq!(rows, 1, "one entry, one text");
    }
}

#[test]
fn rule_d15_without_danger_it_is_proposed_and_the_night_is_quiet() {
    let mut t = Timeline::starting("2008-12-18T03:12:00+01:00", plan());
    let no = t.report("desk", slow_with(Safety::No));
    t.advance(5);
    assert_eq!(mode_at(&t, "FS"), 0);
    assert_eq!(t.inc(no).proposals.len(), 1);
    assert!(!t.notes_to("tib", NoteWord::DecisionWanted).is_empty());
    assert_eq!(told(&t), ["it"]);
}

#[test]
fn rule_d15_danger_that_shows_later_does_the_same_then() {
    let mut t = Timeline::starting("2008-12-18T03:10:00+01:00", plan());
    let no = t.report("desk", slow_with(Safety::No));
    t.advance(120);
    t.clear();
    t.act("it", update(no, News { safety: Some(Safety::Yes), ..News::default() })).unwrap();
    t.advance(5);
    assert_eq!(mode_at(&t, "FS"), 1);
    assert_eq!(t.inc(no).proposals[0].state, ProposalState::Moot);
    assert_eq!(told(&t), ["tib", "kib", "cl", "it", "it-led", "icu"]);
    assert_eq!(t.ask(no, "tib").rule, AnswerRule::Required);
    t.clear();
    t.advance(8 * 3600);
    assert!(t.got("tib", Kind::Alert).iter().all(|s| s.at < at("2008-12-18T06:00:00+01:00")), "not told again");
}

#[test]
fn rule_d15_what_was_lowered_stays_lowered() {
    let mut t = Timeline::starting(DAY, plan());
    let no = t.report("desk", slow_with(Safety::Unknown));
    t.act("tib", mode("FS", "normal")).unwrap();
    t.act("tib", update(no, News { safety: Some(Safety::Yes), ..News::default() })).unwrap();
    assert_eq!((mode_at(&t, "FS"), mode_at(&t, "HS")), (0, 1), "the same danger is not new");
}

#[test]
fn rule_d15_once_lowered_everywhere_rows_ask_as_they_say_again() {
    let mut t = Timeline::starting(DAY, plan());
    let no = t.report("desk", slow_with(Safety::No));
    t.act("tib", update(no, News { safety: Some(Safety::Yes), ..News::default() })).unwrap();
    let tib = t.plan().function_ix("tib").unwrap();
    let asks = |t: &Timeline| t.inc(no).asks.iter().filter(|a| a.function == tib).count();
    let correct = |t: &mut Timeline| {
        let news = News { contact: Some("it".into()), ..News::default() };
        t.act("kib", Action::Correct { number: t.inc(no).number(1), news }).unwrap();
    };
    correct(&mut t);
    assert!(asks(&t) > 0, "while the mode stands it must answer");
    for site in ["FS", "HS"] {
        t.act("tib", mode(site, "normal")).unwrap();
    }
    let before = asks(&t);
    correct(&mut t);
    assert_eq!(asks(&t), before, "its row asks for nothing");
}
