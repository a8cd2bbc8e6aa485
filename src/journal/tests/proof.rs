//! Whatever is changed is found, and where.

use proptest::prelude::*;
use rusqlite::params;

use super::*;

/// Six records in three frames: 1–3, 4, 5–6.
fn sample() -> (tempfile::TempDir, Head) {
    let dir = tempfile::tempdir().unwrap();
    let mut store = open(dir.path());
    let sealed = store.sealer().seal("14", b"+46701740605").unwrap();
    append(&mut store, batch(&["one", "two", "three"])).unwrap();
    let mut with_plan = Batch::of(vec![record("four").with_private(sealed)]);
    with_plan.put_blob(b"plan".to_vec());
    append(&mut store, with_plan).unwrap();
    let head = append(&mut store, batch(&["five", "six"])).unwrap();
    (dir, head)
}

fn report(dir: &Path) -> Report {
    verify(dir, VerifyOptions::default()).unwrap()
}

#[test]
fn a_whole_journal_verifies_also_beside_its_owner_and_as_a_copy() {
    let (dir, head) = sample();
    let running = open(dir.path());
    let found = report(dir.path());
    assert!(found.is_whole(), "{found}");
    assert_eq!((found.records, found.head), (6, Some(head)));
    assert_eq!((found.private_proved, found.blobs_proved), (1, 1));
    assert!(found.to_string().starts_with("the journal is whole: 6 records\n"));
    drop(running);
    let copy = dir.path().join("elsewhere.db");
    std::fs::copy(dir.path().join("journal.db"), &copy).unwrap();
    std::fs::remove_file(dir.path().join("key")).unwrap();
    let found = report(&copy);
    assert!(found.is_whole(), "{found}");
    assert_eq!((found.records, found.private_proved, found.private_without_key), (6, 0, 1));
}

#[test]
fn tampering_is_found_at_its_record() {
    let cases: &[(&str, u64, &str)] = &[
        ("DELETE FROM frames WHERE first = 4", 4, "records 4 to 4 are missing"),
        ("DELETE FROM frames WHERE first = 1", 1, "records 1 to 3 are missing"),
        ("DELETE FROM frames WHERE first = 5", 5, "the tail is cut off: the recorded head is 6"),
        ("INSERT INTO frames SELECT 2, count, hash, body FROM frames WHERE first = 4", 2, "another one is already"),
        ("INSERT INTO frames SELECT 7, count, hash, body FROM frames WHERE first = 4", 7, "does not follow"),
        ("UPDATE frames SET count = 2 WHERE first = 4", 5, "says that it ends at 5, and ends at 4"),
        ("UPDATE frames SET count = 0 WHERE first = 4", 4, "says that it ends at 3, and ends at 4"),
        ("UPDATE frames SET count = -9 WHERE first = 4", 4, ""),
        ("UPDATE frames SET hash = x'00' WHERE first = 4", 4, ""),
        ("UPDATE frames SET hash = zeroblob(32) WHERE first = 4", 4, "not the one that stands beside its frame"),
        ("UPDATE frames SET body = x'' WHERE first = 4", 4, "empty frame"),
        ("UPDATE frames SET body = substr(body, 1, length(body) - 1) WHERE first = 1", 3, "ends within it"),
        ("UPDATE head SET hash = zeroblob(32)", 6, "recorded as the head"),
        ("UPDATE frames SET first = -4 WHERE first = 4", 1, ""),
        // Two frames swapped.
        ("UPDATE frames SET body = (SELECT body FROM frames WHERE first = 5) WHERE first = 1", 1, "does not follow"),
    ];
    for (sql, seq, says) in cases {
        let (dir, _) = sample();
        tamper(dir.path()).execute_batch(sql).unwrap();
        let found = report(dir.path());
        let fault = found.fault.clone().unwrap_or_else(|| panic!("{sql}: {found}"));
        assert_eq!((fault.what, fault.seq), (What::Record, Some(*seq)), "{sql}: {fault}");
        assert!(fault.text.contains(says), "{sql}: {fault}");
        assert!(found.records < *seq, "{sql}: {found}");
        assert!(texts(dir.path()).is_err(), "{sql}: a replay stops there too");
    }
}

