//! How an incident looks on a screen: who is reached over what, who answered, what waits, what is next. Words first, colours
//! beside them.

use std::collections::BTreeMap;

use super::context::Context;
use super::status_show::phase;
use super::table::{self, Said, hued, said};
use super::terminal::Hue;
use crate::domain::delivery::DeliveryState;
use crate::domain::ids::{FunctionId, GatewayId};
use crate::domain::incident::facts::Restore;
use crate::domain::lang::Lang;
use crate::domain::plan::{Channel, Then};
use crate::domain::step::StepKind;
use crate::domain::time::At;
use crate::domain::view::{
    AskView, CellView, EntryStateView, IncidentView, NextStep, ProposalStateView, RowView, StepStateView,
};
use crate::words::{Word, cli as words};

/// One incident.
pub fn incident(cx: &mut Context<'_>, view: &IncidentView) {
    head(cx, view);
    let heads = [words::FUNCTION, words::MESSAGE, words::REACHED, words::ANSWER, words::NEXT].map(|w| cx.say(w));
    waiting(cx, view);
    steps(cx, view, false);
    cx.term.line("");
    // What is wrong first, then what is open: a screen has fewer lines than a region has duties.
    let mut sorted: Vec<&RowView> = view.rows.iter().collect();
    sorted.sort_by_key(|r| match r.state {
        AskView::NotReached { .. } => 0,
        AskView::Waiting => 1,
        _ => 2,
    });
    let rows: Vec<_> = sorted.into_iter().map(|r| row(cx, r, view.now)).collect();
    table::show(cx.term, &heads, rows);
    causes(cx, &view.rows);
    for d in &view.dropped {
        let instead: Vec<&str> = d.instead.iter().map(|c| channel(cx.term.lang(), *c)).collect();
        let path = if instead.is_empty() { cx.say(words::SWITCHBOARD_READS).into() } else { instead.join(", ") };
        let (cant, over, instead) = (cx.say(words::CANT_GO), cx.say(words::OVER), cx.say(words::INSTEAD));
        let what = format!(
            "{} {cant} {} {over} {}: {}; {instead}: {path}",
            d.message,
            d.function,
            channel(cx.term.lang(), d.channel),
            crate::words::cannot(cx.term.lang(), &d.why)
        );
        cx.term.line_in(Hue::Wait, &what);
    }
}

