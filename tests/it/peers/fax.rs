//! HylaFAX itself: over software lines whose called parties misbehave (`tests/peers/fax_rig.sh`), and in a true call over two
//! iaxmodems (`tests/peers/fax_iax.sh`). What was received is read by tesseract and zbarimg, which know nothing of us.

use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::Arc;
use std::time::{Duration, Instant};

use tokio::sync::{mpsc, watch};
use vardkase::domain::delivery::{Accepted, SendError};
use vardkase::domain::ids::{DeliveryId, GatewayId, IncidentNo};
use vardkase::domain::lang::Lang;
use vardkase::domain::text::{Actual, Canonical, Exercise, Fingerprint, Mark, NO_MARK, Outgoing, Text};
use vardkase::gateways::hylafax::{Hylafax, HylafaxConfig};
use vardkase::gateways::{Address, Gateway, GatewayEvent, Job, MessageContext};
use vardkase::yaml::Secs;

use super::{port, said};

const ALARM: &str = "LARM STABSLÄGE FS: Journalen ligger nere. Gör nu: gå över till pappersjournal, läs äldre ordinationer i \
    reservläget. Gäller: sjukhus och vårdcentraler i Fjällmark. Sedan: 03.12. Åter i drift: okänt. Nästa besked: 04.15. \
    Kontakt: 0980-319 200.";
const URL: &str = "https://lage.fjallmark.example/i/14";
/// Dials and tries that the server may make in these tests.
const CALLS_MAX: u16 = 2;
/// Longer than any call here.
const PATIENCE: Duration = Duration::from_secs(400);
/// What one page may cost us from release to the submitted job.
const OUR_SHARE_MAX: Duration = Duration::from_millis(200);
const THOUSAND: u32 = 1_000;

fn actual(text: &str) -> Arc<Outgoing> {
    let fingerprint = Fingerprint::of("14-2", "internal", "sv", text);
    Arc::new(Outgoing::message(&Text::<Actual>::new("14-2", fingerprint, Canonical::new(text).unwrap()), NO_MARK))
}

fn drill(text: &str) -> Arc<Outgoing> {
    let fingerprint = Fingerprint::of("Ö-3-1", "internal", "sv", text);
    let text = Text::<Exercise>::new("Ö-3-1", fingerprint, Canonical::new(text).unwrap());
    Arc::new(Outgoing::message(&text, Mark::new("ÖVNING").unwrap()))
}

fn job(ordinal: u32, to: &str, out: &Arc<Outgoing>) -> Job {
    Job {
        delivery: DeliveryId { incident: IncidentNo::actual(14), ordinal },
        to: Address(to.into()),
        out: out.clone(),
        head: Arc::new(MessageContext {
            sender: "Region Fjällmark".into(),
            lang: Lang::SV,
            title: "Journalen ligger nere".into(),
            mode_line: "STABSLÄGE · Fjällmarks sjukhus (FS)".into(),
            page_url: URL.into(),
            thread: "incident-14@fjallmark".into(),
            foot: String::new(),
            priority: 0,
        }),
        trailer: Some("Svara JA 14".into()),
        link: None,
        repeat: false,
        ttl_s: 3_600,
    }
}

struct Peer {
    gateway: Arc<Hylafax>,
    jobs: mpsc::Sender<Job>,
    events: mpsc::Receiver<GatewayEvent>,
    _stop: watch::Sender<bool>,
}

fn peer(port: u16, set: impl FnOnce(&mut HylafaxConfig)) -> Peer {
    let mut config = HylafaxConfig {
        port,
        user: "vardkase".into(),
        dials_max: CALLS_MAX,
        tries_max: CALLS_MAX,
        ..HylafaxConfig::default()
    };
    set(&mut config);
    let gateway = Arc::new(Hylafax::new(GatewayId::from("fax"), config));
    let (jobs, queue) = mpsc::channel(16);
    let (out, events) = mpsc::channel(64);
    let (stop, stopped) = watch::channel(false);
    let running = gateway.clone();
    tokio::spawn(async move { running.run(queue, out, stopped).await });
    Peer { gateway, jobs, events, _stop: stop }
}

