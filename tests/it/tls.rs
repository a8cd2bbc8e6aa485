//! TLS on both listeners of the real program, as readers, programs and the command line on the same machine meet it; what is refused
//! before anything is bound.

use std::io::{BufRead, BufReader};
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use serde_json::Value;
use vardkase::app::{Doors, Options, start};
use vardkase::config::{Source, load};
use vardkase::web::tls::Files;

use crate::cli::{Ran, run_with};
use crate::mirrors::{release_public, report};

#[path = "../../src/web/tls/tests/made.rs"]
mod made;
use made::{LONG, Made};

fn lay(dir: &Path, name: &str, made: &Made) -> Files {
    use std::os::unix::fs::PermissionsExt;
    let files = Files { certificate: dir.join(format!("{name}.pem")), key: dir.join(format!("{name}.key")) };
    std::fs::write(&files.certificate, made.certificate()).unwrap();
    std::fs::write(&files.key, made.key()).unwrap();
    std::fs::set_permissions(&files.key, std::fs::Permissions::from_mode(0o600)).unwrap();
    files
}

/// The real program, over TLS.
struct Server {
    child: Child,
    console: String,
    public: String,
    /// What it says at its start.
    said: Value,
    dir: tempfile::TempDir,
}

impl Server {
    /// Both listeners with a certificate for `localhost` from an authority in `ca.pem`.
    fn start() -> Self {
        let dir = tempfile::tempdir().unwrap();
        let authority = Made::authority("Larm CA");
        std::fs::write(dir.path().join("ca.pem"), authority.certificate()).unwrap();
        let files = lay(dir.path(), "tls", &Made::by(&authority, "localhost"));
        Self::start_with(dir, &files, &[])
    }

    /// Both listeners with those files.
    fn start_with(dir: tempfile::TempDir, files: &Files, more: &[&str]) -> Self {
        let (certificate, key) = (files.certificate.to_str().unwrap(), files.key.to_str().unwrap());
        let mut child = Command::new(env!("CARGO_BIN_EXE_vardkase"))
            .args(["serve", "--json", "--listen", "127.0.0.1:0", "--public-listen", "127.0.0.1:0"])
            .args(["--tls-cert", certificate, "--tls-key", key])
            .args(["--public-tls-cert", certificate, "--public-tls-key", key])
            .args(more)
            .arg("--state")
            .arg(dir.path().join("state"))
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        let mut out = BufReader::new(child.stdout.take().unwrap());
        let mut text = String::new();
        while serde_json::from_str::<Value>(&text).is_err() {
            assert!(out.read_line(&mut text).unwrap() > 0, "it does not start: {text}");
        }
        let said: Value = serde_json::from_str(&text).unwrap();
        let of = |key: &str| said[key].as_str().unwrap().to_owned();
        Self { child, console: of("console"), public: of("public"), said, dir }
    }

    fn path(&self, name: &str) -> String {
        self.dir.path().join(name).to_str().unwrap().to_owned()
    }

