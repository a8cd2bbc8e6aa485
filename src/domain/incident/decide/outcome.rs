//! What gateways told: accepted, delivered, failed; the next gateway of the channel; the public page read back.

use std::collections::BTreeMap;
use std::sync::Arc;

use super::Decider;
use super::release::{Sender, count};
use crate::domain::delivery::DeliveryState;
use crate::domain::ids::{FunctionIx, IncidentNo, MessageNo, Status};
use crate::domain::incident::event::{Batch, BatchTrailers, Change, Event, Outcome};
use crate::domain::incident::input::Told;
use crate::domain::incident::state::{Delivery, EntryState, SYSTEM_NOTES};
use crate::domain::incident::system_notes::ways_left;
use crate::domain::incident::values::{Item, Phase, Send};
use crate::domain::words::NoteWord;

impl Decider<'_> {
    pub(super) fn outcomes(&mut self, outcomes: &[Told]) {
        let mut by_incident: BTreeMap<IncidentNo, Vec<Heard>> = BTreeMap::new();
        let (mut system_notes, mut notes_over) = (Vec::new(), Vec::new());
        for Told { delivery: id, state, cause } in outcomes {
            let given_back = *state == DeliveryState::Queued;
            // A way that gave it back for its own sake has not carried it: for that way it failed.
            let to = if given_back { DeliveryState::Failed } else { *state };
            let outcome = |state| Outcome { ordinal: id.ordinal, state, cause: cause.clone() };
            if id.incident == SYSTEM_NOTES {
                if self.state.system_notes.get(id.ordinal).is_some_and(|n| moves(n.state, to)) {
                    system_notes.push(outcome(to));
                    if to == DeliveryState::Failed {
                        notes_over.push((id.ordinal, given_back));
                    }
                }
                continue;
            }
            let Some(inc) = self.state.incidents.get(&id.incident) else { continue };
            let Some(d) = inc.deliveries.get(id.ordinal as usize) else { continue };
            // Called back meanwhile: now it is known that it had not left.
            let to = if given_back && d.called_back_unheard() { DeliveryState::Withdrawn } else { to };
            if moves(d.state, to) || recalled(d, to) || again_unknown(d, to) {
                let heard = Heard { outcome: outcome(to), given_back };
                by_incident.entry(id.incident).or_default().push(heard);
            }
        }
        if !system_notes.is_empty() {
            self.emit_event(Event::SystemNoteResults { results: system_notes });
        }
        for (ordinal, given_back) in notes_over {
            self.reroute_system_note(ordinal, given_back);
        }
        for (no, mut heard) in by_incident {
            // A receipt can come in the same handful as its acceptance: both stand, in order, but no state goes back.
            let mut last: BTreeMap<u32, (DeliveryState, bool)> = BTreeMap::new();
            heard.retain(|h| {
                let (ordinal, state) = (h.outcome.ordinal, h.outcome.state);
                let fine = last.get(&ordinal).is_none_or(|(before, _)| moves(*before, state));
                if fine {
                    last.insert(ordinal, (state, h.given_back));
                }
                fine
            });
            let over: Vec<(u32, bool)> = last
                .iter()
                .filter(|(_, (s, _))| {
                    matches!(s, DeliveryState::Failed | DeliveryState::Expired | DeliveryState::Unknown)
                })
                .map(|(o, (_, given_back))| (*o, *given_back))
                .collect();
            let before = |o: &u32| self.inc(no).deliveries.get(*o as usize).map(|d| d.state);
            let late: Vec<u32> = last
                .iter()
                .filter(|(o, (now, _))| {
                    now.may_be_out()
                        && matches!(
                            before(o),
                            Some(DeliveryState::Withdrawn | DeliveryState::Failed | DeliveryState::Expired)
                        )
                })
                .map(|(o, _)| *o)
                .collect();
            let results = heard.into_iter().map(|h| h.outcome).collect();
            self.emit(no, Change::Results { results });
            if !late.is_empty() {
                self.tell_late(no, &late);
                self.drill_told_late(no, &late);
            }
            for (ordinal, given_back) in over {
                self.reroute(no, ordinal, given_back);
            }
        }
    }

    /// A note of no incident goes over the next way of its point. Where there is none, a way that gave it back for its own sake takes
    /// it again and keeps it until its time is over. A test asks about one way, now: where that is out it has failed.
    fn reroute_system_note(&mut self, ordinal: u32, given_back: bool) {
        let Some(note) = self.state.system_notes.get(ordinal).cloned() else { return };
        let waits = given_back && note.word != NoteWord::Test && note.plan == self.state.plan.hash;
        let again = waits.then_some(note.send.gateway);
        if let Some(gateway) = ways_left(self.state, &note, self.now).first().copied().or(again) {
            let send = Send { gateway, ..note.send };
            self.emit_event(Event::SystemNote { send, plan: note.plan, word: note.word, text: note.text });
        }
    }

    /// The best gateway of the same channel that is left takes over (RULES G1); when there is none and the function has no other
    /// path that still works, people must walk. One that gave it back for its own sake may take it again, where nothing is better.
    fn reroute(&mut self, no: IncidentNo, ordinal: u32, given_back: bool) {
        let inc = self.inc(no);
        let Some(d) = inc.deliveries.get(ordinal as usize).copied() else { return };
        if d.flags & Delivery::PASSED_ON != 0 {
            return;
        }
        let item = d.item();
        if let Item::Message(m) = item
            && inc.message(m).is_some_and(|m| m.stopped)
        {
            // What was stopped is not tried again (RULES D2).
            return;
        }
        let unknown = d.state == DeliveryState::Unknown;
        // A drill that is over says nothing more than that, over no way (RULES D16).
        if inc.phase == Phase::Closed && (unknown || inc.drill_end.is_some()) && !inc.is_last_word(item) {
            return;
        }
        let tried = if given_back { inc.tried_before(ordinal) } else { inc.tried(ordinal) };
        let stored = match item {
            Item::Message(_) => None,
            Item::Note(_) => crate::domain::incident::asks::outgoing(inc, item, lang_of(inc, d.lang)),
        };
        let mut sender = Sender::new(&self.state.ways, self.now, inc, item, &[]);
        if let Some(out) = stored {
            // A note's text is in one language: the way must carry that one.
            sender = sender.with_text(BTreeMap::from([(lang_of(inc, d.lang), out)]));
        }
        let next = sender.choose_after(d.point, &tried, d.gateway);
        drop(sender);
        if let Ok(send) = next {
            let mut flags = d.flags & !Delivery::OWN;
            if given_back {
                flags |= Delivery::MOVED;
                // It was there already and nothing else is left: it stays until that one takes it, or another gets better.
                if inc.been(ordinal).contains(&send.gateway) {
                    flags |= Delivery::WAITS;
                }
            }
            let batch = Batch {
                item,
                flags,
                first: count(inc.deliveries.len()),
                sends: Arc::new(vec![send]),
                trailers: BatchTrailers::default(),
            };
            self.emit(no, Change::Rerouted { from: ordinal, batch });
        } else if let Item::Message(message) = item
            && !unknown
        {
            self.last_path_failed(no, message, &inc.plan.point(d.point).functions.clone());
        }
    }

    /// Every path of a function failed: a task for the switchboard (RULES A5).
    fn last_path_failed(&mut self, no: IncidentNo, message: u32, at_point: &[FunctionIx]) {
        let inc = self.inc(no);
        let plan = inc.plan.clone();
        let dead = |f: &FunctionIx| {
            let points = &plan.function(*f).points;
            let mine: Vec<&Delivery> = inc
                .deliveries
                .iter()
                .filter(|d| d.item() == Item::Message(message) && points.contains(&d.point))
                .collect();
            !mine.is_empty()
                && mine.iter().all(|d| {
                    matches!(d.state, DeliveryState::Failed | DeliveryState::Expired | DeliveryState::Withdrawn)
                })
        };
        let asked = |f: &FunctionIx| inc.attempted.contains(f);
        let told: Vec<FunctionIx> =
            inc.errands.iter().filter(|t| t.message == message).flat_map(|t| t.functions.iter().copied()).collect();
        let functions: Vec<FunctionIx> =
            at_point.iter().copied().filter(asked).filter(dead).filter(|f| !told.contains(f)).collect();
        if functions.is_empty() {
            return;
        }
        let (owner, why) = (plan.region.switchboard, "every gateway failed".to_owned());
        self.emit(no, Change::ErrandAdded { owner, functions: functions.clone(), message, why: why.clone() });
        let number = self.inc(no).number(message);
        self.note(no, owner, NoteWord::ReadOut, &|n| {
            vec![("number", n.number(number)), ("functions", n.titles(&functions)), ("why", why.clone())]
        });
    }

    /// The public page was read back. No drill stands there (RULES D1): whoever says so has read something else.
    pub(super) fn page_checked(&mut self, messages: &[MessageNo], equal: bool) {
        for number in messages.iter().filter(|n| n.incident.status == Status::Actual) {
            let Some(inc) = self.state.incidents.get(&number.incident) else { continue };
            let Some(message) = inc.message(number.seq) else { continue };
            let released = inc
                .entries
                .iter()
                .any(|e| e.public && e.message == number.seq && matches!(e.state, EntryState::Released { .. }));
            match (message.page_equal, equal) {
                _ if !released => {}
                (Some(true), true) | (Some(false), false) => {}
                (_, true) => self.emit(number.incident, Change::PageChecked { message: number.seq, equal }),
                (_, false) => self.page_failed(number.incident, number.seq),
            }
        }
    }

    /// `public` ends as read back and equal, or as an alarm (invariant 3).
    pub(super) fn page_failed(&mut self, no: IncidentNo, message: u32) {
        self.emit(no, Change::PageChecked { message, equal: false });
        let plan = self.plan(no);
        let number = self.inc(no).number(message);
        let mut tell = vec![plan.region.switchboard];
        tell.extend(plan.region.last_resort.first());
        for f in tell {
            self.note(no, f, NoteWord::PageNotProven, &|n| vec![("number", n.number(number))]);
        }
    }
}

