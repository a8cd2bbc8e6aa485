//! The API: who may come in, what a command answers, how each refusal looks, and that no address is ever shown.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::time::Duration;

use reqwest::{Method, StatusCode};
use serde_json::{Value, json};

use vardkase::domain::ids::IncidentNo;
use vardkase::domain::incident::facts::Safety;
use vardkase::domain::incident::input::{Action, Input, Report};
use vardkase::domain::incident::state::ProposalState;
use vardkase::domain::plan::Channel;
use vardkase::domain::text::fit::shown;
use vardkase::web::BODY_BYTES_MAX;
use vardkase::web::door::Door;
use vardkase::web::proxies::Trusted;

use super::site::{Site, TOKEN};

#[tokio::test]
async fn behind_a_trusted_proxy_whoever_guesses_is_slowed_alone_and_a_header_of_anybody_else_says_nothing() {
    let status = async |site: &Site, token: &str, from: &str| {
        let request = site.request(Method::GET, "/api/v1/status").bearer_auth(token);
        request.header("x-forwarded-for", from).send().await.unwrap().status()
    };
    let trusted = Arc::new(Trusted(vec!["127.0.0.1".parse().unwrap()]));
    let site = Site::start_behind(Door { trusted, ..Door::default() }).await;
    for n in 0..10 {
        // Whatever the guesser writes before it, the proxy adds the address that it saw.
        let forged = format!("198.51.100.{n}, 203.0.113.9");
        assert_eq!(status(&site, "wrong", &forged).await, StatusCode::UNAUTHORIZED);
    }
    assert_eq!(status(&site, TOKEN, "203.0.113.9").await, StatusCode::TOO_MANY_REQUESTS, "guesses cost time");
    assert_eq!(status(&site, TOKEN, "203.0.113.8").await, StatusCode::OK);
    // Where no proxy is trusted the header is not read: all of this machine's have one address, and the right token goes.
    let site = Site::start().await;
    for _ in 0..11 {
        status(&site, "wrong", "203.0.113.9").await;
    }
    assert_eq!(status(&site, TOKEN, "203.0.113.9").await, StatusCode::OK);
}

#[tokio::test]
async fn without_the_token_nothing_is_told() {
    let site = Site::start().await;
    for path in ["/api/v1/status", "/api/v1/functions", "/api/v1/log", "/metrics"] {
        for token in [None, Some("wrong"), Some("")] {
            let mut request = site.request(Method::GET, path);
            if let Some(token) = token {
                request = request.bearer_auth(token);
            }
            let response = request.send().await.unwrap();
            assert!(
                matches!(response.status(), StatusCode::UNAUTHORIZED | StatusCode::TOO_MANY_REQUESTS),
                "{path}: {}",
                response.status()
            );
            let body: Value = response.json().await.unwrap();
            assert!(body["code"] == "no-token" || body["code"] == "too-many-tries", "{body}");
        }
    }
    // However many wrong ones came: the right one comes in.
    for _ in 0..20 {
        site.request(Method::GET, "/api/v1/status").bearer_auth("wrong").send().await.unwrap();
    }
    let slowed = site.request(Method::GET, "/api/v1/status").bearer_auth("wrong").send().await.unwrap();
    assert_eq!(slowed.status(), StatusCode::TOO_MANY_REQUESTS);
    assert!(slowed.headers().contains_key("retry-after"));
    assert_eq!(site.api("/status").await.0, StatusCode::OK);
    for open in ["/healthz", "/readyz"] {
        assert_eq!(site.request(Method::GET, open).send().await.unwrap().status(), StatusCode::OK, "{open}");
    }
}

