//! The server reads its configuration anew.

use clap::Args;

use super::context::Context;
use super::terminal::Hue;
use crate::api::{Reloaded, calls};
use crate::domain::ids::GatewayId;
use crate::error::Error;
use crate::words::cli as words;

/// Take the changed configuration for new incidents, if it checks clean.
#[derive(Args, Debug)]
#[command(after_help = "Examples:\n  \
    vardkase reload --as it-duty      the server says what is wrong, and goes on with the old one")]
pub struct ReloadArgs {}

impl ReloadArgs {
    pub fn run(self, cx: &mut Context<'_>) -> Result<(), Error> {
        let acting = cx.acting()?;
        let answer = cx.call(&calls::reload(&acting))?;
        if cx.json() {
            cx.term.json(&answer);
            return Ok(());
        }
        let Reloaded { on_record, changes, gateways, .. } = answer.read()?;
        cx.warn_off_record(on_record);
        let done = cx.say(if changes.is_empty() { words::NOTHING_CHANGED } else { words::RELOADED });
        cx.term.line_in(Hue::Good, done);
        changes.iter().for_each(|line| cx.term.line(&format!("  {line}")));
        if !gateways.is_empty() {
            let gateways: Vec<&str> = gateways.iter().map(GatewayId::as_str).collect();
            let line = format!("{} {}", cx.say(words::STARTED_ANEW), gateways.join(", "));
            cx.term.line(&line);
        }
        Ok(())
    }
}
