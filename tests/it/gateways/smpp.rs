//! SMPP: the exact bytes, and the client against the centre in `sim`, good and bad.

use std::sync::Arc;
use std::time::Duration;

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{mpsc, watch};
use tokio::task::JoinHandle;
use vardkase::domain::delivery::SendError;
use vardkase::domain::ids::{DeliveryId, IncidentNo};
use vardkase::domain::lang::Lang;
use vardkase::domain::text::sms::{Alphabet, SmsLimits, Split};
use vardkase::domain::text::{Canonical, Exercise, Fingerprint, Mark, NO_MARK, Outgoing, Text};
use vardkase::gateways::Secret;
use vardkase::gateways::smpp::{BindAs, Smpp, SmppConfig, Tls, Version};
use vardkase::gateways::{Address, Gateway, GatewayEvent, Job, MessageContext};
use vardkase::sim::Far;
use vardkase::sim::smpp::{Behaviour, Handle, Letters, Opts, Receipts, SimSmsc};

/// No wait in these tests is longer; it only ends a test that would hang.
const PATIENCE: Duration = Duration::from_secs(20);

pub fn outgoing(text: &str) -> Arc<Outgoing> {
    let f = Fingerprint::of("14-2", "internal", "sv", text);
    let text = Text::<vardkase::domain::text::Actual>::new("14-2", f, Canonical::new(text).expect("canonical"));
    Arc::new(Outgoing::message(&text, NO_MARK))
}

pub fn job(ordinal: u32, to: &str, out: &Arc<Outgoing>) -> Job {
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
        out: out.clone(),
        head: Arc::new(head),
        trailer: Some("Svara JA 14".into()),
        link: None,
        repeat: false,
        ttl_s: 3600,
    }
}

struct Running {
    jobs: mpsc::Sender<Job>,
    events: mpsc::Receiver<GatewayEvent>,
    stop: watch::Sender<bool>,
    task: JoinHandle<()>,
}

fn config(port: u16) -> SmppConfig {
    SmppConfig {
        port,
        system_id: "tester".into(),
        password: Some(Secret::new("secret")),
        from: "Region".into(),
        ..SmppConfig::default()
    }
}

fn run(config: SmppConfig) -> Running {
    let (jobs, job_receiver) = mpsc::channel(1000);
    let (event_sender, events) = mpsc::channel(1000);
    let (stop, stopped) = watch::channel(false);
    let smpp = Smpp::new("sms".into(), config);
    let task = tokio::spawn(async move { smpp.run(job_receiver, event_sender, stopped).await });
    Running { jobs, events, stop, task }
}

impl Running {
    async fn event(&mut self) -> GatewayEvent {
        tokio::time::timeout(PATIENCE, self.events.recv()).await.expect("an event in time").expect("runs")
    }
    /// The next event, short; sessions that come up are left out.
    async fn told(&mut self) -> String {
        loop {
            return match self.event().await {
                GatewayEvent::Down { cause: None, .. } => continue,
                GatewayEvent::Down { cause: Some(_), .. } => "down".into(),
                GatewayEvent::Outcome { delivery, result: Ok(a) } => format!("{delivery} accepted ×{}", a.units),
                GatewayEvent::Outcome { delivery, result: Err(e) } => format!("{delivery} {}", kind(&e)),
                GatewayEvent::Receipt { delivery, result, .. } => {
                    let delivery = delivery.map_or("?".into(), |d| d.to_string());
                    format!(
                        "{delivery} {}",
                        result.map_or_else(|e| format!("not delivered, {}", kind(&e)), |()| "delivered".into())
                    )
                }
                GatewayEvent::Reply { from, text, ack, .. } => {
                    ack.tell();
                    format!("{}: {text}", from.0)
                }
            };
        }
    }
    async fn send(&self, job: Job) {
        self.jobs.send(job).await.expect("runs");
    }
    async fn end(self) {
        self.stop.send(true).expect("runs");
        tokio::time::timeout(PATIENCE, self.task).await.expect("ends in time").expect("no panic");
    }
}

