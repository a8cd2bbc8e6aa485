#![expect(clippy::unwrap_used, reason = "tests")]

use std::collections::VecDeque;
use std::sync::{Mutex, MutexGuard, PoisonError};

use jiff::Timestamp;
use proptest::prelude::*;
use serde_json::Value;

use super::*;
use crate::api::{Happened, LogPart};
use crate::clock::SystemClock;
use crate::dispatch::forgotten::ForgottenAt;
use crate::domain::ids::IncidentNo;
use crate::domain::report::AfterReport;
use crate::domain::time::At;
use crate::gateways::Boxed;
use crate::web::events::HappenedPart;
use crate::web::log::Story;
use crate::yaml::Secret;

/// A journal whose records are events in turn; every third is nobody's.
struct Growing {
    head: watch::Sender<Head>,
    /// Another journal has other hashes.
    hash: u8,
}

impl Growing {
    fn to(seq: u64, hash: u8) -> Arc<Self> {
        Arc::new(Self { head: watch::channel(Head { seq, hash: [hash; 32] }).0, hash })
    }
    fn grow(&self, by: u64) {
        self.head.send_modify(|head| head.seq += by);
    }
    /// What is to be told, up to its head.
    fn wanted(&self, after: u64) -> Vec<u64> {
        (after + 1..=self.head.borrow().seq).filter(|seq| seq % 3 == 1).collect()
    }
}

impl Log for Growing {
    fn read(&self, _: u64, _: Option<IncidentNo>, _: &ForgottenAt, _: bool) -> Result<LogPart, String> {
        Err("not here".into())
    }
    fn head_at(&self, seq: u64) -> Option<Head> {
        (seq <= self.head.borrow().seq).then_some(Head { seq, hash: [self.hash; 32] })
    }
    fn story(&self, _: IncidentNo, _: At, _: bool) -> Result<Story, String> {
        Err("not here".into())
    }
    fn after_report(&self, _: IncidentNo, _: At) -> Result<Option<AfterReport>, String> {
        Err("not here".into())
    }
    fn heads(&self) -> watch::Receiver<Head> {
        self.head.subscribe()
    }
    fn happened(&self, after: u64, max: usize) -> Result<HappenedPart, String> {
        let head = self.head.borrow().seq;
        let kinds = ["results", "released", "acted"];
        let event = |seq: u64| Happened {
            seq,
            at: At(1000 * seq as i64),
            incident: None,
            exercise: false,
            kind: kinds[(seq % 3) as usize].into(),
        };
        let mut all = (after + 1..=head).filter(|seq| seq % 3 != 0).map(event);
        let events: Vec<Happened> = all.by_ref().take(max).collect();
        let more = all.next().is_some();
        let after = if more { events.last().map_or(head, |e| e.seq) } else { head };
        Ok(HappenedPart { events, after, more })
    }
}

/// What a far end does with one call.
#[derive(Clone, Copy, Debug)]
enum Does {
    Takes,
    Refuses,
    /// It took it, and says that it did not.
    Lies,
    Asks(u64),
}

/// A far end that is slow by so many milliseconds, and does in turn what it is told; then it takes all.
#[derive(Clone, Default)]
struct Fake(Arc<Mutex<Inner>>);

#[derive(Default)]
struct Inner {
    script: VecDeque<(Does, u64)>,
    heard: Vec<Heard>,
}

/// When, under which ID, and what.
type Heard = (Instant, String, Value);

impl Fake {
    fn doing(script: impl IntoIterator<Item = (Does, u64)>) -> Self {
        Self(Arc::new(Mutex::new(Inner { script: script.into_iter().collect(), heard: Vec::new() })))
    }
    fn inner(&self) -> MutexGuard<'_, Inner> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
    fn heard(&self) -> Vec<Heard> {
        self.inner().heard.clone()
    }
    /// What it has, each once.
    fn numbers(&self) -> Vec<u64> {
        let mut seen = std::collections::BTreeSet::new();
        let heard = self.heard().into_iter().filter(|(_, id, _)| seen.insert(id.clone()));
        heard.filter_map(|(_, _, body)| body["data"]["seq"].as_u64()).collect()
    }
}

impl FarEnd for Fake {
    fn take<'a>(&'a self, call: &'a Call, _: Timestamp) -> Boxed<'a, Result<(), NotTaken>> {
        Box::pin(async move {
            let (does, slow) = self.inner().script.pop_front().unwrap_or((Does::Takes, 3));
            sleep(Duration::from_millis(slow)).await;
            let hears = || {
                let heard = (mono(), call.id.clone(), serde_json::from_str(&call.body).unwrap());
                self.inner().heard.push(heard);
            };
            let no = |retry_after| Err(NotTaken { why: "it answered HTTP 503".into(), retry_after });
            match does {
                Does::Takes => {
                    hears();
                    Ok(())
                }
                Does::Refuses => no(None),
                Does::Lies => {
                    hears();
                    no(None)
                }
                Does::Asks(s) => no(Some(Duration::from_secs(s))),
            }
        })
    }
}

