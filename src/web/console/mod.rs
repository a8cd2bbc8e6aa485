//! The console: pages made on the server, which work without script, on a phone, with a keyboard and without colours.
//!
//! The one script puts in what is new, and leaves alone what somebody types in (`live.rs`). Without it a page that has nothing to
//! fill in is loaded anew by itself; one with a form never is, so that nobody's words are lost and nobody approves a text that
//! changed under his finger. Every act is a form with the session's own secret, for the duty
//! that the session acts for.

use std::convert::Infallible;
use std::net::IpAddr;
use std::sync::LazyLock;

use askama::Template;
use axum::extract::rejection::FormRejection;
use axum::extract::{DefaultBodyLimit, Form, FromRequestParts};
use axum::http::request::Parts;
use axum::http::{HeaderMap, HeaderValue, StatusCode, Uri, header};
use axum::middleware;
use axum::response::{Html, IntoResponse, Redirect, Response};
use axum::routing::{get, post};
use axum::{Extension, Router};
use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};
use sha2::{Digest, Sha256};

use super::Ctx;
use super::auth::Session;
use super::problem::Problem;
use super::serve::Peer;
use crate::dispatch::engine::{Failed, Meta};
use crate::domain::ids::FunctionId;
use crate::domain::incident::refused::refuse;
use crate::domain::incident::state::State as Domain;
use crate::domain::lang::Lang;
use crate::domain::view;
use crate::words::{Section, console as w};

mod account;
mod act;
mod acting;
mod acts;
mod addresses;
mod after;
mod approve;
mod check;
mod decide;
mod directory;
mod drafts;
mod drills;
mod fields;
mod form_words;
mod frame;
mod gateways;
mod incident;
mod kept;
mod left;
mod live;
mod more;
mod oidc;
mod overview;
mod papers;
mod passkeys;
mod reach;
mod report;
pub(super) mod sheet;
mod sign_in;
mod training;
mod turns_picture;
mod ui;
mod unsent;
pub(super) mod words;
mod written;

pub use drafts::Drafts;
use fields::Fields;
pub(super) use kept::Kept;
use ui::Ui;
pub(super) use unsent::Unsent;

/// A sign-in brings along a form that was kept, written once more: so many times the room of a form.
pub(super) const SIGN_IN_BODIES: usize = 3;
/// A page without a form is loaded anew after so many seconds.
const REFRESH_S: u32 = 15;
/// The style sheet, compiled in: the frame first, then what each part has of its own.
const STYLE: &str = concat!(
    include_str!("../../../assets/console/console.css"),
    include_str!("../../../assets/console/sheet.css"),
    include_str!("../../../assets/console/incident.css"),
    include_str!("../../../assets/console/directory.css"),
    include_str!("../../../assets/console/paper.css"),
    include_str!("../../../assets/console/net.css"),
    include_str!("../../../assets/console/sign_in.css")
);
/// Where it lies: its address changes with its content, so that browsers may keep it.
static STYLE_PATH: LazyLock<String> = LazyLock::new(|| {
    let digest = Sha256::digest(STYLE.as_bytes());
    format!("/console.css?v={}", hex::encode(&digest[..6]))
});
/// The one script, compiled in.
const SCRIPT: &str = include_str!("../../../assets/console/live.js");
/// Where it lies.
static SCRIPT_PATH: LazyLock<String> = LazyLock::new(|| {
    let digest = Sha256::digest(SCRIPT.as_bytes());
    format!("/live.js?v={}", hex::encode(&digest[..6]))
});

/// The script of the pages where passkeys are shown or added, compiled in: no other page has it.
const PASSKEY_SCRIPT: &str = include_str!("../../../assets/console/passkey.js");
/// Where it lies.
static PASSKEY_SCRIPT_PATH: LazyLock<String> = LazyLock::new(|| {
    let digest = Sha256::digest(PASSKEY_SCRIPT.as_bytes());
    format!("/passkey.js?v={}", hex::encode(&digest[..6]))
});

