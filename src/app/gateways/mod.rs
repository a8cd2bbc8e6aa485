//! From a configuration to the gateways that run. One that can't be built (a secret is missing, a CA file can't be read) is
//! unusable by itself and says what to do; all others run (invariant 8). What is built of which YAML, its protocol knows.

use std::sync::Arc;

use sha2::{Digest as _, Sha256};

use super::task_set::Digest;
use super::training::{Ends, Outward};
use crate::config::Loaded;
use crate::domain::ids::{GatewayId, GatewayIx};
use crate::domain::plan::{Channel, GatewayInfo};
use crate::gateways::Gateway;
use crate::gateways::callback::Callback;
use crate::gateways::mirror::{Mirror, MirrorConfig};
use crate::gateways::protocol::{self, BuildCx, Env};
use crate::gateways::registry::{GatewayConfig, Kind};
use crate::gateways::trainee::{IN_HAND_MAX, Inbox, Trainee};

/// Waiting deliveries of a gateway whose YAML gives no bound: a region's worth of functions many times over.
const QUEUE_LEN_MAX: u32 = 10_000;
/// How long an answer may take of a gateway that could not be built.
const TIMEOUT_S: u32 = 30;

/// What the worker of a gateway keeps to.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Bounds {
    /// Waiting deliveries.
    pub queue_len_max: u32,
    /// Deliveries a second; 0 for no bound.
    pub per_second_max: u32,
    /// Deliveries a minute; 0 for no bound.
    pub per_minute_max: u32,
    /// Connections at the same time; the gateway keeps it by itself.
    pub connections_max: u32,
    /// Unanswered requests on a connection; the gateway keeps it by itself.
    pub window_max: u32,
    /// How long an answer may take; the gateway keeps it by itself.
    pub timeout_s: u32,
}

impl Bounds {
    /// As many jobs as the gateway can have in its hands at the same time: the right length of its channel of jobs.
    pub fn in_hand_max(&self) -> usize {
        (self.connections_max.max(1) as usize).saturating_mul(self.window_max.max(1) as usize)
    }
}

/// One gateway, built or not.
#[cfg_attr(not(feature = "internals"), expect(dead_code, reason = "tests ask for it"))]
pub struct Built {
    /// Its place in the plan.
    pub gx: GatewayIx,
    pub id: GatewayId,
    pub channel: Channel,
    /// The gateway, or why there is none and what to do.
    pub gateway: Result<Arc<dyn Gateway>, String>,
    /// What its worker keeps to.
    pub bounds: Bounds,
    /// Its callbacks, if it makes any.
    pub callback: Option<Callback>,
    /// It promises receipts, and they come within minutes where it works: a fax takes its time, and so does mail.
    pub receipts_soon: bool,
    /// It runs, but less than its YAML wants.
    pub warnings: Vec<String>,
}

/// The mirrors of the public page, or why one can't be used. The shipped region has none.
pub fn mirrors(loaded: &Loaded, _: Outward) -> Vec<(GatewayId, Result<Arc<Mirror>, String>)> {
    // Whoever came first is as good: there is one provider in the binary.
    let _ = rustls::crypto::ring::default_provider().install_default();
    let pages = loaded.gateways.iter().filter_map(|config| match &config.kind {
        Kind::Page(page) => page.mirror.as_ref().map(|mirror| (config, page, &mirror.value)),
        Kind::Protocol(_) | Kind::Walk(_) => None,
    });
    pages
        .map(|(config, page, mirror)| {
            let built = mirror.settled(config.base.as_deref()).and_then(|settled| {
                let request_timeout = config.limits.timeout.unwrap_or(settled.request_timeout);
                let readback_url = page.readback_url.value.clone();
                Mirror::new(config.id.clone(), MirrorConfig { request_timeout, readback_url, ..settled })
            });
            if let Err(why) = &built {
                tracing::warn!(gateway = %config.id, error = why, "mirror can't be used");
            }
            (config.id.clone(), built.map(Arc::new))
        })
        .collect()
}

