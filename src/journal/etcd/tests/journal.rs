//! The journal's handle over it: by hand, and with its own thread on a runtime's time.

use super::*;
use crate::journal::Journal;

const PATIENCE: Duration = Duration::from_secs(20);

#[tokio::test(start_paused = true)]
async fn by_hand_it_is_moved_step_by_step() {
    let (cluster, mut sites) = sites(2).await;
    let (a, b) = (sites.remove(0), sites.remove(0));
    a.lead(&cluster).await;
    let (a_dir, a_fence, a_kv) = (a.dir, a.fence, a.kv);
    drop(a.store);
    let (b_dir, b_kv) = (b.dir, b.kv);
    drop(b.store);
    let by_hand = |dir: &TempDir, kv: MemoryKv, fence: &Fence| {
        Journal::shared_by_hand(dir.path(), OpenOptions::default(), Arc::new(kv), keys(), fence.clone()).unwrap()
    };
    let (leads, mut writer) = by_hand(&a_dir, a_kv, &a_fence);
    let (follows, mut other) = by_hand(&b_dir, b_kv, &Fence::new());
    let pending = leads.try_submit(0, batch(&["a"])).unwrap();
    writer.turn();
    let head = pending.await.unwrap();
    assert_eq!((leads.head(), follows.head()), (head, Head::START));
    follows.wake();
    other.turn();
    assert_eq!((follows.head(), follows.following().unwrap().borrow().etcd_head), (head, Some(head)));
    let caught_up = tokio::spawn({
        let follows = follows.clone();
        async move { follows.caught_up().await }
    });
    assert!(other.wait().await);
    other.turn();
    assert_eq!(caught_up.await.unwrap(), Ok(head));
    let refused = follows.try_submit(1, batch(&["b"])).unwrap();
    other.turn();
    assert_eq!(refused.await.unwrap_err().error, JournalError::NotLeader);
}

#[tokio::test(flavor = "multi_thread")]
async fn with_threads_of_its_own_it_follows_by_itself() {
    let (cluster, mut sites) = sites(2).await;
    let (a, b) = (sites.remove(0), sites.remove(0));
    drop((a.store, b.store));
    let open = |dir: &TempDir, kv: MemoryKv, fence: &Fence| {
        Journal::open_shared(dir.path(), OpenOptions::default(), Arc::new(kv), keys(), fence.clone()).unwrap()
    };
    let leads = open(&a.dir, a.kv.clone(), &a.fence);
    let follows = open(&b.dir, b.kv.clone(), &b.fence);
    assert_eq!(leads.append(0, batch(&["too early"])).await.unwrap_err().error, JournalError::NotLeader);
    let kv = cluster.node();
    let put = Act::Put(keys().leader(), b"a".to_vec(), None);
    let created = kv.commit(Txn { when: vec![], acts: vec![put] }).await.unwrap().revision;
    a.fence.hold(Held { created, until: Instant::now() + PATIENCE });
    assert_eq!(leads.caught_up().await, Ok(Head::START));
    let mut heads = follows.heads();
    for n in 0..20 {
        if n == 10 {
            a.kv.mishap(Mishap::AnswerLost);
        }
        leads.append(n, batch(&[&format!("{n}")])).await.unwrap();
    }
    tokio::time::timeout(PATIENCE, heads.wait_for(|head| head.seq == 20)).await.unwrap().unwrap();
    assert_eq!((follows.head(), follows.following().unwrap().borrow().error.clone()), (leads.head(), None));
    // Cut off, it repeats until the term's time is up, and says so then.
    a.kv.cut(true);
    a.fence.lose("to begin a short one");
    a.fence.hold(Held { created, until: Instant::now() + Duration::from_millis(200) });
    let error = leads.append(20, batch(&["cut"])).await.unwrap_err().error;
    assert!(matches!(error, JournalError::CutOff { .. }), "{error}");
    assert_eq!(a.fence.held(), None);
    assert_eq!(follows.take(vec![1]).await.map_err(|e| matches!(e, JournalError::Corrupt { .. })), Err(true));
    for journal in [leads, follows] {
        tokio::task::spawn_blocking(|| journal.close()).await.unwrap();
    }
    assert_eq!(texts(a.dir.path()), texts(b.dir.path()));
}
