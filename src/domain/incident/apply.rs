//! Carries events out. The only place where state changes; replay of the journal is this and nothing else.
//!
//! Must not: ask a rule. What a rule decided stands in the event, so that a rule that changes changes nothing that happened.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use super::ask_list::{Ask, AskList, AskState, Changing, GivenAnswer};
use super::codes::{CodeFor, OwnCode, STARTED_MAX, Started, Strangers, Tries};
use super::event::{ApplyError, ApprovalEnd, Batch, Change, Event, GatewayChange, NewArrival, NewAsk};
use super::gateways::{GatewayTest, Proof, Reached, Stand, TESTS_MAX, TakenOut};
use super::renumber::Moved;
use super::state::REJECTIONS_MAX;
use super::state::{
    CARRIED_FOR_S, CARRIED_MAX, Carried, Delivery, Entry, EntryState, Errand, InVain, Incident, Message, Note,
    Proposal, ProposalState, State, Summary, SystemNote,
};
use super::steps::{Arrival, ArrivalState};
use super::values::Standing;
use super::values::{Item, Kind, Phase, Rejection};
use crate::domain::delivery::DeliveryState;
use crate::domain::drills::{DrillKind, Moment, PastDrill};
use crate::domain::ids::{FunctionIx, IncidentNo, Status};
use crate::domain::ladder::ModeIx;
use crate::domain::time::At;
use crate::domain::words::NoteWord;

impl State {
    /// Carries an event out.
    ///
    /// # Errors
    /// [`ApplyError`] when the event names what is not there.
    pub fn apply(&mut self, at: At, event: &Event) -> Result<(), ApplyError> {
        match event {
            Event::PlanSet { plan } => {
                self.plan =
                    self.plans.get(plan).cloned().ok_or_else(|| ApplyError(format!("plan {plan} is not stored")))?;
                // Points have other positions there.
                self.in_vain.clear();
            }
            Event::Carried { key, body, incident, message } => {
                let old = |c: &Carried| c.at + CARRIED_FOR_S < at;
                while self.carried.front().is_some_and(old) || self.carried.len() >= CARRIED_MAX {
                    self.carried.pop_front();
                }
                let (key, body) = (*key, *body);
                self.carried.push_back(Carried { key, body, incident: *incident, message: *message, at });
            }
            Event::AddressesKnown { plan, keys } => {
                let incidents = self.incidents.values().map(|i| i.book);
                let used: BTreeSet<u32> = incidents.chain(self.system_notes.iter().map(|(_, n)| n.book)).collect();
                self.addresses.open(at, plan, keys, |book| used.contains(&book));
            }
            Event::AddressAnswered { key } => self.addresses.answered(at, *key),
            Event::InVain { point, count: 0 } => drop(self.in_vain.remove(point)),
            Event::InVain { point, count } => drop(self.in_vain.insert(*point, InVain { count: *count, at })),
            Event::ReportPending { code, report } => {
                self.pending.insert(code.clone(), report.clone());
            }
            Event::ReportGone { code, started } => {
                let pending = self.pending.remove(code);
                if let (Some(report), Some(incident)) = (pending, *started) {
                    if self.started.len() >= STARTED_MAX {
                        self.started.pop_front();
                    }
                    self.started.push_back(Started { code: code.clone(), by: report.by, incident, at });
                }
            }
            Event::StrangerWrote => {
                let s = self.strangers_of_late(at).unwrap_or(Strangers::new(at));
                self.strangers = Some(Strangers { wrote: s.wrote + 1, ..s });
            }
            Event::StrangerAnswered { incident } => {
                let s = self.strangers_of_late(at).unwrap_or(Strangers::new(at));
                self.strangers = Some(Strangers { count: s.count + 1, at, incident: *incident, ..s });
            }
            Event::CodeTried { function, count: 0, until: None } => drop(self.tries.remove(function)),
            Event::CodeTried { function, count, until } => {
                self.tries.insert(function.clone(), Tries { count: *count, at, until: *until });
            }
            Event::SystemNote { send, plan, word, text } => self.system_notes.push(SystemNote {
                send: *send,
                plan: plan.clone(),
                book: self.addresses.newest(plan),
                word: *word,
                text: text.clone(),
                at,
                state: DeliveryState::Queued,
                cause: None,
            }),
            Event::SystemNoteResults { results } => {
                for r in results {
                    let past = self.system_notes.is_past(r.ordinal);
                    match self.system_notes.get_mut(r.ordinal) {
                        Some(note) => {
                            (note.state, note.cause) = (r.state, r.cause.clone());
                            self.addresses.told(at, note.book, note.send.point, r.state);
                        }
                        None if past => {}
                        None => return Err(missing("system note", r.ordinal)),
                    }
                    if let Some(reached) = Reached::of(r.state) {
                        self.test_reached(at, r.ordinal, reached);
                    }
                }
            }
            Event::Gateway { change } => self.apply_ways(at, change)?,
            Event::DrillMoment { drill, planned, fate } => {
                self.drills.settle(drill, Moment { planned: *planned, at, fate: fate.clone() });
            }
            Event::DrillAnnounced { drill, planned } => {
                self.drills.announce(drill, *planned);
            }
            Event::After { incident, by, change, .. } => self.apply_after(at, *incident, by.as_ref(), change),
            Event::Incident { no, change } => self.apply_change(at, *no, change)?,
        }
        Ok(())
    }

