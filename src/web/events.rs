//! `GET /api/v1/events`: what happens, as it happens, for programs: server-sent events (HTML, 9.2) whose IDs are numbers of the
//! journal. Each stream reads the journal itself, from where its program was, so that none misses or doubles anything, and none waits
//! for another; the loop knows of none.
//!
//! Must not: tell a text, an address or who; or hold more of a stream than a few parts that were not read.

use std::collections::BTreeMap;
use std::convert::Infallible;
use std::pin::Pin;
use std::sync::{Arc, Mutex, PoisonError};
use std::task::{Context, Poll, ready};
use std::time::Duration;

use axum::Extension;
use axum::body::{Body, Bytes};
use axum::extract::State;
use axum::http::{HeaderMap, header};
use axum::response::{IntoResponse as _, Response};
use hyper::body::Frame;
use schemars::{JsonSchema, Schema, SchemaGenerator};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use tokio::sync::{mpsc, watch};
use tokio::time::{Instant, sleep, timeout, timeout_at};

use super::Ctx;
use super::asked::Asked;
use super::log::Log;
use super::problem::Problem;
use crate::accounts::{Who, WhoId};
use crate::api::{EventsBegin, EventsEnd, EventsGap, Happened, ROOT};
use crate::domain::incident::refused::refuse;
use crate::journal::Head;

/// Streams at one time, of all programs.
pub const EVENT_STREAMS_MAX: usize = 64;
/// Streams at one time, of one token or session's account.
pub const EVENT_STREAMS_EACH_MAX: usize = 8;
/// So many records are told again to a program that comes back; what is more it reads from the log.
pub const RESUMED_MAX: u64 = 10_000;
/// Events in one part of a stream.
pub const EVENTS_TOGETHER_MAX: usize = 500;
/// Parts of a stream that wait to be read.
const PARTS_MAX: usize = 4;
/// A stream that nothing comes over says that it is there, so often; then it is also looked whether its token still is.
const BEAT: Duration = Duration::from_secs(15);
/// A stream ends after that; its program opens another, which begins where this one was.
const STREAM: Duration = Duration::from_secs(540);
/// What happens within this time is told together.
const TOGETHER: Duration = Duration::from_millis(250);
/// A stream that was not read for so long is ended.
const UNREAD: Duration = Duration::from_secs(30);
/// A program asks again after so many milliseconds when its stream broke.
const RETRY_MS: u32 = 3_000;
/// The header of a program that comes back (HTML, 9.2.4).
const LAST_EVENT_ID: &str = "last-event-id";

/// Who listens, and how often.
#[derive(Clone, Default)]
pub(super) struct Streams(Arc<Mutex<BTreeMap<WhoId, usize>>>);

/// A place among the streams, given back when it is dropped.
struct Held(Streams, WhoId);

impl Streams {
    fn take(&self, who: &WhoId) -> Option<Held> {
        let mut open = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let all: usize = open.values().sum();
        let own = open.get(who).copied().unwrap_or(0);
        if all >= EVENT_STREAMS_MAX || own >= EVENT_STREAMS_EACH_MAX {
            return None;
        }
        open.insert(who.clone(), own + 1);
        Some(Held(self.clone(), who.clone()))
    }
}

impl Drop for Held {
    fn drop(&mut self) {
        let mut open = self.0.0.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(own) = open.get_mut(&self.1) {
            *own -= 1;
            if *own == 0 {
                open.remove(&self.1);
            }
        }
    }
}

/// From where on, for programs that can't send the header.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct After {
    /// Tell what came after this number. Without it and without `Last-Event-ID`: what comes from now on.
    after: Option<u64>,
}

/// The header, as it is described.
pub(super) fn last_event_id() -> Value {
    json!({
        "name": "Last-Event-ID",
        "in": "header",
        "required": false,
        "schema": { "type": "string", "pattern": "^[0-9]{1,19}$" },
        "description": "The last event that was read; it goes before `after`.",
    })
}

/// What comes over the stream, in words.
pub(super) fn described(_: &mut SchemaGenerator) -> Schema {
    schemars::json_schema!({
        "type": "string",
        "description": "Events without a name are `Happened`; `begin` is `EventsBegin`, `gap` is `EventsGap`, `end` is `EventsEnd`; \
                        `beat` says only that the stream is there.",
    })
}

/// Opens a stream.
pub(super) async fn events(
    State(ctx): State<Ctx>,
    Extension(streams): Extension<Streams>,
    Extension(who): Extension<Who>,
    Asked(After { after }): Asked<After>,
    headers: HeaderMap,
) -> Result<Response, Problem> {
    let after = match headers.get(LAST_EVENT_ID) {
        Some(id) => {
            let read = id.to_str().ok().and_then(|id| id.trim().parse().ok());
            Some(read.ok_or_else(|| Problem::input("Last-Event-ID is the number of an event"))?)
        }
        None => after,
    };
    let Some(held) = streams.take(&who.id) else {
        tracing::warn!(who = %who.id, "a stream of events more was refused");
        return Err(refuse!(TooManyStreams).into());
    };
    tracing::info!(who = %who.id, "a program listens to events");
    // Enough to look up again who it is, and no more.
    let mut mine = HeaderMap::new();
    for name in [header::AUTHORIZATION, header::COOKIE] {
        headers.get_all(&name).iter().for_each(|value| {
            mine.append(name.clone(), value.clone());
        });
    }
    let log = ctx.log.clone();
    let lives = move || match &who.id {
        WhoId::Machine if mine.contains_key(header::AUTHORIZATION) => true,
        _ if mine.contains_key(header::AUTHORIZATION) => {
            ctx.auth.accounts.who(&who.id, ctx.clock.now().into()).is_some()
        }
        _ => ctx.auth.session(&mine, ctx.clock.now().into()).is_some(),
    };
    let stream = Stream::open(log, after, Box::new(lives), held);
    let headers = [
        (header::CONTENT_TYPE, "text/event-stream"),
        (header::CACHE_CONTROL, "no-store"),
        // The connection is this stream's alone: nothing else waits behind it.
        (header::CONNECTION, "close"),
    ];
    Ok((headers, Body::new(stream)).into_response())
}

