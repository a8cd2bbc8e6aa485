//! The shift changes now.

use clap::Args;

use super::context::Context;
use crate::domain::incident::input::Action;
use crate::error::Error;

/// Hand a function over: what is open is sent anew to its holder.
#[derive(Args, Debug)]
#[command(after_help = "Examples:\n  \
    vardkase handover icu --as icu")]
pub struct HandoverArgs {
    /// The function.
    function: String,
}

impl HandoverArgs {
    pub fn run(self, cx: &mut Context<'_>) -> Result<(), Error> {
        cx.act(&Action::Handover { function: self.function.into() })
    }
}
