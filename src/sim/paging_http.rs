//! A paging provider with a JSON interface, on loopback. It finds pager and text in a request by where they stand, keeps what
//! the pager shows, calls back with receipts and answers, and misbehaves when told to or by a pager's last four digits.

use std::io;
use std::net::SocketAddr;
use std::pin::Pin;
use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use http_body_util::{BodyExt, Full, Limited};
use hyper::body::{Bytes, Incoming};
use hyper::service::service_fn;
use hyper::{Request, Response};
use hyper_util::rt::TokioIo;
use serde_json::{Value, json};
use tokio::net::TcpListener;
use tokio::task::{JoinHandle, JoinSet};
use tokio::time::sleep;

use super::Far;
use super::far_end::{FarEnd, Told};
use super::http::post;
use super::sms_http::authorization;

/// The longest request.
const REQUEST_LEN_MAX: usize = 256 * 1024;
/// How long "slow" takes.
const SLOW: Duration = Duration::from_millis(300);
/// How late the receipts of a pager with jitter are at most.
const JITTER_MS: u64 = 40;
/// What calls carry.
const JSON: &str = "application/json";

/// How the provider treats a page.
#[derive(Clone, Copy, PartialEq, Eq, Default, Debug)]
pub enum Behaviour {
    /// Takes it, shows it, calls back.
    #[default]
    Good,
    /// Answers 200; the body says that it failed (ending 0001).
    FailedIn200,
    /// Answers 500 (ending 0002).
    Error500,
    /// Takes it; the receipt says that it failed, and nothing is shown (ending 0003).
    Undeliverable,
    /// Takes and shows it, never calls back (ending 0004).
    NoReceipt,
    /// Shows it and never answers (ending 0005).
    Hang,
    /// Shows it and closes the connection instead of answering (ending 0006).
    Close,
    /// Answers after a while (ending 0007).
    Slow,
    /// Answers 200 with a page of somebody else's (ending 0008).
    Garbage,
    /// Answers 429 with a Retry-After (ending 0009).
    TooMany,
    /// Each receipt comes twice (ending 0010).
    ReceiptTwice,
    /// The receipt comes before the answer (ending 0011).
    ReceiptFirst,
    /// Receipts are late, each by another time, so that they come in another order (ending 0012).
    Jitter,
}

const ENDINGS: [(&str, Behaviour); 12] = [
    ("0001", Behaviour::FailedIn200),
    ("0002", Behaviour::Error500),
    ("0003", Behaviour::Undeliverable),
    ("0004", Behaviour::NoReceipt),
    ("0005", Behaviour::Hang),
    ("0006", Behaviour::Close),
    ("0007", Behaviour::Slow),
    ("0008", Behaviour::Garbage),
    ("0009", Behaviour::TooMany),
    ("0010", Behaviour::ReceiptTwice),
    ("0011", Behaviour::ReceiptFirst),
    ("0012", Behaviour::Jitter),
];

/// How the provider is.
#[derive(Clone, Debug)]
pub struct Opts {
    /// Pagers that end in 0001 to 0012 misbehave, each in its way.
    pub by_ending: bool,
    /// What a request must bring as Authorization; empty: nothing is looked at.
    pub authorization: String,
    /// Where the pager stands in a request (a JSON pointer).
    pub to_at: String,
    /// Where the text stands.
    pub text_at: String,
    /// Where the client's key stands.
    pub id_at: String,
    /// Receipts name the client's key beside the provider's number.
    pub names_key: bool,
    /// Where receipts go; empty: none are sent.
    pub receipt_url: String,
    /// Where answers go.
    pub reply_url: String,
}

impl Default for Opts {
    fn default() -> Self {
        Self {
            by_ending: true,
            authorization: String::new(),
            to_at: "/to".into(),
            text_at: "/text".into(),
            id_at: "/id".into(),
            names_key: false,
            receipt_url: String::new(),
            reply_url: String::new(),
        }
    }
}

struct Inner {
    far: Far,
    name: String,
    opts: Mutex<Opts>,
    ids: AtomicU32,
    receipts: Mutex<JoinSet<()>>,
}

/// The provider; it answers as long as this lives.
pub struct Handle {
    /// Where it listens.
    pub addr: SocketAddr,
    inner: Arc<Inner>,
    task: JoinHandle<()>,
}

impl Drop for Handle {
    fn drop(&mut self) {
        self.task.abort();
    }
}

/// Starts it.
///
/// # Errors
/// When there is no free port.
pub async fn start(far: Far, name: &str, opts: Opts) -> io::Result<Handle> {
    let listener = TcpListener::bind("127.0.0.1:0").await?;
    let addr = listener.local_addr()?;
    let (ids, receipts) = (AtomicU32::new(1), Mutex::default());
    let inner = Arc::new(Inner { far, name: name.into(), opts: Mutex::new(opts), ids, receipts });
    Ok(Handle { addr, inner: inner.clone(), task: tokio::spawn(listen(listener, inner)) })
}

/// As the far end of a configured gateway.
pub(super) async fn far_end(told: &Told<'_>) -> io::Result<Box<dyn FarEnd>> {
    let opts = Opts {
        by_ending: told.by_ending,
        authorization: authorization(told.fact("user"), told.fact("password")),
        to_at: told.fact("to_at").into(),
        text_at: told.fact("text_at").into(),
        id_at: told.fact("id_at").into(),
        ..Opts::default()
    };
    Ok(Box::new(start(told.far.clone(), told.name, opts).await?))
}

