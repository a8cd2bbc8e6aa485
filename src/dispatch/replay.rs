//! Carries out again what the journal says, from its start or from a checkpoint on. Private values stay sealed meanwhile: what
//! left memory since is never opened, and what is kept as a checkpoint holds commitments only.

use std::collections::BTreeMap;
use std::ops::ControlFlow;
use std::sync::Arc;

use serde::{Deserialize, Serialize};

use super::follower::open_all;
use super::record::{Decoder, Entry, Unreadable, unseal_value};
use super::recover::{CannotRecover, Recovered, thawed, unhex};
use super::system_record::SystemState;
use crate::config::Contacts;
use crate::domain::delivery::DeliveryState;
use crate::domain::ids::{DeliveryId, IncidentNo};
use crate::domain::incident::event::{Change, Event, GatewayChange};
use crate::domain::incident::state::{SYSTEM_NOTES, State};
use crate::domain::plan::Plan;
use crate::domain::time::At;
use crate::journal::{Checkpoint, Commitment, Head, JournalError, Reader, Unusable};
use crate::record::{self, CannotRead};

/// So many records are read before they are carried out.
const HANDFUL: usize = 4_096;

/// Which builds read each other's checkpoints: those whose state is made from the same sources (`build.rs`). So neither a field
/// that moved nor a rule of `apply` that changed can bring a state of before into a program of today.
pub fn build() -> String {
    concat!(env!("CARGO_PKG_VERSION"), " of ", env!("VARDKASE_STATE_SOURCES")).to_owned()
}

/// Carries out what the journal says, from a checkpoint on where that fits, and from the journal's start where it does not:
/// then the second value says why. The journal decides, always.
///
/// # Errors
/// A damaged journal, or a record that this program does not understand.
pub fn replay_from(
    reader: &dyn Reader,
    plan: Arc<Plan>,
    found: Result<Checkpoint, Unusable>,
) -> Result<(Replay, Option<Unusable>), CannotRecover> {
    let from_it = |checkpoint: Checkpoint| {
        let mut replay = Replay::of(&checkpoint, reader)?;
        replay.go_on(reader, u64::MAX).map_err(|e| Unusable::Body(e.to_string()))?;
        Ok(replay)
    };
    match found.and_then(from_it) {
        Ok(replay) => Ok((replay, None)),
        Err(why) => {
            let mut replay = Replay::start(plan);
            replay.go_on(reader, u64::MAX)?;
            Ok((replay, Some(why)))
        }
    }
}

/// What the journal says up to a record.
#[derive(Clone, Debug)]
pub struct Replay {
    pub(super) held: Held,
    head: Head,
    pub(super) decoder: Decoder,
}

/// What a checkpoint holds.
#[derive(Clone, PartialEq, Serialize, Deserialize, Debug)]
pub(super) struct Held {
    pub(super) state: State,
    /// The frozen contacts of incidents in memory, by their commitments.
    pub(super) contacts: BTreeMap<IncidentNo, Commitment>,
    pub(super) system: SystemState,
    pub(super) events: u64,
    pub(super) last_at: Option<At>,
}

impl Replay {
    /// Nothing has been read yet. `plan` is what new incidents follow when the journal says nothing.
    pub fn start(plan: Arc<Plan>) -> Self {
        let (contacts, system) = (BTreeMap::new(), SystemState::default());
        let held = Held { state: State::new(plan), contacts, system, events: 0, last_at: None };
        Self { held, head: Head::START, decoder: Decoder::default() }
    }

    /// As a checkpoint has it.
    ///
    /// # Errors
    /// It is not of this journal, or can't be taken over.
    pub fn of(checkpoint: &Checkpoint, reader: &dyn Reader) -> Result<Self, Unusable> {
        let body = |why: String| Unusable::Body(why);
        let head = checkpoint.head;
        match reader.head_at(head.seq) {
            Ok(Some(ours)) if ours == head => {}
            Ok(_) => return Err(Unusable::NotInJournal(head.seq)),
            Err(e) => return Err(body(e.to_string())),
        }
        let (mut held, rest): (Held, _) =
            postcard::take_from_bytes(&checkpoint.body).map_err(|e| body(e.to_string()))?;
        if !rest.is_empty() {
            return Err(body("something stands behind it".into()));
        }
        let mut plans = BTreeMap::new();
        for hash in held.state.plans_in_use() {
            let plan = stored(reader, hash).map_err(|e| body(e.to_string()))?;
            plans.insert(hash.to_owned(), plan);
        }
        held.state = held.state.with_plans(plans).map_err(|e| body(e.to_string()))?;
        Ok(Self { held, head, decoder: Decoder::default() })
    }

