//! Why a request was not carried out: a status, a word for programs, what and why, what to do next.

use askama::Template;
use axum::Json;
use axum::http::StatusCode;
use axum::response::{Html, IntoResponse, Response};
use serde::Serialize;

use crate::dispatch::owner::Failed;
use crate::domain::incident::input::Refused;

/// Why not.
#[derive(Clone, Debug, Serialize)]
pub struct Problem {
    /// Of the answer.
    #[serde(skip)]
    pub status: StatusCode,
    /// A word for programs (`stale-fingerprint`).
    pub code: String,
    /// What and why.
    pub why: String,
    /// What to do next.
    pub help: String,
}

#[derive(Template)]
#[template(path = "problem.html")]
struct Page<'a> {
    status: u16,
    problem: &'a Problem,
}

impl Problem {
    /// With what to do next.
    pub fn new(status: StatusCode, code: &str, why: impl Into<String>, help: impl Into<String>) -> Self {
        Self { status, code: code.into(), why: why.into(), help: help.into() }
    }

    /// What could not be read.
    pub fn input(why: impl Into<String>) -> Self {
        Self::new(StatusCode::UNPROCESSABLE_ENTITY, "bad-input", why, "docs/api.md has an example of each command")
    }

    /// As JSON for programs, as a page for people.
    pub fn answer(self, program: bool) -> Response {
        let status = self.status;
        if program {
            return (status, Json(self)).into_response();
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
        "already-released" | "answered-already" | "cannot-adopt" | "cannot-merge" | "closed" | "data-not-confirmed"
        | "decided-already" | "done-already" | "extended-already" | "mode-stands" | "not-answered" | "not-released"
        | "not-restored" | "nothing-asked" | "nothing-open" | "nothing-to-decide" | "nothing-to-stop"
        | "nothing-waits" | "restored-already" | "same-plan" | "shares-a-system" | "stale-fingerprint"
        | "stopped-already" => StatusCode::CONFLICT,
        _ if code.starts_with("unknown-") => StatusCode::NOT_FOUND,
        _ => StatusCode::UNPROCESSABLE_ENTITY,
    }
}

impl From<Refused> for Problem {
    fn from(r: Refused) -> Self {
        Self::new(status_of(r.code), r.code, r.why, r.help)
    }
}

impl From<Failed> for Problem {
    fn from(failed: Failed) -> Self {
        match failed {
            Failed::Refused(refused) => refused.into(),
            Failed::GoingDown => Self::new(
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
