//! ESPA 4.4.4 against the paging system of `sim`, as the station that polls and as the one that is polled; and on a serial
//! line of this machine.

use std::sync::Arc;
use std::time::Duration;

use proptest::prelude::*;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpListener;
use vardkase::domain::delivery::{Accepted, SendError};
use vardkase::domain::text::{Charset, Fingerprint};
use vardkase::gateways::espa::{EspaConfig, EspaGateway, Role};
use vardkase::gateways::line::LineConfig;
use vardkase::gateways::{Gateway, GatewayEvent};
use vardkase::sim::Far;
use vardkase::sim::espa::{self as sim, Behaviour, Options};
use vardkase::yaml::Secs;

use super::paging_rig::{Running, TEXT, job, kind, outgoing, read_by_hand, send_all};

fn config(port: u16) -> EspaConfig {
    EspaConfig {
        line: LineConfig::tcp(([127, 0, 0, 1], port).into()),
        charset: Charset::Iso646Se,
        reply_timeout: Secs(1),
        quiet_ms: 5,
        poll_timeout: Secs(2),
        tries_max: 1,
        ..EspaConfig::default()
    }
}

fn gateway(config: EspaConfig) -> EspaGateway {
    EspaGateway::new("page-fs".into(), config).expect("a gateway")
}

#[tokio::test]
async fn a_call_byte_for_byte() {
    let listener = TcpListener::bind(("127.0.0.1", 0)).await.expect("a port");
    let port = listener.local_addr().expect("an address").port();
    let f = Fingerprint::of("14-2", "internal", "sv", "LÄGE");
    let body =
        format!("1\x021\x1f5551234\x1e2\x1f14-2 {f} L[GE\x1e3\x1f7\x1e4\x1f3\x1e5\x1f2\x1e6\x1f1\x03").into_bytes();
    let sum = body.iter().fold(0, |a, b| a ^ b);
    let block = [&[1], body.as_slice(), &[sum]].concat();
    let system = tokio::spawn(async move {
        let (mut tcp, _) = listener.accept().await.expect("a caller");
        let mut hear = async |expected: &[u8], reply: &[u8]| {
            let mut heard = vec![0; expected.len()];
            tcp.read_exact(&mut heard).await.expect("what the caller says");
            assert_eq!(heard, expected);
            tcp.write_all(reply).await.expect("a reply");
        };
        // Not ready; then ready, damaged on the way, taken.
        hear(b"1\x052\x05", b"\x15").await;
        hear(b"\x04", b"").await;
        hear(b"1\x052\x05", b"\x06").await;
        hear(&block, b"1\x15").await;
        hear(&block, b"\x06").await;
        hear(b"\x04", b"").await;
    });
    let config = EspaConfig { beep: Some(7), transmissions: Some(2), tries_max: 2, ..config(port) };
    let (outcomes, downs) = send_all(&gateway(config), vec![job(0, "5551234", outgoing("LÄGE", None))]).await;
    assert_eq!(outcomes[&0], Ok(Accepted { gateway_ref: String::new(), delivered: false, units: 1 }));
    assert_eq!(downs, []);
    system.await.expect("the exchange");
}

#[tokio::test]
async fn every_failure_is_temporary_permanent_or_unknown() {
    use Behaviour::{BreaksOff, Closes, Damaged, Refuses, Silent};
    let cases = [
        (Damaged(2), "accepted"),
        (Damaged(9), "temporary"),
        (Refuses, "temporary"),
        (BreaksOff, "unknown"),
        (Silent, "unknown"),
        (Closes, "unknown"),
    ];
    for role in [Role::Control, Role::Polled] {
        let far = Far::default();
        let behaviours = (100..).map(|n: u32| n.to_string()).zip(cases.map(|(b, _)| b)).collect();
        let polls_every_ms = (role == Role::Polled).then_some(20);
        let options = Options { behaviours, polls_every_ms, not_ready: 1, ..Options::default() };
        let server = sim::start(far.clone(), "page-fs", options).await.expect("server");
        let config = EspaConfig { role, tries_max: 2, ..config(server.addr.port()) };
        let out = outgoing("LARM", None);
        let mut jobs = Vec::new();
        for i in 0..6 {
            jobs.push(job(2 * i, &(100 + i).to_string(), out.clone()));
            jobs.push(job(2 * i + 1, "200", out.clone()));
        }
        let (outcomes, _) = send_all(&gateway(config), jobs).await;
        for (i, (behaviour, expected)) in (0..).zip(cases) {
            let result = &outcomes[&(2 * i)];
            assert_eq!(kind(result), expected, "{role:?} {behaviour:?}: {result:?}");
            assert!(outcomes[&(2 * i + 1)].is_ok(), "{role:?} after {behaviour:?}: {outcomes:?}");
        }
        assert_eq!(far.all().iter().filter(|s| s.to == "200").count(), 6, "nobody twice, nobody forgotten");
    }
}

