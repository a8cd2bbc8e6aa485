//! What is asked of one incident beside its status: its report when it is over, and what is to be better next time.

use clap::{Args, Subcommand};

use super::after::ReportOf;
use super::context::Context;
use crate::error::Error;

/// After an incident: its report, and what is to be better next time. A drill's number does too.
#[derive(Args, Debug)]
#[command(after_help = "Examples:\n  \
    vardkase incident report 14\n  \
    vardkase incident report 14 --format pdf --out report-14.pdf\n  \
    vardkase incident improve 14 --action 'A second modem' --owner it-net --due 2026-12-20 --as it-duty\n  \
    vardkase incident remark 14 --improve 'The switchboard was not told' --as it-duty\n  \
    vardkase incident feedback 14 --badly 'Two texts too many' --as ward-7")]
pub struct IncidentArgs {
    #[command(subcommand)]
    what: What,
}

#[derive(Subcommand, Debug)]
enum What {
    /// Make the report of an incident, or of a drill, from the journal.
    Report(ReportOf),
    /// Plan what is to be better, change it, or say that it is done.
    Improve(Box<super::improve::ImproveArgs>),
    /// Write what you saw, while it goes on as well.
    Remark(super::improve::RemarkArgs),
    /// Say how it went, for the function of --as.
    Feedback(super::improve::FeedbackArgs),
    /// Rate an objective by hand: it stands beside what was computed.
    Rate(super::improve::RateArgs),
}

impl IncidentArgs {
    pub fn run(self, cx: &mut Context<'_>) -> Result<(), Error> {
        match self.what {
            What::Report(of) => of.run(cx),
            What::Improve(args) => args.run(cx),
            What::Remark(args) => args.run(cx),
            What::Feedback(args) => args.run(cx),
            What::Rate(args) => args.run(cx),
        }
    }
}
