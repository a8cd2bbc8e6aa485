//! Measures; hidden from the short help.

use clap::Args;

use super::context::Context;
use crate::error::Error;

/// Measure speed and memory; figures for comparing, never a judgement.
#[derive(Args, Debug)]
#[command(after_help = "Examples:\n  \
    vardkase bench --json")]
pub struct BenchArgs {}

impl BenchArgs {
    pub fn run(self, _cx: &mut Context<'_>) -> Result<(), Error> {
        Err(Error::other("`bench` is not wired yet", "measure with another build"))
    }
}
