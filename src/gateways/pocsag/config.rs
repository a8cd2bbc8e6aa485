//! One POCSAG transmitter, as it stands in `channels/paging.yaml` under `pocsag:`.

use std::path::PathBuf;
use std::sync::Arc;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::PocsagGateway;
use super::audio::Baud;
use crate::domain::delivery::SendError;
use crate::domain::text::Charset;
use crate::domain::text::pages::PageRules;
use crate::gateways::protocol::{BuildCx, Built, Entry, Facts, FarEnd, Protocol};
use crate::gateways::{Secret, pager};
use crate::yaml::{At, Found, List, Name};

/// What a file of sound begins with.
#[derive(Clone, Copy, PartialEq, Eq, Default, Deserialize, Serialize, JsonSchema, Debug)]
#[serde(rename_all = "lowercase")]
pub enum Audio {
    /// Nothing: bare samples, signed 16 bits, little-endian (`.s16`).
    #[default]
    Raw,
    /// A RIFF header (`.wav`).
    Wav,
}

/// POCSAG as sound for a transmitter: 22 050 samples a second, one channel. One of folder, command, and host with port.
#[derive(Clone, PartialEq, Eq, Deserialize, JsonSchema, Debug)]
#[serde(default, deny_unknown_fields)]
pub struct PocsagConfig {
    /// A file for each text goes into this folder; relative paths count from the configuration folder.
    pub folder: Option<PathBuf>,
    /// raw or wav, for folder. Default: raw.
    pub format: Audio,
    /// More files than these in the folder: nobody takes them, and the gateway fails. Default: 100.
    pub files_max: u32,
    /// A program and its arguments; it gets the samples as its input, and exit code 0 is its yes.
    pub command: Option<List<String>>,
    /// A name or address that takes the samples over TCP, and closes the connection when it has them.
    pub host: Option<Name>,
    /// The port of the transmitter.
    pub port: Option<u16>,
    /// 512, 1200 or 2400 bits a second. Default: 1200.
    pub baud: At<u32>,
    /// The function of a pager whose address does not say it (1234567:3), 0 to 3. Default: 3; 0 for numeric pagers.
    pub function: Option<u8>,
    /// The transmitter turns the signal round. Default: false.
    pub inverted: bool,
    /// Silence before the preamble, for a transmitter that is keyed by sound, in milliseconds. Default: 0.
    pub lead_ms: u32,
    /// Of the entry: what the pagers show, a set of seven bits, or digits.
    #[serde(skip)]
    pub charset: Charset,
    /// Of the entry: characters of one pager page.
    #[serde(skip)]
    pub chars_max: u32,
    /// Of the entry: pages of one text.
    #[serde(skip)]
    pub pages_max: u32,
    /// Of the entry: handing it over, seconds.
    #[serde(skip)]
    pub timeout_s: u32,
}

impl Default for PocsagConfig {
    fn default() -> Self {
        Self {
            folder: None,
            format: Audio::Raw,
            files_max: 100,
            command: None,
            host: None,
            port: None,
            baud: At::from(1_200),
            function: None,
            inverted: false,
            lead_ms: 0,
            charset: Charset::Ascii7,
            chars_max: 80,
            pages_max: 8,
            timeout_s: 60,
        }
    }
}

impl PocsagConfig {
    /// What fits on a pager.
    pub(super) fn page_rules(&self) -> PageRules {
        PageRules { chars_max: self.chars_max, pages_max: self.pages_max, charset: self.charset }
    }

    /// The function of a pager whose address does not say it.
    pub(super) fn function(&self) -> u8 {
        self.function.unwrap_or(if self.charset == Charset::Numeric { 0 } else { 3 })
    }

    /// Bits a second.
    pub(super) fn baud(&self) -> Result<Baud, SendError> {
        Baud::of(self.baud.value).map_err(SendError::permanent)
    }

    /// Says which setting can't work, and what to write instead.
    pub(super) fn checked(&self) -> Result<(), String> {
        if !pager::is_seven_bit(self.charset) {
            return Err("charset: POCSAG carries seven bits; write ascii7, a variant of iso646, or numeric".into());
        }
        if self.function() > 3 {
            return Err("function: 0 to 3".into());
        }
        if self.command.as_ref().is_some_and(|argv| argv.is_empty()) {
            return Err("command: the program and its arguments".into());
        }
        if !self.has_one_output() {
            return Err("its sound goes to one place: a folder, a command, or a host with its port".into());
        }
        Baud::of(self.baud.value).map(drop)
    }

    fn has_one_output(&self) -> bool {
        let over_tcp = self.host.is_some() && self.port.is_some();
        let outputs = [self.folder.is_some(), self.command.is_some(), over_tcp];
        outputs.iter().filter(|o| **o).count() == 1 && self.host.is_some() == self.port.is_some()
    }
}

impl Protocol for PocsagConfig {
    fn protocol(&self) -> &'static str {
        "pocsag"
    }

    fn copy(&self) -> Box<dyn Protocol> {
        Box::new(self.clone())
    }

    fn check(&self, entry: &Entry<'_>, found: &mut Found) {
        if !self.has_one_output() {
            let message = "the sound goes to one place: a folder, a command, or a host with its port";
            found.error(entry.name.place, "pocsag-output", message);
        }
        if let Some(host) = &self.host {
            entry.host(host, found);
        }
        if Baud::of(self.baud.value).is_err() {
            found.error(self.baud.place, "pocsag-baud", "POCSAG has 512, 1200 and 2400 bits a second");
        }
        if self.function.is_some_and(|f| f > 3) {
            found.error(entry.name.place, "pocsag-function", "a pager has functions 0 to 3");
        }
        entry.letters(false, "POCSAG carries seven bits a letter", found);
        entry.no_answers("POCSAG", found);
    }

    fn host(&self) -> Option<&str> {
        // A folder and a program are of this machine.
        self.host.as_ref().map(|h| h.as_str())
    }

    fn secrets(&self) -> Vec<&Secret> {
        Vec::new()
    }

    fn build(&self, cx: &BuildCx<'_>) -> Result<Built, String> {
        let mut config = self.clone();
        cx.settle(&mut config.folder);
        let PageRules { charset, chars_max, pages_max } = cx.page_rules()?;
        (config.charset, config.chars_max, config.pages_max) = (charset, chars_max, pages_max);
        config.timeout_s = cx.limits.timeout.map_or(config.timeout_s, |t| t.0);
        let timeout_s = config.timeout_s;
        Ok(Built::new(Arc::new(PocsagGateway::new(cx.id.clone(), config)?), timeout_s))
    }

    fn turn_to(&mut self, far: &FarEnd<'_>) -> Facts {
        (self.folder, self.command) = (None, None);
        (self.host, self.port) = (Some(far.addr.ip().to_string().into()), Some(far.addr.port()));
        self.inverted = false;
        Facts::from([("baud", self.baud.value.to_string())])
    }
}
