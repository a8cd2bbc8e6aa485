//! Who may come in, over the API and for the console: one list, and one way to change it. What is done goes on record by IDs.

use axum::extract::State;
use axum::{Extension, Json};

use super::Ctx;
use super::api::known_duty;
use super::asked::Body;
use super::command::may;
use super::problem::Problem;
use crate::accounts::{AccessView, Change, Changed, Functions, Right, Who, WhoId};
use crate::dispatch::system_record::{Access, SystemRecord};
use crate::domain::incident::refused::refuse;

/// `GET /api/v1/access`.
pub(super) async fn list(State(ctx): State<Ctx>, Extension(who): Extension<Who>) -> Result<Json<AccessView>, Problem> {
    may(&who, Right::Administer)?;
    let now = ctx.clock.now().into();
    Ok(Json(AccessView { sessions: ctx.auth.sessions(now), ..ctx.auth.accounts.view(now) }))
}

/// `POST /api/v1/access`.
pub(super) async fn change(
    State(ctx): State<Ctx>,
    Extension(who): Extension<Who>,
    Body(wanted, _): Body<Change>,
) -> Result<Json<Changed>, Problem> {
    changed(&ctx, &who, wanted).await.map(Json)
}

/// Carries a change out, and puts it on record.
///
/// # Errors
/// Not his right, or it can't be done.
pub(super) async fn changed(ctx: &Ctx, who: &Who, change: Change) -> Result<Changed, Problem> {
    may(who, Right::Administer)?;
    if let Change::AccountAdd { functions, .. } | Change::DeviceAdd { functions } | Change::TokenAdd { functions, .. } =
        &change
    {
        known(ctx, functions).await?;
    }
    let (name, now) = (change.name(), ctx.clock.now().into());
    let ended = match &change {
        Change::AccountDisable { id } | Change::AccountResetTotp { id } | Change::AccountResetPassword { id, .. } => {
            Some(WhoId::Account(id.clone()))
        }
        Change::PasskeyRemove { account, .. } => Some(WhoId::Account(account.clone())),
        Change::DeviceRevoke { id } => Some(WhoId::Device(id.clone())),
        _ => None,
    };
    let (done, whom) = if let Change::SessionEnd { id } = &change {
        let whose = ctx.auth.end(id).ok_or_else(|| Problem::from(refuse!(UnknownSession { id })))?;
        (Changed { id: id.clone(), ..Changed::default() }, whose.to_string())
    } else {
        let (accounts, wanted) = (ctx.auth.accounts.clone(), change.clone());
        let work = tokio::task::spawn_blocking(move || accounts.change(&wanted, now));
        let done = work.await.map_err(|e| Problem::from(refuse!(AccessNotKept { detail: e })))??;
        let whom = whom(&change, &done.id);
        (done, whom)
    };
    if let Some(ended) = ended {
        ctx.auth.end_all(&ended, None);
    }
    record(ctx, name, &whom, &who.id.to_string()).await;
    Ok(done)
}

/// What a change is about, as it stands on record.
fn whom(change: &Change, id: &str) -> String {
    match change {
        Change::AccountAdd { .. }
        | Change::AccountDisable { .. }
        | Change::AccountResetTotp { .. }
        | Change::AccountResetPassword { .. } => WhoId::Account(id.to_owned()).to_string(),
        Change::PasskeyRemove { account, .. } => format!("passkey {id} of {}", WhoId::Account(account.clone())),
        Change::DeviceAdd { functions } => functions.0.iter().map(ToString::to_string).collect::<Vec<_>>().join(", "),
        Change::DeviceRevoke { .. } => WhoId::Device(id.to_owned()).to_string(),
        Change::TokenAdd { .. } | Change::TokenRevoke { .. } => WhoId::Token(id.to_owned()).to_string(),
        Change::SessionEnd { .. } => format!("session {id}"),
    }
}

/// Each function is one of the plan.
async fn known(ctx: &Ctx, functions: &Functions) -> Result<(), Problem> {
    let named: Vec<_> = functions.0.iter().filter(|f| f.as_str() != Functions::EVERY).cloned().collect();
    ctx.handle.query(move |s, _| named.iter().try_for_each(|f| known_duty(s, f))).await?
}

/// Puts on record who came in, was refused, was let in or shut out. When nothing can be written it is in the log.
pub(super) async fn record(ctx: &Ctx, what: &str, whom: &str, by: &str) {
    tracing::info!(what, whom, by, "access");
    let access = Access { what: what.into(), whom: whom.into(), by: by.into() };
    if let Err(error) = ctx.handle.record_system(SystemRecord::Access(access)).await {
        tracing::warn!(%error, "that was not put on record");
    }
}
