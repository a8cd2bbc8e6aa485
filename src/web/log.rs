//! The journal as people and programs read it over the API: what happened, by number, without what is sealed.

use std::ops::ControlFlow;

use crate::api::{LogPart, LogRecord};
use crate::dispatch::forgotten::{ForgottenAt, instead};
use crate::dispatch::record::{Decoder, Entry};
use crate::domain::ids::IncidentNo;
use crate::domain::incident::event::Event;
use crate::domain::time::At;
use crate::journal::{Head, Journal, JournalError};

/// Records in one answer.
pub const LOG_RECORDS_MAX: usize = 500;
/// Records that are looked at for one answer, when most are of other incidents.
const LOOKED_AT_MAX: usize = 50_000;

/// Reads the log. Blocking: called on a thread for it.
pub trait Log: Send + Sync {
    /// Records after one number, of one incident or of all. Where something was forgotten, that is said in its place.
    ///
    /// # Errors
    /// The journal can't be read; in words.
    fn read(&self, after: u64, incident: Option<IncidentNo>, forgotten: &ForgottenAt) -> Result<LogPart, String>;
    /// Whether that is a head of this journal.
    fn holds(&self, head: Head) -> bool;
}

/// The log, read from the journal.
pub struct JournalLog(pub Journal);

impl Log for JournalLog {
    fn holds(&self, head: Head) -> bool {
        let there = self.0.reader().and_then(|reader| reader.head_at(head.seq));
        there.is_ok_and(|ours| ours == Some(head))
    }

    fn read(&self, after: u64, incident: Option<IncidentNo>, forgotten: &ForgottenAt) -> Result<LogPart, String> {
        let words = |e: JournalError| e.to_string();
        let reader = self.0.reader().map_err(words)?;
        let from = match after {
            0 => Some(Head::START),
            seq => reader.head_at(seq).map_err(words)?,
        };
        let Some(from) = from else { return Ok(LogPart { after, ..LogPart::default() }) };
        let mut part = LogPart { after, ..LogPart::default() };
        let (mut looked_at, mut decoder) = (0, Decoder::default());
        reader
            .read(from, &mut |record| {
                if part.records.len() >= LOG_RECORDS_MAX || looked_at >= LOOKED_AT_MAX {
                    part.more = true;
                    return ControlFlow::Break(());
                }
                looked_at += 1;
                part.after = record.seq;
                match decoder.next(&record) {
                    Ok(Entry::Event { at, mut event, .. })
                        if incident.is_none_or(|no| event.incident() == Some(no)) =>
                    {
                        if let Some(at) = event.incident().and_then(|no| forgotten.get(&no)) {
                            event.private_mut().into_iter().for_each(|value| *value = instead(*at).into());
                        }
                        part.records.push(view(record.seq, at, &event));
                    }
                    Ok(Entry::System(at, system)) if system.concerns(incident) => {
                        let (seq, event, what) = (record.seq, system.name(), system.json());
                        part.records.push(LogRecord { seq, at, incident: None, event: event.into(), what, hash: None });
                    }
                    _ => {}
                }
                ControlFlow::Continue(())
            })
            .map_err(words)?;
        Ok(part)
    }
}

fn view(seq: u64, at: At, event: &Event) -> LogRecord {
    LogRecord {
        seq,
        at,
        incident: event.incident(),
        event: event.name().into(),
        what: serde_json::to_value(event).unwrap_or(serde_json::Value::Null),
        hash: None,
    }
}
