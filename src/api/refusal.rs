//! Why a request was not carried out: the body of every answer that is not a success (`application/problem+json`, RFC 9457).

use std::borrow::Cow;

use serde::{Deserialize, Serialize};

use crate::domain::ids::IncidentNo;

/// What the body of a refusal is called (RFC 9457, 6.1).
pub const PROBLEM_JSON: &str = "application/problem+json";

/// Why a request was refused. What servers before it did not tell is empty.
#[derive(Clone, PartialEq, Eq, Debug, Default, Serialize, Deserialize, schemars::JsonSchema)]
pub struct Refusal {
    /// The kind of refusal as a URI: `/api/v1/problems#stale-fingerprint`.
    #[serde(rename = "type", default)]
    pub kind: String,
    /// The same in a few words.
    #[serde(default)]
    pub title: String,
    /// The status of the answer.
    #[serde(default)]
    pub status: u16,
    /// What was refused, and why.
    #[serde(default)]
    pub detail: String,
    /// A word for programs (`stale-fingerprint`); it stays.
    #[serde(default)]
    pub code: Cow<'static, str>,
    /// The same as `detail`.
    pub why: String,
    /// What to do next.
    #[serde(default)]
    pub help: String,
    /// The open incident that stands in the way: of the same systems, or with the same plan.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub already: Option<IncidentNo>,
}

impl Refusal {
    /// The kind that a code is of.
    pub fn kind_of(code: &str) -> String {
        format!("{}/problems#{code}", super::ROOT)
    }

    /// A code in a few words: the same each time (RFC 9457, 3.1.3), and for programmers.
    pub fn title_of(code: &str) -> String {
        let mut words = code.replace('-', " ");
        if let Some(first) = words.get_mut(..1) {
            first.make_ascii_uppercase();
        }
        words
    }
}

/// One kind of refusal.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, schemars::JsonSchema)]
pub struct ProblemKind {
    /// As refusals name it.
    #[serde(rename = "type")]
    pub kind: String,
    pub code: &'static str,
    pub title: String,
    /// The status that it mostly comes with.
    pub status: u16,
}
