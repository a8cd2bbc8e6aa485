//! Carries a scenario through on virtual time: what falls due, what happens, what gateways tell and what people write, each at its own
//! moment in milliseconds. What follows is the rules' own.

use std::collections::{BTreeMap, HashMap, HashSet};
use std::sync::Arc;

use super::Region;
use super::dice::Dice;
use super::scenario::{NewsOf, Scenario, What};
use super::seen::{Asked, Refusal, Said, Seen, StepLine, StepSeen};
use super::world::World;
use crate::config::CronTime;
use crate::domain::audit::{Finding, audit};
use crate::domain::delivery::DeliveryState;
use crate::domain::ids::{DeliveryId, FunctionId, FunctionIx, GatewayIx, IncidentNo, MessageNo, PointIx};
use crate::domain::incident::actor::Actor;
use crate::domain::incident::decide::decide;
use crate::domain::incident::event::{Change, Event};
use crate::domain::incident::input::{Action, Input, News};
use crate::domain::incident::refused::Refused;
use crate::domain::incident::state::{EntryState, ProposalState, State};
use crate::domain::incident::steps::Step;
use crate::domain::incident::values::{Item, Phase, Via};
use crate::domain::lang::Lang;
use crate::domain::plan::Audience;
use crate::domain::public_view::{PublicState, public_view};
use crate::domain::time::At;
use crate::words::refused as in_words;

/// More turns than any sane scenario has.
const TURNS_MAX: u32 = 3_000_000;
/// A page is read back after that, in milliseconds.
const READ_BACK_MS: i64 = 2_000;
/// A page that does not stand is looked at again, in milliseconds.
const LOOK_AGAIN_MS: i64 = 60_000;
/// Findings that are kept: one is enough to fail.
const FINDINGS_MAX: usize = 20;
/// The program is looked at each hour for two days, then each six hours.
const HOUR_MS: i64 = 3_600_000;

/// What comes next.
pub(super) enum Next {
    Step(usize),
    Try { gateway: GatewayIx, ids: Vec<DeliveryId> },
    Arrive(Vec<DeliveryId>),
    Expire(Vec<DeliveryId>),
    Batteries,
    Reply { point: PointIx, text: String },
    Phone { no: IncidentNo, point: PointIx },
    Pages,
    Shift(Vec<FunctionId>),
    Look,
}

/// What a replay did.
pub struct Run {
    pub seen: Seen,
}

pub(super) struct Runner<'r> {
    pub(super) scenario: &'r Scenario,
    pub(super) region: Region<'r>,
    pub(super) state: State,
    pub(super) now: At,
    pub(super) dice: Dice,
    pub(super) queue: BTreeMap<(At, u64), Next>,
    pub(super) count: u64,
    pub(super) world: World,
    pub(super) seen: Seen,
    pub(super) by_delivery: HashMap<DeliveryId, usize>,
    pub(super) texts: HashMap<(IncidentNo, Item, Lang, u32), Arc<str>>,
    pub(super) held: BTreeMap<GatewayIx, Vec<DeliveryId>>,
    /// What somebody is about to write.
    pub(super) writing: HashSet<(FunctionIx, String)>,
    pub(super) told_down: Vec<bool>,
    /// What was reported last.
    pub(super) no: Option<IncidentNo>,
    pub(super) says: bool,
    /// A page is to be looked at already.
    pub(super) looks: bool,
}

/// Replays it.
pub fn run(scenario: &Scenario, region: Region<'_>, seed: u64) -> Run {
    let mut r = Runner {
        scenario,
        region,
        state: State::new(region.plan.clone()),
        now: scenario.from,
        dice: Dice::seeded(seed),
        queue: BTreeMap::new(),
        count: 0,
        world: World::new(region),
        seen: Seen::default(),
        by_delivery: HashMap::new(),
        texts: HashMap::new(),
        held: BTreeMap::new(),
        writing: HashSet::new(),
        told_down: vec![false; region.plan.gateways.len()],
        no: None,
        says: false,
        looks: false,
    };
    for (i, h) in scenario.happens.iter().enumerate() {
        for at in &h.at {
            r.put(*at, Next::Step(i));
        }
    }
    r.shifts();
    let mut look = scenario.from;
    while look <= scenario.until {
        r.put(look, Next::Look);
        let early = look.0 - scenario.from.0 < 48 * HOUR_MS;
        look = At(look.0 + if early { HOUR_MS } else { 6 * HOUR_MS });
    }
    r.go();
    Run { seen: r.seen }
}