fn head(cx: &mut Context<'_>, view: &IncidentView) {
    let s = &view.summary;
    let drill = if s.exercise { format!("{} ", cx.say(words::DRILL)) } else { String::new() };
    let level = cx.in_lang(&s.level.label).to_owned();
    let title = format!("{drill}{} {} · {level}{}", s.no, cx.in_lang(&s.title), phase(cx, s.phase));
    cx.term.line_in(Hue::Strong, &title);
    let sites: Vec<String> = s.sites.iter().map(|(id, m)| format!("{id} {}", cx.in_lang(&m.label))).collect();
    cx.term.line(&format!("{}: {}", cx.say(words::MODE), sites.join(", ")));
    let since = cx.clock(s.since, view.now);
    let back = match view.facts.restore {
        Restore::At(at) => cx.clock(at, view.now),
        Restore::Unknown { forecast } => {
            format!("{}, {} {}", cx.say(words::UNKNOWN), cx.say(words::FORECAST), cx.clock(forecast, view.now))
        }
    };
    let (since_word, back_word) = (cx.say(words::SINCE), cx.say(words::RESTORE));
    cx.term.line(&format!("{since_word}: {since}   {back_word}: {back}"));
    let due = cx.clock(s.next_update, view.now);
    if s.overdue {
        let late = format!("{} {due}", cx.say(words::UPDATE_OVERDUE));
        cx.term.line_in(Hue::Bad, &late);
    } else {
        let next = format!("{}: {due}", cx.say(words::NEXT_UPDATE));
        cx.term.line(&next);
    }
    if let Some(into) = s.merged_into {
        let on = format!("{} {into}", cx.say(words::GOES_ON_AS));
        cx.term.line_in(Hue::Strong, &on);
    }
    for m in &view.messages {
        let of = m.of.map(|n| format!(" {} {n}", cx.say(words::OF))).unwrap_or_default();
        let state = match (m.stopped, m.released_at) {
            (true, _) => cx.say(words::NO_LONGER_HOLDS).to_owned(),
            (_, Some(at)) => format!("{} {}", cx.say(words::RELEASED), cx.clock(at, view.now)),
            _ => cx.say(words::DRAFT).to_owned(),
        };
        let page = match m.page_equal {
            Some(true) => cx.say(words::PAGE_EQUAL),
            Some(false) => cx.say(words::PAGE_DIFFERS),
            None => "",
        };
        let hue = if m.page_equal == Some(false) { Hue::Bad } else { Hue::Faint };
        cx.term.line_in(hue, &format!("{} {}{of}: {state}{page}", m.number, cx.say(kind(&m.kind))));
    }
    let c = &s.counts;
    // Handed over, delivered and answered are three things; reached is one of the last two (RULES G5).
    let (told, got, asked, answered) = (c.addressed, c.reached, c.asked, c.acknowledged);
    let counts = format!(
        "{} {got}/{told} ({} {}, {} {}), {} {answered}/{asked}",
        cx.say(words::REACHED_OF),
        cx.say(words::HANDED_OVER_OF),
        c.handed_over,
        cx.say(words::DELIVERED),
        c.delivered,
        cx.say(words::ANSWERED_OF),
    );
    cx.term.line_in(if got == told && answered == asked { Hue::Good } else { Hue::Wait }, &counts);
    if c.not_reached > 0 {
        let call = format!("{} {}: {}", c.not_reached, cx.say(words::NOT_REACHED), cx.say(words::CALL_THEM));
        cx.term.line_in(Hue::Bad, &call);
    }
}

/// What waits for a person.
fn waiting(cx: &mut Context<'_>, view: &IncidentView) {
    for e in &view.entries {
        let EntryStateView::Waiting { approval: a } = &e.state else { continue };
        let due = cx.clock(a.due, view.now);
        let then = match a.then {
            Then::Release => words::THEN_RELEASE,
            Then::Escalate => words::THEN_ESCALATE,
            Then::Hold => words::THEN_HOLD,
        };
        let then = format!("{} {}", cx.say(words::THEN), cx.say(then));
        let held = if a.held { cx.say(words::HELD) } else { "" };
        let to = match e.public {
            true => cx.say(words::THE_PUBLIC).to_owned(),
            false => format!("{} {}", e.to.len(), cx.say(words::FUNCTIONS)),
        };
        let (to_word, waits, until) = (cx.say(words::TO), cx.say(words::WAITS_FOR), cx.say(words::UNTIL_LOW));
        let by = names(&a.asked);
        let what = format!("{} {to_word} {to} {waits} {by} {until} {due}, {then}.{held}", e.message);
        cx.term.line_in(if a.held { Hue::Bad } else { Hue::Wait }, &what);
    }
    for p in view.proposals.iter().filter(|p| p.state == ProposalStateView::Asked) {
        let due = cx.clock(p.due, view.now);
        let mode = cx.in_lang(&p.mode.label).to_owned();
        let verb = cx.say(if p.lower { words::LOWER_TO } else { words::RAISE_TO });
        let (proposal, until) = (cx.say(words::PROPOSAL), cx.say(words::DECIDES_UNTIL));
        let what = format!("{proposal} {}: {verb} {mode}, {} {until} {due}", p.id, names(&p.asked));
        cx.term.line_in(Hue::Wait, &what);
    }
    for t in view.errands.iter().filter(|t| t.done_at.is_none()) {
        let (errand, tells, of) = (cx.say(words::ERRAND), cx.say(words::TELLS), cx.say(words::OF));
        let who = names(&t.functions);
        let what = format!("{errand} {}: {} {tells} {who} {of} {}: {}", t.id, t.owner, t.message, t.why);
        cx.term.line_in(Hue::Wait, &what);
    }
}

