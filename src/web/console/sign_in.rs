//! The pages before anybody has come in: the sign-in, in two steps; the first account; a browser that becomes a duty device. And the
//! way out.
//!
//! A link that is opened does nothing: who looks at it for its reader would use it up. A button does.

use askama::Template;
use axum::extract::rejection::FormRejection;
use axum::extract::{Form, Path, Query, State};
use axum::http::{HeaderMap, StatusCode, header};
use axum::response::{IntoResponse, Redirect, Response};

use super::{
    Fields, Guest, Kept, PASSKEY_SCRIPT_PATH, STYLE_PATH, Visitor, escaped, gone, html, kept, own_path, passkeys,
    refused,
};
use crate::accounts::{Changed, Functions, WhoId};
use crate::domain::ids::FunctionId;
use crate::domain::incident::refused::refuse;
use crate::domain::lang::{L10n, Lang};
use crate::web::Ctx;
use crate::web::access::record;
use crate::web::auth::{Denied, clear_cookie, set_cookie, set_device_cookie};
use crate::web::problem::Problem;
use crate::words::{Section, Word, console as w};

/// What stands around a page that nobody has come in for.
pub(super) struct Frame {
    pub lang: Lang,
    pub region: String,
    pub fictional: bool,
    pub training: bool,
    /// What was refused, in words.
    said: Option<String>,
}

impl Frame {
    pub fn t(&self, word: Word) -> &'static str {
        word.say(self.lang)
    }
    fn own_name(&self, lang: &Lang) -> &'static str {
        crate::words::language::OWN.say(*lang)
    }
    fn languages(&self) -> impl Iterator<Item = Lang> {
        Section::Console.languages()
    }
    pub fn style(&self) -> &'static str {
        STYLE_PATH.as_str()
    }
    fn passkey_script(&self) -> &'static str {
        PASSKEY_SCRIPT_PATH.as_str()
    }
}

pub(super) async fn frame(ctx: &Ctx, lang: Lang, said: Option<String>) -> Result<Frame, Response> {
    let asked = ctx.handle.query(|s, m| (s.plan.region.name.clone(), m.fictional)).await;
    let training = ctx.handle.board().is_training();
    asked.map(|(region, fictional)| Frame { lang, region, fictional, training, said }).map_err(gone)
}

/// What is said to somebody who does not come in, and the status of it.
pub(super) fn said(lang: Lang, why: Denied) -> (StatusCode, String) {
    let forbidden = |word: Word| (StatusCode::FORBIDDEN, word.say(lang).to_owned());
    match why {
        Denied::Wrong => forbidden(w::WRONG_ACCOUNT_OR_PASSWORD),
        Denied::TooMany(seconds) => (StatusCode::TOO_MANY_REQUESTS, w::too_many_guesses(lang, seconds)),
        Denied::Busy => (StatusCode::SERVICE_UNAVAILABLE, w::SIGN_IN_BUSY.say(lang).to_owned()),
        Denied::WrongCode => forbidden(w::WRONG_CODE),
        Denied::WrongPasskey => forbidden(w::WRONG_PASSKEY),
        Denied::Used => forbidden(w::CODE_USED),
        Denied::ClockOff(seconds) => (StatusCode::FORBIDDEN, w::code_clock_off(lang, seconds.unsigned_abs())),
        Denied::Over => forbidden(w::SIGN_IN_OVER),
    }
}

#[derive(Template)]
#[template(path = "sign_in.html")]
struct SignInPage {
    frame: Frame,
    next: String,
    /// What was typed before the session ended.
    kept: String,
    account: String,
    /// The password was right: what its code is sent with.
    waits: String,
    /// There is no account yet.
    none_yet: bool,
    /// Passkeys are good here; else where they are, in a sentence.
    passkeys: Result<(), Option<String>>,
    /// The house's own sign-in, by its name.
    provider: Option<String>,
}

impl SignInPage {
    fn escaped_next(&self) -> String {
        escaped(&self.next)
    }
}

#[derive(serde::Deserialize)]
pub(super) struct Next {
    #[serde(default)]
    pub next: String,
}

pub(super) async fn page(State(ctx): State<Ctx>, guest: Guest, query: Query<Next>) -> Response {
    let at = At { next: own_path(&query.next), kept: None, account: "", waits: "" };
    show(&ctx, &guest, &at, None).await
}

/// The sign-in that a form meets whose session has ended: it brings along what was typed.
pub(super) async fn keeping(ctx: &Ctx, guest: &Guest, kept: &Kept) -> Response {
    let at = At { next: kept.path(), kept: Some(kept), account: "", waits: "" };
    show(ctx, guest, &at, None).await
}

/// The same once more, with what went wrong.
pub(super) async fn again(ctx: &Ctx, guest: &Guest, next: &str, said: String) -> Response {
    show(ctx, guest, &At { next, kept: None, account: "", waits: "" }, Some(said)).await
}

