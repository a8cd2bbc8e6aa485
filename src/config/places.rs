//! Where things of the plan stand in the files, for what is found after they were resolved.

use std::collections::BTreeMap;

use super::check::Avoid;
use crate::domain::ids::{DrillId, FunctionIx, PlaybookId, RoutineId, SystemId};
use crate::domain::lang::Lang;
use crate::domain::plan::{Needs, RowId};
use crate::yaml::Place;

/// What something needs that is no part of the plan: only `check` looks at it.
#[derive(Default)]
pub(super) struct Wants {
    pub infra: Needs,
    pub systems: Vec<SystemId>,
}

/// Where things of the plan stand in the files, for what `check` finds.
#[derive(Default)]
pub(super) struct Places {
    pub functions: Vec<Place>,
    pub points: Vec<Place>,
    pub gateways: Vec<Place>,
    pub infra: Vec<Place>,
    /// Of each single point that was accepted: itself, and what it cuts.
    pub accepted: Vec<(Place, Vec<Place>)>,
    pub systems: Vec<Place>,
    pub routines: BTreeMap<RoutineId, Place>,
    pub routine_wants: BTreeMap<RoutineId, Wants>,
    /// By playbook and step.
    pub step_wants: BTreeMap<(PlaybookId, String), (Place, Wants)>,
    pub levels: Vec<Place>,
    pub modes: Vec<Place>,
    pub least: Vec<Place>,
    pub playbooks: BTreeMap<PlaybookId, Place>,
    pub what: BTreeMap<PlaybookId, Place>,
    pub scope: BTreeMap<PlaybookId, Place>,
    pub public_words: BTreeMap<PlaybookId, Place>,
    pub rows: BTreeMap<(PlaybookId, RowId), Place>,
    pub answer_within: BTreeMap<(PlaybookId, RowId), Place>,
    pub approvals: BTreeMap<(PlaybookId, RowId), Place>,
    pub proposals: Vec<(Place, FunctionIx, Option<PlaybookId>)>,
    pub words: BTreeMap<Lang, Place>,
    /// Of each drill: itself, and its time.
    pub drills: BTreeMap<DrillId, (Place, Place)>,
    pub avoid: BTreeMap<Lang, Avoid>,
    /// Some notes are those of the built-in region.
    pub notes_of_the_program: bool,
    pub call: Option<Place>,
    pub organisation: Place,
    pub office_hours: Place,
    pub switchboard: Place,
}
