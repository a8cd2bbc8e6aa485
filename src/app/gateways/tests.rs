use std::path::Path;

use super::*;
use crate::config::{Source, load};
use crate::domain::text::sms::Split;
use crate::gateways::espa::{EspaConfig, Role};
use crate::gateways::hylafax::HylafaxConfig;
use crate::gateways::line::{Device, Framing, Place};
use crate::gateways::pocsag::{Baud, Output, PocsagConfig};
use crate::gateways::smpp::{BindAs, ReceiptIds, SmppConfig, Version};
use crate::gateways::sms_http::{Otherwise, SendAs, SmsHttpConfig};
use crate::gateways::sms_spool::{Daemon, SpoolConfig};
use crate::gateways::smtp::{AuthBy, ImapConfig, Login as SmtpLogin, Mailbox, SmtpConfig, Tls};
use crate::gateways::snpp::{Level, Login as SnppLogin, SnppConfig, TwoWay};
use crate::gateways::tap::TapConfig;

/// The shipped files, each secret in a file of that folder instead of the environment.
fn files(secrets: &Path) -> Vec<(String, String)> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let mut files = Vec::new();
    for folder in ["channels", "contacts", "playbooks"] {
        for file in std::fs::read_dir(root.join(folder)).expect("a shipped folder") {
            let name = file.expect("a shipped file").file_name().into_string().expect("a plain name");
            if !name.ends_with(".yaml") {
                continue;
            }
            let text = std::fs::read_to_string(root.join(folder).join(&name)).expect("a shipped file");
            let text = text.replace("{ env: ", &format!("{{ file: {}/", secrets.display()));
            files.push((format!("{folder}/{name}"), text));
        }
    }
    files
}

const SECRETS: [&str; 5] = [
    "VARDKASE_SMS_API_PASSWORD",
    "VARDKASE_SMS_MODEM_PASSWORD",
    "VARDKASE_SMS_MODEM_CALLBACK",
    "VARDKASE_FAX_IP_PASSWORD",
    "VARDKASE_FAX_MOB_PASSWORD",
];

fn secrets() -> tempfile::TempDir {
    let dir = tempfile::tempdir().expect("a folder");
    for name in SECRETS {
        std::fs::write(dir.path().join(name), format!("hemligt-{}", name.len())).expect("a secret");
    }
    dir
}

fn loaded(files: Vec<(String, String)>) -> Loaded {
    load(&Source::Files(files)).unwrap_or_else(|all| panic!("{all:#?}"))
}

fn env() -> Env {
    let now = || "2008-12-18T09:45:00Z".parse().expect("a time");
    Env { now: Arc::new(now), public_url: Some("https://larm.region.example/".into()), mail_key: [14; 32] }
}

fn why(built: &Built) -> Option<&str> {
    built.gateway.as_ref().err().map(String::as_str)
}

#[test]
fn every_shipped_gateway_builds() {
    let dir = secrets();
    let loaded = loaded(files(dir.path()));
    let all = build(&loaded, &env(), &|_| true);
    let ids: Vec<&str> = all.iter().map(|b| b.id.as_str()).collect();
    assert_eq!(
        ids,
        ["sms-api", "sms-modem", "mail-int", "mail-ext", "fax-ip", "fax-mob", "page-fs", "page-hs", "page-ls"],
        "pages and walks have no gateway"
    );
    for b in &all {
        assert_eq!(why(b), None, "{}", b.id);
        assert!(b.warnings.is_empty());
        assert_eq!(loaded.plan.gateways[b.gx.ix()].id, b.id);
        let keeps = b.gateway.as_ref().is_ok_and(|g| g.keeps_jobs());
        assert_eq!(keeps, b.channel == Channel::Fax, "{}", b.id);
        assert_eq!(b.callback.is_some(), b.id.as_str() == "sms-modem");
    }
    let api = Bounds {
        queue_len_max: 10_000,
        per_second_max: 100,
        per_minute_max: 0,
        connections_max: 2,
        window_max: 32,
        timeout_s: 10,
    };
    assert_eq!(all[0].bounds, api);
    let fax = Bounds {
        queue_len_max: 1_000,
        per_second_max: 0,
        per_minute_max: 0,
        connections_max: 4,
        window_max: 1,
        timeout_s: 30,
    };
    assert_eq!((all[4].bounds, all[4].bounds.in_hand_max()), (fax, 4));
}

