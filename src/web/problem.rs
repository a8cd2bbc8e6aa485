//! Why a request was not carried out: a status, a word for programs, what and why, what to do next.

use askama::Template;
use axum::extract::{Request, State};
use axum::http::{HeaderValue, StatusCode, header};
use axum::middleware::Next;
use axum::response::{Html, IntoResponse, Response};

use super::Ctx;
use crate::api::{PROBLEM_JSON, ProblemKind, Refusal};
use crate::dispatch::engine::Failed;
use crate::domain::incident::refused::{CODES, Refused, refuse};
use crate::domain::lang::Lang;
use crate::words::{self, Section, common, link};

/// Why a request was refused.
#[derive(Clone, Debug)]
pub struct Problem {
    /// The answer's status.
    pub status: StatusCode,
    pub refused: Refused,
}

#[derive(Template)]
#[template(path = "problem.html")]
struct Page<'a> {
    status: u16,
    problem: &'a Problem,
    training: bool,
}

impl Page<'_> {
    fn said(&self, lang: Lang) -> (String, String) {
        self.problem.said(lang)
    }
    fn training_mark(&self) -> &'static str {
        common::TRAINING.say(Lang::SV)
    }
    fn back(&self) -> &'static str {
        link::TO_THE_STATE.say(Lang::SV)
    }
}

impl Problem {
    /// With another status than its code has.
    pub fn new(status: StatusCode, refused: Refused) -> Self {
        Self { status, refused }
    }

    /// What could not be read, as the reader of it says.
    pub fn input(detail: impl std::fmt::Display) -> Self {
        refuse!(BadInput { detail }).into()
    }

    /// What and why, and what to do next.
    pub fn said(&self, lang: Lang) -> (String, String) {
        words::refused(lang, &self.refused)
    }

    /// As JSON for programs, as a page for people. The page stands where no language is known: Swedish first, then English.
    pub fn answer(self, program: bool) -> Response {
        if program {
            return self.told_in(Lang::EN);
        }
        self.shown(false)
    }

    /// A page that remembers what it says, so that [`marked`] can say it again.
    fn shown(self, training: bool) -> Response {
        let mut response = match (Page { status: self.status.as_u16(), problem: &self, training }).render() {
            Ok(html) => (self.status, Html(html)).into_response(),
            Err(_) => (self.status, self.said(Lang::EN).0).into_response(),
        };
        response.extensions_mut().insert(Shown(self));
        response
    }

    /// JSON that remembers what it says, so that [`in_their_language`] can say it again.
    fn told_in(self, lang: Lang) -> Response {
        let (why, help) = self.said(lang);
        let Refused { code, already, .. } = self.refused;
        let refusal = Refusal {
            kind: Refusal::kind_of(code),
            title: Refusal::title_of(code),
            status: self.status.as_u16(),
            detail: why.clone(),
            code: code.into(),
            why,
            help,
            already,
        };
        let mut response = (self.status, axum::Json(refusal)).into_response();
        response.headers_mut().insert(header::CONTENT_TYPE, HeaderValue::from_static(PROBLEM_JSON));
        response.extensions_mut().insert(self);
        response
    }
}

/// What a page says that knew nothing of where it stands.
#[derive(Clone)]
struct Shown(Problem);

/// In training a refusal says so, as every page does.
pub async fn marked(State(ctx): State<Ctx>, request: Request, next: Next) -> Response {
    let mut response = next.run(request).await;
    if !ctx.handle.board().is_training() {
        return response;
    }
    let Some(Shown(problem)) = response.extensions_mut().remove::<Shown>() else { return response };
    let (mut parts, body) = problem.shown(true).into_parts();
    keep_headers(&mut parts, &response);
    Response::from_parts(parts, body)
}

/// What else was told with an answer stays: how to sign in, when to try again.
fn keep_headers(parts: &mut axum::http::response::Parts, of: &Response) {
    for (name, value) in of.headers() {
        if name != header::CONTENT_LENGTH {
            parts.headers.entry(name).or_insert_with(|| value.clone());
        }
    }
}

/// A program that asks for a language gets its refusals in it: English is what nobody has to ask for.
pub async fn in_their_language(request: Request, next: Next) -> Response {
    let lang = super::console::asked_for(request.headers(), Section::Refusal).filter(|lang| *lang != Lang::EN);
    let mut response = next.run(request).await;
    let (Some(lang), Some(problem)) = (lang, response.extensions_mut().remove::<Problem>()) else { return response };
    let (mut parts, body) = problem.told_in(lang).into_parts();
    keep_headers(&mut parts, &response);
    Response::from_parts(parts, body)
}

