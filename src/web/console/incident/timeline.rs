//! What happened, in words, in its order: read from the journal, with names in the place of positions. Nothing private is here:
//! the journal keeps people's own words sealed.

use std::collections::BTreeMap;
use std::sync::Arc;

use askama::Template;
use axum::extract::rejection::PathRejection;
use axum::extract::{Path, Query, State};
use axum::response::{IntoResponse, Response};
use serde::Deserialize;

use super::{Head, Tab, look};
use crate::accounts::Right;
use crate::domain::ids::FunctionIx;
use crate::domain::incident::actor::Behind;
use crate::domain::incident::event::{ApprovalEnd, Change};
use crate::domain::incident::refused::refuse;
use crate::domain::incident::values::{Phase, ReleasedBy, Via};
use crate::domain::plan::Plan;
use crate::domain::time::At;
use crate::domain::view::IncidentView;
use crate::web::Ctx;
use crate::web::console::form_words::{FormWord, form_words};
use crate::web::console::ui::Ui;
use crate::web::console::{Visitor, html, words};
use crate::web::log::Story;
use crate::web::problem::Problem;
use crate::words::events::event_word;
use crate::words::{Word, console as w};

form_words! {
    /// What of it is shown.
    pub enum Show {
        All = "all",
        /// What went out, and who said yes.
        Texts = "texts",
        /// Who answered, who was reminded, who is not reached.
        Answers = "answers",
        /// Modes, level, phases.
        Decisions = "decisions",
        Steps = "steps",
    }
}

impl Show {
    fn word(self) -> Word {
        match self {
            Show::All => w::SHOW_EVERYTHING,
            Show::Texts => w::TAB_TEXTS,
            Show::Answers => w::SHOW_ANSWERS,
            Show::Decisions => w::SHOW_DECISIONS,
            Show::Steps => w::STEPS_TO_DO,
        }
    }
    /// To which of them an event belongs.
    fn of(change: &Change) -> Self {
        match change {
            Change::Released { .. }
            | Change::Reviewed { .. }
            | Change::ApprovalAsked { .. }
            | Change::ApprovalEnded { .. }
            | Change::Quieted { .. }
            | Change::Withdrawn { .. }
            | Change::Stopped { .. } => Show::Texts,
            Change::Answered { .. }
            | Change::Unanswered { .. }
            | Change::Escalated { .. }
            | Change::Reminded { .. }
            | Change::NotReached { .. }
            | Change::AskedAgain { .. }
            | Change::Arrived { .. } => Show::Answers,
            Change::StepOpened { .. }
            | Change::StepRound { .. }
            | Change::StepAnswered { .. }
            | Change::StepBegun { .. }
            | Change::StepMoved { .. }
            | Change::StepEnded { .. }
            | Change::ErrandAdded { .. }
            | Change::ErrandDone { .. } => Show::Steps,
            Change::NoteSent { .. } => Show::All,
            _ => Show::Decisions,
        }
    }
}

/// One line.
struct Line {
    at: At,
    what: &'static str,
    /// Who, to whom, over what.
    detail: String,
    /// Which account, device or address stood behind it, for those who look after it.
    behind: Option<String>,
}

#[derive(Template)]
#[template(path = "incident/timeline.html")]
struct Page {
    ui: Ui,
    head: Head,
    show: Show,
    lines: Vec<Line>,
    /// There was more than is read at a time.
    more: bool,
}

impl Page {
    /// Where each leads, its name, whether it is chosen.
    fn filters(&self) -> Vec<(&'static str, Word, bool)> {
        Show::ALL.iter().map(|s| (s.as_str(), s.word(), *s == self.show)).collect()
    }
}

/// Reads the events with the plan that each of them was decided with.
struct Teller<'a> {
    ui: &'a Ui,
    view: &'a IncidentView,
    plans: &'a BTreeMap<String, Arc<Plan>>,
    plan: Arc<Plan>,
    /// Which function each ask is of, by its place.
    asks: Vec<FunctionIx>,
}

