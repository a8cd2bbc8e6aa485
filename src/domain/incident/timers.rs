//! When something is due. Derived from state, so that any start of the program finds the same timers, and only one decision
//! can record that one fired.

use super::after::{After, Ended};
use super::state::{EntryState, Incident, ProposalState, State};
use super::steps::ArrivalState;
use super::values::{Kind, Phase};
use crate::domain::calendar::Calendar;
use crate::domain::day::Day;
use crate::domain::ids::IncidentNo;
use crate::domain::plan::{Audience, PublicRule};
use crate::domain::time::At;

/// A published text must be read back within that time, in seconds; else an alarm (invariant 3).
pub const READ_BACK_WITHIN_S: u32 = 120;
/// An overdue update is told again, one rung up, after that time, in seconds; then each time twice as late (RULES C12).
const OVERDUE_AGAIN_S: u32 = 600;
/// What nobody does anything about is told again at the latest after that time, in seconds.
pub const SAID_AGAIN_MOST_S: u32 = 6 * 3600;
/// The standing alarm names whom else it concerns at most once in that time, in seconds (RULES C12).
pub const ALARM_AGAIN_S: u32 = 300;
/// A closed incident stays in memory that long for late answers, in seconds.
pub const ARCHIVE_AFTER_S: u32 = 24 * 3600;

/// When it is told that an update is overdue, which was told so often before: at once, after ten minutes, then each time twice as late.
pub fn overdue_told_at(due: At, told: u32) -> At {
    let waited = |n: u32| OVERDUE_AGAIN_S.saturating_mul(1 << n.min(16)).min(SAID_AGAIN_MOST_S);
    // Where the waits are all alike they need not be counted one by one.
    let alike = told.saturating_sub(16);
    due + (0..told.min(16)).map(waited).sum::<u32>().saturating_add(alike.saturating_mul(SAID_AGAIN_MOST_S))
}

/// A plan of what is to be better is due so many days after the end (RULES D20).
pub const PLAN_DUE_DAYS: u16 = 30;
/// Who led it is told so many days before that it is missing, and on that day.
pub const PLAN_TOLD_DAYS: u16 = 7;
/// At that hour of the region's clocks: nobody is woken for it.
pub const PLAN_TOLD_HOUR: i8 = 9;

/// The day on which the plan after something that ended is due.
pub fn plan_due(ended: &Ended, calendar: &Calendar) -> Day {
    Day::of(ended.at, calendar).later(PLAN_DUE_DAYS)
}

/// So often it is told.
pub const PLAN_TOLD_MAX: u32 = 2;

/// When who led it is told next that its plan is missing; never after what was broken off, and not more than twice.
fn plan_told_at(after: &After, calendar: &Calendar) -> Option<At> {
    let earlier = match after.told_missing {
        0 => PLAN_TOLD_DAYS,
        told if told < PLAN_TOLD_MAX => 0,
        _ => return None,
    };
    let ended = after.ended.as_ref().filter(|e| e.whole && after.lacks_plan())?;
    plan_due(ended, calendar).earlier(earlier).at_hour(PLAN_TOLD_HOUR, calendar)
}

/// What is due.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub enum Timer {
    /// An approval's deadline, or its request did not arrive.
    Approval(IncidentNo, u32),
    /// The morning has come for an entry.
    Quiet(IncidentNo, u32),
    /// A reminder or a missed answer.
    Ask(IncidentNo, u32),
    /// Somebody is told for whom else it answers: the function.
    Tell(IncidentNo, crate::domain::ids::FunctionIx),
    /// The standing alarm is told anew.
    Alarm(IncidentNo),
    /// A mode must be decided.
    Proposal(IncidentNo, u32),
    /// The public has waited long enough for an approved text.
    Holding(IncidentNo),
    /// An update is overdue.
    Update(IncidentNo),
    /// The forecast restoration has passed.
    Restore(IncidentNo),
    /// A published text was not read back.
    Page(IncidentNo, u32),
    /// Out of memory.
    Archive(IncidentNo),
    /// A report by SMS was never confirmed.
    Pending(crate::domain::private::Private),
    /// Who answered is not there yet: the function.
    Arrival(IncidentNo, crate::domain::ids::FunctionIx),
    /// A step is looked at.
    Step(IncidentNo, u32),
    /// More of a tabletop is told, or a drill is over.
    Drill(IncidentNo),
    /// Nobody has planned what is to be better after it (RULES D20).
    Plan(IncidentNo),
}

impl State {
    /// The timer that is due first.
    pub fn next_timer(&self) -> Option<(At, Timer)> {
        let pending = self.pending.iter().map(|(code, p)| (p.until, Timer::Pending(code.clone())));
        let plans =
            self.after.iter().filter_map(|(no, a)| Some((plan_told_at(a, &self.plan.calendar)?, Timer::Plan(*no))));
        self.incidents.values().filter_map(next_of).chain(pending).chain(plans).min()
    }