    fn apply_ways(&mut self, at: At, change: &GatewayChange) -> Result<(), ApplyError> {
        match change {
            GatewayChange::TestSent { send, plan, gateway, function, by, code, text } => {
                let ordinal = self.system_notes.next();
                let book = self.addresses.newest(plan);
                self.system_notes.push(SystemNote {
                    send: *send,
                    plan: plan.clone(),
                    book,
                    word: NoteWord::Test,
                    text: text.clone(),
                    at,
                    state: DeliveryState::Queued,
                    cause: None,
                });
                if self.tests.len() >= TESTS_MAX {
                    self.tests.pop_front();
                }
                self.tests.push_back(GatewayTest {
                    ordinal,
                    gateway: gateway.clone(),
                    function: function.clone(),
                    key: self.addresses.key(book, send.point),
                    by: by.clone(),
                    code: code.clone(),
                    at,
                    reached_at: None,
                    answered_at: None,
                });
            }
            GatewayChange::TestAnswered { ordinal } => {
                self.test_reached(at, *ordinal, Reached::Answered);
                let key = self.tests.iter().find(|t| t.ordinal == *ordinal).and_then(|t| t.key);
                if let Some(key) = key {
                    self.addresses.answered(at, key);
                }
            }
            GatewayChange::AlarmTold { .. } => {}
            GatewayChange::Stands { gateway, standing: Standing::Healthy, .. } => {
                self.ways.stands.remove(gateway);
            }
            GatewayChange::Stands { gateway, standing, why } => {
                self.ways.stands.insert(gateway.clone(), Stand { standing: *standing, why: why.clone(), since: at });
            }
            GatewayChange::TakenOut { gateway, by, .. } => {
                let out = TakenOut { by: by.clone(), at };
                self.ways.out.insert(gateway.clone(), out);
            }
            GatewayChange::PutBack { gateway, .. } => {
                self.ways.out.remove(gateway);
            }
        }
        Ok(())
    }

    /// A test came so far: the gateway is proven as of when it was sent. What is older proves nothing new.
    fn test_reached(&mut self, at: At, ordinal: u32, reached: Reached) {
        let Some(test) = self.tests.iter_mut().find(|t| t.ordinal == ordinal) else { return };
        match reached {
            Reached::Answered => test.answered_at = Some(at),
            Reached::Accepted | Reached::Delivered => test.reached_at = Some(at),
        }
        let proof = Proof { at: test.at, function: test.function.clone(), reached };
        let gateway = test.gateway.clone();
        let before = self.proofs.entry(gateway).or_insert_with(|| proof.clone());
        if (proof.at, proof.reached) > (before.at, before.reached) {
            *before = proof;
        }
    }

