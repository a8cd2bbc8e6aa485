//! What comes from outside is read up to a limit that has a name: answers over HTTP, files that others write. What is longer is
//! refused as soon as that is known, and never held whole first.
//!
//! Must not: decide what a failure means; the reader knows whether it may be tried again.

use std::fmt;
use std::fs::{File, Metadata};
use std::io::{self, Read};
use std::os::unix::fs::FileTypeExt;
use std::path::Path;

use rustix::fs::{Mode, OFlags};

/// A file with the certificates of authorities: the system's own bundle is below a tenth of it.
const CA_FILE_BYTES_MAX: u64 = 4 << 20;

/// Why the body of an answer could not be read.
#[derive(Debug)]
pub enum BodyError {
    /// It has more bytes than this.
    TooLong(usize),
    /// It ended early, or too late.
    BrokeOff(reqwest::Error),
}

impl fmt::Display for BodyError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::TooLong(bytes_max) => write!(f, "the answer has more than {bytes_max} bytes"),
            Self::BrokeOff(error) => write!(f, "the answer broke off: {}", innermost(error)),
        }
    }
}

/// The body of an answer, at most `bytes_max` of it.
///
/// # Errors
/// It is longer, or it broke off.
pub async fn read_body(mut response: reqwest::Response, bytes_max: usize) -> Result<Vec<u8>, BodyError> {
    if response.content_length().is_some_and(|len| len > bytes_max as u64) {
        return Err(BodyError::TooLong(bytes_max));
    }
    let mut body = Vec::new();
    while let Some(chunk) = response.chunk().await.map_err(BodyError::BrokeOff)? {
        if body.len() + chunk.len() > bytes_max {
            return Err(BodyError::TooLong(bytes_max));
        }
        body.extend_from_slice(&chunk);
    }
    Ok(body)
}

/// Why a call was not answered, in words that give nothing of it away.
pub fn no_answer(error: &reqwest::Error) -> &'static str {
    match error {
        e if e.is_timeout() => "no answer in time",
        e if e.is_connect() => "it can't be reached",
        _ => "no answer",
    }
}

/// The innermost reason why a call failed. The outer ones repeat the address, which may hold a user, a number or a text.
pub fn innermost(error: &reqwest::Error) -> String {
    let mut reason: Option<&dyn std::error::Error> = std::error::Error::source(error);
    while let Some(next) = reason.and_then(std::error::Error::source) {
        reason = Some(next);
    }
    reason.map_or_else(|| "no reason given".into(), ToString::to_string)
}

/// A file, at most `bytes_max` of it. What its size is said to be is not asked: it may grow. What is no file (a named pipe, which
/// would be waited at for ever, a device, a socket, a folder) is refused before it is read.
///
/// # Errors
/// It can't be read, is no file, or is longer ([`io::ErrorKind::FileTooLarge`]).
pub fn read_file(path: &Path, bytes_max: u64) -> io::Result<Vec<u8>> {
    // Asked first, since opening a device may do something; and again of what was opened, since it may have been put there between.
    is_file(&std::fs::metadata(path)?)?;
    // A named pipe would be waited at; a terminal would become ours.
    let flags = OFlags::RDONLY | OFlags::NONBLOCK | OFlags::NOCTTY | OFlags::CLOEXEC;
    let file = File::from(rustix::fs::open(path, flags, Mode::empty())?);
    is_file(&file.metadata()?)?;
    let mut bytes = Vec::new();
    file.take(bytes_max.saturating_add(1)).read_to_end(&mut bytes)?;
    if bytes.len() as u64 > bytes_max {
        return Err(io::Error::new(io::ErrorKind::FileTooLarge, format!("it has more than {bytes_max} bytes")));
    }
    Ok(bytes)
}

/// Whether it is a file: in words what it is instead.
fn is_file(metadata: &Metadata) -> io::Result<()> {
    let kind = metadata.file_type();
    let what = match kind {
        _ if kind.is_file() => return Ok(()),
        _ if kind.is_dir() => "it is a folder, not a file",
        _ if kind.is_fifo() => "it is a named pipe, not a file",
        _ if kind.is_socket() => "it is a socket, not a file",
        _ => "it is a device, not a file",
    };
    Err(io::Error::new(io::ErrorKind::InvalidInput, what))
}

/// Why a file could not be read, in plain words.
pub fn why(error: &io::Error) -> String {
    match error.kind() {
        io::ErrorKind::NotFound => "it is not there".into(),
        io::ErrorKind::PermissionDenied => "the user that runs this program may not read it".into(),
        _ if error.raw_os_error() == Some(rustix::io::Errno::LOOP.raw_os_error()) => "it is a link to itself".into(),
        io::ErrorKind::NotADirectory => "a part of its path is no folder".into(),
        _ => error.to_string(),
    }
}

