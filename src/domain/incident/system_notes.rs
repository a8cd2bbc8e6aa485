//! Notes that belong to no incident, by the ordinal of their delivery. Those of the last day are kept, and a few before them:
//! an answer to an older one comes too late to matter. So memory does not grow with the journal's age.

use std::collections::VecDeque;

use serde::{Deserialize, Serialize};

use super::asks::system_note_outgoing;
use super::state::{State, SystemNote};
use crate::domain::delivery::DeliveryState;
use crate::domain::ids::GatewayIx;
use crate::domain::text::fit::units;
use crate::domain::time::At;
use crate::domain::words::NoteWord;

/// A note is kept for at least that long, in seconds: until then its receipt, or the answer to a test, may come.
const KEPT_S: u32 = 24 * 3600;
/// So many are kept, however old they are.
const KEPT_MIN: usize = 256;

/// A note goes over another way for so long, in seconds: later it is no longer so.
const REROUTE_FOR_S: u32 = 900;

/// The ways of its duty point over which a note can still go, as places there, the best first (RULES G1): none that failed for the
/// same words in the last day, none that can't carry them. A test has none: it asks about its own way.
pub fn ways_left(state: &State, note: &SystemNote, now: At) -> Vec<u8> {
    if note.word == NoteWord::Test || note.at + REROUTE_FOR_S < now || note.plan != state.plan.hash {
        return Vec::new();
    }
    let Some(out) = system_note_outgoing(note.word, note.text.as_str()) else { return Vec::new() };
    let same = |n: &SystemNote| (n.send.point, n.word) == (note.send.point, note.word) && n.text == note.text;
    let failed = |n: &SystemNote| matches!(n.state, DeliveryState::Failed | DeliveryState::Expired);
    let tried = state.system_notes.iter().filter(|(_, n)| same(n) && failed(n) && n.plan == note.plan);
    let tried: Vec<u8> = tried.map(|(_, n)| n.send.gateway).chain([note.send.gateway]).collect();
    let gateways = (0u8..).zip(&state.plan.point(note.send.point).gateways);
    let carries = |g: GatewayIx| units(&out, None, &state.plan.gateway(g).capability).is_ok();
    let mut left: Vec<(u8, GatewayIx)> =
        gateways.map(|(place, g)| (place, *g)).filter(|(place, g)| !tried.contains(place) && carries(*g)).collect();
    left.sort_by_key(|(_, g)| state.ways.rank(&state.plan.gateway(*g).id));
    left.into_iter().map(|(place, _)| place).collect()
}

/// The newest notes of no incident.
#[derive(Clone, PartialEq, Eq, Default, Serialize, Deserialize, Debug)]
pub struct SystemNotes {
    /// The ordinal of the first that is kept.
    first: u32,
    kept: VecDeque<SystemNote>,
}

impl SystemNotes {
    /// The ordinal that the next one gets.
    pub fn next(&self) -> u32 {
        self.first.saturating_add(u32::try_from(self.kept.len()).unwrap_or(u32::MAX))
    }

    /// Takes a note under the next ordinal, and lets go of those whose time is over.
    pub fn push(&mut self, note: SystemNote) {
        let now = note.at;
        self.kept.push_back(note);
        while self.kept.len() > KEPT_MIN && self.kept.front().is_some_and(|oldest| oldest.at + KEPT_S < now) {
            self.kept.pop_front();
            self.first = self.first.saturating_add(1);
        }
    }

    /// A note that is still kept.
    pub fn get(&self, ordinal: u32) -> Option<&SystemNote> {
        self.kept.get(usize::try_from(ordinal.checked_sub(self.first)?).ok()?)
    }

    /// As [`get`](Self::get), to be changed.
    pub fn get_mut(&mut self, ordinal: u32) -> Option<&mut SystemNote> {
        self.kept.get_mut(usize::try_from(ordinal.checked_sub(self.first)?).ok()?)
    }

    /// It was there, and is not kept any more.
    pub fn is_past(&self, ordinal: u32) -> bool {
        ordinal < self.first
    }

    /// All that are kept, with their ordinals.
    pub fn iter(&self) -> impl Iterator<Item = (u32, &SystemNote)> {
        (self.first..).zip(&self.kept)
    }

    /// All that are kept, to be changed.
    pub fn iter_mut(&mut self) -> impl Iterator<Item = &mut SystemNote> {
        self.kept.iter_mut()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::ids::PointIx;
    use crate::domain::incident::values::Send;

    fn note(at: At) -> SystemNote {
        SystemNote {
            send: Send { point: PointIx(0), gateway: 0, lang: 0 },
            plan: String::new(),
            book: 0,
            word: NoteWord::Test,
            text: "".into(),
            at,
            state: DeliveryState::Queued,
            cause: None,
        }
    }

    #[test]
    fn a_day_of_notes_is_kept_and_ordinals_go_on() {
        let mut notes = SystemNotes::default();
        let begin = At(1_229_566_320_000);
        for n in 0..10_000 {
            assert_eq!(notes.next(), n);
            notes.push(note(begin + n));
        }
        assert_eq!((notes.get(0).map(|n| n.at), notes.next()), (Some(begin), 10_000), "all of one day");
        notes.push(note(begin + 9_999 + KEPT_S));
        assert!(notes.is_past(9_743) && notes.get(9_743).is_none(), "a day later only the newest are left");
        assert_eq!(notes.get(9_745).map(|n| n.at), Some(begin + 9_745));
        assert_eq!(notes.iter().next().map(|(ordinal, n)| n.at == begin + ordinal), Some(true));
        assert_eq!(notes.iter().count(), KEPT_MIN);
        assert!(notes.get(notes.next()).is_none() && !notes.is_past(notes.next()));
    }
}
