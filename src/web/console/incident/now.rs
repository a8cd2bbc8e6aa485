//! How it is now: the state in a sentence, what this duty must do by when, who is missing and what comes next there, the text that
//! holds, and the two things that are done most. Everything else is folded.

use askama::Template;
use axum::extract::rejection::PathRejection;
use axum::extract::{Path, Query, State};
use axum::response::Response;

use super::{Head, Tab, look, next, telephone};
use crate::domain::ids::FunctionId;
use crate::domain::incident::facts::{Restore, Safety};
use crate::domain::plan::Audience;
use crate::domain::step::StepKind;
use crate::domain::time::At;
use crate::domain::view::{
    self, AskView, EntryStateView, EntryView, MessageView, ProposalStateView, ProposalView, RowView, StepStateView,
    StepView, TextView, TodoView,
};
use crate::web::Ctx;
use crate::web::console::overview::Did;
use crate::web::console::ui::Ui;
use crate::web::console::{Visitor, html, words};
use crate::words::{Word, after as aw, console as w, desk};

/// So many of a group of missing stand open; the others are folded below them.
const MISSING_SHOWN: usize = 3;
/// With more to do than that, one fewer stands open.
const CARDS_FEW: usize = 2;

#[derive(Template)]
#[template(path = "incident/now.html")]
struct Page {
    ui: Ui,
    head: Head,
    /// What of this incident waits for the acting duty.
    todo: TodoView,
}

/// One thing that this duty must do.
struct Card {
    what: String,
    /// For whom, or of what.
    of: String,
    due: Option<At>,
    /// What happens if nobody does.
    then: String,
    button: Button,
}

/// What its one button does.
enum Button {
    /// Leads to the page for it.
    Open(String, Word),
    /// Answers for all of these at once, as one SMS would.
    Take(Vec<FunctionId>),
}

/// A function that is missing.
struct Missing<'a> {
    row: &'a RowView,
    next: String,
    /// As people read it, and as it is dialled.
    telephone: Option<(String, String)>,
}

