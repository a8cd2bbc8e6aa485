//! POCSAG: what a receiver makes of the sound, at every speed and over every output; and every way in which handing it over
//! fails.

use std::path::Path;
use std::time::Duration;

use proptest::prelude::*;
use vardkase::domain::text::Charset;
use vardkase::gateways::Gateway;
use vardkase::gateways::pocsag::{Audio, PocsagConfig, PocsagGateway};
use vardkase::sim::Far;
use vardkase::sim::pocsag::{self as sim, Heard, decode};
use vardkase::yaml::List;

use super::paging_rig::{TEXT, job, kind, outgoing, read_by_hand, send_all};

fn gateway(config: PocsagConfig) -> PocsagGateway {
    PocsagGateway::new("page-fs".into(), config).expect("a gateway")
}

fn into_folder(folder: &Path) -> PocsagConfig {
    let folder = Some(folder.to_owned());
    PocsagConfig { folder, files_max: 9, charset: Charset::Iso646Se, timeout_s: 5, ..PocsagConfig::default() }
}

fn into_command(argv: &[&str], config: PocsagConfig) -> PocsagConfig {
    let command = Some(List(argv.iter().map(|a| (*a).to_owned()).collect()));
    PocsagConfig { folder: None, host: None, port: None, command, ..config }
}

fn over_tcp(port: u16, config: PocsagConfig) -> PocsagConfig {
    PocsagConfig { folder: None, host: Some("127.0.0.1".into()), port: Some(port), ..config }
}

fn files(folder: &Path) -> Vec<(String, Vec<u8>)> {
    let mut all: Vec<(String, Vec<u8>)> = std::fs::read_dir(folder)
        .expect("the folder")
        .map(|e| e.expect("an entry").path())
        .map(|p| (p.file_name().expect("a name").to_string_lossy().into_owned(), std::fs::read(&p).expect("a file")))
        .collect();
    all.sort();
    all
}

fn samples(bytes: &[u8]) -> Vec<i16> {
    bytes.chunks_exact(2).map(|b| i16::from_le_bytes([b[0], b[1]])).collect()
}

