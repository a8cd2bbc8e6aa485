//! Opening, appending, reading back.

use rusqlite::params;

use super::*;

#[test]
fn what_was_appended_is_read_back_after_a_restart() {
    let dir = tempfile::tempdir().unwrap();
    let mut store = open(dir.path());
    assert_eq!(store.head(), Head::START);
    append(&mut store, batch(&["a", "b"])).unwrap();
    let head = append(&mut store, batch(&["c"])).unwrap();
    drop(store);
    let mut store = open(dir.path());
    assert_eq!(store.head(), head);
    append(&mut store, batch(&["d"])).unwrap();
    let reader = store.open_reader()().unwrap();
    let all = read_after(&*reader, Head::START).unwrap();
    assert_eq!(
        all.iter().map(|r| (r.seq, &r.bytes[..])).collect::<Vec<_>>(),
        [(1, &b"a"[..]), (2, b"b"), (3, b"c"), (4, b"d")]
    );
    assert_eq!((all[2].kind, all[2].version, all[2].at_ms, all[2].hash), (7, 1, 1_229_589_900_000, head.hash));
}

#[test]
fn reading_goes_on_from_any_record() {
    let dir = tempfile::tempdir().unwrap();
    let mut store = open(dir.path());
    append(&mut store, batch(&["1", "2", "3"])).unwrap();
    append(&mut store, batch(&["4"])).unwrap();
    append(&mut store, batch(&["5", "6"])).unwrap();
    let reader = store.open_reader()().unwrap();
    for seq in 0..=6 {
        let head = reader.head_at(seq).unwrap().unwrap();
        assert_eq!(head.seq, seq);
        let rest: Vec<u64> = read_after(&*reader, head).unwrap().iter().map(|r| r.seq).collect();
        assert_eq!(rest, (seq + 1..=6).collect::<Vec<_>>());
        if seq > 0 {
            let wrong = Head { hash: [1; 32], ..head };
            let error = read_after(&*reader, wrong).unwrap_err();
            assert!(matches!(error, JournalError::Corrupt { seq: Some(s), .. } if s == seq), "{error}");
        }
    }
    assert_eq!(reader.head_at(7).unwrap(), None);
    let beyond = Head { seq: 7, hash: [0; 32] };
    assert!(matches!(read_after(&*reader, beyond), Err(JournalError::Corrupt { .. })));
    let mut seen = 0;
    let stopped = reader.read(Head::START, &mut |record| {
        seen += 1;
        if record.seq == 2 { ControlFlow::Break(()) } else { ControlFlow::Continue(()) }
    });
    assert_eq!((stopped.unwrap(), seen), (reader.head_at(2).unwrap().unwrap(), 2));
}

#[test]
fn a_folder_has_one_owner() {
    let dir = tempfile::tempdir().unwrap();
    let store = open(dir.path());
    let error = SqliteStore::open(dir.path(), OpenOptions::default()).unwrap_err();
    assert_eq!(error, JournalError::InUse { folder: dir.path().into(), pid: Some(std::process::id()) });
    assert!(error.to_string().contains(&dir.path().display().to_string()));
    assert!(error.hint().contains(&std::process::id().to_string()));
    drop(store);
    open(dir.path());
}

#[cfg(unix)]
#[test]
fn only_the_owner_may_read_the_folder() {
    use std::os::unix::fs::PermissionsExt;
    let dir = tempfile::tempdir().unwrap();
    let state = dir.path().join("var/state");
    let mut store = open(&state);
    append(&mut store, batch(&["a"])).unwrap();
    let mode = |path: &Path| std::fs::metadata(path).unwrap().permissions().mode() & 0o777;
    assert_eq!(mode(&state), 0o700);
    for file in ["journal.db", "journal.db-wal", "journal.db-shm", "key", "lock"] {
        assert_eq!(mode(&state.join(file)), 0o600, "{file}");
    }
}

