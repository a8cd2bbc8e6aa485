//! A real etcd over gRPC. Each question has a time, and goes on to the next member when the one before was surely not able to carry it out;
//! a transaction whose end is not known comes back as [`KvError::Unknown`] and is never repeated here.

use std::fmt;
use std::future::Future;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::time::Duration;

use axum::http::uri::PathAndQuery;
use prost::Message;
use tokio::runtime::Handle;
use tokio::sync::watch;
use tonic::client::Grpc;
use tonic::metadata::MetadataValue;
use tonic::transport::{Certificate, Channel, ClientTlsConfig, Endpoint, Identity};
use tonic::{Request, Streaming};

use super::codec::Prost;
use super::failure::Failure;
use super::kv::{Act, Committed, Kv, KvError, LeaseId, Pair, Range, Status, Txn, Wait, When, after_prefix};
use super::messages as m;
use super::probe::Probe;
use super::settings::{BadSettings, Settings};

/// How long one member has for one answer.
pub const CALL_TIMEOUT: Duration = Duration::from_secs(2);
/// How long it has to be connected.
const CONNECT_TIMEOUT: Duration = Duration::from_secs(1);
/// How often a connection is tried that says nothing. etcd ends one that is tried more often than each 5 s
/// (`--grpc-keepalive-min-time`).
const PING_EVERY: Duration = Duration::from_secs(6);
/// How long the answer to that may take.
const PING_TIMEOUT: Duration = Duration::from_secs(2);
/// Largest answer: a page of the journal's tail.
const ANSWER_BYTES_MAX: usize = 72 << 20;
/// How much may be under way to us before we take it: a page over a far line is not held up.
const WINDOW_BYTES: u32 = 4 << 20;
/// Before a watch that ended is tried anew; twice as long each time.
const WATCH_AGAIN: Duration = Duration::from_millis(100);
/// Longest pause between two tries to watch.
const WATCH_AGAIN_MAX: Duration = Duration::from_secs(1);
/// A watch that said nothing for so long has its owner look once: a member that is stopped or cut says nothing either, and the question
/// goes to another one.
const WATCH_QUIET: Duration = Duration::from_secs(2);

/// A way to all members. Cheap to clone.
#[derive(Clone)]
pub struct Client(Arc<Members>);

struct Members {
    all: Vec<Arc<Member>>,
    /// Who is asked first: the last one that answered.
    first: AtomicUsize,
    runtime: Handle,
}

/// One member.
struct Member {
    /// As its endpoint is written.
    name: String,
    channel: Channel,
    /// It has answered something: whatever goes wrong now, our certificate is not why.
    answered: AtomicBool,
    probe: Option<Probe>,
}

/// Whether a question may be put to another member after one that may have carried it out.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Twice {
    Harmless,
    Never,
}

impl fmt::Debug for Client {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_list().entries(self.0.all.iter().map(|m| &m.name)).finish()
    }
}

impl Client {
    /// Reads certificates and gets everything ready; connects when something is asked. Within a runtime, which it keeps using.
    ///
    /// # Errors
    /// The settings are wrong, or a file can't be read.
    pub fn new(settings: &Settings) -> Result<Self, BadSettings> {
        let pems = settings.read()?;
        let probe = Probe::new(&pems);
        let all = settings.endpoints.iter().map(|name| {
            let bad = || BadSettings::Endpoint { endpoint: name.clone(), what: "write it as https://HOST:PORT" };
            let mut endpoint = Endpoint::from_shared(name.clone())
                .map_err(|_| bad())?
                .connect_timeout(CONNECT_TIMEOUT)
                .tcp_nodelay(true)
                .initial_stream_window_size(WINDOW_BYTES)
                .initial_connection_window_size(WINDOW_BYTES)
                .http2_keep_alive_interval(PING_EVERY)
                .keep_alive_timeout(PING_TIMEOUT)
                .keep_alive_while_idle(true);
            if name.starts_with("https:") {
                let mut tls = ClientTlsConfig::new().timeout(CONNECT_TIMEOUT);
                if let Some(ca) = &pems.ca {
                    tls = tls.ca_certificate(Certificate::from_pem(ca));
                }
                if let Some((cert, key)) = &pems.identity {
                    tls = tls.identity(Identity::from_pem(cert, key));
                }
                endpoint = endpoint.tls_config(tls).map_err(|e| {
                    let what = std::error::Error::source(&e).map_or_else(|| e.to_string(), ToString::to_string);
                    let file = settings.cert.clone().or_else(|| settings.ca.clone()).unwrap_or_default();
                    BadSettings::File { file, what: format!("it holds no usable certificate: {what}") }
                })?;
            }
            let probe = probe.clone().filter(|_| name.starts_with("https:"));
            let (name, channel) = (name.clone(), endpoint.connect_lazy());
            Ok(Arc::new(Member { name, channel, answered: AtomicBool::new(false), probe }))
        });
        let all = all.collect::<Result<_, _>>()?;
        Ok(Self(Arc::new(Members { all, first: AtomicUsize::new(0), runtime: Handle::current() })))
    }

