//! Who watches from outside.

use std::path::PathBuf;

use super::Resolver;
use crate::config::loaded::Watch;
use crate::domain::plan::Channel;
use crate::yaml::addresses::check_url;

/// How often a watcher is asked by HTTP.
const URL_EVERY_S: u32 = 60;
/// How often it gets an SMS.
const SMS_EVERY_S: u32 = 3600;
/// More often than this is hammering.
const EVERY_S_MIN: u32 = 10;
/// How long an answer may take.
const TIMEOUT_S: u32 = 10;

impl Resolver<'_> {
    pub(super) fn watch(&mut self) -> Option<Watch> {
        let beat = &self.raw.watch.as_ref()?.heartbeat;
        let place = beat.url.as_ref().or(beat.sms_to.as_ref()).map(|n| n.place).unwrap_or_default();
        if beat.url.is_none() && beat.sms_to.is_none() {
            let message = "a sign of life goes nowhere";
            self.found.error(place, "heartbeat", message).help("give heartbeat a url: or an sms_to:");
        }
        if let Some(url) = &beat.url {
            check_url(url, self.found);
        }
        if beat.every.is_some_and(|e| e.0 < EVERY_S_MIN) {
            let message = format!("a sign of life comes at most every {EVERY_S_MIN} s");
            self.found.error(place, "heartbeat", message);
        }
        let sms_to = beat.sms_to.as_ref().map(|name| {
            let f = self.function(name);
            let plan = &self.plan;
            let has_sms = plan.functions.get(f.ix()).is_some_and(|f| {
                f.points.iter().any(|p| plan.points.get(p.ix()).is_some_and(|p| p.channel == Channel::Sms))
            });
            if !has_sms && self.fx.contains_key(name.as_str()) {
                let message = format!("\"{}\" has no address for SMS", name.value);
                self.found.error(name.place, "heartbeat", message);
            }
            name.as_str().into()
        });
        let ca_file = beat.ca_file.as_ref().map(|p| self.base.map_or_else(|| PathBuf::from(p), |b| b.join(p)));
        let every = beat.every.map(|e| e.0);
        Some(Watch {
            url: beat.url.as_ref().map(|u| u.value.clone()),
            url_every_s: every.unwrap_or(URL_EVERY_S),
            sms_to,
            sms_every_s: every.unwrap_or(SMS_EVERY_S).max(URL_EVERY_S),
            ca_file,
            timeout_s: beat.timeout.map_or(TIMEOUT_S, |t| t.0.max(1)),
        })
    }
}
