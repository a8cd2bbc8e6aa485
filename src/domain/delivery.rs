//! What became of one delivery. Accepted, delivered and acknowledged are three things, never merged (INCIDENTS lesson 24);
//! acknowledged belongs to the request, not here.

use std::fmt;
use std::sync::Arc;

use serde::{Deserialize, Serialize};

/// State of one delivery, as gateways tell it.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, Debug, schemars::JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum DeliveryState {
    /// Committed, waiting for its gateway.
    Queued,
    /// Handed to the gateway's worker; the outcome is not known yet.
    Attempting,
    /// The gateway took it: handed over (RULES G5). It says nothing of the far device.
    #[serde(rename = "handed-over", alias = "accepted")]
    Accepted,
    /// The far device has it.
    Delivered,
    /// The gateway refused it, or retries ran out. Another gateway of the channel is tried, if there is one.
    Failed,
    /// It may have gone out, or not: repeated, marked as a possible repeat.
    Unknown,
    /// Nobody took it in its time.
    Expired,
    /// Stopped or superseded before it was handed over (RULES D2, C9).
    Withdrawn,
}

impl DeliveryState {
    /// The far end has it, or may.
    pub fn may_be_out(self) -> bool {
        matches!(self, Self::Accepted | Self::Delivered | Self::Unknown | Self::Attempting)
    }
}

/// Characters of one cause; a gateway may say more.
pub const CAUSE_CHARS_MAX: usize = 160;
/// As many digits in a row are taken for the number of a telephone.
const NUMBER_DIGITS_MIN: usize = 7;

/// Why a delivery did not go well, as it goes into the journal and onto screens: on one line, short, and without what looks
/// like an address, whatever the gateway said.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, Debug, schemars::JsonSchema)]
#[serde(transparent)]
pub struct Cause(Arc<str>);

impl Cause {
    /// From what the gateway said; nothing when that is nothing.
    pub fn new(said: &str) -> Option<Self> {
        let words = said.split(|c: char| c.is_whitespace() || c.is_control()).filter(|w| !w.is_empty());
        let words: Vec<&str> = words.map(|w| if is_address(w) { "…" } else { w }).collect();
        let line: String = words.join(" ").chars().take(CAUSE_CHARS_MAX).collect();
        Self::as_written(line.trim_end())
    }
    /// As it was written once: what was made short then is not made anew.
    pub fn as_written(line: &str) -> Option<Self> {
        (!line.is_empty()).then(|| Self(line.into()))
    }
    /// As it is shown.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}
impl fmt::Display for Cause {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.as_str())
    }
}

fn is_address(word: &str) -> bool {
    let digits = word.split(|c: char| !c.is_ascii_digit()).map(str::len).max().unwrap_or(0);
    word.contains('@') || (digits >= NUMBER_DIGITS_MIN && !word.contains("0x"))
}

/// Why a gateway did not take a delivery. Short, without addresses: it goes into the journal and onto screens.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize, Debug)]
pub enum SendError {
    /// Worth another try after a while (busy, throttled, connection refused before anything was sent).
    Temporary {
        /// What the gateway said, in its words.
        cause: String,
        /// When it asked us to come back, in seconds.
        retry_after_s: Option<u32>,
    },
    /// Another try can't help (no such subscriber, refused by policy).
    Permanent {
        /// What the gateway said.
        cause: String,
    },
    /// The text may have left: no answer came after it was handed over.
    Unknown { cause: String },
}

impl SendError {
    /// Temporary without a hint when to come back.
    pub fn temporary(cause: impl Into<String>) -> Self {
        Self::Temporary { cause: cause.into(), retry_after_s: None }
    }
    /// Permanent.
    pub fn permanent(cause: impl Into<String>) -> Self {
        Self::Permanent { cause: cause.into() }
    }
    /// Unknown.
    pub fn unknown(cause: impl Into<String>) -> Self {
        Self::Unknown { cause: cause.into() }
    }
    /// What the gateway said.
    pub fn cause(&self) -> &str {
        match self {
            Self::Temporary { cause, .. } | Self::Permanent { cause } | Self::Unknown { cause } => cause,
        }
    }
}

impl fmt::Display for SendError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let kind = match self {
            Self::Temporary { .. } => "for now",
            Self::Permanent { .. } => "for good",
            Self::Unknown { .. } => "outcome unknown",
        };
        write!(f, "{} ({kind})", self.cause())
    }
}
impl std::error::Error for SendError {}

/// The gateway took it.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize, Debug, Default)]
pub struct Accepted {
    /// The gateway's own number for it, so that a receipt can be matched. Empty when it gives none.
    pub gateway_ref: String,
    /// The far device has it already (SNPP 250 is *not* this).
    pub delivered: bool,
    /// How many units it took (SMS parts, pages).
    pub units: u16,
}

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, reason = "tests")]
    use super::*;

    #[test]
    fn a_cause_is_short_and_has_no_address() {
        for (said, cause) in [
            ("550 no such mailbox", "550 no such mailbox"),
            ("<tib@region.example>:  user\nunknown", "… user unknown"),
            ("refused +46701740605: not routed", "refused … not routed"),
            ("status 0x00000045 after 3 tries", "status 0x00000045 after 3 tries"),
        ] {
            assert_eq!(Cause::new(said).unwrap().as_str(), cause);
        }
        assert_eq!(Cause::new(" \n "), None);
        assert_eq!(Cause::new(&"å".repeat(500)).unwrap().as_str().chars().count(), CAUSE_CHARS_MAX);
    }
}
