//! Several whole messages in one write (RFC 3030), and what is known of each when the server refuses, leaves or goes silent.

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpListener;
use vardkase::domain::delivery::SendError;
use vardkase::gateways::smtp::SmtpConfig;
use vardkase::sim::Far;
use vardkase::sim::smtp::{self as sim, Options};
use vardkase::yaml::Secs;

use super::{TEXT, config, gateway, jobs, read_by_hand, scripted, send_all};

fn chunking() -> Options {
    Options { chunking: true, ..Options::default() }
}

#[tokio::test]
async fn a_group_carries_the_same_text() {
    let far = Far::default();
    let server = sim::start(far.clone(), "mail", chunking()).await.expect("server");
    let to: Vec<String> = (0..20).map(|i| format!("u{i}@fs.example")).collect();
    let to: Vec<&str> = to.iter().map(String::as_str).collect();
    let (outcomes, _) = send_all(&gateway(config(&server)), jobs(&to)).await;
    assert!(outcomes.values().all(Result::is_ok), "{outcomes:?}");
    let shown = far.all();
    assert_eq!(shown.len(), 20);
    for (i, shown) in shown.iter().enumerate() {
        assert_eq!(shown.to, to[i], "each under its own envelope");
        assert_eq!(read_by_hand(&shown.text, None, "14-2", &[&format!("Svara JA 14 {i}")]), TEXT);
    }
    let commands = server.commands();
    assert_eq!(commands.iter().filter(|c| c.starts_with("BDAT ")).count(), 20);
    assert!(!commands.iter().any(|c| c == "DATA"));
    assert_eq!(server.connections(), 1);
}

#[tokio::test]
async fn a_switch_turns_chunks_off() {
    let server = sim::start(Far::default(), "mail", chunking()).await.expect("server");
    for config in
        [SmtpConfig { chunking: false, ..config(&server) }, SmtpConfig { pipelining: false, ..config(&server) }]
    {
        let (outcomes, _) = send_all(&gateway(config), jobs(&["a@fs.example", "b@fs.example"])).await;
        assert!(outcomes.values().all(Result::is_ok), "{outcomes:?}");
    }
    assert!(!server.commands().iter().any(|c| c.starts_with("BDAT")), "{:?}", server.commands());
}

/// A refused receiver costs nobody else anything, and no text goes to the receiver of the one before.
#[tokio::test]
async fn a_refusal_in_a_group_is_that_messages_alone() {
    let far = Far::default();
    let server = sim::start(far.clone(), "mail", chunking()).await.expect("server");
    let to = [
        "tib@fs.example",
        "perm@fs.example",
        "iva@fs.example",
        "temp@fs.example",
        "reject@fs.example",
        "kib@fs.example",
    ];
    let gateway = gateway(config(&server));
    let (outcomes, _) = send_all(&gateway, jobs(&to)).await;
    let words: Vec<&str> = outcomes
        .values()
        .map(|o| match o {
            Ok(_) => "accepted",
            Err(SendError::Temporary { .. }) => "temporary",
            Err(SendError::Permanent { .. }) => "permanent",
            Err(SendError::Unknown { .. }) => "unknown",
        })
        .collect();
    assert_eq!(words, ["accepted", "permanent", "accepted", "temporary", "permanent", "accepted"], "{outcomes:?}");
    let cause = outcomes[&1].as_ref().expect_err("refused").cause();
    assert!(cause.starts_with("RCPT: 550 5.1.1") && !cause.contains("fs.example"), "{cause}");
    let shown: Vec<String> = far.all().into_iter().map(|s| s.to).collect();
    assert_eq!(shown, ["tib@fs.example", "iva@fs.example", "kib@fs.example"]);
    assert_eq!(server.connections(), 1);
    let (outcomes, _) = send_all(&gateway, jobs(&["perm@fs.example"])).await;
    assert!(outcomes[&0].is_err());
}

/// Everything that was written whole may have been delivered when the connection goes; nothing is sent in groups from then on.
#[tokio::test]
async fn a_lost_group_is_unknown_and_the_last() {
    let far = Far::default();
    let server = sim::start(far.clone(), "mail", chunking()).await.expect("server");
    let gateway = gateway(config(&server));
    let (outcomes, _) = send_all(&gateway, jobs(&["tib@fs.example", "closed@fs.example", "iva@fs.example"])).await;
    assert!(outcomes[&0].is_ok(), "{outcomes:?}");
    assert!(matches!(outcomes[&1], Err(SendError::Unknown { .. })), "{outcomes:?}");
    assert!(matches!(outcomes[&2], Err(SendError::Unknown { .. })), "the server may have read on: {outcomes:?}");
    let before = server.commands().len();
    let (outcomes, _) = send_all(&gateway, jobs(&["kib@fs.example"])).await;
    assert!(outcomes[&0].is_ok());
    assert!(server.commands()[before..].iter().any(|c| c == "DATA"), "{:?}", &server.commands()[before..]);
}

/// A server that says goodbye has not begun with what comes behind it: that goes over the next connection, with no mark.
#[tokio::test]
async fn what_a_leaving_server_had_not_begun_is_sent_once() {
    let far = Far::default();
    let server = sim::start(far.clone(), "mail", chunking()).await.expect("server");
    let (outcomes, _) = send_all(
        &gateway(config(&server)),
        jobs(&["tib@fs.example", "away@fs.example", "iva@fs.example", "kib@fs.example"]),
    )
    .await;
    assert!(matches!(outcomes[&1], Err(SendError::Temporary { .. })), "{outcomes:?}");
    assert!([0, 2, 3].iter().all(|i| outcomes[i].is_ok()), "{outcomes:?}");
    let shown: Vec<String> = far.all().into_iter().map(|s| s.to).collect();
    assert_eq!(shown, ["tib@fs.example", "iva@fs.example", "kib@fs.example"]);
    assert_eq!(server.connections(), 2);
}

