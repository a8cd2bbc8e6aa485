#![expect(clippy::unwrap_used, reason = "tests")]

//! Stores that misbehave: what is asked of them on the wire, and what never takes the place of a good page.

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use axum::Router;
use axum::body::{Body, Bytes};
use axum::extract::{Request, State};
use axum::http::StatusCode;
use axum::response::Response;
use proptest::prelude::*;
use tokio::net::TcpListener;

use super::*;
use crate::yaml::{Secret, Secs};

/// How the store misbehaves.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Fault {
    None,
    /// Says 200 and keeps something else.
    KeepsAnother,
    /// Says 200 and keeps nothing.
    KeepsNothing,
    /// The swap fails.
    NoSwap,
    /// The login is not taken.
    Unauthorized,
    /// Nothing is ever answered.
    Silent,
    /// A page that leads to a login.
    Redirects,
    /// Too busy.
    Busy,
    /// Says 500 when the page's folder is missing, as nginx does.
    NoFolder500,
    /// More bytes than a page has.
    Endless,
}

#[derive(Clone)]
struct Fake {
    files: Arc<Mutex<BTreeMap<String, Vec<u8>>>>,
    asked: Arc<Mutex<Vec<String>>>,
    fault: Arc<Mutex<Fault>>,
    url: String,
    dav: bool,
}

impl Fake {
    async fn start(dav: bool) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap());
        let fake =
            Self { files: Arc::default(), asked: Arc::default(), fault: Arc::new(Mutex::new(Fault::None)), url, dav };
        let router = Router::new().fallback(answer).with_state(fake.clone());
        tokio::spawn(async move { axum::serve(listener, router).await });
        fake
    }
    fn set(&self, fault: Fault) {
        *self.fault.lock().unwrap() = fault;
    }
    fn asked(&self) -> Vec<String> {
        std::mem::take(&mut *self.asked.lock().unwrap())
    }
    fn files(&self) -> BTreeMap<String, String> {
        let files = self.files.lock().unwrap().clone();
        files.into_iter().map(|(k, v)| (k, String::from_utf8(v).unwrap())).collect()
    }
    fn mirror(&self) -> Mirror {
        let _ = rustls::crypto::ring::default_provider().install_default();
        let webdav = self.dav.then(|| WebDavConfig {
            url: format!("{}/larm", self.url).into(),
            user: Some("u".into()),
            password: Some(Secret::new("p")),
        });
        let s3 = (!self.dav).then(|| S3Config {
            endpoint: self.url.clone().into(),
            region: "us-east-1".into(),
            bucket: "larm".into(),
            prefix: String::new(),
            virtual_host: false,
            key_id: "K".into(),
            secret: Secret::new("S"),
        });
        let config = MirrorConfig {
            webdav,
            s3,
            readback_url: format!("{}/larm/", self.url),
            connect_timeout: Secs(2),
            request_timeout: Secs(1),
            ..MirrorConfig::default()
        };
        Mirror::new("web-mirror".into(), config).unwrap()
    }
}

fn say(status: u16, body: impl Into<Body>) -> Response {
    Response::builder().status(StatusCode::from_u16(status).unwrap()).body(body.into()).unwrap()
}

