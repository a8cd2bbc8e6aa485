//! How the state of the region and of an incident looks on a screen: words first, colours beside them.

use super::context::Context;
use super::table::{self, Said, hued, said};
use super::terminal::Hue;
use super::words;
use crate::domain::delivery::DeliveryState;
use crate::domain::ids::FunctionId;
use crate::domain::incident::facts::Restore;
use crate::domain::incident::state::Phase;
use crate::domain::plan::Then;
use crate::domain::step::StepKind;
use crate::domain::time::At;
use crate::domain::view::{
    AskView, CellView, EntryStateView, IncidentView, NextStep, ProposalStateView, RowView, StatusView, StepStateView,
    SummaryView,
};

/// What must be seen before anything else.
pub fn warnings(cx: &mut Context<'_>, off_record: bool, fictional: bool) {
    if off_record {
        let loud = format!("*** {} ***", cx.say(words::NOT_ON_RECORD));
        cx.term.line_in(Hue::Bad, &loud);
    }
    if fictional {
        let loud = cx.say(words::FICTIONAL);
        cx.term.line_in(Hue::Wait, loud);
    }
}

/// The region at a glance.
pub fn region(cx: &mut Context<'_>, view: &StatusView) {
    let clock = cx.clock(view.now, view.now);
    cx.term.line_in(Hue::Strong, &format!("{}  {clock}", view.region));
    let heads = [words::SITE, words::MODE, words::WHAT].map(|w| cx.say(w));
    let sites = view.sites.iter().map(|s| {
        let hue = if s.mode.rung == 0 { Hue::Good } else { Hue::Bad };
        let why: Vec<String> = s.because_of.iter().map(ToString::to_string).collect();
        vec![
            said(format!("{} {}", s.id, cx.in_tongue(&s.name))),
            hued(hue, cx.in_tongue(&s.mode.label)),
            said(why.join(", ")),
        ]
    });
    let sites: Vec<_> = sites.collect();
    table::show(cx.term, &heads, sites);
    cx.term.line("");
    // What is still due after the all clear is not over (INCIDENTS lessons 44, 50).
    for i in view.closed.iter().filter(|i| i.counts.steps > 0) {
        let late = if i.counts.steps_late > 0 { format!(", {} LATE", i.counts.steps_late) } else { String::new() };
        let title = cx.in_tongue(&i.title).to_owned();
        let line =
            format!("{} {title} (closed): {} steps open{late}: vardkase step list {}", i.no, i.counts.steps, i.no);
        cx.term.line_in(if i.counts.steps_late > 0 { Hue::Bad } else { Hue::Wait }, &line);
    }
    if view.open.is_empty() {
        let nothing = cx.say(words::NOTHING_OPEN);
        return cx.term.line(nothing);
    }
    let heads = [words::INCIDENT, words::WHAT, words::LEVEL, words::MODE, words::REACHED, words::ANSWER, words::NEXT];
    let heads = heads.map(|w| cx.say(w));
    let rows: Vec<_> = view.open.iter().map(|i| summary(cx, i, view.now)).collect();
    table::show(cx.term, &heads, rows);
}

fn summary(cx: &mut Context<'_>, i: &SummaryView, now: At) -> Vec<Said> {
    let c = &i.counts;
    let drill = if i.exercise { format!("{} ", cx.say(words::DRILL)) } else { String::new() };
    let mut next: Vec<String> = Vec::new();
    let alarm = c.not_reached > 0 || i.overdue || c.steps_late > 0 || c.not_arrived > 0;
    if c.not_reached > 0 {
        next.push(format!("{} NOT REACHED", c.not_reached));
    }
    for (n, what) in [(c.approvals, "to approve"), (c.proposals, "to decide"), (c.tasks, "errands"), (c.steps, "steps")]
    {
        if n > 0 {
            next.push(format!("{n} {what}"));
        }
    }
    if c.steps_late > 0 {
        next.push(format!("{} steps LATE", c.steps_late));
    }
    if c.not_arrived > 0 {
        next.push(format!("{} NOT ARRIVED", c.not_arrived));
    }
    let due = cx.clock(i.next_update, now);
    next.push(if i.overdue { format!("update OVERDUE since {due}") } else { format!("update {due}") });
    let answered = if c.acknowledged == c.asked { Hue::Good } else { Hue::Wait };
    vec![
        hued(Hue::Strong, i.no.to_string()),
        said(format!("{drill}{}{}", cx.in_tongue(&i.title), phase(i.phase))),
        said(cx.in_tongue(&i.level.label)),
        said(cx.in_tongue(&i.mode.label)),
        hued(if c.accepted == c.addressed { Hue::Good } else { Hue::Wait }, format!("{}/{}", c.accepted, c.addressed)),
        hued(answered, format!("{}/{}", c.acknowledged, c.asked)),
        Said { text: next.join(", "), hue: alarm.then_some(Hue::Bad) },
    ]
}

