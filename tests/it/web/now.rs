//! *Now*: one obligation is one card with one button, and one tap answers what one `JA` by SMS answers.

use reqwest::StatusCode;
use serde_json::Value;

use vardkase::domain::ids::FunctionId;
use vardkase::domain::incident::facts::Safety;
use vardkase::domain::incident::input::Report;
use vardkase::domain::view::{Obligation, Silence, What, obligations};

use super::site::{Site, between};

fn critical() -> Report {
    Report { level: Some("critical".into()), safety: Safety::Yes, ..Report::default() }
}

async fn musts(site: &Site, duty: &str) -> Vec<Obligation> {
    let duty = FunctionId::from(duty);
    site.handle.query(move |s, m| obligations(s, &duty, m.now)).await.unwrap()
}

/// The duty that one card asks for most functions.
async fn most_asked(site: &Site) -> (String, usize) {
    let all: Vec<FunctionId> = site.plan.functions.iter().map(|f| f.id.clone()).collect();
    let mut best = (String::new(), 0);
    for f in all {
        for o in musts(site, f.as_str()).await {
            if let What::Answer { functions, .. } = &o.what
                && functions.len() > best.1
            {
                best = (f.to_string(), functions.len());
            }
        }
    }
    best
}

#[tokio::test]
async fn rule_c2_one_tap_answers_for_every_function_of_a_card() {
    let site = Site::start().await;
    site.report(critical()).await;
    // Nobody answers: whoever is next in turn is asked for more and more.
    site.pass(400).await;
    let (duty, n) = most_asked(&site).await;
    assert!(n > 3, "{duty} is asked for {n}");
    let browser = site.browser(&duty).await;
    let page = browser.page("/").await;
    assert!(!page.contains("http-equiv=\"refresh\""), "nothing is loaded anew under a hand");
    let card = between(&page, "<form method=\"post\" action=\"/now\">", "</form>").to_owned();
    assert_eq!(card.matches("name=\"function\"").count(), n);
    assert_eq!(card.matches("<button").count(), 1, "one card, one button");
    assert!(page.contains(&format!("för {n} funktioner")), "{page}");
    let message = between(&card, "name=\"message\" value=\"", "\"");
    let functions: Vec<&str> =
        card.split("name=\"function\" value=\"").skip(1).map(|f| f.split('"').next().unwrap()).collect();
    let mut form = vec![("message", message)];
    form.extend(functions.iter().map(|f| ("function", *f)));
    let (status, to) = browser.post("/now", &form).await;
    assert_eq!((status, to), (StatusCode::SEE_OTHER, format!("/?done=answered&n={n}&not=0")));
    let by_me = |v: &Value| v["state"]["state"] == "answered" && v["state"]["by"] == *duty;
    let (_, incident) = site.api("/incidents/1").await;
    let rows: Vec<&Value> = incident["rows"].as_array().unwrap().iter().filter(|r| by_me(r)).collect();
    assert_eq!(rows.len(), n, "each is an answer of its own on record");
    assert!(
        browser.page(&format!("/?done=answered&n={n}&not=0")).await.contains(&format!("noterat för {n} funktioner"))
    );
    // Pressed twice: nothing more is done, and that is said.
    let before = site.api("/log").await.1;
    let (status, to) = browser.post("/now", &form).await;
    assert_eq!((status, to), (StatusCode::SEE_OTHER, format!("/?done=answered&n=0&not={n}")));
    assert_eq!(site.api("/log").await.1, before);
    // Somebody else's, or nobody's.
    let other = if duty == "kostchef" { "tib" } else { "vaxel" };
    let stranger = site.browser(other).await;
    let foreign = [("message", message), ("function", "volcano")];
    assert!(stranger.post("/now", &foreign).await.0.is_client_error());
    assert_eq!(stranger.post("/now", &[("message", "x")]).await.0, StatusCode::UNPROCESSABLE_ENTITY);
    assert_eq!(stranger.get("/now").await.0, StatusCode::SEE_OTHER, "going back to it leads to the page");
}

