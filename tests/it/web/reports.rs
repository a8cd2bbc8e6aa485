//! A report on three pages: nothing that was typed is lost, nothing is sent that was not shown, nothing is sent twice.

use reqwest::StatusCode;
use serde_json::json;

use vardkase::domain::incident::facts::Safety;
use vardkase::domain::incident::input::Report;

use super::site::{Browser, Site, between};

const FIELDS: [(&str, &str); 10] = [
    ("playbook", "ehr-down"),
    ("step", "check"),
    ("level", "major"),
    ("site", "FS"),
    ("safety", "no"),
    ("what.sv", "Journalen ligger nere"),
    ("since", "09.30"),
    ("restore", ""),
    ("next", ""),
    ("contact", ""),
];

fn with(changed: &[(&'static str, &'static str)]) -> Vec<(&'static str, &'static str)> {
    let kept = FIELDS.into_iter().filter(|(n, _)| changed.iter().all(|(c, _)| c != n));
    kept.chain(changed.iter().copied()).collect()
}

/// Checked: gives where it is shown, the draft and what it was sealed with.
async fn checked(browser: &Browser<'_>, fields: &[(&str, &str)]) -> (String, String, String) {
    let (status, to) = browser.post("/report", fields).await;
    assert_eq!(status, StatusCode::SEE_OTHER, "{to}");
    let page = browser.page(&to).await;
    let draft = between(&page, "name=\"draft\" value=\"", "\"").to_owned();
    let seal = between(&page, "name=\"seal\" value=\"", "\"").to_owned();
    (page, draft, seal)
}

fn unescaped(html: &str) -> String {
    html.replace("&#34;", "\"")
        .replace("&#39;", "'")
        .replace("&lt;", "<")
        .replace("&gt;", ">")
        .replace("&#60;", "<")
        .replace("&#62;", ">")
        .replace("&#38;", "&")
}

#[tokio::test]
async fn rule_e1_the_last_page_shows_what_will_leave_and_the_button_does_it() {
    let site = Site::start().await;
    let browser = site.browser("it-bered").await;
    let first = browser.page("/report").await;
    assert!(first.contains("href=\"/report?playbook=ehr-down\"") && !first.contains("http-equiv=\"refresh\""));
    let found = browser.page("/report?q=r%C3%B6ntgen").await;
    assert!(found.contains("playbook=pacs") && !found.contains("playbook=ehr-down"), "{found}");
    assert!(browser.page("/report?q=vulkan").await.contains("Ingenting hittades."));
    let how = browser.page("/report?playbook=ehr-down").await;
    assert_eq!(how.matches("name=\"level\"").count(), site.plan.ladders.levels.len());
    assert!(
        how.contains("larmar ") && how.contains("i STABSLÄGE") && how.contains("allmänheten efter godkännande"),
        "{how}"
    );
    assert!(
        how.contains("nu 09.45") && !how.contains("datetime-local"),
        "resolved values, and clock times to type: {how}"
    );
    assert_eq!(how.matches("<details>").count(), 1, "what is seldom needed is folded");

    let (page, draft, seal) = checked(&browser, &FIELDS).await;
    let dry_run = between(&page, "<div class=\"dry-run\">", "</div>");
    assert!(dry_run.contains("Fjällstads sjukhus i STABSLÄGE") || dry_run.contains("i STABSLÄGE"), "{dry_run}");
    assert!(page.contains("SKARPT LÄGE, INTE ÖVNING") && !page.contains("drillmark"), "{page}");
    let duties: usize = between(&page, ">Larma ", " funktioner nu").parse().unwrap();
    let bubble = unescaped(between(&page, "<pre lang=\"sv\">", "</pre>"));
    assert!(bubble.contains("Journalen ligger nere") && bubble.contains("Sedan: 09.30"), "{bubble}");
    assert!(page.contains("Allmänheten läser så länge") && page.contains("Vi utreder ett fel"), "{page}");
    assert!(page.contains("godkänner senast ") && page.contains("beslutar senast "), "{page}");
    assert_eq!(site.api("/incidents").await.1, json!([]), "nothing was sent yet");

    let send = [("step", "send"), ("draft", draft.as_str()), ("seal", seal.as_str())];
    let (status, to) = browser.post("/report", &send).await;
    assert_eq!((status, to.as_str()), (StatusCode::SEE_OTHER, "/report/sent?incident=1"));
    let sent = browser.page(&to).await;
    assert!(sent.contains("Larmat 09.45") && sent.contains("Händelse <b>1</b>"), "{sent}");
    assert!(sent.contains("Nästa: ") && sent.contains("på sig att svara, sedan "), "{sent}");
    site.settle().await;
    let (_, incident) = site.api("/incidents/1").await;
    let addressed = incident["summary"]["counts"]["addressed"].as_u64().unwrap();
    assert!(addressed > 3 && addressed <= duties as u64, "{addressed} of {duties}, deputies beside");
    // What phones show is what was on the screen, to the letter.
    let (_, previews) = site.api("/incidents/1/messages/1/previews").await;
    let (_, log) = site.api("/incidents/1").await;
    let shown: Vec<String> = previews["shown"]
        .as_array()
        .unwrap()
        .iter()
        .filter(|p| p["channel"] == "sms")
        .flat_map(|p| p["units"].as_array().unwrap().iter().map(|u| u.as_str().unwrap().to_owned()))
        .collect();
    assert!(shown.contains(&bubble), "{bubble:?} {shown:?} {log}");
}

