//! What is known of a disruption: the mandatory fields of every text (INCIDENTS lessons 14, 29).

use serde::{Deserialize, Serialize};

use crate::domain::ids::RoutineId;
use crate::domain::lang::L10n;
use crate::domain::time::At;

/// When it is expected back. "Unknown" needs a time for the next forecast.
#[derive(Clone, Copy, PartialEq, Eq, Serialize, Deserialize, Debug, schemars::JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Restore {
    /// Expected at that time.
    At(At),
    /// Not known; the next forecast comes then.
    Unknown { forecast: At },
}

/// Whether patients are in danger. Unknown counts as yes (lesson 14).
#[derive(Clone, Copy, PartialEq, Eq, Serialize, Deserialize, Debug, Default, schemars::JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum Safety {
    Yes,
    No,
    /// Nobody knows yet.
    #[default]
    Unknown,
}

impl Safety {
    /// Unknown counts as yes.
    pub fn counts_as_unsafe(self) -> bool {
        self != Safety::No
    }
}

/// The facts that a text is rendered from.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize, Debug)]
pub struct Facts {
    pub what: L10n,
    pub scope: L10n,
    /// Routines to use now.
    pub routines: Vec<RoutineId>,
    pub since: At,
    /// Expected back.
    pub restore: Restore,
    pub next: At,
    /// The number to call; publishable (RULES A10).
    pub contact: String,
    /// Patient safety.
    pub safety: Safety,
    /// What else is known, and what is not (lesson 42: listed apart). Empty when there is nothing to say.
    pub known: L10n,
    /// What is not known.
    pub unknown: L10n,
    /// What the public is told is new, oldest first: until a text for the public that says it has gone out.
    pub public_news: Vec<PublicNews>,
}

/// News that somebody typed for the public: nothing internal flows there by itself (RULES A12).
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize, Debug)]
pub struct PublicNews {
    /// When it was typed.
    pub at: At,
    /// In the languages in which it was typed, and in no other.
    pub said: L10n,
    /// It is what is right in place of what the public was told.
    pub right: bool,
}
