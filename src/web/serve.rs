//! Sockets of the console's listener: bounded in number, size and time.

use std::net::IpAddr;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use axum::Router;
use axum::extract::Request;
use axum::http::{HeaderMap, Version, header};
use hyper::body::Incoming;
use hyper::service::{Service as _, service_fn};
use hyper_util::rt::{TokioIo, TokioTimer};
use hyper_util::service::TowerToHyperService;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{OwnedSemaphorePermit, Semaphore};

use super::door::{Door, HSTS, Visitor};
use super::places::{Addresses, Counted};
use super::tls::{Handshakes, Turn};
use crate::gateways::Stop;

/// Connections at one time. Further ones wait in the system's queue.
pub const CONNECTIONS_MAX: usize = 512;
/// Connections of one address, which is not this machine's (where a proxy may be).
pub const PER_ADDRESS_MAX: usize = 128;
/// Handshakes at one time; they take no connection's place.
pub const HANDSHAKES_MAX: usize = 128;
/// A request's body must be here within this time.
pub const BODY_TIMEOUT: Duration = Duration::from_secs(10);
/// Bytes of request line and headers.
const HEADER_BYTES_MAX: usize = 16 * 1024;
/// A request's headers must be here within this time; an idle connection is kept as long.
const HEADER_TIMEOUT: Duration = Duration::from_secs(15);
/// A connection as a whole; browsers open another.
const CONNECTION_TIMEOUT: Duration = Duration::from_secs(600);
/// What is being answered may take so long when the program is going down.
const DRAIN_TIMEOUT: Duration = Duration::from_secs(5);
/// A failed accept is tried again after this: mostly descriptors that others free.
const ACCEPT_PAUSE: Duration = Duration::from_millis(50);

/// Serves until `stop` turns true; then what is being answered ends first.
pub async fn serve(listener: TcpListener, door: Door, router: Router, mut stop: Stop) {
    let places = Arc::new(Semaphore::new(CONNECTIONS_MAX));
    let addresses = Arc::new(Addresses::default());
    let handshakes = door.tls.as_deref().map(|certificates| Handshakes::new(certificates, HANDSHAKES_MAX));
    let router = TowerToHyperService::new(router);
    loop {
        let accepted = tokio::select! {
            _ = stop.wait_for(|s| *s) => break,
            accepted = accept(&listener, &places, handshakes.as_ref()) => accepted,
        };
        let Accepted { place, turn, socket, address } = match accepted {
            Ok(accepted) => accepted,
            Err(e) => {
                tracing::warn!(error = %e, "the console's listener could not accept a connection");
                tokio::time::sleep(ACCEPT_PAUSE).await;
                continue;
            }
        };
        let visitor = door.visitor(address);
        // A proxy speaks for many.
        let share = if visitor.is_proxy() { usize::MAX } else { PER_ADDRESS_MAX };
        let Some(counted) = addresses.count(address, share) else { continue };
        let (router, stop) = (router.clone(), stop.clone());
        let (Some(handshakes), Some(turn)) = (&handshakes, turn) else {
            tokio::spawn(connection(socket, router, visitor, stop, (place, counted)));
            continue;
        };
        let Some(shaking) = handshakes.count(address, visitor.is_proxy()) else { continue };
        let (handshakes, places) = (handshakes.clone(), places.clone());
        drop(place);
        tokio::spawn(async move {
            let Some(socket) = handshakes.shake(socket, &turn).await else { return };
            let Ok(place) = places.acquire_owned().await else { return };
            drop((turn, shaking));
            connection(socket, router, visitor, stop, (place, counted)).await;
        });
    }
    drop(listener);
    let all = u32::try_from(CONNECTIONS_MAX).unwrap_or(u32::MAX);
    let _ = tokio::time::timeout(DRAIN_TIMEOUT, places.acquire_many(all)).await;
}

/// The place of a connection among [`CONNECTIONS_MAX`]. Cheap to clone.
#[derive(Clone, Debug)]
pub struct Place(Arc<Mutex<Option<OwnedSemaphorePermit>>>);

impl Place {
    /// Somebody else may have it: what goes on over this connection is bounded in another way.
    pub fn give_back(&self) {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).take();
    }
}

/// Where a request came from.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Peer(pub IpAddr);

impl Peer {
    /// Of a request that came in here.
    pub fn of(extensions: &axum::http::Extensions) -> Option<IpAddr> {
        extensions.get::<Self>().map(|peer| peer.0)
    }
}

/// Whether a request came over TLS: our own, or that of a proxy that is believed.
#[derive(Clone, Copy)]
pub struct Secured(pub bool);

impl Secured {
    /// Of a request that came in here.
    pub fn of(extensions: &axum::http::Extensions) -> bool {
        extensions.get::<Self>().is_some_and(|s| s.0)
    }
}

/// Whether a request names its host as it must (RFC 9112 3.2): once, from HTTP/1.1 on.
pub fn names_its_host(version: Version, headers: &HeaderMap) -> bool {
    let named = headers.get_all(header::HOST).iter().count();
    named == 1 || named == 0 && version < Version::HTTP_11
}

/// Whether a request comes from a page of this server, as far as it says (RFC 6454, 7): a page whose origin is hidden says `null`, and
/// programs say nothing.
pub fn is_own_origin(headers: &HeaderMap) -> bool {
    let host = headers.get(header::HOST).and_then(|v| v.to_str().ok());
    let mut named = headers.get_all(header::ORIGIN).iter();
    named.all(|origin| {
        let of = origin.to_str().ok().and_then(|o| o.split_once("://"));
        of.is_some_and(|(_, of)| host.is_some_and(|host| of.eq_ignore_ascii_case(host)))
    })
}

