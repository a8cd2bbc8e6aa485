//! The ways to pagers: each YAML field to the setting of its channel, and the gateway made of them.

use std::sync::Arc;

use super::settings::{path, secs, secs16, u16_of};
use super::{Bounds, bounds};
use crate::config::GatewayConfig;
use crate::config::raw::channels::{
    AudioWord, EspaEntry, FlowWord, FramingWord, LineEntry, PocsagEntry, RoleWord, SnppEntry, TapEntry, TwoWayEntry,
};
use crate::domain::plan::{Capability, GatewayInfo};
use crate::domain::text::Charset;
use crate::gateways::espa::{EspaConfig, EspaGateway, Role};
use crate::gateways::line::{Device, Framing, Place};
use crate::gateways::pocsag::{Baud, Output, PocsagConfig, PocsagGateway};
use crate::gateways::snpp::{Level, Login as SnppLogin, SnppConfig, SnppGateway, TwoWay};
use crate::gateways::tap::{TapConfig, TapGateway};
use crate::gateways::{Gateway, Secret};

/// Bits a second of a serial line whose YAML does not say it.
const BAUD: u32 = 9_600;
/// Files that may lie in a transmitter's folder.
const FILES_MAX: u32 = 100;

type Made = Result<(Arc<dyn Gateway>, Bounds), String>;

pub(super) fn snpp_gateway(
    yaml: &SnppEntry,
    config: &GatewayConfig,
    info: &GatewayInfo,
    password: Option<Secret>,
) -> Made {
    let s = snpp(yaml, config, info, password)?;
    let bounds = bounds(&config.limits, s.connections_max.into(), 1, s.reply_timeout_s.into());
    Ok((Arc::new(SnppGateway::new(info.id.clone(), s)?), bounds))
}

pub(super) fn tap_gateway(
    yaml: &TapEntry,
    config: &GatewayConfig,
    info: &GatewayInfo,
    password: Option<Secret>,
) -> Made {
    let s = tap(yaml, config, info, password)?;
    let bounds = bounds(&config.limits, 1, 1, s.reply_timeout_s.into());
    Ok((Arc::new(TapGateway::new(info.id.clone(), s)?), bounds))
}

pub(super) fn espa_gateway(yaml: &EspaEntry, config: &GatewayConfig, info: &GatewayInfo) -> Made {
    let s = espa(yaml, config, info)?;
    let bounds = bounds(&config.limits, 1, 1, s.reply_timeout_s.into());
    Ok((Arc::new(EspaGateway::new(info.id.clone(), s)?), bounds))
}

pub(super) fn pocsag_gateway(yaml: &PocsagEntry, config: &GatewayConfig, info: &GatewayInfo) -> Made {
    let s = pocsag(yaml, config, info)?;
    let bounds = bounds(&config.limits, 1, 1, s.timeout_s);
    Ok((Arc::new(PocsagGateway::new(info.id.clone(), s)?), bounds))
}

/// Character set, characters of a page, pages.
fn pages(info: &GatewayInfo) -> Result<(Charset, u32, u32), String> {
    match info.capability {
        Capability::Pages { charset, chars_max, pages_max } => Ok((charset, chars_max, pages_max)),
        _ => Err(format!("{} is no pager transmitter in the plan", info.id)),
    }
}

fn place(line: &LineEntry) -> Result<Place, String> {
    match (&line.host, line.port, &line.device) {
        (Some(host), Some(port), None) => Ok(Place::Tcp { host: host.value.clone(), port }),
        (None, None, Some(device)) => Ok(Place::Device(Device {
            path: device.value.clone().into(),
            baud: line.baud.unwrap_or(BAUD),
            framing: match line.framing {
                FramingWord::SevenEven => Framing::SevenEven,
                FramingWord::EightNone => Framing::EightNone,
            },
            rtscts: line.flow == FlowWord::Rtscts,
        })),
        _ => Err("its line is a host with its port, or a device".into()),
    }
}

pub(super) fn tap(
    yaml: &TapEntry,
    config: &GatewayConfig,
    info: &GatewayInfo,
    password: Option<Secret>,
) -> Result<TapConfig, String> {
    let default = TapConfig::default();
    let (charset, chars_max, pages_max) = pages(info)?;
    Ok(TapConfig {
        place: place(&yaml.line)?,
        password,
        charset,
        chars_max,
        pages_max,
        connect_timeout_s: secs16(yaml.connect_timeout, default.connect_timeout_s),
        reply_timeout_s: secs16(config.limits.timeout, default.reply_timeout_s),
        sends_max: yaml.sends_max.map_or(default.sends_max, u16_of),
        ..default
    })
}

