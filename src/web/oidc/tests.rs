//! A provider that is honest, and each way in which one is down, slow, or lies.

#![expect(clippy::unwrap_used, reason = "tests")]

use std::sync::{Arc, Mutex as Shared};

use axum::Router;
use axum::extract::{Request, State};
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use ring::rand::SystemRandom;
use ring::signature::{ECDSA_P256_SHA256_FIXED_SIGNING, EcdsaKeyPair, KeyPair};
use serde_json::json;

use super::*;
use crate::config::{Source, load};
use crate::yaml::Secret;

const NOW: At = At(1_800_000_000_000);
const CONSOLE: &str = "https://konsol.example";
const CLIENT: &str = "vardkase";

/// A key of the provider.
struct Signer {
    kid: String,
    key: EcdsaKeyPair,
}

impl Signer {
    fn new(kid: &str) -> Self {
        let random = SystemRandom::new();
        let made = EcdsaKeyPair::generate_pkcs8(&ECDSA_P256_SHA256_FIXED_SIGNING, &random).unwrap();
        let key = EcdsaKeyPair::from_pkcs8(&ECDSA_P256_SHA256_FIXED_SIGNING, made.as_ref(), &random).unwrap();
        Self { kid: kid.into(), key }
    }
    fn public(&self) -> Value {
        let (x, y) = self.key.public_key().as_ref()[1..].split_at(32);
        json!({ "kty": "EC", "crv": "P-256", "kid": self.kid, "use": "sig", "x": base64url(x), "y": base64url(y) })
    }
    fn token(&self, header: &Value, claims: &Value) -> String {
        let written = |it: &Value| base64url(it.to_string().as_bytes());
        let message = format!("{}.{}", written(header), written(claims));
        let signature = self.key.sign(&SystemRandom::new(), message.as_bytes()).unwrap();
        format!("{message}.{}", base64url(signature.as_ref()))
    }
    fn header(&self) -> Value {
        json!({ "alg": "ES256", "kid": self.kid })
    }
}

/// What the provider answers at a path, and what it was asked.
#[derive(Default)]
struct Says {
    answers: Vec<(&'static str, (u16, String))>,
    asked: Vec<(String, String)>,
    hangs: bool,
}

#[derive(Clone)]
struct Fake {
    url: String,
    says: Arc<Shared<Says>>,
}

async fn answer(State(says): State<Arc<Shared<Says>>>, request: Request) -> Response {
    let path = request.uri().path().to_owned();
    let head = request.headers().get("authorization").map_or("", |v| v.to_str().unwrap()).to_owned();
    let body = axum::body::to_bytes(request.into_body(), 100_000).await.unwrap();
    let body = format!("{head}&{}", String::from_utf8(body.to_vec()).unwrap());
    let (hangs, answer) = {
        let mut says = says.lock().unwrap();
        says.asked.push((path.clone(), body));
        (says.hangs, says.answers.iter().rev().find(|(at, _)| *at == path).map(|(_, answer)| answer.clone()))
    };
    if hangs {
        std::future::pending::<()>().await;
    }
    let (status, text) = answer.unwrap_or((404, String::new()));
    let led = [("location", "http://127.0.0.1:1/")];
    (StatusCode::from_u16(status).unwrap(), led, text).into_response()
}

const DISCOVERY: &str = "/.well-known/openid-configuration";

impl Fake {
    async fn start() -> Self {
        let _ = rustls::crypto::ring::default_provider().install_default();
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap());
        let says = Arc::<Shared<Says>>::default();
        let router = Router::new().fallback(answer).with_state(says.clone());
        tokio::spawn(async move { axum::serve(listener, router).await });
        let fake = Self { url, says };
        fake.say(DISCOVERY, 200, &fake.metadata());
        fake
    }
    fn metadata(&self) -> Value {
        json!({
            "issuer": self.url,
            "authorization_endpoint": format!("{}/auth?tenant=1", self.url),
            "token_endpoint": format!("{}/token", self.url),
            "jwks_uri": format!("{}/keys", self.url),
        })
    }
    fn say(&self, at: &'static str, status: u16, what: &Value) {
        self.say_text(at, status, what.to_string());
    }
    fn say_text(&self, at: &'static str, status: u16, what: String) {
        self.says.lock().unwrap().answers.push((at, (status, what)));
    }
    fn asked(&self, at: &str) -> Vec<String> {
        self.says.lock().unwrap().asked.iter().filter(|(path, _)| path == at).map(|(_, body)| body.clone()).collect()
    }
    fn provider(&self) -> Provider {
        let group = |name: &str, rights: &[Right], functions: &[&str]| settings::Group {
            name: name.into(),
            rights: rights.iter().copied().collect(),
            functions: Functions(functions.iter().map(|f| (*f).into()).collect()),
        };
        let settings = Settings {
            issuer: self.url.clone(),
            client_id: CLIENT.into(),
            secret: Some(Secret::new("s3cret/+")),
            name: "Region-ID".into(),
            scopes: vec!["groups".into()],
            groups_claim: "groups".into(),
            ca_file: None,
            groups: vec![group("it", &[Right::Report], &["it-bered"]), group("tib", &[Right::Approve], &["tib"])],
        };
        Provider::new(settings, CONSOLE).unwrap()
    }
}

