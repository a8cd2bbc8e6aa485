//! One ESPA 4.4.4 link, as it stands in `channels/paging.yaml` under `espa:`.

use std::sync::Arc;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::EspaGateway;
use crate::domain::text::Charset;
use crate::domain::text::pages::PageRules;
use crate::gateways::Secret;
use crate::gateways::line::LineConfig;
use crate::gateways::protocol::{BuildCx, Built, Entry, Facts, FarEnd, Protocol};
use crate::yaml::{Found, Secs};

/// Bytes of a block that ESPA 4.4.4 wants beside the text: header, separators, address, the other records, check character.
const AROUND_BYTES: u32 = 36;

/// Which side polls on an ESPA 4.4.4 link.
#[derive(Clone, Copy, PartialEq, Eq, Default, Deserialize, Serialize, JsonSchema, Debug)]
#[serde(rename_all = "lowercase")]
pub enum Role {
    /// We do (the control station): point to point, as most paging systems expect.
    #[default]
    Control,
    /// The paging system polls us.
    Polled,
}

/// ESPA 4.4.4, the serial interface of on-site paging systems.
#[derive(Clone, PartialEq, Eq, Deserialize, JsonSchema, Debug)]
#[serde(default, deny_unknown_fields)]
#[schemars(extend("required" = ["line"]))]
pub struct EspaConfig {
    /// The line.
    pub line: LineConfig,
    /// control: we poll; polled: the paging system does. Default: control.
    pub role: Role,
    /// Our address on the link, one character. Default: "1".
    pub own: char,
    /// The paging system's. Default: "2".
    pub system: char,
    /// Bytes of one block that the paging system takes; 128 is what all take. Default: 128.
    pub block_bytes_max: u32,
    /// Beep coding (record 3), as the paging system numbers it. Default: not sent.
    pub beep: Option<u8>,
    /// Call type (record 4). Default: 3, a call without speech.
    pub call_type: Option<u8>,
    /// Number of transmissions (record 5). Default: not sent.
    pub transmissions: Option<u8>,
    /// Priority (record 6). Default: 1 (alarm) for an alert, 2 for all else.
    pub priority: Option<u8>,
    /// How long connecting may take. Default: 10s.
    pub connect_timeout: Secs,
    /// role polled: how long we wait for our turn. Default: 30s.
    pub poll_timeout: Secs,
    /// role control: how often the paging system is asked for status; 0s for never. Default: 5s.
    pub poll_every: Secs,
    /// role control: so many milliseconds of silence before we begin; more for a paging system that is slow to end its turn.
    /// Default: 50.
    pub quiet_ms: u16,
    /// How often a block is sent that was damaged on the way. Default: 3.
    pub sends_max: u16,
    /// How often a paging system is selected that was not ready. Default: 3.
    pub tries_max: u16,
    /// Of the entry: what its pagers show. Latin-1 wants a line of eight bits.
    #[serde(skip)]
    pub charset: Charset,
    /// Of the entry: characters of one pager page.
    #[serde(skip)]
    pub chars_max: u32,
    /// Of the entry: pages of one text.
    #[serde(skip)]
    pub pages_max: u32,
    /// Of the entry: one answer.
    #[serde(skip)]
    pub reply_timeout: Secs,
}

impl Default for EspaConfig {
    fn default() -> Self {
        Self {
            line: LineConfig::default(),
            role: Role::Control,
            own: '1',
            system: '2',
            block_bytes_max: 128,
            beep: None,
            call_type: Some(3),
            transmissions: None,
            priority: None,
            connect_timeout: Secs(10),
            poll_timeout: Secs(30),
            poll_every: Secs(5),
            quiet_ms: 50,
            sends_max: 3,
            tries_max: 3,
            charset: Charset::Ascii7,
            chars_max: 80,
            pages_max: 8,
            reply_timeout: Secs(5),
        }
    }
}

impl EspaConfig {
    /// What fits on a pager.
    pub(super) fn page_rules(&self) -> PageRules {
        PageRules { chars_max: self.chars_max, pages_max: self.pages_max, charset: self.charset }
    }

    /// Says which setting can't work, and what to write instead.
    pub(super) fn checked(&self) -> Result<(), String> {
        if matches!(self.charset, Charset::Utf8 | Charset::Gsm7) {
            return Err(
                "charset: ESPA 4.4.4 carries one byte a letter; write ascii7, a variant of iso646, or latin1".into()
            );
        }
        if !self.has_two_addresses() {
            return Err("own, system: two different characters, such as 1 and 2".into());
        }
        Ok(())
    }

    fn has_two_addresses(&self) -> bool {
        self.own.is_ascii_graphic() && self.system.is_ascii_graphic() && self.own != self.system
    }
}

impl Protocol for EspaConfig {
    fn protocol(&self) -> &'static str {
        "espa"
    }

    fn copy(&self) -> Box<dyn Protocol> {
        Box::new(self.clone())
    }

    fn check(&self, entry: &Entry<'_>, found: &mut Found) {
        self.line.check(entry, found);
        entry.letters(true, "ESPA 4.4.4 carries one byte a letter", found);
        if !self.has_two_addresses() {
            let message = "own and system are two different characters, such as \"1\" and \"2\"";
            found.error(entry.name.place, "espa-address", message);
        }
        let room = self.block_bytes_max.saturating_sub(AROUND_BYTES);
        if let Some((_, chars_max)) = entry.pages.as_ref().filter(|(_, chars_max)| chars_max.value > room) {
            let message = format!("{} characters do not go into one block; {room} do", chars_max.value);
            let help = "lower chars_max, or raise block_bytes_max when the paging system takes it";
            found.error(chars_max.place, "limit", message).help(help);
        }
        entry.no_answers("ESPA 4.4.4", found);
    }

    fn host(&self) -> Option<&str> {
        self.line.host()
    }

    fn secrets(&self) -> Vec<&Secret> {
        Vec::new()
    }

    fn build(&self, cx: &BuildCx<'_>) -> Result<Built, String> {
        let mut config = self.clone();
        let PageRules { charset, chars_max, pages_max } = cx.page_rules()?;
        (config.charset, config.chars_max, config.pages_max) = (charset, chars_max, pages_max);
        config.reply_timeout = cx.limits.timeout.unwrap_or(config.reply_timeout);
        let timeout_s = config.reply_timeout.0;
        Ok(Built::new(Arc::new(EspaGateway::new(cx.id.clone(), config)?), timeout_s))
    }

    fn turn_to(&mut self, far: &FarEnd<'_>) -> Facts {
        self.line = LineConfig::tcp(far.addr);
        let role = if self.role == Role::Polled { "polled" } else { "control" };
        Facts::from([("role", role.into()), ("own", self.system.into()), ("caller", self.own.into())])
    }
}
