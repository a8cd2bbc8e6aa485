//! What people see in a browser, and what programs ask: the public page, answer links, the console, the API.
//!
//! Two listeners that share nothing but the loop: [`public`] is prebuilt pages and what acts by a key; the one of [`router`]
//! is the console and the API behind a token, on loopback unless configured otherwise. Everything shown is a
//! [`crate::domain::view`]; everything done is an [`crate::domain::incident::input::Action`] with an acting function.
//! Nothing here decides a rule, and no page needs script: the one that there is keeps pages true while they are looked at.

use std::sync::Arc;

use axum::Router;
use axum::extract::{DefaultBodyLimit, Request, State};
use axum::http::{HeaderValue, Method, header};
use axum::middleware::{self, Next};
use axum::response::{IntoResponse, Response};
use axum::routing::get;

use crate::clock::SharedClock;
use crate::dispatch::engine::Handle;
use crate::domain::incident::refused::refuse;
use problem::Problem;

mod access;
mod addresses;
mod after;
pub mod answer;
pub mod api;
mod approve_link;
mod asked;
pub mod auth;
mod command;
mod console;
mod difference;
pub mod door;
mod drills;
pub mod events;
mod feedback_link;
pub mod feeds;
pub mod gateways;
pub mod log;
mod metrics;
pub mod oidc;
mod open_metrics;
pub mod openapi;
mod operations;
pub mod page;
mod phone;
mod places;
pub mod problem;
pub mod proxies;
pub mod public;
pub mod publication;
mod records;
pub mod reload;
mod serve;
pub mod tls;

pub use console::Drafts;
pub use serve::serve;

/// Largest body that the console's listener reads: a text in several languages fits many times.
pub const BODY_BYTES_MAX: usize = 64 * 1024;

/// What the console and the API need. Cheap to clone.
#[derive(Clone)]
pub struct Ctx {
    pub handle: Handle,
    /// Who may come in.
    pub auth: Arc<auth::Auth>,
    pub clock: SharedClock,
    /// The journal, for `/api/v1/log`.
    pub log: Arc<dyn log::Log>,
    /// Reports that somebody has begun.
    pub drafts: Arc<Drafts>,
    /// Reads the configuration anew.
    pub reload: Arc<dyn reload::Reload>,
}

impl std::fmt::Debug for Ctx {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Ctx(…)")
    }
}

/// Console, API, health and metrics.
pub fn router(ctx: Ctx) -> Router {
    Router::new()
        .route("/healthz", get(|| async { "ok\n" }))
        .route("/readyz", get(metrics::ready))
        .route("/metrics", get(metrics::metrics))
        .nest("/api/v1", operations::router(&ctx))
        .merge(console::router(ctx.clone()))
        .fallback(unknown_path)
        .method_not_allowed_fallback(unknown_method)
        .layer(middleware::from_fn_with_state(ctx.clone(), device))
        .layer(middleware::from_fn_with_state(ctx.clone(), named_cookie))
        .layer(middleware::from_fn(protect))
        .layer(middleware::from_fn(problem::in_their_language))
        .layer(middleware::from_fn_with_state(ctx.clone(), problem::marked))
        .layer(DefaultBodyLimit::max(BODY_BYTES_MAX))
        .layer(middleware::from_fn(wholly))
        .with_state(ctx)
}

/// Lets in a request that names its host, when all of it is here: whoever sends half of one is not waited for.
async fn wholly(request: Request, next: Next) -> Response {
    let program = is_program(&request);
    if !serve::names_its_host(request.version(), request.headers()) {
        return Problem::from(refuse!(NoHost)).answer(program);
    }
    match serve::whole(request, console::SIGN_IN_BODIES * BODY_BYTES_MAX).await {
        Some(request) => next.run(request).await,
        None => Problem::from(refuse!(TooSlow)).answer(program),
    }
}

async fn unknown_path(request: Request) -> Response {
    Problem::from(refuse!(UnknownPath)).answer(is_program(&request))
}

async fn unknown_method(request: Request) -> Response {
    Problem::from(refuse!(UnknownMethod)).answer(is_program(&request))
}

fn is_program(request: &Request) -> bool {
    !console::is_browser(request.uri().path(), request.headers())
}

async fn named_cookie(State(ctx): State<Ctx>, request: Request, next: Next) -> Response {
    auth::by_transport(ctx.handle.board().is_training(), request, next).await
}

/// A duty device that is used lasts longer, and one whose time is over goes on as long as an incident is open.
async fn device(State(ctx): State<Ctx>, request: Request, next: Next) -> Response {
    let now = ctx.clock.now().into();
    if let Some(id) = ctx.auth.device_over(request.headers(), now)
        && ctx.handle.query(|state, _| state.open().next().is_some()).await.unwrap_or(false)
    {
        ctx.auth.accounts.used(&id, now);
    }
    let cookie = ctx.auth.device_used(request.headers(), now);
    let mut response = next.run(request).await;
    if let Some(cookie) = cookie.and_then(|c| HeaderValue::from_str(&c).ok())
        && !response.headers().contains_key(header::SET_COOKIE)
    {
        response.headers_mut().insert(header::SET_COOKIE, cookie);
    }
    response
}

/// Headers that keep a browser from doing anything that a page of ours does not need: no script but our one, no frames, nothing
/// from elsewhere. Also what a page says is not kept by any cache.
async fn protect(request: Request, next: Next) -> Response {
    // A page of another origin can't act even in a browser that forgot what SameSite means.
    let foreign = request.headers().get("sec-fetch-site").is_some_and(|v| v == "cross-site");
    if (foreign || !serve::is_own_origin(request.headers())) && request.method() == Method::POST {
        tracing::warn!("a form of another site was refused");
        return Problem::from(refuse!(CrossSite)).answer(is_program(&request));
    }
    let mut response = next.run(request).await.into_response();
    let headers = response.headers_mut();
    let set = [
        (header::X_CONTENT_TYPE_OPTIONS, "nosniff"),
        (header::X_FRAME_OPTIONS, "DENY"),
        (header::REFERRER_POLICY, "same-origin"),
        (
            header::CONTENT_SECURITY_POLICY,
            "default-src 'none'; script-src 'self'; connect-src 'self'; style-src 'self'; img-src 'self' data:; \
             form-action 'self'; frame-ancestors 'none'; base-uri 'none'",
        ),
    ];
    for (name, value) in set {
        headers.insert(name, HeaderValue::from_static(value));
    }
    if !headers.contains_key(header::CACHE_CONTROL) {
        headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
    }
    response
}
