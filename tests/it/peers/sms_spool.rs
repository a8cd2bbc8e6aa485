//! Modem spools against smsd and gammu-smsd.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::time::Duration;

use vardkase::domain::text::sms::{SmsLimits, Split};
use vardkase::gateways::sms_spool::{Daemon, Folders, SpoolConfig};
use vardkase::sim::verify::Kind;
use vardkase::yaml::Secs;

use super::said;
use super::sms_far::{PATIENCE, job, same, shown, texts, until};
use crate::gateways::sms_spool::{Running, config, run};

fn in_folder(folder: &Path) -> Vec<PathBuf> {
    std::fs::read_dir(folder).expect("the folder").map(|e| e.expect("an entry").path()).collect()
}

async fn told(gateway: &mut Running) -> String {
    gateway.told_within(PATIENCE).await
}

#[tokio::test]
#[ignore = "needs the real server: tests/peers/smstools.sh"]
async fn smstools_sends_the_same_text() {
    let (spool, modem) = (PathBuf::from(said("SPOOL_DIR")), PathBuf::from(said("MODEM_DIR")));
    let settings = SpoolConfig { accept_timeout: Secs(60), poll_interval_ms: 100, ..config(&spool) };
    let (mut number, mut expected) = (100, Vec::new());
    for split in [Split::Udh8, Split::Udh16, Split::Separate] {
        let sms = SmsLimits { split, parts_max: 20, ..SmsLimits::default() };
        let mut gateway = run(SpoolConfig { sms, ..settings.clone() });
        for out in texts() {
            let to = format!("+4670174{number:04}");
            gateway.send(job(number, &to, &out)).await;
            expected.push((number, to, split, out));
            number += 1;
        }
        // Each is accepted, and delivered behind that.
        let mut open: Vec<u32> = expected.iter().map(|(n, ..)| *n).filter(|n| n + 11 >= number).collect();
        let (mut accepted, mut seen) = (Vec::new(), 0);
        while !open.is_empty() {
            let line = told(&mut gateway).await;
            let n: u32 = line.split(['.', ' ']).nth(1).and_then(|n| n.parse().ok()).expect("a delivery");
            if line.contains(" accepted ") {
                accepted.push(n);
            } else {
                assert!(line.ends_with("delivered") && accepted.contains(&n), "{line}");
                open.retain(|o| *o != n);
            }
            seen += 1;
            assert!(seen <= 22, "each once: {line}");
        }
        gateway.end().await;
    }
    let there = shown(&modem.join("shown"));
    for (_, to, split, out) in &expected {
        same(&there, to, if *split == Split::Separate { Kind::Apart } else { Kind::Joined }, out);
    }
    assert!(in_folder(&spool.join("report")).is_empty(), "every report is understood and removed");
}

#[tokio::test]
#[ignore = "needs the real server: tests/peers/smstools.sh"]
async fn smstools_says_why_and_brings_answers() {
    let (spool, modem) = (PathBuf::from(said("SPOOL_DIR")), PathBuf::from(said("MODEM_DIR")));
    let settings = SpoolConfig { accept_timeout: Secs(60), poll_interval_ms: 100, ..config(&spool) };
    let mut gateway = run(settings);
    let out = &texts()[1];
    for (n, ending, expected) in [
        (901, "0001", &["permanent"][..]),
        (902, "0002", &["temporary"]),
        (903, "0003", &["accepted ×2", "not delivered, permanent"]),
        (904, "0004", &["accepted ×2"]),
    ] {
        gateway.send(job(n, &format!("+4670999{ending}"), out)).await;
        for expected in expected {
            assert_eq!(told(&mut gateway).await, format!("14.{n} {expected}"));
        }
    }
    // Twice the same delivery is one SMS.
    let shown_before = shown(&modem.join("shown")).len();
    gateway.send(job(904, "+46709990004", out)).await;
    assert_eq!(told(&mut gateway).await, "14.904 accepted ×2");
    tokio::time::sleep(Duration::from_secs(3)).await;
    assert_eq!(shown(&modem.join("shown")).len(), shown_before);

    let long = format!("NEJ 14 vår reserv [A] fungerar inte € {}", "åäö ".repeat(60).trim_end());
    for (name, from, text) in [
        ("a", "+46701740605", "JA 14 åäö"),
        ("b", "0701740605", "ja"),
        ("c", "+46701740606", "Jag tar det 👍 я"),
        ("d", "+46701740607", &long),
    ] {
        std::fs::write(modem.join(format!("mo/.{name}")), format!("{from}\n{text}")).expect("a file");
        std::fs::rename(modem.join(format!("mo/.{name}")), modem.join(format!("mo/{name}"))).expect("a file");
        assert_eq!(told(&mut gateway).await, format!("{from}: {text}"));
    }
    assert_eq!(in_folder(&spool.join("incoming")).iter().filter(|p| p.is_file()).count(), 4, "kept until told");
    gateway.acks.drain(..).for_each(|ack| ack.tell());
    until("removed", || !in_folder(&spool.join("incoming")).iter().any(|p| p.is_file())).await;
    gateway.end().await;
}

