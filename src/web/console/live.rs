//! Tells pages that are looked at when something is new: a stream of server-sent events (HTML, 9.2) for each. It says that something
//! changed, of which incident, and nothing else: what is new the page asks for itself.
//!
//! Must not: hold one of the listener's places while nothing happens, or keep a session alive: nobody pressed anything.

use std::convert::Infallible;
use std::future::Future;
use std::pin::Pin;
use std::sync::{Arc, OnceLock};
use std::task::{Context, Poll, ready};
use std::time::Duration;

use axum::Extension;
use axum::body::{Body, Bytes};
use axum::extract::State;
use axum::http::{HeaderMap, HeaderValue, Method, StatusCode, header};
use axum::response::{IntoResponse, Response};
use hyper::body::Frame;
use tokio::sync::{OwnedSemaphorePermit, Semaphore, watch};
use tokio::time::{Instant, sleep, timeout_at};

use crate::dispatch::engine::Handle;
use crate::web::Ctx;
use crate::web::serve::Place;

/// Pages that are kept true at one time.
pub const STREAMS_MAX: usize = 5_000;
/// A stream that nothing comes over says that it is there, so often.
const BEAT: Duration = Duration::from_secs(15);
/// A stream ends after that; its page opens another.
const STREAM: Duration = Duration::from_secs(540);
/// What changes within this time is told once.
const TOGETHER: Duration = Duration::from_millis(500);
/// Alarms of the program's own parts are looked at so often.
const ALARMS_EVERY: Duration = Duration::from_secs(5);
/// A page asks again after so many milliseconds when its stream broke.
const RETRY_MS: u32 = 3_000;
/// What the script says of a request that nobody asked for by hand.
const OF_ITSELF: &str = "x-live";

/// What tells all streams. Cheap to clone.
#[derive(Clone)]
pub(super) struct Live(Arc<Inner>);

struct Inner {
    places: Arc<Semaphore>,
    /// The newest event, as it is written; made when the first page asks.
    news: OnceLock<watch::Receiver<Bytes>>,
}

impl Live {
    pub(super) fn new() -> Self {
        Self(Arc::new(Inner { places: Arc::new(Semaphore::new(STREAMS_MAX)), news: OnceLock::new() }))
    }
    fn news(&self, handle: &Handle) -> watch::Receiver<Bytes> {
        let begin = || {
            let (tell, told) = watch::channel(Bytes::new());
            tokio::spawn(tell_all(handle.clone(), tell));
            told
        };
        self.0.news.get_or_init(begin).clone()
    }
}

/// Waits for what changes and writes it once for all streams; ends with the program.
async fn tell_all(handle: Handle, tell: watch::Sender<Bytes>) {
    let mut touched = handle.touched();
    let mut last = touched.borrow_and_update().n;
    let mut alarms = handle.board().alarms();
    loop {
        let written = tokio::select! {
            changed = touched.changed() => {
                if changed.is_err() {
                    return;
                }
                sleep(TOGETHER).await;
                let now = touched.borrow_and_update().clone();
                // Of several commits the last one is known: then everything may be new.
                let one = now.n == last + 1;
                last = now.n;
                let incident = now.incident.filter(|_| one).map(|no| no.to_string());
                written(last, if one { now.kind } else { "" }, incident.as_deref().unwrap_or(""))
            }
            () = sleep(ALARMS_EVERY) => {
                let now = handle.board().alarms();
                if now == alarms {
                    continue;
                }
                alarms = now;
                written(last, "alarm", "")
            }
        };
        tell.send_replace(written);
    }
}

/// An event as it goes over the wire. Kinds are names of this program, numbers have no quotes.
fn written(id: u64, kind: &str, incident: &str) -> Bytes {
    let kind = if kind.is_empty() { "state" } else { kind };
    format!("id: {id}\nevent: change\ndata: {{\"kind\":\"{kind}\",\"incident\":\"{incident}\"}}\n\n").into()
}