#[tokio::test]
async fn a_draft_is_sent_once_however_often_its_button_is_pressed() {
    let site = Site::start().await;
    let browser = site.browser("it-bered").await;
    let (_, draft, seal) = checked(&browser, &FIELDS).await;
    let send = [("step", "send"), ("draft", draft.as_str()), ("seal", seal.as_str())];
    let (one, two, three) =
        tokio::join!(browser.post("/report", &send), browser.post("/report", &send), browser.post("/report", &send));
    for (status, to) in [one, two, three, browser.post("/report", &send).await] {
        assert_eq!(status, StatusCode::SEE_OTHER);
        assert!(to.starts_with("/report/sent?incident=1"), "{to}");
    }
    site.settle().await;
    let all = site.api("/incidents").await.1;
    assert_eq!(all.as_array().unwrap().len(), 1, "{all}");
    // Gone back to, and pressed again from there.
    let check = format!("/report/check?draft={draft}");
    assert_eq!(browser.get(&check).await.0, StatusCode::SEE_OTHER);
    assert!(
        !browser.page("/report?playbook=ehr-down").await.contains("Journalen ligger nere"),
        "what was sent is forgotten"
    );
    // Without what was shown nothing is sent.
    let bare = with(&[("step", "send")]);
    assert_eq!(browser.post("/report", &bare).await, (StatusCode::SEE_OTHER, "/report?gone=1".into()));
    assert!(browser.page("/report?gone=1").await.contains("Utkastet finns inte kvar"));
    assert_eq!(site.api("/incidents").await.1.as_array().unwrap().len(), 1);
}

#[tokio::test]
async fn rule_h4_a_draft_outlives_refusal_going_back_and_the_session() {
    let site = Site::start().await;
    let browser = site.browser("it-bered").await;
    // A mistake keeps what was typed, in the form and for whoever comes back.
    let bad = with(&[("next", "25.00"), ("scope.sv", "hela huset")]);
    let (status, page) = browser.post("/report", &bad).await;
    assert_eq!(status, StatusCode::UNPROCESSABLE_ENTITY);
    assert!(
        page.contains("role=\"alert\"") && page.contains("value=\"hela huset\"") && page.contains("25.00"),
        "{page}"
    );
    let back = browser.page("/report?playbook=ehr-down").await;
    assert!(back.contains("value=\"hela huset\"") && back.contains("Ditt utkast från 09.45 är kvar."), "{back}");
    assert!(browser.page("/report").await.contains("Fortsätt:"));
    assert!(
        !site.browser("tib").await.page("/report?playbook=ehr-down").await.contains("hela huset"),
        "it is one duty's"
    );
    // Another session of the same duty goes on with it.
    assert_eq!(browser.post("/sign-out", &[]).await.0, StatusCode::SEE_OTHER);
    let again = site.browser("it-bered").await;
    let form = again.page("/report?playbook=ehr-down").await;
    let draft = between(&form, "name=\"draft\" value=\"", "\"").to_owned();
    let mut good = with(&[("scope.sv", "hela huset")]);
    good.push(("draft", draft.as_str()));
    let (page, same, seal) = checked(&again, &good).await;
    assert_eq!(same, draft, "it is the same draft");
    assert!(page.contains("hela huset"), "{page}");
    // Changed in another window since it was shown: then it is shown once more.
    let mut changed = with(&[("scope.sv", "halva huset")]);
    changed.push(("draft", draft.as_str()));
    checked(&again, &changed).await;
    let send = [("step", "send"), ("draft", draft.as_str()), ("seal", seal.as_str())];
    let (status, to) = again.post("/report", &send).await;
    assert_eq!((status, to.as_str()), (StatusCode::SEE_OTHER, &*format!("/report/check?draft={draft}&changed=1")));
    assert!(again.page(&to).await.contains("ändrat sedan du såg det"));
    assert_eq!(site.api("/incidents").await.1, json!([]), "nothing was sent");
    // Another duty may not send it; whoever wrote it throws it away.
    let tib = site.browser("tib").await;
    assert_eq!(tib.post("/report", &send).await.1, "/report?gone=1");
    let drop = [("step", "drop"), ("draft", draft.as_str())];
    assert_eq!(again.post("/report", &drop).await, (StatusCode::SEE_OTHER, "/report".into()));
    assert!(!again.page("/report?playbook=ehr-down").await.contains("halva huset"));
}

