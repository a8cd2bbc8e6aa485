//! What a journal of several sites needs of etcd, asked of the one in memory and of a real one: what the simulation believes is what etcd does.

use std::time::Duration;

use vardkase::journal::etcd::{Act, Kv, KvError, Txn, When, after_prefix};

/// Longest wait for what comes by itself.
const PATIENCE: Duration = Duration::from_secs(15);
const LOOK_AGAIN: Duration = Duration::from_millis(50);

/// A store, and what the keys of one test begin with.
pub struct Under<'a> {
    pub kv: &'a dyn Kv,
    pub prefix: String,
}

impl Under<'_> {
    fn key(&self, name: &str) -> Vec<u8> {
        format!("{}{name}", self.prefix).into_bytes()
    }
    async fn held(&self, when: Vec<When>, acts: Vec<Act>) -> Result<bool, KvError> {
        self.kv.commit(Txn { when, acts }).await.map(|c| c.held)
    }
    async fn put(&self, name: &str, value: &str) -> i64 {
        let done = self.kv.commit(Txn { when: vec![], acts: vec![self.to_put(name, value)] }).await.unwrap();
        assert!(done.held, "nothing was asked for");
        done.revision
    }
    fn to_put(&self, name: &str, value: &str) -> Act {
        Act::Put(self.key(name), value.into(), None)
    }
    /// Value, and the revision that made it.
    async fn get(&self, name: &str) -> Option<(String, i64)> {
        let key = self.key(name);
        let end = [&key[..], b"\0"].concat();
        let range = self.kv.range(key.clone(), end, 10).await.unwrap();
        assert!(range.pairs.len() <= 1 && !range.more, "{range:?}");
        let pair = range.pairs.into_iter().next()?;
        assert_eq!(pair.key, key);
        Some((String::from_utf8(pair.value).unwrap(), pair.created))
    }
    async fn names(&self, from: &str, to: &str, limit: usize) -> (Vec<String>, bool) {
        let range = self.kv.range(self.key(from), self.key(to), limit).await.unwrap();
        let name = |key: &[u8]| String::from_utf8(key[self.prefix.len()..].to_vec()).unwrap();
        (range.pairs.iter().map(|p| name(&p.key)).collect(), range.more)
    }
    async fn until_gone(&self, name: &str) {
        let gone = async {
            while self.get(name).await.is_some() {
                tokio::time::sleep(LOOK_AGAIN).await;
            }
        };
        tokio::time::timeout(PATIENCE, gone).await.expect("it goes by itself");
    }
}

/// All of it, each under a beginning of its own.
pub async fn behaves(kv: &dyn Kv, prefix: &str) {
    let run = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).unwrap().as_nanos();
    let under = |name: &str| Under { kv, prefix: format!("{prefix}{run:x}/{name}/") };
    keys_come_in_order_and_no_more_than_asked(under("ranges")).await;
    a_transaction_is_carried_out_when_all_holds(under("when")).await;
    a_key_made_anew_has_another_revision(under("created")).await;
    keys_are_deleted_from_up_to(under("delete")).await;
    a_transaction_that_names_a_key_twice_is_refused(under("twice")).await;
    what_is_too_large_is_refused_and_leaves_nothing(under("large")).await;
    a_lease_takes_its_keys_along(under("lease")).await;
    a_change_is_told(under("changes")).await;
    what_was_overwritten_is_let_go_of(under("compact")).await;
    let status = kv.status().await.unwrap();
    vardkase::journal::etcd::check_version(&status).unwrap();
    assert!(status.leader != 0 && status.member != 0 && !status.no_space, "{status:?}");
}

