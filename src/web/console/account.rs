//! One's own sign-in, and for who administers all of them: sessions, duty devices, accounts, tokens. A link for a new duty device is shown
//! once, as an address and as a QR code.

use std::collections::BTreeSet;

use askama::Template;
use axum::extract::rejection::FormRejection;
use axum::extract::{Form, Query, State};
use axum::http::{HeaderMap, header};
use axum::response::{IntoResponse, Redirect, Response};

use super::form_words::form_words;
use super::overview::Did;
use super::sign_in::{Qr, names, said};
use super::ui::Ui;
use super::{PASSKEY_SCRIPT_PATH, Visitor, gone, html, passkeys, refused};
use crate::accounts::{AccessView, Change, Changed, Functions, Right, SessionView, WhoId};
use crate::domain::ids::FunctionId;
use crate::domain::time::At;
use crate::domain::view;
use crate::web::Ctx;
use crate::web::access::{changed, record};
use crate::web::problem::Problem;
use crate::words::console as w;

/// Where it is.
const PATH: &str = "/account";

form_words! {
    /// The buttons of the page.
    enum Wanted {
        /// A session ends.
        End = "end",
        /// A device comes in no more.
        Revoke = "revoke",
        /// An account comes in no more.
        Disable = "disable",
        /// A token comes in no more.
        RevokeToken = "revoke-token",
        /// A link for a new duty device.
        Device = "device",
        /// Another password.
        Password = "password",
        /// One more passkey.
        PasskeyAdd = "passkey-add",
        /// A passkey lets in no more.
        PasskeyEnd = "passkey-end",
    }
}

#[derive(Template)]
#[template(path = "account.html")]
struct AccountPage {
    ui: Ui,
    /// Which session this is.
    this: String,
    /// What one may, and for which functions.
    rights: String,
    functions: Vec<String>,
    /// One has a password, and may have passkeys.
    passkeys: Option<passkeys::Section>,
    /// When this device ends.
    device: Option<At>,
    own: Vec<SessionView>,
    /// For who administers.
    all: Option<AccessView>,
    sites: Vec<(String, Vec<view::FunctionView>)>,
}

impl AccountPage {
    fn words(&self, rights: &BTreeSet<Right>) -> String {
        rights_said(&self.ui, rights)
    }
    fn passkey_script(&self) -> &'static str {
        PASSKEY_SCRIPT_PATH.as_str()
    }
    fn duties(&self, functions: &Functions) -> String {
        let said = |f: &FunctionId| match f.as_str() {
            Functions::EVERY => self.ui.t(w::EVERY_FUNCTION).to_owned(),
            _ => self.ui.name(f),
        };
        functions.0.iter().map(said).collect::<Vec<_>>().join(", ")
    }
}

fn rights_said(ui: &Ui, rights: &BTreeSet<Right>) -> String {
    let word = |right: &Right| {
        ui.t(match right {
            Right::Read => w::RIGHT_READ,
            Right::Answer => w::RIGHT_ANSWER,
            Right::Report => w::RIGHT_REPORT,
            Right::Approve => w::RIGHT_APPROVE,
            Right::Decide => w::RIGHT_DECIDE,
            Right::AllClear => w::RIGHT_ALL_CLEAR,
            Right::Administer => w::RIGHT_ADMINISTER,
        })
    };
    rights.iter().map(word).collect::<Vec<_>>().join(", ")
}

pub(super) async fn page(State(ctx): State<Ctx>, visitor: Visitor, guest: super::Guest, did: Query<Did>) -> Response {
    let seen = visitor.look(&ctx, |s, m, _| (view::functions(s, m.now), s.plan.region.sites.clone())).await;
    let (mut ui, (functions, sites)) = match seen {
        Ok(seen) => seen,
        Err(e) => return gone(e),
    };
    ui.done = match did.done.as_str() {
        "ended" => Some(ui.t(w::DONE_ENDED).to_owned()),
        "password" => Some(ui.t(w::DONE_PASSWORD).to_owned()),
        "passkey" => Some(ui.t(w::DONE_PASSKEY).to_owned()),
        _ => None,
    };
    let (now, who) = (ctx.clock.now().into(), &visitor.session.who);
    let sessions = ctx.auth.sessions(now);
    let own = sessions.iter().filter(|s| s.who == who.id.to_string()).cloned().collect();
    let all = who.may(Right::Administer).then(|| AccessView { sessions, ..ctx.auth.accounts.view(now) });
    let device = match &who.id {
        WhoId::Device(id) => {
            ctx.auth.accounts.look(|book| book.devices.iter().find(|d| d.id == *id).map(crate::accounts::Device::ends))
        }
        _ => None,
    };
    let sites = sites
        .iter()
        .map(|s| (ui.l(&s.name).to_owned(), functions.iter().filter(|f| f.site == s.id).cloned().collect()))
        .filter(|(_, list): &(_, Vec<_>)| !list.is_empty())
        .collect();
    let rights = rights_said(&ui, &who.rights);
    let named = names(&ctx, visitor.lang, &who.functions).await;
    let passkeys = passkeys::section(&ctx, &visitor, &guest);
    let this = visitor.session.id.clone();
    html(&AccountPage { ui, this, rights, functions: named, passkeys, device, own, all, sites })
}

#[derive(Template)]
#[template(path = "device_link.html")]
struct LinkPage {
    ui: Ui,
    link: String,
    until: At,
    functions: Vec<String>,
}

impl LinkPage {
    fn qr(&self) -> Option<Qr> {
        Qr::of(&self.link)
    }
}

