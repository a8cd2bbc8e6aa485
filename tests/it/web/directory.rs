//! “Do we reach people?”, the directory, and files to take along.

use std::sync::Arc;

use reqwest::{Method, StatusCode};

use vardkase::config::{Source, load, shipped};
use vardkase::domain::ids::{FunctionId, GatewayId};
use vardkase::domain::incident::facts::Safety;
use vardkase::domain::incident::input::{Action, Input, Report};
use vardkase::domain::lang::Lang;
use vardkase::domain::plan::{Channel, Plan};
use vardkase::domain::view::{AlsoKnown, ChannelStanding, ReachView, WayTrouble, reach};
use vardkase::paper::{self, Occasion, Style};
use vardkase::sim::hylafax::pdf;

use super::site::{Browser, Site};

async fn seen(site: &Site) -> ReachView {
    site.handle.query(|s, m| reach(s, m.now, &AlsoKnown::default())).await.unwrap()
}
fn standing(seen: &ReachView, channel: Channel) -> ChannelStanding {
    seen.channels.iter().find(|c| c.channel == channel).unwrap().standing
}
async fn take_out(site: &Site, gateway: &GatewayId) {
    let action = Action::GatewayOut { gateway: gateway.clone(), reason: "maintenance".into() };
    let by = FunctionId::from("it-bered");
    site.handle.input(Input::Command { who: None, by, action: Box::new(action) }).await.unwrap();
}

#[tokio::test]
async fn a_channel_is_well_only_when_a_text_reached_somebody() {
    let site = Site::start().await;
    let browser = site.browser("it-bered").await;
    assert_eq!(standing(&seen(&site).await, Channel::Sms), ChannelStanding::Untried);
    assert!(browser.page("/reach").await.contains("inget har sänts"));
    site.report(Report { level: Some("major".into()), safety: Safety::No, ..Report::default() }).await;
    let now = seen(&site).await;
    for c in now.channels.iter().filter(|c| c.last.is_some()) {
        // Gateways of tests deliver what promises receipts; for the others taken is all that is known.
        let with = |receipts: bool| site.plan.gateways.iter().any(|g| g.channel == c.channel && g.receipts == receipts);
        match c.standing {
            ChannelStanding::Reached => assert!(with(true), "{c:?}"),
            ChannelStanding::HandedOver => assert!(with(false), "{c:?}"),
            other => panic!("{other:?}: {c:?}"),
        }
    }
    assert_eq!(standing(&now, Channel::Sms), ChannelStanding::Reached);
    assert_eq!(standing(&now, Channel::Manual), ChannelStanding::Walked);
    let page = browser.page("/reach").await;
    assert!(page.contains("</span> SMS: når fram") && page.contains("nådde fram"), "{page}");
    assert!(!page.contains("http-equiv=\"refresh\""), "what is unfolded stays so");
    // One way out: told with who and since when; the channel goes on by the other.
    let sms: Vec<GatewayId> =
        site.plan.gateways.iter().filter(|g| g.channel == Channel::Sms).map(|g| g.id.clone()).collect();
    take_out(&site, &sms[0]).await;
    let now = seen(&site).await;
    let trouble = &now.channels.iter().find(|c| c.channel == Channel::Sms).unwrap().trouble;
    assert_eq!(trouble.iter().map(|t| (&t.gateway, t.what)).collect::<Vec<_>>(), [(&sms[0], WayTrouble::Out)]);
    for gateway in &sms[1..] {
        take_out(&site, gateway).await;
    }
    assert_eq!(standing(&seen(&site).await, Channel::Sms), ChannelStanding::Down);
    let page = browser.page("/reach").await;
    assert!(page.contains("SMS: fungerar inte") && page.contains("uttagen av"), "{page}");
}

