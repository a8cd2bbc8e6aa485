//! Requests to one far end: each with a limit on its wait, each answer read up to its limit; and jobs side by side.

use std::future::Future;
use std::path::PathBuf;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use reqwest::redirect::Policy;
use tokio::task::JoinSet;
use tokio::time::{Instant, sleep_until};

use super::answer::{Answer, AnswerRules, judge, retry_after_s};
use crate::bounded::{read_body, read_ca_file};
use crate::domain::delivery::{Accepted, SendError};
use crate::domain::ids::GatewayId;
use crate::gateways::unanswered::not_answered;
use crate::gateways::{Events, GatewayEvent, Health, Job, Jobs, Stop};
use crate::yaml::{Secret, Secs};

/// How long a connection is kept for the next request.
const KEEP_S: u64 = 60;

/// So long a far end that refused user, password or token is not asked again: it does not get right by trying, and accounts are
/// locked after some tries.
const REFUSED: Duration = Duration::from_secs(60);

/// The most that is read of an answer.
const ANSWER_LEN_MAX: usize = 64 * 1024;

/// How a far end is reached.
#[derive(Clone, PartialEq, Eq, Default, Debug)]
pub struct Connection {
    /// Where requests go.
    pub url: String,
    /// Asked by a probe (GET); the root of `url` when there is none. Must not send anything.
    pub probe_url: Option<String>,
    /// PEM file with the CA to trust; without one the machine's own.
    pub ca_file: Option<PathBuf>,
    /// To connect and secure.
    pub connect_timeout: Secs,
    /// For a whole request.
    pub request_timeout: Secs,
    /// Requests at the same time.
    pub connections_max: u16,
}

/// Asks one far end.
pub struct Client {
    gateway: GatewayId,
    http: reqwest::Client,
    connection: Connection,
    rules: AnswerRules,
    secrets: Vec<Secret>,
    refused: Mutex<Option<Refused>>,
}

/// The far end does not know who we are.
struct Refused {
    /// Until then it is not asked.
    until: Instant,
    why: String,
    is_told: bool,
}

impl Client {
    /// A client; nothing is connected. A rustls provider must be installed as the process's default before. `secrets` never
    /// stand in what is quoted of an answer.
    ///
    /// # Errors
    /// What is wrong with the configuration.
    pub fn new(
        gateway: GatewayId,
        connection: Connection,
        rules: AnswerRules,
        secrets: Vec<Secret>,
    ) -> Result<Self, String> {
        reqwest::Url::parse(&connection.url).map_err(|e| format!("url: {e}"))?;
        if let Some(url) = &connection.probe_url {
            reqwest::Url::parse(url).map_err(|e| format!("probe_url: {e}"))?;
        }
        rules.checked()?;
        let mut builder = reqwest::Client::builder()
            .tcp_nodelay(true)
            .connect_timeout(connection.connect_timeout.at_least_a_second())
            .timeout(connection.request_timeout.at_least_a_second())
            .pool_idle_timeout(Duration::from_secs(KEEP_S))
            .pool_max_idle_per_host(usize::from(connection.connections_max))
            .redirect(Policy::none())
            .no_proxy();
        if let Some(file) = &connection.ca_file {
            let all = read_ca_file(file).map_err(|e| format!("ca_file: {e}"))?;
            builder = builder.tls_certs_only(all);
        }
        let http = builder.build().map_err(|e| format!("HTTP client: {e}"))?;
        Ok(Self { gateway, http, connection, rules, secrets, refused: Mutex::default() })
    }

    /// Begins a request.
    pub fn request(&self, method: reqwest::Method) -> reqwest::RequestBuilder {
        self.http.request(method, &self.connection.url)
    }

