//! Languages (A7), who is told what follows (A8), changes of mode (A9), the number to call (A10).

use super::*;

/// A region whose ED reads English, then Swedish.
fn ed_reads_english() -> Timeline {
    let mut b = region::plan();
    let ed = b.function_ix("ed");
    for p in b.plan.function(ed).points.clone() {
        b.plan.points[p.ix()].languages = vec![EN, SV];
    }
    Timeline::starting("2008-12-18T09:45:00+01:00", b.plan)
}

#[test]
fn rule_a7_each_function_gets_its_language() {
    let mut t = ed_reads_english();
    let no = t.ehr_down("major");
    approve_all(&mut t, no);
    assert!(t.got("ed", Kind::Alert).iter().all(|s| s.whole.contains(&t.text(no, 1, EN))));
    assert!(t.got("icu", Kind::Alert).iter().all(|s| s.whole.contains(&t.text(no, 1, SV))));
}

#[test]
fn rule_a7_unreviewed_text_is_not_released_the_holding_text_of_that_language_goes() {
    let mut t = ed_reads_english();
    t.gateways_say = Some(DeliveryState::Delivered);
    let no = t.ehr_down("major");
    let english = t.text(no, 1, EN);
    let typed = t.text(no, 1, SV).replace("sjukhusen", "alla sjukhus");
    t.act("kib", Action::Change { number: exact(no, 1), texts: BTreeMap::from([(SV, typed.clone())]) }).unwrap();
    let seq = t.waiting(no, "ed").unwrap().0.message;
    let m = t.inc(no).message(seq).unwrap();
    assert!(m.texts[&SV].reviewed && !m.texts[&EN].reviewed);
    approve_all(&mut t, no);
    assert!(t.got("icu", Kind::Alert).iter().all(|s| s.whole.contains(&typed)));
    let ed = t.messages_to("ed");
    assert!(!ed.is_empty() && ed.iter().all(|s| s.kind == Some(Kind::Holding)), "{ed:?}");
    assert!(ed[0].whole.contains("The text is being checked. Next update: 10:45."), "{}", ed[0].whole);
    // Neither a reminder nor an escalation lets it out.
    t.advance(3 * 3600);
    assert!(t.messages_to("ed").iter().filter(|s| s.message == Some(seq)).all(|s| !s.whole.contains(&english)));
    let out: Vec<&Sent> = t.sent.iter().filter(|s| s.message == Some(seq) && s.whole.contains(&english)).collect();
    assert!(out.is_empty(), "{out:?}");
}

#[test]
fn rule_a7_a_deputy_in_an_unreviewed_language_gets_the_holding_text() {
    // cl-fs answers for ed when ed is silent, and reads English only.
    let mut b = region::plan();
    let deputy = b.function_ix("cl-fs");
    for p in b.plan.function(deputy).points.clone() {
        b.plan.points[p.ix()].languages = vec![EN];
    }
    let tech = b.function_ix("ed");
    for p in b.plan.function(tech).points.clone() {
        b.plan.points[p.ix()].languages = vec![EN];
    }
    let book = b.plan.playbooks.get_mut(&"ehr-down".into()).unwrap();
    book.levels[2].notify[0].deputies = Some(vardkase::domain::plan::DeputyRule::After);
    let mut t = Timeline::starting("2008-12-18T09:45:00+01:00", b.plan);
    let no = t.ehr_down("major");
    let typed = t.text(no, 1, SV).replace("sjukhusen", "alla sjukhus");
    t.act("kib", Action::Change { number: exact(no, 1), texts: BTreeMap::from([(SV, typed)]) }).unwrap();
    let seq = t.waiting(no, "ed").unwrap().0.message;
    approve_all(&mut t, no);
    t.advance(400);
    let got = t.messages_to("cl-fs");
    assert!(!got.is_empty(), "nobody is forgotten for a language's sake");
    assert!(got.iter().all(|s| s.message != Some(seq) && s.kind == Some(Kind::Holding)), "{got:?}");
    // It says for nobody whom it is about: it goes there once, and a yes to it is none for others (RULES C1, C12).
    let points: BTreeSet<_> = got.iter().map(|s| t.inc(no).deliveries[s.id.ordinal as usize].point).collect();
    assert_eq!(points.len(), got.len(), "{got:?}");
    t.reply("cl-fs", Channel::Sms, "JA 1");
    let ed = t.inc(no).plan.function_ix("ed").unwrap();
    assert_ne!(stands_of(&t, no, ed), "answered");
    t.advance(1800);
    assert_eq!(t.messages_to("cl-fs").len(), points.len(), "nor does it come again");
}

