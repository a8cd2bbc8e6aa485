//! Submits a second: ours beside Kannel's own way from HTTP to SMPP, in one run, to the same far end, which keeps nothing.

use std::time::{Duration, Instant};

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::sync::{mpsc, watch};
use vardkase::gateways::smpp::{Smpp, SmppConfig};
use vardkase::gateways::{Gateway, GatewayEvent, Secret};
use vardkase::sim::Far;
use vardkase::sim::smpp::{Opts, SimSmsc};

use super::port;
use super::sms_far::{PATIENCE, job};
use crate::gateways::smpp::outgoing;

/// Clients of Kannel's HTTP interface at the same time, each on a connection that is kept.
const CLIENTS: usize = 8;
const BY_KANNEL: usize = 2_000;
const BY_US: u32 = 40_000;
/// Kannel's own default.
const WINDOW: u16 = 10;

async fn sends(kannel: u16, n: usize) {
    let mut tcp = TcpStream::connect(("127.0.0.1", kannel)).await.expect("Kannel");
    tcp.set_nodelay(true).expect("a socket");
    let mut answer = Vec::new();
    for k in 0..n {
        let request = format!(
            "GET /cgi-bin/sendsms?username=tester&password=foobar&from=72112&to=%2B4670174{k:04}&text=14-2+ABCDEF+Larm. \
             HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n"
        );
        tcp.write_all(request.as_bytes()).await.expect("writes");
        answer.clear();
        while !answer.ends_with(b"delivery") && !answer.ends_with(b"later") {
            assert_ne!(tcp.read_buf(&mut answer).await.expect("reads"), 0, "{}", String::from_utf8_lossy(&answer));
        }
        assert!(answer.starts_with(b"HTTP/1.1 202"), "{}", String::from_utf8_lossy(&answer));
    }
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "needs the real server: tests/peers/speed_smpp.sh"]
async fn beside_kannel() {
    let opts = || Opts { sink: true, by_ending: false, ..Opts::default() };
    let at = format!("127.0.0.1:{}", port("SINK_PORT"));
    let sink = SimSmsc::start_at(&at, Far::default(), "sink", opts()).await.expect("the port");
    tokio::time::timeout(PATIENCE, sink.bound(1)).await.expect("Kannel binds");
    let began = Instant::now();
    let clients: Vec<_> = (0..CLIENTS).map(|_| tokio::spawn(sends(port("KANNEL_PORT"), BY_KANNEL / CLIENTS))).collect();
    for client in clients {
        client.await.expect("sends");
    }
    while sink.submits() < BY_KANNEL {
        assert!(began.elapsed() < PATIENCE, "{} of {BY_KANNEL}", sink.submits());
        tokio::time::sleep(Duration::from_millis(2)).await;
    }
    let kannel = BY_KANNEL as f64 / began.elapsed().as_secs_f64();

    let sink = SimSmsc::start(Far::default(), "sink", opts()).await.expect("a port");
    let config = SmppConfig {
        port: sink.addr.port(),
        system_id: "tester".into(),
        password: Some(Secret::new("secret")),
        from: "72112".into(),
        window_max: WINDOW,
        receipts: false,
        ..SmppConfig::default()
    };
    let (jobs, job_receiver) = mpsc::channel(256);
    let (event_sender, mut events) = mpsc::channel(256);
    let (_stop, stopped) = watch::channel(false);
    tokio::spawn(async move { Smpp::new("sms".into(), config).run(job_receiver, event_sender, stopped).await });
    sink.bound(1).await;
    let out = outgoing("Larm.");
    let began = Instant::now();
    tokio::spawn(async move {
        for n in 0..BY_US {
            jobs.send(job(n, "+46701740605", &out)).await.expect("runs");
        }
        std::future::pending::<()>().await;
    });
    let mut accepted = 0;
    while accepted < BY_US {
        match events.recv().await.expect("runs") {
            GatewayEvent::Outcome { result: Ok(_), .. } => accepted += 1,
            GatewayEvent::Down { cause: None, .. } => {}
            other => panic!("{other:?}"),
        }
    }
    let ours = f64::from(BY_US) / began.elapsed().as_secs_f64();
    println!("SPEED kannel {kannel:.0} submits/s; ours {ours:.0} submits/s; ratio {:.1}", ours / kannel);
}
