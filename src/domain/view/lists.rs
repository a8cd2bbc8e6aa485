//! What there is to choose from: functions, playbooks, rungs, sites, routines.

use serde::{Deserialize, Serialize};

use super::{RungView, holds, id, ids, level_rung, mode_rung};
use crate::domain::ids::{FunctionId, InfraId, PlaybookId, RoutineId, SiteId, SystemId};
use crate::domain::incident::state::State;
use crate::domain::ladder::{LevelIx, ModeIx};
use crate::domain::lang::{L10n, Lang};
use crate::domain::plan::{Channel, PublicRule, Site};
use crate::domain::time::At;

/// A duty, without its addresses.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize, Debug, schemars::JsonSchema)]
pub struct FunctionView {
    /// `tib`.
    pub id: FunctionId,
    /// What it is called.
    pub title: L10n,
    pub site: SiteId,
    /// Who holds it now: itself, or who covers it outside of office hours.
    pub held_by: FunctionId,
    /// Asked beside it or after it.
    pub deputies: Vec<FunctionId>,
    /// Its answer time, in seconds.
    pub answer_within_s: u32,
    pub lang: Lang,
    /// It belongs to care.
    pub care: bool,
    /// Over what it is reached; one for each duty point.
    pub channels: Vec<Channel>,
}

/// A playbook.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize, Debug, schemars::JsonSchema)]
pub struct PlaybookView {
    /// `ehr-down`.
    pub id: PlaybookId,
    /// What it is called.
    pub title: L10n,
    /// Other words it is found by.
    pub aliases: Vec<String>,
    pub systems: Vec<SystemId>,
    /// Concerned unless the report says otherwise.
    pub sites: Vec<SiteId>,
    /// Reported at, unless the report says otherwise.
    pub level: RungView,
    pub what: L10n,
    pub scope: L10n,
    /// Routines to use now.
    pub routines: Vec<RoutineId>,
    /// What may be said to the public.
    pub public: PublicRule,
    /// Who reported can't approve.
    pub four_eyes: bool,
}

/// A disruption level.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize, Debug, schemars::JsonSchema)]
pub struct LevelView {
    /// The rung.
    pub level: RungView,
    /// `D2`.
    pub alias: String,
    /// How often an update is due, in seconds.
    pub beat_s: u32,
}

/// A staff mode.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize, Debug, schemars::JsonSchema)]
pub struct ModeView {
    /// The rung.
    pub mode: RungView,
}

/// A fallback routine.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize, Debug, schemars::JsonSchema)]
pub struct RoutineView {
    /// `paper-record`.
    pub id: RoutineId,
    pub text: L10n,
    /// Care can't wait for an approval.
    pub urgent: bool,
}

/// What forms and completions choose from.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize, Debug, schemars::JsonSchema)]
pub struct ListsView {
    /// The region's languages, the default first.
    pub languages: Vec<Lang>,
    /// The sites, the whole region among them.
    pub sites: Vec<Site>,
    /// From the mildest.
    pub levels: Vec<LevelView>,
    /// The staff modes, from normal upwards.
    pub modes: Vec<ModeView>,
    pub routines: Vec<RoutineView>,
    /// What systems and ways hang on: halls, nets, telephony.
    #[serde(default)]
    pub infra: Vec<InfraId>,
    pub playbooks: Vec<PlaybookView>,
    pub functions: Vec<FunctionView>,
}

/// The duties of the plan for new incidents.
pub fn functions(state: &State, now: At) -> Vec<FunctionView> {
    let plan = &state.plan;
    let fx = (0u32..).map(crate::domain::ids::FunctionIx);
    fx.zip(&plan.functions)
        .map(|(fx, f)| FunctionView {
            id: f.id.clone(),
            title: f.title.clone(),
            site: f.site.clone(),
            held_by: id(plan, holds(plan, fx, now)),
            deputies: ids(plan, &f.deputies),
            answer_within_s: f.answer_within_s,
            lang: f.lang,
            care: f.care,
            channels: f.points.iter().map(|p| plan.point(*p).channel).collect(),
        })
        .collect()
}

/// The playbooks of the plan for new incidents.
pub fn playbooks(state: &State) -> Vec<PlaybookView> {
    let plan = &state.plan;
    plan.playbooks
        .values()
        .map(|p| PlaybookView {
            id: p.id.clone(),
            title: p.title.clone(),
            aliases: p.aliases.clone(),
            systems: p.systems.clone(),
            sites: p.sites.clone(),
            level: level_rung(plan, p.level),
            what: p.what.clone(),
            scope: p.scope.clone(),
            routines: p.routines.clone(),
            public: p.public,
            four_eyes: p.four_eyes,
        })
        .collect()
}

/// Everything that forms choose from.
pub fn lists(state: &State, now: At) -> ListsView {
    let plan = &state.plan;
    ListsView {
        languages: plan.region.languages.clone(),
        sites: plan.region.sites.clone(),
        levels: (0u8..)
            .zip(&plan.ladders.levels)
            .map(|(i, l)| LevelView { level: level_rung(plan, LevelIx(i)), alias: l.alias.clone(), beat_s: l.beat_s })
            .collect(),
        modes: (0u8..).zip(&plan.ladders.modes).map(|(i, _)| ModeView { mode: mode_rung(plan, ModeIx(i)) }).collect(),
        routines: plan
            .routines
            .iter()
            .map(|(id, r)| RoutineView { id: id.clone(), text: r.text.clone(), urgent: r.urgent })
            .collect(),
        infra: plan.infra.iter().map(|i| i.id.clone()).collect(),
        playbooks: playbooks(state),
        functions: functions(state, now),
    }
}
