//! SMS over HTTP: the exact request, and the client against the gateway in `sim`, good and bad.

use std::sync::Arc;
use std::time::Duration;

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{mpsc, watch};
use tokio::task::JoinHandle;
use vardkase::domain::delivery::{Accepted, SendError};
use vardkase::domain::ids::{DeliveryId, IncidentNo};
use vardkase::domain::lang::Lang;
use vardkase::domain::text::sms::{SmsLimits, Split};
use vardkase::domain::text::{Actual, Canonical, Fingerprint, NO_MARK, Outgoing, Text};
use vardkase::gateways::Secret;
use vardkase::gateways::callback::CallbackKind;
use vardkase::gateways::http_api::callback;
use vardkase::gateways::sms_http::{Preset, SendAs, SmsHttp, SmsHttpConfig};
use vardkase::gateways::{Address, Gateway, GatewayEvent, Job, MessageContext};
use vardkase::sim::Far;
use vardkase::sim::sms_http::{Behaviour, Handle, Opts, SimSmsHttp};
use vardkase::yaml::Secs;

/// No wait in these tests is longer; it only ends a test that would hang.
const PATIENCE: Duration = Duration::from_secs(20);

fn job(ordinal: u32, to: &str, text: &str) -> Job {
    let f = Fingerprint::of("14-2", "internal", "sv", text);
    let text = Text::<Actual>::new("14-2", f, Canonical::new(text).expect("canonical"));
    let head = MessageContext {
        sender: "Region".into(),
        lang: Lang::SV,
        title: "Journalen".into(),
        mode_line: String::new(),
        page_url: String::new(),
        thread: String::new(),
        priority: 0,
        foot: String::new(),
    };
    Job {
        delivery: DeliveryId { incident: IncidentNo::actual(14), ordinal },
        to: Address(to.into()),
        out: Arc::new(Outgoing::message(&text, NO_MARK)),
        head: Arc::new(head),
        trailer: None,
        link: None,
        repeat: false,
        ttl_s: 3600,
    }
}

fn of(preset: Preset, url: &str, user: &str, password: Secret, callback_url: &str) -> SmsHttpConfig {
    SmsHttpConfig {
        url: url.into(),
        preset,
        user: (!user.is_empty()).then(|| user.into()),
        password: (!password.is_empty()).then_some(password),
        callback_url: (!callback_url.is_empty()).then(|| callback_url.into()),
        ..SmsHttpConfig::default()
    }
}

fn generic_json(url: &str, token: Secret) -> SmsHttpConfig {
    of(Preset::Generic, url, "", token, "")
}

fn kannel(url: &str, user: &str, password: Secret, callback_url: &str) -> SmsHttpConfig {
    of(Preset::Kannel, url, user, password, callback_url)
}

fn elks_like(url: &str, user: &str, password: Secret, callback_url: &str) -> SmsHttpConfig {
    of(Preset::Elks, url, user, password, callback_url)
}

fn twilio_like(url: &str, user: &str, password: Secret, callback_url: &str) -> SmsHttpConfig {
    of(Preset::Twilio, url, user, password, callback_url)
}

fn gateway(config: SmsHttpConfig) -> SmsHttp {
    // Another test may have been first.
    let _ = rustls::crypto::ring::default_provider().install_default();
    SmsHttp::new("sms".into(), config).expect("a good configuration")
}

struct Running {
    jobs: mpsc::Sender<Job>,
    events: mpsc::Receiver<GatewayEvent>,
    stop: watch::Sender<bool>,
    task: JoinHandle<()>,
}

fn run(config: SmsHttpConfig) -> Running {
    let (jobs, job_receiver) = mpsc::channel(100);
    let (event_sender, events) = mpsc::channel(100);
    let (stop, stopped) = watch::channel(false);
    let gateway = gateway(config);
    let task = tokio::spawn(async move { gateway.run(job_receiver, event_sender, stopped).await });
    Running { jobs, events, stop, task }
}

