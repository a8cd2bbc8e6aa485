//! Whether a member refuses our certificate. With TLS 1.3 it says so after the handshake, when the first question is under way: what comes
//! back to whoever asks is a broken connection, and nothing of why. So a member that never answered anything is looked at once more
//! without asking: it says then what it has against us.

use std::sync::Arc;
use std::time::Duration;

use axum::http::Uri;
use rustls::{ClientConfig, RootCertStore};
use rustls_pki_types::pem::PemObject;
use rustls_pki_types::{CertificateDer, PrivateKeyDer, ServerName};
use tokio::io::AsyncReadExt;
use tokio::net::TcpStream;
use tokio::time::timeout;
use tokio_rustls::TlsConnector;

use super::settings::Pems;

/// How long connecting may take, and TLS.
const STEP_TIMEOUT: Duration = Duration::from_secs(1);
/// A member that has said nothing for so long after the handshake has nothing against us.
const QUIET: Duration = Duration::from_millis(500);
/// As rustls says it.
const ALERT: &str = "received fatal alert";

/// How members are looked at.
#[derive(Clone)]
pub(super) struct Probe(Arc<ClientConfig>);

impl Probe {
    /// With the same certificates as the client. `None`: they can't be used, which whoever uses them says better.
    pub fn new(pems: &Pems) -> Option<Self> {
        let mut roots = RootCertStore::empty();
        for ca in CertificateDer::pem_slice_iter(pems.ca.as_deref().unwrap_or_default()) {
            roots.add(ca.ok()?).ok()?;
        }
        let provider = Arc::new(rustls::crypto::ring::default_provider());
        let builder = ClientConfig::builder_with_provider(provider).with_safe_default_protocol_versions().ok()?;
        let builder = builder.with_root_certificates(roots);
        let mut config = match &pems.identity {
            Some((cert, key)) => {
                let chain = CertificateDer::pem_slice_iter(cert).collect::<Result<_, _>>().ok()?;
                builder.with_client_auth_cert(chain, PrivateKeyDer::from_pem_slice(key).ok()?).ok()?
            }
            None => builder.with_no_client_auth(),
        };
        config.alpn_protocols.push(b"h2".to_vec());
        Some(Self(Arc::new(config)))
    }

    /// What the member has against our certificate, if it says so.
    pub async fn refusal(&self, endpoint: &str) -> Option<String> {
        let uri: Uri = endpoint.parse().ok()?;
        let host = uri.host()?.trim_start_matches('[').trim_end_matches(']').to_owned();
        let port = uri.port_u16().unwrap_or(443);
        let tcp = timeout(STEP_TIMEOUT, TcpStream::connect((host.as_str(), port))).await.ok()?.ok()?;
        let name = ServerName::try_from(host).ok()?;
        let said = match timeout(STEP_TIMEOUT, TlsConnector::from(self.0.clone()).connect(name, tcp)).await.ok()? {
            Ok(mut tls) => timeout(QUIET, tls.read_u8()).await.ok()?.err()?,
            Err(error) => error,
        };
        Some(said.to_string()).filter(|said| said.contains(ALERT))
    }
}