fn stands_of(t: &Timeline, no: IncidentNo, f: FunctionIx) -> &'static str {
    let ask = t.inc(no).asks.current()[&f];
    match t.inc(no).asks[ask as usize].state {
        vardkase::domain::incident::ask_list::AskState::Answered { .. } => "answered",
        _ => "open",
    }
}

#[test]
fn rule_a7_what_was_reviewed_goes_out() {
    let mut t = ed_reads_english();
    let no = t.ehr_down("major");
    let typed = t.text(no, 1, SV).replace("sjukhusen", "alla sjukhus");
    t.act("kib", Action::Change { number: exact(no, 1), texts: BTreeMap::from([(SV, typed)]) }).unwrap();
    let seq = t.waiting(no, "ed").unwrap().0.message;
    let refused = t.act("lab", Action::Reviewed { number: exact(no, seq), lang: EN }).unwrap_err();
    assert_eq!((refused.code, refused.given("asked").to_string()), ("not-yours", "kib".into()));
    t.act("kib", Action::Reviewed { number: exact(no, seq), lang: EN }).unwrap();
    approve_all(&mut t, no);
    assert!(t.got("ed", Kind::Alert).iter().all(|s| s.whole.contains(&t.text(no, seq, EN))));
    assert_eq!(t.got("ed", Kind::Holding).len(), 0);
}

/// Major at FS with icu told at once, ed silent so that cl-fs was asked for it, town and the page told.
fn everybody_told() -> (Timeline, IncidentNo) {
    let mut t = Timeline::by_day();
    let no = t.report("it", Report { safety: Safety::Yes, ..ehr_down("major") });
    approve_all(&mut t, no);
    t.advance(600);
    (t, no)
}

#[test]
fn rule_a8_a_correction_goes_to_everybody_who_was_ever_attempted() {
    let (mut t, no) = everybody_told();
    assert!(!t.messages_to("cl-fs").is_empty(), "a deputy was attempted");
    let told: BTreeSet<String> =
        t.sent.iter().filter(|s| s.message.is_some()).flat_map(|s| s.to.iter().cloned()).collect();
    t.clear();
    t.act("it-led", Action::Correct { number: exact(no, 1), news: said("Bara labbet är nere") }).unwrap();
    let is = |k: Kind| matches!(k, Kind::Correction { .. });
    let corrected: BTreeSet<String> =
        t.sent.iter().filter(|s| s.kind.is_some_and(is)).flat_map(|s| s.to.iter().cloned()).collect();
    let mut internal = told.clone();
    internal.remove("town");
    assert_eq!(corrected, internal, "an internal correction needs no approval");
    let seq = newest_of(&t, no, Audience::Internal, is);
    assert!(t.text(no, seq, SV).starts_with("RÄTTELSE av 1-1 "), "{}", t.text(no, seq, SV));
    // Outside groups and the public are corrected too, each of the number that it got, after approval.
    let outside = newest_of(&t, no, Audience::Outside, is);
    assert!(t.text(no, outside, SV).starts_with("RÄTTELSE av 1-3 "));
    let public = newest_of(&t, no, Audience::Public, is);
    assert!(t.text(no, public, SV).starts_with("Vi rättar vårt besked från klockan 09.45. "));
    assert!(t.inc(no).message(public).unwrap().released_at.is_none());
    approve_all(&mut t, no);
    assert_eq!(t.messages_to("town").len(), 1);
    assert!(t.inc(no).message(public).unwrap().released_at.is_some());
}

#[test]
fn rule_a8_running_again_and_all_clear_go_to_everybody() {
    let (mut t, no) = everybody_told();
    let told: BTreeSet<String> =
        t.sent.iter().filter(|s| s.message.is_some()).flat_map(|s| s.to.iter().cloned()).collect();
    t.clear();
    t.act("it-led", Action::Restored { incident: no, news: News::default() }).unwrap();
    approve_all(&mut t, no);
    t.act("owner", Action::DataComplete { incident: no }).unwrap();
    t.act("it-led", Action::AllClear { incident: no, override_reason: None }).unwrap();
    approve_all(&mut t, no);
    for kind in [Kind::Restored, Kind::AllClear] {
        let got: BTreeSet<String> =
            t.sent.iter().filter(|s| s.kind == Some(kind)).flat_map(|s| s.to.iter().cloned()).collect();
        assert!(got.is_superset(&told), "{kind:?}: {:?} missing", told.difference(&got));
        let public = newest_of(&t, no, Audience::Public, |k| k == kind);
        assert!(t.inc(no).message(public).unwrap().released_at.is_some());
    }
    assert!(t.got("town", Kind::AllClear).iter().all(|s| around(&t, s).1.is_empty()));
}

