#![expect(clippy::unwrap_used, reason = "tests")]

use std::sync::atomic::{AtomicBool, Ordering};

use http_body_util::BodyExt as _;

use super::*;
use crate::api::LogPart;
use crate::dispatch::forgotten::ForgottenAt;
use crate::domain::ids::IncidentNo;
use crate::domain::report::AfterReport;
use crate::domain::time::At;
use crate::web::log::Story;

/// A journal that grows when it is told to; every third record is of no event.
struct Growing(watch::Sender<Head>);

impl Growing {
    fn to(seq: u64) -> Arc<Self> {
        Arc::new(Self(watch::channel(Head { seq, ..Head::START }).0))
    }
    fn grow(&self, by: u64) {
        self.0.send_modify(|head| head.seq += by);
    }
}

impl Log for Growing {
    fn read(&self, _: u64, _: Option<IncidentNo>, _: &ForgottenAt, _: bool) -> Result<LogPart, String> {
        Err("not here".into())
    }
    fn head_at(&self, _: u64) -> Option<Head> {
        None
    }
    fn story(&self, _: IncidentNo, _: At, _: bool) -> Result<Story, String> {
        Err("not here".into())
    }
    fn after_report(&self, _: IncidentNo, _: At) -> Result<Option<AfterReport>, String> {
        Err("not here".into())
    }
    fn heads(&self) -> watch::Receiver<Head> {
        self.0.subscribe()
    }
    fn happened(&self, after: u64, max: usize) -> Result<HappenedPart, String> {
        let head = self.0.borrow().seq;
        let event = |seq| Happened { seq, at: At(0), incident: None, exercise: false, kind: "released".into() };
        let mut all = (after + 1..=head).filter(|seq| seq % 3 != 0).map(event);
        let events: Vec<Happened> = all.by_ref().take(max).collect();
        let more = all.next().is_some();
        let after = if more { events.last().map_or(head, |e| e.seq) } else { head };
        Ok(HappenedPart { events, after, more })
    }
}

fn held() -> Held {
    Streams::default().take(&WhoId::Machine).unwrap()
}

fn open(log: &Arc<Growing>, after: Option<u64>) -> Stream {
    Stream::open(log.clone(), after, Box::new(|| true), held())
}

async fn frame(stream: &mut Stream) -> Option<String> {
    let frame = stream.frame().await?.unwrap().into_data().unwrap();
    Some(String::from_utf8(frame.to_vec()).unwrap())
}

/// The numbers of the events of a part; those with a name are left out.
fn numbers(part: &str) -> Vec<u64> {
    let events = part.split("\n\n").filter(|e| e.starts_with("id: "));
    events.map(|e| e.lines().next().unwrap().trim_start_matches("id: ").parse().unwrap()).collect()
}

#[tokio::test(start_paused = true)]
async fn whoever_comes_back_misses_nothing_and_hears_nothing_twice() {
    let log = Growing::to(10);
    let mut stream = open(&log, None);
    let first = frame(&mut stream).await.unwrap();
    assert_eq!(first, "retry: 3000\n\nevent: begin\nid: 10\ndata: {\"after\":10}\n\n");
    let mut heard = Vec::new();
    for by in [1, 4, 1_200, 7] {
        log.grow(by);
        let wanted: Vec<u64> = (11..=log.0.borrow().seq).filter(|n| n % 3 != 0).collect();
        while heard.last() != wanted.last() {
            heard.extend(numbers(&frame(&mut stream).await.unwrap()));
        }
        assert_eq!(heard, wanted);
        // It breaks off, and more happens meanwhile.
        drop(stream);
        log.grow(5);
        stream = open(&log, heard.last().copied());
        let begin = frame(&mut stream).await.unwrap();
        assert!(begin.contains(&format!("data: {{\"after\":{}}}", heard.last().unwrap())), "{begin}");
    }
}

#[tokio::test(start_paused = true)]
async fn what_is_too_much_or_of_another_journal_is_a_gap_that_says_where_to_read() {
    let log = Growing::to(20_000);
    let said = frame(&mut open(&log, Some(9_999))).await.unwrap();
    let gap = "event: gap\ndata: {\"asked\":9999,\"why\":\"too-much\",\"log\":\"/api/v1/log?after=9999\"}\n\n";
    assert!(said.contains(gap) && said.ends_with("id: 20000\ndata: {\"after\":20000}\n\n"), "{said}");
    let said = frame(&mut open(&log, Some(20_001))).await.unwrap();
    assert!(
        said.contains("\"why\":\"unknown\",\"log\":\"/api/v1/log?after=0\"") && said.contains("id: 20000"),
        "{said}"
    );
    let said = frame(&mut open(&log, Some(10_000))).await.unwrap();
    assert!(!said.contains("gap"), "{said}");
}

#[tokio::test(start_paused = true)]
async fn a_stream_beats_and_ends_in_time_and_with_its_token() {
    let log = Growing::to(3);
    let mut stream = open(&log, None);
    let began = Instant::now();
    frame(&mut stream).await.unwrap();
    let mut beats = 0;
    let end = loop {
        let said = frame(&mut stream).await.unwrap();
        if said != "event: beat\ndata: 1\n\n" {
            break said;
        }
        beats += 1;
    };
    assert_eq!((end.as_str(), began.elapsed(), beats), ("event: end\ndata: {\"reason\":\"time\"}\n\n", STREAM, 35));
    assert_eq!(frame(&mut stream).await, None);
    let lives = Arc::new(AtomicBool::new(true));
    let asked = lives.clone();
    let mut stream = Stream::open(log.clone(), None, Box::new(move || asked.load(Ordering::Relaxed)), held());
    frame(&mut stream).await.unwrap();
    lives.store(false, Ordering::Relaxed);
    log.grow(1);
    assert_eq!(
        frame(&mut stream).await.unwrap(),
        "event: end\ndata: {\"reason\":\"access\"}\n\n",
        "nothing more is told"
    );
}

#[tokio::test(start_paused = true)]
async fn a_stream_that_nobody_reads_gives_its_place_back_and_says_why() {
    let log = Growing::to(0);
    let streams = Streams::default();
    let mut stream = Stream::open(log.clone(), None, Box::new(|| true), streams.take(&WhoId::Machine).unwrap());
    let began = Instant::now();
    while !streams.0.lock().unwrap().is_empty() {
        log.grow(EVENTS_TOGETHER_MAX as u64);
        sleep(Duration::from_secs(1)).await;
    }
    assert!(began.elapsed() < UNREAD + Duration::from_secs(20), "{:?}", began.elapsed());
    let mut said = String::new();
    let mut parts = 0;
    while let Some(part) = frame(&mut stream).await {
        parts += 1;
        said = part;
    }
    assert_eq!((said.as_str(), parts), ("event: end\ndata: {\"reason\":\"slow\"}\n\n", PARTS_MAX + 1));
}

#[test]
fn places_are_bounded_for_one_and_for_all() {
    let streams = Streams::default();
    let token = |n: usize| WhoId::Token(format!("t-{n}"));
    let mut all: Vec<Held> = (0..EVENT_STREAMS_EACH_MAX).map(|_| streams.take(&token(0)).unwrap()).collect();
    assert!(streams.take(&token(0)).is_none());
    all.extend((all.len()..EVENT_STREAMS_MAX).map(|n| streams.take(&token(n)).unwrap()));
    assert!(streams.take(&token(1_000)).is_none());
    all.pop();
    assert!(streams.take(&token(1_000)).is_some());
    drop(all);
    assert!(streams.0.lock().unwrap().is_empty());
}
