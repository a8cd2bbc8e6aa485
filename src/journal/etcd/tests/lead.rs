//! A leader appends, whatever becomes of its questions.

use super::*;

#[tokio::test(start_paused = true)]
async fn what_the_leader_appends_is_on_both() {
    let (cluster, mut sites) = sites(2).await;
    let (a, b) = two(&mut sites);
    assert_eq!(append(&mut a.store, batch(&["too early"])), Err(JournalError::NotLeader));
    a.lead(&cluster).await;
    let group = [
        Append { expected_seq: 0, batch: batch(&["a", "b"]) },
        Append { expected_seq: 0, batch: batch(&["stale"]) },
        Append { expected_seq: 2, batch: batch(&["c"]) },
    ];
    let answers = a.store.append(&group);
    assert_eq!(answers[1], Err(JournalError::Conflict { expected: 0, found: 2 }));
    let head = answers[2].clone().unwrap();
    assert_eq!((answers[0].as_ref().unwrap().seq, head.seq, a.store.head()), (2, 3, head));
    assert_eq!(append(&mut b.store, batch(&["not b"])), Err(JournalError::NotLeader));
    assert_eq!(b.store.caught_up(), Ok(head));
    assert_eq!((texts(a.path()), texts(b.path())), (vec!["a".into(), "b".into(), "c".into()], texts(a.path())));
    whole_chain(b.path());
}

#[tokio::test(start_paused = true)]
async fn an_answer_that_was_lost_is_no_second_record() {
    let (cluster, mut sites) = sites(2).await;
    let (a, b) = two(&mut sites);
    a.lead(&cluster).await;
    for mishap in [Mishap::AnswerLost, Mishap::Lost, Mishap::Late(Duration::from_secs(1))] {
        a.kv.mishap(mishap);
        append(&mut a.store, batch(&[&format!("{mishap:?}")])).unwrap();
        assert!(a.fence.held().is_some());
    }
    advance(Duration::from_secs(2)).await;
    append(&mut a.store, batch(&["after"])).unwrap();
    b.store.caught_up().unwrap();
    assert_eq!(texts(a.path()), ["AnswerLost", "Lost", "Late(1s)", "after"]);
    assert_eq!(texts(b.path()), texts(a.path()));
}

#[tokio::test(start_paused = true)]
async fn without_an_answer_the_term_ends_and_what_came_late_is_found() {
    let (cluster, mut sites) = sites(2).await;
    let (a, b) = two(&mut sites);
    a.lead(&cluster).await;
    append(&mut a.store, batch(&["first"])).unwrap();
    for mishap in [Mishap::Late(Duration::from_secs(10)), Mishap::Lost, Mishap::Lost] {
        a.kv.mishap(mishap);
    }
    // The leader's key outlives the cut here, as when etcd has a new leader of its own.
    let lease = cluster.node().grant(Duration::from_secs(60)).await.unwrap();
    let put = Act::Put(keys().leader(), b"name".to_vec(), Some(lease));
    cluster.node().commit(Txn { when: vec![], acts: vec![put] }).await.unwrap();
    let head = a.store.head();
    let group =
        [Append { expected_seq: 1, batch: batch(&["late"]) }, Append { expected_seq: 2, batch: batch(&["late too"]) }];
    for answer in a.store.append(&group) {
        assert!(matches!(answer, Err(JournalError::CutOff { .. })), "{answer:?}");
    }
    assert_eq!((a.fence.held(), a.store.head()), (None, head));
    assert_eq!(append(&mut a.store, batch(&["nothing goes on"])), Err(JournalError::NotLeader));
    advance(Duration::from_secs(11)).await;
    let found = a.store.caught_up().unwrap();
    assert_eq!(b.store.caught_up(), Ok(found));
    assert_eq!(texts(a.path()), ["first", "late", "late too"]);
}