/// What gammu-smsd gave its telephone, by its own log: to whom, which header, what. Parts are joined as a telephone does.
fn sent_by_gammu(log: &str) -> Vec<(String, String)> {
    let (mut shown, mut joining) = (Vec::new(), BTreeMap::<_, BTreeMap<u8, String>>::new());
    let (mut to, mut header, mut octets, mut last) = (String::new(), Vec::new(), 0, "");
    for line in log.lines().filter_map(|line| line.split_once("]: ").map(|(_, rest)| rest)) {
        if let Some(said) = line.strip_prefix("gammu: ") {
            if said == "SMS Submit" {
                header = Vec::new();
            } else if let Some(number) = said.strip_prefix("Recipient number ") {
                to = number.trim_matches('"').to_owned();
            } else if let Some(n) = said.strip_prefix("UDH, length ") {
                octets = n.parse().expect("a number");
            } else if octets > 0 && !said.is_empty() {
                // Each octet takes four places: two digits, the character or a space, a bar.
                let places: Vec<char> = said.chars().take(4 * octets).collect();
                let octet = |o: &[char]| u8::from_str_radix(&o[..2].iter().collect::<String>(), 16).expect("digits");
                header = places.chunks(4).map(octet).collect();
                octets = 0;
            }
            last = said;
        } else if line.starts_with("SMS sent on device") {
            let [.., reference, n, k] = header[..] else {
                shown.push((to.clone(), last.to_owned()));
                continue;
            };
            let parts = joining.entry((to.clone(), reference)).or_default();
            parts.insert(k, last.to_owned());
            if parts.len() == usize::from(n) {
                shown.push((to.clone(), parts.values().map(String::as_str).collect()));
            }
        }
    }
    shown
}

#[tokio::test]
#[ignore = "needs the real server: tests/peers/gammu.sh"]
async fn gammu_takes_and_sends_the_same_text() {
    let (spool, log) = (PathBuf::from(said("SPOOL_DIR")), PathBuf::from(said("GAMMU_LOG")));
    let settings = SpoolConfig {
        daemon: Daemon::Gammu,
        folders: Folders {
            outgoing: spool.join("outbox"),
            sent: spool.join("sent"),
            failed: spool.join("error"),
            incoming: Some(spool.join("inbox")),
            ..Folders::default()
        },
        accept_timeout: Secs(60),
        poll_interval_ms: 100,
        ..config(&spool)
    };
    let mut gateway = run(settings);
    let all = texts();
    for (n, out) in (100..).zip(&all) {
        gateway.send(job(n, &format!("+4670174{n:04}"), out)).await;
        assert!(told(&mut gateway).await.starts_with(&format!("14.{n} accepted")));
    }
    let there = sent_by_gammu(&std::fs::read_to_string(&log).expect("its log"));
    assert_eq!(there.len(), all.len(), "each once");
    for (n, out) in (100..).zip(&all) {
        same(&there, &format!("+4670174{n:04}"), Kind::Joined, out);
    }
    // Its inbox, written as gammu does.
    let utf16: Vec<u8> =
        [0xfe, 0xff].into_iter().chain("JA 14 åäö".encode_utf16().flat_map(u16::to_be_bytes)).collect();
    std::fs::write(spool.join("inbox/IN20261122_031200_00_+46701740605_00.txt"), utf16).expect("a file");
    assert_eq!(told(&mut gateway).await, "+46701740605: JA 14 åäö");
    gateway.acks.drain(..).for_each(|ack| ack.tell());
    until("removed", || in_folder(&spool.join("inbox")).is_empty()).await;
    gateway.end().await;
}
