//! The client of the server's JSON API. Every call has a timeout; what went wrong is told apart by whether the request left.

use std::cell::Cell;
use std::marker::PhantomData;
use std::net::IpAddr;
use std::path::{Path, PathBuf};
use std::time::Duration;

use reqwest::Method;
use reqwest::header::{ACCEPT_LANGUAGE, AUTHORIZATION, HeaderValue};
use serde::de::DeserializeOwned;
use serde::{Serialize, Serializer};
use serde_json::Value;

use crate::api::calls::{Call, Effect};
use crate::api::{IDEMPOTENCY_KEY, Refusal, TRAINING_HEADER, VERSION, VERSION_HEADER};
use crate::bounded::{BodyError, innermost, read_body, read_ca_file, read_text};
use crate::domain::lang::Lang;
use crate::error::{Error, Kind};
use crate::web::tls::{self, PLAIN_REFUSED};
use crate::words::cli as words;

/// Where the console listens unless told otherwise.
pub const SERVER: &str = "http://127.0.0.1:8081";
/// The state folder unless told otherwise.
pub const STATE: &str = "./vardkase-state";
/// The state folder of training, unless another is named.
pub const TRAINING_STATE: &str = "./vardkase-training";
const CONNECT_TIMEOUT_S: u64 = 3;
const ANSWER_TIMEOUT_S: u64 = 30;
/// A command whose answer is lost is sent so often in all, under one ID.
const TRIES_MAX: u32 = 3;
const TRY_AGAIN: Duration = Duration::from_millis(300);
/// The status of a region with 100 000 deliveries is well below it.
const ANSWER_BYTES_MAX: usize = 256 << 20;
/// Where `serve` writes the token, in the state folder.
pub const TOKEN_FILE: &str = "console-token";
/// A token is a line.
const TOKEN_BYTES_MAX: u64 = 4096;
/// So much of what a server calls its version is shown.
const VERSION_CHARS_MAX: usize = 40;

/// What the server answered: `--json` shows it as it came, commands read it as `A`.
#[derive(Clone, Debug)]
pub struct Answer<A> {
    body: Value,
    effect: Effect,
    /// Of the server, when it is another than ours.
    other_version: Option<String>,
    lang: Lang,
    read_as: PhantomData<fn() -> A>,
}

impl<A: DeserializeOwned> Answer<A> {
    /// In our own types. What a newer server tells beside is passed over.
    pub fn read(&self) -> Result<A, Error> {
        A::deserialize(&self.body).map_err(|e| {
            let (lang, why) = (self.lang, e.to_string());
            let why = match &self.other_version {
                Some(server) => words::both_versions(lang, why, server, VERSION),
                None => why,
            };
            match self.effect {
                Effect::Reads => Error::other(words::not_understood(lang, why), words::LOOK_AT_JSON.say(lang)),
                Effect::Changes => {
                    Error::new(Kind::Unknown, words::done_not_understood(lang, why), words::LOOK_FIRST.say(lang))
                }
            }
        })
    }
}

impl<A> Answer<A> {
    /// Only these lists of it, for programs; an empty one where the server tells none.
    pub fn lists(&self, names: &[&str]) -> Value {
        let list = |name: &str| self.body.get(name).cloned().unwrap_or(Value::Array(Vec::new()));
        names.iter().map(|name| ((*name).to_owned(), list(name))).collect::<serde_json::Map<_, _>>().into()
    }
}

/// The answer as it came.
impl<A> Serialize for Answer<A> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        self.body.serialize(serializer)
    }
}

/// A connection to the server.
pub struct Client {
    base: String,
    token: Result<String, String>,
    client: reqwest::Client,
    runtime: tokio::runtime::Runtime,
    lang: Lang,
    /// The server said that it is run in training.
    training: Cell<bool>,
}

