//! One incident: who has it and who has not, by function and channel; what waits; the texts. No form: each act has a page of
//! its own, so that this one is loaded anew by itself.

use askama::Template;
use axum::extract::rejection::PathRejection;
use axum::extract::{Path, Query, State};
use axum::response::Response;
use serde::Deserialize;

use super::ui::Ui;
use super::{REFRESH_S, Visitor, escaped, gone, html, refused, words};
use crate::domain::ids::IncidentNo;
use crate::domain::incident::refused::refuse;
use crate::domain::plan::Channel;
use crate::domain::step::StepKind;
use crate::domain::view::{
    self, AskView, CellView, DroppedView, EntryStateView, EntryView, IncidentView, NextStep, ProposalStateView,
    ProposalView, RowView,
};
use crate::web::Ctx;
use crate::web::problem::Problem;
use crate::words::console as w;

#[derive(Template)]
#[template(path = "incident.html")]
struct Page {
    ui: Ui,
    view: IncidentView,
    /// Only who has not answered.
    open_only: bool,
    /// Channels that anybody of this incident is reached over.
    channels: Vec<Channel>,
}

/// How an answer stands, in a sign, a word and a class.
pub struct AnswerWords {
    pub sign: &'static str,
    pub word: String,
    pub more: String,
    pub class: &'static str,
}

