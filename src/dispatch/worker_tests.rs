#![expect(clippy::unwrap_used, clippy::disallowed_macros, reason = "tests")]

use std::sync::atomic::{AtomicBool, AtomicU32, Ordering};

use tokio::sync::watch;

use super::*;
use crate::clock::mono;
use crate::dispatch::health::BreakerLimits;
use crate::dispatch::queue::Queued;
use crate::dispatch::testing::{actual, drill, head, job, out};
use crate::domain::delivery::DeliveryState::{
    self, Accepted as Took, Delivered, Expired, Failed, Queued as GivenBack, Unknown, Withdrawn,
};
use crate::domain::delivery::{Accepted, SendError};
use crate::gateways::{AckToken, Address, Boxed, Events, Jobs};

/// What a fake answers to a job; the number counts the jobs from 0. `None`: it says nothing.
type Answer = dyn Fn(&Job, u32) -> Option<Result<Accepted, SendError>> + Send + Sync;

/// A gateway that misbehaves as told.
struct Fake {
    answer: Box<Answer>,
    seen: Mutex<Vec<(Instant, Job)>>,
    count: AtomicU32,
    runs: AtomicU32,
    probes: AtomicU32,
    well: AtomicBool,
    /// Runs up to this one end (or panic) as soon as they have a job.
    bad_runs: u32,
    panics: bool,
    /// Told after each job.
    after: Vec<GatewayEvent>,
}

impl Fake {
    fn new(answer: impl Fn(&Job, u32) -> Option<Result<Accepted, SendError>> + Send + Sync + 'static) -> Self {
        Self {
            answer: Box::new(answer),
            seen: Mutex::default(),
            count: AtomicU32::new(0),
            runs: AtomicU32::new(0),
            probes: AtomicU32::new(0),
            well: AtomicBool::new(true),
            bad_runs: 0,
            panics: false,
            after: Vec::new(),
        }
    }
    fn seen(&self) -> Vec<(DeliveryId, bool)> {
        self.seen.lock().unwrap().iter().map(|(_, j)| (j.delivery, j.repeat)).collect()
    }
}

impl Gateway for Fake {
    fn run(&self, mut jobs: Jobs, out: Events, mut stop: Stop) -> Boxed<'_, ()> {
        Box::pin(async move {
            let run = self.runs.fetch_add(1, Ordering::SeqCst);
            loop {
                let job = tokio::select! {
                    biased;
                    _ = stop.wait_for(|s| *s) => return,
                    job = jobs.recv() => job,
                };
                let Some(job) = job else { return };
                self.seen.lock().unwrap().push((mono(), job.clone()));
                if run < self.bad_runs {
                    assert!(!self.panics, "as told");
                    return;
                }
                let n = self.count.fetch_add(1, Ordering::SeqCst);
                if let Some(result) = (self.answer)(&job, n) {
                    let _ = out.send(GatewayEvent::Outcome { delivery: job.delivery, result }).await;
                }
                for event in &self.after {
                    let _ = out.send(event.clone()).await;
                }
            }
        })
    }
    fn probe(&self) -> Boxed<'_, Health> {
        self.probes.fetch_add(1, Ordering::SeqCst);
        Box::pin(async { Health { ok: self.well.load(Ordering::SeqCst), detail: "as told".into() } })
    }
}

fn ok() -> Option<Result<Accepted, SendError>> {
    Some(Ok(Accepted::default()))
}
fn busy() -> Option<Result<Accepted, SendError>> {
    Some(Err(SendError::temporary("busy")))
}

fn limits() -> WorkerLimits {
    WorkerLimits::default()
}

struct Bench {
    worker: WorkerHandle,
    events: mpsc::Receiver<WorkerEvent>,
    stop: watch::Sender<bool>,
    start: Instant,
    others: Vec<WorkerEvent>,
}

