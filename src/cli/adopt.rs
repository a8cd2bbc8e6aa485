//! An open incident goes on with the newest configuration.

use clap::Args;

use super::context::Context;
use crate::domain::ids::IncidentNo;
use crate::domain::incident::input::Action;
use crate::error::Error;

/// Move an open incident to the configuration for new incidents, on record.
#[derive(Args, Debug)]
#[command(after_help = "Examples:\n  \
    vardkase adopt 14 --as tib        after `vardkase reload`")]
pub struct AdoptArgs {
    /// The incident.
    incident: IncidentNo,
}

impl AdoptArgs {
    pub fn run(self, cx: &mut Context<'_>) -> Result<(), Error> {
        cx.act(&Action::Adopt { incident: self.incident })
    }
}
