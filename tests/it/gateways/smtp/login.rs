//! Logging in: what is said in each mechanism, and that a wrong password is said once and not again and again.

use std::time::Duration;

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpListener;
use vardkase::domain::delivery::SendError;
use vardkase::gateways::smtp::{AuthBy, SmtpConfig, Tls};
use vardkase::gateways::{Gateway, Secret};
use vardkase::sim::Far;
use vardkase::sim::smtp::{self as sim, Options};
use vardkase::yaml::Secs;

use super::{config, gateway, jobs, scripted, send_all};

fn logging_in(auth: AuthBy, config: SmtpConfig) -> SmtpConfig {
    SmtpConfig { user: Some("tim".into()), password: Some(Secret::new("tanstaaftanstaaf")), auth, ..config }
}

#[tokio::test]
async fn cram_md5_and_xoauth2_byte_for_byte() {
    let rest = |first: &'static str| {
        vec![(first, "DATA\r\n"), ("250 ok\r\n250 ok\r\n354 go\r\n", "\r\n.\r\n"), ("250 taken\r\n", "QUIT\r\n")]
    };
    // RFC 2195 2, the example.
    let mut dialogue = vec![
        ("220 x\r\n", "\r\n"),
        ("250-x\r\n250-PIPELINING\r\n250 AUTH CRAM-MD5\r\n", "AUTH CRAM-MD5\r\n"),
        ("334 PDE4OTYuNjk3MTcwOTUyQHBvc3RvZmZpY2UucmVzdG9uLm1jaS5uZXQ+\r\n", "\r\n"),
    ];
    dialogue.extend(rest("235 ok\r\n"));
    let (config, server) = scripted(dialogue).await;
    let config = logging_in(AuthBy::Auto, config);
    let (outcomes, _) = send_all(&gateway(config), jobs(&["a@fs.example"])).await;
    assert!(outcomes[&0].is_ok(), "{outcomes:?}");
    assert_eq!(server.await.expect("the dialogue")[2], "dGltIGI5MTNhNjAyYzdlZGE3YTQ5NWI0ZTZlNzMzNGQzODkw\r\n");

    // A token that is refused: the question is answered with an empty line, and the refusal itself comes.
    let (config, server) = scripted(vec![
        ("220 x\r\n", "\r\n"),
        ("250-x\r\n250 AUTH XOAUTH2 PLAIN\r\n", "\r\n"),
        ("334 eyJzdGF0dXMiOiI0MDEifQ==\r\n", "\r\n"),
        ("535 5.7.8 bad token\r\n", ""),
    ])
    .await;
    let config = logging_in(AuthBy::Xoauth2, config);
    let (outcomes, downs) = send_all(&gateway(config), jobs(&["a@fs.example"])).await;
    let cause = "AUTH: 535 5.7.8 bad token; the server refuses user or password";
    assert_eq!(outcomes[&0], Err(SendError::temporary(cause)));
    assert_eq!(downs, [Some(cause.to_owned())]);
    let heard = server.await.expect("the dialogue");
    assert_eq!(heard[1], "AUTH XOAUTH2 dXNlcj10aW0BYXV0aD1CZWFyZXIgdGFuc3RhYWZ0YW5zdGFhZgEB\r\n");
    assert_eq!(heard[2], "\r\n");
}

#[tokio::test]
async fn a_mechanism_that_is_not_offered_is_not_replaced_by_a_weaker_one() {
    let options = Options { login: Some(("tim".into(), "x".into())), ..Options::default() };
    let server = sim::start(Far::default(), "mail", options).await.expect("server");
    let config = logging_in(AuthBy::CramMd5, config(&server));
    let (outcomes, _) = send_all(&gateway(config), jobs(&["a@fs.example"])).await;
    let cause = outcomes[&0].as_ref().expect_err("no login").cause();
    assert_eq!(cause, "AUTH: the server does not offer CRAM-MD5 before TLS");
    assert!(!server.commands().iter().any(|c| c.starts_with("AUTH")));
}

/// Ten connections, fifty mails, five probes: one wrong password on the wire.
#[tokio::test]
async fn a_wrong_password_is_not_hammered() {
    let options = Options { login: Some(("tim".into(), "right".into())), ..Options::default() };
    let server = sim::start(Far::default(), "mail", options).await.expect("server");
    let config = SmtpConfig { connections_max: 10, ..logging_in(AuthBy::Auto, config(&server)) };
    let gateway = gateway(config);
    let to: Vec<String> = (0..50).map(|i| format!("u{i}@fs.example")).collect();
    let to: Vec<&str> = to.iter().map(String::as_str).collect();
    let (outcomes, downs) = send_all(&gateway, jobs(&to)).await;
    assert!(outcomes.values().all(|o| matches!(o, Err(SendError::Temporary { .. }))), "{outcomes:?}");
    assert_eq!(downs.len(), 1, "one clear error: {downs:?}");
    for _ in 0..5 {
        let health = gateway.probe().await;
        assert!(!health.ok && health.detail.contains("refuses user or password"), "{}", health.detail);
        assert!(health.detail.contains("not tried again for"), "{}", health.detail);
    }
    assert_eq!(server.commands().iter().filter(|c| *c == "AUTH").count(), 1);
}

/// The file of a password is read at each login: mended, it works at once.
#[tokio::test]
async fn a_mended_password_file_is_tried_at_once() {
    let dir = tempfile::tempdir().expect("a folder");
    let file = dir.path().join("password");
    std::fs::write(&file, "wrong\n").expect("a file");
    let options = Options { login: Some(("tim".into(), "right".into())), ..Options::default() };
    let server = sim::start(Far::default(), "mail", options).await.expect("server");
    let password = Some(Secret::in_file(&file));
    let gateway = gateway(SmtpConfig { password, ..logging_in(AuthBy::Auto, config(&server)) });
    assert!(!gateway.probe().await.ok);
    std::fs::write(&file, "right\n").expect("a file");
    let health = gateway.probe().await;
    assert!(health.ok, "{}", health.detail);
    let (outcomes, _) = send_all(&gateway, jobs(&["a@fs.example"])).await;
    assert!(outcomes[&0].is_ok());
}

/// A server that gives one byte a second gets no more time than one that gives nothing.
#[tokio::test(start_paused = true)]
async fn one_byte_a_second_is_no_answer() {
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
    let addr = listener.local_addr().expect("its address");
    let server = tokio::spawn(async move {
        let (mut tcp, _) = listener.accept().await.expect("a connection");
        let greeting = format!("220 {}\r\n", "x".repeat(10_000));
        for byte in greeting.bytes() {
            if tcp.write_all(&[byte]).await.is_err() {
                return;
            }
            tokio::time::sleep(Duration::from_secs(1)).await;
        }
        let _ = tcp.read(&mut [0; 64]).await;
    });
    let config = SmtpConfig {
        host: addr.ip().to_string().into(),
        port: addr.port(),
        tls: Tls::None,
        from: "larm@region.example".into(),
        reply_timeout: Secs(30),
        ..SmtpConfig::default()
    };
    let begun = tokio::time::Instant::now();
    let health = gateway(config).probe().await;
    assert!(!health.ok && health.detail == "greeting: no answer in time", "{}", health.detail);
    assert!(begun.elapsed() < Duration::from_secs(45), "{:?}", begun.elapsed());
    server.abort();
}
