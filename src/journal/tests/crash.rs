//! A crash at any point leaves a prefix of what was committed.

#![expect(clippy::disallowed_macros, reason = "the test that started this one reads it")]

use std::io::{BufRead, BufReader};
use std::process::{Command, Stdio};

use super::*;

/// Where the process that is to be killed finds its folder.
const VICTIM_FOLDER: &str = "VARDKASE_TEST_VICTIM_FOLDER";

/// No test of its own: appends until it is killed, and tells each head that it was promised.
#[test]
#[ignore = "started by killed_without_warning"]
fn victim() {
    let Some(folder) = std::env::var_os(VICTIM_FOLDER) else { return };
    let mut store = open(Path::new(&folder));
    loop {
        let head = append(&mut store, batch(&["a", "b", "c"])).unwrap();
        println!("\npromised {head}");
        store.idle();
    }
}

#[test]
fn killed_without_warning() {
    let dir = tempfile::tempdir().unwrap();
    for round in 1..=3 {
        let mut victim = Command::new(std::env::current_exe().unwrap())
            .args(["--ignored", "--exact", "journal::tests::crash::victim", "--nocapture"])
            .env(VICTIM_FOLDER, dir.path())
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        let lines = BufReader::new(victim.stdout.take().unwrap()).lines().map(Result::unwrap);
        let mut promises = lines.filter_map(|line| line.strip_prefix("promised ")?.parse::<Head>().ok());
        let seen = promises.nth(20 * round).unwrap();
        let in_use = SqliteStore::open(dir.path(), OpenOptions::default()).unwrap_err();
        assert_eq!(in_use, JournalError::InUse { folder: dir.path().into(), pid: Some(victim.id()) });
        victim.kill().unwrap();
        victim.wait().unwrap();
        let last = promises.last().unwrap_or(seen);
        let store = open(dir.path());
        assert_eq!(store.open_reader()().unwrap().head_at(last.seq).unwrap(), Some(last));
        assert_eq!(store.head().seq % 3, 0, "a batch is there whole or not at all");
        assert!(verify(dir.path(), VerifyOptions { expect: Some(last) }).unwrap().is_whole());
    }
}

/// What a power cut would leave: the files as they are at this moment, with the WAL cut anywhere.
fn crash(from: &Path, wal_len: Option<usize>) -> tempfile::TempDir {
    let dir = tempfile::tempdir().unwrap();
    for name in ["journal.db", "key"] {
        std::fs::copy(from.join(name), dir.path().join(name)).unwrap();
    }
    if let Ok(wal) = std::fs::read(from.join("journal.db-wal")) {
        let len = wal_len.unwrap_or(wal.len()).min(wal.len());
        std::fs::write(dir.path().join("journal.db-wal"), &wal[..len]).unwrap();
    }
    dir
}

#[test]
fn what_was_confirmed_survives_a_crash_at_every_step() {
    let dir = tempfile::tempdir().unwrap();
    let mut store = open(dir.path());
    let mut confirmed = Vec::new();
    for n in 0..40 {
        let text = format!("record {n}");
        append(&mut store, batch(&[&text])).unwrap();
        confirmed.push(text);
        if n % 7 == 3 {
            store.conn().query_row("PRAGMA wal_checkpoint(PASSIVE)", [], |_| Ok(())).unwrap();
        }
        let after = crash(dir.path(), None);
        let mut recovered = open(after.path());
        assert_eq!(recovered.head(), store.head());
        append(&mut recovered, batch(&["after"])).unwrap();
        let mut expected = confirmed.clone();
        expected.push("after".into());
        assert_eq!(texts(after.path()).unwrap(), expected);
    }
}

#[test]
fn a_torn_wal_leaves_whole_batches() {
    let dir = tempfile::tempdir().unwrap();
    let mut store = open(dir.path());
    let heads: Vec<Head> = (0..6).map(|_| append(&mut store, batch(&["a", "b", "c"])).unwrap()).collect();
    let wal_len = std::fs::metadata(dir.path().join("journal.db-wal")).unwrap().len() as usize;
    let mut seen = std::collections::BTreeSet::new();
    for len in (0..=wal_len).step_by(509) {
        let after = crash(dir.path(), Some(len));
        // Cut before the tables were made, it is an empty journal again.
        let recovered = open(after.path());
        let head = recovered.head();
        assert!(head == Head::START || heads.contains(&head), "{head} after {len} bytes");
        assert!(verify(after.path(), VerifyOptions::default()).unwrap().is_whole());
        seen.insert(head.seq);
    }
    assert!(seen.len() >= 6, "the cuts went through every batch: {seen:?}");
}

/// Killed while another thread appends as fast as it can: the copy is taken from under it.
#[test]
fn a_copy_taken_under_load_holds_what_was_confirmed_before_it() {
    let dir = tempfile::tempdir().unwrap();
    let journal = Journal::open(dir.path(), OpenOptions::default()).unwrap();
    let writer = journal.clone();
    let (stop, stopped) = std::sync::mpsc::channel::<()>();
    let load = std::thread::spawn(move || {
        let mut seq = 0;
        // Few enough that no checkpoint runs: a power cut stops both files at once, copying them does not.
        while seq < 300 * 50 && stopped.try_recv().is_err() {
            seq = writer.submit_blocking(seq, batch(&["x"; 50])).unwrap().wait().unwrap().seq;
        }
    });
    let mut heads = journal.heads();
    for _ in 0..5 {
        let confirmed = *heads.borrow_and_update();
        let after = crash(dir.path(), None);
        let recovered = open(after.path());
        assert!(recovered.head().seq >= confirmed.seq);
        let reader = recovered.open_reader()().unwrap();
        assert_eq!(reader.head_at(confirmed.seq).unwrap(), Some(confirmed));
    }
    let _ = stop.send(());
    load.join().unwrap();
    journal.close();
}
