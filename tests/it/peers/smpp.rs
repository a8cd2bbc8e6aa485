//! SMPP against npm's `smpp`.

use std::path::Path;
use std::time::Duration;

use tokio::sync::{mpsc, watch};
use vardkase::domain::delivery::SendError;
use vardkase::domain::text::sms::{SmsLimits, Split};
use vardkase::gateways::smpp::{BindAs, Smpp, SmppConfig, Version};
use vardkase::gateways::{AckToken, Gateway, GatewayEvent, Job, Secret};
use vardkase::sim::verify::Kind;
use vardkase::yaml::Secs;

use super::sms_far::{PATIENCE, job, same, shown, texts, until};
use super::{port, said};
use crate::gateways::smpp::{kind, outgoing};

struct Running {
    jobs: mpsc::Sender<Job>,
    events: mpsc::Receiver<GatewayEvent>,
    stop: watch::Sender<bool>,
    task: tokio::task::JoinHandle<()>,
    acks: Vec<AckToken>,
}

fn config() -> SmppConfig {
    SmppConfig {
        port: port("SMPP_PORT"),
        system_id: "tester".into(),
        password: Some(Secret::new("secret")),
        from: "72112".into(),
        response_timeout: Secs(2),
        sms: SmsLimits { parts_max: 20, ..SmsLimits::default() },
        ..SmppConfig::default()
    }
}

fn run(config: SmppConfig) -> Running {
    let (jobs, job_receiver) = mpsc::channel(1000);
    let (event_sender, events) = mpsc::channel(1000);
    let (stop, stopped) = watch::channel(false);
    let smpp = Smpp::new("sms".into(), config);
    let task = tokio::spawn(async move { smpp.run(job_receiver, event_sender, stopped).await });
    Running { jobs, events, stop, task, acks: Vec::new() }
}

impl Running {
    async fn told(&mut self) -> String {
        loop {
            let event = tokio::time::timeout(PATIENCE, self.events.recv()).await.expect("in time").expect("runs");
            return match event {
                GatewayEvent::Down { cause: None, .. } => continue,
                GatewayEvent::Down { .. } => "down".into(),
                GatewayEvent::Outcome { delivery, result: Ok(_) } => format!("{delivery} accepted"),
                GatewayEvent::Outcome { delivery, result: Err(e) } => format!("{delivery} {}", kind(&e)),
                GatewayEvent::Receipt { delivery, result, .. } => {
                    let result = result.map_or_else(|e| kind(&e).to_owned(), |()| "delivered".into());
                    format!("{} {result}", delivery.map_or("?".into(), |d| d.to_string()))
                }
                GatewayEvent::Reply { from, text, ack, .. } => {
                    self.acks.push(ack);
                    format!("{}: {text}", from.0)
                }
            };
        }
    }
    /// A receipt that comes first (over the other connection, too), or twice, is told without its delivery, and the owner
    /// passes it over. What it says is told of the delivery once that is accepted.
    async fn told_of_ours(&mut self) -> String {
        loop {
            let told = self.told().await;
            if !told.starts_with("? ") {
                return told;
            }
        }
    }
    async fn end(self) {
        self.stop.send(true).expect("runs");
        tokio::time::timeout(PATIENCE, self.task).await.expect("ends").expect("no panic");
    }
}

fn heard(dir: &Path) -> String {
    std::fs::read_to_string(dir.join("heard")).unwrap_or_default()
}

#[tokio::test]
#[ignore = "needs the real server: tests/peers/smpp.sh"]
async fn a_real_centre_gets_the_same_text() {
    let dir = Path::new(&said("SMPP_DIR")).to_owned();
    let (mut number, mut expected) = (100, Vec::new());
    for split in [Split::Udh8, Split::Udh16, Split::Sar, Split::Payload, Split::Separate] {
        let sms = SmsLimits { split, parts_max: 20, ..SmsLimits::default() };
        let bind_as = if split == Split::Udh16 { BindAs::TransmitterAndReceiver } else { BindAs::Transceiver };
        let version = if split == Split::Sar { Version::V50 } else { Version::V34 };
        let mut gateway = run(SmppConfig { sms, bind: bind_as, version, binds: 2, ..config() });
        for out in texts() {
            let to = format!("+4670174{number:04}");
            gateway.jobs.send(job(number, &to, &out)).await.expect("runs");
            assert_eq!(gateway.told_of_ours().await, format!("14.{number} accepted"), "{split:?}");
            assert_eq!(gateway.told_of_ours().await, format!("14.{number} delivered"), "{split:?}");
            expected.push((to, split, out));
            number += 1;
        }
        gateway.end().await;
    }
    let shown = shown(&dir.join("shown"));
    for (to, split, out) in &expected {
        let kind = if *split == Split::Separate { Kind::Apart } else { Kind::Joined };
        same(&shown, to, kind, out);
    }
    assert!(heard(&dir).contains("\"version\":80") && heard(&dir).contains("bind_receiver"));
}

