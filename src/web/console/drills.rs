//! *Practise*: drills that are coming, going on and over; a page that says what one will do before it begins; ending one. Real reports
//! have a place, a colour and a verb of their own, and nothing of them stands here.

use askama::Template;
use axum::extract::rejection::{FormRejection, PathRejection};
use axum::extract::{Form, Path, Query, State};
use axum::response::{IntoResponse, Redirect, Response};

use super::act::submit;
use super::form_words::form_words;
use super::overview::Did;
use super::ui::Ui;
use super::{Visitor, gone, html, refused, words};
use crate::api::{DrillRequest, DrillsView, PlannedView};
use crate::domain::drills::{DrillKind, PastDrill};
use crate::domain::ids::{DrillId, IncidentNo};
use crate::domain::incident::input::Action;
use crate::domain::time::At;
use crate::domain::view::{DrillForesight, RunningDrill};
use crate::web::Ctx;
use crate::web::drills::{drills_of, foreseen, ordered};
use crate::words::{after as aw, console as w, drill as dw, drills};

form_words! {
    /// The buttons below a drill that goes on.
    enum Wanted {
        /// It was carried out.
        End = "end",
        /// It is broken off.
        Abort = "abort",
    }
}

#[derive(Template)]
#[template(path = "drills.html")]
struct Page {
    ui: Ui,
    seen: DrillsView,
    /// A real incident is open: none begins (RULES D17).
    real: bool,
}

impl Page {
    fn kind(&self, kind: &DrillKind) -> &'static str {
        drills::kind(self.ui.lang, *kind)
    }
    fn dated(&self, at: &At) -> String {
        self.ui.plan.words(self.ui.lang).dated_time(&self.ui.plan.calendar, at.timestamp())
    }
    /// When it begins, and what became of it the last time.
    fn when(&self, p: &PlannedView) -> String {
        match &p.next {
            // Months ahead: with its year.
            Some(at) => self.dated(at),
            None => self.ui.t(dw::BY_HAND).to_owned(),
        }
    }
    fn last(&self, p: &PlannedView) -> Option<String> {
        let last = p.last.as_ref()?;
        Some(format!("{}: {}", self.ui.time(&last.planned), drills::fate(self.ui.lang, &last.fate)))
    }
    fn tested(&self, p: &PlannedView) -> Option<String> {
        let tested = p.tested.as_ref()?;
        Some(drills::tested(self.ui.lang, &self.dated(&tested.at), tested, &self.ui.names(&tested.silent)))
    }
    fn stands(&self, r: &RunningDrill) -> String {
        drills::stands(self.ui.lang, &self.ui.time(&r.begun), r.figures)
    }
    fn result(&self, p: &PastDrill) -> String {
        drills::result(self.ui.lang, p)
    }
}

pub async fn page(State(ctx): State<Ctx>, visitor: Visitor, did: Query<Did>) -> Response {
    match visitor.look(&ctx, |s, m, _| (drills_of(s, m), s.open().any(|i| !i.is_drill()))).await {
        Ok((mut ui, (seen, real))) => {
            ui.done = words::done(ui.lang, &did.done).map(str::to_owned);
            html(&Page { ui, seen, real })
        }
        Err(e) => gone(e),
    }
}

/// Ends one.
pub async fn posted(
    State(ctx): State<Ctx>,
    visitor: Visitor,
    form: Result<Form<Vec<(String, String)>>, FormRejection>,
) -> Response {
    let (by, (), fields) = match visitor.asks(&ctx, Ok(()), form, "/drills").await {
        Ok(asked) => asked,
        Err(page) => return page,
    };
    let wanted: Wanted = match fields.word("do") {
        Ok(wanted) => wanted,
        Err(problem) => return refused(&ctx, &visitor, problem, "/drills").await,
    };
    let Ok(incident) = fields.get("no").parse::<IncidentNo>() else { return Redirect::to("/drills").into_response() };
    let action = Action::DrillEnd { incident, abort: wanted == Wanted::Abort };
    submit(&ctx, &visitor, by, action, "/drills?done=drill-over", "/drills").await
}

#[derive(Template)]
#[template(path = "drill_start.html")]
struct StartPage {
    ui: Ui,
    id: DrillId,
    seen: DrillForesight,
    /// Functions that it reaches.
    reached: String,
}

impl StartPage {
    fn kind(&self) -> &'static str {
        drills::kind(self.ui.lang, self.seen.kind)
    }
    fn lines(&self) -> Vec<String> {
        drills::foreseen(self.ui.lang, &self.seen)
    }
}

/// What it will do, before it begins.
pub async fn start_page(
    State(ctx): State<Ctx>,
    visitor: Visitor,
    path: Result<Path<DrillId>, PathRejection>,
) -> Response {
    let Ok(Path(id)) = path else { return Redirect::to("/drills").into_response() };
    let by = match visitor.acting() {
        Ok(by) => by,
        Err(choose) => return choose,
    };
    let asked = DrillRequest { drill: Some(id.clone()), ..asked_by(by) };
    let seen = visitor.look(&ctx, move |s, m, _| foreseen(s, m, &asked));
    match seen.await {
        Ok((ui, Ok(seen))) => {
            let reached = ui.names(&seen.reaches);
            html(&StartPage { ui, id, seen, reached })
        }
        Ok((_, Err(why))) => refused(&ctx, &visitor, why.into(), "/drills").await,
        Err(e) => gone(e),
    }
}

/// Begins it.
pub async fn start_posted(
    State(ctx): State<Ctx>,
    visitor: Visitor,
    path: Result<Path<DrillId>, PathRejection>,
    form: Result<Form<Vec<(String, String)>>, FormRejection>,
) -> Response {
    let Ok(Path(id)) = path else { return Redirect::to("/drills").into_response() };
    let (by, (), _) = match visitor.asks(&ctx, Ok(()), form, "/drills").await {
        Ok(asked) => asked,
        Err(page) => return page,
    };
    let asked = DrillRequest { drill: Some(id), confirmed: true, ..asked_by(by.clone()) };
    let order = match ctx.handle.query(move |s, m| ordered(s, m, &asked)).await {
        Ok(Ok(order)) => order,
        Ok(Err(why)) => return refused(&ctx, &visitor, why.into(), "/drills").await,
        Err(e) => return gone(e),
    };
    let action = Action::DrillStart(Box::new(order));
    submit(&ctx, &visitor, by, action, "/drills?done=drill-begun", "/drills").await
}

fn asked_by(by: crate::domain::ids::FunctionId) -> DrillRequest {
    DrillRequest {
        by,
        drill: None,
        playbook: None,
        level: None,
        sites: Vec::new(),
        tabletop: false,
        without: Vec::new(),
        confirmed: false,
    }
}
