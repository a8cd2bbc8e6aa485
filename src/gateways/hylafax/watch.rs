//! Follows jobs to their end. A few connections wait for the oldest jobs (JWAIT), and when one of these has ended, one listing
//! of the queue tells of all; a look at a slow beat finds what ended out of turn, or on a server that does not let us wait.
//!
//! `hfaxd` has an event stream too (SITE TRIGGER), but 6.0.7 writes it nowhere when the client asked for a passive data
//! connection. A session may go on showing a job as it once was, so the connection that looks is made anew now and then,
//! and whenever what it shows can't be.

use std::collections::HashSet;
use std::sync::Arc;
use std::time::Duration;

use tokio::sync::mpsc::error::SendError as Closed;
use tokio::task::JoinSet;
use tokio::time::Instant;

use super::Inner;
use super::follow::End;
use super::session::{Fault, Session};
use super::wire;
use crate::gateways::{Events, GatewayEvent, Stop};

/// Looks over one connection.
const LOOKS_MAX: u32 = 20;
/// Connections that wait for ends, whatever the configuration says.
const WAITS_MAX: u16 = 16;
/// One wait; then the job is waited for anew, over a connection that is known to live.
const WAIT: Duration = Duration::from_secs(900);
/// Ends that come close together are told by one look.
const LOOK_GAP: Duration = Duration::from_millis(200);

/// The connection that looks.
#[derive(Default)]
struct Looker {
    session: Option<Session>,
    looks: u32,
}

impl Looker {
    /// One look at the queues. After a fault the next look connects anew.
    async fn look(&mut self, inner: &Inner) -> Result<Vec<End>, Fault> {
        match self.try_look(inner).await {
            Ok((ends, missed)) => {
                self.looks += 1;
                if missed || self.looks >= LOOKS_MAX {
                    self.session = None;
                }
                Ok(ends)
            }
            Err(fault) => {
                self.session = None;
                Err(fault)
            }
        }
    }

    async fn try_look(&mut self, inner: &Inner) -> Result<(Vec<End>, bool), Fault> {
        let following = &inner.following;
        let session = match &mut self.session {
            Some(session) => session,
            none => {
                let mut session = inner.open().await?;
                session.command(wire::JOB_FORMAT).await?;
                self.looks = 0;
                none.insert(session)
            }
        };
        let mut seen = wire::job_lines(&session.list("sendq").await?);
        // First sendq, then doneq: a job that moves between the two is in the second at the latest.
        if !following.all_in(&seen) {
            seen.extend(wire::job_lines(&session.list("doneq").await?));
        }
        Ok(following.judge(&seen, Instant::now()))
    }
}

/// The connections that wait.
#[derive(Default)]
struct Waits {
    running: JoinSet<(u64, bool)>,
    of: HashSet<u64>,
    /// The server did not let us wait: asked again only then.
    rest_until: Option<Instant>,
}

impl Waits {
    /// Waits for the oldest jobs.
    fn fill(&mut self, inner: &Arc<Inner>, now: Instant) {
        if self.rest_until.is_some_and(|until| now < until) {
            return;
        }
        let max = usize::from(inner.config.waits_max.min(WAITS_MAX));
        for id in inner.following.oldest(max) {
            if self.of.len() >= max {
                return;
            }
            if self.of.insert(id) {
                let inner = inner.clone();
                self.running.spawn(async move { (id, wait_for(&inner, id).await.is_ok()) });
            }
        }
    }

    /// The next job that has ended. Never when nothing is waited for.
    async fn next(&mut self, rest: Duration) -> u64 {
        loop {
            match self.running.join_next().await {
                Some(Ok((id, ended))) => {
                    self.of.remove(&id);
                    if ended {
                        return id;
                    }
                    self.rest_until = Some(Instant::now() + rest);
                }
                Some(Err(_)) => {}
                None => std::future::pending().await,
            }
        }
    }
}

async fn wait_for(inner: &Inner, id: u64) -> Result<(), Fault> {
    let mut session = inner.open().await?;
    session.wait(&format!("JWAIT {id}"), WAIT).await.map(drop)
}

/// Resolves when the program is going down. A sender that is gone can't say so any more and counts as going down.
pub(super) async fn stopped(stop: &mut Stop) {
    let _ = stop.wait_for(|stop| *stop).await;
}

/// Watches while jobs are on their way, and tells their ends.
pub(super) async fn watch(inner: &Arc<Inner>, out: &Events, mut stop: Stop, mut all_handed_over: Stop) {
    let interval =
        inner.config.poll_every.duration().max(Duration::from_millis(inner.config.poll_min_ms.max(1).into()));
    let following = &inner.following;
    let (mut looker, mut waits) = (Looker::default(), Waits::default());
    let mut looked_at = Instant::now();
    loop {
        if following.is_empty() {
            // Nothing to wait for: jobs that were taken back among them.
            waits = Waits::default();
            tokio::select! {
                () = stopped(&mut stop) => return,
                () = out.closed() => return,
                () = following.added.notified() => {}
                _ = all_handed_over.wait_for(|ended| *ended) => {
                    if following.is_empty() {
                        return;
                    }
                }
            }
            looked_at = Instant::now();
            continue;
        }
        waits.fill(inner, Instant::now());
        let rang = tokio::select! {
            () = stopped(&mut stop) => return,
            () = out.closed() => return,
            () = tokio::time::sleep_until(looked_at + interval) => None,
            id = waits.next(interval) => Some(id),
            () = following.added.notified() => continue,
        };
        let looking = async {
            if rang.is_some() {
                tokio::time::sleep_until(looked_at + LOOK_GAP.min(interval)).await;
            }
            looker.look(inner).await
        };
        let looked = tokio::select! {
            () = stopped(&mut stop) => return,
            looked = looking => looked,
        };
        looked_at = Instant::now();
        if rang.is_some_and(|id| following.has(id)) {
            // The server says that it has ended, and this session shows it as it was.
            looker.session = None;
        }
        match looked {
            Ok(ends) => {
                inner.tell(out, None).await;
                for end in ends {
                    if report(inner, out, end).await.is_err() {
                        return;
                    }
                }
            }
            Err(fault) => inner.tell(out, Some(fault.cause())).await,
        }
    }
}

async fn report(inner: &Inner, out: &Events, end: End) -> Result<(), Closed<GatewayEvent>> {
    let receipt = GatewayEvent::Receipt {
        gateway: inner.id.clone(),
        delivery: Some(end.delivery),
        gateway_ref: end.id,
        result: end.result,
    };
    out.send(receipt).await
}
