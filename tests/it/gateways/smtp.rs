//! E-mail against the mail server of `sim`: the same text, and every way in which a server fails.

mod chunks;
mod inbox;
mod login;
mod tls;

use std::sync::Arc;
use std::time::{Duration, Instant};

pub(crate) use super::sending::send_all;
use proptest::prelude::*;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpListener;
use tokio::sync::{mpsc, watch};
use tokio::task::JoinHandle;
use vardkase::domain::delivery::SendError;
use vardkase::domain::ids::{DeliveryId, IncidentNo};
use vardkase::domain::lang::Lang;
use vardkase::domain::text::{Actual, Canonical, Exercise, Fingerprint, Mark, NO_MARK, Outgoing, Text};
use vardkase::gateways::Secret;
use vardkase::gateways::smtp::{SmtpConfig, SmtpGateway, Tls};
use vardkase::gateways::{Address, Gateway, GatewayEvent, Job, MessageContext};
use vardkase::sim::Far;
use vardkase::sim::smtp::{self as sim, Options};
use vardkase::yaml::Secs;

pub(crate) const TEXT: &str = "LARM STABSLÄGE FS: Journalen ligger nere. Gör nu: skriv på papper; <fråga> 'vakten' & \"ring\" = 100 % \
    =C3=A5. . Gäller: sjukhus och vårdcentraler – även ”Æ Ø é ü” 😀. Sedan: 09.40. Åter i drift: okänt. Nästa besked: 10.40. \
    Kontakt: 0980-319200. From detta till slut, en lång rad utan radbrytningar som måste komma fram orörd.";

const KEY: [u8; 32] = [14; 32];

pub(crate) fn outgoing(text: &str, mark: Option<&str>) -> Arc<Outgoing> {
    let number = if mark.is_some() { "Ö-3-1" } else { "14-2" };
    let f = Fingerprint::of(number, "internal", "sv", text);
    let text = Canonical::new(text).expect("canonical");
    Arc::new(match mark {
        None => Outgoing::message(&Text::<Actual>::new(number, f, text), NO_MARK),
        Some(m) => Outgoing::message(&Text::<Exercise>::new(number, f, text), Mark::new(m).expect("a word")),
    })
}

fn head() -> Arc<MessageContext> {
    Arc::new(MessageContext {
        sender: "Region Fjällmark".into(),
        lang: Lang::SV,
        title: "Journalen ligger nere".into(),
        mode_line: "FS STABSLÄGE".into(),
        page_url: String::new(),
        thread: "incident-14@region.example".into(),
        priority: 0,
        foot: String::new(),
    })
}

pub(crate) fn jobs(to: &[&str]) -> Vec<Job> {
    let (out, head) = (outgoing(TEXT, None), head());
    (0..)
        .zip(to)
        .map(|(ordinal, to)| Job {
            delivery: DeliveryId { incident: IncidentNo::actual(14), ordinal },
            to: Address((*to).into()),
            out: out.clone(),
            head: head.clone(),
            trailer: Some(format!("Svara JA 14 {ordinal}").into()),
            link: None,
            repeat: false,
            ttl_s: 600,
        })
        .collect()
}

fn config(server: &sim::Handle) -> SmtpConfig {
    SmtpConfig {
        host: server.addr.ip().to_string().into(),
        port: server.addr.port(),
        tls: Tls::None,
        from: "larm@region.example".into(),
        connections_max: 1,
        ..SmtpConfig::default()
    }
}

pub(crate) fn gateway(config: SmtpConfig) -> SmtpGateway {
    let now = || "2008-12-18T09:45:00Z".parse().expect("a time");
    SmtpGateway::new("mail-int".into(), config, Arc::new(now), KEY).expect("a gateway")
}

/// What a reader of the mail reads as the text: written from the grammar, calls nothing of the product.
pub(crate) fn read_by_hand(shown: &str, mark: Option<&str>, number: &str, apart: &[&str]) -> String {
    let mut paragraphs: Vec<&str> = shown.split("\n\n").collect();
    let mut text = paragraphs.remove(0);
    if let Some(mark) = mark {
        text = text.strip_prefix(&format!("{mark} ")).expect("mark in front");
        text = text.strip_suffix(&format!(" {mark}")).expect("mark behind");
        if !apart.is_empty() {
            assert_eq!(paragraphs.pop(), Some(mark), "the unit ends with the mark");
        }
    }
    text = text.strip_prefix(&format!("{number} ")).expect("number");
    let (fingerprint, text) = text.split_at(7);
    assert!(fingerprint.ends_with(' ') && !fingerprint.trim().contains(' '));
    assert_eq!(paragraphs.join("\n"), apart.join("\n"), "what stands apart");
    text.to_owned()
}

