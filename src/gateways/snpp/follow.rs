//! What became of two-way pages: asked with MSTA on a connection of its own, told as receipts and answers; taken back with
//! KTAG when nobody waits for them any more. What is followed is forgotten when the program goes down: escalation goes on then
//! as without an answer.

use std::future::pending;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use tokio::time::Instant;

use super::Inner;
use super::codec::{Command, Status, Ticket, status};
use super::config::TwoWay;
use super::session::{Lost, Session};
use crate::domain::delivery::SendError;
use crate::domain::ids::DeliveryId;
use crate::gateways::{AckToken, Address, Events, GatewayEvent, Job};

/// Deliveries that are followed at the same time; the oldest gives way.
const FOLLOWED_MAX: usize = 10_000;

/// One page of a delivery.
#[derive(Clone, Debug)]
pub(super) struct Page {
    ticket: Ticket,
    asks: bool,
    delivered: bool,
    closed: bool,
    /// Its answer is on disk. Until then it is asked for again.
    kept: Arc<AtomicBool>,
}

impl Page {
    pub fn new(ticket: Ticket, asks: bool, delivered: bool) -> Self {
        Self { ticket, asks, delivered, closed: false, kept: Arc::default() }
    }
}

/// A delivery whose end is not known yet.
pub(super) struct Followed {
    delivery: DeliveryId,
    to: Address,
    pages: Vec<Page>,
    /// A receipt has been told.
    told: bool,
    until: Instant,
}

impl Followed {
    pub fn new(job: &Job, pages: Vec<Page>, two_way: &TwoWay) -> Self {
        let told = pages.iter().all(|p| p.delivered);
        let until = Instant::now() + two_way.follow.duration();
        Self { delivery: job.delivery, to: job.to.clone(), pages, told, until }
    }

    fn is_closed(&self) -> bool {
        self.pages.iter().all(|p| p.closed)
    }
}

impl Inner {
    /// Follows a delivery from now on.
    pub async fn follow(&self, followed: Followed) {
        if followed.is_closed() {
            return;
        }
        let mut all = self.followed.lock().await;
        if all.len() >= FOLLOWED_MAX {
            all.remove(0);
        }
        all.push(followed);
    }
}

/// Asks as long as the gateway runs.
pub(super) async fn serve(inner: &Inner, out: &Events) {
    let Some(two_way) = &inner.config.two_way else { return pending().await };
    let every = two_way.status_every.at_least_a_second();
    loop {
        tokio::time::sleep(every).await;
        let mut all = std::mem::take(&mut *inner.followed.lock().await);
        if all.is_empty() {
            continue;
        }
        // Out of reach: the workers tell; here it is tried again.
        if let Ok(mut session) = Session::open(&inner.config).await {
            // What is asked here is asked within a two-way transaction (4.6.1).
            let begun = session.ask(&Command::TwoWay).await.is_ok();
            if begun && round(inner, &mut session, &mut all, two_way, out).await.is_ok() {
                session.quit().await;
            }
        }
        all.retain(|f| !f.is_closed());
        let mut kept = inner.followed.lock().await;
        all.append(&mut kept);
        *kept = all;
    }
}

async fn round(
    inner: &Inner,
    session: &mut Session,
    all: &mut [Followed],
    two_way: &TwoWay,
    out: &Events,
) -> Result<(), Lost> {
    for followed in all {
        let receipt = |result| GatewayEvent::Receipt {
            gateway: inner.id.clone(),
            delivery: Some(followed.delivery),
            gateway_ref: String::new(),
            result,
        };
        let (mut answer, mut failed) = (None, None);
        for page in followed.pages.iter_mut().filter(|p| !p.closed) {
            if page.kept.load(Ordering::Relaxed) {
                page.closed = true;
                continue;
            }
            let reply = session.ask(&Command::Status(&page.ticket)).await?;
            match status(&reply) {
                Status::Queued | Status::Later => {}
                // Without a question nothing more will come.
                Status::Delivered => (page.delivered, page.closed) = (true, !page.asks),
                Status::Final => (page.delivered, page.closed) = (true, true),
                Status::Choice(code) => {
                    page.delivered = true;
                    let chosen = code.parse().ok().and_then(|n: usize| two_way.replies.get(n.checked_sub(1)?));
                    // The page named the incident; the choice need not.
                    answer = chosen.map(|words| (format!("{words} {}", followed.delivery.incident), page.kept.clone()));
                    page.closed = answer.is_none();
                }
                Status::Words(words) => {
                    page.delivered = true;
                    answer = Some((words, page.kept.clone()));
                }
                Status::Expired => {
                    page.closed = true;
                    failed = Some(SendError::permanent(format!("MSTA: {}", reply.words(&followed.to.0))));
                }
                Status::Lost => {
                    page.closed = true;
                    if !page.delivered {
                        failed = Some(SendError::unknown(format!("MSTA: {}", reply.words(&followed.to.0))));
                    }
                }
            }
            if !page.closed && Instant::now() >= followed.until {
                page.closed = true;
                if !page.delivered {
                    let reply = session.ask(&Command::Kill(&page.ticket)).await?;
                    let took = if Command::Kill(&page.ticket).is_yes(&reply) { "and was taken back" } else { "still" };
                    failed =
                        Some(SendError::permanent(format!("it waited in the transmitter's queue too long, {took}")));
                }
            }
        }
        if let Some(e) = failed {
            for page in &mut followed.pages {
                page.closed = true;
            }
            if !followed.told {
                followed.told = true;
                let _ = out.send(receipt(Err(e))).await;
            }
        } else if !followed.told && followed.pages.iter().all(|p| p.delivered) {
            followed.told = true;
            let _ = out.send(receipt(Ok(()))).await;
        }
        if let Some((text, kept)) = answer {
            let (gateway, from) = (inner.id.clone(), followed.to.clone());
            // It is not asked for again when it is on disk.
            let ack = AckToken::new(move || kept.store(true, Ordering::Relaxed));
            let _ = out.send(GatewayEvent::Reply { gateway, from, text, ack }).await;
        }
    }
    Ok(())
}