type End = Result<(), SendError>;

impl Peer {
    async fn event(&mut self) -> GatewayEvent {
        tokio::time::timeout(PATIENCE, self.events.recv()).await.expect("news in time").expect("a gateway that runs")
    }
    async fn accepted(&mut self) -> Result<Accepted, SendError> {
        loop {
            match self.event().await {
                GatewayEvent::Outcome { result, .. } => return result,
                GatewayEvent::Down { cause, .. } => assert_eq!(cause, None),
                other => panic!("{other:?} before the outcome"),
            }
        }
    }
    async fn end(&mut self) -> (u32, End) {
        loop {
            match self.event().await {
                GatewayEvent::Receipt { delivery, result, .. } => return (delivery.unwrap().ordinal, result),
                GatewayEvent::Down { cause, .. } => assert_eq!(cause, None),
                other => panic!("{other:?} instead of an end"),
            }
        }
    }
}

fn run(program: &str, before: &[&str], file: &Path, after: &[&str]) -> String {
    let done = Command::new(program).args(before).arg(file).args(after).output().unwrap();
    String::from_utf8_lossy(&done.stdout).into_owned()
}

/// Every word of the text, in order, each as it is, and the code of every page.
fn reads(tiff: &Path, out: &Outgoing) -> Result<usize, String> {
    let pages = words_read(tiff, out.text(), out.mark().map(|m| m.as_str()))?;
    let codes = codes(tiff);
    let expected = format!("{URL}#{}.{}", out.number(), out.fingerprint().unwrap());
    if codes.len() != pages || codes.iter().any(|c| *c != expected) {
        return Err(format!("the codes of {pages} pages are {codes:?}, not {expected}"));
    }
    Ok(pages)
}

/// What is in the codes on a received fax.
pub fn codes(tiff: &Path) -> Vec<String> {
    run("zbarimg", &["-q", "--raw"], tiff, &[]).lines().map(str::to_owned).collect()
}

/// Every word of the text, in order, each as it is, read by OCR; says how many pages there are.
pub fn words_read(tiff: &Path, text: &str, mark: Option<&str>) -> Result<usize, String> {
    let shown = run("tesseract", &[], tiff, &["-", "-l", "swe", "--psm", "3"]);
    let text: Vec<&str> = text.split(' ').collect();
    let (mut at, mut pages) = (0, 0);
    for page in shown.split('\u{c}').filter(|p| !p.trim().is_empty()) {
        pages += 1;
        let words: Vec<&str> = page.split_whitespace().collect();
        // The longest run of what comes next in the text.
        let run = (0..words.len())
            .map(|from| words[from..].iter().zip(&text[at..]).take_while(|(a, b)| a == b).count())
            .max()
            .unwrap_or(0);
        at += run;
        if let Some(mark) = mark
            && words.iter().filter(|w| **w == mark).count() < 2
        {
            return Err(format!("page {pages} does not begin and end with its mark:\n{page}"));
        }
        if run == 0 {
            return Err(format!(
                "page {pages} has nothing of the text, which goes on with {:?}:\n{page}",
                text.get(at)
            ));
        }
    }
    if at < text.len() {
        return Err(format!("word {at} is not “{}”:\n{shown}", text[at]));
    }
    Ok(pages)
}

/// What a line noted of its calls.
pub fn calls(received: &Path) -> Vec<serde_json::Value> {
    let all = std::fs::read_to_string(received.join("calls.jsonl")).unwrap();
    all.lines().map(|l| serde_json::from_str(l).unwrap()).collect()
}

/// Each called party: its number's end, and what the job ends with; `None`: the fax arrives.
const PARTIES: [(&str, Option<&str>); 9] = [
    ("0000", None),
    ("0006", None),
    ("0007", None),
    ("0001", Some("Busy signal detected; too many attempts to dial")),
    ("0002", Some("No answer from remote; too many attempts to dial")),
    ("0003", Some("No local dialtone; too many attempts to dial")),
    ("0004", Some("No carrier detected")),
    // Where in the call the line breaks decides what HylaFAX calls it.
    ("0005", Some("")),
    ("0008", Some("Invalid dialing command; too many attempts to dial")),
];

