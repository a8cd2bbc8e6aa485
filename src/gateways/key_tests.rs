//! What stands under each key of YAML is what a gateway goes by.

#![expect(clippy::unwrap_used, reason = "tests")]

use std::path::Path;

use serde::de::DeserializeOwned;

use super::entry::Limits;
use super::protocol::{BuildCx, Env, Protocol};
use super::registry::Files;
use super::{Secret, espa, fax_mail, hylafax, line, pocsag, smpp, sms_http, sms_spool, smtp, snpp, tap};
use crate::domain::ids::GatewayId;
use crate::domain::plan::Capability;
use crate::domain::text::sms::Split;
use crate::domain::text::{Charset, sms};
use crate::yaml::{At, Found, List, Place, Secs, parse, read};

/// A configuration as it stands in a file; nothing in it may be wrong.
fn of<T: DeserializeOwned>(yaml: &str) -> T {
    let mut found = Found::default();
    let root = parse(0, yaml, &mut found).unwrap();
    let (value, _) = read(&root, &mut found);
    let told = found.into_sorted();
    assert!(told.is_empty(), "{told:?}");
    value.unwrap()
}

/// The same without places: they differ from what a test writes.
fn name(text: &str) -> At<String> {
    text.into()
}

fn placeless<T>(at: At<T>) -> At<T> {
    At { place: Place::default(), ..at }
}

#[test]
fn each_key_of_smpp_is_read() {
    let read: smpp::SmppConfig =
        of("{ version: '5.0', host: smsc.example, port: 3550, tls: tls, ca_file: ca.pem, tls_name: n,
      system_id: me, system_type: ST, from: Region, enquire_every: 12s, bind: transmitter-and-receiver, join: sar,
      receipt_ids: hex-in-answer, from_ton: 5, from_npi: 1, to_ton: 2, to_npi: 8, service_type: CMT, validity: false,
      urgent_priority: 3, user_reference: true, connect_timeout: 13s, reconnect_max: 14s, password: { env: X } }");
    let expected = smpp::SmppConfig {
        host: name("smsc.example"),
        port: 3550,
        tls: smpp::Tls::Implicit,
        ca_file: Some("ca.pem".into()),
        tls_name: Some("n".into()),
        system_id: "me".into(),
        password: Some(Secret::default()),
        system_type: "ST".into(),
        from: "Region".into(),
        enquire_every: Secs(12),
        bind: smpp::BindAs::TransmitterAndReceiver,
        version: smpp::Version::V50,
        join: smpp::Join::Sar,
        receipt_ids: smpp::ReceiptIds::HexInAnswer,
        from_ton: Some(5),
        from_npi: Some(1),
        to_ton: 2,
        to_npi: 8,
        service_type: "CMT".into(),
        validity: false,
        urgent_priority: 3,
        user_reference: true,
        connect_timeout: Secs(13),
        reconnect_max: Secs(14),
        ..smpp::SmppConfig::default()
    };
    let (host, from) = (placeless(read.host.clone()), placeless(read.from.clone()));
    assert_eq!(smpp::SmppConfig { host, from, ..read }, expected);
    let unsayable = smpp::SmppConfig { password: Some(Secret::new("ö")), port: 1, ..expected };
    let why = unsayable.problems().join("; ");
    assert!(why.contains("not ASCII") && !why.contains('ö'), "{why}");
}