impl Running {
    async fn outcome(&mut self) -> (DeliveryId, Result<Accepted, SendError>) {
        match tokio::time::timeout(PATIENCE, self.events.recv()).await.expect("in time") {
            Some(GatewayEvent::Outcome { delivery, result }) => (delivery, result),
            other => panic!("{other:?}"),
        }
    }
    async fn send(&mut self, job: Job) -> Result<Accepted, SendError> {
        let delivery = job.delivery;
        self.jobs.send(job).await.expect("runs");
        let (of, result) = self.outcome().await;
        assert_eq!(of, delivery);
        result
    }
}

async fn sim(opts: Opts) -> (Far, Handle) {
    let far = Far::default();
    let handle = SimSmsHttp::start(far.clone(), "sim", opts).await.expect("a free port");
    (far, handle)
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

async fn bytes_of(config: impl Fn(&str) -> SmsHttpConfig, answer: &str) -> (String, Result<Accepted, SendError>) {
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("port");
    let url = format!("http://{}/send", listener.local_addr().expect("addr"));
    let mut running = run(config(&url));
    running.jobs.send(job(3, "+46 70-174 06 05", "Å & {text}")).await.expect("runs");
    let (mut tcp, _) = listener.accept().await.expect("connects");
    let request = one_exchange(&mut tcp, answer).await;
    drop(tcp);
    (request, running.outcome().await.1)
}

fn fingerprint() -> Fingerprint {
    Fingerprint::of("14-2", "internal", "sv", "Å & {text}")
}

#[tokio::test]
async fn exact_requests_of_each_form() {
    let f = fingerprint();
    let from = |c: SmsHttpConfig| SmsHttpConfig { from: "Region".into(), ..c };
    let ok = |body: &str| format!("HTTP/1.1 200 OK\r\nContent-Length: {}\r\n\r\n{body}", body.len());

    let (request, result) =
        bytes_of(|url| from(generic_json(url, Secret::new("hemlig"))), &ok(r#"{"status":"accepted","id":"q7"}"#)).await;
    assert!(request.starts_with("POST /send HTTP/1.1\r\n"), "{request}");
    assert!(request.contains("authorization: Bearer hemlig\r\n"), "{request}");
    assert!(request.contains("content-type: application/json\r\n"), "{request}");
    let body = format!(r#"{{"from":"Region","id":"14.3","text":"14-2 {f} Å & {{text}}","to":"+46701740605"}}"#);
    assert!(request.ends_with(&format!("\r\n\r\n{body}")), "{request}");
    assert_eq!(result, Ok(Accepted { gateway_ref: "q7".into(), delivered: false, units: 1 }));

    let answer = "HTTP/1.1 202 Accepted\r\nContent-Length: 24\r\n\r\n0: Accepted for delivery";
    let (request, result) =
        bytes_of(|url| from(kannel(url, "tester", Secret::new("foobar"), "http://127.0.0.1:1/cb")), answer).await;
    let line = format!(
        "GET /send?charset=UTF-8&coding=0&dlr-mask=19&dlr-url=http%3A%2F%2F127.0.0.1%3A1%2Fcb%3Fdelivery%3D14.3%26status%3D%25d\
         %26error%3D%25A&from=Region&password=foobar&text=14-2+{f}+%C3%85+%26+%7Btext%7D&to=%2B46701740605&username=tester\
         &validity=60 HTTP/1.1\r\n"
    );
    assert!(request.starts_with(&line), "{request}");
    assert_eq!(result, Ok(Accepted { gateway_ref: String::new(), delivered: false, units: 1 }));

    let (request, result) =
        bytes_of(|url| from(elks_like(url, "u", Secret::new("p"), "")), &ok(r#"{"status":"created","id":"s1"}"#)).await;
    assert!(request.contains("authorization: Basic dTpw\r\n"), "{request}");
    assert!(
        request.ends_with(&format!("\r\n\r\nfrom=Region&message=14-2+{f}+%C3%85+%26+%7Btext%7D&to=%2B46701740605"))
    );
    assert_eq!(result.expect("accepted").gateway_ref, "s1");

    let (request, result) =
        bytes_of(|url| from(twilio_like(url, "u", Secret::new("p"), "")), &ok(r#"{"status":"failed","sid":"SM1"}"#))
            .await;
    assert!(request.contains("\r\n\r\nBody=14-2+"), "{request}");
    assert!(matches!(result, Err(SendError::Temporary { .. })), "200 but failed");
}

#[tokio::test]
async fn a_text_is_shown_whole_in_each_form() {
    let text = "Journalen ligger nere på sjukhus & vårdcentraler {A} 100 % + “mer”. ".repeat(6).trim_end().to_owned();
    let (far, sim) = sim(Opts::default()).await;
    for send_as in [SendAs::Query, SendAs::Form, SendAs::Json] {
        let sms = SmsLimits { parts_max: 20, ..SmsLimits::default() };
        let config = SmsHttpConfig { body: Some(send_as), sms, ..generic_json(&sim.url(), Secret::default()) };
        let mut gateway = run(config);
        let job = job(1, "+46701740605", &text);
        let expected = format!("14-2 {} {text}", job.out.fingerprint().expect("a message"));
        let accepted = gateway.send(job).await.expect("accepted");
        assert!(accepted.units > 1);
        assert_eq!(far.all().last().map(|s| s.text.clone()), Some(expected), "{send_as:?}");
    }
    let sms = SmsLimits { split: Split::Separate, parts_max: 20, ..SmsLimits::default() };
    let mut gateway = run(SmsHttpConfig { sms, ..generic_json(&sim.url(), Secret::default()) });
    let accepted = gateway.send(job(1, "+46701740605", &text)).await.expect("accepted");
    assert_eq!(far.all().len(), 3 + usize::from(accepted.units));
    assert!(far.all()[3].text.contains(&format!(" 1/{} ", accepted.units)));
}

#[tokio::test]
async fn each_failure_has_its_kind() {
    let (far, sim) = sim(Opts::default()).await;
    let config = SmsHttpConfig { request_timeout: Secs(1), ..generic_json(&sim.url(), Secret::default()) };
    let mut gateway = run(config);
    for (ending, kind) in [
        ("0001", "permanent"),
        ("0002", "temporary"),
        ("0003", "accepted"),
        ("0004", "accepted"),
        ("0005", "unknown"),
        ("0006", "unknown"),
        ("0007", "accepted"),
        ("0008", "unknown"),
        ("0605", "accepted"),
    ] {
        let told = match gateway.send(job(1, &format!("+4670174{ending}"), "Larm.")).await {
            Ok(_) => "accepted",
            Err(SendError::Temporary { .. }) => "temporary",
            Err(SendError::Permanent { .. }) => "permanent",
            Err(SendError::Unknown { .. }) => "unknown",
        };
        assert_eq!(told, kind, "{ending}");
    }
    let told = gateway.send(job(1, "+46701740009", "Larm.")).await;
    assert!(matches!(told, Err(SendError::Temporary { retry_after_s: Some(7), .. })), "{told:?}");
    assert_eq!(far.all().len(), 5);
    let told = gateway.send(job(1, "+46701740605", &"x".repeat(2000))).await;
    assert!(matches!(told, Err(SendError::Permanent { .. })), "too long: {told:?}");
}

/// The far ends that RULES G2 to G4 are about, with answers that take their time.
#[tokio::test]
async fn rule_g2_later_for_ever_rule_g3_a_far_end_that_drops_and_rule_g4_one_that_nobody_understands() {
    let (far, sim) = sim(Opts { jitter_ms_max: 30, ..Opts::default() }).await;
    let mut gateway = run(generic_json(&sim.url(), Secret::default()));
    let good = || job(1, "+46701740605", "Larm.");
    sim.treat_all(Behaviour::LaterForEver);
    for _ in 0..3 {
        let told = gateway.send(good()).await;
        assert!(matches!(told, Err(SendError::Temporary { retry_after_s: Some(3600), .. })), "{told:?}");
    }
    sim.treat_all(Behaviour::Garbage);
    match gateway.send(good()).await {
        Err(SendError::Unknown { cause }) => {
            assert!(cause.contains("not understood") && cause.contains("hotel"), "{cause}")
        }
        other => panic!("{other:?}"),
    }
    sim.treat_all(Behaviour::Drops);
    gateway.send(good()).await.expect("it says yes");
    assert!(far.all().is_empty(), "and nobody has it");
    sim.treat_all(Behaviour::Good);
    gateway.send(good()).await.expect("accepted");
    assert_eq!(far.all().len(), 1);
}

#[tokio::test]
async fn nobody_there_is_temporary_and_shows_no_address() {
    let (_far, sim) = sim(Opts::default()).await;
    let url = sim.url();
    assert!(gateway(generic_json(&url, Secret::default())).probe().await.ok);
    drop(sim);
    let mut running = run(SmsHttpConfig { body: Some(SendAs::Query), ..generic_json(&url, Secret::default()) });
    // The port closes when the listening task has ended.
    let told = loop {
        match running.send(job(1, "+46701740605", "Larm.")).await {
            Ok(_) => tokio::task::yield_now().await,
            Err(told) => break told,
        }
    };
    assert!(matches!(told, SendError::Temporary { .. }), "{told:?}");
    assert!(!told.cause().contains("0605") && !told.cause().contains("Larm"), "{told}");
    assert!(!gateway(generic_json(&url, Secret::default())).probe().await.ok);
}

#[tokio::test]
async fn an_answer_without_end_is_not_read_for_ever() {
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("port");
    let url = format!("http://{}/send", listener.local_addr().expect("addr"));
    let mut running = run(generic_json(&url, Secret::default()));
    running.jobs.send(job(1, "+46701740605", "Larm.")).await.expect("runs");
    let (mut tcp, _) = listener.accept().await.expect("connects");
    one_exchange(&mut tcp, "HTTP/1.1 200 OK\r\n\r\n").await;
    let flood = tokio::spawn(async move { while tcp.write_all(&[b'x'; 4096]).await.is_ok() {} });
    let (_, result) = running.outcome().await;
    assert!(matches!(result, Err(SendError::Unknown { .. })), "{result:?}");
    tokio::time::timeout(PATIENCE, flood).await.expect("we hung up").expect("no panic");
}

#[tokio::test]
async fn a_good_status_with_half_a_body_proves_nothing() {
    let half = "HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\n{\"status\":\"accepted\"";
    let (_request, result) = bytes_of(|url| generic_json(url, Secret::default()), half).await;
    assert!(matches!(result, Err(SendError::Unknown { .. })), "{result:?}");
}

#[tokio::test]
async fn a_slow_answer_does_not_hold_up_the_others_and_stop_waits_for_it() {
    let (_far, sim) = sim(Opts::default()).await;
    let mut running = run(generic_json(&sim.url(), Secret::default()));
    running.jobs.send(job(7, "+46701740007", "Larm.")).await.expect("runs");
    running.jobs.send(job(8, "+46701740605", "Larm.")).await.expect("runs");
    let (first, result) = running.outcome().await;
    assert!(first.ordinal == 8 && result.is_ok());
    running.stop.send(true).expect("runs");
    let (second, result) = running.outcome().await;
    assert!(second.ordinal == 7 && result.is_ok());
    tokio::time::timeout(PATIENCE, running.task).await.expect("ends").expect("no panic");
}

#[tokio::test]
async fn receipts_and_replies_come_by_callback() {
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("port");
    let addr = listener.local_addr().expect("addr");
    let (_far, sim) = sim(Opts { kannel: true, ..Opts::default() }).await;
    sim.call_back("", &format!("http://{addr}/reply"));
    let config = kannel(&sim.url(), "u", Secret::new("p"), &format!("http://{addr}/receipt"));
    let reader = gateway(config.clone()).callback_names();
    let mut running = run(config);
    for (to, expected) in [("+46701740605", true), ("+46701740003", false)] {
        running.send(job(5, to, "Larm.")).await.expect("accepted");
        let (mut tcp, _) = listener.accept().await.expect("calls back");
        let request = one_exchange(&mut tcp, "HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n").await;
        let query = request.split([' ', '?']).nth(2).expect("a query");
        match callback::read(&"sms".into(), &reader, CallbackKind::Receipt, query, b"") {
            Ok(Some(GatewayEvent::Receipt { delivery: Some(delivery), result, .. })) => {
                assert_eq!((delivery.to_string().as_str(), result.is_ok()), ("14.5", expected));
            }
            other => panic!("{other:?}"),
        }
    }
    let (status, request) = tokio::join!(sim.reply("+46701740605", "JA 14 åäö"), async {
        let (mut tcp, _) = listener.accept().await.expect("calls back");
        one_exchange(&mut tcp, "HTTP/1.1 204 No Content\r\nConnection: close\r\n\r\n").await
    });
    assert_eq!(status, 204);
    let body = request.split("\r\n\r\n").nth(1).expect("a form");
    match callback::read(&"sms".into(), &reader, CallbackKind::Reply, "", body.as_bytes()) {
        Ok(Some(GatewayEvent::Reply { from, text, .. })) => {
            assert_eq!((&*from.0, text.as_str()), ("+46701740605", "JA 14 åäö"));
        }
        other => panic!("{other:?}"),
    }
}

#[tokio::test]
async fn a_refused_login_is_said_once_and_not_tried_again_and_again() {
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("port");
    let url = format!("http://{}/send", listener.local_addr().expect("addr"));
    let mut running = run(generic_json(&url, Secret::new("guess")));
    running.jobs.send(job(1, "+46701740605", "Larm.")).await.expect("runs");
    let (mut tcp, _) = listener.accept().await.expect("connects");
    one_exchange(&mut tcp, "HTTP/1.1 401 Unauthorized\r\nContent-Length: 10\r\n\r\nbad token\n").await;
    match tokio::time::timeout(PATIENCE, running.events.recv()).await.expect("in time") {
        Some(GatewayEvent::Down { cause: Some(why), .. }) => {
            assert!(why.contains("check user, password or token") && !why.contains("guess"), "{why}");
        }
        other => panic!("{other:?}"),
    }
    assert!(matches!(running.outcome().await.1, Err(SendError::Temporary { .. })));
    // The next goes another way at once: nobody is asked.
    for n in 2..5 {
        let told = running.send(job(n, "+46701740605", "Larm.")).await;
        assert!(matches!(told, Err(SendError::Temporary { retry_after_s: Some(60), .. })), "{told:?}");
    }
    let none = tokio::time::timeout(Duration::from_millis(50), listener.accept()).await;
    assert!(none.is_err(), "asked once");
}

#[tokio::test]
async fn a_wrong_certificate_is_not_believed() {
    use rustls_pki_types::pem::PemObject;
    let _ = rustls::crypto::ring::default_provider().install_default();
    let file = |name: &str| format!("{}/tests/it/gateways/smtp/{name}", env!("CARGO_MANIFEST_DIR"));
    let certs = rustls_pki_types::CertificateDer::pem_file_iter(file("server.pem")).expect("a file");
    let key = rustls_pki_types::PrivateKeyDer::from_pem_file(file("server.key")).expect("a key");
    let tls = rustls::ServerConfig::builder()
        .with_no_client_auth()
        .with_single_cert(certs.map(|c| c.expect("a certificate")).collect(), key)
        .expect("a certificate and its key");
    let acceptor = tokio_rustls::TlsAcceptor::from(Arc::new(tls));
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("port");
    let url = format!("https://localhost:{}/send", listener.local_addr().expect("addr").port());
    tokio::spawn(async move {
        while let Ok((tcp, _)) = listener.accept().await {
            // It fails: that is what is tested.
            let _ = acceptor.accept(tcp).await;
        }
    });
    // Its name is mail.example.
    let config = SmsHttpConfig { ca_file: Some(file("ca.pem").into()), ..generic_json(&url, Secret::new("hemlig")) };
    let health = gateway(config.clone()).probe().await;
    assert!(!health.ok && health.detail.contains("certificate"), "{}", health.detail);
    let told = run(config).send(job(1, "+46701740605", "Larm.")).await;
    assert!(matches!(&told, Err(SendError::Temporary { cause, .. }) if cause.contains("certificate")), "{told:?}");
}
