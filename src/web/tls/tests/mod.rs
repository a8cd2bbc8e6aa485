#![expect(clippy::unwrap_used, reason = "tests")]

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;
use std::sync::Arc;

use rustls::{HandshakeKind, ProtocolVersion};
use rustls_pki_types::ServerName;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::time::Instant;
use tokio_rustls::TlsConnector;

use super::pair::What;
use super::*;
use made::{LONG, Made, pem};

pub(crate) mod made;

fn now() -> Timestamp {
    "2026-11-29T22:00:00Z".parse().unwrap()
}

/// Writes a pair as it should lie.
pub(crate) fn lay(dir: &Path, certificate: &str, key: &str) -> Files {
    let files = Files { certificate: dir.join("tls.pem"), key: dir.join("tls.key") };
    fs::write(&files.certificate, certificate).unwrap();
    fs::write(&files.key, key).unwrap();
    fs::set_permissions(&files.key, fs::Permissions::from_mode(0o600)).unwrap();
    files
}

#[test]
fn a_pair_that_can_not_be_used_is_refused_with_its_file_and_what_to_do() {
    let dir = tempfile::tempdir().unwrap();
    let good = Made::own("larm.example", LONG);
    let other = Made::own("larm.example", LONG);
    let (certificate, key) = (good.certificate(), good.key());
    let half = &certificate[..certificate.len() / 2];
    let long = certificate.repeat(11);
    let garbled = pem("CERTIFICATE", &good.der[..good.der.len() - 9]);
    let locked = key.replace("PRIVATE", "ENCRYPTED PRIVATE");
    let curve = pem("PRIVATE KEY", b"not a key");
    let cases: [(&str, &str, &str, What); 11] = [
        ("", &key, "tls.pem", What::NoCertificate),
        ("hello\n", &key, "tls.pem", What::NoCertificate),
        (&key, &key, "tls.pem", What::NoCertificate),
        (half, &key, "tls.pem", What::Broken),
        (&garbled, &key, "tls.pem", What::Broken),
        (&long, &key, "tls.pem", What::LongChain),
        (&certificate, "", "tls.key", What::NoKey),
        (&certificate, &certificate, "tls.key", What::NoKey),
        (&certificate, &locked, "tls.key", What::Locked),
        (&certificate, &curve, "tls.key", What::Unusable),
        (&certificate, &other.key(), "tls.key", What::Another),
    ];
    for (certificate, key, file, what) in cases {
        let bad = Certificates::read(lay(dir.path(), certificate, key)).unwrap_err();
        assert_eq!(bad, Bad { file: dir.path().join(file), what });
        for lang in [crate::domain::lang::Lang::SV, crate::domain::lang::Lang::EN] {
            assert!(bad.why(lang).contains(file), "{}", bad.why(lang));
            assert!(bad.next(lang).len() > 20, "{}", bad.next(lang));
        }
    }
    let shown = Certificates::read(lay(dir.path(), &certificate, &key)).unwrap();
    // One that does not hold now does not take the place of one that does.
    let at = |text: &str| text.parse::<Timestamp>().unwrap();
    for (days, what) in [
        (("200101000000Z", "261129000000Z"), What::Ended(at("2026-11-29T00:00:00Z"))),
        (("270101000000Z", "491231235959Z"), What::NotYet(at("2027-01-01T00:00:00Z"))),
    ] {
        let new = Made::own("larm.example", days);
        lay(dir.path(), &new.certificate(), &new.key());
        assert_eq!(shown.look(now()).unwrap_err(), Bad { file: dir.path().join("tls.pem"), what });
    }
}

