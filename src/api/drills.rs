//! Drills: those that are planned, those that go on, those that ended; and what one does when it begins.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::domain::drills::{DrillKind, Fate, Objective, PastDrill};
use crate::domain::ids::{DrillId, FunctionId, SiteId};
use crate::domain::lang::L10n;
use crate::domain::time::At;
use crate::domain::view::{GatewayTested, RunningDrill};

/// All drills.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize, Debug, JsonSchema)]
pub struct DrillsView {
    /// Of `playbooks/drills.yaml`, in its order.
    pub planned: Vec<PlannedView>,
    /// Those that go on, the newest first.
    pub running: Vec<RunningDrill>,
    /// Those that ended, the newest first.
    pub past: Vec<PastDrill>,
}

/// A drill that is planned.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize, Debug, JsonSchema)]
pub struct PlannedView {
    pub id: DrillId,
    pub title: L10n,
    pub kind: DrillKind,
    /// People are told before.
    pub announced: bool,
    /// When it begins by itself; none: when somebody starts it.
    pub next: Option<At>,
    /// Who leads it.
    pub leads: Vec<FunctionId>,
    /// What is taken away.
    pub without: Vec<String>,
    pub objectives: Vec<Objective>,
    /// The last moment at which it was planned.
    pub last: Option<MomentView>,
    /// Of a test of one gateway: what the newest came to. It has no number and no texts of its own, so that this is its report.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub tested: Option<GatewayTested>,
}

/// A moment at which a drill was planned, and what became of it.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize, Debug, JsonSchema)]
pub struct MomentView {
    pub planned: At,
    pub fate: Fate,
}

/// A drill that somebody starts: one that is planned, or one that is made up.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize, Debug, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct DrillRequest {
    /// The duty that acts.
    pub by: FunctionId,
    /// Which of those that are planned.
    #[serde(default)]
    pub drill: Option<DrillId>,
    /// Else the playbook that is played.
    #[serde(default)]
    pub playbook: Option<String>,
    #[serde(default)]
    pub level: Option<String>,
    #[serde(default)]
    pub sites: Vec<SiteId>,
    /// At a table: no text leaves the program.
    #[serde(default)]
    pub tabletop: bool,
    /// What is taken away, beside what is planned so.
    #[serde(default)]
    pub without: Vec<String>,
    /// It is meant, though this duty has begun several of late.
    #[serde(default)]
    pub confirmed: bool,
}
