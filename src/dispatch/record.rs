//! Between events and journal records. A published kind and version never change: a new shape gets a new version and an
//! upcaster here, and the golden files in the tests hold the old ones.

use crate::domain::ids::IncidentNo;
use crate::domain::incident::event::Event;
use crate::domain::private::Private;
use crate::domain::time::At;
use crate::journal::{Commitment, JournalError, NewRecord, RecordRef, Sealed, Sealer};

/// The version in which events are written now.
pub const VERSION: u16 = 1;

/// An event that can't be read back.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Unreadable {
    /// Which record.
    pub seq: u64,
    /// Why.
    pub why: String,
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
    // Writing into memory can't fail for these types; were it to, an empty record would be found by the next start.
    let bytes = postcard::to_stdvec(&event).unwrap_or_default();
    let mut record = NewRecord::new(event.kind(), VERSION, at.0, bytes);
    for s in sealed {
        record = record.with_private(s);
    }
    Ok(record)
}

/// As [`encode`]; what can't be sealed is left out, and the event is recorded without it. A record that is missing would
/// put every later one out of place.
pub fn encode_anyway(at: At, event: &Event, attached: Option<&[u8]>, sealer: &Sealer) -> NewRecord {
    encode(at, event, attached, sealer).unwrap_or_else(|e| {
        tracing::error!(kind = event.name(), "private values can't be recorded, the event is, without them: {e}");
        let mut event = event.clone();
        for value in event.private_mut() {
            *value = Private::Sealed([0; 16]);
        }
        NewRecord::new(event.kind(), VERSION, at.0, postcard::to_stdvec(&event).unwrap_or_default())
    })
}

/// An event as it was decided, with its time; its private values are still sealed ([`unseal`]).
///
/// # Errors
/// A kind or version that this program does not know, or damaged bytes.
pub fn decode(record: &RecordRef<'_>) -> Result<(At, Event), Unreadable> {
    let bad = |why: String| Unreadable { seq: record.seq, why };
    let event: Event = match record.version {
        VERSION => postcard::from_bytes(record.bytes).map_err(|e| bad(e.to_string()))?,
        newer => return Err(bad(format!("it is of version {newer}, this program knows up to {VERSION}"))),
    };
    if event.kind() != record.kind {
        return Err(bad(format!("it says it is of kind {}, and is of kind {}", record.kind, event.kind())));
    }
    Ok((At(record.at_ms), event))
}

/// Gives an event its private values back; what was forgotten stays sealed.
///
/// # Errors
/// What `find` reports.
pub fn unseal<E>(event: &mut Event, mut find: impl FnMut(Commitment) -> Result<Option<Vec<u8>>, E>) -> Result<(), E> {
    for value in event.private_mut() {
        if let Private::Sealed(commitment) = value
            && let Some(bytes) = find(Commitment(*commitment))?
            && let Ok(text) = String::from_utf8(bytes)
        {
            *value = Private::Clear(text);
        }
    }
    Ok(())
}
