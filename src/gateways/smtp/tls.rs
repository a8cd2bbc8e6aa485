//! Whether and when a connection is protected, for SMTP and IMAP alike; and which certificates are believed: those of `ca_file`,
//! or those that the machine believes.

use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use rustls::{CertificateError, ClientConfig, RootCertStore};
use rustls_pki_types::pem::PemObject;
use rustls_pki_types::{CertificateDer, ServerName};
use tokio::time::timeout;
use tokio_rustls::TlsConnector;

use super::session::Wire;
use crate::gateways::entry::Tls;

/// How one server's connections are protected: the same for SMTP and IMAP.
#[derive(Clone)]
pub(super) struct Protection {
    tls: Tls,
    connector: Option<Connector>,
}

#[derive(Clone)]
struct Connector {
    connector: TlsConnector,
    name: ServerName<'static>,
}

impl Protection {
    /// Reads the CA file. `name` stands in the server's certificate.
    ///
    /// # Errors
    /// What to write instead.
    pub fn new(tls: Tls, ca_file: Option<&Path>, name: &str) -> Result<Self, String> {
        let connector = match tls {
            Tls::None => None,
            Tls::Opportunistic | Tls::Starttls | Tls::Implicit => Some(Connector::new(ca_file, name)?),
        };
        Ok(Self { tls, connector })
    }

    /// Protects a connection before anything is said, where that is wanted. `true`: it is protected.
    ///
    /// # Errors
    /// What went wrong, and what to do.
    pub async fn at_once(&self, bare: Box<dyn Wire>, limit: Duration) -> Result<(Box<dyn Wire>, bool), String> {
        match (self.tls, &self.connector) {
            (Tls::Implicit, Some(connector)) => Ok((connector.protect(bare, limit).await?, true)),
            _ => Ok((bare, false)),
        }
    }

    /// Whether STARTTLS is said to a server that `offers` it, or not.
    ///
    /// # Errors
    /// It is wanted and not offered: nothing is sent then.
    pub fn upgrades(&self, offers: bool) -> Result<bool, String> {
        match self.tls {
            Tls::Starttls if !offers => Err("STARTTLS: the server does not offer it".into()),
            Tls::Starttls | Tls::Opportunistic => Ok(offers),
            Tls::None | Tls::Implicit => Ok(false),
        }
    }

    /// Protects a connection whose server said yes to STARTTLS; `read`: what came behind its yes.
    ///
    /// # Errors
    /// What went wrong, and what to do.
    pub async fn upgrade(&self, bare: Box<dyn Wire>, read: &[u8], limit: Duration) -> Result<Box<dyn Wire>, String> {
        // What was sent before the handshake could be anybody's (CVE-2011-0411).
        if !read.is_empty() {
            return Err("STARTTLS: more came than its answer".into());
        }
        match &self.connector {
            Some(connector) => connector.protect(bare, limit).await,
            None => Ok(bare),
        }
    }
}

impl Connector {
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
    async fn protect(&self, bare: Box<dyn Wire>, limit: Duration) -> Result<Box<dyn Wire>, String> {
        let handshake = timeout(limit, self.connector.connect(self.name.clone(), bare));
        let protected = handshake.await.map_err(|_| "TLS: no answer in time".to_owned())?;
        Ok(Box::new(protected.map_err(|e| tls_words(&e))?))
    }
}

/// What went wrong in a handshake, and what to do.
fn tls_words(error: &std::io::Error) -> String {
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
        Some(rustls::Error::InvalidMessage(_)) => "what came is not TLS; is it the right port, and tls the right word?",
        _ => return format!("TLS: {error}"),
    };
    format!("TLS: {what}")
}
