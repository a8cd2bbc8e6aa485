//! Who watches this program from outside (`channels/watch.yaml`).

use schemars::JsonSchema;
use serde::Deserialize;

use crate::yaml::{Name, Secs};

/// `channels/watch.yaml`.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct WatchFile {
    /// The sign of life.
    pub heartbeat: HeartbeatEntry,
}

/// A sign of life to a watcher outside, withheld when the program is not well. One of the two, or both.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct HeartbeatEntry {
    /// How often. Default: 60s by HTTP, 1h by SMS.
    #[serde(default)]
    pub every: Option<Secs>,
    /// An address that is asked by GET; the watcher alarms when nobody asks.
    #[serde(default)]
    pub url: Option<Name>,
    /// A CA file for TLS. Default: the machine's.
    #[serde(default)]
    pub ca_file: Option<String>,
    /// A function outside whose SMS points get a short note.
    #[serde(default)]
    pub sms_to: Option<Name>,
    /// How long an answer may take. Default: 10s.
    #[serde(default)]
    pub timeout: Option<Secs>,
}
