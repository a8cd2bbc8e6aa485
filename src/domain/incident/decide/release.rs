//! A text leaves: who holds each duty now, over which paths, in which language; what can't carry it, and what is done instead.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::sync::Arc;

use super::Decider;
use super::pursue::NAMED_AGAIN_S;
use crate::domain::delivery::DeliveryState;
use crate::domain::holder::deputies_in_turn;
use crate::domain::ids::{FunctionIx, GatewayIx, IncidentNo, PointIx};
use crate::domain::incident::ask_list::AskState;
use crate::domain::incident::asks;
use crate::domain::incident::event::{Batch, BatchTrailers, Change, DroppedPath, NewAsk};
use crate::domain::incident::gateways::{Rank, Ways};
use crate::domain::incident::state::{Delivery, EntryState, Incident};
use crate::domain::incident::values::Send;
use crate::domain::incident::values::{ClosedBy, Item, Kind, Phase, ReleasedBy, Source};
use crate::domain::lang::Lang;
use crate::domain::plan::{AnswerRule, Audience, Channel, DeputyRule, GatewayInfo, Plan};
use crate::domain::reach::{self, Down};
use crate::domain::text::DoesNotFit;
use crate::domain::time::At;
use crate::domain::words::NoteWord;

impl Decider<'_> {
    /// Releases an entry with the message that it waits with.
    pub(super) fn release(&mut self, no: IncidentNo, entry: u32, by: ReleasedBy) {
        let Some(e) = self.inc(no).entry(entry).cloned() else { return };
        if matches!(e.state, EntryState::Released { .. } | EntryState::Dropped { .. }) {
            return;
        }
        if e.public {
            self.release_public(no, entry, by);
        } else {
            self.release_to(no, entry, by);
        }
        self.release_to_earlier(no, e.message, entry);
    }

    fn release_public(&mut self, no: IncidentNo, entry: u32, by: ReleasedBy) {
        let change = Change::Released {
            entry,
            by,
            batches: Vec::new(),
            asks: Vec::new(),
            dropped: Vec::new(),
            also: Vec::new(),
        };
        self.emit(no, change);
    }

    /// The holding text for the public: pre-approved (RULES B7).
    pub(super) fn release_holding(&mut self, no: IncidentNo) {
        let message = self.draft(no, Kind::Holding, Audience::Public);
        let row = crate::domain::plan::Row {
            to: crate::domain::plan::To::Public,
            audience: Audience::Public,
            channels: vec![Channel::Web],
            approval: None,
            answer: None,
            answer_within_s: None,
            deputies: None,
            night: crate::domain::plan::NightRule::Page,
            answers: None,
            arrive_within_s: None,
            if_unsafe: false,
        };
        let entry = self.add_row_entry(no, Source::Holding, &row, Vec::new(), None, message, Kind::Holding);
        self.release(no, entry, ReleasedBy::Playbook);
    }

    fn release_to(&mut self, no: IncidentNo, entry: u32, by: ReleasedBy) {
        let inc = self.inc(no);
        let plan = inc.plan.clone();
        let Some(e) = inc.entry(entry).cloned() else { return };
        let kind = inc.message(e.message).map_or(Kind::Update, |m| m.kind);
        let asks = self.new_asks(no, entry);
        // Everybody who gets it: the entry's functions by their holders, and those who are asked with them.
        // What no longer holds is told where it was told, whoever holds the duty now (RULES D2).
        let mut receivers: Vec<FunctionIx> =
            if matches!(kind, Kind::Stopped { .. }) { e.to.clone() } else { Vec::new() };
        receivers.extend(e.to.iter().map(|f| self.holds(&plan, *f)));
        receivers.extend(asks.iter().flat_map(|a| a.asked.iter().copied()));
        let mut seen = BTreeSet::new();
        receivers.retain(|f| seen.insert(*f));
        let addressed: BTreeSet<FunctionIx> = e.to.iter().copied().collect();
        let also: Vec<FunctionIx> = receivers.iter().copied().filter(|f| !addressed.contains(f)).collect();

        let unreviewed = unreviewed(self.inc(no), e.message);
        let mut out = self.plan_sends(no, Item::Message(e.message), &receivers, &e.channels, &asks);
        let mut batches = Vec::new();
        let mut first = count(self.inc(no).deliveries.len());
        if !unreviewed.is_empty() {
            // A language that nobody read goes as its pre-approved holding text (RULES A7).
            let langs = &plan.region.languages;
            let (held, rest): (Vec<Send>, Vec<Send>) = out
                .sends
                .into_iter()
                .partition(|s| langs.get(usize::from(s.lang)).is_some_and(|l| unreviewed.contains(l)));
            out.sends = rest;
            if !held.is_empty() {
                let holding = self.draft(no, Kind::Holding, e.audience);
                first = count(self.inc(no).deliveries.len());
                let batch = Batch {
                    item: Item::Message(holding),
                    flags: Delivery::OTHER_TEXT,
                    first,
                    sends: Arc::new(held),
                    trailers: BatchTrailers::default(),
                };
                first += count(batch.sends.len());
                batches.push(batch);
            }
        }
        batches.push(Batch {
            item: Item::Message(e.message),
            flags: 0,
            first,
            sends: Arc::new(std::mem::take(&mut out.sends)),
            trailers: BatchTrailers::default(),
        });
        let asked: Vec<FunctionIx> = asks.iter().map(|a| a.function).collect();
        self.supersede(no, e.message, &asked);
        self.withdraw_older(no, e.message, kind, &batches);
        let change = Change::Released { entry, by, batches, asks, dropped: out.dropped.clone(), also };
        self.emit(no, change);
        self.tell_later(no, e.message, &asked);
        self.who_acts_has_answered(no, &asked);
        self.tasks_for_unreached(no, e.message, &e.to, &out);
    }

    /// Those who are asked for these functions beside them, have the text already and were told of others a moment ago are told
    /// later (RULES C12); so are those whose language nobody read, and who got the holding text (RULES A7).
    fn tell_later(&mut self, no: IncidentNo, message: u32, functions: &[FunctionIx]) {
        let inc = self.inc(no);
        let fresh = self.fresh(no, Item::Message(message));
        let held: BTreeSet<PointIx> =
            self.new_deliveries(no).filter(|d| d.flags & Delivery::OTHER_TEXT != 0).map(|d| d.point).collect();
        let mut later: BTreeMap<FunctionIx, (Vec<u32>, At)> = BTreeMap::new();
        for id in functions.iter().filter_map(|f| inc.asks.current().get(f).copied()) {
            let Some(ask) = inc.asks.get(id as usize) else { continue };
            for f in ask.asked.iter().filter(|f| **f != ask.function) {
                let points = inc.plan.points_at(*f, self.now);
                if points.iter().any(|p| fresh.contains(p)) {
                    continue;
                }
                let unread = points.iter().any(|p| held.contains(p)).then(|| self.now + NAMED_AGAIN_S);
                if let Some(at) = unread.or_else(|| self.named_again_at(no, &points)) {
                    later.entry(*f).or_insert_with(|| (Vec::new(), at)).0.push(id);
                }
            }
        }
        for (who, (asks, at)) in later {
            self.emit(no, Change::Untold { who, asks, at });
        }
    }

    /// Whoever did what this text tells is not asked whether it knows: for its own function that is its answer (RULES C14).
    fn who_acts_has_answered(&mut self, no: IncidentNo, functions: &[FunctionIx]) {
        let Some((id, via)) = self.acting.clone() else { return };
        let inc = self.inc(no);
        if inc.tests_ways() {
            // Who begins a test has not shown that a text of it arrives.
            return;
        }
        let own = inc.plan.function_ix(id.as_str()).filter(|f| functions.contains(f));
        if let Some((f, ask)) = own.and_then(|f| Some((f, inc.asks.current().get(&f).copied()?))) {
            self.answered(no, &[ask], f, self.now, via);
        }
    }

    /// Who is asked for each function of an entry, unless another entry of the same message asked already.
    fn new_asks(&self, no: IncidentNo, entry: u32) -> Vec<NewAsk> {
        let inc = self.inc(no);
        let plan = &inc.plan;
        let Some(e) = inc.entry(entry) else { return Vec::new() };
        // A closed incident takes no answers, so what it still tells (a mode, a late public text) asks for none.
        if e.answer == AnswerRule::None || inc.phase == Phase::Closed {
            return Vec::new();
        }
        let mut asks = Vec::with_capacity(e.to.len());
        for &function in &e.to {
            let older = inc.ask(function);
            // Asked with this text already; a weaker wish (an owner of something dependent) gives way to this one.
            let asked_so = |a: &crate::domain::incident::ask_list::Ask| {
                a.message == e.message && (a.rule >= e.answer || matches!(a.state, AskState::Answered { .. }))
            };
            if older.is_some_and(asked_so) {
                continue;
            }
            let holder = self.holds(plan, function);
            let mut asked = vec![holder];
            let mut stage = 0;
            // Where more than one must answer, as many different holders are asked at once.
            let needs = asks::answers_needed(inc, entry, function);
            let beside = e.deputies == DeputyRule::Beside;
            if e.answer == AnswerRule::Required && (beside || needs > 1) {
                let direct: Vec<FunctionIx> =
                    plan.function(function).deputies.iter().map(|d| self.holds(plan, *d)).collect();
                for d in deputies_in_turn(plan, function, self.now.timestamp()) {
                    if (beside && direct.contains(&d) || asked.len() < usize::from(needs)) && !asked.contains(&d) {
                        asked.push(d);
                        stage += 1;
                    }
                }
            }
            let within = asks::within_s(plan, function, e.answer_within_s);
            let mut due = self.now + within;
            if let Some(old) = older.filter(|a| a.state.is_open()) {
                // Escalation goes on with the newest: whoever was asked stays asked, no deadline moves later (RULES C9).
                for f in &old.asked {
                    if !asked.contains(f) {
                        asked.push(*f);
                    }
                }
                stage = stage.max(old.stage);
                if old.state == AskState::Waiting && old.rule == AnswerRule::Required {
                    due = due.min(old.due.max(self.now + 60));
                }
            }
            let remind_at = (e.answer == AnswerRule::Required).then(|| self.now + due.seconds_since(self.now) / 2);
            asks.push(NewAsk { function, asked, stage, due, remind_at, rule: e.answer, needs, before_shift: None });
        }
        asks
    }

    /// Chooses gateway and language for each point, once per message and point (RULES C2).
    pub(super) fn plan_sends(
        &self,
        no: IncidentNo,
        item: Item,
        receivers: &[FunctionIx],
        channels: &[Channel],
        asks: &[NewAsk],
    ) -> Planned {
        let inc = self.inc(no);
        let mut sent: BTreeSet<PointIx> = inc.deliveries.iter().filter(|d| d.item() == item).map(|d| d.point).collect();
        // Whoever has the text already and answers for another from now on is told so (RULES C1). What this decision itself
        // sends says it: its trailers are chosen at the end.
        let fresh = self.first_planned(no).and_then(|first| inc.deliveries.get(first as usize..)).unwrap_or_default();
        let fresh: BTreeSet<PointIx> = fresh.iter().filter(|d| d.item() == item).map(|d| d.point).collect();
        let stands_in: BTreeSet<FunctionIx> =
            asks.iter().flat_map(|a| a.asked.iter().copied().filter(|f| *f != a.function)).collect();
        // Whoever was told of others a moment ago is told later (RULES C12).
        let quiet = |p: &PointIx| self.named_again_at(no, std::slice::from_ref(p)).is_some();
        sent.retain(|p| {
            fresh.contains(p) || quiet(p) || !inc.plan.point(*p).functions.iter().any(|f| stands_in.contains(f))
        });
        let mut sender = Sender::new(&self.state.ways, self.now, inc, item, asks);
        let mut planned = Planned::default();
        for &f in receivers {
            let all = inc.plan.points_at(f, self.now);
            let listed: Vec<PointIx> =
                all.iter().copied().filter(|p| channels.contains(&inc.plan.point(*p).channel)).collect();
            // A function without any of the channels gets it over what it has: nobody is forgotten for a channel's sake. So it is
            // where all of these hang on what is down (RULES G7).
            let mut points = if sender.any_stands(&listed) { listed } else { all };
            points.sort_by_key(|p| !sender.stands(*p));
            let mut reached = false;
            for p in points {
                if matches!(inc.plan.point(p).channel, Channel::Web | Channel::Manual) {
                    continue;
                }
                if sent.contains(&p) {
                    reached = true;
                    continue;
                }
                match sender.choose(p, &[]) {
                    Ok(send) => {
                        planned.sends.push(send);
                        sent.insert(p);
                        reached = true;
                    }
                    Err(why) if planned.dropped.iter().any(|d| d.point == p) => drop(why),
                    Err(why) => planned.dropped.push(DroppedPath { point: p, why: why.to_string() }),
                }
            }
            if !reached {
                planned.unreached.push(f);
            }
        }
        planned
    }

    /// Functions whose every path dropped out become a task for the switchboard (RULES A5).
    fn tasks_for_unreached(&mut self, no: IncidentNo, message: u32, to: &[FunctionIx], planned: &Planned) {
        if planned.unreached.is_empty() {
            return;
        }
        let plan = self.plan(no);
        let unreached: BTreeSet<FunctionIx> = planned.unreached.iter().copied().collect();
        let functions: Vec<FunctionIx> =
            to.iter().copied().filter(|f| unreached.contains(&self.holds(&plan, *f))).collect();
        if functions.is_empty() {
            return;
        }
        let why = planned.dropped.first().map_or_else(|| "no duty point".to_owned(), |d| d.why.clone());
        let owner = plan.region.switchboard;
        self.emit(no, Change::ErrandAdded { owner, functions: functions.clone(), message, why: why.clone() });
        let number = self.inc(no).number(message);
        self.note(no, owner, NoteWord::ReadOut, &|n| {
            vec![("number", n.number(number)), ("functions", n.titles(&functions)), ("why", why.clone())]
        });
    }

    /// Older asks of the same functions end: escalation goes on with the newest (RULES C9).
    fn supersede(&mut self, no: IncidentNo, message: u32, functions: &[FunctionIx]) {
        let inc = self.inc(no);
        let asks: Vec<u32> = functions
            .iter()
            .filter_map(|f| inc.asks.current().get(f).copied())
            .filter(|id| inc.asks.get(*id as usize).is_some_and(|a| a.state.is_open()))
            .collect();
        if !asks.is_empty() {
            self.emit(no, Change::AsksClosed { asks, by: ClosedBy::Superseded(message) });
        }
    }

    /// Unsent parts of an older message are withdrawn only where the newer goes to the same duty point (RULES C9).
    fn withdraw_older(&mut self, no: IncidentNo, message: u32, kind: Kind, batches: &[Batch]) {
        if matches!(kind, Kind::Holding) {
            return;
        }
        let inc = self.inc(no);
        let Some(audience) = inc.message(message).map(|m| m.audience) else { return };
        let older: BTreeSet<u32> = inc
            .messages
            .iter()
            .filter(|m| m.seq < message && m.audience == audience && m.released_at.is_some())
            .map(|m| m.seq)
            .collect();
        if older.is_empty() {
            return;
        }
        let points: BTreeSet<PointIx> = batches.iter().flat_map(|b| b.sends.iter().map(|s| s.point)).collect();
        let ordinals: Vec<u32> = (0u32..)
            .zip(&inc.deliveries)
            .filter(|(_, d)| d.state == DeliveryState::Queued && points.contains(&d.point))
            .filter(|(_, d)| matches!(d.item(), Item::Message(m) if older.contains(&m)))
            .map(|(o, _)| o)
            .collect();
        if !ordinals.is_empty() {
            self.emit(no, Change::Withdrawn { ordinals });
        }
    }

    /// The approver's change made a new number: who got the earlier one gets the new one too (RULES B2).
    fn release_to_earlier(&mut self, no: IncidentNo, message: u32, entry: u32) {
        let inc = self.inc(no);
        let Some(audience) = inc.message(message).map(|m| m.audience) else { return };
        let mut earlier = BTreeSet::new();
        let mut at = inc.message(message).and_then(|m| m.replaces);
        while let Some(seq) = at {
            earlier.insert(seq);
            at = inc.message(seq).and_then(|m| m.replaces);
        }
        let done = inc.entries.iter().any(|e| e.source == Source::Followers && e.message == message);
        if earlier.is_empty() || done {
            return;
        }
        let mut to: Vec<FunctionIx> = inc
            .entries
            .iter()
            .filter(|e| e.id != entry && earlier.contains(&e.message) && matches!(e.state, EntryState::Released { .. }))
            .flat_map(|e| e.to.iter().copied())
            .collect();
        let got: BTreeSet<FunctionIx> =
            inc.entries.iter().filter(|e| e.message == message).flat_map(|e| e.to.iter().copied()).collect();
        to.retain(|f| !got.contains(f));
        to.sort_unstable();
        to.dedup();
        if !to.is_empty() {
            self.tell_followers(no, message, audience, to);
        }
    }
}

