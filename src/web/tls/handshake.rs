//! Handshakes of a listener: bounded in number and time, so that whoever begins one and says no more takes nobody's place.

use std::net::IpAddr;
use std::sync::Arc;
use std::time::Duration;

use rustls::ServerConfig;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tokio::time::timeout;
use tokio_rustls::TlsAcceptor;
use tokio_rustls::server::TlsStream;

use super::Certificates;
use crate::domain::lang::Lang;
use crate::web::places::{Addresses, Counted};
use crate::words::tls as words;

/// A handshake must end within this time.
pub const HANDSHAKE_TIMEOUT: Duration = Duration::from_secs(5);
/// And one that has taken this long makes room when all places for handshakes are taken: a flood of half-open ones passes quickly.
pub const HURRIED_TIMEOUT: Duration = Duration::from_secs(2);
/// Of the places for handshakes one address may have one part in so many. A hospital's whole staff may come from one.
const ADDRESS_SHARE: usize = 2;
/// The first byte of a handshake (RFC 8446 5.1).
const HANDSHAKE: u8 = 22;
/// So much of a plain request is read away, so that its sender gets to read the answer.
const PLAIN_BYTES_MAX: u64 = 16 * 1024;

/// Begins the answer to a request without TLS.
pub const PLAIN_REFUSED: &str = "400: this port speaks HTTPS";

/// The handshakes of one listener.
#[derive(Clone)]
pub struct Handshakes {
    config: Arc<ServerConfig>,
    places: Arc<Semaphore>,
    per_address_max: usize,
    addresses: Arc<Addresses>,
}

/// A place for one handshake.
#[derive(Debug)]
pub struct Turn(#[expect(dead_code, reason = "held")] OwnedSemaphorePermit);

impl Handshakes {
    /// At most `max` at one time.
    pub fn new(certificates: &Certificates, max: usize) -> Self {
        let max = max.clamp(ADDRESS_SHARE, Semaphore::MAX_PERMITS);
        let places = Arc::new(Semaphore::new(max));
        let per_address_max = max / ADDRESS_SHARE;
        Self { config: certificates.config(), places, per_address_max, addresses: Arc::default() }
    }

    /// Waits for a place. Further connections wait in the system's queue meanwhile.
    pub async fn turn(&self) -> Option<Turn> {
        self.places.clone().acquire_owned().await.ok().map(Turn)
    }

    /// One more of that address; `None` when it has its share. A proxy that speaks for many has no bound.
    pub fn count(&self, address: IpAddr, is_proxy: bool) -> Option<Counted> {
        self.addresses.count(address, if is_proxy { usize::MAX } else { self.per_address_max })
    }

    /// The handshake. `None`: it did not come about in time; whoever spoke HTTP was told.
    pub async fn shake(&self, socket: TcpStream, _turn: &Turn) -> Option<TlsStream<TcpStream>> {
        let handshake = async {
            let mut first = [0];
            if socket.peek(&mut first).await.ok()? == 0 {
                return None;
            }
            if first[0] != HANDSHAKE && first[0].is_ascii_uppercase() {
                refuse_plain(socket).await;
                return None;
            }
            TlsAcceptor::from(self.config.clone()).accept(socket).await.ok()
        };
        tokio::select! {
            ended = timeout(HANDSHAKE_TIMEOUT, handshake) => ended.ok().flatten(),
            () = self.is_full_after(HURRIED_TIMEOUT) => None,
        }
    }

    /// Ends when others wait for a place at one of the looks that are so far apart.
    async fn is_full_after(&self, look_every: Duration) {
        loop {
            tokio::time::sleep(look_every).await;
            if self.places.available_permits() == 0 {
                return;
            }
        }
    }
}

/// Says that it takes HTTPS.
async fn refuse_plain(mut socket: TcpStream) {
    let body = format!("{PLAIN_REFUSED}\n{}\n{}\n", words::WRITE_HTTPS.say(Lang::EN), words::WRITE_HTTPS.say(Lang::SV));
    let answer = format!(
        "HTTP/1.1 400 Bad Request\r\nContent-Type: text/plain; charset=utf-8\r\nContent-Length: {}\r\nConnection: close\r\n\r\n{body}",
        body.len()
    );
    if socket.write_all(answer.as_bytes()).await.is_err() || socket.shutdown().await.is_err() {
        return;
    }
    // Closed with bytes that nobody has read, a socket takes back what it said (RFC 9112 9.6).
    let _ = tokio::io::copy(&mut socket.take(PLAIN_BYTES_MAX), &mut tokio::io::sink()).await;
}
