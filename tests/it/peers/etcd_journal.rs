//! Sites with one journal on a real etcd: what was acknowledged is there, once, on all of them, whatever becomes of etcd's members.

use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use tokio::task::JoinHandle;
use tokio::time::Instant;
use vardkase::journal::etcd::{Act, Client, Fence, Held, Keys, Kv, LeaseId, Txn, When, found, trim};
use vardkase::journal::{Batch, Head, Journal, JournalError, NewRecord, OpenOptions, VerifyOptions, verify};

use super::etcd_cluster::Cluster;

/// Longest wait for what comes by itself.
const PATIENCE: Duration = Duration::from_secs(30);
/// A lease that outlasts an election of etcd.
const LONG: Duration = Duration::from_secs(10);

fn keys() -> Keys {
    Keys::new("/vardkase/")
}

/// One site: its folder, its way to etcd.
struct Site {
    name: &'static str,
    dir: PathBuf,
    kv: Arc<Client>,
    fence: Fence,
    journal: Journal,
}

/// A term that is kept until this is dropped.
struct Term {
    created: i64,
    lease: LeaseId,
    keeper: JoinHandle<()>,
}

impl Drop for Term {
    fn drop(&mut self) {
        self.keeper.abort();
    }
}

impl Site {
    fn open(cluster: &Cluster, name: &'static str) -> Self {
        let (dir, kv, fence) = (cluster.dir.join(name), Arc::new(cluster.client()), Fence::new());
        let journal = Journal::open_shared(&dir, OpenOptions::default(), kv.clone(), keys(), fence.clone());
        Self { name, dir, kv, fence, journal: journal.expect("a folder of its own") }
    }

    /// Takes the leader's key, once nobody has it.
    async fn lead(&self, ttl: Duration) -> Term {
        let led = async {
            loop {
                let asked = Instant::now();
                let Ok(lease) = self.kv.grant(ttl).await else { continue };
                let put = Act::Put(keys().leader(), self.name.into(), Some(lease));
                let txn = Txn { when: vec![When::Absent(keys().leader())], acts: vec![put] };
                if let Ok(done) = self.kv.commit(txn).await
                    && done.held
                {
                    self.fence.hold(Held { created: done.revision, until: asked + ttl });
                    return (done.revision, lease);
                }
                tokio::time::sleep(Duration::from_millis(100)).await;
            }
        };
        let (created, lease) = tokio::time::timeout(PATIENCE, led).await.expect("nobody else leads for long");
        let (kv, fence) = (self.kv.clone(), self.fence.clone());
        let keeper = tokio::spawn(async move {
            loop {
                tokio::time::sleep(ttl / 6).await;
                let asked = Instant::now();
                if let Ok(true) = kv.keep(lease).await {
                    fence.renew(asked + ttl);
                }
            }
        });
        Term { created, lease, keeper }
    }

    async fn append(&self, records: usize, bytes: usize) -> Result<Head, JournalError> {
        let seq = self.journal.head().seq;
        let of = |n: usize| {
            // Nothing that packs well.
            let mut bytes: Vec<u8> = (0..bytes).map(|b| (b * 31 + n) as u8).collect();
            bytes.extend((seq + n as u64).to_le_bytes());
            NewRecord::new(1, 1, 0, bytes)
        };
        self.journal.append(seq, Batch::of((0..records).map(of).collect())).await.map_err(|refused| refused.error)
    }

    async fn is_at(&self, head: Head) {
        assert_eq!(self.journal.caught_up().await.expect("etcd answers"), head, "{}", self.name);
        let report = verify(&self.dir, VerifyOptions { expect: Some(head) }).unwrap();
        assert!(report.fault.is_none(), "{}: {:?}", self.name, report.fault);
        assert_eq!((report.records, report.head), (head.seq, Some(head)), "{}", self.name);
    }