pub(super) async fn posted(
    State(ctx): State<Ctx>,
    visitor: Visitor,
    guest: super::Guest,
    headers: HeaderMap,
    form: Result<Form<Vec<(String, String)>>, FormRejection>,
) -> Response {
    let read = visitor.fields(form).and_then(|fields| Ok((fields.word::<Wanted>("do")?, fields)));
    let (wanted, fields) = match read {
        Ok(read) => read,
        Err(problem) => return refused(&ctx, &visitor, problem, PATH).await,
    };
    let who = &visitor.session.who;
    let (id, now) = (fields.get("id").to_owned(), ctx.clock.now().into());
    let change = match wanted {
        Wanted::End => {
            let own = ctx.auth.sessions(now).into_iter().any(|s| s.id == id && s.who == who.id.to_string());
            if own {
                ctx.auth.end(&id);
                record(&ctx, "session-ended", &format!("session {id}"), &who.id.to_string()).await;
                return Redirect::to("/account?done=ended").into_response();
            }
            Change::SessionEnd { id }
        }
        Wanted::Revoke => Change::DeviceRevoke { id },
        Wanted::Disable => Change::AccountDisable { id },
        Wanted::RevokeToken => Change::TokenRevoke { id },
        Wanted::Device => {
            let functions = Functions(fields.all("function").map(FunctionId::from).collect());
            Change::DeviceAdd { functions }
        }
        Wanted::PasskeyAdd => return add_passkey(&ctx, &visitor, &guest, &fields).await,
        Wanted::PasskeyEnd => {
            let WhoId::Account(account) = &who.id else { return Redirect::to(PATH).into_response() };
            return match passkeys::remove(&ctx, &guest, account, &id).await {
                Ok(done) => done,
                Err(refusal) => refused(&ctx, &visitor, refusal.into(), PATH).await,
            };
        }
        Wanted::Password => return password(&ctx, &visitor, &guest, &headers, &fields).await,
    };
    let functions = match &change {
        Change::DeviceAdd { functions } => functions.clone(),
        _ => Functions::default(),
    };
    match changed(&ctx, who, change).await {
        Ok(Changed { path: Some(path), until: Some(until), .. }) => {
            let functions = names(&ctx, visitor.lang, &functions).await;
            match visitor.look(&ctx, |_, _, _| ()).await {
                Ok((ui, ())) => html(&LinkPage { ui, link: format!("{}{path}", here(&headers)), until, functions }),
                Err(e) => gone(e),
            }
        }
        Ok(_) => Redirect::to("/account?done=ended").into_response(),
        Err(problem) => refused(&ctx, &visitor, problem, PATH).await,
    }
}

/// How the browser that asks reaches this server: as it says itself, and that was looked at.
fn here(headers: &HeaderMap) -> String {
    let said = |name| headers.get(name).and_then(|v| v.to_str().ok()).map(str::to_owned);
    let host = || format!("http://{}", said(header::HOST).unwrap_or_default());
    said(header::ORIGIN).unwrap_or_else(host)
}

/// One more passkey: the password is asked for, so that who finds a session open can't stay.
async fn add_passkey(ctx: &Ctx, visitor: &Visitor, guest: &super::Guest, fields: &super::Fields) -> Response {
    let WhoId::Account(account) = &visitor.session.who.id else { return Redirect::to(PATH).into_response() };
    let typed = fields.0.iter().find(|(n, _)| n == "password").map_or("", |(_, v)| v.as_str());
    if let Err(why) = ctx.auth.is_password(account, typed, guest.from, ctx.clock.now().into()).await {
        return wrong_password(ctx, visitor, why).await;
    }
    match passkeys::add(ctx, guest, account, fields).await {
        Ok(()) => Redirect::to("/account?done=passkey").into_response(),
        Err(problem) => refused(ctx, visitor, problem, PATH).await,
    }
}

async fn wrong_password(ctx: &Ctx, visitor: &Visitor, why: crate::web::auth::Denied) -> Response {
    let (status, _) = said(visitor.lang, why);
    let problem = Problem::new(status, crate::domain::incident::refused::refuse!(WrongPassword {}));
    refused(ctx, visitor, problem, PATH).await
}

/// Another password: the old one is asked for, and every other session of the account ends.
async fn password(
    ctx: &Ctx,
    visitor: &Visitor,
    guest: &super::Guest,
    headers: &HeaderMap,
    fields: &super::Fields,
) -> Response {
    let typed = |name: &str| fields.0.iter().find(|(n, _)| n == name).map_or("", |(_, v)| v.as_str()).to_owned();
    let WhoId::Account(id) = visitor.session.who.id.clone() else {
        return Redirect::to(PATH).into_response();
    };
    let now = ctx.clock.now().into();
    if let Err(why) = ctx.auth.is_password(&id, &typed("password"), guest.from, now).await {
        return wrong_password(ctx, visitor, why).await;
    }
    let (accounts, of, new) = (ctx.auth.accounts.clone(), id.clone(), typed("new"));
    let kept = tokio::task::spawn_blocking(move || accounts.new_password(&of, &new)).await;
    match kept {
        Ok(Ok(())) => {
            ctx.auth.end_all(&visitor.session.who.id, Some(headers));
            let who = visitor.session.who.id.to_string();
            record(ctx, "password-changed", &who, &who).await;
            Redirect::to("/account?done=password").into_response()
        }
        Ok(Err(refusal)) => refused(ctx, visitor, refusal.into(), PATH).await,
        Err(_) => refused(ctx, visitor, crate::domain::incident::refused::refuse!(TooSlow {}).into(), PATH).await,
    }
}