#[tokio::test]
async fn each_card_says_by_when_and_what_silence_means() {
    let site = Site::start().await;
    site.report(critical()).await;
    let tib = site.browser("tib").await;
    let all = musts(&site, "tib").await;
    let decide = all.iter().find(|o| matches!(o.what, What::Decide(_))).expect("a decision");
    assert!(matches!(decide.silence, Silence::Ask(_)) && decide.due.is_some(), "{decide:?}");
    let page = tib.page("/").await;
    assert!(
        page.contains(&format!("Du måste nu ({})", all.len()))
            && page.contains(&format!("<title>({}) Läget", all.len()))
    );
    let (cards, forms) = (page.matches("<li class=\"must").count(), page.matches("class=\"due-by\"").count());
    assert_eq!((cards, forms), (all.len(), all.len()));
    assert!(page.contains("sedan frågas ") && page.contains("data-due=\""), "{page}");
    // The decision: facts, whom it tells, yes and no.
    let path = format!("/incidents/1/decide?proposal={}", between(&page, "/decide?proposal=", "\""));
    let decision = tib.page(&path).await;
    for said in
        ["Besluta: ", "Ja, höj", "Nej, därför att", "av", "har svarat", "sedan frågas ", "som redan har larmats"]
    {
        assert!(decision.contains(said), "{said}: {decision}");
    }
    let id = between(&decision, "name=\"proposal\" value=\"", "\"").to_owned();
    let no = [("do", "decide"), ("proposal", id.as_str()), ("yes", "0"), ("reason", "")];
    let (status, refused) = tib.post("/incidents/1/decide", &no).await;
    assert!(status.is_client_error(), "a no has its reason: {refused}");
    let yes = [("do", "decide"), ("proposal", id.as_str()), ("yes", "1")];
    assert_eq!(tib.post("/incidents/1/decide", &yes).await, (StatusCode::SEE_OTHER, "/?done=decide".into()));
    assert!(tib.page("/?done=decide").await.contains("Beslutet är noterat."));
    // KiB approves behind a link of its own: what happens in silence stands beside it.
    let kib = site.browser("kib").await.page("/").await;
    assert!(kib.contains("href=\"/approve/1-") && kib.contains("Text till allmänheten"), "{kib}");
}

#[tokio::test]
async fn the_state_is_one_line_when_all_sites_agree_and_how_many_have_answered_is_said() {
    let site = Site::start().await;
    let browser = site.browser("it-bered").await;
    let calm = browser.page("/").await;
    assert!(calm.contains("Hela regionen: ") && !calm.contains("<ul class=\"sites\">"), "{calm}");
    assert!(
        calm.contains("http-equiv=\"refresh\"") && calm.contains("?still=1"),
        "no form: without script it is loaded anew"
    );
    assert!(!browser.page("/?still=1").await.contains("http-equiv=\"refresh\""), "unless somebody stops it");
    site.report(critical()).await;
    site.pass(4 * 3600).await;
    let page = browser.page("/").await;
    assert!(page.contains("<ul class=\"sites\">"), "FS stands otherwise than the rest");
    let (_, incident) = site.api("/incidents/1").await;
    let counts = &incident["summary"]["counts"];
    assert!(page.contains(&format!("{} av {} har svarat", counts["acknowledged"], counts["asked"])), "{page}");
    for path in ["/more", "/earlier", "/system"] {
        let page = browser.page(path).await;
        assert!(page.contains("<h1>"), "{path}");
    }
    assert!(browser.page("/system").await.contains("Journalen"));
    let lead = serde_json::json!({ "restored": { "incident": "1", "news": {} } });
    assert_eq!(site.command("it-led", lead).await.0, StatusCode::OK);
    let clear = serde_json::json!({ "all_clear": { "incident": "1", "override_reason": "kontrollerat" } });
    assert_eq!(site.command("tib", clear).await.0, StatusCode::OK);
    let earlier = browser.page("/earlier").await;
    assert!(earlier.contains("href=\"/incidents/1\"") && earlier.contains("Det privata glöms 20"), "{earlier}");
}

/// Nobody answers for hours: who is missing stands there by name, the first three and how many.
#[tokio::test]
async fn whom_nobody_reached_is_named() {
    let site = Site::start().await;
    site.report(critical()).await;
    // Reminders, deputies, the last resort: each step falls due in its turn.
    let missing = |v: &Value| -> Vec<String> {
        let rows = v["rows"].as_array().unwrap().iter();
        rows.filter(|r| r["state"]["state"] == "not_reached")
            .map(|r| r["function"].as_str().unwrap().to_owned())
            .collect()
    };
    let mut all = Vec::new();
    for _ in 0..24 {
        site.pass(600).await;
        all = missing(&site.api("/incidents/1").await.1);
        if all.len() > 3 {
            break;
        }
    }
    assert!(all.len() > 3, "{all:?}");
    let page = site.browser("tib").await.page("/").await;
    let said = between(&page, "<b class=\"late\">✖ ", "</b>");
    assert!(said.starts_with(&format!("{} ", all.len())) && said.ends_with(", …"), "{said}");
    let short = |id: &str| {
        let f = site.plan.functions.iter().find(|f| f.id.as_str() == id).unwrap();
        f.short_name(vardkase::domain::lang::Lang::SV).to_owned()
    };
    let named = all.iter().filter(|id| said.contains(&short(id))).count();
    assert!(named >= 3, "{said}: {all:?}");
    let who = site.browser("tib").await.page("/incidents/1/who?show=open").await;
    for id in &all {
        assert!(who.contains(&format!("id=\"f-{id}\"")), "{id}: {who}");
    }
}
