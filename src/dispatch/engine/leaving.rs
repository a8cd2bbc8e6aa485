//! What leaves: jobs for the gateways' workers when a decision is on disk, what is called back, and what goes on after a start.

use super::*;

impl Engine {
    pub(super) fn effects_of(&mut self, event: &Event, jobs: &mut Jobs) {
        match event {
            Event::SystemNote { plan, .. } => self.system_note_leaves(plan, jobs),
            Event::Gateway { change } => match &**change {
                GatewayChange::TestSent { plan, .. } => self.system_note_leaves(plan, jobs),
                GatewayChange::Stands { .. } | GatewayChange::TakenOut { .. } | GatewayChange::PutBack { .. } => {
                    self.hand_back(better_ways(&self.state));
                }
                GatewayChange::TestAnswered { .. } | GatewayChange::AlarmTold { .. } => {}
            },
            Event::Incident { no, change } => {
                if let Change::Withdrawn { ordinals } = &**change {
                    let ids: Vec<DeliveryId> =
                        ordinals.iter().map(|o| DeliveryId { incident: *no, ordinal: *o }).collect();
                    self.withdraw(ids);
                }
                for batch in change.batches() {
                    let n = u32::try_from(batch.sends.len()).unwrap_or(u32::MAX);
                    let end = batch.first.saturating_add(n);
                    // Gateways begin with the first while the jobs of a large release are still being made.
                    let begin = batch.first.saturating_add(AT_ONCE).min(end);
                    for range in [batch.first..begin, begin..end] {
                        if range.is_empty() {
                            continue;
                        }
                        let (inc, contacts) = (self.state.incidents.get(no), self.contacts.get(no));
                        let (Some(inc), Some(contacts)) = (inc, contacts) else { return };
                        // Called back before it was handed to anybody.
                        let never = range.clone().filter(|o| {
                            inc.deliveries.get(*o as usize).is_some_and(|d| d.state == DeliveryState::Withdrawn)
                        });
                        let id = |ordinal| (DeliveryId { incident: *no, ordinal }, DeliveryState::Withdrawn);
                        self.own.extend(never.map(id).map(Told::from));
                        self.own.extend(not_carried(inc, range.clone()));
                        self.maker().jobs(inc, contacts, range, jobs);
                        if begin < end {
                            self.hand_over(std::mem::take(jobs));
                        }
                    }
                }
                if may_recall(change) {
                    self.recall(*no);
                }
                if matches!(**change, Change::PhaseSet { phase: Phase::Closed, .. }) {
                    self.closed.send_modify(|n| *n += 1);
                }
                if matches!(**change, Change::Archived) {
                    self.contacts.remove(no);
                    self.meta.kept.refs.retain(|other| other != *no);
                }
            }
            _ => {}
        }
    }

    /// The next note of the program itself is handed over.
    pub(super) fn system_note_leaves(&mut self, plan: &str, jobs: &mut Jobs) {
        let ordinal = self.system_notes_next;
        self.system_notes_next += 1;
        if let Some(contacts) = self.system_notes_contacts.get(plan) {
            self.maker().system_note(ordinal, contacts, jobs);
        }
    }

    pub(super) fn withdraw(&mut self, ids: Vec<DeliveryId>) {
        let gone: std::collections::BTreeSet<DeliveryId> = ids.iter().copied().collect();
        for waiting in self.waiting.values_mut() {
            let here = waiting.iter().filter(|q| gone.contains(&q.job.delivery));
            // A repeat that never left says nothing of the try before it.
            let state = |q: &Queued| if q.job.repeat { DeliveryState::Unknown } else { DeliveryState::Withdrawn };
            self.own.extend(here.map(|q| Told::from((q.job.delivery, state(q)))));
            waiting.retain(|q| !gone.contains(&q.job.delivery));
        }
        for worker in self.meta.workers.values() {
            worker.withdraw(ids.clone());
        }
    }

    /// What has not left and has a better way by now goes by that one (RULES G1).
    fn hand_back(&mut self, ids: Vec<DeliveryId>) {
        if ids.is_empty() {
            return;
        }
        let back: std::collections::BTreeSet<DeliveryId> = ids.iter().copied().collect();
        for waiting in self.waiting.values_mut() {
            let here = waiting.iter().filter(|q| back.contains(&q.job.delivery));
            self.own.extend(here.map(|q| Told::from((q.job.delivery, DeliveryState::Queued))));
            waiting.retain(|q| !back.contains(&q.job.delivery));
        }
        for worker in self.meta.workers.values() {
            worker.hand_back(ids.clone());
        }
    }

