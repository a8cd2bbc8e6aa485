//! Passkeys over the pages of the console, shown by an authenticator of the tests.

use reqwest::{Method, Response, StatusCode};
use serde_json::{Value, json};

use vardkase::accounts::authenticator::Authenticator;
use vardkase::accounts::passkey::{Shown, base64url, from_base64url};
use vardkase::accounts::totp::{code_at, secret_of};
use vardkase::clock::Clock;

use super::site::{Site, between};

const PASSWORD: &str = "korrekt batteri ost";

/// As the console is named in the configuration of the tests.
fn host(site: &Site) -> String {
    site.url.replace("http://127.0.0.1", "localhost")
}

async fn get(site: &Site, path: &str, cookie: &str) -> (StatusCode, String) {
    let request = site.request(Method::GET, path).header("host", host(site)).header("cookie", cookie);
    let response = request.header("accept-language", "sv").header("accept", "text/html").send().await.unwrap();
    (response.status(), response.text().await.unwrap())
}

async fn asked(site: &Site, path: &str, cookie: &str) -> Value {
    let (status, text) = get(site, path, cookie).await;
    assert_eq!(status, StatusCode::OK, "{path}");
    serde_json::from_str(&text).unwrap()
}

async fn post(site: &Site, path: &str, cookie: &str, form: &[(&str, &str)]) -> Response {
    let request = site.request(Method::POST, path).header("host", host(site)).header("cookie", cookie);
    let request = request.header("origin", format!("http://{}", host(site))).header("sec-fetch-site", "same-origin");
    request.header("accept-language", "sv").header("accept", "text/html").form(form).send().await.unwrap()
}

fn cookie_of(response: &Response) -> String {
    assert_eq!(response.status(), StatusCode::SEE_OTHER);
    response.headers()["set-cookie"].to_str().unwrap().split(';').next().unwrap().to_owned()
}

fn to(response: &Response) -> &str {
    response.headers()["location"].to_str().unwrap()
}

/// An account that came in by password and code: its cookie, and what its forms are sent with.
async fn account(site: &Site, id: &str) -> (String, String) {
    let add =
        json!({ "account-add": { "id": id, "password": PASSWORD, "rights": ["report"], "functions": ["it-bered"] } });
    let (status, told) = site.post("/access", &add).await;
    assert_eq!(status, StatusCode::OK, "{told}");
    let secret = secret_of(told["otpauth"].as_str().unwrap());
    let page = post(site, "/sign-in", "", &[("account", id), ("password", PASSWORD)]).await.text().await.unwrap();
    let waits = between(&page, "name=\"waits\" value=\"", "\"");
    let code = code_at(&secret, site.clock.now().into());
    let cookie = cookie_of(&post(site, "/sign-in", "", &[("waits", waits), ("account", id), ("code", &code)]).await);
    let (_, page) = get(site, "/account", &cookie).await;
    (cookie, between(&page, "name=\"csrf\" value=\"", "\"").to_owned())
}

/// Asks for a challenge as the script does, and adds a passkey.
async fn add(site: &Site, (cookie, csrf): &(String, String), password: &str) -> (Authenticator, Response) {
    let it = asked(site, "/account/passkey", cookie).await;
    let mut one = Authenticator::new(b"one", it["rpId"].as_str().unwrap(), &format!("http://{}", host(site)));
    one.user = from_base64url(it["user"].as_str().unwrap()).unwrap();
    let (client, attestation) = one.make(it["challenge"].as_str().unwrap());
    let (client, attestation) = (base64url(&client), base64url(&attestation));
    let form = [("do", "passkey-add"), ("csrf", csrf), ("password", password), ("label", "nyckel 1")];
    let form = [&form[..], &[("client", client.as_str()), ("attestation", attestation.as_str())]].concat();
    let done = post(site, "/account", cookie, &form).await;
    (one, done)
}

async fn challenge(site: &Site) -> String {
    asked(site, "/sign-in/passkey", "").await["challenge"].as_str().unwrap().to_owned()
}

