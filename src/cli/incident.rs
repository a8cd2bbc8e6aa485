//! What is asked of one incident beside its status: its report when it is over.

use clap::{Args, Subcommand};

use super::after::ReportOf;
use super::context::Context;
use crate::error::Error;

/// The report after an incident: figures, curves, what happened, the texts as they were sent. A drill's number does too.
#[derive(Args, Debug)]
#[command(after_help = "Examples:\n  \
    vardkase incident report 14\n  \
    vardkase incident report 14 --format pdf --out report-14.pdf")]
pub struct IncidentArgs {
    #[command(subcommand)]
    what: What,
}

#[derive(Subcommand, Debug)]
enum What {
    /// Make the report of an incident, or of a drill, from the journal.
    Report(ReportOf),
}

impl IncidentArgs {
    pub fn run(self, cx: &mut Context<'_>) -> Result<(), Error> {
        let What::Report(of) = self.what;
        of.run(cx)
    }
}
