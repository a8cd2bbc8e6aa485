//! To a bound connection: TCP or TLS, then `bind`.

use std::sync::Arc;
use std::time::Duration;

use rustls_pki_types::pem::PemObject;
use rustls_pki_types::{CertificateDer, ServerName};
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::time::timeout;

use super::config::SmppConfig;
use super::pdu::{self, RESP};
use super::status;

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

/// Connects and binds as `command`, all within `connect_timeout_s`.
pub async fn bound(config: &SmppConfig, command: u32) -> Result<Bound, NotBound> {
    let within = Duration::from_secs(u64::from(config.connect_timeout_s.max(1)));
    match timeout(within, connect_and_bind(config, command)).await {
        Ok(result) => result,
        Err(_) => Err(format!("no session within {} s", config.connect_timeout_s).into()),
    }
}

async fn connect_and_bind(config: &SmppConfig, command: u32) -> Result<Bound, NotBound> {
    let tcp = TcpStream::connect((&*config.host, config.port)).await.map_err(|e| format!("connecting: {e}"))?;
    // Without it each batch waits for the far end's delayed acknowledgement.
    tcp.set_nodelay(true).map_err(|e| format!("connecting: {e}"))?;
    let mut wire: Box<dyn Wire> = if config.tls { Box::new(secure(config, tcp).await?) } else { Box::new(tcp) };
    let mut out = Vec::with_capacity(64);
    let texts = [&*config.system_id, config.password.expose(), &*config.system_type];
    pdu::bind(&mut out, command, BIND_SEQUENCE, texts, config.version.octet());
    wire.write_all(&out).await.map_err(|e| format!("binding: {e}"))?;
    wire.flush().await.map_err(|e| format!("binding: {e}"))?;
    let mut input = Vec::with_capacity(1024);
    loop {
        let answer = pdu::next(&input).map_err(|l| format!("this is no SMPP gateway (a PDU of {} octets)", l.0))?;
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
    let name = if config.tls_server_name.is_empty() { &config.host } else { &config.tls_server_name };
    let name = ServerName::try_from(name.clone()).map_err(|e| format!("tls_server_name: {e}"))?;
    let roots = roots(&config.tls_ca_file)?;
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let client = rustls::ClientConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .map_err(|e| format!("TLS: {e}"))?
        .with_root_certificates(roots)
        .with_no_client_auth();
    let connector = tokio_rustls::TlsConnector::from(Arc::new(client));
    connector.connect(name, tcp).await.map_err(|e| format!("TLS: {e}"))
}

fn roots(ca_file: &str) -> Result<rustls::RootCertStore, String> {
    let mut roots = rustls::RootCertStore::empty();
    if ca_file.is_empty() {
        roots.add_parsable_certificates(rustls_native_certs::load_native_certs().certs);
    } else {
        let all = CertificateDer::pem_file_iter(ca_file).map_err(|e| format!("tls_ca_file: {e}"))?;
        for certificate in all {
            let certificate = certificate.map_err(|e| format!("tls_ca_file: {e}"))?;
            roots.add(certificate).map_err(|e| format!("tls_ca_file: {e}"))?;
        }
    }
    if roots.is_empty() { Err("no CA to trust; set tls_ca_file".into()) } else { Ok(roots) }
}