pub fn kind(e: &SendError) -> &'static str {
    match e {
        SendError::Temporary { .. } => "temporary",
        SendError::Permanent { .. } => "permanent",
        SendError::Unknown { .. } => "unknown",
    }
}

async fn centre(opts: Opts) -> (Far, Handle) {
    let far = Far::default();
    let handle = SimSmsc::start(far.clone(), "sim", opts).await.expect("a free port");
    (far, handle)
}
fn shown(far: &Far) -> Vec<(String, String)> {
    far.all().into_iter().map(|s| (s.to, s.text)).collect()
}

async fn read_pdu(tcp: &mut TcpStream) -> Vec<u8> {
    let mut pdu = vec![0; 4];
    tcp.read_exact(&mut pdu).await.expect("a length");
    pdu.resize(u32::from_be_bytes([pdu[0], pdu[1], pdu[2], pdu[3]]) as usize, 0);
    tcp.read_exact(&mut pdu[4..]).await.expect("a body");
    pdu
}

#[tokio::test]
async fn exact_bytes_of_a_session() {
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("port");
    let mut gateway = run(config(listener.local_addr().expect("addr").port()));
    let (mut tcp, _) = listener.accept().await.expect("connects");
    assert_eq!(read_pdu(&mut tcp).await, b"\0\0\0\x23\0\0\0\x09\0\0\0\0\0\0\0\x01tester\0secret\0\0\x34\0\0\0");
    tcp.write_all(b"\0\0\0\x15\x80\0\0\x09\0\0\0\0\0\0\0\x01SMSC\0").await.expect("writes");

    let out = outgoing(&"Å".repeat(140));
    gateway.send(job(3, "+46701740605", &out)).await;
    let (first, second) = (read_pdu(&mut tcp).await, read_pdu(&mut tcp).await);
    let head = b"\0\x05\0Region\0\x01\x0146701740605\0\x40\0\0\x00000000010000000R\0\x01\0\0\0";
    let whole = out.whole(Some("Svara JA 14")).replace('Å', "\x0e");
    let reference = first[16 + head.len() + 4];
    for (pdu, sequence, k, text) in
        [(&first, 2, 1, &whole.as_bytes()[..153]), (&second, 3, 2, &whole.as_bytes()[153..])]
    {
        let mut expected = vec![0, 0, 0, pdu.len() as u8, 0, 0, 0, 4, 0, 0, 0, 0, 0, 0, 0, sequence];
        expected.extend(head);
        expected.push(text.len() as u8 + 6);
        expected.extend([5, 0, 3, reference, 2, k]);
        expected.extend(text);
        assert_eq!(*pdu, expected, "part {k}");
    }
    tcp.write_all(b"\0\0\0\x12\x80\0\0\x04\0\0\0\0\0\0\0\x03b\0\0\0\0\x12\x80\0\0\x04\0\0\0\0\0\0\0\x02a\0")
        .await
        .expect("writes");
    assert_eq!(gateway.told().await, "14.3 accepted ×2");

    gateway.stop.send(true).expect("runs");
    assert_eq!(read_pdu(&mut tcp).await, b"\0\0\0\x10\0\0\0\x06\0\0\0\0\0\0\0\x04");
    tcp.write_all(b"\0\0\0\x10\x80\0\0\x06\0\0\0\0\0\0\0\x04").await.expect("writes");
    gateway.task.await.expect("ends");
}

