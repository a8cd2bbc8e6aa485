//! What must be forgettable.

use super::*;

const ADDRESS: &[u8] = b"+46701740605";

fn with_address(store: &SqliteStore, incident: &str) -> (Batch, Commitment) {
    let sealed = store.sealer().seal(incident, ADDRESS).unwrap();
    let commitment = sealed.commitment();
    let mut bytes = b"reply from ".to_vec();
    bytes.extend(commitment.0);
    (Batch::of(vec![NewRecord::new(1, 1, 0, bytes).with_private(sealed)]), commitment)
}

fn forget(incident: &str) -> Batch {
    Batch { forget: vec![incident.into()], ..batch(&["forgotten"]) }
}

fn unseal(dir: &Path, commitment: Commitment) -> Result<Option<Vec<u8>>, JournalError> {
    SqliteReader::open(dir)?.unseal(commitment)
}

#[test]
fn an_address_is_read_back_and_stands_nowhere_in_the_folder() {
    let dir = tempfile::tempdir().unwrap();
    let mut store = open(dir.path());
    let (batch, commitment) = with_address(&store, "14");
    append(&mut store, batch.clone()).unwrap();
    append(&mut store, batch).unwrap();
    assert!(!contains(&all_bytes(dir.path()), ADDRESS));
    assert_eq!(unseal(dir.path(), commitment).unwrap().unwrap(), ADDRESS);
    let records = read_after(&*store.open_reader()().unwrap(), Head::START).unwrap();
    assert_eq!(records[0].commitments, [commitment]);
    drop(store);
    let store = open(dir.path());
    assert_eq!(store.sealer().seal("14", ADDRESS).unwrap().commitment(), commitment, "the key outlives a restart");
    assert_eq!(unseal(dir.path(), commitment).unwrap().unwrap(), ADDRESS);
    assert!(matches!(unseal(dir.path(), Commitment([0; 16])), Err(JournalError::Corrupt { .. })));
}

#[test]
fn forgetting_destroys_the_key_and_the_chain_still_verifies() {
    let dir = tempfile::tempdir().unwrap();
    let mut store = open(dir.path());
    let (batch, commitment) = with_address(&store, "14");
    let late = with_address(&store, "14").0;
    let (other, kept) = with_address(&store, "15");
    // Large enough that SQLite only unlinks its pages, unless it is told to overwrite them.
    let contacts = store.sealer().seal("14", &[7; 20_000]).unwrap();
    append(&mut store, batch).unwrap();
    append(&mut store, Batch::of(vec![record("release").with_private(contacts)])).unwrap();
    append(&mut store, other).unwrap();
    let wrapped: Vec<u8> =
        store.conn().query_row("SELECT wrapped FROM keys WHERE incident = '14'", [], |row| row.get(0)).unwrap();
    let sealed: Vec<u8> = store
        .conn()
        .query_row("SELECT sealed FROM private WHERE length(sealed) > 20000", [], |row| row.get(0))
        .unwrap();
    let sealed = &sealed[10_000..10_100];
    // Into the database file, so that forgetting has to reach it there too.
    store.conn().query_row("PRAGMA wal_checkpoint(FULL)", [], |_| Ok(())).unwrap();
    assert!(contains(&all_bytes(dir.path()), &wrapped) && contains(&all_bytes(dir.path()), sealed));

    append(&mut store, forget("14")).unwrap();
    assert!(!contains(&all_bytes(dir.path()), &wrapped), "the key is overwritten, not only unlinked");
    assert!(!contains(&all_bytes(dir.path()), sealed));
    assert_eq!(unseal(dir.path(), commitment).unwrap(), None);
    assert_eq!(unseal(dir.path(), kept).unwrap().unwrap(), ADDRESS, "other incidents keep theirs");

    append(&mut store, late).unwrap();
    assert_eq!(unseal(dir.path(), commitment).unwrap(), None, "what was sealed before and comes after stays forgotten");
    assert!(matches!(store.sealer().seal("14", b"x"), Err(JournalError::Forgotten { .. })));
    drop(store);
    let store = open(dir.path());
    assert!(matches!(store.sealer().seal("14", b"x"), Err(JournalError::Forgotten { .. })), "also after a restart");
    let report = verify(dir.path(), VerifyOptions::default()).unwrap();
    assert!(report.is_whole(), "{report}");
    assert_eq!((report.private_proved, report.private_forgotten, report.private_without_key), (1, 2, 0));
}

