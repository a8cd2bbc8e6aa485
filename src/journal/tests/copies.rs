//! Two copies: each commit is on both, one that fails delays nobody, and a start knows which is which.

use std::time::{Duration, Instant};

use super::*;

struct Two {
    _dir: tempfile::TempDir,
    state: std::path::PathBuf,
    second: std::path::PathBuf,
}

fn two() -> Two {
    let dir = tempfile::tempdir().unwrap();
    let (state, second) = (dir.path().join("state"), dir.path().join("second"));
    Two { _dir: dir, state, second }
}

impl Two {
    fn start(&self) -> (Journal, Option<Repaired>) {
        Journal::open_with_second_copy(&self.state, &self.second, OpenOptions::default()).unwrap()
    }
}

fn write(journal: &Journal, texts: &[&str]) -> Head {
    journal.submit_blocking(journal.head().seq, batch(texts)).unwrap().wait().unwrap()
}

fn recorded(dir: &Path) -> Head {
    SqliteReader::open(dir).unwrap().head().unwrap()
}

/// A disk that hangs: nobody else can write there.
fn hang(dir: &Path) -> rusqlite::Connection {
    let conn = tamper(dir);
    conn.execute_batch("BEGIN IMMEDIATE").unwrap();
    conn
}

fn until(what: &str, mut so: impl FnMut() -> bool) {
    let begin = Instant::now();
    while !so() {
        assert!(begin.elapsed() < Duration::from_secs(20), "never: {what}");
        std::thread::sleep(Duration::from_millis(5));
    }
}

#[test]
fn a_commit_counts_when_it_is_on_both() {
    let both = two();
    let (journal, repaired) = both.start();
    assert_eq!(repaired, None);
    for n in 0..20 {
        let sealed = journal.sealer().seal("14", format!("+4670174{n:04}").as_bytes()).unwrap();
        let mut batch = Batch::of(vec![record("a").with_private(sealed)]);
        batch.put_blob(vec![n]);
        let head = journal.submit_blocking(journal.head().seq, batch).unwrap().wait().unwrap();
        assert_eq!((recorded(&both.state), recorded(&both.second)), (head, head));
    }
    let disks = journal.disks();
    assert!(disks.copies.iter().all(|c| c.out.is_none() && c.head == journal.head()), "{disks:?}");
    assert!(disks.same_disk && !disks.are_well(), "two folders on one disk are told");
    journal.close();
    for dir in [&both.state, &both.second] {
        let report = verify(dir, VerifyOptions::default()).unwrap();
        assert!(report.is_whole() && report.private_proved == 20 && report.blobs_proved == 20, "{report}");
    }
    assert_eq!(compare(&both.state, &both.second), Ok(Standing::Equal));
}

#[test]
fn a_second_copy_that_hangs_is_out_and_caught_up_later() {
    let both = two();
    let (journal, _) = both.start();
    write(&journal, &["both"]);
    let held = hang(&both.second);
    let begin = Instant::now();
    write(&journal, &["late"]);
    assert!(begin.elapsed() >= LATE_AFTER && begin.elapsed() < 5 * LATE_AFTER, "{:?}", begin.elapsed());
    assert!(matches!(&journal.disks().copies[1].out, Some(JournalError::Late { folder }) if *folder == both.second));
    let begin = Instant::now();
    for _ in 0..10 {
        write(&journal, &["alone"]);
    }
    assert!(begin.elapsed() < LATE_AFTER, "one that is out delays nobody");
    assert_eq!(recorded(&both.second).seq, 1);
    drop(held);
    // Nothing is written meanwhile: it comes back by itself.
    until("back", || journal.disks().copies[1].out.is_none());
    assert_eq!(recorded(&both.second), journal.head());
    let head = write(&journal, &["both again"]);
    assert_eq!(recorded(&both.second), head);
    journal.close();
    assert!(verify(&both.second, VerifyOptions { expect: Some(head) }).unwrap().is_whole());
}