#[tokio::test]
async fn a_text_is_shown_whole_however_it_is_split_and_written() {
    let long = "Journalen ligger nere på sjukhus och vårdcentraler [A] {B} €. ".repeat(6).trim_end().to_owned();
    let cyrillic = format!("“Журнал” 😀 – {}", "я".repeat(150));
    for (alphabet, letters) in
        [(Alphabet::Gsm7, Letters::Gsm), (Alphabet::Latin1, Letters::Latin1), (Alphabet::Ascii, Letters::Ascii)]
    {
        let (far, smsc) = centre(Opts { letters, ..Opts::default() }).await;
        for split in [Split::Udh8, Split::Udh16, Split::Sar, Split::Payload] {
            let sms = SmsLimits { alphabet, split, parts_max: 20, ..SmsLimits::default() };
            let mut gateway = run(SmppConfig { sms, ..config(smsc.addr.port()) });
            for text in ["Larm.", &long, &cyrillic] {
                let out = outgoing(text);
                gateway.send(job(1, "+46701740605", &out)).await;
                assert!(gateway.told().await.starts_with("14.1 accepted"));
                assert_eq!(gateway.told().await, "14.1 delivered");
                let expected = format!("14-2 {} {text} Svara JA 14", out.fingerprint().expect("a message"));
                assert_eq!(shown(&far).last(), Some(&("46701740605".into(), expected)), "{split:?} {alphabet:?}");
            }
            gateway.end().await;
        }
    }
}

#[tokio::test]
async fn a_drill_in_separate_sms_is_marked_on_each() {
    let (far, smsc) = centre(Opts::default()).await;
    let text = "Journalen ligger nere. Gör nu: pappersjournal. ".repeat(6).trim_end().to_owned();
    let f = Fingerprint::of("Ö-3-1", "internal", "sv", &text);
    let drill = Text::<Exercise>::new("Ö-3-1", f, Canonical::new(&text).expect("canonical"));
    let out = Arc::new(Outgoing::message(&drill, Mark::new("ÖVNING").expect("a word")));
    let sms = SmsLimits { split: Split::Separate, ..SmsLimits::default() };
    let mut gateway = run(SmppConfig { sms, ..config(smsc.addr.port()) });
    gateway.send(job(1, "+46701740605", &out)).await;
    assert_eq!(gateway.told().await, "14.1 accepted ×3");
    assert_eq!(gateway.told().await, "14.1 delivered");
    let mut joined = String::new();
    for ((_, unit), k) in shown(&far).iter().zip(1..) {
        let rest = unit.strip_prefix(&format!("ÖVNING Ö-3-1 {f} {k}/3 ")).expect("header");
        let rest = rest.strip_suffix(" ÖVNING").expect("mark");
        joined.push_str(rest.strip_suffix(" ÖVNING Svara JA 14").unwrap_or(rest));
    }
    assert_eq!(joined, text);
    gateway.end().await;
}

#[tokio::test]
async fn each_failure_has_its_kind() {
    let (far, smsc) = centre(Opts::default()).await;
    let mut gateway = run(config(smsc.addr.port()));
    let out = outgoing("Larm.");
    let cases: [(&str, &[&str]); 5] = [
        ("+46700000001", &["14.1 permanent"]),
        ("+46700000003", &["14.1 accepted ×1", "14.1 not delivered, permanent"]),
        ("+46700000004", &["14.1 accepted ×1"]),
        ("+46700000007", &["14.1 accepted ×1", "14.1 delivered"]),
        ("nobody", &["14.1 permanent"]),
    ];
    for (to, expected) in cases {
        gateway.send(job(1, to, &out)).await;
        for expected in expected {
            assert_eq!(gateway.told().await, *expected, "{to}");
        }
    }
    assert_eq!(shown(&far).len(), 2);
    gateway.send(job(1, "+46700000006", &out)).await;
    assert_eq!(gateway.told().await, "14.1 unknown", "closed in the middle");
    assert_eq!(gateway.told().await, "down");
    gateway.end().await;
    let mut gateway = run(config(smsc.addr.port()));
    gateway.send(job(1, "+46700000008", &out)).await;
    assert_eq!(gateway.told().await, "14.1 unknown", "garbage");
    gateway.end().await;
}

