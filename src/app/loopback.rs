//! A far end on this machine for each configured gateway, with its real protocol: the demo, drills of the software and tests
//! need neither a network nor a secret. The loaded configuration is turned to it; nothing else of it changes.

use std::collections::BTreeMap;
use std::net::SocketAddr;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD as BASE64;

use super::gateways::callback_path;
use crate::config::raw::channels::{
    AuthWord, CallbackEntry, DaemonWord, LineEntry, PresetWord, ResolutionWord, RoleWord, SecretEntry, SmsHttpEntry,
    SmtpEntry, TlsWord,
};
use crate::config::raw::{At, List, Ordered, Secs};
use crate::config::{GatewayConfig, Loaded, Settings};
use crate::domain::ids::GatewayId;
use crate::domain::plan::{Capability, Channel, GatewayInfo};
use crate::domain::text::Charset;
use crate::gateways::Secret;
use crate::gateways::sms_http::CallbackKind;
use crate::sim::relay::{self, Line};
use crate::sim::{Far, espa, hylafax, pocsag, smpp, sms_http, sms_spool, smtp, snpp, tap};

/// How the far ends are.
#[derive(Clone, Debug, Default)]
pub struct Opts {
    /// Lines that are slow or cut from the beginning.
    pub lines: BTreeMap<GatewayId, Line>,
    /// SMS numbers that end in 0001 to 0009 misbehave, each in its way.
    pub misbehave_by_number: bool,
    /// Nothing is kept of what arrives over SMPP: for measuring.
    pub smpp_sink: bool,
}

/// One far end; it speaks as long as this lives.
pub enum Sim {
    /// A short-message centre.
    Smpp(smpp::Handle),
    /// An SMS gateway with an HTTP interface, and the secret part of the address at which it calls back.
    Http(sms_http::Handle, Option<Secret>),
    /// A modem with its daemon, in folders of its own.
    Spool(sms_spool::Handle),
    /// A mail server.
    Smtp(smtp::Handle),
    /// A fax server.
    Hylafax(hylafax::Handle),
    /// A pager transmitter.
    Snpp(snpp::Handle),
    /// A paging terminal.
    Tap(tap::Handle),
    /// An on-site paging system.
    Espa(espa::Handle),
    /// A receiver of POCSAG.
    Pocsag(pocsag::Handle),
}

/// A far end and the line to it.
pub struct End {
    /// The far end.
    pub sim: Sim,
    /// The line.
    pub line: relay::Handle,
}

/// Far ends for all gateways.
pub struct Loopback {
    /// What arrived, over all gateways.
    pub far: Far,
    ends: BTreeMap<GatewayId, End>,
}

/// Starts a far end for each gateway and turns the configuration to it, with made-up credentials.
///
/// # Errors
/// An address that is not on this machine, by name; a machine that gives no port.
pub async fn start(loaded: &mut Loaded, opts: &Opts) -> Result<Loopback, String> {
    let abroad: Vec<String> = loaded.gateways.iter().filter_map(not_here).collect();
    if !abroad.is_empty() {
        return Err(format!(
            "{}: only gateways on this machine (127.0.0.1, ::1, localhost) are replaced by far ends of our own; point them \
             there, or use the shipped configuration",
            abroad.join("; ")
        ));
    }
    let far = Far::default();
    let mut ends = BTreeMap::new();
    for (info, config) in loaded.plan.gateways.iter().zip(&mut loaded.gateways) {
        let line = opts.lines.get(&info.id).copied().unwrap_or_default();
        let end = one(info, config, &far, line, opts).await;
        if let Some(end) = end.map_err(|e| format!("no far end for gateway {}: {e}", info.id))? {
            ends.insert(info.id.clone(), end);
        }
    }
    Ok(Loopback { far, ends })
}

fn not_here(config: &GatewayConfig) -> Option<String> {
    (!config.is_loopback()).then(|| format!("gateway {} points at {}", config.id, config.host().unwrap_or_default()))
}

