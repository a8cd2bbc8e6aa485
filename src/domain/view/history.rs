//! What became of a text that waits, or waited: the numbers that it had, who said no and why, who released it.
//!
//! It is for those who are asked to approve: the one view that has people's own words in it (RULES B3). It goes to them alone.

use super::incident::released_by;
use super::{ReleasedView, id};
use crate::domain::ids::{FunctionId, MessageNo};
use crate::domain::incident::state::{EntryState, Incident, State};
use crate::domain::time::At;

/// A no.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct RejectionView {
    /// To which number.
    pub number: MessageNo,
    pub by: FunctionId,
    pub at: At,
    /// Why, in the words of who said it; empty once it was forgotten.
    pub reason: String,
}

/// What became of a text.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct HistoryView {
    /// The numbers that it had before this one, the oldest first.
    pub before: Vec<MessageNo>,
    /// Every no to it or to one before it, the oldest first.
    pub rejections: Vec<RejectionView>,
    /// When it went out, and by whose word.
    pub released: Option<(At, ReleasedView)>,
    /// The number that what waited with it waits with, or went out with, since.
    pub newer: Option<MessageNo>,
}

/// What became of that number, if its incident is in memory and has it.
pub fn history(state: &State, number: MessageNo) -> Option<HistoryView> {
    let inc = state.incidents.get(&number.incident)?;
    inc.message(number.seq)?;
    let mut before = Vec::new();
    let mut at = number.seq;
    // Each is older than the one after it, so that this ends.
    while let Some(older) = replaced(inc, at).filter(|older| *older < at) {
        before.push(older);
        at = older;
    }
    before.reverse();
    let same = |seq: u32| seq == number.seq || before.contains(&seq);
    let rejections = inc.rejections.iter().filter(|r| same(r.message)).map(|r| RejectionView {
        number: inc.number(r.message),
        by: id(&inc.plan, r.by),
        at: r.at,
        reason: r.reason.as_str().to_owned(),
    });
    let of_number = || inc.entries.iter().filter(|e| e.message == number.seq);
    // The entries that were asked about come first: the same number may have gone to others by the playbook.
    let released = of_number().filter(|e| e.rule.is_some()).chain(of_number()).find_map(|e| match &e.state {
        EntryState::Released { at, by } => Some((*at, released_by(&inc.plan, *by))),
        _ => None,
    });
    let moved = inc.moved.iter().rev().filter(|m| m.1 == number.seq);
    let newer = moved.filter_map(|m| inc.entry(m.0)).map(|e| e.message).max().filter(|seq| *seq > number.seq);
    Some(HistoryView {
        rejections: rejections.collect(),
        released,
        newer: newer.map(|seq| inc.number(seq)),
        before: before.into_iter().map(|seq| inc.number(seq)).collect(),
    })
}

/// The number that this one took the place of.
fn replaced(inc: &Incident, seq: u32) -> Option<u32> {
    let here = |entry: u32| inc.entry(entry).is_some_and(|e| e.message == seq);
    let moved = inc.moved.iter().rev().find(|(entry, old)| here(*entry) && *old < seq).map(|m| m.1);
    inc.message(seq)?.replaces.or(moved)
}
