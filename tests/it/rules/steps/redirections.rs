//! Lesson 35: redirection messages ("only hospital X can receive").

use super::*;

fn plan() -> Plan {
    with_steps(|b| vec![rule(b, "divert", StepKind::Redirection, "tib", &["ed", "lab", "town"], 4 * 3600)])
}

const HOLDS: Kind = Kind::Redirection { step: 0, over: false };
const OVER: Kind = Kind::Redirection { step: 0, over: true };

#[test]
fn lesson_35_it_is_told_to_all_and_stands_in_every_text_until_its_end() {
    let mut t = Timeline::starting(DAY, plan());
    let no = t.ehr_down("outage");
    assert!(t.inc(no).steps.is_empty(), "nobody diverts patients by a table");
    t.clear();
    t.act("tib", start(no, "divert")).unwrap();
    for f in ["tib", "it-led", "ed", "lab"] {
        let got = t.got(f, HOLDS);
        assert!(!got.is_empty(), "{f}");
        let text = t.text(no, got[0].message.unwrap(), Lang::SV);
        assert!(
            text.starts_with("OMLEDNING STABSLÄGE FS HS: divert, till 13.45. Journalen ligger nere. Gäller: alla."),
            "{text}"
        );
    }
    assert_eq!(stands(&t, no, "ed"), "waiting", "it asks for an answer");
    // What leaves the region is approved first.
    assert!(t.got("town", HOLDS).is_empty());
    t.advance(900);
    assert!(!t.got("town", HOLDS).is_empty());
    // An update says it too, once; the public's text does not.
    t.clear();
    t.act("tib", Action::Update { incident: no, news: News::default() }).unwrap();
    let text = t.text(no, t.got("ed", Kind::Update)[0].message.unwrap(), Lang::SV);
    assert_eq!(text.matches("Omledning: divert, till 13.45.").count(), 1, "{text}");
    // Its owner is reminded, and its end is told.
    t.clear();
    t.advance(3 * 3600 + 15 * 60);
    assert_eq!(noted(&t, NoteWord::RedirectionEnds), ["tib"]);
    t.advance(1800);
    assert_eq!(how(&t, no, 1), "over");
    let text = t.text(no, t.got("ed", OVER)[0].message.unwrap(), Lang::SV);
    assert!(text.starts_with("OMLEDNING UPPHÖR STABSLÄGE FS HS: divert är över från 13.45."), "{text}");
    t.clear();
    t.act("tib", Action::Update { incident: no, news: News::default() }).unwrap();
    let text = t.text(no, t.got("ed", Kind::Update)[0].message.unwrap(), Lang::SV);
    assert!(!text.contains("divert"), "{text}");
}

#[test]
fn lesson_35_it_is_extended_in_time_and_the_new_end_is_told() {
    let mut t = Timeline::starting(DAY, plan());
    let no = t.ehr_down("outage");
    t.act("tib", start(no, "divert")).unwrap();
    t.clear();
    let due = t.now + 8 * 3600;
    t.act("tib", Action::StepMove { incident: no, step: 1, due, reason: "".into() }).unwrap();
    let text = t.text(no, t.got("ed", HOLDS)[0].message.unwrap(), Lang::SV);
    assert!(text.contains("divert, till 17.45."), "{text}");
    t.clear();
    t.advance(5 * 3600);
    assert_eq!(how(&t, no, 1), "open");
}

#[test]
fn lesson_35_the_all_clear_says_that_it_no_longer_holds() {
    let mut t = Timeline::starting(DAY, plan());
    let no = t.ehr_down("outage");
    t.act("tib", start(no, "divert")).unwrap();
    t.clear();
    t.act("tib", clear(no)).unwrap();
    let text = t.text(no, t.got("ed", Kind::AllClear)[0].message.unwrap(), Lang::SV);
    assert!(text.contains("divert är över."), "{text}");
    assert_eq!(how(&t, no, 1), "closed");
    assert!(t.sent.iter().all(|s| s.kind != Some(OVER)), "one text, not two");
    t.clear();
    t.advance(5 * 3600);
    assert!(t.sent.iter().all(|s| s.kind != Some(OVER)));
}

#[test]
fn lesson_35_a_draft_that_waits_is_rendered_anew_with_it() {
    let mut t = Timeline::starting(DAY, plan());
    let no = t.ehr_down("major");
    let (before, _) = t.waiting(no, "ward-ls").or_else(|| t.waiting(no, "icu")).unwrap();
    t.act("tib", start(no, "divert")).unwrap();
    let (after, _) = t.waiting(no, "icu").unwrap();
    assert_ne!(before.message, after.message);
    assert!(t.text(no, after.message, Lang::SV).contains("Omledning: divert"));
}

#[test]
fn rule_c9_an_open_question_goes_on_with_the_redirection_and_no_deadline_moves_later() {
    let mut t = Timeline::starting(DAY, plan());
    let no = t.ehr_down("outage");
    t.advance(200);
    let due = t.ask(no, "tib").due;
    t.act("kib", start(no, "divert")).unwrap();
    assert!(t.ask(no, "tib").due <= due, "{} after {due}", t.ask(no, "tib").due);
    // The deputy who is asked next gets the text with everything that holds.
    t.clear();
    t.advance(101);
    let got = t.messages_to("tib-2");
    assert!(got.iter().any(|s| s.whole.contains("divert, till")), "{got:?}");
    // One answer closes all of it.
    t.reply("tib", Channel::Sms, "ja 1");
    assert_eq!(stands(&t, no, "tib"), "answered by tib");
}

#[test]
fn rule_d2_a_stopped_redirection_stands_in_no_later_text() {
    let mut t = Timeline::starting(DAY, plan());
    let no = t.ehr_down("outage");
    t.act("tib", start(no, "divert")).unwrap();
    let seq = t.got("ed", HOLDS)[0].message.unwrap();
    t.clear();
    t.act("tib", Action::Stop { incident: no, message: Some(seq), false_alarm: false, reason: "fel sjukhus".into() })
        .unwrap();
    assert_eq!(how(&t, no, 1), "stopped");
    assert!(t.sent.iter().any(|s| matches!(s.kind, Some(Kind::Stopped { .. })) && s.to.contains(&"ed".to_owned())));
    assert!(t.sent.iter().all(|s| s.kind != Some(OVER)), "told once, not twice");
    t.clear();
    t.act("tib", Action::Update { incident: no, news: News::default() }).unwrap();
    let text = t.text(no, t.got("ed", Kind::Update)[0].message.unwrap(), Lang::SV);
    assert!(!text.contains("divert"), "{text}");
}