/// A request with all of its body, or `None` when that took too long. Longer ones are for whoever reads it to refuse.
pub async fn whole(request: Request, bytes_max: usize) -> Option<Request> {
    let (parts, body) = request.into_parts();
    let length = parts.headers.get(header::CONTENT_LENGTH).and_then(|v| v.to_str().ok()?.parse::<usize>().ok());
    if length.is_some_and(|n| n > bytes_max) {
        return Some(Request::from_parts(parts, body));
    }
    // One byte more than goes: the reader's own limit then says that it is too long.
    let read = axum::body::to_bytes(body, bytes_max + 1);
    let bytes = tokio::time::timeout(BODY_TIMEOUT, read).await.ok()?;
    let body = bytes.map_or_else(|_| axum::body::Body::from(vec![0; bytes_max + 1]), axum::body::Body::from);
    Some(Request::from_parts(parts, body))
}

struct Accepted {
    place: OwnedSemaphorePermit,
    /// For the handshake, where there is one.
    turn: Option<Turn>,
    socket: TcpStream,
    address: IpAddr,
}

async fn accept(
    listener: &TcpListener,
    places: &Arc<Semaphore>,
    handshakes: Option<&Handshakes>,
) -> std::io::Result<Accepted> {
    let turn = match handshakes {
        Some(handshakes) => handshakes.turn().await,
        None => None,
    };
    let place = places.clone().acquire_owned().await.map_err(std::io::Error::other)?;
    let (socket, address) = listener.accept().await?;
    let _ = socket.set_nodelay(true);
    Ok(Accepted { place, turn, socket, address: address.ip().to_canonical() })
}

async fn connection(
    socket: impl AsyncRead + AsyncWrite + Unpin,
    router: TowerToHyperService<Router>,
    visitor: Visitor,
    mut stop: Stop,
    (place, _counted): (OwnedSemaphorePermit, Counted),
) {
    let place = Place(Arc::new(Mutex::new(Some(place))));
    let service = service_fn(|mut request: Request<Incoming>| {
        let secured = visitor.secured(request.headers());
        let address = visitor.address(request.headers());
        request.extensions_mut().insert(Peer(address));
        request.extensions_mut().insert(Secured(secured));
        request.extensions_mut().insert(place.clone());
        let hsts = visitor.hsts(Secured::of(request.extensions()));
        let answer = router.call(request);
        async move {
            let mut answer = answer.await?;
            if hsts {
                let (name, value) = HSTS;
                answer.headers_mut().insert(name, value);
            }
            Ok::<_, std::convert::Infallible>(answer)
        }
    });
    let mut http = hyper::server::conn::http1::Builder::new();
    http.timer(TokioTimer::new()).header_read_timeout(HEADER_TIMEOUT).max_buf_size(HEADER_BYTES_MAX);
    let connection = http.serve_connection(TokioIo::new(socket), service);
    tokio::pin!(connection);
    let work = async {
        tokio::select! {
            // What a browser does to its connection is its own affair.
            _ = connection.as_mut() => return,
            _ = stop.wait_for(|s| *s) => {}
        }
        connection.as_mut().graceful_shutdown();
        let _ = tokio::time::timeout(DRAIN_TIMEOUT, connection).await;
    };
    let _ = tokio::time::timeout(CONNECTION_TIMEOUT, work).await;
}

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, reason = "tests")]

    use std::convert::Infallible;
    use std::pin::Pin;
    use std::task::{Context, Poll};

    use axum::body::{Body, Bytes};
    use hyper::body::Frame;

    use super::*;

    /// A body that never comes.
    struct Never;
    impl hyper::body::Body for Never {
        type Data = Bytes;
        type Error = Infallible;
        fn poll_frame(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<Option<Result<Frame<Bytes>, Infallible>>> {
            Poll::Pending
        }
    }

    #[test]
    fn a_page_of_another_origin_is_told_apart_and_so_is_one_that_hides_it() {
        for (origins, own) in [
            (&[][..], true),
            (&["http://larm.example"][..], true),
            (&["https://LARM.example"], true),
            (&["https://larm.example:8443"], false),
            (&["https://evil.example"], false),
            (&["https://larm.example.evil.example"], false),
            (&["null"], false),
            (&["larm.example"], false),
            (&["https://larm.example", "https://evil.example"], false),
        ] {
            let mut headers = HeaderMap::new();
            headers.insert(header::HOST, "larm.example".parse().unwrap());
            for origin in origins {
                headers.append(header::ORIGIN, origin.parse().unwrap());
            }
            assert_eq!(is_own_origin(&headers), own, "{origins:?}");
        }
    }

    #[tokio::test(start_paused = true)]
    async fn a_body_is_waited_for_only_so_long_and_read_only_so_far() {
        let began = tokio::time::Instant::now();
        assert!(whole(Request::new(Body::new(Never)), 10).await.is_none());
        assert_eq!(began.elapsed(), BODY_TIMEOUT);
        for (sent, read) in [("token", 5), ("0123456789", 10), ("0123456789a", 11), (&"x".repeat(5_000), 11)] {
            let request = whole(Request::new(Body::from(sent.to_owned())), 10).await.unwrap();
            let body = axum::body::to_bytes(request.into_body(), 100).await.unwrap();
            assert_eq!(body.len(), read, "what is too long stays too long");
        }
    }
}