/// A sign-in that was begun.
struct Begun {
    kept: String,
    sent: std::collections::BTreeMap<String, String>,
}

impl Begun {
    fn back(&self) -> Back {
        Back { code: Some("a-code".into()), state: Some(self.sent["state"].clone()), ..Back::default() }
    }
}

async fn begin(provider: &Provider) -> Begun {
    let (to, kept) = provider.begin("/report", NOW).await.unwrap();
    let to = reqwest::Url::parse(&to).unwrap();
    Begun { kept, sent: to.query_pairs().into_owned().collect() }
}

fn claims(fake: &Fake, nonce: &str) -> Value {
    let now = NOW.0 / 1000;
    json!({
        "iss": fake.url, "aud": CLIENT, "sub": "anna.ek", "nonce": nonce, "iat": now, "exp": now + 300,
        "groups": ["other", "it", "tib"],
    })
}

/// What comes of a sign-in whose token has these claims.
async fn ended(
    fake: &Fake,
    provider: &Provider,
    signer: &Signer,
    change: impl FnOnce(&mut Value),
) -> Result<Who, Trouble> {
    let begun = begin(provider).await;
    let mut said = claims(fake, &begun.sent["nonce"]);
    change(&mut said);
    fake.say("/token", 200, &json!({ "id_token": signer.token(&signer.header(), &said) }));
    provider.end(&begun.kept, &begun.back(), NOW).await.map(|(who, _)| who)
}

#[tokio::test]
async fn somebody_of_a_group_comes_in_as_an_id_with_what_his_groups_may() {
    let (fake, signer) = (Fake::start().await, Signer::new("one"));
    fake.say("/keys", 200, &json!({ "keys": [{ "kty": "oct", "k": "AA" }, signer.public()] }));
    let provider = fake.provider();
    let begun = begin(&provider).await;
    assert_eq!(begun.sent["redirect_uri"], "https://konsol.example/sign-in/oidc/back");
    assert_eq!((&*begun.sent["tenant"], &*begun.sent["scope"]), ("1", "openid groups"));
    assert_eq!((&*begun.sent["response_type"], &*begun.sent["code_challenge_method"]), ("code", "S256"));
    fake.say(
        "/token",
        200,
        &json!({ "id_token": signer.token(&signer.header(), &claims(&fake, &begun.sent["nonce"])) }),
    );
    let (who, next) = provider.end(&begun.kept, &begun.back(), NOW).await.unwrap();
    assert_eq!(next, "/report");
    assert_eq!(who.rights, [Right::Report, Right::Approve].into());
    assert!(who.functions.has(&"tib".into()) && who.functions.has(&"it-bered".into()) && !who.functions.is_every());
    let WhoId::Account(id) = &who.id else { panic!("{who:?}") };
    assert!(id.starts_with(OUTSIDE) && !id.contains("anna") && id.len() == OUTSIDE.len() + 16, "{id}");
    // RFC 7636: the verifier is the one that was announced. RFC 6749, 2.3.1: the secret as Basic has it.
    let asked = fake.asked("/token").remove(0);
    let form: std::collections::BTreeMap<String, String> =
        form_urlencoded::parse(asked.split_once('&').unwrap().1.as_bytes()).into_owned().collect();
    assert_eq!(base64url(&Sha256::digest(&form["code_verifier"])), begun.sent["code_challenge"]);
    assert_eq!(asked.split('&').next().unwrap(), format!("Basic {}", STANDARD.encode("vardkase:s3cret%2F%2B")));
    // The same person is the same ID; keys were asked for once.
    assert_eq!(ended(&fake, &provider, &signer, |_| ()).await.unwrap().id, who.id);
    assert_ne!(ended(&fake, &provider, &signer, |c| c["sub"] = json!("bo.ek")).await.unwrap().id, who.id);
    assert_eq!(fake.asked("/keys").len(), 1);
}

