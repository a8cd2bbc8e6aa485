//! Ways in: accounts with a password and a code, duty devices, tokens of programs; and what does not let in.

use reqwest::header::HeaderMap;
use reqwest::{Method, Response, StatusCode};
use serde_json::{Value, json};

use vardkase::accounts::totp::{code_at, secret_of};
use vardkase::clock::Clock;
use vardkase::domain::time::At;

use super::site::{Site, between};

const PASSWORD: &str = "korrekt batteri ost";

fn now(site: &Site) -> At {
    site.clock.now().into()
}

/// An account, added over the API; gives the secret of its authenticator and its recovery codes.
pub(super) async fn account(site: &Site, id: &str, rights: &[&str], functions: &[&str]) -> (Vec<u8>, Vec<String>) {
    let add = json!({ "account-add": { "id": id, "password": PASSWORD, "rights": rights, "functions": functions } });
    let (status, told) = site.post("/access", &add).await;
    assert_eq!(status, StatusCode::OK, "{told}");
    let recovery = told["recovery"].as_array().unwrap().iter().map(|c| c.as_str().unwrap().to_owned()).collect();
    (secret_of(told["otpauth"].as_str().unwrap()), recovery)
}

pub(super) async fn post(site: &Site, path: &str, cookie: &str, form: &[(&str, &str)]) -> Response {
    let request = site.request(Method::POST, path).header("cookie", cookie).header("accept-language", "sv");
    request.header("accept", "text/html").form(form).send().await.unwrap()
}

pub(super) async fn get(site: &Site, path: &str, cookie: &str) -> (StatusCode, String) {
    let request = site.request(Method::GET, path).header("cookie", cookie).header("accept-language", "sv");
    let response = request.header("accept", "text/html").send().await.unwrap();
    (response.status(), response.text().await.unwrap())
}

pub(super) fn cookie_of(headers: &HeaderMap) -> String {
    headers["set-cookie"].to_str().unwrap().split(';').next().unwrap().to_owned()
}

fn to(response: &Response) -> String {
    response.headers()["location"].to_str().unwrap().to_owned()
}

/// The page that asks for the code, by a right password.
async fn waits(site: &Site, id: &str) -> String {
    let page = post(site, "/sign-in", "", &[("account", id), ("password", PASSWORD)]).await;
    assert_eq!(page.status(), StatusCode::OK);
    assert!(!page.headers().contains_key("set-cookie"), "a password alone lets nobody in");
    between(&page.text().await.unwrap(), "name=\"waits\" value=\"", "\"").to_owned()
}

pub(super) async fn sign_in(site: &Site, id: &str, secret: &[u8], before: &str, next: &str) -> Response {
    let waits = waits(site, id).await;
    let code = code_at(secret, now(site));
    let form = [("waits", waits.as_str()), ("account", id), ("code", &code), ("next", next)];
    post(site, "/sign-in", before, &form).await
}

/// A duty device; gives its cookie and where it is led.
pub(super) async fn device(site: &Site, functions: &[&str]) -> (String, String) {
    let (status, told) = site.post("/access", &json!({ "device-add": { "functions": functions } })).await;
    assert_eq!(status, StatusCode::OK, "{told}");
    let path = told["path"].as_str().unwrap().to_owned();
    let (status, page) = get(site, &path, "").await;
    assert!(status == StatusCode::OK && page.contains("Gör den här enheten till jourenhet"), "{page}");
    let made = post(site, &path, "", &[]).await;
    assert_eq!(made.status(), StatusCode::SEE_OTHER);
    let set = made.headers()["set-cookie"].to_str().unwrap();
    assert!(set.contains("HttpOnly") && set.contains("SameSite=Strict") && set.contains("Max-Age="), "{set}");
    (cookie_of(made.headers()), to(&made))
}

pub(super) async fn csrf(site: &Site, cookie: &str) -> String {
    let (_, page) = get(site, "/account", cookie).await;
    between(&page, "name=\"csrf\" value=\"", "\"").to_owned()
}

/// What stands on record of who came in.
pub(super) async fn on_record(site: &Site) -> Vec<(String, String)> {
    let (_, log) = site.api("/log?after=0").await;
    let all = log["records"].as_array().unwrap().iter().filter(|r| r["event"] == "access");
    let text = |v: &Value| v.as_str().unwrap().to_owned();
    all.map(|r| (text(&r["what"]["what"]), text(&r["what"]["whom"]))).collect()
}

