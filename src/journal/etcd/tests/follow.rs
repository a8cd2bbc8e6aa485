//! A follower takes over what others appended, and stops where it must.

use super::*;

/// Changes what lies in etcd.
async fn put(cluster: &MemoryCluster, key: Vec<u8>, value: Vec<u8>) {
    let act = Act::Put(key, value, None);
    cluster.node().commit(Txn { when: vec![], acts: vec![act] }).await.unwrap();
}

async fn value(cluster: &MemoryCluster, key: Vec<u8>) -> Vec<u8> {
    let end = after_prefix(&key);
    cluster.node().range(key, end, 1).await.unwrap().pairs.remove(0).value
}

#[tokio::test(start_paused = true)]
async fn who_was_away_catches_up() {
    let (cluster, mut sites) = sites(2).await;
    let (a, b) = two(&mut sites);
    a.lead(&cluster).await;
    for n in 0..300 {
        append(&mut a.store, batch(&[&format!("{n}")])).unwrap();
    }
    b.kv.cut(true);
    b.store.wake();
    b.store.idle();
    assert!(matches!(b.following().error, Some(JournalError::CutOff { .. })));
    b.kv.cut(false);
    b.store.wake();
    b.store.idle();
    let following = b.following();
    assert_eq!((following.head, following.etcd_head), (a.store.head(), Some(a.store.head())));
    assert_eq!((following.error, following.at), (None, Some(Instant::now())));
    assert_eq!((texts(b.path()).len(), *b.store.heads().borrow()), (300, a.store.head()));
}

#[tokio::test(start_paused = true)]
async fn what_one_sealed_the_other_opens_and_forgetting_reaches_both() {
    let (cluster, mut sites) = sites(2).await;
    let (a, b) = two(&mut sites);
    a.lead(&cluster).await;
    // Both draw a key for the incident; that of the first one to append holds.
    let early = b.store.sealer().seal("14", b"early").unwrap();
    let sealed = a.store.sealer().seal("14", b"+46701740605").unwrap();
    let commitment = sealed.commitment();
    append(&mut a.store, Batch::of(vec![record("reply").with_private(sealed)])).unwrap();
    b.store.caught_up().unwrap();
    assert_eq!(unseal(b.path(), commitment).unwrap().unwrap(), b"+46701740605");
    b.lead(&cluster).await;
    let error = append(&mut b.store, Batch::of(vec![record("early").with_private(early)])).unwrap_err();
    assert!(matches!(error, JournalError::Cluster { .. }), "its key is nowhere: {error}");
    let again = b.store.sealer().seal("14", b"again").unwrap();
    let second = again.commitment();
    append(&mut b.store, Batch::of(vec![record("again").with_private(again)])).unwrap();
    a.store.caught_up().unwrap();
    assert_eq!(unseal(a.path(), second).unwrap().unwrap(), b"again");
    append(&mut b.store, Batch { forget: vec!["14".into()], ..batch(&["forgotten"]) }).unwrap();
    a.store.caught_up().unwrap();
    for site in [&*a, &*b] {
        assert_eq!(unseal(site.path(), commitment), Ok(None));
        assert_eq!(unseal(site.path(), second), Ok(None));
        assert_eq!(
            site.store.sealer().seal("14", b"x").unwrap_err(),
            JournalError::Forgotten { incident: "14".into() }
        );
        whole_chain(site.path());
    }
    let sealed: i64 = a
        .store
        .local()
        .conn()
        .query_row("SELECT count(*) FROM private WHERE sealed IS NOT NULL", [], |row| row.get(0))
        .unwrap();
    assert_eq!(sealed, 0);
}

#[tokio::test(start_paused = true)]
async fn a_blob_comes_along() {
    let (cluster, mut sites) = sites(2).await;
    let (a, b) = two(&mut sites);
    a.lead(&cluster).await;
    let mut with = batch(&["plan"]);
    let hash = with.put_blob(b"the plan".to_vec());
    append(&mut a.store, with).unwrap();
    b.store.caught_up().unwrap();
    assert_eq!(SqliteReader::open(b.path()).unwrap().get_blob(&hash), Ok(Some(b"the plan".to_vec())));
    let mut alone = Batch::default();
    alone.put_blob(b"alone".to_vec());
    assert!(matches!(append(&mut a.store, alone), Err(JournalError::Cluster { .. })));
}

#[tokio::test(start_paused = true)]
async fn a_value_that_is_damaged_stops_the_follower() {
    let (cluster, mut sites) = sites(2).await;
    let (a, b) = two(&mut sites);
    a.lead(&cluster).await;
    append(&mut a.store, batch(&["a"])).unwrap();
    append(&mut a.store, batch(&["b"])).unwrap();
    let good = value(&cluster, keys().journal(2)).await;
    let other = value(&cluster, keys().journal(1)).await;
    let mut flipped = good.clone();
    *flipped.last_mut().unwrap() ^= 1;
    for bad in [flipped, good[..good.len() - 1].to_vec(), Vec::new(), b"\x09".to_vec(), other] {
        put(&cluster, keys().journal(2), bad).await;
        let error = b.store.caught_up().unwrap_err();
        assert!(matches!(error, JournalError::Corrupt { seq: Some(2), .. }), "{error}");
        assert_eq!(texts(b.path()), ["a"]);
    }
    put(&cluster, keys().journal(2), good).await;
    assert_eq!(b.store.caught_up(), Ok(a.store.head()));
}

#[tokio::test(start_paused = true)]
async fn a_folder_with_other_records_is_not_changed() {
    let (cluster, mut sites) = sites(2).await;
    let (a, b) = two(&mut sites);
    append(b.store.local(), batch(&["mine"])).unwrap();
    a.lead(&cluster).await;
    append(&mut a.store, batch(&["a"])).unwrap();
    assert_eq!(b.store.caught_up(), Err(JournalError::Apart { seq: 1 }));
    append(&mut a.store, batch(&["b"])).unwrap();
    assert_eq!(b.store.caught_up(), Err(JournalError::Apart { seq: 1 }));
    assert_eq!(texts(b.path()), ["mine"]);
    for _ in 0..3 {
        append(b.store.local(), batch(&["mine"])).unwrap();
    }
    let error = b.store.caught_up().unwrap_err();
    assert!(matches!(&error, JournalError::Cluster { what } if what.contains("older state")), "{error}");
    assert_eq!(b.following().error, Some(error));
}
