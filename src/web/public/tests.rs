#![expect(clippy::unwrap_used, reason = "tests")]

use std::io::Read;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use flate2::read::GzDecoder;
use hyper::StatusCode;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::watch;
use tokio_rustls::TlsConnector;

use super::*;
use crate::domain::lang::Lang;
use crate::gateways::Boxed;
use crate::web::door::Door;
use crate::web::proxies::Trusted;
use crate::web::tls::Certificates;
use crate::web::tls::tests::lay;
use crate::web::tls::tests::made::{LONG, Made};

const HTML: &str = "<!doctype html><html lang=sv><style>p{color:#000}</style><p>Normalt läge</p></html>";

/// Answers what it was asked.
struct Echo;
impl Dynamic for Echo {
    fn call(&self, call: Call) -> Boxed<'_, Answer> {
        Box::pin(async move {
            if call.path == "/a/never" {
                std::future::pending::<()>().await;
            }
            let text = format!("{} {} {:?} {}", call.method, call.path, call.query, call.body.len());
            Answer { location: Some("/a/done".into()), ..Answer::text(StatusCode::SEE_OTHER, text) }
        })
    }
}

struct Site {
    address: SocketAddr,
    site: Arc<PublicSite>,
    stop: watch::Sender<bool>,
    task: tokio::task::JoinHandle<()>,
}

fn pages(html: &str) -> Pages {
    let page = |lang| Arc::new(Published::html(html.to_owned(), lang, "2026-11-22T16:30:00Z".parse().unwrap()));
    let (sv, en) = (page(Lang::SV), page(Lang::EN));
    [("/", &sv), ("/sv", &sv), ("/en", &en), ("/i/14", &sv)]
        .into_iter()
        .map(|(p, page)| (p.into(), page.clone()))
        .collect()
}

async fn site(limits: Limits) -> Site {
    site_behind(limits, Door::default()).await
}

async fn site_behind(limits: Limits, door: Door) -> Site {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    let site = Arc::new(PublicSite::new());
    assert!(site.publish(pages(HTML)));
    let (stop, stopped) = watch::channel(false);
    let public = Public { site: site.clone(), dynamic: Arc::new(Echo), limits, door };
    let task = tokio::spawn(run(listener, public, stopped));
    Site { address, site, stop, task }
}

/// Status line, headers in order without `date`, body.
struct Got {
    status: String,
    headers: Vec<String>,
    body: Vec<u8>,
}

impl Got {
    fn header(&self, name: &str) -> Option<&str> {
        self.headers.iter().find_map(|h| h.strip_prefix(name)?.strip_prefix(": "))
    }
}

impl Site {
    /// Sends bytes as they are and reads until the server closes.
    async fn raw(&self, request: &str) -> Got {
        let mut socket = TcpStream::connect(self.address).await.unwrap();
        socket.write_all(request.as_bytes()).await.unwrap();
        let mut all = Vec::new();
        tokio::time::timeout(Duration::from_secs(20), socket.read_to_end(&mut all)).await.expect("an end").unwrap();
        got(&all)
    }
    async fn get(&self, path: &str, headers: &str) -> Got {
        self.raw(&format!("GET {path} HTTP/1.1\r\nHost: x\r\n{headers}Connection: close\r\n\r\n")).await
    }
}

fn got(all: &[u8]) -> Got {
    let at = all.windows(4).position(|w| w == b"\r\n\r\n").unwrap_or_else(|| panic!("no head: {all:?}"));
    let head = std::str::from_utf8(&all[..at]).unwrap();
    let mut lines = head.split("\r\n").map(str::to_owned);
    let status = lines.next().unwrap();
    let headers = lines.filter(|l| !l.starts_with("date: ")).collect();
    Got { status, headers, body: all[at + 4..].to_vec() }
}