#[tokio::test]
async fn a_pager_in_its_rack_makes_a_failure_of_an_accepted_call() {
    for role in [Role::Control, Role::Polled] {
        let behaviours = [("300".to_owned(), Behaviour::Absent)].into();
        let polls_every_ms = (role == Role::Polled).then_some(20);
        let options = Options { behaviours, polls_every_ms, ..Options::default() };
        let server = sim::start(Far::default(), "page-fs", options).await.expect("server");
        let config = EspaConfig { role, poll_every: Secs(1), ..config(server.addr.port()) };
        let mut running = Running::start(Arc::new(gateway(config)));
        running.send(job(0, "300", outgoing("LARM", None))).await;
        running.send(job(1, "301", outgoing("LARM", None))).await;
        assert!(running.outcome(0).await.is_ok());
        assert!(running.outcome(1).await.is_ok());
        let GatewayEvent::Receipt { delivery, result, .. } = running.next().await else { panic!("no receipt") };
        assert_eq!(delivery.map(|d| d.ordinal), Some(0), "{role:?}");
        assert_eq!(result, Err(SendError::permanent("the pager is absent")));
    }
}

#[tokio::test]
async fn a_paging_system_that_is_not_there() {
    let listener = TcpListener::bind(("127.0.0.1", 0)).await.expect("a port");
    let port = listener.local_addr().expect("an address").port();
    // It takes the connection and says nothing.
    for (role, cause) in [(Role::Control, "select: no answer in time"), (Role::Polled, "select: no answer in time")] {
        let config = EspaConfig { role, ..config(port) };
        let (outcomes, _) = send_all(&gateway(config), vec![job(0, "1", outgoing("LARM", None))]).await;
        assert_eq!(outcomes[&0], Err(SendError::temporary(cause)), "{role:?}");
    }
    let health = gateway(config(port)).probe().await;
    assert_eq!((health.ok, health.detail.as_str()), (false, "the paging system does not answer a poll"));
    drop(listener);
    let gone = gateway(config(port));
    let (outcomes, downs) = send_all(&gone, vec![job(0, "1", outgoing("LARM", None))]).await;
    assert_eq!(kind(&outcomes[&0]), "temporary");
    assert_eq!(downs, [Some("connect: connection refused".into())]);
    assert!(!gone.probe().await.ok);
}

#[tokio::test]
async fn while_the_line_is_in_use_a_probe_asks_nobody() {
    let server = sim::start(Far::default(), "page-fs", Options::default()).await.expect("server");
    let gateway = Arc::new(gateway(config(server.addr.port())));
    assert_eq!(gateway.probe().await.detail, "the paging system answers");
    let mut running = Running::start(gateway.clone());
    running.send(job(0, "1", outgoing("LARM", None))).await;
    assert!(running.outcome(0).await.is_ok());
    let health = gateway.probe().await;
    assert_eq!((health.ok, health.detail.as_str()), (true, "the line is open and in use"));
}

#[tokio::test]
async fn what_a_paging_system_lacks_is_refused_and_nothing_is_said() {
    let server = sim::start(Far::default(), "page-fs", Options::default()).await.expect("server");
    let port = server.addr.port();
    for (config, pager) in [
        (EspaConfig { charset: Charset::Ascii7, ..config(port) }, "1"),
        (EspaConfig { pages_max: 1, ..config(port) }, "1"),
        (EspaConfig { block_bytes_max: 80, ..config(port) }, "1"),
        (config(port), "5\u{3}5"),
    ] {
        let (outcomes, _) = send_all(&gateway(config), vec![job(0, pager, outgoing(TEXT, None))]).await;
        assert_eq!(kind(&outcomes[&0]), "permanent", "{outcomes:?}");
    }
    assert!(server.heard().is_empty());
    for bad in [
        EspaConfig { charset: Charset::Utf8, ..config(port) },
        EspaConfig { own: '2', ..config(port) },
        EspaConfig { own: '\u{5}', ..config(port) },
    ] {
        assert!(EspaGateway::new("x".into(), bad).is_err());
    }
}