#[tokio::test]
async fn one_comes_in_by_password_and_code_into_a_session_of_its_own() {
    let site = Site::start().await;
    let (secret, _) = account(&site, "it-1", &["report"], &["it-bered"]).await;
    let (_, page) = get(&site, "/sign-in?next=/report", "").await;
    assert!(page.contains("name=\"password\"") && page.contains("<details"), "the token is folded: {page}");
    // A session that somebody else planted is not the one that is signed in.
    let planted = "vardkase=0123456789abcdef0123456789abcdef";
    let first = sign_in(&site, "it-1", &secret, planted, "/report").await;
    assert_eq!(
        (first.status(), to(&first).as_str()),
        (StatusCode::SEE_OTHER, "/report"),
        "one duty: nothing is chosen"
    );
    let cookie = cookie_of(first.headers());
    assert_ne!(cookie, planted);
    assert_eq!(get(&site, "/", planted).await.0, StatusCode::SEE_OTHER);
    let (status, page) = get(&site, "/account", &cookie).await;
    assert!(status == StatusCode::OK && page.contains("it-1") && page.contains("rapportera och leda"), "{page}");
    assert!(!page.contains("Ny jourenhet"), "that is for who administers");
    // Another sign-in in the same browser ends the one before.
    site.clock.advance(std::time::Duration::from_secs(60));
    let second = sign_in(&site, "it-1", &secret, &cookie, "/").await;
    assert_eq!(get(&site, "/", &cookie).await.0, StatusCode::SEE_OTHER, "the one before has ended");
    let cookie = cookie_of(second.headers());
    let csrf = csrf(&site, &cookie).await;
    assert_eq!(post(&site, "/sign-out", &cookie, &[("csrf", &csrf)]).await.status(), StatusCode::SEE_OTHER);
    assert_eq!(get(&site, "/", &cookie).await.0, StatusCode::SEE_OTHER, "a copied cookie is dead");
    let record = on_record(&site).await;
    for what in ["account-added", "signed-in", "signed-out"] {
        assert!(record.contains(&(what.into(), "account it-1".into())), "{what}: {record:?}");
    }
    assert!(!format!("{:?}", site.api("/log?after=0").await.1).contains("korrekt"));
}

#[tokio::test]
async fn wrong_ones_are_told_alike_and_a_code_is_good_once() {
    let site = Site::start().await;
    let (secret, recovery) = account(&site, "it-1", &["report"], &["it-bered"]).await;
    let wrong = post(&site, "/sign-in", "", &[("account", "it-1"), ("password", "korrekt batteri osT")]).await;
    let nobody = post(&site, "/sign-in", "", &[("account", "it-9"), ("password", PASSWORD)]).await;
    assert_eq!((wrong.status(), nobody.status()), (StatusCode::FORBIDDEN, StatusCode::FORBIDDEN));
    let page = |text: String| text.replace("it-9", "it-1");
    let (wrong, nobody) = (page(wrong.text().await.unwrap()), page(nobody.text().await.unwrap()));
    assert!(wrong.contains("Kontot eller lösenordet är fel") && wrong == nobody, "{wrong}");
    let record = on_record(&site).await;
    assert!(record.contains(&("refused".into(), "account it-1".into())), "{record:?}");
    assert!(record.contains(&("refused".into(), "unknown account".into())), "{record:?}");

    assert_eq!(sign_in(&site, "it-1", &secret, "", "/").await.status(), StatusCode::SEE_OTHER);
    let again = sign_in(&site, "it-1", &secret, "", "/").await;
    assert_eq!(again.status(), StatusCode::FORBIDDEN);
    assert!(again.text().await.unwrap().contains("redan använd"));
    // A telephone that is five minutes behind.
    let waits_for = waits(&site, "it-1").await;
    let code = code_at(&secret, At(now(&site).0 - 300_000));
    let off = post(&site, "/sign-in", "", &[("waits", &waits_for), ("account", "it-1"), ("code", &code)]).await;
    assert!(off.text().await.unwrap().contains("går 300 s fel"));
    let code = recovery[0].as_str();
    let form = [("waits", waits_for.as_str()), ("account", "it-1"), ("code", code)];
    assert_eq!(post(&site, "/sign-in", "", &form).await.status(), StatusCode::SEE_OTHER);
    assert_eq!(post(&site, "/sign-in", "", &form).await.status(), StatusCode::FORBIDDEN, "used up, both");
    // Five codes for one password, in five minutes.
    let waits_for = waits(&site, "it-1").await;
    for n in 0..6 {
        let page = post(&site, "/sign-in", "", &[("waits", &waits_for), ("account", "it-1"), ("code", "000000")]).await;
        let text = page.text().await.unwrap();
        assert!(text.contains(if n < 5 { "Koden är fel" } else { "Börja om med lösenordet" }), "{n}: {text}");
    }
    let waits_for = waits(&site, "it-1").await;
    site.clock.advance(std::time::Duration::from_secs(301));
    let code = code_at(&secret, now(&site));
    let late = post(&site, "/sign-in", "", &[("waits", &waits_for), ("account", "it-1"), ("code", &code)]).await;
    assert!(late.text().await.unwrap().contains("Börja om med lösenordet"));
}

