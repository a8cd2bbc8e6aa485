//! Time passes: reminders, deputies, standing alarms, overdue updates.

use std::sync::Arc;

use super::Decider;
use super::release::{Sender, count, unreviewed};
use crate::domain::holder::deputies_in_turn;
use crate::domain::ids::{FunctionIx, IncidentNo, PointIx};
use crate::domain::incident::ask_list::AskState;
use crate::domain::incident::asks::{self, next_to_ask};
use crate::domain::incident::event::{Batch, BatchTrailers, Change, Event, NewAsk};
use crate::domain::incident::state::{Delivery, Message};
use crate::domain::incident::timers::Timer;
use crate::domain::incident::values::Send;
use crate::domain::incident::values::{Item, Kind, ReleasedBy};
use crate::domain::plan::Channel;
use crate::domain::words::NoteWord;

impl Decider<'_> {
    pub(super) fn fire(&mut self, timer: Timer) {
        match timer {
            Timer::Approval(no, entry) => self.approval_due(no, entry),
            Timer::Quiet(no, entry) => {
                if self.inc(no).entry(entry).is_some_and(|e| e.rule.is_some()) {
                    self.ask_approvals(no, &[entry]);
                } else {
                    self.release(no, entry, ReleasedBy::Playbook);
                }
            }
            Timer::Ask(no, ask) => self.ask_is_due(no, ask),
            Timer::Proposal(no, proposal) => self.proposal_due(no, proposal),
            Timer::Holding(no) => self.release_holding(no),
            Timer::Update(no) => self.update_overdue(no),
            Timer::Restore(no) => {
                self.emit(no, Change::RestoreMissed);
                let due = self.inc(no).facts.next.min(self.now);
                self.tell_overdue(no, 0, due);
            }
            Timer::Page(no, message) => self.page_failed(no, message),
            Timer::Archive(no) => self.emit(no, Change::Archived),
            Timer::Arrival(no, f) => self.arrival_due(no, f),
            Timer::Step(no, step) => self.step_due(no, step),
            Timer::Pending(code) => self.emit_event(Event::ReportGone { code }),
        }
    }

    fn ask_is_due(&mut self, no: IncidentNo, id: u32) {
        let Some(ask) = self.inc(no).asks.get(id as usize) else { return };
        if ask.remind_at.is_some_and(|r| r <= self.now && self.now < ask.due) {
            let message = asks::newest_for(self.inc(no), ask);
            self.remind(no, message);
        } else {
            self.pass_on(no, id);
        }
    }

    /// All reminders that are due with that text go in one batch (RULES C8).
    fn remind(&mut self, no: IncidentNo, message: u32) {
        let inc = self.inc(no);
        let newest: std::collections::BTreeSet<FunctionIx> =
            inc.entries.iter().filter(|e| e.message == message).flat_map(|e| e.to.iter().copied()).collect();
        let due: Vec<u32> = inc
            .asks
            .current()
            .values()
            .copied()
            .filter(|id| {
                inc.asks.get(*id as usize).is_some_and(|a| {
                    a.state == AskState::Waiting
                        && a.remind_at.is_some_and(|r| r <= self.now && self.now < a.due)
                        && (a.message == message || a.message < message && newest.contains(&a.function))
                })
            })
            .collect();
        // Who gave one of several answers already is not reminded.
        let silent = |a: &crate::domain::incident::ask_list::Ask| {
            let said = |f: &FunctionIx| a.answers.iter().any(|g| g.by == *f);
            a.asked.iter().copied().filter(|f| !said(f)).collect::<Vec<FunctionIx>>()
        };
        let asked: Vec<FunctionIx> = due.iter().filter_map(|id| inc.asks.get(*id as usize)).flat_map(silent).collect();
        let channels = self.channels_of(no, message);
        let batch = self.batch_to(no, message, &asked, &channels, Delivery::REMINDER, &[]);
        self.emit(no, Change::Reminded { asks: due, batch });
    }

    /// Nobody answered in time, or said no: the next one is asked, then a standing alarm (RULES C9).
    pub(super) fn pass_on(&mut self, no: IncidentNo, id: u32) {
        let inc = self.inc(no);
        let plan = inc.plan.clone();
        let Some(ask) = inc.asks.get(id as usize).cloned() else { return };
        match next_to_ask(&plan, ask.function, &ask.asked, self.now) {
            Some(next) => {
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
                let message = asks::newest_for(self.inc(no), &ask);
                let channels = self.channels_of(no, message);
                let batch = self.batch_to(no, message, &[next], &channels, 0, &[new]);
                let due = self.now + asks::within_s(&plan, next, None);
                self.emit(no, Change::Escalated { ask: id, to: vec![next], stage: ask.stage + 1, due, batch });
            }
            None => self.not_reached(no),
        }
    }

    /// All asks with nobody left whose time is up become one standing alarm, which pages the switchboard too.
    fn not_reached(&mut self, no: IncidentNo) {
        let inc = self.inc(no);
        let plan = inc.plan.clone();
        let over = |id: &u32| {
            inc.asks.get(*id as usize).is_some_and(|a| {
                crate::domain::incident::ask_list::ask_due(a).is_some()
                    && a.due <= self.now
                    && next_to_ask(&plan, a.function, &a.asked, self.now).is_none()
            })
        };
        let ids: Vec<u32> = inc.asks.current().values().copied().filter(over).collect();
        self.standing_alarm(no, ids);
    }

    /// Nobody is left to ask for these.
    pub(super) fn standing_alarm(&mut self, no: IncidentNo, ids: Vec<u32>) {
        let inc = self.inc(no);
        let plan = inc.plan.clone();
        let functions: Vec<FunctionIx> =
            ids.iter().filter_map(|id| inc.asks.get(*id as usize)).map(|a| a.function).collect();
        if ids.is_empty() {
            return;
        }
        self.emit(no, Change::NotReached { asks: ids });
        let title = self.inc(no).book().title.clone();
        let mut tell = vec![plan.region.switchboard];
        tell.extend(plan.region.last_resort.first());
        for f in tell {
            self.note(no, f, NoteWord::NotReached, &|n| {
                vec![("title", title.get(n.lang).to_owned()), ("functions", n.titles(&functions))]
            });
        }
    }

    /// The channels over which a message went.
    pub(super) fn channels_of(&self, no: IncidentNo, message: u32) -> Vec<Channel> {
        let mut all: Vec<Channel> = self
            .inc(no)
            .entries
            .iter()
            .filter(|e| e.message == message)
            .flat_map(|e| e.channels.iter().copied())
            .collect();
        all.sort_unstable();
        all.dedup();
        all
    }

    /// A batch of a message to these functions. Without the reminder flag, points that have it already get it again only when
    /// they are asked for somebody else now: the trailer says so (RULES C1).
    pub(super) fn batch_to(
        &self,
        no: IncidentNo,
        message: u32,
        to: &[FunctionIx],
        channels: &[Channel],
        flags: u8,
        asks: &[NewAsk],
    ) -> Batch {
        let inc = self.inc(no);
        let plan = &inc.plan;
        let item = Item::Message(message);
        let mut sender = Sender::new(&self.state.ways, inc, item, asks);
        let mut sends: Vec<Send> = Vec::new();
        for f in to {
            let all = plan.points_at(*f, self.now);
            let listed: Vec<PointIx> =
                all.iter().copied().filter(|p| channels.contains(&plan.point(*p).channel)).collect();
            let mut points = if sender.any_stands(&listed) { listed } else { all };
            points.sort_by_key(|p| !sender.stands(*p));
            for p in points {
                let walked = matches!(plan.point(p).channel, Channel::Web | Channel::Manual);
                if !walked
                    && !sends.iter().any(|s| s.point == p)
                    && let Ok(send) = sender.choose(p, &[])
                {
                    sends.push(send);
                }
            }
        }
        let first = count(inc.deliveries.len());
        let unread = unreviewed(inc, message);
        if unread.is_empty() {
            return Batch { item, flags, first, sends: Arc::new(sends), trailers: BatchTrailers::default() };
        }
        // A language that nobody read does not go out by this way either (RULES A7): the other paths carry the text, and where
        // there is none, the holding text of that language.
        let in_unread = |s: &Send| plan.region.languages.get(usize::from(s.lang)).is_some_and(|l| unread.contains(l));
        let (held, read): (Vec<Send>, Vec<Send>) = sends.into_iter().partition(in_unread);
        let audience = inc.message(message).map(|m| m.audience);
        let holds = |m: &&Message| m.kind == Kind::Holding && !m.stopped && Some(m.audience) == audience;
        let holding = inc.messages.iter().rev().find(holds);
        match holding {
            Some(holding) if read.is_empty() && flags & Delivery::REMINDER == 0 => Batch {
                item: Item::Message(holding.seq),
                flags: flags | Delivery::OTHER_TEXT,
                first,
                sends: Arc::new(held),
                trailers: BatchTrailers::default(),
            },
            _ => Batch { item, flags, first, sends: Arc::new(read), trailers: BatchTrailers::default() },
        }
    }

    /// The beat was missed: told first to the function that the playbook names and to the reporter, then one rung up
    /// (INCIDENTS lesson 30).
    fn update_overdue(&mut self, no: IncidentNo) {
        let inc = self.inc(no);
        let (told, due) = (inc.overdue_told, inc.update_due);
        self.emit(no, Change::OverdueTold { count: told + 1 });
        self.tell_overdue(no, told, due);
    }

    fn tell_overdue(&mut self, no: IncidentNo, rung: u32, due: crate::domain::time::At) {
        let inc = self.inc(no);
        let plan = inc.plan.clone();
        let title = inc.book().title.clone();
        let first = inc.book().overdue_tell.or(plan.region.last_resort.first().copied()).unwrap_or(inc.reporter);
        let mut to = match rung {
            0 => vec![first, inc.reporter],
            1 => deputies_in_turn(&plan, first, self.now.timestamp()).into_iter().take(1).collect(),
            _ => plan.region.last_resort.clone(),
        };
        to.dedup();
        for f in to {
            self.note(no, f, NoteWord::Overdue, &|n| {
                vec![("title", title.get(n.lang).to_owned()), ("due", n.time(due))]
            });
        }
    }
}
