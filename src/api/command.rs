//! Commands, and what a report would do.

use std::borrow::Cow;

use serde::{Deserialize, Serialize};

use crate::domain::ids::{FunctionId, IncidentNo, MessageNo, PlaybookId, SiteId};
use crate::domain::incident::input::{Action, Report};
use crate::domain::view::RungView;

/// `POST /commands`.
#[derive(Clone, Debug, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct CommandRequest {
    /// The duty that acts.
    #[serde(rename = "as")]
    pub by: FunctionId,
    /// What is to be done.
    pub action: Action,
    /// What looks like a person's number in its words is none: whoever sends it has looked.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub not_personal: bool,
}

/// What a command did.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize, schemars::JsonSchema)]
pub struct CommandDone {
    /// It is on disk. When not, nothing can be written, and the incident goes on from memory.
    pub on_record: bool,
    /// The incident that it concerned.
    #[serde(default)]
    pub incident: Option<IncidentNo>,
    /// The newest message that it made or released.
    #[serde(default)]
    pub message: Option<MessageNo>,
    /// Which playbook a report took (RULES D11).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub playbook: Option<PlaybookId>,
    /// What happened, in order: the events' names in the log.
    #[serde(default)]
    pub events: Vec<Cow<'static, str>>,
}

/// `POST /dry-runs`.
#[derive(Clone, Debug, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct DryRunRequest {
    /// The duty that would report.
    #[serde(rename = "as")]
    pub by: FunctionId,
    /// What it would say.
    pub report: Report,
}

/// What a report would do.
#[derive(Clone, Debug, Serialize, Deserialize, schemars::JsonSchema)]
pub struct DryRunView {
    /// Which playbook was meant (RULES D11); none when the report is more of an open incident.
    #[serde(default)]
    pub playbook: Option<PlaybookId>,
    /// The highest mode that it raises at once.
    pub mode: RungView,
    /// The sites that it raises.
    pub sites: Vec<SiteId>,
    /// How many duties are told at once.
    pub duties: usize,
    /// How many duty points get something at once.
    pub deliveries: usize,
    /// How many texts wait for approval.
    pub waiting: usize,
}