#[test]
fn each_key_of_smtp_is_read() {
    let read: smtp::SmtpConfig =
        of("{ host: m.example, port: 587, tls: opportunistic, ca_file: /ca.pem, tls_name: n, user: u,
      from: a@b.example, auth: cram-md5, password: { env: X }, reply_to: c@b.example, return_path: d@b.example,
      hello: h.example, pipelining: false, chunking: false, messages_per_connection_max: 5, connect_timeout: 12s,
      accept_timeout: 13s, idle_max: 14s,
      mailbox: { every: 7s, imap: { user: v, password: { file: /pw }, auth: xoauth2, folder: Larm } } }");
    let mailbox = read.mailbox.clone().map(|m| m.value).unwrap();
    let imap = smtp::ImapConfig {
        user: "v".into(),
        auth: smtp::AuthBy::Xoauth2,
        folder: "Larm".into(),
        connect_timeout: Secs::default(),
        reply_timeout: Secs::default(),
        ..smtp::ImapConfig::default()
    };
    assert_eq!(mailbox, smtp::Mailbox { maildir: None, imap: Some(imap), every: Secs(7) });
    let expected = smtp::SmtpConfig {
        host: name("m.example"),
        port: 587,
        tls: smtp::Tls::Opportunistic,
        ca_file: Some("/ca.pem".into()),
        tls_name: Some("n".into()),
        user: Some("u".into()),
        auth: smtp::AuthBy::CramMd5,
        password: Some(Secret::default()),
        from: name("a@b.example"),
        return_path: Some(name("d@b.example")),
        reply_to: Some(name("c@b.example")),
        hello: Some("h.example".into()),
        pipelining: false,
        chunking: false,
        messages_per_connection_max: 5,
        connect_timeout: Secs(12),
        accept_timeout: Secs(13),
        idle_max: Secs(14),
        ..smtp::SmtpConfig::default()
    };
    let read = smtp::SmtpConfig {
        host: placeless(read.host),
        from: placeless(read.from),
        return_path: read.return_path.map(placeless),
        reply_to: read.reply_to.map(placeless),
        mailbox: None,
        ..read
    };
    assert_eq!(read, expected);
}

/// What stands around a gateway goes over into what it is built of.
#[test]
fn a_mail_server_is_settled_with_its_entry_and_its_files() {
    let dir = tempfile::tempdir().unwrap();
    for (file, secret) in [("pw", "hemligt"), ("box", "mailbox")] {
        std::fs::write(dir.path().join(file), secret).unwrap();
    }
    let id = GatewayId::from("it");
    let limits = Limits { connections_max: Some(3), timeout: Some(Secs(11)), ..Limits::default() };
    let env = Env { now: std::sync::Arc::new(|| jiff::Timestamp::UNIX_EPOCH), public_url: None, mail_key: [0; 32] };
    let (base, answers, receipts) = (Some(dir.path()), true, true);
    let capability = Capability::Whole { chars_max: None };
    let cx = BuildCx { id: &id, capability: &capability, answers, receipts, limits: &limits, base, env: &env };
    let text = "{ host: m.example, port: 587, ca_file: ca.pem, user: u, password: { file: pw }, from: a@b.example,
      connect_timeout: 12s, mailbox: { imap: { user: v, password: { file: box } } } }";
    let config: smtp::SmtpConfig = of(text);
    let settled = config.settled(&cx).unwrap();
    assert_eq!((settled.connections_max, settled.reply_timeout, settled.answers), (3, Secs(11), true));
    assert_eq!(settled.ca_file, Some(dir.path().join("ca.pem")));
    assert_eq!(settled.password, Some(Secret::new("hemligt")));
    let imap = settled.mailbox.unwrap().value.imap.unwrap();
    assert_eq!((&*imap.host.unwrap().value, imap.port, imap.tls), ("m.example", 993, smtp::Tls::Implicit));
    assert_eq!((imap.ca_file, imap.password), (Some(dir.path().join("ca.pem")), Secret::new("mailbox")));
    assert_eq!((imap.connect_timeout, imap.reply_timeout), (Secs(12), Secs(11)));
    let no_password: smtp::SmtpConfig = of("{ host: m.example, port: 587, user: u, from: a@b.example }");
    assert!(no_password.settled(&cx).unwrap_err().starts_with("it has a user but no password"));
}

#[test]
fn each_key_of_fax_is_read() {
    let read: hylafax::HylafaxConfig = of("{ host: f.example, port: 4560, user: u, from: Region, modem: ttyS0,
      resolution: standard, dials_max: 4, tries_max: 5, retry_after: 90s, dial_prefix: \"00\", connect_timeout: 12s,
      waits_max: 2, poll_every: 2s, password: { env: X }, admin_password: { env: Y } }");
    let expected = hylafax::HylafaxConfig {
        host: name("f.example"),
        port: 4560,
        user: "u".into(),
        password: Some(Secret::default()),
        admin_password: Some(Secret::default()),
        from: "Region".into(),
        modem: Some("ttyS0".into()),
        resolution: hylafax::Resolution::Standard,
        dials_max: 4,
        tries_max: 5,
        retry_after: Some(Secs(90)),
        dial_prefix: Some("00".into()),
        connect_timeout: Secs(12),
        waits_max: 2,
        poll_every: Secs(2),
        ..hylafax::HylafaxConfig::default()
    };
    assert_eq!(hylafax::HylafaxConfig { host: placeless(read.host.clone()), ..read }, expected);
    let read: fax_mail::FaxMailConfig = of("{ to: \"{number}@fax.example\", dial_prefix: \"00\", subject: PIN,
      smtp: { host: m.example, port: 587, tls: starttls, from: a@b.example } }");
    assert_eq!((&*read.to.value, read.dial_prefix.as_deref()), ("{number}@fax.example", Some("00")));
    assert_eq!(
        (read.subject.as_deref(), &*read.smtp.host.value, read.smtp.tls),
        (Some("PIN"), "m.example", smtp::Tls::Starttls)
    );
}

