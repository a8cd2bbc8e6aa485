//! How a scenario is written: one YAML file, read by the same loader as configuration. Times are those of the region's wall
//! (`2008-12-18 09:45`); names are those of the plan.

use schemars::JsonSchema;
use serde::Deserialize;

use crate::yaml::{At, Lapse, List, Name, OneOrMany, Ordered, Secs, Texts};

/// A scenario.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Form {
    /// Its name: small letters, digits and hyphens.
    pub scenario: Name,
    pub title: Texts,
    /// What it is about, in a sentence or two.
    #[serde(default)]
    pub about: Option<Texts>,
    /// Where the facts come from, by a short name.
    #[serde(default)]
    pub sources: Ordered<At<String>>,
    /// From when minutes are counted, on the wall: `2008-12-18 09:40`.
    pub from: Name,
    /// The replay ends then.
    pub until: Name,
    /// The beginning is invented: history does not tell it.
    #[serde(default)]
    pub assumed: bool,
    /// Whom the comparison with history is about.
    #[serde(default)]
    pub measure: MeasureEntry,
    /// What history did, as far as it is known. What is left out is unknown.
    #[serde(default)]
    pub history: HistoryEntry,
    /// What is known of it, with its source.
    #[serde(default)]
    pub facts: List<At<FactEntry>>,
    /// What the sources leave open.
    #[serde(default)]
    pub unknown: List<Texts>,
    /// How duties behave; `all` stands for those that are not named.
    #[serde(default)]
    pub people: Ordered<At<PersonEntry>>,
    /// What happens, in the order of time.
    pub happens: List<At<HappeningEntry>>,
    /// What must hold. A scenario that expects nothing fails.
    #[serde(default)]
    pub expect: List<At<ExpectEntry>>,
}

/// Whom the comparison with history is about: functions and groups.
#[derive(Clone, Debug, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct MeasureEntry {
    /// Owners of what failed.
    #[serde(default)]
    pub owners: OneOrMany<Name>,
    /// Care: all of them must have a text.
    #[serde(default)]
    pub wards: OneOrMany<Name>,
}

/// What history did: minutes after the beginning.
#[derive(Clone, Debug, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct HistoryEntry {
    /// The first key function was told.
    #[serde(default)]
    pub first_key_function: Option<At<KnownEntry>>,
    /// The owners were told.
    #[serde(default)]
    pub owners: Option<At<KnownEntry>>,
    /// Wards were told.
    #[serde(default)]
    pub wards: Option<At<KnownEntry>>,
    /// The public was told.
    #[serde(default)]
    pub public: Option<At<KnownEntry>>,
    /// A staff mode was set.
    #[serde(default)]
    pub mode: Option<At<KnownEntry>>,
    /// Minutes after it ran again until that was told.
    #[serde(default)]
    pub restored: Option<At<KnownEntry>>,
    /// Functions of ours that stand for those who were told then, each with its time.
    #[serde(default)]
    pub told: List<At<ToldEntry>>,
}

/// Something that history tells.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct KnownEntry {
    /// Not before: `5m`.
    #[serde(default)]
    pub earliest: Option<Lapse>,
    /// Not after; left out: it is the same, or nobody knows.
    #[serde(default)]
    pub latest: Option<Lapse>,
    /// It never happened.
    #[serde(default)]
    pub never: bool,
    /// How, or what of it is open.
    #[serde(default)]
    pub say: Option<Texts>,
    /// The source's short name.
    pub src: Name,
}

/// Who was told in history, and when.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct ToldEntry {
    /// Functions of ours.
    pub who: OneOrMany<Name>,
    /// When, at the earliest.
    pub at: Name,
    /// The source's short name.
    pub src: Name,
}

/// What kind of statement.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum FactKind {
    /// The source says so.
    #[default]
    Fact,
    /// The source judges so.
    Judgement,
    /// We conclude so.
    Inference,
}

/// A fact with its source.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct FactEntry {
    /// When, on the wall; where only the day is known, the day.
    pub at: Name,
    pub what: Texts,
    /// The source's short name.
    pub src: Name,
    #[serde(default)]
    pub kind: FactKind,
}

/// How a duty behaves. What is left out is as for `all`.
#[derive(Clone, Debug, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct PersonEntry {
    /// Answers after that long (`3m`), or `never`.
    #[serde(default)]
    pub answers: Option<Name>,
    /// Up to that much later.
    #[serde(default)]
    pub jitter: Option<Lapse>,
    /// In so many of a hundred cases nonsense comes first.
    #[serde(default)]
    pub nonsense: Option<u32>,
    /// Approves a text after that long, or says `no`, or `never` anything.
    #[serde(default)]
    pub approves: Option<Name>,
    /// Decides a mode: `yes`, `no` or `never`.
    #[serde(default)]
    pub decides: Option<Name>,
    /// Why, where it says no or stops something.
    #[serde(default)]
    pub reason: Option<Name>,
    /// Has a task done after that long, or `never`.
    #[serde(default)]
    pub does: Option<Name>,
    /// Comes to so many of a hundred conferences.
    #[serde(default)]
    pub attends: Option<u32>,
    /// Is there that long after its answer, or `never`.
    #[serde(default)]
    pub arrives: Option<Name>,
    /// Stops an intervention after that long.
    #[serde(default)]
    pub stops: Option<Secs>,
}