struct Site {
    state: tempfile::TempDir,
    board: Board,
    stop: watch::Sender<bool>,
}

impl Site {
    fn new() -> Self {
        Self { state: tempfile::tempdir().unwrap(), board: Board::default(), stop: watch::channel(false).0 }
    }
    fn start(&self, log: &Arc<Growing>, far: &Fake) -> tokio::task::JoinHandle<()> {
        let webhook = Webhook {
            id: "itsm".into(),
            url: "https://itsm.example/".into(),
            secret: Secret::default(),
            secret_before: None,
            events: vec!["released"],
            ca_file: None,
            timeout_s: 10,
            base: None,
        };
        let clock: SharedClock = Arc::new(SystemClock::default());
        let far = Box::new(far.clone());
        let teller = Teller::over(far, &webhook, self.state.path(), log.clone(), self.board.clone(), clock);
        tokio::spawn(teller.run(self.stop.subscribe()))
    }
    fn now(&self) -> WebhookState {
        self.board.webhooks().remove("itsm").unwrap_or_default()
    }
}

/// Time goes on until nothing is left to tell.
async fn until(mut done: impl FnMut() -> bool) {
    for _ in 0..100_000 {
        if done() {
            return;
        }
        sleep(Duration::from_millis(100)).await;
    }
    panic!("never");
}

#[tokio::test(start_paused = true)]
async fn one_that_is_new_hears_that_it_begins_and_what_comes_from_then_on() {
    let (site, log, far) = (Site::new(), Growing::to(40, 1), Fake::default());
    let task = site.start(&log, &far);
    until(|| far.heard().len() == 1).await;
    log.grow(10);
    until(|| far.numbers() == log.wanted(40)).await;
    let heard = far.heard();
    assert_eq!(heard[0].2["type"], "begin");
    assert_eq!(heard[0].2["data"]["after"], 40);
    let event = &heard[1].2;
    assert_eq!((&event["type"], &event["data"]["kind"]), (&"released".into(), &"released".into()));
    assert_eq!(event["timestamp"], event["data"]["at"]);
    until(|| site.now().behind == 0).await;
    assert_eq!(site.now().why, "");
    site.stop.send_replace(true);
    task.await.unwrap();
}

#[tokio::test(start_paused = true)]
async fn after_a_restart_it_goes_on_where_it_was() {
    let (site, log, far) = (Site::new(), Growing::to(40, 1), Fake::default());
    let task = site.start(&log, &far);
    until(|| far.heard().len() == 1).await;
    log.grow(100);
    until(|| far.numbers() == log.wanted(40)).await;
    site.stop.send_replace(true);
    task.await.unwrap();
    log.grow(100);
    site.stop.send_replace(false);
    let again = Fake::default();
    let task = site.start(&log, &again);
    until(|| again.numbers() == log.wanted(140)).await;
    // A crash: what was told since it was last written down comes again, under the same ID.
    log.grow(3);
    until(|| again.numbers() == log.wanted(140)).await;
    task.abort();
    let third = Fake::default();
    let task = site.start(&log, &third);
    log.grow(30);
    until(|| third.numbers().last() == log.wanted(140).last()).await;
    let (second, third) = (again.heard(), third.heard());
    let twice = third.iter().filter(|(_, id, _)| second.iter().any(|(_, before, _)| before == id)).count();
    assert!(third.len() - twice == log.wanted(243).len(), "{twice} of {}", third.len());
    site.stop.send_replace(true);
    task.await.unwrap();
}

#[tokio::test(start_paused = true)]
async fn a_place_of_another_journal_is_a_gap_that_is_told() {
    let (site, far) = (Site::new(), Fake::default());
    let log = Growing::to(40, 1);
    let task = site.start(&log, &far);
    until(|| far.heard().len() == 1).await;
    site.stop.send_replace(true);
    task.await.unwrap();
    site.stop.send_replace(false);
    for (n, damage) in [None, Some("4"), Some(""), Some("\u{0}\u{0}")].into_iter().enumerate() {
        if let Some(text) = damage {
            std::fs::write(site.state.path().join("webhooks/itsm"), text).unwrap();
        }
        // A restore from yesterday, with other records since.
        let (log, far) = (Growing::to(70, 2 + n as u8), Fake::default());
        let task = site.start(&log, &far);
        until(|| far.heard().len() == 1).await;
        log.grow(3);
        until(|| far.numbers() == log.wanted(70)).await;
        let first = &far.heard()[0].2;
        assert_eq!((&first["type"], &first["data"]["why"]), (&"gap".into(), &"unknown".into()));
        assert_eq!(first["data"]["log"], "/api/v1/log?after=0");
        site.stop.send_replace(true);
        task.await.unwrap();
        site.stop.send_replace(false);
    }
}

