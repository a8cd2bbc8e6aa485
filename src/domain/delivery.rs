//! What became of one delivery. Accepted, delivered and acknowledged are three things, never merged (INCIDENTS lesson 24);
//! acknowledged belongs to the request, not here.

use std::fmt;

use serde::{Deserialize, Serialize};

/// State of one delivery, as gateways tell it.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, Debug)]
#[serde(rename_all = "kebab-case")]
pub enum DeliveryState {
    /// Committed, waiting for its gateway.
    Queued,
    /// Handed to the gateway's worker; the outcome is not known yet.
    Attempting,
    /// The gateway took it. It says nothing of the far device.
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
