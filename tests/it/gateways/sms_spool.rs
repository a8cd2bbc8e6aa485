//! A modem's spool: against the daemon in `sim`, good and bad, and over a crash.

use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use tempfile::TempDir;
use tokio::sync::{mpsc, watch};
use tokio::task::JoinHandle;
use vardkase::domain::text::sms::{SmsLimits, Split};
use vardkase::gateways::sms_spool::{Daemon, Folders, Spool, SpoolConfig};
use vardkase::gateways::{AckToken, Gateway, GatewayEvent, Job};
use vardkase::sim::Far;
use vardkase::sim::sms_spool::{Handle, Opts, start};
use vardkase::yaml::Secs;

use super::smpp::{job, kind, outgoing};

/// No wait in these tests is longer; it only ends a test that would hang.
const PATIENCE: Duration = Duration::from_secs(20);

pub fn config(root: &Path) -> SpoolConfig {
    SpoolConfig {
        folders: Folders {
            outgoing: root.join("outgoing"),
            queued: vec![root.join("checked")],
            sent: root.join("sent"),
            failed: root.join("failed"),
            incoming: Some(root.join("incoming")),
            reports: Some(root.join("report")),
        },
        sms: SmsLimits { parts_max: 20, ..SmsLimits::default() },
        accept_timeout: Secs(1),
        poll_interval_ms: 10,
        ..SpoolConfig::default()
    }
}

pub struct Running {
    jobs: mpsc::Sender<Job>,
    events: mpsc::Receiver<GatewayEvent>,
    stop: watch::Sender<bool>,
    task: JoinHandle<()>,
    pub acks: Vec<AckToken>,
}

pub fn run(config: SpoolConfig) -> Running {
    let (jobs, job_receiver) = mpsc::channel(100);
    let (event_sender, events) = mpsc::channel(100);
    let (stop, stopped) = watch::channel(false);
    let spool = Spool::new("modem".into(), config);
    let task = tokio::spawn(async move { spool.run(job_receiver, event_sender, stopped).await });
    Running { jobs, events, stop, task, acks: Vec::new() }
}

impl Running {
    pub async fn told_within(&mut self, patience: Duration) -> String {
        loop {
            let event = tokio::time::timeout(patience, self.events.recv()).await.expect("an event in time");
            return match event.expect("runs") {
                GatewayEvent::Down { cause: None, .. } => continue,
                GatewayEvent::Down { cause: Some(_), .. } => "down".into(),
                GatewayEvent::Outcome { delivery, result: Ok(a) } => format!("{delivery} accepted ×{}", a.units),
                GatewayEvent::Outcome { delivery, result: Err(e) } => format!("{delivery} {}", kind(&e)),
                GatewayEvent::Receipt { delivery, result, .. } => {
                    let result =
                        result.map_or_else(|e| format!("not delivered, {}", kind(&e)), |()| "delivered".into());
                    format!("{} {result}", delivery.expect("ours"))
                }
                GatewayEvent::Reply { from, text, ack, .. } => {
                    self.acks.push(ack);
                    format!("{}: {text}", from.0)
                }
            };
        }
    }
    async fn told(&mut self) -> String {
        self.told_within(PATIENCE).await
    }
    pub async fn send(&self, job: Job) {
        self.jobs.send(job).await.expect("runs");
    }
    /// As when the power goes: nothing is said.
    fn crash(self) {
        self.task.abort();
    }
    pub async fn end(self) {
        self.stop.send(true).expect("runs");
        tokio::time::timeout(PATIENCE, self.task).await.expect("ends in time").expect("no panic");
    }
}

fn sim(opts: Opts) -> (TempDir, Far, Handle) {
    let dir = tempfile::tempdir().expect("a folder");
    let far = Far::default();
    let opts = Opts { poll_interval: Duration::from_millis(5), ..opts };
    let handle = start(dir.path(), far.clone(), "modem", opts, || true).expect("folders");
    (dir, far, handle)
}

fn in_folder(root: &Path, folder: &str) -> Vec<String> {
    let all = std::fs::read_dir(root.join(folder)).expect("the folder");
    let mut names: Vec<String> = all.map(|e| e.unwrap().file_name().into_string().unwrap()).collect();
    names.sort();
    names
}

