//! Whoever is slow or silent, in virtual time, on a connection of its own.

#![expect(clippy::unwrap_used, reason = "tests")]

use std::net::IpAddr;
use std::pin::pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};
use std::task::Poll;
use std::time::Duration;

use tokio::io::{AsyncReadExt, AsyncWriteExt, DuplexStream};
use tokio::sync::{Semaphore, oneshot, watch};
use tokio::time::{Instant, sleep, timeout};

use super::patience::unless;
use super::serve::{Connection, House};
use super::*;
use crate::domain::lang::Lang;
use crate::gateways::Boxed;
use crate::web::door::Door;
use crate::web::places::Addresses;

const HEAD_S: u64 = 10;
const PAGE: &str = "GET / HTTP/1.1\r\nHost: x\r\n\r\n";
const SLOW: &str = "GET /a/slow HTTP/1.1\r\nHost: x\r\n\r\n";
/// How long what acts takes.
const SLOW_S: u64 = 9;

/// What takes a slow reader a minute.
const LONG_BYTES: usize = 60 * 1024;

struct Slow;
impl Dynamic for Slow {
    fn call(&self, _: Call) -> Boxed<'_, Answer> {
        Box::pin(async {
            sleep(Duration::from_secs(SLOW_S)).await;
            Answer::text(hyper::StatusCode::OK, "done")
        })
    }
}

struct Far {
    far: DuplexStream,
    begun: Instant,
    stop: watch::Sender<bool>,
    task: tokio::task::JoinHandle<Instant>,
}

fn connect() -> Far {
    connect_through(64 * 1024)
}

/// The line between holds so many bytes.
fn connect_through(line_bytes: usize) -> Far {
    let site = Arc::new(PublicSite::new());
    let page = Published::html("<p>Normal", Lang::EN, "2026-11-22T16:30:00Z".parse().unwrap());
    let long = Published::file("x".repeat(LONG_BYTES), "text/plain", "2026-11-22T16:30:00Z".parse().unwrap());
    site.publish([("/".into(), Arc::new(page)), ("/long".into(), Arc::new(long))].into());
    let limits = Limits { header_timeout_s: 10, connection_s_max: 300, drain_s: 5, ..Limits::default() };
    let places = Arc::new(Semaphore::new(limits.connections_max));
    let place = places.clone().try_acquire_owned().unwrap();
    let public = Public { site, dynamic: Arc::new(Slow), limits, door: Door::default() };
    let address = IpAddr::from([192, 0, 2, 1]);
    let visitor = public.door.visitor(address);
    let house = Arc::new(House { public, calls: Semaphore::new(1), places });
    let counted = Arc::new(Addresses::default()).count(address, 1).unwrap();
    let (far, near) = tokio::io::duplex(line_bytes);
    let (stop, stopped) = watch::channel(false);
    let task = tokio::spawn(async move {
        Connection { house, visitor, _counted: counted }.serve(near, place, stopped).await;
        Instant::now()
    });
    Far { far, begun: Instant::now(), stop, task }
}

impl Far {
    async fn after(&self, s: u64) {
        tokio::time::sleep_until(self.begun + Duration::from_secs(s)).await;
    }
    async fn says(&mut self, bytes: &str) {
        self.far.write_all(bytes.as_bytes()).await.unwrap();
    }
    /// Asks, and reads to the end of the answer.
    async fn asks(&mut self, request: &str) {
        self.says(request).await;
        let mut all = Vec::new();
        while !(all.ends_with(b"<p>Normal") || all.ends_with(b"done")) {
            assert!(self.far.read_buf(&mut all).await.unwrap() > 0, "it ended");
        }
        assert!(all.starts_with(b"HTTP/1.1 200 OK\r\n"));
    }
    /// After how many seconds it was let go; a millisecond is what timers are rounded by.
    async fn let_go(mut self) -> u64 {
        let mut rest = Vec::new();
        self.far.read_to_end(&mut rest).await.unwrap();
        assert!(rest.is_empty(), "nothing more is said");
        let after = self.task.await.unwrap() - self.begun;
        assert!(after.subsec_millis() <= 1, "{after:?}");
        after.as_secs()
    }
}

#[tokio::test(start_paused = true)]
async fn whoever_is_silent_or_never_done_is_let_go_when_a_head_is_late() {
    assert_eq!(connect().let_go().await, HEAD_S, "silent");
    let mut drips = connect();
    for (s, byte) in PAGE.bytes().enumerate().take(10) {
        drips.after(u64::try_from(s).unwrap()).await;
        drips.says(&char::from(byte).to_string()).await;
    }
    assert_eq!(drips.let_go().await, HEAD_S, "a byte a second");
}

