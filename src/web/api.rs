//! `/api/v1`: the same actions and views as the console, for the command line and other programs. JSON in and out; every
//! refusal is a problem ([`crate::api::Refusal`]). Which path leads where: [`super::operations`].

use std::net::IpAddr;

use axum::extract::{Request, State};
use axum::http::{HeaderMap, StatusCode, header};
use axum::middleware::Next;
use axum::response::Response;
use axum::{Extension, Json};
use schemars::JsonSchema;
use serde::Deserialize;
use sha2::{Digest, Sha256};

use super::Ctx;
use super::asked::{Asked, Body, InPath, Key};
use super::auth::Denied;
use super::command::may;
use super::gateways;
use super::problem::Problem;
use super::serve::Peer;
use crate::accounts::{Right, Who};
use crate::api::{
    ClusterView, CommandDone, CommandRequest, DryRunRequest, DryRunView, GatewayView, LogPart, StatusAnswer,
};
use crate::dispatch::engine::{Done, Meta};
use crate::dispatch::forgotten::forgotten_at;
use crate::dispatch::journal_view::{JournalView, journal_view};
use crate::domain::ids::{FunctionId, IncidentNo, MessageNo};
use crate::domain::incident::decide::{DryRun, dry_run};
use crate::domain::incident::event::{made, opened};
use crate::domain::incident::input::CommandId;
use crate::domain::incident::refused::refuse;
use crate::domain::incident::state::State as Domain;
use crate::domain::view::{self, RungView};

/// What a request has to pass to come to an operation.
#[derive(Clone)]
pub(super) struct Gate {
    pub ctx: Ctx,
    /// Who has it not is refused.
    pub right: Right,
    /// The operation only reads.
    pub reads: bool,
}

/// A bearer, or the console's session for what only reads: a form of another page can't act here.
pub(super) async fn token_asked(State(gate): State<Gate>, mut request: Request, next: Next) -> Response {
    let who = match admitted(&gate.ctx, request.headers(), Peer::of(request.extensions()), gate.reads) {
        Ok(who) => who,
        Err(problem) => return denied(problem),
    };
    if let Err(refused) = may(&who, gate.right) {
        return Problem::from(refused).answer(true);
    }
    request.extensions_mut().insert(who);
    next.run(request).await
}

/// Who a request is of, if it may come in.
pub(super) fn admitted(ctx: &Ctx, headers: &HeaderMap, from: Option<IpAddr>, reads: bool) -> Result<Who, Denied> {
    let now = ctx.clock.now().into();
    match ctx.auth.bearer(headers, from, now) {
        Some(result) => result,
        None if reads => ctx.auth.session(headers, now).map(|s| s.who).ok_or(Denied::Wrong),
        None => Err(Denied::Wrong),
    }
}

pub(super) fn denied(why: Denied) -> Response {
    let refused = match why {
        Denied::TooMany(_) => refuse!(TooManyTries),
        _ => refuse!(NoToken),
    };
    let mut response = Problem::from(refused).answer(true);
    let value = match why {
        Denied::TooMany(seconds) => Some((header::RETRY_AFTER, seconds.to_string())),
        _ => Some((header::WWW_AUTHENTICATE, "Bearer".to_owned())),
    };
    if let Some((name, value)) = value
        && let Ok(value) = value.parse()
    {
        response.headers_mut().insert(name, value);
    }
    response
}

impl CommandDone {
    /// What a command did, from its events.
    pub fn of(done: &Done) -> Self {
        let (incident, seq) = made(&done.events);
        let message = incident.zip(seq).map(|(incident, seq)| MessageNo { incident, seq });
        let events = done.events.iter().map(|e| e.name().into()).collect();
        let playbook = opened(&done.events).cloned();
        Self { on_record: done.on_record, incident, message, playbook, events }
    }
}

pub(super) async fn command(
    State(ctx): State<Ctx>,
    Extension(who): Extension<Who>,
    Key(key): Key,
    Body(CommandRequest { by, action, not_personal }, bytes): Body<CommandRequest>,
) -> Result<Json<CommandDone>, Problem> {
    let once = key.map(|key| command_id(&by, key.as_bytes(), &Sha256::digest(&bytes))).transpose()?;
    let done = super::command::command(&ctx, &who, by, action, once, not_personal).await?;
    Ok(Json(CommandDone::of(&done)))
}