#[test]
fn a_missing_secret_costs_one_gateway_and_says_which() {
    let dir = secrets();
    std::fs::remove_file(dir.path().join("VARDKASE_SMS_API_PASSWORD")).expect("a secret");
    std::fs::write(dir.path().join("VARDKASE_FAX_MOB_PASSWORD"), "\n").expect("a secret");
    std::fs::remove_file(dir.path().join("VARDKASE_SMS_MODEM_CALLBACK")).expect("a secret");
    let all = build(&loaded(files(dir.path())), &env(), &|_| true);
    let broken: Vec<&str> = all.iter().filter(|b| b.gateway.is_err()).map(|b| b.id.as_str()).collect();
    assert_eq!(broken, ["sms-api", "fax-mob"]);
    let missing = why(&all[0]).expect("a reason");
    assert!(missing.starts_with("its password is missing: ") && missing.contains("VARDKASE_SMS_API_PASSWORD"));
    assert!(missing.ends_with("put it there and reload"), "{missing}");
    assert!(why(&all[5]).expect("a reason").starts_with("its password is empty: "));
    // Without a way back it still sends.
    assert!(all[1].callback.is_none() && all[1].gateway.is_ok());
    assert!(
        all[1].warnings[0].starts_with("no receipts and no answers come in over it: its callback_secret is missing")
    );
}

/// The settings of a gateway in a file of `channels/` that has only it.
fn one_of(path: &str, yaml: &str) -> (GatewayConfig, GatewayInfo) {
    // An SMS gateway without a way back is an error where answers are asked for.
    let answers = if path.ends_with("sms.yaml") && !yaml.contains("answers:") { "    answers: true\n" } else { "" };
    let text = format!("gateways:\n  it:\n{answers}{yaml}");
    let dir = secrets();
    let mut files = files(dir.path());
    // Functions name gateways of the paging file: those stay beside it.
    for (p, t) in &mut files {
        if p == path {
            let shipped = t.split_once("gateways:\n").expect("a list of gateways").1;
            *t = format!("{text}{shipped}");
        }
    }
    let loaded = loaded(files);
    let at = loaded.plan.gateways.iter().position(|g| g.id.as_str() == "it").expect("a gateway of the sample");
    (loaded.gateways[at].clone(), loaded.plan.gateways[at].clone())
}

fn pw() -> Option<Secret> {
    Some(Secret::new("hemligt"))
}

#[test]
fn each_field_of_smpp_arrives() {
    let (config, info) = one_of(
        "channels/sms.yaml",
        "    alphabet: latin1
    ucs2: true
    parts_max: 4
    receipts: true
    limits: { connections_max: 3, window_max: 7, per_second_max: 9, timeout: 11s }
    smpp: { version: '5.0', host: smsc.example, port: 3550, tls: tls, ca_file: ca.pem, tls_name: n, system_id: me, system_type: ST,
      from: Region, enquire_every: 12s, bind: transmitter-and-receiver, join: sar, receipt_ids: hex-in-answer,
      from_ton: 5, from_npi: 1, to_ton: 2, to_npi: 8, service_type: CMT, validity: false, urgent_priority: 3,
      user_reference: true, connect_timeout: 13s, reconnect_max: 14s }
",
    );
    let Settings::Smpp(yaml) = &config.settings else { panic!() };
    let s = settings::smpp(yaml, &config, &info, pw()).expect("good settings");
    let sms = crate::domain::text::sms::SmsLimits {
        alphabet: crate::domain::text::sms::Alphabet::Latin1,
        ucs2: true,
        split: Split::Sar,
        parts_max: 4,
        chars_max: 0,
    };
    let expected = SmppConfig {
        host: "smsc.example".into(),
        port: 3550,
        tls: true,
        tls_ca_file: "ca.pem".into(),
        tls_server_name: "n".into(),
        system_id: "me".into(),
        password: Secret::new("hemligt"),
        system_type: "ST".into(),
        bind_as: BindAs::TransmitterAndReceiver,
        binds: 3,
        version: Version::V50,
        from: "Region".into(),
        from_ton: Some(5),
        from_npi: Some(1),
        to_ton: 2,
        to_npi: 8,
        service_type: "CMT".into(),
        sms,
        window_max: 7,
        per_second_max: 9,
        receipts: true,
        receipt_ids: ReceiptIds::HexInAnswer,
        validity: false,
        urgent_priority_flag: 3,
        user_reference: true,
        connect_timeout_s: 13,
        response_timeout_s: 11,
        enquire_link_s: 12,
        backoff_max_s: 14,
    };
    assert_eq!(s, expected);
    let split = settings::smpp(yaml, &config, &info, Some(Secret::new("ö"))).expect_err("ö is not ASCII");
    assert!(split.contains("not ASCII") && !split.contains('ö'), "{split}");
}