#[test]
fn rule_a8_a_deputy_of_an_outside_group_never_gets_the_internal_text() {
    let mut b = region::plan();
    b.deputies("town", &["press"]);
    let book = b.plan.playbooks.get_mut(&"ehr-down".into()).unwrap();
    book.levels[2].notify[2].answer = Some(vardkase::domain::plan::AnswerRule::Required);
    b.plan.region.last_resort.clear();
    let mut t = Timeline::starting("2008-12-18T09:45:00+01:00", b.plan);
    let no = t.ehr_down("major");
    approve_all(&mut t, no);
    t.advance(2000);
    assert!(!t.messages_to("press").is_empty(), "asked for the silent town");
    t.act("it-led", Action::Correct { number: exact(no, 1), news: said("Bara labbet är nere") }).unwrap();
    approve_all(&mut t, no);
    for s in t.messages_to("press") {
        assert_eq!(t.inc(no).message(s.message.unwrap()).unwrap().audience, Audience::Outside, "{s:?}");
    }
    assert!(
        t.messages_to("press").iter().any(|s| matches!(s.kind, Some(Kind::Correction { .. }))),
        "but it is corrected"
    );
}

#[test]
fn rule_a9_every_raise_and_lowering_is_told_without_approval() {
    let mut t = Timeline::by_day();
    let no = t.ehr_down("major");
    let addressed: BTreeSet<String> =
        t.sent.iter().filter(|s| s.message.is_some()).flat_map(|s| s.to.iter().cloned()).collect();
    t.clear();
    t.act("tib", Action::Decide { incident: no, proposal: None, yes: true, reason: "".into() }).unwrap();
    let got = |t: &Timeline| -> BTreeSet<String> {
        t.sent.iter().filter(|s| s.kind == Some(Kind::Mode)).flat_map(|s| s.to.iter().cloned()).collect()
    };
    let mut expected = addressed.clone();
    expected.insert("press".into());
    assert_eq!(got(&t), expected, "those who are addressed, and press, whom readiness names for that mode");
    let seq = newest_of(&t, no, Audience::Internal, |k| k == Kind::Mode);
    assert!(t.text(no, seq, SV).starts_with("NU FÖRSTÄRKNINGSLÄGE FS HS: Journalen ligger nere."));
    // Waiting drafts are rendered anew.
    let (entry, _) = t.waiting(no, "icu").unwrap();
    assert!(t.text(no, entry.message, SV).starts_with("LARM FÖRSTÄRKNINGSLÄGE FS HS:"));
    let (public, _) = t.waiting(no, "public").unwrap();
    assert!(!t.text(no, public.message, SV).contains("LÄGE"), "no mode is for the public (RULES A12)");
    t.clear();
    t.act("cl", Action::Mode { site: "FS".into(), mode: "normal".into(), reason: "läget är lugnt".into() }).unwrap();
    assert_eq!(got(&t), expected);
    let seq = newest_of(&t, no, Audience::Internal, |k| k == Kind::Mode);
    assert!(t.text(no, seq, SV).starts_with("NU FÖRSTÄRKNINGSLÄGE HS, NORMALLÄGE FS:"), "{}", t.text(no, seq, SV));
}

#[test]
fn rule_a9_a_raise_by_level_is_told_too_but_none_before_the_first_release() {
    let mut t = Timeline::by_day();
    let no = t.ehr_down("degraded");
    assert_eq!(t.state.modes.get(&SiteId::from("FS")), None);
    assert_eq!(t.got("it", Kind::Mode).len(), 0, "the alert itself tells the first mode");
    t.act("it-led", Action::Update { incident: no, news: News { level: Some("D2".into()), ..News::default() } })
        .unwrap();
    assert_eq!(t.got("it", Kind::Mode).len(), 2, "over sms and pager");
    let seq = newest_of(&t, no, Audience::Internal, |k| k == Kind::Mode);
    assert!(t.text(no, seq, SV).starts_with("NU STABSLÄGE FS HS:"));
}

