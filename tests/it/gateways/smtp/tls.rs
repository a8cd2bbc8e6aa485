//! Protected connections: which servers are believed, and what is never said to the others. The certificate beside this
//! file is for `mail.example`, valid until 2126; its authority's key no longer exists.

use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex};

use rustls_pki_types::pem::PemObject;
use rustls_pki_types::{CertificateDer, PrivateKeyDer};
use tokio::io::{AsyncBufReadExt, AsyncRead, AsyncWrite, AsyncWriteExt, BufReader};
use tokio::net::TcpListener;
use tokio_rustls::TlsAcceptor;
use vardkase::domain::delivery::SendError;
use vardkase::gateways::Secret;
use vardkase::gateways::smtp::{SmtpConfig, Tls};

use super::{gateway, jobs, send_all};

fn here(file: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/it/gateways/smtp").join(file)
}

fn acceptor() -> TlsAcceptor {
    let certs = CertificateDer::pem_file_iter(here("server.pem")).expect("a file").map(|c| c.expect("a certificate"));
    let key = PrivateKeyDer::from_pem_file(here("server.key")).expect("a key");
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let config = rustls::ServerConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .expect("versions")
        .with_no_client_auth()
        .with_single_cert(certs.collect(), key)
        .expect("a certificate and its key");
    TlsAcceptor::from(Arc::new(config))
}

type Heard = Arc<Mutex<Vec<String>>>;

/// Says yes to everything. Ends with QUIT, or at STARTTLS (true).
async fn polite<W: AsyncRead + AsyncWrite + Unpin>(
    wire: &mut W,
    heard: &Heard,
    secured: bool,
) -> std::io::Result<bool> {
    let mut wire = BufReader::new(wire);
    let (mut line, mut in_text) = (String::new(), false);
    while wire.read_line(&mut line).await? > 0 {
        let command = std::mem::take(&mut line);
        if in_text {
            in_text = command != ".\r\n";
            if !in_text {
                wire.write_all(b"250 taken\r\n").await?;
            }
            continue;
        }
        heard.lock().expect("the list").push(format!("{}{}", if secured { "tls " } else { "" }, command.trim_end()));
        let reply: &[u8] = match command.get(..4) {
            Some("EHLO") if secured => b"250-x\r\n250 AUTH PLAIN\r\n",
            Some("EHLO") => b"250-x\r\n250-AUTH PLAIN\r\n250 STARTTLS\r\n",
            Some("STAR") => return Ok(true),
            Some("AUTH") => b"235 ok\r\n",
            Some("DATA") => {
                in_text = true;
                b"354 go\r\n"
            }
            Some("QUIT") => b"221 bye\r\n",
            _ => b"250 ok\r\n",
        };
        wire.write_all(reply).await?;
        if reply.starts_with(b"221") {
            break;
        }
    }
    Ok(false)
}

/// A server with STARTTLS, or with TLS from the first byte; `after_starttls` is what it says to STARTTLS.
async fn server(implicit: bool, after_starttls: &'static str) -> (SmtpConfig, Heard) {
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
    let addr = listener.local_addr().expect("its address");
    let heard = Heard::default();
    let list = heard.clone();
    tokio::spawn(async move {
        while let Ok((mut tcp, _)) = listener.accept().await {
            let list = list.clone();
            tokio::spawn(async move {
                if !implicit {
                    tcp.write_all(b"220 x\r\n").await?;
                    if !polite(&mut tcp, &list, false).await? {
                        return Ok(());
                    }
                    tcp.write_all(after_starttls.as_bytes()).await?;
                }
                let mut tls = acceptor().accept(tcp).await?;
                if implicit {
                    tls.write_all(b"220 x\r\n").await?;
                }
                polite(&mut tls, &list, true).await.map(drop)
            });
        }
        Ok::<(), std::io::Error>(())
    });
    let config = SmtpConfig {
        host: "127.0.0.1".into(),
        port: addr.port(),
        tls: if implicit { Tls::Implicit } else { Tls::Starttls },
        ca_file: Some(here("ca.pem")),
        tls_name: Some("mail.example".into()),
        user: Some("larm".into()),
        password: Some(Secret::new("x")),
        from: "larm@region.example".into(),
        connections_max: 1,
        ..SmtpConfig::default()
    };
    (config, heard)
}

fn heard_words(heard: &Heard) -> Vec<String> {
    let list = heard.lock().expect("the list").clone();
    list.iter()
        .map(|c| c.split(' ').take(if c.starts_with("tls ") { 2 } else { 1 }).collect::<Vec<_>>().join(" "))
        .collect()
}

#[tokio::test]
async fn the_password_goes_over_a_protected_connection_only() {
    const REST: [&str; 6] = ["tls EHLO", "tls AUTH", "tls MAIL", "tls RCPT", "tls DATA", "tls QUIT"];
    for (implicit, before) in [(false, &["EHLO", "STARTTLS"][..]), (true, &[])] {
        let (config, heard) = server(implicit, "220 go\r\n").await;
        let (outcomes, _) = send_all(&gateway(config), jobs(&["tib@fs.example"])).await;
        assert!(outcomes[&0].is_ok(), "{outcomes:?}");
        assert_eq!(heard_words(&heard), [before, &REST[..]].concat());
    }
}

#[tokio::test]
async fn a_server_that_is_not_believed_is_told_nothing() {
    for implicit in [false, true] {
        let (right, heard) = server(implicit, "220 go\r\n").await;
        let wrong_name = SmtpConfig { tls_name: Some("other.example".into()), ..right.clone() };
        let no_authority = SmtpConfig { ca_file: None, ..right };
        for config in [wrong_name, no_authority] {
            let (outcomes, _) = send_all(&gateway(config), jobs(&["tib@fs.example"])).await;
            assert!(
                matches!(&outcomes[&0], Err(SendError::Temporary { cause, .. }) if cause.starts_with("TLS: ")),
                "{outcomes:?}"
            );
        }
        assert!(!heard_words(&heard).iter().any(|c| c.contains("AUTH") || c.contains("MAIL")), "{heard:?}");
    }
}

/// Somebody on the way puts a reply behind the one to STARTTLS, in the clear, to have it taken for a protected one.
#[tokio::test]
async fn what_comes_before_the_handshake_is_not_taken_for_protected() {
    let (config, heard) = server(false, "220 go\r\n250 injected\r\n").await;
    let (outcomes, _) = send_all(&gateway(config), jobs(&["tib@fs.example"])).await;
    assert_eq!(outcomes[&0], Err(SendError::temporary("STARTTLS: more came than its answer")));
    assert_eq!(heard_words(&heard), ["EHLO", "STARTTLS"]);
}