/// Whoever may write the file can compute a new chain. A head noted elsewhere finds it.
#[test]
fn a_head_noted_elsewhere_finds_a_chain_computed_anew() {
    let (dir, noted) = sample();
    let expect = |dir: &Path| verify(dir, VerifyOptions { expect: Some(noted) }).unwrap();
    assert!(expect(dir.path()).is_whole());
    let mut store = open(dir.path());
    append(&mut store, batch(&["seven"])).unwrap();
    assert!(expect(dir.path()).is_whole(), "a longer journal holds the noted head too");
    drop(store);

    let shorter = tamper(dir.path());
    shorter.execute("DELETE FROM frames WHERE first >= 5", []).unwrap();
    shorter.execute("UPDATE head SET seq = 4, hash = (SELECT hash FROM frames WHERE first = 4)", []).unwrap();
    drop(shorter);
    assert!(report(dir.path()).is_whole(), "by itself it looks whole");
    let found = expect(dir.path());
    assert_eq!(found.fault.as_ref().map(|f| (f.what, f.seq)), Some((What::Expected, Some(5))), "{found}");

    let mut store = open(dir.path());
    append(&mut store, batch(&["five", "another six"])).unwrap();
    assert!(report(dir.path()).is_whole());
    let found = expect(dir.path());
    assert_eq!(found.fault.as_ref().map(|f| (f.what, f.seq)), Some((What::Expected, Some(6))), "{found}");
}

#[test]
fn faults_beside_the_chain_are_told_apart() {
    let cases = [
        ("DELETE FROM private", What::Private, "is missing"),
        ("UPDATE private SET sealed = zeroblob(60)", What::Private, "not what was committed to"),
        ("UPDATE private SET sealed = NULL", What::Private, "is gone, its key is not"),
        ("UPDATE keys SET wrapped = NULL", What::Private, "is gone, it is not"),
        ("UPDATE private SET commitment = zeroblob(16)", What::Private, "is missing"),
        ("UPDATE blobs SET bytes = x'00'", What::Blob, "not what its name says"),
        ("DROP TABLE blobs", What::Blob, ""),
    ];
    for (sql, what, says) in cases {
        let (dir, _) = sample();
        tamper(dir.path()).execute_batch(sql).unwrap();
        let found = report(dir.path());
        assert!(found.fault.is_none() && !found.is_whole(), "{sql}: {found}");
        assert!(found.side_faults[0].what == what && found.side_faults[0].text.contains(says), "{sql}: {found}");
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn any_flipped_byte_of_any_frame_is_found(at in any::<prop::sample::Index>(), flip in 1..=255u8) {
        let (dir, _) = sample();
        let db = tamper(dir.path());
        let frames: Vec<(i64, Vec<u8>, Vec<u8>)> = db.prepare("SELECT first, hash, body FROM frames ORDER BY first").unwrap()
            .query_map([], |row| Ok((row.get(0)?, row.get(1)?, row.get(2)?))).unwrap().map(Result::unwrap).collect();
        let mut at = at.index(frames.iter().map(|(_, hash, body)| hash.len() + body.len()).sum());
        for (first, mut hash, mut body) in frames {
            if at < hash.len() {
                hash[at] ^= flip;
            } else if at - hash.len() < body.len() {
                body[at - hash.len()] ^= flip;
            } else {
                at -= hash.len() + body.len();
                continue;
            }
            db.execute("UPDATE frames SET hash = ?2, body = ?3 WHERE first = ?1", params![first, hash, body]).unwrap();
            break;
        }
        drop(db);
        let found = report(dir.path());
        prop_assert!(found.fault.is_some(), "{found}");
        prop_assert!(texts(dir.path()).is_err());
    }

    /// Any byte of the file itself: either it is found, or every record reads as it was written.
    #[test]
    fn any_flipped_byte_of_the_file_does_no_harm(at in any::<prop::sample::Index>(), flip in 1..=255u8) {
        let (dir, head) = sample();
        let file = dir.path().join("journal.db");
        let mut bytes = std::fs::read(&file).unwrap();
        let at = at.index(bytes.len());
        bytes[at] ^= flip;
        std::fs::write(&file, bytes).unwrap();
        if let Ok(found) = verify(dir.path(), VerifyOptions { expect: Some(head) }) && found.fault.is_none() {
            prop_assert_eq!(texts(dir.path()).unwrap(), ["one", "two", "three", "four", "five", "six"]);
        }
    }
}
