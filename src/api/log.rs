//! The journal, a part at a time.

use std::borrow::Cow;

use serde::{Deserialize, Serialize};

use crate::domain::ids::IncidentNo;
use crate::domain::time::At;

/// One record.
#[derive(Clone, Debug, Serialize, Deserialize, schemars::JsonSchema)]
pub struct LogRecord {
    pub seq: u64,
    /// When it was written.
    pub at: At,
    /// The incident that it concerns.
    #[serde(default)]
    pub incident: Option<IncidentNo>,
    /// The event's name.
    pub event: Cow<'static, str>,
    /// The event as JSON: nobody but its reader knows its shape. Free notes, codes and addresses are empty: they are sealed
    /// beside the chain.
    pub what: serde_json::Value,
    /// Its link of the chain, where the state folder itself was read.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub hash: Option<String>,
}

/// A part of the log.
#[derive(Clone, Debug, Default, Serialize, Deserialize, schemars::JsonSchema)]
pub struct LogPart {
    /// The records, the oldest first.
    pub records: Vec<LogRecord>,
    /// Go on after this one.
    pub after: u64,
    /// There was more than fits.
    pub more: bool,
}
