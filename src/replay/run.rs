//! Carries a scenario through on virtual time: what falls due, what happens, what gateways tell and what people write, each at its own
//! moment in milliseconds. What follows is the rules' own.

use std::collections::{BTreeMap, HashMap, HashSet};
use std::sync::Arc;

use super::Region;
use super::dice::Dice;
use super::people::Read;
use super::scenario::{NewsOf, Scenario, What};
use super::seen::{Asked, Got, Item as SeenItem, Refusal, Said, Seen, StepLine, StepSeen};
use super::world::World;
use crate::config::CronTime;
use crate::domain::audit::{Finding, audit};
use crate::domain::delivery::DeliveryState;
use crate::domain::ids::{DeliveryId, FunctionId, FunctionIx, GatewayIx, IncidentNo, MessageNo, PointIx};
use crate::domain::incident::actor::Actor;
use crate::domain::incident::asks::{outgoing, served_by};
use crate::domain::incident::decide::decide;
use crate::domain::incident::event::{Change, Event};
use crate::domain::incident::input::{Action, Input, News, Told};
use crate::domain::incident::refused::Refused;
use crate::domain::incident::state::{Delivery, EntryState, Incident, ProposalState, State};
use crate::domain::incident::steps::Step;
use crate::domain::incident::trailers::around;
use crate::domain::incident::values::{Item, Phase, Standing, Via};
use crate::domain::lang::Lang;
use crate::domain::plan::{Audience, Channel};
use crate::domain::public_view::{PublicState, public_view};
use crate::domain::time::At;
use crate::words::refused as in_words;

/// More turns than any sane scenario has.
const TURNS_MAX: u32 = 3_000_000;
/// A gateway that can't be reached is given up after that, in milliseconds.
const GIVEN_UP_MS: i64 = 10_000;
/// A page is read back after that, in milliseconds.
const READ_BACK_MS: i64 = 2_000;
/// A page that does not stand is looked at again, in milliseconds.
const LOOK_AGAIN_MS: i64 = 60_000;
/// Deliveries of one gateway that end together: receipts come in so many handfuls.
const HANDFULS: usize = 3;
/// Who was reached by a pager alone calls the switchboard so much after an answer in writing would have come, in milliseconds.
const CALLS_AFTER_MS: u64 = 30_000;
/// Findings that are kept: one is enough to fail.
const FINDINGS_MAX: usize = 20;
/// The program is looked at each hour for two days, then each six hours.
const HOUR_MS: i64 = 3_600_000;

/// What comes next.
enum Next {
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

struct Runner<'r> {
    scenario: &'r Scenario,
    region: Region<'r>,
    state: State,
    now: At,
    dice: Dice,
    queue: BTreeMap<(At, u64), Next>,
    count: u64,
    world: World,
    seen: Seen,
    by_delivery: HashMap<DeliveryId, usize>,
    texts: HashMap<(IncidentNo, Item, Lang, u32), Arc<str>>,
    held: BTreeMap<GatewayIx, Vec<DeliveryId>>,
    /// What somebody is about to write.
    writing: HashSet<(FunctionIx, String)>,
    told_down: Vec<bool>,
    /// What was reported last.
    no: Option<IncidentNo>,
    says: bool,
    /// A page is to be looked at already.
    looks: bool,
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
    fn put(&mut self, at: At, next: Next) {
        self.count += 1;
        self.queue.insert((at, self.count), next);
    }

