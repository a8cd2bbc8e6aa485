//! Tells programs of others what happens, by signed calls (Standard Webhooks 1.0.0). Each is told in a task of its own, so that a slow one
//! delays nobody (invariant 8), and reads the journal itself, from where it was: in order, each event at least once, over restarts. Told
//! is that something happened, and of which incident; never a text, an address, or who.
//!
//! | file | owns |
//! |---|---|
//! | `call` | what a call says, how it is signed, whether it was taken |
//! | `place` | how far a program was told, over a restart |

mod call;
mod place;
#[cfg(test)]
mod tests;

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use sha2::{Digest as _, Sha256};
use tokio::sync::watch;
use tokio::time::{Instant, sleep};

use self::call::{Call, FarEnd, HttpEnd, NotTaken};
use super::task_set::Digest;
use crate::api::{EventsBegin, EventsGap, ROOT};
use crate::clock::{SharedClock, mono};
use crate::config::Webhook;
use crate::dispatch::board::{Board, WebhookState};
use crate::domain::lang::L10n;
use crate::journal::Head;
use crate::web::log::Log;
use crate::words::{alarm, in_all};

/// Events that are read of the journal at a time.
const EVENTS_TOGETHER_MAX: usize = 500;
/// What happens within this time is read together.
const TOGETHER: Duration = Duration::from_millis(250);
/// A program that is so many records behind is told of a gap, and goes on with what is new.
const WEBHOOK_BEHIND_MAX: u64 = 100_000;
/// A call that was not taken is made again after this…
const RETRY_MIN: Duration = Duration::from_secs(1);
/// …doubled each time up to this, whatever the far end asks for.
const RETRY_MAX: Duration = Duration::from_secs(60);
/// Calls failed for so long: it is an alarm.
const FAILING_UNTIL_ALARM: Duration = Duration::from_secs(300);
/// How far a program was told is written down so often while it is told; what came after that is told again after a crash.
const PLACE_EVERY: Duration = Duration::from_secs(2);
/// It is written down after so many records, too, when nothing of them was to be told.
const PLACE_RECORDS_MAX: u64 = 1_000;

/// The alarm of one that takes nothing.
pub fn alarm_name(id: &str) -> String {
    format!("webhook {id}")
}

/// What people read of it.
pub fn alarm_text(id: &str) -> L10n {
    in_all(|lang| alarm::webhook_late(lang, id))
}

/// What a webhook is built from, its secrets included.
pub fn digest(webhook: &Webhook) -> Digest {
    let mut hash = Sha256::new();
    hash.update(format!("{webhook:?}"));
    for secret in [Some(&webhook.secret), webhook.secret_before.as_ref()].into_iter().flatten() {
        hash.update([0]);
        if let Ok(secret) = secret.read("", webhook.base.as_deref()) {
            hash.update(secret.expose());
        }
    }
    hash.finalize().into()
}

/// One that is configured no longer begins anew when it comes back. `state`: the state folder.
pub fn forget(state: &Path, id: &str) {
    place::forget(&place::folder(state), id);
}

/// Between these lies more than a program is told.
fn too_far(after: u64, head: u64) -> bool {
    head.saturating_sub(after) > WEBHOOK_BEHIND_MAX
}

/// Tells one program.
pub struct Teller {
    id: String,
    /// The names of what it is told.
    events: Vec<&'static str>,
    far: Box<dyn FarEnd>,
    log: Arc<dyn Log>,
    board: Board,
    clock: SharedClock,
    /// The folder of the places.
    folder: PathBuf,
    /// Told is all up to this number.
    seq: u64,
    /// So far is written down, and when it was.
    written: u64,
    written_at: Instant,
    /// Something was taken that is not written down.
    owes: bool,
    /// Since when calls fail.
    failing: Option<Instant>,
    state: WebhookState,
}

impl Teller {
    /// As it is configured. Calls nobody. `state`: the state folder.
    ///
    /// # Errors
    /// A secret is missing or none, or no client can be made; in words, with what to do.
    pub fn new(
        webhook: &Webhook,
        state: &Path,
        log: Arc<dyn Log>,
        board: Board,
        clock: SharedClock,
    ) -> Result<Self, String> {
        let far = Box::new(HttpEnd::new(webhook)?);
        Ok(Self::over(far, webhook, state, log, board, clock))
    }

    fn over(
        far: Box<dyn FarEnd>,
        webhook: &Webhook,
        state: &Path,
        log: Arc<dyn Log>,
        board: Board,
        clock: SharedClock,
    ) -> Self {
        Self {
            id: webhook.id.clone(),
            events: webhook.events.clone(),
            far,
            log,
            board,
            clock,
            folder: place::folder(state),
            seq: 0,
            written: 0,
            written_at: mono(),
            owes: false,
            failing: None,
            state: WebhookState::default(),
        }
    }

    /// Tells until `stop` turns true. A call that is under way then is made again when it goes on.
    pub async fn run(mut self, mut stop: watch::Receiver<bool>) {
        tokio::select! {
            _ = stop.wait_for(|stop| *stop) => {}
            () = self.tell_all() => {}
        }
        if self.owes || self.seq != self.written {
            self.write().await;
        }
    }

