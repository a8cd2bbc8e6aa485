//! D4 to D8: all clear, level and sites, noise, aliases, dependents.

use super::*;
use std::collections::BTreeSet;

#[test]
fn rule_d4_all_clear_closes_the_incident_not_the_mode() {
    let mut t = Timeline::by_day();
    let no = t.ehr_down("outage");
    t.act("it", restored(no)).unwrap();
    let owner = t.notes_to("owner", NoteWord::DataComplete);
    assert!(owner[0].whole.contains("code=1"), "the owner is asked");
    let all_clear = Action::AllClear { incident: no, override_reason: None };
    let refused = t.act("it", all_clear.clone()).unwrap_err();
    assert_eq!(refused.code, "data-not-confirmed");
    t.act("owner", Action::DataComplete { incident: no }).unwrap();
    t.clear();
    t.act("it", all_clear).unwrap();
    assert_eq!((t.inc(no).phase, mode_at(&t, "FS")), (Phase::Closed, 1));
    let text = t.messages_to("it")[0].whole.clone();
    assert!(text.contains("FARAN ÖVER STABSLÄGE FS HS: Journalen fungerar som vanligt sedan 09.45."), "{text}");
    assert!(text.contains("STABSLÄGE FS HS kvarstår: tills beslut"), "{text}");
    // The mode goes to a decision; the yes is told and asks for nothing.
    let p = t.inc(no).proposals.last().unwrap().clone();
    assert!(p.lower && p.mode == ModeIx(0));
    t.clear();
    t.reply("tib", Channel::Sms, &format!("JA {}", p.code.as_str()));
    assert_eq!(mode_at(&t, "FS"), 0);
    let told = t.messages_to("it");
    assert!(told[0].kind == Some(Kind::Mode) && !told[0].whole.contains("JA 1"), "{}", told[0].whole);
}

#[test]
fn rule_d4_the_text_names_the_incident_that_holds_the_mode() {
    let mut t = Timeline::by_day();
    let no = t.ehr_down("outage");
    let other = t.report("it", Report { playbook: "malware".into(), ..ehr_down("outage") });
    t.clear();
    t.act("it", clear(no)).unwrap();
    let text = &t.messages_to("it")[0].whole;
    assert!(text.contains(&format!("STABSLÄGE FS HS kvarstår: {other}.")), "{text}");
    assert!(!t.inc(no).proposals.iter().any(|p| p.lower), "another incident holds it");
    let events: Vec<_> = t
        .events
        .iter()
        .filter_map(|(_, e)| match e {
            Event::Incident { change, .. } => match &**change {
                Change::PhaseSet { phase: Phase::Closed, reason, .. } => Some(reason.as_str().to_owned()),
                _ => None,
            },
            _ => None,
        })
        .collect();
    assert_eq!(events, ["ägaren nås inte"], "the override is on record");
}

#[test]
fn rule_d4_sites_held_at_different_modes_are_lowered_apart() {
    let mut t = Timeline::by_day();
    let no = t.ehr_down("outage");
    t.report("it", Report { playbook: "malware".into(), sites: vec!["FS".into()], ..ehr_down("outage") });
    t.act("tib", mode("FS", "reinforced")).unwrap();
    t.act("tib", Action::Update { incident: no, news: News::default() }).unwrap();
    t.act("it", clear(no)).unwrap();
    let asked: Vec<_> = t.inc(no).proposals.iter().filter(|p| p.lower).map(|p| (p.mode.0, p.sites.clone())).collect();
    assert!(asked.contains(&(0, vec!["HS".into()])), "{asked:?}");
    assert!(!asked.iter().any(|(m, s)| *m == 0 && s.contains(&"FS".into())), "{asked:?}");
}

#[test]
fn rule_d4_relapse_goes_from_restored_back_to_alert() {
    let mut t = Timeline::by_day();
    let no = t.ehr_down("outage");
    let relapse = Action::Relapse { incident: no, news: News::default() };
    assert_eq!(t.act("it", relapse.clone()).unwrap_err().code, "not-restored");
    t.act("it", restored(no)).unwrap();
    t.act("owner", Action::DataComplete { incident: no }).unwrap();
    assert_eq!(t.act("it", restored(no)).unwrap_err().code, "restored-already");
    t.clear();
    t.act("it", relapse).unwrap();
    assert_eq!((t.inc(no).phase, t.inc(no).data_confirmed), (Phase::Open, None));
    let text = &t.messages_to("tib")[0].whole;
    assert!(text.contains("LARM STABSLÄGE FS HS") && text.ends_with("Svara JA 1"), "{text}");
}