impl Bench {
    fn new(fake: &Arc<Fake>, limits: WorkerLimits) -> Self {
        Self::with_room(fake, limits, WORKER_EVENTS_MAX)
    }
    fn with_room(fake: &Arc<Fake>, limits: WorkerLimits, room: usize) -> Self {
        let (tx, events) = mpsc::channel(room);
        let (stop, stopped) = watch::channel(false);
        let worker = Worker::start("sms-api".into(), fake.clone(), limits, tx, Jitter::seeded(1), stopped);
        Self { worker, events, stop, start: mono(), others: Vec::new() }
    }
    fn submit(&self, ids: impl IntoIterator<Item = DeliveryId>) {
        self.worker.submit(ids.into_iter().map(queued).collect()).unwrap();
    }
    /// The next `n` outcomes; anything else is put aside. Time is paused, so that nobody waits for the limit of an hour.
    async fn outcomes(&mut self, n: usize) -> Vec<(DeliveryId, DeliveryState)> {
        let mut all = Vec::new();
        while all.len() < n {
            let event = tokio::time::timeout(Duration::from_secs(3600), self.events.recv()).await;
            match event.expect("an outcome within an hour").unwrap() {
                WorkerEvent::Outcomes { of: batch, .. } => all.extend(batch.into_iter().map(|(d, s, _)| (d, s))),
                other => self.others.push(other),
            }
        }
        assert_eq!(all.len(), n, "{all:?}");
        all
    }
    /// Nothing more is told for a day.
    async fn nothing_more(&mut self) {
        let end = mono() + Duration::from_secs(24 * 3600);
        while let Ok(event) = tokio::time::timeout_at(end, self.events.recv()).await {
            assert!(!matches!(event, Some(WorkerEvent::Outcomes { .. }) | None), "{event:?}");
        }
    }
    fn elapsed(&self) -> Duration {
        mono().duration_since(self.start)
    }
}

fn queued(delivery: DeliveryId) -> Queued {
    Queued { job: job(delivery, 1), last_path: false, since: mono(), if_repeated: None }
}

#[tokio::test(start_paused = true)]
async fn what_is_accepted_is_told_at_once_and_once() {
    let fake = Arc::new(Fake::new(|_, _| ok()));
    let mut b = Bench::new(&fake, limits());
    b.submit([actual(1), drill(1), actual(2)]);
    assert_eq!(b.outcomes(3).await, [(actual(1), Took), (actual(2), Took), (drill(1), Took)]);
    assert!(b.elapsed() < Duration::from_millis(5), "{:?}", b.elapsed());
    let snapshot = b.worker.snapshot();
    assert_eq!((snapshot.queue_len, snapshot.in_flight, snapshot.accepted_total), (0, 0, 3));
    assert_eq!(snapshot.standing, Standing::Healthy);
    b.nothing_more().await;
}

#[tokio::test(start_paused = true)]
async fn temporary_is_tried_again_then_goes_back_and_permanent_fails_at_once() {
    let fake = Arc::new(Fake::new(|job, _| match job.delivery.ordinal {
        1 => busy(),
        2 => Some(Err(SendError::permanent("200, but: no such subscriber"))),
        _ => ok(),
    }));
    let mut b = Bench::new(&fake, limits());
    b.submit([actual(1), actual(2), actual(3)]);
    assert_eq!(b.outcomes(2).await, [(actual(2), Failed), (actual(3), Took)]);
    assert_eq!(b.outcomes(1).await, [(actual(1), GivenBack)]);
    let waited = b.elapsed().as_secs_f64();
    assert!((3.0..=10.0).contains(&waited), "an alert waits no longer when another way is left: {waited}");
    assert!(fake.seen().iter().filter(|(d, repeat)| *d == actual(1) && !repeat).count() >= 3);
}