impl Page {
    fn no(&self) -> IncidentNo {
        self.view.summary.no
    }
    fn path(&self) -> String {
        format!("/incidents/{}", escaped(&self.no().to_string()))
    }
    /// Who needs attention first.
    fn rows(&self) -> Vec<&RowView> {
        let order = |r: &RowView| match r.state {
            AskView::NotReached { .. } => 0,
            AskView::Waiting => 1,
            AskView::Answered { .. } => 2,
            AskView::Closed { .. } => 3,
            AskView::NotAsked => 4,
        };
        let mut rows: Vec<&RowView> = self.view.rows.iter().filter(|r| !self.open_only || order(r) < 2).collect();
        rows.sort_by_key(|r| (order(r), r.deadline));
        rows
    }
    fn waiting(&self) -> usize {
        self.view.rows.iter().filter(|r| r.state == AskView::Waiting).count()
    }
    fn cells<'a>(&'a self, row: &'a RowView, channel: &Channel) -> Vec<&'a CellView> {
        let channel = *channel;
        row.cells.iter().filter(|c| c.channel == channel).collect()
    }
    fn dropped<'a>(&'a self, row: &RowView, channel: &Channel) -> Option<&'a DroppedView> {
        let hit = |d: &&DroppedView| d.channel == *channel && d.message == row.message && d.function == row.function;
        self.view.dropped.iter().find(hit)
    }
    fn why(&self, d: &DroppedView) -> String {
        crate::words::cannot(self.ui.lang, &d.why)
    }
    fn cell_sign(&self, c: &CellView) -> &'static str {
        words::delivery(self.ui.lang, c.state).0
    }
    fn cell_word(&self, c: &CellView) -> String {
        let word = words::delivery(self.ui.lang, c.state).1;
        match (c.delivered_s.or(c.handed_over_s), &c.cause) {
            (Some(s), _) => format!("{word} {}", words::span(s)),
            (None, Some(cause)) => format!("{word}: {}", self.ui.cause(cause)),
            (None, None) => word.into(),
        }
    }
    fn cell_class(&self, c: &CellView) -> &'static str {
        words::delivery(self.ui.lang, c.state).2
    }
    fn cell_other(&self, row: &RowView, c: &CellView) -> bool {
        c.of != row.function
    }
    fn answer(&self, row: &RowView) -> AnswerWords {
        let ui = &self.ui;
        let plain = |sign, word: &str, class| AnswerWords { sign, word: word.into(), more: String::new(), class };
        match &row.state {
            AskView::NotAsked => plain("–", ui.t(w::NO_ANSWER_ASKED), "wait"),
            AskView::Waiting => AnswerWords {
                more: row.deadline.map_or_else(String::new, |d| ui.left(&d)),
                ..plain("○", ui.t(w::NO_ANSWER), "wait")
            },
            AskView::Answered { by, at, via, noted_by } => {
                let mut more = ui.time(at);
                if *by != row.function {
                    more = format!("{more} · {}", ui.name(by));
                }
                if let (Some(noted), true) = (noted_by, via == "phone") {
                    more = format!("{more} · {} {}", ui.t(w::BY_PHONE_NOTED_BY), ui.name(noted));
                }
                AnswerWords { more, ..plain("✔", ui.t(w::HAVE_ANSWERED), "good") }
            }
            AskView::NotReached { at } => {
                AnswerWords { more: ui.time(at), ..plain("✖", ui.t(w::NOT_REACHED_CALL), "bad") }
            }
            AskView::Closed { by, number, at } => {
                let word = match by.as_str() {
                    "superseded" => ui.t(w::SUPERSEDED_BY),
                    "newer_answer" => ui.t(w::ANSWERED_AT),
                    "stopped" => ui.t(w::STOPPED),
                    "all_clear" => ui.t(w::NO_ANSWER_ALL_CLEAR),
                    "merged" => ui.t(w::GOES_ON_IN),
                    "shift_change" => ui.t(w::SHIFT_CHANGE),
                    _ => ui.t(w::THE_DRILL_WAS_STOPPED),
                };
                let word = number.as_ref().map_or_else(|| word.to_owned(), |n| format!("{word} {n}"));
                AnswerWords { sign: "–", word, more: ui.time(at), class: "wait" }
            }
        }
    }
    fn next(&self, row: &RowView) -> String {
        let ui = &self.ui;
        match &row.next {
            NextStep::Answered | NextStep::NotWanted | NextStep::Closed => String::new(),
            NextStep::SilenceIsEnough => ui.t(w::NO_REMINDER).into(),
            NextStep::Remind { at } => format!("{} {}", ui.t(w::WILL_BE_REMINDED), ui.time(at)),
            NextStep::Ask { who, at } => {
                format!("{} {} {}", ui.time(at), ui.t(w::ASKS), ui.name(who))
            }
            NextStep::Alarm { at } => format!("{} {}", ui.time(at), ui.t(w::ALARM_NOT_REACHED)),
            NextStep::Call => ui.t(w::CALL_THEM).into(),
        }
    }
    fn step_open(&self, s: &view::StepView) -> bool {
        !matches!(s.state, view::StepStateView::Ended { .. })
    }
    fn step_when(&self, s: &view::StepView) -> String {
        let ui = &self.ui;
        let word = match s.kind {
            StepKind::Task | StepKind::Clock => ui.t(w::BY_TIME),
            StepKind::Intervention => ui.t(w::BEGINS),
            StepKind::Redirection => ui.t(w::HOLDS_UNTIL),
            StepKind::Conference => ui.t(w::NEXT),
        };
        if self.step_open(s) { format!("{word} {} · {}", ui.time(&s.due), ui.left(&s.due)) } else { String::new() }
    }
    fn step_state(&self, s: &view::StepView) -> String {
        let ui = &self.ui;
        match &s.state {
            view::StepStateView::Open if s.late => ui.t(w::STEP_LATE).into(),
            view::StepStateView::Open if !s.unreached.is_empty() => {
                format!("{}: {}", ui.t(w::NOT_REACHED_YET), ui.names(&s.unreached))
            }
            view::StepStateView::Open => String::new(),
            view::StepStateView::Held => {
                format!("⚠ {}: {}", ui.t(w::WAITS_NOT_REACHED), ui.names(&s.unreached))
            }
            view::StepStateView::Begun { at, stop_wanted } if stop_wanted.is_empty() => {
                format!("{} {}", ui.t(w::GOING_ON_SINCE), ui.time(at))
            }
            view::StepStateView::Begun { stop_wanted, .. } => {
                format!("⚠ {} {}", ui.t(w::STOP_WANTED_BY), ui.names(stop_wanted))
            }
            view::StepStateView::Ended { end, by, at } => {
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
    fn newest_round<'a>(&self, s: &'a view::StepView) -> Option<&'a view::RoundView> {
        s.rounds.first()
    }
    /// Who is not there: said no, or said nothing.
    fn missing(&self, r: &view::RoundView) -> String {
        let all: Vec<_> = r.declined.iter().chain(&r.missing).cloned().collect();
        self.ui.names(&all)
    }
    fn there(&self, a: &view::ArrivalView) -> String {
        let ui = &self.ui;
        match (a.arrived, a.missed) {
            (Some(at), _) => format!("✔ {} {}", ui.t(w::IS_THERE), ui.time(&at)),
            (None, true) => format!("✖ {}: {}", ui.t(w::NOT_THERE_IN_TIME), ui.name(&a.by)),
            (None, false) => format!("{} {}", ui.t(w::TO_BE_THERE), ui.time(&a.due)),
        }
    }
    /// Who was asked besides the function itself.
    fn beside(&self, row: &RowView) -> String {
        let others: Vec<_> = row.asked.iter().filter(|f| **f != row.function).cloned().collect();
        self.ui.names(&others)
    }
    fn approvals(&self) -> Vec<(&EntryView, &view::ApprovalState)> {
        let waiting = self.view.entries.iter().filter_map(|e| match &e.state {
            EntryStateView::Waiting { approval } => Some((e, approval)),
            _ => None,
        });
        waiting.collect()
    }
    fn then(&self, a: &view::ApprovalState) -> &'static str {
        words::then(self.ui.lang, a.then, a.finally)
    }
    fn quiet(&self) -> Vec<(&EntryView, &crate::domain::time::At)> {
        let quiet = self.view.entries.iter().filter_map(|e| match &e.state {
            EntryStateView::Quiet { until } => Some((e, until)),
            _ => None,
        });
        quiet.collect()
    }
    fn proposals(&self) -> Vec<&ProposalView> {
        self.view.proposals.iter().filter(|p| p.state == ProposalStateView::Asked).collect()
    }
    fn errands(&self) -> Vec<&view::ErrandView> {
        self.view.errands.iter().filter(|t| t.done_at.is_none()).collect()
    }
    fn messages(&self) -> Vec<&view::MessageView> {
        self.view.messages.iter().rev().collect()
    }
    fn restore(&self) -> String {
        match &self.view.facts.restore {
            crate::domain::incident::facts::Restore::At(at) => self.ui.time(at),
            crate::domain::incident::facts::Restore::Unknown { forecast } => {
                format!("{} {}", self.ui.t(w::UNKNOWN_NEXT_FORECAST), self.ui.time(forecast))
            }
        }
    }
    fn safety(&self) -> &'static str {
        match self.view.facts.safety {
            crate::domain::incident::facts::Safety::Yes => self.ui.t(w::THREATENED),
            crate::domain::incident::facts::Safety::No => self.ui.t(w::NOT_THREATENED),
            crate::domain::incident::facts::Safety::Unknown => self.ui.t(w::UNKNOWN),
        }
    }
    fn is_open(&self) -> bool {
        self.view.summary.phase != crate::domain::incident::values::Phase::Closed
    }
    fn is_restored(&self) -> bool {
        self.view.summary.phase == crate::domain::incident::values::Phase::Restored
    }
    fn many(&self) -> usize {
        self.view.rows.len()
    }
}

