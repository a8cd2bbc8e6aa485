//! A playbook, one a file.

use schemars::JsonSchema;
use serde::Deserialize;

use super::readiness::{DeputiesWord, ProposeEntry};
use super::steps::{ClockEntry, StepEntry};
use crate::yaml::{At, Lapse, List, Name, Night, NoneOr, OneOrMany, Ordered, Secs, Texts};

/// `playbooks/NAME.yaml`.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Playbook {
    /// Its ID; the file has the same name.
    pub playbook: Name,
    /// What it is called.
    pub title: Texts,
    /// Other words it is found by.
    #[serde(default)]
    pub aliases: List<Name>,
    /// IT systems that are down.
    #[serde(default)]
    pub systems: List<Name>,
    /// Infrastructure that is down.
    #[serde(default)]
    pub infrastructure: List<Name>,
    /// Sites concerned unless the report says otherwise. Default: all of the region.
    #[serde(default)]
    pub sites: List<Name>,
    /// What the texts say.
    pub message: Message,
    /// Reported at this level unless the report says otherwise.
    pub level: Name,
    /// What each level brings; a level includes those below it.
    pub levels: Ordered<LevelEntry>,
    /// When updates are due.
    #[serde(default)]
    pub updates: Option<Updates>,
    /// What may be said to the public.
    #[serde(default)]
    pub public: PublicWord,
    /// What the public reads. A playbook that may publish has it.
    #[serde(default)]
    pub public_text: Option<PublicText>,
    /// What it means for other providers and municipalities.
    #[serde(default)]
    pub outside: Option<OutsideEntry>,
    /// Who reported can't approve.
    #[serde(default)]
    pub four_eyes: bool,
    /// What must be done beside telling, by name.
    #[serde(default)]
    pub steps: Ordered<At<StepEntry>>,
    /// Clocks of the authorities, counted from the report.
    #[serde(default)]
    pub clocks: List<ClockEntry>,
    /// What must happen; run by `check`.
    #[serde(default)]
    pub tests: List<At<TestEntry>>,
}

/// What the texts say.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Message {
    /// What happened, in few words: it stands on a pager's first page.
    pub what: Texts,
    /// Who is affected.
    pub scope: Texts,
    /// Fallback routines to use now.
    #[serde(rename = "do", default)]
    pub routines: List<Name>,
    /// Says that it runs again.
    #[serde(default)]
    pub up: Option<Texts>,
    /// What to go on with until all clear.
    #[serde(default)]
    pub keep: Option<Texts>,
    /// Says that it is as it always was: all clear, and false alarm.
    #[serde(default)]
    pub well: Option<Texts>,
    /// What to do after the all clear.
    #[serde(default)]
    pub after: Option<Texts>,
}

/// What it means for other providers and municipalities, by phase.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct OutsideEntry {
    /// While it goes on.
    pub open: Texts,
    /// When it runs again.
    #[serde(default)]
    pub restored: Option<Texts>,
    /// When it is over.
    #[serde(default)]
    pub closed: Option<Texts>,
}

/// What the public reads: whole sentences, but for heading, up and well, whose full stop is put by the program.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct PublicText {
    /// What happened, in at most 60 characters.
    pub heading: Texts,
    /// Where.
    #[serde(rename = "where")]
    pub place: Texts,
    /// What it means for the reader.
    pub means: Texts,
    /// What the reader is to do.
    #[serde(rename = "do")]
    pub todo: Texts,
    /// What works in spite of it.
    #[serde(default)]
    pub works: Option<Texts>,
    /// Systems that works is about: when one of them is hit too, it is not said.
    #[serde(default)]
    pub works_needs: List<Name>,
    /// Says that it runs again.
    pub up: Texts,
    /// What still holds then.
    pub still: Texts,
    /// Says that it is over.
    pub well: Texts,
    /// What to do then.
    pub after: Texts,
}

/// What one level brings.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct LevelEntry {
    /// The mode raised at once.
    #[serde(default)]
    pub staff_mode: Option<Name>,
    /// Modes proposed, in this order.
    #[serde(default)]
    pub propose: List<ProposeEntry>,
    /// Who is told, and how.
    #[serde(default)]
    pub notify: List<At<Row>>,
}

/// For whom a text is.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum AudienceWord {
    /// Key functions of the region.
    Internal,
    /// Everybody, on the public page.
    Public,
    /// Other providers and municipalities.
    Outside,
}

