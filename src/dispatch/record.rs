//! Between events and journal records: private values are sealed, what is too large goes in parts, batches stay within the
//! journal's limits. What an event looks like as bytes is [`crate::record`]'s.

use super::system_record::SystemRecord;
use crate::domain::ids::IncidentNo;
use crate::domain::incident::event::{Change, Event};
use crate::domain::private::Private;
use crate::domain::time::At;
use crate::journal::{
    BATCH_BYTES_MAX, BATCH_RECORDS_MAX, Batch, Commitment, JournalError, NewRecord, RECORD_BYTES_MAX, RecordRef,
    Sealed, Sealer,
};
use crate::record::system::{PART, Part1};
use crate::record::{self, CannotRead, Decoded, SYSTEM_KINDS_FROM, Written};

/// Stands in place of a commitment to what could not be sealed.
const NOT_SEALED: [u8; Commitment::BYTES] = [0; Commitment::BYTES];

/// An event that can't be read back.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Unreadable {
    pub seq: u64,
    pub why: CannotRead,
}
impl std::fmt::Display for Unreadable {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "record {} can't be read: {}", self.seq, self.why)
    }
}
impl std::error::Error for Unreadable {}

/// Under which name an incident's private values are sealed: `14`, `X3`; nothing for what belongs to none.
pub fn label(incident: Option<IncidentNo>) -> String {
    incident.map_or_else(String::new, |no| no.written("X").replace('-', ""))
}

/// An event as it is stored. Private values leave it; their commitments stay. `attached` is sealed beside it: the frozen
/// contacts of an incident that opens.
///
/// # Errors
/// When sealing fails (no randomness, an incident that was forgotten).
pub fn encode(at: At, event: &Event, attached: Option<&[u8]>, sealer: &Sealer) -> Result<NewRecord, JournalError> {
    let label = label(event.incident());
    let mut event = event.clone();
    let mut sealed: Vec<Sealed> = Vec::new();
    for value in event.private_mut() {
        if let Private::Clear(text) = value {
            let s = sealer.seal(&label, text.as_bytes())?;
            *value = Private::Sealed(s.commitment().0);
            sealed.push(s);
        }
    }
    if let Some(bytes) = attached {
        sealed.push(sealer.seal(&label, bytes)?);
    }
    let mut record = new_record(at, record::encode(&event));
    for s in sealed {
        record = record.with_private(s);
    }
    Ok(record)
}

/// As [`encode`]; what can't be sealed is left out, and the event is recorded without it. A record that is missing would
/// put every later one out of place.
pub fn encode_anyway(at: At, event: &Event, attached: Option<&[u8]>, sealer: &Sealer) -> NewRecord {
    encode(at, event, attached, sealer).unwrap_or_else(|error| {
        tracing::error!(%error, event = event.name(), "private values can't be recorded; the event is, without them");
        let mut event = event.clone();
        for value in event.private_mut() {
            *value = Private::Sealed(NOT_SEALED);
        }
        new_record(at, record::encode(&event))
    })
}

/// What the program keeps of itself, as it is stored.
pub fn encode_system(at: At, record: &SystemRecord) -> NewRecord {
    new_record(at, record::system::encode(&record.form()))
}

fn new_record(at: At, written: Written) -> NewRecord {
    NewRecord::new(written.kind, written.version, at.0, written.bytes)
}

/// Bytes of the whole record in one part.
const PART_BYTES_MAX: usize = RECORD_BYTES_MAX - 64;
/// Most bytes of a record put together again: as many as a start can hold in memory besides.
const JOINED_BYTES_MAX: usize = 1 << 30;

/// A record as the journal takes it: in one, or, when it is too large for that, in parts. Refusing it would refuse it for ever,
/// and with it all that comes after.
pub fn in_parts(record: NewRecord) -> Vec<NewRecord> {
    if record.bytes.len() <= RECORD_BYTES_MAX {
        return vec![record];
    }
    let NewRecord { kind, version, at_ms, bytes, private } = record;
    let chunks: Vec<&[u8]> = bytes.chunks(PART_BYTES_MAX).collect();
    let of = u32::try_from(chunks.len()).unwrap_or(u32::MAX);
    let mut parts: Vec<NewRecord> = (0..)
        .zip(chunks)
        .map(|(n, bytes)| {
            let part = Part1 { n, of, kind, version, bytes };
            new_record(At(at_ms), part.encode())
        })
        .collect();
    if let Some(last) = parts.last_mut() {
        last.private = private;
    }
    parts
}