async fn until(what: impl Fn() -> bool) {
    let wait = async {
        while !what() {
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
    };
    tokio::time::timeout(PATIENCE, wait).await.expect("in time");
}

#[tokio::test]
async fn a_text_is_shown_whole_however_long_and_in_whatever_letters() {
    let long = "Journalen ligger nere på sjukhus och vårdcentraler [A] {B} €. ".repeat(6).trim_end().to_owned();
    let cut = format!("{}[[[[[[[[[[ slut @", "a".repeat(130));
    let cyrillic = format!("“Журнал” 😀 – {}", "я😀".repeat(60));
    let (dir, far, _daemon) = sim(Opts::default());
    for split in [Split::Udh8, Split::Udh16] {
        let sms = SmsLimits { split, parts_max: 20, ..SmsLimits::default() };
        let mut gateway = run(SpoolConfig { sms, ..config(dir.path()) });
        for (n, text) in (1..).zip(["Larm.", &long, &cut, &cyrillic]) {
            let out = outgoing(text);
            let ordinal = n + if split == Split::Udh8 { 0 } else { 100 };
            gateway.send(job(ordinal, "+46701740605", &out)).await;
            let mut told = gateway.told().await;
            while told.ends_with("delivered") && !told.starts_with(&format!("14.{ordinal} ")) {
                // What the run before had not told yet.
                told = gateway.told().await;
            }
            assert!(told.starts_with(&format!("14.{ordinal} accepted")), "{told}");
            let mut told = gateway.told().await;
            while !told.starts_with(&format!("14.{ordinal} ")) {
                told = gateway.told().await;
            }
            assert_eq!(told, format!("14.{ordinal} delivered"));
            let expected = format!("14-2 {} {text} Svara JA 14", out.fingerprint().expect("a message"));
            assert_eq!(
                far.all().last().map(|s| (s.to.clone(), s.text.clone())),
                Some(("+46701740605".into(), expected))
            );
        }
        until(|| in_folder(dir.path(), "report").is_empty()).await;
        gateway.end().await;
    }
    assert_eq!(in_folder(dir.path(), "outgoing"), Vec::<String>::new());
}

#[tokio::test]
async fn each_failure_has_its_kind() {
    let (dir, far, _daemon) = sim(Opts::default());
    let mut gateway = run(config(dir.path()));
    let out = outgoing("Larm.");
    let cases: [(&str, &[&str]); 8] = [
        ("+46700000001", &["permanent"]),
        ("+46700000002", &["temporary"]),
        ("+46700000003", &["accepted ×1", "not delivered, permanent"]),
        ("+46700000004", &["accepted ×1"]),
        ("+46700000005", &["unknown"]),
        ("+46700000006", &["unknown"]),
        ("+46700000007", &["unknown"]),
        ("+46700000008", &["temporary"]),
    ];
    for (n, (to, expected)) in (1..).zip(cases) {
        gateway.send(job(n, to, &out)).await;
        for expected in expected {
            assert_eq!(gateway.told().await, format!("14.{n} {expected}"), "{to}");
        }
    }
    gateway.send(job(20, "nobody", &out)).await;
    assert_eq!(gateway.told().await, "14.20 permanent");
    assert_eq!(far.all().len(), 2, "0004, and 0006 whose file vanished");
    assert_eq!(in_folder(dir.path(), "outgoing"), Vec::<String>::new(), "what the daemon did not take is taken back");
    until(|| in_folder(dir.path(), "failed").is_empty()).await;
    gateway.end().await;
}

#[tokio::test]
async fn nothing_is_sent_twice_after_a_crash() {
    let (dir, far, _daemon) = sim(Opts::default());
    let out = outgoing(&"Journalen ligger nere. ".repeat(12).trim_end().to_owned());
    // Sent, and nobody was told.
    let gateway = run(config(dir.path()));
    gateway.send(job(1, "+46701740604", &out)).await;
    until(|| in_folder(dir.path(), "sent").len() == 2).await;
    gateway.crash();
    assert_eq!(far.all().len(), 1);
    // The next run gets it again, marked as a repeat: it is known, also to its report.
    let mut gateway = run(config(dir.path()));
    gateway.send(Job { repeat: true, ..job(1, "+46701740604", &out) }).await;
    assert_eq!(gateway.told().await, "14.1 accepted ×2");
    // The same delivery with another text or to another number is another SMS.
    gateway.send(job(1, "+46701740604", &outgoing("Nytt."))).await;
    assert_eq!(gateway.told().await, "14.1 accepted ×1");
    assert_eq!(far.all().len(), 2);
    gateway.end().await;
}

#[tokio::test]
async fn what_lies_unsent_is_found_again() {
    let dir = tempfile::tempdir().expect("a folder");
    let (far, up) = (Far::default(), Arc::new(AtomicBool::new(false)));
    let is_up = up.clone();
    let opts = Opts { poll_interval: Duration::from_millis(5), ..Opts::default() };
    let _daemon =
        start(dir.path(), far.clone(), "modem", opts, move || is_up.load(Ordering::Relaxed)).expect("folders");
    let settings = SpoolConfig { accept_timeout: Secs(60), ..config(dir.path()) };
    let gateway = run(settings.clone());
    gateway.send(job(1, "+46701740605", &outgoing("Larm."))).await;
    until(|| in_folder(dir.path(), "outgoing").len() == 1).await;
    gateway.crash();
    // A half-written file of the crashed run, and somebody else's.
    std::fs::write(dir.path().join("outgoing/.vk-14.2-1of1-00000000.tmp"), "To: 1\n\nha").unwrap();
    std::fs::write(dir.path().join("outgoing/.theirs.tmp"), "x").unwrap();
    let mut gateway = run(settings);
    gateway.send(Job { repeat: true, ..job(1, "+46701740605", &outgoing("Larm.")) }).await;
    until(|| in_folder(dir.path(), "outgoing").len() == 2).await;
    up.store(true, Ordering::Relaxed);
    assert_eq!(gateway.told().await, "14.1 accepted ×1");
    assert_eq!(gateway.told().await, "14.1 delivered");
    assert_eq!(far.all().len(), 1);
    assert_eq!(in_folder(dir.path(), "outgoing"), [".theirs.tmp"]);
    gateway.end().await;
}

#[tokio::test]
async fn a_receipt_after_a_restart_finds_its_delivery() {
    let (dir, _far, daemon) = sim(Opts::default());
    let mut gateway = run(config(dir.path()));
    gateway.send(job(1, "+46700000004", &outgoing("Larm."))).await;
    assert_eq!(gateway.told().await, "14.1 accepted ×1");
    gateway.end().await;
    let mut gateway = run(config(dir.path()));
    let report = "From: 46700000004\n\nSMS STATUS REPORT\nMessage_id: 1\nStatus: 0,Ok,received";
    std::fs::write(dir.path().join("report/GSM1.late"), report).unwrap();
    assert_eq!(gateway.told().await, "14.1 delivered");
    until(|| in_folder(dir.path(), "report").is_empty()).await;
    gateway.end().await;
    drop(daemon);
}

#[tokio::test]
async fn an_answer_is_removed_only_when_it_is_kept() {
    let (dir, _far, daemon) = sim(Opts::default());
    let mut gateway = run(config(dir.path()));
    assert!(daemon.reply("+46701740605", "JA 14 åäö 👍"));
    assert_eq!(gateway.told().await, "+46701740605: JA 14 åäö 👍");
    tokio::time::sleep(Duration::from_millis(60)).await;
    assert_eq!(in_folder(dir.path(), "incoming").len(), 1, "nobody has said that it is kept");
    gateway.crash();
    // It is told again to those who come after.
    let mut gateway = run(config(dir.path()));
    assert_eq!(gateway.told().await, "+46701740605: JA 14 åäö 👍");
    gateway.acks.pop().expect("an answer").tell();
    until(|| in_folder(dir.path(), "incoming").is_empty()).await;
    // What is neither answer nor report stays where it is.
    std::fs::write(dir.path().join("incoming/GSM1.garbage"), [0xff, 0, 0x1b]).unwrap();
    assert!(daemon.reply("0701740605", "NEJ 14"));
    assert_eq!(gateway.told().await, "0701740605: NEJ 14");
    assert_eq!(in_folder(dir.path(), "incoming").len(), 2);
    gateway.end().await;
}

#[tokio::test]
async fn an_answer_that_is_still_being_written_is_waited_for() {
    let (dir, _far, _daemon) = sim(Opts::default());
    let mut gateway = run(SpoolConfig { poll_interval_ms: 100, ..config(dir.path()) });
    let path = dir.path().join("incoming/GSM1.slow");
    let whole = "From: 46701740605\nFrom_TOA: 91 international\nAlphabet: UTF-8\n\nNEJ 14 allt ligger nere";
    for end in (10..=whole.len()).step_by(4).chain([whole.len()]) {
        std::fs::write(&path, &whole[..end]).unwrap();
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    assert_eq!(gateway.told().await, "+46701740605: NEJ 14 allt ligger nere");
    gateway.end().await;
}

#[tokio::test]
async fn folders_that_are_missing_are_told_and_come_back() {
    let (dir, far, daemon) = sim(Opts::default());
    std::fs::rename(dir.path().join("outgoing"), dir.path().join("away")).unwrap();
    let spool = Spool::new("modem".into(), config(dir.path()));
    let health = spool.probe().await;
    assert!(!health.ok && health.detail.contains("outgoing"), "{}", health.detail);
    let mut gateway = run(config(dir.path()));
    assert_eq!(gateway.told().await, "down");
    gateway.send(job(1, "+46701740605", &outgoing("Larm."))).await;
    assert_eq!(gateway.told().await, "14.1 temporary");
    std::fs::rename(dir.path().join("away"), dir.path().join("outgoing")).unwrap();
    assert!(spool.probe().await.ok);
    gateway.send(job(1, "+46701740605", &outgoing("Larm."))).await;
    assert_eq!(gateway.told().await, "14.1 accepted ×1");
    assert_eq!(far.all().len(), 1);
    gateway.end().await;
    let one_folder = {
        let usual = config(dir.path());
        SpoolConfig { folders: Folders { failed: dir.path().join("sent"), ..usual.folders.clone() }, ..usual }
    };
    assert!(Spool::new("modem".into(), one_folder).probe().await.detail.contains("folders of their own"));
    drop(daemon);
}

#[tokio::test]
async fn gammu_s_inbox_is_read_part_by_part() {
    let dir = tempfile::tempdir().expect("a folder");
    for folder in ["outbox", "sent", "error", "inbox"] {
        std::fs::create_dir(dir.path().join(folder)).unwrap();
    }
    let root = dir.path();
    let settings = SpoolConfig {
        daemon: Daemon::Gammu,
        folders: Folders {
            outgoing: root.join("outbox"),
            sent: root.join("sent"),
            failed: root.join("error"),
            incoming: Some(root.join("inbox")),
            ..Folders::default()
        },
        ..config(root)
    };
    let mut gateway = run(settings);
    let write = |name: &str, text: &str| {
        let octets: Vec<u8> = [0xfe, 0xff].into_iter().chain(text.encode_utf16().flat_map(u16::to_be_bytes)).collect();
        std::fs::write(root.join("inbox").join(name), octets).unwrap();
    };
    write("IN20261122_031200_00_+46701740605_00.txt", "NEJ 14 vår ");
    write("IN20261122_031200_00_+46701740605_01.txt", "reserv fungerar inte\0\0");
    write("IN20261122_031200_00_+46701740606_00.txt", "JA 14");
    let mut both = [gateway.told().await, gateway.told().await];
    both.sort();
    assert_eq!(both, ["+46701740605: NEJ 14 vår reserv fungerar inte", "+46701740606: JA 14"]);
    gateway.acks.drain(..).for_each(|ack| ack.tell());
    until(|| in_folder(root, "inbox").is_empty()).await;
    // Two lie there and nobody sends: the first may be under way, the second certainly is not.
    for (n, to) in [(1, "+46701740605"), (2, "+46701740606")] {
        gateway.send(job(n, to, &outgoing("Larm."))).await;
    }
    let mut both = [gateway.told().await, gateway.told().await];
    both.sort();
    assert_eq!(both, ["14.1 unknown", "14.2 temporary"]);
    let left = in_folder(root, "outbox");
    assert!(left.len() == 1 && left[0].contains("_vk-14.1-1of1-"), "{left:?}");
    std::fs::rename(root.join("outbox").join(&left[0]), root.join("sent").join(&left[0])).unwrap();
    assert_eq!(gateway.told().await, "14.1 accepted ×1", "late, and still news");
    gateway.end().await;
}
