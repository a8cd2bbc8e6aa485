//! What follows from what. Each decision is carried out as it is made, so that what comes later in it sees it; every refusal
//! comes before the first event, and then nothing has changed.

mod after;
mod answer;
mod approve;
mod arrive;
mod conferences;
mod dependents;
mod draft;
mod drill;
mod escalate;
mod eyes;
mod forget;
mod gateways;
mod interventions;
mod lifecycle;
mod modes;
mod note;
mod outcome;
mod proofs;
pub mod pursue;
mod redirections;
mod release;
mod replies;
mod report;
mod rows;
mod shift;
mod six_digits;
mod stale;
mod step_notes;
mod step_replies;
mod steps;
mod stop;
mod tasks;
mod ways;

pub use after::may_plan;
pub use approve::next_approver;
pub use drill::figures;
pub use eyes::same_eyes;

use answer::Told;

use std::collections::BTreeMap;
use std::sync::Arc;

use sha2::{Digest, Sha256};

use super::actor::Actor;
use super::event::{Change, Event, made, opened};
use super::input::{Action, CommandId, Input, Report};
use super::refused::{List, Refused, refuse};
use super::render::{ModeChange, StopWords};
use super::state::{CARRIED_FOR_S, Carried, Incident, State};
use super::trailers::Trailers;
use super::values::{Item, Phase, Via};
use crate::domain::holder::holder;
use crate::domain::ids::{FunctionId, FunctionIx, IncidentNo, PlaybookId, PointIx, SiteId};
use crate::domain::ladder::ModeIx;
use crate::domain::plan::Plan;
use crate::domain::text::{BadText, TEXT_CHARS_MAX};
use crate::domain::time::At;

/// A decision that goes on for more steps than this is a mistake in a rule: it stops, and what is left comes at the next tick.
const STEPS_MAX: u32 = 100_000;

/// Decides and applies. `nonce` is fresh randomness from the edge: codes are made from it.
///
/// # Errors
/// [`Refused`]: nothing has changed.
pub fn decide(state: &mut State, input: &Input, now: At, nonce: [u8; 16]) -> Result<Vec<Event>, Refused> {
    let mut d = Decider {
        state,
        now,
        nonce,
        used: 0,
        events: Vec::new(),
        requests: Vec::new(),
        acting: None,
        actor: None,
        acts: false,
        answering: None,
        mode_change: None,
        stop_words: None,
        waits_since: None,
    };
    let result = d.input(input);
    d.send_requests();
    d.say_who_acted();
    d.add_trailers();
    debug_assert!(result.is_ok() || d.events.is_empty(), "a refusal comes before the first event");
    result.map(|()| d.events)
}

/// What a report would do, before it is made (RULES E1: "raises FS to STABSLÄGE, pages 18 duties now").
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct DryRun {
    /// Which playbook was meant (RULES D11); none when the report is more of an open incident.
    pub playbook: Option<PlaybookId>,
    /// The highest mode that it raises at once.
    pub mode: ModeIx,
    /// The sites that it raises.
    pub sites: Vec<SiteId>,
    /// How many duties are told at once.
    pub duties: usize,
    /// How many duty points get something at once.
    pub deliveries: usize,
    /// How many texts wait for approval.
    pub waiting: usize,
}

/// Tries a report on a copy of the state.
///
/// # Errors
/// What the report itself would be refused for.
pub fn dry_run(state: &State, by: &FunctionId, report: &Report, now: At) -> Result<DryRun, Refused> {
    let (copy, events) = tried(state, by, report, now)?;
    Ok(told_by(&copy, &events))
}

/// The state after a report, on a copy, and what happened.
///
/// # Errors
/// What the report itself would be refused for.
pub fn tried(state: &State, by: &FunctionId, report: &Report, now: At) -> Result<(State, Vec<Event>), Refused> {
    let mut copy = state.clone();
    let action = Box::new(Action::Report(report.clone()));
    let events = decide(&mut copy, &Input::Command { who: None, by: by.clone(), action }, now, [0; 16])?;
    Ok((copy, events))
}

