//! Mirrors of the public page: a folder, WebDAV (RFC 4918), or an S3-compatible store. A page is first put beside its
//! place, read back there, and only then swapped in, so that a reader meets the old page or the new one and never half of
//! one (INCIDENTS lesson 27); what can't be read back as it was given never takes the place of what can.
//!
//! Must not: know what a page says, decide when it is published, or who is told that it is not there, or leave anything
//! but the page at its place. Names are made of the letters of [`PageName`] only: no path leads out of the mirror.

mod config;
mod folder;
mod http;
mod s3;
mod sigv4;
#[cfg(test)]
mod tests;
mod webdav;

use std::sync::{Mutex, PoisonError};

use jiff::Timestamp;
use sha2::{Digest, Sha256};

pub use config::{MirrorConfig, S3Config, WebDavConfig};

use super::Health;
use crate::domain::delivery::SendError;
use crate::domain::ids::GatewayId;

/// The largest page that a mirror takes, and reads back.
pub const MIRROR_PAGE_BYTES_MAX: usize = 1 << 20;
/// The longest name of a page.
pub const PAGE_NAME_LEN_MAX: usize = 200;
/// What the probe puts there and takes away again.
const PROBE_NAME: &str = "vardkase-probe.html";

/// Where a page lies in its mirror: `sv/index.html`.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub struct PageName(String);

impl PageName {
    /// Parts of small letters, digits, `-` and `.`, none of them hidden, joined by slashes.
    pub fn new(name: impl Into<String>) -> Option<Self> {
        let name = name.into();
        let part = |p: &str| {
            !p.is_empty()
                && !p.starts_with('.')
                && p.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b"-.".contains(&b))
        };
        (name.len() <= PAGE_NAME_LEN_MAX && name.split('/').all(part)).then_some(Self(name))
    }
    /// The name as text.
    pub fn as_str(&self) -> &str {
        &self.0
    }
    /// What a store that is told serves it as. A server of files goes by the name's end itself; one that does not know `.atom` says so of
    /// an unknown file, and readers of feeds look into it.
    fn media_type(&self) -> &'static str {
        let name = self.0.strip_suffix(".new").map_or(&*self.0, |n| n.rsplit_once('.').map_or(n, |(of, _)| of));
        match name.rsplit('.').next() {
            // The only XML that there is.
            Some("xml") => "application/cap+xml; charset=utf-8",
            Some("atom") => "application/atom+xml; charset=utf-8",
            Some("json") => "application/json",
            _ => "text/html; charset=utf-8",
        }
    }
    /// The folders that it lies in, the outermost first: `i/14` gives `i`, `i/14`.
    fn folders(&self) -> impl Iterator<Item = &str> {
        self.0.match_indices('/').map(|(at, _)| &self.0[..at])
    }
    /// The name that it has until it is swapped in, in the same folder, different for each content.
    fn beside(&self, body: &[u8]) -> Self {
        Self(format!("{}.{}.new", self.0, short_hash(body)))
    }
}

/// Eight letters that differ where contents do.
fn short_hash(body: &[u8]) -> String {
    hex::encode(&Sha256::digest(body)[..4])
}

enum Store {
    Folder(folder::Folder),
    WebDav(webdav::WebDav),
    S3(s3::S3),
}

/// One mirror.
pub struct Mirror {
    gateway: GatewayId,
    store: Store,
    http: http::Http,
    readback_url: String,
    far_end: Mutex<Vec<(String, String)>>,
}

impl std::fmt::Debug for Mirror {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Mirror({})", self.gateway)
    }
}

impl Mirror {
    /// From its settings. Nothing is opened yet.
    ///
    /// # Errors
    /// A CA file that can't be read, or what is not an address: what to mend.
    pub fn new(gateway: GatewayId, config: MirrorConfig) -> Result<Self, String> {
        let http = http::Http::new(
            config.ca_file.as_deref(),
            config.connect_timeout.at_least_a_second(),
            config.request_timeout.at_least_a_second(),
        )?;
        let store = match (config.folder, config.webdav, config.s3) {
            (Some(path), None, None) => Store::Folder(folder::Folder::new(path)),
            (None, Some(dav), None) => {
                let (user, password) = (dav.user.unwrap_or_default(), dav.password.unwrap_or_default());
                Store::WebDav(webdav::WebDav::new(http.clone(), &dav.url, &user, &password)?)
            }
            (None, None, Some(s3)) => {
                let account = sigv4::Account { region: s3.region, key_id: s3.key_id, secret: s3.secret };
                let (endpoint, bucket) = (&s3.endpoint, &s3.bucket);
                Store::S3(s3::S3::new(http.clone(), endpoint, bucket, &s3.prefix, s3.virtual_host, account)?)
            }
            _ => return Err("a mirror is one place: write one of folder, webdav and s3".into()),
        };
        let readback_url = config.readback_url.trim_end_matches('/').to_owned();
        Ok(Self { gateway, store, http, readback_url, far_end: Mutex::default() })
    }

