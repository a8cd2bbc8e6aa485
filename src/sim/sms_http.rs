//! An SMS gateway with an HTTP interface, on loopback. It takes a query, a form or JSON under the usual names, keeps what the
//! handset shows, calls back with receipts and answers, and misbehaves when told to or by a number's last four digits.

use std::collections::HashMap;
use std::io;
use std::net::SocketAddr;
use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD as BASE64;
use http_body_util::{BodyExt, Full, Limited};
use hyper::body::{Bytes, Incoming};
use hyper::service::service_fn;
use hyper::{Request, Response};
use hyper_util::rt::TokioIo;
use tokio::net::TcpListener;
use tokio::sync::Semaphore;
use tokio::task::{JoinHandle, JoinSet};
use tokio::time::sleep;

use super::Far;
use super::http::{FORM, post};

/// The longest request.
const REQUEST_LEN_MAX: usize = 256 * 1024;
/// How many callbacks at the same time.
const CALLBACKS_MAX: usize = 16;
/// How long "slow" takes.
const SLOW: Duration = Duration::from_millis(300);

/// How the gateway treats a message.
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
    /// 200 with something else in the body (ending 0008).
    Garbage,
    /// 429 with `Retry-After: 7` (ending 0009).
    TooMany,
    /// Takes it, shows it to nobody and never calls back.
    Drops,
    /// 503 with `Retry-After: 3600`, for ever.
    LaterForEver,
}

const ENDINGS: [(&str, Behaviour); 9] = [
    ("0001", Behaviour::FailedIn200),
    ("0002", Behaviour::Error500),
    ("0003", Behaviour::Undeliverable),
    ("0004", Behaviour::NoReceipt),
    ("0005", Behaviour::Hang),
    ("0006", Behaviour::Close),
    ("0007", Behaviour::Slow),
    ("0008", Behaviour::Garbage),
    ("0009", Behaviour::TooMany),
];

/// What the gateway is like.
#[derive(Clone, Debug)]
pub struct Opts {
    /// How it treats messages.
    pub all: Behaviour,
    /// Whether the last four digits of a number choose a behaviour.
    pub by_ending: bool,
    /// Answers `202 0: Accepted for delivery` instead of JSON.
    pub kannel: bool,
    /// What `Authorization` must be; anything goes when empty.
    pub authorization: String,
    /// Each answer takes up to so many milliseconds, another number each time.
    pub jitter_ms_max: u32,
    /// Where receipts go (`http://127.0.0.1:PORT/PATH`), unless the request names an address. None when empty.
    pub receipt_url: String,
    /// Where answers go. None when empty.
    pub reply_url: String,
}

impl Default for Opts {
    fn default() -> Self {
        Self {
            all: Behaviour::Good,
            by_ending: true,
            kannel: false,
            authorization: String::new(),
            jitter_ms_max: 0,
            receipt_url: String::new(),
            reply_url: String::new(),
        }
    }
}

/// What a client of that user with that password sends; without a password nothing is looked at.
pub fn authorization(user: &str, password: &str) -> String {
    match (user, password) {
        (_, "") => String::new(),
        ("", token) => format!("Bearer {token}"),
        (user, password) => format!("Basic {}", BASE64.encode(format!("{user}:{password}"))),
    }
}

struct Inner {
    far: Far,
    name: String,
    opts: Mutex<Opts>,
    ids: AtomicU32,
    callbacks: Semaphore,
    /// Callbacks that are under way; they end with the gateway.
    tasks: Mutex<JoinSet<()>>,
}

/// Starts gateways.
pub struct SimSmsHttp;

/// A running gateway. It stops when this is dropped.
pub struct Handle {
    /// Where it listens.
    pub addr: SocketAddr,
    inner: Arc<Inner>,
    task: JoinHandle<()>,
}

impl Drop for Handle {
    fn drop(&mut self) {
        self.task.abort();
        self.inner.tasks.lock().unwrap_or_else(PoisonError::into_inner).abort_all();
    }
}

