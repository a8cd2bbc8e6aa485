//! How a listener is entered: over TLS or not, and who is believed to speak for others. The same for both listeners.

use std::net::IpAddr;
use std::sync::Arc;

use hyper::HeaderMap;
use hyper::header::{HeaderName, HeaderValue, STRICT_TRANSPORT_SECURITY};

use super::proxies::Trusted;
use super::tls::Certificates;

/// What answers over TLS carry (RFC 6797): a browser that was here once comes by TLS for a year.
pub const HSTS: (HeaderName, HeaderValue) = (STRICT_TRANSPORT_SECURITY, HeaderValue::from_static("max-age=31536000"));

/// How a listener is entered. By default plainly, and nobody speaks for others.
#[derive(Clone, Default, Debug)]
pub struct Door {
    /// The certificate; none: it speaks plain HTTP.
    pub tls: Option<Arc<Certificates>>,
    /// Proxies that are believed.
    pub trusted: Arc<Trusted>,
    /// Whether browsers are told to come by TLS only: not where another port of the same name is plain on purpose, which they
    /// would then never find.
    pub hsts: bool,
}

/// The far end of one connection.
#[derive(Clone, Debug)]
pub struct Visitor {
    address: IpAddr,
    tls: bool,
    hsts: bool,
    /// It is a proxy that is believed.
    proxy: Option<Arc<Trusted>>,
}

impl Door {
    /// Who is at that address.
    pub fn visitor(&self, address: IpAddr) -> Visitor {
        let proxy = self.trusted.has(address).then(|| self.trusted.clone());
        Visitor { address, tls: self.tls.is_some(), hsts: self.hsts, proxy }
    }
}

impl Visitor {
    /// Speaks for many.
    pub fn is_proxy(&self) -> bool {
        self.proxy.is_some()
    }
    /// Where a request began.
    pub fn address(&self, headers: &HeaderMap) -> IpAddr {
        self.proxy.as_ref().map_or(self.address, |trusted| trusted.client(self.address, headers))
    }
    /// Whether it came by TLS all the way: a proxy's word is about the part before it.
    pub fn secured(&self, headers: &HeaderMap) -> bool {
        self.proxy.as_ref().and_then(|trusted| trusted.says_https(headers)).unwrap_or(self.tls)
    }
    /// Whether answers to a request carry [`HSTS`].
    pub fn hsts(&self, secured: bool) -> bool {
        self.hsts && secured
    }
}
