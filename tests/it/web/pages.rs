//! The public page in its three states, and pictures of everything for people to look at.

use std::path::Path;

use reqwest::Method;
use reqwest::header::{ACCEPT_LANGUAGE, HeaderMap};
use vardkase::config::Statement;
use vardkase::dispatch::links::link;
use vardkase::domain::ids::DeliveryId;
use vardkase::domain::incident::facts::Safety;
use vardkase::domain::incident::input::Report;
use vardkase::domain::incident::render::sentences;
use vardkase::domain::lang::Lang;
use vardkase::domain::public_view::{PublicState, PublicView, public_view};
use vardkase::web::answer::answer;
use vardkase::web::page::{Links, PAGE_BYTES_MAX, PageFrame, render_embed, render_page, render_public, shown_texts};
use vardkase::web::public::Call;

use super::site::Site;

async fn view(site: &Site) -> PublicView {
    site.handle.query(|s, m| public_view(s, m.now)).await.unwrap()
}

/// What a mirror shows days after the program was stopped: until when it held, with day and year, and what to do, before all else.
#[tokio::test]
async fn rule_d9_an_old_copy_says_by_itself_until_when_it_held_and_whom_to_call() {
    let site = Site::start().await;
    let statement = Statement::default();
    let frame =
        PageFrame { plan: &site.plan, fictional: false, training: false, statement: &statement, public_url: "" };
    let normal = view(&site).await;
    let disturbed = PublicView { region: PublicState::Disturbance, investigating: true, ..normal.clone() };
    let crisis = PublicView { region: PublicState::Crisis, investigating: true, ..normal.clone() };
    let local = site.plan.calendar.local(normal.valid_until.timestamp());
    let (year, machine) = (local.year().to_string(), local.strftime("datetime=\"%Y-%m-%dT%H:%M:%S%:z\"").to_string());
    let mirror = Links::Mirror { depth: 1 };
    for (lang, until, call, alone) in [
        (Lang::SV, "gäller till ", "lita inte på sidan, ring 1177.", "lita inte på sidan."),
        (Lang::EN, "valid until ", "do not rely on this page; call 1177.", "do not rely on this page."),
    ] {
        for one in [&normal, &disturbed, &crisis] {
            let (told, nobody) =
                (PublicView { call: "1177".into(), ..one.clone() }, PublicView { call: "".into(), ..one.clone() });
            for (page, said) in [
                (render_page(&told, lang, &frame, mirror), call),
                (render_embed(&told, lang, &frame, mirror), call),
                (render_page(&nobody, lang, &frame, mirror), alone),
                (render_embed(&nobody, lang, &frame, mirror), alone),
            ] {
                let at = page.find(until).unwrap();
                let sentence = &page[at..at + page[at..].find("</p>").unwrap()];
                assert!(
                    sentence.contains(&machine) && sentence.contains(&year) && sentence.ends_with(said),
                    "{sentence}"
                );
            }
            // On the page itself it stands in the band, under the heading.
            let page = render_page(&told, lang, &frame, mirror);
            assert!(page.find(call).unwrap() < page.find("</header>").unwrap());
        }
    }
}