#[test]
fn what_is_no_journal_or_newer_is_left_alone() {
    let dir = tempfile::tempdir().unwrap();
    drop(open(dir.path()));
    tamper(dir.path()).execute("UPDATE meta SET value = 2 WHERE name = 'format'", []).unwrap();
    let file = dir.path().join("journal.db");
    let before = std::fs::read(&file).unwrap();
    let newer = JournalError::Newer { file: file.clone(), found: 2, known: 1 };
    assert_eq!(SqliteStore::open(dir.path(), OpenOptions::default()).unwrap_err(), newer);
    assert_eq!(verify(dir.path(), VerifyOptions::default()).unwrap_err(), newer);
    assert_eq!(std::fs::read(&file).unwrap(), before);

    let other = tempfile::tempdir().unwrap();
    tamper(other.path()).execute_batch("CREATE TABLE t (x)").unwrap();
    let garbage = tempfile::tempdir().unwrap();
    std::fs::write(garbage.path().join("journal.db"), "no database at all, whatever its name".repeat(100)).unwrap();
    for dir in [other, garbage] {
        let found = SqliteStore::open(dir.path(), OpenOptions::default()).unwrap_err();
        assert_eq!(found, JournalError::NotAJournal { file: dir.path().join("journal.db") });
        assert_eq!(verify(dir.path(), VerifyOptions::default()).unwrap_err(), found);
    }
    let empty = tempfile::tempdir().unwrap();
    assert!(matches!(verify(empty.path(), VerifyOptions::default()), Err(JournalError::NotAJournal { .. })));
    assert_eq!(std::fs::read_dir(empty.path()).unwrap().count(), 0, "looking leaves nothing behind");
}

#[test]
fn a_wrong_expectation_is_refused_and_harms_nobody_else() {
    let dir = tempfile::tempdir().unwrap();
    let mut store = open(dir.path());
    let group = [(0, batch(&["a"])), (0, batch(&["late"])), (1, batch(&["b"])), (9, batch(&["early"]))]
        .map(|(expected_seq, batch)| Append { expected_seq, batch });
    let answers = store.append(&group);
    assert_eq!(answers[0].as_ref().unwrap().seq, 1);
    assert_eq!(answers[1], Err(JournalError::Conflict { expected: 0, found: 1 }));
    assert_eq!(answers[2].as_ref().unwrap().seq, 2);
    assert_eq!(answers[3], Err(JournalError::Conflict { expected: 9, found: 2 }));
    assert_eq!(texts(dir.path()).unwrap(), ["a", "b"]);
}

#[test]
fn what_is_over_a_limit_is_refused_whole() {
    let dir = tempfile::tempdir().unwrap();
    let mut store = open(dir.path());
    let big = NewRecord::new(0, 0, 0, vec![0; RECORD_BYTES_MAX + 1]);
    let refused = append(&mut store, Batch::of(vec![record("a"), big])).unwrap_err();
    assert!(matches!(refused, JournalError::TooLarge { limit: "RECORD_BYTES_MAX", .. }));
    let many = Batch::of(vec![NewRecord::new(0, 0, 0, vec![]); BATCH_RECORDS_MAX + 1]);
    assert!(matches!(append(&mut store, many), Err(JournalError::TooLarge { limit: "BATCH_RECORDS_MAX", .. })));
    assert_eq!(store.head(), Head::START);
    let most = NewRecord::new(0, 0, 0, vec![0; RECORD_BYTES_MAX]);
    append(&mut store, Batch::of(vec![most])).unwrap();
}

/// The disk is full, then it is not: nothing is lost, nothing is there twice.
#[test]
fn a_full_disk_takes_the_same_batch_later() {
    let dir = tempfile::tempdir().unwrap();
    let mut store = open(dir.path());
    append(&mut store, batch(&["before"])).unwrap();
    let pages: i64 = store.conn().pragma_query_value(None, "page_count", |row| row.get(0)).unwrap();
    store.conn().pragma_update(None, "max_page_count", pages).unwrap();
    let big = || Batch::of(vec![record(&"x".repeat(100_000))]);
    let error = append(&mut store, big()).unwrap_err();
    assert!(matches!(error, JournalError::Disk { kind: DiskKind::Full, .. }), "{error}");
    assert!(error.is_disk() && error.hint().contains("free space"));
    assert_eq!(store.head().seq, 1);
    store.conn().pragma_update(None, "max_page_count", 1_000_000).unwrap();
    assert_eq!(append(&mut store, big()).unwrap().seq, 2);
    assert_eq!(texts(dir.path()).unwrap().len(), 2);
}

#[test]
fn a_disk_that_cannot_be_written_is_told_apart() {
    let dir = tempfile::tempdir().unwrap();
    let mut store = open(dir.path());
    store.conn().pragma_update(None, "query_only", true).unwrap();
    let error = append(&mut store, batch(&["a"])).unwrap_err();
    assert!(matches!(error, JournalError::Disk { kind: DiskKind::ReadOnly, .. }), "{error}");
    // What was refused for a reason of its own keeps it, so that its owner does not try it for ever.
    let group = [(3, batch(&["b"])), (0, batch(&["c"]))].map(|(expected_seq, batch)| Append { expected_seq, batch });
    let answers = store.append(&group);
    assert!(matches!(answers[1], Err(JournalError::Disk { .. })));
    assert!(answers[0].is_err());
}

