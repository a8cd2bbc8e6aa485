//! Which jobs are on their way, and what a look at the server's queues says of them. No IO.
//!
//! A job is known by the server's number once it was submitted here, and by its tag after a restart, until a look has found
//! the number that goes with it. `hfaxd` shows a job in `sendq` while it is on its way and in `doneq` after.

use std::collections::{BTreeMap, HashMap, HashSet};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tokio::sync::Notify;
use tokio::time::Instant;

use super::wire::JobLine;
use crate::domain::delivery::SendError;
use crate::domain::ids::DeliveryId;

/// Looks in a row that find a job in no queue before it counts as gone.
pub(super) const MISSES_MAX: u32 = 3;
/// After the job's own time, the server is given this long to say how it ended.
const GRACE_S: u64 = 600;
/// Jobs that are followed at a time; the oldest is given up beyond it.
const FOLLOWED_MAX: usize = 10_000;

/// One job on its way.
#[derive(Clone, Debug)]
pub(super) struct Followed {
    pub delivery: DeliveryId,
    pub pages: u16,
    /// The server has taken it. If not, it may never have existed.
    pub certain: bool,
    pub until: Instant,
    pub misses: u32,
}

impl Followed {
    pub fn new(delivery: DeliveryId, pages: u16, ttl_s: u32, certain: bool) -> Self {
        let until = Instant::now() + Duration::from_secs(u64::from(ttl_s) + GRACE_S);
        Self { delivery, pages, certain, until, misses: 0 }
    }

    /// A look did not find it in either queue: how it ends then, if it does. For good, since the server was asked often enough
    /// and nobody else can say more: the next way takes over, and "accepted" does not stand for ever.
    fn missed(&mut self, now: Instant) -> Option<Result<(), SendError>> {
        self.misses += 1;
        (self.misses >= MISSES_MAX || now >= self.until)
            .then(|| Err(SendError::permanent("the fax server lost the job: it is in no queue")))
    }
}

/// How a job ended.
#[derive(Debug)]
pub(super) struct End {
    pub id: String,
    pub delivery: DeliveryId,
    pub result: Result<(), SendError>,
}

#[derive(Debug, Default)]
struct Jobs {
    by_id: BTreeMap<u64, Followed>,
    /// From before a restart: no look has found them yet.
    by_tag: HashMap<String, Followed>,
}

/// The jobs on their way.
#[derive(Debug, Default)]
pub(super) struct Following {
    jobs: Mutex<Jobs>,
    /// Something was added.
    pub added: Notify,
}

impl Following {
    fn jobs(&self) -> MutexGuard<'_, Jobs> {
        self.jobs.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Follows a job. Without a proper number it can't be followed.
    pub fn add(&self, id: &str, job: Followed) {
        let Ok(id) = id.parse() else { return };
        let mut jobs = self.jobs();
        if jobs.by_id.len() == FOLLOWED_MAX {
            jobs.by_id.pop_first();
        }
        jobs.by_id.insert(id, job);
        drop(jobs);
        self.added.notify_one();
    }

    /// Follows a job of which only the tag is known.
    pub fn add_tagged(&self, tag: String, job: Followed) {
        let mut jobs = self.jobs();
        if jobs.by_tag.len() < FOLLOWED_MAX {
            jobs.by_tag.insert(tag, job);
        }
        drop(jobs);
        self.added.notify_one();
    }

    /// Follows a delivery no longer.
    pub fn remove(&self, delivery: DeliveryId) {
        let mut jobs = self.jobs();
        jobs.by_id.retain(|_, job| job.delivery != delivery);
        jobs.by_tag.retain(|_, job| job.delivery != delivery);
    }

    pub fn is_empty(&self) -> bool {
        let jobs = self.jobs();
        jobs.by_id.is_empty() && jobs.by_tag.is_empty()
    }

    /// Whether that job is still on its way.
    pub fn has(&self, id: u64) -> bool {
        self.jobs().by_id.contains_key(&id)
    }

    /// The first numbers: the server begins with the oldest.
    pub fn oldest(&self, n: usize) -> Vec<u64> {
        self.jobs().by_id.keys().take(n).copied().collect()
    }

    /// What goes with these deliveries in a listing: which delivery a line is about.
    pub fn wanted(&self, deliveries: &[DeliveryId]) -> Wanted {
        let of: HashSet<DeliveryId> = deliveries.iter().copied().collect();
        let jobs = self.jobs();
        let ids =
            jobs.by_id.iter().filter(|(_, j)| of.contains(&j.delivery)).map(|(id, j)| (*id, j.delivery)).collect();
        let tags = jobs.by_tag.iter().filter(|(_, j)| of.contains(&j.delivery));
        Wanted { ids, tags: tags.map(|(tag, j)| (tag.clone(), j.delivery)).collect() }
    }