/// The words of the element that carries the text.
pub(crate) fn html_text(html: &str) -> String {
    let (_, after) = html.split_once("<p id=\"text\">").expect("the element");
    let (inside, after) = after.split_once("</p>").expect("its end");
    assert!(!after.contains("id=\"text\""), "one element");
    assert!(!inside.contains(['<', '\n']), "nothing but text");
    [("&#60;", "<"), ("&#62;", ">"), ("&#34;", "\""), ("&#39;", "'"), ("&#38;", "&")]
        .iter()
        .fold(inside.to_owned(), |text, (entity, c)| text.replace(entity, c))
}

#[tokio::test]
async fn a_mail_carries_the_same_text_in_both_parts() {
    for (mark, number) in [(None, "14-2"), (Some("ÖVNING"), "Ö-3-1")] {
        for pipelining in [true, false] {
            let far = Far::default();
            let server = sim::start(far.clone(), "mail", Options::default()).await.expect("server");
            let mut jobs = jobs(&["tib@fs.example", "iva@fs.example", "kib@fs.example"]);
            for job in &mut jobs {
                job.out = outgoing(TEXT, mark);
            }
            jobs[1].trailer = None;
            jobs[2].link = Some("https://larm.example/a/8Z?x=1&y=2".into());
            let (outcomes, _) = send_all(&gateway(SmtpConfig { pipelining, ..config(&server) }), jobs).await;
            for result in outcomes.values() {
                let accepted = result.as_ref().expect("accepted");
                assert!(accepted.gateway_ref.contains("queued as SIM") && !accepted.delivered);
            }
            let link = "https://larm.example/a/8Z?x=1&y=2";
            let apart: [&[&str]; 3] = [&["Svara JA 14 0"], &[], &["Svara JA 14 2", link]];
            assert_eq!(far.all().len(), 3);
            for (shown, apart) in far.all().iter().zip(apart) {
                assert_eq!(read_by_hand(&shown.text, mark, number, apart), TEXT);
            }
            let mail = &server.mails()[2];
            assert_eq!(mail.kinds, ["text/plain", "text/html"]);
            assert_eq!(html_text(&mail.html), TEXT);
            assert!(mail.html.contains("<html lang=\"sv\">"));
            assert!(mail.html.contains("<a href=\"https://larm.example/a/8Z?x=1&#38;y=2\">"));
            let f = Fingerprint::of(number, "internal", "sv", TEXT);
            let subject = match mark {
                None => format!("14-2 {f} Journalen ligger nere"),
                Some(m) => format!("{m} Ö-3-1 {f} Journalen ligger nere {m}"),
            };
            assert_eq!(mail.header("Subject"), Some(subject.as_str()));
            assert_eq!(mail.header("To"), Some("kib@fs.example"));
            assert!(mail.header("From").is_some_and(|f| f.contains("Region Fjällmark")), "{:?}", mail.header("From"));
            assert_eq!(mail.header("References"), Some("<incident-14@region.example>"));
            assert_eq!(server.connections(), 1, "one connection is kept");
        }
    }
}

