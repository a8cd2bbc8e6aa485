//! Which certificates are believed: those of `ca_file`, or those that the machine believes.

use std::path::Path;
use std::sync::Arc;

use rustls::{CertificateError, ClientConfig, RootCertStore};
use rustls_pki_types::pem::PemObject;
use rustls_pki_types::{CertificateDer, ServerName};
use tokio_rustls::TlsConnector;
use tokio_rustls::client::TlsStream;

use super::config::{ImapConfig, SmtpConfig};
use super::session::Wire;

/// Turns a connection into a protected one.
#[derive(Clone)]
pub(super) struct Connector {
    connector: TlsConnector,
    name: ServerName<'static>,
}

impl Connector {
    pub fn for_smtp(config: &SmtpConfig) -> Result<Self, String> {
        Self::new(config.ca_file.as_deref(), config.tls_name.as_deref().unwrap_or(&config.host))
    }

    pub fn for_imap(config: &ImapConfig) -> Result<Self, String> {
        Self::new(config.ca_file.as_deref(), config.tls_name.as_deref().unwrap_or(&config.host))
    }

    fn new(ca_file: Option<&Path>, name: &str) -> Result<Self, String> {
        let mut roots = RootCertStore::empty();
        if let Some(file) = ca_file {
            let bad = |e: &dyn std::fmt::Display| format!("ca_file: {}: {e}; give a PEM file", file.display());
            for cert in CertificateDer::pem_file_iter(file).map_err(|e| bad(&e))? {
                roots.add(cert.map_err(|e| bad(&e))?).map_err(|e| bad(&e))?;
            }
            if roots.is_empty() {
                return Err(bad(&"no certificate in it"));
            }
        } else {
            roots.add_parsable_certificates(rustls_native_certs::load_native_certs().certs);
        }
        let name = ServerName::try_from(name.to_owned())
            .map_err(|_| "tls_name: no host name; write the name in the server's certificate".to_owned())?;
        let tls = ClientConfig::builder_with_provider(Arc::new(rustls::crypto::ring::default_provider()))
            .with_safe_default_protocol_versions()
            .map_err(|e| e.to_string())?
            .with_root_certificates(roots)
            .with_no_client_auth();
        Ok(Self { connector: TlsConnector::from(Arc::new(tls)), name })
    }

    /// The handshake.
    pub async fn protect(&self, bare: Box<dyn Wire>) -> std::io::Result<TlsStream<Box<dyn Wire>>> {
        self.connector.connect(self.name.clone(), bare).await
    }
}

/// What went wrong in a handshake, and what to do.
pub(super) fn tls_words(error: &std::io::Error) -> String {
    let inner = error.get_ref().and_then(|e| e.downcast_ref::<rustls::Error>());
    let what = match inner {
        Some(rustls::Error::InvalidCertificate(bad)) => match bad {
            CertificateError::UnknownIssuer => {
                "the server's certificate is signed by nobody we believe; name its authority in ca_file"
            }
            CertificateError::NotValidForName | CertificateError::NotValidForNameContext { .. } => {
                "the server's certificate is for another name; mend host, or name it in tls_name"
            }
            CertificateError::Expired | CertificateError::ExpiredContext { .. } => {
                "the server's certificate has expired; it needs a new one, or this machine the right time"
            }
            CertificateError::NotValidYet | CertificateError::NotValidYetContext { .. } => {
                "the server's certificate is not valid yet; does this machine have the right time?"
            }
            _ => return format!("TLS: {error}"),
        },
        Some(rustls::Error::InvalidMessage(_)) => "what came is no TLS; is it the right port, and tls the right word?",
        _ => return format!("TLS: {error}"),
    };
    format!("TLS: {what}")
}