#[tokio::test]
async fn an_alert_goes_before_an_update() {
    let server = sim::start(Far::default(), "page-fs", Options::default()).await.expect("server");
    let alert = job(0, "1", outgoing("LARM", None));
    let mut update = job(1, "2", outgoing("UPPDATERING", None));
    let mut head = (*update.head).clone();
    head.priority = 1;
    update.head = Arc::new(head);
    send_all(&gateway(config(server.addr.port())), vec![alert, update]).await;
    let priorities: Vec<Vec<u8>> = server.records().into_iter().filter(|r| r.0 == b'6').map(|r| r.1).collect();
    assert_eq!(priorities, [b"1", b"2"]);
}

/// A slow far end: one byte at a time, at the speed of an old line.
#[tokio::test]
async fn a_byte_at_a_time_is_fast_enough() {
    let far = Far::default();
    let server = sim::start(far.clone(), "page-fs", Options::default()).await.expect("server");
    let listener = TcpListener::bind(("127.0.0.1", 0)).await.expect("a port");
    let port = listener.local_addr().expect("an address").port();
    let to = server.addr;
    tokio::spawn(async move {
        let (near, _) = listener.accept().await.expect("a caller");
        let far = tokio::net::TcpStream::connect(to).await.expect("the system");
        let (mut near_rx, mut near_tx) = near.into_split();
        let (mut far_rx, mut far_tx) = far.into_split();
        let slowly = async |rx: &mut tokio::net::tcp::OwnedReadHalf, tx: &mut tokio::net::tcp::OwnedWriteHalf| {
            while let Ok(byte) = rx.read_u8().await {
                tokio::time::sleep(Duration::from_millis(1)).await;
                tx.write_u8(byte).await.expect("a byte");
            }
        };
        tokio::join!(slowly(&mut near_rx, &mut far_tx), slowly(&mut far_rx, &mut near_tx));
    });
    let (outcomes, _) = send_all(&gateway(config(port)), vec![job(0, "550", outgoing(TEXT, None))]).await;
    assert!(outcomes[&0].is_ok(), "{outcomes:?}");
    let pages: Vec<String> = far.all().into_iter().map(|s| s.text).collect();
    assert_eq!(read_by_hand(&pages, None, "14-2"), TEXT);
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 24, failure_persistence: None, ..ProptestConfig::default() })]

    /// Any text in the languages of the north that the alphabet carries comes back byte for byte.
    #[test]
    fn any_text_comes_back(
        text in "LARM [a-zåäöÅÄÖ0-9.,:]{1,12}( [a-zåäöéA-ZÅÄÖ0-9.,:-]{1,14}){0,20}",
        norwegian in "ALARM [a-zæøåÆØÅ0-9.,:]{1,12}( [a-zæøåÆØÅ0-9.,:-]{1,14}){0,20}",
        chars_max in 60_u32..160,
    ) {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().expect("a runtime");
        for (text, charset, role) in [
            (&text, Charset::Iso646Se, Role::Control),
            (&text, Charset::Latin1, Role::Control),
            (&norwegian, Charset::Iso646No, Role::Polled),
            (&norwegian, Charset::Iso646Dk, Role::Control),
        ] {
            let pages: Vec<String> = runtime.block_on(async {
                let far = Far::default();
                let polls_every_ms = (role == Role::Polled).then_some(2);
                let options = Options { charset, polls_every_ms, ..Options::default() };
                let server = sim::start(far.clone(), "p", options).await.expect("server");
                let config = EspaConfig { charset, chars_max, pages_max: 99, role, block_bytes_max: 250, ..config(server.addr.port()) };
                let (outcomes, _) = send_all(&gateway(config), vec![job(0, "550", outgoing(text, None))]).await;
                assert!(outcomes[&0].is_ok(), "{outcomes:?}");
                far.all().into_iter().map(|s| s.text).collect()
            });
            prop_assert_eq!(&read_by_hand(&pages, None, "14-2"), text);
        }
    }
}