async fn answer(State(fake): State<Fake>, request: Request) -> Response {
    let (parts, body) = request.into_parts();
    let body: Bytes = axum::body::to_bytes(body, 1 << 22).await.unwrap();
    let (method, path) = (parts.method.to_string(), parts.uri.path().to_owned());
    fake.asked.lock().unwrap().push(format!("{method} {path}"));
    let fault = *fake.fault.lock().unwrap();
    match fault {
        Fault::Silent => std::future::pending::<()>().await,
        Fault::Unauthorized => return say(401, "<h1>Who are you?</h1>"),
        Fault::Busy => return say(503, ""),
        Fault::Redirects => {
            let mut moved = say(302, "");
            moved.headers_mut().insert("location", "/login".parse().unwrap());
            return moved;
        }
        _ => {}
    }
    let header = |name: &str| parts.headers.get(name).and_then(|v| v.to_str().ok()).unwrap_or("").to_owned();
    if fake.dav && method != "GET" {
        assert_eq!(header("authorization"), "Basic dTpw");
    }
    let mut files = fake.files.lock().unwrap();
    match method.as_str() {
        "PUT" => {
            let folder = path.rsplit_once('/').unwrap().0.to_owned() + "/";
            if fake.dav && folder != "/larm/" && !files.contains_key(&folder) {
                return say(if fault == Fault::NoFolder500 { 500 } else { 409 }, "");
            }
            match fault {
                Fault::KeepsNothing => drop(body),
                Fault::KeepsAnother => drop(files.insert(path, b"another".to_vec())),
                _ => drop(files.insert(path, body.to_vec())),
            }
            say(if fake.dav { 201 } else { 200 }, "")
        }
        "GET" if fault == Fault::Endless => say(200, vec![b'x'; MIRROR_PAGE_BYTES_MAX + 1]),
        "GET" => {
            files.get(&path).map_or_else(|| say(404, "<Error><Code>NoSuchKey</Code></Error>"), |b| say(200, b.clone()))
        }
        "MOVE" if fault == Fault::NoSwap => say(207, "<d:multistatus/>"),
        "MOVE" => {
            assert_eq!(header("overwrite"), "T");
            let to = header("destination");
            let to = to.strip_prefix(&fake.url).unwrap().to_owned();
            let Some(body) = files.remove(&path) else { return say(404, "") };
            say(if files.insert(to, body).is_some() { 204 } else { 201 }, "")
        }
        "MKCOL" => say(if files.insert(path, Vec::new()).is_some() { 405 } else { 201 }, ""),
        "DELETE" => say(if files.remove(&path).is_some() { 204 } else { 404 }, ""),
        "OPTIONS" => {
            let mut yes = say(200, "");
            yes.headers_mut().insert("dav", "1,2".parse().unwrap());
            yes
        }
        other => say(405, other.to_owned()),
    }
}

fn now() -> Timestamp {
    "2026-11-22T03:12:00Z".parse().unwrap()
}
#[test]
fn a_store_is_told_what_each_file_is() {
    for (file, kind) in [
        ("index.html", "text/html; charset=utf-8"),
        ("cap/14-2.xml", "application/cap+xml; charset=utf-8"),
        ("feed.sv.atom", "application/atom+xml; charset=utf-8"),
        ("state.json", "application/json"),
    ] {
        let name = name(file);
        assert_eq!(name.media_type(), kind);
        assert_eq!(name.beside(b"x").media_type(), kind, "before it is swapped in");
    }
}

fn name(text: &str) -> PageName {
    PageName::new(text).unwrap()
}

#[tokio::test]
async fn a_page_is_put_beside_read_back_and_swapped_in() {
    let fake = Fake::start(true).await;
    let mirror = fake.mirror();
    mirror.put(&name("sv/index.html"), b"first", now()).await.unwrap();
    let beside = format!("/larm/sv/index.html.{}.new", short_hash(b"first"));
    let expected = [
        format!("PUT {beside}"),
        "MKCOL /larm/sv/".into(),
        format!("PUT {beside}"),
        format!("GET {beside}"),
        format!("MOVE {beside}"),
        "GET /larm/sv/index.html".into(),
    ];
    assert_eq!(fake.asked(), expected);
    mirror.put(&name("sv/index.html"), b"second", now()).await.unwrap();
    assert_eq!(fake.files()["/larm/sv/index.html"], "second");
    assert_eq!(fake.files().len(), 2, "the folder and the page: nothing stays beside");
    mirror.prove(&name("sv/index.html"), b"second").await.unwrap();
    let why = mirror.prove(&name("sv/index.html"), b"secret").await.unwrap_err();
    assert!(why.cause().contains("6 bytes instead of 6, another from byte 3 on"), "{why}");
    mirror.remove(&name("sv/index.html"), now()).await.unwrap();
    mirror.remove(&name("sv/index.html"), now()).await.unwrap();
    assert_eq!(fake.files().len(), 1);
}

