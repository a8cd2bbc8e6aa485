//! Where etcd is, and with which certificates: checked before anything is connected.

use std::fmt;
use std::path::PathBuf;

use axum::http::Uri;

/// Most members that are named.
pub const ENDPOINTS_MAX: usize = 9;

/// How etcd is reached.
#[derive(Clone, PartialEq, Eq, Default, Debug)]
pub struct Settings {
    /// Its members, as `https://etcd-1.example:2379`; the one of this site first.
    pub endpoints: Vec<String>,
    /// The authority that signed the members' certificates (PEM).
    pub ca: Option<PathBuf>,
    /// Our certificate and its key (PEM): who we are to etcd.
    pub cert: Option<PathBuf>,
    pub key: Option<PathBuf>,
    /// What all keys begin with, as `/vardkase/`.
    pub prefix: String,
    /// Takes `http://` to other machines too: whoever is on that network reads and writes the journal's tail.
    pub insecure: bool,
}

/// What is wrong with [`Settings`].
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum BadSettings {
    /// No member is named, or more than [`ENDPOINTS_MAX`].
    Count(usize),
    /// That is not `http://HOST:PORT` or `https://HOST:PORT`.
    Endpoint { endpoint: String, what: &'static str },
    /// `http://` to another machine.
    Plain { endpoint: String },
    /// Certificate without key, or key without certificate.
    Half,
    /// `https://`, and no authority that its certificate could be signed by.
    NoCa,
    /// A file that can't be read, or holds something else.
    File { file: PathBuf, what: String },
    /// The prefix is empty.
    Prefix,
}

impl fmt::Display for BadSettings {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Count(0) => f.write_str("no member of etcd is named"),
            Self::Count(n) => write!(f, "{n} members of etcd are named; at most {ENDPOINTS_MAX} are of use"),
            Self::Endpoint { endpoint, what } => write!(f, "{endpoint} is no address of an etcd: {what}"),
            Self::Plain { endpoint } => {
                write!(f, "{endpoint} is another machine, and http:// hides nothing and proves nobody: use https://")
            }
            Self::Half => f.write_str("a client certificate and its key belong together; one of both is named"),
            Self::NoCa => f.write_str("https:// needs the certificate of the authority that signed those of etcd"),
            Self::File { file, what } => write!(f, "{}: {what}", file.display()),
            Self::Prefix => f.write_str("the prefix of the keys is empty; etcd may hold other things too"),
        }
    }
}
impl std::error::Error for BadSettings {}

/// The files of [`Settings`], read.
#[derive(Default)]
pub(super) struct Pems {
    pub ca: Option<Vec<u8>>,
    pub identity: Option<(Vec<u8>, Vec<u8>)>,
}

impl Settings {
    /// Checks what can be checked without a network: every mistake.
    pub fn check(&self) -> Vec<BadSettings> {
        let mut bad = Vec::new();
        if self.endpoints.is_empty() || self.endpoints.len() > ENDPOINTS_MAX {
            bad.push(BadSettings::Count(self.endpoints.len()));
        }
        bad.extend(self.endpoints.iter().filter_map(|endpoint| self.check_endpoint(endpoint).err()));
        if self.cert.is_some() != self.key.is_some() {
            bad.push(BadSettings::Half);
        }
        if self.ca.is_none() && self.endpoints.iter().any(|e| e.starts_with("https:")) {
            bad.push(BadSettings::NoCa);
        }
        if self.prefix.is_empty() {
            bad.push(BadSettings::Prefix);
        }
        bad
    }

    fn check_endpoint(&self, endpoint: &str) -> Result<(), BadSettings> {
        let wrong = |what| BadSettings::Endpoint { endpoint: endpoint.into(), what };
        let uri: Uri = endpoint.parse().map_err(|_| wrong("write it as https://HOST:PORT"))?;
        let host = uri.host().ok_or_else(|| wrong("it names no host"))?;
        if uri.authority().is_some_and(|a| a.as_str().contains('@')) {
            return Err(wrong("names and passwords are not taken; use a client certificate"));
        }
        if !matches!(uri.path(), "" | "/") || uri.query().is_some() {
            return Err(wrong("nothing stands behind the port"));
        }
        match uri.scheme_str() {
            Some("https") => Ok(()),
            Some("http") if self.insecure || is_loopback(host) => Ok(()),
            Some("http") => Err(BadSettings::Plain { endpoint: endpoint.into() }),
            _ => Err(wrong("it begins with https:// (or http:// on this machine)")),
        }
    }

    /// Reads the files. Blocks on the disk.
    pub(super) fn read(&self) -> Result<Pems, BadSettings> {
        if let Some(bad) = self.check().into_iter().next() {
            return Err(bad);
        }
        let read = |file: &PathBuf| {
            let failed = |what: String| BadSettings::File { file: file.clone(), what };
            let pem = std::fs::read(file).map_err(|e| failed(e.to_string()))?;
            if pem.windows(11).any(|w| w == b"-----BEGIN ") { Ok(pem) } else { Err(failed("it holds no PEM".into())) }
        };
        let ca = self.ca.as_ref().map(read).transpose()?;
        let identity = match (&self.cert, &self.key) {
            (Some(cert), Some(key)) => Some((read(cert)?, read(key)?)),
            _ => None,
        };
        Ok(Pems { ca, identity })
    }
}

/// Whether it is this machine.
fn is_loopback(host: &str) -> bool {
    let bare = host.trim_start_matches('[').trim_end_matches(']');
    host == "localhost" || bare.parse::<std::net::IpAddr>().is_ok_and(|ip| ip.is_loopback())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(endpoints: &[&str]) -> Settings {
        let endpoints = endpoints.iter().map(|e| (*e).to_owned()).collect();
        Settings { endpoints, ca: Some("ca.pem".into()), prefix: "/v/".into(), ..Settings::default() }
    }

    #[test]
    fn plain_http_stays_on_this_machine() {
        let well =
            ["https://etcd-1.example:2379", "http://127.0.0.1:2379", "http://[::1]:2379", "http://localhost:2379"];
        assert_eq!(of(&well).check(), []);
        let far = of(&["http://10.0.0.7:2379"]);
        assert_eq!(far.check(), [BadSettings::Plain { endpoint: "http://10.0.0.7:2379".into() }]);
        assert_eq!(Settings { insecure: true, ..far }.check(), []);
    }

    #[test]
    fn every_mistake_is_named() {
        for bad in ["etcd-1:2379", "ftp://a:1", "https://a:1/v3", "https://a:1/?x", "https://u:p@a:1", "", "https://"] {
            let found = of(&[bad]).check();
            assert!(matches!(&found[..], [BadSettings::Endpoint { .. }]), "{bad}: {found:?}");
        }
        let none = Settings { cert: Some("c".into()), ..Settings::default() };
        assert_eq!(none.check(), [BadSettings::Count(0), BadSettings::Half, BadSettings::Prefix]);
        assert_eq!(of(&["https://a:1"; 10]).check(), [BadSettings::Count(10)]);
        assert_eq!(Settings { ca: None, ..of(&["https://a:1"]) }.check(), [BadSettings::NoCa]);
    }

    #[test]
    fn a_file_that_is_not_there_is_named() {
        let settings = Settings { ca: Some("no/such/ca.pem".into()), ..of(&["https://a:1"]) };
        let error = settings.read().err().map(|e| e.to_string()).unwrap_or_default();
        assert!(error.starts_with("no/such/ca.pem: "), "{error}");
    }
}
