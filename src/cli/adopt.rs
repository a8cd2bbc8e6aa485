//! An open incident goes on with the newest configuration.

use clap::Args;

use super::context::Context;
use super::terminal::Hue;
use crate::api::calls;
use crate::domain::ids::IncidentNo;
use crate::domain::incident::input::Action;
use crate::error::Error;
use crate::words::cli as words;

/// Move an open incident to the configuration for new incidents, on record.
#[derive(Args, Debug)]
#[command(after_help = "Examples:\n  \
    vardkase adopt 14 --dry-run       what would change\n  \
    vardkase adopt 14 --as tib        after `vardkase reload`")]
pub struct AdoptArgs {
    /// The incident.
    incident: IncidentNo,
    /// Only show what would change.
    #[arg(long)]
    dry_run: bool,
}

impl AdoptArgs {
    pub fn run(self, cx: &mut Context<'_>) -> Result<(), Error> {
        if self.dry_run || !cx.json() {
            self.show(cx)?;
        }
        if self.dry_run {
            return Ok(());
        }
        cx.act(&Action::Adopt { incident: self.incident })
    }

    /// What would change, or is about to.
    fn show(&self, cx: &mut Context<'_>) -> Result<(), Error> {
        let seen = cx.call(&calls::adoption(self.incident))?;
        if cx.json() {
            cx.term.json(&seen);
            return Ok(());
        }
        let changes = seen.read()?.changes;
        let head = cx.say(if changes.is_empty() { words::NOTHING_CHANGES } else { words::CHANGES });
        cx.term.line_in(Hue::Strong, head);
        changes.iter().for_each(|line| cx.term.line(&format!("  {line}")));
        Ok(())
    }
}
