//! One paging provider with an interface over HTTP, as it stands in `channels/paging.yaml` under `http:`.

use std::path::PathBuf;
use std::sync::Arc;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use super::PagingHttp;
use super::receipts;
use crate::domain::text::Charset;
use crate::domain::text::pages::PageRules;
use crate::gateways::Secret;
use crate::gateways::http_api::answer::words;
use crate::gateways::http_api::back::{Keys, SignatureConfig, check_headers};
use crate::gateways::http_api::{AnswerRules, CallbackNames};
use crate::gateways::protocol::{BuildCx, Built, Entry, Facts, FarEnd, Protocol, bounded};
use crate::yaml::addresses::{check_url, host_of};
use crate::yaml::{At, Found, Json, Name, Ordered, Secs};

/// How a request is made.
#[derive(Clone, Copy, PartialEq, Eq, Default, Deserialize, Serialize, JsonSchema, Debug)]
#[serde(rename_all = "lowercase")]
pub enum Method {
    /// POST: most providers.
    #[default]
    Post,
    /// PUT.
    Put,
}

/// A paging provider's JSON interface: one request a page.
#[derive(Clone, PartialEq, Eq, Deserialize, JsonSchema, Debug)]
#[serde(deny_unknown_fields, default)]
#[schemars(extend("required" = ["url"]))]
pub struct PagingHttpConfig {
    /// Where requests go.
    pub url: Name,
    /// post or put. Default: post.
    pub method: Method,
    /// Further headers, filled in as the body is.
    pub headers: Ordered<String>,
    /// The user, for Basic authentication unless the body or a header carries {password}.
    pub user: Option<String>,
    /// The password for it, or the bearer token when there is no user.
    pub password: Option<Secret>,
    /// The request, written as it is sent. In its texts {to}, {text}, {id}, {page}, {pages}, {priority} (0 is the most urgent),
    /// {ttl_s}, {ttl_min}, {callback}, {user} and {password} are filled in. {id} is the key of the page, the same when it is
    /// sent again. Default: { to: "{to}", text: "{text}", id: "{id}" }.
    pub body: At<Json>,
    /// How answers are read. Default: the answer is JSON with a status accepted, ok or queued, an id, and a refusal's error.
    pub answer: AnswerRules,
    /// The secret part of the callback's path.
    pub callback_secret: Option<Secret>,
    /// Calls count only when the provider has signed them. Default: whoever knows the callback's path is believed.
    pub callback_signature: Option<SignatureConfig>,
    /// Where the provider reaches our public listener, such as https://larm.region.example. Default: the public page's address.
    pub callback_base: Option<Name>,
    /// What the provider calls things when it calls us.
    pub callback: CallbackNames,
    /// Asked when the gateway is probed; must not page anybody. Default: the root of url.
    pub probe_url: Option<Name>,
    /// How long connecting may take. Default: 5s.
    pub connect_timeout: Secs,
    /// A CA file for TLS. Default: the machine's.
    pub ca_file: Option<PathBuf>,
    /// Where it calls back with receipts, once that is known.
    #[serde(skip)]
    pub callback_url: Option<String>,
    /// Of the entry: what the pagers show.
    #[serde(skip)]
    pub charset: Charset,
    /// Of the entry: characters of one page.
    #[serde(skip)]
    pub chars_max: u32,
    /// Of the entry: pages of one text.
    #[serde(skip)]
    pub pages_max: u32,
    /// Of the entry: texts at the same time; the pages of one go one after another.
    #[serde(skip)]
    pub connections_max: u16,
    /// Of the entry: the most texts a second; 0 for no limit of ours.
    #[serde(skip)]
    pub per_second_max: u32,
    /// Of the entry: for a whole request.
    #[serde(skip)]
    pub request_timeout: Secs,
}

impl Default for PagingHttpConfig {
    fn default() -> Self {
        Self {
            url: Name::default(),
            method: Method::Post,
            headers: Ordered::default(),
            user: None,
            password: None,
            body: Json(json!({ "to": "{to}", "text": "{text}", "id": "{id}" })).into(),
            answer: AnswerRules {
                success_at: "/status".into(),
                success_values: words(&["accepted", "ok", "queued"]),
                id_at: "/id".into(),
                error_at: "/error".into(),
                ..AnswerRules::default()
            },
            callback_secret: None,
            callback_signature: None,
            callback_base: None,
            callback: CallbackNames::default(),
            probe_url: None,
            connect_timeout: Secs(5),
            ca_file: None,
            callback_url: None,
            charset: Charset::Ascii7,
            chars_max: 80,
            pages_max: 8,
            connections_max: 4,
            per_second_max: 0,
            request_timeout: Secs(20),
        }
    }
}

impl PagingHttpConfig {
    /// What fits on the device.
    pub(super) fn page_rules(&self) -> PageRules {
        PageRules { chars_max: self.chars_max, pages_max: self.pages_max, charset: self.charset }
    }

    /// Whether the password stands in the body or in a header.
    pub(super) fn shows_password(&self) -> bool {
        pointer_to(&self.body.0, "{password}", false).is_some()
            || self.headers.iter().any(|(_, template)| template.contains("{password}"))
    }

    fn back(&self) -> Keys<'_> {
        Keys {
            secret: self.callback_secret.as_ref(),
            signature: self.callback_signature.as_ref(),
            base: self.callback_base.as_ref(),
        }
    }
}

