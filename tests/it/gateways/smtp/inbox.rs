//! What comes back by mail: reports and answers become receipts and replies, and nobody can make them up.

use std::path::Path;
use std::time::Duration;

use tokio::sync::{mpsc, watch};
use vardkase::domain::delivery::SendError;
use vardkase::domain::ids::{DeliveryId, IncidentNo};
use vardkase::gateways::smtp::{AuthBy, ImapConfig, Mailbox, SmtpConfig, Tls};
use vardkase::gateways::{Gateway, GatewayEvent, Secret};
use vardkase::sim::Far;
use vardkase::sim::smtp::{self as sim, Options};

use super::{config, gateway, jobs, scripted, send_all};

const ID: DeliveryId = DeliveryId { incident: IncidentNo::actual(14), ordinal: 0 };

fn maildir() -> tempfile::TempDir {
    let dir = tempfile::tempdir().expect("a folder");
    for folder in ["new", "cur", "tmp"] {
        std::fs::create_dir(dir.path().join(folder)).expect("a folder");
    }
    dir
}

fn in_folder(folder: &Path) -> Mailbox {
    Mailbox { maildir: Some(folder.to_owned()), ..Mailbox::default() }
}

fn with(mailbox: Mailbox, config: SmtpConfig) -> SmtpConfig {
    SmtpConfig {
        mailbox: Some(mailbox.into()),
        answers: true,
        return_path: Some("larm+back@region.example".into()),
        ..config
    }
}

/// Runs a gateway without any job until it has told so much.
async fn told(config: SmtpConfig, count: usize) -> Vec<GatewayEvent> {
    let gateway = gateway(config);
    let (jobs_in, jobs_out) = mpsc::channel(1);
    let (events_in, mut events) = mpsc::channel(8);
    let (_stop, stopped) = watch::channel(false);
    let collect = async {
        let mut all = Vec::new();
        while all.len() < count {
            all.push(events.recv().await.expect("an event"));
        }
        drop(jobs_in);
        drop(events);
        all
    };
    let run = async { tokio::join!(gateway.run(jobs_out, events_in, stopped), collect).1 };
    tokio::time::timeout(Duration::from_secs(30), run).await.expect("it is told")
}

fn report(envelope_id: &str, message_id: &str, action: &str, status: &str) -> String {
    format!(
        "Return-Path: <>\nFrom: MAILER-DAEMON@mx.example\nAuto-Submitted: auto-replied\nMIME-Version: 1.0\n\
         Content-Type: multipart/report; report-type=delivery-status; boundary=\"b\"\n\n--b\n\nsee below\n--b\n\
         Content-Type: message/delivery-status\n\nReporting-MTA: dns; mx.example\n{envelope_id}\n\
         Final-Recipient: rfc822; tib@fs.example\nAction: {action}\nStatus: {status}\n\
         Diagnostic-Code: smtp; 550 5.1.1 <tib@fs.example> unknown\n\n--b\nContent-Type: text/rfc822-headers\n\n\
         Subject: x\nMessage-ID: {message_id}\n\n--b--\n"
    )
}

/// Sends one mail and gives its ENVID and its Message-ID.
async fn sent(mailbox: Mailbox) -> (String, String) {
    let server = sim::start(Far::default(), "mail", Options { dsn: true, ..Options::default() }).await.expect("server");
    let (outcomes, _) = send_all(&gateway(with(mailbox, config(&server))), jobs(&["tib@fs.example"])).await;
    assert!(outcomes[&0].is_ok(), "{outcomes:?}");
    let commands = server.commands();
    let mail = commands.iter().find(|c| c.starts_with("MAIL")).expect("MAIL");
    let (before, id) = mail.split_once(" ENVID=").expect("an ID");
    assert_eq!(before, "MAIL FROM:<larm+back@region.example> RET=HDRS");
    assert!(
        commands.iter().any(|c| c == "RCPT TO:<tib@fs.example> NOTIFY=SUCCESS,FAILURE ORCPT=rfc822;tib@fs.example")
    );
    let message_id = server.mails()[0].header("Message-ID").expect("an ID").to_owned();
    assert!(message_id.contains(id), "one word for both");
    (id.to_owned(), message_id)
}