async fn show(site: &Site, before: &str, shown: &Shown, more: &[(&str, &str)]) -> Response {
    let fields = [
        ("credential", base64url(&shown.credential)),
        ("client", base64url(&shown.client)),
        ("authenticator", base64url(&shown.authenticator)),
        ("signature", base64url(&shown.signature)),
        ("user", base64url(&shown.user)),
    ];
    let form: Vec<(&str, &str)> = fields.iter().map(|(n, v)| (*n, v.as_str())).chain(more.iter().copied()).collect();
    post(site, "/sign-in", before, &form).await
}

/// What stands on record of who came in.
async fn on_record(site: &Site) -> Vec<String> {
    let (_, log) = site.api("/log?after=0").await;
    let all = log["records"].as_array().unwrap().iter().filter(|r| r["event"] == "access");
    all.map(|r| format!("{} {}", r["what"]["what"], r["what"]["whom"]).replace('"', "")).collect()
}

#[tokio::test]
async fn one_adds_a_passkey_comes_in_by_it_and_takes_it_away() {
    let site = Site::start().await;
    let it_1 = account(&site, "it-1").await;
    let (_, page) = get(&site, "/account", &it_1.0).await;
    assert!(page.contains("value=\"nyckel 1\"") && page.contains("/passkey.js"), "{page}");
    let (_, wrong) = add(&site, &it_1, "inte det rätta").await;
    assert_eq!(wrong.status(), StatusCode::FORBIDDEN, "who finds a session open can't stay");
    let (mut one, done) = add(&site, &it_1, PASSWORD).await;
    assert_eq!(to(&done), "/account?done=passkey");
    let (_, view) = site.api("/access").await;
    let key = view["accounts"][0]["passkeys"][0].clone();
    assert_eq!(key["label"], "nyckel 1", "{view}");
    let id = key["id"].as_str().unwrap().to_owned();

    // A session that somebody planted is not the one that comes in, and nobody is led elsewhere.
    let planted = "vardkase=0123456789abcdef0123456789abcdef";
    let shown = one.show(&challenge(&site).await);
    let came = show(&site, planted, &shown, &[("next", "//evil.example/")]).await;
    let cookie = cookie_of(&came);
    assert!(to(&came) == "/" && cookie != planted, "{}", to(&came));
    assert_eq!(get(&site, "/", planted).await.0, StatusCode::SEE_OTHER);
    assert_eq!(get(&site, "/account", &cookie).await.0, StatusCode::OK);
    let again = show(&site, "", &shown, &[("kept", "known.sv=Felet")]).await;
    assert_eq!(again.status(), StatusCode::FORBIDDEN, "what was overheard is over");
    let page = again.text().await.unwrap();
    assert!(page.contains("Lösennyckeln gick inte att använda") && page.contains("known.sv=Felet"), "{page}");

    // Another passkey by the same name would be confusing: the next one is called otherwise. Its password too is asked for.
    let (_, page) = get(&site, "/account", &it_1.0).await;
    assert!(page.contains("value=\"nyckel 2\"") && page.contains(&id), "{page}");
    let form = [("do", "passkey-end"), ("id", id.as_str()), ("csrf", it_1.1.as_str())];
    assert_eq!(post(&site, "/account", &it_1.0, &form).await.status(), StatusCode::SEE_OTHER);
    assert_eq!(get(&site, "/", &cookie).await.0, StatusCode::SEE_OTHER, "what came in by it has ended");
    assert_eq!(get(&site, "/account", &it_1.0).await.0, StatusCode::OK);
    let gone = show(&site, "", &one.show(&challenge(&site).await), &[]).await;
    assert_eq!(gone.status(), StatusCode::FORBIDDEN);
    let record = on_record(&site).await;
    for what in [
        format!("passkey-added passkey {id} of account it-1"),
        "signed-in account it-1".into(),
        "refused account it-1".into(),
        format!("passkey-removed passkey {id} of account it-1"),
        "refused unknown account".into(),
    ] {
        assert!(record.contains(&what), "{what}: {record:?}");
    }
}