    fn apply_change(&mut self, at: At, no: IncidentNo, change: &Change) -> Result<(), ApplyError> {
        match change {
            Change::Opened { .. } => return self.open_incident(at, no, change),
            Change::Archived => {
                let inc = self.incidents.remove(&no).ok_or_else(|| unknown(no))?;
                self.archived.insert(
                    no,
                    Summary {
                        playbook: inc.playbook,
                        opened: inc.opened,
                        closed: inc.phase_at,
                        merged_into: inc.merged_into,
                    },
                );
                return Ok(());
            }
            Change::Adopted { plan, moved, .. } => {
                let plan =
                    self.plans.get(plan).cloned().ok_or_else(|| ApplyError(format!("plan {plan} is not stored")))?;
                let inc = self.incidents.get_mut(&no).ok_or_else(|| unknown(no))?;
                let book = self.addresses.newest(&plan.hash);
                *inc = inc.renumbered(plan, &Moved::of(moved))?;
                inc.book = book;
                inc.book_from = u32::try_from(inc.deliveries.len()).unwrap_or(u32::MAX);
                return Ok(());
            }
            _ => {}
        }
        let inc = self.incidents.get_mut(&no).ok_or_else(|| unknown(no))?;
        if let Change::ModeSet { sites, mode, lower, .. } = change {
            for site in sites {
                inc.modes.insert(site.clone(), *mode);
                if no.status == Status::Actual {
                    let now = self.modes.entry(site.clone()).or_insert(ModeIx::NORMAL);
                    *now = if *lower { *mode } else { (*now).max(*mode) };
                }
            }
            if *lower && no.status == Status::Actual {
                for other in self.incidents.values_mut().filter(|i| i.no.status == Status::Actual) {
                    for site in sites {
                        if let Some(asked) = other.modes.get_mut(site) {
                            *asked = (*asked).min(*mode);
                        }
                    }
                }
            }
            return Ok(());
        }
        if let Change::Results { results } = change
            && !inc.drill.as_ref().is_some_and(|d| d.stays_here())
        {
            for r in results {
                if let Some((book, point)) = inc.addressed_at(r.ordinal) {
                    self.addresses.told(at, book, point, r.state);
                }
            }
        }
        if let Change::DrillOver { end, figures, .. } = change {
            let order = inc.drill.as_deref();
            self.drills.keep(PastDrill {
                no,
                id: order.and_then(|d| d.id.clone()),
                title: order.map_or_else(|| inc.book().title.clone(), |d| d.title.clone()),
                kind: order.map_or(DrillKind::Functional, |d| d.kind),
                announced: order.is_some_and(|d| d.announced),
                begun: inc.opened,
                ended: at,
                end: *end,
                figures: *figures,
            });
        }
        let told: Vec<FunctionIx> = match change {
            Change::Released { also, entry, .. } => {
                inc.entry(*entry).into_iter().flat_map(|e| e.to.iter()).chain(also).copied().collect()
            }
            Change::Escalated { to, .. } => to.clone(),
            Change::Told { who, .. } => vec![*who],
            _ => Vec::new(),
        };
        for f in told {
            let id = &inc.plan.function(f).id;
            match no.status {
                Status::Exercise => drop(self.drilled.insert(id.clone(), at)),
                // The first real text said that it is not a drill.
                Status::Actual => drop(self.drilled.remove(id)),
            }
        }
        inc.apply(at, change)?;
        if let Change::PhaseSet { phase: Phase::Closed, .. } = change {
            self.keep_after(at, no);
        }
        Ok(())
    }