#[tokio::test]
async fn throttled_is_temporary_and_the_next_waits() {
    let (_far, smsc) = centre(Opts { all: Behaviour::ThrottleEverySecond, ..Opts::default() }).await;
    let mut gateway = run(SmppConfig { window_max: 1, receipts: false, ..config(smsc.addr.port()) });
    let out = outgoing("Larm.");
    gateway.send(job(1, "+46701740605", &out)).await;
    gateway.send(job(2, "+46701740606", &out)).await;
    assert_eq!(gateway.told().await, "14.1 accepted ×1");
    match gateway.event().await {
        GatewayEvent::Outcome { result: Err(SendError::Temporary { cause, retry_after_s }), .. } => {
            assert_eq!(retry_after_s, Some(1));
            assert!(cause.contains("ESME_RTHROTTLED"), "{cause}");
        }
        other => panic!("{other:?}"),
    }
    gateway.end().await;
}

#[tokio::test]
async fn rule_g2_throttled_for_ever_is_later_each_time_and_what_is_dropped_is_accepted() {
    let (_far, smsc) = centre(Opts { all: Behaviour::Throttle, ..Opts::default() }).await;
    let mut gateway = run(config(smsc.addr.port()));
    let out = outgoing("Larm.");
    for n in 1..3 {
        gateway.send(job(n, "+46701740605", &out)).await;
        let outcome = loop {
            match gateway.event().await {
                GatewayEvent::Down { cause: None, .. } => {}
                event => break event,
            }
        };
        let later = |e: &SendError| matches!(e, SendError::Temporary { retry_after_s: Some(_), .. });
        assert!(matches!(&outcome, GatewayEvent::Outcome { result: Err(e), .. } if later(e)), "{outcome:?}");
    }
    gateway.end().await;
    let (far, smsc) = centre(Opts { all: Behaviour::Drops, ..Opts::default() }).await;
    let mut gateway = run(config(smsc.addr.port()));
    gateway.send(job(1, "+46701740605", &out)).await;
    assert_eq!(gateway.told().await, "14.1 accepted ×1");
    assert!(shown(&far).is_empty());
    gateway.end().await;
}

#[tokio::test]
async fn receipts_in_all_notations_find_their_delivery() {
    for receipts in [Receipts::Both, Receipts::Text, Receipts::DecimalText, Receipts::Parameters] {
        let (_far, smsc) = centre(Opts { receipts, ..Opts::default() }).await;
        let mut gateway = run(config(smsc.addr.port()));
        let out = outgoing("Larm.");
        // The centre's numbers go from 9 over a to 14: read the wrong way, one would be another's.
        for n in 9..=20 {
            gateway.send(job(n, &format!("+4670174{n:04}"), &out)).await;
        }
        let mut told = Vec::new();
        for _ in 0..24 {
            told.push(gateway.told().await);
        }
        for n in 9..=20 {
            assert!(told.contains(&format!("14.{n} delivered")), "{receipts:?}: {told:?}");
        }
        gateway.end().await;
    }
}

#[tokio::test]
async fn people_write_back_in_one_part_or_more() {
    let (_far, smsc) = centre(Opts::default()).await;
    for bind_as in [BindAs::Transceiver, BindAs::TransmitterAndReceiver] {
        let before = if bind_as == BindAs::Transceiver { 1 } else { 3 };
        let mut gateway = run(SmppConfig { bind: bind_as, ..config(smsc.addr.port()) });
        tokio::time::timeout(PATIENCE, smsc.bound(before)).await.expect("bound");
        let long = "NEJ 14 vår reserv på avdelningen fungerar inte. ".repeat(8);
        for text in ["JA 14", "Jag tar det 👍", &long] {
            assert!(smsc.reply("+46701740605", text).await);
            assert_eq!(gateway.told().await, format!("+46701740605: {text}"));
        }
        gateway.send(job(1, "+46701740605", &outgoing("Larm."))).await;
        let mut both = [gateway.told().await, gateway.told().await];
        both.sort();
        assert_eq!(both, ["14.1 accepted ×1", "14.1 delivered"]);
        gateway.end().await;
    }
}

