//! Sockets of the console's listener: bounded in number, size and time.

use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use hyper_util::rt::{TokioIo, TokioTimer};
use hyper_util::service::TowerToHyperService;
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{OwnedSemaphorePermit, Semaphore};

use crate::gateways::Stop;

/// Connections at one time. Further ones wait in the system's queue.
pub const CONNECTIONS_MAX: usize = 512;
/// Bytes of request line and headers.
const HEADER_BYTES_MAX: usize = 16 * 1024;
/// A request's headers must be here within this time; an idle connection is kept as long.
const HEADER_TIMEOUT: Duration = Duration::from_secs(15);
/// A connection as a whole; browsers open another.
const CONNECTION_TIMEOUT: Duration = Duration::from_secs(600);
/// What is being answered may take so long when the program is going down.
const DRAIN_TIMEOUT: Duration = Duration::from_secs(5);
/// A failed accept is tried again after this: mostly descriptors that others free.
const ACCEPT_PAUSE: Duration = Duration::from_millis(50);

/// Serves until `stop` turns true; then what is being answered ends first.
pub async fn serve(listener: TcpListener, router: Router, mut stop: Stop) {
    let places = Arc::new(Semaphore::new(CONNECTIONS_MAX));
    loop {
        let accepted = tokio::select! {
            _ = stop.wait_for(|s| *s) => break,
            accepted = accept(&listener, &places) => accepted,
        };
        match accepted {
            Ok((place, socket)) => {
                tokio::spawn(connection(socket, router.clone(), stop.clone(), place));
            }
            Err(e) => {
                tracing::warn!(error = %e, "the console's listener could not accept a connection");
                tokio::time::sleep(ACCEPT_PAUSE).await;
            }
        }
    }
    drop(listener);
    let all = u32::try_from(CONNECTIONS_MAX).unwrap_or(u32::MAX);
    let _ = tokio::time::timeout(DRAIN_TIMEOUT, places.acquire_many(all)).await;
}

async fn accept(listener: &TcpListener, places: &Arc<Semaphore>) -> std::io::Result<(OwnedSemaphorePermit, TcpStream)> {
    let place = places.clone().acquire_owned().await.map_err(std::io::Error::other)?;
    let (socket, _) = listener.accept().await?;
    let _ = socket.set_nodelay(true);
    Ok((place, socket))
}

async fn connection(socket: TcpStream, router: Router, mut stop: Stop, _place: OwnedSemaphorePermit) {
    let mut http = hyper::server::conn::http1::Builder::new();
    http.timer(TokioTimer::new()).header_read_timeout(HEADER_TIMEOUT).max_buf_size(HEADER_BYTES_MAX);
    let connection = http.serve_connection(TokioIo::new(socket), TowerToHyperService::new(router));
    tokio::pin!(connection);
    let work = async {
        tokio::select! {
            // What a browser does to its connection is its own affair.
            _ = connection.as_mut() => return,
            _ = stop.wait_for(|s| *s) => {}
        }
        connection.as_mut().graceful_shutdown();
        let _ = connection.await;
    };
    let _ = tokio::time::timeout(CONNECTION_TIMEOUT, work).await;
}