/// What is sent, what can't be, and who has no path left.
#[derive(Default)]
pub(super) struct Planned {
    pub sends: Vec<Send>,
    pub dropped: Vec<DroppedPath>,
    pub unreached: Vec<FunctionIx>,
}

/// Finds for a point the first gateway that carries the text whole in the first possible of its languages (DESIGN 3a).
pub(super) struct Sender<'a> {
    plan: &'a Plan,
    /// Functions that are asked themselves: their trailer is the common one.
    trailers: crate::domain::incident::trailers::Trailers<'a>,
    /// How good a way over each gateway is, and whether the incident itself impairs it (INCIDENTS lesson 25).
    ranks: Vec<(Rank, bool)>,
    /// What the incident has taken down by now.
    down: Down,
    /// Gateways that a drill does without (RULES D18): no way leads over them.
    away: Vec<bool>,
    fits: HashMap<(GatewayIx, Lang, Option<String>), Result<u32, DoesNotFit>>,
    out: BTreeMap<Lang, crate::domain::text::Outgoing>,
}

impl<'a> Sender<'a> {
    pub(super) fn new(ways: &Ways, now: At, inc: &'a Incident, item: Item, asks: &'a [NewAsk]) -> Self {
        let plan: &Plan = &inc.plan;
        let down = reach::fallen(inc, now);
        let rank = |g: &GatewayInfo| {
            let impaired = !down.stands(&g.needs);
            (ways.rank(&g.id).max(if impaired { Rank::Doubtful } else { Rank::Healthy }), impaired)
        };
        let ranks = plan.gateways.iter().map(rank).collect();
        let away = plan.gateways.iter().map(|g| inc.is_away(&g.id)).collect();
        let out = plan.region.languages.iter().filter_map(|l| asks::outgoing(inc, item, *l).map(|o| (*l, o))).collect();
        Self {
            plan,
            trailers: crate::domain::incident::trailers::Trailers::new(inc, item, asks),
            ranks,
            down,
            away,
            fits: HashMap::new(),
            out,
        }
    }

