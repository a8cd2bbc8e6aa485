//! Sign-in at a provider over the pages of the console: the way there, the way back, and what it leads into.

use std::sync::{Arc, Mutex};

use axum::Router;
use axum::extract::State;
use axum::routing::{get, post};
use reqwest::header::HeaderMap;
use reqwest::{Method, StatusCode, Url};
use ring::rand::SystemRandom;
use ring::signature::{ECDSA_P256_SHA256_FIXED_SIGNING, EcdsaKeyPair, KeyPair};
use serde_json::json;

use vardkase::accounts::passkey::base64url;
use vardkase::accounts::{Functions, Right};
use vardkase::clock::Clock;
use vardkase::domain::time::At;
use vardkase::web::oidc::{Group, Provider, Settings};

use super::sign_in::on_record;
use super::site::{Site, between};

/// A provider that says what it was told to say.
struct Fake {
    url: String,
    key: EcdsaKeyPair,
    token: Arc<Mutex<String>>,
}

impl Fake {
    async fn start() -> Self {
        let random = SystemRandom::new();
        let made = EcdsaKeyPair::generate_pkcs8(&ECDSA_P256_SHA256_FIXED_SIGNING, &random).unwrap();
        let key = EcdsaKeyPair::from_pkcs8(&ECDSA_P256_SHA256_FIXED_SIGNING, made.as_ref(), &random).unwrap();
        let (x, y) = key.public_key().as_ref()[1..].split_at(32);
        let keys =
            json!({ "keys": [{ "kty": "EC", "crv": "P-256", "x": base64url(x), "y": base64url(y) }] }).to_string();
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap());
        let at = |path: &str| format!("{url}{path}");
        let parts = json!({
            "issuer": url, "authorization_endpoint": at("/auth"), "token_endpoint": at("/token"), "jwks_uri": at("/keys"),
        });
        let (parts, token) = (parts.to_string(), Arc::<Mutex<String>>::default());
        let said = |State(token): State<Arc<Mutex<String>>>| async move {
            json!({ "id_token": *token.lock().unwrap() }).to_string()
        };
        let router = Router::new()
            .route("/.well-known/openid-configuration", get(|| async { parts }))
            .route("/keys", get(|| async { keys }))
            .route("/token", post(said))
            .with_state(token.clone());
        tokio::spawn(async move { axum::serve(listener, router).await });
        Self { url, key, token }
    }

    fn says(&self, nonce: &str, groups: &[&str], now: At) {
        let now = now.0 / 1000;
        let claims = json!({
            "iss": self.url, "aud": "vardkase", "sub": "anna.ek", "nonce": nonce, "iat": now, "exp": now + 300, "groups": groups,
        });
        let message = format!("{}.{}", base64url(br#"{"alg":"ES256"}"#), base64url(claims.to_string().as_bytes()));
        let signature = self.key.sign(&SystemRandom::new(), message.as_bytes()).unwrap();
        *self.token.lock().unwrap() = format!("{message}.{}", base64url(signature.as_ref()));
    }
}

fn provider(url: &str) -> Provider {
    let _ = rustls::crypto::ring::default_provider().install_default();
    let group = Group {
        name: "vardkase-tib".into(),
        rights: [Right::Report].into(),
        functions: Functions(["tib".into()].into()),
    };
    let settings = Settings {
        issuer: url.into(),
        client_id: "vardkase".into(),
        secret: None,
        name: "Region-ID".into(),
        scopes: Vec::new(),
        groups_claim: "groups".into(),
        ca_file: None,
        groups: vec![group],
    };
    Provider::new(settings, "http://localhost:1").unwrap()
}

async fn asked(site: &Site, path: &str, cookie: &str) -> (StatusCode, HeaderMap, String) {
    let request = site.request(Method::GET, path).header("cookie", cookie).header("accept-language", "sv");
    let response = request.header("accept", "text/html").send().await.unwrap();
    (response.status(), response.headers().clone(), response.text().await.unwrap())
}

/// The values of cookies that are set, by their names.
fn set(headers: &HeaderMap) -> Vec<(String, String)> {
    let all = headers.get_all("set-cookie").iter().map(|v| v.to_str().unwrap().split(';').next().unwrap());
    all.map(|pair| pair.split_once('=').unwrap()).map(|(n, v)| (n.to_owned(), v.to_owned())).collect()
}

/// Goes there: gives what the browser keeps, and the way back with its nonce.
async fn there(site: &Site, next: &str) -> (String, String, String) {
    let (status, headers, page) = asked(site, &format!("/sign-in/oidc?next={next}"), "").await;
    assert_eq!(status, StatusCode::SEE_OTHER, "{page}");
    let cookie = headers["set-cookie"].to_str().unwrap();
    assert!(
        cookie.contains("HttpOnly") && cookie.contains("SameSite=Lax") && cookie.contains("Max-Age=600"),
        "{cookie}"
    );
    let to = Url::parse(headers["location"].to_str().unwrap()).unwrap();
    let sent = |name: &str| to.query_pairs().find(|(n, _)| n == name).unwrap().1.into_owned();
    let back = format!("/sign-in/oidc/back?code=a&state={}", sent("state"));
    (cookie.split(';').next().unwrap().to_owned(), back, sent("nonce"))
}

#[tokio::test]
async fn the_way_back_leads_into_a_new_session_and_nowhere_else() {
    let fake = Fake::start().await;
    let site = Site::start_beside(provider(&fake.url)).await;
    let now = || At::from(site.clock.now());
    let (_, _, page) = asked(&site, "/sign-in?next=/report", "").await;
    let (form, link) = (page.find("name=\"password\"").unwrap(), page.find("Logga in med Region-ID").unwrap());
    assert!(
        form < link && page.contains("/sign-in/oidc?lang=sv&amp;next=/report"),
        "the local form stands first: {page}"
    );
    let (kept, back, nonce) = there(&site, "//evil.example/").await;
    fake.says(&nonce, &["vardkase-tib"], now());
    assert_eq!(asked(&site, &back, "").await.0, StatusCode::FORBIDDEN, "another browser");
    let planted = "vardkase=0123456789abcdef0123456789abcdef";
    let (status, headers, page) = asked(&site, &back, &format!("{planted}; {kept}")).await;
    assert_eq!(status, StatusCode::OK, "{page}");
    assert_eq!(between(&page, "content=\"0; url=", "\""), "/", "to this server alone, by a page of ours");
    let cookies = set(&headers);
    assert_eq!(cookies[1], ("vardkase-oidc".into(), String::new()), "{cookies:?}");
    let cookie = format!("vardkase={}", cookies[0].1);
    assert_ne!(cookie, planted);
    assert_eq!(asked(&site, "/", planted).await.0, StatusCode::SEE_OTHER);
    let (status, _, page) = asked(&site, "/account", &cookie).await;
    assert!(
        status == StatusCode::OK && page.contains("rapportera och leda") && !page.contains("name=\"new\""),
        "{page}"
    );
    // What its groups may, and no more.
    let csrf = between(&page, "name=\"csrf\" value=\"", "\"").to_owned();
    let send = async |path: &str, form: &[(&str, &str)]| {
        let request = site.request(Method::POST, path).header("cookie", &cookie).header("accept", "text/html");
        request.form(&[form, &[("csrf", csrf.as_str())]].concat()).send().await.unwrap().status()
    };
    assert_eq!(send("/acting", &[("function", "kib"), ("back", "/")]).await, StatusCode::FORBIDDEN);
    assert_eq!(send("/account", &[("do", "device"), ("function", "tib")]).await, StatusCode::FORBIDDEN);
    let record = on_record(&site).await;
    let (_, whom) = record.iter().find(|(what, _)| what == "signed-in").unwrap();
    assert!(whom.starts_with("account oidc:") && !format!("{record:?}").contains("anna"), "{record:?}");
    // A session is listed, and ended by who administers; else its groups are asked for again after 12 hours.
    let (_, view) = site.api("/access").await;
    assert_eq!(view["sessions"][0]["who"].as_str(), Some(whom.as_str()), "{view}");
    for hours in [11, 1] {
        assert_eq!(asked(&site, "/", &cookie).await.0, StatusCode::OK, "{hours}");
        site.clock.advance(std::time::Duration::from_secs(hours * 3600));
    }
    assert_eq!(asked(&site, "/", &cookie).await.0, StatusCode::SEE_OTHER, "though it was used");
    // No group: no session, an ID to mention, and the form of this machine.
    let (kept, back, nonce) = there(&site, "/").await;
    fake.says(&nonce, &["staff"], now());
    let (status, headers, page) = asked(&site, &back, &kept).await;
    assert_eq!(status, StatusCode::FORBIDDEN);
    assert!(
        page.contains("Be den som har hand om kontona, och nämn oidc:") && page.contains("name=\"password\""),
        "{page}"
    );
    assert_eq!(set(&headers), [("vardkase-oidc".into(), String::new())]);
    assert!(on_record(&site).await.contains(&("refused".into(), whom.clone())));
}

#[tokio::test]
async fn a_provider_that_is_down_is_told_and_password_and_code_stand_first() {
    let site = Site::start_beside(provider("http://127.0.0.1:1")).await;
    let (status, _, page) = asked(&site, "/sign-in", "").await;
    assert!(status == StatusCode::OK && page.contains("Logga in med Region-ID"), "nothing was asked yet");
    let (status, headers, page) = asked(&site, "/sign-in/oidc?next=/report", "").await;
    assert_eq!(status, StatusCode::SERVICE_UNAVAILABLE);
    assert!(page.contains("Region-ID svarar inte") && page.contains("name=\"password\""), "{page}");
    assert!(page.contains("name=\"next\" value=\"/report\"") && !headers.contains_key("location"), "{page}");
    // Twice the same word is nobody's way back.
    assert_eq!(asked(&site, "/sign-in/oidc/back?code=a&code=b&state=c", "").await.0, StatusCode::BAD_GATEWAY);
    let site = Site::start().await;
    for path in ["/sign-in/oidc", "/sign-in/oidc/back?code=a&state=b"] {
        assert_eq!(asked(&site, path, "").await.0, StatusCode::NOT_FOUND, "{path}: there is none");
    }
    assert!(!asked(&site, "/sign-in", "").await.2.contains("oidc"));
}