#[tokio::test(start_paused = true)]
async fn a_leader_that_is_none_any_more_is_refused() {
    let (cluster, mut sites) = sites(2).await;
    let (a, b) = two(&mut sites);
    a.lead(&cluster).await;
    append(&mut a.store, batch(&["a"])).unwrap();
    b.store.caught_up().unwrap();
    b.lead(&cluster).await;
    // Nobody appended yet: the key alone says it.
    assert_eq!(append(&mut a.store, batch(&["a too"])), Err(JournalError::NotLeader));
    assert_eq!((a.fence.held(), a.fence.why()), (None, Some("another site decides")));
    append(&mut b.store, batch(&["b"])).unwrap();
    // It believes in a key of its own again, and in an old head.
    let created = b.fence.held().unwrap().created;
    a.fence.hold(Held { created, until: Instant::now() + TERM });
    assert_eq!(append(&mut a.store, batch(&["a"])), Err(JournalError::Conflict { expected: 1, found: 2 }));
    assert_eq!((a.fence.held(), a.fence.why()), (None, Some("another site appended")));
    a.store.idle();
    assert_eq!((texts(a.path()), texts(b.path())), (vec!["a".into(), "b".into()], texts(a.path())));
}

#[tokio::test(start_paused = true)]
async fn what_was_taken_before_another_one_went_on_counts() {
    let (cluster, mut sites) = sites(2).await;
    let (a, b) = two(&mut sites);
    a.lead(&cluster).await;
    a.kv.mishap(Mishap::AnswerLost);
    // As long as the answer is lost nobody says so; in between another one leads, and appends.
    let created = a.fence.held().unwrap().created;
    let group = Group::of(Head::START, &[Append { expected_seq: 0, batch: batch(&["a"]) }], &a.store.sealer()).0;
    let encoded = group::Encoded::of(&group.content());
    let acts = vec![
        Act::Put(keys().journal(1), encoded.value.clone(), None),
        Act::Put(keys().head(), group.end.to_string().into_bytes(), None),
    ];
    cluster.node().commit(Txn { when: vec![When::Created(keys().leader(), created)], acts }).await.unwrap();
    b.store.caught_up().unwrap();
    b.lead(&cluster).await;
    append(&mut b.store, batch(&["b"])).unwrap();
    assert_eq!(append(&mut a.store, batch(&["a"])).map(|h| h.seq), Ok(1), "these very bytes are recorded");
    assert_eq!(a.fence.held(), None);
    a.store.idle();
    assert_eq!(texts(a.path()), ["a", "b"]);
}

#[tokio::test(start_paused = true)]
async fn cut_off_nothing_is_recorded() {
    let (cluster, mut sites) = sites(2).await;
    let (a, b) = two(&mut sites);
    a.lead(&cluster).await;
    append(&mut a.store, batch(&["a"])).unwrap();
    a.kv.cut(true);
    let error = append(&mut a.store, batch(&["lost"])).unwrap_err();
    assert!(matches!(&error, JournalError::CutOff { what } if what.contains("not reached")), "{error}");
    assert!(error.is_cluster() && !error.is_disk() && !error.hint().is_empty());
    assert!(matches!(a.store.caught_up(), Err(JournalError::CutOff { .. })));
    assert!(a.following().error.is_some());
    a.kv.cut(false);
    cluster.without_quorum(true);
    b.fence.hold(Held { created: 1, until: Instant::now() + TERM });
    assert!(matches!(append(&mut b.store, batch(&["lost"])), Err(JournalError::CutOff { .. })));
    cluster.without_quorum(false);
    a.lead(&cluster).await;
    a.store.caught_up().unwrap();
    append(&mut a.store, batch(&["b"])).unwrap();
    assert_eq!((texts(a.path()), a.following().error), (vec!["a".into(), "b".into()], None));
}

#[tokio::test(start_paused = true)]
async fn a_used_up_quota_is_said_and_the_term_goes_on() {
    let (cluster, mut sites) = sites(1).await;
    let a = &mut sites[0];
    a.lead(&cluster).await;
    cluster.without_space(true);
    append(&mut a.store, batch(&["the one that uses it up"])).expect("is there, whatever etcd says of it");
    let error = append(&mut a.store, batch(&["a"])).unwrap_err();
    assert!(matches!(&error, JournalError::CutOff { what } if what.contains("NOSPACE")), "{error}");
    assert!(error.hint().contains("defrag"), "{}", error.hint());
    assert!(a.fence.held().is_some(), "it surely was not taken");
    cluster.without_space(false);
    append(&mut a.store, batch(&["a"])).unwrap();
    cluster.without_space(true);
    append(&mut a.store, batch(&["again"])).unwrap();
    // With an attempt in doubt the term is over.
    a.kv.mishap(Mishap::Late(Duration::from_secs(1)));
    let error = append(&mut a.store, batch(&["b"])).unwrap_err();
    assert!(matches!(error, JournalError::CutOff { .. }) && a.fence.held().is_none());
    assert_eq!(texts(a.path()), ["the one that uses it up", "a", "again"]);
}