fn phase(phase: Phase) -> &'static str {
    match phase {
        Phase::Open => "",
        Phase::Restored => " (running again, data being checked)",
        Phase::Closed => " (closed)",
    }
}

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
    for d in &view.dropped {
        let instead: Vec<&str> = d.instead.iter().map(|c| c.as_str()).collect();
        let path = if instead.is_empty() { "the switchboard reads it out".into() } else { instead.join(", ") };
        let what = format!("{} can't go to {} over {}: {}; instead: {path}", d.message, d.function, d.channel, d.why);
        cx.term.line_in(Hue::Wait, &what);
    }
}

fn head(cx: &mut Context<'_>, view: &IncidentView) {
    let s = &view.summary;
    let drill = if s.exercise { format!("{} ", cx.say(words::DRILL)) } else { String::new() };
    let level = cx.in_tongue(&s.level.label).to_owned();
    let title = format!("{drill}{} {} · {level}{}", s.no, cx.in_tongue(&s.title), phase(s.phase));
    cx.term.line_in(Hue::Strong, &title);
    let sites: Vec<String> = s.sites.iter().map(|(id, m)| format!("{id} {}", cx.in_tongue(&m.label))).collect();
    cx.term.line(&format!("{}: {}", cx.say(words::MODE), sites.join(", ")));
    let since = cx.clock(s.since, view.now);
    let back = match view.facts.restore {
        Restore::At(at) => cx.clock(at, view.now),
        Restore::Unknown { forecast } => {
            format!("{}, forecast {}", cx.say(words::UNKNOWN), cx.clock(forecast, view.now))
        }
    };
    let (since_word, back_word) = (cx.say(words::SINCE), cx.say(words::RESTORE));
    cx.term.line(&format!("{since_word}: {since}   {back_word}: {back}"));
    let due = cx.clock(s.next_update, view.now);
    if s.overdue {
        cx.term.line_in(Hue::Bad, &format!("UPDATE OVERDUE since {due}"));
    } else {
        cx.term.line(&format!("next update: {due}"));
    }
    if let Some(into) = s.merged_into {
        cx.term.line_in(Hue::Strong, &format!("goes on as {into}"));
    }
    for m in &view.messages {
        let of = m.of.map(|n| format!(" of {n}")).unwrap_or_default();
        let state = match (m.stopped, m.released_at) {
            (true, _) => "no longer holds".to_owned(),
            (_, Some(at)) => format!("released {}", cx.clock(at, view.now)),
            _ => "draft".to_owned(),
        };
        let page = match m.page_equal {
            Some(true) => ", page read back: equal",
            Some(false) => ", PAGE DIFFERS",
            None => "",
        };
        let hue = if m.page_equal == Some(false) { Hue::Bad } else { Hue::Faint };
        cx.term.line_in(hue, &format!("{} {}{of}: {state}{page}", m.number, m.kind));
    }
    let c = &s.counts;
    let (told, got, asked, answered) = (c.addressed, c.accepted, c.asked, c.acknowledged);
    let (reached_word, answer_word) = (cx.say(words::REACHED_OF), cx.say(words::ANSWERED_OF));
    let counts = format!("{reached_word} {got}/{told}, {answer_word} {answered}/{asked}");
    cx.term.line_in(if got == told && answered == asked { Hue::Good } else { Hue::Wait }, &counts);
    if c.not_reached > 0 {
        cx.term.line_in(Hue::Bad, &format!("{} NOT REACHED: call them", c.not_reached));
    }
}

