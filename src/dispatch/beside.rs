//! What lies beside the chain and belongs to it: the plans that records name, and what was lawfully forgotten. The journal itself
//! knows neither; so `verify` asks here, with the records' meaning at hand.
//!
//! Must not: judge the chain (`journal::verify`), or change anything.

use std::collections::{BTreeMap, BTreeSet};
use std::ops::ControlFlow;

use super::forgotten::read_forgotten;
use super::record::{Decoder, Entry, label};
use super::recover::unhex;
use super::replay::plans_named;
use crate::journal::{Head, JournalError, Reader};

/// A plan that the journal does not have, and the first record that names it.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct MissingPlan {
    pub seq: u64,
    /// Its name: the hash of its bytes.
    pub plan: String,
}

/// The plans that records name and the journal does not have, in the order of those records. Where the chain is broken, what
/// stands before that counts.
///
/// # Errors
/// The disk does not give it.
pub fn missing_plans(reader: &dyn Reader) -> Result<Vec<MissingPlan>, JournalError> {
    let (mut decoder, mut named) = (Decoder::default(), BTreeMap::new());
    let read = reader.read(Head::START, &mut |record| {
        if let Ok(Entry::Event { event, .. }) = decoder.next(&record) {
            for plan in plans_named(&event) {
                if !named.contains_key(plan) {
                    named.insert(plan.to_owned(), record.seq);
                }
            }
        }
        ControlFlow::Continue(())
    });
    match read {
        Ok(_) | Err(JournalError::Corrupt { .. }) => {}
        Err(error) => return Err(error),
    }
    let mut missing = Vec::new();
    for (plan, seq) in named {
        // One that is there and is not what its name says is told by the journal's own proof.
        let there = match unhex(&plan).map(|hash| reader.get_blob(&hash)) {
            None | Some(Ok(None)) => false,
            Some(Ok(Some(_)) | Err(JournalError::Corrupt { .. })) => true,
            Some(Err(error)) => return Err(error),
        };
        if !there {
            missing.push(MissingPlan { seq, plan });
        }
    }
    missing.sort_by_key(|m| m.seq);
    Ok(missing)
}

/// Under which names private values were destroyed though no record says that they were to be forgotten. `destroyed` are the
/// names that the journal has without a key.
///
/// # Errors
/// The disk does not give it.
pub fn destroyed_off_record(reader: &dyn Reader, destroyed: &BTreeSet<String>) -> Result<Vec<String>, JournalError> {
    if destroyed.is_empty() {
        return Ok(Vec::new());
    }
    let lawful: BTreeSet<String> = read_forgotten(reader)?.into_keys().map(|no| label(Some(no))).collect();
    Ok(destroyed.difference(&lawful).cloned().collect())
}