/// As few batches as the journal's limits allow: one that is over them would be refused for ever.
pub fn in_batches(records: Vec<NewRecord>) -> Vec<Batch> {
    let mut batches = Vec::with_capacity(1);
    let (mut records, mut rest) = (records, Vec::new());
    loop {
        let mut bytes = 0_usize;
        let fits = records.iter().take(BATCH_RECORDS_MAX).take_while(|r| {
            bytes = bytes.saturating_add(r.stored_bytes());
            bytes <= BATCH_BYTES_MAX
        });
        // A record alone is below the limit of a batch.
        let n = fits.count().max(1).min(records.len());
        rest.extend(records.drain(n..));
        batches.push(Batch::of(records));
        if rest.is_empty() {
            return batches;
        }
        records = std::mem::take(&mut rest);
    }
}

/// What a record says.
#[derive(Clone, PartialEq, Debug)]
pub enum Entry {
    /// Something happened; its private values are still sealed ([`unseal`]).
    Event {
        at: At,
        event: Event,
        /// It is of a time when an event did not hold what a rule decided: [`record::format0::complete`] adds that.
        incomplete: bool,
    },
    /// Something about the journal itself.
    System(At, SystemRecord),
    /// A part of something larger, which is not whole yet.
    Part,
}

/// Reads records in their order, and puts parts together again.
#[derive(Clone, Default, Debug)]
pub struct Decoder {
    joined: Vec<u8>,
    next: u32,
}

impl Decoder {
    /// It is not in the middle of a record that goes in parts.
    pub fn is_between(&self) -> bool {
        self.joined.is_empty()
    }

    /// The next record.
    ///
    /// # Errors
    /// A kind or version that this program does not know, or damaged bytes.
    pub fn next(&mut self, record: &RecordRef<'_>) -> Result<Entry, Unreadable> {
        let bad = |why: CannotRead| Unreadable { seq: record.seq, why };
        if record.kind != PART {
            // A crash between two commits leaves parts without their end: what they were part of was told to nobody as recorded.
            (self.joined, self.next) = (Vec::new(), 0);
            return entry(record.seq, record.kind, record.version, record.at_ms, record.bytes);
        }
        let part = Part1::decode(record.version, record.bytes).map_err(bad)?;
        if part.n == 0 {
            (self.joined, self.next) = (Vec::new(), 0);
        }
        if part.n != self.next || part.n >= part.of || self.joined.len() + part.bytes.len() > JOINED_BYTES_MAX {
            let why = format!("it is part {} of {}, and part {} was to come", part.n, part.of, self.next);
            return Err(bad(CannotRead::Damaged(why)));
        }
        self.joined.extend_from_slice(part.bytes);
        self.next += 1;
        if self.next < part.of {
            return Ok(Entry::Part);
        }
        self.next = 0;
        entry(record.seq, part.kind, part.version, record.at_ms, &std::mem::take(&mut self.joined))
    }
}

fn entry(seq: u64, kind: u16, version: u16, at_ms: i64, bytes: &[u8]) -> Result<Entry, Unreadable> {
    let bad = |why: CannotRead| Unreadable { seq, why };
    let at = At(at_ms);
    if kind >= SYSTEM_KINDS_FROM {
        let form = record::system::decode(kind, version, bytes).map_err(bad)?;
        return SystemRecord::of(form).map(|r| Entry::System(at, r)).map_err(bad);
    }
    let Decoded { event, incomplete } = record::decode(kind, version, bytes).map_err(bad)?;
    Ok(Entry::Event { at, event, incomplete })
}

/// An event as it was decided, with its time; its private values are still sealed ([`unseal`]). For a record that stands alone;
/// what reads a journal uses a [`Decoder`].
///
/// # Errors
/// A kind or version that this program does not know, or damaged bytes; or the record is not an event.
#[cfg_attr(not(feature = "internals"), expect(dead_code, reason = "tests ask for it"))]
pub fn decode(record: &RecordRef<'_>) -> Result<(At, Event), Unreadable> {
    match Decoder::default().next(record)? {
        Entry::Event { at, event, .. } => Ok((at, event)),
        Entry::System(..) | Entry::Part => {
            Err(Unreadable { seq: record.seq, why: CannotRead::Damaged("it is not an event".into()) })
        }
    }
}

/// Gives an event its private values back; what was forgotten stays sealed.
///
/// # Errors
/// What `find` reports.
#[cfg_attr(not(feature = "internals"), expect(dead_code, reason = "the auditor reads the whole journal"))]
pub fn unseal<E>(event: &mut Event, mut find: impl FnMut(Commitment) -> Result<Option<Vec<u8>>, E>) -> Result<(), E> {
    event.private_mut().into_iter().try_for_each(|value| unseal_value(value, &mut find))
}

/// As [`unseal`], one value. What could not be sealed when it was recorded has no commitment, and stays as it is.
///
/// # Errors
/// What `find` reports.
pub fn unseal_value<E>(
    value: &mut Private,
    mut find: impl FnMut(Commitment) -> Result<Option<Vec<u8>>, E>,
) -> Result<(), E> {
    if let Private::Sealed(commitment) = value
        && *commitment != NOT_SEALED
        && let Some(bytes) = find(Commitment(*commitment))?
        && let Ok(text) = String::from_utf8(bytes)
    {
        *value = Private::Clear(text);
    }
    Ok(())
}

