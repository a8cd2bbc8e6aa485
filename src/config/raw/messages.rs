//! `playbooks/messages.yaml`: the words of each language.

use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::Deserialize;

use crate::domain::words::{NoteWord, TextWord};
use crate::yaml::{At, List, Name, OneOrMany, Ordered};

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
    /// How times are written.
    pub times: TimesEntry,
    /// Says that nobody knows when it is back; the forecast comes with the next update.
    pub not_known: Name,
    /// The same with {time} of a forecast that comes at another time.
    pub restore_unknown: Name,
    /// Says until when a redirection holds, with {text} and {time}.
    pub redirection_until: Name,
    /// Says that a mode stays, with {mode} and {why}.
    pub mode_stays: Name,
    /// Why a mode stands when no incident holds it.
    pub mode_until_decided: Name,
    /// What released a text that nobody approved.
    pub deadline: Name,
    /// Who a public text is for, in a note to its approver.
    pub public: Name,
    /// What each text is made of: parts, each of which falls out when something that it names is empty.
    #[schemars(schema_with = "texts_schema")]
    pub texts: Ordered<OneOrMany<Name>>,
    /// Begins the first real message after a drill.
    pub real_not_drill: Name,
    /// Stands before a reminder.
    pub reminder: Name,
    /// Stands before what may be there already, and goes out once more.
    pub repeated: Name,
    /// Asks for an answer by reply, with {code}.
    pub answer_by_reply: Name,
    /// Asks for an answer by telephone, with {phone} and {code}.
    pub answer_by_phone: Name,
    /// Stands before a deputy's text and says for whom it answers now, with {functions}.
    pub you_answer_for: Name,
    /// The days of the week in short, Monday first.
    pub weekdays: List<Name>,
    /// Words that no text for the public may have; `word*` begins one.
    #[serde(default)]
    pub public_avoid: List<Name>,
    /// Words that no internal text may have.
    #[serde(default)]
    pub avoid: List<Name>,
    /// What people write back.
    pub replies: RepliesEntry,
    /// Operational texts to one function, by name. In a language of the built-in region, what is left out is as there.
    #[serde(default)]
    #[schemars(schema_with = "notes_schema")]
    pub notes: Ordered<At<String>>,
}

/// Each text by its name, with what fills it.
fn texts_schema(generator: &mut SchemaGenerator) -> Schema {
    let parts = generator.subschema_for::<OneOrMany<Name>>();
    by_name(TextWord::ALL.iter().map(|t| (t.key(), [t.needs(), t.vars()].concat())), &parts)
}

/// Each note by its name, with what fills it.
fn notes_schema(_: &mut SchemaGenerator) -> Schema {
    by_name(NoteWord::ALL.iter().map(|n| (n.key(), n.vars().to_vec())), &json_schema!({ "type": "string" }))
}

fn by_name<'a>(names: impl Iterator<Item = (&'static str, Vec<&'a str>)>, value: &Schema) -> Schema {
    let properties: serde_json::Map<String, serde_json::Value> = names
        .map(|(name, vars)| {
            let mut value = value.clone();
            let vars: Vec<String> = vars.iter().map(|v| format!("{{{v}}}")).collect();
            value.insert("description".into(), format!("With {}.", vars.join(", ")).into());
            (name.to_owned(), value.to_value())
        })
        .collect();
    json_schema!({ "type": "object", "properties": properties, "additionalProperties": false })
}

/// First words of a text.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct KindsEntry {
    /// The word for the first text.
    pub alert: Name,
    /// The word for a change of mode.
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
    /// The word for the end of a redirection.
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
    /// Stands before the number for the public.
    pub call: Name,
    /// Stands before what is known.
    pub known: Name,
    /// Stands before what is not known.
    pub unknown: Name,
    /// Stands before where patients go.
    pub redirection: Name,
    /// Stands before what it means for those outside of the region.
    pub for_you: Name,
}

/// How times are written.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct TimesEntry {
    /// A time of day, with {hour} and {minute}.
    pub time: Name,
    /// A time on another day, with {weekday}, {day}, {month} and {time}.
    pub day: Name,
    /// A time of day in a text for the public, with {time}.
    pub public_time: Name,
    /// A time on another day in a text for the public.
    pub public_day: Name,
    /// The months in short, January first.
    pub months: List<Name>,
    /// The days of the week in full, Monday first.
    pub public_weekdays: List<Name>,
    /// The months in full, January first.
    pub public_months: List<Name>,
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
    /// Words for “a drill turned real”.
    pub real: List<Name>,
    /// Words that begin a report by SMS.
    pub report: List<Name>,
    /// Words for “I am there”.
    #[serde(default)]
    pub arrived: List<Name>,
    /// Words for “the step is done”.
    #[serde(default)]
    pub done: List<Name>,
    /// An intervention must not begin.
    #[serde(default)]
    pub stop: List<Name>,
    /// Words by which whoever leads a drill breaks it off.
    #[serde(default)]
    pub abort: List<Name>,
}