#[tokio::test(flavor = "multi_thread")]
#[ignore = "needs the real server: tests/peers/fax_rig.sh"]
async fn rig_each_called_party_gives_its_end() {
    let received = PathBuf::from(said("VARDKASE_PEER_FAX_RECEIVED"));
    let mut peer = peer(port("VARDKASE_PEER_FAX_PORT"), |_| {});
    let health = peer.gateway.probe().await;
    assert!(health.ok, "{health:?}");
    let out = actual(ALARM);
    let mut released = Vec::new();
    println!("one page, from release to the submitted job:");
    for (n, (number, _)) in (0u32..).zip(PARTIES) {
        let at = Instant::now();
        peer.jobs.send(job(n, &format!("098031{number}"), &out)).await.unwrap();
        let accepted = peer.accepted().await.unwrap();
        let took = at.elapsed();
        println!(
            "  {number}: {:6.1} ms{}",
            took.as_secs_f64() * 1e3,
            if n == 0 { " (connection, upload)" } else { "" }
        );
        assert_eq!(accepted.units, 1);
        assert!(took <= OUR_SHARE_MAX, "{took:?} for the whole of it, the server's share included");
        released.push(at);
    }
    println!("ends, with the calls that were made:");
    for _ in PARTIES {
        let (n, end) = peer.end().await;
        let (number, expected) = PARTIES[n as usize];
        let took = released[n as usize].elapsed();
        let made: Vec<_> =
            calls(&received).into_iter().filter(|c| c["number"].as_str().unwrap().ends_with(number)).collect();
        let last = made.last().expect("a call");
        println!(
            "  {number} {:12} {} calls, {:5.1} s after release (the last call: {:5.1} s): {end:?}",
            last["party"].as_str().unwrap(),
            made.len(),
            took.as_secs_f64(),
            last["wall_s"].as_f64().unwrap(),
        );
        match (expected, end) {
            (None, Ok(())) => {
                assert_eq!(made.len(), 1, "{number}");
                assert_eq!(last["ecm"].as_bool().unwrap(), number != "0007", "{number}");
                let file = PathBuf::from(last["file"].as_str().unwrap());
                let read = reads(&file, &out);
                // A burst of noise may cost a line where there is no error correction; here there is.
                assert_eq!(read, Ok(1), "{number}");
            }
            (Some(why), Err(SendError::Permanent { cause })) => {
                assert!(if why.is_empty() { !cause.is_empty() } else { cause == why }, "{number}: {cause}");
                assert_eq!(made.len(), usize::from(CALLS_MAX), "{number}: the server dialled again");
            }
            (_, end) => panic!("{number}: {end:?}"),
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "needs the real server: tests/peers/fax_rig.sh"]
async fn rig_a_thousand_jobs_are_queued_found_again_and_taken_back() {
    let quiet = port("VARDKASE_PEER_FAX_QUIET_PORT");
    let out = actual(ALARM);
    let all: Vec<Job> = (0..THOUSAND).map(|n| job(n, &format!("0980320{n:04}"), &out)).collect();
    let mut first = peer(quiet, |c| (c.connections_max, c.waits_max, c.poll_every) = (4, 0, Secs(600)));
    let at = Instant::now();
    let feeding = {
        let (jobs, all) = (first.jobs.clone(), all.clone());
        tokio::spawn(async move {
            for job in all {
                jobs.send(job).await.unwrap();
            }
        })
    };
    for _ in 0..THOUSAND {
        first.accepted().await.unwrap();
    }
    feeding.await.unwrap();
    let took = at.elapsed();
    println!(
        "{THOUSAND} jobs over 4 connections: {:.2} s, {:.0} jobs/s",
        took.as_secs_f64(),
        f64::from(THOUSAND) / took.as_secs_f64()
    );
    drop(first);

    // As after a crash: all are possible repeats, and the server has them.
    let mut second = peer(quiet, |c| (c.connections_max, c.waits_max, c.poll_every) = (4, 0, Secs(600)));
    let at = Instant::now();
    let feeding = {
        let (jobs, all) = (second.jobs.clone(), all.clone());
        tokio::spawn(async move {
            for job in all {
                jobs.send(Job { repeat: true, ..job }).await.unwrap();
            }
        })
    };
    let mut found = std::collections::BTreeSet::new();
    for _ in 0..THOUSAND {
        found.insert(second.accepted().await.unwrap().gateway_ref);
    }
    feeding.await.unwrap();
    println!("found again: {:.2} s", at.elapsed().as_secs_f64());
    let highest = found.iter().map(|id| id.parse::<u32>().unwrap()).max().unwrap();
    assert_eq!((found.len(), highest), (THOUSAND as usize, THOUSAND), "none went twice");

    let third = peer(quiet, |c| (c.waits_max, c.poll_every) = (0, Secs(600)));
    third.gateway.follow(all.clone());
    let at = Instant::now();
    let back = third.gateway.cancel(all.iter().map(|j| j.delivery).collect()).await;
    println!("taken back: {:.2} s", at.elapsed().as_secs_f64());
    assert_eq!((back.taken_back.len(), back.again), (THOUSAND as usize, false));
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "needs the real server: tests/peers/fax_iax.sh"]
async fn iax_a_true_call_carries_every_word_and_the_code() {
    let received = PathBuf::from(said("VARDKASE_PEER_FAX_RECEIVED"));
    let log = PathBuf::from(said("VARDKASE_PEER_FAX_CALLS"));
    let mut peer = peer(port("VARDKASE_PEER_FAX_PORT"), |c| c.modem = Some("ttyVKa".into()));
    let long: Vec<&str> = std::iter::repeat_n(ALARM, 14).collect();
    let faxes = [("one page", actual(ALARM), 1..=1), ("a drill of several", drill(&long.join(" ")), 2..=9)];
    for (n, (name, out, pages)) in (0u32..).zip(faxes) {
        let before = tiffs(&received);
        let at = Instant::now();
        peer.jobs.send(job(n, "0980319292", &out)).await.unwrap();
        let accepted = peer.accepted().await.unwrap();
        let submitted = at.elapsed();
        assert!(submitted <= OUR_SHARE_MAX, "{submitted:?}");
        assert!(pages.contains(&accepted.units), "{name}: {accepted:?}");
        assert_eq!(peer.end().await, (n, Ok(())));
        let done = at.elapsed().as_secs_f64();
        let (job_s, call_s) = last_call(&log);
        println!(
            "{name}: submitted after {:.1} ms; DONE told after {done:.1} s; HylaFAX counts {job_s} s for the job, {call_s} s of \
             it in the call",
            submitted.as_secs_f64() * 1e3,
        );
        // The called machine puts its file in place a moment after the last page was confirmed.
        let file = loop {
            assert!(at.elapsed() < PATIENCE, "no file was received");
            match tiffs(&received).into_iter().find(|f| !before.contains(f)) {
                Some(file) if reads(&file, &out).is_ok() => break file,
                Some(file) if at.elapsed().as_secs_f64() > done + 30.0 => panic!("{}", reads(&file, &out).unwrap_err()),
                _ => tokio::time::sleep(Duration::from_secs(1)).await,
            }
        };
        assert_eq!(reads(&file, &out), Ok(usize::from(accepted.units)));
        println!("  {} pages, {} words and every code read right", accepted.units, out.text().split(' ').count());
    }
}

fn tiffs(folder: &Path) -> Vec<PathBuf> {
    let mut all: Vec<PathBuf> = std::fs::read_dir(folder).unwrap().map(|f| f.unwrap().path()).collect();
    all.retain(|f| f.extension().is_some_and(|e| e == "tif"));
    all
}

/// The last call in HylaFAX's own list: seconds of the job, and of the call.
fn last_call(log: &Path) -> (u32, u32) {
    let all = std::fs::read_to_string(log).unwrap();
    let last = all.lines().rfind(|l| l.split('\t').nth(1) == Some("SEND")).unwrap();
    let seconds = |field: usize| {
        let clock = last.split('\t').nth(field).unwrap();
        clock.split(':').fold(0, |s, part| s * 60 + part.parse::<u32>().unwrap())
    };
    (seconds(11), seconds(12))
}