/// An event as it goes over the wire.
fn written(out: &mut String, id: Option<u64>, name: &str, data: &impl Serialize) {
    if !name.is_empty() {
        out.push_str(&format!("event: {name}\n"));
    }
    if let Some(id) = id {
        out.push_str(&format!("id: {id}\n"));
    }
    // JSON has no line break of its own.
    out.push_str(&format!("data: {}\n\n", serde_json::to_string(data).unwrap_or_default()));
}

/// Reads the journal for one stream.
struct Teller {
    log: Arc<dyn Log>,
    heads: watch::Receiver<Head>,
    lives: Box<dyn Fn() -> bool + Send + Sync>,
    parts: mpsc::Sender<Bytes>,
    ends: Instant,
    _held: Held,
}

impl Teller {
    /// Tells until it ends; says why.
    async fn tell(mut self, asked: Option<u64>) -> &'static str {
        let head = self.heads.borrow_and_update().seq;
        let mut text = format!("retry: {RETRY_MS}\n\n");
        let mut after = head;
        if let Some(asked) = asked {
            let why = if asked > head { Some("unknown") } else { (head - asked > RESUMED_MAX).then_some("too-much") };
            match why {
                None => after = asked,
                Some(why) => {
                    let log = format!("{ROOT}/log?after={}", if asked > head { 0 } else { asked });
                    written(&mut text, None, "gap", &EventsGap { asked, why: why.into(), log });
                }
            }
        }
        written(&mut text, Some(after), "begin", &EventsBegin { after });
        if let Err(why) = self.send(text).await {
            return why;
        }
        loop {
            loop {
                let log = self.log.clone();
                let read = tokio::task::spawn_blocking(move || log.happened(after, EVENTS_TOGETHER_MAX)).await;
                let Ok(Ok(part)) = read else {
                    tracing::warn!("a stream of events ends: the journal can't be read");
                    return "down";
                };
                if !(self.lives)() {
                    return "access";
                }
                after = part.after;
                let mut text = String::new();
                part.events.iter().for_each(|event| written(&mut text, Some(event.seq), "", event));
                if !text.is_empty()
                    && let Err(why) = self.send(text).await
                {
                    return why;
                }
                if !part.more {
                    break;
                }
            }
            loop {
                let beat = Instant::now() + BEAT;
                match timeout_at(beat.min(self.ends), self.heads.changed()).await {
                    Ok(Ok(())) => break,
                    Ok(Err(_)) => return "down",
                    Err(_) if Instant::now() >= self.ends => return "time",
                    Err(_) if !(self.lives)() => return "access",
                    Err(_) => {
                        if let Err(why) = self.send("event: beat\ndata: 1\n\n".into()).await {
                            return why;
                        }
                    }
                }
            }
            sleep(TOGETHER).await;
            self.heads.borrow_and_update();
            if Instant::now() >= self.ends {
                return "time";
            }
        }
    }

    async fn send(&self, text: String) -> Result<(), &'static str> {
        match timeout(UNREAD, self.parts.send(text.into())).await {
            Ok(Ok(())) => Ok(()),
            // Whoever listened is gone.
            Ok(Err(_)) => Err("gone"),
            Err(_) => {
                tracing::warn!("a stream of events that nobody reads is ended");
                Err("slow")
            }
        }
    }
}

/// The body of a stream.
struct Stream {
    parts: mpsc::Receiver<Bytes>,
    /// Why it ends, once it does.
    ended: Option<tokio::task::JoinHandle<&'static str>>,
}

impl Stream {
    fn open(log: Arc<dyn Log>, after: Option<u64>, lives: Box<dyn Fn() -> bool + Send + Sync>, held: Held) -> Self {
        let (parts, read) = mpsc::channel(PARTS_MAX);
        let heads = log.heads();
        let teller = Teller { log, heads, lives, parts, ends: Instant::now() + STREAM, _held: held };
        Self { parts: read, ended: Some(tokio::spawn(teller.tell(after))) }
    }
}

impl hyper::body::Body for Stream {
    type Data = Bytes;
    type Error = Infallible;
    fn poll_frame(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Result<Frame<Bytes>, Infallible>>> {
        if let Some(part) = ready!(self.parts.poll_recv(cx)) {
            return Poll::Ready(Some(Ok(Frame::data(part))));
        }
        let Some(ended) = self.ended.as_mut() else { return Poll::Ready(None) };
        let reason = ready!(Pin::new(ended).poll(cx)).unwrap_or("down");
        self.ended = None;
        let mut text = String::new();
        written(&mut text, None, "end", &EventsEnd { reason: reason.into() });
        Poll::Ready(Some(Ok(Frame::data(text.into()))))
    }
}

/// A part of what happened.
#[derive(Clone, Debug, Default)]
pub struct HappenedPart {
    /// The oldest first.
    pub events: Vec<Happened>,
    /// Go on after this one.
    pub after: u64,
    /// There is more.
    pub more: bool,
}

#[cfg(test)]
#[path = "events/tests.rs"]
mod tests;
