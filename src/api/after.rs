//! Reports after drills and incidents, and what came of many of them.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::domain::report::{AfterReport, Trend};
use crate::domain::time::At;

/// A report, and what must stand on each of its pages.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize, Debug, JsonSchema)]
pub struct ReportAnswer {
    pub report: AfterReport,
    /// When it was made.
    pub made_at: At,
    /// The region does not exist.
    pub fictional: bool,
    /// It comes from training.
    pub training: bool,
}

/// Drills and incidents over time.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize, Debug, JsonSchema)]
pub struct TrendsView {
    /// The newest first.
    pub rows: Vec<Trend>,
    /// Incidents that are older and not here.
    pub older: u32,
    pub region: String,
    /// The region's time zone, by its name in the IANA database.
    pub zone: String,
    pub made_at: At,
    /// The region does not exist.
    pub fictional: bool,
    /// It comes from training.
    pub training: bool,
}