impl SimSmsHttp {
    /// Listens on a free port of loopback, any path.
    ///
    /// # Errors
    /// When there is none.
    pub async fn start(far: Far, name: &str, opts: Opts) -> io::Result<Handle> {
        let listener = TcpListener::bind("127.0.0.1:0").await?;
        let addr = listener.local_addr()?;
        let inner = Arc::new(Inner {
            far,
            name: name.into(),
            opts: Mutex::new(opts),
            ids: AtomicU32::new(1),
            callbacks: Semaphore::new(CALLBACKS_MAX),
            tasks: Mutex::default(),
        });
        let task = tokio::spawn(listen(listener, inner.clone()));
        Ok(Handle { addr, inner, task })
    }
}

impl Handle {
    /// Where to send.
    pub fn url(&self) -> String {
        format!("http://{}/send", self.addr)
    }

    /// Sets where callbacks go, once it is known.
    pub fn call_back(&self, receipt_url: &str, reply_url: &str) {
        let mut opts = self.inner.opts.lock().unwrap_or_else(PoisonError::into_inner);
        opts.receipt_url = receipt_url.into();
        opts.reply_url = reply_url.into();
    }

    /// It treats all messages so from now on.
    pub fn treat_all(&self, so: Behaviour) {
        self.inner.opts.lock().unwrap_or_else(PoisonError::into_inner).all = so;
    }