/// What a page's own script asks for does not say that somebody is there: to a session it is like a page that loads itself anew.
pub(super) fn as_asked(method: &Method, headers: &HeaderMap) -> HeaderMap {
    let mut seen = headers.clone();
    let says_so = headers.contains_key(OF_ITSELF) || headers.get("sec-fetch-dest").is_some_and(|v| v == "empty");
    if says_so && method == Method::GET {
        seen.remove("sec-fetch-user");
        seen.insert("sec-fetch-mode", HeaderValue::from_static("navigate"));
    }
    seen
}

/// The stream of one page.
pub(super) async fn events(
    State(ctx): State<Ctx>,
    Extension(live): Extension<Live>,
    place: Option<Extension<Place>>,
    headers: HeaderMap,
) -> Response {
    // Enough to look the session up, and no more: it is kept as long as the stream.
    let mut mine = HeaderMap::new();
    headers.get_all(header::COOKIE).iter().for_each(|c| {
        mine.append(header::COOKIE, c.clone());
    });
    mine.insert(OF_ITSELF, HeaderValue::from_static("1"));
    let mine = as_asked(&Method::GET, &mine);
    if ctx.auth.session(&mine, ctx.clock.now().into()).is_none() {
        return StatusCode::UNAUTHORIZED.into_response();
    }
    let Ok(held) = live.0.places.clone().try_acquire_owned() else {
        tracing::warn!(max = STREAMS_MAX, "no page more is kept true: too many are");
        return (StatusCode::SERVICE_UNAVAILABLE, [(header::RETRY_AFTER, "30")]).into_response();
    };
    // From here on it holds a place of its own kind.
    if let Some(Extension(place)) = place {
        place.give_back();
    }
    let lives = move || ctx.auth.session(&mine, ctx.clock.now().into()).is_some();
    let stream = Stream::new(live.news(&ctx.handle), Box::new(lives), held);
    let headers = [
        (header::CONTENT_TYPE, "text/event-stream"),
        (header::CACHE_CONTROL, "no-store"),
        // The connection is this page's alone: nothing else waits behind it.
        (header::CONNECTION, "close"),
    ];
    (headers, Body::new(stream)).into_response()
}

type Next = Pin<Box<dyn Future<Output = Option<(Bytes, Rest)>> + Send>>;

/// What a stream goes on with.
struct Rest {
    news: watch::Receiver<Bytes>,
    lives: Box<dyn Fn() -> bool + Send + Sync>,
    ends: Instant,
}

impl Rest {
    /// What is written next; `None`: the stream ends.
    async fn next(mut self) -> Option<(Bytes, Self)> {
        let beat = Instant::now() + BEAT;
        let bytes = match timeout_at(beat.min(self.ends), self.news.changed()).await {
            Ok(Ok(())) => self.news.borrow_and_update().clone(),
            // The program is going down.
            Ok(Err(_)) => return None,
            Err(_) if Instant::now() >= self.ends || !(self.lives)() => return None,
            Err(_) => Bytes::from_static(b"event: beat\ndata: 1\n\n"),
        };
        Some((bytes, self))
    }
}

/// The body of a stream: what it waits for and nothing else.
struct Stream {
    /// What is written before it waits for anything.
    first: Option<Bytes>,
    next: Option<Next>,
    _held: OwnedSemaphorePermit,
}

impl Stream {
    fn new(
        mut news: watch::Receiver<Bytes>,
        lives: Box<dyn Fn() -> bool + Send + Sync>,
        held: OwnedSemaphorePermit,
    ) -> Self {
        news.mark_unchanged();
        let rest = Rest { news, lives, ends: Instant::now() + STREAM };
        let first = Some(format!("retry: {RETRY_MS}\n\n").into());
        Self { first, next: Some(Box::pin(rest.next())), _held: held }
    }
}

