//! Events for programs over a real socket: nothing is missed, nothing comes twice, and it ends with its token.

use std::time::Duration;

use reqwest::{Method, Response, StatusCode};
use serde_json::{Value, json};
use tokio::time::timeout;

use vardkase::domain::incident::input::Report;

use super::described::token;
use super::site::Site;

/// Far longer than anything here takes.
const LONG: Duration = Duration::from_secs(20);

struct Listening {
    response: Response,
    text: String,
}

impl Listening {
    async fn open(site: &Site, token: &str, after: Option<u64>) -> Self {
        let mut request = site.request(Method::GET, "/api/v1/events").bearer_auth(token);
        if let Some(after) = after {
            request = request.header("last-event-id", after);
        }
        let response = request.send().await.unwrap();
        assert_eq!(response.status(), StatusCode::OK);
        assert_eq!(response.headers()["content-type"], "text/event-stream");
        Self { response, text: String::new() }
    }
    /// Reads on until it contains that.
    async fn until(&mut self, wanted: &str) {
        while !self.text.contains(wanted) {
            let chunk = timeout(LONG, self.response.chunk()).await.unwrap().unwrap();
            let chunk = chunk.unwrap_or_else(|| panic!("it ended without {wanted}: {}", self.text));
            self.text.push_str(std::str::from_utf8(&chunk).unwrap());
        }
    }
    /// What happened, as it was told.
    fn heard(&self) -> Vec<Value> {
        let whole = self.text.rsplit_once("\n\n").map_or("", |(whole, _)| whole);
        let events = whole.split("\n\n").filter(|e| e.starts_with("id: "));
        events.map(|e| serde_json::from_str(e.split_once("data: ").unwrap().1).unwrap()).collect()
    }
}

/// The journal from after that number, as events tell it.
async fn journal(site: &Site, after: u64) -> Vec<Value> {
    let (_, part) = site.api(&format!("/log?after={after}")).await;
    assert_eq!(part["more"], false);
    let records = part["records"].as_array().unwrap().iter();
    records.map(|r| {
        let exercise = r["incident"].as_str().is_some_and(|no| no.starts_with("Ö-"));
        json!({ "seq": r["seq"], "at": r["at"], "incident": r["incident"], "exercise": exercise, "kind": r["event"] })
    }).collect()
}

#[tokio::test]
async fn a_program_that_comes_back_hears_each_record_once() {
    let site = Site::start().await;
    let (_, token) = token(&site, &["read"]).await;
    let mut first = Listening::open(&site, &token, None).await;
    first.until("event: begin").await;
    let begin: u64 = super::site::between(&first.text, "id: ", "\n").parse().unwrap();
    site.report(Report { exercise: true, ..Report::default() }).await;
    first.until("\"kind\":\"opened\"").await;
    let last = first.heard().last().unwrap()["seq"].as_u64().unwrap();
    let mut all = first.heard();
    drop(first);
    site.report(Report::default()).await;
    let wanted = journal(&site, begin).await;
    let mut second = Listening::open(&site, &token, Some(last)).await;
    second.until(&format!("id: {}\n", wanted.last().unwrap()["seq"])).await;
    second.until("}\n\n").await;
    all.extend(second.heard());
    assert_eq!(all, wanted);
    let fields: Vec<&String> = all[0].as_object().unwrap().keys().collect();
    assert_eq!(fields.len(), 5, "that something happened, and nothing else: {fields:?}");
}

#[tokio::test]
async fn a_stream_ends_with_its_token_and_there_are_not_too_many_of_one() {
    let site = Site::start().await;
    let (id, mine) = token(&site, &["read"]).await;
    let mut all = Vec::new();
    for _ in 0..vardkase::web::events::EVENT_STREAMS_EACH_MAX {
        all.push(Listening::open(&site, &mine, None).await);
    }
    let more = site.request(Method::GET, "/api/v1/events").bearer_auth(&mine).send().await.unwrap();
    assert_eq!(more.status(), StatusCode::TOO_MANY_REQUESTS);
    assert_eq!(more.json::<Value>().await.unwrap()["code"], "too-many-streams");
    let (_, other) = token(&site, &["read"]).await;
    let mut other = Listening::open(&site, &other, None).await;
    site.post("/access", &json!({ "token-revoke": { "id": id } })).await;
    for stream in &mut all {
        stream.until("event: end\ndata: {\"reason\":\"access\"}").await;
    }
    // The next may come in the place of one that ended; whoever is still let in hears of it.
    other.until("id: ").await;
    site.report(Report::default()).await;
    other.until("\"kind\":\"opened\"").await;
    for bad in ["x", "-1", "99999999999999999999999"] {
        let request = site.request(Method::GET, "/api/v1/events").bearer_auth(super::site::TOKEN);
        let refused = request.header("last-event-id", bad).send().await.unwrap();
        assert_eq!(refused.status(), StatusCode::UNPROCESSABLE_ENTITY, "{bad}");
    }
}
