//! The client of the server's JSON API. Every call has a timeout; what went wrong is told apart by whether the request left.

use std::path::{Path, PathBuf};
use std::time::Duration;

use reqwest::Method;
use reqwest::header::AUTHORIZATION;
use serde_json::{Value, json};

use crate::domain::incident::input::{Action, Report};
use crate::error::{Error, Kind};

/// Where the console listens unless told otherwise.
pub const SERVER: &str = "http://127.0.0.1:8081";
/// The state folder unless told otherwise.
pub const STATE: &str = "./vardkase-state";
const CONNECT_TIMEOUT_S: u64 = 3;
const ANSWER_TIMEOUT_S: u64 = 30;
/// The status of a region with 100 000 deliveries is well below it.
const ANSWER_BYTES_MAX: usize = 256 << 20;
/// Where `serve` writes the token, in the state folder.
pub const TOKEN_FILE: &str = "console-token";
/// A token is a line.
const TOKEN_BYTES_MAX: usize = 4096;

/// Whether a request changes something: then a lost answer leaves open whether it did.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Effect {
    Reads,
    Changes,
}

/// A connection to the server.
pub struct Api {
    base: String,
    token: Result<String, String>,
    client: reqwest::Client,
    runtime: tokio::runtime::Runtime,
}

impl Api {
    /// To a server, with the token in that file. A missing token is told when the server asks for it.
    pub fn new(server: &str, token_file: &Path) -> Result<Self, Error> {
        let url = reqwest::Url::parse(server)
            .map_err(|e| Error::usage(format!("“{server}” is no address: {e}"), format!("write it as {SERVER}")))?;
        if !matches!(url.scheme(), "http" | "https") || url.host_str().is_none() {
            return Err(Error::usage(format!("“{server}” is no address of a server"), format!("write it as {SERVER}")));
        }
        // One crypto library for all TLS. A second call is refused, which is fine.
        let _ = rustls::crypto::ring::default_provider().install_default();
        let broken = |what: String| Error::other(what, "this is a fault of the machine; try again");
        let client = reqwest::Client::builder()
            .connect_timeout(Duration::from_secs(CONNECT_TIMEOUT_S))
            .timeout(Duration::from_secs(ANSWER_TIMEOUT_S))
            .redirect(reqwest::redirect::Policy::none())
            // The server is named; a proxy of the environment would only be one more thing that can be down.
            .no_proxy()
            .build()
            .map_err(|e| broken(format!("no HTTP client: {e}")))?;
        let runtime = tokio::runtime::Builder::new_current_thread()
            .enable_all()
            .build()
            .map_err(|e| broken(format!("no runtime: {e}")))?;
        let base = server.trim_end_matches('/').to_owned();
        Ok(Self { base, token: read_token(token_file), client, runtime })
    }

    /// Reads.
    pub fn get(&self, path: &str) -> Result<Value, Error> {
        self.call(Method::GET, path, None, Effect::Reads)
    }
    /// Gives a command.
    pub fn command(&self, acting: &str, action: &Action) -> Result<Value, Error> {
        let body = json!({ "as": acting, "action": action });
        self.call(Method::POST, "/api/v1/commands", Some(&body), Effect::Changes)
    }
    /// Asks what a report would do.
    pub fn dry_run(&self, acting: &str, report: &Report) -> Result<Value, Error> {
        let body = json!({ "as": acting, "report": report });
        self.call(Method::POST, "/api/v1/dry_run", Some(&body), Effect::Reads)
    }
    /// Posts something else that changes.
    pub fn post(&self, path: &str, body: &Value) -> Result<Value, Error> {
        self.call(Method::POST, path, Some(body), Effect::Changes)
    }

    fn call(&self, method: Method, path: &str, body: Option<&Value>, effect: Effect) -> Result<Value, Error> {
        let mut request = self.client.request(method, format!("{}{path}", self.base));
        if let Ok(token) = &self.token {
            request = request.header(AUTHORIZATION, format!("Bearer {token}"));
        }
        if let Some(body) = body {
            request = request.json(body);
        }
        self.runtime.block_on(async {
            let mut response = request.send().await.map_err(|e| self.lost(&e, effect))?;
            let status = response.status().as_u16();
            let mut bytes = Vec::new();
            loop {
                match response.chunk().await {
                    Ok(Some(chunk)) if bytes.len() + chunk.len() <= ANSWER_BYTES_MAX => bytes.extend_from_slice(&chunk),
                    Ok(Some(_)) => return Err(self.odd("its answer is too large", effect)),
                    Ok(None) => break,
                    Err(e) => return Err(self.lost(&e, effect)),
                }
            }
            self.judge(status, &bytes, effect)
        })
    }

