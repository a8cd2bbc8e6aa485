//! What etcd no longer has: trimming, and what another node's folder gives instead.

use super::*;

async fn firsts(cluster: &MemoryCluster) -> Vec<u64> {
    let (from, to) = keys().journal_from(0);
    let pairs = cluster.node().range(from, to, 1000).await.unwrap().pairs;
    pairs.iter().map(|pair| keys().first_of(&pair.key).unwrap()).collect()
}

async fn parts(cluster: &MemoryCluster) -> Vec<(u64, u32)> {
    let (from, to) = keys().parts_from(0);
    let pairs = cluster.node().range(from, to, 1000).await.unwrap().pairs;
    pairs.iter().map(|pair| keys().part_of(&pair.key).unwrap()).map(|part| (part.first, part.n)).collect()
}

#[tokio::test(start_paused = true)]
async fn what_all_hold_goes_but_never_the_last() {
    let (cluster, mut sites) = sites(1).await;
    let a = &mut sites[0];
    a.lead(&cluster).await;
    let created = a.fence.held().unwrap().created;
    let kv = cluster.node();
    assert_eq!(trim(&kv, &keys(), created, 0).await.unwrap().before, 0);
    for n in 0..5 {
        append(&mut a.store, batch(&["x"; 3][..1 + n % 3])).unwrap();
    }
    assert_eq!(firsts(&cluster).await, [1, 2, 4, 7, 8]);
    for (held, left) in [
        (0, vec![1, 2, 4, 7, 8]),
        (1, vec![2, 4, 7, 8]),
        // Not at the end of an append: all of it stays.
        (5, vec![2, 4, 7, 8]),
        (6, vec![7, 8]),
        (9, vec![8]),
        (u64::MAX, vec![8]),
    ] {
        trim(&kv, &keys(), created, held).await.unwrap();
        assert_eq!(firsts(&cluster).await, left, "{held}");
    }
    append(&mut a.store, batch(&["y"; 100])).unwrap();
    append(&mut a.store, batch(&["y"; 100])).unwrap();
    assert_eq!(trim(&kv, &keys(), created, 210).await.unwrap().before, 110);
    assert_eq!(firsts(&cluster).await, [110]);
    append(&mut a.store, batch(&["z"])).unwrap();
    let refused = trim(&kv, &keys(), created + 1, 209).await;
    assert!(matches!(refused, Err(KvError::Refused(_))), "{refused:?}");
    assert_eq!(firsts(&cluster).await, [110, 210]);
}

#[tokio::test(start_paused = true)]
async fn pieces_that_nobody_names_are_swept() {
    let (cluster, mut sites) = sites(2).await;
    let (a, b) = two(&mut sites);
    a.lead(&cluster).await;
    let large = "x".repeat(3 << 19);
    append(&mut a.store, batch(&[&large])).unwrap();
    append(&mut a.store, batch(&["small"])).unwrap();
    assert_eq!(parts(&cluster).await, [(1, 0), (1, 1)]);
    // Pieces arrive, and the transaction that names them does not: as when the term ends between.
    let put = |first, n| Act::Put(keys().part(PartName { first, hash: [9; 32], n }), vec![1], None);
    for (first, n) in [(2, 0), (2, 1), (1, 0), (3, 0)] {
        cluster.node().commit(Txn { when: vec![], acts: vec![put(first, n)] }).await.unwrap();
    }
    let created = a.fence.held().unwrap().created;
    let trimmed = trim(&cluster.node(), &keys(), created, 0).await.unwrap();
    assert_eq!((trimmed.before, trimmed.orphans), (0, 2));
    assert_eq!(parts(&cluster).await, [(1, 0), (1, 1), (3, 0)], "what may be on its way stays");
    assert_eq!(b.store.caught_up().unwrap().seq, 2);
    trim(&cluster.node(), &keys(), created, 2).await.unwrap();
    assert_eq!((firsts(&cluster).await, parts(&cluster).await), (vec![2], vec![(3, 0)]));
}

