//! Each YAML field to the setting of its channel. What YAML leaves out has the channel's own default.

use std::path::PathBuf;

use crate::config::GatewayConfig;
use crate::config::raw::channels::{
    AuthWord, BindWord, BodyWord, CallbackEntry, DaemonWord, FaxMailEntry, HylafaxEntry, JoinWord, MirrorEntry,
    OtherwiseWord, PresetWord, ReceiptIdsWord, ResolutionWord, SmppEntry, SmppVersionWord, SmsHttpEntry, SmsSpoolEntry,
    SmtpEntry, TlsWord, WebGateway,
};
use crate::config::raw::{List, Secs};
use crate::config::secrets::SecretRef;
use crate::domain::plan::{Capability, GatewayInfo};
use crate::domain::text::Charset;
use crate::domain::text::sms::{Alphabet, SmsLimits, Split};
use crate::gateways::Secret;
use crate::gateways::fax_mail::FaxMailConfig;
use crate::gateways::hylafax::HylafaxConfig;
use crate::gateways::mirror::{MirrorConfig, Place};
use crate::gateways::smpp::{BindAs, ReceiptIds, SmppConfig, Version};
use crate::gateways::sms_http::{
    CallbackConfig, Otherwise, SendAs, SmsHttpConfig, elks_like, generic_json, kannel, twilio_like,
};
use crate::gateways::sms_spool::{Daemon, SpoolConfig};
use crate::gateways::smtp::{AuthBy, ImapConfig, Login as SmtpLogin, Mailbox, SmtpConfig, Tls};

/// A fax server on this machine is asked no more often than this.
const POLL_INTERVAL_MIN_MS: u32 = 100;

pub(super) fn u16_of(n: u32) -> u16 {
    u16::try_from(n).unwrap_or(u16::MAX)
}
pub(super) fn secs(given: Option<Secs>, default: u32) -> u32 {
    given.map_or(default, |s| s.0)
}
pub(super) fn secs16(given: Option<Secs>, default: u16) -> u16 {
    given.map_or(default, |s| u16_of(s.0))
}
/// Relative paths count from the configuration folder.
pub(super) fn path(given: Option<&str>, config: &GatewayConfig) -> Option<PathBuf> {
    given.map(|p| config.base.as_deref().map_or_else(|| PathBuf::from(p), |b| b.join(p)))
}
fn path_text(given: Option<&str>, config: &GatewayConfig) -> String {
    path(given, config).map(|p| p.to_string_lossy().into_owned()).unwrap_or_default()
}

fn tls(word: TlsWord) -> Tls {
    match word {
        TlsWord::None => Tls::None,
        TlsWord::Starttls => Tls::Starttls,
        TlsWord::Opportunistic => Tls::Opportunistic,
        TlsWord::Tls => Tls::Implicit,
    }
}
fn auth(word: AuthWord) -> AuthBy {
    match word {
        AuthWord::Auto => AuthBy::Auto,
        AuthWord::Plain => AuthBy::Plain,
        AuthWord::Login => AuthBy::Login,
        AuthWord::CramMd5 => AuthBy::CramMd5,
        AuthWord::Xoauth2 => AuthBy::Xoauth2,
    }
}
/// A secret's file is read again at each login; an environment variable can't change.
fn file_of(place: Option<SecretRef>) -> Option<PathBuf> {
    match place {
        Some(SecretRef::File(path)) => Some(path),
        _ => None,
    }
}

fn mailbox(yaml: &SmtpEntry, config: &GatewayConfig, password: Option<Secret>) -> Result<Option<Mailbox>, String> {
    let Some(entry) = yaml.mailbox.as_ref().map(|m| &m.value) else { return Ok(None) };
    let default = ImapConfig::default();
    Ok(Some(match (&entry.maildir, &entry.imap) {
        (Some(folder), None) => Mailbox::Maildir(path(Some(folder), config).unwrap_or_default()),
        (None, Some(imap)) => Mailbox::Imap(ImapConfig {
            host: imap.host.as_ref().unwrap_or(&yaml.host).value.clone(),
            port: imap.port.unwrap_or(default.port),
            tls: imap.tls.map_or(default.tls, tls),
            ca_file: path(imap.ca_file.as_deref().or(yaml.ca_file.as_deref()), config),
            tls_name: imap.tls_name.clone(),
            login: SmtpLogin {
                user: imap.user.clone(),
                password: password.unwrap_or_default(),
                by: auth(imap.auth),
                password_file: file_of(config.mailbox_password()),
            },
            folder: imap.folder.clone().unwrap_or(default.folder),
            connect_timeout_s: secs16(yaml.connect_timeout, default.connect_timeout_s),
            reply_timeout_s: secs16(config.limits.timeout, default.reply_timeout_s),
        }),
        _ => return Err("its mailbox lies in one place: give it maildir or imap".into()),
    }))
}

