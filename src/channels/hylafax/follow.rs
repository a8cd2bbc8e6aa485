//! Follows jobs to their end: one listing of the queue for all of them, at a bounded interval, over one connection.
//!
//! `hfaxd` shows a job in `sendq` while it is on its way and in `doneq` after. A session may go on showing a job as it once
//! was, so the connection is made anew now and then, and whenever a job is in neither queue.

use std::collections::{BTreeMap, HashMap, HashSet};
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use tokio::sync::Notify;
use tokio::time::Instant;

use super::config::HylafaxConfig;
use super::session::{Fault, Session};
use super::wire::{self, JobLine};
use crate::domain::delivery::SendError;
use crate::domain::ids::DeliveryId;

/// Looks over one connection.
const LOOKS_MAX: u32 = 20;
/// Looks in a row that find a job in no queue before it counts as gone.
const MISSES_MAX: u32 = 3;
/// After the job's own time, the server is given this long to say how it ended.
const GRACE_S: u64 = 600;
/// Jobs that are followed at a time; the oldest is given up beyond it.
const FOLLOWED_MAX: usize = 10_000;

/// One job on its way.
#[derive(Clone, Debug)]
pub(super) struct Followed {
    pub delivery: DeliveryId,
    pub pages: u16,
    /// JSUBM got an answer. If not, the job may never have existed.
    pub certain: bool,
    pub until: Instant,
    pub misses: u32,
}

impl Followed {
    pub fn new(delivery: DeliveryId, pages: u16, ttl_s: u32, certain: bool) -> Self {
        let until = Instant::now() + Duration::from_secs(u64::from(ttl_s) + GRACE_S);
        Self { delivery, pages, certain, until, misses: 0 }
    }
}

/// How a job ended.
pub(super) struct End {
    pub id: String,
    pub delivery: DeliveryId,
    pub result: Result<(), SendError>,
}

/// The jobs on their way, by the server's number.
#[derive(Default)]
pub(super) struct Following {
    jobs: Mutex<BTreeMap<u64, Followed>>,
    /// Something was added.
    pub added: Notify,
}

impl Following {
    fn jobs(&self) -> std::sync::MutexGuard<'_, BTreeMap<u64, Followed>> {
        self.jobs.lock().unwrap_or_else(PoisonError::into_inner)
    }
    /// Follows a job. Numbers that are none can't be followed.
    pub fn add(&self, id: &str, job: Followed) {
        let Ok(id) = id.parse() else { return };
        let mut jobs = self.jobs();
        if jobs.len() == FOLLOWED_MAX {
            jobs.pop_first();
        }
        jobs.insert(id, job);
        drop(jobs);
        self.added.notify_one();
    }
    /// No longer.
    pub fn remove(&self, id: &str) {
        if let Ok(id) = id.parse() {
            self.jobs().remove(&id);
        }
    }
    pub fn is_empty(&self) -> bool {
        self.jobs().is_empty()
    }

    /// Takes a look's listings in and gives the jobs that ended. `true`: some job was in neither queue.
    pub fn judge(&self, seen: &[JobLine], now: Instant) -> (Vec<End>, bool) {
        // Of two lines for one job the later counts: it comes from the later listing.
        let seen: HashMap<u64, &JobLine> = seen.iter().filter_map(|l| Some((l.id.parse().ok()?, l))).collect();
        let mut ends = Vec::new();
        let mut missed = false;
        self.jobs().retain(|id, job| {
            let line = seen.get(id);
            let result = match line.map(|l| (l, verdict(l, job.pages))) {
                Some((_, Some(result))) => Some(result),
                Some((_, None)) if now >= job.until => {
                    Some(Err(SendError::unknown("its time is over and the fax server still has it")))
                }
                Some((_, None)) => {
                    job.misses = 0;
                    None
                }
                None => {
                    missed = true;
                    job.misses += 1;
                    (job.misses >= MISSES_MAX || now >= job.until)
                        .then(|| Err(SendError::unknown("the fax server has it in no queue")))
                }
            };
            let Some(result) = result else { return true };
            // What was perhaps never submitted and is not to be found has its Unknown already.
            if job.certain || line.is_some() {
                ends.push(End { id: id.to_string(), delivery: job.delivery, result });
            }
            false
        });
        (ends, missed)
    }

    fn all_in(&self, seen: &[JobLine]) -> bool {
        let seen: HashSet<u64> = seen.iter().filter_map(|l| l.id.parse().ok()).collect();
        self.jobs().keys().all(|id| seen.contains(id))
    }
}

/// Whether a job has ended, and how. Only DONE with all pages counts as delivered.
pub(super) fn verdict(line: &JobLine, pages: u16) -> Option<Result<(), SendError>> {
    match line.state {
        'D' if line.pages_sent >= line.pages && line.pages_sent >= u32::from(pages) => Some(Ok(())),
        'D' => Some(Err(SendError::temporary(format!(
            "DONE with {} of {} pages",
            line.pages_sent,
            line.pages.max(u32::from(pages))
        )))),
        'F' => Some(Err(failure(&line.status))),
        _ => None,
    }
}