/// Where somebody is on the way in.
struct At<'a> {
    next: &'a str,
    kept: Option<&'a Kept>,
    account: &'a str,
    waits: &'a str,
}

async fn show(ctx: &Ctx, guest: &Guest, at: &At<'_>, said: Option<String>) -> Response {
    let none_yet = ctx.auth.accounts.look(|book| book.accounts.is_empty());
    let frame = match frame(ctx, guest.lang, said).await {
        Ok(frame) => frame,
        Err(gone) => return gone,
    };
    html(&SignInPage {
        frame,
        next: at.next.to_owned(),
        kept: at.kept.map_or_else(String::new, Kept::written),
        account: at.account.to_owned(),
        waits: at.waits.to_owned(),
        none_yet,
        passkeys: passkeys::on_sign_in(ctx, guest),
        provider: ctx.auth.provider().map(|p| p.name().to_owned()),
    })
}

pub(super) async fn posted(
    State(ctx): State<Ctx>,
    guest: Guest,
    form: Result<Form<Vec<(String, String)>>, FormRejection>,
) -> Response {
    let fields = match form {
        Ok(Form(pairs)) => Fields(pairs),
        Err(e) => return crate::web::api::too_large(e.status()).answer(false),
    };
    let now = ctx.clock.now().into();
    let next = own_path(fields.get("next"));
    let kept = kept::of_sign_in(&guest.headers, &fields);
    let account = fields.get("account").to_lowercase();
    let at = At { next, kept: kept.as_ref(), account: &account, waits: "" };
    // A password's own blanks are its owner's affair.
    let password = fields.0.iter().find(|(name, _)| name == "password").map_or("", |(_, value)| value.as_str());
    let (denied, whose) = if let Some(token) = fields.some("token") {
        match ctx.auth.check(token, guest.from, now) {
            Ok(()) => return come_in(&ctx, &guest, &WhoId::Machine, kept, next).await,
            Err(Denied::Wrong) => {
                let text = w::NOT_RIGHT_TOKEN.say(guest.lang).to_owned();
                refusal_on_record(&ctx, "machine").await;
                return (StatusCode::FORBIDDEN, show(&ctx, &guest, &at, Some(text)).await).into_response();
            }
            Err(Denied::TooMany(_)) => {
                let text = w::TOO_MANY_WRONG_TOKENS.say(guest.lang).to_owned();
                return (StatusCode::TOO_MANY_REQUESTS, show(&ctx, &guest, &at, Some(text)).await).into_response();
            }
            Err(denied) => (denied, String::new()),
        }
    } else if fields.some("credential").is_some() {
        match passkeys::shown(&ctx, &guest, &fields).await {
            Ok(who) => return come_in(&ctx, &guest, &who, kept, next).await,
            Err((whose, denied)) => (denied, whose.unwrap_or_default()),
        }
    } else if let Some(waits) = fields.some("waits") {
        match ctx.auth.code(waits, fields.get("code"), guest.from, now).await {
            Ok(who) => return come_in(&ctx, &guest, &who, kept, next).await,
            Err(denied @ (Denied::Over | Denied::Busy)) => (denied, account.clone()),
            Err(denied) => {
                let (status, text) = said(guest.lang, denied);
                if !matches!(denied, Denied::TooMany(_)) {
                    refusal_on_record(&ctx, &known_account(&ctx, &account)).await;
                }
                return (status, show(&ctx, &guest, &At { waits, ..at }, Some(text)).await).into_response();
            }
        }
    } else {
        match ctx.auth.password(&account, password, guest.from, now).await {
            Ok(waits) => return show(&ctx, &guest, &At { waits: &waits, ..at }, None).await,
            Err(denied) => (denied, account.clone()),
        }
    };
    if matches!(denied, Denied::Wrong | Denied::WrongPasskey) {
        refusal_on_record(&ctx, &known_account(&ctx, &whose)).await;
    }
    let (status, text) = said(guest.lang, denied);
    let mut response = (status, show(&ctx, &guest, &at, Some(text)).await).into_response();
    if let Denied::TooMany(seconds) = denied {
        response.headers_mut().insert(header::RETRY_AFTER, seconds.into());
    }
    response
}

/// What was typed stands on record only where it is an account: a password typed in the wrong field never does.
fn known_account(ctx: &Ctx, typed: &str) -> String {
    let there = ctx.auth.accounts.look(|book| book.account(typed).is_some());
    if there { WhoId::Account(typed.to_owned()).to_string() } else { "unknown account".into() }
}

pub(super) async fn refusal_on_record(ctx: &Ctx, whom: &str) {
    if ctx.auth.refusal_goes_on_record(ctx.clock.now().into()) {
        record(ctx, "refused", whom, "nobody").await;
    }
}

