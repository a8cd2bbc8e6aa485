//! Feeds of the public page through whole incidents: what each says beside the page, for every shipped playbook; and a page that
//! nobody looks at for a thousand days.

#![expect(clippy::unwrap_used, reason = "tests")]

use std::path::Path;

use super::timeline::*;
use vardkase::config::{Source, Statement, load};
use vardkase::domain::ids::IncidentNo;
use vardkase::domain::incident::facts::Safety;
use vardkase::domain::incident::input::{Action, News, Report};
use vardkase::domain::incident::state::EntryState;
use vardkase::domain::lang::{L10n, Lang};
use vardkase::domain::plan::{Plan, PublicRule};
use vardkase::domain::public_view::{PublicState, PublicView, Stands, public_view};
use vardkase::web::feeds::{entries, render_atom, render_cap, render_state};
use vardkase::web::page::{PageFrame, render_public, shown_texts};
use vardkase::web::public::PublicSite;
use vardkase::web::publication::{PUBLICATION_BYTES_MAX, Whole, whole};

const URL: &str = "https://lage.fjallmark.example";

fn shipped() -> Plan {
    load(&Source::Shipped).unwrap().plan
}

fn at_work(plan: &Plan) -> Timeline {
    Timeline::starting("2026-11-24T09:45:00+01:00", plan.clone())
}

fn view(t: &Timeline) -> PublicView {
    public_view(&t.state, t.now)
}

fn made(t: &Timeline, plan: &Plan) -> Whole {
    let statement = Statement { contact: "tillganglighet@fjallmark.example".into(), ..Statement::default() };
    whole(&view(t), &PageFrame { plan, fictional: true, training: false, statement: &statement, public_url: URL })
}

fn file(all: &Whole, name: &str) -> String {
    let found = all.mirrored.iter().find(|(n, _)| n.as_str() == name);
    String::from_utf8(found.unwrap_or_else(|| panic!("no {name}")).1.to_vec()).unwrap()
}

/// The first element of a name; texts of these tests have nothing that XML writes otherwise.
fn held(xml: &str, name: &str) -> String {
    let Some((_, after)) = xml.split_once(&format!("<{name}>")) else { return String::new() };
    after.split_once(&format!("</{name}>")).unwrap().0.to_owned()
}

/// What waits for the public goes out.
fn release(t: &mut Timeline, no: IncidentNo) {
    for _ in 0..4 {
        let inc = t.inc(no);
        let waits = inc.entries.iter().find(|e| e.public && matches!(e.state, EntryState::Waiting(_)));
        let Some(number) = waits.map(|e| inc.number(e.message)) else { return };
        t.act("tib", Action::BreakGlass { number, reason: "prov".into() }).unwrap();
    }
}

fn news(said: &str) -> News {
    News { public_news: Some(L10n::of([(Lang::SV, said), (Lang::EN, said)])), ..News::default() }
}

/// A name for each stage of an incident.
type Seen<'a> = &'a mut dyn FnMut(&str, &Timeline);