    /// How each member is, by its endpoint.
    pub async fn statuses(&self) -> Vec<(String, Result<Status, KvError>)> {
        let mut all = Vec::with_capacity(self.0.all.len());
        for member in &self.0.all {
            all.push((member.name.clone(), member.status().await.map_err(Failure::into_error)));
        }
        all
    }

    /// Takes the alarm NOSPACE back, on every member that has it. To be done when there is space again: etcd raises it anew else.
    ///
    /// # Errors
    /// As any question.
    pub async fn disarm_no_space(&self) -> Result<(), KvError> {
        let get = m::AlarmRequest { action: m::AlarmRequest::GET, member: 0, alarm: m::AlarmRequest::NO_SPACE };
        let raised: m::AlarmAnswer = self.0.ask(ALARM, get, Twice::Harmless).await?;
        for m::AlarmMember { member, alarm } in raised.alarms {
            let off = m::AlarmRequest { action: m::AlarmRequest::DEACTIVATE, member, alarm };
            let _: m::AlarmAnswer = self.0.ask(ALARM, off, Twice::Harmless).await?;
        }
        Ok(())
    }
}

const RANGE: &str = "/etcdserverpb.KV/Range";
const TXN: &str = "/etcdserverpb.KV/Txn";
const COMPACT: &str = "/etcdserverpb.KV/Compact";
const GRANT: &str = "/etcdserverpb.Lease/LeaseGrant";
const REVOKE: &str = "/etcdserverpb.Lease/LeaseRevoke";
const KEEP: &str = "/etcdserverpb.Lease/LeaseKeepAlive";
const WATCH: &str = "/etcdserverpb.Watch/Watch";
const STATUS: &str = "/etcdserverpb.Maintenance/Status";
const ALARM: &str = "/etcdserverpb.Maintenance/Alarm";
/// There is no such lease (any more).
const NO_LEASE: &str = "requested lease not found";
/// It was let go of before.
const COMPACTED: &str = "required revision has been compacted";

impl Failure {
    fn into_error(self) -> KvError {
        match self {
            Self::Elsewhere(error) | Self::Final(error) => error,
            Self::Unknown(what) => KvError::Unknown(what),
        }
    }
}

