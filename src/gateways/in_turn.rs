//! Far ends that take one thing after another over one line: a paging terminal, a transmitter. Runs the jobs of such a
//! gateway, tells when it goes out of reach and when it is back, and looks after the line while nothing is to be sent.
//!
//! Must not: know a protocol, retry.

use std::future::pending;

use super::{Boxed, Events, GatewayEvent, Job, Jobs, Stop};
use crate::domain::delivery::{Accepted, SendError};
use crate::domain::ids::GatewayId;

/// What one such far end does.
pub(super) trait Station: Send {
    /// One job, whole.
    fn send<'a>(&'a mut self, job: &'a Job) -> Boxed<'a, Result<Accepted, SendError>>;
    /// Why it is out of reach, if it is.
    fn down(&self) -> Option<&str>;
    /// Waits until the line wants something. Is dropped when a job comes, and must lose nothing then.
    fn wait(&mut self) -> Boxed<'_, ()> {
        Box::pin(pending())
    }
    /// Does what the line wants, to its end.
    fn attend<'a>(&'a mut self, _out: &'a Events) -> Boxed<'a, ()> {
        Box::pin(async {})
    }
    /// Leaves the line in order.
    fn close(&mut self) -> Boxed<'_, ()>;
}

/// Takes jobs until there are none or it is told to stop.
pub(super) async fn serve(station: &mut dyn Station, id: &GatewayId, mut jobs: Jobs, out: &Events, mut stop: Stop) {
    let mut told = false;
    loop {
        let job = tokio::select! {
            biased;
            () = stopped(&mut stop) => break,
            job = jobs.recv() => match job {
                Some(job) => Some(job),
                None => break,
            },
            () = station.wait() => None,
        };
        match job {
            Some(job) => {
                let result = station.send(&job).await;
                let _ = out.send(GatewayEvent::Outcome { delivery: job.delivery, result }).await;
            }
            None => station.attend(out).await,
        }
        let cause = station.down().map(str::to_owned);
        if cause.is_some() != told {
            told = cause.is_some();
            let _ = out.send(GatewayEvent::Down { gateway: id.clone(), cause }).await;
        }
    }
    station.close().await;
}

/// Waits for the order to stop; for ever when nobody is left to give it.
async fn stopped(stop: &mut Stop) {
    if stop.wait_for(|stop| *stop).await.is_err() {
        pending::<()>().await;
    }
}
