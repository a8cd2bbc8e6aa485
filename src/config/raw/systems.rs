//! `playbooks/systems.yaml`: IT systems and fallback routines; `channels/infrastructure.yaml`: what everything hangs on.

use schemars::JsonSchema;
use serde::Deserialize;

use crate::yaml::{At, List, Name, Need, Ordered, Secs, Texts};

/// `playbooks/systems.yaml`.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Systems {
    /// What care does without a system, by ID.
    pub routines: Ordered<RoutineEntry>,
    /// What can be disrupted, by ID.
    pub systems: Ordered<SystemEntry>,
}

/// A fallback routine.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct RoutineEntry {
    /// One or two short sentences in the words of the clinic, without the last full stop.
    pub text: Texts,
    /// The same for outside and public texts, if it may be said there.
    #[serde(default)]
    pub outside: Option<Texts>,
    /// Care can't wait for an approval.
    #[serde(default)]
    pub urgent: bool,
    /// Infrastructure and systems that it needs itself, all of them: `check` says where a playbook tells it though they are down.
    #[serde(default)]
    pub needs: List<At<Need>>,
}

/// How much a system's loss hurts.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Deserialize, JsonSchema)]
pub enum ClassWord {
    /// Care stops or patients are in danger.
    A,
    /// Care is slowed.
    B,
    /// Care goes on.
    C,
}

/// An IT system.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct SystemEntry {
    /// What people call it.
    pub title: Texts,
    /// Other words it is found by.
    #[serde(default)]
    pub aliases: List<Name>,
    /// How much its loss hurts.
    pub class: ClassWord,
    /// The function that owns it.
    pub owner: Name,
    /// Infrastructure and systems that it needs, all of them.
    #[serde(default)]
    pub needs: List<At<Need>>,
    /// What care does without it.
    pub routine: Name,
}

/// `channels/infrastructure.yaml`.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Infrastructure {
    /// What the program itself stands on.
    #[serde(default)]
    pub serve: Option<ServeEntry>,
    /// Single points of failure that are known and stay, by the infrastructure that is one.
    #[serde(default)]
    pub accepted: Ordered<AcceptedEntry>,
    /// Each piece of infrastructure by its ID.
    pub infrastructure: Ordered<InfraEntry>,
}

/// One piece of infrastructure.
#[derive(Clone, Debug, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct InfraEntry {
    /// What it hangs on: all of the list, any one of `a|b`.
    #[serde(default)]
    pub needs: List<At<Need>>,
    /// Battery: how long it holds without.
    #[serde(default)]
    pub holds: Option<Secs>,
}

/// What the program itself stands on.
#[derive(Clone, Debug, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct ServeEntry {
    /// What its machines hang on: all of the list, any one of `a|b`. Without them no gateway and no approval stands.
    #[serde(default)]
    pub needs: List<At<Need>>,
    /// What people reach its console over.
    #[serde(default)]
    pub console: List<At<Need>>,
}

/// A single point of failure that stays.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct AcceptedEntry {
    /// What its loss silences, as `vardkase reach` names it: public-page, function:tib, approval:ehr-down, playbook:ehr-down, silent.
    pub cuts: List<Name>,
    /// Why it stays.
    pub reason: Name,
}
