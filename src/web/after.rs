//! Reports after drills and incidents, over the API and for the console's pages: read from the journal on a thread for it.

use std::collections::BTreeMap;
use std::sync::Arc;

use axum::Json;
use axum::extract::State;
use tokio::sync::Semaphore;

use super::Ctx;
use super::api::InIncident;
use super::asked::InPath;
use super::problem::Problem;
use crate::api::{ReportAnswer, TrendsView};
use crate::dispatch::engine::Meta;
use crate::domain::ids::IncidentNo;
use crate::domain::incident::after::After;
use crate::domain::incident::refused::refuse;
use crate::domain::incident::state::State as Domain;
use crate::domain::incident::values::Phase;
use crate::domain::plan::Plan;
use crate::domain::report::{AfterReport, Earlier, Trend, earlier};
use crate::domain::time::At;
use crate::domain::view::{AddressView, addresses};

/// Reports that are made at one time; who asks for more waits.
const REPORTS_AT_ONCE_MAX: usize = 2;
static REPORTS: Semaphore = Semaphore::const_new(REPORTS_AT_ONCE_MAX);
/// Drills and incidents that are laid side by side, the newest.
pub const TRENDS_MAX: usize = 50;

/// When an incident was reported, whether it is in memory or not.
fn opened(state: &Domain, no: IncidentNo) -> Option<At> {
    state.incidents.get(&no).map(|i| i.opened).or_else(|| state.archived.get(&no).map(|s| s.opened))
}

/// What is not of the incident's own records: as it stands now.
struct Now {
    after: Option<After>,
    addresses: Vec<AddressView>,
    plan: Arc<Plan>,
}

async fn made<T: Send + 'static>(
    ctx: &Ctx,
    make: impl FnOnce(&dyn super::log::Log) -> Result<T, String> + Send + 'static,
) -> Result<T, Problem> {
    let unreadable = |detail: String| Problem::from(refuse!(LogUnreadable { detail }));
    let _turn = REPORTS.acquire().await.map_err(|e| unreadable(e.to_string()))?;
    let log = ctx.log.clone();
    let made = tokio::task::spawn_blocking(move || make(&*log)).await.map_err(|e| e.to_string());
    made.and_then(|made| made).map_err(unreadable)
}

/// The report of an incident.
///
/// # Errors
/// There is none of that number, or the journal can't be read.
pub(super) async fn report_of(ctx: &Ctx, no: IncidentNo) -> Result<ReportAnswer, Problem> {
    let look = move |s: &Domain, m: &Meta| {
        let now = Now { after: s.after.get(&no).cloned(), addresses: addresses(s, m.now), plan: s.plan.clone() };
        (opened(s, no), earlier(s, no), now, m.now, m.fictional, m.board.is_training())
    };
    let (opened, before, now, made_at, fictional, training) = ctx.handle.query(look).await?;
    let none = || Problem::from(refuse!(UnknownIncidentOnRecord { incident: no }));
    let opened = opened.ok_or_else(none)?;
    let made = made(ctx, move |log| {
        let Some(mut report) = log.after_report(no, opened)? else { return Ok(None) };
        let reports = before.into_iter().map(|(at, no)| log.after_report(no, at));
        // One that the journal has nothing of can't be compared with.
        report.earlier = reports.collect::<Result<Vec<_>, _>>()?.into_iter().flatten().map(Earlier::of).collect();
        Ok(Some(report))
    });
    let report = made.await?.ok_or_else(none)?.with_addresses(&now.addresses, &now.plan);
    let report = match &now.after {
        Some(after) => report.with_written(after, &now.plan, made_at),
        None => report,
    };
    Ok(ReportAnswer { report, made_at, fictional, training })
}

/// What drills and incidents came to that are over, the newest of them.
///
/// # Errors
/// The journal can't be read.
pub(super) async fn trends_of(ctx: &Ctx) -> Result<TrendsView, Problem> {
    let look = |s: &Domain, m: &Meta| {
        let in_memory = s.incidents.values().filter(|i| i.phase == Phase::Closed).map(|i| (i.opened, i.no));
        let mut all: Vec<(At, IncidentNo)> =
            in_memory.chain(s.archived.iter().map(|(no, summary)| (summary.opened, *no))).collect();
        all.sort_unstable_by(|a, b| b.cmp(a));
        let view = TrendsView {
            rows: Vec::new(),
            older: u32::try_from(all.len().saturating_sub(TRENDS_MAX)).unwrap_or(u32::MAX),
            region: s.plan.region.name.clone(),
            zone: s.plan.calendar.zone.name().to_owned(),
            made_at: m.now,
            fictional: m.fictional,
            training: m.board.is_training(),
        };
        all.truncate(TRENDS_MAX);
        let written = all.iter().filter_map(|(_, no)| Some((*no, s.after.get(no)?.clone())));
        let written: BTreeMap<IncidentNo, After> = written.collect();
        (view, all, written, s.plan.clone())
    };
    let (view, all, written, plan) = ctx.handle.query(look).await?;
    let now = view.made_at;
    let rows = made(ctx, move |log| {
        let report = |(at, no): (At, IncidentNo)| log.after_report(no, at).transpose();
        let reports = all.into_iter().filter_map(report);
        let with_written = |r: AfterReport| match written.get(&r.no) {
            Some(after) => r.with_written(after, &plan, now),
            None => r,
        };
        reports.map(|r| r.map(|r| Trend::of(&with_written(r)))).collect::<Result<Vec<Trend>, String>>()
    });
    Ok(TrendsView { rows: rows.await?, ..view })
}

pub(super) async fn report(
    State(ctx): State<Ctx>,
    InPath(path): InPath<InIncident>,
) -> Result<Json<ReportAnswer>, Problem> {
    report_of(&ctx, path.no()?).await.map(Json)
}

pub(super) async fn trends(State(ctx): State<Ctx>) -> Result<Json<TrendsView>, Problem> {
    trends_of(&ctx).await.map(Json)
}