#[tokio::test]
async fn who_has_no_way_left_stands_first_with_what_to_do() {
    let site = Site::start().await;
    let all = site.plan.functions.len();
    let left = seen(&site).await.left;
    assert_eq!(left.none.len() + left.one.len() + left.several as usize, all);
    assert!(left.none.is_empty(), "{left:?}");
    for g in site.plan.gateways.iter().filter(|g| g.channel != Channel::Manual) {
        take_out(&site, &g.id).await;
    }
    let left = seen(&site).await.left;
    assert_eq!((left.none.len(), left.several), (all, 0));
    let tib = left.none.iter().find(|f| f.function.as_str() == "tib").unwrap();
    assert_eq!(tib.telephone.as_deref(), Some("0980-319 240"), "a number that may be shown");
    let hidden = left.none.iter().find(|f| f.function.as_str() == "tib-2").unwrap();
    assert_eq!(hidden.telephone, None, "and one that may not");
    let page = site.browser("it-bered").await.page("/reach").await;
    assert!(page.contains("nås inte nu. Ring eller gå dit:") && page.contains("ring 0980-319 240, gå dit: "), "{page}");
    // What is said to be down counts: its telephone goes with the switch and the mobile net.
    let down = vec!["pbx".into(), "mob-1".into()];
    site.report(Report { level: Some("outage".into()), safety: Safety::No, down, ..Report::default() }).await;
    let now = seen(&site).await;
    assert!(now.down.iter().any(|i| i.as_str() == "pbx"), "{:?}", now.down);
    assert_eq!(now.left.none.iter().find(|f| f.function.as_str() == "tib").unwrap().telephone, None);
}

#[tokio::test]
async fn the_list_of_gateways_is_below_and_its_old_address_leads_there() {
    let site = Site::start().await;
    let mut browser = site.browser("it-bered").await;
    assert_eq!(browser.get("/gateways").await.0, StatusCode::PERMANENT_REDIRECT);
    for (lang, words) in [("sv", "säger när telefonen eller maskinen har fått den"), ("en", "says when the telephone")]
    {
        browser.lang = lang.into();
        assert!(browser.page("/reach").await.contains("href=\"/gateways/sms-api\""));
        let page = browser.page("/gateways/sms-api").await;
        assert!(page.contains(words), "{page}");
    }
}

#[tokio::test]
async fn the_directory_finds_and_shows_no_address() {
    let site = Site::start().await;
    let mut browser = site.browser("it-bered").await;
    let addresses = super::api::addresses(&site);
    let titles: Vec<String> = site.plan.functions.iter().map(|f| f.title.get(Lang::SV).to_owned()).collect();
    for path in ["/directory", "/directory?by=group", "/directory/print"] {
        let page = browser.page(path).await;
        for title in &titles {
            assert!(page.contains(title.as_str()), "{path} lacks {title}");
        }
    }
    let found = browser.page("/directory?q=iva").await;
    assert!(found.contains("/directory/iva\"") && !found.contains("/directory/tib\""), "{found}");
    let none = browser.page("/directory?q=%3Cscript%3E%22").await;
    assert!(none.contains("Ingen funktion heter så") && !none.contains("<script>"), "{none}");
    let tib = browser.page("/directory/tib").await;
    for words in ["Svarar inom", "5 min", "0980-319 240", "Ersättare", "provat för 50 dagar sedan", "Hänger på"] {
        assert!(tib.contains(words), "{words}: {tib}");
    }
    assert!(browser.page("/directory/tib-2").await.contains("finns, visas inte här"));
    assert!(browser.page("/directory/regdir").await.contains("tjänsteman i beredskap svarar"), "outside office hours");
    assert_eq!(browser.get("/directory/nobody").await.0, StatusCode::NOT_FOUND);
    for lang in ["sv", "en"] {
        browser.lang = lang.into();
        for path in [
            "/reach",
            "/directory",
            "/directory/tib",
            "/directory/vaxel",
            "/directory/print",
            "/plan/print",
            "/gateways/sms-api",
        ] {
            let page = browser.page(path).await;
            assert!(page.contains(&format!("<html lang=\"{lang}\">")), "{path}");
            assert!(page.contains("Påhittad region / Fictional region"), "{path}");
            for address in &addresses {
                assert!(!page.contains(address.as_str()), "{path} shows {address}");
            }
        }
    }
    for path in ["/directory", "/directory.pdf", "/plan/print"] {
        let bare = site.request(Method::GET, path).header("accept", "text/html").send().await.unwrap();
        assert_eq!(bare.status(), StatusCode::SEE_OTHER, "{path}: to the sign-in");
    }
}