impl Client {
    /// To a server, with the token in that file. A missing token is told when the server asks for it.
    /// What it refuses it says in `lang`. With a `ca_file` its authorities are believed and no other; without one, a server on this
    /// machine that speaks TLS is known by the certificate that it left beside the token, whatever address it is called by.
    pub fn new(server: &str, token_file: &Path, ca_file: Option<&Path>, lang: Lang) -> Result<Self, Error> {
        let wrong = || Error::usage(words::no_address(lang, server), words::write_it_as(lang, SERVER));
        let mut url = reqwest::Url::parse(server).map_err(|_| wrong())?;
        if !matches!(url.scheme(), "http" | "https") || url.host_str().is_none() {
            return Err(wrong());
        }
        // One crypto library for all TLS. A second call is refused, which is fine.
        let _ = rustls::crypto::ring::default_provider().install_default();
        let broken = |what: String| Error::other(what, words::MACHINE_FAULT.say(lang));
        let said_in = HeaderValue::from_str(lang.as_str()).ok();
        let mut client = reqwest::Client::builder();
        if let Some(file) = ca_file {
            let bad = |why| Error::usage(words::bad_ca_file(lang, file.display(), why), words::GIVE_CA_FILE.say(lang));
            client = client.tls_certs_only(read_ca_file(file).map_err(bad)?);
        } else {
            let beside = token_file.parent().unwrap_or(Path::new(""));
            if is_here(&url) {
                if let Some(noted) = tls::noted(beside, false).map_err(broken)? {
                    client = client.tls_backend_preconfigured(noted);
                    // Both are special schemes, so that it can be set.
                    let _ = url.set_scheme("https");
                }
            } else if let Ok(Some(noted)) = tls::noted(beside, true) {
                // This machine by an address that others come by, or another server: whom the machine's authorities vouch for.
                client = client.tls_backend_preconfigured(noted);
            }
        }
        let client = client
            .default_headers(said_in.map(|lang| (ACCEPT_LANGUAGE, lang)).into_iter().collect())
            .connect_timeout(Duration::from_secs(CONNECT_TIMEOUT_S))
            .timeout(Duration::from_secs(ANSWER_TIMEOUT_S))
            .redirect(reqwest::redirect::Policy::none())
            // Somebody thinks between two requests, and the server closes what is idle: each has a connection of its own.
            .pool_max_idle_per_host(0)
            // The server is named; a proxy of the environment would only be one more thing that can be down.
            .no_proxy()
            .build()
            .map_err(|e| broken(format!("no HTTP client: {e}")))?;
        let runtime = tokio::runtime::Builder::new_current_thread()
            .enable_all()
            .build()
            .map_err(|e| broken(format!("no runtime: {e}")))?;
        let base = url.as_str().trim_end_matches('/').to_owned();
        Ok(Self { base, token: read_token(token_file, lang), client, runtime, lang, training: Cell::new(false) })
    }

    /// Asks the server, and waits for its answer. A command whose answer is lost is sent again under its ID: the server carries
    /// it out once, and says what it did (RULES D11).
    pub fn call<A, B: Serialize>(&self, call: &Call<A, B>, key: Option<&str>) -> Result<Answer<A>, Error> {
        let mut unknown = None;
        for _ in 0..if key.is_some() { TRIES_MAX } else { 1 } {
            if unknown.is_some() {
                std::thread::sleep(TRY_AGAIN);
            }
            match self.call_under(call, key) {
                Err(error) if error.kind == Kind::Unknown => unknown = Some(error),
                // It may have been done before the server went away.
                Err(error) if error.kind == Kind::Unreachable && unknown.is_some() => {}
                answer => return answer,
            }
        }
        Err(unknown.unwrap_or_else(|| self.unknown(words::NO_ANSWER_CAME.say(self.lang))))
    }

    /// Whether the server is run in training, as far as it was asked.
    pub fn is_training(&self) -> bool {
        self.training.get()
    }

    fn call_under<A, B: Serialize>(&self, call: &Call<A, B>, key: Option<&str>) -> Result<Answer<A>, Error> {
        let method = if call.body.is_some() { Method::POST } else { Method::GET };
        let mut request = self.client.request(method, format!("{}{}", self.base, call.path));
        if let Ok(token) = &self.token {
            request = request.header(AUTHORIZATION, format!("Bearer {token}"));
        }
        if let Some(body) = &call.body {
            request = request.json(body);
        }
        if let Some(key) = key {
            request = request.header(IDEMPOTENCY_KEY, key);
        }
        let effect = call.effect;
        self.runtime.block_on(async {
            let response = request.send().await.map_err(|e| self.lost(&e, effect))?;
            let status = response.status().as_u16();
            let other_version = other_version(&response);
            if response.headers().contains_key(TRAINING_HEADER) {
                self.training.set(true);
            }
            let bytes = read_body(response, ANSWER_BYTES_MAX).await.map_err(|e| match e {
                BodyError::TooLong(_) => self.odd(words::ANSWER_TOO_LARGE.say(self.lang), effect),
                BodyError::BrokeOff(e) => self.lost(&e, effect),
            })?;
            let body = self.judge(status, &bytes, effect, other_version.as_deref())?;
            Ok(Answer { body, effect, other_version, lang: self.lang, read_as: PhantomData })
        })
    }