#[tokio::test(start_paused = true)]
async fn rule_g2_later_is_obeyed_and_what_has_another_way_goes_back_in_time() {
    let later = |s| Some(Err(SendError::Temporary { cause: "HTTP 503: later".into(), retry_after_s: Some(s) }));
    let queued =
        |n, priority, last_path| Queued { job: job(actual(n), priority), last_path, since: mono(), if_repeated: None };
    // An hour: alerts and the rest go back at once, what has no other way waits as it was asked to.
    let fake = Arc::new(Fake::new(move |_, n| if n == 0 { later(3600) } else { ok() }));
    let mut b = Bench::new(&fake, WorkerLimits { in_flight_max: 1, ..limits() });
    let mut all = vec![queued(0, 1, false), queued(1, 1, false), queued(2, 4, false), queued(3, 1, true)];
    all[3].job.ttl_s = 4 * 3600;
    b.worker.submit(all).unwrap();
    let mut back = b.outcomes(3).await;
    back.sort();
    assert_eq!(back, [0, 1, 2].map(|n| (actual(n), GivenBack)));
    assert!(b.elapsed() < Duration::from_secs(1), "{:?}", b.elapsed());
    let snapshot = b.worker.snapshot();
    assert_eq!((snapshot.standing, snapshot.doubt), (Standing::Suspect, Some(Doubt::Later)));
    assert!(snapshot.detail.contains("HTTP 503: later"), "{}", snapshot.detail);
    assert_eq!(b.outcomes(1).await, [(actual(3), Took)]);
    assert!(b.elapsed() >= Duration::from_secs(3600), "obeyed");
    assert_eq!(b.worker.snapshot().standing, Standing::Healthy);

    // A second each time, for ever: an alert goes back after ten, anything else after sixty.
    let fake = Arc::new(Fake::new(move |_, _| later(1)));
    let mut b = Bench::new(&fake, limits());
    b.worker.submit(vec![queued(1, 1, false), queued(2, 4, false)]).unwrap();
    assert_eq!(b.outcomes(1).await, [(actual(1), GivenBack)]);
    assert!((8.0..=10.5).contains(&b.elapsed().as_secs_f64()), "{:?}", b.elapsed());
    assert_eq!(b.outcomes(1).await, [(actual(2), GivenBack)]);
    assert!((55.0..=60.5).contains(&b.elapsed().as_secs_f64()), "{:?}", b.elapsed());
}

#[tokio::test(start_paused = true)]
async fn rule_g3_a_gateway_that_accepts_and_tells_nothing_is_suspected() {
    let fake = Arc::new(Fake::new(|_, _| ok()));
    let mut b = Bench::new(&fake, WorkerLimits { receipts_promised: true, ..limits() });
    b.submit((0..5).map(actual));
    assert_eq!(b.outcomes(5).await.len(), 5);
    tokio::time::sleep(Duration::from_secs(119)).await;
    assert_eq!(b.worker.snapshot().standing, Standing::Healthy);
    tokio::time::sleep(Duration::from_secs(2)).await;
    let snapshot = b.worker.snapshot();
    assert_eq!((snapshot.standing, snapshot.doubt), (Standing::Suspect, Some(Doubt::Silent)));
    // It is still used where there is no other way, and one receipt ends the doubt.
    b.submit([actual(9)]);
    assert_eq!(b.outcomes(1).await, [(actual(9), Took)]);
    let (gateway, delivery) = ("sms-api".into(), Some(actual(1)));
    b.worker.tell(GatewayEvent::Receipt { gateway, delivery, gateway_ref: String::new(), result: Ok(()) });
    assert_eq!(b.outcomes(1).await, [(actual(1), Delivered)]);
    tokio::time::sleep(Duration::from_secs(1)).await;
    assert_eq!(b.worker.snapshot().standing, Standing::Healthy);
}

#[tokio::test(start_paused = true)]
async fn rule_g1_what_waits_and_has_a_better_way_is_given_back_when_it_is_asked_for() {
    let fake = Arc::new(Fake::new(|_, _| None));
    let mut b = Bench::new(&fake, WorkerLimits { in_flight_max: 1, ..limits() });
    let mut jobs: Vec<_> = (0..3).map(actual).map(queued).collect();
    jobs[2].last_path = true;
    b.worker.submit(jobs).unwrap();
    while fake.seen().is_empty() {
        tokio::task::yield_now().await;
    }
    b.worker.hand_back((0..4).map(actual).collect());
    assert_eq!(b.outcomes(2).await, [(actual(1), GivenBack), (actual(2), GivenBack)], "what is on the wire stays");
}

#[tokio::test(start_paused = true)]
async fn rule_g4_a_repeat_says_so_in_its_text() {
    let fake = Arc::new(Fake::new(|_, _| Some(Err(SendError::unknown("HTTP 200, not understood: MERCI")))));
    let mut b = Bench::new(&fake, limits());
    let mut queued = queued(actual(1));
    queued.job.trailer = Some("Svara JA 14".into());
    queued.if_repeated = Some(Arc::new(queued.job.out.led_by("UPPREPAS")));
    b.worker.submit(vec![queued]).unwrap();
    assert_eq!(b.outcomes(1).await, [(actual(1), Unknown)]);
    let leads: Vec<_> = fake.seen.lock().unwrap().iter().map(|(_, j)| j.out.lead().map(str::to_owned)).collect();
    assert_eq!(leads, [None, Some("UPPREPAS".to_owned())]);
    let snapshot = b.worker.snapshot();
    assert_eq!((snapshot.standing, snapshot.doubt), (Standing::Suspect, Some(Doubt::Unclear)));
    assert!(snapshot.detail.contains("MERCI"), "{}", snapshot.detail);
}

