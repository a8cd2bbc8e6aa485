//! The journal as people and programs read it over the API: what happened, by number, without what is sealed.

use std::ops::ControlFlow;
use std::sync::Arc;

use tokio::sync::watch;

use super::events::HappenedPart;
use crate::api::{Happened, LogPart, LogRecord};
use crate::dispatch::after::after_report;
use crate::dispatch::forgotten::{ForgottenAt, instead};
use crate::dispatch::record::{Decoder, Entry, unseal_actor, unseal_value};
use crate::domain::ids::{IncidentNo, Status};
use crate::domain::incident::actor::Act;
use crate::domain::incident::event::{Change, Event};
use crate::domain::report::AfterReport;
use crate::domain::time::At;
use crate::journal::{Head, Journal, JournalError, Reader};
use crate::words::events::event_word;

/// Records in one answer.
pub const LOG_RECORDS_MAX: usize = 500;
/// Records that are looked at for one answer, when most are of other incidents.
const LOOKED_AT_MAX: usize = 50_000;

/// Reads the log. Blocking: called on a thread for it.
pub trait Log: Send + Sync {
    /// Records after one number, of one incident or of all. Where something was forgotten, that is said in its place. `who`: with
    /// who acted, for those who look after it.
    ///
    /// # Errors
    /// The journal can't be read; in words.
    fn read(
        &self,
        after: u64,
        incident: Option<IncidentNo>,
        forgotten: &ForgottenAt,
        who: bool,
    ) -> Result<LogPart, String>;
    /// The head after that record; `None`: it has no such record, or can't be read. Blocking too.
    fn head_at(&self, seq: u64) -> Option<Head>;
    /// Whether that is a head of this journal. Blocking too.
    fn holds(&self, head: Head) -> bool {
        self.head_at(head.seq) == Some(head)
    }
    /// What happened to an incident that was reported then, as far as people have words for it. `who`: with who acted. Blocking too.
    ///
    /// # Errors
    /// The journal can't be read; in words.
    fn story(&self, incident: IncidentNo, opened: At, who: bool) -> Result<Story, String>;
    /// What an incident came to that was reported then; `None`: the journal has nothing of it. Blocking too.
    ///
    /// # Errors
    /// The journal can't be read; in words.
    fn after_report(&self, incident: IncidentNo, opened: At) -> Result<Option<AfterReport>, String>;
    /// The newest record, now and as more come.
    fn heads(&self) -> watch::Receiver<Head>;
    /// That something happened after one number, and nothing else of it; at most so many at a time. Blocking too.
    ///
    /// # Errors
    /// The journal can't be read; in words.
    fn happened(&self, after: u64, max: usize) -> Result<HappenedPart, String>;
}

/// What happened to one incident.
#[derive(Clone, Debug, Default)]
pub struct Story {
    /// The oldest first; what is private is left out, and what was sent to whom over what.
    pub events: Vec<(At, Change)>,
    /// Who stood behind it, and when: what was forgotten stays sealed. Empty for those who don't look after it.
    pub acts: Vec<(At, Act)>,
    /// There was more than is read at a time: what came later is not here.
    pub more: bool,
}

/// So many events of one incident are told.
const STORY_EVENTS_MAX: usize = 5_000;
/// So many records are looked at for them.
const STORY_RECORDS_MAX: usize = 100_000;
/// Records are looked at from so long before the incident was reported, in milliseconds: the clock may have been set since.
const STORY_BEFORE_MS: i64 = 3_600_000;

/// The log, read from the journal.
pub struct JournalLog(pub Journal);

impl Log for JournalLog {
    fn head_at(&self, seq: u64) -> Option<Head> {
        self.0.reader().and_then(|reader| reader.head_at(seq)).ok().flatten()
    }