#[test]
fn when_the_state_folder_hangs_the_second_copy_carries_on_and_repairs_it() {
    let both = two();
    let (journal, _) = both.start();
    let first = write(&journal, &["both"]);
    let held = hang(&both.state);
    let head = write(&journal, &["on the second copy alone"]);
    assert_eq!((head.seq, recorded(&both.second)), (2, head));
    assert!(journal.disks().copies[0].out.is_some() && journal.disks().copies[1].out.is_none());
    let reader = journal.reader().unwrap();
    assert_eq!(reader.head().unwrap(), head, "readers follow the copy that has it");
    drop(reader);
    // The program dies here, and the disk comes back: the copy of the folder as it was.
    let after = tempfile::tempdir().unwrap();
    let (state, second) = (after.path().join("state"), after.path().join("second"));
    for (from, to) in [(&both.state, &state), (&both.second, &second)] {
        std::fs::create_dir(to).unwrap();
        for file in ["journal.db", "journal.db-wal", "key"] {
            let _ = std::fs::copy(from.join(file), to.join(file));
        }
    }
    assert_eq!(recorded(&state), first);
    let (restarted, repaired) = Journal::open_with_second_copy(&state, &second, OpenOptions::default()).unwrap();
    assert_eq!(repaired, Some(Repaired { from: first, to: head }));
    assert_eq!(restarted.head(), head);
    restarted.close();
    assert_eq!(compare(&state, &second), Ok(Standing::Equal));
    drop(held);
    until("back", || journal.disks().copies[0].out.is_none());
    let head = write(&journal, &["both"]);
    assert_eq!((recorded(&both.state), recorded(&both.second)), (head, head));
    journal.close();
}

/// Whatever each of them holds, when one is the beginning of the other both hold the longer one after the start.
#[test]
fn the_shorter_is_repaired_from_the_longer() {
    for (have, theirs) in [(0, 0), (0, 3), (3, 0), (1, 3), (3, 1), (2, 2)] {
        let both = two();
        let (journal, _) = both.start();
        let (mut commitment, mut saved) = (None, [None, None]);
        let save = |n: usize, saved: &mut [Option<tempfile::TempDir>; 2]| {
            for (ix, (dir, wanted)) in [(&both.state, have), (&both.second, theirs)].into_iter().enumerate() {
                if wanted == n {
                    let copy = tempfile::tempdir().unwrap();
                    for file in ["journal.db", "journal.db-wal", "key"].iter().filter(|_| n > 0) {
                        let _ = std::fs::copy(dir.join(file), copy.path().join(file));
                    }
                    saved[ix] = Some(copy);
                }
            }
        };
        save(0, &mut saved);
        for n in 1..=3 {
            let sealed = journal.sealer().seal("14", b"+46701740605").unwrap();
            commitment = Some(sealed.commitment());
            let batch = Batch::of(vec![record(&n.to_string()).with_private(sealed)]);
            journal.submit_blocking(n - 1, batch).unwrap().wait().unwrap();
            save(n as usize, &mut saved);
        }
        journal.close();
        let [state, second] = saved.map(|dir| dir.unwrap());
        let (journal, repaired) =
            Journal::open_with_second_copy(state.path(), second.path(), OpenOptions::default()).unwrap();
        assert_eq!(repaired.is_some(), have < theirs, "{have} {theirs}");
        assert_eq!(journal.head().seq, have.max(theirs) as u64);
        write(&journal, &["on"]);
        assert_eq!(recorded(second.path()), journal.head());
        if have.max(theirs) > 0 {
            assert_eq!(journal.reader().unwrap().unseal(commitment.unwrap()).unwrap().unwrap(), b"+46701740605");
        }
        journal.close();
        for dir in [&state, &second] {
            assert!(verify(dir.path(), VerifyOptions::default()).unwrap().is_whole());
        }
    }
}

#[test]
fn two_that_differ_are_told_at_the_first_record_and_left_alone() {
    for apart_at in 1..=9_u64 {
        let both = two();
        let (journal, _) = both.start();
        for n in 1..apart_at {
            write(&journal, &[&n.to_string()]);
        }
        journal.close();
        for (dir, name, len) in [(&both.state, "ours", 9), (&both.second, "theirs", 12)] {
            let mut store = open(dir);
            for _ in apart_at..=len {
                append(&mut store, batch(&[name])).unwrap();
            }
        }
        let before = [&both.state, &both.second].map(|dir| recorded(dir));
        let error = Journal::open_with_second_copy(&both.state, &both.second, OpenOptions::default()).unwrap_err();
        let told =
            JournalError::Differ { seq: apart_at, first: (both.state.clone(), 9), second: (both.second.clone(), 12) };
        assert_eq!(error, told);
        assert!(error.to_string().contains(&format!("from record {apart_at} on")));
        assert!(error.hint().contains("vardkase log --offline") && error.hint().contains("empty folder"));
        assert_eq!([&both.state, &both.second].map(|dir| recorded(dir)), before, "neither was touched");
    }
}