    /// What gateways accepted and what must not begin any more is taken back where the far end keeps it.
    pub(super) fn recall(&self, no: IncidentNo) {
        if !self.keeps_jobs() {
            return;
        }
        let Some(inc) = self.state.incidents.get(&no) else { return };
        let recalled: Vec<DeliveryId> =
            recalled(inc).into_iter().map(|ordinal| DeliveryId { incident: no, ordinal }).collect();
        for worker in self.meta.workers.values().filter(|w| w.keeps_jobs()) {
            worker.withdraw(recalled.clone());
        }
    }

    /// Makes jobs of the state as it is now.
    fn maker(&self) -> effects::Maker<'_> {
        effects::Maker { state: &self.state, env: &self.env, foot: &self.foot, now: self.now() }
    }

    pub(super) fn keeps_jobs(&self) -> bool {
        self.meta.workers.values().any(WorkerHandle::keeps_jobs)
    }

    /// What a gateway accepted under another run of it, and of which no end is known: gateways whose far end keeps it find
    /// out. After a start all of them, else the one that took another's place.
    pub(super) fn follow(&self, only: Option<&GatewayId>) {
        let concerned = |id: &GatewayId| only.is_none_or(|only| only == id);
        let workers: BTreeMap<&GatewayId, &WorkerHandle> =
            self.meta.workers.iter().filter(|(id, w)| concerned(id) && w.keeps_jobs()).collect();
        if workers.is_empty() {
            return;
        }
        let now = self.now();
        let mut jobs = Jobs::new();
        for inc in self.state.incidents.values() {
            let Some(contacts) = self.contacts.get(&inc.no) else { continue };
            let ttl_s = inc.plan.region.limits.delivery_ttl_s.saturating_add(FOLLOW_GRACE_S);
            let open = (0u32..)
                .zip(&inc.deliveries)
                .filter(|(_, d)| d.state == DeliveryState::Accepted)
                .filter(|(_, d)| now.seconds_since(inc.opened).saturating_sub(d.changed_s) <= ttl_s)
                .map(|(o, _)| o);
            self.maker().accepted(inc, contacts, open, &mut jobs);
        }
        for (ordinal, note) in self.state.system_notes.iter() {
            if note.state == DeliveryState::Accepted && note.plan == self.state.plan.hash {
                self.maker().system_note(ordinal, &self.current, &mut jobs);
            }
        }
        for (gateway, jobs) in jobs {
            if let Some(worker) = workers.get(&gateway) {
                worker.follow(jobs.into_iter().map(|queued| queued.job).collect());
            }
        }
        // What was called back just before the end may not have been asked for.
        for no in self.state.incidents.keys() {
            self.recall(*no);
        }
    }

    /// Gateways whose receipts name their own numbers are told the numbers of what they accepted under another run of them and
    /// of which no end is known. After a start all of them, else the one that took another's place.
    pub(super) fn reclaim(&self, only: Option<&GatewayId>) {
        let refs = &self.meta.kept.refs;
        let concerned = |id: &GatewayId| only.is_none_or(|only| only == id);
        let workers: BTreeMap<&GatewayId, &WorkerHandle> =
            self.meta.workers.iter().filter(|(id, w)| concerned(id) && w.receipts_by_ref()).collect();
        if workers.is_empty() || refs.is_empty() {
            return;
        }
        let mut jobs = Jobs::new();
        for inc in self.state.incidents.values() {
            let Some(contacts) = self.contacts.get(&inc.no) else { continue };
            let named = (0u32..).zip(&inc.deliveries).filter(|(_, d)| d.state == DeliveryState::Accepted);
            let named =
                named.map(|(o, _)| o).filter(|o| refs.get(DeliveryId { incident: inc.no, ordinal: *o }).is_some());
            self.maker().accepted(inc, contacts, named, &mut jobs);
        }
        for (ordinal, note) in self.state.system_notes.iter() {
            let named = refs.get(DeliveryId { incident: SYSTEM_NOTES, ordinal }).is_some();
            if named && note.state == DeliveryState::Accepted && note.plan == self.state.plan.hash {
                self.maker().system_note(ordinal, &self.current, &mut jobs);
            }
        }
        for (gateway, jobs) in jobs {
            let earlier = |queued: Queued| {
                let (delivery, to) = (queued.job.delivery, queued.job.to);
                refs.get(delivery).map(|name| PriorAccept { delivery, to, gateway_ref: name.to_owned() })
            };
            if let Some(worker) = workers.get(&gateway) {
                worker.reclaim(jobs.into_iter().filter_map(earlier).collect());
            }
        }
    }

    pub(super) fn hand_over(&mut self, jobs: Jobs) {
        for (gateway, jobs) in jobs {
            self.waiting.entry(gateway.clone()).or_default().extend(jobs);
            self.push(&gateway);
            let waiting = self.waiting.get(&gateway).map_or(0, VecDeque::len);
            if waiting > 0 {
                tracing::warn!(gateway = %gateway, waiting, "the queue is full; the rest waits");
            }
        }
    }

    /// Gives a worker what it has room for; the rest waits here, in order.
    pub(super) fn push(&mut self, gateway: &GatewayId) {
        let going_down = self.going_down();
        let Some(waiting) = self.waiting.get_mut(gateway) else { return };
        if waiting.is_empty() {
            return;
        }
        if self.repeats {
            // A receipt of an earlier try may have come while a repeat waited here.
            waiting.retain(|q| still_goes(&self.state, q.job.delivery));
        }
        let worker = self.meta.workers.get(gateway);
        if worker.is_some_and(|w| w.submit_from(waiting)) || (worker.is_some() && going_down) {
            match waiting.len() {
                0 => self.meta.waiting.remove(gateway),
                n => self.meta.waiting.insert(gateway.clone(), n),
            };
            return;
        }
        self.meta.waiting.remove(gateway);
        let jobs = std::mem::take(waiting);
        if worker.is_some() {
            self.lost(gateway);
        }
        // No such gateway: each delivery fails, so that the next gateway of the channel takes over.
        let why = self.meta.unusable.get(gateway).cloned().unwrap_or_else(|| "the gateway is not configured".into());
        for queued in jobs {
            let (delivery, cause) = (queued.job.delivery, Cause::new(&why));
            self.own.push(Told { delivery, state: DeliveryState::Failed, cause });
        }
    }

    /// What left a queue without having been handed over leaves once more.
    pub(super) fn again(&mut self, ids: Vec<DeliveryId>) {
        let mut by_incident: BTreeMap<IncidentNo, Vec<u32>> = BTreeMap::new();
        ids.into_iter().for_each(|id| by_incident.entry(id.incident).or_default().push(id.ordinal));
        let mut jobs = Jobs::new();
        for (no, ordinals) in by_incident {
            if no == SYSTEM_NOTES {
                for ordinal in ordinals {
                    let note = self.state.system_notes.get(ordinal);
                    if let Some(contacts) = note.and_then(|n| self.system_notes_contacts.get(&n.plan)) {
                        self.maker().system_note(ordinal, contacts, &mut jobs);
                    }
                }
            } else if let (Some(inc), Some(contacts)) = (self.state.incidents.get(&no), self.contacts.get(&no)) {
                self.maker().jobs(inc, contacts, ordinals.into_iter(), &mut jobs);
            }
        }
        self.hand_over(jobs);
    }

    /// A worker that ended by itself takes nothing any more.
    pub(super) fn lost(&mut self, gateway: &GatewayId) {
        if self.meta.workers.remove(gateway).is_some() {
            tracing::error!(gateway = %gateway, "the worker of a gateway has ended; others take over");
            self.meta.unusable.insert(gateway.clone(), "its worker has ended; start the program anew".into());
        }
    }

    /// After a start: whatever was not known to be accepted goes out again. What was on the wire is marked as a possible
    /// repeat (invariant 4).
    pub(super) fn resume(&mut self) {
        let mut jobs = Jobs::new();
        for inc in self.state.incidents.values() {
            let Some(contacts) = self.contacts.get(&inc.no) else { continue };
            let waiting = (0u32..).zip(&inc.deliveries).filter(|(_, d)| goes_again(inc, d)).map(|(o, _)| o);
            self.own.extend(not_carried(inc, waiting.clone()));
            self.maker().jobs(inc, contacts, waiting, &mut jobs);
            // Stopped while it was on the wire, and the program died before it heard what became of it: whoever may have it is
            // told (RULES D2).
            let lost = (0u32..).zip(&inc.deliveries).filter(|(_, d)| may_have_left(inc, d)).map(|(ordinal, _)| ordinal);
            let id = |ordinal| (DeliveryId { incident: inc.no, ordinal }, DeliveryState::Unknown);
            self.own.extend(lost.map(id).map(Told::from));
        }
        for (ordinal, note) in self.state.system_notes.iter() {
            let stale = note.word == NoteWord::Test && self.now().seconds_since(note.at) > TEST_TTL_S;
            if note.state == DeliveryState::Queued && note.plan == self.state.plan.hash && !stale {
                self.maker().system_note(ordinal, &self.current, &mut jobs);
            }
        }
        // Nobody knows whether what was queued had left before the crash: all of it is a possible repeat.
        for queued in jobs.values_mut().flatten() {
            if queued.job.delivery.incident != SYSTEM_NOTES {
                queued.mark_repeat();
            }
            self.repeats = true;
        }
        self.hand_over(jobs);
    }
}