async fn keys_come_in_order_and_no_more_than_asked(of: Under<'_>) {
    for name in ["b", "a", "d", "c", "aa"] {
        of.put(name, "x").await;
    }
    let strings = |names: &[&str]| names.iter().map(|n| (*n).to_owned()).collect::<Vec<_>>();
    assert_eq!(of.names("a", "d", 10).await, (strings(&["a", "aa", "b", "c"]), false), "up to before the second");
    assert_eq!(of.names("a", "d", 4).await, (strings(&["a", "aa", "b", "c"]), false), "just as many as there are");
    assert_eq!(of.names("a", "d", 3).await, (strings(&["a", "aa", "b"]), true));
    assert_eq!(of.names("aa", "b", 9).await, (strings(&["aa"]), false));
    assert_eq!(of.names("x", "z", 9).await, (vec![], false));
    assert_eq!(of.names("b", "b", 9).await, (vec![], false));
    assert_eq!(of.names("c", "b", 9).await, (vec![], false), "backwards is empty");
    let all = of.kv.range(of.key(""), after_prefix(&of.key("")), 99).await.unwrap();
    assert_eq!(all.pairs.len(), 5);
    assert!(all.pairs.iter().all(|p| p.created <= all.revision && p.created > 0));
}

async fn a_transaction_is_carried_out_when_all_holds(of: Under<'_>) {
    let absent = |name: &str| When::Absent(of.key(name));
    let is = |name: &str, value: &str| When::Value(of.key(name), value.into());
    assert!(of.held(vec![absent("head")], vec![of.to_put("head", "1"), of.to_put("j1", "one")]).await.unwrap());
    let (_, created) = of.get("head").await.unwrap();
    assert!(!of.held(vec![absent("head")], vec![of.to_put("head", "x")]).await.unwrap());
    assert!(!of.held(vec![is("head", "2")], vec![of.to_put("head", "x")]).await.unwrap());
    assert!(!of.held(vec![is("none", "")], vec![of.to_put("head", "x")]).await.unwrap(), "absent is not empty");
    let both = vec![is("head", "1"), When::Created(of.key("head"), created)];
    assert!(of.held(both.clone(), vec![of.to_put("head", "2"), of.to_put("j2", "two")]).await.unwrap());
    assert!(!of.held(both, vec![of.to_put("head", "x"), of.to_put("j3", "x")]).await.unwrap(), "one does not hold");
    let other = When::Created(of.key("head"), created + 1);
    assert!(!of.held(vec![is("head", "2"), other], vec![of.to_put("head", "x")]).await.unwrap());
    let gone = When::Created(of.key("none"), created);
    assert!(!of.held(vec![gone], vec![of.to_put("head", "x")]).await.unwrap());
    assert_eq!(of.get("head").await, Some(("2".into(), created)), "overwritten, it is the same key");
    assert_eq!(of.names("j", "k", 9).await.0, ["j1", "j2"]);
}

async fn a_key_made_anew_has_another_revision(of: Under<'_>) {
    let first = of.put("leader", "hall 1").await;
    assert_eq!(of.get("leader").await, Some(("hall 1".into(), first)), "the revision of its transaction");
    let later = of.put("leader", "hall 2").await;
    assert!(later > first);
    assert_eq!(of.get("leader").await, Some(("hall 2".into(), first)));
    assert!(of.held(vec![], vec![Act::Delete(of.key("leader"))]).await.unwrap());
    assert_eq!(of.get("leader").await, None);
    let again = of.put("leader", "hall 1").await;
    assert!(again > later);
    assert_eq!(of.get("leader").await, Some(("hall 1".into(), again)));
    let before = vec![When::Created(of.key("leader"), first)];
    assert!(!of.held(before, vec![of.to_put("leader", "x")]).await.unwrap(), "who held it before holds it no more");
}

async fn keys_are_deleted_from_up_to(of: Under<'_>) {
    for name in ["1", "2", "3", "4"] {
        of.put(name, "x").await;
    }
    let range = |from: &str, to: &str| Act::DeleteRange(of.key(from), of.key(to));
    assert!(of.held(vec![], vec![range("2", "4"), of.to_put("5", "x")]).await.unwrap());
    assert_eq!(of.names("0", "9", 9).await.0, ["1", "4", "5"]);
    assert!(of.held(vec![], vec![range("4", "4"), range("7", "8"), Act::Delete(of.key("none"))]).await.unwrap());
    assert_eq!(of.names("0", "9", 9).await.0, ["1", "4", "5"], "nothing there is nothing wrong");
}

