//! What is needed seldom: *More*, incidents that are over, and how the system itself is.

use std::collections::BTreeMap;

use askama::Template;
use axum::extract::State;
use axum::response::Response;

use super::ui::Ui;
use super::{REFRESH_S, Visitor, gone, html};
use crate::api::GatewayView;
use crate::dispatch::board::{HeartbeatState, WebhookState};
use crate::dispatch::forgotten::{ClosedView, closed, due};
use crate::dispatch::journal_view::{JournalView, journal_view};
use crate::domain::ids::Status;
use crate::domain::time::At;
use crate::domain::view::{self, SummaryView};
use crate::web::Ctx;
use crate::web::gateways::gateways_of;
use crate::words::{after as aw, console as w, desk as d};

#[derive(Template)]
#[template(path = "more.html")]
struct MorePage {
    ui: Ui,
}

pub async fn more(State(ctx): State<Ctx>, visitor: Visitor) -> Response {
    match visitor.look(&ctx, |_, _, _| ()).await {
        Ok((ui, ())) => html(&MorePage { ui }),
        Err(e) => gone(e),
    }
}

#[derive(Template)]
#[template(path = "earlier.html")]
struct EarlierPage {
    ui: Ui,
    /// Closed, and in memory still: they can be read.
    recent: Vec<SummaryView>,
    /// All that are closed, the newest first.
    closed: Vec<ClosedView>,
    months: u32,
}

impl EarlierPage {
    fn summary(&self, c: &ClosedView) -> Option<&SummaryView> {
        self.recent.iter().find(|i| i.no == c.no)
    }
    fn title(&self, c: &ClosedView) -> String {
        let title = self.summary(c).map(|i| &i.title);
        let title = title.or_else(|| self.ui.plan.playbooks.get(&c.playbook).map(|b| &b.title));
        title.map_or_else(|| c.playbook.to_string(), |t| self.ui.l(t).to_owned())
    }
    fn is_drill(&self, c: &ClosedView) -> bool {
        c.no.status == Status::Exercise
    }
    /// What is private of it is forgotten then.
    fn forgotten_on(&self, c: &ClosedView) -> Option<At> {
        due(c.closed, self.months)
    }
    fn day(&self, at: &At) -> String {
        self.ui.plan.calendar.local(at.timestamp()).date().to_string()
    }
}

pub async fn earlier(State(ctx): State<Ctx>, visitor: Visitor) -> Response {
    let seen = visitor.look(&ctx, |s, m, _| (view::status(s, m.now).closed, closed(s, m), m.retention_months)).await;
    match seen {
        Ok((mut ui, (recent, closed, months))) => {
            ui.refresh_s = Some(REFRESH_S);
            html(&EarlierPage { ui, recent, closed, months })
        }
        Err(e) => gone(e),
    }
}

#[derive(Template)]
#[template(path = "system.html")]
struct SystemPage {
    ui: Ui,
    journal: JournalView,
    trouble: Vec<GatewayView>,
    heartbeat: Option<HeartbeatState>,
    webhooks: BTreeMap<String, WebhookState>,
    /// What `check` warns of.
    warnings: usize,
    months: u32,
}

pub async fn system(State(ctx): State<Ctx>, visitor: Visitor) -> Response {
    let seen = visitor.look(&ctx, |s, m, _| {
        (journal_view(m), gateways_of(s, m), m.board.heartbeat(), m.board.webhooks(), m.warnings, m.retention_months)
    });
    match seen.await {
        Ok((mut ui, (journal, gateways, heartbeat, webhooks, warnings, months))) => {
            ui.refresh_s = Some(REFRESH_S);
            let trouble = gateways.into_iter().filter(GatewayView::in_trouble).collect();
            html(&SystemPage { ui, journal, trouble, heartbeat, webhooks, warnings, months })
        }
        Err(e) => gone(e),
    }
}
