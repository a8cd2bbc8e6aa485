//! A sign of life to a watcher outside, who alarms when it stays away. It is withheld when the loop does not answer, the
//! journal does not take what is decided, or the auditor has not looked or has found that steps are late: a program that
//! answers and does nothing is worse than one that is down (INCIDENTS: who watches the watcher).

use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use reqwest::redirect::Policy;
use tokio::sync::watch;
use tokio::time::Instant;

use super::auditor::{LOOP_TIMEOUT, NO_NEXT_STEP, OVERDUE};
use crate::bounded::{no_answer, read_ca_file};
use crate::clock::{SharedClock, mono};
use crate::config::Watch;
use crate::dispatch::board::{Board, HeartbeatState};
use crate::dispatch::engine::Handle;
use crate::domain::incident::input::Input;
use crate::domain::time::At;
use crate::journal::Journal;
use crate::words::alarm;

/// The auditor looked within that time, or it is not well, in seconds.
const AUDIT_AGE_S_MAX: u32 = 45;
/// The auditor's first look may take so long after a start, in seconds.
const AUDIT_FIRST_S: u64 = 60;
/// So many signs in a row that the watcher did not take are an alarm here too.
const MISSED_UNTIL_ALARM: u32 = 3;
/// The alarm of a watcher that can't be reached.
pub const ALARM: &str = "heartbeat";

/// The journal's head as it leaves the machine: number and the first letters of its hash. Whoever keeps it can show later
/// that nobody has cut the tail.
pub fn written_head(seq: u64, hash: &[u8]) -> String {
    format!("{seq} {}", hex::encode(&hash[..hash.len().min(8)]))
}

/// What is sent with a sign of life besides the head: a newer part of the program may have more to say (a signature).
pub type Seal = Arc<dyn Fn() -> Option<String> + Send + Sync>;

/// Sends signs of life.
pub struct Heartbeat {
    /// To whom, and how often.
    pub watch: Watch,
    pub handle: Handle,
    /// Its head goes with each sign of life.
    pub journal: Journal,
    pub clock: SharedClock,
    /// What goes with it.
    pub seal: Option<Seal>,
}

/// Why no sign of life may be given now.
pub fn withheld(board: &Board, on_record: Option<bool>, now: At, running: Duration) -> Option<&'static str> {
    match on_record {
        None => return Some("the loop does not answer"),
        Some(false) => return Some("nothing can be written"),
        Some(true) => {}
    }
    match board.audited_at() {
        Some(at) if now.seconds_since(at) > AUDIT_AGE_S_MAX => return Some("the auditor has not looked"),
        None if running.as_secs() > AUDIT_FIRST_S => return Some("the auditor has not looked"),
        _ => {}
    }
    if board.stands(OVERDUE) {
        return Some("steps are late");
    }
    board.stands(NO_NEXT_STEP).then_some("somebody has no next step")
}

impl Heartbeat {
    /// Gives signs of life until `stop` turns true.
    pub async fn run(self, mut stop: watch::Receiver<bool>) {
        let client = match self.client() {
            Ok(client) => client,
            Err(why) => {
                tracing::error!(error = why, "no sign of life can be given over HTTP");
                let what = alarm::NO_SIGN_OF_LIFE.in_all();
                self.handle.board().raise(ALARM, what, self.clock.now().into(), true);
                None
            }
        };
        let begun = mono();
        let url_every = Duration::from_secs(self.watch.url_every_s.max(1).into());
        let sms_every = Duration::from_secs(self.watch.sms_every_s.max(1).into());
        let (mut url_at, mut sms_at) = (begun + url_every.min(Duration::from_secs(15)), begun + sms_every);
        let (mut missed, mut taken_at) = (0, None);
        loop {
            let next = if self.watch.sms_to.is_some() { url_at.min(sms_at) } else { url_at };
            tokio::select! {
                _ = stop.changed() => return,
                () = tokio::time::sleep_until(next) => {}
            }
            let now = mono();
            let on_record = tokio::time::timeout(LOOP_TIMEOUT, self.handle.query(|_, m| m.on_record)).await;
            let on_record = on_record.ok().and_then(Result::ok);
            let board = self.handle.board();
            let why_not = withheld(board, on_record, self.clock.now().into(), now - begun);
            if let Some(why) = why_not {
                tracing::error!(error = why, "the sign of life is withheld");
                board.set_heartbeat(HeartbeatState { taken_at, why: format!("withheld: {why}") });
            }
            if now >= url_at {
                url_at = later(url_at, url_every, now);
                if let (None, Some(client), Some(url)) = (why_not, &client, &self.watch.url) {
                    let result = self.ask(client, url).await;
                    missed = if result.is_ok() { 0 } else { missed + 1 };
                    let why = result.err().unwrap_or_default();
                    if why.is_empty() {
                        taken_at = Some(self.clock.now().into());
                        board.clear(ALARM);
                    } else {
                        tracing::warn!(error = why, missed, "the watcher outside did not take the sign of life");
                    }
                    board.set_heartbeat(HeartbeatState { taken_at, why });
                    if missed >= MISSED_UNTIL_ALARM {
                        let what = alarm::WATCHER_SILENT.in_all();
                        // Shown, and told to nobody: the watcher itself alarms.
                        board.raise(ALARM, what, self.clock.now().into(), false);
                    }
                }
            }
            if now >= sms_at {
                sms_at = later(sms_at, sms_every, now);
                if let (None, Some(to)) = (why_not, &self.watch.sms_to) {
                    let head = self.journal.head();
                    let input = Input::SignOfLife { to: to.clone(), head: written_head(head.seq, &head.hash) };
                    if let Ok(Err(error)) = tokio::time::timeout(LOOP_TIMEOUT, self.handle.input(input)).await {
                        tracing::warn!(%error, "no sign of life by SMS");
                    }
                }
            }
        }
    }

