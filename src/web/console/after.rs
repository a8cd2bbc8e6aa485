//! The report after a drill or an incident: a page, and every form of it to take along. Made from the journal when it is asked for.

use askama::Template;
use axum::Json;
use axum::extract::rejection::PathRejection;
use axum::extract::{Path, Query, State};
use axum::http::{HeaderValue, StatusCode, header};
use axum::response::{Html, IntoResponse, Response};

use super::incident::number;
use super::overview::Did;
use super::ui::Ui;
use super::written::{Forms, Typed, may_write};
use super::{STYLE_PATH, Visitor, gone, html, refused, words};
use crate::api::ReportAnswer;
use crate::dispatch::engine::Meta;
use crate::domain::ids::{FunctionId, IncidentNo};
use crate::domain::incident::after::{Element, RemarkKind};
use crate::domain::incident::refused::refuse;
use crate::domain::incident::state::State as Domain;
use crate::domain::report::{PlannedImprovement, Rating};
use crate::paper::report::{self as files, sheet};
use crate::paper::{self, Occasion, Sheet, Style};
use crate::web::Ctx;
use crate::web::after::{report_of, trends_of};
use crate::words::{Word, after as aw, console as w, drill as dw, improve as iw};

/// Forms in which it can be taken along: where each lies, below the report's page, and what it is called.
const FORMS: [(&str, Word); 6] = [
    (".pdf", aw::FORM_PDF),
    ("/print", aw::FORM_PRINT),
    (".xlsx", aw::FORM_XLSX),
    (".csv", aw::FORM_CSV),
    (".json", aw::FORM_JSON),
    (".txt", aw::FORM_TEXT),
];

#[derive(Template)]
#[template(path = "after.html")]
struct Page {
    ui: Ui,
    no: IncidentNo,
    title: String,
    drill: bool,
    /// The incident is in memory: it has pages of its own.
    known: bool,
    standing: String,
    parts: String,
    written: Forms,
}

impl Page {
    fn forms(&self) -> [(&'static str, Word); 6] {
        FORMS
    }
    fn say(&self, word: &Word) -> &'static str {
        word.say(self.ui.lang)
    }
    fn heading_of(&self, i: &PlannedImprovement) -> String {
        iw::numbered(self.ui.lang, i.id, i.due, files::progress(self.ui.lang, i))
    }
    fn elements(&self) -> [(&'static str, &'static str); 5] {
        Element::ALL.map(|e| (e.as_str(), files::element(self.ui.lang, e)))
    }
    fn remark_kinds(&self) -> [(&'static str, &'static str); 3] {
        RemarkKind::ALL.map(|k| (k.as_str(), files::remark_kind(self.ui.lang, k)))
    }
    fn ratings(&self) -> [(char, String); 4] {
        Rating::ALL.map(|r| (r.letter(), files::rating(self.ui.lang, r)))
    }
    /// Functions that can see to something, by what they are called.
    fn owners(&self) -> Vec<(FunctionId, String)> {
        let mut all: Vec<(FunctionId, String)> =
            self.ui.plan.functions.iter().map(|f| (f.id.clone(), self.ui.l(&f.title).to_owned())).collect();
        all.sort_by(|a, b| a.1.cmp(&b.1));
        all
    }
    /// Whoever sees to it says that it is done, and whoever plans.
    fn may_end(&self, i: &PlannedImprovement) -> bool {
        self.written.may_plan || self.written.own.contains(&i.id)
    }
}

type InIncident = Result<Path<String>, PathRejection>;

fn occasion(visitor: &Visitor, answer: &ReportAnswer) -> Occasion {
    let ReportAnswer { made_at, fictional, training, .. } = answer;
    Occasion { lang: visitor.lang, now: *made_at, fictional: *fictional, training: *training }
}

async fn made(ctx: &Ctx, visitor: &Visitor, no: InIncident) -> Result<ReportAnswer, Response> {
    let made = match number(no) {
        Ok(no) => report_of(ctx, no).await,
        Err(problem) => Err(problem),
    };
    match made {
        Ok(made) => Ok(made),
        Err(problem) => Err(refused(ctx, visitor, problem, "/earlier").await),
    }
}

fn broken(error: &dyn std::fmt::Display) -> Response {
    tracing::error!(%error, "a report could not be made");
    StatusCode::INTERNAL_SERVER_ERROR.into_response()
}

pub async fn page(State(ctx): State<Ctx>, visitor: Visitor, no: InIncident, did: Query<Did>) -> Response {
    let done = words::done(visitor.lang, &did.done).map(str::to_owned);
    shown(&ctx, &visitor, no, done, Typed::default()).await
}