#[tokio::test]
async fn no_person_s_number_gets_into_a_text_unless_somebody_has_looked() {
    let site = Site::start().await;
    let report = json!({ "report": { "playbook": "ehr-down", "what": { "sv": "Journal 19811228-9874 saknas" } } });
    let send = |more: Value| {
        let mut body = json!({ "as": "it-bered", "action": report });
        body.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
        site.request(Method::POST, "/api/v1/commands").bearer_auth(TOKEN).json(&body).send()
    };
    let refused = send(json!({})).await.unwrap();
    assert_eq!(refused.status(), StatusCode::UNPROCESSABLE_ENTITY);
    let body: Value = refused.json().await.unwrap();
    assert_eq!(body["code"], "personal-number");
    let why = "In what.sv, characters 9 to 21 look like a personal identity number (personnummer).";
    assert_eq!(body["why"], why);
    assert!(!body.to_string().contains("9874"), "what is refused is not said again");
    assert!(site.api("/incidents").await.1.as_array().unwrap().is_empty());
    let taken = send(json!({ "not_personal": true })).await.unwrap();
    assert_eq!(taken.status(), StatusCode::OK);
}

#[tokio::test]
async fn what_is_refused_is_said_in_the_language_that_is_asked_for_and_in_english_unless() {
    let site = Site::start().await;
    let swedish = ("Vägen ”x” finns inte.", "Välj en i listan över vägar.");
    let english = ("There is no gateway “x”.", "Choose one in the list of gateways.");
    for (lang, said) in [("sv-SE,en;q=0.5", swedish), ("de", english), ("en", english), ("", english)] {
        let request = site.request(Method::POST, "/api/v1/gateways/x/probe").bearer_auth(TOKEN);
        let response = request.header("accept-language", lang).json(&json!({})).send().await.unwrap();
        assert_eq!(response.status(), StatusCode::NOT_FOUND, "{lang}");
        assert_eq!(response.headers()["content-type"], "application/problem+json", "{lang}");
        let body: Value = response.json().await.unwrap();
        let problem = json!({
            "type": "/api/v1/problems#unknown-gateway", "title": "Unknown gateway", "status": 404, "detail": said.0,
            "code": "unknown-gateway", "why": said.0, "help": said.1,
        });
        assert_eq!(body, problem, "{lang}");
    }
    // What is told beside it stays.
    let nobody = site.request(Method::GET, "/api/v1/status").header("accept-language", "sv").send().await.unwrap();
    assert_eq!(nobody.headers()["www-authenticate"], "Bearer");
    assert_eq!(nobody.json::<Value>().await.unwrap()["why"], "Nyckeln saknas eller är fel.");
}

