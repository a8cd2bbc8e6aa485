//! Why a request was not carried out: a status, a word for programs, what and why, what to do next.

use askama::Template;
use axum::Json;
use axum::http::StatusCode;
use axum::response::{Html, IntoResponse, Response};

use crate::api::Refusal;
use crate::dispatch::engine::Failed;
use crate::domain::ids::IncidentNo;
use crate::domain::incident::input::Refused;
use crate::domain::lang::Lang;
use crate::words::{self, link};

/// Why a request was refused.
#[derive(Clone, Debug)]
pub struct Problem {
    /// The answer's status.
    pub status: StatusCode,
    /// A word for programs (`stale-fingerprint`).
    pub code: String,
    pub why: String,
    /// What to do next.
    pub help: String,
    /// The open incident that the same fault was reported as.
    pub already: Option<IncidentNo>,
}

#[derive(Template)]
#[template(path = "problem.html")]
struct Page<'a> {
    status: u16,
    problem: &'a Problem,
}

impl Page<'_> {
    fn said(&self) -> Option<(&'static str, &'static str)> {
        self.problem.said(Lang::SV)
    }
    fn back(&self) -> &'static str {
        link::TO_THE_STATE.say(Lang::SV)
    }
}

impl Problem {
    /// With what to do next.
    pub fn new(status: StatusCode, code: &str, why: impl Into<String>, help: impl Into<String>) -> Self {
        Self { status, code: code.into(), why: why.into(), help: help.into(), already: None }
    }

    /// What could not be read.
    pub fn input(why: impl Into<String>) -> Self {
        Problem::new(StatusCode::UNPROCESSABLE_ENTITY, "bad-input", why, "docs/api.md has an example of each command")
    }

    /// What and why, and what to do next, in the language of the page; `why` and `help` stand beside it as details. `None`
    /// where the page is English: then they say it themselves, and more exactly.
    pub fn said(&self, lang: Lang) -> Option<(&'static str, &'static str)> {
        if lang == Lang::EN { None } else { words::refused(lang, &self.code) }
    }

    /// As JSON for programs, as a page for people. The page stands where no language is known: Swedish first, then English.
    pub fn answer(self, program: bool) -> Response {
        let status = self.status;
        if program {
            let Self { code, why, help, already, .. } = self;
            return (status, Json(Refusal { code: code.into(), why, help, already })).into_response();
        }
        match (Page { status: status.as_u16(), problem: &self }).render() {
            Ok(html) => (status, Html(html)).into_response(),
            Err(_) => (status, self.why).into_response(),
        }
    }
}

/// 403 not yours, 404 unknown, 409 the state has moved on, 422 bad input.
pub fn status_of(code: &str) -> StatusCode {
    match code {
        "not-yours" | "four-eyes" => StatusCode::FORBIDDEN,
        // Named in a list to choose from, not in the address: the input is bad.
        "unknown-contact" => StatusCode::UNPROCESSABLE_ENTITY,
        "too-many-open" => StatusCode::TOO_MANY_REQUESTS,
        "already-released" | "another-journal" | "answered-already" | "cannot-adopt" | "cannot-merge" | "closed"
        | "data-not-confirmed" | "decided-already" | "done-already" | "extended-already" | "forgotten-already"
        | "mode-stands" | "not-answered" | "not-closed" | "not-released" | "not-restored" | "nothing-asked"
        | "nothing-open" | "nothing-to-decide" | "nothing-to-stop" | "nothing-waits" | "restored-already"
        | "same-plan" | "shares-a-system" | "stale-fingerprint" | "stopped-already" => StatusCode::CONFLICT,
        _ if code.starts_with("unknown-") => StatusCode::NOT_FOUND,
        _ => StatusCode::UNPROCESSABLE_ENTITY,
    }
}

impl From<Refused> for Problem {
    fn from(r: Refused) -> Self {
        Self { already: r.already, ..Self::new(status_of(r.code), r.code, r.why, r.help) }
    }
}

impl From<Failed> for Problem {
    fn from(failed: Failed) -> Self {
        match failed {
            Failed::Refused(refused) => refused.into(),
            Failed::GoingDown => Problem::new(
                StatusCode::SERVICE_UNAVAILABLE,
                "going-down",
                "the program is going down",
                "try again in a few seconds; nothing was done",
            ),
        }
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

    #[tokio::test]
    async fn people_read_swedish_first_and_programs_read_what_they_always_did() {
        let problem = || Problem::from(Failed::GoingDown);
        let page = body(problem().answer(false)).await;
        let (sv, en) = (page.find("Programmet stängs av; inget är gjort."), page.find("the program is going down"));
        assert!(sv.is_some() && sv < en && page.contains("Försök igen om några sekunder."), "{page}");
        let json = r#"{"code":"going-down","why":"the program is going down","help":"try again in a few seconds; nothing was done"}"#;
        assert_eq!(body(problem().answer(true)).await, json);
        assert_eq!(problem().said(Lang::EN), None);
    }
}
