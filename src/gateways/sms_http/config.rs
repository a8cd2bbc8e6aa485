//! One SMS gateway with an HTTP interface, as it stands in `channels/sms.yaml` under `http:`. What is left out is as its preset
//! has it.

use std::path::PathBuf;
use std::sync::Arc;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::SmsHttp;
use crate::domain::text::sms::{SmsLimits, Split};
use crate::gateways::http_api::back::{Keys, SignatureConfig, check_headers};
use crate::gateways::http_api::{CallbackNames, Otherwise};
use crate::gateways::protocol::{BuildCx, Built, Entry, Facts, FarEnd, Protocol, bounded};
use crate::gateways::{Secret, sender};
use crate::yaml::addresses::{check_url, host_of};
use crate::yaml::{Found, List, Name, Ordered, Secs};

/// How a request is written.
#[derive(Clone, Copy, PartialEq, Eq, Default, Deserialize, Serialize, JsonSchema, Debug)]
#[serde(rename_all = "lowercase")]
pub enum SendAs {
    /// `a=b&c=d` in the body.
    #[default]
    Form,
    /// JSON; a field whose name begins with / is a JSON pointer (/message/text, /to/0).
    Json,
    /// `a=b&c=d` in the address.
    Query,
}

/// An HTTP gateway whose fields, good answers and callbacks are built in.
#[derive(Clone, Copy, PartialEq, Eq, Default, Deserialize, Serialize, JsonSchema, Debug)]
#[serde(rename_all = "lowercase")]
pub enum Preset {
    /// to, from, text, id; the answer is JSON with a status accepted, ok or queued and an id.
    #[default]
    Generic,
    /// Kannel's sendsms.
    Kannel,
    /// 46elks, and those who do as it does.
    #[serde(rename = "46elks")]
    Elks,
    /// Twilio, and those who do as it does.
    Twilio,
}

/// An HTTP gateway for SMS. What is left out is as the preset has it.
#[derive(Clone, PartialEq, Eq, Deserialize, JsonSchema, Debug)]
#[serde(deny_unknown_fields, default)]
#[schemars(extend("required" = ["url"]))]
pub struct SmsHttpConfig {
    /// Where requests go.
    pub url: Name,
    /// A known gateway: generic, kannel, 46elks, twilio.
    pub preset: Preset,
    /// How a request is written: form, json, query.
    pub body: Option<SendAs>,
    /// Fields of the request, instead of the preset's. {to} with +, {to_digits} without, {from}, {text}, {id}, {callback},
    /// {coding}, {ttl_s}, {ttl_min}, {user} and {password} are filled in.
    pub fields: Ordered<String>,
    /// Further headers; the same is filled in.
    pub headers: Ordered<String>,
    /// Statuses that mean "taken", if the body agrees.
    pub status_ok: Option<List<u16>>,
    /// What the answer must contain, instead of what the preset looks for in it; a status of 200 alone is not success.
    pub success: Option<String>,
    /// Where in a JSON answer the state stands (a JSON pointer, such as /status).
    pub success_at: Option<String>,
    /// What stands there in a good answer.
    pub success_values: Option<List<String>>,
    /// Where in a JSON answer the gateway's number stands (a JSON pointer, such as /id).
    pub id_at: Option<String>,
    /// What stands before the gateway's number in an answer that is not JSON.
    pub id_after: Option<String>,
    /// Words in a refusal that mean "later".
    pub temporary_words: Option<List<String>>,
    /// Words in a refusal that mean "never".
    pub permanent_words: Option<List<String>>,
    /// What an answer means that is not a good one and has no such word: unknown, temporary, permanent. Default: unknown.
    pub otherwise: Option<Otherwise>,
    /// The user, for Basic authentication unless a field or header carries {password}.
    pub user: Option<String>,
    /// The password for it, or the bearer token when there is no user.
    pub password: Option<Secret>,
    /// The sender that telephones show.
    pub from: Name,
    /// The secret part of the callback's path.
    pub callback_secret: Option<Secret>,
    /// Calls count only when the gateway has signed them. Default: whoever knows the callback's path is believed.
    pub callback_signature: Option<SignatureConfig>,
    /// Where the gateway reaches our public listener, such as https://larm.region.example. Default: the public page's address.
    pub callback_base: Option<Name>,
    /// What the gateway calls things when it calls us.
    pub callback: CallbackNames,
    /// Asked when the gateway is probed; must not send anything. Default: the root of url.
    pub probe_url: Option<Name>,
    /// How long connecting may take. Default: 5s.
    pub connect_timeout: Secs,
    /// A CA file for TLS. Default: the machine's.
    pub ca_file: Option<PathBuf>,
    /// Where it calls back with receipts, once that is known.
    #[serde(skip)]
    pub callback_url: Option<String>,
    /// Of the entry: alphabet, parts. `split: separate` sends one request for each SMS, else the gateway splits.
    #[serde(skip)]
    pub sms: SmsLimits,
    /// Of the entry: requests at the same time.
    #[serde(skip)]
    pub connections_max: u16,
    /// Of the entry: the most requests a second; 0 for no limit of ours.
    #[serde(skip)]
    pub per_second_max: u32,
    /// Of the entry: for the whole request.
    #[serde(skip)]
    pub request_timeout: Secs,
}

