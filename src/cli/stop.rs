//! It no longer holds.

use clap::Args;

use super::context::Context;
use super::typed::Target;
use crate::domain::incident::input::Action;
use crate::error::Error;

/// Stop a message, or all of an incident: what has not left is withdrawn, who was told is told.
#[derive(Args, Debug)]
#[command(after_help = "Examples:\n  \
    vardkase stop 14-1 --reason 'wrong hospital' --as tib\n  \
    vardkase stop 14 --false-alarm --reason 'a test went out as an alert'")]
pub struct StopArgs {
    /// The message; all of them, when an incident is named.
    #[arg(value_name = "NUMBER")]
    target: Target,
    /// There was nothing: the text says so, and that it works as it always did. Of a whole incident.
    #[arg(long)]
    false_alarm: bool,
    /// Why; it stands in the text.
    #[arg(long)]
    reason: Option<String>,
}

impl StopArgs {
    pub fn run(self, cx: &mut Context<'_>) -> Result<(), Error> {
        let (incident, message) = self.target.parts();
        let reason = cx.need_reason(self.reason)?.into();
        cx.act(&Action::Stop { incident, message, false_alarm: self.false_alarm, reason })
    }
}