/// Steps: the open ones, or with what ended and what is prepared.
pub fn steps(cx: &mut Context<'_>, view: &IncidentView, all: bool) {
    for s in &view.steps {
        let ended = matches!(s.state, StepStateView::Ended { .. });
        if ended && !all {
            continue;
        }
        let (due, what) = (cx.clock(s.due, view.now), cx.in_lang(&s.title).to_owned());
        let when = match (s.kind, s.late) {
            (StepKind::Task | StepKind::Clock, true) => words::LATE_SINCE,
            (StepKind::Task | StepKind::Clock, false) => words::DUE,
            (StepKind::Intervention, _) => words::AT,
            (StepKind::Redirection, _) => words::UNTIL_LOW,
            (StepKind::Conference, _) => words::NEXT_AT,
        };
        let when = format!("{} {due}", cx.say(when));
        let (state, mut hue) = match &s.state {
            StepStateView::Open => (String::new(), Hue::Wait),
            StepStateView::Held => (format!(" {} {}", cx.say(words::STEP_WAITS), names(&s.unreached)), Hue::Bad),
            StepStateView::Begun { at, stop_wanted } if stop_wanted.is_empty() => {
                (format!(" {} {}", cx.say(words::BEGUN), cx.clock(*at, view.now)), Hue::Wait)
            }
            StepStateView::Begun { stop_wanted, .. } => {
                let (begun, wanted) = (cx.say(words::BEGUN), cx.say(words::STOP_WANTED));
                (format!(" {begun}, {wanted} {}", names(stop_wanted)), Hue::Bad)
            }
            StepStateView::Ended { end, by, at } => {
                let by = by.as_ref().map(|f| format!(" {} {f}", cx.say(words::DONE_BY))).unwrap_or_default();
                (format!(" {end} {}{by}", cx.clock(*at, view.now)), Hue::Faint)
            }
        };
        if s.late && hue == Hue::Wait {
            hue = Hue::Bad;
        }
        let mut more = s.claimed.as_ref().map(|f| format!(", {f} {}", cx.say(words::HAS_IT))).unwrap_or_default();
        if !ended && s.kind == StepKind::Intervention && s.state == StepStateView::Open && !s.unreached.is_empty() {
            more.push_str(&format!(", {} {}", cx.say(words::NOT_REACHED_YET), names(&s.unreached)));
        }
        if let Some(r) = s.rounds.first() {
            let missing: Vec<FunctionId> = r.missing.iter().chain(&r.declined).cloned().collect();
            let at = cx.clock(r.at, view.now);
            more.push_str(&format!(", {at}: {} {}", r.present.len(), cx.say(words::PRESENT)));
            if !missing.is_empty() {
                more.push_str(&format!(", {} {}", cx.say(words::MISSING), names(&missing)));
            }
        }
        let (step, kind) = (cx.say(words::STEP), cx.say(step_kind(s.kind)));
        let line = format!("{step} S{} {kind}: {what} ({}, {when}){state}{more}", s.number, s.owner);
        cx.term.line_in(hue, &line);
    }
    if all {
        for p in &view.prepared {
            let what = cx.in_lang(&p.title).to_owned();
            let (prepared, kind) = (cx.say(words::PREPARED), cx.say(step_kind(p.kind)));
            let line = format!("{prepared} {kind} {}: {what} ({}): vardkase step start", p.rule, p.owner);
            cx.term.line_in(Hue::Faint, &line);
        }
        if view.steps.is_empty() && view.prepared.is_empty() {
            let none = cx.say(words::NO_STEPS);
            cx.term.line(none);
        }
    }
}

pub(super) fn channel(lang: Lang, channel: Channel) -> &'static str {
    match channel {
        Channel::Sms | Channel::Fax => channel.as_str(),
        Channel::Email => words::EMAIL.say(lang),
        Channel::Paging => words::PAGER.say(lang),
        Channel::Web => words::WEB.say(lang),
        Channel::Manual => words::BY_HAND.say(lang),
    }
}

