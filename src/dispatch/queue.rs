//! What one worker holds, and in which order it goes: actual before exercise, then by the priority on the letterhead (key
//! functions before groups, alerts before updates), a retry that is due before what is new, and first come first served.
//! Pure: time comes in.
//!
//! A class that has waited [`AGED`] gets every [`AGED_SHARE`]th place, so that a lower one moves while a higher one never
//! ends. Drills don't: they wait for every actual delivery (RULES D1).

use std::cmp::Reverse;
use std::collections::{BTreeMap, BinaryHeap, HashMap, VecDeque};
use std::sync::Arc;
use std::time::Duration;

use tokio::time::Instant;

use super::retry::Tries;
use crate::domain::ids::{DeliveryId, Status};
use crate::domain::text::Outgoing;
use crate::gateways::Job;

/// A class that has waited so long moves beside the more urgent ones.
pub const AGED: Duration = Duration::from_secs(30);
/// One place of so many goes to an aged class.
pub const AGED_SHARE: u32 = 8;
/// Tickets of deliveries that have left are cleared away when they are more than the rest and more than this.
const STALE_MAX: usize = 1024;
/// The whole queue is looked through for what has expired at most so often; what goes out is always looked at.
const SWEEP_EVERY: Duration = Duration::from_secs(1);

/// A job for a worker.
#[derive(Clone, Debug)]
pub struct Queued {
    /// What to send, and to whom.
    pub job: Job,
    /// No other gateway is left for it: it is not handed back when this gateway is out, but waits and is tried until its
    /// time is up.
    pub last_path: bool,
    /// When the job was made: its time counts from there, also while there is no room for it in the queue (RULES D13).
    pub since: Instant,
    /// The text as it says that it may be there already, when it goes once more (RULES G4); none where that has no room.
    pub if_repeated: Option<Arc<Outgoing>>,
}

impl Queued {
    /// It may be there already: it says so.
    pub fn mark_repeat(&mut self) {
        self.job.repeat = true;
        if let Some(marked) = self.if_repeated.take() {
            self.job.out = marked;
        }
    }
}

/// Where a held delivery is.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Place {
    /// It waits in the queue.
    Waiting,
    /// Waiting for its next try.
    Delayed,
    /// Given to the gateway.
    HandedOver,
}

/// A delivery that the worker holds.
#[derive(Debug)]
pub struct Held {
    /// What to send.
    pub job: Job,
    /// See [`Queued::last_path`].
    pub last_path: bool,
    /// See [`Queued::if_repeated`].
    pub if_repeated: Option<Arc<Outgoing>>,
    /// Its tries on this gateway.
    pub tries: Tries,
    /// Withdrawn while it was on the wire: it gets no further try (RULES D2).
    pub withdrawn: bool,
    /// It arrived, by an earlier try: this one gets no further, and its failure is not news.
    pub settled: bool,
    /// After that it is of no use.
    pub deadline: Instant,
    /// It came then.
    pub since: Instant,
    /// It was told "later" first then.
    pub later_since: Option<Instant>,
    place: Place,
    ticket: u64,
}

impl Held {
    /// Where it is.
    pub fn place(&self) -> Place {
        self.place
    }
    /// Which of its tries it is at: no two tries of a worker have the same.
    pub fn ticket(&self) -> u64 {
        self.ticket
    }
}

#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
struct Ticket {
    ticket: u64,
    since: Instant,
    delivery: DeliveryId,
}

#[derive(Debug, Default)]
struct Class {
    due: VecDeque<Ticket>,
    fresh: VecDeque<Ticket>,
}

impl Class {
    fn front(&self) -> Option<&Ticket> {
        self.due.front().or_else(|| self.fresh.front())
    }
    fn pop(&mut self) -> Option<Ticket> {
        self.due.pop_front().or_else(|| self.fresh.pop_front())
    }
}

/// Everything that one worker holds.
#[derive(Debug, Default)]
pub struct Queue {
    held: HashMap<DeliveryId, Held>,
    classes: BTreeMap<(Status, u8), Class>,
    delayed: BinaryHeap<Reverse<(Instant, Ticket)>>,
    tickets: u64,
    pops: u32,
    handed_over: usize,
    /// No delivery in line has an earlier deadline than this.
    earliest: Option<Instant>,
    swept_at: Option<Instant>,
}