async fn one(
    info: &GatewayInfo,
    config: &mut GatewayConfig,
    far: &Far,
    line: Line,
    opts: &Opts,
) -> Result<Option<End>, String> {
    let io = |e: std::io::Error| e.to_string();
    let (far, name) = (far.clone(), info.id.as_str());
    let (sim, line) = match &mut config.settings {
        Settings::Smpp(yaml) => {
            let password = made(8)?;
            let sim_opts = smpp::Opts {
                system_id: yaml.system_id.clone(),
                password: password.clone(),
                letters: letters(info),
                by_ending: opts.misbehave_by_number,
                sink: opts.smpp_sink,
                ..smpp::Opts::default()
            };
            let sim = smpp::SimSmsc::start(far, name, sim_opts).await.map_err(io)?;
            let line = relay::start(sim.addr, line).await.map_err(io)?;
            here(&mut yaml.host, &mut yaml.port, line.addr);
            (yaml.tls, yaml.ca_file) = (TlsWord::None, None);
            yaml.password = Some(entry(&password));
            (Sim::Smpp(sim), line)
        }
        Settings::Http(yaml) => {
            let password = made(16)?;
            let callback_secret = yaml.callback_secret.as_ref().map(|_| made(32)).transpose()?;
            let sim_opts = sms_http::Opts {
                by_ending: opts.misbehave_by_number,
                kannel: yaml.preset == PresetWord::Kannel,
                authorization: authorization(yaml, &password),
                ..sms_http::Opts::default()
            };
            let sim = sms_http::SimSmsHttp::start(far, name, sim_opts).await.map_err(io)?;
            let line = relay::start(sim.addr, line).await.map_err(io)?;
            plain_http(yaml, line.addr);
            yaml.password = yaml.password.is_some().then(|| entry(&password));
            yaml.callback_secret = callback_secret.as_deref().map(entry);
            (Sim::Http(sim, callback_secret.map(Secret::new)), line)
        }
        Settings::Smtp(yaml) => mail_server(yaml, far, name, line).await?,
        Settings::Hylafax(yaml) => {
            let password = yaml.password.as_ref().map(|_| made(16)).transpose()?;
            yaml.password = password.as_deref().map(entry);
            (yaml.admin_password, yaml.resolution) = (None, ResolutionWord::Fine);
            yaml.poll_every = Some(Secs(0));
            let sim_opts = hylafax::Options { password, ..hylafax::Options::default() };
            let sim = hylafax::start(far, name, sim_opts).await.map_err(io)?;
            let line = relay::start(sim.addr, line).await.map_err(io)?;
            here(&mut yaml.host, &mut yaml.port, line.addr);
            (Sim::Hylafax(sim), line)
        }
        Settings::FaxMail(yaml) => mail_server(&mut yaml.smtp, far, name, line).await?,
        Settings::Snpp(yaml) => {
            let login = yaml.user.clone().zip(yaml.user.as_ref().map(|_| made(16)).transpose()?);
            yaml.password = login.as_ref().map(|(_, password)| entry(password));
            let Capability::Pages { charset, .. } = info.capability else { return Ok(None) };
            let level = yaml.level.unwrap_or(1);
            let sim_opts = snpp::Options { level, login, charset, ..snpp::Options::default() };
            let sim = snpp::start(far, name, sim_opts).await.map_err(io)?;
            let line = relay::start(sim.addr, line).await.map_err(io)?;
            here(&mut yaml.host, &mut yaml.port, line.addr);
            (Sim::Snpp(sim), line)
        }
        Settings::Tap(yaml) => {
            let password = yaml.password.as_ref().map(|_| made(6)).transpose()?;
            yaml.password = password.as_deref().map(entry);
            let Capability::Pages { charset, .. } = info.capability else { return Ok(None) };
            let password = password.unwrap_or_default();
            let sim_opts = tap::Options { password, charset, ..tap::Options::default() };
            let sim = tap::start(far, name, sim_opts).await.map_err(io)?;
            let line = relay::start(sim.addr, line).await.map_err(io)?;
            yaml.line = here_line(line.addr);
            (Sim::Tap(sim), line)
        }
        Settings::Espa(yaml) => {
            let Capability::Pages { charset, .. } = info.capability else { return Ok(None) };
            let address = |given: Option<char>, usual: u8| given.and_then(|c| u8::try_from(c).ok()).unwrap_or(usual);
            let sim_opts = espa::Options {
                polls_every_ms: (yaml.role == RoleWord::Polled).then_some(100),
                own: address(yaml.system, b'2'),
                caller: address(yaml.own, b'1'),
                charset,
                ..espa::Options::default()
            };
            let sim = espa::start(far, name, sim_opts).await.map_err(io)?;
            let line = relay::start(sim.addr, line).await.map_err(io)?;
            yaml.line = here_line(line.addr);
            (Sim::Espa(sim), line)
        }
        Settings::Pocsag(yaml) => {
            let Capability::Pages { charset, .. } = info.capability else { return Ok(None) };
            let baud = yaml.baud.as_ref().map_or(1_200, |b| b.value);
            let sim = pocsag::start(far, name, charset, baud).await.map_err(io)?;
            let line = relay::start(sim.addr, line).await.map_err(io)?;
            let host = At { value: line.addr.ip().to_string(), place: Default::default() };
            (yaml.host, yaml.port, yaml.folder, yaml.command) = (Some(host), Some(line.addr.port()), None, None);
            yaml.inverted = false;
            (Sim::Pocsag(sim), line)
        }
        Settings::SmsSpool(yaml) => {
            // Nothing is connected here: the line's state alone says whether the daemon runs.
            let line = relay::start(SocketAddr::from(([127, 0, 0, 1], 9)), line).await.map_err(io)?;
            let root = std::env::temp_dir().join(format!("vardkase-spool-{}", made(16)?));
            yaml.daemon = DaemonWord::Smstools;
            yaml.folder.value = root.to_string_lossy().into_owned();
            (yaml.outgoing, yaml.queued, yaml.sent) = (None, None, None);
            (yaml.failed, yaml.incoming, yaml.report) = (None, None, None);
            let sim_opts =
                sms_spool::Opts { by_ending: opts.misbehave_by_number, is_scratch: true, ..sms_spool::Opts::default() };
            let state = line.watch();
            let sim = sms_spool::start(&root, far, name, sim_opts, move || state.borrow().is_up).map_err(io)?;
            (Sim::Spool(sim), line)
        }
        // Nothing of a demo or drill of the software is shown to the public.
        Settings::Web(page) => {
            page.mirror = None;
            return Ok(None);
        }
        Settings::Manual(_) => return Ok(None),
    };
    Ok(Some(End { sim, line }))
}