/// Something that happens: what is lost or regained, or what a duty does, in the terms of the command line. Exactly one of them.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct HappeningEntry {
    /// A name, so that what is expected can count from here.
    #[serde(default)]
    pub id: Option<Name>,
    /// When, on the wall.
    pub at: Name,
    /// The time is invented: history does not tell it.
    #[serde(default)]
    pub assumed: bool,
    /// What it is for whoever reads the timeline.
    #[serde(default)]
    pub say: Option<Texts>,
    /// The duty that acts.
    #[serde(default)]
    pub by: Option<Name>,
    /// Again each time so much has passed.
    #[serde(default)]
    pub every: Option<At<Secs>>,
    /// With `every`: not after that.
    #[serde(default)]
    pub until: Option<Name>,
    /// Infrastructure, gateways, systems, or a channel that nobody can read.
    #[serde(default)]
    pub lost: OneOrMany<Name>,
    /// What is there again.
    #[serde(default)]
    pub regained: OneOrMany<Name>,
    /// A disruption is reported.
    #[serde(default)]
    pub report: Option<ReportEntry>,
    /// News.
    #[serde(default)]
    pub update: Option<NewsEntry>,
    /// What was said last was wrong.
    #[serde(default)]
    pub correct: Option<NewsEntry>,
    /// It runs again.
    #[serde(default)]
    pub restored: Option<NewsEntry>,
    /// It was not over.
    #[serde(default)]
    pub relapse: Option<NewsEntry>,
    /// The owner says that data are complete.
    #[serde(default)]
    pub data_complete: bool,
    /// It is over.
    #[serde(default)]
    pub all_clear: bool,
    /// What was reported before goes on in what was reported last.
    #[serde(default)]
    pub merge: bool,
    /// There was nothing: why.
    #[serde(default)]
    pub stop: Option<Name>,
    /// A site's mode is set.
    #[serde(default)]
    pub mode: Option<ModeEntry>,
    /// Yes or no to a proposed mode: `yes`, or why not.
    #[serde(default)]
    pub decide: Option<Name>,
    /// A step begins.
    #[serde(default)]
    pub start: Option<StartEntry>,
    /// A step is done.
    #[serde(default)]
    pub done: Option<DoneEntry>,
    /// The fallback of the duty that acts failed.
    #[serde(default)]
    pub fallback_failed: bool,
}

/// Patient safety.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum SafetyWord {
    Yes,
    No,
    /// Counts as yes.
    Unknown,
}

/// What is reported.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct ReportEntry {
    pub playbook: Name,
    #[serde(default)]
    pub level: Option<Name>,
    #[serde(default)]
    pub sites: OneOrMany<Name>,
    /// Default: unknown.
    #[serde(default)]
    pub safety: Option<SafetyWord>,
    #[serde(default)]
    pub what: Option<Texts>,
    #[serde(default)]
    pub scope: Option<Texts>,
    /// Infrastructure that is down with it.
    #[serde(default)]
    pub down: OneOrMany<Name>,
    /// Since when, on the wall.
    #[serde(default)]
    pub since: Option<Name>,
    /// Expected back, on the wall.
    #[serde(default)]
    pub back: Option<Name>,
    /// The next update comes so much later.
    #[serde(default)]
    pub next: Option<Secs>,
}

/// What is new.
#[derive(Clone, Debug, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct NewsEntry {
    #[serde(default)]
    pub level: Option<Name>,
    #[serde(default)]
    pub sites: OneOrMany<Name>,
    #[serde(default)]
    pub safety: Option<SafetyWord>,
    #[serde(default)]
    pub what: Option<Texts>,
    #[serde(default)]
    pub scope: Option<Texts>,
    /// Routines to use now: all of them.
    #[serde(rename = "do", default)]
    pub routines: OneOrMany<Name>,
    #[serde(default)]
    pub known: Option<Texts>,
    #[serde(default)]
    pub unknown: Option<Texts>,
    /// News for the public.
    #[serde(default)]
    pub public: Option<Texts>,
    /// All infrastructure that is down with it now.
    #[serde(default)]
    pub down: OneOrMany<Name>,
    /// Expected back, on the wall.
    #[serde(default)]
    pub back: Option<Name>,
    /// The next update comes so much later.
    #[serde(default)]
    pub next: Option<Secs>,
}

