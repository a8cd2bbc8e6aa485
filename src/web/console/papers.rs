//! Files to take along: the directory and the plan of readiness, as PDF and as a page that prints well. Never a number that may not
//! stand in texts: the plan that runs has none.

use std::sync::Arc;

use axum::extract::State;
use axum::http::{HeaderValue, StatusCode, header};
use axum::response::{Html, IntoResponse, Response};
use tokio::sync::Semaphore;

use super::{STYLE_PATH, Visitor, gone, refused};
use crate::domain::incident::refused::refuse;
use crate::domain::plan::Plan;
use crate::paper::{self, Occasion, Sheet, Style};
use crate::web::Ctx;

/// Papers that are set at one time; who asks for more waits.
const PRINTS_AT_ONCE_MAX: usize = 2;
static PRINTS: Semaphore = Semaphore::const_new(PRINTS_AT_ONCE_MAX);

/// Which paper.
#[derive(Clone, Copy)]
enum Which {
    Directory,
    Plan,
}

impl Which {
    fn of(self, plan: &Plan, on: Occasion) -> Sheet {
        match self {
            Which::Directory => paper::directory::directory(plan, on, None),
            Which::Plan => paper::plan::plan(plan, on),
        }
    }
    fn file_name(self) -> &'static str {
        match self {
            Which::Directory => "directory.pdf",
            Which::Plan => "plan.pdf",
        }
    }
}

pub async fn directory_pdf(State(ctx): State<Ctx>, visitor: Visitor) -> Response {
    pdf(&ctx, &visitor, Which::Directory).await
}
pub async fn plan_pdf(State(ctx): State<Ctx>, visitor: Visitor) -> Response {
    pdf(&ctx, &visitor, Which::Plan).await
}
pub async fn directory_page(State(ctx): State<Ctx>, visitor: Visitor) -> Response {
    page(&ctx, &visitor, Which::Directory).await
}
pub async fn plan_page(State(ctx): State<Ctx>, visitor: Visitor) -> Response {
    page(&ctx, &visitor, Which::Plan).await
}

/// Sets a paper beside the loops: a long one takes a while.
async fn set<T: Send + 'static>(
    ctx: &Ctx,
    visitor: &Visitor,
    which: Which,
    make: impl FnOnce(&Sheet) -> T + Send + 'static,
) -> Result<T, Response> {
    let look = ctx.handle.query(|s, m| (Arc::clone(&s.plan), m.now, m.fictional)).await;
    let (plan, now, fictional) = look.map_err(gone)?;
    let on = Occasion { lang: visitor.lang, now, fictional, training: ctx.handle.board().is_training() };
    let broken = || StatusCode::INTERNAL_SERVER_ERROR.into_response();
    let _turn = PRINTS.acquire().await.map_err(|_| broken())?;
    tokio::task::spawn_blocking(move || make(&which.of(&plan, on))).await.map_err(|_| broken())
}

async fn pdf(ctx: &Ctx, visitor: &Visitor, which: Which) -> Response {
    match set(ctx, visitor, which, paper::pdf).await {
        Ok(Ok(bytes)) => {
            let name = format!("inline; filename=\"{}\"", which.file_name());
            let name = HeaderValue::from_str(&name).unwrap_or(HeaderValue::from_static("inline"));
            let kind = HeaderValue::from_static("application/pdf");
            ([(header::CONTENT_TYPE, kind), (header::CONTENT_DISPOSITION, name)], bytes).into_response()
        }
        Ok(Err(paper::TooLong)) => {
            let problem = refuse!(PaperTooLong { max: paper::PAGES_MAX });
            refused(ctx, visitor, problem.into(), "/directory").await
        }
        Err(response) => response,
    }
}

async fn page(ctx: &Ctx, visitor: &Visitor, which: Which) -> Response {
    match set(ctx, visitor, which, |sheet| paper::html(sheet, Style::At(STYLE_PATH.as_str()))).await {
        Ok(Ok(page)) => Html(page).into_response(),
        Ok(Err(error)) => {
            tracing::error!(%error, "a paper could not be made");
            StatusCode::INTERNAL_SERVER_ERROR.into_response()
        }
        Err(response) => response,
    }
}
