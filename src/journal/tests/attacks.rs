//! What somebody does to a state folder who may write into it, or could: found, refused, or without effect.

use super::*;

fn report(dir: &Path) -> Report {
    verify(dir, VerifyOptions::default()).unwrap()
}

fn opened(dir: &Path) -> Result<SqliteStore, JournalError> {
    SqliteStore::open(dir, OpenOptions::default())
}

/// Two records, a plan, a private value.
fn sample(dir: &Path) -> Head {
    let mut store = open(dir);
    let sealed = store.sealer().seal("14", b"+46701740605").unwrap();
    let mut first = Batch::of(vec![record("one").with_private(sealed)]);
    first.put_blob(b"plan".to_vec());
    append(&mut store, first).unwrap();
    append(&mut store, batch(&["two"])).unwrap()
}

#[test]
fn what_we_never_made_is_found_and_not_opened() {
    let cases = [
        ("CREATE TRIGGER t AFTER INSERT ON frames BEGIN DELETE FROM blobs; END", "trigger t was never made"),
        ("CREATE TABLE evil (x)", "table evil was never made"),
        ("CREATE VIEW v AS SELECT 1", "view v was never made"),
        ("CREATE INDEX i ON frames (hash)", "index i was never made"),
        ("DROP INDEX private_of_incident", "index private_of_incident is missing"),
        ("ALTER TABLE keys ADD COLUMN more TEXT", "table keys is not as it was made"),
        ("PRAGMA user_version = 7", "user_version is 7"),
        (
            "PRAGMA writable_schema = ON; UPDATE sqlite_schema SET sql = replace(sql, 'CHECK (id = 1)', '') WHERE name = 'head'",
            "table head is not as it was made",
        ),
    ];
    for (sql, says) in cases {
        let dir = tempfile::tempdir().unwrap();
        sample(dir.path());
        tamper(dir.path()).execute_batch(sql).unwrap();
        let found = report(dir.path());
        let fault =
            found.side_faults.iter().find(|f| f.what == What::Foreign).unwrap_or_else(|| panic!("{sql}: {found}"));
        assert!(fault.text.contains(says) && !found.is_whole(), "{sql}: {found}");
        let refused = opened(dir.path()).unwrap_err();
        assert!(matches!(&refused, JournalError::Foreign { what, .. } if what.contains(says)), "{sql}: {refused}");
        // Nor does it travel into a backup, or a second copy that was tampered with take commits.
        let file = dir.path().join("b.vkb");
        assert!(backup(dir.path(), &file, true, 0).is_err() && !file.exists(), "{sql}");
    }
    // What SQLite itself makes when it is asked for statistics is no reason to stand still.
    let dir = tempfile::tempdir().unwrap();
    sample(dir.path());
    tamper(dir.path()).execute_batch("ANALYZE").unwrap();
    assert!(report(dir.path()).is_whole());
    open(dir.path());
}

/// One that comes while the program runs is not carried out by it.
#[test]
fn a_trigger_put_in_while_it_runs_does_nothing() {
    let dir = tempfile::tempdir().unwrap();
    sample(dir.path());
    let mut store = open(dir.path());
    tamper(dir.path())
        .execute_batch(
            "CREATE TRIGGER t AFTER INSERT ON frames BEGIN DELETE FROM blobs; DELETE FROM private; END;
             CREATE TRIGGER u BEFORE UPDATE ON head BEGIN SELECT RAISE(ABORT, 'no more records'); END",
        )
        .unwrap();
    append(&mut store, batch(&["three"])).unwrap();
    let found = report(dir.path());
    assert_eq!((found.records, found.private_proved, found.blobs_proved), (3, 1, 1), "{found}");
    assert!(!found.is_whole());
}

#[test]
fn a_second_copy_with_something_foreign_is_out_and_the_other_goes_on() {
    let both = tempfile::tempdir().unwrap();
    let (state, second) = (both.path().join("a"), both.path().join("b"));
    let (journal, _) = Journal::open_with_second_copy(&state, &second, OpenOptions::default()).unwrap();
    journal.close();
    tamper(&second).execute_batch("CREATE TRIGGER t AFTER INSERT ON frames BEGIN DELETE FROM blobs; END").unwrap();
    let (journal, _) = Journal::open_with_second_copy(&state, &second, OpenOptions::default()).unwrap();
    let out = journal.disks().copies[1].out.clone();
    assert!(matches!(out, Some(JournalError::Foreign { .. })), "{out:?}");
    journal.submit_blocking(0, batch(&["a"])).unwrap().wait().unwrap();
}

