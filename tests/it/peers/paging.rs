//! Paging against HylaFAX's SNPP server, a POCSAG decoder and an ESPA 4.4.4 paging system: what comes out there, put together,
//! is the canonical text byte for byte.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use vardkase::domain::delivery::SendError;
use vardkase::domain::text::Charset;
use vardkase::gateways::Gateway;
use vardkase::gateways::espa::{EspaConfig, EspaGateway};
use vardkase::gateways::line::{Framing, LineConfig};
use vardkase::gateways::pocsag::{PocsagConfig, PocsagGateway};
use vardkase::gateways::snpp::{SnppConfig, SnppGateway, TwoWay};
use vardkase::yaml::List;
use vardkase::yaml::Secs;

use super::{port, said};
use crate::gateways::paging_rig::{TEXT, job, kind, outgoing, read_by_hand, send_all};

/// Tries besides the first of what a server refuses for now.
const TRIES_MORE: usize = 3;

/// The Swedish display (SEN 85 02 00 annex C), written from the standard's table.
pub fn swedish(letters: &[u8]) -> String {
    let read = |b: &u8| match b {
        b'[' => 'Ä',
        b'\\' => 'Ö',
        b']' => 'Å',
        b'{' => 'ä',
        b'|' => 'ö',
        b'}' => 'å',
        b'`' => 'é',
        b => char::from(*b),
    };
    letters.iter().map(read).collect()
}

/// The pages that HylaFAX queued, by pager, in the order of their jobs. A job that was begun and not sent goes away when its
/// connection ends, perhaps while we look.
pub fn queued(spool: &Path) -> BTreeMap<String, Vec<Vec<u8>>> {
    let mut jobs: Vec<(u32, PathBuf)> = std::fs::read_dir(spool.join("sendq"))
        .unwrap()
        .map(|e| e.unwrap().path())
        .filter_map(|p| Some((p.file_name()?.to_str()?.strip_prefix('q')?.parse().ok()?, p)))
        .collect();
    jobs.sort();
    let mut pages: BTreeMap<String, Vec<Vec<u8>>> = BTreeMap::new();
    for (_, job) in jobs {
        let job = match std::fs::read_to_string(job) {
            Err(e) if e.kind() == std::io::ErrorKind::NotFound => continue,
            job => job.unwrap(),
        };
        let value = |key: &str| job.lines().find_map(|l| l.strip_prefix(key)).map(str::to_owned);
        let (Some(pager), Some(file)) = (value("page:0::"), value("data:0::")) else { continue };
        let text = match std::fs::read(spool.join(file)) {
            Err(e) if e.kind() == std::io::ErrorKind::NotFound => continue,
            text => text.unwrap(),
        };
        pages.entry(pager).or_default().push(text.strip_suffix(b"\n").unwrap_or(&text).to_vec());
    }
    pages
}

