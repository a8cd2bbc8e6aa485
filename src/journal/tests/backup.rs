//! Backup and restore.

use super::*;

fn filled(dir: &Path, records: u64) -> SqliteStore {
    let mut store = open(dir);
    for n in 0..records {
        let sealed = store.sealer().seal("14", format!("+4670174{n:04}").as_bytes()).unwrap();
        let mut batch = Batch::of(vec![record(&n.to_string()).with_private(sealed)]);
        batch.put_blob(n.to_le_bytes().to_vec());
        append(&mut store, batch).unwrap();
    }
    store
}

#[test]
fn a_backup_taken_while_running_is_restored_whole() {
    let dir = tempfile::tempdir().unwrap();
    let (state, file, fresh) = (dir.path().join("state"), dir.path().join("b å.vkb"), dir.path().join("fresh"));
    let mut store = filled(&state, 20);
    SealKey::load_or_create(&state).unwrap();
    let head = store.head();
    let info = backup(&state, &file, true, 1_229_566_320_000).unwrap();
    append(&mut store, batch(&["after it"])).unwrap();
    assert_eq!(
        info,
        BackupInfo { head, made_at_ms: 1_229_566_320_000, program: info.program.clone(), with_keys: true }
    );
    assert_eq!(read_backup(&file).unwrap(), info);
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt;
        assert_eq!(std::fs::metadata(&file).unwrap().permissions().mode() & 0o777, 0o600);
    }
    assert!(verify(&file, VerifyOptions { expect: Some(head) }).unwrap().is_whole());
    assert!(!dir.path().join("b å.vkb.part").exists());

    assert_eq!(restore(&file, &fresh, None).unwrap(), info);
    let report = verify(&fresh, VerifyOptions { expect: Some(head) }).unwrap();
    assert!(report.is_whole() && report.private_proved == 20 && report.blobs_proved == 20, "{report}");
    for name in ["key", "seal-key"] {
        assert_eq!(std::fs::read(state.join(name)).unwrap(), std::fs::read(fresh.join(name)).unwrap());
    }
    let key = std::fs::read_to_string(state.join("key")).unwrap();
    let db = std::fs::read(fresh.join("journal.db")).unwrap();
    assert!(!contains(&db, key.trim().as_bytes()), "the key lies in its file and nowhere else");
    let mut restored = open(&fresh);
    append(&mut restored, batch(&["on the restored one"])).unwrap();
    drop(restored);
    // It is the beginning of a second_copy too, whatever its rows are numbered now.
    drop(store);
    let copy = dir.path().join("copy");
    CatchUp::new(&fresh, &copy).step().unwrap();
    assert_eq!(verify(&copy, VerifyOptions::default()).unwrap().private_proved, 20);
}

#[test]
fn without_keys_it_proves_and_tells_nothing() {
    let dir = tempfile::tempdir().unwrap();
    let (state, file) = (dir.path().join("state"), dir.path().join("b"));
    let store = filled(&state, 3);
    let key = std::fs::read_to_string(state.join("key")).unwrap();
    let info = backup(&state, &file, false, 0).unwrap();
    assert!(!info.with_keys && !contains(&std::fs::read(&file).unwrap(), key.trim().as_bytes()));
    let keyless = dir.path().join("keyless");
    restore(&file, &keyless, None).unwrap();
    let report = verify(&keyless, VerifyOptions { expect: Some(store.head()) }).unwrap();
    assert!(report.is_whole() && report.private_without_key == 3, "{report}");
    assert!(matches!(SqliteStore::open(&keyless, OpenOptions::default()), Err(JournalError::Key { .. })));
    let keyed = dir.path().join("keyed");
    restore(&file, &keyed, Some(&state)).unwrap();
    assert_eq!(verify(&keyed, VerifyOptions::default()).unwrap().private_proved, 3);
    let other = dir.path().join("other");
    drop(open(&other));
    let refused = restore(&file, &dir.path().join("wrong"), Some(&other)).unwrap_err();
    assert!(matches!(refused, JournalError::Key { .. }), "{refused}");
    assert_eq!(std::fs::read_dir(dir.path().join("wrong")).unwrap().count(), 0, "nothing is left half done");
}

#[test]
fn a_backup_overwrites_nothing_and_what_is_no_backup_is_not_restored() {
    let dir = tempfile::tempdir().unwrap();
    let (state, file) = (dir.path().join("state"), dir.path().join("b"));
    let store = filled(&state, 3);
    std::fs::write(&file, "precious").unwrap();
    assert!(backup(&state, &file, true, 0).unwrap_err().to_string().contains("overwrites nothing"));
    assert_eq!(std::fs::read(&file).unwrap(), b"precious");
    let full = dir.path().join("full");
    std::fs::create_dir(&full).unwrap();
    std::fs::write(full.join("x"), "").unwrap();
    let good = dir.path().join("good");
    backup(&state, &good, true, 0).unwrap();
    assert!(restore(&good, &full, None).unwrap_err().to_string().contains("not empty"));
    assert_eq!(std::fs::read_dir(&full).unwrap().count(), 1);
    let fresh = dir.path().join("fresh");
    assert!(matches!(restore(&file, &fresh, None), Err(JournalError::NotAJournal { .. })));
    assert!(matches!(restore(&state.join("journal.db"), &fresh, None), Err(JournalError::NotAJournal { .. })));
    // One flipped byte in a record: told, and nothing restored.
    let damaged = tamper_file(&good, "UPDATE frames SET body = zeroblob(30) WHERE first = 2");
    let error = restore(&damaged, &fresh, None).unwrap_err();
    assert!(matches!(error, JournalError::Corrupt { seq: Some(2), .. }), "{error}");
    assert!(!fresh.join("journal.db").exists());
    let newer = tamper_file(&good, "UPDATE backup SET value = 2 WHERE name = 'format'");
    assert!(matches!(restore(&newer, &fresh, None), Err(JournalError::Newer { .. })));
    // A journal that is broken gives no backup.
    drop(store);
    tamper(&state).execute("UPDATE frames SET body = zeroblob(30) WHERE first = 2", []).unwrap();
    assert!(matches!(backup(&state, &dir.path().join("c"), true, 0), Err(JournalError::Corrupt { seq: Some(2), .. })));
    assert!(!dir.path().join("c").exists() && !dir.path().join("c.part").exists());
}

fn tamper_file(good: &Path, sql: &str) -> std::path::PathBuf {
    let to = good.with_extension(format!("{}", sql.len()));
    std::fs::copy(good, &to).unwrap();
    rusqlite::Connection::open(&to).unwrap().execute(sql, []).unwrap();
    to
}
