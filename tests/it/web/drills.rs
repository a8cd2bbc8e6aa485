//! The console's page *Practise*: what one will do is shown before it begins; it is begun and ended there, and nowhere is it real.

use reqwest::StatusCode;
use serde_json::json;

use vardkase::domain::incident::input::Report;

use super::site::Site;

#[tokio::test]
async fn a_drill_is_seen_begun_and_ended_in_the_console() {
    let site = Site::start().await;
    let mut browser = site.browser("it-bered").await;
    let more = browser.page("/more").await;
    assert!(more.contains("<a href=\"/drills\"><b>Öva</b>"), "{more}");
    let page = browser.page("/drills").await;
    for said in [
        "drillmark",
        "<h1>Övningar</h1>",
        "Prov av larmvägarna dagtid",
        "prov av larmvägar",
        "oförvarnad",
        "för hand",
        "Mål: Nås i tjänst, 90 % inom 15 min",
    ] {
        assert!(page.contains(said), "{said}: {page}");
    }
    assert!(!page.contains("Larma") && !page.contains("realmark"), "{page}");

    let seen = browser.page("/drills/ways-by-day").await;
    for said in [
        "Når ",
        "funktioner nu, på deras egna apparater: ",
        "SMS ",
        "Inget går till allmänheten eller andra organisationer.",
        ">Börja öva<",
    ] {
        assert!(seen.contains(said), "{said}: {seen}");
    }
    let table = browser.page("/drills/table-virus").await;
    assert!(table.contains("Vid bordet: ingen text lämnar programmet."), "{table}");
    let without = browser.page("/drills/records-without-mail").await;
    assert!(without.contains("Borttaget: intra, mail."), "{without}");
    assert_eq!(
        browser.post("/drills/ways-by-day", &[]).await,
        (StatusCode::SEE_OTHER, "/drills?done=drill-begun".into())
    );
    site.settle().await;
    let page = browser.page("/drills").await;
    assert!(page.contains("name=\"no\" value=\"Ö-1\"") && page.contains("0 av "), "{page}");

    let end = [("do", "end"), ("no", "Ö-1")];
    assert_eq!(browser.post("/drills", &end).await, (StatusCode::SEE_OTHER, "/drills?done=drill-over".into()));
    browser.lang = "en".into();
    let page = browser.page("/drills").await;
    assert!(page.contains("Test of the alarm ways by day") && page.contains("carried out; 0 of "), "{page}");
    // What is over, or never was, is refused with what to do.
    let (status, page) = browser.post("/drills", &end).await;
    assert_eq!(status, StatusCode::CONFLICT, "{page}");
    let (status, page) = browser.get("/drills/nonsense").await;
    assert!(status == StatusCode::NOT_FOUND && page.contains("There is no drill nonsense"), "{page}");
}

#[tokio::test]
async fn no_drill_is_begun_in_the_console_beside_a_real_incident() {
    let site = Site::start().await;
    site.report(Report::default()).await;
    let browser = site.browser("it-bered").await;
    let (status, page) = browser.get("/drills/ways-by-day").await;
    assert_eq!(status, StatusCode::CONFLICT, "{page}");
    assert!(page.contains("pågår på riktigt") && !page.contains(">Börja öva<"), "{page}");
    let (status, page) = browser.post("/drills/ways-by-day", &[]).await;
    assert_eq!(status, StatusCode::CONFLICT, "{page}");
}

#[tokio::test]
async fn near_a_shift_it_is_said_before_a_drill_is_begun_by_hand() {
    let site = Site::start().await;
    let said = "Skiftbyte inom en halvtimme";
    let page = site.browser("it-bered").await.page("/drills/ways-by-day").await;
    assert!(!page.contains(said), "at a quarter to ten nobody changes shift: {page}");
    // Wards do at seven; it is a quarter to.
    site.pass(21 * 3600).await;
    let page = site.browser("it-bered").await.page("/drills/ways-by-day").await;
    assert!(page.contains(said) && page.contains(">Börja öva<"), "{page}");
}

#[tokio::test]
async fn what_is_planned_is_not_taken_for_something_at_a_table() {
    let site = Site::start().await;
    for asked in [
        json!({ "by": "it-bered", "drill": "ways-by-day", "tabletop": true }),
        json!({ "by": "it-bered", "drill": "ways-by-day", "playbook": "ehr-down" }),
    ] {
        for path in ["/drills/dry-runs", "/drills"] {
            let (status, refused) = site.post(path, &asked).await;
            assert_eq!(
                (status, &refused["code"]),
                (StatusCode::UNPROCESSABLE_ENTITY, &json!("drill-as-planned")),
                "{refused}"
            );
        }
    }
}