    async fn close(self) {
        tokio::task::spawn_blocking(move || self.journal.close()).await.unwrap();
    }
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "needs the real server: tests/peers/etcd.sh"]
async fn what_one_site_appends_all_have() {
    let cluster = Cluster::start("follow", 3, false, &[]).await;
    let (a, b) = (Site::open(&cluster, "a"), Site::open(&cluster, "b"));
    found(&*a.kv, &keys(), "these sites", Head::START).await.unwrap();
    assert!(matches!(a.append(1, 9).await, Err(JournalError::NotLeader)), "nobody leads yet");
    let term = a.lead(LONG).await;
    let mut head = Head::START;
    for n in 0..100 {
        head = a.append(1 + n % 7, 100).await.unwrap();
    }
    // By its watch, without being asked.
    let mut heads = b.journal.heads();
    tokio::time::timeout(PATIENCE, heads.wait_for(|h| *h == head)).await.expect("it follows").unwrap();
    head = a.append(40, 100_000).await.expect("in pieces: 4 MB");
    b.is_at(head).await;
    // The next term is another site's.
    a.kv.revoke(term.lease).await.unwrap();
    let next = b.lead(LONG).await;
    let refused = a.append(1, 9).await;
    assert!(matches!(refused, Err(JournalError::NotLeader | JournalError::Conflict { .. })), "{refused:?}");
    drop(term);
    assert_eq!(a.fence.held(), None);
    head = b.append(3, 100).await.unwrap();
    a.is_at(head).await;
    b.is_at(head).await;
    let late = Site::open(&cluster, "late");
    late.is_at(head).await;
    // What all have is let go of, and the last append stays.
    trim(&*b.kv, &keys(), next.created, head.seq).await.unwrap();
    let (from, to) = keys().journal_from(0);
    assert_eq!(b.kv.range(from, to, 9).await.unwrap().pairs.len(), 1);
    head = b.append(3, 100).await.unwrap();
    for site in [a, b, late] {
        site.is_at(head).await;
        site.close().await;
    }
    let behind = Site::open(&cluster, "behind");
    let error = behind.journal.caught_up().await;
    assert!(matches!(error, Err(JournalError::Behind { have: 0, .. })), "{error:?}");
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "needs the real server: tests/peers/etcd.sh"]
async fn what_was_acknowledged_outlives_a_leader_of_etcd() {
    let mut cluster = Cluster::start("outlives", 3, false, &[]).await;
    let (a, b) = (Site::open(&cluster, "a"), Site::open(&cluster, "b"));
    found(&*a.kv, &keys(), "these sites", Head::START).await.unwrap();
    let _term = a.lead(LONG).await;
    let (mut head, mut longest, mut down) = (Head::START, Duration::ZERO, 0);
    for n in 1..=400_u64 {
        match n {
            100 => {
                down = cluster.leader().await;
                cluster.kill(down);
            }
            200 => cluster.restart(down),
            250 => {
                down = cluster.leader().await;
                cluster.freeze(down);
            }
            350 => cluster.thaw(down),
            _ => {}
        }
        let from = Instant::now();
        head = a.append(2, 50).await.unwrap_or_else(|e| panic!("append {n} after {:?}: {e}", from.elapsed()));
        assert_eq!(head.seq, 2 * n, "each once");
        longest = longest.max(from.elapsed());
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    println!("400 appends, a leader of etcd killed and one frozen: the longest took {longest:?}");
    a.is_at(head).await;
    b.is_at(head).await;
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "needs the real server: tests/peers/etcd.sh"]
async fn without_a_quorum_nothing_is_acknowledged() {
    let ttl = Duration::from_secs(3);
    let mut cluster = Cluster::start("quorum", 3, false, &[]).await;
    let (a, b) = (Site::open(&cluster, "a"), Site::open(&cluster, "b"));
    found(&*a.kv, &keys(), "these sites", Head::START).await.unwrap();
    let term = a.lead(ttl).await;
    let head = a.append(2, 50).await.unwrap();
    (0..2).for_each(|n| cluster.kill(n));
    let from = Instant::now();
    let error = a.append(2, 50).await.unwrap_err();
    println!("cut off after {:?}: {error}", from.elapsed());
    assert!(matches!(error, JournalError::CutOff { .. }), "{error:?}");
    assert!(from.elapsed() < ttl + Duration::from_secs(4), "no longer than the term: {:?}", from.elapsed());
    assert_eq!((a.fence.held(), a.journal.head()), (None, head));
    assert!(matches!(a.append(2, 50).await, Err(JournalError::NotLeader)));
    assert!(a.journal.caught_up().await.is_err(), "what is read needs a quorum too");
    drop(term);
    (0..2).for_each(|n| cluster.restart(n));
    cluster.until_led().await;
    // The one that was not answered is there or is not, and never comes later than the next term.
    let _term = b.lead(ttl).await;
    let between = b.journal.caught_up().await.unwrap();
    assert!(between == head || between.seq == head.seq + 2, "{between}");
    let head = b.append(2, 50).await.unwrap();
    assert_eq!(head.seq, between.seq + 2);
    a.is_at(head).await;
    b.is_at(head).await;
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "needs the real server: tests/peers/etcd.sh"]
async fn a_full_quota_is_named_and_mended() {
    let cluster = Cluster::start("quota", 1, false, &["--quota-backend-bytes", "16777216"]).await;
    let a = Site::open(&cluster, "a");
    found(&*a.kv, &keys(), "these sites", Head::START).await.unwrap();
    let term = a.lead(LONG).await;
    let mut head = Head::START;
    let error = loop {
        assert!(head.seq < 100, "the quota is 16 MiB");
        match a.append(1, 500_000).await {
            Ok(next) => head = next,
            Err(error) => break error,
        }
    };
    println!("after {} records: {error}\n{}", head.seq, error.hint());
    assert!(error.to_string().contains("NOSPACE"), "{error}");
    assert!(a.kv.status().await.unwrap().no_space);
    // etcd carries out the first one that is over, and says all the same that there is no space: it counts, if it is there.
    let told = a.journal.head();
    a.is_at(told).await;
    assert_eq!(told, head, "what was refused is not there");
    trim(&*a.kv, &keys(), term.created, head.seq).await.unwrap();
    cluster.etcdctl(&["defrag"]);
    a.kv.disarm_no_space().await.unwrap();
    assert!(!a.kv.status().await.unwrap().no_space);
    let _term = match a.fence.held() {
        Some(_) => term,
        None => {
            a.kv.revoke(term.lease).await.unwrap();
            a.lead(LONG).await
        }
    };
    let head = a.append(1, 500_000).await.unwrap();
    a.is_at(head).await;
}

/// Figures for the documentation; none is a limit.
#[tokio::test(flavor = "multi_thread")]
#[ignore = "needs the real server: tests/peers/etcd.sh"]
async fn how_fast_it_is() {
    let cluster = Cluster::start("speed", 3, false, &[]).await;
    let (a, b) = (Site::open(&cluster, "a"), Site::open(&cluster, "b"));
    found(&*a.kv, &keys(), "these sites", Head::START).await.unwrap();
    let _term = a.lead(LONG).await;
    let mut head = Head::START;
    for (records, appends) in [(1, 500), (32, 300), (1000, 100)] {
        let (from, mut each) = (Instant::now(), Vec::new());
        for _ in 0..appends {
            let one = Instant::now();
            head = a.append(records, 80).await.unwrap();
            each.push(one.elapsed());
        }
        each.sort();
        let (all, half, late) = (from.elapsed().as_secs_f64(), each[each.len() / 2], each[each.len() * 99 / 100]);
        let rate = (records * appends) as f64 / all;
        println!("{records} records an append: {rate:.0} records/s, half within {half:?}, 99 % within {late:?}");
    }
    let from = Instant::now();
    b.is_at(head).await;
    let late = Site::open(&cluster, "late");
    let opened = Instant::now();
    assert_eq!(late.journal.caught_up().await.unwrap(), head);
    println!("followed {:?} after the last; {} records caught up in {:?}", from.elapsed(), head.seq, opened.elapsed());
}
