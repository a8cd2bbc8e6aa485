//! Two incidents that are one fault.

use clap::Args;

use super::context::Context;
use crate::domain::ids::IncidentNo;
use crate::domain::incident::input::Action;
use crate::error::Error;

/// Merge an incident into another: it is the same fault.
#[derive(Args, Debug)]
#[command(after_help = "Examples:\n  \
    vardkase merge 15 --into 14 --as tib")]
pub struct MergeArgs {
    /// The incident that ends.
    incident: IncidentNo,
    /// The incident that goes on.
    #[arg(long, value_name = "INCIDENT")]
    into: IncidentNo,
}

impl MergeArgs {
    pub fn run(self, cx: &mut Context<'_>) -> Result<(), Error> {
        cx.act(&Action::Merge { incident: self.incident, into: self.into })
    }
}
