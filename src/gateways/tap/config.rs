//! One paging terminal, as it stands in `channels/paging.yaml` under `tap:`.

use std::sync::Arc;

use schemars::JsonSchema;
use serde::Deserialize;

use super::TapGateway;
use crate::domain::text::Charset;
use crate::domain::text::pages::PageRules;
use crate::gateways::line::LineConfig;
use crate::gateways::protocol::{BuildCx, Built, Entry, Facts, FarEnd, Protocol};
use crate::gateways::{Secret, pager};
use crate::yaml::{Found, Secs};

/// TAP 1.8 (Telocator Alphanumeric Protocol), automatic mode.
#[derive(Clone, PartialEq, Eq, Deserialize, JsonSchema, Debug)]
#[serde(default, deny_unknown_fields)]
#[schemars(extend("required" = ["line"]))]
pub struct TapConfig {
    /// The line.
    pub line: LineConfig,
    /// The password behind PG1, if the terminal wants one: six characters at most in the specification; terminals differ.
    pub password: Option<Secret>,
    /// How long connecting may take. Default: 10s.
    pub connect_timeout: Secs,
    /// How often a block is sent that was not understood (7.0). Default: 3.
    pub sends_max: u16,
    /// Between one CR and the next until `ID=` comes (7.0: 2).
    #[serde(skip)]
    pub wake_every: Secs,
    /// So many CR (7.0: 3).
    #[serde(skip)]
    pub wakes_max: u16,
    /// Of the entry: what it puts on the air, a set of seven bits.
    #[serde(skip)]
    pub charset: Charset,
    /// Of the entry: characters of one pager page.
    #[serde(skip)]
    pub chars_max: u32,
    /// Of the entry: pages of one text.
    #[serde(skip)]
    pub pages_max: u32,
    /// Of the entry: one answer. After the last block of a page, the outcome is unknown then.
    #[serde(skip)]
    pub reply_timeout: Secs,
}

impl Default for TapConfig {
    fn default() -> Self {
        Self {
            line: LineConfig::default(),
            password: None,
            connect_timeout: Secs(10),
            sends_max: 3,
            wake_every: Secs(2),
            wakes_max: 3,
            charset: Charset::Ascii7,
            chars_max: 80,
            pages_max: 8,
            reply_timeout: Secs(15),
        }
    }
}

impl TapConfig {
    /// What fits on a pager.
    pub(super) fn page_rules(&self) -> PageRules {
        PageRules { chars_max: self.chars_max, pages_max: self.pages_max, charset: self.charset }
    }

    /// Says which setting can't work, and what to write instead.
    pub(super) fn checked(&self) -> Result<(), String> {
        if !pager::is_seven_bit(self.charset) {
            return Err("charset: TAP carries seven bits; write ascii7 or a variant of iso646".into());
        }
        if self.password.as_ref().is_some_and(|p| pager::word(p.expose()).is_none()) {
            return Err("password: printable ASCII without spaces".into());
        }
        Ok(())
    }
}

impl Protocol for TapConfig {
    fn protocol(&self) -> &'static str {
        "tap"
    }

    fn copy(&self) -> Box<dyn Protocol> {
        Box::new(self.clone())
    }

    fn check(&self, entry: &Entry<'_>, found: &mut Found) {
        self.line.check(entry, found);
        entry.secret(self.password.as_ref(), found);
        entry.letters(false, "TAP carries seven bits a letter", found);
        entry.no_answers("TAP", found);
    }

    fn host(&self) -> Option<&str> {
        self.line.host()
    }

    fn secrets(&self) -> Vec<&Secret> {
        self.password.iter().collect()
    }

    fn build(&self, cx: &BuildCx<'_>) -> Result<Built, String> {
        let mut config = self.clone();
        cx.read("password", &mut config.password)?;
        let PageRules { charset, chars_max, pages_max } = cx.page_rules()?;
        (config.charset, config.chars_max, config.pages_max) = (charset, chars_max, pages_max);
        config.reply_timeout = cx.limits.timeout.unwrap_or(config.reply_timeout);
        let timeout_s = config.reply_timeout.0;
        Ok(Built::new(Arc::new(TapGateway::new(cx.id.clone(), config)?), timeout_s))
    }

    fn turn_to(&mut self, far: &FarEnd<'_>) -> Facts {
        self.line = LineConfig::tcp(far.addr);
        let Some(password) = &mut self.password else { return Facts::new() };
        let made = (far.made)(6);
        *password = Secret::new(&*made);
        Facts::from([("password", made)])
    }
}