    /// Takes a look's listings in and gives the jobs that ended. `true`: some job was in neither queue.
    pub fn judge(&self, seen: &[JobLine], now: Instant) -> (Vec<End>, bool) {
        // Of two lines for one job the later counts: it comes from the later listing.
        let lines: HashMap<u64, &JobLine> = seen.iter().filter_map(|l| Some((l.id.parse().ok()?, l))).collect();
        let (mut ends, mut missed) = (Vec::new(), false);
        let mut jobs = self.jobs();
        let Jobs { by_id, by_tag } = &mut *jobs;
        if !by_tag.is_empty() {
            let tagged = best_of_each_tag(&lines);
            by_tag.retain(|tag, job| {
                if let Some(id) = tagged.get(tag.as_str()) {
                    by_id.insert(*id, job.clone());
                    return false;
                }
                missed = true;
                let Some(result) = job.missed(now) else { return true };
                ends.push(End { id: String::new(), delivery: job.delivery, result });
                false
            });
        }
        by_id.retain(|id, job| {
            let line = lines.get(id);
            let result = match line.map(|l| verdict(l, job.pages)) {
                Some(Some(result)) => Some(result),
                Some(None) if now >= job.until => {
                    Some(Err(SendError::permanent("its time is over and the fax server still has it")))
                }
                Some(None) => {
                    job.misses = 0;
                    None
                }
                None => {
                    missed = true;
                    job.missed(now)
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

    /// Whether one listing shows all of them.
    pub fn all_in(&self, seen: &[JobLine]) -> bool {
        let ids: HashSet<u64> = seen.iter().filter_map(|l| l.id.parse().ok()).collect();
        let jobs = self.jobs();
        // One tag may stand on several jobs, of which the other queue may have the better.
        jobs.by_tag.is_empty() && jobs.by_id.keys().all(|id| ids.contains(id))
    }
}

/// Which lines of a listing are about certain deliveries.
pub(super) struct Wanted {
    ids: HashMap<u64, DeliveryId>,
    tags: HashMap<String, DeliveryId>,
}

impl Wanted {
    pub fn is_empty(&self) -> bool {
        self.ids.is_empty() && self.tags.is_empty()
    }
    pub fn delivery(&self, line: &JobLine) -> Option<DeliveryId> {
        let by_id = line.id.parse().ok().and_then(|id: u64| self.ids.get(&id));
        by_id.or_else(|| self.tags.get(&line.tag)).copied()
    }
}

/// The job that counts of several with one tag: one that went through, else one on its way, else one that failed; of equals
/// the newest.
pub(super) fn best_of_each_tag<'l>(lines: &HashMap<u64, &'l JobLine>) -> HashMap<&'l str, u64> {
    let rank = |line: &JobLine| match line.state {
        'D' => 2,
        'F' => 0,
        _ => 1,
    };
    let mut best: HashMap<&str, (u8, u64)> = HashMap::new();
    for (id, line) in lines.iter().filter(|(_, l)| !l.tag.is_empty()) {
        let this = (rank(line), *id);
        let known = best.entry(line.tag.as_str()).or_insert(this);
        *known = this.max(*known);
    }
    best.into_iter().map(|(tag, (_, id))| (tag, id)).collect()
}

/// Whether a job has ended, and how. Only DONE with all pages counts as delivered. The server has dialled as often as it was
/// told to: what it gives up is over for this gateway, busy or not, and the next way takes over.
pub(super) fn verdict(line: &JobLine, pages: u16) -> Option<Result<(), SendError>> {
    match line.state {
        'D' if line.pages_sent >= line.pages && line.pages_sent >= u32::from(pages) => Some(Ok(())),
        'D' => Some(Err(SendError::permanent(format!(
            "DONE with {} of {} pages",
            line.pages_sent,
            line.pages.max(u32::from(pages))
        )))),
        'F' if line.status.is_empty() => Some(Err(SendError::permanent("FAILED"))),
        'F' => Some(Err(SendError::permanent(line.status.clone()))),
        _ => None,
    }
}

/// Whether a job may be taken back: it is in the queue, no call of it runs, and no page of it went out in an earlier one.
pub(super) fn not_begun(line: &JobLine) -> bool {
    !matches!(line.state, 'R' | 'D' | 'F') && line.pages_sent == 0
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::ids::IncidentNo;

    fn tagged(id: u64, state: char, sent: u32, tag: &str) -> JobLine {
        JobLine { id: id.to_string(), state, pages_sent: sent, pages: 2, tag: tag.into(), status: "busy".into() }
    }
    fn line(id: u64, state: char, sent: u32, pages: u32, status: &str) -> JobLine {
        JobLine { id: id.to_string(), state, pages_sent: sent, pages, tag: String::new(), status: status.into() }
    }
    fn delivery(ordinal: u32) -> DeliveryId {
        DeliveryId { incident: IncidentNo::actual(14), ordinal }
    }
    fn followed(certain: bool) -> Followed {
        Followed::new(delivery(1), 2, 60, certain)
    }

    #[test]
    fn only_done_with_all_pages_is_delivered() {
        assert_eq!(verdict(&line(1, 'D', 2, 2, ""), 2), Some(Ok(())));
        let short = Some(Err(SendError::permanent("DONE with 1 of 2 pages")));
        assert_eq!(verdict(&line(1, 'D', 1, 2, ""), 2), short);
        assert_eq!(verdict(&line(1, 'D', 1, 1, ""), 2), short);
        for state in "TPSBWR?x".chars() {
            assert_eq!(verdict(&line(1, state, 2, 2, "Busy signal detected"), 2), None);
        }
    }

    #[test]
    fn what_the_server_gave_up_is_over_for_this_gateway_in_its_words() {
        for status in ["Busy signal detected; too many attempts to dial", "No carrier detected", "Kill time expired"] {
            assert_eq!(verdict(&line(1, 'F', 0, 2, status), 2), Some(Err(SendError::permanent(status))));
        }
        assert_eq!(verdict(&line(1, 'F', 2, 2, ""), 2), Some(Err(SendError::permanent("FAILED"))));
    }

    #[test]
    fn only_what_has_not_begun_can_be_taken_back() {
        for state in "TPSBW".chars() {
            assert!(not_begun(&line(1, state, 0, 2, "")), "{state}");
            assert!(!not_begun(&line(1, state, 1, 2, "")), "{state}: somebody has its first page");
        }
        for state in "RDF".chars() {
            assert!(!not_begun(&line(1, state, 0, 2, "")), "{state}");
        }
    }

    #[test]
    fn what_is_in_no_queue_is_lost_after_three_looks() {
        let following = Following::default();
        following.add("7", followed(true));
        following.add("8", followed(false));
        following.add_tagged("14.1 14-2".into(), followed(true));
        for _ in 1..MISSES_MAX {
            let (ends, missed) = following.judge(&[], Instant::now());
            assert!(ends.is_empty() && missed);
        }
        let (ends, _) = following.judge(&[], Instant::now());
        // Job 8 was perhaps never submitted, and nobody saw it: its Unknown was told at once.
        let ids: Vec<&str> = ends.iter().map(|e| e.id.as_str()).collect();
        assert_eq!(ids, ["", "7"]);
        let lost = Err(SendError::permanent("the fax server lost the job: it is in no queue"));
        assert!(ends.iter().all(|e| e.result == lost), "{ends:?}");
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
        assert!(matches!(ends[0].result, Err(SendError::Permanent { .. })));
    }

    #[test]
    fn the_later_listing_counts() {
        let following = Following::default();
        following.add("7", followed(true));
        let seen = [line(7, 'R', 0, 2, ""), line(7, 'D', 2, 2, "")];
        assert_eq!(following.judge(&seen, Instant::now()).0[0].result, Ok(()));
    }

    #[test]
    fn a_tag_finds_the_job_that_counts_among_several_tries() {
        let following = Following::default();
        let end = |seen: &[JobLine]| {
            following.add_tagged("14.1 14-2".into(), followed(true));
            let (mut ends, missed) = following.judge(seen, Instant::now());
            assert!(!missed && ends.len() <= 1);
            following.remove(delivery(1));
            ends.pop().map(|e| (e.id, e.result))
        };
        let (failed, on_its_way, done) =
            (tagged(5, 'F', 0, "14.1 14-2"), tagged(6, 'W', 0, "14.1 14-2"), tagged(4, 'D', 2, "14.1 14-2"));
        let other = tagged(9, 'F', 0, "14.2 14-2");
        assert_eq!(end(&[failed.clone(), on_its_way.clone(), other.clone()]), None);
        assert_eq!(end(&[failed.clone(), done.clone(), on_its_way, other.clone()]), Some(("4".into(), Ok(()))));
        assert_eq!(end(&[failed, other]), Some(("5".into(), Err(SendError::permanent("busy")))));
    }

    #[test]
    fn a_delivery_is_found_by_number_and_by_tag() {
        let following = Following::default();
        following.add("7", followed(true));
        following.add_tagged("14.2 14-2".into(), Followed::new(delivery(2), 1, 60, true));
        let wanted = following.wanted(&[delivery(1), delivery(2), delivery(3)]);
        assert_eq!(wanted.delivery(&tagged(7, 'W', 0, "")), Some(delivery(1)));
        assert_eq!(wanted.delivery(&tagged(8, 'W', 0, "14.2 14-2")), Some(delivery(2)));
        assert_eq!(wanted.delivery(&tagged(8, 'W', 0, "14.3 14-2")), None);
        assert!(following.wanted(&[delivery(3)]).is_empty());
        following.remove(delivery(1));
        following.remove(delivery(2));
        assert!(following.is_empty());
    }
}