#[tokio::test(start_paused = true)]
async fn once_its_time_is_up_nothing_is_tried() {
    let (cluster, mut sites) = sites(1).await;
    let a = &mut sites[0];
    a.lead(&cluster).await;
    advance(TERM).await;
    assert_eq!(append(&mut a.store, batch(&["a"])), Err(JournalError::NotLeader));
    assert_eq!(a.store.caught_up().unwrap(), Head::START);
}

#[tokio::test(start_paused = true)]
async fn a_disk_that_fails_after_the_commit_is_caught_up() {
    let (cluster, mut sites) = sites(2).await;
    let (a, b) = two(&mut sites);
    a.lead(&cluster).await;
    append(&mut a.store, batch(&["a"])).unwrap();
    a.store.local().conn().pragma_update(None, "query_only", true).unwrap();
    let head = append(&mut a.store, batch(&["b"])).unwrap();
    let last = append(&mut a.store, batch(&["c"])).unwrap();
    assert_eq!((head.seq, last.seq, a.store.head(), texts(a.path()).len()), (2, 3, last, 1));
    let disks = a.store.disks().unwrap();
    assert!(!disks.borrow().are_well(), "the disk is told");
    a.store.wake();
    a.store.idle();
    assert!(matches!(a.following().error, Some(JournalError::Disk { .. })));
    a.store.local().conn().pragma_update(None, "query_only", false).unwrap();
    assert_eq!(b.store.caught_up(), Ok(last));
    a.store.wake();
    a.store.idle();
    assert_eq!(texts(a.path()), ["a", "b", "c"]);
    assert!(disks.borrow().are_well());
    append(&mut a.store, batch(&["d"])).unwrap();
}

#[tokio::test(start_paused = true)]
async fn many_batches_go_in_as_many_values_as_they_need() {
    let (cluster, mut sites) = sites(2).await;
    let (a, b) = two(&mut sites);
    a.lead(&cluster).await;
    let large = "x".repeat(300 << 10);
    let group: Vec<_> = (0..10).map(|n| Append { expected_seq: n, batch: batch(&[&large]) }).collect();
    assert!(a.store.append(&group).iter().all(Result::is_ok));
    let (from, to) = keys().journal_from(0);
    let values = cluster.node().range(from, to, 100).await.unwrap().pairs;
    assert_eq!(values.len(), 4, "three fit into one");
    assert!(values.iter().all(|pair| pair.value.len() <= GROUP_VALUE_BYTES_MAX));
    assert_eq!(b.store.caught_up().unwrap().seq, 10);
}

#[tokio::test(start_paused = true)]
async fn one_batch_that_is_too_large_for_a_value_goes_in_parts() {
    let (cluster, mut sites) = sites(2).await;
    let (a, b) = two(&mut sites);
    a.lead(&cluster).await;
    let large: Vec<_> = (0..5).map(|n| format!("{n}").repeat(600 << 10)).collect();
    let mut whole = Batch::of(large.iter().map(|text| record(text)).collect());
    whole.put_blob(vec![7; 2 << 20]);
    a.kv.mishap(Mishap::AnswerLost);
    append(&mut a.store, whole.clone()).unwrap();
    append(&mut a.store, batch(&["small"])).unwrap();
    assert_eq!(b.store.caught_up().unwrap().seq, 6);
    assert_eq!(texts(b.path())[..5], large);
    whole_chain(b.path());
    // A piece that is damaged, then one that is gone: the follower stops, and changes nothing.
    append(&mut a.store, whole).unwrap();
    let pieces = keys().parts_from(7);
    let piece = cluster.node().range(pieces.0, pieces.1, 1).await.unwrap().pairs.remove(0);
    let mut bytes = piece.value.clone();
    bytes[1000] ^= 1;
    for act in [Act::Put(piece.key.clone(), bytes, None), Act::Delete(piece.key.clone())] {
        cluster.node().commit(Txn { when: vec![], acts: vec![act] }).await.unwrap();
        let error = b.store.caught_up().unwrap_err();
        assert!(matches!(&error, JournalError::Corrupt { seq: Some(7), .. }), "{error}");
        assert_eq!(texts(b.path()).len(), 6);
    }
}