impl Teller<'_> {
    fn name(&self, f: FunctionIx) -> String {
        let known = (f.0 as usize) < self.plan.functions.len();
        if known { self.plan.function(f).title.get(self.ui.lang).to_owned() } else { String::new() }
    }
    fn names(&self, all: &[FunctionIx]) -> String {
        all.iter().map(|f| self.name(*f)).collect::<Vec<_>>().join(", ")
    }
    fn asked(&self, asks: &[u32]) -> String {
        let of: Vec<FunctionIx> = asks.iter().filter_map(|id| self.asks.get(*id as usize).copied()).collect();
        self.names(&of)
    }
    fn via(&self, via: &Via) -> String {
        let ui = self.ui;
        match via {
            Via::Phone { noted_by } => format!(" · {} {}", ui.t(w::BY_PHONE_NOTED_BY), self.name(*noted_by)),
            Via::Paper { noted_by } => format!(" · {} {}", ui.t(w::ON_PAPER_NOTED_BY), self.name(*noted_by)),
            Via::Reply => format!(" · {}", ui.t(w::BY_REPLY)),
            Via::Link => format!(" · {}", ui.t(w::BY_LINK)),
            Via::Console => String::new(),
        }
    }
    /// Which text, and to whom, of an entry.
    fn entry(&self, id: u32) -> String {
        let ui = self.ui;
        let Some(e) = self.view.entries.iter().find(|e| e.id == id) else { return String::new() };
        let to = if e.public { ui.t(w::THE_PUBLIC).into() } else { w::n_functions(ui.lang, e.to.len()) };
        let kind = self.view.messages.iter().find(|m| m.number == e.message).map(|m| ui.kind(m)).unwrap_or_default();
        format!("{kind} {} {to} ({})", ui.t(w::TO), e.message)
    }
    fn follow(&mut self, change: &Change) {
        match change {
            Change::Opened { plan, .. } | Change::Adopted { plan, .. } => {
                if let Some(plan) = self.plans.get(plan) {
                    self.plan = plan.clone();
                }
            }
            Change::Released { asks, .. } | Change::AskedAgain { asks, .. } => {
                self.asks.extend(asks.iter().map(|a| a.function));
            }
            _ => {}
        }
        if let Change::Adopted { moved, .. } = change {
            for f in &mut self.asks {
                *f = moved.functions.iter().find(|m| m.0 == *f).map_or(*f, |m| m.1);
            }
        }
    }
    fn detail(&self, change: &Change) -> String {
        let ui = self.ui;
        let by = |f: &FunctionIx| self.name(*f);
        let by_some = |f: &Option<FunctionIx>| f.as_ref().map(by).unwrap_or_default();
        match change {
            Change::Opened { by: f, .. } => by(f),
            Change::FactsSet { by: f, .. } | Change::ScopeSet { by: f, .. } => by_some(f),
            Change::ModeSet { sites, mode, by: f, .. } => {
                let label = self.plan.ladders.mode_at(*mode).map_or("", |m| m.label.get(ui.lang));
                let who = by_some(f);
                format!("{label} {}{}{who}", ui.sites(sites), if who.is_empty() { "" } else { " · " })
            }
            Change::Reviewed { lang, by: f, .. } => format!("{} · {}", ui.lang_name(lang), by(f)),
            Change::ApprovalAsked { entry, approval } => {
                format!("{} · {}", self.entry(*entry), self.names(&approval.asked))
            }
            Change::ApprovalEnded { entry, end } => {
                let said = match end {
                    ApprovalEnd::Released(ReleasedBy::Approval(f)) => {
                        format!("{} {}", ui.t(w::APPROVED_BY), by(f))
                    }
                    ApprovalEnd::Released(_) => String::new(),
                    ApprovalEnd::Rejected { by: f, .. } => format!("{} {}", ui.t(w::REJECTED_BY), by(f)),
                };
                format!("{} · {said}", self.entry(*entry))
            }
            Change::Quieted { entry, until } => format!("{} · {}", self.entry(*entry), ui.time(until)),
            Change::Released { entry, by: of, .. } => {
                let word = match of {
                    ReleasedBy::Playbook => ui.t(w::AT_ONCE_BY_PLAYBOOK).into(),
                    ReleasedBy::Approval(f) => format!("{} {}", ui.t(w::APPROVED_BY), by(f)),
                    ReleasedBy::Deadline => ui.t(w::TIME_FOR_APPROVAL_RAN).into(),
                    ReleasedBy::BreakGlass(f) => format!("{} {}", ui.t(w::WITHOUT_APPROVAL_BY), by(f)),
                };
                format!("{} · {word}", self.entry(*entry))
            }
            Change::NoteSent { to, .. } => by(to),
            Change::Answered { asks, by: f, via, .. } => {
                let (of, who) = (self.asked(asks), by(f));
                let who = if of == who { String::new() } else { format!(" · {who}") };
                format!("{of}{who}{}", self.via(via))
            }
            Change::Unanswered { ask, by: f, .. } => format!("{} · {}", self.asked(&[*ask]), by(f)),
            Change::Escalated { ask, to, .. } => format!("{} → {}", self.asked(&[*ask]), self.names(to)),
            Change::Reminded { asks, .. } | Change::NotReached { asks } => self.asked(asks),
            Change::AskedAgain { asks, .. } => self.names(&asks.iter().map(|a| a.function).collect::<Vec<_>>()),
            Change::Proposed { mode, sites, asked, .. } => {
                let label = self.plan.ladders.mode_at(*mode).map_or("", |m| m.label.get(ui.lang));
                format!("{label} {} · {}", ui.sites(sites), self.names(asked))
            }
            Change::Decided { yes, by: f, .. } => {
                format!("{} · {}", if *yes { ui.t(w::YES) } else { ui.t(w::NO) }, by(f))
            }
            Change::Stopped { message, by: f, .. } => {
                let number =
                    self.view.messages.get((*message as usize).saturating_sub(1)).map(|m| m.number.to_string());
                format!("{} · {}", number.unwrap_or_default(), by(f))
            }
            Change::PhaseSet { phase, by: f, .. } => {
                let phase: &Phase = phase;
                format!("{} {}", words::phase(ui.lang, *phase), by_some(f))
            }
            Change::DataConfirmed { by: f } | Change::Adopted { by: f, .. } => by(f),
            Change::Merged { into, by: f } => format!("{into} · {}", by(f)),
            Change::ErrandAdded { owner, functions, .. } => {
                format!("{} {} · {}", ui.t(w::READ_TO), self.names(functions), by(owner))
            }
            Change::ErrandDone { by: f, .. } => by(f),
            Change::StepOpened { step } => {
                let title = step.title.get(ui.lang);
                format!("{} {title} · {}", words::step_kind(ui.lang, step.kind), by(&step.owner))
            }
            Change::StepRound { step, called, .. } => {
                let called: Vec<FunctionIx> = called.iter().map(|c| c.function).collect();
                format!("S{} · {}", step + 1, self.names(&called))
            }
            Change::StepAnswered { step, functions, yes, via, .. } => {
                let said = if *yes { ui.t(w::YES) } else { ui.t(w::NO) };
                format!("S{} · {} · {said}{}", step + 1, self.names(functions), self.via(via))
            }
            Change::StepBegun { step, .. } => format!("S{}", step + 1),
            Change::StepMoved { step, due, by: f, .. } => format!("S{} · {} · {}", step + 1, ui.time(due), by(f)),
            Change::StepEnded { step, by: f, .. } => format!("S{} · {}", step + 1, by_some(f)),
            Change::Arrived { functions, via, .. } => format!("{}{}", self.names(functions), self.via(via)),
            _ => String::new(),
        }
    }
}

