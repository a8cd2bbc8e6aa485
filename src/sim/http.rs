//! Calls of far ends to the program: one request, and the status of its answer. Only `http://` on loopback.

use std::io;
use std::net::SocketAddr;
use std::time::Duration;

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::time::timeout;

/// How long a call may take.
const CALL_TIMEOUT: Duration = Duration::from_secs(5);
/// The longest answer that is read.
const ANSWER_LEN_MAX: u64 = 256 * 1024;

/// What a form is.
pub(super) const FORM: &str = "application/x-www-form-urlencoded";

/// Posts a body; gives the status, or 0 when there was no answer.
pub(super) async fn post(url: &str, content_type: &str, body: &str) -> u16 {
    let Some((host, path)) = url.strip_prefix("http://").and_then(|u| u.split_once('/')) else { return 0 };
    let Some(addr) = host.parse::<SocketAddr>().ok().filter(|a| a.ip().is_loopback()) else { return 0 };
    let exchange = async {
        let mut tcp = TcpStream::connect(addr).await?;
        tcp.set_nodelay(true)?;
        let request = format!(
            "POST /{path} HTTP/1.1\r\nHost: {host}\r\nContent-Type: {content_type}\r\n\
             Content-Length: {}\r\nConnection: close\r\n\r\n{body}",
            body.len()
        );
        tcp.write_all(request.as_bytes()).await?;
        let mut answer = Vec::new();
        tcp.take(ANSWER_LEN_MAX).read_to_end(&mut answer).await?;
        Ok::<_, io::Error>(answer)
    };
    let Ok(Ok(answer)) = timeout(CALL_TIMEOUT, exchange).await else { return 0 };
    String::from_utf8_lossy(&answer).split(' ').nth(1).and_then(|s| s.parse().ok()).unwrap_or(0)
}
