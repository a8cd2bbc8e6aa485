//! SMS over HTTP against Kannel and its fake centre.

use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::Arc;

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpListener;
use tokio::sync::{mpsc, watch};
use vardkase::domain::text::sms::SmsLimits;
use vardkase::gateways::callback::CallbackKind;
use vardkase::gateways::http_api::callback;
use vardkase::gateways::sms_http::{Preset, SmsHttp, SmsHttpConfig};
use vardkase::gateways::{Gateway, GatewayEvent, Secret};
use vardkase::sim::verify::Kind;

use super::sms_far::{PATIENCE, job, same, texts};
use super::{port, said};
use crate::gateways::smpp::{kind, outgoing};

/// What Kannel calls back with: read by the gateway, told as it would be.
async fn called_back(listener: TcpListener, gateway: Arc<SmsHttp>, out: mpsc::Sender<GatewayEvent>) {
    while let Ok((mut tcp, _)) = listener.accept().await {
        let mut head = Vec::new();
        while !head.windows(4).any(|w| w == b"\r\n\r\n") {
            if tcp.read_buf(&mut head).await.unwrap_or(0) == 0 {
                break;
            }
        }
        let head = String::from_utf8_lossy(&head).into_owned();
        let target = head.split(' ').nth(1).unwrap_or_default();
        let (path, query) = target.split_once('?').unwrap_or((target, ""));
        let which = if path == "/reply" { CallbackKind::Reply } else { CallbackKind::Receipt };
        let event = callback::read(&"sms".into(), &gateway.callback_names(), which, query, b"")
            .unwrap_or_else(|e| panic!("{target}: {e}"));
        tcp.write_all(b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\nConnection: close\r\n\r\nok").await.expect("answers");
        if let Some(event) = event {
            out.send(event).await.expect("listened to");
        }
    }
}

fn percent_decoded(text: &str) -> Vec<u8> {
    let octets = text.as_bytes();
    let (mut out, mut at) = (Vec::new(), 0);
    while at < octets.len() {
        match octets[at] {
            b'+' => out.push(b' '),
            b'%' => {
                out.push(u8::from_str_radix(&text[at + 1..at + 3], 16).expect("two digits"));
                at += 2;
            }
            other => out.push(other),
        }
        at += 1;
    }
    out
}

/// Letters of a part: UCS-2 when it has NULs or does not read as UTF-8, as fakesmsc prints the octets of either.
fn letters(octets: &[u8], wide: bool) -> String {
    if wide {
        let units: Vec<u16> = octets.chunks(2).map(|p| u16::from_be_bytes([p[0], p[1]])).collect();
        return String::from_utf16(&units).expect("UCS-2");
    }
    String::from_utf8(octets.to_vec()).expect("UTF-8")
}

/// What fakesmsc printed, parts joined: to whom, what.
pub fn printed(dir: &Path, is_wide: impl Fn(&str) -> bool) -> Vec<(String, String)> {
    let text = std::fs::read_to_string(dir.join("fake.out")).unwrap_or_default();
    let (mut all, mut joining) = (Vec::new(), std::collections::BTreeMap::<_, Vec<(u8, Vec<u8>)>>::new());
    for line in text.lines().filter_map(|l| l.split_once("Got message ")?.1.split_once(": <")).map(|(_, rest)| rest) {
        let line = line.strip_suffix('>').expect("whole lines");
        let mut words = line.splitn(4, ' ');
        let (_, to, form, rest) =
            (words.next(), words.next().expect("to"), words.next().expect("a form"), words.next());
        let rest = rest.unwrap_or_default();
        match form {
            "text" => all.push((to.to_owned(), rest.to_owned())),
            "data" => all.push((to.to_owned(), letters(&percent_decoded(rest), is_wide(to)))),
            "udh" => {
                let (header, data) = rest.split_once(" data ").or(rest.split_once(" text ")).expect("header and data");
                let header = percent_decoded(header);
                let [5, 0, 3, reference, n, k] = header[..] else { panic!("{header:?}") };
                let parts = joining.entry((to.to_owned(), reference)).or_default();
                parts.push((k, percent_decoded(data)));
                if parts.len() == usize::from(n) {
                    parts.sort();
                    let whole: Vec<u8> = parts.drain(..).flat_map(|(_, octets)| octets).collect();
                    all.push((to.to_owned(), letters(&whole, is_wide(to))));
                }
            }
            other => panic!("{other}: {line}"),
        }
    }
    all
}

/// Somebody's telephone: sends one text and stays connected until it is dropped.
struct Phone(Child);

impl Phone {
    fn writes(dir: &Path, text: &str) -> Self {
        let log = std::fs::File::create(dir.join("phone.out")).expect("its log");
        let centre = port("KANNEL_PHONES").to_string();
        let child = Command::new(said("FAKESMSC"))
            .args(["-H", "127.0.0.1", "-r", &centre, "-m", "1", text])
            .stdout(Stdio::null())
            .stderr(log)
            .spawn();
        Self(child.expect("fakesmsc starts"))
    }
}

impl Drop for Phone {
    fn drop(&mut self) {
        // It may have ended by itself.
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

struct Running {
    jobs: mpsc::Sender<vardkase::gateways::Job>,
    events: mpsc::Receiver<GatewayEvent>,
    _stop: watch::Sender<bool>,
}

impl Running {
    async fn told(&mut self) -> String {
        match tokio::time::timeout(PATIENCE, self.events.recv()).await.expect("in time").expect("runs") {
            GatewayEvent::Outcome { delivery, result: Ok(_) } => format!("{delivery} accepted"),
            GatewayEvent::Outcome { delivery, result: Err(e) } => format!("{delivery} {}", kind(&e)),
            GatewayEvent::Receipt { delivery, result: Ok(()), .. } => format!("{} delivered", delivery.expect("ours")),
            GatewayEvent::Reply { from, text, .. } => format!("{}: {text}", from.0),
            other => panic!("{other:?}"),
        }
    }
}

#[tokio::test]
#[ignore = "needs the real server: tests/peers/kannel.sh"]
async fn kannel_sends_the_same_text_and_calls_back() {
    let _ = rustls::crypto::ring::default_provider().install_default();
    let dir = PathBuf::from(said("KANNEL_DIR"));
    let back = port("KANNEL_BACK");
    let url = format!("http://127.0.0.1:{}/cgi-bin/sendsms", port("KANNEL_PORT"));
    let config = |password: &str| SmsHttpConfig {
        from: "72112".into(),
        sms: SmsLimits { parts_max: 20, ..SmsLimits::default() },
        url: url.as_str().into(),
        preset: Preset::Kannel,
        user: Some("tester".into()),
        password: Some(Secret::new(password)),
        callback_url: Some(format!("http://127.0.0.1:{back}/receipt")),
        ..SmsHttpConfig::default()
    };
    let gateway = Arc::new(SmsHttp::new("sms".into(), config("foobar")).expect("a good configuration"));
    let (jobs, job_receiver) = mpsc::channel(100);
    let (event_sender, events) = mpsc::channel(100);
    let (stop, stopped) = watch::channel(false);
    let listener = TcpListener::bind(("127.0.0.1", back)).await.expect("the port");
    tokio::spawn(called_back(listener, gateway.clone(), event_sender.clone()));
    let runs = gateway.clone();
    tokio::spawn(async move { runs.run(job_receiver, event_sender, stopped).await });
    let mut running = Running { jobs, events, _stop: stop };

    let all = texts();
    for (n, out) in (100..).zip(&all) {
        running.jobs.send(job(n, &format!("+4670174{n:04}"), out)).await.expect("runs");
        // Accepted and delivered, in whichever order.
        let mut both = [running.told().await, running.told().await];
        both.sort();
        assert_eq!(both, [format!("14.{n} accepted"), format!("14.{n} delivered")]);
    }
    let wide: Vec<String> =
        (100..).zip(&all).filter(|(_, out)| out.text().contains('я')).map(|(n, _)| format!("+4670174{n:04}")).collect();
    let printed = printed(&dir, |to| wide.iter().any(|w| w == to));
    for (n, out) in (100..).zip(&all) {
        same(&printed, &format!("+4670174{n:04}"), Kind::Joined, out);
    }

    for (line, reply) in [
        ("+46701740605 72112 text JA 14", "+46701740605: JA 14"),
        ("+46701740606 72112 text NEJ 14 reserven fungerar inte", "+46701740606: NEJ 14 reserven fungerar inte"),
    ] {
        let phone = Phone::writes(&dir, line);
        assert_eq!(running.told().await, reply);
        drop(phone);
    }

    // A wrong password is one clear error.
    let wrong = Arc::new(SmsHttp::new("sms".into(), config("guess")).expect("a good configuration"));
    let (jobs, job_receiver) = mpsc::channel(1);
    let (event_sender, mut events) = mpsc::channel(10);
    let (_stop, stopped) = watch::channel(false);
    tokio::spawn(async move { wrong.run(job_receiver, event_sender, stopped).await });
    jobs.send(job(1, "+46701740605", &outgoing("Larm."))).await.expect("runs");
    match events.recv().await {
        Some(GatewayEvent::Down { cause: Some(why), .. }) => {
            assert!(why.contains("check user, password") && !why.contains("guess"), "{why}");
        }
        other => panic!("{other:?}"),
    }
    assert!(
        matches!(events.recv().await, Some(GatewayEvent::Outcome { result: Err(e), .. }) if kind(&e) == "temporary")
    );
}