#[tokio::test]
async fn whoever_is_in_no_group_that_is_named_does_not_come_in() {
    let (fake, signer) = (Fake::start().await, Signer::new("one"));
    fake.say("/keys", 200, &json!({ "keys": [signer.public()] }));
    let provider = fake.provider();
    for groups in [json!([]), json!(["IT", "it "]), json!({ "it": true }), json!(7), json!("it tib")] {
        let came = ended(&fake, &provider, &signer, |c| c["groups"] = groups.clone()).await;
        assert!(matches!(came, Err(Trouble::NoGroup(_))), "{groups}: {came:?}");
    }
    let without = ended(&fake, &provider, &signer, |c| drop(c.as_object_mut().unwrap().remove("groups"))).await;
    assert!(matches!(without, Err(Trouble::NoGroup(_))));
    assert!(ended(&fake, &provider, &signer, |c| c["groups"] = json!("it")).await.is_ok(), "one, as a text");
}

#[tokio::test]
async fn a_token_that_lies_lets_nobody_in() {
    let (fake, signer) = (Fake::start().await, Signer::new("one"));
    fake.say("/keys", 200, &json!({ "keys": [signer.public()] }));
    let provider = fake.provider();
    let now = NOW.0 / 1000;
    for (claim, value) in [
        ("iss", json!("https://evil.example")),
        ("iss", json!(format!("{}/", fake.url))),
        ("aud", json!("another")),
        ("aud", json!(["another"])),
        ("aud", json!([CLIENT, "another"])),
        ("azp", json!("another")),
        ("nonce", json!("of-another-sign-in")),
        ("nonce", Value::Null),
        ("exp", json!(now - 60)),
        ("exp", json!("tomorrow")),
        ("exp", Value::Null),
        ("iat", json!(now - 661)),
        ("iat", json!(now + 61)),
        ("iat", Value::Null),
        ("nbf", json!(now + 61)),
        ("nbf", json!("soon")),
        ("sub", json!("")),
        ("sub", json!("x".repeat(256))),
        ("sub", json!(7)),
    ] {
        let came = ended(&fake, &provider, &signer, |c| c[claim] = value.clone()).await;
        assert_eq!(came, Err(Trouble::Lies), "{claim} {value}");
    }
    for (claim, value) in
        [("exp", json!(now - 59)), ("iat", json!(now + 60)), ("azp", json!(CLIENT)), ("iat", json!(now - 660))]
    {
        assert!(ended(&fake, &provider, &signer, |c| c[claim] = value.clone()).await.is_ok(), "{claim} {value}");
    }
    // Signatures: none, with a secret that both know, with another's key, of another text.
    let begun = begin(&provider).await;
    let said = claims(&fake, &begun.sent["nonce"]);
    let honest = signer.token(&signer.header(), &said);
    let [head, body, tag]: [&str; 3] = honest.split('.').collect::<Vec<_>>().try_into().unwrap();
    let of = |header: Value| base64url(header.to_string().as_bytes());
    let secret = hmac::Key::new(hmac::HMAC_SHA256, signer.public().to_string().as_bytes());
    let hs256 = format!("{}.{body}", of(json!({ "alg": "HS256", "kid": "one" })));
    let other = signer.token(&signer.header(), &claims(&fake, "another"));
    for token in [
        format!("{}.{body}.", of(json!({ "alg": "none" }))),
        format!("{}.{body}.", of(json!({ "alg": "ES256", "kid": "one" }))),
        format!("{hs256}.{}", base64url(hmac::sign(&secret, hs256.as_bytes()).as_ref())),
        format!("{}.{body}.{tag}", of(json!({ "alg": "RS256", "kid": "one" }))),
        signer.token(&json!({ "alg": "ES256", "kid": "one", "crit": ["exp"] }), &said),
        Signer::new("one").token(&signer.header(), &said),
        format!("{head}.{}.{tag}", other.split('.').nth(1).unwrap()),
        format!("{honest}.more"),
        format!("{head}.{body}"),
        format!("{head}.!.{tag}"),
        String::new(),
        "x".repeat(id_token::TOKEN_BYTES_MAX + 1),
    ] {
        fake.say("/token", 200, &json!({ "id_token": token }));
        assert_eq!(provider.end(&begun.kept, &begun.back(), NOW).await.unwrap_err(), Trouble::Lies, "{token:.80}");
    }
    fake.say("/token", 200, &json!({ "id_token": honest }));
    assert!(provider.end(&begun.kept, &begun.back(), NOW).await.is_ok());
}