type Harm = fn(&Path);
/// How a journal goes away, and what is left of it each time.
const EMPTIED: [(&str, Harm); 7] = [
    ("no length", |dir| std::fs::write(dir.join("journal.db"), "").unwrap()),
    ("removed", |dir| std::fs::remove_file(dir.join("journal.db")).unwrap()),
    ("removed, the log is left", |dir| {
        std::fs::remove_file(dir.join("journal.db")).unwrap();
        std::fs::write(dir.join("journal.db-wal"), "what was not moved").unwrap();
    }),
    ("all but a side key removed", |dir| {
        std::fs::remove_file(dir.join("journal.db")).unwrap();
        std::fs::remove_file(dir.join("key")).unwrap();
    }),
    ("no table left", |dir| {
        let db = tamper(dir);
        db.execute_batch("DROP TABLE meta; DROP TABLE head; DROP TABLE frames; DROP TABLE keys; DROP TABLE private; DROP TABLE blobs").unwrap();
    }),
    ("another database", |dir| {
        std::fs::remove_file(dir.join("journal.db")).unwrap();
        tamper(dir).execute_batch("VACUUM").unwrap();
    }),
    ("no record left, a checkpoint is", |dir| {
        tamper(dir).execute("UPDATE head SET seq = 0, hash = ?1", [Head::START.hash]).unwrap();
        tamper(dir).execute_batch("DELETE FROM frames").unwrap();
        write_checkpoint(dir, b"of two records").unwrap();
    }),
];

#[test]
fn a_journal_that_is_gone_beside_its_keys_is_not_begun_anew_in_silence() {
    for (how, empty) in EMPTIED {
        let dir = tempfile::tempdir().unwrap();
        sample(dir.path());
        SealKey::load_or_create(dir.path()).unwrap();
        let key = std::fs::read(dir.path().join("key")).unwrap();
        empty(dir.path());
        let had_key = dir.path().join("key").exists();
        for _ in 0..2 {
            let refused = opened(dir.path()).unwrap_err();
            assert!(matches!(refused, JournalError::Emptied { .. }), "{how}: {refused}");
            assert!(refused.hint().contains("--new"), "{}", refused.hint());
        }
        assert_eq!(dir.path().join("key").exists(), had_key, "{how}: nothing was touched");
        // On purpose: a new one begins, and the keys of the one that is gone are kept.
        let options = OpenOptions { new: true, ..OpenOptions::default() };
        let mut store = SqliteStore::open(dir.path(), options).unwrap();
        assert_eq!(store.head(), Head::START, "{how}");
        append(&mut store, batch(&["a"])).unwrap();
        let aside = dir.path().join("before-new");
        assert!(aside.join("seal-key").exists(), "{how}");
        assert!(!had_key || std::fs::read(aside.join("key")).unwrap() == key, "{how}");
        drop(store);
        // Left in the command of a service, it does nothing to a journal that is there, and none is begun twice.
        assert_eq!(SqliteStore::open(dir.path(), options).unwrap().head().seq, 1, "{how}");
        std::fs::remove_file(dir.path().join("journal.db")).unwrap();
        let refused = SqliteStore::open(dir.path(), options).unwrap_err();
        assert!(refused.to_string().contains("move it out"), "{how}: {refused}");
    }
}

#[test]
fn looking_at_an_emptied_folder_says_so() {
    let dir = tempfile::tempdir().unwrap();
    sample(dir.path());
    std::fs::write(dir.path().join("journal.db"), "").unwrap();
    assert!(matches!(verify(dir.path(), VerifyOptions::default()), Err(JournalError::Emptied { .. })));
}

