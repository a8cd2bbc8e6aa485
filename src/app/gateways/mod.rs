//! From the YAML of a gateway to the gateway: one line a protocol. A gateway that can't be built (a secret is missing, a CA
//! file can't be read) is unusable by itself and says what to do; all others run (invariant 8).

mod paging;
mod settings;

use std::sync::Arc;

use crate::config::raw::channels::{LimitsEntry, SmsHttpEntry};
use crate::config::secrets::SecretRef;
use crate::config::{GatewayConfig, Loaded, Settings};
use crate::domain::ids::{GatewayId, GatewayIx};
use crate::domain::plan::{Channel, GatewayInfo};
use crate::gateways::fax_mail::FaxMail;
use crate::gateways::hylafax::Hylafax;
use crate::gateways::mirror::Mirror;
use crate::gateways::smpp::Smpp;
use crate::gateways::sms_http::{CallbackKind, Signature, SmsHttp};
use crate::gateways::sms_spool::Spool;
use crate::gateways::smtp::{Now, SmtpGateway};
use crate::gateways::{Gateway, Secret};

/// Waiting deliveries of a gateway whose YAML gives no bound: a region's worth of functions many times over.
const QUEUE_LEN_MAX: u32 = 10_000;

/// Mails in the hands of one connection: the one on the wire, and what may ride behind it. More would only make an urgent one
/// wait behind a slow server.
const MAILS_IN_HAND_MAX: u32 = 4;
/// …but with few connections so many in all, so that the next is always there when the answer to the last one comes.
const MAILS_IN_HAND_IN_ALL: u32 = 16;

/// Mails in the hands of each of so many connections.
pub fn mails_in_hand_max(connections: u16) -> u32 {
    (MAILS_IN_HAND_IN_ALL / u32::from(connections.max(1))).max(MAILS_IN_HAND_MAX)
}

/// What surrounds the gateways.
#[derive(Clone)]
pub struct Env {
    /// Where the time comes from.
    pub now: Now,
    /// Where gateways reach the public listener (`https://larm.region.example`), for those whose YAML does not say it.
    pub public_url: Option<String>,
    /// Signs the words by which reports and answers name a mail; the same at each start.
    pub mail_key: [u8; 32],
}

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

/// Where receipts and answers of a gateway come in.
#[derive(Clone)]
pub struct Callback {
    /// Reads them.
    pub gateway: Arc<SmsHttp>,
    /// The secret part of the path: who does not know it is answered 404.
    pub secret: Secret,
    /// A call without it is answered 403.
    pub signature: Option<Signature>,
}

/// One way out, built or not.
pub struct Built {
    /// Its place in the plan.
    pub gx: GatewayIx,
    /// Its name.
    pub id: GatewayId,
    /// Its channel.
    pub channel: Channel,
    /// The gateway, or why there is none and what to do.
    pub gateway: Result<Arc<dyn Gateway>, String>,
    /// What its worker keeps to.
    pub bounds: Bounds,
    /// Its callbacks, if it makes any.
    pub callback: Option<Callback>,
    /// It runs, but less than its YAML wants.
    pub warnings: Vec<String>,
}

/// The mirrors of the public page, or why one can't be used. The shipped region has none.
pub fn mirrors(loaded: &Loaded) -> Vec<(GatewayId, Result<Arc<Mirror>, String>)> {
    // Whoever came first is as good: there is one provider in the binary.
    let _ = rustls::crypto::ring::default_provider().install_default();
    let pages = loaded.gateways.iter().filter_map(|config| match &config.settings {
        Settings::Web(page) => page.mirror.as_ref().map(|mirror| (config, page, &mirror.value)),
        _ => None,
    });
    pages
        .map(|(config, page, mirror)| {
            let built = secret("password", config.password())
                .and_then(|password| settings::mirror(page, mirror, config, password))
                .and_then(|s| Mirror::new(config.id.clone(), s));
            if let Err(why) = &built {
                tracing::warn!(gateway = %config.id, why, "mirror can't be used");
            }
            (config.id.clone(), built.map(Arc::new))
        })
        .collect()
}

/// The path under which a gateway calls back, from the root of the public listener.
pub fn callback_path(id: &GatewayId, secret: &Secret, kind: CallbackKind) -> String {
    let kind = match kind {
        CallbackKind::Receipt => "receipt",
        CallbackKind::Reply => "reply",
    };
    format!("{}{id}/{}/{kind}", crate::web::public::CALLBACK_PREFIX, secret.expose())
}

