//! What is private of a closed incident is forgotten: on record, in the files, in what a start finds; and of no other one.

use std::ops::ControlFlow;
use std::path::Path;
use std::time::Duration;

use vardkase::app::retention;
use vardkase::dispatch::engine::Failed;
use vardkase::dispatch::forgotten::{backups_of, closed, read_forgotten};
use vardkase::dispatch::rehearse::rehearse;
use vardkase::dispatch::system_record::{BackedUp, Forgotten, SystemRecord};
use vardkase::domain::ids::IncidentNo;
use vardkase::domain::incident::input::{Action, Input, News};
use vardkase::domain::time::At;
use vardkase::journal::*;

use super::rig::*;

const DAY: u64 = 24 * 3600;

/// Reported, told, closed; its number.
async fn over(rig: &Rig) -> IncidentNo {
    rig.report().await;
    rig.settled().await;
    let no = *rig.state().await.incidents.keys().next_back().unwrap();
    rig.act("tib", Action::Restored { incident: no, news: News::default() }).await;
    rig.act("tib", Action::AllClear { incident: no, override_reason: Some("flodhastskal".into()) }).await;
    rig.settled().await;
    no
}

async fn forget(rig: &Rig, incident: IncidentNo, by: &str, reason: &str) -> Result<(), String> {
    let wanted = Forgotten { incident, by: Some(by.into()), reason: reason.into() };
    match rig.handle.forget(wanted).await {
        Ok(done) => {
            assert!(done.on_record);
            Ok(())
        }
        Err(Failed::Refused(r)) => Err(r.code.to_owned()),
        Err(e) => panic!("{e}"),
    }
}

/// How many private values of all records can be opened, and how many are forgotten.
fn opened(dir: &Path) -> (usize, usize) {
    let reader = SqliteReader::open(dir).unwrap();
    let mut commitments = Vec::new();
    let visit = &mut |record: RecordRef<'_>| {
        commitments.extend(record.commitments());
        ControlFlow::Continue(())
    };
    reader.read(Head::START, visit).unwrap();
    commitments.sort();
    commitments.dedup();
    let open = commitments.iter().filter(|c| reader.unseal(**c).unwrap().is_some()).count();
    (open, commitments.len() - open)
}

#[tokio::test]
async fn only_a_closed_incident_is_forgotten_and_it_stands_on_record() {
    let dir = tempfile::tempdir().unwrap();
    let rig = start(dir.path(), Options::default());
    rig.report().await;
    rig.settled().await;
    let no = *rig.state().await.incidents.keys().next().unwrap();
    let unknown = IncidentNo::actual(99);
    assert_eq!(forget(&rig, no, "tib", "arkivbeslut").await, Err("not-closed".into()));
    assert_eq!(forget(&rig, unknown, "tib", "arkivbeslut").await, Err("unknown-incident".into()));
    rig.act("tib", Action::Restored { incident: no, news: News::default() }).await;
    rig.act("tib", Action::AllClear { incident: no, override_reason: Some("flodhastskal".into()) }).await;
    rig.settled().await;
    assert_eq!(forget(&rig, no, "iva", "arkivbeslut").await, Err("not-yours".into()));
    assert_eq!(forget(&rig, no, "nobody", "arkivbeslut").await, Err("unknown-function".into()));
    assert_eq!(forget(&rig, no, "tib", "  ").await, Err("no-reason".into()));
    let other = over(&rig).await;
    assert_eq!(forget(&rig, no, "tib", "arkivbeslut").await, Err("not-closed".into()), "it is still to be reported");
    decide_all(&rig, no).await;
    rig.settled().await;
    let (open, gone) = opened(dir.path());
    assert!(open > 10 && gone == 0);
    assert_eq!(forget(&rig, no, "tib", "arkivbeslut 2026-311").await, Ok(()));
    assert_eq!(forget(&rig, no, "tib", "arkivbeslut").await, Err("forgotten-already".into()));
    rig.settled().await;
    let listed = rig.handle.query(closed).await.unwrap();
    let of = |no| listed.iter().find(|c| c.no == no).unwrap();
    let said = of(no).forgotten.clone().unwrap();
    assert_eq!((said.by.unwrap().as_str(), said.reason.as_str()), ("tib", "arkivbeslut 2026-311"));
    assert!(of(other).forgotten.is_none());
    let state = rig.state().await;
    rig.stop().await;

    let (still, gone) = opened(dir.path());
    assert!(still > 0 && gone > 5 && still + gone == open, "{still} of {open}");
    assert_eq!(read_forgotten(&SqliteReader::open(dir.path()).unwrap()).unwrap().len(), 1);
    let report = verify(dir.path(), VerifyOptions::default()).unwrap();
    assert!(report.is_whole() && report.private_forgotten as usize == gone, "{report}");
    let again = replay(dir.path());
    assert!(again.state == state && again.kept.forgotten.contains_key(&no));
}

#[tokio::test]
async fn an_incident_that_just_closed_leaves_memory_with_what_is_forgotten() {
    let dir = tempfile::tempdir().unwrap();
    let rig = start(dir.path(), Options::default());
    let no = over(&rig).await;
    rig.clock.advance(Duration::from_secs(3600));
    rig.handle.input(Input::Due).await.unwrap();
    rig.settled().await;
    if rig.state().await.incidents[&no].proposals.iter().any(|p| !inc_decided(p)) {
        assert_eq!(forget(&rig, no, "tib", "beslut").await, Err("not-closed".into()), "a mode is still to be decided");
        decide_all(&rig, no).await;
    }
    assert_eq!(forget(&rig, no, "tib", "beslut").await, Ok(()));
    let state = rig.state().await;
    assert!(state.archived.contains_key(&no) && !state.incidents.contains_key(&no));
    rig.stop().await;
    assert!(replay(dir.path()).state == state);
}

