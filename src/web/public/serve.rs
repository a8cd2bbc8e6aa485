//! Sockets and requests of the public listener.

use std::convert::Infallible;
use std::io;
use std::net::IpAddr;
use std::pin::pin;
use std::sync::Arc;
use std::time::Duration;

use http_body_util::Full;
use hyper::body::{Bytes, Incoming};
use hyper::header::{
    ACCEPT_ENCODING, ALLOW, CONNECTION, CONTENT_LANGUAGE, ETAG, HeaderValue, IF_NONE_MATCH, RETRY_AFTER,
};
use hyper::service::service_fn;
use hyper::{HeaderMap, Method, Request, Response, StatusCode};
use hyper_util::rt::TokioIo;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{OwnedSemaphorePermit, Semaphore};

use super::dynamic::{self, Answer, Dynamic, NOT_FOUND};
use super::patience::{Patience, Patient, unless};
use super::published::{PublicSite, Published};
use crate::gateways::Stop;
use crate::web::door::{Door, HSTS, Visitor};
use crate::web::places::{Addresses, Counted};
use crate::web::serve::names_its_host;
use crate::web::tls::{Handshakes, Turn};

/// Bounds of the public listener.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Limits {
    /// Connections at one time. Further ones wait in the system's queue until one ends.
    pub connections_max: usize,
    /// Connections of one address, which is not this machine's (where a proxy may be). A hospital's whole staff may come
    /// from one address.
    pub per_address_max: usize,
    /// TLS handshakes at one time; they take no connection's place. Of few connections a quarter as many.
    pub handshakes_max: usize,
    /// Bytes of request line and headers.
    pub header_bytes_max: usize,
    /// Headers.
    pub headers_max: usize,
    /// Bytes of path and query.
    pub target_bytes_max: usize,
    /// A request's headers must be here within this time; an idle connection is kept as long.
    pub header_timeout_s: u32,
    /// A connection as a whole: a reader that takes a byte now and then does not hold a place for ever.
    pub connection_s_max: u32,
    /// Calls of [`Dynamic`] at one time.
    pub calls_max: usize,
    /// What is being answered may take so long when the program is going down.
    pub drain_s: u32,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            connections_max: 2_048,
            per_address_max: 1_024,
            handshakes_max: 512,
            header_bytes_max: 8 * 1024,
            headers_max: 64,
            target_bytes_max: 1_024,
            header_timeout_s: 10,
            connection_s_max: 300,
            calls_max: 256,
            drain_s: 5,
        }
    }
}

/// What the public listener needs. Cheap to clone.
#[derive(Clone)]
pub struct Public {
    /// The pages.
    pub site: Arc<PublicSite>,
    /// Answers requests that act.
    pub dynamic: Arc<dyn Dynamic>,
    /// Bounds.
    pub limits: Limits,
    /// How it is entered.
    pub door: Door,
}

impl std::fmt::Debug for Public {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Public").field("limits", &self.limits).finish_non_exhaustive()
    }
}

/// Serves on a thread and runtime of its own until `stop` turns true. The listener is made non-blocking here.
///
/// # Errors
/// No thread, or the listener can't be used.
pub fn spawn_thread(
    listener: std::net::TcpListener,
    public: Public,
    stop: Stop,
) -> io::Result<std::thread::JoinHandle<()>> {
    listener.set_nonblocking(true)?;
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    let listener = {
        let _guard = runtime.enter();
        TcpListener::from_std(listener)?
    };
    std::thread::Builder::new().name("public".into()).spawn(move || runtime.block_on(run(listener, public, stop)))
}