pub(super) fn smtp(
    yaml: &SmtpEntry,
    config: &GatewayConfig,
    info: &GatewayInfo,
    password: Option<Secret>,
    mailbox_password: Option<Secret>,
) -> Result<SmtpConfig, String> {
    let default = SmtpConfig::default();
    let login = match (&yaml.user, password) {
        (Some(user), Some(password)) => Some(SmtpLogin {
            user: user.clone(),
            password,
            by: auth(yaml.auth),
            password_file: file_of(config.password()),
        }),
        (Some(_), None) => return Err("it has a user but no password: give it password: { env: NAME }".into()),
        (None, Some(_)) => return Err("it has a password but no user: give it user".into()),
        (None, None) => None,
    };
    let mailbox = mailbox(yaml, config, mailbox_password)?;
    let mailbox_every = yaml.mailbox.as_ref().and_then(|m| m.value.every);
    Ok(SmtpConfig {
        host: yaml.host.value.clone(),
        port: yaml.port,
        tls: tls(yaml.tls),
        ca_file: path(yaml.ca_file.as_deref(), config),
        tls_name: yaml.tls_name.clone(),
        login,
        from: yaml.from.value.clone(),
        return_path: yaml.return_path.as_ref().map(|r| r.value.clone()),
        reply_to: yaml.reply_to.as_ref().map(|r| r.value.clone()),
        hello_name: yaml.hello.clone(),
        connections_max: config.limits.connections_max.map_or(default.connections_max, u16_of),
        messages_per_connection_max: yaml.messages_per_connection_max.unwrap_or(default.messages_per_connection_max),
        pipelining: yaml.pipelining.unwrap_or(default.pipelining),
        chunking: yaml.chunking.unwrap_or(default.chunking),
        mailbox,
        answers: info.answers,
        mailbox_every_s: secs16(mailbox_every, default.mailbox_every_s),
        connect_timeout_s: secs16(yaml.connect_timeout, default.connect_timeout_s),
        reply_timeout_s: secs16(config.limits.timeout, default.reply_timeout_s),
        accept_timeout_s: secs16(yaml.accept_timeout, default.accept_timeout_s),
        idle_s: secs16(yaml.idle_max, default.idle_s),
    })
}

/// How SMS go there: what the plan reckons with, and `join`, which the plan sees as `ref16`.
fn sms_limits(info: &GatewayInfo, join: JoinWord) -> Result<SmsLimits, String> {
    let Capability::Sms { charset, ucs2, ref16, separate, parts_max } = &info.capability else {
        return Err(format!("{} is no SMS gateway in the plan", info.id));
    };
    Ok(SmsLimits {
        alphabet: match charset {
            Charset::Latin1 => Alphabet::Latin1,
            Charset::Ascii7 => Alphabet::Ascii,
            _ => Alphabet::Gsm7,
        },
        ucs2: *ucs2,
        split: match (separate, join, ref16) {
            (true, _, _) => Split::Separate,
            (false, JoinWord::Sar, _) => Split::Sar,
            (false, JoinWord::Payload, _) => Split::Payload,
            (false, JoinWord::Udh, true) => Split::Udh16,
            (false, JoinWord::Udh, false) => Split::Udh8,
        },
        parts_max: u16_of(*parts_max),
        chars_max: 0,
    })
}

