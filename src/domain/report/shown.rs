//! A report as screens, files and programs get it. Names stand beside the IDs, so that it can be read without the plan.

use std::collections::BTreeMap;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::curve::Curve;
use super::earlier::Earlier;
use super::identical::IdenticalText;
use super::objective::ObjectiveResult;
use super::unproven::Unproven;
use super::written::Written;
use crate::domain::delivery::Cause;
use crate::domain::drills::{DrillEnd, DrillKind};
use crate::domain::ids::{FunctionId, IncidentNo, MessageNo, PlaybookId, SiteId};
use crate::domain::lang::{L10n, Lang};
use crate::domain::plan::{Audience, Channel};
use crate::domain::text::Fingerprint;
use crate::domain::time::At;

/// What an incident or a drill came to.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize, Debug, JsonSchema)]
pub struct AfterReport {
    pub no: IncidentNo,
    pub identity: Identity,
    /// What it was to show: as the drill was ordered, or as the plan that a real incident followed has it.
    pub objectives: Vec<ObjectiveResult>,
    pub totals: Totals,
    /// Functions: how many had their text handed over, delivered, and had answered, over the time since each was told.
    pub reached: Reached,
    /// The same of addresses, channel by channel; which channel an answer belongs to is not known.
    pub channels: Vec<ChannelResult>,
    /// Each function that was told, those that never answered first.
    pub functions: Vec<FunctionResult>,
    /// Addresses that took nothing of all that was sent to them, by function and channel.
    pub dead: Vec<DeadAddress>,
    /// Texts that an address could not carry whole.
    pub not_carried: Vec<NotCarried>,
    pub updates: Updates,
    pub milestones: Milestones,
    /// What happened, in order.
    pub story: Vec<StoryLine>,
    /// There was more than is kept of that.
    pub story_cut: bool,
    pub texts: Vec<SentText>,
    /// Whether each of them was handed over whole and unchanged, by language and channel.
    #[serde(default)]
    pub identical: Vec<IdenticalText>,
    /// Addresses of those who were told that were not proven when the report was made; none: not looked at.
    #[serde(default)]
    pub unproven: Option<Unproven>,
    /// Earlier ones that it is compared with, the newest first.
    #[serde(default)]
    pub earlier: Vec<Earlier>,
    /// What people wrote after it.
    #[serde(default)]
    pub written: Written,
    pub seal: RecordSeal,
    /// What functions, sites and other IDs in here are called.
    pub names: Names,
}

/// Which incident it was.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize, Debug, JsonSchema)]
pub struct Identity {
    pub title: L10n,
    pub region: String,
    /// The region's time zone, by its name in the IANA database.
    pub zone: String,
    /// The plan that it followed last, by its hash.
    pub plan: String,
    /// What kind of drill; none: it was real.
    pub drill: Option<DrillKind>,
    pub begun: At,
    /// None: it goes on.
    pub ended: Option<At>,
    /// How a drill ended.
    pub end: Option<DrillEnd>,
    /// Whether people were told of a drill before; none: not known, or it was real.
    pub announced: Option<bool>,
    /// It began in office hours.
    pub office_hours: bool,
    pub sites: Vec<SiteId>,
    pub playbook: PlaybookId,
    pub playbook_title: L10n,
    /// The disruption level, as it was last.
    pub level: L10n,
    /// What was said to have happened.
    pub scenario: L10n,
    /// Who ordered the drill, or reported.
    pub ordered_by: FunctionId,
    /// Who led the work by answering first.
    pub led_by: Option<FunctionId>,
    /// Who was to lead the drill.
    pub leads: Vec<FunctionId>,
    pub observers: Vec<FunctionId>,
    /// What a drill took away.
    pub without: Vec<String>,
    /// Into which other one it was merged.
    pub merged_into: Option<IncidentNo>,
}