#[tokio::test(start_paused = true)]
async fn an_idle_connection_is_kept_as_long_as_a_head_may_take() {
    let mut idle = connect();
    for s in [0, 7, 8, 17] {
        idle.after(s).await;
        idle.asks(PAGE).await;
    }
    assert_eq!(idle.let_go().await, 17 + HEAD_S);
    let mut half = connect();
    half.after(3).await;
    half.asks(PAGE).await;
    half.after(12).await;
    half.says("GET / HT").await;
    assert_eq!(half.let_go().await, 3 + HEAD_S, "the second head began, and is as late");
}

#[tokio::test(start_paused = true)]
async fn what_takes_its_time_here_is_nobodys_delay_out_there() {
    let mut slow = connect();
    slow.after(8).await;
    slow.asks(SLOW).await;
    slow.after(8 + SLOW_S + 9).await;
    slow.asks(SLOW).await;
    assert_eq!(slow.let_go().await, 8 + SLOW_S + 9 + SLOW_S + HEAD_S);
}

#[tokio::test(start_paused = true)]
async fn a_slow_reader_gets_all_of_a_long_page() {
    for close in ["", "Connection: close\r\n"] {
        let mut reader = connect_through(1024);
        reader.says(&format!("GET /long HTTP/1.1\r\nHost: x\r\n{close}\r\n")).await;
        let (mut all, mut s) = (Vec::new(), 0);
        while all.iter().filter(|b| **b == b'x').count() < LONG_BYTES {
            s += 1;
            reader.after(s).await;
            let mut some = [0; 1024];
            let n = reader.far.read(&mut some).await.unwrap();
            assert!(n > 0, "it ended after {s} s");
            all.extend_from_slice(&some[..n]);
        }
        assert!((60..70).contains(&s), "{s}");
        // The last of it went into the line a second before it was read.
        let kept = if close.is_empty() { s - 1 + HEAD_S } else { s };
        assert!(kept.abs_diff(reader.let_go().await) <= 1, "{close}");
    }
}

#[tokio::test(start_paused = true)]
async fn no_connection_lasts_for_ever() {
    let mut busy = connect();
    for s in (0..300).step_by(9) {
        busy.after(s).await;
        busy.asks(PAGE).await;
    }
    assert_eq!(busy.let_go().await, 300);
    let mut acting = connect();
    for s in (0..298).step_by(9) {
        acting.after(s).await;
        acting.asks(PAGE).await;
    }
    acting.says(SLOW).await;
    assert_eq!(acting.let_go().await, 300, "whatever goes on");
}

#[tokio::test(start_paused = true)]
async fn going_down_waits_for_an_answer_and_for_nobody_idle() {
    let mut idle = connect();
    idle.asks(PAGE).await;
    idle.stop.send_replace(true);
    assert_eq!(idle.let_go().await, 0);
    let mut asked = connect();
    asked.says(SLOW).await;
    asked.after(6).await;
    asked.stop.send_replace(true);
    let mut answer = String::new();
    asked.far.read_to_string(&mut answer).await.unwrap();
    assert!(answer.contains("connection: close") && answer.ends_with("done"), "{answer}");
    assert_eq!(asked.let_go().await, SLOW_S);
    let mut late = connect();
    late.says(SLOW).await;
    late.after(1).await;
    late.stop.send_replace(true);
    assert_eq!(late.let_go().await, 1 + 5, "and not for ever");
}

#[tokio::test(start_paused = true)]
async fn what_waits_beside_is_polled_when_it_was_woken_and_its_end_is_seen() {
    let polled = AtomicU32::new(0);
    let (ends, ended) = oneshot::channel();
    let beside = async {
        let mut ended = pin!(ended);
        std::future::poll_fn(|cx| {
            polled.fetch_add(1, Ordering::Relaxed);
            ended.as_mut().poll(cx)
        })
        .await
    };
    let work = async {
        for _ in 0..100 {
            sleep(Duration::from_millis(10)).await;
        }
        ends.send(7).unwrap();
        std::future::pending::<()>().await;
    };
    assert_eq!(unless(pin!(work), beside).await, Err(Ok(7)));
    assert_eq!(polled.load(Ordering::Relaxed), 2);

    // Whoever polls from another task later is the one who is woken.
    let (ends, ended) = oneshot::channel::<u32>();
    let mut both = Box::pin(async move { unless(pin!(std::future::pending::<()>()), ended).await });
    assert!(std::future::poll_fn(|cx| Poll::Ready(both.as_mut().poll(cx))).await.is_pending());
    let other = tokio::spawn(both);
    tokio::task::yield_now().await;
    ends.send(8).unwrap();
    assert_eq!(timeout(Duration::from_secs(1), other).await.unwrap().unwrap(), Err(Ok(8)));
    // And work that ends comes first.
    assert_eq!(unless(pin!(async { 1 }), async { 2 }).await, Ok(1));
}
