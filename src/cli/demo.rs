//! Shows all of it on this machine.

use std::path::PathBuf;

use clap::Args;

use super::context::Context;
use crate::error::Error;

/// Show all of it on this machine: gateways on loopback, a disruption, who is reached over what.
#[derive(Args, Clone, Debug)]
#[command(after_help = "Examples:\n  \
    vardkase demo\n  \
    vardkase demo --once --playbook malware --level critical --json")]
pub struct DemoArgs {
    /// End after the table; 0 only if every function was reached or escalated and every text was identical.
    #[arg(long)]
    once: bool,
    /// Which playbook.
    #[arg(long, default_value = "ehr-down")]
    playbook: String,
    /// At which disruption level.
    #[arg(long, default_value = "major")]
    level: String,
    /// Another configuration; every gateway in it must be on loopback.
    #[arg(long, value_name = "DIR")]
    config: Option<PathBuf>,
    /// The public page listens there, or on the next free port.
    #[arg(long, default_value_t = 8080)]
    port: u16,
}

/// What the demo is started with.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct DemoOptions {
    /// End after the table.
    pub once: bool,
    /// Which playbook.
    pub playbook: String,
    /// At which level.
    pub level: String,
    /// Another configuration.
    pub config: Option<PathBuf>,
    /// The first port that is tried.
    pub port: u16,
    /// JSON for programs.
    pub json: bool,
}

impl DemoArgs {
    /// Gives the exit code: a demo that found a fault has not failed as a program.
    pub(super) fn run(self, cx: &mut Context<'_>) -> Result<u8, Error> {
        let Self { once, playbook, level, config, port } = self;
        let options = DemoOptions { once, playbook, level, config, port, json: cx.json() };
        // To be `crate::app::demo(options)`.
        let DemoOptions { playbook, .. } = options;
        Err(Error::other(format!("`demo` of {playbook} is not wired yet"), "use a build with the server in it"))
    }
}
