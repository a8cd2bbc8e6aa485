//! The public page at a WebDAV server and at an S3-compatible store: what readers get there is what was published, byte for
//! byte, and what the store refuses is an alarm with its reason.

use std::time::Instant;

use vardkase::domain::ids::GatewayId;
use vardkase::web::page::shown_texts;

use super::said;
use crate::mirrors::{region, release_public, report, running, until};

/// The page as any reader gets it.
async fn read(url: &str) -> Option<Vec<u8>> {
    let client = reqwest::Client::builder().no_proxy().build().unwrap();
    let answer = client.get(url).send().await.ok()?;
    if !answer.status().is_success() {
        return None;
    }
    answer.bytes().await.ok().map(|b| b.to_vec())
}

fn web_yaml() -> String {
    let readback = said("MIRROR_READBACK");
    let page = |id: &str, mirror: &str| {
        format!(
            "  {id}:\n    page: public\n    readback_url: {readback}\n    limits: {{ timeout: 5s }}\n    mirror: {{ {mirror} }}\n"
        )
    };
    let shipped =
        std::fs::read_to_string(std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("channels/web.yaml")).unwrap();
    format!("{shipped}{}{}", page("web-mirror", &said("MIRROR_YAML")), page("web-wrong", &said("MIRROR_WRONG_YAML")))
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
#[ignore = "needs the real server: tests/peers/webdav.sh, tests/peers/s3.sh"]
async fn readers_of_the_mirror_get_what_was_published() {
    let dir = tempfile::tempdir().unwrap();
    let running = running(region(&[("channels/web.yaml", web_yaml())]), dir.path()).await;
    let board = running.handle.board().clone();
    let (good, wrong) = (GatewayId::from("web-mirror"), GatewayId::from("web-wrong"));
    until("the normal page", async || board.page(&good).filter(|p| p.equal)).await;
    println!("far end: {:?}", board.page(&good).unwrap().far_end);

    report(&running).await;
    let begun = Instant::now();
    let text = release_public(&running).await;
    let base = said("MIRROR_READBACK").trim_end_matches('/').to_owned();
    let url = format!("{base}/index.html");
    let page = until("the text at the mirror", async || {
        read(&url).await.filter(|b| shown_texts(&String::from_utf8_lossy(b)).contains(&text))
    })
    .await;
    println!("released to readable at the mirror: {} ms, {} bytes", begun.elapsed().as_millis(), page.len());
    // Nothing internal lies there: no code, no duty address, no internal routine.
    let html = String::from_utf8(page.clone()).unwrap();
    for address in running.handle.query(|s, _| s.plan.functions.len()).await.map(|_| addresses()).unwrap() {
        assert!(!html.contains(&address), "an address of a duty is on the public page");
    }
    // All pages say the same; the links differ by how deep they lie.
    // While the next publication is being put there, one of them is older.
    until("all pages say the same", async || {
        let (first, deep) = (read(&url).await?, read(&format!("{base}/i/1/index.html")).await?);
        (String::from_utf8_lossy(&deep).replace("../../", "") == String::from_utf8_lossy(&first)).then_some(())
    })
    .await;
    for feed in ["state.json", "feed.sv.atom", "embed/sv/index.html", "sv/accessibility/index.html"] {
        assert!(read(&format!("{base}/{feed}")).await.is_some(), "{feed}");
    }
    for lang in ["sv", "en"] {
        assert!(read(&format!("{base}/{lang}/index.html")).await.is_some(), "{lang}");
    }
    until("read back and equal", async || board.page(&good).filter(|p| p.equal && p.published_total >= 8)).await;

    // Wrong credentials: one clear error, an alarm, no hammering.
    until("an alarm for the wrong login", async || board.stands("page web-wrong").then_some(())).await;
    let why = board.page(&wrong).unwrap();
    println!("wrong login: {}", why.detail);
    assert!(!why.equal && why.detail.contains("HTTP 40"), "{}", why.detail);
    running.stop().await;
}

pub fn addresses() -> Vec<String> {
    let path = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("contacts/functions.yaml");
    let text = std::fs::read_to_string(path).unwrap();
    text.split('"').filter(|w| w.contains('@') || w.starts_with("+4670")).map(str::to_owned).collect()
}