    /// The gateway that it is.
    pub fn gateway(&self) -> &GatewayId {
        &self.gateway
    }

    /// Puts a page in its place: beside it, read back, swapped in, read back again from the store.
    ///
    /// # Errors
    /// The page before stands still, unless the last comparison failed: then nobody knows what stands there.
    pub async fn put(&self, name: &PageName, body: &[u8], now: Timestamp) -> Result<(), SendError> {
        if body.len() > MIRROR_PAGE_BYTES_MAX {
            return Err(SendError::permanent(format!("the page has more than {MIRROR_PAGE_BYTES_MAX} bytes")));
        }
        match &self.store {
            Store::Folder(folder) => folder.put(name, body).await,
            Store::WebDav(dav) => dav.put(name, body).await,
            Store::S3(s3) => s3.put(name, body, now).await,
        }
    }

    /// Reads a page where readers do, and compares it byte for byte.
    ///
    /// # Errors
    /// It can't be read there, or is another one.
    pub async fn prove(&self, name: &PageName, body: &[u8]) -> Result<(), SendError> {
        let url = format!("{}/{}", self.readback_url, name.as_str());
        let read = self.http.get(&url).await.map_err(|e| prefixed("reading it back", e))?;
        same(body, &read, "what readers are shown is not what was published")
    }

    /// Takes a page away. One that is not there is no failure.
    ///
    /// # Errors
    /// What the store said.
    pub async fn remove(&self, name: &PageName, now: Timestamp) -> Result<(), SendError> {
        match &self.store {
            Store::Folder(folder) => folder.remove(name).await,
            Store::WebDav(dav) => dav.remove(name).await,
            Store::S3(s3) => s3.remove(name, now).await,
        }
    }

    /// Does with a page that nobody is led to all that publishing does, and takes it away again.
    pub async fn probe(&self, now: Timestamp) -> Health {
        let far_end = match &self.store {
            Store::WebDav(dav) => dav.options().await.unwrap_or_default(),
            Store::S3(s3) => s3.far_end(),
            Store::Folder(folder) => folder.far_end(),
        };
        *self.far_end.lock().unwrap_or_else(PoisonError::into_inner) = far_end;
        let Some(name) = PageName::new(PROBE_NAME) else {
            return Health { ok: false, detail: "the probe has no name".into() };
        };
        let body = format!("<!doctype html><title>probe</title><p>{now}");
        let tried = match self.put(&name, body.as_bytes(), now).await {
            Ok(()) => self.prove(&name, body.as_bytes()).await,
            Err(e) => Err(e),
        };
        let removed = self.remove(&name, now).await;
        match (tried, removed) {
            (Ok(()), Ok(())) => {
                Health { ok: true, detail: "takes pages, swaps them, and shows them to readers".into() }
            }
            (Err(e), _) => Health { ok: false, detail: e.to_string() },
            (Ok(()), Err(e)) => Health { ok: false, detail: format!("a page can't be taken away: {e}") },
        }
    }

    /// What the far end said it can do, at the last probe.
    pub fn far_end(&self) -> Vec<(String, String)> {
        self.far_end.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }
}

/// Equal, or why not.
fn same(expected: &[u8], read: &[u8], what: &str) -> Result<(), SendError> {
    if expected == read {
        return Ok(());
    }
    let at = expected.iter().zip(read).position(|(a, b)| a != b).unwrap_or(expected.len().min(read.len()));
    let (is, should) = (read.len(), expected.len());
    Err(SendError::temporary(format!("{what}: {is} bytes instead of {should}, another from byte {at} on")))
}

fn prefixed(what: &str, error: SendError) -> SendError {
    match error {
        SendError::Temporary { cause, retry_after_s } => {
            SendError::Temporary { cause: format!("{what}: {cause}"), retry_after_s }
        }
        SendError::Permanent { cause } => SendError::Permanent { cause: format!("{what}: {cause}") },
        SendError::Unknown { cause } => SendError::Unknown { cause: format!("{what}: {cause}") },
    }
}
