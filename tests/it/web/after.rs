//! The report after a drill or an incident: its page in both languages, each of its forms, and drills side by side.

use reqwest::StatusCode;
use serde_json::Value;

use vardkase::domain::incident::input::Report;
use vardkase::sim::hylafax::pdf;

use super::site::{Browser, Site};

/// A drill is held and ended; its number is Ö-1.
async fn drilled(site: &Site) -> Browser<'_> {
    let browser = site.browser("it-bered").await;
    browser.post("/drills/ways-by-day", &[]).await;
    site.settle().await;
    let end = [("do", "end"), ("no", "Ö-1")];
    assert_eq!(browser.post("/drills", &end).await.0, StatusCode::SEE_OTHER);
    site.settle().await;
    browser
}

#[tokio::test]
async fn the_draft_is_there_as_the_drill_ends() {
    let site = Site::start().await;
    let mut browser = drilled(&site).await;
    let list = browser.page("/drills").await;
    assert!(list.contains("-1/report\">Se rapporten"), "{list}");
    let page = browser.page("/incidents/X-1/report").await;
    for said in [
        "Rapport efter Ö-1: Prov av larmvägarna dagtid",
        "drillmark",
        "Nås i tjänst",
        "90 % inom 15 min",
        "inte bedömd: den slutade innan tiden var ute",
        "<svg xmlns",
        "stroke-dasharray",
        "<th scope=\"col\">Överlämnad</th>",
        "Journalens försegling",
        "-1/report.pdf\">som PDF",
    ] {
        assert!(page.contains(said), "{said}: {page}");
    }
    assert!(!page.contains("style=\"") && !page.contains("+46"), "{page}");
    browser.lang = "en".into();
    let page = browser.page("/incidents/X-1/report").await;
    for said in [
        "Report after Ö-1: Test of the alarm ways by day",
        "not rated: it ended",
        "handed over",
        "Made 2026-11-24 09:4",
    ] {
        assert!(page.contains(said), "{said}: {page}");
    }
    let trends = browser.page("/drills/trends").await;
    assert!(
        trends.contains("Drills and incidents over time") && trends.contains("Ö-1 Test of the alarm ways"),
        "{trends}"
    );
}

#[tokio::test]
async fn every_form_says_the_same() {
    let site = Site::start().await;
    let browser = drilled(&site).await;
    let json: Value = serde_json::from_slice(&browser.bytes("/incidents/X-1/report.json").await.1).unwrap();
    let told = json["report"]["totals"]["told"].as_u64().unwrap();
    assert!(told > 3, "{json}");
    let (kind, csv) = browser.bytes("/incidents/X-1/report.csv").await;
    let csv = String::from_utf8(csv).unwrap();
    assert!(kind.starts_with("text/csv") && csv.contains(&format!("total,Ö-1,told,{told},")), "{csv}");
    let (kind, text) = browser.bytes("/incidents/X-1/report.txt").await;
    let text = String::from_utf8(text).unwrap();
    assert!(
        kind.starts_with("text/plain") && text.contains("Rapport efter Ö-1") && text.contains("Varje funktion"),
        "{text}"
    );
    let (kind, print) = browser.bytes("/incidents/X-1/report/print").await;
    let print = String::from_utf8(print).unwrap();
    assert!(kind.starts_with("text/html") && print.contains("class=\"paper\"") && print.contains("ÖVNING"), "{print}");
    let (kind, made) = browser.bytes("/incidents/X-1/report.pdf").await;
    assert_eq!(kind, "application/pdf");
    let pages = pdf::whole_pages(&made).unwrap().join("\n");
    for said in ["Rapport efter Ö-1", "Nås i tjänst", "90 % inom 15 min", "Adresser"] {
        assert!(pages.contains(said), "{said}: {pages}");
    }
    let (kind, sheet) = browser.bytes("/incidents/X-1/report.xlsx").await;
    assert!(kind.ends_with("spreadsheetml.sheet") && sheet.starts_with(b"PK\x03\x04"));
    // For programs that nobody here wrote (`tests/peers/report.sh`).
    if let Ok(folder) = std::env::var("VARDKASE_REPORTS") {
        let write = |form: &str, bytes: &[u8]| std::fs::write(format!("{folder}/report.{form}"), bytes).unwrap();
        write("pdf", &made);
        write("xlsx", &sheet);
        write("csv", csv.as_bytes());
        write("json", &serde_json::to_vec(&json).unwrap());
    }
    // Made twice, it is the same to the byte: it stands by the journal alone.
    assert_eq!(browser.bytes("/incidents/X-1/report.xlsx").await.1, sheet);
}

#[tokio::test]
async fn a_real_incident_has_one_too_and_what_never_was_has_none() {
    let site = Site::start().await;
    let no = site.report(Report::default()).await;
    site.settle().await;
    let browser = site.browser("it-bered").await;
    let page = browser.page(&format!("/incidents/{no}/report")).await;
    assert!(page.contains("Det pågår ännu") && page.contains("verklig händelse"), "{page}");
    assert!(page.contains("den publika sidan hade sin första text") && !page.contains("Beordrad av"), "{page}");
    let (status, page) = browser.get("/incidents/99/report").await;
    assert!(status == StatusCode::NOT_FOUND && page.contains("Händelse 99 finns inte."), "{page}");
    let (status, _) = browser.get("/incidents/x/report.pdf").await;
    assert!(status.is_client_error(), "{status}");
}