#[tokio::test]
async fn a_report_an_approval_and_an_answer_go_by_json() {
    let site = Site::start().await;
    let (status, foreseen) = site
        .post(
            "/dry-runs",
            &json!({ "as": "it-bered", "report": { "playbook": "journal", "level": "D3", "sites": ["FS"], "safety": "no" } }),
        )
        .await;
    assert_eq!(status, StatusCode::OK, "{foreseen}");
    assert_eq!(foreseen["mode"]["id"], "staff");
    assert_eq!(foreseen["sites"], json!(["FS"]));
    assert_eq!(foreseen["playbook"], "ehr-down", "which playbook the word meant");
    let (duties, waiting) = (foreseen["duties"].as_u64().unwrap(), foreseen["waiting"].as_u64().unwrap());
    assert!(duties > 3 && waiting > 0, "{foreseen}");

    let report = json!({ "report": { "playbook": "journal", "level": "D3", "sites": ["FS"], "safety": "no" } });
    let (status, done) = site.command("it-bered", report).await;
    assert_eq!(status, StatusCode::OK, "{done}");
    assert_eq!(done["on_record"], true);
    assert_eq!((&done["incident"], &done["playbook"]), (&json!("1"), &json!("ehr-down")));
    assert!(done["message"].as_str().unwrap().starts_with("1-"), "{done}");
    assert!(done["events"].as_array().unwrap().contains(&json!("released")), "{done}");
    site.settle().await;

    let (_, status) = site.api("/status").await;
    let fs = status["status"]["sites"].as_array().unwrap().iter().find(|s| s["id"] == "FS").unwrap();
    assert_eq!((&fs["mode"]["id"], &fs["because_of"]), (&json!("staff"), &json!(["1"])));
    let counts = &status["status"]["open"][0]["counts"];
    let (_, incident) = site.api("/incidents/1").await;
    let told = incident["rows"].as_array().unwrap().iter();
    let told: BTreeSet<String> = told
        .flat_map(|r| {
            r["asked"].as_array().unwrap().iter().chain([&r["function"]]).map(Value::to_string).collect::<Vec<_>>()
        })
        .collect();
    assert_eq!(told.len() as u64, duties, "what was foreseen is what happened");
    assert_eq!(counts["approvals"].as_u64().unwrap(), waiting);
    assert_eq!(counts["handed_over"], counts["addressed"]);

    let (_, approvals) = site.api("/approvals?as=kib").await;
    assert_eq!(approvals.as_array().unwrap().len() as u64, waiting);
    let one = &approvals[0];
    let (number, print) = (one["number"].as_str().unwrap(), one["fingerprints"]["sv"].as_str().unwrap());
    let (_, previews) = site.api(&format!("/incidents/1/messages/{}/previews", &number[2..])).await;
    assert_eq!(
        previews["texts"][0]["text"].as_str(),
        one["texts"][previews["texts"][0]["lang"].as_str().unwrap()].as_str()
    );

    let approve = |print: &str| json!({ "approve": { "number": number, "fingerprint": print, "entry": null } });
    for (by, print, expected, code) in [
        ("kib", "000000", StatusCode::CONFLICT, "stale-fingerprint"),
        ("iva", print, StatusCode::FORBIDDEN, "not-yours"),
        ("nobody", print, StatusCode::NOT_FOUND, "unknown-function"),
    ] {
        let (status, problem) = site.command(by, approve(print)).await;
        assert_eq!((status, problem["code"].as_str().unwrap()), (expected, code), "{problem}");
        assert!(!problem["why"].as_str().unwrap().is_empty() && !problem["help"].as_str().unwrap().is_empty());
    }
    let (status, done) = site.command("kib", approve(print)).await;
    assert_eq!(status, StatusCode::OK, "{done}");
    assert_eq!(site.command("kib", approve(print)).await.0, StatusCode::CONFLICT, "a second time");
    site.settle().await;

    let ack = json!({ "ack": { "incident": "1", "message": null, "function": "tib", "phone": true, "at": null } });
    let (status, done) = site.command("vaxel", ack).await;
    assert_eq!(status, StatusCode::OK, "{done}");
    let (_, incident) = site.api("/incidents/1").await;
    let row = incident["rows"].as_array().unwrap().iter().find(|r| r["function"] == "tib").unwrap().clone();
    assert_eq!(row["state"]["state"], "answered");
    assert_eq!((&row["state"]["via"], &row["state"]["noted_by"]), (&json!("phone"), &json!("vaxel")));
    let (_, log) = site.api("/log?incident=1").await;
    let names: Vec<&str> = log["records"].as_array().unwrap().iter().map(|r| r["event"].as_str().unwrap()).collect();
    assert!(names.starts_with(&["opened"]) && names.contains(&"answered"), "{names:?}");
}