/// So long is a key of a command at most, in bytes.
const KEY_BYTES_MAX: usize = 255;

/// The key is the sender's own (draft-ietf-httpapi-idempotency-key-header, section 2): two duties may choose the same.
pub(super) fn command_id(by: &FunctionId, key: &[u8], body: &[u8]) -> Result<CommandId, Problem> {
    if key.is_empty() || key.len() > KEY_BYTES_MAX || !key.iter().all(|b| (b' '..=b'~').contains(b)) {
        return Err(refuse!(BadKey).into());
    }
    let hash = Sha256::new().chain_update(by.as_str()).chain_update([0]).chain_update(key).finalize();
    let mut id = CommandId { key: [0; 16], body: [0; 8] };
    id.key.iter_mut().zip(&hash).for_each(|(to, from)| *to = *from);
    id.body.iter_mut().zip(body).for_each(|(to, from)| *to = *from);
    Ok(id)
}

impl DryRunView {
    /// With the mode's name.
    pub fn of(state: &Domain, f: DryRun) -> Self {
        let mode = state.plan.ladders.mode_at(f.mode);
        Self {
            playbook: f.playbook,
            mode: RungView {
                rung: f.mode.0,
                id: mode.map_or_else(String::new, |m| m.id.clone()),
                label: mode.map(|m| m.label.clone()).unwrap_or_default(),
            },
            sites: f.sites,
            duties: f.duties,
            deliveries: f.deliveries,
            waiting: f.waiting,
        }
    }
}

pub(super) async fn dry_run_of(
    State(ctx): State<Ctx>,
    Body(DryRunRequest { by, report }, _): Body<DryRunRequest>,
) -> Result<Json<DryRunView>, Problem> {
    let seen = ctx
        .handle
        .query(move |state, meta| dry_run(state, &by, &report, meta.now).map(|f| DryRunView::of(state, f)))
        .await?;
    seen.map(Json).map_err(Problem::from)
}

pub(super) fn too_large(status: StatusCode) -> Problem {
    Problem::new(status, refuse!(TooLarge))
}

/// Looks at the state and answers with what was seen.
async fn look<T, F>(ctx: &Ctx, look: F) -> Result<Json<T>, Problem>
where
    T: Send + 'static,
    F: FnOnce(&Domain, &Meta) -> T + Send + 'static,
{
    Ok(Json(ctx.handle.query(look).await?))
}

/// How the journal is: copies, seals, rehearsal.
pub(super) async fn journal(State(ctx): State<Ctx>) -> Result<Json<JournalView>, Problem> {
    look(&ctx, |_, m| journal_view(m)).await
}

/// How the nodes of a cluster stand, as this one sees it. Asked of the board alone: it answers while the loop does not.
pub(super) async fn cluster(State(ctx): State<Ctx>) -> Result<Json<ClusterView>, Problem> {
    Ok(Json(ClusterView { cluster: ctx.handle.board().cluster() }))
}

pub(super) async fn status(State(ctx): State<Ctx>) -> Result<Json<StatusAnswer>, Problem> {
    look(&ctx, |s, m| StatusAnswer {
        on_record: m.on_record,
        fictional: m.fictional,
        training: m.board.is_training(),
        warnings: m.warnings,
        journal_seq: m.seq,
        journal: journal_view(m),
        status: view::status(s, m.now),
        alarms: m.board.alarms(),
        trouble: gateways::gateways_of(s, m).into_iter().filter(GatewayView::in_trouble).collect(),
        heartbeat: m.board.heartbeat(),
        webhooks: m.board.webhooks(),
    })
    .await
}

pub(super) async fn incidents(State(ctx): State<Ctx>) -> Result<Json<Vec<view::SummaryView>>, Problem> {
    look(&ctx, |s, m| {
        let status = view::status(s, m.now);
        status.open.into_iter().chain(status.closed).collect()
    })
    .await
}

pub(super) async fn incident(
    State(ctx): State<Ctx>,
    InPath(path): InPath<InIncident>,
) -> Result<Json<view::IncidentView>, Problem> {
    let no = path.no()?;
    let found = ctx.handle.query(move |s, m| view::incident(s, no, m.now)).await?;
    found.map(Json).ok_or_else(|| no_incident(no))
}

