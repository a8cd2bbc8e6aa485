//! What the server keeps: jobs from before a restart, jobs that are taken back, jobs whose end is waited for.

use std::sync::Arc;
use std::time::Duration;

use vardkase::domain::delivery::SendError;
use vardkase::gateways::{Cancelled, Gateway, Job};
use vardkase::sim::hylafax::Options;
use vardkase::yaml::Secs;

use super::server::{PATIENCE, Rig, accepted, rig, rig_with};
use super::{ALARM, actual, drill, job};

fn one(ordinal: u32, number: &str) -> Job {
    job(ordinal, number, &Arc::new(actual(ALARM)), None)
}

fn taken_back(jobs: &[&Job]) -> Cancelled {
    Cancelled { taken_back: jobs.iter().map(|j| j.delivery).collect(), again: false }
}

fn killed(rig: &Rig) -> Vec<String> {
    rig.server.log().into_iter().map(|l| l.command).filter(|c| c.starts_with("JKILL")).collect()
}

async fn nothing_more(rig: &mut Rig) {
    // Whatever was to come came before the answer to this.
    let _ = rig.gateway.probe().await;
    tokio::time::sleep(Duration::from_millis(30)).await;
    assert!(rig.events.try_recv().is_err(), "nothing is told of what was taken back");
}

#[tokio::test]
async fn only_what_has_not_begun_is_taken_back() {
    let mut rig = rig_with(Options { by_hand: true, ..Options::default() }, |c| c.poll_every = Secs(60)).await;
    let (begun, waiting, other) = (one(1, "0980310012"), one(2, "0980310000"), one(3, "0980310000"));
    assert_eq!(rig.send(begun.clone()).await, accepted("1", 1));
    rig.server.step();
    assert_eq!(rig.send(waiting.clone()).await, accepted("2", 1));
    assert_eq!(rig.send(other).await, accepted("3", 1));
    let never = one(99, "0980310000").delivery;
    let cancelled = rig.gateway.cancel(vec![begun.delivery, never, waiting.delivery]).await;
    assert_eq!(cancelled, taken_back(&[&waiting]));
    assert_eq!(killed(&rig), ["JKILL 2"]);
    // Asked again: it is gone, and nothing is done to the one that runs.
    assert_eq!(rig.gateway.cancel(vec![begun.delivery, waiting.delivery]).await, taken_back(&[]));
    assert_eq!(killed(&rig), ["JKILL 2"]);
    nothing_more(&mut rig).await;
    assert!(rig.far.all().is_empty());
}

#[tokio::test]
async fn a_server_out_of_reach_is_to_be_asked_again() {
    let mut rig = rig_with(Options::default(), |c| c.poll_every = Secs(60)).await;
    let waiting = one(1, "0980310000");
    assert_eq!(rig.send(waiting.clone()).await, accepted("1", 1));
    drop(rig.server);
    let asked = rig.gateway.cancel(vec![waiting.delivery]).await;
    assert_eq!(asked, Cancelled { taken_back: vec![], again: true });
}

#[tokio::test]
async fn after_a_restart_the_queue_tells_which_job_is_whose() {
    let by_hand = Options { by_hand: true, ..Options::default() };
    let mut first = rig_with(by_hand, |c| c.poll_every = Secs(60)).await;
    let note = {
        use vardkase::domain::text::{Actual, Canonical, NO_MARK, Outgoing};
        let out = Outgoing::note::<Actual>("14", &Canonical::new("Besked behövs").unwrap(), NO_MARK);
        job(5, "0980310000", &Arc::new(out), None)
    };
    let drill = job(6, "0980310001", &Arc::new(drill(ALARM)), Some("Svara JA Ö-3"));
    let (fine, busy, lost) = (one(1, "0980310000"), one(2, "0980310001"), one(3, "0980310000"));
    let all = [fine, busy, note, drill];
    for (id, job) in (1u32..).zip(&all) {
        assert_eq!(first.send(job.clone()).await, accepted(&id.to_string(), 1));
    }
    first.stop.send(true).unwrap();
    tokio::time::timeout(PATIENCE, &mut first.running).await.unwrap().unwrap();

    let port = first.server.addr.port();
    let mut second = rig_with(Options::default(), |c| c.port = port).await;
    let mut jobs = all.to_vec();
    jobs.push(lost);
    second.gateway.follow(jobs);
    first.server.step();
    first.server.step();
    let mut ends = Vec::new();
    while ends.len() < 5 {
        ends.push(second.receipt().await);
    }
    ends.sort_by_key(|e| e.0);
    let busy = || Err(SendError::permanent("Busy signal detected; too many attempts to dial"));
    let gone = Err(SendError::permanent("the fax server lost the job: it is in no queue"));
    assert_eq!(
        ends,
        [
            (1, "1".into(), Ok(())),
            (2, "2".into(), busy()),
            (3, String::new(), gone),
            (5, "3".into(), Ok(())),
            (6, "4".into(), busy()),
        ]
    );
    assert_eq!(first.submitted(), 4, "nothing went twice");
}

