//! D1: a drill has ladders of its own.

use super::*;
use vardkase::domain::public_view::public_view;

fn drill(level: &str) -> Report {
    Report { exercise: true, ..ehr_down(level) }
}

#[test]
fn rule_d1_a_drill_never_changes_modes_or_the_public_state() {
    let mut t = Timeline::by_day();
    let real = t.ehr_down("major");
    t.act("it", clear(real)).unwrap();
    // What the real one raised stands (RULES D4), and is no drill's to move.
    let modes = t.state.modes.clone();
    assert!(!modes.is_empty());
    let before = public_view(&t.state, t.now);

    let no = t.report("it", Report { sites: vec!["REG".into()], ..drill("critical") });
    assert_eq!(no, IncidentNo::exercise(1));
    for id in 0..t.inc(no).proposals.len() {
        let p = t.inc(no).proposals[id].clone();
        let by = t.inc(no).plan.function(p.asked[0]).id.to_string();
        t.act(&by, decide(no, p.id, true)).unwrap();
    }
    let (_, waits) = t.waiting(no, "public").unwrap();
    t.reply("kib", Channel::Sms, &format!("OK {}", waits.code.as_str()));
    assert_eq!(t.state.modes, modes);
    assert_eq!(public_view(&t.state, t.now), before);
    assert!(t.inc(no).modes.values().any(|m| m.0 >= 2), "its own ladder did move");
    t.act("it", clear(no)).unwrap();
    assert_eq!(t.state.modes, modes);
    assert!(!t.inc(no).proposals.iter().any(|p| p.lower), "nothing to lower");
}

#[test]
fn rule_d1_a_drill_is_never_said_to_stand_on_the_public_page() {
    let mut t = Timeline::by_day();
    let no = t.report("it", drill("critical"));
    let (_, waits) = t.waiting(no, "public").unwrap();
    t.reply("kib", Channel::Sms, &format!("OK {}", waits.code.as_str()));
    let text =
        t.inc(no).messages.iter().find(|m| m.audience == Audience::Public && m.released_at.is_some()).unwrap().seq;
    for equal in [true, false] {
        let messages = vec![MessageNo { incident: no, seq: text }];
        assert!(t.input(Input::PageChecked { messages, equal }).unwrap().is_empty());
    }
    t.advance(120);
    assert_eq!(t.inc(no).message(text).unwrap().page_equal, None);
}

#[test]
fn rule_d1_its_numbers_look_different_and_every_unit_is_marked() {
    let mut t = Timeline::by_day();
    t.report("desk", drill("outage"));
    assert!(!t.sent.is_empty());
    for s in &t.sent {
        let english = s.whole.starts_with("EXERCISE X-1");
        assert!(s.whole.starts_with("ÖVNING Ö-1") || english, "{}", s.whole);
        assert!(s.whole.ends_with("ÖVNING") || english && s.whole.ends_with("EXERCISE"), "{}", s.whole);
    }
    assert!(t.messages_to("it")[0].whole.contains("Svara JA Ö-1"));
    // The first real one counts from 1.
    assert_eq!(t.ehr_down("outage"), IncidentNo::actual(1));
}

#[test]
fn rule_d1_a_drill_reaches_no_outside_group() {
    let mut t = Timeline::by_day();
    let no = t.report("it", drill("major"));
    t.advance(3000);
    assert!(t.messages_to("town").is_empty());
    assert!(t.inc(no).entries.iter().all(|e| e.audience != Audience::Outside));
}

#[test]
fn rule_d1_skarpt_stops_the_drill_and_opens_a_filled_in_report() {
    let mut t = Timeline::by_day();
    t.gateways_say = None;
    let no = t.report("tib-2", Report { sites: vec!["HS".into()], ..drill("outage") });
    t.clear();
    t.reply("it", Channel::Sms, "SKARPT");
    assert_eq!(t.inc(no).phase, Phase::Closed);
    let messages: Vec<_> = t.inc(no).deliveries.iter().filter(|d| matches!(d.item(), Item::Message(_))).collect();
    assert!(messages.iter().all(|d| d.state == DeliveryState::Withdrawn));
    assert!(t.inc(no).asks.iter().all(|a| !a.state.is_open()));
    assert_eq!(t.notes_to("tib-2", NoteWord::DrillStopped).len(), 1);
    let form = t.notes_to("it", NoteWord::ReportSummary);
    let (code, pending) = t.state.pending.iter().next().map(|(c, p)| (c.as_str(), p)).unwrap();
    assert!(form[0].whole.contains("title=Journalen ligger nere; level=outage; sites=HS; mode=STABSLÄGE"));
    assert!(form[0].whole.contains(&format!("code={code}")));
    assert_eq!((pending.level, pending.sites.as_slice()), (LevelIx(1), &[SiteId::from("HS")][..]));
    let yes = format!("JA {code}");
    t.reply("it", Channel::Sms, &yes);
    let real = t.inc(IncidentNo::actual(1));
    assert_eq!((real.sites.as_slice(), real.level), (&[SiteId::from("HS")][..], LevelIx(1)));
}

