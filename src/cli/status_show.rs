//! How the region looks on a screen: what must be seen first, modes and incidents, the journal. Words first, colours beside
//! them.

use super::context::Context;
use super::table::{self, Said, hued, said};
use super::terminal::Hue;
use crate::api::{Standing, StatusAnswer};
use crate::dispatch::journal_view::JournalView;
use crate::domain::incident::values::Phase;
use crate::domain::time::At;
use crate::domain::view::{StatusView, SummaryView};
use crate::words::{cli as words, improve};

/// What must be seen before anything else.
pub fn warnings(cx: &mut Context<'_>, seen: &StatusAnswer) {
    if !seen.on_record {
        let loud = format!("*** {} ***", cx.say(words::NOT_ON_RECORD));
        cx.term.line_in(Hue::Bad, &loud);
    }
    if seen.training {
        let loud = cx.say(words::TRAINING);
        cx.term.line_in(Hue::Strong, loud);
    }
    if seen.fictional {
        let loud = cx.say(words::FICTIONAL);
        cx.term.line_in(Hue::Wait, loud);
    }
    // What of the journal must be looked after at once.
    for alarm in &seen.journal.alarms {
        let loud = format!("*** {} ***", cx.in_lang(alarm));
        cx.term.line_in(Hue::Bad, &loud);
    }
    alarms(cx, seen);
}

/// The journal in a few lines: what must be looked after by day, copies, the last seal, the last rehearsal.
pub fn journal(cx: &mut Context<'_>, journal: &JournalView, now: At) {
    cx.term.line("");
    for warning in &journal.warnings {
        let text = cx.in_lang(warning).to_owned();
        cx.term.line_in(Hue::Wait, &text);
    }
    let copies: Vec<String> = journal
        .copies
        .iter()
        .map(|c| format!("{} {} {}", c.folder, c.records, if c.well { "✔" } else { "✖" }))
        .collect();
    if !copies.is_empty() {
        let line = format!("{}: {}", cx.say(words::JOURNAL), copies.join(", "));
        cx.term.line_in(Hue::Faint, &line);
    }
    if let Some(seal) = &journal.sealed {
        let line = format!("{} {}: {}", cx.say(words::SEALED), cx.clock(seal.at, now), seal.foot);
        cx.term.line_in(Hue::Faint, &line);
    }
    let rehearsed = match &journal.rehearsal {
        None => cx.say(words::NEVER).to_owned(),
        Some(r) => {
            let how = if r.ok { "✔" } else { "✖" };
            format!("{} {} ({} {})", how, cx.clock(r.at, now), r.age_days, cx.say(words::DAYS_AGO))
        }
    };
    let line = format!("{}: {rehearsed}", cx.say(words::REHEARSED));
    cx.term.line_in(Hue::Faint, &line);
}

/// Parts of the program that are not well, and gateways that are not handed anything.
fn alarms(cx: &mut Context<'_>, seen: &StatusAnswer) {
    for alarm in &seen.alarms {
        let loud = format!("*** {} ({}) ***", cx.in_lang(&alarm.what), cx.clock(alarm.since, seen.status.now));
        cx.term.line_in(Hue::Bad, &loud);
    }
    for gateway in &seen.trouble {
        let standing = match gateway.standing {
            Standing::Down => cx.say(words::GATEWAY_DOWN),
            Standing::Out => cx.say(words::GATEWAY_OUT),
            Standing::Suspect => cx.say(words::GATEWAY_SUSPECT),
            Standing::Unusable => cx.say(words::GATEWAY_UNUSABLE),
            Standing::Healthy | Standing::Manual | Standing::Page | Standing::Unknown => cx.say(words::GATEWAY_FULL),
        };
        let line = format!("{} {standing}: {}", gateway.id, cx.term.cause(&gateway.detail));
        cx.term.line_in(Hue::Wait, &line);
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
            said(format!("{} {}", s.id, cx.in_lang(&s.name))),
            hued(hue, cx.in_lang(&s.mode.label)),
            said(why.join(", ")),
        ]
    });
    let sites: Vec<_> = sites.collect();
    table::show(cx.term, &heads, sites);
    cx.term.line("");
    // What is still due after the all clear is not over (INCIDENTS lessons 44, 50).
    for i in view.closed.iter().filter(|i| i.counts.steps > 0) {
        let late = if i.counts.steps_late > 0 {
            format!(", {} {}", i.counts.steps_late, cx.say(words::LATE))
        } else {
            String::new()
        };
        let title = cx.in_lang(&i.title).to_owned();
        let (closed, open) = (cx.say(words::CLOSED), cx.say(words::STEPS_OPEN));
        let line = format!("{} {title} ({closed}): {} {open}{late}: vardkase step list {}", i.no, i.counts.steps, i.no);
        cx.term.line_in(if i.counts.steps_late > 0 { Hue::Bad } else { Hue::Wait }, &line);
    }
    for i in &view.improvements_overdue {
        let line = improve::overdue_line(cx.term.lang(), i.id, i.incident, i.due, &i.owner);
        cx.term.line_in(Hue::Wait, &line);
    }
    if view.open.is_empty() {
        let nothing = cx.say(words::NOTHING_OPEN);
        return cx.term.line(nothing);
    }
    let heads = [
        words::INCIDENT,
        words::WHAT,
        words::LEVEL,
        words::MODE,
        words::HANDED_OVER_REACHED,
        words::ANSWER,
        words::NEXT,
    ];
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
        next.push(format!("{} {}", c.not_reached, cx.say(words::NOT_REACHED)));
    }
    let open = [
        (c.approvals, words::TO_APPROVE),
        (c.proposals, words::TO_DECIDE),
        (c.errands, words::ERRANDS),
        (c.steps, words::STEPS),
    ];
    for (n, what) in open {
        if n > 0 {
            next.push(format!("{n} {}", cx.say(what)));
        }
    }
    if c.steps_late > 0 {
        next.push(format!("{} {}", c.steps_late, cx.say(words::STEPS_LATE)));
    }
    if c.not_arrived > 0 {
        next.push(format!("{} {}", c.not_arrived, cx.say(words::NOT_ARRIVED)));
    }
    let due = cx.clock(i.next_update, now);
    let update = cx.say(if i.overdue { words::UPDATE_OVERDUE } else { words::NEXT_UPDATE });
    next.push(format!("{update} {due}"));
    let answered = if c.acknowledged == c.asked { Hue::Good } else { Hue::Wait };
    vec![
        hued(Hue::Strong, i.no.to_string()),
        said(format!("{drill}{}{}", cx.in_lang(&i.title), phase(cx, i.phase))),
        said(cx.in_lang(&i.level.label)),
        said(cx.in_lang(&i.mode.label)),
        hued(
            if c.reached == c.addressed { Hue::Good } else { Hue::Wait },
            format!("{}, {}/{}", c.handed_over, c.reached, c.addressed),
        ),
        hued(answered, format!("{}/{}", c.acknowledged, c.asked)),
        Said { text: next.join(", "), hue: alarm.then_some(Hue::Bad) },
    ]
}

/// What is said of an incident that is no longer open.
pub(super) fn phase(cx: &Context<'_>, phase: Phase) -> &'static str {
    match phase {
        Phase::Open => "",
        Phase::Restored => cx.say(words::PHASE_RESTORED),
        Phase::Closed => cx.say(words::PHASE_CLOSED),
    }
}
