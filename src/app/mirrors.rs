//! Keeps mirrors of the public page equal to what is published: each in a task of its own, so that a slow one delays neither
//! the page nor another mirror (invariant 8). What a mirror shows is read back where readers are; what is not equal is tried
//! again, and is an alarm (invariant 3).

use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::Duration;

use tokio::sync::{mpsc, watch};

use crate::clock::{SharedClock, mono};
use crate::dispatch::board::{Board, PageState};
use crate::domain::delivery::SendError;
use crate::domain::ids::GatewayId;
use crate::domain::lang::L10n;
use crate::gateways::mirror::{Mirror, PageName};
use crate::words::{alarm, in_all};

/// A page that could not be published is tried again after this…
const RETRY_MIN: Duration = Duration::from_secs(2);
/// …doubled each time up to this: a login that is refused is not hammered, and the beat comes anyway.
const RETRY_MAX: Duration = Duration::from_secs(60);
/// What readers are shown is compared so often between publications.
const VERIFY_EVERY: Duration = Duration::from_secs(60);
/// So many tries in a row fail until it is an alarm: one lost packet is not one.
const TRIES_UNTIL_ALARM: u32 = 2;

/// Pages as they go to mirrors.
#[derive(Debug, Default)]
pub struct Publication {
    /// Counts up.
    pub revision: u64,
    /// Each page's bytes, by its name.
    pub pages: Vec<(PageName, Arc<[u8]>)>,
}

/// What became of a publication at one mirror.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Told {
    /// Which mirror.
    pub gateway: GatewayId,
    /// Which publication.
    pub revision: u64,
    /// Read back and equal.
    pub equal: bool,
}

/// Keeps one mirror equal to what is published.
pub struct MirrorSync {
    pub mirror: Arc<Mirror>,
    /// Where its state is shown.
    pub board: Board,
    pub clock: SharedClock,
    /// What is to be published.
    pub published: watch::Receiver<Arc<Publication>>,
    /// Hears what became of each publication.
    pub told: mpsc::Sender<Told>,
}

/// The alarm of a mirror that does not show what was published.
pub fn alarm_name(gateway: &GatewayId) -> String {
    format!("page {gateway}")
}

/// What people read of it.
pub fn alarm_text(gateway: &GatewayId) -> L10n {
    in_all(|lang| alarm::page_differs(lang, gateway))
}

impl MirrorSync {
    /// Publishes, reads back and publishes again until `stop` turns true.
    pub async fn run(mut self, mut stop: watch::Receiver<bool>) {
        let id = self.mirror.gateway().clone();
        let mut state = PageState { detail: "nothing published yet".into(), ..PageState::default() };
        let (mut done, mut shown): (u64, BTreeSet<PageName>) = (0, BTreeSet::new());
        let (mut failed, mut retry_at) = (0_u32, None);
        let mut asked = false;
        self.board.set_page(&id, state.clone());
        loop {
            let publication = self.published.borrow_and_update().clone();
            let due = retry_at.is_none_or(|at| at <= mono());
            if publication.revision > done && due {
                let result = tokio::select! {
                    _ = stop.changed() => return,
                    result = self.publish(&publication, &shown) => result,
                };
                let equal = result.is_ok();
                match result {
                    Ok(()) => {
                        (done, failed, retry_at) = (publication.revision, 0, None);
                        shown = publication.pages.iter().map(|(name, _)| name.clone()).collect();
                        state.proven_at = Some(self.clock.now().into());
                        state.published_total += publication.pages.len() as u64;
                        state.detail = format!("{} pages, read back and equal", publication.pages.len());
                        self.board.clear(&alarm_name(&id));
                    }
                    Err(e) => {
                        failed = failed.saturating_add(1);
                        let wait = RETRY_MIN.saturating_mul(1 << (failed - 1).min(8)).min(RETRY_MAX);
                        retry_at = Some(mono() + wait);
                        tracing::warn!(gateway = %id, tries = failed, error = %e, "the mirror does not show the page");
                        state.detail = e.to_string();
                    }
                }
                state.equal = equal;
                self.board.set_page(&id, state.clone());
                if !equal && failed >= TRIES_UNTIL_ALARM {
                    self.board.raise(&alarm_name(&id), alarm_text(&id), self.clock.now().into(), true);
                }
                if equal || failed >= TRIES_UNTIL_ALARM {
                    let told = Told { gateway: id.clone(), revision: publication.revision, equal };
                    // The publisher ends only with the program.
                    let _ = self.told.send(told).await;
                }
                if equal && !asked {
                    // What it can do is asked once, after people have the page.
                    asked = true;
                    let _ = self.mirror.probe(self.clock.now()).await;
                    state.far_end = self.mirror.far_end();
                    self.board.set_page(&id, state.clone());
                }
                continue;
            }
            tokio::select! {
                _ = stop.changed() => return,
                changed = self.published.changed() => match changed {
                    // A new page is a new beginning, but not for a mirror that refused the last one just now.
                    Ok(()) => {}
                    Err(_) => return,
                },
                Some(()) = async { tokio::time::sleep_until(retry_at?).await; Some(()) } => {}
                () = tokio::time::sleep(VERIFY_EVERY), if retry_at.is_none() && done > 0 => {
                    // Somebody else may write there, or a disk be restored from last night.
                    if let Err(e) = self.verify(&publication).await {
                        tracing::warn!(gateway = %id, error = %e, "the mirror has changed by itself; it is published anew");
                        done = 0;
                    }
                }
            }
        }
    }

    /// Readers are shown all of it.
    async fn verify(&self, publication: &Publication) -> Result<(), SendError> {
        for (name, body) in &publication.pages {
            self.mirror.prove(name, body).await?;
        }
        Ok(())
    }

    async fn publish(&self, publication: &Publication, shown: &BTreeSet<PageName>) -> Result<(), SendError> {
        let now = || self.clock.now();
        for (name, body) in &publication.pages {
            self.mirror.put(name, body, now()).await?;
        }
        self.verify(publication).await?;
        for gone in shown.iter().filter(|s| !publication.pages.iter().any(|(name, _)| name == *s)) {
            // A page that stays behind says by itself until when it holds.
            if let Err(e) = self.mirror.remove(gone, now()).await {
                tracing::warn!(gateway = %self.mirror.gateway(), error = %e, "an old page could not be removed");
            }
        }
        Ok(())
    }
}