#[test]
fn rule_a9_drafts_of_another_incident_at_the_site_name_the_new_mode() {
    let mut t = Timeline::by_day();
    let first = t.ehr_down("major");
    let (before, old) = t.waiting(first, "icu").unwrap();
    t.report("it", Report { playbook: "malware".into(), ..ehr_down("outage") });
    t.act("tib", Action::Mode { site: "FS".into(), mode: "reinforced".into(), reason: "".into() }).unwrap();
    let (after, new) = t.waiting(first, "icu").unwrap();
    assert!(after.message > before.message);
    assert!(t.text(first, after.message, SV).starts_with("LARM FÖRSTÄRKNINGSLÄGE FS, STABSLÄGE HS:"));
    assert_eq!(old.due, new.due);
}

#[test]
fn rule_a9_what_was_lowered_by_decision_is_not_raised_again_by_an_update() {
    let mut t = Timeline::by_day();
    let no = t.ehr_down("outage");
    t.act("tib", Action::Mode { site: "FS".into(), mode: "normal".into(), reason: "lugnt".into() }).unwrap();
    t.act("it-led", Action::Update { incident: no, news: said("Fortfarande nere") }).unwrap();
    assert_eq!(t.state.modes[&SiteId::from("FS")].0, 0);
    assert_eq!(t.state.modes[&SiteId::from("HS")].0, 1);
}

#[test]
fn rule_a10_contact_must_be_publishable_and_work() {
    let mut b = region::plan();
    let lab = b.function_ix("lab");
    b.plan.functions[lab.ix()].phone.as_mut().unwrap().publishable = false;
    let led = b.function_ix("it-led");
    b.plan.functions[led.ix()].phone.as_mut().unwrap().needs = vec![vec!["hall".into()]];
    let book = b.plan.playbooks.get_mut(&"ehr-down".into()).unwrap();
    book.infra = vec!["hall".into()];
    let mut t = Timeline::starting("2008-12-18T09:45:00+01:00", b.plan);
    let report = |contact: &str| Report { contact: Some(contact.into()), ..ehr_down("outage") };
    for (contact, code) in [
        ("lab", "contact-not-publishable"),
        ("0980-319 211", "contact-not-publishable"),
        ("070-174 06 05", "unknown-contact"),
        ("it-led", "contact-is-down"),
    ] {
        let refused = t.act("it", Action::Report(report(contact))).unwrap_err();
        assert_eq!(refused.code, code, "{contact}");
        assert!(refused.given("functions").to_string().starts_with("tib"), "{refused:?}");
    }
    assert!(t.state.incidents.is_empty());
    let no = t.report("it", report("desk"));
    assert!(t.text(no, 1, SV).ends_with("Kontakt: 0980-319 213."), "{}", t.text(no, 1, SV));
}

#[test]
fn rule_a10_the_public_text_has_the_number_for_the_public_instead() {
    let mut t = Timeline::by_day();
    let no = t.ehr_down("major");
    let (entry, _) = t.waiting(no, "public").unwrap();
    let text = t.text(no, entry.message, SV);
    assert!(text.contains("För råd om vård: ring 0980-319 200."), "{text}");
    assert!(!text.contains("Kontakt"), "{text}");
    assert!(Canonical::new(&text).is_ok());
    // The all clear too.
    approve_all(&mut t, no);
    t.act("it-led", Action::AllClear { incident: no, override_reason: Some("larmet var prov".into()) }).unwrap();
    let seq = newest_of(&t, no, Audience::Public, |k| k == Kind::AllClear);
    assert!(t.text(no, seq, SV).contains("ring 0980-319 200."));
}

#[test]
fn rule_a8_followers_of_a_later_update_wait_once() {
    // A second update while the first still waits for KiB: one draft, rendered anew, not two of the same.
    let mut t = Timeline::by_day();
    t.gateways_say = Some(DeliveryState::Delivered);
    let no = t.ehr_down("major");
    approve_all(&mut t, no);
    t.act("it-led", Action::Update { incident: no, news: said("Första") }).unwrap();
    t.advance(60);
    let restore = Some(Restore::At(t.now + 7200));
    t.act("it-led", Action::Update { incident: no, news: News { restore, ..said("Andra") } }).unwrap();
    let icu = t.plan().function_ix("icu").unwrap();
    let waiting: Vec<&Entry> =
        t.inc(no).entries.iter().filter(|e| matches!(e.state, EntryState::Waiting(_)) && e.to.contains(&icu)).collect();
    assert_eq!(waiting.len(), 1);
    assert!(
        t.text(no, waiting[0].message, SV)
            .starts_with("UPPDATERING STABSLÄGE FS HS: Åter i drift: 11.46, förut okänt. Andra.")
    );
    let rule = waiting[0].rule.clone().unwrap();
    assert_eq!((rule.within_s, rule.then), (600, Then::Release));
}
