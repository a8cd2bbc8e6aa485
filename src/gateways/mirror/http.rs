//! Requests to a store: each with a timeout, each answer judged by its status and read up to a limit.

use std::path::Path;
use std::time::Duration;

use reqwest::header::{HeaderMap, RETRY_AFTER};
use reqwest::redirect::Policy;
use reqwest::{Client, Method, Url};

use super::MIRROR_PAGE_BYTES_MAX;
use crate::bounded::{BodyError, read_body, read_ca_file};
use crate::domain::delivery::SendError;
use crate::gateways::unanswered::not_answered;

/// So much of an error's body is shown.
const SAID_CHARS_MAX: usize = 160;

/// A client. Cheap to clone.
#[derive(Clone, Debug)]
pub(super) struct Http {
    client: Client,
}

/// An answer, read.
pub(super) struct Answer {
    pub status: u16,
    pub headers: HeaderMap,
    pub body: Vec<u8>,
}

impl Http {
    pub fn new(ca_file: Option<&Path>, connect_timeout: Duration, timeout: Duration) -> Result<Self, String> {
        let mut builder = Client::builder()
            .connect_timeout(connect_timeout)
            .timeout(timeout)
            .tcp_nodelay(true)
            // A login or an error page that somebody leads to is not a page of ours.
            .redirect(Policy::none())
            .no_proxy();
        if let Some(file) = ca_file {
            let all = read_ca_file(file).map_err(|e| format!("ca_file: {e}"))?;
            builder = builder.tls_certs_only(all);
        }
        Ok(Self { client: builder.build().map_err(|e| format!("HTTP client: {e}"))? })
    }

    /// One request. No status is an error here.
    pub async fn send(
        &self,
        method: Method,
        url: Url,
        headers: HeaderMap,
        body: Option<Vec<u8>>,
    ) -> Result<Answer, SendError> {
        let mut request = self.client.request(method, url).headers(headers);
        if let Some(body) = body {
            request = request.body(body);
        }
        let response = request.send().await.map_err(|e| not_answered(&e))?;
        let (status, headers) = (response.status().as_u16(), response.headers().clone());
        match read_body(response, MIRROR_PAGE_BYTES_MAX).await {
            Ok(body) => Ok(Answer { status, headers, body }),
            Err(e @ BodyError::TooLong(_)) => Err(SendError::permanent(e.to_string())),
            Err(e @ BodyError::BrokeOff(_)) => Err(SendError::unknown(e.to_string())),
        }
    }

    /// A page as readers get it: whole, uncompressed, not from a cache on the way where that can be asked.
    pub async fn get(&self, url: &str) -> Result<Vec<u8>, SendError> {
        let url = Url::parse(url).map_err(|e| SendError::permanent(format!("no address: {e}")))?;
        let mut headers = HeaderMap::new();
        headers.insert("cache-control", reqwest::header::HeaderValue::from_static("no-cache"));
        let answer = self.send(Method::GET, url, headers, None).await?;
        answer.expect(&[200]).map(|a| a.body)
    }
}

impl Answer {
    /// One of these, or what else.
    pub fn expect(self, good: &[u16]) -> Result<Self, SendError> {
        if good.contains(&self.status) {
            return Ok(self);
        }
        Err(self.refused())
    }

    /// What a status that was not wanted means.
    pub fn refused(&self) -> SendError {
        let said: String = said(&self.body);
        let cause = match self.status {
            401 => "HTTP 401: user and password are not taken".to_owned(),
            403 => format!("HTTP 403: not allowed{said}"),
            status => format!("HTTP {status}{said}"),
        };
        match self.status {
            408 | 423 | 425 | 429 | 500..=599 => {
                let after = self.headers.get(RETRY_AFTER).and_then(|v| v.to_str().ok()?.trim().parse().ok());
                SendError::Temporary { cause, retry_after_s: after }
            }
            _ => SendError::permanent(cause),
        }
    }
}

/// The beginning of what an error's body says, without markup: an S3 error's code, a server's sentence.
fn said(body: &[u8]) -> String {
    let text = String::from_utf8_lossy(&body[..body.len().min(4 * SAID_CHARS_MAX)]).into_owned();
    let mut plain = String::new();
    let mut inside = false;
    for c in text.chars() {
        match c {
            '<' => inside = true,
            '>' => {
                inside = false;
                plain.push(' ');
            }
            _ if inside || c.is_control() => {}
            c => plain.push(c),
        }
    }
    let plain: Vec<&str> = plain.split_whitespace().collect();
    let plain: String = plain.join(" ").chars().take(SAID_CHARS_MAX).collect();
    if plain.is_empty() { plain } else { format!(": {plain}") }
}
