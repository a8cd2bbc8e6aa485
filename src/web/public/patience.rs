//! How long a connection is waited for: one timer for all of its limits, which is moved when it rings. hyper's own limit for heads is a timer
//! for each request, made when the one before is answered and taken back when the head is here: a ninth of what a page costs in
//! instructions.
//!
//! Must not: end anything. Whoever serves the connection does.

use std::io::{self, IoSlice};
use std::pin::{Pin, pin};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::task::{Context, Poll, Wake, Waker};
use std::time::Duration;

use hyper::rt::{Read, ReadBufCursor, Write};
use hyper_util::rt::TokioIo;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::time::{Instant, sleep_until};

/// No head is waited for: one is being answered.
const NOTHING: u64 = u64::MAX;
/// It is answered; the answer is on its way.
const ANSWERED: u64 = u64::MAX - 1;

/// The time of one connection. A request's head is waited for from its begin on, and again from when an answer is written, as
/// [`Patient`] sees.
#[derive(Debug)]
pub(super) struct Patience {
    begun: Instant,
    /// Each head may take so long.
    wait: Duration,
    /// When the head that is waited for is late, in nanoseconds from `begun` on; or [`NOTHING`] or [`ANSWERED`].
    due: AtomicU64,
}

impl Patience {
    /// A connection that begins now.
    pub fn new(wait: Duration) -> Self {
        Self { begun: Instant::now(), wait, due: AtomicU64::new(nanoseconds(wait)) }
    }

    /// A head is here. However long its answer takes, nothing is waited for.
    pub fn is_here(&self) {
        self.due.store(NOTHING, Ordering::Relaxed);
    }

    /// The answer is made. However long it takes to whoever reads slowly, nothing is waited for.
    pub fn is_answered(&self) {
        self.due.store(ANSWERED, Ordering::Relaxed);
    }

    /// hyper reads. While an answer is made or written it does not.
    fn reads(&self) {
        if self.due.load(Ordering::Relaxed) == ANSWERED {
            self.due.store(nanoseconds(self.begun.elapsed() + self.wait), Ordering::Relaxed);
        }
    }

    /// Ends when a head is late, or when the connection has lasted `life`.
    pub async fn ends(&self, life: Duration) {
        loop {
            let now = self.begun.elapsed();
            let due = self.due.load(Ordering::Relaxed);
            if now >= life || nanoseconds(now) >= due {
                return;
            }
            // Whatever is waited for from now on is not due before that.
            let look = (now + self.wait).min(Duration::from_nanos(due)).min(life);
            sleep_until(self.begun + look).await;
        }
    }
}

/// A socket as hyper reads and writes it.
pub(super) struct Patient<'a, S> {
    pub socket: TokioIo<S>,
    pub patience: &'a Patience,
}

impl<S: AsyncRead + Unpin> Read for Patient<'_, S> {
    fn poll_read(mut self: Pin<&mut Self>, cx: &mut Context<'_>, into: ReadBufCursor<'_>) -> Poll<io::Result<()>> {
        self.patience.reads();
        Pin::new(&mut self.socket).poll_read(cx, into)
    }
}

impl<S: AsyncWrite + Unpin> Write for Patient<'_, S> {
    fn poll_write(mut self: Pin<&mut Self>, cx: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.socket).poll_write(cx, bytes)
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.socket).poll_flush(cx)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.socket).poll_shutdown(cx)
    }

    fn is_write_vectored(&self) -> bool {
        self.socket.is_write_vectored()
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        bytes: &[IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.socket).poll_write_vectored(cx, bytes)
    }
}

fn nanoseconds(duration: Duration) -> u64 {
    u64::try_from(duration.as_nanos()).unwrap_or(NOTHING)
}

/// The end of `work`, or of `beside` if that comes first. `beside` is polled only after it was woken itself: what mostly waits costs nothing
/// each time that `work` goes on.
pub(super) async fn unless<W: Future, B: Future>(mut work: Pin<&mut W>, beside: B) -> Result<W::Output, B::Output> {
    let mut beside = pin!(beside);
    let mut bell = Bell::of(Waker::noop());
    std::future::poll_fn(|cx| {
        if !bell.task.will_wake(cx.waker()) {
            bell = Bell::of(cx.waker());
        }
        if let Poll::Ready(end) = work.as_mut().poll(cx) {
            return Poll::Ready(Ok(end));
        }
        if bell.rang.load(Ordering::Relaxed) && bell.rang.swap(false, Ordering::AcqRel) {
            let waker = Waker::from(bell.clone());
            return beside.as_mut().poll(&mut Context::from_waker(&waker)).map(Err);
        }
        Poll::Pending
    })
    .await
}

/// Wakes a task, and knows afterwards that it did.
struct Bell {
    rang: AtomicBool,
    task: Waker,
}

impl Bell {
    /// It has rung: whatever it stands for was not polled yet.
    fn of(task: &Waker) -> Arc<Self> {
        Arc::new(Self { rang: AtomicBool::new(true), task: task.clone() })
    }
}

impl Wake for Bell {
    fn wake(self: Arc<Self>) {
        self.wake_by_ref();
    }

    fn wake_by_ref(self: &Arc<Self>) {
        self.rang.store(true, Ordering::Release);
        self.task.wake_by_ref();
    }
}