/// An incident from report to all clear, and two that were stopped.
fn walk(plan: &Plan, playbook: &str, seen: Seen<'_>) {
    let report = || Report {
        playbook: playbook.into(),
        level: Some("critical".into()),
        safety: Safety::No,
        ..Report::default()
    };
    let mut t = at_work(plan);
    seen("normal", &t);
    let no = t.report("it-bered", report());
    seen("investigated", &t);
    t.advance(plan.region.holding_after_s + 1);
    seen("holding", &t);
    release(&mut t, no);
    seen("alert", &t);
    t.advance(600);
    t.act("it-led", Action::Update { incident: no, news: news("Alla vårdcentraler kan ta prover") }).unwrap();
    release(&mut t, no);
    seen("update", &t);
    t.act("tib", Action::Mode { site: "FS".into(), mode: "reinforced".into(), reason: "beslut".into() }).unwrap();
    release(&mut t, no);
    seen("crisis", &t);
    let number = t.inc(no).number(1);
    t.advance(60);
    t.act("it-led", Action::Correct { number, news: news("Bara sjukhusen kan ta prover") }).unwrap();
    release(&mut t, no);
    seen("correction", &t);
    t.advance(600);
    t.act("it-led", Action::Restored { incident: no, news: News::default() }).unwrap();
    release(&mut t, no);
    seen("restored", &t);
    t.advance(600);
    t.act("it-led", Action::AllClear { incident: no, override_reason: Some("prov".into()) }).unwrap();
    release(&mut t, no);
    seen("all-clear", &t);
    for site in ["REG", "FS", "HS", "LS", "PV"] {
        let down = Action::Mode { site: site.into(), mode: "normal".into(), reason: "slut".into() };
        let _ = t.act("tib", down);
    }
    release(&mut t, no);
    seen("over", &t);
    for (name, false_alarm) in [("stopped", false), ("false-alarm", true)] {
        let mut t = at_work(plan);
        let no = t.report("it-bered", report());
        release(&mut t, no);
        t.advance(600);
        let stop = Action::Stop { incident: no, message: None, false_alarm, reason: "prov".into() };
        t.act("it-led", stop).unwrap();
        t.advance(120);
        seen(name, &t);
    }
}

fn published(plan: &Plan) -> Vec<String> {
    plan.playbooks.values().filter(|p| p.public != PublicRule::Never).map(|p| p.id.to_string()).collect()
}

/// Every text of the view stands whole in the page, in CAP, in Atom and in JSON.
fn same_everywhere(t: &Timeline, plan: &Plan, stage: &str) {
    let (view, all) = (view(t), made(t, plan));
    let json: serde_json::Value = serde_json::from_str(&file(&all, "state.json")).unwrap();
    assert_eq!(json["state"], view.stands().as_str(), "{stage}");
    assert_eq!(json["messages"].as_array().unwrap().len(), view.messages.len(), "{stage}");
    for (n, m) in view.messages.iter().enumerate() {
        let cap = file(&all, &format!("cap/{}.xml", m.number));
        let infos: Vec<&str> = cap.split("<info>").skip(1).collect();
        assert_eq!(infos.len(), m.text.len(), "{stage}");
        for (lang, text) in &m.text {
            let info = infos.iter().find(|i| held(i, "language").starts_with(lang.as_str())).unwrap();
            let parts = ["headline", "description", "instruction"].map(|name| held(info, name));
            let joined = parts.iter().filter(|p| !p.is_empty()).cloned().collect::<Vec<_>>().join(" ");
            assert_eq!(joined, *text, "{stage}: CAP");
            assert!(parts[2].contains("112") || parts[2].contains("1177"), "{stage}: {parts:?}");
            let atom = file(&all, &format!("feed.{lang}.atom"));
            assert!(atom.contains(&format!("<content>{text}</content>")), "{stage}: {atom}");
            assert_eq!(json["messages"][n]["texts"][lang.as_str()]["text"], **text, "{stage}: JSON");
            let html = file(&all, &format!("{lang}/index.html"));
            assert!(shown_texts(&html).contains(&text.replace('"', "&#34;").replace('\'', "&#39;")), "{stage}: {html}");
        }
    }
}

#[test]
fn feeds_say_what_the_page_says_in_every_state_of_every_shipped_playbook() {
    let plan = shipped();
    let mut stands = std::collections::BTreeSet::new();
    for playbook in published(&plan) {
        walk(&plan, &playbook, &mut |stage, t| {
            same_everywhere(t, &plan, &format!("{playbook}, {stage}"));
            stands.insert(view(t).stands());
        });
    }
    for wanted in [Stands::Normal, Stands::Over, Stands::Investigated, Stands::Disturbance, Stands::Crisis] {
        assert!(stands.contains(&wanted), "{wanted:?}: {stands:?}");
    }
}