#[test]
fn a_blob_is_found_by_its_hash() {
    let dir = tempfile::tempdir().unwrap();
    let mut store = open(dir.path());
    let mut with_plan = batch(&["release"]);
    let hash = with_plan.put_blob(b"plan".to_vec());
    append(&mut store, with_plan.clone()).unwrap();
    append(&mut store, with_plan).unwrap();
    let reader = store.open_reader()().unwrap();
    assert_eq!(reader.get_blob(&hash).unwrap().unwrap(), b"plan");
    assert_eq!(reader.get_blob(&[0; 32]).unwrap(), None);
    tamper(dir.path()).execute("UPDATE blobs SET bytes = x'00'", []).unwrap();
    assert!(matches!(reader.get_blob(&hash), Err(JournalError::Corrupt { .. })));
}

#[test]
fn the_wal_does_not_grow_without_limit() {
    let dir = tempfile::tempdir().unwrap();
    let mut store = open(dir.path());
    for _ in 0..20 {
        append(&mut store, Batch::of(vec![NewRecord::new(0, 0, 0, vec![0; 1 << 20]); 8])).unwrap();
        store.idle();
    }
    let wal = std::fs::metadata(dir.path().join("journal.db-wal")).unwrap().len();
    assert!(wal < 70 << 20, "{wal} bytes of WAL for 160 MiB");
    assert_eq!(read_after(&SqliteReader::open(dir.path()).unwrap(), Head::START).unwrap().len(), 160);
}

#[test]
fn a_folder_put_together_from_two_is_not_opened() {
    let dir = tempfile::tempdir().unwrap();
    let mut store = open(dir.path());
    append(&mut store, batch(&["a"])).unwrap();
    drop(store);
    tamper(dir.path()).execute("UPDATE head SET seq = 5, hash = ?1", params![[1u8; 32]]).unwrap();
    assert!(matches!(SqliteStore::open(dir.path(), OpenOptions::default()), Err(JournalError::Corrupt { .. })));
    tamper(dir.path()).execute("DELETE FROM frames", []).unwrap();
    assert!(matches!(SqliteStore::open(dir.path(), OpenOptions::default()), Err(JournalError::Corrupt { .. })));
}

/// A path may hold what means something in a URI.
#[test]
fn any_folder_name_will_do() {
    let dir = tempfile::tempdir().unwrap();
    let odd = dir.path().join("läge #1? 100%41");
    let mut store = open(&odd);
    append(&mut store, batch(&["a"])).unwrap();
    assert_eq!(texts(&odd).unwrap(), ["a"]);
    assert!(verify(&odd, VerifyOptions::default()).unwrap().is_whole());
    assert!(odd.join("journal.db-wal").exists(), "it is this folder, and no other, that was written");
    assert_eq!(super::super::read::uri(Path::new("a?b/ö.db"), "?mode=ro"), "file:a%3Fb/%C3%B6.db?mode=ro");
    assert_eq!(super::super::read::uri(Path::new("//a"), ""), "file:////a");
}

/// The reserve is there from the start, is given up for what must be written, and comes back when there is space.
#[test]
fn a_reserve_is_given_up_when_the_disk_is_full() {
    let dir = tempfile::tempdir().unwrap();
    let options = OpenOptions { reserve_bytes: 1 << 20, ..OpenOptions::default() };
    let mut store = SqliteStore::open(dir.path(), options).unwrap();
    let reserve = dir.path().join("reserve");
    assert_eq!(std::fs::metadata(&reserve).unwrap().len(), 1 << 20);
    assert!(store.disks().unwrap().borrow().are_well());
    append(&mut store, batch(&["before"])).unwrap();
    let pages: i64 = store.conn().pragma_query_value(None, "page_count", |row| row.get(0)).unwrap();
    store.conn().pragma_update(None, "max_page_count", pages).unwrap();
    let big = || Batch::of(vec![record(&"x".repeat(100_000))]);
    let error = append(&mut store, big()).unwrap_err();
    assert!(matches!(error, JournalError::Disk { kind: DiskKind::Full, .. }), "{error}");
    assert!(!reserve.exists(), "what must be written comes first");
    let told = store.disks().unwrap().borrow().clone();
    assert!(told.copies[0].reserve_used && told.copies[0].is_full() && !told.are_well());
    store.idle();
    assert!(!reserve.exists(), "not at once: the space would be gone again");
    store.conn().pragma_update(None, "max_page_count", 1_000_000).unwrap();
    assert_eq!(append(&mut store, big()).unwrap().seq, 2);
    assert!(store.disks().unwrap().borrow().copies[0].reserve_used, "until it is back");
    store.reserve().at_once();
    store.idle();
    assert_eq!(std::fs::metadata(&reserve).unwrap().len(), 1 << 20);
    assert!(store.disks().unwrap().borrow().are_well());
}