/// Where a placeholder stands: as the whole of a text, or `alone: false` as a part of one. A JSON pointer.
fn pointer_to(template: &Value, placeholder: &str, alone: bool) -> Option<String> {
    match template {
        Value::String(text) if text == placeholder || !alone && text.contains(placeholder) => Some(String::new()),
        Value::Array(items) => items
            .iter()
            .enumerate()
            .find_map(|(at, item)| pointer_to(item, placeholder, alone).map(|rest| format!("/{at}{rest}"))),
        Value::Object(fields) => fields.iter().find_map(|(name, value)| {
            let name = name.replace('~', "~0").replace('/', "~1");
            pointer_to(value, placeholder, alone).map(|rest| format!("/{name}{rest}"))
        }),
        _ => None,
    }
}

impl Protocol for PagingHttpConfig {
    fn protocol(&self) -> &'static str {
        "paging-http"
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
        check_headers(&self.headers, found);
        self.back().check(entry, found);
        for placeholder in ["{to}", "{text}"] {
            if pointer_to(&self.body.0, placeholder, false).is_none() {
                let message = format!("the request does not say {placeholder}");
                found
                    .error(self.body.place, "paging-body", message)
                    .help("such as body: { to: \"{to}\", text: \"{text}\", id: \"{id}\" }");
            }
        }
        if let Err(why) = self.answer.checked() {
            found
                .error(entry.name.place, "paging-answer", why)
                .help("such as answer: { success_at: /status, success_values: [ok] }");
        }
        if (entry.answers || entry.receipts) && self.callback_secret.is_none() {
            let message = "nothing comes back over HTTP without a callback_secret";
            found
                .error(entry.name.place, "pager-answers", message)
                .help("give it one, or leave out answers and receipts");
        }
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
        let PageRules { charset, chars_max, pages_max } = cx.page_rules()?;
        (config.charset, config.chars_max, config.pages_max) = (charset, chars_max, pages_max);
        config.connections_max = cx.limits.connections_max.map_or(config.connections_max, bounded);
        config.per_second_max = cx.limits.per_second_max.unwrap_or(config.per_second_max);
        config.request_timeout = cx.limits.timeout.unwrap_or(config.request_timeout);
        let (connections_max, timeout_s) = (config.connections_max.into(), config.request_timeout.0);
        let (warnings, names) = (back.warnings.clone(), config.callback.clone());
        let gateway = PagingHttp::new(cx.id.clone(), config)?;
        let callback = back.read_by(receipts::reader(cx.id.clone(), names, gateway.book()));
        Ok(Built { connections_max, callback, warnings, ..Built::new(Arc::new(gateway), timeout_s) })
    }

    /// The far end reads requests in the operator's own form, where pager and text stand in it by themselves; answers and calls
    /// are its own.
    fn turn_to(&mut self, far: &FarEnd<'_>) -> Facts {
        let mut facts = Facts::new();
        if let Some(password) = &mut self.password {
            let made = (far.made)(16);
            *password = Secret::new(&*made);
            facts.insert("password", made);
        }
        if self.shows_password() {
            // It does not look at what stands in a field.
            facts.clear();
        } else if let (Some(user), false) = (&self.user, facts.is_empty()) {
            facts.insert("user", user.clone());
        }
        if let Some(secret) = &mut self.callback_secret {
            let made = (far.made)(32);
            *secret = Secret::new(&*made);
            facts.insert("callback_secret", made);
        }
        let usual = Self::default();
        let whole = |config: &Self, placeholder| pointer_to(&config.body.0, placeholder, true);
        if ["{to}", "{text}", "{id}"].iter().any(|placeholder| whole(self, placeholder).is_none()) {
            self.body = usual.body;
        }
        for (fact, placeholder) in [("to_at", "{to}"), ("text_at", "{text}"), ("id_at", "{id}")] {
            facts.insert(fact, whole(self, placeholder).unwrap_or_default());
        }
        self.url.value = format!("http://{}/pages", far.addr);
        (self.answer, self.callback) = (usual.answer, usual.callback);
        (self.ca_file, self.callback_base, self.probe_url, self.callback_signature) = (None, None, None, None);
        facts
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::yaml::{List, parse, read};

    #[test]
    fn each_key_is_read() {
        let text =
            "{ url: https://p.example/v1, method: put, headers: { X-Tenant: larm }, user: u, password: { env: X },
          body: { receivers: [\"{to}\"], message: { body: \"{text}\", priority: 1, beep: true, ref: \"{id}\" } },
          answer: { status_ok: [201], success_at: /state, success_values: [taken], id_at: /ref, error_at: /why/code,
            status_temporary: [409], status_permanent: [500], status_unknown: [520], temporary_words: [a],
            permanent_words: [b], unknown_words: [c], otherwise: permanent },
          callback: { id: ref, state: state }, probe_url: https://p.example/health, connect_timeout: 3s }";
        let mut found = Found::default();
        let root = parse(0, text, &mut found).expect("YAML");
        let (config, _): (Option<PagingHttpConfig>, _) = read(&root, &mut found);
        let told = found.into_sorted();
        assert!(told.is_empty(), "{told:?}");
        let config = config.expect("a configuration");
        let body = json!({
            "receivers": ["{to}"],
            "message": { "body": "{text}", "priority": 1, "beep": true, "ref": "{id}" }
        });
        assert_eq!((&config.body.0, config.method, config.connect_timeout), (&body, Method::Put, Secs(3)));
        let answer = &config.answer;
        assert_eq!((&answer.status_ok, &answer.status_temporary), (&List(vec![201]), &List(vec![409])));
        assert_eq!((&answer.status_permanent, &answer.status_unknown), (&List(vec![500]), &List(vec![520])));
        assert_eq!((answer.id_at.as_str(), answer.error_at.as_str()), ("/ref", "/why/code"));
        assert_eq!(pointer_to(&body, "{to}", true).as_deref(), Some("/receivers/0"));
        assert_eq!(pointer_to(&body, "{text}", true).as_deref(), Some("/message/body"));
        assert!(!config.shows_password());
    }
}