    fn status(&self, server: &str, more: &[&str]) -> Ran {
        let args = [&["status", "--server", server][..], more].concat();
        run_with(&args, &[])
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

#[test]
fn the_command_line_reaches_a_console_that_speaks_tls() {
    let server = Server::start();
    assert!(
        server.console.starts_with("https://127.0.0.1:") && server.public.starts_with("https://"),
        "{}",
        server.console
    );
    let plain = server.console.replace("https", "http");
    let named = server.console.replace("127.0.0.1", "localhost");
    let state = server.path("state");
    // On the same machine it knows the certificate, whatever name stands in it and whatever was typed.
    for at in [&server.console, &plain, &named] {
        let ran = server.status(at, &["--state", &state]);
        assert_eq!(ran.code, 0, "{at}: {}{}", ran.out, ran.err);
    }
    // From elsewhere, with the token alone, it must be told whom to believe, and believes nobody else.
    std::fs::copy(Path::new(&state).join("console-token"), server.path("token")).unwrap();
    let (token, ca) = (server.path("token"), server.path("ca.pem"));
    let other = server.path("other.pem");
    std::fs::write(&other, Made::authority("Larm CA").certificate()).unwrap();
    let ran = server.status(&named, &["--token-file", &token, "--ca-file", &ca]);
    assert_eq!(ran.code, 0, "{}{}", ran.out, ran.err);
    for (at, more) in [
        // No authority of this machine, another's, and a name that it does not have.
        (&named, &["--token-file", &token][..]),
        (&named, &["--token-file", &token, "--ca-file", &other]),
        (&server.console, &["--token-file", &token, "--ca-file", &ca]),
        (&named, &["--state", &state, "--ca-file", &other]),
    ] {
        let ran = server.status(at, more);
        assert_eq!(ran.code, 3, "{at} {more:?}: {}{}", ran.out, ran.err);
        assert!(ran.err.contains("certificate") && ran.err.contains("--ca-file"), "{at} {more:?}: {}", ran.err);
    }
    let ran = server.status(&plain, &["--token-file", &token]);
    assert!(ran.code == 3 && ran.err.contains("speaks HTTPS") && ran.err.contains("https://"), "{}", ran.err);
    for (file, why) in [("none.pem", "not there"), ("token", "no certificate")] {
        let ran = server.status(&named, &["--token-file", &token, "--ca-file", &server.path(file)]);
        assert!(ran.code == 2 && ran.err.contains(why), "{file}: {}", ran.err);
    }
}

#[tokio::test]
async fn answers_over_tls_say_to_come_so_again() {
    let server = Server::start();
    let _ = rustls::crypto::ring::default_provider().install_default();
    let ca = reqwest::Certificate::from_pem(&std::fs::read(server.path("ca.pem")).unwrap()).unwrap();
    let client =
        reqwest::Client::builder().tls_certs_only([ca]).no_proxy().timeout(Duration::from_secs(20)).build().unwrap();
    for at in [&server.console, &server.public] {
        let at = at.replace("127.0.0.1", "localhost");
        for path in ["/", "/healthz", "/api/v1/status", "/no/such/page"] {
            let answer = client.get(format!("{at}{path}")).send().await.unwrap();
            let told = answer.headers().get("strict-transport-security").map(|v| v.to_str().unwrap().to_owned());
            assert_eq!(told.as_deref(), Some("max-age=31536000"), "{at}{path}: {}", answer.status());
        }
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn our_own_page_is_read_back_over_tls() {
    let dir = tempfile::tempdir().unwrap();
    let public = Some(lay(dir.path(), "tls", &Made::own("larm.example", LONG)));
    let options = Options {
        operation: vardkase::app::Operation::Real,
        state: dir.path().join("state"),
        second_copy: None,
        public_listen: "127.0.0.1:0".parse().unwrap(),
        listen: "127.0.0.1:0".parse().unwrap(),
        public_url: None,
        console_url: None,
        sign_in: None,
        accept_lost_key: false,
        new: false,
        source: None,
        doors: Doors { public, ..Doors::default() },
        cluster: None,
    };
    let running = start(load(&Source::Shipped).unwrap(), options).await.unwrap();
    assert!(running.public_url().starts_with("https://") && running.console_url().starts_with("http://"));
    report(&running).await;
    release_public(&running).await;
    let shown = |equal: bool| {
        let handle = running.handle.clone();
        async move {
            let all = handle.query(|s, _| {
                let inc = s.incidents.values().next().unwrap();
                inc.messages.iter().filter_map(|m| m.page_equal).collect::<Vec<_>>()
            });
            all.await.unwrap().contains(&equal)
        }
    };
    let begun = std::time::Instant::now();
    while !shown(true).await {
        assert!(
            begun.elapsed() < Duration::from_secs(60),
            "the page was never seen: {:?}",
            running.handle.board().alarms()
        );
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    assert!(!shown(false).await);
    assert!(!running.handle.board().stands("page own"));
    running.stop().await;
}

/// Runs `serve`, which must not start.
fn refused(args: &[&str], lang: &str) -> Ran {
    let dir = tempfile::tempdir().unwrap();
    let state = dir.path().join("state");
    let args = [&["serve", "--state", state.to_str().unwrap()][..], args].concat();
    let ran = run_with(&args, &[("LANG", lang)]);
    assert_eq!(ran.code, 2, "{args:?}: {}{}", ran.out, ran.err);
    assert!(!state.exists(), "{args:?}: nothing was begun");
    ran
}

#[test]
fn what_would_be_open_or_can_not_be_used_does_not_start() {
    let dir = tempfile::tempdir().unwrap();
    let one = lay(dir.path(), "one", &Made::own("larm.example", LONG));
    let path = |path: &Path| path.to_str().unwrap().to_owned();
    let (certificate, key) = (path(&one.certificate), path(&one.key));

    let ran = refused(&["--listen", "0.0.0.0:0"], "C");
    for said in
        ["the console would speak HTTP without TLS on 0.0.0.0:0", "--tls-cert", "proxy on this machine", "--insecure"]
    {
        assert!(ran.err.contains(said), "{said}: {}", ran.err);
    }
    let ran = refused(&["--public-listen", "[::]:0"], "sv_SE.UTF-8");
    for said in ["den publika sidan skulle tala HTTP utan TLS", "--public-tls-cert", "--insecure"] {
        assert!(ran.err.contains(said), "{said}: {}", ran.err);
    }
    // A certificate that can't be used makes nothing else right.
    let ran = refused(&["--listen", "0.0.0.0:0", "--public-tls-cert", &certificate, "--public-tls-key", "none"], "C");
    assert!(ran.err.contains("the console would speak HTTP without TLS on 0.0.0.0:0"), "{}", ran.err);
    for (args, said) in [
        (&["--tls-cert", &certificate][..], "--tls-key"),
        (&["--public-tls-key", &key], "--public-tls-cert"),
        (&["--trusted-proxy", "0.0.0.0/0"], "everybody is no proxy"),
        (&["--trusted-proxy", "10.0.0.1/8"], "10.0.0.0/8"),
    ] {
        let ran = refused(args, "C");
        assert!(ran.err.contains(said), "{args:?}: {}", ran.err);
    }
}

/// Files that can't be used keep nobody from alerting: commands on the server come in, nobody speaks plain HTTP, and it is said.
#[test]
fn broken_files_of_certificates_and_of_a_provider_keep_nothing_from_running() {
    let dir = tempfile::tempdir().unwrap();
    let (one, two) = (Made::own("larm.example", LONG), Made::own("larm.example", LONG));
    let files = Files { key: lay(dir.path(), "two", &two).key, ..lay(dir.path(), "one", &one) };
    let oidc = dir.path().join("oidc.yaml");
    std::fs::write(&oidc, "issuer: [").unwrap();
    let more = ["--console-url", "https://konsol.example", "--oidc", oidc.to_str().unwrap()];
    let server = Server::start_with(dir, &files, &more);
    let wrong: Vec<&str> = server.said["wrong"].as_array().unwrap().iter().map(|w| w.as_str().unwrap()).collect();
    assert_eq!(wrong.len(), 3, "{wrong:?}");
    assert!(wrong[0].contains("two.key is not the certificate's") && wrong[2].contains("oidc.yaml:1"), "{wrong:?}");
    assert!(server.console.starts_with("https://") && server.public.starts_with("https://"));
    let state = server.path("state");
    let ran = run_with(&["status", "--json", "--server", &server.console, "--state", &state], &[]);
    assert_eq!(ran.code, 0, "{}{}", ran.out, ran.err);
    for alarm in ["certificate-stand-in console", "certificate-stand-in public", "sign-in-provider"] {
        assert!(ran.out.contains(alarm), "{alarm}: {}", ran.out);
    }
    for url in [&server.console, &server.public] {
        let mut plain = std::net::TcpStream::connect(url.trim_start_matches("https://")).unwrap();
        std::io::Write::write_all(&mut plain, b"GET / HTTP/1.1\r\nHost: x\r\n\r\n").unwrap();
        let mut answer = String::new();
        let _ = std::io::Read::read_to_string(&mut plain, &mut answer);
        assert!(answer.contains("400: this port speaks HTTPS") && !answer.contains("200 OK"), "{answer}");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_is_plain_on_purpose_stands_as_an_alarm() {
    let dir = tempfile::tempdir().unwrap();
    let options = Options {
        operation: vardkase::app::Operation::Real,
        state: dir.path().join("state"),
        second_copy: None,
        public_listen: "127.0.0.1:0".parse().unwrap(),
        listen: "0.0.0.0:0".parse().unwrap(),
        public_url: None,
        console_url: None,
        sign_in: None,
        accept_lost_key: false,
        new: false,
        source: None,
        doors: Doors { insecure: true, ..Doors::default() },
        cluster: None,
    };
    let running = start(load(&Source::Shipped).unwrap(), options).await.unwrap();
    let alarms = running.handle.board().alarms();
    let alarm = alarms.iter().find(|a| a.name == "plain-http console").unwrap();
    assert!(!alarm.tell && alarms.iter().all(|a| a.name != "plain-http public"), "{alarms:?}");
    running.stop().await;
}