impl Member {
    /// One question to this member, in its time.
    async fn ask<Q, A>(&self, method: &'static str, question: Q) -> Result<A, Failure>
    where
        Q: Message + 'static,
        A: Message + Default + 'static,
    {
        let mut grpc = Grpc::new(self.channel.clone()).max_decoding_message_size(ANSWER_BYTES_MAX);
        let asked = async {
            grpc.ready().await.map_err(|e| tonic::Status::from_error(Box::new(e)))?;
            grpc.unary(Request::new(question), PathAndQuery::from_static(method), Prost::<Q, A>::new()).await
        };
        match tokio::time::timeout(CALL_TIMEOUT, asked).await {
            Ok(Ok(answer)) => {
                self.answered.store(true, Ordering::Relaxed);
                Ok(answer.into_inner())
            }
            Ok(Err(status)) => Err(self.failure(&status).await),
            Err(_) => Err(Failure::late(&self.name)),
        }
    }

    /// What became of a question, from what came instead of an answer.
    async fn failure(&self, status: &tonic::Status) -> Failure {
        let failure = Failure::of(&self.name, status);
        let Failure::Unknown(_) = failure else { return failure };
        let Some(probe) = self.probe.as_ref().filter(|_| !self.answered.load(Ordering::Relaxed)) else {
            return failure;
        };
        match probe.refusal(&self.name).await {
            Some(said) => Failure::certificate(&self.name, &said),
            None => failure,
        }
    }

    /// One question whose answers go on coming. The time is until the first may be waited for.
    async fn listen<Q, A>(&self, method: &'static str, question: Request<Q>) -> Result<Streaming<A>, Failure>
    where
        Q: Message + 'static,
        A: Message + Default + 'static,
    {
        let mut grpc = Grpc::new(self.channel.clone());
        let asked = async {
            grpc.ready().await.map_err(|e| tonic::Status::from_error(Box::new(e)))?;
            grpc.server_streaming(question, PathAndQuery::from_static(method), Prost::<Q, A>::new()).await
        };
        match tokio::time::timeout(CALL_TIMEOUT, asked).await {
            Ok(Ok(answers)) => Ok(answers.into_inner()),
            Ok(Err(status)) => Err(self.failure(&status).await),
            Err(_) => Err(Failure::late(&self.name)),
        }
    }

    /// One answer of a stream that is closed after it: a lease is kept by such a question.
    async fn keep(&self, lease: LeaseId) -> Result<bool, Failure> {
        let mut answers: Streaming<m::KeepAnswer> = self.listen(KEEP, Request::new(m::LeaseRequest { lease })).await?;
        match tokio::time::timeout(CALL_TIMEOUT, answers.message()).await {
            Ok(Ok(Some(kept))) => Ok(kept.ttl_s > 0),
            Ok(Ok(None)) => Err(Failure::Unknown(format!("{} ended without an answer", self.name))),
            Ok(Err(status)) => Err(self.failure(&status).await),
            Err(_) => Err(Failure::late(&self.name)),
        }
    }

    async fn status(&self) -> Result<Status, Failure> {
        let answer: m::StatusAnswer = self.ask(STATUS, m::Empty {}).await?;
        let get = m::AlarmRequest { action: m::AlarmRequest::GET, member: 0, alarm: m::AlarmRequest::NO_SPACE };
        let alarms: m::AlarmAnswer = self.ask(ALARM, get).await?;
        Ok(Status {
            version: answer.version,
            size: answer.size.try_into().unwrap_or(0),
            no_space: alarms.alarms.iter().any(|a| a.alarm == m::AlarmRequest::NO_SPACE),
            member: answer.header.map_or(0, |h| h.member),
            leader: answer.leader,
        })
    }

    /// Watches until that ends, and says how it was: whether it ever began.
    async fn watch(&self, prefix: &[u8], tell: &watch::Sender<u64>) -> bool {
        let (key, range_end) = (prefix.to_vec(), after_prefix(prefix));
        let create = m::WatchCreate { key, range_end, fragment: true };
        let mut request = Request::new(m::WatchRequest { create: Some(create) });
        // A member without a leader ends the watch then, instead of saying nothing for ever.
        request.metadata_mut().insert("hasleader", MetadataValue::from_static("true"));
        let Ok(mut answers) = self.listen::<_, m::WatchAnswer>(WATCH, request).await else { return false };
        let mut began = false;
        loop {
            match tokio::time::timeout(WATCH_QUIET, answers.message()).await {
                Ok(Ok(Some(answer))) if !answer.canceled => began = true,
                Ok(_) => return began,
                // Not even that the watch was made.
                Err(_) if !began => return false,
                Err(_) => {}
            }
            tell.send_modify(|n| *n += 1);
        }
    }
}

impl Members {
    /// From the one that answered last, each once.
    fn in_turn(&self) -> impl Iterator<Item = (usize, &Arc<Member>)> {
        let first = self.first.load(Ordering::Relaxed);
        (0..self.all.len()).filter_map(move |n| {
            let at = (first + n) % self.all.len();
            self.all.get(at).map(|member| (at, member))
        })
    }

    /// The next one is asked first, unless another is already.
    fn step_over(&self, at: usize) {
        let next = (at + 1) % self.all.len().max(1);
        let _ = self.first.compare_exchange(at, next, Ordering::Relaxed, Ordering::Relaxed);
    }

    /// Asks one after the other, until one answers or it is not to be asked again.
    async fn in_order<T, F>(&self, twice: Twice, ask: impl Fn(Arc<Member>) -> F) -> Result<T, KvError>
    where
        F: Future<Output = Result<T, Failure>>,
    {
        let (mut last, mut unknown) = (None, None);
        for (at, member) in self.in_turn() {
            let failed = match ask(member.clone()).await {
                Ok(answer) => {
                    self.first.store(at, Ordering::Relaxed);
                    return Ok(answer);
                }
                Err(failed) => failed,
            };
            match failed {
                Failure::Final(error) => return Err(error),
                Failure::Unknown(what) => {
                    self.step_over(at);
                    if twice == Twice::Never {
                        return Err(KvError::Unknown(what));
                    }
                    unknown = Some(KvError::Unknown(what));
                }
                Failure::Elsewhere(error) => {
                    self.step_over(at);
                    // One that is down says more of the whole than one whose certificate is wrong.
                    if !matches!((&last, &error), (Some(KvError::Down(_)), KvError::Refused(_))) {
                        last = Some(error);
                    }
                }
            }
        }
        Err(unknown.or(last).unwrap_or_else(|| KvError::Down("no member is named".into())))
    }

    async fn ask<Q, A>(&self, method: &'static str, question: Q, twice: Twice) -> Result<A, KvError>
    where
        Q: Message + Clone + 'static,
        A: Message + Default + 'static,
    {
        let ask = |member: Arc<Member>| {
            let question = question.clone();
            async move { member.ask(method, question).await }
        };
        self.in_order(twice, ask).await
    }
}

fn compare(when: When) -> m::Compare {
    let (target, key, with) = match when {
        When::Value(key, value) => (m::Compare::VALUE, key, m::With::Value(value)),
        When::Absent(key) => (m::Compare::CREATED, key, m::With::Created(0)),
        When::Created(key, revision) => (m::Compare::CREATED, key, m::With::Created(revision)),
    };
    m::Compare { target, key, with: Some(with) }
}

fn operation(act: Act) -> m::Operation {
    let request = match act {
        Act::Put(key, value, lease) => m::Request::Put(m::PutRequest { key, value, lease: lease.unwrap_or(0) }),
        Act::Delete(key) => m::Request::Delete(m::DeleteRequest { key, range_end: Vec::new() }),
        // Without an end it would be one key.
        Act::DeleteRange(key, range_end) if range_end.is_empty() => {
            m::Request::Delete(m::DeleteRequest { range_end: key.clone(), key })
        }
        Act::DeleteRange(key, range_end) => m::Request::Delete(m::DeleteRequest { key, range_end }),
    };
    m::Operation { request: Some(request) }
}

impl Kv for Client {
    fn range(&self, from: Vec<u8>, to: Vec<u8>, limit: usize) -> Wait<'_, Range> {
        let question = m::RangeRequest { key: from, range_end: to, limit: i64::try_from(limit).unwrap_or(i64::MAX) };
        Box::pin(async {
            if question.range_end.is_empty() {
                // To etcd that is one key.
                return Err(KvError::Refused("a range without an end".into()));
            }
            let answer: m::RangeAnswer = self.0.ask(RANGE, question, Twice::Harmless).await?;
            let pair = |kv: m::KeyValue| Pair { key: kv.key, value: kv.value, created: kv.created };
            let revision = answer.header.map_or(0, |h| h.revision);
            Ok(Range { revision, pairs: answer.pairs.into_iter().map(pair).collect(), more: answer.more })
        })
    }

    fn commit(&self, txn: Txn) -> Wait<'_, Committed> {
        let compare = txn.when.into_iter().map(compare).collect();
        let question = m::TxnRequest { compare, success: txn.acts.into_iter().map(operation).collect() };
        Box::pin(async {
            let answer: m::TxnAnswer = self.0.ask(TXN, question, Twice::Never).await?;
            Ok(Committed { held: answer.succeeded, revision: answer.header.map_or(0, |h| h.revision) })
        })
    }

    fn grant(&self, ttl: Duration) -> Wait<'_, LeaseId> {
        let ttl_s = i64::try_from(ttl.as_secs()).unwrap_or(i64::MAX).max(1);
        Box::pin(async move {
            // One that was granted and never told ends by itself.
            let answer: m::GrantAnswer = self.0.ask(GRANT, m::GrantRequest { ttl_s }, Twice::Harmless).await?;
            Ok(answer.lease)
        })
    }

