//! A line between a gateway's client and its far end, on loopback: it can be slow, and it can be cut and mended while the
//! program runs. Knows no protocol.

use std::io;
use std::net::SocketAddr;
use std::sync::{Arc, OnceLock};
use std::time::Duration;

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::watch;
use tokio::task::{JoinHandle, JoinSet};

/// What is carried at one time.
const CHUNK_BYTES_MAX: usize = 64 * 1024;
/// How often the old port is tried when the line is mended and somebody still holds it.
const BIND_EVERY: Duration = Duration::from_millis(50);

/// How a line is.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Line {
    /// Cut: connections break, new ones are refused.
    pub is_up: bool,
    /// Each answer of the far end comes so much later.
    pub latency_ms: u32,
}

impl Default for Line {
    fn default() -> Self {
        Self { is_up: true, latency_ms: 0 }
    }
}

/// A line; cut when this is dropped.
#[derive(Debug)]
pub struct Handle {
    /// Where to connect.
    pub addr: SocketAddr,
    line: watch::Sender<Line>,
    far: Arc<OnceLock<SocketAddr>>,
    task: JoinHandle<()>,
}

impl Handle {
    /// Says where it leads; once.
    pub fn lead_to(&self, far: SocketAddr) {
        // A line that leads somewhere leads there.
        let _ = self.far.set(far);
    }
    /// Changes the line. Cut lines refuse from the moment at which the task has seen it.
    pub fn set(&self, line: Line) {
        self.line.send_replace(line);
    }
    /// How it is, from now on.
    pub fn watch(&self) -> watch::Receiver<Line> {
        self.line.subscribe()
    }
    /// How it is.
    pub fn line(&self) -> Line {
        *self.line.borrow()
    }
}

impl Drop for Handle {
    fn drop(&mut self) {
        self.task.abort();
    }
}

/// Lays a line that leads nowhere yet.
///
/// # Errors
/// When there is no free port.
pub async fn start(line: Line) -> io::Result<Handle> {
    let listener = TcpListener::bind("127.0.0.1:0").await?;
    let addr = listener.local_addr()?;
    let (line, seen) = watch::channel(line);
    let far = Arc::new(OnceLock::new());
    Ok(Handle { addr, line, far: far.clone(), task: tokio::spawn(carry(listener, addr, far, seen)) })
}

async fn carry(first: TcpListener, addr: SocketAddr, far: Arc<OnceLock<SocketAddr>>, mut line: watch::Receiver<Line>) {
    let mut listener = Some(first);
    let mut connections = JoinSet::new();
    loop {
        let is_up = line.borrow_and_update().is_up;
        if !is_up {
            listener = None;
            connections.abort_all();
            if line.changed().await.is_err() {
                return;
            }
            continue;
        }
        let Some(open) = &listener else {
            match TcpListener::bind(addr).await {
                Ok(open) => listener = Some(open),
                Err(_) => tokio::time::sleep(BIND_EVERY).await,
            }
            continue;
        };
        tokio::select! {
            accepted = open.accept() => if let Ok((near, _)) = accepted {
                let line = line.clone();
                let Some(far) = far.get().copied() else { continue };
                connections.spawn(async move {
                    // Whichever side ends it: both connections are closed.
                    let _ = connection(near, far, line).await;
                });
            },
            Some(_) = connections.join_next() => {}
            changed = line.changed() => if changed.is_err() { return },
        }
    }
}

async fn connection(near: TcpStream, far: SocketAddr, line: watch::Receiver<Line>) -> io::Result<()> {
    let far = TcpStream::connect(far).await?;
    near.set_nodelay(true)?;
    far.set_nodelay(true)?;
    let (mut near_in, mut near_out) = near.into_split();
    let (mut far_in, mut far_out) = far.into_split();
    let there = async {
        tokio::io::copy(&mut near_in, &mut far_out).await?;
        far_out.shutdown().await
    };
    let back = async {
        let mut chunk = vec![0; CHUNK_BYTES_MAX];
        loop {
            let n = far_in.read(&mut chunk).await?;
            if n == 0 {
                return near_out.shutdown().await;
            }
            let latency_ms = line.borrow().latency_ms;
            if latency_ms > 0 {
                tokio::time::sleep(Duration::from_millis(latency_ms.into())).await;
            }
            near_out.write_all(&chunk[..n]).await?;
        }
    };
    tokio::try_join!(there, back)?;
    Ok(())
}
