//! A far end on this machine for each configured gateway, with its real protocol: the demo, drills of the software and tests
//! need neither a network nor a secret. The loaded configuration is turned to it; nothing else of it changes. Knows no protocol:
//! a gateway's configuration says what its far end must know, and `sim` starts the one that speaks the same.

use std::collections::BTreeMap;

use crate::config::Loaded;
use crate::domain::ids::GatewayId;
use crate::domain::plan::{Capability, Channel, GatewayInfo};
use crate::domain::text::Charset;
use crate::gateways::Secret;
use crate::gateways::callback::{CallbackKind, path};
use crate::gateways::protocol::FarEnd as TurnTo;
use crate::gateways::registry::{GatewayConfig, Kind};
use crate::sim::Far;
use crate::sim::far_end::{self, FarEnd, Told};
use crate::sim::relay::{self, Line};

/// How the far ends are.
#[derive(Clone, Debug, Default)]
pub struct Opts {
    /// Lines that are slow or cut from the beginning.
    pub lines: BTreeMap<GatewayId, Line>,
    /// Numbers that end in 0001 to 0009 misbehave, each in its way.
    pub misbehave_by_number: bool,
    /// Nothing is kept of what arrives over SMPP: for measuring.
    pub smpp_sink: bool,
}

/// A far end and the line to it.
pub struct End {
    channel: Channel,
    far_end: Box<dyn FarEnd>,
    /// The secret part of the address at which it calls back, if it does.
    callback_secret: Option<Secret>,
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
    let protocol = match &mut config.kind {
        Kind::Protocol(protocol) => protocol,
        // Nothing of a demo or drill of the software is shown to the public.
        Kind::Page(page) => {
            page.mirror = None;
            return Ok(None);
        }
        Kind::Walk(_) => return Ok(None),
    };
    let mut random = vec![0; RANDOM_BYTES];
    getrandom::fill(&mut random).map_err(|e| format!("no random numbers: {e}"))?;
    let made = made_of(random);
    let line = relay::start(line).await.map_err(io)?;
    let folder = std::env::temp_dir().join(format!("vardkase-spool-{}", made(16)));
    let facts = protocol.turn_to(&TurnTo { addr: line.addr, folder, made: &made });
    let told = Told {
        far: far.clone(),
        name: info.id.as_str(),
        facts: &facts,
        charset: charset(info),
        by_ending: opts.misbehave_by_number,
        sink: opts.smpp_sink,
        line: line.watch(),
    };
    let far_end = far_end::start(protocol.protocol(), &told).await.map_err(io)?;
    if let Some(addr) = far_end.addr() {
        line.lead_to(addr);
    }
    let callback_secret = facts.get("callback_secret").map(Secret::new);
    Ok(Some(End { channel: info.channel, far_end, callback_secret, line }))
}

/// Enough for all that one gateway makes up.
const RANDOM_BYTES: usize = 256;

/// Letters and digits that nobody knew before, other ones each time.
fn made_of(random: Vec<u8>) -> impl Fn(usize) -> String {
    let random = std::cell::RefCell::new(random.into_iter());
    move |len| {
        let octets = random.borrow_mut().by_ref().take(len.div_ceil(2)).collect::<Vec<u8>>();
        let mut made: String = octets.iter().map(|o| format!("{o:02x}")).collect();
        made.truncate(len);
        made
    }
}

fn charset(info: &GatewayInfo) -> Charset {
    match info.capability {
        Capability::Sms { charset, .. } | Capability::Pages { charset, .. } => charset,
        Capability::Whole { .. } | Capability::Fax { .. } => Charset::Utf8,
    }
}

impl Loopback {
    /// The far end of a gateway.
    #[cfg_attr(not(feature = "internals"), expect(dead_code, reason = "tests play the far ends"))]
    pub fn end(&self, id: &GatewayId) -> Option<&End> {
        self.ends.get(id)
    }

    /// Cuts, slows or mends the line to a gateway's far end. `false`: there is no such gateway.
    #[cfg_attr(not(feature = "internals"), expect(dead_code, reason = "tests play the far ends"))]
    pub fn set_line(&self, id: &GatewayId, line: Line) -> bool {
        self.ends.get(id).map(|end| end.line.set(line)).is_some()
    }

    /// Where receipts and answers go, once the public listener is there (`http://127.0.0.1:8080`).
    pub fn call_back_at(&self, base: &str) {
        for (id, end) in &self.ends {
            if let Some(secret) = &end.callback_secret {
                let url = |kind| format!("{}{}", base.trim_end_matches('/'), path(id, secret, kind));
                end.far_end.call_back(&url(CallbackKind::Receipt), &url(CallbackKind::Reply));
            }
        }
    }

    /// A duty writes an SMS back: over the first gateway that takes it, as telephones do whose operator has several. Says
    /// which.
    ///
    /// # Errors
    /// When none takes it.
    pub async fn reply_sms(&self, from: &str, text: &str) -> Result<GatewayId, String> {
        for (id, end) in self.ends.iter().filter(|(_, end)| end.channel == Channel::Sms) {
            if end.line.line().is_up && end.far_end.reply(from, text).await {
                return Ok(id.clone());
            }
        }
        Err("no gateway takes an answer: none is bound, and none knows where to call back".into())
    }

    /// A duty writes back over that gateway. `false`: it is not there, or nobody takes it.
    #[cfg_attr(not(feature = "internals"), expect(dead_code, reason = "tests play the far ends"))]
    pub async fn reply_over(&self, id: &GatewayId, from: &str, text: &str) -> bool {
        match self.ends.get(id) {
            Some(end) => end.far_end.reply(from, text).await,
            None => false,
        }
    }

    /// A duty answers on that channel.
    ///
    /// # Errors
    /// Only an SMS can be answered; or none takes it.
    #[cfg_attr(not(feature = "internals"), expect(dead_code, reason = "tests play the far ends"))]
    pub async fn reply(&self, channel: Channel, from: &str, text: &str) -> Result<GatewayId, String> {
        match channel {
            Channel::Sms => self.reply_sms(from, text).await,
            _ => Err(format!("nobody answers over {channel}")),
        }
    }
}