#[tokio::test]
async fn a_page_is_served_with_exactly_these_headers() {
    let s = site(Limits::default()).await;
    let got = s.get("/", "").await;
    assert_eq!(got.status, "HTTP/1.1 200 OK");
    let etag = got.header("etag").unwrap().to_owned();
    assert!(etag.len() == 34 && etag.starts_with('"'), "{etag}");
    let mut headers = got.headers.clone();
    headers.sort();
    assert_eq!(
        headers,
        [
            "cache-control: public, max-age=10, must-revalidate",
            "connection: close",
            "content-language: sv",
            &format!("content-length: {}", HTML.len()),
            "content-security-policy: default-src 'none'; style-src 'sha256-bsKuyVWsclkVVeSiyIIq0ZDnzXKG45Ry3EUi2XhvlH4='; form-action 'none'; base-uri 'none'; frame-ancestors 'none'",
            "content-type: text/html; charset=utf-8",
            "cross-origin-resource-policy: same-origin",
            &format!("etag: {etag}"),
            "expires: Sun, 22 Nov 2026 16:30:00 GMT",
            "referrer-policy: no-referrer",
            "vary: Accept-Encoding",
            "x-content-type-options: nosniff",
        ]
    );
    assert_eq!(got.body, HTML.as_bytes());
    assert_eq!(s.get("/en", "").await.header("content-language"), Some("en"));
    for path in ["/sv", "/sv/", "/i/14", "/?from=mail"] {
        assert_eq!(s.get(path, "").await.status, "HTTP/1.1 200 OK", "{path}");
    }
}

#[tokio::test]
async fn head_has_the_headers_of_get_and_no_body() {
    let s = site(Limits::default()).await;
    let head = s.raw("HEAD / HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n").await;
    let mut expected = s.get("/", "").await.headers;
    let mut headers = head.headers;
    expected.sort();
    headers.sort();
    assert_eq!(headers, expected);
    assert!(head.body.is_empty());
}

#[tokio::test]
async fn gzip_is_the_same_page() {
    let s = site(Limits::default()).await;
    for accept in ["gzip", "br, gzip;q=0.5", "*", "GZIP", "deflate, x-gzip;q=1"] {
        let got = s.get("/", &format!("Accept-Encoding: {accept}\r\n")).await;
        assert_eq!(got.header("content-encoding"), Some("gzip"), "{accept}");
        assert!(got.header("etag").unwrap().ends_with("-gz\""));
        let mut text = String::new();
        GzDecoder::new(&got.body[..]).read_to_string(&mut text).unwrap();
        assert_eq!(text, HTML);
    }
    for accept in ["br", "gzip;q=0", "*;q=0", "gzip;q=0, *", "gzipx", "", "gzip;q=x"] {
        let got = s.get("/", &format!("Accept-Encoding: {accept}\r\n")).await;
        assert_eq!(got.header("content-encoding"), None, "{accept}");
    }
}

#[tokio::test]
async fn who_has_the_page_gets_304_until_it_changes() {
    let s = site(Limits::default()).await;
    let etag = s.get("/", "").await.header("etag").unwrap().to_owned();
    let gzip_etag = s.get("/", "Accept-Encoding: gzip\r\n").await.header("etag").unwrap().to_owned();
    for tags in [etag.clone(), format!("W/{etag}"), format!("\"x\", {etag}"), "*".into(), gzip_etag.clone()] {
        let got = s.get("/", &format!("If-None-Match: {tags}\r\n")).await;
        assert_eq!(got.status, "HTTP/1.1 304 Not Modified", "{tags}");
        assert!(got.body.is_empty());
        assert_eq!(got.header("etag"), Some(&*etag));
        assert_eq!((got.header("content-type"), got.header("content-length")), (None, None));
        assert!(got.header("cache-control").is_some());
    }
    assert_eq!(s.get("/", "If-None-Match: \"x\"\r\n").await.status, "HTTP/1.1 200 OK");
    s.site.publish(pages("<p>Störning"));
    let changed = s.get("/", &format!("If-None-Match: {etag}\r\n")).await;
    assert_eq!((changed.status.as_str(), &changed.body[..]), ("HTTP/1.1 200 OK", "<p>Störning".as_bytes()));
    assert!(changed.header("content-security-policy").unwrap().contains("style-src 'none'"));
}

