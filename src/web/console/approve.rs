//! Approving in the console: what waits for this duty, and each text on its sheet. A number that was replaced leads on to the one
//! that took its place. The page is never loaded anew by itself: nobody approves what changed under his finger.

use askama::Template;
use axum::extract::rejection::{FormRejection, PathRejection};
use axum::extract::{Form, Path, Query, State};
use axum::http::StatusCode;
use axum::response::{IntoResponse, Redirect, Response};
use serde::Deserialize;

use super::overview::Did;
use super::sheet::{Frame, Sent, Sheet, Typed, Wanted, texts};
use super::ui::Ui;
use super::{REFRESH_S, Visitor, escaped, gone, html, refused, words};
use crate::api::CommandDone;
use crate::dispatch::engine::Failed;
use crate::domain::ids::{FunctionId, MessageNo};
use crate::domain::incident::refused::refuse;
use crate::domain::view::{self, ApprovalView};
use crate::web::Ctx;
use crate::web::command::{ask_other, command};
use crate::web::problem::Problem;
use crate::words::console as w;

#[derive(Template)]
#[template(path = "approve_list.html")]
struct ListPage {
    ui: Ui,
    approvals: Vec<ApprovalView>,
}

#[derive(Template)]
#[template(path = "approve.html")]
struct OnePage {
    ui: Ui,
    sheet: Sheet,
    exercise: bool,
    /// What the incident is called.
    title: String,
    problem: Option<Problem>,
}

pub async fn list(State(ctx): State<Ctx>, visitor: Visitor, did: Query<Did>) -> Response {
    if let Err(choose) = visitor.acting() {
        return choose;
    }
    let seen = visitor.look(&ctx, |s, m, by| by.map(|by| view::approvals_for(s, by, m.now)).unwrap_or_default()).await;
    match seen {
        Ok((mut ui, approvals)) => {
            ui.refresh_s = Some(REFRESH_S);
            ui.done = words::done(ui.lang, &did.done).map(str::to_owned);
            html(&ListPage { ui, approvals })
        }
        Err(e) => gone(e),
    }
}

fn number(path: Result<Path<String>, PathRejection>) -> Result<MessageNo, Problem> {
    let Path(text) = path.map_err(Problem::input)?;
    text.parse().map_err(|_| refuse!(UnknownNumberUnread { typed: text }).into())
}

fn path(number: MessageNo) -> String {
    format!("/approve/{}", escaped(&number.to_string()))
}

#[derive(Deserialize, Default)]
pub struct Asked {
    #[serde(default)]
    done: String,
    /// The number that its reader came by.
    #[serde(default)]
    from: String,
    /// The reader comes to change it.
    #[serde(default)]
    change: String,
}

pub async fn page(
    State(ctx): State<Ctx>,
    visitor: Visitor,
    path: Result<Path<String>, PathRejection>,
    asked: Query<Asked>,
) -> Response {
    match (visitor.acting(), number(path)) {
        (Ok(by), Ok(number)) => shown(&ctx, &visitor, by, number, asked.0, Typed::default(), None).await,
        (Err(choose), _) => choose,
        (_, Err(problem)) => refused(&ctx, &visitor, problem, "/approve").await,
    }
}

/// The sheet of a number; of the one that took its place, where that waits for this duty.
async fn shown(
    ctx: &Ctx,
    visitor: &Visitor,
    by: FunctionId,
    number: MessageNo,
    asked: Asked,
    typed: Typed,
    problem: Option<Problem>,
) -> Response {
    let (lang, csrf, from) = (visitor.lang, visitor.session.csrf.clone(), asked.from.parse().ok());
    let change = !asked.change.is_empty();
    let who = visitor.session.who.actor();
    let seen = visitor
        .look(ctx, move |s, m, _| {
            let frame = Frame { lang, path: path(number), csrf, from, change, who, typed };
            let inc = s.incidents.get(&number.incident)?;
            let title = inc.headline().get(lang).to_owned();
            Some((Sheet::of(s, number, &by, m.now, frame)?, inc.is_drill(), title))
        })
        .await;
    let (mut ui, seen) = match seen {
        Ok(seen) => seen,
        Err(e) => return gone(e),
    };
    let nothing = || Problem::new(StatusCode::NOT_FOUND, refuse!(NothingWaitsYours { message: number }));
    let Some((sheet, exercise, title)) = seen else { return refused(ctx, visitor, nothing(), "/approve").await };
    if let (true, Some(newer), None) = (sheet.entries.is_empty(), sheet.history.newer, &problem) {
        return Redirect::to(&format!("{}?from={}", path(newer), escaped(&number.to_string()))).into_response();
    }
    if sheet.entries.is_empty() && sheet.history.released.is_none() && problem.is_none() {
        return refused(ctx, visitor, nothing(), "/approve").await;
    }
    ui.done = words::done(ui.lang, &asked.done).map(str::to_owned);
    let status = problem.as_ref().map_or(StatusCode::OK, |p| p.status);
    (status, html(&OnePage { ui, sheet, exercise, title, problem })).into_response()
}

pub async fn posted(
    State(ctx): State<Ctx>,
    visitor: Visitor,
    at: Result<Path<String>, PathRejection>,
    form: Result<Form<Vec<(String, String)>>, FormRejection>,
) -> Result<Response, Response> {
    let (by, number, fields) = visitor.asks(&ctx, number(at), form, "/approve").await?;
    let now = ctx.handle.query(move |s, _| texts(s, number)).await.map_err(gone)?.unwrap_or_default();
    let sent = Sent(&fields.0);
    if sent.asks_other() {
        return Ok(match ask_other(&ctx, &visitor.session.who, by.clone(), number).await {
            Ok(_) => Redirect::to(&format!("{}?done=other-asked", path(number))).into_response(),
            Err(Failed::Refused(r)) => {
                let problem = Some(Problem::from(r));
                shown(&ctx, &visitor, by, number, Asked::default(), Typed::default(), problem).await
            }
            Err(e) => gone(e),
        });
    }
    let (action, wanted) = match sent.action(number, &now) {
        Ok(both) => both,
        Err(problem) => return Err(refused(&ctx, &visitor, problem, &path(number)).await),
    };
    let done = command(&ctx, &visitor.session.who, by.clone(), action, None, true).await;
    Ok(match done {
        Ok(done) => {
            let (to, code) = match wanted {
                // The change made a new number, which the approver reads and approves (RULES B2).
                Wanted::Change => (new_number(&done, number), "changed"),
                Wanted::Reject => (new_number(&done, number), "rejected"),
                Wanted::Wait => (path(number), "more-time"),
                Wanted::Reviewed => (path(number), "reviewed"),
                Wanted::Ask => (path(number), "other-asked"),
                Wanted::Approve => ("/approve".into(), "approved"),
            };
            Redirect::to(&format!("{to}?done={code}")).into_response()
        }
        Err(Failed::Refused(r)) => {
            let problem = Some(Problem::from(r));
            shown(&ctx, &visitor, by, number, Asked::default(), sent.typed(), problem).await
        }
        Err(e) => gone(e),
    })
}

fn new_number(done: &crate::dispatch::engine::Done, number: MessageNo) -> String {
    path(CommandDone::of(done).message.unwrap_or(number))
}
