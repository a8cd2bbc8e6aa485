//! Moves bytes between a connection and its [`Session`]: one task, reads and writes in batches, every wait bounded.

use std::time::Duration;

use tokio::io::{AsyncReadExt, AsyncWrite, AsyncWriteExt};
use tokio::sync::mpsc;
use tokio::sync::mpsc::error::TrySendError;
use tokio::time::{Instant, MissedTickBehavior, interval, sleep_until};

use super::connect::Wire;
use super::session::Session;
use crate::gateways::{Events, Job, Jobs, Stop};

/// How often timeouts are looked at.
const TICK: Duration = Duration::from_millis(500);
/// Read at once. At some 40 octets an answer that is a window of a thousand.
const READ_LEN: usize = 64 * 1024;
/// With more to tell or to write than that, nothing further is read.
const EVENTS_WAITING_MAX: usize = 10_000;
const WRITE_WAITING_MAX: usize = 1024 * 1024;
/// For the answer to our good-bye.
const UNBIND_TIMEOUT: Duration = Duration::from_secs(2);

/// The jobs, shared by the sessions of a gateway: whichever has room takes the next.
pub type SharedJobs = tokio::sync::Mutex<Jobs>;

/// How it ended.
#[derive(Debug, PartialEq, Eq)]
pub enum End {
    /// The program is going down, or nobody gives jobs any more.
    Done,
    /// The connection or the session broke. All that was taken has its outcome.
    Broken(String),
}

/// Serves a bound connection until it ends. `jobs` is `None` on a connection that only receives.
pub async fn serve(
    session: &mut Session,
    wire: impl Wire,
    mut input: Vec<u8>,
    jobs: Option<&SharedJobs>,
    out: &Events,
    stop: &mut Stop,
) -> End {
    let (let_go, mut let_gone) = mpsc::unbounded_channel();
    session.hold(let_go);
    let (mut reader, mut writer) = tokio::io::split(wire);
    let mut tick = interval(TICK);
    tick.set_missed_tick_behavior(MissedTickBehavior::Delay);
    let mut batch: Vec<Job> = Vec::new();
    let mut written = 0;
    let mut flushed = true;
    let mut closing = *stop.borrow();
    let mut good_bye: Option<Instant> = None;
    if closing {
        session.give_back();
    }
    let why = loop {
        let now = Instant::now();
        match session.heard(&input, now) {
            Ok(used) => drop(input.drain(..used)),
            Err(broken) => {
                // The answer to the gateway's good-bye is worth one try; submits before it may go out with it.
                let _ = tokio::time::timeout(TICK, writer.write_all(&session.out[written..])).await;
                written = session.out.len();
                break broken.0;
            }
        }
        while let Some(event) = session.events.pop_front() {
            match out.try_send(event) {
                Ok(()) => {}
                Err(TrySendError::Full(event)) => {
                    session.events.push_front(event);
                    break;
                }
                // Nobody listens: there is no one to work for.
                Err(TrySendError::Closed(_)) => return End::Done,
            }
        }
        let mut room = if closing { 0 } else { session.room(now) };
        if let Some(mut jobs) = jobs.filter(|_| room > 0).and_then(|jobs| jobs.try_lock().ok()) {
            while room > 0 && !jobs.is_empty() {
                let Ok(job) = jobs.try_recv() else { break };
                session.take(&job);
                room -= 1;
            }
        }
        session.pump(now);
        if closing && good_bye.is_none() && session.idle() && session.events.is_empty() && session.holds_nothing() {
            session.say_unbind();
            good_bye = Some(now + UNBIND_TIMEOUT);
        }
        if good_bye.is_some_and(|until| session.unbound || now >= until) {
            return End::Done;
        }
        let reads = session.events.len() < EVENTS_WAITING_MAX && session.out.len() < WRITE_WAITING_MAX;
        let paced = session.wait_until(now).unwrap_or(now);
        input.reserve(READ_LEN);
        tokio::select! {
            biased;
            read = reader.read_buf(&mut input), if reads => match read {
                Ok(0) => break "the gateway closed the connection".to_owned(),
                Ok(_) => {}
                Err(e) => break format!("reading: {e}"),
            },
            sent = write_or_flush(&mut writer, &session.out[written..]), if !flushed || !session.out.is_empty() => match sent {
                Ok(None) => flushed = true,
                Ok(Some(0)) => break "writing: the connection takes nothing".to_owned(),
                Ok(Some(n)) => {
                    written += n;
                    flushed = false;
                    if written == session.out.len() {
                        session.written();
                        written = 0;
                    }
                }
                Err(e) => break format!("writing: {e}"),
            },
            Some(sequence) = let_gone.recv() => session.let_go(sequence),
            taken = next_jobs(jobs, &mut batch, room), if !closing && room > 0 => match taken {
                0 => closing = true,
                _ => batch.drain(..).for_each(|job| session.take(&job)),
            },
            permit = out.reserve(), if !session.events.is_empty() => match (permit, session.events.pop_front()) {
                (Ok(permit), Some(event)) => permit.send(event),
                _ => return End::Done,
            },
            () = sleep_until(paced), if paced > now => {}
            _ = tick.tick() => if let Err(broken) = session.tick(Instant::now()) { break broken.0 },
            _ = stopped(stop), if !closing => {
                closing = true;
                session.give_back();
            }
        }
    };
    session.broken(written, &why);
    while let Some(event) = session.events.pop_front() {
        if out.send(event).await.is_err() {
            return End::Done;
        }
    }
    if closing { End::Done } else { End::Broken(why) }
}

