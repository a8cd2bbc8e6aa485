//! Paging over HTTP: the exact request, and the gateway against the provider in `sim`, good and bad; what comes back.

use std::sync::{Arc, Mutex};
use std::time::Duration;

use hmac::{Hmac, KeyInit, Mac};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use vardkase::domain::delivery::{Accepted, SendError};
use vardkase::domain::ids::GatewayId;
use vardkase::domain::plan::Capability;
use vardkase::domain::text::{Charset, Fingerprint};
use vardkase::gateways::callback::{Callback, CallbackKind};
use vardkase::gateways::paging_http::{PagingHttp, PagingHttpConfig};
use vardkase::gateways::protocol::{BuildCx, Env, Protocol};
use vardkase::gateways::registry::Limits;
use vardkase::gateways::{Address, Gateway, GatewayEvent, PriorAccept, Secret};
use vardkase::sim::Far;
use vardkase::sim::far_end::FarEnd;
use vardkase::sim::paging_http::{self as sim, Handle, Opts};
use vardkase::sim::verify::{Kind, received};
use vardkase::yaml::{Found, Secs, parse, read};

use super::paging_rig::{Running, TEXT, job, kind, outgoing, send_all};
use crate::verifier::{MARKS, sent};

fn config(yaml: &str) -> PagingHttpConfig {
    let mut found = Found::default();
    let root = parse(0, yaml, &mut found).expect("YAML");
    let (config, _) = read(&root, &mut found);
    let told = found.into_sorted();
    assert!(told.is_empty(), "{told:?}");
    config.expect("a configuration")
}

fn at(url: &str) -> PagingHttpConfig {
    PagingHttpConfig { url: url.into(), charset: Charset::Latin1, ..PagingHttpConfig::default() }
}

fn gateway(config: PagingHttpConfig) -> PagingHttp {
    // Another test may have been first.
    let _ = rustls::crypto::ring::default_provider().install_default();
    PagingHttp::new("page-fs".into(), config).expect("a good configuration")
}

/// As the program builds it: with a way back.
fn built(config: &PagingHttpConfig) -> (Arc<dyn Gateway>, Callback) {
    let _ = rustls::crypto::ring::default_provider().install_default();
    let id = GatewayId::from("page-fs");
    let capability = Capability::Pages { charset: Charset::Latin1, chars_max: 80, pages_max: 9 };
    let env = Env {
        now: Arc::new(|| "2008-12-18T09:45:00Z".parse().expect("a time")),
        public_url: Some("https://larm.region.example".into()),
        mail_key: [14; 32],
    };
    let limits = Limits { timeout: Some(Secs(5)), ..Limits::default() };
    let (answers, receipts, base) = (true, true, None);
    let cx = BuildCx { id: &id, capability: &capability, answers, receipts, limits: &limits, base, env: &env };
    let built = config.build(&cx).expect("a gateway");
    (built.gateway, built.callback.expect("a way back"))
}

/// Reads one request and answers it.
async fn one_exchange(tcp: &mut TcpStream, answer: &str) -> String {
    let mut read = Vec::new();
    loop {
        assert_ne!(tcp.read_buf(&mut read).await.expect("reads"), 0, "a whole request");
        let text = String::from_utf8_lossy(&read).into_owned();
        let Some((head, body)) = text.split_once("\r\n\r\n") else { continue };
        let len =
            head.lines().find_map(|l| l.to_lowercase().strip_prefix("content-length: ")?.parse().ok()).unwrap_or(0);
        if body.len() >= len {
            tcp.write_all(answer.as_bytes()).await.expect("writes");
            return text;
        }
    }
}

fn ok(body: &str) -> String {
    format!("HTTP/1.1 200 OK\r\nContent-Length: {}\r\n\r\n{body}", body.len())
}

