//! What keeps pages true: a stream over a real socket that says that something is new, and what it says it with.

use std::time::Duration;

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::time::timeout;

use reqwest::{Method, StatusCode};
use vardkase::domain::ids::IncidentNo;
use vardkase::domain::incident::input::{Action, Input, Report};
use vardkase::web::auth::SESSIONS_MAX;

use super::site::{Site, between};

/// Far longer than anything here takes.
const LONG: Duration = Duration::from_secs(20);

async fn open(site: &Site, cookie: &str) -> TcpStream {
    let mut stream = TcpStream::connect(site.url.trim_start_matches("http://")).await.unwrap();
    let ask = format!("GET /events HTTP/1.1\r\nHost: x\r\nCookie: {cookie}\r\nAccept: text/event-stream\r\n\r\n");
    stream.write_all(ask.as_bytes()).await.unwrap();
    stream
}

async fn until(stream: &mut TcpStream, wanted: &str) -> String {
    let mut read = Vec::new();
    let all = async {
        let mut part = [0; 4096];
        while !String::from_utf8_lossy(&read).contains(wanted) {
            let n = stream.read(&mut part).await.unwrap();
            assert!(n > 0, "ended: {}", String::from_utf8_lossy(&read));
            read.extend_from_slice(&part[..n]);
        }
    };
    timeout(LONG, all).await.unwrap();
    String::from_utf8(read).unwrap()
}

#[tokio::test]
async fn a_page_hears_that_something_happened() {
    let site = Site::start().await;
    let browser = site.browser("tib").await;
    let mut stream = open(&site, &browser.cookie).await;
    let head = until(&mut stream, "retry: 3000").await;
    assert!(
        head.starts_with("HTTP/1.1 200") && head.contains("text/event-stream") && head.contains("connection: close"),
        "{head}"
    );
    site.report(Report::default()).await;
    // Of several commits together none is named.
    let event = until(&mut stream, "\"incident\":\"").await;
    assert!(event.contains("event: change") && event.contains("id: "), "{event}");
    let data = between(&event, "data: ", "\n");
    let data: serde_json::Value = serde_json::from_str(data).unwrap();
    assert_eq!(data.as_object().unwrap().len(), 2, "that something is new, and nothing else: {data}");

    // One commit, of one incident: its event names it, and what it was.
    let cl = "cl-fs".into();
    let ack = Action::Ack {
        incident: IncidentNo::actual(1),
        message: None,
        function: "cl-fs".into(),
        phone: false,
        paper: false,
        at: None,
    };
    site.handle.input(Input::Command { who: None, by: cl, action: Box::new(ack) }).await.unwrap();
    let named = until(&mut stream, "\"incident\":\"1\"").await;
    assert!(named.contains("data: {\"kind\":\"answered\",\"incident\":\"1\"}"), "{named}");

    let stranger = site.request(Method::GET, "/events").send().await.unwrap();
    assert_eq!(stranger.status(), StatusCode::UNAUTHORIZED);
}

#[tokio::test]
async fn pages_that_only_listen_take_nobody_s_place() {
    let site = Site::start().await;
    let browser = site.browser("tib").await;
    let mut streams = Vec::new();
    for _ in 0..600 {
        let mut stream = open(&site, &browser.cookie).await;
        until(&mut stream, "retry").await;
        streams.push(stream);
    }
    assert_eq!(site.api("/status").await.0, StatusCode::OK, "more streams than the listener has places");
    const { assert!(SESSIONS_MAX < 600) };
    site.report(Report::default()).await;
    for stream in &mut streams {
        until(stream, "event: change").await;
    }
}

#[tokio::test]
async fn pages_say_what_the_script_may_change_and_the_script_is_the_only_one() {
    let site = Site::start().await;
    site.report(Report::default()).await;
    let browser = site.browser("tib").await;
    let page = browser.page("/").await;
    for id in ["done", "alarms", "top", "must", "ongoing", "sites", "shown"] {
        assert!(page.contains(&format!("id=\"{id}\" data-live")), "{id}: {page}");
    }
    assert!(page.contains("id=\"toast\" role=\"status\"") && page.contains("data-new=\"{} nya svar\""), "{page}");
    assert!(page.contains("data-answers=\"1\""), "who reported has answered: {page}");
    assert_eq!(page.matches("<script").count(), 1);
    let src = between(&page, "<script src=\"", "\"");
    let response = site.request(Method::GET, src).send().await.unwrap();
    assert_eq!(response.headers()["content-type"], "text/javascript; charset=utf-8");
    let policy = response.headers()["content-security-policy"].to_str().unwrap().to_owned();
    assert!(policy.contains("script-src 'self';") && policy.contains("connect-src 'self';"), "{policy}");
    let script = response.text().await.unwrap();
    assert!(script.len() <= 6 * 1024, "{} bytes", script.len());
    assert!(
        !script.contains("innerHTML") && !script.contains("eval("),
        "nothing that is written becomes more than text"
    );
    assert!(!page.contains(" onclick") && !page.contains(" style=\""));
    for path in [
        "/more",
        "/earlier",
        "/system",
        "/report",
        "/report?playbook=ehr-down",
        "/mode",
        "/incidents/1/decide",
        "/approve",
        "/reach",
    ] {
        assert_eq!(browser.page(path).await.matches("<script").count(), 1, "{path}");
    }
}
