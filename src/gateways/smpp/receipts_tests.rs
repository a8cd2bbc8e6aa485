//! Receipts in all notations.

#![expect(clippy::unwrap_used, reason = "tests")]

use super::*;
use crate::domain::ids::IncidentNo;

fn with<'a>(esm_class: u8, message: &'a str) -> Delivered<'a> {
    Delivered { esm_class, message: message.as_bytes(), ..Delivered::default() }
}
fn id(ordinal: u32) -> DeliveryId {
    DeliveryId { incident: IncidentNo::actual(14), ordinal }
}

#[test]
fn receipts_in_their_notations() {
    const FULL: &str = "sub:001 dlvrd:001 submit date:2611220100 done date:2611220101";
    let delivered = |id: &str| Some(Receipt { id: id.into(), state: State::Delivered });
    let failed = |cause: &str| Some(Receipt { id: "7".into(), state: State::Failed(SendError::permanent(cause)) });
    let cases = [
        (4, format!("id:0a1F {FULL} stat:DELIVRD err:000 text:LARM"), delivered("0a1F")),
        (4, "ID:7 STAT:DELIVERED".into(), delivered("7")),
        (0x44, "id:7 stat:DELIVRD".into(), delivered("7")),
        (4, format!("id:7 {FULL} stat:UNDELIV err:001 text:"), failed("receipt UNDELIV, error 001")),
        (4, format!("id:7 {FULL} stat:EXPIRED err:000 text:stat:DELIVRD"), failed("receipt EXPIRED")),
        (4, "id:7 stat:REJECTD".into(), failed("receipt REJECTD")),
        (4, "id:7 stat:ENROUTE".into(), Some(Receipt { id: "7".into(), state: State::Underway })),
        (4, "id:7 stat:ACCEPTD".into(), Some(Receipt { id: "7".into(), state: State::Underway })),
        (
            4,
            "id:7 stat:UNKNOWN".into(),
            Some(Receipt { id: "7".into(), state: State::Failed(SendError::unknown("receipt UNKNOWN")) }),
        ),
        (4, "JA 14".into(), None),
        (4, "id: sub:001".into(), None),
        (4, "text: id:7 stat:DELIVRD".into(), None),
        // What a person writes is not a receipt; the whole grammar without the flag is one all the same.
        (0, "id:7 stat:DELIVRD".into(), None),
        (0, format!("id:7 {FULL} stat:DELIVRD err:000 text:LARM"), delivered("7")),
        (0x10, format!("id:7 {FULL} stat:DELIVRD"), delivered("7")),
        // Words and marks of vendors.
        (4, "id:\"7\" stat:DELIVRD".into(), delivered("7")),
        (4, "id:'7',stat:delivered,err:000".into(), delivered("7")),
        (4, "id: 7 stat: DLVRD".into(), delivered("7")),
        (4, "id:7 stat:2".into(), delivered("7")),
        (4, "id:7 stat:DELIVERY_FAILED".into(), failed("receipt DELIVERY_FAILED")),
        (4, "id:7 stat:Not-Delivered".into(), failed("receipt NOT_DELIVERED")),
        (4, "id:7 status:Rejected err:011".into(), failed("receipt REJECTED, error 011")),
        (4, "id:7 stat:SENT".into(), Some(Receipt { id: "7".into(), state: State::Underway })),
    ];
    for (esm_class, text, expected) in cases {
        assert_eq!(read(&with(esm_class, &text)), expected, "{text}");
    }
}

#[test]
fn a_receipt_in_wide_letters_and_behind_a_header_is_one() {
    let text = "id:7 sub:001 dlvrd:001 submit date:2611220100 done date:2611220101 stat:DELIVRD err:000 text:LARM om journalen";
    let wide: Vec<u8> = text.encode_utf16().flat_map(u16::to_be_bytes).collect();
    let headed = [&[5, 0, 3, 9, 1, 1][..], text.as_bytes()].concat();
    let headed_wide = [&[5, 0, 3, 9, 1, 1][..], &wide].concat();
    let expected = Some(Receipt { id: "7".into(), state: State::Delivered });
    for (esm_class, data_coding, message) in [
        (4, 8, &wide[..]),
        (4, 0, &wide),
        (0, 8, &wide),
        (0x44, 0, &headed),
        (0x40, 0, &headed),
        (0x44, 8, &headed_wide),
    ] {
        let delivered = Delivered { esm_class, data_coding, message, ..Delivered::default() };
        assert_eq!(read(&delivered), expected, "{esm_class:x} {data_coding}");
    }
    // A header that is claimed and not there.
    assert_eq!(read(&with(0x44, text)), expected);
    let nul = Delivered { receipted_message_id: Some(b"7\0"), message_state: Some(2), ..with(4, "") };
    assert_eq!(read(&nul), expected);
}

