//! An S3-compatible store: the page is put under a key of its own version, read back, then put under its key. A PUT swaps
//! an object as a whole.

use jiff::Timestamp;
use reqwest::header::{HeaderMap, HeaderName, HeaderValue};
use reqwest::{Method, Url};

use super::http::{Answer, Http};
use super::sigv4::{Account, Request, encoded, sign};
use super::{PageName, prefixed, same, short_hash};
use crate::domain::delivery::SendError;

/// Where versions lie until they are swapped in.
const VERSIONS: &str = "vardkase-new";

/// A bucket.
#[derive(Clone, Debug)]
pub(super) struct S3 {
    http: Http,
    endpoint: Url,
    /// Before the key in the path: `/bucket/prefix`, or `/prefix`.
    path: String,
    host: String,
    account: Account,
}

impl S3 {
    pub fn new(
        http: Http,
        endpoint: &str,
        bucket: &str,
        prefix: &str,
        virtual_host: bool,
        account: Account,
    ) -> Result<Self, String> {
        let mut endpoint = Url::parse(endpoint.trim_end_matches('/')).map_err(|e| format!("endpoint: {e}"))?;
        if endpoint.path() != "/" || endpoint.query().is_some() {
            return Err("endpoint: only scheme, host and port; bucket and prefix stand beside it".into());
        }
        let prefix = prefix.trim_matches('/');
        let prefix = if prefix.is_empty() { String::new() } else { format!("{prefix}/") };
        let path = if virtual_host {
            let host = endpoint.host_str().ok_or("endpoint: it names no host")?;
            let host = format!("{bucket}.{host}");
            endpoint.set_host(Some(&host)).map_err(|e| format!("endpoint: {e}"))?;
            format!("/{prefix}")
        } else {
            format!("/{bucket}/{prefix}")
        };
        let host = endpoint.host_str().ok_or("endpoint: it names no host")?;
        let host = endpoint.port().map_or_else(|| host.to_owned(), |port| format!("{host}:{port}"));
        Ok(Self { http, endpoint, path, host, account })
    }

    pub fn far_end(&self) -> Vec<(String, String)> {
        vec![("store".into(), self.host.clone()), ("region".into(), self.account.region.clone())]
    }

    /// `body`: with what it is served as.
    async fn send(
        &self,
        method: Method,
        key: &str,
        body: Option<(&[u8], &'static str)>,
        now: Timestamp,
    ) -> Result<Answer, SendError> {
        let path = encoded(&format!("{}{key}", self.path));
        let mut headers = vec![("host".to_owned(), self.host.clone())];
        if let Some((_, media_type)) = body {
            headers.push(("cache-control".into(), "public, max-age=10, must-revalidate".into()));
            headers.push(("content-type".into(), media_type.into()));
        }
        let body = body.map(|(body, _)| body);
        let request =
            Request { method: method.as_str(), path: &path, query: "", headers, body: body.unwrap_or_default() };
        let mut all = sign(&self.account, &request, now);
        all.extend(request.headers);
        let mut headers = HeaderMap::new();
        for (name, value) in all {
            let name = HeaderName::try_from(name).map_err(|_| SendError::permanent("a header can't be sent"))?;
            let value = HeaderValue::try_from(value).map_err(|_| SendError::permanent("a header can't be sent"))?;
            headers.insert(name, value);
        }
        let mut url = self.endpoint.clone();
        url.set_path(&path);
        self.http.send(method, url, headers, body.map(<[u8]>::to_vec)).await
    }

    async fn upload(&self, key: &str, body: (&[u8], &'static str), now: Timestamp) -> Result<(), SendError> {
        self.send(Method::PUT, key, Some(body), now).await?.expect(&[200]).map(|_| ())
    }

    async fn read(&self, key: &str, now: Timestamp) -> Result<Vec<u8>, SendError> {
        let answer = self.send(Method::GET, key, None, now).await;
        answer.and_then(|a| a.expect(&[200])).map(|a| a.body).map_err(|e| prefixed("reading back", e))
    }

    pub async fn put(&self, name: &PageName, body: &[u8], now: Timestamp) -> Result<(), SendError> {
        let version = format!("{VERSIONS}/{}/{}", short_hash(body), name.as_str());
        let placed = self.place(name, &version, body, now).await;
        // Best effort: a version that stays behind is found by nobody and changes nothing.
        let _ = self.send(Method::DELETE, &version, None, now).await;
        placed
    }

    async fn place(&self, name: &PageName, version: &str, body: &[u8], now: Timestamp) -> Result<(), SendError> {
        self.upload(version, (body, name.media_type()), now)
            .await
            .map_err(|e| prefixed("putting the page beside", e))?;
        let read = self.read(version, now).await?;
        same(body, &read, "the store gives another page back than it was given")?;
        self.upload(name.as_str(), (body, name.media_type()), now)
            .await
            .map_err(|e| prefixed("swapping the page in", e))?;
        let read = self.read(name.as_str(), now).await?;
        same(body, &read, "the store shows another page than was swapped in")
    }

    pub async fn remove(&self, name: &PageName, now: Timestamp) -> Result<(), SendError> {
        let answer = self.send(Method::DELETE, name.as_str(), None, now).await?;
        answer.expect(&[200, 204, 404]).map(|_| ()).map_err(|e| prefixed("removing the page", e))
    }
}
