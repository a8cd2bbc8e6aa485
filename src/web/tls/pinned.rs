//! Our own listener, as we ourselves read it: believed by its certificate, byte for byte, under whatever name it is asked. On this
//! machine it is asked by a number that no certificate names, and its authority may be the house's own.

use std::sync::Arc;

use rustls::client::WebPkiServerVerifier;
use rustls::client::danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier};
use rustls::crypto::{CryptoProvider, ring, verify_tls12_signature, verify_tls13_signature};
use rustls::{CertificateError, ClientConfig, DigitallySignedStruct, Error, RootCertStore, SignatureScheme};
use rustls_pki_types::{CertificateDer, ServerName, UnixTime};

use super::Shown;

/// The certificate that is ours.
#[derive(Debug)]
pub(super) enum Ours {
    /// As it is shown now.
    Now(Arc<Shown>),
    /// As it was noted.
    Noted(CertificateDer<'static>),
}

#[derive(Debug)]
struct Pinned {
    ours: Ours,
    /// Judges whoever is not us; without it nobody else is believed.
    others: Option<Arc<WebPkiServerVerifier>>,
    provider: Arc<CryptoProvider>,
}

/// A client that believes our certificate, and with `others` those whom the machine's authorities vouch for.
///
/// # Errors
/// In words; it does not happen.
pub(super) fn client(ours: Ours, others: bool) -> Result<ClientConfig, String> {
    let provider = Arc::new(ring::default_provider());
    let others = others.then(|| {
        let mut roots = RootCertStore::empty();
        roots.add_parsable_certificates(rustls_native_certs::load_native_certs().certs);
        WebPkiServerVerifier::builder_with_provider(Arc::new(roots), provider.clone()).build()
    });
    // A machine without authorities believes nobody else.
    let others = others.and_then(Result::ok);
    let verifier = Arc::new(Pinned { ours, others, provider: provider.clone() });
    let config = ClientConfig::builder_with_provider(provider).with_safe_default_protocol_versions();
    let config = config.map_err(|e| e.to_string())?.dangerous().with_custom_certificate_verifier(verifier);
    Ok(config.with_no_client_auth())
}

impl ServerCertVerifier for Pinned {
    fn verify_server_cert(
        &self,
        end_entity: &CertificateDer<'_>,
        intermediates: &[CertificateDer<'_>],
        server_name: &ServerName<'_>,
        ocsp_response: &[u8],
        now: UnixTime,
    ) -> Result<ServerCertVerified, Error> {
        let is_ours = match &self.ours {
            Ours::Now(shown) => shown.is(end_entity),
            Ours::Noted(noted) => noted == end_entity,
        };
        match &self.others {
            _ if is_ours => Ok(ServerCertVerified::assertion()),
            Some(others) => others.verify_server_cert(end_entity, intermediates, server_name, ocsp_response, now),
            None => Err(CertificateError::UnknownIssuer.into()),
        }
    }

    // That the far end has the key of what it shows is checked as for everybody.
    fn verify_tls12_signature(
        &self,
        message: &[u8],
        cert: &CertificateDer<'_>,
        dss: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        verify_tls12_signature(message, cert, dss, &self.provider.signature_verification_algorithms)
    }
    fn verify_tls13_signature(
        &self,
        message: &[u8],
        cert: &CertificateDer<'_>,
        dss: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        verify_tls13_signature(message, cert, dss, &self.provider.signature_verification_algorithms)
    }
    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        self.provider.signature_verification_algorithms.supported_schemes()
    }
}