/// Who was told at once by these events, in the order of the plan: the state is that after them.
pub fn told(copy: &State, events: &[Event]) -> std::collections::BTreeSet<FunctionIx> {
    let mut told = std::collections::BTreeSet::new();
    for event in events {
        let Event::Incident { no, change } = event else { continue };
        if let Change::Released { entry, also, .. } = &**change {
            told.extend(also.iter().copied());
            told.extend(copy.incidents[no].entry(*entry).into_iter().flat_map(|e| e.to.iter().copied()));
        }
    }
    told
}

/// What a report did, from its events.
pub fn told_by(copy: &State, events: &[Event]) -> DryRun {
    let playbook = opened(events).cloned();
    let mut seen = DryRun { playbook, mode: ModeIx::NORMAL, sites: Vec::new(), duties: 0, deliveries: 0, waiting: 0 };
    for event in events {
        let Event::Incident { change, .. } = event else { continue };
        match &**change {
            Change::ModeSet { sites, mode, .. } => {
                seen.mode = seen.mode.max(*mode);
                seen.sites.extend(sites.iter().cloned());
            }
            Change::Released { batches, .. } => {
                seen.deliveries += batches.iter().map(|b| b.sends.len()).sum::<usize>();
            }
            _ => {}
        }
    }
    seen.duties = told(copy, events).len();
    seen.waiting = events
        .iter()
        .filter_map(Event::incident)
        .collect::<std::collections::BTreeSet<_>>()
        .iter()
        .filter_map(|no| copy.incidents.get(no))
        .flat_map(|i| &i.entries)
        .filter(|e| matches!(e.state, super::state::EntryState::Waiting(_)))
        .count();
    seen
}

/// One decision.
pub(super) struct Decider<'a> {
    pub state: &'a mut State,
    pub now: At,
    nonce: [u8; 16],
    used: u32,
    events: Vec<Event>,
    /// Approvers to page when the decision is made: one request with all that waits, however much came together (RULES B2).
    requests: Vec<(IncidentNo, FunctionIx, bool)>,
    /// Whose doing this decision is, and how it was said (RULES C14).
    acting: Option<(FunctionId, Via)>,
    /// Who stands behind it; nobody when a program does (RULES H3).
    actor: Option<Actor>,
    /// That one did something, whatever came of it.
    acts: bool,
    /// Which point of the plan for new incidents this is an answer from.
    answering: Option<PointIx>,
    /// The mode that the text is about which is being drafted.
    mode_change: Option<ModeChange>,
    /// What the stop says whose texts are being drafted.
    stop_words: Option<StopWords>,
    /// The message that those have waited with whose text is rendered anew.
    waits_since: Option<u32>,
}