#[tokio::test]
async fn what_can_not_be_read_is_refused_in_json() {
    let site = Site::start().await;
    let post = |body: String, kind: &'static str| {
        site.request(Method::POST, "/api/v1/commands").bearer_auth(TOKEN).header("content-type", kind).body(body).send()
    };
    let json = "application/json";
    for (body, kind, expected) in [
        ("{".to_owned(), json, StatusCode::UNPROCESSABLE_ENTITY),
        ("null".into(), json, StatusCode::UNPROCESSABLE_ENTITY),
        (r#"{"as":"kib","action":{"fly":{}}}"#.into(), json, StatusCode::UNPROCESSABLE_ENTITY),
        (
            r#"{"as":"kib","action":{"report":{"playbook":"journal","wich":1}}}"#.into(),
            json,
            StatusCode::UNPROCESSABLE_ENTITY,
        ),
        (r#"{"as":"it-bered","action":{"report":{"playbook":"volcano"}}}"#.into(), json, StatusCode::NOT_FOUND),
        (r#"{"as":"kib"}"#.into(), "text/plain", StatusCode::UNSUPPORTED_MEDIA_TYPE),
        (format!(r#"{{"as":"{}"}}"#, "x".repeat(BODY_BYTES_MAX)), json, StatusCode::PAYLOAD_TOO_LARGE),
    ] {
        let response = post(body, kind).await.unwrap();
        assert_eq!(response.status(), expected);
        let problem: Value = response.json().await.unwrap();
        assert!(problem["code"].is_string() && problem["why"].is_string() && problem["help"].is_string(), "{problem}");
    }
    for (method, path, expected) in [
        (Method::GET, "/api/v1/volcanoes", StatusCode::NOT_FOUND),
        (Method::DELETE, "/api/v1/status", StatusCode::METHOD_NOT_ALLOWED),
        (Method::GET, "/api/v1/incidents/99", StatusCode::NOT_FOUND),
        (Method::GET, "/api/v1/incidents/%C3%96-9", StatusCode::NOT_FOUND),
        (Method::GET, "/api/v1/incidents/none", StatusCode::NOT_FOUND),
        (Method::GET, "/api/v1/incidents/1/messages/x/previews", StatusCode::UNPROCESSABLE_ENTITY),
        (Method::GET, "/api/v1/approvals", StatusCode::UNPROCESSABLE_ENTITY),
        (Method::GET, "/api/v1/approvals?as=nobody", StatusCode::NOT_FOUND),
        (Method::GET, "/nowhere", StatusCode::NOT_FOUND),
    ] {
        let response = site.request(method, path).bearer_auth(TOKEN).send().await.unwrap();
        assert_eq!(response.status(), expected, "{path}");
        let problem: Value = response.json().await.unwrap_or_else(|e| panic!("{path}: {e}"));
        assert!(problem["code"].is_string(), "{problem}");
    }
    let log = site.api("/log?after=999999").await;
    assert_eq!((log.0, &log.1["records"]), (StatusCode::OK, &json!([])));
}

#[tokio::test]
async fn each_right_is_refused_by_403() {
    let site = Site::start().await;
    site.report(Report { level: Some("critical".into()), safety: Safety::Yes, ..Report::default() }).await;
    let news = json!({ "incident": "1", "news": {} });
    for (action, by) in [
        (json!({ "update": news }), "lab-bered"),
        (json!({ "correct": { "number": "1-1", "news": {} } }), "lab-bered"),
        (json!({ "stop": { "incident": "1", "message": null, "reason": "x" } }), "lab-bered"),
        (json!({ "restored": news }), "lab-bered"),
        (json!({ "break_glass": { "number": "1-1", "reason": "x" } }), "lab-bered"),
        (json!({ "mode": { "site": "FS", "mode": "disaster", "reason": "x" } }), "lab-bered"),
        (json!({ "mode": { "site": "FS", "mode": "normal", "reason": "x" } }), "lab-bered"),
        (json!({ "decide": { "incident": "1", "proposal": 0, "yes": true, "reason": "" } }), "lab-bered"),
        (json!({ "relapse": news }), "lab-bered"),
        (json!({ "data_complete": { "incident": "1" } }), "lab-bered"),
        (json!({ "all_clear": { "incident": "1", "override_reason": "x" } }), "lab-bered"),
    ] {
        if action.get("relapse").is_some() {
            assert_eq!(site.command("it-led", json!({ "restored": news })).await.0, StatusCode::OK);
        }
        let (status, problem) = site.command(by, action.clone()).await;
        assert_eq!(
            (status, problem["code"].as_str()),
            (StatusCode::FORBIDDEN, Some("not-yours")),
            "{action}: {problem}"
        );
    }
}

/// Every address, as configured and without its country code, but the numbers that texts may show (RULES A10).
pub fn addresses(site: &Site) -> Vec<String> {
    let publishable: Vec<String> = site
        .plan
        .functions
        .iter()
        .filter_map(|f| f.phone.as_ref().filter(|p| p.publishable))
        .map(|p| p.number.chars().filter(char::is_ascii_digit).collect())
        .collect();
    (0..)
        .zip(&site.plan.points)
        .filter(|(_, p)| !matches!(p.channel, Channel::Web | Channel::Manual))
        .filter_map(|(i, _)| site.contacts.address(vardkase::domain::ids::PointIx(i)))
        .map(|a| a.trim_start_matches("+46").trim_start_matches('0').to_owned())
        .filter(|a| a.len() > 4 && !publishable.iter().any(|p| p.trim_start_matches('0') == a))
        .collect()
}

#[tokio::test]
async fn no_address_and_no_code_is_in_any_json() {
    let site = Site::start().await;
    site.report(Report { exercise: true, ..Report::default() }).await;
    site.report(Report { level: Some("critical".into()), safety: Safety::No, ..Report::default() }).await;
    site.pass(400).await;
    let addresses = addresses(&site);
    assert!(addresses.len() > 40, "{}", addresses.len());
    let codes: Vec<String> = site
        .handle
        .query(|s, _| {
            use vardkase::domain::incident::state::EntryState;
            let all = s.incidents.values();
            all.flat_map(|i| {
                let waiting = i.entries.iter().filter_map(|e| match &e.state {
                    EntryState::Waiting(a) => Some(a.code.as_str().to_owned()),
                    _ => None,
                });
                waiting.chain(i.proposals.iter().map(|p| p.code.as_str().to_owned())).collect::<Vec<_>>()
            })
            .collect()
        })
        .await
        .unwrap();
    assert!(codes.len() > 2, "{codes:?}");
    for path in [
        "/status",
        "/incidents",
        "/incidents/1",
        "/incidents/%C3%96-1",
        "/incidents/1/messages/1/previews",
        "/approvals?as=kib",
        "/todo?as=tib",
        "/functions",
        "/playbooks",
        "/lists",
        "/gateways",
        "/log",
    ] {
        let (status, value) = site.api(path).await;
        assert_eq!(status, StatusCode::OK, "{path}: {value}");
        let text = value.to_string();
        for secret in &addresses {
            assert!(!text.contains(secret.as_str()), "{path} shows {secret}");
        }
        // A hash or a moment in milliseconds may hold the six digits of one by chance.
        let word = |c: Option<char>| c.is_some_and(char::is_alphanumeric);
        for code in &codes {
            let alone = |(at, of): (usize, &str)| {
                !word(text[..at].chars().next_back()) && !word(text[at + of.len()..].chars().next())
            };
            assert!(!text.match_indices(code.as_str()).any(alone), "{path} shows {code}");
        }
    }
    let metrics = site.request(Method::GET, "/metrics").bearer_auth(TOKEN).send().await.unwrap().text().await.unwrap();
    assert!(metrics.contains("vardkase_incidents_open{status=\"actual\"} 1"), "{metrics}");
    assert!(metrics.contains("vardkase_gateway_up{gateway=\"sms-api\"} 1"), "{metrics}");
    assert!(metrics.ends_with("# EOF\n"));
    for secret in addresses.iter().chain(&codes) {
        assert!(!metrics.contains(secret.as_str()), "metrics show {secret}");
    }
}

#[tokio::test]
async fn previews_are_exactly_what_leaves() {
    let site = Site::start().await;
    site.report(Report { level: Some("major".into()), safety: Safety::No, ..Report::default() }).await;
    let (_, approvals) = site.api("/approvals?as=kib").await;
    let internal = approvals.as_array().unwrap().iter().find(|a| a["public"] == false).unwrap().clone();
    let number = internal["number"].as_str().unwrap();
    let path = format!("/incidents/1/messages/{}/previews", &number[2..]);
    let (_, before) = site.api(&path).await;
    assert!(!before["shown"].as_array().unwrap().is_empty(), "{before}");
    let approve =
        json!({ "approve": { "number": number, "fingerprint": internal["fingerprints"]["sv"], "entry": null } });
    site.taken.lock().unwrap().clear();
    assert_eq!(site.command("kib", approve).await.0, StatusCode::OK);
    site.settle().await;
    let mut sent: BTreeMap<String, u64> = BTreeMap::new();
    for (gateway, job) in site.taken.lock().unwrap().iter().filter(|(_, j)| j.out.number() == number) {
        let capability = &site.plan.gateways.iter().find(|g| g.id == *gateway).unwrap().capability;
        let units = shown(&job.out, job.trailer.as_deref(), capability).unwrap();
        *sent.entry(format!("{gateway} {}", json!(units))).or_default() += 1;
    }
    let mut promised: BTreeMap<String, u64> = BTreeMap::new();
    for s in before["shown"].as_array().unwrap().iter().filter(|s| s["gateway"].is_string()) {
        let key = format!("{} {}", s["gateway"].as_str().unwrap(), s["units"]);
        *promised.entry(key).or_default() += s["points"].as_u64().unwrap();
    }
    assert!(!sent.is_empty());
    assert_eq!(promised, sent);
    let (_, after) = site.api(&path).await;
    assert_eq!((&before["released"], &after["released"]), (&json!(false), &json!(true)));
    // LS' transmitter has no å, ä, ö: it gets the English text whole, or another path is named.
    let pages = before["shown"].as_array().unwrap().iter().filter(|s| s["channel"] == "paging");
    for unit in pages.flat_map(|s| s["units"].as_array().unwrap().clone()) {
        // Words may stand before the number in the first page (RULES A14).
        let unit = unit.as_str().unwrap();
        assert!(unit.starts_with(number) || unit.starts_with("DU SVARAR NU FÖR: "), "{unit}");
    }
}

#[tokio::test]
async fn a_gateway_is_tested_probed_and_proven_over_the_api_and_the_console() {
    let site = Site::start().await;
    let plan = &site.plan;
    let (function, gateway) = plan
        .functions
        .iter()
        .find_map(|f| {
            let point = f.points.iter().map(|p| plan.point(*p)).find(|p| p.channel == Channel::Sms)?;
            Some((f.id.to_string(), plan.gateway(point.gateways[0]).id.to_string()))
        })
        .unwrap();
    let view = async |site: &Site| {
        let all = site.api("/gateways").await.1;
        all.as_array().unwrap().iter().find(|g| g["id"] == gateway.as_str()).unwrap().clone()
    };
    let before = view(&site).await;
    assert_eq!(before["test"], serde_json::Value::Null);
    assert!(before["can"].as_array().unwrap().iter().any(|c| c[0] == "answers"), "{before}");

    let (status, sent) =
        site.post(&format!("/gateways/{gateway}/test"), &json!({ "as": "it-bered", "function": function })).await;
    assert_eq!((status, &sent["on_record"]), (StatusCode::OK, &json!(true)), "{sent}");
    let id = sent["tests"][0].as_u64().unwrap();
    let mut changed = site.handle.changed();
    let test = loop {
        let tests = site.api(&format!("/gateways/tests?gateway={gateway}")).await.1;
        let test = tests.as_array().unwrap().iter().find(|t| t["id"] == id).unwrap().clone();
        if test["state"] != "queued" {
            break test;
        }
        tokio::time::timeout(std::time::Duration::from_secs(20), changed.changed()).await.unwrap().unwrap();
    };
    assert!(test["state"] == "delivered" || test["state"] == "handed-over", "{test}");
    assert!(test.get("code").is_none(), "a code is nobody's but the receiver's");
    let whole = site.taken.lock().unwrap().iter().map(|(_, j)| j.out.whole(None)).next().unwrap();
    assert!(whole.starts_with("TEST "), "{whole}");
    let proof = view(&site).await["test"].clone();
    assert_eq!((&proof["function"], &proof["how_far"]), (&json!(function), &test["state"]));
    let metrics = site.request(Method::GET, "/metrics").bearer_auth(TOKEN).send().await.unwrap().text().await.unwrap();
    assert!(metrics.contains(&format!("vardkase_gateway_test_age_seconds{{gateway=\"{gateway}\"}}")), "{metrics}");

    let (status, probed) = site.post(&format!("/gateways/{gateway}/probe"), &json!({})).await;
    assert_eq!((status, &probed["ok"]), (StatusCode::OK, &json!(true)));
    assert_eq!(site.post("/gateways/nothing/probe", &json!({})).await.0, StatusCode::NOT_FOUND);
    let (status, refused) = site.post("/gateways/nothing/test", &json!({ "as": "tib", "function": "tib" })).await;
    assert_eq!((status, refused["code"].as_str()), (StatusCode::NOT_FOUND, Some("unknown-gateway")), "{refused}");

    // An alarm stands on every page, on the status and in the numbers.
    let what = vardkase::domain::lang::L10n::of([(vardkase::domain::lang::Lang::SV, "sms-api är ur bruk")]);
    site.handle.board().raise("gateway-down sms-api", what, vardkase::domain::time::At(0), true);
    let browser = site.browser("tib").await;
    for page in ["/", "/reach", &format!("/gateways/{gateway}"), "/report", "/mode"] {
        assert!(browser.page(page).await.contains("sms-api är ur bruk"), "{page}");
    }
    assert_eq!(site.api("/status").await.1["alarms"][0]["name"], "gateway-down sms-api");
    let metrics = site.request(Method::GET, "/metrics").bearer_auth(TOKEN).send().await.unwrap().text().await.unwrap();
    assert!(metrics.contains("vardkase_alarms 1.0"), "{metrics}");
    // The console's own form.
    let (status, to) = browser.post(&format!("/gateways/{gateway}"), &[("do", "test"), ("function", &function)]).await;
    assert_eq!((status, to), (StatusCode::SEE_OTHER, format!("/gateways/{gateway}?done=test")));
    assert!(browser.page(&format!("/gateways/{gateway}?done=test")).await.contains("Provet är sänt"));
}

/// The all clear, and thirty days on with a yes to whatever is proposed meanwhile.
pub(super) async fn over_for_a_month(site: &Site, no: IncidentNo) {
    let over = Action::AllClear { incident: no, override_reason: Some("övat klart".into()) };
    site.handle.input(Input::Command { who: None, by: "tib".into(), action: Box::new(over) }).await.unwrap();
    for _ in 0..30 {
        site.clock.advance(Duration::from_secs(24 * 3600));
        site.handle.input(Input::Due).await.unwrap();
        let asked = site.handle.query(move |state, _| {
            let inc = state.incidents.get(&no)?;
            let p = inc.proposals.iter().find(|p| p.state == ProposalState::Asked)?;
            Some((p.id, inc.plan.function(p.asked[0]).id.clone()))
        });
        if let Some((proposal, by)) = asked.await.unwrap() {
            let yes = Action::Decide { incident: no, proposal: Some(proposal), yes: true, reason: "".into() };
            site.handle.input(Input::Command { who: None, by, action: Box::new(yes) }).await.unwrap();
        }
    }
    site.settle().await;
}

#[tokio::test]
async fn forgetting_is_refused_while_it_is_open_and_told_wherever_something_stood() {
    let site = Site::start().await;
    let no = site.report(Report { exercise: true, ..Report::default() }).await;
    let path = format!("/incidents/{}/forget", no.written("X"));
    let wanted = json!({ "as": "tib", "reason": "beslut 311" });
    let (status, refused) = site.post(&path, &wanted).await;
    assert_eq!((status, &refused["code"]), (StatusCode::CONFLICT, &json!("not-closed")), "{refused}");
    over_for_a_month(&site, no).await;
    let (status, done) = site.post(&path, &wanted).await;
    assert_eq!(status, StatusCode::OK, "{done}");
    assert_eq!((&done["on_record"], &done["backups"]), (&json!(true), &json!([])));
    let (status, again) = site.post(&path, &wanted).await;
    assert_eq!((status, &again["code"]), (StatusCode::CONFLICT, &json!("forgotten-already")), "{again}");
    let (_, closed) = site.api("/incidents/closed").await;
    let said = &closed[0]["forgotten"];
    assert_eq!((&said["by"], &said["reason"]), (&json!("tib"), &json!("beslut 311")), "{closed}");
    let (_, log) = site.api(&format!("/log?incident={}", no.written("X"))).await;
    let records = log["records"].as_array().unwrap();
    assert_eq!(records.last().unwrap()["event"], "forgotten", "{log}");
    let phase = records.iter().rfind(|r| r["event"] == "phase").unwrap();
    assert!(phase.to_string().contains("forgotten 20"), "in place of the reason: {phase}");
    // A backup of another journal is not one of this journal's.
    let (hash, made_at) = (vec![7; 32], "2026-11-24T09:45:00Z");
    let other = json!({ "file": "/b.vkb", "seq": 1, "hash": hash, "made_at": made_at, "with_keys": true });
    let (status, refused) = site.post("/backups", &other).await;
    assert_eq!((status, &refused["code"]), (StatusCode::CONFLICT, &json!("another-journal")), "{refused}");
}
