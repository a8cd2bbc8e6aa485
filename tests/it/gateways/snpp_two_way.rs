//! Two-way paging (RFC 1861, level 3) against the transmitter of `sim`: what was answered becomes a reply, what arrived a
//! receipt, and what a transmitter does not offer is done without.

use std::sync::Arc;

use vardkase::domain::delivery::SendError;
use vardkase::domain::text::{Charset, Fingerprint};
use vardkase::gateways::snpp::{SnppConfig, SnppGateway, TwoWay};
use vardkase::gateways::{GatewayEvent, Job};
use vardkase::sim::Far;
use vardkase::sim::snpp::{self as sim, Behaviour, Options};
use vardkase::yaml::{List, Secs};

use super::paging_rig::{Running, TEXT, job, kind, outgoing, read_by_hand, send_all};

fn config(server: &sim::Handle, two_way: TwoWay) -> SnppConfig {
    SnppConfig {
        host: "127.0.0.1".into(),
        port: server.addr.port(),
        level: 3,
        charset: Charset::Iso646Se,
        two_way: Some(TwoWay { status_every: Secs(1), ..two_way }),
        ..SnppConfig::default()
    }
}

fn asking(ordinal: u32, pager: &str, text: &str) -> Job {
    Job { trailer: Some("Svara JA 14".into()), ..job(ordinal, pager, outgoing(text, None)) }
}

async fn server(options: Options) -> (Far, sim::Handle) {
    let far = Far::default();
    let handle = sim::start(far.clone(), "page-fs", Options { level: 3, ..options }).await.expect("server");
    (far, handle)
}

fn running(config: SnppConfig) -> Running {
    Running::start(Arc::new(SnppGateway::new("page-fs".into(), config).expect("a gateway")))
}

fn receipt(event: GatewayEvent) -> (u32, Result<(), SendError>) {
    match event {
        GatewayEvent::Receipt { delivery, result, .. } => (delivery.expect("which").ordinal, result),
        other => panic!("no receipt: {other:?}"),
    }
}

fn reply(event: GatewayEvent) -> (String, String) {
    match event {
        GatewayEvent::Reply { from, text, ack, .. } => {
            ack.tell();
            (from.0.to_string(), text)
        }
        other => panic!("no reply: {other:?}"),
    }
}

#[tokio::test]
async fn a_page_that_asks_byte_for_byte() {
    let (_far, server) = server(Options::default()).await;
    let two_way = TwoWay { read_ack: true, ping: true, ..TwoWay::default() };
    let mut running = running(SnppConfig { alert: true, ..config(&server, two_way) });
    running.send(asking(0, "5551234", "LÄGE")).await;
    let accepted = running.outcome(0).await.expect("accepted");
    assert_eq!((accepted.gateway_ref.as_str(), accepted.delivered), ("861 4000", true), "no pass code in a reference");
    let f = Fingerprint::of("14-2", "internal", "sv", "LÄGE");
    let mess = format!("MESS 14-2 {f} L[GE Svara JA 14");
    let expected = [
        "2WAY",
        "PING 5551234",
        "ACKR 1",
        "EXPT 1",
        "RTYP MULTICHOICE",
        "ALER 1",
        "PAGE 5551234",
        "MCRE 01 JA",
        "MCRE 02 NEJ",
        mess.as_str(),
        "SEND",
    ];
    assert_eq!(server.commands(), expected.map(|c| c.as_bytes().to_vec()));
    // The answer comes back with the incident's number.
    assert!(server.answer("5551234", "NEJ"));
    assert_eq!(reply(running.next().await), ("5551234".into(), "NEJ 14".into()));
    let commands = server.commands();
    assert!(commands.contains(&b"MSTA 4000 28000".to_vec()), "{commands:?}");
}

#[tokio::test]
async fn delivered_read_and_answered_are_three_things() {
    let behaviours = [("550".to_owned(), Behaviour::OutOfReach)].into();
    let (far, server) = server(Options { behaviours, ..Options::default() }).await;
    let mut running = running(config(&server, TwoWay { read_ack: true, ..TwoWay::default() }));
    running.send(asking(0, "550", TEXT)).await;
    let accepted = running.outcome(0).await.expect("accepted");
    assert!(!accepted.delivered, "queued is accepted");
    assert!(accepted.units > 1);
    server.arrive("550");
    assert_eq!(receipt(running.next().await), (0, Ok(())), "delivered once all pages are");
    // Read is not news: nobody has answered.
    server.read("550");
    assert!(server.answer("550", "JA"));
    assert_eq!(reply(running.next().await), ("550".into(), "JA 14".into()));
    let pages: Vec<String> = far.all().into_iter().map(|s| s.text).collect();
    let last = pages.last().expect("pages").strip_suffix("Svara JA 14").expect("the trailer").to_owned();
    let whole = [&pages[..pages.len() - 1], &[last]].concat();
    assert_eq!(read_by_hand(&whole, None, "14-2"), TEXT);
    let asked = server.commands().iter().filter(|c| c.starts_with(b"MCRE")).count();
    assert_eq!(asked, 2, "only the last page asks");
}

