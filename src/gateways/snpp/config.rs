//! One SNPP transmitter, as it stands in `channels/paging.yaml` under `snpp:`.

use std::sync::Arc;

use schemars::JsonSchema;
use serde::Deserialize;

use super::SnppGateway;
use crate::domain::text::Charset;
use crate::domain::text::pages::PageRules;
use crate::gateways::protocol::{BuildCx, Built, Entry, Facts, FarEnd, Protocol, bounded};
use crate::gateways::{Secret, pager};
use crate::yaml::{Found, List, Name, Secs};

/// Pagers that answer (SNPP level 3).
#[derive(Clone, PartialEq, Eq, Deserialize, JsonSchema, Debug)]
#[serde(deny_unknown_fields, default)]
pub struct TwoWay {
    /// The answers to choose from, in ASCII; the incident's number is added when one comes back. Default: JA, NEJ. An empty
    /// list: the pager writes what it wants.
    pub replies: List<String>,
    /// The pager tells when a page was read; that shows as delivered, not as an answer. Default: false.
    pub read_ack: bool,
    /// Looks before each page whether the pager is in reach (PING). Default: false.
    pub ping: bool,
    /// How often it is asked what became of the pages. Default: 15s.
    pub status_every: Secs,
    /// How long; a page that is still queued then is taken back. Default: 1h.
    pub follow: Secs,
}

impl Default for TwoWay {
    fn default() -> Self {
        let replies = List(["JA", "NEJ"].map(str::to_owned).to_vec());
        Self { replies, read_ack: false, ping: false, status_every: Secs(15), follow: Secs(3_600) }
    }
}

/// SNPP (RFC 1861).
#[derive(Clone, PartialEq, Eq, Deserialize, JsonSchema, Debug)]
#[serde(deny_unknown_fields, default)]
#[schemars(extend("required" = ["host", "port"]))]
pub struct SnppConfig {
    /// Name or address.
    pub host: Name,
    /// Port; 444 by RFC 1861.
    pub port: u16,
    /// The login, if the server wants one. Level 2.
    pub user: Option<String>,
    /// Its password.
    pub password: Option<Secret>,
    /// SNPP level 1 to 3. Default: 1.
    pub level: u8,
    /// Bytes of one MESS line; a longer page goes by DATA (level 2). Default: 128.
    pub mess_bytes_max: u32,
    /// The transmitter is HylaFAX: it answers when a page is queued, not when it was sent (SITE JQUEUE YES). Default: false.
    pub jqueue: bool,
    /// The pager sounds even when it is set to silent (ALER 1, level 2). Default: false.
    pub alert: bool,
    /// The number that pagers show as caller (CALL, level 2).
    pub caller: Option<String>,
    /// How long connecting may take. Default: 10s.
    pub connect_timeout: Secs,
    /// How long the answer to SEND may take: after it the outcome is unknown, and the page is repeated. Default: 60s.
    pub send_timeout: Secs,
    /// A connection without work is closed after that. Default: 30s.
    pub idle_max: Secs,
    /// The pagers answer (level 3).
    pub two_way: Option<TwoWay>,
    /// Of the entry: what it puts on the air.
    #[serde(skip)]
    pub charset: Charset,
    /// Of the entry: characters of one pager page.
    #[serde(skip)]
    pub chars_max: u32,
    /// Of the entry: pages of one text.
    #[serde(skip)]
    pub pages_max: u32,
    /// Of the entry: connections at the same time.
    #[serde(skip)]
    pub connections_max: u16,
    /// Of the entry: one answer to one command.
    #[serde(skip)]
    pub reply_timeout: Secs,
}

impl Default for SnppConfig {
    fn default() -> Self {
        Self {
            host: "127.0.0.1".into(),
            port: 0,
            user: None,
            password: None,
            level: 1,
            mess_bytes_max: 128,
            jqueue: false,
            alert: false,
            caller: None,
            connect_timeout: Secs(10),
            send_timeout: Secs(60),
            idle_max: Secs(30),
            two_way: None,
            charset: Charset::Ascii7,
            chars_max: 80,
            pages_max: 8,
            connections_max: 1,
            reply_timeout: Secs(20),
        }
    }
}

impl SnppConfig {
    /// What fits on a pager.
    pub(super) fn page_rules(&self) -> PageRules {
        PageRules { chars_max: self.chars_max, pages_max: self.pages_max, charset: self.charset }
    }

    /// Whether user and password go into one command line.
    pub(super) fn is_login_sendable(&self) -> bool {
        let password = self.password.as_ref().map(Secret::expose);
        [self.user.as_deref(), password].into_iter().flatten().all(|w| pager::word(w).is_some())
    }
}

impl Protocol for SnppConfig {
    fn protocol(&self) -> &'static str {
        "snpp"
    }

    fn copy(&self) -> Box<dyn Protocol> {
        Box::new(self.clone())
    }

    fn check(&self, entry: &Entry<'_>, found: &mut Found) {
        entry.needs(&[("host", self.host.place.line > 0), ("port", self.port != 0)], found);
        entry.host(&self.host, found);
        entry.secret(self.password.as_ref(), found);
        if !(1..=3).contains(&self.level) {
            found.error(self.host.place, "snpp-level", "SNPP has levels 1 to 3");
        }
        if self.two_way.is_some() && self.level != 3 {
            found.error(self.host.place, "snpp-level", "two_way needs level: 3 (RFC 1861)");
        }
        if entry.answers && self.two_way.is_none() {
            let message = "pagers answer over SNPP only two-way";
            found.error(entry.name.place, "pager-answers", message).help("give it level: 3 and two_way: {}");
        }
    }

    fn host(&self) -> Option<&str> {
        Some(&self.host)
    }

    fn secrets(&self) -> Vec<&Secret> {
        self.password.iter().collect()
    }

    fn build(&self, cx: &BuildCx<'_>) -> Result<Built, String> {
        let mut config = self.clone();
        cx.read("password", &mut config.password)?;
        let PageRules { charset, chars_max, pages_max } = cx.page_rules()?;
        (config.charset, config.chars_max, config.pages_max) = (charset, chars_max, pages_max);
        config.connections_max = cx.limits.connections_max.map_or(config.connections_max, bounded);
        config.reply_timeout = cx.limits.timeout.unwrap_or(config.reply_timeout);
        let (connections_max, timeout_s) = (config.connections_max.into(), config.reply_timeout.0);
        let gateway = Arc::new(SnppGateway::new(cx.id.clone(), config)?);
        Ok(Built { connections_max, ..Built::new(gateway, timeout_s) })
    }

    fn turn_to(&mut self, far: &FarEnd<'_>) -> Facts {
        (self.host.value, self.port) = (far.addr.ip().to_string(), far.addr.port());
        let mut facts = Facts::from([("level", self.level.to_string())]);
        self.password = self.user.as_ref().map(|user| {
            let password = (far.made)(16);
            facts.extend([("user", user.clone()), ("password", password.clone())]);
            Secret::new(password)
        });
        facts
    }
}
