//! TLS of our own listeners: which certificate is shown, how it is renewed without a connection being lost, and how our own programs
//! know it again.
//!
//! Must not: decide when files are looked at, or tell anybody; `app/doors.rs` does.

mod handshake;
mod pair;
mod pinned;
mod stand_in;
mod validity;

use std::io;
use std::path::Path;
use std::sync::{Arc, PoisonError, RwLock};

use jiff::Timestamp;
use rustls::server::{ClientHello, NoServerSessionStorage, ResolvesServerCert};
use rustls::sign::CertifiedKey;
use rustls::{ClientConfig, ServerConfig};
use rustls_pki_types::CertificateDer;
use rustls_pki_types::pem::PemObject;

pub use handshake::{HANDSHAKE_TIMEOUT, HURRIED_TIMEOUT, Handshakes, PLAIN_REFUSED, Turn};
use pair::Pair;
pub use pair::{Bad, Files, What, day};

use crate::bounded::read_file;
use crate::private_files;

/// The file in the state folder by which the command line on this machine knows the console's certificate.
pub const CERTIFICATE_FILE: &str = "console-certificate";
/// Bytes of that file.
const NOTED_BYTES_MAX: u64 = 64 * 1024;

/// The certificate of one listener.
#[derive(Debug)]
pub struct Certificates {
    files: Files,
    shown: Arc<Shown>,
    config: Arc<ServerConfig>,
}

/// What is shown now.
#[derive(Debug)]
struct Shown(RwLock<Now>);

#[derive(Clone, Debug)]
struct Now {
    key: Arc<CertifiedKey>,
    begins: Timestamp,
    ends: Timestamp,
    /// Of the files that it came from; `None`: it was made for this run.
    digest: Option<[u8; 32]>,
}

impl Now {
    fn of(pair: Pair, digest: Option<[u8; 32]>) -> Self {
        Self { key: pair.key, begins: pair.begins, ends: pair.ends, digest }
    }
}

impl Shown {
    fn now(&self) -> Now {
        self.0.read().unwrap_or_else(PoisonError::into_inner).clone()
    }
    fn is(&self, certificate: &CertificateDer<'_>) -> bool {
        self.now().key.end_entity_cert().is_ok_and(|ours| ours == certificate)
    }
}

impl ResolvesServerCert for Shown {
    fn resolve(&self, _: ClientHello<'_>) -> Option<Arc<CertifiedKey>> {
        Some(self.now().key)
    }
}

impl Certificates {
    /// Reads and judges a pair. One that does not hold yet, or no more, is taken: whoever is at the end of it is warned by the
    /// browser, and without it nobody would be alarmed at all by a program that is started when a certificate has run out or a clock
    /// is wrong.
    ///
    /// # Errors
    /// What is wrong with which file.
    pub fn read(files: Files) -> Result<Self, Bad> {
        let read = files.read()?;
        let digest = read.digest;
        let pair = read.judge(&files)?;
        Self::showing(files, Now::of(pair, Some(digest)))
    }

    /// One that is made for this run, as long as that pair can't be used: [`Certificates::look`] puts the pair in its place.
    ///
    /// # Errors
    /// There is no randomness.
    pub fn stand_in(files: Files) -> Result<Self, Bad> {
        let none = || Bad { file: files.key.clone(), what: What::Unusable };
        let pair = stand_in::stand_in().ok_or_else(none)?;
        Self::showing(files, Now::of(pair, None))
    }

    fn showing(files: Files, now: Now) -> Result<Self, Bad> {
        let shown = Arc::new(Shown(RwLock::new(now)));
        let config = config(shown.clone());
        // Neither happens with a provider that has both versions, and an operating system that gives randomness.
        let config = config.map_err(|e| Bad { file: files.key.clone(), what: What::Unread(e.to_string()) })?;
        Ok(Self { files, shown, config: Arc::new(config) })
    }

