//! Seals the journal's head: soon after a start, every minute while something happens, and whenever an incident closes.

use std::sync::Arc;
use std::time::Duration;

use tokio::sync::watch;

use crate::clock::{SharedClock, mono};
use crate::dispatch::engine::Handle;
use crate::dispatch::system_record::SystemRecord;
use crate::domain::incident::input::Input;
use crate::domain::time::At;
use crate::journal::{HeadSeal, Journal, SealKey};

/// How often, while something happens.
pub const SEAL_EVERY: Duration = Duration::from_secs(60);
/// The function that seals go to gets the last one so often, if something happened since.
pub const SEND_EVERY: Duration = Duration::from_secs(3600);
/// Records that the note with the seal makes: itself, and what becomes of it.
const NOTE_RECORDS_MAX: u64 = 3;
/// The first one: what was recorded before the start is sealed before anything leaves with a foot.
const FIRST_AFTER: Duration = Duration::from_millis(500);

/// What seals are made with.
pub struct Seals {
    /// Speaks to the loop.
    pub handle: Handle,
    /// Whose head it is.
    pub journal: Journal,
    pub key: Arc<SealKey>,
    /// The region whose journal it is.
    pub region: String,
    pub clock: SharedClock,
}

/// The last seal; `None` as long as nothing was sealed.
pub async fn latest_seal(handle: &Handle) -> Option<HeadSeal> {
    let look = |_: &_, meta: &_| crate::dispatch::journal_view::latest_seal(meta).cloned();
    handle.query(look).await.ok().flatten()
}

impl Seals {
    /// Sends the last seal to the function that the organisation names for it, if it names one.
    pub async fn send_last(&self) {
        let Some(seal) = latest_seal(&self.handle).await else { return };
        let text = format!("Journal {} {} {}", seal.foot(), seal.region, At(seal.at_ms));
        if let Err(error) = self.handle.input(Input::SendSeal { text }).await {
            tracing::warn!(%error, "the journal's seal was not sent");
        }
    }

    /// Seals until `stop` turns true.
    pub async fn run(self, mut stop: watch::Receiver<bool>) {
        let mut closed = self.handle.closed();
        // A journal that ends in its own seal has nothing to seal.
        let known = self.handle.query(|_, meta| meta.kept.seal.as_ref().map_or(0, |(seq, _)| *seq)).await;
        let Ok(mut sealed) = known else { return };
        let mut wait = FIRST_AFTER;
        // Something happened whose seal was not sent.
        let (mut sent_at, mut owed, mut own_note) = (mono(), false, false);
        loop {
            tokio::select! {
                _ = stop.changed() => return,
                _ = closed.changed() => {}
                () = tokio::time::sleep(wait) => {}
            }
            wait = SEAL_EVERY;
            let head = self.journal.head();
            if head.seq > sealed {
                let seal = self.key.seal(head, At::from(self.clock.now()).0, &self.region);
                if self.handle.record_system(SystemRecord::Sealed(seal)).await.is_err() {
                    return;
                }
                // The note with the seal and its outcome are not a reason for another one.
                owed |= !own_note || head.seq - sealed > NOTE_RECORDS_MAX;
                own_note = false;
                // The seal's own record; whatever came between is sealed with the next one.
                sealed = head.seq + 1;
            }
            if owed && mono().duration_since(sent_at) >= SEND_EVERY {
                self.send_last().await;
                (sent_at, owed, own_note) = (mono(), false, true);
            }
        }
    }
}
