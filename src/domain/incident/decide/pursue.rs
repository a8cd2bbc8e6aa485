//! Few texts (RULES C12): what is due for answers goes together with what will be in a moment. To one duty point that is one
//! delivery, whoever it answers for; a number goes there again only as its one reminder, or with the names of those whom it
//! answers for since.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use super::Decider;
use super::release::count;
use crate::domain::ids::{FunctionIx, IncidentNo, PointIx};
use crate::domain::incident::ask_list::{Ask, AskState};
use crate::domain::incident::asks::{self, next_to_ask};
use crate::domain::incident::event::{Batch, BatchTrailers, Change, NewAsk};
use crate::domain::incident::state::{Delivery, Note};
use crate::domain::incident::timers::ALARM_AGAIN_S;
use crate::domain::incident::values::Item;
use crate::domain::plan::{Channel, Plan};
use crate::domain::time::At;
use crate::domain::words::NoteWord;

/// What falls due within that time comes along with what is due now, in seconds (RULES C12). Nothing waits for it.
pub const TOGETHER_S: u32 = 5;
/// A duty point is told for whom else it answers at most once in that time, in seconds (RULES C12).
pub const NAMED_AGAIN_S: u32 = 300;

/// What somebody was asked and does not answer he is asked again at most once in that time, in seconds (RULES C12).
pub const ASKED_AGAIN_S: u32 = 900;
/// So many times in that time a code that was used brings the question again.
const ASKED_MAX: usize = 5;

/// Where a message went already: to which points at all, and to which as a reminder.
#[derive(Default)]
struct Went {
    to: BTreeSet<PointIx>,
    reminded: BTreeSet<PointIx>,
}

/// What went where before, looked up once a message.
#[derive(Default)]
struct Before(BTreeMap<u32, Went>);