/// A second copy has what is gone: a start repairs the folder from it, as it always did.
#[test]
fn an_emptied_folder_comes_back_from_its_second_copy() {
    for (how, empty) in EMPTIED.into_iter().filter(|(how, _)| !how.contains("checkpoint")) {
        let both = tempfile::tempdir().unwrap();
        let (state, second) = (both.path().join("a"), both.path().join("b"));
        let open = || Journal::open_with_second_copy(&state, &second, OpenOptions::default());
        let (journal, _) = open().unwrap();
        journal.submit_blocking(0, batch(&["a", "b"])).unwrap().wait().unwrap();
        journal.close();
        SealKey::load_or_create(&state).unwrap();
        empty(&state);
        let (journal, repaired) = open().unwrap_or_else(|e| panic!("{how}: {e}"));
        assert_eq!((journal.head().seq, repaired.map(|r| r.to.seq)), (2, Some(2)), "{how}");
    }
}

/// A first start that is killed anywhere leaves nothing that the next one takes for a journal that is gone.
#[test]
fn a_first_start_that_was_cut_short_is_no_loss() {
    let whole = tempfile::tempdir().unwrap();
    drop(open(whole.path()));
    let key = std::fs::read(whole.path().join("key")).unwrap();
    let cut: [fn(&Path, &[u8]); 3] = [
        |dir, _| std::fs::write(dir.join("journal.db"), "").unwrap(),
        |dir, key| {
            std::fs::write(dir.join("journal.db"), "").unwrap();
            std::fs::write(dir.join("key.first"), &key[..20]).unwrap();
        },
        |dir, key| {
            tamper(dir).execute_batch("PRAGMA journal_mode = WAL").unwrap();
            std::fs::write(dir.join("key.first"), key).unwrap();
        },
    ];
    for cut in cut {
        let dir = tempfile::tempdir().unwrap();
        cut(dir.path(), &key);
        append(&mut open(dir.path()), batch(&["a"])).unwrap();
        assert!(!dir.path().join("key.first").exists());
        assert_eq!(open(dir.path()).head().seq, 1);
    }
    // Between the tables and the name of their key.
    std::fs::rename(whole.path().join("key"), whole.path().join("key.first")).unwrap();
    drop(open(whole.path()));
    assert_eq!(std::fs::read(whole.path().join("key")).unwrap(), key);
}

#[cfg(unix)]
mod modes {
    use std::fs::Permissions;
    use std::os::unix::fs::{PermissionsExt, symlink};

    use super::*;

    fn set(path: &Path, mode: u32) {
        std::fs::set_permissions(path, Permissions::from_mode(mode)).unwrap();
    }
    fn mode(path: &Path) -> u32 {
        std::fs::metadata(path).unwrap().permissions().mode() & 0o777
    }

    #[test]
    fn a_folder_that_others_may_write_into_is_refused() {
        let dir = tempfile::tempdir().unwrap();
        sample(dir.path());
        for bad in [0o777, 0o770, 0o775, 0o702, 0o1777] {
            set(dir.path(), bad);
            let refused = opened(dir.path()).unwrap_err();
            assert_eq!(refused, JournalError::Writable { folder: dir.path().into(), mode: bad });
            assert!(refused.hint().contains("chmod 700"), "{}", refused.hint());
            let new = dir.path().join("copy");
            std::fs::create_dir_all(&new).unwrap();
            set(&new, bad);
            assert!(CatchUp::new(dir.path(), &new).step().is_err(), "the second copy too");
            assert!(restore(&dir.path().join("none"), &new, None).is_err());
        }
        for good in [0o700, 0o750, 0o755] {
            set(dir.path(), good);
            open(dir.path());
        }
    }

    #[test]
    fn what_is_secret_in_it_is_taken_from_others() {
        let dir = tempfile::tempdir().unwrap();
        sample(dir.path());
        SealKey::load_or_create(dir.path()).unwrap();
        let secret = ["journal.db", "key", "seal-key", "lock"];
        secret.iter().for_each(|name| set(&dir.path().join(name), 0o664));
        drop(open(dir.path()));
        for name in secret {
            assert_eq!(mode(&dir.path().join(name)), 0o600, "{name}");
        }
    }