impl hyper::body::Body for Stream {
    type Data = Bytes;
    type Error = Infallible;
    fn poll_frame(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Result<Frame<Bytes>, Infallible>>> {
        if let Some(first) = self.first.take() {
            return Poll::Ready(Some(Ok(Frame::data(first))));
        }
        let Some(next) = self.next.as_mut() else { return Poll::Ready(None) };
        let ended = ready!(next.as_mut().poll(cx));
        self.next = None;
        Poll::Ready(ended.map(|(bytes, rest)| {
            self.next = Some(Box::pin(rest.next()));
            Ok(Frame::data(bytes))
        }))
    }
}

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, reason = "tests")]

    use std::sync::atomic::{AtomicBool, Ordering};

    use http_body_util::BodyExt as _;

    use super::*;

    fn held() -> (Arc<Semaphore>, OwnedSemaphorePermit) {
        let places = Arc::new(Semaphore::new(1));
        let held = places.clone().try_acquire_owned().unwrap();
        (places, held)
    }

    async fn frame(stream: &mut Stream) -> Option<String> {
        let frame = stream.frame().await?.unwrap().into_data().unwrap();
        Some(String::from_utf8(frame.to_vec()).unwrap())
    }

    #[tokio::test(start_paused = true)]
    async fn a_stream_tells_what_is_new_beats_while_nothing_is_and_ends_in_time() {
        let (tell, told) = watch::channel(Bytes::from_static(b"old"));
        let (places, held) = held();
        let mut stream = Stream::new(told, Box::new(|| true), held);
        assert_eq!(frame(&mut stream).await.unwrap(), "retry: 3000\n\n");
        tell.send_replace(written(7, "answered", "14"));
        let said = frame(&mut stream).await.unwrap();
        assert_eq!(said, "id: 7\nevent: change\ndata: {\"kind\":\"answered\",\"incident\":\"14\"}\n\n");
        let began = Instant::now();
        assert_eq!(frame(&mut stream).await.unwrap(), "event: beat\ndata: 1\n\n");
        assert_eq!(began.elapsed(), BEAT);
        let mut beats = 1;
        while let Some(beat) = frame(&mut stream).await {
            assert!(beat.contains("beat"));
            beats += 1;
        }
        assert_eq!(began.elapsed(), STREAM);
        assert_eq!(beats, 35);
        assert_eq!(places.available_permits(), 0);
        drop(stream);
        assert_eq!(places.available_permits(), 1);
    }

    #[tokio::test(start_paused = true)]
    async fn a_stream_ends_with_its_session_and_with_the_program() {
        let (tell, told) = watch::channel(Bytes::new());
        let lives = Arc::new(AtomicBool::new(true));
        let asked = lives.clone();
        let mut stream = Stream::new(told.clone(), Box::new(move || asked.load(Ordering::Relaxed)), held().1);
        assert!(frame(&mut stream).await.unwrap().starts_with("retry"));
        lives.store(false, Ordering::Relaxed);
        assert_eq!(frame(&mut stream).await, None, "nobody is signed in any more");
        let mut stream = Stream::new(told, Box::new(|| true), held().1);
        assert!(frame(&mut stream).await.unwrap().starts_with("retry"));
        drop(tell);
        assert_eq!(frame(&mut stream).await, None, "the program goes down");
    }

    #[test]
    fn what_a_script_asks_for_is_nobody_who_is_there() {
        let headers = |pairs: &[(&'static str, &'static str)]| -> HeaderMap {
            pairs.iter().map(|(n, v)| (n.parse().unwrap(), v.parse().unwrap())).collect()
        };
        let of_itself = |method: Method, pairs: &[(&'static str, &'static str)]| {
            let seen = as_asked(&method, &headers(pairs));
            seen.get("sec-fetch-mode").is_some_and(|v| v == "navigate") && !seen.contains_key("sec-fetch-user")
        };
        assert!(of_itself(Method::GET, &[("x-live", "1")]));
        assert!(of_itself(Method::GET, &[("sec-fetch-mode", "cors"), ("sec-fetch-dest", "empty")]));
        let by_hand = [("sec-fetch-mode", "navigate"), ("sec-fetch-user", "?1"), ("sec-fetch-dest", "document")];
        assert!(!of_itself(Method::GET, &by_hand));
        assert!(!of_itself(Method::GET, &[("sec-fetch-mode", "cors")]), "a program of somebody's");
        assert!(!of_itself(Method::POST, &[("x-live", "1")]), "who sends a form is there");
    }
}
