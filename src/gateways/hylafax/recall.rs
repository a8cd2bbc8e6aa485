//! Takes jobs out of the server's queue (JKILL): what was stopped, superseded or is over must not begin (RULES D2, C9).
//!
//! A call that runs is let be: half a page that breaks off tells less than a whole one that is followed by "does not apply".
//! Between the look and the kill a call may begin all the same; whoever is told that it was taken back may have its start.

use super::Inner;
use super::follow::not_begun;
use super::session::Fault;
use super::wire;
use crate::domain::ids::DeliveryId;
use crate::gateways::Cancelled;

/// Jobs that are taken back at one time; whoever wants more asks again. Well within the time that the asking may take.
const TAKEN_BACK_MAX: usize = 2_000;

/// Takes back those of the deliveries that are in the queue and have not begun.
pub(super) async fn cancel(inner: &Inner, deliveries: &[DeliveryId]) -> Cancelled {
    let mut cancelled = Cancelled::default();
    if let Err(fault) = try_cancel(inner, deliveries, &mut cancelled).await {
        tracing::warn!(gateway = %inner.id, error = %fault.cause(), "faxes can't be taken back now");
        cancelled.again = true;
    }
    cancelled
}

async fn try_cancel(inner: &Inner, deliveries: &[DeliveryId], cancelled: &mut Cancelled) -> Result<(), Fault> {
    let wanted = inner.following.wanted(deliveries);
    if wanted.is_empty() {
        return Ok(());
    }
    let mut session = inner.open().await?;
    session.command(wire::JOB_FORMAT).await?;
    let queue = wire::job_lines(&session.list("sendq").await?);
    for (line, delivery) in queue.iter().filter_map(|line| Some((line, wanted.delivery(line)?))) {
        if !not_begun(line) {
            continue;
        }
        if cancelled.taken_back.len() >= TAKEN_BACK_MAX {
            cancelled.again = true;
            break;
        }
        match session.command(&format!("JKILL {}", line.id)).await {
            Ok(_) => {
                inner.following.remove(delivery);
                cancelled.taken_back.push(delivery);
            }
            // It has ended meanwhile, or is somebody else's now: its receipt says how.
            Err(Fault::Refused(_)) => {}
            Err(lost) => return Err(lost),
        }
    }
    let _ = session.ask("QUIT").await;
    Ok(())
}
