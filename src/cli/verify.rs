//! Proves a journal, offline.

use clap::Args;
use serde_json::{Value, json};

use super::context::Context;
use super::terminal::Hue;
use crate::error::{Error, Kind};
use crate::journal::{Head, Report, VerifyOptions, verify};

/// Prove that the journal is whole and unchanged; says the first broken record.
#[derive(Args, Debug)]
#[command(after_help = "Examples:\n  \
    vardkase verify --state /var/lib/vardkase\n  \
    vardkase verify --state copy/ --expect 1204:9f2c…     with the head that was noted elsewhere")]
pub struct VerifyArgs {
    /// A head that was noted elsewhere: the only proof against somebody who computed a new chain.
    #[arg(long, value_name = "SEQ:HASH")]
    expect: Option<Head>,
}

impl VerifyArgs {
    /// Gives the exit code: a journal that is not whole has been told about in full.
    pub fn run(self, cx: &mut Context<'_>) -> Result<u8, Error> {
        let state = cx.global.state.clone();
        let report = verify(&state, VerifyOptions { expect: self.expect })?;
        let code = if report.is_whole() { 0 } else { Kind::Journal.exit_code() };
        if cx.json() {
            cx.term.json(&as_json(&report));
            return Ok(code);
        }
        let head = report.head.map_or_else(|| "none".to_owned(), |h| h.to_string());
        match &report.fault {
            None => cx.term.line_in(Hue::Good, &format!("{} records are proved", report.records)),
            Some(fault) => cx.term.line_in(Hue::Bad, &format!("BROKEN at {fault}")),
        }
        if report.fault.is_some() {
            cx.term.line(&format!("{} records before it are proved", report.records));
        }
        cx.term.line(&format!("head: {head}"));
        let (proved, forgotten) = (report.private_proved, report.private_forgotten);
        let without_key = report.private_without_key;
        cx.term.line(&format!("private values: {proved} proved, {forgotten} forgotten, {without_key} without a key"));
        for fault in &report.side_faults {
            cx.term.line_in(Hue::Bad, &format!("beside the chain: {fault}"));
        }
        let untold = report.side_faults_count.saturating_sub(report.side_faults.len() as u64);
        if untold > 0 {
            cx.term.line(&format!("and {untold} more beside the chain"));
        }
        if code != 0 {
            cx.term
                .notice("help: keep the folder as it is, verify its second copy, and start on the one that is whole");
        }
        Ok(code)
    }
}

fn as_json(report: &Report) -> Value {
    let fault = |f: &crate::journal::Fault| json!({ "seq": f.seq, "what": f.to_string() });
    json!({
        "whole": report.is_whole(),
        "records": report.records,
        "head": report.head.map(|h| h.to_string()),
        "fault": report.fault.as_ref().map(fault),
        "private_proved": report.private_proved,
        "private_forgotten": report.private_forgotten,
        "private_without_key": report.private_without_key,
        "side_faults": report.side_faults.iter().map(fault).collect::<Vec<_>>(),
        "side_faults_count": report.side_faults_count,
    })
}