#[test]
fn files_that_are_none_too_long_or_open_are_refused() {
    let dir = tempfile::tempdir().unwrap();
    let good = Made::own("larm.example", LONG);
    let lain = || lay(dir.path(), &good.certificate(), &good.key());
    let pipe = dir.path().join("pipe");
    rustix::fs::mknodat(rustix::fs::CWD, &pipe, rustix::fs::FileType::Fifo, rustix::fs::Mode::RUSR, 0).unwrap();
    fs::write(dir.path().join("large"), vec![b'x'; 10 << 20]).unwrap();
    for (name, why) in [("none", "not there"), (".", "a folder"), ("pipe", "a named pipe"), ("large", "262144 bytes")] {
        let at = dir.path().join(name);
        for files in [Files { certificate: at.clone(), ..lain() }, Files { key: at.clone(), ..lain() }] {
            let bad = Certificates::read(files).unwrap_err();
            assert!(bad.file == at && matches!(&bad.what, What::Unread(said) if said.contains(why)), "{bad:?}");
        }
    }
    // As its group Debian's `ssl-cert` reads a key; nobody else does, and nobody writes it.
    for (mode, is_open) in
        [(0o600, false), (0o400, false), (0o640, false), (0o644, true), (0o604, true), (0o660, true), (0o666, true)]
    {
        let files = lain();
        fs::set_permissions(&files.key, fs::Permissions::from_mode(mode)).unwrap();
        let read = Certificates::read(files);
        assert_eq!(read.is_err_and(|bad| bad.what == What::Open(mode)), is_open, "{mode:o}");
    }
}

#[test]
fn what_stands_around_certificate_and_key_is_passed_over() {
    let dir = tempfile::tempdir().unwrap();
    let good = Made::own("larm.example", LONG);
    // `openssl ecparam` writes the curve first, `openssl x509 -text` the certificate in words.
    let key = format!("{}{}", pem("EC PARAMETERS", &[6, 1, 1]), good.key());
    assert!(Certificates::read(lay(dir.path(), &format!("Subject: CN=x\n{}", good.certificate()), &key)).is_ok());
}

#[test]
fn the_first_that_runs_out_of_a_chain_counts() {
    let dir = tempfile::tempdir().unwrap();
    let authority = Made::authority("Larm CA");
    let leaf = Made::by(&authority, "larm.example");
    let between = Made::own("between", ("200101000000Z", "261210000000Z"));
    let chain = leaf.certificate() + &between.certificate();
    let certificates = Certificates::read(lay(dir.path(), &chain, &leaf.key())).unwrap();
    assert_eq!(certificates.ends().to_string(), "2026-12-10T00:00:00Z");
}

#[test]
fn a_new_pair_is_taken_whole_or_not_at_all() {
    let dir = tempfile::tempdir().unwrap();
    let (first, second) = (Made::own("larm.example", LONG), Made::own("larm.example", LONG));
    let files = lay(dir.path(), &first.certificate(), &first.key());
    let certificates = Certificates::read(files.clone()).unwrap();
    let shows = |made: &Made| certificates.shown.is(&CertificateDer::from(made.der.clone()));
    assert!(!certificates.look(now()).unwrap() && shows(&first));

    fs::write(&files.certificate, &second.certificate()[..100]).unwrap();
    assert_eq!(certificates.look(now()).unwrap_err().what, What::Broken);
    fs::write(&files.certificate, second.certificate()).unwrap();
    assert_eq!(certificates.look(now()).unwrap_err().what, What::Another);
    fs::remove_file(&files.key).unwrap();
    assert!(matches!(certificates.look(now()).unwrap_err().what, What::Unread(_)));
    assert!(shows(&first));

    fs::write(&files.key, second.key()).unwrap();
    fs::set_permissions(&files.key, fs::Permissions::from_mode(0o600)).unwrap();
    assert!(certificates.look(now()).unwrap() && shows(&second));
    assert!(!certificates.look(now()).unwrap());
    // What runs out while it is shown goes on being shown: there is no other.
    let later = "2060-01-01T00:00:00Z".parse().unwrap();
    assert!(!certificates.look(later).unwrap() && shows(&second));
}

/// A listener that shakes hands and echoes.
struct Far {
    at: std::net::SocketAddr,
    certificates: Arc<Certificates>,
    handshakes: Handshakes,
    authority: Made,
    _dir: tempfile::TempDir,
}