/// What goes over the wire for one text, each page answered with the next number.
async fn bytes_of(config: PagingHttpConfig, text: &str, pages: usize) -> (Vec<String>, Result<Accepted, SendError>) {
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("port");
    let url = format!("http://{}/v1/pages", listener.local_addr().expect("addr"));
    let mut running = Running::start(Arc::new(gateway(PagingHttpConfig { url: url.as_str().into(), ..config })));
    running.send(job(3, "5551234", outgoing(text, None))).await;
    let mut requests = Vec::new();
    let (mut tcp, _) = listener.accept().await.expect("connects");
    for n in 1..=pages {
        requests.push(one_exchange(&mut tcp, &ok(&format!(r#"{{"status":"accepted","id":"p{n}"}}"#))).await);
    }
    (requests, running.outcome(3).await)
}

#[tokio::test]
async fn exact_requests() {
    let text = "LARM å {to} \"citat\"";
    let f = Fingerprint::of("14-2", "internal", "sv", text);
    let (requests, result) = bytes_of(at(""), text, 1).await;
    let escaped = text.replace('"', "\\\"");
    let body = format!(r#"{{"to":"5551234","text":"14-2 {f} {escaped}","id":"14.3"}}"#);
    assert!(requests[0].starts_with("POST /v1/pages HTTP/1.1\r\n"), "{}", requests[0]);
    assert!(requests[0].contains("content-type: application/json\r\n"), "{}", requests[0]);
    assert!(requests[0].ends_with(&format!("\r\n\r\n{body}")), "{}", requests[0]);
    assert_eq!(result, Ok(Accepted { gateway_ref: "p1".into(), delivered: false, units: 1 }));

    let own = config(
        "{ url: http://127.0.0.1/, method: put, user: u, headers: { X-Page: \"{page}/{pages}\" },
          body: { receivers: [\"{to}\"], message: { body: \"{text}\", beep: true, level: 3 }, urgent: \"{priority}\",
            ref: \"{id}\", keep: \"{ttl_min}\" } }",
    );
    let own = PagingHttpConfig { password: Some(Secret::new("p")), charset: Charset::Latin1, chars_max: 60, ..own };
    let text = "LARM Journalen ligger nere. Skriv på papper och ring 0980-319200.";
    let f = Fingerprint::of("14-2", "internal", "sv", text);
    let (requests, result) = bytes_of(own, text, 2).await;
    for (n, request) in (1..).zip(&requests) {
        assert!(request.starts_with("PUT /v1/pages HTTP/1.1\r\n"), "{request}");
        assert!(request.contains("authorization: Basic dTpw\r\n"), "{request}");
        assert!(request.contains(&format!("x-page: {n}/2\r\n")), "{request}");
        let body = request.split_once("\r\n\r\n").expect("a body").1;
        let before = r#"{"receivers":["5551234"],"message":{"body":""#;
        let after = format!(r#"","beep":true,"level":3}},"urgent":"0","ref":"14.3-{n}","keep":"10"}}"#);
        let page = body.strip_prefix(before).and_then(|b| b.strip_suffix(&after)).unwrap_or_else(|| panic!("{body}"));
        assert!(page.starts_with(&format!("14-2 {f} {n}/2 ")), "{page}");
    }
    assert_eq!(result, Ok(Accepted { gateway_ref: "p1 p2".into(), delivered: false, units: 2 }));
}

async fn provider(opts: Opts) -> (Far, Handle) {
    let far = Far::default();
    let handle = sim::start(far.clone(), "page-fs", opts).await.expect("a free port");
    (far, handle)
}

/// Any text comes whole, in order, with number, fingerprint and mark on each page; what judges it calls none of the code that
/// cuts.
#[tokio::test]
async fn what_pagers_show_is_the_canonical_text() {
    let (far, provider) = provider(Opts::default()).await;
    let texts = [
        (outgoing(TEXT, None), None),
        (outgoing(TEXT, Some("ÖVNING")), Some("Svara JA Ö-3")),
        (outgoing("{text} \\ \"{to}\" {} åäö ÅÄÖ é § 100 %", None), Some("Svara JA 14")),
    ];
    let jobs = (0..).zip(&texts).map(|(n, (out, trailer))| {
        let trailer = trailer.map(Into::into);
        vardkase::gateways::Job { trailer, ..job(n, &format!("555{n}99"), out.clone()) }
    });
    let config = PagingHttpConfig { pages_max: 20, ..at(&provider.url()) };
    let (outcomes, downs) = send_all(&gateway(config), jobs.collect()).await;
    assert!(outcomes.values().all(Result::is_ok) && downs.is_empty(), "{outcomes:?} {downs:?}");
    let all = received(&far.all(), &MARKS, |_| Some(Kind::Apart)).expect("units of the grammar");
    assert_eq!(all.len(), texts.len());
    for (n, (out, trailer)) in texts.iter().enumerate() {
        let one = all.iter().find(|r| r.to == format!("555{n}99")).expect("arrived");
        assert_eq!(one.is(&sent(out, *trailer)), Ok(()), "{n}");
    }
}

#[tokio::test]
async fn each_failure_has_its_kind() {
    let (far, provider) = provider(Opts { authorization: "Bearer hemlig".into(), ..Opts::default() }).await;
    let password = Some(Secret::new("hemlig"));
    let good = PagingHttpConfig { request_timeout: Secs(1), password, pages_max: 20, ..at(&provider.url()) };
    let endings = [
        ("0001", "permanent"),
        ("0002", "temporary"),
        ("0003", "accepted"),
        ("0004", "accepted"),
        ("0005", "unknown"),
        ("0006", "unknown"),
        ("0007", "accepted"),
        ("0008", "unknown"),
        ("0009", "temporary"),
        ("0010", "accepted"),
        ("1234", "accepted"),
    ];
    let jobs = (0..).zip(endings).map(|(n, (ending, _))| job(n, &format!("555{ending}"), outgoing("LARM", None)));
    let (outcomes, downs) = send_all(&gateway(good.clone()), jobs.collect()).await;
    for (n, (ending, expected)) in (0..).zip(endings) {
        assert_eq!(kind(&outcomes[&n]), expected, "{ending}: {:?}", outcomes[&n]);
    }
    assert_eq!(downs, []);
    assert!(matches!(outcomes[&8], Err(SendError::Temporary { retry_after_s: Some(7), .. })), "{:?}", outcomes[&8]);
    assert_eq!(outcomes[&0], Err(SendError::permanent("HTTP 200 but refused: invalid pager")));
    let shown: Vec<String> = far.all().into_iter().map(|s| s.to).collect();
    assert!(!shown.iter().any(|to| to.ends_with("0003")) && shown.iter().any(|to| to.ends_with("0006")), "{shown:?}");

    // What goes wrong is told with the page at which it did, and what can't go whole is not begun.
    let (outcomes, _) = send_all(&gateway(good.clone()), vec![job(0, "5550002", outgoing(TEXT, None))]).await;
    let cause = outcomes[&0].as_ref().expect_err("it fails").cause();
    assert!(cause.starts_with("page 1 of ") && !cause.contains("5550002"), "{cause}");
    let before = far.all().len();
    let ascii = PagingHttpConfig { charset: Charset::Ascii7, ..good.clone() };
    let short = PagingHttpConfig { pages_max: 1, ..good.clone() };
    for config in [ascii, short] {
        let (outcomes, _) = send_all(&gateway(config), vec![job(0, "5551234", outgoing(TEXT, None))]).await;
        assert_eq!(kind(&outcomes[&0]), "permanent", "{:?}", outcomes[&0]);
    }
    for to in ["", "555 1234", "555\r\n1234"] {
        let (outcomes, _) = send_all(&gateway(good.clone()), vec![job(0, to, outgoing("LARM", None))]).await;
        assert_eq!(kind(&outcomes[&0]), "permanent", "{to:?}");
    }
    assert_eq!(far.all().len(), before);

    // A password that is wrong is told once, and not shown to the provider again and again.
    let wrong = PagingHttpConfig { password: Some(Secret::new("gissning")), ..good };
    let jobs = (0..20).map(|n| job(n, "5551234", outgoing("LARM", None))).collect();
    let (outcomes, downs) = send_all(&gateway(wrong), jobs).await;
    assert!(outcomes.values().all(|o| kind(o) == "temporary"), "{outcomes:?}");
    let [Some(why)] = &downs[..] else { panic!("{downs:?}") };
    assert!(why.contains("who are you?") && !why.contains("gissning"), "{why}");
}

#[tokio::test]
async fn a_provider_says_by_its_own_words_whether_to_try_again() {
    let own = config(
        "{ url: http://127.0.0.1/, answer: { success_at: /ok, success_values: [\"true\"], id_at: /ref, error_at: /error/code,
          status_unknown: [503], temporary_words: [E1], permanent_words: [E2], unknown_words: [E3], otherwise: permanent } }",
    );
    for (answer, expected) in [
        ("HTTP/1.1 200 OK\r\nContent-Length: 22\r\n\r\n{\"ok\":true,\"ref\":\"a\"}  ", "accepted"),
        (&ok(r#"{"ok":false,"error":{"code":"E1"}}"#), "temporary"),
        (&ok(r#"{"ok":false,"error":{"code":"E2"},"hint":"E1"}"#), "permanent"),
        (&ok(r#"{"ok":false,"error":{"code":"E3"}}"#), "unknown"),
        (&ok(r#"{"ok":false}"#), "permanent"),
        ("HTTP/1.1 503 No\r\nContent-Length: 0\r\n\r\n", "unknown"),
        ("HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\n{\"ok\":true", "unknown"),
    ] {
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("port");
        let url = format!("http://{}/", listener.local_addr().expect("addr"));
        let config = PagingHttpConfig { url: url.as_str().into(), ..own.clone() };
        let mut running = Running::start(Arc::new(gateway(config)));
        running.send(job(1, "5551234", outgoing("LARM", None))).await;
        let (mut tcp, _) = listener.accept().await.expect("connects");
        one_exchange(&mut tcp, answer).await;
        drop(tcp);
        let told = running.outcome(1).await;
        assert_eq!(kind(&told), expected, "{answer}: {told:?}");
    }
}

/// A web server for calls; what the gateway makes of each.
struct Calls {
    base: String,
    told: Arc<Mutex<Vec<GatewayEvent>>>,
    _task: tokio::task::JoinHandle<()>,
}

impl Calls {
    async fn read_by(callback: Callback) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("port");
        let base = format!("http://{}", listener.local_addr().expect("addr"));
        let told = Arc::new(Mutex::new(Vec::new()));
        let events = told.clone();
        let task = tokio::spawn(async move {
            loop {
                let Ok((mut tcp, _)) = listener.accept().await else { return };
                let answer = "HTTP/1.1 200 OK\r\nContent-Length: 0\r\nConnection: close\r\n\r\n";
                let request = one_exchange(&mut tcp, answer).await;
                let (head, body) = request.split_once("\r\n\r\n").expect("a request");
                let kind = if head.contains("/reply HTTP") { CallbackKind::Reply } else { CallbackKind::Receipt };
                let event = (callback.reader)(kind, "", body.as_bytes()).expect("understood");
                events.lock().expect("the list").extend(event);
            }
        });
        Self { base, told, _task: task }
    }

    fn told(&self) -> Vec<GatewayEvent> {
        self.told.lock().expect("the list").clone()
    }

    async fn until(&self, count: usize) -> Vec<GatewayEvent> {
        let told = async {
            while self.told().len() < count {
                tokio::task::yield_now().await;
            }
        };
        tokio::time::timeout(Duration::from_secs(20), told).await.unwrap_or_else(|_| panic!("only {:?}", self.told()));
        self.told()
    }
}

fn ends(events: &[GatewayEvent]) -> Vec<(String, bool)> {
    let end = |event: &GatewayEvent| match event {
        GatewayEvent::Receipt { delivery: Some(delivery), result, .. } => (delivery.to_string(), result.is_ok()),
        other => panic!("{other:?}"),
    };
    events.iter().map(end).collect()
}

#[tokio::test]
async fn receipts_and_answers_come_back_once_whatever_their_order() {
    for names_key in [false, true] {
        let (_far, provider) = provider(Opts { names_key, ..Opts::default() }).await;
        let secret = Some(Secret::new("4f1c9a07e2b8d635"));
        let (gateway, callback) = built(&PagingHttpConfig { callback_secret: secret, ..at(&provider.url()) });
        let calls = Calls::read_by(callback).await;
        provider.call_back(&format!("{}/receipt", calls.base), &format!("{}/reply", calls.base));
        let mut running = Running::start(gateway.clone());

        // Of several pages, each with its receipt; late and in another order; twice; one that fails.
        for (n, pager, good) in
            [(1, "5551234", true), (2, "5550012", true), (3, "5550010", true), (4, "5550003", false)]
        {
            running.send(job(n, pager, outgoing(TEXT, None))).await;
            match running.outcome(n).await {
                // The receipts of all pages, or that of one which failed, were faster than the answer to the last.
                Ok(accepted) if accepted.delivered => assert!(good, "{pager}"),
                Err(e) => assert!(!good && matches!(e, SendError::Permanent { .. }), "{pager}: {e}"),
                Ok(accepted) => {
                    assert!(accepted.units > 1);
                    assert_eq!(ends(&calls.until(1).await), [(format!("14.{n}"), good)], "{pager}");
                }
            }
            calls.told.lock().expect("the list").clear();
        }
        // Faster than the answer: the outcome itself says that it is delivered.
        running.send(job(5, "5550011", outgoing(TEXT, None))).await;
        assert!(running.outcome(5).await.expect("accepted").delivered);
        running.send(job(6, "5550004", outgoing("LARM", None))).await;
        assert!(!running.outcome(6).await.expect("accepted").delivered, "nobody tells");
        calls.told.lock().expect("the list").clear();

        assert!(provider.reply("5551234", "JA 14 åäö").await);
        match &calls.until(1).await[..] {
            [GatewayEvent::Reply { from, text, .. }] => {
                assert_eq!((from, text.as_str()), (&Address("5551234".into()), "JA 14 åäö"));
            }
            other => panic!("{other:?}"),
        }
    }
}

#[tokio::test]
async fn a_receipt_finds_its_text_after_a_restart() {
    let secret = Some(Secret::new("4f1c9a07e2b8d635"));
    let (gateway, callback) = built(&PagingHttpConfig { callback_secret: secret, ..at("http://127.0.0.1:9/") });
    let tell = |id: &str| {
        let body = format!(r#"{{"id":"{id}","status":"delivered"}}"#);
        (callback.reader)(CallbackKind::Receipt, "", body.as_bytes()).expect("understood")
    };
    assert!(tell("p7").is_none(), "it came before what it is about is known");
    let earlier = |ordinal, gateway_ref: &str| PriorAccept {
        delivery: job(ordinal, "", outgoing("LARM", None)).delivery,
        to: Address("5551234".into()),
        gateway_ref: gateway_ref.into(),
    };
    let told = gateway.reclaim(&[earlier(7, "p7"), earlier(8, "p8 p9")]);
    assert_eq!(ends(&told), [("14.7".to_owned(), true)]);
    assert!(tell("p8").is_none());
    assert_eq!(ends(&tell("p9").into_iter().collect::<Vec<_>>()), [("14.8".to_owned(), true)]);
    let bad = (callback.reader)(CallbackKind::Receipt, "status=delivered", b"");
    assert!(bad.is_err(), "{bad:?}");
}

#[tokio::test]
async fn a_signed_call_is_told_from_one_that_is_not() {
    let config =
        config("{ url: http://127.0.0.1:9/, callback_signature: { header: X-Signature, secret: { env: NOT_SET } } }");
    let signature = config
        .callback_signature
        .map(|s| vardkase::gateways::http_api::back::SignatureConfig { secret: Secret::new("690682c58266b93c"), ..s });
    let secret = Some(Secret::new("4f1c9a07e2b8d635"));
    let (_, callback) = built(&PagingHttpConfig {
        callback_secret: secret,
        callback_signature: signature,
        ..at("http://127.0.0.1:9/")
    });
    let signature = callback.signature.expect("signed");
    let body = br#"{"id":"p1","status":"delivered"}"#;
    let mut mac = Hmac::<sha2::Sha256>::new_from_slice(b"690682c58266b93c").expect("a key");
    mac.update(body);
    let hex: String = mac.finalize().into_bytes().iter().map(|b| format!("{b:02x}")).collect();
    assert!(signature.signs(Some(hex.as_bytes()), "", body));
    assert!(!signature.signs(Some(hex.as_bytes()), "", b"{}") && !signature.signs(None, "", body));
}

#[tokio::test]
async fn nobody_there_is_temporary_and_the_probe_pages_nobody() {
    let (far, provider) = provider(Opts::default()).await;
    let config = at(&provider.url());
    assert!(gateway(config.clone()).probe().await.ok);
    assert!(far.all().is_empty());
    let free = TcpListener::bind("127.0.0.1:0").await.expect("port").local_addr().expect("addr");
    let gone = gateway(PagingHttpConfig { url: format!("http://{free}/").as_str().into(), ..config });
    let (outcomes, _) = send_all(&gone, vec![job(0, "5551234", outgoing("LARM", None))]).await;
    let told = outcomes[&0].as_ref().expect_err("nobody is there");
    assert!(matches!(told, SendError::Temporary { .. }) && !told.cause().contains("5551234"), "{told:?}");
    assert!(!gone.probe().await.ok);
}