#[tokio::test(start_paused = true)]
async fn a_silent_gateway_is_started_anew_and_its_deliveries_are_repeated_marked() {
    let fake = Arc::new(Fake::new(|_, n| if n == 0 { None } else { ok() }));
    let mut b = Bench::new(&fake, limits());
    b.submit([actual(1)]);
    assert_eq!(b.outcomes(1).await, [(actual(1), Took)]);
    assert_eq!(fake.seen(), [(actual(1), false), (actual(1), true)]);
    assert_eq!(fake.runs.load(Ordering::SeqCst), 2);
    assert!(b.elapsed() >= Duration::from_secs(180));
}

#[tokio::test(start_paused = true)]
async fn one_lost_outcome_among_many_holds_up_nobody() {
    let fake = Arc::new(Fake::new(|job, n| if job.delivery == actual(0) && n < 10 { None } else { ok() }));
    let mut b = Bench::new(&fake, WorkerLimits { in_flight_max: 2, ..limits() });
    b.submit((0..100).map(actual));
    assert_eq!(b.outcomes(99).await.len(), 99);
    assert!(b.elapsed() < Duration::from_secs(1));
    for n in 100..120 {
        tokio::time::advance(Duration::from_secs(10)).await;
        b.submit([actual(n)]);
        tokio::task::yield_now().await;
    }
    assert!(b.outcomes(21).await.contains(&(actual(0), Took)), "repeated after its time");
    assert_eq!(fake.runs.load(Ordering::SeqCst), 1, "the gateway spoke, so it was not started anew");
    assert_eq!(
        fake.seen().iter().filter(|(d, _)| *d == actual(0)).collect::<Vec<_>>(),
        [&(actual(0), false), &(actual(0), true)]
    );
}

#[tokio::test(start_paused = true)]
async fn unknown_twice_stays_unknown() {
    let fake = Arc::new(Fake::new(|_, _| Some(Err(SendError::unknown("the connection broke")))));
    let mut b = Bench::new(&fake, limits());
    b.submit([actual(1)]);
    assert_eq!(b.outcomes(1).await, [(actual(1), Unknown)]);
    assert_eq!(fake.seen(), [(actual(1), false), (actual(1), true)]);
}

#[tokio::test(start_paused = true)]
async fn a_gateway_that_panics_or_returns_early_is_started_again() {
    for panics in [true, false] {
        let mut fake = Fake::new(|_, _| ok());
        (fake.bad_runs, fake.panics) = (1, panics);
        let fake = Arc::new(fake);
        let mut b = Bench::new(&fake, limits());
        b.submit([actual(1)]);
        assert_eq!(b.outcomes(1).await, [(actual(1), Took)]);
        assert_eq!(fake.seen(), [(actual(1), false), (actual(1), true)]);
        assert_eq!(fake.runs.load(Ordering::SeqCst), 2);
    }
}

#[tokio::test(start_paused = true)]
async fn a_gateway_that_takes_no_more_but_does_not_end_is_started_again() {
    #[derive(Default)]
    struct HalfClosed(AtomicU32);
    impl Gateway for HalfClosed {
        fn run(&self, mut jobs: Jobs, out: Events, _: Stop) -> Boxed<'_, ()> {
            Box::pin(async move {
                if self.0.fetch_add(1, Ordering::SeqCst) == 0 {
                    drop(jobs);
                    std::future::pending::<()>().await;
                } else {
                    while let Some(job) = jobs.recv().await {
                        let result =
                            if job.repeat { Err(SendError::permanent("a repeat")) } else { Ok(Accepted::default()) };
                        let _ = out.send(GatewayEvent::Outcome { delivery: job.delivery, result }).await;
                    }
                }
            })
        }
        fn probe(&self) -> Boxed<'_, Health> {
            Box::pin(std::future::pending())
        }
    }
    let (tx, events) = mpsc::channel(WORKER_EVENTS_MAX);
    let (stop, stopped) = watch::channel(false);
    let breaker = BreakerLimits { idle_probe_every_s: 0, ..BreakerLimits::default() };
    let limits = WorkerLimits { breaker, ..limits() };
    let worker = Worker::start("g".into(), Arc::new(HalfClosed::default()), limits, tx, Jitter::seeded(1), stopped);
    let mut b = Bench { worker, events, stop, start: mono(), others: Vec::new() };
    tokio::task::yield_now().await;
    b.submit([actual(1)]);
    assert_eq!(b.outcomes(1).await, [(actual(1), Took)]);
}

