//! What goes on record about the journal itself, and what is forgotten.

use serde::{Deserialize, Serialize};

use crate::dispatch::forgotten::BackupView;
use crate::domain::ids::{FunctionId, IncidentNo};

/// `POST /incidents/{no}/forget`.
#[derive(Clone, Debug, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct ForgetRequest {
    /// The duty that wants it.
    #[serde(rename = "as")]
    pub by: FunctionId,
    /// Why. It stands in the journal for ever.
    pub reason: String,
    /// What looks like a person's number in the reason is none.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub not_personal: bool,
}

/// What forgetting did.
#[derive(Clone, Debug, Serialize, Deserialize, schemars::JsonSchema)]
pub struct ForgetDone {
    /// It is on disk.
    pub on_record: bool,
    /// The incident whose private values are gone.
    pub incident: IncidentNo,
    /// The backups that hold them still.
    #[serde(default)]
    pub backups: Vec<BackupView>,
}