/// Numbers of the whole.
#[derive(Clone, Copy, PartialEq, Eq, Serialize, Deserialize, Debug, Default, JsonSchema)]
pub struct Totals {
    /// Functions that were told.
    pub told: u32,
    /// Functions that were asked for an answer.
    pub asked: u32,
    /// Of these, for which one stands.
    pub answered: u32,
    /// Of these, so many within their own answer time.
    pub in_own_time: u32,
    /// Functions for which nobody answered.
    pub never_answered: u32,
    /// Functions for which a deputy was asked after silence or a no.
    pub deputies_asked: u32,
    /// Functions for which another than the one that was asked first answered.
    pub deputies_answered: u32,
    /// Answers that were taken back.
    pub taken_back: u32,
    /// A text at an address, counted once however often it was tried: so many were sent.
    pub attempted: u32,
    /// Of these, taken by a gateway.
    pub accepted: u32,
    /// Of these, on the device; none: no gateway of those that were used tells.
    pub delivered: Option<u32>,
    /// Of these, neither taken nor perhaps out: they failed or their time was up.
    pub failed: u32,
    /// Of these, called back before they left.
    pub withdrawn: u32,
    /// Reminders that were sent.
    pub reminders: u32,
    /// Texts that may have come twice, since nobody knew whether they had left.
    pub possible_repeats: u32,
    /// Texts that went on over another gateway.
    pub rerouted: u32,
    /// Receipts that said otherwise after a text was delivered: they change nothing.
    pub contradicted: u32,
    /// Notes beside the texts: questions, reminders to decide, the end of a drill.
    pub notes: u32,
}

/// Three curves of functions.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize, Debug, Default, JsonSchema)]
pub struct Reached {
    pub accepted: Curve,
    /// None: no gateway of those that were used tells.
    pub delivered: Option<Curve>,
    /// Of those that were asked.
    pub answered: Curve,
}

/// What came over a channel.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize, Debug, JsonSchema)]
pub struct ChannelResult {
    pub channel: Channel,
    /// Of texts at addresses.
    pub accepted: Curve,
    /// None: no gateway of those that were used tells.
    pub delivered: Option<Curve>,
    pub failed: u32,
    pub withdrawn: u32,
}

/// How a function answered.
#[derive(Clone, Copy, PartialEq, Eq, Serialize, Deserialize, Debug, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum AnsweredVia {
    Reply,
    Link,
    Console,
    Phone,
    Paper,
}

/// What came of a function.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize, Debug, JsonSchema)]
pub struct FunctionResult {
    pub function: FunctionId,
    pub told_at: At,
    /// It was asked for an answer.
    pub asked: bool,
    /// Seconds from when it was told until somebody who was asked for it had a text handed over; none: never.
    pub accepted_s: Option<u32>,
    /// The same until one was delivered; none: never, or no gateway tells.
    pub delivered_s: Option<u32>,
    /// Seconds from when it was asked until the answer.
    pub answered_s: Option<u32>,
    /// Its own answer time, in seconds.
    pub within_s: u32,
    pub by: Option<FunctionId>,
    pub via: Option<AnsweredVia>,
    /// A deputy was asked after silence or a no.
    pub deputy_asked: bool,
}

/// An address that took nothing.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, Debug, JsonSchema)]
pub struct DeadAddress {
    pub functions: Vec<FunctionId>,
    pub channel: Channel,
    /// So many texts were sent there.
    pub texts: u32,
    /// What was said last.
    pub cause: Option<Cause>,
}

/// A text that could not be carried whole.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, Debug, JsonSchema)]
pub struct NotCarried {
    pub message: MessageNo,
    pub functions: Vec<FunctionId>,
    pub channel: Channel,
    pub why: String,
}

/// Whether news came when they were promised.
#[derive(Clone, Copy, PartialEq, Eq, Serialize, Deserialize, Debug, Default, JsonSchema)]
pub struct Updates {
    /// So many came in time.
    pub in_time: u32,
    /// So many were late.
    pub late: u32,
    /// The latest of them was late by so many seconds.
    pub worst_late_s: u32,
    /// It was told so many times that one was overdue.
    pub overdue_told: u32,
}