#[test]
fn each_key_of_a_spool_is_read_and_its_folders_are_found() {
    let spool = |yaml: &str, answers, receipts| {
        let config: sms_spool::SpoolConfig = of(yaml);
        config.folders(Path::new("/var/spool"), answers, receipts)
    };
    let root = Path::new("/var/spool");
    let yaml = "{ daemon: smstools, folder: sms, queued: [checked, larm], report: incoming, queue: LARM, keep: 2d }";
    let config: sms_spool::SpoolConfig = of(yaml);
    assert_eq!((config.keep, config.queue.as_str()), (Secs(2 * 86_400), "LARM"));
    let expected = sms_spool::Folders {
        outgoing: root.join("outgoing"),
        queued: vec![root.join("checked"), root.join("larm")],
        sent: root.join("sent"),
        failed: root.join("failed"),
        incoming: Some(root.join("incoming")),
        reports: Some(root.join("incoming")),
    };
    assert_eq!(spool(yaml, true, true), expected);
    let gammu = spool("{ daemon: gammu, folder: gammu }", true, false);
    assert_eq!((gammu.outgoing, gammu.failed, gammu.queued), (root.join("outbox"), root.join("error"), Vec::new()));
    assert_eq!((gammu.incoming, gammu.reports), (Some(root.join("inbox")), None));
}

#[test]
fn each_key_of_the_ways_to_pagers_is_read() {
    let read: snpp::SnppConfig =
        of("{ host: p.example, port: 444, user: u, password: { env: X }, level: 3, mess_bytes_max: 64,
      jqueue: true, alert: true, caller: \"0980\", connect_timeout: 12s, send_timeout: 13s, idle_max: 14s,
      two_way: { replies: [OK], read_ack: true, ping: true, status_every: 15s, follow: 16s } }");
    let two_way = snpp::TwoWay {
        replies: List(vec!["OK".into()]),
        read_ack: true,
        ping: true,
        status_every: Secs(15),
        follow: Secs(16),
    };
    let expected = snpp::SnppConfig {
        host: name("p.example"),
        port: 444,
        user: Some("u".into()),
        password: Some(Secret::default()),
        level: 3,
        mess_bytes_max: 64,
        jqueue: true,
        alert: true,
        caller: Some("0980".into()),
        connect_timeout: Secs(12),
        send_timeout: Secs(13),
        idle_max: Secs(14),
        two_way: Some(two_way),
        ..snpp::SnppConfig::default()
    };
    assert_eq!(snpp::SnppConfig { host: placeless(read.host.clone()), ..read }, expected);

    let read: tap::TapConfig =
        of("{ line: { device: /dev/ttyS1, baud: 1200, framing: 8n1, flow: rtscts }, connect_timeout: 12s,
      sends_max: 5, password: { env: X } }");
    let device = line::LineConfig {
        device: Some(name("/dev/ttyS1")),
        baud: 1_200,
        framing: line::Framing::EightNone,
        flow: line::Flow::Rtscts,
        ..line::LineConfig::default()
    };
    let line = line::LineConfig { device: read.line.device.clone().map(placeless), ..read.line.clone() };
    let expected = tap::TapConfig {
        line: device,
        password: Some(Secret::default()),
        connect_timeout: Secs(12),
        sends_max: 5,
        ..tap::TapConfig::default()
    };
    assert_eq!(tap::TapConfig { line, ..read }, expected);

    let read: espa::EspaConfig = of("{ line: { host: e.example, port: 2023 }, role: polled, own: \"3\", system: \"1\",
      block_bytes_max: 200, beep: 4, call_type: 2, transmissions: 5, priority: 3, connect_timeout: 12s, poll_timeout: 13s,
      poll_every: 14s, quiet_ms: 70, sends_max: 6, tries_max: 7 }");
    assert_eq!((read.line.host(), read.line.port), (Some("e.example"), Some(2_023)));
    let expected = espa::EspaConfig {
        line: read.line.clone(),
        role: espa::Role::Polled,
        own: '3',
        system: '1',
        block_bytes_max: 200,
        beep: Some(4),
        call_type: Some(2),
        transmissions: Some(5),
        priority: Some(3),
        connect_timeout: Secs(12),
        poll_timeout: Secs(13),
        poll_every: Secs(14),
        quiet_ms: 70,
        sends_max: 6,
        tries_max: 7,
        ..espa::EspaConfig::default()
    };
    assert_eq!(read, expected);

    let read: pocsag::PocsagConfig =
        of("{ folder: /var/spool/pager, format: wav, files_max: 5, baud: 2400, function: 1,
      inverted: true, lead_ms: 30 }");
    let expected = pocsag::PocsagConfig {
        folder: Some("/var/spool/pager".into()),
        format: pocsag::Audio::Wav,
        files_max: 5,
        baud: At::from(2_400),
        function: Some(1),
        inverted: true,
        lead_ms: 30,
        ..pocsag::PocsagConfig::default()
    };
    assert_eq!(pocsag::PocsagConfig { baud: placeless(read.baud), ..read }, expected);
    let read: pocsag::PocsagConfig = of("{ command: [aplay, -q], baud: 512 }");
    assert_eq!((read.command, read.baud.value), (Some(List(vec!["aplay".into(), "-q".into()])), 512));
}

