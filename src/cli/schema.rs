//! JSON Schema of a configuration file, of a scenario, and of what `reach` and `replay` print, and the description of the API.

use clap::Args;
use serde_json::json;

use super::context::Context;
use crate::api::ReachAnswer;
use crate::config::schema;
use crate::error::Error;
use crate::replay::{Form, Outcome};
use crate::web::openapi::description;
use crate::words::cli as words;
use crate::yaml::diagnostics::nearest;

/// The name of the API's description.
const API: &str = "api";

/// The name of the schema of what `vardkase reach --json` prints.
const REACH: &str = "reach";

/// The name of the schema of a scenario's file.
const SCENARIO: &str = "scenario";

/// The name of the schema of what `vardkase replay --json` prints.
const REPLAY: &str = "replay";

/// All that there is.
fn names() -> impl Iterator<Item = &'static str> {
    schema::names().chain([SCENARIO, API, REACH, REPLAY])
}

/// Print the JSON Schema of a configuration file, for editors; without a name, list them.
#[derive(Args, Debug)]
#[command(after_help = "Examples:\n  \
    vardkase schema playbook > playbook.schema.json\n  \
    vardkase schema api > openapi.json\n  \
    vardkase schema reach > reach.schema.json\n  \
    vardkase schema scenario > scenario.schema.json\n  \
    vardkase schema")]
pub struct SchemaArgs {
    /// Which file: `playbook`, `functions`, …
    name: Option<String>,
}

impl SchemaArgs {
    pub fn run(self, cx: &mut Context<'_>) -> Result<(), Error> {
        let Some(name) = self.name else {
            if cx.json() {
                cx.term.json(&json!(names().collect::<Vec<_>>()));
            } else {
                names().for_each(|name| cx.term.line(name));
            }
            return Ok(());
        };
        let lang = cx.term.lang();
        let found = match name.as_str() {
            API => Some(description()),
            REACH => Some(schemars::schema_for!(ReachAnswer).to_value()),
            SCENARIO => Some(schemars::schema_for!(Form).to_value()),
            REPLAY => Some(schemars::schema_for!(Outcome).to_value()),
            name => schema::schema(name),
        };
        let found = found.ok_or_else(|| {
            let help = match nearest(&name, names()) {
                Some(near) => words::did_you_mean(lang, near),
                None => words::there_are(lang, names().collect::<Vec<_>>().join(", ")),
            };
            Error::usage(words::no_schema(lang, &name), help).coded("unknown-schema")
        })?;
        let text = serde_json::to_string_pretty(&found).unwrap_or_default();
        cx.term.raw(&format!("{text}\n"));
        Ok(())
    }
}
