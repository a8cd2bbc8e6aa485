//! Files to take along: the directory and the plan of readiness, and of an incident the courier sheets and the call list; as PDF and as a
//! page that prints well. Never a number that may not stand in texts: the plan that runs has none.

use std::sync::Arc;

use axum::extract::rejection::PathRejection;
use axum::extract::{Path, State};
use axum::http::{HeaderValue, StatusCode, header};
use axum::response::{Html, IntoResponse, Response};
use jiff::civil::Date;
use tokio::sync::Semaphore;

use super::incident::number;
use super::{STYLE_PATH, Visitor, gone, refused};
use crate::dispatch::engine::Meta;
use crate::domain::ids::IncidentNo;
use crate::domain::incident::refused::refuse;
use crate::domain::incident::state::State as Domain;
use crate::domain::plan::Plan;
use crate::domain::time::At;
use crate::domain::view::{StopView, proven_days, walk};
use crate::paper::{self, Occasion, Sheet, Style};
use crate::web::Ctx;
use crate::web::api::no_incident;

/// Papers that are set at one time; who asks for more waits.
const PRINTS_AT_ONCE_MAX: usize = 2;
static PRINTS: Semaphore = Semaphore::const_new(PRINTS_AT_ONCE_MAX);

/// Which paper.
#[derive(Clone, Copy)]
enum Which {
    Directory,
    Plan,
    Couriers(IncidentNo),
    Calls(IncidentNo),
}

/// What a paper is made of.
struct Material {
    plan: Arc<Plan>,
    /// When each point was last proven; for the directory.
    proven: Vec<Option<Date>>,
    stops: Vec<StopView>,
    now: At,
    fictional: bool,
}

impl Which {
    /// `None`: there is no such incident.
    fn material(self, state: &Domain, meta: &Meta) -> Option<Material> {
        let (now, fictional) = (meta.now, meta.fictional);
        let (plan, stops) = match self {
            Which::Directory | Which::Plan => (Arc::clone(&state.plan), Vec::new()),
            Which::Couriers(no) | Which::Calls(no) => (state.incidents.get(&no)?.plan.clone(), walk(state, no, now)?),
        };
        let proven = if matches!(self, Which::Directory) { proven_days(state, now) } else { Vec::new() };
        Some(Material { plan, proven, stops, now, fictional })
    }
    fn of(self, material: &Material, on: Occasion) -> Sheet {
        let Material { plan, proven, stops, .. } = material;
        match self {
            Which::Directory => {
                let mut plan = Plan::clone(plan);
                plan.points.iter_mut().zip(proven).for_each(|(point, day)| point.proven = *day);
                paper::directory::directory(&plan, on, None)
            }
            Which::Plan => paper::plan::plan(plan, on),
            Which::Couriers(_) => paper::courier::couriers(plan, on, stops),
            Which::Calls(_) => paper::courier::calls(plan, on, stops),
        }
    }
    fn incident(self) -> Option<IncidentNo> {
        match self {
            Which::Directory | Which::Plan => None,
            Which::Couriers(no) | Which::Calls(no) => Some(no),
        }
    }
    fn file_name(self) -> String {
        match self {
            Which::Directory => "directory.pdf".into(),
            Which::Plan => "plan.pdf".into(),
            Which::Couriers(no) => format!("couriers-{}.pdf", ascii(no)),
            Which::Calls(no) => format!("calls-{}.pdf", ascii(no)),
        }
    }
    /// Where its page is linked from.
    fn back(self) -> String {
        match self {
            Which::Directory | Which::Plan => "/directory".into(),
            Which::Couriers(no) | Which::Calls(no) => format!("/incidents/{}/texts", encoded(no)),
        }
    }
}

/// A header takes no Ö.
fn ascii(no: IncidentNo) -> String {
    no.to_string().replace('Ö', "O")
}

/// As it stands in an address.
fn encoded(no: IncidentNo) -> String {
    percent_encoding::utf8_percent_encode(&no.to_string(), percent_encoding::NON_ALPHANUMERIC).to_string()
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

pub async fn couriers_pdf(State(ctx): State<Ctx>, visitor: Visitor, no: InIncident) -> Response {
    of_incident(&ctx, &visitor, no, Which::Couriers, true).await
}
pub async fn couriers_page(State(ctx): State<Ctx>, visitor: Visitor, no: InIncident) -> Response {
    of_incident(&ctx, &visitor, no, Which::Couriers, false).await
}
pub async fn calls_pdf(State(ctx): State<Ctx>, visitor: Visitor, no: InIncident) -> Response {
    of_incident(&ctx, &visitor, no, Which::Calls, true).await
}
pub async fn calls_page(State(ctx): State<Ctx>, visitor: Visitor, no: InIncident) -> Response {
    of_incident(&ctx, &visitor, no, Which::Calls, false).await
}

/// The incident of an address.
type InIncident = Result<Path<String>, PathRejection>;

async fn of_incident(
    ctx: &Ctx,
    visitor: &Visitor,
    no: InIncident,
    which: fn(IncidentNo) -> Which,
    is_pdf: bool,
) -> Response {
    let no = match number(no) {
        Ok(no) => no,
        Err(problem) => return refused(ctx, visitor, problem, "/").await,
    };
    if is_pdf { pdf(ctx, visitor, which(no)).await } else { page(ctx, visitor, which(no)).await }
}

/// Sets a paper beside the loops: a long one takes a while.
async fn set<T: Send + 'static>(
    ctx: &Ctx,
    visitor: &Visitor,
    which: Which,
    make: impl FnOnce(&Sheet) -> T + Send + 'static,
) -> Result<T, Response> {
    let look = ctx.handle.query(move |s, m| which.material(s, m)).await;
    let Some(material) = look.map_err(gone)? else {
        let problem = which.incident().map_or_else(|| refuse!(TooSlow {}).into(), no_incident);
        return Err(refused(ctx, visitor, problem, "/").await);
    };
    let training = ctx.handle.board().is_training();
    let on = Occasion { lang: visitor.lang, now: material.now, fictional: material.fictional, training };
    let broken = || StatusCode::INTERNAL_SERVER_ERROR.into_response();
    let _turn = PRINTS.acquire().await.map_err(|_| broken())?;
    tokio::task::spawn_blocking(move || make(&which.of(&material, on))).await.map_err(|_| broken())
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
            refused(ctx, visitor, problem.into(), &which.back()).await
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
