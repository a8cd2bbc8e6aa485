//! What acts on the public listener: the button behind an answer link, and what gateways call back.

use std::collections::{BTreeMap, VecDeque};
use std::sync::{Arc, Mutex, PoisonError, RwLock};
use std::time::Duration;

use hyper::{Method, StatusCode};
use tokio::sync::Notify;
use tokio::time::Instant;

use crate::clock::mono;
use crate::dispatch::engine::Handle;
use crate::dispatch::links::LinkKey;
use crate::dispatch::worker::WorkerHandle;
use crate::domain::ids::GatewayId;
use crate::gateways::callback::{Callback, CallbackKind, PREFIX};
use crate::gateways::{AckToken, Boxed, GatewayEvent};
use crate::web::public::{ANSWER_PREFIX, Answer, Call, Dynamic};

/// A gateway that calls with an answer waits so long until it is on disk; gateways give up after some 10 s.
const KEPT_WITHIN: Duration = Duration::from_secs(8);

/// So many wrong secrets stand in the log…
const LOGGED_MAX: usize = 10;
/// …in that time.
const LOGGED_FOR: Duration = Duration::from_secs(60);

/// A gateway's callback, with the worker that its events belong to.
pub struct Back {
    /// Reads a gateway's calls.
    pub callback: Callback,
    /// Hears what they say.
    pub worker: WorkerHandle,
}

/// The gateways that call back, as they are now.
pub type Backs = Arc<RwLock<BTreeMap<GatewayId, Arc<Back>>>>;

/// Where calls of gateways go that this node can't carry out.
pub trait Elsewhere: Send + Sync {
    /// The answer of the node that decides; `None`: that is this one.
    fn call<'a>(&'a self, call: &'a Call) -> Boxed<'a, Option<Answer>>;
}

/// Answers what acts.
pub struct Answers {
    handle: Handle,
    key: Arc<LinkKey>,
    backs: Backs,
    elsewhere: Option<Arc<dyn Elsewhere>>,
    /// When wrong secrets were logged of late.
    logged: Mutex<VecDeque<Instant>>,
}

impl Answers {
    /// Whoever guesses fills no log.
    fn may_log(&self) -> bool {
        let mut logged = self.logged.lock().unwrap_or_else(PoisonError::into_inner);
        let now = mono();
        while logged.front().is_some_and(|at| now.saturating_duration_since(*at) >= LOGGED_FOR) {
            logged.pop_front();
        }
        let may = logged.len() < LOGGED_MAX;
        if may {
            logged.push_back(now);
        }
        may
    }

    /// With the gateways that call back.
    pub fn new(handle: Handle, key: Arc<LinkKey>, backs: Backs, elsewhere: Option<Arc<dyn Elsewhere>>) -> Self {
        Self { handle, key, backs, elsewhere, logged: Mutex::default() }
    }

    /// Answers a gateway's call, wherever that is done.
    async fn called(&self, call: &Call) -> Answer {
        if let Some(elsewhere) = &self.elsewhere
            && let Some(answer) = elsewhere.call(call).await
        {
            return answer;
        }
        self.here(call).await
    }

    /// `/cb/<gateway>/<secret>/<receipt|reply>`. Whoever does not know the secret learns nothing: 404. Whoever knows it and does
    /// not sign as was agreed: 403.
    pub(super) async fn here(&self, call: &Call) -> Answer {
        let not_found = || Answer { slowed: true, ..Answer::text(StatusCode::NOT_FOUND, "404\n") };
        let mut parts = call.path.trim_start_matches(PREFIX).split('/');
        let (Some(id), Some(secret), Some(kind), None) = (parts.next(), parts.next(), parts.next(), parts.next())
        else {
            return not_found();
        };
        let kind = match kind {
            "receipt" => CallbackKind::Receipt,
            "reply" => CallbackKind::Reply,
            _ => return not_found(),
        };
        let back = self.backs.read().unwrap_or_else(PoisonError::into_inner).get(&GatewayId::from(id)).cloned();
        let Some(back) = back else { return not_found() };
        if !same(secret.as_bytes(), back.callback.secret.expose().as_bytes()) {
            if self.may_log() {
                tracing::warn!(gateway = %id, "a callback with a wrong secret was refused");
            }
            return not_found();
        }
        let query = call.query.as_deref().unwrap_or("");
        if let Some(signature) = &back.callback.signature {
            let header = call.headers.get(&signature.header).map(|value| value.as_bytes());
            if !signature.signs(header, query, &call.body) {
                if self.may_log() {
                    tracing::warn!(gateway = %id, header = signature.header, "a callback without a good signature was refused");
                }
                return Answer::text(StatusCode::FORBIDDEN, "403\n");
            }
        }
        match (back.callback.reader)(kind, query, &call.body) {
            Ok(Some(event)) => {
                let (event, kept) = kept(event);
                // Whoever is not told "ok" comes again: nothing is lost.
                if !back.worker.tell(event) {
                    return Answer::text(StatusCode::SERVICE_UNAVAILABLE, "going down\n");
                }
                match tokio::time::timeout(KEPT_WITHIN, kept.notified()).await {
                    Ok(()) => Answer::text(StatusCode::OK, "ok\n"),
                    Err(_) => Answer::text(StatusCode::SERVICE_UNAVAILABLE, "not on record yet; come again\n"),
                }
            }
            Ok(None) => Answer::text(StatusCode::OK, "ok\n"),
            Err(bad) => {
                if self.may_log() {
                    tracing::warn!(gateway = %id, error = %bad, "a callback was not understood");
                }
                Answer::text(StatusCode::BAD_REQUEST, format!("{bad}\n"))
            }
        }
    }
}

/// The event, and what tells that it is kept: an answer when it is on disk, a receipt at once.
fn kept(mut event: GatewayEvent) -> (GatewayEvent, Arc<Notify>) {
    let kept = Arc::new(Notify::new());
    match &mut event {
        GatewayEvent::Reply { ack, .. } => {
            let tell = kept.clone();
            *ack = AckToken::new(move || tell.notify_one());
        }
        _ => kept.notify_one(),
    }
    (event, kept)
}

/// Compares in the same time wherever they differ.
fn same(a: &[u8], b: &[u8]) -> bool {
    a.len() == b.len() && a.iter().zip(b).fold(0, |differs, (x, y)| differs | (x ^ y)) == 0
}

impl Dynamic for Answers {
    fn call(&self, call: Call) -> Boxed<'_, Answer> {
        Box::pin(async move {
            if call.path.starts_with(PREFIX) {
                if call.method == Method::HEAD {
                    return Answer::text(StatusCode::METHOD_NOT_ALLOWED, "405\n");
                }
                return self.called(&call).await;
            }
            debug_assert!(call.path.starts_with(ANSWER_PREFIX));
            crate::web::answer::answer(&self.handle, &self.key, &call).await
        })
    }
}
