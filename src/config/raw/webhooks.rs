//! Programs that are told by a call what happens (`channels/webhooks.yaml`).

use schemars::JsonSchema;
use serde::Deserialize;

use crate::yaml::{List, Name, Ordered, Secret, Secs};

/// `channels/webhooks.yaml`.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Webhooks {
    /// Each by its ID.
    pub webhooks: Ordered<WebhookEntry>,
}

/// A program that is told what happens.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct WebhookEntry {
    /// Where it is called, by POST.
    pub url: Name,
    /// What calls are signed with: `whsec_` and 24 to 64 octets in Base64.
    pub secret: Secret,
    /// The secret before it, as long as the far end changes: calls are signed with both.
    #[serde(default)]
    pub secret_before: Option<Secret>,
    /// The events that it is told. Default: all that people are told.
    #[serde(default)]
    pub events: List<Name>,
    /// A CA file for TLS. Default: the machine's.
    #[serde(default)]
    pub ca_file: Option<String>,
    /// How long an answer may take. Default: 10s.
    #[serde(default)]
    pub timeout: Option<Secs>,
}
