//! A page as it is served: body, compressed body and headers, made once when the page changes.

use std::collections::HashMap;
use std::io::Write;
use std::sync::{Arc, PoisonError, RwLock, RwLockReadGuard};

use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;
use flate2::Compression;
use flate2::write::GzEncoder;
use hyper::HeaderMap;
use hyper::body::Bytes;
use hyper::header::{
    ACCESS_CONTROL_ALLOW_ORIGIN, CACHE_CONTROL, CONTENT_ENCODING, CONTENT_LANGUAGE, CONTENT_SECURITY_POLICY,
    CONTENT_TYPE, ETAG, EXPIRES, HeaderName, HeaderValue, REFERRER_POLICY, VARY, X_CONTENT_TYPE_OPTIONS,
};
use jiff::Timestamp;
use jiff::fmt::rfc2822::DateTimePrinter;
use sha2::{Digest, Sha256};

use crate::domain::lang::Lang;

/// Pages and feeds that are published at one time: a page by its number and a CAP file for each incident that feeds have, four for
/// each language, and room.
pub const PAGES_MAX: usize = 1_000;
/// A cache may keep a page so long; then it asks, and mostly gets 304.
pub const FRESH_S: u32 = 10;

/// One page.
#[derive(Clone, Debug)]
pub struct Published {
    pub(super) plain: Bytes,
    pub(super) gzip: Bytes,
    pub(super) plain_headers: HeaderMap,
    pub(super) gzip_headers: HeaderMap,
    pub(super) etag: HeaderValue,
    pub(super) gzip_etag: HeaderValue,
}

/// Whose pages may show it, or read it by script.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Reach {
    /// Nobody's but its own.
    Own,
    /// It may stand in anybody's frame.
    Frames,
    /// Anybody's script may read it: there is nothing in it that is not public, and no cookie goes with the request.
    Scripts,
}

impl Published {
    /// An HTML page, which says of itself that it is valid until then (RULES D9). Its `<style>` elements are allowed by their hash;
    /// script, style attributes, images and frames are not, so that nothing that slips into a text can act.
    pub fn html(body: impl Into<Bytes>, lang: Lang, valid_until: Timestamp) -> Self {
        Self::made(body.into(), "text/html; charset=utf-8", Some(lang), valid_until, Reach::Own)
    }

    /// The same, and it may stand in anybody's frame.
    pub fn framed(body: impl Into<Bytes>, lang: Lang, valid_until: Timestamp) -> Self {
        Self::made(body.into(), "text/html; charset=utf-8", Some(lang), valid_until, Reach::Frames)
    }

    /// What a program reads.
    pub fn file(body: impl Into<Bytes>, content_type: &'static str, valid_until: Timestamp) -> Self {
        Self::made(body.into(), content_type, None, valid_until, Reach::Own)
    }

    /// The same, and anybody's script may read it.
    pub fn for_everybody(body: impl Into<Bytes>, content_type: &'static str, valid_until: Timestamp) -> Self {
        Self::made(body.into(), content_type, None, valid_until, Reach::Scripts)
    }

    /// What it says.
    #[cfg(test)]
    pub fn text(&self) -> String {
        String::from_utf8_lossy(&self.plain).into_owned()
    }

    fn made(plain: Bytes, kind: &'static str, lang: Option<Lang>, valid_until: Timestamp, reach: Reach) -> Self {
        let gzip = gzip(&plain);
        let digest = hex::encode(&Sha256::digest(&plain)[..16]);
        // RFC 9110 8.8.3: a strong tag names one sequence of bytes, so the compressed form has a tag of its own.
        let etag = value(format!("\"{digest}\""));
        let gzip_etag = value(format!("\"{digest}-gz\""));
        let mut headers = HeaderMap::with_capacity(16);
        headers.insert(CONTENT_TYPE, HeaderValue::from_static(kind));
        if let Some(lang) = lang {
            headers.insert(CONTENT_LANGUAGE, value(lang.to_string()));
        }
        headers.insert(CACHE_CONTROL, value(format!("public, max-age={FRESH_S}, must-revalidate")));
        if let Ok(date) = DateTimePrinter::new().timestamp_to_rfc9110_string(&valid_until) {
            headers.insert(EXPIRES, value(date));
        }
        headers.insert(VARY, HeaderValue::from_static("Accept-Encoding"));
        let style = if lang.is_some() { style_sources(&plain) } else { "'none'".into() };
        protect(&mut headers, &style, "'none'");
        opened(&mut headers, reach);
        let mut gzip_headers = headers.clone();
        gzip_headers.insert(CONTENT_ENCODING, HeaderValue::from_static("gzip"));
        gzip_headers.insert(ETAG, gzip_etag.clone());
        headers.insert(ETAG, etag.clone());
        Self { plain, gzip, plain_headers: headers, gzip_headers, etag, gzip_etag }
    }
}