#[tokio::test(start_paused = true)]
async fn a_probe_that_hangs_is_a_failed_probe() {
    struct Hangs;
    impl Gateway for Hangs {
        fn run(&self, _: Jobs, _: Events, _: Stop) -> Boxed<'_, ()> {
            Box::pin(std::future::pending())
        }
        fn probe(&self) -> Boxed<'_, Health> {
            Box::pin(std::future::pending())
        }
    }
    let (tx, events) = mpsc::channel(WORKER_EVENTS_MAX);
    let (stop, stopped) = watch::channel(false);
    let worker = Worker::start("g".into(), Arc::new(Hangs), limits(), tx, Jitter::seeded(1), stopped);
    let mut b = Bench { worker, events, stop, start: mono(), others: Vec::new() };
    tokio::time::sleep(Duration::from_secs(22)).await;
    b.submit([actual(1)]);
    assert_eq!(b.outcomes(1).await, [(actual(1), GivenBack)], "the next gateway takes over");
}

#[tokio::test(start_paused = true)]
async fn a_gateway_whose_code_always_ends_is_out_though_its_probe_succeeds() {
    let mut fake = Fake::new(|_, _| ok());
    (fake.bad_runs, fake.panics) = (u32::MAX, true);
    let fake = Arc::new(fake);
    let mut b = Bench::new(&fake, WorkerLimits { in_flight_max: 1, ..limits() });
    b.submit((0..10).map(actual));
    let mut outcomes = b.outcomes(10).await;
    outcomes.sort();
    assert!(outcomes.iter().all(|(_, s)| matches!(s, GivenBack | Unknown)), "{outcomes:?}");
    assert!(outcomes.iter().filter(|(_, s)| *s == GivenBack).count() >= 7, "handed back: {outcomes:?}");
    assert!(b.elapsed() < Duration::from_secs(30));
}

#[tokio::test(start_paused = true)]
async fn when_a_gateway_is_out_what_has_another_way_goes_back_and_the_rest_waits() {
    let fake = Arc::new(Fake::new(|_, n| if n < 10 { busy() } else { ok() }));
    fake.well.store(false, Ordering::SeqCst);
    let mut b = Bench::new(&fake, WorkerLimits { in_flight_max: 1, ..limits() });
    let mut jobs: Vec<_> = (0..20).map(actual).map(queued).collect();
    jobs[3].last_path = true;
    b.worker.submit(jobs).unwrap();
    let outcomes = b.outcomes(19).await;
    assert!(outcomes.iter().all(|(d, s)| *s == GivenBack && *d != actual(3)), "{outcomes:?}");
    assert!(b.elapsed() < Duration::from_secs(5), "the next gateway takes over at once: {:?}", b.elapsed());
    b.submit([actual(20)]);
    assert_eq!(b.outcomes(1).await, [(actual(20), GivenBack)], "nothing is queued for a gateway that is out");
    assert_eq!(b.worker.snapshot().standing, Standing::Down);
    let before = fake.seen().len();
    tokio::time::sleep(Duration::from_secs(300)).await;
    assert_eq!(fake.seen().len(), before, "only probes go there");
    // Ever more seldom, up to once a minute.
    assert!(fake.probes.load(Ordering::SeqCst) >= 5);
    fake.count.store(10, Ordering::SeqCst);
    fake.well.store(true, Ordering::SeqCst);
    assert_eq!(b.outcomes(1).await, [(actual(3), Took)]);
    let told: Vec<_> = b
        .others
        .iter()
        .filter_map(|e| match e {
            WorkerEvent::Health { standing, .. } => Some(*standing),
            _ => None,
        })
        .collect();
    assert_eq!(told.last(), Some(&Standing::Healthy));
    assert!(told.contains(&Standing::Down));
}

