//! Paging against the transmitter of `sim`: exact bytes, the same text, and every way in which a transmitter fails.

use std::collections::BTreeMap;
use std::sync::Arc;

use super::sending::{self, Outcomes};
use vardkase::domain::delivery::{Accepted, SendError};
use vardkase::domain::ids::{DeliveryId, IncidentNo};
use vardkase::domain::lang::Lang;
use vardkase::domain::text::{Actual, Canonical, Charset, Exercise, Fingerprint, Mark, NO_MARK, Outgoing, Text};
use vardkase::gateways::Secret;
use vardkase::gateways::snpp::{SnppConfig, SnppGateway};
use vardkase::gateways::{Address, Gateway, Job, MessageContext};
use vardkase::sim::Far;
use vardkase::sim::snpp::{self as sim, Behaviour, Options};
use vardkase::yaml::Secs;

const TEXT: &str = "LARM STABSLÄGE FS: Journalen ligger nere. Gör nu: skriv på papper. Gäller: sjukhus och vårdcentraler. \
    Sedan: 09.40. Åter i drift: okänt. Nästa besked: 10.40. Kontakt: 0980-319200.";

fn outgoing(text: &str, mark: Option<&str>) -> Arc<Outgoing> {
    let number = if mark.is_some() { "Ö-3-1" } else { "14-2" };
    let f = Fingerprint::of(number, "internal", "sv", text);
    let text = Canonical::new(text).expect("canonical");
    Arc::new(match mark {
        None => Outgoing::message(&Text::<Actual>::new(number, f, text), NO_MARK),
        Some(m) => Outgoing::message(&Text::<Exercise>::new(number, f, text), Mark::new(m).expect("a word")),
    })
}

fn job(ordinal: u32, pager: &str, out: Arc<Outgoing>) -> Job {
    Job {
        delivery: DeliveryId { incident: IncidentNo::actual(14), ordinal },
        to: Address(pager.into()),
        out,
        head: Arc::new(MessageContext {
            sender: "Region Fjällmark".into(),
            lang: Lang::SV,
            title: "Journalen".into(),
            mode_line: String::new(),
            page_url: String::new(),
            thread: "incident-14".into(),
            priority: 0,
            foot: String::new(),
        }),
        trailer: None,
        link: None,
        repeat: false,
        ttl_s: 600,
    }
}

fn config(server: &sim::Handle) -> SnppConfig {
    SnppConfig {
        host: server.addr.ip().to_string().into(),
        port: server.addr.port(),
        level: 2,
        charset: Charset::Iso646Se,
        ..SnppConfig::default()
    }
}

async fn send_all(config: SnppConfig, jobs: Vec<Job>) -> (Outcomes, Vec<Option<String>>) {
    let gateway = SnppGateway::new("page-fs".into(), config).expect("a gateway");
    sending::send_all(&gateway, jobs).await
}

/// What a person with the pager in the hand puts together: written from the grammar, calls nothing of the product.
fn read_by_hand(pages: &[String], mark: Option<&str>, number: &str, trailer: Option<&str>) -> String {
    let n = pages.len();
    let mut text = String::new();
    for (k, page) in (1..).zip(pages) {
        let mut rest = page.as_str();
        if let Some(mark) = mark {
            rest = rest.strip_prefix(&format!("{mark} ")).expect("mark in front");
            rest = rest.strip_suffix(&format!(" {mark}")).expect("mark at the end");
        }
        rest = rest.strip_prefix(&format!("{number} ")).expect("number");
        let (fingerprint, after) = rest.split_at(7);
        assert!(fingerprint.ends_with(' ') && !fingerprint.trim().contains(' '), "{page:?}");
        rest = after;
        if n > 1 {
            rest = rest.strip_prefix(&format!("{k}/{n} ")).expect("k of n");
        }
        if let (Some(trailer), true) = (trailer, k == n) {
            rest = rest.strip_suffix(trailer).expect("trailer at the end");
            if let Some(mark) = mark
                && !rest.is_empty()
            {
                rest = rest.strip_suffix(&format!(" {mark} ")).expect("the text's own mark");
            } else if !rest.is_empty() {
                rest = rest.strip_suffix(' ').expect("a space before the trailer");
            }
        }
        text.push_str(rest);
    }
    text
}