    /// Another text than a stored one: a note that is being written.
    pub(super) fn with_text(mut self, out: BTreeMap<Lang, crate::domain::text::Outgoing>) -> Self {
        self.out = out;
        self
    }

    /// Whether a point does not hang on what the incident takes down (RULES G7).
    pub(super) fn stands(&self, p: PointIx) -> bool {
        let point = self.plan.point(p);
        // What people carry by hand has no gateway.
        let has_way = point.gateways.is_empty() || point.gateways.iter().any(|g| !self.is_away(*g));
        has_way && self.down.stands(&point.needs)
    }

    fn is_away(&self, g: GatewayIx) -> bool {
        self.away.get(g.ix()).copied().unwrap_or(false)
    }

    /// Whether one of these does not.
    pub(super) fn any_stands(&self, points: &[PointIx]) -> bool {
        points.iter().any(|p| self.stands(*p))
    }

    /// How good a way is.
    pub(super) fn rank(&self, send: &Send) -> Rank {
        let gateway = self.plan.point(send.point).gateways.get(usize::from(send.gateway));
        gateway.and_then(|g| self.ranks.get(g.ix())).map_or(Rank::Out, |(rank, _)| *rank)
    }

    /// The best way to a point (RULES G1), but not over those of its gateways that were tried.
    pub(super) fn choose(&mut self, p: PointIx, tried: &[u8]) -> Result<Send, DoesNotFit> {
        self.choose_after(p, tried, u8::MAX)
    }