/// The shipped region with two telephones of `tib` that take turns week about, with a day between them.
fn with_turns() -> Source {
    let mut files = shipped();
    let functions = files.iter_mut().find(|(name, _)| name == "contacts/functions.yaml").unwrap();
    functions.1 = functions.1.replacen("{ sms: \"+46701740605\"", "{ id: phone-a, sms: \"+46701740605\"", 1).replacen(
        "{ sms: \"+46701740606\"",
        "{ id: phone-b, sms: \"+46701740606\"",
        1,
    );
    let event = |name: &str, from: &str, to: &str| {
        format!(
            "BEGIN:VEVENT\r\nUID:{name}\r\nDTSTART;TZID=Europe/Stockholm:{from}T080000\r\n\
             DTEND;TZID=Europe/Stockholm:{to}T080000\r\nRRULE:FREQ=WEEKLY;INTERVAL=2\r\nSUMMARY:{name}\r\nEND:VEVENT\r\n"
        )
    };
    let (a, b) = (event("phone-a", "20261102", "20261109"), event("phone-b", "20261109", "20261115"));
    let calendar = format!("BEGIN:VCALENDAR\r\nVERSION:2.0\r\nPRODID:-//test//EN\r\n{a}{b}END:VCALENDAR\r\n");
    files.push(("contacts/rosters/tib.ics".into(), calendar));
    Source::Files(files)
}

#[tokio::test]
async fn four_weeks_of_turns_are_a_picture_and_a_table_and_gaps_are_named() {
    let site = Site::of(&with_turns()).await;
    let browser = site.browser("it-bered").await;
    let page = browser.page("/directory/tib").await;
    let svg = super::site::between(&page, "<svg class=\"turns\"", "</svg>");
    assert_eq!(svg.matches("class=\"date").count(), 28, "each day once");
    assert!(svg.contains("role=\"img\"") && svg.contains("aria-label=\"Turer för "), "{svg}");
    // Tuesday 24 November: phone-b until Sunday at eight, then nobody until Monday.
    assert!(page.contains("SMS 2 till "), "{page}");
    assert!(svg.contains(">SMS 1</text>") && svg.contains(">SMS 2</text>"), "words on the bars: {svg}");
    assert!(
        svg.contains("class=\"bar nobody\"") && svg.contains("url(#gap)") && svg.contains(">ingen</text>"),
        "{svg}"
    );
    assert!(!svg.contains("style=") && !svg.contains("href"), "no style of its own, nothing from elsewhere");
    let table = super::site::between(&page, "Samma sak som tabell", "</table>");
    assert!(table.matches("<tr>").count() >= 6 && table.contains("ingen har turen, alla nås"), "{table}");
    assert!(page.contains("1 är SMS 1"), "{page}");
    assert!(browser.page("/directory/kib").await.contains("Ingen turas om här"));
    let printed = browser.page("/directory/print").await;
    assert!(printed.contains("SMS 2 till ") && printed.contains("Turer till 2026-12-21"), "{printed}");
}

async fn bytes(site: &Site, browser: &Browser<'_>, path: &str) -> Vec<u8> {
    let request =
        site.request(Method::GET, path).header("cookie", &browser.cookie).header("accept-language", &browser.lang);
    let response = request.send().await.unwrap();
    assert_eq!(response.headers()["content-type"], "application/pdf");
    assert_eq!(response.headers()["cache-control"], "no-store");
    response.bytes().await.unwrap().to_vec()
}

#[tokio::test]
async fn files_to_take_along_say_on_every_page_what_they_are() {
    let site = Site::start().await;
    let mut browser = site.browser("it-bered").await;
    let addresses = super::api::addresses(&site);
    for (lang, path, title, page_1) in [
        ("sv", "/directory.pdf", "Katalog", "Sida 1 av "),
        ("en", "/directory.pdf", "Directory", "Page 1 of "),
        ("sv", "/plan.pdf", "Beredskapsplan", "Sida 1 av "),
        ("en", "/plan.pdf", "Plan of readiness", "Page 1 of "),
    ] {
        browser.lang = lang.into();
        let file = bytes(&site, &browser, path).await;
        let pages = pdf::whole_pages(&file).unwrap();
        assert!(pages.len() > 2 && pages[0].contains(page_1), "{path}: {:?}", pages[0]);
        for (n, page) in pages.iter().enumerate() {
            for words in ["Region Fjällmark", title, "Påhittad region / Fictional region", "2026-11-24", "Plan "] {
                assert!(page.contains(words), "{path} page {}: no {words}: {page}", n + 1);
            }
            for address in &addresses {
                assert!(!page.contains(address.as_str()), "{path} shows {address}");
            }
        }
        let text = pdf::pages(&file).unwrap().concat();
        let lang = Lang::try_from(lang.to_owned()).unwrap();
        let names: Vec<&str> = match path {
            "/directory.pdf" => site.plan.functions.iter().map(|f| f.title.get(lang)).collect(),
            _ => site.plan.playbooks.values().map(|b| b.title.get(lang)).collect(),
        };
        for name in names {
            assert!(text.contains(name), "{path} lacks {name}");
        }
        // Tagged, with title and language: what screen readers need (ISO 14289-1).
        let raw = String::from_utf8_lossy(&file);
        for key in ["/StructTreeRoot", "/MarkInfo", "/Lang", "/DisplayDocTitle true", "/Outlines", "pdfuaid"] {
            assert!(raw.contains(key), "{path} lacks {key}");
        }
        assert_eq!(file, bytes(&site, &browser, path).await, "the same at the same time");
    }
}

