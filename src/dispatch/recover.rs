//! Recovery is replay: the journal is read from its start and every event applied.

use std::collections::BTreeMap;
use std::fmt;
use std::ops::ControlFlow;
use std::sync::Arc;

use super::record::{Decoder, Entry, Unreadable, unseal};
use super::system_record::SystemState;
use crate::config::Contacts;
use crate::domain::ids::IncidentNo;
use crate::domain::incident::event::GatewayChange;
use crate::domain::incident::event::{Change, Event};
use crate::domain::incident::state::State;
use crate::domain::plan::Plan;
use crate::domain::time::At;
use crate::journal::{Commitment, Hash, Head, JournalError, Reader};
use crate::record::{self, CannotRead};

/// What a start gives.
#[derive(Debug)]
pub struct Recovered {
    pub state: State,
    /// The journal's head.
    pub head: Head,
    /// The frozen contacts of incidents in memory.
    pub contacts: BTreeMap<IncidentNo, Arc<Contacts>>,
    /// How many events were applied.
    pub events: u64,
    /// What the program kept of itself.
    pub kept: SystemState,
    /// When the last record was written: time goes on from there, whatever the machine's clock says now.
    pub last_at: Option<At>,
}

/// Why the program can't start on a journal.
#[derive(Debug)]
pub enum CannotRecover {
    /// The journal itself.
    Journal(JournalError),
    /// A record that this program can't read.
    Unread(Unreadable),
    /// A record that this program can't carry out.
    Record { seq: u64, why: String },
}
impl fmt::Display for CannotRecover {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Journal(e) => write!(f, "{e}"),
            Self::Unread(e) => write!(f, "{e}"),
            Self::Record { seq, why } => write!(f, "record {seq} can't be carried out: {why}"),
        }
    }
}
impl std::error::Error for CannotRecover {}
impl From<JournalError> for CannotRecover {
    fn from(e: JournalError) -> Self {
        Self::Journal(e)
    }
}

/// A plan as the journal keeps it: its bytes, and the plan with the hash of these bytes as its name.
pub fn frozen(mut plan: Plan) -> (Vec<u8>, Plan) {
    plan.hash = String::new();
    plan.covered = Vec::new();
    // Blobs are not encrypted: what may not stand in a text does not stand here either. The switchboard's number does: texts
    // to those who can't write back name it.
    let switchboard = plan.region.switchboard.ix();
    for (i, function) in plan.functions.iter_mut().enumerate() {
        if let Some(phone) = function.phone.as_mut().filter(|p| !p.publishable && i != switchboard) {
            phone.number = String::new();
        }
    }
    let bytes = record::plan::encode(&plan);
    let hash = crate::journal::hash_of(&bytes);
    plan.hash = hex::encode(hash);
    plan.index();
    (bytes, plan)
}

fn thawed(bytes: &[u8], hash: &str) -> Result<Plan, CannotRead> {
    let mut plan = record::plan::decode(bytes)?;
    plan.hash = hash.to_owned();
    Ok(plan)
}

pub(super) fn unhex(text: &str) -> Option<Hash> {
    let mut hash = [0; 32];
    hex::decode_to_slice(text, &mut hash).ok()?;
    Some(hash)
}

/// Reads the journal and carries everything out again. `plan` is what new incidents follow when the journal says nothing.
///
/// # Errors
/// A damaged journal, or a record that this program does not understand.
pub fn recover(reader: &mut dyn Reader, plan: Arc<Plan>) -> Result<Recovered, CannotRecover> {
    recover_until(reader, plan, u64::MAX)
}

/// As [`recover`], up to a record.
///
/// # Errors
/// As [`recover`].
pub fn recover_until(reader: &mut dyn Reader, plan: Arc<Plan>, last_seq: u64) -> Result<Recovered, CannotRecover> {
    let (mut decoder, mut kept, mut last_at) = (Decoder::default(), SystemState::default(), None);
    let mut read: Vec<Read> = Vec::new();
    let mut state = State::new(plan);
    let mut contacts = BTreeMap::new();
    let mut events = 0;
    let mut from = Head::START;
    loop {
        // In handfuls: reading and unsealing need the reader in turn.
        if from.seq >= last_seq {
            return Ok(Recovered { state, head: from, contacts, events, kept, last_at });
        }
        let head = reader.read(from, &mut |record| {
            let entry = decoder.next(&record);
            let last = record.commitments().last();
            let go_on = entry.is_ok() && read.len() + 1 < HANDFUL && record.seq < last_seq;
            read.push(Read { seq: record.seq, at: At(record.at_ms), entry, last });
            if go_on { ControlFlow::Continue(()) } else { ControlFlow::Break(()) }
        })?;
        if read.is_empty() {
            return Ok(Recovered { state, head, contacts, events, kept, last_at });
        }
        for Read { seq, at, entry, last } in read.drain(..) {
            let fail = |why: String| CannotRecover::Record { seq, why };
            last_at = last_at.max(Some(at));
            kept.since.get_or_insert(at);
            let unread = |why: CannotRead| CannotRecover::Unread(Unreadable { seq, why });
            let (at, mut event, incomplete) = match entry.map_err(CannotRecover::Unread)? {
                Entry::Event { at, event, incomplete } => (at, event, incomplete),
                Entry::System(at, keeping) => {
                    kept.apply(seq, at, &keeping);
                    continue;
                }
                Entry::Part => continue,
            };
            unseal(&mut event, |c| reader.unseal(c))?;
            for hash in plans_named(&event) {
                if !state.plans.contains_key(hash) {
                    let key = unhex(hash).ok_or_else(|| fail(format!("“{hash}” names no plan")))?;
                    let bytes = reader.get_blob(&key)?.ok_or_else(|| fail(format!("plan {hash} is not stored")))?;
                    state.plans.insert(hash.to_owned(), Arc::new(thawed(&bytes, hash).map_err(unread)?));
                }
            }
            if let Event::Incident { no, change } = &event
                && matches!(**change, Change::Opened { .. } | Change::Adopted { .. })
                && let Some(last) = last
                && let Some(bytes) = reader.unseal(last)?
            {
                let addresses = record::contacts::decode(&bytes).map_err(unread)?;
                contacts.insert(*no, Arc::new(Contacts::new(addresses)));
            }
            if incomplete {
                record::format0::complete(&mut event, &state);
            }
            state.apply(at, &event).map_err(|unfit| fail(unfit.0))?;
            events += 1;
        }
        contacts.retain(|no, _| state.incidents.contains_key(no));
        from = head;
    }
}

/// A record, read and not yet carried out.
struct Read {
    seq: u64,
    at: At,
    entry: Result<Entry, Unreadable>,
    /// The last of its commitments: frozen contacts, when it opens an incident.
    last: Option<Commitment>,
}

/// So many records are read before they are carried out.
const HANDFUL: usize = 4_096;

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