/// When a group of functions had its text.
#[derive(Clone, Copy, PartialEq, Eq, Serialize, Deserialize, Debug, Default, JsonSchema)]
pub struct GroupReached {
    /// Functions of the group that were told.
    pub of: u32,
    /// So many had a text handed over.
    pub reached: u32,
    /// Seconds from the report until the first of them had.
    pub first_s: Option<u32>,
    /// Until the last of them had; none: not all have.
    pub all_s: Option<u32>,
}

/// Seconds from the report.
#[derive(Clone, Copy, PartialEq, Eq, Serialize, Deserialize, Debug, Default, JsonSchema)]
pub struct Milestones {
    /// Until the first function had its text handed over.
    pub first_reached_s: Option<u32>,
    /// Until the first answer.
    pub first_answer_s: Option<u32>,
    /// Those who own a system that is concerned.
    pub owners: GroupReached,
    /// Those who belong to care.
    pub wards: GroupReached,
    /// Until the public page had the first text; a drill has none.
    pub public_page_s: Option<u32>,
    /// Until the page was read back and was equal.
    pub public_proven_s: Option<u32>,
    /// Until a site's mode was raised.
    pub mode_s: Option<u32>,
}

/// Something that happened.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize, Debug, JsonSchema)]
pub struct StoryLine {
    pub at: At,
    /// What, by its name in the log; `failed`: gateways gave texts up.
    pub event: String,
    /// Whom it concerned.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub functions: Vec<FunctionId>,
    /// Whose doing it was; the program's own when none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub by: Option<FunctionId>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub message: Option<MessageNo>,
    /// A mode, a level, a step's title.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub what: Option<L10n>,
    /// So many texts.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub texts: Option<u32>,
    /// Yes or no.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub yes: Option<bool>,
}

/// A text as it was sent, in one language.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize, Debug, JsonSchema)]
pub struct SentText {
    pub message: MessageNo,
    pub audience: Audience,
    pub lang: Lang,
    pub released_at: At,
    pub fingerprint: Fingerprint,
    pub text: String,
    /// Addresses that got it in this language, by channel.
    pub sent: BTreeMap<Channel, u32>,
    /// It was stopped later.
    pub stopped: bool,
    /// On the public page it was read back and was equal, or was not; none: it does not stand there, or was not read back.
    pub page_equal: Option<bool>,
}

/// The journal as it was when the report was made.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize, Debug, Default, JsonSchema)]
pub struct RecordSeal {
    /// Number of the last record that was read.
    pub record: u64,
    /// Its hash in the chain, in hex.
    pub hash: String,
}

/// What IDs are called.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize, Debug, Default, JsonSchema)]
pub struct Names {
    pub functions: BTreeMap<FunctionId, L10n>,
    pub sites: BTreeMap<SiteId, L10n>,
}

impl AfterReport {
    /// What a function is called in a language.
    pub fn name(&self, function: &FunctionId, lang: Lang) -> String {
        let known = self.names.functions.get(function).map(|t| t.get(lang)).filter(|t| !t.is_empty());
        known.unwrap_or(function.as_str()).to_owned()
    }
    /// What functions are called, one after the other.
    pub fn names_of(&self, functions: &[FunctionId], lang: Lang) -> String {
        functions.iter().map(|f| self.name(f, lang)).collect::<Vec<_>>().join(", ")
    }
    /// What sites are called, one after the other.
    pub fn sites(&self, lang: Lang) -> String {
        let name = |s: &SiteId| self.names.sites.get(s).map_or(s.as_str(), |t| t.get(lang)).to_owned();
        self.identity.sites.iter().map(name).collect::<Vec<_>>().join(", ")
    }
    /// Whether it was a drill.
    pub fn is_drill(&self) -> bool {
        self.identity.drill.is_some()
    }
}