#[tokio::test(start_paused = true)]
async fn one_that_takes_nothing_is_called_ever_more_rarely_is_an_alarm_and_the_alarm_ends_by_itself() {
    let refused = 30;
    let far = Fake::doing([(Does::Takes, 5)].into_iter().chain([(Does::Refuses, 40); 30]));
    let (site, log) = (Site::new(), Growing::to(40, 1));
    let task = site.start(&log, &far);
    until(|| far.heard().len() == 1).await;
    let begun = mono();
    log.grow(3);
    let stands = || site.board.stands("webhook itsm");
    until(|| !site.now().why.is_empty()).await;
    assert!(!stands(), "one refusal is none");
    assert_eq!((site.now().why.as_str(), site.now().behind), ("it answered HTTP 503", 2));
    until(stands).await;
    let after = begun.elapsed().as_secs();
    assert!((300..=420).contains(&after), "{after}");
    assert!(!site.board.alarms()[0].tell, "shown, and nobody is woken");
    until(|| far.numbers() == log.wanted(40)).await;
    // 1 + 2 + 4 + 8 + 16 + 32, then each minute.
    let after = begun.elapsed().as_secs();
    assert!((63 + 60 * (refused - 6)..=70 + 60 * (refused - 5)).contains(&after), "{after}");
    assert!(!stands() && site.now().why.is_empty());
    site.stop.send_replace(true);
    task.await.unwrap();
}

#[tokio::test(start_paused = true)]
async fn a_far_end_that_asks_for_time_gets_it_but_not_for_ever() {
    let far = Fake::doing([(Does::Takes, 5), (Does::Asks(20), 5), (Does::Asks(0), 5), (Does::Asks(86_400), 5)]);
    let (site, log) = (Site::new(), Growing::to(40, 1));
    let task = site.start(&log, &far);
    until(|| far.heard().len() == 1).await;
    let begun = mono();
    log.grow(3);
    until(|| far.numbers() == log.wanted(40)).await;
    let after = begun.elapsed().as_secs();
    assert!((82..=84).contains(&after), "20 + 2 + 60 s, not {after}");
    site.stop.send_replace(true);
    task.await.unwrap();
}

#[tokio::test(start_paused = true)]
async fn one_that_was_away_for_too_long_hears_of_a_gap_and_goes_on() {
    let far = Fake::doing([(Does::Takes, 5)].into_iter().chain([(Does::Refuses, 40); 10]));
    let (site, log) = (Site::new(), Growing::to(40, 1));
    let task = site.start(&log, &far);
    until(|| far.heard().len() == 1).await;
    log.grow(3);
    until(|| !site.now().why.is_empty()).await;
    log.grow(WEBHOOK_BEHIND_MAX);
    let head = log.head.borrow().seq;
    until(|| far.heard().len() == 2).await;
    log.grow(6);
    until(|| far.numbers() == log.wanted(head)).await;
    let gap = &far.heard()[1].2;
    assert_eq!((&gap["type"], &gap["data"]["why"]), (&"gap".into(), &"too-much".into()));
    assert_eq!(gap["data"]["asked"], 41);
    assert_eq!(gap["data"]["log"], "/api/v1/log?after=41");
    site.stop.send_replace(true);
    task.await.unwrap();
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]
    /// Whatever it does with each call and however slow it is: in the end it has all, in order.
    #[test]
    fn nothing_is_missed_and_nothing_overtakes(
        script in prop::collection::vec((prop_oneof![
            Just(Does::Takes), Just(Does::Refuses), Just(Does::Lies), (0_u64..100).prop_map(Does::Asks)
        ], 0_u64..9_000), 0..40),
        growth in prop::collection::vec((1_u64..40, 0_u64..20_000), 1..8),
        restarts in prop::collection::vec(0_usize..8, 0..3),
    ) {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().start_paused(true).build().unwrap();
        runtime.block_on(async {
            let (site, log, far) = (Site::new(), Growing::to(7, 1), Fake::doing(script));
            let mut task = site.start(&log, &far);
            until(|| site.state.path().join("webhooks/itsm").exists()).await;
            for (n, (by, ms)) in growth.into_iter().enumerate() {
                log.grow(by);
                sleep(Duration::from_millis(ms)).await;
                if restarts.contains(&n) {
                    task.abort();
                    let _ = task.await;
                    task = site.start(&log, &far);
                }
            }
            until(|| far.numbers().len() >= log.wanted(7).len()).await;
            assert_eq!(far.numbers(), log.wanted(7));
            site.stop.send_replace(true);
            task.await.unwrap();
        });
    }
}