impl Decider<'_> {
    fn input(&mut self, input: &Input) -> Result<(), Refused> {
        match input {
            Input::Command { who, by, action } => {
                (self.actor, self.acts) = (who.clone(), true);
                self.acting = Some((by.clone(), Via::Console));
                self.command(by, action)
            }
            Input::Once { id, who, by, action } => {
                self.actor.clone_from(who);
                self.once(*id, by, action)
            }
            Input::AskBeside { number, by } => {
                self.ask_beside(*number, by);
                Ok(())
            }
            Input::Outcomes(outcomes) => {
                self.outcomes(outcomes);
                Ok(())
            }
            Input::Reply { who, from, known, text } => {
                self.actor.clone_from(who);
                self.answering = self.counted_at(from, *known);
                self.reply(from, *known, text.as_str());
                self.was_it_in_vain();
                self.was_it_a_proof(from, *known);
                Ok(())
            }
            Input::Link { who, delivery, yes } => {
                (self.actor, self.acts) = (who.clone(), true);
                self.link(*delivery, *yes)
            }
            Input::Shift { functions } => {
                self.shift(functions);
                Ok(())
            }
            Input::StoodStill { since } => {
                self.stood_still(*since);
                Ok(())
            }
            Input::PageChecked { messages, equal } => {
                self.page_checked(messages, *equal);
                Ok(())
            }
            Input::SendSeal { text } => {
                self.send_seal(text);
                Ok(())
            }
            Input::LeaveMemory { incident, by } => self.leave_memory(*incident, by.as_ref()),
            Input::NewPlan(plan) => {
                self.state.plans.insert(plan.hash.clone(), plan.clone());
                self.emit_event(Event::PlanSet { plan: plan.hash.clone() });
                Ok(())
            }
            Input::Addresses(keys) => {
                let plan = self.state.plan.hash.clone();
                if !self.state.addresses.are(&plan, keys) {
                    self.emit_event(Event::AddressesKnown { plan, keys: keys.clone() });
                }
                Ok(())
            }
            Input::LinkUsed { delivery } => {
                self.link_used(*delivery);
                Ok(())
            }
            Input::Due => {
                self.due();
                Ok(())
            }
            Input::ProgramAlarm { alarms, avoid } => {
                self.program_alarm(alarms, avoid);
                Ok(())
            }
            Input::GatewayStands { gateway, standing, doubt, why } => {
                self.gateway_stands(gateway, *standing, *doubt, why.clone());
                Ok(())
            }
            Input::DrillDue { planned, by, order, held_back } => {
                self.drill_due(*planned, by, &order.report, &order.drill, *held_back);
                Ok(())
            }
            Input::DrillSoon { drill, title, planned, to } => {
                self.drill_soon(drill, title, *planned, to);
                Ok(())
            }
            Input::SignOfLife { to, head } => {
                self.sign_of_life(to, head);
                Ok(())
            }
        }
    }

    /// One of that key, carried out of late.
    fn known_command(&self, key: [u8; 16]) -> Option<Carried> {
        let mut young = self.state.carried.iter().rev().take_while(|c| c.at + CARRIED_FOR_S >= self.now);
        young.find(|c| c.key == key).copied()
    }

    /// Carries a command out, unless it was carried out already: then it says what that one did.
    fn once(&mut self, id: CommandId, by: &FunctionId, action: &Action) -> Result<(), Refused> {
        let CommandId { key, body } = id;
        if let Some(before) = self.known_command(key) {
            if before.body != body {
                return Err(refuse!(KeyUsed));
            }
            let (incident, message) = (before.incident, before.message);
            self.emit_event(Event::Carried { key, body, incident, message });
            return Ok(());
        }
        self.acting = Some((by.clone(), Via::Console));
        self.acts = true;
        self.command(by, action)?;
        let (incident, message) = made(&self.events);
        self.emit_event(Event::Carried { key, body, incident, message });
        Ok(())
    }

    fn command(&mut self, by: &FunctionId, action: &Action) -> Result<(), Refused> {
        match action {
            Action::Report(report) => self.report(by, report).map(|_| ()),
            Action::Approve { number, fingerprint, entry, works } => {
                self.approve(by, *number, *fingerprint, *entry, *works)
            }
            Action::Reject { number, reason, replacement } => self.reject(by, *number, reason, replacement.as_ref()),
            Action::Change { number, texts } => self.change(by, *number, texts),
            Action::Reviewed { number, lang } => self.reviewed(by, *number, *lang),
            Action::Wait { number } => self.wait(by, *number),
            Action::BreakGlass { number, reason } => self.break_glass(by, *number, reason),
            Action::Ack { incident, message, function, phone, paper, at } => {
                let told = match (paper, phone) {
                    (true, _) => Told::Paper,
                    (false, true) => Told::Phone,
                    (false, false) => Told::Here,
                };
                self.ack(by, *incident, *message, function, told, *at)
            }
            Action::PassOn { incident, function } => self.pass_on_command(by, *incident, function),
            Action::FallbackFailed { incident, function } => self.fallback_failed_command(by, *incident, function),
            Action::Unack { incident, function, reason } => self.unack(by, *incident, function, reason),
            Action::Update { incident, news } => self.update(by, *incident, news),
            Action::Correct { number, news } => self.correct(by, *number, news),
            Action::Stop { incident, message, false_alarm, reason } => {
                self.stop(by, *incident, *message, *false_alarm, reason)
            }
            Action::Mode { site, mode, reason } => self.set_mode(by, site, mode, reason),
            Action::Decide { incident, proposal, yes, reason } => {
                self.decide_proposal(by, *incident, *proposal, *yes, reason)
            }
            Action::Merge { incident, into } => self.merge(by, *incident, *into),
            Action::Handover { function } => self.handover(by, function),
            Action::Restored { incident, news } => self.restored(by, *incident, news),
            Action::Relapse { incident, news } => self.relapse(by, *incident, news),
            Action::DataComplete { incident } => self.data_complete(by, *incident),
            Action::AllClear { incident, override_reason } => self.all_clear(by, *incident, override_reason.as_ref()),
            Action::ErrandDone { incident, errand } => self.errand_done(by, *incident, *errand),
            Action::Adopt { incident } => self.adopt(by, *incident),
            Action::TestGateway { gateway, function } => self.test_gateway(by, gateway, function),
            Action::TestAddresses { older_than_days, channel, at_night } => {
                self.test_addresses(by, *older_than_days, *channel, *at_night)
            }
            Action::TestAnswered { code } => self.test_answered(by, code.as_str()),
            Action::GatewayOut { gateway, reason } => self.gateway_out(by, gateway, reason),
            Action::GatewayIn { gateway, reason } => self.gateway_in(by, gateway, reason),
            Action::Arrived { incident, function, phone, at } => {
                self.arrived_command(by, *incident, function, *phone, *at)
            }
            Action::StepStart { incident, start } => self.step_start(by, *incident, start),
            Action::StepHave { incident, step, function, yes, phone, reason } => {
                self.step_have(by, *incident, *step, function.as_ref(), *yes, *phone, reason)
            }
            Action::StepDone { incident, step, reference } => self.step_done(by, *incident, *step, reference),
            Action::StepStop { incident, step, reason } => self.step_stop(by, *incident, *step, reason),
            Action::StepMove { incident, step, due, reason } => self.step_move(by, *incident, *step, *due, reason),
            Action::DrillStart(order) => self.drill_start(by, &order.report, &order.drill),
            Action::DrillEnd { incident, abort } => self.drill_end(by, *incident, *abort),
            Action::Improve { incident, id, improvement } => self.improve(by, *incident, *id, improvement),
            Action::ImprovementDone { incident, id, verified } => self.improvement_done(by, *incident, *id, verified),
            Action::ImprovementDropped { incident, id, reason } => self.improvement_dropped(by, *incident, *id, reason),
            Action::NoImprovement { incident, reason } => self.no_improvement(by, *incident, reason),
            Action::Remark { incident, kind, text, reference, analysis, recommendation } => {
                self.remark(by, *incident, *kind, text, [reference, analysis, recommendation])
            }
            Action::Feedback { incident, went_well, went_badly, change } => {
                self.feedback(by, *incident, went_well, went_badly, change)
            }
            Action::Rate { incident, objective, rating, reason } => {
                self.rate_by_hand(by, *incident, *objective, *rating, reason)
            }
        }
    }

    /// Carries a change out and keeps it.
    pub(super) fn emit(&mut self, no: IncidentNo, change: Change) {
        self.emit_event(Event::Incident { no, change: Box::new(change) });
    }

    pub(super) fn emit_event(&mut self, event: Event) {
        if let Err(unfit) = self.state.apply(self.now, &event) {
            // A rule that emits what can't be applied is a bug; a dropped event beats a dead loop, and tests stop here.
            debug_assert!(false, "{unfit} ({})", event.name());
            return;
        }
        self.events.push(event);
    }

    /// Puts beside what happened who stood behind it, once an incident: the one that was acted on, and each other in which a function
    /// did something.
    fn say_who_acted(&mut self) {
        let Some(who) = self.actor.take() else { return };
        let mut done: BTreeMap<IncidentNo, (Option<FunctionIx>, bool)> = BTreeMap::new();
        // What was written after an incident says itself who wrote it.
        let happened = |e: &Event| if let Event::Incident { no, .. } = e { Some(*no) } else { None };
        if self.acts
            && let Some(no) = self.events.iter().find_map(happened)
        {
            let acting = self.acting.as_ref().map(|(id, _)| id);
            let by = acting.and_then(|id| self.state.incidents.get(&no)?.plan.function_ix(id.as_str()));
            done.insert(no, (by, false));
        }
        for event in &self.events {
            let Event::Incident { no, change } = event else { continue };
            let Some(by) = change.doer() else { continue };
            let seen = done.entry(*no).or_insert((Some(by), false));
            seen.0 = seen.0.or(Some(by));
            seen.1 |= change.is_news();
        }
        done.retain(|no, _| self.state.incidents.contains_key(no));
        for (no, (by, told)) in done {
            self.emit(no, Change::Acted { by, who: who.clone(), told });
        }
    }

    /// The first delivery that this decision planned for an incident.
    fn first_planned(&self, no: IncidentNo) -> Option<u32> {
        self.events.iter().find_map(|event| match event {
            Event::Incident { no: of, change } if *of == no => change.batches().first().map(|b| b.first),
            _ => None,
        })
    }

    /// Chooses what stands after each text that this decision sends, now that it is known who was asked for whom by all of it:
    /// from here on it is on record, and sent as it stands there.
    fn add_trailers(&mut self) {
        let mut makers: BTreeMap<(IncidentNo, Item), Trailers<'_>> = BTreeMap::new();
        let mut chosen = Vec::new();
        for event in &self.events {
            let Event::Incident { no, change } = event else { continue };
            let Some(inc) = self.state.incidents.get(no) else { continue };
            for batch in change.batches().iter().filter(|b| matches!(b.item, Item::Message(_))) {
                let maker = makers.entry((*no, batch.item)).or_insert_with(|| Trailers::new(inc, batch.item, &[]));
                chosen.push(maker.of_batch(batch));
            }
        }
        drop(makers);
        let mut chosen = chosen.into_iter();
        for event in &mut self.events {
            let Event::Incident { no, change } = event else { continue };
            let Some(inc) = self.state.incidents.get_mut(no) else { continue };
            for batch in change.batches_mut().iter_mut().filter(|b| matches!(b.item, Item::Message(_))) {
                batch.trailers = chosen.next().unwrap_or_default();
                inc.put_trailers(batch);
            }
        }
    }

    /// Six digits, fresh, unlike any that is in use: approval and decision codes are apart from answer codes (RULES B2).
    pub(super) fn code(&mut self) -> String {
        loop {
            let mut hash = Sha256::new();
            hash.update(self.nonce);
            hash.update(self.used.to_le_bytes());
            self.used += 1;
            let d = hash.finalize();
            let n = u32::from_le_bytes([d[0], d[1], d[2], d[3]]) % 900_000 + 100_000;
            let code = n.to_string();
            if !self.code_in_use(&code) {
                return code;
            }
        }
    }

    fn code_in_use(&self, code: &str) -> bool {
        self.state.pending.contains_key(&code.into())
            || self.state.started.iter().any(|s| s.code.as_str() == code)
            || self.state.tests.iter().any(|t| t.code.as_str() == code)
            || self.state.incidents.values().any(|i| {
                i.codes.keys().chain(i.own_codes.keys()).any(|c| c.as_str() == code)
                    || i.proposals.iter().any(|p| p.code.as_str() == code)
                    || i.steps.iter().any(|s| s.has_code(code))
            })
    }

    /// An incident that is not closed.
    pub(super) fn open(&self, no: IncidentNo) -> Result<&Incident, Refused> {
        match self.state.incidents.get(&no) {
            Some(inc) if inc.phase != Phase::Closed => Ok(inc),
            Some(inc) => Err(closed(no, inc.merged_into)),
            None => match self.state.archived.get(&no) {
                Some(s) => Err(closed(no, s.merged_into)),
                None => Err(self.unknown(no)),
            },
        }
    }

    /// One that is in memory, closed or not: answers may still come.
    pub(super) fn known(&self, no: IncidentNo) -> Result<&Incident, Refused> {
        match self.state.incidents.get(&no) {
            Some(inc) => Ok(inc),
            None => self.open(no),
        }
    }

    /// One that `emit` has just worked on.
    pub(super) fn inc(&self, no: IncidentNo) -> &Incident {
        &self.state.incidents[&no]
    }

    pub(super) fn plan(&self, no: IncidentNo) -> Arc<Plan> {
        self.inc(no).plan.clone()
    }

    pub(super) fn unknown(&self, incident: IncidentNo) -> Refused {
        if self.state.open().next().is_none() {
            return refuse!(UnknownIncidentNoneOpen { incident });
        }
        refuse!(UnknownIncident { incident, open: List::of(self.state.open().map(|i| i.no)) })
    }

    /// A duty by its ID, in that plan.
    pub(super) fn duty(&self, plan: &Plan, id: &FunctionId) -> Result<FunctionIx, Refused> {
        plan.function_ix(id.as_str()).ok_or_else(|| refuse!(UnknownFunction { function: id }))
    }

    /// Who holds a duty now; in a circle of covering, the last who was not seen before.
    pub(super) fn holds(&self, plan: &Plan, f: FunctionIx) -> FunctionIx {
        holder(plan, f, self.now.timestamp()).unwrap_or_else(|circle| circle.last)
    }

    /// Whether `by` acts for one of `asked`: is it, or holds it now. Whoever is covered has no rights of whom covers (RULES H2).
    pub(super) fn acts_for(&self, plan: &Plan, by: FunctionIx, asked: &[FunctionIx]) -> bool {
        asked.iter().any(|a| *a == by || self.holds(plan, *a) == by)
    }

    /// Whether a duty leads this incident: reported it, owns what is down, or is named in `command`.
    pub(super) fn lead(&self, no: IncidentNo, by: &FunctionId) -> Result<FunctionIx, Refused> {
        leads(self.known(no)?, by, self.now)
    }

    /// Carries out what is due, in order of time, until nothing is.
    fn due(&mut self) {
        for _ in 0..STEPS_MAX {
            let Some((at, timer)) = self.state.next_timer() else { return };
            if at > self.now {
                return;
            }
            self.fire(timer);
        }
    }
}

