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
use crate::domain::lang::Lang;
use crate::error::{Error, Kind};
use crate::journal::{Batch, Head, Journal, OpenOptions, Reader, SqliteReader, backup, restore};
use crate::private_files::Scratch;
use crate::words::cli as words;

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
                let lang = cx.term.lang();
                cx.term.line_in(Hue::Good, &words::restored_records(lang, info.head.seq, state.display()));
                tell(cx, &info);
                match forgotten {
                    Some(n) => cx.term.line(&words::forgotten_again(lang, n)),
                    None => cx.term.line(words::FORGOTTEN_IN_IT.say(lang)),
                }
                cx.term.line(&words::next_serve(lang, state.display()));
                Ok(0)
            }
            (false, None) => Err(Error::usage(cx.say(words::NO_BACKUP), "vardkase restore FILE --state DIR")),
        }
    }

    fn rehearse(self, cx: &mut Context<'_>) -> Result<u8, Error> {
        let state = cx.global.state.clone();
        let scratch = scratch(self.scratch.as_deref(), cx.term.lang())?;
        let file = match &self.file {
            Some(file) => file.clone(),
            None => {
                let file = scratch.path().join("now.vkb");
                backup(&state, &file, true, cx.now().0)?;
                file
            }
        };
        // Only what a journal without any plan begins with, and the same for both.
        let plan = load(&Source::Shipped).map_err(|_| Error::other("the built-in region can't be read", ""))?.plan;
        let rehearsal = rehearse(&file, &state, &scratch.path().join("restored"), &Arc::new(plan));
        let record = SystemRecord::Rehearsed(rehearsal.clone());
        let recorded = put_on_record(cx, &state, &calls::rehearsed(&rehearsal), &record);
        let code = if rehearsal.ok { 0 } else { Kind::Journal.exit_code() };
        if cx.json() {
            cx.term.json(&json!({ "rehearsal": rehearsal, "recorded": recorded.is_ok() }));
            return recorded.map(|()| code);
        }
        let Rehearsal { ok, what, records, backup_at, took_ms } = &rehearsal;
        let hue = if *ok { Hue::Good } else { Hue::Bad };
        let lang = cx.term.lang();
        let said = if *ok { words::restore_works(lang, what) } else { words::restore_failed(lang, what) };
        cx.term.line_in(hue, &said);
        let seconds = format!("{:.1}", *took_ms as f64 / 1000.0);
        cx.term.line(&words::restore_took(lang, records, backup_at, seconds));
        if !ok {
            cx.term.help(words::RESTORE_KEEP.say(lang));
        }
        recorded.map(|()| code)
    }
}

/// Forgets in a restored folder what was forgotten in another copy of the same journal after the backup was made; on record.
fn forget_as_in(cx: &mut Context<'_>, state: &Path, other: &Path, head: Head) -> Result<usize, Error> {
    let theirs = SqliteReader::open(other)?;
    if theirs.head_at(head.seq)? != Some(head) {
        let why = words::not_later(cx.term.lang(), other.display(), head.seq);
        return Err(Error::new(Kind::Journal, why, cx.say(words::NAME_LOST)));
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
fn scratch(within: Option<&Path>, lang: Lang) -> Result<Scratch, Error> {
    let dir = within.map_or_else(std::env::temp_dir, Path::to_path_buf);
    let no = |e: std::io::Error| {
        Error::other(words::no_scratch(lang, format!("{}: {e}", dir.display())), words::NAME_SCRATCH.say(lang))
    };
    Scratch::new(&dir, "vardkase-rehearsal-").map_err(no)
}
