//! Time passes: what is due, whom it is sent to, overdue updates.

use std::sync::Arc;

use super::Decider;
use super::release::{Sender, count, unreviewed};
use crate::domain::holder::deputies_in_turn;
use crate::domain::ids::{FunctionIx, IncidentNo, PointIx};
use crate::domain::incident::event::{Batch, BatchTrailers, Change, Event, NewAsk};
use crate::domain::incident::state::{Delivery, Message};
use crate::domain::incident::timers::{Timer, overdue_told_at};
use crate::domain::incident::values::Send;
use crate::domain::incident::values::{Item, Kind};
use crate::domain::plan::Channel;
use crate::domain::time::At;
use crate::domain::words::NoteWord;

impl Decider<'_> {
    pub(super) fn fire(&mut self, timer: Timer) {
        match timer {
            Timer::Approval(no, entry) => self.approval_due(no, entry),
            Timer::Quiet(no, entry) => self.end_quiet(no, entry),
            Timer::Ask(no, _) | Timer::Tell(no, _) => self.pursue(no),
            Timer::Alarm(no) => self.tell_alarm(no),
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
            Timer::Drill(no) => self.drill_timer(no),
            Timer::Plan(no) => self.plan_is_missing(no),
            Timer::Pending(code) => self.emit_event(Event::ReportGone { code, started: None }),
        }
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
        let mut sender = Sender::new(&self.state.ways, self.now, inc, item, asks);
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
        // Beats that were missed while nothing ran, or that a clock jumped over, are one (RULES D12).
        let missed = (told + 1..).find(|n| overdue_told_at(due, *n) > self.now).unwrap_or(told + 1);
        self.emit(no, Change::OverdueTold { count: missed });
        self.tell_overdue(no, told, due);
    }

    /// After a day and more at a standstill, whoever leads an open incident hears of it, once: what was planned then has run out, and
    /// nobody knows what still holds (RULES D12, D13).
    pub(super) fn stood_still(&mut self, since: At) {
        let open: Vec<IncidentNo> = self.state.open().map(|i| i.no).collect();
        for no in open {
            let inc = self.inc(no);
            let plan = inc.plan.clone();
            let owner = inc.book().systems.iter().find_map(|s| plan.system(s)).map(|s| s.owner);
            let to = inc.leader.or(owner).unwrap_or(inc.reporter);
            let title = inc.headline();
            self.note(no, to, NoteWord::StoodStill, &|n| {
                vec![("title", title.get(n.lang).to_owned()), ("since", n.time(since))]
            });
        }
    }

    fn tell_overdue(&mut self, no: IncidentNo, rung: u32, due: At) {
        let inc = self.inc(no);
        let plan = inc.plan.clone();
        let title = inc.headline();
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
