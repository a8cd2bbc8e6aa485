//! Seals the journal's head: soon after a start, every minute while something happens, and whenever an incident closes.

use std::time::Duration;

use tokio::sync::watch;

use crate::clock::SharedClock;
use crate::dispatch::keeping::Keeping;
use crate::dispatch::owner::Handle;
use crate::domain::time::At;
use crate::journal::{HeadSeal, Journal, SealKey};

/// How often, while something happens.
pub const SEAL_EVERY: Duration = Duration::from_secs(60);
/// The first one: what was recorded before the start is sealed before anything leaves with a foot.
const FIRST_AFTER: Duration = Duration::from_millis(500);

/// What seals are made with.
pub struct Seals {
    /// Speaks to the loop.
    pub handle: Handle,
    /// Whose head it is.
    pub journal: Journal,
    /// By whom.
    pub key: SealKey,
    /// Whose journal.
    pub region: String,
    /// When.
    pub clock: SharedClock,
}

/// The last seal; `None` as long as nothing was sealed.
pub async fn latest_seal(handle: &Handle) -> Option<HeadSeal> {
    let look = |_: &_, meta: &_| crate::dispatch::journal_view::latest_seal(meta).cloned();
    handle.ask(look).await.ok().flatten()
}

impl Seals {
    /// Seals until `stop` turns true.
    pub async fn run(self, mut stop: watch::Receiver<bool>) {
        let mut closed = self.handle.closed();
        // A journal that ends in its own seal has nothing to seal.
        let known = self.handle.ask(|_, meta| meta.kept.seal.as_ref().map_or(0, |(seq, _)| *seq)).await;
        let Ok(mut sealed) = known else { return };
        let mut wait = FIRST_AFTER;
        loop {
            tokio::select! {
                _ = stop.changed() => return,
                _ = closed.changed() => {}
                () = tokio::time::sleep(wait) => {}
            }
            wait = SEAL_EVERY;
            let head = self.journal.head();
            if head.seq <= sealed {
                continue;
            }
            let seal = self.key.seal(head, At::from(self.clock.now()).0, &self.region);
            if self.handle.keep(Keeping::Sealed(seal)).await.is_err() {
                return;
            }
            // The seal's own record; whatever came between is sealed with the next one.
            sealed = head.seq + 1;
        }
    }
}