#[test]
fn each_field_of_a_spool_arrives() {
    let (config, info) = one_of(
        "channels/sms.yaml",
        "    alphabet: gsm7
    ucs2: true
    ref16: true
    parts_max: 4
    receipts: true
    limits: { window_max: 3, timeout: 90s }
    spool: { daemon: smstools, folder: /var/spool/sms, queued: [checked, larm], report: incoming, queue: LARM, keep: 2d }
",
    );
    let Settings::SmsSpool(yaml) = &config.settings else { panic!() };
    let s = settings::sms_spool(yaml, &config, &info).expect("good settings");
    let root = Path::new("/var/spool/sms");
    let expected = SpoolConfig {
        daemon: Daemon::Smstools,
        outgoing: root.join("outgoing"),
        queued: vec![root.join("checked"), root.join("larm")],
        sent: root.join("sent"),
        failed: root.join("failed"),
        incoming: Some(root.join("incoming")),
        reports: Some(root.join("incoming")),
        queue: "LARM".into(),
        sms: crate::domain::text::sms::SmsLimits { split: Split::Udh16, parts_max: 4, ..Default::default() },
        window_max: 3,
        accept_timeout_s: 90,
        poll_interval_ms: 500,
        keep_s: 2 * 86_400,
    };
    assert_eq!(s, expected);
    let yaml = "    alphabet: gsm7\n    parts_max: 2\n    spool: { daemon: gammu, folder: /var/spool/gammu }\n";
    let (config, info) = one_of("channels/sms.yaml", yaml);
    let Settings::SmsSpool(yaml) = &config.settings else { panic!() };
    let s = settings::sms_spool(yaml, &config, &info).expect("good settings");
    let root = Path::new("/var/spool/gammu");
    assert_eq!((s.outgoing, s.failed, s.queued), (root.join("outbox"), root.join("error"), Vec::new()));
    assert_eq!((s.incoming, s.reports), (Some(root.join("inbox")), None));
}

