//! What this program can't read is refused in words, and nothing is lost by that.

use vardkase::dispatch::recover::{CannotRecover, recover};
use vardkase::domain::incident::event::Event;
use vardkase::domain::time::At;
use vardkase::journal::{Batch, Head, Journal, NewRecord, OpenOptions, Reader, SqliteReader};
use vardkase::record::system::{self, Format1, SystemForm};
use vardkase::record::{self, CannotRead, FORMAT, contacts, plan};

/// A journal of these records, with the words that a start refuses it with. The records are still there, and no other.
fn refused(records: Vec<NewRecord>) -> String {
    let dir = tempfile::tempdir().unwrap();
    let journal = Journal::open(dir.path(), OpenOptions::default()).unwrap();
    let n = records.len() as u64;
    journal.submit_blocking(0, Batch::of(records)).unwrap().wait().unwrap();
    journal.close();
    let before = SqliteReader::open(dir.path()).unwrap().head().unwrap();
    let error = recover(&SqliteReader::open(dir.path()).unwrap(), Default::default()).unwrap_err();
    assert!(matches!(error, CannotRecover::Unread(_)), "{error}");
    let after = SqliteReader::open(dir.path()).unwrap().head().unwrap();
    assert!(before == after && after.seq == n && after != Head::START);
    error.to_string()
}

fn written(record: record::Written) -> NewRecord {
    NewRecord::new(record.kind, record.version, 1_229_566_320_000, record.bytes)
}

#[test]
fn a_journal_of_a_newer_format_says_which_program_it_needs() {
    let format = Format1 { format: FORMAT + 1, program: "9.8.7".into() };
    let newer = NewRecord::new(999, 1, 0, b"something new".to_vec());
    let why = refused(vec![
        written(record::encode(&Event::StrangerWrote)),
        written(system::encode(&SystemForm::Format(format))),
        newer,
    ]);
    assert!(why.contains("record 2") && why.contains("vardkase 9.8.7"), "{why}");
    assert!(why.contains(&format!("format {}", FORMAT + 1)) && why.contains("needs at least that version"), "{why}");
}

#[test]
fn an_unknown_kind_and_a_newer_version_are_named() {
    let why = refused(vec![NewRecord::new(999, 1, 0, Vec::new())]);
    assert!(why.contains("kind 999 version 1") && why.contains("does not know that kind"), "{why}");
    let why = refused(vec![NewRecord::new(117, 99, 0, Vec::new())]);
    assert!(why.contains("kind 117 version 99") && why.contains("up to version"), "{why}");
    let why = refused(vec![NewRecord::new(1_001, 2, 0, Vec::new())]);
    assert!(why.contains("kind 1001 version 2"), "{why}");
    let why = refused(vec![NewRecord::new(1_000, 2, 0, Vec::new())]);
    assert!(why.contains("kind 1000 version 2"), "{why}");
}

#[test]
fn damaged_bytes_are_called_so() {
    let good = record::encode(&Event::PlanSet { plan: "ab".repeat(32) });
    let cut = record::Written { bytes: good.bytes[..good.bytes.len() - 1].to_vec(), ..good.clone() };
    let why = refused(vec![written(cut)]);
    assert!(why.contains("record 1") && why.contains("damaged"), "{why}");
    let mut long = good;
    long.bytes.push(0);
    let why = refused(vec![written(long)]);
    assert!(why.contains("1 bytes stand behind its end"), "{why}");
}

#[test]
fn a_newer_plan_or_newer_contacts_are_refused_and_damaged_ones_too() {
    for bytes in ["{\"format\":3}", "{\"format\":7,\"anything\":[1]}"] {
        assert!(matches!(plan::decode(bytes.as_bytes()), Err(CannotRead::NewerPart { .. })), "{bytes}");
        let why = contacts::decode(bytes.as_bytes()).unwrap_err().to_string();
        assert!(why.contains("newer vardkase") && why.contains("up to format 1"), "{why}");
    }
    for bytes in ["", "{}", "{\"format\":1}", "[1]", "nonsense"] {
        assert!(matches!(plan::decode(bytes.as_bytes()), Err(CannotRead::Damaged(_))), "{bytes}");
        assert!(matches!(contacts::decode(bytes.as_bytes()), Err(CannotRead::Damaged(_))), "{bytes}");
    }
}

/// Each record of a plan that is named must be there; one that can't be read stops the start, with its words.
#[test]
fn a_journal_whose_plan_is_newer_says_so() {
    let dir = tempfile::tempdir().unwrap();
    let journal = Journal::open(dir.path(), OpenOptions::default()).unwrap();
    let mut batch = Batch::default();
    let hash = batch.put_blob(b"{\"format\":3}".to_vec());
    let name: String = hash.iter().map(|b| format!("{b:02x}")).collect();
    let record = record::encode(&Event::PlanSet { plan: name });
    batch.records.push(NewRecord::new(record.kind, record.version, At(1).0, record.bytes));
    journal.submit_blocking(0, batch).unwrap().wait().unwrap();
    journal.close();
    let error = recover(&SqliteReader::open(dir.path()).unwrap(), Default::default()).unwrap_err().to_string();
    assert!(error.contains("its plan: format 3"), "{error}");
}
