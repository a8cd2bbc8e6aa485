//! A start from a checkpoint gives what the whole journal gives, or there is none: the journal decides.

use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use proptest::prelude::*;
use vardkase::app::checkpoints::Checkpoints;
use vardkase::dispatch::recover::{Recovered, recover_from};
use vardkase::dispatch::replay::{build, replay_from};
use vardkase::domain::incident::input::{Action, Input, News};
use vardkase::domain::plan::Channel;
use vardkase::journal::*;

use super::rig::*;

/// As a start would, from what lies in the folder.
fn from_checkpoint(dir: &Path, found: Result<Checkpoint, Unusable>) -> (Recovered, Option<Unusable>) {
    let reader = SqliteReader::open(dir).unwrap();
    recover_from(&reader, Arc::new(shipped().plan), found).unwrap()
}

fn same(a: &Recovered, b: &Recovered) {
    // Plans that nothing goes by any more are in no checkpoint.
    let mut x = a.state.clone();
    x.plans.clone_from(&b.state.plans);
    assert!(x == b.state, "another state");
    assert_eq!((a.head, a.events, a.last_at), (b.head, b.events, b.last_at));
    assert!(a.contacts == b.contacts && a.kept == b.kept, "other contacts, or other things on record");
}

/// What `Checkpoints` writes beside a running program.
fn keep(dir: &Path) -> Checkpoint {
    let reader = SqliteReader::open(dir).unwrap();
    let (replay, _) = replay_from(&reader, Arc::new(shipped().plan), Checkpoint::read(dir, &build())).unwrap();
    let checkpoint = replay.checkpoint().unwrap();
    write_checkpoint(dir, &checkpoint.to_bytes()).unwrap();
    checkpoint
}

/// An incident with answers, a rejected text, an answer by SMS, a report by SMS that waits, an all clear; and a drill.
async fn lived_through(dir: &Path) -> Rig {
    let rig = start(dir, Options { by_ref: Some(Channel::Sms), ..Options::default() });
    rig.report().await;
    rig.settled().await;
    let sms = rig.loaded.plan.points.iter().position(|p| p.channel == Channel::Sms).unwrap();
    let point = vardkase::domain::ids::PointIx(u32::try_from(sms).unwrap());
    let from = rig.loaded.contacts.address(point).unwrap().to_string();
    rig.handle.reply(Channel::Sms, from.clone(), "JA".into()).await;
    rig.handle.reply(Channel::Sms, from.clone(), "zebrahemlighet i korridoren".into()).await;
    rig.handle.reply(Channel::Sms, from, "LARM journal D3".into()).await;
    rig.clock.advance(Duration::from_secs(20 * 60));
    rig.settled().await;
    rig
}

#[tokio::test]
async fn a_start_from_a_checkpoint_gives_what_the_journal_gives_and_holds_nothing_private() {
    let dir = tempfile::tempdir().unwrap();
    let rig = lived_through(dir.path()).await;
    let kept = keep(dir.path());
    let no = *rig.state().await.incidents.keys().next().unwrap();
    rig.act("tib", Action::Stop { incident: no, message: Some(1), false_alarm: false, reason: "fel text".into() })
        .await;
    rig.act("tib", Action::Restored { incident: no, news: News::default() }).await;
    rig.settled().await;
    let state = rig.state().await;
    rig.stop().await;
    let whole = replay(dir.path());
    let (recovered, not_used) = from_checkpoint(dir.path(), Checkpoint::read(dir.path(), &build()));
    assert_eq!(not_used, None);
    assert!(kept.head.seq < whole.head.seq, "and a tail behind it");
    same(&recovered, &whole);
    assert!(whole.state == state, "as it stood in memory");
    // Another one at the end: nothing of the journal is read any more.
    let kept = keep(dir.path());
    assert_eq!(kept.head, whole.head);
    same(&from_checkpoint(dir.path(), Checkpoint::read(dir.path(), &build())).0, &whole);

    let mut secrets: Vec<String> = vec!["zebrahemlighet".into()];
    let loaded = shipped();
    for p in 0..loaded.contacts.len() {
        let address = loaded.contacts.address(vardkase::domain::ids::PointIx(u32::try_from(p).unwrap())).unwrap();
        if loaded.plan.points[p].channel != Channel::Web {
            secrets.push(address.to_string());
        }
    }
    for inc in state.incidents.values() {
        secrets.extend(inc.notes.iter().map(|n| n.text.as_str().to_owned()));
        secrets.extend(inc.codes.keys().map(|c| c.as_str().to_owned()));
        secrets.extend(inc.proposals.iter().map(|p| p.code.as_str().to_owned()));
    }
    secrets.extend(state.pending.keys().map(|c| c.as_str().to_owned()));
    secrets.extend(state.system_notes.iter().map(|(_, n)| n.text.as_str().to_owned()));
    secrets.retain(|s| s.len() >= 4);
    assert!(secrets.len() > 50 && !state.pending.is_empty());
    let bytes = std::fs::read(dir.path().join(CHECKPOINT_FILE)).unwrap();
    for secret in secrets {
        assert!(!bytes.windows(secret.len()).any(|w| w == secret.as_bytes()), "“{secret}” stands in the checkpoint");
    }
}