#[test]
fn each_field_of_smtp_fax_and_paging_arrives() {
    let (config, info) = one_of(
        "channels/email.yaml",
        "    limits: { connections_max: 3, timeout: 11s }
    receipts: true
    answers: true
    smtp: { host: m.example, port: 587, tls: opportunistic, ca_file: /ca.pem, tls_name: n, user: u, from: a@b.example,
      auth: cram-md5, password: { env: X }, reply_to: c@b.example, return_path: d@b.example, hello: h.example, pipelining: false,
      chunking: false, messages_per_connection_max: 5, connect_timeout: 12s, accept_timeout: 13s, idle_max: 14s,
      mailbox: { every: 7s, imap: { user: v, password: { file: /pw }, auth: xoauth2, folder: Larm } } }
",
    );
    let Settings::Smtp(yaml) = &config.settings else { panic!() };
    let expected = SmtpConfig {
        host: "m.example".into(),
        port: 587,
        tls: Tls::Opportunistic,
        ca_file: Some("/ca.pem".into()),
        tls_name: Some("n".into()),
        login: Some(SmtpLogin {
            user: "u".into(),
            password: Secret::new("hemligt"),
            by: AuthBy::CramMd5,
            password_file: None,
        }),
        from: "a@b.example".into(),
        return_path: Some("d@b.example".into()),
        reply_to: Some("c@b.example".into()),
        hello_name: Some("h.example".into()),
        connections_max: 3,
        messages_per_connection_max: 5,
        pipelining: false,
        chunking: false,
        mailbox: Some(Mailbox::Imap(ImapConfig {
            host: "m.example".into(),
            port: 993,
            tls: Tls::Implicit,
            ca_file: Some("/ca.pem".into()),
            tls_name: None,
            login: SmtpLogin {
                user: "v".into(),
                password: Secret::new("mailbox"),
                by: AuthBy::Xoauth2,
                password_file: Some("/pw".into()),
            },
            folder: "Larm".into(),
            connect_timeout_s: 12,
            reply_timeout_s: 11,
        })),
        answers: true,
        mailbox_every_s: 7,
        connect_timeout_s: 12,
        reply_timeout_s: 11,
        accept_timeout_s: 13,
        idle_s: 14,
    };
    assert_eq!(settings::smtp(yaml, &config, &info, pw(), Some(Secret::new("mailbox"))), Ok(expected));
    assert!(
        settings::smtp(yaml, &config, &info, None, None)
            .expect_err("a user without a password")
            .starts_with("it has a user but no password")
    );

    let (config, info) = one_of(
        "channels/fax.yaml",
        "    pages_max: 2
    chars_max: 2000
    limits: { connections_max: 3, timeout: 11s }
    hylafax: { host: f.example, port: 4560, user: u, from: Region, modem: ttyS0, resolution: standard, dials_max: 4,
      tries_max: 5, retry_after: 90s, dial_prefix: \"00\", connect_timeout: 12s, waits_max: 2, poll_every: 2s }
",
    );
    let Settings::Hylafax(yaml) = &config.settings else { panic!() };
    let expected = HylafaxConfig {
        host: "f.example".into(),
        port: 4560,
        user: "u".into(),
        password: pw(),
        admin_password: Some(Secret::new("adm")),
        from_user: "Region".into(),
        modem: Some("ttyS0".into()),
        resolution_lpi: 98,
        international_prefix: Some("00".into()),
        pages_max: 2,
        dials_max: 4,
        tries_max: 5,
        retry_after_s: Some(90),
        connections_max: 3,
        connect_timeout_s: 12,
        reply_timeout_s: 11,
        waits_max: 2,
        poll_interval_ms: 2_000,
    };
    assert_eq!(settings::hylafax(yaml, &config, &info, pw(), Some(Secret::new("adm"))), expected);

    let (config, info) = one_of(
        "channels/fax.yaml",
        "    pages_max: 2
    chars_max: 2000
    limits: { connections_max: 3 }
    mail: { to: \"{number}@fax.example\", dial_prefix: \"00\", subject: PIN, smtp: { host: m.example, port: 587,
      tls: starttls, from: a@b.example } }
",
    );
    let Settings::FaxMail(yaml) = &config.settings else { panic!() };
    let (smtp, mail) = settings::fax_mail(yaml, &config, &info, None).expect("good settings");
    let expected = crate::gateways::fax_mail::FaxMailConfig {
        to: "{number}@fax.example".into(),
        from: "a@b.example".into(),
        international_prefix: Some("00".into()),
        subject: Some("PIN".into()),
        pages_max: 2,
    };
    assert_eq!(mail, expected);
    assert_eq!(
        (smtp.host.as_str(), smtp.connections_max, smtp.mailbox, smtp.tls),
        ("m.example", 3, None, Tls::Starttls)
    );

    let (config, info) = one_of(
        "channels/paging.yaml",
        "    charset: iso646-se
    chars_max: 90
    pages_max: 4
    limits: { connections_max: 3, timeout: 11s }
    snpp: { host: p.example, port: 444, user: u, level: 3, mess_bytes_max: 64, jqueue: true, alert: true,
      caller: \"0980\", connect_timeout: 12s, send_timeout: 13s, idle_max: 14s,
      two_way: { replies: [OK], read_ack: true, ping: true, status_every: 15s, follow: 16s } }
",
    );
    let Settings::Snpp(yaml) = &config.settings else { panic!() };
    let expected = SnppConfig {
        host: "p.example".into(),
        port: 444,
        level: Level::Three,
        login: Some(SnppLogin { user: "u".into(), password: pw() }),
        charset: crate::domain::text::Charset::Iso646Se,
        chars_max: 90,
        pages_max: 4,
        mess_bytes_max: 64,
        jqueue: true,
        alert: true,
        caller: Some("0980".into()),
        two_way: Some(TwoWay {
            replies: vec!["OK".into()],
            read_ack: true,
            ping: true,
            status_every_s: 15,
            follow_s: 16,
        }),
        connections_max: 3,
        connect_timeout_s: 12,
        reply_timeout_s: 11,
        send_timeout_s: 13,
        idle_s: 14,
    };
    assert_eq!(paging::snpp(yaml, &config, &info, pw()), Ok(expected));
    let level_1 = crate::config::raw::channels::SnppEntry { level: Some(1), ..yaml.clone() };
    assert!(paging::snpp(&level_1, &config, &info, pw()).is_err());
}

