//! Two pairs of eyes for what the public sees (RULES H3): whose yes would be refused, who is asked instead, and when the deadline
//! decides. One answer for the rule that refuses and for the page that says so beforehand.

use super::approve::{for_public, held_by, next_approver};
use crate::domain::ids::FunctionIx;
use crate::domain::incident::actor::Actor;
use crate::domain::incident::state::{EntryState, Incident};
use crate::domain::time::At;

/// Why a yes would be refused, and what goes on instead.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct SameEyes {
    /// The number's place in its incident.
    pub message: u32,
    /// A program is nobody.
    pub program: bool,
    /// Who is asked beside, or would be; `None`: nobody is left.
    pub other: Option<FunctionIx>,
    /// That one was asked already.
    pub asked: bool,
    /// The deadline decides then.
    pub decides: At,
}

/// What the public sees is approved by another than who reported it or gave the newest news: another account, device or address;
/// and by somebody, never by a program. `None`: the yes of that one counts for these entries.
pub fn same_eyes(inc: &Incident, entries: &[u32], by: FunctionIx, actor: Option<&Actor>, now: At) -> Option<SameEyes> {
    let entry = entries.iter().filter_map(|id| inc.entry(*id)).find(|e| for_public(e))?;
    let EntryState::Waiting(a) = &entry.state else { return None };
    let told = |actor| [&inc.reported_by, &inc.news_by].into_iter().flatten().any(|told| told == actor);
    if actor.is_some_and(|actor| !told(actor)) {
        return None;
    }
    let own = |f: FunctionIx| f == by || held_by(&inc.plan, f, now) == by;
    let last = a.asked.last().copied().filter(|last| !own(*last));
    Some(SameEyes {
        message: entry.message,
        program: actor.is_none(),
        other: last.or_else(|| next_approver(inc, entry, now)),
        asked: last.is_some(),
        decides: a.due,
    })
}