    /// When the program must look again.
    pub fn next_due(&self) -> Option<At> {
        self.next_timer().map(|t| t.0)
    }
}

impl Incident {
    /// Nothing of it waits for a decision, so that it may leave memory once it is closed.
    pub fn is_settled(&self) -> bool {
        !self.proposals.iter().any(|p| p.state == ProposalState::Asked)
            && !self.entries.iter().any(|e| matches!(e.state, EntryState::Waiting(_)))
            // A notification that is still due keeps its incident at hand (INCIDENTS lessons 44, 50).
            && !self.steps.iter().any(|s| s.is_open() && s.kind().outlives_the_incident())
    }
}

fn next_of(inc: &Incident) -> Option<(At, Timer)> {
    let no = inc.no;
    let limits = &inc.plan.region.limits;
    let open = inc.phase != Phase::Closed;
    let mut first: Option<(At, Timer)> = None;
    let mut add = |at: At, timer: Timer| {
        if first.as_ref().is_none_or(|f| (at, &timer) < (f.0, &f.1)) {
            first = Some((at, timer));
        }
    };
    for e in &inc.entries {
        match &e.state {
            EntryState::Waiting(a) => {
                add(a.due, Timer::Approval(no, e.id));
                let arrived = a.asked_at + limits.approval_delivered_s;
                if !a.delivered && !a.beside && arrived < a.due {
                    add(arrived, Timer::Approval(no, e.id));
                }
            }
            EntryState::Quiet { until } => add(*until, Timer::Quiet(no, e.id)),
            EntryState::Released { at, .. } if e.public && !inc.is_drill() => {
                let unproven = inc.message(e.message).is_some_and(|m| m.page_equal.is_none() && !m.stopped);
                if unproven {
                    add(*at + READ_BACK_WITHIN_S, Timer::Page(no, e.message));
                }
            }
            EntryState::Released { .. } | EntryState::Ready | EntryState::Dropped { .. } => {}
        }
    }
    if open {
        if let Some((at, id)) = inc.asks.first_due() {
            add(at, Timer::Ask(no, id));
        }
        for (f, untold) in &inc.untold {
            add(untold.at, Timer::Tell(no, *f));
        }
        if !inc.alarm_untold.is_empty() {
            add(inc.alarm_told.map_or(inc.opened, |at| at + ALARM_AGAIN_S), Timer::Alarm(no));
        }
        if let Some(drill) = &inc.drill {
            let inject = drill.injects.get(inc.injects_given as usize).map(|i| i.after_s);
            for after_s in inject.into_iter().chain(drill.lasts_s) {
                add(inc.opened + after_s, Timer::Drill(no));
            }
        }
        // Nobody waits for news of a test.
        if !inc.tests_ways() {
            add(overdue_told_at(inc.update_due, inc.overdue_told), Timer::Update(no));
        }
        if let super::facts::Restore::At(at) = inc.facts.restore
            && inc.phase == Phase::Open
            && !inc.restore_told
        {
            add(at + limits.restored_within_s, Timer::Restore(no));
        }
        if holding_is_due(inc) {
            add(inc.opened + inc.plan.region.holding_after_s, Timer::Holding(no));
        }
    }
    if open {
        for (f, a) in &inc.arrivals {
            if a.state == ArrivalState::Expected {
                add(a.due, Timer::Arrival(no, *f));
            }
        }
    }
    for s in inc.steps.iter().filter(|s| s.is_open() && (open || s.kind().outlives_the_incident())) {
        add(s.new.next_check, Timer::Step(no, s.id));
    }
    for p in &inc.proposals {
        match &p.state {
            ProposalState::Asked => add(p.due, Timer::Proposal(no, p.id)),
            ProposalState::Declined { again, .. } if open => add(*again, Timer::Proposal(no, p.id)),
            _ => {}
        }
    }
    if !open && inc.is_settled() {
        add(inc.phase_at + ARCHIVE_AFTER_S, Timer::Archive(no));
    }
    first
}

/// The public was promised a text and has none (RULES B7).
fn holding_is_due(inc: &Incident) -> bool {
    // A stop or a running-again that came first leaves nothing to say.
    let asked = inc.entries.iter().any(|e| e.public && !matches!(e.state, EntryState::Dropped { .. }));
    let told = inc
        .messages
        .iter()
        .any(|m| m.audience == Audience::Public && m.kind != Kind::Holding && m.released_at.is_some());
    inc.book().public != PublicRule::Never && !inc.is_drill() && !inc.holding_sent && asked && !told
}
