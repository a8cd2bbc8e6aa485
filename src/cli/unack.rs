//! Takes an answer back.

use clap::Args;

use super::context::Context;
use crate::domain::ids::IncidentNo;
use crate::domain::incident::input::Action;
use crate::error::Error;

/// Take back an answer that was wrong: escalation goes on.
#[derive(Args, Debug)]
#[command(after_help = "Examples:\n  \
    vardkase unack 14 icu --reason 'wrong ward called' --as switchboard")]
pub struct UnackArgs {
    /// The incident.
    incident: IncidentNo,
    /// The function whose answer was wrong.
    function: String,
    /// Why; it goes on record.
    #[arg(long)]
    reason: Option<String>,
}

impl UnackArgs {
    pub fn run(self, cx: &mut Context<'_>) -> Result<(), Error> {
        let reason = cx.need_reason(self.reason)?.into();
        cx.act(&Action::Unack { incident: self.incident, function: self.function.into(), reason })
    }
}
