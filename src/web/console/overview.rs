//! The state at a glance: modes of sites as words, what waits for this duty, open incidents, gateways that are in trouble.

use askama::Template;
use axum::extract::{Query, State};
use axum::response::Response;
use serde::Deserialize;

use super::ui::Ui;
use super::{REFRESH_S, Visitor, gone, html, words};
use crate::api::GatewayView;
use crate::dispatch::journal_view::{JournalView, journal_view};
use crate::domain::view::{self, StatusView, TodoView};
use crate::web::Ctx;
use crate::web::gateways::gateways_of;
use crate::words::console as w;

#[derive(Template)]
#[template(path = "overview.html")]
struct Page {
    ui: Ui,
    status: StatusView,
    todo: TodoView,
    trouble: Vec<GatewayView>,
    journal: JournalView,
}

/// What was just done.
#[derive(Deserialize)]
pub struct Did {
    #[serde(default)]
    pub done: String,
}

pub async fn page(State(ctx): State<Ctx>, visitor: Visitor, did: Query<Did>) -> Response {
    let seen = visitor
        .look(&ctx, |s, m, acting| {
            let todo = acting.map(|f| view::todo_for(s, f, m.now)).unwrap_or_default();
            (view::status(s, m.now), todo, gateways_of(s, m), journal_view(m))
        })
        .await;
    let (mut ui, (status, todo, gateways, journal)) = match seen {
        Ok(seen) => seen,
        Err(e) => return gone(e),
    };
    ui.refresh_s = Some(REFRESH_S);
    ui.done = words::done(ui.lang, &did.done).map(str::to_owned);
    let trouble = gateways.into_iter().filter(GatewayView::in_trouble).collect();
    html(&Page { ui, status, todo, trouble, journal })
}