    fn open_incident(&mut self, at: At, no: IncidentNo, change: &Change) -> Result<(), ApplyError> {
        let Change::Opened { plan, playbook, level, sites, facts, by } = change else { return Ok(()) };
        let plan = self.plans.get(plan).cloned().ok_or_else(|| ApplyError(format!("plan {plan} is not stored")))?;
        if !plan.playbooks.contains_key(playbook) {
            return Err(ApplyError(format!("its plan has no playbook {playbook}")));
        }
        let count = match no.status {
            Status::Actual => &mut self.actual_count,
            Status::Exercise => &mut self.exercise_count,
        };
        *count = (*count).max(no.n);
        let inc = Incident {
            no,
            book: self.addresses.newest(&plan.hash),
            book_from: 0,
            plan,
            playbook: playbook.clone(),
            level: *level,
            sites: sites.clone(),
            facts: facts.clone(),
            reporter: *by,
            opened: at,
            phase: Phase::Open,
            phase_at: at,
            data_confirmed: None,
            modes: BTreeMap::new(),
            messages: Vec::new(),
            entries: Vec::new(),
            asks: AskList::default(),
            proposals: Vec::new(),
            notes: Vec::new(),
            deliveries: Vec::new(),
            causes: BTreeMap::new(),
            before: BTreeMap::new(),
            down: Vec::new(),
            trailers: Vec::new(),
            errands: Vec::new(),
            steps: Vec::new(),
            arrivals: BTreeMap::new(),
            update_due: facts.next,
            overdue_told: 0,
            restore_told: false,
            holding_sent: false,
            merged_into: None,
            attempted: BTreeSet::new(),
            codes: BTreeMap::new(),
            own_codes: BTreeMap::new(),
            moved: Vec::new(),
            named: BTreeMap::new(),
            untold: BTreeMap::new(),
            alarm_untold: BTreeSet::new(),
            alarm_told: None,
            leader: None,
            reported_by: None,
            news_by: None,
            rejections: Vec::new(),
            drill: None,
            drill_end: None,
            injects_given: 0,
        };
        self.incidents.insert(no, inc);
        Ok(())
    }
}

/// Who is asked for another function than its own.
fn stand_ins(asks: &[NewAsk]) -> Vec<FunctionIx> {
    let all = asks.iter().flat_map(|a| a.asked.iter().filter(|f| **f != a.function));
    all.copied().collect::<BTreeSet<_>>().into_iter().collect()
}

fn unknown(no: IncidentNo) -> ApplyError {
    ApplyError(format!("incident {no} is not open"))
}
fn missing(what: &str, n: u32) -> ApplyError {
    ApplyError(format!("there is no {what} {n}"))
}

