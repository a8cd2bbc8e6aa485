//! Which account, device or token acted: to whom that is told, and until when.

use reqwest::{Method, StatusCode};
use serde_json::{Value, json};

use vardkase::clock::Clock;
use vardkase::dispatch::engine::Done;
use vardkase::domain::ids::{DeliveryId, IncidentNo};
use vardkase::domain::incident::actor::{Actor, Behind};
use vardkase::domain::incident::event::{Change, Event};
use vardkase::domain::incident::facts::Safety;
use vardkase::domain::incident::input::{Action, Input, News, Report};
use vardkase::domain::incident::state::EntryState;
use vardkase::domain::lang::{L10n, Lang};
use vardkase::domain::plan::Channel;
use vardkase::domain::time::At;

use super::api::over_for_a_month;
use super::sign_in::{account, cookie_of, csrf, device, get, post, sign_in};
use super::site::Site;

/// A token of a program; gives it and its ID.
async fn token(site: &Site, rights: &[&str], functions: &[&str]) -> (String, String) {
    let until = At::from(site.clock.now()) + 90 * 24 * 3600;
    let add = json!({ "token-add": { "rights": rights, "functions": functions, "expires": until } });
    let (status, told) = site.post("/access", &add).await;
    assert_eq!(status, StatusCode::OK, "{told}");
    (told["token"].as_str().unwrap().to_owned(), told["id"].as_str().unwrap().to_owned())
}

async fn asked(site: &Site, token: &str, method: Method, path: &str, body: Value) -> (StatusCode, Value) {
    let request = site.request(method, &format!("/api/v1{path}")).bearer_auth(token).json(&body);
    let response = request.send().await.unwrap();
    (response.status(), response.json::<Value>().await.unwrap())
}

/// Who acted, as the log tells it.
async fn acted(site: &Site, token: &str, no: IncidentNo) -> Vec<String> {
    let path = format!("/log?incident={}", no.written("X"));
    let (status, log) = asked(site, token, Method::GET, &path, json!({})).await;
    assert_eq!(status, StatusCode::OK, "{log}");
    let records = log["records"].as_array().unwrap();
    let who = |r: &Value| r["what"]["Incident"]["change"]["Acted"]["who"].as_str().map(str::to_owned);
    records.iter().filter_map(who).collect()
}

/// Who stood behind what was just done.
fn behind(done: &Done) -> Option<Actor> {
    done.events.iter().find_map(|event| match event {
        Event::Incident { change, .. } => match &**change {
            Change::Acted { who, .. } => Some(who.clone()),
            _ => None,
        },
        _ => None,
    })
}

#[tokio::test]
async fn rule_h3_a_telephone_is_one_device_over_sms_and_link_however_its_number_is_written() {
    let site = Site::start().await;
    let sms = |id: &str| {
        let f = site.plan.function_ix(id).unwrap();
        *site.plan.function(f).points.iter().find(|p| site.plan.point(**p).channel == Channel::Sms).unwrap()
    };
    let point = sms("tib");
    let number = site.contacts.address(point).unwrap().to_string();
    site.handle.reply(Channel::Sms, number.clone(), "LARM journal D3".into()).await;
    site.settle().await;
    let code = site.handle.query(|s, _| s.pending.keys().next().map(|c| c.as_str().to_owned())).await.unwrap().unwrap();
    site.handle.reply(Channel::Sms, number.replacen('+', "00", 1), format!("JA {code}")).await;
    site.settle().await;
    let no = IncidentNo::actual(1);
    let reporter = site.handle.query(move |s, _| s.incidents[&no].reported_by.clone()).await.unwrap().unwrap();
    assert_eq!(reporter.behind(), Behind::Address);
    assert!(!reporter.0.as_str().contains(&number[3..]), "no number is in it");
    let mut seen = Vec::new();
    for point in [point, sms("it-bered")] {
        let delivery = site.handle.query(move |s, _| {
            let ordinal = s.incidents[&no].deliveries.iter().position(|d| d.point == point)?;
            Some(DeliveryId { incident: no, ordinal: u32::try_from(ordinal).unwrap() })
        });
        let delivery = delivery.await.unwrap().unwrap();
        let known = L10n::same(&[Lang::SV, Lang::EN], format!("mer om {}", delivery.ordinal).as_str());
        let news = News { known: Some(known), ..News::default() };
        let action = Box::new(Action::Update { incident: no, news });
        let input = Input::Command { who: None, by: "tib".into(), action };
        seen.push(behind(&site.handle.input_by_link(delivery, input).await.unwrap()).unwrap());
    }
    assert_eq!(seen[0], reporter);
    assert_ne!(seen[1], reporter, "another telephone");
}

