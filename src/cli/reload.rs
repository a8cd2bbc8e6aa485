//! The server reads its configuration anew.

use clap::Args;
use serde_json::{Value, json};

use super::context::Context;
use super::terminal::Hue;
use super::words;
use crate::error::Error;

/// Take the changed configuration for new incidents, if it checks clean.
#[derive(Args, Debug)]
#[command(after_help = "Examples:\n  \
    vardkase reload --as it-duty      the server says what is wrong, and goes on with the old one")]
pub struct ReloadArgs {}

impl ReloadArgs {
    pub fn run(self, cx: &mut Context<'_>) -> Result<(), Error> {
        let acting = cx.acting()?;
        let answer = cx.api()?.post("/api/v1/reload", &json!({ "as": acting }))?;
        if cx.json() {
            cx.term.json(&answer);
            return Ok(());
        }
        cx.warn_off_record(&answer);
        let all = |key: &str| -> Vec<String> {
            let list = answer.get(key).and_then(Value::as_array).into_iter().flatten();
            list.filter_map(Value::as_str).map(str::to_owned).collect()
        };
        let changes = all("changes");
        let done = cx.say(if changes.is_empty() { words::NOTHING_CHANGED } else { words::RELOADED });
        cx.term.line_in(Hue::Good, done);
        changes.iter().for_each(|line| cx.term.line(&format!("  {line}")));
        let gateways = all("gateways");
        if !gateways.is_empty() {
            let line = format!("{} {}", cx.say(words::STARTED_ANEW), gateways.join(", "));
            cx.term.line(&line);
        }
        Ok(())
    }
}