#[tokio::test]
async fn what_is_not_there_or_not_allowed_is_said() {
    let s = site(Limits::default()).await;
    let missing = s.get("/i/15", "").await;
    assert_eq!(missing.status, "HTTP/1.1 404 Not Found");
    assert_eq!(missing.body, b"404: no such page. The state now: /\n");
    assert_eq!(missing.header("cache-control"), Some("no-store"));
    let posted = s.raw("POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 0\r\nConnection: close\r\n\r\n").await;
    assert_eq!(
        (posted.status.as_str(), posted.header("allow")),
        ("HTTP/1.1 405 Method Not Allowed", Some("GET, HEAD"))
    );
    let deleted = s.raw("DELETE /a/1 HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n").await;
    assert_eq!(deleted.header("allow"), Some("GET, HEAD, POST"));
    let long = s.get(&format!("/{}", "x".repeat(2000)), "").await;
    assert_eq!(long.status, "HTTP/1.1 414 URI Too Long");
    let large = s.get("/", &format!("X: {}\r\n", "x".repeat(20_000))).await;
    assert_eq!(large.status, "HTTP/1.1 431 Request Header Fields Too Large");
    let many = s.get("/", &"X: y\r\n".repeat(100)).await;
    assert_eq!(many.status, "HTTP/1.1 431 Request Header Fields Too Large");
    for garbage in ["\x00\x01\x02 / HTTP/1.1\r\n\r\n", "GET / HTTP/9.9\r\n\r\n", "GET  HTTP/1.1\r\n\r\n"] {
        assert_eq!(s.raw(garbage).await.status, "HTTP/1.1 400 Bad Request", "{garbage:?}");
    }
}

#[tokio::test]
async fn before_anything_is_published_visitors_come_back_in_a_second() {
    let s = site(Limits::default()).await;
    s.site.publish(Pages::new());
    let got = s.get("/", "").await;
    assert_eq!((got.status.as_str(), got.header("retry-after")), ("HTTP/1.1 503 Service Unavailable", Some("1")));
}

#[tokio::test]
async fn what_acts_is_handed_on_with_its_body_and_is_never_kept() {
    let s = site(Limits::default()).await;
    let got =
        s.raw("POST /a/14.17/abc?x=1 HTTP/1.1\r\nHost: x\r\nContent-Length: 5\r\nConnection: close\r\n\r\nhello").await;
    assert_eq!(got.status, "HTTP/1.1 303 See Other");
    assert_eq!(got.body, b"POST /a/14.17/abc Some(\"x=1\") 5");
    assert_eq!((got.header("location"), got.header("cache-control")), (Some("/a/done"), Some("no-store")));
    assert_eq!(got.header("referrer-policy"), Some("no-referrer"));
    assert_eq!(got.header("set-cookie"), None);
    assert_eq!(s.get("/cb/sms/secret", "").await.body, b"GET /cb/sms/secret None 0");
}

#[tokio::test]
async fn a_body_that_is_too_large_is_refused_before_and_while_it_is_read() {
    let s = site(Limits::default()).await;
    let head = "POST /cb/sms/secret HTTP/1.1\r\nHost: x\r\n";
    let got = s.raw(&format!("{head}Content-Length: 1000000\r\n\r\n")).await;
    assert_eq!(got.status, "HTTP/1.1 413 Payload Too Large");
    let body = "x".repeat(BODY_BYTES_MAX + 1);
    let got = s.raw(&format!("{head}Transfer-Encoding: chunked\r\n\r\n{:x}\r\n{body}\r\n0\r\n\r\n", body.len())).await;
    assert_eq!(got.status, "HTTP/1.1 413 Payload Too Large");
}

