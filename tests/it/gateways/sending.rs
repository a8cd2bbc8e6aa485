//! A gateway that is given all its jobs at once, and what came of them.

use std::collections::BTreeMap;
use std::time::Duration;

use tokio::sync::{mpsc, watch};
use vardkase::domain::delivery::{Accepted, SendError};
use vardkase::gateways::{Gateway, GatewayEvent, Job};

/// By ordinal.
pub type Outcomes = BTreeMap<u32, Result<Accepted, SendError>>;

/// Sends all, waits until the gateway is done. Asserts that every job has exactly one outcome.
pub async fn send_all(gateway: &dyn Gateway, jobs: Vec<Job>) -> (Outcomes, Vec<Option<String>>) {
    let count = jobs.len();
    let (jobs_in, jobs_out) = mpsc::channel(count.max(1));
    let (events_in, mut events) = mpsc::channel(8);
    let (_stop, stopped) = watch::channel(false);
    for job in jobs {
        jobs_in.send(job).await.expect("room");
    }
    drop(jobs_in);
    let (mut outcomes, mut downs) = (Outcomes::new(), Vec::new());
    let collect = async {
        while let Some(event) = events.recv().await {
            match event {
                GatewayEvent::Outcome { delivery, result } => {
                    assert!(outcomes.insert(delivery.ordinal, result).is_none(), "two outcomes for {delivery}");
                }
                GatewayEvent::Down { cause, .. } => downs.push(cause),
                other => panic!("unexpected: {other:?}"),
            }
        }
    };
    tokio::time::timeout(Duration::from_secs(60), async {
        tokio::join!(gateway.run(jobs_out, events_in, stopped), collect);
    })
    .await
    .expect("the gateway comes to an end");
    assert_eq!(outcomes.len(), count, "every job has its outcome");
    (outcomes, downs)
}