#[tokio::test(start_paused = true)]
async fn engaged_receivers_do_not_put_a_gateway_out() {
    let fake = Arc::new(Fake::new(|job, _| if job.delivery.ordinal < 20 { busy() } else { ok() }));
    let mut b = Bench::new(&fake, limits());
    b.submit((0..21).map(actual));
    assert_eq!(b.outcomes(1).await, [(actual(20), Took)]);
    assert_eq!(b.worker.snapshot().standing, Standing::Healthy);
    assert_eq!(b.outcomes(20).await.len(), 20);
    assert!(b.others.iter().all(|e| !matches!(e, WorkerEvent::Health { standing: Standing::Down, .. })));
}

#[tokio::test(start_paused = true)]
async fn a_delivery_without_another_way_is_tried_until_its_time_is_up() {
    let fake = Arc::new(Fake::new(|_, _| busy()));
    let mut b = Bench::new(&fake, limits());
    b.worker
        .submit(vec![Queued { job: job(actual(1), 1), last_path: true, since: mono(), if_repeated: None }])
        .unwrap();
    assert_eq!(b.outcomes(1).await, [(actual(1), Expired)]);
    let waited = b.elapsed().as_secs();
    assert!((500..=600).contains(&waited), "{waited}");
    assert!(fake.seen().len() > 10);
    let last = fake.seen.lock().unwrap().last().unwrap().1.ttl_s;
    assert!(last < 120, "the gateway is told what is left: {last}");
}

#[tokio::test(start_paused = true)]
async fn receipts_are_matched_once_also_when_they_come_early_or_twice() {
    let mut fake = Fake::new(|_, _| Some(Ok(Accepted { gateway_ref: "m1".into(), ..Accepted::default() })));
    let receipt = |delivery, gateway_ref: &str, result| GatewayEvent::Receipt {
        gateway: "sms-api".into(),
        delivery,
        gateway_ref: gateway_ref.into(),
        result,
    };
    fake.after = vec![
        receipt(None, "m1", Err(SendError::temporary("phone off"))),
        receipt(None, "m1", Ok(())),
        receipt(None, "m1", Ok(())),
        receipt(Some(actual(1)), "", Ok(())),
        receipt(None, "m1", Err(SendError::permanent("expired"))),
        receipt(None, "never heard of", Ok(())),
        GatewayEvent::Reply {
            gateway: "sms-api".into(),
            from: Address("070".into()),
            text: "JA 14".into(),
            ack: AckToken::default(),
        },
    ];
    let fake = Arc::new(fake);
    let mut b = Bench::new(&fake, limits());
    b.submit([actual(1)]);
    assert_eq!(b.outcomes(2).await, [(actual(1), Took), (actual(1), Delivered)]);
    let reply = b.events.recv().await;
    assert!(matches!(&reply, Some(WorkerEvent::Reply { text, .. }) if text == "JA 14"), "{reply:?}");
    b.nothing_more().await;
}

#[tokio::test(start_paused = true)]
async fn a_full_queue_is_reported_and_room_is_told() {
    let fake = Arc::new(Fake::new(|_, _| ok()));
    let mut b = Bench::new(&fake, WorkerLimits { queue_len_max: 10, ..limits() });
    let full = b.worker.submit((0..25).map(actual).map(queued).collect()).unwrap_err();
    let rest: Vec<_> = full.rest.iter().map(|q| q.job.delivery).collect();
    assert_eq!(rest, (10..25).map(actual).collect::<Vec<_>>());
    let again = b.worker.submit(full.rest).unwrap_err();
    assert_eq!(again.rest.len(), 15, "full is full");
    assert_eq!(b.outcomes(10).await.len(), 10);
    if b.others.is_empty() {
        b.others.extend(b.events.recv().await);
    }
    assert!(b.others.iter().any(|e| matches!(e, WorkerEvent::Room { room: 10, .. })), "{:?}", b.others);
}