    /// Success needs the status and a body that can be read.
    fn judge(&self, status: u16, body: &[u8], effect: Effect) -> Result<Value, Error> {
        let value: Option<Value> = serde_json::from_slice(body).ok();
        match (status, value) {
            (200..=299, Some(value)) => Ok(value),
            (200..=299, None) => Err(self.odd("its answer is no JSON", effect)),
            (401, value) => Err(self.not_signed_in(value.as_ref())),
            (429, Some(value)) if said(&value, "code") == Some("too-many-tries") => {
                Err(self.not_signed_in(Some(&value)))
            }
            (_, Some(value)) if said(&value, "why").is_some() => {
                let kind = if status >= 500 { Kind::Other } else { Kind::Refused };
                let text = |key| said(&value, key).unwrap_or_default();
                let error = Error::new(kind, text("why"), text("help"));
                Err(match said(&value, "code") {
                    Some(code) => error.coded(code),
                    None => error,
                })
            }
            (404 | 405, _) => Err(self.odd("it does not know this request; is it of another version?", Effect::Reads)),
            (413, _) => Err(Error::new(Kind::Refused, "the request is too large", "say it shorter").coded("too-large")),
            (status, _) => {
                // Before a rule has looked at it, nothing has changed.
                let effect = if status >= 500 { effect } else { Effect::Reads };
                Err(self.odd(&format!("it answered with HTTP status {status}"), effect))
            }
        }
    }

    fn not_signed_in(&self, body: Option<&Value>) -> Error {
        let why = match &self.token {
            Err(why) => why.clone(),
            Ok(_) => format!("the server at {} does not take this token", self.base),
        };
        let told = body.and_then(|b| said(b, "why")).map(|w| format!(" (it says: {w})")).unwrap_or_default();
        let help = "name the server's state folder with --state DIR, or its token file with --token-file; \
                    both belong to the account that runs `vardkase serve`";
        Error::new(Kind::NotSignedIn, format!("{why}{told}"), help)
    }

    /// No answer: did the request leave?
    fn lost(&self, error: &reqwest::Error, effect: Effect) -> Error {
        if error.is_connect() || effect == Effect::Reads {
            let what = if error.is_timeout() { "no answer in time".into() } else { innermost(error) };
            return Error::new(
                Kind::Unreachable,
                format!("the server at {} can't be reached: {what}", self.base),
                "is `vardkase serve` running? Name another address with --server or VARDKASE_SERVER",
            );
        }
        self.unknown("no answer came")
    }

    fn odd(&self, what: &str, effect: Effect) -> Error {
        match effect {
            Effect::Changes => self.unknown(what),
            Effect::Reads => Error::other(
                format!("the server at {} did not answer as expected: {what}", self.base),
                "look at its log; is something else listening there? Name another address with --server",
            ),
        }
    }

    fn unknown(&self, what: &str) -> Error {
        Error::new(
            Kind::Unknown,
            format!("the request left for {}, and {what}: it may have been carried out", self.base),
            "look at `vardkase status` before you repeat it",
        )
    }
}

fn said<'a>(value: &'a Value, key: &str) -> Option<&'a str> {
    value.get(key).or_else(|| value.get("error")?.get(key))?.as_str()
}

/// The innermost reason: the outer ones repeat the address.
fn innermost(error: &reqwest::Error) -> String {
    let mut reason: Option<&dyn std::error::Error> = std::error::Error::source(error);
    while let Some(next) = reason.and_then(|e| e.source()) {
        reason = Some(next);
    }
    reason.map_or_else(|| "no reason given".into(), ToString::to_string)
}

/// The token, or why there is none.
fn read_token(file: &Path) -> Result<String, String> {
    let text = std::fs::read_to_string(file).map_err(|e| format!("no token: {}: {e}", file.display()))?;
    let token = text.trim();
    if token.is_empty() || token.len() > TOKEN_BYTES_MAX || !token.bytes().all(|b| b.is_ascii_graphic()) {
        return Err(format!("{} holds no token", file.display()));
    }
    Ok(token.to_owned())
}

/// The file with the token: named, or in the state folder.
pub fn token_file(named: Option<&PathBuf>, state: &Path) -> PathBuf {
    named.cloned().unwrap_or_else(|| state.join(TOKEN_FILE))
}

/// A part of a path or of a query, so that nothing in it is taken for structure.
pub fn quoted(part: &str) -> String {
    let mut out = String::new();
    for byte in part.bytes() {
        match byte {
            b'A'..=b'Z' | b'a'..=b'z' | b'0'..=b'9' | b'-' | b'.' | b'_' | b'~' => out.push(char::from(byte)),
            _ => out.push_str(&format!("%{byte:02X}")),
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_typed_becomes_structure() {
        assert_eq!(quoted("../a?b&c=å"), "..%2Fa%3Fb%26c%3D%C3%A5");
    }
}
