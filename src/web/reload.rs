//! The configuration is read anew, and an open incident adopts it: what changes is shown before and after. Whoever reads files
//! is not the web's affair: the seam is here, what stands behind it is wired in `app`.

use axum::extract::State;
use axum::{Extension, Json};

use super::Ctx;
use super::api::{InIncident, known_duty, no_incident};
use super::asked::{Body, InPath};
use super::command::may_act;
use super::problem::Problem;
use crate::accounts::Who;
use crate::api::{Acting, Adoption, ClockView, Reloaded};
use crate::domain::incident::refused::refuse;
use crate::domain::plan::Plan;
use crate::gateways::Boxed;

/// Mistakes that an answer names; `vardkase check` names all.
const MISTAKES_SHOWN_MAX: usize = 20;
/// Changes that an answer names.
const CHANGES_SHOWN_MAX: usize = 500;

/// Reads the configuration anew.
pub trait Reload: Send + Sync {
    /// Takes it for new incidents.
    fn reload(&self) -> Boxed<'_, Result<Reloaded, NotReloaded>>;
    /// What differs between two plans, a line each, without addresses.
    fn changes(&self, from: &Plan, to: &Plan) -> Vec<String>;
}

/// A mistake in the configuration.
#[derive(Clone, Debug)]
pub struct Mistake {
    /// `playbooks/flood.yaml:14:9`.
    pub place: String,
    pub why: String,
}

/// Why it was not taken; the old one goes on.
#[derive(Clone, Debug)]
pub enum NotReloaded {
    /// The configuration has mistakes.
    Mistakes(Vec<Mistake>),
    /// It could not be kept.
    Failed(String),
}

impl From<NotReloaded> for Problem {
    fn from(why: NotReloaded) -> Self {
        match why {
            NotReloaded::Mistakes(list) => {
                let shown: Vec<String> =
                    list.iter().take(MISTAKES_SHOWN_MAX).map(|m| format!("{}: {}", m.place, m.why)).collect();
                refuse!(ConfigMistakes { count: list.len(), mistakes: shown.join("\n") }).into()
            }
            NotReloaded::Failed(detail) => refuse!(NotReloaded { detail }).into(),
        }
    }
}

/// `POST /api/v1/reload`.
pub(super) async fn reload(
    State(ctx): State<Ctx>,
    Extension(who): Extension<Who>,
    Body(Acting { by }, _): Body<Acting>,
) -> Result<Json<Reloaded>, Problem> {
    may_act(&who, &by)?;
    let duty = by.clone();
    ctx.handle.query(move |s, _| known_duty(s, &duty)).await??;
    tracing::warn!(function = %by, "the configuration is read anew");
    let mut done = ctx.reload.reload().await.map_err(Problem::from)?;
    done.changes.truncate(CHANGES_SHOWN_MAX);
    Ok(Json(done))
}

/// `GET /api/v1/clock`.
pub(super) async fn clock(State(ctx): State<Ctx>) -> Result<Json<ClockView>, Problem> {
    let now = ctx.clock.now().into();
    Ok(Json(ClockView { now, off_s: ctx.clock.distrusted().map(|by| by.as_secs()) }))
}

/// `POST /api/v1/clock/accept`: somebody looked at the machine's clock, and it is right (RULES D12).
pub(super) async fn clock_accept(
    State(ctx): State<Ctx>,
    Extension(who): Extension<Who>,
    Body(Acting { by }, _): Body<Acting>,
) -> Result<Json<ClockView>, Problem> {
    may_act(&who, &by)?;
    let duty = by.clone();
    ctx.handle.query(move |s, _| known_duty(s, &duty)).await??;
    tracing::warn!(function = %by, "the machine's clock is accepted");
    ctx.clock.accept();
    clock(State(ctx)).await
}

/// `GET /api/v1/incidents/{no}/adopt`.
pub(super) async fn adoption(
    State(ctx): State<Ctx>,
    InPath(path): InPath<InIncident>,
) -> Result<Json<Adoption>, Problem> {
    let no = path.no()?;
    let plans = ctx.handle.query(move |s, _| s.incidents.get(&no).map(|i| (i.plan.clone(), s.plan.clone()))).await?;
    let (from, to) = plans.ok_or_else(|| no_incident(no))?;
    let mut changes = ctx.reload.changes(&from, &to);
    changes.truncate(CHANGES_SHOWN_MAX);
    Ok(Json(Adoption { changes }))
}
