//! Raises or lowers a site.

use clap::Args;

use super::context::Context;
use crate::domain::incident::input::Action;
use crate::error::Error;

/// Raise or lower the staff mode of a site.
#[derive(Args, Debug)]
#[command(after_help = "Examples:\n  \
    vardkase mode FS reinforced --as tib\n  \
    vardkase mode FS normal --reason 'all wards report paper is cleared' --as tib")]
pub struct ModeArgs {
    /// The site.
    site: String,
    /// The staff mode, by its id or label (`staff`, `STABSLÄGE`).
    mode: String,
    /// Why; needed to lower, and on record.
    #[arg(long, default_value = "")]
    reason: String,
}

impl ModeArgs {
    pub fn run(self, cx: &mut Context<'_>) -> Result<(), Error> {
        let Self { site, mode, reason } = self;
        cx.act(&Action::Mode { site: site.into(), mode, reason: reason.into() })
    }
}