#[test]
fn each_field_of_the_other_ways_to_pagers_arrives() {
    let around = "    charset: iso646-no\n    chars_max: 90\n    pages_max: 4\n    limits: { timeout: 11s }\n";
    let one = |yaml: &str| one_of("channels/paging.yaml", &format!("{around}{yaml}"));
    let charset = crate::domain::text::Charset::Iso646No;

    let (config, info) = one(
        "    tap: { line: { device: /dev/ttyS1, baud: 1200, framing: 8n1, flow: rtscts }, connect_timeout: 12s, sends_max: 5 }\n",
    );
    let Settings::Tap(yaml) = &config.settings else { panic!() };
    let device = Device { path: "/dev/ttyS1".into(), baud: 1_200, framing: Framing::EightNone, rtscts: true };
    let expected = TapConfig {
        place: Place::Device(device),
        password: pw(),
        charset,
        chars_max: 90,
        pages_max: 4,
        connect_timeout_s: 12,
        reply_timeout_s: 11,
        sends_max: 5,
        ..TapConfig::default()
    };
    assert_eq!(paging::tap(yaml, &config, &info, pw()), Ok(expected));

    let (config, info) = one(
        "    espa: { line: { host: e.example, port: 2023 }, role: polled, own: \"3\", system: \"1\", block_bytes_max: 200,
      beep: 4, call_type: 2, transmissions: 5, priority: 3, connect_timeout: 12s, poll_timeout: 13s, poll_every: 14s,
      quiet_ms: 70, sends_max: 6, tries_max: 7 }
",
    );
    let Settings::Espa(yaml) = &config.settings else { panic!() };
    let expected = EspaConfig {
        place: Place::Tcp { host: "e.example".into(), port: 2_023 },
        role: Role::Polled,
        own: '3',
        system: '1',
        charset,
        chars_max: 90,
        pages_max: 4,
        block_bytes_max: 200,
        beep: Some(4),
        call_type: Some(2),
        transmissions: Some(5),
        priority: Some(3),
        connect_timeout_s: 12,
        reply_timeout_s: 11,
        poll_timeout_s: 13,
        poll_every_s: 14,
        quiet_ms: 70,
        sends_max: 6,
        tries_max: 7,
    };
    assert_eq!(paging::espa(yaml, &config, &info), Ok(expected));

    let (config, info) = one(
        "    pocsag: { folder: /var/spool/pager, format: wav, files_max: 5, baud: 2400, function: 1, inverted: true, lead_ms: 30 }\n",
    );
    let Settings::Pocsag(yaml) = &config.settings else { panic!() };
    let expected = PocsagConfig {
        output: Output::Folder { folder: "/var/spool/pager".into(), wav: true, files_max: 5 },
        baud: Baud::B2400,
        charset,
        chars_max: 90,
        pages_max: 4,
        function: 1,
        inverted: true,
        lead_ms: 30,
        timeout_s: 11,
    };
    assert_eq!(paging::pocsag(yaml, &config, &info), Ok(expected));
    let (config, info) = one("    pocsag: { command: [aplay, -q], baud: 512 }\n");
    let Settings::Pocsag(yaml) = &config.settings else { panic!() };
    let made = paging::pocsag(yaml, &config, &info).expect("good settings");
    assert_eq!((made.output, made.baud), (Output::Command(vec!["aplay".into(), "-q".into()]), Baud::B512));
}

fn http(yaml: &str, callback: Option<&str>) -> Result<SmsHttpConfig, String> {
    let (config, info) = one_of(
        "channels/sms.yaml",
        &format!("    alphabet: gsm7\n    parts_max: 2\n    split: separate\n    http: {yaml}\n"),
    );
    let Settings::Http(entry) = &config.settings else { panic!() };
    settings::sms_http(entry, &config, &info, pw(), callback)
}