#[tokio::test]
async fn a_lost_session_comes_back() {
    let (far, smsc) = centre(Opts::default()).await;
    let mut gateway = run(config(smsc.addr.port()));
    tokio::time::timeout(PATIENCE, smsc.bound(1)).await.expect("bound");
    smsc.close_sessions();
    assert_eq!(gateway.told().await, "down");
    gateway.send(job(1, "+46701740605", &outgoing("Larm."))).await;
    assert_eq!(gateway.told().await, "14.1 temporary", "another gateway may have it at once");
    tokio::time::timeout(PATIENCE, smsc.bound(2)).await.expect("bound again");
    gateway.send(job(2, "+46701740605", &outgoing("Larm."))).await;
    assert_eq!(gateway.told().await, "14.2 accepted ×1");
    assert_eq!(shown(&far).len(), 1);
    gateway.end().await;
}

#[tokio::test]
async fn nobody_there_and_a_wrong_password_are_told() {
    let (_far, smsc) = centre(Opts::default()).await;
    let wrong = SmppConfig { password: Some(Secret::new("guess")), ..config(smsc.addr.port()) };
    let health = Smpp::new("sms".into(), wrong.clone()).probe().await;
    assert!(!health.ok && health.detail.contains("check password"), "{}", health.detail);
    assert!(Smpp::new("sms".into(), config(smsc.addr.port())).probe().await.ok);
    let port = smsc.addr.port();
    drop(smsc);
    let mut gateway = run(config(port));
    assert_eq!(gateway.told().await, "down");
    gateway.send(job(1, "+46701740605", &outgoing("Larm."))).await;
    assert_eq!(gateway.told().await, "14.1 temporary");
    gateway.end().await;
    assert!(!format!("{wrong:?}").contains("guess"), "secrets never show");
}

#[tokio::test]
async fn a_hundred_messages_do_not_wait_for_each_other() {
    let (_far, smsc) = centre(Opts { sink: true, ..Opts::default() }).await;
    let mut gateway = run(SmppConfig { window_max: 1, ..config(smsc.addr.port()) });
    tokio::time::timeout(PATIENCE, smsc.bound(1)).await.expect("bound");
    let (out, began) = (outgoing("Larm."), std::time::Instant::now());
    for n in 0..100 {
        gateway.send(job(n, "+46701740605", &out)).await;
        assert!(gateway.told().await.ends_with("accepted ×1"));
    }
    // Without TCP_NODELAY each takes the 40 ms of a delayed acknowledgement.
    assert!(began.elapsed() < Duration::from_millis(2000), "{:?}", began.elapsed());
    gateway.end().await;
}

#[tokio::test]
async fn several_sessions_share_the_work_and_one_that_breaks_stops_nobody() {
    let (far, smsc) = centre(Opts::default()).await;
    let mut gateway = run(SmppConfig { binds: 3, window_max: 2, receipts: false, ..config(smsc.addr.port()) });
    tokio::time::timeout(PATIENCE, smsc.bound(3)).await.expect("bound");
    let out = outgoing("Larm.");
    for n in 0..60 {
        gateway.send(job(n, "+46701740605", &out)).await;
    }
    let mut told = Vec::new();
    while told.len() < 60 {
        told.push(gateway.told().await);
    }
    assert!(told.iter().all(|t| t.ends_with("accepted ×1")), "{told:?}");
    assert_eq!(far.all().len(), 60);
    // One session dies over a text; the others go on, and nobody is told that the gateway is down.
    gateway.send(job(61, "+46700000006", &out)).await;
    assert_eq!(gateway.told().await, "14.61 unknown");
    for n in 62..70 {
        gateway.send(job(n, "+46701740605", &out)).await;
        assert_eq!(gateway.told().await, format!("14.{n} accepted ×1"));
    }
    smsc.close_sessions();
    assert_eq!(gateway.told().await, "down");
    gateway.end().await;
}

