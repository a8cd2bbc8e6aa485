//! `playbooks/readiness.yaml`: the two ladders and what levels raise.

use schemars::JsonSchema;
use serde::Deserialize;

use super::systems::ClassWord;
use crate::yaml::{At, Lapse, List, Name, OneOrMany, Ordered, Secs, Texts};

/// `playbooks/readiness.yaml`.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Readiness {
    /// Disruption levels, from the mildest up.
    pub levels: Ordered<LevelEntry>,
    /// Staff modes, from normal up.
    pub modes: Ordered<ModeEntry>,
    /// The least mode, and what is proposed, by level and class. A playbook may only raise it.
    pub least: List<At<LeastEntry>>,
}

/// Whether deputies are asked at the same time.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum DeputiesWord {
    /// At once, side by side.
    Beside,
    /// After each missed deadline.
    After,
}

/// A disruption level.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct LevelEntry {
    /// Its short name: D2.
    pub alias: Name,
    /// What people read.
    pub label: Texts,
    /// How often an update is due.
    pub beat: Secs,
    /// When deputies are asked. Default: after.
    #[serde(default)]
    pub deputies: Option<DeputiesWord>,
    /// Care functions get the first text without approval.
    #[serde(default)]
    pub care_at_once: bool,
}

/// A staff mode.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct ModeEntry {
    /// As it stands in texts.
    pub label: Texts,
    /// What happens in it.
    #[serde(default)]
    pub line: Option<Texts>,
    /// Says that it ended.
    #[serde(default)]
    pub ended: Option<Texts>,
    /// Functions or groups that are told when a site comes into this mode.
    #[serde(default)]
    pub tell: List<Name>,
    /// Who may raise to it and lower from it.
    #[serde(default)]
    pub rights: List<RightEntry>,
}

/// Who may raise to a mode and lower from it.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct RightEntry {
    /// At these sites only. Default: everywhere.
    #[serde(default)]
    pub sites: List<Name>,
    /// These may raise. Left out: any duty.
    #[serde(default)]
    pub raise_by: Option<List<Name>>,
    /// These may lower.
    #[serde(default)]
    pub lower_by: List<Name>,
    /// A deputy may decide when its function has not answered for that long.
    pub deputy_after: Lapse,
}

/// What a level means for systems of a class.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct LeastEntry {
    /// From this level up.
    pub level: Name,
    /// For systems of these classes.
    pub class: OneOrMany<ClassWord>,
    /// Raised at once. Default: normal.
    #[serde(default)]
    pub mode: Option<Name>,
    /// Proposed, in this order.
    #[serde(default)]
    pub propose: List<ProposeEntry>,
    /// Only where patient safety is yes or unknown. Default: always.
    #[serde(default)]
    pub if_unsafe: bool,
}

/// A mode that somebody must decide on.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct ProposeEntry {
    /// The mode that is proposed.
    pub mode: Name,
    /// The function that decides.
    pub decides: Name,
    /// Asked again, with the deputies beside, after that.
    pub within: At<Secs>,
}