pub(super) fn smpp(
    yaml: &SmppEntry,
    config: &GatewayConfig,
    info: &GatewayInfo,
    password: Option<Secret>,
) -> Result<SmppConfig, String> {
    let default = SmppConfig::default();
    let settings = SmppConfig {
        host: yaml.host.value.clone(),
        port: yaml.port,
        tls: match yaml.tls {
            TlsWord::None => false,
            TlsWord::Tls => true,
            TlsWord::Starttls | TlsWord::Opportunistic => return Err("SMPP has no STARTTLS: write tls: tls".into()),
        },
        tls_ca_file: path_text(yaml.ca_file.as_deref(), config),
        tls_server_name: yaml.tls_name.clone().unwrap_or_default(),
        system_id: yaml.system_id.clone(),
        password: password.unwrap_or_default(),
        system_type: yaml.system_type.clone(),
        bind_as: match yaml.bind {
            BindWord::Transceiver => BindAs::Transceiver,
            BindWord::TransmitterAndReceiver => BindAs::TransmitterAndReceiver,
        },
        binds: config.limits.connections_max.map_or(default.binds, u16_of),
        version: match yaml.version {
            SmppVersionWord::V34 => Version::V34,
            SmppVersionWord::V50 => Version::V50,
        },
        from: yaml.from.clone(),
        from_ton: yaml.from_ton,
        from_npi: yaml.from_npi,
        to_ton: yaml.to_ton.unwrap_or(default.to_ton),
        to_npi: yaml.to_npi.unwrap_or(default.to_npi),
        service_type: yaml.service_type.clone(),
        sms: sms_limits(info, yaml.join)?,
        window_max: config.limits.window_max.map_or(default.window_max, u16_of),
        per_second_max: config.limits.per_second_max.unwrap_or(default.per_second_max),
        receipts: info.receipts,
        receipt_ids: match yaml.receipt_ids {
            ReceiptIdsWord::Auto => ReceiptIds::Auto,
            ReceiptIdsWord::AsGiven => ReceiptIds::AsGiven,
            ReceiptIdsWord::HexInAnswer => ReceiptIds::HexInAnswer,
            ReceiptIdsWord::HexInReceipt => ReceiptIds::HexInReceipt,
        },
        validity: yaml.validity.unwrap_or(default.validity),
        urgent_priority_flag: yaml.urgent_priority.unwrap_or(default.urgent_priority_flag),
        user_reference: yaml.user_reference,
        connect_timeout_s: secs(yaml.connect_timeout, default.connect_timeout_s),
        response_timeout_s: secs(config.limits.timeout, default.response_timeout_s),
        enquire_link_s: secs(yaml.enquire_every, default.enquire_link_s),
        backoff_max_s: secs(yaml.reconnect_max, default.backoff_max_s),
    };
    let problems = settings.problems();
    if problems.is_empty() { Ok(settings) } else { Err(problems.join("; ")) }
}

pub(super) fn sms_http(
    yaml: &SmsHttpEntry,
    config: &GatewayConfig,
    info: &GatewayInfo,
    password: Option<Secret>,
    callback_url: Option<&str>,
) -> Result<SmsHttpConfig, String> {
    let (url, user) = (yaml.url.as_str(), yaml.user.as_deref().unwrap_or_default());
    let password = password.unwrap_or_default();
    let callback = callback_url.unwrap_or_default();
    let mut s = match yaml.preset {
        PresetWord::Generic => {
            // Without a user it is a token (RFC 6750), with one a password.
            let token = if user.is_empty() { password.clone() } else { Secret::default() };
            SmsHttpConfig { user: user.into(), password, ..generic_json(url, token) }
        }
        PresetWord::Kannel => kannel(url, user, password, callback),
        PresetWord::Elks => elks_like(url, user, password, callback),
        PresetWord::Twilio => twilio_like(url, user, password, callback),
    };
    if !yaml.fields.is_empty() {
        s.fields = yaml.fields.iter().map(|(name, template)| (name.value.clone(), template.clone())).collect();
    }
    s.headers = yaml.headers.iter().map(|(name, template)| (name.value.clone(), template.clone())).collect();
    for map in [&mut s.fields, &mut s.headers] {
        // Without an address to call back at, an empty one would be an error at most gateways: the field is left out.
        map.retain(|_, template| callback_url.is_some() || !template.contains("{callback}"));
        for template in map.values_mut() {
            *template = template.replace("{callback}", callback);
        }
    }
    let in_a_field = s.fields.values().chain(s.headers.values()).any(|t| t.contains("{password}"));
    s.basic_auth = !user.is_empty() && !in_a_field;
    if user.is_empty() && !in_a_field && s.token.is_empty() {
        s.token = s.password.clone();
    }
    if let Some(body) = yaml.body {
        s.send_as = match body {
            BodyWord::Form => SendAs::Form,
            BodyWord::Json => SendAs::Json,
            BodyWord::Query => SendAs::Query,
        };
    }
    set(&mut s.body_contains, yaml.success.as_ref());
    set(&mut s.body_pointer, yaml.success_at.as_ref());
    set(&mut s.id_pointer, yaml.id_at.as_ref());
    if let Some(id_after) = &yaml.id_after {
        s.id_after = id_after.clone();
        s.id_pointer.clear();
    }
    set_list(&mut s.status_ok, yaml.status_ok.as_ref());
    set_list(&mut s.body_values, yaml.success_values.as_ref());
    set_list(&mut s.temporary_words, yaml.temporary_words.as_ref());
    set_list(&mut s.permanent_words, yaml.permanent_words.as_ref());
    if let Some(otherwise) = yaml.otherwise {
        s.otherwise = match otherwise {
            OtherwiseWord::Temporary => Otherwise::Temporary,
            OtherwiseWord::Permanent => Otherwise::Permanent,
        };
    }
    if s.body_contains.is_empty() && s.body_pointer.is_empty() {
        return Err("a status of 200 alone is no success: say what a good answer contains (success)".into());
    }
    s.from = yaml.from.clone();
    s.tls_ca_file = path_text(yaml.ca_file.as_deref(), config);
    s.sms = sms_limits(info, JoinWord::Payload)?;
    s.connections_max = config.limits.connections_max.map_or(s.connections_max, u16_of);
    s.per_second_max = config.limits.per_second_max.unwrap_or(s.per_second_max);
    s.connect_timeout_s = secs(yaml.connect_timeout, s.connect_timeout_s);
    s.request_timeout_s = secs(config.limits.timeout, s.request_timeout_s);
    s.probe_url = yaml.probe_url.as_ref().map(|u| u.value.clone()).unwrap_or_default();
    called_back(&mut s.callback, &yaml.callback);
    Ok(s)
}

