//! WebDAV (RFC 4918): PUT to a name beside the page, GET and compare, MOVE over the page with Overwrite, GET and compare.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD as BASE64;
use reqwest::header::{AUTHORIZATION, CONTENT_TYPE, HeaderMap, HeaderName, HeaderValue};
use reqwest::{Method, Url};

use super::http::Http;
use super::{PageName, prefixed, same};
use crate::domain::delivery::SendError;
use crate::gateways::Secret;

/// A collection.
#[derive(Clone, Debug)]
pub(super) struct WebDav {
    http: Http,
    base: Url,
    login: Option<HeaderValue>,
}

/// What became of a PUT.
enum Upload {
    Taken,
    Refused {
        why: SendError,
        /// Worth making its folders and trying once more.
        perhaps_missing: bool,
    },
}

impl WebDav {
    pub fn new(http: Http, url: &str, user: &str, password: &Secret) -> Result<Self, String> {
        // Without the slash, joining a name would replace the collection's own.
        let url = format!("{}/", url.trim_end_matches('/'));
        let base = Url::parse(&url).map_err(|e| format!("url: {e}"))?;
        if base.query().is_some() || !base.username().is_empty() || base.password().is_some() {
            return Err("url: neither a query nor a login belongs into it; give user and password".into());
        }
        let login = if user.is_empty() {
            None
        } else {
            let text = format!("Basic {}", BASE64.encode(format!("{user}:{}", password.expose())));
            let mut value = HeaderValue::try_from(text).map_err(|_| "user and password can't be sent".to_owned())?;
            value.set_sensitive(true);
            Some(value)
        };
        Ok(Self { http, base, login })
    }

    fn url(&self, name: &str) -> Result<Url, SendError> {
        self.base.join(name).map_err(|e| SendError::permanent(format!("no address: {e}")))
    }

    fn headers(&self) -> HeaderMap {
        let mut headers = HeaderMap::new();
        if let Some(login) = &self.login {
            headers.insert(AUTHORIZATION, login.clone());
        }
        headers
    }

    pub async fn put(&self, name: &PageName, body: &[u8]) -> Result<(), SendError> {
        let beside = name.beside(body);
        let placed = self.place(name, &beside, body).await;
        if placed.is_err() {
            // Best effort: the next page has another name beside.
            let _ = self.delete(beside.as_str()).await;
        }
        placed
    }

    async fn place(&self, name: &PageName, beside: &PageName, body: &[u8]) -> Result<(), SendError> {
        if let Upload::Refused { why, perhaps_missing } = self.upload(beside, body).await? {
            if !perhaps_missing {
                return Err(why);
            }
            self.make_folders(name).await?;
            if let Upload::Refused { why, .. } = self.upload(beside, body).await? {
                return Err(why);
            }
        }
        let read = self.read(beside.as_str()).await?;
        same(body, &read, "the store gives another page back than it was given")?;
        let mut headers = self.headers();
        let to = self.url(name.as_str())?;
        let destination =
            HeaderValue::try_from(to.as_str()).map_err(|_| SendError::permanent("no address for the swap"))?;
        headers.insert(HeaderName::from_static("destination"), destination);
        headers.insert(HeaderName::from_static("overwrite"), HeaderValue::from_static("T"));
        let moved = self.http.send(method("MOVE")?, self.url(beside.as_str())?, headers, None).await;
        // RFC 4918 9.9.4: 201 made, 204 replaced; 207 says that parts failed.
        moved.and_then(|a| a.expect(&[201, 204])).map_err(|e| prefixed("swapping the page in", e))?;
        let read = self.read(name.as_str()).await?;
        same(body, &read, "the store shows another page than was swapped in")
    }

    async fn upload(&self, name: &PageName, body: &[u8]) -> Result<Upload, SendError> {
        let mut headers = self.headers();
        headers.insert(CONTENT_TYPE, HeaderValue::from_static(name.media_type()));
        let answer = self
            .http
            .send(Method::PUT, self.url(name.as_str())?, headers, Some(body.to_vec()))
            .await
            .map_err(|e| prefixed("putting the page beside", e))?;
        match answer.status {
            200 | 201 | 204 => Ok(Upload::Taken),
            status => Ok(Upload::Refused {
                why: prefixed("putting the page beside", answer.refused()),
                // RFC 4918 9.7.1: 409 when the collection that it would lie in is missing. nginx says 500.
                perhaps_missing: matches!(status, 404 | 409 | 500),
            }),
        }
    }

    async fn make_folders(&self, name: &PageName) -> Result<(), SendError> {
        for folder in name.folders() {
            let url = self.url(&format!("{folder}/"))?;
            let answer = self.http.send(method("MKCOL")?, url, self.headers(), None).await?;
            // RFC 4918 9.3.1: 405 when it is there.
            answer.expect(&[200, 201, 204, 405]).map_err(|e| prefixed("making the page's folder", e))?;
        }
        Ok(())
    }

    async fn read(&self, name: &str) -> Result<Vec<u8>, SendError> {
        let answer = self.http.send(Method::GET, self.url(name)?, self.headers(), None).await;
        answer.and_then(|a| a.expect(&[200])).map(|a| a.body).map_err(|e| prefixed("reading back", e))
    }

    async fn delete(&self, name: &str) -> Result<(), SendError> {
        let answer = self.http.send(Method::DELETE, self.url(name)?, self.headers(), None).await?;
        answer.expect(&[200, 204, 404]).map(|_| ())
    }

    pub async fn remove(&self, name: &PageName) -> Result<(), SendError> {
        self.delete(name.as_str()).await.map_err(|e| prefixed("removing the page", e))
    }

    /// What the server says it can do (RFC 4918 10.1).
    pub async fn options(&self) -> Result<Vec<(String, String)>, SendError> {
        let answer = self.http.send(Method::OPTIONS, self.base.clone(), self.headers(), None).await?;
        let header = |name: &str| {
            let value = answer.headers.get(name).and_then(|v| v.to_str().ok()).unwrap_or("");
            (!value.is_empty()).then(|| (name.to_owned(), value.chars().take(120).collect()))
        };
        Ok(["server", "dav", "allow"].into_iter().filter_map(header).collect())
    }
}

fn method(name: &str) -> Result<Method, SendError> {
    Method::from_bytes(name.as_bytes()).map_err(|_| SendError::permanent("no such method"))
}