#[tokio::test]
#[ignore = "needs the real server: tests/peers/snpp.sh"]
async fn hylafax_queues_the_same_text() {
    let spool = PathBuf::from(said("VARDKASE_PEER_SPOOL"));
    let config = SnppConfig {
        host: "127.0.0.1".into(),
        port: port("VARDKASE_PEER_SNPP"),
        level: 2,
        user: Some("root".into()),
        charset: Charset::Iso646Se,
        jqueue: true,
        // Twice as fast as one after the other, and each pager's pages still in order.
        connections_max: 2,
        ..SnppConfig::default()
    };
    let gateway = |config: &SnppConfig| SnppGateway::new("page-fs".into(), config.clone()).unwrap();
    assert!(gateway(&config).probe().await.ok);
    let begun = Instant::now();
    let mut jobs = vec![
        job(0, "5551234", outgoing(TEXT, None)),
        job(1, "5551235", outgoing(TEXT, Some("ÖVNING"))),
        job(2, "5559001", outgoing("LARM", None)),
    ];
    jobs.extend((3..13).map(|i| job(i, &format!("55600{i}"), outgoing(TEXT, None))));
    let (mut outcomes, downs) = send_all(&gateway(&config), jobs.clone()).await;
    println!("13 texts in {:?}", begun.elapsed());
    assert_eq!(downs, []);
    // Its scheduler now and then refuses a job whose file it read too early ("scheduler NAK'd request"). What is refused for
    // now is tried again whole, as the dispatcher does.
    let mut tried_again = BTreeSet::new();
    for _ in 0..TRIES_MORE {
        let again: Vec<_> =
            jobs.iter().filter(|j| kind(&outcomes[&j.delivery.ordinal]) == "temporary").cloned().collect();
        if again.is_empty() {
            break;
        }
        for job in &again {
            println!("tried again: {:?}", outcomes[&job.delivery.ordinal]);
            tried_again.insert(job.delivery.ordinal);
        }
        let (more, downs) = send_all(&gateway(&config), again).await;
        assert_eq!(downs, []);
        outcomes.extend(more);
    }
    assert_eq!(kind(&outcomes[&2]), "permanent", "a rejected pager: {:?}", outcomes[&2]);
    let pages = queued(&spool);
    for (ordinal, result) in &outcomes {
        let (pager, mark, number) = match ordinal {
            2 => continue,
            0 => ("5551234".to_owned(), None, "14-2"),
            1 => ("5551235".to_owned(), Some("ÖVNING"), "Ö-3-1"),
            n => (format!("55600{n}"), None, "14-2"),
        };
        let accepted = result.as_ref().unwrap();
        assert!(!accepted.delivered, "a queue is not a pager");
        // Pages of a try that broke off stand before those of the last.
        let first = pages[&pager].len() - usize::from(accepted.units);
        assert!(first == 0 || tried_again.contains(ordinal), "{pager}: {first} pages too many");
        let shown: Vec<String> = pages[&pager][first..].iter().map(|p| swedish(p)).collect();
        assert_eq!(read_by_hand(&shown, mark, number), TEXT);
        println!("ok {pager}: {} pages, {} bytes are the same", shown.len(), TEXT.len());
    }
    assert!(!pages.contains_key("5559001"));

    // Quotes and double spaces, which its MESS loses.
    let odd =
        "LARM \"Journalen\" är 'nere'; läs på intranätet \"Reservrutiner\" och ring växeln när något är oklart i natt.";
    let (outcomes, _) = send_all(&gateway(&config), vec![job(0, "5551298", outgoing(odd, None))]).await;
    assert!(outcomes[&0].is_ok(), "{outcomes:?}");
    let shown: Vec<String> = queued(&spool)["5551298"].iter().map(|p| swedish(p)).collect();
    assert_eq!(read_by_hand(&shown, None, "14-2"), odd);

    // It offers nothing of level 3: done without. Longer pages than 128 characters it refuses, over DATA too.
    let two_way = SnppConfig { chars_max: 120, level: 3, two_way: Some(TwoWay::default()), ..config.clone() };
    let (outcomes, _) = send_all(&gateway(&two_way), vec![job(0, "5551299", outgoing(TEXT, None))]).await;
    assert!(outcomes[&0].as_ref().is_ok_and(|a| !a.delivered), "{outcomes:?}");
    let shown: Vec<String> = queued(&spool)["5551299"].iter().map(|p| swedish(p)).collect();
    assert_eq!(read_by_hand(&shown, None, "14-2"), TEXT);
    println!("ok level 3 where only level 1 is spoken");
    let longer = SnppConfig { chars_max: 400, ..config.clone() };
    let (outcomes, _) = send_all(&gateway(&longer), vec![job(0, "5551297", outgoing(TEXT, None))]).await;
    assert_eq!(kind(&outcomes[&0]), "permanent", "{outcomes:?}");
    let left = Instant::now();
    while queued(&spool).contains_key("5551297") {
        assert!(left.elapsed() < Duration::from_secs(10), "nothing of it is queued");
        tokio::time::sleep(Duration::from_millis(50)).await;
    }

    // It waits for the end of a job when it is not told otherwise; no modem ever ends this one.
    let blocking = SnppConfig { jqueue: false, send_timeout: Secs(2), ..config };
    let (outcomes, _) = send_all(&gateway(&blocking), vec![job(0, "5551300", outgoing("LARM", None))]).await;
    assert_eq!(outcomes[&0], Err(SendError::unknown("SEND: no answer in time")), "SEND blocks");
    println!("ok SEND that blocks is unknown, not accepted");
    let wrong = SnppConfig { user: Some("nobody-here".into()), ..blocking };
    let health = gateway(&wrong).probe().await;
    println!("a login that nobody knows: ok={} {}", health.ok, health.detail);
}

