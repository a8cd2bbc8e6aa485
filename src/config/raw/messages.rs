//! `playbooks/messages.yaml`: the words of each language.

use schemars::JsonSchema;
use serde::Deserialize;

use crate::yaml::{At, List, Name, Ordered};

/// `playbooks/messages.yaml`.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Messages {
    /// The words and templates of each language.
    pub languages: Ordered<At<WordsEntry>>,
}

/// Everything that stands in a text in one language, but what the playbook and the report say.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct WordsEntry {
    /// One word; begins and ends each unit of a drill.
    pub mark: Name,
    /// Before the number of a drill.
    pub drill_prefix: Name,
    /// First words of a text.
    pub kinds: KindsEntry,
    /// What stands before each field, without the colon.
    pub labels: LabelsEntry,
    /// With {time}.
    pub restore_unknown: Name,
    /// What a running-again text says.
    pub restored: Name,
    /// What an all clear says.
    pub all_clear: Name,
    /// With {text} and {time}.
    pub redirection_until: Name,
    /// With {mode} and {why}.
    pub mode_stays: Name,
    /// Why a mode stands when no incident holds it.
    pub mode_until_decided: Name,
    /// What released a text that nobody approved.
    pub deadline: Name,
    /// Who a public text is for, in a note to its approver.
    pub public: Name,
    /// Says that a text no longer holds, with {number}.
    pub stopped: Name,
    /// The pre-approved public text, with {time} and {call}.
    pub holding: Name,
    /// Begins the first real message after a drill.
    pub real_not_drill: Name,
    /// Begins a reminder.
    pub reminder: Name,
    /// Asks for an answer by reply, with {code}.
    pub answer_by_reply: Name,
    /// With {phone} and {code}.
    pub answer_by_phone: Name,
    /// To a deputy, with {functions}.
    pub you_answer_for: Name,
    /// Monday first, short.
    pub weekdays: List<Name>,
    /// What people write back.
    pub replies: RepliesEntry,
    /// Operational texts to one function, by name.
    pub notes: Ordered<At<String>>,
}

/// First words of a text.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct KindsEntry {
    /// The word for the first text.
    pub alert: Name,
    /// A change of mode.
    pub mode: Name,
    /// The word for an update.
    pub update: Name,
    /// The word for a correction, with {number}.
    pub correction: Name,
    /// The word for running again.
    pub restored: Name,
    /// The word for all clear.
    pub all_clear: Name,
    /// The word for a redirection.
    pub redirection: Name,
    /// They no longer do.
    pub redirection_over: Name,
}

/// What stands before each field.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct LabelsEntry {
    /// Stands before the routines.
    pub do_now: Name,
    /// Stands before who is affected.
    pub scope: Name,
    /// Stands before since when.
    pub since: Name,
    /// Stands before the expected restoration.
    pub restore: Name,
    /// Stands before the time of the next update.
    pub next: Name,
    /// Stands before the contact.
    pub contact: Name,
    /// The number for the public.
    pub call: Name,
    /// Stands before what is known.
    pub known: Name,
    /// What is not known.
    pub unknown: Name,
    /// Stands before where patients go.
    pub redirection: Name,
}

/// What people write back.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct RepliesEntry {
    /// Words for “I have it”.
    pub yes: List<Name>,
    /// Words for “I can't”.
    pub no: List<Name>,
    /// Words for “our fallback failed”.
    pub failed: List<Name>,
    /// Words that ask for more time.
    pub wait: List<Name>,
    /// A drill turned real.
    pub real: List<Name>,
    /// A report by SMS.
    pub report: List<Name>,
    /// Who answered is there.
    #[serde(default)]
    pub arrived: List<Name>,
    /// A step is done.
    #[serde(default)]
    pub done: List<Name>,
    /// An intervention must not begin.
    #[serde(default)]
    pub stop: List<Name>,
}