    /// The lock is held by the folder's inode too, and taken anew where its file is gone.
    #[test]
    fn a_lock_file_that_is_removed_or_replaced_lets_nobody_in() {
        for second_copy in [false, true] {
            let dir = tempfile::tempdir().unwrap();
            sample(dir.path());
            let replace: [fn(&Path); 3] = [
                |lock| std::fs::remove_file(lock).unwrap(),
                |lock| {
                    std::fs::remove_file(lock).unwrap();
                    std::fs::write(lock, "1").unwrap();
                },
                |lock| {
                    std::fs::rename(lock, lock.with_extension("away")).unwrap();
                    symlink("lock.away", lock).unwrap();
                },
            ];
            for replace in replace {
                let mut store = open(dir.path());
                replace(&dir.path().join("lock"));
                let refused = match second_copy {
                    false => opened(dir.path()).map(|_| ()).unwrap_err(),
                    true => {
                        let other = tempfile::tempdir().unwrap();
                        drop(open(other.path()));
                        CatchUp::new(other.path(), dir.path()).step().unwrap_err()
                    }
                };
                assert!(matches!(refused, JournalError::InUse { .. }), "{refused}");
                append(&mut store, batch(&["goes on"])).unwrap();
                let line = std::fs::read_to_string(dir.path().join("lock")).unwrap();
                assert_eq!(line.trim(), std::process::id().to_string(), "it is held again");
                drop(store);
                let _ = std::fs::remove_file(dir.path().join("lock"));
            }
        }
    }

    /// Where the file system has no locks on folders, the process that lost its lock file writes nothing more.
    #[test]
    fn who_finds_its_lock_held_by_another_writes_nothing_more() {
        let dir = tempfile::tempdir().unwrap();
        let mut store = open(dir.path());
        let lock = dir.path().join("lock");
        std::fs::remove_file(&lock).unwrap();
        let other = std::fs::File::create(&lock).unwrap();
        other.try_lock().unwrap();
        assert!(matches!(append(&mut store, batch(&["a"])), Err(JournalError::InUse { .. })));
        drop(other);
        append(&mut store, batch(&["a"])).unwrap();
    }

    #[test]
    fn a_backup_is_written_into_no_file_or_link_of_somebody_else() {
        let dir = tempfile::tempdir().unwrap();
        let (state, out) = (dir.path().join("state"), dir.path().join("out"));
        sample(&state);
        std::fs::create_dir(&out).unwrap();
        let key = std::fs::read(state.join("key")).unwrap();
        let foreign = out.join("foreign");
        std::fs::write(&foreign, "theirs").unwrap();
        set(&foreign, 0o666);
        // Prepared under the name that is written first, and under the name itself.
        symlink(&foreign, out.join("b.vkb.part")).unwrap();
        std::fs::write(out.join("c.vkb.part"), "theirs").unwrap();
        set(&out.join("c.vkb.part"), 0o666);
        for name in ["b.vkb", "c.vkb"] {
            backup(&state, &out.join(name), true, 0).unwrap();
            assert_eq!(mode(&out.join(name)), 0o600);
            assert!(std::fs::symlink_metadata(out.join(name)).unwrap().is_file());
        }
        symlink(&foreign, out.join("d.vkb")).unwrap();
        symlink(out.join("nowhere"), out.join("e.vkb")).unwrap();
        for taken in ["d.vkb", "e.vkb"] {
            let refused = backup(&state, &out.join(taken), true, 0).unwrap_err();
            assert!(refused.to_string().contains("overwrites nothing"), "{refused}");
        }
        assert!(!out.join("nowhere").exists());
        for theirs in ["foreign", "c.vkb.part"] {
            assert_eq!(std::fs::read(out.join(theirs)).unwrap(), b"theirs");
        }
        // What a crash has left of an earlier one goes with the next.
        let left = out.join(".vardkase-backup-0123456789abcdef");
        std::fs::create_dir(&left).unwrap();
        std::fs::write(left.join("journal.db"), &key).unwrap();
        backup(&state, &out.join("f.vkb"), true, 0).unwrap();
        let hidden =
            std::fs::read_dir(&out).unwrap().flatten().filter(|e| e.file_name().to_string_lossy().starts_with('.'));
        assert_eq!(hidden.count(), 0);
    }
}