#[tokio::test]
async fn an_account_acts_for_its_functions_by_its_rights_and_no_further() {
    let site = Site::start().await;
    let (secret, _) = account(&site, "lead", &["report"], &["it-bered", "it-led"]).await;
    let cookie = cookie_of(sign_in(&site, "lead", &secret, "", "/").await.headers());
    let csrf = csrf(&site, &cookie).await;
    let (_, chooser) = get(&site, "/acting", &cookie).await;
    assert!(chooser.contains("value=\"it-led\"") && !chooser.contains("value=\"kib\""), "{chooser}");
    let choose = |f: &'static str| [("function", f), ("back", "/"), ("csrf", csrf.as_str())];
    assert_eq!(post(&site, "/acting", &cookie, &choose("kib")).await.status(), StatusCode::FORBIDDEN);
    assert_eq!(post(&site, "/acting", &cookie, &choose("it-bered")).await.status(), StatusCode::SEE_OTHER);
    let report = [
        ("playbook", "ehr-down"),
        ("step", "send"),
        ("level", "major"),
        ("site", "FS"),
        ("safety", "no"),
        ("csrf", csrf.as_str()),
    ];
    assert_eq!(post(&site, "/report", &cookie, &report).await.status(), StatusCode::SEE_OTHER);
    let mode = [("site", "FS"), ("mode", "normal"), ("reason", "x"), ("csrf", csrf.as_str())];
    let refused = post(&site, "/mode", &cookie, &mode).await;
    assert_eq!(refused.status(), StatusCode::FORBIDDEN);
    assert!(refused.text().await.unwrap().contains("rättigheten decide saknas"));
    // What it chose stands first next time; the account that is disabled is out at once.
    let (_, chooser) = get(&site, "/acting", &cookie).await;
    assert!(chooser.contains("Dina jourer"), "{chooser}");
    let (status, _) = site.post("/access", &json!({ "account-disable": { "id": "lead" } })).await;
    assert_eq!(status, StatusCode::OK);
    assert_eq!(get(&site, "/", &cookie).await.0, StatusCode::SEE_OTHER);
    let out = post(&site, "/sign-in", "", &[("account", "lead"), ("password", PASSWORD)]).await;
    assert_eq!(out.status(), StatusCode::FORBIDDEN);
}