#[tokio::test]
async fn passkeys_are_offered_where_they_are_good_and_elsewhere_it_is_said() {
    let site = Site::start().await;
    let (_, named) = get(&site, "/sign-in", "").await;
    assert!(named.contains("id=\"passkey\"") && named.contains("Logga in med lösennyckel"), "{named}");
    assert!(named.contains("<noscript><p class=\"hint\">Lösennycklar kräver"), "{named}");
    let request = site.request(Method::GET, "/sign-in").header("accept-language", "sv");
    let by_address = request.send().await.unwrap().text().await.unwrap();
    let at = format!("Lösennycklar går bara att använda på http://{}", host(&site));
    assert!(by_address.contains(&at) && !by_address.contains("<script") && !by_address.contains("id=\"passkey\""));
    assert!(by_address.contains("name=\"password\""), "password and code stand alone");
    let asked = site.request(Method::GET, "/sign-in/passkey").send().await.unwrap();
    assert_eq!(asked.status(), StatusCode::NOT_FOUND);
    // One that is shown there is not looked at.
    let it_1 = account(&site, "it-1").await;
    let (mut one, _) = add(&site, &it_1, PASSWORD).await;
    let shown = one.show(&challenge(&site).await);
    let form = [("credential", base64url(&shown.credential)), ("client", base64url(&shown.client))];
    let response = site.request(Method::POST, "/sign-in").form(&form).send().await.unwrap();
    assert_eq!(response.status(), StatusCode::FORBIDDEN);
    // Neither a duty device nor a stranger adds one.
    assert_eq!(get(&site, "/account/passkey", "").await.0, StatusCode::SEE_OTHER);
    let browser = site.browser("it-bered").await;
    assert_eq!(get(&site, "/account/passkey", &browser.cookie).await.0, StatusCode::NOT_FOUND);
    let form = [("do", "passkey-add"), ("csrf", browser.csrf.as_str()), ("label", "x")];
    let led = post(&site, "/account", &browser.cookie, &form).await;
    assert_eq!((led.status(), to(&led)), (StatusCode::SEE_OTHER, "/account"));
    // The administrator takes away what was on a lost telephone; its sessions end.
    let (_, view) = site.api("/access").await;
    let id = view["accounts"][0]["passkeys"][0]["id"].clone();
    let remove = json!({ "passkey-remove": { "account": "it-1", "id": id } });
    assert_eq!(site.post("/access", &remove).await.0, StatusCode::OK);
    assert_eq!(get(&site, "/", &it_1.0).await.0, StatusCode::SEE_OTHER);
    assert_eq!(site.post("/access", &remove).await.0, StatusCode::NOT_FOUND);
}

#[tokio::test]
async fn giant_and_broken_passkeys_are_refused_and_named_to_nobody() {
    let site = Site::start().await;
    let it_1 = account(&site, "it-1").await;
    let (one, _) = add(&site, &it_1, PASSWORD).await;
    let big = base64url(&[0; 30_000]);
    for (name, value) in
        [("client", big.as_str()), ("signature", &big), ("authenticator", &big), ("user", "å"), ("client", "")]
    {
        let mut form = vec![("credential", base64url(&one.credential))];
        form.push((name, value.into()));
        let form: Vec<(&str, &str)> = form.iter().map(|(n, v)| (*n, v.as_str())).collect();
        let response = post(&site, "/sign-in", "", &form).await;
        assert_eq!(response.status(), StatusCode::FORBIDDEN, "{name}");
        let page = response.text().await.unwrap();
        assert!(page.contains("Lösennyckeln gick inte att använda") && !page.contains("it-1"), "{page}");
    }
    let (body, _) = (vec![("client", "A".repeat(300_000)), ("credential", "A".into())], ());
    let request = site.request(Method::POST, "/sign-in").form(&body);
    assert_eq!(request.send().await.unwrap().status(), StatusCode::PAYLOAD_TOO_LARGE);
    // What broke costs the account nothing: its session goes on.
    assert_eq!(get(&site, "/account", &it_1.0).await.0, StatusCode::OK);
}