/// The entry around a protocol, from its file to what the plan reckons with.
#[test]
fn the_entry_around_a_protocol_says_what_it_carries() {
    let mut found = Found::default();
    let mut files = Files::default();
    let text = "gateways:
  it:
    alphabet: latin1
    ucs2: true
    parts_max: 4
    receipts: true
    limits: { connections_max: 3, window_max: 7, per_second_max: 9, timeout: 11s }
    smpp: { host: smsc.example, port: 3550, system_id: me, from: Region, join: sar }
";
    let root = parse(0, text, &mut found).unwrap();
    assert_eq!(files.read("channels/sms.yaml", &root, &mut found), Some(false));
    let ways = files.ways(&mut found);
    let told = found.into_sorted();
    assert!(told.is_empty(), "{told:?}");
    let [way] = &ways[..] else { panic!("one gateway") };
    let expected = Capability::Sms { charset: Charset::Latin1, ucs2: true, ref16: true, separate: false, parts_max: 4 };
    assert_eq!((&way.capability, way.answers, way.receipts), (&expected, false, true));
    let id = GatewayId::from("it");
    let env = Env { now: std::sync::Arc::new(|| jiff::Timestamp::UNIX_EPOCH), public_url: None, mail_key: [0; 32] };
    let (answers, receipts) = (way.answers, way.receipts);
    let cx =
        BuildCx { id: &id, capability: &way.capability, answers, receipts, limits: &way.limits, base: None, env: &env };
    let limits = cx.sms_limits(Split::Sar).unwrap();
    assert_eq!((limits.alphabet, limits.split, limits.parts_max), (sms::Alphabet::Latin1, Split::Sar, 4));
    assert_eq!(cx.sms_limits(Split::Udh8).unwrap().split, Split::Udh16);
    assert!(cx.page_rules().is_err());
    let super::registry::Kind::Protocol(protocol) = &way.kind else { panic!("a protocol") };
    let built = protocol.build(&cx).unwrap();
    assert_eq!((built.connections_max, built.window_max, built.timeout_s), (3, 7, 11));
}

#[test]
fn an_http_gateway_that_would_take_any_200_for_success_is_not_built() {
    let config: sms_http::SmsHttpConfig = of("{ url: https://s.example/x, success_at: \"\" }");
    let _ = rustls::crypto::ring::default_provider().install_default();
    let why = sms_http::SmsHttp::new("it".into(), config).err().unwrap();
    assert!(why.contains("is not success"), "{why}");
    assert_eq!(sms_http::SmsHttpConfig::default().protocol(), "http");
}