/// What waits for a person.
fn waiting(cx: &mut Context<'_>, view: &IncidentView) {
    for e in &view.entries {
        let EntryStateView::Waiting { approval: a } = &e.state else { continue };
        let due = cx.clock(a.due, view.now);
        let then = match a.then {
            Then::Release => "it goes out",
            Then::Escalate => "the deputy is asked",
            Then::Hold => "it is held, with an alarm",
        };
        let held = if a.held { " HELD: a standing alarm." } else { "" };
        let to = if e.public { "the public".to_owned() } else { format!("{} functions", e.to.len()) };
        let by = names(&a.asked);
        let what = format!("{} to {to} waits for {by} until {due}, then {then}.{held}", e.message);
        cx.term.line_in(if a.held { Hue::Bad } else { Hue::Wait }, &what);
    }
    for p in view.proposals.iter().filter(|p| p.state == ProposalStateView::Asked) {
        let due = cx.clock(p.due, view.now);
        let mode = cx.in_tongue(&p.mode.label).to_owned();
        let verb = if p.lower { "lower to" } else { "raise to" };
        let what = format!("proposal {}: {verb} {mode}, {} decides until {due}", p.id, names(&p.asked));
        cx.term.line_in(Hue::Wait, &what);
    }
    for t in view.tasks.iter().filter(|t| t.done_at.is_none()) {
        let what = format!("errand {}: {} tells {} of {}: {}", t.id, t.owner, names(&t.functions), t.message, t.why);
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
        let (due, what) = (cx.clock(s.due, view.now), cx.in_tongue(&s.title).to_owned());
        let when = match (s.kind, s.late) {
            (StepKind::Task | StepKind::Clock, true) => format!("LATE since {due}"),
            (StepKind::Task | StepKind::Clock, false) => format!("due {due}"),
            (StepKind::Intervention, _) => format!("at {due}"),
            (StepKind::Redirection, _) => format!("until {due}"),
            (StepKind::Conference, _) => format!("next {due}"),
        };
        let (state, mut hue) = match &s.state {
            StepStateView::Open => (String::new(), Hue::Wait),
            StepStateView::Held => (format!(" WAITS: not reached: {}", names(&s.unreached)), Hue::Bad),
            StepStateView::Begun { at, stop_wanted } if stop_wanted.is_empty() => {
                (format!(" begun {}", cx.clock(*at, view.now)), Hue::Wait)
            }
            StepStateView::Begun { stop_wanted, .. } => {
                (format!(" begun, STOP WANTED by {}", names(stop_wanted)), Hue::Bad)
            }
            StepStateView::Ended { end, by, at } => {
                let by = by.as_ref().map(|f| format!(" by {f}")).unwrap_or_default();
                (format!(" {end} {}{by}", cx.clock(*at, view.now)), Hue::Faint)
            }
        };
        if s.late && hue == Hue::Wait {
            hue = Hue::Bad;
        }
        let mut more = s.claimed.as_ref().map(|f| format!(", {f} has it")).unwrap_or_default();
        if !ended && s.kind == StepKind::Intervention && s.state == StepStateView::Open && !s.unreached.is_empty() {
            more.push_str(&format!(", not reached yet: {}", names(&s.unreached)));
        }
        if let Some(r) = s.rounds.first() {
            let missing: Vec<FunctionId> = r.missing.iter().chain(&r.declined).cloned().collect();
            let at = cx.clock(r.at, view.now);
            more.push_str(&format!(", {at}: {} there", r.present.len()));
            if !missing.is_empty() {
                more.push_str(&format!(", missing {}", names(&missing)));
            }
        }
        let line = format!("step S{} {}: {what} ({}, {when}){state}{more}", s.number, s.kind, s.owner);
        cx.term.line_in(hue, &line);
    }
    if all {
        for p in &view.prepared {
            let what = cx.in_tongue(&p.title).to_owned();
            let line = format!("prepared {} {}: {what} ({}): vardkase step start", p.kind, p.rule, p.owner);
            cx.term.line_in(Hue::Faint, &line);
        }
        if view.steps.is_empty() && view.prepared.is_empty() {
            cx.term.line("no steps");
        }
    }
}

fn names(all: &[FunctionId]) -> String {
    let all: Vec<&str> = all.iter().map(FunctionId::as_str).collect();
    all.join(", ")
}

fn row(cx: &mut Context<'_>, r: &RowView, now: At) -> Vec<Said> {
    let title = cx.in_tongue(&r.title).to_owned();
    let (answer, next) = (answer(cx, r, now), next(cx, r, now));
    vec![said(format!("{} {title}", r.function)), said(r.message.to_string()), reached(r), answer, next]
}