impl Default for SmsHttpConfig {
    fn default() -> Self {
        Self {
            url: Name::default(),
            preset: Preset::Generic,
            body: None,
            fields: Ordered::default(),
            headers: Ordered::default(),
            status_ok: None,
            success: None,
            success_at: None,
            success_values: None,
            id_at: None,
            id_after: None,
            temporary_words: None,
            permanent_words: None,
            otherwise: None,
            user: None,
            password: None,
            from: Name::default(),
            callback_secret: None,
            callback_signature: None,
            callback_base: None,
            callback: CallbackNames::default(),
            probe_url: None,
            connect_timeout: Secs(5),
            ca_file: None,
            callback_url: None,
            sms: SmsLimits::default(),
            connections_max: 8,
            per_second_max: 0,
            request_timeout: Secs(20),
        }
    }
}

impl SmsHttpConfig {
    fn back(&self) -> Keys<'_> {
        Keys {
            secret: self.callback_secret.as_ref(),
            signature: self.callback_signature.as_ref(),
            base: self.callback_base.as_ref(),
        }
    }

    /// Whether the password stands in a field or a header that somebody wrote.
    fn shows_password(&self) -> bool {
        self.fields.iter().chain(self.headers.iter()).any(|(_, template)| template.contains("{password}"))
    }
}

impl Protocol for SmsHttpConfig {
    fn protocol(&self) -> &'static str {
        "http"
    }

    fn copy(&self) -> Box<dyn Protocol> {
        Box::new(self.clone())
    }

    fn check(&self, entry: &Entry<'_>, found: &mut Found) {
        entry.needs(&[("url", self.url.place.line > 0)], found);
        let url = (self.url.place.line > 0).then_some(&self.url);
        for url in url.into_iter().chain(&self.probe_url) {
            check_url(url, found);
        }
        entry.secret(self.password.as_ref(), found);
        sender::check(&self.from, entry, found);
        check_headers(&self.headers, found);
        self.back().check(entry, found);
    }

    fn host(&self) -> Option<&str> {
        host_of(&self.url)
    }

    fn secrets(&self) -> Vec<&Secret> {
        let of_signature = self.callback_signature.as_ref().map(|s| &s.secret);
        self.password.iter().chain(&self.callback_secret).chain(of_signature).collect()
    }

    fn build(&self, cx: &BuildCx<'_>) -> Result<Built, String> {
        let mut config = self.clone();
        let back = self.back().open(cx);
        cx.read("password", &mut config.password)?;
        cx.settle(&mut config.ca_file);
        config.callback_url.clone_from(&back.receipt_url);
        config.sms = cx.sms_limits(Split::Payload)?;
        config.connections_max = cx.limits.connections_max.map_or(config.connections_max, bounded);
        config.per_second_max = cx.limits.per_second_max.unwrap_or(config.per_second_max);
        config.request_timeout = cx.limits.timeout.unwrap_or(config.request_timeout);
        let (connections_max, timeout_s) = (config.connections_max.into(), config.request_timeout.0);
        let warnings = back.warnings.clone();
        let gateway = SmsHttp::new(cx.id.clone(), config)?;
        let callback = back.callback(cx, gateway.callback_names());
        Ok(Built { connections_max, callback, warnings, ..Built::new(Arc::new(gateway), timeout_s) })
    }

    /// The far end knows Kannel's words and the generic ones: with another preset, or with names of the operator's own, it is
    /// spoken to in the generic ones.
    fn turn_to(&mut self, far: &FarEnd<'_>) -> Facts {
        let mut facts = Facts::new();
        if let Some(password) = &mut self.password {
            let made = (far.made)(16);
            *password = Secret::new(&*made);
            facts.insert("password", made);
        }
        if self.shows_password() || self.preset == Preset::Kannel {
            // It does not look at what stands in a field.
            facts.clear();
        } else if let (Some(user), false) = (&self.user, facts.is_empty()) {
            facts.insert("user", user.clone());
        }
        if self.preset == Preset::Kannel {
            facts.insert("preset", "kannel".into());
        }
        if let Some(secret) = &mut self.callback_secret {
            let made = (far.made)(32);
            *secret = Secret::new(&*made);
            facts.insert("callback_secret", made);
        }
        self.url.value = format!("http://{}/send", far.addr);
        (self.ca_file, self.callback_base, self.probe_url, self.callback_signature) = (None, None, None, None);
        let has = |name: &str| self.fields.iter().any(|(n, _)| n.as_str() == name);
        let known = self.fields.is_empty() || has("to") && has("text");
        if known && matches!(self.preset, Preset::Generic | Preset::Kannel) {
            return facts;
        }
        self.preset = Preset::Generic;
        self.fields = Ordered::default();
        self.callback = CallbackNames::default();
        (self.success, self.success_at, self.id_at, self.id_after) = (None, None, None, None);
        (self.status_ok, self.success_values) = (None, None);
        facts
    }
}