impl Decider<'_> {
    /// All that is due for answers in an incident, and what will be in a moment: who is told of more, the next ones to ask, the
    /// standing alarm, and reminders last, since who was just told something is not reminded of it too.
    pub(super) fn pursue(&mut self, no: IncidentNo) {
        let until = self.now + TOGETHER_S;
        let mut before = Before::default();
        self.tell_untold(no, until);
        let (mut over, mut half) = (Vec::new(), Vec::new());
        for id in self.inc(no).asks.due_until(until) {
            let Some(ask) = self.inc(no).asks.get(id as usize) else { continue };
            if ask.due <= until { &mut over } else { &mut half }.push(id);
        }
        let mut nobody = Vec::new();
        for id in over {
            let inc = self.inc(no);
            let Some(ask) = inc.asks.get(id as usize).cloned() else { continue };
            match next_to_ask(&inc.plan, ask.function, &ask.asked, self.now) {
                Some(next) => self.pass_to(no, id, &ask, next, &mut before),
                None => nobody.push(id),
            }
        }
        self.standing_alarm(no, nobody);
        self.remind(no, half, &mut before);
    }

    /// Somebody said no: the next one is asked at once, or the alarm stands (RULES C5).
    pub(super) fn pass_on_now(&mut self, no: IncidentNo, id: u32) {
        let inc = self.inc(no);
        let Some(ask) = inc.asks.get(id as usize).cloned() else { return };
        match next_to_ask(&inc.plan, ask.function, &ask.asked, self.now) {
            Some(next) => self.pass_to(no, id, &ask, next, &mut Before::default()),
            None if matches!(ask.state, AskState::NotReached { .. }) => {}
            None => self.standing_alarm(no, vec![id]),
        }
    }

    /// The next one is asked (RULES C9): with a text of its own, unless its points are told of others in this decision, or were a
    /// moment ago.
    fn pass_to(&mut self, no: IncidentNo, id: u32, ask: &Ask, next: FunctionIx, before: &mut Before) {
        let new = NewAsk {
            function: ask.function,
            asked: vec![next],
            stage: ask.stage + 1,
            due: self.now,
            remind_at: None,
            rule: ask.rule,
            needs: ask.needs,
            before_shift: None,
        };
        let message = asks::newest_for(self.inc(no), ask);
        let channels = self.channels_of(no, message);
        let mut batch = self.batch_to(no, message, &[next], &channels, 0, &[new]);
        let fresh = self.fresh(no, batch.item);
        let (told_at, from) = match batch.item {
            // Its language was not read, so that it says for nobody whom this is about (RULES A7, C1): once is enough.
            Item::Message(holding) if holding != message => {
                let went = before.of(self, no, holding);
                Arc::make_mut(&mut batch.sends).retain(|s| !went.to.contains(&s.point));
                (Some(self.now + NAMED_AGAIN_S), self.now)
            }
            _ => {
                // Whoever has nothing of this message yet gets it at once: a first alert never waits.
                let went = before.of(self, no, message);
                let has_it = batch.sends.iter().any(|s| went.to.contains(&s.point));
                let points: Vec<PointIx> = batch.sends.iter().map(|s| s.point).filter(|p| !fresh.contains(p)).collect();
                let told_at = self.named_again_at(no, &points).filter(|_| has_it);
                if told_at.is_some() {
                    batch.sends = Arc::default();
                }
                (told_at, told_at.unwrap_or(self.now))
            }
        };
        if !fresh.is_empty() {
            Arc::make_mut(&mut batch.sends).retain(|s| !fresh.contains(&s.point));
        }
        let due = from + asks::within_s(&self.inc(no).plan, next, None);
        self.emit(no, Change::Escalated { ask: id, to: vec![next], stage: ask.stage + 1, due, batch });
        if let Some(at) = told_at {
            self.emit(no, Change::Untold { who: next, asks: vec![id], at });
        }
    }

    /// When these points may be told of more functions, where that is not now.
    pub(super) fn named_again_at(&self, no: IncidentNo, points: &[PointIx]) -> Option<At> {
        let inc = self.inc(no);
        let last = points.iter().filter_map(|p| inc.named.get(p)).max()?;
        let at = *last + NAMED_AGAIN_S;
        (at > self.now).then_some(at)
    }

    /// Points that get it by this decision: what is said there says it all, since trailers are chosen at the end.
    pub(super) fn fresh(&self, no: IncidentNo, item: Item) -> BTreeSet<PointIx> {
        self.new_deliveries(no).filter(|d| d.item() == item).map(|d| d.point).collect()
    }

    /// What this decision has planned.
    pub(super) fn new_deliveries(&self, no: IncidentNo) -> impl Iterator<Item = &Delivery> {
        let first = self.first_planned(no).map_or(usize::MAX, |first| first as usize);
        self.inc(no).deliveries.get(first..).unwrap_or_default().iter()
    }

    /// Those who could not be told at once for whom they answer are told now, in one text each.
    fn tell_untold(&mut self, no: IncidentNo, until: At) {
        let due: Vec<FunctionIx> = self.inc(no).untold.iter().filter(|(_, u)| u.at <= until).map(|(f, _)| *f).collect();
        for who in due {
            let inc = self.inc(no);
            let Some(untold) = inc.untold.get(&who).cloned() else { continue };
            let mut by_message: BTreeMap<u32, Vec<u32>> = BTreeMap::new();
            let mut ended = Vec::new();
            for id in untold.asks {
                match inc.asks.get(id as usize).filter(|a| a.state.is_open()) {
                    Some(ask) => by_message.entry(asks::newest_for(inc, ask)).or_default().push(id),
                    None => ended.push(id),
                }
            }
            if !ended.is_empty() {
                let item = Item::Message(inc.asks.get(ended[0] as usize).map_or(1, |a| a.message));
                let batch = self.empty_batch(no, item);
                self.emit(no, Change::Told { who, asks: ended, batch });
            }
            for (message, ids) in by_message {
                let channels = self.channels_of(no, message);
                let mut batch = self.batch_to(no, message, &[who], &channels, 0, &[]);
                if batch.item != Item::Message(message) {
                    // Nobody has read its language yet: the next text may be.
                    self.emit(no, Change::Untold { who, asks: ids, at: self.now + NAMED_AGAIN_S });
                    continue;
                }
                let fresh = self.fresh(no, batch.item);
                Arc::make_mut(&mut batch.sends).retain(|s| !fresh.contains(&s.point));
                self.emit(no, Change::Told { who, asks: ids, batch });
            }
        }
    }

    /// Reminders of one text go in one batch, and to each point once (RULES C8, C12).
    fn remind(&mut self, no: IncidentNo, due: Vec<u32>, before: &mut Before) {
        let inc = self.inc(no);
        let mut by_message: BTreeMap<u32, Vec<u32>> = BTreeMap::new();
        for id in due {
            if let Some(ask) = inc.asks.get(id as usize) {
                by_message.entry(asks::newest_for(inc, ask)).or_default().push(id);
            }
        }
        for (message, ids) in by_message {
            let inc = self.inc(no);
            // Who gave one of several answers already is not reminded.
            let silent = |a: &Ask| {
                let said = |f: &FunctionIx| a.answers.iter().any(|g| g.by == *f);
                a.asked.iter().copied().filter(|f| !said(f)).collect::<Vec<FunctionIx>>()
            };
            let mut asked: Vec<FunctionIx> =
                ids.iter().filter_map(|id| inc.asks.get(*id as usize)).flat_map(silent).collect();
            asked.sort_unstable();
            asked.dedup();
            let channels = self.channels_of(no, message);
            let mut batch = self.batch_to(no, message, &asked, &channels, Delivery::REMINDER, &[]);
            let fresh = self.fresh(no, batch.item);
            let went = before.of(self, no, message);
            Arc::make_mut(&mut batch.sends).retain(|s| !fresh.contains(&s.point) && !went.reminded.contains(&s.point));
            self.emit(no, Change::Reminded { asks: ids, batch });
        }
    }

    /// Nobody is left to ask for these: the alarm stands, and is told to the switchboard and the last resort.
    pub(super) fn standing_alarm(&mut self, no: IncidentNo, ids: Vec<u32>) {
        if ids.is_empty() {
            return;
        }
        self.emit(no, Change::NotReached { asks: ids });
        if self.inc(no).alarm_told.is_none_or(|at| at + ALARM_AGAIN_S <= self.now) {
            self.tell_alarm(no);
        }
    }

    /// One note to each with all whom it has not named yet (RULES C12).
    pub(super) fn tell_alarm(&mut self, no: IncidentNo) {
        let inc = self.inc(no);
        let plan = inc.plan.clone();
        let asks: Vec<u32> = inc.alarm_untold.iter().copied().collect();
        let functions: Vec<FunctionIx> =
            asks.iter().filter_map(|id| inc.asks.get(*id as usize)).map(|a| a.function).collect();
        self.emit(no, Change::AlarmNamed { asks });
        let title = self.inc(no).headline();
        for f in self.who_hears_alarms(&plan) {
            self.note(no, f, NoteWord::NotReached, &|n| {
                vec![("title", title.get(n.lang).to_owned()), ("functions", n.titles(&functions))]
            });
        }
    }

    /// Whether it is long enough ago that somebody was asked the same.
    pub(super) fn may_ask_again(&self, no: IncidentNo, who: FunctionIx, word: NoteWord) -> bool {
        let inc = self.inc(no);
        let last = inc.notes.iter().rev().find(|n| n.word == word && n.to == who);
        last.is_none_or(|n| n.at + ASKED_AGAIN_S <= self.now)
    }

    /// Fewer notes of that kind went to somebody in the time of one than a person asks for by mistake.
    pub(super) fn is_seldom_asked(&self, no: IncidentNo, who: FunctionIx, word: NoteWord) -> bool {
        let lately = |n: &&Note| n.word == word && n.to == who && n.at + ASKED_AGAIN_S > self.now;
        self.inc(no).notes.iter().rev().filter(lately).count() < ASKED_MAX
    }

    /// The switchboard and the last resort, each once, whoever holds both.
    pub(super) fn who_hears_alarms(&self, plan: &Plan) -> Vec<FunctionIx> {
        let mut held = BTreeSet::new();
        let mut tell = vec![plan.region.switchboard];
        tell.extend(plan.region.last_resort.first());
        tell.retain(|f| held.insert(self.holds(plan, *f)));
        tell
    }

    /// The channels over which a message went.
    pub(super) fn channels_of(&self, no: IncidentNo, message: u32) -> Vec<Channel> {
        let entries = self.inc(no).entries.iter().filter(|e| e.message == message);
        let all: BTreeSet<Channel> = entries.flat_map(|e| e.channels.iter().copied()).collect();
        all.into_iter().collect()
    }

    fn empty_batch(&self, no: IncidentNo, item: Item) -> Batch {
        let first = count(self.inc(no).deliveries.len());
        Batch { item, flags: 0, first, sends: Arc::default(), trailers: BatchTrailers::default() }
    }
}

impl Before {
    /// Where a message went before this decision and in it.
    fn of(&mut self, decider: &Decider<'_>, no: IncidentNo, message: u32) -> &Went {
        self.0.entry(message).or_insert_with(|| {
            let mut went = Went::default();
            for d in decider.inc(no).deliveries.iter().filter(|d| d.item() == Item::Message(message)) {
                went.to.insert(d.point);
                if d.flags & Delivery::REMINDER != 0 {
                    went.reminded.insert(d.point);
                }
            }
            went
        })
    }
}