#[tokio::test]
async fn a_missing_folder_is_made_whatever_the_server_calls_it() {
    let fake = Fake::start(true).await;
    fake.set(Fault::NoFolder500);
    fake.mirror().put(&name("i/14/index.html"), b"page", now()).await.unwrap();
    assert_eq!(fake.files()["/larm/i/14/index.html"], "page");
}

#[tokio::test]
async fn an_object_is_versioned_read_back_and_put_under_its_key() {
    let fake = Fake::start(false).await;
    let mirror = fake.mirror();
    mirror.put(&name("index.html"), b"page", now()).await.unwrap();
    let version = format!("/larm/vardkase-new/{}/index.html", short_hash(b"page"));
    let expected = [
        format!("PUT {version}"),
        format!("GET {version}"),
        "PUT /larm/index.html".into(),
        "GET /larm/index.html".into(),
        format!("DELETE {version}"),
    ];
    assert_eq!(fake.asked(), expected);
    assert_eq!(fake.files(), BTreeMap::from([("/larm/index.html".to_owned(), "page".to_owned())]));
}

#[tokio::test]
async fn what_a_store_garbles_never_takes_the_place_of_a_good_page() {
    for dav in [true, false] {
        let fake = Fake::start(dav).await;
        let mirror = fake.mirror();
        let page = name("index.html");
        mirror.put(&page, b"good", now()).await.unwrap();
        let faults = [
            Fault::KeepsAnother,
            Fault::KeepsNothing,
            Fault::Unauthorized,
            Fault::Redirects,
            Fault::Busy,
            Fault::Endless,
            Fault::NoSwap,
        ];
        for fault in faults.into_iter().filter(|f| dav || *f != Fault::NoSwap) {
            fake.set(fault);
            let error = mirror.put(&page, b"better", now()).await.unwrap_err();
            match fault {
                Fault::Unauthorized => {
                    assert!(matches!(error, SendError::Permanent { .. }), "{error}");
                    assert!(error.cause().contains("user and password are not taken"), "{error}");
                }
                Fault::Busy => assert!(matches!(error, SendError::Temporary { .. }), "{error}"),
                Fault::Redirects => assert!(error.cause().contains("HTTP 302"), "{error}"),
                _ => {}
            }
            fake.set(Fault::None);
            let shown = fake.files()["/larm/index.html"].clone();
            assert_eq!(shown, "good", "{fault:?}, dav: {dav}");
        }
    }
}

#[tokio::test]
async fn a_store_that_says_nothing_is_given_up_in_time() {
    let fake = Fake::start(true).await;
    let mirror = fake.mirror();
    fake.set(Fault::Silent);
    let page = name("index.html");
    let put = tokio::time::timeout(Duration::from_secs(10), mirror.put(&page, b"x", now()));
    let error = put.await.expect("no wait without an end").unwrap_err();
    assert!(error.cause().contains("no answer in time"), "{error}");
}

#[tokio::test]
async fn the_probe_does_all_that_publishing_does_and_leaves_nothing() {
    for dav in [true, false] {
        let fake = Fake::start(dav).await;
        let mirror = fake.mirror();
        let health = mirror.probe(now()).await;
        assert!(health.ok, "{}", health.detail);
        assert!(fake.files().is_empty());
        assert_eq!(mirror.far_end().iter().any(|(k, v)| k == "dav" && v == "1,2"), dav);
        fake.set(Fault::Unauthorized);
        let health = mirror.probe(now()).await;
        assert!(!health.ok && health.detail.contains("HTTP 401"), "{}", health.detail);
    }
}

