//! SMS over a gateway's HTTP interface. What each gateway calls its fields, what a good answer is and how it calls back is
//! configuration; presets are in `presets`. What it has in common with other interfaces over HTTP is in
//! [`http_api`](super::http_api).

mod config;
mod presets;

use std::sync::Arc;

use reqwest::Method;

pub use config::{Preset, SendAs, SmsHttpConfig};

use self::presets::Rules;
use super::callback::CallbackKind;
use super::http_api::{CallbackNames, Client, Connection, answer, callback, request, run};
use super::{Boxed, Events, Gateway, Health, Job, Jobs, Secret, Stop};
use crate::domain::delivery::{Accepted, SendError};
use crate::domain::ids::GatewayId;
use crate::domain::text::sms::{self, Split};

/// An HTTP gateway.
pub struct SmsHttp {
    inner: Arc<Inner>,
}

struct Inner {
    config: SmsHttpConfig,
    rules: Rules,
    client: Client,
}

impl SmsHttp {
    /// A gateway. A rustls provider must be installed as the process's default before.
    ///
    /// # Errors
    /// What is wrong with the configuration.
    pub fn new(gateway: GatewayId, config: SmsHttpConfig) -> Result<Self, String> {
        let rules = Rules::of(&config);
        let connection = Connection {
            url: config.url.value.clone(),
            probe_url: config.probe_url.as_ref().map(|u| u.value.clone()),
            ca_file: config.ca_file.clone(),
            connect_timeout: config.connect_timeout,
            request_timeout: config.request_timeout,
            connections_max: config.connections_max,
        };
        let secrets = config.password.iter().cloned().collect();
        let client = Client::new(gateway, connection, rules.answer.clone(), secrets)?;
        Ok(Self { inner: Arc::new(Inner { config, rules, client }) })
    }

    /// What it calls things when it calls us.
    pub fn callback_names(&self) -> CallbackNames {
        self.inner.rules.callback.clone()
    }
}

/// The configuration of each preset, for fuzzing.
fn each_preset() -> impl Iterator<Item = Rules> {
    let presets = [Preset::Generic, Preset::Kannel, Preset::Elks, Preset::Twilio];
    presets.into_iter().map(|preset| Rules::of(&SmsHttpConfig { preset, ..SmsHttpConfig::default() }))
}

/// Whatever a gateway may answer goes through the decoder, for fuzzing: no bytes may panic.
#[doc(hidden)]
#[cfg_attr(not(feature = "internals"), expect(dead_code, reason = "fuzzing calls it"))]
pub fn any_answer(status: u16, body: &str) {
    for rules in each_preset() {
        let answer = answer::Answer { status, retry_after_s: None, body: body.to_owned() };
        let _ = answer::judge(&answer, &rules.answer, &["p"]);
    }
}

/// Whatever may come as a callback goes through the decoder, for fuzzing: no bytes may panic.
#[doc(hidden)]
#[cfg_attr(not(feature = "internals"), expect(dead_code, reason = "fuzzing calls it"))]
pub fn any_callback(query: &str, body: &[u8]) {
    let gateway = GatewayId::from("any");
    for rules in each_preset() {
        for kind in [CallbackKind::Receipt, CallbackKind::Reply] {
            let _ = callback::read(&gateway, &rules.callback, kind, query, body);
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
            refs.push(self.client.ask(self.request(job, text, parts.encoding), &job.to.0).await?);
        }
        Ok(Accepted { gateway_ref: refs.join(" ").trim().to_owned(), delivered: false, units })
    }

    /// The request for one text.
    fn request(&self, job: &Job, text: &str, encoding: sms::Encoding) -> reqwest::RequestBuilder {
        let (config, rules) = (&self.config, &self.rules);
        let id = job.delivery.to_string();
        let ttl_s = job.ttl_s.to_string();
        let ttl_min = job.ttl_s.div_ceil(60).to_string();
        let to: String = job.to.0.chars().filter(|c| !" -()/".contains(*c)).collect();
        let known = [
            ("to", to.as_str()),
            ("to_digits", to.trim_start_matches('+')),
            ("text", text),
            ("id", &id),
            ("from", &config.from),
            ("coding", if encoding == sms::Encoding::Ucs2 { "2" } else { "0" }),
            ("ttl_s", &ttl_s),
            ("ttl_min", &ttl_min),
            ("user", config.user.as_deref().unwrap_or_default()),
            ("password", config.password.as_ref().map_or("", Secret::expose)),
        ];
        let filled = |(name, template): (&String, &String)| (name.clone(), request::filled(template, &known));
        let fields: Vec<(String, String)> = rules.fields.iter().map(filled).collect();
        let mut request = match rules.send_as {
            SendAs::Query => self.client.request(Method::GET).query(&fields),
            SendAs::Form => self.client.request(Method::POST).form(&fields),
            SendAs::Json => self.client.request(Method::POST).json(&request::json(&fields)),
        };
        for (name, value) in rules.headers.iter().map(filled) {
            request = request.header(name, value);
        }
        rules.auth.on(request)
    }
}

impl Gateway for SmsHttp {
    fn receipts_by_ref(&self) -> bool {
        // A callback may carry our own key, or not: nobody knows before it comes. The worker matches what it names.
        true
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