#[tokio::test]
async fn rule_d11_the_same_again_is_said_and_an_update_is_offered() {
    let site = Site::start().await;
    site.report(Report { level: Some("major".into()), safety: Safety::No, ..Report::default() }).await;
    let browser = site.browser("it-bered").await;
    let same = [("playbook", "ehr-down"), ("step", "check"), ("level", "major"), ("site", "FS"), ("safety", "no")];
    let (status, page) = browser.post("/report", &same).await;
    assert_eq!(status, StatusCode::CONFLICT);
    assert!(
        page.contains("redan anmält som händelse 1") && page.contains("name=\"shared\" value=\"separate\""),
        "{page}"
    );
    assert!(page.contains("href=\"/incidents/1/update\""), "{page}");
    // The same fault with other facts: adding is the default, one of its own is offered, and each is shown before it is sent.
    let mut worse = same.to_vec();
    worse[4] = ("safety", "yes");
    let (page, draft, _) = checked(&browser, &worse).await;
    assert!(page.contains("uppdatering av händelse 1") && page.contains(">Skicka uppdateringen till "), "{page}");
    let mut own = worse.clone();
    own.extend([("draft", draft.as_str()), ("shared", "separate")]);
    let (page, _, _) = checked(&browser, &own).await;
    assert!(page.contains("egen händelse nu") || page.contains("som en egen händelse"), "{page}");
    assert!(page.contains(">Larma "), "{page}");
    let mut add = worse.clone();
    add.extend([("draft", draft.as_str()), ("shared", "1")]);
    let (_, draft, seal) = checked(&browser, &add).await;
    let send = [("step", "send"), ("draft", draft.as_str()), ("seal", seal.as_str())];
    let (status, to) = browser.post("/report", &send).await;
    assert_eq!((status, to.as_str()), (StatusCode::SEE_OTHER, "/report/sent?incident=1&added=1"));
    assert!(browser.page(&to).await.contains("Uppdateringen är skickad"));
}

#[tokio::test]
async fn a_drill_is_checked_and_begun_in_its_own_colour_and_not_from_the_form_of_a_real_report() {
    let site = Site::start().await;
    let browser = site.browser("it-bered").await;
    let real = browser.page("/report?playbook=ehr-down").await;
    assert!(!real.contains("name=\"exercise\"") && !real.contains("drillmark"), "{real}");
    let begun = browser.page("/report?playbook=ehr-down&exercise=1").await;
    assert!(begun.contains("name=\"exercise\" value=\"1\"") && begun.contains("drillmark"), "{begun}");
    let drill = with(&[("exercise", "1")]);
    let (page, draft, seal) = checked(&browser, &drill).await;
    assert!(page.contains("drillmark") && page.contains(">Starta övningen: ") && !page.contains("realmark"), "{page}");
    assert!(page.contains("Allmänheten får inte veta något av en övning."), "{page}");
    let send = [("step", "send"), ("draft", draft.as_str()), ("seal", seal.as_str())];
    let (_, to) = browser.post("/report", &send).await;
    assert!(browser.page(&to).await.contains("Övningen började 09.45"));
}

#[tokio::test]
async fn hostile_words_stay_words_in_every_field_of_a_report() {
    let site = Site::start().await;
    let browser = site.browser("it-bered").await;
    let evil = "<script>alert(1)</script>\"'><img src=x onerror=y>";
    let names = [
        "playbook",
        "level",
        "site",
        "safety",
        "what.sv",
        "what.en",
        "scope.sv",
        "scope.en",
        "since",
        "restore",
        "next",
        "contact",
        "down",
        "shared",
        "confirmed",
        "exercise",
        "draft",
        "seal",
        "step",
    ];
    let clean = |page: &str, name: &str| {
        for tag in ["<script>", "<img", "onerror=y>", "\"'>"] {
            assert!(!page.contains(tag), "{name}: {tag}: {page}");
        }
    };
    for name in names {
        let mut fields: Vec<(&str, &str)> = FIELDS.into_iter().filter(|(n, _)| *n != name).collect();
        fields.extend([(name, evil), ("down-asked", "1")]);
        let (status, page) = browser.post("/report", &fields).await;
        let page = if status.is_redirection() { browser.get(&page).await.1 } else { page };
        clean(&page, name);
        clean(&browser.page("/report").await, name);
        clean(&browser.page("/report?playbook=ehr-down").await, name);
    }
    let q = form_urlencoded::byte_serialize(evil.as_bytes()).collect::<String>();
    for path in [
        "/report?q=",
        "/report?draft=",
        "/report?playbook=",
        "/report/check?draft=",
        "/report/sent?incident=",
        "/?done=",
        "/?lang=en&x=",
        "/earlier?x=",
    ] {
        clean(&browser.get(&format!("{path}{q}")).await.1, path);
    }
    assert_eq!(site.api("/incidents").await.1, json!([]));
}