/// Whether a change may make something obsolete that gateways have accepted.
fn may_recall(change: &Change) -> bool {
    match change {
        Change::Stopped { .. } | Change::Merged { .. } | Change::PhaseSet { .. } => true,
        Change::Released { batches, .. } => batches.iter().any(|b| matches!(b.item, Item::Message(seq) if seq > 1)),
        _ => false,
    }
}

/// Whether nothing is known yet of a delivery that waits for its worker.
fn still_goes(state: &State, id: DeliveryId) -> bool {
    use DeliveryState as S;
    let ordinal = id.ordinal as usize;
    let known = match id.incident {
        SYSTEM_NOTES => state.system_notes.get(id.ordinal).map(|n| n.state),
        no => state.incidents.get(&no).and_then(|i| i.deliveries.get(ordinal)).map(|d| d.state),
    };
    known.is_none_or(|s| matches!(s, S::Queued | S::Attempting | S::Unknown))
}

/// What becomes of deliveries of drills of which no job is made ([`effects::Maker`]), so that no gateway ever has one: at a table they
/// are there at once; what would go over a gateway that the drill does without has failed there.
fn not_carried(inc: &Incident, ordinals: impl Iterator<Item = u32>) -> Vec<Told> {
    use DeliveryState as S;
    let mut told = Vec::new();
    for ordinal in ordinals.filter(|_| inc.drill.is_some()) {
        let Some(d) = inc.deliveries.get(ordinal as usize) else { continue };
        if !matches!(d.state, S::Queued | S::Attempting | S::Unknown) {
            continue;
        }
        let id = DeliveryId { incident: inc.no, ordinal };
        let over = inc.plan.point(d.point).gateways.get(usize::from(d.gateway));
        if inc.stays_here() {
            told.extend([S::Accepted, S::Delivered].map(|s| Told::from((id, s))));
        } else if over.is_some_and(|g| inc.is_away(&inc.plan.gateway(*g).id)) {
            told.push(Told { delivery: id, state: S::Failed, cause: Cause::new("taken away in this drill") });
        }
    }
    told
}

/// Whether a delivery of a stopped text, or of a drill that is over, was called back and its worker never said that it had it still.
fn may_have_left(inc: &Incident, d: &Delivery) -> bool {
    let stopped = |item| matches!(item, Item::Message(seq) if inc.message(seq).is_some_and(|m| m.stopped));
    d.called_back_unheard() && (inc.drill_end.is_some() || stopped(d.item()))
}

/// Whether a delivery leaves (again) after a start. What is queued has not been called back, closed incident or not: an all
/// clear closes its incident before anybody has it. What may be at the far end is repeated only while it still holds.
fn goes_again(inc: &Incident, d: &Delivery) -> bool {
    match d.state {
        DeliveryState::Queued => true,
        // Another gateway has it by now.
        _ if d.flags & Delivery::PASSED_ON != 0 => false,
        DeliveryState::Attempting | DeliveryState::Unknown => match d.item() {
            Item::Message(seq) => inc.message(seq).is_some_and(|m| {
                let last = inc.phase != Phase::Closed || m.released_at.is_some_and(|at| at >= inc.phase_at);
                !m.stopped && last
            }),
            Item::Note(_) => inc.phase != Phase::Closed || inc.is_last_word(d.item()),
        },
        _ => false,
    }
}