pub(super) fn sms_spool(
    yaml: &SmsSpoolEntry,
    config: &GatewayConfig,
    info: &GatewayInfo,
) -> Result<SpoolConfig, String> {
    let default = SpoolConfig::default();
    let (daemon, usual) = match yaml.daemon {
        DaemonWord::Smstools => {
            (Daemon::Smstools, ["outgoing", "checked", "sent", "failed", "incoming", "report"].map(Some))
        }
        DaemonWord::Gammu => (Daemon::Gammu, [Some("outbox"), None, Some("sent"), Some("error"), Some("inbox"), None]),
    };
    let root = path(Some(yaml.folder.as_str()), config).unwrap_or_default();
    let [outgoing, queued, sent, failed, incoming, reports] = usual;
    let folder = |given: &Option<String>, usual: Option<&str>| given.as_deref().or(usual).map(|name| root.join(name));
    let needed = |given: &Option<String>, usual: Option<&str>| folder(given, usual).unwrap_or_default();
    if daemon == Daemon::Gammu && info.receipts {
        return Err("gammu-smsd does not say which SMS a report is about: write receipts: false".into());
    }
    Ok(SpoolConfig {
        daemon,
        outgoing: needed(&yaml.outgoing, outgoing),
        queued: match &yaml.queued {
            Some(List(given)) => given.iter().map(|name| root.join(name)).collect(),
            None => queued.map(|name| root.join(name)).into_iter().collect(),
        },
        sent: needed(&yaml.sent, sent),
        failed: needed(&yaml.failed, failed),
        incoming: folder(&yaml.incoming, incoming).filter(|_| info.answers),
        reports: folder(&yaml.report, reports).filter(|_| info.receipts),
        queue: yaml.queue.clone(),
        sms: sms_limits(info, JoinWord::Udh)?,
        window_max: config.limits.window_max.map_or(default.window_max, u16_of),
        accept_timeout_s: secs(config.limits.timeout, default.accept_timeout_s),
        poll_interval_ms: default.poll_interval_ms,
        keep_s: secs(yaml.keep, default.keep_s),
    })
}

fn called_back(s: &mut CallbackConfig, yaml: &CallbackEntry) {
    set(&mut s.receipt_id, yaml.id.as_ref());
    set(&mut s.receipt_delivery, yaml.delivery.as_ref());
    set(&mut s.receipt_state, yaml.state.as_ref());
    set_list(&mut s.delivered, yaml.delivered.as_ref());
    set_list(&mut s.failed, yaml.failed.as_ref());
    set(&mut s.receipt_error, yaml.error.as_ref());
    set(&mut s.reply_from, yaml.from.as_ref());
    set(&mut s.reply_text, yaml.text.as_ref());
}

