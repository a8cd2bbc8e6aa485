//! The bytes of an append.

use proptest::prelude::*;

use super::group::{Encoded, Value, whole};
use super::*;
use crate::journal::Sealer;
use crate::journal::vault::MasterKey;

fn sealer() -> Sealer {
    Sealer::new(MasterKey::random().unwrap())
}

/// A group with everything in it.
fn rich(sealer: &Sealer) -> Group {
    let mut batch = batch(&["a", "b"]);
    for (n, incident) in ["14", "15", "14"].into_iter().enumerate() {
        let value = sealer.seal(incident, format!("value {n}").as_bytes()).unwrap();
        batch.records.push(record("with").with_private(value));
    }
    batch.put_blob(b"plan".to_vec());
    batch.put_blob(Vec::new());
    batch.forget = vec!["13".into(), "X3".into()];
    let (group, answers) = Group::of(Head { seq: 8, hash: [8; 32] }, &[Append { expected_seq: 8, batch }], sealer);
    assert!(answers[0].is_ok());
    group
}

fn same(a: &Group, b: &Group) -> bool {
    let private = |g: &Group| -> Vec<_> {
        g.private.iter().map(|v| (v.incident.clone(), v.commitment, v.sealed.clone(), v.wrapped.clone())).collect()
    };
    (a.before, a.end, &a.body, &a.blobs, &a.forget) == (b.before, b.end, &b.body, &b.blobs, &b.forget)
        && private(a) == private(b)
}

/// Whatever it is: an error, or a group that says the same again.
fn read_any(bytes: &[u8]) -> Result<Group, JournalError> {
    let group = match Value::read(bytes, 1)? {
        Value::Whole(content) => Group::read(content)?,
        Value::InParts { .. } => return Err(JournalError::NotLeader),
    };
    let again = Group::read(&group.content())?;
    assert!(same(&group, &again));
    Ok(group)
}

#[test]
fn a_group_comes_back() {
    let group = rich(&sealer());
    let back = read_any(&whole(&group.content())).unwrap();
    assert!(same(&group, &back));
    assert_eq!((back.count(), back.private.len(), back.blobs.len(), back.forget.len()), (5, 3, 2, 2));
    assert_eq!(format!("{back:?}"), format!("Group({} to {})", group.before, group.end));
}

#[test]
fn each_byte_that_is_changed_or_missing_is_found() {
    let bytes = whole(&rich(&sealer()).content());
    for at in 0..bytes.len() {
        let mut bad = bytes.clone();
        bad[at] ^= 0x41;
        assert!(read_any(&bad).is_err(), "byte {at}");
        assert!(read_any(&bytes[..at]).is_err(), "cut at {at}");
    }
    assert!(read_any(&[&bytes[..], &[0]].concat()).is_err());
}

/// The same without the hash before it: every length and number is looked at by itself.
#[test]
fn a_content_that_is_changed_never_panics() {
    let content = rich(&sealer()).content();
    for at in 0..content.len() {
        for flip in [0x01, 0x80, 0xff] {
            let mut bad = content.clone();
            bad[at] ^= flip;
            let _ = read_any(&whole(&bad));
        }
        assert!(read_any(&whole(&content[..at])).is_err(), "cut at {at}");
    }
    assert!(read_any(&whole(&[&content[..], &[0]].concat())).is_err());
}

#[test]
fn private_values_are_just_those_that_are_committed_to() {
    let sealer = sealer();
    let group = rich(&sealer);
    let mut without = group.clone();
    without.private.pop();
    let mut with = group.clone();
    with.private.push(sealer.seal("14", b"another").unwrap());
    let mut swapped = group.clone();
    swapped.blobs[0].1 = b"other".to_vec();
    let none = Group::of(group.before, &[], &sealer).0;
    for bad in [without, with, swapped, none] {
        let error = Group::read(&bad.content()).unwrap_err();
        assert!(matches!(error, JournalError::Corrupt { .. }), "{error}");
    }
}

