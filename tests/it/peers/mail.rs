//! Postfix and Dovecot: what lies in the Maildir, how each refusal ends, and what comes back.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::time::Duration;

use tokio::io::{AsyncBufReadExt, AsyncWriteExt, BufReader};
use tokio::net::TcpStream;
use tokio::sync::{mpsc, watch};
use vardkase::domain::delivery::SendError;
use vardkase::gateways::smtp::{AuthBy, ImapConfig, Mailbox, SmtpConfig, Tls};
use vardkase::gateways::{Gateway, GatewayEvent, Secret};
use vardkase::sim::smtp::Mail;
use vardkase::yaml::Secs;

use super::{port, said};
use crate::gateways::smtp::{TEXT, gateway, html_text, jobs, outgoing, read_by_hand, send_all};

const PASSWORD: &str = "rätt lösen \"ord\"";

fn bare() -> SmtpConfig {
    SmtpConfig {
        host: "localhost".into(),
        port: port("VARDKASE_PEER_SMTP"),
        tls: Tls::None,
        from: "larm@avsandare.example".into(),
        connections_max: 2,
        ca_file: Some(said("VARDKASE_PEER_CA").into()),
        ..SmtpConfig::default()
    }
}

fn protected(tls: Tls, by: AuthBy) -> SmtpConfig {
    let port = port(if tls == Tls::Implicit { "VARDKASE_PEER_SMTPS" } else { "VARDKASE_PEER_SUBMISSION" });
    let (user, password) = (Some("larm".into()), Some(Secret::new(PASSWORD)));
    SmtpConfig { port, tls, user, password, auth: by, ..bare() }
}

fn maildir(user: &str) -> PathBuf {
    let (user, domain) = user.split_once('@').expect("an address");
    Path::new(&said("VARDKASE_PEER_MAILDIRS")).join(domain).join(user)
}