#[tokio::test]
async fn a_duty_phone_opens_as_its_duty_until_it_is_revoked() {
    let site = Site::start().await;
    let (cookie, led) = device(&site, &["tib"]).await;
    assert_eq!(led, "/", "one duty: nothing is chosen");
    let (status, page) = get(&site, "/", &cookie).await;
    assert!(status == StatusCode::OK && page.contains("Du är: <b>TiB</b>"), "{page}");
    let (_, chooser) = get(&site, "/acting", &cookie).await;
    assert!(chooser.contains("value=\"tib\"") && !chooser.contains("value=\"kib\""));
    let secret = csrf(&site, &cookie).await;
    let other = [("function", "kib"), ("back", "/"), ("csrf", secret.as_str())];
    assert_eq!(post(&site, "/acting", &cookie, &other).await.status(), StatusCode::FORBIDDEN);
    let administer = [("do", "device"), ("function", "kib"), ("csrf", secret.as_str())];
    assert_eq!(post(&site, "/account", &cookie, &administer).await.status(), StatusCode::FORBIDDEN);
    let mode = [("site", "FS"), ("mode", "staff"), ("reason", "x"), ("csrf", secret.as_str())];
    let before = post(&site, "/mode", &cookie, &mode).await.status();
    assert_ne!(before, StatusCode::FORBIDDEN, "TiB may");
    let (_, view) = site.api("/access").await;
    let id = view["devices"][0]["id"].as_str().unwrap().to_owned();
    assert_eq!(site.post("/access", &json!({ "device-revoke": { "id": id } })).await.0, StatusCode::OK);
    let after = post(&site, "/mode", &cookie, &mode).await;
    assert!(after.status() == StatusCode::SEE_OTHER && to(&after).starts_with("/sign-in"), "in the middle of its work");
    assert_eq!(get(&site, "/", &cookie).await.0, StatusCode::SEE_OTHER);
    let record = on_record(&site).await;
    for what in ["device-link-made", "device-added", "device-revoked"] {
        assert!(record.iter().any(|(w, _)| w == what), "{what}: {record:?}");
    }
    // One that signs out is none any more, whoever has copied its cookie.
    let (cookie, _) = device(&site, &["tib", "kib"]).await;
    assert_eq!(get(&site, "/report", &cookie).await.0, StatusCode::SEE_OTHER, "two duties: one is chosen");
    let secret = csrf(&site, &cookie).await;
    post(&site, "/sign-out", &cookie, &[("csrf", &secret)]).await;
    assert_eq!(get(&site, "/", &cookie).await.0, StatusCode::SEE_OTHER);
}

#[tokio::test]
async fn a_link_for_a_device_is_looked_at_without_being_used_and_is_good_once() {
    let site = Site::start().await;
    let (_, told) = site.post("/access", &json!({ "device-add": { "functions": ["tib"] } })).await;
    let path = told["path"].as_str().unwrap().to_owned();
    for _ in 0..3 {
        assert_eq!(get(&site, &path, "").await.0, StatusCode::OK);
    }
    assert_eq!(post(&site, &path, "", &[]).await.status(), StatusCode::SEE_OTHER);
    assert_eq!(post(&site, &path, "", &[]).await.status(), StatusCode::NOT_FOUND);
    assert_eq!(get(&site, &path, "").await.0, StatusCode::NOT_FOUND);
    let (_, told) = site.post("/access", &json!({ "device-add": { "functions": ["tib"] } })).await;
    site.clock.advance(std::time::Duration::from_secs(600));
    let late = post(&site, told["path"].as_str().unwrap(), "", &[]).await;
    assert_eq!(late.status(), StatusCode::NOT_FOUND);
    let (status, _) = site.post("/access", &json!({ "device-add": { "functions": ["no-such"] } })).await;
    assert_eq!(status, StatusCode::NOT_FOUND);
}

#[tokio::test]
async fn a_device_ends_thirty_days_after_its_use_and_never_in_an_open_incident() {
    const DAY: u64 = 24 * 3600;
    let site = Site::start().await;
    let (cookie, _) = device(&site, &["tib"]).await;
    let anew = |path: &'static str| {
        let request = site.request(Method::GET, path).header("cookie", &cookie).header("sec-fetch-mode", "navigate");
        request.header("accept-language", "sv").send()
    };
    site.clock.advance(std::time::Duration::from_secs(26 * DAY));
    let page = anew("/").await.unwrap().text().await.unwrap();
    assert!(page.contains("Enheten slutar gälla"), "a page that loads itself is no use, and says it: {page}");
    let page = get(&site, "/", &cookie).await.1;
    assert!(!page.contains("Enheten slutar gälla"), "it was used: {page}");
    site.clock.advance(std::time::Duration::from_secs(29 * DAY));
    assert_eq!(get(&site, "/", &cookie).await.0, StatusCode::OK);
    site.clock.advance(std::time::Duration::from_secs(31 * DAY));
    assert_eq!(get(&site, "/", &cookie).await.0, StatusCode::SEE_OTHER, "nobody used it for a month");
    site.report(vardkase::domain::incident::input::Report::default()).await;
    assert_eq!(get(&site, "/", &cookie).await.0, StatusCode::OK, "an incident is open");
}