    /// Sends a request that was built. Gives the far end's number for what it took.
    ///
    /// # Errors
    /// What was said, or that nothing was; never with `to` or a secret in it.
    pub async fn ask(&self, request: reqwest::RequestBuilder, to: &str) -> Result<String, SendError> {
        let request =
            request.build().map_err(|_| SendError::permanent("the request can't be made; check url and headers"))?;
        let response = self.http.execute(request).await.map_err(|e| not_answered(&e))?;
        let status = response.status().as_u16();
        let header = |name: &str| response.headers().get(name).and_then(|v| v.to_str().ok());
        let retry_after_s = header("retry-after").and_then(|after| retry_after_s(after, header("date")));
        // An answer that breaks off proves nothing.
        let body = read_body(response, ANSWER_LEN_MAX).await.map_err(|e| SendError::unknown(e.to_string()))?;
        let body = String::from_utf8_lossy(&body).into_owned();
        let secrets: Vec<&str> = self.secrets.iter().map(Secret::expose).chain([to]).collect();
        match judge(&Answer { status, retry_after_s, body }, &self.rules, &secrets) {
            Err(why) if self.rules.status_credentials.contains(&status) => {
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

    /// What the far end said of our credentials, while it is not asked again.
    fn refused_now(&self) -> Option<String> {
        self.refused().as_ref().filter(|r| r.until > Instant::now()).map(|r| r.why.clone())
    }

    /// Sends by `send`, unless the far end has just refused who we are. Tells the first refusal, and its end.
    ///
    /// # Errors
    /// As `send`, or that the far end is not asked now.
    pub async fn send_and_tell(
        &self,
        out: &Events,
        send: impl Future<Output = Result<Accepted, SendError>>,
    ) -> Result<Accepted, SendError> {
        if let Some(cause) = self.refused_now() {
            return Err(SendError::Temporary { cause, retry_after_s: Some(REFUSED.as_secs() as u32) });
        }
        let result = send.await;
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
                tracing::warn!(gateway = %self.gateway, error = why, "the gateway refuses user, password or token");
            }
            // Nobody listening is the end of the program.
            let _ = out.send(GatewayEvent::Down { gateway: self.gateway.clone(), cause }).await;
        }
        result
    }

    /// Asks whether it is there. Sends nothing to anybody.
    pub async fn probe(&self) -> Health {
        if let Some(detail) = self.refused_now() {
            return Health { ok: false, detail };
        }
        let (url, own) = match &self.connection.probe_url {
            Some(url) => (reqwest::Url::parse(url).ok(), true),
            None => (reqwest::Url::parse(&self.connection.url).ok().and_then(|u| u.join("/").ok()), false),
        };
        let Some(url) = url else { return Health { ok: false, detail: "url can't be read".into() } };
        match self.http.get(url).send().await {
            Ok(response) if !own || response.status().is_success() => {
                Health { ok: true, detail: format!("answers HTTP {}", response.status().as_u16()) }
            }
            Ok(response) => {
                Health { ok: false, detail: format!("probe_url answers HTTP {}", response.status().as_u16()) }
            }
            Err(e) => Health { ok: false, detail: not_answered(&e).cause().into() },
        }
    }
}

/// Takes jobs, so many side by side and so many a second (0: no bound), until there are none or `stop` turns true; each job ends
/// in the outcome that `send` gives.
pub async fn run<F>(
    connections_max: u16,
    per_second_max: u32,
    mut jobs: Jobs,
    out: Events,
    mut stop: Stop,
    send: impl Fn(Job, Events) -> F,
) where
    F: Future<Output = Result<Accepted, SendError>> + Send + 'static,
{
    let connections_max = usize::from(connections_max.max(1));
    let interval = if per_second_max == 0 { Duration::ZERO } else { Duration::from_secs(1) / per_second_max };
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
                let (delivery, out) = (job.delivery, out.clone());
                let sent = send(job, out.clone());
                under_way.spawn(async move {
                    let result = sent.await;
                    // Nobody listening is the end of the program; the outcome is Unknown to those who come after.
                    let _ = out.send(GatewayEvent::Outcome { delivery, result }).await;
                });
            }
        }
    }
}

async fn stopped(stop: &mut Stop) {
    if stop.wait_for(|stop| *stop).await.is_err() {
        std::future::pending::<()>().await;
    }
}