#[test]
fn cap_goes_from_alert_over_updates_to_all_clear_and_names_what_it_replaces() {
    let plan = shipped();
    let mut chain: Vec<(String, [String; 5], usize)> = Vec::new();
    let mut told: Vec<String> = Vec::new();
    walk(&plan, "ehr-down", &mut |stage, t| {
        let (view, all) = (view(t), made(t, &plan));
        let Some(m) = view.messages.first() else { return };
        let cap = file(&all, &format!("cap/{}.xml", m.number));
        let is = ["msgType", "responseType", "urgency", "severity", "certainty"].map(|name| held(&cap, name));
        let references = held(&cap, "references");
        let named: Vec<&str> = references.split(' ').filter(|r| !r.is_empty()).collect();
        if stage == "holding" {
            told.clear();
        }
        if !["stopped", "false-alarm"].contains(&stage) {
            assert!(named.iter().all(|n| told.contains(&(*n).to_owned())), "{stage}: {named:?} of {told:?}");
            let own = ["sender", "identifier", "sent"].map(|name| held(&cap, name)).join(",");
            if !told.contains(&own) {
                told.push(own);
            }
        }
        chain.push((stage.to_owned(), is, named.len()));
    });
    let said: Vec<String> = chain.iter().map(|(s, is, n)| format!("{s}: {} {n}", is.join(" "))).collect();
    assert_eq!(
        said,
        [
            "holding: Alert Monitor Unknown Unknown Likely 0",
            "alert: Update Monitor Immediate Moderate Observed 1",
            "update: Update Monitor Immediate Moderate Observed 2",
            "crisis: Update Monitor Immediate Severe Observed 2",
            "correction: Update Monitor Immediate Severe Observed 3",
            "restored: Update Monitor Expected Minor Observed 4",
            "all-clear: Update AllClear Past Minor Observed 5",
            "over: Update AllClear Past Minor Observed 5",
            "stopped: Cancel None Past Minor Unlikely 1",
            "false-alarm: Cancel None Past Minor Unlikely 1",
        ]
    );
}

#[test]
fn a_drill_is_in_no_feed() {
    let plan = shipped();
    let mut t = at_work(&plan);
    let before = made(&t, &plan);
    t.report(
        "it-bered",
        Report { exercise: true, playbook: "ehr-down".into(), level: Some("critical".into()), ..Report::default() },
    );
    let after = made(&t, &plan);
    let names = |all: &Whole| all.mirrored.clone();
    assert_eq!(names(&before), names(&after));
}

#[test]
fn a_text_that_exists_in_one_language_only_is_shown_with_it_and_said_so() {
    let plan = shipped();
    let mut t = at_work(&plan);
    let no =
        t.report("it-bered", Report { playbook: "ehr-down".into(), level: Some("major".into()), ..Report::default() });
    t.advance(601);
    release(&mut t, no);
    let mut view = view(&t);
    let english = view.messages[0].text.remove(&Lang::EN).unwrap();
    let text = view.messages[0].text[&Lang::SV].clone();
    let statement = Statement::default();
    let frame = PageFrame { plan: &plan, fictional: true, training: false, statement: &statement, public_url: URL };
    let page = render_public(&view, Lang::EN, &frame);
    assert_eq!(shown_texts(&page), std::slice::from_ref(&text));
    assert!(page.contains("<html lang=\"en\">") && page.contains("<div class=\"text\" lang=\"sv\""));
    assert!(
        page.contains("only in another language. Read it in <a href=\"/sv\" lang=\"sv\" hreflang=\"sv\">Svenska</a>")
    );
    assert!(!page.contains(&english));
    let atom = String::from_utf8(render_atom(&view, Lang::EN, &frame)).unwrap();
    assert!(atom.contains("<entry xml:lang=\"sv\">") && atom.contains(&text), "{atom}");
    let cap = String::from_utf8(render_cap(&view, &view.messages[0], &frame)).unwrap();
    assert_eq!(cap.matches("<info>").count(), 1, "{cap}");
    let json: serde_json::Value = serde_json::from_slice(&render_state(&view, &frame)).unwrap();
    assert!(json["messages"][0]["texts"]["en"].is_null());
    // What nobody has read in any language is nowhere.
    view.messages[0].text.clear();
    assert_eq!(entries(&view).count(), 0);
}