#[test]
fn a_second_disk_that_is_missing_stops_no_start_and_joins_when_it_comes() {
    let both = two();
    std::fs::write(&both.second, "no folder").unwrap();
    let (journal, _) = both.start();
    write(&journal, &["a"]);
    assert!(journal.disks().copies[1].out.is_some());
    std::fs::remove_file(&both.second).unwrap();
    until("joined", || journal.disks().copies[1].out.is_none());
    write(&journal, &["b"]);
    journal.close();
    assert_eq!(texts(&both.second).unwrap(), ["a", "b"]);
}

#[test]
fn a_key_file_that_is_gone_comes_back_from_the_second_copy() {
    let both = two();
    let (journal, _) = both.start();
    write(&journal, &["a"]);
    journal.close();
    std::fs::remove_file(both.state.join("key")).unwrap();
    let (journal, _) = both.start();
    write(&journal, &["b"]);
    journal.close();
    assert_eq!(std::fs::read(both.state.join("key")).unwrap(), std::fs::read(both.second.join("key")).unwrap());
}

#[test]
fn what_is_forgotten_is_forgotten_on_both() {
    let both = two();
    let (journal, _) = both.start();
    let sealed = journal.sealer().seal("14", b"+46701740605").unwrap();
    let commitment = sealed.commitment();
    let batch_of = Batch::of(vec![record("a").with_private(sealed)]);
    journal.submit_blocking(0, batch_of).unwrap().wait().unwrap();
    let forget = Batch { forget: vec!["14".into()], ..batch(&["forgotten"]) };
    journal.submit_blocking(1, forget).unwrap().wait().unwrap();
    assert!(matches!(journal.sealer().seal("14", b"x"), Err(JournalError::Forgotten { .. })));
    journal.close();
    for dir in [&both.state, &both.second] {
        assert_eq!(SqliteReader::open(dir).unwrap().unseal(commitment).unwrap(), None);
    }
}

/// What a folder's files hold of an incident: its key as it is wrapped, and a value as it is sealed.
fn kept_of(dir: &Path, incident: &str) -> Vec<Vec<u8>> {
    let conn = tamper(dir);
    let one = |sql: &str| -> Vec<u8> { conn.query_row(sql, [incident], |row| row.get(0)).unwrap() };
    let all = vec![
        one("SELECT wrapped FROM keys WHERE incident = ?1"),
        one("SELECT sealed FROM private WHERE incident = ?1 ORDER BY length(sealed) DESC LIMIT 1"),
    ];
    // Into the database file, so that forgetting has to reach it there too.
    conn.query_row("PRAGMA wal_checkpoint(FULL)", [], |_| Ok(())).unwrap();
    all
}

/// A copy that is out when something is forgotten forgets it when it comes back: the bytes are gone from its files too.
#[test]
fn a_copy_that_was_out_forgets_when_it_comes_back() {
    for out in [0, 1] {
        let both = two();
        let dirs = [&both.state, &both.second];
        let (journal, _) = both.start();
        let contacts = journal.sealer().seal("14", &[7; 20_000]).unwrap();
        let opened = Batch::of(vec![record("opened").with_private(contacts)]);
        journal.submit_blocking(0, opened).unwrap().wait().unwrap();
        let kept = kept_of(dirs[out], "14");
        let held = hang(dirs[out]);
        let forget = Batch { forget: vec!["14".into()], ..batch(&["forgotten"]) };
        journal.submit_blocking(1, forget).unwrap().wait().unwrap();
        assert!(kept.iter().all(|bytes| contains(&all_bytes(dirs[out]), &bytes[..100.min(bytes.len())])));
        drop(held);
        until("back", || journal.disks().copies[out].out.is_none());
        until("gone", || !kept.iter().any(|bytes| contains(&all_bytes(dirs[out]), &bytes[..100.min(bytes.len())])));
        journal.close();
        for dir in dirs {
            let report = verify(dir, VerifyOptions::default()).unwrap();
            assert!(report.is_whole() && report.private_forgotten == 1, "{report}");
        }
    }
}

#[test]
fn a_second_copy_that_somebody_removes_is_made_anew() {
    let both = two();
    let (journal, _) = both.start();
    write(&journal, &["a"]);
    std::fs::remove_dir_all(&both.second).unwrap();
    write(&journal, &["b"]);
    assert!(journal.disks().copies[1].out.is_some(), "what nobody can use is not a copy");
    until("back", || journal.disks().copies[1].out.is_none());
    write(&journal, &["c"]);
    journal.close();
    assert_eq!(texts(&both.second).unwrap(), ["a", "b", "c"]);
}