/// A session of its own; the one before ends.
async fn come_in(ctx: &Ctx, guest: &Guest, who: &WhoId, kept: Option<Kept>, next: &str) -> Response {
    let now = ctx.clock.now().into();
    let Ok(id) = ctx.auth.sign_in(who, now) else { return StatusCode::SERVICE_UNAVAILABLE.into_response() };
    ctx.auth.sign_out(&guest.headers);
    record(ctx, "signed-in", &who.to_string(), &who.to_string()).await;
    let to = led_to(ctx, guest, &id, kept, next);
    ([(header::SET_COOKIE, set_cookie(&id))], Redirect::to(&to)).into_response()
}

/// Where a session that has just begun is led: first to a duty, where there is a choice.
pub(super) fn led_to(ctx: &Ctx, guest: &Guest, id: &str, kept: Option<Kept>, next: &str) -> String {
    let next = if kept.is_some() { kept::PATH } else { next };
    let mut acting = None;
    ctx.auth.change_by(id, |s| {
        s.kept = kept;
        s.lang = guest.chosen.map(|lang| lang.to_string());
        acting = s.acting.clone();
    });
    if acting.is_some() { next.to_owned() } else { format!("/acting?back={}", escaped(next)) }
}

pub(super) async fn sign_out(
    State(ctx): State<Ctx>,
    visitor: Visitor,
    headers: HeaderMap,
    form: Result<Form<Vec<(String, String)>>, FormRejection>,
) -> Response {
    if let Err(problem) = visitor.fields(form) {
        return refused(&ctx, &visitor, problem, "/").await;
    }
    let who = visitor.session.who.id.clone();
    // Whoever copied the cookie of a device that signs out has nothing: it is a duty device no more.
    if let WhoId::Device(id) = &who {
        let change = crate::accounts::Change::DeviceRevoke { id: id.clone() };
        let (accounts, now) = (ctx.auth.accounts.clone(), ctx.clock.now().into());
        let work = tokio::task::spawn_blocking(move || accounts.change(&change, now)).await;
        if let Ok(Err(problem)) = work {
            return refused(&ctx, &visitor, problem.into(), "/account").await;
        }
        ctx.auth.end_all(&who, None);
    }
    ctx.auth.sign_out(&headers);
    record(&ctx, "signed-out", &who.to_string(), &who.to_string()).await;
    ([(header::SET_COOKIE, clear_cookie())], Redirect::to("/sign-in")).into_response()
}

/// A square of black and white, as one path.
pub(super) struct Qr {
    pub size: usize,
    pub path: String,
}

impl Qr {
    /// Of what is to be read; nothing where it is too long for a code.
    pub fn of(text: &str) -> Option<Self> {
        let code = fast_qr::QRBuilder::new(text).ecl(fast_qr::ECL::M).build().ok()?;
        let mut path = String::new();
        for y in 0..code.size {
            for x in (0..code.size).filter(|x| code[y][*x].value()) {
                path.push_str(&format!("M{x} {y}h1v1h-1z"));
            }
        }
        Some(Self { size: code.size, path })
    }
    /// With the white edge that readers want (ISO/IEC 18004, 6.3.8).
    pub fn view_box(&self) -> String {
        format!("-4 -4 {0} {0}", self.size + 8)
    }
}

#[derive(Template)]
#[template(path = "first.html")]
struct FirstPage {
    frame: Frame,
    secret: String,
    account: String,
    /// What its owner must note down, and what the code is sent with.
    made: Option<(String, Changed)>,
}

impl FirstPage {
    fn qr(&self) -> Option<Qr> {
        Qr::of(self.made.as_ref()?.1.otpauth.as_deref()?)
    }
    /// For whoever types it in.
    fn key(&self) -> &str {
        let uri = self.made.as_ref().and_then(|(_, told)| told.otpauth.as_deref()).unwrap_or("");
        uri.split("secret=").nth(1).and_then(|rest| rest.split('&').next()).unwrap_or("")
    }
}

async fn first(
    ctx: &Ctx,
    guest: &Guest,
    secret: &str,
    account: &str,
    made: Option<(String, Changed)>,
    said: Option<(StatusCode, String)>,
) -> Response {
    let (status, said) = said.map_or((StatusCode::OK, None), |(status, text)| (status, Some(text)));
    match frame(ctx, guest.lang, said).await {
        Ok(frame) => {
            let page = FirstPage { frame, secret: secret.to_owned(), account: account.to_owned(), made };
            (status, html(&page)).into_response()
        }
        Err(gone) => gone,
    }
}

/// A link that is used up, or never was one.
fn no_link() -> Response {
    Problem::new(StatusCode::NOT_FOUND, refuse!(LinkOver {})).answer(false)
}

