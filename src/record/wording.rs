//! The frozen words of one language, as they stand in the plan.

use std::collections::BTreeMap;

use super::frozen::frozen_struct;
use super::values::NoteWord1;
use crate::domain::words;

frozen_struct! {
    /// Everything that stands in a text in one language.
    Wording1 of words::Words {
        mark: String,
        drill_prefix: String,
        kinds: Kinds1,
        labels: Labels1,
        restore_unknown: String,
        restored: String,
        all_clear: String,
        #[serde(default)]
        redirection_until: String,
        mode_stays: String,
        mode_until_decided: String,
        stopped: String,
        holding: String,
        real_not_drill: String,
        reminder: String,
        #[serde(default, skip_serializing_if = "String::is_empty")]
        repeated: String,
        answer_by_reply: String,
        answer_by_phone: String,
        you_answer_for: String,
        deadline: String,
        public: String,
        weekdays: [String; 7],
        replies: Replies1,
        notes: BTreeMap<NoteWord1, String>,
    }
    /// The first words of a text.
    Kinds1 of words::Kinds {
        alert: String,
        mode: String,
        update: String,
        correction: String,
        restored: String,
        all_clear: String,
        #[serde(default)]
        redirection: String,
        #[serde(default)]
        redirection_over: String,
    }
    /// What stands before each field.
    Labels1 of words::Labels {
        do_now: String,
        scope: String,
        since: String,
        restore: String,
        next: String,
        contact: String,
        call: String,
        known: String,
        unknown: String,
        #[serde(default)]
        redirection: String,
    }
    /// What people write back.
    Replies1 of words::Replies {
        yes: Vec<String>,
        no: Vec<String>,
        failed: Vec<String>,
        wait: Vec<String>,
        real: Vec<String>,
        report: Vec<String>,
        #[serde(default)]
        arrived: Vec<String>,
        #[serde(default)]
        done: Vec<String>,
        #[serde(default)]
        stop: Vec<String>,
    }
}