/// Serves until `stop` turns true.
pub async fn run(listener: TcpListener, public: Public, mut stop: Stop) {
    let limits = &public.limits;
    let places = Arc::new(Semaphore::new(limits.connections_max.clamp(1, Semaphore::MAX_PERMITS)));
    let calls = Semaphore::new(limits.calls_max.clamp(1, Semaphore::MAX_PERMITS));
    let house = Arc::new(House { public: public.clone(), calls, places: places.clone() });
    let addresses = Arc::new(Addresses::default());
    let handshakes_max = limits.handshakes_max.min(limits.connections_max.div_ceil(4));
    let handshakes = public.door.tls.as_deref().map(|certificates| Handshakes::new(certificates, handshakes_max));
    loop {
        let accepted = tokio::select! {
            () = async { let _ = stop.wait_for(|s| *s).await; } => break,
            accepted = accept(&listener, &places, handshakes.as_ref()) => accepted,
        };
        let (place, turn, socket, address) = match accepted {
            Ok(accepted) => accepted,
            Err(e) => {
                // Out of descriptors, mostly. Others free them; looking again at once would only burn time.
                tracing::warn!(error = %e, "the public listener could not accept a connection");
                tokio::time::sleep(Duration::from_millis(50)).await;
                continue;
            }
        };
        let visitor = public.door.visitor(address);
        // A proxy speaks for many.
        let share = if visitor.is_proxy() { usize::MAX } else { limits.per_address_max };
        let Some(counted) = addresses.count(address, share) else { continue };
        let _ = socket.set_nodelay(true);
        let shaking = handshakes.as_ref().map(|handshakes| handshakes.count(address, visitor.is_proxy()));
        let connection = Connection { house: house.clone(), visitor, _counted: counted };
        let stop = stop.clone();
        let (Some(handshakes), Some(shaking), Some(turn)) = (&handshakes, shaking, turn) else {
            tokio::spawn(connection.serve(socket, place, stop));
            continue;
        };
        let (Some(shaking), handshakes) = (shaking, handshakes.clone()) else { continue };
        drop(place);
        tokio::spawn(async move {
            let Some(socket) = handshakes.shake(socket, &turn).await else { return };
            let Ok(place) = connection.house.places.clone().acquire_owned().await else { return };
            drop((turn, shaking));
            connection.serve(socket, place, stop).await;
        });
    }
    drop(listener);
    let all = u32::try_from(limits.connections_max).unwrap_or(u32::MAX);
    let _ = tokio::time::timeout(Duration::from_secs(limits.drain_s.into()), places.acquire_many(all)).await;
}

async fn accept(
    listener: &TcpListener,
    places: &Arc<Semaphore>,
    handshakes: Option<&Handshakes>,
) -> io::Result<(OwnedSemaphorePermit, Option<Turn>, TcpStream, IpAddr)> {
    let turn = match handshakes {
        Some(handshakes) => handshakes.turn().await,
        None => None,
    };
    let place = places.clone().acquire_owned().await.map_err(io::Error::other)?;
    let (socket, address) = listener.accept().await?;
    Ok((place, turn, socket, address.ip().to_canonical()))
}

/// What all connections share.
pub(super) struct House {
    pub public: Public,
    pub calls: Semaphore,
    pub places: Arc<Semaphore>,
}

pub(super) struct Connection {
    pub house: Arc<House>,
    pub visitor: Visitor,
    pub _counted: Counted,
}

impl Connection {
    pub async fn serve(
        self,
        socket: impl AsyncRead + AsyncWrite + Unpin,
        _place: OwnedSemaphorePermit,
        mut stop: Stop,
    ) {
        let limits = &self.house.public.limits;
        let patience = Patience::new(Duration::from_secs(limits.header_timeout_s.max(1).into()));
        let mut http = hyper::server::conn::http1::Builder::new();
        http.header_read_timeout(None)
            // hyper's least is 8 192.
            .max_buf_size(limits.header_bytes_max.max(8_192))
            .max_headers(limits.headers_max)
            .half_close(true);
        let service = service_fn(|request| self.respond(request, &patience));
        let socket = Patient { socket: TokioIo::new(socket), patience: &patience };
        let mut connection = pin!(http.serve_connection(socket, service));
        let going_down = async {
            tokio::select! {
                () = patience.ends(Duration::from_secs(limits.connection_s_max.max(1).into())) => false,
                _ = stop.wait_for(|s| *s) => true,
            }
        };
        // Errors here are the visitor's: a broken line, a garbled request. hyper has answered what can be.
        if let Err(true) = unless(connection.as_mut(), going_down).await {
            connection.as_mut().graceful_shutdown();
            let _ = tokio::time::timeout(Duration::from_secs(limits.drain_s.into()), connection).await;
        }
    }

    /// Pages are answered at once. What acts is kept apart: this future lies in each connection, and is moved for each request.
    fn respond(
        &self,
        request: Request<Incoming>,
        patience: &Patience,
    ) -> impl Future<Output = Result<Response<Full<Bytes>>, Infallible>> {
        let hsts = self.visitor.hsts(self.visitor.secured(request.headers()));
        let answer = match self.at_once(&request) {
            Some(response) => Ok(self.finished(response, hsts)),
            None => Err(Box::pin(self.act(request))),
        };
        patience.is_here();
        async move {
            let response = match answer {
                Ok(response) => response,
                Err(acts) => self.finished(acts.await, hsts),
            };
            patience.is_answered();
            Ok(response)
        }
    }

    fn at_once(&self, request: &Request<Incoming>) -> Option<Response<Full<Bytes>>> {
        let public = &self.house.public;
        let (uri, headers) = (request.uri(), request.headers());
        if !names_its_host(request.version(), headers) {
            Some(dynamic::response(Answer::text(StatusCode::BAD_REQUEST, "400: one Host header\n")))
        } else if uri.path_and_query().map_or(0, |pq| pq.as_str().len()) > public.limits.target_bytes_max {
            Some(dynamic::response(Answer::text(StatusCode::URI_TOO_LONG, "414: the address is too long\n")))
        } else if dynamic::acts(uri.path()) {
            None
        } else {
            Some(page(&public.site, request.method(), uri.path(), headers))
        }
    }

