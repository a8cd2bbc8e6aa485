//! Yes or no to a proposal.

use clap::Args;

use super::context::Context;
use crate::domain::ids::IncidentNo;
use crate::domain::incident::input::Action;
use crate::error::Error;

/// Decide on a staff mode that was proposed.
#[derive(Args, Debug)]
#[command(after_help = "Examples:\n  \
    vardkase decide 14 yes --as tib\n  \
    vardkase decide 14 no --reason 'two wards only' --as tib\n  \
    vardkase decide 14 yes --proposal 2")]
pub struct DecideArgs {
    /// The incident.
    incident: IncidentNo,
    /// Yes or no.
    #[arg(value_parser = yes)]
    answer: Yes,
    /// Why; needed for a no, and on record.
    #[arg(long)]
    reason: Option<String>,
    /// Which proposal, when several are open.
    #[arg(long, value_name = "NUMBER")]
    proposal: Option<u32>,
}

impl DecideArgs {
    pub fn run(self, cx: &mut Context<'_>) -> Result<(), Error> {
        let reason = match (self.answer, self.reason) {
            (Yes(true), reason) => reason.unwrap_or_default(),
            (Yes(false), reason) => cx.need_reason(reason)?,
        };
        let (incident, proposal, yes) = (self.incident, self.proposal, self.answer.0);
        cx.act(&Action::Decide { incident, proposal, yes, reason: reason.into() })
    }
}

/// A yes or a no.
#[derive(Clone, Copy, Debug)]
struct Yes(bool);

fn yes(text: &str) -> Result<Yes, String> {
    match text.to_lowercase().as_str() {
        "yes" | "y" | "ja" | "j" => Ok(Yes(true)),
        "no" | "n" | "nej" => Ok(Yes(false)),
        _ => Err("write yes or no".into()),
    }
}