/// The console's pages.
pub(super) fn router(ctx: Ctx) -> Router<Ctx> {
    Router::new()
        .route("/", get(overview::page))
        .route("/console.css", get(style))
        .route("/live.js", get(script))
        .route("/passkey.js", get(passkey_script))
        .route("/sign-in/passkey", get(passkeys::to_come_in))
        .route("/sign-in/oidc", get(oidc::begin))
        .route(crate::web::oidc::BACK_PATH, get(oidc::back))
        .route("/account/passkey", get(passkeys::to_add))
        .route(
            "/sign-in",
            get(sign_in::page)
                .post(sign_in::posted)
                .layer(DefaultBodyLimit::max(SIGN_IN_BODIES * super::BODY_BYTES_MAX)),
        )
        .route("/sign-out", post(sign_in::sign_out))
        .route("/first/{secret}", get(sign_in::first_page).post(sign_in::first_posted))
        .route("/device/{secret}", get(sign_in::device_page).post(sign_in::device_posted))
        .route("/acting", get(acting::page).post(acting::posted))
        .route("/account", get(account::page).post(account::posted))
        .route("/now", get(overview::to_now).post(overview::answered))
        .route("/more", get(more::more))
        .route("/earlier", get(more::earlier))
        .route("/system", get(more::system))
        .route("/events", get(live::events).layer(Extension(live::Live::new())))
        .route("/report", get(report::page).post(report::posted))
        .route("/report/check", get(report::check_page))
        .route("/report/sent", get(report::sent_page))
        .route("/approve", get(approve::list))
        .route("/approve/{number}", get(approve::page).post(approve::posted))
        .route("/incidents/{no}/decide", get(decide::page).post(decide::posted))
        .route("/incidents/{no}", get(incident::now::page).post(act::posted))
        .route("/incidents/{no}/who", get(incident::who::page))
        .route("/incidents/{no}/texts", get(incident::texts::page))
        .route("/incidents/{no}/timeline", get(incident::timeline::page))
        .route("/incidents/{no}/couriers", get(papers::couriers_page))
        .route("/incidents/{no}/couriers.pdf", get(papers::couriers_pdf))
        .route("/incidents/{no}/calls", get(papers::calls_page))
        .route("/incidents/{no}/calls.pdf", get(papers::calls_pdf))
        .route("/incidents/{no}/report", get(after::page).post(written::posted))
        .route("/incidents/{no}/feedback", get(written::feedback_page).post(written::feedback_posted))
        .route("/incidents/{no}/report/print", get(after::print))
        .route("/incidents/{no}/report.pdf", get(after::pdf))
        .route("/incidents/{no}/report.xlsx", get(after::xlsx))
        .route("/incidents/{no}/report.csv", get(after::csv))
        .route("/incidents/{no}/report.json", get(after::json))
        .route("/incidents/{no}/report.txt", get(after::text))
        .route("/incidents/{no}/{what}", get(act::page))
        .route("/drills/trends", get(after::trends_page))
        .route("/drills", get(drills::page).post(drills::posted))
        .route("/drills/{id}", get(drills::start_page).post(drills::start_posted))
        .route("/reach", get(reach::page))
        .route("/reach/addresses", get(addresses::page).post(addresses::posted))
        .route("/reach/left", get(left::page))
        .route("/gateways", get(reach::moved))
        .route("/gateways/{id}", get(gateways::page).post(gateways::posted))
        .route("/directory", get(directory::list))
        .route("/directory/{function}", get(directory::duty))
        .route("/directory/print", get(papers::directory_page))
        .route("/directory.pdf", get(papers::directory_pdf))
        .route("/plan/print", get(papers::plan_page))
        .route("/plan.pdf", get(papers::plan_pdf))
        .route("/training", get(training::page).post(training::posted))
        .route("/mode", get(act::mode_page).post(act::mode_posted))
        .route(kept::PATH, get(kept::page))
        .route_layer(middleware::from_fn_with_state(ctx, kept::keep))
}

/// Whether an answer should be a page.
pub(super) fn is_browser(path: &str, headers: &HeaderMap) -> bool {
    let html = headers.get(header::ACCEPT).and_then(|v| v.to_str().ok()).is_some_and(|a| a.contains("text/html"));
    !path.starts_with("/api/") && html
}

async fn style() -> Response {
    asset("text/css; charset=utf-8", STYLE)
}

async fn script() -> Response {
    asset("text/javascript; charset=utf-8", SCRIPT)
}

async fn passkey_script() -> Response {
    asset("text/javascript; charset=utf-8", PASSKEY_SCRIPT)
}

/// What lies at an address that changes with its content.
fn asset(kind: &'static str, text: &'static str) -> Response {
    let headers = [
        (header::CONTENT_TYPE, HeaderValue::from_static(kind)),
        (header::CACHE_CONTROL, HeaderValue::from_static("private, max-age=31536000, immutable")),
    ];
    (headers, text).into_response()
}

/// Somebody who signed in.
struct Visitor {
    session: Session,
    lang: Lang,
    uri: Uri,
}

impl FromRequestParts<Ctx> for Visitor {
    type Rejection = Response;
    async fn from_request_parts(parts: &mut Parts, ctx: &Ctx) -> Result<Self, Response> {
        let now = ctx.clock.now().into();
        let asked = live::as_asked(&parts.method, &parts.headers);
        let Some(mut session) = ctx.auth.session(&asked, now) else {
            let next = parts.uri.path_and_query().map_or("/", |p| p.as_str());
            return Err(Redirect::to(&format!("/sign-in?next={}", escaped(next))).into_response());
        };
        if let Some(lang) = asked_lang(&parts.uri) {
            session.lang = Some(lang.to_string());
            ctx.auth.change(&parts.headers, |s| s.lang = Some(lang.to_string()));
        }
        let lang = session
            .lang
            .as_deref()
            .and_then(known_lang)
            .unwrap_or_else(|| accepted_lang(&parts.headers, Section::Console));
        Ok(Self { session, lang, uri: parts.uri.clone() })
    }
}