    fn story(&self, incident: IncidentNo, opened: At, who: bool) -> Result<Story, String> {
        let words = |e: JournalError| e.to_string();
        let reader = self.0.reader().map_err(words)?;
        let from = before(&*reader, opened.0 - STORY_BEFORE_MS).map_err(words)?;
        let (mut story, mut looked_at, mut decoder) = (Story::default(), 0, Decoder::default());
        reader
            .read(from, &mut |record| {
                if story.events.len() >= STORY_EVENTS_MAX || looked_at >= STORY_RECORDS_MAX {
                    story.more = true;
                    return ControlFlow::Break(());
                }
                looked_at += 1;
                if let Ok(Entry::Event { at, event: Event::Incident { no, mut change }, .. }) = decoder.next(&record)
                    && no == incident
                {
                    if let Change::Acted { by, who: actor, .. } = *change {
                        if who {
                            story.acts.push((at, Act { by, who: actor }));
                        }
                        return ControlFlow::Continue(());
                    }
                    if event_word(change.name()).is_none() {
                        return ControlFlow::Continue(());
                    }
                    change.batches_mut().iter_mut().for_each(|batch| batch.sends = Arc::default());
                    story.events.push((at, *change));
                }
                ControlFlow::Continue(())
            })
            .map_err(words)?;
        for (_, act) in &mut story.acts {
            unseal_value(&mut act.who.0, |commitment| reader.unseal(commitment)).map_err(words)?;
        }
        Ok(story)
    }

    fn after_report(&self, incident: IncidentNo, opened: At) -> Result<Option<AfterReport>, String> {
        let words = |e: JournalError| e.to_string();
        let reader = self.0.reader().map_err(words)?;
        let from = before(&*reader, opened.0 - STORY_BEFORE_MS).map_err(words)?;
        after_report(&*reader, from, incident)
    }

    fn heads(&self) -> watch::Receiver<Head> {
        self.0.heads()
    }

    fn happened(&self, after: u64, max: usize) -> Result<HappenedPart, String> {
        let words = |e: JournalError| e.to_string();
        let reader = self.0.reader().map_err(words)?;
        let from = if after == 0 { Some(Head::START) } else { reader.head_at(after).map_err(words)? };
        let mut part = HappenedPart { after, ..HappenedPart::default() };
        let Some(from) = from else { return Ok(part) };
        let (mut looked_at, mut decoder) = (0, Decoder::default());
        reader
            .read(from, &mut |record| {
                // A record in parts is told when the last of them was read: it is not gone on from its middle.
                if decoder.is_between() && (part.events.len() >= max || looked_at >= LOOKED_AT_MAX) {
                    part.more = true;
                    return ControlFlow::Break(());
                }
                looked_at += 1;
                let (seq, read) = (record.seq, decoder.next(&record));
                let (at, incident, kind) = match read {
                    Ok(Entry::Event { at, event, .. }) => (at, event.incident(), event.name()),
                    Ok(Entry::System(at, system)) => (at, None, system.name()),
                    _ => {
                        if decoder.is_between() {
                            part.after = seq;
                        }
                        return ControlFlow::Continue(());
                    }
                };
                part.after = seq;
                let exercise = incident.is_some_and(|no| no.status == Status::Exercise);
                part.events.push(Happened { seq, at, incident, exercise, kind: kind.into() });
                ControlFlow::Continue(())
            })
            .map_err(words)?;
        Ok(part)
    }

    fn read(
        &self,
        after: u64,
        incident: Option<IncidentNo>,
        forgotten: &ForgottenAt,
        who: bool,
    ) -> Result<LogPart, String> {
        let words = |e: JournalError| e.to_string();
        let reader = self.0.reader().map_err(words)?;
        let from = match after {
            0 => Some(Head::START),
            seq => reader.head_at(seq).map_err(words)?,
        };
        let Some(from) = from else { return Ok(LogPart { after, ..LogPart::default() }) };
        let mut part = LogPart { after, ..LogPart::default() };
        let (mut looked_at, mut decoder, mut unread) = (0, Decoder::default(), None);
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
                        if who && let Err(error) = unseal_actor(&mut event, |commitment| reader.unseal(commitment)) {
                            unread = Some(error);
                            return ControlFlow::Break(());
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
        unread.map_or(Ok(part), |error| Err(words(error)))
    }
}

/// A head before which nothing happened later than that, found by halving: records lie in the order of time.
fn before(reader: &dyn Reader, at_ms: i64) -> Result<Head, JournalError> {
    let (mut low, mut high) = (Head::START, reader.head()?.seq);
    while low.seq < high {
        let middle = low.seq + (high - low.seq).div_ceil(2);
        let Some(head) = reader.head_at(middle)? else { break };
        let mut next = None;
        reader.read(head, &mut |record| {
            next = Some(record.at_ms);
            ControlFlow::Break(())
        })?;
        if next.is_some_and(|next| next < at_ms) { low = head } else { high = middle - 1 }
    }
    Ok(low)
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