/// The Swedish display, written from the standard's table.
fn swedish(letters: &[u8]) -> String {
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

#[tokio::test]
async fn a_receiver_reads_the_same_text_at_every_speed() {
    for bits in [512, 1_200, 2_400] {
        for inverted in [false, true] {
            let folder = tempfile::tempdir().expect("a folder");
            let config = PocsagConfig { baud: bits.into(), inverted, lead_ms: 250, ..into_folder(folder.path()) };
            let jobs =
                vec![job(0, "1234567", outgoing(TEXT, Some("ÖVNING"))), job(1, "2000001:1", outgoing("LARM", None))];
            let (outcomes, downs) = send_all(&gateway(config), jobs).await;
            let accepted = outcomes[&0].as_ref().expect("accepted");
            assert!(!accepted.delivered && downs.is_empty());
            let all = files(folder.path());
            assert_eq!(all.len(), 2, "a file for each text, none that is half");
            assert!(
                all.iter().all(|(name, _)| name.ends_with(".s16") && !name.contains("1234567")),
                "no address in a name"
            );
            let sound = |at: usize| {
                let turn = |s: i16| if inverted { -s } else { s };
                samples(&all[at].1).into_iter().map(turn).collect::<Vec<i16>>()
            };
            let heard = decode(&sound(0), bits);
            assert_eq!(heard.len(), usize::from(accepted.units), "{bits}");
            assert!(heard.iter().all(|h| (h.ric, h.function) == (1_234_567, 3)));
            let pages: Vec<String> = heard.iter().map(|h| swedish(&h.letters())).collect();
            assert_eq!(read_by_hand(&pages, Some("ÖVNING"), "Ö-3-1"), TEXT);
            let other = decode(&sound(1), bits);
            assert_eq!((other.len(), other[0].ric, other[0].function), (1, 2_000_001, 1));
        }
    }
}

#[tokio::test]
async fn a_wav_file_has_the_same_samples() {
    let folder = tempfile::tempdir().expect("a folder");
    let config = PocsagConfig { format: Audio::Wav, ..into_folder(folder.path()) };
    send_all(&gateway(config), vec![job(0, "1234567", outgoing("LARM", None))]).await;
    let all = files(folder.path());
    assert!(all[0].0.ends_with(".wav"));
    let (header, data) = all[0].1.split_at(44);
    assert_eq!((&header[..4], &header[36..40]), (&b"RIFF"[..], &b"data"[..]));
    assert_eq!(header[40..44], (data.len() as u32).to_le_bytes());
    assert!(swedish(&decode(&samples(data), 1_200)[0].letters()).ends_with("LARM"));
}

#[tokio::test]
async fn over_tcp_and_into_a_program() {
    let far = Far::default();
    let server = sim::start(far.clone(), "page-fs", Charset::Iso646Se, 1_200).await.expect("server");
    let folder = tempfile::tempdir().expect("a folder");
    let config = over_tcp(server.addr.port(), into_folder(folder.path()));
    let (outcomes, _) = send_all(&gateway(config.clone()), vec![job(0, "1234560", outgoing(TEXT, None))]).await;
    assert!(outcomes[&0].is_ok(), "{outcomes:?}");
    let pages: Vec<String> = far.all().into_iter().map(|s| s.text).collect();
    assert_eq!(read_by_hand(&pages, None, "14-2"), TEXT);
    assert!(far.all().iter().all(|s| s.to == "1234560"));
    assert!(gateway(config.clone()).probe().await.ok);

    let file = folder.path().join("sound.raw");
    let script = format!("cat > '{}'", file.display());
    let config = into_command(&["sh", "-c", &script], config);
    let (outcomes, _) = send_all(&gateway(config.clone()), vec![job(0, "1234560", outgoing(TEXT, None))]).await;
    assert!(outcomes[&0].is_ok(), "{outcomes:?}");
    let pages: Vec<String> = decode(&samples(&std::fs::read(&file).expect("the sound")), 1_200)
        .iter()
        .map(|h| swedish(&h.letters()))
        .collect();
    assert_eq!(read_by_hand(&pages, None, "14-2"), TEXT);
    assert!(gateway(config).probe().await.ok);
}

#[tokio::test]
async fn handing_over_fails_in_every_way() {
    let folder = tempfile::tempdir().expect("a folder");
    let gone = folder.path().join("gone");
    let good = || PocsagConfig { timeout_s: 1, ..into_folder(folder.path()) };
    let command = |argv: &[&str]| into_command(argv, good());
    let listener = tokio::net::TcpListener::bind(("127.0.0.1", 0)).await.expect("a port");
    let deaf = listener.local_addr().expect("an address").port();
    let cases = [
        (PocsagConfig { folder: Some(gone), ..good() }, "temporary", false),
        (PocsagConfig { files_max: 0, ..good() }, "temporary", true),
        (command(&["sh", "-c", "cat >/dev/null; exit 3"]), "temporary", true),
        (command(&["sh", "-c", "kill -9 $$"]), "temporary", true),
        (command(&["sleep", "60"]), "unknown", true),
        (command(&["/no/such/program"]), "temporary", false),
        (over_tcp(deaf, good()), "unknown", true),
        (over_tcp(1, good()), "temporary", false),
    ];
    for (config, expected, there) in cases {
        let gateway = gateway(config.clone());
        let (outcomes, downs) = send_all(&gateway, vec![job(0, "1234567", outgoing("LARM", None))]).await;
        assert_eq!(kind(&outcomes[&0]), expected, "{config:?}: {outcomes:?}");
        assert_eq!(downs.len(), 1, "{config:?}");
        assert_eq!(gateway.probe().await.ok, there, "{config:?}");
    }
    assert_eq!(files(folder.path()), [], "nothing half lies about");
    drop(listener);
}

#[tokio::test]
async fn nobody_takes_the_files() {
    let folder = tempfile::tempdir().expect("a folder");
    let jobs = (0..12).map(|i| job(i, "1234567", outgoing("LARM", None))).collect();
    let (outcomes, downs) = send_all(&gateway(into_folder(folder.path())), jobs).await;
    assert_eq!(outcomes.values().filter(|r| r.is_ok()).count(), 9);
    assert_eq!(kind(&outcomes[&11]), "temporary");
    assert_eq!(downs, [Some("9 files lie there: the transmitter takes none".into())]);
}

#[tokio::test]
async fn what_a_pager_lacks_is_refused_and_no_sound_is_made() {
    let folder = tempfile::tempdir().expect("a folder");
    let good = into_folder(folder.path());
    for (config, address) in [
        (PocsagConfig { charset: Charset::Ascii7, ..good.clone() }, "1234567"),
        (PocsagConfig { charset: Charset::Numeric, ..good.clone() }, "1234567"),
        (PocsagConfig { pages_max: 1, ..good.clone() }, "1234567"),
        (good.clone(), "2097152"),
        (good.clone(), "1234567:9"),
    ] {
        let (outcomes, _) = send_all(&gateway(config), vec![job(0, address, outgoing(TEXT, None))]).await;
        assert_eq!(kind(&outcomes[&0]), "permanent", "{outcomes:?}");
    }
    assert_eq!(files(folder.path()), []);
    for bad in [
        PocsagConfig { charset: Charset::Latin1, ..good.clone() },
        PocsagConfig { function: Some(4), ..good.clone() },
        PocsagConfig { baud: 9_600.into(), ..good.clone() },
        into_command(&[], good.clone()),
        PocsagConfig { folder: None, ..good.clone() },
        PocsagConfig { host: Some("127.0.0.1".into()), port: Some(1), ..good },
    ] {
        assert!(PocsagGateway::new("x".into(), bad).is_err());
    }
}

#[tokio::test(start_paused = true)]
async fn a_program_that_hangs_delays_nobody_for_ever() {
    let hanging = PocsagConfig { charset: Charset::Iso646Se, timeout_s: 120, ..PocsagConfig::default() };
    let config = into_command(&["sleep", "600"], hanging);
    let begun = tokio::time::Instant::now();
    let gateway = gateway(config);
    let sent = tokio::time::timeout(Duration::from_secs(300), async {
        let (jobs, taken) = tokio::sync::mpsc::channel(1);
        let (out, mut events) = tokio::sync::mpsc::channel(4);
        let (_stop, stopped) = tokio::sync::watch::channel(false);
        jobs.send(job(0, "1234567", outgoing("LARM", None))).await.expect("room");
        drop(jobs);
        tokio::join!(gateway.run(taken, out, stopped), async { while events.recv().await.is_some() {} });
    });
    sent.await.expect("it ends");
    assert_eq!(begun.elapsed().as_secs(), 120);
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 24, failure_persistence: None, ..ProptestConfig::default() })]

    /// Any text in the languages of the north that the alphabet carries comes back byte for byte, to any pager.
    #[test]
    fn any_text_comes_back(
        text in "LARM [a-zåäöÅÄÖ0-9.,:]{1,12}( [a-zåäöéA-ZÅÄÖ0-9.,:-]{1,14}){0,20}",
        ric in 8_u32..2_000_000,
        chars_max in 60_u32..300,
    ) {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().expect("a runtime");
        let folder = tempfile::tempdir().expect("a folder");
        let config = PocsagConfig { chars_max, pages_max: 99, ..into_folder(folder.path()) };
        let (outcomes, _) =
            runtime.block_on(send_all(&gateway(config), vec![job(0, &ric.to_string(), outgoing(&text, None))]));
        prop_assert!(outcomes[&0].is_ok(), "{:?}", outcomes);
        let heard: Vec<Heard> = decode(&samples(&files(folder.path())[0].1), 1_200);
        prop_assert!(heard.iter().all(|h| h.ric == ric));
        let pages: Vec<String> = heard.iter().map(|h| swedish(&h.letters())).collect();
        prop_assert_eq!(read_by_hand(&pages, None, "14-2"), text);
    }
}
