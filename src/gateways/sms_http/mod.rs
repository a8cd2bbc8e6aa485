//! SMS over a gateway's HTTP interface. What each gateway calls its fields, what a good answer is and how it calls back is
//! configuration; presets are in `config`.
//!
//! Success needs the status *and* the body. A request that may have arrived and was not answered is Unknown; one that never
//! left (connection refused) is Temporary.
//!
//! Deliberately absent: a template language, regular expressions, redirects, proxies from the environment.

mod answer;
mod callback;
mod config;
mod request;
mod signature;

use std::path::Path;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use reqwest::redirect::Policy;
use tokio::task::JoinSet;
use tokio::time::{Instant, sleep_until};

pub use callback::{BadCallback, CALLBACK_LEN_MAX, CallbackKind};
pub use config::{CallbackConfig, Otherwise, SendAs, SmsHttpConfig, elks_like, generic_json, kannel, twilio_like};
pub use signature::Signature;

use self::answer::{Answer, judge};
use super::unanswered::not_answered;
use super::{Boxed, Events, Gateway, GatewayEvent, Health, Job, Jobs, Secret, Stop};
use crate::bounded::{read_body, read_ca_file};
use crate::domain::delivery::{Accepted, SendError};
use crate::domain::ids::GatewayId;
use crate::domain::text::sms::{self, Split};

/// How long a connection is kept for the next request.
const KEEP_S: u64 = 60;

/// So long a gateway that refused user, password or token is not asked again: it does not get right by trying, and accounts are
/// locked after some tries.
const REFUSED: Duration = Duration::from_secs(60);

/// An HTTP gateway.
pub struct SmsHttp {
    inner: Arc<Inner>,
}

struct Inner {
    gateway: GatewayId,
    config: SmsHttpConfig,
    client: reqwest::Client,
    refused: Mutex<Option<Refused>>,
}

/// The gateway does not know who we are.
struct Refused {
    /// Until then it is not asked.
    until: Instant,
    /// What it said.
    why: String,
    is_told: bool,
}

impl SmsHttp {
    /// A gateway. A rustls provider must be installed as the process's default before.
    ///
    /// # Errors
    /// What is wrong with the configuration.
    pub fn new(gateway: GatewayId, config: SmsHttpConfig) -> Result<Self, String> {
        reqwest::Url::parse(&config.url).map_err(|e| format!("url: {e}"))?;
        if !config.probe_url.is_empty() {
            reqwest::Url::parse(&config.probe_url).map_err(|e| format!("probe_url: {e}"))?;
        }
        let mut builder = reqwest::Client::builder()
            .tcp_nodelay(true)
            .connect_timeout(Duration::from_secs(u64::from(config.connect_timeout_s.max(1))))
            .timeout(Duration::from_secs(u64::from(config.request_timeout_s.max(1))))
            .pool_idle_timeout(Duration::from_secs(KEEP_S))
            .pool_max_idle_per_host(usize::from(config.connections_max))
            .redirect(Policy::none())
            .no_proxy();
        if !config.tls_ca_file.is_empty() {
            let all = read_ca_file(Path::new(&config.tls_ca_file)).map_err(|e| format!("tls_ca_file: {e}"))?;
            builder = builder.tls_certs_only(all);
        }
        let client = builder.build().map_err(|e| format!("HTTP client: {e}"))?;
        Ok(Self { inner: Arc::new(Inner { gateway, config, client, refused: Mutex::default() }) })
    }

    /// What a callback of this gateway tells, from its query and body. `None`: a state on the way.
    ///
    /// # Errors
    /// [`BadCallback`]: answer 400.
    pub fn callback(&self, kind: CallbackKind, query: &str, body: &[u8]) -> Result<Option<GatewayEvent>, BadCallback> {
        callback::read(&self.inner.gateway, &self.inner.config.callback, kind, query, body)
    }
}

/// Whatever a gateway may answer goes through the decoder, for fuzzing: no bytes may panic.
#[doc(hidden)]
pub fn any_answer(status: u16, body: &str) {
    for config in [kannel("http://x/", "u", Secret::new("p"), ""), generic_json("http://x/", Secret::new("p"))] {
        let answer = answer::Answer { status, retry_after_s: None, body: body.to_owned() };
        let _ = answer::judge(&answer, &config, &["p"]);
    }
}

/// Whatever may come as a callback goes through the decoder, for fuzzing: no bytes may panic.
#[doc(hidden)]
pub fn any_callback(query: &str, body: &[u8]) {
    let gateway = GatewayId::from("any");
    for config in [kannel("http://x/", "u", Secret::new("p"), ""), elks_like("http://x/", "u", Secret::new("p"), "")] {
        for kind in [CallbackKind::Receipt, CallbackKind::Reply] {
            let _ = callback::read(&gateway, &config.callback, kind, query, body);
        }
    }
}

impl Inner {
    async fn send(&self, job: &Job) -> Result<Accepted, SendError> {
        let trailer = job.trailer.as_deref();
        let no = |why| SendError::permanent(format!("this gateway {why}"));
        let parts = sms::parts(&job.out, trailer, &self.config.sms).map_err(no)?;
        let units = u16::try_from(parts.texts.len()).unwrap_or(u16::MAX);
        let texts = match self.config.sms.split {
            Split::Separate => parts.texts,
            _ => vec![parts.texts.concat()],
        };
        let mut refs = Vec::with_capacity(texts.len());
        for text in &texts {
            refs.push(self.send_one(job, text, parts.encoding).await?);
        }
        Ok(Accepted { gateway_ref: refs.join(" ").trim().to_owned(), delivered: false, units })
    }

