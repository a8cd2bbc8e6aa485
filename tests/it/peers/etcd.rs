//! A journal of several sites against a real etcd, and what becomes of it when members are killed, frozen, cut off or full.

use std::time::{Duration, Instant};

use vardkase::journal::etcd::{Act, Client, Kv, KvError, Txn, When};

use super::etcd_cluster::Cluster;
use super::etcd_kv;

#[tokio::test(flavor = "multi_thread")]
#[ignore = "needs the real server: tests/peers/etcd.sh"]
async fn a_real_one_behaves_as_the_one_in_memory() {
    let cluster = Cluster::start("behaves", 3, false, &[]).await;
    etcd_kv::behaves(&cluster.client(), "/vardkase/").await;
    let members: Vec<_> = cluster.client().statuses().await;
    let leaders: std::collections::BTreeSet<_> = members.iter().map(|(_, s)| s.as_ref().unwrap().leader).collect();
    assert_eq!((members.len(), leaders.len()), (3, 1), "{members:?}");
}

/// Over TLS with client certificates and a role for one prefix, as the documentation has it.
#[tokio::test(flavor = "multi_thread")]
#[ignore = "needs the real server: tests/peers/etcd.sh"]
async fn certificates_say_who_may_do_what() {
    let cluster = Cluster::start("tls", 3, true, &[]).await;
    for args in [
        &["user", "add", "root", "--no-password"][..],
        &["user", "grant-role", "root", "root"],
        &["role", "add", "vardkase"],
        &["role", "grant-permission", "vardkase", "--prefix=true", "readwrite", "/vardkase/"],
        &["user", "add", "vardkase", "--no-password"],
        &["user", "grant-role", "vardkase", "vardkase"],
        &["auth", "enable"],
    ] {
        cluster.etcdctl(args);
    }
    let client = |certificate| Client::new(&cluster.settings(certificate)).expect("good settings");
    let ours = client(Some("vardkase"));
    etcd_kv::behaves(&ours, "/vardkase/").await;
    let put = |key: &[u8]| Txn { when: vec![], acts: vec![Act::Put(key.into(), b"x".to_vec(), None)] };
    let outside = ours.commit(put(b"/other/a")).await;
    assert!(matches!(&outside, Err(KvError::Refused(what)) if what.contains("permission denied")), "{outside:?}");
    let outside = ours.range(b"/other/".to_vec(), b"/other0".to_vec(), 1).await;
    assert!(matches!(&outside, Err(KvError::Refused(what)) if what.contains("permission denied")), "{outside:?}");
    for (certificate, expected) in [(Some("stranger"), "alert"), (None, "alert"), (Some("nobody"), "etcdserver")] {
        let error = client(certificate).commit(put(b"/vardkase/a")).await.unwrap_err();
        println!("with {certificate:?}: {error}");
        assert!(matches!(&error, KvError::Refused(what) if what.contains(expected)), "{certificate:?}: {error}");
    }
    let mut settings = cluster.settings(Some("vardkase"));
    settings.ca = Some(std::path::Path::new(&super::said("ETCD_TLS")).join("other.pem"));
    let error = Client::new(&settings).expect("good settings").commit(put(b"/vardkase/a")).await.unwrap_err();
    println!("with another authority: {error}");
    assert!(matches!(&error, KvError::Refused(what) if what.contains("certificate")), "{error}");
}

/// Numbers one after the other, each by a transaction on the one before, while etcd's leader is killed, and another one hangs.
#[tokio::test(flavor = "multi_thread")]
#[ignore = "needs the real server: tests/peers/etcd.sh"]
async fn what_was_committed_is_there_after_a_leader_was_lost() {
    const LAST: u64 = 300;
    let mut cluster = Cluster::start("faults", 3, false, &[]).await;
    let client = cluster.client();
    let (head, slot) = (b"/n/head".to_vec(), |n: u64| format!("/n/j/{n:016x}").into_bytes());
    let (mut longest, mut repeated, mut frozen) = (Duration::ZERO, 0, None);
    for n in 1..=LAST {
        match n {
            100 => {
                let leader = cluster.leader().await;
                cluster.kill(leader);
                frozen = Some(leader);
            }
            150 => cluster.restart(frozen.take().unwrap()),
            200 => {
                let leader = cluster.leader().await;
                cluster.freeze(leader);
                frozen = Some(leader);
            }
            250 => cluster.thaw(frozen.take().unwrap()),
            _ => {}
        }
        let when = match n {
            1 => When::Absent(head.clone()),
            _ => When::Value(head.clone(), (n - 1).to_string().into()),
        };
        let put = |key: Vec<u8>, value: String| Act::Put(key, value.into(), None);
        let acts = vec![put(slot(n), n.to_string()), put(head.clone(), n.to_string())];
        let (from, mut tries) = (Instant::now(), 0);
        loop {
            assert!(from.elapsed() < Duration::from_secs(20), "{n} is not taken");
            match client.commit(Txn { when: vec![when.clone()], acts: acts.clone() }).await {
                Ok(done) if done.held => break,
                // An earlier try was taken.
                Ok(_) => {
                    assert!(tries > 0, "{n}: nobody else writes");
                    let range = client.range(head.clone(), [&head[..], b"\0"].concat(), 1).await.unwrap();
                    assert_eq!(range.pairs[0].value, n.to_string().into_bytes());
                    break;
                }
                Err(KvError::Down(_) | KvError::Unknown(_)) => tries += 1,
                Err(other) => panic!("{n}: {other}"),
            }
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
        repeated += tries;
        longest = longest.max(from.elapsed());
    }
    let all = client.range(slot(0), slot(u64::MAX), 1000).await.unwrap();
    let numbers: Vec<u64> = all.pairs.iter().map(|p| String::from_utf8_lossy(&p.value).parse().unwrap()).collect();
    assert_eq!(numbers, (1..=LAST).collect::<Vec<_>>());
    println!("{LAST} numbers, {repeated} tries more, the longest took {longest:?}");
}
