//! A row for each function that was addressed: over what, how far, who answered, what comes next.

use super::super::steps;
use super::super::{id, ids};
use super::reached::*;
use super::shown::*;
use crate::domain::delivery::DeliveryState;
use crate::domain::ids::{FunctionIx, PointIx};
use crate::domain::incident::ask_list::{Ask, AskState};
use crate::domain::incident::asks::next_to_ask;
use crate::domain::incident::state::{Delivery, Incident};
use crate::domain::incident::values::{ClosedBy, Phase, Via};
use crate::domain::plan::{AnswerRule, Plan};
use crate::domain::time::At;
use std::collections::BTreeSet;

pub(super) fn row(inc: &Incident, told: &Told<'_>, best: &Best, now: At) -> RowView {
    let plan: &Plan = &inc.plan;
    let function = plan.function(told.function);
    let ask = told.ask;
    let mut cells = Vec::new();
    let mut seen = BTreeSet::new();
    for f in told.receivers() {
        for p in &plan.function(f).points {
            if seen.insert(*p) {
                cells.extend(cell(inc, told, best, f, *p));
            }
        }
    }
    cells.sort_by_key(|c| c.channel);
    RowView {
        function: function.id.clone(),
        title: function.title.clone(),
        site: function.site.clone(),
        message: inc.number(told.message()),
        entry: told.entry.id,
        asked: ask.map_or_else(Vec::new, |a| ids(plan, &a.asked)),
        current: ask.and_then(|a| a.asked.last()).map(|f| id(plan, *f)),
        answer: ask.map_or(told.entry.answer, |a| a.rule),
        state: ask.map_or(AskView::NotAsked, |a| ask_view(plan, inc, a)),
        needs: ask.map_or(1, |a| a.needs),
        answered: ask.map_or_else(Vec::new, |a| a.answers.iter().map(|g| id(plan, g.by)).collect()),
        arrival: inc.arrivals.get(&told.function).map(|a| steps::arrival(plan, a)),
        before_shift: ask.and_then(|a| a.before_shift).map(|f| id(plan, f)),
        deadline: ask.filter(|a| a.state == AskState::Waiting).map(|a| a.due),
        cells,
        next: next_step(inc, ask, now),
    }
}

/// The newest try at a point that is not a reminder; reminders are told beside it.
pub(super) fn cell(inc: &Incident, told: &Told<'_>, best: &Best, of: FunctionIx, p: PointIx) -> Option<CellView> {
    let plan: &Plan = &inc.plan;
    let mut shown: Option<(u32, &Delivery)> = None;
    let mut reminded = false;
    for (ordinal, d) in best.deliveries(inc, told.message(), p) {
        if d.flags & Delivery::REMINDER != 0 {
            reminded = true;
        } else if shown.is_none_or(|(_, s)| rank(d.state) >= rank(s.state) || s.flags & Delivery::PASSED_ON != 0) {
            shown = Some((ordinal, d));
        }
    }
    let (ordinal, d) = shown?;
    let point = plan.point(p);
    let gateway = point.gateways.get(usize::from(d.gateway))?;
    let changed = inc.opened + d.changed_s;
    let after = changed.seconds_since(told.released);
    Some(CellView {
        channel: point.channel,
        gateway: plan.gateway(*gateway).id.clone(),
        of: id(plan, of),
        lang: plan.region.languages.get(usize::from(d.lang)).copied().unwrap_or(plan.lang()),
        state: d.state,
        handed_over_s: (d.state == DeliveryState::Accepted).then_some(after),
        delivered_s: (d.state == DeliveryState::Delivered).then_some(after),
        changed,
        reminded,
        repeat: d.flags & Delivery::REPEAT != 0,
        other_text: d.flags & Delivery::OTHER_TEXT != 0,
        cause: inc.causes.get(&ordinal).map(ToString::to_string),
    })
}

pub(super) fn ask_view(plan: &Plan, inc: &Incident, ask: &Ask) -> AskView {
    match &ask.state {
        AskState::Waiting => AskView::Waiting,
        AskState::Answered { by, at, via } => AskView::Answered {
            by: id(plan, *by),
            at: *at,
            via: steps::via(via).into(),
            noted_by: match via {
                Via::Phone { noted_by } | Via::Paper { noted_by } => Some(id(plan, *noted_by)),
                _ => None,
            },
        },
        AskState::NotReached { at } => AskView::NotReached { at: *at },
        AskState::Closed { by, at } => {
            let number = match by {
                ClosedBy::Superseded(m) | ClosedBy::NewerAnswer(m) => Some(inc.number(*m).to_string()),
                ClosedBy::Merged(no) => Some(no.to_string()),
                _ => None,
            };
            let by = match by {
                ClosedBy::Superseded(_) => "superseded",
                ClosedBy::NewerAnswer(_) => "newer_answer",
                ClosedBy::Stopped => "stopped",
                ClosedBy::AllClear => "all_clear",
                ClosedBy::Merged(_) => "merged",
                ClosedBy::ShiftChange => "shift_change",
                ClosedBy::DrillStopped => "drill_stopped",
            };
            AskView::Closed { by: by.into(), number, at: *at }
        }
    }
}

pub(super) fn next_step(inc: &Incident, ask: Option<&Ask>, now: At) -> NextStep {
    let Some(ask) = ask else { return NextStep::NotWanted };
    match &ask.state {
        AskState::Answered { .. } => NextStep::Answered,
        AskState::Closed { .. } => NextStep::Closed,
        AskState::NotReached { .. } => NextStep::Call,
        AskState::Waiting if ask.rule != AnswerRule::Required => NextStep::SilenceIsEnough,
        AskState::Waiting if inc.phase == Phase::Closed => NextStep::Closed,
        AskState::Waiting => {
            if let Some(at) = ask.remind_at.filter(|r| *r < ask.due) {
                return NextStep::Remind { at };
            }
            let at = ask.due;
            match next_to_ask(&inc.plan, ask.function, &ask.asked, at.max(now)) {
                Some(who) => NextStep::Ask { who: id(&inc.plan, who), at },
                None => NextStep::Alarm { at },
            }
        }
    }
}