#[tokio::test(start_paused = true)]
async fn what_is_not_on_the_wire_can_be_withdrawn_and_the_rest_is_not_tried_again() {
    let fake = Arc::new(Fake::new(|_, n| if n == 0 { None } else { busy() }));
    let mut b = Bench::new(&fake, WorkerLimits { in_flight_max: 1, outcome_timeout_s: 60, ..limits() });
    b.submit((0..4).map(actual));
    while fake.seen().is_empty() {
        tokio::task::yield_now().await;
    }
    b.worker.withdraw(vec![actual(0), actual(1), actual(2), actual(3), actual(99)]);
    assert_eq!(b.outcomes(3).await, [(actual(1), Withdrawn), (actual(2), Withdrawn), (actual(3), Withdrawn)]);
    assert_eq!(b.outcomes(1).await, [(actual(0), Unknown)], "it may have gone out: it must be told");
    b.nothing_more().await;
    assert_eq!(fake.seen(), [(actual(0), false)]);
}

#[tokio::test(start_paused = true)]
async fn stopped_halfway_every_delivery_is_either_withdrawn_or_told() {
    let fake = Arc::new(Fake::new(|_, _| ok()));
    let mut b = Bench::new(&fake, WorkerLimits { per_second_max: Some(100), ..limits() });
    b.submit((0..2000).map(actual));
    tokio::time::sleep(Duration::from_secs(5)).await;
    b.worker.withdraw((0..2000).map(actual).collect());
    let mut outcomes = b.outcomes(2000).await;
    let took = outcomes.iter().filter(|(_, s)| *s == Took).count();
    assert!((500..530).contains(&took), "{took}");
    outcomes.sort();
    assert_eq!(outcomes.iter().map(|(d, _)| *d).collect::<Vec<_>>(), (0..2000).map(actual).collect::<Vec<_>>());
    assert!(outcomes.iter().all(|(_, s)| matches!(s, Took | Withdrawn)));
}

#[tokio::test(start_paused = true)]
async fn the_rate_and_the_window_are_kept() {
    let fake = Arc::new(Fake::new(|_, _| ok()));
    let mut b = Bench::new(&fake, WorkerLimits { per_second_max: Some(10), ..limits() });
    b.submit((0..50).map(actual));
    assert_eq!(b.outcomes(50).await.len(), 50);
    assert!((4.7..5.2).contains(&b.elapsed().as_secs_f64()), "{:?}", b.elapsed());

    let silent = Arc::new(Fake::new(|_, _| None));
    let b = Bench::new(&silent, WorkerLimits { in_flight_max: 7, ..limits() });
    b.submit((0..50).map(actual));
    tokio::time::sleep(Duration::from_secs(60)).await;
    assert_eq!((silent.seen().len(), b.worker.snapshot().in_flight, b.worker.snapshot().queue_len), (7, 7, 43));
}

#[tokio::test(start_paused = true)]
async fn a_gateway_that_throttles_gets_a_pause_and_loses_nothing() {
    let at = Arc::new(Mutex::new((mono(), 0)));
    let fake = Arc::new(Fake::new(move |_, _| {
        let mut at = at.lock().unwrap();
        if mono() >= at.0 + Duration::from_secs(1) {
            *at = (mono(), 0);
        }
        at.1 += 1;
        let throttled = SendError::Temporary { cause: "throttled".into(), retry_after_s: Some(1) };
        if at.1 > 20 { Some(Err(throttled)) } else { ok() }
    }));
    let mut b = Bench::new(&fake, WorkerLimits { in_flight_max: 10, ..limits() });
    b.submit((0..1000).map(actual));
    let outcomes = b.outcomes(1000).await;
    assert!(outcomes.iter().all(|(_, s)| *s == Took));
    assert!(b.elapsed() < Duration::from_secs(120), "{:?}", b.elapsed());
}

#[tokio::test(start_paused = true)]
async fn a_loop_that_is_behind_loses_nothing() {
    let fake = Arc::new(Fake::new(|_, _| ok()));
    let mut b = Bench::with_room(&fake, WorkerLimits { batch_max: 10, ..limits() }, 1);
    b.submit((0..5000).map(actual));
    tokio::time::sleep(Duration::from_secs(600 - 1)).await;
    let handed_over = fake.seen().len();
    assert!(handed_over < 3000, "bounded: {handed_over}");
    let mut outcomes = Vec::new();
    while outcomes.len() < 5000 {
        match b.events.recv().await.unwrap() {
            WorkerEvent::Outcomes { of: batch, .. } => outcomes.extend(batch),
            other => b.others.push(other),
        }
    }
    assert!(outcomes.iter().all(|(_, s, _)| *s == Took));
    assert_eq!(fake.seen().len(), 5000, "nothing was sent twice");
}