#[tokio::test]
async fn what_was_accepted_before_a_restart_can_still_be_taken_back() {
    let by_hand = Options { by_hand: true, ..Options::default() };
    let mut first = rig_with(by_hand, |c| c.poll_every = Secs(60)).await;
    let waiting = one(1, "0980310000");
    assert_eq!(first.send(waiting.clone()).await, accepted("1", 1));
    let port = first.server.addr.port();
    let mut second = rig_with(Options::default(), |c| (c.port, c.poll_every) = (port, Secs(60))).await;
    second.gateway.follow(vec![waiting.clone()]);
    assert_eq!(second.gateway.cancel(vec![waiting.delivery]).await, taken_back(&[&waiting]));
    assert_eq!(killed(&first), ["JKILL 1"]);
    nothing_more(&mut second).await;
}

#[tokio::test]
async fn a_thousand_possible_repeats_cost_one_listing_and_none_goes_twice() {
    let mut first = rig_with(Options { by_hand: true, ..Options::default() }, |c| c.poll_every = Secs(60)).await;
    let jobs: Vec<Job> = (0..200).map(|n| one(n, "0980310000")).collect();
    for (id, job) in (1u32..).zip(&jobs[..100]) {
        assert_eq!(first.send(job.clone()).await, accepted(&id.to_string(), 1));
    }
    let port = first.server.addr.port();
    let mut second = rig_with(Options::default(), |c| (c.port, c.poll_every) = (port, Secs(60))).await;
    for (id, job) in (1u32..).zip(&jobs) {
        let repeat = Job { repeat: true, ..job.clone() };
        assert_eq!(second.send(repeat).await.unwrap().gateway_ref, id.to_string());
    }
    assert_eq!(first.submitted(), 200, "each once");
    let listings = first.server.log().iter().filter(|l| l.command == "LIST sendq").count();
    assert!(listings <= 2, "{listings} listings");
}

#[tokio::test]
async fn an_unknown_end_makes_the_next_repeat_look_again() {
    let mut rig = rig_with(Options { by_hand: true, ..Options::default() }, |c| c.poll_every = Secs(60)).await;
    let repeat = |n, number| Job { repeat: true, ..one(n, number) };
    assert_eq!(rig.send(repeat(1, "0980310000")).await, accepted("1", 1));
    // The listing of the first repeat knows nothing of this one.
    assert!(matches!(rig.send(one(2, "0980310007")).await, Err(SendError::Unknown { .. })));
    assert_eq!(rig.send(repeat(2, "0980310007")).await, accepted("2", 1));
    assert_eq!(rig.submitted(), 2);
}

#[tokio::test]
async fn the_end_of_a_job_is_waited_for_and_not_polled() {
    let by_hand = Options { by_hand: true, ..Options::default() };
    let mut rig = rig_with(by_hand, |c| (c.waits_max, c.poll_every) = (2, Secs(600))).await;
    for n in 0..3 {
        let number = if n == 1 { "0980310001" } else { "0980310000" };
        assert_eq!(rig.send(one(n, number)).await, accepted(&(n + 1).to_string(), 1));
    }
    let waits = |rig: &Rig| rig.server.log().iter().filter(|l| l.command.starts_with("JWAIT")).count();
    while waits(&rig) < 2 {
        tokio::task::yield_now().await;
    }
    rig.server.step();
    rig.server.step();
    // Two are waited for; one look tells of all three.
    let mut ends = Vec::new();
    for _ in 0..3 {
        let (n, id, end) = rig.receipt().await;
        assert_eq!((id, end.is_ok()), ((n + 1).to_string(), n != 1));
        ends.push(n);
    }
    assert_eq!(ends, [0, 1, 2]);
    let looks = rig.server.log().iter().filter(|l| l.command == "LIST sendq").count();
    assert!(looks <= 3, "{looks} looks");
}

#[tokio::test]
async fn a_server_that_knows_no_waiting_is_looked_at_on_the_beat() {
    for options in [
        Options { no_waits: true, ..Options::default() },
        Options { stale: true, ..Options::default() },
        Options { close_after_job: true, ..Options::default() },
    ] {
        let name = format!("{options:?}");
        let mut rig = rig_with(options, |c| (c.waits_max, c.poll_min_ms) = (4, 20)).await;
        for n in 0..3 {
            // The last one is in no queue any more when it has ended.
            let number = if n == 2 { "0980310006" } else { "0980310000" };
            assert_eq!(rig.send(one(n, number)).await, accepted(&(n + 1).to_string(), 1), "{name}");
            assert_eq!(rig.receipt().await.2.is_ok(), n != 2, "{name}");
        }
        let waits = rig.server.log().iter().filter(|l| l.command.starts_with("JWAIT")).count();
        assert!(waits < 40, "{name}: {waits} waits is hammering");
    }
}

#[tokio::test]
async fn a_refused_login_is_not_tried_again_for_each_fax() {
    let user_reply = Some("530 User vardkase denied.".to_owned());
    let mut rig = rig(Options { user_reply, ..Options::default() }).await;
    for n in 0..20 {
        let refused = rig.send(one(n, "0980310000")).await;
        assert_eq!(refused, Err(SendError::temporary("HylaFAX 530: User vardkase denied.")));
    }
    assert_eq!(rig.server.connections(), 1);
    // Whoever asks gets an answer of now.
    let health = rig.gateway.probe().await;
    assert!(!health.ok && health.detail.starts_with("HylaFAX 530: User vardkase denied.; check"), "{health:?}");
    assert_eq!(rig.server.connections(), 2);
}