#[tokio::test]
async fn who_acted_is_told_to_whoever_administers_alone_and_forgotten_with_the_incident() {
    let site = Site::start().await;
    let (own, id) = token(&site, &["report", "approve", "all-clear"], &["it-bered", "kib", "tib"]).await;
    let (reads, _) = token(&site, &["read"], &[]).await;
    let report = json!({ "playbook": "ehr-down", "level": "major", "sites": ["FS"], "exercise": true, "safety": "no" });
    let command = json!({ "as": "it-bered", "action": { "report": report } });
    let (status, told) = asked(&site, &own, Method::POST, "/commands", command).await;
    assert_eq!(status, StatusCode::OK, "{told}");
    let no = IncidentNo::exercise(1);
    site.settle().await;

    // One token is one pair of eyes, whatever functions it has (RULES H3).
    let waiting = site.handle.query(move |state, _| {
        let inc = &state.incidents[&no];
        let public = inc.entries.iter().find(|e| e.public && matches!(e.state, EntryState::Waiting(_))).unwrap();
        let fingerprint = inc.message(public.message).unwrap().texts.values().next().unwrap().fingerprint;
        (inc.number(public.message), fingerprint)
    });
    let (number, fingerprint) = waiting.await.unwrap();
    let approve = json!({ "approve": { "number": number, "fingerprint": fingerprint, "entry": null, "works": true } });
    let command = json!({ "as": "kib", "action": approve });
    let (status, refused) = asked(&site, &own, Method::POST, "/commands", command.clone()).await;
    assert_eq!((status, refused["code"].as_str()), (StatusCode::FORBIDDEN, Some("same-eyes")), "{refused}");
    let (status, done) = site.post("/commands", &command).await;
    assert_eq!(status, StatusCode::OK, "the machine's own is another: {done}");
    site.settle().await;

    let all = [format!("token {id}"), "machine".to_owned()];
    assert_eq!(acted(&site, super::site::TOKEN, no).await, all);
    assert_eq!(acted(&site, &reads, no).await, ["", ""], "who does not administer reads that somebody did");
    let timeline = format!("/incidents/{}/timeline", no.written("X"));
    let page = site.browser("tib").await.page(&timeline).await;
    assert!(page.contains(&format!("<small>nyckel {id}</small>")) && page.contains("<small>på servern själv</small>"));
    let (secret, _) = account(&site, "drift-1", &["report", "approve"], &["it-bered"]).await;
    let cookie = cookie_of(sign_in(&site, "drift-1", &secret, "", "/").await.headers());
    let (status, page) = get(&site, &timeline, &cookie).await;
    assert!(status == StatusCode::OK && page.contains("id=\"story\"") && !page.contains("<small>nyckel"), "{page}");

    over_for_a_month(&site, no).await;
    let path = format!("/incidents/{}/forget", no.written("X"));
    let (status, done) = site.post(&path, &json!({ "as": "tib", "reason": "beslut 311" })).await;
    assert_eq!(status, StatusCode::OK, "{done}");
    let who = acted(&site, super::site::TOKEN, no).await;
    assert!(who.len() == 2 && who.iter().all(|who| who.starts_with("forgotten 2026-12-")), "{who:?}");
}