#[tokio::test]
async fn a_provider_may_change_its_keys_and_is_asked_for_them_once() {
    let (fake, one, two) = (Fake::start().await, Signer::new("one"), Signer::new("two"));
    fake.say("/keys", 200, &json!({ "keys": [one.public()] }));
    let provider = fake.provider();
    assert!(ended(&fake, &provider, &one, |_| ()).await.is_ok());
    fake.say("/keys", 200, &json!({ "keys": [two.public()] }));
    tokio::time::pause();
    tokio::time::advance(KEYS_AGAIN).await;
    tokio::time::resume();
    assert!(ended(&fake, &provider, &two, |_| ()).await.is_ok());
    assert_eq!(fake.asked("/keys").len(), 2);
    for _ in 0..5 {
        assert_eq!(ended(&fake, &provider, &Signer::new("three"), |_| ()).await, Err(Trouble::Lies));
    }
    assert_eq!(fake.asked("/keys").len(), 2, "not for each that is made up");
}

#[tokio::test]
async fn whoever_did_not_begin_it_here_is_led_into_no_session() {
    let (fake, signer) = (Fake::start().await, Signer::new("one"));
    fake.say("/keys", 200, &json!({ "keys": [signer.public()] }));
    let provider = fake.provider();
    let (mine, others) = (begin(&provider).await, begin(&provider).await);
    fake.say(
        "/token",
        200,
        &json!({ "id_token": signer.token(&signer.header(), &claims(&fake, &mine.sent["nonce"])) }),
    );
    let end = async |kept: &str, back: Back, now: At| provider.end(kept, &back, now).await.map(|_| ());
    for kept in ["", "no base64!", &others.kept, &mine.kept[..mine.kept.len() - 2], &base64url(&[7; 80])] {
        assert_eq!(end(kept, mine.back(), NOW).await, Err(Trouble::Over), "{kept}");
    }
    let of_another_run = begin(&fake.provider()).await;
    assert_eq!(end(&of_another_run.kept, of_another_run.back(), NOW).await, Err(Trouble::Over));
    assert_eq!(end(&mine.kept, Back { state: None, ..mine.back() }, NOW).await, Err(Trouble::Over));
    assert_eq!(end(&mine.kept, mine.back(), NOW + SIGN_IN_S).await, Err(Trouble::Over));
    let of_another = Back { iss: Some("https://evil.example".into()), ..mine.back() };
    assert_eq!(end(&mine.kept, of_another, NOW).await, Err(Trouble::Lies), "mixed up with another provider");
    assert_eq!(end(&mine.kept, Back { code: None, ..mine.back() }, NOW).await, Err(Trouble::Lies));
    let error = |what: &str| Back { error: Some(what.into()), ..mine.back() };
    assert_eq!(end(&mine.kept, error("access_denied"), NOW).await, Err(Trouble::Stopped));
    assert_eq!(end(&mine.kept, error("temporarily_unavailable"), NOW).await, Err(Trouble::Down));
    assert!(fake.asked("/token").is_empty(), "nothing of that was asked");
    let same = Back { iss: Some(fake.url.clone()), ..mine.back() };
    assert_eq!(end(&mine.kept, same, NOW).await, Ok(()));
}

