//! E. Reporting in a hurry.

#![expect(clippy::unwrap_used, reason = "tests")]

use super::c_answers::*;
use super::timeline::*;
use vardkase::domain::ids::*;
use vardkase::domain::incident::decide::dry_run;
use vardkase::domain::incident::event::Event;
use vardkase::domain::incident::facts::{Restore, Safety};
use vardkase::domain::incident::input::*;
use vardkase::domain::incident::values::*;
use vardkase::domain::ladder::{LevelIx, ModeIx};
use vardkase::domain::lang::Lang;
use vardkase::domain::plan::{Channel, Plan};
use vardkase::domain::words::NoteWord;

fn found_by(plan: &Plan, word: &str) -> String {
    find_playbook(plan, word).map(|id| id.to_string()).unwrap_or_else(|r| r.code.to_owned())
}

#[test]
fn rule_e1_enter_accepts_the_defaults() {
    let mut t = Timeline::by_day();
    let no = t.report("it", Report { playbook: "ehr-down".into(), ..Report::default() });
    let inc = t.inc(no);
    let f = &inc.facts;
    assert_eq!((f.since, inc.level), (t.now, LevelIx(2)));
    assert_eq!(f.restore, Restore::Unknown { forecast: t.now + 3600 }, "the beat is the time of the next forecast");
    assert_eq!((f.next, f.safety), (t.now + 3600, Safety::Unknown));
    assert_eq!(f.scope.get(Lang::SV), "sjukhusen");
    assert_eq!(f.contact, "0980-319 206", "the owner's duty phone");
    let text = t.text(no, 1, Lang::SV);
    for part in ["Sedan: 09.45.", "Åter i drift: okänt.", "Kontakt: 0980-319 206."] {
        assert!(text.contains(part), "{text}");
    }
}

#[test]
fn rule_e1_at_night_the_contact_is_the_phone_of_who_holds_the_duty() {
    let mut t = Timeline::by_night();
    let no = t.ehr_down("outage");
    assert_eq!(t.inc(no).facts.contact, "0980-319 204", "it holds the owner's duty");
}

#[test]
fn rule_e1_a_contact_that_hangs_on_what_is_down_is_refused_and_never_the_default() {
    let plan = region_with(|b| {
        let owner = b.function_ix("owner");
        b.plan.functions[owner.ix()].phone.as_mut().unwrap().needs = vec![vec!["net".into()]];
        let book = b.plan.playbooks.get_mut(&"ehr-down".into()).unwrap();
        book.infra = vec!["hall".into()];
        let lab = b.function_ix("lab");
        b.plan.functions[lab.ix()].phone.as_mut().unwrap().publishable = false;
    });
    let mut t = Timeline::starting(DAY, plan);
    let with = |contact: &str| Action::Report(Report { contact: Some(contact.into()), ..ehr_down("outage") });
    for (contact, code) in
        [("owner", "contact-is-down"), ("lab", "contact-not-publishable"), ("070-1234567", "unknown-contact")]
    {
        let refused = t.act("it", with(contact)).unwrap_err();
        assert_eq!(refused.code, code);
        let offered = refused.given("functions").to_string();
        assert!(offered.contains("tib") && !offered.contains("owner"), "{refused:?}");
    }
    let no = t.ehr_down("outage");
    assert_eq!(t.inc(no).facts.contact, "0980-319 200", "of one who leads");
    t.act("it", Action::AllClear { incident: no, override_reason: Some("x".into()) }).unwrap();
    // By function or by number, however it is typed.
    for typed in ["it-led", "0980-319205", "0980 319 205"] {
        let mut t = Timeline::by_day();
        t.act("it", with(typed)).unwrap();
        assert_eq!(t.inc(IncidentNo::actual(1)).facts.contact, "0980-319 205", "{typed}");
    }
}

#[test]
fn rule_e1_what_can_not_be_is_refused() {
    let mut t = Timeline::by_day();
    let now = t.now;
    let bad = [
        (Report { since: Some(now + 301), ..ehr_down("outage") }, "since-in-future"),
        (Report { next: Some(now), ..ehr_down("outage") }, "next-in-past"),
        (Report { sites: vec!["XX".into()], ..ehr_down("outage") }, "unknown-site"),
        (Report { routines: Some(vec!["dance".into()]), ..ehr_down("outage") }, "unknown-routine"),
        (Report { playbook: "".into(), ..ehr_down("outage") }, "no-playbook"),
    ];
    for (report, code) in bad {
        let refused = t.act("it", Action::Report(report)).unwrap_err();
        assert_eq!(refused.code, code);
    }
    assert!(t.state.incidents.is_empty());
}