impl Queue {
    /// Deliveries in line, and those that wait for their next try.
    pub fn waiting(&self) -> usize {
        self.held.len() - self.handed_over
    }
    /// Deliveries that the gateway has.
    pub fn handed_over(&self) -> usize {
        self.handed_over
    }
    /// Something is in line now, not only delayed.
    pub fn in_line_now(&self) -> bool {
        self.classes.values().any(|class| class.front().is_some())
    }
    /// A held delivery.
    pub fn get(&self, delivery: DeliveryId) -> Option<&Held> {
        self.held.get(&delivery)
    }

    /// Takes a job in. `false`: it is held already; its outcome comes once.
    pub fn push(&mut self, queued: Queued, now: Instant) -> bool {
        let delivery = queued.job.delivery;
        let std::collections::hash_map::Entry::Vacant(vacant) = self.held.entry(delivery) else { return false };
        self.tickets += 1;
        let deadline = queued.since + Duration::from_secs(queued.job.ttl_s.into());
        let class = class(&queued.job);
        vacant.insert(Held {
            job: queued.job,
            last_path: queued.last_path,
            if_repeated: queued.if_repeated,
            tries: Tries::default(),
            withdrawn: false,
            settled: false,
            deadline,
            since: now,
            later_since: None,
            place: Place::Waiting,
            ticket: self.tickets,
        });
        let ticket = Ticket { ticket: self.tickets, since: now, delivery };
        self.classes.entry(class).or_default().fresh.push_back(ticket);
        self.sooner(deadline);
        true
    }

    /// Moves the retries that are due into line.
    pub fn promote(&mut self, now: Instant) {
        while let Some(Reverse((due, ticket))) = self.delayed.peek().copied() {
            if due > now {
                break;
            }
            self.delayed.pop();
            if let Some(held) = self.held.get_mut(&ticket.delivery).filter(|h| h.ticket == ticket.ticket) {
                held.place = Place::Waiting;
                self.classes.entry(class(&held.job)).or_default().due.push_back(ticket);
            }
        }
    }

    /// When the next retry is due.
    pub fn next_due(&self) -> Option<Instant> {
        self.delayed.peek().map(|Reverse((due, _))| *due)
    }

    /// The next delivery in line, now the gateway's: its job with what is left of its time. What has expired goes to
    /// `expired` instead.
    pub fn pop(&mut self, now: Instant, expired: &mut Vec<Held>) -> Option<Job> {
        loop {
            let ticket = self.next_ticket(now)?;
            let Some(held) = self.held.get_mut(&ticket.delivery).filter(|h| h.ticket == ticket.ticket) else {
                continue;
            };
            if held.deadline <= now {
                expired.extend(self.held.remove(&ticket.delivery));
                continue;
            }
            held.place = Place::HandedOver;
            self.handed_over += 1;
            let mut job = held.job.clone();
            let left = held.deadline.duration_since(now).as_millis().div_ceil(1000);
            job.ttl_s = u32::try_from(left).unwrap_or(u32::MAX);
            return Some(job);
        }
    }

    fn next_ticket(&mut self, now: Instant) -> Option<Ticket> {
        self.pops = self.pops.wrapping_add(1);
        if self.pops.is_multiple_of(AGED_SHARE) {
            let mut filled = self.classes.iter_mut().filter(|(_, class)| class.front().is_some());
            let status = filled.next()?.0.0;
            let aged = filled
                .filter(|((s, _), class)| *s == status && class.front().is_some_and(|t| now >= t.since + AGED))
                .min_by_key(|(_, class)| class.front().map(|t| t.since));
            if let Some((_, class)) = aged {
                return class.pop();
            }
        }
        self.classes.values_mut().find_map(Class::pop)
    }

