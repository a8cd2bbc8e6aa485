//! D9: the public is told nothing false.

use super::*;
use vardkase::domain::public_view::{PublicState, PublicView, public_view};

fn view(t: &Timeline) -> PublicView {
    public_view(&t.state, t.now)
}

fn text(v: &PublicView) -> String {
    v.messages.iter().map(|m| m.text[&Lang::SV].clone()).collect::<Vec<_>>().join(" | ")
}

#[test]
fn rule_d9_when_nothing_is_open_the_page_is_normal_for_so_long() {
    let t = Timeline::by_day();
    let v = view(&t);
    assert_eq!((v.region, v.investigating, v.messages.len()), (PublicState::Normal, false, 0));
    assert_eq!((v.checked_at, v.valid_until), (t.now, t.now + 1800));
    assert_eq!(v.call, "0980-319 200");
    let sites: Vec<_> = v.sites.iter().map(|(s, state)| (s.as_str().to_owned(), *state)).collect();
    assert_eq!(sites, ["FS", "HS", "LS"].map(|s| (s.to_owned(), PublicState::Normal)));
}

#[test]
fn rule_d9_between_raise_and_approval_it_is_being_investigated_never_normal() {
    let mut t = Timeline::by_day();
    let no = t.ehr_down("major");
    let v = view(&t);
    assert_eq!((v.region, v.investigating, v.messages.len()), (PublicState::Disturbance, true, 0));
    let site = |v: &PublicView, s: &str| v.sites.iter().find(|x| x.0.as_str() == s).unwrap().1;
    assert_eq!((site(&v, "FS"), site(&v, "LS")), (PublicState::Disturbance, PublicState::Normal));

    t.advance(600);
    let v = view(&t);
    assert!(
        text(&v).contains(
            "Vi utreder ett fel som påverkar vården. Vi vet inte ännu hur. Nästa besked kommer klockan 10.45."
        ),
        "{}",
        text(&v)
    );
    assert!(v.investigating, "nobody has approved anything yet");
    assert_eq!(v.messages[0].kind, Kind::Holding);

    approve(&mut t, no, "public");
    let v = view(&t);
    assert!(!v.investigating);
    assert_eq!(v.messages.len(), 1, "the holding text gives way");
    let m = &v.messages[0];
    let held = t.inc(no).message(m.number.seq).unwrap();
    assert_eq!(m.text[&Lang::EN], held.texts[&Lang::EN].text.to_string());
    assert_eq!(m.fingerprint[&Lang::SV], held.texts[&Lang::SV].fingerprint);
    assert_eq!((m.released, m.next_update), (t.now, Some(t.inc(no).update_due)));
    assert!(!m.text[&Lang::SV].contains("Kontakt") && m.text[&Lang::SV].contains("ring 0980-319 200"));
}

#[test]
fn rule_d9_the_page_can_be_told_old_by_its_own_words() {
    let mut t = Timeline::by_day();
    let early = view(&t);
    t.advance(1801);
    assert!(early.valid_until < t.now);
    assert_eq!(view(&t).checked_at, t.now);
}

#[test]
fn rule_d9_drills_and_privacy_never_appear() {
    let mut t = Timeline::by_day();
    let no = t.report("it", Report { exercise: true, ..ehr_down("critical") });
    t.advance(1300);
    assert!(t.inc(no).entries.iter().any(|e| e.public));
    let v = view(&t);
    assert_eq!((v.region, v.investigating, v.messages.len()), (PublicState::Normal, false, 0));
    let mut t = Timeline::by_day();
    t.report("it", Report { level: Some("outage".into()), ..slow() });
    assert_eq!(view(&t).region, PublicState::Normal, "`public: never` is never");
}