#[test]
fn rule_d4_a_relapse_reaches_those_whose_alert_still_waited() {
    let mut t = Timeline::by_day();
    let no = t.ehr_down("major");
    t.act("it", restored(no)).unwrap();
    assert!(t.messages_to("icu").is_empty(), "whoever heard of nothing hears of no restoration");
    t.advance(700);
    assert!(t.inc(no).messages.iter().all(|m| m.kind != Kind::Holding), "nor does the public");
    t.act("it", Action::Relapse { incident: no, news: News::default() }).unwrap();
    approve(&mut t, no, "icu");
    assert!(!t.got("icu", Kind::Alert).is_empty() && !t.got("ed", Kind::Alert).is_empty());
    assert!(t.waiting(no, "public").is_some() && t.waiting(no, "town").is_some());
}

#[test]
fn rule_d5_up_the_new_entries_fire_and_who_was_addressed_gets_the_update() {
    let plan = region_with(|b| {
        let mut rows = b.plan.playbooks[&PlaybookId::from("ehr-down")].levels[1].notify.clone();
        rows[0].to = To::Functions(vec![b.function_ix("tib"), b.function_ix("it-led"), b.function_ix("it")]);
        b.plan.playbooks.get_mut(&"ehr-down".into()).unwrap().levels[1].notify = rows;
    });
    let mut t = Timeline::starting(DAY, plan);
    let no = t.ehr_down("degraded");
    assert_eq!(mode_at(&t, "FS"), 0);
    t.clear();
    t.act("it", update(no, level("outage"))).unwrap();
    assert_eq!(mode_at(&t, "FS"), 1, "up raises");
    // The raised mode is told in a message of its own (RULES A9); here the other texts count.
    let told = |f: &str| t.messages_to(f).into_iter().filter(|s| s.kind != Some(Kind::Mode)).collect::<Vec<_>>();
    let kinds = |f: &str| told(f).iter().map(|s| s.kind.unwrap()).collect::<Vec<_>>();
    assert_eq!(kinds("it-led"), [Kind::Alert]);
    assert_eq!(kinds("it"), [Kind::Update, Kind::Update], "sms and pager; not the alert again");
    assert_eq!(kinds("tib"), [Kind::Update], "told at degraded");
    assert!(told("it")[0].whole.contains("UPPDATERING STABSLÄGE FS HS"));
    // The owners of what depends on it are told now, too.
    assert_eq!(kinds("lab"), [Kind::Alert]);
    assert!(t.messages_to("lab")[0].whole.contains("STABSLÄGE"), "with what is true now");
}

#[test]
fn rule_d5_a_site_added_runs_the_entries_for_it() {
    let mut t = Timeline::by_day();
    let no = t.report("it", Report { safety: Safety::Unknown, ..ehr_down("major") });
    t.clear();
    let sites = Some(["FS", "HS", "LS"].map(SiteId::from).to_vec());
    t.act("it", update(no, News { sites, ..News::default() })).unwrap();
    assert_eq!(t.messages_to("ward-ls").iter().map(|s| s.kind.unwrap()).collect::<Vec<_>>(), [Kind::Alert]);
    assert!(t.got("it", Kind::Alert).is_empty() && t.got("icu", Kind::Alert).is_empty());
    assert_eq!(t.got("it", Kind::Update).len(), 2);
    assert_eq!(mode_at(&t, "LS"), 1);
    assert_eq!(t.inc(no).entries.iter().filter(|e| e.public).count(), 1, "the public's text waits once");
}

#[test]
fn rule_d5_down_tells_everybody_addressed_and_lowers_nothing() {
    let mut t = Timeline::by_day();
    let no = t.ehr_down("major");
    approve(&mut t, no, "icu");
    t.clear();
    t.act("it", update(no, level("degraded"))).unwrap();
    assert_eq!((t.inc(no).level, mode_at(&t, "FS")), (LevelIx(0), 1));
    for f in ["it", "tib", "it-led"] {
        assert!(!t.got(f, Kind::Update).is_empty(), "{f}");
    }
    approve(&mut t, no, "icu");
    assert!(!t.got("icu", Kind::Update).is_empty());
    assert!(t.sent.iter().all(|s| s.kind != Some(Kind::Alert)));
}

