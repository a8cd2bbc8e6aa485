//! A state folder that an earlier build wrote (`tests/golden/state-before/`): it is read whole, goes on, and proves itself.

use std::io::{BufReader, Read};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use serde_json::Value;
use vardkase::clock::VirtualClock;
use vardkase::dispatch::evidence::{Expected, prove};
use vardkase::dispatch::recover::{Recovered, recover};
use vardkase::domain::ids::IncidentNo;
use vardkase::domain::incident::input::Action;
use vardkase::domain::private::Private;
use vardkase::domain::view;
use vardkase::journal::{Journal, OpenOptions, Reader, SqliteReader, Standing, VerifyOptions, compare, verify};

use crate::engine::rig::{self, Options, replay};

fn golden(name: &str) -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("tests/golden/state-before").join(name)
}

fn unpacked(file: &Path) -> Vec<u8> {
    let bytes = std::fs::read(file).unwrap();
    if file.extension().is_none_or(|e| e != "gz") {
        return bytes;
    }
    let mut whole = Vec::new();
    flate2::read::GzDecoder::new(&bytes[..]).read_to_end(&mut whole).unwrap();
    whole
}

/// A folder of the golden state, written out.
fn folder(name: &str, to: &Path) {
    std::fs::create_dir_all(to).unwrap();
    for entry in std::fs::read_dir(golden(name)).unwrap().map(Result::unwrap) {
        let file = entry.file_name().into_string().unwrap();
        std::fs::write(to.join(file.trim_end_matches(".gz")), unpacked(&entry.path())).unwrap();
    }
}

fn read(dir: &Path) -> Recovered {
    recover(&SqliteReader::open(dir).unwrap(), Arc::default()).unwrap()
}

fn whole(dir: &Path) -> u64 {
    let report = verify(dir, VerifyOptions::default()).unwrap();
    assert!(report.is_whole(), "{report:?}");
    report.head.unwrap().seq
}

/// The incidents are what the program that wrote them showed.
fn as_it_was_seen(recovered: &Recovered) {
    let seen: Value = serde_json::from_slice(&unpacked(&golden("seen.json"))).unwrap();
    for (no, seen) in seen.as_object().unwrap() {
        let no: IncidentNo = no.parse().unwrap();
        let shown = view::incident(&recovered.state, no, recovered.last_at.unwrap()).unwrap();
        let shown = serde_json::to_value(shown).unwrap();
        let summary = &shown["summary"];
        assert_eq!((&summary["phase"], &summary["newest"]), (&seen["phase"], &seen["newest"]), "{no}");
        for count in ["addressed", "asked", "acknowledged", "not_reached", "approvals", "proposals", "steps"] {
            assert_eq!(summary["counts"][count], seen["counts"][count], "{no}: {count}");
        }
        assert_eq!(summary["counts"]["handed_over"], seen["counts"]["accepted"], "{no}: as it was called then");
    }
}

#[test]
fn both_copies_are_read_whole() {
    let dir = tempfile::tempdir().unwrap();
    let (state, copy) = (dir.path().join("state"), dir.path().join("copy"));
    folder("state", &state);
    folder("copy", &copy);
    assert_eq!(whole(&state), 841);
    assert_eq!(whole(&copy), 841);
    let recovered = read(&state);
    as_it_was_seen(&recovered);
    assert!(recovered.state == read(&copy).state);
    // An incident's contacts, its plan after it moved, and what was decided before it stood in events.
    let inc = |n| &recovered.state.incidents[&IncidentNo::actual(n)];
    assert_eq!(recovered.contacts.len(), recovered.state.incidents.len());
    assert!(inc(3).plan.hash != inc(2).plan.hash);
    assert!(inc(2).arrivals.len() >= 2, "who answered is to come, as the row says");
    assert!(inc(2).trailers.iter().any(|t| t.starts_with("Svara JA 2")), "{:?}", inc(2).trailers);
    // Private values come back.
    let words: Vec<&Private> = inc(2)
        .steps
        .iter()
        .filter_map(|s| match &s.state {
            vardkase::domain::incident::steps::StepState::Ended { words, .. } => Some(words),
            _ => None,
        })
        .collect();
    assert!(words.iter().any(|w| w.as_str() == "hemlig referens sex"));
    assert!(inc(2).notes.iter().all(|n| !n.text.is_empty()));
}

#[tokio::test]
async fn it_goes_on_in_both_copies() {
    let dir = tempfile::tempdir().unwrap();
    let (state, copy) = (dir.path().join("state"), dir.path().join("copy"));
    folder("state", &state);
    folder("copy", &copy);
    let before = read(&state);
    let clock = VirtualClock::stepped(before.last_at.unwrap().timestamp());
    let rig = rig::start(&state, Options { clock, ..Options::default() });
    rig.settled().await;
    rig.act("tib", Action::Restored { incident: IncidentNo::actual(2), news: Default::default() }).await;
    rig.settled().await;
    let after = rig.state().await;
    rig.stop().await;
    let again = replay(&state);
    assert!(again.state == after, "a replay of old and new records is another state");
    assert!(again.head.seq > 841 && again.kept.format == vardkase::record::FORMAT);
    assert_eq!(whole(&state), again.head.seq);
    // The copy catches up.
    let (first, second) = (state.clone(), copy.clone());
    let caught_up = tokio::task::spawn_blocking(move || {
        let (journal, repaired) = Journal::open_with_second_copy(&first, &second, OpenOptions::default()).unwrap();
        journal.close();
        repaired
    });
    assert!(caught_up.await.unwrap().is_none());
    assert!(matches!(compare(&state, &copy), Ok(Standing::Equal)));
    assert_eq!(whole(&copy), again.head.seq);
    assert!(replay(&copy).state == after);
}

#[test]
fn its_backup_is_restored_and_its_evidence_proved() {
    let dir = tempfile::tempdir().unwrap();
    let (file, to) = (dir.path().join("backup.db"), dir.path().join("restored"));
    std::fs::write(&file, unpacked(&golden("backup.db.gz"))).unwrap();
    let info = vardkase::journal::restore(&file, &to, None).unwrap();
    assert!(info.with_keys && info.head.seq == 841 && info.program == "0.1.0");
    assert_eq!(whole(&to), 841);
    as_it_was_seen(&read(&to));

    let evidence = unpacked(&golden("evidence.jsonl.gz"));
    let proof = prove(&mut BufReader::new(&evidence[..]), &Expected::default()).unwrap();
    assert_eq!((proof.records, proof.head), (841, SqliteReader::open(&to).unwrap().head().unwrap().to_string()));
    assert!(proof.plans >= 2 && proof.seals >= 5);
    let newer = String::from_utf8(evidence).unwrap().replacen("{\"evidence\":1,", "{\"evidence\":2,", 1);
    let refused = prove(&mut BufReader::new(newer.as_bytes()), &Expected::default()).unwrap_err().to_string();
    assert!(refused.contains("format 2"), "{refused}");
}