#[derive(Deserialize)]
pub struct Shown {
    #[serde(default)]
    show: String,
    #[serde(default)]
    done: String,
}

pub async fn page(
    State(ctx): State<Ctx>,
    visitor: Visitor,
    path: Result<Path<String>, PathRejection>,
    shown: Query<Shown>,
) -> Response {
    let no = match number(path) {
        Ok(no) => no,
        Err(problem) => return refused(&ctx, &visitor, problem, "/").await,
    };
    match visitor.look(&ctx, move |s, m, _| view::incident(s, no, m.now)).await {
        Ok((mut ui, Some(view))) => {
            ui.refresh_s = Some(REFRESH_S);
            ui.done = words::done(ui.lang, &shown.done).map(str::to_owned);
            let has = |c: &Channel| {
                view.rows.iter().any(|r| r.cells.iter().any(|cell| cell.channel == *c))
                    || view.dropped.iter().any(|d| d.channel == *c)
            };
            let channels = Channel::ALL.into_iter().filter(has).collect();
            html(&Page { ui, open_only: shown.show == "open", channels, view })
        }
        Ok((_, None)) => refused(&ctx, &visitor, crate::web::api::no_incident(no), "/").await,
        Err(e) => gone(e),
    }
}

pub(super) fn number(path: Result<Path<String>, PathRejection>) -> Result<IncidentNo, Problem> {
    let Path(text) = path.map_err(Problem::input)?;
    text.parse().map_err(|_| refuse!(UnknownIncidentUnread { typed: text }).into())
}