#[test]
fn rule_d5_the_same_fault_twice_is_added_or_separate() {
    let mut t = Timeline::by_day();
    let no = t.ehr_down("outage");
    // The laboratory's system hangs on the records system; a report of either offers the open one.
    for word in ["ehr-down", "journal"] {
        let refused = t.act("tib", Action::Report(Report { playbook: word.into(), ..Report::default() })).unwrap_err();
        assert_eq!((refused.code, refused.already), ("shares-a-system", Some(no)));
        assert_eq!(refused.given("incident").to_string(), "1", "{refused:?}");
    }
    let add = |shared| Report { sites: vec!["LS".into()], shared, ..ehr_down("major") };
    // Any duty reports, and so adds: level and sites together.
    t.act("ed", Action::Report(Report { safety: Safety::Yes, ..add(IfShared::AddTo(no)) })).unwrap();
    assert_eq!(t.inc(no).level, LevelIx(2));
    assert_eq!(t.inc(no).sites, ["FS", "HS", "LS"].map(SiteId::from));
    assert_eq!(t.inc(no).facts.safety, Safety::Yes, "patients in danger is news");
    let second = t.report("ed", add(IfShared::Separate));
    assert_eq!(second, IncidentNo::actual(2));
    let mut t = Timeline::by_day();
    let drill = t.report("it", Report { exercise: true, ..ehr_down("outage") });
    let refused = t.act("ed", Action::Report(add(IfShared::AddTo(drill)))).unwrap_err();
    assert_eq!((refused.code, refused.already), ("cannot-add", None), "a real report can't vanish in a drill");
}

#[test]
fn rule_d5_what_hangs_on_the_same_infrastructure_is_offered_too() {
    let plan = region_with(|b| {
        let mut hall = b.plan.playbooks[&PlaybookId::from("dictation-slow")].clone();
        (hall.id, hall.systems, hall.infra) = ("hall-down".into(), vec![], vec!["hall".into()]);
        b.plan.playbooks.insert(hall.id.clone(), hall);
    });
    let mut t = Timeline::starting(DAY, plan);
    t.report("it", Report { playbook: "hall-down".into(), ..Report::default() });
    assert_eq!(t.act("it", Action::Report(ehr_down("outage"))).unwrap_err().code, "shares-a-system");
    t.report("it", Report { playbook: "malware".into(), ..Report::default() });
}

#[test]
fn rule_d5_merge() {
    let mut t = Timeline::by_day();
    let into = t.ehr_down("outage");
    let no = t.report("it", Report { sites: vec!["LS".into()], shared: IfShared::Separate, ..ehr_down("major") });
    approve(&mut t, no, "ward-ls");
    assert_eq!(t.act("it", Action::Merge { incident: no, into: no }).unwrap_err().code, "cannot-merge");
    t.clear();
    t.act("it", Action::Merge { incident: no, into }).unwrap();
    assert_eq!((t.inc(no).phase, t.inc(no).merged_into), (Phase::Closed, Some(into)));
    assert!(t.inc(no).asks.iter().all(|a| !a.state.is_open()));
    assert_eq!(t.inc(into).level, LevelIx(2));
    assert_eq!(t.inc(into).sites, ["FS", "HS", "LS"].map(SiteId::from));
    let heard = t.messages_to("ward-ls").iter().any(|s| s.id.incident == into);
    assert!(heard || t.waiting(into, "ward-ls").is_some(), "who knew of 2 only hears of 1");
    let refused = t.act("it", update(no, News::default())).unwrap_err();
    assert_eq!(refused.code, "closed");
    assert!(refused.given("into").to_string() == "1", "{refused:?}");
}

#[test]
fn rule_d6_degraded_at_night_pages_it_and_tib_reads_it_in_the_morning() {
    let mut t = Timeline::by_night();
    let no = t.ehr_down("degraded");
    assert_eq!(t.messages_to("it").len(), 2, "sms and pager");
    t.advance(240);
    t.reply("it", Channel::Sms, "JA 1");
    t.advance(3000);
    assert!(t.messages_to("tib").is_empty(), "nobody else is woken");
    t.advance(6 * 3600);
    let morning: Vec<_> = t.messages_to("tib");
    assert_eq!(morning.len(), 1);
    assert_eq!(morning[0].at, at("2008-12-18T06:30:00+01:00"));
    assert!(!morning[0].whole.contains("JA 1"), "a text without answer: {}", morning[0].whole);
    assert_eq!(mode_at(&t, "FS"), 0);
    assert!(t.inc(no).asks.iter().all(|a| a.function != t.plan().function_ix("tib").unwrap()));
    // By day at once.
    let mut t = Timeline::by_day();
    t.ehr_down("degraded");
    assert_eq!(t.messages_to("tib").len(), 1);
}