    async fn act(&self, request: Request<Incoming>) -> Response<Full<Bytes>> {
        let House { public, calls, .. } = &*self.house;
        // A place is taken when all of the request is here: whoever sends half of one holds none.
        let call = match dynamic::whole(request).await {
            Ok(call) => call,
            Err(refused) => return *refused,
        };
        let Ok(turn) = calls.try_acquire() else { return dynamic::busy() };
        let (response, pause) = dynamic::respond(&*public.dynamic, call).await;
        drop(turn);
        if !pause.is_zero() {
            tokio::time::sleep(pause).await;
        }
        response
    }

    fn finished(&self, mut response: Response<Full<Bytes>>, hsts: bool) -> Response<Full<Bytes>> {
        if hsts {
            let (name, value) = HSTS;
            response.headers_mut().insert(name, value);
        }
        // When places run short, nobody keeps one between requests.
        if self.house.places.available_permits() < self.house.public.limits.connections_max / 4 {
            response.headers_mut().insert(CONNECTION, HeaderValue::from_static("close"));
        }
        response
    }
}

/// A page, or why not.
fn page(site: &PublicSite, method: &Method, path: &str, headers: &HeaderMap) -> Response<Full<Bytes>> {
    if !matches!(*method, Method::GET | Method::HEAD) {
        let mut refused = dynamic::response(Answer::text(StatusCode::METHOD_NOT_ALLOWED, "405: GET or HEAD\n"));
        refused.headers_mut().insert(ALLOW, HeaderValue::from_static("GET, HEAD"));
        return refused;
    }
    let pages = site.pages();
    // As mirrors have them too: links in feeds lead to files.
    let path = path.strip_suffix("index.html").filter(|p| p.ends_with('/')).unwrap_or(path);
    let found = pages.get(path).or_else(|| pages.get(path.strip_suffix('/').filter(|p| !p.is_empty())?));
    match found {
        Some(page) => published(page, headers),
        None if pages.is_empty() => {
            let mut soon = dynamic::response(Answer::text(StatusCode::SERVICE_UNAVAILABLE, "503: starting\n"));
            soon.headers_mut().insert(RETRY_AFTER, HeaderValue::from_static("1"));
            soon
        }
        None => dynamic::response(Answer::text(StatusCode::NOT_FOUND, NOT_FOUND)),
    }
}

fn published(page: &Published, headers: &HeaderMap) -> Response<Full<Bytes>> {
    let gzip = !page.gzip.is_empty() && accepts_gzip(headers);
    let (body, all) = if gzip { (&page.gzip, &page.gzip_headers) } else { (&page.plain, &page.plain_headers) };
    if has_already(page, headers) {
        let mut same = Response::new(Full::default());
        *same.status_mut() = StatusCode::NOT_MODIFIED;
        *same.headers_mut() = all.clone();
        // RFC 9110 15.4.5: what describes the body is left out, the tag and what rules the cache stay.
        for left_out in [hyper::header::CONTENT_TYPE, hyper::header::CONTENT_ENCODING, CONTENT_LANGUAGE] {
            same.headers_mut().remove(left_out);
        }
        debug_assert!(same.headers().contains_key(ETAG));
        return same;
    }
    let mut response = Response::new(Full::new(body.clone()));
    *response.headers_mut() = all.clone();
    response
}

/// RFC 9110 13.1.2: weak comparison; either form of the same page will do.
fn has_already(page: &Published, headers: &HeaderMap) -> bool {
    headers.get_all(IF_NONE_MATCH).iter().filter_map(|v| v.to_str().ok()).flat_map(|v| v.split(',')).any(|tag| {
        let tag = tag.trim();
        let tag = tag.strip_prefix("W/").unwrap_or(tag).as_bytes();
        tag == b"*" || tag == page.etag.as_bytes() || tag == page.gzip_etag.as_bytes()
    })
}

/// RFC 9110 12.5.3: `gzip`, `x-gzip` or `*`, unless with `q=0`. What names gzip beats `*`.
fn accepts_gzip(headers: &HeaderMap) -> bool {
    let mut any = false;
    for coding in headers.get_all(ACCEPT_ENCODING).iter().filter_map(|v| v.to_str().ok()).flat_map(|v| v.split(',')) {
        let mut parts = coding.split(';').map(str::trim);
        let name = parts.next().unwrap_or("");
        let wanted = parts
            .find_map(|p| p.strip_prefix("q=").or_else(|| p.strip_prefix("Q=")))
            .is_none_or(|q| q.parse::<f32>().is_ok_and(|q| q > 0.0));
        if name.eq_ignore_ascii_case("gzip") || name.eq_ignore_ascii_case("x-gzip") {
            return wanted;
        }
        any |= name == "*" && wanted;
    }
    any
}