/// What a page needs of its visitor before anybody signed in.
struct Guest {
    lang: Lang,
    /// It was chosen, not only what the browser asks for.
    chosen: Option<Lang>,
    headers: HeaderMap,
    /// Where the request came from.
    from: Option<IpAddr>,
}

impl FromRequestParts<Ctx> for Guest {
    type Rejection = Infallible;
    async fn from_request_parts(parts: &mut Parts, _: &Ctx) -> Result<Self, Infallible> {
        Ok(Self { from: Peer::of(&parts.extensions), ..Self::of(&parts.uri, &parts.headers) })
    }
}

impl Guest {
    fn of(uri: &Uri, headers: &HeaderMap) -> Self {
        let chosen = asked_lang(uri);
        let lang = chosen.unwrap_or_else(|| accepted_lang(headers, Section::Console));
        Self { lang, chosen, headers: headers.clone(), from: None }
    }
}

fn known_lang(text: &str) -> Option<Lang> {
    Section::Console.languages().find(|lang| lang.as_str() == text)
}

fn asked_lang(uri: &Uri) -> Option<Lang> {
    uri.query()?.split('&').find_map(|p| p.strip_prefix("lang=")).and_then(known_lang)
}

/// The first language of `Accept-Language` (RFC 9110 12.5.4) in which these pages speak: browsers list them best first.
pub(in crate::web) fn accepted_lang(headers: &HeaderMap, pages: Section) -> Lang {
    asked_for(headers, pages).unwrap_or(Lang::SV)
}

/// The same, if any of them is asked for.
pub(in crate::web) fn asked_for(headers: &HeaderMap, pages: Section) -> Option<Lang> {
    let list = headers.get(header::ACCEPT_LANGUAGE).and_then(|v| v.to_str().ok()).unwrap_or("");
    list.split(',').find_map(|range| pages.language(range.trim()))
}

/// A path within a query.
fn escaped(path: &str) -> String {
    const BESIDE_LETTERS: &AsciiSet = &NON_ALPHANUMERIC.remove(b'-').remove(b'_').remove(b'.').remove(b'/');
    utf8_percent_encode(path, BESIDE_LETTERS).to_string()
}

/// A path of this server, or its first page: nobody is sent elsewhere by a link.
fn own_path(path: &str) -> &str {
    let own = path.starts_with('/') && !path.starts_with("//") && !path.contains(|c: char| c == '\\' || c.is_control());
    if own && path.len() < 500 { path } else { "/" }
}

impl Visitor {
    /// Looks at the state; with what each page shows around it.
    async fn look<T: Send + 'static>(
        &self,
        ctx: &Ctx,
        look: impl FnOnce(&Domain, &Meta, Option<&FunctionId>) -> T + Send + 'static,
    ) -> Result<(Ui, T), Failed> {
        let (lang, session) = (self.lang, self.session.clone());
        let path = self.uri.path().to_owned();
        let query = self.uri.query().unwrap_or("").to_owned();
        ctx.handle
            .query(move |state, meta| {
                let acting = session.acting.as_ref().filter(|f| state.plan.function_ix(f.as_str()).is_some());
                let waiting = acting.map_or(0, |f| view::approvals_for(state, f, meta.now).len());
                let todo = acting.map_or(0, |f| view::obligations(state, f, meta.now).len());
                let seen = look(state, meta, acting);
                let ui = Ui::new(state, meta, lang, acting, session.csrf.clone(), path, waiting);
                let came_in = Some((session.who.id.clone(), session.ends));
                (Ui { query, todo, came_in, ..ui }, seen)
            })
            .await
    }

    /// The duty that acts, or the way to choose one.
    #[expect(clippy::result_large_err, reason = "the error is the page that is shown instead, made once a request")]
    fn acting(&self) -> Result<FunctionId, Response> {
        let back = self.uri.path_and_query().map_or("/", |p| p.as_str());
        let choose = || Redirect::to(&format!("/acting?back={}", escaped(back))).into_response();
        self.session.acting.clone().ok_or_else(choose)
    }

    /// What a form asks for: the duty that acts, what its address names, its fields. Otherwise the page that says why not, with the way
    /// back.
    async fn asks<T>(
        &self,
        ctx: &Ctx,
        named: Result<T, Problem>,
        form: Result<Form<Vec<(String, String)>>, FormRejection>,
        back: &str,
    ) -> Result<(FunctionId, T, Fields), Response> {
        let by = self.acting()?;
        match named.and_then(|named| Ok((named, self.fields(form)?))) {
            Ok((named, fields)) => Ok((by, named, fields)),
            Err(problem) => Err(refused(ctx, self, problem, back).await),
        }
    }

    /// A form of this session.
    fn fields(&self, form: Result<Form<Vec<(String, String)>>, FormRejection>) -> Result<Fields, Problem> {
        let Form(pairs) = form.map_err(|e| super::api::too_large(e.status()))?;
        let fields = Fields(pairs);
        if self.session.sent_by(fields.get("csrf")) {
            return Ok(fields);
        }
        tracing::warn!("a form of another session was refused");
        Err(refuse!(ForeignForm).into())
    }
}

