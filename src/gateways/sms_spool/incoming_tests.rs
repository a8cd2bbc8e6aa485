//! What daemons write, good and bad. The good ones are as smsd 3.1.21 and gammu-smsd 1.42 wrote them.

#![expect(clippy::unwrap_used, reason = "tests")]

use proptest::prelude::*;

use super::*;

const HEAD: &str =
    "From: 46701740605\nFrom_TOA: 91 international, ISDN/telephone\nSent: 26-11-22 18:39:21\nSubject: GSM1\nReport: no";

fn text(alphabet: &str, body: &[u8]) -> Option<(String, String)> {
    let octets = [HEAD.as_bytes(), b"\nAlphabet: ", alphabet.as_bytes(), b"\n\n", body].concat();
    match smstools(&octets) {
        Came::Text { from, text } => Some((from.0.to_string(), text)),
        _ => None,
    }
}

#[test]
fn answers_in_each_alphabet() {
    for (alphabet, body, expected) in [
        ("UTF-8", "JA 14 åäö".as_bytes(), "JA 14 åäö"),
        ("ISO", b"JA \xe5\xe4\xf6 \xa4", "JA åäö €"),
        ("ISO8859-15", b"JA\n14\n", "JA\n14"),
        ("UCS2", b"\0J\0A\xd8\x3d\xde\x00", "JA😀"),
        ("UCS2", b"\0J\0A\0", "JA"),
        ("GSM", b"JA \x0f\x7b\x7c\x1b\x65", "JA åäö€"),
        ("UTF-8", b"JA \xff", "JA \u{fffd}"),
        ("", b"JA", "JA"),
    ] {
        assert_eq!(text(alphabet, body), Some(("+46701740605".into(), expected.into())), "{alphabet}");
    }
    assert_eq!(text("UTF-8", b""), None);
    let plain = b"From: 0701740605\nFrom_TOA: 81 unknown, ISDN/telephone\n\nJA";
    assert_eq!(smstools(plain), Came::Text { from: Address("0701740605".into()), text: "JA".into() });
    for nothing in [&b""[..], b"\n\n", b"From: 1", b"To: 1\n\nJA", b"\n\nFrom: 1\n\nJA"] {
        assert_eq!(smstools(nothing), Came::Nothing, "{}", String::from_utf8_lossy(nothing));
    }
}

#[test]
fn status_reports_say_what_became_of_it() {
    let report = |status: &str| {
        let text = format!(
            "{HEAD}\n\nSMS STATUS REPORT\nMessage_id: 17\nDischarge_timestamp: 26-11-22 18:39:37\nStatus: {status}"
        );
        match smstools(text.as_bytes()) {
            Came::Report(Report { message_id: 17, tail, result }) if &tail == b"740605" => result,
            other => panic!("{other:?}"),
        }
    };
    assert_eq!(report("0,Ok,short message received by the SME"), Some(Ok(())));
    assert_eq!(report("48,Still trying,congestion"), None);
    assert!(matches!(report("65,Error,incompatible destination"), Some(Err(SendError::Permanent { .. }))));
    assert!(matches!(report("99,Error,service rejected"), Some(Err(SendError::Permanent { .. }))));
    assert!(matches!(report("1,Ok,unable to confirm delivery"), Some(Err(SendError::Unknown { .. }))));
    assert!(matches!(report("huh"), Some(Err(SendError::Unknown { .. }))));
    assert_eq!(smstools(format!("{HEAD}\n\nSMS STATUS REPORT\nStatus: 0,Ok").as_bytes()), Came::Nothing);
    assert_eq!(smstools(format!("{HEAD}\n\nSMS STATUS REPORT\nMessage_id: 256\n").as_bytes()), Came::Nothing);
}

#[test]
fn every_reason_has_its_kind() {
    let kind = |reason: &str| {
        let file = format!("To: 46701740605\nFail_reason: {reason}\nFailed: 26-11-22\n\nFail_reason: +CMS ERROR: 1");
        match fail_reason(Daemon::Smstools, file.as_bytes()) {
            Some(SendError::Permanent { .. }) => "permanent",
            Some(SendError::Temporary { .. }) => "temporary",
            Some(SendError::Unknown { .. }) => "unknown",
            None => "none",
        }
    };
    for (reason, expected) in [
        ("+CMS ERROR: 21 (Short message transfer rejected)", "permanent"),
        ("+CMS ERROR: 1 (Unassigned number)", "permanent"),
        ("+CMS ERROR: 42 (Congestion)", "temporary"),
        ("+CMS ERROR: 500 (Unknown error)", "temporary"),
        ("+CMS ERROR: 332 (network timeout)", "unknown"),
        ("+CME ERROR: 10 (SIM not inserted)", "temporary"),
        ("Modem is not registered to the network", "temporary"),
        ("Destination 46701740605 is blacklisted", "permanent"),
        ("Too long data for single part sending", "permanent"),
        ("The modem answer was not OK: ", "unknown"),
        ("", "none"),
    ] {
        assert_eq!(kind(reason), expected, "{reason}");
    }
    let named = fail_reason(Daemon::Smstools, b"Fail_reason: Destination 46701740605 is blacklisted\n\n").unwrap();
    assert_eq!(named.cause(), "Destination", "no numbers in the journal");
    assert!(matches!(fail_reason(Daemon::Gammu, b""), Some(SendError::Unknown { .. })));
    assert_eq!(message_id(b"To: 1\nMessage_id: 3\nIMSI: 2\n\nMessage_id: 4"), Some(3));
    assert_eq!(message_id(b"To: 1\n\nMessage_id: 4"), None);
}

#[test]
fn the_inbox_of_gammu() {
    let name = "IN20261122_031200_00_+46701740605_01.txt";
    assert_eq!(gammu_name(name), Some(("IN20261122_031200_00_+46701740605", "+46701740605", 1)));
    for bad in ["IN20261122_031200_00_+46701740605_01.bin", "IN1_2_3.txt", "OUT1_2_3_4_5.txt", "IN1_2_3_4_x.txt", ""] {
        assert_eq!(gammu_name(bad), None, "{bad}");
    }
    assert_eq!(gammu_text(b"\xfe\xff\0J\0A\0 \0\xe5\0\0\0\0"), "JA å");
    assert_eq!(gammu_text(b"\xff\xfeJ\0A\0"), "JA");
    assert_eq!(gammu_text("JA å".as_bytes()), "JA å");
    assert_eq!(gammu_text(b"JA \xe5"), "JA å");
}

proptest! {
    #[test]
    fn no_bytes_panic(octets in prop::collection::vec(any::<u8>(), 0..300), name in ".{0,60}") {
        let _ = (smstools(&octets), message_id(&octets), receiver(&octets), gammu_text(&octets), gammu_name(&name));
        let _ = fail_reason(Daemon::Smstools, &octets);
        let headed = [HEAD.as_bytes(), b"\nFail_reason: +CMS ERROR: ", &octets[..], b"\n\nSMS STATUS REPORT\n", &octets].concat();
        let _ = (smstools(&headed), fail_reason(Daemon::Smstools, &headed));
        let _ = crate::gateways::sms_spool::outgoing::ours(&name);
    }
}