impl Incident {
    fn entry_mut(&mut self, id: u32) -> Result<&mut Entry, ApplyError> {
        self.entries.get_mut(id as usize).ok_or_else(|| missing("entry", id))
    }
    fn message_mut(&mut self, seq: u32) -> Result<&mut Message, ApplyError> {
        self.messages.get_mut((seq as usize).wrapping_sub(1)).ok_or_else(|| missing("message", seq))
    }
    fn ask_mut(&mut self, id: u32) -> Result<Changing<'_>, ApplyError> {
        self.asks.change(id).ok_or_else(|| missing("ask", id))
    }
    fn proposal_mut(&mut self, id: u32) -> Result<&mut Proposal, ApplyError> {
        self.proposals.get_mut(id as usize).ok_or_else(|| missing("proposal", id))
    }

    fn apply(&mut self, at: At, change: &Change) -> Result<(), ApplyError> {
        match change {
            Change::Opened { .. } | Change::ModeSet { .. } | Change::Archived | Change::Adopted { .. } => {}
            Change::FactsSet { facts, beat, .. } => {
                self.facts = facts.clone();
                if let Some(due) = beat {
                    self.update_due = *due;
                    self.overdue_told = 0;
                    self.restore_told = false;
                }
            }
            Change::ScopeSet { level, sites, .. } => {
                self.level = *level;
                self.sites.clone_from(sites);
            }
            Change::Drafted { message: m } => self.messages.push(Message {
                seq: m.seq,
                kind: m.kind,
                audience: m.audience,
                texts: m.texts.clone(),
                replaces: m.replaces,
                released_at: None,
                stopped: false,
                facts: self.facts.clone(),
                sites: self.sites.clone(),
                level: self.level,
                page_equal: None,
            }),
            Change::Reviewed { message, lang, .. } => {
                if let Some(draft) = self.message_mut(*message)?.texts.get_mut(lang) {
                    draft.reviewed = true;
                }
            }
            Change::EntryAdded { entry: e } => self.entries.push(Entry {
                id: e.id,
                source: e.source,
                audience: e.audience,
                to: e.to.clone(),
                public: e.public,
                channels: e.channels.clone(),
                answer: e.answer,
                answer_within_s: e.answer_within_s,
                deputies: e.deputies,
                rule: e.rule.clone(),
                message: e.message,
                state: EntryState::Ready,
            }),
            Change::EntryMoved { entry, message } => {
                let id = *entry;
                let entry = self.entry_mut(id)?;
                let before = std::mem::replace(&mut entry.message, *message);
                if let EntryState::Waiting(a) = &mut entry.state {
                    // The earlier code no longer holds (RULES B4); a new one comes with ApprovalAsked.
                    a.code = String::new().into();
                }
                self.void_codes(|o| o.of == CodeFor::Approval && o.id == id);
                self.moved.push((id, before));
            }
            Change::ApprovalAsked { entry, approval } => {
                self.entry_mut(*entry)?.state = EntryState::Waiting(Box::new(approval.clone()));
                self.codes.insert(approval.code.clone(), *entry);
            }
            Change::CodeGiven { of, id, to, code } => {
                let own = OwnCode { of: *of, id: *id, to: *to };
                self.void_codes(|o| *o == own);
                self.own_codes.insert(code.clone(), own);
            }
            Change::ApprovalEnded { entry, end } => {
                let e = self.entry_mut(*entry)?;
                if let (EntryState::Waiting(a), ApprovalEnd::Rejected { by, reason }) = (&mut e.state, end) {
                    a.rejected = true;
                    let said = Rejection { entry: *entry, message: e.message, by: *by, at, reason: reason.clone() };
                    self.rejections.push(said);
                    let many = self.rejections.len().saturating_sub(REJECTIONS_MAX);
                    self.rejections.drain(..many);
                }
            }
            Change::Acted { told: true, who, .. } if at == self.opened && self.reported_by.is_none() => {
                self.reported_by = Some(who.clone());
            }
            Change::Acted { told: true, who, .. } => self.news_by = Some(who.clone()),
            Change::ReasonGiven { .. } | Change::Acted { .. } => {}
            Change::WrongCode { entries, blocked } => {
                for id in entries {
                    if let EntryState::Waiting(a) = &mut self.entry_mut(*id)?.state {
                        a.wrong += 1;
                        a.blocked |= blocked;
                    }
                }
            }
            Change::Quieted { entry, until } => self.entry_mut(*entry)?.state = EntryState::Quiet { until: *until },
            Change::EntryDropped { entry, why } => self.entry_mut(*entry)?.state = EntryState::Dropped { why: *why },
            Change::Released { entry, by, batches, asks, also, .. } => {
                let id = *entry;
                let e = self.entry_mut(id)?;
                e.state = EntryState::Released { at, by: *by };
                let (seq, to, public) = (e.message, e.to.clone(), e.public);
                self.attempted.extend(to);
                self.attempted.extend(also);
                let message = self.message_mut(seq)?;
                message.released_at.get_or_insert(at);
                if message.kind == Kind::Holding && public {
                    self.holding_sent = true;
                }
                for batch in batches {
                    self.add_batch(at, batch)?;
                }
                self.add_asks(at, seq, id, asks);
                for batch in batches {
                    self.name_to(at, batch, &stand_ins(asks));
                }
            }
            Change::NoteSent { id, to, word, text, batch } => {
                self.notes.push(Note { id: *id, to: *to, word: *word, text: text.clone(), at });
                self.add_batch(at, batch)?;
            }
            Change::Results { results } => {
                let seconds = at.seconds_since(self.opened);
                for r in results {
                    let d =
                        self.deliveries.get_mut(r.ordinal as usize).ok_or_else(|| missing("delivery", r.ordinal))?;
                    d.state = r.state;
                    d.changed_s = seconds;
                    match &r.cause {
                        Some(cause) => drop(self.causes.insert(r.ordinal, cause.clone())),
                        None => drop(self.causes.remove(&r.ordinal)),
                    }
                    match r.state {
                        DeliveryState::Withdrawn => d.flags |= Delivery::RECALLED,
                        DeliveryState::Unknown => d.flags |= Delivery::REPEAT,
                        _ => {}
                    }
                    let (point, item) = (d.point, d.item());
                    self.note_result(at, point, item, r.state);
                }
            }
            Change::Rerouted { from, batch } => {
                let d = self.deliveries.get_mut(*from as usize).ok_or_else(|| missing("delivery", *from))?;
                d.flags |= Delivery::PASSED_ON;
                let planned_s = d.planned_s;
                self.before.insert(batch.first, *from);
                self.add_batch(at, batch)?;
                for d in self.deliveries.iter_mut().skip(batch.first as usize) {
                    d.planned_s = planned_s;
                }
            }
            Change::Withdrawn { ordinals } => {
                for o in ordinals {
                    let d = self.deliveries.get_mut(*o as usize).ok_or_else(|| missing("delivery", *o))?;
                    d.state = DeliveryState::Withdrawn;
                }
            }
            Change::Answered { asks, by, at: claimed, via, arrivals } => {
                for id in asks {
                    self.add_answer(*id, GivenAnswer { by: *by, at: *claimed, via: via.clone() })?;
                }
                if self.leader.is_none() && self.plan.may_own(*by) {
                    self.leader = Some(*by);
                }
                for arrival in arrivals {
                    self.add_arrival(at, *arrival)?;
                }
            }
            Change::Unanswered { ask, by, due, .. } => {
                let id = *ask;
                let mut ask = self.ask_mut(id)?;
                // Its own answer, or all of them when somebody else takes them back.
                if ask.answers.iter().any(|a| a.by == *by) {
                    ask.answers.retain(|a| a.by != *by);
                } else {
                    ask.answers.clear();
                }
                let function = ask.function;
                ask.state = AskState::Waiting;
                ask.due = *due;
                ask.remind_at = None;
                // It goes on to the deadline said here: a text that a gateway takes later does not start its time again.
                ask.accepted.get_or_insert(at);
                drop(ask);
                if self.leader == Some(*by) {
                    self.leader = None;
                }
                self.forget_arrival(function, id);
            }
            Change::Escalated { ask, to, stage, due, batch } => {
                self.alarm_untold.remove(ask);
                let mut ask = self.ask_mut(*ask)?;
                if matches!(ask.state, AskState::Answered { .. }) {
                    // Passed on by one who had it.
                    ask.answers.clear();
                }
                ask.asked.extend(to);
                ask.stage = *stage;
                ask.due = *due;
                ask.remind_at = None;
                ask.state = AskState::Waiting;
                // Escalation goes on with the newest text (RULES C9); the holding text stands for it.
                if let Item::Message(message) = batch.item
                    && batch.flags & Delivery::OTHER_TEXT == 0
                {
                    ask.message = message;
                }
                drop(ask);
                self.attempted.extend(to);
                self.add_batch(at, batch)?;
                self.name_to(at, batch, to);
            }
            Change::Untold { .. } | Change::Told { .. } | Change::AlarmNamed { .. } => {
                self.apply_telling(at, change)?
            }
            Change::Reminded { asks, batch } => {
                for id in asks {
                    let mut ask = self.ask_mut(*id)?;
                    ask.remind_at = None;
                    if let Item::Message(message) = batch.item {
                        ask.message = message;
                    }
                }
                self.add_batch(at, batch)?;
            }
            Change::NotReached { asks } => {
                for id in asks {
                    self.ask_mut(*id)?.state = AskState::NotReached { at };
                }
                self.alarm_untold.extend(asks);
            }
            Change::AsksClosed { asks, by } => {
                for id in asks {
                    self.ask_mut(*id)?.state = AskState::Closed { by: *by, at };
                    self.alarm_untold.remove(id);
                }
            }
            Change::AskedAgain { message, entry, asks, batch } => {
                self.add_batch(at, batch)?;
                self.add_asks(at, *message, *entry, asks);
                self.name_to(at, batch, &stand_ins(asks));
            }
            Change::Proposed { mode, sites, lower, asked, within_s, due, code, next } => {
                let id = u32::try_from(self.proposals.len()).unwrap_or(u32::MAX);
                self.proposals.push(Proposal {
                    id,
                    mode: *mode,
                    sites: sites.clone(),
                    lower: *lower,
                    asked: asked.clone(),
                    within_s: *within_s,
                    waited_s: *within_s,
                    due: *due,
                    code: code.clone(),
                    next: next.clone(),
                    next_asked: false,
                    state: ProposalState::Asked,
                });
            }
            Change::ProposedAgain { proposal, to, due } => {
                let p = self.proposal_mut(*proposal)?;
                p.asked.extend(to);
                p.due = *due;
                p.waited_s = due.seconds_since(at);
                p.state = ProposalState::Asked;
            }
            Change::NextProposed { proposal } => self.proposal_mut(*proposal)?.next_asked = true,
            Change::Decided { proposal, yes, by, reason, again } => {
                self.proposal_mut(*proposal)?.state = if *yes {
                    ProposalState::Accepted { by: *by, at }
                } else {
                    ProposalState::Declined { by: *by, reason: reason.clone(), again: *again }
                };
            }
            Change::ProposalMoot { proposal } => self.proposal_mut(*proposal)?.state = ProposalState::Moot,
            Change::OverdueTold { count } => self.overdue_told = *count,
            Change::RestoreMissed => self.restore_told = true,
            Change::Stopped { message, .. } => {
                self.message_mut(*message)?.stopped = true;
                let asks = &self.asks;
                self.arrivals.retain(|_, a| {
                    a.state != ArrivalState::Expected || asks.get(a.ask as usize).is_none_or(|k| k.message != *message)
                });
            }
            Change::PhaseSet { phase, .. } => {
                self.phase = *phase;
                self.phase_at = at;
                if *phase == Phase::Open {
                    self.data_confirmed = None;
                }
            }
            Change::DataConfirmed { by } => self.data_confirmed = Some(*by),
            Change::Merged { into, .. } => {
                self.merged_into = Some(*into);
                self.phase = Phase::Closed;
                self.phase_at = at;
            }
            Change::ErrandAdded { owner, functions, message, why } => {
                let id = u32::try_from(self.errands.len()).unwrap_or(u32::MAX);
                self.errands.push(Errand {
                    id,
                    owner: *owner,
                    functions: functions.clone(),
                    message: *message,
                    why: why.clone(),
                    done: None,
                });
            }
            Change::DownNamed { infra, .. } => self.down.clone_from(infra),
            Change::DrillSet { drill } => self.drill = Some(Arc::new(drill.clone())),
            Change::DrillOver { end, .. } => self.drill_end = Some(*end),
            Change::InjectGiven { inject } => self.injects_given = *inject + 1,
            Change::ErrandDone { errand, by } => {
                self.errands.get_mut(*errand as usize).ok_or_else(|| missing("errand", *errand))?.done =
                    Some((at, *by));
            }
            Change::PageChecked { message, equal } => self.message_mut(*message)?.page_equal = Some(*equal),
            Change::StepOpened { .. }
            | Change::StepTold { .. }
            | Change::StepRound { .. }
            | Change::StepRolled { .. }
            | Change::StepAnswered { .. }
            | Change::StepBegun { .. }
            | Change::StepMoved { .. }
            | Change::StepEnded { .. }
            | Change::Arrived { .. }
            | Change::ArrivalMissed { .. } => self.apply_step(at, change)?,
        }
        Ok(())
    }

    /// One more answer. The ask is answered when there are as many as it needs, by different functions; the first owns it.
    fn add_answer(&mut self, id: u32, answer: GivenAnswer) -> Result<(), ApplyError> {
        let mut ask = self.ask_mut(id)?;
        if ask.answers.iter().all(|a| a.by != answer.by) {
            ask.answers.push(answer);
        }
        if ask.answers.len() < usize::from(ask.needs) {
            return Ok(());
        }
        let Some(GivenAnswer { by, at: claimed, via }) = ask.answers.first().cloned() else { return Ok(()) };
        ask.state = AskState::Answered { by, at: claimed, via };
        drop(ask);
        self.alarm_untold.remove(&id);
        Ok(())
    }

    /// The owner of the answer is to come.
    fn add_arrival(&mut self, at: At, arrival: NewArrival) -> Result<(), ApplyError> {
        let NewArrival { ask: id, due } = arrival;
        let ask = self.asks.get(id as usize).ok_or_else(|| missing("ask", id))?;
        let by = ask.answers.first().map(|a| a.by).ok_or_else(|| missing("answer to ask", id))?;
        let state = ArrivalState::Expected;
        self.arrivals.insert(ask.function, Arrival { by, ask: id, since: at, due, state });
        Ok(())
    }

    pub(super) fn add_batch(&mut self, at: At, batch: &Batch) -> Result<(), ApplyError> {
        if batch.first as usize != self.deliveries.len() {
            return Err(ApplyError(format!("deliveries go on at {}, not {}", self.deliveries.len(), batch.first)));
        }
        let seconds = at.seconds_since(self.opened);
        self.deliveries.extend(
            batch.sends.iter().map(|s| Delivery::new(s.point, batch.item, s.gateway, s.lang, batch.flags, seconds)),
        );
        self.put_trailers(batch);
        self.names_all(batch);
        Ok(())
    }

    /// What stands after the texts of a batch that is there.
    pub(super) fn put_trailers(&mut self, batch: &Batch) {
        let before = u32::try_from(self.trailers.len()).unwrap_or(u32::MAX);
        self.trailers.extend(batch.trailers.texts.iter().cloned());
        let new = self.deliveries.get_mut(batch.first as usize..).unwrap_or_default();
        for (d, of) in new.iter_mut().zip(&batch.trailers.of).filter(|(_, of)| **of > 0) {
            d.trailer = before.saturating_add(*of);
        }
    }

    fn add_asks(&mut self, at: At, message: u32, entry: u32, asks: &[NewAsk]) {
        for new in asks {
            self.asks.add(Ask {
                function: new.function,
                message,
                entry,
                asked: new.asked.clone(),
                stage: new.stage,
                since: at,
                due: new.due,
                remind_at: new.remind_at,
                accepted: None,
                rule: new.rule,
                needs: new.needs,
                answers: Vec::new(),
                state: AskState::Waiting,
                before_shift: new.before_shift,
            });
        }
    }

    /// A gateway's word starts the clock of an ask (RULES C8) and tells that a request to approve arrived (B5).
    fn note_result(&mut self, at: At, point: crate::domain::ids::PointIx, item: Item, state: DeliveryState) {
        let plan: Arc<_> = self.plan.clone();
        let functions = &plan.point(point).functions;
        match (item, state) {
            (Item::Message(seq), DeliveryState::Accepted | DeliveryState::Delivered) => {
                for f in functions {
                    self.start_clock(at, &plan, *f, seq);
                }
            }
            (Item::Note(note), DeliveryState::Delivered) => {
                for entry in &mut self.entries {
                    if let EntryState::Waiting(a) = &mut entry.state
                        && a.note == Some(note)
                    {
                        a.delivered = true;
                    }
                }
            }
            _ => {}
        }
    }

    /// The ask of `f`, or the one that `f` holds for another, starts now if this is the first acceptance.
    fn start_clock(&mut self, at: At, plan: &crate::domain::plan::Plan, f: FunctionIx, seq: u32) {
        // The one asked first may hold the function of somebody else, so look at asks whose first asked is `f` too.
        let mut ids: Vec<u32> = self.asks.current().get(&f).copied().into_iter().collect();
        ids.extend(plan.covers(f).iter().filter_map(|g| self.asks.current().get(g).copied()));
        for id in ids {
            if let Some(mut ask) = self.asks.change(id)
                && ask.message == seq
                && ask.accepted.is_none()
                && ask.asked.first() == Some(&f)
            {
                let given = ask.due.seconds_since(ask.since);
                ask.accepted = Some(at);
                // Deputies beside count as stages from the start; an ask that still waits for its reminder has not moved on.
                if (ask.stage == 0 || ask.remind_at.is_some()) && ask.state == AskState::Waiting {
                    ask.due = at + given;
                    ask.remind_at = ask.remind_at.map(|_| at + given / 2);
                }
            }
        }
    }
}