/// A page, or what stands for it when it can't be made.
fn html(page: &impl Template) -> Response {
    match page.render() {
        Ok(html) => Html(html).into_response(),
        Err(error) => {
            tracing::error!(%error, "a page could not be made");
            StatusCode::INTERNAL_SERVER_ERROR.into_response()
        }
    }
}

#[derive(Template)]
#[template(path = "refused.html")]
struct RefusedPage<'a> {
    ui: &'a Ui,
    problem: &'a Problem,
    back: &'a str,
}

/// What was refused, in the frame of the console.
async fn refused(ctx: &Ctx, visitor: &Visitor, problem: Problem, back: &str) -> Response {
    match visitor.look(ctx, |_, _, _| ()).await {
        Ok((ui, ())) => (problem.status, html(&RefusedPage { ui: &ui, problem: &problem, back })).into_response(),
        Err(_) => problem.answer(false),
    }
}

fn gone(failed: Failed) -> Response {
    Problem::from(failed).answer(false)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::incident::refused::{List, refuse};

    #[test]
    fn nobody_is_sent_elsewhere() {
        for (path, expected) in [
            ("/incidents/14", "/incidents/14"),
            ("//evil.example/", "/"),
            ("https://evil.example/", "/"),
            ("/\\evil.example", "/"),
            ("", "/"),
            ("/a\r\nSet-Cookie: x", "/"),
            ("/\t/evil.example", "/"),
        ] {
            assert_eq!(own_path(path), expected, "{path}");
        }
        assert_eq!(escaped("/incidents/Ö-3?x=1&y"), "/incidents/%C3%96-3%3Fx%3D1%26y");
    }

    #[test]
    fn a_refused_page_says_it_in_the_language_of_the_visitor() {
        let page = |lang| {
            let ui = Ui {
                lang,
                plan: std::sync::Arc::default(),
                now: crate::domain::time::At(0),
                fictional: false,
                training: false,
                on_record: true,
                journal_alarms: Vec::new(),
                me: None,
                csrf: String::new(),
                path: "/approve/14-2".into(),
                query: String::new(),
                todo: 0,
                waiting: 0,
                refresh_s: None,
                done: None,
                alarms: Vec::new(),
                came_in: None,
            };
            let asked = List::of(["kib", "tib"]);
            let refused = refuse!(NotYoursApprove { by: "iva", message: "14-2", asked });
            RefusedPage { ui: &ui, problem: &refused.into(), back: "/approve" }.render().expect("a page")
        };
        let sv = page(Lang::SV);
        let said = ["iva har inte fått frågan om att godkänna 14-2.", "Be någon av dem som har fått den: kib, tib."];
        assert!(said.iter().all(|s| sv.contains(s)) && !sv.contains("asked"), "{sv}");
        let en = page(Lang::EN);
        assert!(en.contains("✖ iva was not asked to approve 14-2.") && !en.contains("fått frågan"), "{en}");
    }

    #[test]
    fn the_first_language_that_is_spoken_is_taken() {
        for (list, expected) in [
            ("sv-SE,sv;q=0.9,en;q=0.8", "sv"),
            ("en-GB", "en"),
            ("de, en;q=0.5", "en"),
            ("de", "sv"),
            ("", "sv"),
            ("å", "sv"),
        ] {
            let mut headers = HeaderMap::new();
            if let Ok(value) = list.parse() {
                headers.insert(header::ACCEPT_LANGUAGE, value);
            }
            assert_eq!(accepted_lang(&headers, Section::Console).as_str(), expected, "{list}");
        }
        let mut headers = HeaderMap::new();
        headers.insert(header::ACCEPT_LANGUAGE, "da-DK,sv;q=0.5".parse().expect("a header"));
        assert_eq!(accepted_lang(&headers, Section::Console), Lang::SV, "the console has no Danish words");
        assert_eq!(accepted_lang(&headers, Section::Link).as_str(), "da", "what opens behind a link has");
    }
}
