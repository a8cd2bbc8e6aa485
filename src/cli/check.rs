//! Checks a configuration, offline.

use std::path::PathBuf;

use clap::{Args, ValueEnum};

use super::context::Context;
use super::gateway;
use crate::config::{load, run_check};
use crate::error::Error;
use crate::words::cli as words;

/// Check a configuration: every mistake in one run, and by day what would hurt at night.
#[derive(Args, Debug)]
#[command(after_help = "Examples:\n  \
    vardkase check --config region/\n  \
    vardkase check --config region/ --strict --format json\n  \
    vardkase check --config region/ --online            does every gateway take our login?\n  \
    vardkase check --config region/ --proofs server     with what the running server knows of addresses\n  \
    vardkase check --config region/ --proofs proofs.json")]
pub struct CheckArgs {
    /// The folder with `channels/`, `playbooks/` and `contacts/`; the fictional region when missing.
    #[arg(long, value_name = "DIR")]
    config: Option<PathBuf>,
    /// Warnings are errors.
    #[arg(long)]
    strict: bool,
    /// Also connect to every gateway and log in; never reaches a person.
    #[arg(long)]
    online: bool,
    /// The folder of the kits: is the newest older than a week, damaged, or of another configuration?
    #[arg(long, value_name = "DIR")]
    kit: Option<PathBuf>,
    /// What proves addresses: a file of `vardkase addresses export`, or `server` to ask the running one.
    #[arg(long, value_name = "FILE")]
    proofs: Option<PathBuf>,
    /// For people, or for editors.
    #[arg(long, value_enum, default_value = "text")]
    format: Format,
}

/// How it is printed.
#[derive(Clone, Copy, PartialEq, Eq, ValueEnum, Debug)]
enum Format {
    /// For people.
    Text,
    /// For editors.
    Json,
}

impl CheckArgs {
    pub fn run(self, cx: &mut Context<'_>) -> Result<u8, Error> {
        let source = cx.source(self.config)?;
        let kit = self.kit.as_ref().and_then(|dir| super::kit::judged(dir, &source, cx.now().timestamp()));
        let proofs = self.proofs.as_deref().map(|from| super::addresses::proofs(cx, from)).transpose()?;
        let report = run_check(&source, proofs.as_ref(), self.strict).and(kit, self.strict);
        if cx.json() || self.format == Format::Json {
            cx.term.raw(&format!("{}\n", report.json()));
        } else {
            cx.term.raw(&report.text(cx.term.lang()));
        }
        if self.online && report.exit_code == 0 {
            // What is wrong by its own words is mended first: it would only fail here once more.
            let loaded =
                load(&source).map_err(|_| Error::other(cx.say(words::CONFIG_CHANGED), cx.say(words::CHECK_AGAIN)))?;
            let results = gateway::probe_all(cx.term.lang(), &loaded, |_| true)?;
            return Ok(gateway::show_probes(cx, &results));
        }
        Ok(report.exit_code)
    }
}