#[tokio::test]
async fn calls_that_hang_hold_up_neither_pages_nor_memory() {
    let s = site(Limits { calls_max: 1, ..Limits::default() }).await;
    let mut hangs = TcpStream::connect(s.address).await.unwrap();
    hangs.write_all(b"GET /a/never HTTP/1.1\r\nHost: x\r\n\r\n").await.unwrap();
    let busy = loop {
        let got = s.get("/a/14.17/abc", "").await;
        if got.status != "HTTP/1.1 303 See Other" {
            break got;
        }
    };
    assert_eq!((busy.status.as_str(), busy.header("retry-after")), ("HTTP/1.1 503 Service Unavailable", Some("2")));
    assert_eq!(s.get("/", "").await.status, "HTTP/1.1 200 OK");
}

#[tokio::test]
async fn whoever_sends_half_a_request_holds_no_place_of_those_who_act() {
    let s = site(Limits { calls_max: 1, ..Limits::default() }).await;
    let mut halves = Vec::new();
    for path in ["/a/x", "/cb/sms-api/secret/receipt"].iter().cycle().take(256) {
        let mut half = TcpStream::connect(s.address).await.unwrap();
        let head = format!("POST {path} HTTP/1.1\r\nHost: x\r\nContent-Length: 20\r\n\r\nhalf");
        half.write_all(head.as_bytes()).await.unwrap();
        halves.push(half);
    }
    assert_eq!(s.get("/a/x", "").await.status, "HTTP/1.1 303 See Other");
    assert_eq!(s.get("/", "").await.status, "HTTP/1.1 200 OK");
    let whole =
        "POST /cb/sms-api/secret/receipt HTTP/1.1\r\nHost: x\r\nConnection: close\r\nContent-Length: 2\r\n\r\nok";
    assert_eq!(s.raw(whole).await.status, "HTTP/1.1 303 See Other");
}

#[tokio::test]
async fn a_frame_and_a_script_of_others_get_what_is_for_them_and_nothing_else() {
    let s = site(Limits::default()).await;
    let until = "2026-11-22T16:30:00Z".parse().unwrap();
    let mut all = pages(HTML);
    all.insert("/embed/sv".into(), Arc::new(Published::framed(HTML.to_owned(), Lang::SV, until)));
    all.insert("/state.json".into(), Arc::new(Published::for_everybody("{}", "application/json", until)));
    all.insert(
        "/cap/14-2.xml".into(),
        Arc::new(Published::file("<alert/>", "application/cap+xml; charset=utf-8", until)),
    );
    assert!(s.site.publish(all));
    let open = "cross-origin-resource-policy";
    let page = s.get("/sv", "").await;
    assert!(page.header("content-security-policy").unwrap().ends_with("frame-ancestors 'none'"));
    assert_eq!((page.header(open), page.header("access-control-allow-origin")), (Some("same-origin"), None));
    let embed = s.get("/embed/sv", "").await;
    let policy = embed.header("content-security-policy").unwrap();
    assert!(
        policy.ends_with("frame-ancestors *") && policy.starts_with("default-src 'none'; style-src 'sha256-"),
        "{policy}"
    );
    assert_eq!((embed.header(open), embed.header("access-control-allow-origin")), (Some("cross-origin"), None));
    let json = s.get("/state.json", "Origin: https://intra.example\r\n").await;
    assert_eq!(json.header("access-control-allow-origin"), Some("*"));
    assert_eq!((json.header("content-type"), json.header("content-language")), (Some("application/json"), None));
    let cap = s.get("/cap/14-2.xml", "").await;
    assert_eq!(
        (cap.header("content-type"), cap.header("vary")),
        (Some("application/cap+xml; charset=utf-8"), Some("Accept-Encoding"))
    );
    assert_eq!((&*cap.body, cap.header("set-cookie")), (&b"<alert/>"[..], None));
    // Links of feeds lead to files, as mirrors have them.
    for (file, status) in [
        ("/index.html", "200 OK"),
        ("/sv/index.html", "200 OK"),
        ("/i/14/index.html", "200 OK"),
        ("/svindex.html", "404 Not Found"),
    ] {
        assert_eq!(s.get(file, "").await.status, format!("HTTP/1.1 {status}"), "{file}");
    }
}