pub(super) fn espa(yaml: &EspaEntry, config: &GatewayConfig, info: &GatewayInfo) -> Result<EspaConfig, String> {
    let default = EspaConfig::default();
    let (charset, chars_max, pages_max) = pages(info)?;
    Ok(EspaConfig {
        place: place(&yaml.line)?,
        role: match yaml.role {
            RoleWord::Control => Role::Control,
            RoleWord::Polled => Role::Polled,
        },
        own: yaml.own.unwrap_or(default.own),
        system: yaml.system.unwrap_or(default.system),
        charset,
        chars_max,
        pages_max,
        block_bytes_max: yaml.block_bytes_max.unwrap_or(default.block_bytes_max),
        beep: yaml.beep,
        call_type: yaml.call_type.or(default.call_type),
        transmissions: yaml.transmissions,
        priority: yaml.priority,
        connect_timeout_s: secs16(yaml.connect_timeout, default.connect_timeout_s),
        reply_timeout_s: secs16(config.limits.timeout, default.reply_timeout_s),
        poll_timeout_s: secs16(yaml.poll_timeout, default.poll_timeout_s),
        poll_every_s: secs16(yaml.poll_every, default.poll_every_s),
        quiet_ms: yaml.quiet_ms.unwrap_or(default.quiet_ms),
        sends_max: yaml.sends_max.map_or(default.sends_max, u16_of),
        tries_max: yaml.tries_max.map_or(default.tries_max, u16_of),
    })
}

pub(super) fn pocsag(yaml: &PocsagEntry, config: &GatewayConfig, info: &GatewayInfo) -> Result<PocsagConfig, String> {
    let default = PocsagConfig::default();
    let (charset, chars_max, pages_max) = pages(info)?;
    let folder = path(yaml.folder.as_ref().map(|f| f.as_str()), config);
    let output = match (folder, &yaml.command, &yaml.host, yaml.port) {
        (Some(folder), None, None, None) => Output::Folder {
            folder,
            wav: yaml.format == AudioWord::Wav,
            files_max: yaml.files_max.unwrap_or(FILES_MAX),
        },
        (None, Some(command), None, None) => Output::Command(command.to_vec()),
        (None, None, Some(host), Some(port)) => Output::Tcp { host: host.value.clone(), port },
        _ => return Err("its sound goes to one place: a folder, a command, or a host with its port".into()),
    };
    Ok(PocsagConfig {
        output,
        baud: match yaml.baud.as_ref().map(|b| b.value) {
            Some(512) => Baud::B512,
            None | Some(1_200) => Baud::B1200,
            Some(2_400) => Baud::B2400,
            Some(other) => return Err(format!("POCSAG has no {other} bits a second: write 512, 1200 or 2400")),
        },
        charset,
        chars_max,
        pages_max,
        function: yaml.function.unwrap_or(if charset == Charset::Numeric { 0 } else { default.function }),
        inverted: yaml.inverted,
        lead_ms: yaml.lead_ms.unwrap_or(default.lead_ms),
        timeout_s: secs(config.limits.timeout, default.timeout_s),
    })
}

fn two_way(yaml: &TwoWayEntry) -> TwoWay {
    let default = TwoWay::default();
    TwoWay {
        replies: yaml.replies.as_ref().map_or(default.replies, |r| r.to_vec()),
        read_ack: yaml.read_ack,
        ping: yaml.ping,
        status_every_s: secs16(yaml.status_every, default.status_every_s),
        follow_s: secs(yaml.follow, default.follow_s),
    }
}

pub(super) fn snpp(
    yaml: &SnppEntry,
    config: &GatewayConfig,
    info: &GatewayInfo,
    password: Option<Secret>,
) -> Result<SnppConfig, String> {
    let default = SnppConfig::default();
    let Capability::Pages { charset, chars_max, pages_max } = info.capability else {
        return Err(format!("{} is no pager transmitter in the plan", info.id));
    };
    if yaml.user.is_none() && password.is_some() {
        return Err("it has a password but no user: give it user".into());
    }
    let level = match yaml.level {
        Some(3..) => Level::Three,
        Some(2) => Level::Two,
        _ => Level::One,
    };
    if level == Level::One && (yaml.user.is_some() || yaml.alert || yaml.caller.is_some()) {
        return Err("a login, alert and caller need level: 2 (RFC 1861)".into());
    }
    Ok(SnppConfig {
        host: yaml.host.value.clone(),
        port: yaml.port,
        level,
        login: yaml.user.as_ref().map(|user| SnppLogin { user: user.clone(), password }),
        charset,
        chars_max,
        pages_max,
        mess_bytes_max: yaml.mess_bytes_max.unwrap_or(default.mess_bytes_max),
        jqueue: yaml.jqueue,
        alert: yaml.alert,
        caller: yaml.caller.clone(),
        two_way: yaml.two_way.as_ref().map(two_way),
        connections_max: config.limits.connections_max.map_or(default.connections_max, u16_of),
        connect_timeout_s: secs16(yaml.connect_timeout, default.connect_timeout_s),
        reply_timeout_s: secs16(config.limits.timeout, default.reply_timeout_s),
        send_timeout_s: secs16(yaml.send_timeout, default.send_timeout_s),
        idle_s: secs16(yaml.idle_max, default.idle_s),
    })
}
