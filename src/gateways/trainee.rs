//! What stands in the place of every gateway in training: it takes texts, keeps them to be read, and has nothing that a text could leave
//! by. It is made of what the plan says of a gateway (channel, capability, receipts), never of the gateway's own configuration: no host,
//! no client, no folder, no secret reaches it.
//!
//! Must not: open a socket, a file or a program.

use std::collections::VecDeque;
use std::fmt;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use jiff::Timestamp;
use tokio::task::JoinSet;

use super::{Address, Boxed, Events, Gateway, GatewayEvent, Health, Job, Jobs, Now, Stop};
use crate::domain::delivery::{Accepted, SendError};
use crate::domain::ids::{DeliveryId, GatewayId};
use crate::domain::plan::{Capability, Channel, GatewayInfo};
use crate::domain::text::fit;

/// Texts that are kept to be read; the oldest gives way.
pub const ARRIVED_MAX: usize = 2_000;
/// Texts that one gateway of training has in its hands.
pub const IN_HAND_MAX: u32 = 64;
/// A text is taken after so many milliseconds at least…
const TAKEN_MS_MIN: u64 = 150;
/// …and at most so many more, as chance has it: people must see that a text is on its way.
const TAKEN_MS_MORE: u64 = 850;

/// A text that arrived at a far device that does not exist.
#[derive(Clone)]
pub struct Arrived {
    /// In order of arrival, over all gateways.
    pub n: u64,
    pub gateway: GatewayId,
    pub channel: Channel,
    pub delivery: DeliveryId,
    /// Where it would have gone; for an answer from there, never shown.
    pub to: Address,
    /// What the device shows, unit by unit.
    pub units: Vec<String>,
    /// The link that a mail would show.
    pub link: Option<Arc<str>>,
    pub at: Timestamp,
}

/// All that arrived; cheap to clone, all clones are one.
#[derive(Clone, Default)]
pub struct Inbox(Arc<Mutex<Kept>>);

#[derive(Default)]
struct Kept {
    next: u64,
    all: VecDeque<Arc<Arrived>>,
}

impl fmt::Debug for Inbox {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Inbox({} texts)", self.kept().all.len())
    }
}

impl Inbox {
    fn kept(&self) -> MutexGuard<'_, Kept> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The newest first.
    pub fn newest(&self) -> Vec<Arc<Arrived>> {
        self.kept().all.iter().rev().cloned().collect()
    }

    /// One of them, as long as it is kept.
    pub fn get(&self, n: u64) -> Option<Arc<Arrived>> {
        self.kept().all.iter().find(|a| a.n == n).cloned()
    }

    fn keep(&self, arrived: Arrived) {
        let mut kept = self.kept();
        let n = kept.next;
        kept.next += 1;
        if kept.all.len() >= ARRIVED_MAX {
            kept.all.pop_front();
        }
        kept.all.push_back(Arc::new(Arrived { n, ..arrived }));
    }
}

/// Stands for one gateway.
pub struct Trainee {
    id: GatewayId,
    channel: Channel,
    capability: Capability,
    receipts: bool,
    /// Stands around what carries no mark of its own: notes of the program itself.
    mark: String,
    now: Now,
    inbox: Inbox,
}

impl Trainee {
    /// For the gateway that the plan speaks of. `mark`: the exercise mark of the region's language.
    pub fn new(info: &GatewayInfo, mark: String, now: Now, inbox: Inbox) -> Self {
        let (id, channel, capability) = (info.id.clone(), info.channel, info.capability.clone());
        Self { id, channel, capability, receipts: info.receipts, mark, now, inbox }
    }

    /// What the far device would show; why it can't carry it, as the true gateway would say it.
    fn shown(&self, job: &Job) -> Result<Vec<String>, SendError> {
        let units = fit::shown(&job.out, job.trailer.as_deref(), &self.capability);
        let units = units.map_err(|e| SendError::permanent(e.to_string()))?;
        if job.out.mark().is_some() {
            return Ok(units);
        }
        // In training every incident is an exercise and its texts are marked by their type. Notes of the program itself (a test of a
        // gateway, an alarm) belong to none, so that their mark is set here: nothing is shown without one.
        Ok(units.into_iter().map(|unit| format!("{0} {unit} {0}", self.mark)).collect())
    }