#[tokio::test]
async fn what_does_not_fit_is_named_and_costs_nothing_but_time() {
    let dir = tempfile::tempdir().unwrap();
    let rig = lived_through(dir.path()).await;
    let early = rig.handle.query(|_, m| m.seq).await.unwrap();
    let at_backup = tempfile::tempdir().unwrap();
    backup(dir.path(), &at_backup.path().join("b.vkb"), true, 0).unwrap();
    rig.handle.input(Input::Due).await.unwrap();
    let no = *rig.state().await.incidents.keys().next().unwrap();
    rig.act("tib", Action::Stop { incident: no, message: Some(1), false_alarm: false, reason: "fel".into() }).await;
    rig.settled().await;
    rig.stop().await;
    let good = keep(dir.path());
    let bytes = good.to_bytes();
    let whole = replay(dir.path());

    let other = Checkpoint { build: "0.0.1 form 0".into(), ..good.clone() }.to_bytes();
    let moved = Checkpoint { head: Head { hash: [7; 32], ..good.head }, ..good.clone() }.to_bytes();
    let ahead = Checkpoint { head: Head { seq: good.head.seq + 1, ..good.head }, ..good.clone() }.to_bytes();
    let foreign = Checkpoint { body: b"something else".to_vec(), ..good.clone() }.to_bytes();
    let behind = Checkpoint { body: [&good.body[..], b"x"].concat(), ..good.clone() }.to_bytes();
    for (bytes, says) in [
        (&bytes[..bytes.len() / 2], "it is damaged"),
        (&[][..], "it is damaged"),
        (&other[..], "another build wrote it (0.0.1 form 0)"),
        (&moved[..], "not in this journal"),
        (&ahead[..], "not in this journal"),
        (&foreign[..], "can't be taken over"),
        (&behind[..], "can't be taken over"),
    ] {
        std::fs::write(dir.path().join(CHECKPOINT_FILE), bytes).unwrap();
        let (recovered, why) = from_checkpoint(dir.path(), Checkpoint::read(dir.path(), &build()));
        assert!(why.as_ref().is_some_and(|w| w.to_string().contains(says)), "{says}: {why:?}");
        same(&recovered, &whole);
    }

    // The journal was put back from a backup: its checkpoint is ahead of it, and a newer history begins there.
    let restored = dir.path().join("restored");
    restore(&at_backup.path().join("b.vkb"), &restored, None).unwrap();
    std::fs::write(restored.join(CHECKPOINT_FILE), &bytes).unwrap();
    let (recovered, why) = from_checkpoint(&restored, Checkpoint::read(&restored, &build()));
    assert_eq!(why, Some(Unusable::NotInJournal(good.head.seq)));
    assert!(recovered.head.seq >= early && recovered.head.seq < whole.head.seq);
    same(&recovered, &replay(&restored));
}