#[tokio::test(start_paused = true)]
async fn who_lacks_what_was_trimmed_takes_it_from_another_node() {
    let (cluster, mut sites) = sites(3).await;
    let mut late = sites.pop().unwrap();
    let (a, b) = two(&mut sites);
    a.lead(&cluster).await;
    append(&mut a.store, batch(&["first"])).unwrap();
    let early = late.store.sealer().seal("13", b"old").unwrap();
    let old = early.commitment();
    drop(early);
    let sealed = a.store.sealer().seal("14", b"secret").unwrap();
    let (secret, gone) = (sealed.commitment(), a.store.sealer().seal("15", b"gone").unwrap());
    let lost = gone.commitment();
    append(&mut a.store, Batch::of(vec![record("p").with_private(sealed), record("q").with_private(gone)])).unwrap();
    let mut plan = Batch::default();
    let hash = plan.put_blob(b"plan".to_vec());
    plan.records.push(record(&format!("{{\"plan\":\"{}\"}}", hex::encode(hash))));
    append(&mut a.store, plan).unwrap();
    append(&mut a.store, Batch { forget: vec!["15".into(), "13".into()], ..batch(&["forgotten"]) }).unwrap();
    append(&mut a.store, batch(&["last"])).unwrap();
    let head = b.store.caught_up().unwrap();
    trim(&cluster.node(), &keys(), a.fence.held().unwrap().created, head.seq).await.unwrap();
    assert_eq!(late.store.caught_up(), Err(JournalError::Behind { have: 0, first: 6 }));
    let reader = SqliteReader::open(b.path()).unwrap();
    assert_eq!(groups_after(&reader, Head::START, 0).unwrap().len(), 1, "at least one");
    assert_eq!(groups_after(&reader, head, 1 << 20).unwrap().len(), 0);
    let other = Head { hash: [1; 32], ..head };
    assert_eq!(groups_after(&reader, other, 1).unwrap_err(), JournalError::Apart { seq: head.seq });
    let beyond = Head { seq: head.seq + 1, ..head };
    assert!(matches!(groups_after(&reader, beyond, 1), Err(JournalError::Behind { .. })));
    let groups = groups_after(&reader, Head::START, 1 << 20).unwrap();
    assert_eq!(groups.len(), 5);
    assert!(matches!(late.store.take(&groups[1]), Err(JournalError::Behind { have: 0, first: 2 })));
    for group in &groups[..4] {
        late.store.take(group).unwrap();
        late.store.take(group).unwrap();
    }
    assert_eq!(late.store.caught_up(), Ok(head));
    assert_eq!(texts(late.path()), texts(a.path()));
    whole_chain(late.path());
    assert_eq!(unseal(late.path(), secret).unwrap().unwrap(), b"secret");
    assert_eq!(unseal(late.path(), lost), Ok(None));
    assert!(unseal(late.path(), old).is_err(), "never stored");
    assert!(late.store.sealer().seal("13", b"x").is_err(), "what the other has forgotten is forgotten here");
    assert_eq!(SqliteReader::open(late.path()).unwrap().get_blob(&hash), Ok(Some(b"plan".to_vec())));
    let mut bad = groups[0].clone();
    bad[40] ^= 1;
    assert!(matches!(late.store.take(&bad), Err(JournalError::Corrupt { .. })));
}

#[tokio::test(start_paused = true)]
async fn a_journal_of_one_node_becomes_that_of_several() {
    let cluster = MemoryCluster::default();
    let dir = tempfile::tempdir().unwrap();
    let mut alone = SqliteStore::open(dir.path(), OpenOptions::default()).unwrap();
    append(&mut alone, batch(&["before"])).unwrap();
    let head = alone.head();
    drop(alone);
    found(&cluster.node(), &keys(), "vk-1", head).await.unwrap();
    let mut a = open_site(&cluster, dir);
    assert_eq!(a.store.caught_up(), Ok(head));
    a.lead(&cluster).await;
    append(&mut a.store, batch(&["after"])).unwrap();
    let key = std::fs::read_to_string(a.path().join("key")).unwrap();
    let dir = tempfile::tempdir().unwrap();
    SqliteStore::begin_with_key(dir.path(), &key).unwrap();
    let mut b = open_site(&cluster, dir);
    assert_eq!(b.store.caught_up(), Err(JournalError::Behind { have: 0, first: 2 }));
    let groups = groups_after(&SqliteReader::open(a.path()).unwrap(), Head::START, 1).unwrap();
    b.store.take(&groups[0]).unwrap();
    assert_eq!(b.store.caught_up(), Ok(a.store.head()));
    assert_eq!(texts(b.path()), ["before", "after"]);
}