    fn take(&self, job: Job) -> Result<Accepted, SendError> {
        let units = self.shown(&job)?;
        let count = u16::try_from(units.len()).unwrap_or(u16::MAX);
        let Job { delivery, to, link, .. } = job;
        let (gateway, channel, at) = (self.id.clone(), self.channel, (self.now)());
        self.inbox.keep(Arrived { n: 0, gateway, channel, delivery, to, units, link, at });
        Ok(Accepted { gateway_ref: delivery.to_string(), delivered: false, units: count })
    }
}

/// Some time, another one each time.
fn jittered() -> Duration {
    let mut byte = [0];
    // Without randomness all take the shortest time.
    let _ = getrandom::fill(&mut byte);
    Duration::from_millis(TAKEN_MS_MIN + TAKEN_MS_MORE * u64::from(byte[0]) / 255)
}

impl Gateway for Trainee {
    fn run(&self, mut jobs: Jobs, out: Events, mut stop: Stop) -> Boxed<'_, ()> {
        Box::pin(async move {
            let mut in_hand: JoinSet<Job> = JoinSet::new();
            let mut receipts: JoinSet<DeliveryId> = JoinSet::new();
            let mut is_open = true;
            while is_open || !in_hand.is_empty() {
                let has_room = is_open && in_hand.len() < IN_HAND_MAX as usize;
                let event = tokio::select! {
                    job = jobs.recv(), if has_room => {
                        match job {
                            Some(job) => drop(in_hand.spawn(async move {
                                tokio::time::sleep(jittered()).await;
                                job
                            })),
                            None => is_open = false,
                        }
                        continue;
                    }
                    Some(Ok(job)) = in_hand.join_next() => {
                        let delivery = job.delivery;
                        let result = self.take(job);
                        if self.receipts && result.is_ok() {
                            receipts.spawn(async move {
                                tokio::time::sleep(jittered()).await;
                                delivery
                            });
                        }
                        GatewayEvent::Outcome { delivery, result }
                    }
                    Some(Ok(delivery)) = receipts.join_next() => GatewayEvent::Receipt {
                        gateway: self.id.clone(),
                        delivery: Some(delivery),
                        gateway_ref: delivery.to_string(),
                        result: Ok(()),
                    },
                    _ = stop.changed(), if is_open => {
                        is_open = false;
                        continue;
                    }
                    else => continue,
                };
                if out.send(event).await.is_err() {
                    return;
                }
            }
        })
    }

    fn probe(&self) -> Boxed<'_, Health> {
        Box::pin(std::future::ready(Health { ok: true, detail: "training: nothing leaves this machine".into() }))
    }
}

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, reason = "tests")]

    use tokio::sync::{mpsc, watch};

    use super::*;
    use crate::domain::ids::IncidentNo;
    use crate::domain::lang::Lang;
    use crate::domain::plan::Needs;
    use crate::domain::text::{Actual, Canonical, Charset, Exercise, Fingerprint, Mark, NO_MARK, Outgoing, Text};
    use crate::gateways::MessageContext;

    const SMS: Capability =
        Capability::Sms { charset: Charset::Gsm7, ucs2: true, ref16: false, separate: false, parts_max: 6 };

    fn trainee(capability: Capability, receipts: bool) -> Trainee {
        let (id, channel, needs) = ("sms-api".into(), Channel::Sms, Needs::default());
        let info = GatewayInfo { id, channel, capability, answers: true, receipts, needs };
        Trainee::new(&info, "ÖVNING".into(), Arc::new(|| Timestamp::UNIX_EPOCH), Inbox::default())
    }

    fn drill_text() -> Outgoing {
        let text = "LARM FÖRSTÄRKNINGSLÄGE: Journalen är nere.";
        let f = Fingerprint::of("Ö-3-1", "internal", "sv", text);
        Outgoing::message(
            &Text::<Exercise>::new("Ö-3-1", f, Canonical::new(text).unwrap()),
            Mark::new("ÖVNING").unwrap(),
        )
    }

    fn job(ordinal: u32, out: Outgoing) -> Job {
        let head = MessageContext {
            sender: "Region".into(),
            lang: Lang::SV,
            title: String::new(),
            mode_line: String::new(),
            page_url: String::new(),
            thread: String::new(),
            priority: 0,
            foot: String::new(),
        };
        Job {
            delivery: DeliveryId { incident: IncidentNo::exercise(3), ordinal },
            to: Address("+46701740605".into()),
            out: Arc::new(out),
            head: Arc::new(head),
            trailer: Some("Svara JA Ö-3".into()),
            link: None,
            repeat: false,
            ttl_s: 600,
        }
    }

    async fn told(trainee: &Trainee, all: Vec<Job>) -> Vec<GatewayEvent> {
        let (give, jobs) = mpsc::channel(all.len());
        let (out, mut events) = mpsc::channel(2 * all.len());
        let (_stop, stopped) = watch::channel(false);
        let expected = if trainee.receipts { 2 * all.len() } else { all.len() };
        for job in all {
            give.send(job).await.unwrap();
        }
        let mut told = Vec::new();
        let running = trainee.run(jobs, out, stopped);
        tokio::pin!(running);
        while told.len() < expected {
            tokio::select! {
                () = &mut running => break,
                Some(event) = events.recv() => told.push(event),
            }
        }
        told
    }

    #[tokio::test(start_paused = true)]
    async fn each_text_is_taken_once_and_told_of_again_where_receipts_are_promised() {
        for receipts in [false, true] {
            let trainee = trainee(SMS, receipts);
            let told = told(&trainee, (0..200).map(|n| job(n, drill_text())).collect()).await;
            let outcome = |e: &&GatewayEvent| matches!(e, GatewayEvent::Outcome { result: Ok(a), .. } if !a.delivered);
            let receipt = |e: &&GatewayEvent| matches!(e, GatewayEvent::Receipt { result: Ok(()), .. });
            assert_eq!(told.iter().filter(outcome).count(), 200);
            assert_eq!(told.iter().filter(receipt).count(), if receipts { 200 } else { 0 });
            assert_eq!(trainee.inbox.newest().len(), 200);
        }
    }

    #[tokio::test(start_paused = true)]
    async fn the_device_shows_the_text_between_its_marks_and_a_note_of_the_program_too() {
        let trainee = trainee(SMS, false);
        let note = Outgoing::note::<Actual>("TEST", &Canonical::new("Prov av sms.").unwrap(), NO_MARK);
        told(&trainee, vec![job(0, drill_text()), job(1, note)]).await;
        let mut all = trainee.inbox.newest();
        all.sort_by_key(|a| a.delivery);
        for arrived in &all {
            for unit in &arrived.units {
                assert!(unit.starts_with("ÖVNING ") && unit.ends_with(" ÖVNING"), "{unit}");
            }
        }
        assert!(all[0].units[0].contains("Journalen är nere.") && all[0].units[0].contains("Svara JA Ö-3"));
        assert!(all[1].units[0].contains("TEST Prov av sms."), "{:?}", all[1].units);
    }

    #[tokio::test(start_paused = true)]
    async fn what_the_true_gateway_could_not_carry_is_refused_here_too() {
        let trainee = trainee(Capability::Pages { charset: Charset::Ascii7, chars_max: 80, pages_max: 2 }, true);
        let (give, jobs) = mpsc::channel(1);
        let (out, mut events) = mpsc::channel(1);
        let (_stop, stopped) = watch::channel(false);
        give.send(job(0, drill_text())).await.unwrap();
        drop(give);
        trainee.run(jobs, out, stopped).await;
        let told = events.recv().await.unwrap();
        assert!(matches!(told, GatewayEvent::Outcome { result: Err(SendError::Permanent { .. }), .. }), "{told:?}");
        assert!(trainee.inbox.newest().is_empty());
    }

    #[test]
    fn the_oldest_text_gives_way() {
        let inbox = Inbox::default();
        let trainee = Trainee { inbox: inbox.clone(), ..trainee(SMS, false) };
        for n in 0..ARRIVED_MAX + 3 {
            trainee.take(job(u32::try_from(n).unwrap(), drill_text())).unwrap();
        }
        assert_eq!((inbox.newest().len(), inbox.newest()[0].n), (ARRIVED_MAX, ARRIVED_MAX as u64 + 2));
        assert!(inbox.get(2).is_none() && inbox.get(3).is_some());
        assert!(!format!("{:?}", inbox).contains("4670"));
    }
}