pub(super) async fn first_page(State(ctx): State<Ctx>, guest: Guest, Path(secret): Path<String>) -> Response {
    if !ctx.auth.accounts.is_first(&secret) {
        return no_link();
    }
    first(&ctx, &guest, &secret, "", None, None).await
}

pub(super) async fn first_posted(
    State(ctx): State<Ctx>,
    guest: Guest,
    Path(secret): Path<String>,
    form: Result<Form<Vec<(String, String)>>, FormRejection>,
) -> Response {
    let fields = match form {
        Ok(Form(pairs)) => Fields(pairs),
        Err(e) => return crate::web::api::too_large(e.status()).answer(false),
    };
    if !ctx.auth.accounts.is_first(&secret) {
        return no_link();
    }
    let now = ctx.clock.now().into();
    let refused_as = |problem: Problem| {
        let (why, next) = problem.said(guest.lang);
        (problem.status, format!("{why} {next}"))
    };
    let account = fields.get("account").to_lowercase();
    if let Some(waits) = fields.some("waits") {
        let made = ctx.auth.first_told(waits, now).map(|told| (waits.to_owned(), told));
        return match ctx.auth.first_confirmed(waits, fields.get("code"), now).await {
            Ok(who) => {
                record(&ctx, "account-added", &who.to_string(), "first-account").await;
                come_in(&ctx, &guest, &who, None, "/").await
            }
            Err((_, Some(problem))) => {
                first(&ctx, &guest, &secret, &account, made, Some(refused_as(problem.into()))).await
            }
            Err((why, None)) => first(&ctx, &guest, &secret, &account, made, Some(said(guest.lang, why))).await,
        };
    }
    let typed = |name: &str| fields.0.iter().find(|(n, _)| n == name).map_or("", |(_, v)| v.as_str());
    if typed("password") != typed("again") {
        let text = w::PASSWORDS_DIFFER.say(guest.lang).to_owned();
        return first(&ctx, &guest, &secret, &account, None, Some((StatusCode::UNPROCESSABLE_ENTITY, text))).await;
    }
    match ctx.auth.first(&account, typed("password"), now).await {
        Ok(made) => first(&ctx, &guest, &secret, &account, Some(made), None).await,
        Err(problem) => first(&ctx, &guest, &secret, &account, None, Some(refused_as(problem.into()))).await,
    }
}

#[derive(Template)]
#[template(path = "device.html")]
struct DevicePage {
    frame: Frame,
    secret: String,
    functions: Vec<String>,
}

/// What functions are called.
pub(super) async fn names(ctx: &Ctx, lang: Lang, functions: &Functions) -> Vec<String> {
    let wanted: Vec<FunctionId> = functions.0.iter().cloned().collect();
    let every = w::EVERY_FUNCTION.say(lang);
    let named = ctx.handle.query(move |s, _| {
        let title = |id: &FunctionId| s.plan.function_ix(id.as_str()).map(|f| s.plan.function(f).title.clone());
        wanted.iter().map(|id| (id.clone(), title(id))).collect::<Vec<(FunctionId, Option<L10n>)>>()
    });
    let named = named.await.unwrap_or_default().into_iter();
    let said = |(id, title): (FunctionId, Option<L10n>)| match title {
        Some(title) => title.get(lang).to_owned(),
        None if id.as_str() == Functions::EVERY => every.to_owned(),
        None => id.to_string(),
    };
    named.map(said).collect()
}

pub(super) async fn device_page(State(ctx): State<Ctx>, guest: Guest, Path(secret): Path<String>) -> Response {
    let Some(functions) = ctx.auth.accounts.link(&secret, ctx.clock.now().into()) else { return no_link() };
    let functions = names(&ctx, guest.lang, &functions).await;
    match frame(&ctx, guest.lang, None).await {
        Ok(frame) => html(&DevicePage { frame, secret, functions }),
        Err(gone) => gone,
    }
}

pub(super) async fn device_posted(State(ctx): State<Ctx>, guest: Guest, Path(secret): Path<String>) -> Response {
    let now = ctx.clock.now().into();
    let (who, shown) = match ctx.auth.enrol(&secret, now).await {
        Ok(made) => made,
        Err(refused) if refused.code == "link-over" => return no_link(),
        Err(refused) => return Problem::from(refused).answer(false),
    };
    ctx.auth.sign_out(&guest.headers);
    let functions: Vec<String> = who.functions.0.iter().map(ToString::to_string).collect();
    record(&ctx, "device-added", &who.id.to_string(), &format!("link for {}", functions.join(", "))).await;
    let to = if who.functions.only().is_some() { "/" } else { "/acting?back=/" };
    ([(header::SET_COOKIE, set_device_cookie(&shown))], Redirect::to(to)).into_response()
}
