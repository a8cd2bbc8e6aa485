//! What goes on record about the journal itself, over the API: rehearsals of the restore, backups, and what is forgotten.

use axum::extract::State;
use axum::{Extension, Json};

use super::Ctx;
use super::api::InIncident;
use super::asked::{Body, InPath};
use super::command::may_act;
use super::problem::Problem;
use crate::accounts::Who;
use crate::api::{CommandDone, ForgetDone, ForgetRequest};
use crate::dispatch::forgotten::{ClosedView, backups_of, closed};
use crate::dispatch::system_record::{BackedUp, Forgotten, Rehearsal, SystemRecord};
use crate::domain::incident::refused::refuse;
use crate::domain::incident::typed::none_in;
use crate::journal::Head;

/// A rehearsal of the restore ended; it goes on record.
pub(super) async fn rehearsed(
    State(ctx): State<Ctx>,
    Body(rehearsal, _): Body<Rehearsal>,
) -> Result<Json<CommandDone>, Problem> {
    let done = ctx.handle.record_system(SystemRecord::Rehearsed(rehearsal)).await?;
    Ok(Json(CommandDone { events: vec!["restore-rehearsed".into()], ..CommandDone::of(&done) }))
}

/// A backup of this journal was written; it goes on record.
pub(super) async fn backed_up(
    State(ctx): State<Ctx>,
    Body(backup, _): Body<BackedUp>,
) -> Result<Json<CommandDone>, Problem> {
    let (log, head) = (ctx.log.clone(), Head { seq: backup.seq, hash: backup.hash });
    if !tokio::task::spawn_blocking(move || log.holds(head)).await.unwrap_or(false) {
        return Err(refuse!(AnotherJournal).into());
    }
    let done = ctx.handle.record_system(SystemRecord::BackedUp(backup)).await?;
    Ok(Json(CommandDone { events: vec!["backed-up".into()], ..CommandDone::of(&done) }))
}

/// What is private of a closed incident is forgotten.
pub(super) async fn forget(
    State(ctx): State<Ctx>,
    Extension(who): Extension<Who>,
    InPath(path): InPath<InIncident>,
    Body(ForgetRequest { by, reason, not_personal }, _): Body<ForgetRequest>,
) -> Result<Json<ForgetDone>, Problem> {
    let incident = path.no()?;
    may_act(&who, &by)?;
    if !not_personal {
        none_in("reason", &reason)?;
    }
    let done = ctx.handle.forget(Forgotten { incident, by: Some(by), reason }).await?;
    let backups = ctx.handle.query(move |state, meta| backups_of(state, meta, incident)).await?;
    Ok(Json(ForgetDone { on_record: done.on_record, incident, backups }))
}

/// All incidents that are closed.
pub(super) async fn closed_incidents(State(ctx): State<Ctx>) -> Result<Json<Vec<ClosedView>>, Problem> {
    Ok(Json(ctx.handle.query(closed).await?))
}
