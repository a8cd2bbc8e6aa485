//! Who has it: one line a function, with what comes next; over which channels and how far each text came only when opened.

use askama::Template;
use axum::extract::rejection::PathRejection;
use axum::extract::{Path, Query, State};
use axum::response::Response;
use serde::Deserialize;

use super::{AnswerWords, Head, Tab, answer, look, short};
use crate::domain::plan::Channel;
use crate::domain::view::{ArrivalView, AskView, CellView, DroppedView, NextStep, RowView};
use crate::web::Ctx;
use crate::web::console::ui::Ui;
use crate::web::console::{REFRESH_S, Visitor, html, words};
use crate::words::console as w;

#[derive(Template)]
#[template(path = "incident/who.html")]
struct Page {
    ui: Ui,
    head: Head,
    /// Only who has not answered.
    open_only: bool,
}

impl Page {
    /// Who needs attention first.
    fn rows(&self) -> Vec<&RowView> {
        let order = |r: &RowView| match r.state {
            AskView::NotReached { .. } => 0,
            AskView::Waiting => 1,
            AskView::Answered { .. } => 2,
            AskView::Closed { .. } => 3,
            AskView::NotAsked => 4,
        };
        let mut rows: Vec<&RowView> = self.head.view.rows.iter().filter(|r| !self.open_only || order(r) < 2).collect();
        rows.sort_by_key(|r| (order(r), r.deadline));
        rows
    }
    fn waiting(&self) -> usize {
        self.head.view.rows.iter().filter(|r| r.state == AskView::Waiting).count()
    }
    fn answer(&self, row: &RowView) -> AnswerWords {
        answer(&self.ui, row)
    }
    /// What stands beside the name: when it answered, or how long is left and who comes then.
    fn line(&self, row: &RowView) -> String {
        let ui = &self.ui;
        match (&row.state, &row.next) {
            (AskView::Answered { by, at, .. }, _) if *by == row.function => ui.time(at),
            (AskView::Answered { by, at, .. }, _) => format!("{} {}", ui.time(at), short(ui, by)),
            (AskView::Waiting, NextStep::Ask { who, .. }) => w::then_who(ui.lang, short(ui, who)),
            (AskView::Waiting, NextStep::Alarm { .. }) => ui.t(w::THEN_ALARM).into(),
            (AskView::Waiting, NextStep::Remind { .. }) => ui.t(w::THEN_REMINDER).into(),
            (AskView::NotReached { .. }, _) => ui.t(w::CALL_THEM).into(),
            (AskView::Closed { .. } | AskView::NotAsked, _) => self.answer(row).word,
            _ => String::new(),
        }
    }
    /// What counts down on its line.
    fn due(&self, row: &RowView) -> Option<crate::domain::time::At> {
        match (&row.state, &row.next) {
            (AskView::Waiting, NextStep::Remind { at } | NextStep::Ask { at, .. } | NextStep::Alarm { at }) => {
                Some(*at)
            }
            _ => None,
        }
    }
    /// As the script counts down to it: milliseconds since 1970.
    fn millis(&self, at: &crate::domain::time::At) -> i64 {
        at.0
    }
    fn cell_sign(&self, c: &CellView) -> &'static str {
        words::delivery(self.ui.lang, c.state).0
    }
    fn cell_class(&self, c: &CellView) -> &'static str {
        words::delivery(self.ui.lang, c.state).2
    }
    fn cell_word(&self, c: &CellView) -> String {
        let word = words::delivery(self.ui.lang, c.state).1;
        match (c.delivered_s.or(c.handed_over_s), &c.cause) {
            (Some(s), _) => format!("{word} {}", words::span(s)),
            (None, Some(cause)) => format!("{word}: {}", self.ui.cause(cause)),
            (None, None) => word.into(),
        }
    }
    fn dropped(&self, row: &RowView) -> Vec<&DroppedView> {
        let hit = |d: &&DroppedView| d.message == row.message && d.function == row.function;
        self.head.view.dropped.iter().filter(hit).collect()
    }
    fn why(&self, d: &DroppedView) -> String {
        crate::words::cannot(self.ui.lang, &d.why)
    }
    fn channel(&self, c: &Channel) -> &'static str {
        self.ui.channel(c)
    }
    /// Who was asked besides the function itself.
    fn beside(&self, row: &RowView) -> String {
        let others: Vec<_> = row.asked.iter().filter(|f| **f != row.function).cloned().collect();
        self.ui.names(&others)
    }
    fn there(&self, a: &ArrivalView) -> String {
        let ui = &self.ui;
        match (a.arrived, a.missed) {
            (Some(at), _) => format!("✔ {} {}", ui.t(w::IS_THERE), ui.time(&at)),
            (None, true) => format!("✖ {}: {}", ui.t(w::NOT_THERE_IN_TIME), ui.name(&a.by)),
            (None, false) => format!("{} {}", ui.t(w::TO_BE_THERE), ui.time(&a.due)),
        }
    }
    fn may_answer(&self, row: &RowView) -> bool {
        self.head.is_open() && matches!(row.state, AskView::Waiting | AskView::NotReached { .. })
    }
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
    match look(&ctx, &visitor, path, Tab::Who, |_, _, _, _| ()).await {
        Ok((mut ui, head, ())) => {
            ui.refresh_s = Some(REFRESH_S);
            html(&Page { ui, head, open_only: shown.show == "open" })
        }
        Err(answer) => answer,
    }
}
