//! Stop: what is not yet handed over ends as withdrawn; everybody who got it, or may have, is told that it does not hold
//! (RULES D2). Stopped halfway through 2 000, every address is either withdrawn or told.

use std::collections::{BTreeMap, BTreeSet};

use super::Decider;
use super::stale::unknown_number;
use crate::domain::delivery::DeliveryState;
use crate::domain::ids::{FunctionId, FunctionIx, IncidentNo};
use crate::domain::incident::event::Change;
use crate::domain::incident::refused::{Refused, refuse};
use crate::domain::incident::render::StopWords;
use crate::domain::incident::state::EntryState;
use crate::domain::incident::values::StepEnd;
use crate::domain::incident::values::{ClosedBy, Dropped, Item, Kind};
use crate::domain::plan::Audience;
use crate::domain::private::Private;

impl Decider<'_> {
    pub(super) fn stop(
        &mut self,
        by: &FunctionId,
        no: IncidentNo,
        message: Option<u32>,
        false_alarm: bool,
        reason: &Private,
    ) -> Result<(), Refused> {
        let inc = self.open(no)?;
        let fx = self.lead(no, by)?;
        if reason.is_empty() {
            return Err(refuse!(NoReason));
        }
        let open = |m: &crate::domain::incident::state::Message| !m.stopped && !matches!(m.kind, Kind::Stopped { .. });
        let stopped: Vec<u32> = match message {
            Some(seq) => match inc.message(seq) {
                Some(m) if open(m) => vec![seq],
                Some(_) => {
                    return Err(refuse!(StoppedAlready { message: inc.number(seq) }));
                }
                None => {
                    return Err(unknown_number(inc, inc.number(seq)));
                }
            },
            None => inc.messages.iter().filter(|m| open(m)).map(|m| m.seq).collect(),
        };
        if stopped.is_empty() {
            return Err(refuse!(NothingToStop { incident: no }));
        }
        // Everybody who has it or may have it, before anything is withdrawn.
        let told = self.told(no, &stopped);
        let public = self
            .inc(no)
            .entries
            .iter()
            .any(|e| e.public && stopped.contains(&e.message) && matches!(e.state, EntryState::Released { .. }));
        for seq in &stopped {
            self.emit(no, Change::Stopped { message: *seq, by: fx, reason: reason.clone() });
        }
        self.end_stopped_redirections(no, &stopped, fx, reason);
        self.withdraw_queued(no, |item| matches!(item, Item::Message(m) if stopped.contains(&m)));
        let inc = self.inc(no);
        let waiting: Vec<u32> = inc
            .entries
            .iter()
            .filter(|e| stopped.contains(&e.message))
            .filter(|e| matches!(e.state, EntryState::Waiting(_) | EntryState::Quiet { .. } | EntryState::Ready))
            .map(|e| e.id)
            .collect();
        for entry in waiting {
            self.emit(no, Change::EntryDropped { entry, why: Dropped::Stopped });
        }
        let inc = self.inc(no);
        let asks: Vec<u32> = (0u32..)
            .zip(&inc.asks)
            .filter(|(_, a)| stopped.contains(&a.message) && a.state.is_open())
            .map(|(i, _)| i)
            .collect();
        if !asks.is_empty() {
            self.emit(no, Change::AsksClosed { asks, by: ClosedBy::Stopped });
        }
        // One message that was wrong is no false alarm.
        let false_alarm = false_alarm && message.is_none();
        self.stop_words = Some(StopWords { reason: reason.as_str().to_owned(), false_alarm });
        // Each hears of the newest number that it has or may have.
        for ((audience, of), to) in told {
            if audience != Audience::Public {
                self.tell_stopped(no, of, audience, to);
            }
        }
        if public {
            let last = stopped
                .iter()
                .rev()
                .find(|s| self.inc(no).message(**s).is_some_and(|m| m.audience == Audience::Public));
            if let Some(of) = last.copied() {
                let of = self.inc(no).number(of);
                self.tell_everybody(no, Kind::Stopped { of }, &[Audience::Public]);
            }
        }
        self.stop_words = None;
        if message.is_none() {
            self.end_steps(no, Some(fx), true);
            self.moot_proposals(no);
        }
        // The raised mode goes to a decision.
        self.propose_lowering_after_stop(no, message.is_none());
        Ok(())
    }

    /// A redirection whose text no longer holds stands in no later text either; its receivers are told by the stop.
    fn end_stopped_redirections(&mut self, no: IncidentNo, stopped: &[u32], by: FunctionIx, reason: &Private) {
        let inc = self.inc(no);
        let mut steps: Vec<u32> = stopped
            .iter()
            .filter_map(|seq| match inc.message(*seq)?.kind {
                Kind::Redirection { step, over: false } => Some(step),
                _ => None,
            })
            .filter(|step| inc.steps.get(*step as usize).is_some_and(|s| s.is_open()))
            .collect();
        steps.dedup();
        for step in steps {
            let end = StepEnd::Stopped;
            self.emit(no, Change::StepEnded { step, end, by: Some(by), words: reason.clone() });
        }
    }

    fn propose_lowering_after_stop(&mut self, no: IncidentNo, all: bool) {
        if all || self.inc(no).newest(Audience::Internal).is_none_or(|m| matches!(m.kind, Kind::Stopped { .. })) {
            self.propose_lowering(no);
        }
    }

    /// "14-1 gäller inte", without approval.
    fn tell_stopped(&mut self, no: IncidentNo, of: u32, audience: Audience, to: Vec<FunctionIx>) {
        let kind = Kind::Stopped { of: self.inc(no).number(of) };
        let there = self.inc(no).messages.iter().find(|m| m.kind == kind && m.audience == audience).map(|m| m.seq);
        let seq = match there {
            Some(seq) => seq,
            None => self.draft(no, kind, audience),
        };
        self.tell_followers(no, seq, audience, to);
    }

    /// A gateway was faster than the stop, or had it after all: what was withdrawn or failed turns out to have gone out. That
    /// address is told too.
    pub(super) fn tell_late(&mut self, no: IncidentNo, ordinals: &[u32]) {
        let inc = self.inc(no);
        let mut late: BTreeMap<(Audience, u32), BTreeSet<FunctionIx>> = BTreeMap::new();
        for d in ordinals.iter().filter_map(|o| inc.deliveries.get(*o as usize)) {
            let Item::Message(seq) = d.item() else { continue };
            if let Some(m) = inc.message(seq).filter(|m| m.stopped && !matches!(m.kind, Kind::Stopped { .. })) {
                late.entry((m.audience, seq)).or_default().extend(&inc.plan.point(d.point).functions);
            }
        }
        for ((audience, of), to) in late {
            self.tell_stopped(no, of, audience, to.into_iter().collect());
        }
    }

    /// Functions with a point that has one of these messages, or may have it: accepted, delivered, unknown now or once, on the
    /// wire, called back without a word from its worker. By the newest of them.
    fn told(&self, no: IncidentNo, messages: &[u32]) -> BTreeMap<(Audience, u32), Vec<FunctionIx>> {
        let inc = self.inc(no);
        let wanted: BTreeSet<u32> = messages.iter().copied().collect();
        let mut newest: BTreeMap<(Audience, FunctionIx), u32> = BTreeMap::new();
        for d in &inc.deliveries {
            let Item::Message(seq) = d.item() else { continue };
            if d.may_be_out() && wanted.contains(&seq) {
                let audience = inc.message(seq).map_or(Audience::Internal, |m| m.audience);
                for f in inc.plan.point(d.point).functions.iter().filter(|f| inc.attempted.contains(f)) {
                    let known = newest.entry((audience, *f)).or_insert(seq);
                    *known = seq.max(*known);
                }
            }
        }
        let mut told: BTreeMap<(Audience, u32), Vec<FunctionIx>> = BTreeMap::new();
        for ((audience, f), seq) in newest {
            told.entry((audience, seq)).or_default().push(f);
        }
        told
    }

    /// Calls back what no gateway has yet.
    pub(super) fn withdraw_queued(&mut self, no: IncidentNo, which: impl Fn(Item) -> bool) {
        let inc = self.inc(no);
        let ordinals: Vec<u32> = (0u32..)
            .zip(&inc.deliveries)
            .filter(|(_, d)| d.state == DeliveryState::Queued && which(d.item()))
            .map(|(o, _)| o)
            .collect();
        if !ordinals.is_empty() {
            self.emit(no, Change::Withdrawn { ordinals });
        }
    }
}