#[test]
fn http_gateways_are_their_preset_and_what_yaml_says_beside_it() {
    let url = "https://larm.region.example/gateway/it/s/receipt";
    let token = http("{ url: https://s.example/x, from: F }", None).expect("good settings");
    assert_eq!((token.token.expose(), token.basic_auth, token.send_as), ("hemligt", false, SendAs::Json));
    assert_eq!((token.body_pointer.as_str(), token.sms.split, token.from.as_str()), ("/status", Split::Separate, "F"));

    let kannel = http("{ url: https://s.example/x, preset: kannel, user: u }", Some(url)).expect("good settings");
    assert!(!kannel.basic_auth && kannel.token.is_empty(), "Kannel takes them in fields");
    assert!(kannel.fields["dlr-url"].starts_with(url));
    let elks = http("{ url: https://s.example/x, preset: 46elks, user: u }", Some(url)).expect("good settings");
    assert_eq!((elks.basic_auth, elks.fields["whendelivered"].as_str()), (true, url));
    let twilio = http("{ url: https://s.example/x, preset: twilio, user: u }", None).expect("good settings");
    assert!(!twilio.fields.contains_key("StatusCallback") && twilio.callback.reply_text == "Body");

    let own = "{ url: https://s.example/x, body: query, user: u, fields: { nr: \"{to}\", m: \"{text}\", cb: \"{callback}\" },
      headers: { X-Key: \"{password}\" }, status_ok: [202], success: OK, success_at: /a, success_values: [b], id_at: /c,
      temporary_words: [d], permanent_words: [e], otherwise: permanent, probe_url: https://s.example/p, connect_timeout: 3s,
      callback: { id: f, delivery: g, state: h, delivered: [i], failed: [j], error: k, from: l, text: m } }";
    let s = http(own, Some(url)).expect("good settings");
    assert_eq!((s.send_as, s.fields["cb"].as_str(), s.basic_auth), (SendAs::Query, url, false));
    assert_eq!((s.status_ok, s.body_contains.as_str(), s.body_pointer.as_str()), (vec![202], "OK", "/a"));
    assert_eq!((s.body_values, s.id_pointer.as_str(), s.otherwise), (vec!["b".to_owned()], "/c", Otherwise::Permanent));
    assert_eq!((s.temporary_words, s.permanent_words), (vec!["d".to_owned()], vec!["e".to_owned()]));
    assert_eq!((s.probe_url.as_str(), s.connect_timeout_s), ("https://s.example/p", 3));
    let c = s.callback;
    let words = [c.receipt_id, c.receipt_delivery, c.receipt_state, c.receipt_error, c.reply_from, c.reply_text];
    assert_eq!(words, ["f", "g", "h", "k", "l", "m"]);
    assert_eq!((c.delivered, c.failed), (vec!["i".to_owned()], vec!["j".to_owned()]));
    // Nobody to call back: the field is left out, not sent empty.
    assert!(!http(own, None).expect("good settings").fields.contains_key("cb"));
    // A gateway that would take any 200 for success is not built.
    assert!(
        http("{ url: https://s.example/x, success_at: \"\" }", None)
            .expect_err("nothing says success")
            .contains("no success")
    );
}

#[test]
fn a_callback_secret_that_breaks_an_address_is_not_used() {
    let dir = secrets();
    std::fs::write(dir.path().join("VARDKASE_SMS_MODEM_CALLBACK"), "a/b").expect("a secret");
    let all = build(&loaded(files(dir.path())), &env(), &|_| true);
    assert!(all[1].callback.is_none() && all[1].warnings[0].contains("only letters, digits"));
}

#[test]
fn a_gateway_that_signs_is_not_believed_without_the_secret_to_check_it() {
    let dir = secrets();
    let signed = |dir: &Path| {
        let entry =
            format!("callback_signature: {{ header: X-Signature, secret: {{ file: {}/signature }} }}", dir.display());
        let add =
            |text: String| text.replace("      callback_secret:", &format!("      {entry}\n      callback_secret:"));
        let files = files(dir).into_iter().map(|(name, text)| (name, add(text))).collect();
        build(&loaded(files), &env(), &|_| true).swap_remove(1)
    };
    let without = signed(dir.path());
    assert!(without.callback.is_none() && without.gateway.is_ok());
    assert!(without.warnings[0].starts_with("no receipts and no answers come in over it"), "{:?}", without.warnings);
    std::fs::write(dir.path().join("signature"), "hemligt").expect("a secret");
    let signature = signed(dir.path()).callback.expect("a way back").signature.expect("a signature");
    assert_eq!((&*signature.header, signature.secret.expose()), ("X-Signature", "hemligt"));
}