    fn keep(&self, lease: LeaseId) -> Wait<'_, bool> {
        let ask = move |member: Arc<Member>| async move { member.keep(lease).await };
        Box::pin(self.0.in_order(Twice::Harmless, ask))
    }

    fn revoke(&self, lease: LeaseId) -> Wait<'_, ()> {
        Box::pin(async move {
            match self.0.ask::<_, m::Empty>(REVOKE, m::LeaseRequest { lease }, Twice::Harmless).await {
                Err(KvError::Refused(what)) if what.contains(NO_LEASE) => Ok(()),
                other => other.map(|_| ()),
            }
        })
    }

    fn compact(&self, revision: i64) -> Wait<'_, ()> {
        Box::pin(async move {
            match self.0.ask::<_, m::Empty>(COMPACT, m::CompactRequest { revision }, Twice::Harmless).await {
                Err(KvError::Refused(what)) if what.contains(COMPACTED) => Ok(()),
                other => other.map(|_| ()),
            }
        })
    }

    fn status(&self) -> Wait<'_, Status> {
        Box::pin(self.0.in_order(Twice::Harmless, |member: Arc<Member>| async move { member.status().await }))
    }

    fn changes(&self, prefix: Vec<u8>) -> watch::Receiver<u64> {
        let (tell, told) = watch::channel(0);
        let members = self.0.clone();
        self.0.runtime.spawn(async move {
            let watching = async {
                let (mut at, mut pause) = (members.first.load(Ordering::Relaxed), WATCH_AGAIN);
                loop {
                    let Some(member) = members.all.get(at % members.all.len().max(1)) else { return };
                    if member.watch(&prefix, &tell).await {
                        pause = WATCH_AGAIN;
                    }
                    // What was missed meanwhile is looked for at once, by whatever member answers.
                    tell.send_modify(|n| *n += 1);
                    at = at.wrapping_add(1);
                    tokio::time::sleep(pause).await;
                    pause = (pause * 2).min(WATCH_AGAIN_MAX);
                }
            };
            tokio::select! {
                () = tell.closed() => {}
                () = watching => {}
            }
        });
        told
    }
}