#[tokio::test]
async fn whoever_is_not_reached_has_a_sheet_with_the_whole_text_and_a_line_in_the_call_list() {
    let site = Site::start().await;
    let browser = site.browser("vaxel").await;
    let no = site.report(Report { level: Some("outage".into()), safety: Safety::No, ..Report::default() }).await;
    let texts = browser.page(&format!("/incidents/{no}/texts")).await;
    for what in ["couriers", "couriers.pdf", "calls", "calls.pdf"] {
        assert!(texts.contains(&format!("href=\"/incidents/{no}/{what}\"")), "{what}");
    }
    let stops = site.handle.query(move |s, meta| vardkase::domain::view::walk(s, no, meta.now)).await.unwrap().unwrap();
    assert!(!stops.is_empty(), "nobody has answered yet");
    let text = stops[0].texts[&Lang::SV].clone();
    let page = browser.page(&format!("/incidents/{no}/couriers")).await;
    assert_eq!(page.matches("class=\"paper-break\"").count(), stops.len());
    let file = bytes(&site, &browser, &format!("/incidents/{no}/couriers.pdf")).await;
    let pages = pdf::pages(&file).unwrap();
    assert!(pages.len() > stops.len(), "a page each, and the list of the way");
    let flat = |text: &str| text.split_whitespace().collect::<Vec<_>>().join(" ");
    assert!(flat(&pages.concat()).contains(&flat(&text)), "the text is whole");
    let list =
        flat(&pdf::pages(&bytes(&site, &browser, &format!("/incidents/{no}/calls.pdf")).await).unwrap().concat());
    assert!(list.contains(&flat(&text)));
    for address in super::api::addresses(&site) {
        assert!(!page.contains(address.as_str()) && !list.contains(address.as_str()), "no address over HTTP");
    }
    assert_eq!(browser.get("/incidents/99/couriers").await.0, StatusCode::NOT_FOUND);
    assert_eq!(browser.get("/incidents/x%2Fy/calls.pdf").await.0, StatusCode::NOT_FOUND);
}

#[tokio::test]
async fn what_is_left_is_ticked_shown_as_a_picture_and_as_a_table() {
    let site = Site::start().await;
    let mut browser = site.browser("it-bered").await;
    let all = browser.page("/reach/left").await;
    assert!(all.contains("Ingenting är ikryssat") && !all.contains("✖ har fallit bort</text>"));
    let page = browser.page("/reach/left?without=core&without=mob-2&without=ingen%3Cb%3E").await;
    assert!(page.contains("value=\"core\" checked") && page.contains("value=\"mob-2\" checked"), "{page}");
    assert!(page.contains("”ingen&#60;b&#62;” finns inte"), "what is typed stays words");
    let svg = super::site::between(&page, "<svg xmlns", "</svg>");
    assert!(svg.contains("class=\"net\"") && svg.contains("role=\"img\""), "{svg}");
    assert_eq!(svg.matches("class=\"node lost").count(), 2);
    assert!(svg.contains("class=\"node down"), "what hangs on the core");
    assert!(!svg.contains("style=") && !svg.contains("<style"), "no style of its own");
    let table = super::site::between(&page, "Alla funktioner som tabell</summary>", "</table>");
    assert_eq!(table.matches("<tr>").count(), site.plan.functions.len() + 1);
    assert!(page.contains("Vad som behövs") && page.contains("en dator till programmet"), "the smallest losses");
    browser.lang = "en".into();
    assert!(browser.page("/reach/left?without=grid").await.contains("When all batteries are empty"));
    assert!(browser.page("/reach").await.contains("href=\"/reach/left\""));
}

/// The shipped plan with many functions and one very long word.
fn large(functions: usize) -> Plan {
    let mut plan = load(&Source::Shipped).unwrap().plan;
    let few = plan.functions.clone();
    while plan.functions.len() < functions {
        let mut next = few[plan.functions.len() % few.len()].clone();
        next.id = FunctionId::from(format!("f{}", plan.functions.len()));
        plan.functions.push(next);
    }
    plan.index();
    plan
}