/// The gateways of the plan that speak a protocol and are `wanted`; pages of our own and ways that people walk have none.
pub fn build(loaded: &Loaded, env: &Env, wanted: &dyn Fn(&GatewayId) -> bool) -> Vec<Built> {
    // Whoever came first is as good: there is one provider in the binary.
    let _ = rustls::crypto::ring::default_provider().install_default();
    let places = (0..).map(GatewayIx).zip(&loaded.plan.gateways).zip(&loaded.gateways);
    let places = places.filter(|((_, info), _)| wanted(&info.id));
    places.filter_map(|((gx, info), config)| one(gx, info, config, env)).collect()
}

fn one(gx: GatewayIx, info: &GatewayInfo, config: &GatewayConfig, env: &Env) -> Option<Built> {
    let id = info.id.clone();
    let (mut callback, mut warnings) = (None, Vec::new());
    let password = || secret("password", config.password());
    let dynamic = |g: Arc<dyn Gateway>| g;
    let (gateway, bounds) = match &config.settings {
        Settings::Smtp(yaml) => {
            let settings = password().and_then(|p| {
                let of_mailbox = secret("password of the mailbox", config.mailbox_password())?;
                settings::smtp(yaml, config, info, p, of_mailbox)
            });
            let gateway = settings.and_then(|s| {
                let timeout_s = s.reply_timeout_s.max(s.accept_timeout_s).into();
                let bounds =
                    bounds(&config.limits, s.connections_max.into(), mails_in_hand_max(s.connections_max), timeout_s);
                Ok((dynamic(Arc::new(SmtpGateway::new(id.clone(), s, env.now.clone(), env.mail_key)?)), bounds))
            });
            split(gateway, config)
        }
        Settings::Smpp(yaml) => {
            let settings = password().and_then(|p| settings::smpp(yaml, config, info, p));
            split(
                settings.map(|s| {
                    let bounds = bounds(&config.limits, s.binds.into(), s.window_max.into(), s.response_timeout_s);
                    (dynamic(Arc::new(Smpp::new(id.clone(), s))), bounds)
                }),
                config,
            )
        }
        Settings::Http(yaml) => {
            let secret = callback_secret(config, &mut warnings);
            // Without what it is to be checked with, no call can be believed.
            let (secret, signature) = match callback_signature(yaml, config) {
                Ok(signature) => (secret, signature),
                Err(why) => {
                    warnings.push(format!("no receipts and no answers come in over it: {why}"));
                    (None, None)
                }
            };
            let base = yaml.callback_base.as_deref().map(String::as_str).or(env.public_url.as_deref());
            let url = match (&secret, base) {
                (Some(secret), Some(base)) => {
                    let path = callback_path(&id, secret, CallbackKind::Receipt);
                    Some(format!("{}{path}", base.trim_end_matches('/')))
                }
                _ => None,
            };
            let settings = password().and_then(|p| settings::sms_http(yaml, config, info, p, url.as_deref()));
            let gateway = settings.and_then(|s| {
                let bounds = bounds(&config.limits, s.connections_max.into(), 1, s.request_timeout_s);
                Ok((Arc::new(SmsHttp::new(id.clone(), s)?), bounds))
            });
            if let (Ok((gateway, _)), Some(secret)) = (&gateway, secret) {
                callback = Some(Callback { gateway: gateway.clone(), secret, signature });
            }
            split(gateway.map(|(g, b)| (dynamic(g), b)), config)
        }
        Settings::SmsSpool(yaml) => split(
            settings::sms_spool(yaml, config, info).map(|s| {
                let bounds = bounds(&config.limits, 1, s.window_max.into(), s.accept_timeout_s);
                (dynamic(Arc::new(Spool::new(id.clone(), s))), bounds)
            }),
            config,
        ),
        Settings::Hylafax(yaml) => {
            let admin = yaml.admin_password.as_ref();
            let admin = admin.and_then(|a| SecretRef::of(&a.value, config.base.as_deref()));
            let settings = password().and_then(|p| {
                let admin = secret("admin_password", admin)?;
                Ok(settings::hylafax(yaml, config, info, p, admin))
            });
            let gateway = settings.map(|s| {
                let bounds = bounds(&config.limits, s.connections_max.into(), 1, s.reply_timeout_s);
                (dynamic(Arc::new(Hylafax::new(id.clone(), s))), bounds)
            });
            split(gateway, config)
        }
        Settings::FaxMail(yaml) => {
            let settings = password().and_then(|p| settings::fax_mail(yaml, config, info, p));
            let gateway = settings.and_then(|(smtp, mail)| {
                let timeout_s = smtp.reply_timeout_s.max(smtp.accept_timeout_s).into();
                let bounds = bounds(&config.limits, smtp.connections_max.into(), 1, timeout_s);
                let (letters, now) = (Arc::new(FaxMail::new(mail)?), env.now.clone());
                let gateway = SmtpGateway::carrying(id.clone(), smtp, now, env.mail_key, letters)?;
                Ok((dynamic(Arc::new(gateway)), bounds))
            });
            split(gateway, config)
        }
        Settings::Snpp(yaml) => split(password().and_then(|p| paging::snpp_gateway(yaml, config, info, p)), config),
        Settings::Tap(yaml) => split(password().and_then(|p| paging::tap_gateway(yaml, config, info, p)), config),
        Settings::Espa(yaml) => split(paging::espa_gateway(yaml, config, info), config),
        Settings::Pocsag(yaml) => split(paging::pocsag_gateway(yaml, config, info), config),
        Settings::Web(_) | Settings::Manual(_) => return None,
    };
    if let Err(why) = &gateway {
        tracing::warn!(gateway = %id, why, "gateway can't be used");
    }
    for warning in &warnings {
        tracing::warn!(gateway = %id, warning, "gateway has no way back");
    }
    Some(Built { gx, id, channel: info.channel, gateway, bounds, callback, warnings })
}