#[test]
fn rule_d9_reinforced_anywhere_is_a_crisis_and_a_mode_without_incident_still_shows() {
    let mut t = Timeline::by_day();
    let no = t.ehr_down("outage");
    t.act("tib", mode("HS", "reinforced")).unwrap();
    let v = view(&t);
    assert_eq!(v.region, PublicState::Crisis);
    assert_eq!(v.sites[1], ("HS".into(), PublicState::Crisis));
    assert_eq!(v.sites[0], ("FS".into(), PublicState::Disturbance));
    t.act("it", clear(no)).unwrap();
    assert_eq!(view(&t).region, PublicState::Crisis, "the mode stands");
    t.act("tib", mode("HS", "normal")).unwrap();
    t.act("tib", mode("FS", "normal")).unwrap();
    assert_eq!(view(&t).region, PublicState::Normal);
}

#[test]
fn rule_d9_a_degraded_system_is_no_public_disturbance() {
    let mut t = Timeline::by_day();
    t.ehr_down("degraded");
    assert_eq!((view(&t).region, view(&t).investigating), (PublicState::Normal, false));
}

#[test]
fn rule_d9_a_stopped_text_is_gone_and_its_correction_shows() {
    let mut t = Timeline::by_day();
    let no = t.ehr_down("major");
    approve(&mut t, no, "public");
    let wrong = view(&t).messages[0].clone();
    t.act("it", stop(no, Some(wrong.number.seq))).unwrap();
    let v = view(&t);
    assert_eq!(v.messages.len(), 1);
    assert!(text(&v).starts_with("Vårt besked från klockan 09.45 gäller inte längre."), "{}", text(&v));
    assert!(!text(&v).contains("journalsystem"), "nobody says how it is: {}", text(&v));
    assert_eq!(v.region, PublicState::Disturbance, "the incident goes on");
}

#[test]
fn rule_d9_the_all_clear_stands_for_a_day() {
    let mut t = Timeline::by_day();
    let no = t.ehr_down("major");
    approve(&mut t, no, "public");
    t.act("it", clear(no)).unwrap();
    t.act("tib", mode("FS", "normal")).unwrap();
    t.act("tib", mode("HS", "normal")).unwrap();
    // Until somebody approved the all clear, what was approved last stands.
    let v = view(&t);
    assert_eq!(v.region, PublicState::Disturbance);
    assert!(text(&v).starts_with("Vårdens journalsystem fungerar inte."), "{}", text(&v));
    approve(&mut t, no, "public");
    let v = view(&t);
    assert_eq!((v.region, v.investigating), (PublicState::Normal, false));
    assert!(text(&v).starts_with("Vårdens journalsystem fungerar som vanligt"), "{}", text(&v));
    assert_eq!(v.messages[0].next_update, None);
    t.advance(24 * 3600 - 60);
    assert!(text(&view(&t)).contains("fungerar som vanligt"));
    t.advance(120);
    assert_eq!(view(&t).messages.len(), 0);
}

#[test]
fn rule_d9_what_was_merged_stands_until_the_other_has_its_own_text() {
    let mut t = Timeline::by_day();
    let into = t.ehr_down("outage");
    let no = t.report("it", Report { shared: IfShared::Separate, ..ehr_down("major") });
    approve(&mut t, no, "public");
    t.act("it", Action::Merge { incident: no, into }).unwrap();
    assert_eq!(view(&t).messages.len(), 1);
    assert_eq!(view(&t).messages[0].number.incident, no);
    approve(&mut t, into, "public");
    assert_eq!(view(&t).messages[0].number.incident, into);
    assert_eq!(view(&t).messages.len(), 1);
}

#[test]
fn rule_d9_a_language_that_nobody_read_is_not_shown() {
    let mut t = Timeline::by_day();
    let no = t.ehr_down("major");
    t.advance(600);
    let (e, _) = t.waiting(no, "public").unwrap();
    let number = t.inc(no).number(e.message);
    t.act("kib", Action::Change { number, texts: [(Lang::SV, "LARM: Journalen ligger nere".into())].into() }).unwrap();
    approve(&mut t, no, "public");
    let m = &view(&t).messages[0];
    assert!(m.text[&Lang::SV].starts_with("LARM: Journalen"));
    assert!(m.text[&Lang::EN].contains("We are investigating"), "{:?}", m.text);
}