/// A site's mode.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct ModeEntry {
    pub site: Name,
    pub mode: Name,
    pub reason: Name,
}

/// A step begins: one of the playbook's, or one that is typed.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct StartEntry {
    /// Its name in the playbook.
    #[serde(default)]
    pub rule: Option<Name>,
    /// `task`, `clock`, `intervention`, `redirection` or `conference`, when it has none.
    #[serde(default)]
    pub kind: Option<Name>,
    #[serde(default)]
    pub title: Option<Texts>,
    #[serde(default)]
    pub to: OneOrMany<Name>,
    /// Its deadline, beginning or end, so much later.
    #[serde(rename = "in", default)]
    pub within: Option<Secs>,
    /// So much between rounds of a conference.
    #[serde(default)]
    pub every: Option<Secs>,
}

/// A step is done.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct DoneEntry {
    /// Its name in the playbook, or its kind: the newest that is open.
    pub step: Name,
    #[serde(default)]
    pub reference: Option<Name>,
}

/// Something that must hold. Exactly one of the keys below `until` says what.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct ExpectEntry {
    /// What it is for whoever reads it.
    pub that: Texts,
    /// Counted from what happens under that name, or from a time on the wall. Default: the beginning.
    #[serde(default)]
    pub after: Option<Name>,
    /// At most so much later.
    #[serde(default)]
    pub within: Option<Lapse>,
    /// Looked at until then: what happens under that name, or a time on the wall. Default: the end.
    #[serde(default)]
    pub until: Option<Name>,
    /// At least this mode stands: by `within`, or all the time.
    #[serde(default)]
    pub mode: Option<Name>,
    /// With `mode`: where. Default: everywhere.
    #[serde(default)]
    pub sites: OneOrMany<Name>,
    /// These functions and groups have a text that arrived.
    #[serde(default)]
    pub told: OneOrMany<Name>,
    /// With `told`: over one of these channels.
    #[serde(default)]
    pub over: OneOrMany<Name>,
    /// Nothing over these channels, gateways or infrastructure counts as arrived.
    #[serde(default)]
    pub uncounted: OneOrMany<Name>,
    /// What texts say.
    #[serde(default)]
    pub text: Option<TextExpect>,
    /// From one update to the next it is never longer than that, and none is overdue.
    #[serde(default)]
    pub beat: Option<Secs>,
    /// `told`: the public has a text; `never`: the page says nothing.
    #[serde(default)]
    pub public: Option<Name>,
    /// It is in that stage all the time: `open`, `restored`, `closed`.
    #[serde(default)]
    pub stage: Option<Name>,
    /// These follow each other, each later than the one before: `restored`, `complete`, `closed`, or names of what happens.
    #[serde(default)]
    pub order: OneOrMany<Name>,
    /// What becomes of a step.
    #[serde(default)]
    pub step: Option<StepExpect>,
    /// A proposal of that mode was declined, and is asked again.
    #[serde(default)]
    pub asked_again: Option<Name>,
    /// A correction is attempted at everybody who was ever attempted.
    #[serde(default)]
    pub corrected: bool,
    /// The last week costs no more texts than the dearest of the first four.
    #[serde(default)]
    pub flat: bool,
    /// How many texts at most.
    #[serde(default)]
    pub few: Option<FewExpect>,
}

/// What texts say.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct TextExpect {
    /// Functions and groups, or `public`. Default: every internal text.
    #[serde(default)]
    pub to: OneOrMany<Name>,
    /// `alert`, `update`, `correction`, `restored`, `all_clear`, `mode`, `redirection`, `holding`. Default: all.
    #[serde(default)]
    pub kinds: OneOrMany<Name>,
    /// At least one text has all of these.
    #[serde(default)]
    pub has: OneOrMany<Name>,
    /// Every text has all of these.
    #[serde(default)]
    pub always: OneOrMany<Name>,
    /// No text has any of these.
    #[serde(default)]
    pub never: OneOrMany<Name>,
}

/// What becomes of a step.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct StepExpect {
    /// Its name in the playbook, or its kind.
    pub step: Name,
    /// It is open all the time.
    #[serde(default)]
    pub open: bool,
    /// It was told so often that it is late.
    #[serde(default)]
    pub late: Option<u32>,
    /// It ended: `done`, `stopped`, `over`.
    #[serde(default)]
    pub ended: Option<Name>,
    /// A conference meets each day at these times: `08:30`.
    #[serde(default)]
    pub daily: OneOrMany<Name>,
    /// So many steps of the kind run.
    #[serde(default)]
    pub count: Option<u32>,
}

/// How many texts at most a duty gets.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct FewExpect {
    /// Functions and groups. Default: everybody.
    #[serde(default)]
    pub to: OneOrMany<Name>,
    /// So many SMS of all kinds.
    pub sms: u32,
}