#[tokio::test]
async fn reports_are_asked_for_only_when_somebody_reads_them() {
    let dir = maildir();
    let mailbox = || in_folder(dir.path());
    for (dsn, read) in [(true, false), (false, true)] {
        let server = sim::start(Far::default(), "mail", Options { dsn, ..Options::default() }).await.expect("server");
        let config = SmtpConfig { mailbox: read.then(|| mailbox().into()), ..config(&server) };
        let (outcomes, _) = send_all(&gateway(config), jobs(&["tib@fs.example"])).await;
        assert!(outcomes[&0].is_ok());
        let all = server.commands().join("\n");
        assert!(!all.contains("ENVID") && !all.contains("NOTIFY"), "{all}");
    }
    sent(mailbox()).await;
}

#[tokio::test]
async fn reports_in_a_maildir_become_receipts() {
    let dir = maildir();
    let mailbox = in_folder(dir.path());
    let (envelope_id, message_id) = sent(mailbox.clone()).await;
    let by_envelope = format!("Original-Envelope-Id: {envelope_id}\n");
    let made_up = by_envelope.replace("14.0", "14.1");
    for (name, mail) in [
        ("1", "no mail at all".to_owned()),
        ("2", report(&made_up, "<made-up@region.example>", "delivered", "2.0.0")),
        ("3", report("", "<14.0.x.y.z@region.example>", "delivered", "2.0.0")),
        ("4", report(&by_envelope, "<x@y>", "delayed", "4.4.1")),
        ("5", report("", &message_id, "failed", "5.1.1")),
        ("6", report(&by_envelope, "<x@y>", "delivered", "2.0.0")),
        ("7", report(&by_envelope, "<x@y>", "delivered", "5.0.0")),
    ] {
        std::fs::write(dir.path().join("new").join(name), mail).expect("a mail");
    }
    let events = told(with(mailbox, plain()), 2).await;
    let [first, second] = &events[..] else { panic!("{events:?}") };
    let receipt = |event: &GatewayEvent| match event {
        GatewayEvent::Receipt { delivery, result, .. } => (*delivery, result.clone()),
        other => panic!("{other:?}"),
    };
    let cause = "came back: 5.1.1 550 5.1.1 … unknown";
    assert_eq!(receipt(first), (Some(ID), Err(SendError::permanent(cause))), "no address in it");
    assert_eq!(receipt(second), (Some(ID), Ok(())));
}

#[tokio::test]
async fn an_answer_by_mail_is_a_reply_and_a_strangers_is_not() {
    let dir = maildir();
    let mailbox = in_folder(dir.path());
    let (_, message_id) = sent(mailbox.clone()).await;
    let answer = |from: &str, header: &str, text: &str| {
        format!(
            "From: {from}\nSubject: Re: 14-2\n{header}References: <a@b>\n {message_id}\n\n{text}\n\n> Svara JA 14\n"
        )
    };
    for (name, mail) in [
        ("1", answer("iva@fs.example", "", "JA 14 iva")),
        ("2", answer("tib@fs.example", "Auto-Submitted: auto-replied\n", "Jag är borta")),
        ("3", format!("From: tib@fs.example\nIn-Reply-To: <14.0.x.y.z@region.example>\n\nJA 14\n")),
        ("4", answer("TiB <Tib@fs.example>", "", "JA 14")),
    ] {
        std::fs::write(dir.path().join("new").join(name), mail).expect("a mail");
    }
    let events = told(with(mailbox.clone(), plain()), 1).await;
    let [GatewayEvent::Reply { from, text, .. }] = &events[..] else { panic!("{events:?}") };
    assert_eq!((&*from.0, text.as_str()), ("tib@fs.example", "JA 14"));

    // Answers that are not wanted are not replies; the report behind them still is a receipt.
    let report = report("", &message_id, "delivered", "2.0.0");
    std::fs::write(dir.path().join("new/5"), report).expect("a mail");
    let silent = SmtpConfig { answers: false, ..with(mailbox, plain()) };
    assert!(matches!(&told(silent, 1).await[..], [GatewayEvent::Receipt { .. }]));
}

#[tokio::test]
async fn a_mailbox_that_cant_be_read_makes_nothing_unwell() {
    let server = sim::start(Far::default(), "mail", Options::default()).await.expect("server");
    let nowhere = in_folder(Path::new("/nowhere/at/all"));
    let gateway = gateway(with(nowhere, config(&server)));
    let (outcomes, downs) = send_all(&gateway, jobs(&["tib@fs.example"])).await;
    assert!(outcomes[&0].is_ok() && downs.is_empty(), "{outcomes:?} {downs:?}");
    let health = gateway.probe().await;
    assert!(health.ok && health.detail.contains("; mailbox: "), "{}", health.detail);
}

fn plain() -> SmtpConfig {
    SmtpConfig { tls: Tls::None, from: "larm@region.example".into(), connections_max: 1, ..SmtpConfig::default() }
}