#[tokio::test(start_paused = true)]
async fn a_broken_channel_delays_nobody_else() {
    let silent = Arc::new(Fake::new(|_, _| None));
    let quick = Arc::new(Fake::new(|_, _| ok()));
    let stuck = Bench::new(&silent, limits());
    let mut b = Bench::new(&quick, limits());
    stuck.submit((0..1000).map(actual));
    b.submit((0..1000).map(actual));
    assert_eq!(b.outcomes(1000).await.len(), 1000);
    assert!(b.elapsed() < Duration::from_millis(50), "{:?}", b.elapsed());
}

#[tokio::test(start_paused = true)]
async fn going_down_names_what_is_on_the_wire_and_what_is_in_line() {
    let fake = Arc::new(Fake::new(|_, n| if n == 0 { ok() } else { None }));
    let mut b = Bench::new(&fake, WorkerLimits { in_flight_max: 2, ..limits() });
    b.submit((0..6).map(actual));
    assert_eq!(b.outcomes(1).await, [(actual(0), Took)]);
    tokio::time::sleep(Duration::from_secs(1)).await;
    b.stop.send(true).unwrap();
    let ended = loop {
        match b.events.recv().await.unwrap() {
            WorkerEvent::Ended { on_the_wire, in_line, .. } => break (on_the_wire, in_line),
            other => assert!(!matches!(other, WorkerEvent::Outcomes { .. }), "{other:?}"),
        }
    };
    assert_eq!(ended, (vec![actual(1), actual(2)], vec![actual(3), actual(4), actual(5)]));
    assert!(b.worker.ended().await);
    assert!(b.worker.submit(vec![queued(actual(9))]).unwrap_err().ended);
    assert!(b.events.recv().await.is_none(), "Ended is the last event");
}

/// `cargo test --release --lib dispatch::worker -- --ignored --nocapture`
#[test]
#[ignore = "a measurement"]
fn speed_of_100_000_jobs() {
    struct Trivial;
    impl Gateway for Trivial {
        fn run(&self, mut jobs: Jobs, out: Events, _: Stop) -> Boxed<'_, ()> {
            Box::pin(async move {
                let mut batch = Vec::with_capacity(256);
                while jobs.recv_many(&mut batch, 256).await > 0 {
                    for job in batch.drain(..) {
                        let result = Ok(Accepted::default());
                        let _ = out.send(GatewayEvent::Outcome { delivery: job.delivery, result }).await;
                    }
                }
            })
        }
        fn probe(&self) -> Boxed<'_, Health> {
            Box::pin(async { Health { ok: true, detail: String::new() } })
        }
    }
    const N: u32 = 100_000;
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    for _ in 0..3 {
        runtime.block_on(async {
            let (tx, mut events) = mpsc::channel(WORKER_EVENTS_MAX);
            let (_stop, stopped) = watch::channel(false);
            let limits = WorkerLimits { queue_len_max: N as usize, ..limits() };
            let worker = Worker::start("g".into(), Arc::new(Trivial), limits, tx, Jitter::seeded(1), stopped);
            let (out, head, to) = (out(), head(1), Address("070".into()));
            let jobs = (0..N).map(|n| {
                let (out, head, to) = (out.clone(), head.clone(), to.clone());
                let job =
                    Job { delivery: actual(n), to, out, head, trailer: None, link: None, repeat: false, ttl_s: 600 };
                Queued { job, last_path: false, since: mono(), if_repeated: None }
            });
            let jobs: Vec<_> = jobs.collect();
            let start = mono();
            worker.submit(jobs).unwrap();
            let mut told = 0;
            while told < N as usize {
                if let Some(WorkerEvent::Outcomes { of: batch, .. }) = events.recv().await {
                    told += batch.len();
                }
            }
            let took = start.elapsed();
            println!("{N} jobs in {took:?}: {:.0}/s on one core", f64::from(N) / took.as_secs_f64());
        });
    }
}