/// A slow reader must not hold up a forgetting; the key goes as soon as the reader is gone.
#[test]
fn forgetting_beside_a_reader_is_finished_later() {
    let dir = tempfile::tempdir().unwrap();
    let mut store = open(dir.path());
    let (batch, _) = with_address(&store, "14");
    append(&mut store, batch).unwrap();
    let wrapped: Vec<u8> = store.conn().query_row("SELECT wrapped FROM keys", [], |row| row.get(0)).unwrap();
    let other = tamper(dir.path());
    other.execute_batch("BEGIN; SELECT count(*) FROM frames").unwrap();
    append(&mut store, forget("14")).unwrap();
    other.execute_batch("COMMIT").unwrap();
    store.idle();
    assert!(!contains(&all_bytes(dir.path()), &wrapped));
}

/// The program dies between the commit and the moving of the WAL: what was forgotten goes with the next start.
#[test]
fn forgetting_that_a_crash_cut_short_is_finished_by_the_next_start() {
    let dir = tempfile::tempdir().unwrap();
    let mut store = open(dir.path());
    let (batch, _) = with_address(&store, "14");
    append(&mut store, batch).unwrap();
    let wrapped: Vec<u8> = store.conn().query_row("SELECT wrapped FROM keys", [], |row| row.get(0)).unwrap();
    store.conn().query_row("PRAGMA wal_checkpoint(FULL)", [], |_| Ok(())).unwrap();
    let other = tamper(dir.path());
    other.execute_batch("BEGIN; SELECT count(*) FROM frames").unwrap();
    append(&mut store, forget("14")).unwrap();
    let left = tempfile::tempdir().unwrap();
    for name in ["journal.db", "journal.db-wal", "key"] {
        std::fs::copy(dir.path().join(name), left.path().join(name)).unwrap();
    }
    drop((other, store));
    assert!(contains(&all_bytes(left.path()), &wrapped), "the crash came before");
    let mut store = open(left.path());
    store.idle();
    assert!(!contains(&all_bytes(left.path()), &wrapped));
}

#[test]
fn a_batch_refused_forgets_nothing() {
    let dir = tempfile::tempdir().unwrap();
    let mut store = open(dir.path());
    let (batch, commitment) = with_address(&store, "14");
    append(&mut store, batch).unwrap();
    store.append(&[Append { expected_seq: 9, batch: forget("14") }]).remove(0).unwrap_err();
    assert!(store.sealer().seal("14", b"x").is_ok());
    assert!(unseal(dir.path(), commitment).unwrap().is_some());
}

#[test]
fn a_lost_key_is_told_and_can_be_accepted() {
    let dir = tempfile::tempdir().unwrap();
    let mut store = open(dir.path());
    let (batch, old) = with_address(&store, "14");
    append(&mut store, batch).unwrap();
    drop(store);
    let key_file = dir.path().join("key");
    let key = std::fs::read(&key_file).unwrap();
    for (damage, says) in [(None, "is missing"), (Some("garbage"), "is damaged"), (Some("\u{fffd}"), "is damaged")] {
        std::fs::remove_file(&key_file).unwrap();
        if let Some(text) = damage {
            std::fs::write(&key_file, text).unwrap();
        }
        let error = SqliteStore::open(dir.path(), OpenOptions::default()).unwrap_err();
        assert_eq!(error, JournalError::Key { file: key_file.clone(), what: says });
        std::fs::write(&key_file, &key).unwrap();
    }
    let elsewhere = tempfile::tempdir().unwrap();
    drop(open(elsewhere.path()));
    std::fs::copy(elsewhere.path().join("key"), &key_file).unwrap();
    let error = SqliteStore::open(dir.path(), OpenOptions::default()).unwrap_err();
    assert_eq!(error, JournalError::Key { file: key_file.clone(), what: "belongs to another journal" });

    std::fs::remove_file(&key_file).unwrap();
    let mut store =
        SqliteStore::open(dir.path(), OpenOptions { accept_lost_key: true, ..OpenOptions::default() }).unwrap();
    let (batch, new) = with_address(&store, "14");
    append(&mut store, batch).unwrap();
    drop(store);
    drop(open(dir.path()));
    assert_eq!(unseal(dir.path(), new).unwrap().unwrap(), ADDRESS, "the open incident goes on");
    assert!(matches!(unseal(dir.path(), old), Err(JournalError::Key { .. })));
    let report = verify(dir.path(), VerifyOptions::default()).unwrap();
    assert!(report.is_whole(), "{report}");
    assert_eq!((report.private_proved, report.private_without_key), (1, 1));
}