/// The gateways of the plan that speak a protocol and are `wanted`; pages of our own and gateways that people walk are not
/// among them. In training something else stands in the place of each.
pub fn build(loaded: &Loaded, env: &Env, ends: &Ends, wanted: &dyn Fn(&GatewayId) -> bool) -> Vec<Built> {
    // Whoever came first is as good: there is one provider in the binary.
    let _ = rustls::crypto::ring::default_provider().install_default();
    let places = (0..).map(GatewayIx).zip(&loaded.plan.gateways).zip(&loaded.gateways);
    let places = places.filter(|((_, info), _)| wanted(&info.id));
    let mark = &loaded.plan.words(loaded.plan.lang()).mark;
    let built = |((gx, info), config): ((GatewayIx, &GatewayInfo), &GatewayConfig)| match ends {
        Ends::Outside(outward) => one(gx, info, config, env, *outward),
        Ends::Here(inbox) => config.speaks().then(|| trained(gx, info, mark, env, inbox)),
    };
    places.filter_map(built).collect()
}

/// In the place of a gateway: what its YAML says beyond the plan has no part in it.
fn trained(gx: GatewayIx, info: &GatewayInfo, mark: &str, env: &Env, inbox: &Inbox) -> Built {
    let gateway = Trainee::new(info, mark.to_owned(), env.now.clone(), inbox.clone());
    let bounds = Bounds {
        queue_len_max: QUEUE_LEN_MAX,
        per_second_max: 0,
        per_minute_max: 0,
        connections_max: 1,
        window_max: IN_HAND_MAX,
        timeout_s: TIMEOUT_S,
    };
    let (id, channel, receipts_soon) = (info.id.clone(), info.channel, false);
    Built {
        gx,
        id,
        channel,
        gateway: Ok(Arc::new(gateway)),
        bounds,
        callback: None,
        receipts_soon,
        warnings: Vec::new(),
    }
}

fn one(gx: GatewayIx, info: &GatewayInfo, config: &GatewayConfig, env: &Env, _: Outward) -> Option<Built> {
    let Kind::Protocol(protocol) = &config.kind else { return None };
    let (id, limits) = (info.id.clone(), &config.limits);
    let cx = BuildCx {
        id: &id,
        capability: &info.capability,
        answers: info.answers,
        receipts: info.receipts,
        limits,
        base: config.base.as_deref(),
        env,
    };
    let built = protocol.build(&cx);
    let bounds = |connections_max, window_max, timeout_s| Bounds {
        queue_len_max: limits.queue_len_max.unwrap_or(QUEUE_LEN_MAX),
        per_second_max: limits.per_second_max.unwrap_or(0),
        per_minute_max: limits.per_minute_max.unwrap_or(0),
        connections_max,
        window_max,
        timeout_s,
    };
    let channel = info.channel;
    let receipts_soon = info.receipts && matches!(channel, Channel::Sms | Channel::Paging);
    Some(match built {
        Ok(protocol::Built { gateway, connections_max, window_max, timeout_s, callback, warnings }) => {
            for warning in &warnings {
                tracing::warn!(gateway = %id, warning, "gateway has no way back");
            }
            let bounds = bounds(connections_max, window_max, timeout_s);
            Built { gx, id, channel, gateway: Ok(gateway), bounds, callback, receipts_soon, warnings }
        }
        Err(why) => {
            tracing::warn!(gateway = %id, error = why, "gateway can't be used");
            let bounds = bounds(1, 1, TIMEOUT_S);
            Built { gx, id, channel, gateway: Err(why), bounds, callback: None, receipts_soon, warnings: Vec::new() }
        }
    })
}

/// What a gateway is built from: its settings, its limits, what it carries, and its secrets as they are now. Another digest
/// means that it must be built anew.
pub fn digest(config: &GatewayConfig, info: &GatewayInfo) -> Digest {
    let mut hash = Sha256::new();
    hash.update(format!("{:?} {:?}", config.kind, config.limits));
    hash.update(format!("{:?} {} {}", info.capability, info.answers, info.receipts));
    for secret in config.secrets() {
        if let Ok(secret) = secret.read("", config.base.as_deref()) {
            hash.update([0]);
            hash.update(secret.expose());
        }
    }
    hash.finalize().into()
}

#[cfg(test)]
mod tests;
