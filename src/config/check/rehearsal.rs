//! A playbook carried through on virtual time, with gateways that take everything at once: the real rules, the real texts,
//! no sends. What `check` says of a night rests on it.

use std::collections::BTreeSet;
use std::sync::Arc;

use crate::domain::delivery::DeliveryState;
use crate::domain::ids::{DeliveryId, FunctionId, FunctionIx, IncidentNo};
use crate::domain::incident::actor::Actor;
use crate::domain::incident::ask_list::AskState;
use crate::domain::incident::decide::decide;
use crate::domain::incident::event::{Change, DroppedPath, Event};
use crate::domain::incident::input::{Action, Input, Report};
use crate::domain::incident::refused::{Refused, refuse};
use crate::domain::incident::state::{EntryState, Incident, State};
use crate::domain::incident::values::{Item, Kind};
use crate::domain::plan::{Channel, Plan};
use crate::domain::time::At;

/// Rounds of what falls due at one moment, and of what follows from what: more than any sane playbook has.
const ROUNDS_MAX: u32 = 10_000;

/// A text that left.
#[derive(Clone, Debug)]
pub(super) struct Gone {
    pub at: At,
    /// To these functions; none: the public.
    pub to: Vec<FunctionIx>,
    /// The channel that it left over.
    pub over: Channel,
}

/// The rehearsal of one incident.
pub(super) struct Rehearsal {
    /// How everything stands.
    pub state: State,
    /// The virtual clock.
    pub now: At,
    /// Texts that left, oldest first; notes and holding texts do not count.
    pub gone: Vec<Gone>,
    /// Paths that could not carry a text.
    pub dropped: Vec<DroppedPath>,
    /// When somebody else was asked for a function since nobody had answered.
    pub escalated: Vec<(FunctionIx, At)>,
    /// Every duty answers at once.
    pub answers: bool,
    nonce: u8,
}

impl Rehearsal {
    /// A region in which nothing has happened.
    pub fn new(plan: &Arc<Plan>, now: At) -> Self {
        let state = State::new(plan.clone());
        let (gone, dropped, escalated) = (Vec::new(), Vec::new(), Vec::new());
        Self { state, now, gone, dropped, escalated, answers: true, nonce: 0 }
    }

    /// By the first duty that may report it.
    pub fn report(&mut self, report: &Report) -> Result<IncidentNo, Refused> {
        self.act(&|| Action::Report(report.clone()))?;
        let newest = self.state.incidents.values().max_by_key(|i| i.no.n).map(|i| i.no);
        newest.ok_or_else(|| refuse!(Nothing))
    }

    /// Something that a duty does: by the first that may.
    pub fn act(&mut self, action: &dyn Fn() -> Action) -> Result<(), Refused> {
        let duties: Vec<FunctionId> = self.state.plan.functions.iter().map(|f| f.id.clone()).collect();
        let mut last = refuse!(Nobody);
        for by in duties {
            match self.input(&Input::Command { who: eyes_of(&by), by, action: Box::new(action()) }) {
                Ok(()) => {
                    self.settle();
                    return Ok(());
                }
                Err(refused) => last = refused,
            }
        }
        Err(last)
    }

    /// Approves whatever waits for approval, as those who were asked.
    pub fn approve_all(&mut self, no: IncidentNo) {
        for _ in 0..ROUNDS_MAX {
            let Some(inc) = self.state.incidents.get(&no) else { return };
            let waiting = inc.entries.iter().find_map(|e| {
                let EntryState::Waiting(a) = &e.state else { return None };
                let fingerprint = inc.message(e.message)?.texts.values().next()?.fingerprint;
                let asked: Vec<FunctionId> = a.asked.iter().map(|f| inc.plan.function(*f).id.clone()).collect();
                Some((inc.number(e.message), fingerprint, e.id, asked))
            });
            let Some((number, fingerprint, entry, asked)) = waiting else { return };
            let approve = || Action::Approve { number, fingerprint, entry: Some(entry), works: true };
            let done = asked
                .into_iter()
                .any(|by| self.input(&Input::Command { who: eyes_of(&by), by, action: Box::new(approve()) }).is_ok());
            if !done {
                return;
            }
            self.settle();
        }
    }