impl FarEnd for Handle {
    fn addr(&self) -> Option<SocketAddr> {
        Some(self.addr)
    }

    fn call_back(&self, receipt_url: &str, reply_url: &str) {
        let mut opts = self.inner.opts.lock().unwrap_or_else(PoisonError::into_inner);
        opts.receipt_url = receipt_url.into();
        opts.reply_url = reply_url.into();
    }

    fn reply<'a>(&'a self, from: &'a str, text: &'a str) -> Pin<Box<dyn Future<Output = bool> + Send + 'a>> {
        Box::pin(async move {
            let body = json!({ "from": from, "text": text }).to_string();
            (200..300).contains(&post(&self.inner.opts().reply_url, JSON, &body).await)
        })
    }
}

impl Handle {
    /// Where pages go.
    pub fn url(&self) -> String {
        format!("http://{}/pages", self.addr)
    }
}

impl Inner {
    fn opts(&self) -> Opts {
        self.opts.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }
}

async fn listen(listener: TcpListener, inner: Arc<Inner>) {
    let mut connections = JoinSet::new();
    loop {
        tokio::select! {
            accepted = listener.accept() => {
                let Ok((tcp, _)) = accepted else { continue };
                if tcp.set_nodelay(true).is_err() {
                    continue;
                }
                let inner = inner.clone();
                connections.spawn(async move {
                    let service = service_fn(|request| answer(inner.clone(), request));
                    // A client that goes away in the middle is not news.
                    let _ = hyper::server::conn::http1::Builder::new().serve_connection(TokioIo::new(tcp), service).await;
                });
            },
            Some(_) = connections.join_next() => {}
        }
    }
}

fn say(status: u16, body: impl Into<Bytes>) -> Response<Full<Bytes>> {
    let mut response = Response::new(Full::new(body.into()));
    *response.status_mut() = hyper::StatusCode::from_u16(status).unwrap_or_default();
    response
}

async fn answer(inner: Arc<Inner>, request: Request<Incoming>) -> Result<Response<Full<Bytes>>, io::Error> {
    let opts = inner.opts();
    if request.uri().path() != "/pages" {
        return Ok(say(404, "a paging provider"));
    }
    let authorized = request.headers().get("authorization").and_then(|v| v.to_str().ok()).unwrap_or_default();
    if !opts.authorization.is_empty() && authorized != opts.authorization {
        return Ok(say(401, r#"{"error":"who are you?"}"#));
    }
    let body = Limited::new(request.into_body(), REQUEST_LEN_MAX).collect().await;
    let body = body.ok().and_then(|body| serde_json::from_slice::<Value>(&body.to_bytes()).ok());
    let at = |pointer: &str| body.as_ref().and_then(|b| b.pointer(pointer)?.as_str()).unwrap_or_default().to_owned();
    let (to, text, key) = (at(&opts.to_at), at(&opts.text_at), at(&opts.id_at));
    if to.is_empty() || text.is_empty() {
        return Ok(say(400, r#"{"error":"no pager, or no text"}"#));
    }
    let ending = ENDINGS.iter().find(|(ending, _)| to.ends_with(ending)).map(|(_, behaviour)| *behaviour);
    let behaviour = ending.filter(|_| opts.by_ending).unwrap_or_default();
    match behaviour {
        Behaviour::FailedIn200 => return Ok(say(200, r#"{"status":"failed","error":"invalid pager"}"#)),
        Behaviour::Error500 => return Ok(say(500, "oops")),
        Behaviour::Garbage => return Ok(say(200, "<html>Log in to the hotel network</html>")),
        Behaviour::TooMany => {
            let mut response = say(429, r#"{"error":"slower"}"#);
            response.headers_mut().insert("retry-after", hyper::header::HeaderValue::from_static("7"));
            return Ok(response);
        }
        _ => {}
    }
    if behaviour != Behaviour::Undeliverable {
        inner.far.show(&inner.name, &to, &text);
    }
    match behaviour {
        Behaviour::Hang => std::future::pending::<()>().await,
        Behaviour::Close => return Err(io::Error::other("closes")),
        Behaviour::Slow => sleep(SLOW).await,
        _ => {}
    }
    let n = inner.ids.fetch_add(1, Ordering::Relaxed);
    let id = format!("p{n}");
    let state = if behaviour == Behaviour::Undeliverable { "failed" } else { "delivered" };
    let mut receipt = json!({ "id": id, "status": state });
    if opts.names_key {
        receipt["delivery"] = key.into();
    }
    let (url, receipt) = (opts.receipt_url, receipt.to_string());
    match behaviour {
        Behaviour::NoReceipt => {}
        _ if url.is_empty() => {}
        Behaviour::ReceiptFirst => {
            post(&url, JSON, &receipt).await;
        }
        _ => {
            let times = if behaviour == Behaviour::ReceiptTwice { 2 } else { 1 };
            // The first is the latest.
            let late = if behaviour == Behaviour::Jitter { JITTER_MS / u64::from(n) } else { 0 };
            let mut receipts = inner.receipts.lock().unwrap_or_else(PoisonError::into_inner);
            while receipts.try_join_next().is_some() {}
            receipts.spawn(async move {
                sleep(Duration::from_millis(late)).await;
                for _ in 0..times {
                    post(&url, JSON, &receipt).await;
                }
            });
        }
    }
    Ok(say(200, json!({ "status": "accepted", "id": id }).to_string()))
}
