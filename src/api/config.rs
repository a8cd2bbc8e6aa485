//! The configuration that is read anew, and what an open incident would gain by moving to it.

use serde::{Deserialize, Serialize};

use crate::domain::ids::{FunctionId, GatewayId};
use crate::domain::time::At;

/// The body of a request that only says who acts.
#[derive(Clone, Debug, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Acting {
    /// The duty that acts.
    #[serde(rename = "as")]
    pub by: FunctionId,
}

/// What `POST /reload` took.
#[derive(Clone, Debug, Serialize, Deserialize, schemars::JsonSchema)]
pub struct Reloaded {
    /// It is on disk.
    pub on_record: bool,
    /// How many warnings `check` has.
    pub warnings: usize,
    /// What is different, a line each; empty when nothing is.
    pub changes: Vec<String>,
    /// Gateways that started, or started anew.
    pub gateways: Vec<GatewayId>,
}

/// What moving an incident to the newest configuration would change.
#[derive(Clone, Debug, Serialize, Deserialize, schemars::JsonSchema)]
pub struct Adoption {
    /// A line each; empty when the incident has the newest configuration.
    pub changes: Vec<String>,
}

/// The server's time (RULES D12).
#[derive(Clone, Copy, Debug, Serialize, Deserialize, schemars::JsonSchema)]
pub struct ClockView {
    /// What counts for deadlines and stands in records.
    pub now: At,
    /// The machine's clock is ahead by so many seconds (or behind, negative), and is not followed.
    pub off_s: Option<i64>,
}