#[tokio::test]
async fn a_form_of_another_origin_is_refused_though_its_secret_is_right() {
    let site = Site::start().await;
    let browser = site.browser("it-bered").await;
    let own = site.url.clone();
    for (origin, taken) in [
        (Some("https://evil.example"), false),
        (Some("null"), false),
        (Some("http://127.0.0.1:1"), false),
        (Some(""), false),
        (Some(own.as_str()), true),
        (None, true),
    ] {
        let form = [("function", "kib"), ("back", "/"), ("csrf", browser.csrf.as_str())];
        let mut request = site.request(Method::POST, "/acting").header("cookie", &browser.cookie);
        if let Some(origin) = origin {
            request = request.header("origin", origin);
        }
        let status = request.form(&form).send().await.unwrap().status();
        assert_eq!(status == StatusCode::SEE_OTHER, taken, "{origin:?}: {status}");
        // Neither does another page sign somebody in, or make a device.
        if !taken {
            for path in ["/sign-in", "/device/x", "/first/x", "/api/v1/commands"] {
                let request = site.request(Method::POST, path).header("origin", origin.unwrap());
                let form = [("token", super::site::TOKEN)];
                assert_eq!(request.form(&form).send().await.unwrap().status(), StatusCode::FORBIDDEN, "{path}");
            }
        }
    }
}

#[tokio::test]
async fn a_token_does_what_it_is_for_and_no_more_until_it_expires() {
    let site = Site::start().await;
    let token = async |rights: &[&str], functions: &[&str]| {
        let until = now(&site) + 24 * 3600;
        let add = json!({ "token-add": { "rights": rights, "functions": functions, "expires": until } });
        let (status, told) = site.post("/access", &add).await;
        assert_eq!(status, StatusCode::OK, "{told}");
        (told["token"].as_str().unwrap().to_owned(), told["id"].as_str().unwrap().to_owned())
    };
    let asked = async |token: &str, method: Method, path: &str, body: Value| {
        let request = site.request(method, &format!("/api/v1{path}")).bearer_auth(token).json(&body);
        let response = request.send().await.unwrap();
        (response.status(), response.json::<Value>().await.unwrap())
    };
    let report = |by: &str| json!({ "as": by, "action": { "report": { "playbook": "ehr-down", "sites": ["FS"] } } });
    let (reads, _) = token(&["read"], &[]).await;
    assert_eq!(asked(&reads, Method::GET, "/status", json!({})).await.0, StatusCode::OK);
    for (path, body) in [
        ("/commands", report("it-bered")),
        ("/reload", json!({ "as": "tib" })),
        ("/access", json!({ "device-add": { "functions": ["tib"] } })),
        ("/gateways/sms-api/probe", json!({})),
        ("/rehearsals", json!({})),
    ] {
        let (status, told) = asked(&reads, Method::POST, path, body).await;
        let narrow = told["code"] == "no-right" || told["code"] == "not-your-function";
        assert!(status == StatusCode::FORBIDDEN && narrow, "{path}: {status} {told}");
    }
    let (status, told) = asked(&reads, Method::GET, "/access", json!({})).await;
    assert_eq!((status, told["code"].as_str()), (StatusCode::FORBIDDEN, Some("no-right")));
    let (reports, id) = token(&["report"], &["it-bered"]).await;
    let (status, told) = asked(&reports, Method::POST, "/commands", report("it-led")).await;
    assert_eq!((status, told["code"].as_str()), (StatusCode::FORBIDDEN, Some("not-your-function")));
    assert_eq!(site.api("/incidents").await.1, json!([]), "nothing was done");
    assert_eq!(asked(&reports, Method::POST, "/commands", report("it-bered")).await.0, StatusCode::OK);
    assert_eq!(site.post("/access", &json!({ "token-revoke": { "id": id } })).await.0, StatusCode::OK);
    assert_eq!(asked(&reports, Method::GET, "/status", json!({})).await.0, StatusCode::UNAUTHORIZED);
    site.clock.advance(std::time::Duration::from_secs(24 * 3600));
    assert_eq!(asked(&reads, Method::GET, "/status", json!({})).await.0, StatusCode::UNAUTHORIZED, "it has expired");
}