#[tokio::test]
async fn an_answer_in_words_comes_as_it_was_written() {
    let (_far, server) = server(Options::default()).await;
    let mut running = running(config(&server, TwoWay { replies: List::default(), ..TwoWay::default() }));
    running.send(asking(0, "550", "LARM")).await;
    assert!(running.outcome(0).await.is_ok());
    assert!(server.commands().contains(&b"RTYP TEXT".to_vec()));
    assert!(server.answer("550", "ja jag tar 14"));
    assert_eq!(reply(running.next().await), ("550".into(), "ja jag tar 14".into()));
}

#[tokio::test]
async fn an_answer_comes_again_until_it_is_on_disk() {
    let (_far, server) = server(Options::default()).await;
    let mut running = running(config(&server, TwoWay::default()));
    running.send(asking(0, "550", "LARM")).await;
    assert!(running.outcome(0).await.is_ok());
    assert!(server.answer("550", "JA"));
    let GatewayEvent::Reply { text: first, .. } = running.next().await else { panic!("no reply") };
    assert_eq!(reply(running.next().await).1, first, "nobody said that it is kept");
    // Now somebody did: the next page's answer is the next that comes.
    running.send(asking(1, "551", "LARM")).await;
    assert!(running.outcome(1).await.is_ok());
    assert!(server.answer("551", "NEJ"));
    assert_eq!(reply(running.next().await), ("551".into(), "NEJ 14".into()));
}

#[tokio::test]
async fn a_page_that_never_arrives_is_a_failure() {
    let behaviours =
        [("1", Behaviour::OutOfReach), ("2", Behaviour::OutOfReach)].map(|(p, b)| (p.to_owned(), b)).into();
    let (_far, server) = server(Options { behaviours, ..Options::default() }).await;
    let mut running = running(config(&server, TwoWay { follow: Secs(2), ..TwoWay::default() }));
    running.send(asking(0, "1", "LARM")).await;
    assert!(running.outcome(0).await.is_ok());
    server.expire("1");
    let (ordinal, result) = receipt(running.next().await);
    assert_eq!(
        (ordinal, matches!(&result, Err(SendError::Permanent { cause }) if cause.starts_with("MSTA: 780"))),
        (0, true)
    );
    running.send(asking(1, "2", "LARM")).await;
    assert!(running.outcome(1).await.is_ok());
    let (ordinal, result) = receipt(running.next().await);
    let cause = "it waited in the transmitter's queue too long, and was taken back";
    assert_eq!((ordinal, result), (1, Err(SendError::permanent(cause))));
    assert!(server.commands().contains(&b"KTAG 4001 28007".to_vec()));
}

#[tokio::test]
async fn a_pager_out_of_reach_is_tried_again_when_it_was_looked_for() {
    let behaviours = [("550".to_owned(), Behaviour::OutOfReach)].into();
    let (far, server) = server(Options { behaviours, ..Options::default() }).await;
    let gateway = SnppGateway::new("page-fs".into(), config(&server, TwoWay { ping: true, ..TwoWay::default() }))
        .expect("a gateway");
    let (outcomes, _) = send_all(&gateway, vec![asking(0, "550", "LARM"), asking(1, "551", "LARM")]).await;
    assert_eq!(outcomes[&0], Err(SendError::temporary("PING: 750 Unit valid but not online at this time")));
    assert!(outcomes[&1].is_ok(), "{outcomes:?}");
    assert_eq!(far.all().len(), 1);
}

#[tokio::test]
async fn a_transmitter_of_a_lower_level_takes_the_page_one_way() {
    for level in [1, 2] {
        let far = Far::default();
        let options = Options { level, ..Options::default() };
        let server = sim::start(far.clone(), "page-fs", options).await.expect("server");
        let gateway = SnppGateway::new("page-fs".into(), config(&server, TwoWay::default())).expect("a gateway");
        let (outcomes, _) = send_all(&gateway, vec![asking(0, "550", "LARM")]).await;
        assert_eq!(kind(&outcomes[&0]), "accepted", "{outcomes:?}");
        assert!(outcomes[&0].as_ref().is_ok_and(|a| !a.delivered), "250 is accepted, no more");
        assert_eq!(far.all().len(), 1);
    }
}

#[test]
fn settings_that_cannot_work_are_refused() {
    let good = SnppConfig { level: 3, two_way: Some(TwoWay::default()), ..SnppConfig::default() };
    assert!(SnppGateway::new("x".into(), good.clone()).is_ok());
    let replies = |replies: &[&str]| {
        let replies = List(replies.iter().map(|r| (*r).to_owned()).collect());
        SnppConfig { two_way: Some(TwoWay { replies, ..TwoWay::default() }), ..good.clone() }
    };
    for bad in [
        SnppConfig { level: 2, ..good.clone() },
        replies(&["JA\r\nSEND"]),
        replies(&[""]),
        replies(&["nähä"]),
        replies(&["A"; 10]),
        replies(&["a very long answer indeed"]),
    ] {
        assert!(SnppGateway::new("x".into(), bad).is_err());
    }
}