#[tokio::test]
async fn a_folder_shows_the_old_page_or_the_new_one() {
    let dir = tempfile::tempdir().unwrap();
    let config = |path: PathBuf| MirrorConfig {
        folder: Some(path),
        readback_url: "http://127.0.0.1:9/".into(),
        connect_timeout: Secs(1),
        request_timeout: Secs(1),
        ..MirrorConfig::default()
    };
    let _ = rustls::crypto::ring::default_provider().install_default();
    let mirror = Mirror::new("m".into(), config(dir.path().into())).unwrap();
    let page = name("i/14/index.html");
    mirror.put(&page, b"one", now()).await.unwrap();
    // What a crash left beside is not an obstacle.
    std::fs::write(dir.path().join(page.beside(b"two").as_str()), "tw").unwrap();
    mirror.put(&page, b"two", now()).await.unwrap();
    assert_eq!(std::fs::read(dir.path().join("i/14/index.html")).unwrap(), b"two");
    assert_eq!(std::fs::read_dir(dir.path().join("i/14")).unwrap().count(), 1, "nothing stays beside");
    mirror.remove(&page, now()).await.unwrap();
    mirror.remove(&page, now()).await.unwrap();
    let missing = Mirror::new("m".into(), config(dir.path().join("not-mounted"))).unwrap();
    let error = missing.put(&page, b"x", now()).await.unwrap_err();
    assert!(matches!(&error, SendError::Temporary { cause, .. } if cause.contains("mounted")), "{error}");
    assert!(!dir.path().join("not-mounted").exists(), "an unmounted disk is not written beside");
}

#[tokio::test]
async fn what_is_too_large_is_refused_before_anything_is_sent() {
    let fake = Fake::start(true).await;
    let error =
        fake.mirror().put(&name("index.html"), &vec![b'x'; MIRROR_PAGE_BYTES_MAX + 1], now()).await.unwrap_err();
    assert!(matches!(error, SendError::Permanent { .. }));
    assert!(fake.asked().is_empty());
}

#[test]
fn settings_that_lead_elsewhere_are_refused() {
    let _ = rustls::crypto::ring::default_provider().install_default();
    let config = |webdav, s3| MirrorConfig {
        webdav,
        s3,
        readback_url: "https://web.example/".into(),
        connect_timeout: Secs(1),
        request_timeout: Secs(1),
        ..MirrorConfig::default()
    };
    let dav = |url: &str| config(Some(WebDavConfig { url: url.into(), user: None, password: None }), None);
    assert!(Mirror::new("m".into(), dav("https://user:pw@web.example/")).unwrap_err().contains("user and password"));
    assert!(Mirror::new("m".into(), dav("web.example")).is_err());
    let s3 = |endpoint: &str| {
        let s3 = S3Config {
            endpoint: endpoint.into(),
            region: "r".into(),
            bucket: "b".into(),
            prefix: String::new(),
            virtual_host: true,
            key_id: "k".into(),
            secret: Secret::new("hemligt"),
        };
        config(None, Some(s3))
    };
    assert!(Mirror::new("m".into(), s3("https://s3.example/bucket")).unwrap_err().contains("only scheme"));
    let good = Mirror::new("m".into(), s3("https://s3.example")).unwrap();
    assert!(!format!("{good:?} {:?}", s3("https://s3.example")).contains("hemligt"));
}

proptest! {
    #[test]
    fn no_name_leads_out_of_the_mirror(text in "[a-z0-9./ %A-Zå-]{0,24}") {
        if let Some(name) = PageName::new(text.clone()) {
            let parts: Vec<&str> = name.as_str().split('/').collect();
            prop_assert!(parts.iter().all(|p| !p.is_empty() && !p.starts_with('.')));
            prop_assert!(!name.as_str().contains(['%', ' ']));
            prop_assert_eq!(name.as_str(), text);
        }
    }
}