fn step_kind(kind: StepKind) -> Word {
    match kind {
        StepKind::Task => words::TASK,
        StepKind::Clock => words::CLOCK,
        StepKind::Intervention => words::INTERVENTION,
        StepKind::Redirection => words::REDIRECTION,
        StepKind::Conference => words::CONFERENCE,
    }
}

fn kind(kind: &str) -> Word {
    match kind {
        "mode" => words::KIND_MODE,
        "update" => words::KIND_UPDATE,
        "correction" => words::KIND_CORRECTION,
        "stopped" => words::KIND_STOPPED,
        "restored" => words::KIND_RESTORED,
        "all_clear" => words::KIND_ALL_CLEAR,
        "holding" => words::KIND_HOLDING,
        "redirection" => words::REDIRECTION,
        "redirection_over" => words::KIND_REDIRECTION_OVER,
        _ => words::KIND_ALERT,
    }
}

fn names(all: &[FunctionId]) -> String {
    let all: Vec<&str> = all.iter().map(FunctionId::as_str).collect();
    all.join(", ")
}

fn row(cx: &mut Context<'_>, r: &RowView, now: At) -> Vec<Said> {
    let title = cx.in_lang(&r.title).to_owned();
    let (answer, next) = (answer(cx, r, now), next(cx, r, now));
    vec![said(format!("{} {title}", r.function)), said(r.message.to_string()), reached(cx, r), answer, next]
}

/// The cell of each channel over which the text came furthest, the furthest first.
fn furthest(r: &RowView) -> Vec<&CellView> {
    let mut best: Vec<&CellView> = Vec::new();
    for cell in &r.cells {
        match best.iter_mut().find(|b| b.channel == cell.channel) {
            Some(b) if far(cell.state) > far(b.state) => *b = cell,
            Some(_) => {}
            None => best.push(cell),
        }
    }
    best.sort_by_key(|c| std::cmp::Reverse(far(c.state)));
    best
}

/// Why texts did not come further, in the gateways' words: once each, however many rows it stands behind.
fn causes(cx: &mut Context<'_>, rows: &[RowView]) {
    let cells = rows.iter().flat_map(furthest);
    let causes: BTreeMap<(&GatewayId, &str), Channel> =
        cells.filter_map(|c| Some(((&c.gateway, c.cause.as_deref()?), c.channel))).collect();
    for ((gateway, cause), over) in causes {
        let over = channel(cx.term.lang(), over);
        cx.term.line_in(Hue::Wait, &format!("{over}, {gateway}: {}", cx.term.cause(cause)));
    }
}

/// The furthest that the text came over each channel; handed over and delivered are never one word.
fn reached(cx: &Context<'_>, r: &RowView) -> Said {
    let best = furthest(r);
    let mut text = String::new();
    let mut before = None;
    for c in &best {
        match before.replace(c.state) {
            Some(same) if same == c.state => text.push_str(", "),
            Some(_) => text.push_str(&format!("; {} ", cx.say(state(c.state)))),
            None => text.push_str(&format!("{} ", cx.say(state(c.state)))),
        }
        text.push_str(channel(cx.term.lang(), c.channel));
        if let Some(seconds) = c.delivered_s.or(c.handed_over_s) {
            text.push_str(&format!(" {seconds} s"));
        }
    }
    let hue = match best.iter().map(|c| far(c.state)).max() {
        Some(n) if n >= far(DeliveryState::Delivered) => Hue::Good,
        Some(n) if n >= far(DeliveryState::Unknown) => Hue::Wait,
        _ => Hue::Bad,
    };
    hued(hue, text)
}