    /// Reads on, up to a record.
    ///
    /// # Errors
    /// A damaged journal, or a record that this program does not understand.
    pub fn go_on(&mut self, reader: &dyn Reader, last_seq: u64) -> Result<(), CannotRecover> {
        let held = &mut self.held;
        Self::each(&mut self.head, &mut self.decoder, reader, last_seq, |record| {
            held.carry_out(record, reader, false).map(|_| ())
        })?;
        held.let_go();
        Ok(())
    }

    /// Gives each record after `head` to `carry_out`, up to one, and moves `head` with those that were carried out.
    pub(super) fn each(
        head: &mut Head,
        decoder: &mut Decoder,
        reader: &dyn Reader,
        last_seq: u64,
        mut carry_out: impl FnMut(Read) -> Result<(), CannotRecover>,
    ) -> Result<(), CannotRecover> {
        let mut read: Vec<Read> = Vec::new();
        // In handfuls: reading records and plans need the reader in turn.
        while head.seq < last_seq {
            let end = reader.read(*head, &mut |record| {
                let entry = decoder.next(&record);
                let last = record.commitments().last();
                let go_on = entry.is_ok() && read.len() + 1 < HANDFUL && record.seq < last_seq;
                read.push(Read { seq: record.seq, at: At(record.at_ms), entry, last });
                if go_on { ControlFlow::Continue(()) } else { ControlFlow::Break(()) }
            })?;
            if read.is_empty() {
                break;
            }
            read.drain(..).try_for_each(&mut carry_out)?;
            *head = end;
        }
        Ok(())
    }

    /// As it is kept beside the journal; nothing in the middle of a record that goes in parts.
    pub fn checkpoint(&self) -> Option<Checkpoint> {
        // Without an event there is no plan that could be named.
        let whole = self.decoder.is_between() && self.held.events > 0;
        let body = whole.then(|| postcard::to_stdvec(&self.held).ok()).flatten()?;
        Some(Checkpoint { head: self.head, build: build(), body })
    }

    /// Opens the private values of what is in memory; what was forgotten, or whose key is lost, stays sealed.
    ///
    /// # Errors
    /// One of them is missing or damaged, or the disk does not give it.
    pub fn open(self, reader: &dyn Reader) -> Result<Recovered, CannotRecover> {
        let Held { mut state, contacts, system, events, last_at } = self.held;
        // What an earlier build forgot is said by that record alone, and by no event: nothing more is written of it.
        for (_, after) in state.after.iter_mut().filter(|(no, _)| system.forgotten.contains_key(no)) {
            after.forgotten = true;
        }
        let mut without_key = 0_u64;
        let mut find = |commitment| match reader.unseal(commitment) {
            // Somebody chose to start without the key: what it sealed stays sealed.
            Err(JournalError::Key { .. }) => {
                without_key += 1;
                Ok(None)
            }
            other => other,
        };
        state.change_private(&mut |value| unseal_value(value, &mut find))?;
        let mut opened = BTreeMap::new();
        for (no, commitment) in contacts {
            if let Some(bytes) = find(commitment)? {
                let unread = |why| CannotRecover::Unread(Unreadable { seq: self.head.seq, why });
                opened.insert(no, Arc::new(Contacts::new(record::contacts::decode(&bytes).map_err(unread)?)));
            }
        }
        if without_key > 0 {
            tracing::error!(
                values = without_key,
                "private values of open incidents can't be opened: their key is lost"
            );
        }
        Ok(Recovered { state, head: self.head, contacts: opened, events, kept: system, last_at })
    }

    /// Whether two say the same. Private values count by their commitments, so that what was forgotten since is no difference.
    pub fn says_the_same(&self, other: &Self) -> bool {
        self.head == other.head && self.checkpoint() == other.checkpoint()
    }

    /// How many events were carried out, those in the checkpoint included.
    pub fn events(&self) -> u64 {
        self.held.events
    }
}

