//! The way to the provider of the house and back. What goes wrong is said on the sign-in page, where password and code stand first.

use askama::Template;
use axum::extract::rejection::QueryRejection;
use axum::extract::{Query, State};
use axum::http::{HeaderName, StatusCode, header};
use axum::response::{AppendHeaders, IntoResponse, Redirect, Response};

use super::sign_in::{self, Frame, Next};
use super::{Guest, html, own_path};
use crate::accounts::WhoId;
use crate::domain::lang::Lang;
use crate::web::Ctx;
use crate::web::access::record;
use crate::web::auth::{clear_oidc_cookie, oidc_cookie, set_cookie, set_oidc_cookie};
use crate::web::oidc::{Back, Trouble};
use crate::words::console as w;

/// The page that leads on. A browser that is led here by another site sends no cookie of ours along further redirects (`SameSite`):
/// this page is ours, and what it leads to is asked for by it.
#[derive(Template)]
#[template(path = "oidc_in.html")]
struct InPage {
    frame: Frame,
    to: String,
}

/// `GET /sign-in/oidc`: to the provider.
pub(super) async fn begin(State(ctx): State<Ctx>, guest: Guest, query: Query<Next>) -> Response {
    let Some(provider) = ctx.auth.provider() else { return StatusCode::NOT_FOUND.into_response() };
    let next = own_path(&query.next);
    match provider.begin(next, ctx.clock.now().into()).await {
        Ok((to, kept)) => ([(header::SET_COOKIE, set_oidc_cookie(&kept))], Redirect::to(&to)).into_response(),
        Err(trouble) => told(&ctx, &guest, &trouble, next).await,
    }
}

/// `GET /sign-in/oidc/back`: from the provider.
pub(super) async fn back(State(ctx): State<Ctx>, guest: Guest, query: Result<Query<Back>, QueryRejection>) -> Response {
    let Some(provider) = ctx.auth.provider() else { return StatusCode::NOT_FOUND.into_response() };
    let now = ctx.clock.now().into();
    let kept = oidc_cookie(&guest.headers).unwrap_or("").to_owned();
    let ended = match query {
        Ok(Query(back)) => provider.end(&kept, &back, now).await,
        Err(_) => Err(Trouble::Lies),
    };
    let (who, next) = match ended {
        Ok(came) => came,
        Err(trouble) => {
            if let Trouble::NoGroup(id) = &trouble {
                sign_in::refusal_on_record(&ctx, &id.to_string()).await;
            }
            return told(&ctx, &guest, &trouble, "/").await;
        }
    };
    let id = who.id.clone();
    let Ok(session) = ctx.auth.sign_in_as(who, now) else { return StatusCode::SERVICE_UNAVAILABLE.into_response() };
    ctx.auth.sign_out(&guest.headers);
    record(&ctx, "signed-in", &id.to_string(), &id.to_string()).await;
    let to = sign_in::led_to(&ctx, &guest, &session, None, own_path(&next));
    let frame = match sign_in::frame(&ctx, guest.lang, None).await {
        Ok(frame) => frame,
        Err(gone) => return gone,
    };
    (cookies([set_cookie(&session), clear_oidc_cookie()]), html(&InPage { frame, to })).into_response()
}

fn cookies<const N: usize>(all: [String; N]) -> AppendHeaders<[(HeaderName, String); N]> {
    AppendHeaders(all.map(|cookie| (header::SET_COOKIE, cookie)))
}

/// The sign-in page, with what went wrong.
async fn told(ctx: &Ctx, guest: &Guest, trouble: &Trouble, next: &str) -> Response {
    let name = ctx.auth.provider().map_or("", |p| p.name());
    let (status, text) = said(guest.lang, name, trouble);
    let page = sign_in::again(ctx, guest, next, text).await;
    (status, cookies([clear_oidc_cookie()]), page).into_response()
}

fn said(lang: Lang, name: &str, trouble: &Trouble) -> (StatusCode, String) {
    match trouble {
        Trouble::Down => (StatusCode::SERVICE_UNAVAILABLE, w::oidc_down(lang, name)),
        Trouble::Lies => (StatusCode::BAD_GATEWAY, w::oidc_lies(lang, name)),
        Trouble::Stopped => (StatusCode::FORBIDDEN, w::oidc_stopped(lang, name)),
        Trouble::Over => (StatusCode::FORBIDDEN, w::oidc_over(lang, name)),
        Trouble::NoGroup(WhoId::Account(id)) => (StatusCode::FORBIDDEN, w::oidc_no_group(lang, name, id)),
        Trouble::NoGroup(id) => (StatusCode::FORBIDDEN, w::oidc_no_group(lang, name, id)),
    }
}