#[tokio::test]
async fn a_request_names_its_host_once() {
    let s = site(Limits::default()).await;
    for (path, hosts, status) in [
        ("/", "", "400 Bad Request"),
        ("/a/x", "", "400 Bad Request"),
        ("/", "Host: a\r\nHost: b\r\n", "400 Bad Request"),
        ("/", "Host: a\r\n", "200 OK"),
    ] {
        let got = s.raw(&format!("GET {path} HTTP/1.1\r\n{hosts}Connection: close\r\n\r\n")).await;
        assert_eq!(got.status, format!("HTTP/1.1 {status}"), "{path} {hosts:?}");
    }
    assert_eq!(s.raw("GET / HTTP/1.0\r\n\r\n").await.status, "HTTP/1.0 200 OK");
}

#[tokio::test]
async fn slow_visitors_block_nobody_and_are_sent_away() {
    let s = site(Limits { header_timeout_s: 1, ..Limits::default() }).await;
    let mut slow = Vec::new();
    for _ in 0..100 {
        let mut socket = TcpStream::connect(s.address).await.unwrap();
        socket.write_all(b"GET / HT").await.unwrap();
        slow.push(socket);
    }
    assert_eq!(s.get("/", "").await.status, "HTTP/1.1 200 OK");
    for mut socket in slow {
        let mut rest = Vec::new();
        let ended = tokio::time::timeout(Duration::from_secs(20), socket.read_to_end(&mut rest)).await;
        assert!(ended.is_ok(), "sent away");
    }
}

#[tokio::test]
async fn a_full_house_frees_places_and_serves_who_waits() {
    let s = site(Limits { connections_max: 2, header_timeout_s: 1, ..Limits::default() }).await;
    let held: Vec<_> =
        [TcpStream::connect(s.address).await.unwrap(), TcpStream::connect(s.address).await.unwrap()].into();
    assert_eq!(s.get("/", "").await.status, "HTTP/1.1 200 OK", "after the idle ones were sent away");
    drop(held);
}

#[tokio::test]
async fn a_connection_is_kept_and_answers_come_without_delay() {
    let s = site(Limits::default()).await;
    let mut socket = TcpStream::connect(s.address).await.unwrap();
    socket.set_nodelay(true).unwrap();
    let length = {
        let one = s.raw("HEAD / HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n").await;
        one.header("content-length").unwrap().parse::<usize>().unwrap()
    };
    let begun = std::time::Instant::now();
    for _ in 0..100 {
        socket.write_all(b"GET / HTTP/1.1\r\nHost: x\r\n\r\n").await.unwrap();
        let mut all = Vec::new();
        let mut buffer = [0; 4096];
        while all.windows(4).position(|w| w == b"\r\n\r\n").is_none_or(|at| all.len() < at + 4 + length) {
            let n = socket.read(&mut buffer).await.unwrap();
            assert!(n > 0, "kept open");
            all.extend_from_slice(&buffer[..n]);
        }
        assert!(all.starts_with(b"HTTP/1.1 200 OK"));
    }
    // Delayed acknowledgements would cost 40 ms each.
    assert!(begun.elapsed() < Duration::from_secs(2), "{:?}", begun.elapsed());
}

#[tokio::test]
async fn going_down_ends_idle_connections_at_once() {
    let s = site(Limits::default()).await;
    let mut idle = TcpStream::connect(s.address).await.unwrap();
    idle.write_all(b"GET / HTTP/1.1\r\nHost: x\r\n\r\n").await.unwrap();
    let mut first = [0; 1];
    idle.read_exact(&mut first).await.unwrap();
    s.stop.send(true).unwrap();
    tokio::time::timeout(Duration::from_secs(4), s.task).await.expect("an end").unwrap();
    assert!(TcpStream::connect(s.address).await.is_err());
}

/// Nothing acts.
struct NoDynamic;
impl Dynamic for NoDynamic {
    fn call(&self, _: Call) -> Boxed<'_, Answer> {
        Box::pin(async { Answer::text(StatusCode::NOT_FOUND, "no such page") })
    }
}