/// The furthest that the text came over each channel; accepted and delivered are never one word.
fn reached(r: &RowView) -> Said {
    let mut best: Vec<&CellView> = Vec::new();
    for cell in &r.cells {
        match best.iter_mut().find(|b| b.channel == cell.channel) {
            Some(b) if far(cell.state) > far(b.state) => *b = cell,
            Some(_) => {}
            None => best.push(cell),
        }
    }
    best.sort_by_key(|c| std::cmp::Reverse(far(c.state)));
    let mut text = String::new();
    let mut before = None;
    for c in &best {
        match before.replace(c.state) {
            Some(same) if same == c.state => text.push_str(", "),
            Some(_) => text.push_str(&format!("; {} ", state(c.state))),
            None => text.push_str(&format!("{} ", state(c.state))),
        }
        text.push_str(c.channel.as_str());
        if let Some(seconds) = c.delivered_s.or(c.accepted_s) {
            text.push_str(&format!(" {seconds} s"));
        }
    }
    let hue = match best.iter().map(|c| far(c.state)).max() {
        Some(n) if n >= far(DeliveryState::Accepted) => Hue::Good,
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

fn state(state: DeliveryState) -> &'static str {
    match state {
        DeliveryState::Queued => "queued",
        DeliveryState::Attempting => "attempting",
        DeliveryState::Accepted => "accepted",
        DeliveryState::Delivered => "delivered",
        DeliveryState::Failed => "FAILED",
        DeliveryState::Unknown => "unknown",
        DeliveryState::Expired => "EXPIRED",
        DeliveryState::Withdrawn => "withdrawn",
    }
}

fn answer(cx: &mut Context<'_>, r: &RowView, now: At) -> Said {
    match &r.state {
        AskView::NotAsked => said("-"),
        AskView::Waiting => {
            let until = r.deadline.map(|at| format!(" until {}", cx.clock(at, now))).unwrap_or_default();
            let part = if r.answered.is_empty() {
                String::new()
            } else {
                format!("{} of {} ({}), ", r.answered.len(), r.needs, names(&r.answered))
            };
            hued(Hue::Wait, format!("{part}waits for {}{until}", names(r.current.as_slice())))
        }
        AskView::Answered { by, at, via, noted_by } => {
            let noted = noted_by.as_ref().map(|f| format!(", noted by {f}")).unwrap_or_default();
            let (there, hue) = match &r.arrival {
                Some(a) if a.missed => (", NOT THERE in time".to_owned(), Hue::Bad),
                Some(a) => match a.arrived {
                    Some(at) => (format!(", there {}", cx.clock(at, now)), Hue::Good),
                    None => (format!(", to be there {}", cx.clock(a.due, now)), Hue::Wait),
                },
                None => (String::new(), Hue::Good),
            };
            let also: Vec<&str> = r.answered.iter().filter(|f| *f != by).map(FunctionId::as_str).collect();
            let also = if also.is_empty() { String::new() } else { format!(", and {}", also.join(", ")) };
            hued(hue, format!("{by} {} by {via}{noted}{also}{there}", cx.clock(*at, now)))
        }
        AskView::NotReached { at } => hued(Hue::Bad, format!("NOT REACHED since {}", cx.clock(*at, now))),
        AskView::Closed { by, number, .. } => {
            let number = number.as_ref().map(|n| format!(" {n}")).unwrap_or_default();
            hued(Hue::Faint, format!("closed by {}{number}, unanswered", by.replace('_', " ")))
        }
    }
}

/// What is next, and why.
fn next(cx: &mut Context<'_>, r: &RowView, now: At) -> Said {
    match &r.next {
        NextStep::Answered | NextStep::Closed => said("-"),
        NextStep::NotWanted => said("no answer is wanted"),
        NextStep::SilenceIsEnough => said("silence is enough"),
        NextStep::Remind { at } => said(format!("{} half-time reminder", cx.clock(*at, now))),
        NextStep::Ask { who, at } => said(format!("{} asks {who} (no answer)", cx.clock(*at, now))),
        NextStep::Alarm { at } => hued(Hue::Wait, format!("{} alarm (nobody is left to ask)", cx.clock(*at, now))),
        NextStep::Call => hued(Hue::Bad, "CALL: nobody is left to ask"),
    }
}