/// A gateway that answers each bind with these bytes; how often it was asked.
async fn refuses(answer: &'static [u8]) -> (u16, Arc<std::sync::atomic::AtomicUsize>) {
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("port");
    let port = listener.local_addr().expect("addr").port();
    let asked = Arc::new(std::sync::atomic::AtomicUsize::new(0));
    let count = asked.clone();
    tokio::spawn(async move {
        while let Ok((mut tcp, _)) = listener.accept().await {
            read_pdu(&mut tcp).await;
            count.fetch_add(1, std::sync::atomic::Ordering::SeqCst);
            // The client may have gone.
            let _ = tcp.write_all(answer).await;
        }
    });
    (port, asked)
}

#[tokio::test]
async fn a_refused_password_is_said_once_and_not_tried_again_and_again() {
    let (port, asked) = refuses(b"\0\0\0\x10\x80\0\0\x09\0\0\0\x0e\0\0\0\x01").await;
    let smpp = Arc::new(Smpp::new("sms".into(), SmppConfig { binds: 4, ..config(port) }));
    let (_jobs, job_receiver) = mpsc::channel(1);
    let (event_sender, mut events) = mpsc::channel(10);
    let (_stop, stopped) = watch::channel(false);
    let runs = smpp.clone();
    let task = tokio::spawn(async move { runs.run(job_receiver, event_sender, stopped).await });
    match tokio::time::timeout(PATIENCE, events.recv()).await.expect("in time") {
        Some(GatewayEvent::Down { cause: Some(why), .. }) => {
            assert!(why.contains("ESME_RINVPASWD, check password"), "{why}");
        }
        other => panic!("{other:?}"),
    }
    // A gateway that is merely away is tried again within a second.
    tokio::time::sleep(Duration::from_millis(1300)).await;
    let health = smpp.probe().await;
    assert!(!health.ok && health.detail.contains("check password") && health.detail.contains("asked again in"));
    assert_eq!(asked.load(std::sync::atomic::Ordering::SeqCst), 1, "one try, whoever asks");
    assert!(events.try_recv().is_err(), "said once");
    task.abort();
}

#[tokio::test]
async fn what_is_no_gateway_is_said_at_the_probe() {
    for (answer, why) in [
        (&b"SSH-2.0-OpenSSH_9.2\r\n"[..], "not an SMPP gateway"),
        (b"\0\0\0\x10\x80\0\0\x09\0\0\0\x0d\0\0\0\x01", "check system_id and password"),
        (b"\0\0\0\x10\x80\0\0\0\0\0\0\x03\0\0\0\0", "ESME_RINVCMDID"),
        (b"\0\0\0\x15\x80\0", "closed the connection"),
        (b"\0\x02\0\0\x80\0\0\x09", "not an SMPP gateway"),
    ] {
        let (port, _) = refuses(answer).await;
        let health = Smpp::new("sms".into(), config(port)).probe().await;
        assert!(!health.ok && health.detail.contains(why), "{}", health.detail);
    }
}

#[tokio::test]
async fn version_5_is_said_in_bind() {
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("port");
    let port = listener.local_addr().expect("addr").port();
    let gateway = run(SmppConfig { version: Version::V50, bind: BindAs::TransmitterAndReceiver, ..config(port) });
    let mut commands = Vec::new();
    for _ in 0..2 {
        let (mut tcp, _) = listener.accept().await.expect("connects");
        let bind = read_pdu(&mut tcp).await;
        assert_eq!(bind[16..], b"tester\0secret\0\0\x50\0\0\0"[..]);
        commands.push(bind[7]);
    }
    commands.sort_unstable();
    assert_eq!(commands, [1, 2], "one to receive, one to send");
    gateway.task.abort();
}

fn tls_file(name: &str) -> String {
    format!("{}/tests/it/gateways/smtp/{name}", env!("CARGO_MANIFEST_DIR"))
}