/// What each receiver gets, sequential and pipelined, on one connection that must survive the refusals.
#[tokio::test]
async fn every_refusal_is_temporary_permanent_or_unknown() {
    let to = [
        "temp@fs.example",
        "tib@fs.example",
        "perm@fs.example",
        "full@fs.example",
        "drop@fs.example",
        "iva@fs.example",
        "halfway@fs.example",
        "reject@fs.example",
        "closed@fs.example",
        "kib@fs.example",
        "away@fs.example",
        "not an address",
        "silent@fs.example",
        "akm@fs.example",
    ];
    for pipelining in [true, false] {
        let far = Far::default();
        let server = sim::start(far.clone(), "mail", Options::default()).await.expect("server");
        let config = SmtpConfig { pipelining, accept_timeout: Secs(1), ..config(&server) };
        let (outcomes, _) = send_all(&gateway(config), jobs(&to)).await;
        for (i, to) in (0..).zip(to) {
            let result = &outcomes[&i];
            let what = match result {
                Ok(_) => "accepted",
                Err(SendError::Temporary { .. }) => "temporary",
                Err(SendError::Permanent { .. }) => "permanent",
                Err(SendError::Unknown { .. }) => "unknown",
            };
            let expected = match to.split('@').next().expect("a word") {
                "perm" | "reject" | "not an address" => "permanent",
                "closed" | "silent" => "unknown",
                // The text may have been on its way when the server left.
                "halfway" if what == "unknown" => "unknown",
                "temp" | "full" | "drop" | "halfway" | "away" => "temporary",
                _ => "accepted",
            };
            assert_eq!(what, expected, "{to}, pipelining {pipelining}: {result:?}");
            if let Err(e) = result {
                assert!(!e.cause().contains("fs.example"), "no address in {e}");
            }
        }
        let mut shown: Vec<String> = far.all().into_iter().map(|s| s.to).collect();
        shown.sort();
        assert_eq!(
            shown,
            ["akm", "closed", "iva", "kib", "silent", "tib"].map(|w| format!("{w}@fs.example")),
            "nobody twice, pipelining {pipelining}"
        );
    }
}

#[tokio::test]
async fn garbage_costs_one_message_and_the_pipeline() {
    let far = Far::default();
    let server = sim::start(far.clone(), "mail", Options::default()).await.expect("server");
    let (outcomes, _) =
        send_all(&gateway(config(&server)), jobs(&["garbage@fs.example", "tib@fs.example", "iva@fs.example"])).await;
    assert!(matches!(outcomes[&0], Err(SendError::Temporary { .. })), "{outcomes:?}");
    assert!(outcomes[&1].is_ok() && outcomes[&2].is_ok(), "{outcomes:?}");
    assert_eq!(far.all().len(), 2);
}

#[tokio::test]
async fn a_server_that_loses_commands_is_spoken_to_one_at_a_time() {
    let far = Far::default();
    let options = Options { loses_commands: true, ..Options::default() };
    let server = sim::start(far.clone(), "mail", options).await.expect("server");
    let gateway = gateway(SmtpConfig { reply_timeout: Secs(1), accept_timeout: Secs(1), ..config(&server) });
    let (first, _) = send_all(&gateway, jobs(&["a@fs.example"])).await;
    assert!(matches!(first[&0], Err(SendError::Temporary { .. })), "{first:?}");
    let (then, _) = send_all(&gateway, jobs(&["b@fs.example", "c@fs.example"])).await;
    assert!(then.values().all(Result::is_ok), "{then:?}");
    assert_eq!(far.all().len(), 2);
}

#[tokio::test]
async fn a_dead_idle_connection_costs_nothing() {
    let far = Far::default();
    let options = Options { closes_after: Some(1), ..Options::default() };
    let server = sim::start(far.clone(), "mail", options).await.expect("server");
    let to = ["a@fs.example", "b@fs.example", "c@fs.example"];
    for pipelining in [true, false] {
        let (outcomes, downs) = send_all(&gateway(SmtpConfig { pipelining, ..config(&server) }), jobs(&to)).await;
        assert!(outcomes.values().all(Result::is_ok), "{outcomes:?}");
        assert_eq!(downs, []);
    }
    assert_eq!(server.connections(), 6);
}

#[tokio::test]
async fn a_connection_carries_its_share_and_no_more() {
    let far = Far::default();
    let server = sim::start(far.clone(), "mail", Options::default()).await.expect("server");
    let to: Vec<String> = (0..7).map(|i| format!("u{i}@fs.example")).collect();
    let to: Vec<&str> = to.iter().map(String::as_str).collect();
    let limited = SmtpConfig { messages_per_connection_max: 3, ..config(&server) };
    let (outcomes, _) = send_all(&gateway(limited), jobs(&to)).await;
    assert!(outcomes.values().all(Result::is_ok), "{outcomes:?}");
    assert_eq!(server.connections(), 3);
    assert_eq!(server.commands().iter().filter(|c| *c == "QUIT").count(), 3, "each connection ends with QUIT");
}