    /// Success needs the status and a body that can be read.
    fn judge(&self, status: u16, body: &[u8], effect: Effect, other_version: Option<&str>) -> Result<Value, Error> {
        if (200..=299).contains(&status) {
            return serde_json::from_slice(body).map_err(|_| self.odd(words::ANSWER_NO_JSON.say(self.lang), effect));
        }
        let refusal: Option<Refusal> = serde_json::from_slice(body).ok();
        match (status, refusal) {
            (401, refusal) => Err(self.not_signed_in(refusal.as_ref())),
            (429, Some(refusal)) if refusal.code == "too-many-tries" => Err(self.not_signed_in(Some(&refusal))),
            (_, Some(Refusal { code, why, help, already, .. })) => {
                let kind = if status >= 500 { Kind::Other } else { Kind::Refused };
                let error = Error { already, ..Error::new(kind, why, help) };
                Err(if code.is_empty() { error } else { error.coded(code) })
            }
            (404 | 405, None) => {
                let what = other_version.map_or_else(
                    || words::REQUEST_UNKNOWN.say(self.lang).to_owned(),
                    |v| words::request_of_version(self.lang, v, VERSION),
                );
                Err(self.odd(&what, Effect::Reads))
            }
            (413, None) => {
                let (why, help) = (words::TOO_LARGE.say(self.lang), words::SAY_SHORTER.say(self.lang));
                Err(Error::new(Kind::Refused, why, help).coded("too-large"))
            }
            (400, None) if body.starts_with(PLAIN_REFUSED.as_bytes()) => {
                let (why, help) = (words::speaks_https(self.lang, &self.base), words::ASK_HTTPS.say(self.lang));
                Err(Error::new(Kind::Unreachable, why, help))
            }
            (status, None) => {
                // Before a rule has looked at it, nothing has changed.
                let effect = if status >= 500 { effect } else { Effect::Reads };
                Err(self.odd(&words::http_status(self.lang, status), effect))
            }
        }
    }

    fn not_signed_in(&self, refusal: Option<&Refusal>) -> Error {
        let why = match &self.token {
            Err(why) => why.clone(),
            Ok(_) => words::token_not_taken(self.lang, &self.base),
        };
        let why = refusal.map_or_else(|| why.clone(), |r| words::it_says(self.lang, &why, r.why.trim_end_matches('.')));
        Error::new(Kind::NotSignedIn, why, words::TOKEN_WHERE.say(self.lang))
    }

    /// No answer: did the request leave?
    fn lost(&self, error: &reqwest::Error, effect: Effect) -> Error {
        if error.is_connect() || effect == Effect::Reads {
            let late = words::NOT_IN_TIME.say(self.lang);
            let what = if error.is_timeout() { late.into() } else { innermost(error) };
            let is_untrusted = what.starts_with("invalid peer certificate");
            let why = words::cant_reach(self.lang, &self.base, what);
            if is_untrusted {
                return Error::new(Kind::Unreachable, why, words::GIVE_CA_FILE.say(self.lang));
            }
            return Error::new(Kind::Unreachable, why, words::IS_IT_RUNNING.say(self.lang));
        }
        self.unknown(words::NO_ANSWER_CAME.say(self.lang))
    }

    fn odd(&self, what: &str, effect: Effect) -> Error {
        match effect {
            Effect::Changes => self.unknown(what),
            Effect::Reads => Error::other(words::odd(self.lang, &self.base, what), words::ODD_LOOK.say(self.lang)),
        }
    }

    fn unknown(&self, what: &str) -> Error {
        let why = words::may_be_done(self.lang, &self.base, what);
        Error::new(Kind::Unknown, why, words::LOOK_FIRST.say(self.lang))
    }
}

/// Whether it names this machine.
fn is_here(url: &reqwest::Url) -> bool {
    let host = url.host_str().unwrap_or_default().trim_matches(['[', ']']);
    host == "localhost" || host.parse::<IpAddr>().is_ok_and(|address| address.is_loopback() || address.is_unspecified())
}

/// The ID under which a call is sent, once or again; `None` where it needs none.
pub fn key_of<A, B>(call: &Call<A, B>) -> Option<String> {
    if call.once { new_key() } else { None }
}

/// An ID for a command: 128 bits of the operating system's randomness. Without them it goes without, and once.
fn new_key() -> Option<String> {
    let mut key = [0; 16];
    getrandom::fill(&mut key).ok().map(|()| hex::encode(key))
}

/// The version of the server, when it says one and that is not ours.
fn other_version(response: &reqwest::Response) -> Option<String> {
    let named = response.headers().get(VERSION_HEADER)?.to_str().ok()?;
    (named != VERSION).then(|| named.chars().take(VERSION_CHARS_MAX).collect())
}

/// The token, or why there is none.
fn read_token(file: &Path, lang: Lang) -> Result<String, String> {
    let text = read_text(file, TOKEN_BYTES_MAX).map_err(|e| words::no_token(lang, file.display(), e))?;
    let token = text.trim();
    if token.is_empty() || !token.bytes().all(|b| b.is_ascii_graphic()) {
        return Err(words::holds_no_token(lang, file.display()));
    }
    Ok(token.to_owned())
}

/// The file with the token: named, or in the state folder.
pub fn token_file(named: Option<&PathBuf>, state: &Path) -> PathBuf {
    named.cloned().unwrap_or_else(|| state.join(TOKEN_FILE))
}