    /// Time passes; what falls due happens at its own moment.
    pub fn until(&mut self, until: At) {
        for _ in 0..ROUNDS_MAX {
            let Some(due) = self.state.next_due().filter(|d| *d <= until) else { break };
            self.now = self.now.max(due);
            if self.input(&Input::Due).is_err() {
                break;
            }
            self.settle();
        }
        self.now = self.now.max(until);
    }

    /// Gateways take what left, and duties answer.
    fn settle(&mut self) {
        for _ in 0..ROUNDS_MAX {
            let queued = |inc: &Incident| {
                let no = inc.no;
                (0u32..)
                    .zip(&inc.deliveries)
                    .filter(|(_, d)| d.state == DeliveryState::Queued)
                    .map(move |(ordinal, _)| (DeliveryId { incident: no, ordinal }, DeliveryState::Delivered))
                    .collect::<Vec<_>>()
            };
            let taken: Vec<_> = self.state.incidents.values().flat_map(queued).collect();
            if !taken.is_empty() && self.input(&Input::outcomes(taken)).is_err() {
                return;
            }
            let asked = self.answers.then(|| self.state.open().flat_map(unanswered).next()).flatten();
            let Some((incident, function)) = asked else { return };
            let (by, message, phone, at) = (function.clone(), None, false, None);
            let action = Box::new(Action::Ack { incident, message, function, phone, paper: false, at });
            if self.input(&Input::Command { who: eyes_of(&by), by, action }).is_err() {
                return;
            }
        }
    }

    fn input(&mut self, input: &Input) -> Result<(), Refused> {
        self.nonce = self.nonce.wrapping_add(1);
        let events = decide(&mut self.state, input, self.now, [self.nonce; 16])?;
        for event in &events {
            let Event::Incident { no, change } = event else { continue };
            let Some(inc) = self.state.incidents.get(no) else { continue };
            match &**change {
                Change::Released { entry, dropped, .. } => {
                    self.dropped.extend(dropped.iter().cloned());
                    let public = inc.entry(*entry).filter(|e| e.public);
                    let kind = public.and_then(|e| inc.message(e.message)).map(|m| m.kind);
                    if kind.is_some_and(|k| k != Kind::Holding) {
                        self.gone.push(Gone { at: self.now, to: Vec::new(), over: Channel::Web });
                    }
                }
                Change::Escalated { ask, .. } => {
                    let function = inc.asks.get(*ask as usize).map(|a| a.function);
                    self.escalated.extend(function.map(|f| (f, self.now)));
                }
                _ => {}
            }
            for batch in change.batches() {
                let Item::Message(seq) = batch.item else { continue };
                if inc.message(seq).is_none_or(|m| m.kind == Kind::Holding) {
                    continue;
                }
                for send in batch.sends.iter() {
                    let point = inc.plan.point(send.point);
                    self.gone.push(Gone { at: self.now, to: point.functions.clone(), over: point.channel });
                }
            }
        }
        Ok(())
    }
}

/// Each duty is a pair of eyes of its own (RULES H3).
fn eyes_of(by: &FunctionId) -> Option<Actor> {
    Some(Actor::account(by.as_str()))
}

/// Functions of whom an answer is still missing.
fn unanswered(inc: &Incident) -> Vec<(IncidentNo, FunctionId)> {
    let waiting = inc.asks.iter().filter(|a| matches!(a.state, AskState::Waiting));
    let functions: BTreeSet<FunctionIx> = waiting.map(|a| a.function).collect();
    functions.into_iter().map(|f| (inc.no, inc.plan.function(f).id.clone())).collect()
}