async fn far(max: usize) -> (Far, TcpListener) {
    let dir = tempfile::tempdir().unwrap();
    let authority = Made::authority("Larm CA");
    let leaf = Made::by(&authority, "larm.example");
    let certificates = Certificates::read(lay(dir.path(), &leaf.certificate(), &leaf.key())).unwrap();
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let at = listener.local_addr().unwrap();
    let handshakes = Handshakes::new(&certificates, max);
    (Far { at, certificates: Arc::new(certificates), handshakes, authority, _dir: dir }, listener)
}

impl Far {
    /// Shakes hands with each that comes, and echoes.
    fn echo(&self, listener: TcpListener) {
        let handshakes = self.handshakes.clone();
        tokio::spawn(async move {
            loop {
                let turn = handshakes.turn().await.unwrap();
                let (socket, _) = listener.accept().await.unwrap();
                let handshakes = handshakes.clone();
                tokio::spawn(async move {
                    let Some(mut socket) = handshakes.shake(socket, &turn).await else { return };
                    drop(turn);
                    let mut said = [0; 4];
                    if socket.read_exact(&mut said).await.is_ok() {
                        let _ = socket.write_all(&said).await;
                    }
                });
            }
        });
    }

    /// Of the house, that believes its authority.
    fn client(&self, versions: &[&'static rustls::SupportedProtocolVersion]) -> ClientConfig {
        let mut roots = rustls::RootCertStore::empty();
        roots.add(CertificateDer::from(self.authority.der.clone())).unwrap();
        let provider = Arc::new(rustls::crypto::ring::default_provider());
        let config = ClientConfig::builder_with_provider(provider).with_protocol_versions(versions).unwrap();
        config.with_root_certificates(roots).with_no_client_auth()
    }

    async fn says(
        &self,
        client: &Arc<ClientConfig>,
        name: &str,
    ) -> io::Result<tokio_rustls::client::TlsStream<TcpStream>> {
        let socket = TcpStream::connect(self.at).await?;
        let name = ServerName::try_from(name.to_owned()).unwrap();
        let mut socket = TlsConnector::from(client.clone()).connect(name, socket).await?;
        socket.write_all(b"ping").await?;
        let mut said = [0; 4];
        socket.read_exact(&mut said).await?;
        assert_eq!(&said, b"ping");
        Ok(socket)
    }
}

#[tokio::test]
async fn both_versions_are_spoken_and_whoever_comes_again_is_known() {
    let (far, listener) = far(8).await;
    far.echo(listener);
    for (version, spoken) in
        [(&rustls::version::TLS12, ProtocolVersion::TLSv1_2), (&rustls::version::TLS13, ProtocolVersion::TLSv1_3)]
    {
        let mut client = far.client(&[version]);
        client.alpn_protocols = vec![b"h2".to_vec(), b"http/1.1".to_vec()];
        let client = Arc::new(client);
        for kind in [HandshakeKind::Full, HandshakeKind::Resumed] {
            let socket = far.says(&client, "larm.example").await.unwrap();
            let (_, session) = socket.get_ref();
            assert_eq!(session.protocol_version(), Some(spoken));
            assert_eq!(session.alpn_protocol(), Some(&b"http/1.1"[..]));
            assert_eq!(session.handshake_kind(), Some(kind), "{spoken:?}");
        }
    }
}

#[tokio::test]
async fn ours_is_believed_by_any_name_and_nobody_elses_is() {
    let (far, listener) = far(8).await;
    far.echo(listener);
    let reader = Arc::new(far.certificates.reader().unwrap());
    for name in ["127.0.0.1", "larm.example", "other.example"] {
        far.says(&reader, name).await.unwrap();
    }
    let folder = tempfile::tempdir().unwrap();
    assert!(noted(folder.path(), false).unwrap().is_none());
    far.certificates.note(folder.path()).unwrap();
    let noted_now = Arc::new(noted(folder.path(), false).unwrap().unwrap());
    let noted_or_vouched_for = Arc::new(noted(folder.path(), true).unwrap().unwrap());
    for client in [&noted_now, &noted_or_vouched_for] {
        far.says(client, "127.0.0.1").await.unwrap();
        far.says(client, "192.0.2.1").await.unwrap();
    }

    // Somebody else with a certificate for the same name.
    let (other, listener) = super::tests::far(8).await;
    other.echo(listener);
    for client in [&reader, &noted_now, &noted_or_vouched_for] {
        let refused = other.says(client, "larm.example").await.unwrap_err();
        assert!(refused.to_string().contains("UnknownIssuer"), "{refused}");
    }
    // Somebody who shows ours and has another key.
    let ours = far.certificates.shown.now().key.cert.clone();
    let theirs = other.certificates.shown.now().key.key.clone();
    let stolen = Now { key: Arc::new(CertifiedKey::new(ours, theirs)), ..other.certificates.shown.now() };
    *other.certificates.shown.0.write().unwrap() = stolen;
    for client in [&reader, &noted_now, &noted_or_vouched_for] {
        assert!(other.says(client, "larm.example").await.unwrap_err().to_string().contains("BadSignature"));
    }
    forget_noted(folder.path());
    forget_noted(folder.path());
    assert!(noted(folder.path(), false).unwrap().is_none());
    fs::write(folder.path().join(CERTIFICATE_FILE), "nonsense").unwrap();
    assert!(noted(folder.path(), false).is_err());
}

#[tokio::test(start_paused = true)]
async fn a_handshake_that_does_not_end_is_ended_and_sooner_when_many_wait() {
    let (far, listener) = far(4).await;
    let mut turns = Vec::new();
    for held in 1..=4 {
        turns.push(far.handshakes.turn().await.unwrap());
        let within = if held < 4 { HANDSHAKE_TIMEOUT } else { HURRIED_TIMEOUT };
        for said in [&b""[..], &[22], &[22, 3, 1, 2, 0]] {
            let mut silent = TcpStream::connect(far.at).await.unwrap();
            silent.write_all(said).await.unwrap();
            let (socket, _) = listener.accept().await.unwrap();
            let began = Instant::now();
            assert!(far.handshakes.shake(socket, &turns[0]).await.is_none());
            assert_eq!(began.elapsed().as_secs(), within.as_secs(), "{held} of 4 places, {said:?}");
        }
    }
    // A place that is given back is somebody else's.
    turns.pop();
    far.handshakes.turn().await.unwrap();
    // One address has half of them, and a proxy speaks for many.
    let address = [192, 0, 2, 1].into();
    let held: Vec<_> = (0..5).filter_map(|_| far.handshakes.count(address, false)).collect();
    assert_eq!(held.len(), 2);
    assert!((0..5).all(|_| far.handshakes.count(address, true).is_some()));
}

#[tokio::test]
async fn whoever_speaks_something_else_is_told_or_left() {
    let (far, listener) = far(8).await;
    far.echo(listener);
    for (said, told) in [
        (&b"GET / HTTP/1.1\r\nHost: larm.example\r\n\r\n"[..], Some("HTTP/1.1 400 Bad Request\r\n")),
        (b"POST /a/x HTTP/1.1\r\nContent-Length: 99999\r\n\r\n", Some("HTTP/1.1 400 Bad Request\r\n")),
        (b"\x80\x2e\x01\x00\x02", None),
        (b"\x00\x00\x00\x00\x00\x00", None),
    ] {
        let mut socket = TcpStream::connect(far.at).await.unwrap();
        socket.write_all(said).await.unwrap();
        // It has said what it had to say.
        socket.shutdown().await.unwrap();
        let mut answer = Vec::new();
        // A reset is an end as well.
        let _ = tokio::time::timeout(HANDSHAKE_TIMEOUT * 2, socket.read_to_end(&mut answer)).await.expect("an end");
        let answer = String::from_utf8_lossy(&answer);
        match told {
            Some(told) => assert!(answer.starts_with(told) && answer.contains(PLAIN_REFUSED), "{answer}"),
            None => assert!(!answer.contains("HTTP"), "{answer}"),
        }
    }
}