/// Who leads an incident: those named in `command`, who reported it, who owns what is down. One may be there twice.
pub fn leaders(inc: &Incident) -> Vec<FunctionIx> {
    let plan = &inc.plan;
    let owners = inc.book().systems.iter().filter_map(|s| plan.system(s)).map(|s| s.owner);
    let ordered = inc.drill.iter().flat_map(|d| &d.leads).filter_map(|id| plan.function_ix(id.as_str()));
    plan.region.command.iter().copied().chain([inc.reporter]).chain(owners).chain(ordered).collect()
}

/// The duty, when it leads this incident: reported it, owns what is down, or is named in `command`; itself, or for whom it covers.
///
/// # Errors
/// It does not, with those who do.
pub fn leads(inc: &Incident, by: &FunctionId, now: At) -> Result<FunctionIx, Refused> {
    let plan = &inc.plan;
    let fx = plan.function_ix(by.as_str()).ok_or_else(|| refuse!(UnknownFunction { function: by }))?;
    let leads = leaders(inc);
    let held_by = |f: FunctionIx| holder(plan, f, now.timestamp()).unwrap_or_else(|circle| circle.last);
    if leads.iter().any(|f| *f == fx || held_by(*f) == fx) {
        return Ok(fx);
    }
    let mut names: Vec<&str> = leads.iter().map(|f| plan.function(*f).id.as_str()).collect();
    names.sort_unstable();
    names.dedup();
    Err(refuse!(NotYours { by, incident: inc.no, may: List::of(names) }))
}

fn closed(no: IncidentNo, merged: Option<IncidentNo>) -> Refused {
    match merged {
        Some(into) => refuse!(ClosedMerged { incident: no, into }),
        None => refuse!(Closed { incident: no }),
    }
}

/// Functions by their names.
fn ids(plan: &Plan, functions: &[FunctionIx]) -> List {
    List::of(functions.iter().map(|f| &plan.function(*f).id))
}

/// What can't be sent as it was typed.
fn bad_text(bad: &BadText) -> Refused {
    match bad {
        BadText::Empty => refuse!(BadTextEmpty),
        BadText::TooLong(chars) => refuse!(BadTextLong { chars, max: TEXT_CHARS_MAX }),
        BadText::Unprintable(c, at) => refuse!(BadTextCharacter { at, character: format!("U+{:04X}", u32::from(*c)) }),
        BadText::Spaces(at) => refuse!(BadTextSpaces { at }),
        BadText::NotNfc => refuse!(BadTextForm),
    }
}
