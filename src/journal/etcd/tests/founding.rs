//! How it begins.

use super::*;

#[tokio::test(start_paused = true)]
async fn it_is_founded_once_and_known_again() {
    let cluster = MemoryCluster::default();
    let kv = cluster.node();
    let head = Head { seq: 9, hash: [3; 32] };
    let none = check_cluster(&kv, &keys(), "vk-1").await.unwrap_err();
    assert!(matches!(&none, JournalError::Cluster { what } if what.contains("founded")), "{none}");
    kv.mishap(Mishap::AnswerLost);
    found(&kv, &keys(), "vk-1", head).await.unwrap();
    assert_eq!(check_cluster(&kv, &keys(), "vk-1").await, Ok(head));
    let other = check_cluster(&kv, &keys(), "vk-2").await.unwrap_err();
    assert!(matches!(&other, JournalError::Cluster { what } if what.contains("other sites")), "{other}");
    let twice = found(&kv, &keys(), "vk-2", head).await.unwrap_err();
    assert!(matches!(&twice, JournalError::Cluster { what } if what.contains("already")), "{twice}");
    found(&kv, &Keys::new("/elsewhere"), "vk-2", Head::START).await.unwrap();
    kv.cut(true);
    assert!(matches!(check_cluster(&kv, &keys(), "vk-1").await, Err(JournalError::CutOff { .. })));
    assert!(matches!(found(&kv, &Keys::new("/third"), "vk-3", head).await, Err(JournalError::CutOff { .. })));
}

#[tokio::test(start_paused = true)]
async fn a_folder_is_begun_once_with_the_others_key() {
    let (_, sites) = sites(1).await;
    let key = std::fs::read_to_string(sites[0].path().join("key")).unwrap();
    let error = SqliteStore::begin_with_key(tempfile::tempdir().unwrap().path(), "nonsense").unwrap_err();
    assert!(matches!(error, JournalError::Key { .. }), "{error}");
    let dir = tempfile::tempdir().unwrap();
    SqliteStore::begin_with_key(dir.path(), &key).unwrap();
    assert!(matches!(SqliteStore::begin_with_key(dir.path(), &key), Err(JournalError::Taken { .. })));
    assert_eq!(SqliteStore::open(dir.path(), OpenOptions::default()).unwrap().head(), Head::START);
}