/// A line with TLS in front of a plain centre, with the certificate of `mail.example`.
async fn secured(to: u16) -> u16 {
    use rustls_pki_types::pem::PemObject;
    let certs = rustls_pki_types::CertificateDer::pem_file_iter(tls_file("server.pem")).expect("a file");
    let key = rustls_pki_types::PrivateKeyDer::from_pem_file(tls_file("server.key")).expect("a key");
    let tls = rustls::ServerConfig::builder_with_provider(Arc::new(rustls::crypto::ring::default_provider()))
        .with_safe_default_protocol_versions()
        .expect("versions")
        .with_no_client_auth()
        .with_single_cert(certs.map(|c| c.expect("a certificate")).collect(), key)
        .expect("a certificate and its key");
    let acceptor = tokio_rustls::TlsAcceptor::from(Arc::new(tls));
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("port");
    let port = listener.local_addr().expect("addr").port();
    tokio::spawn(async move {
        while let Ok((tcp, _)) = listener.accept().await {
            let acceptor = acceptor.clone();
            tokio::spawn(async move {
                let (Ok(mut near), Ok(mut far)) =
                    (acceptor.accept(tcp).await, TcpStream::connect(("127.0.0.1", to)).await)
                else {
                    return;
                };
                let _ = tokio::io::copy_bidirectional(&mut near, &mut far).await;
            });
        }
    });
    port
}

#[tokio::test]
async fn a_wrong_certificate_is_not_believed_and_a_right_one_carries() {
    let (far, smsc) = centre(Opts::default()).await;
    let right = SmppConfig {
        tls: Tls::Implicit,
        ca_file: Some(tls_file("ca.pem").into()),
        tls_name: Some("mail.example".into()),
        ..config(secured(smsc.addr.port()).await)
    };
    for (wrong, why) in [
        (SmppConfig { tls_name: Some("other.example".into()), ..right.clone() }, "not valid for name"),
        (SmppConfig { ca_file: Some(tls_file("server.pem").into()), ..right.clone() }, "certificate"),
        (SmppConfig { ca_file: Some("/nowhere.pem".into()), ..right.clone() }, "ca_file"),
    ] {
        let health = Smpp::new("sms".into(), wrong).probe().await;
        assert!(!health.ok && health.detail.contains(why), "{}", health.detail);
    }
    assert_eq!(smsc.submits(), 0);
    let mut gateway = run(right);
    gateway.send(job(1, "+46701740605", &outgoing("Larm."))).await;
    assert_eq!(gateway.told().await, "14.1 accepted ×1");
    assert_eq!(gateway.told().await, "14.1 delivered");
    assert_eq!(far.all().len(), 1);
    gateway.end().await;
}

#[tokio::test]
async fn an_answer_in_single_octets_or_twice_is_one_answer() {
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("port");
    let mut gateway = run(config(listener.local_addr().expect("addr").port()));
    let (mut tcp, _) = listener.accept().await.expect("connects");
    read_pdu(&mut tcp).await;
    tcp.set_nodelay(true).expect("a socket");
    for octet in b"\0\0\0\x15\x80\0\0\x09\0\0\0\0\0\0\0\x01SMSC\0" {
        tcp.write_all(&[*octet]).await.expect("writes");
        tokio::task::yield_now().await;
    }
    gateway.send(job(3, "+46701740605", &outgoing("Larm."))).await;
    read_pdu(&mut tcp).await;
    let answer = b"\0\0\0\x12\x80\0\0\x04\0\0\0\0\0\0\0\x02a\0";
    for octet in answer.iter().chain(answer) {
        tcp.write_all(&[*octet]).await.expect("writes");
        tokio::task::yield_now().await;
    }
    assert_eq!(gateway.told().await, "14.3 accepted ×1");
    gateway.send(job(4, "+46701740605", &outgoing("Larm."))).await;
    read_pdu(&mut tcp).await;
    // Half an answer, then nothing more: it may have gone out.
    tcp.write_all(&answer[..9]).await.expect("writes");
    drop(tcp);
    assert_eq!(gateway.told().await, "14.4 unknown");
    gateway.task.abort();
}