    fn go(&mut self) {
        for _ in 0..TURNS_MAX {
            let due = self.state.next_due();
            let next = self.queue.first_key_value().map(|((at, _), _)| *at);
            let Some(at) = [due, next].into_iter().flatten().min().filter(|at| *at <= self.scenario.until) else { break };
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

    fn input(&mut self, input: &Input) -> Result<(), Refused> {
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

    /// Keeps a delivery that was planned; over which gateway.
    fn planned(&mut self, id: DeliveryId) -> Option<GatewayIx> {
        let inc = self.state.incidents.get(&id.incident)?;
        let d = *inc.deliveries.get(id.ordinal as usize)?;
        let plan = inc.plan.clone();
        let point = plan.point(d.point);
        let gateway = point.gateways.get(usize::from(d.gateway)).copied()?;
        let lang = plan.region.languages.get(usize::from(d.lang)).copied().unwrap_or(plan.lang());
        let key = (id.incident, d.item(), lang, d.trailer);
        let text = match self.texts.get(&key) {
            Some(text) => text.clone(),
            None => {
                let text = whole(inc, &d, lang);
                self.texts.insert(key, text.clone());
                text
            }
        };
        let what = match d.item() {
            Item::Message(seq) => {
                let m = inc.message(seq)?;
                SeenItem::Message { seq, kind: m.kind, audience: m.audience }
            }
            Item::Note(n) => SeenItem::Note(inc.notes.get(n as usize)?.word),
        };
        self.by_delivery.insert(id, self.seen.got.len());
        self.seen.got.push(Got {
            planned: self.now,
            handed: None,
            arrived: None,
            no: id.incident,
            point: d.point,
            functions: point.functions.clone(),
            channel: point.channel,
            gateway: plan.gateway(gateway).id.to_string(),
            lang,
            what,
            text,
        });
        Some(gateway)
    }

    /// How long a gateway takes to take a text.
    fn latency_ms(&mut self, g: GatewayIx) -> i64 {
        let (from, to) = match self.region.plan.gateway(g).channel {
            Channel::Sms => (300, 1_500),
            Channel::Paging => (1_000, 4_000),
            Channel::Fax => (20_000, 90_000),
            Channel::Email => (500, 3_000),
            Channel::Web | Channel::Manual => (100, 200),
        };
        let works = self.world.works(g);
        i64::try_from(self.dice.between(from, to)).unwrap_or(0) + if works { 0 } else { GIVEN_UP_MS }
    }

    fn delivery(&self, id: DeliveryId) -> Option<Delivery> {
        self.state.incidents.get(&id.incident)?.deliveries.get(id.ordinal as usize).copied()
    }

    fn waits(&self, id: DeliveryId) -> bool {
        self.delivery(id).is_some_and(|d| d.state == DeliveryState::Queued)
    }

    fn outcomes(&mut self, ids: impl Iterator<Item = DeliveryId>, state: DeliveryState) {
        let told: Vec<Told> = ids.map(|id| Told::from((id, state))).collect();
        if !told.is_empty() {
            let _ = self.input(&Input::Outcomes(told));
        }
    }

    fn try_over(&mut self, gateway: GatewayIx, ids: Vec<DeliveryId>) {
        let (live, gone): (Vec<_>, Vec<_>) = ids.into_iter().partition(|id| self.waits(*id));
        let withdrawn = gone.into_iter().filter(|id| self.delivery(*id).is_some_and(|d| d.called_back_unheard()));
        let withdrawn: Vec<DeliveryId> = withdrawn.collect();
        self.outcomes(withdrawn.into_iter(), DeliveryState::Withdrawn);
        if live.is_empty() {
            return;
        }
        if !self.world.works(gateway) {
            self.give_back(gateway, live);
            return;
        }
        for id in &live {
            if let Some(got) = self.by_delivery.get(id).and_then(|i| self.seen.got.get_mut(*i)) {
                got.handed = Some(self.now);
            }
        }
        self.outcomes(live.iter().copied(), DeliveryState::Accepted);
        let channel = self.region.plan.gateway(gateway).channel;
        let (from, to) = match channel {
            Channel::Sms => (2_000, 15_000),
            Channel::Fax => (15_000, 60_000),
            _ => (500, 3_000),
        };
        let size = live.len().div_ceil(HANDFULS).max(1);
        for handful in live.chunks(size) {
            let after = i64::try_from(self.dice.between(from, to)).unwrap_or(0);
            self.put(At(self.now.0 + after), Next::Arrive(handful.to_vec()));
        }
    }

    /// What a dead gateway can't carry goes back, and another way is found; where there is none it waits there.
    fn give_back(&mut self, gateway: GatewayIx, ids: Vec<DeliveryId>) {
        if !std::mem::replace(&mut self.told_down[gateway.ix()], true) {
            let id = self.region.plan.gateway(gateway).id.clone();
            let stands = Input::GatewayStands { gateway: id, standing: Standing::Down, doubt: None, why: None };
            let _ = self.input(&stands);
        }
        let (hold, back): (Vec<_>, Vec<_>) =
            ids.into_iter().partition(|id| self.delivery(*id).is_some_and(|d| d.flags & Delivery::WAITS != 0));
        if !hold.is_empty() {
            let ttl = self.region.plan.region.limits.delivery_ttl_s;
            let until = |id: &DeliveryId| {
                let inc = self.state.incidents.get(&id.incident)?;
                Some(inc.opened + inc.deliveries.get(id.ordinal as usize)?.planned_s + ttl)
            };
            let over = hold.iter().filter_map(until).min().unwrap_or(self.now).max(self.now);
            self.held.entry(gateway).or_default().extend(hold.iter().copied());
            self.put(over, Next::Expire(hold));
        }
        self.outcomes(back.into_iter(), DeliveryState::Queued);
    }

    fn up(&self) -> Vec<bool> {
        (0..).take(self.region.plan.gateways.len()).map(|g| self.world.works(GatewayIx(g))).collect()
    }

    /// Gateways that stand otherwise than before.
    fn stands_anew(&mut self, before: &[bool]) {
        self.seen.down.push((self.now, self.world.names()));
        if let Some(at) = self.world.next_fall() {
            self.put(at.max(At(self.now.0 + 1)), Next::Batteries);
        }
        let now = self.up();
        for (i, (was, is)) in before.iter().zip(&now).enumerate() {
            if *was || !*is {
                continue;
            }
            let gateway = GatewayIx(u32::try_from(i).unwrap_or(u32::MAX));
            if std::mem::replace(&mut self.told_down[i], false) {
                let id = self.region.plan.gateway(gateway).id.clone();
                let stands = Input::GatewayStands { gateway: id, standing: Standing::Healthy, doubt: None, why: None };
                let _ = self.input(&stands);
            }
        }
        if before.iter().zip(&now).any(|(was, is)| !was && *is) {
            for (gateway, ids) in std::mem::take(&mut self.held) {
                if now.get(gateway.ix()).copied().unwrap_or(false) {
                    let after = self.latency_ms(gateway);
                    self.put(At(self.now.0 + after), Next::Try { gateway, ids });
                } else {
                    let live: Vec<DeliveryId> = ids.into_iter().filter(|id| self.waits(*id)).collect();
                    self.outcomes(live.into_iter(), DeliveryState::Queued);
                }
            }
        }
    }

    /// It is at its duty point, if that can be reached.
    fn arrive(&mut self, ids: &[DeliveryId]) {
        let mut delivered = Vec::new();
        let mut read = Vec::new();
        for id in ids {
            let Some(i) = self.by_delivery.get(id).copied() else { continue };
            let point = self.seen.got[i].point;
            if !self.world.arrives(self.region, point) || self.seen.got[i].channel == Channel::Email {
                continue;
            }
            self.seen.got[i].arrived = Some(self.now);
            let d = self.delivery(*id);
            let gateway = d.and_then(|d| self.region.plan.point(point).gateways.get(usize::from(d.gateway)).copied());
            if gateway.is_some_and(|g| self.region.plan.gateway(g).receipts) {
                delivered.push(*id);
            }
            read.push((i, gateway));
        }
        self.outcomes(delivered.into_iter(), DeliveryState::Delivered);
        for (i, gateway) in read {
            self.read(i, gateway);
        }
    }

    /// Whoever holds the duty reads it, and writes back.
    fn read(&mut self, i: usize, gateway: Option<GatewayIx>) {
        let plan = self.region.plan.clone();
        let got = &self.seen.got[i];
        let (point, no, lang, text) = (got.point, got.no, got.lang, got.text.clone());
        let Some(function) = got.functions.first().copied() else { return };
        let Some(inc) = self.state.incidents.get(&no) else { return };
        let person = self.scenario.people[function.ix()].clone();
        let answers = gateway.is_some_and(|g| plan.gateway(g).answers);
        let waited = |id: &u32| inc.asks.get(*id as usize).is_some_and(|a| a.state.is_open());
        let what = match got.what {
            SeenItem::Message { .. } if served_by(inc, point).iter().any(waited) => {
                Read::Message { code: no.written(&plan.words(lang).drill_prefix) }
            }
            SeenItem::Message { .. } => return,
            SeenItem::Note(word) => Read::Note { word, text: &text },
        };
        if answers {
            for (after, text) in person.writes(&what, &plan, lang, &mut self.dice) {
                // Who has two telephones answers on one.
                if !self.writing.insert((function, text.clone())) {
                    continue;
                }
                let at = At(self.now.0 + i64::try_from(after).unwrap_or(0));
                self.put(at, Next::Reply { point, text });
            }
        } else if matches!(what, Read::Message { .. })
            && let Some(after) = person.answer_ms(&mut self.dice)
        {
            let at = At(self.now.0 + i64::try_from(after + CALLS_AFTER_MS).unwrap_or(0));
            self.put(at, Next::Phone { no, point });
        }
    }

    fn reply(&mut self, point: PointIx, text: String) {
        if let Some(function) = self.region.plan.point(point).functions.first() {
            self.writing.remove(&(*function, text.clone()));
        }
        let from: Vec<(IncidentNo, PointIx)> = self.state.incidents.keys().map(|no| (*no, point)).collect();
        let who = Some(Actor::address(&format!("{point:?}")));
        let _ = self.input(&Input::Reply { who, from, known: Some(point), text: text.into() });
    }

    /// Whoever was reached by a way that takes no answer calls the switchboard, which notes it (RULES C6).
    fn phone(&mut self, no: IncidentNo, point: PointIx) {
        if !self.world.switchboard_answers(self.region) {
            return;
        }
        let plan = self.region.plan.clone();
        let Some(inc) = self.state.incidents.get(&no) else { return };
        let mine = &plan.point(point).functions;
        let written = |p: &PointIx| {
            let way = plan.point(*p).gateways.iter().any(|g| plan.gateway(*g).answers);
            way && self.seen.got.iter().rev().take(2_000).any(|g| g.no == no && g.point == *p && g.arrived.is_some())
        };
        // Who has it in writing too answers there.
        if mine.iter().any(|f| plan.function(*f).points.iter().any(written)) {
            return;
        }
        let asked = served_by(inc, point);
        let open = asked.iter().filter_map(|id| inc.asks.get(*id as usize)).filter(|a| a.state.is_open());
        let functions: Vec<FunctionId> = open.map(|a| plan.function(a.function).id.clone()).collect();
        let by = plan.function(plan.region.switchboard).id.clone();
        for function in functions {
            let action = Action::Ack { incident: no, message: None, function, phone: true, at: Some(self.now) };
            let who = Some(Actor::account(by.as_str()));
            let _ = self.input(&Input::Command { who, by: by.clone(), action: Box::new(action) });
        }
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
                let named = |s: &&Step| {
                    s.is_open() && (s.new.rule == *step || s.kind().as_str() == step)
                };
                let found = inc.steps.iter().rev().find(named).ok_or_else(|| format!("no step {step} is open"))?;
                Action::StepDone { incident: no, step: found.number(), reference: reference.clone().into() }
            }
            What::FallbackFailed => Action::FallbackFailed { incident: no, function: by.clone() },
            What::Report { .. } | What::Lost(_) | What::Regained(_) => return Err("nothing is done here".into()),
        })
    }
}

/// All of a text as it leaves.
fn whole(inc: &Incident, d: &Delivery, lang: Lang) -> Arc<str> {
    let Some(out) = outgoing(inc, d.item(), lang) else { return "".into() };
    let (lead, trailer) = inc.trailer(d).map(|chosen| around(chosen)).unwrap_or_default();
    match lead {
        Some(lead) => out.led_by(lead).whole(trailer).into(),
        None => out.whole(trailer).into(),
    }
}

