//! The state of a node that follows a journal which others write: as recovery makes it, but read on as more comes, and open.

use std::collections::BTreeMap;
use std::sync::Arc;

use super::engine::{Look, Meta};
use super::record::unseal_value;
use super::recover::{CannotRecover, Recovered};
use super::replay::{Held, Replay};
use crate::clock::SharedClock;
use crate::config::Contacts;
use crate::domain::ids::IncidentNo;
use crate::domain::incident::event::{Change, Event};
use crate::domain::incident::state::State;
use crate::journal::{Head, Journal, JournalError, Reader};
use crate::record;

use super::record::Decoder;

/// A state that is read on.
pub struct Follower {
    held: Held,
    /// The frozen contacts of incidents in memory.
    contacts: BTreeMap<IncidentNo, Arc<Contacts>>,
    head: Head,
    decoder: Decoder,
    reader: Option<Box<dyn Reader>>,
}

impl Follower {
    /// From where a replay stands.
    ///
    /// # Errors
    /// As [`Replay::open`].
    pub fn of(replay: Replay, reader: Box<dyn Reader>) -> Result<Self, CannotRecover> {
        let (decoder, sealed) = (replay.decoder.clone(), replay.held.contacts.clone());
        let Recovered { state, head, contacts, events, kept, last_at } = replay.open(&*reader)?;
        let held = Held { state, contacts: sealed, system: kept, events, last_at };
        Ok(Self { held, contacts, head, decoder, reader: Some(reader) })
    }

    /// The last record that it knows.
    pub fn head(&self) -> Head {
        self.head
    }

    /// The state, and the contacts of its incidents.
    pub fn known(&self) -> (&State, &BTreeMap<IncidentNo, Arc<Contacts>>) {
        (&self.held.state, &self.contacts)
    }

    /// Lets somebody look.
    pub fn show(&self, meta: &mut Meta, journal: &Journal, clock: &SharedClock, look: Look) {
        meta.now = clock.now().into();
        meta.seq = self.head.seq;
        meta.disks = journal.disks();
        meta.kept = self.held.system.clone();
        look(&self.held.state, meta);
    }

    /// Reads on to the journal's end; gives what happened. Blocks on the disk.
    ///
    /// # Errors
    /// A damaged journal, a disk that gives nothing, or a record that this program does not understand. What came before is carried
    /// out.
    pub fn go_on(&mut self, journal: &Journal) -> Result<Vec<Event>, CannotRecover> {
        let reader = match self.reader.take() {
            Some(reader) => reader,
            None => journal.reader()?,
        };
        let mut events = Vec::new();
        let (held, contacts) = (&mut self.held, &mut self.contacts);
        Replay::each(&mut self.head, &mut self.decoder, &*reader, u64::MAX, |record| {
            let Some(event) = held.carry_out(record, &*reader, true)? else { return Ok(()) };
            if let Event::Incident { no, change } = &event
                && matches!(**change, Change::Opened { .. } | Change::Adopted { .. })
                && let Some(commitment) = held.contacts.get(no)
                && let Some(bytes) = open(&*reader, *commitment)?
            {
                let unread = |why: record::CannotRead| CannotRecover::Record { seq: 0, why: why.to_string() };
                let addresses = record::contacts::decode(&bytes).map_err(unread)?;
                contacts.insert(*no, Arc::new(Contacts::new(addresses)));
            }
            events.push(event);
            Ok(())
        })?;
        self.held.let_go();
        let in_memory = &self.held.contacts;
        self.contacts.retain(|no, _| in_memory.contains_key(no));
        self.reader = Some(reader);
        Ok(events)
    }

    /// What a node begins to decide with.
    pub fn into_recovered(self) -> Recovered {
        let Held { state, system, events, last_at, .. } = self.held;
        Recovered { state, head: self.head, contacts: self.contacts, events, kept: system, last_at }
    }
}

/// A private value. What was forgotten, or whose key is lost, stays sealed.
pub(super) fn open(
    reader: &dyn Reader,
    commitment: crate::journal::Commitment,
) -> Result<Option<Vec<u8>>, JournalError> {
    match reader.unseal(commitment) {
        Err(JournalError::Key { .. }) => Ok(None),
        other => other,
    }
}

/// Opens what is private in an event.
pub(super) fn open_all(event: &mut Event, reader: &dyn Reader) -> Result<(), JournalError> {
    event.private_mut().into_iter().try_for_each(|value| unseal_value(value, |commitment| open(reader, commitment)))
}