/// The page; with what was typed in it and could not be taken, it stands there still.
pub(super) async fn shown(
    ctx: &Ctx,
    visitor: &Visitor,
    no: InIncident,
    done: Option<String>,
    typed: Typed,
) -> Response {
    let answer = match made(ctx, visitor, no).await {
        Ok(answer) => answer,
        Err(refused) => return refused,
    };
    let on = occasion(visitor, &answer);
    let report = answer.report;
    let (no, drill) = (report.no, report.is_drill());
    let status = typed.problem.as_ref().map_or(StatusCode::OK, |p| p.status);
    let forms = Forms::new(&report, visitor.lang, typed);
    let set = tokio::task::spawn_blocking(move || {
        let sheet: Sheet = sheet(&report, on);
        paper::parts(&sheet).map(|parts| (sheet.title, sheet.standing, parts))
    });
    let (title, standing, parts) = match set.await {
        Ok(Ok(set)) => set,
        Ok(Err(error)) => return broken(&error),
        Err(error) => return broken(&error),
    };
    let look =
        move |s: &Domain, m: &Meta, me: Option<&FunctionId>| (s.incidents.contains_key(&no), may_write(s, m, me, no));
    match visitor.look(ctx, look).await {
        Ok((mut ui, (known, (may_plan, own, open)))) => {
            ui.done = done;
            let written = Forms { may_plan, own, open, ..forms };
            (status, html(&Page { ui, no, title, drill, known, standing, parts, written })).into_response()
        }
        Err(e) => gone(e),
    }
}

#[derive(Template)]
#[template(path = "trends.html")]
struct TrendsPage {
    ui: Ui,
    title: String,
    parts: String,
}

pub async fn trends_page(State(ctx): State<Ctx>, visitor: Visitor) -> Response {
    let seen = match trends_of(&ctx).await {
        Ok(seen) => seen,
        Err(problem) => return refused(&ctx, &visitor, problem, "/drills").await,
    };
    let on = Occasion { lang: visitor.lang, now: seen.made_at, fictional: seen.fictional, training: seen.training };
    let sheet = files::trends(&seen.region, &seen.zone, on, &seen.rows, seen.older);
    let parts = match paper::parts(&sheet) {
        Ok(parts) => parts,
        Err(error) => return broken(&error),
    };
    match visitor.look(&ctx, |_, _, _| ()).await {
        Ok((ui, ())) => html(&TrendsPage { ui, title: sheet.title, parts }),
        Err(e) => gone(e),
    }
}

/// A file, named for what it is of: a header takes no letter beyond ASCII.
async fn file(
    ctx: &Ctx,
    visitor: &Visitor,
    no: InIncident,
    (ending, kind, shown): (&str, &'static str, bool),
    make: impl FnOnce(&ReportAnswer, Occasion) -> Result<Vec<u8>, paper::TooLong> + Send + 'static,
) -> Response {
    let answer = match made(ctx, visitor, no).await {
        Ok(answer) => answer,
        Err(refused) => return refused,
    };
    let on = occasion(visitor, &answer);
    let no = answer.report.no;
    let bytes = match tokio::task::spawn_blocking(move || make(&answer, on)).await {
        Ok(Ok(bytes)) => bytes,
        Ok(Err(paper::TooLong)) => {
            let problem = refuse!(PaperTooLong { max: paper::PAGES_MAX });
            return refused(ctx, visitor, problem.into(), "/earlier").await;
        }
        Err(error) => return broken(&error),
    };
    let how = if shown { "inline" } else { "attachment" };
    let name = format!("{how}; filename=\"report-{}.{ending}\"", no.written("X"));
    let name = HeaderValue::from_str(&name).unwrap_or(HeaderValue::from_static("inline"));
    ([(header::CONTENT_TYPE, HeaderValue::from_static(kind)), (header::CONTENT_DISPOSITION, name)], bytes)
        .into_response()
}

pub async fn print(State(ctx): State<Ctx>, visitor: Visitor, no: InIncident) -> Response {
    let answer = match made(&ctx, &visitor, no).await {
        Ok(answer) => answer,
        Err(refused) => return refused,
    };
    let on = occasion(&visitor, &answer);
    match paper::html(&sheet(&answer.report, on), Style::At(STYLE_PATH.as_str())) {
        Ok(page) => Html(page).into_response(),
        Err(error) => broken(&error),
    }
}

pub async fn pdf(State(ctx): State<Ctx>, visitor: Visitor, no: InIncident) -> Response {
    let form = ("pdf", "application/pdf", true);
    file(&ctx, &visitor, no, form, |answer, on| paper::pdf(&sheet(&answer.report, on))).await
}

pub async fn xlsx(State(ctx): State<Ctx>, visitor: Visitor, no: InIncident) -> Response {
    let kind = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet";
    file(&ctx, &visitor, no, ("xlsx", kind, false), |answer, on| Ok(files::xlsx(&answer.report, on.lang))).await
}

pub async fn csv(State(ctx): State<Ctx>, visitor: Visitor, no: InIncident) -> Response {
    let form = ("csv", "text/csv; charset=utf-8", false);
    file(&ctx, &visitor, no, form, |answer, _| Ok(files::csv(&answer.report).into_bytes())).await
}

pub async fn text(State(ctx): State<Ctx>, visitor: Visitor, no: InIncident) -> Response {
    let form = ("txt", "text/plain; charset=utf-8", true);
    file(&ctx, &visitor, no, form, |answer, on| Ok(paper::text(&sheet(&answer.report, on)).into_bytes())).await
}

pub async fn json(State(ctx): State<Ctx>, visitor: Visitor, no: InIncident) -> Response {
    match made(&ctx, &visitor, no).await {
        Ok(answer) => Json(answer).into_response(),
        Err(refused) => refused,
    }
}