/// Only on a small disk of its own: `tests/peers/disk_full.sh` mounts one.
#[test]
#[ignore = "needs a disk of 12 MiB: tests/peers/disk_full.sh"]
fn a_reserve_carries_on_a_disk_that_is_really_full() {
    let dir = std::path::PathBuf::from(std::env::var_os("VARDKASE_SMALL_DISK").unwrap());
    let options = OpenOptions { reserve_bytes: 2 << 20, ..OpenOptions::default() };
    let mut store = SqliteStore::open(&dir.join("state"), options).unwrap();
    assert!(store.disks().unwrap().borrow().are_well());
    let filler = dir.join("filler");
    let mut file = std::fs::File::create(&filler).unwrap();
    while std::io::Write::write_all(&mut file, &[1; 4096]).is_ok() {}
    drop(file);
    let mut written = 0;
    let full = loop {
        match append(&mut store, Batch::of(vec![record(&"x".repeat(20_000))])) {
            Ok(_) => written += 1,
            Err(error) => break error,
        }
    };
    assert!(written >= 50, "the reserve took {written} batches of 20 kB");
    assert!(matches!(full, JournalError::Disk { kind: DiskKind::Full, .. }), "{full}");
    assert!(!dir.join("state/reserve").exists());
    let before = store.head();
    std::fs::remove_file(&filler).unwrap();
    append(&mut store, batch(&["after"])).unwrap();
    store.reserve().at_once();
    store.idle();
    assert!(dir.join("state/reserve").exists() && store.disks().unwrap().borrow().are_well());
    drop(store);
    let report = verify(&dir.join("state"), VerifyOptions { expect: Some(before) }).unwrap();
    assert!(report.is_whole() && report.records == written + 1, "{report:?}");
}

/// On Unix a file that was removed can be written as long as it is open: to nobody's use.
#[cfg(unix)]
#[test]
fn a_journal_that_was_removed_or_replaced_takes_nothing_more() {
    let dir = tempfile::tempdir().unwrap();
    let (state, away) = (dir.path().join("state"), dir.path().join("away"));
    let mut store = open(&state);
    append(&mut store, batch(&["a"])).unwrap();
    std::fs::rename(&state, &away).unwrap();
    for _ in 0..2 {
        let error = append(&mut store, batch(&["b"])).unwrap_err();
        assert!(matches!(error, JournalError::Disk { kind: DiskKind::Io, .. }), "{error}");
        std::fs::create_dir_all(&state).unwrap();
        std::fs::copy(away.join("journal.db"), state.join("journal.db")).unwrap();
    }
    assert!(!store.disks().unwrap().borrow().are_well());
    std::fs::remove_dir_all(&state).unwrap();
    std::fs::rename(&away, &state).unwrap();
    assert_eq!(append(&mut store, batch(&["b"])).unwrap().seq, 2);
    assert_eq!(texts(&state).unwrap(), ["a", "b"]);
}

/// What one node of several wrote for itself would be in no other: its folder is opened as a part of theirs alone.
#[test]
fn the_folder_of_a_node_among_several_is_not_written_alone() {
    let dir = tempfile::tempdir().unwrap();
    let journal = Journal::open(dir.path(), OpenOptions::default()).unwrap();
    journal.close();
    std::fs::write(dir.path().join("cluster-id"), "5f1c\n").unwrap();
    let refused = Journal::open(dir.path(), OpenOptions::default()).unwrap_err();
    assert!(matches!(refused, JournalError::OneOfSeveral { .. }) && refused.hint().contains("--cluster"), "{refused}");
    let second = tempfile::tempdir().unwrap();
    let refused = Journal::open_with_second_copy(dir.path(), second.path(), OpenOptions::default()).unwrap_err();
    assert!(matches!(refused, JournalError::OneOfSeveral { .. }));
    std::fs::remove_file(dir.path().join("cluster-id")).unwrap();
    Journal::open(dir.path(), OpenOptions::default()).unwrap().close();
}