fn imap(at: &SmtpConfig) -> Mailbox {
    let imap = ImapConfig {
        host: Some(at.host.clone()),
        port: at.port,
        tls: Tls::None,
        user: "larm".into(),
        password: Secret::new("hem\"ligt"),
        auth: AuthBy::Login,
        ..ImapConfig::default()
    };
    Mailbox { imap: Some(imap), ..Mailbox::default() }
}

/// Every byte of a session that finds two mails, one of them a report.
#[tokio::test]
async fn reports_over_imap_byte_for_byte() {
    let (_, message_id) = sent(in_folder(Path::new("/nowhere"))).await;
    let report = report("", &message_id, "delivered", "2.0.0").replace('\n', "\r\n");
    let found: &'static str =
        format!("* 2 FETCH (UID 9 BODY[]<0> {{{}}}\r\n{report} FLAGS ())\r\nv6 OK done\r\n", report.len()).leak();
    let (at, server) = scripted(vec![
        ("* OK [CAPABILITY IMAP4rev1] ready\r\n", "v1 CAPABILITY\r\n"),
        ("* CAPABILITY IMAP4rev1 AUTH=PLAIN\r\nv1 OK\r\n", "\r\n"),
        ("v2 OK logged in\r\n", "\r\n"),
        ("* 2 EXISTS\r\n* OK [UIDVALIDITY 1] x\r\nv3 OK [READ-WRITE]\r\n", "\r\n"),
        ("* SEARCH 9 7\r\nv4 OK\r\n", "\r\n"),
        ("* 1 FETCH (UID 7 BODY[]<0> {6}\r\nA: b\r\n)\r\nv5 OK\r\n", "\r\n"),
        (found, ""),
    ])
    .await;
    let events = told(with(imap(&at), plain()), 1).await;
    assert!(matches!(&events[..], [GatewayEvent::Receipt { delivery: Some(ID), result: Ok(()), .. }]), "{events:?}");
    assert_eq!(
        server.await.expect("the dialogue")[1..6],
        [
            "v2 LOGIN \"larm\" \"hem\\\"ligt\"\r\n",
            "v3 SELECT \"INBOX\"\r\n",
            "v4 UID SEARCH UNSEEN\r\n",
            "v5 UID FETCH 7 (BODY.PEEK[]<0.524288>)\r\n",
            "v6 UID FETCH 9 (BODY.PEEK[]<0.524288>)\r\n",
        ]
    );
}

/// Garbage, goodbyes and refusals of a mailbox's server end in words for the operator; mails go out meanwhile.
#[tokio::test]
async fn a_bad_mailbox_server_says_why() {
    for (dialogue, why) in [
        (vec![("SSH-2.0-OpenSSH\r\n", "")], "greeting: the server does not want us, or is not IMAP"),
        (vec![("* BYE busy\r\n", "")], "greeting: the server does not want us, or is not IMAP"),
        (vec![("* OK\r\n", "\r\n"), ("* BYE going\r\n", "")], "the server said goodbye"),
        (vec![("* OK\r\n", "\r\n"), ("+ what?\r\n", "")], "out of step: nothing was asked"),
        (vec![("* OK\r\n", "\r\n"), ("* X {99999999}\r\n", "")], "what came is not IMAP"),
        (
            vec![("* OK\r\n", "\r\n"), ("v1 OK\r\n", "\r\n"), ("v2 NO [AUTHENTICATIONFAILED] wrong\r\n", "")],
            "login: NO [AUTHENTICATIONFAILED] wrong; the server refuses user or password",
        ),
    ] {
        let server = sim::start(Far::default(), "mail", Options::default()).await.expect("server");
        let (at, _dialogue) = scripted(dialogue).await;
        let gateway = gateway(with(imap(&at), config(&server)));
        let (jobs_in, jobs_out) = mpsc::channel(1);
        let (events_in, _events) = mpsc::channel(8);
        let (stop, stopped) = watch::channel(false);
        let drive = async {
            while !gateway.probe().await.detail.ends_with(&format!("mailbox: {why}")) {
                tokio::time::sleep(Duration::from_millis(5)).await;
            }
            stop.send(true).expect("heard");
            drop(jobs_in);
        };
        let both = async { tokio::join!(gateway.run(jobs_out, events_in, stopped), drive) };
        assert!(
            tokio::time::timeout(Duration::from_secs(10), both).await.is_ok(),
            "{why}: {:?}",
            gateway.probe().await
        );
    }
}