type Made = (Arc<dyn Gateway>, Bounds);

fn split(made: Result<Made, String>, config: &GatewayConfig) -> (Result<Arc<dyn Gateway>, String>, Bounds) {
    match made {
        Ok((gateway, bounds)) => (Ok(gateway), bounds),
        Err(why) => (Err(why), bounds(&config.limits, 1, 1, 30)),
    }
}

fn bounds(yaml: &LimitsEntry, connections_max: u32, window_max: u32, timeout_s: u32) -> Bounds {
    Bounds {
        queue_len_max: yaml.queue_len_max.unwrap_or(QUEUE_LEN_MAX),
        per_second_max: yaml.per_second_max.unwrap_or(0),
        per_minute_max: yaml.per_minute_max.unwrap_or(0),
        connections_max,
        window_max,
        timeout_s,
    }
}

/// A secret, when one is wanted. Missing: what to do.
fn secret(what: &str, place: Option<SecretRef>) -> Result<Option<Secret>, String> {
    let Some(place) = place else { return Ok(None) };
    let read = place.read().map_err(|e| format!("its {what} is missing: {e}; {}", then(&place)))?;
    if read.reveal().is_empty() {
        return Err(format!("its {what} is empty: {}; {}", named(&place), then(&place)));
    }
    Ok(Some(Secret::new(read.reveal())))
}

/// What to do about it: a program can't see what its environment became later.
fn then(place: &SecretRef) -> &'static str {
    match place {
        SecretRef::Env(_) => "set it and start the program again",
        SecretRef::File(_) | SecretRef::Made(_) => "put it there and reload",
    }
}

fn named(place: &SecretRef) -> String {
    match place {
        SecretRef::Env(name) => format!("the environment variable {name}"),
        SecretRef::File(path) => path.display().to_string(),
        SecretRef::Made(_) => "made up".into(),
    }
}

/// Without it the gateway still sends, and that comes first: but neither receipts nor answers come in.
/// How its calls are signed, if they are.
fn callback_signature(yaml: &SmsHttpEntry, config: &GatewayConfig) -> Result<Option<Signature>, String> {
    let Some(entry) = &yaml.callback_signature else { return Ok(None) };
    match secret("secret of callback_signature", config.callback_signature_secret())? {
        Some(secret) if !secret.is_empty() => Ok(Some(Signature { header: entry.header.value.clone(), secret })),
        _ => Err("the secret of its callback_signature is empty".into()),
    }
}

fn callback_secret(config: &GatewayConfig, warnings: &mut Vec<String>) -> Option<Secret> {
    let warning = match secret("callback_secret", config.callback_secret()) {
        Ok(Some(s)) if s.expose().bytes().all(|b| b.is_ascii_alphanumeric() || b"-_".contains(&b)) => return Some(s),
        Ok(Some(_)) => "its callback_secret stands in an address: only letters, digits, - and _ go".to_owned(),
        Ok(None) => return None,
        Err(why) => why,
    };
    warnings.push(format!("no receipts and no answers come in over it: {warning}"));
    None
}

#[cfg(test)]
mod tests;