#[tokio::test]
async fn a_provider_that_says_too_much_nonsense_or_leads_elsewhere_is_not_believed() {
    let fake = Fake::start().await;
    let honest = fake.metadata();
    let with = |key: &str, value: &str| {
        let mut it = honest.clone();
        it[key] = json!(value);
        (200, it.to_string())
    };
    for ((status, said), trouble) in [
        ((500, String::new()), Trouble::Down),
        ((503, honest.to_string()), Trouble::Down),
        ((404, String::new()), Trouble::Lies),
        ((302, honest.to_string()), Trouble::Lies),
        ((200, "<html>".into()), Trouble::Lies),
        ((200, "{}".into()), Trouble::Lies),
        ((200, format!("[{}]", "0,".repeat(ANSWER_BYTES_MAX))), Trouble::Lies),
        (with("issuer", "https://evil.example"), Trouble::Lies),
        (with("authorization_endpoint", "http://evil.example/auth"), Trouble::Lies),
        (with("authorization_endpoint", "javascript:alert(1)"), Trouble::Lies),
        (with("token_endpoint", "http://evil.example/token"), Trouble::Lies),
        (with("jwks_uri", "file:///etc/passwd"), Trouble::Lies),
    ] {
        fake.say_text(DISCOVERY, status, said.clone());
        let provider = fake.provider();
        assert_eq!(provider.begin("/", NOW).await, Err(trouble), "{status} {said:.200}");
        assert_eq!(provider.begin("/", NOW).await, Err(Trouble::Down), "and is not asked again at once");
    }
    assert_eq!(fake.asked(DISCOVERY).len(), 12);
    fake.say(DISCOVERY, 200, &honest);
    let provider = fake.provider();
    let begun = begin(&provider).await;
    for (status, said, trouble) in [
        (400, json!({ "error": "invalid_grant" }), Trouble::Lies),
        (502, json!({}), Trouble::Down),
        (200, json!({ "access_token": "x" }), Trouble::Lies),
        (307, json!({ "id_token": "x" }), Trouble::Lies),
    ] {
        fake.say("/token", status, &said);
        assert_eq!(provider.end(&begun.kept, &begun.back(), NOW).await.unwrap_err(), trouble, "{status}");
    }
}

#[tokio::test(start_paused = true)]
async fn a_provider_that_is_not_there_or_hangs_is_not_waited_for_long() {
    let fake = Fake::start().await;
    fake.says.lock().unwrap().hangs = true;
    let began = Instant::now();
    assert_eq!(fake.provider().begin("/", NOW).await, Err(Trouble::Down));
    assert!(began.elapsed() <= STEP_TIMEOUT);
    let nobody = Fake { url: "http://127.0.0.1:1".into(), says: Arc::default() };
    assert_eq!(nobody.provider().begin("/", NOW).await, Err(Trouble::Down));
    // Many who press the button do not pile up.
    let provider = Arc::new(fake.provider());
    let mut all = tokio::task::JoinSet::new();
    for _ in 0..STEPS_MAX + 10 {
        let provider = provider.clone();
        all.spawn(async move { provider.begin("/", NOW).await });
    }
    assert!(all.join_all().await.into_iter().all(|done| done == Err(Trouble::Down)));
    assert!(fake.asked(DISCOVERY).len() <= 3, "{:?}", fake.asked(DISCOVERY));
}

#[test]
fn the_file_is_read_and_each_mistake_is_named_at_its_place() {
    let plan = load(&Source::Shipped).unwrap().plan;
    let read = |text: &str| Settings::read("oidc.yaml", text, None, &plan);
    let good = "issuer: https://id.example/realms/region\nclient_id: vardkase\nname: Region-ID\nscopes: [groups]\n\
                groups:\n  - group: vardkase-tib\n    rights: [report, approve, all-clear]\n    functions: [tib]\n  \
                - group: vardkase-admin\n    rights: [administer]\n";
    let settings = read(good).unwrap();
    assert_eq!((settings.groups.len(), settings.groups_claim.as_str()), (2, "groups"));
    assert_eq!(settings.granted(&["x".into()]), None);
    let (rights, functions) = settings.granted(&["vardkase-admin".into()]).unwrap();
    assert!(rights == [Right::Administer].into() && functions.0.is_empty());
    for (from, to, said) in [
        ("https://id.example/realms/region", "http://id.example", "https://"),
        ("issuer: https://id.example/realms/region\n", "", "issuer"),
        ("functions: [tib]", "functions: [tibb]", "no function tibb"),
        ("    functions: [tib]\n", "", "acts for no function"),
        ("approve", "root", "root"),
        ("name: Region-ID", "name: \"\"", "`name` is empty"),
        ("name: Region-ID", "name: Region-ID\nclient_secret: hunter2", "secret"),
        ("name: Region-ID", "name: Region-ID\nclient_secret: { env: VARDKASE_NOT_SET }", "VARDKASE_NOT_SET"),
        ("name: Region-ID", "name: Region-ID\nmore: 1", "more"),
    ] {
        let mistakes = read(&good.replace(from, to)).unwrap_err();
        let text = crate::yaml::diagnostics::render_text(&mistakes);
        assert!(text.contains(said) && text.contains("oidc.yaml"), "{to}: {text}");
    }
}