fn inc_decided(p: &vardkase::domain::incident::state::Proposal) -> bool {
    p.state != vardkase::domain::incident::state::ProposalState::Asked
}

#[tokio::test]
async fn when_its_time_is_over_it_is_forgotten_by_itself_and_no_sooner() {
    let dir = tempfile::tempdir().unwrap();
    let rig = start(dir.path(), Options::default());
    let no = over(&rig).await;
    rig.clock.advance(Duration::from_secs(30 * DAY));
    rig.handle.input(Input::Due).await.unwrap();
    rig.settled().await;
    // A mode that is still to be decided keeps it at hand.
    decide_all(&rig, no).await;
    let closed_at = rig.state().await.archived[&no].closed;
    assert_eq!(rig.handle.query(|_, m| m.retention_months).await.unwrap(), 24, "as contacts/organisation.yaml says");
    let due = vardkase::dispatch::forgotten::due(closed_at, 24).unwrap();
    let is_forgotten = || rig.handle.query(move |_, m| m.kept.forgotten.contains_key(&no));
    let mut seen = retention::Overdue::default();
    let mut look = async |now, at| retention::forget_overdue(&rig.handle, &mut seen, now, at).await.unwrap();
    let day = retention::OVER_FOR;
    assert!(!look(due - 1, Duration::ZERO).await && !look(due - 1, day).await);
    assert!(!is_forgotten().await.unwrap(), "a second is left");
    assert!(!look(due, day).await && !is_forgotten().await.unwrap(), "a clock may be wrong for a while");
    assert!(!look(due, day * 2).await, "and nothing is left to do");
    assert!(is_forgotten().await.unwrap());
    rig.settled().await;
    rig.stop().await;
    let on_record = read_forgotten(&SqliteReader::open(dir.path()).unwrap()).unwrap();
    let (_, said) = &on_record[&no];
    assert_eq!((said.by.as_ref(), said.reason.as_str()), (None, "retention of 24 months is over"));
}

/// Every mode that is asked for is declined, until nothing keeps the incident in memory.
async fn decide_all(rig: &Rig, no: IncidentNo) {
    for _ in 0..200 {
        if rig.state().await.archived.contains_key(&no) {
            return;
        }
        let state = rig.state().await;
        if let Some(p) = state.incidents[&no].proposals.iter().find(|p| !inc_decided(p)) {
            let by = state.incidents[&no].plan.function(p.asked[0]).id.clone();
            rig.act(by.as_str(), Action::Decide { incident: no, proposal: Some(p.id), yes: true, reason: "".into() })
                .await;
        }
        // An authority that is still to be told keeps it, too (INCIDENTS lessons 44, 50).
        for (n, _) in (1..).zip(&state.incidents[&no].steps).filter(|(_, s)| s.is_open()) {
            rig.act("tib", Action::StepDone { incident: no, step: n, reference: "2026-311".into() }).await;
        }
        rig.clock.advance(Duration::from_secs(DAY));
        rig.handle.input(Input::Due).await.unwrap();
    }
    panic!("it never left memory: {:?}", rig.state().await.incidents[&no]);
}

#[tokio::test]
async fn backups_that_hold_it_still_are_named_and_a_rehearsal_of_one_goes_well() {
    let dir = tempfile::tempdir().unwrap();
    let state = dir.path().join("state");
    let rig = start(&state, Options::default());
    let before = dir.path().join("before.vkb");
    let made = |rig: &Rig| At::from(vardkase::clock::Clock::now(&rig.clock));
    let on_record = |file: &Path, info: &BackupInfo| BackedUp {
        file: file.display().to_string(),
        seq: info.head.seq,
        hash: info.head.hash,
        made_at: At(info.made_at_ms),
        with_keys: info.with_keys,
    };
    rig.settled().await;
    let info = backup(&state, &before, true, made(&rig).0).unwrap();
    rig.handle.record_system(SystemRecord::BackedUp(on_record(&before, &info))).await.unwrap();
    rig.clock.advance(Duration::from_secs(60));
    let no = over(&rig).await;
    let holds = dir.path().join("holds.vkb");
    let info = backup(&state, &holds, true, made(&rig).0).unwrap();
    rig.handle.record_system(SystemRecord::BackedUp(on_record(&holds, &info))).await.unwrap();
    rig.clock.advance(Duration::from_secs(2 * DAY));
    rig.handle.input(Input::Due).await.unwrap();
    decide_all(&rig, no).await;
    assert_eq!(forget(&rig, no, "tib", "beslut").await, Ok(()));
    let named = rig.handle.query(move |s, m| backups_of(s, m, no)).await.unwrap();
    assert_eq!(named.iter().map(|b| b.file.as_str()).collect::<Vec<_>>(), [holds.to_str().unwrap()]);
    rig.settled().await;
    rig.stop().await;

    let plan = std::sync::Arc::new(shipped().plan);
    let rehearsal = rehearse(&holds, &state, &dir.path().join("rehearsed"), &plan);
    assert!(rehearsal.ok, "what was forgotten since is not a difference: {}", rehearsal.what);
    // A backup of the journal that has forgotten is restored as it is.
    let after = dir.path().join("after.vkb");
    backup(&state, &after, true, 0).unwrap();
    let restored = dir.path().join("restored");
    restore(&after, &restored, None).unwrap();
    assert_eq!(opened(&restored), opened(&state));
    assert!(replay(&restored).state == replay(&state).state);
}
