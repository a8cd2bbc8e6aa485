//! Paging over a provider's interface over HTTP: each page a JSON request of its own, one after another, so that they come in
//! order. What the request looks like, what a good answer is and how the provider calls back is configuration; what it has in
//! common with other interfaces over HTTP is in [`http_api`](super::http_api).
//!
//! | file | owns |
//! |---|---|
//! | `config` | what one provider is told in `channels/paging.yaml` |
//! | `receipts` | which page is whose: a text is delivered when all of its pages are |
//!
//! Must not: retry by itself, respell, log an address or a text.

mod config;
mod receipts;

use std::sync::Arc;

use reqwest::header::CONTENT_TYPE;

pub use config::{Method, PagingHttpConfig};

use self::receipts::{Book, key};
use super::http_api::{Auth, Client, Connection, request, run};
use super::pager::{self, at_page};
use super::{Boxed, Events, Gateway, GatewayEvent, Health, Job, Jobs, PriorAccept, Secret, Stop};
use crate::domain::delivery::{Accepted, SendError};
use crate::domain::ids::GatewayId;
use crate::domain::text::Charset;
use crate::domain::text::pages::pages;

/// A paging provider.
pub struct PagingHttp {
    inner: Arc<Inner>,
}

struct Inner {
    id: GatewayId,
    config: PagingHttpConfig,
    auth: Auth,
    client: Client,
    book: Arc<Book>,
}

impl PagingHttp {
    /// A gateway. A rustls provider must be installed as the process's default before.
    ///
    /// # Errors
    /// What is wrong with the configuration.
    pub fn new(id: GatewayId, config: PagingHttpConfig) -> Result<Self, String> {
        if config.charset == Charset::Gsm7 {
            return Err("charset: pagers have no gsm7; write utf8, latin1, a variant of iso646, or ascii7".into());
        }
        let connection = Connection {
            url: config.url.value.clone(),
            probe_url: config.probe_url.as_ref().map(|u| u.value.clone()),
            ca_file: config.ca_file.clone(),
            connect_timeout: config.connect_timeout,
            request_timeout: config.request_timeout,
            connections_max: config.connections_max,
        };
        let secrets = config.password.iter().cloned().collect();
        let auth = Auth::of(config.user.as_deref(), config.password.as_ref(), config.shows_password());
        let client = Client::new(id.clone(), connection, config.answer.clone(), secrets)?;
        Ok(Self { inner: Arc::new(Inner { id, config, auth, client, book: Arc::default() }) })
    }

    /// The pages whose receipts are waited for.
    fn book(&self) -> Arc<Book> {
        self.inner.book.clone()
    }
}

impl Inner {
    /// All pages of a text. What can't go whole is refused before the first page.
    async fn send(&self, job: &Job) -> Result<Accepted, SendError> {
        let to = pager::number(job)?;
        let rules = self.config.page_rules();
        let cannot = |why| SendError::permanent(format!("the transmitter can't carry the text: it {why}"));
        let pages = pages(&job.out, job.trailer.as_deref(), &rules).map_err(cannot)?;
        let units = u16::try_from(pages.len()).unwrap_or(u16::MAX);
        let mut refs = Vec::with_capacity(pages.len());
        for (page, text) in (1..).zip(&pages) {
            let request = self.request(job, to, text, (page, pages.len()));
            let taken = self.client.ask(request, to).await;
            refs.push(taken.map_err(|e| at_page(page, pages.len(), e))?);
        }
        let delivered = match self.book.accepted(job.delivery, &refs) {
            Some(Err(e)) => return Err(e),
            Some(Ok(())) => true,
            None => false,
        };
        Ok(Accepted { gateway_ref: refs.join(" ").trim().to_owned(), delivered, units })
    }

    /// The request for one page.
    fn request(&self, job: &Job, to: &str, text: &str, (page, pages): (usize, usize)) -> reqwest::RequestBuilder {
        let config = &self.config;
        let id = key(job.delivery, page, pages);
        let [page, pages] = [page, pages].map(|n| n.to_string());
        let [ttl_s, ttl_min] = [job.ttl_s, job.ttl_s.div_ceil(60)].map(|n| n.to_string());
        let priority = job.head.priority.to_string();
        let known = [
            ("to", to),
            ("text", text),
            ("id", &id),
            ("page", &page),
            ("pages", &pages),
            ("priority", &priority),
            ("ttl_s", &ttl_s),
            ("ttl_min", &ttl_min),
            ("callback", config.callback_url.as_deref().unwrap_or_default()),
            ("user", config.user.as_deref().unwrap_or_default()),
            ("password", config.password.as_ref().map_or("", Secret::expose)),
        ];
        let method = match config.method {
            Method::Post => reqwest::Method::POST,
            Method::Put => reqwest::Method::PUT,
        };
        let body = request::filled_json(&config.body.0, &known).to_string();
        let mut request = self.client.request(method).header(CONTENT_TYPE, "application/json").body(body);
        for (name, template) in config.headers.iter() {
            request = request.header(name.as_str(), request::filled(template, &known));
        }
        self.auth.on(request)
    }
}

impl Gateway for PagingHttp {
    fn receipts_by_ref(&self) -> bool {
        // A call may carry our own key, or not: nobody knows before it comes.
        true
    }

    fn reclaim(&self, earlier: &[PriorAccept]) -> Vec<GatewayEvent> {
        let ends = earlier.iter().filter_map(|PriorAccept { delivery, gateway_ref, .. }| {
            let refs: Vec<String> = gateway_ref.split_whitespace().map(str::to_owned).collect();
            Some((*delivery, self.inner.book.accepted(*delivery, &refs)?))
        });
        let told = ends.map(|(delivery, result)| GatewayEvent::Receipt {
            gateway: self.inner.id.clone(),
            delivery: Some(delivery),
            gateway_ref: String::new(),
            result,
        });
        told.collect()
    }

    fn run(&self, jobs: Jobs, out: Events, stop: Stop) -> Boxed<'_, ()> {
        let (connections_max, per_second_max) = (self.inner.config.connections_max, self.inner.config.per_second_max);
        Box::pin(run(connections_max, per_second_max, jobs, out, stop, |job, out| {
            let inner = self.inner.clone();
            async move { inner.client.send_and_tell(&out, inner.send(&job)).await }
        }))
    }

    fn probe(&self) -> Boxed<'_, Health> {
        Box::pin(self.inner.client.probe())
    }
}