/// A kind of gateway.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum ChannelWord {
    /// Text to a telephone.
    Sms,
    /// Mail to a functional mailbox.
    Email,
    /// A sheet in a ward.
    Fax,
    /// A pager.
    Paging,
    /// The public page.
    Web,
    /// People walk.
    Manual,
}

/// Whether an answer is wanted.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum AnswerWord {
    /// Not asked for.
    None,
    /// Asked for; silence escalates to nobody.
    Wanted,
    /// Silence escalates.
    Required,
}

/// One row of `notify`.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Row {
    /// Functions and groups, or `public`.
    pub to: OneOrMany<Name>,
    /// For whom the text is. Default: internal, or public.
    #[serde(default)]
    pub audience: Option<AudienceWord>,
    /// Over what, all at once.
    pub channels: List<At<ChannelWord>>,
    /// Who must approve first, or none.
    pub approval: NoneOr<Approval>,
    /// Whether an answer is wanted. Default: by the kind of message.
    #[serde(default)]
    pub answer: Option<At<AnswerWord>>,
    /// May only shorten a function's own answer time.
    #[serde(default)]
    pub answer_within: Option<At<Secs>>,
    /// When deputies are asked. Default: by the level.
    #[serde(default)]
    pub deputies: Option<DeputiesWord>,
    /// At night. Default: page.
    #[serde(default)]
    pub night: Option<Night>,
    /// So many of those who are asked for one function must answer. Default: as many as the function itself asks for.
    #[serde(default)]
    pub answers: Option<At<u32>>,
    /// Whoever answers is there by then, and says so.
    #[serde(default)]
    pub arrive_within: Option<At<Secs>>,
    /// Only where patient safety is yes or unknown. Default: always.
    #[serde(default)]
    pub if_unsafe: bool,
}

/// What happens when the time is up.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum ThenWord {
    /// The text goes out.
    Release,
    /// The deputies are asked, then the last resort.
    Escalate,
    /// A standing alarm, and the question again.
    Hold,
}

/// Who must approve.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Approval {
    /// The function that must approve.
    pub by: Name,
    /// How long it has for that.
    pub within: Secs,
    /// What happens when it is silent.
    pub then: At<ThenWord>,
    /// What when the last of the chain is silent: release or hold. Default: hold.
    #[serde(default)]
    pub finally: Option<At<ThenWord>>,
}

/// When updates are due.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Updates {
    /// The beat. Default: the level's.
    #[serde(default)]
    pub every: Option<Secs>,
    /// When one is overdue.
    #[serde(default)]
    pub overdue: Option<Overdue>,
}

/// When an update is overdue.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Overdue {
    /// Who is told.
    pub tell: Name,
}

/// What may be said to the public.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum PublicWord {
    /// Nothing goes to the public by itself.
    Never,
    /// The holding text at once; the rest after approval.
    Holding,
    /// What was approved, and the holding text when the time is up.
    #[default]
    Approved,
}

/// A report and what must follow.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct TestEntry {
    /// What is reported.
    pub report: TestReport,
    /// What must follow.
    pub expect: List<At<TestExpect>>,
}

/// Patient safety, as reported.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum SafetyWord {
    /// Patients are in danger.
    Yes,
    /// Patients are not in danger.
    No,
    /// Counts as yes.
    #[default]
    Unknown,
}

/// What a test reports.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct TestReport {
    /// The level of the report. Default: the playbook's.
    #[serde(default)]
    pub level: Option<Name>,
    /// When, with the zone's offset: "2008-12-18T09:45:00+01:00".
    pub at: Name,
    /// The sites of the report. Default: the playbook's.
    #[serde(default)]
    pub sites: List<Name>,
    /// Whether patients are in danger. Default: unknown.
    #[serde(default)]
    pub safety: SafetyWord,
    /// It is reported as a drill.
    #[serde(default)]
    pub exercise: bool,
}

/// What a delivery waits for.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum AfterWord {
    /// It must not go before it was approved.
    Approval,
    /// It must not go before the function's time is up.
    Escalation,
    /// It must not go before the night is over.
    Night,
}

/// What must follow.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct TestExpect {
    /// A function, or `public`.
    pub to: Name,
    /// Over which channel.
    pub over: At<ChannelWord>,
    /// So long after the report (or after what it waits for).
    #[serde(default)]
    pub within: Option<Lapse>,
    /// What it waits for.
    #[serde(default)]
    pub after: Option<AfterWord>,
    /// It must not go at all.
    #[serde(default)]
    pub never: bool,
}