fn lang_of(inc: &crate::domain::incident::state::Incident, lang: u8) -> crate::domain::lang::Lang {
    inc.plan.region.languages.get(usize::from(lang)).copied().unwrap_or(inc.plan.lang())
}

/// What was heard of a delivery in one handful.
struct Heard {
    outcome: Outcome,
    /// Its gateway gave it back for its own sake.
    given_back: bool,
}

/// A repeat of what was unknown before ended unknown too: the next gateway takes over (RULES G4).
fn again_unknown(d: &Delivery, to: DeliveryState) -> bool {
    (d.state, to) == (DeliveryState::Unknown, DeliveryState::Unknown) && d.flags & Delivery::PASSED_ON == 0
}

/// A worker gave back what was withdrawn: told once, so that a start after a crash knows that it had not left.
fn recalled(d: &Delivery, to: DeliveryState) -> bool {
    to == DeliveryState::Withdrawn && d.called_back_unheard()
}

/// Whether a state may follow another. What was withdrawn may still turn out to have been accepted: the gateway was faster.
/// What was accepted may be withdrawn: its far end had not begun, and gave it back.
fn moves(from: DeliveryState, to: DeliveryState) -> bool {
    use DeliveryState as S;
    match (from, to) {
        (a, b) if a == b => false,
        (S::Delivered, _) => false,
        (S::Accepted, S::Delivered | S::Failed | S::Expired | S::Withdrawn) => true,
        (S::Accepted, _) => false,
        (S::Failed | S::Expired, S::Delivered | S::Accepted) => true,
        (S::Failed | S::Expired, _) => false,
        (S::Withdrawn, S::Accepted | S::Delivered | S::Unknown) => true,
        (S::Withdrawn, _) => false,
        (_, S::Queued | S::Withdrawn) => false,
        (S::Unknown, S::Attempting) => true,
        _ => true,
    }
}