#[tokio::test]
async fn a_refused_transaction_is_reset() {
    for pipelining in [true, false] {
        let server = sim::start(Far::default(), "mail", Options::default()).await.expect("server");
        let config = SmtpConfig { pipelining, ..config(&server) };
        let (outcomes, _) = send_all(&gateway(config), jobs(&["perm@fs.example", "tib@fs.example"])).await;
        assert!(outcomes[&1].is_ok());
        let verbs: Vec<String> =
            server.commands().iter().map(|c| c.split(' ').next().unwrap_or_default().to_owned()).collect();
        let expected: &[&str] = if pipelining {
            &["EHLO", "MAIL", "RCPT", "DATA", "RSET", "MAIL", "RCPT", "DATA", "QUIT"]
        } else {
            &["EHLO", "MAIL", "RCPT", "RSET", "MAIL", "RCPT", "DATA", "QUIT"]
        };
        assert_eq!(verbs, expected);
    }
}

#[tokio::test]
async fn a_busy_server_is_down_and_up_again() {
    let far = Far::default();
    let options = Options { greets_421: 1, ..Options::default() };
    let server = sim::start(far.clone(), "mail", options).await.expect("server");
    let gateway = gateway(config(&server));
    let (outcomes, downs) = send_all(&gateway, jobs(&["a@fs.example", "b@fs.example"])).await;
    assert!(matches!(outcomes[&0], Err(SendError::Temporary { .. })));
    assert!(outcomes[&1].is_ok());
    assert_eq!(downs, [Some("greeting: 421 4.3.2 sim.example too busy".into()), None]);
    assert!(gateway.probe().await.ok);
}

#[tokio::test]
async fn nobody_there_is_temporary() {
    let free = std::net::TcpListener::bind("127.0.0.1:0").expect("a port").local_addr().expect("its address");
    let config = SmtpConfig {
        host: "127.0.0.1".into(),
        port: free.port(),
        tls: Tls::None,
        from: "larm@region.example".into(),
        ..SmtpConfig::default()
    };
    let gateway = gateway(config);
    let (outcomes, downs) = send_all(&gateway, jobs(&["a@fs.example"])).await;
    assert!(matches!(outcomes[&0], Err(SendError::Temporary { .. })), "{outcomes:?}");
    assert_eq!(downs.len(), 1);
    assert!(!gateway.probe().await.ok);
}

#[tokio::test]
async fn login_by_plain_and_by_login() {
    for login_only in [false, true] {
        for (password, right) in [("hemligt", true), ("fel", false)] {
            let options = Options { login: Some(("larm".into(), "hemligt".into())), login_only, ..Options::default() };
            let server = sim::start(Far::default(), "mail", options).await.expect("server");
            let (user, password) = (Some("larm".into()), Some(Secret::new(password)));
            let (outcomes, _) =
                send_all(&gateway(SmtpConfig { user, password, ..config(&server) }), jobs(&["a@fs.example"])).await;
            match &outcomes[&0] {
                Ok(_) => assert!(right),
                Err(e) => assert!(!right && matches!(e, SendError::Temporary { .. }), "{e}"),
            }
        }
    }
}

#[tokio::test]
async fn starttls_that_is_not_offered_sends_nothing() {
    let server = sim::start(Far::default(), "mail", Options::default()).await.expect("server");
    let (outcomes, _) =
        send_all(&gateway(SmtpConfig { tls: Tls::Starttls, ..config(&server) }), jobs(&["a@fs.example"])).await;
    assert!(matches!(&outcomes[&0], Err(SendError::Temporary { cause, .. }) if cause.contains("STARTTLS")));
    assert!(!server.commands().iter().any(|c| c.starts_with("MAIL")));
    let (outcomes, _) =
        send_all(&gateway(SmtpConfig { tls: Tls::Opportunistic, ..config(&server) }), jobs(&["a@fs.example"])).await;
    assert!(outcomes[&0].is_ok());
}

#[tokio::test]
async fn connections_are_used_beside_each_other_and_without_delay() {
    let far = Far::default();
    let server = sim::start(far.clone(), "mail", Options::default()).await.expect("server");
    let to: Vec<String> = (0..200).map(|i| format!("u{i}@fs.example")).collect();
    let to: Vec<&str> = to.iter().map(String::as_str).collect();
    for pipelining in [true, false] {
        let begun = Instant::now();
        let config = SmtpConfig { pipelining, ..config(&server) };
        let (outcomes, _) = send_all(&gateway(config), jobs(&to)).await;
        assert!(outcomes.values().all(Result::is_ok));
        // Delayed acknowledgements would cost 40 ms a message: 8 s.
        assert!(begun.elapsed() < Duration::from_secs(4), "{:?}", begun.elapsed());
    }
    assert_eq!(far.all().len(), 400);
    let before = server.connections();
    let (outcomes, _) = send_all(&gateway(SmtpConfig { connections_max: 5, ..config(&server) }), jobs(&to)).await;
    assert!(outcomes.values().all(Result::is_ok));
    assert!((2..=5).contains(&(server.connections() - before)), "{}", server.connections() - before);
}

