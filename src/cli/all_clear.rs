//! It is over.

use clap::Args;

use super::context::Context;
use crate::domain::ids::IncidentNo;
use crate::domain::incident::input::Action;
use crate::error::Error;

/// Give the all clear: the incident closes, the staff mode stays until somebody lowers it.
#[derive(Args, Debug)]
#[command(after_help = "Examples:\n  \
    vardkase all-clear 14 --as tib\n  \
    vardkase all-clear 14 --override 'owner is on a train' --as tib")]
pub struct AllClearArgs {
    /// The incident.
    incident: IncidentNo,
    /// Without the owner's word that data are complete: why. It goes on record.
    #[arg(long = "override", value_name = "REASON")]
    override_reason: Option<String>,
}

impl AllClearArgs {
    pub fn run(self, cx: &mut Context<'_>) -> Result<(), Error> {
        let override_reason = self.override_reason.map(Into::into);
        cx.act(&Action::AllClear { incident: self.incident, override_reason })
    }
}
