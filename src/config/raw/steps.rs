//! What must be done beside telling: `steps:` and `clocks:` of a playbook.

use schemars::JsonSchema;
use serde::Deserialize;

use crate::yaml::{At, List, Name, Need, OneOrMany, Secs, Span, Texts};

/// When a step begins.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum StartsWord {
    /// As soon as its level holds.
    AtOnce,
    /// When somebody says so.
    WhenAsked,
}

/// A step: exactly one of `task`, `clock`, `intervention`, `redirection`, `conference` says what it is about.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct StepEntry {
    /// Somebody must do this and say that it is done.
    #[serde(default)]
    pub task: Option<Texts>,
    /// An authority wants this in time; it ends with a reference.
    #[serde(default)]
    pub clock: Option<Texts>,
    /// Something that care may be using is taken over; announced, and stopped by any of those concerned.
    #[serde(default)]
    pub intervention: Option<Texts>,
    /// Patients go elsewhere.
    #[serde(default)]
    pub redirection: Option<Texts>,
    /// A recurring meeting.
    #[serde(default)]
    pub conference: Option<Texts>,
    /// Of a redirection: what holds when it is over.
    #[serde(default)]
    pub over: Option<Texts>,
    /// Of a redirection: whom it concerns.
    #[serde(rename = "for", default)]
    pub concerns: Option<Texts>,
    /// The function that sees to it.
    pub owner: Name,
    /// Whom it concerns: told of an intervention, told of a redirection besides those who know, called to a conference.
    #[serde(default)]
    pub to: OneOrMany<Name>,
    /// The deadline of a task or a clock; how long before it begins an intervention is announced; how long a redirection holds.
    #[serde(default)]
    pub within: Option<At<Span>>,
    /// How long an intervention may take. Default: 2h.
    #[serde(default)]
    pub lasts: Option<Secs>,
    /// How often a conference meets: a span (60m), or times of day ("08:30").
    #[serde(default)]
    pub every: OneOrMany<Name>,
    /// Infrastructure and systems that it needs itself: `check` says where they are down.
    #[serde(default)]
    pub needs: List<At<Need>>,
    /// From which level on. Default: the mildest of the playbook.
    #[serde(default)]
    pub from: Option<Name>,
    /// When it begins. Default: tasks, clocks and conferences at once, the others when asked.
    #[serde(default)]
    pub starts: Option<At<StartsWord>>,
}

/// A clock of an authority.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct ClockEntry {
    /// What is due.
    pub title: Texts,
    /// When, counted from the report: 24h, 72h, 1mo.
    pub within: Span,
    /// Who sees to it.
    pub owner: Name,
}