#[test]
fn parameters_count_more_than_the_text() {
    let both =
        Delivered { receipted_message_id: Some(b"99"), message_state: Some(5), ..with(4, "id:7 stat:DELIVRD err:012") };
    let state = State::Failed(SendError::permanent("receipt UNDELIV, error 012"));
    assert_eq!(read(&both), Some(Receipt { id: "99".into(), state }));
    // Without the flag, but with the parameter that only receipts have.
    let unflagged = Delivered { receipted_message_id: Some(b"99"), message_state: Some(2), ..with(0, "") };
    assert_eq!(read(&unflagged), Some(Receipt { id: "99".into(), state: State::Delivered }));
}

/// What the book tells: the delivery's ordinal, and whether it went well.
fn told(event: Option<GatewayEvent>) -> Option<(Option<u32>, String, bool)> {
    event.map(|e| match e {
        GatewayEvent::Receipt { delivery, gateway_ref, result, .. } => {
            (delivery.map(|d| d.ordinal), gateway_ref, result.is_ok())
        }
        other => panic!("{other:?}"),
    })
}
fn ok(id: &str) -> Receipt {
    Receipt { id: id.into(), state: State::Delivered }
}
fn bad(id: &str) -> Receipt {
    Receipt { id: id.into(), state: State::Failed(SendError::permanent("receipt UNDELIV")) }
}
fn book(ids: ReceiptIds) -> Book {
    Book::new("sms".into(), ids)
}
const A: &[u8] = b"46701740605";
const B: &[u8] = b"46701740606";

#[test]
fn hexadecimal_answers_and_decimal_receipts_are_matched_by_number_and_receiver() {
    let mut book = book(ReceiptIds::Auto);
    book.accepted(id(1), A, "0000000A", None);
    book.accepted(id(2), B, "00000010", None);
    // 10 is 0x0a, sent to A; 0x10 went to B.
    assert_eq!(told(book.receipt(ok("10"), b"0701740605")), Some((Some(1), "10".into(), true)));
    assert_eq!(told(book.receipt(ok("16"), B)), Some((Some(2), "16".into(), true)));
    assert_eq!(book.len(), 0);
}

#[test]
fn the_same_number_is_enough_whoever_it_is_from() {
    // National, masked, sender and receiver as they were sent, none.
    for source in [&b"0701740605"[..], b"4670*****05", b"72112", b"RegionSma", b""] {
        let mut book = book(ReceiptIds::Auto);
        book.accepted(id(1), A, "3f2504e0", None);
        assert_eq!(told(book.receipt(ok("3F2504E0"), source)).unwrap().0, Some(1), "{source:?}");
    }
    // A number that was converted needs the far end's: small ones are somebody else's as soon.
    let mut book = book(ReceiptIds::Auto);
    book.accepted(id(1), A, "10", None);
    assert_eq!(told(book.receipt(ok("16"), b"72112")).unwrap().0, None);
}

#[test]
fn a_stated_notation_is_kept() {
    for (ids, answer, receipt) in [
        (ReceiptIds::AsGiven, "10", "10"),
        (ReceiptIds::HexInAnswer, "10", "16"),
        (ReceiptIds::HexInReceipt, "16", "10"),
        (ReceiptIds::Auto, "3f2504e0-4f89", "3F2504E0-4F89"),
    ] {
        let mut book = book(ids);
        book.accepted(id(1), A, answer, None);
        assert_eq!(told(book.receipt(ok(receipt), A)).unwrap().0, Some(1), "{ids:?}");
    }
    let mut book = book(ReceiptIds::HexInAnswer);
    book.accepted(id(1), A, "10", None);
    assert_eq!(told(book.receipt(ok("10"), A)).unwrap().0, None);
}

