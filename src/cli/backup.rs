//! Writes a backup.

use std::path::PathBuf;

use clap::Args;
use serde_json::{Value, json};

use super::context::Context;
use super::terminal::Hue;
use crate::domain::time::At;
use crate::error::Error;
use crate::journal::{BackupInfo, backup};

/// Write the whole journal, and the keys that go with it, into one file; also while the server runs.
///
/// The file is readable by its owner alone, and is read back and proved before it gets its name. Whoever has it with its keys
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
        let info = backup(&state, &self.file, !self.without_keys, cx.now().0)?;
        if cx.json() {
            cx.term.json(&as_json(&info));
            return Ok(());
        }
        cx.term.line_in(Hue::Good, &format!("{}: {} records, proved", self.file.display(), info.head.seq));
        tell(cx, &info);
        Ok(())
    }
}

/// What a backup holds, in lines.
pub(super) fn tell(cx: &mut Context<'_>, info: &BackupInfo) {
    cx.term.line(&format!("head: {}", info.head));
    cx.term.line(&format!("made: {} by version {}", At(info.made_at_ms), info.program));
    cx.term.line(match info.with_keys {
        true => {
            "holds: journal, plans, private values and the keys that open them: keep it as you keep the state folder"
        }
        false => "holds: journal, plans, private values sealed; NOT the keys: keep the file `key` elsewhere",
    });
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