#[test]
fn rule_e1_a_playbook_is_found_by_id_system_alias_or_title_word() {
    let plan = region_with(|b| {
        for id in ["malware", "dictation-slow"] {
            b.plan.playbooks.get_mut(&id.into()).unwrap().aliases.clear();
        }
    });
    for (word, book) in [
        ("ehr-down", "ehr-down"),
        ("EHR-Down", "ehr-down"),
        ("journal", "ehr-down"),
        ("Journal nere", "ehr-down"),
        ("journalen", "ehr-down"),
        ("records", "ehr-down"),
        ("kod", "malware"),
        ("dictation", "dictation-slow"),
        ("dikteringen", "dictation-slow"),
        ("kaffe", "unknown-playbook"),
    ] {
        assert_eq!(found_by(&plan, word), book, "{word}");
    }
    let refused = find_playbook(&plan, "kaffe").unwrap_err();
    let offered = refused.given("playbooks").to_string();
    assert!(offered.contains("ehr-down") && offered.contains("malware"), "{refused:?}");
}

#[test]
fn rule_e1_the_last_screen_says_what_will_happen() {
    let t = Timeline::by_day();
    let before = t.state.clone();
    let seen = dry_run(&t.state, &"it".into(), &ehr_down("major"), t.now).unwrap();
    assert!(t.state == before, "a look changes nothing");
    let mut t = t;
    let no = t.ehr_down("major");
    assert_eq!((seen.mode, seen.sites), (ModeIx(1), ["FS", "HS"].map(SiteId::from).to_vec()));
    assert_eq!(seen.waiting, 3);
    let messages: Vec<_> = t.sent.iter().filter(|s| s.message.is_some()).collect();
    assert_eq!(seen.deliveries, messages.len());
    assert_eq!(seen.duties, t.inc(no).attempted.len());
}

#[test]
fn rule_e2_a_report_by_sms_gets_summary_count_and_code_and_yes_starts_it() {
    let mut t = Timeline::by_day();
    t.reply("cl-fs", Channel::Sms, "LARM journal D3");
    assert!(t.state.incidents.is_empty(), "nothing starts before the yes");
    let (code, pending) = t.state.pending.iter().next().map(|(c, p)| (c.as_str().to_owned(), p.clone())).unwrap();
    assert_eq!((pending.level, pending.by.as_str()), (LevelIx(2), "cl-fs"));
    let seen = dry_run(&t.state, &"cl-fs".into(), &Report { playbook: "ehr-down".into(), ..Report::default() }, t.now);
    let duties = seen.unwrap().duties;
    let note = t.notes_to("cl-fs", NoteWord::ReportSummary)[0].whole.clone();
    let summary =
        format!("title=Journalen ligger nere; level=major; sites=FS HS; mode=STABSLÄGE; count={duties}; code={code}");
    assert!(note.ends_with(&summary), "{note}");
    t.reply("cl-fs", Channel::Sms, &format!("ja {code}"));
    let inc = t.inc(IncidentNo::actual(1));
    assert_eq!((inc.playbook.as_str(), inc.level), ("ehr-down", LevelIx(2)));
    assert_eq!(inc.plan.function(inc.reporter).id.as_str(), "cl-fs");
    assert!(!t.got("it", Kind::Alert).is_empty());
    assert!(t.state.pending.is_empty(), "the code is used up");
    t.reply("cl-fs", Channel::Sms, &format!("ja {code}"));
    assert_eq!(t.state.incidents.len(), 1);
}

#[test]
fn rule_e2_level_site_and_language_as_they_are_typed() {
    for (text, level, sites) in [
        ("larm journal", 2, &["FS", "HS"][..]),
        ("Larm D1 journal ls", 0, &["LS"]),
        ("ALERT records outage HS", 1, &["HS"]),
    ] {
        let mut t = Timeline::by_day();
        t.reply("it", Channel::Sms, text);
        let p = t.state.pending.values().next().unwrap_or_else(|| panic!("{text}"));
        let named: Vec<&str> = p.sites.iter().map(SiteId::as_str).collect();
        assert_eq!((p.level.0, named.as_slice()), (level, sites), "{text}");
    }
    let mut t = Timeline::by_day();
    t.reply("it", Channel::Sms, "LARM kaffe");
    assert!(t.state.pending.is_empty());
    assert!(t.notes_to("it", NoteWord::NotUnderstood)[0].whole.contains("ehr-down"), "what there is");
}

