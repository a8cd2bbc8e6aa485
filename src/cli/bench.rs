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
}

impl BenchArgs {
    pub fn run(self, cx: &mut Context<'_>) -> Result<(), Error> {
        let again = "run it on Linux, from a build that may be started again";
        let exe = std::env::current_exe().map_err(|e| Error::other(format!("where this program lies: {e}"), again))?;
        let (amount, is_json) = (Amount { quick: self.quick }, cx.json());
        let figures = match &self.only {
            Some(name) => {
                let names = format!("measures: {}", bench::MEASURES.join(", "));
                let figures = bench::measure(name, amount, &exe).map_err(|why| Error::other(why, names))?;
                if !is_json {
                    figures.iter().for_each(|f| show(cx, f));
                }
                figures
            }
            None => bench::all(amount, &exe, &mut |f| {
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