fn set(setting: &mut String, given: Option<&String>) {
    if let Some(given) = given {
        setting.clone_from(given);
    }
}

fn set_list<T: Clone>(setting: &mut Vec<T>, given: Option<&List<T>>) {
    if let Some(List(given)) = given {
        setting.clone_from(given);
    }
}

/// A mirror of the public page.
pub(super) fn mirror(
    page: &WebGateway,
    yaml: &MirrorEntry,
    config: &GatewayConfig,
    password: Option<Secret>,
) -> Result<MirrorConfig, String> {
    let place = match (&yaml.folder, &yaml.webdav, &yaml.s3) {
        (Some(folder), None, None) => {
            let path = path(Some(folder.as_str()), config).unwrap_or_default();
            Place::Folder { path }
        }
        (None, Some(dav), None) => Place::WebDav {
            url: dav.url.value.clone(),
            user: dav.user.clone().unwrap_or_default(),
            password: password.unwrap_or_default(),
        },
        (None, None, Some(s3)) => Place::S3 {
            endpoint: s3.endpoint.value.clone(),
            region: s3.region.clone().unwrap_or_else(|| "us-east-1".into()),
            bucket: s3.bucket.value.clone(),
            prefix: s3.prefix.clone(),
            virtual_host: s3.virtual_host,
            key_id: s3.key_id.clone(),
            secret: password.ok_or("it has no secret: give it secret: { env: NAME }")?,
        },
        _ => return Err("a mirror is one place: write one of folder, webdav and s3".into()),
    };
    Ok(MirrorConfig {
        place,
        readback_url: page.readback_url.value.clone(),
        tls_ca_file: path_text(yaml.ca_file.as_deref(), config),
        connect_timeout_s: secs(yaml.connect_timeout, 5),
        request_timeout_s: secs(config.limits.timeout, 10),
    })
}

pub(super) fn hylafax(
    yaml: &HylafaxEntry,
    config: &GatewayConfig,
    info: &GatewayInfo,
    password: Option<Secret>,
    admin_password: Option<Secret>,
) -> HylafaxConfig {
    let default = HylafaxConfig::default();
    let pages_max = match &info.capability {
        Capability::Fax { pages_max, .. } => u16_of(*pages_max),
        _ => default.pages_max,
    };
    HylafaxConfig {
        host: yaml.host.value.clone(),
        port: yaml.port,
        user: yaml.user.clone(),
        password,
        admin_password,
        from_user: if yaml.from.is_empty() { default.from_user } else { yaml.from.clone() },
        modem: yaml.modem.clone(),
        resolution_lpi: match yaml.resolution {
            ResolutionWord::Fine => 196,
            ResolutionWord::Standard => 98,
        },
        international_prefix: yaml.dial_prefix.clone(),
        pages_max,
        dials_max: yaml.dials_max.map_or(default.dials_max, u16_of),
        tries_max: yaml.tries_max.map_or(default.tries_max, u16_of),
        retry_after_s: yaml.retry_after.map(|s| s.0),
        connections_max: config.limits.connections_max.map_or(default.connections_max, u16_of),
        connect_timeout_s: secs(yaml.connect_timeout, default.connect_timeout_s),
        reply_timeout_s: secs(config.limits.timeout, default.reply_timeout_s),
        waits_max: yaml.waits_max.unwrap_or(default.waits_max),
        poll_interval_ms: yaml
            .poll_every
            .map_or(default.poll_interval_ms, |s| s.0.saturating_mul(1_000).max(POLL_INTERVAL_MIN_MS)),
    }
}

pub(super) fn fax_mail(
    yaml: &FaxMailEntry,
    config: &GatewayConfig,
    info: &GatewayInfo,
    password: Option<Secret>,
) -> Result<(SmtpConfig, FaxMailConfig), String> {
    let Capability::Fax { pages_max, .. } = info.capability else {
        return Err(format!("{} is no fax gateway in the plan", info.id));
    };
    // A report on the mail says nothing of the fax: none is asked for.
    let smtp = SmtpConfig { mailbox: None, answers: false, ..smtp(&yaml.smtp, config, info, password, None)? };
    let mail = FaxMailConfig {
        to: yaml.to.value.clone(),
        from: smtp.from.clone(),
        international_prefix: yaml.dial_prefix.clone(),
        subject: yaml.subject.clone(),
        pages_max: u16_of(pages_max),
    };
    Ok((smtp, mail))
}