#[tokio::test]
async fn what_left_memory_has_the_same_report() {
    let site = Site::start().await;
    drilled(&site).await;
    let path = "/incidents/X-1/report";
    let mut before = site.api(path).await.1;
    site.pass(25 * 3600).await;
    assert!(site.handle.query(|s, _| s.incidents.is_empty()).await.unwrap(), "it left memory");
    let (status, mut after) = site.api(path).await;
    assert_eq!(status, StatusCode::OK, "{after}");
    for of in [&mut before, &mut after] {
        of["report"]["seal"].take();
        of["made_at"].take();
        // As it is known when the report is made.
        assert!(of["report"]["unproven"].take()["of"].as_u64() > Some(0));
    }
    assert_eq!(before, after);
    let trends = site.api("/drills/trends").await.1;
    assert_eq!((&trends["rows"][0]["no"], &trends["older"]), (&"Ö-1".into(), &0.into()), "{trends}");
}

#[tokio::test]
async fn a_drill_stands_beside_the_one_before_and_no_address_stands_anywhere() {
    let site = Site::start().await;
    drilled(&site).await;
    let first = site.api("/incidents/X-1/report").await.1;
    assert_eq!(first["report"]["earlier"], serde_json::json!([]));
    // The first has left memory.
    site.pass(25 * 3600).await;
    let browser = site.browser("it-bered").await;
    browser.post("/drills/ways-by-day", &[]).await;
    site.settle().await;
    assert_eq!(browser.post("/drills", &[("do", "end"), ("no", "Ö-2")]).await.0, StatusCode::SEE_OTHER);
    site.settle().await;
    let second = site.api("/incidents/X-2/report").await.1;
    let [before] = &second["report"]["earlier"].as_array().unwrap()[..] else { panic!("{second}") };
    assert_eq!((&before["no"], &before["answered"]), (&"Ö-1".into(), &first["report"]["reached"]["answered"]));
    let page = browser.page("/incidents/X-2/report").await;
    for said in [
        "Svarade, jämfört med tidigare",
        "Ö-1 2026-11-24",
        "Samma text till alla",
        "ja, hel och oförändrad",
        "Adresser som inte är prövade",
        "En linje för varje funktion",
    ] {
        assert!(page.contains(said), "{said}: {page}");
    }
    if let Ok(folder) = std::env::var("VARDKASE_REPORTS") {
        for (form, name) in [("/print", "beside.html"), (".pdf", "beside.pdf"), ("", "beside-page.html")] {
            let made = browser.bytes(&format!("/incidents/X-2/report{form}")).await.1;
            std::fs::write(format!("{folder}/{name}"), made).unwrap();
        }
        std::fs::write(format!("{folder}/trends.html"), browser.page("/drills/trends").await).unwrap();
    }
    let addresses = super::api::addresses(&site);
    assert!(addresses.len() > 20);
    for form in ["", "/print", ".csv", ".json", ".txt"] {
        let all = browser.bytes(&format!("/incidents/X-2/report{form}")).await.1;
        let all = String::from_utf8(all).unwrap();
        for address in &addresses {
            assert!(!all.contains(address.as_str()), "{address} stands in report{form}");
        }
    }
}

