//! What can be done in the console: each page says its own thing, and a word that is not known does nothing.

use std::collections::BTreeSet;

use reqwest::StatusCode;
use serde_json::json;

use vardkase::domain::incident::facts::Safety;
use vardkase::domain::incident::input::Report;

use super::site::{Site, between};

fn major() -> Report {
    Report { level: Some("major".into()), safety: Safety::No, ..Report::default() }
}

/// All that can be done to an incident.
const ACTS: [&str; 18] = [
    "ack",
    "all-clear",
    "arrived",
    "break-glass",
    "correct",
    "decide",
    "errand",
    "fallback",
    "pass-on",
    "relapse",
    "restored",
    "step",
    "step-move",
    "step-start",
    "step-stop",
    "stop",
    "unack",
    "update",
];

#[tokio::test]
async fn each_act_has_its_own_page_and_its_own_words() {
    let site = Site::start().await;
    site.report(major()).await;
    let mut browser = site.browser("it-bered").await;
    browser.lang = "en".into();
    let (mut headings, mut effects) = (BTreeSet::new(), BTreeSet::new());
    for act in ACTS {
        let page = browser.page(&format!("/incidents/1/{act}")).await;
        assert!(page.contains(&format!("name=\"do\" value=\"{act}\"")), "{act}: {page}");
        headings.insert(between(&page, "<h1>", "</h1>").to_owned());
        effects.insert(between(&page, "<p class=\"lead\">", "</p>").to_owned());
    }
    assert_eq!((headings.len(), effects.len()), (ACTS.len(), ACTS.len()), "{headings:?} {effects:?}");
    for unknown in ["volcano", "Ack", "break_glass", "step-"] {
        assert_eq!(browser.get(&format!("/incidents/1/{unknown}")).await.0, StatusCode::NOT_FOUND, "{unknown}");
    }
}

#[tokio::test]
async fn an_unknown_or_tampered_act_is_refused_and_nothing_is_done() {
    let site = Site::start().await;
    site.report(major()).await;
    let browser = site.browser("it-bered").await;
    let before = site.api("/log").await.1;
    let forms: [(&str, &[(&str, &str)]); 12] = [
        ("/incidents/1", &[]),
        ("/incidents/1", &[("do", "volcano"), ("number", "1-1"), ("reason", "x")]),
        ("/incidents/1", &[("do", "Break-Glass"), ("number", "1-1"), ("reason", "x")]),
        ("/incidents/1", &[("do", "decide"), ("reason", "x"), ("yes", "perhaps")]),
        ("/incidents/1", &[("do", "decide"), ("reason", "x")]),
        ("/incidents/1", &[("do", "step"), ("step", "1"), ("answer", "perhaps")]),
        ("/incidents/1", &[("do", "step"), ("step", "1")]),
        ("/gateways/sms-api", &[("do", "volcano"), ("function", "tib")]),
        ("/gateways/sms-api", &[("function", "tib")]),
        ("/approve/1-1", &[("do", "volcano"), ("reason", "x")]),
        ("/approve/1-1", &[]),
        ("/report", &[("playbook", "ehr-down"), ("step", "volcano"), ("site", "FS"), ("shared", "separate")]),
    ];
    for (path, form) in forms {
        let (status, page) = browser.post(path, form).await;
        assert_eq!(status, StatusCode::UNPROCESSABLE_ENTITY, "{path} {form:?}: {page}");
        assert!(page.contains("är inget som kan göras här; inget är gjort."), "{path} {form:?}: {page}");
        assert!(!page.contains("<script>"), "{page}");
    }
    let (_, page) = browser.post("/incidents/1", &[("do", "<script>alert(1)</script>")]).await;
    assert!(!page.contains("<script>"), "{page}");
    assert_eq!(site.api("/log").await.1, before, "nothing was done");
    assert_eq!(site.api("/gateways/tests").await.1, json!([]), "nobody got a test");
}