#[test]
fn a_directory_of_a_thousand_functions_goes_and_a_long_word_wraps() {
    let mut plan = large(1_000);
    let word = "Katastrofmedicinskaberedskapssamordningsfunktionsersättare".repeat(3);
    plan.functions[0].title.0.insert(Lang::SV, word.clone());
    let on = Occasion {
        lang: Lang::SV,
        now: vardkase::domain::time::At(1_795_000_000_000),
        fictional: true,
        training: false,
    };
    let sheet = paper::directory::directory(&plan, on, None);
    let file = paper::pdf(&sheet).unwrap();
    let pages = pdf::whole_pages(&file).unwrap();
    let of = pages.len();
    assert!(of > 50 && of < paper::PAGES_MAX / 2, "{of} pages");
    assert!(file.len() < 8 << 20, "{} bytes", file.len());
    for (n, page) in pages.iter().enumerate() {
        assert!(page.contains(&format!("Sida {} av {of}", n + 1)), "{page}");
    }
    assert!(pdf::pages(&file).unwrap().concat().contains(&word), "broken over lines, with nothing added");
    let page = paper::html(&sheet, Style::Within).unwrap();
    assert!(page.contains(&word) && page.contains("<style>") && !page.contains("<link"));
    // As much as can't be printed is refused, and named.
    let mut endless = sheet;
    let text = "ord ".repeat(500);
    endless.blocks = (0..60_000).map(|_| paper::Block::Text(text.clone())).collect();
    assert_eq!(paper::pdf(&endless), Err(paper::TooLong));
}

#[test]
fn hostile_words_stay_words_on_paper() {
    let mut plan = load(&Source::Shipped).unwrap().plan;
    plan.functions[0].title.0.insert(Lang::SV, "<script>alert(1)</script> \u{1f600} \u{202e}".into());
    let on = Occasion {
        lang: Lang::SV,
        now: vardkase::domain::time::At(1_795_000_000_000),
        fictional: false,
        training: false,
    };
    let sheet = paper::directory::directory(&plan, on, None);
    assert!(!paper::html(&sheet, Style::Within).unwrap().contains("<script>alert"));
    let text = pdf::pages(&paper::pdf(&sheet).unwrap()).unwrap().concat();
    assert!(text.contains("<script>alert(1)</script> ? "), "what the face lacks is a question mark");
    assert!(!text.contains("Påhittad"), "a region that exists");
}

/// Writes pages and files: `VK_PAGES=/tmp/pages cargo test --test it -- --ignored directory_pages_to_look_at`.
#[tokio::test]
#[ignore = "writes files for people to look at"]
async fn directory_pages_to_look_at() {
    let Ok(folder) = std::env::var("VK_PAGES") else { return };
    let folder = std::path::Path::new(&folder);
    std::fs::create_dir_all(folder).unwrap();
    let site = Arc::new(Site::of(&with_turns()).await);
    site.report(Report { level: Some("major".into()), safety: Safety::No, ..Report::default() }).await;
    let mut browser = site.browser("it-bered").await;
    let style = browser.page("/console.css").await;
    for stage in ["well", "ill"] {
        for lang in ["sv", "en"] {
            browser.lang = lang.into();
            for (name, path) in [
                ("reach", "/reach"),
                ("gateway", "/gateways/sms-api"),
                ("directory", "/directory"),
                ("by-group", "/directory?by=group&q=jour"),
                ("none", "/directory?q=xyz"),
                ("duty", "/directory/tib"),
                ("no-turns", "/directory/regdir"),
                ("directory-print", "/directory/print"),
                ("plan-print", "/plan/print"),
            ] {
                let html = browser.page(path).await;
                let from = html.find("<link rel=\"stylesheet\"").unwrap();
                let to = from + html[from..].find('>').unwrap() + 1;
                let html = format!("{}<style>{style}</style>{}", &html[..from], &html[to..]);
                std::fs::write(folder.join(format!("{name}.{stage}.{lang}.html")), html).unwrap();
            }
            for path in ["directory", "plan"] {
                let file = bytes(&site, &browser, &format!("/{path}.pdf")).await;
                std::fs::write(folder.join(format!("{path}.{stage}.{lang}.pdf")), file).unwrap();
            }
        }
        for g in site.plan.gateways.iter().filter(|g| g.channel != Channel::Manual && g.channel != Channel::Email) {
            take_out(&site, &g.id).await;
        }
    }
}