/// Every kind of refusal, by its code.
pub fn kinds() -> Vec<ProblemKind> {
    let codes: std::collections::BTreeSet<&'static str> = CODES.iter().copied().collect();
    let kind = |code| ProblemKind {
        kind: Refusal::kind_of(code),
        code,
        title: Refusal::title_of(code),
        status: status_of(code).as_u16(),
    };
    codes.into_iter().map(kind).collect()
}

/// 403 not yours, 404 unknown, 409 the state has moved on, 422 bad input.
pub fn status_of(code: &str) -> StatusCode {
    match code {
        "no-token" => StatusCode::UNAUTHORIZED,
        "cross-site" | "foreign-form" | "four-eyes" | "no-right" | "not-your-function" | "not-yours" | "same-eyes"
        | "wrong-password" => StatusCode::FORBIDDEN,
        // Named in a list to choose from, not in the address: the input is bad.
        "unknown-act" | "unknown-contact" | "unknown-infra" | "unknown-loss" => StatusCode::UNPROCESSABLE_ENTITY,
        "unknown-method" => StatusCode::METHOD_NOT_ALLOWED,
        "not-json" => StatusCode::UNSUPPORTED_MEDIA_TYPE,
        "no-host" => StatusCode::BAD_REQUEST,
        "too-slow" => StatusCode::REQUEST_TIMEOUT,
        "many-reports" | "too-many-open" | "too-many-streams" | "too-many-tries" => StatusCode::TOO_MANY_REQUESTS,
        "log-unreadable" => StatusCode::INTERNAL_SERVER_ERROR,
        "link-over" => StatusCode::NOT_FOUND,
        "access-not-kept" | "going-down" | "not-reloaded" => StatusCode::SERVICE_UNAVAILABLE,
        "access-full" | "account-there" | "already-released" | "another-journal" | "answered-already"
        | "cannot-adopt" | "cannot-merge" | "closed" | "data-not-confirmed" | "decided-already" | "done-already"
        | "extended-already" | "forgotten-already" | "gateway-is-not-out" | "gateway-is-out" | "mode-stands"
        | "not-a-drill" | "not-answered" | "not-closed" | "not-released" | "not-restored" | "nothing-asked"
        | "nothing-new" | "nothing-open" | "nothing-to-decide" | "nothing-to-stop" | "nothing-waits"
        | "after-forgotten" | "after-full" | "after-not-kept" | "not-over" | "restored-already" | "passkey-there"
        | "real-is-open" | "same-plan" | "shares-a-system" | "stale-fingerprint" | "stopped-already" => {
            StatusCode::CONFLICT
        }
        _ if code.starts_with("unknown-") => StatusCode::NOT_FOUND,
        _ => StatusCode::UNPROCESSABLE_ENTITY,
    }
}

impl From<Refused> for Problem {
    fn from(refused: Refused) -> Self {
        Self { status: status_of(refused.code), refused }
    }
}

impl From<Failed> for Problem {
    fn from(failed: Failed) -> Self {
        failed.refused().into()
    }
}

impl IntoResponse for Problem {
    fn into_response(self) -> Response {
        self.answer(true)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    async fn body(response: Response) -> String {
        let bytes = axum::body::to_bytes(response.into_body(), 1 << 20).await.expect("a body");
        String::from_utf8(bytes.to_vec()).expect("UTF-8")
    }

    #[test]
    fn a_refusal_that_does_not_fit_what_an_older_server_told_is_still_read() {
        let older = r#"{"code":"closed","why":"It is closed.","help":"Report anew."}"#;
        let read: Refusal = serde_json::from_str(older).expect("an older server's refusal");
        assert_eq!((read.code.as_ref(), read.why.as_str(), read.status), ("closed", "It is closed.", 0));
        assert!(kinds().iter().any(|k| k.kind == "/api/v1/problems#stale-fingerprint" && k.status == 409));
    }

    #[tokio::test]
    async fn people_read_swedish_first_and_programs_read_what_they_always_did() {
        let problem = || Problem::from(Failed::GoingDown);
        let page = body(problem().answer(false)).await;
        let (sv, en) = (page.find("Programmet stängs av; inget är gjort."), page.find("The program is shutting down"));
        assert!(sv.is_some() && sv < en && page.contains("Försök igen om några sekunder."), "{page}");
        let told = problem().answer(true);
        assert_eq!(told.headers()[header::CONTENT_TYPE], "application/problem+json");
        let json = r#"{"type":"/api/v1/problems#going-down","title":"Going down","status":503,"detail":"The program is shutting down; nothing was done.","code":"going-down","why":"The program is shutting down; nothing was done.","help":"Try again in a few seconds."}"#;
        assert_eq!(body(told).await, json);
    }
}