#[tokio::test]
async fn a_page_byte_for_byte() {
    let far = Far::default();
    let options = Options { login: Some(("larm".into(), "x".into())), ..Options::default() };
    let server = sim::start(far.clone(), "page-fs", options).await.expect("server");
    let config = SnppConfig {
        user: Some("larm".into()),
        password: Some(Secret::new("x")),
        jqueue: true,
        alert: true,
        caller: Some("0980319200".into()),
        ..config(&server)
    };
    let text = "LÄGE åter å";
    let f = Fingerprint::of("14-2", "internal", "sv", text);
    let (outcomes, downs) = send_all(config, vec![job(0, "5551234", outgoing(text, None))]).await;
    let accepted = outcomes[&0].as_ref().expect("accepted");
    assert_eq!(*accepted, Accepted { gateway_ref: "250 Message sent".into(), delivered: false, units: 1 });
    assert_eq!(downs, []);
    let mess = format!("MESS 14-2 {f} L[GE }}ter }}");
    let expected =
        ["LOGI", "SITE JQUEUE YES", "ALER 1", "CALL 0980319200", "PAGE 5551234", mess.as_str(), "SEND", "QUIT"];
    assert_eq!(server.commands(), expected.map(|c| c.as_bytes().to_vec()));
    assert_eq!(far.all()[0].text, format!("14-2 {f} {text}"));
}

#[tokio::test]
async fn pages_put_together_are_the_same_text() {
    for (mark, number) in [(None, "14-2"), (Some("ÖVNING"), "Ö-3-1")] {
        for charset in [Charset::Iso646Se, Charset::Latin1, Charset::Utf8] {
            for trailer in [None, Some("Ring 0980-319200")] {
                for chars_max in [50, 80, 200, 400] {
                    let far = Far::default();
                    let options = Options { charset, ..Options::default() };
                    let server = sim::start(far.clone(), "page-fs", options).await.expect("server");
                    let mut job = job(0, "550", outgoing(TEXT, mark));
                    job.trailer = trailer.map(Into::into);
                    let config = SnppConfig { charset, chars_max, pages_max: 99, ..config(&server) };
                    let (outcomes, _) = send_all(config, vec![job]).await;
                    let pages: Vec<String> = far.all().into_iter().map(|s| s.text).collect();
                    let accepted = outcomes[&0].as_ref().expect("accepted");
                    assert_eq!(usize::from(accepted.units), pages.len());
                    assert!(!accepted.delivered, "a transmitter knows nothing of the pager");
                    assert_eq!(read_by_hand(&pages, mark, number, trailer), TEXT, "{pages:#?}");
                    assert!(pages.iter().all(|p| p.chars().count() <= chars_max as usize));
                }
            }
        }
    }
}

#[tokio::test]
async fn what_a_transmitter_lacks_is_refused_and_nothing_is_sent() {
    let far = Far::default();
    let server = sim::start(far.clone(), "page-ls", Options::default()).await.expect("server");
    let permanent = |outcomes: &Outcomes| matches!(outcomes[&0], Err(SendError::Permanent { .. }));
    let ascii = SnppConfig { charset: Charset::Ascii7, ..config(&server) };
    let (outcomes, _) = send_all(ascii, vec![job(0, "550", outgoing(TEXT, None))]).await;
    assert!(permanent(&outcomes), "{outcomes:?}");
    let short = SnppConfig { pages_max: 2, ..config(&server) };
    let (outcomes, _) = send_all(short, vec![job(0, "550", outgoing(TEXT, None))]).await;
    assert!(permanent(&outcomes), "{outcomes:?}");
    let long = SnppConfig { level: 1, chars_max: 300, ..config(&server) };
    let (outcomes, _) = send_all(long, vec![job(0, "550", outgoing(TEXT, None))]).await;
    assert!(permanent(&outcomes), "{outcomes:?}");
    let (outcomes, _) = send_all(config(&server), vec![job(0, "5 5\r\nSEND", outgoing("x", None))]).await;
    assert!(permanent(&outcomes), "{outcomes:?}");
    assert_eq!(far.all(), []);
    assert!(server.commands().is_empty(), "not even a connection");
}

#[tokio::test]
async fn a_long_page_goes_by_data() {
    let far = Far::default();
    let server = sim::start(far.clone(), "page-fs", Options::default()).await.expect("server");
    let config = SnppConfig { chars_max: 300, ..config(&server) };
    let (outcomes, _) = send_all(config, vec![job(0, "550", outgoing(TEXT, None))]).await;
    assert!(outcomes[&0].is_ok());
    assert_eq!(server.commands().iter().filter(|c| *c == b"DATA").count(), 1);
    assert!(far.all()[0].text.ends_with(TEXT));
}

