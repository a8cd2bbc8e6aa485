//! What one POCSAG transmitter is told.

use std::path::PathBuf;

pub use super::audio::Baud;
use crate::domain::text::Charset;
use crate::domain::text::pages::PageRules;
use crate::gateways::pager;

/// Where the sound goes.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Output {
    /// A file for each text, put into the folder under its last name when it is whole.
    Folder {
        /// Which.
        folder: PathBuf,
        /// With a RIFF header (`.wav`), or bare (`.s16`).
        wav: bool,
        /// So many files may lie there: more, and nobody takes them.
        files_max: u32,
    },
    /// Standard input of a program, started for each text. Exit code 0 is its yes.
    Command(Vec<String>),
    /// A TCP connection for each text; the far end closes it when it has everything.
    Tcp {
        /// Name or address.
        host: String,
        /// Port.
        port: u16,
    },
}

/// One transmitter.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct PocsagConfig {
    /// Where the sound goes.
    pub output: Output,
    /// Bits a second.
    pub baud: Baud,
    /// What the pagers show: a set of seven bits, or digits.
    pub charset: Charset,
    /// Characters of one pager page.
    pub chars_max: u32,
    /// Pages of one text.
    pub pages_max: u32,
    /// The function of a pager whose address does not say it, 0 to 3.
    pub function: u8,
    /// The transmitter turns the signal round.
    pub inverted: bool,
    /// Silence before the preamble, for a transmitter that is keyed by sound, milliseconds.
    pub lead_ms: u32,
    /// Handing it over, seconds.
    pub timeout_s: u32,
}

impl Default for PocsagConfig {
    fn default() -> Self {
        Self {
            output: Output::Command(Vec::new()),
            baud: Baud::default(),
            charset: Charset::Ascii7,
            chars_max: 80,
            pages_max: 8,
            function: 3,
            inverted: false,
            lead_ms: 0,
            timeout_s: 60,
        }
    }
}

impl PocsagConfig {
    /// What fits: for `check` and for drafts.
    pub fn page_rules(&self) -> PageRules {
        PageRules { chars_max: self.chars_max, pages_max: self.pages_max, charset: self.charset }
    }

    /// Says which setting can't work, and what to write instead.
    pub(super) fn checked(&self) -> Result<(), String> {
        if !pager::is_seven_bit(self.charset) {
            return Err("charset: POCSAG carries seven bits; write ascii7, a variant of iso646, or numeric".into());
        }
        if self.function > 3 {
            return Err("function: 0 to 3".into());
        }
        if matches!(&self.output, Output::Command(argv) if argv.is_empty()) {
            return Err("command: the program and its arguments".into());
        }
        Ok(())
    }
}