fn far(state: DeliveryState) -> u8 {
    match state {
        DeliveryState::Delivered => 7,
        DeliveryState::Accepted => 6,
        DeliveryState::Attempting => 5,
        DeliveryState::Queued => 4,
        DeliveryState::Unknown => 3,
        DeliveryState::Expired => 2,
        DeliveryState::Failed => 1,
        DeliveryState::Withdrawn => 0,
    }
}

fn state(state: DeliveryState) -> Word {
    match state {
        DeliveryState::Queued => words::QUEUED,
        DeliveryState::Attempting => words::ATTEMPTING,
        DeliveryState::Accepted => words::ACCEPTED,
        DeliveryState::Delivered => words::DELIVERED,
        DeliveryState::Failed => words::FAILED,
        DeliveryState::Unknown => words::UNSURE,
        DeliveryState::Expired => words::EXPIRED,
        DeliveryState::Withdrawn => words::WITHDRAWN,
    }
}

fn answer(cx: &mut Context<'_>, r: &RowView, now: At) -> Said {
    match &r.state {
        AskView::NotAsked => said("-"),
        AskView::Waiting => {
            let until =
                r.deadline.map(|at| format!(" {} {}", cx.say(words::UNTIL_AT), cx.clock(at, now))).unwrap_or_default();
            let part = if r.answered.is_empty() {
                String::new()
            } else {
                format!("{}/{} ({}), ", r.answered.len(), r.needs, names(&r.answered))
            };
            hued(Hue::Wait, format!("{part}{} {}{until}", cx.say(words::WAITS_FOR), names(r.current.as_slice())))
        }
        AskView::Answered { by, at, via, noted_by } => {
            let noted = noted_by.as_ref().map(|f| format!(", {} {f}", cx.say(words::NOTED_BY))).unwrap_or_default();
            let (there, hue) = match &r.arrival {
                Some(a) if a.missed => (format!(", {}", cx.say(words::NOT_THERE)), Hue::Bad),
                Some(a) => match a.arrived {
                    Some(at) => (format!(", {} {}", cx.say(words::THERE), cx.clock(at, now)), Hue::Good),
                    None => (format!(", {} {}", cx.say(words::TO_BE_THERE), cx.clock(a.due, now)), Hue::Wait),
                },
                None => (String::new(), Hue::Good),
            };
            let also: Vec<&str> = r.answered.iter().filter(|f| *f != by).map(FunctionId::as_str).collect();
            let also = if also.is_empty() { String::new() } else { format!(" + {}", also.join(", ")) };
            hued(hue, format!("{by} {} {} {via}{noted}{also}{there}", cx.clock(*at, now), cx.say(words::BY)))
        }
        AskView::NotReached { at } => {
            hued(Hue::Bad, format!("{} {}", cx.say(words::NOT_REACHED_SINCE), cx.clock(*at, now)))
        }
        AskView::Closed { by, number, .. } => {
            let number = number.as_ref().map(|n| format!(" {n}")).unwrap_or_default();
            let (closed, unanswered) = (cx.say(words::CLOSED_BY), cx.say(words::UNANSWERED));
            hued(Hue::Faint, format!("{closed} {}{number}, {unanswered}", by.replace('_', " ")))
        }
    }
}

/// What is next, and why.
fn next(cx: &mut Context<'_>, r: &RowView, now: At) -> Said {
    match &r.next {
        NextStep::Answered | NextStep::Closed => said("-"),
        NextStep::NotWanted => said(cx.say(words::NOT_WANTED)),
        NextStep::SilenceIsEnough => said(cx.say(words::SILENCE)),
        NextStep::Remind { at } => said(format!("{} {}", cx.clock(*at, now), cx.say(words::REMINDER))),
        NextStep::Ask { who, at } => {
            said(format!("{} {} {who} {}", cx.clock(*at, now), cx.say(words::ASKS), cx.say(words::NO_ANSWER)))
        }
        NextStep::Alarm { at } => hued(Hue::Wait, format!("{} {}", cx.clock(*at, now), cx.say(words::ALARM))),
        NextStep::Call => hued(Hue::Bad, cx.say(words::CALL)),
    }
}