fn letters(info: &GatewayInfo) -> smpp::Letters {
    match info.capability {
        Capability::Sms { charset: Charset::Latin1, .. } => smpp::Letters::Latin1,
        Capability::Sms { charset: Charset::Ascii7, .. } => smpp::Letters::Ascii,
        _ => smpp::Letters::Gsm,
    }
}

/// A mail server, for mails and for faxes by mail.
async fn mail_server(yaml: &mut SmtpEntry, far: Far, name: &str, line: Line) -> Result<(Sim, relay::Handle), String> {
    let io = |e: std::io::Error| e.to_string();
    let login = yaml.user.clone().zip(yaml.user.as_ref().map(|_| made(16)).transpose()?);
    yaml.password = login.as_ref().map(|(_, password)| entry(password));
    (yaml.mailbox, yaml.auth) = (None, AuthWord::Auto);
    let sim = smtp::start(far, name, smtp::Options { login, ..smtp::Options::default() }).await.map_err(io)?;
    let line = relay::start(sim.addr, line).await.map_err(io)?;
    here(&mut yaml.host, &mut yaml.port, line.addr);
    (yaml.tls, yaml.ca_file) = (TlsWord::None, None);
    Ok((Sim::Smtp(sim), line))
}

fn here(host: &mut At<String>, port: &mut u16, addr: SocketAddr) {
    host.value = addr.ip().to_string();
    *port = addr.port();
}

fn here_line(addr: SocketAddr) -> LineEntry {
    let host = At { value: addr.ip().to_string(), place: Default::default() };
    LineEntry { host: Some(host), port: Some(addr.port()), ..LineEntry::default() }
}

/// Letters and digits that nobody knew before.
fn made(len: usize) -> Result<String, String> {
    let mut octets = vec![0; len.div_ceil(2)];
    getrandom::fill(&mut octets).map_err(|e| format!("no random numbers: {e}"))?;
    Ok(octets.iter().map(|o| format!("{o:02x}")).collect::<String>()[..len].to_owned())
}

fn entry(secret: &str) -> At<SecretEntry> {
    let value = SecretEntry { made: Some(secret.to_owned().into()), ..SecretEntry::default() };
    At { value, place: Default::default() }
}

