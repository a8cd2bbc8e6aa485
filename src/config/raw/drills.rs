//! Drills (`playbooks/drills.yaml`): which are held, when, and what they are to show.

use schemars::JsonSchema;
use serde::Deserialize;

use crate::yaml::{At, Lapse, List, Name, Ordered, Secs, Texts};

/// `playbooks/drills.yaml`.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Drills {
    /// Times in which no drill begins by itself.
    #[serde(default)]
    pub excluded: List<At<ExcludedEntry>>,
    /// What real incidents are to show.
    #[serde(default)]
    pub real: Option<RealEntry>,
    /// Each by its ID.
    pub drills: Ordered<DrillEntry>,
}

/// What real incidents are to show.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct RealEntry {
    /// As a drill's. An incident keeps those of the plan that it follows.
    pub objectives: List<ObjectiveEntry>,
}

/// Times in which no drill begins by itself: days, hours, or hours of days.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct ExcludedEntry {
    /// Days: "2026-12-21..2027-01-06", each year "06-20..08-15", or one alone "12-24".
    #[serde(default)]
    pub days: Option<Name>,
    /// Hours on the wall: "22:00..06:00".
    #[serde(default)]
    pub hours: Option<Name>,
    /// Holidays of contacts/organisation.yaml.
    #[serde(default)]
    pub holidays: bool,
}

/// What kind of drill.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum KindWord {
    /// Each function gets one short text and answers it.
    CommunicationTest,
    /// People at a table; no text leaves the program.
    Tabletop,
    /// As in earnest, over the gateways of the house.
    Functional,
    /// A TEST over one gateway.
    GatewayTest,
}

/// One drill.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct DrillEntry {
    /// What it is called.
    pub title: Texts,
    /// What kind.
    pub kind: At<KindWord>,
    /// The playbook that a tabletop or a functional drill plays.
    #[serde(default)]
    pub playbook: Option<Name>,
    /// The level of the report. Default: the playbook's.
    #[serde(default)]
    pub level: Option<Name>,
    /// The sites of the report. Default: the playbook's.
    #[serde(default)]
    pub sites: List<Name>,
    /// Functions and groups that a test addresses.
    #[serde(default)]
    pub to: List<Name>,
    /// The gateway that a gateway test is of.
    #[serde(default)]
    pub gateway: Option<Name>,
    /// When it begins by itself, in cron notation and local time. Without it: when somebody starts it.
    #[serde(default)]
    pub cron: Option<Name>,
    /// Who is told before. Without it: unannounced.
    #[serde(default)]
    pub announced: Option<AnnouncedEntry>,
    /// It may begin within half an hour of a change of shift.
    #[serde(default)]
    pub near_shift: bool,
    /// Times in which this one does not begin by itself, beside those of all.
    #[serde(default)]
    pub excluded: List<At<ExcludedEntry>>,
    /// What is taken away: infrastructure, gateways, systems, as in `vardkase reach --without`.
    #[serde(default)]
    pub without: List<Name>,
    /// What it is to show.
    #[serde(default)]
    pub objectives: List<ObjectiveEntry>,
    /// What a tabletop is told while it goes on, in order.
    #[serde(default)]
    pub injects: List<InjectEntry>,
    /// Who leads it, the first of all.
    pub lead: List<Name>,
    /// Who observes it.
    #[serde(default)]
    pub observers: List<Name>,
    /// It is over by itself after that time. Default: an hour for a communication test, never for others.
    #[serde(default)]
    pub lasts: Option<Secs>,
}

/// Who is told before.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct AnnouncedEntry {
    /// So long before.
    pub before: Secs,
    /// Functions and groups. Default: who leads it.
    #[serde(default)]
    pub to: List<Name>,
}

/// What a drill, or a real incident, is to show.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct ObjectiveEntry {
    /// What people are to be able to do.
    pub capability: Texts,
    /// So many of a hundred functions that are asked answer…
    pub percent: At<u8>,
    /// …within that time.
    pub within: Secs,
}

/// What a tabletop is told.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct InjectEntry {
    /// So long after the beginning.
    pub after: At<Lapse>,
    /// The words.
    pub text: Texts,
    /// To whom. Default: who leads it.
    #[serde(default)]
    pub to: List<Name>,
}
