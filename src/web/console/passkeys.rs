//! What pages need for passkeys: what an authenticator is to sign, and what one shows. Everything else goes by forms, as without script.

use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use axum::response::{IntoResponse, Redirect, Response};
use serde_json::json;

use super::{Fields, Guest, Visitor};
use crate::accounts::passkey::{Shown, base64url, from_base64url};
use crate::accounts::public_key::ALGORITHMS;
use crate::accounts::{Account, PasskeyView, WhoId, handle};
use crate::domain::incident::refused::{Refused, refuse};
use crate::domain::lang::Lang;
use crate::web::Ctx;
use crate::web::access::record;
use crate::web::auth::{Ceremony, Denied, Passkeys};
use crate::web::problem::Problem;
use crate::words::console as w;

/// `GET /sign-in/passkey`.
pub(super) async fn to_come_in(State(ctx): State<Ctx>, guest: Guest) -> Response {
    let Passkeys::Here(place) = ctx.auth.passkeys(&guest.headers) else {
        return StatusCode::NOT_FOUND.into_response();
    };
    match ctx.auth.challenge(&Ceremony::ComeIn, ctx.clock.now().into()) {
        Ok(challenge) => Json(json!({ "challenge": challenge, "rpId": place.rp_id })).into_response(),
        Err(_) => StatusCode::SERVICE_UNAVAILABLE.into_response(),
    }
}

/// `GET /account/passkey`.
pub(super) async fn to_add(State(ctx): State<Ctx>, visitor: Visitor, guest: Guest) -> Response {
    let (Passkeys::Here(place), WhoId::Account(id)) = (ctx.auth.passkeys(&guest.headers), &visitor.session.who.id)
    else {
        return StatusCode::NOT_FOUND.into_response();
    };
    let known = |account: &Account| {
        let credential = |hex_of: &str| base64url(&hex::decode(hex_of).unwrap_or_default());
        let known: Vec<String> = account.passkeys.iter().map(|p| credential(&p.credential)).collect();
        (base64url(&handle(account)), known)
    };
    let Some((user, known)) = ctx.auth.accounts.look(|book| book.account(id).map(known)) else {
        return StatusCode::NOT_FOUND.into_response();
    };
    match ctx.auth.challenge(&Ceremony::Add(id.clone()), ctx.clock.now().into()) {
        Ok(challenge) => Json(json!({
            "challenge": challenge, "rpId": place.rp_id, "user": user, "name": id, "known": known, "algorithms": ALGORITHMS,
        }))
        .into_response(),
        Err(_) => StatusCode::SERVICE_UNAVAILABLE.into_response(),
    }
}

/// Who shows a passkey on the sign-in page.
pub(super) async fn shown(ctx: &Ctx, guest: &Guest, fields: &Fields) -> Result<WhoId, (Option<String>, Denied)> {
    let Passkeys::Here(place) = ctx.auth.passkeys(&guest.headers) else { return Err((None, Denied::WrongPasskey)) };
    let bytes = |name: &str| from_base64url(fields.get(name)).ok_or((None, Denied::WrongPasskey));
    let shown = Shown {
        credential: bytes("credential")?,
        client: bytes("client")?,
        authenticator: bytes("authenticator")?,
        signature: bytes("signature")?,
        user: bytes("user")?,
    };
    ctx.auth.by_passkey(place, shown, guest.from, ctx.clock.now().into()).await
}

/// The passkeys of an account, as its page shows them.
pub(super) struct Section {
    /// They are good on this page; else what is said instead.
    pub here: Result<(), String>,
    pub all: Vec<PasskeyView>,
    /// What the next one may be called.
    pub label: String,
}

/// Those of the visitor; nothing of who has no account.
pub(super) fn section(ctx: &Ctx, visitor: &Visitor, guest: &Guest) -> Option<Section> {
    let WhoId::Account(id) = &visitor.session.who.id else { return None };
    let of = |account: &Account| account.passkeys.iter().map(PasskeyView::of).collect::<Vec<_>>();
    let all = ctx.auth.accounts.look(|book| book.account(id).map(of))?;
    let named = (1..).map(|n: usize| w::passkey_n(visitor.lang, n)).find(|l| !all.iter().any(|p| p.label == *l));
    let here = match ctx.auth.passkeys(&guest.headers) {
        Passkeys::Here(_) => Ok(()),
        elsewhere => Err(not_here(visitor.lang, &elsewhere)),
    };
    Some(Section { here, all, label: named.unwrap_or_default() })
}

/// Why there are none here, in a sentence.
fn not_here(lang: Lang, passkeys: &Passkeys) -> String {
    match passkeys {
        Passkeys::At(at) => w::passkey_only_at(lang, at),
        Passkeys::Here(_) | Passkeys::Nowhere => w::PASSKEY_NOWHERE.say(lang).to_owned(),
    }
}

/// What the sign-in page says: `Ok`: they are good here; `Err`: where they are, if anywhere.
pub(super) fn on_sign_in(ctx: &Ctx, guest: &Guest) -> Result<(), Option<String>> {
    match ctx.auth.passkeys(&guest.headers) {
        Passkeys::Here(_) => Ok(()),
        Passkeys::Nowhere => Err(None),
        elsewhere => Err(Some(not_here(guest.lang, &elsewhere))),
    }
}

/// Adds one to the visitor's account, whose password was right.
pub(super) async fn add(ctx: &Ctx, guest: &Guest, account: &str, fields: &Fields) -> Result<(), Problem> {
    let Passkeys::Here(place) = ctx.auth.passkeys(&guest.headers) else { return Err(refuse!(BadPasskey {}).into()) };
    let bytes = |name: &str| from_base64url(fields.get(name)).ok_or_else(|| refuse!(BadPasskey {}));
    let made = (bytes("client")?, bytes("attestation")?);
    let id = ctx.auth.add_passkey(place, account, fields.get("label"), made, ctx.clock.now().into()).await?;
    let who = WhoId::Account(account.to_owned()).to_string();
    record(ctx, "passkey-added", &format!("passkey {id} of {who}"), &who).await;
    Ok(())
}

/// Takes one of the visitor's away; the account's other sessions end.
pub(super) async fn remove(ctx: &Ctx, guest: &Guest, account: &str, id: &str) -> Result<Response, Refused> {
    let (accounts, of, which) = (ctx.auth.accounts.clone(), account.to_owned(), id.to_owned());
    let work = tokio::task::spawn_blocking(move || accounts.remove_passkey(&of, &which));
    work.await.unwrap_or_else(|_| Err(refuse!(TooSlow {})))?;
    let who = WhoId::Account(account.to_owned());
    ctx.auth.end_all(&who, Some(&guest.headers));
    record(ctx, "passkey-removed", &format!("passkey {id} of {who}"), &who.to_string()).await;
    Ok(Redirect::to("/account?done=ended").into_response())
}