/// Whoever says that something is real is never met with silence.
#[test]
fn rule_d1_skarpt_after_the_end_of_a_drill_opens_a_report_and_without_one_says_what_can_be_reported() {
    let mut t = Timeline::by_day();
    let no = t.report("it", drill("outage"));
    t.act("it", Action::DrillEnd { incident: no, abort: false }).unwrap();
    assert!(!t.inc(no).headline().get(Lang::SV).contains("fungerar"), "a drill says nothing of how it is");
    for said in ["SKARPT", &format!("SKARPT {no} branden är verklig")] {
        t.clear();
        t.reply("it", Channel::Sms, said);
        assert_eq!(t.notes_to("it", NoteWord::ReportSummary).len(), 1, "{said}");
    }
    let code = t.state.pending.keys().last().unwrap().as_str().to_owned();
    t.reply("it", Channel::Sms, &format!("JA {code}"));
    assert_eq!(t.inc(IncidentNo::actual(1)).level, LevelIx(1));
    let mut t = Timeline::by_day();
    t.reply("it", Channel::Sms, "SKARPT");
    assert_eq!(t.notes_to("it", NoteWord::NotUnderstood).len(), 1);
}

#[test]
fn rule_d1_a_real_incident_withdraws_what_drills_have_waiting() {
    let mut t = Timeline::by_day();
    t.gateways_say = None;
    let no = t.report("it", drill("outage"));
    let first = t.sent[0].id;
    t.input(Input::outcomes(vec![(first, DeliveryState::Accepted)])).unwrap();
    t.ehr_down("outage");
    let messages = t.inc(no).deliveries.iter().enumerate().filter(|(_, d)| matches!(d.item(), Item::Message(_)));
    for (i, d) in messages {
        let handed_over = i == first.ordinal as usize;
        assert_eq!(d.state == DeliveryState::Withdrawn, !handed_over);
    }
}

#[test]
fn rule_d1_the_first_real_message_within_a_day_of_a_drill_says_that_it_is_real() {
    let says = |t: &Timeline, f: &str| {
        let last = t.messages_to(f).iter().rfind(|s| s.id.incident.status == Status::Actual).unwrap().whole.clone();
        last.contains("SKARPT LÄGE, EJ ÖVNING. LARM") || last.contains("REAL, NOT A DRILL. ALERT")
    };
    let mut t = Timeline::by_day();
    t.report("it", drill("outage"));
    t.advance(24 * 3600 - 60);
    let no = t.ehr_down("outage");
    assert!(says(&t, "it") && says(&t, "tib"));
    t.act("it", update(no, News::default())).unwrap();
    assert!(!says(&t, "it"), "only the first one");
    // A second incident is not the first real one.
    t.report("it", Report { safety: Safety::No, ..slow() });
    assert!(!says(&t, "it"));
    // A day after the last drill text, deputies included, nobody needs it.
    let mut t = Timeline::by_day();
    t.report("it", drill("outage"));
    t.advance(26 * 3600);
    t.ehr_down("outage");
    assert!(!says(&t, "it"));
}

#[test]
fn rule_d1_who_is_reached_later_is_told_that_it_is_real_too() {
    let mut t = Timeline::by_day();
    // Patient safety unknown: the ICU gets the drill at once.
    t.report("it", Report { safety: Safety::Unknown, ..drill("major") });
    t.advance(3600);
    let no = t.ehr_down("outage");
    t.act("it", update(no, News { safety: Some(Safety::Yes), ..level("major") })).unwrap();
    let first = t.messages_to("icu").into_iter().find(|s| s.id.incident == no).unwrap();
    assert!(first.whole.contains("SKARPT LÄGE, EJ ÖVNING. LARM"), "{}", first.whole);
}