#[tokio::test]
#[ignore = "needs the real server: tests/peers/smpp.sh"]
async fn a_real_centre_that_misbehaves() {
    let dir = Path::new(&said("SMPP_DIR")).to_owned();
    let out = outgoing("Larm.");
    let mut gateway = run(config());
    let cases: [(&str, &[&str]); 8] = [
        ("0001", &["permanent"]),
        ("0003", &["accepted", "permanent"]),
        ("0004", &["accepted"]),
        ("0007", &["accepted", "delivered"]),
        ("0010", &["accepted", "delivered"]),
        ("0011", &["accepted", "delivered"]),
        ("0005", &["unknown"]),
        ("0006", &["unknown"]),
    ];
    for (n, (ending, expected)) in (1..).zip(cases) {
        gateway.jobs.send(job(n, &format!("+4670999{ending}"), &out)).await.expect("runs");
        let mut told = Vec::new();
        for _ in expected {
            told.push(gateway.told_of_ours().await);
        }
        let expected: Vec<String> = expected.iter().map(|e| format!("14.{n} {e}")).collect();
        assert_eq!(told, expected, "{ending}");
    }
    gateway.end().await;

    // Too fast for the centre: slower, and nothing is lost or doubled.
    let mut gateway = run(SmppConfig { receipts: false, window_max: 1, ..config() });
    let mut waiting: Vec<u32> = (100..106).collect();
    while let Some(n) = waiting.first().copied() {
        gateway.jobs.send(job(n, &format!("+46708{n}0002"), &out)).await.expect("runs");
        match gateway.events.recv().await.expect("runs") {
            GatewayEvent::Outcome { result: Ok(_), .. } => drop(waiting.remove(0)),
            GatewayEvent::Outcome { result: Err(SendError::Temporary { retry_after_s, .. }), .. } => {
                assert!(retry_after_s.is_some_and(|s| s >= 1));
            }
            GatewayEvent::Down { cause: None, .. } => {}
            other => panic!("{other:?}"),
        }
    }
    let there = shown(&dir.join("shown"));
    for n in 100..106 {
        let to = format!("+46708{n}0002");
        assert_eq!(there.iter().filter(|(t, _)| *t == to).count(), 1, "{to}");
    }
    gateway.end().await;

    let wrong = SmppConfig { password: Some(Secret::new("guess")), ..config() };
    let health = Smpp::new("sms".into(), wrong).probe().await;
    assert!(!health.ok && health.detail.contains("check password"), "{}", health.detail);
}

#[tokio::test]
#[ignore = "needs the real server: tests/peers/smpp.sh"]
async fn a_real_centre_is_told_that_an_answer_is_kept() {
    let dir = Path::new(&said("SMPP_DIR")).to_owned();
    let mut gateway = run(config());
    for (name, text) in [
        ("short", "JA 14"),
        ("umlaut", "NEJ 14 vår reserv på avdelningen fungerar inte åäö"),
        ("wide", "Jag tar det 👍 я"),
    ] {
        std::fs::write(dir.join(format!("mo/.{name}")), format!("+46701740605\n{text}")).expect("a file");
        std::fs::rename(dir.join(format!("mo/.{name}")), dir.join(format!("mo/{name}"))).expect("a file");
        assert_eq!(gateway.told().await, format!("+46701740605: {text}"));
        let acknowledged = || heard(&dir).contains(&format!("\"deliver_sm_resp\":0,\"name\":\"{name}\""));
        tokio::time::sleep(Duration::from_millis(300)).await;
        assert!(!acknowledged(), "nobody has kept it yet");
        gateway.acks.pop().expect("an answer").tell();
        until("the acknowledgement", acknowledged).await;
    }
    gateway.end().await;
}
