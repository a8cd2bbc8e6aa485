//! One HylaFAX server, as it stands in `channels/fax.yaml` under `hylafax:`.

use std::sync::Arc;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::Hylafax;
use crate::domain::plan::Capability;
use crate::gateways::Secret;
use crate::gateways::protocol::{BuildCx, Built, Entry, Facts, FarEnd, Protocol, bounded};
use crate::yaml::{Found, Name, Secs};

/// How fine a fax is.
#[derive(Clone, Copy, PartialEq, Eq, Default, Deserialize, Serialize, JsonSchema, Debug)]
#[serde(rename_all = "lowercase")]
pub enum Resolution {
    /// 196 lines an inch.
    #[default]
    Fine,
    /// 98 lines an inch: half the time on the line, still readable.
    Standard,
}

impl Resolution {
    /// Lines an inch.
    pub(super) fn lines_an_inch(self) -> u16 {
        match self {
            Resolution::Fine => 196,
            Resolution::Standard => 98,
        }
    }
}

/// The HylaFAX client protocol.
#[derive(Clone, PartialEq, Eq, Deserialize, JsonSchema, Debug)]
#[serde(deny_unknown_fields, default)]
#[schemars(extend("required" = ["host", "port", "user"]))]
pub struct HylafaxConfig {
    /// Name or address.
    pub host: Name,
    /// Port.
    pub port: u16,
    /// The user.
    pub user: String,
    /// The password, for servers whose `hosts.hfaxd` asks for one.
    pub password: Option<Secret>,
    /// The administrator's password, where the jobs of this user need it.
    pub admin_password: Option<Secret>,
    /// The sender that the server notes with a job.
    pub from: String,
    /// The modem, or any.
    pub modem: Option<String>,
    /// fine or standard.
    pub resolution: Resolution,
    /// How often the server dials. Default: 12.
    pub dials_max: u16,
    /// How often it tries again after a call that was answered and failed. Default: 3.
    pub tries_max: u16,
    /// The time between its tries. Default: the server's own rule.
    pub retry_after: Option<Secs>,
    /// What a leading + becomes (00). Default: the server's own dial rules see to it.
    pub dial_prefix: Option<String>,
    /// How long connecting may take, for each data connection too. Default: 5s.
    pub connect_timeout: Secs,
    /// Connections that wait for the end of a fax; with 0, ends are found by looking alone. Default: 4.
    pub waits_max: u16,
    /// How often the queue is looked at while a fax is on its way, whatever is waited for. Default: 5s.
    pub poll_every: Secs,
    /// Of the entry: a longer text is not sent by fax.
    #[serde(skip)]
    pub pages_max: u16,
    /// Of the entry: control connections that hand over jobs side by side.
    #[serde(skip)]
    pub connections_max: u16,
    /// Of the entry: for each reply.
    #[serde(skip)]
    pub reply_timeout: Secs,
    /// A fax server on this machine is asked again after so long, where `poll_every` is less.
    #[serde(skip)]
    pub poll_min_ms: u32,
}

impl Default for HylafaxConfig {
    fn default() -> Self {
        Self {
            host: "127.0.0.1".into(),
            port: 0,
            user: String::new(),
            password: None,
            admin_password: None,
            from: "Vardkase".into(),
            modem: None,
            resolution: Resolution::Fine,
            dials_max: 12,
            tries_max: 3,
            retry_after: None,
            dial_prefix: None,
            connect_timeout: Secs(5),
            waits_max: 4,
            poll_every: Secs(5),
            pages_max: 5,
            connections_max: 2,
            reply_timeout: Secs(20),
            poll_min_ms: 100,
        }
    }
}

impl Protocol for HylafaxConfig {
    fn protocol(&self) -> &'static str {
        "hylafax"
    }

    fn copy(&self) -> Box<dyn Protocol> {
        Box::new(self.clone())
    }

    fn check(&self, entry: &Entry<'_>, found: &mut Found) {
        entry.needs(
            &[("host", self.host.place.line > 0), ("port", self.port != 0), ("user", !self.user.is_empty())],
            found,
        );
        entry.host(&self.host, found);
        entry.secret(self.password.as_ref(), found);
        entry.secret(self.admin_password.as_ref(), found);
    }

    fn host(&self) -> Option<&str> {
        Some(&self.host)
    }

    fn secrets(&self) -> Vec<&Secret> {
        self.password.iter().chain(&self.admin_password).collect()
    }

    fn build(&self, cx: &BuildCx<'_>) -> Result<Built, String> {
        let mut config = self.clone();
        cx.read("password", &mut config.password)?;
        cx.read("admin_password", &mut config.admin_password)?;
        if let Capability::Fax { pages_max, .. } = cx.capability {
            config.pages_max = bounded(*pages_max);
        }
        if config.from.is_empty() {
            config.from = Self::default().from;
        }
        config.connections_max = cx.limits.connections_max.map_or(config.connections_max, bounded);
        config.reply_timeout = cx.limits.timeout.unwrap_or(config.reply_timeout);
        let (connections_max, timeout_s) = (config.connections_max.into(), config.reply_timeout.0);
        let gateway = Arc::new(Hylafax::new(cx.id.clone(), config));
        Ok(Built { connections_max, ..Built::new(gateway, timeout_s) })
    }

    fn turn_to(&mut self, far: &FarEnd<'_>) -> Facts {
        (self.host.value, self.port) = (far.addr.ip().to_string(), far.addr.port());
        (self.admin_password, self.resolution, self.poll_every) = (None, Resolution::Fine, Secs(0));
        let Some(password) = &mut self.password else { return Facts::new() };
        let made = (far.made)(16);
        *password = Secret::new(&*made);
        Facts::from([("password", made)])
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn debug_hides_passwords() {
        let config = HylafaxConfig {
            password: Some(Secret::new("hemligt")),
            admin_password: Some(Secret::new("hemligt")),
            ..HylafaxConfig::default()
        };
        let shown = format!("{config:?}");
        assert!(shown.contains("Secret(…)") && !shown.contains("hemligt"), "{shown}");
    }
}