#[tokio::test]
#[ignore = "needs the real decoder: tests/peers/pocsag.sh"]
async fn a_decoder_reads_the_same_text() {
    let folder = PathBuf::from(said("VARDKASE_PEER_FOLDER"));
    for (baud, name) in [(512, "POCSAG512"), (1_200, "POCSAG1200"), (2_400, "POCSAG2400")] {
        let at = folder.join(name);
        std::fs::create_dir_all(&at).unwrap();
        let (folder, files_max) = (Some(at.clone()), 99);
        let config = PocsagConfig {
            folder,
            files_max,
            baud: baud.into(),
            charset: Charset::Iso646Se,
            ..PocsagConfig::default()
        };
        let gateway = PocsagGateway::new("page-fs".into(), config).unwrap();
        let jobs = vec![
            job(0, "1234567", outgoing(TEXT, None)),
            job(1, "2000001:1", outgoing(TEXT, Some("ÖVNING"))),
            job(2, "8", outgoing("LARM", None)),
        ];
        let (outcomes, _) = send_all(&gateway, jobs).await;
        assert!(outcomes.values().all(Result::is_ok), "{outcomes:?}");
        let mut files: Vec<PathBuf> = std::fs::read_dir(&at).unwrap().map(|e| e.unwrap().path()).collect();
        files.sort();
        assert_eq!(files.len(), 3);
        let expected = [
            ("1234567", "3", TEXT, None, "14-2"),
            ("2000001", "1", TEXT, Some("ÖVNING"), "Ö-3-1"),
            ("8", "3", "LARM", None, "14-2"),
        ];
        for (file, (ric, function, text, mark, number)) in files.iter().zip(expected) {
            let decoded = std::process::Command::new("multimon-ng")
                .args(["-q", "-c", "-a", name, "-f", "alpha", "-C", "SE", "-t", "raw"])
                .arg(file)
                .output()
                .unwrap();
            let pages: Vec<String> = String::from_utf8(decoded.stdout)
                .unwrap()
                .lines()
                .filter_map(|line| {
                    let (head, page) = line.split_once("Alpha:")?;
                    let words: Vec<&str> = head.split_whitespace().collect();
                    assert_eq!(words[..], [&format!("{name}:"), "Address:", ric, "Function:", function], "{line}");
                    let page = page.strip_prefix("   ").unwrap_or(page);
                    Some(page.split("<EOT>").next().unwrap_or_default().to_owned())
                })
                .collect();
            assert_eq!(read_by_hand(&pages, mark, number), text, "{name} {pages:#?}");
            println!("ok {name} {ric}: {} pages, {} bytes are the same", pages.len(), text.len());
        }
    }
}

#[tokio::test]
#[ignore = "needs the real decoder: tests/peers/pocsag.sh"]
async fn a_decoder_reads_the_stream_of_a_program() {
    let file = PathBuf::from(said("VARDKASE_PEER_FOLDER")).join("stream.txt");
    let script = format!("multimon-ng -q -c -a POCSAG1200 -f alpha -C SE -t raw - > '{}'", file.display());
    let command = Some(List(vec!["sh".into(), "-c".into(), script]));
    let config = PocsagConfig { command, charset: Charset::Iso646Se, ..PocsagConfig::default() };
    let gateway = PocsagGateway::new("page-fs".into(), config).unwrap();
    let (outcomes, _) = send_all(&gateway, vec![job(0, "1234567", outgoing(TEXT, None))]).await;
    assert!(outcomes[&0].is_ok(), "{outcomes:?}");
    let decoded = std::fs::read_to_string(file).unwrap();
    let pages: Vec<String> =
        decoded.lines().filter_map(|l| Some(l.split_once("Alpha:   ")?.1.split("<EOT>").next()?.to_owned())).collect();
    assert_eq!(read_by_hand(&pages, None, "14-2"), TEXT);
    println!("ok stream: {} bytes are the same", TEXT.len());
}

#[tokio::test]
#[ignore = "needs the real paging system: tests/peers/espa.sh"]
async fn a_paging_system_on_a_serial_line_shows_the_same_text() {
    let device = LineConfig {
        device: Some(said("VARDKASE_PEER_ESPA").into()),
        framing: Framing::EightNone,
        ..LineConfig::default()
    };
    let config = EspaConfig {
        line: device,
        charset: Charset::Iso646Se,
        // It reads a character each tenth of a second.
        reply_timeout: Secs(30),
        poll_every: Secs(0),
        quiet_ms: 400,
        ..EspaConfig::default()
    };
    let gateway = EspaGateway::new("page-fs".into(), config).unwrap();
    let begun = Instant::now();
    let jobs = vec![job(0, "5551234", outgoing(TEXT, None)), job(1, "5551235", outgoing("ÖVRIGT: åäö ÅÄÖ", None))];
    let (outcomes, downs) = send_all(&gateway, jobs).await;
    println!("{:?}: {outcomes:?}", begun.elapsed());
    assert!(outcomes.values().all(Result::is_ok), "{outcomes:?} {downs:?}");
    let calls = PathBuf::from(said("VARDKASE_PEER_ESPA_CALLS"));
    let wanted: u16 = outcomes.values().map(|r| r.as_ref().unwrap().units).sum();
    let calls = loop {
        let calls = std::fs::read_to_string(&calls).unwrap_or_default();
        if calls.lines().count() >= usize::from(wanted) || begun.elapsed() > Duration::from_secs(120) {
            break calls;
        }
        tokio::time::sleep(Duration::from_millis(100)).await;
    };
    let mut shown: BTreeMap<String, Vec<String>> = BTreeMap::new();
    for line in calls.lines() {
        let call: BTreeMap<String, String> = serde_json::from_str(line).unwrap();
        assert_eq!((call["4"].as_str(), call["6"].as_str()), ("3", "1"));
        shown.entry(call["1"].clone()).or_default().push(swedish(call["2"].as_bytes()));
    }
    assert_eq!(read_by_hand(&shown["5551234"], None, "14-2"), TEXT);
    assert_eq!(read_by_hand(&shown["5551235"], None, "14-2"), "ÖVRIGT: åäö ÅÄÖ");
    println!("ok ESPA 4.4.4: {} calls, {} bytes are the same", calls.lines().count(), TEXT.len());
}
