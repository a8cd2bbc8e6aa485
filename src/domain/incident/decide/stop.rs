//! Stop: what is not yet handed over ends as withdrawn; everybody who got it, or may have, is told that it does not hold
//! (RULES D2). Stopped halfway through 2 000, every address is either withdrawn or told.

use std::collections::BTreeSet;

use super::Decider;
use crate::domain::delivery::DeliveryState;
use crate::domain::ids::{FunctionId, Fx, IncidentNo};
use crate::domain::incident::event::Change;
use crate::domain::incident::input::Refused;
use crate::domain::incident::state::{ClosedBy, Dropped, EntryState, Item, Kind};
use crate::domain::plan::Audience;
use crate::domain::private::Private;

impl Decider<'_> {
    pub(super) fn stop(
        &mut self,
        by: &FunctionId,
        no: IncidentNo,
        message: Option<u32>,
        reason: &Private,
    ) -> Result<(), Refused> {
        let inc = self.open(no)?;
        let fx = self.lead(no, by, "stop")?;
        if reason.is_empty() {
            return Err(Refused::new("no-reason", "a stop needs a reason", "give it with --reason"));
        }
        let open = |m: &crate::domain::incident::state::Message| !m.stopped && !matches!(m.kind, Kind::Stopped { .. });
        let stopped: Vec<u32> = match message {
            Some(seq) => match inc.message(seq) {
                Some(m) if open(m) => vec![seq],
                Some(_) => {
                    return Err(Refused::new(
                        "stopped-already",
                        format!("{} does not hold already", inc.number(seq)),
                        "nothing to do",
                    ));
                }
                None => {
                    return Err(Refused::new(
                        "unknown-number",
                        format!("there is no message {}", inc.number(seq)),
                        format!("{no} has messages 1 to {}", inc.messages.len()),
                    ));
                }
            },
            None => inc.messages.iter().filter(|m| open(m)).map(|m| m.seq).collect(),
        };
        if stopped.is_empty() {
            return Err(Refused::new(
                "nothing-to-stop",
                format!("{no} has sent nothing that still holds"),
                "see `vardkase status`",
            ));
        }
        // Who has it or may have it, before anything is withdrawn.
        let told = self.told(no, &stopped);
        let public = self
            .inc(no)
            .entries
            .iter()
            .any(|e| e.public && stopped.contains(&e.message) && matches!(e.state, EntryState::Released { .. }));
        for seq in &stopped {
            self.emit(no, Change::Stopped { message: *seq, by: fx, reason: reason.clone() });
        }
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
        // One text per audience names the newest number that no longer holds.
        for audience in [Audience::Internal, Audience::Outside] {
            let last = stopped
                .iter()
                .rev()
                .find(|s| self.inc(no).message(**s).is_some_and(|m| m.audience == audience && m.released_at.is_some()));
            let to: Vec<Fx> = told.iter().filter(|t| t.1 == audience).map(|t| t.0).collect();
            if let Some(of) = last.copied()
                && !to.is_empty()
            {
                let of = self.inc(no).number(of);
                let seq = self.draft(no, Kind::Stopped { of }, audience);
                self.follow(no, seq, audience, to);
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
        if message.is_none() {
            self.moot_proposals(no);
        }
        // The raised mode goes to a decision.
        self.propose_lowering_after_stop(no, message.is_none());
        Ok(())
    }

    fn propose_lowering_after_stop(&mut self, no: IncidentNo, all: bool) {
        if all || self.inc(no).newest(Audience::Internal).is_none_or(|m| matches!(m.kind, Kind::Stopped { .. })) {
            self.propose_lowering(no);
        }
    }

    /// Functions with a point that has one of these messages, or may have it: accepted, delivered, unknown, on the wire.
    fn told(&self, no: IncidentNo, messages: &[u32]) -> Vec<(Fx, Audience)> {
        let inc = self.inc(no);
        let mut told = BTreeSet::new();
        for d in &inc.deliveries {
            let Item::Message(seq) = d.item() else { continue };
            let may_have = matches!(
                d.state,
                DeliveryState::Accepted | DeliveryState::Delivered | DeliveryState::Unknown | DeliveryState::Attempting
            );
            if may_have && messages.contains(&seq) {
                let audience = inc.message(seq).map_or(Audience::Internal, |m| m.audience);
                for f in inc.plan.point(d.point).functions.iter().filter(|f| inc.attempted.contains(f)) {
                    told.insert((*f, audience));
                }
            }
        }
        told.into_iter().collect()
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