#[tokio::test]
async fn a_server_that_reads_mess_as_words_alters_nothing() {
    let text =
        "LARM \"Journalen\" är nere: läs \"Reservrutiner\" på intranätet och ring växeln när något är oklart i natt.";
    for chars_max in [50, 80, 200] {
        let far = Far::default();
        let options = Options { mess_by_words: true, ..Options::default() };
        let server = sim::start(far.clone(), "page-fs", options).await.expect("server");
        let config = SnppConfig { chars_max, pages_max: 99, ..config(&server) };
        let (outcomes, _) = send_all(config, vec![job(0, "550", outgoing(text, None))]).await;
        assert!(outcomes[&0].is_ok(), "{outcomes:?}");
        let pages: Vec<String> = far.all().into_iter().map(|s| s.text).collect();
        assert_eq!(read_by_hand(&pages, None, "14-2", None), text, "{pages:#?}");
    }
}

#[tokio::test]
async fn every_failure_is_temporary_permanent_or_unknown() {
    use Behaviour::{Busy, DropsBeforeSend, Garbage, HalfClosed, Silent, Slow, Technical, Unknown};
    let cases = [
        (Busy, "temporary"),
        (Unknown, "permanent"),
        (Technical, "temporary"),
        (DropsBeforeSend, "temporary"),
        (Garbage, "temporary"),
        (HalfClosed, "unknown"),
        (Silent, "unknown"),
        (Slow(50), "accepted"),
    ];
    for login in [None, Some(("larm".to_owned(), "x".to_owned()))] {
        let far = Far::default();
        let behaviours = (100..).map(|n: u32| n.to_string()).zip(cases.map(|(b, _)| b)).collect();
        let options = Options { behaviours, login: login.clone(), rese_logs_out: true, ..Options::default() };
        let server = sim::start(far.clone(), "page-fs", options).await.expect("server");
        // A good pager after each bad one: the connection is whole again.
        let out = outgoing("LARM", None);
        let mut jobs = Vec::new();
        for i in 0..8 {
            jobs.push(job(2 * i, &(100 + i).to_string(), out.clone()));
            jobs.push(job(2 * i + 1, "200", out.clone()));
        }
        let (user, password) = login.unzip();
        let password = password.map(Secret::new);
        let config = SnppConfig { user, password, send_timeout: Secs(1), ..config(&server) };
        let (outcomes, _) = send_all(config, jobs).await;
        for (i, (behaviour, expected)) in (0..).zip(cases) {
            let result = &outcomes[&(2 * i)];
            let what = match result {
                Ok(_) => "accepted",
                Err(SendError::Temporary { .. }) => "temporary",
                Err(SendError::Permanent { .. }) => "permanent",
                Err(SendError::Unknown { .. }) => "unknown",
            };
            assert_eq!(what, expected, "{behaviour:?}: {result:?}");
            if let Err(e) = result {
                assert!(!e.cause().split_whitespace().any(|w| w == (100 + i).to_string()), "no address in {e}");
            }
            assert!(outcomes[&(2 * i + 1)].is_ok(), "after {behaviour:?}: {outcomes:?}");
        }
        let bad_that_arrived = far.all().iter().filter(|s| s.to != "200").count();
        assert_eq!(bad_that_arrived, 3, "half-closed, silent, slow");
        assert_eq!(far.all().len(), 3 + 8, "nobody twice");
    }
}

#[tokio::test]
async fn accepted_only_when_all_pages_were() {
    let far = Far::default();
    let behaviours = BTreeMap::from([
        ("100".to_owned(), Behaviour::Unknown),
        ("101".to_owned(), Behaviour::Silent),
        ("102".to_owned(), Behaviour::TakesOnly(2)),
    ]);
    let options = Options { behaviours, ..Options::default() };
    let server = sim::start(far.clone(), "page-fs", options).await.expect("server");
    let config = SnppConfig { send_timeout: Secs(1), ..config(&server) };
    let jobs = (0..).zip(["100", "101", "102"]).map(|(i, pager)| job(i, pager, outgoing(TEXT, None))).collect();
    let (outcomes, _) = send_all(config, jobs).await;
    assert_eq!(outcomes[&0], Err(SendError::permanent("page 1 of 3: PAGE: 550 Pager … unknown")));
    assert_eq!(outcomes[&1], Err(SendError::unknown("page 1 of 3: SEND: no answer in time")));
    assert_eq!(outcomes[&2], Err(SendError::temporary("page 3 of 3: SEND: 554 Message failed, transmitter fault")));
    assert_eq!(far.all().iter().filter(|s| s.to == "102").count(), 2);
}