    /// The same; the gateway that it comes from is the last among its equals.
    pub(super) fn choose_after(&mut self, p: PointIx, tried: &[u8], from: u8) -> Result<Send, DoesNotFit> {
        let point = self.plan.point(p);
        let mut order: Vec<(usize, GatewayIx)> = point
            .gateways
            .iter()
            .copied()
            .enumerate()
            .filter(|(place, _)| !tried.iter().any(|t| usize::from(*t) == *place))
            .filter(|(_, g)| !self.is_away(*g))
            .collect();
        let rank = |g: &GatewayIx| self.ranks.get(g.ix()).copied().unwrap_or((Rank::Out, true));
        order.sort_by_key(|(place, g)| (rank(g), *place == usize::from(from)));
        let mut first_why = None;
        for (place, g) in order {
            for lang in &point.languages {
                let Some(l) = self.plan.region.languages.iter().position(|r| r == lang) else { continue };
                match self.fit(p, g, *lang) {
                    Ok(_) => {
                        let place = u8::try_from(place).unwrap_or(u8::MAX);
                        return Ok(Send { point: p, gateway: place, lang: u8::try_from(l).unwrap_or(0) });
                    }
                    Err(why) => first_why = first_why.or(Some(why)),
                }
            }
        }
        Err(first_why.unwrap_or(DoesNotFit::NoRoom))
    }

    fn fit(&mut self, p: PointIx, g: GatewayIx, lang: Lang) -> Result<u32, DoesNotFit> {
        let trailer = self.trailers.least(p, g, lang);
        let key = (g, lang, trailer);
        if let Some(known) = self.fits.get(&key) {
            return known.clone();
        }
        let capability = &self.plan.gateway(g).capability;
        let result = match self.out.get(&lang) {
            Some(out) => crate::domain::text::fit::units(out, key.2.as_deref(), capability),
            None => Err(DoesNotFit::NoRoom),
        };
        self.fits.insert(key, result.clone());
        result
    }
}

/// Languages of a message that nobody read since somebody typed in another (RULES A7).
pub(super) fn unreviewed(inc: &Incident, message: u32) -> Vec<Lang> {
    inc.message(message)
        .map_or_else(Vec::new, |m| m.texts.iter().filter(|(_, d)| !d.reviewed).map(|(l, _)| *l).collect())
}

pub(super) fn count(n: usize) -> u32 {
    u32::try_from(n).unwrap_or(u32::MAX)
}