    fn client(&self) -> Result<Option<reqwest::Client>, String> {
        if self.watch.url.is_none() {
            return Ok(None);
        }
        let timeout = Duration::from_secs(self.watch.timeout_s.max(1).into());
        let mut builder = reqwest::Client::builder().timeout(timeout).redirect(Policy::none()).no_proxy();
        if let Some(file) = &self.watch.ca_file {
            let all = read_ca_file(Path::new(file)).map_err(|e| format!("ca_file: {e}"))?;
            builder = builder.tls_certs_only(all);
        }
        builder.build().map(Some).map_err(|e| format!("HTTP client: {e}"))
    }

    /// A watcher that answers anything but 2xx has not taken it.
    async fn ask(&self, client: &reqwest::Client, url: &str) -> Result<(), String> {
        let head = self.journal.head();
        let mut request = client.get(url).header("vardkase-head", written_head(head.seq, &head.hash));
        if let Some(seal) = self.seal.as_ref().and_then(|s| s()) {
            request = request.header("vardkase-seal", seal);
        }
        match request.send().await {
            Ok(answer) if answer.status().is_success() => Ok(()),
            Ok(answer) => Err(format!("it answered HTTP {}", answer.status().as_u16())),
            Err(e) => Err(no_answer(&e).into()),
        }
    }
}

/// The next time on the beat; beats that were slept through are not made up for.
fn later(at: Instant, every: Duration, now: Instant) -> Instant {
    let next = at + every;
    if next > now { next } else { now + every }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::lang::L10n;

    #[test]
    fn a_sign_of_life_is_given_only_by_a_program_that_is_well() {
        let board = Board::default();
        let at = |s: i64| At(s * 1000);
        let (short, long) = (Duration::from_secs(20), Duration::from_secs(3600));
        assert_eq!(withheld(&board, Some(true), at(0), short), None, "the auditor has not had its first look yet");
        assert_eq!(withheld(&board, Some(true), at(0), long), Some("the auditor has not looked"));
        board.audited(at(100));
        assert_eq!(withheld(&board, Some(true), at(110), long), None);
        assert_eq!(withheld(&board, Some(true), at(146), long), Some("the auditor has not looked"));
        assert_eq!(withheld(&board, None, at(110), long), Some("the loop does not answer"));
        assert_eq!(withheld(&board, Some(false), at(110), long), Some("nothing can be written"));
        for (alarm, why) in [(OVERDUE, "steps are late"), (NO_NEXT_STEP, "somebody has no next step")] {
            board.raise(alarm, L10n::default(), at(100), true);
            assert_eq!(withheld(&board, Some(true), at(110), long), Some(why));
            board.clear(alarm);
        }
        board.raise("gateway-down sms-api", L10n::default(), at(100), true);
        assert_eq!(withheld(&board, Some(true), at(110), long), None, "that is told by other ways");
    }

    #[test]
    fn beats_that_were_slept_through_are_not_made_up_for() {
        let start = Instant::now();
        let s = Duration::from_secs;
        assert_eq!(later(start, s(60), start), start + s(60));
        assert_eq!(later(start, s(60), start + s(600)), start + s(660));
    }

    #[test]
    fn a_head_fits_on_paper() {
        assert_eq!(written_head(1234, &[0xab; 32]), "1234 abababababababab");
    }
}
