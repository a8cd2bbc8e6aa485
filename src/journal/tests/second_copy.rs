//! The second copy.

use super::*;

fn two() -> (tempfile::TempDir, std::path::PathBuf, std::path::PathBuf) {
    let dir = tempfile::tempdir().unwrap();
    let (source, copy) = (dir.path().join("state"), dir.path().join("second"));
    (dir, source, copy)
}

#[test]
fn a_process_can_be_started_on_the_second_copy() {
    let (_dir, source, copy) = two();
    let mut store = open(&source);
    let mut second_copy = CatchUp::new(&source, &copy);
    let sealed = store.sealer().seal("14", b"+46701740605").unwrap();
    let commitment = sealed.commitment();
    let mut with_plan = Batch::of(vec![record("a").with_private(sealed)]);
    let hash = with_plan.put_blob(b"plan".to_vec());
    append(&mut store, with_plan).unwrap();
    assert_eq!(second_copy.step().unwrap(), store.head());
    // More frames than one transaction takes.
    for _ in 0..600 {
        append(&mut store, batch(&["b"])).unwrap();
    }
    assert_eq!(second_copy.step().unwrap(), store.head());
    assert_eq!(second_copy.step().unwrap(), store.head(), "nothing new is nothing to do");
    let in_use = SqliteStore::open(&copy, OpenOptions::default()).unwrap_err();
    assert!(matches!(in_use, JournalError::InUse { .. }));
    drop(second_copy);

    let expect = VerifyOptions { expect: Some(store.head()) };
    assert!(verify(&copy, expect).unwrap().is_whole());
    let mut second = open(&copy);
    let reader = second.open_reader()().unwrap();
    assert_eq!(reader.unseal(commitment).unwrap().unwrap(), b"+46701740605");
    assert_eq!(reader.get_blob(&hash).unwrap().unwrap(), b"plan");
    append(&mut second, batch(&["on the second disk"])).unwrap();
}

#[test]
fn what_is_forgotten_is_forgotten_there_too() {
    let (_dir, source, copy) = two();
    let mut store = open(&source);
    let mut second_copy = CatchUp::new(&source, &copy);
    let sealed = store.sealer().seal("14", b"+46701740605").unwrap();
    let commitment = sealed.commitment();
    append(&mut store, Batch::of(vec![record("a").with_private(sealed)])).unwrap();
    second_copy.step().unwrap();
    let wrapped: Vec<u8> = store.conn().query_row("SELECT wrapped FROM keys", [], |row| row.get(0)).unwrap();
    assert!(contains(&all_bytes(&copy), &wrapped));
    append(&mut store, Batch { forget: vec!["14".into()], ..batch(&["forgotten"]) }).unwrap();
    second_copy.step().unwrap();
    assert!(!contains(&all_bytes(&copy), &wrapped));
    assert_eq!(SqliteReader::open(&copy).unwrap().unseal(commitment).unwrap(), None);
    assert!(verify(&copy, VerifyOptions::default()).unwrap().is_whole());
}

#[test]
fn a_broken_journal_does_not_spread_and_another_history_is_left_alone() {
    let (_dir, source, copy) = two();
    let mut store = open(&source);
    let mut second_copy = CatchUp::new(&source, &copy);
    append(&mut store, batch(&["a"])).unwrap();
    let good = second_copy.step().unwrap();
    append(&mut store, batch(&["b"])).unwrap();
    tamper(&source).execute("UPDATE frames SET body = zeroblob(30) WHERE first = 2", []).unwrap();
    let error = second_copy.step().unwrap_err();
    assert!(matches!(error, JournalError::Corrupt { seq: Some(2), .. }), "{error}");
    assert_eq!(recorded(&copy), good);

    // The journal is put back to an older state and goes another way.
    let (_other_dir, other, _) = two();
    let mut other_store = open(&other);
    append(&mut other_store, batch(&["x"])).unwrap();
    assert!(matches!(CatchUp::new(&other, &copy).step(), Err(JournalError::Key { .. })));
    drop(store);
    for sql in [
        "DELETE FROM frames",
        "UPDATE head SET seq = 0, hash = x'6f2858021e3dcb3adf144bd38b100f164172e4ed9c3878da3618956499753823'",
    ] {
        tamper(&source).execute(sql, []).unwrap();
    }
    let mut store = open(&source);
    for text in ["another a", "another b"] {
        let error = CatchUp::new(&source, &copy).step().unwrap_err();
        assert!(matches!(error, JournalError::Differ { seq: 1, .. } | JournalError::Conflict { .. }), "{error}");
        append(&mut store, batch(&[text])).unwrap();
    }
    assert_eq!(recorded(&copy), good);
}

fn recorded(dir: &Path) -> Head {
    SqliteReader::open(dir).unwrap().head().unwrap()
}