    /// Somebody writes back. Gives the status of the callback, or 0 without an answer.
    pub async fn reply(&self, from: &str, text: &str) -> u16 {
        let url = self.inner.opts().reply_url;
        post(&url, FORM, &format!("from={}&text={}", escaped(from), escaped(text))).await
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

type Fields = HashMap<String, String>;

async fn fields(request: Request<Incoming>) -> Option<Fields> {
    let mut fields = Fields::new();
    unfold(request.uri().query().unwrap_or_default(), &mut fields);
    let body = Limited::new(request.into_body(), REQUEST_LEN_MAX).collect().await.ok()?.to_bytes();
    let body = String::from_utf8(body.to_vec()).ok()?;
    if body.starts_with('{') {
        let json: HashMap<String, serde_json::Value> = serde_json::from_str(&body).ok()?;
        fields.extend(json.into_iter().map(|(k, v)| (k, v.as_str().map_or_else(|| v.to_string(), str::to_owned))));
    } else {
        unfold(&body, &mut fields);
    }
    Some(fields)
}

/// Names and values of a query or a form.
fn unfold(text: &str, fields: &mut Fields) {
    for pair in text.split('&') {
        if let Some((name, value)) = pair.split_once('=') {
            fields.insert(unescaped(name), unescaped(value));
        }
    }
}

fn unescaped(text: &str) -> String {
    let mut octets = Vec::new();
    let mut chars = text.bytes();
    while let Some(byte) = chars.next() {
        match byte {
            b'+' => octets.push(b' '),
            b'%' => {
                let two: String = chars.by_ref().take(2).map(char::from).collect();
                octets.push(u8::from_str_radix(&two, 16).unwrap_or(b'?'));
            }
            byte => octets.push(byte),
        }
    }
    String::from_utf8_lossy(&octets).into_owned()
}

fn escaped(text: &str) -> String {
    let one = |b: u8| if b.is_ascii_alphanumeric() { char::from(b).to_string() } else { format!("%{b:02X}") };
    text.bytes().map(one).collect()
}

fn first(fields: &Fields, names: &[&str]) -> String {
    names.iter().find_map(|n| fields.get(*n)).cloned().unwrap_or_default()
}

fn say(status: u16, body: String) -> Response<Full<Bytes>> {
    let mut response = Response::new(Full::new(Bytes::from(body)));
    *response.status_mut() = hyper::StatusCode::from_u16(status).unwrap_or_default();
    response
}

async fn answer(inner: Arc<Inner>, request: Request<Incoming>) -> Result<Response<Full<Bytes>>, io::Error> {
    let opts = inner.opts();
    let authorization = request.headers().get("authorization").and_then(|v| v.to_str().ok()).unwrap_or_default();
    if request.uri().path() == "/" {
        return Ok(say(404, "a gateway".into()));
    }
    if !opts.authorization.is_empty() && authorization != opts.authorization {
        return Ok(say(401, "who are you?".into()));
    }
    let Some(fields) = fields(request).await else { return Ok(say(400, "can't be read".into())) };
    let to = first(&fields, &["to", "To"]);
    let text = first(&fields, &["text", "message", "Body"]);
    if to.is_empty() || text.is_empty() {
        return Ok(say(400, "to or text is missing".into()));
    }
    let ending = to.get(to.len().saturating_sub(4)..).unwrap_or_default();
    let by_ending = ENDINGS.iter().find(|(e, _)| *e == ending).map(|(_, b)| *b).filter(|_| opts.by_ending);
    let behaviour = by_ending.unwrap_or(opts.all);
    let nth = inner.ids.fetch_add(1, Ordering::Relaxed);
    let id = format!("m{nth}");
    if opts.jitter_ms_max > 0 {
        // Knuth's multiplicative hash: spread out, and the same in each run.
        let wait = (nth.wrapping_mul(2_654_435_761) >> 8) % opts.jitter_ms_max;
        sleep(Duration::from_millis(wait.into())).await;
    }
    match behaviour {
        Behaviour::FailedIn200 => {
            return Ok(say(200, r#"{"status":"failed","error":"invalid number"}"#.into()));
        }
        Behaviour::Error500 => return Ok(say(500, "oops".into())),
        Behaviour::Garbage => return Ok(say(200, "<html>Log in to the hotel network</html>".into())),
        Behaviour::TooMany => {
            let mut response = say(429, "slower".into());
            response.headers_mut().insert("retry-after", hyper::header::HeaderValue::from_static("7"));
            return Ok(response);
        }
        Behaviour::LaterForEver => {
            let mut response = say(503, "later".into());
            response.headers_mut().insert("retry-after", hyper::header::HeaderValue::from_static("3600"));
            return Ok(response);
        }
        _ => {}
    }
    if !matches!(behaviour, Behaviour::Undeliverable | Behaviour::Drops) {
        inner.far.show(&inner.name, &to, &text);
    }
    match behaviour {
        Behaviour::Hang => std::future::pending::<()>().await,
        Behaviour::Close => return Err(io::Error::other("closes")),
        Behaviour::Slow => sleep(SLOW).await,
        _ => {}
    }
    if !matches!(behaviour, Behaviour::NoReceipt | Behaviour::Drops) {
        receipt(&inner, &opts, &fields, &id, behaviour != Behaviour::Undeliverable);
    }
    Ok(match opts.kannel {
        true => say(202, "0: Accepted for delivery".into()),
        false => say(200, format!(r#"{{"status":"accepted","id":"{id}"}}"#)),
    })
}

/// Calls back: the address in the request, as Kannel does (`%d` is the state), or the gateway's own.
fn receipt(inner: &Arc<Inner>, opts: &Opts, fields: &Fields, id: &str, good: bool) {
    let asked = first(fields, &["dlr-url", "whendelivered", "StatusCallback", "callback"]);
    let (url, form) = if asked.contains("%d") {
        (asked.replace("%d", if good { "1" } else { "2" }).replace("%A", ""), String::new())
    } else {
        let url = if asked.is_empty() { opts.receipt_url.clone() } else { asked };
        let state = if good { "delivered" } else { "failed" };
        let delivery = first(fields, &["id"]);
        (url, format!("id={id}&status={state}&delivery={}", escaped(&delivery)))
    };
    if url.is_empty() {
        return;
    }
    let inner_for_task = inner.clone();
    let mut tasks = inner.tasks.lock().unwrap_or_else(PoisonError::into_inner);
    while tasks.try_join_next().is_some() {}
    tasks.spawn(async move {
        let Ok(_permit) = inner_for_task.callbacks.acquire().await else { return };
        post(&url, FORM, &form).await;
    });
}