#[tokio::test]
async fn a_slow_receiver_delays_one_connection_only() {
    let options = Options { slow_ms: 500, ..Options::default() };
    let server = sim::start(Far::default(), "mail", options).await.expect("server");
    let gateway = gateway(SmtpConfig { connections_max: 2, ..config(&server) });
    let (jobs_in, jobs_out) = mpsc::channel(8);
    let (events_in, mut events) = mpsc::channel(8);
    let (_stop, stopped) = watch::channel(false);
    let drive = async {
        let mut all = jobs(&["slow@fs.example", "a@fs.example", "b@fs.example"]).into_iter();
        jobs_in.send(all.next().expect("slow")).await.expect("room");
        while server.mails().is_empty() {
            tokio::task::yield_now().await;
        }
        for job in all {
            jobs_in.send(job).await.expect("room");
        }
        drop(jobs_in);
        let mut order = Vec::new();
        while let Some(GatewayEvent::Outcome { delivery, result }) = events.recv().await {
            assert!(result.is_ok(), "{result:?}");
            order.push(delivery.ordinal);
        }
        order
    };
    let ((), order) = tokio::join!(gateway.run(jobs_out, events_in, stopped), drive);
    assert_eq!(order, [1, 2, 0]);
}

#[tokio::test]
async fn stop_ends_what_is_on_the_wire_and_begins_nothing() {
    let server = sim::start(Far::default(), "mail", Options::default()).await.expect("server");
    let gateway = gateway(config(&server));
    let (jobs_in, jobs_out) = mpsc::channel(8);
    let (events_in, mut events) = mpsc::channel(8);
    let (stop, stopped) = watch::channel(false);
    let run = async {
        tokio::time::timeout(Duration::from_secs(10), gateway.run(jobs_out, events_in, stopped))
            .await
            .expect("it ends");
    };
    let drive = async {
        jobs_in.send(jobs(&["a@fs.example"]).remove(0)).await.expect("room");
        assert!(matches!(events.recv().await, Some(GatewayEvent::Outcome { result: Ok(_), .. })));
        stop.send(true).expect("heard");
        assert!(events.recv().await.is_none(), "nothing more happens");
    };
    tokio::join!(run, drive);
    assert_eq!(server.commands().last().map(String::as_str), Some("QUIT"));
}

/// A server that plays a part: says this, then listens until it has heard that. Gives back all it heard, turn by turn.
async fn scripted(dialogue: Vec<(&'static str, &'static str)>) -> (SmtpConfig, JoinHandle<Vec<String>>) {
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
    let addr = listener.local_addr().expect("its address");
    let server = tokio::spawn(async move {
        let (mut tcp, _) = listener.accept().await.expect("a connection");
        let mut heard = Vec::new();
        let mut buf = vec![0; 64 * 1024];
        for (say, until) in dialogue {
            tcp.write_all(say.as_bytes()).await.expect("written");
            let mut turn = Vec::new();
            // `2×…`: the end of the second, however the bytes come.
            let (times, until) = match until.split_once('×') {
                Some((times, until)) => (times.parse().expect("a number"), until),
                None => (1, until),
            };
            let ends = |turn: &[u8]| String::from_utf8_lossy(turn).matches(until).count() >= times;
            while !(turn.ends_with(until.as_bytes()) && ends(&turn)) {
                let n = tcp.read(&mut buf).await.expect("read");
                assert!(n > 0, "closed early after {heard:?}");
                turn.extend_from_slice(&buf[..n]);
            }
            heard.push(String::from_utf8(turn).expect("ASCII"));
        }
        heard
    });
    let config = SmtpConfig {
        host: addr.ip().to_string().into(),
        port: addr.port(),
        tls: Tls::None,
        from: "larm@region.example".into(),
        connections_max: 1,
        ..SmtpConfig::default()
    };
    (config, server)
}

