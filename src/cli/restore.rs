//! Makes a state folder of a backup, or rehearses that.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use clap::Args;
use serde_json::json;

use super::backup::{as_json, tell};
use super::context::Context;
use super::terminal::Hue;
use crate::api::calls;
use crate::config::{Source, load};
use crate::dispatch::record::encode_keeping;
use crate::dispatch::rehearse::rehearse;
use crate::dispatch::system_record::{Rehearsal, SystemRecord};
use crate::error::{Error, Kind};
use crate::journal::{Batch, Journal, OpenOptions, backup, restore};

/// Make a state folder of a backup; or rehearse that, and put on record how it went.
///
/// The folder named by --state must be new or empty. A rehearsal restores into a scratch folder, proves the chain, carries
/// everything out again and compares the state with the running journal's; without a file it takes a backup first. Status and
/// console show its age; after 30 days it is overdue.
#[derive(Args, Debug)]
#[command(after_help = "Examples:\n  \
    vardkase restore /mnt/backup/vardkase-2026-11-22.vkb --state /var/lib/vardkase-new\n  \
    vardkase restore --rehearse                          of a backup taken now\n  \
    vardkase restore --rehearse /mnt/backup/last.vkb     of the one that you would use")]
pub struct RestoreArgs {
    /// The backup.
    #[arg(required_unless_present = "rehearse")]
    file: Option<PathBuf>,
    /// Try it in a scratch folder, compare with the journal in --state, and record date and result.
    #[arg(long)]
    rehearse: bool,
    /// A folder with the file `key`, for a backup without keys.
    #[arg(long, value_name = "DIR", conflicts_with = "rehearse")]
    key_from: Option<PathBuf>,
    /// Where the scratch folder is made; the system's own place unless given.
    #[arg(long, value_name = "DIR", requires = "rehearse")]
    scratch: Option<PathBuf>,
}

impl RestoreArgs {
    /// Gives the exit code: a rehearsal that failed has been told about and recorded.
    pub fn run(self, cx: &mut Context<'_>) -> Result<u8, Error> {
        match (self.rehearse, &self.file) {
            (true, _) => self.rehearse(cx),
            (false, Some(file)) => {
                let state = cx.global.state.clone();
                let info = restore(file, &state, self.key_from.as_deref())?;
                if cx.json() {
                    cx.term.json(&as_json(&info));
                    return Ok(0);
                }
                cx.term
                    .line_in(Hue::Good, &format!("{}: {} records restored and proved", state.display(), info.head.seq));
                tell(cx, &info);
                cx.term.line(&format!("next: vardkase serve --state {}", state.display()));
                Ok(0)
            }
            (false, None) => Err(Error::usage("the backup is missing", "vardkase restore FILE --state DIR")),
        }
    }

    fn rehearse(self, cx: &mut Context<'_>) -> Result<u8, Error> {
        let state = cx.global.state.clone();
        let scratch = Scratch::new(self.scratch.as_deref())?;
        let file = match &self.file {
            Some(file) => file.clone(),
            None => {
                let file = scratch.0.join("now.vkb");
                backup(&state, &file, true, cx.now().0)?;
                file
            }
        };
        // Only what a journal without any plan begins with, and the same for both.
        let plan = load(&Source::Shipped).map_err(|_| Error::other("the built-in region can't be read", ""))?.plan;
        let rehearsal = rehearse(&file, &state, &scratch.0.join("restored"), &Arc::new(plan));
        let recorded = record(cx, &state, &rehearsal);
        let code = if rehearsal.ok { 0 } else { Kind::Journal.exit_code() };
        if cx.json() {
            cx.term.json(&json!({ "rehearsal": rehearsal, "recorded": recorded.is_ok() }));
            return recorded.map(|()| code);
        }
        let Rehearsal { ok, what, records, backup_at, took_ms } = &rehearsal;
        let hue = if *ok { Hue::Good } else { Hue::Bad };
        cx.term.line_in(hue, &format!("{}: {what}", if *ok { "the restore works" } else { "THE RESTORE FAILED" }));
        cx.term.line(&format!("{records} records of a backup of {backup_at}, in {:.1} s", *took_ms as f64 / 1000.0));
        if !ok {
            cx.term.notice(
                "help: take a new backup and rehearse that; keep this file, and `vardkase verify` the state folder",
            );
        }
        recorded.map(|()| code)
    }
}

/// Through the server, or, when none runs, into the folder itself.
fn record(cx: &mut Context<'_>, state: &Path, rehearsal: &Rehearsal) -> Result<(), Error> {
    let Err(error) = cx.call(&calls::rehearsed(rehearsal)) else { return Ok(()) };
    if error.kind != Kind::Unreachable {
        return Err(error);
    }
    // The folder's lock tells whether a server is there after all.
    let journal = Journal::open(state, OpenOptions::default())?;
    let record = encode_keeping(cx.now(), &SystemRecord::Rehearsed(rehearsal.clone()));
    let pending = journal.submit_blocking(journal.head().seq, Batch::of(vec![record]));
    let written = pending.and_then(|p| p.wait()).map(|_| ()).map_err(|refused| Error::from(refused.error));
    journal.close();
    written
}

/// A folder that goes away again. It holds private values: its owner alone reads it.
struct Scratch(PathBuf);

impl Scratch {
    fn new(within: Option<&Path>) -> Result<Self, Error> {
        let mut name = [0; 8];
        let no = |what: String| Error::other(format!("no scratch folder: {what}"), "name a place with --scratch DIR");
        getrandom::fill(&mut name).map_err(|e| no(e.to_string()))?;
        let name = format!("vardkase-rehearsal-{:016x}", u64::from_le_bytes(name));
        let dir = within.map_or_else(std::env::temp_dir, Path::to_path_buf).join(name);
        let mut builder = std::fs::DirBuilder::new();
        #[cfg(unix)]
        std::os::unix::fs::DirBuilderExt::mode(&mut builder, 0o700);
        builder.create(&dir).map_err(|e| no(format!("{}: {e}", dir.display())))?;
        Ok(Self(dir))
    }
}

impl Drop for Scratch {
    fn drop(&mut self) {
        let _ = std::fs::remove_dir_all(&self.0);
    }
}