/// All pages by path, as one whole: the state changes on all of them or on none (INCIDENTS lesson 27).
pub type Pages = HashMap<Box<str>, Arc<Published>>;

/// What the public listener serves. Swapped as one; a request sees one set of pages.
#[derive(Debug, Default)]
pub struct PublicSite {
    pages: RwLock<Pages>,
}

impl PublicSite {
    /// Nothing published yet: visitors are told to come back in a second.
    pub fn new() -> Self {
        Self::default()
    }

    /// Replaces all pages. `false`: more than [`PAGES_MAX`]; nothing was changed.
    pub fn publish(&self, pages: Pages) -> bool {
        if pages.len() > PAGES_MAX {
            return false;
        }
        let before = std::mem::replace(&mut *self.pages.write().unwrap_or_else(PoisonError::into_inner), pages);
        // Nobody waits while those are taken apart.
        drop(before);
        true
    }

    /// The pages now. Whoever holds them holds up who publishes.
    pub fn pages(&self) -> RwLockReadGuard<'_, Pages> {
        self.pages.read().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Headers that every answer carries.
pub(super) fn protect(headers: &mut HeaderMap, style: &str, forms: &str) {
    let policy =
        format!("default-src 'none'; style-src {style}; form-action {forms}; base-uri 'none'; frame-ancestors 'none'");
    headers.insert(CONTENT_SECURITY_POLICY, value(policy));
    headers.insert(X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff"));
    // An answer link is a key; it must not leave in a Referer.
    headers.insert(REFERRER_POLICY, HeaderValue::from_static("no-referrer"));
    headers.insert(HeaderName::from_static("cross-origin-resource-policy"), HeaderValue::from_static("same-origin"));
}

/// Takes back of [`protect`] what a page that others show or read must not say.
fn opened(headers: &mut HeaderMap, reach: Reach) {
    if reach == Reach::Own {
        return;
    }
    let anybody = HeaderValue::from_static("cross-origin");
    headers.insert(HeaderName::from_static("cross-origin-resource-policy"), anybody);
    if reach == Reach::Scripts {
        headers.insert(ACCESS_CONTROL_ALLOW_ORIGIN, HeaderValue::from_static("*"));
        return;
    }
    let policy = headers.get(CONTENT_SECURITY_POLICY).and_then(|p| p.to_str().ok()).unwrap_or_default();
    let policy = policy.replace("frame-ancestors 'none'", "frame-ancestors *");
    headers.insert(CONTENT_SECURITY_POLICY, value(policy));
}

/// CSP sources for the `<style>` elements of a page: `'sha256-…'` each, or `'none'`.
pub(super) fn style_sources(html: &[u8]) -> String {
    let html = String::from_utf8_lossy(html);
    let mut sources = Vec::new();
    let mut rest = &*html;
    while let Some((_, after)) = rest.split_once("<style>") {
        let Some((style, next)) = after.split_once("</style>") else { break };
        sources.push(format!("'sha256-{}'", BASE64_STANDARD.encode(Sha256::digest(style.as_bytes()))));
        rest = next;
    }
    if sources.is_empty() { "'none'".into() } else { sources.join(" ") }
}

fn gzip(plain: &[u8]) -> Bytes {
    let mut encoder = GzEncoder::new(Vec::with_capacity(plain.len() / 2), Compression::best());
    // Writing into memory does not fail; if it did, the bytes would not be gzip and must not be served as such.
    match encoder.write_all(plain).and_then(|()| encoder.finish()) {
        Ok(bytes) => bytes.into(),
        Err(_) => Bytes::new(),
    }
}

/// A header's value made of ASCII that was written here.
fn value(text: String) -> HeaderValue {
    HeaderValue::try_from(text).unwrap_or_else(|_| HeaderValue::from_static(""))
}