/// A file of text, at most `bytes_max` of it.
///
/// # Errors
/// As [`read_file`]; or it is not UTF-8 ([`io::ErrorKind::InvalidData`]).
pub fn read_text(path: &Path, bytes_max: u64) -> io::Result<String> {
    String::from_utf8(read_file(path, bytes_max)?)
        .map_err(|_| io::Error::new(io::ErrorKind::InvalidData, "it is not UTF-8"))
}

/// The certificates of the authorities that a far end may be vouched for by, from a PEM file.
///
/// # Errors
/// It can't be read, is too long, or is not PEM; in words.
pub fn read_ca_file(path: &Path) -> Result<Vec<reqwest::Certificate>, String> {
    let pem = read_file(path, CA_FILE_BYTES_MAX).map_err(|e| why(&e))?;
    let all = reqwest::Certificate::from_pem_bundle(&pem).unwrap_or_default();
    match all.is_empty() {
        true => Err("it holds no certificate: a file in PEM begins with -----BEGIN CERTIFICATE-----".into()),
        false => Ok(all),
    }
}

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, reason = "tests")]

    use std::io::Write;
    use std::net::TcpListener;

    use super::*;

    /// Answers one request with these headers, then with a body that ends when the other side has had enough.
    fn endless(head: &'static str) -> String {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let url = format!("http://{}/", listener.local_addr().unwrap());
        std::thread::spawn(move || {
            let (mut stream, _) = listener.accept().unwrap();
            let _ = stream.read(&mut [0; 1024]);
            let _ = stream.write_all(head.as_bytes());
            while stream.write_all(&[b'x'; 4096]).is_ok() {}
        });
        url
    }

    async fn get(url: &str) -> Result<Vec<u8>, BodyError> {
        let client = reqwest::Client::builder().no_proxy().build().unwrap();
        read_body(client.get(url).send().await.unwrap(), 10_000).await
    }

    #[tokio::test]
    async fn an_endless_body_is_left_at_the_limit() {
        let _ = rustls::crypto::ring::default_provider().install_default();
        for head in [
            "HTTP/1.1 200 OK\r\n\r\n",
            "HTTP/1.1 200 OK\r\nContent-Length: 10001\r\n\r\n",
            "HTTP/1.1 200 OK\r\nContent-Length: 9223372036854775807\r\n\r\n",
        ] {
            let read = get(&endless(head)).await;
            assert!(matches!(read, Err(BodyError::TooLong(10_000))), "{head}: {read:?}");
        }
    }

    #[tokio::test]
    async fn a_body_of_just_the_limit_is_read_whole() {
        let _ = rustls::crypto::ring::default_provider().install_default();
        let read = get(&endless("HTTP/1.1 200 OK\r\nContent-Length: 10000\r\n\r\n")).await;
        assert_eq!(read.unwrap().len(), 10_000);
    }

    #[test]
    fn a_file_is_read_up_to_its_limit() {
        let dir = tempfile::tempdir().unwrap();
        let file = dir.path().join("f");
        std::fs::write(&file, "åäö").unwrap();
        assert_eq!(read_text(&file, 6).unwrap(), "åäö");
        assert_eq!(read_file(&file, 5).unwrap_err().kind(), io::ErrorKind::FileTooLarge);
        std::fs::write(&file, b"\xff").unwrap();
        assert_eq!(read_text(&file, 5).unwrap_err().kind(), io::ErrorKind::InvalidData);
        // What never ends, and what nobody writes to: refused at once.
        let pipe = dir.path().join("pipe");
        rustix::fs::mknodat(rustix::fs::CWD, &pipe, rustix::fs::FileType::Fifo, Mode::RUSR, 0).unwrap();
        let _socket = std::os::unix::net::UnixListener::bind(dir.path().join("socket")).unwrap();
        std::os::unix::fs::symlink("/dev/zero", dir.path().join("zero")).unwrap();
        for (path, what) in [
            (Path::new("/dev/zero"), "a device"),
            (&dir.path().join("zero"), "a device"),
            (&pipe, "a named pipe"),
            (&dir.path().join("socket"), "a socket"),
            (dir.path(), "a folder"),
        ] {
            let error = read_file(path, 5).unwrap_err().to_string();
            assert_eq!(error, format!("it is {what}, not a file"));
        }
        assert_eq!(why(&read_file(&dir.path().join("x"), 5).unwrap_err()), "it is not there");
    }
}