impl Runner<'_> {
    pub(super) fn put(&mut self, at: At, next: Next) {
        self.count += 1;
        self.queue.insert((at, self.count), next);
    }

    fn go(&mut self) {
        for _ in 0..TURNS_MAX {
            let due = self.state.next_due();
            let next = self.queue.first_key_value().map(|((at, _), _)| *at);
            let Some(at) = [due, next].into_iter().flatten().min().filter(|at| *at <= self.scenario.until) else {
                break;
            };
            self.now = self.now.max(at);
            if due.is_some_and(|due| next.is_none_or(|next| due <= next)) {
                // Nothing is refused that time alone wants.
                let _ = self.input(&Input::Due);
            } else if let Some((_, next)) = self.queue.pop_first() {
                self.handle(next);
            }
        }
        self.now = self.scenario.until;
    }

    /// Shift changes of the whole time, as the duties' plans name them.
    fn shifts(&mut self) {
        let plan = self.region.plan.clone();
        let zone = &plan.calendar.zone.0;
        let mut all: BTreeMap<At, Vec<FunctionId>> = BTreeMap::new();
        for f in &plan.functions {
            let mut at: Vec<At> = Vec::new();
            for time in f.shifts.iter().filter_map(|s| CronTime::read(s).ok()) {
                let mut wall = plan.calendar.local(self.scenario.from.timestamp()).datetime();
                while let Some(next) = time.next_on_the_wall(wall) {
                    let Ok(placed) = zone.to_ambiguous_zoned(next).compatible() else { break };
                    let moment = At::from(placed.timestamp());
                    if moment > self.scenario.until {
                        break;
                    }
                    at.push(moment);
                    wall = next;
                }
            }
            let turns = f.roster.turns().iter().flat_map(|t| [t.from, t.to]).map(|s| At(s.saturating_mul(1000)));
            at.extend(turns.filter(|at| *at > self.scenario.from && *at <= self.scenario.until));
            for moment in at {
                let there = all.entry(moment).or_default();
                if !there.contains(&f.id) {
                    there.push(f.id.clone());
                }
            }
        }
        for (at, functions) in all {
            self.put(at, Next::Shift(functions));
        }
    }

    fn handle(&mut self, next: Next) {
        match next {
            Next::Step(i) => self.step(i),
            Next::Try { gateway, ids } => self.try_over(gateway, ids),
            Next::Arrive(ids) => self.arrive(&ids),
            Next::Expire(ids) => {
                let live: Vec<DeliveryId> = ids.into_iter().filter(|id| self.waits(*id)).collect();
                self.outcomes(live.into_iter(), DeliveryState::Expired);
            }
            Next::Batteries => {
                let before = self.up();
                self.world.batteries(self.region, self.now);
                self.stands_anew(&before);
            }
            Next::Reply { point, text } => self.reply(point, text),
            Next::Phone { no, point } => self.phone(no, point),
            Next::Pages => self.pages(),
            Next::Shift(functions) => {
                if self.state.open().next().is_some() || self.state.incidents.values().any(|i| !i.is_settled()) {
                    let _ = self.input(&Input::Shift { functions });
                }
            }
            Next::Look => self.look(),
        }
    }

    pub(super) fn input(&mut self, input: &Input) -> Result<(), Refused> {
        let nonce = self.dice.nonce();
        let done = decide(&mut self.state, input, self.now, nonce);
        match done {
            Ok(events) => {
                self.record(&events);
                Ok(())
            }
            Err(refused) => {
                if let Some(next) = input.after(&refused) {
                    let nonce = self.dice.nonce();
                    if let Ok(events) = decide(&mut self.state, &next, self.now, nonce) {
                        self.record(&events);
                    }
                }
                Err(refused)
            }
        }
    }

    fn record(&mut self, events: &[Event]) {
        let mut new: BTreeMap<GatewayIx, Vec<DeliveryId>> = BTreeMap::new();
        let (mut modes, mut page) = (false, false);
        for event in events {
            let Event::Incident { no, change } = event else { continue };
            match &**change {
                Change::Opened { .. } => {
                    self.no = Some(*no);
                    self.seen.phases.push((self.now, *no, Phase::Open));
                    page = true;
                }
                Change::ModeSet { .. } => (modes, page) = (true, true),
                Change::PhaseSet { phase, .. } => {
                    self.seen.phases.push((self.now, *no, *phase));
                    page = true;
                }
                Change::DataConfirmed { .. } => self.seen.complete.push(self.now),
                Change::OverdueTold { .. } => self.seen.overdue.push(self.now),
                Change::Proposed { mode, lower: false, .. } => {
                    self.seen.proposals.push((self.now, *mode, Asked::First));
                }
                Change::ProposedAgain { proposal, .. } => self.proposal(*no, *proposal, Asked::Again),
                Change::Decided { proposal, yes, .. } => {
                    self.proposal(*no, *proposal, if *yes { Asked::Yes } else { Asked::No });
                }
                Change::Released { entry, .. } => page |= self.released(*no, *entry),
                Change::Answered { asks, by, via, .. } => {
                    let phone = matches!(via, Via::Phone { .. });
                    let of = |id: &u32| self.state.incidents.get(no)?.asks.get(*id as usize).map(|a| a.function);
                    let functions: Vec<_> = asks.iter().filter_map(of).collect();
                    self.seen.answers.extend(functions.into_iter().map(|f| (self.now, f, *by, phone)));
                }
                Change::NotReached { asks } => {
                    let of = |id: &u32| self.state.incidents.get(no)?.asks.get(*id as usize).map(|a| a.function);
                    let functions: Vec<_> = asks.iter().filter_map(of).collect();
                    self.seen.not_reached.extend(functions.into_iter().map(|f| (self.now, f)));
                }
                Change::StepOpened { step } => {
                    // One decision may begin several.
                    let id = self.state.incidents.get(no).and_then(|i| {
                        let same = |s: &&Step| (&s.new.rule, &s.new.title) == (&step.rule, &step.title);
                        i.steps.iter().rev().find(same).map(|s| s.id)
                    });
                    self.step_seen(*no, id.unwrap_or(0), StepSeen::Opened);
                }
                Change::StepTold { step, late, .. } if *late > 0 => self.step_seen(*no, *step, StepSeen::Late(*late)),
                Change::StepRound { step, at, .. } => self.step_seen(*no, *step, StepSeen::Round(*at)),
                Change::StepEnded { step, end, .. } => self.step_seen(*no, *step, StepSeen::Ended(*end)),
                _ => {}
            }
            for batch in change.batches() {
                for (i, _) in batch.sends.iter().enumerate() {
                    let ordinal = batch.first + u32::try_from(i).unwrap_or(0);
                    let id = DeliveryId { incident: *no, ordinal };
                    if let Some(gateway) = self.planned(id) {
                        new.entry(gateway).or_default().push(id);
                    }
                }
            }
        }
        for (gateway, ids) in new {
            let after = self.latency_ms(gateway);
            self.put(At(self.now.0 + after), Next::Try { gateway, ids });
        }
        if modes {
            self.modes();
        }
        if page {
            let says = public_view(&self.state, self.now);
            let says = says.region != PublicState::Normal || !says.messages.is_empty();
            if says != self.says {
                self.says = says;
                self.seen.page_says.push((self.now, says));
            }
        }
    }

    fn proposal(&mut self, no: IncidentNo, id: u32, asked: Asked) {
        let found = self.state.incidents.get(&no).and_then(|i| i.proposals.get(id as usize));
        if let Some(p) = found.filter(|p| !p.lower) {
            self.seen.proposals.push((self.now, p.mode, asked));
        }
    }

    fn step_seen(&mut self, no: IncidentNo, id: u32, seen: StepSeen) {
        let Some(step) = self.state.incidents.get(&no).and_then(|i| i.steps.get(id as usize)) else { return };
        let (rule, kind) = (step.new.rule.clone(), step.kind());
        self.seen.steps.push(StepLine { at: self.now, no, id, rule, kind, seen });
    }

    fn modes(&mut self) {
        for (site, mode) in &self.state.modes {
            let before = self.seen.modes.iter().rev().find(|(_, s, _)| s == site).map(|(.., m)| *m);
            if before.unwrap_or_default() != *mode {
                self.seen.modes.push((self.now, site.clone(), *mode));
            }
        }
    }

    /// A text went out; whether it is the public's.
    fn released(&mut self, no: IncidentNo, entry: u32) -> bool {
        let Some(inc) = self.state.incidents.get(&no) else { return false };
        let Some(e) = inc.entry(entry) else { return false };
        let public = e.public;
        if let Some(m) = inc.message(e.message)
            && !self.seen.said.iter().rev().any(|s| s.no == no && s.seq == m.seq)
        {
            let texts = m.texts.iter().map(|(lang, d)| (*lang, d.text.to_string())).collect();
            let said = Said { at: self.now, no, seq: m.seq, kind: m.kind, audience: m.audience, texts };
            self.seen.said.push(said);
        }
        if public && !self.looks {
            self.looks = true;
            self.put(At(self.now.0 + READ_BACK_MS), Next::Pages);
        }
        public
    }

    /// Published texts are read back.
    fn pages(&mut self) {
        self.looks = false;
        let mut all: Vec<MessageNo> = Vec::new();
        for inc in self.state.incidents.values() {
            for e in inc.entries.iter().filter(|e| e.public && matches!(e.state, EntryState::Released { .. })) {
                if inc.message(e.message).is_some_and(|m| m.page_equal != Some(true) && !m.stopped) {
                    all.push(inc.number(e.message));
                }
            }
        }
        if all.is_empty() {
            return;
        }
        let equal = self.world.page_stands(self.region);
        if equal {
            // It stood there from its release on, unless the page was found down since.
            for n in &all {
                let message = self.state.incidents.get(&n.incident).and_then(|i| i.message(n.seq));
                let released = message.filter(|m| m.page_equal.is_none()).and_then(|m| m.released_at);
                self.seen.page.push((released.unwrap_or(self.now), n.incident, n.seq));
            }
        } else {
            self.looks = true;
            self.put(At(self.now.0 + LOOK_AGAIN_MS), Next::Pages);
        }
        let _ = self.input(&Input::PageChecked { messages: all, equal });
    }

    /// Looks as somebody who trusts no rule: is anything late, is anybody forgotten?
    fn look(&mut self) {
        if self.seen.findings.len() >= FINDINGS_MAX {
            return;
        }
        let page = self.world.page_stands(self.region);
        for finding in audit(&self.state, self.now) {
            let excused = matches!(finding, Finding::Overdue { step: "page", .. }) && !page;
            if !excused && self.seen.findings.len() < FINDINGS_MAX {
                self.seen.findings.push((self.now, finding));
            }
        }
    }

    fn step(&mut self, i: usize) {
        let scenario = self.scenario;
        let Some(h) = scenario.happens.get(i) else { return };
        match &h.what {
            What::Lost(lost) => {
                let before = self.up();
                self.world.lose(self.region, lost, self.now);
                self.stands_anew(&before);
            }
            What::Regained(there) => {
                let before = self.up();
                self.world.regain(self.region, there, self.now);
                self.stands_anew(&before);
            }
            what => {
                let Some(by) = h.by.clone() else { return };
                let done = self.action(what, &by).and_then(|action| {
                    let who = Some(Actor::account(by.as_str()));
                    self.input(&Input::Command { who, by, action: Box::new(action) })
                        .map_err(|refused| in_words(Lang::EN, &refused).0)
                });
                if let Err(why) = done {
                    self.seen.refused.push(Refusal { at: self.now, place: h.place, why });
                    return;
                }
            }
        }
        self.seen.done.push((self.now, i));
        self.look();
    }

    fn news(&self, of: &NewsOf) -> News {
        News { next: of.next_s.map(|s| self.now + s), ..of.news.clone() }
    }

    /// What somebody wants done, in the rules' own words.
    fn action(&self, what: &What, by: &FunctionId) -> Result<Action, String> {
        if let What::Report { report, next_s } = what {
            let mut report = (**report).clone();
            report.next = next_s.map(|s| self.now + s);
            return Ok(Action::Report(report));
        }
        let no = self.no.ok_or("nothing was reported yet")?;
        let inc = self.state.incidents.get(&no).ok_or("it is over, and out of memory")?;
        Ok(match what {
            What::Update(news) => Action::Update { incident: no, news: self.news(news) },
            What::Correct(news) => {
                let newest = inc.newest(Audience::Internal).ok_or("nothing was said yet")?;
                Action::Correct { number: inc.number(newest.seq), news: self.news(news) }
            }
            What::Restored(news) => Action::Restored { incident: no, news: self.news(news) },
            What::Relapse(news) => Action::Relapse { incident: no, news: self.news(news) },
            What::DataComplete => Action::DataComplete { incident: no },
            What::AllClear => Action::AllClear { incident: no, override_reason: None },
            What::Merge => {
                let before = self.state.open().map(|i| i.no).filter(|n| *n < no).max();
                Action::Merge { incident: before.ok_or("nothing else is open")?, into: no }
            }
            What::Stop(reason) => {
                let reason = reason.clone().into();
                Action::Stop { incident: no, message: None, false_alarm: true, reason }
            }
            What::Mode { site, mode, reason } => {
                Action::Mode { site: site.clone(), mode: mode.clone(), reason: reason.clone().into() }
            }
            What::Decide { yes, reason } => {
                let open = inc.proposals.iter().find(|p| p.state == ProposalState::Asked);
                let proposal = Some(open.ok_or("no mode waits for a decision")?.id);
                Action::Decide { incident: no, proposal, yes: *yes, reason: reason.clone().into() }
            }
            What::Start { start, in_s } => {
                let mut start = (**start).clone();
                start.due = in_s.map(|s| self.now + s);
                Action::StepStart { incident: no, start }
            }
            What::Done { step, reference } => {
                let named = |s: &&Step| s.is_open() && (s.new.rule == *step || s.kind().as_str() == step);
                let found = inc.steps.iter().rev().find(named).ok_or_else(|| format!("no step {step} is open"))?;
                Action::StepDone { incident: no, step: found.number(), reference: reference.clone().into() }
            }
            What::FallbackFailed => Action::FallbackFailed { incident: no, function: by.clone() },
            What::Report { .. } | What::Lost(_) | What::Regained(_) => return Err("nothing is done here".into()),
        })
    }
}
