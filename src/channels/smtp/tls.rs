//! Which certificates are believed: those of `ca_file`, or those that the machine believes.

use std::sync::Arc;

use rustls::{ClientConfig, RootCertStore};
use rustls_pki_types::pem::PemObject;
use rustls_pki_types::{CertificateDer, ServerName};
use tokio_rustls::TlsConnector;
use tokio_rustls::client::TlsStream;

use super::config::SmtpConfig;
use super::session::Wire;

/// Turns a connection into a protected one.
#[derive(Clone)]
pub(super) struct Connector {
    connector: TlsConnector,
    name: ServerName<'static>,
}

impl Connector {
    pub fn new(config: &SmtpConfig) -> Result<Self, String> {
        let mut roots = RootCertStore::empty();
        if let Some(file) = &config.ca_file {
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
        let name = config.tls_name.as_deref().unwrap_or(&config.host);
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
