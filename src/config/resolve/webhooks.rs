//! Programs that are told what happens.

use std::net::IpAddr;
use std::path::PathBuf;

use super::Resolver;
use crate::config::loaded::Webhook;
use crate::config::raw::webhooks::WebhookEntry;
use crate::words::events::told;
use crate::yaml::Name;
use crate::yaml::addresses::{check_url, host_of};

/// Webhooks of a configuration.
pub const WEBHOOKS_MAX: usize = 16;
/// How long an answer may take.
const TIMEOUT_S: u32 = 10;

impl Resolver<'_> {
    pub(super) fn webhooks(&mut self) -> Vec<Webhook> {
        let Some(all) = self.raw.webhooks.as_ref().map(|file| &file.webhooks) else { return Vec::new() };
        if let Some((name, _)) = all.get(WEBHOOKS_MAX) {
            let message = format!("there are {} webhooks; {WEBHOOKS_MAX} is the most", all.len());
            self.found.error(name.place, "too-many", message);
        }
        all.iter().take(WEBHOOKS_MAX).map(|(name, entry)| self.webhook(name, entry)).collect()
    }

    fn webhook(&mut self, name: &Name, entry: &WebhookEntry) -> Webhook {
        self.id(name);
        check_url(&entry.url, self.found);
        if entry.url.starts_with("http://") && !stays_here(&entry.url) {
            let message =
                format!("webhook {} is called in the clear: whoever is on the way can read and repeat it", name.value);
            self.found.warning(entry.url.place, "plain-http", message).help("write https://");
        }
        entry.secret.check(self.found);
        entry.secret_before.iter().for_each(|secret| secret.check(self.found));
        let events = entry.events.iter().filter_map(|event| {
            let known = told().find(|known| *known == event.as_str());
            if known.is_none() {
                let message = format!("\"{}\" is no event that webhooks are told", event.value);
                self.found.error(event.place, "unknown-event", message).nearest(event, told());
            }
            known
        });
        let events: Vec<&'static str> = events.collect();
        Webhook {
            id: name.value.clone(),
            url: entry.url.value.clone(),
            secret: entry.secret.clone(),
            secret_before: entry.secret_before.clone(),
            events: if entry.events.is_empty() { told().collect() } else { events },
            ca_file: entry.ca_file.as_ref().map(|p| self.base.map_or_else(|| PathBuf::from(p), |b| b.join(p))),
            timeout_s: entry.timeout.map_or(TIMEOUT_S, |t| t.0.max(1)),
            base: self.base.map(Into::into),
        }
    }
}

/// What is said to that address does not leave this machine.
fn stays_here(url: &str) -> bool {
    host_of(url).is_some_and(|host| host == "localhost" || host.parse::<IpAddr>().is_ok_and(|ip| ip.is_loopback()))
}
