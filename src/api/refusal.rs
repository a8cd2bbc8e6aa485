//! Why a request was not carried out: the body of every answer that is not a success.

use std::borrow::Cow;

use serde::{Deserialize, Serialize};

use crate::domain::ids::IncidentNo;

/// Why a request was refused.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct Refusal {
    /// A word for programs (`stale-fingerprint`).
    #[serde(default)]
    pub code: Cow<'static, str>,
    /// What was refused, and why.
    pub why: String,
    /// What to do next.
    #[serde(default)]
    pub help: String,
    /// The open incident that stands in the way: of the same systems, or with the same plan.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub already: Option<IncidentNo>,
}