/// Who would be refused reads so before any button, with who is asked instead and when the deadline decides; another reads a button.
#[tokio::test]
async fn rule_h3_the_sheet_says_before_a_yes_who_is_asked_instead() {
    for of_device in [true, false] {
        let site = Site::start().await;
        let (phone, _) = device(&site, &["kib"]).await;
        let id = site.api("/access").await.1["devices"][0]["id"].as_str().unwrap().to_owned();
        let (secret, _) = account(&site, "natt", &["report", "approve"], &["kib"]).await;
        let desk = cookie_of(sign_in(&site, "natt", &secret, "", "/").await.headers());
        let (who, one, other) =
            if of_device { (Actor::device(&id), phone, desk) } else { (Actor::account("natt"), desk, phone) };
        let report = Report {
            playbook: "ehr-down".into(),
            level: Some("major".into()),
            safety: Safety::No,
            ..Report::default()
        };
        let action = Box::new(Action::Report(report));
        site.handle.input(Input::Command { who: Some(who), by: "it-bered".into(), action }).await.unwrap();
        site.settle().await;
        let public = site.handle.query(|state, _| {
            let inc = &state.incidents[&IncidentNo::actual(1)];
            let entry = inc.entries.iter().find(|e| e.public && matches!(e.state, EntryState::Waiting(_))).unwrap();
            inc.number(entry.message).to_string()
        });
        let path = format!("/approve/{}", public.await.unwrap());
        let (status, page) = get(&site, &path, &one).await;
        assert_eq!(status, StatusCode::OK, "{page}");
        assert!(page.contains("Därför godkänner någon annan den här texten för allmänheten."), "{page}");
        assert!(page.contains("kan frågas nu. Annars avgörs det 10.05."), "{page}");
        assert!(!page.contains("value=\"approve\"") && page.contains("value=\"ask\""), "{page}");
        assert!(page.contains("value=\"change\"") && page.contains("value=\"reject\""), "the rest is theirs to do");
        let secret = csrf(&site, &one).await;
        let number = path.trim_start_matches("/approve/");
        let form = [("do", "ask"), ("number", number), ("csrf", secret.as_str())];
        let asked = post(&site, &path, &one, &form).await;
        assert_eq!(asked.status(), StatusCode::SEE_OTHER);
        assert_eq!(asked.headers()["location"], format!("{path}?done=other-asked"));
        let (_, page) = get(&site, &path, &one).await;
        assert!(page.contains("är frågad. Svarar ingen avgörs det 10.05."), "{page}");
        assert!(!page.contains("value=\"approve\"") && !page.contains("value=\"ask\""), "{page}");
        let (_, page) = get(&site, &path, &other).await;
        assert!(page.contains("value=\"approve\"") && !page.contains("någon annan den här texten"), "{page}");
    }
}

/// No incident has it, in which it would be sealed: it stands with who came in.
#[tokio::test]
async fn who_takes_a_gateway_out_and_puts_it_back_is_on_record_once() {
    let site = Site::start().await;
    let (own, id) = token(&site, &["report"], &["it-bered"]).await;
    for (act, status) in [("gateway_out", 200), ("gateway_out", 409), ("gateway_in", 200)] {
        let action = json!({ act: { "gateway": "sms-api", "reason": "provas" } });
        let (got, told) =
            asked(&site, &own, Method::POST, "/commands", json!({ "as": "it-bered", "action": action })).await;
        assert_eq!(got.as_u16(), status, "{act}: {told}");
    }
    let (_, log) = site.api("/log?after=0").await;
    let of_gateway = |r: &&Value| r["event"] == "access" && r["what"]["whom"] == "gateway sms-api";
    let done: Vec<(&str, &str)> = log["records"]
        .as_array()
        .unwrap()
        .iter()
        .filter(of_gateway)
        .map(|r| (r["what"]["what"].as_str().unwrap(), r["what"]["by"].as_str().unwrap()))
        .collect();
    let by = format!("token {id}");
    assert_eq!(done, [("gateway-out", by.as_str()), ("gateway-in", by.as_str())]);
}