/// Gives an event that says who acted its value back; all others, and what was forgotten, stay as they are.
///
/// # Errors
/// What `find` reports.
pub fn unseal_actor<E>(event: &mut Event, find: impl FnMut(Commitment) -> Result<Option<Vec<u8>>, E>) -> Result<(), E> {
    if let Event::After { who: Some(who), .. } = event {
        return unseal_value(&mut who.0, find);
    }
    let Event::Incident { change, .. } = event else { return Ok(()) };
    let Change::Acted { who, .. } = &mut **change else { return Ok(()) };
    unseal_value(&mut who.0, find)
}

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, reason = "tests")]
    use std::ops::ControlFlow;

    use super::*;
    use crate::journal::{Head, Journal, OpenOptions};

    const WHEN: At = At(1_229_566_320_000);

    fn large(n: usize) -> Event {
        let ordinals = vec![u32::MAX; n];
        Event::Incident { no: IncidentNo::actual(14), change: Box::new(Change::Withdrawn { ordinals }) }
    }

    /// All batches of `events`, written; what is read back, and how many records that were.
    fn through(dir: &std::path::Path, events: &[Event], torn: bool) -> (Vec<Entry>, u64) {
        let journal = Journal::open(dir, OpenOptions::default()).unwrap();
        let sealer = journal.sealer().clone();
        let attached = b"contacts";
        let records = events.iter().flat_map(|e| in_parts(encode(WHEN, e, Some(attached), &sealer).unwrap()));
        let mut batches = in_batches(records.collect());
        if torn {
            batches.pop();
        }
        for batch in batches {
            journal.submit_blocking(journal.head().seq, batch).unwrap().wait().unwrap();
        }
        let (mut decoder, mut read, mut commitments) = (Decoder::default(), Vec::new(), 0);
        let reader = journal.reader().unwrap();
        let end = reader.read(Head::START, &mut |record| {
            read.push(decoder.next(&record).unwrap());
            commitments += record.commitments().len();
            ControlFlow::Continue(())
        });
        let seq = end.unwrap().seq;
        assert!(torn || commitments == events.len(), "private values go with the last part");
        journal.close();
        (read, seq)
    }

    /// The journal refuses a record of more than its limit for ever: it goes in parts, and comes back whole.
    #[test]
    fn a_record_that_is_too_large_for_one_goes_in_parts() {
        let dir = tempfile::tempdir().unwrap();
        let events = [large(1), large(30 << 20), large(2)];
        let (read, seq) = through(dir.path(), &events, false);
        assert_eq!(seq, 2 + 5, "150 MB are five parts");
        let whole: Vec<Entry> = read.iter().filter(|e| **e != Entry::Part).cloned().collect();
        assert_eq!(whole.len(), 3);
        for (entry, event) in whole.into_iter().zip(events) {
            assert!(entry == Entry::Event { at: WHEN, event, incomplete: false });
        }
    }

    #[test]
    fn parts_without_their_end_are_left_behind() {
        let dir = tempfile::tempdir().unwrap();
        let (read, seq) = through(dir.path(), &[large(30 << 20)], true);
        assert!(seq >= 1 && read.iter().all(|e| *e == Entry::Part));
        let (read, _) = through(dir.path(), &[large(1), large(2)], false);
        let last = &read[read.len() - 2..];
        let whole = |n| Entry::Event { at: WHEN, event: large(n), incomplete: false };
        assert!(last == [whole(1), whole(2)]);
    }

    #[test]
    fn batches_stay_within_the_journals_limits_and_keep_the_order() {
        let record = |n: usize| NewRecord::new(1, 1, n as i64, vec![]);
        for n in [1, BATCH_RECORDS_MAX, BATCH_RECORDS_MAX + 1, 2 * BATCH_RECORDS_MAX + 7] {
            let batches = in_batches((0..n).map(record).collect());
            assert_eq!(batches.len(), n.div_ceil(BATCH_RECORDS_MAX));
            let order: Vec<i64> = batches.iter().flat_map(|b| &b.records).map(|r| r.at_ms).collect();
            assert_eq!(order, (0..n as i64).collect::<Vec<_>>());
        }
        let big = (0..5).map(|_| NewRecord::new(1, 1, 0, vec![0; RECORD_BYTES_MAX])).collect();
        let sizes: Vec<usize> = in_batches(big).iter().map(|b| b.records.len()).collect();
        assert_eq!(sizes, [1, 1, 1, 1, 1], "two of them are over the limit by their heads");
    }
}