#[test]
fn several_parts_are_delivered_when_all_are() {
    let mut book = book(ReceiptIds::Auto);
    let group = book.open_group(3);
    book.accepted(id(1), A, "1", Some((group, 0)));
    assert_eq!(told(book.receipt(ok("1"), A)), None);
    book.accepted(id(1), A, "3", Some((group, 2)));
    book.accepted(id(1), A, "2", Some((group, 1)));
    assert_eq!(told(book.receipt(ok("3"), A)), None);
    assert_eq!(told(book.receipt(ok("2"), A)), Some((Some(1), "1 2 3".into(), true)));
    let group = book.open_group(2);
    book.accepted(id(2), A, "1", Some((group, 0)));
    book.accepted(id(2), A, "2", Some((group, 1)));
    assert_eq!(told(book.receipt(bad("2"), A)), Some((Some(2), "1 2".into(), false)));
    assert_eq!(told(book.receipt(ok("1"), A)), None, "told once");
    let group = book.open_group(2);
    book.accepted(id(3), A, "1", Some((group, 0)));
    book.drop_group(group);
    assert_eq!(told(book.receipt(ok("1"), A)), None, "the text was refused");
}

#[test]
fn a_receipt_before_the_answer_is_told_again_with_its_delivery() {
    let mut book = book(ReceiptIds::Auto);
    assert_eq!(told(book.receipt(ok("5"), A)), Some((None, "5".into(), true)));
    let event = book.accepted(id(1), A, "5", None);
    assert_eq!(told(event), Some((Some(1), "5".into(), true)));
    assert!(book.receipt(Receipt { id: "6".into(), state: State::Underway }, A).is_none());
}

#[test]
fn what_waits_is_bounded() {
    let mut book = book(ReceiptIds::Auto);
    for n in 0..WAITING_MAX as u32 + 10 {
        book.accepted(id(n), A, &n.to_string(), None);
    }
    assert_eq!(book.len(), WAITING_MAX);
    assert_eq!(told(book.receipt(ok("200009"), A)).unwrap().0, Some(200_009));
    for n in 0..EARLY_MAX + 10 {
        book.receipt(ok(&format!("x{n}")), A);
    }
    assert_eq!(book.early.len(), EARLY_MAX);
}

#[test]
fn receipts_of_an_earlier_run_find_their_delivery() {
    let mut book = book(ReceiptIds::Auto);
    let earlier = |n, gateway_ref: &str| PriorAccept {
        delivery: id(n),
        to: crate::gateways::Address("+46 70-174 06 05".into()),
        gateway_ref: gateway_ref.into(),
    };
    assert_eq!(told(book.receipt(ok("f7"), A)), Some((None, "f7".into(), true)), "faster than we are");
    let news = book.reclaim(&[earlier(1, "0000000A"), earlier(2, "b1 b2"), earlier(3, ""), earlier(4, "F7")]);
    let news: Vec<_> = news.into_iter().map(|event| told(Some(event))).collect();
    assert_eq!(news, [Some((Some(4), "f7".into(), true))]);
    assert_eq!(book.len(), 3);
    assert_eq!(told(book.receipt(ok("10"), A)), Some((Some(1), "10".into(), true)), "hexadecimal then, decimal now");
    assert_eq!(told(book.receipt(ok("b2"), A)), None);
    assert_eq!(told(book.receipt(ok("b1"), A)), Some((Some(2), "b1 b2".into(), true)));
}

#[test]
fn the_page_for_operators_names_every_word() {
    let page = include_str!("../../../docs/configure/gateways/smpp.md");
    for (word, means) in WORDS {
        let row = match means {
            Said::Delivered => "| delivered |",
            Said::Underway => "| on its way |",
            Said::Failed => "| never delivered |",
        };
        let line = page.lines().find(|l| l.starts_with(row)).unwrap();
        assert!(line.contains(&format!("`{word}`")), "{word}");
    }
}