/// What the far end asks for. Where the password goes into a field, it does not look.
fn authorization(yaml: &SmsHttpEntry, password: &str) -> String {
    let in_a_field = yaml.fields.iter().chain(yaml.headers.iter()).any(|(_, t)| t.contains("{password}"));
    if in_a_field || yaml.password.is_none() || yaml.preset == PresetWord::Kannel {
        return String::new();
    }
    match &yaml.user {
        Some(user) => format!("Basic {}", BASE64.encode(format!("{user}:{password}"))),
        None => format!("Bearer {password}"),
    }
}

/// Turns an HTTP gateway to the far end. That knows Kannel's words and the generic ones: with another preset, or with names
/// of the operator's own, it is spoken to in the generic ones.
fn plain_http(yaml: &mut SmsHttpEntry, addr: SocketAddr) {
    yaml.url.value = format!("http://{addr}/send");
    (yaml.ca_file, yaml.callback_base, yaml.probe_url) = (None, None, None);
    let has = |name: &str| yaml.fields.iter().any(|(n, _)| n.as_str() == name);
    let known = yaml.fields.is_empty() || has("to") && has("text");
    if known && matches!(yaml.preset, PresetWord::Generic | PresetWord::Kannel) {
        return;
    }
    yaml.preset = PresetWord::Generic;
    yaml.fields = Ordered::default();
    yaml.callback = CallbackEntry::default();
    (yaml.success, yaml.success_at, yaml.id_at, yaml.id_after) = (None, None, None, None);
    (yaml.status_ok, yaml.success_values) = (None::<List<u16>>, None);
}

impl Loopback {
    /// The far end of a gateway.
    pub fn end(&self, id: &GatewayId) -> Option<&End> {
        self.ends.get(id)
    }

    /// Cuts, slows or mends the line to a gateway's far end. `false`: there is no such gateway.
    pub fn set_line(&self, id: &GatewayId, line: Line) -> bool {
        self.ends.get(id).map(|end| end.line.set(line)).is_some()
    }

    /// Where receipts and answers go, once the public listener is there (`http://127.0.0.1:8080`).
    pub fn call_back_at(&self, base: &str) {
        for (id, end) in &self.ends {
            if let Sim::Http(sim, Some(secret)) = &end.sim {
                let url = |kind| format!("{}{}", base.trim_end_matches('/'), callback_path(id, secret, kind));
                sim.call_back(&url(CallbackKind::Receipt), &url(CallbackKind::Reply));
            }
        }
    }

    /// A duty writes an SMS back: over the first gateway that takes it, as telephones do whose operator has several. Says
    /// which.
    ///
    /// # Errors
    /// When none takes it.
    pub async fn reply_sms(&self, from: &str, text: &str) -> Result<GatewayId, String> {
        for (id, end) in &self.ends {
            if end.line.line().is_up && end.reply(from, text).await {
                return Ok(id.clone());
            }
        }
        Err("no gateway takes an answer: none is bound, and none knows where to call back".into())
    }

    /// A duty writes back over that gateway. `false`: it is not there, or nobody takes it.
    pub async fn reply_over(&self, id: &GatewayId, from: &str, text: &str) -> bool {
        match self.ends.get(id) {
            Some(end) => end.reply(from, text).await,
            None => false,
        }
    }

    /// A duty answers on that channel.
    ///
    /// # Errors
    /// Only an SMS can be answered; or none takes it.
    pub async fn reply(&self, channel: Channel, from: &str, text: &str) -> Result<GatewayId, String> {
        match channel {
            Channel::Sms => self.reply_sms(from, text).await,
            _ => Err(format!("nobody answers over {channel}")),
        }
    }
}

impl End {
    async fn reply(&self, from: &str, text: &str) -> bool {
        match &self.sim {
            Sim::Smpp(sim) => sim.reply(from, text).await,
            Sim::Http(sim, _) => (200..300).contains(&sim.reply(from, text).await),
            Sim::Spool(sim) => sim.reply(from, text),
            Sim::Snpp(sim) => sim.answer(from, text),
            Sim::Smtp(_) | Sim::Hylafax(_) | Sim::Tap(_) | Sim::Espa(_) | Sim::Pocsag(_) => false,
        }
    }
}