/// What a failed job's status means for another try. Nobody is there or the line is bad: that passes. No fax machine is
/// there, the number is wrong, the server refuses: it does not.
pub(super) fn failure(status: &str) -> SendError {
    const FOR_GOOD: [&str; 8] = [
        "no carrier detected",
        "invalid dialing command",
        "blacklisted",
        "wanted fax",
        "reject",
        "conversion",
        "document format",
        "permission",
    ];
    let cause = if status.is_empty() { "FAILED".to_owned() } else { status.to_owned() };
    let small = cause.to_lowercase();
    if FOR_GOOD.iter().any(|sign| small.contains(sign)) {
        SendError::permanent(cause)
    } else {
        SendError::temporary(cause)
    }
}

/// The watcher's connection.
#[derive(Default)]
pub(super) struct Watch {
    session: Option<Session>,
    looks: u32,
}

impl Watch {
    /// One look at the queues. After a fault the next look connects anew.
    pub async fn look(&mut self, config: &HylafaxConfig, following: &Following) -> Result<Vec<End>, Fault> {
        match self.try_look(config, following).await {
            Ok((ends, missed)) => {
                self.looks += 1;
                if missed || self.looks >= LOOKS_MAX {
                    self.session = None;
                }
                Ok(ends)
            }
            Err(fault) => {
                self.session = None;
                Err(fault)
            }
        }
    }

    async fn try_look(&mut self, config: &HylafaxConfig, following: &Following) -> Result<(Vec<End>, bool), Fault> {
        let session = match &mut self.session {
            Some(session) => session,
            none => {
                let mut session = Session::open(config).await?;
                session.command(wire::JOB_FORMAT).await?;
                self.looks = 0;
                none.insert(session)
            }
        };
        let mut seen = wire::job_lines(&session.list("sendq").await?);
        // First sendq, then doneq: a job that moves between the two is in the second at the latest.
        if !following.all_in(&seen) {
            seen.extend(wire::job_lines(&session.list("doneq").await?));
        }
        Ok(following.judge(&seen, Instant::now()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::ids::IncidentNo;

    fn line(id: u64, state: char, sent: u32, pages: u32, status: &str) -> JobLine {
        JobLine { id: id.to_string(), state, pages_sent: sent, pages, tag: String::new(), status: status.into() }
    }
    fn followed(certain: bool) -> Followed {
        Followed::new(DeliveryId { incident: IncidentNo::actual(14), ordinal: 1 }, 2, 60, certain)
    }

    #[test]
    fn only_done_with_all_pages_is_delivered() {
        assert_eq!(verdict(&line(1, 'D', 2, 2, ""), 2), Some(Ok(())));
        assert_eq!(verdict(&line(1, 'D', 1, 2, ""), 2), Some(Err(SendError::temporary("DONE with 1 of 2 pages"))));
        assert_eq!(verdict(&line(1, 'D', 1, 1, ""), 2), Some(Err(SendError::temporary("DONE with 1 of 2 pages"))));
        for state in "TPSBWR?x".chars() {
            assert_eq!(verdict(&line(1, state, 2, 2, "Busy signal detected"), 2), None);
        }
    }

    #[test]
    fn the_status_says_whether_another_try_helps() {
        for temporary in [
            "Busy signal detected; too many attempts to dial",
            "No answer from remote; too many attempts to dial",
            "Kill time expired",
            "RSPREC error/got DCN (sender abort)",
            "",
        ] {
            assert!(matches!(failure(temporary), SendError::Temporary { .. }), "{temporary}");
        }
        for permanent in ["No carrier detected", "Invalid dialing command", "REJECT: No work found in job file"] {
            assert_eq!(failure(permanent), SendError::permanent(permanent));
        }
    }

    #[test]
    fn what_is_in_no_queue_is_unknown_after_three_looks() {
        let following = Following::default();
        following.add("7", followed(true));
        following.add("8", followed(false));
        for _ in 1..MISSES_MAX {
            let (ends, missed) = following.judge(&[], Instant::now());
            assert!(ends.is_empty() && missed);
        }
        let (ends, _) = following.judge(&[], Instant::now());
        // Job 8 was perhaps never submitted, and nobody saw it: its Unknown was told at once.
        assert_eq!(ends.len(), 1);
        assert_eq!(ends[0].id, "7");
        assert!(matches!(ends[0].result, Err(SendError::Unknown { .. })));
        assert!(following.is_empty());
    }

    #[test]
    fn a_job_that_never_ends_is_given_up_after_its_time() {
        let following = Following::default();
        following.add("7", followed(true));
        let running = [line(7, 'R', 0, 2, "")];
        let after = |s| Instant::now() + Duration::from_secs(s);
        assert!(following.judge(&running, after(GRACE_S)).0.is_empty());
        let (ends, _) = following.judge(&running, after(61 + GRACE_S));
        assert!(matches!(ends[0].result, Err(SendError::Unknown { .. })));
    }

    #[test]
    fn the_later_listing_counts() {
        let following = Following::default();
        following.add("7", followed(true));
        let seen = [line(7, 'R', 0, 2, ""), line(7, 'D', 2, 2, "")];
        assert_eq!(following.judge(&seen, Instant::now()).0[0].result, Ok(()));
    }
}
