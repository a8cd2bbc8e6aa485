//! Measures; hidden from the short help.

use clap::Args;
use serde_json::json;

use super::context::Context;
use super::terminal::Hue;
use crate::bench::{self, Amount, Figure};
use crate::error::Error;

/// Measure speed and memory; figures for comparing, never a judgement.
#[derive(Args, Debug)]
#[command(after_help = "Examples:\n  \
    vardkase bench --json\n  \
    vardkase bench --quick                  a tenth of everything\n  \
    vardkase bench --only handoff-100000    one measure, in this process")]
pub struct BenchArgs {
    /// A tenth of everything.
    #[arg(long)]
    quick: bool,
    /// One measure, in this process.
    #[arg(long, value_name = "MEASURE")]
    only: Option<String>,
    /// E-mail to a mail server that runs there, and nothing else: for comparing with other programs.
    #[arg(long, value_name = "HOST:PORT", hide = true, conflicts_with = "only")]
    mail_to: Option<String>,
    /// With --mail-to: mails.
    #[arg(long, default_value_t = 20_000, hide = true, value_parser = clap::value_parser!(u32).range(1..=1_000_000))]
    mails: u32,
    /// With --mail-to: connections at the same time.
    #[arg(long, default_value_t = 10, hide = true, value_parser = clap::value_parser!(u16).range(1..=1_000))]
    connections: u16,
    /// With --mail-to: one command at a time, also where the server takes several.
    #[arg(long, hide = true)]
    sequential: bool,
}

impl BenchArgs {
    pub fn run(self, cx: &mut Context<'_>) -> Result<(), Error> {
        let again = "run it on Linux, from a build that may be started again";
        let exe = std::env::current_exe().map_err(|e| Error::other(format!("where this program lies: {e}"), again))?;
        let (amount, is_json) = (Amount { quick: self.quick }, cx.json());
        let figures = match (&self.mail_to, &self.only) {
            (Some(at), _) => {
                let help =
                    "write it as 127.0.0.1:2525; any mail server that takes everything will do, such as smtp-sink";
                let (host, port) = at.rsplit_once(':').unwrap_or((at, ""));
                let port = port.parse().map_err(|_| Error::usage(format!("“{at}” has no port"), help))?;
                let target = bench::mail::Target {
                    host: host.to_owned(),
                    port,
                    mails: self.mails,
                    connections: self.connections,
                    sequential: self.sequential,
                };
                let figures = bench::mail::to(&target).map_err(|why| Error::other(why, help))?;
                if !is_json {
                    figures.iter().for_each(|f| show(cx, f));
                }
                figures
            }
            (None, Some(name)) => {
                let names = format!("measures: {}", bench::MEASURES.join(", "));
                let figures = bench::measure(name, amount, &exe).map_err(|why| Error::other(why, names))?;
                if !is_json {
                    figures.iter().for_each(|f| show(cx, f));
                }
                figures
            }
            (None, None) => bench::all(amount, &exe, &mut |f| {
                if !is_json {
                    show(cx, f);
                }
            }),
        };
        if is_json {
            let build = if cfg!(debug_assertions) { "debug" } else { "release" };
            let cores = bench::machine::cores();
            cx.term.json(&json!({ "figures": figures, "build": build, "cores": cores, "quick": self.quick }));
        }
        Ok(())
    }
}

fn show(cx: &mut Context<'_>, figure: &Figure) {
    let value = figure.value.map_or_else(|| "–".to_owned(), number);
    let gate = figure.gate.map(|g| format!("   (gate {} {})", number(g), figure.unit)).unwrap_or_default();
    cx.term.line(&format!("{:<58} {value:>10} {}{gate}", figure.what, figure.unit));
    if !figure.note.is_empty() {
        cx.term.line_in(Hue::Faint, &format!("    {}", figure.note));
    }
}

/// As many decimals as say something.
fn number(value: f64) -> String {
    match value.abs() {
        v if v >= 100.0 || v == v.trunc() => format!("{value:.0}"),
        v if v >= 10.0 => format!("{value:.1}"),
        _ => format!("{value:.2}"),
    }
}
