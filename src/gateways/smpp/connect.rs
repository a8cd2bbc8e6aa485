//! To a bound connection: TCP or TLS, then `bind`.

use std::path::Path;
use std::sync::Arc;

use rustls_pki_types::pem::PemObject;
use rustls_pki_types::{CertificateDer, ServerName};
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::time::timeout;

use super::config::SmppConfig;
use super::pdu::{self, RESP};
use super::status;
use crate::gateways::Secret;
use crate::gateways::entry::Tls;

/// A connection, plain or secured.
pub trait Wire: AsyncRead + AsyncWrite + Unpin + Send {}
impl<T: AsyncRead + AsyncWrite + Unpin + Send> Wire for T {}

/// Bound: the connection and what the gateway sent behind its answer.
pub struct Bound {
    /// The connection.
    pub wire: Box<dyn Wire>,
    /// Bytes that are read already.
    pub input: Vec<u8>,
    /// The gateway's own name.
    pub system_id: String,
}

/// Why there is no session.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct NotBound {
    /// What happened, and what to do.
    pub why: String,
    /// The gateway refuses system_id or password.
    pub about_credentials: bool,
}

impl From<String> for NotBound {
    fn from(why: String) -> Self {
        Self { why, about_credentials: false }
    }
}

/// The sequence number of `bind`; the session goes on from here.
pub const BIND_SEQUENCE: u32 = 1;

/// Connects and binds as `command`, all within `connect_timeout`.
pub async fn bound(config: &SmppConfig, command: u32) -> Result<Bound, NotBound> {
    let within = config.connect_timeout.at_least_a_second();
    match timeout(within, connect_and_bind(config, command)).await {
        Ok(result) => result,
        Err(_) => Err(format!("no session within {} s", config.connect_timeout.0).into()),
    }
}

async fn connect_and_bind(config: &SmppConfig, command: u32) -> Result<Bound, NotBound> {
    let tcp = TcpStream::connect((config.host.as_str(), config.port)).await.map_err(|e| format!("connecting: {e}"))?;
    // Without it each batch waits for the far end's delayed acknowledgement.
    tcp.set_nodelay(true).map_err(|e| format!("connecting: {e}"))?;
    let mut wire: Box<dyn Wire> =
        if config.tls == Tls::Implicit { Box::new(secure(config, tcp).await?) } else { Box::new(tcp) };
    let mut out = Vec::with_capacity(64);
    let texts = [&*config.system_id, config.password.as_ref().map_or("", Secret::expose), &*config.system_type];
    pdu::bind(&mut out, command, BIND_SEQUENCE, texts, config.version.octet());
    wire.write_all(&out).await.map_err(|e| format!("binding: {e}"))?;
    wire.flush().await.map_err(|e| format!("binding: {e}"))?;
    let mut input = Vec::with_capacity(1024);
    loop {
        let answer = pdu::next(&input).map_err(|l| format!("this is not an SMPP gateway (a PDU of {} octets)", l.0))?;
        if let Some((header, body)) = answer {
            let answers = header.id == command | RESP || header.id == pdu::id::GENERIC_NACK;
            if answers && header.status != 0 {
                return Err(NotBound {
                    why: format!("bind refused: 0x{:08x} {}", header.status, status::name(header.status)),
                    about_credentials: status::is_about_credentials(header.status),
                });
            }
            let system_id = pdu::message_id(body);
            input.drain(..header.len);
            if header.id == command | RESP {
                return Ok(Bound { wire, input, system_id });
            }
            continue;
        }
        if wire.read_buf(&mut input).await.map_err(|e| format!("binding: {e}"))? == 0 {
            return Err("the gateway closed the connection instead of answering bind".to_owned().into());
        }
    }
}

async fn secure(config: &SmppConfig, tcp: TcpStream) -> Result<impl Wire + 'static, String> {
    let name = config.tls_name.as_ref().unwrap_or(&config.host.value);
    let name = ServerName::try_from(name.clone()).map_err(|e| format!("tls_name: {e}"))?;
    let roots = roots(config.ca_file.as_deref())?;
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let client = rustls::ClientConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .map_err(|e| format!("TLS: {e}"))?
        .with_root_certificates(roots)
        .with_no_client_auth();
    let connector = tokio_rustls::TlsConnector::from(Arc::new(client));
    connector.connect(name, tcp).await.map_err(|e| format!("TLS: {e}"))
}

fn roots(ca_file: Option<&Path>) -> Result<rustls::RootCertStore, String> {
    let mut roots = rustls::RootCertStore::empty();
    if let Some(file) = ca_file {
        for certificate in CertificateDer::pem_file_iter(file).map_err(|e| format!("ca_file: {e}"))? {
            let certificate = certificate.map_err(|e| format!("ca_file: {e}"))?;
            roots.add(certificate).map_err(|e| format!("ca_file: {e}"))?;
        }
    } else {
        roots.add_parsable_certificates(rustls_native_certs::load_native_certs().certs);
    }
    if roots.is_empty() { Err("no CA to trust; set ca_file".into()) } else { Ok(roots) }
}