impl Page {
    fn path(&self) -> String {
        self.head.path()
    }
    /// As the script counts down to it: milliseconds since 1970.
    fn millis(&self, at: &At) -> i64 {
        at.0
    }
    fn cards(&self) -> Vec<Card> {
        let ui = &self.ui;
        let (home, lang) = (self.path(), ui.lang);
        let mut cards = Vec::new();
        let mine: Vec<&view::AnswerView> = self.todo.answers.iter().collect();
        if let Some(first) = mine.iter().min_by_key(|a| (a.due.is_some(), a.due)) {
            let functions: Vec<FunctionId> = mine.iter().map(|a| a.function.clone()).collect();
            let row = self.head.view.rows.iter().find(|r| r.function == first.function);
            cards.push(Card {
                what: ui.t(w::MUST_ANSWER).into(),
                of: ui.some_names(&functions),
                due: first.due,
                then: row.map_or_else(String::new, |row| next(ui, row)),
                button: Button::Take(functions),
            });
        }
        for a in &self.todo.approvals {
            let of = if a.public { ui.t(w::THE_PUBLIC).into() } else { w::n_functions(lang, a.to.len()) };
            cards.push(Card {
                what: ui.t(w::MUST_APPROVE).into(),
                of,
                due: Some(a.approval.due),
                then: format!("{} {}", ui.t(w::AFTER_THAT), words::then(lang, a.approval.then, a.approval.finally)),
                button: Button::Open(format!("/approve/{}", ui.seg(&a.number)), w::READ_AND_APPROVE),
            });
        }
        for d in &self.todo.decisions {
            let p = &d.proposal;
            let mode = ui.l(&p.mode.label);
            let what = if p.lower { w::must_lower(lang, mode) } else { w::must_raise(lang, mode) };
            cards.push(Card {
                what,
                of: ui.sites(&p.sites),
                due: Some(p.due),
                then: String::new(),
                button: Button::Open(format!("{home}/decide?proposal={}", p.id), w::DECIDE),
            });
        }
        for e in &self.todo.errands {
            cards.push(Card {
                what: ui.t(w::MUST_READ_OUT).into(),
                of: ui.names(&e.errand.functions),
                due: None,
                then: String::new(),
                button: Button::Open(format!("{home}/errand?errand={}", e.errand.id), w::DO_TASK),
            });
        }
        for s in &self.todo.steps {
            cards.push(Card {
                what: ui.step_kind(&s.step.kind).into(),
                of: ui.l(&s.step.title).into(),
                due: Some(s.step.due),
                then: String::new(),
                button: Button::Open(format!("{home}/step?step={}", s.step.number), w::DO_ANSWER),
            });
        }
        cards
    }
    /// Who is missing, by how badly: those whom nobody reaches, then those whose time runs.
    fn missing(&self) -> Vec<(Word, &'static str, Vec<Missing<'_>>)> {
        let group = |wanted: fn(&AskView) -> bool| {
            let mut rows: Vec<&RowView> = self.head.view.rows.iter().filter(|r| wanted(&r.state)).collect();
            rows.sort_by_key(|r| r.deadline);
            let one = |row| Missing { row, next: next(&self.ui, row), telephone: telephone(&self.ui, &row.function) };
            rows.into_iter().map(one).collect::<Vec<_>>()
        };
        let unreached = group(|s| matches!(s, AskView::NotReached { .. }));
        let waiting = group(|s| *s == AskView::Waiting);
        let all = [(w::MISSING_NOT_REACHED, "✖", unreached), (w::MISSING_NO_ANSWER, "○", waiting)];
        all.into_iter().filter(|(_, _, rows)| !rows.is_empty()).collect()
    }
    /// How many did, of what is over.
    fn answered(&self) -> String {
        let rows = &self.head.view.rows;
        let asked = rows.iter().filter(|r| r.state != AskView::NotAsked).count();
        let answered = rows.iter().filter(|r| matches!(r.state, AskView::Answered { .. })).count();
        desk::have_answered(self.ui.lang, answered, asked)
    }
    fn open_ones<'a, 'b>(&self, rows: &'b [Missing<'a>]) -> &'b [Missing<'a>] {
        &rows[..rows.len().min(self.missing_shown())]
    }
    fn folded_ones<'a, 'b>(&self, rows: &'b [Missing<'a>]) -> &'b [Missing<'a>] {
        &rows[rows.len().min(self.missing_shown())..]
    }
    /// Whoever has much to do reads of fewer at once: two screens of a phone hold both.
    fn missing_shown(&self) -> usize {
        if self.cards().len() > CARDS_FEW { MISSING_SHOWN - 1 } else { MISSING_SHOWN }
    }
    /// The newest text to those within that went out and was not stopped, in the visitor's language where it has it.
    fn holds(&self) -> Option<(&MessageView, &TextView, String)> {
        let sent = self
            .head
            .view
            .messages
            .iter()
            .filter(|m| m.audience == Audience::Internal && m.released_at.is_some() && !m.stopped);
        let m = sent.max_by_key(|m| (m.released_at, m.number))?;
        let (lang, text) = m.texts.get_key_value(&self.ui.lang).or(m.texts.iter().next())?;
        Some((m, text, lang.to_string()))
    }
    /// What waits for others: texts, modes, errands, the morning.
    fn others(&self) -> Vec<(String, Option<At>)> {
        let ui = &self.ui;
        let view = &self.head.view;
        let mine = |e: &EntryView| self.todo.approvals.iter().any(|a| a.entry == e.id);
        let mut all = Vec::new();
        for e in view.entries.iter().filter(|e| !mine(e)) {
            let to = if e.public { ui.t(w::THE_PUBLIC).into() } else { w::n_functions(ui.lang, e.to.len()) };
            match &e.state {
                EntryStateView::Waiting { approval } => {
                    let mut said = w::waits_for_approval(ui.lang, to, ui.names(&approval.asked));
                    if !approval.delivered {
                        said = format!("{said} ({})", ui.t(w::REQUEST_NOT_ARRIVED_YET));
                    }
                    all.push((said, Some(approval.due)));
                }
                EntryStateView::Quiet { until } => all.push((w::waits_for_morning(ui.lang, to, ui.time(until)), None)),
                _ => {}
            }
        }
        for p in self.proposals() {
            if self.todo.decisions.iter().all(|d| d.proposal.id != p.id) {
                let said = w::waits_for_decision(ui.lang, ui.l(&p.mode.label), ui.names(&p.asked));
                all.push((said, Some(p.due)));
            }
        }
        for t in view.errands.iter().filter(|t| t.done_at.is_none()) {
            if self.todo.errands.iter().all(|e| e.errand.id != t.id) {
                all.push((w::waits_for_errand(ui.lang, ui.names(&t.functions), ui.name(&t.owner)), None));
            }
        }
        all
    }
    fn proposals(&self) -> impl Iterator<Item = &ProposalView> {
        self.head.view.proposals.iter().filter(|p| p.state == ProposalStateView::Asked)
    }
    fn has_waiting_text(&self) -> bool {
        let waits = |e: &EntryView| matches!(e.state, EntryStateView::Waiting { .. } | EntryStateView::Quiet { .. });
        self.head.view.entries.iter().any(waits)
    }
    fn steps_late(&self) -> usize {
        self.head.view.steps.iter().filter(|s| s.late && self.step_open(s)).count()
    }
    fn steps_open(&self) -> usize {
        self.head.view.steps.iter().filter(|s| self.step_open(s)).count()
    }
    fn step_open(&self, s: &StepView) -> bool {
        !matches!(s.state, StepStateView::Ended { .. })
    }
    fn step_when(&self, s: &StepView) -> String {
        let ui = &self.ui;
        let word = match s.kind {
            StepKind::Task | StepKind::Clock => ui.t(w::BY_TIME),
            StepKind::Intervention => ui.t(w::BEGINS),
            StepKind::Redirection => ui.t(w::HOLDS_UNTIL),
            StepKind::Conference => ui.t(w::NEXT),
        };
        if self.step_open(s) { format!("{word} {} · {}", ui.time(&s.due), ui.left(&s.due)) } else { String::new() }
    }
    fn step_state(&self, s: &StepView) -> String {
        let ui = &self.ui;
        match &s.state {
            StepStateView::Open if s.late => ui.t(w::STEP_LATE).into(),
            StepStateView::Open if !s.unreached.is_empty() => {
                format!("{}: {}", ui.t(w::NOT_REACHED_YET), ui.names(&s.unreached))
            }
            StepStateView::Open => String::new(),
            StepStateView::Held => format!("⚠ {}: {}", ui.t(w::WAITS_NOT_REACHED), ui.names(&s.unreached)),
            StepStateView::Begun { at, stop_wanted } if stop_wanted.is_empty() => {
                format!("{} {}", ui.t(w::GOING_ON_SINCE), ui.time(at))
            }
            StepStateView::Begun { stop_wanted, .. } => {
                format!("⚠ {} {}", ui.t(w::STOP_WANTED_BY), ui.names(stop_wanted))
            }
            StepStateView::Ended { end, by, at } => {
                let word = match end.as_str() {
                    "done" => ui.t(w::STEP_DONE),
                    "stopped" => ui.t(w::STOPPED),
                    "over" => ui.t(w::ITS_TIME_IS_OVER),
                    _ => ui.t(w::ENDED_WITH_THE_INCIDENT),
                };
                let by = by.as_ref().map(|f| format!(", {}", ui.name(f))).unwrap_or_default();
                format!("{word} {}{by}", ui.time(at))
            }
        }
    }
    fn newest_round<'a>(&self, s: &'a StepView) -> Option<&'a view::RoundView> {
        s.rounds.first()
    }
    /// Who is not there: said no, or said nothing.
    fn absent(&self, r: &view::RoundView) -> String {
        let all: Vec<_> = r.declined.iter().chain(&r.missing).cloned().collect();
        self.ui.names(&all)
    }
    fn restore(&self) -> String {
        match &self.head.view.facts.restore {
            Restore::At(at) => self.ui.time(at),
            Restore::Unknown { forecast } => {
                format!("{} {}", self.ui.t(w::UNKNOWN_NEXT_FORECAST), self.ui.time(forecast))
            }
        }
    }
    fn safety(&self) -> &'static str {
        match self.head.view.facts.safety {
            Safety::Yes => self.ui.t(w::THREATENED),
            Safety::No => self.ui.t(w::NOT_THREATENED),
            Safety::Unknown => self.ui.t(w::UNKNOWN),
        }
    }
}

pub async fn page(
    State(ctx): State<Ctx>,
    visitor: Visitor,
    path: Result<Path<String>, PathRejection>,
    did: Query<Did>,
) -> Response {
    let seen = look(&ctx, &visitor, path, Tab::Now, |s, m, head, by| {
        let mut todo = by.map(|by| view::todo_for(s, by, m.now)).unwrap_or_default();
        let no = head.view.summary.no;
        todo.answers.retain(|a| a.message.incident == no);
        todo.approvals.retain(|a| a.incident == no);
        todo.decisions.retain(|d| d.incident == no);
        todo.errands.retain(|e| e.incident == no);
        todo.steps.retain(|s| s.incident == no);
        todo
    });
    match seen.await {
        Ok((mut ui, head, todo)) => {
            ui.done = words::done(ui.lang, &did.done).map(str::to_owned);
            html(&Page { ui, head, todo })
        }
        Err(answer) => answer,
    }
}