#[test]
fn rule_d6_what_was_told_at_night_after_all_is_not_told_again_in_the_morning() {
    let mut t = Timeline::by_night();
    let no = t.ehr_down("degraded");
    t.advance(600);
    t.act("it", update(no, level("outage"))).unwrap();
    let alerts = t.got("tib", Kind::Alert).iter().filter(|s| s.flags == 0 && s.channel == Channel::Email).count();
    assert_eq!(alerts, 1, "the higher level pages");
    t.reply("tib", Channel::Sms, "JA 1");
    t.clear();
    t.advance(at("2008-12-18T07:00:00+01:00").seconds_since(t.now));
    assert!(t.got("tib", Kind::Alert).iter().all(|s| s.at < at("2008-12-18T06:00:00+01:00")));
}

#[test]
fn rule_d6_an_update_of_a_quiet_row_waits_for_the_morning() {
    let mut t = Timeline::starting("2008-12-17T21:30:00+01:00", super::super::region::plan().plan);
    let no = t.ehr_down("degraded");
    assert_eq!(t.messages_to("tib").len(), 1, "in the evening at once");
    t.reply("it", Channel::Sms, "JA 1");
    t.advance(3600);
    t.clear();
    t.act("it", update(no, News { next: Some(t.now + 12 * 3600), ..News::default() })).unwrap();
    assert_eq!(t.got("it", Kind::Update).len(), 2);
    assert!(t.got("tib", Kind::Update).is_empty());
    t.advance(8 * 3600);
    let got = t.got("tib", Kind::Update);
    assert_eq!((got.len(), got[0].at), (1, at("2008-12-18T06:30:00+01:00")));
}

#[test]
fn rule_d6_deputies_side_by_side_from_major_in_steps_below() {
    for (level, beside) in [("degraded", false), ("outage", false), ("major", true), ("critical", true)] {
        let mut t = Timeline::by_day();
        let no = t.ehr_down(level);
        assert_eq!(asked(&t, no, "it").len() > 1, beside, "{level}");
    }
}

#[test]
fn rule_d7_levels_have_ids_and_aliases() {
    for (i, names) in [["degraded", "D1"], ["outage", "d2"], ["Major", "D3"], ["critical", "D4"]].iter().enumerate() {
        for name in names {
            let mut t = Timeline::by_day();
            let no = t.ehr_down(name);
            assert_eq!(usize::from(t.inc(no).level.0), i, "{name}");
        }
    }
    let mut t = Timeline::by_day();
    let refused = t.act("it", Action::Report(ehr_down("D9"))).unwrap_err();
    assert_eq!(refused.code, "unknown-level");
    assert!(refused.given("levels").to_string().contains("outage (D2)"), "{refused:?}");
}

#[test]
fn rule_d8_owners_of_what_depends_on_the_failed_system_are_told() {
    let mut t = Timeline::by_day();
    t.ehr_down("outage");
    for f in ["lab", "owner"] {
        assert_eq!(t.got(f, Kind::Alert).first().map(|s| s.at), Some(t.now), "{f}");
    }
    // Through a chain, and through infrastructure.
    let plan = region_with(|b| {
        let cl_fs = b.function_ix("cl-fs");
        let mut far = b.plan.systems[1].clone();
        (far.id, far.owner, far.needs_systems) = ("blood".into(), cl_fs, vec!["lab-system".into()]);
        b.plan.systems.push(far);
        let mut hall = b.plan.playbooks[&PlaybookId::from("dictation-slow")].clone();
        (hall.id, hall.systems, hall.infra) = ("hall-down".into(), vec![], vec!["hall".into()]);
        hall.level = LevelIx(1);
        b.plan.playbooks.insert(hall.id.clone(), hall);
    });
    let mut t = Timeline::starting(DAY, plan);
    let no = t.report("it", Report { playbook: "hall-down".into(), ..Report::default() });
    for f in ["lab", "owner", "cl-fs"] {
        assert!(!t.got(f, Kind::Alert).is_empty(), "{f}");
    }
    let told: Vec<_> = t.got("it", Kind::Alert);
    assert!(told.iter().all(|s| s.message == Some(1)), "the same text");
    assert_eq!(t.inc(no).messages.len(), 1);
}