    /// Ends only with the journal.
    async fn tell_all(&mut self) {
        let mut heads = self.log.heads();
        let head = *heads.borrow();
        self.begin(head).await;
        loop {
            let head = heads.borrow_and_update().seq;
            if too_far(self.seq, head) {
                self.skip(self.seq, head, "too-much").await;
                continue;
            }
            let (log, after) = (self.log.clone(), self.seq);
            let read = tokio::task::spawn_blocking(move || log.happened(after, EVENTS_TOGETHER_MAX)).await;
            let Ok(Ok(part)) = read else {
                self.not_taken("the journal can't be read", head.saturating_sub(self.seq));
                sleep(RETRY_MAX).await;
                continue;
            };
            let mut events = part.events.into_iter();
            let all_told = loop {
                let Some(event) = events.next() else { break true };
                if self.events.contains(&&*event.kind) && !self.tell(&Call::of(&event), self.seq).await {
                    break false;
                }
                self.seq = event.seq;
            };
            if !all_told {
                continue;
            }
            self.seq = part.after;
            if part.more {
                continue;
            }
            if self.owes || self.seq - self.written >= PLACE_RECORDS_MAX {
                self.write().await;
            }
            self.well(0);
            if heads.changed().await.is_err() {
                return;
            }
            sleep(TOGETHER).await;
        }
    }

    /// Finds where it was; one that is new is told what comes from now on.
    async fn begin(&mut self, head: Head) {
        let (log, folder, id) = (self.log.clone(), self.folder.clone(), self.id.clone());
        let place = tokio::task::spawn_blocking(move || {
            let place = place::read(&folder, &id)?;
            Some((place.seq, log.holds(place)))
        });
        match place.await.ok().flatten() {
            Some((seq, true)) => (self.seq, self.written) = (seq, seq),
            Some((seq, false)) => self.skip(seq, head.seq, "unknown").await,
            None => {
                self.seq = head.seq;
                // Before it is told: what happens until then must not be missed.
                self.write().await;
                let begin = Call::new("begin", head.seq, self.clock.now().into(), &EventsBegin { after: head.seq });
                self.tell(&begin, head.seq).await;
            }
        }
    }

    /// Goes on after another number, once it has said that something lies between.
    async fn skip(&mut self, asked: u64, head: u64, why: &'static str) {
        tracing::warn!(webhook = self.id, asked, head, why, "a webhook goes on with what is new: there is a gap");
        let log = format!("{ROOT}/log?after={}", if why == "unknown" { 0 } else { asked });
        let gap = Call::new("gap", head, self.clock.now().into(), &EventsGap { asked, why: why.into(), log });
        if self.tell(&gap, head).await {
            self.seq = head;
        }
    }

    /// Calls until it is taken; all up to `after` is told then, or passed over. `false`: too much has happened meanwhile.
    async fn tell(&mut self, call: &Call, after: u64) -> bool {
        let (heads, mut wait) = (self.log.heads(), RETRY_MIN);
        let head = || heads.borrow().seq;
        loop {
            let NotTaken { why, retry_after } = match self.far.take(call, self.clock.now()).await {
                Ok(()) => {
                    (self.owes, self.state.taken_at) = (true, Some(self.clock.now().into()));
                    self.well(head().saturating_sub(after));
                    if self.written_at.elapsed() >= PLACE_EVERY {
                        self.write().await;
                    }
                    return true;
                }
                Err(not_taken) => not_taken,
            };
            if too_far(after, head()) {
                return false;
            }
            self.not_taken(&why, head().saturating_sub(after));
            sleep(retry_after.map_or(wait, |asked| asked.clamp(wait, RETRY_MAX))).await;
            wait = (wait * 2).min(RETRY_MAX);
        }
    }

    fn well(&mut self, behind: u64) {
        self.failing = None;
        self.state.why.clear();
        self.show(behind);
        self.board.clear(&alarm_name(&self.id));
    }

    fn not_taken(&mut self, why: &str, behind: u64) {
        if self.failing.is_none() || self.state.why != why {
            tracing::warn!(webhook = self.id, error = why, "a webhook did not take what happened; it is told again");
        }
        let since = *self.failing.get_or_insert_with(mono);
        self.state.why = why.to_owned();
        self.show(behind);
        if since.elapsed() >= FAILING_UNTIL_ALARM {
            // Shown, and told to nobody: no patient waits for a program of others.
            self.board.raise(&alarm_name(&self.id), alarm_text(&self.id), self.clock.now().into(), false);
        }
    }

    fn show(&mut self, behind: u64) {
        self.state.behind = behind;
        self.board.set_webhook(&self.id, self.state.clone());
    }

    /// Writes down how far it was told. A disk that does not take it keeps nobody from being told.
    async fn write(&mut self) {
        let (log, folder, id, seq) = (self.log.clone(), self.folder.clone(), self.id.clone(), self.seq);
        let written = tokio::task::spawn_blocking(move || match log.head_at(seq) {
            Some(head) => place::write(&folder, &id, head),
            None => Err(std::io::Error::other("the journal can't be read")),
        });
        self.written_at = mono();
        match written.await.map_err(std::io::Error::other).flatten() {
            Ok(()) => (self.written, self.owes) = (seq, false),
            Err(error) => tracing::warn!(webhook = self.id, %error, "how far a webhook was told is not written down"),
        }
    }
}