#[tokio::test]
async fn a_running_program_writes_one_for_each_copy_and_a_start_finds_the_newest() {
    let dir = tempfile::tempdir().unwrap();
    let (state, second) = (dir.path().join("state"), dir.path().join("second"));
    let plan = Arc::new(shipped().plan);
    {
        let rig = lived_through(&state).await;
        rig.stop().await;
    }
    let (journal, _) = Journal::open_with_second_copy(&state, &second, OpenOptions::default()).unwrap();
    let dirs = vec![state.clone(), second.clone()];
    let writer = Checkpoints::new(journal.clone(), plan.clone(), dirs.clone(), 0);
    let both = tokio::task::spawn_blocking(move || {
        writer.renew();
        journal.close();
    });
    both.await.unwrap();
    let whole = replay(&state);
    for dir in &dirs {
        let (recovered, why) = from_checkpoint(dir, Checkpoint::read(dir, &build()));
        assert_eq!(why, None, "{}", dir.display());
        same(&recovered, &whole);
    }
    // The state folder's disk is gone: a start on the second copy is as quick.
    std::fs::write(state.join(CHECKPOINT_FILE), b"half").unwrap();
    let found = vardkase::app::checkpoints::newest(&dirs).unwrap();
    assert_eq!(found.head, whole.head);
    std::fs::remove_file(second.join(CHECKPOINT_FILE)).unwrap();
    assert!(matches!(vardkase::app::checkpoints::newest(&dirs), Err(Unusable::Damaged(_))));
}

/// A checkpoint of a real state.
fn sample() -> (tempfile::TempDir, Vec<u8>, Recovered) {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    let dir = tempfile::tempdir().unwrap();
    runtime.block_on(async {
        let rig = lived_through(dir.path()).await;
        rig.stop().await;
    });
    let bytes = keep(dir.path()).to_bytes();
    let whole = replay(dir.path());
    (dir, bytes, whole)
}

/// Makes the checksum fit.
fn mend(bytes: &mut [u8]) {
    let body = bytes.len() - 32;
    let check = hash_of(&bytes[..body]);
    bytes[body..].copy_from_slice(&check);
}

#[test]
fn any_flip_and_any_cut_is_found_and_the_journal_decides() {
    let (dir, bytes, whole) = sample();
    // Here and there a flip under a checksum that fits: a start never fails for what a checkpoint says.
    for at in (100..bytes.len() - 32).step_by(101) {
        let mut bad = bytes.clone();
        bad[at] ^= 1;
        mend(&mut bad);
        std::fs::write(dir.path().join(CHECKPOINT_FILE), &bad).unwrap();
        from_checkpoint(dir.path(), Checkpoint::read(dir.path(), &build()));
    }
    let mut runner = proptest::test_runner::TestRunner::new(ProptestConfig::with_cases(48));
    let places = (any::<prop::sample::Index>(), 1..=255u8, any::<bool>(), any::<bool>());
    let result = runner.run(&places, |(at, flip, cut, mended)| {
        let mut bad = bytes.clone();
        let at = at.index(bad.len());
        if cut {
            bad.truncate(at);
        } else {
            bad[at] ^= flip;
        }
        // Somebody who mends the checksum: what is inside has to hold by itself, or it is the same state.
        if mended && bad.len() > 64 {
            mend(&mut bad);
        }
        std::fs::write(dir.path().join(CHECKPOINT_FILE), &bad).unwrap();
        let (recovered, why) = from_checkpoint(dir.path(), Checkpoint::read(dir.path(), &build()));
        if !mended {
            prop_assert!(why.is_some());
        }
        if why.is_some() {
            same(&recovered, &whole);
        }
        Ok(())
    });
    result.unwrap();
}

#[tokio::test]
async fn with_a_lost_key_a_start_goes_on_and_what_it_sealed_stays_sealed() {
    let dir = tempfile::tempdir().unwrap();
    let rig = lived_through(dir.path()).await;
    rig.stop().await;
    keep(dir.path());
    std::fs::remove_file(dir.path().join("key")).unwrap();
    let options = OpenOptions { accept_lost_key: true, ..OpenOptions::default() };
    drop(SqliteStore::open(dir.path(), options).unwrap());
    for found in [Checkpoint::read(dir.path(), &build()), Err(Unusable::Missing)] {
        let (recovered, _) = from_checkpoint(dir.path(), found);
        assert!(!recovered.state.incidents.is_empty() && recovered.contacts.is_empty());
        assert!(recovered.state.incidents.values().all(|i| i.notes.iter().all(|n| n.text.is_empty())));
    }
}