#[tokio::test]
async fn the_public_page_changes_as_a_whole_and_says_until_when_it_is_true() {
    let site = Site::start().await;
    let statement = Statement::default();
    let frame = PageFrame { plan: &site.plan, fictional: true, training: false, statement: &statement, public_url: "" };
    let mut seen = Vec::new();
    let normal = view(&site).await;
    assert_eq!(normal.region, PublicState::Normal);
    site.report(Report { level: Some("major".into()), safety: Safety::No, ..Report::default() }).await;
    let disturbed = view(&site).await;
    assert_eq!((disturbed.region, disturbed.investigating), (PublicState::Disturbance, true));
    site.pass(700).await;
    let told = view(&site).await;
    assert!(!told.messages.is_empty(), "the holding text is out (RULES B7)");
    let crisis = PublicView { region: PublicState::Crisis, ..told.clone() };
    for (view, words) in [
        (&normal, ["Inga kända störningar", "No known disruptions"]),
        (&disturbed, ["Störning utreds", "A disruption is being investigated"]),
        (&told, ["Störning i vården", "Disruption in health care"]),
        (&crisis, ["Allvarlig störning i vården", "Serious disruption in health care"]),
    ] {
        for (lang, word) in [Lang::SV, Lang::EN].into_iter().zip(words) {
            let html = render_public(view, lang, &frame);
            assert!(html.contains(&format!("</span> {word}</h1>")), "{word}");
            let texts: usize = view.messages.iter().filter_map(|m| m.text.get(&lang)).map(String::len).sum();
            assert!(html.len() - texts < PAGE_BYTES_MAX, "{} bytes", html.len());
            assert!(!html.contains("<script") && !html.contains(" style=") && !html.contains("src="));
            assert!(html.contains("Påhittad region / Fictional region") && html.contains("tel:112"));
            let checked = if lang == Lang::SV { ">tis 24 nov 2026 " } else { ">Tue 24 Nov 2026 " };
            assert!(html.contains(checked), "when it was checked: {html}");
            assert!(html.contains("datetime=\"2026-11-24T"), "for programs too");
            assert!(!html.contains("http-equiv"), "it does not load anew by itself");
            assert!(!html.contains("var(") && !html.contains("clamp("), "what old browsers leave out");
            for m in &view.messages {
                let Some(text) = m.text.get(&lang) else { continue };
                let shown = shown_texts(&html);
                let whole = text.replace('"', "&#34;");
                assert_eq!(shown.iter().filter(|s| **s == whole).count(), 1, "whole, part by part: {text}");
                let heading = sentences(text).remove(0);
                assert!(html.contains(&format!("<h2>{heading}</h2>")), "its heading first: {heading}");
            }
            seen.push(html);
        }
    }
    let body = |html: &str| html[html.find("<body").unwrap()..].split('>').next().unwrap().to_owned();
    assert_ne!(body(&seen[0]), body(&seen[2]));
    assert_ne!(body(&seen[2]), body(&seen[6]));
}