/// Waits until so many mails lie there. Postfix delivers when it likes.
async fn mails(user: &str, count: usize) -> Vec<Mail> {
    let new = maildir(user).join("new");
    for _ in 0..300 {
        let files: Vec<PathBuf> =
            std::fs::read_dir(&new).into_iter().flatten().map(|f| f.expect("a file").path()).collect();
        if files.len() >= count {
            assert_eq!(files.len(), count, "no mail twice for {user}");
            return files.iter().map(|f| Mail::read("", &[], &std::fs::read(f).expect("a mail"))).collect();
        }
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
    panic!("{count} mails did not come to {user}");
}

#[tokio::test]
#[ignore = "needs the real server: tests/peers/mail.sh"]
async fn what_lies_in_the_maildir_is_the_text() {
    let ways = [
        ("a1", bare()),
        ("a2", SmtpConfig { chunking: false, ..bare() }),
        ("a3", SmtpConfig { pipelining: false, ..bare() }),
        ("a4", protected(Tls::Starttls, AuthBy::Auto)),
        ("a5", protected(Tls::Starttls, AuthBy::Login)),
        ("a6", protected(Tls::Implicit, AuthBy::CramMd5)),
        ("a7", SmtpConfig { tls: Tls::Opportunistic, ..bare() }),
    ];
    for (user, config) in ways {
        let to = format!("{user}@mottagare.example");
        let gateway = gateway(config);
        let health = gateway.probe().await;
        assert!(health.ok, "{user}: {}", health.detail);
        println!("ok Postfix, {user}: {}", health.detail);
        let mut all = jobs(&[to.as_str(); 30]);
        for job in all.iter_mut().skip(15) {
            job.out = outgoing(TEXT, Some("ÖVNING"));
        }
        let (outcomes, downs) = send_all(&gateway, all).await;
        assert!(outcomes.values().all(Result::is_ok), "{user}: {outcomes:?}");
        assert!(downs.iter().all(Option::is_none), "{user}: {downs:?}");
        let mut numbers = BTreeMap::new();
        for mail in mails(&to, 30).await {
            let delivery = mail.header("X-Vardkase-Delivery").expect("its number").to_owned();
            let ordinal: u32 = delivery.split('.').next_back().and_then(|n| n.parse().ok()).expect("a number");
            let (mark, number) = if ordinal < 15 { (None, "14-2") } else { (Some("ÖVNING"), "Ö-3-1") };
            assert_eq!(read_by_hand(mail.plain.trim_end(), mark, number, &[&format!("Svara JA 14 {ordinal}")]), TEXT);
            assert_eq!(html_text(&mail.html), TEXT);
            assert_eq!(mail.kinds, ["text/plain", "text/html"]);
            assert_eq!(mail.header("Auto-Submitted"), Some("auto-generated"));
            assert_eq!(mail.header("Importance"), Some("high"));
            assert_eq!(mail.header("References"), Some("<incident-14@region.example>"));
            assert!(!mail.headers.iter().any(|(name, _)| name.to_ascii_lowercase().starts_with("list-")));
            assert!(numbers.insert(ordinal, ()).is_none(), "{delivery} came twice");
        }
        println!("ok Maildir of {user}: 30 mails, both parts {} bytes as sent", TEXT.len());
    }
}

#[tokio::test]
#[ignore = "needs the real server: tests/peers/mail.sh"]
async fn each_refusal_ends_as_it_must() {
    let to = ["temp", "grey", "full", "perm", "blocked", "b1"].map(|user| format!("{user}@mottagare.example"));
    let to: Vec<&str> = to.iter().map(String::as_str).collect();
    for (pipelining, chunking) in [(true, true), (true, false), (false, false)] {
        let config = SmtpConfig { pipelining, chunking, connections_max: 1, ..bare() };
        let (outcomes, _) = send_all(&gateway(config), jobs(&to)).await;
        for (i, to) in (0..).zip(&to) {
            let (result, permanent) = (&outcomes[&i], to.starts_with("perm") || to.starts_with("blocked"));
            match result {
                Ok(_) => assert!(to.starts_with("b1"), "{to}"),
                Err(SendError::Permanent { .. }) => assert!(permanent, "{to}: {result:?}"),
                Err(SendError::Temporary { .. }) => assert!(!permanent && !to.starts_with("b1"), "{to}: {result:?}"),
                Err(SendError::Unknown { .. }) => panic!("{to}: {result:?}"),
            }
            println!(
                "ok Postfix, pipelining {pipelining}, chunking {chunking}: {} {result:?}",
                to.split('@').next().unwrap()
            );
        }
    }
    mails("b1@mottagare.example", 3).await;
}

/// Sends one that arrives and one that comes back, and waits for both reports.
async fn reports(mailbox: Mailbox, return_path: &str, user: &str) {
    let config = SmtpConfig {
        mailbox: Some(Mailbox { every: Secs(1), ..mailbox }.into()),
        return_path: Some(return_path.into()),
        answers: true,
        ..bare()
    };
    let gateway = gateway(config);
    let to = [format!("{user}@mottagare.example"), "studs@mottagare.example".into()];
    let to: Vec<&str> = to.iter().map(String::as_str).collect();
    let (jobs_in, jobs_out) = mpsc::channel(2);
    let (events_in, mut events) = mpsc::channel(8);
    let (_stop, stopped) = watch::channel(false);
    for job in jobs(&to) {
        jobs_in.send(job).await.expect("room");
    }
    let drive = async {
        let (mut accepted, mut told, mut answered) = (0, BTreeMap::new(), None);
        while told.len() < 2 || answered.is_none() {
            match events.recv().await.expect("an event") {
                GatewayEvent::Outcome { result, .. } => {
                    assert!(result.is_ok(), "{result:?}");
                    accepted += 1;
                }
                GatewayEvent::Receipt { delivery, result, .. } => {
                    told.insert(delivery.expect("a delivery").ordinal, result);
                    if told.len() == 2 {
                        let mail = mails(to[0], 1).await.remove(0);
                        let id = mail.header("Message-ID").expect("an ID").to_owned();
                        answer("stranger@mottagare.example", return_path, &id, "JA 14 främling").await;
                        answer(to[0], return_path, &id, "JA 14").await;
                    }
                }
                GatewayEvent::Reply { from, text, .. } => answered = Some((from, text)),
                GatewayEvent::Down { cause, .. } => assert_eq!(cause, None),
            }
        }
        drop(jobs_in);
        drop(events);
        (accepted, told, answered.expect("an answer"))
    };
    let run = async { tokio::join!(gateway.run(jobs_out, events_in, stopped), drive).1 };
    let (accepted, told, (from, text)) =
        tokio::time::timeout(Duration::from_secs(60), run).await.expect("reports and the answer come back");
    assert_eq!((accepted, &told[&0]), (2, &Ok(())));
    let Err(SendError::Permanent { cause }) = &told[&1] else { panic!("{told:?}") };
    assert!(cause.starts_with("came back: 5.1.2") && !cause.contains('@'), "{cause}");
    assert_eq!((&*from.0, text.as_str()), (to[0], "JA 14"));
    println!("ok reports to {return_path}: delivered, and “{cause}”; an answer, and not a stranger's");
}

/// A person answers: plain SMTP, byte for byte what a mail program sends.
async fn answer(from: &str, to: &str, message_id: &str, text: &str) {
    let mut tcp =
        BufReader::new(TcpStream::connect(("127.0.0.1", port("VARDKASE_PEER_SMTP"))).await.expect("a connection"));
    let mail = format!(
        "From: Jour <{from}>\r\nTo: {to}\r\nSubject: Re: 14-2\r\nIn-Reply-To: {message_id}\r\n\
         Content-Type: text/plain; charset=utf-8\r\nContent-Transfer-Encoding: 8bit\r\n\r\n{text}\r\n\r\n> Svara JA 14\r\n.\r\n"
    );
    let commands = [
        "",
        "HELO x\r\n",
        &format!("MAIL FROM:<{from}>\r\n"),
        &format!("RCPT TO:<{to}>\r\n"),
        "DATA\r\n",
        &mail,
        "QUIT\r\n",
    ];
    for command in commands {
        tcp.write_all(command.as_bytes()).await.expect("written");
        let mut line = String::new();
        tcp.read_line(&mut line).await.expect("a reply");
        assert!(line.starts_with(['2', '3']), "{line}");
    }
}

#[tokio::test]
#[ignore = "needs the real server: tests/peers/mail.sh"]
async fn reports_and_answers_come_back_by_maildir() {
    reports(
        Mailbox { maildir: Some(maildir("retur1@avsandare.example")), ..Mailbox::default() },
        "retur1@avsandare.example",
        "c1",
    )
    .await;
}

#[tokio::test]
#[ignore = "needs the real server: tests/peers/mail.sh"]
async fn reports_and_answers_come_back_by_imap() {
    for (n, tls, name, by) in [
        (2, Tls::Implicit, "VARDKASE_PEER_IMAPS", AuthBy::Auto),
        (3, Tls::Starttls, "VARDKASE_PEER_IMAP", AuthBy::Login),
        (4, Tls::Implicit, "VARDKASE_PEER_IMAPS", AuthBy::CramMd5),
    ] {
        let address = format!("retur{n}@avsandare.example");
        let imap = ImapConfig {
            host: Some("localhost".into()),
            port: port(name),
            tls,
            ca_file: Some(said("VARDKASE_PEER_CA").into()),
            user: address.clone(),
            password: Secret::new("hemligt"),
            auth: by,
            ..ImapConfig::default()
        };
        let mailbox = Mailbox { imap: Some(imap), ..Mailbox::default() };
        reports(mailbox, &address, &format!("d{n}")).await;
    }
}

#[tokio::test]
#[ignore = "needs the real server: tests/peers/mail.sh"]
async fn a_wrong_password_is_one_clear_error_and_a_wrong_certificate_too() {
    let mut config = protected(Tls::Implicit, AuthBy::Auto);
    config.password = Some(Secret::new("fel"));
    let wrong = gateway(SmtpConfig { connections_max: 8, ..config });
    let to = ["e1@mottagare.example"; 40];
    let (outcomes, downs) = send_all(&wrong, jobs(&to)).await;
    assert!(outcomes.values().all(|o| matches!(o, Err(SendError::Temporary { .. }))), "{outcomes:?}");
    let [Some(cause)] = &downs[..] else { panic!("{downs:?}") };
    assert!(cause.contains("refuses user or password"), "{cause}");
    println!("ok wrong password: {}", wrong.probe().await.detail);

    for (config, word) in [
        (SmtpConfig { ca_file: None, ..protected(Tls::Implicit, AuthBy::Auto) }, "signed by nobody we believe"),
        (
            SmtpConfig { tls_name: Some("mail.example".into()), ..protected(Tls::Starttls, AuthBy::Auto) },
            "for another name",
        ),
    ] {
        let health = gateway(config).probe().await;
        assert!(!health.ok && health.detail.contains(word), "{}", health.detail);
        println!("ok wrong certificate: {}", health.detail);
    }
}