#[test]
fn a_page_in_a_language_without_a_catalogue_says_in_which_its_words_are() {
    let mut plan = shipped();
    let finnish: Lang = "fi".to_owned().try_into().unwrap();
    plan.region.languages.push(finnish);
    let words = plan.words(Lang::EN).clone();
    plan.words.insert(finnish, words);
    let t = at_work(&plan);
    let html = file(&made(&t, &plan), "fi/index.html");
    assert!(html.contains("<html lang=\"en\">") && html.contains("No known disruptions"), "{html}");
}

/// Nobody asks for the page, nobody restarts the program: it stays true, and no larger.
#[test]
fn a_thousand_days_without_a_visitor() {
    let plan = shipped();
    let mut t = at_work(&plan);
    let site = PublicSite::new();
    let normal = made(&t, &plan);
    let (files, bytes) = (normal.mirrored.len(), normal.bytes());
    let mut incident = None;
    for day in 0..1000_u32 {
        t.advance(86_400);
        t.clear();
        if day == 300 {
            let report = Report { playbook: "ehr-down".into(), level: Some("major".into()), ..Report::default() };
            incident = Some(t.report("it-bered", report));
        }
        if day == 302 {
            let no = incident.unwrap();
            release(&mut t, no);
            t.act("it-led", Action::AllClear { incident: no, override_reason: Some("prov".into()) }).unwrap();
            release(&mut t, no);
            for site in ["REG", "FS", "HS", "LS", "PV"] {
                let down = Action::Mode { site: site.into(), mode: "normal".into(), reason: "slut".into() };
                let _ = t.act("tib", down);
            }
        }
        let all = made(&t, &plan);
        let local = plan.calendar.local(t.now.timestamp());
        let checked = local.strftime("%Y-%m-%dT%H:%M:%S%:z").to_string();
        let page = file(&all, "sv/index.html");
        assert!(page.contains(&checked), "day {day}: checked at");
        assert!(file(&all, "state.json").contains(&checked), "day {day}");
        let calm = view(&t).region == PublicState::Normal;
        if !(300..306).contains(&day) {
            assert!(calm && view(&t).messages.is_empty(), "day {day}");
            assert_eq!(all.mirrored.len(), files, "day {day}");
            assert!(all.bytes().abs_diff(bytes) < 256, "day {day}: {} and {bytes} bytes", all.bytes());
        } else if (300..302).contains(&day) {
            assert!(!calm, "day {day}: what is open is not forgotten");
        }
        assert!(all.bytes() < PUBLICATION_BYTES_MAX);
        let own = all.own.len();
        assert!(site.publish(all.own));
        assert_eq!(site.pages().len(), own, "day {day}: nothing of yesterday is left");
    }
}

/// Writes all files of every stage: `VK_FEEDS=folder cargo test --test it -- --ignored every_feed_to_a_folder`.
#[test]
#[ignore = "writes files, for tests/peers/feeds.sh"]
fn every_feed_to_a_folder() {
    let folder = std::env::var("VK_FEEDS").expect("VK_FEEDS is not set: run tests/peers/feeds.sh");
    let plan = shipped();
    for playbook in published(&plan) {
        walk(&plan, &playbook, &mut |stage, t| {
            let to = Path::new(&folder).join(&playbook).join(stage);
            for (name, body) in made(t, &plan).mirrored {
                let path = to.join(name.as_str());
                std::fs::create_dir_all(path.parent().unwrap()).unwrap();
                std::fs::write(path, body).unwrap();
            }
            // What was approved, from the state itself: by number and language.
            let view = view(t);
            let texts: std::collections::BTreeMap<String, _> =
                view.messages.iter().map(|m| (m.number.to_string(), &m.text)).collect();
            std::fs::write(to.join("approved.json"), serde_json::to_vec(&texts).unwrap()).unwrap();
        });
    }
}
