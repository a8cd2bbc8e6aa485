//! Makes a state folder of a backup, or rehearses that.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use clap::Args;
use serde_json::json;

use super::backup::{as_json, tell};
use super::context::Context;
use super::on_record::put_on_record;
use super::terminal::Hue;
use crate::api::calls;
use crate::config::{Source, load};
use crate::dispatch::forgotten::{instead, read_forgotten};
use crate::dispatch::record::{encode_system, label};
use crate::dispatch::rehearse::rehearse;
use crate::dispatch::system_record::{Forgotten, Rehearsal, SystemRecord};
use crate::error::{Error, Kind};
use crate::journal::{Batch, Head, Journal, OpenOptions, Reader, SqliteReader, backup, restore};

/// Make a state folder of a backup; or rehearse that, and put on record how it went.
///
/// The folder named by --state must be new or empty. A rehearsal restores into a scratch folder, proves the chain, carries
/// everything out again and compares the state with the running journal's; without a file it takes a backup first. Status and
/// console show its age; after 30 days it is overdue.
#[derive(Args, Debug)]
#[command(after_help = "Examples:\n  \
    vardkase restore /mnt/backup/vardkase-2026-11-22.vkb --state /var/lib/vardkase-new\n  \
    vardkase restore last.vkb --state new --forgotten-in /var/lib/vardkase-copy\n  \
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
    /// The state folder as it was, or its second copy: what was forgotten there is forgotten in the restored one too. A backup
    /// does not know what was forgotten after it was made.
    #[arg(long, value_name = "DIR", conflicts_with = "rehearse")]
    forgotten_in: Option<PathBuf>,
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
                let forgotten =
                    self.forgotten_in.as_deref().map(|dir| forget_as_in(cx, &state, dir, info.head)).transpose()?;
                if cx.json() {
                    let mut value = as_json(&info);
                    value["forgotten"] = forgotten.into();
                    cx.term.json(&value);
                    return Ok(0);
                }
                cx.term
                    .line_in(Hue::Good, &format!("{}: {} records restored and proved", state.display(), info.head.seq));
                tell(cx, &info);
                match forgotten {
                    Some(n) => cx.term.line(&format!("forgotten as before: {n} incidents")),
                    None => cx.term.line(
                        "what was forgotten after this backup was made is in it: forget it again, or restore with --forgotten-in DIR",
                    ),
                }
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
        let record = SystemRecord::Rehearsed(rehearsal.clone());
        let recorded = put_on_record(cx, &state, &calls::rehearsed(&rehearsal), &record);
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

/// Forgets in a restored folder what was forgotten in another copy of the same journal after the backup was made; on record.
fn forget_as_in(cx: &mut Context<'_>, state: &Path, other: &Path, head: Head) -> Result<usize, Error> {
    let theirs = SqliteReader::open(other)?;
    if theirs.head_at(head.seq)? != Some(head) {
        let why =
            format!("{} is not this journal as it was later: record {} is another one", other.display(), head.seq);
        return Err(Error::new(Kind::Journal, why, "name the state folder that was lost, or its second copy"));
    }
    let theirs = read_forgotten(&theirs)?;
    let journal = Journal::open(state, OpenOptions::default())?;
    let ours = read_forgotten(&*journal.reader()?)?;
    let mut batch = Batch::default();
    for (no, (at, forgotten)) in theirs.into_iter().filter(|(no, _)| !ours.contains_key(no)) {
        let reason = format!("{}: {}", instead(at), forgotten.reason);
        let again = SystemRecord::Forgotten(Forgotten { reason, ..forgotten });
        batch.records.push(encode_system(cx.now(), &again));
        batch.forget.push(label(Some(no)));
    }
    let n = batch.records.len();
    let pending = journal.submit_blocking(journal.head().seq, batch);
    let written = pending.and_then(|p| p.wait()).map_err(|refused| Error::from(refused.error));
    journal.close();
    written.map(|_| n)
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