    /// The gateway is done with it: takes it out. `None`: it was not the gateway's.
    pub fn finish(&mut self, delivery: DeliveryId) -> Option<Held> {
        match self.held.get(&delivery)?.place {
            Place::HandedOver => self.remove(delivery),
            Place::Waiting | Place::Delayed => None,
        }
    }

    /// Takes it out wherever it is.
    pub fn remove(&mut self, delivery: DeliveryId) -> Option<Held> {
        let held = self.held.remove(&delivery)?;
        if held.place == Place::HandedOver {
            self.handed_over -= 1;
        }
        Some(held)
    }

    /// Puts a delivery that [`Queue::finish`] gave back, to be tried at `due`.
    pub fn retry(&mut self, mut held: Held, due: Instant, repeat: bool, now: Instant) {
        self.tickets += 1;
        held.job.repeat |= repeat;
        if repeat && let Some(marked) = held.if_repeated.take() {
            held.job.out = marked;
        }
        held.place = Place::Delayed;
        held.ticket = self.tickets;
        let delivery = held.job.delivery;
        self.sooner(held.deadline);
        self.held.insert(delivery, held);
        self.delayed.push(Reverse((due, Ticket { ticket: self.tickets, since: now, delivery })));
    }

    /// Takes out what is in line; marks what is on the wire, so that it gets no further try.
    pub fn withdraw(&mut self, delivery: DeliveryId) -> Option<Held> {
        let held = self.held.get_mut(&delivery)?;
        if held.place == Place::HandedOver {
            held.withdrawn = true;
            return None;
        }
        self.remove(delivery)
    }

    /// It arrived: takes out what is in line, and marks what is on the wire, so that it gets no further try.
    pub fn settle(&mut self, delivery: DeliveryId) {
        match self.held.get_mut(&delivery) {
            Some(held) if held.place == Place::HandedOver => held.settled = true,
            Some(_) => drop(self.remove(delivery)),
            None => {}
        }
    }

    /// When to look for what has expired.
    pub fn next_expiry(&self) -> Option<Instant> {
        let earliest = self.earliest.filter(|_| self.waiting() > 0)?;
        Some(self.swept_at.map_or(earliest, |at| earliest.max(at + SWEEP_EVERY)))
    }

    /// Takes out what has expired in line.
    pub fn expire(&mut self, now: Instant) -> Vec<Held> {
        if self.next_expiry().is_none_or(|at| at > now) {
            return Vec::new();
        }
        self.swept_at = Some(now);
        let gone = self.take_waiting(|held| held.deadline <= now);
        let waiting = self.held.values().filter(|h| h.place != Place::HandedOver);
        self.earliest = waiting.map(|h| h.deadline).min();
        gone
    }

    /// Takes out a delivery that is in line or waits for its next try.
    pub fn take_one(&mut self, delivery: DeliveryId) -> Option<Held> {
        match self.held.get(&delivery)?.place {
            Place::HandedOver => None,
            Place::Waiting | Place::Delayed => self.remove(delivery),
        }
    }

    /// Takes out all of a kind that are in line or wait for their next try, in no particular order.
    pub fn take_waiting(&mut self, which: impl Fn(&Held) -> bool) -> Vec<Held> {
        let taken = self.held.extract_if(|_, h| h.place != Place::HandedOver && which(h)).map(|(_, h)| h).collect();
        self.clear_stale();
        taken
    }

    /// What the gateway has, in no particular order.
    pub fn on_the_wire(&self) -> impl Iterator<Item = DeliveryId> {
        self.held.iter().filter(|(_, h)| h.place == Place::HandedOver).map(|(id, _)| *id)
    }

    /// What is in line or waits for its next try, in no particular order.
    pub fn in_line(&self) -> impl Iterator<Item = DeliveryId> {
        self.held.iter().filter(|(_, h)| h.place != Place::HandedOver).map(|(id, _)| *id)
    }

    fn sooner(&mut self, deadline: Instant) {
        self.earliest = Some(self.earliest.map_or(deadline, |e| e.min(deadline)));
    }

