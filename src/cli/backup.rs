//! Writes a backup.

use std::path::PathBuf;

use clap::Args;
use serde_json::{Value, json};

use super::context::Context;
use super::on_record::put_on_record;
use super::terminal::Hue;
use crate::api::calls;
use crate::dispatch::beside::{MissingPlan, missing_plans};
use crate::dispatch::system_record::{BackedUp, SystemRecord};
use crate::domain::time::At;
use crate::error::{Error, Kind};
use crate::journal::{BackupInfo, Head, SqliteReader, backup};
use crate::words::cli as words;

/// Write the whole journal, and the keys that go with it, into one file; also while the server runs.
///
/// The file is readable by its owner alone, and is read back and proved before it gets its name. That it was written goes on
/// record, with its name: `vardkase forget` names the backups that hold what it forgets. Whoever has it with its keys
/// reads every private value; without them it proves what happened, and is carried on only with the key file beside it.
#[derive(Args, Debug)]
#[command(after_help = "Examples:\n  \
    vardkase backup /mnt/backup/vardkase-2026-11-22.vkb\n  \
    vardkase backup --without-keys evidence.vkb     keep the file `key` elsewhere")]
pub struct BackupArgs {
    /// The file to write; it must not exist.
    file: PathBuf,
    /// Leave the keys out: private values then can't be read from the file.
    #[arg(long)]
    without_keys: bool,
}

impl BackupArgs {
    pub fn run(self, cx: &mut Context<'_>) -> Result<(), Error> {
        let state = cx.global.state.clone();
        if let Some(MissingPlan { seq, plan }) = missing_plans(&SqliteReader::open(&state)?)?.first() {
            let why = words::backup_not_whole(cx.term.lang(), seq, plan);
            return Err(Error::new(Kind::Journal, why, cx.say(words::VERIFY_KEEP)));
        }
        let info = backup(&state, &self.file, !self.without_keys, cx.now().0)?;
        // The journal knows its backups: whoever has something forgotten is told which of them hold it still.
        let file = std::path::absolute(&self.file).unwrap_or(self.file.clone()).display().to_string();
        let (Head { seq, hash }, made_at) = (info.head, At(info.made_at_ms));
        let backup = BackedUp { file, seq, hash, made_at, with_keys: info.with_keys };
        let recorded = put_on_record(cx, &state, &calls::backed_up(&backup), &SystemRecord::BackedUp(backup.clone()));
        if let Err(error) = &recorded {
            cx.term.notice(&words::backup_unrecorded(cx.term.lang(), error));
        }
        if cx.json() {
            let mut value = as_json(&info);
            value["recorded"] = recorded.is_ok().into();
            cx.term.json(&value);
            return Ok(());
        }
        cx.term.line_in(Hue::Good, &words::backup_written(cx.term.lang(), info.head.seq, self.file.display()));
        tell(cx, &info);
        Ok(())
    }
}

/// What a backup holds, in lines.
pub(super) fn tell(cx: &mut Context<'_>, info: &BackupInfo) {
    let lang = cx.term.lang();
    cx.term.line(&words::head(lang, info.head));
    cx.term.line(&words::backup_made(lang, At(info.made_at_ms), &info.program));
    let holds = if info.with_keys { words::BACKUP_WITH_KEYS } else { words::BACKUP_WITHOUT_KEYS };
    cx.term.line(holds.say(lang));
}

pub(super) fn as_json(info: &BackupInfo) -> Value {
    json!({
        "records": info.head.seq,
        "head": info.head.to_string(),
        "made_at": At(info.made_at_ms),
        "program": info.program,
        "with_keys": info.with_keys,
    })
}