    /// Looks at the files, and shows what is new in them from the next handshake on; `true`: something was. What can't be used, or
    /// does not hold now, changes nothing.
    ///
    /// # Errors
    /// What is wrong with which file; what was shown before still is.
    pub fn look(&self, now: Timestamp) -> Result<bool, Bad> {
        let read = self.files.read()?;
        let digest = Some(read.digest);
        let before = self.shown.now().digest;
        if digest == before {
            return Ok(false);
        }
        let pair = read.judge(&self.files)?;
        // Whatever its days say, it is better than one that nobody knows.
        let pair = if before.is_none() { pair } else { pair.holds(&self.files, now)? };
        let new = Now::of(pair, digest);
        *self.shown.0.write().unwrap_or_else(PoisonError::into_inner) = new;
        Ok(true)
    }

    /// What is shown was made for this run: its files can't be used.
    pub fn stands_in(&self) -> bool {
        self.shown.now().digest.is_none()
    }

    /// From when it holds.
    pub fn begins(&self) -> Timestamp {
        self.shown.now().begins
    }

    /// When it runs out.
    pub fn ends(&self) -> Timestamp {
        self.shown.now().ends
    }

    fn config(&self) -> Arc<ServerConfig> {
        self.config.clone()
    }

    /// A client for reading our own listener back; others are believed as the machine believes them.
    ///
    /// # Errors
    /// In words.
    pub fn reader(&self) -> Result<ClientConfig, String> {
        pinned::client(pinned::Ours::Now(self.shown.clone()), true)
    }

    /// Notes the certificate in the state folder, for [`noted`].
    ///
    /// # Errors
    /// The disk does not take it.
    pub fn note(&self, folder: &Path) -> io::Result<()> {
        let now = self.shown.now();
        let certificate = now.key.end_entity_cert().map_err(io::Error::other)?;
        private_files::replace(folder, CERTIFICATE_FILE, pem("CERTIFICATE", certificate).as_bytes())
    }
}

fn config(shown: Arc<Shown>) -> Result<ServerConfig, rustls::Error> {
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let config = ServerConfig::builder_with_provider(provider).with_safe_default_protocol_versions()?;
    let mut config = config.with_no_client_auth().with_cert_resolver(shown);
    config.alpn_protocols = vec![b"http/1.1".to_vec()];
    // Whoever comes again shows a ticket: nothing is kept for them here. They outlive a new certificate, and no restart.
    config.ticketer = rustls::crypto::ring::Ticketer::new()?;
    config.session_storage = Arc::new(NoServerSessionStorage {});
    Ok(config)
}

/// The console speaks no TLS: nobody shall look for its certificate.
pub fn forget_noted(folder: &Path) {
    match std::fs::remove_file(folder.join(CERTIFICATE_FILE)) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => {
            tracing::warn!(%error, file = CERTIFICATE_FILE, "the console's old certificate stays noted");
        }
        _ => {}
    }
}

/// A client that believes the certificate noted in that folder, and with `others` those whom the machine's authorities vouch for;
/// `None`: the console speaks no TLS there.
///
/// # Errors
/// The file can't be used; in words.
pub fn noted(folder: &Path, others: bool) -> Result<Option<ClientConfig>, String> {
    let file = folder.join(CERTIFICATE_FILE);
    let said = |e: &dyn std::fmt::Display| format!("{}: {e}", file.display());
    let pem = match read_file(&file, NOTED_BYTES_MAX) {
        Ok(pem) => pem,
        Err(e) if matches!(e.kind(), io::ErrorKind::NotFound | io::ErrorKind::PermissionDenied) => return Ok(None),
        Err(e) => return Err(said(&e)),
    };
    let certificate = CertificateDer::from_pem_slice(&pem).map_err(|e| said(&e))?;
    pinned::client(pinned::Ours::Noted(certificate), others).map(Some)
}

/// RFC 7468.
fn pem(label: &str, der: &[u8]) -> String {
    use base64::Engine as _;
    let text = base64::prelude::BASE64_STANDARD.encode(der);
    let lines: Vec<&str> = (0..text.len()).step_by(64).map(|at| &text[at..text.len().min(at + 64)]).collect();
    format!("-----BEGIN {label}-----\n{}\n-----END {label}-----\n", lines.join("\n"))
}

#[cfg(test)]
pub(crate) mod tests;
