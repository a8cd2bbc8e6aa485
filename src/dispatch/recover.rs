//! Recovery is replay: the journal is read, from a checkpoint on or from its start, and every event applied.

use std::collections::BTreeMap;
use std::fmt;
use std::sync::Arc;

use super::record::Unreadable;
use super::replay::replay_from;
use super::system_record::SystemState;
use crate::config::Contacts;
use crate::domain::ids::IncidentNo;
use crate::domain::incident::state::State;
use crate::domain::plan::Plan;
use crate::domain::time::At;
use crate::journal::{Checkpoint, Hash, Head, JournalError, Reader, Unusable};
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

pub(super) fn thawed(bytes: &[u8], hash: &str) -> Result<Plan, CannotRead> {
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
pub fn recover(reader: &dyn Reader, plan: Arc<Plan>) -> Result<Recovered, CannotRecover> {
    recover_from(reader, plan, Err(Unusable::Missing)).map(|(recovered, _)| recovered)
}

/// As [`recover`], from a checkpoint on where that fits, and from the journal's start where it does not: then the second value
/// says why.
///
/// # Errors
/// As [`recover`].
pub fn recover_from(
    reader: &dyn Reader,
    plan: Arc<Plan>,
    found: Result<Checkpoint, Unusable>,
) -> Result<(Recovered, Option<Unusable>), CannotRecover> {
    let (replay, why_not) = replay_from(reader, plan.clone(), found)?;
    match (replay.open(reader), why_not) {
        // It may name values that the journal does not have, though its checksum fits.
        (Err(why), None) => {
            let why = Unusable::Body(why.to_string());
            let (replay, _) = replay_from(reader, plan, Err(Unusable::Missing))?;
            Ok((replay.open(reader)?, Some(why)))
        }
        (opened, why_not) => Ok((opened?, why_not)),
    }
}
