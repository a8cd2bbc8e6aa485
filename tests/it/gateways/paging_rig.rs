//! What the tests of paging share: a text as a job, a gateway that is run to its end, and a person with the pager in the hand.

use std::sync::Arc;
use std::time::Duration;

pub use super::sending::send_all;
use tokio::sync::{mpsc, watch};
use vardkase::domain::delivery::{Accepted, SendError};
use vardkase::domain::ids::{DeliveryId, IncidentNo};
use vardkase::domain::lang::Lang;
use vardkase::domain::text::{Actual, Canonical, Exercise, Fingerprint, Mark, NO_MARK, Outgoing, Text};
use vardkase::gateways::{Address, Gateway, GatewayEvent, Job, MessageContext};

pub const TEXT: &str = "LARM STABSLÄGE FS: Journalen ligger nere. Gör nu: skriv på papper. Gäller: sjukhus och vårdcentraler. \
    Sedan: 09.40. Åter i drift: okänt. Nästa besked: 10.40. Kontakt: 0980-319200.";

pub fn outgoing(text: &str, mark: Option<&str>) -> Arc<Outgoing> {
    let number = if mark.is_some() { "Ö-3-1" } else { "14-2" };
    let f = Fingerprint::of(number, "internal", "sv", text);
    let text = Canonical::new(text).expect("canonical");
    Arc::new(match mark {
        None => Outgoing::message(&Text::<Actual>::new(number, f, text), NO_MARK),
        Some(m) => Outgoing::message(&Text::<Exercise>::new(number, f, text), Mark::new(m).expect("a word")),
    })
}

pub fn job(ordinal: u32, pager: &str, out: Arc<Outgoing>) -> Job {
    Job {
        delivery: DeliveryId { incident: IncidentNo::actual(14), ordinal },
        to: Address(pager.into()),
        out,
        head: Arc::new(MessageContext {
            sender: "Region Fjällmark".into(),
            lang: Lang::SV,
            title: "Journalen".into(),
            mode_line: String::new(),
            page_url: String::new(),
            thread: "incident-14".into(),
            foot: String::new(),
            priority: 0,
        }),
        trailer: None,
        link: None,
        repeat: false,
        ttl_s: 600,
    }
}

/// A gateway that runs until this is dropped.
pub struct Running {
    jobs: mpsc::Sender<Job>,
    events: mpsc::Receiver<GatewayEvent>,
    task: tokio::task::JoinHandle<()>,
    _stop: watch::Sender<bool>,
}

impl Running {
    pub fn start(gateway: Arc<dyn Gateway>) -> Self {
        let (jobs, taken) = mpsc::channel(64);
        let (out, events) = mpsc::channel(64);
        let (stop, stopped) = watch::channel(false);
        let task = tokio::spawn(async move { gateway.run(taken, out, stopped).await });
        Self { jobs, events, task, _stop: stop }
    }

    pub async fn send(&self, job: Job) {
        self.jobs.send(job).await.expect("room");
    }

    pub async fn next(&mut self) -> GatewayEvent {
        let waited = tokio::time::timeout(Duration::from_secs(30), self.events.recv()).await;
        waited.expect("an event in time").expect("the gateway runs")
    }

    /// The outcome of one delivery; what comes before it must be one of these too, or news of the line.
    pub async fn outcome(&mut self, ordinal: u32) -> Result<Accepted, SendError> {
        loop {
            match self.next().await {
                GatewayEvent::Outcome { delivery, result } if delivery.ordinal == ordinal => return result,
                GatewayEvent::Down { .. } => {}
                other => panic!("unexpected: {other:?}"),
            }
        }
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        self.task.abort();
    }
}

/// `temporary`, `permanent`, `unknown` or `accepted`.
pub fn kind(result: &Result<Accepted, SendError>) -> &'static str {
    match result {
        Ok(_) => "accepted",
        Err(SendError::Temporary { .. }) => "temporary",
        Err(SendError::Permanent { .. }) => "permanent",
        Err(SendError::Unknown { .. }) => "unknown",
    }
}

/// What a person with the pager in the hand puts together: written from the grammar, calls nothing of the product.
pub fn read_by_hand(pages: &[String], mark: Option<&str>, number: &str) -> String {
    let n = pages.len();
    let mut text = String::new();
    for (k, page) in (1..).zip(pages) {
        let mut rest = page.as_str();
        if let Some(mark) = mark {
            rest = rest.strip_prefix(&format!("{mark} ")).expect("mark in front");
            rest = rest.strip_suffix(&format!(" {mark}")).expect("mark at the end");
        }
        rest = rest.strip_prefix(&format!("{number} ")).expect("number");
        let (fingerprint, after) = rest.split_at(7);
        assert!(fingerprint.ends_with(' ') && !fingerprint.trim().contains(' '), "{page:?}");
        rest = after;
        if n > 1 {
            rest = rest.strip_prefix(&format!("{k}/{n} ")).expect("k of n");
        }
        text.push_str(rest);
    }
    text
}
