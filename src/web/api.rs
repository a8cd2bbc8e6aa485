//! `/api/v1`: the same actions and views as the console, for the command line and other programs. JSON in and out; every
//! refusal is `{code, why, help}`.

use std::net::IpAddr;

use axum::body::Bytes;
use axum::extract::rejection::{BytesRejection, PathRejection, QueryRejection};
use axum::extract::{Path, Query, Request, State};
use axum::http::{HeaderMap, HeaderValue, StatusCode, header};
use axum::middleware::{self, Next};
use axum::response::Response;
use axum::routing::{get, post};
use axum::{Extension, Json, Router};
use serde::Deserialize;
use serde::de::DeserializeOwned;
use sha2::{Digest, Sha256};

use super::Ctx;
use super::access;
use super::auth::Denied;
use super::command::may;
use super::gateways;
use super::problem::Problem;
use super::records;
use super::serve::Peer;
use crate::accounts::{Right, Who};
use crate::api::{
    CommandDone, CommandRequest, DryRunRequest, DryRunView, GatewayView, IDEMPOTENCY_KEY, LogPart, StatusAnswer,
    VERSION, VERSION_HEADER,
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

/// Everything below `/api/v1`.
pub fn router(ctx: Ctx) -> Router<Ctx> {
    Router::new()
        .route("/commands", post(command))
        .route("/dry-runs", post(dry_run_of))
        .route("/status", get(status))
        .route("/incidents", get(incidents))
        .route("/incidents/{no}", get(incident))
        .route("/incidents/{no}/adopt", get(super::reload::adoption))
        .route("/reload", post(super::reload::reload))
        .route("/clock", get(super::reload::clock))
        .route("/clock/accept", post(super::reload::clock_accept))
        .route("/incidents/{no}/messages/{seq}/previews", get(previews))
        .route("/approvals", get(approvals))
        .route("/todo", get(todo))
        .route("/functions", get(functions))
        .route("/playbooks", get(playbooks))
        .route("/lists", get(lists))
        .route("/gateways", get(gateways::list))
        .route("/gateways/tests", get(gateways::tests))
        .route("/gateways/{id}/probe", post(gateways::probe))
        .route("/gateways/{id}/test", post(gateways::test))
        .route("/log", get(log))
        .route("/journal", get(journal))
        .route("/rehearsals", post(records::rehearsed))
        .route("/backups", post(records::backed_up))
        .route("/incidents/closed", get(records::closed_incidents))
        .route("/incidents/{no}/forget", post(records::forget))
        .route("/access", get(access::list))
        .route("/access", post(access::change))
        .layer(middleware::from_fn_with_state(ctx, token_asked))
}

/// A bearer, or the console's session for what only reads: a form of another page can't act here. What is not said to need less needs
/// the right to administer.
async fn token_asked(State(ctx): State<Ctx>, mut request: Request, next: Next) -> Response {
    let reads = request.method() == axum::http::Method::GET;
    let who = match admitted(&ctx, request.headers(), Peer::of(request.extensions()), reads) {
        Ok(who) => who,
        Err(problem) => return denied(problem),
    };
    if let Err(refused) = may(&who, needed(request.uri().path(), reads)) {
        return Problem::from(refused).answer(true);
    }
    request.extensions_mut().insert(who);
    let mut answer = next.run(request).await;
    answer.headers_mut().insert(VERSION_HEADER, HeaderValue::from_static(VERSION));
    answer
}

/// Which right a path asks for. What a command needs is looked at when it was read.
fn needed(path: &str, reads: bool) -> Right {
    match path.rsplit('/').next().unwrap_or("") {
        _ if reads => Right::Read,
        "commands" | "dry-runs" => Right::Read,
        "probe" | "test" => Right::Report,
        _ => Right::Administer,
    }
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

async fn command(
    State(ctx): State<Ctx>,
    Extension(who): Extension<Who>,
    headers: HeaderMap,
    body: Result<Bytes, BytesRejection>,
) -> Result<Json<CommandDone>, Problem> {
    let bytes = body.as_ref().map(Sha256::digest).unwrap_or_default();
    let CommandRequest { by, action, not_personal } = json(&headers, body)?;
    let key = headers.get(IDEMPOTENCY_KEY);
    let once = key.map(|key| command_id(&by, key.as_bytes(), &bytes)).transpose()?;
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

async fn dry_run_of(
    State(ctx): State<Ctx>,
    headers: HeaderMap,
    body: Result<Bytes, BytesRejection>,
) -> Result<Json<DryRunView>, Problem> {
    let DryRunRequest { by, report } = json(&headers, body)?;
    let seen = ctx
        .handle
        .query(move |state, meta| dry_run(state, &by, &report, meta.now).map(|f| DryRunView::of(state, f)))
        .await?;
    seen.map(Json).map_err(Problem::from)
}

pub(super) fn json<T: DeserializeOwned>(
    headers: &HeaderMap,
    body: Result<Bytes, BytesRejection>,
) -> Result<T, Problem> {
    let kind = headers.get(header::CONTENT_TYPE).and_then(|v| v.to_str().ok()).unwrap_or("");
    if !kind.split(';').next().unwrap_or("").trim().eq_ignore_ascii_case("application/json") {
        return Err(refuse!(NotJson).into());
    }
    let body = body.map_err(|e| too_large(e.status()))?;
    serde_json::from_slice(&body).map_err(Problem::input)
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
async fn journal(State(ctx): State<Ctx>) -> Result<Json<JournalView>, Problem> {
    look(&ctx, |_, m| journal_view(m)).await
}

async fn status(State(ctx): State<Ctx>) -> Result<Json<StatusAnswer>, Problem> {
    look(&ctx, |s, m| StatusAnswer {
        on_record: m.on_record,
        fictional: m.fictional,
        warnings: m.warnings,
        journal_seq: m.seq,
        journal: journal_view(m),
        status: view::status(s, m.now),
        alarms: m.board.alarms(),
        trouble: gateways::gateways_of(s, m).into_iter().filter(GatewayView::in_trouble).collect(),
        heartbeat: m.board.heartbeat(),
    })
    .await
}

async fn incidents(State(ctx): State<Ctx>) -> Result<Json<Vec<view::SummaryView>>, Problem> {
    look(&ctx, |s, m| {
        let status = view::status(s, m.now);
        status.open.into_iter().chain(status.closed).collect()
    })
    .await
}

async fn incident(
    State(ctx): State<Ctx>,
    path: Result<Path<String>, PathRejection>,
) -> Result<Json<view::IncidentView>, Problem> {
    let no = number(path)?;
    let found = ctx.handle.query(move |s, m| view::incident(s, no, m.now)).await?;
    found.map(Json).ok_or_else(|| no_incident(no))
}

pub(super) fn number(path: Result<Path<String>, PathRejection>) -> Result<IncidentNo, Problem> {
    let Path(text) = path.map_err(Problem::input)?;
    text.parse().map_err(|_| refuse!(UnknownIncidentUnread { typed: text }).into())
}

pub(super) fn no_incident(no: IncidentNo) -> Problem {
    refuse!(UnknownIncidentInMemory { incident: no }).into()
}

async fn previews(
    State(ctx): State<Ctx>,
    path: Result<Path<(String, u32)>, PathRejection>,
) -> Result<Json<view::PreviewsView>, Problem> {
    let Path((no, seq)) = path.map_err(Problem::input)?;
    let no = number(Ok(Path(no)))?;
    let found = ctx.handle.query(move |s, m| view::previews(s, no, seq, m.now)).await?;
    found.map(Json).ok_or_else(|| refuse!(UnknownNumberLook { message: format!("{no}-{seq}") }).into())
}

#[derive(Deserialize)]
struct As {
    #[serde(rename = "as")]
    by: FunctionId,
}

pub(super) fn known_duty(state: &Domain, by: &FunctionId) -> Result<(), Problem> {
    if state.plan.function_ix(by.as_str()).is_some() {
        return Ok(());
    }
    Err(refuse!(UnknownFunction { function: by }).into())
}

async fn approvals(
    State(ctx): State<Ctx>,
    query: Result<Query<As>, QueryRejection>,
) -> Result<Json<Vec<view::ApprovalView>>, Problem> {
    let Query(As { by }) = query.map_err(Problem::input)?;
    let found = ctx.handle.query(move |s, m| known_duty(s, &by).map(|()| view::approvals_for(s, &by, m.now))).await?;
    found.map(Json)
}

async fn todo(
    State(ctx): State<Ctx>,
    query: Result<Query<As>, QueryRejection>,
) -> Result<Json<view::TodoView>, Problem> {
    let Query(As { by }) = query.map_err(Problem::input)?;
    let found = ctx.handle.query(move |s, m| known_duty(s, &by).map(|()| view::todo_for(s, &by, m.now))).await?;
    found.map(Json)
}

async fn functions(State(ctx): State<Ctx>) -> Result<Json<Vec<view::FunctionView>>, Problem> {
    look(&ctx, |s, m| view::functions(s, m.now)).await
}

async fn playbooks(State(ctx): State<Ctx>) -> Result<Json<Vec<view::PlaybookView>>, Problem> {
    look(&ctx, |s, _| view::playbooks(s)).await
}

async fn lists(State(ctx): State<Ctx>) -> Result<Json<view::ListsView>, Problem> {
    look(&ctx, |s, m| view::lists(s, m.now)).await
}

#[derive(Deserialize)]
struct LogQuery {
    #[serde(default)]
    after: u64,
    incident: Option<String>,
}

async fn log(
    State(ctx): State<Ctx>,
    Extension(who): Extension<Who>,
    query: Result<Query<LogQuery>, QueryRejection>,
) -> Result<Json<LogPart>, Problem> {
    let Query(LogQuery { after, incident }) = query.map_err(Problem::input)?;
    let incident = incident.map(|no| number(Ok(Path(no)))).transpose()?;
    let (journal, forgotten) = (ctx.log.clone(), ctx.handle.query(|_, meta| forgotten_at(meta)).await?);
    let unreadable = |detail: String| Problem::from(refuse!(LogUnreadable { detail }));
    let actors = who.may(Right::Administer);
    match tokio::task::spawn_blocking(move || journal.read(after, incident, &forgotten, actors)).await {
        Ok(part) => part.map(Json).map_err(unreadable),
        Err(e) => Err(unreadable(e.to_string())),
    }
}