    /// Forgets the tickets of deliveries that have left, once they outweigh the rest.
    pub fn clear_stale(&mut self) {
        let tickets: usize =
            self.classes.values().map(|c| c.due.len() + c.fresh.len()).sum::<usize>() + self.delayed.len();
        if tickets <= 2 * self.waiting() + STALE_MAX {
            return;
        }
        let held = &self.held;
        let live = |t: &Ticket| held.get(&t.delivery).is_some_and(|h| h.ticket == t.ticket);
        for class in self.classes.values_mut() {
            class.due.retain(live);
            class.fresh.retain(live);
        }
        self.delayed.retain(|Reverse((_, t))| live(t));
        self.classes.retain(|_, class| class.front().is_some());
    }
}

fn class(job: &Job) -> (Status, u8) {
    (job.delivery.incident.status, job.head.priority)
}

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, reason = "tests")]

    use proptest::prelude::*;

    use super::*;
    use crate::dispatch::testing::{actual, drill, job};

    fn queue(jobs: &[(DeliveryId, u8)], now: Instant) -> Queue {
        let mut queue = Queue::default();
        for (delivery, priority) in jobs {
            assert!(
                queue.push(
                    Queued { job: job(*delivery, *priority), last_path: false, since: now, if_repeated: None },
                    now
                )
            );
        }
        queue
    }
    fn order(queue: &mut Queue, now: Instant) -> Vec<DeliveryId> {
        let mut expired = Vec::new();
        std::iter::from_fn(|| queue.pop(now, &mut expired).map(|j| j.delivery)).collect()
    }

    #[test]
    fn rule_d13_the_time_counts_on_while_there_is_no_room() {
        let now = Instant::now();
        let mut q = Queue::default();
        let job = Job { ttl_s: 600, ..job(actual(1), 0) };
        let queued = Queued { job, last_path: true, since: now, if_repeated: None };
        assert!(q.push(queued, now + Duration::from_secs(500)));
        let mut expired = Vec::new();
        assert!(q.pop(now + Duration::from_secs(600), &mut expired).is_none());
        assert_eq!(expired.len(), 1);
    }

    #[test]
    fn actual_goes_before_exercise_and_key_functions_before_groups() {
        let now = Instant::now();
        let mut q = queue(&[(drill(1), 0), (actual(1), 5), (actual(2), 1), (actual(3), 5), (actual(4), 1)], now);
        assert_eq!(order(&mut q, now), [actual(2), actual(4), actual(1), actual(3), drill(1)]);
    }

    #[test]
    fn a_retry_that_is_due_goes_before_what_is_new_in_its_class() {
        let now = Instant::now();
        let mut q = queue(&[(actual(1), 1), (actual(2), 1), (actual(3), 0)], now);
        let mut none = Vec::new();
        assert_eq!(q.pop(now, &mut none).unwrap().delivery, actual(3));
        assert_eq!(q.pop(now, &mut none).unwrap().delivery, actual(1));
        let held = q.finish(actual(1)).unwrap();
        q.retry(held, now + Duration::from_secs(2), true, now);
        q.promote(now);
        assert_eq!(q.next_due(), Some(now + Duration::from_secs(2)));
        assert_eq!((q.waiting(), q.handed_over()), (2, 1));
        let later = now + Duration::from_secs(2);
        q.promote(later);
        let again = q.pop(later, &mut none).unwrap();
        assert_eq!((again.delivery, again.repeat, again.ttl_s), (actual(1), true, 598));
    }

    #[test]
    fn an_aged_class_moves_beside_an_endless_urgent_one() {
        let now = Instant::now();
        let mut q = queue(&[(actual(0), 9), (drill(0), 0)], now);
        for n in 1..100 {
            q.push(Queued { job: job(actual(n), 0), last_path: false, since: now, if_repeated: None }, now + AGED);
        }
        let order = order(&mut q, now + AGED);
        assert_eq!(order.iter().position(|d| *d == actual(0)), Some(AGED_SHARE as usize - 1));
        assert_eq!(order.last(), Some(&drill(0)), "a drill waits for all that is real");
    }

    #[test]
    fn what_expires_in_line_is_never_handed_over() {
        let now = Instant::now();
        let mut q = queue(&[(actual(1), 0), (actual(2), 0)], now);
        let end = now + Duration::from_secs(600);
        assert_eq!(q.next_expiry(), Some(end));
        assert!(q.expire(end - Duration::from_millis(1)).is_empty());
        assert_eq!(q.expire(end).len(), 2);
        assert_eq!((q.waiting(), q.next_expiry()), (0, None));
        assert!(order(&mut q, end).is_empty());
    }

    #[test]
    fn a_delivery_is_held_once() {
        let now = Instant::now();
        let mut q = queue(&[(actual(1), 0)], now);
        assert!(!q.push(Queued { job: job(actual(1), 0), last_path: false, since: now, if_repeated: None }, now));
        assert_eq!(order(&mut q, now), [actual(1)]);
    }

    #[test]
    fn what_is_withdrawn_and_submitted_again_goes_once() {
        let now = Instant::now();
        let mut q = queue(&[(actual(1), 0)], now);
        assert!(q.withdraw(actual(1)).is_some());
        assert!(q.withdraw(actual(1)).is_none());
        q.push(Queued { job: job(actual(1), 0), last_path: false, since: now, if_repeated: None }, now);
        assert_eq!(order(&mut q, now), [actual(1)]);
        assert!(q.withdraw(actual(1)).is_none(), "on the wire it stays");
        assert!(q.finish(actual(1)).unwrap().withdrawn);
    }

    #[test]
    fn tickets_of_the_gone_do_not_pile_up() {
        let now = Instant::now();
        let mut q = Queue::default();
        for _ in 0..20 {
            for n in 0..500 {
                q.push(Queued { job: job(actual(n), 0), last_path: false, since: now, if_repeated: None }, now);
            }
            assert_eq!(q.take_waiting(|_| true).len(), 500);
        }
        let tickets: usize = q.classes.values().map(|c| c.fresh.len()).sum();
        assert!(tickets <= STALE_MAX + 500, "{tickets}");
    }

    proptest! {
        /// Whatever is done, each delivery is in exactly one place and the counts are right.
        #[test]
        fn nothing_is_lost_or_doubled(steps in prop::collection::vec((0_u8..6, 0_u32..12), 0..200)) {
            let start = Instant::now();
            let (mut q, mut model) = (Queue::default(), BTreeMap::new());
            for (n, (what, id)) in steps.into_iter().enumerate() {
                let now = start + Duration::from_millis(n as u64);
                let delivery = actual(id);
                match what {
                    0 => {
                        let new = q.push(Queued { job: job(delivery, (id % 3) as u8), last_path: false, since: now, if_repeated: None }, now);
                        prop_assert_eq!(new, !model.contains_key(&delivery));
                        model.entry(delivery).or_insert(false);
                    }
                    1 => {
                        let popped = q.pop(now, &mut Vec::new());
                        if let Some(job) = &popped {
                            prop_assert_eq!(model.insert(job.delivery, true), Some(false));
                        }
                    }
                    2 => {
                        let held = q.finish(delivery);
                        prop_assert_eq!(held.is_some(), model.get(&delivery) == Some(&true));
                        if let Some(held) = held {
                            q.retry(held, now + Duration::from_millis(3), false, now);
                            model.insert(delivery, false);
                        }
                    }
                    3 => {
                        let gone = q.withdraw(delivery).is_some();
                        prop_assert_eq!(gone, model.get(&delivery) == Some(&false));
                        if gone { model.remove(&delivery); }
                    }
                    4 => {
                        prop_assert_eq!(q.finish(delivery).is_some(), model.get(&delivery) == Some(&true));
                        if model.get(&delivery) == Some(&true) { model.remove(&delivery); }
                    }
                    _ => q.promote(now),
                }
                prop_assert_eq!(q.waiting(), model.values().filter(|out| !**out).count());
                prop_assert_eq!(q.handed_over(), model.values().filter(|out| **out).count());
            }
            q.promote(start + Duration::from_secs(60));
            let mut rest = order(&mut q, start);
            rest.sort();
            let expected: Vec<_> = model.into_iter().filter(|(_, out)| !*out).map(|(d, _)| d).collect();
            prop_assert_eq!(rest, expected);
        }
    }
}