#[test]
fn rule_e2_no_drops_it() {
    let mut t = Timeline::by_day();
    t.reply("it", Channel::Sms, "LARM journal");
    let code = t.state.pending.keys().next().unwrap().as_str().to_owned();
    t.reply("it", Channel::Sms, &format!("NEJ {code}"));
    assert!(t.state.pending.is_empty() && t.state.incidents.is_empty());
}

#[test]
fn rule_e2_unknown_senders_are_refused_and_logged() {
    let mut t = Timeline::by_day();
    let unknown = |text: &str| Input::Reply { who: None, from: vec![], known: None, text: text.into() };
    let events = t.input(unknown("LARM journal D3")).unwrap();
    assert_eq!(events, [Event::StrangerAnswered { incident: None }]);
    assert!(t.state.pending.is_empty() && t.sent.is_empty(), "and never answered");
    // Nor can a stranger, or another duty, say yes.
    t.reply("it", Channel::Sms, "LARM journal D3");
    let code = t.state.pending.keys().next().unwrap().as_str().to_owned();
    let answered = Event::StrangerAnswered { incident: None };
    assert_eq!(t.input(unknown(&format!("JA {code}"))).unwrap(), [answered]);
    t.reply("cl", Channel::Sms, &format!("JA {code}"));
    assert!(t.state.incidents.is_empty());
    t.reply("it", Channel::Sms, &format!("JA {code}"));
    assert_eq!(t.state.incidents.len(), 1, "the code still holds for the reporter");
}

#[test]
fn rule_e2_an_expired_code_starts_nothing_and_says_so() {
    let mut t = Timeline::by_day();
    t.reply("it", Channel::Sms, "LARM journal D3");
    let code = t.state.pending.keys().next().unwrap().as_str().to_owned();
    t.advance(1800);
    assert!(t.state.pending.is_empty());
    t.clear();
    t.reply("it", Channel::Sms, &format!("JA {code}"));
    assert!(t.state.incidents.is_empty());
    assert_eq!(t.notes_to("it", NoteWord::NotUnderstood).len(), 1, "silence would look like a start");
}

#[test]
fn rule_e2_the_same_fault_twice_is_added_to_the_right_one() {
    let mut t = Timeline::by_day();
    // Many open, so that number 1 is the beginning of others.
    let first = t.report("it", Report { playbook: "dictation-slow".into(), ..Report::default() });
    for _ in 0..9 {
        let shared = IfShared::Separate;
        t.report("it", Report { playbook: "dictation-slow".into(), shared, confirmed: true, ..Report::default() });
    }
    let journal = t.report("tib", ehr_down("outage"));
    assert_eq!(journal, IncidentNo::actual(11));
    t.reply("ed", Channel::Sms, "LARM journal D3");
    let code = t.state.pending.keys().next().unwrap().as_str().to_owned();
    t.reply("ed", Channel::Sms, &format!("JA {code}"));
    assert_eq!(t.state.incidents.len(), 11, "it is news of the open one");
    assert_eq!(t.inc(journal).level, LevelIx(2));
    assert_eq!(t.inc(first).level, LevelIx(0));
}

#[test]
fn rule_e2_a_report_that_comes_to_nothing_is_not_silent() {
    let plan = region_with(|b| b.plan.region.limits.open_incidents_max = 1);
    let mut t = Timeline::starting(DAY, plan);
    t.reply("it", Channel::Sms, "LARM journal D3");
    let code = t.state.pending.keys().next().unwrap().as_str().to_owned();
    t.report("tib", Report { playbook: "dictation-slow".into(), ..Report::default() });
    t.clear();
    t.reply("it", Channel::Sms, &format!("JA {code}"));
    assert_eq!(t.state.incidents.len(), 1);
    assert_eq!(t.notes_to("it", NoteWord::NotUnderstood).len(), 1);
}

#[test]
fn rule_d_a_named_limit_refuses_what_would_not_fit_and_never_a_stop() {
    let points = region_with(|_| ()).points.len();
    let plan = region_with(|b| b.plan.region.limits.deliveries_max = u32::try_from(points).unwrap());
    let mut t = Timeline::starting(DAY, plan);
    let no = t.report("it", Report { playbook: "dictation-slow".into(), ..Report::default() });
    let update = Action::Update { incident: no, news: News::default() };
    let refused = t.act("it", update).unwrap_err();
    assert_eq!(refused.code, "too-many-deliveries");
    t.clear();
    t.act("it", Action::Stop { incident: no, message: None, false_alarm: false, reason: "falsklarm".into() }).unwrap();
    assert!(!t.messages_to("it").is_empty(), "a stop goes out all the same");
}
