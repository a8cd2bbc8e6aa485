//! The two kinds of requests that act: answer links (`/a/…`) and gateway callbacks (`/cb/…`).

use std::time::Duration;

use http_body_util::{BodyExt, Full, Limited};
use hyper::body::{Body, Bytes, Incoming};
use hyper::header::{CACHE_CONTROL, CONNECTION, CONTENT_TYPE, HeaderValue, LOCATION, RETRY_AFTER};
use hyper::{HeaderMap, Method, Request, Response, StatusCode};

use super::published::{protect, style_sources};
use crate::gateways::{Boxed, callback};

/// Answer links begin with this.
pub const ANSWER_PREFIX: &str = "/a/";
/// Largest body that is read. A batch of receipts fits many times.
pub const BODY_BYTES_MAX: usize = 64 * 1024;
/// A body must be here within this time.
const BODY_TIMEOUT: Duration = Duration::from_secs(10);
/// Whoever calls with a wrong secret is answered after that time.
const SLOWED: Duration = Duration::from_secs(1);
/// An answer must be there within this time.
const ANSWER_TIMEOUT: Duration = Duration::from_secs(10);

/// A request that acts. Debug shows no path: it holds a key.
pub struct Call {
    /// GET, HEAD or POST.
    pub method: Method,
    /// The path, not decoded.
    pub path: String,
    /// What came after the question mark.
    pub query: Option<String>,
    /// Headers, for the content type and signatures of gateways.
    pub headers: HeaderMap,
    /// The body, at most [`BODY_BYTES_MAX`].
    pub body: Bytes,
}

impl std::fmt::Debug for Call {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Call({} …, {} bytes)", self.method, self.body.len())
    }
}

/// What is answered. Headers that protect are added here, by whoever sends it.
#[derive(Clone, Debug)]
pub struct Answer {
    pub status: StatusCode,
    /// The body's type.
    pub content_type: &'static str,
    pub body: Bytes,
    /// Where to go instead, on this server (303 after a POST).
    pub location: Option<String>,
    /// Answered after a while: whoever guesses is slowed, and holds up nobody.
    pub slowed: bool,
}

impl Answer {
    /// A page.
    pub fn html(status: StatusCode, body: impl Into<Bytes>) -> Self {
        Self { status, content_type: "text/html; charset=utf-8", body: body.into(), location: None, slowed: false }
    }
    /// Plain text.
    pub fn text(status: StatusCode, body: impl Into<Bytes>) -> Self {
        Self { status, content_type: "text/plain; charset=utf-8", body: body.into(), location: None, slowed: false }
    }
}

/// Answers requests that act.
pub trait Dynamic: Send + Sync {
    /// Answers one request. What takes longer than ten seconds is given up; the sender may come again.
    fn call(&self, call: Call) -> Boxed<'_, Answer>;
}

pub(super) const NOT_FOUND: &str = "404: no such page. The state now: /\n";

/// Whether a path acts.
pub(super) fn acts(path: &str) -> bool {
    path.starts_with(ANSWER_PREFIX) || path.starts_with(callback::PREFIX)
}

/// All of a request, with its body. Refusals are rare, and large.
pub(super) async fn whole(request: Request<Incoming>) -> Result<Call, Box<Response<Full<Bytes>>>> {
    let (parts, body) = request.into_parts();
    if !matches!(parts.method, Method::GET | Method::HEAD | Method::POST) {
        let mut refused = response(Answer::text(StatusCode::METHOD_NOT_ALLOWED, "405: GET or POST\n"));
        refused.headers_mut().insert(hyper::header::ALLOW, HeaderValue::from_static("GET, HEAD, POST"));
        return Err(Box::new(refused));
    }
    let body = read(body).await.map_err(|status| {
        let mut refused = response(Answer::text(status, format!("{status}\n")));
        // The rest of the body is not read: the connection is of no more use.
        refused.headers_mut().insert(CONNECTION, HeaderValue::from_static("close"));
        Box::new(refused)
    })?;
    let (path, query) = (parts.uri.path().to_owned(), parts.uri.query().map(str::to_owned));
    Ok(Call { method: parts.method, path, query, headers: parts.headers, body })
}

/// The answer, and how long it is to be held back.
pub(super) async fn respond(dynamic: &dyn Dynamic, call: Call) -> (Response<Full<Bytes>>, Duration) {
    match tokio::time::timeout(ANSWER_TIMEOUT, dynamic.call(call)).await {
        Ok(answer) => {
            let pause = if answer.slowed { SLOWED } else { Duration::ZERO };
            (response(answer), pause)
        }
        Err(_) => (busy(), Duration::ZERO),
    }
}

async fn read(body: Incoming) -> Result<Bytes, StatusCode> {
    if body.size_hint().lower() > BODY_BYTES_MAX as u64 {
        return Err(StatusCode::PAYLOAD_TOO_LARGE);
    }
    match tokio::time::timeout(BODY_TIMEOUT, Limited::new(body, BODY_BYTES_MAX).collect()).await {
        Ok(Ok(body)) => Ok(body.to_bytes()),
        Ok(Err(e)) if e.is::<http_body_util::LengthLimitError>() => Err(StatusCode::PAYLOAD_TOO_LARGE),
        Ok(Err(_)) => Err(StatusCode::BAD_REQUEST),
        Err(_) => Err(StatusCode::REQUEST_TIMEOUT),
    }
}

/// Too much at once, or too slow: the sender may come again.
pub(super) fn busy() -> Response<Full<Bytes>> {
    let mut busy = response(Answer::text(StatusCode::SERVICE_UNAVAILABLE, "503: busy; try again in a few seconds\n"));
    busy.headers_mut().insert(RETRY_AFTER, HeaderValue::from_static("2"));
    busy
}

pub(super) fn response(answer: Answer) -> Response<Full<Bytes>> {
    let html = answer.content_type.starts_with("text/html");
    let style = if html { style_sources(&answer.body) } else { "'none'".into() };
    let mut response = Response::new(Full::new(answer.body));
    *response.status_mut() = answer.status;
    let headers = response.headers_mut();
    headers.insert(CONTENT_TYPE, HeaderValue::from_static(answer.content_type));
    headers.insert(CACHE_CONTROL, HeaderValue::from_static("no-store"));
    protect(headers, &style, if html { "'self'" } else { "'none'" });
    if let Some(location) = answer.location.and_then(|l| HeaderValue::try_from(l).ok()) {
        headers.insert(LOCATION, location);
    }
    response
}