#[test]
fn it_serves_from_a_thread_of_its_own() {
    let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap();
    let (stop, stopped) = watch::channel(false);
    let site = Arc::new(PublicSite::new());
    site.publish(pages(HTML));
    let public = Public { site, dynamic: Arc::new(NoDynamic), limits: Limits::default(), door: Door::default() };
    let thread = spawn_thread(listener, public, stopped).unwrap();
    let mut socket = std::net::TcpStream::connect(address).unwrap();
    std::io::Write::write_all(&mut socket, b"GET /a/x HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n").unwrap();
    let mut all = Vec::new();
    socket.read_to_end(&mut all).unwrap();
    assert_eq!(got(&all).status, "HTTP/1.1 404 Not Found");
    stop.send(true).unwrap();
    thread.join().unwrap();
}

#[tokio::test]
async fn what_came_by_tls_is_told_to_come_so_again_and_only_a_trusted_proxy_says_that_it_did() {
    let trusted = |list: &[&str]| Arc::new(Trusted(list.iter().map(|p| p.parse().unwrap()).collect()));
    for (trusts, said, told) in [
        (&["127.0.0.1"][..], "X-Forwarded-Proto: https\r\n", Some("max-age=31536000")),
        (&["127.0.0.1"], "X-Forwarded-Proto: http\r\n", None),
        (&["127.0.0.1"], "X-Forwarded-Proto: https\r\nX-Forwarded-Proto: http\r\n", None),
        (&["127.0.0.1"], "", None),
        (&["192.0.2.1"], "X-Forwarded-Proto: https\r\n", None),
        (&[], "X-Forwarded-Proto: https\r\n", None),
    ] {
        let s = site_behind(Limits::default(), Door { trusted: trusted(trusts), hsts: true, tls: None }).await;
        for path in ["/", "/none", "/a/x"] {
            let got = s.get(path, said).await;
            assert_eq!(got.header("strict-transport-security"), told, "{path} {trusts:?} {said}");
        }
    }
    // Where another port of that name is plain on purpose, nobody is told.
    let s = site_behind(Limits::default(), Door { trusted: trusted(&["127.0.0.1"]), hsts: false, tls: None }).await;
    assert_eq!(s.get("/", "X-Forwarded-Proto: https\r\n").await.header("strict-transport-security"), None);
}

#[tokio::test(start_paused = true)]
async fn half_open_handshakes_take_no_pages_place() {
    let dir = tempfile::tempdir().unwrap();
    let made = Made::own("larm.example", LONG);
    let certificates = Arc::new(Certificates::read(lay(dir.path(), &made.certificate(), &made.key())).unwrap());
    let reader = TlsConnector::from(Arc::new(certificates.reader().unwrap()));
    // One for whoever comes next, and one for the page.
    let limits = Limits { connections_max: 2, ..Limits::default() };
    let s = site_behind(limits, Door { tls: Some(certificates), hsts: true, ..Door::default() }).await;
    let visit = async || {
        let socket = TcpStream::connect(s.address).await.unwrap();
        let mut socket = reader.connect("127.0.0.1".try_into().unwrap(), socket).await.unwrap();
        socket.write_all(b"GET / HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n").await.unwrap();
        let mut all = Vec::new();
        socket.read_to_end(&mut all).await.unwrap();
        got(&all)
    };
    // It is free however many began a handshake before.
    let mut silent = Vec::new();
    for _ in 0..20 {
        silent.push(TcpStream::connect(s.address).await.unwrap());
    }
    let page = visit().await;
    assert_eq!((page.status.as_str(), &page.body[..]), ("HTTP/1.1 200 OK", HTML.as_bytes()));
    assert_eq!(page.header("strict-transport-security"), Some("max-age=31536000"));
    // Whoever spoke HTTP was told.
    let plain = s.get("/", "").await;
    assert_eq!(plain.status, "HTTP/1.1 400 Bad Request");
    assert!(plain.body.starts_with(crate::web::tls::PLAIN_REFUSED.as_bytes()));
    assert_eq!(visit().await.status, "HTTP/1.1 200 OK");
}