/// Who stood behind a change: what was done by one is written down in one moment.
fn behind(ui: &Ui, story: &Story, at: At, change: &Change) -> Option<String> {
    let doer = change.doer()?;
    let (_, act) = story.acts.iter().find(|(when, act)| *when == at && act.by.is_none_or(|by| by == doer))?;
    Some(match act.who.behind() {
        Behind::Account(id) => w::acted_account(ui.lang, id),
        Behind::Device(id) => w::acted_device(ui.lang, id),
        Behind::Token(id) => w::acted_token(ui.lang, id),
        Behind::Address => ui.t(w::ACTED_ADDRESS).to_owned(),
        Behind::Machine => ui.t(w::ACTED_MACHINE).to_owned(),
        Behind::Forgotten => ui.t(w::ACTED_FORGOTTEN).to_owned(),
    })
}

fn lines(ui: &Ui, view: &IncidentView, plans: &BTreeMap<String, Arc<Plan>>, story: &Story, show: Show) -> Vec<Line> {
    let mut teller = Teller { ui, view, plans, plan: ui.plan.clone(), asks: Vec::new() };
    let mut lines = Vec::new();
    for (at, change) in &story.events {
        teller.follow(change);
        if let Some(word) = event_word(change.name()).filter(|_| show == Show::All || show == Show::of(change)) {
            let behind = behind(ui, story, *at, change);
            lines.push(Line { at: *at, what: ui.t(word), detail: teller.detail(change), behind });
        }
    }
    lines
}

#[derive(Deserialize)]
pub struct Shown {
    #[serde(default)]
    show: String,
}

pub async fn page(
    State(ctx): State<Ctx>,
    visitor: Visitor,
    path: Result<Path<String>, PathRejection>,
    shown: Query<Shown>,
) -> Response {
    let (ui, head, plans) = match look(&ctx, &visitor, path, Tab::Timeline, |s, _, _, _| s.plans.clone()).await {
        Ok(seen) => seen,
        Err(answer) => return answer,
    };
    let show = Show::named(&shown.show).unwrap_or(Show::All);
    let (log, summary) = (ctx.log.clone(), &head.view.summary);
    let (no, opened) = (summary.no, summary.opened);
    let looks_after = visitor.session.who.may(Right::Administer);
    let read = tokio::task::spawn_blocking(move || log.story(no, opened, looks_after)).await;
    let story = match read.map_err(|e| e.to_string()).and_then(|story| story) {
        Ok(story) => story,
        Err(detail) => return Problem::from(refuse!(LogUnreadable { detail })).answer(false).into_response(),
    };
    let lines = lines(&ui, &head.view, &plans, &story, show);
    html(&Page { ui, head, show, lines, more: story.more })
}