/// Writes every page as a file with its style: `VK_PAGES=/tmp/pages cargo test --test it -- --ignored pages_to_look_at`.
#[tokio::test]
#[ignore = "writes files for people to look at"]
async fn pages_to_look_at() {
    let Ok(folder) = std::env::var("VK_PAGES") else { return };
    let folder = Path::new(&folder);
    std::fs::create_dir_all(folder).unwrap();
    let site = Site::start().await;
    let sheet =
        |name| std::fs::read_to_string(format!("{}/assets/console/{name}.css", env!("CARGO_MANIFEST_DIR"))).unwrap();
    let style = ["console", "sheet", "incident"].map(sheet).concat();
    let keep = |name: &str, html: &str| {
        let from = html.find("<link rel=\"stylesheet\"");
        let html = match from {
            Some(from) => {
                let to = from + html[from..].find('>').unwrap() + 1;
                format!("{}<style>{style}</style>{}", &html[..from], &html[to..])
            }
            None => html.to_owned(),
        };
        std::fs::write(folder.join(format!("{name}.html")), html).unwrap();
    };
    let statement = Statement::default();
    let frame = PageFrame { plan: &site.plan, fictional: true, training: false, statement: &statement, public_url: "" };
    keep("public-normal.sv", &render_public(&view(&site).await, Lang::SV, &frame));
    site.report(Report { exercise: true, ..Report::default() }).await;
    site.report(Report { level: Some("critical".into()), safety: Safety::Unknown, ..Report::default() }).await;
    keep("public-investigating.sv", &render_public(&view(&site).await, Lang::SV, &frame));
    let mut kib = site.browser("kib").await;
    let waiting = kib.page("/approve").await;
    let number = super::site::between(&waiting, "href=\"/approve/", "\"").to_owned();
    for (function, phone) in [("tib", true), ("it-led", false), ("iva", true)] {
        let ack = serde_json::json!({ "ack": { "incident": "1", "message": null, "function": function, "phone": phone, "at": null } });
        site.command(if phone { "vaxel" } else { function }, ack).await;
    }
    site.pass(240).await;
    for lang in ["sv", "en"] {
        kib.lang = lang.into();
        for (name, path) in [
            ("overview", "/"),
            ("acting", "/acting"),
            ("choose", "/report"),
            ("report", "/report?playbook=ehr-down"),
            ("approvals", "/approve"),
            ("approve", &*format!("/approve/{number}")),
            ("incident", "/incidents/1"),
            ("incident-who", "/incidents/1/who"),
            ("incident-texts", "/incidents/1/texts"),
            ("incident-timeline", "/incidents/1/timeline"),
            ("drill", "/incidents/%C3%96-1"),
            ("update", "/incidents/1/update"),
            ("ack", "/incidents/1/ack?function=akm"),
            ("decide", "/incidents/1/decide"),
            ("mode", "/mode"),
            ("missing", "/incidents/99"),
            ("gateways", "/reach"),
            ("gateway", "/gateways/sms-api"),
        ] {
            let (_, html) = kib.get(path).await;
            keep(&format!("{name}.{lang}"), &html);
        }
        for act in ACTS {
            let (_, html) = kib.get(&format!("/incidents/1/{act}")).await;
            keep(&format!("act-{act}.{lang}"), &html);
        }
        let mut lead = site.browser("it-led").await;
        lead.lang = lang.into();
        let update = [("do", "update"), ("known.sv", "Reservdrift startar"), ("known.en", "Standby starts")];
        for form in [&update[..], &[("do", "restored")], &[("do", "stop"), ("reason", "fel ort")]] {
            let (_, to) = lead.post("/incidents/1", form).await;
            keep(&format!("check-{}.{lang}", form[0].1), &lead.page(&to).await);
        }
        for (name, path) in [("lead-now", "/incidents/1"), ("lead-update", "/incidents/1/update")] {
            keep(&format!("{name}.{lang}"), &lead.page(path).await);
        }
        let fields =
            [("playbook", "ehr-down"), ("step", "check"), ("level", "major"), ("site", "FS"), ("safety", "no")];
        keep(&format!("check.{lang}"), &kib.post("/report", &fields).await.1);
        let apart =
            [("playbook", "network-down"), ("step", "check"), ("site", "HS"), ("site", "LS"), ("exercise", "1")];
        keep(&format!("check-drill.{lang}"), &kib.post("/report", &apart).await.1);
    }
    // A text that was changed, and one that was rejected.
    let list = kib.page("/approve").await;
    let number = super::site::between(&list, "href=\"/approve/", "\"").to_owned();
    let change = [("do", "change"), ("text.sv", "Vårdens journalsystem ligger nere. Ring 1177 om du undrar.")];
    let (_, to) = kib.post(&format!("/approve/{number}"), &change).await;
    for lang in ["sv", "en"] {
        kib.lang = lang.into();
        let (path, _) = to.split_once('?').unwrap();
        keep(&format!("approve-changed.{lang}"), &kib.page(&format!("{path}?from={number}")).await);
        let reject = [("do", "reject"), ("reason", "obegriplig")];
        kib.post(path, &reject).await;
        keep(&format!("approve-rejected.{lang}"), &kib.page(path).await);
    }
    site.pass(700).await;
    let told = view(&site).await;
    for lang in [Lang::SV, Lang::EN] {
        keep(&format!("public-told.{lang}"), &render_public(&told, lang, &frame));
        let crisis = PublicView { region: PublicState::Crisis, ..told.clone() };
        keep(&format!("public-crisis.{lang}"), &render_public(&crisis, lang, &frame));
    }
    for lang in ["sv", "en"] {
        let mut tib = site.browser("tib").await;
        tib.lang = lang.into();
        keep(&format!("incident-late.{lang}"), &tib.page("/incidents/1").await);
        for page in ["who", "texts", "timeline"] {
            keep(&format!("incident-late-{page}.{lang}"), &tib.page(&format!("/incidents/1/{page}")).await);
        }
        keep(&format!("overview-late.{lang}"), &tib.page("/").await);
        let sign_in = site.request(Method::GET, &format!("/sign-in?lang={lang}")).send().await.unwrap();
        keep(&format!("sign-in.{lang}"), &sign_in.text().await.unwrap());
        // What stands behind the links that went out: questions, requests for approval, nothing.
        for ordinal in 0..60 {
            let id = DeliveryId { incident: "1".parse().unwrap(), ordinal };
            let mut headers = HeaderMap::new();
            headers.insert(ACCEPT_LANGUAGE, lang.parse().unwrap());
            let path = link(&site.key, "", id);
            let call = Call { method: Method::GET, path, query: None, headers, body: Default::default() };
            let html = answer(&site.handle, &site.key, &call).await.body.to_vec();
            keep(&format!("link-{ordinal:02}.{lang}"), &String::from_utf8(html).unwrap());
        }
    }
}

/// What can be done with an incident, as the address says it.
const ACTS: [&str; 17] = [
    "ack",
    "unack",
    "pass-on",
    "fallback",
    "update",
    "correct",
    "stop",
    "restored",
    "relapse",
    "all-clear",
    "errand",
    "arrived",
    "step",
    "step-start",
    "step-stop",
    "step-move",
    "break-glass",
];