async fn a_transaction_that_names_a_key_twice_is_refused(of: Under<'_>) {
    let error = of.held(vec![], vec![of.to_put("a", "1"), of.to_put("a", "2")]).await.unwrap_err();
    assert!(matches!(error, KvError::Refused(_)), "{error:?}");
    assert_eq!(of.get("a").await, None);
}

async fn what_is_too_large_is_refused_and_leaves_nothing(of: Under<'_>) {
    let put = |bytes: usize| vec![of.to_put("small", "x"), Act::Put(of.key("big"), vec![7; bytes], None)];
    for bytes in [1_600 << 10, 8 << 20] {
        let error = of.held(vec![], put(bytes)).await.unwrap_err();
        assert!(matches!(error, KvError::Refused(_)), "{error:?}");
        assert_eq!(of.names("a", "z", 9).await.0, [""; 0]);
    }
    assert!(of.held(vec![], put((1 << 20) + 4096)).await.unwrap(), "1 MiB and what stands around it");
    assert_eq!(of.names("a", "z", 9).await.0, ["big", "small"]);
}

async fn a_lease_takes_its_keys_along(of: Under<'_>) {
    let ttl = Duration::from_secs(2);
    let (kept, ends, revoked) =
        (of.kv.grant(ttl).await.unwrap(), of.kv.grant(ttl).await.unwrap(), of.kv.grant(ttl).await.unwrap());
    assert!(kept != ends && ends != revoked);
    let under = |name: &str, lease| Act::Put(of.key(name), b"x".to_vec(), Some(lease));
    for (name, lease) in [("kept", kept), ("ends", ends), ("revoked", revoked)] {
        assert!(of.held(vec![], vec![under(name, lease)]).await.unwrap());
    }
    assert!(of.kv.keep(revoked).await.unwrap());
    of.kv.revoke(revoked).await.unwrap();
    assert_eq!(of.get("revoked").await, None);
    assert!(!of.kv.keep(revoked).await.unwrap(), "it is over");
    of.kv.revoke(revoked).await.unwrap();
    let refused = of.held(vec![], vec![under("late", revoked)]).await.unwrap_err();
    assert!(matches!(refused, KvError::Refused(_)), "{refused:?}");
    let gone = async {
        while of.get("ends").await.is_some() {
            assert!(of.kv.keep(kept).await.unwrap());
            tokio::time::sleep(LOOK_AGAIN).await;
        }
    };
    tokio::time::timeout(PATIENCE, gone).await.expect("it ends by itself");
    assert!(of.get("kept").await.is_some(), "it was given its time again");
    assert!(!of.kv.keep(ends).await.unwrap());
    of.until_gone("kept").await;
}

async fn a_change_is_told(of: Under<'_>) {
    let mut changes = of.kv.changes(of.key(""));
    for n in 0..3 {
        // What was told before, such as that it watches, is no change.
        changes.borrow_and_update();
        of.put("j", &n.to_string()).await;
        tokio::time::timeout(PATIENCE, changes.changed()).await.expect("told").unwrap();
    }
    changes.borrow_and_update();
    assert!(of.held(vec![], vec![Act::Delete(of.key("j"))]).await.unwrap());
    tokio::time::timeout(PATIENCE, changes.changed()).await.expect("told").unwrap();
}

async fn what_was_overwritten_is_let_go_of(of: Under<'_>) {
    let first = of.put("a", "1").await;
    of.put("a", "2").await;
    of.kv.compact(first).await.unwrap();
    of.kv.compact(first).await.unwrap();
    assert_eq!(of.get("a").await, Some(("2".into(), first)));
}

/// The same without a network, on virtual time.
#[tokio::test(start_paused = true)]
async fn the_one_in_memory_behaves_as_etcd() {
    let cluster = vardkase::journal::etcd::MemoryCluster::default();
    behaves(&cluster.node(), "/test/").await;
}