#[tokio::test]
async fn a_silent_server_makes_a_group_unknown_in_its_time() {
    let server = sim::start(Far::default(), "mail", chunking()).await.expect("server");
    let config = SmtpConfig { accept_timeout: Secs(1), reply_timeout: Secs(1), ..config(&server) };
    let (outcomes, _) = send_all(&gateway(config), jobs(&["silent@fs.example", "iva@fs.example"])).await;
    assert!(outcomes.values().all(|o| matches!(o, Err(SendError::Unknown { .. }))), "{outcomes:?}");
}

/// A connection that the server closed while it stood idle is seen before a whole message is put into it.
#[tokio::test]
async fn a_dead_idle_connection_makes_nothing_unknown() {
    let far = Far::default();
    let options = Options { closes_after: Some(1), ..chunking() };
    let server = sim::start(far.clone(), "mail", options).await.expect("server");
    let gateway = gateway(config(&server));
    let (jobs_in, jobs_out) = tokio::sync::mpsc::channel(8);
    let (events_in, mut events) = tokio::sync::mpsc::channel(8);
    let (_stop, stopped) = tokio::sync::watch::channel(false);
    let drive = async {
        for job in jobs(&["a@fs.example", "b@fs.example", "c@fs.example"]) {
            jobs_in.send(job).await.expect("room");
            let event = events.recv().await;
            assert!(
                matches!(event, Some(vardkase::gateways::GatewayEvent::Outcome { result: Ok(_), .. })),
                "{event:?}"
            );
            // Until the goodbye has crossed the wire.
            for _ in 0..50 {
                tokio::task::yield_now().await;
            }
        }
        drop(jobs_in);
        while events.recv().await.is_some() {}
    };
    tokio::join!(vardkase::gateways::Gateway::run(&gateway, jobs_out, events_in, stopped), drive);
    assert_eq!((far.all().len(), server.connections()), (3, 3));
}

/// The exact bytes of a group of two.
#[tokio::test]
async fn a_group_byte_for_byte() {
    let (config, server) = scripted(vec![
        ("220 x ESMTP\r\n", "EHLO region.example\r\n"),
        ("250-x\r\n250-CHUNKING\r\n250 PIPELINING\r\n", "2×--\r\n"),
        ("250 ok\r\n250 ok\r\n250 first\r\n250 reset\r\n250 ok\r\n550 5.1.1 unknown\r\n554 nobody\r\n", "QUIT\r\n"),
    ])
    .await;
    let (outcomes, _) = send_all(&gateway(config), jobs(&["tib@fs.example", "iva@fs.example"])).await;
    assert_eq!(outcomes[&0].as_ref().expect("accepted").gateway_ref, "250 first");
    assert_eq!(outcomes[&1], Err(SendError::permanent("RCPT: 550 5.1.1 unknown")));
    let heard = server.await.expect("the dialogue");
    let mut rest = heard[1].as_str();
    for (i, to) in ["tib@fs.example", "iva@fs.example"].iter().enumerate() {
        let reset = if i > 0 { "RSET\r\n" } else { "" };
        let envelope = format!("{reset}MAIL FROM:<larm@region.example>\r\nRCPT TO:<{to}>\r\nBDAT ");
        let (octets, after) =
            rest.strip_prefix(&envelope).expect("the envelope").split_once(" LAST\r\n").expect("a chunk");
        let (message, after) = after.split_at(octets.parse().expect("a number"));
        assert!(message.starts_with("Date: ") && message.ends_with("--\r\n"), "{message}");
        assert!(message.contains(&format!("To: {to}\r\n")) && !message.ends_with("\r\n.\r\n"));
        rest = after;
    }
    assert_eq!(rest, "");
}

/// Closed amid the writing of a group: what had not left whole was not sent, and says so.
#[tokio::test]
async fn a_server_that_closes_while_it_is_written_to() {
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
    let addr = listener.local_addr().expect("its address");
    let server = tokio::spawn(async move {
        let (mut tcp, _) = listener.accept().await.expect("a connection");
        let mut buf = vec![0; 512];
        tcp.write_all(b"220 x\r\n").await.expect("written");
        let _ = tcp.read(&mut buf).await;
        tcp.write_all(b"250-x\r\n250-CHUNKING\r\n250 PIPELINING\r\n").await.expect("written");
        let _ = tcp.read(&mut buf).await;
    });
    let config =
        SmtpConfig { host: addr.ip().to_string().into(), port: addr.port(), accept_timeout: Secs(2), ..plain() };
    let (outcomes, _) = send_all(&gateway(config), jobs(&["tib@fs.example", "iva@fs.example"])).await;
    server.await.expect("it ends");
    assert!(
        outcomes.values().all(|o| matches!(o, Err(SendError::Unknown { .. } | SendError::Temporary { .. }))),
        "{outcomes:?}"
    );
}

fn plain() -> SmtpConfig {
    SmtpConfig {
        tls: vardkase::gateways::smtp::Tls::None,
        from: "larm@region.example".into(),
        connections_max: 1,
        ..SmtpConfig::default()
    }
}