#[tokio::test]
async fn what_is_written_below_the_report_stands_in_it_and_nothing_typed_is_lost() {
    let site = Site::start().await;
    let mut browser = drilled(&site).await;
    let report = "/incidents/X-1/report";
    let page = browser.page(report).await;
    for said in ["Lägg till en förbättring", "Skriv en iakttagelse", "Bedöm ett mål för hand", "Berätta hur det gick"]
    {
        assert!(page.contains(said), "{said}: {page}");
    }
    // Without a day it can't be taken; what was typed stands there.
    let hostile = "Nytt modem <b>=1+1</b>";
    let half = [("do", "improve"), ("id", ""), ("action", hostile), ("owner", "it-bered"), ("due", "i morgon")];
    let (status, page) = browser.post(report, &half).await;
    assert_eq!(status, StatusCode::UNPROCESSABLE_ENTITY);
    for said in ["är ingen dag", "<details class=\"noprint\" open>", "value=\"it-bered\" selected"] {
        assert!(page.contains(said), "{said}: {page}");
    }
    assert!(page.contains("Nytt modem &") && !page.contains("<b>=1+1</b>"), "{page}");
    let whole = [("do", "improve"), ("id", ""), ("action", hostile), ("owner", "it-bered"), ("due", "2026-11-25")];
    assert_eq!(browser.post(report, &whole).await.0, StatusCode::SEE_OTHER);
    let remark = [("do", "remark"), ("kind", "strength"), ("text", "Alla svarade")];
    assert_eq!(browser.post(report, &remark).await.0, StatusCode::SEE_OTHER);
    let more = [("do", "remark"), ("text", "Två svarade sent"), ("reference", "regel D3"), ("analysis", "De väntade")];
    let wrong = [&more[..], &[("kind", "strength")]].concat();
    let (status, page) = browser.post(report, &wrong).await;
    assert!(status.is_client_error() && page.contains("Två svarade sent") && page.contains("regel D3"), "{page}");
    let right = [&more[..], &[("kind", "improve"), ("recommendation", "Skriv numret i kortet")]].concat();
    assert_eq!(browser.post(report, &right).await.0, StatusCode::SEE_OTHER);
    let page = browser.page(report).await;
    for said in ["Regel eller rad i handlingsplanen", "De väntade", "Skriv numret i kortet"] {
        assert!(page.contains(said), "{said}: {page}");
    }
    let rate = [("do", "rate"), ("objective", "1"), ("rating", "S"), ("reason", "svar per telefon")];
    assert_eq!(browser.post(report, &rate).await.0, StatusCode::SEE_OTHER);
    let page = browser.page(&format!("{report}?done=written")).await;
    for said in [
        "Sparat.",
        "Förbättring 1, senast 2026-11-25: ska göras",
        "id=\"improve-1\"",
        "Alla svarade",
        "Bedömt för hand",
        "S – med vissa svårigheter: svar per telefon",
    ] {
        assert!(page.contains(said), "{said}: {page}");
    }
    assert!(!page.contains("<b>=1+1</b>"), "{page}");
    browser.lang = "en".into();
    let page = browser.page(report).await;
    for said in ["Improvement 1, by 2026-11-25: to be made", "Rated by hand", "Change improvement 1", "It went well"] {
        assert!(page.contains(said), "{said}: {page}");
    }
    // Two days later it is overdue, and stands before whoever sees to it.
    site.pass(2 * 86_400).await;
    let mut browser = site.browser("it-bered").await;
    browser.lang = "en".into();
    let now = browser.page("/").await;
    assert!(now.contains("An improvement is overdue") && now.contains("/report#improve-1"), "{now}");
    let (_, status) = site.api("/status").await;
    assert_eq!(status["status"]["improvements_overdue"][0]["owner"], "it-bered", "{status}");
    let done = [("do", "done"), ("id", "1"), ("verified", "")];
    assert_eq!(browser.post(report, &done).await.0, StatusCode::UNPROCESSABLE_ENTITY);
    let done = [("do", "done"), ("id", "1"), ("verified", "nästa övning")];
    assert_eq!(browser.post(report, &done).await.0, StatusCode::SEE_OTHER);
    let trends = browser.page("/drills/trends").await;
    assert!(trends.contains("1 (0 to be made, 0 overdue)"), "{trends}");
    let json: Value = serde_json::from_slice(&browser.bytes("/incidents/X-1/report.json").await.1).unwrap();
    assert_eq!(json["report"]["written"]["improvements"][0]["verified"], "nästa övning", "{json}");
}

#[tokio::test]
async fn a_function_says_how_it_went_and_may_say_it_again() {
    let site = Site::start().await;
    drilled(&site).await;
    let mut browser = site.browser("iva").await;
    let path = "/incidents/X-1/feedback";
    let page = browser.page(path).await;
    for said in ["Vad gick bra?", "Vad gick dåligt?", "Vad borde ändras?", "Skriv inga namn"] {
        assert!(page.contains(said), "{said}: {page}");
    }
    let (status, page) = browser.post(path, &[("went_well", " ")]).await;
    assert!(status == StatusCode::UNPROCESSABLE_ENTITY && page.contains("Texten är tom"), "{page}");
    // What looks like a person's number is asked about first.
    let (status, page) = browser.post(path, &[("went_well", "om 811228-9874")]).await;
    assert!(status == StatusCode::UNPROCESSABLE_ENTITY && page.contains("811228-9874"), "{page}");
    let said = [("went_well", "Tydliga texter"), ("went_badly", ""), ("change", "Ring avdelningen")];
    assert_eq!(browser.post(path, &said).await.0, StatusCode::SEE_OTHER);
    browser.lang = "en".into();
    let page = browser.page(path).await;
    assert!(page.contains("Something was written before") && page.contains(">Tydliga texter</textarea>"), "{page}");
    let page = browser.page("/incidents/X-1/report").await;
    assert!(page.contains("What those who took part say") && page.contains("Ring avdelningen"), "{page}");
    // Whoever did not lead plans nothing, and is not offered to.
    assert!(page.contains("The plan is written by those who led it") && !page.contains("Add an improvement"), "{page}");
    let plan = [("do", "improve"), ("id", ""), ("action", "x"), ("owner", "iva"), ("due", "2026-12-20")];
    assert_eq!(browser.post("/incidents/X-1/report", &plan).await.0, StatusCode::FORBIDDEN);
    let (status, page) = browser.get("/incidents/99/feedback").await;
    assert!(status == StatusCode::NOT_FOUND && page.contains("99"), "{page}");
}
