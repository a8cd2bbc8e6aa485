//! Modem spools against smsd and gammu-smsd.

use std::path::{Path, PathBuf};
use std::time::Duration;

use vardkase::channels::sms_spool::{Daemon, SpoolConfig};
use vardkase::domain::text::sms::{SmsLimits, Split};
use vardkase::sim::verify::Kind;

use super::said;
use super::sms_far::{PATIENCE, job, same, shown, texts, until};
use crate::channels::sms_spool::{Running, config, run};

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
    let settings = SpoolConfig { accept_timeout_s: 60, poll_interval_ms: 100, ..config(&spool) };
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
    let settings = SpoolConfig { accept_timeout_s: 60, poll_interval_ms: 100, ..config(&spool) };
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
    gateway.taken.drain(..).for_each(|taken| taken.tell());
    until("removed", || !in_folder(&spool.join("incoming")).iter().any(|p| p.is_file())).await;
    gateway.end().await;
}

/// What gammu-smsd says that it sends: the first SMS of each text, decoded, and how many there are.
fn found(log: &str) -> Vec<(usize, String, String)> {
    let lines = log.lines().filter_map(|line| line.split_once("]: Found ").map(|(_, rest)| rest));
    let one = |line: &str| {
        let (n, rest) = line.split_once(" sms to \"")?;
        let (to, rest) = rest.split_once("\" with text \"")?;
        let (text, _) = rest.rsplit_once("\" cod ")?;
        Some((n.parse().ok()?, to.to_owned(), text.to_owned()))
    };
    lines.filter_map(one).collect()
}

#[tokio::test]
#[ignore = "needs the real server: tests/peers/gammu.sh"]
async fn gammu_takes_and_sends_the_same_text() {
    let (spool, log) = (PathBuf::from(said("SPOOL_DIR")), PathBuf::from(said("GAMMU_LOG")));
    let settings = SpoolConfig {
        daemon: Daemon::Gammu,
        outgoing: spool.join("outbox"),
        queued: Vec::new(),
        sent: spool.join("sent"),
        failed: spool.join("error"),
        incoming: Some(spool.join("inbox")),
        reports: None,
        accept_timeout_s: 60,
        poll_interval_ms: 100,
        ..config(&spool)
    };
    let mut gateway = run(settings);
    let all = texts();
    for (n, out) in (100..).zip(&all) {
        gateway.send(job(n, &format!("+4670174{n:04}"), out)).await;
        assert!(told(&mut gateway).await.starts_with(&format!("14.{n} accepted")));
    }
    let said = found(&std::fs::read_to_string(&log).expect("its log"));
    assert_eq!(said.len(), all.len(), "each once");
    for (n, out) in (100..).zip(&all) {
        let to = format!("+4670174{n:04}");
        let (parts, _, first) = said.iter().find(|(_, t, _)| *t == to).expect("sent");
        let whole = out.whole(Some(super::sms_far::TRAILER));
        // Whole in the file that it read and kept; and its first SMS is how the text begins, with no character cut.
        let sent =
            in_folder(&spool.join("sent")).into_iter().find(|p| p.to_string_lossy().contains(&format!("_vk-14.{n}-")));
        let octets = std::fs::read(sent.expect("a file")).expect("readable");
        let units: Vec<u16> = octets[2..].chunks(2).map(|p| u16::from_be_bytes([p[0], p[1]])).collect();
        assert_eq!(String::from_utf16(&units).expect("whole characters"), whole);
        assert!(whole.starts_with(first.as_str()), "{to}: {first}");
        let sms = vardkase::domain::text::sms::fit(
            out,
            Some(super::sms_far::TRAILER),
            &SmsLimits { parts_max: 20, ..SmsLimits::default() },
        );
        assert_eq!(*parts, usize::from(sms.expect("fits").parts), "{to}: counted as it is sent");
        println!("ok {to}: {parts} SMS, {} bytes", whole.len());
    }
    // Its inbox, written as gammu does.
    let utf16: Vec<u8> =
        [0xfe, 0xff].into_iter().chain("JA 14 åäö".encode_utf16().flat_map(u16::to_be_bytes)).collect();
    std::fs::write(spool.join("inbox/IN20261122_031200_00_+46701740605_00.txt"), utf16).expect("a file");
    assert_eq!(told(&mut gateway).await, "+46701740605: JA 14 åäö");
    gateway.taken.drain(..).for_each(|taken| taken.tell());
    until("removed", || in_folder(&spool.join("inbox")).is_empty()).await;
    gateway.end().await;
}
