//! What is private of an incident is forgotten.

use clap::Args;

use super::context::Context;
use super::terminal::Hue;
use crate::api::{ForgetDone, calls};
use crate::dispatch::forgotten::BackupView;
use crate::domain::ids::IncidentNo;
use crate::error::Error;
use crate::words::cli as words;

/// Forget what is private of a closed incident, before its retention is over: addresses, notes, codes, reasons, contacts.
///
/// The incident's key is destroyed in both copies of the journal, on record and for good. What happened, when, in which texts and
/// who answered stays, and the journal still proves itself. Backups that were written before hold the values still: they are
/// named. The reason stands in the journal for ever: no names in it.
#[derive(Args, Debug)]
#[command(after_help = "Examples:\n  \
    vardkase forget 14 --reason 'decision 2026-311 of the archive' --as tib\n  \
    vardkase forget 14 --reason 'request of the data protection officer' --as tib --json")]
pub struct ForgetArgs {
    /// The incident; it must be closed.
    incident: IncidentNo,
    /// Why. It goes on record.
    #[arg(long)]
    reason: Option<String>,
}

impl ForgetArgs {
    pub fn run(self, cx: &mut Context<'_>) -> Result<(), Error> {
        let (acting, reason) = (cx.acting()?, cx.need_reason(self.reason.clone())?);
        let answer = cx.call(&calls::forget(self.incident, &acting, &reason, cx.global.not_personal))?;
        let ForgetDone { on_record, backups, .. } = answer.read()?;
        cx.warn_off_record(on_record);
        if cx.json() {
            cx.term.json(&answer);
            return Ok(());
        }
        let (no, lang) = (self.incident, cx.term.lang());
        cx.term.line_in(Hue::Good, &words::forgotten(lang, no));
        if backups.is_empty() {
            cx.term.line(words::FORGOTTEN_NO_BACKUP.say(lang));
            return Ok(());
        }
        cx.term.line_in(Hue::Wait, words::FORGOTTEN_BACKUPS.say(lang));
        for BackupView { file, made_at, records, with_keys } in &backups {
            let keys = if *with_keys { words::WITH_KEYS } else { words::WITHOUT_KEYS }.say(lang);
            cx.term.line(&format!("  {file}  {made_at}, {}, {keys}", words::records(lang, *records)));
        }
        Ok(())
    }
}