/// An incident in a path.
#[derive(Deserialize, JsonSchema)]
pub(super) struct InIncident {
    /// The number of an incident: `14`, `X-3` for a drill.
    no: String,
}

impl InIncident {
    /// The number.
    ///
    /// # Errors
    /// It is none.
    pub(super) fn no(&self) -> Result<IncidentNo, Problem> {
        number(&self.no)
    }
}

fn number(typed: &str) -> Result<IncidentNo, Problem> {
    typed.parse().map_err(|_| refuse!(UnknownIncidentUnread { typed }).into())
}

pub(super) fn no_incident(no: IncidentNo) -> Problem {
    refuse!(UnknownIncidentInMemory { incident: no }).into()
}

pub(super) async fn previews(
    State(ctx): State<Ctx>,
    InPath(InMessage { no, seq }): InPath<InMessage>,
) -> Result<Json<view::PreviewsView>, Problem> {
    let no = number(&no)?;
    let found = ctx.handle.query(move |s, m| view::previews(s, no, seq, m.now)).await?;
    found.map(Json).ok_or_else(|| refuse!(UnknownNumberLook { message: format!("{no}-{seq}") }).into())
}

/// A message in a path.
#[derive(Deserialize, JsonSchema)]
pub(super) struct InMessage {
    /// The number of an incident: `14`, `X-3` for a drill.
    no: String,
    /// Which of its messages, counted from 1.
    seq: u32,
}

/// Whose view it is.
#[derive(Deserialize, JsonSchema)]
pub(super) struct As {
    /// The duty that looks.
    #[serde(rename = "as")]
    by: FunctionId,
}

pub(super) fn known_duty(state: &Domain, by: &FunctionId) -> Result<(), Problem> {
    if state.plan.function_ix(by.as_str()).is_some() {
        return Ok(());
    }
    Err(refuse!(UnknownFunction { function: by }).into())
}

pub(super) async fn approvals(
    State(ctx): State<Ctx>,
    Asked(As { by }): Asked<As>,
) -> Result<Json<Vec<view::ApprovalView>>, Problem> {
    let found = ctx.handle.query(move |s, m| known_duty(s, &by).map(|()| view::approvals_for(s, &by, m.now))).await?;
    found.map(Json)
}

pub(super) async fn todo(State(ctx): State<Ctx>, Asked(As { by }): Asked<As>) -> Result<Json<view::TodoView>, Problem> {
    let found = ctx.handle.query(move |s, m| known_duty(s, &by).map(|()| view::todo_for(s, &by, m.now))).await?;
    found.map(Json)
}

pub(super) async fn functions(State(ctx): State<Ctx>) -> Result<Json<Vec<view::FunctionView>>, Problem> {
    look(&ctx, |s, m| view::functions(s, m.now)).await
}

pub(super) async fn playbooks(State(ctx): State<Ctx>) -> Result<Json<Vec<view::PlaybookView>>, Problem> {
    look(&ctx, |s, _| view::playbooks(s)).await
}

pub(super) async fn lists(State(ctx): State<Ctx>) -> Result<Json<view::ListsView>, Problem> {
    look(&ctx, |s, m| view::lists(s, m.now)).await
}

/// Which part of the log.
#[derive(Deserialize, JsonSchema)]
pub(super) struct LogQuery {
    /// Records after this number; from the first when it is left out.
    #[serde(default)]
    after: u64,
    /// Of this incident alone.
    incident: Option<String>,
}

pub(super) async fn log(
    State(ctx): State<Ctx>,
    Extension(who): Extension<Who>,
    Asked(LogQuery { after, incident }): Asked<LogQuery>,
) -> Result<Json<LogPart>, Problem> {
    let incident = incident.map(|no| number(&no)).transpose()?;
    let (journal, forgotten) = (ctx.log.clone(), ctx.handle.query(|_, meta| forgotten_at(meta)).await?);
    let unreadable = |detail: String| Problem::from(refuse!(LogUnreadable { detail }));
    let actors = who.may(Right::Administer);
    match tokio::task::spawn_blocking(move || journal.read(after, incident, &forgotten, actors)).await {
        Ok(part) => part.map(Json).map_err(unreadable),
        Err(e) => Err(unreadable(e.to_string())),
    }
}