#[tokio::test]
async fn sessions_are_listed_and_ended_and_a_new_password_ends_the_others() {
    let site = Site::start().await;
    let (secret, _) = account(&site, "chief", &["administer", "report"], &["*"]).await;
    let one = cookie_of(sign_in(&site, "chief", &secret, "", "/").await.headers());
    site.clock.advance(std::time::Duration::from_secs(60));
    let two = cookie_of(sign_in(&site, "chief", &secret, "", "/").await.headers());
    let (_, view) = site.api("/access").await;
    assert_eq!(view["sessions"].as_array().unwrap().len(), 2, "{view}");
    assert!(!view.to_string().contains(&one["vardkase=".len()..]), "no cookie is told");
    let right = csrf(&site, &two).await;
    let form = |old: &'static str, new: &'static str| {
        [("do", "password".to_owned()), ("password", old.into()), ("new", new.into()), ("csrf", right.clone())]
    };
    let send = async |form: [(&str, String); 4]| {
        let form: Vec<(&str, &str)> = form.iter().map(|(n, v)| (*n, v.as_str())).collect();
        post(&site, "/account", &two, &form).await.status()
    };
    assert_eq!(send(form("fel lösenord här", "ett annat bra ord")).await, StatusCode::FORBIDDEN);
    assert_eq!(send(form(PASSWORD, "kort")).await, StatusCode::UNPROCESSABLE_ENTITY);
    assert_eq!(send(form(PASSWORD, "ett annat bra ord")).await, StatusCode::SEE_OTHER);
    assert_eq!(get(&site, "/", &one).await.0, StatusCode::SEE_OTHER, "the other one has ended");
    assert_eq!(get(&site, "/account", &two).await.0, StatusCode::OK);
    // Who administers sees all, and ends one.
    let (cookie, _) = device(&site, &["tib"]).await;
    get(&site, "/", &cookie).await;
    let (_, page) = get(&site, "/account", &two).await;
    assert!(page.contains("Jourenheter") && page.contains("tjänsteman i beredskap"), "{page}");
    let form = [("do", "device"), ("function", "kib"), ("csrf", right.as_str())];
    let shown = post(&site, "/account", &two, &form).await.text().await.unwrap();
    assert!(shown.contains("<svg class=\"qr\"") && shown.contains("/device/"), "{shown}");
    let (_, view) = site.api("/access").await;
    let id = view["devices"][0]["id"].as_str().unwrap().to_owned();
    let form = [("do", "revoke"), ("id", id.as_str()), ("csrf", right.as_str())];
    assert_eq!(post(&site, "/account", &two, &form).await.status(), StatusCode::SEE_OTHER);
    assert_eq!(get(&site, "/", &cookie).await.0, StatusCode::SEE_OTHER);
}

#[tokio::test]
async fn rule_h4_a_form_that_met_an_ended_session_goes_through_both_steps_and_is_shown_again() {
    let site = Site::start().await;
    let no = site.report(vardkase::domain::incident::input::Report::default()).await.to_string();
    let (secret, _) = account(&site, "lead", &["report"], &["it-led"]).await;
    let send = async |path: &str, form: &[(&str, &str)]| {
        let request = site.request(Method::POST, path).header("sec-fetch-site", "same-origin");
        request.header("accept", "text/html").header("accept-language", "sv").form(form).send().await.unwrap()
    };
    let path = format!("/incidents/{no}");
    let page = send(&path, &[("do", "update"), ("known.sv", "Felet är funnet"), ("csrf", "gone")]).await;
    let page = page.text().await.unwrap();
    assert!(page.contains("Det du skrev är kvar") && page.contains("name=\"password\""), "{page}");
    let kept = |page: &str| between(page, "name=\"kept\" value=\"", "\"").replace("&#38;", "&");
    let typed = kept(&page);
    let step = [("account", "lead"), ("password", PASSWORD), ("next", &path), ("kept", &typed)];
    let wrong = [("account", "lead"), ("password", "inte det rätta"), ("next", &path), ("kept", &typed)];
    assert_eq!(kept(&send("/sign-in", &wrong).await.text().await.unwrap()), typed, "a wrong password loses nothing");
    let page = send("/sign-in", &step).await.text().await.unwrap();
    let waits = between(&page, "name=\"waits\" value=\"", "\"").to_owned();
    assert_eq!(kept(&page), typed);
    let form =
        |code: String| [("waits", waits.clone()), ("code", code), ("next", path.clone()), ("kept", typed.clone())];
    let sent = async |form: [(&str, String); 4]| {
        let form: Vec<(&str, &str)> = form.iter().map(|(n, v)| (*n, v.as_str())).collect();
        send("/sign-in", &form).await
    };
    assert_eq!(kept(&sent(form("000000".into())).await.text().await.unwrap()), typed, "nor does a wrong code");
    let done = sent(form(code_at(&secret, now(&site)))).await;
    assert_eq!(to(&done), "/kept");
    let (_, page) = get(&site, "/kept", &cookie_of(done.headers())).await;
    assert!(page.contains("Felet är funnet"), "{page}");
}