/// Writes what there is, or flushes what was written (TLS keeps some back). `None`: flushed. Dropping it loses nothing.
async fn write_or_flush(writer: &mut (impl AsyncWrite + Unpin), pending: &[u8]) -> std::io::Result<Option<usize>> {
    if pending.is_empty() { writer.flush().await.map(|()| None) } else { writer.write(pending).await.map(Some) }
}

async fn next_jobs(jobs: Option<&SharedJobs>, batch: &mut Vec<Job>, room: usize) -> usize {
    match jobs {
        Some(jobs) => jobs.lock().await.recv_many(batch, room).await,
        None => std::future::pending().await,
    }
}

/// Ends when the program is going down. A sender that is gone says nothing: then it never ends.
pub async fn stopped(stop: &mut Stop) {
    if stop.wait_for(|stop| *stop).await.is_err() {
        std::future::pending::<()>().await;
    }
}

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, reason = "tests")]

    use std::sync::{Arc, Mutex};

    use tokio::io::{AsyncReadExt, AsyncWriteExt, DuplexStream, duplex};
    use tokio::sync::{mpsc, watch};

    use super::super::config::SmppConfig;
    use super::super::receipts::Book;
    use super::*;
    use crate::domain::delivery::SendError;
    use crate::gateways::GatewayEvent;
    use crate::gateways::smpp::session::tests::job;
    use crate::yaml::Secs;

    struct Rig {
        far: DuplexStream,
        jobs: mpsc::Sender<Job>,
        events: mpsc::Receiver<GatewayEvent>,
        stop: watch::Sender<bool>,
        end: tokio::task::JoinHandle<End>,
    }

    fn rig(events_max: usize) -> Rig {
        let (near, far) = duplex(4096);
        let (jobs, job_receiver) = mpsc::channel(10);
        let (out, events) = mpsc::channel(events_max);
        let (stop, mut stopped) = watch::channel(false);
        let end = tokio::spawn(async move {
            let config = SmppConfig { response_timeout: Secs(30), enquire_every: Secs(60), ..SmppConfig::default() };
            let book = Arc::new(Mutex::new(Book::new("sms".into(), config.receipt_ids)));
            let mut session = Session::new("sms".into(), Arc::new(config), book, 1, Instant::now());
            let jobs = SharedJobs::new(job_receiver);
            serve(&mut session, near, Vec::new(), Some(&jobs), &out, &mut stopped).await
        });
        Rig { far, jobs, events, stop, end }
    }

    fn unknown(event: Option<GatewayEvent>) -> bool {
        matches!(event, Some(GatewayEvent::Outcome { result: Err(SendError::Unknown { .. }), .. }))
    }

    #[tokio::test(start_paused = true)]
    async fn a_silent_gateway_is_found_out() {
        let mut rig = rig(10);
        let began = Instant::now();
        rig.jobs.send(job(1, "a")).await.unwrap();
        assert!(unknown(rig.events.recv().await));
        assert!((30..=31).contains(&began.elapsed().as_secs()), "{:?}", began.elapsed());
        assert!(matches!(rig.end.await.unwrap(), End::Broken(why) if why.contains("silent")));
        assert!((90..=92).contains(&began.elapsed().as_secs()), "asked after 60 s, given up 30 s later");
    }

    #[tokio::test(start_paused = true)]
    async fn a_half_closed_connection_ends_the_session() {
        let mut rig = rig(10);
        rig.jobs.send(job(1, "a")).await.unwrap();
        let mut head = [0; 16];
        rig.far.read_exact(&mut head).await.unwrap();
        rig.far.shutdown().await.unwrap();
        assert!(unknown(rig.events.recv().await));
        assert!(matches!(rig.end.await.unwrap(), End::Broken(_)));
    }

    #[tokio::test(start_paused = true)]
    async fn going_down_waits_for_answers_but_not_for_ever() {
        let mut rig = rig(10);
        rig.jobs.send(job(1, "a")).await.unwrap();
        let mut head = [0; 16];
        rig.far.read_exact(&mut head).await.unwrap();
        let began = Instant::now();
        rig.stop.send(true).unwrap();
        assert!(unknown(rig.events.recv().await));
        assert_eq!(rig.end.await.unwrap(), End::Done);
        assert!((30..=34).contains(&began.elapsed().as_secs()), "{:?}", began.elapsed());
    }

    #[tokio::test(start_paused = true)]
    async fn slow_listeners_lose_nothing() {
        let mut rig = rig(1);
        let one = |n: u8| {
            let mut pdu = b"\0\0\0\x25\0\0\0\x05\0\0\0\0\0\0\0\x01\0\0\x0112\0\0\0\0\0\0\0\0\0\0\0\0\0\x02JA".to_vec();
            let len = pdu.len() as u8 + 1;
            pdu[3] = len;
            pdu[len as usize - 4] = 3;
            pdu.push(n);
            pdu
        };
        let texts: Vec<u8> = (b'0'..=b'9').flat_map(one).collect();
        rig.far.write_all(&texts).await.unwrap();
        for n in '0'..='9' {
            tokio::time::sleep(Duration::from_secs(1)).await;
            match rig.events.recv().await {
                Some(GatewayEvent::Reply { text, .. }) => assert_eq!(text, format!("JA{n}")),
                other => panic!("{other:?}"),
            }
        }
        drop(rig.jobs);
        assert_eq!(rig.end.await.unwrap(), End::Done, "no jobs any more");
    }
}