/// The exact bytes of a pipelined pair: the second envelope rides behind the first text.
#[tokio::test]
async fn the_pipeline_byte_for_byte() {
    let (config, server) = scripted(vec![
        ("220 x ESMTP\r\n", "EHLO region.example\r\n"),
        ("250-x\r\n250 PIPELINING\r\n", "DATA\r\n"),
        ("250 ok\r\n250 ok\r\n354 go\r\n", "DATA\r\n"),
        ("250 first\r\n250 ok\r\n250 ok\r\n354 go\r\n", "\r\n.\r\n"),
        ("250 second\r\n", "QUIT\r\n"),
    ])
    .await;
    let (outcomes, _) = send_all(&gateway(config), jobs(&["tib@fs.example", "iva@fs.example"])).await;
    assert_eq!(outcomes[&0].as_ref().expect("accepted").gateway_ref, "250 first");
    assert_eq!(outcomes[&1].as_ref().expect("accepted").gateway_ref, "250 second");
    let heard = server.await.expect("the dialogue");
    let envelope = |to: &str| format!("MAIL FROM:<larm@region.example>\r\nRCPT TO:<{to}>\r\nDATA\r\n");
    assert_eq!(heard[1], envelope("tib@fs.example"));
    let behind = format!("\r\n.\r\n{}", envelope("iva@fs.example"));
    assert!(heard[2].ends_with(&behind) && heard[2].starts_with("Date: "), "{}", heard[2]);
}

/// Some servers say 354 although every receiver was refused: nothing may be delivered, and the next message must not be taken
/// for its text.
#[tokio::test]
async fn a_server_that_wants_a_text_for_nobody_gets_none() {
    let (config, server) = scripted(vec![
        ("220 x ESMTP\r\n", "EHLO region.example\r\n"),
        ("250-x\r\n250 PIPELINING\r\n", "DATA\r\n"),
        ("250 ok\r\n550 unknown\r\n354 go\r\n", ".\r\n"),
        ("554 nobody\r\n", "RSET\r\n"),
        ("250 ok\r\n", "DATA\r\n"),
        ("250 ok\r\n250 ok\r\n354 go\r\n", "\r\n.\r\n"),
        ("250 second\r\n", "QUIT\r\n"),
    ])
    .await;
    let (outcomes, _) = send_all(&gateway(config), jobs(&["perm@fs.example", "iva@fs.example"])).await;
    assert_eq!(outcomes[&0], Err(SendError::permanent("RCPT: 550 unknown")));
    assert!(outcomes[&1].is_ok(), "{outcomes:?}");
    assert_eq!(server.await.expect("the dialogue")[2], ".\r\n");
}

/// The rest of a pipeline whose first text got no answer: the next message is sent anew over a new connection, once.
#[tokio::test]
async fn what_rode_behind_a_lost_text_is_sent_once() {
    let far = Far::default();
    let server = sim::start(far.clone(), "mail", Options::default()).await.expect("server");
    let (outcomes, _) = send_all(&gateway(config(&server)), jobs(&["closed@fs.example", "tib@fs.example"])).await;
    assert!(matches!(outcomes[&0], Err(SendError::Unknown { .. })), "{outcomes:?}");
    assert!(outcomes[&1].is_ok(), "{outcomes:?}");
    assert_eq!(far.all().iter().filter(|s| s.to == "tib@fs.example").count(), 1);
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 64, failure_persistence: None, ..ProptestConfig::default() })]

    /// Any canonical text, through every encoding on the way and back out of a mail reader.
    #[test]
    fn any_text_is_the_same_text(
        words in proptest::collection::vec(
            prop_oneof!["[!-~]{1,9}", "[.=&<>'\"-]{1,5}", "[a-zåäö€😀漢]{1,90}", "From", "=\\?utf-8\\?b\\?x\\?="], 1..60),
        drill in any::<bool>(),
    ) {
        let text = words.join(" ");
        prop_assume!(Canonical::new(&text).is_ok());
        let mark = drill.then_some("ÖVNING");
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().expect("a runtime");
        runtime.block_on(async {
            let far = Far::default();
            let server = sim::start(far.clone(), "mail", Options::default()).await.expect("server");
            let mut job = jobs(&["tib@fs.example"]).remove(0);
            job.out = outgoing(&text, mark);
            let (outcomes, _) = send_all(&gateway(config(&server)), vec![job]).await;
            assert!(outcomes[&0].is_ok(), "{outcomes:?}");
            let number = if drill { "Ö-3-1" } else { "14-2" };
            assert_eq!(read_by_hand(&far.all()[0].text, mark, number, &["Svara JA 14 0"]), text);
            assert_eq!(html_text(&server.mails()[0].html), text);
        });
    }
}