impl Held {
    /// Carries a record out, with its private values sealed or open; gives the event that it is.
    pub(super) fn carry_out(
        &mut self,
        record: Read,
        reader: &dyn Reader,
        open: bool,
    ) -> Result<Option<Event>, CannotRecover> {
        let Read { seq, at, entry, last } = record;
        let fail = |why: String| CannotRecover::Record { seq, why };
        self.last_at = self.last_at.max(Some(at));
        self.system.since.get_or_insert(at);
        let (at, mut event, incomplete) = match entry.map_err(CannotRecover::Unread)? {
            Entry::Event { at, event, incomplete } => (at, event, incomplete),
            Entry::System(at, record) => {
                self.system.apply(seq, at, &record);
                return Ok(None);
            }
            Entry::Part => return Ok(None),
        };
        if open {
            open_all(&mut event, reader)?;
        }
        for hash in plans_named(&event) {
            if !self.state.plans.contains_key(hash) {
                let plan = stored(reader, hash).map_err(|e| e.at(seq))?;
                self.state.plans.insert(hash.to_owned(), plan);
            }
        }
        if let Event::Incident { no, change } = &event
            && matches!(**change, Change::Opened { .. } | Change::Adopted { .. })
            && let Some(last) = last
        {
            self.contacts.insert(*no, last);
        }
        if incomplete {
            record::format0::complete(&mut event, &self.state);
        }
        self.state.apply(at, &event).map_err(|e| fail(e.0))?;
        self.events += 1;
        self.forget_refs(&event);
        Ok(Some(event))
    }

    /// Whose end is known gets no receipt any more.
    fn forget_refs(&mut self, event: &Event) {
        let (incident, results) = match event {
            Event::SystemNoteResults { results } => (SYSTEM_NOTES, results),
            Event::Incident { no, change } => match &**change {
                Change::Results { results } => (*no, results),
                _ => return,
            },
            _ => return,
        };
        for r in results.iter().filter(|r| r.state == DeliveryState::Delivered) {
            self.system.refs.remove(DeliveryId { incident, ordinal: r.ordinal });
        }
    }

    /// What left memory needs nothing any more.
    pub(super) fn let_go(&mut self) {
        let Self { state, contacts, system, .. } = self;
        contacts.retain(|no, _| state.incidents.contains_key(no));
        system.refs.retain(|no| no == SYSTEM_NOTES || state.incidents.contains_key(&no));
    }
}

/// A record, read and not yet carried out.
pub(super) struct Read {
    seq: u64,
    at: At,
    entry: Result<Entry, Unreadable>,
    /// The last of its commitments: frozen contacts, when it opens an incident.
    last: Option<Commitment>,
}

/// Why a plan is not there.
enum NoPlan {
    Journal(JournalError),
    Plan(String),
    Unread(CannotRead),
}
impl NoPlan {
    /// In the record that names it.
    fn at(self, seq: u64) -> CannotRecover {
        match self {
            Self::Journal(e) => e.into(),
            Self::Plan(why) => CannotRecover::Record { seq, why },
            Self::Unread(why) => CannotRecover::Unread(Unreadable { seq, why }),
        }
    }
}
impl std::fmt::Display for NoPlan {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Journal(e) => e.fmt(f),
            Self::Plan(why) => f.write_str(why),
            Self::Unread(why) => why.fmt(f),
        }
    }
}

/// A plan as the journal has it.
fn stored(reader: &dyn Reader, hash: &str) -> Result<Arc<Plan>, NoPlan> {
    let key = unhex(hash).ok_or_else(|| NoPlan::Plan(format!("“{hash}” names no plan")))?;
    let bytes = reader.get_blob(&key).map_err(NoPlan::Journal)?;
    let bytes = bytes.ok_or_else(|| NoPlan::Plan(format!("plan {hash} is not stored")))?;
    thawed(&bytes, hash).map(Arc::new).map_err(NoPlan::Unread)
}

/// A plan as the journal has it.
///
/// # Errors
/// It is not there, or can't be read; in words.
pub(super) fn stored_plan(reader: &dyn Reader, hash: &str) -> Result<Arc<Plan>, String> {
    stored(reader, hash).map_err(|why| why.to_string())
}

/// The plans that an event names.
pub(super) fn plans_named(event: &Event) -> Vec<&str> {
    match event {
        Event::PlanSet { plan } | Event::SystemNote { plan, .. } => vec![plan],
        Event::Gateway { change } => match &**change {
            GatewayChange::TestSent { plan, .. } => vec![plan],
            _ => Vec::new(),
        },
        Event::Incident { change, .. } => match &**change {
            Change::Opened { plan, .. } | Change::Adopted { plan, .. } => vec![plan],
            _ => Vec::new(),
        },
        _ => Vec::new(),
    }
}