#[test]
fn a_large_content_is_named_by_its_value() {
    let content = vec![5; GROUP_VALUE_BYTES_MAX * 2 + 2];
    let Encoded { value, hash, parts } = Encoded::of(&content);
    assert_eq!(parts.iter().map(Vec::len).collect::<Vec<_>>(), [GROUP_VALUE_BYTES_MAX, GROUP_VALUE_BYTES_MAX, 2]);
    match Value::read(&value, 1).unwrap() {
        Value::InParts { hash: named, len, parts } => assert_eq!((named, len, parts), (hash, content.len(), 3)),
        Value::Whole(_) => panic!("in parts"),
    }
    for at in 0..value.len() {
        assert!(Value::read(&value[..at], 1).is_err());
    }
    let mut lies = value.clone();
    lies[33] ^= 1;
    // A length that has the same number of parts is found by the hash.
    assert!(matches!(Value::read(&lies, 1), Ok(Value::InParts { .. })));
    lies[40] = 1;
    assert!(Value::read(&lies, 1).is_err(), "a length beyond the limit takes no memory");
    let whole = Encoded::of(&content[..GROUP_VALUE_BYTES_MAX - 33]);
    assert_eq!((whole.value.len(), whole.parts.len()), (GROUP_VALUE_BYTES_MAX, 0));
    assert_eq!(Encoded::of(&content[..GROUP_VALUE_BYTES_MAX - 32]).parts.len(), 1);
}

#[test]
fn a_batch_over_a_limit_is_refused_alone() {
    let mut large = batch(&["large"]);
    large.records[0].bytes = vec![0; crate::journal::RECORD_BYTES_MAX + 1];
    let group = [Append { expected_seq: 0, batch: large }, Append { expected_seq: 0, batch: batch(&["small"]) }];
    let (made, answers) = Group::of(Head::START, &group, &sealer());
    assert!(matches!(answers[0], Err(JournalError::TooLarge { .. })));
    assert_eq!((answers[1].clone().unwrap(), made.count()), (made.end, 1));
}

proptest! {
    #[test]
    fn groups_come_back(
        records in prop::collection::vec((any::<u16>(), prop::collection::vec(any::<u8>(), 0..50), 0..3usize), 1..20),
        blobs in prop::collection::vec(prop::collection::vec(any::<u8>(), 0..50), 0..3),
        forget in prop::collection::vec("[0-9X-]{1,12}", 0..3), seq in 0..u64::from(u32::MAX),
    ) {
        let sealer = sealer();
        let mut made = Batch { forget, ..Batch::default() };
        for (kind, bytes, private) in records {
            let mut record = NewRecord::new(kind, 1, 5, bytes);
            for n in 0..private {
                record = record.with_private(sealer.seal(&format!("{}", kind % 3), &[n as u8]).unwrap());
            }
            made.records.push(record);
        }
        blobs.into_iter().for_each(|bytes| { made.put_blob(bytes); });
        let before = Head { seq, hash: [seq as u8; 32] };
        let (group, answers) = Group::of(before, &[Append { expected_seq: seq, batch: made }], &sealer);
        prop_assert!(answers[0].is_ok());
        prop_assert!(same(&group, &read_any(&whole(&group.content())).unwrap()));
    }

    #[test]
    fn any_bytes_are_read_without_panic(bytes in prop::collection::vec(any::<u8>(), 0..400)) {
        let _ = read_any(&bytes);
        let _ = read_any(&whole(&bytes));
    }

    /// Several bytes of a good content changed at once, its hash made anew.
    #[test]
    fn a_content_with_many_changes_never_panics(changes in prop::collection::vec((any::<prop::sample::Index>(), any::<u8>()), 1..8)) {
        let mut content = rich(&sealer()).content();
        for (at, byte) in changes {
            let at = at.index(content.len());
            content[at] = byte;
        }
        let _ = read_any(&whole(&content));
    }
}
