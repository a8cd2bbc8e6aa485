//! The bytes are those that `rusmpp` 0.4, a codec by others, makes of the same fields; what comes from outside must never panic.
#![expect(clippy::unwrap_used, reason = "tests")]

use proptest::prelude::*;

use super::*;

fn sample() -> Submit<'static> {
    Submit {
        service_type: "",
        source: Number { ton: 5, npi: 0, digits: b"Region" },
        dest: Number { ton: 1, npi: 1, digits: b"46701740605" },
        esm_class: 0x40,
        priority: 0,
        validity: "000000010000000R",
        registered_delivery: 1,
        data_coding: 8,
        header: b"\x05\x00\x03\x2a\x02\x01",
        message: b"\0J\0A",
        payload: false,
        tlvs: b"\x02\x04\x00\x02\x12\x34",
    }
}

#[test]
fn bind_transceiver_byte_for_byte() {
    let mut ours = Vec::new();
    bind(&mut ours, id::BIND_TRANSCEIVER, 1, ["tester", "secret", "VK"], 0x34);
    assert_eq!(ours, b"\0\0\0\x25\0\0\0\x09\0\0\0\0\0\0\0\x01tester\0secret\0VK\0\x34\0\0\0");
}

#[test]
fn submit_sm_byte_for_byte() {
    let mut ours = Vec::new();
    submit(&mut ours, 7, &sample());
    assert_eq!(
        ours,
        b"\0\0\0\x52\0\0\0\x04\0\0\0\0\0\0\0\x07\0\x05\0Region\0\x01\x0146701740605\0\x40\0\0\x00000000010000000R\0\x01\0\x08\0\x0a\
          \x05\0\x03\x2a\x02\x01\0J\0A\x02\x04\0\x02\x12\x34"
    );
}

#[test]
fn payload_stands_behind_an_empty_short_message() {
    let mut ours = Vec::new();
    submit(&mut ours, 1, &Submit { header: b"", message: b"JA", payload: true, validity: "", tlvs: b"", ..sample() });
    assert!(ours.ends_with(b"\x08\0\0\x04\x24\0\x02JA"));
}

#[test]
fn bare_pdus_and_answers() {
    let mut out = Vec::new();
    bare(&mut out, id::ENQUIRE_LINK, 0, 9);
    assert_eq!(out, b"\0\0\0\x10\0\0\0\x15\0\0\0\0\0\0\0\x09");
    out.clear();
    bare(&mut out, id::UNBIND, 0, 10);
    assert_eq!(out, b"\0\0\0\x10\0\0\0\x06\0\0\0\0\0\0\0\x0a");
    out.clear();
    delivered_resp(&mut out, id::DELIVER_SM, 0, 3);
    assert_eq!(out, b"\0\0\0\x11\x80\0\0\x05\0\0\0\0\0\0\0\x03\0");
}

#[test]
fn deliver_sm_is_read() {
    let bytes = b"\0\0\0\x50\0\0\0\x05\0\0\0\0\0\0\0\x05\0\x01\x0046701740605\0\0\x0072112\0\x04\0\0\0\0\0\0\x03\0\x11id:1 stat:DELIVRD\
        \0\x1e\0\x050a1f\0\x04\x27\0\x01\x02";
    let (header, body) = next(bytes).unwrap().unwrap();
    assert_eq!((header.id, header.sequence, header.len), (id::DELIVER_SM, 5, bytes.len()));
    let expected = Delivered {
        source_ton: 1,
        source: b"46701740605",
        esm_class: 4,
        data_coding: 3,
        message: b"id:1 stat:DELIVRD",
        receipted_message_id: Some(b"0a1f"),
        message_state: Some(2),
        sar: None,
    };
    assert_eq!(delivered(header.id, body), expected);
}

#[test]
fn lengths_that_cannot_be_end_the_stream() {
    for (len, ok) in [(15u32, false), (16, true), (70_000, true), (70_001, false), (u32::MAX, false), (0, false)] {
        let mut bytes = len.to_be_bytes().to_vec();
        bytes.extend([0; 12]);
        assert_eq!(next(&bytes).is_ok(), ok, "{len}");
    }
    assert_eq!(next(b"HTT"), Ok(None));
    assert_eq!(next(b"HTTP"), Err(BadLength(0x4854_5450)));
}

#[test]
fn a_missing_body_or_nul_reads_as_empty() {
    assert_eq!(message_id(b""), "");
    assert_eq!(message_id(b"1f"), "1f");
    assert_eq!(message_id(b" 1f\0rest"), "1f");
}

proptest! {
    #[test]
    fn no_bytes_panic(bytes in prop::collection::vec(any::<u8>(), 0..300), command in prop::sample::select(vec![5u32, 0x103])) {
        let _ = next(&bytes);
        let d = delivered(command, &bytes);
        super::super::receipts::read(&d);
        message_id(&bytes);
    }
}
