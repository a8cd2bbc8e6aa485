//! “Are the addresses proven?”: the page, the API, and what `check` makes of the export.

use std::collections::BTreeMap;

use reqwest::StatusCode;

use vardkase::config::{Proofs, Source, run_check, shipped};
use vardkase::domain::incident::addresses::ProvenBy;
use vardkase::domain::incident::facts::Safety;
use vardkase::domain::incident::input::Report;
use vardkase::domain::view::{AddressView, addresses};

use super::site::{Site, between};

async fn all(site: &Site) -> Vec<AddressView> {
    site.handle.query(|s, m| addresses(s, m.now)).await.unwrap()
}

fn by_receipt(all: &[AddressView]) -> usize {
    all.iter().filter(|a| a.proven.is_some_and(|p| p.by == ProvenBy::Receipt)).count()
}

#[tokio::test]
async fn the_page_says_what_proves_each_address_and_tests_the_rest() {
    let site = Site::start().await;
    let browser = site.browser("it-bered").await;
    assert!(browser.page("/reach").await.contains("href=\"/reach/addresses\""));
    let before = all(&site).await;
    let waiting = before.iter().filter(|a| a.waits()).count();
    let page = browser.page("/reach/addresses").await;
    assert!(page.contains("Är adresserna bevisade?") && page.contains("Väntar på prov"));
    assert!(page.contains(&format!("({waiting})")), "{page}");
    assert!(!page.contains("+4670") && !page.contains("@fjallmark"), "no address stands there");
    // One channel, then the rest.
    let (status, page) = browser.through("/reach/addresses", &[("channel", "sms")]).await;
    assert!(status.is_redirection() || status == StatusCode::OK, "{status} {page}");
    site.settle().await;
    let tested = site.handle.query(|s, _| s.tests.len()).await.unwrap();
    let sms = |a: &&AddressView| a.channel == vardkase::domain::plan::Channel::Sms;
    assert_eq!(tested, before.iter().filter(|a| a.waits()).filter(sms).count());
    let after = all(&site).await;
    let asked = |all: &[AddressView]| all.iter().filter(|a| a.asked.is_some()).count();
    assert!(tested > 0 && asked(&after) == tested);
    browser.through("/reach/addresses", &[("channel", "")]).await;
    site.settle().await;
    let after = all(&site).await;
    assert_eq!(asked(&after), waiting, "all that waited, and each once");
    assert!(by_receipt(&after) > 0, "receipts of the tests prove: {after:?}");
    let tested = site.handle.query(|s, _| s.tests.len()).await.unwrap();
    assert_eq!(tested, waiting);
    let page = browser.page("/reach/addresses?done=tested").await;
    assert!(page.contains("Prov har skickats.") && page.contains("mottagen av apparaten"), "{page}");
    // What a stranger makes of the form is refused, and nothing is sent.
    let (status, _) = browser.post_bare("/reach/addresses", &[("channel", "sms")]).await;
    assert_eq!(status, StatusCode::FORBIDDEN);
    assert_eq!(site.handle.query(|s, _| s.tests.len()).await.unwrap(), tested);
}

#[tokio::test]
async fn check_reads_what_a_server_knows_and_believes_it_of_that_address_alone() {
    let site = Site::start().await;
    site.report(Report { level: Some("major".into()), safety: Safety::No, ..Report::default() }).await;
    site.settle().await;
    let (status, list) = site.api("/addresses").await;
    assert_eq!(status, StatusCode::OK);
    assert!(list.as_array().unwrap().iter().any(|a| a["proven_by"] == "receipt"), "{list}");
    let (_, export) = site.api("/addresses/proofs").await;
    let told = export.to_string();
    assert!(!told.contains("+46") && !told.contains('@'), "{told}");
    let days: BTreeMap<_, _> = export["proofs"]
        .as_array()
        .unwrap()
        .iter()
        .map(|p| (p["mark"].as_str().unwrap().to_owned(), p["proven_on"].as_str().unwrap().parse().unwrap()))
        .collect();
    let today = days.values().max().copied().unwrap();
    let proofs = Proofs { salt: export["salt"].as_str().unwrap().into(), days, today };
    let count = |files: Vec<_>, proofs: Option<&Proofs>| {
        let report = run_check(&Source::Files(files), proofs, false);
        report.diagnostics.iter().filter(|d| d.code == "never-proven").count()
    };
    // Nothing is typed: what the server knows is all there is.
    let bare = |changed: Option<(&str, &str)>| -> Vec<_> {
        shipped()
            .into_iter()
            .map(|(name, mut text)| {
                if name.ends_with("functions.yaml") {
                    while let Some(from) = text.find(", proven: ") {
                        text.replace_range(from..from + ", proven: 2026-10-05".len(), "");
                    }
                    if let Some((number, other)) = changed {
                        assert!(text.contains(number));
                        text = text.replace(number, other);
                    }
                }
                (name, text)
            })
            .collect()
    };
    let (without, with) = (count(bare(None), None), count(bare(None), Some(&proofs)));
    assert!(with < without, "{with} of {without}");
    // One number is another now: one more is not proven.
    let known = between(&std::fs::read_to_string("contacts/functions.yaml").unwrap(), "sms: \"", "\"").to_owned();
    assert_eq!(count(bare(Some((&known, "+46701740999"))), Some(&proofs)), with + 1);
    // The same number, written otherwise, is the same.
    let otherwise = known.replacen("+46", "0046", 1);
    assert_eq!(count(bare(Some((&known, &otherwise))), Some(&proofs)), with);
    // Months later proofs are old.
    let later = Proofs { today: today.checked_add(jiff::Span::new().days(91)).unwrap(), ..proofs };
    let report = run_check(&Source::Files(bare(None)), Some(&later), false);
    assert_eq!(report.diagnostics.iter().filter(|d| d.code == "proof-is-old").count(), without - with);
}