#[test]
fn rule_d11_the_same_report_again_sends_nothing_and_other_facts_are_offered_as_news() {
    let mut t = Timeline::by_day();
    let no = t.ehr_down("outage");
    t.clear();
    for by in ["it", "tib", "icu"] {
        let again = t.act(by, Action::Report(ehr_down("outage"))).unwrap_err();
        assert_eq!((again.code, again.already), ("nothing-new", None));
        let added = Report { shared: IfShared::AddTo(no), ..ehr_down("outage") };
        assert_eq!(t.act(by, Action::Report(added)).unwrap_err().code, "nothing-new");
    }
    assert!(t.sent.is_empty(), "{:?}", t.sent);
    let worse = Report { safety: Safety::Yes, ..ehr_down("outage") };
    let offered = t.act("icu", Action::Report(worse.clone())).unwrap_err();
    assert_eq!((offered.code, offered.already), ("shares-a-system", Some(no)));
    t.act("icu", Action::Report(Report { shared: IfShared::AddTo(no), ..worse })).unwrap();
    assert!(!t.sent.is_empty());
    // One of its own is one of its own.
    assert_ne!(t.report("tib", Report { shared: IfShared::Separate, ..ehr_down("outage") }), no);
}

#[test]
fn rule_d11_a_fourth_report_or_drill_in_ten_minutes_must_be_meant() {
    let mut t = Timeline::by_day();
    let drill = || Report { exercise: true, ..ehr_down("degraded") };
    for _ in 0..3 {
        t.report("it", drill());
    }
    assert_eq!(t.act("it", Action::Report(drill())).unwrap_err().code, "many-reports");
    t.report("tib", drill());
    t.report("it", Report { confirmed: true, ..drill() });
    // Something real is not held up by drills.
    t.report("it", ehr_down("degraded"));
    t.advance(601);
    assert_eq!(t.act("it", Action::Report(drill())).unwrap_err().code, "real-is-open");
}

#[test]
fn rule_d11_a_command_with_an_id_is_carried_out_once() {
    use vardkase::domain::incident::event::Event;
    let mut t = Timeline::by_day();
    let once = |body: u8, key: u8, action: Action| Input::Once {
        id: CommandId { key: [key; 16], body: [body; 8] },
        who: None,
        by: "it".into(),
        action: Box::new(action),
    };
    let first = t.input(once(1, 1, Action::Report(ehr_down("outage")))).unwrap();
    assert!(first.len() > 1);
    let sent = t.sent.len();
    let again = t.input(once(1, 1, Action::Report(ehr_down("outage")))).unwrap();
    assert!(matches!(again.as_slice(), [Event::Carried { incident: Some(no), message: Some(_), .. }] if no.n == 1));
    assert_eq!((t.sent.len(), t.state.incidents.len()), (sent, 1));
    assert_eq!(t.input(once(2, 1, Action::Report(ehr_down("major")))).unwrap_err().code, "key-used");
    // What was refused was not carried out: it may come again.
    let update = || Action::Update { incident: IncidentNo::actual(2), news: News::default() };
    assert!(t.input(once(3, 3, update())).is_err());
    t.report("it", Report { shared: IfShared::Separate, ..ehr_down("outage") });
    assert!(t.input(once(3, 3, update())).unwrap().len() > 1);
    // A day later it is a new one.
    t.advance(25 * 3600);
    assert!(
        t.input(once(1, 1, Action::Update { incident: IncidentNo::actual(1), news: News::default() })).unwrap().len()
            > 1
    );
}

#[test]
fn rule_d12_beats_that_were_missed_are_one() {
    let mut t = Timeline::by_day();
    t.ehr_down("outage");
    t.clear();
    t.now = t.now + 30 * 24 * 3600;
    let before = t.events.len();
    t.input(Input::Due).unwrap();
    let told = t.sent.iter().filter(|s| s.note == Some(NoteWord::Overdue)).count();
    assert!(told <= 6, "{told} notes that an update is missing");
    assert!(t.events.len() - before < 200, "{} events", t.events.len() - before);
}

#[test]
fn rule_c12_an_overdue_update_is_told_at_once_again_soon_and_then_ever_later() {
    let mut t = Timeline::by_day();
    let no = t.ehr_down("outage");
    let due = t.inc(no).update_due;
    t.now = due;
    t.clear();
    let from = t.now;
    t.advance(3 * 24 * 3600);
    let told: BTreeSet<u32> =
        t.sent.iter().filter(|s| s.note == Some(NoteWord::Overdue)).map(|s| s.at.seconds_since(from) / 60).collect();
    let told: Vec<u32> = told.into_iter().collect();
    assert_eq!(told[..6], [0, 10, 30, 70, 150, 310], "{told:?}");
    assert!(told.len() < 20 && told.windows(2).all(|w| w[1] - w[0] <= 360), "never silent: {told:?}");
}