    async fn send_one(&self, job: &Job, text: &str, encoding: sms::Encoding) -> Result<String, SendError> {
        let request = request::build(&self.client, &self.config, job, text, encoding)?;
        let response = self.client.execute(request).await.map_err(|e| not_answered(&e))?;
        let status = response.status().as_u16();
        let retry_after_s = response.headers().get("retry-after").and_then(|v| v.to_str().ok()?.trim().parse().ok());
        let body = self.body(response).await?;
        let secrets = [self.config.password.expose(), self.config.token.expose(), &job.to.0];
        let judged = judge(&Answer { status, retry_after_s, body }, &self.config, &secrets);
        match judged {
            Err(why) if self.config.status_credentials.contains(&status) => {
                let mut refused = self.refused();
                let is_told = refused.as_ref().is_some_and(|r| r.is_told);
                *refused = Some(Refused { until: Instant::now() + REFUSED, why: why.cause().to_owned(), is_told });
                Err(SendError::temporary(why.cause()))
            }
            judged => judged,
        }
    }

    fn refused(&self) -> MutexGuard<'_, Option<Refused>> {
        self.refused.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// What the gateway said of our credentials, while it is not asked again.
    fn refused_now(&self) -> Option<String> {
        self.refused().as_ref().filter(|r| r.until > Instant::now()).map(|r| r.why.clone())
    }

    /// Sends one job, unless the gateway has just refused who we are. Tells the first refusal, and its end.
    async fn send_and_tell(&self, job: &Job, out: &Events) -> Result<Accepted, SendError> {
        if let Some(cause) = self.refused_now() {
            return Err(SendError::Temporary { cause, retry_after_s: Some(REFUSED.as_secs() as u32) });
        }
        let result = self.send(job).await;
        let news = {
            let mut refused = self.refused();
            match refused.as_mut() {
                Some(_) if result.is_ok() => {
                    *refused = None;
                    Some(None)
                }
                Some(r) if !r.is_told => {
                    r.is_told = true;
                    Some(Some(r.why.clone()))
                }
                _ => None,
            }
        };
        if let Some(cause) = news {
            if let Some(why) = &cause {
                tracing::warn!(gateway = %self.gateway, why, "the gateway refuses user, password or token");
            }
            // Nobody listening is the end of the program.
            let _ = out.send(GatewayEvent::Down { gateway: self.gateway.clone(), cause }).await;
        }
        result
    }

    /// The body, up to its limit. An answer that breaks off proves nothing.
    async fn body(&self, response: reqwest::Response) -> Result<String, SendError> {
        match read_body(response, self.config.answer_len_max as usize).await {
            Ok(body) => Ok(String::from_utf8_lossy(&body).into_owned()),
            Err(e) => Err(SendError::unknown(e.to_string())),
        }
    }
}

impl Gateway for SmsHttp {
    fn receipts_by_ref(&self) -> bool {
        // A callback may carry our own key, or not: nobody knows before it comes. The worker matches what it names.
        true
    }

    fn run(&self, mut jobs: Jobs, out: Events, mut stop: Stop) -> Boxed<'_, ()> {
        Box::pin(async move {
            let connections_max = usize::from(self.inner.config.connections_max.max(1));
            let per_second = self.inner.config.per_second_max;
            let interval = if per_second == 0 { Duration::ZERO } else { Duration::from_secs(1) / per_second };
            let mut next = Instant::now();
            // Dropping the set ends the requests: what was taken counts as Unknown.
            let mut under_way = JoinSet::new();
            let mut open = !*stop.borrow();
            while open || !under_way.is_empty() {
                let now = Instant::now();
                tokio::select! {
                    biased;
                    _ = stopped(&mut stop), if open => open = false,
                    Some(_) = under_way.join_next(), if !under_way.is_empty() => {}
                    () = sleep_until(next), if open && next > now => {}
                    job = jobs.recv(), if open && next <= now && under_way.len() < connections_max => {
                        let Some(job) = job else {
                            open = false;
                            continue;
                        };
                        next = next.max(now) + interval;
                        let (inner, out) = (self.inner.clone(), out.clone());
                        under_way.spawn(async move {
                            let result = inner.send_and_tell(&job, &out).await;
                            // Nobody listening is the end of the program; the outcome is Unknown to those who come after.
                            let _ = out.send(GatewayEvent::Outcome { delivery: job.delivery, result }).await;
                        });
                    }
                }
            }
        })
    }

    fn probe(&self) -> Boxed<'_, Health> {
        Box::pin(async move {
            let config = &self.inner.config;
            if let Some(detail) = self.inner.refused_now() {
                return Health { ok: false, detail };
            }
            let url = if config.probe_url.is_empty() {
                reqwest::Url::parse(&config.url).ok().and_then(|u| u.join("/").ok())
            } else {
                reqwest::Url::parse(&config.probe_url).ok()
            };
            let Some(url) = url else { return Health { ok: false, detail: "url can't be read".into() } };
            match self.inner.client.get(url).send().await {
                Ok(response) if config.probe_url.is_empty() || response.status().is_success() => {
                    Health { ok: true, detail: format!("answers HTTP {}", response.status().as_u16()) }
                }
                Ok(response) => {
                    Health { ok: false, detail: format!("probe_url answers HTTP {}", response.status().as_u16()) }
                }
                Err(e) => Health { ok: false, detail: not_answered(&e).cause().into() },
            }
        })
    }
}

async fn stopped(stop: &mut Stop) {
    if stop.wait_for(|stop| *stop).await.is_err() {
        std::future::pending::<()>().await;
    }
}