#[tokio::test]
async fn two_way_answers_are_accepted_and_no_more() {
    for send_code in [250, 860, 960] {
        let options = Options { send_code, ..Options::default() };
        let server = sim::start(Far::default(), "page-fs", options).await.expect("server");
        let (outcomes, _) = send_all(config(&server), vec![job(0, "550", outgoing("LARM", None))]).await;
        assert!(outcomes[&0].as_ref().is_ok_and(|a| !a.delivered), "{outcomes:?}");
    }
}

#[tokio::test]
async fn a_transmitter_that_closes_after_each_page_gets_each_page() {
    let far = Far::default();
    let options = Options { closes_after_send: true, ..Options::default() };
    let server = sim::start(far.clone(), "page-fs", options).await.expect("server");
    let (outcomes, downs) = send_all(config(&server), vec![job(0, "550", outgoing(TEXT, None))]).await;
    assert!(outcomes[&0].is_ok(), "{outcomes:?}");
    assert_eq!((far.all().len(), downs.len()), (3, 0));
}

#[tokio::test]
async fn a_transmitter_of_level_one_takes_the_page_without_extras() {
    let far = Far::default();
    let server = sim::start(far.clone(), "page-ls", Options { level: 1, ..Options::default() }).await.expect("server");
    let config = SnppConfig { alert: true, ..config(&server) };
    let (outcomes, _) = send_all(config, vec![job(0, "550", outgoing("LARM", None))]).await;
    assert!(outcomes[&0].is_ok(), "{outcomes:?}");
    assert_eq!(far.all().len(), 1);
}

#[tokio::test]
async fn connections_beside_each_other_keep_the_order_within_a_text() {
    let far = Far::default();
    let server = sim::start(far.clone(), "page-fs", Options::default()).await.expect("server");
    let out = outgoing(TEXT, Some("ÖVNING"));
    let jobs = (0..20).map(|i| job(i, &(500 + i).to_string(), out.clone())).collect();
    let (outcomes, _) = send_all(SnppConfig { connections_max: 3, ..config(&server) }, jobs).await;
    assert!(outcomes.values().all(Result::is_ok), "{outcomes:?}");
    assert!((2..=3).contains(&server.connections()));
    for pager in 500..520 {
        let pager = pager.to_string();
        let pages: Vec<String> = far.all().into_iter().filter(|s| s.to == pager).map(|s| s.text).collect();
        assert_eq!(read_by_hand(&pages, Some("ÖVNING"), "Ö-3-1", None), TEXT);
    }
}

#[tokio::test]
async fn a_wrong_login_is_the_gateways_fault() {
    let options = Options { login: Some(("larm".into(), "x".into())), greets_421: 1, ..Options::default() };
    let server = sim::start(Far::default(), "page-fs", options).await.expect("server");
    let (user, password) = (Some("larm".into()), Some(Secret::new("fel")));
    let config = SnppConfig { user, password, ..config(&server) };
    let jobs = vec![job(0, "550", outgoing("LARM", None)), job(1, "550", outgoing("LARM", None))];
    let (outcomes, downs) = send_all(config.clone(), jobs).await;
    assert!(outcomes.values().all(|r| matches!(r, Err(SendError::Temporary { .. }))), "{outcomes:?}");
    assert_eq!(downs, [Some("greeting: 421 Gateway busy, try again".into())], "told once");
    let health = SnppGateway::new("page-fs".into(), config).expect("a gateway").probe().await;
    assert_eq!((health.ok, health.detail.as_str()), (false, "LOGI: 550 Invalid login"));
}

#[test]
fn settings_that_cannot_work_are_refused() {
    let bad = [
        SnppConfig { charset: Charset::Gsm7, ..SnppConfig::default() },
        SnppConfig { level: 2, caller: Some("a b".into()), ..SnppConfig::default() },
        SnppConfig { level: 2, user: Some("a\r\nb".into()), ..SnppConfig::default() },
        SnppConfig { level: 2, password: Some(Secret::new("x")), ..SnppConfig::default() },
        SnppConfig { alert: true, ..SnppConfig::default() },
    ];
    for config in bad {
        assert!(SnppGateway::new("page-fs".into(), config).is_err());
    }
}
